//! The team (チーム) of those who work on tickets: when and where somebody works, at which school they are stationed (常駐), what they are
//! good at, when they are away; and by these who is proposed for a ticket, with the reason.
//!
//! Invariants: a proposal names only those who may work on the ticket; rights say who may, this only who should. That somebody is away
//! is a period without a reason. Visits are planned from the same data later.

pub mod pages;
pub mod rules;
pub mod service;
mod store;
