//! A line to one or more portals, by the names of their hosts, that notes what goes over it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use brimful::{
    BoxFuture, Request, Response, Streaming, Transport, TransportError, TransportErrorKind,
};
use brimful_portal::{Portal, Reply};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, header};

/// A request that went over the line.
#[derive(Clone)]
pub(crate) struct Noted {
    pub(crate) verb: http::Method,
    pub(crate) origin: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Noted {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The token that the request came with.
    pub(crate) fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// The line. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Line {
    portals: Vec<(String, Portal)>,
    noted: Arc<Mutex<Vec<Noted>>>,
}

impl Line {
    pub(crate) fn to(origin: &str, portal: &Portal) -> Self {
        Self::default().and_to(origin, portal)
    }

    pub(crate) fn and_to(mut self, origin: &str, portal: &Portal) -> Self {
        self.portals.push((origin.to_owned(), portal.clone()));
        self
    }

    pub(crate) fn noted(&self) -> Vec<Noted> {
        self.noted.lock().unwrap().clone()
    }

    /// The requests for a path that ends so.
    pub(crate) fn to_path(&self, end: &str) -> Vec<Noted> {
        let mut noted = self.noted();
        noted.retain(|one| one.path.ends_with(end));
        noted
    }

    async fn reply(&self, request: Request) -> Result<Reply, TransportError> {
        let failed = |kind| TransportError { kind, source: None };
        let origin = request.url.origin().ascii_serialization();
        let path = request.url[url::Position::BeforePath..].to_owned();
        self.noted.lock().unwrap().push(Noted {
            verb: request.method.clone(),
            origin: origin.clone(),
            path: path.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        });
        let (_, portal) = self
            .portals
            .iter()
            .find(|(at, _)| *at == origin)
            .ok_or_else(|| failed(TransportErrorKind::Connect))?;
        let mut sent = http::Request::builder()
            .method(request.method)
            .uri(path)
            .body(request.body)
            .unwrap();
        *sent.headers_mut() = request.headers;
        let agent = HeaderValue::from_static("line/1");
        sent.headers_mut().insert(header::USER_AGENT, agent);
        let host = origin.split_once("://").unwrap().1;
        sent.headers_mut()
            .insert(header::HOST, HeaderValue::from_str(host).unwrap());
        Ok(portal.handle(sent, IpAddr::V4(Ipv4Addr::LOCALHOST)).await)
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

fn broken() -> TransportError {
    TransportError {
        kind: TransportErrorKind::Broken,
        source: None,
    }
}

impl Transport for Line {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            match self.reply(request).await? {
                Reply::Response(response) => {
                    let (parts, body) = response.into_parts();
                    Ok(Response {
                        status: parts.status,
                        headers: parts.headers,
                        body,
                    })
                }
                Reply::Truncated { .. } | Reply::Reset => Err(broken()),
            }
        })
    }

    fn open(&self, request: Request) -> BoxFuture<'_, Result<Streaming, TransportError>> {
        Box::pin(async move {
            let (response, end) = match self.reply(request).await? {
                Reply::Response(response) => (response, None),
                Reply::Truncated { response, .. } => (response, Some(Err(broken()))),
                Reply::Reset => return Err(broken()),
            };
            let (parts, body) = response.into_parts();
            // In pieces, as a network has them.
            let pieces: Vec<_> = body
                .chunks(1000)
                .map(|piece| Ok(body.slice_ref(piece)))
                .collect();
            Ok(Streaming {
                status: parts.status,
                headers: parts.headers,
                body: stream::iter(pieces.into_iter().chain(end)).boxed(),
            })
        })
    }
}
