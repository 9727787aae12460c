//! One-time links: the first administrator's, invitations, new passwords.
//!
//! Invariants: a link works once and for a day; a newer one for the same person ends the older; unknown, used and late look
//! the same.

use std::time::Duration;

use uuid::Uuid;

use super::{
    Access,
    audit::{Actor, Deed},
    sign_in::{Client, Cookie, staff_deed},
};
use crate::{
    access::{
        rules::{
            Place, Role, SecretHash, StaffId,
            fields::parse_name,
            hash_secret,
            names::{Language, parse_sign_in_name},
            new_secret,
            second_factor::TotpSecret,
        },
        store::{
            grants::{self, GrantRow, place_columns},
            sessions,
            staff::{self as accounts, LinkRow, NewStaff},
        },
    },
    clock::Timestamp,
    db::{Tx, is_unique_violation},
    error::{Error, Kind, Result},
};

/// How long a link is good.
const LINK_LIFETIME: Duration = Duration::from_secs(86_400);
/// The path of a link's page, before its secret.
pub const LINK_PATH: &str = "/setup/";

/// What a link is for. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum LinkPurpose {
    /// Makes the first administrator.
    FirstAdministrator = 1,
    /// Lets somebody choose their first password.
    Invitation = 2,
    /// Lets somebody choose a new one.
    Reset = 3,
}

impl LinkPurpose {
    fn from_number(number: i16) -> Option<Self> {
        [Self::FirstAdministrator, Self::Invitation, Self::Reset].into_iter().find(|purpose| *purpose as i16 == number)
    }
}

/// The secret of a link, good once.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkSecret(String);

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSecret")
    }
}

impl LinkSecret {
    /// Path of the page on the console, with the secret.
    pub fn path(&self) -> String {
        format!("{LINK_PATH}{}", self.0)
    }

    /// The secret alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A link that can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Name to sign in; none for the first administrator, who chooses one.
    pub sign_in_name: Option<String>,
    /// How the person is called; none for the first administrator.
    pub display_name: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What somebody fills in behind a link.
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// Of the first administrator; else it is known and this is ignored.
    pub sign_in_name: String,
    /// Of the first administrator; else it is known and this is ignored.
    pub display_name: String,
    /// Of the pages.
    pub language: Language,
    /// The new password.
    pub password: String,
}

/// An account for demonstrations and tests, with everything known beforehand.
#[derive(Debug, Clone)]
pub struct SeedStaff {
    /// Name to sign in.
    pub sign_in_name: String,
    /// How the person is called.
    pub display_name: String,
    /// Of the pages.
    pub language: Language,
    /// The password.
    pub password: String,
    /// The secret of the authenticator; see [`TotpSecret::code`].
    pub totp_secret: TotpSecret,
    /// What the person may do where, from now on without an end.
    pub grants: Vec<(Role, Place)>,
}

impl Access {
    /// A link for the first administrator, as long as there is nobody; links made before it are void.
    pub async fn first_administrator_link(&self) -> Result<Option<LinkSecret>> {
        let mut tx = self.db.begin().await?;
        if accounts::has_staff(&mut tx).await? {
            return Ok(None);
        }
        let link = self.make_link(&mut tx, LinkPurpose::FirstAdministrator, None).await?;
        tx.commit().await?;
        Ok(Some(link))
    }

    /// What a link is for. Reason: LINK_INVALID.
    pub async fn open_link(&self, secret: &str) -> Result<OpenLink> {
        let mut tx = self.db.read().await?;
        let (row, purpose) = self.good_link(&mut tx, &hash_secret(secret)).await?;
        let person = match row.staff_id {
            Some(id) => accounts::find_staff(&mut tx, StaffId(id)).await?,
            None => None,
        };
        let (sign_in_name, display_name) = person.map(|person| (person.sign_in_name, person.display_name)).unzip();
        Ok(OpenLink { purpose, sign_in_name, display_name, expires_at: Timestamp(row.expires_at) })
    }

    /// Uses a link: makes the account where it is the first one, sets the password, ends all sessions. The cookie is good to
    /// set up the authenticator, or to use it. Reasons: LINK_INVALID, FIELD_INVALID, STAFF_EXISTS, SIGN_IN_BUSY.
    pub async fn accept_link(&self, secret: &str, given: Acceptance, client: &Client) -> Result<Cookie> {
        let hash = hash_secret(secret);
        let open = self.open_link(secret).await?;
        let (sign_in_name, display_name) = match (open.sign_in_name, open.display_name) {
            (Some(sign_in_name), Some(display_name)) => (sign_in_name, display_name),
            _ => {
                let mut refused = Vec::new();
                let mut check = |checked: Result<String, _>| checked.map_err(|violation| refused.push(violation)).ok();
                let sign_in_name = check(parse_sign_in_name("sign_in_name", &given.sign_in_name));
                let display_name = check(parse_name("display_name", &given.display_name));
                match (sign_in_name, display_name) {
                    (Some(sign_in_name), Some(display_name)) => (sign_in_name, display_name),
                    _ => return Err(Error::invalid_fields("FIELD_INVALID", refused)),
                }
            }
        };
        let password = self.hash_new_password("password", &given.password, &[&sign_in_name, &display_name]).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let (row, _) = self.good_link(&mut tx, &hash).await?;
        if !accounts::use_link(&mut tx, &hash, now).await? {
            return Err(link_invalid());
        }
        let id = match row.staff_id {
            Some(id) => StaffId(id),
            None => {
                let id = StaffId(Uuid::now_v7());
                let new = NewStaff {
                    id,
                    sign_in_name: &sign_in_name,
                    display_name: &display_name,
                    language: given.language.code(),
                };
                self.add_first_administrator(&mut tx, &new, now).await?;
                id
            }
        };
        accounts::set_password(&mut tx, id, Some(password)).await?;
        accounts::set_language(&mut tx, id, given.language.code()).await?;
        sessions::end_all_sessions(&mut tx, id, now).await?;
        let cookie = self.start_session(&mut tx, id, client, true).await?;
        let who = Actor { kind: crate::access::rules::audit::ActorKind::Staff, id: Some(id.0), name: display_name };
        self.audit(&mut tx, who, staff_deed("staff.password", id, serde_json::json!({ "by": "link" }))).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Makes an account whose password and second factor are known, for the demo and for tests. Nothing of the network
    /// leads here. Reasons: FIELD_INVALID, STAFF_EXISTS.
    pub async fn seed_staff(&self, seed: SeedStaff) -> Result<StaffId> {
        let refuse = |violation| Error::invalid_fields("FIELD_INVALID", vec![violation]);
        let sign_in_name = parse_sign_in_name("sign_in_name", &seed.sign_in_name).map_err(refuse)?;
        let names = [sign_in_name.as_str(), seed.display_name.as_str()];
        let password = self.hash_new_password("password", &seed.password, &names).await?;
        let (id, now) = (StaffId(Uuid::now_v7()), self.clock.now());
        let new = NewStaff {
            id,
            sign_in_name: &sign_in_name,
            display_name: &seed.display_name,
            language: seed.language.code(),
        };
        let mut tx = self.db.begin().await?;
        self.add_account(&mut tx, Actor::system(), &new, now).await?;
        accounts::set_password(&mut tx, id, Some(password)).await?;
        let sealed = self.guard.second_factor.seal(id, &seed.totp_secret)?;
        accounts::set_totp(&mut tx, id, Some(sealed)).await?;
        accounts::confirm_totp(&mut tx, id).await?;
        for (role, place) in seed.grants {
            self.add_system_grant(&mut tx, id, role, &place, "seeded", now).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    pub(super) async fn make_link(
        &self,
        tx: &mut Tx,
        purpose: LinkPurpose,
        staff: Option<StaffId>,
    ) -> Result<LinkSecret> {
        let (secret, hash) = new_secret("")?;
        let now = self.clock.now();
        accounts::insert_link(tx, &hash, purpose as i64, staff, now, now.after(LINK_LIFETIME)).await?;
        Ok(LinkSecret(secret))
    }

    /// Adds an account. Reason: STAFF_EXISTS.
    pub(super) async fn add_account(
        &self,
        tx: &mut Tx,
        by: impl Into<Actor>,
        new: &NewStaff<'_>,
        now: Timestamp,
    ) -> Result<()> {
        accounts::insert_staff(tx, new, now).await.map_err(|error| {
            if is_unique_violation(&error) {
                let message = "an account of this name or request_id exists; take another name";
                Error::new(Kind::Exists, "STAFF_EXISTS", message).with_source(error)
            } else {
                error
            }
        })?;
        self.audit(tx, by, staff_deed("staff.create", new.id, serde_json::json!({ "name": new.sign_in_name }))).await
    }

    async fn add_first_administrator(&self, tx: &mut Tx, new: &NewStaff<'_>, now: Timestamp) -> Result<()> {
        // The entry of the log locks the chain, so of two who use two servers' links at once the second sees the first.
        self.add_account(tx, Actor::system(), new, now).await?;
        let others = accounts::list_staff(tx, "", 2).await?;
        if others.len() > 1 {
            return Err(link_invalid());
        }
        self.add_system_grant(tx, new.id, Role::Administrator, &Place::Everywhere, "first administrator", now).await
    }

    async fn add_system_grant(
        &self,
        tx: &mut Tx,
        staff: StaffId,
        role: Role,
        place: &Place,
        reason: &str,
        now: Timestamp,
    ) -> Result<()> {
        let (prefecture, owner_id, school_id) = place_columns(place);
        let row = GrantRow {
            grant_id: Uuid::now_v7(),
            staff_id: staff.0,
            role: role as i16,
            prefecture,
            owner_id,
            school_id,
            reason: reason.to_owned(),
            starts_at: now.0,
            ends_at: None,
            granted_by: Actor::system().name,
            granted_at: now.0,
            revoked_by: None,
            revoked_at: None,
        };
        grants::insert_grant(tx, &row).await?;
        self.audit(tx, Actor::system(), grant_deed("grant.create", &row)).await
    }

    async fn good_link(&self, tx: &mut Tx, hash: &SecretHash) -> Result<(LinkRow, LinkPurpose)> {
        let row = accounts::find_link(tx, hash).await?.ok_or_else(link_invalid)?;
        let purpose = LinkPurpose::from_number(row.purpose).ok_or_else(link_invalid)?;
        if row.used_at.is_some() || self.clock.now().0 >= row.expires_at {
            return Err(link_invalid());
        }
        if let Some(id) = row.staff_id {
            let person = accounts::find_staff(tx, StaffId(id)).await?;
            person.filter(|person| person.disabled_at.is_none()).ok_or_else(link_invalid)?;
        }
        Ok((row, purpose))
    }
}

/// A deed on a grant, in the chain of the owner that it is about.
pub(super) fn grant_deed(action: &'static str, row: &GrantRow) -> Deed {
    let details = serde_json::json!({
        "staff": row.staff_id,
        "role": row.role,
        "prefecture": row.prefecture,
        "school": row.school_id,
        "reason": row.reason,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    });
    Deed {
        municipality: row.place().municipality(),
        action,
        subject_kind: "grant",
        subject_id: row.grant_id.to_string(),
        details,
    }
}

fn link_invalid() -> Error {
    let message = "this link was used, is too old, or was replaced by a newer one; ask for a new one";
    Error::not_found("LINK_INVALID", message)
}
