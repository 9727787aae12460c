//! Cookies of the console. Over TLS their names begin with `__Host-`, which no other host and no plain page can set.

use http::{HeaderMap, HeaderValue, header};

/// The signed-in session.
pub const SESSION: &str = "gigafleet-session";
/// The browser, against forged forms.
pub const VISIT: &str = "gigafleet-visit";
/// Language of somebody who is not signed in.
pub const LANGUAGE: &str = "gigafleet-language";
/// What the step before has to say.
pub const FLASH: &str = "gigafleet-flash";

/// A cookie that an answer sets.
#[derive(Debug, Clone)]
pub struct SetCookie {
    /// One of the names of this module.
    pub name: &'static str,
    /// Letters, digits, `-`, `_`; empty takes the cookie away.
    pub value: String,
    /// Seconds; none lives as long as the browser.
    pub max_age: Option<u64>,
}

impl SetCookie {
    /// A cookie that lives as long as the browser.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), max_age: None }
    }

    /// A cookie that lives so many seconds.
    #[must_use]
    pub fn for_seconds(mut self, seconds: u64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// Takes a cookie away.
    pub fn removed(name: &'static str) -> Self {
        Self { name, value: String::new(), max_age: Some(0) }
    }

    /// The header.
    pub fn header(&self, secure: bool) -> HeaderValue {
        let (prefix, suffix) = if secure { ("__Host-", "; Secure") } else { ("", "") };
        let age = self.max_age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
        let text = format!("{prefix}{}={}; Path=/; HttpOnly; SameSite=Lax{suffix}{age}", self.name, self.value);
        HeaderValue::from_str(&text).expect("names and values of cookies are plain")
    }
}

/// The value of a cookie of ours, if it is one that we could have set.
pub fn read(headers: &HeaderMap, name: &str, secure: bool) -> Option<String> {
    let name = if secure { format!("__Host-{name}") } else { name.to_owned() };
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let value = all.flat_map(|text| text.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!value.is_empty() && value.len() <= 1_024 && value.chars().all(plain)).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_cookies_over_tls_and_on_loopback() {
        let cookie = SetCookie::new(SESSION, "abc");
        let tls = cookie.header(true);
        assert_eq!(tls, "__Host-gigafleet-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(cookie.header(false), "gigafleet-session=abc; Path=/; HttpOnly; SameSite=Lax");
        assert!(SetCookie::removed(FLASH).header(false).to_str().unwrap().ends_with("Max-Age=0"));
    }

    #[test]
    fn cookie_of_the_other_scheme_or_with_strange_letters_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; gigafleet-session=xyz; gigafleet-visit=\"q\""));
        assert_eq!(read(&headers, SESSION, false).as_deref(), Some("xyz"));
        assert_eq!(read(&headers, SESSION, true), None);
        assert_eq!(read(&headers, VISIT, false), None);
    }
}
