//! What is said of lots, and what follows from it.

use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Date {
    parse_date("day", text).unwrap()
}

fn today() -> Date {
    day("2026-11-27")
}

fn share(payer: Payer, amount: &str) -> SaidShare {
    SaidShare { payer: payer.to_number().into(), amount_yen: amount.to_owned() }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// 100 devices of 55,000 yen, tax included.
fn said() -> SaidLot {
    SaidLot {
        kind: 1,
        maker: text("緑工業"),
        model: text("K-1"),
        count: text("100台"),
        acquisition: 1,
        unit_yen: text("55,000円"),
        tax_basis: 1,
        tax_percent: text("10"),
        funding: vec![
            share(Payer::Own, "1,833,334"),
            share(Payer::StateFund, "3,666,666円"),
            share(Payer::Guardian, "0"),
        ],
        delivered: text("R7.9.30"),
        warranty_end: text("令和12年9月29日"),
        ..SaidLot::default()
    }
}

fn fields(error: &Error) -> Vec<&str> {
    error.fields.iter().map(|field| field.field.as_ref()).collect()
}

#[test]
fn lot_is_read_as_boards_write_it() {
    let lot = said().check(today(), Some(4)).unwrap();
    assert_eq!((lot.count, lot.kind, lot.total().unwrap().to_number()), (100, CostKind::Device, 5_500_000));
    assert_eq!(lot.funding.iter().map(|(payer, _)| *payer).collect::<Vec<_>>(), [Payer::StateFund, Payer::Own]);
    assert_eq!(lot.restriction_end, Some(day("2029-09-30")));
    assert_eq!(lot.by_year().unwrap().into_keys().map(FiscalYear::year).collect::<Vec<_>>(), [2025]);
    let stored = serde_json::to_value(&lot).unwrap();
    assert_eq!(serde_json::from_value::<Lot>(stored).unwrap(), lot);
    let free = SaidLot { funding: vec![share(Payer::Own, "5500000")], ..said() };
    assert_eq!(free.check(today(), Some(4)).unwrap().restriction_end, None, "nobody else paid");
    let other = SaidLot { restriction_end: text("2028-03-31"), ..said() };
    assert_eq!(other.check(today(), Some(4)).unwrap().restriction_end, Some(day("2028-03-31")));
    let leap = SaidLot { delivered: text("2024-02-29"), ..said() };
    assert_eq!(leap.check(today(), Some(4)).unwrap().restriction_end, Some(day("2028-02-29")));
}

#[test]
fn tax_is_added_and_rounded_down() {
    let added = |unit: i64, count, tax_percent| {
        let unit_yen = Yen::new(unit).unwrap();
        let of = Acquisition::Purchase { unit_yen, tax_basis: TaxBasis::Added, tax_percent };
        of.total(count).unwrap().to_number()
    };
    assert_eq!((added(50_000, 3, 10), added(49_999, 3, 10), added(105, 1, 8)), (165_000, 164_996, 113));
}

#[test]
fn lease_is_paid_month_by_month() {
    let lease = SaidLot {
        acquisition: 2,
        lease_months: text("60"),
        lease_monthly_yen: text("10万円"),
        funding: vec![share(Payer::Own, "6,000,000")],
        delivered: text("2024-10-01"),
        ..said()
    };
    let lot = lease.check(today(), None).unwrap();
    assert_eq!(lot.lease_end(), Some(day("2029-09-30")));
    let years: Vec<_> = lot.by_year().unwrap().into_iter().map(|(year, yen)| (year.year(), yen.to_number())).collect();
    let full = 1_200_000;
    assert_eq!(years, [(2024, 600_000), (2025, full), (2026, full), (2027, full), (2028, full), (2029, 600_000)]);
    assert_eq!(serde_json::from_value::<Lot>(serde_json::to_value(&lot).unwrap()).unwrap(), lot);
}

#[test]
fn shares_that_do_not_add_up_name_both_sums() {
    let short = SaidLot { funding: vec![share(Payer::Own, "5,499,999")], ..said() };
    let refused = short.check(today(), None).unwrap_err();
    assert_eq!(fields(&refused), ["funding"]);
    assert_eq!(refused.fields[0].message.en, "adds up to 5,499,999 yen, but the whole is 5,500,000 yen");
    let nobody = SaidLot { funding: Vec::new(), ..said() };
    assert_eq!(fields(&nobody.check(today(), None).unwrap_err()), ["funding"]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = SaidLot {
        kind: 10,
        maker: "社".repeat(101),
        count: text("-3"),
        acquisition: 1,
        unit_yen: text("10,000,001"),
        tax_percent: text("10.5"),
        funding: vec![
            share(Payer::Own, "-1"),
            share(Payer::Own, "1.5"),
            SaidShare { payer: 7, amount_yen: text("1000000000000000") },
        ],
        delivered: text("2028-01-02"),
        warranty_end: text("2025-02-29"),
        restriction_end: text("H31.5.1"),
        note: "x".repeat(1_001),
        ..SaidLot::default()
    };
    let refused = wrong.check(today(), None).unwrap_err();
    assert_eq!(
        fields(&refused),
        [
            "kind",
            "maker",
            "model",
            "count",
            "unit_yen",
            "tax_basis",
            "tax_percent",
            "funding.1.amount_yen",
            "funding.2.amount_yen",
            "funding.3.payer",
            "funding.3.amount_yen",
            "delivered",
            "warranty_end",
            "restriction_end",
            "note"
        ]
    );
    let early = SaidLot { warranty_end: text("2025-09-29"), delivered: text("2025-09-30"), ..said() };
    assert_eq!(fields(&early.check(today(), None).unwrap_err()), ["warranty_end"]);
    assert_eq!(
        fields(&SaidLot { delivered: text("2000-03-31"), ..said() }.check(today(), None).unwrap_err()),
        ["delivered"]
    );
    let lease = SaidLot { acquisition: 2, lease_months: text("121"), ..said() };
    assert_eq!(fields(&lease.check(today(), None).unwrap_err()), ["lease_months", "lease_monthly_yen"]);
    let neither = SaidLot { acquisition: 0, ..said() };
    assert_eq!(fields(&neither.check(today(), None).unwrap_err()), ["acquisition"]);
}

proptest! {
    #[test]
    fn every_yen_of_a_lot_leads_to_a_device_and_to_a_year(
        count in 1_u32..400, unit in 0_i64..200_000, percent in 0_u32..=30, months in 1_u32..=120, lease in any::<bool>(),
    ) {
        let said = SaidLot {
            count: count.to_string(), unit_yen: unit.to_string(), tax_basis: 2, tax_percent: percent.to_string(),
            acquisition: if lease { 2 } else { 1 }, lease_months: months.to_string(),
            lease_monthly_yen: unit.to_string(), ..said()
        };
        let total = said.acquisition(&mut Vec::new()).unwrap().total(count).unwrap();
        let said = SaidLot { funding: vec![share(Payer::Own, &total.to_string())], ..said };
        let lot = said.check(today(), None).unwrap();
        prop_assert_eq!(Yen::sum(lot.by_device().unwrap()), Ok(total));
        prop_assert_eq!(lot.by_device().unwrap().len(), count as usize);
        prop_assert_eq!(Yen::sum(lot.by_year().unwrap().into_values()), Ok(total));
    }
}
