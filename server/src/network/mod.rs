//! Network health: what is broken, where, since when, for whom, and how sure.
//!
//! `rules` is the pure engine that judges; it is fed with what the servers observed and knows no database and no clock.

pub mod rules;
