//! A `tower` service as the way to a portal.

use std::fmt;
use std::future::poll_fn;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use tower_service::Service;
use url::Position;

use super::{Request, Response, Transport, TransportError, TransportErrorKind};

/// A `tower` service as the way to a portal, without a socket: the emulator of the crate `brimful-portal`, or a stack of
/// layers of your own.
///
/// ```
/// use brimful::{Client, ServiceTransport};
/// use brimful_portal::Portal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let portal = Portal::new(Portal::builder().rows("lead", 120))?;
/// let client = Client::builder("https://portal.test/rest/1/demo/")
///     .transport(ServiceTransport::new(portal))
///     .build()?;
/// let leads = client.list("crm.lead.list").collect::<serde_json::Value>().await?;
/// assert_eq!(leads.len(), 120);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServiceTransport<S>(S);

impl<S> ServiceTransport<S> {
    /// A transport that sends each request to a clone of `service`.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S> fmt::Debug for ServiceTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTransport").finish_non_exhaustive()
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<S, B> Transport for ServiceTransport<S>
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            let failed = |kind, source: BoxError| TransportError {
                kind,
                source: Some(source),
            };
            poll_fn(|context| service.poll_ready(context))
                .await
                .map_err(|error| failed(TransportErrorKind::Connect, error.into()))?;
            let mut sent = http::Request::new(Full::new(request.body));
            *sent.method_mut() = request.method;
            *sent.uri_mut() = request.url[Position::BeforePath..].parse().map_err(
                |error: http::uri::InvalidUri| failed(TransportErrorKind::Connect, error.into()),
            )?;
            *sent.headers_mut() = request.headers;
            let broken = |error: BoxError| failed(TransportErrorKind::Broken, error);
            let answer = service
                .call(sent)
                .await
                .map_err(|error| broken(error.into()))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| broken(error.into()))?;
            Ok(Response {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        })
    }
}
