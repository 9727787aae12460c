//! The rules by which everything is reckoned, of an owner or of the installation: read as tables.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, OWNER, Owners, RenewalPages, Tab, address, read_as_of,
    rule_tables::{Tables, tables},
    said, tabs,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    clock::Timestamp,
    console::{Fields, FormState, PageResult, Shell, address::Address, page},
    error::{Error, Result, collect},
    renewal::{
        rules::rule_sets::{RuleSet, RulesKind, SaidRules},
        service::RulesDeed,
    },
    schools::rules::{MunicipalityId, parse_optional_uuid},
};

/// Most lines of a history.
pub(super) const HISTORY: u8 = 20;

#[derive(Template)]
#[template(path = "renewal/rules.html")]
struct RulesPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    shown: Option<Shown>,
}

/// Rules of all kinds.
struct Shown {
    programmes: Head,
    ends: Head,
    scenarios: Head,
    assumptions: Head,
    tables: Tables,
}

/// What stands above the rules of a kind.
pub(super) struct Head {
    pub(super) code: String,
    pub(super) label: String,
    pub(super) from: String,
    pub(super) since: String,
    pub(super) source: String,
    /// The way to change them, for who may.
    pub(super) edit: Option<String>,
    pub(super) history: Vec<HistoryLine>,
}

/// That rules were said, or given up.
pub(super) struct HistoryLine {
    pub(super) moment: String,
    pub(super) what: &'static str,
    pub(super) recorder: String,
}

/// Whether somebody may say rules of an owner, or of the installation.
pub(super) fn may_edit(staff: &Staff, owner: Option<MunicipalityId>) -> bool {
    may(staff, Right::EditLedger, owner)
}

fn may(staff: &Staff, right: Right, owner: Option<MunicipalityId>) -> bool {
    match owner {
        Some(owner) => staff.area_over(right, owner, None).is_ok(),
        None => staff.require_everywhere(right).is_ok(),
    }
}

/// The name of a kind in addresses.
pub(super) fn code_of(kind: RulesKind) -> String {
    kind.code().to_lowercase()
}

/// The way to change rules of a kind.
pub(super) fn editor_path(kind: RulesKind, owner: Option<MunicipalityId>) -> String {
    let path = format!("/renewal/rules/{}", code_of(kind));
    let owner = owner.map(|owner| owner.to_string()).unwrap_or_default();
    Address::read(path, &[], &Fields::default()).with(OWNER, &owner).text()
}

/// Where rules come from, since when.
pub(super) fn head(
    shell: &Shell,
    (rules, owner, is_editable): (&SaidRules, Option<MunicipalityId>, bool),
    source: &str,
    history: Vec<RulesDeed>,
) -> Head {
    let w = &shell.w.rules;
    let line = |deed: RulesDeed| HistoryLine {
        moment: shell.moment_with_seconds(deed.at),
        what: if deed.is_given_up { w.given_up } else { w.said },
        recorder: deed.recorder,
    };
    Head {
        code: code_of(rules.kind),
        label: said(shell.language, &rules.kind.label()),
        from: said(shell.language, &rules.from.label()),
        since: rules.recorded_at.map_or_else(|| w.shipped.to_owned(), |at| shell.moment_with_seconds(at)),
        source: source.to_owned(),
        edit: is_editable.then(|| editor_path(rules.kind, owner)),
        history: history.into_iter().map(line).collect(),
    }
}

/// Whose rules are asked for, and as of when. Of the installation where nobody is named, but of the only owner for who can
/// not change those of the installation. Reason: FIELD_INVALID.
fn asked(
    fields: &Fields,
    (owners, staff): (&Owners, &Staff),
    now: Timestamp,
) -> Result<(Option<MunicipalityId>, Option<Timestamp>)> {
    let mut wrong = Vec::new();
    let owner = collect(parse_optional_uuid(OWNER, fields.get(OWNER)), &mut wrong);
    let as_of = collect(read_as_of(fields.get(AS_OF), now), &mut wrong);
    let (Some(owner), Some(as_of)) = (owner, as_of) else {
        return Err(Error::invalid_fields("FIELD_INVALID", wrong));
    };
    let usual = if may_edit(staff, None) { None } else { owners.only() };
    Ok((owner.map(MunicipalityId).or(usual), as_of))
}

/// The installation and the owners, where there is something to choose.
fn choices(shell: &Shell, owners: &Owners, staff: &Staff) -> Vec<(String, String)> {
    let is_chosen = owners.ids.len() > 1 || (may_edit(staff, None) && !owners.ids.is_empty());
    if !is_chosen {
        return Vec::new();
    }
    let installation = std::iter::once((String::new(), shell.w.rules.installation.to_owned()));
    installation.chain(owners.ids.iter().map(|id| (id.to_string(), owners.name(Some(*id))))).collect()
}

async fn read(
    pages: &RenewalPages,
    (shell, staff): (&Shell, &Staff),
    (owner, as_of): (Option<MunicipalityId>, Option<Timestamp>),
) -> Result<Shown> {
    let rules = pages.renewal.rule_set(staff, owner, as_of).await?;
    let mut heads = Vec::new();
    for kind in RulesKind::ALL {
        let history = match may(staff, Right::ViewLedger, owner) {
            true => pages.renewal.rules_history(staff, owner, *kind, HISTORY).await?,
            false => Vec::new(),
        };
        let said = (rules.said(*kind), owner, may_edit(staff, owner));
        heads.push(head(shell, said, source(&rules, *kind), history));
    }
    let tables = tables(shell, &rules);
    let mut heads = heads.into_iter();
    let mut next = || heads.next().expect("there are four kinds");
    Ok(Shown { programmes: next(), ends: next(), scenarios: next(), assumptions: next(), tables })
}

fn source(rules: &RuleSet, kind: RulesKind) -> &str {
    match kind {
        RulesKind::Programmes => &rules.programmes.source,
        RulesKind::Ends => &rules.ends.source,
        RulesKind::Scenarios => &rules.scenarios.source,
        RulesKind::Assumptions => &rules.assumptions.source,
    }
}

pub(super) async fn rules(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let mut fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let owners = Owners::of(&pages, staff, Right::ViewRenewal).await?;
    let asked = asked(&fields, (&owners, staff), shell.now);
    let owner = asked.as_ref().ok().and_then(|(owner, _)| *owner);
    if let Some(owner) = owner {
        fields.set(OWNER, owner.to_string());
    }
    let read = match asked {
        Ok(asked) => read(&pages, (&shell, staff), asked).await,
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/rules");
    let choices = choices(&shell, &owners, staff);
    let name = owner.map_or_else(|| shell.w.rules.installation.to_owned(), |owner| owners.name(Some(owner)));
    let (form, shown) = match read {
        Ok(shown) => (FormState::filled(fields), Some(shown)),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    page(form.status(), &RulesPage { shell, form, tabs, owners: choices, name, shown })
}

/// The address of the rules of an owner, or of the installation.
pub(super) fn rules_path(owner: Option<MunicipalityId>) -> String {
    let fields = Fields::of(owner.map(|owner| (OWNER, owner.to_string())));
    address("/renewal/rules", &fields).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_to_rules_of_an_owner_or_of_the_installation() {
        let owner = MunicipalityId(uuid::Uuid::from_u128(7));
        assert_eq!(editor_path(RulesKind::Programmes, None), "/renewal/rules/programmes");
        let ends = editor_path(RulesKind::Ends, Some(owner));
        assert_eq!(ends, format!("/renewal/rules/ends?municipality_id={owner}"));
        assert_eq!(rules_path(None), "/renewal/rules");
        assert_eq!(rules_path(Some(owner)), format!("/renewal/rules?municipality_id={owner}"));
    }
}
