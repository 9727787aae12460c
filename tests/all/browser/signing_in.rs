//! The way in and out: set-up by link, password and code, what a wrong one leads to.

use gigafleet_proto::v1::{StaffPlace, StaffRole};

use super::{
    Desk,
    person::{Person, invite},
};

#[tokio::test]
async fn first_administrator_is_set_up_once_from_the_printed_link() {
    let mut desk = Desk::fresh().await;
    let browser = &desk.browser;
    assert_eq!(desk.administrator.recovery_codes.len(), 10);
    assert_eq!(browser.text_of(".self .person").await, "府中 明子");
    browser.follow("form[action='/sign-out'] button").await;
    let link = desk.server.setup_path().expect("it was printed").to_owned();
    browser.go(&link).await;
    assert!(browser.text().await.contains("このリンクは使えません"), "{}", browser.text().await);
    // A lost telephone: one of the codes that were shown once, which then is used up.
    let code = desk.administrator.recovery_codes.remove(0);
    for good in [true, false] {
        browser.go("/sign-in?next=%2Faccount").await;
        desk.administrator.give_password(browser).await;
        browser.fill("#field-code", &code).await;
        browser.follow("main .primary").await;
        assert_eq!(browser.path().await, if good { "/account" } else { "/sign-in/code" });
        browser.follow("form[action='/sign-out'] button").await;
    }
}

#[tokio::test]
async fn page_that_was_asked_for_comes_after_password_and_code() {
    let mut desk = Desk::fresh().await;
    let browser = &desk.browser;
    browser.follow("form[action='/sign-out'] button").await;
    browser.go("/audit").await;
    assert_eq!(browser.path().await, "/sign-in?next=%2Faudit");
    desk.administrator.give_password(browser).await;
    // Half signed in opens nothing.
    browser.go("/audit").await;
    assert_eq!(browser.path().await, "/sign-in/code?next=%2Faudit");
    browser.fill("#field-code", "000000").await;
    browser.follow("main .primary").await;
    assert!(browser.text_of(".refusal").await.contains("コードが違うか、使用済みです"));
    let code = desk.administrator.code().await;
    browser.fill("#field-code", &code).await;
    browser.follow("main .primary").await;
    assert_eq!(browser.path().await, "/audit");
    assert_eq!(browser.text_of("h1").await, "監査記録");
}

#[tokio::test]
async fn account_is_locked_after_five_wrong_passwords_and_the_page_says_so() {
    let mut desk = Desk::fresh().await;
    let browser = &desk.browser;
    let link = invite(
        &desk.server,
        "engineer",
        "多摩 健",
        StaffRole::Engineer,
        StaffPlace { everywhere: true, ..StaffPlace::default() },
    )
    .await;
    browser.follow("form[action='/sign-out'] button").await;
    let mut engineer = Person::from_invitation(browser, &link, "engineer").await;
    browser.follow("form[action='/sign-out'] button").await;
    let right = std::mem::replace(&mut engineer.password, String::from("a wrong password of mine"));
    for _ in 0..5 {
        engineer.give_password(browser).await;
        let refusal = browser.text_of(".refusal").await;
        assert!(refusal.contains("何度も失敗したときは、数分待って"), "{refusal}");
    }
    // Now the right one is refused too, in the same words.
    engineer.password = right;
    engineer.give_password(browser).await;
    assert_eq!(browser.path().await, "/sign-in");
    assert!(browser.has(".refusal").await);
    desk.administrator.sign_in(browser).await;
    browser.go("/staff").await;
    let people = browser.text_of("tbody").await;
    assert!(people.contains("ロック中"), "{people}");
}

#[tokio::test]
async fn sign_out_leaves_nothing_behind() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    browser.go("/account").await;
    let session = browser.client().get_named_cookie("gigafleet-session").await.expect("a session");
    assert_eq!(session.http_only(), Some(true));
    browser.follow("form[action='/sign-out'] button").await;
    assert_eq!(
        (browser.path().await.as_str(), desk.flash().await.contains("サインアウトしました")),
        ("/sign-in", true)
    );
    // Neither the browser's way back nor a copy of the cookie opens the page again.
    browser.client().back().await.expect("there was a page before");
    assert!(!browser.text().await.contains("サインイン中の端末"));
    browser.client().add_cookie(session).await.expect("a cookie can be set");
    browser.go("/account").await;
    assert_eq!(browser.path().await, "/sign-in?next=%2Faccount");
}
