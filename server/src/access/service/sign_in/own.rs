//! What people do with their own account: password, authenticator, recovery codes, language.

use super::{
    Client, Cookie, TotpOffer, actor, may_try, require_person, second_factor_failed, session_ended, staff_deed,
};
use crate::{
    access::{
        rules::{
            Credential, Staff, StaffId, hash_secret,
            names::Language,
            password::Password,
            second_factor::{TotpSecret, draw_recovery_codes},
        },
        service::Access,
        store::{
            sessions,
            staff::{self as accounts, StaffRow},
        },
    },
    db::Tx,
    error::{Error, Kind, Result},
};

impl Access {
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

    pub(super) fn totp_secret(&self, person: &StaffRow) -> Result<Option<TotpSecret>> {
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
}
