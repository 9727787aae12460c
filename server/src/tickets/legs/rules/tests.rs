use proptest::prelude::*;
use time::Date;

use super::{said::*, *};
use crate::{
    access::rules::days::{date_text, parse_date},
    clock::Timestamp,
    devices::rules::lifecycle::moved,
    error::Error,
};

const NOW: Timestamp = Timestamp(1_795_489_200_000_000);

fn today() -> Date {
    parse_date("today", "2026-11-24").expect("a day")
}

fn fields(error: &Error) -> Vec<&str> {
    error.fields.iter().map(|field| field.field.as_ref()).collect()
}

/// Says again what is known.
fn said_of(repair: &Repair) -> SaidRepair {
    let day = |day: Option<Date>| day.map(date_text).unwrap_or_default();
    SaidRepair {
        vendor: repair.vendor.clone(),
        quote: Yen::of(repair.quote_yen),
        insurance: repair.insurance.to_number().into(),
        insurance_number: repair.insurance_number.clone(),
        sent: day(repair.sent_on),
        back: day(repair.back_on),
        cost: Yen::of(repair.cost_yen),
        payer: repair.payer.map_or(0, |payer| payer.to_number().into()),
        note: repair.note.clone(),
    }
}

fn leads(from: Lifecycle, verb: Verb) -> Option<Lifecycle> {
    moved(from, None, verb, NOW).ok().map(|to| to.unwrap_or(from))
}

#[test]
fn every_end_of_a_leg_is_open_where_the_leg_began() {
    for from in Lifecycle::ALL {
        for becomes in Swapped::ALL {
            let Some(to) = leads(*from, becomes.verb()) else { continue };
            match becomes {
                Swapped::InRepair => {
                    assert_eq!(to, Lifecycle::InRepair);
                    let ends = RepairEnd::ALL.iter().map(|end| leads(to, end.verb()));
                    let all = [Some(Lifecycle::Spare), Some(Lifecycle::InUse), Some(Lifecycle::Retired)];
                    assert!(ends.eq(all), "{}", from.name());
                }
                Swapped::Lost => {
                    assert_eq!(to, Lifecycle::Lost);
                    let ends = LossEnd::ALL.iter().map(|end| leads(to, end.verb()));
                    assert!(ends.eq([Some(Lifecycle::Spare), Some(Lifecycle::Retired)]), "{}", from.name());
                }
            }
        }
    }
    assert_eq!(leads(Lifecycle::Disposed, Verb::SendToRepair), None);
    assert!(!is_to_do(Verb::Retire, Lifecycle::Disposed) && is_to_do(Verb::Retire, Lifecycle::InRepair));
}

#[test]
fn words_have_the_numbers_of_the_renewal_ledger() {
    let kinds: Vec<_> = CostKind::ALL.iter().map(|kind| kind.to_number()).collect();
    assert_eq!(kinds, [3, 10, 11, 12, 16]);
    let payers: Vec<_> = Payer::ALL.iter().map(|payer| payer.to_number()).collect();
    assert_eq!(payers, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn all_that_is_wrong_with_a_repair_is_said_at_once() {
    let wrong = SaidRepair {
        vendor: "社".repeat(VENDOR + 1),
        quote: Yen::Amount(-1),
        insurance: 4,
        insurance_number: "1".repeat(NUMBER + 1),
        sent: String::from("2026-02-30"),
        back: String::from("2028-01-01"),
        cost: Yen::Unreadable,
        payer: 7,
        note: "x".repeat(1_001),
    };
    let refused = wrong.check(today(), false).expect_err("all of it is wrong");
    let names = [
        "terms.vendor",
        "terms.quote_yen",
        "terms.insurance",
        "terms.insurance_number",
        "terms.sent_date",
        "terms.back_date",
        "terms.cost_yen",
        "terms.payer",
        "terms.note",
    ];
    assert_eq!((refused.reason, fields(&refused)), ("FIELD_INVALID", names.to_vec()));
    let day = |text: &str| String::from(text);
    let back_first = SaidRepair { sent: day("2026-11-20"), back: day("2026-11-19"), ..SaidRepair::default() };
    let refused = back_first.check(today(), false).expect_err("it is back before it went");
    assert_eq!(fields(&refused), ["terms.back_date"]);
    let nobody_pays = SaidRepair { cost: Yen::Amount(1), ..SaidRepair::default() };
    assert_eq!(fields(&nobody_pays.check(today(), true).expect_err("nobody pays")), ["terms.payer"]);
    let too_dear = SaidRepair { cost: Yen::Amount(MOST_YEN + 1), payer: 5, ..SaidRepair::default() };
    assert_eq!(fields(&too_dear.check(today(), true).expect_err("too dear")), ["terms.cost_yen"]);
    // One that ends is back today, unless it was back before; one that was sent in the future is not.
    let ended = SaidRepair::default().check(today(), true).expect("nothing is wrong");
    assert_eq!((ended.back_on, ended.insurance), (Some(today()), Insurance::None));
    let future = SaidRepair { sent: day("2026-12-01"), ..SaidRepair::default() };
    assert_eq!(fields(&future.check(today(), true).expect_err("not yet sent")), ["terms.back_date"]);
}

#[test]
fn days_reach_four_hundred_days_ahead_and_losses_only_to_today() {
    let ahead = |days: i32| date_text(Date::from_julian_day(today().to_julian_day() + days).expect("a day"));
    let sent = |days| SaidRepair { sent: ahead(days), ..SaidRepair::default() }.check(today(), false).is_ok();
    assert!(sent(400) && !sent(401));
    let loss = SaidLoss { noticed: ahead(1), police: ahead(2), board: ahead(3), ..SaidLoss::default() };
    let refused = loss.check(today()).expect_err("it was not yet");
    assert_eq!(fields(&refused), ["terms.notice_date", "terms.police_date", "terms.board_date"]);
    assert_eq!(fields(&SaidLoss::default().check(today()).expect_err("no day")), ["terms.notice_date"]);
    assert!(SaidLoss { noticed: ahead(0), ..SaidLoss::default() }.check(today()).is_ok());
}

#[test]
fn amounts_are_read_in_any_width() {
    for (text, read) in [
        ("", Yen::Nothing),
        (" ", Yen::Nothing),
        ("¥12,800", Yen::Amount(12_800)),
        ("１２，８００円", Yen::Amount(12_800)),
        ("−500", Yen::Amount(-500)),
        ("12.5", Yen::Unreadable),
        ("一万", Yen::Unreadable),
    ] {
        assert_eq!(Yen::read(text), read, "{text}");
    }
}

#[test]
fn only_a_correction_is_negative_and_it_has_kind_and_payer_of_what_it_corrects() {
    let cost = |amount, corrects| SaidCost {
        kind: 10,
        payer: 5,
        amount: Yen::Amount(amount),
        corrects,
        ..SaidCost::default()
    };
    let other = Some(CostId(uuid::Uuid::from_u128(1)));
    for (amount, corrects) in
        [(0, None), (-1, None), (MOST_YEN + 1, None), (0, other), (1, other), (-MOST_YEN - 1, other)]
    {
        let refused = cost(amount, corrects).check(today()).expect_err("out of range");
        assert_eq!(fields(&refused), ["amount_yen"], "{amount}");
    }
    let of = cost(1, None).check(today()).expect("right").of;
    assert_eq!(of, CostOf::Own(CostKind::Repair, Payer::Own));
    assert_eq!(cost(-1, other).check(today()).expect("right").of, CostOf::Correction(CostId(uuid::Uuid::from_u128(1))));
    let nothing = SaidCost { amount: Yen::Amount(1), ..SaidCost::default() };
    assert_eq!(fields(&nothing.check(today()).expect_err("for what, by whom")), ["kind", "payer"]);
    let device = SaidCost { kind: 1, payer: 5, amount: Yen::Amount(1), ..SaidCost::default() };
    assert_eq!(fields(&device.check(today()).expect_err("no ticket buys a device")), ["kind"]);
}

proptest! {
    /// Whatever is tried, a cost is never taken back further than to nothing, and what is refused changes nothing.
    #[test]
    fn corrections_never_go_below_nothing(cost in 1..=MOST_YEN, tried in prop::collection::vec(-MOST_YEN..=MOST_YEN, 0..20)) {
        let mut left = cost;
        for amount in tried {
            match check_correction(amount, left) {
                Ok(taken) => {
                    prop_assert!(taken < 0);
                    left += taken;
                }
                Err(_) => prop_assert!(amount >= 0 || -amount > left),
            }
            prop_assert!((0..=cost).contains(&left));
        }
    }

    /// What was checked says itself again.
    #[test]
    fn what_is_known_of_a_repair_can_be_said_again(
        quote in prop::option::of(0..=MOST_YEN), cost in prop::option::of(0..=MOST_YEN), insurance in 0..=3_i32,
        payer in 1..=6_i32, days in prop::option::of((0..300_i32, 0..100_i32)), vendor in "[a-z社]{0,100}",
    ) {
        let on = |days: i32| date_text(Date::from_julian_day(today().to_julian_day() + days).expect("a day"));
        let (sent, back) = days.map_or_else(Default::default, |(sent, later)| (on(sent), on(sent + later)));
        let said = SaidRepair { vendor, quote: Yen::of(quote), insurance, sent, back, cost: Yen::of(cost), payer, ..SaidRepair::default() };
        let known = said.check(today(), false).expect("all of it is right");
        prop_assert_eq!(said_of(&known).check(today(), false).expect("it was right before"), known);
    }
}
