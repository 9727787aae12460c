//! The smallest set of broken elements that explains what is seen.
//!
//! Each school says, as a log-likelihood ratio, how much better its own trouble fits "something above me is broken" than
//! "nothing is". An element's score is its prior and the sum over the schools behind it, where a school that is well speaks
//! against it. Greedily, the element with the best score is taken and what it explains is done with (SCORE: Kompella et al.,
//! NSDI 2005; binary tomography with a noise model: Duffield 2006; shared causes ranked by votes: 007, Arzani et al., NSDI
//! 2018). A shared element is taken only if it is likelier than all its schools failing each for its own reason.

use super::{Alternative, Cause, Element, ElementKind};

/// A school's word counts as trouble above this.
pub(super) const TROUBLE: f64 = 3.0;

/// The probability of natural logarithms of odds.
pub(super) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A number to six decimals: what is kept is written so and read back as it was, by any reader of JSON.
pub(super) fn kept(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// Logarithm of a sum, from logarithms.
pub(super) fn sum_of_logs(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln() } else { most }
}

/// An explanation.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The element; none stands for this product's own servers.
    pub(super) element: Option<Element>,
    pub(super) cause: Cause,
    pub(super) prior: f64,
    /// Schools behind it with their word.
    pub(super) members: Vec<(u32, f64)>,
    /// Whether it can fail for one school alone.
    pub(super) shared: bool,
}

/// An explanation that was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) candidate: Candidate,
    pub(super) score: f64,
    pub(super) failing: Vec<u32>,
    pub(super) well: Vec<u32>,
    pub(super) alternatives: Vec<Alternative>,
}

impl Candidate {
    /// One school fails for its own reason.
    pub(super) fn alone(kind: ElementKind, id: &str, cause: Cause, prior: f64, member: (u32, f64)) -> Self {
        Self { element: Some(Element::new(kind, id)), cause, prior, members: vec![member], shared: false }
    }

    /// Something that several schools have above them; no element stands for this product's own servers.
    pub(super) fn shared(element: Option<&Element>, cause: Cause, prior: f64, members: Vec<(u32, f64)>) -> Self {
        Self { element: element.cloned(), cause, prior, members, shared: true }
    }

    pub(super) fn name(&self) -> String {
        self.element
            .as_ref()
            .map_or_else(|| String::from("own_servers"), |element| format!("{}/{}", element.kind.name(), element.id))
    }

    fn score(&self, coverage: f64, explained: &[u32]) -> f64 {
        let term = |(school, word): &(u32, f64)| {
            if explained.contains(school) {
                0.0
            } else if !self.shared {
                *word
            } else if *word > 30.0 {
                word + coverage.ln()
            } else {
                (coverage * word.exp() + 1.0 - coverage).ln()
            }
        };
        self.prior + self.members.iter().map(term).sum::<f64>()
    }

    fn failing<'a>(&'a self, explained: &'a [u32]) -> impl Iterator<Item = &'a (u32, f64)> {
        self.members.iter().filter(|(school, word)| *word > TROUBLE && !explained.contains(school))
    }
}

/// Takes explanations, best first, as long as their log odds are at least `least`. `alone` is the prior of one school
/// failing for its own reason.
pub(super) fn smallest_set(candidates: &[Candidate], alone: f64, coverage: f64, least: f64) -> Vec<Taken> {
    let mut explained: Vec<u32> = Vec::new();
    let mut taken: Vec<Taken> = Vec::new();
    loop {
        let mut scored: Vec<(usize, f64)> = Vec::new();
        for (number, candidate) in candidates.iter().enumerate() {
            let failing = candidate.failing(&explained).count();
            if failing == 0 && (candidate.shared || explained.contains(&candidate.members[0].0)) {
                continue;
            }
            let score = candidate.score(coverage, &explained);
            let each = candidate.failing(&explained).map(|(_, word)| (alone + word).max(0.0)).sum::<f64>();
            // Of several schools one alone has its own reason.
            if candidate.shared && failing < 2 && candidate.members.len() > 1 {
                continue;
            }
            // One school behind it that can be seen: the school's own trouble is as good an explanation.
            if candidate.shared && failing > 1 && score < each {
                continue;
            }
            scored.push((number, score));
        }
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let Some((best, score)) = scored.first().copied().filter(|(_, score)| *score >= least) else { return taken };
        let candidate = &candidates[best];
        let failing: Vec<u32> = candidate
            .members
            .iter()
            .filter(|(school, word)| !explained.contains(school) && (*word > TROUBLE || !candidate.shared))
            .map(|(school, _)| *school)
            .collect();
        let well = candidate.members.iter().filter(|(_, word)| *word < -TROUBLE).map(|(school, _)| *school).collect();
        let overlaps = |other: &Candidate| other.members.iter().any(|(school, _)| failing.contains(school));
        let alternatives = scored
            .iter()
            .skip(1)
            .filter(|(number, _)| overlaps(&candidates[*number]))
            .take(4)
            .map(|(number, score)| Alternative { explanation: candidates[*number].name(), log_odds: *score })
            .collect();
        explained.extend(&failing);
        taken.push(Taken { candidate: candidate.clone(), score, failing, well, alternatives });
    }
}
