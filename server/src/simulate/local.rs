//! The server of a simulated day, in this process: the check-in path, what listens to it, the judge and the work in the
//! background, on a SQLite file and on the simulation's clock.
//!
//! Invariant: nothing runs beside the caller, so that the same calls in the same order give the same.
//!
//! Deliberately not here: TLS, certificates on the wire, HTTP/2, sockets. Reports are handed to the service as the gRPC handler
//! does once it knows whose certificate it is.

use std::{future::poll_fn, path::Path, pin::Pin, sync::Arc, task::Poll, time::Duration};

use gigafleet_agent::{
    engine::CertificateTimes,
    identity::{certificate_request, draw_key, to_hex},
};
use gigafleet_proto::v1::{CheckInRequest, CheckInResponse, Facts};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    store::{self, CountedRow},
    tablet::{Membership, Millis, milliseconds},
    timetable::LESSONS,
    town::{Role, Seat, Town},
};
use crate::{
    Config,
    access::{
        rules::Staff,
        service::{Access, Credentials},
    },
    checkin::service::{CheckInConfig, CheckIns, Heard},
    clock::{Clock, Timestamp},
    db::{Db, FileLock},
    devices::{
        rules::fields::{Field, FieldValue, Purpose},
        service::registry::Registry,
    },
    enrollment::{
        rules::DeviceIdentity,
        service::{Enrollment, TokenOrder, authority::Authority},
    },
    error::{Error, Result},
    jobs::CountWriter,
    network::{
        rules::{place::NetworkKind, targets::TargetKind},
        service::{
            Network,
            incidents::{IncidentView, NEWEST},
            intake::Intake,
            judge::Judge,
            targets::TargetOrder,
        },
    },
    overview::service::Overview,
    schools::{
        rules::{
            MunicipalityId, SchoolId,
            calendar::{LessonTime, Period, PeriodKind},
            lines::{HubKind, Topology},
        },
        service::{Schools, lines::LineOrder},
        store::calendar::CalendarOf,
    },
    telemetry::Metrics,
};

/// Services that all devices try.
const SERVICES: [(i64, &str); 3] = [(1, "ドリル"), (2, "動画"), (3, "共有")];
/// Most incidents that are read at the end.
const INCIDENTS: i64 = 1_000;

/// A report on its way.
pub(super) struct Handed {
    pub(super) identity: DeviceIdentity,
    pub(super) at_ms: Millis,
    pub(super) request: CheckInRequest,
}

/// The server.
pub(super) struct LocalServer {
    clock: Clock,
    db: Db,
    _lock: Option<FileLock>,
    access: Access,
    staff: Staff,
    schools: Schools,
    enrollment: Enrollment,
    registry: Registry,
    network: Network,
    overview: Overview,
    intake: Arc<Intake>,
    judge: Judge,
    checkins: Arc<CheckIns>,
    writer: CountWriter,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<CheckInResponse>> + 'a>>;

impl LocalServer {
    /// Makes a server in a folder, with the credentials of its first administrator.
    pub(super) async fn open(config: &Config, clock: Clock) -> Result<Self> {
        crate::make_data_dir(config)?;
        let (db, lock) = Db::open(config).await?;
        let authority = Arc::new(Authority::open(&config.ca_dir(), clock.clone())?);
        let access = Access::new(db.clone(), clock.clone(), authority.ticket_key());
        let lifetime = config.certificate_lifetime;
        let enrollment = Enrollment::new(db.clone(), clock.clone(), access.clone(), Arc::clone(&authority), lifetime);
        enrollment.require_same_authority().await?;
        let schools = Schools::new(db.clone(), clock.clone(), access.clone());
        schools.install_built_in().await?;
        let address = config.listen.to_string();
        let file = config.data_dir.join("admin.json");
        access.write_first_credentials(&file, &address, authority.certificate_pem()).await?;
        let staff = administrator(&access, &file).await?;
        let network = Network::new(db.clone(), clock.clone(), access.clone());
        let registry = Registry::new(db.clone(), clock.clone(), access.clone());
        for (number, name) in SERVICES {
            network.set_target(&staff, service(number, name), 0).await?;
        }
        let intake = Arc::new(Intake::new(db.clone(), clock.clone()));
        let (_, plan) = watch::channel(network.plan(None).await?);
        let listener: Arc<dyn Heard> = intake.clone();
        let checkins = CheckIns::new(
            db.clone(),
            clock.clone(),
            access.clone(),
            CheckInConfig::of(config),
            Arc::new(Metrics::default()),
        );
        let checkins = Arc::new(checkins.with_listener(listener).with_plan(plan));
        let pace_s = u32::try_from(config.checkin_interval.as_secs()).unwrap_or(u32::MAX);
        Ok(Self {
            judge: Judge::new(db.clone(), clock.clone(), pace_s),
            overview: Overview::new(db.clone(), clock.clone(), Arc::clone(&checkins)),
            writer: CountWriter::new(&checkins, clock.now()),
            clock,
            db,
            _lock: lock,
            access,
            staff,
            schools,
            enrollment,
            registry,
            network,
            intake,
            checkins,
        })
    }

    /// Tells the server of a town: owners with calendar and lessons, schools with lines, hubs, and by what their networks are
    /// known. The town learns its ids.
    pub(super) async fn found(&mut self, town: &mut Town) -> Result<()> {
        for owner in &mut town.owners {
            let row =
                self.schools.create_municipality(&self.staff, None, owner.code.clone(), owner.name.clone()).await?;
            owner.id = MunicipalityId(row.municipality_id);
            // What the administrator may see is told with the caller; the new municipality is in it now.
            self.staff = self.access.again(&self.staff).await?;
            let of = CalendarOf { municipality: owner.id, school: None };
            self.schools.set_period(&self.staff, of, first_term(), None).await?;
            self.schools.set_lesson_times(&self.staff, of, lesson_times(), None).await?;
            if owner.has_hub {
                let name = (format!("{}集約拠点", owner.name), String::from("模擬ネット"));
                let hub = self.schools.create_hub(&self.staff, None, HubKind::Municipal, name, Some(owner.id)).await?;
                owner.hub = Some(hub.hub.hub_id);
            }
        }
        for (number, school) in town.schools.iter_mut().enumerate() {
            let owner = &town.owners[school.owner];
            let row = self.schools.create_school(&self.staff, None, owner.id, None, school.name.clone()).await?;
            school.id = SchoolId(row.school_id);
            let line = LineOrder {
                school: school.id,
                number: 1,
                topology: if owner.has_hub { Topology::MunicipalHub } else { Topology::Direct },
                contract: String::from("光回線 1 Gbps"),
                isp: if owner.has_hub { String::new() } else { String::from("模擬ネット") },
                contract_mbps: Some(1_000),
                hub: owner.hub,
            };
            self.schools.set_line(&self.staff, owner.id, line, None).await?;
            let gateway = to_hex(&Town::gateway_hash(number));
            let place = (owner.id, school.id);
            self.network.add_school_network(&self.staff, place, NetworkKind::Gateway, gateway).await?;
        }
        Ok(())
    }

    /// A token with which all devices of a school enrol.
    pub(super) async fn token(&self, town: &Town, school: usize, uses: usize) -> Result<String> {
        let order = TokenOrder {
            id: None,
            municipality: town.owners[town.schools[school].owner].id,
            school: Some(town.schools[school].id),
            note: String::from("simulate"),
            uses_allowed: i64::try_from(uses).unwrap_or(i64::MAX),
            lifetime: Duration::from_secs(86_400),
        };
        let (_, secret) = self.enrollment.create_token(&self.staff, order).await?;
        Ok(secret)
    }

    /// Enrols a device, with a key and a certificate of its own. A probe is said to be one.
    pub(super) async fn enrol(&self, token: &str, seat: Seat, facts: &Facts) -> Result<Membership> {
        let refused = |source| Error::internal("a simulated device has no key", source);
        let csr = certificate_request(&draw_key().map_err(refused)?, None).map_err(refused)?;
        let enrolled = self.enrollment.enroll(token, &csr, Uuid::now_v7(), Some(facts)).await?;
        if seat.role == Role::Probe {
            let said = vec![(Field::Purpose, FieldValue::Number(Purpose::Probe.to_number()))];
            self.registry.update(&self.staff, enrolled.key.device, None, said).await?;
        }
        let issued = &enrolled.issued;
        Ok(Membership {
            identity: DeviceIdentity {
                key: enrolled.key,
                certificate_serial: issued.serial,
                expires_at: issued.expires_at,
            },
            certificate: CertificateTimes {
                renew_after_ms: milliseconds(issued.renew_after),
                not_after_ms: milliseconds(issued.expires_at),
            },
            mac_salt: enrolled.mac_salt,
        })
    }

    /// Moves the clock forward to a time.
    pub(super) fn set_clock(&self, at_ms: Millis) {
        let at = Timestamp(i64::try_from(at_ms).unwrap_or(i64::MAX).saturating_mul(1_000));
        self.clock.advance(at.since(self.clock.now()));
    }

    /// Takes reports, each at its time and in the order of times, and answers them at another one, when all are durable.
    pub(super) async fn take(&self, reports: Vec<Handed>, answered_ms: Millis) -> Vec<Result<CheckInResponse>> {
        let mut answers = Vec::with_capacity(reports.len());
        for Handed { identity, at_ms, request } in reports {
            self.set_clock(at_ms);
            let mut answer: Answer<'_> = Box::pin(self.checkins.check_in(identity, request));
            // Polled once, so that the report is in the queue with the time of the clock.
            let early = poll_fn(|context| {
                Poll::Ready(match answer.as_mut().poll(context) {
                    Poll::Ready(early) => Some(early),
                    Poll::Pending => None,
                })
            });
            let early = early.await;
            answers.push((answer, early));
        }
        self.set_clock(answered_ms);
        let all = async {
            let mut given = Vec::with_capacity(answers.len());
            for (answer, early) in answers {
                given.push(match early {
                    Some(early) => early,
                    None => answer.await,
                });
            }
            given
        };
        tokio::select! {
            biased;
            () = self.checkins.write_batches() => unreachable!("the queue is open as long as the server is"),
            given = all => given,
        }
    }

    /// What a server does every few seconds: writes what it heard, and judges.
    pub(super) async fn look(&mut self) -> Result<()> {
        self.writer.write(&self.intake, &self.checkins, self.clock.now()).await?;
        self.judge.step().await?;
        Ok(())
    }

    /// What it does every few minutes: counts devices, learns and folds.
    pub(super) async fn keep(&self) -> Result<()> {
        self.overview.fold_counts().await?;
        for (owner, counted) in self.overview.owners_to_count().await? {
            self.overview.count_figures(owner, counted).await?;
        }
        for owner in self.network.owners_to_learn().await? {
            self.network.learn_networks(owner).await?;
        }
        while self.network.fold_rollups().await? > 0 {}
        Ok(())
    }

    /// Writes what was heard last.
    pub(super) async fn end(&self) -> Result<()> {
        self.intake.end().await
    }

    /// Reports of networks that were not counted because too many waited.
    pub(super) fn uncounted(&self) -> u64 {
        self.intake.dropped()
    }

    /// All incidents that were opened, the oldest first.
    pub(super) async fn incidents(&self) -> Result<Vec<IncidentView>> {
        let (mut incidents, _) = self.network.incidents(&self.staff, None, None, NEWEST, INCIDENTS).await?;
        incidents.retain(|view| view.incident.opened_at.is_some());
        incidents.reverse();
        Ok(incidents)
    }

    /// What is stored: of each device, and of transitions.
    pub(super) async fn counted(&self) -> Result<(Vec<CountedRow>, i64)> {
        let mut tx = self.db.read().await?;
        Ok((store::counted(&mut tx).await?, store::stored_transitions(&mut tx).await?))
    }

    /// Bytes of the database, and of its roll-ups.
    pub(super) async fn sizes(&self) -> Result<[i64; 2]> {
        let mut tx = self.db.read().await?;
        Ok([store::database_bytes(&mut tx).await?, store::rollup_bytes(&mut tx).await?])
    }

    /// Closes the database.
    pub(super) async fn close(self) {
        self.db.close().await;
    }
}

/// The administrator whose credentials stand in a file.
async fn administrator(access: &Access, file: &Path) -> Result<Staff> {
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| {
        Error::internal("the credentials that were just written can not be read", source)
    };
    let text = std::fs::read_to_string(file).map_err(|source| unreadable(source.into()))?;
    let credentials: Credentials = serde_json::from_str(&text).map_err(|source| unreadable(source.into()))?;
    access.staff(Some(&format!("Bearer {}", credentials.token))).await
}

fn service(number: i64, name: &str) -> TargetOrder {
    TargetOrder {
        number,
        name: name.to_owned(),
        kind: TargetKind::Learning,
        host: format!("service-{number}.example"),
        port: 443,
        tls: true,
        slow_ms: 150,
        connections: 1,
        source: String::from("simulate"),
    }
}

fn first_term() -> Period {
    Period {
        kind: PeriodKind::Term,
        name: String::from("1学期"),
        first: time::macros::date!(2026 - 04 - 06),
        last: time::macros::date!(2026 - 07 - 17),
    }
}

fn lesson_times() -> Vec<LessonTime> {
    let minute = |minute: u32| i16::try_from(minute).expect("a minute of a day");
    let of_day = |weekday| {
        LESSONS.into_iter().zip(1..).map(move |([begin, end], period)| LessonTime {
            weekday,
            period,
            begin_minute: minute(begin),
            end_minute: minute(end),
        })
    };
    (1..=5).flat_map(of_day).collect()
}
