//! The list of devices on a phone, and the way from an owner over a school to a device.

use std::fmt::Write as _;

use gigafleet_tests::Screen;

use super::Desk;

/// An owner with one school of 120 devices, of which each tenth is in repair; gives the owner's id.
async fn town(desk: &Desk) -> String {
    let owner = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    desk.server.staff().add_school(&owner, "第一小学校").await;
    let mut ledger = String::from("管理番号,シリアル番号,機種名,学校名,学年,状態\n");
    for number in 1..=120 {
        let lifecycle = if number % 10 == 0 { "修理中" } else { "使用中" };
        let (serial, grade) = (format!("5CD6{number:06}"), number % 6 + 1);
        let row = writeln!(ledger, "若-1-{number:04},{serial},Chromebook,第一小学校,{grade},{lifecycle}");
        row.expect("a string grows");
    }
    let file = desk.browser.file("ledger.csv", ledger.as_bytes());
    let browser = &desk.browser;
    browser.go("/imports").await;
    browser.choose("#field-municipality", &owner).await;
    browser.type_into("#field-file", &file).await;
    browser.follow("main form[action='/imports'] .primary").await;
    browser.follow("form[action$='/apply'] button").await;
    owner
}

/// The labels on the page, in their order.
async fn labels(desk: &Desk) -> Vec<String> {
    let script = "return [...document.querySelectorAll('tbody th')].map((e) => e.textContent.trim())";
    serde_json::from_value(desk.browser.run(script).await).expect("texts")
}

#[tokio::test]
async fn device_list_is_searched_filtered_sorted_and_paged_on_a_phone() {
    let desk = Desk::fresh().await;
    let (browser, owner) = (&desk.browser, town(&desk).await);
    browser.show_on(Screen::PHONE).await;
    browser.go("/devices").await;
    // Each row is a card: nothing to scroll sideways for.
    assert_eq!(browser.overflow(Screen::PHONE).await, Vec::<String>::new());
    let first = labels(&desk).await;
    browser.follow("a[rel=next]").await;
    let second = labels(&desk).await;
    assert!(!second.is_empty() && second.iter().all(|label| !first.contains(label)), "{second:?}");

    browser.follow("nav.main a[href='/devices']").await;
    browser.click("details.more summary").await;
    browser.click("input[name=lifecycle][value=in_repair]").await;
    browser.choose("#field-sort", "-label").await;
    browser.follow(".more-body .buttons button").await;
    let found = labels(&desk).await;
    assert_eq!((found.len(), found[0].as_str(), found[11].as_str()), (12, "若-1-0120", "若-1-0010"));
    assert!(browser.text_of(".chips").await.contains("修理中"), "{}", browser.text().await);
    // The address says it all: it can be kept and given on.
    let address = browser.path().await;
    assert!(address.contains("lifecycle=in_repair"), "{address}");
    browser.fill("#field-q", "0030").await;
    browser.follow("form.filters > .buttons .primary").await;
    assert_eq!(labels(&desk).await, ["若-1-0030"]);
    browser.follow(".chips .clear").await;
    assert!(labels(&desk).await.len() > 12);

    // The file holds what the list shows.
    browser.go(&address).await;
    browser.click("details.menu summary").await;
    let script =
        "const done = arguments[arguments.length - 1]; const form = document.querySelector('details.menu form');
        fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`).then((a) => a.text()).then(done)";
    let csv = browser.client().execute_async(script, Vec::new()).await.expect("a file comes");
    let csv = csv.as_str().expect("a text");
    assert_eq!(csv.lines().count(), 13, "{csv}");
    assert!(csv.contains("若-1-0120") && !csv.contains("若-1-0121") && !csv.contains("若-1-0001"), "{csv}");
    assert!(desk.server.staff().all_devices(&owner).await.expect("a list").len() == 120);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn owner_leads_to_its_school_and_the_school_to_its_devices() {
    let desk = Desk::fresh().await;
    let (browser, owner) = (&desk.browser, town(&desk).await);
    browser.go("/municipalities").await;
    browser.fill("#field-q", "若葉野").await;
    browser.follow("form.filters .primary").await;
    browser.follow(&format!("main a[href='/municipalities/{owner}']")).await;
    assert!(browser.text_of("h1").await.contains("若葉野市"));
    browser.follow("main table a[href^='/schools/']").await;
    assert!(browser.text_of("h1").await.contains("第一小学校"));
    let school = browser.path().await;

    browser.click("#pupils-form summary").await;
    browser.fill("#field-fiscal_year", "2026").await;
    browser.fill("#field-pupils", "611").await;
    browser.follow("#pupils-form .primary").await;
    assert!(browser.has(".flash").await, "{}", browser.text().await);
    assert!(browser.text().await.contains("611"));
    browser.go(&school).await;
    browser.follow("main a[href^='/devices?']").await;
    assert!(labels(&desk).await.contains(&String::from("若-1-0001")));
    browser.follow("tbody th a").await;
    // And back up again.
    browser.follow(".crumbs a[href^='/schools/']").await;
    assert_eq!(browser.path().await, school);
}
