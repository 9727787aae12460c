//! Files in: a messy ledger whose columns the person puts right, and one with errors.

use std::{fs, path::Path};

use gigafleet_proto::v1::CreateSchoolRequest;

use super::Desk;

/// As it comes from a school: a title, headers that nobody knows, full width, half-width kana, dates by era.
const MESSY: &str = "若葉野市　ＧＩＧＡ端末台帳　　令和８年６月１日現在,,,,,,\r\n,,,,,,\r\n\
    管理番号,機体の記号,学校名,年・組・番,保管場所,導入日,氏名\r\n\
    若－１－０００１,５ＣＤ２００００００１,第一小学校,3年2組15番,３階ﾜｰｸｽﾍﾟｰｽ,R3.4.1,若葉 花子\r\n\
    若-1-0002,5CD20000002,若葉野市立第一小学校,３年２組１６番,３階ﾜｰｸｽﾍﾟｰｽ,令和3年4月1日,若葉 太郎\r\n\
    若-1-0003,5CD20000003,第一小学校,,職員室,2021/4/1,\r\n";

/// The owner of a ledger and its school; gives the owner's id.
async fn town(desk: &Desk) -> String {
    let owner = desk.server.staff().add_municipality("若葉野市").await.municipality_id;
    let request = CreateSchoolRequest {
        municipality_id: owner.clone(),
        code: String::from("B113210000005"),
        name: String::from("第一小学校"),
        ..CreateSchoolRequest::default()
    };
    desk.server.staff().schools().await.create_school(request).await.expect("a school");
    desk.server.staff().add_school(&owner, "第二小学校").await;
    desk.server.staff().add_school(&owner, "第二中学校").await;
    owner
}

async fn hand_in(desk: &Desk, owner: &str, name: &str, content: &[u8]) {
    let browser = &desk.browser;
    let file = browser.file(name, content);
    browser.go("/imports").await;
    browser.choose("#field-municipality", owner).await;
    browser.type_into("#field-file", &file).await;
    browser.follow("main form[action='/imports'] .primary").await;
}

#[tokio::test]
async fn messy_cp932_ledger_is_taken_in_after_its_columns_are_put_right() {
    let desk = Desk::fresh().await;
    let (browser, owner) = (&desk.browser, town(&desk).await);
    let content = encoding_rs::SHIFT_JIS.encode(MESSY).0;
    hand_in(&desk, &owner, "GIGA端末台帳.csv", &content).await;
    assert!(browser.text_of("h1").await.starts_with("GIGA端末台帳.csv"));
    let preview = browser.text().await;
    assert!(preview.contains("見出しの行番号 3") && preview.contains("個人情報のため取り込みません"), "{preview}");
    assert!(!preview.contains("若葉 花子"), "names are not even shown:\n{preview}");
    // Nobody knows what 機体の記号 is, until the person says it.
    assert_eq!(browser.find("#column-B").await.prop("value").await.expect("a choice"), Some(String::from("ignore")));
    browser.choose("#column-B", "serial_number").await;
    browser.click("input[name=keep]").await;
    browser.follow("form[action$='/again'] .buttons button").await;
    assert_eq!(
        browser.find("#column-B").await.prop("value").await.expect("a choice"),
        Some(String::from("serial_number"))
    );
    let preview = browser.text().await;
    assert!(preview.contains("5CD20000001") && preview.contains("2021-04-01"), "{preview}");
    assert!(desk.server.staff().all_devices(&owner).await.expect("a list").is_empty(), "nothing was done yet");

    browser.follow("form[action$='/apply'] button").await;
    assert!(desk.flash().await.contains("取り込みました"));
    assert!(browser.text_of("h1").await.contains("適用済み"));
    let devices = desk.server.staff().all_devices(&owner).await.expect("a list");
    assert_eq!(devices.len(), 3);
    for device in &devices {
        browser.go(&format!("/devices/{}", device.device_id)).await;
        let page = browser.text().await;
        assert!(page.contains("若-1-000") && page.contains("5CD2000000") && page.contains("台帳"), "{page}");
    }

    // The next file with these headers is understood at once.
    let next = MESSY.replace("若-1-0003", "若-1-0004").replace("5CD20000003", "5CD20000004");
    hand_in(&desk, &owner, "追加分.csv", &encoding_rs::SHIFT_JIS.encode(&next).0).await;
    assert_eq!(
        browser.find("#column-B").await.prop("value").await.expect("a choice"),
        Some(String::from("serial_number"))
    );
    assert!(browser.text_of("form[action$='/apply']").await.contains("適用する"));
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn errors_of_a_ledger_are_told_by_row_and_change_nothing() {
    let desk = Desk::fresh().await;
    let (browser, owner) = (&desk.browser, town(&desk).await);
    let ledger = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers/defects.csv");
    hand_in(&desk, &owner, "defects.csv", &fs::read(ledger).expect("the ledger is there")).await;
    assert!(browser.text_of(".notice").await.contains("エラーがあるため適用できません"));
    let errors = browser.text_of("main table").await;
    for (row, letter) in [("3", "B"), ("6", "C"), ("11", "G")] {
        let told = errors.lines().any(|line| {
            let mut cells = line.split_whitespace();
            cells.next() == Some(row) && cells.next() == Some(letter)
        });
        assert!(told, "row {row}, column {letter} is missing in:\n{errors}");
    }
    assert!(!browser.has("form[action$='/apply']").await, "it cannot be applied");
    // Without the rows that are wrong it can.
    browser.click("input[name=skip_errors]").await;
    browser.follow("form[action$='/again'] .buttons button").await;
    assert!(desk.server.staff().all_devices(&owner).await.expect("a list").is_empty());
    browser.follow("form[action$='/apply'] button").await;
    assert_eq!(desk.server.staff().all_devices(&owner).await.expect("a list").len(), 2);

    // What is no table at all says so above the form, which comes back.
    hand_in(&desk, &owner, "photo.csv", &[0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1]).await;
    assert!(browser.text_of(".refusal").await.contains("NUL文字が含まれています"));
    assert_eq!(browser.path().await, "/imports");
}
