//! The client of R7-Office against the emulator, in process on a paused clock.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod batches;
mod blocking;
mod dependencies;
mod errors;
mod limits;
mod lists;
mod logins;
mod requests;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use brimful::{Request, Response, Transport, TransportError, TransportErrorKind};
use brimful_portal::{Portal, PortalConfig, Reply};
use brimful_r7::{Client, ClientBuilder, Credential};
use brimful_r7_portal::R7Config;
use futures_util::future::BoxFuture;

const ADDRESS: &str = "https://office.test";

fn portal(config: PortalConfig) -> Portal {
    Portal::new(config).unwrap()
}

fn portal_of(office: R7Config) -> Portal {
    portal(PortalConfig::unlimited().extension(office))
}

fn office(people: u64) -> Portal {
    portal_of(R7Config::unlimited().people(people))
}

fn builder(portal: &Portal) -> ClientBuilder {
    Client::builder(ADDRESS)
        .credential(Credential::token("demo"))
        .transport(InProcess(portal.clone()))
        .seed(1)
}

fn client(portal: &Portal) -> Client {
    builder(portal).build().unwrap()
}

/// The way to a portal in the same process, without a socket: it follows tokio's clock, which tests pause.
#[derive(Debug, Clone)]
struct InProcess(Portal);

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut sent = http::Request::builder()
                .method(request.method)
                .uri(request.url[url::Position::BeforePath..].to_owned())
                .body(request.body)
                .unwrap();
            *sent.headers_mut() = request.headers;
            match self.0.handle(sent, Ipv4Addr::LOCALHOST.into()).await {
                Reply::Response(response) => {
                    let (parts, body) = response.into_parts();
                    Ok(Response {
                        status: parts.status,
                        headers: parts.headers,
                        body,
                    })
                }
                Reply::Truncated { .. } | Reply::Reset => Err(TransportError {
                    kind: TransportErrorKind::Broken,
                    source: None,
                }),
            }
        })
    }
}

/// A transport that records the requests sent over it.
#[derive(Debug, Clone)]
struct RecordingTransport {
    to: InProcess,
    sent: Arc<Mutex<Vec<Request>>>,
}

impl RecordingTransport {
    fn to(portal: &Portal) -> Self {
        Self {
            to: InProcess(portal.clone()),
            sent: Arc::default(),
        }
    }

    /// The bodies and paths that went out so far.
    fn requests(&self) -> Vec<Request> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Transport for RecordingTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        self.to.send(request)
    }
}

/// A transport that answers by a function.
struct ScriptedTransport<F>(F);

impl<F> std::fmt::Debug for ScriptedTransport<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedTransport")
    }
}

impl<F: Fn(&Request) -> (u16, String) + Send + Sync + 'static> Transport for ScriptedTransport<F> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let (status, body) = (self.0)(&request);
        Box::pin(std::future::ready(Ok(Response {
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        })))
    }
}

fn scripted(answer: impl Fn(&Request) -> (u16, String) + Send + Sync + 'static) -> Client {
    Client::builder(ADDRESS)
        .transport(ScriptedTransport(answer))
        .seed(1)
        .build()
        .unwrap()
}
