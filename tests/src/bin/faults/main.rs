//! The benchmark of fault localisation: towns with known truth, and what the engine makes of what their servers hear.
//!
//! `faults --seeds 200` plays, for each seed, scenarios of the classes in turn and one quiet day, and prints per class whether
//! element and place were right, how long it took, and what was alarmed without reason, against the targets. The towns know
//! nothing of the engine but the form of its inputs; `town`, `schedule`, `day` and `fault` state their assumptions.
//!
//! Seeds from 1 on were used to tune the engine's defaults; seeds from 100,001 on are for reporting.

mod day;
mod draw;
mod fault;
mod reach;
mod report;
mod scenario;
mod schedule;
mod town;

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use clap::Parser;

use fault::{CLASSES, Class};
use scenario::{Scenario, play_scenario};

/// First of the seeds for reporting.
const REPORTING: u64 = 100_001;

#[derive(Debug, Parser)]
#[command(name = "faults", about = "Measures how rightly faults are found in simulated towns")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them; below 100,001 they are seeds that were used to tune.
    #[arg(long, default_value_t = REPORTING)]
    first_seed: u64,
    /// Scenarios of each seed, besides its quiet day.
    #[arg(long, default_value_t = 6)]
    scenarios: u64,
    /// Seconds from one check-in of a device to the next.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(10..=300))]
    pace_s: u32,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// One class only, by a part of its name.
    #[arg(long)]
    class: Option<String>,
    /// Tell every verdict that is wrong.
    #[arg(long)]
    verbose: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds: Vec<u64> = (arguments.first_seed..arguments.first_seed + arguments.seeds).collect();
    let jobs: Vec<(u64, Class)> = seeds.iter().flat_map(|seed| classes_of(*seed, &arguments)).collect();
    let next = AtomicU64::new(0);
    let results: Mutex<Vec<(u64, Scenario)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((seed, class)) = jobs.get(number as usize).copied() else { return };
                    let scenario = play_scenario(seed, class, arguments.pace_s);
                    if arguments.verbose {
                        tell(seed, class, &scenario);
                    }
                    results.lock().expect("no thread panicked").push((number, scenario));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no thread panicked");
    results.sort_by_key(|(number, _)| *number);
    let scenarios: Vec<Scenario> = results.into_iter().map(|(_, scenario)| scenario).collect();
    let last = arguments.first_seed + arguments.seeds.saturating_sub(1);
    let use_of_seeds = match (arguments.first_seed >= REPORTING, last >= REPORTING) {
        (true, _) => "reporting: none of them was used to tune",
        (false, false) => "tuning: the engine's defaults may have been chosen with them",
        (false, true) => "mixed: some were used to tune",
    };
    let report = report::Report::new(&scenarios, format!("{}–{last}, {use_of_seeds}", arguments.first_seed));
    if arguments.json {
        report.print_json()
    } else {
        report.print()
    }
    if report.held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn classes_of(seed: u64, arguments: &Arguments) -> Vec<(u64, Class)> {
    if let Some(part) = &arguments.class {
        let chosen =
            CLASSES.iter().copied().chain([Class::QuietDay]).filter(|class| class.name().contains(part.as_str()));
        return chosen.map(|class| (seed, class)).collect();
    }
    let first = seed.wrapping_mul(arguments.scenarios);
    let turn = |n: u64| CLASSES[(first.wrapping_add(n) % CLASSES.len() as u64) as usize];
    (0..arguments.scenarios).map(turn).chain([Class::QuietDay]).map(|class| (seed, class)).collect()
}

fn tell(seed: u64, class: Class, scenario: &Scenario) {
    for judged in scenario.judged.iter().filter(|judged| !judged.right) {
        let found = if judged.found { "wrong" } else { "missed" };
        let story = judged.story.join("\n    ");
        eprintln!("seed {seed} {}: {} {found}: {story}", class.name(), judged.kind.name());
    }
    for alarm in &scenario.wrong_alarms {
        eprintln!("seed {seed} {}: wrong alarm {alarm}", class.name());
    }
}
