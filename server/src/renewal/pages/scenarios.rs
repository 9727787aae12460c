//! Scenarios side by side, with one of somebody's own: what the board must find each year under each.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, Foot, OWNER, Opened, RenewalPages, Tab, may_export, parts_of, said, series, tabs, year_text,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{
        Fields, FormState, PageResult, Shell,
        address::Address,
        charts::{Figure, Stack, Tone, stacks, tally},
        page,
        words::renewal as words,
    },
    error::{Error, Result},
    renewal::rules::{
        Payer,
        report::scenarios::{ScenarioColumn, ScenarioReport},
        scenario::Scenarios,
        smoothing::Prefer,
        what_if::{SaidWhatIf, WhatIf},
    },
    schools::rules::fiscal::FiscalYear,
};

/// Fields of the form.
const SCENARIO: &str = "scenario";
/// How many are compared where nothing is chosen.
const USUAL: usize = 2;
/// Most that are compared at once.
const MOST: usize = 10;

#[derive(Template)]
#[template(path = "renewal/scenarios.html")]
struct ScenariosPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    choices: Vec<Choice>,
    laters: Vec<(String, String)>,
    prefers: Vec<(String, String)>,
    shown: Option<Shown>,
}

/// A scenario that can be chosen.
struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

/// What the page shows of a comparison.
struct Shown {
    chart: String,
    tallies: Vec<String>,
    columns: Vec<Column>,
    lines: Vec<Line>,
    moment: String,
    foot: Option<Foot>,
    exports: Option<[String; 4]>,
}

/// A scenario.
struct Column {
    name: String,
    note: String,
    source: String,
    is_verified: bool,
    own: i64,
    total: i64,
    difference: i64,
}

/// A year: of each scenario its name and what the board must find.
struct Line {
    year: String,
    cells: Vec<(String, i64)>,
}

/// What a page is asked for beyond whom and when.
struct Terms {
    wanted: Vec<String>,
    what_if: WhatIf,
}

/// What the board must find in a year.
fn own_in(column: &ScenarioColumn, year: FiscalYear) -> i64 {
    column.amounts.get(&(year, Payer::Own)).map_or(0, |amount| amount.to_number())
}

fn columns(shell: &Shell, report: &ScenarioReport) -> Result<Vec<Column>> {
    let owns: Vec<_> = report.scenarios.iter().map(|column| column.of(Payer::Own)).collect::<Result<_, _>>()?;
    let first = owns.first().map_or(0, |own| own.to_number());
    let column = |(column, own): (&ScenarioColumn, i64)| Column {
        name: said(shell.language, &column.name),
        note: column.note.as_ref().map(|note| said(shell.language, note)).unwrap_or_default(),
        source: column.origin.source.clone(),
        is_verified: column.origin.verified,
        own,
        total: column.total.to_number(),
        difference: own - first,
    };
    Ok(report.scenarios.iter().zip(owns.iter().map(|own| own.to_number())).map(column).collect())
}

fn shown(shell: &Shell, report: &ScenarioReport, foot: Option<Foot>, exports: Option<[String; 4]>) -> Result<Shown> {
    let columns = columns(shell, report)?;
    let stack = |(column, text): (&ScenarioColumn, &Column)| -> Result<Stack> {
        let mut amounts = Vec::new();
        for payer in Payer::ALL {
            amounts.push((*payer, column.of(*payer)?.to_number()));
        }
        let amount = |payer: Payer| amounts.iter().find(|(one, _)| *one == payer).map_or(0, |(_, amount)| *amount);
        let text_of = words::yen_text(shell.language, text.own);
        Ok(Stack { label: text.name.clone(), path: None, parts: parts_of(amount), text: text_of })
    };
    let all: Vec<_> = report.scenarios.iter().zip(&columns).map(stack).collect::<Result<_>>()?;
    let most = report.scenarios.iter().flat_map(|column| report.years.iter().map(|year| own_in(column, *year))).max();
    let tallied = |(column, text): (&ScenarioColumn, &Column)| {
        let figure =
            |year: &FiscalYear| Figure::new(year_text(shell.language, *year), own_in(column, *year), Tone::Plain);
        let figures: Vec<_> = report.years.iter().map(figure).collect();
        tally(shell.language, &text.name, &figures, most.unwrap_or(0))
    };
    let line = |year: &FiscalYear| Line {
        year: year_text(shell.language, *year),
        cells: report
            .scenarios
            .iter()
            .zip(&columns)
            .map(|(column, text)| (text.name.clone(), own_in(column, *year)))
            .collect(),
    };
    Ok(Shown {
        chart: stacks(shell.language, shell.w.renewal.ten_year_total, &series(shell), &all),
        tallies: report.scenarios.iter().zip(&columns).map(tallied).collect(),
        lines: report.years.iter().map(line).collect(),
        columns,
        moment: shell.moment_with_seconds(report.as_of),
        foot,
        exports,
    })
}

/// Reads what is to be compared; the first scenarios where nothing is said. Reason: FIELD_INVALID, with all that is
/// wrong.
fn terms(fields: &Fields, scenarios: &Scenarios) -> Result<Terms> {
    let said = SaidWhatIf {
        price_percent: fields.get("price_percent"),
        later_years: fields.get("later_years"),
        is_covered: fields.has("covered"),
        most_devices: fields.get("most_devices"),
        most_yen: fields.get("most_yen"),
        prefer: fields.get("prefer"),
    };
    let what_if = WhatIf::read(&said);
    let what_if = what_if.map_err(|wrong| Error::invalid_fields("FIELD_INVALID", wrong))?;
    let is_known = |id: &&String| scenarios.find(id).is_some();
    let mut wanted: Vec<_> = fields.all(SCENARIO).iter().filter(is_known).take(MOST).cloned().collect();
    if wanted.is_empty() {
        let usual = if what_if.is_nothing() { USUAL } else { 1 };
        wanted.extend(scenarios.scenarios.iter().take(usual).map(|scenario| scenario.id.clone()));
    }
    Ok(Terms { wanted, what_if })
}

/// The comparison that is asked for, with its seal where nothing of one's own is in it.
async fn compared(
    (pages, staff, shell): (&RenewalPages, &Staff, &Shell),
    asked: Asked,
    terms: &Terms,
    (fields, may_export): (&Fields, bool),
) -> Result<Shown> {
    if terms.what_if.is_nothing() {
        let sealed = pages.renewal.scenarios(staff, asked.owner, asked.as_of, &terms.wanted).await?;
        let foot = Foot::of(shell, &sealed, sealed.report.as_of, &sealed.report.rules);
        // The file is of the report that is shown, not of a later one.
        let export = |form: &str| {
            let address = Address::read("/renewal/export", &[OWNER, SCENARIO], fields).with(AS_OF, &foot.as_of);
            address.with("report", "scenarios").with("form", form).text()
        };
        let exports = may_export.then(|| super::forms(export));
        return shown(shell, &sealed.report, Some(foot), exports);
    }
    let order = (terms.wanted.as_slice(), terms.what_if);
    let report = pages.renewal.what_if(staff, asked.owner, asked.as_of, order).await?;
    shown(shell, &report, None, None)
}

pub(super) async fn scenarios(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { mut fields, owners, asked } =
        Opened::read(&pages, (staff, Right::ViewRenewal), raw, shell.now).await?;
    let owner = asked.as_ref().ok().and_then(|asked| asked.owner);
    // Where that can not be read, the choices of the installation stand beside it.
    let of = asked.as_ref().ok().copied().unwrap_or(Asked { owner: None, as_of: None });
    let rules = pages.renewal.rule_set(staff, of.owner, of.as_of).await?;
    let scenarios = &rules.scenarios;
    let asked = asked.and_then(|asked| Ok((asked, terms(&fields, scenarios)?)));
    let made = match asked {
        Ok((asked, terms)) => {
            fields.set_all(SCENARIO, terms.wanted.clone());
            let may_export = may_export(staff, &owners, owner);
            compared((&pages, staff, &shell), asked, &terms, (&fields, may_export)).await
        }
        Err(error) => Err(error),
    };
    let choice = |scenario: &crate::renewal::rules::scenario::Scenario| Choice {
        id: scenario.id.clone(),
        name: said(shell.language, &scenario.name),
        is_chosen: fields.all(SCENARIO).contains(&scenario.id),
    };
    let choices = scenarios.scenarios.iter().map(choice).collect();
    let prefers =
        Prefer::ALL.iter().map(|one| (one.to_number().to_string(), said(shell.language, &one.label()))).collect();
    let laters = (0..=10_u8).map(|years| (years.to_string(), shell.number(years))).collect();
    let tabs = tabs(&shell, staff, &fields, "/renewal/scenarios");
    let (name, owners) = (owners.name(owner), owners.choices(shell.w.renewal.all_owners));
    let (form, shown) = match made {
        Ok(shown) => (FormState::filled(fields), Some(shown)),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    page(form.status(), &ScenariosPage { shell, form, tabs, owners, name, choices, laters, prefers, shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_choice_the_first_ones_are_compared() {
        let scenarios = Scenarios::default();
        let of = |query: &str| terms(&Fields::parse(query.as_bytes()), &scenarios).unwrap();
        assert_eq!(of("").wanted, ["today", "running-costs-covered"]);
        let own = of("price_percent=10&later_years=0");
        assert_eq!((own.wanted, own.what_if.price_percent), (vec![String::from("today")], 10));
        assert_eq!(of("scenario=price-up-10&scenario=nobody").wanted, ["price-up-10"]);
        assert!(terms(&Fields::parse(b"price_percent=1000"), &scenarios).is_err());
    }
}
