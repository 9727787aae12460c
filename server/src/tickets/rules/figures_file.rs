//! Figures as a file for a spreadsheet: one for the console, for programs and for the command line.

use super::figures::Figures;
use crate::devices::rules::import::export::{self, Encoding};

/// The header of the file. It is Japanese in both languages, as all files are.
const HEADER: [&str; 17] = [
    "区分",
    "受付件数",
    "統合件数",
    "再発件数",
    "回答 期限内",
    "回答 期限超過",
    "復旧 期限内",
    "復旧 期限超過",
    "回答までの中央値(対応時間・分)",
    "回答までの90%値(分)",
    "復旧までの中央値(対応時間・分)",
    "復旧までの90%値(分)",
    "未完了 1日未満",
    "未完了 3日未満",
    "未完了 7日未満",
    "未完了 30日未満",
    "未完了 30日以上",
];

fn cells(name: &str, figures: &Figures) -> Vec<String> {
    let minutes = |minutes: Option<u32>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    let counts = [
        figures.came,
        figures.merged,
        figures.reopened,
        figures.response.kept,
        figures.response.late,
        figures.restoration.kept,
        figures.restoration.late,
    ];
    let times = [&figures.response_minutes, &figures.restoration_minutes]
        .into_iter()
        .flat_map(|times| [times.percentile(50), times.percentile(90)]);
    std::iter::once(name.to_owned())
        .chain(counts.iter().map(u64::to_string))
        .chain(times.map(minutes))
        .chain(figures.open.iter().map(u64::to_string))
        .collect()
}

/// The file, and how many characters its encoding lacks: groups with their names, then all together.
pub fn file<'a>(
    groups: impl IntoIterator<Item = (&'a str, &'a Figures)>,
    whole: &'a Figures,
    encoding: Encoding,
) -> (Vec<u8>, u64) {
    let rows = groups.into_iter().chain([("合計", whole)]).map(|(name, figures)| cells(name, figures));
    export::file(HEADER, rows, encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_a_spreadsheet_would_run_is_guarded_and_the_sum_stands_last() {
        let figures = Figures { came: 3, ..Figures::default() };
        let (bytes, lost) = file([("=HYPERLINK(\"x\")", &figures), ("緑小学校𠮷", &figures)], &figures, Encoding::Utf8);
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<_> = text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!((lines.len(), lost), (4, 0));
        assert!(lines[1].starts_with("\"'=HYPERLINK(") && lines[3].starts_with("合計,3,"), "{text}");
        assert_eq!(file([("緑小学校𠮷", &figures)], &figures, Encoding::Cp932).1, 1);
    }
}
