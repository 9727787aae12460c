//! The certificate authority: made on first start, kept in one folder that the servers of one database share.
//!
//! Files: `ca.crt` (PEM, 0644), `ca.key` (PEM, 0600), `ticket.key` (32 random bytes, 0600; from it all servers derive the
//! keys of TLS session tickets, so that a device resumes on any of them). The folder has mode 0700.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    time::Duration,
};

use gigafleet_agent::identity::to_hex;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use ring::{digest, rand::SecureRandom as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use time::OffsetDateTime;

use crate::{
    clock::{Clock, Timestamp},
    devices::rules::DeviceKey,
    enrollment::rules::device_uri,
    error::{Error, Kind, Result, says},
};

const CA_LIFETIME: Duration = Duration::from_secs(20 * 366 * 86_400);
/// A server makes itself a new certificate at each start; this is for one that is never restarted.
const SERVER_LIFETIME: Duration = Duration::from_secs(825 * 86_400);
/// Certificates begin this much in the past, for devices whose clock is a little behind.
const BACKDATE: Duration = Duration::from_secs(3_600);

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    ticket_key: [u8; 32],
    clock: Clock,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("sha256", &self.sha256()).finish_non_exhaustive()
    }
}

/// A certificate that was signed just now.
#[derive(Debug)]
pub struct Issued {
    /// X.509 in DER.
    pub certificate_der: Vec<u8>,
    /// Its serial number, positive.
    pub serial: i64,
    /// From when on it should be renewed.
    pub renew_after: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Authority {
    /// Loads the authority of a folder, or makes it. Servers that start together take turns.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let fault = |source: io::Error| {
            Error::new(Kind::Precondition, "CA_UNREADABLE", says::server::ca_unreadable(folder.display()))
                .with_source(source)
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
        let turn = File::create(folder.join("lock")).map_err(fault)?;
        turn.lock().map_err(fault)?;
        if !folder.join("ca.crt").exists() {
            create(folder, &clock)?;
        }
        let certificate_pem = fs::read_to_string(folder.join("ca.crt")).map_err(fault)?;
        let key_pem = fs::read_to_string(folder.join("ca.key")).map_err(fault)?;
        let ticket_key = fs::read(folder.join("ticket.key")).map_err(fault)?;
        let broken = |source: String| fault(io::Error::new(io::ErrorKind::InvalidData, source));
        let key = KeyPair::from_pem(&key_pem).map_err(|e| broken(e.to_string()))?;
        let certificate =
            CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(|e| broken(e.to_string()))?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&certificate, key).map_err(|e| broken(e.to_string()))?,
            certificate,
            certificate_pem,
            ticket_key: ticket_key.try_into().map_err(|_| broken(String::from("ticket.key needs 32 bytes")))?,
            clock,
        })
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of the authority's certificate in lower case hex, by which agents recognise it.
    pub fn sha256(&self) -> String {
        to_hex(digest::digest(&digest::SHA256, &self.certificate).as_ref())
    }

    /// Secret from which the keys of session tickets are derived.
    pub fn ticket_key(&self) -> &[u8; 32] {
        &self.ticket_key
    }

    /// Signs the certificate of a device for a key that [`check_csr`](crate::enrollment::rules::check_csr) has checked.
    pub fn issue_device(&self, key: DeviceKey, public_key_der: &[u8], lifetime: Duration) -> Result<Issued> {
        let refuse = |source: rcgen::Error| Error::internal("the certificate could not be signed", source);
        let uri = device_uri(key).try_into().map_err(refuse)?;
        let (mut params, serial) = self.params(&key.device.to_string(), vec![SanType::URI(uri)], lifetime)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let public_key = SubjectPublicKeyInfo::from_der(public_key_der).map_err(refuse)?;
        let certificate: Certificate = params.signed_by(&public_key, &self.issuer).map_err(refuse)?;
        let now = self.clock.now();
        Ok(Issued {
            certificate_der: certificate.der().to_vec(),
            serial,
            renew_after: now.after(lifetime * 2 / 3),
            // The certificate's own end has whole seconds.
            expires_at: Timestamp(now.after(lifetime).0 / 1_000_000 * 1_000_000),
        })
    }

    /// Signs a certificate for this server with a new key that is never written down.
    pub fn issue_server(&self, names: &[String]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let refuse = |source: rcgen::Error| Error::internal("the server's certificate could not be signed", source);
        let names = names.iter().map(|name| match name.parse::<IpAddr>() {
            Ok(address) => Ok(SanType::IpAddress(address)),
            Err(_) => Ok(SanType::DnsName(name.clone().try_into().map_err(refuse)?)),
        });
        let (mut params, _) = self.params("gigafleet server", names.collect::<Result<_>>()?, SERVER_LIFETIME)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(refuse)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(refuse)?;
        // The authority's certificate goes along, so that an agent that knows only its hash can find it.
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok((chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
    }

    fn params(&self, name: &str, alternatives: Vec<SanType>, lifetime: Duration) -> Result<(CertificateParams, i64)> {
        let mut serial = [0_u8; 8];
        ring::rand::SystemRandom::new()
            .fill(&mut serial)
            .map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))?;
        // Positive, and with a first byte that is not zero, as DER wants it.
        serial[0] = serial[0] & 0x7f | 0x40;
        let mut params = params(name, self.clock.now(), lifetime)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.subject_alt_names = alternatives;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        Ok((params, i64::from_be_bytes(serial)))
    }
}

fn params(name: &str, now: Timestamp, lifetime: Duration) -> Result<CertificateParams> {
    let at = |time: Timestamp| {
        OffsetDateTime::from_unix_timestamp(time.0.div_euclid(1_000_000))
            .map_err(|source| Error::internal("the clock is out of range", source))
    };
    let mut params = CertificateParams::default();
    params.not_before = at(Timestamp(now.0 - i64::try_from(BACKDATE.as_micros()).expect("an hour")))?;
    params.not_after = at(now.after(lifetime))?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn create(folder: &Path, clock: &Clock) -> Result<()> {
    let refuse = |source: rcgen::Error| Error::internal("the certificate authority could not be made", source);
    let mut params = params("gigafleet certificate authority", clock.now(), CA_LIFETIME)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(refuse)?;
    let certificate = params.self_signed(&key).map_err(refuse)?;
    let mut ticket_key = [0_u8; 32];
    ring::rand::SystemRandom::new()
        .fill(&mut ticket_key)
        .map_err(|source| Error::internal("the system gave no random bytes", source.to_string()))?;
    write(folder, "ticket.key", &ticket_key, 0o600)?;
    write(folder, "ca.key", key.serialize_pem().as_bytes(), 0o600)?;
    // Last, since its presence says that the others are complete.
    write(folder, "ca.crt", certificate.pem().as_bytes(), 0o644)
}

fn write(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
    let (file, temporary) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || {
        let mut out = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&temporary)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&temporary, &file)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| Error::internal(format!("{} cannot be written", file.display()), source))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use uuid::Uuid;

    use super::*;
    use crate::{
        devices::rules::DeviceId,
        enrollment::rules::{check_csr, parse_identity},
        schools::rules::MunicipalityId,
    };

    #[test]
    fn authority_is_made_once_with_tight_modes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca");
        let first = Authority::open(&path, Clock::system()).unwrap();
        let second = Authority::open(&path, Clock::system()).unwrap();
        assert_eq!(first.sha256(), second.sha256());
        let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ca.key"), mode("ticket.key"), mode("")), (0o600, 0o600, 0o700));
    }

    #[test]
    fn device_certificate_carries_municipality_device_and_serial() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path(), Clock::system()).unwrap();
        let key = DeviceKey { municipality: MunicipalityId(Uuid::now_v7()), device: DeviceId(Uuid::now_v7()) };
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let csr = params.serialize_request(&pair).unwrap();
        let checked = check_csr(csr.der(), key.device.0).unwrap();
        let issued = authority.issue_device(key, &checked.public_key_der, Duration::from_secs(90)).unwrap();
        let identity = parse_identity(&issued.certificate_der).unwrap();
        assert_eq!((identity.key, identity.certificate_serial), (key, issued.serial));
        assert_eq!(identity.expires_at, issued.expires_at);
        assert_eq!(parse_identity(authority.certificate()), None);
    }
}
