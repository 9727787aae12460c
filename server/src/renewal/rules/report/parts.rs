//! What was recorded, amount by amount, each with the entry or the cost of a ticket that it comes from: so that every yen
//! of a report leads to what it is of.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    renewal::rules::{
        CostKind, Payer,
        body::Body,
        known::Known,
        ledger::EntryId,
        lots::Lot,
        money::{OverLimit, Yen, sum_by},
    },
    schools::rules::{SchoolId, fiscal::FiscalYear},
};

/// What an amount is: everything by which a report adds amounts up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AmountKey {
    /// When.
    pub year: FiscalYear,
    /// Who pays.
    pub payer: Payer,
    /// On what.
    pub kind: CostKind,
    /// Where; none where it is the owner's as a whole.
    pub school: Option<SchoolId>,
    /// For which model; empty for what is no device.
    pub model: String,
}

/// Where an amount comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartSource {
    /// An entry of the ledger.
    Entry(EntryId),
    /// What a ticket cost.
    Ticket {
        /// The cost.
        cost: Uuid,
        /// Number of the ticket.
        number: i64,
        /// The device.
        device: Option<Uuid>,
    },
}

impl PartSource {
    /// The device of a ticket's cost.
    pub fn device(self) -> Option<Uuid> {
        match self {
            Self::Ticket { device, .. } => device,
            Self::Entry(_) => None,
        }
    }
}

/// One amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub key: AmountKey,
    /// Where it comes from.
    pub source: PartSource,
    /// How much; below nothing for the correction of a ticket's cost.
    pub amount: Yen,
}

/// What of a lot is paid in which year by whom. Both the years and the payers add up to the yen: shares go by largest
/// remainder, and who pays most takes what is left of a year.
pub fn shares_of(lot: &Lot) -> Result<BTreeMap<(FiscalYear, Payer), Yen>, OverLimit> {
    let years: Vec<_> = lot.by_year()?.into_iter().collect();
    let weights: Vec<_> = years.iter().map(|(_, amount)| u64::try_from(amount.to_number()).unwrap_or(0)).collect();
    let mut shares = BTreeMap::new();
    let Some((most, _)) = lot.funding.iter().max_by_key(|(payer, amount)| (*amount, std::cmp::Reverse(*payer))) else {
        return Ok(shares);
    };
    let mut left: Vec<_> = years.iter().map(|(_, amount)| *amount).collect();
    for (payer, amount) in lot.funding.iter().filter(|(payer, _)| payer != most) {
        let out = amount.share_out(&weights).unwrap_or_default();
        for (((year, _), share), left) in years.iter().zip(out).zip(&mut left) {
            *left = left.minus(share)?;
            shares.insert((*year, *payer), share);
        }
    }
    shares.extend(years.iter().zip(left).map(|((year, _), left)| ((*year, *most), left)));
    shares.retain(|_, share| *share != Yen::ZERO);
    Ok(shares)
}

/// All that was recorded, in the order of years, payers, kinds, schools, models and sources.
pub fn parts(known: &Known) -> Result<Vec<Part>, OverLimit> {
    let mut parts = Vec::new();
    for entry in &known.entries {
        let (school, source) = (entry.stated.school, PartSource::Entry(entry.id));
        let (kind, model, shares) = match &entry.stated.body {
            Body::Lot(lot) => (lot.kind, lot.model.clone(), shares_of(lot)?),
            Body::Cost(cost) => (cost.kind, String::new(), cost.by_year()),
            Body::Disposal(_) | Body::Pupils(_) | Body::Planned(_) | Body::DisposalPlan(..) | Body::Network(_) => {
                continue;
            }
        };
        parts.extend(shares.into_iter().map(|((year, payer), amount)| Part {
            key: AmountKey { year, payer, kind, school, model: model.clone() },
            source,
            amount,
        }));
    }
    parts.extend(known.tickets.iter().map(|cost| Part {
        key: AmountKey {
            year: FiscalYear::of(cost.on),
            payer: cost.payer,
            kind: cost.kind,
            school: cost.school,
            model: String::new(),
        },
        source: PartSource::Ticket { cost: cost.id, number: cost.number, device: cost.device },
        amount: cost.amount,
    }));
    parts.sort_by(|one, two| (&one.key, one.source).cmp(&(&two.key, two.source)));
    Ok(parts)
}

/// Amounts added up by what they are.
pub fn summed(parts: &[Part]) -> Result<BTreeMap<AmountKey, Yen>, OverLimit> {
    sum_by(parts.iter().map(|part| (part.key.clone(), part.amount)))
}

/// Which amounts are asked for; none for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartFilter {
    /// Of a year.
    pub year: Option<FiscalYear>,
    /// Of a payer.
    pub payer: Option<Payer>,
    /// Of a kind.
    pub kind: Option<CostKind>,
    /// Of a school, or of the owner as a whole.
    pub school: Option<Option<SchoolId>>,
    /// Of a model; empty for what is no device.
    pub model: Option<String>,
}

impl PartFilter {
    /// Whether an amount is asked for.
    pub fn fits(&self, key: &AmountKey) -> bool {
        self.year.is_none_or(|year| year == key.year)
            && self.payer.is_none_or(|payer| payer == key.payer)
            && self.kind.is_none_or(|kind| kind == key.kind)
            && self.school.is_none_or(|school| school == key.school)
            && self.model.as_ref().is_none_or(|model| *model == key.model)
    }
}

/// What of an amount of a lot each of its devices has: whole yen that add up to it.
pub fn of_devices(amount: Yen, count: u32) -> Vec<Yen> {
    amount.share_out(&vec![1; usize::try_from(count).unwrap_or(usize::MAX)]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{access::rules::days::parse_date, renewal::rules::lots::Acquisition};

    proptest! {
        #[test]
        fn years_and_payers_of_a_lease_add_up(
            months in 1_u16..=120, monthly in 1_i64..1_000_000, parts in prop::collection::vec(0_i64..=1_000, 3), from in 0_i64..4_000,
        ) {
            let total = i64::from(months) * monthly;
            let first = total * parts[0] / 3_000;
            let second = total * parts[1] / 3_000;
            let funding = [(Payer::StateFund, first), (Payer::Prefecture, second), (Payer::Own, total - first - second)];
            let lot = Lot {
                kind: CostKind::Device,
                maker: String::new(),
                model: String::from("K-1"),
                count: 7,
                acquisition: Acquisition::Lease { months, monthly_yen: Yen::new(monthly).unwrap() },
                funding: funding.into_iter().filter(|(_, yen)| *yen > 0).map(|(p, yen)| (p, Yen::new(yen).unwrap())).collect(),
                delivered: parse_date("day", "2015-04-01").unwrap() + time::Duration::days(from),
                warranty_end: None,
                restriction_end: None,
                note: String::new(),
            };
            let shares = shares_of(&lot).unwrap();
            for (payer, amount) in &lot.funding {
                let all = shares.iter().filter(|((_, one), _)| one == payer).map(|(_, yen)| *yen);
                prop_assert_eq!(Yen::sum(all), Ok(*amount));
            }
            for (year, amount) in lot.by_year().unwrap() {
                let all = shares.iter().filter(|((one, _), _)| *one == year).map(|(_, yen)| *yen);
                prop_assert_eq!(Yen::sum(all), Ok(amount));
            }
            let devices = of_devices(lot.total().unwrap(), lot.count);
            prop_assert_eq!(Yen::sum(devices), lot.total());
        }
    }
}
