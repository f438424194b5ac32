//! The one place that decides whether a call is sent again: from what the call does and what became of it.
//!
//! | became of it | read | write |
//! |---|---|---|
//! | refused before it ran (503 limit, 429) | again | again |
//! | never sent (no connection) | again | again |
//! | unknown (timeout, reset, 5xx, half a reply, HTML) | again | error: unknown whether it ran |
//! | answered | done, or the portal's error | done, or the portal's error |
//!
//! A write is treated as a read where it is sure to be done once only: with an `Idempotency-Key` of REST 3.0, or where
//! the caller says so.

use std::time::Duration;

use crate::effect::Effect;
use crate::error::DidItRun;

/// How often and how long a call is tried.
///
/// ```
/// use std::time::Duration;
/// let patient = brimful::Retry::default().attempts(30).deadline(Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    pub(crate) attempts: u32,
    pub(crate) first_contact_attempts: u32,
    pub(crate) base_delay: Duration,
    pub(crate) max_delay: Duration,
    pub(crate) deadline: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 14,
            first_contact_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(15),
            // Longer than the ten minutes after which any operating limit is over.
            deadline: Duration::from_secs(20 * 60),
        }
    }
}

impl Retry {
    /// No call is repeated that came to nothing. What the portal refused unrun is still sent when it may be: after the
    /// wait that a limit asks for, or with a new token.
    #[must_use]
    pub fn never() -> Self {
        Self {
            attempts: 1,
            first_contact_attempts: 1,
            ..Self::default()
        }
    }

    /// Attempts that may end without a proper answer (14 unless said otherwise). Refusals for a limit do not count:
    /// the portal has only asked to wait. Before the portal has ever answered properly it is tried at most three times,
    /// so that a wrong address says so soon.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self.first_contact_attempts = self.first_contact_attempts.min(self.attempts);
        self
    }

    /// The delay after the first attempt without an answer (250 ms), which doubles from there, and the longest one
    /// (15 s). Half of each delay is jitter.
    #[must_use]
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.base_delay = first;
        self.max_delay = longest.max(first);
        self
    }

    /// How long one call is tried in all, waits for limits between its attempts included (20 minutes).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The delay after the `failures`-th attempt without an answer; `jitter` is in `0..1`.
    pub(crate) fn delay(&self, failures: u32, jitter: f64) -> Duration {
        let full = self
            .base_delay
            .saturating_mul(1 << failures.saturating_sub(1).min(16))
            .min(self.max_delay);
        full.mul_f64(0.5 + 0.5 * jitter)
    }
}

/// Whether a call that has failed so far may be sent again.
pub fn may_repeat(effect: Effect, ran: DidItRun) -> bool {
    match ran {
        DidItRun::No => true,
        DidItRun::Unknown => effect == Effect::Read,
        DidItRun::Yes => false,
    }
}
