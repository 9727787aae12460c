//! Devices → CSV for a spreadsheet: guarded against formulas, in CP932 or UTF-8.

/// The encoding of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 with a byte order mark, which Excel needs.
    Utf8,
    /// CP932. Characters that it lacks become 〓 and are counted.
    Cp932,
}

impl Encoding {
    /// By its name in an address; UTF-8 unless somebody asked for the other.
    pub fn of(name: &str) -> Self {
        if name == "cp932" { Self::Cp932 } else { Self::Utf8 }
    }

    /// What a file of it begins with.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Utf8 => "\u{feff}",
            Self::Cp932 => "",
        }
    }

    /// The type of a file of CSV.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Utf8 => "text/csv; charset=utf-8",
            Self::Cp932 => "text/csv; charset=Shift_JIS",
        }
    }
}

/// The header of an export; an import knows each of them.
pub const HEADER: [&str; 18] = [
    "管理番号",
    "シリアル番号",
    "メーカー",
    "機種名",
    "OS",
    "OSバージョン",
    "学校名",
    "学年",
    "組",
    "番号",
    "用途",
    "状態",
    "教室",
    "保管庫",
    "取得日",
    "保証期限",
    "リース満了日",
    "取得価格",
];

/// Words of the numbers that the registry stores; empty for what nobody said.
pub fn word_of(words: &[&'static str], number: i64) -> &'static str {
    usize::try_from(number).ok().and_then(|at| words.get(at)).copied().unwrap_or("")
}

/// 用途 by number.
pub const PURPOSES: [&str; 6] = ["", "学習者用", "指導者用", "予備機", "校務用", "プローブ"];
/// 状態 by number.
pub const LIFECYCLES: [&str; 7] = ["", "使用中", "予備", "修理中", "紛失", "返却済", "廃棄"];
/// OS by number.
pub const SYSTEMS: [&str; 6] = ["", "ChromeOS", "iPadOS", "Windows", "Linux", "macOS"];

/// What makes a formula at the beginning of a cell; full width signs do so in some programs as well.
const GUARDED: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A cell that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe.
pub fn guarded(cell: &str) -> String {
    let begins = cell.starts_with(GUARDED);
    if begins { format!("'{cell}") } else { cell.to_owned() }
}

/// A cell as it was before [`guarded`].
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(GUARDED) => rest,
        _ => cell,
    }
}

/// A file of a header and rows, and how many characters its encoding lacks.
pub fn file<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = Vec<String>>,
    encoding: Encoding,
) -> (Vec<u8>, u64) {
    let mut text = format!("{}{}", encoding.mark(), line(header));
    for cells in rows {
        text.push_str(&line(cells.iter().map(String::as_str)));
    }
    encode(&text, encoding)
}

/// One line of CSV, guarded and quoted where it must be, ended by CR LF.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        line.push_str(&quoted(guarded(cell)));
    }
    line.push_str("\r\n");
    line
}

/// A cell in quotes where it must be. It is not guarded, so it is for numbers of ours and for what was guarded before.
pub fn quoted(cell: String) -> String {
    let needs = cell.contains(['"', ',', '\n', '\r', '\t', ';']) || cell.starts_with(' ') || cell.ends_with(' ');
    if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// The bytes of a text, and how many characters the encoding lacks.
pub fn encode(text: &str, encoding: Encoding) -> (Vec<u8>, u64) {
    match encoding {
        Encoding::Utf8 => (text.as_bytes().to_vec(), 0),
        Encoding::Cp932 => {
            let (bytes, _, lost) = encoding_rs::SHIFT_JIS.encode(text);
            if !lost {
                return (bytes.into_owned(), 0);
            }
            // The ready-made replacement is a reference of HTML, which no ledger wants.
            let (mut replaced, mut count) = (String::with_capacity(text.len()), 0);
            let mut buffer = [0; 4];
            for c in text.chars() {
                let (_, _, lost) = encoding_rs::SHIFT_JIS.encode(c.encode_utf8(&mut buffer));
                if lost {
                    count += 1;
                    replaced.push('〓');
                } else {
                    replaced.push(c);
                }
            }
            (encoding_rs::SHIFT_JIS.encode(&replaced).0.into_owned(), count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_come_back() {
        for cell in ["=1+1", "+A1", "-A1", "@SUM(A1)"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        assert_eq!(guarded("A-1"), "A-1");
        assert_eq!(guarded("\t=1"), "'\t=1");
        assert_eq!(unguarded("'x"), "'x");
        assert_eq!(line(["a", "b,c", "=\"x\""]), "a,\"b,c\",\"'=\"\"x\"\"\"\r\n");
    }

    #[test]
    fn characters_that_cp932_lacks_are_counted() {
        let (bytes, lost) = encode("髙﨑①㈱𠮷é", Encoding::Cp932);
        assert_eq!(lost, 2);
        assert_eq!(encoding_rs::SHIFT_JIS.decode(&bytes).0, "髙﨑①㈱〓〓");
        assert_eq!(encode("𠮷", Encoding::Utf8), ("𠮷".as_bytes().to_vec(), 0));
    }
}
