//! Costs and disposals, as somebody says them, checked: all that is wrong at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;

use super::{
    CostKind, Payer,
    ledger::Valid,
    lots::{self, SaidShare, check_funding, check_sum, needed_day, note_of, optional_day},
    money::{OverLimit, Yen},
    periods::last_day_of_years,
    plan::disposal::{DisposalRoute, Eraser},
    stored,
};
use crate::{
    access::rules::days::date_text,
    devices::rules::fold::serial_key,
    error::{
        Error, FieldViolation, Result, collect,
        says::{fields as say_field, renewal as say},
    },
    schools::rules::{fiscal::FiscalYear, parse_text},
};

/// Most devices of one disposal.
pub const DEVICES_MOST: usize = 10_000;
/// Longest serial number, number of a certificate or of an approval, and name of a vendor, in characters.
pub const NUMBER_MOST: usize = 100;

/// What is said of a cost. Words are numbers of the contract, 0 for none; the rest is as it was typed, empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidCost {
    pub kind: i32,
    pub amount_yen: String,
    pub funding: Vec<SaidShare>,
    pub from: String,
    pub to: String,
    pub vendor: String,
    pub note: String,
}

/// What something other than devices cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// What it was for.
    #[serde(with = "stored::cost_kind")]
    pub kind: CostKind,
    /// How much, with tax.
    pub amount_yen: Yen,
    /// Who pays how much, each once, all of it above nothing.
    #[serde(with = "stored::funding")]
    pub funding: Vec<(Payer, Yen)>,
    /// The first day for which it is.
    #[serde(with = "stored::day")]
    pub from: Date,
    /// The last one; the same where it is for one day.
    #[serde(with = "stored::day")]
    pub to: Date,
    /// Who is paid.
    pub vendor: String,
    /// For staff.
    pub note: String,
}

impl Cost {
    /// When it holds.
    pub fn valid(&self) -> Valid {
        Valid { from: self.from, to: Some(self.to) }
    }

    /// What of it, and of each payer's share, belongs to which year: by days, so that they add up.
    pub fn by_year(&self) -> BTreeMap<(FiscalYear, Payer), Yen> {
        let (first, last) = (FiscalYear::of(self.from), FiscalYear::of(self.to));
        let years: Vec<_> = (first.year()..=last.year()).filter_map(FiscalYear::starting_in).collect();
        let days = |year: &FiscalYear| {
            let whole = (self.to.min(year.last_day()) - self.from.max(year.first_day())).whole_days() + 1;
            u64::try_from(whole).unwrap_or(0)
        };
        let weights: Vec<_> = years.iter().map(days).collect();
        let of_payer = |(payer, amount): &(Payer, Yen)| {
            let shares = amount.share_out(&weights).expect("each year has a day of it");
            years.iter().zip(shares).map(|(year, share)| ((*year, *payer), share)).collect::<Vec<_>>()
        };
        let all = self.funding.iter().flat_map(of_payer);
        all.filter(|(_, share)| *share > Yen::ZERO).collect()
    }
}

impl SaidCost {
    /// Checks it on a day. Devices and spares are lots, not costs. Without a last day it is for one day; longest ten
    /// years. Reason: FIELD_INVALID, with all that is wrong.
    pub fn check(&self, today: Date) -> Result<Cost> {
        let mut wrong = Vec::new();
        let kind = i16::try_from(self.kind).ok().and_then(CostKind::from_number).filter(|kind| !kind.is_renewal());
        let kind = collect(kind.ok_or_else(|| FieldViolation::new("kind", say::cost_kind())), &mut wrong);
        let amount = Yen::parse("amount_yen", &self.amount_yen).and_then(|amount| {
            if amount > Yen::ZERO { Ok(amount) } else { Err(FieldViolation::new("amount_yen", say::cost_zero())) }
        });
        let amount = collect(amount, &mut wrong);
        let funding = check_funding(&self.funding, &mut wrong);
        let from = collect(needed_day("from", &self.from, today), &mut wrong);
        let to = collect(optional_day("to", &self.to), &mut wrong);
        let to = from.zip(to).map(|(from, to)| to.unwrap_or(from));
        if let Some((from, to)) = from.zip(to) {
            collect(Valid::between("to", from, to), &mut wrong);
            if to > last_day_of_years(from, 10) {
                wrong.push(FieldViolation::new("to", say::ten_years()));
            }
        }
        let vendor = collect(parse_text("vendor", self.vendor.trim(), NUMBER_MOST), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        if let (Some(amount), Some(funding)) = (amount, funding.as_ref()) {
            check_sum(Ok::<_, OverLimit>(amount), funding, &mut wrong);
        }
        let all = || {
            let (kind, amount_yen, funding) = (kind?, amount?, funding?);
            Some(Cost { kind, amount_yen, funding, from: from?, to: to?, vendor: vendor?, note: note? })
        };
        match all() {
            Some(cost) if wrong.is_empty() => Ok(cost),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

/// What is said of a disposal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidDisposal {
    pub route: i32,
    pub eraser: i32,
    pub on: String,
    pub devices: Vec<SaidDisposed>,
    pub approval: String,
    pub note: String,
}

/// What is said of one device of a disposal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidDisposed {
    /// Its serial number.
    pub serial: String,
    /// Number of the certificate that it was erased; empty where there is none yet.
    pub certificate: String,
}

/// One device that was disposed of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposed {
    /// Its serial number, as it was written.
    pub serial: String,
    /// Number of the certificate that it was erased; empty where there is none.
    pub certificate: String,
    /// Whether it went within the time in which it must not, with an approval.
    pub within_restriction: bool,
}

/// Devices that were disposed of together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposal {
    /// Where they went.
    #[serde(with = "stored::route")]
    pub route: DisposalRoute,
    /// Who erased them.
    #[serde(with = "stored::eraser")]
    pub eraser: Eraser,
    /// When.
    #[serde(with = "stored::day")]
    pub on: Date,
    /// Which.
    pub devices: Vec<Disposed>,
    /// Number of the approval (財産処分の承認), where one is needed.
    pub approval: String,
    /// For staff.
    pub note: String,
}

impl Disposal {
    /// How many have no certificate yet.
    pub fn without_certificate(&self) -> usize {
        self.devices.iter().filter(|device| device.certificate.is_empty()).count()
    }
}

impl SaidDisposal {
    /// Checks it on a day. `restricted_until` says of a serial number the last day on which that device must not be
    /// disposed of, if there is one: within it the disposal is refused, unless the number of an approval is said; then
    /// it is marked. Reason: FIELD_INVALID, with all that is wrong; of a device as `devices.3.serial`, with its place
    /// from 1.
    pub fn check(&self, today: Date, restricted_until: impl Fn(&str) -> Option<Date>) -> Result<Disposal> {
        let mut wrong = Vec::new();
        let route = i16::try_from(self.route).ok().and_then(DisposalRoute::from_number);
        let route = collect(route.ok_or_else(|| FieldViolation::new("route", say::route_needed())), &mut wrong);
        let eraser = i16::try_from(self.eraser).ok().and_then(Eraser::from_number);
        let eraser = collect(eraser.ok_or_else(|| FieldViolation::new("eraser", say::eraser_needed())), &mut wrong);
        let on = collect(past_day(&self.on, today), &mut wrong);
        let approval = collect(parse_text("approval", self.approval.trim(), NUMBER_MOST), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        if !(1..=DEVICES_MOST).contains(&self.devices.len()) {
            wrong.push(FieldViolation::new("devices", say::disposed_devices(DEVICES_MOST)));
        }
        let is_approved = !self.approval.trim().is_empty();
        let mut devices = Vec::new();
        let mut seen = BTreeMap::new();
        for (at, said) in self.devices.iter().take(DEVICES_MOST).enumerate() {
            let place = at + 1;
            let first = serial_key(&said.serial).map(|key| *seen.entry(key).or_insert(place));
            let until = on.and_then(|on| restricted_until(said.serial.trim()).filter(|until| on <= *until));
            let checked = said.check(first.is_some_and(|first| first < place), until.filter(|_| !is_approved));
            let refused = |(field, message)| FieldViolation::new(format!("devices.{place}.{field}"), message);
            match checked {
                Ok(device) => devices.push(Disposed { within_restriction: until.is_some(), ..device }),
                Err(all) => wrong.extend(all.into_iter().map(refused)),
            }
        }
        let all =
            || Some(Disposal { route: route?, eraser: eraser?, on: on?, devices, approval: approval?, note: note? });
        match all() {
            Some(disposal) if wrong.is_empty() => Ok(disposal),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

impl SaidDisposed {
    fn check(
        &self,
        is_twice: bool,
        refused_until: Option<Date>,
    ) -> Result<Disposed, Vec<(&'static str, crate::error::Both)>> {
        let mut wrong = Vec::new();
        let text =
            |field, text: &str| parse_text(field, text.trim(), NUMBER_MOST).map_err(|wrong| (field, wrong.message));
        let serial = text("serial", &self.serial).map_err(|refused| wrong.push(refused)).unwrap_or_default();
        let certificate =
            text("certificate", &self.certificate).map_err(|refused| wrong.push(refused)).unwrap_or_default();
        if serial_key(&self.serial).is_none() {
            wrong.push(("serial", say::no_serial()));
        }
        if is_twice {
            wrong.push(("serial", say_field::named_twice()));
        }
        if let Some(until) = refused_until {
            wrong.push(("serial", say::restricted(date_text(until))));
        }
        if wrong.is_empty() { Ok(Disposed { serial, certificate, within_restriction: false }) } else { Err(wrong) }
    }
}

/// The day of a disposal, which was, or is today.
fn past_day(text: &str, today: Date) -> Result<Date, FieldViolation> {
    let day = lots::needed_day("on", text, today)?;
    if day > today { Err(FieldViolation::new("on", say::in_future())) } else { Ok(day) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;

    use super::*;
    use crate::access::rules::days::parse_date;

    fn day(text: &str) -> Date {
        parse_date("day", text).unwrap()
    }

    fn today() -> Date {
        day("2026-11-27")
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn said() -> SaidCost {
        SaidCost {
            kind: 6,
            amount_yen: text("365千円"),
            funding: vec![SaidShare { payer: 5, amount_yen: text("365,000") }],
            from: text("2025-10-01"),
            to: text("2026-09-30"),
            ..SaidCost::default()
        }
    }

    fn fields(error: &Error) -> Vec<&str> {
        error.fields.iter().map(|field| field.field.as_ref()).collect()
    }

    #[test]
    fn cost_of_two_years_is_shared_by_days() {
        let cost = said().check(today()).unwrap();
        let years: Vec<_> =
            cost.by_year().into_iter().map(|((year, payer), yen)| (year.year(), payer, yen.to_number())).collect();
        // 182 and 183 of 365 days.
        assert_eq!(years, [(2025, Payer::Own, 182_000), (2026, Payer::Own, 183_000)]);
        assert_eq!(serde_json::from_value::<Cost>(serde_json::to_value(&cost).unwrap()).unwrap(), cost);
        let one = SaidCost { to: String::new(), from: text("2026-03-31"), ..said() }.check(today()).unwrap();
        assert_eq!((one.by_year().len(), one.valid()), (1, Valid::on(day("2026-03-31"))));
    }

    #[test]
    fn leap_day_is_a_day_of_its_year() {
        let cost = |from: &str, to: &str, amount: &str| {
            let funding = vec![SaidShare { payer: 5, amount_yen: text(amount) }];
            SaidCost { amount_yen: text(amount), funding, from: text(from), to: text(to), ..said() }
        };
        let years = |cost: SaidCost| -> Vec<_> {
            let shared = cost.check(today()).unwrap().by_year();
            shared.into_iter().map(|((year, _), yen)| (year.year(), yen.to_number())).collect()
        };
        // From 29 February to 30 April: 1 + 31 days of one year and 30 of the next.
        assert_eq!(years(cost("R6.2.29", "R6.4.30", "62,000円")), [(2023, 32_000), (2024, 30_000)]);
        assert_eq!(years(cost("2024-02-29", "", "1,000円")), [(2023, 1_000)]);
        // The last day of a year and the first of the next.
        assert_eq!(years(cost("H31.3.31", "H31.4.1", "1,001円")).iter().map(|(_, yen)| yen).sum::<i64>(), 1_001);
        assert_eq!(
            years(cost("平成31年4月30日", "令和元年5月1日", "1,000円")),
            [(2019, 1_000)],
            "one year of two eras"
        );
        let no_day = cost("2025-02-29", "", "1,000円").check(today()).unwrap_err();
        assert_eq!(fields(&no_day), ["from"]);
    }

    #[test]
    fn all_that_is_wrong_with_a_cost_is_said_at_once() {
        let wrong = SaidCost {
            kind: 1,
            amount_yen: text("0"),
            funding: vec![SaidShare { payer: 0, amount_yen: text("▲1") }],
            from: text("いつか"),
            to: text("2026-02-30"),
            vendor: "社".repeat(101),
            note: text("a\u{0}"),
        };
        let refused = wrong.check(today()).unwrap_err();
        let names = ["kind", "amount_yen", "funding.1.payer", "funding.1.amount_yen", "from", "to", "vendor", "note"];
        assert_eq!(fields(&refused), names);
        let dear = SaidCost { amount_yen: text("1000000000000000"), ..said() };
        assert_eq!(fields(&dear.check(today()).unwrap_err()), ["amount_yen"]);
        let back = SaidCost { to: text("2025-09-30"), ..said() };
        assert_eq!(fields(&back.check(today()).unwrap_err()), ["to"]);
        let long = SaidCost { to: text("2035-10-02"), ..said() };
        assert_eq!(fields(&long.check(today()).unwrap_err()), ["to"]);
        let short = SaidCost { amount_yen: text("365,001"), ..said() };
        assert_eq!(fields(&short.check(today()).unwrap_err()), ["funding"]);
    }

    fn device(serial: &str) -> SaidDisposed {
        SaidDisposed { serial: text(serial), certificate: text("C-1") }
    }

    fn disposal(on: &str, devices: &[&str]) -> SaidDisposal {
        let devices = devices.iter().map(|serial| device(serial)).collect();
        SaidDisposal { route: 2, eraser: 2, on: text(on), devices, ..SaidDisposal::default() }
    }

    /// Only AB12CD is restricted.
    fn until(serial: &str) -> Option<Date> {
        (serial == "AB12CD").then(|| day("2025-03-31"))
    }

    #[test]
    fn within_the_restriction_an_approval_is_needed() {
        let within = disposal("2025-03-31", &["AB12CD", "XY34ZW"]);
        let refused = within.check(today(), until).unwrap_err();
        assert_eq!(
            (fields(&refused), refused.fields[0].message.en.as_ref()),
            (vec!["devices.1.serial"], "must not be disposed of until 2025-03-31 without the number of an approval")
        );
        let approved = SaidDisposal { approval: text("6文科初第1号"), ..within.clone() }.check(today(), until).unwrap();
        assert_eq!(approved.devices.iter().map(|device| device.within_restriction).collect::<Vec<_>>(), [true, false]);
        assert_eq!(approved.without_certificate(), 0);
        assert_eq!(serde_json::from_value::<Disposal>(serde_json::to_value(&approved).unwrap()).unwrap(), approved);
        let after = SaidDisposal { on: text("2025-04-01"), ..within }.check(today(), until).unwrap();
        assert!(after.devices.iter().all(|device| !device.within_restriction));
    }

    #[test]
    fn all_that_is_wrong_with_a_disposal_is_said_at_once() {
        let wrong = SaidDisposal { route: 5, eraser: 0, ..disposal("2026-11-28", &["AB12CD", "ab-12 cd", "NONE"]) };
        let refused = wrong.check(today(), |_| None).unwrap_err();
        assert_eq!(fields(&refused), ["route", "eraser", "on", "devices.2.serial", "devices.3.serial"]);
        assert_eq!(fields(&disposal("2026-11-27", &[]).check(today(), |_| None).unwrap_err()), ["devices"]);
    }

    proptest! {
        #[test]
        fn years_of_a_cost_add_up_for_each_payer(
            own in 1_i64..100_000_000, fund in 1_i64..100_000_000, from in 0_i64..3_000, length in 0_i64..3_600,
        ) {
            let from = day("2015-04-01") + Duration::days(from);
            let funding = vec![(Payer::StateFund, Yen::new(fund).unwrap()), (Payer::Own, Yen::new(own).unwrap())];
            let amount_yen = Yen::new(own + fund).unwrap();
            let to = from + Duration::days(length);
            let cost = Cost { funding: funding.clone(), amount_yen, from, to, ..said().check(today()).unwrap() };
            for (payer, amount) in funding {
                let years = cost.by_year().into_iter().filter(|((_, one), _)| *one == payer).map(|(_, yen)| yen);
                prop_assert_eq!(Yen::sum(years), Ok(amount));
            }
        }
    }
}
