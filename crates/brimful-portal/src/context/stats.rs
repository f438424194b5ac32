//! What the portal has been asked and what it did: tests assert on it.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};

use crate::context::MethodName;

/// Counts since the portal began.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// HTTP requests, refused ones too.
    pub requests: u64,
    /// Commands of batches that were carried out, whatever came of them.
    pub commands: u64,
    /// Requests refused by the bucket with 503 `QUERY_LIMIT_EXCEEDED`.
    pub refused_by_rate: u64,
    /// Calls and commands blocked by the operating limiter.
    pub refused_by_operating: u64,
    /// Requests cut off because they took too long.
    pub cut_off: u64,
    /// Faults that were played.
    pub faults: u64,
    /// Rows that churn inserted, updated and deleted.
    pub churned: u64,
    /// Bytes of reply bodies.
    pub bytes: u64,
    /// Requests being handled now.
    pub in_flight: u64,
    /// The most requests that were being handled at once.
    pub peak_in_flight: u64,
    /// How often the handler of each method ran, alone or in a batch; and `batch` itself.
    pub methods: BTreeMap<String, u64>,
}

impl Stats {
    /// Requests and calls refused by either limiter; faults are not among them.
    pub fn refusals(&self) -> u64 {
        self.refused_by_rate + self.refused_by_operating
    }

    /// How often the handler of `method` (in lower case) ran.
    pub fn calls(&self, method: &str) -> u64 {
        self.methods.get(method).copied().unwrap_or(0)
    }
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    stats: Stats,
    methods: BTreeMap<MethodName, u64>,
}

/// A request in flight, for as long as it lives.
#[derive(Debug)]
pub(crate) struct InFlight<'c>(&'c Counters);

impl Counters {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock()
    }

    /// Counts a request, which is in flight until the guard goes.
    pub(crate) fn request(&self) -> InFlight<'_> {
        let stats = &mut self.counts().stats;
        stats.requests += 1;
        stats.in_flight += 1;
        stats.peak_in_flight = stats.peak_in_flight.max(stats.in_flight);
        InFlight(self)
    }

    /// Counts a run of a method.
    pub(crate) fn call(&self, method: &MethodName) {
        *self.counts().methods.entry(method.clone()).or_default() += 1;
    }

    /// Changes a count.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.counts().stats);
    }

    /// The counts as they are.
    pub(crate) fn snapshot(&self) -> Stats {
        let counts = self.counts();
        let methods = counts
            .methods
            .iter()
            .map(|(name, calls)| (name.to_string(), *calls))
            .collect();
        Stats {
            methods,
            ..counts.stats.clone()
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.counts().stats.in_flight -= 1;
    }
}
