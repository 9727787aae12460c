//! SQL of the texts of tickets: writing them with their index, and finding them.
//!
//! The index of SQLite is a table of FTS5 whose tokens are pairs of characters; that of PostgreSQL is a GIN index over the
//! same pairs. Either only names candidates: the folded text itself decides.

use sqlx::FromRow;
use uuid::Uuid;

use super::rules::{FoundPosition, Reader, TextQuery, TicketTexts, WORDS_MOST, gram_tokens};
use crate::{
    access::rules::{Area, Schools},
    db::{Query, Tx, in_schools},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// How many of the newest texts of all areas together are looked through before the index is asked: a word in every 120th text fills
/// a page of 50 from them, and of a rarer one the index names few. One text that is looked through in vain costs a third of one that
/// the index names (measured with 200,000 texts).
const NEWEST: i64 = 6_000;
/// And of each area at least.
const LEAST_NEWEST: i64 = 50;

/// A ticket that was found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FoundRow {
    /// The ticket.
    pub ticket_id: Uuid,
    /// When its texts changed, in microseconds.
    pub changed_at: i64,
    /// What was found, as written.
    pub body: String,
}

impl FoundRow {
    /// Its place in the list.
    pub fn position(&self) -> FoundPosition {
        FoundPosition { changed_at: self.changed_at, ticket: self.ticket_id }
    }
}

/// Writes the texts of a ticket and their index, in place of what there was.
pub async fn put(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: Uuid,
    school: Option<SchoolId>,
    changed_at: i64,
    texts: &TicketTexts,
) -> Result<()> {
    remove(tx, owner, ticket).await?;
    for (audience, text) in texts.rows() {
        tx.query(
            "INSERT INTO ticket_text (municipality_id, ticket_id, audience, school_id, changed_at, body, folded)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(owner)
        .bind(ticket)
        .bind(*audience)
        .bind(school.map(|school| school.0))
        .bind(changed_at)
        .bind(text.body.as_str())
        .bind(text.folded.as_str())
        .execute()
        .await?;
        // PostgreSQL keeps its index by itself.
        let index =
            tx.by_engine(Some("INSERT INTO ticket_text_gram (tokens, ticket_id, audience) VALUES ($1, $2, $3)"), None);
        if let Some(sql) = index {
            let tokens = format!("{} {}", name_token(owner, ticket), gram_tokens(owner, [text.folded.as_str()]));
            tx.query(sql).bind(tokens).bind(ticket).bind(*audience).execute().await?;
        }
    }
    Ok(())
}

/// Takes the texts of a ticket and their index away.
pub async fn remove(tx: &mut Tx, owner: MunicipalityId, ticket: Uuid) -> Result<()> {
    let sql = "DELETE FROM ticket_text WHERE municipality_id = $1 AND ticket_id = $2";
    let removed = tx.query(sql).bind(owner).bind(ticket).execute().await?;
    let index = tx.by_engine(
        Some(
            "DELETE FROM ticket_text_gram
             WHERE rowid IN (SELECT rowid FROM ticket_text_gram WHERE ticket_text_gram MATCH $1)",
        ),
        None,
    );
    if let Some(sql) = index.filter(|_| removed > 0) {
        tx.query(sql).bind(name_token(owner, ticket)).execute().await?;
    }
    Ok(())
}

/// The token of SQLite's index that names a ticket; longer than one of two characters.
fn name_token(owner: MunicipalityId, ticket: Uuid) -> String {
    format!("{}{}", owner.0.simple(), ticket.simple())
}

/// That all words, `$6` and on, stand in the folded text; those that are missing are empty.
macro_rules! words_stand_in {
    ($position_of:literal) => {
        words_stand_in!($position_of "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13")
    };
    ($position_of:literal $($word:literal)*) => {
        concat!($(" AND (", $word, " = '' OR ", $position_of, "(t.folded, ", $word, ") > 0)"),*)
    };
}

/// The newest `$14` texts behind the position `$3`, `$4`, from an index that has the order.
macro_rules! newest_sql {
    (sqlite area) => {
        newest_sql!("instr", in_schools!(sqlite "t.school_id" "$2"))
    };
    (postgres area) => {
        newest_sql!("strpos", in_schools!(postgres "t.school_id" "$2"))
    };
    // The index of a school has the order, that of several schools together has not.
    (sqlite school) => {
        newest_sql!("instr", "t.school_id = unhex($2 ->> 0, '-')")
    };
    (postgres school) => {
        newest_sql!("strpos", "t.school_id = CAST(CAST(CAST($2 AS TEXT) AS JSONB) ->> 0 AS UUID)")
    };
    ($position_of:literal, $in_schools:expr) => {
        concat!(
            "SELECT t.ticket_id, t.changed_at, t.body FROM (
                 SELECT * FROM ticket_text t WHERE t.municipality_id = $1 AND (t.changed_at, t.ticket_id) < ($3, $4) AND ",
            $in_schools,
            " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $14) AS t
             WHERE (t.audience & $5) <> 0",
            words_stand_in!($position_of),
            " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $15"
        )
    };
}

/// What the index names, `$14`.
macro_rules! index_sql {
    // CROSS JOIN keeps SQLite from walking the texts and asking the index for each.
    (sqlite) => {
        concat!(
            "SELECT t.ticket_id, t.changed_at, t.body FROM ticket_text_gram g CROSS JOIN ticket_text t
             ON t.municipality_id = $1 AND t.ticket_id = g.ticket_id AND t.audience = g.audience
             WHERE g.ticket_text_gram MATCH $14 AND (t.changed_at, t.ticket_id) < ($3, $4) AND ",
            in_schools!(sqlite "t.school_id" "$2"),
            " AND (t.audience & $5) <> 0",
            words_stand_in!("instr"),
            " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $15"
        )
    };
    // OFFSET keeps PostgreSQL from walking all texts in their order instead.
    (postgres) => {
        concat!(
            "SELECT t.ticket_id, t.changed_at, t.body FROM (
                 SELECT * FROM ticket_text t WHERE t.municipality_id = $1
                     AND text_grams(t.municipality_id, t.folded) @> text_grams($1, $6, $7, $8, $9, $10, $11, $12, $13)
                 OFFSET 0) AS t
             WHERE (t.changed_at, t.ticket_id) < ($3, $4) AND ",
            in_schools!(postgres "t.school_id" "$2"),
            " AND (t.audience & $5) <> 0",
            words_stand_in!("strpos"),
            " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $14"
        )
    };
}

/// What is asked of the texts of an area.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where.
    pub area: &'a Area,
    /// What the reader may read.
    pub reader: Reader,
    /// Words that must all stand in a text.
    pub query: &'a TextQuery,
    /// Behind which position.
    pub behind: Option<FoundPosition>,
}

impl Asked<'_> {
    fn behind(&self) -> FoundPosition {
        self.behind.unwrap_or(FoundPosition { changed_at: i64::MAX, ticket: Uuid::max() })
    }
}

/// At most `limit` tickets of several areas in whose texts for the reader all words stand, newest changed first. Ends the planning of
/// PostgreSQL for other parameters in this transaction.
pub async fn find(tx: &mut Tx, asked: &[Asked<'_>], limit: i64) -> Result<Vec<(MunicipalityId, FoundRow)>> {
    tx.plan_by_parameters().await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let each = (NEWEST / i64::try_from(asked.len().max(1)).unwrap_or(i64::MAX)).max(LEAST_NEWEST);
    // What was written after this moment was looked through everywhere.
    let (mut found, mut until) = (Vec::new(), None);
    for asked in asked {
        let rows = find_newest(tx, *asked, each, limit).await?;
        let last = match rows.last().filter(|_| rows.len() >= most) {
            Some(last) => Some(last.changed_at),
            None => looked_until(tx, *asked, each).await?,
        };
        until = until.max(last);
        found.extend(rows.into_iter().map(|row| (asked.area.municipality(), row)));
    }
    let complete = found.iter().filter(|(_, row)| until.is_none_or(|until| row.changed_at > until)).count();
    if complete < most && until.is_some() {
        // The words are too rare for the newest: the index knows all that have them.
        found.clear();
        for asked in asked {
            let rows = find_indexed(tx, *asked, limit).await?;
            found.extend(rows.into_iter().map(|row| (asked.area.municipality(), row)));
        }
    }
    found.sort_by_key(|(_, row)| std::cmp::Reverse((row.changed_at, row.ticket_id)));
    found.truncate(most);
    Ok(found)
}

/// Tickets of an area in whose texts all words stand, newest changed first, of so many of its newest texts.
async fn find_newest(tx: &mut Tx, asked: Asked<'_>, texts: i64, limit: i64) -> Result<Vec<FoundRow>> {
    let newest = match asked.area.schools() {
        Schools::Only(schools) if schools.len() == 1 => {
            tx.by_engine(newest_sql!(sqlite school), newest_sql!(postgres school))
        }
        Schools::Only(_) | Schools::All => tx.by_engine(newest_sql!(sqlite area), newest_sql!(postgres area)),
    };
    bound(tx.query(newest), asked).bind(texts).bind(limit).all().await
}

/// The time of the last of so many of the newest texts of an owner; none where there are no more than these. What was written
/// after it was looked through by [`find_newest`], also where the area is less than the owner.
async fn looked_until(tx: &mut Tx, asked: Asked<'_>, texts: i64) -> Result<Option<i64>> {
    let behind = asked.behind();
    let (count, last): (i64, Option<i64>) = tx
        .query(
            "SELECT COUNT(*), MIN(changed_at) FROM (
                 SELECT changed_at FROM ticket_text
                 WHERE municipality_id = $1 AND (changed_at, ticket_id) < ($2, $3)
                 ORDER BY changed_at DESC, ticket_id DESC LIMIT $4) AS t",
        )
        .bind(asked.area.municipality())
        .bind(behind.changed_at)
        .bind(behind.ticket)
        .bind(texts)
        .one()
        .await?;
    Ok(last.filter(|_| count == texts))
}

/// Tickets of an area in whose texts all words stand, newest changed first, of those that the index names.
async fn find_indexed(tx: &mut Tx, asked: Asked<'_>, limit: i64) -> Result<Vec<FoundRow>> {
    let index = tx.by_engine(index_sql!(sqlite), index_sql!(postgres));
    let words = asked.query.words().iter().map(String::as_str);
    let tokens = tx.by_engine(Some(gram_tokens(asked.area.municipality(), words)), None);
    let statement = bound(tx.query(index), asked);
    let statement = match tokens {
        Some(tokens) => statement.bind(tokens),
        None => statement,
    };
    statement.bind(limit).all().await
}

/// Binds `$1` to `$13`.
fn bound<'t>(statement: Query<'t>, asked: Asked<'_>) -> Query<'t> {
    let behind = asked.behind();
    let statement = statement
        .bind(asked.area.municipality())
        .bind(asked.area.schools_json())
        .bind(behind.changed_at)
        .bind(behind.ticket)
        .bind(asked.reader.bit());
    let words = asked.query.words().iter().map(String::as_str).chain(std::iter::repeat(""));
    words.take(WORDS_MOST).fold(statement, |statement, word| statement.bind(word))
}
