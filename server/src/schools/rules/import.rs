//! Rows of files about schools, pupils and calendars: what a reader of files hands in, and what is wrong with them.
//!
//! Cells come as the file has them: spaces, full-width digits and 和暦 are understood here. All faults of all rows are named at
//! once, and a file with one fault changes nothing.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use super::{
    SchoolCode, SchoolId,
    calendar::{Period, PeriodKind},
    fiscal::{FiscalYear, parse_date},
    fold_name, parse_name,
    pupils::parse_pupils,
};
use crate::error::{Both, FieldViolation, says::schools as say};

/// Most rows of one file.
pub const MOST_ROWS: usize = 100_000;

/// A school as a file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchoolEntry {
    /// Row of the file, counted as a person counts: 1 is the first line.
    pub row: u32,
    /// 学校コード, or empty.
    pub code: String,
    /// 学校名.
    pub name: String,
    /// 避難所: 1, ○, はい, 指定, true …; empty for unsaid, which changes nothing.
    pub is_shelter: String,
}

/// Pupils of a school in a year as a file has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PupilsEntry {
    /// Row of the file.
    pub row: u32,
    /// 学校名 or 学校コード.
    pub school: String,
    /// 年度.
    pub fiscal_year: String,
    /// 児童生徒数.
    pub pupils: String,
}

/// A period of a calendar as a file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarEntry {
    /// Row of the file.
    pub row: u32,
    /// 学校名 or 学校コード; empty for the municipality's own calendar.
    pub school: String,
    /// 区分: 学期, 休業 (長期休業), 休業日, 授業日.
    pub kind: String,
    /// 名称, for example 夏季休業.
    pub name: String,
    /// 開始日.
    pub first_date: String,
    /// 終了日; empty for one day.
    pub last_date: String,
}

/// What is wrong with one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// Row of the file.
    pub row: u32,
    /// The field of the entry: `code`, `name`, `school`, `fiscal_year`, …
    pub field: String,
    /// What the cell has.
    pub value: String,
    /// What is wrong and what would be right.
    pub message: Both,
}

/// What an import did, or, as a dry run, would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// Rows that were new.
    pub added: u32,
    /// Rows that changed something.
    pub changed: u32,
    /// Rows that said what was known.
    pub unchanged: u32,
    /// What is wrong; with any of it nothing was changed and the counts are 0.
    pub faults: Vec<RowFault>,
}

/// A checked school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSchool {
    /// Row of the file.
    pub row: u32,
    /// Its code, if known.
    pub code: Option<SchoolCode>,
    /// Its name.
    pub name: String,
    /// Whether it is a shelter; none where nothing is said.
    pub is_shelter: Option<bool>,
}

/// Checked pupils of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPupils {
    /// Row of the file.
    pub row: u32,
    /// The school.
    pub school: SchoolId,
    /// The year.
    pub fiscal_year: FiscalYear,
    /// How many.
    pub pupils: i64,
}

/// A checked period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPeriod {
    /// Row of the file.
    pub row: u32,
    /// The school; none for the municipality.
    pub school: Option<SchoolId>,
    /// The period.
    pub period: Period,
}

/// Finds schools of one municipality by their names and codes, in any width.
#[derive(Debug, Default)]
pub struct SchoolFinder(HashMap<String, SchoolId>);

impl SchoolFinder {
    /// Knows these schools: id, code, name.
    pub fn new<'a>(schools: impl IntoIterator<Item = (SchoolId, Option<&'a str>, &'a str)>) -> Self {
        let mut known = HashMap::new();
        for (id, code, name) in schools {
            known.insert(fold_name(name), id);
            if let Some(code) = code {
                known.insert(fold_name(code), id);
            }
        }
        Self(known)
    }

    /// The school with a name or a code.
    pub fn find(&self, field: &'static str, text: &str) -> Result<SchoolId, FieldViolation> {
        self.0.get(&fold_name(text)).copied().ok_or_else(|| FieldViolation::new(field, say::school_not_found()))
    }
}

/// Collects the faults of one row.
struct Row<'a> {
    number: u32,
    faults: &'a mut Vec<RowFault>,
}

impl Row<'_> {
    fn take<T>(&mut self, value: &str, checked: Result<T, FieldViolation>) -> Option<T> {
        match checked {
            Ok(checked) => Some(checked),
            Err(violation) => {
                self.fault(&violation.field, value, violation.message);
                None
            }
        }
    }

    fn fault(&mut self, field: &str, value: &str, message: Both) {
        let value = value.chars().take(100).collect();
        self.faults.push(RowFault { row: self.number, field: field.to_owned(), value, message });
    }
}

fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}

/// Checks schools; a name or a code twice in the file is a fault of the later row.
pub fn check_schools(entries: &[SchoolEntry]) -> Result<Vec<CheckedSchool>, Vec<RowFault>> {
    let (mut faults, mut checked) = (Vec::new(), Vec::new());
    let (mut names, mut codes) = (HashMap::new(), HashMap::new());
    for entry in entries {
        let mut row = Row { number: entry.row, faults: &mut faults };
        let code_text = folded(&entry.code).to_uppercase();
        let code = match code_text.as_str() {
            "" => Some(None),
            code => row.take(&entry.code, SchoolCode::parse(code)).map(Some),
        };
        let name = row.take(&entry.name, parse_name("name", &entry.name));
        let is_shelter = row.take(&entry.is_shelter, parse_yes("is_shelter", &entry.is_shelter));
        if let Some(name) = &name
            && let Some(first) = names.insert(fold_name(name), entry.row)
        {
            row.fault("name", &entry.name, say::name_in_row(first));
        }
        if !code_text.is_empty()
            && let Some(first) = codes.insert(code_text, entry.row)
        {
            row.fault("code", &entry.code, say::in_row(first));
        }
        if let (Some(code), Some(name), Some(is_shelter)) = (code, name, is_shelter) {
            checked.push(CheckedSchool { row: entry.row, code, name, is_shelter });
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// Checks pupils; a school and year twice in the file is a fault of the later row.
pub fn check_pupils(entries: &[PupilsEntry], schools: &SchoolFinder) -> Result<Vec<CheckedPupils>, Vec<RowFault>> {
    let (mut faults, mut checked, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for entry in entries {
        let mut row = Row { number: entry.row, faults: &mut faults };
        let school = row.take(&entry.school, schools.find("school", &entry.school));
        let year = row.take(&entry.fiscal_year, FiscalYear::parse("fiscal_year", &entry.fiscal_year));
        let number = folded(&entry.pupils).replace(',', "");
        let number = number.trim_end_matches(['人', '名']);
        let pupils =
            number.parse::<u32>().map_err(|_| FieldViolation::new("pupils", say::pupils())).and_then(parse_pupils);
        let pupils = row.take(&entry.pupils, pupils);
        let (Some(school), Some(fiscal_year), Some(pupils)) = (school, year, pupils) else { continue };
        match seen.insert((school, fiscal_year), entry.row) {
            Some(first) => row.fault("fiscal_year", &entry.fiscal_year, say::year_in_row(first)),
            None => checked.push(CheckedPupils { row: entry.row, school, fiscal_year, pupils }),
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// Checks periods; a place, kind, name and year twice in the file is a fault of the later row.
pub fn check_calendar(entries: &[CalendarEntry], schools: &SchoolFinder) -> Result<Vec<CheckedPeriod>, Vec<RowFault>> {
    let (mut faults, mut checked, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for entry in entries {
        let mut row = Row { number: entry.row, faults: &mut faults };
        let school = match entry.school.trim() {
            "" => Some(None),
            school => row.take(&entry.school, schools.find("school", school)).map(Some),
        };
        let kind = row.take(&entry.kind, parse_kind("kind", &entry.kind));
        let name = row.take(&entry.name, parse_name("name", &entry.name));
        let first = row.take(&entry.first_date, parse_date("first_date", &entry.first_date));
        let last = match entry.last_date.trim() {
            "" => first,
            text => row.take(&entry.last_date, parse_date("last_date", text)),
        };
        let (Some(school), Some(kind), Some(name), Some(first), Some(last)) = (school, kind, name, first, last) else {
            continue;
        };
        let Some(period) = row.take(&entry.last_date, Period { kind, name, first, last }.check()) else { continue };
        if seen.insert((school, kind, period.name.clone(), period.fiscal_year())) {
            checked.push(CheckedPeriod { row: entry.row, school, period });
        } else {
            row.fault("name", &entry.name, say::period_twice());
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// Reads what a period is: 学期, 長期休業, 休業日, 授業日, or the words of the contract.
pub fn parse_kind(field: &'static str, text: &str) -> Result<PeriodKind, FieldViolation> {
    match folded(text).to_lowercase().as_str() {
        "学期" | "term" => Ok(PeriodKind::Term),
        "休業" | "長期休業" | "休業期間" | "vacation" => Ok(PeriodKind::Vacation),
        "休業日" | "休日" | "休校" | "休校日" | "振替休業日" | "day_off" | "day-off" => {
            Ok(PeriodKind::DayOff)
        }
        "授業日" | "登校日" | "土曜授業" | "土曜授業日" | "extra" | "extra_school_day" => {
            Ok(PeriodKind::ExtraSchoolDay)
        }
        _ => Err(FieldViolation::new(field, say::period_kind_words())),
    }
}

fn parse_yes(field: &'static str, text: &str) -> Result<Option<bool>, FieldViolation> {
    match folded(text).to_lowercase().as_str() {
        "" => Ok(None),
        "1" | "○" | "◯" | "〇" | "はい" | "有" | "あり" | "指定" | "避難所" | "yes" | "true" => {
            Ok(Some(true))
        }
        "0" | "×" | "✕" | "いいえ" | "無" | "なし" | "-" | "no" | "false" => Ok(Some(false)),
        _ => Err(FieldViolation::new(field, say::yes_or_no())),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn finder() -> SchoolFinder {
        let id = |n| SchoolId(Uuid::from_u128(n));
        SchoolFinder::new([(id(1), Some("B113210000005"), "第一小学校"), (id(2), None, "第二 小学校")])
    }

    #[test]
    fn schools_of_a_messy_file_are_read() {
        let entries = [
            SchoolEntry {
                row: 3,
                code: "Ｂ１１３２１００００００５".into(),
                name: " 第一小学校 ".into(),
                is_shelter: "○".into(),
            },
            SchoolEntry { row: 4, name: "第二小学校".into(), ..SchoolEntry::default() },
        ];
        let checked = check_schools(&entries).unwrap();
        assert_eq!(checked[0].code.as_ref().unwrap().as_str(), "B113210000005");
        assert_eq!((checked[0].name.as_str(), checked[0].is_shelter), ("第一小学校", Some(true)));
        assert_eq!((checked[1].code.is_none(), checked[1].is_shelter), (true, None));
    }

    #[test]
    fn all_faults_of_all_rows_are_named_at_once() {
        let entries = [
            SchoolEntry { row: 2, code: "B113210000001".into(), name: "".into(), is_shelter: "たぶん".into() },
            SchoolEntry { row: 3, name: "第一小学校".into(), ..SchoolEntry::default() },
            SchoolEntry { row: 4, name: "第一 小学校".into(), ..SchoolEntry::default() },
        ];
        let faults = check_schools(&entries).unwrap_err();
        let named: Vec<_> = faults.iter().map(|f| (f.row, f.field.as_str())).collect();
        assert_eq!(named, [(2, "code"), (2, "name"), (2, "is_shelter"), (4, "name")]);
        assert!(faults[0].message.en.contains("5 would be right"), "{}", faults[0].message);
    }

    #[test]
    fn pupils_find_their_school_in_any_width() {
        let entry = |row, school: &str, year: &str, pupils: &str| PupilsEntry {
            row,
            school: school.into(),
            fiscal_year: year.into(),
            pupils: pupils.into(),
        };
        let good =
            [entry(2, "Ｂ１１３２１００００００５", "令和７年度", "１，２３４人"), entry(3, "第二小学校", "2025", "0")];
        let checked = check_pupils(&good, &finder()).unwrap();
        assert_eq!((checked[0].pupils, checked[0].fiscal_year.year()), (1_234, 2025));
        let bad = [
            entry(2, "第三小学校", "R7", "1"),
            entry(3, "第一小学校", "R7", "5001"),
            entry(4, "第一小学校", "R7", "-1"),
            entry(5, "第一小学校", "R7", "1"),
            entry(6, "B113210000005", "2025", "1"),
        ];
        let faults = check_pupils(&bad, &finder()).unwrap_err();
        let named: Vec<_> = faults.iter().map(|f| (f.row, f.field.as_str())).collect();
        assert_eq!(named, [(2, "school"), (3, "pupils"), (4, "pupils"), (6, "fiscal_year")]);
    }

    #[test]
    fn calendar_rows_are_periods_of_the_owner_or_of_a_school() {
        let entry = |row, school: &str, kind: &str, name: &str, first: &str, last: &str| CalendarEntry {
            row,
            school: school.into(),
            kind: kind.into(),
            name: name.into(),
            first_date: first.into(),
            last_date: last.into(),
        };
        let good = [
            entry(2, "", "長期休業", "夏季休業", "R8.7.21", "令和8年8月31日"),
            entry(3, "第一小学校", "休業日", "開校記念日", "2026/6/1", ""),
        ];
        let checked = check_calendar(&good, &finder()).unwrap();
        assert!(checked[0].school.is_none() && checked[1].school.is_some());
        assert_eq!(checked[1].period.first, checked[1].period.last);
        let bad = [
            entry(2, "", "祝日", "x", "2026-02-29", "2026-03-01"),
            entry(3, "", "学期", "1学期", "2026-04-06", "2026-04-01"),
            entry(4, "", "学期", "2学期", "2026-09-01", ""),
            entry(5, "", "学期", "2学期", "2026-09-02", ""),
        ];
        let faults = check_calendar(&bad, &finder()).unwrap_err();
        let named: Vec<_> = faults.iter().map(|f| (f.row, f.field.as_str())).collect();
        assert_eq!(named, [(2, "kind"), (2, "first_date"), (3, "last_date"), (5, "name")]);
    }
}
