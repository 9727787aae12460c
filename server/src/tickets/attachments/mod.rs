//! Attachments (添付) of tickets: photos of what is broken, and logs as plain text.
//!
//! Invariants: a picture is drawn anew from its pixels before it is kept, so nothing else that stood in its file is; who sees a
//! ticket sees its attachments, those among staff only who work on tickets; a row stands only for content that was written
//! before, and content without a row goes away ([`service::Attachments::sweep`]).

pub mod files;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
