//! What an index knows of the older texts.
//!
//! Rows of SQLite's index stand in the order in which their texts changed, so that the newest that match are read first and no others. A
//! text that comes too late for its place, because a clock was put back, is not indexed: it stays on the list of what waits, which
//! is always read too.

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Asked, FoundRow, matching};
use crate::{
    db::{Tx, batch_sql, rows_json},
    error::Result,
    schools::rules::MunicipalityId,
    tickets::search::rules::gram_tokens,
};

/// Tickets whose texts are indexed in one transaction, for which the one writer of SQLite is held.
const BATCH: i64 = 200;
/// Bytes of what one statement asks SQLite's index for.
const MATCH_BYTES: usize = 64 * 1024;

/// A ticket whose texts wait.
#[derive(Debug, Clone, FromRow, Serialize)]
struct WaitingRow {
    municipality_id: Uuid,
    ticket_id: Uuid,
    changed_at: i64,
}

/// A text that is to be indexed.
#[derive(FromRow)]
struct TextRow {
    municipality_id: Uuid,
    ticket_id: Uuid,
    audience: i64,
    changed_at: i64,
    folded: String,
}

/// The token of SQLite's index that names a ticket; longer than one of two characters.
fn name_token(owner: Uuid, ticket: Uuid) -> String {
    format!("{}{}", owner.simple(), ticket.simple())
}

/// Notes that the index of SQLite must learn of the texts of a ticket; PostgreSQL keeps its index by itself.
pub(super) async fn wait(tx: &mut Tx, owner: MunicipalityId, ticket: Uuid, changed_at: i64) -> Result<()> {
    let Some(sql) = tx.by_engine(
        Some(
            "INSERT INTO ticket_text_waiting (municipality_id, ticket_id, changed_at, is_late) VALUES ($1, $2, $3, FALSE)
             ON CONFLICT (municipality_id, ticket_id) DO UPDATE SET changed_at = excluded.changed_at, is_late = FALSE",
        ),
        None,
    ) else {
        return Ok(());
    };
    tx.query(sql).bind(owner).bind(ticket).bind(changed_at).execute().await?;
    Ok(())
}

/// Indexes texts that changed before a moment, which must be past for all that still writes, the oldest first; how many tickets these
/// were. More wait while there are any. PostgreSQL takes all at once and counts none.
pub async fn index_waiting(tx: &mut Tx, until: i64) -> Result<usize> {
    let Some(sql) = tx.by_engine(
        Some(
            "SELECT municipality_id, ticket_id, changed_at FROM ticket_text_waiting
             WHERE is_late = FALSE AND changed_at < $1 ORDER BY changed_at, ticket_id LIMIT $2",
        ),
        None,
    ) else {
        // What was written since waits in a list at the index, which each search would read whole.
        tx.query("SELECT gin_clean_pending_list('ticket_text_by_gram')").execute().await?;
        return Ok(0);
    };
    let waiting: Vec<WaitingRow> = tx.query(sql).bind(until).bind(BATCH).all().await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    forget(tx, &waiting).await?;
    let known: Option<(i64, Uuid)> =
        tx.query("SELECT changed_at, ticket_id FROM ticket_text_gram ORDER BY rowid DESC LIMIT 1").optional().await?;
    for text in texts_of(tx, &waiting).await? {
        if known.is_some_and(|known| (text.changed_at, text.ticket_id) < known) {
            let sql = "UPDATE ticket_text_waiting SET is_late = TRUE WHERE municipality_id = $1 AND ticket_id = $2";
            tx.query(sql).bind(text.municipality_id).bind(text.ticket_id).execute().await?;
            continue;
        }
        let grams = gram_tokens(MunicipalityId(text.municipality_id), [text.folded.as_str()]);
        tx.query(
            "INSERT INTO ticket_text_gram (tokens, municipality_id, ticket_id, audience, changed_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(format!("{} {grams}", name_token(text.municipality_id, text.ticket_id)))
        .bind(text.municipality_id)
        .bind(text.ticket_id)
        .bind(text.audience)
        .bind(text.changed_at)
        .execute()
        .await?;
    }
    // Those that are not late wait no longer. NOT keeps SQLite from walking all of them by the index over that.
    tx.query(
        "DELETE FROM ticket_text_waiting WHERE (municipality_id, ticket_id) IN
             (SELECT unhex(value ->> 'municipality_id', '-'), unhex(value ->> 'ticket_id', '-') FROM json_each($1))
             AND NOT is_late",
    )
    .bind(rows_json(&waiting)?)
    .execute()
    .await?;
    Ok(waiting.len())
}

/// Takes what the index knows of tickets out of it.
async fn forget(tx: &mut Tx, tickets: &[WaitingRow]) -> Result<()> {
    let names: Vec<_> = tickets.iter().map(|row| name_token(row.municipality_id, row.ticket_id)).collect();
    let sql = "DELETE FROM ticket_text_gram
               WHERE rowid IN (SELECT rowid FROM ticket_text_gram WHERE ticket_text_gram MATCH $1)";
    tx.query(sql).bind(names.join(" OR ")).execute().await?;
    Ok(())
}

/// The texts of tickets in the order in which they changed.
async fn texts_of(tx: &mut Tx, tickets: &[WaitingRow]) -> Result<Vec<TextRow>> {
    let (sql, _) = batch_sql!(
        "SELECT t.municipality_id, t.ticket_id, t.audience, t.changed_at, t.folded FROM",
        [municipality_id uuid, ticket_id uuid],
        "CROSS JOIN ticket_text t ON t.municipality_id = i.municipality_id AND t.ticket_id = i.ticket_id
         ORDER BY t.changed_at, t.ticket_id, t.audience"
    );
    tx.query(sql).bind(rows_json(tickets)?).all().await
}

/// Tickets whose texts were written before a moment, those that matter among the first, perhaps twice and in no order.
pub(super) async fn find_older(tx: &mut Tx, asked: Asked<'_>, before: i64, limit: i64) -> Result<Vec<FoundRow>> {
    let Some(indexed) = tx.by_engine(
        // CROSS JOIN keeps SQLite from walking the texts and asking the index for each. A text that changed since it was indexed waits.
        Some(concat!(
            "SELECT t.municipality_id, t.ticket_id, t.changed_at, t.body FROM ticket_text_gram g CROSS JOIN ticket_text t
             ON t.municipality_id = g.municipality_id AND t.ticket_id = g.ticket_id AND t.audience = g.audience
                 AND t.changed_at = g.changed_at
             WHERE g.ticket_text_gram MATCH $15 AND g.changed_at < $13 AND ",
            matching!(sqlite),
            " ORDER BY g.rowid DESC LIMIT $14"
        )),
        None,
    ) else {
        return find_by_gin(tx, asked, before, limit).await;
    };
    let mut found = find_waiting(tx, asked, before, limit).await?;
    for tokens in match_texts(asked) {
        let statement = asked.bind(tx.query(indexed))?.bind(before).bind(limit).bind(tokens);
        found.extend(statement.all::<FoundRow>().await?);
    }
    Ok(found)
}

/// What SQLite's index is asked for: the pairs of characters of all words at one owner or another, in texts of bounded length.
fn match_texts(asked: Asked<'_>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (area, _) in asked.areas {
        let grams = gram_tokens(area.municipality(), asked.query.words().iter().map(String::as_str));
        match texts.last_mut().filter(|text| text.len() + grams.len() < MATCH_BYTES) {
            Some(text) => text.push_str(&format!(" OR ({grams})")),
            None => texts.push(format!("({grams})")),
        }
    }
    texts
}

/// Of the texts that wait for SQLite's index.
async fn find_waiting(tx: &mut Tx, asked: Asked<'_>, before: i64, limit: i64) -> Result<Vec<FoundRow>> {
    let sql = concat!(
        "SELECT t.municipality_id, t.ticket_id, t.changed_at, t.body FROM ticket_text_waiting w CROSS JOIN ticket_text t
         ON t.municipality_id = w.municipality_id AND t.ticket_id = w.ticket_id AND t.changed_at = w.changed_at
         WHERE w.is_late IN (FALSE, TRUE) AND w.changed_at < $13 AND ",
        matching!(sqlite),
        " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $14"
    );
    asked.bind(tx.query(sql))?.bind(before).bind(limit).all().await
}

/// Of those that PostgreSQL's index names, owner by owner.
async fn find_by_gin(tx: &mut Tx, asked: Asked<'_>, before: i64, limit: i64) -> Result<Vec<FoundRow>> {
    let owners: Vec<_> = asked.areas.iter().map(|(area, _)| area.municipality().0).collect();
    // OFFSET keeps PostgreSQL from walking all texts in their order instead, and from all texts of an owner: the pairs name it already.
    let sql = concat!(
        "SELECT t.municipality_id, t.ticket_id, t.changed_at, t.body
         FROM jsonb_array_elements_text(CAST(CAST($15 AS TEXT) AS JSONB)) AS o (municipality_id) CROSS JOIN LATERAL (
             SELECT * FROM ticket_text n
             WHERE text_grams(n.municipality_id, n.folded)
                 @> text_grams(CAST(o.municipality_id AS UUID), $5, $6, $7, $8, $9, $10, $11, $12)
             OFFSET 0) AS t
         WHERE t.municipality_id = CAST(o.municipality_id AS UUID) AND t.changed_at < $13 AND ",
        matching!(postgres),
        " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $14"
    );
    asked.bind(tx.query(sql))?.bind(before).bind(limit).bind(rows_json(&owners)?).all().await
}
