//! Ends of support and lifetimes, as data ([`SupportEnds::read`]): by system and version, by model, each with its
//! source and date.
//!
//! ChromeOS ends by model (AUE). None ships: the date stands in Google's export of each device (`autoUpdateExpiration`)
//! and comes from there, and an owner can add models here.

use std::fmt;

use time::Date;

use super::{
    periods::months_later,
    programmes::{Origin, SOURCE_MOST, read_origin},
    reading::{Reader, json},
};
use crate::{
    devices::rules::{fields::OsKind, fold::fold_key},
    error::{Both, FieldViolation, says::renewal as say},
    tickets::rules::words,
};

/// Most lines of a file.
const LINES_MOST: usize = 2_000;
/// Most patterns of a line.
const PATTERNS_MOST: usize = 50;
/// Longest pattern, in characters.
const PATTERN_MOST: usize = 100;
/// Longest life, in months.
const MONTHS_MOST: i64 = 240;

words! {
    /// What ends.
    EndMeaning {
        /// Corrections of the system.
        LastCorrection = 1, "修正の提供終了", "no more corrections";
        /// New versions of the system; corrections of the old one may go on for a while.
        LastMajorVersion = 2, "新しいOSの対象外", "no new version of the system";
    }
}

impl EndMeaning {
    /// Its name in files of data.
    pub fn code(self) -> &'static str {
        match self {
            Self::LastCorrection => "LAST_CORRECTION",
            Self::LastMajorVersion => "LAST_MAJOR_VERSION",
        }
    }
}

/// A name of a model or the number of a version; with a star at its end everything that begins so. Width, case, spaces
/// and dashes do not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    key: String,
    is_beginning: bool,
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let bare = text.strip_suffix('*');
        let key = fold_key(bare.unwrap_or(text)).unwrap_or_default();
        let is_beginning = bare.is_some();
        (is_beginning || !key.is_empty()).then(|| Self { text: text.to_owned(), key, is_beginning })
    }

    fn fits(&self, key: &str) -> bool {
        if self.is_beginning { key.starts_with(&self.key) } else { key == self.key }
    }
}

/// As it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The end of support of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportEnd {
    /// Of which system.
    pub os: OsKind,
    /// Of which models; of all without one.
    pub models: Vec<Pattern>,
    /// In which versions; in all without one.
    pub versions: Vec<Pattern>,
    /// The last day with support.
    pub last_day: Date,
    /// What ends.
    pub meaning: EndMeaning,
    /// Where that is written.
    pub origin: Origin,
}

/// How long devices of a model last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    /// Which models.
    pub models: Vec<Pattern>,
    /// How long its battery lasts, in months.
    pub battery_months: u16,
    /// Where that is written.
    pub origin: Origin,
}

/// All ends and lifetimes that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportEnds {
    /// Where they come from.
    pub source: String,
    /// Ends of support.
    pub ends: Vec<SupportEnd>,
    /// Lifetimes; the first that fits a model counts.
    pub lifetimes: Vec<Lifetime>,
}

impl Default for SupportEnds {
    /// The product's own, of November 2026.
    fn default() -> Self {
        Self::read(include_str!("../../../data/os-support-ends.json")).expect("a test reads the file that is shipped")
    }
}

impl SupportEnds {
    /// Reads ends and lifetimes and checks them. What is wrong is named with its line, from 1, for example
    /// `ends.2.last_date`.
    pub fn read(text: &str) -> Result<Self, Vec<FieldViolation>> {
        let value = json(text)?;
        let mut refused = Vec::new();
        let mut reader = Reader::new("", &value, &mut refused);
        let source = reader.text("source", SOURCE_MOST);
        let (mut ends, mut lifetimes) = (Vec::new(), Vec::new());
        for (at, value) in reader.list("ends", LINES_MOST).iter().enumerate() {
            ends.extend(reader.at(format!("ends.{}", at + 1), value, read_end));
        }
        for (at, value) in reader.list("lifetimes", LINES_MOST).iter().enumerate() {
            lifetimes.extend(reader.at(format!("lifetimes.{}", at + 1), value, read_lifetime));
        }
        reader.end();
        match source {
            Some(source) if refused.is_empty() => Ok(Self { source, ends, lifetimes }),
            _ => Err(refused),
        }
    }

    /// The first end of support of a device, by its system, model and version; none where nothing is written of it. Of
    /// what nobody said nothing fits.
    pub fn of(&self, os: OsKind, model: Option<&str>, version: Option<&str>) -> Option<&SupportEnd> {
        let (model, version) = (model.and_then(fold_key), version.and_then(fold_key));
        let fits = |patterns: &[Pattern], key: Option<&str>| {
            patterns.is_empty() || key.is_some_and(|key| patterns.iter().any(|pattern| pattern.fits(key)))
        };
        let ends = self.ends.iter().filter(|end| end.os == os);
        ends.filter(|end| fits(&end.models, model.as_deref()) && fits(&end.versions, version.as_deref()))
            .min_by_key(|end| end.last_day)
    }

    /// When the battery of a device ends that was delivered on a day, and by which line: the first one that fits its
    /// model.
    pub fn battery_end(&self, model: Option<&str>, delivered: Date) -> Option<(Date, &Lifetime)> {
        let key = model.and_then(fold_key).unwrap_or_default();
        let line = self.lifetimes.iter().find(|line| line.models.iter().any(|model| model.fits(&key)))?;
        Some((months_later(delivered, line.battery_months), line))
    }
}

fn read_patterns(reader: &mut Reader<'_, '_>, name: &'static str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for value in reader.list(name, PATTERNS_MOST) {
        let text = value.as_str().filter(|text| text.chars().count() <= PATTERN_MOST);
        match text.and_then(Pattern::read) {
            Some(pattern) => patterns.push(pattern),
            None => reader.refuse(name, say::no_pattern(PATTERN_MOST)),
        }
    }
    patterns
}

fn read_end(reader: &mut Reader<'_, '_>) -> Option<SupportEnd> {
    let os = reader.word("os", OsKind::ALL, OsKind::name);
    let (models, versions) = (read_patterns(reader, "models"), read_patterns(reader, "versions"));
    if models.is_empty() && versions.is_empty() {
        reader.refuse("models", say::end_of_nothing());
    }
    let last_day = reader.day("last_date");
    let meaning = reader.word("means", EndMeaning::ALL, EndMeaning::code);
    let origin = read_origin(reader);
    Some(SupportEnd { os: os?, models, versions, last_day: last_day?, meaning: meaning?, origin: origin? })
}

fn read_lifetime(reader: &mut Reader<'_, '_>) -> Option<Lifetime> {
    let models = read_patterns(reader, "models");
    if models.is_empty() {
        reader.refuse("models", say::lifetime_of_nothing());
    }
    let months = reader.number("battery_months", 1..=MONTHS_MOST).and_then(|months| u16::try_from(months).ok());
    let origin = read_origin(reader);
    Some(Lifetime { models, battery_months: months?, origin: origin? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules::days::{date_text, parse_date};

    fn end(os: OsKind, model: Option<&str>, version: Option<&str>) -> Option<String> {
        SupportEnds::default().of(os, model, version).map(|end| date_text(end.last_day))
    }

    #[test]
    fn ends_are_found_by_system_model_and_version() {
        let windows = |version| end(OsKind::Windows, Some("K-1"), version);
        assert_eq!(windows(Some("10.0.19045")).as_deref(), Some("2025-10-14"));
        assert_eq!(windows(Some("Ｗｉｎｄｏｗｓ １０ Pro")).as_deref(), Some("2025-10-14"));
        assert_eq!((windows(Some("10.0.26100")), windows(Some("Windows 11")), windows(None)), (None, None, None));
        assert_eq!(end(OsKind::Chromeos, None, Some("10.0.19045")), None, "another system");
        let ipad = |model| end(OsKind::Ipados, Some(model), Some("18.6"));
        for model in ["iPad7,11", "iPad (7th generation)", "iPad (7th generation) Wi-Fi", "ｉＰａｄ（第７世代）"]
        {
            assert_eq!(ipad(model).as_deref(), Some("2025-09-14"), "{model}");
        }
        assert_eq!((ipad("iPad7,1"), ipad("iPad (8th generation)"), ipad("")), (None, None, None));
        assert!(
            SupportEnds::default().of(OsKind::Ipados, Some("iPad7,11"), None).unwrap().meaning
                == EndMeaning::LastMajorVersion
        );
    }

    #[test]
    fn first_of_several_ends_counts_and_the_first_lifetime_that_fits() {
        let text = r#"{"source": "x", "ends": [
            {"os": "chromeos", "models": ["K-1"], "versions": [], "last_date": "2031-06-30", "means": "LAST_CORRECTION", "source": "x", "date": "2026-01-01", "verified": true},
            {"os": "chromeos", "models": ["K*"], "versions": [], "last_date": "2030-06-30", "means": "LAST_CORRECTION", "source": "x", "date": "2026-01-01", "verified": true}],
            "lifetimes": [{"models": ["K-1"], "battery_months": 36, "source": "x", "date": "2026-01-01", "verified": true},
            {"models": ["*"], "battery_months": 60, "source": "x", "date": "2026-01-01", "verified": false}]}"#;
        let ends = SupportEnds::read(text).unwrap();
        let written: Vec<_> = ends.ends.iter().flat_map(|end| &end.models).map(Pattern::to_string).collect();
        assert_eq!(written, ["K-1", "K*"]);
        let last = ends.of(OsKind::Chromeos, Some("k1"), None).unwrap().last_day;
        assert_eq!(date_text(last), "2030-06-30");
        let delivered = parse_date("day", "2021-02-28").unwrap();
        let battery = |model| ends.battery_end(model, delivered).map(|(day, _)| date_text(day)).unwrap();
        assert_eq!(
            (battery(Some("Ｋ１")), battery(Some("K10")), battery(None)),
            ("2024-02-28".into(), "2026-02-28".into(), "2026-02-28".into())
        );
    }

    #[test]
    fn lines_that_are_wrong_are_all_named() {
        let text = r#"{"source": "x", "ends": [
            {"os": "beos", "models": [], "versions": [], "last_date": "いつか", "means": "NEVER", "date": "2026-01-01", "verified": 1},
            {"os": "chromeos", "models": [" "], "versions": ["*"], "last_date": "2031-06-30", "means": "LAST_CORRECTION", "source": "x", "date": "2026-01-01", "verified": true}],
            "lifetimes": [{"models": [], "battery_months": 0, "source": "x", "date": "2026-01-01", "verified": true}]}"#;
        let wrong = SupportEnds::read(text).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_ref()).collect();
        let names = [
            "ends.1.os",
            "ends.1.models",
            "ends.1.last_date",
            "ends.1.means",
            "ends.1.source",
            "ends.1.verified",
            "ends.2.models",
            "lifetimes.1.models",
            "lifetimes.1.battery_months",
        ];
        assert_eq!(fields, names);
    }
}
