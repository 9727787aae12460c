//! CalendarService and LineService.

mod calendar;
mod lines;

pub use self::{calendar::CalendarGrpc, lines::LineGrpc};
