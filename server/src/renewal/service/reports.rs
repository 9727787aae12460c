//! Reports: made, made again to be compared; and what an amount of one is of.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    EntryView, Renewal,
    known::{Needs, aside, done},
    rules::rules_at,
    whole,
};
use crate::{
    access::rules::{Area, Right, Staff},
    clock::Timestamp,
    db::Tx,
    error::{
        Both, Error, Kind, Result,
        says::{access as say_access, renewal as say},
    },
    renewal::{
        rules::{
            Payer,
            body::Body,
            known::Known,
            ledger::EntryId,
            lots::Lot,
            money::Yen,
            report::{
                Sealed,
                asked::{Asked, Reported, read},
                changes::{ChangeReport, changes},
                content::{canonical, sha256_of},
                costs::{CostOrder, CostReport, costs, costs_of},
                parts::{Part, PartFilter, of_devices, parts, shares_of},
                plan::{NoPlan, PlanOrder, PlanReport, plan},
                scenarios::{ScenarioReport, scenarios},
            },
            what_if::WhatIf,
        },
        store::{self, knowing},
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};

/// Which report, of whom, as of when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOrder {
    /// The owner; without it all that the caller sees whole.
    pub owner: Option<MunicipalityId>,
    /// As of when; now without it.
    pub as_of: Option<Timestamp>,
    /// Which.
    pub asked: Asked,
}

/// Which report, made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The published plan.
    Plan(Box<Sealed<PlanReport>>),
    /// Costs.
    Costs(Sealed<CostReport>),
    /// Scenarios.
    Scenarios(Sealed<ScenarioReport>),
    /// What changed.
    Changes(Sealed<ChangeReport>),
}

/// What became of a report that was made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether the hash is that of the content.
    pub is_hash_right: bool,
    /// Whether the ledger gives the same content for the same time.
    pub is_same: bool,
    /// Hash of what the ledger gives.
    pub sha256: String,
}

/// Which amounts of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsOrder {
    /// The owner.
    pub owner: MunicipalityId,
    /// As of when; now without it.
    pub as_of: Option<Timestamp>,
    /// Which.
    pub filter: PartFilter,
    /// From this place on: as of one time their order never changes.
    pub from: usize,
    /// At most so many.
    pub limit: usize,
}

/// An amount with what is known of the device, where it is of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartView {
    /// The amount.
    pub part: Part,
    /// Serial number of the device.
    pub serial: Option<String>,
}

/// A device of a lot with its share of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its place in the lot, from 0.
    pub position: u32,
    /// Its serial number, if it is known.
    pub serial: Option<String>,
    /// The device of the registry that has it, if one does.
    pub device: Option<Uuid>,
    /// Its share.
    pub amount: Yen,
}

/// One entry as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDetail {
    /// The entry as it stood at the time.
    pub view: EntryView,
    /// Devices of a lot.
    pub devices: Vec<Device>,
    /// Whether it stands now, so that it can be corrected and taken back.
    pub stands: bool,
}

/// Whom a report is of.
#[derive(Debug, Clone)]
pub(super) enum Of {
    /// One owner, which is told where it has no plan.
    One(Area),
    /// Several together; who has no plan is left out.
    Several(Vec<Area>),
}

impl Of {
    /// The owner that is named, or all that the caller sees whole. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub(super) fn named(staff: &Staff, owner: Option<MunicipalityId>) -> Result<Self> {
        match owner {
            Some(owner) => Ok(Self::One(whole(staff, Right::ViewRenewal, owner)?)),
            None => {
                let all = staff.scope(Right::ViewRenewal)?;
                Ok(Self::Several(all.areas().filter(|area| area.covers(None)).collect()))
            }
        }
    }

    fn is_one(&self) -> bool {
        matches!(self, Self::One(_))
    }

    pub(super) fn areas(&self) -> &[Area] {
        match self {
            Self::One(area) => std::slice::from_ref(area),
            Self::Several(areas) => areas,
        }
    }
}

fn no_plan(refused: NoPlan) -> Error {
    match refused {
        NoPlan::NoProgramme => Error::not_found("PROGRAMME_NOT_FOUND", say::no_programme()),
        NoPlan::Refused(fields) => {
            let mut error = Error::new(Kind::Precondition, "PLAN_REFUSED", say::plan_refused());
            error.fields = fields.into();
            error
        }
    }
}

/// The plan of one owner of several, or why it has none.
pub(super) fn plan_or_why(known: &Known, order: &PlanOrder) -> std::result::Result<PlanReport, Both> {
    match plan(known, order) {
        Ok(_) if known.has_no_entries() => Err(say::no_entries()),
        Ok(report) => Ok(report),
        Err(NoPlan::NoProgramme) => Err(say::no_programme()),
        Err(NoPlan::Refused(_)) => Err(say::plan_refused()),
    }
}

impl Renewal {
    /// The plan of an owner, or of all that the caller sees whole together. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, FIELD_INVALID, PROGRAMME_NOT_FOUND, PLAN_REFUSED, LEDGER_TOO_LARGE.
    pub async fn plan(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        as_of: Option<Timestamp>,
        order: &PlanOrder,
    ) -> Result<Sealed<PlanReport>> {
        self.plan_of(&Of::named(staff, owner)?, as_of, order).await
    }

    async fn plan_of(&self, of: &Of, as_of: Option<Timestamp>, order: &PlanOrder) -> Result<Sealed<PlanReport>> {
        let (mut tx, as_of) = self.reading(of.areas(), as_of).await?;
        let asked = order.clone();
        if of.is_one() {
            let made = move |known: Known| Ok(plan(&known, &asked).map_err(no_plan)?.seal());
            let mut sealed = self.of_each(&mut tx, of.areas(), (as_of, Needs::Plan), made).await?;
            return Ok(sealed.pop().expect("it was asked for one"));
        }
        let made = move |known: Known| Ok((plan_or_why(&known, &asked), known.code));
        let plans = self.of_each(&mut tx, of.areas(), (as_of, Needs::Plan), made).await?;
        let (mut reports, mut left_out) = (Vec::new(), Vec::new());
        for (report, code) in plans {
            match report {
                Ok(report) => reports.push(report),
                Err(why) => left_out.push((code, why)),
            }
        }
        if reports.is_empty() {
            let nobody = Known::of_nobody(as_of, rules_at(&mut tx, None, as_of).await?);
            let blank = plan(&nobody, order).map_err(no_plan)?;
            left_out.sort_by(|one, two| one.0.cmp(&two.0));
            return Ok(PlanReport { owners: Vec::new(), left_out, ..blank }.seal());
        }
        drop(tx);
        let together =
            move || PlanReport::roll_up(reports, left_out, &say::other_years()).expect("there is one at least");
        done(aside(move || Ok(together().seal()))).await
    }

    /// What a report makes of what was known at a time: of one owner, or of those of which anything was; of nobody where
    /// nothing was of any.
    pub(super) async fn of_known<T: Send + 'static>(
        &self,
        of: &Of,
        as_of: Option<Timestamp>,
        make: impl Fn(Known) -> Result<T> + Clone + Send + 'static,
    ) -> Result<Vec<T>> {
        let (mut tx, as_of) = self.reading(of.areas(), as_of).await?;
        let (is_one, once) = (of.is_one(), make.clone());
        let made = move |known: Known| (is_one || !known.is_empty()).then(|| once(known)).transpose();
        let made = self.of_each(&mut tx, of.areas(), (as_of, Needs::All), made).await?;
        let all: Vec<_> = made.into_iter().flatten().collect();
        if all.is_empty() {
            let nobody = Known::of_nobody(as_of, rules_at(&mut tx, None, as_of).await?);
            return Ok(vec![make(nobody)?]);
        }
        Ok(all)
    }

    /// Costs of an owner, or of all that the caller sees whole together. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID, LEDGER_TOO_LARGE.
    pub async fn costs(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        as_of: Option<Timestamp>,
        order: CostOrder,
    ) -> Result<Sealed<CostReport>> {
        self.costs_of(&Of::named(staff, owner)?, as_of, order).await
    }

    async fn costs_of(&self, of: &Of, as_of: Option<Timestamp>, order: CostOrder) -> Result<Sealed<CostReport>> {
        if let (Some(first), Some(last)) = (order.first, order.last)
            && last < first
        {
            return Err(Error::invalid_field("last_fiscal_year", say::year_range()));
        }
        let reports = self.of_known(of, as_of, move |known| Ok(costs(&known, order)?)).await?;
        let together = move || {
            let mut report = CostReport::together(reports)?.expect("there is one at least");
            report.owners.retain(|code| !code.is_empty());
            Ok(report.seal())
        };
        done(aside(together)).await
    }

    /// Scenarios of an owner, or of all that the caller sees whole together, side by side; all scenarios where none is
    /// named. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID, LEDGER_TOO_LARGE.
    pub async fn scenarios(
        &self,
        staff: &Staff,
        owner: Option<MunicipalityId>,
        as_of: Option<Timestamp>,
        wanted: &[String],
    ) -> Result<Sealed<ScenarioReport>> {
        self.scenarios_of(&Of::named(staff, owner)?, as_of, wanted).await
    }

    async fn scenarios_of(
        &self,
        of: &Of,
        as_of: Option<Timestamp>,
        wanted: &[String],
    ) -> Result<Sealed<ScenarioReport>> {
        let report = self.scenarios_together(of, as_of, wanted, None).await?;
        done(aside(move || Ok(report.seal()))).await
    }

    /// Scenarios of what was known, and behind them one of somebody's own.
    pub(super) async fn scenarios_together(
        &self,
        of: &Of,
        as_of: Option<Timestamp>,
        wanted: &[String],
        what_if: Option<WhatIf>,
    ) -> Result<ScenarioReport> {
        let wanted = wanted.to_vec();
        let made = move |known: Known| Ok(scenarios(&known, &wanted, what_if)?);
        let reports = self.of_known(of, as_of, made).await?;
        let mut report = ScenarioReport::together(reports)?.expect("there is one at least");
        report.owners.retain(|code| !code.is_empty());
        Ok(report)
    }

    /// What changed of an owner since a time. It names entries, so it is for who sees the ledger. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, FIELD_INVALID,
    /// LEDGER_TOO_LARGE.
    pub async fn changes(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        (since, until): (Timestamp, Option<Timestamp>),
        order: &PlanOrder,
    ) -> Result<Sealed<ChangeReport>> {
        let area = &whole(staff, Right::ViewLedger, owner)?;
        let (mut tx, until) = self.reading(std::slice::from_ref(area), until).await?;
        if since > until {
            return Err(Error::invalid_field("since_time", say::since_after()));
        }
        let before = self.known(&mut tx, area, since).await?;
        let after = self.known(&mut tx, area, until).await?;
        drop(tx);
        let order = order.clone();
        done(aside(move || Ok(changes(&before, &after, &order)?.seal()))).await
    }

    /// Makes whichever report. Reasons: those of the report; what changed is of one owner, else MUNICIPALITY_NOT_FOUND.
    pub async fn report(&self, staff: &Staff, order: &ReportOrder) -> Result<What> {
        self.make(staff, &Of::named(staff, order.owner)?, order.as_of, &order.asked).await
    }

    pub(super) async fn make(&self, staff: &Staff, of: &Of, as_of: Option<Timestamp>, asked: &Asked) -> Result<What> {
        match (asked, of) {
            (Asked::Plan(order), _) => Ok(What::Plan(Box::new(self.plan_of(of, as_of, order).await?))),
            (Asked::Costs(order), _) => Ok(What::Costs(self.costs_of(of, as_of, *order).await?)),
            (Asked::Scenarios(ids), _) => Ok(What::Scenarios(self.scenarios_of(of, as_of, ids).await?)),
            (Asked::Changes(since, order), Of::One(area)) => {
                let times = (*since, as_of);
                Ok(What::Changes(self.changes(staff, area.municipality(), times, order).await?))
            }
            (Asked::Changes(..), Of::Several(_)) => {
                Err(Error::not_found("MUNICIPALITY_NOT_FOUND", say_access::municipality_unknown("-")))
            }
        }
    }

    /// Makes a report again, from what its content says that it is of, and compares. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, FIELD_INVALID, and those of the report.
    pub async fn verify(&self, staff: &Staff, content: &str, sha256: &str) -> Result<Verified> {
        staff.scope(Right::ViewRenewal)?;
        let unreadable = || Error::invalid_field("content", say::content_unreadable());
        let content = content.to_owned();
        let read = move || {
            let value: serde_json::Value = serde_json::from_str(&content).map_err(|_| unreadable())?;
            let text = canonical(&value);
            Ok((read(&value).ok_or_else(unreadable)?, sha256_of(text.as_bytes()), text))
        };
        let (reported, hash, text) = done(aside(read)).await?;
        let is_hash_right = hash == sha256.trim().to_lowercase();
        let made = self.again(staff, reported).await?;
        Ok(Verified { is_hash_right, is_same: made.content() == text, sha256: made.sha256().to_owned() })
    }

    async fn again(&self, staff: &Staff, reported: Reported) -> Result<What> {
        let Reported { asked, as_of, owners, is_of_one } = reported;
        let mut tx = self.db.read().await?;
        let seen = Of::named(staff, None)?;
        let ids: Vec<_> = seen.areas().iter().map(Area::municipality).collect();
        let wanted: BTreeSet<_> = owners.iter().map(String::as_str).collect();
        let codes: BTreeMap<_, _> = knowing::codes(&mut tx, &ids).await?.into_iter().collect();
        let code = |area: &Area| codes.get(&area.municipality().0).map(String::as_str);
        let is_wanted = |area: &&Area| code(area).is_some_and(|code| wanted.contains(code));
        let areas: Vec<_> = seen.areas().iter().filter(is_wanted).cloned().collect();
        let found: BTreeSet<_> = areas.iter().filter_map(code).collect();
        drop(tx);
        if let Some(code) = owners.iter().find(|code| !found.contains(code.as_str())) {
            return Err(Error::not_found("MUNICIPALITY_NOT_FOUND", say_access::municipality_unknown(code)));
        }
        let of = match <[Area; 1]>::try_from(areas) {
            Ok([area]) if is_of_one => Of::One(area),
            Ok([area]) => Of::Several(vec![area]),
            Err(areas) => Of::Several(areas),
        };
        self.make(staff, &of, Some(as_of), &asked).await
    }

    /// Amounts of an owner with what they are of, and as of when. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID, LEDGER_TOO_LARGE.
    pub async fn parts(&self, staff: &Staff, order: &PartsOrder) -> Result<(Vec<PartView>, Timestamp)> {
        let (views, at, ()) = self.parts_beside(staff, order, |_, _| Ok(())).await?;
        Ok((views, at))
    }

    /// The same with the costs of the owner, out of one reading of its ledger.
    pub async fn parts_and_costs(
        &self,
        staff: &Staff,
        order: &PartsOrder,
    ) -> Result<(Vec<PartView>, Sealed<CostReport>)> {
        let sealed = |known: &Known, parts: &[Part]| Ok(costs_of(known, parts, CostOrder::OF_BOARD)?.seal());
        let (views, _, sealed) = self.parts_beside(staff, order, sealed).await?;
        Ok((views, sealed))
    }

    async fn parts_beside<T: Send + 'static>(
        &self,
        staff: &Staff,
        order: &PartsOrder,
        beside: impl FnOnce(&Known, &[Part]) -> Result<T> + Send + 'static,
    ) -> Result<(Vec<PartView>, Timestamp, T)> {
        let area = whole(staff, Right::ViewLedger, order.owner)?;
        let (mut tx, as_of) = self.reading(std::slice::from_ref(&area), order.as_of).await?;
        let known = self.known(&mut tx, &area, as_of).await?;
        let PartsOrder { owner, filter, from, limit, .. } = order.clone();
        let made = move || {
            let all = parts(&known)?;
            let beside = beside(&known, &all)?;
            let wanted = all.into_iter().filter(|part| filter.fits(&part.key)).skip(from).take(limit);
            Ok((wanted.collect::<Vec<_>>(), beside))
        };
        let (wanted, beside) = done(aside(made)).await?;
        let devices: BTreeSet<_> = wanted.iter().filter_map(|part| part.source.device()).collect();
        let serials: BTreeMap<_, _> = store::serials_of(&mut tx, owner, &devices).await?.into_iter().collect();
        let view = |part: Part| {
            let serial = part.source.device().and_then(|device| serials.get(&device).cloned());
            PartView { part, serial }
        };
        Ok((wanted.into_iter().map(view).collect(), as_of, beside))
    }

    /// Devices of a lot from a place on, each with its share of what the lot costs, or of what of it is of a year and a
    /// payer. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, ENTRY_NOT_FOUND, FIELD_INVALID.
    pub async fn devices(
        &self,
        staff: &Staff,
        place: (MunicipalityId, EntryId),
        filter: &PartFilter,
        part: (u32, i64),
    ) -> Result<Vec<Device>> {
        self.entry_with_devices(staff, place, None, (filter, part)).await.map(|detail| detail.devices)
    }

    /// One entry as it stood at a time, and of a lot its devices as [`Self::devices`] gives them, out of one reading.
    /// Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, ENTRY_NOT_FOUND, FIELD_INVALID.
    pub async fn entry_with_devices(
        &self,
        staff: &Staff,
        (owner, entry): (MunicipalityId, EntryId),
        as_of: Option<Timestamp>,
        (filter, part): (&PartFilter, (u32, i64)),
    ) -> Result<EntryDetail> {
        let area = whole(staff, Right::ViewLedger, owner)?;
        let (mut tx, as_of) = self.looking(&area, as_of).await?;
        let view = Self::entry_in(&mut tx, owner, entry, as_of).await?;
        let stands = Self::stands_now(&mut tx, &view).await?;
        let devices = match view.stated.as_ref().map(|stated| &stated.body) {
            Some(Body::Lot(lot)) => devices_of(&mut tx, (owner, entry), lot, (filter, part)).await?,
            Some(
                Body::Cost(_)
                | Body::Disposal(_)
                | Body::Pupils(_)
                | Body::Planned(_)
                | Body::DisposalPlan(..)
                | Body::Network(_),
            )
            | None => Vec::new(),
        };
        Ok(EntryDetail { view, devices, stands })
    }
}

/// Devices of a lot from a place on, each with its share of what a filter asks for.
async fn devices_of(
    tx: &mut Tx,
    (owner, entry): (MunicipalityId, EntryId),
    lot: &Lot,
    (filter, (from, limit)): (&PartFilter, (u32, i64)),
) -> Result<Vec<Device>> {
    let shares = shares_of(lot)?.into_iter();
    let fits = |year: FiscalYear, payer: Payer| {
        filter.year.is_none_or(|one| one == year) && filter.payer.is_none_or(|one| one == payer)
    };
    let amount = Yen::sum(shares.filter(|((year, payer), _)| fits(*year, *payer)).map(|(_, share)| share))?;
    let rows = store::devices(tx, owner, entry, from.into(), limit).await?;
    let device = |(position, amount): (u32, Yen)| {
        let row = rows.iter().find(|row| row.position == i64::from(position));
        Device {
            position,
            serial: row.map(|row| row.serial.clone()),
            device: row.and_then(|row| row.device_id),
            amount,
        }
    };
    let shares = (0..).zip(of_devices(amount, lot.count)).skip(usize::try_from(from).unwrap_or(usize::MAX));
    Ok(shares.take(usize::try_from(limit).unwrap_or(0)).map(device).collect())
}

impl What {
    /// The one content of it.
    pub fn content(&self) -> &str {
        match self {
            Self::Plan(sealed) => &sealed.content,
            Self::Costs(sealed) => &sealed.content,
            Self::Scenarios(sealed) => &sealed.content,
            Self::Changes(sealed) => &sealed.content,
        }
    }

    /// Its hash.
    pub fn sha256(&self) -> &str {
        match self {
            Self::Plan(sealed) => &sealed.sha256,
            Self::Costs(sealed) => &sealed.sha256,
            Self::Scenarios(sealed) => &sealed.sha256,
            Self::Changes(sealed) => &sealed.sha256,
        }
    }

    /// Its name in files and in the audit log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Costs(_) => "costs",
            Self::Scenarios(_) => "scenarios",
            Self::Changes(_) => "changes",
        }
    }
}
