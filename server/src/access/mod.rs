//! Who may do what, where: accounts with password and second factor, sessions, API tokens, grants, the audit log.
//!
//! Invariants: [`service::Access::staff`] (a token) and [`service::Access::session`] (a cookie) are the only places that turn a
//! credential into a [`rules::Staff`], anew for each request, out of the grants that are in force then; secrets are stored as
//! hashes or sealed. Deliberately not here: the certificates of devices (`enrollment`).

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
