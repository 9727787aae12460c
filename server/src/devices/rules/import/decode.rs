//! Bytes of a text file → text: UTF-8, UTF-16, CP932.

use super::problems::FileProblem;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// UTF-8 without a mark.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16 little endian with a byte order mark, as Excel's "Unicode text".
    Utf16Le,
    /// UTF-16 big endian with a byte order mark.
    Utf16Be,
    /// CP932, which Japanese Windows calls Shift_JIS.
    Cp932,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 (BOM)",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Cp932 => "CP932",
            Self::Xlsx => "XLSX",
        }
    }
}

/// Recognises a file by its bytes.
pub fn recognise(bytes: &[u8]) -> Result<Format, FileProblem> {
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if bytes.is_empty() {
        return Err(FileProblem::Empty);
    }
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Ok(Format::Xlsx);
    }
    if starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(FileProblem::OldWorkbook);
    }
    if starts(b"\xef\xbb\xbf") {
        return Ok(Format::Utf8Bom);
    }
    if starts(b"\xff\xfe") {
        return Ok(Format::Utf16Le);
    }
    if starts(b"\xfe\xff") {
        return Ok(Format::Utf16Be);
    }
    if bytes.contains(&0) {
        return Err(FileProblem::Nul);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Ok(Format::Utf8);
    }
    Ok(Format::Cp932)
}

/// The text of a file that is no workbook.
pub fn decode(bytes: &[u8], format: Format) -> Result<String, FileProblem> {
    // What encoding_rs calls Shift_JIS is windows-31j, with ①, ㈱, 髙 and 﨑.
    let encoding = match format {
        Format::Utf8 | Format::Utf8Bom | Format::Xlsx => encoding_rs::UTF_8,
        Format::Utf16Le => encoding_rs::UTF_16LE,
        Format::Utf16Be => encoding_rs::UTF_16BE,
        Format::Cp932 => encoding_rs::SHIFT_JIS,
    };
    let (text, damaged) = encoding.decode_with_bom_removal(bytes);
    if damaged {
        return Err(FileProblem::Encoding);
    }
    if text.contains('\0') {
        return Err(FileProblem::Nul);
    }
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(Format, String), FileProblem> {
        let format = recognise(bytes)?;
        Ok((format, decode(bytes, format)?))
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let text = "管理番号,学校名\n①-1,㈱髙﨑小学校ｱ\n";
        let (cp932, _, lost) = encoding_rs::SHIFT_JIS.encode(text);
        assert!(!lost);
        let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let utf16_be: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let bom = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        for (bytes, format) in [
            (text.as_bytes(), Format::Utf8),
            (&bom, Format::Utf8Bom),
            (&utf16, Format::Utf16Le),
            (&utf16_be, Format::Utf16Be),
            (&cp932, Format::Cp932),
        ] {
            assert_eq!(read(bytes), Ok((format, text.to_owned())));
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_name() {
        assert_eq!(read(b""), Err(FileProblem::Empty));
        assert_eq!(read(b" \n\n"), Err(FileProblem::Empty));
        assert_eq!(read(&[0; 64]), Err(FileProblem::Nul));
        assert_eq!(read(b"\xff\xfea\0\0\0"), Err(FileProblem::Nul));
        assert_eq!(read(b"\x80\xff\xff\xff"), Err(FileProblem::Encoding));
        assert_eq!(read(b"\xef\xbb\xbf\xff"), Err(FileProblem::Encoding));
        assert_eq!(read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."), Err(FileProblem::OldWorkbook));
    }
}
