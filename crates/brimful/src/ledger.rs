//! The ledger: what the portal last said of the operating time of each method.
//!
//! A portal sums the time it spends in a method over ten minutes and refuses the method above a limit (facts: operating
//! limiter). It reports the sum with each reply, so nothing is added up here; the last report counts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use brimful_protocol::Time;
use tokio::time::Instant;

/// The first wait for a method that was refused before it ever reported, and how long the waits may grow: the window
/// of the portal's sum is ten minutes.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The reset time is in whole seconds.
const MARGIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<HashMap<Box<str>, Entry>>);

#[derive(Debug, Clone, Copy)]
struct Entry {
    resets: Option<Instant>,
    refusals: u32,
}

impl Ledger {
    /// Notes what a reply says of `method`.
    pub(crate) fn note(&self, method: &str, time: &Time) {
        // The portal's clock is not ours: only the distance between two of its own times is used.
        let left = match (time.operating_reset_at, time.finish.or(time.start)) {
            (Some(reset), Some(now)) => Some(reset - now),
            _ => None,
        };
        let resets = left
            .filter(|left| (0.0..=3600.0).contains(left))
            .map(|left| Instant::now() + Duration::from_secs_f64(left) + MARGIN);
        self.with(method, |entry| {
            entry.refusals = 0;
            if resets.is_some() {
                entry.resets = resets;
            }
        });
    }

    /// `method` was refused for its operating time: how long to wait before it is tried again.
    pub(crate) fn refused(&self, method: &str) -> Duration {
        let now = Instant::now();
        self.with(method, |entry| {
            entry.refusals += 1;
            let known = entry
                .resets
                .map(|at| at.saturating_duration_since(now))
                .filter(|wait| !wait.is_zero());
            // A reset that did not help was only the first part of the sum to expire: the next try comes later.
            let grown = FIRST_WAIT
                .mul_f64(1.5f64.powi(entry.refusals.min(16) as i32 - 1))
                .min(LONGEST_WAIT);
            known.unwrap_or(grown).max(MARGIN)
        })
    }

    fn with<R>(&self, method: &str, change: impl FnOnce(&mut Entry) -> R) -> R {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(method) {
            return change(entry);
        }
        change(entries.entry(method.into()).or_insert(Entry {
            resets: None,
            refusals: 0,
        }))
    }
}
