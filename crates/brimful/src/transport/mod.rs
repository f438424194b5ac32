//! The network: one attempt at one request, and what became of it. Nothing here waits, limits or repeats.

mod http;

use std::fmt;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

pub(crate) use http::{HttpTransport, Route};

/// Sends one request and says what became of it.
///
/// The client comes with one over HTTP. Another may be given to the builder: tests run the emulator in process.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// One attempt. The body of the answer is read whole.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// A request, as it goes out.
#[derive(Clone)]
pub struct Request {
    /// The method: `POST` for every call of a portal.
    pub method: Method,
    /// Where to; holds the webhook's secret.
    pub url: Url,
    /// The headers of this call; those of every request (`User-Agent`, …) are the transport's own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A `POST` of a JSON body, for an answer in JSON.
    pub fn post_json(url: Url, body: impl Into<Bytes>) -> Self {
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::CONTENT_TYPE, json.clone());
        headers.insert(header::ACCEPT, json);
        Self {
            method: Method::POST,
            url,
            headers,
            body: body.into(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// What the network said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The ways to have no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: the request was never sent.
    Connect,
    /// Sent, and no answer in time.
    Timeout,
    /// Sent, and the connection broke before or inside the answer.
    Broken,
    /// The answer is longer than the client takes.
    TooLarge,
}

impl TransportErrorKind {
    /// Whether the portal may have got the request.
    pub fn was_sent(self) -> bool {
        self != Self::Connect
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "could not connect",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
            Self::TooLarge => "the answer is larger than the client takes",
        })
    }
}
