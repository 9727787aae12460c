//! What staff sees of many features at once: a device with its reports, a school with its devices.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
mod store;
