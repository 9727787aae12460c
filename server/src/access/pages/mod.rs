//! Pages of sign-in and account, and who is signed in: [`SignedIn`], which the pages of all features take.

mod account;
mod door;
mod people;
mod trail;

use axum::{
    Router,
    extract::{Extension, FromRequestParts},
    response::Response,
    routing::post,
};
use http::request::Parts;
use uuid::Uuid;

use super::{
    rules::{Place, Right, Role, Staff, names::Language as AccountLanguage},
    service::{Access, sign_in::Client},
};
use crate::{
    console::{
        Fields, Language, NavEntry, PageError, PageResult, Shell, Visit,
        cookies::{self, SetCookie},
        see_other,
    },
    error::{Error, Kind, says},
    telemetry,
};

/// Seconds for which a browser keeps the language of somebody who is not signed in: a year.
const LANGUAGE_SECONDS: u64 = 365 * 86_400;

/// Whoever is signed in with password and second factor. A handler that takes it is closed to everybody else: they are sent
/// to sign in.
#[derive(Debug)]
pub struct SignedIn {
    /// The person with the rights in force now.
    pub staff: Staff,
    /// The shell of their page.
    pub shell: Shell,
    /// The session.
    pub session_id: Uuid,
    /// The request.
    pub visit: Visit,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let Extension(access) = Extension::<Access>::from_request_parts(parts, state)
            .await
            .map_err(|source| Error::internal("the pages are not wired", source))?;
        let Ok(visit) = Visit::from_request_parts(parts, state).await;
        let ended = || Error::new(Kind::Unauthenticated, "SESSION_ENDED", says::access::session_ended());
        let cookie = visit.session().ok_or_else(ended)?;
        let signed_in = access.session(cookie).await?;
        // The id: logs hold no names of people.
        telemetry::note_caller(|| signed_in.staff.id.map_or_else(String::new, |id| id.to_string()));
        if let Some(rotated) = &signed_in.rotated {
            visit.set_cookie(SetCookie::new(cookies::SESSION, rotated.as_str()));
        }
        let language = console_language(signed_in.language);
        let shell = visit.enter(language, &signed_in.display_name, nav(&signed_in.staff));
        Ok(Self { staff: signed_in.staff, shell, session_id: signed_in.session_id, visit })
    }
}

/// The pages of sign-in and account.
pub fn routes(access: Access) -> Router {
    Router::new()
        .route("/language", post(choose_language))
        .merge(door::routes())
        .merge(account::routes())
        .merge(people::routes())
        .merge(trail::routes())
        .with_state(access)
}

/// The menu that somebody's rights allow.
fn nav(staff: &Staff) -> Vec<NavEntry> {
    let entries = [
        (NavEntry::Home, Right::ViewFigures),
        (NavEntry::Tickets, Right::ViewTickets),
        (NavEntry::Network, Right::ViewFigures),
        (NavEntry::Devices, Right::ViewDevices),
        (NavEntry::Schools, Right::ViewFigures),
        (NavEntry::Municipalities, Right::ViewFigures),
        (NavEntry::Renewal, Right::ViewRenewal),
        (NavEntry::Imports, Right::ImportDevices),
        (NavEntry::Reviews, Right::ReviewIdentity),
        (NavEntry::Staff, Right::ManageStaff),
        (NavEntry::Audit, Right::ReadAudit),
    ];
    let school_only = staff.reaches().iter().all(|reach| matches!(reach.place, Place::School(..)));
    let allowed = entries.into_iter().filter(|(entry, right)| {
        // Of a part of an owner there is no money to see.
        let own_school = school_only && matches!(entry, NavEntry::Municipalities | NavEntry::Renewal);
        *entry == NavEntry::Home || (staff.has(*right) && !own_school)
    });
    allowed.map(|(entry, _)| entry).collect()
}

fn console_language(language: AccountLanguage) -> Language {
    match language {
        AccountLanguage::Japanese => Language::Ja,
        AccountLanguage::English => Language::En,
    }
}

fn account_language(language: Language) -> AccountLanguage {
    match language {
        Language::Ja => AccountLanguage::Japanese,
        Language::En => AccountLanguage::English,
    }
}

/// What a role is called.
pub fn role_text(language: Language, role: Role) -> &'static str {
    match role {
        Role::Administrator => language.choose("管理者", "Administrator"),
        Role::Engineer => language.choose("ICTエンジニア", "Engineer"),
        Role::BoardViewer => language.choose("教育委員会（閲覧）", "Board, reads"),
        Role::BoardEditor => language.choose("教育委員会（編集）", "Board, edits"),
        Role::SchoolStaff => language.choose("学校", "School staff"),
        Role::PrefectureViewer => language.choose("都道府県（集計のみ）", "Prefecture, figures only"),
    }
}

/// Who is at the other end.
fn client(visit: &Visit) -> Client {
    Client { address: visit.address(), agent: visit.agent().to_owned() }
}

/// Changes the language, in the account of somebody who is signed in and in the browser.
async fn choose_language(visit: Visit, access: axum::extract::State<Access>, fields: Fields) -> PageResult<Response> {
    let language = Language::from_tag(fields.get("language"))
        .ok_or_else(|| Error::invalid_field("language", says::fields::needs_language()))?;
    if let Some(cookie) = visit.session()
        && let Ok(signed_in) = access.session(cookie).await
    {
        access.set_language(&signed_in.staff, account_language(language)).await?;
        if let Some(rotated) = &signed_in.rotated {
            visit.set_cookie(SetCookie::new(cookies::SESSION, rotated.as_str()));
        }
    }
    visit.set_cookie(SetCookie::new(cookies::LANGUAGE, language.tag()).for_seconds(LANGUAGE_SECONDS));
    Ok(see_other(fields.get("next")))
}
