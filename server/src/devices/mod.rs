//! The registry of devices: what each one is, how it is, whether a person should look at its identity.
//!
//! Facts and status are observations of the device's agent; enrolment makes a device and check-ins feed it.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
