//! Tickets of some years: most of them done, one in twenty open, with what was written in them as it is searched.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gigafleet::{
    db::Db,
    schools::rules::{MunicipalityId, SchoolId},
    tickets::search::{rules::TicketTexts, store as texts},
};
use uuid::Uuid;

use super::{Database, numbers};

/// What is reported, in turn. 画面 stands in three of ten, 遠隔 in few.
const REPORTS: [(&str, &str); 10] = [
    ("画面が割れた", "落としてから画面の右上にひびが入り、表示が乱れます。授業では使えません。"),
    ("画面が表示されない", "電源ランプは点きますが、画面が真っ暗のままです。"),
    ("画面のタッチが反応しない", "ペンでも指でも反応しません。再起動しても同じです。"),
    ("キーボードのキーが外れた", "エンターキーが外れて見つかりません。"),
    ("バッテリーが膨らんでいる", "裏ぶたが浮いています。使用を止めて保管しています。"),
    ("充電できない", "保管庫に入れても充電ランプが点きません。ケーブルを替えても同じです。"),
    ("ログインできない", "パスワードを忘れたようです。初期化をお願いします。"),
    ("Wi-Fiにつながらない", "三階の教室だけつながりません。隣の教室ではつながります。"),
    ("インターネットが遅い", "午前中の授業で動画が止まります。学級全体で起きています。"),
    ("アプリを入れてほしい", "理科で使うアプリの追加をお願いします。"),
];
/// Texts that are written at once.
const TEXTS: u64 = 2_000;
const DAY_US: u64 = 86_400 * 1_000_000;
/// Days over which tickets came in.
const DAYS: u64 = 1_000;

/// Where the tickets of one owner belong.
pub struct Owner<'a> {
    /// The owner's id as the engine spells it.
    pub id: &'a str,
    /// Its number.
    pub number: u64,
    /// The school and the device of the n-th, as the engine spells them.
    pub school_of: &'a str,
    pub device_id: &'a str,
    pub devices: u64,
}

/// The id of the n-th ticket of an owner as it is spelled for both engines.
fn ticket_id(number: u64) -> String {
    format!("ID[HEX[1750000000000 + n] || '70008000' || HEX[{} + n]]", (number + 1) * 100_000_000)
}

/// Makes tickets of one owner, numbered from 1.
pub async fn fill(database: &mut Database, owner: &Owner<'_>, tickets: u64) {
    if tickets == 0 {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let now = u64::try_from(now.as_micros()).unwrap_or(0);
    let first = now - DAYS * DAY_US;
    let created = format!("({first} + n * {})", (DAYS * DAY_US / tickets).max(1));
    let done = "n % 20 <> 7";
    let subjects: String =
        (0..).zip(REPORTS).map(|(at, (subject, _))| format!(" WHEN {at} THEN '{subject}'")).collect();
    let bodies: String = (0..).zip(REPORTS).map(|(at, (_, body))| format!(" WHEN {at} THEN '{body}'")).collect();
    // Square brackets that close are the spelling of ids.
    let close = database.by_engine("char(93)", "chr(93)");
    let clock = |ended: &str| {
        let began = format!("'{{\"began\":' || CAST({created} AS TEXT)");
        format!("{began} || ',\"pauses\":[' || {close} || ',\"paused\":null,\"ended\":' || {ended} || '}}'")
    };
    let over = format!("CASE WHEN {done} THEN CAST({created} + 3600000000 AS TEXT) ELSE 'null' END");
    let life = format!(
        "'{{\"response\":' || {clock} || ',\"restoration\":' || {clock} || ',\"closed_at\":' || {over} || ',\"reopened\":0}}'",
        clock = clock(&over)
    );
    let id = ticket_id(owner.number);
    let (owner_id, school, numbers) = (owner.id, owner.school_of, numbers(tickets));
    // A ticket of the n-th device; more tickets than devices begin again.
    let device = owner.device_id.replace("+ n]", &format!("+ 1 + n % {}]", owner.devices));
    database
        .run(&format!(
            "{numbers} INSERT INTO ticket (municipality_id, ticket_id, number, version, state, category, impact, urgency, priority,
                 subject, school_id, device_id, room, caller_kind, caller_contact, origin, created_at, changed_at, done_at, queue_key, life)
             SELECT {owner_id}, {id}, n, 2, CASE WHEN {done} THEN 6 ELSE 2 END, 1 + n % 14, 1 + n % 4, 1 + n % 4, 1 + n % 4,
                 CASE n % 10 {subjects} END || ' ' || CAST(1 + n % 6 AS TEXT) || '年' || CAST(1 + n % 4 AS TEXT) || '組',
                 {school}, {device}, CAST(1 + n % 6 AS TEXT) || '年' || CAST(1 + n % 4 AS TEXT) || '組', 1, '', 1, {created}, {created},
                 CASE WHEN {done} THEN {created} + 3600000000 END,
                 CASE WHEN {done} THEN -({created} + 3600000000) ELSE {created} / 60000000 * 8 + 1 + n % 4 END, {life}
             FROM g"
        ))
        .await;
    let (no, yes) = (database.by_engine("0", "FALSE"), database.by_engine("1", "TRUE"));
    for (number, kind, for_caller, body, which) in [
        (1, 1, yes, format!("CASE n % 10 {bodies} END"), "TRUE"),
        (2, 9, no, String::from("'予備機の在庫を確認。遠隔で' || CAST(n AS TEXT) || '回目'"), "n % 50 = 3"),
        (2, 8, yes, String::from("'予備機と交換しました。' || CAST(n AS TEXT)"), "n % 50 = 4"),
    ] {
        database
            .run(&format!(
                "{numbers} INSERT INTO ticket_event (municipality_id, ticket_id, number, kind, happened_at, actor_name, is_for_caller,
                     body, details)
                 SELECT {owner_id}, {id}, {number}, {kind}, {created}, 'seed', {for_caller}, {body}, '{{}}' FROM g WHERE {which}"
            ))
            .await;
    }
    database
        .run(&format!("INSERT INTO ticket_counter (municipality_id, last_number) VALUES ({owner_id}, {tickets})"))
        .await;
}

/// Writes what is searched, by the product's own code: the rows that [`fill`] made say what.
pub async fn write_texts(db: &Db, owners: &[Uuid]) {
    for owner in owners {
        let mut behind = 0_i64;
        loop {
            let mut tx = db.begin().await.expect("the database answers");
            let rows: Vec<(i64, Uuid, Option<Uuid>, i64, String)> = tx
                .query(
                    "SELECT number, ticket_id, school_id, changed_at, subject FROM ticket
                     WHERE municipality_id = $1 AND number > $2 ORDER BY number LIMIT $3",
                )
                .bind(*owner)
                .bind(behind)
                .bind(i64::try_from(TEXTS).expect("a small number"))
                .all()
                .await
                .expect("tickets are read");
            let Some((last, ..)) = rows.last() else { break };
            behind = *last;
            for (number, ticket, school, changed_at, subject) in rows {
                let n = usize::try_from(number).expect("a number from 1");
                let said = format!("{subject}\n{}", REPORTS[n % REPORTS.len()].1);
                let (said, noted) = match n % 50 {
                    3 => (said, format!("予備機の在庫を確認。遠隔で{number}回目")),
                    4 => (format!("{said}\n予備機と交換しました。{number}"), String::new()),
                    _ => (said, String::new()),
                };
                let written = TicketTexts::new(&said, &noted);
                let school = school.map(SchoolId);
                texts::put(&mut tx, MunicipalityId(*owner), ticket, school, changed_at, &written)
                    .await
                    .expect("texts are written");
            }
            tx.commit().await.expect("texts are kept");
        }
    }
    loop {
        let mut tx = db.begin().await.expect("the database answers");
        let indexed = texts::index_waiting(&mut tx, i64::MAX).await.expect("texts are indexed");
        tx.commit().await.expect("the index is kept");
        if indexed == 0 {
            return;
        }
    }
}
