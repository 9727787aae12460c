//! Owners beside each other, for who sees several whole: the plan of all together, the years to come by payer, and a table of
//! them that can be sorted and searched, so that it can be read with 62 of them and with 1,741.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, OWNER, Opened, Owners, RenewalPages, Tab,
    home::spares_state,
    may_export,
    plan::circled,
    said, tabs,
    years::{Amounts, YearLine, year_chart, year_lines},
};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{
        FormState, PageResult, Shell,
        address::{Address, SortLink},
        page,
        words::rules as words,
    },
    error::{Result, says::renewal as say},
    renewal::{
        rules::{
            known::as_of_text,
            money::Yen,
            report::plan::{PlanOrder, PlanReport},
        },
        service::{OwnerRow, OwnersReport, SparesNow, SparesOrder},
    },
    schools::rules::{MunicipalityId, fiscal::FiscalYear},
};

/// Owners on a page.
const PAGE: usize = 200;
/// The keys of the address, in their order.
const KEYS: [&str; 5] = [OWNER, AS_OF, "q", "sort", "from"];

#[derive(Template)]
#[template(path = "renewal/prefecture.html")]
struct PrefecturePage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    address: Address,
    shown: Option<Shown>,
}

/// What the page shows of a report.
struct Shown {
    is_empty: bool,
    moment: String,
    chart: String,
    heads: Vec<String>,
    years: Vec<YearLine>,
    plan: Option<Together>,
    columns: Columns,
    lines: Vec<OwnerLine>,
    showing: String,
    first: Option<String>,
    next: Option<String>,
    left_out: Vec<(String, String)>,
    exports: Option<[String; 4]>,
}

/// The plan of all together.
struct Together {
    programme: String,
    owners: usize,
    years: Vec<String>,
    rows: Vec<PlanLine>,
}

struct PlanLine {
    number: char,
    label: &'static str,
    cells: Vec<(String, String)>,
}

/// The headers that sort.
struct Columns {
    name: SortLink,
    due: SortLink,
    cost: SortLink,
    own: SortLink,
    ten: SortLink,
    one: SortLink,
    renewed: SortLink,
    spares: SortLink,
}

/// An owner.
struct OwnerLine {
    name: String,
    code: String,
    path: String,
    due: u64,
    cost: i64,
    own: i64,
    ten: i64,
    one: Option<i64>,
    renewed: Option<String>,
    per_mille: Option<i64>,
    spares: (&'static str, &'static str),
    free: Option<u32>,
}

impl OwnerLine {
    /// By what it is sorted; nothing where that is not known.
    fn key(&self, field: &str) -> Option<i64> {
        match field {
            "due" => i64::try_from(self.due).ok(),
            "cost" => Some(self.cost),
            "own" => Some(self.own),
            "ten" => Some(self.ten),
            "one" => self.one,
            "renewed" => self.per_mille,
            "spares" => self.free.map(i64::from),
            _ => None,
        }
    }
}

/// What is known of owners beyond their rows.
struct Beside<'a> {
    /// Codes and names.
    names: BTreeMap<MunicipalityId, (&'a str, &'a str)>,
    spares: BTreeMap<MunicipalityId, &'a SparesNow>,
}

impl<'a> Beside<'a> {
    fn of(owners: &'a Owners, spares: &'a [SparesNow]) -> Self {
        let names = owners.names.owners().iter().map(|(id, code, name)| (*id, (code.as_str(), name.as_str())));
        let spares = spares.iter().map(|one| (one.owner, one));
        Self { names: names.collect(), spares: spares.collect() }
    }
}

fn owner_line(shell: &Shell, beside: &Beside<'_>, row: &OwnerRow) -> Option<OwnerLine> {
    let (code, name) = *beside.names.get(&row.owner)?;
    let now = beside.spares.get(&row.owner).copied();
    let state = now.and_then(|one| spares_state(shell, one));
    Some(OwnerLine {
        name: name.to_owned(),
        code: code.to_owned(),
        path: format!("/renewal?{OWNER}={}", row.owner),
        due: row.due,
        cost: row.cost_next.to_number(),
        own: row.own_next.to_number(),
        ten: row.own.to_number(),
        one: row.per_device.map(Yen::to_number),
        renewed: row.renewed.map(|share| share.to_string()),
        per_mille: row.renewed.map(|share| share.per_mille().into()),
        spares: state.unwrap_or(("quiet", shell.w.renewal.spares_unknown)),
        free: now.filter(|_| state.is_some()).map(|one| one.free),
    })
}

/// Sorts owners as an address says; those of which it is not known come last, whichever way it is sorted.
fn sort(lines: &mut [OwnerLine], sort: &str) {
    let (field, descends) = sort.strip_prefix('-').map_or((sort, false), |field| (field, true));
    match field {
        "name" => lines.sort_by(|one, two| one.name.cmp(&two.name)),
        _ => lines.sort_by_key(|line| {
            let key = line.key(field);
            (key.is_none(), key.map(|key| if descends { -key } else { key }))
        }),
    }
    if field == "name" && descends {
        lines.reverse();
    }
}

fn columns(shell: &Shell, address: &Address) -> Columns {
    let (w, address) = (&shell.w.rules, address.without("from"));
    Columns {
        name: address.sorted_by("name", shell.w.renewal.municipality, false),
        due: address.sorted_by("due", w.devices_next, true),
        cost: address.sorted_by("cost", w.cost_next, true),
        own: address.sorted_by("own", w.own_next, true),
        ten: address.sorted_by("ten", w.own_ten, true),
        one: address.sorted_by("one", w.one_device, true),
        renewed: address.sorted_by("renewed", w.renewed, false),
        spares: address.sorted_by("spares", w.spares, false),
    }
}

/// Years in which anybody pays anything or devices are due.
fn years_of(amounts: &Amounts, due: &BTreeMap<FiscalYear, u64>) -> BTreeSet<FiscalYear> {
    amounts.keys().map(|(year, _)| *year).chain(due.keys().copied()).collect()
}

fn together(shell: &Shell, report: &PlanReport) -> Together {
    // The form is Japanese in both languages.
    let years: Vec<_> = report.plan.years.iter().map(|year| year.japanese()).collect();
    let row = |row: &crate::renewal::rules::plan::Row| PlanLine {
        number: circled(row.number),
        label: row.label,
        cells: years.iter().cloned().zip(row.cells.iter().map(ToString::to_string)).collect(),
    };
    Together {
        programme: said(shell.language, &report.programme.name),
        owners: report.owners.len(),
        rows: report.plan.rows.iter().map(row).collect(),
        years,
    }
}

/// Who is not in the plan, with why: by name, or by code where there is none.
fn left_out(shell: &Shell, owners: &Owners, report: &OwnersReport) -> Vec<(String, String)> {
    let name = |code: &String| owners.of_code(code).map_or_else(|| code.clone(), |(_, name)| name.to_owned());
    let told = report.left_out.iter().map(|(code, why)| (name(code), said(shell.language, why)));
    let nothing = said(shell.language, &say::no_entries());
    let without = report.without.iter().map(|owner| (owners.name(Some(*owner)), nothing.clone()));
    told.chain(without).collect()
}

fn shown(
    shell: &Shell,
    (report, spares): (&OwnersReport, &[SparesNow]),
    (owners, address): (&Owners, &Address),
    exports: Option<[String; 4]>,
) -> Shown {
    let wanted = address.get("q");
    let fits = |line: &OwnerLine| line.name.contains(wanted) || line.code.starts_with(wanted);
    let beside = Beside::of(owners, spares);
    let rows = report.rows.iter().filter_map(|row| owner_line(shell, &beside, row));
    let mut lines: Vec<_> = rows.filter(fits).collect();
    lines.sort_by(|one, two| one.code.cmp(&two.code));
    sort(&mut lines, address.get("sort"));
    let (all, from) = (lines.len(), address.get("from").parse().unwrap_or(0));
    let lines: Vec<_> = lines.into_iter().skip(from).take(PAGE).collect();
    let to = from.saturating_add(lines.len());
    let next = (to < all && !lines.is_empty()).then(|| address.with("from", &to.to_string()).text());
    let devices = |year: FiscalYear| report.due.get(&year).copied().unwrap_or(0);
    let (heads, years) =
        year_lines(shell, &report.amounts, years_of(&report.amounts, &report.due), (devices, |_: FiscalYear| None));
    Shown {
        is_empty: report.rows.is_empty(),
        moment: shell.moment_with_seconds(report.as_of),
        chart: year_chart(shell, &report.amounts, &years),
        heads,
        years,
        plan: report.plan.as_ref().map(|plan| together(shell, plan)),
        columns: columns(shell, address),
        showing: words::shown_text(shell.language, from.saturating_add(1).min(to), to, all),
        lines,
        first: (from > 0).then(|| address.without("from").text()),
        next,
        left_out: left_out(shell, owners, report),
        exports,
    }
}

pub(super) async fn prefecture(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewRenewal), raw, shell.now).await?;
    let address = Address::read("/renewal/prefecture", &KEYS, &fields);
    let made: Result<_> = match asked {
        Ok(asked) => match pages.renewal.owners(staff, asked.as_of, &PlanOrder::default()).await {
            Ok(report) => Ok((report, pages.renewal.spares(staff, SparesOrder::default()).await?.spares)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/prefecture");
    let (form, shown) = match made {
        Ok((report, spares)) => {
            let at = as_of_text(report.as_of);
            let export = |form: &str| {
                let address = Address::read("/renewal/export", &[], &fields).with("report", "plan");
                address.with(AS_OF, &at).with("form", form).text()
            };
            let exports = may_export(staff, &owners, None).then(|| super::forms(export));
            let shown = shown(&shell, (&report, &spares), (&owners, &address), exports);
            (FormState::filled(fields), Some(shown))
        }
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    page(form.status(), &PrefecturePage { shell, form, tabs, address, shown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::rules::Payer;

    fn line(name: &str, due: u64, per_mille: Option<i64>) -> OwnerLine {
        OwnerLine {
            name: name.to_owned(),
            code: String::from("131130"),
            path: String::new(),
            due,
            cost: 0,
            own: 0,
            ten: 0,
            one: None,
            renewed: None,
            per_mille,
            spares: ("", ""),
            free: None,
        }
    }

    #[test]
    fn years_without_amounts_stand_where_devices_are_due() {
        let year = |year: i32| FiscalYear::starting_in(year).unwrap();
        let amounts = [2027, 2027, 2029].into_iter().zip([Payer::Own, Payer::StateFund, Payer::Own]);
        let amounts: BTreeMap<_, _> = amounts.map(|(of, payer)| ((year(of), payer), Yen::default())).collect();
        let due = BTreeMap::from([(year(2028), 3), (year(2029), 1)]);
        let years: Vec<_> = years_of(&amounts, &due).into_iter().collect();
        assert_eq!(years, [year(2027), year(2028), year(2029)]);
    }

    #[test]
    fn owners_are_sorted_both_ways_and_what_is_not_known_is_last() {
        let sorted = |by: &str| {
            let mut lines = [line("b", 3, None), line("c", 9, Some(10)), line("a", 5, Some(900))];
            sort(&mut lines, by);
            lines.map(|line| line.name).join("")
        };
        assert_eq!([sorted("name"), sorted("-name")], ["abc", "cba"]);
        assert_eq!([sorted("due"), sorted("-due")], ["bac", "cab"]);
        assert_eq!([sorted("renewed"), sorted("-renewed")], ["cab", "acb"]);
        assert_eq!([sorted(""), sorted("nonsense")], ["bca", "bca"]);
    }
}
