//! Municipalities, schools, tokens, certificates.

use gigafleet::{
    enrollment::{rules::TokenState, service::TokenOrder},
    error::Kind,
    schools::rules::{MunicipalityCode, MunicipalityId, SchoolCode},
};
use gigafleet_proto::v1;
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use std::time::Duration;
use uuid::Uuid;

use crate::World;

crate::on_both_engines!(
    municipality_and_school_exist_once,
    school_of_another_owner_is_not_found,
    token_ends_by_use_by_time_and_by_staff,
    repeat_of_an_enrolment_takes_no_second_use,
    same_serial_number_twice_asks_for_a_review,
    lists_page_by_key,
);

pub(crate) fn csr() -> Vec<u8> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serialize_request(&key).unwrap().der().to_vec()
}

async fn municipality_and_school_exist_once(world: World) {
    let owner = world.municipality("131130").await;
    let code = MunicipalityCode::parse("131130").unwrap();
    let again =
        world.schools.create_municipality(&world.staff().await, None, code, String::from("x")).await.unwrap_err();
    assert_eq!((again.kind, again.reason), (Kind::Exists, "MUNICIPALITY_EXISTS"));
    let school = |code: &str| (Some(SchoolCode::parse(code).unwrap()), String::from("第一小学校"));
    let (code, name) = school("B113210000005");
    world.schools.create_school(&world.staff().await, None, owner, code.clone(), name.clone()).await.unwrap();
    let again =
        world.schools.create_school(&world.staff().await, None, owner, code.clone(), name.clone()).await.unwrap_err();
    assert_eq!(again.reason, "SCHOOL_EXISTS");
    // Codes are unique within an owner; the schools without one are many.
    let other = world.municipality("131016").await;
    world.schools.create_school(&world.staff().await, None, other, code, name.clone()).await.unwrap();
    for other in ["第二小学校", "第三小学校"] {
        world.schools.create_school(&world.staff().await, None, owner, None, String::from(other)).await.unwrap();
    }
    let twin =
        world.schools.create_school(&world.staff().await, None, owner, None, format!("{name}　")).await.unwrap_err();
    assert_eq!((twin.kind, twin.reason), (Kind::Exists, "SCHOOL_NAME_TAKEN"));
    let nil = (Uuid::nil(), Uuid::nil());
    assert_eq!(world.overview.schools(&world.staff().await, Some(owner), nil, 100).await.unwrap().len(), 3);
    assert_eq!(world.overview.schools(&world.staff().await, None, nil, 100).await.unwrap().len(), 4);
}

async fn school_of_another_owner_is_not_found(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131016").await);
    let school =
        world.schools.create_school(&world.staff().await, None, owner, None, String::from("第二中学校")).await.unwrap();
    let order = TokenOrder {
        id: None,
        municipality: other,
        school: Some(gigafleet::schools::rules::SchoolId(school.school_id)),
        note: String::new(),
        uses_allowed: 1,
        lifetime: Duration::from_secs(60),
    };
    let error = world.enrollment.create_token(&world.staff().await, order.clone()).await.unwrap_err();
    assert_eq!((error.kind, error.reason), (Kind::NotFound, "SCHOOL_NOT_FOUND"));
    let nowhere = TokenOrder { municipality: MunicipalityId(Uuid::now_v7()), ..order };
    let error = world.enrollment.create_token(&world.staff().await, nowhere).await.unwrap_err();
    assert_eq!(error.reason, "MUNICIPALITY_NOT_FOUND");
}

async fn token_ends_by_use_by_time_and_by_staff(world: World) {
    let owner = world.municipality("131130").await;
    let enroll = async |secret: &str| world.enrollment.enroll(secret, &csr(), Uuid::now_v7(), None).await;
    let used = world.token(owner, 1).await;
    enroll(&used).await.unwrap();
    assert_eq!(enroll(&used).await.unwrap_err().reason, "TOKEN_USED_UP");
    assert_eq!(enroll("gft_nothing").await.unwrap_err().reason, "TOKEN_UNKNOWN");

    let revoked = world.token(owner, 5).await;
    let row = world
        .enrollment
        .list_tokens(&world.staff().await, Some(owner), (i64::MAX, Uuid::max()), 1)
        .await
        .unwrap()
        .remove(0);
    let row = world.enrollment.revoke_token(&world.staff().await, owner, row.token_id).await.unwrap();
    assert_eq!(world.enrollment.token_state(&row), TokenState::Revoked);
    assert_eq!(enroll(&revoked).await.unwrap_err().reason, "TOKEN_REVOKED");
    let unknown = world.enrollment.revoke_token(&world.staff().await, owner, Uuid::now_v7()).await.unwrap_err();
    assert_eq!(unknown.reason, "TOKEN_NOT_FOUND");

    let expired = world.token(owner, 5).await;
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(enroll(&expired).await.unwrap_err().reason, "TOKEN_EXPIRED");
}

async fn repeat_of_an_enrolment_takes_no_second_use(world: World) {
    let owner = world.municipality("131130").await;
    let token = world.token(owner, 1).await;
    let (csr_one, instance) = (csr(), Uuid::now_v7());
    let first = world.enrollment.enroll(&token, &csr_one, instance, None).await.unwrap();
    let second = world.enrollment.enroll(&token, &csr_one, instance, None).await.unwrap();
    assert_eq!(first.key, second.key);
    assert_ne!(first.issued.serial, second.issued.serial);
    let other_key = world.enrollment.enroll(&token, &csr(), instance, None).await.unwrap_err();
    assert_eq!((other_key.kind, other_key.reason), (Kind::Exists, "INSTANCE_ENROLLED"));
}

async fn same_serial_number_twice_asks_for_a_review(world: World) {
    let owner = world.municipality("131130").await;
    let token = world.token(owner, 2).await;
    let facts = v1::Facts { serial_number: Some(String::from("5CD1234XYZ")), ..v1::Facts::default() };
    let one = world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), Some(&facts)).await.unwrap();
    let two = world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), Some(&facts)).await.unwrap();
    let reasons = async |device| world.overview.device(&world.staff().await, device).await.unwrap().review_reasons;
    assert!(reasons(one.key.device).await.is_empty());
    assert_eq!(reasons(two.key.device).await, [i32::from(v1::ReviewReason::SerialShared)]);
}

async fn lists_page_by_key(world: World) {
    let owner = world.municipality("131130").await;
    let token = world.token(owner, 7).await;
    for _ in 0..7 {
        world.enrollment.enroll(&token, &csr(), Uuid::now_v7(), None).await.unwrap();
    }
    let filter = gigafleet::overview::service::DeviceFilter { municipality: Some(owner), ..Default::default() };
    let query = gigafleet::overview::rules::DeviceQuery { filter, ..Default::default() };
    let (mut seen, mut from) = (Vec::new(), None);
    loop {
        let page = world.overview.devices(&world.staff().await, &query, from, 3).await.unwrap();
        seen.extend(page.devices.into_iter().map(|d| d.device_id));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (7, &sorted));
    for pages in 1..4 {
        world.token(owner, pages).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let newest = world.enrollment.list_tokens(&world.staff().await, None, (i64::MAX, Uuid::max()), 2).await.unwrap();
    assert_eq!(newest.iter().map(|t| t.uses_allowed).collect::<Vec<_>>(), [3, 2]);
    let last = newest.last().unwrap();
    let older =
        world.enrollment.list_tokens(&world.staff().await, None, (last.created_at, last.token_id), 9).await.unwrap();
    assert_eq!(older.iter().map(|t| t.uses_allowed).collect::<Vec<_>>(), [1, 7]);
}
