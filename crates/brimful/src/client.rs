//! The face of the client: one portal, any number of clones, all behind one gate.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use brimful_protocol::rows::RowsError;
use brimful_protocol::{Envelope, Time};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::effect::{self, Effect};
use crate::error::Error;
use crate::gate::{Gate, Limit};
use crate::ledger::Ledger;
use crate::list::List;
use crate::retry::RetryPolicy;
use crate::session::{Call, Session};
use crate::transport::{HttpTransport, Transport};
use crate::webhook::Webhook;

/// A client of one portal. Clones share connections, the gate and what was learned of the portal.
///
/// ```no_run
/// # async fn example() -> Result<(), brimful::Error> {
/// let client = brimful::Client::builder("https://example.bitrix24.ru/rest/1/code/").build()?;
/// let me = client.call("user.current", serde_json::json!({})).await?;
/// println!("{}", me.raw().get());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    session: Arc<Session>,
}

/// Sets a [`Client`] up.
#[derive(Debug)]
pub struct ClientBuilder {
    webhook: String,
    limit: Option<Limit>,
    transport: Option<Arc<dyn Transport>>,
    seed: Option<u64>,
    policy: RetryPolicy,
}

impl Client {
    /// A builder for the portal behind a webhook's address.
    pub fn builder(webhook: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            webhook: webhook.into(),
            limit: Some(Limit::STANDARD),
            transport: None,
            seed: None,
            policy: RetryPolicy::default(),
        }
    }

    /// Calls one method once and returns the reply as it came. A read is repeated if its answer is lost; a write is
    /// repeated only if it certainly did not run.
    ///
    /// `params` go out as a JSON body, so `null`s and empty lists arrive, and a JSON array gives positional parameters.
    pub async fn call(&self, method: &str, params: Value) -> Result<Reply, Error> {
        self.call_as(method, params, effect::of(method)).await
    }

    pub(crate) async fn call_as(
        &self,
        method: &str,
        params: Value,
        effect: Effect,
    ) -> Result<Reply, Error> {
        let call = Call {
            method: method.to_owned(),
            subject: method.to_owned(),
            effect,
            body: params.to_string().into(),
        };
        let (reply, _) = self.session.run(&call, None, Reply::read).await;
        let reply = reply?;
        if let Some(time) = &reply.time {
            self.session.ledger.note(method, time);
        }
        Ok(reply)
    }

    /// The list of `method`, whole: a builder for what to ask for and how to receive it.
    pub fn list(&self, method: impl Into<String>) -> List {
        List::new(self.clone(), method.into())
    }

    /// The portal's address, without its secret.
    pub fn portal(&self) -> String {
        self.session.webhook.to_string()
    }

    /// HTTP requests sent so far, by all clones.
    pub fn requests_sent(&self) -> u64 {
        self.session.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

impl ClientBuilder {
    /// The portal's limit; [`Limit::STANDARD`] unless said otherwise. `None`: it has none, as self-hosted portals.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<Limit>>) -> Self {
        self.limit = limit.into();
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
    /// The address is not that of a webhook, the limit is not positive, or the network cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let webhook: Webhook = self
            .webhook
            .parse()
            .map_err(|error: crate::WebhookError| Error::config(error.to_string()))?;
        if let Some(limit) = self.limit
            && !(limit.burst >= 1.0
                && limit.per_second > 0.0
                && limit.burst.is_finite()
                && limit.per_second.is_finite())
        {
            return Err(Error::config(format!(
                "the limit {},{} makes no sense: at least 1 request at once and more than 0 a second",
                limit.burst, limit.per_second
            )));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new().map_err(|error| {
                Error::config("the HTTP client could not be set up").with_source(error)
            })?),
        };
        let session = Session {
            webhook,
            transport,
            gate: Arc::new(Gate::new(self.limit)),
            ledger: Ledger::default(),
            policy: self.policy,
            random: Mutex::new(
                self.seed
                    .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            ),
            reached: AtomicBool::new(false),
            requests: AtomicU64::new(0),
        };
        Ok(Client {
            session: Arc::new(session),
        })
    }
}

/// A reply to one call.
#[derive(Debug, Clone)]
pub struct Reply {
    body: Bytes,
    result: Box<RawValue>,
    /// `start` of the next page, where there is one.
    pub next: Option<u64>,
    /// How many rows match in all, where the method counts.
    pub total: Option<u64>,
    /// The portal's clock and counters.
    pub time: Option<Time>,
}

impl Reply {
    fn read(body: &Bytes) -> Result<Self, RowsError> {
        let envelope = Envelope::parse(body)?;
        if let Some(error) = envelope.error {
            return Err(RowsError::Api(error));
        }
        let result = envelope.result.map(ToOwned::to_owned).unwrap_or_default();
        Ok(Self {
            body: body.clone(),
            result,
            next: envelope.next,
            total: envelope.total,
            time: envelope.time,
        })
    }

    /// `result` as raw JSON.
    pub fn raw(&self) -> &RawValue {
        &self.result
    }

    /// `result` as a type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.result.get())
    }

    /// The whole reply as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
