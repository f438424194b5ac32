//! The client of R7-Office against the emulator, in process on a paused clock.

mod batches;
mod dependencies;
mod errors;
mod limits;
mod lists;
mod logins;
mod requests;

use std::sync::{Arc, Mutex, PoisonError};

use brimful::r7::{Client, ClientBuilder, Credential};
use brimful::{Request, Response, Transport, TransportError};
use brimful_portal::{Portal, PortalConfig};
use futures_util::future::BoxFuture;

use crate::support::InProcess;

const ADDRESS: &str = "https://office.test";

fn portal(config: PortalConfig) -> Portal {
    Portal::new(config).unwrap()
}

fn office(people: u64) -> Portal {
    portal(PortalConfig::unlimited().r7_people(people))
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

/// A transport that notes what goes over it.
#[derive(Debug, Clone)]
struct Listening {
    to: InProcess,
    heard: Arc<Mutex<Vec<Request>>>,
}

impl Listening {
    fn to(portal: &Portal) -> Self {
        Self {
            to: InProcess(portal.clone()),
            heard: Arc::default(),
        }
    }

    /// The bodies and paths that went out so far.
    fn requests(&self) -> Vec<Request> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Transport for Listening {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        self.to.send(request)
    }
}

/// A transport that answers by a function.
struct Answering<F>(F);

impl<F> std::fmt::Debug for Answering<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answering")
    }
}

impl<F: Fn(&Request) -> (u16, String) + Send + Sync + 'static> Transport for Answering<F> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let (status, body) = (self.0)(&request);
        Box::pin(std::future::ready(Ok(Response {
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        })))
    }
}

fn answering(answer: impl Fn(&Request) -> (u16, String) + Send + Sync + 'static) -> Client {
    Client::builder(ADDRESS)
        .transport(Answering(answer))
        .seed(1)
        .build()
        .unwrap()
}
