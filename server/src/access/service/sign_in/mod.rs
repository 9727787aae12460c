//! Signing in: password, then second factor, then a session that ends by itself.
//!
//! Invariants: a name that nobody has, a wrong password, a locked and a closed account look the same and take the same time.
//! While an account is locked its password is not even looked at, so a lock cannot be used to find it out; nobody is told of
//! a lock, except by the audit log. Every step has a cookie of its own, stored as a hash.
//!
//! Another identity provider plugs in at [`Access::sign_in_as`].

mod own;
mod session;

use std::net::IpAddr;

use uuid::Uuid;

use super::{
    Access,
    audit::{Actor, Deed},
};
use crate::{
    access::{
        rules::{
            Staff, StaffId,
            audit::ActorKind,
            hash_secret,
            lockout::lock_after,
            names::{Language, normal_sign_in_name},
            password::Password,
            second_factor::looks_like_recovery,
        },
        store::staff::{self as accounts, StaffRow},
    },
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result, says::access as say},
};

/// Who is at the other end of a connection to the console.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Where the connection comes from.
    pub address: Option<IpAddr>,
    /// What the browser says it is.
    pub agent: String,
}

impl Client {
    fn agent_text(&self) -> String {
        self.agent.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    fn address_text(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// The content of a session's cookie: 256 random bits as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(pub(super) String);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookie")
    }
}

impl Cookie {
    /// The value, to be set in the browser and nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request of somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, with what is in force now.
    pub staff: Staff,
    /// The session.
    pub session_id: Uuid,
    /// What each form must carry.
    pub csrf: String,
    /// Of the pages.
    pub language: Language,
    /// How the person is called.
    pub display_name: String,
    /// Put this in the place of the request's cookie.
    pub rotated: Option<Cookie>,
}

/// Somebody whose password was right and whose second factor is awaited.
#[derive(Debug, Clone)]
pub struct Pending {
    /// What each form must carry.
    pub csrf: String,
    /// Of the pages.
    pub language: Language,
    /// How the person is called.
    pub display_name: String,
    /// Whether the person has no authenticator yet: [`Access::begin_totp`] comes next, else [`Access::second_factor`].
    pub needs_enrollment: bool,
}

/// What an authenticator needs to begin.
#[derive(Debug, Clone)]
pub struct TotpOffer {
    /// For typing.
    pub secret: String,
    /// For a QR code: `otpauth://totp/…`.
    pub uri: String,
}

/// A person as another identity provider (OpenID Connect) names them.
#[derive(Debug, Clone)]
pub struct ProviderSubject {
    /// Issuer, a URL.
    pub issuer: String,
    /// The person there.
    pub subject: String,
}

impl Access {
    /// Checks name and password. The cookie is good for the second factor only. Reasons: SIGN_IN_FAILED, SIGN_IN_THROTTLED
    /// (too many wrong tries from this address), SIGN_IN_BUSY.
    pub async fn sign_in(&self, name: &str, password: &str, client: &Client) -> Result<Cookie> {
        let now = self.clock.now();
        self.require_patience(client, now)?;
        let name = normal_sign_in_name(name);
        let mut tx = self.db.read().await?;
        let found = accounts::find_staff_by_name(&mut tx, &name).await?;
        drop(tx);
        let hash = found.as_ref().filter(|row| may_try(row, now)).and_then(|row| row.password_hash.clone());
        let typed = Password::typed(password);
        let right = self.hashed(move || typed.is_some_and(|typed| typed.matches(hash.as_deref()))).await?;
        let Some(found) = found else { return Err(self.refuse_stranger(client, now).await?) };
        let mut tx = self.db.begin().await?;
        let row = accounts::find_staff(&mut tx, StaffId(found.staff_id)).await?;
        // Looked at again: of many tries at once, those that come after the lock must not count.
        match row {
            Some(row) if right && may_try(&row, now) && row.password_hash == found.password_hash => {
                let cookie = self.start_session(&mut tx, StaffId(row.staff_id), client, true).await?;
                tx.commit().await?;
                Ok(cookie)
            }
            Some(row) => Err(self.refuse_account(tx, &row, client, now).await?),
            None => Err(sign_in_failed()),
        }
    }

    /// Where another identity provider plugs in: the caller has checked that provider's answer, and this finds the account
    /// whose `provider_issuer` and `provider_subject` it names and starts its session, second factor left to the provider.
    /// Not built yet. Reason: PROVIDER_UNKNOWN.
    pub fn sign_in_as(&self, subject: &ProviderSubject, _client: &Client) -> Result<Cookie> {
        Err(Error::new(Kind::Precondition, "PROVIDER_UNKNOWN", say::provider_unknown(&subject.issuer)))
    }

    /// What the pages between password and second factor need. Reason: SESSION_ENDED.
    pub async fn pending(&self, cookie: &str) -> Result<Pending> {
        let mut tx = self.db.read().await?;
        let (session, person) = self.pending_session(&mut tx, &hash_secret(cookie)).await?;
        Ok(Pending {
            csrf: self.guard.forms.token(session.session_id, true),
            language: Language::from_code(&person.language),
            display_name: person.display_name,
            needs_enrollment: !person.totp_confirmed,
        })
    }

    /// Checks a code of the authenticator, or a recovery code, and makes the session a whole one with a new cookie.
    /// Reasons: SECOND_FACTOR_FAILED, SECOND_FACTOR_NOT_SET_UP, SESSION_ENDED, SIGN_IN_THROTTLED.
    pub async fn second_factor(&self, cookie: &str, code: &str) -> Result<Cookie> {
        let (now, hash) = (self.clock.now(), hash_secret(cookie));
        let mut tx = self.db.begin().await?;
        let (session, person) = self.pending_session(&mut tx, &hash).await?;
        let client = Client { address: session.address.parse().ok(), agent: String::new() };
        self.require_patience(&client, now)?;
        if !person.totp_confirmed {
            return Err(Error::new(Kind::Precondition, "SECOND_FACTOR_NOT_SET_UP", say::second_factor_not_set_up()));
        }
        let id = StaffId(person.staff_id);
        let method = if looks_like_recovery(code) {
            let used = self.guard.second_factor.recovery_hash(id, code);
            let good = accounts::use_recovery_code(&mut tx, id, used, now).await?;
            (good && accounts::note_sign_in(&mut tx, id, None, now).await?).then_some("recovery_code")
        } else {
            let secret = self.totp_secret(&person)?;
            match secret.and_then(|secret| secret.accept(code, now, person.totp_last_step)) {
                Some(step) => accounts::note_sign_in(&mut tx, id, Some(step), now).await?.then_some("totp"),
                None => None,
            }
        };
        let Some(method) = method else {
            self.refuse_account(tx, &person, &client, now).await?;
            return Err(second_factor_failed());
        };
        let cookie = self.promote(&mut tx, &hash, &session, &person, method).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Runs what costs much memory and time, a few at once; a crowd waits, a larger crowd is refused. Reason: SIGN_IN_BUSY.
    pub(super) async fn hashed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || {
            Error::new(Kind::Exhausted, "SIGN_IN_BUSY", say::sign_in_busy())
                .retry_after(std::time::Duration::from_secs(2))
        };
        let _place = self.guard.hash_queue.try_acquire().map_err(|_| busy())?;
        let turn = self.guard.hashing.clone().acquire_owned().await.map_err(|_| busy())?;
        // The turn goes with the work: who hangs up does not make room for more of it.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|source| Error::internal("a password could not be worked on", source))
    }

    pub(super) async fn hash_new_password(&self, field: &'static str, text: &str, names: &[&str]) -> Result<String> {
        let refuse = |violation| Error::invalid_fields("FIELD_INVALID", vec![violation]);
        let password = Password::parse(field, text, names).map_err(refuse)?;
        self.hashed(move || password.hash()).await?
    }

    fn require_patience(&self, client: &Client, now: Timestamp) -> Result<()> {
        let addresses = self.guard.addresses.lock().expect("nobody panics with the lock held");
        match client.address.and_then(|address| addresses.wait(address, now)) {
            Some(wait) => {
                let message = say::sign_in_throttled(wait.as_secs() + 1);
                Err(Error::new(Kind::Exhausted, "SIGN_IN_THROTTLED", message).retry_after(wait))
            }
            None => Ok(()),
        }
    }

    fn note_wrong(&self, client: &Client, now: Timestamp) -> bool {
        let mut addresses = self.guard.addresses.lock().expect("nobody panics with the lock held");
        client.address.is_none_or(|address| addresses.note_wrong(address, now))
    }

    async fn refuse_stranger(&self, client: &Client, now: Timestamp) -> Result<Error> {
        if self.note_wrong(client, now) {
            let mut tx = self.db.begin().await?;
            self.audit(&mut tx, stranger(), failed_deed(None, client, false)).await?;
            tx.commit().await?;
        }
        Ok(sign_in_failed())
    }

    /// Counts a wrong try against an account and gives the refusal. One that is locked is not locked longer, so that a
    /// stranger cannot hold it.
    async fn refuse_account(&self, mut tx: Tx, row: &StaffRow, client: &Client, now: Timestamp) -> Result<Error> {
        let mut note = self.note_wrong(client, now);
        let id = StaffId(row.staff_id);
        let mut locked = false;
        if may_try(row, now) {
            let failed = accounts::count_failure(&mut tx, id).await?;
            if let Some(lock) = lock_after(failed) {
                accounts::lock(&mut tx, id, now.after(lock)).await?;
                (note, locked) = (true, true);
            }
        }
        if note {
            self.audit(&mut tx, stranger(), failed_deed(Some(id), client, locked)).await?;
        }
        tx.commit().await?;
        Ok(sign_in_failed())
    }
}

/// Whether a try to sign in to an account counts at all now.
fn may_try(row: &StaffRow, now: Timestamp) -> bool {
    row.disabled_at.is_none() && row.locked_until.is_none_or(|until| now.0 >= until)
}

/// The person that calls. Reason: NO_PERSON for a token of the installation.
pub(super) fn require_person(staff: &Staff) -> Result<StaffId> {
    staff.id.ok_or_else(|| Error::new(Kind::Precondition, "NO_PERSON", say::no_person()))
}

pub(super) fn actor(person: &StaffRow) -> Actor {
    Actor { kind: ActorKind::Staff, id: Some(person.staff_id), name: person.display_name.clone() }
}

/// The person that calls, for what is the person's own: a token that gives less than the person has is a program's. Reasons:
/// NO_PERSON, RIGHT_MISSING.
pub(super) fn require_whole_person(staff: &Staff) -> Result<StaffId> {
    let id = require_person(staff)?;
    if staff.is_narrowed() {
        return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::token_narrowed()));
    }
    Ok(id)
}

fn stranger() -> Actor {
    Actor { kind: ActorKind::Stranger, id: None, name: String::new() }
}

fn failed_deed(id: Option<StaffId>, client: &Client, locked: bool) -> Deed {
    // What was typed as a name is not kept: it may be a password in the wrong field.
    let details = serde_json::json!({ "address": client.address_text(), "locked": locked });
    Deed {
        municipality: None,
        action: "session.sign_in_failed",
        subject_kind: "staff",
        subject_id: id.map(|id| id.to_string()).unwrap_or_default(),
        details,
    }
}

pub(super) fn staff_deed(action: &'static str, id: StaffId, details: serde_json::Value) -> Deed {
    Deed { municipality: None, action, subject_kind: "staff", subject_id: id.to_string(), details }
}

fn sign_in_failed() -> Error {
    Error::new(Kind::Unauthenticated, "SIGN_IN_FAILED", say::sign_in_failed())
}

fn second_factor_failed() -> Error {
    Error::new(Kind::Unauthenticated, "SECOND_FACTOR_FAILED", say::second_factor_failed())
}

fn session_ended() -> Error {
    Error::new(Kind::Unauthenticated, "SESSION_ENDED", say::session_ended())
}
