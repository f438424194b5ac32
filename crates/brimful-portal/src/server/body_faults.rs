//! How replies go out on a connection: whole, slowly, or not to their end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_core::Stream;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use tokio::time::{Sleep, sleep};

use crate::context::reply::{LiveBody, Reply, SlowBody};

/// A reply as the connection sends it.
pub(crate) fn response(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Response(mut response) => match response.extensions_mut().remove() {
            Some(SlowBody(time)) => {
                let length = HeaderValue::from(response.body().len());
                response.headers_mut().insert(CONTENT_LENGTH, length);
                response.map(|body| Body::from_stream(Trickle::new(body, time)))
            }
            None => match response
                .extensions_mut()
                .remove::<LiveBody>()
                .and_then(|live| live.0.lock().take())
            {
                Some(rest) => response.map(|_| Body::from_stream(Live(rest))),
                None => response.map(Body::from),
            },
        },
        Reply::Truncated { response, length } => {
            let (mut head, body) = response.into_parts();
            head.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            Response::from_parts(head, Body::from_stream(BrokenOff::After(body)))
        }
        Reply::Reset => Response::new(Body::from_stream(BrokenOff::Now)),
    }
}

/// A body that can't fail.
struct Live(Pin<Box<dyn Stream<Item = Bytes> + Send>>);

impl Stream for Live {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .as_mut()
            .poll_next(context)
            .map(|bytes| bytes.map(Ok))
    }
}

/// A body that fails, at once or after some bytes: the server can only close the connection. Between the bytes and the
/// failure it yields, so that the bytes leave.
enum BrokenOff {
    After(Bytes),
    Yield(u8),
    Now,
}

impl Stream for BrokenOff {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match std::mem::replace(&mut *self, Self::Now) {
            Self::After(bytes) => {
                *self = Self::Yield(3);
                Poll::Ready(Some(Ok(bytes)))
            }
            Self::Yield(0) | Self::Now => {
                Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
            }
            Self::Yield(left) => {
                *self = Self::Yield(left - 1);
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

/// A body that comes in pieces, the last one when its time is up.
struct Trickle {
    left: Bytes,
    piece: usize,
    pause: Duration,
    next: Pin<Box<Sleep>>,
}

impl Trickle {
    /// So many pieces, if there are bytes for them.
    const PIECES: u32 = 20;

    fn new(body: Bytes, time: Duration) -> Self {
        let piece = body.len().div_ceil(Self::PIECES as usize).max(1);
        let pieces = body.len().div_ceil(piece).max(1) as u32;
        let pause = time / pieces;
        Self {
            left: body,
            piece,
            pause,
            next: Box::pin(sleep(pause)),
        }
    }
}

impl Stream for Trickle {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.next.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let now = self.next.deadline();
        let next = now.checked_add(self.pause).unwrap_or(now);
        self.next.as_mut().reset(next);
        let piece = self.piece.min(self.left.len());
        Poll::Ready(Some(Ok(self.left.split_to(piece))))
    }
}
