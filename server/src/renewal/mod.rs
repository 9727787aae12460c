//! Renewal (更新): what must be replaced when, what that and the running costs come to, who pays, and the plan that a
//! board publishes.
//!
//! Invariants: money is whole yen, and a split of it adds up to what was split; what policy can change (programmes of
//! subsidy, ends of support, scenarios) is data with a source and a date; what was published once can be computed
//! again, since the ledger is only added to.

pub mod documents;
pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
