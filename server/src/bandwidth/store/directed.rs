//! SQL of tests that servers direct.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    access::rules::Area,
    bandwidth::rules::Method,
    checkin::rules::throughput::TestState,
    clock::Timestamp,
    db::{Tx, area_sql},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId, lines::Topology},
};

/// A test as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TestRow {
    /// The owner.
    pub municipality_id: Uuid,
    /// Names it; UUIDv7, so that the order of ids is that of giving.
    pub test_id: Uuid,
    /// The school.
    pub school_id: Uuid,
    /// The device that was asked.
    pub device_id: Uuid,
    /// Which of the devices of the school that measure at once.
    pub slot: i16,
    /// When it was given.
    pub given_at: i64,
    /// When its lease ends.
    pub expires_at: i64,
    /// Against which server; empty for the one that the device reports to.
    pub endpoint: String,
    /// Most bytes each way.
    pub most_bytes: i64,
    /// Longest time each way, in milliseconds.
    pub most_ms: i64,
    /// The network that the device must be on.
    pub gateway_hash: Option<Vec<u8>>,
    /// Number of a [`TestState`].
    pub state: i16,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// When it was measured.
    pub measured_at: Option<i64>,
    /// Towards the school, in kbit/s.
    pub receive_kbps: Option<i64>,
    /// From the school, in kbit/s.
    pub send_kbps: Option<i64>,
}

/// Open schools of an owner whose network is known, that no agent measured outside lessons after a moment, and that were
/// given no test after another. A line over a mobile network is paid by volume: it is measured when somebody asks.
pub(in crate::bandwidth) async fn due_schools(
    tx: &mut Tx,
    owner: MunicipalityId,
    measured_after: Timestamp,
    given_after: Timestamp,
) -> Result<Vec<(Uuid,)>> {
    tx.query(
        "SELECT s.school_id FROM school s WHERE s.municipality_id = $1 AND s.closed_at IS NULL
             AND EXISTS (SELECT 1 FROM school_network n WHERE n.municipality_id = $1 AND n.school_id = s.school_id)
             AND NOT EXISTS (SELECT 1 FROM bandwidth_measurement m WHERE m.municipality_id = $1 AND m.school_id = s.school_id
                 AND m.method = $4 AND NOT m.in_lesson AND m.measured_at > $2)
             AND NOT EXISTS (SELECT 1 FROM bandwidth_test t WHERE t.municipality_id = $1 AND t.school_id = s.school_id
                 AND t.given_at > $3)
             AND NOT EXISTS (SELECT 1 FROM school_line l WHERE l.municipality_id = $1 AND l.school_id = s.school_id
                 AND l.topology = $5)
         ORDER BY s.school_id LIMIT 5000",
    )
    .bind(owner)
    .bind(measured_after.0)
    .bind(given_after.0)
    .bind(i64::from(Method::Agent as i16))
    .bind(Topology::Lte.to_number())
    .all()
    .await
}

/// How many tests are live in the whole installation.
pub(in crate::bandwidth) async fn live_count(tx: &mut Tx) -> Result<i64> {
    let (count,) = tx.query("SELECT COUNT(*) FROM bandwidth_test WHERE settled_at IS NULL").one::<(i64,)>().await?;
    Ok(count)
}

/// Devices of a school whose tests after a moment gave nothing.
pub(in crate::bandwidth) async fn failed_devices(
    tx: &mut Tx,
    (owner, school): (MunicipalityId, SchoolId),
    after: Timestamp,
) -> Result<Vec<(Uuid,)>> {
    tx.query(
        "SELECT DISTINCT device_id FROM bandwidth_test
         WHERE municipality_id = $1 AND school_id = $2 AND given_at > $3 AND ended_at IS NOT NULL AND measured_at IS NULL
         LIMIT 1000",
    )
    .bind(owner)
    .bind(school)
    .bind(after.0)
    .all()
    .await
}

/// Adds a test; false if its slot has a live one, or its device.
pub(in crate::bandwidth) async fn insert_test(tx: &mut Tx, row: &TestRow) -> Result<bool> {
    let added = tx
        .query(
            "INSERT INTO bandwidth_test (municipality_id, test_id, school_id, device_id, slot, given_at, expires_at, endpoint,
                 most_bytes, most_ms, gateway_hash, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        )
        .bind(row.municipality_id)
        .bind(row.test_id)
        .bind(row.school_id)
        .bind(row.device_id)
        .bind(i64::from(row.slot))
        .bind(row.given_at)
        .bind(row.expires_at)
        .bind(row.endpoint.as_str())
        .bind(row.most_bytes)
        .bind(row.most_ms)
        .bind(row.gateway_hash.clone())
        .bind(i64::from(row.state))
        .execute()
        .await?;
    Ok(added == 1)
}

/// Closes tests whose lease is over without a result. Gives how many.
pub(in crate::bandwidth) async fn expire_tests(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.query(
        "UPDATE bandwidth_test SET state = $2, ended_at = $1, settled_at = $1
         WHERE settled_at IS NULL AND ended_at IS NULL AND expires_at <= $1",
    )
    .bind(now.0)
    .bind(TestState::Expired.to_number())
    .execute()
    .await
}

/// Tests that were measured and do not stand among the measurements yet.
pub(in crate::bandwidth) async fn measured_tests(tx: &mut Tx, limit: i64) -> Result<Vec<TestRow>> {
    tx.query(
        "SELECT municipality_id, test_id, school_id, device_id, slot, given_at, expires_at, endpoint, most_bytes, most_ms,
             gateway_hash, state, ended_at, measured_at, receive_kbps, send_kbps
         FROM bandwidth_test WHERE settled_at IS NULL AND measured_at IS NOT NULL LIMIT $1",
    )
    .bind(limit)
    .all()
    .await
}

/// Nothing is left to do about a test; false if that was so before.
pub(in crate::bandwidth) async fn settle_test(
    tx: &mut Tx,
    owner: MunicipalityId,
    test: Uuid,
    now: Timestamp,
) -> Result<bool> {
    let rows = tx
        .query(
            "UPDATE bandwidth_test SET settled_at = $3
             WHERE municipality_id = $1 AND test_id = $2 AND settled_at IS NULL",
        )
        .bind(owner)
        .bind(test)
        .bind(now.0)
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Tests of an area's schools, or of one of them, before an id, the newest first.
pub(in crate::bandwidth) async fn tests_of_area(
    tx: &mut Tx,
    area: &Area,
    school: Option<SchoolId>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<TestRow>> {
    let (sqlite, postgres) = area_sql!(
        "SELECT municipality_id, test_id, school_id, device_id, slot, given_at, expires_at, endpoint, most_bytes, most_ms,
             gateway_hash, state, ended_at, measured_at, receive_kbps, send_kbps
         FROM bandwidth_test
         WHERE municipality_id = $1 AND school_id >= $2 AND school_id <= $3 AND test_id < $5 AND",
        "school_id",
        "$4",
        "ORDER BY test_id DESC LIMIT $6"
    );
    let (first, last) = school.map_or((Uuid::nil(), Uuid::max()), |school| (school.0, school.0));
    let sql = tx.by_engine(sqlite, postgres);
    tx.query(sql)
        .bind(area.municipality())
        .bind(first)
        .bind(last)
        .bind(area.schools_json())
        .bind(before)
        .bind(limit)
        .all()
        .await
}
