//! What a report rests on: the rules that were used, and what is incomplete.

use super::{Section, text, words};
use crate::{
    error::Both,
    renewal::rules::{known::Problem, rule_sets::RuleNote},
};

/// The part of a document about that; none where there is nothing to say. What holds for several owners is said once.
pub(super) fn basis(rules: &[RuleNote], problems: &[Problem]) -> Option<Section> {
    let mut paragraphs: Vec<Both> = Vec::new();
    let incomplete = problems.iter().map(|problem| {
        let label = problem.label();
        Both::of(words::incomplete(&label.ja), words::incomplete(&label.en))
    });
    for said in rules.iter().map(|rule| text::headed(rule.label())).chain(incomplete) {
        if !paragraphs.contains(&said) {
            paragraphs.push(said);
        }
    }
    (!paragraphs.is_empty()).then(|| Section { heading: Some(words::basis()), paragraphs, ..Section::default() })
}
