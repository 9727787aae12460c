//! What a board says of its years: pupils, devices that it plans to get, what is to become of those that go, and schools
//! as they were counted by their networks. With lots it is all that the published plan is made of.
//!
//! Planned devices are an entry of their own and no lots with a delivery to come: a board that plans knows four numbers
//! for each year, as the form asks for them, and neither maker nor price nor who pays which yen.

use serde::{Deserialize, Serialize};

use super::{
    lots::{note_of, whole},
    plan::{
        PUPILS_MOST,
        disposal::{DisposalBlock, Eraser},
        network::ReachingSchools,
    },
    stored,
};
use crate::{
    error::{
        Error, FieldViolation, Result, collect,
        says::{fields as say_field, renewal as say},
    },
    schools::rules::{fiscal::FiscalYear, parse_text},
};

/// Longest text that says where a number comes from, in characters.
const SOURCE_MOST: usize = 200;

/// What is said of pupils, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidPupils {
    pub fiscal_year: String,
    pub count: String,
    pub source: String,
    pub note: String,
}

/// How many pupils (児童生徒数) there are in a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pupils {
    /// The year.
    #[serde(with = "stored::year")]
    pub year: FiscalYear,
    /// How many.
    pub count: u32,
    /// Who says so, for example 学校基本調査 or a forecast.
    pub source: String,
    /// For staff.
    pub note: String,
}

/// What is said of devices that are to be got, as it was typed; empty counts are 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what the checked one of its name holds")]
pub struct SaidPlanned {
    pub fiscal_year: String,
    pub installed: String,
    pub installed_by_fund: String,
    pub spares: String,
    pub spares_by_fund: String,
    pub note: String,
}

/// Devices that are to be got in a year (整備予定): rows ③, ④, ⑥ and ⑦ of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The year.
    #[serde(with = "stored::year")]
    pub year: FiscalYear,
    /// Devices, without spares.
    pub installed: u32,
    /// Those of them that the fund pays a part of.
    pub installed_by_fund: u32,
    /// Spares.
    pub spares: u32,
    /// Those of them that the fund pays a part of.
    pub spares_by_fund: u32,
    /// For staff.
    pub note: String,
}

/// What is said of devices that are to go, as it was typed; empty counts are 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidDisposalPlan {
    /// How many go where, (a) to (d).
    pub by_route: [String; 4],
    /// Numbers of those who erase them.
    pub erasers: Vec<i32>,
    /// When what is done.
    pub schedule: Vec<(String, String)>,
    /// For staff.
    pub note: String,
}

/// What is to become of devices that are replaced (更新対象端末のリユース、リサイクル、処分).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisposalPlan {
    /// How many go where, (a) to (d).
    pub by_route: [u32; 4],
    /// Who erases them, each once.
    #[serde(with = "stored::erasers")]
    pub erasers: Vec<Eraser>,
    /// When what is done, in order.
    pub schedule: Vec<(String, String)>,
    /// For staff.
    pub note: String,
}

/// Schools by whether they reached the speed that is needed, as they were counted for a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkCount {
    /// The year.
    #[serde(with = "stored::year")]
    pub year: FiscalYear,
    /// All schools.
    pub schools: u32,
    /// Those that reached it.
    pub reached: u32,
    /// Those of which nobody knew.
    pub unknown: u32,
}

impl SaidPupils {
    /// Checks it. Reason: FIELD_INVALID, with all that is wrong.
    pub fn check(&self) -> Result<Pupils> {
        let mut wrong = Vec::new();
        let year = collect(FiscalYear::parse("fiscal_year", &self.fiscal_year), &mut wrong);
        let count = collect(people("count", &self.count), &mut wrong);
        let source = collect(parse_text("source", self.source.trim(), SOURCE_MOST), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        match (year, count, source, note) {
            (Some(year), Some(count), Some(source), Some(note)) => Ok(Pupils { year, count, source, note }),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

/// A number of pupils, with 人 behind it or without.
fn people(field: &'static str, text: &str) -> Result<u32, FieldViolation> {
    whole(field, text.trim().trim_end_matches(['人', '名']), 0, PUPILS_MOST)
}

/// A number of devices; none where nothing is said.
fn devices(field: &'static str, text: &str) -> Result<u32, FieldViolation> {
    if text.trim().is_empty() { Ok(0) } else { whole(field, text, 0, PUPILS_MOST) }
}

impl SaidPlanned {
    /// Checks it. Refused, beside what can not be read: more by the fund than in all. Reason: FIELD_INVALID, with all
    /// that is wrong.
    pub fn check(&self) -> Result<Planned> {
        let mut wrong = Vec::new();
        let year = collect(FiscalYear::parse("fiscal_year", &self.fiscal_year), &mut wrong);
        let installed = collect(devices("installed", &self.installed), &mut wrong);
        let installed_by_fund = collect(devices("installed_by_fund", &self.installed_by_fund), &mut wrong);
        let spares = collect(devices("spares", &self.spares), &mut wrong);
        let spares_by_fund = collect(devices("spares_by_fund", &self.spares_by_fund), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        let pairs = [("installed_by_fund", installed_by_fund, installed), ("spares_by_fund", spares_by_fund, spares)];
        for (field, fund, all) in pairs {
            if let (Some(fund), Some(all)) = (fund, all)
                && fund > all
            {
                wrong.push(FieldViolation::new(field, say::more_of_the_fund(fund, all)));
            }
        }
        let all = || {
            let (year, installed, installed_by_fund) = (year?, installed?, installed_by_fund?);
            let (spares, spares_by_fund, note) = (spares?, spares_by_fund?, note?);
            Some(Planned { year, installed, installed_by_fund, spares, spares_by_fund, note })
        };
        match all() {
            Some(planned) if wrong.is_empty() => Ok(planned),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

/// Names of (a) to (d) where one is refused.
const ROUTES: [&str; 4] = ["reuse_count", "recycler_count", "maker_count", "other_count"];

impl SaidDisposalPlan {
    /// Checks it. Reason: FIELD_INVALID, with all that is wrong.
    pub fn check(&self) -> Result<DisposalPlan> {
        let mut wrong = Vec::new();
        let mut by_route = [0; 4];
        for ((count, field), said) in by_route.iter_mut().zip(ROUTES).zip(&self.by_route) {
            *count = collect(devices(field, said), &mut wrong).unwrap_or(0);
        }
        let eraser = |number: &i32| i16::try_from(*number).ok().and_then(Eraser::from_number);
        let erasers: Option<Vec<_>> = self.erasers.iter().map(eraser).collect();
        let erasers = collect(erasers.ok_or_else(|| FieldViolation::new("erasers", say::eraser_needed())), &mut wrong);
        let note = collect(note_of(&self.note), &mut wrong);
        let trimmed = |(time, what): &(String, String)| (time.trim().to_owned(), what.trim().to_owned());
        let schedule: Vec<_> = self.schedule.iter().map(trimmed).collect();
        for (time, what) in &schedule {
            if time.chars().chain(what.chars()).any(char::is_control) {
                wrong.push(FieldViolation::new("schedule", say_field::control_characters()));
            }
        }
        let plan = erasers.zip(note).map(|(erasers, note)| DisposalPlan { by_route, erasers, schedule, note });
        let block = plan.as_ref().map(DisposalPlan::block);
        wrong.extend(block.and_then(Result::err).unwrap_or_default());
        match plan {
            Some(plan) if wrong.is_empty() => Ok(plan),
            _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
        }
    }
}

impl DisposalPlan {
    /// The block of the published plan. Refused is what [`DisposalBlock::new`] refuses.
    pub fn block(&self) -> Result<DisposalBlock, Vec<FieldViolation>> {
        let devices: u64 = self.by_route.iter().map(|count| u64::from(*count)).sum();
        let most = |_| vec![FieldViolation::new("by_route", say_field::too_large(devices, u32::MAX))];
        let devices = u32::try_from(devices).map_err(most)?;
        DisposalBlock::new(devices, self.by_route, &self.erasers, self.schedule.clone())
    }
}

impl NetworkCount {
    /// The item of the published plan.
    pub fn reaching(&self) -> ReachingSchools {
        ReachingSchools { schools: self.schools, reached: self.reached, unknown: self.unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn fields(error: &Error) -> Vec<&str> {
        error.fields.iter().map(|field| field.field.as_ref()).collect()
    }

    #[test]
    fn pupils_are_read_as_boards_write_them() {
        let said = SaidPupils {
            fiscal_year: text("令和元年度"), count: text("７,８００人"), ..SaidPupils::default()
        };
        let pupils = said.check().unwrap();
        assert_eq!((pupils.year.year(), pupils.count), (2019, 7_800));
        assert_eq!(serde_json::from_value::<Pupils>(serde_json::to_value(&pupils).unwrap()).unwrap(), pupils);
        let same = SaidPupils { fiscal_year: text("H31"), ..said.clone() }.check().unwrap();
        assert_eq!(same.year, pupils.year, "平成31年度 and 令和元年度 are one year");
        let wrong = SaidPupils { fiscal_year: text("7"), count: text("-1"), note: text("\u{0}"), ..said };
        assert_eq!(fields(&wrong.check().unwrap_err()), ["fiscal_year", "count", "note"]);
    }

    #[test]
    fn planned_devices_are_four_numbers_of_a_year() {
        let said = SaidPlanned {
            fiscal_year: text("R7"),
            installed: text("7,800台"),
            installed_by_fund: text("7800"),
            spares: text("1170"),
            ..SaidPlanned::default()
        };
        let planned = said.check().unwrap();
        assert_eq!((planned.installed, planned.spares, planned.spares_by_fund), (7_800, 1_170, 0));
        assert_eq!(serde_json::from_value::<Planned>(serde_json::to_value(&planned).unwrap()).unwrap(), planned);
        let wrong = SaidPlanned {
            installed: text("1.5"),
            installed_by_fund: text("20000001"),
            spares_by_fund: text("1171"),
            ..said
        };
        assert_eq!(fields(&wrong.check().unwrap_err()), ["installed", "installed_by_fund", "spares_by_fund"]);
    }

    #[test]
    fn planned_disposal_makes_the_block_of_the_plan() {
        let said = SaidDisposalPlan {
            by_route: [text("10"), text("60台"), text("30"), text("")],
            erasers: vec![2],
            schedule: vec![(text("令和8年4月"), text("処分事業者 選定"))],
            note: String::new(),
        };
        let plan = said.check().unwrap();
        assert_eq!(plan.block().unwrap().devices, 100);
        assert_eq!(serde_json::from_value::<DisposalPlan>(serde_json::to_value(&plan).unwrap()).unwrap(), plan);
        let wrong = SaidDisposalPlan { erasers: vec![3], by_route: [text("x"), text(""), text(""), text("")], ..said };
        assert_eq!(fields(&wrong.check().unwrap_err()), ["reuse_count", "erasers"]);
        let nobody =
            SaidDisposalPlan { erasers: Vec::new(), schedule: vec![(text(""), text("選定"))], ..said_of(100) };
        assert_eq!(fields(&nobody.check().unwrap_err()), ["erasers", "schedule"]);
    }

    fn said_of(count: u32) -> SaidDisposalPlan {
        SaidDisposalPlan {
            by_route: [count.to_string(), text(""), text(""), text("")],
            erasers: vec![1],
            schedule: Vec::new(),
            note: String::new(),
        }
    }
}
