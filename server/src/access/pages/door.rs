//! The way in: name and password, code, one-time links, setting up the authenticator; and the way out.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use qrcode::{QrCode, render::svg};
use serde::Deserialize;

use super::{account_language, client};
use crate::{
    access::service::{
        Access,
        links::{Acceptance, LinkPurpose},
        sign_in::TotpOffer,
    },
    console::{
        Fields, FormState, PageError, PageResult, Respond as _, Shell, Visit,
        cookies::{self, SetCookie},
        forms::encode,
        page,
        respond::own_path,
        see_other,
    },
    error::{Error, Kind, says},
};

#[derive(Template)]
#[template(path = "access/sign_in.html")]
struct SignInPage {
    shell: Shell,
    form: FormState,
    next: String,
}

#[derive(Template)]
#[template(path = "access/code.html")]
struct CodePage {
    shell: Shell,
    form: FormState,
    next: String,
    person: String,
}

#[derive(Template)]
#[template(path = "access/authenticator.html")]
struct AuthenticatorPage {
    shell: Shell,
    form: FormState,
    secret: String,
    qr: String,
}

#[derive(Template)]
#[template(path = "access/recovery.html")]
pub(super) struct RecoveryPage {
    pub shell: Shell,
    pub codes: Vec<String>,
}

#[derive(Template)]
#[template(path = "access/setup.html")]
struct SetupPage {
    shell: Shell,
    form: FormState,
    action: String,
    title: &'static str,
    lead: &'static str,
    /// Known except for the first administrator.
    sign_in_name: Option<String>,
    display_name: Option<String>,
}

/// Where to after signing in.
#[derive(Debug, Deserialize)]
struct Onward {
    #[serde(default)]
    next: String,
}

impl Onward {
    fn path(&self) -> &str {
        own_path(&self.next).unwrap_or("/")
    }
}

pub(super) fn routes() -> Router<Access> {
    Router::new()
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/sign-in/code", get(code_form).post(code))
        .route("/sign-in/authenticator", get(authenticator_form).post(authenticator))
        .route("/setup/{secret}", get(setup_form).post(setup))
        .route("/sign-out", post(sign_out))
}

fn session_of(visit: &Visit) -> PageResult<&str> {
    let ended = || Error::new(Kind::Unauthenticated, "SESSION_ENDED", says::access::session_ended());
    visit.session().ok_or_else(ended).map_err(PageError)
}

/// The form again, unless the fault is one that this form cannot put right.
fn again(fields: Fields, error: Error) -> PageResult<FormState> {
    match error.reason {
        "SIGN_IN_FAILED"
        | "SECOND_FACTOR_FAILED"
        | "SIGN_IN_THROTTLED"
        | "SIGN_IN_BUSY"
        | "FIELD_INVALID"
        | "STAFF_EXISTS" => Ok(FormState::refused_here(fields, error)),
        _ => Err(PageError(error)),
    }
}

async fn sign_in_form(visit: Visit, State(access): State<Access>, Query(onward): Query<Onward>) -> PageResult {
    if let Some(cookie) = visit.session()
        && access.session(cookie).await.is_ok()
    {
        return Ok(see_other(onward.path()));
    }
    page(
        StatusCode::OK,
        &SignInPage { shell: visit.shell(), form: FormState::default(), next: onward.path().to_owned() },
    )
}

async fn sign_in(visit: Visit, State(access): State<Access>, fields: Fields) -> PageResult {
    let onward = Onward { next: fields.get("next").to_owned() };
    match access.sign_in(fields.get("name"), fields.get("password"), &client(&visit)).await {
        Ok(cookie) => {
            visit.set_session(cookie.as_str())?;
            Ok(see_other(&format!("/sign-in/code?next={}", encode(onward.path()))))
        }
        Err(error) => {
            let form = again(fields, error)?;
            page(form.status(), &SignInPage { shell: visit.shell(), form, next: onward.path().to_owned() })
        }
    }
}

async fn code_form(visit: Visit, State(access): State<Access>, Query(onward): Query<Onward>) -> PageResult {
    let cookie = session_of(&visit)?;
    if access.session(cookie).await.is_ok() {
        return Ok(see_other(onward.path()));
    }
    show_code(&visit, &access, &onward, FormState::default()).await
}

async fn show_code(visit: &Visit, access: &Access, onward: &Onward, form: FormState) -> PageResult {
    let pending = access.pending(session_of(visit)?).await?;
    if pending.needs_enrollment {
        return Ok(see_other("/sign-in/authenticator"));
    }
    let next = onward.path().to_owned();
    page(form.status(), &CodePage { shell: visit.shell(), form, next, person: pending.display_name })
}

async fn code(visit: Visit, State(access): State<Access>, fields: Fields) -> PageResult {
    let onward = Onward { next: fields.get("next").to_owned() };
    match access.second_factor(session_of(&visit)?, fields.get("code")).await {
        Ok(cookie) => {
            visit.set_session(cookie.as_str())?;
            Ok(see_other(onward.path()))
        }
        Err(error) => show_code(&visit, &access, &onward, again(Fields::default(), error)?).await,
    }
}

async fn authenticator_form(visit: Visit, State(access): State<Access>) -> PageResult {
    let cookie = session_of(&visit)?;
    if access.session(cookie).await.is_ok() {
        return Ok(see_other("/"));
    }
    if !access.pending(cookie).await?.needs_enrollment {
        return Ok(see_other("/sign-in/code"));
    }
    show_authenticator(&visit, &access, FormState::default()).await
}

async fn show_authenticator(visit: &Visit, access: &Access, form: FormState) -> PageResult {
    let offer = access.begin_totp(session_of(visit)?).await?;
    let qr = qr_code(&offer)?;
    let spaced: Vec<_> = offer.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    page(form.status(), &AuthenticatorPage { shell: visit.shell(), form, secret: spaced.join(" "), qr })
}

/// The picture for the authenticator: SVG without style, which the policy would refuse.
fn qr_code(offer: &TotpOffer) -> PageResult<String> {
    let code =
        QrCode::new(offer.uri.as_bytes()).map_err(|source| Error::internal("a QR code could not be made", source))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(200, 200).quiet_zone(true).build();
    // The declaration of XML has no place inside HTML.
    Ok(svg.find("<svg").map_or(svg.clone(), |at| svg[at..].to_owned()))
}

async fn authenticator(visit: Visit, State(access): State<Access>, fields: Fields) -> PageResult {
    match access.confirm_totp(session_of(&visit)?, fields.get("code")).await {
        Ok((cookie, codes)) => {
            visit.set_session(cookie.as_str())?;
            // Shown by the answer itself and kept nowhere.
            page(StatusCode::OK, &RecoveryPage { shell: visit.shell(), codes })
        }
        Err(error) => show_authenticator(&visit, &access, again(Fields::default(), error)?).await,
    }
}

async fn setup_form(visit: Visit, State(access): State<Access>, Path(secret): Path<String>) -> PageResult {
    show_setup(&visit, &access, &secret, FormState::default()).await
}

async fn show_setup(visit: &Visit, access: &Access, secret: &str, form: FormState) -> PageResult {
    let link = access.open_link(secret).await.map_err(link_gone)?;
    let shell = visit.shell();
    let w = &shell.w.access;
    let (title, lead) = match link.purpose {
        LinkPurpose::FirstAdministrator => (w.setup_first, w.setup_first_lead),
        LinkPurpose::Invitation => (w.setup_invitation, w.setup_invitation_lead),
        LinkPurpose::Reset => (w.setup_reset, w.setup_reset_lead),
    };
    let action = format!("/setup/{}", encode(secret));
    let (sign_in_name, display_name) = (link.sign_in_name, link.display_name);
    page(form.status(), &SetupPage { shell, form, action, title, lead, sign_in_name, display_name })
}

/// A used link is a page of its own, not the way to sign in.
fn link_gone(error: Error) -> Error {
    match error.reason {
        "LINK_INVALID" => Error::new(Kind::Precondition, "LINK_INVALID", error.message),
        _ => error,
    }
}

async fn setup(visit: Visit, State(access): State<Access>, Path(secret): Path<String>, fields: Fields) -> PageResult {
    let given = Acceptance {
        sign_in_name: fields.get("sign_in_name").to_owned(),
        display_name: fields.get("display_name").to_owned(),
        language: account_language(visit.language()),
        password: fields.get("password").to_owned(),
    };
    match access.accept_link(&secret, given, &client(&visit)).await {
        Ok(cookie) => {
            visit.set_session(cookie.as_str())?;
            Ok(see_other("/sign-in/code"))
        }
        Err(error) => show_setup(&visit, &access, &secret, again(fields, link_gone(error))?).await,
    }
}

async fn sign_out(visit: Visit, State(access): State<Access>) -> PageResult<Response> {
    if let Some(cookie) = visit.session() {
        access.sign_out(cookie).await?;
    }
    visit.set_cookie(SetCookie::removed(cookies::SESSION));
    Ok(see_other("/sign-in").flash(visit.shell().w.access.signed_out))
}
