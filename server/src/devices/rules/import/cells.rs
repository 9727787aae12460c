//! One cell → one checked value. Each function says what is wrong instead of guessing; blank cells never come here.

use unicode_normalization::UnicodeNormalization as _;

use super::problems::Problem;

/// A text as it is kept: NFKC (full width digits, half width kana), blanks at the ends gone, blanks inside single.
pub fn fold_text(text: &str) -> String {
    let folded: String = text.nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value of a formula that some programs write into CSV to keep zeros, `="0012"`; any other formula is refused, and so is
/// an error of a spreadsheet.
pub fn plain(text: &str) -> Result<&str, Problem> {
    let trimmed = text.trim();
    if let Some(inner) = trimmed.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('"')
    {
        return Ok(inner);
    }
    let formula = trimmed.strip_prefix(['=', '@']).or_else(|| {
        // +81… and -5 are values, +A1 and -SUM(…) are not.
        trimmed.strip_prefix(['+', '-']).filter(|rest| rest.contains('(') || rest.contains('|') || rest.contains('!'))
    });
    if formula.is_some_and(|rest| !rest.is_empty()) {
        return Err(Problem::Formula);
    }
    let error = trimmed.starts_with('#') && trimmed.ends_with(['!', '?', 'A']) && trimmed.is_ascii();
    if error && ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"].contains(&trimmed) {
        return Err(Problem::SpreadsheetError);
    }
    Ok(text)
}

/// Whether a cell says that there is nothing: blank, a dash, なし, 不明.
pub fn is_nothing(text: &str) -> bool {
    let folded = fold_text(text);
    folded.is_empty()
        || [
            "-", "--", "ー", "―", "–", "—", "‐", "なし", "無し", "無", "不明", "未定", "n/a", "N/A", "none", "null",
            "NULL",
        ]
        .contains(&folded.as_str())
}

/// A text of at most `most` characters.
pub fn parse_text(text: &str, most: usize) -> Result<String, Problem> {
    let folded = fold_text(text);
    let has = folded.chars().count();
    if has > most {
        return Err(Problem::TextTooLong { has, most });
    }
    if folded.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)) {
        return Err(Problem::ControlCharacters);
    }
    Ok(folded)
}

/// An asset label (管理番号): at most 64 characters.
pub fn parse_label(text: &str) -> Result<String, Problem> {
    if is_rounded_number(&fold_text(text)) {
        return Err(Problem::SerialDamaged);
    }
    parse_text(text, 64)
}

/// A serial number: at most 64 characters of ASCII letters, digits and `-_./:+#`. One that a spreadsheet turned into a
/// number with an exponent is refused, since its digits are gone. Lost leading zeros cannot be known.
pub fn parse_serial(text: &str) -> Result<String, Problem> {
    let folded = parse_text(text, 64)?;
    if is_rounded_number(&folded) {
        return Err(Problem::SerialDamaged);
    }
    let compact: String = folded.chars().filter(|c| *c != ' ').collect();
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_./:+#".contains(c);
    if !compact.chars().all(fine) || !compact.chars().any(|c| c.is_ascii_alphanumeric()) {
        return Err(Problem::SerialCharacters);
    }
    Ok(compact)
}

/// 1.23E+11: digits, a point, an exponent. 12E4567 is a serial number.
fn is_rounded_number(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let signed = exponent.strip_prefix(['+', '-']);
    let whole = mantissa.split_once('.').is_some_and(|(whole, rest)| whole.len() == 1 && digits(whole) && digits(rest));
    match signed {
        Some(exponent) => digits(exponent) && exponent.len() <= 3 && (whole || digits(mantissa) && mantissa.len() == 1),
        None => whole && digits(exponent) && exponent.len() <= 3,
    }
}

/// Whether a serial number mixes what people mix up, O and 0 or I and 1, so that it is worth a second look when nothing meets
/// it: only a hint.
pub fn confusable_key(serial: &str) -> String {
    serial
        .chars()
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .filter(char::is_ascii_alphanumeric)
        .collect()
}

/// A whole number between two bounds; a thousands separator and a unit such as 年 behind it are let pass.
pub fn parse_number(text: &str, unit: &str, least: i64, most: i64) -> Result<i64, Problem> {
    let wrong = || Problem::NumberUnreadable { least, most };
    let folded = fold_text(text).replace([',', ' '], "");
    let digits = folded.strip_suffix(unit).unwrap_or(&folded);
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(wrong()) }
}

/// Grade, class and number of a seat; each may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seat {
    /// 学年, 1 to 9.
    pub grade: Option<i64>,
    /// 組: 1, 2, A, い, 松 …
    pub class: Option<String>,
    /// 出席番号, 1 to 99.
    pub number: Option<i64>,
}

/// Reads 3年2組15番, 3-2-15, ３年２組, 3年A組, 6年松組7番, 3-2.
pub fn parse_seat(text: &str) -> Result<Seat, Problem> {
    let folded: String = fold_text(text).chars().filter(|c| *c != ' ').collect();
    let folded = folded.trim_start_matches('第');
    let grade_of = |text: &str| parse_number(text, "", 1, 9).map_err(|_| Problem::ClassUnreadable);
    let number_of = |text: &str| parse_number(text, "番", 1, 99).map_err(|_| Problem::ClassUnreadable);
    let class_of = |text: &str| parse_class(text).map_err(|_| Problem::ClassUnreadable);
    if folded.contains(['年', '組']) {
        let (grade, rest) = match folded.split_once('年') {
            Some((grade, rest)) => (Some(grade_of(grade)?), rest),
            None => (None, folded),
        };
        let (class, rest) = match rest.split_once('組') {
            Some((class, rest)) => (Some(class_of(class)?), rest),
            None => (None, rest),
        };
        let number = match rest.trim_start_matches(['-', '第']) {
            "" => None,
            rest => Some(number_of(rest)?),
        };
        return Ok(Seat { grade, class, number });
    }
    let parts: Vec<&str> = folded.split(['-', '/', '−', '‐', 'ー']).collect();
    match parts.as_slice() {
        [grade, class] => Ok(Seat { grade: Some(grade_of(grade)?), class: Some(class_of(class)?), number: None }),
        [grade, class, number] => {
            Ok(Seat { grade: Some(grade_of(grade)?), class: Some(class_of(class)?), number: Some(number_of(number)?) })
        }
        _ => Err(Problem::ClassUnreadable),
    }
}

/// The name of a class (組) without the word for it: at most 10 characters.
pub fn parse_class(text: &str) -> Result<String, Problem> {
    let folded = fold_text(text);
    let class = folded.strip_suffix('組').unwrap_or(&folded).trim();
    // A grade or a number inside is another field.
    if class.is_empty() || class.chars().count() > 10 || class.contains(['年', '番', '-', '/']) {
        return Err(Problem::ClassUnreadable);
    }
    // 02 and 2 are one class.
    let short = class.trim_start_matches('0');
    Ok(if short.is_empty() || !short.bytes().all(|b| b.is_ascii_digit()) { class } else { short }.to_owned())
}

/// Integer yen: 55000, 55,000円, ¥55,000. Sums in 万 are refused, not guessed.
pub fn parse_money(text: &str) -> Result<i64, Problem> {
    let folded: String = fold_text(text).chars().filter(|c| *c != ' ').collect();
    let digits = folded.trim_start_matches(['¥', '\\', '￥']);
    let digits = digits.strip_suffix("円").or_else(|| digits.strip_suffix("yen")).unwrap_or(digits);
    let digits = digits.strip_suffix('-').or_else(|| digits.strip_suffix(".-")).unwrap_or(digits);
    let digits = digits.strip_suffix(".0").or_else(|| digits.strip_suffix(".00")).unwrap_or(digits);
    if digits.contains(['万', '千', '億']) {
        return Err(Problem::MoneyInWords);
    }
    let grouped = digits.split(',').enumerate().all(|(at, group)| at == 0 || group.len() == 3);
    let plain = digits.replace(',', "");
    if plain.is_empty() || plain.len() > 9 || !grouped || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::MoneyUnreadable);
    }
    plain.parse().map_err(|_| Problem::MoneyUnreadable)
}

/// One value of a closed set of words.
#[derive(Debug)]
pub struct Choices {
    /// What an error offers.
    offered: &'static str,
    /// Folded word → number.
    words: &'static [(&'static str, i64)],
}

/// 用途. The numbers are those of the registry.
pub const PURPOSES: Choices = Choices {
    offered: "学習者用, 指導者用, 予備機, 校務用, プローブ",
    words: &[
        ("学習者用", 1),
        ("学習用", 1),
        ("児童用", 1),
        ("生徒用", 1),
        ("児童生徒用", 1),
        ("児童・生徒用", 1),
        ("learner", 1),
        ("student", 1),
        ("指導者用", 2),
        ("教員用", 2),
        ("教師用", 2),
        ("先生用", 2),
        ("教職員用", 2),
        ("teacher", 2),
        ("予備機", 3),
        ("予備", 3),
        ("予備用", 3),
        ("代替機", 3),
        ("spare", 3),
        ("校務用", 4),
        ("校務", 4),
        ("事務用", 4),
        ("office", 4),
        ("校内プローブ", 5),
        ("プローブ", 5),
        ("probe", 5),
    ],
};

/// 状態. The numbers are those of the registry.
pub const LIFECYCLES: Choices = Choices {
    offered: "使用中, 予備, 修理中, 紛失, 返却済, 廃棄",
    words: &[
        ("使用中", 1),
        ("利用中", 1),
        ("稼働中", 1),
        ("稼働", 1),
        ("使用", 1),
        ("配布済", 1),
        ("配布済み", 1),
        ("貸与中", 1),
        ("正常", 1),
        ("in use", 1),
        ("in_use", 1),
        ("active", 1),
        ("予備", 2),
        ("予備機", 2),
        ("在庫", 2),
        ("保管", 2),
        ("保管中", 2),
        ("spare", 2),
        ("修理中", 3),
        ("修理", 3),
        ("故障", 3),
        ("故障中", 3),
        ("in repair", 3),
        ("in_repair", 3),
        ("repair", 3),
        ("紛失", 4),
        ("盗難", 4),
        ("紛失・盗難", 4),
        ("紛失中", 4),
        ("lost", 4),
        ("返却", 5),
        ("返却済", 5),
        ("返却済み", 5),
        ("使用停止", 5),
        ("除却", 5),
        ("引退", 5),
        ("retired", 5),
        ("廃棄", 6),
        ("廃棄済", 6),
        ("廃棄済み", 6),
        ("処分", 6),
        ("処分済", 6),
        ("処分済み", 6),
        ("disposed", 6),
    ],
};

/// 補助区分.
pub const FUNDINGS: Choices = Choices {
    offered: "国庫補助, 基金, 都補助, 単独, リース",
    words: &[
        ("国庫補助", 1),
        ("国庫", 1),
        ("国補助", 1),
        ("補助", 1),
        ("基金", 2),
        ("都道府県基金", 2),
        ("基金事業", 2),
        ("都補助", 3),
        ("県補助", 3),
        ("都道府県補助", 3),
        ("単独", 4),
        ("市単独", 4),
        ("区単独", 4),
        ("町単独", 4),
        ("村単独", 4),
        ("市単", 4),
        ("区単", 4),
        ("単費", 4),
        ("一般財源", 4),
        ("リース", 5),
        ("lease", 5),
    ],
};

impl Choices {
    /// The number of a word.
    pub fn parse(&self, text: &str) -> Result<i64, Problem> {
        let folded = fold_text(text).to_lowercase();
        let found = self.words.iter().find(|(word, _)| *word == folded);
        found.map(|(_, number)| *number).ok_or(Problem::ChoiceUnknown { choices: self.offered })
    }
}

/// What an OS is and its version, if that is said. The numbers are those of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Os {
    /// ChromeOS 1, iPadOS 2, Windows 3, Linux 4, macOS 5.
    pub kind: i64,
    /// What stands behind the name.
    pub version: Option<String>,
}

/// Reads "ChromeOS", "Windows 11 Pro 23H2", "iPadOS 17.5", "Chrome OS Flex".
pub fn parse_os(text: &str) -> Result<Os, Problem> {
    const NAMES: &[(&str, i64)] = &[
        ("google chrome os", 1),
        ("chrome os", 1),
        ("chromeos", 1),
        ("クロームos", 1),
        ("chromebook", 1),
        ("クロームブック", 1),
        ("chrome", 1),
        ("ipados", 2),
        ("ipad os", 2),
        ("ios", 2),
        ("ipad", 2),
        ("microsoft windows", 3),
        ("windows", 3),
        ("win", 3),
        ("ウィンドウズ", 3),
        ("linux", 4),
        ("ubuntu", 4),
        ("debian", 4),
        ("macos", 5),
        ("mac os x", 5),
        ("mac os", 5),
        ("mac", 5),
    ];
    let folded = parse_text(text, 64)?;
    let lower = folded.to_lowercase();
    let unknown = Problem::ChoiceUnknown { choices: "ChromeOS, iPadOS, Windows, Linux, macOS" };
    let (name, kind) = NAMES.iter().find(|(name, _)| lower.starts_with(name)).ok_or(unknown)?;
    // Lower case may differ in length, so the version is taken where the name is as long in both.
    let version = folded.get(name.len()..).map(str::trim).filter(|version| !version.is_empty());
    Ok(Os { kind: *kind, version: version.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded() {
        assert_eq!(fold_text("　ＡＢＣ－０１２ 　ﾀﾌﾞﾚｯﾄ  "), "ABC-012 タブレット");
        assert_eq!(parse_text("あ".repeat(65).as_str(), 64), Err(Problem::TextTooLong { has: 65, most: 64 }));
        assert_eq!(parse_text("a\u{7}b", 64), Err(Problem::ControlCharacters));
    }

    #[test]
    fn serials_are_trimmed_and_damage_is_seen() {
        for (text, serial) in [
            (" 5cd1234abc ", "5cd1234abc"),
            ("ＮＸＨＱＥ０１", "NXHQE01"),
            ("0012345678", "0012345678"),
            ("12E4567", "12E4567"),
            ("1E23", "1E23"),
            ("5CD 123", "5CD123"),
            ("PF-3X/12", "PF-3X/12"),
        ] {
            assert_eq!(parse_serial(text).as_deref(), Ok(serial), "{text}");
        }
        for text in ["1.23E+11", "1.23E11", "1.2E+9", "9.99999E+14", "１．２３Ｅ＋１１", "1E+11", "1.23e+11"] {
            assert_eq!(parse_serial(text), Err(Problem::SerialDamaged), "{text}");
            assert_eq!(parse_label(text), Err(Problem::SerialDamaged), "{text}");
        }
        for text in ["シリアル", "5CD①23あ", "---", "5CD;DROP"] {
            assert_eq!(parse_serial(text), Err(Problem::SerialCharacters), "{text}");
        }
        assert_eq!(confusable_key("5CO-1l2"), confusable_key("5C0112"));
    }

    #[test]
    fn formulas_are_refused_and_kept_zeros_are_not() {
        assert_eq!(plain("=\"0012\""), Ok("0012"));
        assert_eq!(plain("+81-3"), Ok("+81-3"));
        assert_eq!(plain("-"), Ok("-"));
        for text in ["=1+1", "=HYPERLINK(\"x\")", "@SUM(A1)", "+SUM(A1)", "-cmd|'/c calc'!A0", "=\"a\"&\"b\""] {
            assert_eq!(plain(text), Err(Problem::Formula), "{text}");
        }
        assert_eq!(plain("#N/A"), Err(Problem::SpreadsheetError));
        assert_eq!(plain("#12"), Ok("#12"));
    }

    #[test]
    fn seats_are_read_in_all_their_spellings() {
        let seat = |grade, class: &str, number| Seat { grade, class: Some(class.to_owned()), number };
        for (text, expected) in [
            ("3年2組15番", seat(Some(3), "2", Some(15))),
            ("３年２組１５番", seat(Some(3), "2", Some(15))),
            ("3 年 2 組 15 番", seat(Some(3), "2", Some(15))),
            ("3-2-15", seat(Some(3), "2", Some(15))),
            ("３－２－１５", seat(Some(3), "2", Some(15))),
            ("3年2組", seat(Some(3), "2", None)),
            ("3-2", seat(Some(3), "2", None)),
            ("3年A組7番", seat(Some(3), "A", Some(7))),
            ("6年松組7", seat(Some(6), "松", Some(7))),
            ("2組", seat(None, "2", None)),
            ("第3年02組", seat(Some(3), "2", None)),
        ] {
            assert_eq!(parse_seat(text), Ok(expected), "{text}");
        }
        assert_eq!(parse_seat("3年").unwrap().grade, Some(3));
        for text in ["15", "10年1組", "3年組", "3-2-100", "職員室", "3-2-1-5", "0年1組", "3年2組番"] {
            assert_eq!(parse_seat(text), Err(Problem::ClassUnreadable), "{text}");
        }
    }

    #[test]
    fn money_is_integer_yen_or_refused() {
        for text in
            ["55000", "55,000", "¥55,000", "￥５５，０００", "\\55,000", "55,000円", "55000.0", "¥55,000-", "55 000"]
        {
            assert_eq!(parse_money(text), Ok(55_000), "{text}");
        }
        assert_eq!(parse_money("0"), Ok(0));
        for text in ["5万5千円", "5.5万", "5億"] {
            assert_eq!(parse_money(text), Err(Problem::MoneyInWords), "{text}");
        }
        for text in ["", "円", "-55000", "55,00", "55.5", "約55000", "9999999999"] {
            assert_eq!(parse_money(text), Err(Problem::MoneyUnreadable), "{text}");
        }
    }

    #[test]
    fn words_and_numbers_have_bounds() {
        assert_eq!(PURPOSES.parse("学習者用 "), Ok(1));
        assert_eq!(PURPOSES.parse("ﾌﾟﾛｰﾌﾞ"), Ok(5));
        assert_eq!(LIFECYCLES.parse("修理中"), Ok(3));
        assert!(matches!(LIFECYCLES.parse("たぶん使用中"), Err(Problem::ChoiceUnknown { .. })));
        assert_eq!(parse_number("３年", "年", 1, 9), Ok(3));
        assert_eq!(parse_number("1,234", "人", 0, 5_000), Ok(1_234));
        assert!(parse_number("-3", "", 0, 9).is_err() && parse_number("3.5", "", 0, 9).is_err());
    }

    #[test]
    fn every_word_of_a_choice_is_as_folding_leaves_it() {
        for choices in [&PURPOSES, &LIFECYCLES, &FUNDINGS] {
            for (word, number) in choices.words {
                assert_eq!(choices.parse(word), Ok(*number), "{word}");
            }
        }
    }

    #[test]
    fn systems_are_read_with_their_version() {
        let os = |kind, version: Option<&str>| Ok(Os { kind, version: version.map(str::to_owned) });
        assert_eq!(parse_os("ChromeOS"), os(1, None));
        assert_eq!(parse_os("Chrome OS 120.0"), os(1, Some("120.0")));
        assert_eq!(parse_os("iPadOS 17.5"), os(2, Some("17.5")));
        assert_eq!(parse_os("Ｗｉｎｄｏｗｓ１１ Pro"), os(3, Some("11 Pro")));
        assert!(parse_os("TRON").is_err());
    }
}
