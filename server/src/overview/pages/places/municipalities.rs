//! Owners with health at a glance, those with trouble first.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::{RawQuery, State};
use http::StatusCode;

use crate::{
    access::{pages::SignedIn, rules::Staff},
    console::{Fields, FormState, PageResult, Shell, page, see_other},
    error::Result,
    overview::pages::{
        OverviewPages,
        address::{Address, SortLink},
        health::Health,
        places::{expectations, owner_health},
    },
    schools::{
        rules::{MunicipalityId, fold_name},
        store::MunicipalityRow,
    },
};

/// What the address may say.
const KEYS: [&str; 2] = ["q", "sort"];
/// Owners that are read.
const OWNERS: i64 = 2_000;
/// Lines of the table.
const LINES: usize = 300;

#[derive(Template)]
#[template(path = "overview/municipalities.html")]
struct MunicipalitiesPage {
    shell: Shell,
    form: FormState,
    sort: String,
    heads: Vec<SortLink>,
    lines: Vec<OwnerLine>,
    all: Health,
    part: bool,
    clear: Option<String>,
}

/// An owner of a table.
pub(in crate::overview::pages) struct OwnerLine {
    pub path: String,
    pub name: String,
    pub code: String,
    pub health: Health,
    pub state: (&'static str, &'static str),
    pub rank: u8,
}

pub(in crate::overview::pages) async fn municipalities(
    person: SignedIn,
    State(pages): State<OverviewPages>,
    RawQuery(raw): RawQuery,
) -> PageResult {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes());
    let address = Address::read("/municipalities", &KEYS, &fields);
    if let Some(path) = address.tidied(&fields, &[]) {
        return Ok(see_other(&path));
    }
    let (staff, shell) = (&person.staff, person.shell);
    let rows = pages.schools.list_municipalities(staff, None, "", OWNERS).await?;
    let rows: Vec<_> = rows.into_iter().filter(|row| matches(row, address.get("q"))).collect();
    let mut lines = lines(&pages, staff, &shell, rows).await?;
    let mut all = Health::default();
    lines.iter().for_each(|line| all.add(&line.health));
    sort(&mut lines, address.get("sort"));
    let part = lines.len() > LINES;
    lines.truncate(LINES);
    let template = MunicipalitiesPage {
        form: FormState::filled(Fields::of(address.pairs().iter().map(|(key, value)| (*key, value.clone())))),
        sort: address.get("sort").to_owned(),
        heads: heads(&shell, &address),
        clear: (!address.get("q").is_empty()).then(|| address.without("q").text()),
        lines,
        all,
        part,
        shell,
    };
    page(StatusCode::OK, &template)
}

/// Lines of these owners with their figures, in the order of the owners.
pub(in crate::overview::pages) async fn lines(
    pages: &OverviewPages,
    staff: &Staff,
    shell: &Shell,
    rows: Vec<MunicipalityRow>,
) -> Result<Vec<OwnerLine>> {
    let mut health = owner_health(pages, staff, None).await?;
    let ids: Vec<_> = rows.iter().map(|row| MunicipalityId(row.municipality_id)).collect();
    let expected = expectations(pages, staff, shell, &ids).await?;
    let line = |row: MunicipalityRow| {
        let id = row.municipality_id.to_string();
        let health = health.remove(&id).unwrap_or_default();
        let expected = expected.get(&id).copied().unwrap_or_default();
        OwnerLine {
            path: format!("/municipalities/{id}"),
            name: row.name,
            code: row.code,
            state: (health.tone(expected), health.state(shell, expected)),
            rank: health.rank(expected),
            health,
        }
    };
    Ok(rows.into_iter().map(line).collect())
}

fn matches(row: &MunicipalityRow, asked: &str) -> bool {
    let asked = fold_name(asked);
    asked.is_empty() || fold_name(&row.name).contains(&asked) || row.code.starts_with(&asked)
}

fn heads(shell: &Shell, address: &Address) -> Vec<SortLink> {
    let w = &shell.w.schools;
    let columns = [
        ("name", w.municipality, false),
        ("schools", w.schools, true),
        ("devices", w.devices, true),
        ("tracked", w.tracked, true),
        ("reporting", w.reporting, true),
        ("silent", w.silent, true),
        ("storage", w.storage_low, true),
        ("state", w.state, false),
        ("last", w.last, true),
    ];
    columns.into_iter().map(|(field, label, descends)| address.sorted_by(field, label, descends)).collect()
}

/// Sorts by what the address says, else trouble first; equal ones by their codes.
fn sort(lines: &mut [OwnerLine], by: &str) {
    lines.sort_by(|a, b| a.code.cmp(&b.code));
    let name = by.trim_start_matches('-');
    let number = |line: &OwnerLine| match name {
        "schools" => line.health.schools,
        "devices" => line.health.registered,
        "tracked" => line.health.tracked,
        "reporting" => line.health.reporting,
        "silent" => line.health.silent(),
        "storage" => line.health.storage_low,
        "state" => u64::from(line.rank),
        "last" => line.health.last.map_or(0, |at| at.0.unsigned_abs()),
        _ => 0,
    };
    match by {
        "name" => {}
        "-name" => lines.reverse(),
        "" => lines.sort_by_key(|line| (line.rank, Reverse(line.health.silent()), Reverse(line.health.registered))),
        down if down.starts_with('-') => lines.sort_by_key(|line| Reverse(number(line))),
        _up => lines.sort_by_key(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: &str, rank: u8, tracked: u64, reporting: u64) -> OwnerLine {
        OwnerLine {
            path: String::new(),
            name: String::new(),
            code: code.to_owned(),
            health: Health { tracked, reporting, ..Health::default() },
            state: ("", ""),
            rank,
        }
    }

    #[test]
    fn trouble_comes_first_unless_another_order_is_asked_for() {
        let order = |by: &str| {
            let mut lines = vec![line("1", 2, 9, 9), line("2", 1, 10, 5), line("3", 1, 10, 2), line("4", 4, 0, 0)];
            sort(&mut lines, by);
            lines.iter().map(|line| line.code.clone()).collect::<String>()
        };
        assert_eq!(order(""), "3214");
        assert_eq!([order("name"), order("-name")], ["1234", "4321"]);
        assert_eq!([order("silent"), order("-silent")], ["1423", "3214"]);
        assert_eq!(order("nonsense"), "1234");
    }

    #[test]
    fn owners_are_found_by_name_and_by_the_beginning_of_the_code() {
        let row = MunicipalityRow {
            municipality_id: uuid::Uuid::nil(),
            code: String::from("131130"),
            name: String::from("渋谷区"),
            kind: String::new(),
            keeps_names: false,
            version: 1,
        };
        assert!(matches(&row, "") && matches(&row, "渋　谷") && matches(&row, "１３１"));
        assert!(!matches(&row, "新宿") && !matches(&row, "130"));
    }
}
