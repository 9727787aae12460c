//! Which rules fit what is known of a ticket, and why. Pure: the same in, the same out.

use super::{CauseRule, CauseRules, Conditions, Near, Others, names};
use crate::{
    console::words::{
        Language,
        network::{element_text, layer_text},
    },
    devices::rules::fields::Lifecycle,
    error::{Both, says::causes as say},
    tickets::{rules::Category, search::rules::fold},
};

/// Most suggestions that are shown.
pub const MOST_SHOWN: usize = 3;

const MINUTE_US: i64 = 60_000_000;

/// What is known of a device at a moment. What nobody said is none, and fits no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What its battery keeps, in percent of what it kept when it was new.
    pub battery_health_percent: Option<i64>,
    /// How far it is charged.
    pub charge_percent: Option<i64>,
    /// What of its storage is free.
    pub storage_free_percent: Option<i64>,
    /// Whether its operating system is past its end.
    pub os_ended: bool,
    /// For how many hours nobody heard of it.
    pub silent_hours: Option<i64>,
    /// Number of how it is connected.
    pub link: Option<i16>,
    /// How strong its radio is.
    pub rssi_dbm: Option<i64>,
    /// Numbers of layers whose check fails.
    pub failing_layers: Vec<i16>,
    /// Number of its state.
    pub lifecycle: Option<i16>,
}

/// Another ticket that came in near the one in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// How long before or after, in microseconds.
    pub apart_us: i64,
    /// Number of its category.
    pub category: i16,
    /// Whether it is of the same school.
    pub school: bool,
    /// Whether it is of the same room of the same school.
    pub room: bool,
    /// Whether its device is of the same model.
    pub model: bool,
}

/// All that is known of a ticket.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Number of its category.
    pub category: i16,
    /// What was reported, folded.
    pub folded: String,
    /// Its device when it was reported.
    pub then: Option<Facts>,
    /// Its device now; none for a ticket of the past.
    pub now: Option<Facts>,
    /// Numbers of the broken elements of incidents that hurt its school or that it belongs to.
    pub incidents: Vec<i16>,
    /// Whether the school has a spare; none where nobody knows.
    pub has_spare: Option<bool>,
    /// Other tickets.
    pub others: Vec<Other>,
}

/// A cause that may be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion<'r> {
    /// The rule.
    pub rule: &'r CauseRule,
    /// What of it is so, one sentence each.
    pub reasons: Vec<Both>,
    /// How specific it is: the more, the more its conditions say.
    pub weight: u32,
}

/// Rules that are ready to be asked many times.
#[derive(Debug)]
pub struct Reasoner<'r> {
    rules: Vec<(&'r CauseRule, Vec<String>)>,
}

impl<'r> Reasoner<'r> {
    /// Asks these rules.
    pub fn new(rules: &'r CauseRules) -> Self {
        let ready = |rule: &'r CauseRule| (rule, rule.when.words.iter().map(|word| fold(word)).collect());
        Self { rules: rules.rules.iter().map(ready).collect() }
    }

    /// All that fit, the most specific first, by id among equals.
    pub fn all(&self, evidence: &Evidence) -> Vec<Suggestion<'r>> {
        let fits = |(rule, words): &(&'r CauseRule, Vec<String>)| {
            let mut found = Found { reasons: Vec::new(), weight: 0 };
            rule.when.judge(words, evidence, &mut found)?;
            // A rule without conditions is refused when it is said; one that got in says nothing.
            let is_said = !found.reasons.is_empty();
            is_said.then_some(Suggestion { rule, reasons: found.reasons, weight: found.weight })
        };
        let mut found: Vec<_> = self.rules.iter().filter_map(fits).collect();
        found.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.rule.id.cmp(&b.rule.id)));
        found
    }

    /// Those that are shown.
    pub fn suggest(&self, evidence: &Evidence) -> Vec<Suggestion<'r>> {
        let mut found = self.all(evidence);
        found.truncate(MOST_SHOWN);
        found
    }
}

/// What of a rule is so, as far as it was looked at.
struct Found {
    reasons: Vec<Both>,
    weight: u32,
}

impl Found {
    /// Takes a condition that is so; none where it is not, which ends the rule.
    fn take(&mut self, weight: u32, reason: Option<Both>) -> Option<()> {
        self.reasons.push(reason?);
        self.weight += weight;
        Some(())
    }
}

impl Evidence {
    /// What one of the two looks at the device says: when it was reported, or now.
    fn device(&self, say: impl Fn(&Facts, &Both) -> Option<Both>) -> Option<Both> {
        let then = self.then.as_ref().and_then(|facts| say(facts, &say::when_reported()));
        then.or_else(|| self.now.as_ref().and_then(|facts| say(facts, &say::when_now())))
    }
}

/// A sentence with a word that differs with the language.
fn in_both(word: &Both, say: impl Fn(&str) -> Both) -> Both {
    Both::of(say(&word.ja), say(&word.en))
}

impl Conditions {
    /// Looks at each condition; none as soon as one is not so. What weighs more is what says more: a measured fact more than a word,
    /// a word more than a category.
    fn judge(&self, words: &[String], known: &Evidence, found: &mut Found) -> Option<()> {
        if !self.categories.is_empty() {
            let category = Category::from_number(known.category).filter(|_| self.categories.contains(&known.category));
            found.take(1, category.map(|category| in_both(&category.label(), |label| say::category(label))))?;
        }
        if !words.is_empty() {
            let word = words.iter().position(|word| known.folded.contains(word.as_str()));
            found.take(3, word.and_then(|at| self.words.get(at)).map(say::word))?;
        }
        self.judge_device(known, found)?;
        if self.incident || !self.incident_elements.is_empty() {
            let is_so = |kind: &&i16| self.incident_elements.is_empty() || self.incident_elements.contains(kind);
            let kind = known.incidents.iter().find(is_so);
            found.take(5, kind.map(|kind| incident(*kind)))?;
        }
        if self.no_spare {
            found.take(1, known.has_spare.filter(|has| !has).map(|_| say::no_spare()))?;
        }
        if let Some(others) = self.others {
            found.take(4, others.count(&self.categories, &known.others))?;
        }
        Some(())
    }

    fn judge_device(&self, known: &Evidence, found: &mut Found) -> Option<()> {
        let below = |read: fn(&Facts) -> Option<i64>, least: i64, say: &dyn Fn(i64, &str) -> Both| {
            known.device(|facts, when| {
                let value = read(facts).filter(|value| *value < least)?;
                Some(in_both(when, |when| say(value, when)))
            })
        };
        if self.battery_health_percent_below > 0 {
            let least = i64::from(self.battery_health_percent_below);
            found.take(
                4,
                below(|facts| facts.battery_health_percent, least, &|has, when| say::battery(has, least, when)),
            )?;
        }
        if self.charge_percent_below > 0 {
            let least = i64::from(self.charge_percent_below);
            found.take(3, below(|facts| facts.charge_percent, least, &|has, when| say::charge(has, least, when)))?;
        }
        if self.storage_free_percent_below > 0 {
            let least = i64::from(self.storage_free_percent_below);
            found.take(
                4,
                below(|facts| facts.storage_free_percent, least, &|has, when| say::storage(has, least, when)),
            )?;
        }
        if self.rssi_dbm_below != 0 {
            let least = i64::from(self.rssi_dbm_below);
            found.take(4, below(|facts| facts.rssi_dbm, least, &|has, when| say::radio(has, least, when)))?;
        }
        if self.os_ended {
            found.take(
                3,
                known.device(|facts, when| facts.os_ended.then(|| in_both(when, |when| say::os_ended(when)))),
            )?;
        }
        if self.silent_hours > 0 {
            let least = i64::from(self.silent_hours);
            let silent = known.device(|facts, when| {
                let hours = facts.silent_hours.filter(|hours| *hours >= least)?;
                Some(in_both(when, |when| say::silent(hours, when)))
            });
            found.take(3, silent)?;
        }
        if !self.links.is_empty() {
            let link = known.device(|facts, when| {
                let link = link_label(facts.link.filter(|link| self.links.contains(link))?);
                Some(Both::of(say::link(&link.ja, &when.ja), say::link(&link.en, &when.en)))
            });
            found.take(2, link)?;
        }
        if !self.failing_layers.is_empty() {
            let failing = known.device(|facts, when| {
                let layer = facts.failing_layers.iter().find(|layer| self.failing_layers.contains(layer))?;
                let name = |language| layer_text(language, i32::from(*layer));
                Some(Both::of(say::layer(name(Language::Ja), &when.ja), say::layer(name(Language::En), &when.en)))
            });
            found.take(5, failing)?;
        }
        if !self.lifecycles.is_empty() {
            let state = known.device(|facts, when| {
                let state = facts.lifecycle.filter(|state| self.lifecycles.contains(state))?;
                let (ja, en) = lifecycle_label(state);
                Some(Both::of(say::lifecycle(ja, &when.ja), say::lifecycle(en, &when.en)))
            });
            found.take(3, state)?;
        }
        Some(())
    }

    /// Whether it asks what only the present knows.
    pub(super) fn needs_present(&self) -> bool {
        self.no_spare
    }
}

impl Others {
    fn count(self, categories: &[i16], others: &[Other]) -> Option<Both> {
        let within = i64::from(self.minutes).saturating_mul(MINUTE_US);
        let is_near = |other: &Other| match self.near {
            Near::School => other.school,
            Near::Room => other.room,
            Near::Model => other.model,
        };
        let counts = |other: &&Other| {
            other.apart_us <= within
                && is_near(other)
                && (categories.is_empty() || categories.contains(&other.category))
        };
        let count = others.iter().filter(counts).count();
        let enough = usize::try_from(self.tickets).is_ok_and(|least| count >= least);
        enough.then(|| match self.near {
            Near::School => say::others_school(count, self.minutes),
            Near::Room => say::others_room(count, self.minutes),
            Near::Model => say::others_model(count, self.minutes),
        })
    }
}

fn incident(kind: i16) -> Both {
    let name = names::name(kind, names::elements::NAMES).unwrap_or_default();
    Both::of(say::incident(element_text(Language::Ja, name)), say::incident(element_text(Language::En, name)))
}

fn link_label(link: i16) -> Both {
    match link {
        2 => Both::fixed("ケーブル", "cable"),
        3 => Both::fixed("モバイル回線", "a mobile network"),
        _ => Both::same("Wi-Fi"),
    }
}

fn lifecycle_label(state: i16) -> (&'static str, &'static str) {
    match Lifecycle::from_number(state.into()) {
        Some(Lifecycle::InUse) => ("使用中", "in use"),
        Some(Lifecycle::Spare) => ("予備", "a spare"),
        Some(Lifecycle::InRepair) => ("修理中", "in repair"),
        Some(Lifecycle::Lost) => ("紛失", "lost"),
        Some(Lifecycle::Retired) => ("使用終了", "retired"),
        Some(Lifecycle::Disposed) => ("廃棄済", "disposed of"),
        Some(Lifecycle::Unknown) | None => ("不明", "unknown"),
    }
}
