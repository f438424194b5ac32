//! The emulator as a transport, and what the tests ask it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brimful::{
    Client, ClientBuilder, Request, Response, Transport, TransportError, TransportErrorKind,
};
use brimful_portal::{Portal, PortalConfig, Reply};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

pub(crate) const WEBHOOK: &str = "https://portal.test/rest/1/demo/";

/// The way to a portal in the same process, without a socket: it follows tokio's clock, which tests pause.
#[derive(Debug, Clone)]
pub(crate) struct InProcess(pub(crate) Portal);

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let broken = || TransportError {
                kind: TransportErrorKind::Broken,
                source: None,
            };
            let mut sent = http::Request::builder()
                .method(request.method)
                .uri(request.url[url::Position::BeforePath..].to_owned())
                .body(request.body)
                .unwrap();
            *sent.headers_mut() = request.headers;
            match self.0.handle(sent, IpAddr::V4(Ipv4Addr::LOCALHOST)).await {
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
        }
        .boxed()
    }
}

pub(crate) fn portal(config: PortalConfig) -> Portal {
    Portal::new(config).unwrap()
}

pub(crate) fn builder(portal: &Portal) -> ClientBuilder {
    Client::builder(WEBHOOK)
        .transport(InProcess(portal.clone()))
        .seed(1)
}

/// Asserts that every fault that the portal was told to play was played.
pub(crate) fn assert_faults_played(portal: &Portal) {
    assert_eq!(
        portal.faults().unplayed(),
        [""; 0],
        "faults that were not played"
    );
}

/// A client that expects a portal of the standard tariff.
pub(crate) fn client(portal: &Portal) -> Client {
    builder(portal).build().unwrap()
}

/// A client of a portal without limits.
pub(crate) fn unlimited(portal: &Portal) -> Client {
    builder(portal).limit(None).build().unwrap()
}

/// The IDs of a list, as the client returns them.
pub(crate) async fn ids(
    list: brimful::List,
) -> Result<(Vec<u64>, brimful::ListReport), brimful::Error> {
    let mut pages = list.pages()?;
    let mut ids = Vec::new();
    while let Some(page) = pages.next_page().await? {
        ids.extend(page.ids().map(|id| id.expect("a row without an ID")));
    }
    Ok((ids, pages.report().unwrap().clone()))
}

/// All IDs of a legacy list, read one page after the other by hand: what lists are compared with.
pub(crate) async fn ids_page_by_page(portal: &Portal, method: &str) -> Vec<u64> {
    let client = unlimited(portal);
    let mut ids: Vec<u64> = Vec::new();
    loop {
        let above = ids.last().copied().unwrap_or(0);
        let params = serde_json::json!({
            "select": ["ID"], "order": {"ID": "ASC"}, "filter": {">ID": above}, "start": -1,
        });
        let reply = client.call(method, params).await.unwrap();
        let rows: Vec<serde_json::Value> = reply.result().unwrap();
        ids.extend(
            rows.iter()
                .map(|row| row["ID"].as_str().unwrap().parse::<u64>().unwrap()),
        );
        if rows.len() < 50 {
            return ids;
        }
    }
}

/// Answers request by request, as a function says.
struct Answers<F> {
    sent: AtomicUsize,
    answer: F,
}

/// What comes of a request: a status and a body.
pub(crate) type Answer = Result<(u16, String), TransportErrorKind>;

impl<F> fmt::Debug for Answers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

impl<F: Fn(usize, &Value) -> Answer + Send + Sync + 'static> Transport for Answers<F> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer = (self.answer)(n, &body);
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            match answer {
                Ok((status, body)) => Ok(Response {
                    status: StatusCode::from_u16(status).unwrap(),
                    headers: HeaderMap::new(),
                    body: body.into(),
                }),
                Err(kind) => Err(TransportError { kind, source: None }),
            }
        }
        .boxed()
    }
}

/// A client of a portal that answers as a function of the number of the request and its body says.
pub(crate) fn scripted(
    answer: impl Fn(usize, &Value) -> Answer + Send + Sync + 'static,
) -> ClientBuilder {
    Client::builder(WEBHOOK)
        .transport(Answers {
            sent: AtomicUsize::new(0),
            answer,
        })
        .seed(1)
}
