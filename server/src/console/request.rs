//! One request of a browser: who sends it, its time limit, its lane, the page of its fault, its line in the log.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use askama::Template;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;
use uuid::Uuid;

use super::{
    ConsoleSite, FORM_BYTES, NavEntry, PageError, Shell, Visit, assets,
    cookies::{self, SetCookie},
    csrf, headers,
    linger::Lingering,
    respond::{Fault, Flash, see_other},
    visit::VisitData,
    words::{Language, faults::sentence},
};
use crate::{
    clock::Clock,
    config::Limits,
    error::{Error, Kind, Result, says},
    telemetry::{self, Metrics, PageLabels, RequestNotes},
};

/// Seconds that a message waits for its page.
const FLASH_SECONDS: u64 = 60;
/// Time for an upload, which a school's line may need.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Everything that a request of a browser meets, shared by all connections.
#[derive(Debug, Clone)]
pub struct ConsoleApp {
    routes: Router,
    site: ConsoleSite,
    clock: Clock,
    lane: Arc<Semaphore>,
    request_timeout: Duration,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
    /// The parts that have pages.
    menu: Arc<[NavEntry]>,
}

/// The page of a fault.
#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    shell: Shell,
    title: &'static str,
    text: String,
    reason: &'a str,
    request: Uuid,
    again: bool,
}

impl ConsoleApp {
    /// Answers with the pages of all features.
    pub fn new(
        pages: Router,
        site: ConsoleSite,
        clock: Clock,
        limits: &Limits,
        metrics: Arc<Metrics>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let routes = pages
            .merge(assets::routes())
            .fallback(|| async { StatusCode::NOT_FOUND })
            // Inner layers of single routes override it.
            .layer(DefaultBodyLimit::max(FORM_BYTES))
            .layer(from_fn(note_route));
        let lane = Arc::new(Semaphore::new(limits.console_requests));
        Self { routes, site, clock, lane, request_timeout: limits.request_timeout, metrics, stop, menu: Arc::default() }
    }

    /// Finds out which parts of the menu have pages, so that it leads nowhere else.
    pub async fn with_menu(mut self) -> Result<Self> {
        let mut menu = Vec::new();
        for entry in NavEntry::ALL {
            if self.is_page(entry.path()).await? {
                menu.push(entry);
            }
        }
        self.menu = menu.into();
        Ok(self)
    }

    /// Whether somebody who opens a path finds a page there. Nobody is signed in, so one that is there sends us away.
    async fn is_page(&self, path: &str) -> Result<bool> {
        let request = Request::get(path).body(Body::empty());
        let mut request = request.map_err(|source| Error::internal("a path is wrong", source))?;
        let (visit, _) = self.visit(&request, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        request.extensions_mut().insert(visit);
        let answer = self.routes.clone().call(request).await.unwrap_or_else(|never| match never {});
        Ok(!matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED))
    }

    /// The nearest page above an address that takes a form only. A browser shows that address when the form was refused;
    /// who opens it again, or switches the language there, is led to the page of the form.
    async fn page_above(&self, path: &str) -> Option<Response> {
        let mut path = path.split('?').next()?;
        while let Some((above, _)) = path.rsplit_once('/') {
            path = above;
            let above = if path.is_empty() { "/" } else { path };
            if self.is_page(above).await.ok()? {
                return Some(see_other(above));
            }
        }
        None
    }

    /// Answers one request; never fails, never takes longer than its time.
    pub async fn answer(&self, request: Request<Body>, peer: IpAddr) -> Response {
        let started = Instant::now();
        let mut request = request.map(|body| Body::new(Lingering::new(body)));
        let (visit, new_cookie) = match self.visit(&request, peer) {
            Ok(visit) => visit,
            Err(error) => return PageError(error).into_response(),
        };
        request.extensions_mut().insert(visit.clone());
        let method = request.method().clone();
        let (response, notes) = telemetry::metered(self.within_limits(&visit, request)).await;
        let route = response.extensions().get::<Route>().map_or_else(|| String::from("other"), |route| route.0.clone());
        let above = match response.status() {
            StatusCode::METHOD_NOT_ALLOWED if method == Method::GET => self.page_above(visit.path()).await,
            _ => None,
        };
        let response = self.finish(&visit, new_cookie, above.unwrap_or(response));
        let status = response.status();
        let labels = PageLabels { method: method_name(&method), route: route.clone(), status: status.as_u16().into() };
        self.metrics.pages.get_or_create(&labels).inc();
        log(&method, &route, status, &notes, started.elapsed(), visit.id());
        response
    }

    /// What is known before the handler runs, and the browser's cookie if it is a new one.
    fn visit(&self, request: &Request<Body>, peer: IpAddr) -> Result<(Visit, Option<String>)> {
        let (secure, headers) = (self.site.secure, request.headers());
        let known = cookies::read(headers, cookies::VISIT, secure);
        let (cookie, new_cookie) = match known {
            Some(known) => (known, None),
            None => {
                let new = csrf::new_cookie()?;
                (new.clone(), Some(new))
            }
        };
        let flash = cookies::read(headers, cookies::FLASH, secure)
            .and_then(|text| String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok());
        let language = cookies::read(headers, cookies::LANGUAGE, secure).and_then(|tag| Language::from_tag(&tag));
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let visit = Visit::new(VisitData {
            id: Uuid::now_v7(),
            method: request.method().clone(),
            path: request.uri().path_and_query().map_or_else(|| String::from("/"), ToString::to_string),
            origin: self.site.public.clone().or_else(|| origin(request, secure)).unwrap_or_default(),
            language: language.unwrap_or_default(),
            csrf: csrf::field_of(&cookie),
            flash,
            session: cookies::read(headers, cookies::SESSION, secure),
            address: Some(self.site.public.as_ref().and_then(|_| forwarded(headers)).unwrap_or(peer)),
            agent: agent.chars().take(200).collect(),
            secure,
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            shell: OnceLock::new(),
            renewed_csrf: OnceLock::new(),
            cookies: Mutex::default(),
            menu: Arc::clone(&self.menu),
        });
        Ok((visit, new_cookie))
    }

    async fn within_limits(&self, visit: &Visit, request: Request<Body>) -> Response {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let time = if kind.starts_with("multipart/") { UPLOAD_TIMEOUT } else { self.request_timeout };
        let call = async {
            let _place = self.lane.acquire().await;
            let request = match *visit.method() {
                Method::GET | Method::HEAD => request,
                _ => match self.check_form(visit, request).await {
                    Ok(request) => request,
                    Err(error) => return PageError(error).into_response(),
                },
            };
            match self.routes.clone().call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        match tokio::time::timeout(time, call).await {
            Ok(response) => response,
            Err(_) => {
                let late = Error::new(Kind::Unavailable, "TIMEOUT", says::server::took_too_long());
                PageError(late).into_response()
            }
        }
    }

    async fn check_form(&self, visit: &Visit, request: Request<Body>) -> Result<Request<Body>> {
        csrf::check_origin(request.headers(), self.site.public.as_deref())?;
        csrf::check_field(request, &visit.shell().csrf).await
    }

    /// The page of a fault in its place, cookies, headers.
    fn finish(&self, visit: &Visit, new_cookie: Option<String>, response: Response) -> Response {
        let mut response = with_fault_page(visit, response);
        let mut set = visit.take_cookies();
        let html =
            response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if let Some(cookie) = new_cookie.filter(|_| html && !set.iter().any(|cookie| cookie.name == cookies::VISIT)) {
            set.push(SetCookie::new(cookies::VISIT, cookie));
        }
        if let Some(Flash(text)) = response.extensions_mut().remove::<Flash>() {
            let short: String = text.chars().take(200).collect();
            set.push(SetCookie::new(cookies::FLASH, BASE64_URL_SAFE_NO_PAD.encode(short)).for_seconds(FLASH_SECONDS));
        } else if html && visit.shell().flash.is_some() {
            set.push(SetCookie::removed(cookies::FLASH));
        }
        for cookie in set {
            response.headers_mut().append(header::SET_COOKIE, cookie.header(self.site.secure));
        }
        headers::put(response.headers_mut(), self.site.secure);
        response
    }
}

/// The pattern of the route that answered.
#[derive(Debug, Clone)]
struct Route(String);

async fn note_route(route: Option<MatchedPath>, request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        // The hash in the address of an asset would make a new series with each version.
        let pattern = if route.as_str().starts_with("/assets/") { "/assets" } else { route.as_str() };
        response.extensions_mut().insert(Route(pattern.to_owned()));
    }
    response
}

/// The console's address as the browser knows it.
fn origin(request: &Request<Body>, secure: bool) -> Option<String> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    (plain && !host.is_empty()).then(|| format!("http{}://{host}", if secure { "s" } else { "" }))
}

/// The address that the stated proxy names: the last one, since those before it are the browser's own words.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let all = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    all.rsplit(',').next()?.trim().parse().ok()
}

/// Puts the page of a fault in the place of an answer that has none; sends who must sign in to sign in.
fn with_fault_page(visit: &Visit, mut response: Response) -> Response {
    let fault = response.extensions_mut().remove::<Fault>();
    let status = response.status();
    let (fault, extensions) = match fault {
        Some(fault) => (fault, std::mem::take(response.extensions_mut())),
        None if status.is_client_error() || status.is_server_error() => {
            if response
                .headers()
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
            {
                return response;
            }
            let kind = if status.is_server_error() { Kind::Internal } else { Kind::Invalid };
            let fault = Fault { status, kind, reason: bare_reason(status), message: None, retry_after: None };
            (fault, std::mem::take(response.extensions_mut()))
        }
        None => return response,
    };
    if fault.kind == Kind::Unauthenticated {
        let own = *visit.method() == Method::GET && visit.path() != "/";
        let next = if own { format!("?next={}", super::forms::encode(visit.path())) } else { String::new() };
        let door = if fault.reason == "SECOND_FACTOR_REQUIRED" { "/sign-in/code" } else { "/sign-in" };
        return see_other(&format!("{door}{next}"));
    }
    let shell = visit.shell();
    let (title, text) = fault_text(&shell, &fault);
    let again =
        matches!(fault.kind, Kind::Conflict | Kind::Exhausted | Kind::Unavailable) && *visit.method() == Method::GET;
    let page = FaultPage { shell, title, text, reason: fault.reason, request: visit.id(), again };
    let mut answer = match page.render() {
        Ok(html) => (fault.status, axum::response::Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the page of a fault could not be made");
            fault.status.into_response()
        }
    };
    if let Some(seconds) = fault.retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allow.clone());
    }
    *answer.extensions_mut() = extensions;
    answer
}

/// A reason for what axum itself refused.
fn bare_reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "PAGE_NOT_FOUND",
        StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
        StatusCode::PAYLOAD_TOO_LARGE => "BODY_TOO_LARGE",
        StatusCode::BAD_REQUEST => "ADDRESS_INVALID",
        _ if status.is_server_error() => "INTERNAL",
        _ => "REQUEST_INVALID",
    }
}

fn fault_text(shell: &Shell, fault: &Fault) -> (&'static str, String) {
    let w = &shell.w.faults;
    let (title, text) = match (fault.kind, fault.reason) {
        (_, "METHOD_NOT_ALLOWED") => (w.method, w.not_found_text),
        (_, "BODY_TOO_LARGE") => (w.too_large, w.too_large_text),
        (_, "FORM_FORGED") => (w.forged, w.forged_text),
        // An address that holds no id names nothing.
        (_, "PAGE_NOT_FOUND" | "ADDRESS_INVALID") => (w.not_found, w.not_found_text),
        (Kind::NotFound, _) => (w.not_found, w.not_found_text),
        (Kind::Denied, _) | (Kind::Unauthenticated, _) => (w.denied, w.denied_text),
        (Kind::Conflict, _) => (w.conflict, w.conflict_text),
        (Kind::Exists, _) => (w.exists, ""),
        (_, "LINK_INVALID") => (w.link, ""),
        (Kind::Precondition, _) => (w.precondition, ""),
        (Kind::Invalid, _) => (w.invalid, w.invalid_text),
        (Kind::Exhausted, _) => (w.exhausted, w.exhausted_text),
        (Kind::Unavailable, _) => (w.unavailable, w.unavailable_text),
        (Kind::Internal, _) => (w.internal, w.internal_text),
    };
    let own = match fault.kind {
        Kind::Invalid | Kind::Exists | Kind::Precondition | Kind::Denied | Kind::Exhausted | Kind::Unavailable => {
            fault.message.as_ref().filter(|_| !matches!(fault.reason, "BODY_TOO_LARGE" | "FORM_FORGED"))
        }
        Kind::NotFound | Kind::Conflict | Kind::Unauthenticated | Kind::Internal => None,
    };
    (title, own.map_or_else(|| text.to_owned(), |message| sentence(shell.language, message)))
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

/// One line when a request ends. Addresses hold ids, so the route's pattern stands for them.
fn log(method: &Method, route: &str, status: StatusCode, notes: &RequestNotes, total: Duration, id: Uuid) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                method = method_name(method),
                route,
                status = status.as_u16(),
                reason = notes.reason,
                caller = notes.caller,
                cause = notes.cause,
                queries = notes.queries,
                database_us = notes.database_time.as_micros() as u64,
                total_us = total.as_micros() as u64,
                request_id = %id,
                "page"
            )
        };
    }
    match status {
        status if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => line!(error),
        _ if route == "/assets" => line!(debug),
        _ => line!(info),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
