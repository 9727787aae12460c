//! The console without script, and on paper.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn console_works_with_script_switched_off() {
    let mut desk = Desk::fresh().await;
    let town = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    let browser = &desk.browser;
    browser.follow("form[action='/sign-out'] button").await;
    browser.without_script().await;
    desk.administrator.sign_in(browser).await;
    assert_eq!(browser.path().await, "/");
    // The page's own script would have said that it listens.
    assert!(!browser.has("[data-live-state]").await);
    browser.go("/staff").await;
    assert!(browser.text_of("tbody").await.contains("府中 明子"));
    browser.follow("form[action='/language'] button").await;
    assert_eq!(browser.text_of("h1").await, "Staff and grants");
    browser.go("/audit").await;
    browser.choose("#chain", &town).await;
    browser.follow("form.filters button").await;
    assert!(browser.path().await.contains(&town));

    let file = browser.file("ledger.csv", "管理番号,シリアル番号\nA-1,5CD5000001\n".as_bytes());
    browser.go("/imports").await;
    browser.choose("#field-municipality", &town).await;
    browser.type_into("#field-file", &file).await;
    browser.follow("main form[action='/imports'] .primary").await;
    browser.follow("form[action$='/apply'] button").await;
    assert!(browser.has(".flash").await);
    assert_eq!(desk.server.staff().all_devices(&town).await.expect("a list").len(), 1);
}

#[tokio::test]
async fn pages_print_without_what_is_for_the_screen() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    browser.go("/audit").await;
    let paper = browser.printed().await;
    assert!(paper.starts_with(b"%PDF-"));
    assert!(paper.windows(12).any(|window| window == b"/Type /Page\n"), "a sheet at least");
    browser.tell("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    let shown = "return ['.top', 'form', '.pager', 'main h1', 'main table'].map((css) => {
        const e = document.querySelector(css); return e !== null && e.getClientRects().length > 0; })";
    assert_eq!(browser.run(shown).await, json!([false, false, false, true, true]));
}
