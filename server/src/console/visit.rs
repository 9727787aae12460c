//! One request of a browser and the shell around its page.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::extract::FromRequestParts;
use http::{Method, request::Parts};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    assets,
    cookies::{self, SetCookie},
    csrf,
    words::{Language, Words},
};
use crate::{
    clock::{Clock, Timestamp},
    error::{Both, FieldViolation, Result},
};

/// One request of a browser. Extract it where nobody needs to be signed in; `SignedIn` has its shell.
#[derive(Debug, Clone)]
pub struct Visit(Arc<VisitData>);

/// What is known of a request before its handler runs.
#[derive(Debug)]
pub(super) struct VisitData {
    pub id: Uuid,
    pub method: Method,
    pub path: String,
    /// `https://HOST` as the browser knows this console; empty if it does not say.
    pub origin: String,
    /// Of the cookie, which the signed-in person's choice overrides.
    pub language: Language,
    pub csrf: String,
    pub flash: Option<String>,
    pub session: Option<String>,
    pub address: Option<IpAddr>,
    pub agent: String,
    pub secure: bool,
    pub clock: Clock,
    pub stop: watch::Receiver<bool>,
    pub shell: OnceLock<Shell>,
    /// The hidden field of the forms on this answer, where the cookie changed with it.
    pub renewed_csrf: OnceLock<String>,
    /// Cookies for the answer, whatever it will be.
    pub cookies: Mutex<Vec<SetCookie>>,
    /// The parts that have pages.
    pub menu: Arc<[NavEntry]>,
}

impl Visit {
    pub(super) fn new(data: VisitData) -> Self {
        Self(Arc::new(data))
    }

    /// The number under which the log knows this request.
    pub fn id(&self) -> Uuid {
        self.0.id
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// A path of ours as a whole address, for somebody at another machine.
    pub fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin)
    }

    /// How it was asked for.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The secret of the session's cookie, if there is one.
    pub fn session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    /// Sets a cookie with the answer, whatever it will be.
    pub fn set_cookie(&self, cookie: SetCookie) {
        self.0.cookies.lock().unwrap_or_else(PoisonError::into_inner).push(cookie);
    }

    /// Sets the session's cookie. The forms that the browser has open from before are void; those of this answer are good.
    pub fn set_session(&self, secret: &str) -> Result<()> {
        let visit = csrf::new_cookie()?;
        self.set_cookie(SetCookie::new(cookies::SESSION, secret));
        self.0.renewed_csrf.get_or_init(|| csrf::field_of(&visit));
        self.set_cookie(SetCookie::new(cookies::VISIT, visit));
        Ok(())
    }

    /// The cookies for the answer.
    pub(super) fn take_cookies(&self) -> Vec<SetCookie> {
        std::mem::take(&mut *self.0.cookies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The peer's address; behind a stated proxy the one that the proxy names.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// What the browser calls itself, cut to 200 characters.
    pub fn agent(&self) -> &str {
        &self.0.agent
    }

    /// The language of the cookie.
    pub fn language(&self) -> Language {
        self.shell().language
    }

    /// Whether the browser came over TLS, to here or to the proxy.
    pub fn is_secure(&self) -> bool {
        self.0.secure
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Becomes true when the server stops.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.0.stop.clone()
    }

    /// The shell of this request: the signed-in person's once it is known, else that of a stranger.
    pub fn shell(&self) -> Shell {
        if let Some(shell) = self.0.shell.get() {
            let csrf = self.0.renewed_csrf.get().unwrap_or(&shell.csrf).clone();
            return Shell { csrf, ..shell.clone() };
        }
        self.make_shell(self.0.language, None, Vec::new())
    }

    /// Makes the person known, for this page and for a page of a fault; gives the shell.
    pub fn enter(&self, language: Language, name: &str, nav: Vec<NavEntry>) -> Shell {
        self.0.shell.get_or_init(|| self.make_shell(language, Some(name.to_owned()), nav)).clone()
    }

    fn make_shell(&self, language: Language, person: Option<String>, nav: Vec<NavEntry>) -> Shell {
        let w = language.words();
        let here = self.0.path.split('?').next().unwrap_or_default();
        let links = nav.into_iter().filter(|entry| self.0.menu.contains(entry)).map(|entry| NavLink {
            path: entry.path(),
            text: entry.text(w),
            here: entry.holds(here),
        });
        Shell {
            language,
            w,
            path: self.0.path.clone(),
            csrf: self.0.renewed_csrf.get().unwrap_or(&self.0.csrf).clone(),
            flash: self.0.flash.clone(),
            person,
            nav: links.collect(),
            now: self.now(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().expect("every request of the console is a visit"))
    }
}

/// A part of the console that the menu leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavEntry {
    /// What a person needs first.
    Home,
    /// What is to be done.
    Tickets,
    /// Where lessons stall.
    Network,
    /// List of devices.
    Devices,
    /// List of schools.
    Schools,
    /// List of owners.
    Municipalities,
    /// What is replaced when, and what it costs.
    Renewal,
    /// Files in.
    Imports,
    /// Identities that a person must decide.
    Reviews,
    /// Staff and grants.
    Staff,
    /// The audit log.
    Audit,
}

impl NavEntry {
    /// All parts.
    pub const ALL: [Self; 11] = [
        Self::Home,
        Self::Tickets,
        Self::Network,
        Self::Devices,
        Self::Schools,
        Self::Municipalities,
        Self::Renewal,
        Self::Imports,
        Self::Reviews,
        Self::Staff,
        Self::Audit,
    ];

    /// Where it leads.
    pub fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Tickets => "/tickets",
            Self::Network => "/network",
            Self::Devices => "/devices",
            Self::Schools => "/schools",
            Self::Municipalities => "/municipalities",
            Self::Renewal => "/renewal",
            Self::Imports => "/imports",
            Self::Reviews => "/reviews",
            Self::Staff => "/staff",
            Self::Audit => "/audit",
        }
    }

    fn text(self, w: &'static Words) -> &'static str {
        match self {
            Self::Home => w.shell.nav_home,
            Self::Tickets => w.shell.nav_tickets,
            Self::Network => w.shell.nav_network,
            Self::Devices => w.shell.nav_devices,
            Self::Schools => w.shell.nav_schools,
            Self::Municipalities => w.shell.nav_municipalities,
            Self::Renewal => w.shell.nav_renewal,
            Self::Imports => w.shell.nav_imports,
            Self::Reviews => w.shell.nav_reviews,
            Self::Staff => w.shell.nav_staff,
            Self::Audit => w.shell.nav_audit,
        }
    }

    fn holds(self, here: &str) -> bool {
        let own = self.path();
        here == own || (own != "/" && here.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// A line of the menu.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Where it leads.
    pub path: &'static str,
    /// What it says.
    pub text: &'static str,
    /// Whether the page is in that part.
    pub here: bool,
}

/// What the layout needs; the field `shell` of every page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The person's language.
    pub language: Language,
    /// All words in it.
    pub w: &'static Words,
    /// Path and query of this page.
    pub path: String,
    /// Value of the hidden field `csrf`.
    pub csrf: String,
    /// What the step before has to say, once.
    pub flash: Option<String>,
    /// Name of the signed-in person.
    pub person: Option<String>,
    /// The menu that the person's rights allow.
    pub nav: Vec<NavLink>,
    /// When the page was made.
    pub now: Timestamp,
}

impl Shell {
    /// Address of the style sheet.
    pub fn css(&self) -> &'static str {
        assets::css_path()
    }

    /// Address of the style sheet of reports from a phone.
    pub fn report_css(&self) -> &'static str {
        assets::report_css_path()
    }

    /// Address of the script.
    pub fn js(&self) -> &'static str {
        assets::js_path()
    }

    /// A moment in the person's language, or "never".
    pub fn moment(&self, at: impl Moment) -> String {
        super::format::moment(self.language, at.at(), self.now)
    }

    /// The same to the second, where seconds tell what came first.
    pub fn moment_with_seconds(&self, at: impl Moment) -> String {
        let at = at.at();
        let seconds = at.map_or(0, |at| at.0.div_euclid(1_000_000).rem_euclid(60));
        format!("{}:{seconds:02}", super::format::moment(self.language, at, self.now))
    }

    /// How long ago something was, in the person's language.
    pub fn ago(&self, at: impl Moment) -> String {
        super::format::ago(self.language, at.at(), self.now)
    }

    /// A number with its thousands apart.
    pub fn number(&self, number: impl Count) -> String {
        super::format::number(number.count())
    }

    /// How many lines a page of a list shows.
    pub fn showing(&self, shown: impl Count) -> String {
        super::words::shell::showing(self.language, shown.count())
    }

    /// How many there are of something.
    pub fn count(&self, count: impl Count) -> String {
        super::words::shell::count_items(self.language, count.count())
    }

    /// The message beside a field in the person's language.
    pub fn field_message(&self, message: &Both) -> String {
        self.language.choose(&message.ja, &message.en).clone().into_owned()
    }

    /// Name of the form's field that is wrong.
    pub fn field_name<'a>(&self, violation: &'a FieldViolation) -> &'a str {
        super::forms::field_name(violation)
    }

    /// The same where the field is not beside it: with the field's name, unless the message says it.
    pub fn violation_text(&self, violation: &FieldViolation) -> String {
        let message = self.field_message(&violation.message);
        match super::words::fields::field_label(self.language, self.field_name(violation)) {
            Some(label) if !message.contains(label) => format!("{label}{}{message}", self.language.choose("：", ": ")),
            Some(_) | None => message,
        }
    }

    /// The other language's tag, for the switch.
    pub fn other_language(&self) -> &'static str {
        self.language.choose(Language::En, Language::Ja).tag()
    }
}

/// A moment that a template shows, or none. Templates hand over references, hence the trait.
pub trait Moment {
    /// The moment.
    fn at(&self) -> Option<Timestamp>;
}

impl Moment for Timestamp {
    fn at(&self) -> Option<Timestamp> {
        Some(*self)
    }
}

impl Moment for Option<Timestamp> {
    fn at(&self) -> Option<Timestamp> {
        *self
    }
}

impl<T: Moment> Moment for &T {
    fn at(&self) -> Option<Timestamp> {
        (**self).at()
    }
}

/// A whole number that a template shows.
pub trait Count {
    /// The number; the largest there is for one that is larger.
    fn count(&self) -> i64;
}

macro_rules! counts {
    ($($number:ty)*) => {$(
        impl Count for $number {
            fn count(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

counts! { i16 i32 i64 u8 u16 u32 u64 usize }

impl<T: Count> Count for &T {
    fn count(&self) -> i64 {
        (**self).count()
    }
}
