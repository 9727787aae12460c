//! Staff, their grants, and the log of what they do.

use super::{Desk, person::Person};

#[tokio::test]
async fn somebody_is_invited_with_a_grant_that_has_an_end_and_a_reason() {
    let mut desk = Desk::fresh().await;
    let browser = &desk.browser;
    let town = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    browser.go("/staff").await;
    browser.follow(".head .primary").await;
    browser.fill("#field-display_name", "稲城 太郎").await;
    browser.fill("#field-sign_in_name", "inagi@example.jp").await;
    browser.choose("#field-place", &format!("municipality:{town}")).await;
    browser.fill("#field-reason", "運営支援センター委託").await;
    browser.follow("main .primary").await;
    // An engineer's grant needs an end; the rest stays as it was typed.
    assert!(browser.has("#field-end_time[aria-invalid=true]").await, "{}", browser.text().await);
    assert!(browser.has("#wrong-end_time").await);
    let typed = browser.find("#field-display_name").await.prop("value").await.expect("a field");
    assert_eq!(typed, Some(String::from("稲城 太郎")));
    browser.type_into("#field-end_time", &end_of_the_year()).await;
    browser.follow("main .primary").await;
    let link = browser.text_of("#one-time-link").await;
    browser.follow("main .primary").await;
    let own_page = browser.path().await;
    let grants = browser.text_of("main table").await;
    assert!(grants.contains("ICTエンジニア") && grants.contains("若葉野市"), "{grants}");
    assert!(grants.contains("運営支援センター委託") && grants.contains("有効"), "{grants}");
    assert!(browser.text_of("dl.pairs").await.contains("登録待ち"));

    browser.follow("form[action='/sign-out'] button").await;
    let mut engineer = Person::from_invitation(browser, &link, "inagi@example.jp").await;
    browser.go("/account").await;
    let account = browser.text().await;
    assert!(account.contains("ICTエンジニア") && account.contains("若葉野市"), "{account}");
    assert!(!browser.has("nav.main a[href='/staff']").await, "an engineer manages nobody");
    browser.go("/staff").await;
    assert_eq!(browser.text_of("h1").await, "権限がありません");

    // A grant that is revoked ends at once, in the session that is open.
    browser.follow("form[action='/sign-out'] button").await;
    desk.administrator.sign_in(browser).await;
    browser.go(&own_page).await;
    browser.follow("form[action$='/revoke'] button").await;
    assert!(desk.flash().await.contains("権限を取り消しました"));
    browser.follow("form[action='/sign-out'] button").await;
    engineer.sign_in(browser).await;
    assert!(browser.text_of(".empty").await.contains("まだ権限がありません"));
}

/// Half a year from now as an English browser takes it: month, day, year.
fn end_of_the_year() -> String {
    let day = time::OffsetDateTime::now_utc().date() + time::Duration::days(180);
    format!("{:02}{:02}{:04}", u8::from(day.month()), day.day(), day.year())
}

#[tokio::test]
async fn audit_log_tells_who_did_what_and_finds_what_was_changed() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    desk.server.staff().add_municipality("若葉野市").await;
    browser.go("/audit").await;
    let log = browser.text_of("main table").await;
    assert!(log.contains("session.sign_in") && log.contains("府中 明子"), "{log}");
    browser.follow("form[action='/audit/verify'] button").await;
    assert_eq!(browser.text_of("h1").await, "改ざんは見つかりませんでした");
    let change = "UPDATE audit_entry SET actor_name = '別人' WHERE action = 'session.sign_in'";
    desk.server.change(change).await;
    browser.go("/audit").await;
    browser.follow("form[action='/audit/verify'] button").await;
    assert_eq!(browser.text_of("h1").await, "記録に異常があります");
    assert!(browser.has(".figure.bad").await);
}
