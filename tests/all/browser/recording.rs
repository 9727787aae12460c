//! The ledger of a board by hand: recorded, refused, mended, corrected, taken back, found again; and pupils out of a file.

use gigafleet_proto::v1::{StaffPlace, StaffRole};
use serde_json::json;

use super::{
    Desk,
    person::{Person, invite},
};

/// A board with a school; somebody of it sits down at the browser. Gives the id of the board.
async fn board(desk: &Desk, role: StaffRole) -> String {
    let staff = desk.server.staff();
    let owner = staff.add_municipality("若葉野市").await.municipality_id;
    staff.add_school(&owner, "第一小学校").await;
    let place = StaffPlace { municipality_id: owner.clone(), ..StaffPlace::default() };
    let link = invite(&desk.server, "ome", "青梅 恵子", role, place).await;
    desk.browser.follow("form[action='/sign-out'] button").await;
    Person::from_invitation(&desk.browser, &link, "ome").await;
    owner
}

/// What stands in a field.
async fn value(desk: &Desk, css: &str) -> String {
    desk.browser.find(css).await.prop("value").await.expect("a field").unwrap_or_default()
}

#[tokio::test]
async fn lot_is_recorded_mended_corrected_and_taken_back() {
    let desk = Desk::fresh().await;
    board(&desk, StaffRole::BoardEditor).await;
    let browser = &desk.browser;
    browser.go("/renewal").await;
    browser.follow(".tabs a[href^='/renewal/entries']").await;
    assert!(browser.has("#empty").await, "{}", browser.text().await);
    browser.follow("#to-record").await;
    browser.follow("#kinds a[href*='/record/lot?']").await;
    for (field, text) in [
        ("model", "K-1"),
        ("lot_count", "100台"),
        ("delivered", "R7.9.30"),
        ("unit_yen", "55,000円"),
        ("paid_state_fund", "3,666,666"),
        ("paid_own", "1,833,333"),
        ("serials", "5CD7000001\n5CD7000002"),
    ] {
        browser.fill(&format!("#field-{field}"), text).await;
    }
    // One yen is missing: the message stands beside who pays, the summary leads there, and nothing that was typed is lost.
    browser.follow("#record .primary").await;
    let wrong = browser.text_of("#field-funding .wrong").await;
    assert!(wrong.contains("5,499,999 円が、総額 5,500,000 円"), "{wrong}");
    let link = browser.find(".refusal a").await.attr("href").await.expect("a link");
    assert_eq!(link.as_deref(), Some("#field-funding"));
    assert_eq!([value(&desk, "#field-model").await, value(&desk, "#field-lot_count").await], ["K-1", "100台"]);
    browser.fill("#field-paid_own", "1,833,334").await;
    // It is sent twice, as by somebody who is in a hurry, and recorded once.
    let sent = "const form = document.querySelector('#record');
        return fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).then((a) => a.status)";
    assert_eq!(browser.run(sent).await, json!(200));
    browser.follow("#record .primary").await;
    assert!(desk.flash().await.contains("記録しました"), "{}", browser.text().await);
    let facts = browser.text_of("#facts").await;
    assert!(facts.contains("5,500,000円") && facts.contains("K-1") && facts.contains("令和7年9月30日"), "{facts}");
    assert!(browser.text_of("#devices").await.contains("5CD7000002"));

    browser.follow("#correct").await;
    assert_eq!(value(&desk, "#field-unit_yen").await, "55000");
    assert_eq!(value(&desk, "#field-serials").await, "5CD7000001\n5CD7000002");
    browser.fill("#field-unit_yen", "56,000").await;
    browser.fill("#field-paid_own", "1,933,334").await;
    browser.fill("#field-reason", "単価の誤り").await;
    browser.follow("#record .primary").await;
    assert!(desk.flash().await.contains("訂正を記録しました"), "{}", browser.text().await);
    assert!(browser.text_of("#facts").await.contains("5,600,000円"));
    assert!(browser.text_of("#devices").await.contains("5CD7000002"), "its serial numbers came along");

    browser.click("#take-back summary").await;
    browser.fill("#take-back #field-reason", "契約を取りやめたため").await;
    browser.follow("#take-back .danger").await;
    assert!(desk.flash().await.contains("取り消しを記録しました"), "{}", browser.text().await);
    assert!(browser.text_of("h1").await.contains("取り消し済み"));
    assert!(!browser.has("#correct").await && !browser.has("#take-back").await, "what does not stand stays");

    browser.go("/renewal/entries").await;
    assert!(browser.has("#empty").await, "nothing of it stands: {}", browser.text().await);
    browser.go("/renewal/entries?shown=all").await;
    assert_eq!(browser.count("#entries tbody tr").await, 4, "{}", browser.text().await);
    let all = browser.text_of("#entries").await;
    for said in ["5,500,000円", "5,600,000円", "単価の誤り", "契約を取りやめたため", "青梅 恵子"] {
        assert!(all.contains(said), "{said}: {all}");
    }
    browser.follow("#entries tbody tr:last-child a[data-row-link]").await;
    assert!(browser.text_of("#facts").await.contains("5,500,000円"), "the first is the last of the list");
}

#[tokio::test]
async fn pupils_come_from_a_file_that_was_looked_at() {
    let desk = Desk::fresh().await;
    board(&desk, StaffRole::BoardEditor).await;
    let browser = &desk.browser;
    browser.without_script().await;
    browser.go("/renewal/entries").await;
    browser.follow("#to-import").await;
    assert!(browser.text_of("#columns").await.contains("年度,児童生徒数"));
    let bad = browser.file("bad.csv", "年度,児童生徒数\nR8,611\nR9,六百\n".as_bytes());
    let good = browser.file("good.csv", "年度,児童生徒数\nR8,611\nR9,604\n".as_bytes());
    browser.choose("#field-kind", "4").await;
    browser.type_into("#field-file", &bad).await;
    browser.follow("#look .primary").await;
    let faults = browser.text_of("#faults tbody").await;
    assert!(faults.starts_with('3') && faults.contains("児童生徒数") && faults.contains("整数"), "{faults}");
    assert_eq!(browser.count("#faults tbody tr").await, 1);
    assert!(!browser.has("#confirm").await, "with one row that is wrong none is recorded");

    assert_eq!(value(&desk, "#field-kind").await, "4", "what was chosen stays chosen");
    browser.type_into("#field-file", &good).await;
    browser.follow("#look .primary").await;
    assert!(browser.text_of("#looked .figure").await.contains('2'), "{}", browser.text().await);
    browser.go("/renewal/entries").await;
    assert!(browser.has("#empty").await, "nothing is recorded before somebody says so");
    browser.follow("#to-import").await;
    browser.choose("#field-kind", "4").await;
    browser.type_into("#field-file", &good).await;
    browser.follow("#look .primary").await;
    // The file itself is not asked for again.
    browser.follow("#confirm .primary").await;
    assert!(desk.flash().await.contains("2件を記録し、0件を訂正しました"), "{}", browser.text().await);
    let all = browser.text_of("#entries").await;
    assert!(all.contains("令和8年度 ① 611") && all.contains("令和9年度 ① 604"), "{all}");

    browser.follow("#to-import").await;
    browser.choose("#field-kind", "4").await;
    browser.type_into("#field-file", &good).await;
    browser.follow("#look .primary").await;
    assert!(browser.text_of("#looked").await.contains("すべて記録済みです"));
    assert!(!browser.has("#confirm").await);
}

#[tokio::test]
async fn who_only_looks_is_offered_nothing_to_record() {
    let desk = Desk::fresh().await;
    let owner = board(&desk, StaffRole::BoardViewer).await;
    let browser = &desk.browser;
    browser.go("/renewal/entries").await;
    assert!(browser.has("#empty").await && !browser.has("#to-record").await && !browser.has("#to-import").await);
    for path in ["/renewal/record", "/renewal/record/lot", "/renewal/import"] {
        browser.go(&format!("{path}?municipality_id={owner}")).await;
        assert!(browser.text().await.contains("権限がありません"), "{path}: {}", browser.text().await);
    }
}
