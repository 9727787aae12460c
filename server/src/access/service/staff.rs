//! Accounts of staff and their grants, as administrators keep them.
//!
//! Invariants: who gives a role at a place manages staff over all of that place; an account is seen by those who manage a
//! place it has a grant for, and changed by those who manage every place it still has one for, since whoever can reset an
//! account can become it. The installation always keeps one administrator who can sign in and whose grant does not end.

use uuid::Uuid;

use super::{
    Access,
    links::{LinkPurpose, LinkSecret, grant_deed},
    sign_in::staff_deed,
};
use crate::{
    access::{
        rules::{
            Credential, MunicipalityId, Place, Right, Role, SchoolId, Staff, StaffId,
            grants::{GrantOrder, check_grant},
            names::Language,
        },
        store::{
            grants::{self, GrantRow, place_columns},
            places, sessions,
            staff::{self as accounts, NewStaff, StaffRow},
        },
    },
    clock::Timestamp,
    db::{Tx, is_unique_violation},
    error::{Error, Kind, Result, says::access as say},
};

/// Accounts that are read at once.
const PAGE: i64 = 500;

/// An account as one administrator sees it.
#[derive(Debug, Clone)]
pub struct StaffView {
    /// The account.
    pub row: StaffRow,
    /// Its grants at places that the caller manages, the youngest first.
    pub grants: Vec<GrantRow>,
    /// Whether the caller may disable, enable and reset it.
    pub manageable: bool,
}

/// A person to be invited.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Id of the account, drawn by the server if absent.
    pub id: Option<Uuid>,
    /// Name to sign in, checked.
    pub sign_in_name: String,
    /// How the person is called, checked.
    pub display_name: String,
    /// Of the pages.
    pub language: Language,
    /// The first grant; only who manages staff everywhere may leave it out.
    pub grant: Option<GrantOrder>,
}

impl Access {
    /// Makes an account and the link with which its person chooses a password. Reasons: RIGHT_MISSING, FIELD_INVALID,
    /// STAFF_EXISTS, MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND.
    pub async fn create_staff(&self, staff: &Staff, person: NewPerson) -> Result<(StaffView, LinkSecret)> {
        let now = self.clock.now();
        if person.grant.is_none() {
            staff.require_everywhere(Right::ManageStaff)?;
        }
        let id = StaffId(person.id.unwrap_or_else(Uuid::now_v7));
        let mut tx = self.db.begin().await?;
        if let Some(order) = &person.grant {
            self.require_grantable(&mut tx, staff, order, now).await?;
        }
        let new = NewStaff {
            id,
            sign_in_name: &person.sign_in_name,
            display_name: &person.display_name,
            language: person.language.code(),
        };
        self.add_account(&mut tx, staff, &new, now).await?;
        let link = self.make_link(&mut tx, LinkPurpose::Invitation, Some(id)).await?;
        if let Some(order) = person.grant {
            self.add_grant(&mut tx, staff, id, order, now).await?;
        }
        let view = self.visible(&mut tx, staff, id).await?;
        tx.commit().await?;
        Ok((view, link))
    }

    /// Accounts that the caller sees, by the name to sign in, after one. Reason: RIGHT_MISSING.
    pub async fn list_staff(&self, staff: &Staff, after: &str, limit: i64) -> Result<Vec<StaffView>> {
        staff.scope(Right::ManageStaff)?;
        let (now, mut after) = (self.clock.now(), after.to_owned());
        let mut tx = self.db.read().await?;
        let mut seen = Vec::new();
        // A page is full of what the caller may see, however much lies between.
        loop {
            let page = accounts::list_staff(&mut tx, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(seen) };
            let mut grants = grants::grants_of_page(&mut tx, &after, PAGE).await?;
            after.clone_from(&last.sign_in_name);
            for row in page {
                let own = grants.extract_if(.., |grant| grant.staff_id == row.staff_id).collect();
                seen.extend(view(staff, row, own, now));
                if i64::try_from(seen.len()).is_ok_and(|count| count >= limit) {
                    return Ok(seen);
                }
            }
        }
    }

    /// People who have a right over a school of an owner, or over all of the owner: id and name, by their names. For a caller who
    /// has it there too.
    pub async fn people_with(
        &self,
        tx: &mut Tx,
        right: Right,
        owner: MunicipalityId,
        school: Option<SchoolId>,
    ) -> Result<Vec<(StaffId, String)>> {
        let mut people = grants::people_over(tx, owner, school, self.clock.now()).await?;
        people.retain(|(.., role)| Role::from_number(*role).is_some_and(|role| role.allows(right)));
        people.dedup_by_key(|(id, ..)| *id);
        Ok(people.into_iter().map(|(id, name, _)| (StaffId(id), name)).collect())
    }

    /// A person with what is in force for them now, as if they called; none where there is no such account, or it is closed.
    pub async fn person_in_force(&self, tx: &mut Tx, id: StaffId) -> Result<Option<Staff>> {
        let row = accounts::find_staff(tx, id).await?.filter(|row| row.disabled_at.is_none());
        let Some(row) = row else { return Ok(None) };
        self.person(tx, &row, Credential::Session(Uuid::nil()), self.clock.now()).await.map(Some)
    }

    /// The same of the person who signs in by a name.
    pub async fn person_called(&self, tx: &mut Tx, sign_in_name: &str) -> Result<Option<Staff>> {
        match accounts::find_staff_by_name(tx, sign_in_name).await? {
            Some(row) => self.person_in_force(tx, StaffId(row.staff_id)).await,
            None => Ok(None),
        }
    }

    /// One account that the caller sees. Reasons: RIGHT_MISSING, STAFF_NOT_FOUND.
    pub async fn get_staff(&self, staff: &Staff, id: StaffId) -> Result<StaffView> {
        staff.scope(Right::ManageStaff)?;
        self.visible(&mut self.db.read().await?, staff, id).await
    }

    /// Closes an account: its sessions and links end, its tokens rest. `seen` is the version that the caller saw. Reasons:
    /// RIGHT_MISSING, STAFF_NOT_FOUND, ETAG_MISMATCH, LAST_ADMINISTRATOR.
    pub async fn disable_staff(&self, staff: &Staff, id: StaffId, seen: Option<i64>) -> Result<StaffView> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let person = self.manageable(&mut tx, staff, id).await?;
        require_version(&person.row, seen)?;
        if person.row.disabled_at.is_none() {
            if !accounts::set_disabled(&mut tx, id, Some(now), person.row.version).await? {
                return Err(etag_mismatch());
            }
            sessions::end_all_sessions(&mut tx, id, now).await?;
            accounts::delete_links(&mut tx, Some(id)).await?;
            self.audit(&mut tx, staff, staff_deed("staff.disable", id, serde_json::json!({}))).await?;
            self.require_administrator_left(&mut tx, person.grants.iter(), now).await?;
        }
        let view = self.visible(&mut tx, staff, id).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Opens a closed account again; grants that are in force count at once. Reasons: RIGHT_MISSING, STAFF_NOT_FOUND,
    /// ETAG_MISMATCH.
    pub async fn enable_staff(&self, staff: &Staff, id: StaffId, seen: Option<i64>) -> Result<StaffView> {
        let mut tx = self.db.begin().await?;
        let person = self.manageable(&mut tx, staff, id).await?;
        require_version(&person.row, seen)?;
        if person.row.disabled_at.is_some() {
            if !accounts::set_disabled(&mut tx, id, None, person.row.version).await? {
                return Err(etag_mismatch());
            }
            self.audit(&mut tx, staff, staff_deed("staff.enable", id, serde_json::json!({}))).await?;
        }
        let view = self.visible(&mut tx, staff, id).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Takes the password of an account away, and on demand its second factor; its sessions end, and the link lets its person
    /// choose anew. Reasons: RIGHT_MISSING, STAFF_NOT_FOUND, STAFF_DISABLED.
    pub async fn reset_staff(&self, staff: &Staff, id: StaffId, second_factor: bool) -> Result<LinkSecret> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let person = self.manageable(&mut tx, staff, id).await?;
        if person.row.disabled_at.is_some() {
            return Err(Error::new(Kind::Precondition, "STAFF_DISABLED", say::staff_disabled()));
        }
        accounts::set_password(&mut tx, id, None).await?;
        if second_factor {
            accounts::set_totp(&mut tx, id, None).await?;
            accounts::replace_recovery_codes(&mut tx, id, &[]).await?;
        }
        sessions::end_all_sessions(&mut tx, id, now).await?;
        let link = self.make_link(&mut tx, LinkPurpose::Reset, Some(id)).await?;
        let details = serde_json::json!({ "second_factor": second_factor });
        self.audit(&mut tx, staff, staff_deed("staff.reset", id, details)).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Gives an account a role at a place for a time. Reasons: RIGHT_MISSING, STAFF_NOT_FOUND, FIELD_INVALID,
    /// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, GRANT_EXISTS.
    pub async fn grant_role(&self, staff: &Staff, id: StaffId, order: GrantOrder) -> Result<GrantRow> {
        let now = self.clock.now();
        staff.scope(Right::ManageStaff)?;
        let mut tx = self.db.begin().await?;
        self.require_grantable(&mut tx, staff, &order, now).await?;
        self.visible(&mut tx, staff, id).await?;
        let row = self.add_grant(&mut tx, staff, id, order, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Ends a grant at once; one that is over stays as it is. Reasons: RIGHT_MISSING, GRANT_NOT_FOUND, LAST_ADMINISTRATOR.
    pub async fn revoke_grant(&self, staff: &Staff, grant: Uuid) -> Result<GrantRow> {
        let now = self.clock.now();
        let not_found = || Error::not_found("GRANT_NOT_FOUND", say::grant_unknown(grant));
        staff.scope(Right::ManageStaff)?;
        let mut tx = self.db.begin().await?;
        let row = grants::find_grant(&mut tx, grant).await?.ok_or_else(not_found)?;
        if !staff.holds(Right::ManageStaff, &row.place()) {
            return Err(not_found());
        }
        if !row.is_over(now) && grants::revoke_grant(&mut tx, grant, &staff.name, now).await? {
            self.audit(&mut tx, staff, grant_deed("grant.revoke", &row)).await?;
            self.require_administrator_left(&mut tx, [&row], now).await?;
        }
        let row = grants::find_grant(&mut tx, grant).await?.ok_or_else(not_found)?;
        tx.commit().await?;
        Ok(row)
    }

    /// Grants at places that the caller manages, the youngest first, of one account or of all. Reasons: RIGHT_MISSING,
    /// STAFF_NOT_FOUND.
    pub async fn list_grants(
        &self,
        staff: &Staff,
        of: Option<StaffId>,
        before: (i64, Uuid),
        limit: i64,
    ) -> Result<Vec<GrantRow>> {
        staff.scope(Right::ManageStaff)?;
        let mut tx = self.db.read().await?;
        if let Some(id) = of {
            self.visible(&mut tx, staff, id).await?;
        }
        let (mut seen, mut before) = (Vec::new(), before);
        loop {
            let page = grants::list_grants(&mut tx, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(seen) };
            before = (last.granted_at, last.grant_id);
            let wanted = page.into_iter().filter(|row| of.is_none_or(|id| row.staff_id == id.0));
            for row in wanted.filter(|row| staff.holds(Right::ManageStaff, &row.place())) {
                seen.push(row);
                if i64::try_from(seen.len()).is_ok_and(|count| count >= limit) {
                    return Ok(seen);
                }
            }
        }
    }

    async fn require_grantable(&self, tx: &mut Tx, staff: &Staff, order: &GrantOrder, now: Timestamp) -> Result<()> {
        let refused = check_grant(order, now);
        if !refused.is_empty() {
            return Err(Error::invalid_fields("FIELD_INVALID", refused));
        }
        require_place(tx, staff, Right::ManageStaff, &order.place).await?;
        if !staff.holds_role(order.role, &order.place) {
            return Err(too_far());
        }
        Ok(())
    }

    async fn add_grant(
        &self,
        tx: &mut Tx,
        staff: &Staff,
        id: StaffId,
        order: GrantOrder,
        now: Timestamp,
    ) -> Result<GrantRow> {
        let (prefecture, owner_id, school_id) = place_columns(&order.place);
        let row = GrantRow {
            grant_id: order.id.unwrap_or_else(Uuid::now_v7),
            staff_id: id.0,
            role: order.role as i16,
            prefecture,
            owner_id,
            school_id,
            reason: order.reason,
            starts_at: order.starts_at.unwrap_or(now).0,
            ends_at: order.ends_at.map(|end| end.0),
            granted_by: staff.name.clone(),
            granted_at: now.0,
            revoked_by: None,
            revoked_at: None,
        };
        grants::insert_grant(tx, &row).await.map_err(|error| {
            if is_unique_violation(&error) {
                Error::new(Kind::Exists, "GRANT_EXISTS", say::grant_exists()).with_source(error)
            } else {
                error
            }
        })?;
        self.audit(tx, staff, grant_deed("grant.create", &row)).await?;
        Ok(row)
    }

    async fn visible(&self, tx: &mut Tx, staff: &Staff, id: StaffId) -> Result<StaffView> {
        let not_found = || Error::not_found("STAFF_NOT_FOUND", say::staff_unknown(id));
        let row = accounts::find_staff(tx, id).await?.ok_or_else(not_found)?;
        let all = grants::grants_of(tx, id).await?;
        view(staff, row, all, self.clock.now()).ok_or_else(not_found)
    }

    async fn manageable(&self, tx: &mut Tx, staff: &Staff, id: StaffId) -> Result<StaffView> {
        staff.scope(Right::ManageStaff)?;
        let view = self.visible(tx, staff, id).await?;
        if view.manageable { Ok(view) } else { Err(too_far()) }
    }

    /// Refuses what would leave nobody to administer the installation. The entry in the log before it holds the chain of the
    /// installation, so that two who do this at once see each other.
    async fn require_administrator_left<'a>(
        &self,
        tx: &mut Tx,
        taken: impl IntoIterator<Item = &'a GrantRow>,
        now: Timestamp,
    ) -> Result<()> {
        let matters =
            |grant: &&GrantRow| grant.role() == Some(Role::Administrator) && grant.place() == Place::Everywhere;
        let touched = taken.into_iter().any(|grant| matters(&grant));
        if touched && grants::count_lasting_administrators(tx, now).await? == 0 {
            return Err(Error::new(Kind::Precondition, "LAST_ADMINISTRATOR", say::last_administrator()));
        }
        Ok(())
    }
}

/// Refuses a place that is not there or not visible, and one over which the caller has not the right. Reasons:
/// MUNICIPALITY_NOT_FOUND, SCHOOL_NOT_FOUND, RIGHT_MISSING.
pub(super) async fn require_place(tx: &mut Tx, staff: &Staff, right: Right, place: &Place) -> Result<()> {
    if let Some(owner) = place.municipality() {
        staff.area_for(right, owner)?;
    }
    if let Place::School(owner, school) = place
        && (!places::school_exists(tx, *owner, *school).await?
            || !staff.scope(Right::ViewFigures)?.covers(*owner, Some(*school)))
    {
        return Err(Error::not_found("SCHOOL_NOT_FOUND", say::school_unknown_here(school)));
    }
    if staff.holds(right, place) { Ok(()) } else { Err(too_far()) }
}

/// What the caller sees of an account; nothing if it has no grant at a place that the caller manages.
fn view(staff: &Staff, row: StaffRow, mut grants: Vec<GrantRow>, now: Timestamp) -> Option<StaffView> {
    let everywhere = staff.holds(Right::ManageStaff, &Place::Everywhere);
    let held = |grant: &GrantRow| staff.holds(Right::ManageStaff, &grant.place());
    let mut lasting = grants.iter().filter(|grant| !grant.is_over(now)).peekable();
    let manageable = everywhere || (lasting.peek().is_some() && lasting.all(held));
    grants.retain(held);
    (everywhere || !grants.is_empty()).then_some(StaffView { row, grants, manageable })
}

fn require_version(row: &StaffRow, seen: Option<i64>) -> Result<()> {
    if seen.is_none_or(|seen| seen == row.version) { Ok(()) } else { Err(etag_mismatch()) }
}

fn etag_mismatch() -> Error {
    Error::new(Kind::Conflict, "ETAG_MISMATCH", say::staff_changed())
}

fn too_far() -> Error {
    Error::new(Kind::Denied, "RIGHT_MISSING", say::reaches_too_far())
}
