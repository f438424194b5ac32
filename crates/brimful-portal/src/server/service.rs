//! The portal as a `tower` service: a test that holds one needs no socket.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response};

use crate::portal::Portal;

/// Answers requests in process. A reply that is cut off or reset has a body that ends with an error.
///
/// ```
/// use brimful_portal::Portal;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let portal = Portal::new(Portal::builder().rows("lead", 100))?;
/// let request = http::Request::get("/rest/1/demo/crm.lead.list").body(String::new())?;
/// assert_eq!(portal.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
impl<B> tower::Service<Request<B>> for Portal
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let portal = self.clone();
        Box::pin(async move { Ok(portal.serve_one(request.map(Body::new)).await) })
    }
}
