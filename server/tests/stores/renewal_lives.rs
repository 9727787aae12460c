//! How long devices last, whether to repair one, and spares of schools, out of a small fleet that was reckoned by hand.

use std::time::Duration;

use gigafleet::{
    access::rules::{Place, Role, Staff, days::parse_date},
    devices::rules::{
        DeviceId,
        fields::{Field, FieldValue, Lifecycle},
        lifecycle::Verb,
    },
    renewal::{
        rules::{
            Payer,
            advice::Cheaper,
            due::DueReason,
            lives::{ForecastMethod, LifeKind, ModelLives},
            lots::SaidLot,
            money::Yen,
            said::Said,
            survival::Basis,
        },
        service::{AdviceOrder, SparesOrder},
    },
    schools::rules::{MunicipalityId, SchoolId},
    tickets::{
        legs::rules::said::SaidRepair,
        rules::{Category, Impact, TicketId, Urgency},
        service::{Change, TicketOrder, TicketView},
    },
};

use crate::{
    World,
    renewal::{bought, order, record, renewal, text},
    ticketing::{change, order as ticket_order, reason, tickets},
};

crate::on_both_engines!(
    curve_of_a_small_fleet_is_the_one_that_was_reckoned,
    lives_are_for_who_sees_the_whole,
    a_repair_is_weighed_against_a_new_device,
    spares_are_told_by_school_until_a_day,
);

const DAY: u64 = 86_400;

fn serial(number: usize) -> String {
    format!("SERK{number:04}")
}

async fn device(world: &World, (owner, school): (MunicipalityId, SchoolId), said: &[(Field, String)]) -> DeviceId {
    let mut all =
        vec![(Field::School, FieldValue::text(&school.to_string())), (Field::Lifecycle, Lifecycle::InUse.into())];
    all.extend(said.iter().map(|(field, value)| (*field, FieldValue::text(value))));
    world.registry.create(&world.staff().await, None, owner, all).await.unwrap()
}

/// A ticket about a device that nobody has looked at.
async fn reported(
    world: &World,
    place: (MunicipalityId, SchoolId),
    device: DeviceId,
    category: Category,
) -> TicketView {
    let of_device = TicketOrder { device: Some(device), category, ..ticket_order(place.1, "故障") };
    tickets(world).create(&world.staff().await, place.0, of_device).await.unwrap().0
}

async fn failed(world: &World, place: (MunicipalityId, SchoolId), device: DeviceId, category: Category) {
    let view = reported(world, place, device, category).await;
    let judged = Change::Triage { category, impact: Impact::OnePupil, urgency: Urgency::ThisWeek };
    change(&tickets(world), &world.staff().await, &view, judged).await.unwrap();
}

/// A device that goes to repair with a ticket that is of no failure.
async fn repaired(world: &World, place: (MunicipalityId, SchoolId), device: DeviceId) {
    let view = reported(world, place, device, Category::SignIn).await;
    let said = SaidRepair { vendor: text("修理の店"), ..SaidRepair::default() };
    let ticket = (place.0, TicketId(view.row.ticket_id));
    tickets(world).start_repair(&world.staff().await, ticket, view.row.version, &said).await.unwrap();
}

/// A lot of 24 tablets, delivered 30 days before the registry gets to know them, with their serial numbers.
async fn fleet(world: &World, place: (MunicipalityId, SchoolId)) -> Vec<DeviceId> {
    let lot = SaidLot {
        warranty_end: text("2028-03-31"),
        restriction_end: text("2030-10-25"),
        ..bought(1, 24, "2026-10-25")
    };
    record(world, order(place.0, Said::Lot(lot, (0..24).map(serial).collect()))).await.unwrap();
    let mut made = Vec::new();
    for number in 0..24 {
        let said =
            [(Field::Label, format!("K-{number}")), (Field::Model, text("K-1")), (Field::SerialNumber, serial(number))];
        made.push(device(world, place, &said).await);
    }
    made
}

fn of<'m>(models: &'m [ModelLives], model: &str) -> &'m ModelLives {
    models.iter().find(|one| one.model == model).unwrap()
}

/// The 24 are looked at from day 30 of their lives on. On day 130 four of 24 fail: S = 20/24. On day 230 six of 20 do, and
/// two leave without a failure: S = 20/24 × 14/20 = 7/12. On day 300 twelve go on. They were looked at for
/// 4 × 100 + 6 × 200 + 2 × 200 + 12 × 270 = 5,240 days, so that the 22 that are there, all older than anything that was seen by
/// April 2028, are expected to fail 22 × 365 × 10/5,240 times in that fiscal year.
async fn curve_of_a_small_fleet_is_the_one_that_was_reckoned(world: World) {
    let owner = world.municipality("131130").await;
    let place = (owner, world.school(owner, "緑小学校").await);
    let staff = world.staff().await;
    let tablets = fleet(&world, place).await;
    for (number, model) in ["T-8", "T-8", "ｔ 8"].into_iter().enumerate() {
        let said = [
            (Field::Label, format!("T-{number}")),
            (Field::Model, text(model)),
            (Field::AcquiredOn, text("2026-11-04")),
        ];
        device(&world, place, &said).await;
    }
    let other_record = device(&world, place, &[(Field::Label, text("K-old")), (Field::Model, text("K-1"))]).await;
    let days = |days: u64| world.clock.advance(Duration::from_secs(days * DAY));
    days(100);
    for tablet in &tablets[..4] {
        failed(&world, place, *tablet, Category::Screen).await;
    }
    days(100);
    // Of one that failed already, of one that nobody looked at, of no hardware: none of them ends another life.
    failed(&world, place, tablets[0], Category::Battery).await;
    reported(&world, place, tablets[20], Category::Screen).await;
    failed(&world, place, tablets[21], Category::SignIn).await;
    for tablet in &tablets[4..8] {
        failed(&world, place, *tablet, Category::Keyboard).await;
    }
    repaired(&world, place, tablets[8]).await;
    // The ninth by a record that is folded into it.
    failed(&world, place, other_record, Category::NoStart).await;
    let mut tx = world.db.begin().await.unwrap();
    tx.query("UPDATE device SET merged_into_device_id = $2 WHERE device_id = $1")
        .bind(other_record.0)
        .bind(tablets[9].0)
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for tablet in &tablets[10..12] {
        world.registry.move_device(&staff, *tablet, None, Verb::Retire, "").await.unwrap();
    }
    days(70);

    let report = renewal(&world).lives(&staff, Some(owner)).await.unwrap();
    let names: Vec<_> = report.models.iter().map(|one| (one.model.as_str(), one.devices)).collect();
    assert_eq!(names, [("K-1", 22), ("T-8", 3)], "one model is written in many ways");
    let failure = of(&report.models, "K-1").kind(LifeKind::Failure).unwrap();
    let steps: Vec<_> = failure.curve.steps.iter().map(|step| (step.days, step.at_risk, step.failed)).collect();
    assert_eq!(steps, [(130, 24, 4), (230, 20, 6)]);
    assert!(
        (failure.curve.at(130.0) - 20.0 / 24.0).abs() < 1e-9 && (failure.curve.at(300.0) - 7.0 / 12.0).abs() < 1e-9
    );
    assert_eq!((failure.curve.lives, failure.curve.failures, failure.curve.observed), (24, 10, Some((30, 300))));
    assert_eq!((failure.basis, failure.method, failure.median.days), (Basis::Measured, ForecastMethod::ByAge, None));
    assert_eq!(failure.shares[0].1, None, "nobody looked for a year");
    let next = failure.forecasts[0];
    assert_eq!(next.year.year(), 2028);
    assert!((next.failures.value - 22.0 * 365.0 * 10.0 / 5_240.0).abs() < 1e-6, "{next:?}");
    let battery = of(&report.models, "K-1").kind(LifeKind::Battery).unwrap();
    assert_eq!((battery.basis, battery.curve.failures), (Basis::Assumed, 1));
    // A default of five failures for 100 devices and a year; their batteries end five years after they were acquired.
    let few = of(&report.models, "T-8");
    let failure = few.kind(LifeKind::Failure).unwrap();
    assert_eq!((failure.basis, failure.curve.failures), (Basis::Assumed, 0));
    assert!((failure.forecasts[0].failures.value - 0.15).abs() < 1e-9);
    assert_eq!(few.kind(LifeKind::Battery).unwrap().median.days, Some(1_826));
    assert_eq!((report.whole[0].lives, report.whole[0].failures), (27, 10));
}

async fn lives_are_for_who_sees_the_whole(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(other, "青小学校").await);
    device(&world, (owner, one), &[(Field::Label, text("A-1")), (Field::Model, text("K-1"))]).await;
    device(&world, (other, two), &[(Field::Label, text("B-1")), (Field::Model, text("Ｋ１"))]).await;
    let renewal = renewal(&world);
    let lives = async |who: &Staff, owner: Option<MunicipalityId>| {
        renewal.lives(who, owner).await.map(|report| report.whole[0].lives)
    };
    let prefecture = world.of_role(Role::PrefectureViewer, Place::Prefecture(text("13"))).await;
    let board = world.of_role(Role::BoardViewer, Place::Municipality(owner)).await;
    let part = world.of_role(Role::BoardViewer, Place::School(owner, one)).await;
    let engineer = world.of_role(Role::Engineer, Place::Municipality(owner)).await;
    assert_eq!((lives(&prefecture, None).await.unwrap(), lives(&board, None).await.unwrap()), (2, 1));
    assert_eq!(reason(lives(&board, Some(other)).await), "MUNICIPALITY_NOT_FOUND");
    assert_eq!(reason(lives(&part, Some(owner)).await), "RIGHT_MISSING");
    assert_eq!(lives(&part, None).await.unwrap(), 0);
    assert_eq!(reason(lives(&engineer, Some(owner)).await), "RIGHT_MISSING");
}

/// A tablet of 55,000 yen under restriction until October 2030, so that it is renewed in 2030, four years from now: its warranty
/// ends in the fiscal year 2027, before it may go. A repair of 20,000 yen is 5,000 a year, all of it by the owner; a new one is
/// 11,000 a year for five, of which the fund and the local allocation pay all.
async fn a_repair_is_weighed_against_a_new_device(world: World) {
    let (owner, other) = (world.municipality("131130").await, world.municipality("131121").await);
    let place = (owner, world.school(owner, "緑小学校").await);
    let tablets = fleet(&world, place).await;
    let renewal = renewal(&world);
    let staff = world.staff().await;
    let yen = |amount: i64| Yen::new(amount).unwrap();
    let asked =
        |device: DeviceId| AdviceOrder { owner, device: device.0, repair: yen(20_000), new_device: None, on: None };
    let found = renewal.repair_advice(&staff, &asked(tablets[3])).await.unwrap();
    let due = found.due.unwrap();
    assert_eq!((due.year.year(), due.reason), (2030, DueReason::Restriction));
    let advice = &found.advice;
    assert_eq!((advice.repair.years, advice.replace.years), (4, 5));
    assert_eq!((advice.repair.own(), advice.replace.own()), (yen(20_000), Yen::ZERO));
    assert_eq!((advice.replace.split.of(Payer::StateFund), advice.replace.split.total), (yen(36_666), yen(55_000)));
    assert_eq!((advice.in_all, advice.for_owner), (Cheaper::Repair, Cheaper::Replace));
    assert!(advice.is_restricted && found.restriction_end == parse_date("day", "2030-10-25").ok());
    let later = AdviceOrder { on: parse_date("day", "2031-01-10").ok(), ..asked(tablets[3]) };
    let found = renewal.repair_advice(&staff, &later).await.unwrap();
    assert_eq!((found.advice.is_restricted, found.advice.repair.years), (false, 1));
    assert_eq!(found.advice.replace.own(), yen(55_000), "no programme is known that far ahead");

    let unknown = device(&world, place, &[(Field::Label, text("X-1"))]).await;
    assert_eq!(reason(renewal.repair_advice(&staff, &asked(unknown)).await), "DEVICE_PRICE_UNKNOWN");
    let priced = AdviceOrder { new_device: Some(yen(60_000)), ..asked(unknown) };
    let found = renewal.repair_advice(&staff, &priced).await.unwrap();
    assert_eq!((found.due, found.advice.repair.years), (None, 5), "nothing says when it is renewed");
    let elsewhere = AdviceOrder { owner: other, ..asked(tablets[0]) };
    assert_eq!(reason(renewal.repair_advice(&staff, &elsewhere).await), "DEVICE_NOT_FOUND");
    let prefecture = world.of_role(Role::PrefectureViewer, Place::Prefecture(text("13"))).await;
    assert_eq!(reason(renewal.repair_advice(&prefecture, &asked(tablets[0])).await), "RIGHT_MISSING");
    let engineer = world.of_role(Role::Engineer, Place::Municipality(owner)).await;
    assert_eq!(reason(renewal.repair_advice(&engineer, &asked(tablets[0])).await), "RIGHT_MISSING");
}

async fn spares_are_told_by_school_until_a_day(world: World) {
    let owner = world.municipality("131130").await;
    let (one, two) = (world.school(owner, "緑小学校").await, world.school(owner, "青小学校").await);
    for number in 0..30 {
        for (school, letter) in [(one, "A"), (two, "B")] {
            device(&world, (owner, school), &[(Field::Label, format!("{letter}-{number}"))]).await;
        }
    }
    let staff = world.staff().await;
    for number in 0..4 {
        let said = vec![
            (Field::Label, FieldValue::text(&format!("S-{number}"))),
            (Field::School, FieldValue::text(&one.to_string())),
            (Field::Lifecycle, Lifecycle::Spare.into()),
        ];
        world.registry.create(&staff, None, owner, said).await.unwrap();
    }
    let renewal = renewal(&world);
    let until = parse_date("day", "2027-01-08").ok();
    let order = SparesOrder { owner: Some(owner), by_school: true, until };
    let found = renewal.spares(&staff, order).await.unwrap();
    let told: Vec<_> = found
        .spares
        .iter()
        .map(|one| (one.school.as_ref().map(|(_, name)| name.as_str()), one.in_use, one.free))
        .collect();
    assert_eq!(told, [(Some("緑小学校"), 30, 4), (Some("青小学校"), 30, 0)]);
    assert_eq!(Some(found.until), until);
    // Without a spare the first failure is one too many: 30 devices, five of a hundred a year, 45 days.
    let expected = (-30.0_f64 * 0.05 / 365.25 * 45.0).exp();
    assert!((found.spares[1].outlook.probability - expected).abs() < 1e-9, "{:?}", found.spares[1].outlook);
    assert!(found.spares[0].is_enough() && !found.spares[1].is_enough());
    assert_eq!(reason(renewal.spares(&staff, SparesOrder { owner: None, ..order }).await), "FIELD_INVALID");
    let yesterday = SparesOrder { until: parse_date("day", "2026-11-23").ok(), ..order };
    assert_eq!(reason(renewal.spares(&staff, yesterday).await), "FIELD_INVALID");
}
