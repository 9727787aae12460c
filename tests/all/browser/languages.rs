//! Japanese and English: switched on any page, kept by the browser and by the account.

use super::Desk;

/// The tag of the page and the word on the switch, which leads to the other language.
async fn language(desk: &Desk) -> (String, String) {
    let tag = desk.browser.find("html").await.attr("lang").await.expect("a page").expect("it has a language");
    (tag, desk.browser.text_of("form[action='/language'] button").await)
}

fn ja() -> (String, String) {
    (String::from("ja"), String::from("English"))
}

fn en() -> (String, String) {
    (String::from("en"), String::from("日本語"))
}

#[tokio::test]
async fn language_is_kept_by_the_browser_and_by_the_account() {
    let mut desk = Desk::fresh().await;
    assert_eq!(language(&desk).await, ja());
    desk.browser.go("/staff").await;
    desk.browser.follow("form[action='/language'] button").await;
    // The same page, in the other language, and so are the next ones.
    assert_eq!((language(&desk).await, desk.browser.path().await), (en(), String::from("/staff")));
    assert_eq!(desk.browser.text_of("h1").await, "Staff and grants");
    desk.browser.go("/account").await;
    assert_eq!(language(&desk).await, en());
    // A stranger at this browser reads English too; the account does so wherever its person signs in.
    desk.browser.follow("form[action='/sign-out'] button").await;
    assert_eq!(language(&desk).await, en());
    desk.browser.client().delete_all_cookies().await.expect("cookies can go");
    desk.browser.go("/sign-in").await;
    assert_eq!(language(&desk).await, ja());
    desk.administrator.sign_in(&desk.browser).await;
    assert_eq!(language(&desk).await, en());
}

#[tokio::test]
async fn language_is_switched_where_a_form_was_refused() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    browser.go("/account").await;
    browser.fill("#field-old_password", "not my password at all").await;
    browser.fill("#field-new_password", "another long password 7").await;
    browser.follow("form[action='/account/password'] .primary").await;
    assert!(browser.has(".refusal").await);
    browser.follow("form[action='/language'] button").await;
    assert_eq!((language(&desk).await, browser.path().await), (en(), String::from("/account")));
    // The address of a form opened by itself leads to the page with the form.
    browser.go("/audit/verify").await;
    assert_eq!(browser.path().await, "/audit");
    // What is shown once does not go away by a slip.
    browser.go("/account").await;
    browser.click("main details summary").await;
    browser.fill("#field-token_name", "nightly export").await;
    browser.choose("#field-place", "everywhere").await;
    browser.fill("#field-days", "30").await;
    browser.follow("form[action='/account/tokens'] button").await;
    assert!(browser.text_of("#token-secret").await.starts_with("gf"), "{}", browser.text().await);
    assert!(!browser.has("form[action='/language']").await);
}
