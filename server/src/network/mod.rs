//! Network health: what is broken, where, since when, for whom.
//!
//! Here are the rules only: the engine of fault localisation, which the benchmark `faults` measures. It does not judge what
//! devices report yet.

pub mod rules;
