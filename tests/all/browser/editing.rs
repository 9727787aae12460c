//! One device changed by hand: what is wrong stands beside its field, and of two people one is told.

use gigafleet_proto::v1::Device;

use super::Desk;

/// A device that a ledger knows.
async fn device(desk: &Desk) -> Device {
    let owner = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    desk.server.staff().add_school(&owner, "第一小学校").await;
    let file =
        desk.browser.file("ledger.csv", "管理番号,シリアル番号,学校名\n若-1-0001,5CD4000001,第一小学校\n".as_bytes());
    let browser = &desk.browser;
    browser.go("/imports").await;
    browser.choose("#field-municipality", &owner).await;
    browser.type_into("#field-file", &file).await;
    browser.follow("main form[action='/imports'] .primary").await;
    browser.follow("form[action$='/apply'] button").await;
    desk.server.staff().all_devices(&owner).await.expect("a list").remove(0)
}

#[tokio::test]
async fn wrong_value_is_told_beside_its_field_and_a_right_one_is_kept() {
    let desk = Desk::fresh().await;
    let (browser, path) = (&desk.browser, format!("/devices/{}", device(&desk).await.device_id));
    browser.go(&path).await;
    browser.click("#edit summary").await;
    assert_eq!(browser.find("#field-label").await.prop("value").await.expect("a field"), Some("若-1-0001".into()));
    browser.fill("#field-grade", "99").await;
    browser.fill("#field-room", "3階ワークスペース").await;
    browser.follow("main form.stack .primary").await;
    assert!(browser.has("#field-grade[aria-invalid=true]").await, "{}", browser.text().await);
    // The summary leads to the field, and nothing that was typed is lost.
    assert_eq!(browser.find(".refusal a").await.attr("href").await.expect("a link"), Some("#field-grade".into()));
    let room = browser.find("#field-room").await.prop("value").await.expect("a field");
    assert_eq!(room, Some("3階ワークスペース".into()));
    // Refused, the form is in sight.
    browser.fill("#field-grade", "3").await;
    browser.follow("main form.stack .primary").await;
    assert!(desk.flash().await.contains("保存しました"));
    let fields = browser.text_of("main table").await;
    assert!(fields.contains("3階ワークスペース") && fields.contains("職員"), "{fields}");
    browser.follow("form[action$='/move'] button[value=send_to_repair]").await;
    assert!(browser.text_of("main table").await.contains("修理中"));
}

#[tokio::test]
async fn second_of_two_editors_is_told_and_overwrites_nothing() {
    let desk = Desk::fresh().await;
    let (browser, path) = (&desk.browser, format!("/devices/{}", device(&desk).await.device_id));
    browser.go(&path).await;
    browser.click("#edit summary").await;
    let first = browser.client().window().await.expect("a window");
    let second = browser.client().new_window(true).await.expect("another tab").handle;
    browser.client().switch_to_window(second.clone()).await.expect("the other tab");
    browser.go(&path).await;
    browser.click("#edit summary").await;
    browser.fill("#field-room", "理科室").await;
    browser.follow("main form.stack .primary").await;
    assert!(desk.flash().await.contains("保存しました"));

    browser.client().switch_to_window(first).await.expect("the first tab");
    browser.fill("#field-room", "音楽室").await;
    browser.follow("main form.stack .primary").await;
    assert!(browser.text_of(".refusal").await.contains("ほかの人が変更しました"), "{}", browser.text().await);
    // What was typed stands there still, and what is stored is the other's.
    let room = browser.find("#field-room").await.prop("value").await.expect("a field");
    assert_eq!(room, Some("音楽室".into()));
    assert!(browser.text_of("main table").await.contains("理科室"));
    // Sent again it is refused again; from the newest it goes.
    browser.follow("main form.stack .primary").await;
    assert!(browser.has(".refusal").await);
    browser.follow(&format!("main a[href='{path}']")).await;
    browser.click("#edit summary").await;
    browser.fill("#field-room", "音楽室").await;
    browser.follow("main form.stack .primary").await;
    assert!(browser.text_of("main table").await.contains("音楽室"));
}
