//! Texts for people: tables whose columns stand straight with 全角 characters too, and how times, bytes and states are said.
//!
//! Invariant: nothing that a device or a person typed reaches the terminal as a control character.
//!
//! Deliberately not here: JSON ([`super::json`]), which is for programs.

use comfy_table::{Cell, CellAlignment, Table, presets};
use gigafleet_proto::v1;
use prost_types::Timestamp;
use time::OffsetDateTime;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What stands where nothing is known.
pub(super) const ABSENT: &str = "-";
/// Space between two columns.
const GAP: u16 = 2;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Text, from the left.
    Text(&'static str),
    /// Numbers, from the right, so that digits of one weight stand below each other.
    Number(&'static str),
}

/// A table, or a sentence where it would be empty.
pub(super) fn table(columns: &[Column], rows: Vec<Vec<String>>, empty: &str) -> String {
    if rows.is_empty() { format!("{empty}\n") } else { lines(columns, rows) }
}

fn lines(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    let names = columns.iter().map(|column| match column {
        Column::Text(name) | Column::Number(name) => Cell::new(name),
    });
    table.load_style(presets::NOTHING).set_header(names.collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.iter().map(|text| Cell::new(plain(text))).collect::<Vec<_>>());
    }
    for (column, shape) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, GAP));
        match shape {
            Column::Text(_) => column.set_cell_alignment(CellAlignment::Left),
            Column::Number(_) => column.set_cell_alignment(CellAlignment::Right),
        };
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// Names and values, one pair a line.
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.width()).max().unwrap_or(0) + usize::from(GAP);
    pairs.iter().map(|(name, value)| format!("{}{}\n", fit(name, width), plain(value))).collect()
}

/// A text in exactly `width` columns of a terminal: filled with spaces, or cut with an ellipsis.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = plain(text);
    let mut fitted = if text.width() <= width { text } else { cut(&text, width) };
    fitted.extend(std::iter::repeat_n(' ', width.saturating_sub(fitted.width())));
    fitted
}

/// A number or the like in at least `width` columns, at the right.
pub(super) fn fit_right(text: &str, width: usize) -> String {
    let text = plain(text);
    " ".repeat(width.saturating_sub(text.width())) + &text
}

fn cut(text: &str, width: usize) -> String {
    let mut kept = String::new();
    let mut left = width.saturating_sub(1);
    for character in text.chars() {
        let takes = character.width().unwrap_or(0);
        if takes > left {
            break;
        }
        left -= takes;
        kept.push(character);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// The text without control characters: the name of a network may hold an escape sequence.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// A point in time to the second, UTC; "never" where there is none.
pub(super) fn time(time: Option<&Timestamp>) -> String {
    date_time(time).map_or_else(
        || String::from("never"),
        |at| format!("{} {:02}:{:02}:{:02}Z", at.date(), at.hour(), at.minute(), at.second()),
    )
}

/// The time of day of a point in time, UTC; "never" where there is none.
pub(super) fn time_of_day(time: Option<&Timestamp>) -> String {
    date_time(time)
        .map_or_else(|| String::from("never"), |at| format!("{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second()))
}

fn date_time(time: Option<&Timestamp>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time?.seconds).ok()
}

/// Bytes as GiB with one digit.
pub(super) fn gib(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || ABSENT.to_owned(),
        |bytes| {
            let tenths = (u128::from(bytes) * 10 + (1 << 29)) >> 30;
            format!("{}.{} GiB", tenths / 10, tenths % 10)
        },
    )
}

/// A share in percent.
pub(super) fn percent(share: Option<u32>) -> String {
    share.map_or_else(|| ABSENT.to_owned(), |share| format!("{share} %"))
}

/// A text, or the sign that there is none.
pub(super) fn or_absent(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(ABSENT).to_owned()
}

/// One word for whether a device reports; access that was ended comes first.
pub(super) fn presence(device: &v1::Device) -> &'static str {
    if device.revoke_time.is_some() {
        return "REVOKED";
    }
    match device.presence() {
        v1::Presence::Reporting => "REPORTING",
        v1::Presence::Silent => "SILENT",
        v1::Presence::Unknown | v1::Presence::Unspecified => "UNKNOWN",
        v1::Presence::Never => "NEVER",
    }
}

/// One word for a kind of operating system.
pub(super) fn os_kind(kind: v1::OsKind) -> &'static str {
    match kind {
        v1::OsKind::Unspecified => ABSENT,
        v1::OsKind::Chromeos => "ChromeOS",
        v1::OsKind::Ipados => "iPadOS",
        v1::OsKind::Windows => "Windows",
        v1::OsKind::Linux => "Linux",
        v1::OsKind::Macos => "macOS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_straight_with_wide_characters() {
        let columns = [Column::Text("SCHOOL"), Column::Number("DEVICES"), Column::Text("LAST REPORT")];
        let rows = vec![
            vec![String::from("若葉野第一小学校"), String::from("7"), String::from("never")],
            vec![String::from("Ａ中"), String::from("1200"), String::from("2026-11-23 08:00:00Z")],
        ];
        let text = table(&columns, rows, "none");
        let starts: Vec<_> = text
            .lines()
            .map(|line| {
                let at = ["LAST", "never", "2026"].iter().find_map(|word| line.find(word)).unwrap();
                line[..at].width()
            })
            .collect();
        assert_eq!(starts, [starts[0]; 3], "\n{text}");
        assert_eq!(starts[0], 16 + 2 + 7 + 2, "\n{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
    }

    #[test]
    fn fitted_text_takes_exactly_its_columns() {
        for (text, width) in [
            ("第一小学校", 12),
            ("第一小学校", 10),
            ("第一小学校", 9),
            ("第一小学校", 4),
            ("abc", 2),
            ("学", 1),
            ("", 3),
            ("x", 0),
        ] {
            assert_eq!(fit(text, width).width(), width, "{text} in {width}");
        }
        assert_eq!(fit("第一小学校", 6), "第一… ");
        assert_eq!(fit_right("9", 3), "  9");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(fit("a\u{1b}[2Jb", 8), "a\u{fffd}[2Jb  ");
        assert!(!pairs(&[("ssid", String::from("x\u{1b}]0;y\u{7}\n"))]).contains(['\u{1b}', '\u{7}']));
        assert!(!table(&[Column::Text("A")], vec![vec![String::from("\u{9b}2J")]], "").contains('\u{9b}'));
    }

    #[test]
    fn absent_values_are_said_as_such_and_never_as_1970() {
        assert_eq!(time(None), "never");
        assert_eq!(time(Some(&Timestamp { seconds: 1_795_421_127, nanos: 9 })), "2026-11-23 08:05:27Z");
        assert_eq!(time(Some(&Timestamp { seconds: i64::MAX, nanos: 0 })), "never");
        assert_eq!(
            (gib(None), percent(None), or_absent(Some(""))),
            (String::from("-"), String::from("-"), String::from("-"))
        );
        assert_eq!(gib(Some(64 << 30)), "64.0 GiB");
        assert_eq!(gib(Some(u64::MAX)), "17179869184.0 GiB");
        assert_eq!(table(&[Column::Text("A")], Vec::new(), "no schools yet"), "no schools yet\n");
    }

    #[test]
    fn ended_access_is_shown_before_presence() {
        let mut device = v1::Device { presence: v1::Presence::Silent.into(), ..v1::Device::default() };
        assert_eq!(presence(&device), "SILENT");
        device.revoke_time = Some(Timestamp::default());
        assert_eq!(presence(&device), "REVOKED");
    }
}
