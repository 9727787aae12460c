//! Network health: what devices of a school measure, what is broken, where, since when, for whom.
//!
//! `service::intake` counts what check-ins bring, `service::judge` hands it to the engine of `rules` and writes down its
//! incidents. The engine is a pure function of what is stored, so another server can go on with it.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
