//! Devices whose clock is years off: they enrol, they report, and what they saw is put at the right time.

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gigafleet_agent::{
    enroll::enroll,
    identity::StateFolder,
    runtime::{Agent, AgentOptions, Observer},
};
use gigafleet_tests::{Engine, Home, ServerOptions, SimulatedTablet, eventually, fleet};
use std::sync::Arc;

on_both_engines!(device_years_ahead_reports_all_the_same, device_years_behind_reports_all_the_same);

const YEAR_MS: i64 = 365 * 86_400_000;

async fn device_years_ahead_reports_all_the_same(engine: Engine) {
    reports_all_the_same(engine, 12 * YEAR_MS).await;
}

async fn device_years_behind_reports_all_the_same(engine: Engine) {
    // A tablet whose battery ran flat wakes in 1970.
    reports_all_the_same(engine, -56 * YEAR_MS).await;
}

async fn reports_all_the_same(engine: Engine, ahead_ms: i64) {
    let server = ServerOptions::on(engine).await.checkin_seconds(0.2).start().await;
    let home = Home::make(&server, 1).await;
    let surroundings = Arc::new(fleet::Surroundings::default());
    surroundings.clock_ahead_ms.store(ahead_ms, Ordering::Relaxed);
    surroundings.lively.store(true, Ordering::Relaxed);
    let mut tablet = SimulatedTablet::new(Arc::clone(&surroundings));
    let folder = tempfile::tempdir().expect("a folder");
    let state = StateFolder::open(folder.path()).expect("a state folder");
    let identity = enroll(&home.enroll_options(), &state, &mut tablet).await.expect("it enrols with a wrong clock");

    let begun_us = microseconds();
    let ledger = Arc::new(fleet::Ledger::default());
    let options = AgentOptions { engine: fleet::fast_engine(), call_timeout: Duration::from_secs(10) };
    let agent =
        Agent::open(state, tablet, options).expect("it starts").with_observer(Arc::clone(&ledger) as Arc<dyn Observer>);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(agent.run(async move {
        let _sender_gone = stopped.await;
    }));
    eventually("some reports with transitions", Duration::from_secs(15), || {
        let told = ledger.told_to(&identity.device_id.0);
        (told.acknowledged.len() >= 5 && told.transitions.len() >= 5).then_some(())
    })
    .await;
    drop(stop);
    running.await.expect("it stops");

    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    let skew = device.clock_skew_ms.expect("it reported");
    assert!((skew - ahead_ms).abs() < 5_000, "{skew} ms is shown, {ahead_ms} ms are true");
    assert!(device.review_reasons.is_empty(), "{:?}", device.review_reasons);
    let ended_us = microseconds();
    let rows = server.look().await.numbers("SELECT device_id, occurred_at, received_at FROM device_transition").await;
    assert!(rows.len() >= 5);
    for (_, times) in rows {
        for time in times {
            let right = begun_us - 5_000_000..ended_us + 5_000_000;
            assert!(right.contains(&time), "{time} is not within {right:?}");
        }
    }
}

fn microseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("past 1970");
    i64::try_from(since.as_micros()).expect("it fits")
}
