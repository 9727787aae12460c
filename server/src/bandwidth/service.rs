//! Use cases of bandwidth: say editions of the table, record measurements, see who reaches what is recommended.

pub mod directed;
mod import;
mod lessons;

use std::{collections::HashMap, time::Duration};

use uuid::Uuid;

use self::lessons::LessonsOfDays;
pub use super::store::MeasurementRow;
use super::{
    rules::{self, Advice, Edition, Measured, MeasurementOrder, Outcome, Verdict, advise, planning::TestPolicy},
    store,
};
use crate::{
    access::{
        rules::{Area, Right, Staff, days::midnight_in_japan},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    db::{Db, Tx},
    error::{Error, Kind, Result, says::bandwidth as say},
    network::service::{Network, school_for_change, visible_school},
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            fiscal::{FiscalYear, date_text, day_in_japan},
        },
        service::{municipality_not_found, school_not_found},
        store::{self as schools, SchoolRow},
    },
};

/// Schools of an owner that are read at once.
const SCHOOLS: i64 = 5_000;
/// Measurements of an owner that a report reads, the newest first.
const MEASUREMENTS: i64 = 100_000;
/// 1 January 2000, before which nobody measured.
const FIRST: Timestamp = Timestamp(946_684_800_000_000);
/// Before which a list begins with the newest.
pub const NEWEST: (i64, Uuid) = (i64::MAX, Uuid::max());

/// Answers about bandwidth.
#[derive(Debug, Clone)]
pub struct Bandwidth {
    db: Db,
    clock: Clock,
    access: Access,
    network: Network,
    policy: TestPolicy,
    pace: Duration,
}

/// A school with its verdict.
#[derive(Debug, Clone)]
pub struct SchoolVerdict {
    /// The school.
    pub school: SchoolRow,
    /// Pupils and of which fiscal year.
    pub pupils: Option<(FiscalYear, i64)>,
    /// Sum of its lines by contract in Mbit/s, where all are known.
    pub contract_mbps: Option<i64>,
    /// The verdict with its evidence.
    pub verdict: Verdict,
    /// What to do next.
    pub advice: Advice,
}

/// Schools of an owner, those farthest from what is recommended first.
#[derive(Debug, Clone)]
pub struct Report {
    /// For which fiscal year.
    pub year: FiscalYear,
    /// Up to when measurements count.
    pub as_of: Timestamp,
    /// The edition of the table that held.
    pub edition: Option<Edition>,
    /// The schools.
    pub schools: Vec<SchoolVerdict>,
}

impl Report {
    /// How many schools have an outcome.
    pub fn count(&self, outcome: Outcome) -> u32 {
        let count = self.schools.iter().filter(|school| school.verdict.outcome == outcome).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Bandwidth {
    /// Works on this database.
    pub fn new(db: Db, clock: Clock, access: Access) -> Self {
        let network = Network::new(db.clone(), clock.clone(), access.clone());
        Self { db, clock, access, network, policy: TestPolicy::default(), pace: Duration::from_secs(60) }
    }

    /// Directs tests by this policy.
    #[must_use]
    pub fn with_policy(self, policy: TestPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Devices report at this pace; without it once a minute.
    #[must_use]
    pub fn with_pace(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// All editions of the table, by date. Reason: RIGHT_MISSING.
    pub async fn editions(&self, staff: &Staff) -> Result<Vec<Edition>> {
        staff.scope(Right::ViewFigures)?;
        store::editions(&mut self.db.read().await?).await
    }

    /// Adds an edition for all. One that is there stays as it is. Reasons: RIGHT_MISSING, EDITION_EXISTS.
    pub async fn add_edition(&self, staff: &Staff, edition: &Edition) -> Result<()> {
        staff.require_everywhere(Right::EditMunicipalities)?;
        let date = date_text(edition.date);
        let mut tx = self.db.begin().await?;
        if !store::insert_edition(&mut tx, edition, self.clock.now()).await? {
            return Err(Error::new(Kind::Exists, "EDITION_EXISTS", say::edition_exists(&date)));
        }
        let deed = Deed {
            municipality: None,
            action: "bandwidth.add_edition",
            subject_kind: "bandwidth_edition",
            subject_id: date,
            details: serde_json::json!({ "source": edition.source, "rows": edition.rows.len() }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await
    }

    /// Records what a person measured. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, FIELD_INVALID, MEASUREMENT_EXISTS.
    pub async fn record(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        order: MeasurementOrder,
    ) -> Result<MeasurementRow> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, owner, school).await?;
        if order.at < FIRST || order.at > now {
            return Err(Error::invalid_field("measure_time", say::when()));
        }
        let in_lesson = match order.in_lesson {
            Some(said) => said,
            None => LessonsOfDays::default().are_on(&mut tx, (owner, school), order.at).await?,
        };
        let row = measurement_row(owner, school, order, in_lesson, now);
        if !store::insert_measurement(&mut tx, &row).await? {
            return Err(Error::new(Kind::Exists, "MEASUREMENT_EXISTS", say::measurement_exists()));
        }
        let details = serde_json::json!({
            "school": school.to_string(), "receive_kbps": row.receive_kbps, "measured_at": row.measured_at,
            "method": row.method, "in_lesson": row.in_lesson,
        });
        self.access.audit(&mut tx, staff, deed(owner, "bandwidth.record", row.measurement_id, details)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a measurement away. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, MEASUREMENT_NOT_FOUND.
    pub async fn delete(&self, staff: &Staff, school: (MunicipalityId, SchoolId), measurement: Uuid) -> Result<()> {
        let mut tx = self.db.begin().await?;
        school_for_change(&mut tx, staff, school.0, school.1).await?;
        if !store::delete_measurement(&mut tx, school, measurement).await? {
            return Err(Error::not_found("MEASUREMENT_NOT_FOUND", say::measurement_unknown(measurement)));
        }
        let details = serde_json::json!({ "school": school.1.to_string() });
        self.access.audit(&mut tx, staff, deed(school.0, "bandwidth.delete", measurement, details)).await?;
        tx.commit().await
    }

    /// Measurements of a school before a time and id, the newest first. Reasons: RIGHT_MISSING, SCHOOL_NOT_FOUND.
    pub async fn measurements(
        &self,
        staff: &Staff,
        school: (MunicipalityId, SchoolId),
        before: (i64, Uuid),
        limit: i64,
    ) -> Result<Vec<MeasurementRow>> {
        let mut tx = self.db.read().await?;
        visible_school(&mut tx, staff, school.0, school.1).await?;
        store::measurements_of_school(&mut tx, school, before, limit).await
    }

    /// All open schools in scope of an owner with their verdicts, for a fiscal year: measurements up to its end, or up to now,
    /// and pupils of it, or else of the year before. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn report(&self, staff: &Staff, owner: MunicipalityId, year: Option<FiscalYear>) -> Result<Report> {
        let area = staff.scope(Right::ViewFigures)?.area(owner).ok_or_else(|| municipality_not_found(owner))?;
        let mut tx = self.db.read().await?;
        let rows = schools::list_schools(&mut tx, &area, Uuid::nil(), SCHOOLS).await?;
        let open = rows.into_iter().filter(|school| school.closed_at.is_none()).collect();
        self.judge(&mut tx, &area, open, year).await
    }

    /// One school with its verdict, and the report that holds nothing else. Reasons: RIGHT_MISSING, SCHOOL_NOT_FOUND.
    pub async fn assess(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        year: Option<FiscalYear>,
    ) -> Result<Report> {
        let mut tx = self.db.read().await?;
        let row = visible_school(&mut tx, staff, owner, school).await?;
        let area = staff.scope(Right::ViewFigures)?.area(owner).ok_or_else(|| school_not_found(school))?;
        self.judge(&mut tx, &area, vec![row], year).await
    }

    /// The report as it goes out as a file; noted in the audit log. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND.
    pub async fn export(&self, staff: &Staff, owner: MunicipalityId, year: Option<FiscalYear>) -> Result<Report> {
        let mut report = self.report(staff, owner, year).await?;
        let area = staff.area_for(Right::Export, owner)?;
        report.schools.retain(|school| area.covers(Some(SchoolId(school.school.school_id))));
        let mut tx = self.db.begin().await?;
        let deed = Deed {
            municipality: Some(owner),
            action: "bandwidth.export",
            subject_kind: "municipality",
            subject_id: owner.to_string(),
            details: serde_json::json!({ "fiscal_year": report.year.year(), "schools": report.schools.len() }),
        };
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(report)
    }

    async fn judge(&self, tx: &mut Tx, area: &Area, rows: Vec<SchoolRow>, year: Option<FiscalYear>) -> Result<Report> {
        let now = self.clock.now();
        let year = year.unwrap_or_else(|| FiscalYear::of(day_in_japan(now.0)));
        let end = Timestamp(midnight_in_japan(year.last_day()).0 + 86_400_000_000 - 1);
        let as_of = now.min(end);
        let owner = area.municipality();
        let day = day_in_japan(as_of.0);
        let edition = store::editions(tx).await?.into_iter().rfind(|edition| edition.date <= day);
        let mut measured: HashMap<Uuid, Vec<Measured>> = HashMap::new();
        for (school, at, receive_kbps, in_lesson) in store::measured_until(tx, owner, as_of, MEASUREMENTS).await? {
            let one = Measured { at: Timestamp(at), receive_kbps, in_lesson };
            measured.entry(school).or_default().push(one);
        }
        let number = year.to_number();
        let pupils: HashMap<Uuid, (i64, i64)> = store::pupils(tx, owner, (number - 1, number))
            .await?
            .into_iter()
            .map(|row| (row.0, (row.1, row.2)))
            .collect();
        let contracts: HashMap<Uuid, i64> = store::contracts(tx, owner)
            .await?
            .into_iter()
            .filter(|(_, lines, known, _)| lines == known)
            .map(|(school, _, _, mbps)| (school, mbps))
            .collect();
        let verdict_of = |school: SchoolRow| {
            let pupils = pupils.get(&school.school_id).and_then(|(year, pupils)| {
                let year = i32::try_from(*year).ok().and_then(FiscalYear::starting_in)?;
                Some((year, *pupils))
            });
            let measured = measured.get(&school.school_id).map_or(&[][..], Vec::as_slice);
            let verdict = rules::judge(edition.as_ref(), pupils.map(|(_, pupils)| pupils), measured, as_of);
            let contract_mbps = contracts.get(&school.school_id).copied();
            let advice = advise(&verdict, contract_mbps);
            SchoolVerdict { school, pupils, contract_mbps, verdict, advice }
        };
        let mut schools: Vec<_> = rows.into_iter().map(verdict_of).collect();
        schools.sort_by(|a, b| {
            let key = |one: &SchoolVerdict| (one.verdict.outcome, one.verdict.percent(), one.school.name.clone());
            key(a).cmp(&key(b))
        });
        Ok(Report { year, as_of, edition, schools })
    }
}

fn measurement_row(
    owner: MunicipalityId,
    school: SchoolId,
    order: MeasurementOrder,
    in_lesson: bool,
    now: Timestamp,
) -> MeasurementRow {
    MeasurementRow {
        municipality_id: owner.0,
        measurement_id: order.id.unwrap_or_else(Uuid::now_v7),
        school_id: school.0,
        measured_at: order.at.0,
        receive_kbps: order.receive_kbps,
        send_kbps: order.send_kbps,
        method: order.method as i16,
        in_lesson,
        note: order.note,
        recorded_at: now.0,
    }
}

fn deed(owner: MunicipalityId, action: &'static str, measurement: Uuid, details: serde_json::Value) -> Deed {
    deed_of(owner, action, "bandwidth_measurement", measurement, details)
}

fn deed_of(
    owner: MunicipalityId,
    action: &'static str,
    subject_kind: &'static str,
    subject: Uuid,
    details: serde_json::Value,
) -> Deed {
    Deed { municipality: Some(owner), action, subject_kind, subject_id: subject.to_string(), details }
}
