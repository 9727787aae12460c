//! What stands in an entry, whatever it is of, and how that is stored: `{"school_id": …, "said": …}`.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::{
    board::{DisposalPlan, NetworkCount, Planned, Pupils},
    ledger::{EntryKind, Valid},
    lots::Lot,
    money::Yen,
    records::{Cost, Disposal},
    said::Said,
};
use crate::{
    error::{FieldViolation, says::renewal as say},
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Devices that were bought or leased together.
    Lot(Lot),
    /// What something cost.
    Cost(Cost),
    /// Devices that were disposed of.
    Disposal(Disposal),
    /// Pupils of a year.
    Pupils(Pupils),
    /// Devices that are to be got in a year.
    Planned(Planned),
    /// What is to become of devices that are replaced, with the day from which that is planned.
    DisposalPlan(DisposalPlan, time::Date),
    /// Schools by their networks, as they were counted.
    Network(NetworkCount),
}

/// What an entry says, and of which school if it is of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The school; none where it is of the owner as a whole.
    pub school: Option<SchoolId>,
    /// What it says.
    pub body: Body,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T> {
    school_id: Option<Uuid>,
    said: T,
}

impl<T: DeserializeOwned> Stored<T> {
    fn read<'d, D: Deserializer<'d>>(stored: D, body: impl FnOnce(T) -> Body) -> Result<Stated, D::Error> {
        let Self { school_id, said } = Self::deserialize(stored)?;
        Ok(Stated { school: school_id.map(SchoolId), body: body(said) })
    }
}

fn of_year(year: FiscalYear) -> Valid {
    Valid { from: year.first_day(), to: Some(year.last_day()) }
}

impl Body {
    /// What it is of.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Lot(_) => EntryKind::Lot,
            Self::Cost(_) => EntryKind::Cost,
            Self::Disposal(_) => EntryKind::Disposal,
            Self::Pupils(_) => EntryKind::Pupils,
            Self::Planned(_) => EntryKind::Planned,
            Self::DisposalPlan(..) => EntryKind::DisposalPlan,
            Self::Network(_) => EntryKind::Network,
        }
    }

    /// When it holds: a lease until it ends, what is of a year in that year.
    pub fn valid(&self) -> Valid {
        match self {
            Self::Lot(lot) => Valid { from: lot.delivered, to: lot.lease_end() },
            Self::Cost(cost) => cost.valid(),
            Self::Disposal(disposal) => Valid::on(disposal.on),
            Self::Pupils(pupils) => of_year(pupils.year),
            Self::Planned(planned) => of_year(planned.year),
            Self::DisposalPlan(_, from) => Valid::since(*from),
            Self::Network(network) => of_year(network.year),
        }
    }

    /// What it costs in all, if it is money.
    pub fn total(&self) -> Option<Yen> {
        match self {
            Self::Lot(lot) => lot.total().ok(),
            Self::Cost(cost) => Some(cost.amount_yen),
            Self::Disposal(_) | Self::Pupils(_) | Self::Planned(_) | Self::DisposalPlan(..) | Self::Network(_) => None,
        }
    }

    /// The year of which only one of its kind, and of its school, stands at a time; none for what there can be more of.
    pub fn only_of(&self) -> Option<FiscalYear> {
        match self {
            Self::Pupils(pupils) => Some(pupils.year),
            Self::Planned(planned) => Some(planned.year),
            Self::Network(network) => Some(network.year),
            Self::Lot(_) | Self::Cost(_) | Self::Disposal(_) | Self::DisposalPlan(..) => None,
        }
    }
}

impl Stated {
    /// What is said of a school, or of the owner as a whole. Refused: a school of what is of the whole alone.
    pub fn of(school: Option<SchoolId>, body: Body) -> Result<Self, FieldViolation> {
        let is_of_whole = match &body {
            Body::DisposalPlan(..) | Body::Network(_) => true,
            Body::Lot(_) | Body::Cost(_) | Body::Disposal(_) | Body::Pupils(_) | Body::Planned(_) => false,
        };
        if is_of_whole && school.is_some() {
            return Err(FieldViolation::new("school_id", say::not_of_school()));
        }
        Ok(Self { school, body })
    }

    /// What of it somebody said; not what rules, the day or a count made of that, which can be otherwise when it is said
    /// again.
    #[must_use]
    pub fn as_said(&self, said: &Said) -> Self {
        let mut stated = self.clone();
        match &mut stated.body {
            Body::Lot(lot) => {
                let is_end_said = matches!(said, Said::Lot(said, _) if !said.restriction_end.trim().is_empty());
                lot.restriction_end = lot.restriction_end.filter(|_| is_end_said);
            }
            Body::Disposal(disposal) => {
                disposal.devices.iter_mut().for_each(|device| device.within_restriction = false);
            }
            Body::DisposalPlan(_, from) => *from = time::Date::MIN,
            Body::Network(network) => *network = NetworkCount { schools: 0, reached: 0, unknown: 0, ..*network },
            Body::Cost(_) | Body::Pupils(_) | Body::Planned(_) => {}
        }
        stated
    }

    /// As it is stored.
    pub fn store(&self) -> Result<Value, serde_json::Error> {
        let said = match &self.body {
            Body::Lot(lot) => serde_json::to_value(lot),
            Body::Cost(cost) => serde_json::to_value(cost),
            Body::Disposal(disposal) => serde_json::to_value(disposal),
            Body::Pupils(pupils) => serde_json::to_value(pupils),
            Body::Planned(planned) => serde_json::to_value(planned),
            Body::DisposalPlan(plan, _) => serde_json::to_value(plan),
            Body::Network(network) => serde_json::to_value(network),
        };
        serde_json::to_value(Stored { school_id: self.school.map(|school| school.0), said: said? })
    }

    /// What was stored in an entry of a kind that holds from a day on.
    pub fn read<'d, D: Deserializer<'d>>(kind: EntryKind, from: time::Date, stored: D) -> Result<Self, D::Error> {
        match kind {
            EntryKind::Lot => Stored::read(stored, Body::Lot),
            EntryKind::Cost => Stored::read(stored, Body::Cost),
            EntryKind::Disposal => Stored::read(stored, Body::Disposal),
            EntryKind::Pupils => Stored::read(stored, Body::Pupils),
            EntryKind::Planned => Stored::read(stored, Body::Planned),
            EntryKind::DisposalPlan => Stored::read(stored, |plan| Body::DisposalPlan(plan, from)),
            EntryKind::Network => Stored::read(stored, Body::Network),
        }
    }

    /// The same out of its text, of which no tree is made first.
    pub fn parse(kind: EntryKind, from: time::Date, text: &str) -> Result<Self, serde_json::Error> {
        let mut stored = serde_json::Deserializer::from_str(text);
        let stated = Self::read(kind, from, &mut stored)?;
        stored.end()?;
        Ok(stated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::rules::days::parse_date,
        renewal::rules::{
            board::{SaidDisposalPlan, SaidPlanned},
            lots::{SaidLot, SaidShare},
        },
    };

    fn day(text: &str) -> time::Date {
        parse_date("day", text).unwrap()
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let planned = SaidPlanned { fiscal_year: String::from("R7"), ..SaidPlanned::default() }.check().unwrap();
        for school in [None, Some(SchoolId(Uuid::from_u128(7)))] {
            let stated = Stated { school, body: Body::Planned(planned.clone()) };
            let from = stated.body.valid().from;
            assert_eq!(from, day("2025-04-01"));
            assert_eq!(Stated::read(EntryKind::Planned, from, &stated.store().unwrap()).unwrap(), stated);
            assert!(Stated::read(EntryKind::Pupils, from, &stated.store().unwrap()).is_err());
            let text = stated.store().unwrap().to_string();
            assert_eq!(Stated::parse(EntryKind::Planned, from, &text).unwrap(), stated);
            assert!(Stated::parse(EntryKind::Planned, from, &format!("{text}{text}")).is_err());
        }
    }
    fn lot() -> SaidLot {
        SaidLot {
            kind: 1,
            model: String::from("K-1"),
            count: String::from("1"),
            acquisition: 1,
            unit_yen: String::from("100"),
            tax_basis: 1,
            tax_percent: String::from("10"),
            funding: vec![SaidShare { payer: 1, amount_yen: String::from("100") }],
            delivered: String::from("2025-09-30"),
            ..SaidLot::default()
        }
    }

    #[test]
    fn what_follows_from_rules_and_days_is_not_said() {
        let today = day("2026-11-27");
        let of = |said: &SaidLot, years| {
            Stated { school: None, body: Body::Lot(said.check(today, years).unwrap()) }
                .as_said(&Said::Lot(said.clone(), Vec::new()))
        };
        assert_eq!(of(&lot(), Some(4)), of(&lot(), Some(5)));
        let with_end = SaidLot { restriction_end: String::from("2029-09-30"), ..lot() };
        assert_ne!(of(&with_end, Some(4)), of(&lot(), Some(4)));
        assert_ne!(of(&SaidLot { model: String::from("K-2"), ..lot() }, Some(4)), of(&lot(), Some(4)));
        let count = |schools| NetworkCount { year: FiscalYear::of(today), schools, reached: 0, unknown: 0 };
        let of =
            |count| Stated { school: None, body: Body::Network(count) }.as_said(&Said::Network(String::from("R8")));
        assert_eq!(of(count(3)), of(count(4)));
    }

    #[test]
    fn what_is_of_the_whole_is_of_no_school() {
        let said = SaidDisposalPlan {
            by_route: ["1", "", "", ""].map(String::from),
            erasers: vec![1],
            ..SaidDisposalPlan::default()
        };
        let plan = said.check().unwrap();
        let of = |school, from: &str| Stated::of(school, Body::DisposalPlan(plan.clone(), day(from)));
        assert!(of(None, "2026-11-27").is_ok());
        assert_eq!(of(Some(SchoolId(Uuid::from_u128(7))), "2026-11-27").unwrap_err().field, "school_id");
        let of = |from| of(None, from).unwrap().as_said(&Said::DisposalPlan(said.clone()));
        assert_eq!(of("2026-11-27"), of("2026-11-28"));
    }
}
