//! SQL of tests of throughput, as far as devices have to do with them: begin one, hand in its result.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    checkin::rules::throughput::TestState,
    clock::Timestamp,
    db::Tx,
    devices::rules::{DeviceId, DeviceKey},
    enrollment::rules::DeviceIdentity,
    error::Result,
    schools::rules::MunicipalityId,
};

/// How late a result may come after its test was given, in microseconds: a day.
const LATE_US: i64 = 86_400 * 1_000_000;

/// A test that a device is asked for, or makes.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LiveTest {
    /// The owner.
    pub municipality_id: Uuid,
    /// The device.
    pub device_id: Uuid,
    /// Names it.
    pub test_id: Uuid,
    /// When its lease ends.
    pub expires_at: i64,
    /// Most bytes each way.
    pub most_bytes: i64,
    /// Longest time each way, in milliseconds.
    pub most_ms: i64,
    /// Against which server; empty for the one that is asked.
    pub endpoint: String,
    /// The network that the device must be on.
    pub gateway_hash: Option<Vec<u8>>,
}

impl LiveTest {
    /// Owner and device.
    pub fn key(&self) -> DeviceKey {
        DeviceKey { municipality: MunicipalityId(self.municipality_id), device: DeviceId(self.device_id) }
    }
}

/// All tests that are live now; few at a time.
pub async fn live_tests(tx: &mut Tx, now: Timestamp) -> Result<Vec<LiveTest>> {
    tx.query(
        "SELECT municipality_id, device_id, test_id, expires_at, most_bytes, most_ms, endpoint, gateway_hash
         FROM bandwidth_test WHERE settled_at IS NULL AND ended_at IS NULL AND expires_at > $1 LIMIT 100000",
    )
    .bind(now.0)
    .all()
    .await
}

/// Notes that a device measures, if it has a live test, its access was not ended, and its certificate is the one in use.
pub async fn begin_test(tx: &mut Tx, identity: DeviceIdentity, test: Uuid, now: Timestamp) -> Result<Option<LiveTest>> {
    tx.query(
        "UPDATE bandwidth_test SET state = $6
         WHERE municipality_id = $1 AND test_id = $2 AND device_id = $3 AND ended_at IS NULL AND expires_at > $4
             AND EXISTS (SELECT 1 FROM device d WHERE d.municipality_id = $1 AND d.device_id = $3 AND d.revoked_at IS NULL)
             AND EXISTS (SELECT 1 FROM checkin_cursor c
                 WHERE c.municipality_id = $1 AND c.device_id = $3 AND c.certificate_serial = $5)
         RETURNING municipality_id, device_id, test_id, expires_at, most_bytes, most_ms, endpoint, gateway_hash",
    )
    .bind(identity.key.municipality)
    .bind(test)
    .bind(identity.key.device)
    .bind(now.0)
    .bind(identity.certificate_serial)
    .bind(TestState::Running.to_number())
    .optional()
    .await
}

/// What a device measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Towards it, in kbit/s.
    pub receive_kbps: i64,
    /// From it, in kbit/s.
    pub send_kbps: i64,
    /// When it ended.
    pub measured_at: Timestamp,
}

/// Notes how a test of this device ended, once; none says that it failed. A result that comes after its lease counts, as
/// long as it is less than a day late. False if there is no such test, or it ended before.
pub async fn end_test(tx: &mut Tx, key: DeviceKey, test: Uuid, rates: Option<Rates>, now: Timestamp) -> Result<bool> {
    let state = if rates.is_some() { TestState::Done } else { TestState::Failed };
    let rows = tx
        .query(
            "UPDATE bandwidth_test SET state = $5, ended_at = COALESCE(ended_at, $4), receive_kbps = $6, send_kbps = $7,
                 measured_at = CASE WHEN $8 < given_at THEN given_at ELSE $8 END,
                 settled_at = CASE WHEN $8 IS NULL THEN $4 ELSE NULL END
             WHERE municipality_id = $1 AND test_id = $2 AND device_id = $3 AND measured_at IS NULL AND given_at > $9
                 AND state <> $10 AND (ended_at IS NULL OR $8 IS NOT NULL)",
        )
        .bind(key.municipality)
        .bind(test)
        .bind(key.device)
        .bind(now.0)
        .bind(state.to_number())
        .bind(rates.map(|rates| rates.receive_kbps))
        .bind(rates.map(|rates| rates.send_kbps))
        .bind(rates.map(|rates| rates.measured_at.min(now).0))
        .bind(now.0 - LATE_US)
        .bind(TestState::Failed.to_number())
        .execute()
        .await?;
    Ok(rows == 1)
}

/// Whether a device was given a test.
pub async fn is_test_of(tx: &mut Tx, key: DeviceKey, test: Uuid) -> Result<bool> {
    let row: Option<(i64,)> = tx
        .query("SELECT given_at FROM bandwidth_test WHERE municipality_id = $1 AND test_id = $2 AND device_id = $3")
        .bind(key.municipality)
        .bind(test)
        .bind(key.device)
        .optional()
        .await?;
    Ok(row.is_some())
}
