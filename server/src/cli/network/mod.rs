//! `gigafleet network`: incidents, how schools' networks are, what they measured, by what they are known, what devices try,
//! announced work, and the replay of recorded events.

mod replay;

use clap::{Args, Subcommand, ValueEnum};
use gigafleet_proto::v1;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    client::{Client, ClientArgs, answer, promised},
    failure::{Failure, Result},
    json,
    output::{print, remark},
    schools::SchoolArgs,
    serve::shutdown_signal,
    table::{self, ABSENT, Column, or_absent, time},
};
use crate::{error::Error, network::rules::Policy};

#[derive(Debug, Args)]
pub(super) struct NetworkArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Judge a file of events again, without a server.
    Replay(replay::ReplayArgs),
    /// Print the thresholds by which networks are judged, as JSON, for `serve --network-policy`; needs no server.
    Policy,
    #[command(flatten)]
    OfServer(ServerCommand),
}

#[derive(Debug, Subcommand)]
enum ServerCommand {
    /// List incidents.
    Incidents(IncidentsArgs),
    /// Show one incident, with its evidence.
    Incident {
        /// Its id.
        id: String,
    },
    /// Print incidents as they change, until Ctrl-C.
    Watch {
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// How the networks of schools are now, those that hurt first.
    Health {
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
        /// Only schools with trouble.
        #[arg(long)]
        trouble: bool,
    },
    /// What the devices of a school measured.
    Measurements(MeasurementsArgs),
    /// By what the own network of a school is known; says it, or takes it away.
    Known(KnownArgs),
    /// What all devices try beyond the layers.
    Targets,
    /// Add a target, or say it anew.
    SetTarget(SetTargetArgs),
    /// Take a target away.
    DeleteTarget {
        /// Its number.
        number: u32,
    },
    /// Announced work that is not over.
    Work {
        /// Only of the municipality with this code.
        #[arg(long, value_name = "CODE")]
        municipality: Option<String>,
    },
    /// Announce work: incidents that it explains alert nobody.
    Announce(AnnounceArgs),
    /// Call announced work off.
    Cancel {
        /// Its id.
        id: String,
        /// 全国地方公共団体コード of the owner.
        #[arg(long, value_name = "CODE")]
        municipality: String,
    },
}

#[derive(Debug, Args)]
struct IncidentsArgs {
    /// Only of the municipality with this code.
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// Only of this school of the municipality, by name or id.
    #[arg(long, value_name = "NAME-or-ID", requires = "municipality")]
    school: Option<String>,
    /// Also those that are closed.
    #[arg(long)]
    all: bool,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Debug, Args)]
struct MeasurementsArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// From when on, RFC 3339; without it a day back.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before when, RFC 3339; without it now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// By access point instead of by layer.
    #[arg(long)]
    by_access_point: bool,
}

#[derive(Debug, Args)]
struct KnownArgs {
    #[command(flatten)]
    school: SchoolArgs,
    /// Say that the network is known by this; with --kind.
    #[arg(long, value_name = "VALUE", requires = "kind", conflicts_with = "delete")]
    add: Option<String>,
    /// Take this away; with --kind.
    #[arg(long, value_name = "VALUE", requires = "kind")]
    delete: Option<String>,
    /// What the value is.
    #[arg(long, value_enum)]
    kind: Option<Known>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Known {
    /// Name of the Wi-Fi.
    Ssid,
    /// Address of an access point.
    AccessPoint,
    /// Salted hash of the gateway's address.
    Gateway,
}

impl Known {
    fn message(self) -> i32 {
        let kind = match self {
            Self::Ssid => v1::SchoolNetworkKind::Ssid,
            Self::AccessPoint => v1::SchoolNetworkKind::AccessPoint,
            Self::Gateway => v1::SchoolNetworkKind::Gateway,
        };
        kind.into()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TargetName {
    /// A service for teaching and learning.
    Learning,
    /// A service at which people sign in.
    Identity,
    /// Any other service.
    Other,
    /// A hop at a hub; for probes.
    HubHop,
    /// A hop at a provider; for probes.
    IspHop,
    /// Sessions that a line can still open; for probes.
    Ports,
}

#[derive(Debug, Args)]
struct SetTargetArgs {
    /// Names it in reports; 1 to 65535.
    #[arg(long, value_name = "N")]
    number: u32,
    /// What people call it.
    #[arg(long)]
    name: String,
    /// What it is.
    #[arg(long, value_enum, default_value = "learning")]
    kind: TargetName,
    /// Name or address.
    #[arg(long)]
    host: String,
    /// Port of TCP.
    #[arg(long, default_value_t = 443)]
    port: u32,
    /// A connection is enough; no TLS.
    #[arg(long)]
    no_tls: bool,
    /// Later than this is slow, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 150)]
    slow_ms: u32,
    /// Connections at once, for --kind ports.
    #[arg(long, value_name = "N", default_value_t = 0)]
    connections: u32,
    /// Who says so.
    #[arg(long, default_value = "")]
    source: String,
    /// The etag that was seen; without it the target is a new one.
    #[arg(long, default_value = "")]
    etag: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WorkedOn {
    /// A school's line.
    Line,
    /// A school's own network.
    Lan,
    /// A hub that the municipality runs.
    Hub,
}

#[derive(Debug, Args)]
struct AnnounceArgs {
    /// 全国地方公共団体コード of the owner.
    #[arg(long, value_name = "CODE")]
    municipality: String,
    /// What is worked on.
    #[arg(long, value_enum)]
    on: WorkedOn,
    /// The school, by name or id, or the hub's id.
    element: String,
    /// Begin, RFC 3339.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// End, RFC 3339.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
}

/// Runs a command about networks.
pub(super) async fn run(args: NetworkArgs) -> Result<()> {
    let as_json = args.client.json;
    let command = match args.command {
        NetworkCommand::Replay(args) => return replay::run(&args, as_json),
        NetworkCommand::Policy => {
            let policy = serde_json::to_value(Policy::default());
            return print(json::pretty(&policy.map_err(|error| Error::internal("thresholds as JSON", error))?));
        }
        NetworkCommand::OfServer(command) => command,
    };
    let client = args.client.open().await?;
    match command {
        ServerCommand::Incidents(args) => incidents(&client, &args, as_json).await,
        ServerCommand::Incident { id } => incident(&client, id, as_json).await,
        ServerCommand::Watch { municipality } => {
            let stop = shutdown_signal()?;
            let municipality_id = owner_id(&client, municipality.as_deref()).await?;
            tokio::select! {
                biased;
                () = stop => Ok(()),
                outcome = watch(&client, municipality_id, as_json) => outcome,
            }
        }
        ServerCommand::Health { municipality, trouble } => {
            health(&client, municipality.as_deref(), trouble, as_json).await
        }
        ServerCommand::Measurements(args) => measurements(&client, &args, as_json).await,
        ServerCommand::Known(args) => known(&client, &args, as_json).await,
        ServerCommand::Targets => {
            let targets = answer(client.network().list_targets(v1::ListTargetsRequest {})).await?.targets;
            print_targets(targets, as_json)
        }
        ServerCommand::SetTarget(args) => set_target(&client, args, as_json).await,
        ServerCommand::DeleteTarget { number } => {
            answer(client.network().delete_target(v1::DeleteTargetRequest { number })).await?;
            remark(&format!("target {number} is taken away"));
            Ok(())
        }
        ServerCommand::Work { municipality } => {
            let municipality_id = owner_id(&client, municipality.as_deref()).await?;
            let request = v1::ListPlannedWorkRequest { municipality_id };
            print_works(answer(client.network().list_planned_work(request)).await?.works, as_json)
        }
        ServerCommand::Announce(args) => announce(&client, args, as_json).await,
        ServerCommand::Cancel { id, municipality } => {
            let municipality_id = client.municipality(&municipality).await?.municipality_id;
            let request = v1::CancelWorkRequest { municipality_id, work_id: id, etag: String::new() };
            answer(client.network().cancel_work(request)).await?;
            remark("the work is called off");
            Ok(())
        }
    }
}

async fn owner_id(client: &Client, code: Option<&str>) -> Result<String> {
    match code {
        Some(code) => Ok(client.municipality(code).await?.municipality_id),
        None => Ok(String::new()),
    }
}

async fn incidents(client: &Client, args: &IncidentsArgs, as_json: bool) -> Result<()> {
    let municipality_id = owner_id(client, args.municipality.as_deref()).await?;
    let school_id = match &args.school {
        Some(school) => client.school(Some(&municipality_id), school).await?.school_id,
        None => String::new(),
    };
    let request = v1::ListIncidentsRequest {
        municipality_id,
        school_id,
        include_closed: args.all,
        page_size: args.limit,
        page_token: String::new(),
    };
    let found = answer(client.network().list_incidents(request)).await?;
    if as_json {
        return print(json::pretty(&json::list("incidents", found.incidents, json::incident)));
    }
    let row = |incident: &v1::Incident| {
        vec![
            state(incident),
            element(incident),
            incident.cause.clone(),
            format!("{:.0} %", incident.confidence * 100.0),
            time(incident.start_time.as_ref()),
            incident.school_ids.len().to_string(),
            incident.other_owner_count.to_string(),
            incident.lesson_device_minutes.to_string(),
            incident.incident_id.clone(),
        ]
    };
    let columns = [
        Column::Text("STATE"),
        Column::Text("ELEMENT"),
        Column::Text("CAUSE"),
        Column::Number("SURE"),
        Column::Text("SINCE"),
        Column::Number("SCHOOLS"),
        Column::Number("OTHER OWNERS"),
        Column::Number("LESSON-MINUTES"),
        Column::Text("INCIDENT ID"),
    ];
    print(table::table(&columns, found.incidents.iter().map(row).collect(), "no incidents"))
}

fn state(incident: &v1::Incident) -> String {
    incident.state().as_str_name().trim_start_matches("INCIDENT_STATE_").to_owned()
}

fn element(incident: &v1::Incident) -> String {
    let kind = incident.element_kind().as_str_name().trim_start_matches("ELEMENT_KIND_").to_lowercase();
    match incident.element_name.as_str() {
        "" => kind,
        name => format!("{kind} {name}"),
    }
}

async fn incident(client: &Client, incident_id: String, as_json: bool) -> Result<()> {
    let found = answer(client.network().get_incident(v1::GetIncidentRequest { incident_id })).await?;
    let incident = promised(found.incident)?;
    if as_json {
        return print(json::pretty(&json::incident(incident)));
    }
    let evidence = incident.evidence.clone().unwrap_or_default();
    let group = |group: Option<&v1::ComparedGroup>| match group {
        Some(group) => format!("{} of {} in {} schools", group.failing_count, group.expected_count, group.school_count),
        None => ABSENT.to_owned(),
    };
    let others: Vec<_> = evidence.alternatives.iter().map(|other| other.explanation.clone()).collect();
    print(table::pairs(&[
        ("Incident", incident.incident_id.clone()),
        ("State", state(&incident)),
        ("Element", element(&incident)),
        ("Cause", incident.cause.clone()),
        ("Place", format!("({}) of the ministry's four", incident.mext_place)),
        ("Sure", format!("{:.0} %", incident.confidence * 100.0)),
        ("Began", time(incident.start_time.as_ref())),
        ("Opened", time(incident.open_time.as_ref())),
        ("Recovered", time(incident.recover_time.as_ref())),
        ("Closed", time(incident.close_time.as_ref())),
        ("Schools", incident.school_ids.len().to_string()),
        ("Other owners", incident.other_owner_count.to_string()),
        ("Devices", incident.device_count.to_string()),
        ("Lesson-minutes", incident.lesson_device_minutes.to_string()),
        ("Witness", evidence.witness.clone()),
        ("Affected", group(evidence.affected.as_ref())),
        ("Control", group(evidence.control.as_ref())),
        ("Others", or_absent(Some(&others.join(", ")))),
        ("Would change", or_absent(Some(&evidence.would_change))),
    ]))
}

async fn watch(client: &Client, municipality_id: String, as_json: bool) -> Result<()> {
    let request = v1::WatchIncidentsRequest { municipality_id };
    let mut stream = answer(client.network().watch_incidents(request)).await?;
    while let Some(message) = stream.message().await? {
        let Some(incident) = message.incident else { continue };
        let line = match as_json {
            true => json::incident(incident).to_string(),
            false => {
                let since = time(incident.start_time.as_ref());
                let (state, element) = (state(&incident), element(&incident));
                format!("{since}  {state:<10}  {element}, {}, {}", incident.cause, incident.incident_id)
            }
        };
        print(line)?;
    }
    Ok(())
}

async fn health(client: &Client, municipality: Option<&str>, only_trouble: bool, as_json: bool) -> Result<()> {
    let municipality_id = owner_id(client, municipality).await?;
    let names: std::collections::HashMap<_, _> = client
        .list_schools(Some(municipality_id.as_str()).filter(|id| !id.is_empty()))
        .await?
        .into_iter()
        .map(|school| (school.school_id, school.name))
        .collect();
    let request = v1::ListSchoolHealthRequest { municipality_id, only_trouble, page_size: 5_000 };
    let found = answer(client.network().list_school_health(request)).await?;
    if as_json {
        return print(json::pretty(&json::list("schools", found.schools, json::school_health)));
    }
    let row = |school: &v1::SchoolHealth| {
        vec![
            names.get(&school.school_id).cloned().unwrap_or_else(|| school.school_id.clone()),
            school.heard_count.to_string(),
            school.incident_ids.len().to_string(),
            time(school.trouble_since_time.as_ref()),
            school.device_count.to_string(),
            school.lesson_device_minutes.to_string(),
        ]
    };
    let columns = [
        Column::Text("SCHOOL"),
        Column::Number("HEARD"),
        Column::Number("INCIDENTS"),
        Column::Text("SINCE"),
        Column::Number("DEVICES"),
        Column::Number("LESSON-MINUTES"),
    ];
    print(table::table(&columns, found.schools.iter().map(row).collect(), "no schools"))
}

fn parse_time(name: &str, text: &str) -> Result<prost_types::Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        Failure::told(format!("{name} is no time: {text}"), "a time looks like 2026-11-25T08:40:00+09:00")
    })?;
    Ok(prost_types::Timestamp { seconds: time.unix_timestamp(), nanos: 0 })
}

async fn measurements(client: &Client, args: &MeasurementsArgs, as_json: bool) -> Result<()> {
    let school = args.school.find(client).await?;
    let group = match args.by_access_point {
        true => v1::MeasurementGroup::AccessPoint,
        false => v1::MeasurementGroup::Layer,
    };
    let request = v1::GetSchoolMeasurementsRequest {
        municipality_id: school.municipality_id,
        school_id: school.school_id,
        start_time: args.from.as_deref().map(|text| parse_time("--from", text)).transpose()?,
        end_time: args.to.as_deref().map(|text| parse_time("--to", text)).transpose()?,
        group_by: group.into(),
    };
    let found = answer(client.network().get_school_measurements(request)).await?;
    if as_json {
        return print(json::pretty(&json::list("series", found.series, json::measurement_series)));
    }
    let milliseconds = |us: f64| if us > 0.0 { format!("{:.1}", us / 1_000.0) } else { ABSENT.to_owned() };
    let rows = found.series.iter().flat_map(|series| {
        let layer = series.layer().as_str_name().trim_start_matches("NETWORK_LAYER_").to_lowercase();
        let name = match (series.target, series.access_point.as_str()) {
            (0, "") => layer,
            (0, point) => format!("{layer} {point}"),
            (target, _) => format!("{layer} {target}"),
        };
        series.points.iter().map(move |point| {
            vec![
                name.clone(),
                time(point.begin_time.as_ref()),
                point.ok_count.to_string(),
                point.slow_count.to_string(),
                point.failed_count.to_string(),
                milliseconds(point.p50_us),
                milliseconds(point.p95_us),
                milliseconds(point.p99_us),
            ]
        })
    });
    let columns = [
        Column::Text("LAYER"),
        Column::Text("FROM"),
        Column::Number("OK"),
        Column::Number("SLOW"),
        Column::Number("FAILED"),
        Column::Number("P50 MS"),
        Column::Number("P95 MS"),
        Column::Number("P99 MS"),
    ];
    print(table::table(&columns, rows.collect(), "nothing was measured"))
}

async fn known(client: &Client, args: &KnownArgs, as_json: bool) -> Result<()> {
    let school = args.school.find(client).await?;
    let (municipality_id, school_id) = (school.municipality_id, school.school_id);
    let kind = args.kind.map(Known::message).unwrap_or_default();
    if let Some(value) = args.add.clone() {
        let network = v1::SchoolNetwork { school_id: school_id.clone(), kind, value, ..Default::default() };
        let request = v1::AddSchoolNetworkRequest { municipality_id: municipality_id.clone(), network: Some(network) };
        answer(client.network().add_school_network(request)).await?;
    }
    if let Some(value) = args.delete.clone() {
        let request = v1::DeleteSchoolNetworkRequest {
            municipality_id: municipality_id.clone(),
            school_id: school_id.clone(),
            kind,
            value,
        };
        answer(client.network().delete_school_network(request)).await?;
    }
    let request = v1::ListSchoolNetworksRequest { municipality_id, school_id };
    let networks = answer(client.network().list_school_networks(request)).await?.networks;
    if as_json {
        return print(json::pretty(&json::list("networks", networks, json::school_network)));
    }
    let row = |network: &v1::SchoolNetwork| {
        vec![
            network.kind().as_str_name().trim_start_matches("SCHOOL_NETWORK_KIND_").to_lowercase(),
            network.value.clone(),
            String::from(if network.learned { "learned" } else { "said" }),
            network.device_count.to_string(),
            time(network.last_seen_time.as_ref()),
        ]
    };
    let columns = [
        Column::Text("KIND"),
        Column::Text("VALUE"),
        Column::Text("FROM"),
        Column::Number("DEVICES"),
        Column::Text("SEEN"),
    ];
    print(table::table(&columns, networks.iter().map(row).collect(), "nothing is known of the network yet"))
}

async fn set_target(client: &Client, args: SetTargetArgs, as_json: bool) -> Result<()> {
    let kind = match args.kind {
        TargetName::Learning => v1::TargetKind::Learning,
        TargetName::Identity => v1::TargetKind::Identity,
        TargetName::Other => v1::TargetKind::Other,
        TargetName::HubHop => v1::TargetKind::HubHop,
        TargetName::IspHop => v1::TargetKind::IspHop,
        TargetName::Ports => v1::TargetKind::Ports,
    };
    let target = v1::Target {
        number: args.number,
        name: args.name,
        kind: kind.into(),
        host: args.host,
        port: args.port,
        tls: !args.no_tls,
        slow_ms: args.slow_ms,
        connections: args.connections,
        source: args.source,
        etag: args.etag,
    };
    let request = v1::SetTargetRequest { target: Some(target) };
    print_targets(vec![promised(answer(client.network().set_target(request)).await?.target)?], as_json)
}

fn print_targets(targets: Vec<v1::Target>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("targets", targets, json::target)));
    }
    let row = |target: &v1::Target| {
        vec![
            target.number.to_string(),
            target.name.clone(),
            target.kind().as_str_name().trim_start_matches("TARGET_KIND_").to_lowercase(),
            format!("{}:{}", target.host, target.port),
            String::from(if target.tls { "TLS" } else { "TCP" }),
            target.slow_ms.to_string(),
            target.etag.clone(),
        ]
    };
    let columns = [
        Column::Number("NO"),
        Column::Text("TARGET"),
        Column::Text("KIND"),
        Column::Text("ADDRESS"),
        Column::Text("BY"),
        Column::Number("SLOW MS"),
        Column::Text("ETAG"),
    ];
    print(table::table(&columns, targets.iter().map(row).collect(), "no targets: gigafleet network set-target"))
}

async fn announce(client: &Client, args: AnnounceArgs, as_json: bool) -> Result<()> {
    let municipality_id = client.municipality(&args.municipality).await?.municipality_id;
    let (kind, element_id) = match args.on {
        WorkedOn::Hub => (v1::ElementKind::Hub, args.element),
        WorkedOn::Line | WorkedOn::Lan => {
            let school = client.school(Some(&municipality_id), &args.element).await?.school_id;
            let line = matches!(args.on, WorkedOn::Line);
            (if line { v1::ElementKind::SchoolLine } else { v1::ElementKind::SchoolLan }, school)
        }
    };
    let work = v1::PlannedWork {
        work_id: String::new(),
        municipality_id,
        element_kind: kind.into(),
        element_id,
        start_time: Some(parse_time("--from", &args.from)?),
        end_time: Some(parse_time("--to", &args.to)?),
        reason: args.reason,
        etag: String::new(),
    };
    let request = v1::AnnounceWorkRequest { request_id: String::new(), work: Some(work) };
    print_works(vec![promised(answer(client.network().announce_work(request)).await?.work)?], as_json)
}

fn print_works(works: Vec<v1::PlannedWork>, as_json: bool) -> Result<()> {
    if as_json {
        return print(json::pretty(&json::list("works", works, json::planned_work)));
    }
    let row = |work: &v1::PlannedWork| {
        vec![
            time(work.start_time.as_ref()),
            time(work.end_time.as_ref()),
            work.element_kind().as_str_name().trim_start_matches("ELEMENT_KIND_").to_lowercase(),
            work.element_id.clone(),
            or_absent(Some(&work.reason)),
            work.work_id.clone(),
        ]
    };
    let columns = [
        Column::Text("FROM"),
        Column::Text("TO"),
        Column::Text("ON"),
        Column::Text("ELEMENT ID"),
        Column::Text("WHY"),
        Column::Text("WORK ID"),
    ];
    print(table::table(&columns, works.iter().map(row).collect(), "no work is announced"))
}
