use super::*;
use crate::{
    access::rules::days::parse_date,
    devices::rules::fields::OsKind,
    renewal::rules::{
        CostKind,
        assumptions::Assumptions,
        ends::{EndMeaning, SupportEnds},
        fraction::Fraction,
        programmes::Programmes,
        rule_sets::product,
        scenario::Scenarios,
    },
    schools::rules::fiscal::FiscalYear,
};

fn origin() -> Origin {
    Origin { source: String::from("市の計画"), date: parse_date("day", "2026-11-27").unwrap(), verified: true }
}

fn fields(wrong: &[FieldViolation]) -> Vec<&str> {
    wrong.iter().map(|wrong| wrong.field.as_ref()).collect()
}

fn programme() -> ProgrammeEdit {
    ProgrammeEdit {
        of: String::from("next-giga"),
        copy: None,
        name: None,
        first: None,
        last: None,
        standard: None,
        rate: None,
        cap: None,
        origin: origin(),
    }
}

#[test]
fn figures_of_a_programme_change_and_nothing_else() {
    let text = product(RulesKind::Programmes);
    let cap = Some(Fraction::new(20, 100).unwrap());
    let edit = ProgrammeEdit { cap, standard: Some(Yen::new(60_000).unwrap()), ..programme() };
    let new = Programmes::read(&Edit::Programme(edit).made_in(text).unwrap()).unwrap();
    let old = Programmes::default();
    assert_eq!((&new.programmes[0], &new.programmes[2]), (&old.programmes[0], &old.programmes[2]));
    let (old, new) = (&old.programmes[1], &new.programmes[1]);
    assert_eq!((Some(new.spare_cap.value), &new.spare_cap.origin), (cap, &origin()));
    let device = new.cover_of(CostKind::Device).unwrap();
    assert_eq!((device.standard.map(Yen::to_number), device.rate), (Some(60_000), Fraction::new(2, 3).unwrap()));
    assert_eq!((&new.rest, &new.origin, new.last), (&old.rest, &old.origin, old.last));
}

#[test]
fn copy_of_a_programme_has_its_own_years_and_may_not_overlap() {
    let text = product(RulesKind::Programmes);
    let year = FiscalYear::starting_in;
    let copy = ProgrammeEdit {
        copy: Some(String::from("next-giga-2")),
        name: Some(String::from("延長")),
        first: year(2029),
        last: year(2030),
        ..programme()
    };
    let later = ProgrammeEdit { first: year(2034), last: year(2035), ..copy.clone() };
    let new = Programmes::read(&Edit::Programme(later).made_in(text).unwrap()).unwrap();
    assert_eq!((new.programmes.len(), new.programmes[2].id.as_str()), (4, "next-giga-2"));
    let added = &new.programmes[2];
    assert_eq!((added.name.ja.as_ref(), added.origin.source.as_str()), ("延長", "市の計画"));
    // Those that are invented count too: of a kind and a year there is one.
    let overlapping = Edit::Programme(copy).made_in(text).unwrap_err();
    assert!(fields(&overlapping).iter().all(|field| field.ends_with(".from_date")), "{overlapping:?}");
    assert_eq!(fields(&Edit::Programme(programme()).made_in(text).unwrap_err()), ["programmes"]);
}

#[test]
fn end_takes_the_place_of_the_same_one_or_comes_behind() {
    let text = product(RulesKind::Ends);
    let end = EndEdit {
        line: None,
        os: OsKind::Chromeos,
        models: vec![String::from("Chromebook 300e*")],
        versions: Vec::new(),
        last_day: parse_date("day", "2031-06-30").unwrap(),
        meaning: EndMeaning::LastCorrection,
        origin: origin(),
    };
    let once = Edit::End(end.clone()).made_in(text).unwrap();
    let later = EndEdit { last_day: parse_date("day", "2032-06-30").unwrap(), ..end.clone() };
    let twice = SupportEnds::read(&Edit::End(later.clone()).made_in(&once).unwrap()).unwrap();
    assert_eq!((twice.ends.len(), twice.ends[2].last_day), (SupportEnds::default().ends.len() + 1, later.last_day));
    let first = SupportEnds::read(&Edit::End(EndEdit { line: Some(1), ..end.clone() }).made_in(text).unwrap()).unwrap();
    assert_eq!((first.ends.len(), first.ends[0].os), (2, OsKind::Chromeos));
    for line in [0, 9] {
        let wrong = Edit::End(EndEdit { line: Some(line), ..end.clone() }).made_in(text).unwrap_err();
        assert_eq!(fields(&wrong), ["ends"]);
    }
    let nothing = Edit::End(EndEdit { models: Vec::new(), ..end }).made_in(text).unwrap_err();
    assert_eq!(fields(&nothing), ["ends.3.models"]);
}

#[test]
fn scenario_of_prices_is_new_or_changed() {
    let text = product(RulesKind::Scenarios);
    let edit = |of: Option<&str>, percent| {
        Edit::Price(PriceEdit { of: of.map(str::to_owned), name: None, percent, origin: origin() })
    };
    let count = Scenarios::default().scenarios.len();
    let new = Scenarios::read(&edit(None, 10).made_in(text).unwrap()).unwrap();
    assert_eq!((new.scenarios.len(), new.scenarios[count].id.as_str()), (count + 1, "price-up-10-2"));
    let changed = Scenarios::read(&edit(Some("price-up-10"), 25).made_in(text).unwrap()).unwrap();
    assert!(format!("{:?}", changed.find("price-up-10").unwrap().changes).contains("percent: 25"));
    assert_eq!(fields(&edit(Some("price-up-10"), 900).made_in(text).unwrap_err()), ["scenarios.5.changes.1.percent"]);
    assert_eq!(fields(&edit(Some("nobody"), 5).made_in(text).unwrap_err()), ["scenarios"]);
}

#[test]
fn assumptions_change_one_by_one_and_wrong_rules_are_told_before() {
    let text = product(RulesKind::Assumptions);
    let edit = AssumptionEdit {
        tax: Some(AllocationTax::ReceivesNone),
        years: None,
        device_price: Some(Yen::new(61_000).unwrap()),
        spare_price: None,
        origin: origin(),
    };
    let new = Assumptions::read(&Edit::Assumption(edit.clone()).made_in(text).unwrap()).unwrap();
    assert_eq!((new.tax.value, new.renew_after_years.value), (AllocationTax::ReceivesNone, 5));
    assert_eq!(new.device_price.unwrap().value.to_number(), 61_000);
    assert!(new.spare_price.is_none());
    assert_eq!(fields(&Edit::Assumption(edit.clone()).made_in("{").unwrap_err()), ["file"]);
    let nothing = AssumptionEdit { tax: None, device_price: None, ..edit };
    assert_eq!(fields(&Edit::Assumption(nothing).made_in(text).unwrap_err()), ["assumptions"]);
}
