//! A board and its money: from a yen to a serial number, the plan on paper, scenarios of one's own, in both languages.

use serde_json::json;

use super::{Desk, budget::budget};

/// A board whose ledger is kept, with its id.
async fn board(desk: &Desk) -> String {
    let staff = desk.server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    let school = staff.add_school(&owner, "第一小学校").await.school_id;
    budget(&desk.server, &owner, &school).await;
    owner
}

/// The numbers of the row of totals of what is compared.
async fn totals(desk: &Desk) -> Vec<i64> {
    let script = "return [...document.querySelectorAll('#compared tbody tr:nth-last-child(2) td')]
        .map((cell) => Number(cell.textContent.replaceAll(',', '').trim()))";
    let found = desk.browser.run(script).await;
    found.as_array().expect("a list").iter().map(|number| number.as_i64().expect("a number")).collect()
}

#[tokio::test]
async fn yen_of_a_year_leads_to_a_serial_number() {
    let desk = Desk::fresh().await;
    let owner = board(&desk).await;
    let browser = &desk.browser;
    browser.follow("nav.main a[href='/renewal']").await;
    let figures = browser.text_of("#figures").await;
    assert!(figures.contains("来年度に更新が必要な端末") && figures.contains("円"), "{figures}");
    // 13,500,000 yen for 300 devices, of which the board paid 4,500,000.
    let of_one = browser.text_of("#device-years tbody tr:first-child").await;
    assert!(["令和3年度", "300", "45,000", "15,000"].iter().all(|figure| of_one.contains(figure)), "{of_one}");
    assert!(browser.text_of("#per-device + .lead").await.contains("端末1台に1年あたり"));
    // Amounts are of one owner each.
    browser.go("/renewal/prefecture").await;
    browser.follow("#owners tbody a").await;
    browser.follow("main table a[href*='year=2021']").await;
    let parts = browser.text_of("#parts").await;
    assert!(parts.contains("9,000,000") && parts.contains("4,500,000") && parts.contains("令和3年度"), "{parts}");
    // The first is what the state paid: of 45,000 yen for each device 30,000.
    browser.follow("#parts a[data-row-link]").await;
    let devices = browser.text_of("#devices").await;
    assert!(devices.contains("5CD0100001") && devices.contains("30,000"), "{devices}");
    assert!(browser.path().await.contains(&owner));
    browser.follow(".pager a[rel=next]").await;
    let devices = browser.text_of("#devices").await;
    assert!(devices.contains("5CD0100300") && !devices.contains("5CD0100001"), "{devices}");
    // The same in English, on the same page.
    browser.follow("form[action='/language'] button").await;
    let facts = browser.text_of("#facts").await;
    assert!(facts.contains("Delivered") && facts.contains("1 Apr 2021"), "{facts}");
    browser.follow(".crumbs [data-key=u]").await;
    assert_eq!(browser.text_of("h1").await.lines().next(), Some("What the amounts are of 若葉野市"));
}

#[tokio::test]
async fn plan_is_shown_as_it_is_printed() {
    let desk = Desk::fresh().await;
    board(&desk).await;
    let browser = &desk.browser;
    browser.go("/renewal/plan").await;
    let sheet = browser.text_of("#sheet").await;
    for row in ["① 児童生徒数", "⑧ 予備機整備率", "令和9年度", "処分事業者 選定", "小数第2位以下"]
    {
        assert!(sheet.contains(row), "{row}: {sheet}");
    }
    // 45 spares for 611 pupils: 7.3 % of pupils, and 49.4 % of the 91 that are allowed.
    let last = "#sheet tbody tr:last-child";
    assert!(browser.text_of(last).await.contains("7.3%"), "{sheet}");
    let hash = browser.text_of("#hash").await;
    assert_eq!(hash.len(), 64);
    browser.go("/renewal/plan?spare_share=2").await;
    assert!(browser.text_of(last).await.contains("49.4%"));
    assert_ne!(browser.text_of("#hash").await, hash);
    let paper = browser.printed().await;
    assert!(paper.starts_with(b"%PDF-"));
    browser.tell("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    let shown = "return ['.top', '.filters', '.tabs', '.buttons', '#sheet table', '#hash'].map((css) => {
        const e = document.querySelector(css); return e !== null && e.getClientRects().length > 0; })";
    assert_eq!(browser.run(shown).await, json!([false, false, false, false, true, true]));
}

#[tokio::test]
async fn scenarios_of_ones_own_are_reckoned_without_script() {
    let desk = Desk::fresh().await;
    board(&desk).await;
    let browser = &desk.browser;
    browser.without_script().await;
    browser.go("/renewal/scenarios").await;
    let usual = totals(&desk).await;
    assert!(usual.len() == 2 && usual[0] > usual[1] && usual[1] > 0, "{usual:?}");
    browser.fill("#field-price_percent", "10").await;
    browser.follow("#terms .primary").await;
    let dearer = totals(&desk).await;
    assert!(dearer.len() == 3 && dearer[..2] == usual && dearer[2] > usual[0], "{dearer:?}");
    assert!(browser.has("#own-note").await && !browser.has("#hash").await, "what is not kept has no hash");
    browser.fill("#field-price_percent", "").await;
    browser.click("#field-covered").await;
    browser.follow("#terms .primary").await;
    let covered = totals(&desk).await;
    assert_eq!(covered[2], usual[1], "the same as the scenario of the petition");
    browser.choose("#field-later_years", "2").await;
    browser.follow("#terms .primary").await;
    assert_ne!(totals(&desk).await[2], covered[2]);
    browser.fill("#field-price_percent", "1000").await;
    browser.follow("#terms .primary").await;
    assert!(browser.has("#field-price_percent[aria-invalid=true]").await, "{}", browser.text().await);
    browser.follow("form[action='/language'] button").await;
    assert!(browser.text_of("h1").await.starts_with("Scenarios side by side"));
    assert!(browser.text_of(".refusal").await.contains("from -90 to 300"));
}

#[tokio::test]
async fn board_without_a_ledger_is_told_what_to_enter() {
    let desk = Desk::fresh().await;
    board(&desk).await;
    let other = desk.server.staff().add_municipality("空野村").await.municipality_id;
    let browser = &desk.browser;
    browser.go("/renewal").await;
    // Of two owners one has recorded something, and there is the way to it.
    browser.follow("#each-owner").await;
    assert_eq!(browser.count("#owners tbody tr").await, 1, "{}", browser.text().await);
    browser.go(&format!("/renewal?municipality_id={other}")).await;
    let empty = browser.text_of("#empty").await;
    assert!(empty.contains("gigafleet costs pupils") && empty.contains("gigafleet costs lots add"), "{empty}");
}
