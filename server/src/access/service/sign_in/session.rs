//! Sessions from their first cookie to their end.

use uuid::Uuid;

use super::{super::Access, Client, Cookie, SignedIn, actor, may_try, require_person, session_ended};
use crate::{
    access::{
        rules::{self, Credential, SecretHash, Staff, StaffId, hash_secret, names::Language, new_secret},
        service::audit::Deed,
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

impl Access {
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

    /// Begins a session and gives its cookie.
    pub(in crate::access::service) async fn start_session(
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
    pub(in crate::access::service) async fn person(
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

    pub(super) async fn pending_session(&self, tx: &mut Tx, hash: &SecretHash) -> Result<(SessionRow, StaffRow)> {
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

    pub(super) async fn promote(
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
}

fn session_deed(action: &'static str, session: Uuid, details: serde_json::Value) -> Deed {
    Deed { municipality: None, action, subject_kind: "session", subject_id: session.to_string(), details }
}
