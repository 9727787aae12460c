//! Owners beside each other: what is due, what it costs and how far the renewal is, of each and of all together.
//!
//! Each owner is added up and let go, so that 1,741 of them take no more room than their rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Renewal,
    reports::{Of, plan_or_why},
};
use crate::{
    access::rules::{Staff, days::day_in_japan},
    clock::Timestamp,
    error::{Both, Result, says::renewal as say},
    renewal::rules::{
        Payer,
        known::Known,
        money::{Yen, add_to, sum_by},
        plan::{Cell, Share},
        report::{
            costs::{CostDetail, CostOrder, costs},
            per_device::per_device,
            plan::{PlanOrder, PlanReport},
        },
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};

/// The number of the row of the plan that says how much is renewed.
const RENEWED: u8 = 5;

/// An owner of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRow {
    /// The owner.
    pub owner: MunicipalityId,
    /// Devices that are due in the first year to come, those of before too.
    pub due: u64,
    /// What the first year to come costs.
    pub cost_next: Yen,
    /// What of it the owner itself pays.
    pub own_next: Yen,
    /// What all years to come cost.
    pub total: Yen,
    /// What of it the owner itself pays.
    pub own: Yen,
    /// What of all of it falls to a device and year; none where there is no device.
    pub per_device: Option<Yen>,
    /// ⑤ of the year that runs, or of the last one of its plan.
    pub renewed: Option<Share>,
}

/// Several owners, of which anything is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnersReport {
    /// As of when.
    pub as_of: Timestamp,
    /// The first year to come.
    pub next: FiscalYear,
    /// One for each owner of which anything is recorded.
    pub rows: Vec<OwnerRow>,
    /// Owners of which nothing is.
    pub without: Vec<MunicipalityId>,
    /// What the years to come cost together, by payer.
    pub amounts: BTreeMap<(FiscalYear, Payer), Yen>,
    /// Devices that are due in them.
    pub due: BTreeMap<FiscalYear, u64>,
    /// Their plan together; none where nobody has one.
    pub plan: Option<PlanReport>,
    /// Codes of owners that are not in it, with why.
    pub left_out: Vec<(String, Both)>,
}

/// What is added up over all owners.
#[derive(Debug, Default)]
struct Together {
    rows: Vec<OwnerRow>,
    amounts: BTreeMap<(FiscalYear, Payer), Yen>,
    due: BTreeMap<FiscalYear, u64>,
    plans: Vec<PlanReport>,
    left_out: Vec<(String, Both)>,
}

/// ⑤ of a year, or of the last one of the plan where that is over.
fn renewed(report: &PlanReport, year: FiscalYear) -> Option<Share> {
    let at = report.plan.years.iter().rposition(|one| *one <= year)?;
    let row = report.plan.rows.iter().find(|row| row.number == RENEWED)?;
    match row.cells.get(at) {
        Some(Cell::Share(share)) => Some(*share),
        Some(Cell::Blank | Cell::Count(_)) | None => None,
    }
}

impl Together {
    /// Adds what others came to, which stand behind.
    fn and(mut self, other: Self) -> Result<Self> {
        self.rows.extend(other.rows);
        for (key, amount) in other.amounts {
            add_to(&mut self.amounts, key, amount)?;
        }
        for (year, count) in other.due {
            *self.due.entry(year).or_default() += count;
        }
        self.plans.extend(other.plans);
        self.left_out.extend(other.left_out);
        Ok(self)
    }

    /// What one owner comes to.
    fn of(known: &Known, order: &PlanOrder) -> Result<Self> {
        let report = costs(known, CostOrder { detail: CostDetail::Owners, ..CostOrder::OF_BOARD })?;
        let next = report.outlook_from;
        let to_come = report.lines.iter().filter(|line| line.key.year >= next);
        let amounts = sum_by(to_come.map(|line| ((line.key.year, line.key.payer), line.amount)))?;
        let sum = |counts: &dyn Fn(FiscalYear, Payer) -> bool| {
            let counted = amounts.iter().filter(|((year, payer), _)| counts(*year, *payer));
            Yen::sum(counted.map(|(_, amount)| *amount))
        };
        let devices = report.device_years(|_, year| year >= next)?.remove(&true).unwrap_or_default();
        let mut due = BTreeMap::new();
        for (_, lot) in &report.due {
            *due.entry(lot.year.max(next)).or_default() += u64::from(lot.count);
        }
        let row = OwnerRow {
            owner: known.owner,
            due: due.get(&next).copied().unwrap_or_default(),
            cost_next: sum(&|year, _| year == next)?,
            own_next: sum(&|year, payer| year == next && payer == Payer::Own)?,
            total: sum(&|_, _| true)?,
            own: sum(&|_, payer| payer == Payer::Own)?,
            per_device: per_device(devices.total()?, devices.count),
            renewed: None,
        };
        let (row, plans, left_out) = match plan_or_why(known, order) {
            Ok(plan) => (OwnerRow { renewed: renewed(&plan, known.year()), ..row }, vec![plan], Vec::new()),
            Err(why) => (row, Vec::new(), vec![(known.code.clone(), why)]),
        };
        Ok(Self { rows: vec![row], amounts, due, plans, left_out })
    }
}

impl Renewal {
    /// All owners that the caller sees whole, beside each other and together. Reasons: RIGHT_MISSING, FIELD_INVALID,
    /// LEDGER_TOO_LARGE.
    pub async fn owners(&self, staff: &Staff, as_of: Option<Timestamp>, order: &PlanOrder) -> Result<OwnersReport> {
        let of = Of::named(staff, None)?;
        let order = order.clone();
        let added_up = move |known: Known| {
            // Nobody stands there where nothing is known of anybody.
            let is_nobody = known.code.is_empty();
            Ok((known.as_of, if is_nobody { Together::default() } else { Together::of(&known, &order)? }))
        };
        let all = self.of_known(&of, as_of, added_up).await?;
        let as_of = all.first().expect("there is one at least").0;
        let together = all.into_iter().try_fold(Together::default(), |together, (_, one)| together.and(one))?;
        let Together { rows, amounts, due, plans, mut left_out } = together;
        let told: BTreeSet<_> = rows.iter().map(|row| row.owner).collect();
        let owners = of.areas().iter().map(|area| area.municipality());
        let without = owners.filter(|owner| !told.contains(owner)).collect();
        let plan = PlanReport::roll_up(plans, left_out.clone(), &say::other_years());
        if let Some(plan) = &plan {
            left_out.clone_from(&plan.left_out);
        }
        left_out.sort_by(|one, two| one.0.cmp(&two.0));
        let year = FiscalYear::of(day_in_japan(as_of.0));
        let next = FiscalYear::starting_in(year.year() + 1).unwrap_or(year);
        Ok(OwnersReport { as_of, next, rows, without, amounts, due, plan, left_out })
    }
}
