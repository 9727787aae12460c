//! Judging networks, pure.

pub mod place;
pub mod rollup;
pub mod targets;
