//! A person at the console without a browser: pages, forms and cookies over plain HTTP, and the person's authenticator.
//!
//! Nothing is known here of what a page says but what a browser needs: the hidden field of a form, and on the way in the
//! secret that the authenticator takes over.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use totp_rs::{Builder, Secret};

use crate::wait::eventually;

/// Seconds of one code.
const STEP_SECONDS: u64 = 30;
/// Longest between that a code is shown and that the server looks at it, in seconds.
const TYPING_SECONDS: u64 = 8;
/// Longest that an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// The program on a person's telephone that shows codes (RFC 6238).
#[derive(Debug, Clone)]
pub struct Authenticator {
    secret: Secret,
    last_step: u64,
}

impl Authenticator {
    /// Takes a secret over, as a person types it.
    pub fn new(secret: &str) -> Self {
        let secret: String = secret.chars().filter(|c| !c.is_whitespace()).collect();
        Self { secret: Secret::try_from_base32(secret).expect("the secret is base 32"), last_step: 0 }
    }

    /// A code that was not shown before. The server takes the one before the present and the one after it as well, so three
    /// come at once; the fourth has to wait.
    pub async fn code(&mut self) -> String {
        let last = self.last_step;
        let step = eventually("a code that was not used", Duration::from_secs(2 * STEP_SECONDS), || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
            // The one before the present, unless it might be two before when the server looks.
            let next = ((since.as_secs() + TYPING_SECONDS) / STEP_SECONDS - 1).max(last + 1);
            (next <= since.as_secs() / STEP_SECONDS + 1).then_some(next)
        })
        .await;
        self.last_step = step;
        Builder::new().with_secret(self.secret.clone()).build_noncompliant().generate(step * STEP_SECONDS).to_string()
    }
}

/// What the console answered.
#[derive(Debug)]
pub struct Page {
    /// Of HTTP.
    pub status: StatusCode,
    /// Of HTTP.
    pub headers: HeaderMap,
    /// Of HTTP, as text.
    pub text: String,
}

impl Page {
    /// Where it sends the browser; empty if nowhere.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().expect("a path is ASCII"))
    }

    /// What stands between two texts.
    pub fn between(&self, before: &str, after: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(before)?;
        Some(rest.split_once(after)?.0)
    }

    /// The constant on the page of a fault.
    pub fn reason(&self) -> Option<&str> {
        self.between("<dd><code>", "</code>")
    }

    fn csrf(&self) -> Option<&str> {
        self.between("name=\"csrf\" value=\"", "\"")
    }
}

/// A visitor with cookies.
#[derive(Debug, Clone)]
pub struct Visitor {
    console: SocketAddr,
    /// As a browser keeps them.
    pub cookies: BTreeMap<String, String>,
    /// The hidden field of forms, and the cookie it belongs to.
    field: Option<(String, String)>,
}

/// Name of the cookie of the session.
pub const SESSION: &str = "gigafleet-session";
/// Name of the cookie that forms belong to.
const VISIT: &str = "gigafleet-visit";

impl Visitor {
    /// Somebody who comes for the first time.
    pub fn new(console: SocketAddr) -> Self {
        Self { console, cookies: BTreeMap::new(), field: None }
    }

    /// Opens a page; redirects are not followed.
    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, "", Bytes::new()).await
    }

    /// Sends a form with its hidden field.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf().await;
        let body = form(fields.iter().copied().chain([("csrf", csrf.as_str())]));
        self.post_raw(path, "application/x-www-form-urlencoded", body).await
    }

    /// Sends a body as it is.
    pub async fn post_raw(&mut self, path: &str, kind: &str, body: impl Into<Bytes>) -> Page {
        self.send(Method::POST, path, kind, body.into()).await
    }

    /// The hidden field, read from a page if it is not known.
    pub async fn csrf(&mut self) -> String {
        let known = self.field.clone().filter(|(cookie, _)| self.cookies.get(VISIT) == Some(cookie));
        if let Some((_, field)) = known {
            return field;
        }
        // Everybody may open this one, signed in or not; it has the form that changes the language.
        let mut page = self.get("/sign-in").await;
        if page.csrf().is_none() {
            page = self.get("/account").await;
        }
        if page.csrf().is_none() {
            page = self.get("/sign-in/code").await;
        }
        if page.csrf().is_none() {
            page = self.get("/sign-in/authenticator").await;
        }
        page.csrf().expect("a page has the field").to_owned()
    }

    /// Chooses a password through a one-time link, sets an authenticator up and is signed in.
    pub async fn accept_link(&mut self, path: &str, fields: &[(&str, &str)]) -> Authenticator {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let page = self.post(path, fields).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/sign-in/code"), "{}", page.text);
        self.set_authenticator_up().await
    }

    /// Takes the secret of the page over and gives its first code.
    pub async fn set_authenticator_up(&mut self) -> Authenticator {
        let page = self.get("/sign-in/authenticator").await;
        let secret = page.between("id=\"totp-secret\">", "<").expect("the page shows a secret");
        let mut authenticator = Authenticator::new(secret);
        let code = authenticator.code().await;
        let page = self.post("/sign-in/authenticator", &[("code", &code)]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        authenticator
    }

    /// Gives name and password; the second factor is still awaited.
    pub async fn give_password(&mut self, name: &str, password: &str) {
        let page = self.post("/sign-in", &[("name", name), ("password", password)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/sign-in/code?next=%2F"), "{}", page.text);
    }

    /// Signs in with password and code.
    pub async fn sign_in(&mut self, name: &str, password: &str, authenticator: &mut Authenticator) {
        self.give_password(name, password).await;
        let code = authenticator.code().await;
        let page = self.post("/sign-in/code", &[("code", &code)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"), "{}", page.text);
    }

    async fn send(&mut self, method: Method, path: &str, kind: &str, body: Bytes) -> Page {
        let answering = async {
            let answer = self.open(method, path, kind, Full::new(body).boxed_unsync()).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("the answer ends in order").to_bytes();
            Page { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
        };
        let page = tokio::time::timeout(ANSWER, answering).await.unwrap_or_else(|_| panic!("no answer: {path}"));
        let field = page.csrf().map(str::to_owned);
        if let (Some(cookie), Some(field)) = (self.cookies.get(VISIT), field) {
            self.field = Some((cookie.clone(), field));
        }
        page
    }

    /// Sends a request with the cookies and keeps those of the answer, whose body is still to come.
    pub async fn open(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: UnsyncBoxBody<Bytes, std::convert::Infallible>,
    ) -> http::Response<Incoming> {
        let stream = TcpStream::connect(self.console).await.expect("the console can be reached");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(async move {
            // An upload that is refused early is cut.
            let _cut = connection.await;
        });
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, self.console.to_string());
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.body(body).expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let (pair, flags) = set.to_str().expect("cookies are ASCII").split_once(';').expect("cookies have flags");
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            if flags.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// Fields as a browser writes them into the body of a form.
pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let escaped = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect::<String>()
    };
    let pairs: Vec<_> =
        fields.into_iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}
