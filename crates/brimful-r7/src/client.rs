//! The face of the client: one portal, any number of clones, all behind one window.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use brimful_r7_protocol::{BATCH, FORM, RateLimit};
use bytes::Bytes;

use super::address::Address;
use super::batch::{self, Batch, Sent};
use super::credential::Credential;
use super::item::Item;
use super::list::List;
use super::reply::Reply;
use super::session::{Exchange, Session};
use super::verdict::Unread;
use super::window::Window;
use brimful::Effect;
use brimful::Error;
use brimful::HttpOptions;
use brimful::Retry;
use brimful::Transport;
use brimful::client_parts::HttpTransport;

/// A client of one R7-Office portal. Clones share connections, the window of requests and the token.
#[derive(Debug, Clone)]
pub struct Client {
    session: Arc<Session>,
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
        self.read(&item, Reply::read).await
    }

    /// A `GET`.
    pub async fn get(&self, path: impl Into<String>) -> Result<Reply, Error> {
        self.send(Item::get(path)).await
    }

    /// A batch, to which items are added.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// The list at a path, whole: a builder for what to ask for and how to receive it.
    pub fn list(&self, path: impl Into<String>) -> List {
        List::new(self.clone(), path.into())
    }

    /// The portal's address.
    pub fn portal(&self) -> String {
        self.session.address.to_string()
    }

    /// HTTP requests sent so far, by all clones; those for tokens are among them.
    pub fn requests_sent(&self) -> u64 {
        self.session.requests.load(Ordering::Relaxed)
    }

    /// Sends one request and makes of the answer's body what `read` makes of it.
    pub(super) async fn read<T>(
        &self,
        item: &Item,
        read: impl Fn(&Bytes) -> Result<T, Unread>,
    ) -> Result<T, Error> {
        let ready = item
            .ready(|_| {
                Err(Error::config(
                    "only in a batch are there replies to other items",
                ))
            })
            .map_err(|error| error.at(&self.session.address, &item.subject()))?;
        let exchange = Exchange {
            verb: ready.verb,
            path: ready.path,
            body: ready
                .body
                .map(|(content_type, text)| (content_type, text.into())),
            effect: item.effect(),
        };
        self.session.run(&exchange, read).await
    }

    /// Sends items that depend on nothing in one request, and makes of each body what `read` makes of it. The first
    /// error is that of all.
    pub(super) async fn read_all<T>(
        &self,
        items: &[Item],
        read: impl Fn(&Bytes) -> Result<T, Unread>,
    ) -> Result<Vec<T>, Error> {
        let mut sent = Vec::with_capacity(items.len());
        for item in items {
            let name = item.name.clone().unwrap_or_default();
            let ready = item.ready(|_| Err(Error::config("a page depends on nothing")))?;
            sent.push(Sent { name, ready });
        }
        let replies = self.exchange(&sent, Effect::Read).await?;
        let at = |error: Error, one: &Sent| {
            let path = one.ready.path.split('?').next().unwrap_or_default();
            error.at(&self.session.address, &format!("{} {path}", one.ready.verb))
        };
        batch::outcomes(&sent, replies)
            .into_iter()
            .zip(&sent)
            .map(|(outcome, one)| {
                let body = outcome.map_err(|error| at(error, one))?;
                read(&body.1).map_err(|unread| at(batch::unread(body.0, unread), one))
            })
            .collect()
    }

    /// Sends the items as one batch.
    pub(super) async fn exchange(
        &self,
        sent: &[Sent],
        effect: Effect,
    ) -> Result<batch::Replies, Error> {
        let json = batch::write(sent)?;
        let body = format!("batch={}", brimful::protocol::query::escaped(&json));
        let exchange = Exchange {
            verb: http::Method::POST,
            path: BATCH.to_owned(),
            body: Some((FORM.to_owned(), body.into())),
            effect,
        };
        self.session.run(&exchange, batch::read).await
    }

    pub(super) fn address(&self) -> &Address {
        &self.session.address
    }
}

impl ClientBuilder {
    /// Who calls.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The portal's limit; [`RateLimit::DOCUMENTED`] unless said otherwise. `None`: it has none.
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

    /// Another way to the portal than HTTP.
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

    /// The client.
    ///
    /// # Errors
    /// The address is none, the limit lets nothing through, or the network cannot be set up.
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
