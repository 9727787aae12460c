//! The year in which a device is renewed, and why: the first of what ends, but not before it may be disposed of (domain
//! §5).

use time::{Date, Duration};

use super::{ends::SupportEnds, lots::Lot};
use crate::{devices::rules::fields::OsKind, error::Both, schools::rules::fiscal::FiscalYear, tickets::rules::words};

words! {
    /// Why a device is renewed in a year.
    DueReason {
        /// The plan says so.
        Plan = 1, "更新計画", "plan";
        /// Its system ends.
        OsEnd = 2, "OSサポート終了", "end of the system's support";
        /// Its lease ends.
        LeaseEnd = 3, "リース満了", "end of the lease";
        /// Its warranty ends.
        WarrantyEnd = 4, "保証終了", "end of the warranty";
        /// Its battery ends.
        BatteryEnd = 5, "バッテリー寿命", "end of the battery";
        /// It must not be disposed of before.
        Restriction = 6, "処分制限期間", "disposal restriction";
    }
}

/// What the registry, the ledger and the plan know of a device.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its system.
    pub os: OsKind,
    /// Its model.
    pub model: Option<&'a str>,
    /// The version of its system.
    pub version: Option<&'a str>,
    /// The last day of support of its system, where its vendor's console or the owner says it of this device.
    pub told_os_end: Option<Date>,
    /// When it was acquired, by the registry.
    pub acquired: Option<Date>,
    /// The last day of its warranty, by the registry.
    pub warranty_end: Option<Date>,
    /// The lot of which it is.
    pub lot: Option<&'a Lot>,
    /// The year of the owner's plan.
    pub plan: Option<FiscalYear>,
}

impl Known<'_> {
    /// When what ends. What is said of the device itself wins over tables, and its lot over the registry.
    pub fn ends(&self, tables: &SupportEnds) -> Ends {
        let by_table = || tables.of(self.os, self.model, self.version).map(|end| end.last_day);
        let delivered = self.lot.map(|lot| lot.delivered).or(self.acquired);
        let battery = delivered.and_then(|delivered| tables.battery_end(self.model, delivered));
        Ends {
            plan: self.plan,
            os: self.told_os_end.or_else(by_table),
            lease: self.lot.and_then(Lot::lease_end),
            warranty: self.lot.and_then(|lot| lot.warranty_end).or(self.warranty_end),
            battery: battery.map(|(day, _)| day),
            restriction: self.lot.and_then(|lot| lot.restriction_end),
        }
    }
}

/// What is known of the ends of a device. Days are the last ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// The year of the owner's plan.
    pub plan: Option<FiscalYear>,
    /// Support of its system.
    pub os: Option<Date>,
    /// Its lease.
    pub lease: Option<Date>,
    /// Its warranty.
    pub warranty: Option<Date>,
    /// Its battery.
    pub battery: Option<Date>,
    /// The time in which it must not be disposed of.
    pub restriction: Option<Date>,
}

/// One of what ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// What.
    pub reason: DueReason,
    /// The year that it leads to.
    pub year: FiscalYear,
    /// The day, where it is one.
    pub day: Option<Date>,
}

/// When a device is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// In which year.
    pub year: FiscalYear,
    /// What decides it.
    pub reason: DueReason,
    /// All that was looked at, the first to end first; the restriction last.
    pub candidates: Vec<Candidate>,
    /// Whether it runs without support for a while, since it may not go before.
    pub is_past_os_end: bool,
}

impl Ends {
    /// In which year the device is renewed, and why. A day leads to the year in which it lies: what ends on 31 March
    /// has to be replaced in the year that ends with it. The restriction leads to the year of the first day after it.
    /// Of two in one year the earlier day decides, a plan before any day. None where nothing but the restriction is
    /// known.
    pub fn due(&self) -> Option<Due> {
        let mut candidates = self.candidates();
        let first = *candidates.first()?;
        let restriction = self.restriction.map(|last| {
            let free = last.saturating_add(Duration::DAY);
            Candidate { reason: DueReason::Restriction, year: FiscalYear::of(free), day: Some(last) }
        });
        candidates.extend(restriction);
        let deciding = restriction.filter(|restriction| restriction.year > first.year).unwrap_or(first);
        let is_past_os_end = self.os.is_some_and(|last| FiscalYear::of(last) < deciding.year);
        Some(Due { year: deciding.year, reason: deciding.reason, candidates, is_past_os_end })
    }

    /// Everything but the restriction, the first to end first.
    fn candidates(&self) -> Vec<Candidate> {
        let plan = self.plan.map(|year| Candidate { reason: DueReason::Plan, year, day: None });
        let days = [
            (DueReason::OsEnd, self.os),
            (DueReason::LeaseEnd, self.lease),
            (DueReason::WarrantyEnd, self.warranty),
            (DueReason::BatteryEnd, self.battery),
        ];
        let of_day = |(reason, day): (DueReason, Option<Date>)| {
            day.map(|day| Candidate { reason, year: FiscalYear::of(day), day: Some(day) })
        };
        let mut candidates: Vec<_> = plan.into_iter().chain(days.into_iter().filter_map(of_day)).collect();
        candidates.sort_by_key(|candidate| (candidate.year, candidate.day, candidate.reason));
        candidates
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        access::rules::days::parse_date,
        renewal::rules::{CostKind, lots::Acquisition, money::Yen},
    };

    fn day(text: &str) -> Option<Date> {
        Some(parse_date("day", text).unwrap())
    }

    fn year(year: i32) -> FiscalYear {
        FiscalYear::starting_in(year).unwrap()
    }

    fn due(ends: Ends) -> (i32, DueReason) {
        let due = ends.due().unwrap();
        (due.year.year(), due.reason)
    }

    #[test]
    fn first_of_what_ends_decides() {
        let all = Ends {
            plan: Some(year(2026)),
            os: day("2025-10-14"),
            lease: day("2026-03-31"),
            warranty: day("2027-03-31"),
            battery: day("2026-01-10"),
            restriction: day("2025-03-31"),
        };
        assert_eq!(due(all), (2025, DueReason::OsEnd));
        assert_eq!(due(Ends { os: None, ..all }), (2025, DueReason::BatteryEnd));
        assert_eq!(
            due(Ends { os: None, battery: None, ..all }),
            (2025, DueReason::LeaseEnd),
            "31 March is of the year before"
        );
        assert_eq!(due(Ends { os: None, battery: None, lease: day("2026-04-01"), ..all }), (2026, DueReason::Plan));
        let reasons: Vec<_> = all.due().unwrap().candidates.iter().map(|one| one.reason).collect();
        assert_eq!(
            reasons,
            [
                DueReason::OsEnd,
                DueReason::BatteryEnd,
                DueReason::LeaseEnd,
                DueReason::Plan,
                DueReason::WarrantyEnd,
                DueReason::Restriction
            ]
        );
    }

    #[test]
    fn nothing_goes_before_the_restriction_ends() {
        let held = Ends { os: day("2025-10-14"), restriction: day("2026-03-31"), ..Ends::default() };
        assert_eq!(due(held), (2026, DueReason::Restriction), "the first free day is 1 April");
        assert!(held.due().unwrap().is_past_os_end);
        let free = Ends { restriction: day("2026-03-30"), ..held };
        assert_eq!(due(free), (2025, DueReason::OsEnd), "31 March is left");
        assert!(!free.due().unwrap().is_past_os_end);
        let planned = Ends { plan: Some(year(2024)), ..held };
        assert_eq!(due(planned), (2026, DueReason::Restriction));
    }

    #[test]
    fn what_is_said_of_the_device_wins_over_tables() {
        let tables = SupportEnds::default();
        let known = Known {
            os: OsKind::Windows,
            model: Some("K-1"),
            version: Some("10.0.19045"),
            told_os_end: None,
            acquired: day("2021-03-01"),
            warranty_end: day("2022-03-01"),
            lot: None,
            plan: Some(year(2026)),
        };
        let ends = known.ends(&tables);
        assert_eq!((ends.os, ends.battery), (day("2025-10-14"), day("2026-03-01")));
        assert_eq!((ends.warranty, ends.lease, ends.restriction), (day("2022-03-01"), None, None));
        let told = Known { told_os_end: day("2028-10-10"), ..known };
        assert_eq!(told.ends(&tables).os, day("2028-10-10"), "an extension was bought");
        let lot = Lot {
            kind: CostKind::Device,
            maker: String::new(),
            model: String::from("K-1"),
            count: 1,
            acquisition: Acquisition::Lease { months: 48, monthly_yen: Yen::ZERO },
            funding: Vec::new(),
            delivered: parse_date("day", "2021-04-01").unwrap(),
            warranty_end: day("2023-03-31"),
            restriction_end: day("2025-04-01"),
            note: String::new(),
        };
        let ends = Known { lot: Some(&lot), ..known }.ends(&tables);
        assert_eq!((ends.warranty, ends.lease), (day("2023-03-31"), day("2025-03-31")));
        assert_eq!((ends.battery, ends.restriction), (day("2026-04-01"), day("2025-04-01")));
        assert_eq!(due(ends), (2025, DueReason::Restriction), "the warranty ended long ago");
    }

    #[test]
    fn of_what_nobody_knows_nothing_is_due() {
        assert_eq!(Ends::default().due(), None);
        assert_eq!(Ends { restriction: day("2026-03-31"), ..Ends::default() }.due(), None);
        let leap = Ends { warranty: day("2024-02-29"), ..Ends::default() };
        assert_eq!(due(leap), (2023, DueReason::WarrantyEnd));
        assert_eq!(due(Ends { lease: day("平成31年4月30日"), ..Ends::default() }), (2019, DueReason::LeaseEnd));
    }

    fn some_day() -> impl Strategy<Value = Option<Date>> {
        let first = parse_date("day", "2020-01-01").unwrap();
        prop::option::of((0_i64..6_000).prop_map(move |days| first + Duration::days(days)))
    }

    proptest! {
        #[test]
        fn due_year_is_the_first_end_or_the_end_of_the_restriction(
            plan in prop::option::of(2020_i32..2036), os in some_day(), lease in some_day(), warranty in some_day(),
            battery in some_day(), restriction in some_day(),
        ) {
            let ends = Ends { plan: plan.map(year), os, lease, warranty, battery, restriction };
            let first = [os, lease, warranty, battery].into_iter().flatten().map(FiscalYear::of).chain(ends.plan).min();
            let free = restriction.map(|last| FiscalYear::of(last + Duration::DAY));
            prop_assert_eq!(ends.due().map(|due| due.year), first.map(|first| free.map_or(first, |free| first.max(free))));
            if let Some(due) = ends.due() {
                prop_assert!(due.candidates.iter().any(|one| one.reason == due.reason && one.year == due.year));
                prop_assert_eq!(due.is_past_os_end, os.is_some_and(|os| FiscalYear::of(os) < due.year));
            }
        }
    }
}
