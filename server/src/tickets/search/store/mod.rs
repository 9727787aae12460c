//! SQL of the texts of tickets: writing them, finding them, and the index of SQLite.
//!
//! The newest texts are read in their order; what is older is named by an index of pairs of characters. That of PostgreSQL is a GIN
//! index, kept with each text. That of SQLite is a table of FTS5 that follows behind, many texts at once, since one text at a time
//! costs it more than all else of a ticket; what it does not know yet waits in a list that is read beside it. Either index only names
//! candidates: the folded text itself decides.

mod index;

use std::collections::HashSet;

use sqlx::FromRow;
use uuid::Uuid;

pub use self::index::index_waiting;
use super::rules::{FoundPosition, Reader, TextQuery, TicketTexts, WORDS_MOST};
use crate::{
    access::rules::{Area, Schools},
    db::{Query, Tx, rows_json},
    error::Result,
    schools::rules::{MunicipalityId, SchoolId},
};

/// How many of the newest texts are read before the index is asked: a word in every 400th text fills a page of 50 from them in some 20 ms
/// (measured with 1,000,000 texts on either engine), and of a rarer one the index names few.
pub const NEWEST: i64 = 20_000;

/// A ticket that was found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FoundRow {
    /// Its owner.
    pub municipality_id: Uuid,
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

/// Writes the texts of a ticket in place of what there was.
pub async fn put(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: Uuid,
    school: Option<SchoolId>,
    changed_at: i64,
    texts: &TicketTexts,
) -> Result<()> {
    delete(tx, owner, ticket).await?;
    insert(tx, owner, ticket, school, changed_at, texts).await
}

/// The same for a ticket that has none yet.
pub async fn insert(
    tx: &mut Tx,
    owner: MunicipalityId,
    ticket: Uuid,
    school: Option<SchoolId>,
    changed_at: i64,
    texts: &TicketTexts,
) -> Result<()> {
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
    }
    index::wait(tx, owner, ticket, changed_at).await
}

/// Takes the texts of a ticket away.
pub async fn remove(tx: &mut Tx, owner: MunicipalityId, ticket: Uuid) -> Result<()> {
    delete(tx, owner, ticket).await?;
    index::wait(tx, owner, ticket, 0).await
}

async fn delete(tx: &mut Tx, owner: MunicipalityId, ticket: Uuid) -> Result<()> {
    let sql = "DELETE FROM ticket_text WHERE municipality_id = $1 AND ticket_id = $2";
    tx.query(sql).bind(owner).bind(ticket).execute().await?;
    Ok(())
}

/// That the reader of `$1` and `$2`, see [`Asked`], may read the text, that it stands behind `$3`, `$4`, and that all words, `$5` to
/// `$12`, stand in it; those that are missing are empty.
macro_rules! matching {
    (sqlite) => {
        matching!("instr", $crate::db::ids!(sqlite "$1"), $crate::db::ids!(sqlite "$2"))
    };
    (postgres) => {
        matching!("strpos", $crate::db::ids!(postgres "$1"), $crate::db::ids!(postgres "$2"))
    };
    ($position_of:literal, $internal:expr, $caller:expr) => {
        concat!(
            "(t.changed_at, t.ticket_id) < ($3, $4)
             AND (((t.audience & 2) <> 0 AND (t.municipality_id IN ", $internal, " OR t.school_id IN ", $internal, "))
                 OR ((t.audience & 1) <> 0 AND (t.municipality_id IN ", $caller, " OR t.school_id IN ", $caller, ")))",
            matching!(words $position_of "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12")
        )
    };
    (words $position_of:literal $($word:literal)*) => {
        concat!($(" AND (", $word, " = '' OR ", $position_of, "(t.folded, ", $word, ") > 0)"),*)
    };
}
use matching;

/// A statement over the texts since `$13`, at most `$14`, newest first, of an index that has the order.
macro_rules! newest_sql {
    ($engine:ident $place:literal) => {
        concat!(
            "SELECT t.municipality_id, t.ticket_id, t.changed_at, t.body FROM ticket_text t WHERE ",
            $place,
            "t.changed_at >= $13 AND ",
            matching!($engine),
            " ORDER BY t.changed_at DESC, t.ticket_id DESC LIMIT $14"
        )
    };
}

/// A statement over the moment of the last of the `$3` newest texts behind the position `$1`, `$2`, and how many these are.
macro_rules! moment_sql {
    ($place:literal) => {
        concat!(
            "SELECT COUNT(*), MIN(changed_at) FROM (
                 SELECT changed_at FROM ticket_text WHERE ",
            $place,
            "(changed_at, ticket_id) < ($1, $2) ORDER BY changed_at DESC, ticket_id DESC LIMIT $3) AS t"
        )
    };
}

/// What is asked of texts.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where, and what the reader may read there.
    pub areas: &'a [(Area, Reader)],
    /// Words that must all stand in a text.
    pub query: &'a TextQuery,
    /// Behind which position.
    pub behind: Option<FoundPosition>,
    /// How many of the newest texts are read before the index is asked.
    pub newest: i64,
}

/// An index of the newest texts that has their order.
#[derive(Debug, Clone, Copy)]
enum Newest {
    All,
    Owner(MunicipalityId),
    School(MunicipalityId, SchoolId),
}

impl Asked<'_> {
    /// Owners and schools in which the reader is such a one, as a JSON array of ids; no owner has the id of a school.
    fn places(&self, reader: Reader) -> Result<String> {
        let areas = self.areas.iter().filter(|(_, of)| *of == reader);
        let ids = areas.flat_map(|(area, _)| match area.schools() {
            Schools::All => vec![area.municipality().0],
            Schools::Only(schools) => schools.iter().map(|school| school.0).collect(),
        });
        rows_json(&ids.collect::<Vec<_>>())
    }

    fn order(&self) -> Newest {
        let [(area, _)] = self.areas else { return Newest::All };
        match area.schools() {
            Schools::Only(schools) => match schools.first().filter(|_| schools.len() == 1) {
                Some(school) => Newest::School(area.municipality(), *school),
                None => Newest::Owner(area.municipality()),
            },
            Schools::All => Newest::Owner(area.municipality()),
        }
    }

    fn behind(&self) -> FoundPosition {
        self.behind.unwrap_or(FoundPosition { changed_at: i64::MAX, ticket: Uuid::max() })
    }

    /// Binds `$1` to `$12` of `matching!`.
    fn bind<'t>(&self, statement: Query<'t>) -> Result<Query<'t>> {
        let behind = self.behind();
        let statement = statement
            .bind(self.places(Reader::Internal)?)
            .bind(self.places(Reader::Caller)?)
            .bind(behind.changed_at)
            .bind(behind.ticket);
        let words = self.query.words().iter().map(String::as_str).chain(std::iter::repeat(""));
        Ok(words.take(WORDS_MOST).fold(statement, |statement, word| statement.bind(word)))
    }
}

impl Newest {
    fn bind<'t>(&self, statement: Query<'t>) -> Query<'t> {
        match self {
            Self::All => statement,
            Self::Owner(owner) => statement.bind(*owner),
            Self::School(owner, school) => statement.bind(*owner).bind(school.0),
        }
    }
}

/// At most `limit` tickets in whose texts for the reader all words stand, newest changed first. Ends the planning of PostgreSQL for other
/// parameters in this transaction.
pub async fn find(tx: &mut Tx, asked: Asked<'_>, limit: i64) -> Result<Vec<FoundRow>> {
    tx.plan_by_parameters().await?;
    let since = moment_of_newest(tx, asked).await?;
    let mut found = find_newest(tx, asked, since.unwrap_or(i64::MIN), limit).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if let Some(before) = since.filter(|_| found.len() < most) {
        let mut older = index::find_older(tx, asked, before, limit).await?;
        older.sort_by_key(|row| std::cmp::Reverse((row.changed_at, row.ticket_id)));
        let mut known = HashSet::new();
        older.retain(|row| known.insert((row.municipality_id, row.ticket_id)));
        found.extend(older);
        found.truncate(most);
    }
    Ok(found)
}

/// When the last of the newest texts was written; none where there are no more than these.
async fn moment_of_newest(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<i64>> {
    let (newest, behind) = (asked.order(), asked.behind());
    let sql = match newest {
        Newest::All => moment_sql!(""),
        Newest::Owner(_) => moment_sql!("municipality_id = $4 AND "),
        Newest::School(..) => moment_sql!("municipality_id = $4 AND school_id = $5 AND "),
    };
    let statement = tx.query(sql).bind(behind.changed_at).bind(behind.ticket).bind(asked.newest);
    let (count, last): (i64, Option<i64>) = newest.bind(statement).one().await?;
    Ok(last.filter(|_| count == asked.newest))
}

/// Tickets whose texts were written since a moment.
async fn find_newest(tx: &mut Tx, asked: Asked<'_>, since: i64, limit: i64) -> Result<Vec<FoundRow>> {
    let newest = asked.order();
    let sql = match newest {
        Newest::All => tx.by_engine(newest_sql!(sqlite ""), newest_sql!(postgres "")),
        Newest::Owner(_) => tx.by_engine(
            newest_sql!(sqlite "t.municipality_id = $15 AND "),
            newest_sql!(postgres "t.municipality_id = $15 AND "),
        ),
        Newest::School(..) => tx.by_engine(
            newest_sql!(sqlite "t.municipality_id = $15 AND t.school_id = $16 AND "),
            newest_sql!(postgres "t.municipality_id = $15 AND t.school_id = $16 AND "),
        ),
    };
    let statement = asked.bind(tx.query(sql))?.bind(since).bind(limit);
    newest.bind(statement).all().await
}
