//! Tickets (問い合わせ): trouble and wishes of schools, in one queue for many owners.
//!
//! Invariants: of two who do something with one ticket at once exactly one wins; what happened to a ticket is only ever added to;
//! clocks run on school days only.

pub mod attachments;
pub mod desk;
pub mod failures;
pub mod grpc;
pub mod legs;
pub mod pages;
pub mod phone;
pub mod rules;
pub mod search;
pub mod service;
pub mod store;
pub mod team;
