//! How a device gets its identity: tokens, the certificate authority, device certificates.
//!
//! Invariants: a token is stored hashed; a certificate carries municipality and device, so that a check-in needs no
//! look-up; of the certificates of a device one is confirmed, a newer one may be a candidate until it is used.

pub mod grpc;
pub mod rules;
pub mod service;
pub mod store;
