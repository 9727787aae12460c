//! The rules by which a report is made, of four kinds, each from the owner, the installation or the product.

use super::{
    assumptions::Assumptions, ends::SupportEnds, programmes::Programmes, report::content::sha256_of,
    scenario::Scenarios,
};
use crate::{
    clock::Timestamp,
    error::{Both, FieldViolation},
    tickets::rules::words,
};

/// Most bytes of a file of rules.
pub const RULES_BYTES: usize = 200_000;

words! {
    /// What rules are of. The numbers are stored and those of the contract.
    RulesKind {
        /// Programmes of subsidy.
        Programmes = 1, "補助制度", "programmes of subsidy";
        /// Ends of support and lifetimes.
        Ends = 2, "サポート終了・寿命", "ends of support";
        /// Scenarios.
        Scenarios = 3, "試算の条件", "scenarios";
        /// What is assumed of the years to come.
        Assumptions = 4, "前提", "assumptions";
    }
}

impl RulesKind {
    /// All, in the order of their numbers.
    pub const EACH: [Self; 4] = [Self::Programmes, Self::Ends, Self::Scenarios, Self::Assumptions];

    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Programmes => "PROGRAMMES",
            Self::Ends => "ENDS",
            Self::Scenarios => "SCENARIOS",
            Self::Assumptions => "ASSUMPTIONS",
        }
    }
}

words! {
    /// Whose rules hold. The numbers are those of the contract.
    RulesFrom {
        /// The product's own.
        Product = 1, "製品の既定値", "the product";
        /// Those of the installation.
        Installation = 2, "システム全体", "the installation";
        /// The owner's.
        Owner = 3, "設置者", "the owner";
    }
}

impl RulesFrom {
    /// Its name in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Product => "PRODUCT",
            Self::Installation => "INSTALLATION",
            Self::Owner => "OWNER",
        }
    }
}

/// The product's own rules of a kind, as they are shipped.
pub fn product(kind: RulesKind) -> &'static str {
    match kind {
        RulesKind::Programmes => include_str!("../../../data/subsidy-programmes.json"),
        RulesKind::Ends => include_str!("../../../data/os-support-ends.json"),
        RulesKind::Scenarios => include_str!("../../../data/renewal-scenarios.json"),
        RulesKind::Assumptions => include_str!("../../../data/renewal-assumptions.json"),
    }
}

/// Rules of a kind as they were said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidRules {
    /// What they are of.
    pub kind: RulesKind,
    /// Whose.
    pub from: RulesFrom,
    /// When they were said; none for the product's own.
    pub recorded_at: Option<Timestamp>,
    /// JSON.
    pub text: String,
}

impl SaidRules {
    /// The product's own.
    pub fn of_product(kind: RulesKind) -> Self {
        Self { kind, from: RulesFrom::Product, recorded_at: None, text: product(kind).to_owned() }
    }
}

/// What is wrong with rules of a kind.
pub fn check(kind: RulesKind, text: &str) -> Result<(), Vec<FieldViolation>> {
    match kind {
        RulesKind::Programmes => Programmes::read(text).map(drop),
        RulesKind::Ends => SupportEnds::read(text).map(drop),
        RulesKind::Scenarios => Scenarios::read(text).map(drop),
        RulesKind::Assumptions => Assumptions::read(text).map(drop),
    }
}

/// Which rules of a kind a report uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleNote {
    /// What they are of.
    pub kind: RulesKind,
    /// Whose.
    pub from: RulesFrom,
    /// When they were said; none for the product's own.
    pub recorded_at: Option<Timestamp>,
    /// Where they say that they come from.
    pub source: String,
    /// SHA-256 of them as they were said, lower case hex.
    pub sha256: String,
}

impl RuleNote {
    /// On one line.
    pub fn label(&self) -> Both {
        let (kind, from, source) = (self.kind.label(), self.from.label(), &self.source);
        Both {
            ja: format!("{}: {}({source})", kind.ja, from.ja).into(),
            en: format!("{}: {} ({source})", kind.en, from.en).into(),
        }
    }
}

/// All rules that hold at an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Programmes of subsidy, those that are invented too.
    pub programmes: Programmes,
    /// Ends of support and lifetimes.
    pub ends: SupportEnds,
    /// Scenarios.
    pub scenarios: Scenarios,
    /// What is assumed.
    pub assumptions: Assumptions,
    said: [SaidRules; 4],
    /// SHA-256 of each, lower case hex.
    hashes: [String; 4],
}

impl RuleSet {
    /// Reads rules, one of each kind in the order of their numbers.
    pub fn read(said: [SaidRules; 4]) -> Result<Self, Vec<FieldViolation>> {
        let [programmes, ends, scenarios, assumptions] = &said;
        Ok(Self {
            programmes: Programmes::read(&programmes.text)?,
            ends: SupportEnds::read(&ends.text)?,
            scenarios: Scenarios::read(&scenarios.text)?,
            assumptions: Assumptions::read(&assumptions.text)?,
            hashes: said.each_ref().map(|said| sha256_of(said.text.as_bytes())),
            said,
        })
    }

    /// The same with other rules of one kind.
    pub fn with(&self, new: SaidRules) -> Result<Self, Vec<FieldViolation>> {
        let mut said = self.said.clone();
        let place = said.iter_mut().find(|old| old.kind == new.kind).expect("there is one of each kind");
        *place = new;
        Self::read(said)
    }

    /// Those of a kind as they were said.
    pub fn said(&self, kind: RulesKind) -> &SaidRules {
        self.said.iter().find(|said| said.kind == kind).expect("there is one of each kind")
    }

    fn source(&self, kind: RulesKind) -> &str {
        match kind {
            RulesKind::Programmes => &self.programmes.source,
            RulesKind::Ends => &self.ends.source,
            RulesKind::Scenarios => &self.scenarios.source,
            RulesKind::Assumptions => &self.assumptions.source,
        }
    }

    /// What a report that uses some kinds says of them.
    pub fn notes(&self, kinds: &[RulesKind]) -> Vec<RuleNote> {
        let note = |kind: &RulesKind| {
            let said = self.said(*kind);
            let source = self.source(*kind).to_owned();
            let at = self.said.iter().position(|one| one.kind == said.kind).expect("it is one of them");
            let sha256 = self.hashes[at].clone();
            RuleNote { kind: *kind, from: said.from, recorded_at: said.recorded_at, source, sha256 }
        };
        kinds.iter().map(note).collect()
    }
}

impl Default for RuleSet {
    /// The product's own.
    fn default() -> Self {
        Self::read(RulesKind::EACH.map(SaidRules::of_product)).expect("tests read the files that are shipped")
    }
}
