//! gigafleet: tracks school devices, network health and support tickets of many municipalities.
//!
//! [`Server::bind`] is the only way in; `cli` is what the binary runs. A folder is a feature and a file name is a layer:
//! `rules` pure, `store` SQL, `service` use cases, `grpc` the contract. Features depend in one order: access ← schools ←
//! devices ← enrollment ← checkin ← network ← bandwidth ← tickets ← renewal ← overview.

pub mod access;
pub mod bandwidth;
pub mod checkin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod db;
pub mod devices;
pub mod enrollment;
pub mod error;
pub mod grpc;
pub mod jobs;
pub mod network;
pub mod overview;
pub mod renewal;
pub mod schools;
pub mod simulate;
pub mod telemetry;
pub mod tickets;

use std::{net::SocketAddr, sync::Arc};

use axum::Extension;
use gigafleet_proto::{
    FILE_DESCRIPTOR_SET,
    v1::{
        access_service_server::AccessServiceServer, agent_service_server::AgentServiceServer,
        audit_service_server::AuditServiceServer, bandwidth_service_server::BandwidthServiceServer,
        calendar_service_server::CalendarServiceServer, device_service_server::DeviceServiceServer,
        enrollment_service_server::EnrollmentServiceServer, export_service_server::ExportServiceServer,
        import_service_server::ImportServiceServer, line_service_server::LineServiceServer,
        network_service_server::NetworkServiceServer, renewal_service_server::RenewalServiceServer,
        review_service_server::ReviewServiceServer, school_service_server::SchoolServiceServer,
        staff_service_server::StaffServiceServer, ticket_service_server::TicketServiceServer,
        trouble_service_server::TroubleServiceServer,
    },
};
use tokio::sync::watch;
use tonic::service::Routes;

use self::{
    access::{
        grpc::{AccessGrpc, AuditGrpc, StaffGrpc},
        service::{Access, links::LinkSecret},
    },
    bandwidth::{grpc::BandwidthGrpc, pages::BandwidthPages, service::Bandwidth},
    checkin::{
        grpc::AgentGrpc,
        service::{CheckInConfig, CheckIns, Heard},
    },
    console::{Console, ConsoleApp},
    db::{Db, FileLock},
    devices::{
        grpc::ImportGrpc,
        service::{export::Exports, identity::Identities, import::Imports, registry::Registry},
    },
    enrollment::{
        grpc::EnrollmentGrpc,
        service::{Enrollment, authority::Authority},
    },
    error::Result,
    grpc::{App, Listener, ListenerConfig, observe::Observe, tls},
    jobs::{Jobs, Networks, TicketJobs},
    network::{
        grpc::NetworkGrpc,
        pages::NetworkPages,
        service::{Network, intake::Intake, judge::Judge},
    },
    overview::{
        grpc::{DeviceGrpc, ExportGrpc, ReviewGrpc, SchoolGrpc},
        pages::OverviewPages,
        service::Overview,
    },
    renewal::{grpc::RenewalGrpc, pages::RenewalPages, service::Renewal},
    schools::{
        grpc::{CalendarGrpc, LineGrpc},
        service::Schools,
    },
    telemetry::Metrics,
    tickets::{
        attachments::{files::Files, service::Attachments},
        grpc::TicketGrpc,
        pages::TicketPages,
        phone::{grpc::TroubleGrpc, pages::PhonePages, service::Phone},
        service::Tickets,
    },
};
pub use self::{clock::Clock, config::Config, error::Error};

/// A server that has not started yet.
#[derive(Debug)]
pub struct Server;

/// A server that has its database, its identity and its sockets, and waits to run.
#[derive(Debug)]
pub struct Bound {
    config: Config,
    clock: Clock,
    db: Db,
    _lock: Option<FileLock>,
    access: Access,
    enrollment: Enrollment,
    metrics: Arc<Metrics>,
    listener: Listener,
    observe: Observe,
    console: Console,
    files: Files,
    network_policy: network::rules::Policy,
    /// What a person types into a browser to reach the console, without a slash at its end.
    pub console_url: String,
    /// Where it will listen.
    pub addresses: Addresses,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Devices and staff, TLS.
    pub grpc: SocketAddr,
    /// Metrics and health, plain HTTP.
    pub observe: SocketAddr,
    /// Browsers.
    pub console: SocketAddr,
}

impl Server {
    /// Opens the database and the certificate authority, binds the sockets, and writes the first administrator's
    /// credentials to `admin.json` in the data folder. Nothing is accepted yet. Every refusal says what to do.
    pub async fn bind(config: Config, clock: Clock) -> Result<Bound> {
        make_data_dir(&config)?;
        let (db, lock) = Db::open(&config).await?;
        let files = Files::open(&config.attachments_dir())?;
        let authority = Arc::new(Authority::open(&config.ca_dir(), clock.clone())?);
        let access = Access::new(db.clone(), clock.clone(), authority.ticket_key());
        let lifetime = config.certificate_lifetime;
        let enrollment = Enrollment::new(db.clone(), clock.clone(), access.clone(), Arc::clone(&authority), lifetime);
        enrollment.require_same_authority().await?;
        Schools::new(db.clone(), clock.clone(), access.clone()).install_built_in().await?;
        let metrics = Arc::new(Metrics::default());
        let names = server_names(&config);
        let tls = Arc::new(tls::server_config(&authority, &names, clock.clone())?);
        let listener_config = ListenerConfig { limits: config.limits.clone(), tls, metrics: Arc::clone(&metrics) };
        let listener = Listener::bind(config.listen, listener_config).await?;
        let observe = Observe::bind(config.observe).await?;
        let console = Console::bind(&config).await?;
        let console_url = console.url()?;
        let addresses =
            Addresses { grpc: listener.address()?, observe: observe.address()?, console: console.address()? };
        let reachable = reachable_address(addresses.grpc);
        access
            .write_first_credentials(&config.data_dir.join("admin.json"), &reachable, authority.certificate_pem())
            .await?;
        Ok(Bound {
            config,
            clock,
            db,
            _lock: lock,
            access,
            enrollment,
            metrics,
            listener,
            observe,
            console,
            files,
            network_policy: network::rules::Policy::default(),
            console_url,
            addresses,
        })
    }
}

impl Bound {
    /// Judges schools' networks by other thresholds than the engine's own.
    #[must_use]
    pub fn with_network_policy(self, network_policy: network::rules::Policy) -> Self {
        Self { network_policy, ..self }
    }

    /// SHA-256 of the authority's certificate in lower case hex.
    pub fn ca_sha256(&self) -> String {
        self.enrollment.authority().sha256()
    }

    /// Accounts, for what runs in this process beside the network: the demo and tests make people with
    /// [`Access::seed_staff`].
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The link of the first administrator, as long as the server has no staff; links that were made before are void.
    pub async fn first_administrator_link(&self) -> Result<Option<LinkSecret>> {
        self.access.first_administrator_link().await
    }

    /// Serves until `shutdown` is ready, then finishes what was accepted and closes the database.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        let limits = self.config.limits.clone();
        let network = Network::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let bandwidth = Bandwidth::new(self.db.clone(), self.clock.clone(), self.access.clone())
            .with_pace(self.config.checkin_interval);
        let intake = Arc::new(Intake::new(self.db.clone(), self.clock.clone()));
        let check_interval_ms =
            self.config.check_interval.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
        let (plan, checks) = watch::channel(network.plan(check_interval_ms).await?);
        let checkins = CheckIns::new(
            self.db.clone(),
            self.clock.clone(),
            self.access.clone(),
            CheckInConfig::of(&self.config),
            Arc::clone(&self.metrics),
        );
        let listener: Arc<dyn Heard> = intake.clone();
        let checkins = Arc::new(checkins.with_listener(listener).with_plan(checks));
        let writers: Vec<_> = (0..self.writers())
            .map(|_| {
                let checkins = Arc::clone(&checkins);
                tokio::spawn(async move { checkins.write_batches().await })
            })
            .collect();
        let (stop_sender, stop) = watch::channel(false);
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<AgentServiceServer<AgentGrpc>>().await;
        let overview = Overview::new(self.db.clone(), self.clock.clone(), Arc::clone(&checkins));
        let tickets = Tickets::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let attachments =
            Attachments::new(self.db.clone(), self.clock.clone(), self.access.clone(), tickets.clone(), self.files);
        // Ten seconds are judged at once, so that a quicker pace tells no more.
        let pace_s = u32::try_from(self.config.checkin_interval.as_secs().max(10)).unwrap_or(u32::MAX);
        let networks = Networks {
            intake: Arc::clone(&intake),
            judge: Judge::new(self.db.clone(), self.clock.clone(), pace_s).with_policy(self.network_policy.clone()),
            network: network.clone(),
            bandwidth: bandwidth.clone(),
            plan,
            check_interval_ms,
        };
        let tickets = Tickets::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let jobs = Jobs {
            checkins: Arc::clone(&checkins),
            overview: overview.clone(),
            networks,
            tickets: TicketJobs { tickets: tickets.clone(), attachments: attachments.clone() },
        };
        let jobs = tokio::spawn(jobs::run(self.db.clone(), self.clock.clone(), jobs, health, stop.clone()));
        let observe = tokio::spawn(self.observe.serve(self.db.clone(), Arc::clone(&self.metrics), stop.clone()));
        let schools = Schools::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let interval = self.config.checkin_interval;
        let size = limits.message_bytes;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(|source| Error::internal("reflection could not be set up", source))?;
        let agents = AgentGrpc::new(Arc::clone(&checkins), self.clock.clone());
        let secret = self.enrollment.authority().ticket_key();
        let phone = Phone::new(self.db.clone(), self.clock.clone(), self.access.clone(), secret);
        let trouble = TroubleGrpc::new(phone.clone(), self.clock.clone(), self.console_url);
        let enrollment = EnrollmentGrpc::new(self.enrollment, self.access.clone(), self.clock.clone(), interval);
        let registry = Registry::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let identities = Identities::new(self.db.clone(), self.clock.clone(), self.access.clone());
        let devices = DeviceGrpc::new(
            overview.clone(),
            registry.clone(),
            Arc::clone(&checkins),
            self.access.clone(),
            stop.clone(),
        );
        let reviews = ReviewGrpc::new(overview.clone(), identities.clone(), self.access.clone());
        let imports = Imports::new(self.db.clone(), self.clock.clone(), self.access.clone(), schools.clone());
        let exports = Exports::new(self.db.clone(), self.access.clone());
        let renewal = Renewal::new(self.db.clone(), self.clock.clone(), self.access.clone());
        // The pages of all features; a feature's pages are wired here, beside its calls.
        let pages = access::pages::routes(self.access.clone())
            .merge(overview::pages::routes(OverviewPages {
                overview: overview.clone(),
                schools: Arc::new(schools.clone()),
                registry: registry.clone(),
                identities: identities.clone(),
                exports: exports.clone(),
                access: self.access.clone(),
                network: network.clone(),
                tickets: tickets.clone(),
            }))
            .merge(network::pages::routes(NetworkPages {
                network: network.clone(),
                schools: schools.clone(),
                access: self.access.clone(),
            }))
            .merge(bandwidth::pages::routes(BandwidthPages {
                bandwidth: bandwidth.clone(),
                network: network.clone(),
                schools: schools.clone(),
                access: self.access.clone(),
            }))
            .merge(tickets::pages::routes(TicketPages {
                tickets: tickets.clone(),
                attachments: attachments.clone(),
                network: network.clone(),
                schools: schools.clone(),
                access: self.access.clone(),
            }))
            .merge(renewal::pages::routes(RenewalPages { renewal: renewal.clone(), access: self.access.clone() }))
            .merge(devices::pages::imports::routes(imports.clone(), self.access.clone()))
            .merge(tickets::phone::pages::routes(PhonePages {
                phone,
                attachments: attachments.clone(),
                schools: schools.clone(),
                network: network.clone(),
            }))
            .layer(Extension(self.access.clone()));
        let own_access = AccessGrpc::new(self.access.clone());
        let staff = StaffGrpc::new(self.access.clone(), self.clock.clone());
        let audit = AuditGrpc::new(self.access.clone());
        let calendars = CalendarGrpc::new(schools.clone(), self.access.clone());
        let lines = LineGrpc::new(schools.clone(), self.access.clone());
        let bandwidth = BandwidthGrpc::new(bandwidth, self.access.clone());
        let network = NetworkGrpc::new(network, self.access.clone(), self.clock.clone(), stop.clone());
        let exports = ExportGrpc::new(overview.clone(), exports, self.access.clone());
        let imports = ImportServiceServer::new(ImportGrpc::new(imports, self.access.clone()))
            .max_decoding_message_size(2 * devices::grpc::PIECE_BYTES);
        let tickets = TicketGrpc::new(tickets, attachments, self.access.clone());
        let renewal = RenewalServiceServer::new(RenewalGrpc::new(renewal, self.access.clone()))
            .max_decoding_message_size(renewal::grpc::MESSAGE_BYTES);
        let schools = SchoolGrpc::new(overview, schools, self.access);
        let agents = AgentServiceServer::new(agents).max_decoding_message_size(size);
        let routes = Routes::new(EnrollmentServiceServer::new(enrollment).max_decoding_message_size(size))
            .add_service(TroubleServiceServer::new(trouble).max_decoding_message_size(size))
            .add_service(DeviceServiceServer::new(devices).max_decoding_message_size(size))
            .add_service(ReviewServiceServer::new(reviews).max_decoding_message_size(size))
            .add_service(SchoolServiceServer::new(schools).max_decoding_message_size(size))
            .add_service(CalendarServiceServer::new(calendars).max_decoding_message_size(size))
            .add_service(LineServiceServer::new(lines).max_decoding_message_size(size))
            .add_service(BandwidthServiceServer::new(bandwidth).max_decoding_message_size(size))
            .add_service(NetworkServiceServer::new(network).max_decoding_message_size(size))
            .add_service(TicketServiceServer::new(tickets).max_decoding_message_size(size))
            .add_service(AccessServiceServer::new(own_access).max_decoding_message_size(size))
            .add_service(StaffServiceServer::new(staff).max_decoding_message_size(size))
            .add_service(AuditServiceServer::new(audit).max_decoding_message_size(size))
            .add_service(renewal)
            .add_service(imports)
            .add_service(ExportServiceServer::new(exports).max_decoding_message_size(size))
            .add_service(health_service)
            .add_service(reflection);
        let app = App::new(agents, routes, &limits, Arc::clone(&self.metrics));
        let site = self.console.site().clone();
        let pages = ConsoleApp::new(pages, site, self.clock.clone(), &limits, Arc::clone(&self.metrics), stop.clone());
        let pages = pages.with_menu().await?;
        let browsing = tokio::spawn(self.console.serve(pages, stop.clone()));
        let serving = tokio::spawn(self.listener.serve(app, stop));

        shutdown.await;
        tracing::info!("shutting down: what was accepted is finished first");
        let _all_gone = stop_sender.send(true);
        let _served = serving.await;
        let _browsed = browsing.await;
        checkins.close();
        for writer in writers {
            let _written = writer.await;
        }
        let _watched = observe.await;
        let _worked = jobs.await;
        // Everything is stored and counted: the others need not wait for this server any more.
        if let Err(error) = intake.end().await {
            tracing::warn!(error = error.chain(), "what was heard last could not be written");
        }
        self.db.close().await;
        Ok(())
    }

    fn writers(&self) -> usize {
        match self.db.engine() {
            db::Engine::Sqlite => 1,
            db::Engine::Postgres => self.config.limits.writers,
        }
    }
}

/// Makes the data folder, for its owner only.
fn make_data_dir(config: &Config) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data_dir).map_err(|source| {
        let message = error::says::server::data_folder(config.data_dir.display());
        Error::new(error::Kind::Precondition, "DATA_DIR_UNWRITABLE", message).with_source(source)
    })
}

fn server_names(config: &Config) -> Vec<String> {
    let mut names = vec![String::from("localhost"), String::from("127.0.0.1"), String::from("::1")];
    let ip = config.listen.ip();
    if !ip.is_unspecified() && !ip.is_loopback() {
        names.push(ip.to_string());
    }
    names.extend(config.server_names.iter().cloned());
    names.dedup();
    names
}

/// An address that a client on this machine can connect to.
fn reachable_address(bound: SocketAddr) -> String {
    let port = bound.port();
    match bound {
        bound if !bound.ip().is_unspecified() => bound.to_string(),
        SocketAddr::V4(_) => format!("127.0.0.1:{port}"),
        SocketAddr::V6(_) => format!("[::1]:{port}"),
    }
}
