//! Prefecture → municipality → school: national codes, pupils, calendars, lines.

pub mod grpc;
pub mod rules;
pub mod service;
pub mod store;
