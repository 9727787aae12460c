//! How values look: to people on paper, and to programs in CSV.

use time::Date;

use super::{Cell, ColumnKind};
use crate::{
    access::rules::days::{date_text, day_in_japan, minute_in_japan},
    clock::Timestamp,
    console::{format, words::Language},
    error::Both,
    renewal::rules::plan::Share,
    schools::rules::fiscal::FiscalYear,
};

/// One of the two languages of a text.
pub(super) fn said(both: &Both, language: Language) -> &str {
    language.choose(&both.ja, &both.en)
}

/// The same, of a text that nobody keeps.
pub(super) fn told(both: Both, language: Language) -> String {
    language.choose(both.ja, both.en).into_owned()
}

/// A name of the rules as a heading: English with a capital letter.
pub(super) fn headed(name: Both) -> Both {
    let mut rest = name.en.chars();
    let en = match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect::<String>().into(),
        None => name.en,
    };
    Both { ja: name.ja, en }
}

/// A day: 令和8年11月27日, 27 Nov 2026.
pub(super) fn day(day: Date) -> Both {
    Both { ja: format::japanese_date(day).into(), en: format::date(Language::En, Some(day)).into() }
}

/// A moment to the minute in Japan: 令和8年11月27日 15:16, 27 Nov 2026 15:16 JST.
pub(super) fn moment(at: Timestamp) -> Both {
    let (date, minute) = (day(day_in_japan(at.0)), minute_in_japan(at));
    let (hour, minute) = (minute / 60, minute % 60);
    Both {
        ja: format!("{} {hour:02}:{minute:02}", date.ja).into(),
        en: format!("{} {hour:02}:{minute:02} JST", date.en).into(),
    }
}

/// A fiscal year: 令和7年度, FY2025.
pub(super) fn year(year: FiscalYear) -> Both {
    Both { ja: year.japanese().into(), en: format!("FY{}", year.year()).into() }
}

/// A share as a column of shares has it, with one digit behind the point: 15.0%.
fn tenths(share: Share) -> String {
    format!("{}.{}%", share.per_mille() / 10, share.per_mille() % 10)
}

/// A value as people read it: thousands apart, days of the Japanese calendar, empty for nothing.
pub(super) fn shown(cell: &Cell, kind: ColumnKind, language: Language) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Text(both) => said(both, language).to_owned(),
        Cell::Integer(number) => format::number(*number),
        Cell::Yen(yen) => format::number(yen.to_number()),
        Cell::Percent(share) => match kind {
            ColumnKind::Percent => tenths(*share),
            ColumnKind::Text
            | ColumnKind::Integer
            | ColumnKind::Yen
            | ColumnKind::FiscalYear
            | ColumnKind::Day
            | ColumnKind::Form => share.to_string(),
        },
        Cell::Year(of) => said(&year(*of), language).to_owned(),
        Cell::Day(of) => said(&day(*of), language).to_owned(),
    }
}

/// A value as programs read it: bare digits, R7, 2026-11-27. A share is written as the form of the plan has it.
pub(super) fn plain(cell: &Cell, language: Language) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Text(both) => said(both, language).to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Yen(yen) => yen.to_number().to_string(),
        Cell::Percent(share) => share.to_string(),
        Cell::Year(year) => year.letter(),
        Cell::Day(day) => date_text(*day),
    }
}
