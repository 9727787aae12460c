//! The programmes that ship, splits at their limits, and files that are refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    access::rules::days::parse_date,
    error::FieldViolation,
    renewal::rules::money::{RoundingMode, RoundingUnit},
};

const SHIPPED: &str = include_str!("../../../../data/subsidy-programmes.json");

fn day(text: &str) -> Date {
    parse_date("day", text).unwrap()
}

fn yen(amount: i64) -> Yen {
    Yen::new(amount).unwrap()
}

fn bought(kind: CostKind, unit: i64, count: u32) -> Bought {
    Bought { kind, unit_price: yen(unit), count, cap: SpareCap::Within }
}

fn shares(split: &Split) -> Vec<(Payer, i64)> {
    split.shares.iter().map(|(payer, amount)| (*payer, amount.to_number())).collect()
}

/// The file that ships, after a change.
fn refused(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let mut value: Value = serde_json::from_str(SHIPPED).unwrap();
    change(&mut value);
    let said = |wrong: FieldViolation| (wrong.field.into_owned(), wrong.message.en.into_owned());
    Programmes::read(&value.to_string()).unwrap_err().into_iter().map(said).collect()
}

fn fields(refused: &[(String, String)]) -> Vec<&str> {
    refused.iter().map(|(field, _)| field.as_str()).collect()
}

#[test]
fn shipped_programmes_are_those_of_the_domain() {
    let all = Programmes::default();
    let next = &all.programmes[1];
    assert_eq!((next.id.as_str(), next.first.year(), next.last.year()), ("next-giga", 2024, 2028));
    for kind in [CostKind::Device, CostKind::Spare] {
        let cover = next.cover_of(kind).unwrap();
        assert_eq!(
            (cover.standard, cover.rate, cover.payer),
            (Some(yen(55_000)), Fraction::new(2, 3).unwrap(), Payer::StateFund)
        );
    }
    assert!(
        CostKind::ALL.iter().all(|kind| kind.is_renewal() == next.cover_of(*kind).is_some()),
        "nothing that runs is covered"
    );
    assert!(!next.rounding.origin.verified, "nobody confirmed how grants are rounded");
    assert_eq!(next.disposal_restriction_years.value, 4);
    let invented: Vec<_> = all.programmes.iter().map(|one| one.invented).collect();
    assert_eq!(invented, [false, false, true]);
    assert!(all.programmes[2].name.ja.contains("架空") && all.programmes[2].origin.source.contains("架空"));
    assert_eq!(all.without_invented().programmes.len(), 2);
}

#[test]
fn price_above_the_standard_is_the_owners() {
    let all = Programmes::default();
    let of = |owner, unit| shares(&all.split(day("2025-06-01"), owner, &bought(CostKind::Device, unit, 10)).unwrap());
    // 2/3 of 550,000 is 366,666.67.
    assert_eq!(
        of(AllocationTax::Receives, 60_000),
        [(Payer::StateFund, 366_666), (Payer::LocalAllocation, 183_334), (Payer::Own, 50_000)]
    );
    assert_eq!(of(AllocationTax::ReceivesNone, 60_000), [(Payer::StateFund, 366_666), (Payer::Own, 233_334)]);
    assert_eq!(of(AllocationTax::Receives, 45_000), [(Payer::StateFund, 300_000), (Payer::LocalAllocation, 150_000)]);
    assert_eq!(of(AllocationTax::ReceivesNone, 0), []);
}

#[test]
fn year_of_the_purchase_decides_which_programme_holds() {
    let all = Programmes::default().without_invented();
    let of = |text| {
        let split = all.split(day(text), AllocationTax::Receives, &bought(CostKind::Device, 50_000, 1)).unwrap();
        (split.programme.clone(), shares(&split))
    };
    assert_eq!(of("2021-03-31"), (Some("giga-1".into()), vec![(Payer::StateOther, 45_000), (Payer::Own, 5_000)]));
    assert_eq!(of("2021-04-01"), (None, vec![(Payer::Own, 50_000)]));
    assert_eq!(of("2024-03-31").0, None);
    assert_eq!(of("2024-04-01").0, Some("next-giga".into()));
    assert_eq!(of("2029-03-31").0, Some("next-giga".into()));
    assert_eq!(of("令和11年4月1日").0, None, "what comes then nobody knows");
}

#[test]
fn what_is_not_covered_is_the_owners() {
    let all = Programmes::default();
    let of = |bought: &Bought| shares(&all.split(day("2025-06-01"), AllocationTax::Receives, bought).unwrap());
    assert_eq!(of(&bought(CostKind::Repair, 20_000, 3)), [(Payer::Own, 60_000)]);
    let above = Bought { cap: SpareCap::Above, ..bought(CostKind::Spare, 50_000, 2) };
    assert_eq!(of(&above), [(Payer::Own, 100_000)]);
    assert_eq!(
        of(&bought(CostKind::Spare, 50_000, 3)),
        [(Payer::StateFund, 100_000), (Payer::LocalAllocation, 50_000)]
    );
}

#[test]
fn spares_are_covered_up_to_the_cap() {
    let all = Programmes::default();
    let next = &all.programmes[1];
    // floor(7,800 × 0.15) = 1,170.
    assert_eq!(next.spares_covered(7_800, 0, 1_170), (1_170, 0));
    assert_eq!(next.spares_covered(7_800, 0, 1_171), (1_170, 1));
    assert_eq!(next.spares_covered(7_800, 1_170, 5), (0, 5));
    assert_eq!(next.spares_covered(7_800, 9_999, 5), (0, 5));
    assert_eq!(next.spares_covered(6, 0, 1), (0, 1));
}

#[test]
fn rounding_for_each_device_differs_from_rounding_of_the_total() {
    let of = |per, mode| {
        let mut all = Programmes::default();
        all.programmes[1].rounding.value = GrantRounding { per, rounding: Rounding { mode, unit: RoundingUnit::One } };
        all.split(day("2025-06-01"), AllocationTax::ReceivesNone, &bought(CostKind::Device, 55_000, 300))
            .unwrap()
            .of(Payer::StateFund)
            .to_number()
    };
    assert_eq!(of(RoundedPer::Total, RoundingMode::Floor), 11_000_000);
    assert_eq!(of(RoundedPer::Device, RoundingMode::Floor), 10_999_800);
    assert_eq!(of(RoundedPer::Device, RoundingMode::Ceil), 11_000_100);
}

#[test]
fn nobody_pays_more_than_is_left() {
    let mut all = Programmes::default();
    let mut of = |rest: &[(Payer, RestOf)]| {
        all.programmes[1].rest.value = rest.iter().map(|(payer, of)| Rest { payer: *payer, of: *of }).collect();
        shares(&all.split(day("2025-06-01"), AllocationTax::Receives, &bought(CostKind::Device, 60_000, 3)).unwrap())
    };
    let (allocation, prefecture, own) = (Payer::LocalAllocation, Payer::Prefecture, Payer::Own);
    let fund = (Payer::StateFund, 110_000);
    let twice = [(allocation, RestOf::Eligible), (prefecture, RestOf::Eligible), (own, RestOf::Total)];
    assert_eq!(of(&twice), [fund, (allocation, 55_000), (own, 15_000)], "what counts is paid once");
    let all_first = [(prefecture, RestOf::Total), (allocation, RestOf::Eligible), (own, RestOf::Total)];
    assert_eq!(of(&all_first), [fund, (prefecture, 70_000)]);
    all.programmes[1].rounding.value.rounding = Rounding { mode: RoundingMode::Ceil, unit: RoundingUnit::Thousand };
    all.programmes[1].covers[0].rate = Fraction::WHOLE;
    let up = all.split(day("2025-06-01"), AllocationTax::Receives, &bought(CostKind::Device, 40_100, 1)).unwrap();
    assert_eq!(shares(&up), [(Payer::StateFund, 40_100)], "no grant is rounded up to more than there is");
}

#[test]
fn all_that_is_wrong_is_said_with_programme_and_field() {
    let wrong = refused(|value| {
        let next = &mut value["programmes"][1];
        next["covers"][0]["rate"] = json!("4/3");
        next["covers"][1].as_object_mut().unwrap().remove("source");
        next["from_date"] = json!("2024-07-01");
        next["rounding"]["value"]["unit_yen"] = json!(10);
        next["colour"] = json!("blue");
        value["programmes"][2]["spare_cap"]["value"] = json!("150%");
        value["programmes"][2]["to_date"] = json!("2034-03-30");
    });
    assert_eq!(
        fields(&wrong),
        [
            "programmes.next-giga.from_date",
            "programmes.next-giga.covers.1.rate",
            "programmes.next-giga.covers.2.source",
            "programmes.next-giga.rounding.value.unit_yen",
            "programmes.next-giga.colour",
            "programmes.giga-3-invented.to_date",
            "programmes.giga-3-invented.spare_cap.value",
        ]
    );
    assert_eq!(wrong[0].1, "begins on 2024-07-01, within a fiscal year: needs its first day, for example 2024-04-01");
}

#[test]
fn programmes_for_one_kind_do_not_overlap() {
    let wrong = refused(|value| value["programmes"][2]["from_date"] = json!("2028-04-01"));
    assert_eq!(fields(&wrong), ["programmes.giga-3-invented.from_date"; 2], "devices and spares");
    assert!(wrong[0].1.contains("next-giga") && wrong[0].1.contains("DEVICE"), "{}", wrong[0].1);
    let other_kind = |value: &mut Value| {
        value["programmes"][2]["from_date"] = json!("2028-04-01");
        value["programmes"][2]["covers"] = json!([]);
    };
    let mut value: Value = serde_json::from_str(SHIPPED).unwrap();
    other_kind(&mut value);
    assert!(Programmes::read(&value.to_string()).is_ok(), "what covers nothing overlaps nothing");
    let twice = refused(|value| value["programmes"][0]["id"] = json!("next-giga"));
    assert_eq!(fields(&twice), ["programmes.next-giga.id"]);
    let backwards = refused(|value| value["programmes"][1]["to_date"] = json!("2024-03-31"));
    assert_eq!(fields(&backwards), ["programmes.next-giga.to_date"]);
}

#[test]
fn somebody_pays_the_last_yen() {
    for rest in
        [json!([]), json!([{"payer": "LOCAL_ALLOCATION", "of": "TOTAL"}]), json!([{"payer": "OWN", "of": "ELIGIBLE"}])]
    {
        let wrong = refused(|value| value["programmes"][1]["rest"]["value"] = rest);
        assert_eq!(fields(&wrong), ["programmes.next-giga.rest.value"]);
    }
}

#[test]
fn file_without_programmes_or_json_is_refused() {
    let names =
        |text| Programmes::read(text).unwrap_err().iter().map(|wrong| wrong.field.to_string()).collect::<Vec<_>>();
    assert_eq!(names("{}"), ["source", "programmes"]);
    assert_eq!(names("["), ["file"]);
    assert_eq!(names("[]"), ["file"]);
    let nameless = refused(|value| value["programmes"][1]["id"] = json!("Next GIGA"));
    assert_eq!(fields(&nameless), ["programmes.2.id"]);
}

proptest! {
    #[test]
    fn payers_pay_the_total_to_the_yen(
        unit in 0_i64..300_000, count in 0_u32..100_000, kind in 0_usize..16, year in 2019_i32..2036,
        (above, below) in (0_u32..=40, 1_u32..=40), standard in prop::option::of(1_i64..200_000),
        per in 0_usize..2, mode in 0_usize..3, unit_of in 0_usize..3, tax in 0_usize..2, cap in 0_usize..2,
    ) {
        let mut all = Programmes::default();
        for programme in &mut all.programmes {
            programme.rounding.value = GrantRounding {
                per: RoundedPer::ALL[per],
                rounding: Rounding { mode: RoundingMode::ALL[mode], unit: RoundingUnit::ALL[unit_of] },
            };
            for cover in &mut programme.covers {
                cover.rate = Fraction::new(above.min(below), below).unwrap();
                cover.standard = standard.map(yen);
            }
        }
        let what = Bought { cap: SpareCap::ALL[cap], ..bought(CostKind::ALL[kind], unit, count) };
        let date = FiscalYear::starting_in(year).unwrap().last_day();
        let split = all.split(date, AllocationTax::ALL[tax], &what).unwrap();
        prop_assert_eq!(split.total, yen(unit).times(count).unwrap());
        prop_assert_eq!(Yen::sum(split.shares.iter().map(|(_, amount)| *amount)).unwrap(), split.total);
        prop_assert!(split.shares.iter().all(|(_, amount)| *amount > Yen::ZERO));
        prop_assert!(AllocationTax::ALL[tax] == AllocationTax::Receives || split.of(Payer::LocalAllocation) == Yen::ZERO);
    }
}
