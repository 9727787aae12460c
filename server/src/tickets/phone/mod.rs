//! Reports from a phone: a code on a label opens a form without sign-in, and a link of its own shows later how the report stands. What
//! whoever sits at a device tells its agent goes the same way.
//!
//! Invariants: a code that is forged, voided or unknown gets one and the same answer; whoever reports acts through one caller
//! ([`Staff::reporter`](crate::access::rules::Staff::reporter)), who has no right beyond the school of the label; a form that is
//! sent twice makes one ticket; what is over a limit changes nothing.

pub mod grpc;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
