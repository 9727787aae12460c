//! Tokens, requests for certificates and the identity in a certificate, pure.

use uuid::Uuid;
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::GeneralName,
    oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY},
    prelude::{FromDer as _, X509Certificate},
};

use crate::{
    clock::Timestamp,
    devices::rules::{DeviceId, DeviceKey},
    error::{Both, Error, FieldViolation, Kind, Result, says::devices as say},
    schools::rules::MunicipalityId,
};

/// Prefix of an enrolment token, so that a leaked one is recognised.
pub const TOKEN_PREFIX: &str = "gft_";
/// Most bytes of a request for a certificate.
const CSR_BYTES: usize = 4 << 10;
/// What the name of a device starts with in its certificate (a URI in the subject alternative name).
const URI_PREFIX: &str = "urn:gigafleet:device:";

/// Whether a device could enrol with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It could.
    Active,
    /// Its time is over.
    Expired,
    /// Its uses are taken.
    UsedUp,
    /// Staff ended it.
    Revoked,
}

/// The state of a token now.
pub fn token_state(uses_allowed: i64, uses_taken: i64, expires_at: i64, revoked: bool, now: Timestamp) -> TokenState {
    if revoked {
        TokenState::Revoked
    } else if now.0 >= expires_at {
        TokenState::Expired
    } else if uses_taken >= uses_allowed {
        TokenState::UsedUp
    } else {
        TokenState::Active
    }
}

/// Refuses a token that is not active, with the reason of the contract.
pub fn require_active(state: TokenState) -> Result<()> {
    let refuse = |reason, message: Both| Err(Error::new(Kind::Precondition, reason, message));
    match state {
        TokenState::Active => Ok(()),
        TokenState::Expired => refuse("TOKEN_EXPIRED", say::enrollment_token_expired()),
        TokenState::UsedUp => refuse("TOKEN_USED_UP", say::enrollment_token_used_up()),
        TokenState::Revoked => refuse("TOKEN_REVOKED", say::enrollment_token_revoked()),
    }
}

/// A checked request for a certificate: the key that the device holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCsr {
    /// SubjectPublicKeyInfo in DER.
    pub public_key_der: Vec<u8>,
}

/// Checks a PKCS #10 request: well formed, signed by the P-256 key it names, and without another's name.
///
/// Reasons: CSR_INVALID, CSR_KEY_UNSUPPORTED, CSR_NAME_MISMATCH.
pub fn check_csr(der: &[u8], expected_name: Uuid) -> Result<CheckedCsr> {
    let refuse = |reason, message: Both| Error::invalid_fields(reason, vec![FieldViolation::new("csr_der", message)]);
    if der.len() > CSR_BYTES {
        return Err(refuse("CSR_INVALID", say::csr_too_large()));
    }
    let (rest, csr) =
        X509CertificationRequest::from_der(der).map_err(|_| refuse("CSR_INVALID", say::csr_unreadable()))?;
    if !rest.is_empty() {
        return Err(refuse("CSR_INVALID", say::csr_has_more()));
    }
    let key = &csr.certification_request_info.subject_pki;
    let curve = key.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
    if key.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != Some(OID_EC_P256) {
        return Err(refuse("CSR_KEY_UNSUPPORTED", say::csr_key()));
    }
    csr.verify_signature().map_err(|_| refuse("CSR_INVALID", say::csr_unsigned()))?;
    let expected = expected_name.to_string();
    let mut names = csr.certification_request_info.subject.iter_common_name();
    if names.any(|name| name.as_str().map(|n| n.to_ascii_lowercase()) != Ok(expected.clone())) {
        return Err(refuse("CSR_NAME_MISMATCH", say::csr_name()));
    }
    Ok(CheckedCsr { public_key_der: key.raw.to_vec() })
}

/// Who a client certificate says the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// Owner and device.
    pub key: DeviceKey,
    /// Serial number of the certificate, positive.
    pub certificate_serial: i64,
    /// When the certificate ends.
    pub expires_at: Timestamp,
}

/// The name of a device in its certificate.
pub fn device_uri(key: DeviceKey) -> String {
    format!("{URI_PREFIX}{}:{}", key.municipality, key.device)
}

/// Reads the identity out of a certificate that TLS has verified; none if it is not a device's.
pub fn parse_identity(certificate_der: &[u8]) -> Option<DeviceIdentity> {
    let (_, certificate) = X509Certificate::from_der(certificate_der).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let uri = names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(URI_PREFIX),
        _ => None,
    })?;
    let (municipality, device) = uri.split_once(':')?;
    let serial = certificate.raw_serial();
    let certificate_serial =
        serial.iter().try_fold(0_i64, |n, byte| n.checked_mul(256)?.checked_add(i64::from(*byte)))?;
    Some(DeviceIdentity {
        key: DeviceKey {
            municipality: MunicipalityId(Uuid::try_parse(municipality).ok()?),
            device: DeviceId(Uuid::try_parse(device).ok()?),
        },
        certificate_serial,
        expires_at: Timestamp(certificate.validity().not_after.timestamp().checked_mul(1_000_000)?),
    })
}

/// Refuses a caller without a certificate, or with one whose time is over. Resumed TLS does not look at the time again.
///
/// Reasons: CLIENT_CERTIFICATE_REQUIRED, CERTIFICATE_EXPIRED.
pub fn require_identity(identity: Option<DeviceIdentity>, now: Timestamp) -> Result<DeviceIdentity> {
    let identity = identity
        .ok_or_else(|| Error::new(Kind::Unauthenticated, "CLIENT_CERTIFICATE_REQUIRED", say::certificate_required()))?;
    if now >= identity.expires_at {
        return Err(Error::new(Kind::Unauthenticated, "CERTIFICATE_EXPIRED", say::certificate_expired()));
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _};

    use super::*;

    fn csr(name: Option<&str>, key: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn request_with_another_name_or_key_is_refused() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let own = Uuid::now_v7();
        assert!(check_csr(&csr(None, &key), own).is_ok());
        assert!(check_csr(&csr(Some(&own.to_string().to_uppercase()), &key), own).is_ok());
        let other = csr(Some(&Uuid::now_v7().to_string()), &key);
        assert_eq!(check_csr(&other, own).unwrap_err().reason, "CSR_NAME_MISMATCH");
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert_eq!(check_csr(&csr(None, &p384), own).unwrap_err().reason, "CSR_KEY_UNSUPPORTED");
    }

    #[test]
    fn request_whose_signature_is_not_of_its_key_is_refused() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut der = csr(None, &key);
        let last = der.len() - 1;
        der[last] ^= 1;
        assert_eq!(check_csr(&der, Uuid::now_v7()).unwrap_err().reason, "CSR_INVALID");
    }

    #[test]
    fn request_cut_or_damaged_anywhere_never_panics() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let der = csr(None, &key);
        for at in 0..der.len() {
            assert!(check_csr(&der[..at], Uuid::now_v7()).is_err());
            let mut damaged = der.clone();
            damaged[at] ^= 0x55;
            // Some bytes say nothing, such as the tag around the name of the algorithm; never does another key come out.
            if let Ok(checked) = check_csr(&damaged, Uuid::now_v7()) {
                assert_eq!(checked.public_key_der, key.subject_public_key_info(), "byte {at}");
            }
        }
    }

    #[test]
    fn revoked_comes_before_expired_before_used_up() {
        let now = Timestamp(100);
        assert_eq!(token_state(1, 1, 50, true, now), TokenState::Revoked);
        assert_eq!(token_state(1, 1, 50, false, now), TokenState::Expired);
        assert_eq!(token_state(1, 1, 150, false, now), TokenState::UsedUp);
        assert_eq!(token_state(2, 1, 150, false, now), TokenState::Active);
    }
}
