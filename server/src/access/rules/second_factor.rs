//! The second factor: codes of an authenticator (RFC 6238) and recovery codes.
//!
//! Invariants: a step of time is accepted once; secrets rest sealed under a key that is not in the database.

use std::fmt::Write as _;

use ring::{aead, hmac, rand::SecureRandom as _};
use totp_rs::{Builder, Secret, Totp};

use super::StaffId;
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// Seconds of a step, the default of RFC 6238 and the only one that all authenticators know.
const STEP_SECONDS: i64 = 30;
/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: no 0, 1, I, L, O, U, which are misread or spell words.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of one code: 12 of 30 are 58 bits.
const RECOVERY_LETTERS: usize = 12;
/// What an authenticator shows beside the name.
const ISSUER: &str = "gigafleet";

/// The secret that an authenticator shares with the server, 160 bits (RFC 4226 §4).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl TotpSecret {
    /// A new random one.
    pub fn draw() -> Result<Self> {
        let mut bytes = [0; 20];
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A known one, for demonstrations and tests.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Reads what [`TotpSecret::base32`] wrote.
    pub fn from_base32(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text).ok()?;
        secret.as_bytes().try_into().ok().map(Self)
    }

    fn totp(&self, name: &str) -> Totp {
        // The label of the URI ends at a colon.
        let name = name.replace(':', " ");
        Builder::new()
            .with_secret(Secret::new(Box::from(self.0)))
            .with_account_name(name)
            .with_issuer(Some(ISSUER))
            .build_noncompliant()
    }

    /// As a person types it into an authenticator.
    pub fn base32(&self) -> String {
        Secret::new(Box::from(self.0)).to_base32()
    }

    /// As an authenticator reads it from a QR code.
    pub fn uri(&self, name: &str) -> String {
        self.totp(name).to_url().expect("the name has no colon")
    }

    /// The code of a moment.
    pub fn code(&self, now: Timestamp) -> String {
        self.code_of_step(step(now))
    }

    fn code_of_step(&self, step: i64) -> String {
        let seconds = u64::try_from(step * STEP_SECONDS).unwrap_or(0);
        self.totp("x").generate(seconds).to_string()
    }

    /// The step whose code this is: the present one or one beside it, and later than the last that was used.
    pub fn accept(&self, code: &str, now: Timestamp, last_step: i64) -> Option<i64> {
        let now = step(now);
        let code = normal(code);
        let steps = (now - 1..=now + 1).filter(|step| *step > last_step);
        // All are looked at, so that the time tells nothing.
        steps.fold(None, |found, step| if same(&self.code_of_step(step), &code) { Some(step) } else { found })
    }
}

/// The step of a moment.
fn step(now: Timestamp) -> i64 {
    now.0.div_euclid(1_000_000 * STEP_SECONDS)
}

fn same(one: &str, two: &str) -> bool {
    one.len() == two.len() && one.bytes().zip(two.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

/// A code as it is compared: half width, upper case, without what stands between groups.
fn normal(code: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let kept = code.nfkc().filter(char::is_ascii_alphanumeric).take(64);
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Whether what was typed has the form of a recovery code, not of an authenticator's.
pub fn looks_like_recovery(code: &str) -> bool {
    normal(code).len() == RECOVERY_LETTERS
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    let random = ring::rand::SystemRandom::new();
    random.fill(bytes).map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))
}

/// Keys that are derived from the shared secret: to seal secrets, to hash recovery codes, to sign forms.
pub struct SecondFactorKeys {
    seal: aead::LessSafeKey,
    recovery: hmac::Key,
}

impl std::fmt::Debug for SecondFactorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecondFactorKeys")
    }
}

impl SecondFactorKeys {
    /// From two keys of their own.
    pub fn new(seal: &[u8; 32], recovery: &[u8; 32]) -> Self {
        let seal = aead::UnboundKey::new(&aead::AES_256_GCM, seal).expect("AES-256 has keys of 32 bytes");
        Self { seal: aead::LessSafeKey::new(seal), recovery: hmac::Key::new(hmac::HMAC_SHA256, recovery) }
    }

    /// Seals a secret for one person: nonce, then ciphertext with its tag.
    pub fn seal(&self, staff: StaffId, secret: &TotpSecret) -> Result<Vec<u8>> {
        let mut nonce = [0; aead::NONCE_LEN];
        fill(&mut nonce)?;
        let mut text = secret.0.to_vec();
        // A random nonce of 96 bits is safe for 2^32 secrets under one key (NIST SP 800-38D §8.3).
        let nonce_value = aead::Nonce::assume_unique_for_key(nonce);
        let whose = aead::Aad::from(*staff.0.as_bytes());
        let sealed = self.seal.seal_in_place_append_tag(nonce_value, whose, &mut text);
        sealed.map_err(|source| Error::internal("a secret could not be sealed", source.to_string()))?;
        Ok([&nonce[..], &text].concat())
    }

    /// Opens what was sealed for this person.
    pub fn open(&self, staff: StaffId, sealed: &[u8]) -> Result<TotpSecret> {
        let damaged = || {
            let message = "the second factor of an account cannot be read: another shared secret, or changed by hand";
            Error::internal(message, "not sealed with this key")
        };
        let (nonce, text) = sealed.split_first_chunk::<{ aead::NONCE_LEN }>().ok_or_else(damaged)?;
        let mut text = text.to_vec();
        let nonce = aead::Nonce::assume_unique_for_key(*nonce);
        let opened = self.seal.open_in_place(nonce, aead::Aad::from(*staff.0.as_bytes()), &mut text);
        let opened = opened.map_err(|_| damaged())?;
        <[u8; 20]>::try_from(&*opened).map(TotpSecret).map_err(|_| damaged())
    }

    /// The hash under which a recovery code of a person is stored. It is keyed, since the codes are short.
    pub fn recovery_hash(&self, staff: StaffId, code: &str) -> Vec<u8> {
        let text = [staff.0.as_bytes().as_slice(), normal(code).as_bytes()].concat();
        hmac::sign(&self.recovery, &text).as_ref().to_vec()
    }
}

/// New recovery codes as they are shown once, in three groups.
pub fn draw_recovery_codes() -> Result<Vec<String>> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    while codes.len() < RECOVERY_CODES {
        let mut code = String::new();
        let mut letters = 0;
        while letters < RECOVERY_LETTERS {
            let mut byte = [0];
            fill(&mut byte)?;
            // Bytes above the last whole multiple would make some letters likelier.
            let Some(letter) = (byte[0] < 240).then(|| ALPHABET[usize::from(byte[0]) % ALPHABET.len()]) else {
                continue;
            };
            if letters > 0 && letters % 4 == 0 {
                code.push('-');
            }
            write!(code, "{}", char::from(letter)).expect("a string grows");
            letters += 1;
        }
        codes.push(code);
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of eight digits.
        let secret = TotpSecret(*b"12345678901234567890");
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(secret.code(at(seconds)), code);
        }
    }

    #[test]
    fn code_is_good_one_step_around_and_once() {
        let secret = TotpSecret::draw().unwrap();
        let code = secret.code(at(3_000));
        let step = secret.accept(&code, at(3_000), 0).unwrap();
        assert_eq!(step, 100);
        assert_eq!(secret.accept(&code, at(3_059), 0), Some(100));
        assert_eq!(secret.accept(&code, at(2_970), 0), Some(100));
        assert!(secret.accept(&code, at(3_060), 0).is_none_or(|other| other != 100));
        assert_eq!(secret.accept(&code, at(3_000), step), None, "used");
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(secret.accept(&spaced, at(3_000), 0), Some(100));
        assert_eq!(secret.accept("", at(3_000), 0), None);
    }

    #[test]
    fn secret_opens_for_its_person_and_key_only() {
        let keys = SecondFactorKeys::new(&[1; 32], &[2; 32]);
        let (one, two) = (StaffId(Uuid::from_u128(1)), StaffId(Uuid::from_u128(2)));
        let secret = TotpSecret::draw().unwrap();
        let sealed = keys.seal(one, &secret).unwrap();
        assert_eq!(keys.open(one, &sealed).unwrap(), secret);
        assert!(keys.open(two, &sealed).is_err());
        assert!(SecondFactorKeys::new(&[3; 32], &[2; 32]).open(one, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys.open(one, &changed).is_err());
        }
        assert!(keys.open(one, &[]).is_err());
        assert_eq!(TotpSecret::from_base32(&secret.base32()), Some(secret));
        assert_eq!(TotpSecret::from_base32("x"), None);
    }

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type() {
        let keys = SecondFactorKeys::new(&[1; 32], &[2; 32]);
        let staff = StaffId(Uuid::from_u128(1));
        let mut codes = draw_recovery_codes().unwrap();
        let typed = codes[0].to_lowercase().replace('-', " ");
        assert!(looks_like_recovery(&typed) && !looks_like_recovery("123456"));
        assert_eq!(keys.recovery_hash(staff, &typed), keys.recovery_hash(staff, &codes[0]));
        assert_ne!(keys.recovery_hash(StaffId(Uuid::nil()), &codes[0]), keys.recovery_hash(staff, &codes[0]));
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), RECOVERY_CODES);
    }

    #[test]
    fn uri_is_what_authenticators_read() {
        let uri = TotpSecret([0; 20]).uri("sato@example.jp");
        assert!(
            uri.starts_with("otpauth://totp/") && uri.contains("secret=AAAA") && uri.contains("issuer=gigafleet"),
            "{uri}"
        );
    }
}
