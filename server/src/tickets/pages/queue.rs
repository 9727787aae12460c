//! The queue: views with their counts, filters, the tickets that match, the next to do first; or those in which words stand.

use askama::Template;
use axum::extract::{Path, RawQuery, State as Pages};
use http::StatusCode;
use uuid::Uuid;

use super::{Line, TicketPages, choices, names, query, school_choices, with_all};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
        service::names::PlaceNames,
    },
    console::{
        Fields, FormState, PageResult, Respond as _, Shell,
        address::{Address, Chip},
        live, page, refused, see_other,
        words::lists,
    },
    error::{Error, FieldViolation, Kind, Result, says::tickets as say},
    schools::rules::MunicipalityId,
    tickets::{
        failures::pages::{AlarmLine, alarm_lines},
        rules::{
            Category, Priority, State, WaitingOn,
            filter::{Due, Filter, Holder},
        },
        search::rules::{Excerpt, FoundPosition, TextQuery},
        service::{Behind, CountedView, ListOrder, SearchOrder, TicketView, ViewOrder},
    },
};

/// Tickets on one page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "tickets/queue.html")]
struct QueuePage {
    shell: Shell,
    form: FormState,
    keep: FormState,
    hidden: Vec<(&'static str, String)>,
    back: String,
    /// The same inside of another address.
    back_encoded: String,
    request: Uuid,
    tabs: Vec<Tab>,
    /// The kept list that is shown, if the caller keeps it.
    own_view: Option<String>,
    can_keep: bool,
    owners: Vec<(String, String)>,
    schools: Vec<(String, String)>,
    states: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    priorities: Vec<(String, String)>,
    holders: Vec<(String, String)>,
    dues: Vec<(String, String)>,
    more_open: bool,
    chips: Vec<Chip>,
    alarms: Vec<AlarmLine>,
    lines: Vec<Line>,
    shown: String,
    first: Option<String>,
    next: Option<String>,
    of_several: bool,
    may_work: bool,
    may_share: bool,
    may_report: bool,
    may_rule: bool,
    wrong: bool,
    whole: bool,
    people: Vec<(String, String)>,
}

/// A view with how many tickets it shows.
struct Tab {
    text: String,
    count: Option<u64>,
    path: String,
    here: bool,
}

/// Views that everybody has.
fn built_in(shell: &Shell) -> Vec<(&'static str, Filter)> {
    let w = &shell.w.tickets;
    let waiting = |whom: &[WaitingOn]| whom.iter().map(|whom| whom.to_number()).collect();
    vec![
        (w.all_open, Filter::default()),
        (w.mine, Filter { holder: Some(Holder::Me), ..Filter::default() }),
        (w.unassigned, Filter { holder: Some(Holder::Nobody), ..Filter::default() }),
        (w.late, Filter { due: Some(Due::Late), ..Filter::default() }),
        (w.today, Filter { due: Some(Due::Today), ..Filter::default() }),
        (w.waits_for_school, Filter { waiting_on: waiting(&[WaitingOn::Caller]), ..Filter::default() }),
        (w.waits_elsewhere, Filter { waiting_on: waiting(&[WaitingOn::Vendor, WaitingOn::Part]), ..Filter::default() }),
    ]
}

pub(super) async fn queue(person: SignedIn, Pages(pages): Pages<TicketPages>, RawQuery(raw): RawQuery) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let mut address = query::address(&fields);
    // Another municipality was chosen: the school that was chosen before is not of it.
    if fields.has("schools_of") && fields.get("schools_of") != address.get("municipality") {
        address = address.without("school");
    }
    if let Some(path) = address.tidied(&fields, &["schools_of"]) {
        return Ok(see_other(&path));
    }
    show(person, &pages, address, &fields, FormState::default()).await
}

/// What a page of the queue shows.
struct Found {
    views: Vec<TicketView>,
    excerpts: Vec<Vec<Excerpt>>,
    next: Option<(i64, Uuid)>,
}

/// A position in an address.
fn read_behind(text: &str) -> Option<Behind> {
    text.split_once('.').and_then(|(key, id)| Some((key.parse().ok()?, Uuid::try_parse(id).ok()?)))
}

async fn find(
    pages: &TicketPages,
    staff: &Staff,
    address: &Address,
    filter: &Filter,
    behind: Option<Behind>,
) -> Result<Found> {
    let full = |count: usize| i64::try_from(count).is_ok_and(|count| count >= PAGE);
    let done = address.get("done") == "1";
    if address.get("q").is_empty() {
        let order = ListOrder { filter: filter.clone(), done, behind, limit: PAGE };
        let views = pages.tickets.list(staff, order).await?;
        let next = views.last().filter(|_| full(views.len())).map(|view| (view.row.queue_key, view.row.ticket_id));
        return Ok(Found { excerpts: Vec::new(), views, next });
    }
    let text = TextQuery::parse("q", address.get("q"));
    let text = text.map_err(|wrong| Error::invalid_fields("FIELD_INVALID", vec![wrong]))?;
    let behind = behind.map(|(changed_at, ticket)| FoundPosition { changed_at, ticket });
    let order = SearchOrder { text, filter: filter.clone(), behind, limit: PAGE };
    let found = pages.tickets.search(staff, &order).await?;
    let next = found.next.map(|next| (next.changed_at, next.ticket));
    let (views, excerpts) = found.tickets.into_iter().map(|found| (found.ticket, found.excerpts)).unzip();
    Ok(Found { views, excerpts, next })
}

/// Pieces of an excerpt, marked or not.
fn pieces(excerpt: &Excerpt) -> Vec<(bool, String)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for mark in &excerpt.marked {
        pieces.push((false, excerpt.text.get(from..mark.start).unwrap_or_default().to_owned()));
        pieces.push((true, excerpt.text.get(mark.clone()).unwrap_or_default().to_owned()));
        from = mark.end;
    }
    pieces.push((false, excerpt.text.get(from..).unwrap_or_default().to_owned()));
    pieces.retain(|(_, text)| !text.is_empty());
    pieces
}

async fn show(person: SignedIn, pages: &TicketPages, address: Address, fields: &Fields, keep: FormState) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    let scope = staff.scope(Right::ViewTickets)?;
    let (mut filter, mut wrong) = query::read(&address);
    if filter.owner.is_some_and(|owner| scope.area(MunicipalityId(owner)).is_none()) {
        wrong.push(FieldViolation::new("municipality", lists::wrong_said("missing")));
        filter.owner = None;
        filter.school = None;
    }
    let behind = read_behind(fields.get("page"));
    let found = match wrong.is_empty() {
        true => find(pages, staff, &address, &filter, behind).await,
        false => Ok(Found { views: Vec::new(), excerpts: Vec::new(), next: None }),
    };
    let found = match found {
        Ok(found) => found,
        Err(error) if error.kind == Kind::Invalid => {
            wrong.extend(error.fields);
            Found { views: Vec::new(), excerpts: Vec::new(), next: None }
        }
        Err(error) if error.reason == "SCHOOL_NOT_FOUND" => {
            wrong.push(FieldViolation::new("school", lists::wrong_said("missing")));
            Found { views: Vec::new(), excerpts: Vec::new(), next: None }
        }
        Err(error) => return Err(error.into()),
    };
    let names = names(pages, staff, &found.views).await?;
    let works = staff.scope(Right::WorkTickets).ok();
    let me = staff.id.map(|me| me.0);
    let mut lines: Vec<_> = found.views.iter().map(|view| Line::of(&shell, view, &names, works.as_ref(), me)).collect();
    for (line, excerpts) in lines.iter_mut().zip(&found.excerpts) {
        line.excerpts = excerpts.iter().map(pieces).collect();
    }
    let only = Some(names.owners()).filter(|owners| owners.len() == 1).map(|owners| owners[0].0);
    let schools = match filter.owner.map(MunicipalityId).or(only) {
        Some(owner) => school_choices(pages, staff, owner).await?,
        None => Vec::new(),
    };
    let kept = pages.tickets.views(staff).await?;
    let own = |view: &&CountedView| view.is_own && query::address_of(&view.filter).text() == address.text();
    let own_view = kept.iter().find(own).map(|view| view.id.to_string());
    let tabs = tabs(pages, staff, &shell, &address, &kept).await?;
    let status = status_of(&wrong, &keep);
    let language = shell.language;
    let is_filter = address.get("q").is_empty() && address.get("done").is_empty() && !address.pairs().is_empty();
    let (is_wrong, is_first) = (!wrong.is_empty(), behind.is_none());
    let next = found.next.map(|(key, id)| with_page(&address, &format!("{key}.{id}")));
    let alarms = match works.is_some() && is_first {
        true => pages.tickets.failure_alarms(staff, Right::WorkTickets, None).await?,
        false => Vec::new(),
    };
    let template = QueuePage {
        alarms: alarm_lines(&shell, staff, &names, &alarms, filter.owner),
        chips: chips(&shell, &address, &filter, &names, &schools, pages, staff).await?,
        keep,
        hidden: address.pairs().to_vec(),
        back_encoded: crate::console::forms::encode(&address.text()),
        back: address.text(),
        request: Uuid::now_v7(),
        can_keep: is_filter && own_view.is_none() && !is_wrong && me.is_some(),
        own_view,
        tabs,
        owners: owner_choices(&shell, &names),
        schools: with_all(&shell, schools),
        states: with_all(&shell, choices(language, State::ALL, State::to_number, State::label)),
        categories: with_all(&shell, choices(language, Category::ALL, Category::to_number, Category::label)),
        priorities: with_all(&shell, choices(language, Priority::ALL, Priority::to_number, Priority::label)),
        holders: holders(&shell),
        dues: dues(&shell),
        more_open: wrong.iter().any(|violation| violation.field != "q" && violation.field != "municipality"),
        form: query::form(&address, wrong),
        shown: shell.showing(i64::try_from(lines.len()).unwrap_or(i64::MAX)),
        first: behind.is_some().then(|| address.text()),
        next,
        of_several: filter.owner.is_none() && names.owners().len() > 1,
        may_work: works.is_some() && me.is_some(),
        may_share: works.is_some(),
        may_report: staff.has(Right::ReportTickets),
        may_rule: staff.has(Right::EditSchools),
        wrong: is_wrong,
        whole: address.pairs().is_empty(),
        people: match works.is_some() {
            true => people(pages, staff, &found.views).await?,
            false => Vec::new(),
        },
        lines,
        shell,
    };
    page(status, &template)
}

/// Not found where all that is wrong is that something is missing.
fn status_of(wrong: &[FieldViolation], keep: &FormState) -> StatusCode {
    let is_missing = |violation: &FieldViolation| violation.message == lists::wrong_said("missing");
    match wrong {
        [] => keep.status(),
        wrong if wrong.iter().all(is_missing) => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Who may be given all of these tickets; none where they are of several owners.
async fn people(pages: &TicketPages, staff: &Staff, views: &[TicketView]) -> Result<Vec<(String, String)>> {
    let Some(first) = views.first() else { return Ok(Vec::new()) };
    let owner = first.row.municipality_id;
    if views.iter().any(|view| view.row.municipality_id != owner) {
        return Ok(Vec::new());
    }
    let people = pages.tickets.workers(staff, MunicipalityId(owner), None).await?;
    Ok(people.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

fn with_page(address: &Address, token: &str) -> String {
    let text = address.text();
    let mark = if text.contains('?') { '&' } else { '?' };
    format!("{text}{mark}page={token}")
}

async fn tabs(
    pages: &TicketPages,
    staff: &Staff,
    shell: &Shell,
    address: &Address,
    kept: &[CountedView],
) -> Result<Vec<Tab>> {
    let here = address.without("q").text();
    let built_in = built_in(shell);
    let filters: Vec<_> = built_in.iter().map(|(_, filter)| filter.clone()).collect();
    let counts = pages.tickets.counts(staff, &filters).await?;
    let mut tabs: Vec<_> = built_in
        .into_iter()
        .zip(counts)
        .filter(|((_, filter), _)| staff.id.is_some() || filter.holder != Some(Holder::Me))
        .map(|((text, filter), count)| (text.to_owned(), query::address_of(&filter).text(), count))
        .map(|(text, path, count)| Tab { here: path == here, text, count: Some(count), path })
        .collect();
    tabs.extend(kept.iter().map(|view| {
        let path = query::address_of(&view.filter).text();
        Tab { here: path == here, text: view.name.clone(), count: Some(view.count), path }
    }));
    if staff.id.is_some() {
        let (text, count) = (shell.w.tickets.followed.to_owned(), pages.tickets.count_news(staff).await?);
        let count = u64::try_from(count).ok().filter(|count| *count > 0);
        tabs.push(Tab { text, count, path: String::from("/tickets/followed"), here: false });
    }
    let done = "/tickets?done=1";
    let text = shell.w.tickets.done.to_owned();
    tabs.push(Tab { text, count: None, path: done.to_owned(), here: address.get("done") == "1" });
    Ok(tabs)
}

fn owner_choices(shell: &Shell, names: &PlaceNames) -> Vec<(String, String)> {
    if names.owners().len() < 2 {
        return Vec::new();
    }
    with_all(shell, names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone())).collect())
}

fn holders(shell: &Shell) -> Vec<(String, String)> {
    let w = &shell.w.tickets;
    let choices = [("me", w.mine), ("nobody", w.nobody)];
    with_all(shell, choices.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec())
}

fn dues(shell: &Shell) -> Vec<(String, String)> {
    let w = &shell.w.tickets;
    let choices = [("late", w.late), ("today", w.today)];
    with_all(shell, choices.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec())
}

/// Filters that hold, each with the way to the list without it.
async fn chips(
    shell: &Shell,
    address: &Address,
    filter: &Filter,
    names: &PlaceNames,
    schools: &[(String, String)],
    pages: &TicketPages,
    staff: &Staff,
) -> Result<Vec<Chip>> {
    let w = &shell.w.tickets;
    let language = shell.language;
    let mut chips = Vec::new();
    let mut chip =
        |key: &str, label, value: String| chips.push(Chip { label, value, path: address.without(key).text() });
    if !address.get("q").is_empty() {
        chip("q", w.search, address.get("q").to_owned());
    }
    if let Some(name) = filter.owner.and_then(|owner| names.owner(MunicipalityId(owner))) {
        chips.push(Chip {
            label: w.municipality,
            value: name.to_owned(),
            path: address.without("municipality").without("school").text(),
        });
    }
    let mut chip =
        |key: &str, label, value: String| chips.push(Chip { label, value, path: address.without(key).text() });
    if let Some(school) = filter.school {
        let name = schools.iter().find(|(id, _)| *id == school.to_string()).map(|(_, name)| name.clone());
        chip("school", w.school, name.unwrap_or_default());
    }
    if let Some(holder) = filter.holder {
        let name = match (holder, filter.owner) {
            (Holder::Me, _) => w.mine.to_owned(),
            (Holder::Nobody, _) => w.nobody.to_owned(),
            (Holder::Person(person), Some(owner)) => {
                let people = pages.tickets.workers(staff, MunicipalityId(owner), None).await.unwrap_or_default();
                people.into_iter().find(|(id, _)| id.0 == person).map_or_else(|| person.to_string(), |(_, name)| name)
            }
            (Holder::Person(person), None) => person.to_string(),
        };
        chip("holder", w.holder, name);
    }
    if let Some(due) = filter.due {
        chip("due", w.due, (if due == Due::Late { w.late } else { w.today }).to_owned());
    }
    if let Some(days) = filter.older_than_days {
        chip("older", w.older_days, days.to_string());
    }
    if filter.incident.is_some() {
        chip("incident", w.incident, w.of_incident.to_owned());
    }
    let mut each = |key: &'static str, label, numbers: &[i16], name: &dyn Fn(i16) -> Option<crate::error::Both>| {
        for number in numbers {
            let value = name(*number).map(|both| super::said(language, &both)).unwrap_or_default();
            chips.push(Chip { label, value, path: address.without_value(key, &number.to_string()).text() });
        }
    };
    each("state", w.state, &filter.states, &|number| State::from_number(number).map(State::label));
    each("category", w.category, &filter.categories, &|number| Category::from_number(number).map(Category::label));
    each("priority", w.priority, &filter.priorities, &|number| Priority::from_number(number).map(Priority::label));
    each("waiting", w.waiting, &filter.waiting_on, &|number| WaitingOn::from_number(number).map(WaitingOn::label));
    Ok(chips)
}

/// Tells a browser when a ticket in scope changed.
pub(super) async fn live(person: SignedIn, Pages(pages): Pages<TicketPages>) -> PageResult {
    let staff = person.staff.clone();
    Ok(live::changes(&person.visit, move || {
        let (tickets, staff) = (pages.tickets.clone(), staff.clone());
        async move { tickets.mark(&staff).await }
    })
    .await?)
}

/// Keeps the filters of the queue as a view.
pub(super) async fn keep(person: SignedIn, Pages(pages): Pages<TicketPages>, fields: Fields) -> PageResult {
    let address = query::address(&fields);
    let (filter, wrong) = query::read(&address);
    let order = ViewOrder { id: None, name: fields.get("name").to_owned(), is_shared: fields.has("shared"), filter };
    let kept = match wrong.is_empty() {
        true => pages.tickets.keep_view(&person.staff, order).await,
        false => Err(Error::invalid_field("name", say::filter_unknown())),
    };
    match kept {
        Ok(_) => Ok(see_other(&address.text()).flash(person.shell.w.tickets.kept)),
        Err(error) => {
            let (form, _) = refused(fields.clone(), error)?;
            show(person, &pages, address, &Fields::default(), form).await
        }
    }
}

/// Keeps a view no longer.
pub(super) async fn forget(person: SignedIn, Pages(pages): Pages<TicketPages>, Path(view): Path<Uuid>) -> PageResult {
    pages.tickets.delete_view(&person.staff, view).await?;
    Ok(see_other("/tickets").flash(person.shell.w.tickets.forgotten))
}
