//! Connections: accepted up to a limit, TLS within its time, closed when idle, drained at shutdown.
//!
//! A connection of a device is idle nearly always, so it is kept small: the handshake runs in a task of its own that ends,
//! and buffers and windows are sized for reports of some hundred bytes.

use std::{convert::Infallible, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{HandshakeKind, ServerConfig};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::body::Body;

use super::{App, caller::Peer};
use crate::{
    config::Limits,
    enrollment::rules::parse_identity,
    error::{Error, Kind, Result, says},
    telemetry::{HandshakeLabels, Metrics},
};

/// How long connections may take to finish what they have when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Time between the questions to a peer that has been silent.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// How long, and for how many bytes, a peer is listened to after its handshake failed.
const PART: Duration = Duration::from_secs(1);
const PART_BYTES: u64 = 64 << 10;
/// Bytes of one frame of HTTP/2 and of the receive window of a stream and of a connection. A report has 2 KiB at most,
/// one with a full spool 64 KiB; that one takes some more round trips.
const FRAME_BYTES: u32 = 16 << 10;
const WINDOW_BYTES: u32 = 64 << 10;
/// Bytes that wait to be sent on one stream.
const SEND_BYTES: usize = 64 << 10;

/// What a listener needs beside its socket.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Bounds.
    pub limits: Limits,
    /// TLS.
    pub tls: Arc<ServerConfig>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    config: ListenerConfig,
}

/// What the tasks of connections share.
struct Shared {
    config: ListenerConfig,
    app: App,
    stop: watch::Receiver<bool>,
}

impl Listener {
    /// Binds an address. Reason: ADDRESS_IN_USE.
    pub async fn bind(address: SocketAddr, config: ListenerConfig) -> Result<Self> {
        let socket = TcpListener::bind(address).await.map_err(|source| address_refused(address, source))?;
        Ok(Self { socket, config })
    }

    /// The address that was bound.
    pub fn address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(|source| Error::internal("the listening address is unknown", source))
    }

    /// Serves until `stop` becomes true, then lets connections finish.
    pub async fn serve(self, app: App, mut stop: watch::Receiver<bool>) {
        let connections = u32::try_from(self.config.limits.connections).unwrap_or(u32::MAX);
        let places = Arc::new(Semaphore::new(self.config.limits.connections));
        let shared = Arc::new(Shared { config: self.config, app, stop: stop.clone() });
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &places) => accepted,
                () = stopped(&mut stop) => break,
            };
            if let Some((stream, place)) = accepted {
                tokio::spawn(handshake(Arc::clone(&shared), stream, place));
            }
        }
        drop(self.socket);
        // All places are free again when all connections have ended.
        let drained = tokio::time::timeout(DRAIN, places.acquire_many(connections)).await;
        if drained.is_err() {
            tracing::warn!("some connections were cut, they did not end in time");
        }
    }
}

/// The error for an address that cannot be bound.
pub(super) fn address_refused(address: SocketAddr, source: io::Error) -> Error {
    let message = match source.kind() {
        io::ErrorKind::AddrInUse => says::server::address_in_use(address),
        _ => says::server::address_unbound(address),
    };
    Error::new(Kind::Precondition, "ADDRESS_IN_USE", message).with_source(source)
}

async fn accept(socket: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            // Out of file descriptors, mostly. Others end soon; accepting on would only spin.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn handshake(shared: Arc<Shared>, stream: TcpStream, place: OwnedSemaphorePermit) {
    set_options(&stream, shared.config.limits.idle_timeout);
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.config.tls));
    let accepting = acceptor.accept(stream).into_fallible();
    let accepting = tokio::time::timeout(shared.config.limits.handshake_timeout, accepting);
    let handshakes = &shared.config.metrics.handshakes;
    match accepting.await {
        Ok(Ok(stream)) => {
            let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
            let kind = if resumed { "resumed" } else { "full" };
            handshakes.get_or_create(&HandshakeLabels { kind }).inc();
            let certificates = stream.get_ref().1.peer_certificates();
            let identity = certificates.and_then(|chain| parse_identity(chain.first()?));
            tokio::spawn(serve_connection(shared, stream, Peer(identity), place));
        }
        Ok(Err((error, stream))) => {
            handshakes.get_or_create(&HandshakeLabels { kind: "failed" }).inc();
            tracing::debug!(%error, "a TLS handshake failed");
            part(stream).await;
        }
        Err(_) => {
            handshakes.get_or_create(&HandshakeLabels { kind: "failed" }).inc();
            tracing::debug!("a TLS handshake took too long");
        }
    }
}

/// Options of a connection; where the system refuses one, the connection works all the same.
fn set_options(stream: &TcpStream, idle_timeout: Duration) {
    // Without it a small answer waits for the acknowledgement of the one before.
    let _cosmetic = stream.set_nodelay(true);
    // A peer that is gone without a word is noticed by the system, which costs a request nothing.
    let keepalive = TcpKeepalive::new().with_time(idle_timeout).with_interval(KEEPALIVE_INTERVAL);
    let _cosmetic = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

/// Lets the peer read why its handshake failed. In TLS 1.3 it has sent more already, and closing a socket with bytes
/// unread resets the connection, which would overtake the alert: a device would take its refused certificate for a bad
/// network.
async fn part(mut stream: TcpStream) {
    let farewell = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(PART_BYTES), &mut tokio::io::sink()).await
    };
    // However it ends, the connection is over.
    let _over = tokio::time::timeout(PART, farewell).await;
}

/// Gives the future that serves a connection to its end.
///
/// No `async fn`, and the connection in a box: the task of an idle connection would else hold a copy of it for each
/// function that it has passed through.
fn serve_connection(
    shared: Arc<Shared>,
    stream: TlsStream<TcpStream>,
    peer: Peer,
    place: OwnedSemaphorePermit,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let activity = Arc::new(Activity::default());
    let service = {
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let call = Call::begin(&activity);
            let shared = Arc::clone(&shared);
            // Boxed here, since the future is some KiB and would be moved several times on its way into its task.
            Box::pin(async move {
                let response = shared.app.answer(request.map(Body::new), peer).await;
                drop(call);
                Ok::<Response<Body>, Infallible>(response)
            })
        })
    };
    let limits = &shared.config.limits;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let connection = Box::pin(http2_builder(limits).serve_connection(TokioIo::new(stream), service));
        Box::pin(drive(shared, connection, |connection| connection.graceful_shutdown(), activity, place))
    } else {
        let connection = Box::pin(http1_builder(limits).serve_connection(TokioIo::new(stream), service));
        Box::pin(drive(shared, connection, |connection| connection.graceful_shutdown(), activity, place))
    }
}

fn http2_builder(limits: &Limits) -> hyper::server::conn::http2::Builder<TokioExecutor> {
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.concurrent_streams)
        .max_header_list_size(limits.header_bytes)
        .max_frame_size(FRAME_BYTES)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES);
    builder
}

fn http1_builder(limits: &Limits) -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(usize::try_from(limits.header_bytes).unwrap_or(16 << 10))
        .max_headers(64);
    builder
}

/// Ready when the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The value is a guard that must not be held; a sender that is gone means stop as well.
    let _guard = stop.wait_for(|stop| *stop).await;
}

/// Runs a connection to its end; asks it to end when it is idle or the server stops.
async fn drive<C>(
    shared: Arc<Shared>,
    mut connection: Pin<Box<C>>,
    shut_down: impl Fn(Pin<&mut C>),
    activity: Arc<Activity>,
    _place: OwnedSemaphorePermit,
) where
    C: Future<Output = hyper::Result<()>>,
{
    let metrics = &shared.config.metrics;
    let mut stop = shared.stop.clone();
    metrics.connections.inc();
    let outcome = loop {
        tokio::select! {
            outcome = connection.as_mut() => break outcome,
            () = stopped(&mut stop) => {}
            () = tokio::time::sleep(shared.config.limits.idle_timeout) => {
                if !activity.is_idle() {
                    continue;
                }
                metrics.connections_idled.inc();
            }
        }
        shut_down(connection.as_mut());
        break connection.as_mut().await;
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
    metrics.connections.dec();
}

/// Whether requests come on a connection.
#[derive(Debug, Default)]
struct Activity {
    running: std::sync::atomic::AtomicU32,
    begun_since_look: std::sync::atomic::AtomicBool,
}

impl Activity {
    /// Whether nothing runs and nothing began since the last look.
    fn is_idle(&self) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        !self.begun_since_look.swap(false, Relaxed) && self.running.load(Relaxed) == 0
    }
}

/// A request that runs.
struct Call(Arc<Activity>);

impl Call {
    fn begin(activity: &Arc<Activity>) -> Self {
        use std::sync::atomic::Ordering::Relaxed;
        activity.running.fetch_add(1, Relaxed);
        activity.begun_since_look.store(true, Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}
