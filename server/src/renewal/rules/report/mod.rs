//! Reports, each a pure function of what was known: the published plan ([`plan`]), costs ([`costs`]) of [`parts`] and of
//! years to come ([`outlook`]), by devices too ([`per_device`]), what if ([`scenarios`]), what changed ([`changes`]); their one content and its hash
//! ([`content`]), and what one was asked for ([`asked`]). How they are written is an affair of the documents.

pub mod asked;
pub mod changes;
pub mod content;
pub mod costs;
pub mod outlook;
pub mod parts;
pub mod per_device;
pub mod plan;
pub mod scenarios;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::content::{canonical, sha256_of};

/// A report in the one form of it, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed<R> {
    /// The report.
    pub report: R,
    /// Its content as canonical JSON.
    pub content: String,
    /// SHA-256 of the content in lower case hex.
    pub sha256: String,
}

impl<R> Sealed<R> {
    /// Seals a report with its content.
    pub fn new(report: R, content: &Value) -> Self {
        Self::written(report, canonical(content))
    }

    /// The same with a content that is canonical already.
    fn written(report: R, content: String) -> Self {
        let sha256 = sha256_of(content.as_bytes());
        Self { report, content, sha256 }
    }
}
