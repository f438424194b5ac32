//! The transport over HTTP, by reqwest.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Request, Response, Transport, TransportError, TransportErrorKind};

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

/// Whether the proxy of the system, if it has one, stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// To this machine itself, where no proxy could find what is meant.
    Direct,
    /// As the system says.
    System,
}

impl HttpTransport {
    pub(crate) fn new(route: Route) -> Result<Self, reqwest::Error> {
        // A provider that the program has installed is left alone.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = match route {
            Route::Direct => reqwest::Client::builder().no_proxy(),
            Route::System => reqwest::Client::builder(),
        };
        let client = builder
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
            .request(request.method, request.url)
            .headers(request.headers)
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
