//! Use cases of network health.

pub mod intake;
