//! The console's socket: plain HTTP on loopback or behind a stated proxy, else TLS with a certificate of the operator's.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use super::ConsoleApp;
use crate::{
    config::Config,
    error::{Error, Kind, Result, says::server as say},
};

/// How long connections may take to finish what they have when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// A bound socket for browsers.
#[derive(Debug)]
pub struct Console {
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    connections: usize,
    handshake_timeout: Duration,
    idle_timeout: Duration,
    header_bytes: usize,
    site: ConsoleSite,
}

/// How browsers reach the console.
#[derive(Debug, Clone)]
pub struct ConsoleSite {
    /// Whether they come over TLS, to here or to the proxy.
    pub secure: bool,
    /// The address of the stated proxy: `https://…` without a slash at its end.
    pub public: Option<String>,
}

impl Console {
    /// Binds the console's address. Reasons: CONSOLE_NOT_SECURE, CONSOLE_PROXY_INVALID, CONSOLE_CERTIFICATE_INVALID,
    /// ADDRESS_IN_USE.
    pub async fn bind(config: &Config) -> Result<Self> {
        let address = config.console;
        let public = config.console_public.as_deref().map(public_address).transpose()?;
        let tls = config.console_certificate.as_ref().map(|(certificate, key)| tls(certificate, key)).transpose()?;
        if tls.is_none() && public.is_none() && !address.ip().is_loopback() {
            return Err(Error::new(Kind::Precondition, "CONSOLE_NOT_SECURE", say::console_not_secure(address)));
        }
        let socket = TcpListener::bind(address).await.map_err(|source| {
            Error::new(Kind::Precondition, "ADDRESS_IN_USE", say::console_address(address)).with_source(source)
        })?;
        let limits = &config.limits;
        let site = ConsoleSite { secure: tls.is_some() || public.is_some(), public };
        Ok(Self {
            socket,
            tls,
            connections: limits.console_connections,
            handshake_timeout: limits.handshake_timeout,
            idle_timeout: limits.idle_timeout,
            header_bytes: usize::try_from(limits.header_bytes).unwrap_or(16 << 10),
            site,
        })
    }

    /// The address that was bound.
    pub fn address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(|source| Error::internal("the console's address is unknown", source))
    }

    /// How browsers reach it.
    pub fn site(&self) -> &ConsoleSite {
        &self.site
    }

    /// What a person types into a browser, without a slash at its end.
    pub fn url(&self) -> Result<String> {
        if let Some(public) = &self.site.public {
            return Ok(public.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.address()?))
    }

    /// Serves until `stop` becomes true, then lets requests finish.
    pub async fn serve(self, app: ConsoleApp, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.connections));
        let all = u32::try_from(self.connections).unwrap_or(u32::MAX);
        let server = Arc::new((self.tls.clone().map(TlsAcceptor::from), app));
        loop {
            let accepting = async {
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                match self.socket.accept().await {
                    Ok((stream, peer)) => Some((stream, peer, place)),
                    Err(error) => {
                        tracing::warn!(%error, "a connection of the console could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        None
                    }
                }
            };
            let accepted = tokio::select! {
                accepted = accepting => accepted,
                () = stopped(&mut stop) => break,
            };
            let Some((stream, peer, place)) = accepted else { continue };
            let (server, stop) = (Arc::clone(&server), stop.clone());
            let (handshake, idle, header_bytes) = (self.handshake_timeout, self.idle_timeout, self.header_bytes);
            tokio::spawn(async move {
                let (acceptor, app) = (&server.0, server.1.clone());
                let connection = Connection { app, peer, idle, header_bytes, stop, _place: place };
                match acceptor {
                    None => connection.serve(stream).await,
                    Some(acceptor) => connection.serve_tls(acceptor, stream, handshake).await,
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(DRAIN, places.acquire_many(all)).await.is_err() {
            tracing::warn!("some connections of the console were cut, they did not end in time");
        }
    }
}

/// One connection of a browser.
struct Connection {
    app: ConsoleApp,
    peer: SocketAddr,
    idle: Duration,
    header_bytes: usize,
    stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve_tls(self, acceptor: &TlsAcceptor, stream: TcpStream, time: Duration) {
        match tokio::time::timeout(time, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake of the console failed"),
            Err(_) => tracing::debug!("a TLS handshake of the console took too long"),
        }
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (app, peer) = (self.app, self.peer.ip());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let app = app.clone();
            Box::pin(async move { Ok::<_, Infallible>(app.answer(request.map(Body::new), peer).await) })
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            // Also the time that a kept connection may be silent.
            .header_read_timeout(self.idle)
            .max_buf_size(self.header_bytes.max(16 << 10))
            .max_headers(64)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = Box::pin(connection);
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = stopped(&mut self.stop) => {
                connection.as_mut().graceful_shutdown();
                connection.as_mut().await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "a connection of the console ended early");
        }
    }
}

/// Ready when the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The value is a guard that must not be held; a sender that is gone means stop as well.
    let _guard = stop.wait_for(|stop| *stop).await;
}

fn public_address(text: &str) -> Result<String> {
    let text = text.trim_end_matches('/');
    match text.strip_prefix("https://") {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(text.to_owned()),
        _ => Err(Error::new(Kind::Precondition, "CONSOLE_PROXY_INVALID", say::console_proxy(text))),
    }
}

fn tls(certificate: &std::path::Path, key: &std::path::Path) -> Result<Arc<ServerConfig>> {
    let refuse = |file: &std::path::Path, source: Box<dyn std::error::Error + Send + Sync>| {
        let message = say::console_certificate(file.display());
        Error::new(Kind::Precondition, "CONSOLE_CERTIFICATE_INVALID", message).with_source(source)
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|source| refuse(certificate, source.into()))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|source| refuse(key, source.into()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| refuse(certificate, source.into()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|source| refuse(certificate, source.into()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plain_http_is_refused_anywhere_but_on_loopback() {
        let config = Config { console: SocketAddr::from(([0, 0, 0, 0], 0)), ..Config::default() };
        let refused = Console::bind(&config).await.unwrap_err();
        assert_eq!(refused.reason, "CONSOLE_NOT_SECURE");
        assert!(
            refused.message.en.contains("--console-certificate")
                && refused.message.en.contains("--console-behind-proxy")
        );
        let behind = Config { console_public: Some(String::from("https://giga.example/")), ..config };
        let console = Console::bind(&behind).await.unwrap();
        assert!(console.site().secure);
        assert_eq!(console.url().unwrap(), "https://giga.example");
        let plain = Config { console_public: Some(String::from("http://giga.example")), ..behind };
        assert_eq!(Console::bind(&plain).await.unwrap_err().reason, "CONSOLE_PROXY_INVALID");
    }
}
