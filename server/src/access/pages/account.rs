//! One's own account: roles, sessions, password, authenticator, recovery codes.

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::StatusCode;
use uuid::Uuid;

use super::{
    SignedIn, client,
    door::RecoveryPage,
    people::{chosen_place, chosen_role, place_choices, place_text, role_choices},
    role_text,
};
use crate::{
    access::{
        rules::{Right, Role, fields::parse_name},
        service::{Access, tokens::TokenOrder},
        store::tokens::TokenRow,
    },
    clock::Timestamp,
    console::{Fields, FormState, PageError, PageResult, Respond as _, Shell, page, see_other},
    error::{Error, FieldViolation},
};

/// Tokens that are shown at most.
const TOKENS: i64 = 100;

#[derive(Template)]
#[template(path = "access/account.html")]
struct AccountPage {
    shell: Shell,
    roles: Vec<(&'static str, String)>,
    sessions: Vec<SessionLine>,
    codes_left: i64,
    tokens: Vec<TokenLine>,
    token_roles: Vec<(String, String)>,
    token_places: Vec<(String, String)>,
    form: FormState,
}

struct TokenLine {
    id: String,
    name: String,
    role: &'static str,
    place: String,
    expires: Option<Timestamp>,
    used: Option<Timestamp>,
    good: bool,
}

#[derive(Template)]
#[template(path = "access/token.html")]
struct TokenPage {
    shell: Shell,
    name: String,
    secret: String,
}

struct SessionLine {
    id: String,
    client: String,
    address: String,
    begun: Timestamp,
    seen: Timestamp,
    here: bool,
    pending: bool,
}

pub(super) fn routes() -> Router<Access> {
    Router::new()
        .route("/account", get(account))
        .route("/account/password", post(change_password))
        .route("/account/authenticator", post(replace_authenticator))
        .route("/account/recovery-codes", post(new_recovery_codes))
        .route("/account/sessions/{session}/end", post(end_session))
        .route("/account/tokens", post(create_token))
        .route("/account/tokens/{token}/revoke", post(revoke_token))
}

async fn account(person: SignedIn, State(access): State<Access>) -> PageResult {
    show(person, &access, FormState::default()).await
}

async fn show(person: SignedIn, access: &Access, form: FormState) -> PageResult {
    let (shell, staff) = (&person.shell, &person.staff);
    let rows = access.list_tokens(staff, false, (i64::MAX, Uuid::max()), TOKENS).await?;
    let mut places: Vec<_> = rows.iter().map(TokenRow::place).collect();
    places.extend(staff.reaches().iter().map(|reach| reach.place.clone()));
    let names = access.place_names(staff, Right::ViewFigures, &places).await?;
    let roles = staff.reaches().iter();
    let roles = roles.map(|reach| (role_text(shell.language, reach.role), place_text(shell, &names, &reach.place)));
    let roles = roles.collect();
    let tokens = rows.iter().map(|row| TokenLine {
        id: row.token_id.to_string(),
        name: row.name.clone(),
        role: row.role().map_or("–", |role| role_text(shell.language, role)),
        place: place_text(shell, &names, &row.place()),
        expires: row.expires_at.map(Timestamp),
        used: row.used_at.map(Timestamp),
        good: row.is_good(shell.now),
    });
    let tokens = tokens.collect();
    // A token may have what the person has; the service refuses the rest.
    let own =
        |choice: &(String, String)| staff.reaches().iter().any(|reach| reach.role.to_number().to_string() == choice.0);
    let every = staff.reaches().iter().any(|reach| reach.role == Role::Administrator);
    let token_roles = role_choices(shell).into_iter().filter(|choice| every || own(choice)).collect();
    let token_places = place_choices(shell, staff, Right::ViewFigures, &names);
    let sessions = access.sessions(&person.staff).await?.into_iter().map(|row| SessionLine {
        id: row.session_id.to_string(),
        here: row.session_id == person.session_id,
        client: browser_of(&row.client),
        address: row.address,
        begun: Timestamp(row.created_at),
        seen: Timestamp(row.seen_at),
        pending: row.pending,
    });
    let sessions = sessions.collect();
    let codes_left = access.recovery_codes_left(&person.staff).await?;
    page(
        form.status(),
        &AccountPage { shell: person.shell, roles, sessions, codes_left, tokens, token_roles, token_places, form },
    )
}

/// A browser's long name in short: "Chrome, Windows"; where it is not known, the name itself.
fn browser_of(agent: &str) -> String {
    let of =
        |known: &[(&str, &'static str)]| known.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    // Later browsers name the earlier ones too, so the order counts.
    let browser = of(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = of(&[
        ("CrOS", "ChromeOS"),
        ("iPad", "iPadOS"),
        ("iPhone", "iOS"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        _ => agent.chars().take(60).collect(),
    }
}

/// A refused form comes back; a wrong password is the form's own fault here, not the session's.
fn again(error: Error) -> PageResult<FormState> {
    match error.reason {
        "SIGN_IN_FAILED" | "SIGN_IN_THROTTLED" | "SIGN_IN_BUSY" | "FIELD_INVALID" => {
            Ok(FormState::refused_here(Fields::default(), error))
        }
        _ => Err(PageError(error)),
    }
}

async fn change_password(person: SignedIn, State(access): State<Access>, fields: Fields) -> PageResult {
    let (old, new) = (fields.get("old_password"), fields.get("new_password"));
    match access.change_password(&person.staff, old, new, &client(&person.visit)).await {
        Ok(cookie) => {
            person.visit.set_session(cookie.as_str())?;
            Ok(see_other("/sign-in/code?next=%2Faccount").flash(person.shell.w.access.password_changed))
        }
        Err(error) => show(person, &access, again(error)?).await,
    }
}

async fn replace_authenticator(person: SignedIn, State(access): State<Access>, fields: Fields) -> PageResult {
    match access.replace_second_factor(&person.staff, fields.get("password"), &client(&person.visit)).await {
        Ok(cookie) => {
            person.visit.set_session(cookie.as_str())?;
            Ok(see_other("/sign-in/authenticator"))
        }
        Err(error) => show(person, &access, again(error)?).await,
    }
}

async fn new_recovery_codes(person: SignedIn, State(access): State<Access>, fields: Fields) -> PageResult {
    match access.new_recovery_codes(&person.staff, fields.get("password"), &client(&person.visit)).await {
        // Shown by the answer itself and kept nowhere.
        Ok(codes) => page(StatusCode::OK, &RecoveryPage { shell: person.shell, codes }),
        Err(error) => show(person, &access, again(error)?).await,
    }
}

async fn end_session(person: SignedIn, State(access): State<Access>, Path(session): Path<Uuid>) -> PageResult {
    access.end_session(&person.staff, session).await?;
    Ok(see_other("/account").flash(person.shell.w.access.session_ended))
}

async fn create_token(person: SignedIn, State(access): State<Access>, fields: Fields) -> PageResult {
    let (role, place) = (chosen_role(&fields), chosen_place(&access, &fields).await?);
    let name = parse_name("token_name", fields.get("token_name"));
    let days = fields.get("days").parse::<u64>().ok().filter(|days| (1..=366).contains(days));
    let days = days.ok_or_else(|| FieldViolation::new("days", "needs 1 to 366"));
    let made = match (role, place, name, days) {
        (Ok(role), Ok(place), Ok(name), Ok(days)) => {
            let lifetime = Duration::from_secs(days * 86_400);
            let order = TokenOrder { id: None, name, role, place, lifetime };
            access.create_token(&person.staff, order).await
        }
        (role, place, name, days) => {
            let wrong = [role.err(), place.err(), name.err(), days.err()].into_iter().flatten().collect();
            Err(Error::invalid_fields("FIELD_INVALID", wrong))
        }
    };
    match made {
        // Shown by the answer itself and kept nowhere.
        Ok((row, secret)) => page(StatusCode::OK, &TokenPage { shell: person.shell, name: row.name, secret }),
        Err(error) => {
            let form = match error.reason {
                "RIGHT_MISSING" => FormState::refused_here(fields, error),
                _ => FormState::refused(fields, error)?,
            };
            show(person, &access, form).await
        }
    }
}

async fn revoke_token(person: SignedIn, State(access): State<Access>, Path(token): Path<Uuid>) -> PageResult {
    access.revoke_token(&person.staff, token).await?;
    Ok(see_other("/account").flash(person.shell.w.access.token_revoked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_in_short() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(browser_of(edge), "Edge, Windows");
        assert_eq!(browser_of("Mozilla/5.0 (X11; CrOS x86_64 1) Chrome/140.0 Safari/537.36"), "Chrome, ChromeOS");
        assert_eq!(browser_of("curl/8"), "curl/8");
    }
}
