//! `/_portal/stream`: requests and events as they come, as server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use parking_lot::Mutex;
use serde::Serialize;

use super::requests;
use crate::calls::Backend;
use crate::context::deliveries::EventDeliveries;
use crate::context::reply::LiveBody;
use crate::context::request_log::RequestListener;

/// Requests that wait go out together, up to about so many bytes.
const MOST_AT_ONCE: usize = 64 << 10;

/// The response whose body goes on as long as somebody reads it and the portal serves.
pub(super) fn response(backend: &Backend) -> Response<Bytes> {
    let messages = Messages {
        requests: backend.context.requests.listen(),
        events: Some(backend.events.sender.log.listen()),
        begun: false,
    };
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let body: Pin<Box<dyn Stream<Item = Bytes> + Send>> = Box::pin(messages);
    let body = LiveBody(Arc::new(Mutex::new(Some(body))));
    response.extensions_mut().insert(body);
    response
}

/// The messages of one stream.
struct Messages {
    requests: RequestListener,
    events: Option<EventDeliveries>,
    begun: bool,
}

impl Stream for Messages {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.begun {
            // The head of the response leaves with the first bytes.
            self.begun = true;
            return Poll::Ready(Some(Bytes::from_static(b": live\n\n")));
        }
        let left_out = self.requests.take_left_out();
        if left_out > 0 {
            return Poll::Ready(Some(message("dropped", &left_out).into()));
        }
        match self.requests.poll_next(context) {
            Poll::Ready(Some(request)) => {
                let mut messages = message("request", &requests::described(&request));
                while messages.len() < MOST_AT_ONCE
                    && let Poll::Ready(Some(request)) = self.requests.poll_next(context)
                {
                    messages.push_str(&message("request", &requests::described(&request)));
                }
                return Poll::Ready(Some(messages.into()));
            }
            // The portal ends.
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        let Some(events) = &mut self.events else {
            return Poll::Pending;
        };
        match events.poll_next(context) {
            Poll::Ready(Some(delivery)) => Poll::Ready(Some(message("event", &delivery).into())),
            Poll::Ready(None) => {
                self.events = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A server-sent event; JSON is one line.
fn message(event: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {event}\ndata: {data}\n\n")
}
