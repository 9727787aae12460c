//! A temporary folder for as long as a command lasts.

use tempfile::TempDir;

use super::failure::{Failure, Result};

/// Makes one whose name begins so.
pub(super) fn make(prefix: &str) -> Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir().map_err(|error| {
        Failure::told(format!("no temporary folder could be made: {error}"), "set TMPDIR to a folder with free space")
    })
}

/// Removes it, however the command ended; its failure comes first.
pub(super) fn remove<T>(folder: TempDir, outcome: Result<T>) -> Result<T> {
    let removed = folder.close();
    let done = outcome?;
    removed.map_err(|error| {
        Failure::told(format!("the temporary folder could not be removed: {error}"), "remove it by hand")
    })?;
    Ok(done)
}
