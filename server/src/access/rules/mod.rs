//! Credentials, roles and scopes, passwords and second factors, sessions and lock-outs, pure.

pub mod audit;
pub mod days;
pub mod fields;
pub mod grants;
pub mod lockout;
pub mod names;
pub mod password;
mod scope;
pub mod second_factor;
pub mod session;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{digest, rand::SecureRandom};

pub(crate) use self::scope::id;
pub use self::scope::{
    Area, Credential, MunicipalityId, Place, Reach, Right, Role, SchoolId, Schools, Scope, Staff, StaffId,
};
use crate::error::{Error, Kind, Result};

/// Prefix of a token of staff, so that a leaked one is recognised.
pub const STAFF_PREFIX: &str = "gfs_";

/// SHA-256 of a secret: what is stored instead of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHash(pub Vec<u8>);

/// A new secret of 256 random bits, as text, with its hash.
pub fn new_secret(prefix: &str) -> Result<(String, SecretHash)> {
    let mut bytes = [0_u8; 32];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))?;
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash_secret(&secret);
    Ok((secret, hash))
}

/// The hash under which a secret is stored. The secrets are random, so one round of SHA-256 is enough.
pub fn hash_secret(secret: &str) -> SecretHash {
    SecretHash(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec())
}

/// Takes the token out of an `authorization` header.
pub fn bearer_token(header: Option<&str>) -> Result<&str> {
    header.and_then(|h| h.strip_prefix("Bearer ")).filter(|t| t.starts_with(STAFF_PREFIX) && t.len() <= 128).ok_or_else(
        || {
            Error::new(
                Kind::Unauthenticated,
                "STAFF_TOKEN_REQUIRED",
                "this call needs a staff token in the header `authorization: Bearer gfs_…`",
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_hash_to_what_is_stored() {
        let (one, hash) = new_secret(STAFF_PREFIX).unwrap();
        let (two, _) = new_secret(STAFF_PREFIX).unwrap();
        assert_ne!(one, two);
        assert_eq!(hash_secret(&one), hash);
        assert_eq!(one.len(), 4 + 43);
    }

    #[test]
    fn header_without_a_staff_token_is_refused() {
        for header in [None, Some(""), Some("Bearer "), Some("Bearer gft_x"), Some("Basic gfs_x")] {
            assert_eq!(bearer_token(header).unwrap_err().reason, "STAFF_TOKEN_REQUIRED");
        }
        assert_eq!(bearer_token(Some("Bearer gfs_x")).unwrap(), "gfs_x");
    }
}
