//! The register of disposals: what went where, who erased it, with which certificate, and whether it was allowed to go.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, OWNER, Opened, RenewalPages, Tab, behind_entry, day_text,
    entry::{DisposedLine, disposed},
    entry_path, said, tabs, ways_on,
};
use crate::{
    access::{pages::SignedIn, rules::Right},
    console::{FormState, PageResult, Shell, address::Address, page, words::renewal as words},
    renewal::{
        rules::{body::Body, ledger::EntryKind},
        service::{EntryView, ListOrder, Shown},
    },
};

/// Disposals on a page, and devices of each that are shown at once.
const PAGE: usize = 50;
const DEVICES: usize = 100;

#[derive(Template)]
#[template(path = "renewal/disposals.html")]
struct DisposalsPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    name: String,
    lines: Option<Vec<Line>>,
    first: Option<String>,
    next: Option<String>,
}

/// A disposal.
struct Line {
    path: String,
    day: String,
    route: String,
    eraser: String,
    approval: String,
    devices: Vec<DisposedLine>,
    more: Option<String>,
}

fn line(shell: &Shell, view: &EntryView) -> Option<Line> {
    let Body::Disposal(disposal) = &view.stated.as_ref()?.body else { return None };
    let more = disposal.devices.len().saturating_sub(DEVICES);
    Some(Line {
        path: entry_path(view.owner, view.entry.id),
        day: day_text(shell.language, disposal.on),
        route: said(shell.language, &disposal.route.label()),
        eraser: said(shell.language, &disposal.eraser.label()),
        approval: disposal.approval.clone(),
        devices: disposed(disposal, 0, DEVICES),
        more: (more > 0).then(|| words::more_text(shell.language, more)),
    })
}

pub(super) async fn disposals(
    person: SignedIn,
    Pages(pages): Pages<RenewalPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewLedger), raw, shell.now).await?;
    let chosen = asked.as_ref().ok().and_then(|asked| asked.owner);
    let address = Address::read("/renewal/disposals", &[OWNER, AS_OF, "before", "entry"], &fields);
    let before = behind_entry(&fields);
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let found = match asked {
        Ok(Asked { owner: Some(owner), as_of }) => {
            let kind = Some(EntryKind::Disposal);
            let order = ListOrder { owner, as_of, kind, shown: Shown::Standing, before, limit };
            pages.renewal.entries(staff, order).await.map(Some)
        }
        Ok(Asked { owner: None, .. }) => staff.scope(Right::ViewLedger).map(|_| None),
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/disposals");
    let (name, owners) = (owners.name(chosen), owners.choices("–"));
    let (form, views) = match found {
        Ok(views) => (FormState::filled(fields), views),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    let (first, next) = ways_on(&address, views.as_deref().unwrap_or_default(), PAGE);
    let lines = views.map(|views| views.iter().take(PAGE).filter_map(|view| line(&shell, view)).collect());
    page(form.status(), &DisposalsPage { shell, form, tabs, owners, name, lines, first, next })
}
