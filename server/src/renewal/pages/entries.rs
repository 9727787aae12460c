//! The ledger as a list: what was recorded by whom and when, the newest first, and what of it stands.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, OWNER, Opened, RenewalPages, Tab, behind_entry, day_text, entry_path, invalid, number_word,
    record::ways, said, tabs, ways_on, year_text,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right},
        service::names::PlaceNames,
    },
    console::{Fields, FormState, Language, PageResult, Shell, address::Address, page, words::renewal as words},
    error::Result,
    renewal::{
        rules::{body::Body, ledger::EntryKind},
        service::{EntryView, ListOrder, Shown},
    },
};

/// Entries on a page.
const PAGE: usize = 100;
/// What stands in an address for all entries, reversals too.
const ALL: &str = "all";

#[derive(Template)]
#[template(path = "renewal/entries.html")]
struct EntriesPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    shown: Vec<(String, String)>,
    name: String,
    /// The ways to record and to import, for who may.
    ways: Option<(String, String)>,
    lines: Option<Vec<Line>>,
    first: Option<String>,
    next: Option<String>,
}

/// An entry.
struct Line {
    path: String,
    recorded: String,
    recorder: String,
    kind: String,
    what: String,
    amount: String,
    state: (&'static str, &'static str),
}

/// What an entry says, in a line.
fn what(language: Language, view: &EntryView) -> String {
    let devices = |count: u64| {
        let count = words::devices_text(language, count);
        language.choose(count.clone(), format!("{count} devices"))
    };
    match view.stated.as_ref().map(|stated| &stated.body) {
        None => view.reason.clone().unwrap_or_default(),
        Some(Body::Lot(lot)) => format!("{} × {}", lot.model, devices(lot.count.into())),
        Some(Body::Cost(cost)) if cost.vendor.is_empty() => said(language, &cost.kind.label()),
        Some(Body::Cost(cost)) => format!("{} {}", said(language, &cost.kind.label()), cost.vendor),
        Some(Body::Disposal(disposal)) => {
            let count = u64::try_from(disposal.devices.len()).unwrap_or(u64::MAX);
            format!("{} {}", day_text(language, disposal.on), devices(count))
        }
        Some(Body::Pupils(pupils)) => format!("{} ① {}", year_text(language, pupils.year), pupils.count),
        Some(Body::Planned(planned)) => {
            let year = year_text(language, planned.year);
            format!("{year} ③ {} ⑥ {}", devices(planned.installed.into()), devices(planned.spares.into()))
        }
        Some(Body::DisposalPlan(plan, _)) => devices(plan.by_route.iter().map(|count| u64::from(*count)).sum::<u64>()),
        Some(Body::Network(network)) => {
            format!("{} {} / {}", year_text(language, network.year), network.reached, network.schools)
        }
    }
}

fn line(shell: &Shell, names: &PlaceNames, view: &EntryView) -> Line {
    let (w, language) = (&shell.w.renewal, shell.language);
    let school = view.stated.as_ref().and_then(|stated| stated.school).and_then(|school| names.school(school));
    let what = what(language, view);
    let total = view.stated.as_ref().and_then(|stated| stated.body.total());
    Line {
        path: entry_path(view.owner, view.entry.id),
        recorded: shell.moment_with_seconds(view.entry.recorded_at),
        recorder: view.recorder.clone(),
        kind: said(language, &view.entry.kind.label()),
        what: school.map(|school| format!("{what} ({school})")).unwrap_or(what),
        amount: total.map(|total| words::yen_text(language, total.to_number())).unwrap_or_default(),
        state: match (view.reversed_by, view.entry.reverses) {
            (Some(_), _) => ("warning", w.reversed),
            (None, Some(_)) => ("quiet", w.reversal),
            (None, None) => ("good", shell.w.ledger.stands),
        },
    }
}

/// Which entries an address asks for, from the newest on or from behind one. Reason: FIELD_INVALID.
fn order(fields: &Fields, asked: Asked) -> Result<Option<ListOrder>> {
    let kind = number_word("kind", fields.get("kind"), EntryKind::from_number).map_err(invalid)?;
    let Asked { owner: Some(owner), as_of } = asked else { return Ok(None) };
    let shown = if fields.get("shown") == ALL { Shown::All } else { Shown::Standing };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    Ok(Some(ListOrder { owner, as_of, kind, shown, before: behind_entry(fields), limit }))
}

pub(super) async fn entries(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewLedger), raw, shell.now).await?;
    let chosen = asked.as_ref().ok().and_then(|asked| asked.owner);
    let address = Address::read("/renewal/entries", &[OWNER, AS_OF, "kind", "shown", "before", "entry"], &fields);
    let found = match asked.and_then(|asked| order(&fields, asked)) {
        Ok(Some(order)) => pages.renewal.entries(staff, order).await.map(Some),
        Ok(None) => staff.scope(Right::ViewLedger).map(|_| None),
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/entries");
    let (form, views) = match found {
        Ok(views) => (FormState::filled(fields), views),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    let of_school = |view: &EntryView| Some(Place::School(view.owner, view.stated.as_ref()?.school?));
    let places: Vec<_> = views.iter().flatten().filter_map(of_school).collect();
    let names = pages.access.place_names(staff, Right::ViewLedger, &places).await?;
    let (first, next) = ways_on(&address, views.as_deref().unwrap_or_default(), PAGE);
    let lines = views.map(|views| views.iter().take(PAGE).map(|view| line(&shell, &names, view)).collect());
    let all = std::iter::once((String::new(), shell.w.shell.all.to_owned()));
    let kind = |kind: &EntryKind| (kind.to_number().to_string(), said(shell.language, &kind.label()));
    let kinds = all.chain(EntryKind::ALL.iter().map(kind)).collect();
    let w = &shell.w.ledger;
    let shown = vec![(String::new(), w.standing.to_owned()), (ALL.to_owned(), w.with_reversals.to_owned())];
    let ways = ways(staff, chosen);
    let (name, owners) = (owners.name(chosen), owners.choices("–"));
    let template = EntriesPage { form, tabs, owners, kinds, shown, name, ways, lines, first, next, shell };
    page(template.form.status(), &template)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::schools::rules::MunicipalityId;

    #[test]
    fn address_says_which_entries() {
        let owner = MunicipalityId(Uuid::from_u128(7));
        let read = |query: &str, owner| order(&Fields::parse(query.as_bytes()), Asked { owner, as_of: None });
        let all = read("kind=4&shown=all&before=9", Some(owner)).unwrap().unwrap();
        assert_eq!((all.kind, all.shown, all.before.0), (Some(EntryKind::Pupils), Shown::All, 9));
        let newest = read("", Some(owner)).unwrap().unwrap();
        assert_eq!((newest.kind, newest.shown, newest.before), (None, Shown::Standing, (i64::MAX, Uuid::max())));
        assert_eq!(read("", None).unwrap(), None);
        assert_eq!(read("kind=99", Some(owner)).unwrap_err().fields[0].field, "kind");
    }
}
