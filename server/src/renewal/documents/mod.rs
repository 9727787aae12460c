//! How reports of renewal are written: a typed document ([`Document`], [`Table`], [`Chart`]) that becomes CSV ([`csv`]), a
//! workbook ([`xlsx`]) or paper ([`pdf`]); and the reports themselves: the published plan in its form ([`plan`]), costs of
//! years, by devices too, and scenarios side by side ([`costs`]), and what changed ([`changes`]).
//!
//! Invariants: pure, data in and bytes out; the same document gives the same bytes, whenever and wherever it is written;
//! sums are computed by the table, so that they add up in every form; each form carries the state of the ledger and the
//! checksum that the document names; no text of people becomes a formula, and no character makes a writer fail.
//!
//! Deliberately not here: where figures come from (`rules`), and who may see them.

mod basis;
pub mod changes;
pub mod costs;
pub mod csv;
mod device_years;
mod form;
mod model;
mod names;
pub mod pdf;
pub mod plan;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod words;
pub mod xlsx;

pub use self::{
    form::{Detail, Form, Written},
    model::{Chart, Cover, Document, Orientation, Section, Series, Source},
    names::Names,
    table::{Cell, Column, ColumnKind, Filled, Table, Total},
};
use crate::error::{Error, Kind, says::renewal as say};

/// Refuses a document that is too long for a form (DOCUMENT_TOO_LONG).
fn refuse_longer_than(most: usize, rows: usize) -> Result<(), Error> {
    match rows > most {
        true => Err(Error::new(Kind::Invalid, "DOCUMENT_TOO_LONG", say::document_too_long(rows, most))),
        false => Ok(()),
    }
}
