//! Bandwidth of schools: the recommended table (当面の推奨帯域), measured throughput, and who reaches it.
//!
//! Invariant: idle capacity, measured outside lessons, and what is left in a lesson are never mixed; only the first is compared.
//! Tests that servers direct are given by lease to devices that are at school, outside lessons (`service::directed`); what a
//! device hands in comes with its check-in (`checkin`) and stands among the measurements a moment later.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
