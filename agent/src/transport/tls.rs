//! Trust in the server, and the TLS configuration made of it: TLS 1.3 and 1.2 by rustls with ring, one pinned authority.
//!
//! A tablet whose battery ran flat may wake in 1970. Where a certificate fails only for its dates, it is checked again,
//! in full, at the best known server time; so a wrong clock locks no device out, and no signature goes unchecked.
//!
//! Invariant: no certificate is accepted that does not chain to the pinned authority and carry the server's name.
//!
//! Deliberately not here: the public web authorities, revocation lists (the authority belongs to the server's operator).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring::default_provider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// Servers whose sessions are kept for resumption.
const SESSIONS: usize = 4;

/// The best known server time, shared by all that verify. It only moves forward.
#[derive(Debug, Clone, Default)]
pub struct TimeKnowledge(Arc<AtomicU64>);

impl TimeKnowledge {
    /// Starts with what is known, in milliseconds since the Unix epoch; 0 for nothing.
    pub fn new(server_time_ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(server_time_ms)))
    }

    /// Takes in a newer server time.
    pub fn learn(&self, server_time_ms: u64) {
        self.0.fetch_max(server_time_ms, Ordering::Relaxed);
    }

    fn best(&self) -> Option<UnixTime> {
        let server_time_ms = self.0.load(Ordering::Relaxed);
        (server_time_ms > 0).then(|| UnixTime::since_unix_epoch(Duration::from_millis(server_time_ms)))
    }
}

/// The client's side of a mutual handshake.
#[derive(Clone)]
pub struct ClientIdentity {
    /// X.509 DER.
    pub certificate_der: Vec<u8>,
    /// PKCS #8 DER.
    pub key_der: Vec<u8>,
}

/// How the server is recognised. Make one and share it: it holds no state of a connection.
#[derive(Debug)]
pub struct ServerTrust {
    anchor: Anchor,
    provider: Arc<CryptoProvider>,
    time: TimeKnowledge,
}

#[derive(Debug)]
enum Anchor {
    Authority(RootCertStore),
    /// SHA-256 of the authority's certificate, which the server sends along.
    Fingerprint([u8; 32]),
}

impl ServerTrust {
    /// Trusts what the given authority signed, and nothing else.
    pub fn authority(ca_certificate_der: &[u8], time: TimeKnowledge) -> Result<Arc<Self>, Error> {
        let roots = anchored(CertificateDer::from(ca_certificate_der.to_vec()))?;
        Ok(Arc::new(Self { anchor: Anchor::Authority(roots), provider: Arc::new(default_provider()), time }))
    }

    /// Trusts the authority whose certificate has this SHA-256; for enrolment, where nothing else is known yet.
    pub fn fingerprint(ca_sha256: [u8; 32]) -> Arc<Self> {
        let provider = Arc::new(default_provider());
        Arc::new(Self { anchor: Anchor::Fingerprint(ca_sha256), provider, time: TimeKnowledge::default() })
    }

    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let presented;
        let roots = match &self.anchor {
            Anchor::Authority(roots) => roots,
            Anchor::Fingerprint(pin) => {
                let authority = chain.iter().find(|certificate| sha256(certificate) == *pin);
                let authority = authority.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
                presented = anchored(authority.clone().into_owned())?;
                &presented
            }
        };
        let certificate = ParsedCertificate::try_from(leaf)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let verify_at = |time| {
            rustls::client::verify_server_cert_signed_by_trust_anchor(&certificate, roots, chain, time, algorithms)
        };
        verify_at(now).or_else(|error| match self.time_instead(&error) {
            Some(time) => verify_at(time),
            None => Err(error),
        })?;
        rustls::client::verify_server_name(&certificate, name)
    }

    /// The time to check at instead, if the certificate failed only for its dates.
    fn time_instead(&self, error: &Error) -> Option<UnixTime> {
        let Error::InvalidCertificate(error) = error else {
            return None;
        };
        let best = self.time.best();
        match error {
            // Our clock is behind. The truth is not before what the server once said, and not before the certificate.
            CertificateError::NotValidYetContext { not_before, .. } => {
                Some(best.filter(|best| best.as_secs() > not_before.as_secs()).unwrap_or(*not_before))
            }
            // Our clock is ahead, or the certificate has ended; what the server said last decides.
            CertificateError::ExpiredContext { not_after, .. } => Some(best.unwrap_or(*not_after)),
            _ => None,
        }
    }
}

fn anchored(authority: CertificateDer<'static>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    Ok(roots)
}

/// SHA-256 of a certificate, as `--ca-sha256` gives it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

/// The verifier that rustls calls.
#[derive(Debug)]
struct Verifier(Arc<ServerTrust>);

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.0.verify(end_entity, intermediates, server_name, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// TLS for one device, or without an identity for enrolment. Sessions are resumed as long as the configuration lives.
/// The protocol (ALPN) is chosen for each connection by the [`crate::transport::Connector`].
pub fn client_config(trust: &Arc<ServerTrust>, identity: Option<&ClientIdentity>) -> Result<Arc<ClientConfig>, Error> {
    let builder = ClientConfig::builder_with_provider(trust.provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier(trust.clone())));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from(identity.certificate_der.clone())];
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
            builder.with_client_auth_cert(chain, key)?
        }
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}
