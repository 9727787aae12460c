//! What changed of an owner since a time, for example since the last report: entries, rules, and the figures that follow.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, OWNER, Opened, RenewalPages, Tab, day_text, entry_path,
    figures::{Differences, differences},
    invalid, may_export,
    rules::editor_path,
    said, tabs,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{
            Right, Staff,
            days::{midnight_in_japan, parse_date},
        },
    },
    clock::Timestamp,
    console::{
        Fields, FormState, PageResult, Shell,
        address::Address,
        page,
        words::{renewal::yen_text, rules as words},
    },
    error::{Error, FieldViolation, Result, says::fields as say_field},
    renewal::rules::{
        known::{KnownEntry, as_of_text},
        report::{Sealed, changes::ChangeReport, content::read_time, plan::PlanOrder},
        rule_sets::RulesKind,
    },
    schools::rules::MunicipalityId,
};

/// The field of the time since which.
const SINCE: &str = "since";
/// Microseconds that are looked back on where nobody says since when.
const USUAL: i64 = 30 * 86_400_000_000;

#[derive(Template)]
#[template(path = "renewal/changes.html")]
struct ChangesPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    shown: Option<Shown>,
}

/// What the page shows of a report.
struct Shown {
    is_empty: bool,
    period: String,
    entries: Vec<EntryLine>,
    tickets: Option<String>,
    rules: Vec<(String, Option<String>)>,
    differences: Differences,
    as_of: String,
    hash: String,
    exports: Option<[String; 4]>,
}

/// An entry that came, or that was taken back.
struct EntryLine {
    what: &'static str,
    is_added: bool,
    kind: String,
    from: String,
    amount: String,
    moment: String,
    path: String,
}

/// Since when changes until a time are asked for: the beginning of a day in Japan, or a time. Reason: FIELD_INVALID.
pub(super) fn since(fields: &Fields, until: Timestamp) -> Result<Timestamp> {
    match fields.get(SINCE) {
        "" => Ok(Timestamp(until.0 - USUAL)),
        text if text.contains(':') => {
            read_time(text).ok_or_else(|| invalid(FieldViolation::new(SINCE, say_field::time_needed())))
        }
        text => Ok(midnight_in_japan(parse_date(SINCE, text).map_err(invalid)?)),
    }
}

/// A refusal that names the field of this page.
fn named(mut error: Error) -> Error {
    for wrong in error.fields.iter_mut() {
        if wrong.field == "since_time" {
            wrong.field = SINCE.into();
        }
    }
    error
}

fn entry_line(shell: &Shell, (owner, is_added): (MunicipalityId, bool), entry: &KnownEntry) -> EntryLine {
    let (w, body) = (&shell.w.rules, &entry.stated.body);
    EntryLine {
        what: if is_added { w.added } else { w.taken_back },
        is_added,
        kind: said(shell.language, &body.kind().label()),
        from: day_text(shell.language, body.valid().from),
        amount: body.total().map(|yen| yen_text(shell.language, yen.to_number())).unwrap_or_default(),
        moment: shell.moment_with_seconds(entry.recorded_at),
        path: entry_path(owner, entry.id),
    }
}

fn shown(
    (shell, staff): (&Shell, &Staff),
    owner: MunicipalityId,
    sealed: &Sealed<ChangeReport>,
    exports: Option<[String; 4]>,
) -> Shown {
    let report = &sealed.report;
    let line = |is_added: bool| move |entry: &KnownEntry| entry_line(shell, (owner, is_added), entry);
    let mut entries: Vec<_> = report.added.iter().map(line(true)).collect();
    entries.extend(report.reversed.iter().map(line(false)));
    let (count, total) = report.tickets;
    let costs = || words::ticket_costs_text(shell.language, count, &yen_text(shell.language, total.to_number()));
    let may_edit = super::rules::may_edit(staff, Some(owner));
    let kind =
        |kind: &RulesKind| (said(shell.language, &kind.label()), may_edit.then(|| editor_path(*kind, Some(owner))));
    let differences = differences(shell, &report.figures);
    let (since, until) = (shell.moment_with_seconds(report.since), shell.moment_with_seconds(report.until));
    Shown {
        is_empty: entries.is_empty() && count == 0 && report.rules.is_empty() && differences.is_empty(),
        period: words::period_text(shell.language, &since, &until),
        entries,
        tickets: (count > 0).then(costs),
        rules: report.rules.iter().map(kind).collect(),
        differences,
        as_of: as_of_text(report.until),
        hash: sealed.sha256.clone(),
        exports,
    }
}

pub(super) async fn changes(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewLedger), raw, shell.now).await?;
    let chosen = asked.as_ref().ok().and_then(|asked: &Asked| asked.owner);
    let asked = asked.and_then(|asked| Ok((asked, since(&fields, asked.as_of.unwrap_or(shell.now))?)));
    let made = match asked {
        Ok((Asked { owner: Some(owner), as_of }, since)) => {
            let times = (since, as_of);
            let sealed = pages.renewal.changes(staff, owner, times, &PlanOrder::default()).await;
            sealed.map(|sealed| Some((owner, sealed))).map_err(named)
        }
        Ok((Asked { owner: None, .. }, _)) => staff.scope(Right::ViewLedger).map(|_| None),
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/changes");
    let shown_of = |(owner, sealed): (MunicipalityId, Sealed<ChangeReport>)| {
        let (since, until) = (as_of_text(sealed.report.since), as_of_text(sealed.report.until));
        // The file is of the report that is shown, not of a later one.
        let export = |form: &str| {
            let address = Address::read("/renewal/export", &[OWNER], &fields).with("report", "changes");
            address.with(SINCE, &since).with(AS_OF, &until).with("form", form).text()
        };
        let exports = may_export(staff, &owners, Some(owner)).then(|| super::forms(export));
        shown((&shell, staff), owner, &sealed, exports)
    };
    let made = made.map(|made| made.map(shown_of));
    let (name, choices) = (owners.name(chosen), owners.choices("–"));
    let (form, shown) = match made {
        Ok(shown) => (FormState::filled(fields), shown),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    page(form.status(), &ChangesPage { shell, form, tabs, owners: choices, name, shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_begins_at_midnight_and_nothing_is_thirty_days() {
        let now = Timestamp(1_795_748_400_000_000);
        let read = |query: &str| since(&Fields::parse(query.as_bytes()), now);
        assert_eq!(read("").unwrap().0, now.0 - USUAL);
        assert_eq!(read("since=R8.11.27").unwrap().0, now.0 - 12 * 3_600_000_000, "now is noon in Japan");
        assert_eq!(read("since=2026-11-27T12:00:00%2B09:00").unwrap(), now);
        for wrong in ["since=x", "since=12:00"] {
            assert_eq!(read(wrong).unwrap_err().fields[0].field, SINCE, "{wrong}");
        }
    }

    #[test]
    fn refusal_of_the_service_names_the_field_of_the_page() {
        let error = named(Error::invalid_field("since_time", say_field::empty()));
        assert_eq!(error.fields[0].field, SINCE);
    }
}
