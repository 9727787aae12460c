//! `gigafleet simulate`: a school day of an invented town in virtual time, and what came of it.
//!
//! Invariants: the scratch folder goes away however the command ends, short of SIGKILL; the exit code is 0 only if every
//! check-in that was acknowledged is stored, and none is counted twice. What the judge found does not change it: it is told.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    failure::{Failure, Result},
    json::Object,
    output::{print, remark},
    scratch,
    serve::shutdown_signal,
    table::{self, ABSENT, Column},
};
use crate::{
    Config,
    network::rules::word,
    simulate::{DEVICES, FoundIncident, Plan, Report, SCENARIOS, Scenario, play},
    telemetry::{self, LogFormat},
};

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Devices of the fleet.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(*DEVICES.start())..=i64::from(*DEVICES.end())))]
    devices: u32,
    /// When they are used.
    #[arg(long, value_enum, default_value_t = Schedule::SchoolDay)]
    schedule: Schedule,
    /// What happens; an unknown name lists them.
    #[arg(long, value_name = "NAME", value_parser = parse_scenario, default_value = SCENARIOS[0].name)]
    scenario: Scenario,
    /// Draws everything; the same one gives the same day.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// This many times faster than the real time; without it as fast as it goes.
    #[arg(long, value_name = "X", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: Option<u32>,
    /// Keep the server's data in this new folder, to look at it with `serve --data`.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Schedule {
    /// Wednesday 10 June 2026, 08:00 to 16:30 in Japan, six lessons.
    SchoolDay,
}

fn parse_scenario(name: &str) -> std::result::Result<Scenario, String> {
    Scenario::named(name).ok_or_else(|| {
        let known = SCENARIOS.map(|scenario| format!("\n  {:<18} {}", scenario.name, scenario.says));
        format!("there is no such scenario; there are:{}", known.concat())
    })
}

/// Plays the day and tells what came of it.
pub(super) async fn run(args: SimulateArgs) -> Result<()> {
    // What someone must look at comes through; a fleet in virtual time would drown the rest.
    telemetry::init_logging_at(LogFormat::Text, "error,gigafleet=error");
    let stop = shutdown_signal()?;
    let Schedule::SchoolDay = args.schedule;
    let report = match &args.data_dir {
        Some(folder) => {
            require_new(folder)?;
            play_in(&args, folder, stop).await?
        }
        None => {
            let folder = scratch::make("gigafleet-simulate-")?;
            let report = play_in(&args, folder.path(), stop).await;
            scratch::remove(folder, report)?
        }
    };
    print(if args.json { to_json(&report).to_string() } else { to_text(&report) })?;
    verdict(&report)
}

async fn play_in(args: &SimulateArgs, folder: &Path, stop: impl Future<Output = ()>) -> Result<Report> {
    let plan = Plan { devices: args.devices, scenario: args.scenario, seed: args.seed, speed: args.speed };
    let config = Config { data_dir: folder.to_owned(), ..Config::default() };
    tokio::select! {
        biased;
        () = stop => Err(Failure::told("stopped before the school day was over", "repeat it with fewer devices or a higher --speed")),
        report = play(&plan, &config, tell) => Ok(report?),
    }
}

/// Says how far the day is.
fn tell(second: u32) {
    remark(&format!("{:02}:{:02}", second / 3_600, second / 60 % 60));
}

fn require_new(folder: &Path) -> Result<()> {
    let is_new = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if is_new {
        return Ok(());
    }
    let message = format!("--data-dir {}: it is not a new or empty folder", folder.display());
    Err(Failure::told(message, "name another one: a simulated day begins with an empty database"))
}

fn verdict(report: &Report) -> Result<()> {
    let balance = &report.balance;
    if balance.is_whole() {
        return Ok(());
    }
    let message = format!("{} are lost, {} are counted twice", balance.lost, balance.counted_twice);
    Err(Failure::told(message, "report this as a defect, with the command line"))
}

fn to_json(report: &Report) -> serde_json::Value {
    let balance = &report.balance;
    let [request_bytes, answer_bytes] = report.device_bytes();
    let injected = report.injected.as_ref().map(|injected| {
        serde_json::Value::from(
            Object::default()
                .value("element_kind", injected.kind.name())
                .value("element_name", injected.name.clone())
                .value("mext_place", injected.mext_place)
                .value("begin_time", rfc3339(injected.period[0]))
                .value("end_time", rfc3339(injected.period[1])),
        )
    });
    Object::default()
        .value("scenario", report.scenario)
        .value("seed", report.seed)
        .value("devices", report.devices)
        .value("schools", report.schools)
        .value("municipalities", report.municipalities)
        .value("begin_time", rfc3339(report.span[0]))
        .value("end_time", rfc3339(report.span[1]))
        .value("wall_seconds", rounded(report.wall_seconds, 10.0))
        .value("checkins_sent", balance.sent)
        .value("checkins_arrived", balance.arrived)
        .value("checkins_acknowledged", balance.acknowledged)
        .value("checkins_stored", balance.stored)
        .value("transitions_recorded", balance.transitions_recorded)
        .value("transitions_waiting", balance.transitions_waiting)
        .value("transitions_stored", balance.transitions_stored)
        .value("lost", balance.lost)
        .value("counted_twice", balance.counted_twice)
        .value("checkins_per_second_mean", rounded(report.load.mean(), 100.0))
        .value("checkins_per_second_most", report.load.most)
        .value("most_over_mean", rounded(report.load.ratio(), 100.0))
        .value("request_bytes_per_device", request_bytes)
        .value("answer_bytes_per_device", answer_bytes)
        .value("database_bytes", report.database_bytes)
        .value("rollup_bytes", report.rollup_bytes)
        .value("rollup_bytes_per_school", report.school_rollup_bytes())
        .optional("injected", injected)
        .optional("found", report.is_found())
        .value("wrong_incidents", report.wrong_incidents())
        .list("incidents", report.incidents.iter().collect(), incident_json)
        .into()
}

fn incident_json(incident: &FoundIncident) -> serde_json::Value {
    Object::default()
        .value("element_kind", incident.kind.name())
        .value("element_name", incident.name.clone())
        .value("cause", word(incident.cause))
        .value("mext_place", incident.mext_place)
        .value("schools", incident.schools.clone())
        .value("state", word(incident.state))
        .value("open_time", rfc3339(incident.opened))
        .optional("close_time", incident.closed.map(rfc3339))
        .optional("opened_after_seconds", incident.opened_after_s)
        .optional("closed_after_seconds", incident.closed_after_s)
        .value("is_injected", incident.is_injected)
        .into()
}

fn to_text(report: &Report) -> String {
    let balance = &report.balance;
    let [request_bytes, answer_bytes] = report.device_bytes();
    let injected = report.injected.as_ref().map_or_else(
        || String::from(ABSENT),
        |injected| {
            let [begin, end] = injected.period.map(clock_time);
            format!("{} {}, {begin} to {end}", injected.kind.name(), injected.name)
        },
    );
    let pairs = [
        ("scenario", format!("{}, seed {}", report.scenario, report.seed)),
        ("devices", format!("{} at {} schools of {}", report.devices, report.schools, report.municipalities)),
        ("virtual time", format!("{} to {}", clock_time(report.span[0]), clock_time(report.span[1]))),
        ("wall time", format!("{:.1} s", report.wall_seconds)),
        ("check-ins sent", balance.sent.to_string()),
        ("arrived", balance.arrived.to_string()),
        ("acknowledged", balance.acknowledged.to_string()),
        ("stored", balance.stored.to_string()),
        (
            "transitions",
            format!(
                "{} recorded, {} stored, {} wait",
                balance.transitions_recorded, balance.transitions_stored, balance.transitions_waiting
            ),
        ),
        ("lost", balance.lost.to_string()),
        ("counted twice", balance.counted_twice.to_string()),
        (
            "check-ins a second",
            format!(
                "{:.2} in the mean, {} at most, {:.1} times the mean",
                report.load.mean(),
                report.load.most,
                report.load.ratio()
            ),
        ),
        ("bytes a device", format!("{} of reports, {} of answers", bytes(request_bytes), bytes(answer_bytes))),
        ("database", bytes(report.database_bytes)),
        ("roll-ups a school", bytes(report.school_rollup_bytes())),
        ("injected", injected),
        ("found", report.is_found().map_or(ABSENT, |found| if found { "yes" } else { "no" }).to_owned()),
        ("wrong incidents", report.wrong_incidents().to_string()),
    ];
    let columns = [
        Column::Text("ELEMENT"),
        Column::Text("NAME"),
        Column::Text("CAUSE"),
        Column::Number("PLACE"),
        Column::Number("SCHOOLS"),
        Column::Text("STATE"),
        Column::Text("OPENED"),
        Column::Number("AFTER BEGIN"),
        Column::Number("CLOSED AFTER END"),
        Column::Text("INJECTED"),
    ];
    let rows = report.incidents.iter().map(incident_row).collect();
    format!("{}\n{}", table::pairs(&pairs), table::table(&columns, rows, "no incident"))
}

fn incident_row(incident: &FoundIncident) -> Vec<String> {
    let seconds = |after: Option<i64>| after.map_or_else(|| String::from(ABSENT), |seconds| format!("{seconds} s"));
    vec![
        incident.kind.name().to_owned(),
        incident.name.clone(),
        word(incident.cause),
        incident.mext_place.to_string(),
        incident.schools.len().to_string(),
        word(incident.state),
        clock_time(incident.opened),
        seconds(incident.opened_after_s),
        seconds(incident.closed_after_s),
        String::from(if incident.is_injected { "yes" } else { "no" }),
    ]
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn clock_time(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

fn bytes(count: u64) -> String {
    match count {
        ..10_000 => format!("{count} bytes"),
        10_000..10_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        10_000_000.. => format!("{:.1} MB", count as f64 / 1e6),
    }
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::words::Language;

    fn args(folder: Option<&Path>) -> SimulateArgs {
        SimulateArgs {
            devices: 40,
            schedule: Schedule::SchoolDay,
            scenario: Scenario::named("quiet").unwrap(),
            seed: 1,
            speed: None,
            data_dir: folder.map(Path::to_owned),
            json: true,
        }
    }

    #[test]
    fn unknown_scenario_lists_those_that_there_are() {
        let refused = parse_scenario("flood").unwrap_err();
        assert!(SCENARIOS.iter().all(|scenario| refused.contains(scenario.name)), "{refused}");
        assert!(parse_scenario("hub-down").is_ok());
    }

    #[tokio::test]
    async fn folder_with_something_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gigafleet.db"), "x").unwrap();
        let refused = run(args(Some(folder.path()))).await.unwrap_err().text(Language::En).unwrap();
        assert!(refused.contains("--data-dir"), "{refused}");
    }

    #[tokio::test]
    async fn day_that_is_stopped_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        let stopped = play_in(&args(None), folder.path(), std::future::ready(())).await;
        assert!(stopped.is_err());
    }
}
