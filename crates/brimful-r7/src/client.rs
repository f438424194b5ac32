//! The client: one portal, any number of clones that share one rate limit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::client_parts::HttpTransport;
use brimful::{Error, HttpOptions, Retry, Transport};
use brimful_r7_protocol::RateLimit;
use bytes::Bytes;
use tokio::time::Instant;

use crate::address::Address;
use crate::credential::Credential;
use crate::item::Item;
use crate::outcome::BodyError;
use crate::reply::Reply;
use crate::session::{Call, Session};
use crate::window::Window;

/// A client of one R7-Office portal. Clones share connections, the rate limit and the token.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) session: Arc<Session>,
    deadline: Option<Instant>,
}

/// Sets a [`Client`] up.
#[derive(Debug)]
pub struct ClientBuilder {
    address: String,
    credential: Option<Credential>,
    limit: Option<RateLimit>,
    retry: Retry,
    transport: Option<Arc<dyn Transport>>,
    seed: Option<u64>,
}

impl Client {
    /// A builder for the portal at an address such as `https://office.example.com`.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            address: address.into(),
            credential: None,
            limit: Some(RateLimit::DOCUMENTED),
            retry: Retry::default(),
            transport: None,
            seed: None,
        }
    }

    /// Sends one request. A `GET` is repeated if its answer is lost; anything else is repeated only if it certainly did
    /// not run.
    pub async fn send(&self, item: Item) -> Result<Reply, Error> {
        let reply = self.read(&item, Reply::read).await?;
        Ok(reply.of(&item.label()))
    }

    /// A `GET`.
    pub async fn get(&self, path: impl Into<String>) -> Result<Reply, Error> {
        self.send(Item::get(path)).await
    }

    /// The same client for a job that must end within this time, counted from now: what is not answered by then ends with
    /// an error of [`ErrorKind::Deadline`](brimful::ErrorKind::Deadline), which says whether the request was sent.
    #[must_use]
    pub fn with_deadline(&self, within: Duration) -> Self {
        Self {
            // Further away than time goes is never.
            deadline: Instant::now().checked_add(within),
            ..self.clone()
        }
    }

    /// The portal's address.
    pub fn portal(&self) -> String {
        self.session.address.to_string()
    }

    /// HTTP requests sent so far, by all clones; those for tokens are among them.
    pub fn requests_sent(&self) -> u64 {
        self.session.requests.load(Ordering::Relaxed)
    }

    /// Sends one request and reads the answer's body with `read`.
    pub(super) async fn read<T>(
        &self,
        item: &Item,
        read: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> Result<T, Error> {
        let request = item
            .prepare(|_| {
                Err(Error::config(
                    "a value from the reply to another item is only possible in a batch",
                ))
            })
            .map_err(|error| error.at(&self.session.address, &item.label()))?;
        let call = Call {
            method: request.method,
            path: request.path,
            body: request
                .body
                .map(|(content_type, text)| (content_type, text.into())),
            effect: item.effect(),
            deadline: self.deadline,
        };
        self.session.run(&call, read).await
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn address(&self) -> &Address {
        &self.session.address
    }
}

impl ClientBuilder {
    /// The credential.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The portal's rate limit, [`RateLimit::DOCUMENTED`] by default; `None` for no limit.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// How often and how long a request is tried.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sends requests in another way than over HTTP.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Makes the jitter of delays repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// The address is not valid, the limit lets no request through, or the network cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let address = Address::parse(&self.address)?;
        if self.limit.is_some_and(|limit| limit.requests == 0) {
            return Err(Error::config("the limit lets no request through"));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(
                HttpTransport::new(address.route(), HttpOptions::default()).map_err(|error| {
                    Error::config("the HTTP client could not be set up").with_source(error)
                })?,
            ),
        };
        let random = self
            .seed
            .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Ok(Client {
            deadline: None,
            session: Arc::new(Session {
                address,
                credential: self.credential,
                transport,
                window: Arc::new(Window::new(self.limit)),
                retry: self.retry,
                random: Mutex::new(random),
                reached: AtomicBool::new(false),
                requests: AtomicU64::new(0),
                token: tokio::sync::Mutex::default(),
            }),
        })
    }
}
