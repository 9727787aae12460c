//! The audit log: who did what when, and whether anybody changed it by hand.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    routing::{get, post},
};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{SignedIn, role_text};
use crate::{
    access::{
        rules::{MunicipalityId, Place, Right, Role},
        service::{Access, audit::Verification},
    },
    clock::Timestamp,
    console::{PageResult, Shell, format, page, words::audit as words},
};

/// Entries on one page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "access/audit.html")]
struct AuditPage {
    shell: Shell,
    chain: String,
    chains: Vec<(String, String)>,
    entries: Vec<EntryLine>,
    verifiable: bool,
    first: Option<String>,
    next: Option<String>,
}

struct EntryLine {
    sequence: i64,
    time: String,
    machine_time: String,
    actor: String,
    /// As people say it, and as the log has it.
    action: (String, String),
    subject: String,
    /// Short, whole, and the page of it if there is one.
    subject_id: (String, String, Option<String>),
    details: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "access/verified.html")]
struct VerifiedPage {
    shell: Shell,
    found: Verification,
}

#[derive(Debug, Deserialize)]
struct Look {
    #[serde(default)]
    chain: String,
    before: Option<i64>,
}

pub(super) fn routes() -> Router<Access> {
    Router::new().route("/audit", get(audit)).route("/audit/verify", post(verify))
}

async fn audit(person: SignedIn, State(access): State<Access>, Query(look): Query<Look>) -> PageResult {
    let (staff, shell) = (&person.staff, person.shell);
    staff.scope(Right::ReadAudit)?;
    let names = access.place_names(staff, Right::ReadAudit, &[]).await?;
    let whole = staff.holds(Right::ReadAudit, &Place::Everywhere);
    let mut chains = Vec::new();
    if whole {
        chains.push((String::new(), shell.w.access.audit_installation.to_owned()));
    }
    let owners = names.owners().iter().filter(|(id, ..)| staff.holds(Right::ReadAudit, &Place::Municipality(*id)));
    chains.extend(owners.map(|(id, _, name)| (id.to_string(), name.clone())));
    // Who reads one municipality only need not choose it.
    let chain =
        if look.chain.is_empty() { chains.first().map(|(id, _)| id.clone()).unwrap_or_default() } else { look.chain };
    let owner = match chain.as_str() {
        "" => None,
        text => Some(MunicipalityId(Uuid::parse_str(text).unwrap_or_default())),
    };
    let before = look.before.unwrap_or(i64::MAX);
    let mut entries = access.list_entries(staff, owner, before, PAGE + 1).await?;
    let more = i64::try_from(entries.len()).unwrap_or(i64::MAX) > PAGE;
    if more {
        entries.pop();
    }
    let address = |before: i64| format!("/audit?chain={chain}&before={before}");
    let next = more.then(|| entries.last()).flatten().map(|entry| address(entry.sequence));
    let first = look.before.map(|_| format!("/audit?chain={chain}"));
    let entries = entries.into_iter().map(|entry| EntryLine {
        sequence: entry.sequence,
        time: format::record_moment(entry.recorded_at),
        machine_time: format::machine_moment(entry.recorded_at),
        actor: entry.actor_name,
        action: (words::action_text(shell.language, &entry.action).to_owned(), entry.action),
        subject: words::subject_text(shell.language, &entry.subject_kind).to_owned(),
        subject_id: (
            short(&entry.subject_id),
            entry.subject_id.clone(),
            page_of(&entry.subject_kind, &entry.subject_id),
        ),
        details: details(&shell, &entry.details),
    });
    let entries = entries.collect();
    page(StatusCode::OK, &AuditPage { shell, chain, chains, entries, verifiable: whole, first, next })
}

/// The members of an entry's JSON, those of one level, as people read them.
fn details(shell: &Shell, json: &str) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(json) else { return Vec::new() };
    let members = members.into_iter().filter(|(_, value)| !value.is_null() && value != &serde_json::json!({}));
    let told = members.map(|(name, value)| {
        let text = match (name.as_str(), &value) {
            ("role", value) => {
                let role = value.as_i64().and_then(|number| Role::from_number(i16::try_from(number).ok()?));
                role.map(|role| role_text(shell.language, role).to_owned())
            }
            (name, value) if name.ends_with("_at") => value.as_i64().map(|at| shell.moment(Timestamp(at))),
            (_, serde_json::Value::String(text)) => Some(short(text)),
            (_, serde_json::Value::Bool(yes)) => {
                Some(if *yes { shell.w.shell.yes } else { shell.w.shell.no }.to_owned())
            }
            (_, _) => None,
        };
        (words::detail_text(shell.language, &name).to_owned(), text.unwrap_or_else(|| value.to_string()))
    });
    told.collect()
}

/// An id by its last digits, which differ; other texts whole.
fn short(text: &str) -> String {
    match Uuid::parse_str(text) {
        Ok(_) => format!("…{}", &text[text.len() - 8..]),
        Err(_) => text.to_owned(),
    }
}

/// The page of what was changed, where it has one.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let part = match kind {
        "device" => "devices",
        "school" => "schools",
        "municipality" => "municipalities",
        "staff" => "staff",
        _without_page => return None,
    };
    Uuid::parse_str(id).is_ok().then(|| format!("/{part}/{id}"))
}

async fn verify(person: SignedIn, State(access): State<Access>) -> PageResult {
    let found = access.verify_audit(&person.staff).await?;
    page(StatusCode::OK, &VerifiedPage { shell: person.shell, found })
}
