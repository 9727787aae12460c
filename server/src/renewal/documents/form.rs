//! The forms that a document can be had in.

use super::{Document, csv, pdf, xlsx};
use crate::{console::words::Language, devices::rules::import::export::Encoding, error::Error};

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// CSV in UTF-8.
    CsvUtf8,
    /// CSV in CP932.
    CsvCp932,
    /// A workbook.
    Xlsx,
    /// Paper.
    Pdf,
}

/// How much of a report a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Sums.
    Sums,
    /// Each amount on a line of its own, too.
    Lines,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// How many characters its encoding lacks; they are 〓. On paper the document itself says so.
    pub lost: u64,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CsvUtf8, Self::CsvCp932, Self::Xlsx, Self::Pdf];

    /// By its name in an address or a command: `utf8`, `cp932`, `xlsx`, `pdf`.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Its name in an address or a command.
    pub fn name(self) -> &'static str {
        match self {
            Self::CsvUtf8 => "utf8",
            Self::CsvCp932 => "cp932",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// What the name of a file ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::CsvUtf8 | Self::CsvCp932 => "csv",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// The type of the file.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CsvUtf8 => Encoding::Utf8.media_type(),
            Self::CsvCp932 => Encoding::Cp932.media_type(),
            Self::Xlsx => xlsx::MEDIA_TYPE,
            Self::Pdf => pdf::MEDIA_TYPE,
        }
    }

    /// How much of a report it has: on paper nobody reads every line.
    pub fn detail(self) -> Detail {
        match self {
            Self::CsvUtf8 | Self::CsvCp932 | Self::Xlsx => Detail::Lines,
            Self::Pdf => Detail::Sums,
        }
    }

    /// Writes a document. Fails if a table is too long for the form (DOCUMENT_TOO_LONG).
    pub fn write(self, document: &Document, language: Language) -> Result<Written, Error> {
        let encoded = |(bytes, lost)| Written { bytes, lost };
        let whole = |bytes| Written { bytes, lost: 0 };
        match self {
            Self::CsvUtf8 => Ok(encoded(csv::document(document, language, Encoding::Utf8))),
            Self::CsvCp932 => Ok(encoded(csv::document(document, language, Encoding::Cp932))),
            Self::Xlsx => xlsx::write(document, language).map(whole),
            Self::Pdf => pdf::write(document, language).map(whole),
        }
    }
}
