//! Legs of a ticket: what becomes of its device (a spare in its place, a repair, a loss), and what that costs.
//!
//! Invariants: the device's state, its history, the leg and the ticket's event are one transaction; of two that hand out one spare
//! exactly one wins; a device has one open repair and one open loss; a cost that is written is never changed, only taken back by
//! another one, and never below nothing. The renewal ledger reads the costs (table `ticket_cost`): repair is not subsidised, so it
//! shows what a device cost until it is replaced, and who paid.
//!
//! A leg begins on an open ticket. It goes on and ends whatever became of the ticket: a device comes back from repair long after its
//! user got a spare and the ticket was closed.

pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
