//! Passwords: which are good enough, and how they are hashed.
//!
//! Invariant: a check takes the same time whether or not there is a hash to check against.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc::PasswordHash,
};
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{
    Both, Error, FieldViolation, Result,
    says::{access as say, fields},
};

/// Cost of a hash: what the OWASP Password Storage Cheat Sheet names as the least for Argon2id, 19 MiB, two passes, one lane
/// (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>, read 2026-11).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters of a password. The upper bound keeps a request small, it is not a limit of the hash.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;

/// Beginnings and whole passwords that guessers try first, of twelve characters and more or grown to it by digits.
const COMMON: [&str; 28] = [
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "pass1234",
    "123456",
    "12345678",
    "qwerty",
    "qwertyuiop",
    "1qaz2wsx",
    "asdfghjkl",
    "zaq12wsx",
    "abcdef",
    "abcd1234",
    "letmein",
    "welcome",
    "iloveyou",
    "admin",
    "administrator",
    "changeme",
    "gigafleet",
    "gigaschool",
    "school",
    "gakkou",
    "sakura",
    "teacher",
    "sensei",
    "tokyo",
];

/// A password that somebody typed, in the one form in which it is compared (NFKC: an input method may write the same letter
/// in full width).
#[derive(Clone)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    /// What was typed at a sign-in. None if no password can be that long.
    pub fn typed(text: &str) -> Option<Self> {
        (text.len() <= LENGTH.end() * 8).then(|| Self(text.nfkc().collect()))
    }

    /// A new password for somebody of these names.
    pub fn parse(field: &'static str, text: &str, names: &[&str]) -> Result<Self, FieldViolation> {
        let refuse = |message: Both| Err(FieldViolation::new(field, message));
        let Some(password) = Self::typed(text) else {
            return refuse(say::password_too_long(LENGTH.end()));
        };
        let count = password.0.chars().count();
        if !LENGTH.contains(&count) {
            return refuse(say::password_length(count, LENGTH.start(), LENGTH.end()));
        }
        if password.0.chars().any(char::is_control) {
            return refuse(fields::control_characters());
        }
        let plain = password.0.to_lowercase();
        let names = names.iter().map(|name| name.to_lowercase()).filter(|name| name.chars().count() >= 3);
        if names.into_iter().any(|name| rest_is_filler(&plain, &name)) {
            return refuse(say::password_is_name());
        }
        if is_common(&plain) {
            return refuse(say::password_common());
        }
        Ok(password)
    }

    /// Its hash, a PHC string.
    pub fn hash(&self) -> Result<String> {
        let hash = hasher().hash_password(self.0.as_bytes());
        Ok(hash.map_err(|source| Error::internal("a password could not be hashed", source.to_string()))?.to_string())
    }

    /// Whether it is the one that was hashed. Without a hash it is not, and takes as long to say so.
    pub fn matches(&self, hash: Option<&str>) -> bool {
        match hash.and_then(|hash| PasswordHash::new(hash).ok()) {
            Some(hash) => hasher().verify_password(self.0.as_bytes(), &hash).is_ok(),
            None => {
                let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
                // Done for its time only.
                let _same_time = hasher().hash_password_into(self.0.as_bytes(), b"no such account.", &mut out);
                false
            }
        }
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the cost is within the bounds of Argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether all that stands beside a word is digits, signs and repeats of it.
fn rest_is_filler(password: &str, word: &str) -> bool {
    password.contains(word) && !password.replace(word, "").chars().any(char::is_alphabetic)
}

fn is_common(password: &str) -> bool {
    let mut distinct: Vec<_> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let runs = |step: i64| {
        let codes: Vec<_> = password.chars().map(|c| i64::from(u32::from(c))).collect();
        codes.windows(2).all(|pair| pair[1] - pair[0] == step)
    };
    distinct.len() < 5
        || password.chars().all(|c| c.is_ascii_digit())
        || runs(1)
        || runs(-1)
        || COMMON.iter().any(|word| rest_is_filler(password, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Password, FieldViolation> {
        Password::parse("password", text, &["sato.hanako", "佐藤花子"])
    }

    #[test]
    fn weak_passwords_are_refused() {
        for text in [
            "short-one",
            "aaaaaaaaaaaaaaaa",
            "123456789012",
            "abcdefghijklmnop",
            "Password12345!",
            "sato.hanako2026",
            "佐藤花子1234567890",
            "Qwertyuiop123456",
            "tab\tin the middle",
            &"x1y2z3".repeat(30),
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        for text in
            ["correct horse battery", "sato likes 3 green tablets", "みどりのたんまつがさんだい", &"a1B2c3".repeat(21)]
        {
            assert!(check(text).is_ok(), "{text}: {:?}", check(text));
        }
    }

    #[test]
    fn hash_matches_its_password_only_in_every_width() {
        let hash = check("green tablets 42").unwrap().hash().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(Password::typed("ｇｒｅｅｎ ｔａｂｌｅｔｓ ４２").unwrap().matches(Some(&hash)));
        assert!(!Password::typed("green tablets 43").unwrap().matches(Some(&hash)));
        assert!(!Password::typed("green tablets 42").unwrap().matches(None));
        assert!(!Password::typed("green tablets 42").unwrap().matches(Some("junk")));
        assert!(Password::typed(&"x".repeat(100_000)).is_none());
    }
}
