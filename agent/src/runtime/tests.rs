//! What goes on in an agent, and what counts as stored.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::{
    engine::{CheckMode, Round},
    platform::linux::Linux,
    spool::MemoryStore,
};

/// A thousand simulated agents live on a runtime with several threads.
#[test]
fn running_agent_can_move_between_threads() {
    fn sendable<T: Send>(_: impl Fn(Agent<Linux, MemoryStore>) -> T) {}
    sendable(|agent| agent.run(std::future::pending()));
}

#[test]
fn only_answers_that_store_the_report_count_as_acknowledged() {
    use gigafleet_proto::v1::CheckInOutcome as Outcome;
    let stored = |outcome: Outcome, acknowledged_sequence| {
        let outcome = outcome.into();
        is_stored(5, &CheckInResponse { acknowledged_sequence, outcome, ..CheckInResponse::default() })
    };
    assert!(stored(Outcome::Applied, 5) && stored(Outcome::Applied, 6) && stored(Outcome::Duplicate, 5));
    assert!(!stored(Outcome::Applied, 4) && !stored(Outcome::Duplicate, 6));
    assert!(!stored(Outcome::Behind, 9) && !stored(Outcome::Forked, 5));
}

/// Counts what goes on; its rounds never end.
#[derive(Default)]
struct Hanging {
    rounds: AtomicU32,
    failures_since: AtomicU32,
}

impl Prober for Hanging {
    fn check(&self, _: Round, _: Arc<Connector>) -> crate::checks::Measuring {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending())
    }
}

struct Counts(Arc<Hanging>);

impl Observer for Counts {
    fn failed(&self, _: &DeviceId, _: u64, _: &Failure) {
        if self.0.rounds.load(Ordering::Relaxed) > 0 {
            self.0.failures_since.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn identity(server: String) -> Identity {
    let key_der = draw_key().unwrap();
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key_der.as_slice().into(), &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate_der = params.self_signed(&key.unwrap()).unwrap().der().to_vec();
    Identity {
        server,
        server_name: None,
        device_id: DeviceId("d".to_owned()),
        municipality_id: "m".to_owned(),
        mac_salt: vec![0; 16],
        ca_certificate_der: certificate_der.clone(),
        certificate_der,
        key_der,
        times: CertificateTimes::default(),
    }
}

#[tokio::test]
async fn reports_go_on_beside_a_round_that_hangs() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let identity = identity(closed.to_string());
    let engine = EngineConfig {
        first_delay_ms: 1,
        retry_base_ms: 50,
        retry_cap_ms: 50,
        checks: CheckMode::Device,
        ..EngineConfig::default()
    };
    let options = AgentOptions { engine, ..AgentOptions::default() };
    let trust = trust_of(&identity, TimeKnowledge::default()).unwrap();
    let prober = Arc::new(Hanging::default());
    let agent =
        Agent::simulated(identity, trust, TimeKnowledge::default(), Linux::new(), MemoryStore::default(), options)
            .unwrap()
            .with_prober(prober.clone())
            .with_observer(Arc::new(Counts(prober.clone())));
    let seen = async {
        while prober.failures_since.load(Ordering::Relaxed) < 5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), agent.run(seen)).await.unwrap();
    assert_eq!(prober.rounds.load(Ordering::Relaxed), 1);
}

#[test]
fn device_that_is_not_enrolled_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(folder.path()).unwrap();
    let error = Agent::open(state, Linux::new(), AgentOptions::default()).err().unwrap();
    assert!(matches!(error, StartError::NotEnrolled));
}
