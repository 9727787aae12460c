//! SQL of prepared answers, of those who follow tickets and of those who look at one.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::ReplyId;
use crate::{
    access::rules::{Area, StaffId},
    clock::Timestamp,
    db::Tx,
    error::Result,
    schools::rules::MunicipalityId,
    tickets::rules::TicketId,
};

/// A prepared answer.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReplyRow {
    /// Its id.
    pub reply_id: Uuid,
    /// For tickets of which owner; none for those of all.
    pub municipality_id: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub body: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: i64,
}

/// A ticket that somebody follows.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FollowedRow {
    /// Its owner.
    pub municipality_id: Uuid,
    /// Its id.
    pub ticket_id: Uuid,
    /// The version that the person saw last.
    pub seen_version: i64,
    /// Who named the person in a note that the person has not seen.
    pub named_by: Option<String>,
}

macro_rules! replies {
    ($after:literal) => {
        concat!("SELECT reply_id, municipality_id, name, body, changed_by, changed_at FROM prepared_reply ", $after)
    };
}

/// The prepared answers for all owners and for some, by their names.
pub(super) async fn replies(tx: &mut Tx, areas: &[Area]) -> Result<Vec<ReplyRow>> {
    let owners: Vec<_> = areas.iter().map(|area| area.municipality().0).collect();
    let mut rows: Vec<ReplyRow> = tx.query(replies!("ORDER BY name, reply_id")).all().await?;
    rows.retain(|row| row.municipality_id.is_none_or(|owner| owners.contains(&owner)));
    Ok(rows)
}

/// One of them.
pub(super) async fn reply(tx: &mut Tx, id: ReplyId) -> Result<Option<ReplyRow>> {
    tx.query(replies!("WHERE reply_id = $1")).bind(id).optional().await
}

/// How many an owner has, or all together.
pub(super) async fn count_replies(tx: &mut Tx, owner: Option<MunicipalityId>) -> Result<i64> {
    let count = match owner {
        Some(owner) => {
            tx.query("SELECT COUNT(*) FROM prepared_reply WHERE municipality_id = $1").bind(owner).one::<(i64,)>().await
        }
        None => tx.query("SELECT COUNT(*) FROM prepared_reply WHERE municipality_id IS NULL").one::<(i64,)>().await,
    };
    Ok(count?.0)
}

/// Writes one; one of this id of the same owner becomes this one. False if it is of another owner.
pub(super) async fn put_reply(tx: &mut Tx, row: &ReplyRow) -> Result<bool> {
    let written = tx
        .query(
            "INSERT INTO prepared_reply (reply_id, municipality_id, name, body, changed_by, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (reply_id) DO UPDATE SET name = $3, body = $4, changed_by = $5, changed_at = $6
                 WHERE prepared_reply.municipality_id IS NOT DISTINCT FROM $2",
        )
        .bind(row.reply_id)
        .bind(row.municipality_id)
        .bind(row.name.as_str())
        .bind(row.body.as_str())
        .bind(row.changed_by.as_str())
        .bind(row.changed_at)
        .execute()
        .await?;
    Ok(written == 1)
}

/// Takes one away.
pub(super) async fn delete_reply(tx: &mut Tx, id: ReplyId) -> Result<()> {
    tx.query("DELETE FROM prepared_reply WHERE reply_id = $1").bind(id).execute().await?;
    Ok(())
}

/// Somebody follows a ticket from a version on; who already does is told who named them.
pub(in crate::tickets) async fn follow(
    tx: &mut Tx,
    (owner, ticket): (MunicipalityId, TicketId),
    person: StaffId,
    seen: i64,
    named_by: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_follower (staff_id, municipality_id, ticket_id, followed_at, seen_version, named_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (staff_id, municipality_id, ticket_id)
             DO UPDATE SET named_by = COALESCE($6, ticket_follower.named_by)",
    )
    .bind(person)
    .bind(owner)
    .bind(ticket)
    .bind(now.0)
    .bind(seen)
    .bind(named_by.map(str::to_owned))
    .execute()
    .await?;
    Ok(())
}

/// Somebody follows it no longer.
pub(super) async fn unfollow(tx: &mut Tx, place: (MunicipalityId, TicketId), person: StaffId) -> Result<()> {
    tx.query("DELETE FROM ticket_follower WHERE staff_id = $1 AND municipality_id = $2 AND ticket_id = $3")
        .bind(person)
        .bind(place.0)
        .bind(place.1)
        .execute()
        .await?;
    Ok(())
}

/// What somebody who follows a ticket saw of it.
pub(super) async fn followed(
    tx: &mut Tx,
    place: (MunicipalityId, TicketId),
    person: StaffId,
) -> Result<Option<FollowedRow>> {
    tx.query(
        "SELECT municipality_id, ticket_id, seen_version, named_by FROM ticket_follower
         WHERE staff_id = $1 AND municipality_id = $2 AND ticket_id = $3",
    )
    .bind(person)
    .bind(place.0)
    .bind(place.1)
    .optional()
    .await
}

/// Somebody who follows a ticket saw it in this version; nothing where the person does not follow it.
pub(in crate::tickets) async fn saw(
    tx: &mut Tx,
    place: (MunicipalityId, TicketId),
    person: StaffId,
    version: i64,
) -> Result<()> {
    tx.query(
        "UPDATE ticket_follower SET seen_version = $4, named_by = NULL
         WHERE staff_id = $1 AND municipality_id = $2 AND ticket_id = $3 AND (seen_version < $4 OR named_by IS NOT NULL)",
    )
    .bind(person)
    .bind(place.0)
    .bind(place.1)
    .bind(version)
    .execute()
    .await?;
    Ok(())
}

/// The tickets that somebody follows, the last that was followed first.
pub(super) async fn all_followed(tx: &mut Tx, person: StaffId, most: i64) -> Result<Vec<FollowedRow>> {
    tx.query(
        "SELECT municipality_id, ticket_id, seen_version, named_by FROM ticket_follower
         WHERE staff_id = $1 ORDER BY followed_at DESC, ticket_id LIMIT $2",
    )
    .bind(person)
    .bind(most)
    .all()
    .await
}

/// How many tickets that somebody follows changed since the person saw them. Only those of areas in sight count.
pub(super) async fn count_unseen(tx: &mut Tx, person: StaffId) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    tx.query(
        "SELECT t.municipality_id, t.school_id FROM ticket_follower f
         JOIN ticket t ON t.municipality_id = f.municipality_id AND t.ticket_id = f.ticket_id
         WHERE f.staff_id = $1 AND (t.version > f.seen_version OR f.named_by IS NOT NULL)",
    )
    .bind(person)
    .all()
    .await
}

/// Somebody has a ticket before them.
pub(super) async fn look(
    tx: &mut Tx,
    place: (MunicipalityId, TicketId),
    person: StaffId,
    now: Timestamp,
) -> Result<()> {
    tx.query(
        "INSERT INTO ticket_looker (municipality_id, ticket_id, staff_id, looked_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (municipality_id, ticket_id, staff_id) DO UPDATE SET looked_at = $4",
    )
    .bind(place.0)
    .bind(place.1)
    .bind(person)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Who had a ticket before them since then: id and name, by name.
pub(super) async fn lookers(
    tx: &mut Tx,
    place: (MunicipalityId, TicketId),
    since: Timestamp,
) -> Result<Vec<(Uuid, String)>> {
    tx.query(
        "SELECT l.staff_id, s.display_name FROM ticket_looker l JOIN staff s ON s.staff_id = l.staff_id
         WHERE l.municipality_id = $1 AND l.ticket_id = $2 AND l.looked_at >= $3 ORDER BY s.display_name, l.staff_id LIMIT 20",
    )
    .bind(place.0)
    .bind(place.1)
    .bind(since.0)
    .all()
    .await
}

/// Forgets who looked before then.
pub(super) async fn forget_lookers(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.query("DELETE FROM ticket_looker WHERE looked_at < $1").bind(before.0).execute().await
}
