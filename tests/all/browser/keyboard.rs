//! The console without a mouse: every stop can be seen, and the keys of the console work.

use fantoccini::key::Key;
use serde_json::Value;

use super::Desk;

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const SPACE: char = ' ';

/// What has the focus: tag, id or address, and whether an outline shows it.
const FOCUS: &str =
    "const e = document.activeElement; const style = getComputedStyle(e); const at = e.getBoundingClientRect();
    return [e.tagName, e.id || e.getAttribute('href') || e.name || '',
        style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && at.width > 0 && at.left >= 0]";

/// Presses Tab until an element has the focus. Panics when the page is through.
async fn tab_to(desk: &Desk, css: &str) {
    for _ in 0..120 {
        let there =
            desk.browser.client().execute("return document.activeElement.matches(arguments[0])", vec![css.into()]);
        if there.await.expect("the selector is good") == Value::Bool(true) {
            return;
        }
        desk.browser.press([TAB]).await;
        let focus = desk.browser.run(FOCUS).await;
        let shown = focus[0] == "BODY" || focus[2] == Value::Bool(true);
        assert!(shown, "the focus cannot be seen on {focus}");
    }
    panic!("{css} is not reached by Tab on {}:\n{}", desk.browser.path().await, desk.browser.text().await);
}

#[tokio::test]
async fn somebody_signs_in_and_invites_somebody_without_a_mouse() {
    let mut desk = Desk::fresh().await;
    desk.server.staff().add_municipality("若葉野市").await;
    tab_to(&desk, "form[action='/sign-out'] button").await;
    desk.browser.leaving(async || desk.browser.press([SPACE]).await).await;
    // The first field has the focus already.
    desk.browser.press(desk.administrator.name.clone().chars()).await;
    desk.browser.press([TAB]).await;
    desk.browser.press(desk.administrator.password.clone().chars()).await;
    desk.browser.leaving(async || desk.browser.press([ENTER]).await).await;
    let code = desk.administrator.code().await;
    desk.browser.press(code.chars()).await;
    desk.browser.leaving(async || desk.browser.press([ENTER]).await).await;
    assert_eq!(desk.browser.path().await, "/");

    tab_to(&desk, "nav.main a[href='/staff']").await;
    desk.browser.leaving(async || desk.browser.press([ENTER]).await).await;
    tab_to(&desk, "a[href='/staff/new']").await;
    desk.browser.leaving(async || desk.browser.press([ENTER]).await).await;
    tab_to(&desk, "#field-display_name").await;
    desk.browser.press("Hino Aya".chars()).await;
    tab_to(&desk, "#field-sign_in_name").await;
    desk.browser.press("hino".chars()).await;
    tab_to(&desk, "#field-role").await;
    desk.browser.press([char::from(Key::Down)]).await;
    tab_to(&desk, "#field-place").await;
    desk.browser.press([char::from(Key::End)]).await;
    tab_to(&desk, "#field-reason").await;
    desk.browser.press("school year 2026".chars()).await;
    desk.browser.leaving(async || desk.browser.press([ENTER]).await).await;
    assert!(desk.browser.has("#one-time-link").await, "{}", desk.browser.text().await);
}

#[tokio::test]
async fn skip_link_and_keys_of_the_console_work() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    browser.go("/staff").await;
    browser.has_keyboard().await;
    browser.press([TAB]).await;
    assert_eq!(
        browser.run(FOCUS).await,
        serde_json::json!(["A", "#content", true]),
        "the skip link comes first, visibly"
    );
    browser.press([ENTER]).await;
    assert_eq!(browser.run("return document.activeElement.id").await, "content");
    browser.press([TAB]).await;
    assert_eq!(browser.run("return document.activeElement.getAttribute('href')").await, "/staff/new");

    browser.press(['?']).await;
    assert_eq!(browser.run("return document.getElementById('keys').open").await, true);
    assert!(browser.text_of("#keys").await.contains("キーボード操作"));
    browser.press([ESCAPE]).await;
    assert_eq!(browser.run("return document.getElementById('keys').open").await, false);
    browser.leaving(async || browser.press(['g', 'h']).await).await;
    assert_eq!(browser.path().await, "/");
    browser.leaving(async || browser.press(['g', 'd']).await).await;
    assert_eq!(browser.path().await, "/devices");
    browser.press(['/']).await;
    assert_eq!(browser.run("return document.activeElement.type").await, "search");
    // Letters in a field are letters.
    browser.go("/staff/new").await;
    browser.click("#field-display_name").await;
    browser.press("gh?/".chars()).await;
    let typed = browser.find("#field-display_name").await.prop("value").await.expect("a field");
    assert_eq!((typed, browser.path().await), (Some(String::from("gh?/")), String::from("/staff/new")));
}
