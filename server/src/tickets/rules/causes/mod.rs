//! What may be the cause of a ticket and what to do first. The rules are data: with sources and dates, of the product until the
//! installation or an owner says its own, and tried on past tickets before they hold. `judge` is what makes of a rule and of what is
//! known a suggestion with its reasons.
//!
//! Deliberately not here: what a rule does. A suggestion is read by a person, nothing happens by itself.

mod judge;
mod names;
#[cfg(test)]
mod tests;
mod trial;

use serde::{Deserialize, Serialize};

pub use self::{
    judge::{Evidence, Facts, MOST_SHOWN, Other, Reasoner, Suggestion},
    trial::{Past, Trial, Tried},
};
use crate::{
    access::rules::days::parse_date,
    error::{Both, FieldViolation, says::causes as say},
};

/// Most rules that are kept.
pub const RULES_MOST: usize = 100;
/// Longest id of a rule, in characters.
const ID_MOST: usize = 40;
/// Longest name or cause.
const PHRASE_MOST: usize = 200;
/// Longest first step.
const STEP_MOST: usize = 400;
/// Most first steps.
const STEPS_MOST: usize = 8;
/// Most words of a rule, and most characters of each.
const WORDS_MOST: usize = 40;
const WORD_MOST: usize = 40;
/// Longest source.
const SOURCE_MOST: usize = 200;
/// Longest silence: a year.
const HOURS_MOST: u32 = 366 * 24;
/// Longest time within which other tickets count: a week.
pub const MINUTES_MOST: u32 = 7 * 24 * 60;
/// Most other tickets that a rule waits for.
const OTHERS_MOST: u32 = 1_000;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Phrase {
    fn is_said(&self, most: usize) -> bool {
        [&self.ja, &self.en].into_iter().all(|text| is_said(text, most))
    }

    /// As it is shown.
    pub fn both(&self) -> Both {
        Both { ja: self.ja.clone().into(), en: self.en.clone().into() }
    }
}

/// Where other tickets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Near {
    /// At the same school.
    School,
    /// In the same room of it.
    Room,
    /// Of devices of the same model, at any school of the owner within the reader's reach.
    Model,
}

/// That several report at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// Where.
    pub near: Near,
    /// Within so many minutes before or after.
    pub minutes: u32,
    /// So many other tickets, of the rule's categories if it names some.
    pub tickets: u32,
}

/// What must be so, all of it; what is left out is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// It is of one of these categories.
    #[serde(with = "names::categories", skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<i16>,
    /// One of these words stands in what was reported; width, case and the two kinds of kana do not matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The battery keeps less than so many percent of what it kept when it was new; 0 not to ask.
    #[serde(skip_serializing_if = "is_zero")]
    pub battery_health_percent_below: u8,
    /// It is charged to less than so many percent; 0 not to ask.
    #[serde(skip_serializing_if = "is_zero")]
    pub charge_percent_below: u8,
    /// Less than so many percent of the storage are free; 0 not to ask.
    #[serde(skip_serializing_if = "is_zero")]
    pub storage_free_percent_below: u8,
    /// The operating system is past its end, by the owner's policy of device health.
    #[serde(skip_serializing_if = "is_false")]
    pub os_ended: bool,
    /// The device was not heard of for so many hours; 0 not to ask.
    #[serde(skip_serializing_if = "is_zero")]
    pub silent_hours: u32,
    /// It is connected in one of these ways.
    #[serde(with = "names::links", skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<i16>,
    /// The radio is weaker than so many dBm; 0 not to ask.
    #[serde(skip_serializing_if = "is_zero")]
    pub rssi_dbm_below: i16,
    /// The device's check of one of these layers fails.
    #[serde(with = "names::layers", skip_serializing_if = "Vec::is_empty")]
    pub failing_layers: Vec<i16>,
    /// An incident hurts the school, or the ticket belongs to one.
    #[serde(skip_serializing_if = "is_false")]
    pub incident: bool,
    /// Such an incident, of one of these elements.
    #[serde(with = "names::elements", skip_serializing_if = "Vec::is_empty")]
    pub incident_elements: Vec<i16>,
    /// The device is in one of these states.
    #[serde(with = "names::lifecycles", skip_serializing_if = "Vec::is_empty")]
    pub lifecycles: Vec<i16>,
    /// The school has no spare now. Of the past nobody knows it.
    #[serde(skip_serializing_if = "is_false")]
    pub no_spare: bool,
    /// Several report at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
}

/// A cause, when to think of it, and what to do first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseRule {
    /// By which it is known: small letters, digits and hyphens.
    pub id: String,
    /// What people call it.
    pub name: Phrase,
    /// What must be so.
    pub when: Conditions,
    /// The cause.
    pub cause: Phrase,
    /// What to do first, in this order: from afar before a visit, a spare before a repair.
    pub steps: Vec<Phrase>,
    /// Categories to which triage leads where it was this cause; by them the trial on past tickets says whether it was.
    #[serde(default, with = "names::categories", skip_serializing_if = "Vec::is_empty")]
    pub leads_to: Vec<i16>,
    /// Where it is written.
    pub source: String,
    /// Since when it is so, for example 2026-11-26.
    pub date: String,
}

/// All rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseRules {
    /// Where they come from.
    pub source: String,
    /// The rules, each with an id of its own.
    pub rules: Vec<CauseRule>,
}

impl Default for CauseRules {
    /// The product's own, of November 2026.
    fn default() -> Self {
        let shipped = include_str!("../../../../data/cause-rules.json");
        serde_json::from_str(shipped).expect("a test reads the file that is shipped")
    }
}

impl CauseRules {
    /// Checks every rule against its limits. A wrong field is named with the place of its rule, from 1.
    pub fn check(self) -> Result<Self, Vec<FieldViolation>> {
        let mut refused = Vec::new();
        if !is_said(&self.source, SOURCE_MOST) {
            refused.push(FieldViolation::new("source", say::characters(SOURCE_MOST)));
        }
        if !(1..=RULES_MOST).contains(&self.rules.len()) {
            refused.push(FieldViolation::new("rules", say::rules(RULES_MOST)));
        }
        for (at, rule) in self.rules.iter().take(RULES_MOST).enumerate() {
            let place = at + 1;
            let twice = self.rules[..at].iter().any(|other| other.id == rule.id);
            let mut refuse = |wrong: bool, field: &str, message: Both| {
                if wrong {
                    refused.push(FieldViolation::new(
                        format!("rules.{field}"),
                        say::of_rule(place, &rule.id).then(&message),
                    ));
                }
            };
            rule.check(&mut refuse);
            refuse(twice, "id", say::id_twice());
        }
        if refused.is_empty() { Ok(self) } else { Err(refused) }
    }
}

impl CauseRule {
    fn check(&self, refuse: &mut impl FnMut(bool, &str, Both)) {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        refuse(!is_said(&self.id, ID_MOST) || !self.id.chars().all(is_id), "id", say::id(ID_MOST));
        refuse(!self.name.is_said(PHRASE_MOST), "name", say::both_languages(PHRASE_MOST));
        refuse(!self.cause.is_said(PHRASE_MOST), "cause", say::both_languages(PHRASE_MOST));
        let steps =
            (1..=STEPS_MOST).contains(&self.steps.len()) && self.steps.iter().all(|step| step.is_said(STEP_MOST));
        refuse(!steps, "steps", say::steps(STEPS_MOST, STEP_MOST));
        refuse(!is_said(&self.source, SOURCE_MOST), "source", say::characters(SOURCE_MOST));
        refuse(parse_date("date", &self.date).is_err(), "date", say::date());
        refuse(names::has_unknown(&self.leads_to, names::categories::NAMES), "leads_to", say::unknown_value());
        refuse(self.when == Conditions::default(), "when", say::condition_needed());
        self.when.check(refuse);
    }
}

impl Conditions {
    fn check(&self, refuse: &mut impl FnMut(bool, &str, Both)) {
        let words = self.words.len() <= WORDS_MOST && self.words.iter().all(|word| is_word(word));
        refuse(!words, "when.words", say::words(WORDS_MOST, WORD_MOST));
        let percents = [
            ("when.battery_health_percent_below", self.battery_health_percent_below),
            ("when.charge_percent_below", self.charge_percent_below),
            ("when.storage_free_percent_below", self.storage_free_percent_below),
        ];
        for (field, percent) in percents {
            refuse(percent > 100, field, say::at_most(100));
        }
        refuse(self.silent_hours > HOURS_MOST, "when.silent_hours", say::at_most(HOURS_MOST));
        refuse(!(-120..=0).contains(&self.rssi_dbm_below), "when.rssi_dbm_below", say::decibels());
        let lists = [
            ("when.categories", &self.categories, names::categories::NAMES),
            ("when.links", &self.links, names::links::NAMES),
            ("when.failing_layers", &self.failing_layers, names::layers::NAMES),
            ("when.incident_elements", &self.incident_elements, names::elements::NAMES),
            ("when.lifecycles", &self.lifecycles, names::lifecycles::NAMES),
        ];
        for (field, numbers, known) in lists {
            refuse(names::has_unknown(numbers, known), field, say::unknown_value());
        }
        let others = self.others.is_none_or(|others| {
            (1..=MINUTES_MOST).contains(&others.minutes) && (1..=OTHERS_MOST).contains(&others.tickets)
        });
        refuse(!others, "when.others", say::others(MINUTES_MOST, OTHERS_MOST));
    }
}

fn is_said(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most
}

/// A word of one character alone stands in too many texts to say anything.
fn is_word(word: &str) -> bool {
    (2..=WORD_MOST).contains(&word.trim().chars().count())
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_false(value: &bool) -> bool {
    !*value
}
