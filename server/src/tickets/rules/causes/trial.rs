//! A dry run: what rules would have said of tickets of the past.

use super::{CauseRules, Evidence, Reasoner};

/// Numbers of tickets that are named for each rule.
const EXAMPLES: usize = 5;

/// A ticket of the past.
#[derive(Debug, Clone)]
pub struct Past {
    /// Its number.
    pub number: i64,
    /// What was known when it came in.
    pub evidence: Evidence,
    /// Number of the category at its end, where somebody judged it.
    pub ended_as: Option<i16>,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The rule.
    pub id: String,
    /// Tickets that it fits.
    pub matched: u64,
    /// Of these, those of which it would have been named first.
    pub first: u64,
    /// Of those that it fits, those whose end can be told: somebody judged them and the rule says to which category it leads.
    pub judged: u64,
    /// Of these, those that ended in such a category.
    pub agreed: u64,
    /// Numbers of some that it fits, in the order in which they came in.
    pub examples: Vec<i64>,
    /// Whether it asks what only the present knows, so that it fits nothing of the past.
    pub needs_present: bool,
}

/// Rules while they are tried.
#[derive(Debug)]
pub struct Trial<'r> {
    reasoner: Reasoner<'r>,
    rules: &'r CauseRules,
    tickets: u64,
    explained: u64,
    tried: Vec<Tried>,
}

impl<'r> Trial<'r> {
    /// Tries these rules.
    pub fn new(rules: &'r CauseRules) -> Self {
        let tried = rules.rules.iter().map(|rule| Tried {
            id: rule.id.clone(),
            matched: 0,
            first: 0,
            judged: 0,
            agreed: 0,
            examples: Vec::new(),
            needs_present: rule.when.needs_present(),
        });
        Self { reasoner: Reasoner::new(rules), rules, tickets: 0, explained: 0, tried: tried.collect() }
    }

    /// Looks at one ticket.
    pub fn look_at(&mut self, past: &Past) {
        self.tickets += 1;
        let found = self.reasoner.all(&past.evidence);
        self.explained += u64::from(!found.is_empty());
        for (place, suggestion) in found.into_iter().enumerate() {
            let Some(at) = self.rules.rules.iter().position(|rule| rule.id == suggestion.rule.id) else { continue };
            let tried = &mut self.tried[at];
            tried.matched += 1;
            tried.first += u64::from(place == 0);
            if tried.examples.len() < EXAMPLES {
                tried.examples.push(past.number);
            }
            if let Some(category) = past.ended_as.filter(|_| !suggestion.rule.leads_to.is_empty()) {
                tried.judged += 1;
                tried.agreed += u64::from(suggestion.rule.leads_to.contains(&category));
            }
        }
    }

    /// How many tickets were looked at, to how many some rule said something, and what each rule did, in the order of the rules.
    pub fn finish(self) -> (u64, u64, Vec<Tried>) {
        (self.tickets, self.explained, self.tried)
    }
}
