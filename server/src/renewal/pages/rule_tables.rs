//! Rules as tables: each figure with its source, its date, and whether anybody confirmed it.

use super::{day_text, said, year_text};
use crate::{
    console::{
        Shell,
        words::{
            devices::value_text,
            renewal::{whole_years, yen_text},
            rules as words,
        },
    },
    renewal::rules::{
        CostKind, Payer,
        assumptions::Assumptions,
        ends::{EndMeaning, Lifetime, Pattern, SupportEnd, SupportEnds},
        money::Yen,
        programmes::{Cover, Figure, Origin, Programme, Rest},
        rule_sets::RuleSet,
        scenario::{Change, Scenario},
        smoothing::Limit,
    },
};

/// All rules that hold somewhere.
pub(super) struct Tables {
    pub(super) programmes: Vec<ProgrammeView>,
    pub(super) ends: Vec<EndView>,
    pub(super) lifetimes: Vec<FigureView>,
    pub(super) scenarios: Vec<ScenarioView>,
    pub(super) assumptions: Vec<FigureView>,
}

/// Where something is written.
pub(super) struct OriginView {
    pub(super) source: String,
    pub(super) day: String,
    pub(super) is_verified: bool,
}

/// A figure with its name.
pub(super) struct FigureView {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) origin: OriginView,
}

/// A programme of subsidy.
pub(super) struct ProgrammeView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) note: String,
    pub(super) is_invented: bool,
    pub(super) years: String,
    pub(super) origin: OriginView,
    pub(super) covers: Vec<CoverView>,
    pub(super) figures: Vec<FigureView>,
}

/// What it covers.
pub(super) struct CoverView {
    pub(super) kind: String,
    pub(super) payer: String,
    pub(super) rate: String,
    pub(super) standard: String,
    pub(super) origin: OriginView,
}

/// An end of support.
pub(super) struct EndView {
    pub(super) os: String,
    pub(super) models: String,
    pub(super) versions: String,
    pub(super) last_day: String,
    pub(super) meaning: String,
    pub(super) origin: OriginView,
}

/// A scenario.
pub(super) struct ScenarioView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) note: String,
    pub(super) changes: Vec<String>,
    pub(super) origin: OriginView,
}

/// All rules as tables.
pub(super) fn tables(shell: &Shell, rules: &RuleSet) -> Tables {
    Tables {
        programmes: rules.programmes.programmes.iter().map(|one| programme(shell, one)).collect(),
        ends: rules.ends.ends.iter().map(|one| end(shell, one)).collect(),
        lifetimes: lifetimes(shell, &rules.ends),
        scenarios: rules.scenarios.scenarios.iter().map(|one| scenario(shell, one)).collect(),
        assumptions: assumptions(shell, &rules.assumptions),
    }
}

fn origin(shell: &Shell, origin: &Origin) -> OriginView {
    OriginView {
        source: origin.source.clone(),
        day: day_text(shell.language, origin.date),
        is_verified: origin.verified,
    }
}

fn figure<T>(shell: &Shell, label: &str, value: String, figure: &Figure<T>) -> FigureView {
    FigureView { label: label.to_owned(), value, origin: origin(shell, &figure.origin) }
}

fn yen(shell: &Shell, amount: Yen) -> String {
    yen_text(shell.language, amount.to_number())
}

fn kinds(shell: &Shell, kinds: impl Iterator<Item = CostKind>) -> String {
    let all: Vec<_> = kinds.map(|kind| said(shell.language, &kind.label())).collect();
    all.join(shell.language.choose("・", ", "))
}

fn payer(shell: &Shell, payer: Payer) -> String {
    said(shell.language, &payer.label())
}

/// Who pays the rest, in turn.
fn rest(shell: &Shell, rest: &[Rest]) -> String {
    let one = |one: &Rest| format!("{} ({})", payer(shell, one.payer), said(shell.language, &one.of.label()));
    rest.iter().map(one).collect::<Vec<_>>().join(" → ")
}

fn cover(shell: &Shell, cover: &Cover) -> CoverView {
    CoverView {
        kind: said(shell.language, &cover.kind.label()),
        payer: payer(shell, cover.payer),
        rate: cover.rate.to_string(),
        standard: cover.standard.map_or_else(|| shell.w.rules.no_standard.to_owned(), |amount| yen(shell, amount)),
        origin: origin(shell, &cover.origin),
    }
}

fn programme(shell: &Shell, one: &Programme) -> ProgrammeView {
    let (w, language) = (&shell.w.rules, shell.language);
    let grants = one.rounding.value;
    let (mode, unit) = (said(language, &grants.rounding.mode.label()), said(language, &grants.rounding.unit.label()));
    let rounding = format!("{}: {mode} ({unit})", said(language, &grants.per.label()));
    let restriction = whole_years(language, one.disposal_restriction_years.value);
    let years = words::span_text(language, &year_text(language, one.first), &year_text(language, one.last));
    ProgrammeView {
        id: one.id.clone(),
        name: said(language, &one.name),
        note: one.note.as_ref().map(|note| said(language, note)).unwrap_or_default(),
        is_invented: one.invented,
        years,
        origin: origin(shell, &one.origin),
        covers: one.covers.iter().map(|one| cover(shell, one)).collect(),
        figures: vec![
            figure(shell, w.spare_cap, one.spare_cap.value.to_string(), &one.spare_cap),
            figure(shell, w.rest, rest(shell, &one.rest.value), &one.rest),
            figure(shell, w.rounding, rounding, &one.rounding),
            figure(shell, w.restriction, restriction, &one.disposal_restriction_years),
        ],
    }
}

/// Patterns as they were written; all where there is none.
fn patterns(shell: &Shell, patterns: &[Pattern]) -> String {
    if patterns.is_empty() {
        return shell.w.rules.every_one.to_owned();
    }
    let all: Vec<_> = patterns.iter().map(Pattern::to_string).collect();
    all.join(", ")
}

fn meaning(shell: &Shell, meaning: EndMeaning) -> String {
    said(shell.language, &meaning.label())
}

fn end(shell: &Shell, one: &SupportEnd) -> EndView {
    EndView {
        os: value_text(shell.language, one.os.name()),
        models: patterns(shell, &one.models),
        versions: patterns(shell, &one.versions),
        last_day: day_text(shell.language, one.last_day),
        meaning: meaning(shell, one.meaning),
        origin: origin(shell, &one.origin),
    }
}

fn lifetimes(shell: &Shell, ends: &SupportEnds) -> Vec<FigureView> {
    let line = |one: &Lifetime| FigureView {
        label: patterns(shell, &one.models),
        value: words::months_text(shell.language, one.battery_months),
        origin: origin(shell, &one.origin),
    };
    ends.lifetimes.iter().map(line).collect()
}

fn change(shell: &Shell, change: &Change) -> String {
    let language = shell.language;
    match change {
        Change::Cover { covers, .. } => {
            let of = kinds(shell, covers.iter().map(|cover| cover.kind));
            let first = covers.first();
            let pays = first.map(|cover| payer(shell, cover.payer)).unwrap_or_default();
            let rate = first.map(|cover| cover.rate.to_string()).unwrap_or_default();
            words::cover_text(language, &of, &pays, &rate)
        }
        Change::Later { years } => words::later_text(language, *years),
        Change::Price { kinds: of, percent } => {
            words::price_text(language, &kinds(shell, of.iter().copied()), *percent)
        }
        Change::Even { limit, prefer } => {
            let most = match limit {
                Limit::Devices(most) => shell.number(*most),
                Limit::Yen(most) => yen_text(language, most.to_number()),
            };
            format!("{} {most} · {}", shell.w.renewal.most_a_year, said(language, &prefer.label()))
        }
        Change::Invented => shell.w.rules.invented_counts.to_owned(),
    }
}

fn scenario(shell: &Shell, one: &Scenario) -> ScenarioView {
    ScenarioView {
        id: one.id.clone(),
        name: said(shell.language, &one.name),
        note: one.note.as_ref().map(|note| said(shell.language, note)).unwrap_or_default(),
        changes: one.changes.iter().map(|one| change(shell, one)).collect(),
        origin: origin(shell, &one.origin),
    }
}

fn assumptions(shell: &Shell, all: &Assumptions) -> Vec<FigureView> {
    let w = &shell.w.rules;
    let tax = said(shell.language, &all.tax.value.label());
    let years = whole_years(shell.language, all.renew_after_years.value);
    let price = |label, price: &Option<Figure<Yen>>| {
        price.as_ref().map(|price| figure(shell, label, yen(shell, price.value), price))
    };
    let mut figures =
        vec![figure(shell, w.tax, tax, &all.tax), figure(shell, w.renew_after, years, &all.renew_after_years)];
    figures.extend(price(w.device_price, &all.device_price));
    figures.extend(price(w.spare_price, &all.spare_price));
    figures
}
