//! Counters of a client: what has been sent, and what came of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a client and its clones have sent so far.
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// let stats = client.stats();
/// println!("{} requests, {} of them repeated, {} refused", stats.requests, stats.repeats, stats.refusals);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// HTTP requests sent, repetitions included.
    pub requests: u64,
    /// Those of them that repeated an earlier one.
    pub repeats: u64,
    /// Requests that the portal refused for the rate or for operating time.
    pub refusals: u64,
    /// Requests without a proper answer.
    pub lost: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received, decompressed.
    pub bytes_received: u64,
}

/// The same as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    repeats: AtomicU64,
    refusals: AtomicU64,
    lost: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
}

impl Counters {
    pub(crate) fn sent(&self, bytes: usize, is_repeat: bool) {
        add(&self.requests, 1);
        add(&self.repeats, u64::from(is_repeat));
        add(&self.bytes_sent, bytes as u64);
    }

    pub(crate) fn received(&self, bytes: usize) {
        add(&self.bytes_received, bytes as u64);
    }

    pub(crate) fn refused(&self) {
        add(&self.refusals, 1);
    }

    pub(crate) fn lost(&self) {
        add(&self.lost, 1);
    }

    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            requests: read(&self.requests),
            repeats: read(&self.repeats),
            refusals: read(&self.refusals),
            lost: read(&self.lost),
            bytes_sent: read(&self.bytes_sent),
            bytes_received: read(&self.bytes_received),
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
