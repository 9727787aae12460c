//! Reports of what is known, without a database.

use time::Date;
use uuid::Uuid;

use super::{
    asked::{Asked, Reported, read},
    costs::{CostDetail, CostOrder, CostReport, costs},
    plan::{PlanOrder, figures, plan, programme},
    scenarios::scenarios,
};
use crate::{
    access::rules::days::{midnight_in_japan, parse_date},
    clock::Timestamp,
    renewal::rules::{
        CostKind, Payer,
        board::{Planned, Pupils},
        body::{Body, Stated},
        known::{Known, KnownEntry},
        ledger::EntryId,
        lots::{Acquisition, Lot, TaxBasis},
        money::{Unreckoned, Yen},
        rule_sets::RuleSet,
        scenario::Change,
        smoothing::{Limit, Prefer},
    },
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

fn day(text: &str) -> Date {
    parse_date("day", text).unwrap()
}

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn lot(count: u32, delivered: &str) -> Lot {
    Lot {
        kind: CostKind::Device,
        maker: String::new(),
        model: String::from("K-1"),
        count,
        acquisition: Acquisition::Purchase { unit_yen: yen(100), tax_basis: TaxBasis::Included, tax_percent: 10 },
        funding: vec![(Payer::Own, yen(100 * i64::from(count)))],
        delivered: day(delivered),
        warranty_end: None,
        restriction_end: None,
        note: String::new(),
    }
}

fn known(today: &str, bodies: Vec<Body>) -> Known {
    let as_of = midnight_in_japan(day(today));
    let entry = |(number, body)| KnownEntry {
        id: EntryId(Uuid::from_u128(number)),
        recorded_at: as_of,
        stated: Stated { school: None, body },
    };
    let entries = (1..).zip(bodies).map(entry).collect();
    Known { entries, code: String::from("139017"), ..Known::of_nobody(as_of, RuleSet::default()) }
}

#[test]
fn year_of_a_lot_turns_on_the_first_of_april() {
    let known = known("2026-11-27", vec![Body::Lot(lot(3, "2026-03-31")), Body::Lot(lot(5, "2026-04-01"))]);
    let years = [2025, 2026].map(|year| FiscalYear::starting_in(year).unwrap());
    let (entered, problems) = figures(&known, &years);
    assert_eq!((entered.len(), problems.len()), (0, 2), "nobody said how many pupils there are");
    let report = costs(&known, CostOrder::default()).unwrap();
    let years: Vec<_> =
        report.lines.iter().take(2).map(|line| (line.key.year.year(), line.amount.to_number())).collect();
    assert_eq!(years, [(2025, 300), (2026, 500)]);
}

#[test]
fn years_to_come_begin_anew_at_midnight_in_japan() {
    let of_day = known("2026-04-01", vec![Body::Lot(lot(3, "2025-09-30"))]);
    let before = Known { as_of: Timestamp(of_day.as_of.0 - 1), ..of_day.clone() };
    let comes = |known: &Known| costs(known, CostOrder::default()).unwrap().outlook_from.year();
    assert_eq!((comes(&before), comes(&of_day)), (2026, 2027), "31 March, and 1 April a microsecond later");
}

#[test]
fn planned_devices_are_those_of_the_whole_or_else_of_the_schools() {
    let year = FiscalYear::starting_in(2026).unwrap();
    let planned = |installed, installed_by_fund, spares| {
        let note = String::new();
        Body::Planned(Planned { year, installed, installed_by_fund, spares, spares_by_fund: 0, note })
    };
    let pupils = Body::Pupils(Pupils { year, count: 100, source: String::new(), note: String::new() });
    let mut known = known("2026-11-27", vec![pupils, planned(30, 20, 4), planned(12, 0, 1)]);
    for (number, entry) in (7..).zip(&mut known.entries[1..]) {
        entry.stated.school = Some(SchoolId(Uuid::from_u128(number)));
    }
    let entered = |known: &Known| {
        let of_year = figures(known, &[year]).0.remove(0);
        (of_year.installed, of_year.installed_by_fund, of_year.spares)
    };
    assert_eq!(entered(&known), (42, 20, 5));
    let whole = KnownEntry { stated: Stated { school: None, body: planned(40, 40, 6) }, ..known.entries[0].clone() };
    known.entries.push(whole);
    assert_eq!(entered(&known), (40, 40, 6));
}

#[test]
fn programme_is_the_one_of_today_or_the_last_before() {
    let rules = RuleSet::default();
    let of = |wanted: Option<&str>, year: i32| {
        programme(&rules, wanted, FiscalYear::starting_in(year).unwrap()).map(|one| one.id.clone())
    };
    assert_eq!(of(None, 2026).as_deref(), Some("next-giga"));
    assert_eq!(of(None, 2022).as_deref(), Some("giga-1"));
    assert_eq!(of(None, 2031).as_deref(), Some("next-giga"), "an invented one counts only where it is named");
    assert_eq!(of(Some("giga-3-invented"), 2026).as_deref(), Some("giga-3-invented"));
    assert_eq!((of(Some("x"), 2026), of(None, 2010)), (None, None));
}

#[test]
fn content_says_what_was_asked_for() {
    let known = known("2026-11-27", vec![Body::Lot(lot(3, "2026-03-31"))]);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let sealed = plan(&known, &PlanOrder::default()).unwrap().seal();
    let reported = read(&value(&sealed.content)).unwrap();
    let order = PlanOrder { programme: Some(String::from("next-giga")), ..PlanOrder::default() };
    assert_eq!((reported.asked, reported.as_of, reported.is_of_one), (Asked::Plan(order), known.as_of, true));
    let sealed = costs(&known, CostOrder::default()).unwrap().seal();
    assert_eq!(read(&value(&sealed.content)).unwrap().owners, ["139017"]);
    let sealed = scenarios(&known, &[String::from("today"), String::from("nothing")], None).unwrap().seal();
    assert_eq!(read(&value(&sealed.content)).unwrap().asked, Asked::Scenarios(vec![String::from("today")]));
    assert_eq!(read(&value("{\"report\":\"OTHER\"}")), None);
}

#[test]
fn scenario_of_a_file_that_can_not_be_reckoned_is_named_with_the_owner() {
    let mut known = known("2026-11-27", vec![Body::Lot(lot(3, "2025-09-30"))]);
    let mut rules = RuleSet::default();
    let scenario = rules.scenarios.scenarios.iter_mut().find(|one| one.id == "today").unwrap();
    scenario.changes.push(Change::Even { limit: Limit::Yen(yen(99)), prefer: Prefer::Later });
    known.rules = rules.into();
    let Err(Unreckoned::Refused(wrong)) = scenarios(&known, &[], None) else { panic!("a device costs 100 yen") };
    assert_eq!(wrong.field, "scenario_ids");
    let name = &known.rules.scenarios.find("today").unwrap().name;
    for (said, name) in [(&wrong.message.ja, &name.ja), (&wrong.message.en, &name.en)] {
        assert!(said.contains(&**name) && said.contains("139017") && said.contains("99"), "{said}");
    }
    assert!(scenarios(&known, &[String::from("running-costs-covered")], None).is_ok());
}

#[test]
fn content_tells_of_devices_where_they_were_asked_for() {
    // Nobody paid for the first lot, so the years of costs begin with the second.
    let acquisition = Acquisition::Purchase { unit_yen: yen(0), tax_basis: TaxBasis::Included, tax_percent: 10 };
    let given = Lot { funding: Vec::new(), acquisition, ..lot(3, "2024-03-31") };
    let one = known("2026-11-27", vec![Body::Lot(given), Body::Lot(lot(5, "2025-04-01"))]);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let asked = |text: &str| match read(&value(text)) {
        Some(Reported { asked: Asked::Costs(order), .. }) => order,
        other => panic!("it is of costs, not {other:?}"),
    };
    let usual = costs(&one, CostOrder::default()).unwrap().seal();
    assert_eq!(value(&usual.content).get("devices"), None, "reports of before stay the same bytes");
    assert!(!asked(&usual.content).per_device);
    let sealed = costs(&one, CostOrder::OF_BOARD).unwrap().seal();
    let order = asked(&sealed.content);
    assert_eq!((order.first.map(FiscalYear::year), order.per_device), (Some(2025), true));
    let first = serde_json::json!({ "count": 8, "fiscal_year": 2025, "owner": "139017" });
    assert_eq!(value(&sealed.content)["devices"][0], first);
    assert_eq!(costs(&one, order).unwrap().seal().content, sealed.content);
    // Beside an owner whose costs began before, the devices of both count from then on.
    let other = Known { code: String::from("132276"), ..known("2026-11-27", vec![Body::Lot(lot(1, "2023-06-01"))]) };
    let both = |order| {
        let reports = [&one, &other].map(|known| costs(known, order).unwrap());
        CostReport::together(reports.to_vec()).unwrap().unwrap().seal()
    };
    let sealed = both(CostOrder::OF_BOARD);
    let order = asked(&sealed.content);
    assert_eq!(order.first.map(FiscalYear::year), Some(2023));
    let of_2023 = (String::from("139017"), FiscalYear::starting_in(2023).unwrap());
    assert_eq!(sealed.report.devices.as_ref().unwrap()[&of_2023], 3);
    assert_eq!(both(order).content, sealed.content);
}

#[test]
fn sums_of_an_owner_are_those_of_its_schools_and_models() {
    let lots = [lot(3, "2024-09-30"), lot(5, "2025-06-30"), Lot { model: String::from("K-2"), ..lot(7, "2025-06-30") }];
    let mut known = known("2026-11-27", lots.map(Body::Lot).to_vec());
    known.entries[1].stated.school = Some(SchoolId(Uuid::from_u128(9)));
    let order = |detail| CostOrder { detail, ..CostOrder::default() };
    let places = costs(&known, order(CostDetail::Places)).unwrap();
    let owners = costs(&known, order(CostDetail::Owners)).unwrap();
    assert!(owners.lines.len() < places.lines.len());
    let sums = |report: &CostReport| {
        report.by(|line| (line.owner.clone(), line.key.year, line.key.payer, line.key.kind, line.basis)).unwrap()
    };
    assert_eq!(sums(&owners), sums(&places));
    assert!(owners.lines.iter().all(|line| line.key.school.is_none() && line.key.model.is_empty()));
    let other = Known { code: String::from("132276"), ..known.clone() };
    let both = |detail| {
        let reports = [&known, &other].map(|known| costs(known, order(detail)).unwrap());
        CostReport::together(reports.to_vec()).unwrap().unwrap()
    };
    let (by_owner, together) = (both(CostDetail::Owners), both(CostDetail::Together));
    assert_eq!((together.lines.len() * 2, together.owners.len()), (by_owner.lines.len(), 2));
    let of_nobody = |report: &CostReport| report.by(|line| (line.key.clone(), line.basis)).unwrap();
    assert_eq!(of_nobody(&together), of_nobody(&by_owner));
    for (report, detail) in
        [(places, CostDetail::Places), (owners, CostDetail::Owners), (together, CostDetail::Together)]
    {
        let content = report.seal().content;
        let value = serde_json::from_str(&content).unwrap();
        let Some(Reported { asked: Asked::Costs(order), .. }) = read(&value) else { panic!("it is of costs") };
        assert_eq!(order.detail, detail);
        assert_eq!(
            content.contains("\"detail\""),
            detail != CostDetail::Places,
            "reports of before stay the same bytes"
        );
        assert_eq!(super::content::canonical(&value), content);
    }
}
