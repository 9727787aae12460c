//! Use cases of check-ins: hand in a report, ask something of a device, end its access.

mod admission;
pub mod presence;
pub mod throughput;
mod writer;

use std::{sync::Arc, time::Duration};

use gigafleet_proto::v1;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use self::{admission::Admission, presence::Presence};
use super::{
    rules::{COMMANDS, Report},
    store,
};
use crate::{
    access::{
        rules::{Right, Staff},
        service::{Access, audit::Deed},
    },
    clock::{Clock, Timestamp},
    config::{Config, Limits},
    db::Db,
    devices::{
        rules::{DeviceId, DeviceKey},
        service as devices,
        store::ask_attention,
    },
    enrollment::rules::DeviceIdentity,
    error::{Error, Kind, Result, says::devices as say},
    telemetry::Metrics,
};

/// What check-ins are told at start.
#[derive(Debug, Clone)]
pub struct CheckInConfig {
    /// Pace that devices are told.
    pub interval: Duration,
    /// Reports that may wait.
    pub queue_reports: usize,
    /// Reports in one transaction.
    pub batch_reports: usize,
    /// Tests of throughput that run at once.
    pub throughput_tests: usize,
}

impl CheckInConfig {
    /// What a server's configuration says of it.
    pub fn of(config: &Config) -> Self {
        let Limits { queue_reports, batch_reports, throughput_tests, .. } = config.limits;
        Self { interval: config.checkin_interval, queue_reports, batch_reports, throughput_tests }
    }
}

/// Takes reports.
#[derive(Debug)]
pub struct CheckIns {
    db: Db,
    clock: Clock,
    access: Access,
    config: CheckInConfig,
    admission: Admission,
    presence: Presence,
    metrics: Arc<Metrics>,
    listener: Option<Arc<dyn Heard>>,
    plan: Option<watch::Receiver<v1::ProbePlan>>,
    tests: throughput::Tests,
}

/// Hears of reports that were stored, once for each of them.
pub trait Heard: Send + Sync + std::fmt::Debug {
    /// These were stored together. Called on the way of every report: it must be quick.
    fn stored(&self, reports: &[HeardReport]);
}

/// A report that was stored now, as far as others are concerned.
#[derive(Debug, Clone)]
pub struct HeardReport {
    /// Owner and device.
    pub key: DeviceKey,
    /// When it arrived.
    pub received_at: Timestamp,
    /// It says on which network or access point the device is.
    pub moved: bool,
    /// What the device measured.
    pub checks: Vec<v1::NetworkCheck>,
}

/// A report that waits for its transaction.
#[derive(Debug)]
struct Pending {
    identity: DeviceIdentity,
    report: Report,
    received_at: Timestamp,
    answer: oneshot::Sender<Result<v1::CheckInResponse>>,
}

impl Pending {
    fn answer(self, answer: Result<v1::CheckInResponse>) {
        // A caller that hung up gets its answer with the next repeat.
        let _gone = self.answer.send(answer);
    }
}

impl CheckIns {
    /// Takes reports for this database. [`CheckIns::write_batches`] must run beside it.
    pub fn new(db: Db, clock: Clock, access: Access, config: CheckInConfig, metrics: Arc<Metrics>) -> Self {
        let presence = Presence::new(clock.now());
        let admission = Admission::new(config.queue_reports, metrics.queue_reports.clone());
        let tests = throughput::Tests::default();
        Self { db, clock, access, config, admission, presence, metrics, listener: None, plan: None, tests }
    }

    /// Tells this listener what is stored.
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn Heard>) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// Hands out this plan of checks to devices that follow another one.
    #[must_use]
    pub fn with_plan(self, plan: watch::Receiver<v1::ProbePlan>) -> Self {
        Self { plan: Some(plan), ..self }
    }

    /// Hands in one report and waits until it is durable.
    pub async fn check_in(&self, identity: DeviceIdentity, request: v1::CheckInRequest) -> Result<v1::CheckInResponse> {
        let report = Report::parse(request)?;
        let (answer, answered) = oneshot::channel();
        let pending = Pending { identity, report, received_at: self.clock.now(), answer };
        if let Err(error) = self.admission.push(pending) {
            self.presence.not_stored([identity.key], false, self.clock.now());
            self.metrics.count_checkins("queue_full", 1);
            return Err(error.retry_after(self.config.interval / 4));
        }
        answered.await.unwrap_or_else(|_| Err(self.database_away()))
    }

    /// Up to when every report that arrived has been stored, and the listener told, or refused.
    pub fn settled_until(&self) -> Timestamp {
        self.admission.settled_until(self.clock.now())
    }

    /// No more reports; those that wait are still written.
    pub fn close(&self) {
        self.admission.close();
    }

    /// What is known of presence beyond the database.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Pace that devices are told.
    pub fn interval(&self) -> Duration {
        self.config.interval
    }

    fn database_away(&self) -> Error {
        Error::new(Kind::Unavailable, "DATABASE_UNAVAILABLE", say::report_not_stored())
            .retry_after((self.config.interval / 4).max(Duration::from_millis(500)))
    }

    /// Notes in the database who was heard while nothing could be stored. Gives how many devices were noted.
    pub async fn flush_presence(&self) -> Result<usize> {
        let mut noted = 0;
        loop {
            let devices = self.presence.take_unstored(1_000);
            if devices.is_empty() {
                return Ok(noted);
            }
            if let Err(error) = self.note_seen(&devices).await {
                self.presence.put_back(devices);
                return Err(error);
            }
            noted += devices.len();
        }
    }

    async fn note_seen(&self, devices: &[(DeviceKey, Timestamp)]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::note_seen(&mut tx, devices).await?;
        tx.commit().await
    }

    /// Asks something of a device; a repeat with the same id asks once.
    pub async fn send_command(
        &self,
        staff: &Staff,
        id: Option<Uuid>,
        device: DeviceId,
        kind: v1::CommandKind,
    ) -> Result<Uuid> {
        let command = id.unwrap_or_else(Uuid::now_v7);
        let mut tx = self.db.begin().await?;
        let (key, row) = devices::reachable_device(&mut tx, staff, Right::ManageEnrollment, device).await?;
        if row.revoked_at.is_some() {
            return Err(Error::new(Kind::Precondition, "DEVICE_REVOKED", say::access_ended()));
        }
        let limit = i64::try_from(COMMANDS).expect("a small number");
        if store::pending_commands(&mut tx, key, limit).await?.len() >= COMMANDS {
            let message = say::commands_pending(COMMANDS);
            return Err(Error::new(Kind::Exhausted, "COMMANDS_PENDING", message).retry_after(self.config.interval));
        }
        store::insert_command(&mut tx, key, command, i32::from(kind), self.clock.now()).await?;
        ask_attention(&mut tx, key).await?;
        let details = serde_json::json!({ "command": command, "kind": kind.as_str_name() });
        self.access.audit(&mut tx, staff, deed(key, "device.command", details)).await?;
        tx.commit().await?;
        Ok(command)
    }

    /// Ends a device's access with its next call.
    pub async fn revoke_device(&self, staff: &Staff, device: DeviceId, seen: Option<i64>, reason: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let key = devices::revoke(&mut tx, staff, device, seen, reason, self.clock.now()).await?;
        ask_attention(&mut tx, key).await?;
        let details = serde_json::json!({ "reason": reason });
        self.access.audit(&mut tx, staff, deed(key, "device.revoke", details)).await?;
        tx.commit().await
    }
}

fn deed(key: DeviceKey, action: &'static str, details: serde_json::Value) -> Deed {
    let (municipality, subject_id) = (Some(key.municipality), key.device.to_string());
    Deed { municipality, action, subject_kind: "device", subject_id, details }
}
