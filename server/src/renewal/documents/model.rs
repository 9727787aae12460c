//! What a document is, whatever it is written as.

use time::Date;

use super::{Table, text, words};
use crate::{
    clock::Timestamp,
    error::Both,
    renewal::rules::{money::Yen, programmes::Origin},
    schools::rules::fiscal::FiscalYear,
};

/// What stands on a document beside its content: whose it is, and by what it can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// Whose it is, for example 大東市.
    pub owner: Both,
    /// The day that it speaks of (基準日).
    pub day: Date,
    /// What was recorded until then is in it; also the creation time of the file.
    pub as_of: Timestamp,
    /// Checksum of what it was made from, printed on each page.
    pub hash: String,
}

/// Which way a page of A4 lies on paper. A workbook always lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// Upright.
    Portrait,
    /// Lying, for tables of many columns.
    Landscape,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What stands above its title, for example 別添1.
    pub label: Option<Both>,
    /// What it is, for example 端末整備・更新計画.
    pub title: Both,
    /// Whose it is and of when.
    pub cover: Cover,
    /// How it lies on paper.
    pub orientation: Orientation,
    /// Its parts, in order.
    pub sections: Vec<Section>,
    /// Where its figures come from.
    pub sources: Vec<Source>,
}

impl Document {
    /// Its title with what stands above it, in one line.
    pub(super) fn full_title(&self) -> Both {
        match &self.label {
            Some(label) => Both {
                ja: format!("{} {}", label.ja, self.title.ja).into(),
                en: format!("{}: {}", label.en, self.title.en).into(),
            },
            None => self.title.clone(),
        }
    }
}

/// A part of a document. What it does not have is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Above it.
    pub heading: Option<Both>,
    /// Text before the table.
    pub paragraphs: Vec<Both>,
    /// On paper, between the text and the table.
    pub chart: Option<Chart>,
    /// The figures.
    pub table: Option<Table>,
    /// Below the table.
    pub footnotes: Vec<Both>,
}

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// What is written there, or where that is.
    pub name: String,
    /// When it was taken from there.
    pub date: Date,
    /// Whether the source says so; otherwise it is assumed, and that is printed.
    pub verified: bool,
}

impl Source {
    /// As it is printed.
    pub(super) fn said(&self) -> Both {
        let day = text::day(self.date);
        match self.verified {
            true => Both::of(words::source(&self.name, &day.ja), words::source(&self.name, &day.en)),
            false => Both::of(words::assumed_source(&self.name, &day.ja), words::assumed_source(&self.name, &day.en)),
        }
    }
}

impl From<&Origin> for Source {
    fn from(origin: &Origin) -> Self {
        Self { name: origin.source.clone(), date: origin.date, verified: origin.verified }
    }
}

/// What one part of every bar is, and how much of each bar it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What it is, for example 一般財源.
    pub name: Both,
    /// For each bar; what is below nothing is not drawn.
    pub amounts: Vec<Yen>,
    /// Which of six looks it has, from 0, so that one payer looks the same in all charts.
    pub look: usize,
}

/// Upright bars of parts that lie on each other, in yen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub title: Both,
    /// What stands below each bar.
    pub bars: Vec<Both>,
    /// From the lowest part to the highest.
    pub series: Vec<Series>,
}

impl Chart {
    /// A chart. Each series has an amount for each bar.
    pub fn new(title: Both, bars: Vec<Both>, series: Vec<Series>) -> Self {
        assert!(series.iter().all(|series| series.amounts.len() == bars.len()), "a series has an amount for each bar");
        Self { title, bars, series }
    }
}

/// A fiscal year as the head of a column: 令和7年度, FY2025.
pub(super) fn year_heading(year: FiscalYear) -> Both {
    text::year(year)
}
