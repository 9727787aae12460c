//! Measures throughput against a server: padding towards the device, then from it, on several connections at once.
//!
//! Over HTTP/1.1, where no window but that of TCP limits what travels, and on connections of its own, so that no report
//! waits. What travels in the first quarter counts for nothing: connections are made, and TCP is still
//! finding its pace. Pieces begin small and grow while they are quick, so that a slow line is measured too.
//!
//! Invariants: each way ends after the bytes or the time of the test, and after [`BYTES_MAX`] or [`WAY_MAX`] whatever the
//! test says; nothing that is received is kept.
//!
//! Deliberately not here: whether to measure ([`crate::engine`]).

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gigafleet_proto::v1::{MeasureThroughputRequest, ThroughputTest};
use http::{HeaderMap, Request, Uri, header::CONTENT_TYPE};
use hyper::body::{Body as _, Frame};
use prost::Message as _;
use tokio::time::{Instant, timeout};
use tonic::body::Body;
use tower_service::Service as _;

use crate::transport::{Connection, Connector, Protocol};

/// Connections at once.
const CONNECTIONS: usize = 6;
/// The smallest and the largest piece, in bytes.
const PIECE_BYTES: (u32, u32) = (32 * 1024, 512 * 1024);
/// A piece that took less than this is followed by a larger one.
const QUICK: Duration = Duration::from_millis(250);
/// Most bytes each way, whatever a test says.
pub const BYTES_MAX: u32 = 1_000_000_000;
/// Longest time each way, whatever a test says.
pub const WAY_MAX: Duration = Duration::from_secs(30);

/// Which way padding travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Receive,
    Send,
}

/// Measures both ways and gives kbit/s towards the device and from it; none if one of them failed.
pub async fn measure(connector: Connector, test_id: &[u8], test: &ThroughputTest) -> Option<(u32, u32)> {
    let receive_kbps = one_way(&connector, test_id, test, Way::Receive).await?;
    let send_kbps = one_way(&connector, test_id, test, Way::Send).await?;
    Some((receive_kbps, send_kbps))
}

async fn one_way(connector: &Connector, test_id: &[u8], test: &ThroughputTest, way: Way) -> Option<u32> {
    let longest = Duration::from_millis(test.most_ms.into()).min(WAY_MAX);
    let meter = Meter::new(test.most_bytes.min(BYTES_MAX).into(), longest);
    let mut workers = [(); CONNECTIONS].map(|()| Some(Box::pin(work(connector, test_id, way, &meter))));
    // The first that fails ends it; the time running out does not fail it.
    let all = poll_fn(|context| {
        let mut wait = false;
        for worker in &mut workers {
            match worker.as_mut().map(|worker| worker.as_mut().poll(context)) {
                None => {}
                Some(Poll::Pending) => wait = true,
                Some(Poll::Ready(Some(()))) => *worker = None,
                Some(Poll::Ready(None)) => return Poll::Ready(None),
            }
        }
        if wait { Poll::Pending } else { Poll::Ready(Some(())) }
    });
    match timeout(longest, all).await {
        Ok(None) => None,
        Ok(Some(())) | Err(_) => meter.kbps(),
    }
}

/// Moves pieces on a connection of its own until the meter is full; none if one failed.
async fn work(connector: &Connector, test_id: &[u8], way: Way, meter: &Meter) -> Option<()> {
    let mut connection = connector.connect(Protocol::GrpcWeb).await.ok()?;
    let mut piece = PIECE_BYTES.0;
    while !meter.is_full() {
        let begun = Instant::now();
        move_piece(&mut connection, test_id, way, piece, meter).await?;
        if begun.elapsed() < QUICK {
            piece = (piece * 2).min(PIECE_BYTES.1);
        }
    }
    Some(())
}

/// Makes one call of `AgentService.MeasureThroughput`. Its answer is counted as it comes and not decoded: the generated
/// client would count whole pieces only.
async fn move_piece(connection: &mut Connection, test_id: &[u8], way: Way, piece: u32, meter: &Meter) -> Option<()> {
    let (receive_bytes, padding) = match way {
        Way::Receive => (piece, Vec::new()),
        Way::Send => (0, random(piece)),
    };
    let request = MeasureThroughputRequest { test_id: test_id.to_vec(), receive_bytes, padding };
    let length = request.encoded_len();
    let mut frame = Vec::with_capacity(5 + length);
    frame.push(0);
    frame.extend_from_slice(&(length as u32).to_be_bytes());
    request.encode_raw(&mut frame);
    let mut request = Request::new(Body::new(Whole(Some(frame.into()))));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = Uri::from_static("/gigafleet.v1.AgentService/MeasureThroughput");
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    poll_fn(|context| connection.poll_ready(context)).await.ok()?;
    let response = connection.call(request).await.ok()?;
    if refused(response.headers()) {
        return None;
    }
    let mut body = response.into_body();
    let mut received = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.ok()?;
        if let Some(data) = frame.data_ref() {
            received += data.len() as u64;
            if way == Way::Receive {
                meter.add(data.len() as u64);
            }
        }
    }
    match way {
        Way::Receive if received < piece.into() => return None,
        Way::Receive => {}
        Way::Send => meter.add(piece.into()),
    }
    Some(())
}

/// Whether a call was answered with another status than OK.
fn refused(headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_some_and(|status| status != "0")
}

/// Bytes that nothing on the way can compress.
fn random(bytes: u32) -> Vec<u8> {
    let mut padding = vec![0; bytes as usize];
    fastrand::Rng::with_seed(u64::from(bytes)).fill(&mut padding);
    padding
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl hyper::body::Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Counts what travels one way.
#[derive(Debug)]
struct Meter {
    most_bytes: u64,
    longest: Duration,
    begun: Instant,
    counts: Mutex<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    bytes: u64,
    /// When the last of them were counted.
    at: Duration,
    /// The same at the end of the first quarter.
    warm: Option<(u64, Duration)>,
}

impl Meter {
    fn new(most_bytes: u64, longest: Duration) -> Self {
        Self { most_bytes, longest, begun: Instant::now(), counts: Mutex::default() }
    }

    fn add(&self, bytes: u64) {
        let at = self.begun.elapsed();
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(bytes, at, self.most_bytes, self.longest);
    }

    fn is_full(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).bytes >= self.most_bytes
    }

    fn kbps(&self) -> Option<u32> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).kbps()
    }
}

impl Counts {
    fn add(&mut self, bytes: u64, at: Duration, most_bytes: u64, longest: Duration) {
        self.bytes += bytes;
        self.at = at;
        if self.warm.is_none() && (self.bytes >= most_bytes / 4 || at >= longest / 4) {
            self.warm = Some((self.bytes, at));
        }
    }

    /// In kbit/s, at least 1; none while nothing was counted.
    fn kbps(&self) -> Option<u32> {
        let (bytes, at) = self.warm.filter(|(bytes, at)| *bytes < self.bytes && *at < self.at).unwrap_or_default();
        let elapsed_us = (self.at - at).as_micros() as u64;
        let bits = (self.bytes - bytes) * 8;
        (bits > 0).then(|| u32::try_from(bits * 1_000 / elapsed_us.max(1)).unwrap_or(u32::MAX).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_quarter_counts_for_nothing() {
        let mut counts = Counts::default();
        let ms = Duration::from_millis;
        counts.add(1_000, ms(1_000), 1_000_000, ms(4_000));
        // From here on 125,000 bytes a second are 1 Mbit/s.
        counts.add(250_000, ms(3_000), 1_000_000, ms(4_000));
        assert_eq!(counts.kbps(), Some(1_000));
        // The bytes of a short test may all come at once.
        let mut counts = Counts::default();
        counts.add(125_000, ms(1_000), 125_000, ms(10_000));
        assert_eq!(counts.kbps(), Some(1_000), "then all of it counts");
        assert_eq!(Counts::default().kbps(), None, "nothing is not a slow line");
    }

    #[test]
    fn padding_does_not_compress() {
        let padding = random(4_096);
        let mut seen = [0_u32; 256];
        padding.iter().for_each(|byte| seen[usize::from(*byte)] += 1);
        assert!(seen.iter().all(|count| *count < 50), "{seen:?}");
    }

    #[test]
    fn any_other_status_than_ok_is_a_refusal() {
        let mut headers = HeaderMap::new();
        assert!(!refused(&headers));
        headers.insert("grpc-status", http::HeaderValue::from_static("0"));
        assert!(!refused(&headers));
        headers.insert("grpc-status", http::HeaderValue::from_static("7"));
        assert!(refused(&headers));
    }
}
