//! Who may do what, where. For now: tokens of staff, and the certificate of a device.
//!
//! Invariant: [`service::Access::staff`] is the one choke point that turns a request's credential into a [`rules::Scope`].
//! Accounts, roles with narrower scopes and the audit log build on it.

pub mod rules;
pub mod service;
mod store;
