//! Bandwidth of schools: the recommended table (当面の推奨帯域), measured throughput, and who reaches it.
//!
//! Invariant: idle capacity, measured outside lessons, and what is left in a lesson are never mixed; only the first is compared.
//! Deliberately not here: imports of measurements, and tests that the server directs.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
