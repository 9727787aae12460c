//! Writes to standard output.
//!
//! Invariant: a reader that went away (`| head`) ends the command quietly; it is neither a panic nor a failure.

use std::io::{self, Write as _};

use super::failure::{Failure, Result};

/// Writes a text and a line end, and hands it to the reader at once.
pub(super) fn print(text: impl AsRef<str>) -> Result<()> {
    let text = text.as_ref().trim_end_matches('\n');
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(refused)
}

/// Writes a text as it is, for a screen that is drawn anew.
pub(super) fn draw(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(refused)
}

/// Tells the person something beside the output of the command. A standard error that is closed is not worth ending for.
pub(super) fn remark(text: &str) {
    let _nobody_reads = writeln!(io::stderr().lock(), "{text}");
}

fn refused(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::PipeClosed,
        _ => Failure::told(format!("the output could not be written: {error}"), "look at where standard output goes"),
    }
}
