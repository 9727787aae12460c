//! Signing in: password, then second factor, then a session that ends by itself.
//!
//! Invariants: a name that nobody has, a wrong password, a locked and a closed account look the same and take the same time.
//! While an account is locked its password is not even looked at, so a lock cannot be used to find it out; nobody is told of
//! a lock, except by the audit log. Every step has a cookie of its own, stored as a hash.
//!
//! Another identity provider plugs in at [`Access::sign_in_as`].

use std::net::IpAddr;

use uuid::Uuid;

use super::{
    Access,
    audit::{Actor, Deed},
};
use crate::{
    access::{
        rules::{
            self, Credential, SecretHash, Staff, StaffId,
            audit::ActorKind,
            hash_secret,
            lockout::lock_after,
            names::{Language, normal_sign_in_name},
            new_secret,
            password::Password,
            second_factor::{TotpSecret, draw_recovery_codes, looks_like_recovery},
        },
        store::{
            sessions::{self, SessionRow},
            staff::{self as accounts, StaffRow},
        },
    },
    clock::Timestamp,
    db::Tx,
    error::{Error, Kind, Result},
};

/// How often the last use of a session is written, at most.
const TOUCH_EVERY: std::time::Duration = std::time::Duration::from_secs(60);
/// How long sessions that are over are kept, for a person to look back.
const KEEP_SESSIONS: i64 = 30 * 86_400 * 1_000_000;
/// Sessions that are listed at most.
const LISTED_SESSIONS: i64 = 100;

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
        let message = format!("the identity provider {} is not set up here; sign in with a password", subject.issuer);
        Err(Error::new(Kind::Precondition, "PROVIDER_UNKNOWN", message))
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
            let message = "no authenticator is set up for this account yet; set one up first";
            return Err(Error::new(Kind::Precondition, "SECOND_FACTOR_NOT_SET_UP", message));
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

    /// Offers a secret to the authenticator of somebody who has none yet; the same one until it is confirmed. Reasons:
    /// SESSION_ENDED, SECOND_FACTOR_SET_UP.
    pub async fn begin_totp(&self, cookie: &str) -> Result<TotpOffer> {
        let mut tx = self.db.begin().await?;
        let (_, person) = self.pending_session(&mut tx, &hash_secret(cookie)).await?;
        if person.totp_confirmed {
            let message = "this account has an authenticator; use a code of it, or ask an administrator for a reset";
            return Err(Error::new(Kind::Precondition, "SECOND_FACTOR_SET_UP", message));
        }
        let secret = match self.totp_secret(&person)? {
            Some(secret) => secret,
            None => {
                let secret = TotpSecret::draw()?;
                let id = StaffId(person.staff_id);
                accounts::set_totp(&mut tx, id, Some(self.guard.second_factor.seal(id, &secret)?)).await?;
                secret
            }
        };
        tx.commit().await?;
        Ok(TotpOffer { secret: secret.base32(), uri: secret.uri(&person.sign_in_name) })
    }

    /// Takes the first code of a new authenticator. Gives the cookie of the whole session and the recovery codes, which are
    /// shown here and never again. Reasons: SECOND_FACTOR_FAILED, SESSION_ENDED.
    pub async fn confirm_totp(&self, cookie: &str, code: &str) -> Result<(Cookie, Vec<String>)> {
        let (now, hash) = (self.clock.now(), hash_secret(cookie));
        let mut tx = self.db.begin().await?;
        let (session, person) = self.pending_session(&mut tx, &hash).await?;
        let id = StaffId(person.staff_id);
        let secret = self.totp_secret(&person)?.filter(|_| !person.totp_confirmed);
        let step = secret.and_then(|secret| secret.accept(code, now, person.totp_last_step));
        let Some(step) = step else { return Err(second_factor_failed()) };
        accounts::confirm_totp(&mut tx, id).await?;
        accounts::note_sign_in(&mut tx, id, Some(step), now).await?;
        let codes = self.new_codes(&mut tx, id).await?;
        let deed = staff_deed("staff.second_factor", id, serde_json::json!({ "recovery_codes": codes.len() }));
        self.audit(&mut tx, actor(&person), deed).await?;
        let cookie = self.promote(&mut tx, &hash, &session, &person, "totp").await?;
        tx.commit().await?;
        Ok((cookie, codes))
    }

    /// Who asks, from the cookie of a whole session, with the grants that are in force now. Reasons: SESSION_ENDED (unknown,
    /// ended, idle too long, account closed), SECOND_FACTOR_REQUIRED.
    pub async fn session(&self, cookie: &str) -> Result<SignedIn> {
        let (now, hash) = (self.clock.now(), hash_secret(cookie));
        let mut tx = self.db.read().await?;
        let (session, person) = self.open_session(&mut tx, &hash).await?;
        if session.pending {
            let message = "the second factor is missing";
            return Err(Error::new(Kind::Unauthenticated, "SECOND_FACTOR_REQUIRED", message));
        }
        let credential = Credential::Session(session.session_id);
        let staff = self.person(&mut tx, &person, credential, now).await?;
        drop(tx);
        let rotated = match self.keep_up(&session, &hash, now).await {
            Ok(rotated) => rotated,
            Err(error) => {
                // Reading goes on while nothing can be written; the next request tries again.
                tracing::debug!(error = error.chain(), "the use of a session could not be noted");
                None
            }
        };
        Ok(SignedIn {
            staff,
            session_id: session.session_id,
            csrf: self.guard.forms.token(session.session_id, false),
            language: Language::from_code(&person.language),
            display_name: person.display_name,
            rotated,
        })
    }

    /// Ends the session of a cookie; one that is over stays over.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let Some(session) = sessions::find_session(&mut tx, &hash_secret(cookie)).await? else { return Ok(()) };
        let id = StaffId(session.staff_id);
        let person = accounts::find_staff(&mut tx, id).await?;
        if let Some(person) = person
            && sessions::end_session(&mut tx, id, session.session_id, self.clock.now()).await?
        {
            let deed = session_deed("session.sign_out", session.session_id, serde_json::json!({}));
            self.audit(&mut tx, actor(&person), deed).await?;
        }
        tx.commit().await
    }

    /// The open sessions of the caller, the youngest first. Reason: NO_PERSON.
    pub async fn sessions(&self, staff: &Staff) -> Result<Vec<SessionRow>> {
        let (id, now) = (require_person(staff)?, self.clock.now());
        let mut tx = self.db.read().await?;
        let mut rows = sessions::open_sessions(&mut tx, id, now, LISTED_SESSIONS).await?;
        rows.retain(|row| self.policy.is_alive(row.times(), false, now));
        Ok(rows)
    }

    /// Ends one session of the caller. Reasons: NO_PERSON, SESSION_NOT_FOUND.
    pub async fn end_session(&self, staff: &Staff, session: Uuid) -> Result<()> {
        let id = require_person(staff)?;
        let mut tx = self.db.begin().await?;
        if !sessions::end_session(&mut tx, id, session, self.clock.now()).await? {
            return Err(Error::not_found("SESSION_NOT_FOUND", format!("you have no open session {session}")));
        }
        self.audit(&mut tx, staff, session_deed("session.end", session, serde_json::json!({}))).await?;
        tx.commit().await
    }

    /// Changes the caller's password and ends all their sessions; the cookie is of a new one. Reasons: SESSION_REQUIRED,
    /// SIGN_IN_FAILED (the old password is wrong), FIELD_INVALID.
    pub async fn change_password(&self, staff: &Staff, old: &str, new: &str, client: &Client) -> Result<Cookie> {
        let person = self.recheck_password(staff, old, client).await?;
        let id = StaffId(person.staff_id);
        let hash = self.hash_new_password("new_password", new, &[&person.sign_in_name, &person.display_name]).await?;
        let mut tx = self.db.begin().await?;
        accounts::set_password(&mut tx, id, Some(hash)).await?;
        sessions::end_all_sessions(&mut tx, id, self.clock.now()).await?;
        accounts::delete_links(&mut tx, Some(id)).await?;
        let cookie = self.start_session(&mut tx, id, client, false).await?;
        self.audit(&mut tx, staff, staff_deed("staff.password", id, serde_json::json!({}))).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Takes the caller's authenticator and recovery codes away and ends all their sessions; the cookie is good to set up
    /// a new one. Reasons: SESSION_REQUIRED, SIGN_IN_FAILED (the password is wrong).
    pub async fn replace_second_factor(&self, staff: &Staff, password: &str, client: &Client) -> Result<Cookie> {
        let person = self.recheck_password(staff, password, client).await?;
        let id = StaffId(person.staff_id);
        let mut tx = self.db.begin().await?;
        accounts::set_totp(&mut tx, id, None).await?;
        accounts::replace_recovery_codes(&mut tx, id, &[]).await?;
        sessions::end_all_sessions(&mut tx, id, self.clock.now()).await?;
        let cookie = self.start_session(&mut tx, id, client, true).await?;
        self.audit(&mut tx, staff, staff_deed("staff.second_factor_end", id, serde_json::json!({}))).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Gives the caller new recovery codes; the old ones are good no more. Reasons: SESSION_REQUIRED, SIGN_IN_FAILED.
    pub async fn new_recovery_codes(&self, staff: &Staff, password: &str, client: &Client) -> Result<Vec<String>> {
        let person = self.recheck_password(staff, password, client).await?;
        let id = StaffId(person.staff_id);
        let mut tx = self.db.begin().await?;
        let codes = self.new_codes(&mut tx, id).await?;
        self.audit(&mut tx, staff, staff_deed("staff.recovery_codes", id, serde_json::json!({}))).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// How many recovery codes the caller has left. Reason: NO_PERSON.
    pub async fn recovery_codes_left(&self, staff: &Staff) -> Result<i64> {
        let id = require_person(staff)?;
        accounts::count_recovery_codes(&mut self.db.read().await?, id).await
    }

    /// Sets the language of the caller's pages. Reason: NO_PERSON.
    pub async fn set_language(&self, staff: &Staff, language: Language) -> Result<()> {
        let id = require_person(staff)?;
        let mut tx = self.db.begin().await?;
        accounts::set_language(&mut tx, id, language.code()).await?;
        tx.commit().await
    }

    /// Runs what costs much memory and time, a few at once; a crowd waits, a larger crowd is refused. Reason: SIGN_IN_BUSY.
    pub(super) async fn hashed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || {
            let message = "too many people sign in at this moment; try again";
            Error::new(Kind::Exhausted, "SIGN_IN_BUSY", message).retry_after(std::time::Duration::from_secs(2))
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

    /// Begins a session and gives its cookie.
    pub(super) async fn start_session(
        &self,
        tx: &mut Tx,
        staff: StaffId,
        client: &Client,
        pending: bool,
    ) -> Result<Cookie> {
        let now = self.clock.now();
        let (cookie, hash) = new_secret("")?;
        sessions::delete_old_sessions(tx, staff, Timestamp(now.0 - KEEP_SESSIONS)).await?;
        let row = SessionRow {
            session_hash: hash.0,
            session_id: Uuid::now_v7(),
            staff_id: staff.0,
            pending,
            created_at: now.0,
            rotated_at: now.0,
            seen_at: now.0,
            expires_at: now.after(if pending { self.policy.pending } else { self.policy.absolute }).0,
            ended_at: None,
            client: client.agent_text(),
            address: client.address_text(),
        };
        sessions::insert_session(tx, &row).await?;
        Ok(Cookie(cookie))
    }

    /// A person with what is in force for them now.
    pub(super) async fn person(
        &self,
        tx: &mut Tx,
        person: &StaffRow,
        credential: Credential,
        now: Timestamp,
    ) -> Result<Staff> {
        let id = StaffId(person.staff_id);
        let grants = crate::access::store::grants::grants_in_force(tx, id, now).await?;
        let reach = |grant: crate::access::store::grants::GrantRow| {
            Some(rules::Reach { role: grant.role()?, place: grant.place() })
        };
        let reaches = grants.into_iter().filter_map(reach).collect();
        let owners = crate::access::store::owners(tx).await?;
        Ok(Staff::new(Some(id), person.display_name.clone(), credential, reaches, owners.into()))
    }

    /// The session of a cookie and its person, whole or pending.
    async fn open_session(&self, tx: &mut Tx, hash: &SecretHash) -> Result<(SessionRow, StaffRow)> {
        let now = self.clock.now();
        let session = sessions::find_session(tx, hash).await?.ok_or_else(session_ended)?;
        let previous = session.session_hash != hash.0;
        if session.ended_at.is_some() || !self.policy.is_alive(session.times(), previous, now) {
            return Err(session_ended());
        }
        let person = accounts::find_staff(tx, StaffId(session.staff_id)).await?;
        let person = person.filter(|person| person.disabled_at.is_none()).ok_or_else(session_ended)?;
        Ok((session, person))
    }

    async fn pending_session(&self, tx: &mut Tx, hash: &SecretHash) -> Result<(SessionRow, StaffRow)> {
        let (session, person) = self.open_session(tx, hash).await?;
        let good = session.pending && may_try(&person, self.clock.now());
        if good { Ok((session, person)) } else { Err(session_ended()) }
    }

    /// Replaces the cookie of a session where that is due, else notes its use.
    async fn keep_up(&self, session: &SessionRow, hash: &SecretHash, now: Timestamp) -> Result<Option<Cookie>> {
        let current = session.session_hash == hash.0;
        if current && self.policy.rotation_is_due(session.times(), now) {
            let (cookie, new) = new_secret("")?;
            let mut tx = self.db.begin().await?;
            let mine = sessions::rotate(&mut tx, hash, &new, now).await?;
            tx.commit().await?;
            return Ok(mine.then_some(Cookie(cookie)));
        }
        if now >= Timestamp(session.seen_at).after(TOUCH_EVERY) {
            let mut tx = self.db.begin().await?;
            sessions::touch(&mut tx, session.session_id, now).await?;
            tx.commit().await?;
        }
        Ok(None)
    }

    async fn promote(
        &self,
        tx: &mut Tx,
        hash: &SecretHash,
        session: &SessionRow,
        person: &StaffRow,
        method: &str,
    ) -> Result<Cookie> {
        let now = self.clock.now();
        let (cookie, new) = new_secret("")?;
        if !sessions::promote(tx, hash, &new, now, now.after(self.policy.absolute)).await? {
            return Err(session_ended());
        }
        let details = serde_json::json!({ "address": session.address, "second_factor": method });
        self.audit(tx, actor(person), session_deed("session.sign_in", session.session_id, details)).await?;
        Ok(Cookie(cookie))
    }

    fn totp_secret(&self, person: &StaffRow) -> Result<Option<TotpSecret>> {
        let open = |sealed: &Vec<u8>| self.guard.second_factor.open(StaffId(person.staff_id), sealed);
        person.totp_secret.as_ref().map(open).transpose()
    }

    async fn new_codes(&self, tx: &mut Tx, id: StaffId) -> Result<Vec<String>> {
        let codes = draw_recovery_codes()?;
        let hashes: Vec<_> = codes.iter().map(|code| self.guard.second_factor.recovery_hash(id, code)).collect();
        accounts::replace_recovery_codes(tx, id, &hashes).await?;
        Ok(codes)
    }

    /// The caller's account, if they know its password too.
    async fn recheck_password(&self, staff: &Staff, password: &str, client: &Client) -> Result<StaffRow> {
        let Credential::Session(_) = staff.credential else {
            let message = "this is done in the console only, signed in with password and second factor";
            return Err(Error::new(Kind::Denied, "SESSION_REQUIRED", message));
        };
        let (id, now) = (require_person(staff)?, self.clock.now());
        self.require_patience(client, now)?;
        let person = accounts::find_staff(&mut self.db.read().await?, id).await?.ok_or_else(session_ended)?;
        let hash = person.password_hash.clone().filter(|_| may_try(&person, now));
        let typed = Password::typed(password);
        if self.hashed(move || typed.is_some_and(|typed| typed.matches(hash.as_deref()))).await? {
            return Ok(person);
        }
        let tx = self.db.begin().await?;
        Err(self.refuse_account(tx, &person, client, now).await?)
    }

    fn require_patience(&self, client: &Client, now: Timestamp) -> Result<()> {
        let addresses = self.guard.addresses.lock().expect("nobody panics with the lock held");
        match client.address.and_then(|address| addresses.wait(address, now)) {
            Some(wait) => {
                let message = format!("too many wrong tries from your address; try again in {} s", wait.as_secs() + 1);
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
    staff.id.ok_or_else(|| {
        let message = "the caller is a token of the installation, not a person";
        Error::new(Kind::Precondition, "NO_PERSON", message)
    })
}

pub(super) fn actor(person: &StaffRow) -> Actor {
    Actor { kind: ActorKind::Staff, id: Some(person.staff_id), name: person.display_name.clone() }
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

fn session_deed(action: &'static str, session: Uuid, details: serde_json::Value) -> Deed {
    Deed { municipality: None, action, subject_kind: "session", subject_id: session.to_string(), details }
}

pub(super) fn staff_deed(action: &'static str, id: StaffId, details: serde_json::Value) -> Deed {
    Deed { municipality: None, action, subject_kind: "staff", subject_id: id.to_string(), details }
}

fn sign_in_failed() -> Error {
    let message =
        "the name or the password is wrong, or there were too many wrong tries and you must wait some minutes";
    Error::new(Kind::Unauthenticated, "SIGN_IN_FAILED", message)
}

fn second_factor_failed() -> Error {
    let message = "the code is wrong or was used; wait for the next one of your authenticator";
    Error::new(Kind::Unauthenticated, "SECOND_FACTOR_FAILED", message)
}

fn session_ended() -> Error {
    Error::new(Kind::Unauthenticated, "SESSION_ENDED", "you are not signed in, or your session has ended; sign in")
}
