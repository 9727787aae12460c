//! What the stores and services promise, on both engines: one suite, run on a SQLite file and on PostgreSQL.
//!
//! PostgreSQL comes from `GIGAFLEET_TEST_POSTGRES`, the URL of a cluster in which databases may be made; `tests/run` sets it.
//! Without it the suite fails: a missing engine is not a reason to skip.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod accounts;
mod attachments;
mod audit;
mod bandwidth;
mod checkins;
mod directed;
mod enrollments;
mod failing_models;
mod figures;
mod imports;
mod lists;
mod merging;
mod networks;
mod pages;
mod phone;
mod registry;
mod renewal;
mod renewal_answers;
mod renewal_ledger;
mod renewal_lives;
mod renewal_refused;
mod renewal_rules;
mod renewal_town;
mod schema;
mod schools;
mod ticket_causes;
mod ticket_desk;
mod ticket_keeping;
mod ticket_legs;
mod ticket_search;
mod ticketing;

use std::{path::Path, sync::Arc, time::Duration};

use gigafleet::{
    Clock,
    access::{
        rules::Staff,
        service::{Access, Credentials},
    },
    checkin::service::{CheckInConfig, CheckIns},
    clock::Timestamp,
    db::{Db, Engine},
    devices::service::{identity::Identities, registry::Registry},
    enrollment::service::{Enrollment, TokenOrder, authority::Authority},
    network::service::{Network, intake::Intake},
    overview::service::Overview,
    schools::{
        rules::{MunicipalityCode, MunicipalityId, SchoolId},
        service::Schools,
    },
    telemetry::Metrics,
};
use sqlx::Connection as _;
use uuid::Uuid;

/// A server's inside on one engine, with a clock that stands still.
struct World {
    db: Db,
    clock: Clock,
    access: Access,
    /// Of the first administrator.
    authorization: String,
    schools: Schools,
    enrollment: Enrollment,
    registry: Registry,
    identities: Identities,
    checkins: Arc<CheckIns>,
    overview: Overview,
    network: Network,
    intake: Arc<Intake>,
    metrics: Arc<Metrics>,
    _folder: tempfile::TempDir,
}

/// Noon of a school day.
const NOW: Timestamp = Timestamp(1_795_489_200_000_000);

impl World {
    async fn on(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = open(engine, folder.path()).await;
        let clock = Clock::manual(NOW);
        let authority = Arc::new(Authority::open(&folder.path().join("ca"), clock.clone()).unwrap());
        let metrics = Arc::new(Metrics::default());
        let config = CheckInConfig {
            interval: Duration::from_secs(60),
            queue_reports: 1_000,
            batch_reports: 100,
            throughput_tests: 2,
        };
        let access = Access::new(db.clone(), clock.clone(), authority.ticket_key());
        let credentials = folder.path().join("admin.json");
        access.write_first_credentials(&credentials, "server", "").await.unwrap();
        let credentials: Credentials = serde_json::from_slice(&std::fs::read(&credentials).unwrap()).unwrap();
        let intake = Arc::new(Intake::new(db.clone(), clock.clone()));
        let checkins = CheckIns::new(db.clone(), clock.clone(), access.clone(), config, Arc::clone(&metrics));
        let checkins = Arc::new(checkins.with_listener(intake.clone()));
        let writer = Arc::clone(&checkins);
        tokio::spawn(async move { writer.write_batches().await });
        Self {
            authorization: format!("Bearer {}", credentials.token),
            schools: Schools::new(db.clone(), clock.clone(), access.clone()),
            enrollment: Enrollment::new(
                db.clone(),
                clock.clone(),
                access.clone(),
                authority,
                Duration::from_secs(90 * 86_400),
            ),
            access: access.clone(),
            registry: Registry::new(db.clone(), clock.clone(), access.clone()),
            identities: Identities::new(db.clone(), clock.clone(), access.clone()),
            overview: Overview::new(db.clone(), clock.clone(), Arc::clone(&checkins)),
            network: Network::new(db.clone(), clock.clone(), access.clone()),
            intake,
            checkins,
            metrics,
            clock,
            db,
            _folder: folder,
        }
    }

    /// The first administrator, as of now: what is added later is not within an older caller's reach.
    async fn staff(&self) -> Staff {
        self.access.staff(Some(&self.authorization)).await.unwrap()
    }

    async fn municipality(&self, code: &str) -> MunicipalityId {
        let code = MunicipalityCode::parse(code).unwrap();
        let row =
            self.schools.create_municipality(&self.staff().await, None, code, String::from("緑野市")).await.unwrap();
        MunicipalityId(row.municipality_id)
    }

    async fn token(&self, municipality: MunicipalityId, uses: i64) -> String {
        self.token_for(municipality, None, uses).await
    }

    /// A token for devices of a school, or of the whole owner.
    async fn token_for(&self, municipality: MunicipalityId, school: Option<SchoolId>, uses: i64) -> String {
        let order = TokenOrder {
            id: None,
            municipality,
            school,
            note: String::new(),
            uses_allowed: uses,
            lifetime: Duration::from_secs(3_600),
        };
        self.enrollment.create_token(&self.staff().await, order).await.unwrap().1
    }
}

async fn open(engine: Engine, folder: &Path) -> Db {
    match engine {
        Engine::Sqlite => Db::open_sqlite(&folder.join("gigafleet.db")).await.unwrap(),
        Engine::Postgres => Db::open_postgres(&fresh_database().await, 10).await.unwrap(),
    }
}

/// A new, empty database in the cluster of the tests.
async fn fresh_database() -> String {
    let base = std::env::var("GIGAFLEET_TEST_POSTGRES")
        .expect("set GIGAFLEET_TEST_POSTGRES to a cluster for tests, or run tests/run, which starts one");
    let name = format!("store_{}", Uuid::now_v7().simple());
    let mut connection = sqlx::PgConnection::connect(&base).await.expect("the cluster for tests answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    let (server, _) = base.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

/// Declares a test for each engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::World::on(gigafleet::db::Engine::Sqlite).await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::World::on(gigafleet::db::Engine::Postgres).await).await; })*
        }
    };
}
pub(crate) use on_both_engines;
