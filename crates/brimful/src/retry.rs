//! The one place that decides whether a call is sent again: from what the call does and what became of it.
//!
//! | became of it | read | write |
//! |---|---|---|
//! | refused before it ran (503 limit, 429) | again | again |
//! | never sent (no connection) | again | again |
//! | unknown (timeout, reset, 5xx, half a reply, HTML) | again | error: unknown whether it ran |
//! | answered | done, or the portal's error | done, or the portal's error |

use std::time::Duration;

use crate::effect::Effect;
use crate::error::DidItRun;

/// How often and how long a call is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    /// Attempts that may end without an answer, once the portal has answered properly before.
    pub(crate) attempts: u32,
    /// The same before the portal has ever answered: a wrong address should say so soon.
    pub(crate) first_contact_attempts: u32,
    /// The first delay after an attempt without an answer; doubles from there.
    pub(crate) base_delay: Duration,
    /// The longest such delay.
    pub(crate) max_delay: Duration,
    /// How long a call is tried in all, waits for limits included.
    pub(crate) patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 14,
            first_contact_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(15),
            // Longer than the ten minutes after which any operating limit is over.
            patience: Duration::from_secs(20 * 60),
        }
    }
}

/// Whether a call that has failed so far may be sent again.
pub(crate) fn may_repeat(effect: Effect, ran: DidItRun) -> bool {
    match ran {
        DidItRun::No => true,
        DidItRun::Unknown => effect == Effect::Read,
        DidItRun::Yes => false,
    }
}

impl RetryPolicy {
    /// The delay after the `failures`-th attempt without an answer; `jitter` is in `0..1`.
    pub(crate) fn delay(&self, failures: u32, jitter: f64) -> Duration {
        let full = self
            .base_delay
            .saturating_mul(1 << failures.saturating_sub(1).min(16))
            .min(self.max_delay);
        full.mul_f64(0.5 + 0.5 * jitter)
    }
}
