//! The limits of a portal: the rate (`gate`), the operating time of methods (`ledger`), and what a caller sees of them.

mod gate;
mod ledger;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use gate::{Gate, Rank, Slot};
pub(crate) use ledger::{CallCount, Calls, Charge, HeldBack, Ledger, WaitReporters};

/// The rate that a portal allows: a counter up to X, that falls by Y a second.
///
/// ```
/// use brimful::{Client, Limit};
///
/// let enterprise = Client::builder("https://example.bitrix24.ru/rest/1/code/").limit(Limit::ENTERPRISE).build()?;
/// let self_hosted = Client::builder("https://b24.example.com/rest/1/code/").limit(None).build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// X: how high the counter may stand.
    pub burst: f64,
    /// Y: by how much it falls in a second.
    pub per_second: f64,
}

impl Limit {
    /// All tariffs but Enterprise: a burst of 50, then 2 requests a second (documentation of Bitrix24, "Limits").
    pub const STANDARD: Self = Self {
        burst: 50.0,
        per_second: 2.0,
    };
    /// Enterprise: a burst of 250, then 5 requests a second.
    pub const ENTERPRISE: Self = Self {
        burst: 250.0,
        per_second: 5.0,
    };

    /// A counter up to `burst` (at least 1) that falls by `per_second` (above 0); both are finite.
    ///
    /// Values out of these ranges are refused when a client is built with them.
    ///
    /// ```
    /// let client = brimful::Client::builder("https://example.bitrix24.ru/rest/1/code/")
    ///     .limit(brimful::Limit::new(20.0, 1.0))
    ///     .build()?;
    /// # Ok::<(), brimful::Error>(())
    /// ```
    pub const fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second }
    }

    pub(crate) fn is_valid(self) -> bool {
        self.burst >= 1.0
            && self.per_second > 0.0
            && self.burst.is_finite()
            && self.per_second.is_finite()
    }
}

/// Who goes first when several calls wait for the portal's limit. Within a priority jobs take turns ([`Client::job`](crate::Client::job)).
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// use brimful::Priority;
///
/// let for_the_night = client.with_priority(Priority::Low);
/// let export = for_the_night.list("crm.lead.list");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Before all others: somebody waits for it.
    High,
    /// As any call.
    #[default]
    Normal,
    /// Only when nobody else asks: work for the night. May wait for ever while others ask.
    Low,
}

/// The limits of one portal, as this client keeps them.
///
/// Clones are the same limits. A portal counts by source address, whatever the credential: give the limits of one
/// client to [`ClientBuilder::limits`](crate::ClientBuilder::limits) of another one for the same portal.
///
/// ```
/// use brimful::Client;
///
/// // Two webhooks of one portal, which has one limit for both.
/// let first = Client::builder("https://example.bitrix24.ru/rest/1/code/").build()?;
/// let second = Client::builder("https://example.bitrix24.ru/rest/7/c0de/").limits(first.limits()).build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Clone)]
pub struct Limits {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ledger: Arc<Ledger>,
}

impl Limits {
    pub(crate) fn new(limit: Option<Limit>, operating_time: Duration) -> Self {
        Self {
            gate: Arc::new(Gate::new(limit)),
            ledger: Arc::new(Ledger::new(operating_time)),
        }
    }

    /// The same gate; a credential of its own has an account of its own.
    pub(crate) fn for_another_credential(&self) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            ledger: Arc::new(Ledger::new(self.ledger.limit())),
        }
    }

    /// How things stand now.
    pub fn snapshot(&self) -> LimitsSnapshot {
        let standing = self.gate.standing();
        LimitsSnapshot {
            limit: standing.limit,
            rate: standing.rate,
            free: standing.free,
            waiting: standing.waiting,
            in_flight: standing.in_flight,
            most_in_flight: standing.most_in_flight,
            refusals: standing.refusals,
            operating_time: self.ledger.limit(),
            methods: self.ledger.standing(),
        }
    }

    /// Keep at most `requests` requests (at least one) in flight as long as the guard lives, for a portal under strain. Of
    /// several guards the lowest number holds.
    #[must_use = "the requests are held back as long as the guard lives"]
    pub fn slow(&self, requests: usize) -> SlowGuard {
        let most = requests.max(1);
        self.gate.slow(most);
        SlowGuard {
            gate: Arc::clone(&self.gate),
            most,
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// Holds requests back until it is dropped; see [`Limits::slow`].
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// {
///     let _slow = client.slow(1);
///     // One request at a time.
/// }
/// // As many as before.
/// # }
/// ```
#[derive(Debug)]
pub struct SlowGuard {
    gate: Arc<Gate>,
    most: usize,
}

impl Drop for SlowGuard {
    fn drop(&mut self) {
        self.gate.lift_in_flight_limit(self.most);
    }
}

/// How the limits of a portal stand.
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// let now = client.limits().snapshot();
/// println!("{} wait, {} on their way, {:?} may go at once", now.waiting, now.in_flight, now.free);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LimitsSnapshot {
    /// The rate limit that the client was set up with; `None`: the portal has none.
    pub limit: Option<Limit>,
    /// Requests a second that are sent in the long run: less than the limit's after the portal has refused some.
    pub rate: Option<f64>,
    /// Requests that could be sent at once now.
    pub free: Option<f64>,
    /// Requests that wait for a slot.
    pub waiting: usize,
    /// Requests on their way.
    pub in_flight: usize,
    /// How many may be in flight, while a [`SlowGuard`] lives.
    pub most_in_flight: Option<usize>,
    /// How often the portal refused a request for too many.
    pub refusals: u64,
    /// The operating time that a method may use in ten minutes.
    pub operating_time: Duration,
    /// The methods whose operating time the portal has told.
    pub methods: Vec<MethodLimit>,
}

/// The operating time of one method, as the portal last told it.
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// for method in client.limits().snapshot().methods {
///     println!("{}: {:.1?} used, free again in {:?}", method.method, method.operating, method.resets_in);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MethodLimit {
    /// The method; `batch` where the portal charges batches themselves.
    pub method: String,
    /// The operating time used in the last ten minutes.
    pub operating: Duration,
    /// What calls on their way are expected to add to it.
    pub pending: Duration,
    /// How long until the first part of it is forgotten.
    pub resets_in: Option<Duration>,
    /// How long the method stays blocked, where the portal has refused it or it is held back.
    pub blocked_for: Option<Duration>,
}
