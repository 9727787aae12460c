//! Connections that are made only to see whether they can be: TCP, and TLS that asks for nothing but a name.
//!
//! Invariant: nothing is sent over them but the handshake, and they are closed at once.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use gigafleet_proto::v1::CheckError;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring::default_provider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{Answer, error_of};

/// Connects and gives how long it took.
pub(super) async fn tcp(address: SocketAddr) -> Answer {
    let begun = Instant::now();
    open(address).await?;
    Ok(begun.elapsed())
}

async fn open(address: SocketAddr) -> Result<TcpStream, CheckError> {
    TcpStream::connect(&[address][..]).await.map_err(|error| error_of(&error))
}

/// Whether anybody is at an address: one who refuses a connection is there too.
pub(super) async fn knock(address: SocketAddr) -> Answer {
    let begun = Instant::now();
    match tcp(address).await {
        Err(CheckError::Refused) => Ok(begun.elapsed()),
        answer => answer,
    }
}

/// Connects, shakes hands, and gives how long both took. The certificate must name the host; who signed it is not asked.
pub(super) async fn tls(address: SocketAddr, name: ServerName<'static>, config: Arc<ClientConfig>) -> Answer {
    let begun = Instant::now();
    let tcp = open(address).await?;
    TlsConnector::from(config).connect(name, tcp).await.map_err(|error| error_of(&error))?;
    Ok(begun.elapsed())
}

/// Makes many connections at once, holds them until the last is there, and closes them all. They are cut, not ended, so
/// that neither side keeps them in mind: what is measured is scarce.
pub(super) async fn many(address: SocketAddr, connections: u32, limit: Duration) -> Answer {
    let begun = Instant::now();
    let deadline = begun + limit;
    let mut attempts = JoinSet::new();
    for _ in 0..connections {
        attempts.spawn(timeout_at(deadline, open(address)));
    }
    let mut open = Vec::new();
    let mut error = CheckError::Unspecified;
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(Ok(stream))) => open.push(stream),
            Ok(Ok(Err(failed))) => error = failed,
            Ok(Err(_)) | Err(_) => error = CheckError::Timeout,
        }
    }
    let took = begun.elapsed();
    let count = open.len();
    for stream in open {
        // Where that is not possible, it is ended as any other.
        let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
    }
    match count {
        0 => Err(error),
        _ if count < connections as usize => Err(CheckError::TooFewPorts),
        _ => Ok(took),
    }
}

/// Tries addresses in order within one limit, until one answers; the last gives the reason.
pub(super) async fn first_that_answers<F>(
    addresses: &[IpAddr],
    limit: Duration,
    attempt: impl Fn(IpAddr) -> F,
) -> Answer
where
    F: Future<Output = Answer>,
{
    let deadline = Instant::now() + limit;
    let mut answer = Err(CheckError::Unreachable);
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        answer = match timeout(left / (addresses.len() - index) as u32, attempt(*address)).await {
            Ok(Ok(took)) => return Ok(took),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CheckError::Timeout),
        };
    }
    answer
}

/// Accepts any certificate that carries the name; whether its key is there is checked all the same.
#[derive(Debug)]
struct NameOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for NameOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// TLS that asks for nothing but the name. Nothing may ever be sent over it. Sessions are not resumed: a resumed one shows
/// no certificate.
pub(super) fn name_only_config() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(NameOnly(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Whether a TLS error says that the certificate names somebody else.
pub(super) fn names_another(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
    )
}
