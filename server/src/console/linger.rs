//! A request whose rest nobody wants: it is read on for a while and thrown away.
//!
//! Who is refused before all of an upload has come still sends, and a connection that is closed on them loses the answer
//! with it: the browser says that the connection was reset, not that the file is too large.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// How long the rest is read on; after that the connection is closed.
const LINGER: Duration = Duration::from_secs(30);

/// A body that is read to its end, by the handler or after it.
#[derive(Debug)]
pub(super) struct Lingering {
    body: Body,
    ended: bool,
}

impl Lingering {
    /// Takes the body of a request.
    pub(super) fn new(body: Body) -> Self {
        Self { ended: body.is_end_stream(), body }
    }
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.ended = true;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.ended || self.body.is_end_stream() {
            return;
        }
        let mut rest = std::mem::take(&mut self.body);
        tokio::spawn(async move {
            let reading = async { while let Some(Ok(_thrown_away)) = rest.frame().await {} };
            let _given_up = tokio::time::timeout(LINGER, reading).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn counted(pieces: usize) -> (Body, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let pieces = (0..pieces).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, axum::Error>(Bytes::from_static(b"x"))
        });
        (Body::from_stream(tokio_stream::iter(pieces)), read)
    }

    #[tokio::test]
    async fn rest_of_a_refused_body_is_read() {
        let (body, read) = counted(1_000);
        let mut body = Lingering::new(body);
        body.frame().await.unwrap().unwrap();
        drop(body);
        while read.load(Ordering::Relaxed) < 1_000 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn body_that_was_read_is_left_alone() {
        let (body, read) = counted(3);
        Lingering::new(body).collect().await.unwrap();
        assert_eq!(read.load(Ordering::Relaxed), 3);
        drop(Lingering::new(Body::empty()));
    }
}
