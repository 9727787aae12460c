//! Labels and serial numbers folded for comparison, and serial numbers that say nothing.

use unicode_normalization::UnicodeNormalization as _;

/// A label or a part of one, folded: NFKC, upper case, without spaces and dashes. The same device is written as
/// "ＡＢ－０１", "ab 01" and "AB-01". None where nothing is left.
pub fn fold_key(text: &str) -> Option<String> {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_uppercase) {
        // The mark of long vowels is typed for a dash between letters and digits; in a Japanese word it stays.
        let long_mark = c == 'ー' && folded.chars().next_back().is_none_or(|before| before.is_ascii_alphanumeric());
        let dash = matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}') || long_mark;
        if !dash && !c.is_whitespace() && !c.is_control() {
            folded.push(c);
        }
    }
    (!folded.is_empty()).then_some(folded)
}

/// What firmware holds that nobody filled in, folded, letters and digits only.
const JUNK: [&str; 22] = [
    "TOBEFILLEDBYOEM",
    "TOBEFILLED",
    "DEFAULTSTRING",
    "DEFAULT",
    "SYSTEMSERIALNUMBER",
    "SERIALNUMBER",
    "CHASSISSERIALNUMBER",
    "NONE",
    "NULL",
    "UNKNOWN",
    "NOTSPECIFIED",
    "NOTAPPLICABLE",
    "NOTAVAILABLE",
    "INVALID",
    "EMPTY",
    "OEM",
    "SERNUM",
    "123456789",
    "0123456789",
    "1234567890",
    "12345678",
    "不明",
];
/// Fewest characters of a serial number that tells devices apart.
const SERIAL_CHARACTERS: usize = 4;

/// A serial number folded for comparison; none where it tells no device from another: what firmware holds when nobody
/// filled it in, one character repeated, fewer than four characters. Such numbers never match.
pub fn serial_key(text: &str) -> Option<String> {
    let folded = fold_key(text)?;
    let letters: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let first = letters.chars().next()?;
    let short = letters.chars().count() < SERIAL_CHARACTERS;
    let repeated = letters.chars().all(|c| c == first);
    (!short && !repeated && !JUNK.contains(&letters.as_str())).then_some(folded)
}

/// The UUID of a board for comparison; none where it is one that many boards share.
pub fn board_key(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let first = digits.chars().next()?;
    // AMI's and others' unset values, seen on boards of many makers.
    let shared = ["03000200040005000006000700080009", "12345678123456789012345678901234"].contains(&digits.as_str());
    let counted = digits.starts_with("000102030405060708090a0b0c0d0e0f");
    (digits.len() == 32 && !digits.chars().all(|c| c == first) && !shared && !counted).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_spaces_and_dashes_do_not_count() {
        for text in ["ＡＢ－０１", "ab 01", "AB-01", " a　b—01", "AB−01", "abー01", "ＡＢ＿０１"] {
            assert_eq!(fold_key(text).as_deref(), Some("AB01"), "{text}");
        }
        assert_eq!(fold_key("ﾀﾌﾞﾚｯﾄ1").as_deref(), Some("タブレット1"));
        assert_eq!(fold_key("カード-1").as_deref(), Some("カード1"));
        assert_eq!(fold_key(" - 　"), None);
    }

    #[test]
    fn serial_that_nobody_filled_in_never_matches() {
        for junk in [
            "To be filled by O.E.M.",
            "0",
            "Default string",
            "0000000000",
            "00-00-00",
            "",
            "None",
            "N/A",
            "System Serial Number",
            "XXXXXXXX",
            "123456789",
            "不明",
            "...",
            "A1",
        ] {
            assert_eq!(serial_key(junk), None, "{junk}");
        }
        assert_eq!(serial_key("5cd1234xyz").as_deref(), Some("5CD1234XYZ"));
        assert_eq!(serial_key("0001").as_deref(), Some("0001"));
    }

    #[test]
    fn board_uuid_that_many_boards_share_never_matches() {
        for junk in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "03000200-0400-0500-0006-000700080009",
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
            "Not Settable",
            "",
        ] {
            assert_eq!(board_key(junk), None, "{junk}");
        }
        let board = "4C4C4544-0042-3510-8052-B4C04F4E5931";
        assert_eq!(board_key(board), board_key(&board.to_lowercase()));
        assert!(board_key(board).is_some());
    }
}
