//! Bandwidth: editions, measurements, and the report of a municipality.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Role},
    bandwidth::{
        rules::{Advice, Basis, Edition, MeasurementOrder, Method, Outcome, UnknownReason},
        service::{Bandwidth, NEWEST},
    },
    clock::Timestamp,
    error::Kind,
    schools::rules::{
        MunicipalityId, SchoolId,
        fiscal::{FiscalYear, parse_date},
        lines::Topology,
        pupils::PupilsSource,
    },
    schools::service::lines::LineOrder,
};
use uuid::Uuid;

use crate::{NOW, World};

crate::on_both_engines!(
    edition_is_built_in_added_once_and_holds_from_its_date,
    measurement_is_recorded_once_listed_and_taken_away,
    lessons_decide_where_nobody_says,
    report_counts_schools_and_is_as_of_its_year,
    figures_of_others_stay_hidden,
    file_is_recorded_whole_or_not_at_all_and_once,
);

const HOUR: Duration = Duration::from_secs(3_600);
const DAY_US: i64 = 86_400 * 1_000_000;

fn bandwidth(world: &World) -> Bandwidth {
    Bandwidth::new(world.db.clone(), world.clock.clone(), world.access.clone())
}

fn order(at: i64, mbps: i64) -> MeasurementOrder {
    MeasurementOrder {
        id: None,
        at: Timestamp(at),
        receive_kbps: mbps * 1_000,
        send_kbps: None,
        method: Method::Simple,
        in_lesson: Some(false),
        note: String::new(),
    }
}

async fn pupils(world: &World, (owner, school): (MunicipalityId, SchoolId), year: i32, pupils: i64) {
    let said = (FiscalYear::starting_in(year).unwrap(), pupils, PupilsSource::Person);
    world.schools.set_pupils(&world.staff().await, owner, school, said, None).await.unwrap();
}

async fn edition_is_built_in_added_once_and_holds_from_its_date(world: World) {
    let (bandwidth, owner) = (bandwidth(&world), world.municipality("131130").await);
    let staff = world.staff().await;
    let built_in = bandwidth.editions(&staff).await.unwrap();
    assert_eq!((built_in.len(), built_in[0].rows.len()), (1, 8));
    assert_eq!(built_in[0].clone().check().unwrap(), built_in[0], "the built-in table is a table");
    assert_eq!(built_in[0].recommended(1_050).unwrap().kbps, 711_000);
    let edition = Edition {
        date: parse_date("date", "2030-04-01").unwrap(),
        source: String::from("試験"),
        below_kbps: 2_000,
        rows: vec![(100, 200_000), (200, 400_000)],
    };
    bandwidth.add_edition(&staff, &edition).await.unwrap();
    let again = bandwidth.add_edition(&staff, &edition).await.unwrap_err();
    assert_eq!((again.kind, again.reason), (Kind::Exists, "EDITION_EXISTS"));
    assert_eq!(bandwidth.editions(&staff).await.unwrap()[1], edition);
    let report = bandwidth.report(&staff, owner, None).await.unwrap();
    assert_eq!(report.edition.as_ref(), Some(&built_in[0]), "an edition of the future does not hold yet");
    let before = bandwidth.report(&staff, owner, FiscalYear::starting_in(2022)).await.unwrap();
    assert_eq!(before.edition, None);
    let editor = world.of_role(Role::BoardEditor, Place::Municipality(owner)).await;
    assert_eq!(bandwidth.add_edition(&editor, &edition).await.unwrap_err().reason, "RIGHT_MISSING");
}

async fn measurement_is_recorded_once_listed_and_taken_away(world: World) {
    let (bandwidth, owner) = (bandwidth(&world), world.municipality("131130").await);
    let place = (owner, world.school(owner, "緑小学校").await);
    let staff = world.staff().await;
    let id = Uuid::now_v7();
    let named = MeasurementOrder { id: Some(id), note: String::from("放課後"), ..order(NOW.0 - DAY_US, 90) };
    let first = bandwidth.record(&staff, place, named.clone()).await.unwrap();
    let again = bandwidth.record(&staff, place, named).await.unwrap_err();
    assert_eq!(again.reason, "MEASUREMENT_EXISTS");
    let second = bandwidth.record(&staff, place, order(NOW.0, 95)).await.unwrap();
    let future = bandwidth.record(&staff, place, order(NOW.0 + 1, 95)).await.unwrap_err();
    assert_eq!((future.kind, future.fields[0].field.as_ref()), (Kind::Invalid, "measure_time"));
    let list = async |before, limit| bandwidth.measurements(&staff, place, before, limit).await.unwrap();
    assert_eq!(list(NEWEST, 10).await, [second.clone(), first.clone()]);
    assert_eq!(list((second.measured_at, second.measurement_id), 10).await, [first]);
    bandwidth.delete(&staff, place, id).await.unwrap();
    assert_eq!(bandwidth.delete(&staff, place, id).await.unwrap_err().reason, "MEASUREMENT_NOT_FOUND");
    assert_eq!(list(NEWEST, 10).await, [second]);
}

async fn lessons_decide_where_nobody_says(world: World) {
    let (bandwidth, owner) = (bandwidth(&world), world.municipality("131130").await);
    let place = (owner, world.school(owner, "緑小学校").await);
    let staff = world.staff().await;
    let at = async |at| {
        let order = MeasurementOrder { in_lesson: None, ..order(at, 90) };
        bandwidth.record(&staff, place, order).await.unwrap().in_lesson
    };
    // Noon of a Tuesday that is a school day, and six hours earlier.
    assert!(at(NOW.0).await);
    assert!(!at(NOW.0 - 6 * 3_600 * 1_000_000).await);
    // The Sunday before.
    assert!(!at(NOW.0 - 2 * DAY_US).await);
}

async fn report_counts_schools_and_is_as_of_its_year(world: World) {
    let (bandwidth, owner) = (bandwidth(&world), world.municipality("131130").await);
    let names = ["東小学校", "西小学校", "南小学校", "北小学校"];
    let mut schools = Vec::new();
    for name in names {
        schools.push((owner, world.school(owner, name).await));
    }
    let staff = world.staff().await;
    let said = FiscalYear::of(gigafleet::schools::rules::fiscal::day_in_japan(NOW.0));
    for (school, year) in [(schools[0], said.year()), (schools[1], said.year() - 1), (schools[2], said.year() - 2)] {
        pupils(&world, school, year, 90).await;
    }
    let record = async |school, at, mbps| bandwidth.record(&staff, school, order(at, mbps)).await.unwrap();
    record(schools[0], NOW.0 - DAY_US, 162).await;
    record(schools[1], NOW.0 - DAY_US, 161).await;
    record(schools[2], NOW.0 - DAY_US, 900).await;
    let line = LineOrder {
        school: schools[1].1,
        number: 1,
        topology: Topology::Direct,
        contract: String::new(),
        isp: String::new(),
        contract_mbps: Some(100),
        hub: None,
    };
    world.schools.set_line(&staff, owner, line, None).await.unwrap();
    let report = bandwidth.report(&staff, owner, None).await.unwrap();
    let seen: Vec<_> = report.schools.iter().map(|one| (one.school.name.as_str(), one.verdict.outcome)).collect();
    let (missed, unknown) = (Outcome::Missed, Outcome::Unknown);
    assert_eq!(
        seen,
        [("西小学校", missed), ("北小学校", unknown), ("南小学校", unknown), ("東小学校", Outcome::Reached)],
        "those farthest from it first"
    );
    let missed = &report.schools[0];
    let recommended = missed.verdict.recommended.unwrap();
    assert_eq!((recommended.kbps, recommended.basis), (162_000, Basis::Interpolated));
    assert_eq!(missed.pupils.map(|(year, pupils)| (year.year(), pupils)), Some((said.year() - 1, 90)));
    assert_eq!((missed.contract_mbps, missed.advice), (Some(100), Advice::Contract));
    assert_eq!(report.schools[2].verdict.unknown, Some(UnknownReason::NoPupils), "two years are too long ago");
    assert_eq!([Outcome::Reached, Outcome::Missed, unknown].map(|outcome| report.count(outcome)), [1, 1, 2]);
    // At the end of the year before nothing was measured yet.
    let before = bandwidth.report(&staff, owner, FiscalYear::starting_in(said.year() - 1)).await.unwrap();
    assert!(before.as_of < NOW);
    let of_west = before.schools.iter().find(|one| one.school.name == "西小学校").unwrap();
    assert_eq!(of_west.verdict.unknown, Some(UnknownReason::NoMeasurement));
    let sheet = bandwidth.assess(&staff, schools[1], None).await.unwrap();
    assert_eq!((sheet.schools.len(), &sheet.schools[0].verdict), (1, &missed.verdict));
    // A year later the measurement says nothing any more.
    world.clock.advance(HOUR * 24 * 366);
    let later = bandwidth.assess(&staff, schools[0], Some(said)).await.unwrap();
    assert_eq!(later.schools[0].verdict.outcome, Outcome::Reached, "as of the end of its year");
    pupils(&world, schools[0], said.year() + 1, 90).await;
    let later = bandwidth.assess(&staff, schools[0], None).await.unwrap();
    assert_eq!(later.schools[0].verdict.unknown, Some(UnknownReason::TooOld));
}

async fn figures_of_others_stay_hidden(world: World) {
    let bandwidth = bandwidth(&world);
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let (own, foreign) = (world.school(owner, "東小学校").await, world.school(other, "西小学校").await);
    let second = world.school(owner, "南小学校").await;
    let place = Place::School(owner, own);
    let teacher = world.of_role(Role::SchoolStaff, place).await;
    let report = bandwidth.report(&teacher, owner, None).await.unwrap();
    assert_eq!(report.schools.len(), 1, "a school sees itself");
    let refused = bandwidth.record(&teacher, (owner, own), order(NOW.0, 90)).await.unwrap_err();
    assert_eq!(refused.reason, "RIGHT_MISSING");
    for school in [(owner, second), (other, foreign)] {
        assert_eq!(bandwidth.assess(&teacher, school, None).await.unwrap_err().reason, "SCHOOL_NOT_FOUND");
        let refused = bandwidth.record(&teacher, school, order(NOW.0, 90)).await.unwrap_err();
        assert_eq!(refused.reason, "SCHOOL_NOT_FOUND");
    }
    assert_eq!(bandwidth.report(&teacher, other, None).await.unwrap_err().reason, "MUNICIPALITY_NOT_FOUND");
}

async fn file_is_recorded_whole_or_not_at_all_and_once(world: World) {
    let (bandwidth, owner) = (bandwidth(&world), world.municipality("131130").await);
    let school = world.school(owner, "緑小学校").await;
    let staff = world.staff().await;
    let list = async || bandwidth.measurements(&staff, (owner, school), NEWEST, 100).await.unwrap();
    // NOW is noon of a Tuesday with lessons.
    let good = "学校名,測定日時,受信Mbps,送信Mbps,測定方法,授業中,備考\n緑小学校,2026-11-20 10:00,93.5,,,,職員室\n\
        緑小学校,2026-11-20 18:00,120,60,スピードテスト,,\n";
    let bad = format!("{good}緑小学校,2026-11-20 18:00,速い,,,,\n");
    let refused = bandwidth.import(&staff, owner, bad.as_bytes(), false).await.unwrap();
    assert_eq!((refused.added, refused.faults.len()), (0, 1));
    assert_eq!((refused.faults[0].row, refused.faults[0].field.as_str()), (4, "receive_mbps"));
    let dry = bandwidth.import(&staff, owner, good.as_bytes(), true).await.unwrap();
    assert_eq!((dry.added, list().await.len()), (2, 0));
    for (added, unchanged) in [(2, 0), (0, 2)] {
        let done = bandwidth.import(&staff, owner, good.as_bytes(), false).await.unwrap();
        assert_eq!((done.added, done.unchanged), (added, unchanged));
    }
    let stored = list().await;
    let told: Vec<_> = stored.iter().map(|row| (row.receive_kbps, row.method, row.in_lesson)).collect();
    assert_eq!(told, [(120_000, Method::SpeedTest as i16, false), (93_500, Method::Simple as i16, true)]);
    let viewer = world.of_role(Role::BoardViewer, Place::Municipality(owner)).await;
    let denied = bandwidth.import(&viewer, owner, good.as_bytes(), true).await.unwrap_err();
    assert_eq!(denied.reason, "RIGHT_MISSING");
}
