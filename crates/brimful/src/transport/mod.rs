//! The network: one attempt at one request, and its outcome. Nothing here waits, limits or repeats.

mod http;
mod options;
mod packing;
mod proxy;
#[cfg(feature = "tower")]
mod service;
mod spare_buffers;
mod tls;

use std::fmt;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use url::Url;

use crate::error::{Error, ErrorKind, Execution};

pub use http::{HttpTransport, Route};
pub use options::HttpOptions;
#[cfg(feature = "tower")]
pub use service::ServiceTransport;
pub use tls::{certificates_of_environment, verify_named};

/// Sends one request and gives the outcome.
///
/// The client comes with one over HTTP. Another may be given to the builder: `ServiceTransport` runs the emulator in
/// process.
///
/// ```
/// use brimful::{BoxFuture, Client, Request, Response, Transport, TransportError, TransportErrorKind};
///
/// /// Nobody is there.
/// #[derive(Debug)]
/// struct Nobody;
///
/// impl Transport for Nobody {
///     fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
///         Box::pin(async {
///             Err(TransportError { kind: TransportErrorKind::Connect, source: None })
///         })
///     }
/// }
///
/// let client = Client::builder("https://example.bitrix24.ru/rest/1/code/").transport(Nobody).build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// One attempt. The body of the answer is read whole.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;

    /// One attempt at something large, such as a file. The body of the answer is handed out as it comes; without an
    /// implementation of its own it comes in one piece.
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Streaming, TransportError>> {
        let sending = self.send(request);
        Box::pin(async move { Ok(sending.await?.into()) })
    }
}

/// A request, as it goes out.
///
/// ```
/// use brimful::Request;
///
/// let request = Request::post_json("https://example.bitrix24.ru/rest/1/code/profile".parse()?, "{}");
/// assert!(!format!("{request:?}").contains("code"));
/// # Ok::<(), url::ParseError>(())
/// ```
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
        Self::post(url, body, "application/json")
    }

    /// A `POST` of a form, for an answer in JSON.
    pub fn post_form(url: Url, body: impl Into<Bytes>) -> Self {
        Self::post(url, body, "application/x-www-form-urlencoded")
    }

    /// A `GET` of whatever there is.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    fn post(url: Url, body: impl Into<Bytes>, media_type: &'static str) -> Self {
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
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
///
/// ```
/// use brimful::Response;
/// use brimful::http::{HeaderMap, StatusCode};
///
/// let empty_list = Response { status: StatusCode::OK, headers: HeaderMap::new(), body: r#"{"result":[]}"#.into() };
/// ```
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An answer whose body is still coming.
///
/// ```
/// use brimful::{Response, Streaming};
/// use brimful::http::{HeaderMap, StatusCode};
///
/// // A whole answer is one in a single piece.
/// let whole = Response { status: StatusCode::OK, headers: HeaderMap::new(), body: "a file".into() };
/// let streaming = Streaming::from(whole);
/// ```
pub struct Streaming {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, in pieces.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

impl From<Response> for Streaming {
    fn from(response: Response) -> Self {
        let body = response.body;
        Self {
            status: response.status,
            headers: response.headers,
            body: stream::iter([Ok(body)]).boxed(),
        }
    }
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
///
/// ```
/// use brimful::{TransportError, TransportErrorKind};
///
/// let error = TransportError { kind: TransportErrorKind::Connect, source: None };
/// println!("{error}");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// What the network said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    pub(crate) fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// What went wrong, with the message of the innermost error.
    #[doc(hidden)]
    pub fn description(&self) -> String {
        match (self.kind, &self.source) {
            (_, None) => self.kind.to_string(),
            (kind, Some(source)) => {
                let through = source.downcast_ref::<proxy::ThroughProxy>();
                let through = through.map_or_else(String::new, |through| format!(" {through}"));
                format!("{kind}{through}: {}", innermost(source.as_ref()))
            }
        }
    }

    /// The error of a call that ended with this. Whether the call ran is unknown once it was sent.
    #[doc(hidden)]
    pub fn into_error(self) -> Error {
        let ran = if self.kind.was_sent() {
            Execution::Unknown
        } else {
            Execution::NotRun
        };
        Error::new(ErrorKind::Transport, ran, self.description()).with_source(self)
    }
}

/// The message of the error at the end of the chain of sources.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

/// The ways to have no answer.
///
/// ```
/// use brimful::TransportErrorKind;
///
/// // Nothing was sent, so that nothing can have run.
/// assert_ne!(TransportErrorKind::Connect, TransportErrorKind::Broken);
/// ```
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
    /// The answer is packed in a way that the client does not know.
    Packing,
}

impl TransportErrorKind {
    /// Whether the portal may have got the request.
    pub fn was_sent(self) -> bool {
        self != Self::Connect
    }

    /// Whether the next answer would come in the same way.
    #[doc(hidden)]
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::TooLarge | Self::Packing)
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "could not connect",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
            Self::TooLarge => "the answer is larger than the client takes",
            Self::Packing => "the answer has a Content-Encoding that the client does not read",
        })
    }
}
