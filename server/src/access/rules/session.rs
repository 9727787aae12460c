//! Sessions of the console: how long they last, and when their cookie changes.

use std::time::Duration;

use ring::hmac;
use uuid::Uuid;

use crate::clock::Timestamp;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// Without a request for this long it ends.
    pub idle: Duration,
    /// Whatever happens, it ends after this.
    pub absolute: Duration,
    /// Time for the second factor after the password.
    pub pending: Duration,
    /// Its cookie is replaced this often.
    pub rotate_every: Duration,
    /// The replaced cookie is good this much longer, for requests that were under way.
    pub grace: Duration,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60 * 60),
            absolute: Duration::from_secs(12 * 60 * 60),
            pending: Duration::from_secs(10 * 60),
            rotate_every: Duration::from_secs(60 * 60),
            grace: Duration::from_secs(60),
        }
    }
}

/// What a session's row says of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// When its cookie was last replaced.
    pub rotated_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl SessionPolicy {
    /// Whether a session is good now; `previous` if it was named by the cookie before the present one.
    pub fn is_alive(&self, times: SessionTimes, previous: bool, now: Timestamp) -> bool {
        let idle = now >= times.seen_at.after(self.idle);
        let late = previous && now >= times.rotated_at.after(self.grace);
        now < times.expires_at && !idle && !late
    }

    /// Whether the cookie shall be replaced now.
    pub fn rotation_is_due(&self, times: SessionTimes, now: Timestamp) -> bool {
        now >= times.rotated_at.after(self.rotate_every)
    }
}

/// Signs the forms of a session, so that no other site can send them.
#[derive(Clone)]
pub struct FormKey(hmac::Key);

impl std::fmt::Debug for FormKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormKey")
    }
}

impl FormKey {
    /// From a key of its own.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token of a session's forms. It stays through rotations of the cookie, so that a form that was open for two hours
    /// can be sent, and changes at the second factor.
    pub fn token(&self, session: Uuid, pending: bool) -> String {
        use base64::Engine as _;
        let text = [session.as_bytes().as_slice(), &[u8::from(pending)]].concat();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp(minutes * 60_000_000)
    }

    #[test]
    fn session_ends_idle_late_and_with_its_old_cookie() {
        let policy = SessionPolicy::default();
        let times = SessionTimes { rotated_at: at(0), seen_at: at(100), expires_at: at(720) };
        assert!(policy.is_alive(times, false, at(159)) && !policy.is_alive(times, false, at(160)));
        let busy = SessionTimes { seen_at: at(719), ..times };
        assert!(policy.is_alive(busy, false, at(719)) && !policy.is_alive(busy, false, at(720)));
        let fresh = SessionTimes { rotated_at: at(100), ..times };
        assert!(policy.is_alive(fresh, true, at(100)) && !policy.is_alive(fresh, true, at(101)));
        assert!(policy.rotation_is_due(times, at(60)) && !policy.rotation_is_due(times, at(59)));
    }

    #[test]
    fn form_token_belongs_to_one_session_and_step() {
        let key = FormKey::new(&[1; 32]);
        let one = key.token(Uuid::from_u128(1), false);
        assert_eq!(one, key.token(Uuid::from_u128(1), false));
        assert_ne!(one, key.token(Uuid::from_u128(1), true));
        assert_ne!(one, key.token(Uuid::from_u128(2), false));
        assert_ne!(one, FormKey::new(&[2; 32]).token(Uuid::from_u128(1), false));
    }
}
