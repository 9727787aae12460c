//! What an amount is of: from a year's yen to its parts, and from those to the entry, the ticket or the lots that are due.

use askama::Template;
use axum::extract::{RawQuery, State as Pages};

use super::{
    AS_OF, Asked, Foot, OWNER, Opened, RenewalPages, Tab, entry_path, may_export, number_word, said, tabs, year_text,
};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Place, Right, Staff},
        service::names::PlaceNames,
    },
    clock::Timestamp,
    console::{
        Fields, FormState, Language, PageResult, Shell,
        address::{Address, Chip},
        page,
        words::renewal as words,
    },
    error::{Both, Error, Result, collect},
    renewal::{
        rules::{
            CostKind, Payer,
            known::as_of_text,
            report::{
                Sealed,
                costs::{AmountBasis, CostReport},
                outlook::DueLot,
                parts::{PartFilter, PartSource},
            },
        },
        service::{PartView, PartsOrder},
    },
    schools::rules::{MunicipalityId, SchoolId, fiscal::FiscalYear, parse_uuid},
};

/// Parts on a page.
const PAGE: usize = 200;
/// Lots that are due, at most, on the page of a year.
const DUE_MOST: usize = 500;
/// What stands for "none" in an address.
const NONE: &str = "-";
/// The keys of the address, in their order.
const KEYS: [&str; 8] = [OWNER, AS_OF, "year", "payer", "kind", "school", "model", "from"];

#[derive(Template)]
#[template(path = "renewal/costs.html")]
struct CostsPage {
    shell: Shell,
    form: FormState,
    tabs: Vec<Tab>,
    owners: Vec<(String, String)>,
    payers: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    name: String,
    chips: Vec<Chip>,
    all: String,
    shown: Option<Shown>,
}

/// What the page shows of an owner.
struct Shown {
    recorded: String,
    expected: String,
    sums: Vec<Sum>,
    parts: Vec<PartLine>,
    due: Vec<DueLine>,
    count: usize,
    first: Option<String>,
    next: Option<String>,
    foot: Foot,
    exports: Option<[String; 4]>,
}

/// Amounts of a kind that one payer pays.
struct Sum {
    kind: String,
    path: String,
    payer: String,
    basis: String,
    amount: i64,
}

/// One amount with where it comes from.
struct PartLine {
    year: String,
    payer: String,
    kind: String,
    school: String,
    model: String,
    source: (String, Option<String>),
    serial: Option<(String, String)>,
    amount: i64,
}

/// A lot that is due.
struct DueLine {
    path: String,
    model: String,
    kind: String,
    school: String,
    year: String,
    reason: String,
    count: u32,
    is_past_os_end: bool,
}

/// Which amounts an address asks for. Reason: FIELD_INVALID, with all that is wrong.
pub(super) fn filter(fields: &Fields) -> Result<PartFilter> {
    let mut wrong = Vec::new();
    let year = match fields.get("year") {
        "" => Ok(None),
        text => FiscalYear::parse("year", text).map(Some),
    };
    let school = match fields.get("school") {
        "" => Ok(None),
        NONE => Ok(Some(None)),
        id => parse_uuid("school", id).map(|id| Some(Some(SchoolId(id)))),
    };
    let model = match fields.get("model") {
        "" => None,
        NONE => Some(String::new()),
        model => Some(model.to_owned()),
    };
    let year = collect(year, &mut wrong);
    let payer = collect(number_word("payer", fields.get("payer"), Payer::from_number), &mut wrong);
    let kind = collect(number_word("kind", fields.get("kind"), CostKind::from_number), &mut wrong);
    let school = collect(school, &mut wrong);
    match (year, payer, kind, school) {
        (Some(year), Some(payer), Some(kind), Some(school)) => Ok(PartFilter { year, payer, kind, school, model }),
        _ => Err(Error::invalid_fields("FIELD_INVALID", wrong)),
    }
}

/// Filters that hold, each with the way to the amounts without it.
fn chips(shell: &Shell, address: &Address, filter: &PartFilter, names: &PlaceNames) -> Vec<Chip> {
    let (w, language) = (&shell.w.renewal, shell.language);
    let school = filter.school.map(|school| school_text(shell, school, names));
    let model = filter.model.as_ref().map(|model| model_text(shell, model));
    let all = [
        ("year", w.year, filter.year.map(|year| year_text(language, year))),
        ("payer", w.payer, filter.payer.map(|payer| said(language, &payer.label()))),
        ("kind", w.kind, filter.kind.map(|kind| said(language, &kind.label()))),
        ("school", w.school, school),
        ("model", w.model, model),
    ];
    let chip = |(key, label, value): (&str, &'static str, Option<String>)| {
        Some(Chip { label, value: value?, path: address.without(key).without("from").text() })
    };
    all.into_iter().filter_map(chip).collect()
}

fn school_text(shell: &Shell, school: Option<SchoolId>, names: &PlaceNames) -> String {
    match school {
        None => shell.w.renewal.whole_owner.to_owned(),
        Some(school) => names.school(school).unwrap_or(shell.w.shell.unknown).to_owned(),
    }
}

fn model_text(shell: &Shell, model: &str) -> String {
    if model.is_empty() { shell.w.renewal.no_device.to_owned() } else { model.to_owned() }
}

fn sums(language: Language, report: &CostReport, filter: &PartFilter, address: &Address) -> Result<Vec<Sum>> {
    let asked = CostReport {
        lines: report.lines.iter().filter(|line| filter.fits(&line.key)).cloned().collect(),
        ..report.clone()
    };
    let sum = |((kind, payer, basis), amount): ((CostKind, Payer, AmountBasis), i64)| Sum {
        kind: said(language, &kind.label()),
        path: address
            .with("kind", &kind.to_number().to_string())
            .with("payer", &payer.to_number().to_string())
            .without("from")
            .text(),
        payer: said(language, &payer.label()),
        basis: said(language, &basis.label()),
        amount,
    };
    let all = asked.by(|line| (line.key.kind, line.key.payer, line.basis))?;
    Ok(all.into_iter().map(|(key, amount)| sum((key, amount.to_number()))).collect())
}

/// What all asked amounts of a basis come to.
fn total(shell: &Shell, report: &CostReport, filter: &PartFilter, basis: AmountBasis) -> String {
    let lines = report.lines.iter().filter(|line| line.basis == basis && filter.fits(&line.key));
    words::yen_text(shell.language, lines.map(|line| line.amount.to_number()).sum())
}

/// A text and where it leads, for who may go there.
type Link = (String, Option<String>);

/// Where an amount comes from: an entry with its devices, or a ticket that the reader sees.
fn source(
    (shell, staff): (&Shell, &Staff),
    owner: MunicipalityId,
    as_of: Timestamp,
    view: &PartView,
) -> (Link, Option<(String, String)>) {
    let key = &view.part.key;
    match view.part.source {
        PartSource::Entry(entry) => {
            let (year, payer) = (key.year.year(), key.payer.to_number());
            let as_of = crate::console::forms::encode(&as_of_text(as_of));
            let path = format!("{}?year={year}&payer={payer}&{AS_OF}={as_of}", entry_path(owner, entry));
            ((shell.w.renewal.entry.to_owned(), Some(path)), None)
        }
        PartSource::Ticket { number, device, .. } => {
            let sees = staff.scope(Right::ViewTickets).is_ok_and(|scope| scope.covers(owner, key.school));
            let path = sees.then(|| format!("/tickets/{owner}/{number}"));
            let serial = view.serial.clone().zip(device.map(|device| format!("/devices/{device}")));
            ((format!("{} #{number}", shell.w.renewal.ticket), path), serial)
        }
    }
}

fn part_line(
    (shell, staff): (&Shell, &Staff),
    (owner, as_of): (MunicipalityId, Timestamp),
    names: &PlaceNames,
    view: &PartView,
) -> PartLine {
    let (language, key) = (shell.language, &view.part.key);
    let (source, serial) = source((shell, staff), owner, as_of, view);
    PartLine {
        year: year_text(language, key.year),
        payer: said(language, &key.payer.label()),
        kind: said(language, &key.kind.label()),
        school: school_text(shell, key.school, names),
        model: key.model.clone(),
        source,
        serial,
        amount: view.part.amount.to_number(),
    }
}

/// Lots that are due, those of before the first year to come in that one.
fn due<'r>(report: &'r CostReport, filter: &PartFilter) -> Vec<&'r DueLot> {
    let first = report.outlook_from;
    let fits = |due: &&DueLot| {
        filter.year.is_none_or(|year| due.year.max(first) == year)
            && filter.kind.is_none_or(|kind| kind == due.kind)
            && filter.school.is_none_or(|school| school == due.school)
            && filter.model.as_ref().is_none_or(|model| *model == due.model)
    };
    report.due.iter().map(|(_, due)| due).filter(fits).take(DUE_MOST).collect()
}

fn due_line(shell: &Shell, owner: MunicipalityId, names: &PlaceNames, due: &DueLot) -> DueLine {
    let language = shell.language;
    DueLine {
        path: entry_path(owner, due.lot),
        model: due.model.clone(),
        kind: said(language, &due.kind.label()),
        school: school_text(shell, due.school, names),
        year: year_text(language, due.year),
        reason: said(language, &due.reason.label()),
        count: due.count,
        is_past_os_end: due.is_past_os_end,
    }
}

/// Everything of an owner that is asked for.
struct Found {
    sealed: Sealed<CostReport>,
    views: Vec<PartView>,
    names: PlaceNames,
    as_of: Timestamp,
}

async fn find(
    pages: &RenewalPages,
    staff: &Staff,
    owner: MunicipalityId,
    (asked_at, filter, from): (Option<Timestamp>, &PartFilter, usize),
) -> Result<Found> {
    let order = PartsOrder { owner, as_of: asked_at, filter: filter.clone(), from, limit: PAGE + 1 };
    let (views, sealed) = pages.renewal.parts_and_costs(staff, &order).await?;
    let as_of = sealed.report.as_of;
    let of_parts = views.iter().filter_map(|view| view.part.key.school);
    let of_due = due(&sealed.report, filter).into_iter().filter_map(|due| due.school);
    let of_filter = filter.school.flatten();
    let places: Vec<_> = of_parts.chain(of_due).chain(of_filter).map(|school| Place::School(owner, school)).collect();
    let names = pages.access.place_names(staff, Right::ViewLedger, &places).await?;
    Ok(Found { sealed, views, names, as_of })
}

fn shown(
    (shell, staff): (&Shell, &Staff),
    owner: MunicipalityId,
    (filter, from): (&PartFilter, usize),
    (found, address, exports): (&Found, &Address, Option<[String; 4]>),
) -> Result<Shown> {
    let report = &found.sealed.report;
    // As of one time the order of parts never changes, so the next page is of the same time.
    let at = address.with(AS_OF, &as_of_text(found.as_of));
    let next = (found.views.len() > PAGE).then(|| at.with("from", &(from + PAGE).to_string()).text());
    let parts: Vec<_> = found
        .views
        .iter()
        .take(PAGE)
        .map(|view| part_line((shell, staff), (owner, found.as_of), &found.names, view))
        .collect();
    Ok(Shown {
        recorded: total(shell, report, filter, AmountBasis::Recorded),
        expected: total(shell, report, filter, AmountBasis::Expected),
        sums: sums(shell.language, report, filter, address)?,
        count: parts.len(),
        parts,
        due: due(report, filter).into_iter().map(|due| due_line(shell, owner, &found.names, due)).collect(),
        first: (from > 0).then(|| address.without("from").text()),
        next,
        foot: Foot::of(shell, &found.sealed, report.as_of, &report.rules),
        exports,
    })
}

fn choices(shell: &Shell, all: impl Iterator<Item = (i16, Both)>) -> Vec<(String, String)> {
    let first = std::iter::once((String::new(), shell.w.shell.all.to_owned()));
    first.chain(all.map(|(number, label)| (number.to_string(), said(shell.language, &label)))).collect()
}

pub(super) async fn costs(person: SignedIn, Pages(pages): Pages<RenewalPages>, RawQuery(raw): RawQuery) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let Opened { fields, owners, asked } = Opened::read(&pages, (staff, Right::ViewLedger), raw, shell.now).await?;
    let address = Address::read("/renewal/costs", &KEYS, &fields);
    let from = super::number_of(&fields, "from").unwrap_or(0);
    let asked = asked.and_then(|asked: Asked| Ok((asked, filter(&fields)?)));
    let (mut chosen, mut held) = (None, Vec::new());
    let made = match asked {
        Ok((Asked { owner: Some(owner), as_of }, filter)) => {
            chosen = Some(owner);
            match find(&pages, staff, owner, (as_of, &filter, from)).await {
                Ok(found) => {
                    held = chips(&shell, &address, &filter, &found.names);
                    let export = |form: &str| {
                        let address = super::address("/renewal/export", &fields).with("report", "costs");
                        address.with(AS_OF, &as_of_text(found.as_of)).with("form", form).text()
                    };
                    let may = may_export(staff, &owners, Some(owner));
                    let exports = may.then(|| super::forms(export));
                    let parts = (&found, &address, exports);
                    Ok(Some(shown((&shell, staff), owner, (&filter, from), parts)?))
                }
                Err(error) => Err(error),
            }
        }
        Ok((Asked { owner: None, .. }, _)) => staff.scope(Right::ViewLedger).map(|_| None),
        Err(error) => Err(error),
    };
    let tabs = tabs(&shell, staff, &fields, "/renewal/costs");
    let payers = choices(&shell, Payer::ALL.iter().map(|payer| (payer.to_number(), payer.label())));
    let kinds = choices(&shell, CostKind::ALL.iter().map(|kind| (kind.to_number(), kind.label())));
    let all = super::address("/renewal/costs", &fields).text();
    let (name, owners) = (owners.name(chosen), owners.choices("–"));
    let (form, shown) = match made {
        Ok(shown) => (FormState::filled(fields), shown),
        Err(error) => (FormState::refused(fields, error)?, None),
    };
    let template = CostsPage { shell, form, tabs, owners, payers, kinds, name, chips: held, all, shown };
    page(template.form.status(), &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_names_the_whole_owner_and_no_device_with_a_dash() {
        let read = |query: &str| filter(&Fields::parse(query.as_bytes()));
        let found = read("year=R9&payer=5&kind=10&school=-&model=-").unwrap();
        let year = FiscalYear::starting_in(2027);
        assert_eq!((found.year, found.payer, found.kind), (year, Some(Payer::Own), Some(CostKind::Repair)));
        assert_eq!((found.school, found.model), (Some(None), Some(String::new())));
        assert_eq!(read("").unwrap(), PartFilter::default());
        let wrong = read("year=7&payer=9&kind=x&school=x").unwrap_err();
        assert_eq!(wrong.fields.len(), 4);
    }
}
