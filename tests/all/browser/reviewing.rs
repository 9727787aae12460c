//! The queue of identities: two devices that meet, and what a person says of them.

use gigafleet_agent::enroll::enroll_in_memory;
use gigafleet_proto::v1::Facts;
use gigafleet_tests::{Home, SimulatedTablet, fleet::wall_ms};

use super::Desk;

/// Enrols two tablets that say the same serial number; gives their ids.
async fn meet(home: &Home, serial: &str) -> [String; 2] {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let facts = SimulatedTablet::drawn().facts_without_network();
        let facts = Facts { serial_number: Some(serial.to_owned()), ..facts };
        let identity = enroll_in_memory(&home.enroll_options(), facts, wall_ms()).await.expect("it can enrol");
        ids.push(identity.device_id.0);
    }
    ids.try_into().expect("there are two")
}

#[tokio::test]
async fn devices_that_meet_are_merged_or_kept_apart_and_a_merge_is_taken_back() {
    let desk = Desk::fresh().await;
    let browser = &desk.browser;
    let home = Home::make(&desk.server, 4).await;
    browser.go("/reviews").await;
    assert!(browser.has(".empty").await, "an empty queue says so");
    let same = meet(&home, "5CD3000001").await;
    let two = meet(&home, "5CD3000002").await;

    browser.go("/reviews").await;
    assert_eq!(browser.count("section.card").await, 2);
    assert!(browser.text().await.contains("同じシリアル番号の端末があります"));
    let card = |id: &str| format!("form[action^='/reviews/{id}/']");
    let merged = if browser.has(&card(&same[1])).await { &same[1] } else { &same[0] };
    browser.follow(&format!("form[action='/reviews/{merged}/merge'] button")).await;
    assert!(browser.has(".flash").await);
    assert_eq!(browser.count("section.card").await, 1);
    let apart = if browser.has(&card(&two[1])).await { &two[1] } else { &two[0] };
    browser.follow(&format!("form[action='/reviews/{apart}/keep-apart'] button")).await;
    assert!(browser.has(".empty").await);

    let count = async || desk.server.staff().all_devices(&home.municipality_id).await.expect("a list").len();
    assert_eq!(count().await, 3);
    browser.go(&format!("/devices/{apart}")).await;
    assert!(browser.text_of(".timeline").await.contains("別の端末と判断"));

    // A merge that was wrong is taken back: both records are there again, and so is the question.
    browser.go("/reviews").await;
    browser.follow(".tabs a[href='/reviews/decided']").await;
    browser.follow(&format!("form[action='/reviews/{merged}/undo'] button")).await;
    assert!(browser.has(".flash").await, "{}", browser.text().await);
    assert_eq!(count().await, 4);
    browser.go("/reviews/decided").await;
    assert!(browser.text_of("main table").await.contains("取り消"), "{}", browser.text().await);
    browser.go("/reviews").await;
    assert_eq!(browser.count("section.card").await, 1);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}
