//! CalendarService and LineService, and what other services of schools say alike.

mod calendar;
mod lines;

use gigafleet_proto::v1;

pub use self::{calendar::CalendarGrpc, lines::LineGrpc};
use super::rules::import::RowFault;

/// Most faults of a file in an answer.
pub const SHOWN_FAULTS: usize = 1_000;

/// What is wrong in files of which nothing is recorded then, in the words of the contract; at most [`SHOWN_FAULTS`].
pub fn row_errors(faults: Vec<RowFault>) -> Vec<v1::ImportRowError> {
    let error = |fault: RowFault| v1::ImportRowError {
        row: fault.row,
        column_header: fault.field,
        value: fault.value,
        code: String::from("OTHER"),
        problem_ja: fault.message.ja.into_owned(),
        problem_en: fault.message.en.into_owned(),
        ..v1::ImportRowError::default()
    };
    faults.into_iter().take(SHOWN_FAULTS).map(error).collect()
}
