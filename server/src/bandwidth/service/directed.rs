//! Tests that servers direct: give them by lease to devices that are at school, close them, and put what was measured among
//! the measurements; ask for one now, and list them.
//!
//! Invariants: a school has no more live tests than the policy allows, however many servers plan, because each stands in a
//! slot that the database holds once; a result becomes one measurement, under the id of its test.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

pub use super::super::store::directed::TestRow;
use super::{
    super::{
        rules::{
            DAY_US, MeasurementOrder, Method,
            planning::{Candidate, choose},
        },
        store::{self, MeasurementRow, directed},
    },
    Bandwidth, deed_of,
    lessons::{Lessons, LessonsOfDays},
    measurement_row,
};
use crate::{
    access::rules::{Right, Staff},
    checkin::rules::throughput::TestState,
    clock::{Timestamp, micros},
    db::Tx,
    error::{Error, Kind, Result, says::bandwidth as say},
    network::service::{present::PresentDevice, school_for_change, visible_school},
    schools::{
        rules::{MunicipalityId, SchoolId},
        service::municipality_not_found,
    },
};

/// Measured tests that are put among the measurements at once.
const SETTLED_AT_ONCE: i64 = 500;

/// What shall be measured now.
#[derive(Debug, Clone, Default)]
pub struct TestOrder {
    /// Even in lessons or near them.
    pub in_lesson: bool,
    /// Against which server; empty for the one that the device reports to.
    pub endpoint: String,
    /// Most bytes each way; none for what the policy says.
    pub most_bytes: Option<i64>,
}

impl Bandwidth {
    /// Gives tests to devices of an owner's schools that are due, as many as may be live. Gives how many.
    pub async fn plan_tests(&self, owner: MunicipalityId) -> Result<usize> {
        let (now, policy) = (self.clock.now(), &self.policy);
        let mut tx = self.db.read().await?;
        let live = usize::try_from(directed::live_count(&mut tx).await?).unwrap_or(usize::MAX);
        let mut free = policy.tests_at_once.saturating_sub(live);
        if free == 0 {
            return Ok(0);
        }
        let (measured, given) = (policy.measured_after(now), policy.given_after(now));
        let due = directed::due_schools(&mut tx, owner, measured, given).await?;
        let lessons = Lessons::read(&mut tx, owner, now).await?;
        let due: HashSet<_> = due
            .into_iter()
            .map(|(school,)| SchoolId(school))
            .filter(|school| !lessons.are_near(*school, now, policy.lessons_minutes))
            .collect();
        drop(tx);
        if due.is_empty() {
            return Ok(0);
        }
        let mut present: BTreeMap<SchoolId, Vec<Candidate>> = BTreeMap::new();
        for device in self.network.present_devices(owner, None, self.lately(now)).await? {
            if due.contains(&device.school) {
                present.entry(device.school).or_default().push(candidate(device));
            }
        }
        let mut count = 0;
        for (school, candidates) in present {
            let given = self.give((owner, school), candidates, free, &TestOrder::default()).await?;
            free -= given.len();
            count += given.len();
            if free == 0 {
                break;
            }
        }
        Ok(count)
    }

    /// Closes tests whose lease is over, and puts what was measured among the measurements. Gives how many measurements.
    pub async fn settle_tests(&self) -> Result<usize> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        directed::expire_tests(&mut tx, now).await?;
        let measured = directed::measured_tests(&mut tx, SETTLED_AT_ONCE).await?;
        let (mut count, mut lessons) = (0, LessonsOfDays::default());
        for test in measured {
            let owner = MunicipalityId(test.municipality_id);
            if directed::settle_test(&mut tx, owner, test.test_id, now).await? {
                let row = measurement(&mut tx, &mut lessons, test, now).await?;
                count += usize::from(store::insert_measurement(&mut tx, &row).await?);
            }
        }
        tx.commit().await?;
        Ok(count)
    }

    /// All owners, for planning.
    pub async fn owners_to_plan(&self) -> Result<Vec<MunicipalityId>> {
        self.network.owners().await
    }

    /// Asks for a test now. Reasons: SCHOOL_NOT_FOUND, RIGHT_MISSING, SCHOOL_CLOSED, LESSONS_ON, NO_DEVICE_THERE,
    /// TEST_UNDER_WAY.
    pub async fn start_test(
        &self,
        staff: &Staff,
        (owner, school): (MunicipalityId, SchoolId),
        order: &TestOrder,
    ) -> Result<TestRow> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let row = school_for_change(&mut tx, staff, owner, school).await?;
        if row.closed_at.is_some() {
            return Err(Error::new(Kind::Precondition, "SCHOOL_CLOSED", say::school_closed(&row.name)));
        }
        let near = Lessons::read(&mut tx, owner, now).await?.are_near(school, now, self.policy.lessons_minutes);
        drop(tx);
        if near && !order.in_lesson {
            return Err(Error::new(Kind::Precondition, "LESSONS_ON", say::lessons_on()));
        }
        let present = self.network.present_devices(owner, Some(school), self.lately(now)).await?;
        let candidates: Vec<_> = present.into_iter().map(candidate).collect();
        if candidates.is_empty() {
            return Err(Error::new(Kind::Precondition, "NO_DEVICE_THERE", say::no_device_there()));
        }
        let test = self.give((owner, school), candidates, 1, order).await?.pop();
        let test = test.ok_or_else(|| Error::new(Kind::Exists, "TEST_UNDER_WAY", say::test_under_way()))?;
        let mut tx = self.db.begin().await?;
        let details = serde_json::json!({
            "school": school.to_string(), "device": test.device_id, "endpoint": order.endpoint,
            "in_lesson": order.in_lesson, "most_bytes": test.most_bytes,
        });
        let deed = deed_of(owner, "bandwidth.start_test", "bandwidth_test", test.test_id, details);
        self.access.audit(&mut tx, staff, deed).await?;
        tx.commit().await?;
        Ok(test)
    }

    /// Tests of an owner's schools in scope, or of one of them, before an id, the newest first. Reasons: RIGHT_MISSING,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn tests(
        &self,
        staff: &Staff,
        owner: MunicipalityId,
        school: Option<SchoolId>,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<TestRow>> {
        let mut tx = self.db.read().await?;
        if let Some(school) = school {
            visible_school(&mut tx, staff, owner, school).await?;
        }
        let area = staff.scope(Right::ViewFigures)?.area(owner).ok_or_else(|| municipality_not_found(owner))?;
        directed::tests_of_area(&mut tx, &area, school, before, limit).await
    }

    /// Since when a device must have reported to be there still: two paces, and what the jitter adds.
    fn lately(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - 2 * micros(self.pace) * 11 / 10)
    }

    /// Gives tests to the best of a school's devices: at most `most`, and no more than slots are free.
    async fn give(
        &self,
        (owner, school): (MunicipalityId, SchoolId),
        candidates: Vec<Candidate>,
        most: usize,
        order: &TestOrder,
    ) -> Result<Vec<TestRow>> {
        let (now, policy) = (self.clock.now(), &self.policy);
        let mut tx = self.db.begin().await?;
        let yesterday = Timestamp(now.0 - DAY_US);
        let failed = directed::failed_devices(&mut tx, (owner, school), yesterday).await?;
        let failed = failed.into_iter().map(|(device,)| device).collect();
        let mut given = Vec::new();
        let slots = 0..i16::try_from(policy.devices_at_once.min(most)).unwrap_or(1);
        for (slot, chosen) in slots.zip(choose(candidates, &failed, policy.devices_at_once.min(most))) {
            let row = TestRow {
                municipality_id: owner.0,
                test_id: Uuid::now_v7(),
                school_id: school.0,
                device_id: chosen.device,
                slot,
                given_at: now.0,
                expires_at: policy.expires_at(now, micros(self.pace)).0,
                endpoint: order.endpoint.clone(),
                most_bytes: order.most_bytes.unwrap_or(policy.most_bytes),
                most_ms: policy.most_ms,
                gateway_hash: chosen.gateway_hash,
                state: TestState::Given as i16,
                ended_at: None,
                measured_at: None,
                receive_kbps: None,
                send_kbps: None,
            };
            if directed::insert_test(&mut tx, &row).await? {
                given.push(row);
            }
        }
        tx.commit().await?;
        Ok(given)
    }
}

fn candidate(device: PresentDevice) -> Candidate {
    let PresentDevice { school: _, device, is_probe, heard_at, gateway_hash } = device;
    Candidate { device: device.0, is_probe, heard_at, gateway_hash }
}

/// What a test gave, as a measurement; calendar and timetable say whether in lessons.
async fn measurement(
    tx: &mut Tx,
    lessons: &mut LessonsOfDays,
    test: TestRow,
    now: Timestamp,
) -> Result<MeasurementRow> {
    let (owner, school) = (MunicipalityId(test.municipality_id), SchoolId(test.school_id));
    let at = Timestamp(test.measured_at.unwrap_or(now.0));
    let in_lesson = lessons.are_on(tx, (owner, school), at).await?;
    let order = MeasurementOrder {
        id: Some(test.test_id),
        at,
        receive_kbps: test.receive_kbps.unwrap_or_default(),
        send_kbps: test.send_kbps,
        method: Method::Agent,
        in_lesson: Some(in_lesson),
        note: String::new(),
    };
    Ok(measurement_row(owner, school, order, in_lesson, now))
}
