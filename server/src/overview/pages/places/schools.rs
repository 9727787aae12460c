//! Schools in scope with health at a glance.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use uuid::Uuid;

use super::{expectations, registered};
use crate::{
    access::{
        pages::SignedIn,
        rules::{Right, Staff},
        service::names::PlaceNames,
    },
    console::{
        Fields, FormState, PageResult, Shell, page, see_other,
        words::{lists as list_words, schools as words},
    },
    error::{Error, FieldViolation, Result},
    overview::pages::{
        OverviewPages,
        address::{Address, Chip},
        health::Health,
    },
    schools::{
        rules::{
            MunicipalityId,
            search::{SchoolKind, SchoolPosition, SchoolSearch, parse_fragment},
        },
        store::SchoolRow,
    },
};

/// What the address may say.
const KEYS: [&str; 4] = ["q", "municipality", "kind", "closed"];
/// Schools on one page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "overview/schools.html")]
struct SchoolsPage {
    shell: Shell,
    form: FormState,
    owners: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    chips: Vec<Chip>,
    lines: Vec<SchoolLine>,
    shown: String,
    first: Option<String>,
    next: Option<String>,
    whole: bool,
    wrong: bool,
}

/// A school of a table.
pub(in crate::overview::pages) struct SchoolLine {
    pub path: String,
    pub name: String,
    pub municipality: String,
    pub kind: &'static str,
    pub code: String,
    pub health: Health,
    pub state: (&'static str, &'static str),
    pub shelter: bool,
    expected: bool,
}

impl SchoolLine {
    /// Trouble first.
    pub fn rank(&self) -> u8 {
        self.health.rank(self.expected)
    }
}

/// What is wrong with the address: its key and the name of the fault.
type Wrong = Vec<(&'static str, &'static str)>;

pub(in crate::overview::pages) async fn schools(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let address = Address::read("/schools", &KEYS, &fields);
    if let Some(path) = address.tidied(&fields, &[]) {
        return Ok(see_other(&path));
    }
    let (staff, shell) = (&person.staff, person.shell);
    let names = pages.access.place_names(staff, Right::ViewFigures, &[]).await?;
    let (search, mut wrong) = read(&address);
    if search.municipality.is_some_and(|owner| names.owner(owner).is_none()) {
        wrong.push(("municipality", "missing"));
    }
    let token = fields.get("page");
    let behind = position(token);
    if behind.is_none() && !token.is_empty() {
        wrong.push(("page", "page"));
    }
    let mut rows = match wrong.is_empty() {
        true => pages.schools.search_schools(staff, &search, behind.as_ref(), PAGE + 1).await?,
        false => Vec::new(),
    };
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > PAGE);
    if more {
        rows.pop();
    }
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| address.with("page", &URL_SAFE_NO_PAD.encode(last.position().to_bytes())).text());
    let lines = lines(&pages, staff, &shell, &rows, &names).await?;
    let missing = wrong.iter().all(|(_, what)| *what == "missing");
    let status = match wrong.is_empty() {
        true => StatusCode::OK,
        false if missing => StatusCode::NOT_FOUND,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let all = || (String::new(), shell.w.shell.all.to_owned());
    let owners = names.owners().iter().map(|(id, _, name)| (id.to_string(), name.clone()));
    let owners: Vec<_> =
        if names.owners().len() > 1 { std::iter::once(all()).chain(owners).collect() } else { Vec::new() };
    let kinds = SchoolKind::ALL.into_iter().map(|kind| (kind.prefix().to_owned(), kind_text(&shell, kind).to_owned()));
    let template = SchoolsPage {
        form: form(&address, &wrong),
        owners,
        kinds: std::iter::once(all()).chain(kinds).collect(),
        chips: chips(&shell, &address, &names),
        shown: shown(&shell, lines.len()),
        lines,
        first: (!token.is_empty()).then(|| address.text()),
        next,
        whole: address.pairs().is_empty(),
        wrong: !wrong.is_empty(),
        shell,
    };
    page(status, &template)
}

/// Reads the address; what makes no sense is left out and told.
fn read(address: &Address) -> (SchoolSearch, Wrong) {
    let mut wrong = Vec::new();
    let text = |key: &'static str| Some(address.get(key)).filter(|text| !text.is_empty());
    let fragment = parse_fragment("q", address.get("q")).unwrap_or_else(|_| {
        wrong.push(("q", "length"));
        None
    });
    let kind = text("kind").and_then(|prefix| {
        let kind = SchoolKind::from_prefix(prefix);
        if kind.is_none() {
            wrong.push(("kind", "choice"));
        }
        kind
    });
    let municipality = text("municipality").and_then(|id| {
        let id = Uuid::try_parse(id).ok().map(MunicipalityId);
        if id.is_none() {
            wrong.push(("municipality", "missing"));
        }
        id
    });
    let with_closed = match text("closed") {
        None => false,
        Some("1") => true,
        Some(_) => {
            wrong.push(("closed", "choice"));
            false
        }
    };
    (SchoolSearch { municipality, fragment, kind, with_closed }, wrong)
}

fn position(token: &str) -> Option<SchoolPosition> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    SchoolPosition::from_bytes(&bytes)
}

fn form(address: &Address, wrong: &Wrong) -> FormState {
    let fields = Fields::of(address.pairs().iter().map(|(key, value)| (*key, value.clone())));
    if wrong.is_empty() {
        return FormState::filled(fields);
    }
    let told = |(key, what): &(&'static str, &'static str)| FieldViolation::new(*key, list_words::wrong_said(what));
    FormState::refused_here(fields, Error::invalid_fields("FIELD_INVALID", wrong.iter().map(told).collect()))
}

fn chips(shell: &Shell, address: &Address, names: &PlaceNames) -> Vec<Chip> {
    let w = &shell.w.schools;
    let chip = |(key, value): &(&'static str, String)| {
        let (label, text) = match *key {
            "q" => (w.search_school, value.clone()),
            "municipality" => {
                let owner = Uuid::try_parse(value).ok().and_then(|id| names.owner(MunicipalityId(id)));
                (w.municipality, owner.unwrap_or(shell.w.shell.unknown).to_owned())
            }
            "kind" => {
                (w.school_kind, words::kind_text(shell.language, value).unwrap_or(shell.w.shell.unknown).to_owned())
            }
            _closed => (w.state, w.with_closed.to_owned()),
        };
        Chip { label, value: text, path: address.without(key).text() }
    };
    address.pairs().iter().map(chip).collect()
}

fn shown(shell: &Shell, count: usize) -> String {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let schools = words::schools_text(shell.language, count);
    shell.language.choose(format!("{schools}を表示"), format!("{schools} shown"))
}

/// What kind of school it is.
pub(super) fn kind_text(shell: &Shell, kind: SchoolKind) -> &'static str {
    words::kind_text(shell.language, kind.prefix()).unwrap_or(shell.w.shell.unknown)
}

/// Lines of these schools with their figures, in the order of the schools.
pub(in crate::overview::pages) async fn lines(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    rows: &[SchoolRow],
    names: &PlaceNames,
) -> Result<Vec<SchoolLine>> {
    let mut owners: Vec<_> = rows.iter().map(|row| MunicipalityId(row.municipality_id)).collect();
    owners.dedup();
    let expected = expectations(pages, staff, shell, &owners).await?;
    let figures = pages.overview.schools_of(staff, rows).await?;
    let figures: HashMap<_, _> = figures.into_iter().map(|school| (school.school_id.clone(), school)).collect();
    let mut counts = HashMap::new();
    for owner in owners {
        counts.extend(registered(pages, staff, owner).await?);
    }
    let line = |row: &SchoolRow| {
        let id = row.school_id.to_string();
        let mut health = figures.get(&id).map(Health::of_school).unwrap_or_default();
        health.registered = counts.get(&row.school_id).copied().unwrap_or_default();
        let expected = expected.get(&row.municipality_id.to_string()).copied().unwrap_or_default();
        let code = row.code.clone().unwrap_or_default();
        SchoolLine {
            path: format!("/schools/{id}"),
            name: row.name.clone(),
            municipality: names.owner(MunicipalityId(row.municipality_id)).unwrap_or_default().to_owned(),
            kind: SchoolKind::of_code(&code).map_or("", |kind| kind_text(shell, kind)),
            state: match row.closed_at {
                Some(_) => ("quiet", shell.w.schools.closed),
                None => (health.tone(expected), health.state(shell, expected)),
            },
            code,
            health,
            shelter: row.is_shelter,
            expected,
        }
    };
    Ok(rows.iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(query: &str) -> Address {
        Address::read("/schools", &KEYS, &Fields::parse(query.as_bytes()))
    }

    #[test]
    fn search_is_read_and_what_is_wrong_is_told() {
        let owner = Uuid::now_v7();
        let (search, wrong) = read(&address(&format!("q=第１&municipality={owner}&kind=B1&closed=1")));
        let expected = SchoolSearch {
            municipality: Some(MunicipalityId(owner)),
            fragment: Some(String::from("第1")),
            kind: Some(SchoolKind::Elementary),
            with_closed: true,
        };
        assert_eq!((search, wrong), (expected, vec![]));
        let long = format!("q={}&municipality=1&kind=B&closed=yes", "x".repeat(65));
        let (search, wrong) = read(&address(&long));
        assert_eq!(search, SchoolSearch::default());
        assert_eq!(wrong, [("q", "length"), ("kind", "choice"), ("municipality", "missing"), ("closed", "choice")]);
    }

    #[test]
    fn forged_page_is_no_position() {
        for forged in ["", "x", "AAAA", "あ"] {
            assert_eq!(position(forged), None);
        }
    }
}
