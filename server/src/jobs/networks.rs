//! Background work of network health: what was counted is written, networks are judged and learned, measurements folded,
//! tests of throughput directed.

use std::{sync::Arc, time::Duration};

use gigafleet_proto::v1::ProbePlan;
use tokio::sync::watch;

use super::{Lease, PACE, rest, throughput};
use crate::{
    bandwidth::service::Bandwidth,
    checkin::service::CheckIns,
    clock::{Clock, Timestamp, micros},
    error::Result,
    network::service::{Network, intake::Intake, judge::Judge},
};

/// From one look to the next whether there is something to write or to judge: a fifth of the ten seconds that are judged at
/// once.
const LOOK: Duration = Duration::from_secs(2);
/// Judging passes to another server soon after its holder died: lessons wait.
const JUDGE_LEASE: Duration = Duration::from_secs(20);
/// From one round of learning and folding to the next.
const LEARN_PACE: Duration = Duration::from_secs(300);
/// How long a plan of checks may differ from what an administrator said.
const PLAN_PACE: Duration = Duration::from_secs(30);

/// The parts of network health that work in the background.
pub struct Networks {
    /// Counts what check-ins bring.
    pub intake: Arc<Intake>,
    /// Finds incidents.
    pub judge: Judge,
    /// Learns and folds.
    pub network: Network,
    /// Directs tests of throughput.
    pub bandwidth: Bandwidth,
    /// The plan that devices are handed.
    pub plan: watch::Sender<ProbePlan>,
    /// From one round of checks to the next, in milliseconds, if it is not the usual one.
    pub check_interval_ms: Option<u32>,
}

impl Networks {
    /// Works until `stop` becomes true.
    pub(super) async fn run(
        self,
        checkins: &CheckIns,
        clock: &Clock,
        lease: impl Fn(&'static str, Duration) -> Lease,
        stop: watch::Receiver<bool>,
    ) {
        let Self { intake, judge, network, bandwidth, plan, check_interval_ms } = self;
        tokio::join!(
            write_counts(&intake, checkins, clock, stop.clone()),
            judge_networks(judge, lease("judge_networks", JUDGE_LEASE), stop.clone()),
            learn(&network, lease("learn_networks", super::LEASE), stop.clone()),
            throughput::know(checkins, stop.clone()),
            throughput::direct(&bandwidth, lease("direct_tests", super::LEASE), stop.clone()),
            hand_out(&network, &plan, check_interval_ms, stop),
        );
    }
}

/// Writes what a server heard. When it could not, or when reports could not be stored, that is noted with the next success:
/// silence meanwhile proves nothing.
#[derive(Debug)]
pub struct CountWriter {
    written: Timestamp,
    listening_since: Timestamp,
}

impl CountWriter {
    /// Begins now.
    pub fn new(checkins: &CheckIns, now: Timestamp) -> Self {
        Self { written: now, listening_since: checkins.presence().listening_since(now) }
    }

    /// Writes what was heard since the last time.
    pub async fn write(&mut self, intake: &Intake, checkins: &CheckIns, now: Timestamp) -> Result<()> {
        let since = checkins.presence().listening_since(now);
        let was_deaf = since != self.listening_since || now.0 - self.written.0 > micros(2 * PACE);
        intake.flush(checkins.settled_until(), was_deaf.then_some((self.written, now))).await?;
        (self.written, self.listening_since) = (now, since);
        Ok(())
    }
}

async fn write_counts(intake: &Intake, checkins: &CheckIns, clock: &Clock, mut stop: watch::Receiver<bool>) {
    let mut writer = CountWriter::new(checkins, clock.now());
    loop {
        if let Err(error) = writer.write(intake, checkins, clock.now()).await {
            tracing::debug!(error = error.chain(), "what was heard waits for the database");
        }
        if rest(LOOK, &mut stop).await {
            return;
        }
    }
}

async fn judge_networks(mut judge: Judge, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    loop {
        match lease.hold().await {
            Ok(true) => match judge.step().await {
                Ok(0) => {}
                Ok(changes) => tracing::info!(changes, "incidents changed"),
                Err(error) => tracing::warn!(error = error.chain(), "judging goes on from what is stored"),
            },
            Ok(false) => judge.let_go(),
            Err(error) => tracing::debug!(error = error.chain(), "judging waits for the database"),
        }
        if rest(LOOK, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of judging ends by itself");
    }
}

async fn learn(network: &Network, mut lease: Lease, mut stop: watch::Receiver<bool>) {
    loop {
        match lease.hold().await {
            Ok(true) => {
                if let Err(error) = learn_and_fold(network, &mut lease, &mut stop).await {
                    tracing::warn!(error = error.chain(), "learning networks waits for its next round");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::debug!(error = error.chain(), "learning waits for the database"),
        }
        if rest(LEARN_PACE, &mut stop).await {
            break;
        }
    }
    if let Err(error) = lease.end().await {
        tracing::debug!(error = error.chain(), "the lease of learning ends by itself");
    }
}

async fn learn_and_fold(network: &Network, lease: &mut Lease, stop: &mut watch::Receiver<bool>) -> Result<()> {
    for owner in network.owners_to_learn().await? {
        if !lease.hold().await? || rest(Duration::ZERO, stop).await {
            return Ok(());
        }
        let networks = network.learn_networks(owner).await?;
        tracing::debug!(owner = %owner.0, networks, "networks of schools were seen");
    }
    while network.fold_rollups().await? > 0 {
        if !lease.hold().await? || rest(PACE, stop).await {
            break;
        }
    }
    Ok(())
}

async fn hand_out(
    network: &Network,
    plan: &watch::Sender<ProbePlan>,
    check_interval_ms: Option<u32>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        match network.plan(check_interval_ms).await {
            Ok(newest) => {
                let _changed = plan.send_if_modified(|plan| {
                    let changed = *plan != newest;
                    *plan = newest;
                    changed
                });
            }
            Err(error) => tracing::debug!(error = error.chain(), "the plan of checks waits for the database"),
        }
        if rest(PLAN_PACE, &mut stop).await {
            return;
        }
    }
}
