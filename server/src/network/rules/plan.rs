//! Work that was announced.

use serde::{Deserialize, Serialize};

use super::{Element, Moment};

/// Minutes by which work may begin early or end late without waking anyone.
const MARGIN_S: i64 = 300;

/// Announced work on an element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) id: String,
    pub(super) element: Element,
    pub(super) from: Moment,
    pub(super) to: Moment,
}

impl Plan {
    /// Whether it covers a moment.
    pub(super) fn covers(&self, at: Moment) -> bool {
        self.from.plus_seconds(-MARGIN_S) <= at && at <= self.to.plus_seconds(MARGIN_S)
    }
}
