//! `gigafleet-agent`: enrols a device, reports what it is and how it is, shows exactly what it reports, and takes what whoever sits at
//! it says is wrong.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage.
//!
//! Deliberately not here: anything but arguments, signals and printing; the library does the work.

mod arguments;
mod json;
mod log;
mod report;
mod show;
mod status;

use std::{path::Path, process::ExitCode, sync::Arc};

use gigafleet_agent::{
    checks::Checker,
    engine::{CheckMode, EngineConfig},
    enroll::{EnrollOptions, enroll},
    identity::{StateFolder, read_identity},
    platform::linux::Linux,
    runtime::{Agent, AgentOptions},
    transport::status::chain,
    trouble::Trouble,
};
use tokio::signal::unix::{SignalKind, signal};

use self::arguments::{Command, HELP};

fn main() -> ExitCode {
    let command = match arguments::parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("gigafleet-agent: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match execute(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gigafleet-agent: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn execute(command: Command) -> Outcome {
    match command {
        Command::Help => print(HELP),
        Command::Version => print(&format!("gigafleet-agent {}\n", gigafleet_agent::VERSION)),
        Command::Show { state } => show_report(&state),
        Command::Status { state, json } => print(&status::describe(&state, json)?),
        Command::Report { state, trouble } => on_runtime(report_trouble(state.as_path(), trouble)),
        Command::Enroll { state, options } => on_runtime(enroll_device(state.as_path(), options)),
        Command::Run { state, log, checks } => {
            log::install(log)?;
            on_runtime(run(state.as_path(), checks))
        }
    }
}

/// One thread is enough, and takes the least memory.
fn on_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// A closed pipe is no failure of ours to report, but it is one to end with.
fn print(text: &str) -> Outcome {
    use std::io::Write as _;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn show_report(state: &Path) -> Outcome {
    let salt = match read_identity(state) {
        Ok(Some(identity)) => identity.mac_salt,
        Ok(None) => {
            eprintln!("Not enrolled: mac_hashes need the salt of the municipality, so none are shown.");
            Vec::new()
        }
        Err(error) => {
            eprintln!("{}. Without the identity no mac_hashes are shown.", chain(&error));
            Vec::new()
        }
    };
    print(&show::full_report(&mut Linux::new(), &salt, &gigafleet_agent::spool::read_memory(state)))
}

async fn report_trouble(state: &Path, trouble: Option<Trouble>) -> Outcome {
    print(&match trouble {
        Some(trouble) => report::report(state, trouble).await?,
        None => report::standing(state).await?,
    })
}

async fn enroll_device(state: &Path, options: EnrollOptions) -> Outcome {
    let folder = StateFolder::open(state)?;
    let identity = enroll(&options, &folder, &mut Linux::new()).await?;
    print(&format!(
        "Enrolled as device {} of municipality {}.\nThe certificate ends {}. Start the agent: gigafleet-agent run\n",
        identity.device_id,
        identity.municipality_id,
        log::rfc3339(identity.times.not_after_ms),
    ))
}

async fn run(state: &Path, checks: CheckMode) -> Outcome {
    let folder = StateFolder::open(state)?;
    let engine = EngineConfig { checks, ..EngineConfig::default() };
    let agent = Agent::open(folder, Linux::new(), AgentOptions { engine, ..AgentOptions::default() })?
        .with_prober(Arc::new(Checker::new()?))
        .with_observer(Arc::new(status::StatusFile::new(state)));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tracing::info!(device_id = %agent.device_id(), version = gigafleet_agent::VERSION, "the agent runs");
    agent
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    tracing::info!("the agent ends");
    Ok(())
}
