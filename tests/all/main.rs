//! What gigafleet does, seen from outside. One binary, so that it links once.

mod refusal;
#[macro_use]
mod harness;

mod a_broken_screen;
mod a_school_morning;
mod a_school_with_faults;
mod agent_binary;
mod attachments;
mod browser;
mod causes;
mod certificates;
mod clocks;
mod commands;
mod database_faults;
mod enrolment;
mod failing_models;
mod hostile;
mod importing;
mod judging_servers;
mod known_reports;
mod matrix;
mod observing;
mod python;
mod renewing;
mod renewing_much;
mod renewing_servers;
mod replaying;
mod searching;
mod sequences;
mod sessions;
mod several_servers;
mod shutdown;
mod simulating;
mod starting;
mod uploads;
