//! The face of the client: one portal, any number of clones, all behind one gate.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful_protocol::batch::MAX_COMMANDS;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::auth::{Auth, Credential, ParsedCredential, TokenCallback};
#[cfg(feature = "cache")]
use crate::cache::Cache;
use crate::check::{self, Carrier, Checks};
use crate::effect::{self, Effect};
use crate::error::Error;
use crate::json;
use crate::limits::Rank;
use crate::limits::{Limit, Limits, Priority, SlowGuard};
use crate::reply::{RawReply, Reply};
use crate::request_id::RequestNames;
use crate::retry::Retry;
use crate::secret::Secret;
use crate::session::{Call, CallOptions, Session};
use crate::stats::{Counters, Stats};
use crate::transport::HttpOptions;
use crate::transport::{HttpTransport, Transport};
use crate::waits::WaitLog;

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
    options: CallOptions,
}

/// Sets a [`Client`] up.
///
/// ```
/// use std::time::Duration;
/// use brimful::{Client, HttpOptions, Limit};
///
/// let client = Client::builder("https://example.bitrix24.ru/rest/1/code/")
///     .limit(Limit::ENTERPRISE)
///     .http(HttpOptions::new().timeout(Duration::from_secs(30)))
///     .build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Debug)]
pub struct ClientBuilder {
    credential: Credential,
    token: Option<TokenCallback>,
    http: HttpOptions,
    limit: Option<Limit>,
    /// Whether the caller has set `limit`.
    has_own_limit: bool,
    /// What the caller has set.
    operating_time: Option<Duration>,
    limits: Option<Limits>,
    transport: Option<Arc<dyn Transport>>,
    seed: Option<u64>,
    retry: Retry,
    checks: Checks,
    #[cfg(feature = "cache")]
    cache: Option<Cache>,
    batch_size: usize,
}

impl Client {
    /// A builder for the portal behind a webhook's address, or that of an application: see [`OAuth`](crate::OAuth).
    pub fn builder(credential: impl Into<Credential>) -> ClientBuilder {
        ClientBuilder {
            credential: credential.into(),
            token: None,
            http: HttpOptions::default(),
            limit: Some(Limit::STANDARD),
            has_own_limit: false,
            operating_time: None,
            limits: None,
            transport: None,
            seed: None,
            retry: Retry::default(),
            checks: Checks::default(),
            #[cfg(feature = "cache")]
            cache: None,
            batch_size: MAX_COMMANDS,
        }
    }

    /// Calls one method once and returns the reply as it came. A read is repeated if its answer is lost; a write is
    /// repeated only if it certainly did not run.
    ///
    /// `params` are whatever can be written as JSON: `json!({…})`, a map, a struct of your own. They go out as a JSON
    /// body, so `null`s and empty lists arrive, and a JSON array gives positional parameters.
    pub async fn call(&self, method: &str, params: impl Serialize) -> Result<Reply, Error> {
        let params = json::params(method, params)?;
        self.call_as(method, params, effect::of(method)).await
    }

    /// The same, for a call that may be made twice without harm, whatever its method: it is repeated where nobody
    /// knows whether it ran.
    pub async fn call_idempotent(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<Reply, Error> {
        let params = json::params(method, params)?;
        self.call_as(method, params, Effect::Read).await
    }

    /// Calls one method and returns the envelope as it came, an error of the portal included: status and body.
    /// `params` may be a list: the positional parameters of old methods.
    ///
    /// # Errors
    /// There was no answer, or none of the portal.
    pub async fn call_raw(&self, method: &str, params: impl Serialize) -> Result<RawReply, Error> {
        match self.call(method, params).await {
            Ok(reply) => Ok(RawReply {
                status: reply.status(),
                body: reply.into_body(),
            }),
            Err(error) => match error.answer() {
                Some((status, body)) if error.api_error().is_some() => Ok(RawReply {
                    status,
                    body: body.clone(),
                }),
                _ => Err(error),
            },
        }
    }

    pub(crate) async fn call_as(
        &self,
        method: &str,
        params: Value,
        effect: Effect,
    ) -> Result<Reply, Error> {
        if self.session.checks == Checks::On {
            check::call(method, &params, Carrier::Json)?;
        }
        #[cfg(feature = "cache")]
        if let Some(cache) = &self.session.cache
            && let Some(reply) = cache.reply(method, &params, || self.send(method, &params, effect))
        {
            // The call may be that of somebody else, who has more time.
            return match self.options.deadline {
                None => reply.await,
                Some(at) => tokio::time::timeout_at(at, reply)
                    .await
                    .unwrap_or_else(|_| {
                        Err(self.session.late(method, crate::error::Execution::Unknown))
                    }),
            };
        }
        self.send(method, &params, effect).await
    }

    async fn send(&self, method: &str, params: &Value, effect: Effect) -> Result<Reply, Error> {
        let call = Call::new(method, effect, params.to_string(), &self.options);
        let reply = self
            .session
            .run_spawned(call, Reply::read)
            .await
            .0?
            .of(method);
        if let Some(time) = reply.time() {
            self.session.ledger.note(method, time, 1);
        }
        Ok(reply)
    }

    /// The same client, whose calls wait for the portal's limit with another priority, as one job.
    ///
    /// ```no_run
    /// # fn example(client: brimful::Client) {
    /// let nightly = client.with_priority(brimful::Priority::Low);
    /// # }
    /// ```
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        let mut this = self.clone();
        this.options.rank = Rank::of(priority);
        this
    }

    /// The same client as a job of its own: its calls take turns with those of other jobs, however many there are.
    #[must_use]
    pub fn job(&self) -> Self {
        self.with_priority(self.options.rank.priority)
    }

    /// The same client, whose calls and lists end with [`ErrorKind::Deadline`](crate::ErrorKind::Deadline) when
    /// `within` has passed, counted from now.
    #[must_use]
    pub fn with_deadline(&self, within: Duration) -> Self {
        let mut this = self.clone();
        // Further away than time goes is never.
        this.options.deadline = Instant::now().checked_add(within);
        this
    }

    /// The portal's limits, as this client keeps them.
    pub fn limits(&self) -> Limits {
        Limits {
            gate: Arc::clone(&self.session.gate),
            ledger: Arc::clone(&self.session.ledger),
        }
    }

    /// As long as the guard lives, at most `requests` requests of all clones are in flight.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let gently = client.slow(1);
    /// client.call("crm.lead.list", serde_json::json!({})).await?;
    /// drop(gently);
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow(&self, requests: usize) -> SlowGuard {
        self.limits().slow(requests)
    }

    /// The portal's address, without its secret.
    pub fn portal(&self) -> String {
        self.session.auth.to_string()
    }

    /// What has been sent so far, by all clones.
    pub fn stats(&self) -> Stats {
        self.session.counters.read()
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn options(&self) -> &CallOptions {
        &self.options
    }
}

/// The operating time that a method may use in ten minutes, in the cloud (documentation of Bitrix24, "Limits").
const OPERATING_TIME: Duration = Duration::from_secs(480);

impl ClientBuilder {
    /// The portal's limit; [`Limit::STANDARD`] unless said otherwise. `None`: it has none, as self-hosted portals.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<Limit>>) -> Self {
        self.limit = limit.into();
        self.has_own_limit = true;
        self
    }

    /// The operating time that a method may use in ten minutes, more than zero; 480 s unless said otherwise. Where the
    /// portal allows less, that is learned.
    #[must_use]
    pub fn operating_limit(mut self, limit: Duration) -> Self {
        self.operating_time = Some(limit);
        self
    }

    /// The limits of another client for the same portal, whose rate this one shares. Instead of
    /// [`limit`](Self::limit) and [`operating_limit`](Self::operating_limit): the other client's hold.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// How often and how long a call is tried.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How HTTP is spoken: proxies, certificates, timeouts. It has no say in another [`transport`](Self::transport).
    #[must_use]
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// A function that gives access tokens for the portal whose address the builder has. It is asked for the first one
    /// before the first call, and for another when the portal refuses the one at hand, once for all calls that wait. If
    /// it fails, those calls fail, and the next one asks it again; if the portal refuses the new token too, the call
    /// fails. The first one may be of any age: a program may have kept it.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), brimful::Error> {
    /// let client = brimful::Client::builder("https://example.bitrix24.ru")
    ///     .token_with(async || tokio::fs::read_to_string("/run/b24/token").await)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn token_with<F, R, T, E>(mut self, ask: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Secret>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.token = Some(TokenCallback::new(ask));
        self
    }

    /// Another way to the portal than HTTP.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Whether parameters are looked at before they are sent; they are unless said otherwise.
    #[must_use]
    pub fn checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    /// Keeps replies of methods that read; see [`Cache`].
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Commands in a request at the most: 50 unless said otherwise, and no portal takes more. Requests are made smaller
    /// by themselves where commands take long; fewer are for a portal that cannot bear as much at once.
    #[must_use]
    pub fn batch_size(mut self, commands: usize) -> Self {
        self.batch_size = commands;
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
    /// The address is not that of a webhook (or, with a token, of a portal), a setting makes no sense, or the network
    /// cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        if let Some(limit) = self.limit.filter(|limit| !limit.is_valid()) {
            return Err(Error::config(format!(
                "the limit {},{} makes no sense: at least 1 request at once and more than 0 a second",
                limit.burst, limit.per_second
            )));
        }
        if self.operating_time.is_some_and(|time| time.is_zero()) {
            return Err(Error::config(
                "an operating time limit of zero lets no call through: give more than 0 seconds, or leave it out for 480",
            ));
        }
        if self.limits.is_some() && (self.has_own_limit || self.operating_time.is_some()) {
            let given = if self.has_own_limit {
                "limit()"
            } else {
                "operating_limit()"
            };
            return Err(Error::config(format!(
                "limits() shares the limits of another client, so {given} would be passed over: give it to that client"
            )));
        }
        if !(1..=MAX_COMMANDS).contains(&self.batch_size) {
            return Err(Error::config(format!(
                "the batch size {} makes no sense: a request holds 1 to {MAX_COMMANDS} commands",
                self.batch_size
            )));
        }
        #[cfg(feature = "cache")]
        if let Some(cache) = &self.cache {
            cache.check()?;
        }
        let limits = match self.limits {
            Some(shared) => shared.for_another_credential(),
            None => Limits::new(self.limit, self.operating_time.unwrap_or(OPERATING_TIME)),
        };
        let credential = ParsedCredential::of(self.credential, self.token)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new(credential.route(), self.http)?),
        };
        let wait_log = Arc::new(WaitLog::default());
        let auth = Auth::new(credential, &transport, self.retry, &wait_log)?;
        let session = Session {
            auth,
            transport,
            gate: limits.gate,
            ledger: limits.ledger,
            retry: self.retry,
            checks: self.checks,
            #[cfg(feature = "cache")]
            cache: self.cache,
            batch_size: self.batch_size,
            random: Mutex::new(
                self.seed
                    .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            ),
            reached: AtomicBool::new(false),
            counters: Counters::default(),
            names: self
                .seed
                .map_or_else(RequestNames::random, RequestNames::new),
            wait_log,
        };
        Ok(Client {
            session: Arc::new(session),
            options: CallOptions::default(),
        })
    }
}
