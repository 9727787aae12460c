//! Engineers at the queue: without a mouse, and two at one ticket.

use std::time::Duration;

use gigafleet_proto::v1::{CreateTicketRequest, StaffPlace, StaffRole, ticket_service_client::TicketServiceClient};
use gigafleet_tests::{Browser, wait::eventually_async};

use super::{
    Desk, origin,
    person::{Person, invite},
};

const ENTER: char = '\u{e007}';
const CONTROL: char = '\u{e009}';

/// A town with so many reports of its school.
async fn reported(desk: &Desk, count: usize) {
    let staff = desk.server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    let mut tickets = TicketServiceClient::new(staff.connection().await);
    for number in 1..=count {
        let request = CreateTicketRequest {
            municipality_id: owner.clone(),
            school_id: school.clone(),
            subject: format!("問い合わせ その{number}"),
            category: 7,
            ..CreateTicketRequest::default()
        };
        tickets.create_ticket(request).await.expect("a ticket can be made");
    }
}

#[tokio::test]
async fn ten_tickets_are_triaged_without_a_mouse() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    reported(&desk, 10).await;
    // To the queue, and to its first row.
    browser.leaving(async || browser.press("gt".chars()).await).await;
    assert_eq!(browser.path().await, "/tickets");
    for _ in 1..=10 {
        browser.press(['j']).await;
        browser.leaving(async || browser.press([ENTER]).await).await;
        // Take it, judge it (the first choice of the category), say what is done, and go back.
        browser.leaving(async || browser.press(['a']).await).await;
        assert!(desk.flash().await.contains("担当になりました"), "{}", browser.text().await);
        browser.press(['t']).await;
        let focused = browser.run("return document.activeElement.id").await;
        assert_eq!(focused, "field-category");
        browser.leaving(async || browser.press(['\u{e004}', '\u{e004}', '\u{e004}', ENTER]).await).await;
        browser.press(['e']).await;
        assert_eq!(browser.run("return document.activeElement.id").await, "field-text");
        browser.press("restarted".chars()).await;
        browser.leaving(async || browser.chord(CONTROL, ENTER).await).await;
        assert!(browser.text().await.contains("解決済み"), "{}", browser.text().await);
        browser.leaving(async || browser.press(['u']).await).await;
        assert_eq!(browser.path().await, "/tickets");
    }
    assert!(browser.text().await.contains("対応を待つ問い合わせはありません"), "{}", browser.text().await);
    browser.go("/tickets?done=1").await;
    assert_eq!(browser.run("return document.querySelectorAll('tr[data-row]').length").await, 10);
}

#[tokio::test]
async fn of_two_at_one_ticket_the_second_is_told_who_was_first() {
    let desk = Desk::fresh().await;
    reported(&desk, 1).await;
    let everywhere = StaffPlace { everywhere: true, ..StaffPlace::default() };
    let link = invite(&desk.server, "sato", "佐藤 一", StaffRole::Engineer, everywhere).await;
    let other = Browser::open(&origin(&desk.server)).await;
    Person::from_invitation(&other, &link, "sato").await;
    for browser in [&desk.browser, &other] {
        browser.go("/tickets").await;
        browser.follow("tr[data-row] a[data-row-link]").await;
    }
    // What one types stays where the other was first, and the page shows what the other did.
    desk.browser.run("window.stop(); document.querySelector('#ticket').removeAttribute('id')").await;
    other.follow("[data-key=a]").await;
    desk.browser.fill("#field-text", "うかがいます").await;
    desk.browser.follow("#write .primary").await;
    let text = desk.browser.text().await;
    assert!(text.contains("佐藤 一 が") && text.contains("更新しています"), "{text}");
    assert_eq!(desk.browser.run("return document.querySelector('#field-text').value").await, "うかがいます");
    desk.browser.follow("#write .primary").await;
    assert!(desk.browser.text().await.contains("うかがいます"));
    // The other sees it without doing anything.
    let shown = async || other.text().await.contains("うかがいます").then_some(());
    eventually_async("the reply is shown", Duration::from_secs(20), shown).await;
}
