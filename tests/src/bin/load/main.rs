//! The load benchmark: what a check-in costs, compared in one run with an empty call on the same machine.
//!
//! `load checkin` measures, over mutual TLS and with the client on the same cores: an empty unary call of tonic's own
//! server (the ceiling), then the real server on SQLite and on PostgreSQL, each at its best concurrency; one connection
//! per check-in with resumed TLS and with full handshakes; and the memory of an idle connection. `load agent` runs the
//! real agent as it is built for tablets and measures its size, memory and processor time. `load judge` measures what it costs
//! to find faults in regions of several sizes.
//!
//! Deliberately not here: a verdict. The figures go to the README, with the commit they were measured on.

mod agent;
mod ceiling;
mod client;
mod judge;
mod measure;
mod target;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "load", about = "Measures what check-ins, the agent and judging cost")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check-ins: ceiling, SQLite, PostgreSQL, a connection each, idle connections.
    Checkin(measure::Options),
    /// The agent as it is built for tablets: size, memory, processor time.
    Agent(agent::Options),
    /// Judging: seconds of one core per simulated minute, for regions of several sizes.
    Judge(judge::Options),
    /// The empty server; started by `checkin` in a process of its own.
    #[command(hide = true)]
    CeilingServer(ceiling::Options),
}

#[tokio::main]
async fn main() {
    match Arguments::parse().command {
        Command::Checkin(options) => measure::run(options).await,
        Command::Agent(options) => agent::run(options).await,
        Command::Judge(options) => judge::run(&options),
        Command::CeilingServer(options) => ceiling::serve(options).await,
    }
}
