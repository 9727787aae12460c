//! Steps that every list and every checked request share.

pub use crate::error::collect;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    access::rules::{
        MunicipalityId, SchoolId,
        fields::{parse_optional_uuid, parse_page_size, parse_uuid},
    },
    error::{Error, FieldViolation, Result, says::fields as say},
};

/// One checked field; the error names it.
pub fn field<T>(checked: Result<T, FieldViolation>) -> Result<T> {
    checked.map_err(|violation| Error::invalid_fields("FIELD_INVALID", vec![violation]))
}

/// The version that an etag stands for; none for an empty one, which does without the check.
pub fn parse_version(field: &'static str, etag: &str) -> Result<Option<i64>, FieldViolation> {
    match etag {
        "" => Ok(None),
        etag => etag.parse().map(Some).map_err(|_| FieldViolation::new(field, say::etag_unknown())),
    }
}

/// The token for the page after these rows; empty when there can be no more.
pub fn next<T>(rows: &[T], limit: i64, token: impl FnOnce(&T) -> String) -> String {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    rows.last().filter(|_| full).map(token).unwrap_or_default()
}

/// Writes the key of the last row of a page as a page token.
pub fn write_token(parts: &[&[u8]]) -> String {
    URL_SAFE_NO_PAD.encode(parts.concat())
}

/// Reads a page token of `N` bytes; none for the first page. Reason: PAGE_TOKEN_INVALID.
pub fn read_token<const N: usize>(token: &str) -> Result<Option<[u8; N]>> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| <[u8; N]>::try_from(bytes).ok());
    bytes.map(Some).ok_or_else(token_invalid)
}

/// The error for a page token that is none of this list. Reason: PAGE_TOKEN_INVALID.
pub fn token_invalid() -> Error {
    let violation = FieldViolation::new("page_token", say::page_token_unknown());
    Error::invalid_fields("PAGE_TOKEN_INVALID", vec![violation])
}

/// A page token of any bytes; none for the first page. Reason: PAGE_TOKEN_INVALID.
pub fn read_bytes(token: &str) -> Result<Option<Vec<u8>>> {
    if token.is_empty() {
        return Ok(None);
    }
    URL_SAFE_NO_PAD.decode(token).map(Some).map_err(|_| token_invalid())
}

/// A page token that is a pair of ids; two nil ids for the first page.
pub fn read_id_pair(token: &str) -> Result<(Uuid, Uuid)> {
    let bytes = read_token::<32>(token)?.unwrap_or([0; 32]);
    let id = |half: &[u8]| Uuid::from_slice(half).expect("16 bytes");
    Ok((id(&bytes[..16]), id(&bytes[16..])))
}

/// A page token that is a time and an id; none for the first page.
pub fn read_time_and_id(token: &str) -> Result<Option<(i64, Uuid)>> {
    Ok(read_token::<24>(token)?.map(|bytes| {
        let (time, id) = bytes.split_first_chunk::<8>().expect("24 bytes");
        (i64::from_be_bytes(*time), Uuid::from_slice(id).expect("16 bytes"))
    }))
}

/// A page token that is a text; empty for the first page.
pub fn read_text(token: &str) -> Result<String> {
    URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(token_invalid)
}

/// A page of what schools of an owner have by number, such as lines, or by year.
#[derive(Debug)]
pub struct PageOfSchools {
    /// The owner.
    pub owner: MunicipalityId,
    /// The school, where one is named.
    pub school: Option<SchoolId>,
    /// The school and the number that the page comes after.
    pub after: (Uuid, i64),
    /// Most rows.
    pub limit: i64,
}

impl PageOfSchools {
    /// Reads the fields of a request. Reasons: FIELD_INVALID, PAGE_TOKEN_INVALID.
    pub fn read(municipality_id: &str, school_id: &str, page_size: u32, page_token: &str) -> Result<Self> {
        let mut refused = Vec::new();
        let owner = collect(parse_uuid("municipality_id", municipality_id), &mut refused);
        let school = collect(parse_optional_uuid("school_id", school_id), &mut refused);
        let limit = collect(parse_page_size(page_size), &mut refused);
        let (Some(owner), Some(school), Some(limit)) = (owner, school, limit) else {
            return Err(Error::invalid_fields("FIELD_INVALID", refused));
        };
        let (number, id) = read_time_and_id(page_token)?.unwrap_or((0, Uuid::nil()));
        Ok(Self { owner: MunicipalityId(owner), school: school.map(SchoolId), after: (id, number), limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_token_comes_back_and_junk_is_refused() {
        let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
        let token = write_token(&[one.as_bytes(), two.as_bytes()]);
        assert_eq!(read_id_pair(&token).unwrap(), (one, two));
        assert_eq!(read_id_pair("").unwrap(), (Uuid::nil(), Uuid::nil()));
        for junk in ["x", "AAAA", &token[1..], "あ"] {
            assert_eq!(read_id_pair(junk).unwrap_err().reason, "PAGE_TOKEN_INVALID");
        }
        assert_eq!(read_time_and_id(&write_token(&[&7_i64.to_be_bytes(), one.as_bytes()])).unwrap(), Some((7, one)));
    }

    #[test]
    fn last_page_has_no_token() {
        let token = |n: &i32| n.to_string();
        assert_eq!(next(&[1, 2], 2, token), "2");
        assert_eq!(next(&[1], 2, token), "");
        assert_eq!(next::<i32>(&[], 2, token), "");
    }
}
