//! Home of a board: three figures with a sentence each, then the years to come by payer; of one owner, or of all together.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, Foot, OWNER, Opened, Owners, RenewalPages, Tab, address, day_text, device_years, may_export,
    record::ways,
    said, tabs, year_text,
    years::{Amounts, YearLine, year_chart, year_lines},
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
    },
    console::{Fields, FormState, PageResult, Shell, page, words::renewal as words},
    error::Result,
    renewal::{
        rules::{
            CostKind, Payer,
            report::{
                Sealed,
                costs::{CostLine, CostOrder, CostReport},
                outlook::DueLot,
            },
            survival::Basis,
        },
        service::{SparesNow, SparesOrder},
    },
    schools::rules::fiscal::FiscalYear,
};

#[derive(Template)]
#[template(path = "renewal/home.html")]
struct HomePage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    report: Option<Shown>,
    /// The ways to record and to import, for who may.
    ways: Option<(String, String)>,
}

/// What the page shows of a report.
struct Shown {
    is_empty: bool,
    due: Big,
    own: Big,
    spares: Big,
    chart: String,
    heads: Vec<String>,
    lines: Vec<YearLine>,
    recorded: Vec<YearLine>,
    /// What a device costs a year, where there are devices.
    per_device: Option<device_years::Shown>,
    /// The way to the table of owners, where there are several.
    each_owner: Option<String>,
    problems: Vec<String>,
    foot: Foot,
    exports: Option<[String; 4]>,
}

/// A figure with its sentence.
struct Big {
    tone: &'static str,
    value: String,
    note: String,
}

fn sum<'a>(lines: impl Iterator<Item = &'a CostLine>) -> i64 {
    lines.map(|line| line.amount.to_number()).sum()
}

/// Devices of lots, for example those that are due in a year.
fn count<'a>(due: impl Iterator<Item = &'a DueLot>) -> u64 {
    due.map(|due| u64::from(due.count)).sum()
}

/// Which due lots count in a year: those that were due before the first year to come are renewed in that one.
fn is_due_in(due: &DueLot, first: FiscalYear, year: FiscalYear) -> bool {
    due.year.max(first) == year
}

fn due_figure(shell: &Shell, report: &CostReport) -> Big {
    let next = report.outlook_from;
    let due = || report.due.iter().map(|(_, due)| due).filter(|due| is_due_in(due, next, next));
    let spares = count(due().filter(|due| due.kind == CostKind::Spare));
    let overdue = count(due().filter(|due| due.year < next));
    Big {
        tone: if overdue > 0 { "warning" } else { "" },
        value: words::devices_text(shell.language, count(due())),
        note: words::due_sentence(shell.language, &year_text(shell.language, next), spares, overdue),
    }
}

fn own_figure(shell: &Shell, report: &CostReport) -> Big {
    let next = || report.lines.iter().filter(|line| line.key.year == report.outlook_from);
    let own = |is_renewal: bool| {
        sum(next().filter(|line| line.key.payer == Payer::Own && line.key.kind.is_renewal() == is_renewal))
    };
    Big {
        tone: "",
        value: words::yen_text(shell.language, own(true) + own(false)),
        note: words::own_sentence(shell.language, own(true), own(false), sum(next())),
    }
}

/// How spares of an owner look; none where the registry has no devices.
pub(super) fn spares_state(shell: &Shell, spares: &SparesNow) -> Option<(&'static str, &'static str)> {
    let w = &shell.w.renewal;
    let state = || if spares.is_enough() { ("good", w.enough) } else { ("warning", w.not_enough) };
    (spares.in_use > 0 || spares.free > 0).then(state)
}

/// A probability in whole percent, rounded down so that 100 means certain.
fn percent(probability: f64) -> u32 {
    (probability.clamp(0.0, 1.0) * 100.0) as u32
}

fn spares_figure(shell: &Shell, spares: &[SparesNow]) -> Big {
    let w = &shell.w.renewal;
    let known: Vec<_> = spares.iter().filter_map(|one| Some((one, spares_state(shell, one)?))).collect();
    match (&known[..], spares.len()) {
        ([], _) => Big { tone: "", value: w.spares_unknown.to_owned(), note: w.spares_none.to_owned() },
        ([(one, (tone, text))], 1) => {
            let until = day_text(shell.language, one.until);
            let (percent, is_counted) = (percent(one.outlook.probability), one.rate_basis == Basis::Measured);
            let note = words::spares_sentence(shell.language, (one.free, one.away), &until, percent, is_counted);
            Big { tone, value: (*text).to_owned(), note }
        }
        (several, _) => {
            let short = several.iter().filter(|(one, _)| !one.is_enough()).count();
            let (tone, text) = if short == 0 { ("good", w.enough) } else { ("warning", w.not_enough) };
            let note = words::spares_of_several(shell.language, short, several.len());
            Big { tone, value: text.to_owned(), note }
        }
    }
}

/// All years of a report, those to come and those of before.
fn years(
    shell: &Shell,
    report: &CostReport,
    (amounts, drill): (&Amounts, Option<&Fields>),
) -> (Vec<String>, Vec<YearLine>) {
    let years = (report.first.year()..=report.last.year()).filter_map(FiscalYear::starting_in);
    let devices = |year: FiscalYear| {
        let due = report.due.iter().map(|(_, due)| due);
        count(due.filter(|due| is_due_in(due, report.outlook_from, year)))
    };
    let path = |year: FiscalYear| {
        let of_year = |fields: &Fields| address("/renewal/costs", fields).with("year", &year.year().to_string()).text();
        drill.map(of_year)
    };
    year_lines(shell, amounts, years, (devices, path))
}

fn shown(
    (shell, staff): (&Shell, &Staff),
    sealed: &Sealed<CostReport>,
    spares: &[SparesNow],
    (fields, owners, asked): (&Fields, &Owners, Asked),
) -> Result<Shown> {
    let report = &sealed.report;
    let sees_ledger = |owner| staff.scope(Right::ViewLedger).is_ok_and(|scope| scope.whole(owner).is_some());
    let drill = asked.owner.is_some_and(sees_ledger).then_some(fields);
    let amounts = report.by(|line| (line.key.year, line.key.payer))?;
    let (heads, all) = years(shell, report, (&amounts, drill));
    let (to_come, before): (Vec<_>, Vec<_>) = all.into_iter().partition(|line| line.fiscal_year >= report.outlook_from);
    let foot = Foot::of(shell, sealed, report.as_of, &report.rules);
    let export = |form: &str| {
        let address = address("/renewal/export", fields).with("report", "costs").with(AS_OF, &foot.as_of);
        address.with("form", form).text()
    };
    let exports = may_export(staff, owners, asked.owner).then(|| super::forms(export));
    Ok(Shown {
        is_empty: report.lines.is_empty() && report.due.is_empty(),
        due: due_figure(shell, report),
        own: own_figure(shell, report),
        spares: spares_figure(shell, spares),
        chart: year_chart(shell, &amounts, &to_come),
        heads,
        lines: to_come,
        per_device: device_years::shown(shell, report)?,
        recorded: before.into_iter().filter(|line| line.total != 0).collect(),
        each_owner: (owners.ids.len() > 1).then(|| address("/renewal/prefecture", fields).without(OWNER).text()),
        problems: report.problems.iter().map(|problem| said(shell.language, &problem.label())).collect(),
        foot,
        exports,
    })
}

pub(super) async fn home(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewRenewal), raw, shell.now).await?;
    let ways = asked.as_ref().ok().and_then(|asked| ways(staff, asked.owner));
    let made = match asked {
        Ok(asked) => match pages.renewal.costs(staff, asked.owner, asked.as_of, CostOrder::OF_BOARD).await {
            Ok(sealed) => {
                let of = SparesOrder { owner: asked.owner, ..SparesOrder::default() };
                let spares = pages.renewal.spares(staff, of).await?.spares;
                Ok((shown((&shell, staff), &sealed, &spares, (&fields, &owners, asked))?, asked.owner))
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal");
    let choices = owners.choices(shell.w.renewal.all_owners);
    let (form, report, name) = match made {
        Ok((report, owner)) => (FormState::filled(fields), Some(report), owners.name(owner)),
        Err(error) => (FormState::refused(fields, error)?, None, String::new()),
    };
    page(form.status(), &HomePage { shell, form, tabs, owners: choices, name, report, ways })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_rounded_down() {
        assert_eq!([percent(0.999), percent(1.0), percent(-0.1), percent(f64::NAN)], [99, 100, 0, 0]);
    }
}
