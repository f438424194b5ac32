//! The network: one attempt at one request, and what became of it. Nothing here waits, limits or repeats.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use url::Url;

/// Sends one request and says what became of it.
///
/// The client comes with one over HTTP. Another may be given to the builder: tests run the emulator in process.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// One attempt. The body of the answer is read whole.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// A request: always a POST.
#[derive(Clone)]
pub struct Request {
    /// Where to; holds the webhook's secret.
    pub url: Url,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
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

/// The transport over HTTP, by reqwest.
#[derive(Debug, Clone)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    max_body: usize,
}

/// Longer than the 60 seconds after which a portal cuts a request itself.
const TIMEOUT: Duration = Duration::from_secs(90);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A batch of 2,500 rows of a hundred fields is about 10 MiB.
const MAX_BODY: usize = 256 << 20;

impl HttpTransport {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        // A provider that the program has installed is left alone.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("brimful/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            client,
            max_body: MAX_BODY,
        })
    }

    async fn attempt(&self, request: Request) -> Result<Response, TransportError> {
        let mut response = self
            .client
            .post(request.url)
            .header(http::header::CONTENT_TYPE, request.content_type)
            .header(http::header::ACCEPT, "application/json")
            .body(request.body)
            .send()
            .await
            .map_err(|error| failure(error, false))?;
        let too_large = || TransportError {
            kind: TransportErrorKind::TooLarge,
            source: None,
        };
        let length = response.content_length().unwrap_or(0);
        if length > self.max_body as u64 {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(length as usize);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failure(error, true))?
        {
            if body.len() + chunk.len() > self.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        Ok(Response {
            status,
            headers,
            body: body.into(),
        })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.attempt(request))
    }
}

/// `without_url`: reqwest's errors show the address, and the address holds the secret.
fn failure(error: reqwest::Error, in_body: bool) -> TransportError {
    let kind = if !in_body && error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Broken
    };
    TransportError {
        kind,
        source: Some(Box::new(error.without_url())),
    }
}
