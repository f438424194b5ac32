//! Parts of this client that `brimful-r7` is built from, beside the hidden constructors of [`crate::Error`]. They change
//! without notice.

use std::time::Duration;

pub use crate::auth::route;
use crate::retry::Retry;
pub use crate::retry::may_repeat;
pub use crate::transport::{HttpTransport, Route};

/// How many attempts may fail, before and after the portal has first answered, and how long a call is tried.
pub fn retry_limits(retry: &Retry, reached: bool) -> (u32, Duration) {
    let attempts = if reached {
        retry.attempts
    } else {
        retry.first_contact_attempts
    };
    (attempts, retry.deadline)
}

/// The delay after the `failures`-th attempt without an answer; `jitter` is in `0..1`.
pub fn retry_delay(retry: &Retry, failures: u32, jitter: f64) -> Duration {
    retry.delay(failures, jitter)
}
