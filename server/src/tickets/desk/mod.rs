//! The desk of those who work on tickets together: answers that are prepared (定型文), who follows a ticket or is named in a note, and
//! who has one before them now.
//!
//! Invariants: nobody is told of a ticket they do not see; naming somebody who may not work on a ticket tells nobody, and the note says
//! whom it reached; that somebody looks holds nobody up: the version decides who wins.

pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
