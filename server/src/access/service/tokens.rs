//! API tokens: a role at a place for a program, never more than its maker has at that moment.

use std::time::Duration;

use uuid::Uuid;

use super::{Access, audit::Deed, staff::require_place};
use crate::{
    access::{
        rules::{self, Credential, Place, Reach, Right, Role, STAFF_PREFIX, Staff, StaffId, new_secret},
        store::{
            grants::place_columns,
            staff as accounts,
            tokens::{self, TokenRow},
        },
    },
    clock::Timestamp,
    db::{Tx, is_unique_violation},
    error::{Error, Kind, Result, says::access as say},
};

/// How often the last use of a token is written, at most.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// A token that somebody wants, checked.
#[derive(Debug, Clone)]
pub struct TokenOrder {
    /// Its id, drawn by the server if absent.
    pub id: Option<Uuid>,
    /// What it is for.
    pub name: String,
    /// No right beyond those of this role.
    pub role: Role,
    /// No place beyond this one.
    pub place: Place,
    /// How long it is good.
    pub lifetime: Duration,
}

impl Access {
    /// The one choke point for tokens: who calls, from the `authorization` header. A person's token gives what the token and
    /// the grants that are in force now have in common. Reasons: STAFF_TOKEN_REQUIRED, STAFF_TOKEN_INVALID (unknown, expired,
    /// revoked and of a closed account look the same from outside).
    pub async fn staff(&self, authorization: Option<&str>) -> Result<Staff> {
        let token = rules::bearer_token(authorization)?;
        let mut tx = self.db.read().await?;
        let row = tokens::find_token(&mut tx, &rules::hash_secret(token)).await?.ok_or_else(token_invalid)?;
        let now = self.clock.now();
        let staff = self.caller(&mut tx, &row, now).await?;
        drop(tx);
        if row.used_at.is_none_or(|used| now >= Timestamp(used).after(TOUCH_EVERY))
            && let Err(error) = self.note_use(row.token_id, now).await
        {
            // Reading goes on while nothing can be written.
            tracing::debug!(error = error.chain(), "the use of a token could not be noted");
        }
        Ok(staff)
    }

    /// The same caller with what is in force now, for a call that goes on and on. Pages that do so come through a session and
    /// end by themselves. Reason: STAFF_TOKEN_INVALID.
    pub async fn again(&self, staff: &Staff) -> Result<Staff> {
        let Credential::Token(token) = staff.credential else { return Ok(staff.clone()) };
        let mut tx = self.db.read().await?;
        let row = tokens::find_token_by_id(&mut tx, token).await?.ok_or_else(token_invalid)?;
        self.caller(&mut tx, &row, self.clock.now()).await
    }

    /// Who calls with a token, if that is good. Reason: STAFF_TOKEN_INVALID.
    async fn caller(&self, tx: &mut Tx, row: &TokenRow, now: Timestamp) -> Result<Staff> {
        if !row.is_good(now) {
            return Err(token_invalid());
        }
        let reach = Reach { role: row.role().ok_or_else(token_invalid)?, place: row.place() };
        let credential = Credential::Token(row.token_id);
        let Some(id) = row.staff_id else {
            let owners = crate::access::store::owners(tx).await?;
            return Ok(Staff::new(None, row.name.clone(), credential, vec![reach], owners.into()));
        };
        let person = accounts::find_staff(tx, StaffId(id)).await?;
        let person = person.filter(|person| person.disabled_at.is_none()).ok_or_else(token_invalid)?;
        Ok(self.person(tx, &person, credential, now).await?.through_token(&reach))
    }

    async fn note_use(&self, token: Uuid, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tokens::touch(&mut tx, token, now).await?;
        tx.commit().await
    }

    /// Makes a token for the caller; a token of the installation makes others of the installation. The secret is given here
    /// and never again. Reasons: RIGHT_MISSING, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, TOKEN_EXISTS.
    pub async fn create_token(&self, staff: &Staff, order: TokenOrder) -> Result<(TokenRow, String)> {
        let (secret, hash) = new_secret(STAFF_PREFIX)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        require_place(&mut tx, staff, Right::ViewFigures, &order.place).await?;
        if !staff.holds_role(order.role, &order.place) {
            return Err(Error::new(Kind::Denied, "RIGHT_MISSING", say::not_all_rights()));
        }
        let (prefecture, owner_id, school_id) = place_columns(&order.place);
        let row = TokenRow {
            token_id: order.id.unwrap_or_else(Uuid::now_v7),
            name: order.name,
            staff_id: staff.id.map(|id| id.0),
            role: order.role as i16,
            prefecture,
            owner_id,
            school_id,
            created_at: now.0,
            expires_at: Some(now.after(order.lifetime).0),
            used_at: None,
            revoked_at: None,
        };
        tokens::insert_token(&mut tx, &row, &hash).await.map_err(|error| {
            if is_unique_violation(&error) {
                Error::new(Kind::Exists, "TOKEN_EXISTS", say::token_exists()).with_source(error)
            } else {
                error
            }
        })?;
        self.audit(&mut tx, staff, token_deed("token.create", &row)).await?;
        tx.commit().await?;
        Ok((row, secret))
    }

    /// Tokens of the caller, or with `all` those of everybody, the youngest first. Reason: RIGHT_MISSING where `all` is asked
    /// for without managing staff everywhere.
    pub async fn list_tokens(
        &self,
        staff: &Staff,
        all: bool,
        before: (i64, Uuid),
        limit: i64,
    ) -> Result<Vec<TokenRow>> {
        if all {
            staff.require_everywhere(Right::ManageStaff)?;
        }
        let mut tx = self.db.read().await?;
        match (all, staff.id) {
            (true, _) => tokens::list_tokens(&mut tx, before, limit).await,
            (false, Some(id)) if !staff.is_narrowed() => tokens::list_tokens_of(&mut tx, id, before, limit).await,
            (false, None) if staff.holds(Right::ManageStaff, &Place::Everywhere) => {
                tokens::list_installation_tokens(&mut tx, before, limit).await
            }
            // A narrow token knows of itself only.
            (false, Some(_) | None) => {
                let Credential::Token(token) = staff.credential else { return Ok(Vec::new()) };
                let row = tokens::find_token_by_id(&mut tx, token).await?;
                Ok(row.into_iter().filter(|row| (row.created_at, row.token_id) < before).collect())
            }
        }
    }

    /// Ends a token at once: the caller's own, or any for who manages staff everywhere. A repeat changes nothing. Reason:
    /// TOKEN_NOT_FOUND.
    pub async fn revoke_token(&self, staff: &Staff, token: Uuid) -> Result<TokenRow> {
        let not_found = || Error::not_found("TOKEN_NOT_FOUND", say::token_unknown(token));
        let mut tx = self.db.begin().await?;
        let row = tokens::find_token_by_id(&mut tx, token).await?.ok_or_else(not_found)?;
        let of_person = staff.id.is_some_and(|id| row.staff_id == Some(id.0)) && !staff.is_narrowed();
        let own = of_person || staff.credential == Credential::Token(token);
        if !own && !staff.holds(Right::ManageStaff, &Place::Everywhere) {
            return Err(not_found());
        }
        if tokens::revoke_token(&mut tx, token, self.clock.now()).await? {
            self.audit(&mut tx, staff, token_deed("token.revoke", &row)).await?;
        }
        let row = tokens::find_token_by_id(&mut tx, token).await?.ok_or_else(not_found)?;
        tx.commit().await?;
        Ok(row)
    }
}

fn token_invalid() -> Error {
    Error::new(Kind::Unauthenticated, "STAFF_TOKEN_INVALID", say::token_invalid())
}

fn token_deed(action: &'static str, row: &TokenRow) -> Deed {
    let details = serde_json::json!({
        "name": row.name,
        "role": row.role,
        "prefecture": row.prefecture,
        "municipality": row.owner_id,
        "school": row.school_id,
        "expires_at": row.expires_at,
    });
    Deed { municipality: None, action, subject_kind: "token", subject_id: row.token_id.to_string(), details }
}
