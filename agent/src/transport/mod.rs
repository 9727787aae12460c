//! Carries calls to the server: one TLS connection for one check-in, HTTP/2 or, behind proxies that break it, gRPC-Web
//! over HTTP/1.1.
//!
//! There is no channel that reconnects by itself: the engine decides when to call. A [`Connection`] implements what the
//! generated clients need, can be used for many calls, and closes when the last clone is dropped. TLS sessions live in
//! the configuration, so the next connection resumes. Where the server's name can not be resolved, its last known address
//! is called: TLS says whether it is the server still.
//!
//! Deliberately not here: proxies that must be asked with CONNECT; retries; time-outs (the caller's).

pub mod status;
#[cfg(test)]
mod tests;
pub mod tls;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, header::HOST};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    net::{TcpStream, lookup_host},
    sync::oneshot,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::body::Body;
use tonic_web::{GrpcWebCall, GrpcWebClientService};
use tower_service::Service;

use self::tls::{ClientIdentity, ServerTrust};
use crate::identity::Identity;

/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a resolver is waited for where an address is known anyway.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(3);
/// HTTP/2 windows in bytes. Answers are small; a large window would only cost memory.
const WINDOW_BYTES: u32 = 64 * 1024;
/// Largest answer header list, in bytes.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
/// Read buffer of HTTP/1.1, in bytes.
const HTTP1_BUFFER_BYTES: usize = 16 * 1024;
/// How long gRPC-Web is kept after HTTP/2 turned out to be broken, in milliseconds: four hours.
const FALLBACK_MS: u64 = 4 * 3_600_000;

/// How calls travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Http2,
    /// gRPC-Web over HTTP/1.1.
    GrpcWeb,
}

/// Why there is no connection, or why it broke.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is not `HOST:PORT`, or the name is no server name.
    #[error("{0:?} is not an address of the form HOST:PORT")]
    Address(String),
    /// No TCP connection.
    #[error("the server can not be reached")]
    Connect(#[source] std::io::Error),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Handshake(#[source] std::io::Error),
    /// Something in between does not let HTTP/2 through.
    #[error("HTTP/2 does not get through")]
    Http2Refused,
    /// The connection broke or did not speak HTTP.
    #[error("the connection broke")]
    Http(#[source] hyper::Error),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The certificate or key of the device can not be used.
    #[error("the identity can not be used")]
    Identity(#[source] rustls::Error),
}

/// Makes connections to one server with one identity.
#[derive(Debug, Clone)]
pub struct Connector {
    /// `HOST:PORT`.
    address: String,
    server_name: ServerName<'static>,
    http2: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    known: KnownAddress,
}

/// The address at which the server proved itself last; shared by all that hold a clone.
#[derive(Debug, Clone, Default)]
pub struct KnownAddress(Arc<Mutex<Option<SocketAddr>>>);

impl KnownAddress {
    /// Starts with what an earlier run knew.
    pub fn new(address: Option<SocketAddr>) -> Self {
        Self(Arc::new(Mutex::new(address)))
    }

    /// The address, if any is known.
    pub fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the address of a server that has just proved itself.
    pub fn learn(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}

impl Connector {
    /// Makes a connector for `HOST:PORT` (IPv6 in brackets). `server_name` is what the server's certificate must carry,
    /// the host of the address if absent.
    pub fn new(address: String, tls: Arc<ClientConfig>, server_name: Option<&str>) -> Result<Self, TransportError> {
        let malformed = || TransportError::Address(address.clone());
        let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
        port.parse::<u16>().map_err(|_| malformed())?;
        let host = server_name.unwrap_or_else(|| host.trim_start_matches('[').trim_end_matches(']'));
        let server_name = match host.parse::<IpAddr>() {
            Ok(ip) => ServerName::from(ip),
            Err(_) => ServerName::try_from(host.to_owned()).map_err(|_| malformed())?,
        };
        // Two configurations for two protocols; they share verifier, key and sessions.
        let with_protocol = |protocol: &[u8]| {
            let mut config = ClientConfig::clone(&tls);
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Ok(Self {
            server_name,
            http2: with_protocol(b"h2"),
            http1: with_protocol(b"http/1.1"),
            address,
            known: KnownAddress::default(),
        })
    }

    /// Shares what is known of the server's address.
    #[must_use]
    pub fn knowing(mut self, known: KnownAddress) -> Self {
        self.known = known;
        self
    }

    /// What is known of the server's address.
    pub fn known_address(&self) -> &KnownAddress {
        &self.known
    }

    /// Host, without brackets, and port of the server.
    pub fn host_and_port(&self) -> (&str, u16) {
        let (host, port) = self.address.rsplit_once(':').unwrap_or((&self.address, ""));
        (host.trim_start_matches('[').trim_end_matches(']'), port.parse().unwrap_or_default())
    }

    /// The name that the server's certificate must carry.
    pub fn server_name(&self) -> &ServerName<'static> {
        &self.server_name
    }

    /// The same, but for another server of the same authority, `HOST:PORT`; for this one if that is empty.
    pub fn towards(&self, endpoint: &str) -> Result<Self, TransportError> {
        match endpoint {
            "" => Ok(self.clone()),
            endpoint => Self::new(endpoint.to_owned(), self.http1.clone(), None),
        }
    }

    /// Makes a connector for an enrolled device.
    pub fn for_identity(identity: &Identity, trust: &Arc<ServerTrust>) -> Result<Self, TransportError> {
        let client =
            ClientIdentity { certificate_der: identity.certificate_der.clone(), key_der: identity.key_der.clone() };
        let tls = tls::client_config(trust, Some(&client)).map_err(TransportError::Identity)?;
        Self::new(identity.server.clone(), tls, identity.server_name.as_deref())
    }

    /// Connects and shakes hands. No time-out of its own.
    pub async fn connect(&self, protocol: Protocol) -> Result<Connection, TransportError> {
        let stream = self.handshake(protocol, self.tcp().await.map_err(TransportError::Connect)?).await?;
        match protocol {
            Protocol::Http2 => self.http2(stream).await,
            Protocol::GrpcWeb => self.grpc_web(stream).await,
        }
    }

    /// Shakes hands at one address and hangs up: whether the server can be reached there. No time-out of its own.
    pub async fn try_address(&self, protocol: Protocol, address: SocketAddr) -> Result<(), TransportError> {
        let tcp = TcpStream::connect(&[address][..]).await.map_err(TransportError::Connect)?;
        self.handshake(protocol, tcp).await.map(drop)
    }

    async fn tcp(&self) -> io::Result<TcpStream> {
        let known = self.known.get();
        let limit = if known.is_some() { RESOLVE_TIMEOUT } else { Duration::MAX };
        let addresses = match (tokio::time::timeout(limit, lookup_host(&self.address)).await, known) {
            (Ok(Ok(addresses)), _) => addresses.collect(),
            (Ok(Err(_)) | Err(_), Some(known)) => vec![known],
            (Ok(Err(error)), None) => return Err(error),
            (Err(elapsed), None) => return Err(elapsed.into()),
        };
        TcpStream::connect(&*addresses).await
    }

    async fn handshake(&self, protocol: Protocol, tcp: TcpStream) -> Result<TlsStream<TcpStream>, TransportError> {
        let address = tcp.peer_addr();
        // Small messages, one at a time: waiting to fill a packet would only cost time. Failing to say so costs nothing.
        let _ = tcp.set_nodelay(true);
        let config = match protocol {
            Protocol::Http2 => self.http2.clone(),
            Protocol::GrpcWeb => self.http1.clone(),
        };
        let handshake = TlsConnector::from(config).connect(self.server_name.clone(), tcp).await;
        let stream = handshake.map_err(|error| handshake_error(protocol, error))?;
        if let Ok(address) = address {
            self.known.learn(address);
        }
        Ok(stream)
    }

    async fn http2(&self, stream: TlsStream<TcpStream>) -> Result<Connection, TransportError> {
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(TransportError::Http2Refused);
        }
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_header_list_size(HEADER_BYTES_MAX)
            .max_send_buf_size(WINDOW_BYTES as usize)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(TransportError::Http)?;
        let authority = self.address.parse().map_err(|_| TransportError::Address(self.address.clone()))?;
        Ok(Connection { inner: Inner::Http2(sender, authority), _open: drive(Box::pin(driver)) })
    }

    async fn grpc_web(&self, stream: TlsStream<TcpStream>) -> Result<Connection, TransportError> {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(HTTP1_BUFFER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(TransportError::Http)?;
        let host = HeaderValue::from_str(&self.address).map_err(|_| TransportError::Address(self.address.clone()))?;
        let service = GrpcWebClientService::new(Http1 { sender, host });
        Ok(Connection { inner: Inner::GrpcWeb(Box::new(service)), _open: drive(Box::pin(driver)) })
    }
}

/// A proxy that knows only HTTP/1.1 ends the handshake with `no_application_protocol`.
fn handshake_error(protocol: Protocol, error: std::io::Error) -> TransportError {
    let alert = status::rustls_error(&error);
    let no_protocol = matches!(
        alert,
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol))
            | Some(rustls::Error::NoApplicationProtocol)
    );
    match protocol {
        Protocol::Http2 if no_protocol => TransportError::Http2Refused,
        Protocol::Http2 | Protocol::GrpcWeb => TransportError::Handshake(error),
    }
}

/// Whatever drives a connection: in a box, since a task of each kind would be in the binary else.
type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

/// Runs a connection beside its user, and ends it soon after the user has let go of it.
fn drive(mut driver: Driver) -> Arc<oneshot::Sender<()>> {
    let (open, closed) = oneshot::channel::<()>();
    tokio::spawn(async move {
        // How it ends is told to the calls on it; there is nobody else to tell.
        tokio::select! {
            _ = &mut driver => {}
            _ = closed => { let _ = tokio::time::timeout(CLOSE_TIMEOUT, driver).await; }
        }
    });
    Arc::new(open)
}

/// An open connection. Give it to a generated client, for one call or for many.
#[derive(Debug)]
pub struct Connection {
    inner: Inner,
    /// Dropping the last one closes the connection.
    _open: Arc<oneshot::Sender<()>>,
}

#[derive(Debug)]
enum Inner {
    Http2(http2::SendRequest<Body>, http::uri::Authority),
    GrpcWeb(Box<GrpcWebClientService<Http1>>),
}

impl Connection {
    /// Another handle for calls at the same time on this connection; only HTTP/2 can do that.
    pub fn multiplexed(&self) -> Option<Self> {
        match &self.inner {
            Inner::Http2(sender, authority) => {
                Some(Self { inner: Inner::Http2(sender.clone(), authority.clone()), _open: self._open.clone() })
            }
            Inner::GrpcWeb(_) => None,
        }
    }

    /// How calls travel on it.
    pub fn protocol(&self) -> Protocol {
        match self.inner {
            Inner::Http2(..) => Protocol::Http2,
            Inner::GrpcWeb(_) => Protocol::GrpcWeb,
        }
    }
}

/// What a call on a [`Connection`] gives.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match &mut self.inner {
            Inner::Http2(sender, _) => sender.poll_ready(context).map_err(TransportError::Http),
            Inner::GrpcWeb(service) => service.poll_ready(context),
        }
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        match &mut self.inner {
            Inner::Http2(sender, authority) => {
                let mut parts = std::mem::take(request.uri_mut()).into_parts();
                parts.scheme = Some(http::uri::Scheme::HTTPS);
                parts.authority = Some(authority.clone());
                *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
                let response = sender.send_request(request);
                Box::pin(async move { Ok(response.await.map_err(TransportError::Http)?.map(Body::new)) })
            }
            Inner::GrpcWeb(service) => {
                let response = service.call(request);
                Box::pin(async move { Ok(response.await?.map(Body::new)) })
            }
        }
    }
}

/// Sends gRPC-Web requests as HTTP/1.1 wants them: path only, with a host.
#[derive(Debug)]
struct Http1 {
    sender: http1::SendRequest<GrpcWebCall<Body>>,
    host: HeaderValue,
}

impl Service<Request<GrpcWebCall<Body>>> for Http1 {
    type Response = Response<hyper::body::Incoming>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, TransportError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.sender.poll_ready(context).map_err(TransportError::Http)
    }

    fn call(&mut self, mut request: Request<GrpcWebCall<Body>>) -> Self::Future {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        request.headers_mut().insert(HOST, self.host.clone());
        let response = self.sender.send_request(request);
        Box::pin(async move { response.await.map_err(TransportError::Http) })
    }
}

/// Makes one call on a connection of its own, within one time-out. Where HTTP/2 seems broken on the way, the same call is
/// made again as gRPC-Web. Gives the protocol that was answered, or the one that was asked for.
pub async fn call_once<R, F, Fut>(
    connector: &Connector,
    protocol: Protocol,
    timeout: Duration,
    call: F,
) -> (Protocol, Result<R, tonic::Status>)
where
    F: Fn(Connection) -> Fut,
    Fut: Future<Output = Result<R, tonic::Status>>,
{
    let attempt = async |protocol| {
        let exchange = async {
            let connection = connector.connect(protocol).await.map_err(into_status)?;
            call(connection).await
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(into_status(TransportError::TimedOut(timeout))))
    };
    let first = attempt(protocol).await;
    match (&first, protocol) {
        (Err(status), Protocol::Http2) if status::http2_is_broken(status) => {
            let second = attempt(Protocol::GrpcWeb).await;
            if second.is_ok() { (Protocol::GrpcWeb, second) } else { (Protocol::Http2, first) }
        }
        _ => (protocol, first),
    }
}

fn into_status(error: TransportError) -> tonic::Status {
    tonic::Status::from_error(Box::new(error))
}

/// Which protocol to use next: HTTP/2, unless it turned out to be broken on the way within the last hours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Route {
    grpc_web_until_ms: u64,
}

impl Route {
    /// The protocol for a call at this time, in milliseconds since boot.
    pub fn protocol(&self, monotonic_ms: u64) -> Protocol {
        if monotonic_ms < self.grpc_web_until_ms { Protocol::GrpcWeb } else { Protocol::Http2 }
    }

    /// HTTP/2 was broken and gRPC-Web was answered: stay with that for some hours.
    pub fn found_grpc_web(&mut self, monotonic_ms: u64) {
        self.grpc_web_until_ms = monotonic_ms + FALLBACK_MS;
    }

    /// gRPC-Web failed too: the way has changed, so begin with HTTP/2 again.
    pub fn lost_grpc_web(&mut self) {
        self.grpc_web_until_ms = 0;
    }
}
