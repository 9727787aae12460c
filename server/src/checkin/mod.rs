//! The hot path: a device hands in a report; an answer means that it is durable.
//!
//! The way of a report: `grpc` (who calls, is it well formed) → the fair queue (`rules::queue`) → a writer
//! (`service::writer`) that puts whatever waits into one transaction → the answer. What the server makes of a report is
//! decided by `rules::decide`, a pure function of the stored cursor and the report.
//!
//! Invariants: nothing is answered before its commit; a sequence counts once; two runs that take turns under one
//! identity are told apart; a slow or absent database costs time, never reports, and makes nobody look offline.

pub mod grpc;
pub mod rules;
pub mod service;
pub mod store;
