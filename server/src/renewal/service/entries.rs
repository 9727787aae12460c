//! Entries: recorded once, taken back once, never changed.

use serde_json::{Value, json};
use time::Date;
use uuid::Uuid;

use super::{
    Renewal, damaged, entry_of,
    recording::{Checked, LATEST, irreversible},
    rules::rules_at,
    whole,
};
use crate::{
    access::{
        rules::{
            Right, Staff,
            days::{day_in_japan, parse_date},
            fields::parse_filled,
        },
        service::audit::Deed,
    },
    bandwidth::rules::Outcome,
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result, says::renewal as say},
    renewal::{
        rules::{
            CostKind,
            board::NetworkCount,
            body::{Body, Stated},
            ledger::{Entry, EntryId, EntryKind},
            lots::{
                Lot, SaidLot,
                serials::{Numbered, check_serials},
            },
            open_ledger::Irreversible,
            rule_sets::RuleSet,
            said::Said,
        },
        store::{self, ListedRow, Shown},
    },
    schools::{
        rules::{MunicipalityId, SchoolId, fiscal::FiscalYear},
        service::{import::all_schools, school_not_found},
        store::school_exists,
    },
};

/// Longest reason, in characters.
const REASON_MOST: usize = 1_000;
/// Most serial numbers that a form of a page takes again: with their line ends, encoded, they stay well below its bytes.
const FORM_SERIALS_MOST: i64 = 20_000;

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOrder {
    /// The id under which it is recorded: the same one records once.
    pub id: Option<Uuid>,
    /// The owner.
    pub owner: MunicipalityId,
    /// The school, if it is of one.
    pub school: Option<SchoolId>,
    /// What is said.
    pub said: Said,
    /// The entry that it corrects, and why: that one is taken back with it.
    pub corrects: Option<(EntryId, String)>,
}

/// An entry with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    /// The owner.
    pub owner: MunicipalityId,
    /// The entry.
    pub entry: Entry,
    /// What it says; none of a reversal.
    pub stated: Option<Stated>,
    /// Why, of a reversal.
    pub reason: Option<String>,
    /// The entry that takes it back.
    pub reversed_by: Option<EntryId>,
    /// Who recorded it.
    pub recorder: String,
}

/// Which page of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOrder {
    /// The owner.
    pub owner: MunicipalityId,
    /// As they stood then; now without it.
    pub as_of: Option<Timestamp>,
    /// Only of this kind.
    pub kind: Option<EntryKind>,
    /// Whether those that do not stand are shown.
    pub shown: Shown,
    /// Before this time of recording and id.
    pub before: (i64, Uuid),
    /// At most so many.
    pub limit: i64,
}

pub(super) fn entry_not_found(entry: EntryId) -> Error {
    Error::not_found("ENTRY_NOT_FOUND", say::entry_unknown(entry))
}

/// A reason that says something. Reason: FIELD_INVALID.
fn checked_reason(reason: &str) -> Result<String> {
    let filled = parse_filled("reason", reason, REASON_MOST);
    filled.map_err(|_| Error::invalid_field("reason", say::reason_needed(REASON_MOST)))
}

impl EntryView {
    pub(super) fn of(owner: MunicipalityId, row: ListedRow) -> Result<Self> {
        let (reversed_by, recorder) = (row.reversed_by.map(EntryId), row.entry.recorder_name.clone());
        let entry = entry_of(row.entry)?;
        let (stated, reason) = match entry.reverses {
            Some(_) => (None, entry.reason().map(str::to_owned)),
            None => {
                let stated = Stated::read(entry.kind, entry.valid.from, &entry.body);
                (Some(stated.map_err(|_| damaged("what is said"))?), None)
            }
        };
        Ok(Self { owner, entry, stated, reason, reversed_by, recorder })
    }
}

/// What is said, checked on a day by rules that hold. Of a lot with its devices. Reason: FIELD_INVALID, with all that is
/// wrong.
pub(super) fn check(
    said: &Said,
    today: Date,
    rules: &RuleSet,
    restricted: impl Fn(&str) -> Option<Date>,
) -> Result<(Body, Vec<Numbered>)> {
    match said {
        Said::Lot(lot, serials) => {
            check_lot(lot, serials, today, rules).map(|(lot, devices)| (Body::Lot(lot), devices))
        }
        Said::Cost(cost) => Ok((Body::Cost(cost.check(today)?), Vec::new())),
        Said::Disposal(disposal) => Ok((Body::Disposal(disposal.check(today, restricted)?), Vec::new())),
        Said::Pupils(pupils) => Ok((Body::Pupils(pupils.check()?), Vec::new())),
        Said::Planned(planned) => Ok((Body::Planned(planned.check()?), Vec::new())),
        Said::DisposalPlan(plan) => Ok((Body::DisposalPlan(plan.check()?, today), Vec::new())),
        Said::Network(_) => Err(Error::internal("networks are counted, not said", "network")),
    }
}

fn check_lot(said: &SaidLot, serials: &[String], today: Date, rules: &RuleSet) -> Result<(Lot, Vec<Numbered>)> {
    let delivered = parse_date("delivered", &said.delivered).ok();
    let kind = i16::try_from(said.kind).ok().and_then(CostKind::from_number);
    let programme = kind.zip(delivered).and_then(|(kind, day)| rules.programmes.covering(kind, FiscalYear::of(day)));
    let years = programme.filter(|programme| !programme.invented);
    let lot = said.check(today, years.map(|programme| programme.disposal_restriction_years.value));
    // Where the count itself is refused, only the serial numbers are looked at.
    let count = lot.as_ref().map_or(u32::MAX, |lot| lot.count);
    match (lot, check_serials(serials, count)) {
        (Ok(lot), Ok(devices)) => Ok((lot, devices)),
        (Ok(_), Err(wrong)) => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        (Err(refused), Ok(_)) => Err(refused),
        (Err(refused), Err(wrong)) => {
            let all = refused.fields.iter().cloned().chain(wrong).collect();
            Err(Error::invalid_fields("FIELD_INVALID", all))
        }
    }
}

impl Renewal {
    /// Records an entry, or a correction of one; whether it is new. The same id with the same content is recorded once.
    /// Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, FIELD_INVALID, ENTRY_EXISTS, ENTRY_NOT_FOUND,
    /// ENTRY_IS_REVERSAL, ENTRY_REVERSED, LEDGER_TOO_LARGE.
    pub async fn record(&self, staff: &Staff, order: RecordOrder) -> Result<(EntryView, bool)> {
        let RecordOrder { id, owner, school, said, corrects } = order;
        whole(staff, Right::EditLedger, owner)?;
        let counted = match &said {
            Said::Network(year) => Some(self.count_networks(staff, owner, year).await?),
            Said::Lot(..)
            | Said::Cost(_)
            | Said::Disposal(_)
            | Said::Pupils(_)
            | Said::Planned(_)
            | Said::DisposalPlan(_) => None,
        };
        let mut recording = self.recording(staff, owner).await?;
        if let Some(school) = school
            && !school_exists(&mut recording.tx, owner, school).await?
        {
            return Err(school_not_found(school));
        }
        let rules = rules_at(&mut recording.tx, Some(owner), LATEST).await?;
        let today = day_in_japan(self.clock.now().0);
        let (body, devices) = match counted {
            Some(counted) => (Body::Network(counted), Vec::new()),
            None => {
                let restrictions = recording.restrictions(&said).await?;
                check(&said, today, &rules, |serial| restrictions.until(serial))?
            }
        };
        let corrects = match corrects {
            Some((entry, reason)) => Some((entry, checked_reason(&reason)?)),
            None => None,
        };
        let id = EntryId(id.unwrap_or_else(Uuid::now_v7));
        let stated = Stated::of(school, body).map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let checked = Checked { id, stated, devices, corrects };
        if let Some(known) = recording.same(&checked, &said).await? {
            return Ok((known, false));
        }
        let deed = deed(owner, "renewal.record", id, details(&checked));
        recording.add(checked).await?;
        self.access.audit(&mut recording.tx, staff, deed).await?;
        let view = self.write(recording).await?.expect("an entry was added");
        Ok((view, true))
    }

    /// Takes an entry back. The same id for the same entry takes it back once. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, FIELD_INVALID, ENTRY_NOT_FOUND, ENTRY_IS_REVERSAL, ENTRY_REVERSED, ENTRY_EXISTS.
    pub async fn reverse(
        &self,
        staff: &Staff,
        (owner, entry): (MunicipalityId, EntryId),
        id: Option<Uuid>,
        reason: &str,
    ) -> Result<EntryView> {
        whole(staff, Right::EditLedger, owner)?;
        let reason = checked_reason(reason)?;
        let mut recording = self.recording(staff, owner).await?;
        let id = EntryId(id.unwrap_or_else(Uuid::now_v7));
        if let Some(known) = store::find(&mut recording.tx, owner, id, LATEST).await? {
            let known = EntryView::of(owner, known)?;
            let is_same = known.entry.reverses == Some(entry) && known.reason.as_ref() == Some(&reason);
            return if is_same { Ok(known) } else { Err(entry_exists()) };
        }
        let details = json!({ "reverses": entry.to_string(), "reason": reason });
        recording.reverse(entry, id, &reason)?;
        self.access.audit(&mut recording.tx, staff, deed(owner, "renewal.reverse", id, details)).await?;
        Ok(self.write(recording).await?.expect("a reversal was added"))
    }

    /// One entry. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, ENTRY_NOT_FOUND, FIELD_INVALID.
    pub async fn entry(
        &self,
        staff: &Staff,
        (owner, entry): (MunicipalityId, EntryId),
        as_of: Option<Timestamp>,
    ) -> Result<EntryView> {
        let area = whole(staff, Right::ViewLedger, owner)?;
        let (mut tx, as_of) = self.looking(&area, as_of).await?;
        Self::entry_in(&mut tx, owner, entry, as_of).await
    }

    /// One entry as it stood at a time. Reason: ENTRY_NOT_FOUND.
    pub(super) async fn entry_in(
        tx: &mut Tx,
        owner: MunicipalityId,
        entry: EntryId,
        as_of: Timestamp,
    ) -> Result<EntryView> {
        let row = store::find(tx, owner, entry, as_of).await?.ok_or_else(|| entry_not_found(entry))?;
        EntryView::of(owner, row)
    }

    /// Whether an entry stands now, whatever it did at a time.
    pub(super) async fn stands_now(tx: &mut Tx, view: &EntryView) -> Result<bool> {
        let now = store::find(tx, view.owner, view.entry.id, LATEST).await?;
        Ok(view.stated.is_some() && now.is_some_and(|row| row.reversed_by.is_none()))
    }

    /// What a correction of an entry begins with: the entry, which stands, and the serial numbers of a lot. Reasons:
    /// RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, ENTRY_NOT_FOUND, ENTRY_IS_REVERSAL, ENTRY_REVERSED, LOT_TOO_LARGE.
    pub async fn correctable(
        &self,
        staff: &Staff,
        (owner, entry): (MunicipalityId, EntryId),
    ) -> Result<(EntryView, Vec<String>)> {
        whole(staff, Right::EditLedger, owner)?;
        let mut tx = self.db.read().await?;
        let view = Self::entry_in(&mut tx, owner, entry, LATEST).await?;
        if view.entry.reverses.is_some() {
            return Err(irreversible(entry, Irreversible::IsReversal));
        }
        if view.reversed_by.is_some() {
            return Err(irreversible(entry, Irreversible::IsReversed));
        }
        let devices = store::devices(&mut tx, owner, entry, 0, FORM_SERIALS_MOST + 1).await?;
        if i64::try_from(devices.len()).map_or(true, |count| count > FORM_SERIALS_MOST) {
            let message = say::lot_above_form(FORM_SERIALS_MOST);
            return Err(Error::new(Kind::Precondition, "LOT_TOO_LARGE", message));
        }
        Ok((view, devices.into_iter().map(|device| device.serial).collect()))
    }

    /// Schools of an owner of which something can be recorded, by name; closed ones too, since what is recorded late can be
    /// of them. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn schools_to_record_of(&self, staff: &Staff, owner: MunicipalityId) -> Result<Vec<(SchoolId, String)>> {
        let area = whole(staff, Right::EditLedger, owner)?;
        let mut tx = self.db.read().await?;
        let schools = all_schools(&mut tx, &area).await?.into_iter();
        let mut schools: Vec<_> = schools.map(|school| (SchoolId(school.school_id), school.name)).collect();
        schools.sort_by(|(_, one), (_, other)| one.cmp(other));
        Ok(schools)
    }

    /// A page of entries as they stood at a time, the newest first. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND,
    /// FIELD_INVALID.
    pub async fn entries(&self, staff: &Staff, order: ListOrder) -> Result<Vec<EntryView>> {
        let area = whole(staff, Right::ViewLedger, order.owner)?;
        let (mut tx, as_of) = self.looking(&area, order.as_of).await?;
        let wanted = (as_of, order.kind, order.shown);
        let rows = store::list(&mut tx, order.owner, wanted, order.before, order.limit).await?;
        rows.into_iter().map(|row| EntryView::of(order.owner, row)).collect()
    }

    /// Schools by whether they reach the speed that is needed in a year, as bandwidth reports it now.
    async fn count_networks(&self, staff: &Staff, owner: MunicipalityId, year: &str) -> Result<NetworkCount> {
        let year = FiscalYear::parse("fiscal_year", year);
        let year = year.map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
        let report = self.bandwidth.report(staff, owner, Some(year)).await?;
        let schools = u32::try_from(report.schools.len()).unwrap_or(u32::MAX);
        let (reached, unknown) = (report.count(Outcome::Reached), report.count(Outcome::Unknown));
        Ok(NetworkCount { year, schools, reached, unknown })
    }
}

pub(super) fn entry_exists() -> Error {
    Error::new(Kind::Exists, "ENTRY_EXISTS", say::entry_exists())
}

pub(super) fn deed(owner: MunicipalityId, action: &'static str, entry: EntryId, details: Value) -> Deed {
    let subject_id = entry.to_string();
    Deed { municipality: Some(owner), action, subject_kind: "renewal_entry", subject_id, details }
}

fn details(checked: &Checked) -> Value {
    let body = &checked.stated.body;
    json!({
        "kind": body.kind().to_number(), "total_yen": body.total().map(|total| total.to_number()),
        "corrects": checked.corrects.as_ref().map(|(entry, _)| entry.to_string()),
    })
}
