//! The harness itself: what it starts works, and ends.

use std::{path::Path, time::Duration};

use gigafleet_tests::{Database, Engine, Home, Postgres, ServerOptions, eventually, fleet};

/// Makes a test for each engine out of one function.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(gigafleet_tests::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(gigafleet_tests::Engine::Postgres).await;
            }
        }
    )+};
}

on_both_engines!(device_enrols_reports_and_is_seen);

async fn device_enrols_reports_and_is_seen(engine: Engine) {
    let server = ServerOptions::on(engine).await.start().await;
    let home = Home::make(&server, 1).await;
    let identity = home.enroll().await;
    let answer = fleet::agent_client(&identity).await.check_in(fleet::full_report(1, 9)).await.expect("it is stored");
    assert_eq!(answer.into_inner().acknowledged_sequence, 1);
    let device = server.staff().device(&identity.device_id.0).await.expect("it is known");
    assert_eq!((device.sequence, device.report_count), (1, 1));
    assert_eq!(device.school_id, home.school_id);
    let stored = server.look().await.cursors().await;
    assert_eq!((stored.len(), stored[0].sequence), (1, 1));
}

#[tokio::test]
async fn scratch_cluster_goes_with_its_value() {
    let cluster = Postgres::scratch();
    let database = cluster.fresh_database().await;
    assert!(database.url().starts_with("postgres://"));
    let postmaster = cluster.postmaster_id().expect("a scratch cluster has one");
    let running = format!("/proc/{postmaster}");
    assert!(Path::new(&running).exists());
    drop(database);
    cluster.stop().await;
    eventually("the postmaster has gone", Duration::from_secs(10), || (!Path::new(&running).exists()).then_some(()))
        .await;
}

#[tokio::test]
async fn fresh_databases_do_not_meet() {
    let (one, other) = (Database::fresh().await, Database::fresh().await);
    assert_ne!(one.url(), other.url());
}
