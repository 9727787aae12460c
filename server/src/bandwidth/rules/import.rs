//! Files of measurements: CSV in any encoding or a workbook, with a header in Japanese or English, all rows or none.

use time::{OffsetDateTime, Time, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{MeasurementOrder, Method, parse_mbps};
use crate::{
    access::rules::days::{midnight_in_japan, read_day},
    clock::Timestamp,
    devices::rules::import::{
        cells::{fold_text, is_nothing},
        columns::fold_header,
        problems::FileProblem,
        table::Grid,
    },
    error::{FieldViolation, Result, says::bandwidth as say},
    schools::rules::{
        MunicipalityId, SchoolId,
        import::{RowFault, SchoolFinder},
    },
};

/// Most bytes of a file: it comes in one message.
pub const FILE_BYTES: usize = 1_000_000;
/// Most characters of a note.
const NOTE_CHARACTERS: usize = 200;
/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 20;

/// A column and what headers it has, as [`fold_header`] folds them; the first names it in errors.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("school", &["学校コード", "学校", "学校名", "school", "schoolcode", "schoolname"]),
    ("measure_time", &["測定日時", "日時", "測定日", "measuretime", "measuredat", "time"]),
    ("receive_mbps", &["受信mbps", "受信", "下り", "下りmbps", "ダウンロード", "receivembps", "receive", "download"]),
    ("send_mbps", &["送信mbps", "送信", "上り", "上りmbps", "アップロード", "sendmbps", "send", "upload"]),
    ("method", &["測定方法", "方法", "method"]),
    ("in_lesson", &["授業中", "授業", "inlesson", "inlessons", "moment"]),
    ("note", &["備考", "メモ", "note"]),
];
/// The columns without which nothing can be taken in: the first three.
const NEEDED: usize = 3;

/// A row that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Row of the file, from 1.
    pub row: u32,
    /// The school.
    pub school: SchoolId,
    /// What was measured: 簡易帯域測定 where the file does not say how. Without an id, see [`Entry::id`].
    pub order: MeasurementOrder,
}

impl Entry {
    /// The id under which it is recorded: the same row is the same measurement, however often the file comes.
    pub fn id(&self, owner: MunicipalityId) -> Uuid {
        let MeasurementOrder { at, receive_kbps, send_kbps, method, .. } = &self.order;
        let (school, method) = (self.school.0, *method as i16);
        let text = format!("{} {school} {} {receive_kbps} {send_kbps:?} {method}", owner.0, at.0);
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let bytes = hash.as_ref().first_chunk::<16>().expect("SHA-256 has 32 bytes");
        uuid::Builder::from_custom_bytes(*bytes).into_uuid()
    }
}

/// Reads a file: its rows, or all that is wrong with them. `now` is the latest that can have been measured.
pub fn read(
    bytes: &[u8],
    schools: &SchoolFinder,
    first: Timestamp,
    now: Timestamp,
) -> Result<Result<Vec<Entry>, Vec<RowFault>>> {
    if bytes.len() > FILE_BYTES {
        return Err(FileProblem::TooLarge.into());
    }
    let (grid, _) = Grid::read(bytes)?;
    let places_in = |cells: &[String]| {
        let headers: Vec<_> = cells.iter().map(|cell| fold_header(cell)).collect();
        COLUMNS.map(|(_, names)| headers.iter().position(|header| names.contains(&header.as_str())))
    };
    let header =
        grid.rows.iter().take(HEADER_ROWS).position(|row| places_in(&row.cells)[..NEEDED].iter().all(Option::is_some));
    let Some(header) = header else {
        let row = grid.rows.first().map_or(1, |row| row.number);
        let fault =
            RowFault { row, field: String::from("header"), value: String::new(), message: say::import_header() };
        return Ok(Err(vec![fault]));
    };
    let columns = places_in(&grid.rows[header].cells);
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for row in &grid.rows[header + 1..] {
        let cells = columns.map(|at| at.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim()));
        entries.extend(entry(row.number, cells, schools, (first, now), &mut faults));
    }
    Ok(if faults.is_empty() { Ok(entries) } else { Err(faults) })
}

fn entry(
    row: u32,
    cells: [&str; 7],
    schools: &SchoolFinder,
    (first, now): (Timestamp, Timestamp),
    faults: &mut Vec<RowFault>,
) -> Option<Entry> {
    let cells = cells.map(|cell| if is_nothing(cell) { "" } else { cell });
    let mut take = |at: usize, violation: FieldViolation| {
        let value = cells[at].chars().take(100).collect();
        faults.push(RowFault { row, field: COLUMNS[at].0.to_owned(), value, message: violation.message });
    };
    let school = schools.find("school", cells[0]).map_err(|violation| take(0, violation)).ok();
    let at = moment(cells[1]).filter(|at| *at >= first && *at <= now);
    let at = at.ok_or_else(|| take(1, FieldViolation::new("measure_time", say::import_time()))).ok();
    let speed = |text: &str| parse_mbps("mbps", fold_text(text).trim_end_matches("Mbps").trim());
    let receive = speed(cells[2]).map_err(|violation| take(2, violation)).ok();
    let send = match cells[3] {
        "" => Some(None),
        text => speed(text).map_err(|violation| take(3, violation)).ok().map(Some),
    };
    let method = method(cells[4]).ok_or_else(|| take(4, FieldViolation::new("method", say::import_method()))).ok();
    let lesson = lesson(cells[5]).ok_or_else(|| take(5, FieldViolation::new("in_lesson", say::import_lesson()))).ok();
    let long = cells[6].chars().count() > NOTE_CHARACTERS || cells[6].chars().any(char::is_control);
    if long {
        take(6, FieldViolation::new("note", say::import_note()));
    }
    Some(Entry {
        row,
        school: school?,
        order: MeasurementOrder {
            id: None,
            at: at?,
            receive_kbps: receive?,
            send_kbps: send?,
            method: method?,
            in_lesson: lesson?,
            note: (!long).then(|| cells[6].to_owned())?,
        },
    })
}

/// A day and a time of day in Japan, or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(Timestamp(i64::try_from(time.unix_timestamp_nanos() / 1_000).ok()?));
    }
    let folded = fold_text(text);
    let (day, clock) = folded.trim().rsplit_once([' ', 'T'])?;
    let mut parts = clock.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |part| part)?;
    let time = Time::from_hms(hour, minute, second).ok().filter(|_| parts.next().is_none())?;
    let day = read_day(day.trim()).ok()?;
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some(Timestamp(midnight_in_japan(day).0 + seconds * 1_000_000))
}

fn method(text: &str) -> Option<Method> {
    match fold_header(text).as_str() {
        "" | "簡易帯域測定" | "簡易測定" | "simple" => Some(Method::Simple),
        "速度測定サービス" | "スピードテスト" | "speedtest" => Some(Method::SpeedTest),
        "回線保守の事業者" | "事業者" | "provider" => Some(Method::Provider),
        _ => None,
    }
}

fn lesson(text: &str) -> Option<Option<bool>> {
    match fold_header(text).as_str() {
        "" => Some(None),
        "授業中" | "はい" | "○" | "1" | "yes" | "true" | "inlessons" => Some(Some(true)),
        "授業外" | "いいえ" | "×" | "0" | "no" | "false" | "outside" | "outsidelessons" => Some(Some(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_489_200_000_000);
    const SCHOOL: SchoolId = SchoolId(Uuid::from_u128(7));

    fn read_text(bytes: &[u8]) -> Result<Vec<Entry>, Vec<RowFault>> {
        let schools = SchoolFinder::new([(SCHOOL, Some("B113210000013"), "緑小学校")]);
        read(bytes, &schools, Timestamp(0), NOW).unwrap()
    }

    #[test]
    fn file_of_a_spreadsheet_is_read_in_either_language() {
        let japanese = "測定の一覧\r\n学校名,測定日時,受信(Mbps),送信Mbps,測定方法,授業中,備考\r\n\
            緑小学校,2026/11/20 17:40,93.5,41,簡易帯域測定,いいえ,職員室\r\n";
        let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
        let english = "school,time,receive,send,method,in lesson,note\n\
            B113210000013,2026-11-20T17:40:00+09:00,93.5,41,simple,no,職員室\n";
        let bom = [b"\xef\xbb\xbf", english.as_bytes()].concat();
        let [one] = &read_text(&cp932).unwrap()[..] else { panic!("one row") };
        let [other] = &read_text(&bom).unwrap()[..] else { panic!("one row") };
        let order = &one.order;
        assert_eq!((order.receive_kbps, order.send_kbps, order.in_lesson), (93_500, Some(41_000), Some(false)));
        assert_eq!(*one, Entry { row: one.row, ..other.clone() });
        let owner = MunicipalityId(Uuid::from_u128(1));
        assert_eq!(one.id(owner), other.id(owner), "the same measurement has the same id");
        let slower = MeasurementOrder { receive_kbps: 1, ..order.clone() };
        assert_ne!(one.id(owner), Entry { order: slower, ..one.clone() }.id(owner));
    }

    #[test]
    fn all_faults_are_named_by_row_and_field() {
        let text = "学校コード,日時,受信,方法,授業中\n緑小学校,2026-11-20 8:40,5,,\n\
            黄小学校,明日,速い,勘,たぶん\n緑小学校,2030-01-01 8:40,5,,\n";
        let faults = read_text(text.as_bytes()).unwrap_err();
        let named: Vec<_> = faults.iter().map(|fault| (fault.row, fault.field.as_str())).collect();
        let third = ["school", "measure_time", "receive_mbps", "method", "in_lesson"].map(|field| (3, field));
        assert_eq!(named, [&third[..], &[(4, "measure_time")]].concat());
        assert_eq!(faults[1].value, "明日");
    }

    #[test]
    fn file_without_the_columns_is_refused() {
        let faults = read_text("名前,値\na,b\n".as_bytes()).unwrap_err();
        assert_eq!(faults[0].field, "header");
    }
}
