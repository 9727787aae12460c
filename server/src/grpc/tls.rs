//! TLS of the server: its certificate, optional client certificates, and session tickets that all servers of a database
//! can read, so that a device resumes cheaply after a restart and on any server.

use std::{fmt, sync::Arc};

use ring::{aead, hkdf, rand::SecureRandom};
use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier},
};

use crate::{
    clock::Clock,
    enrollment::service::authority::Authority,
    error::{Error, Result},
};

/// A new key for tickets each day; a ticket can be used on its day and the next.
const EPOCH_SECONDS: i64 = 86_400;

/// The configuration of TLS for a server with these names. TLS 1.3 and 1.2; HTTP/2, and HTTP/1.1 for gRPC-Web.
pub fn server_config(authority: &Authority, names: &[String], clock: Clock) -> Result<ServerConfig> {
    let refuse = |source: Box<dyn std::error::Error + Send + Sync>| Error::internal("TLS could not be set up", source);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).map_err(|e| refuse(e.into()))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        // Enrolment and staff come without; AgentService refuses them.
        .allow_unauthenticated()
        .build()
        .map_err(|e| refuse(e.into()))?;
    let (chain, key) = authority.issue_server(names)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| refuse(e.into()))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|e| refuse(e.into()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer =
        Arc::new(SharedTickets { secret: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, authority.ticket_key()), clock });
    // An agent keeps one session; a second ticket would be encrypted and sent for nothing.
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// Session tickets under keys that are derived from one secret and the day.
struct SharedTickets {
    secret: hkdf::Prk,
    clock: Clock,
}

impl fmt::Debug for SharedTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedTickets")
    }
}

impl SharedTickets {
    fn epoch(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000_000 * EPOCH_SECONDS)
    }

    fn key(&self, epoch: i64) -> Option<aead::LessSafeKey> {
        let info = epoch.to_be_bytes();
        let parts = [b"gigafleet tls ticket".as_slice(), &info];
        let mut key = [0_u8; 32];
        self.secret.expand(&parts, &aead::AES_256_GCM).ok()?.fill(&mut key).ok()?;
        Some(aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &key).ok()?))
    }
}

impl ProducesTickets for SharedTickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(EPOCH_SECONDS).expect("a day")
    }

    /// The day, a random nonce, the sealed session.
    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let epoch = self.epoch();
        let mut nonce = [0_u8; aead::NONCE_LEN];
        ring::rand::SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let aad = aead::Aad::from(epoch.to_be_bytes());
        self.key(epoch)?.seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
        Some([epoch.to_be_bytes().as_slice(), &nonce, &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (epoch, rest) = ticket.split_first_chunk::<8>()?;
        let (nonce, sealed) = rest.split_first_chunk::<{ aead::NONCE_LEN }>()?;
        let number = i64::from_be_bytes(*epoch);
        if !(self.epoch() - 1..=self.epoch()).contains(&number) {
            return None;
        }
        let mut plain = sealed.to_vec();
        let nonce = aead::Nonce::assume_unique_for_key(*nonce);
        let length = self.key(number)?.open_in_place(nonce, aead::Aad::from(*epoch), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Timestamp;

    fn tickets(clock: &Clock) -> SharedTickets {
        SharedTickets { secret: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &[7; 32]), clock: clock.clone() }
    }

    #[test]
    fn ticket_of_one_server_opens_on_another_until_the_day_after() {
        let clock = Clock::manual(Timestamp(1_800_000_000_000_000));
        let ticket = tickets(&clock).encrypt(b"session").unwrap();
        assert_eq!(tickets(&clock).decrypt(&ticket).unwrap(), b"session");
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(tickets(&clock).decrypt(&ticket).unwrap(), b"session");
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(tickets(&clock).decrypt(&ticket), None);
    }

    #[test]
    fn damaged_ticket_is_refused() {
        let clock = Clock::manual(Timestamp(1_800_000_000_000_000));
        let ticket = tickets(&clock).encrypt(b"session").unwrap();
        for at in 0..ticket.len() {
            let mut damaged = ticket.clone();
            damaged[at] ^= 1;
            assert_eq!(tickets(&clock).decrypt(&damaged), None, "byte {at}");
            assert_eq!(tickets(&clock).decrypt(&ticket[..at]), None);
        }
    }
}
