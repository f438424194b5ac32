//! Names long waits: in the log, once for all requests that wait together, and in the progress of a list.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

/// The target of the log lines that name long waits: `brimful::wait`. They are warnings, with the fields `method`,
/// `seconds` and `reason`.
///
/// ```
/// // A filter for `tracing_subscriber::filter::Targets` that lets these lines through, and nothing else.
/// let filter = format!("{}=warn", brimful::WAIT_LOG);
/// assert_eq!(filter, "brimful::wait=warn");
/// ```
pub const WAIT_LOG: &str = "brimful::wait";

/// A retry that is further away is logged.
const LOGGED_RETRY: Duration = Duration::from_secs(3);
/// A wait for operating time that is longer is logged.
const LOGGED_OPERATING: Duration = Duration::from_secs(10);

/// Why a request is not sent yet.
///
/// ```no_run
/// # fn example(progress: brimful::Progress) {
/// use brimful::WaitReason;
///
/// if let Some(waiting) = progress.waiting && waiting.reason() == WaitReason::OperatingTime {
///     println!("{} has used up its operating time", waiting.method());
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// The portal's rate limit has no room for another request.
    RateLimit,
    /// The method has used up its operating time.
    OperatingTime,
    /// A new access token is being asked for.
    AccessToken,
    /// The last attempt failed, and this retry of it comes next: 1 is the first one.
    Retry(u32),
    /// The portal was not reached or the connection broke, and this retry comes next: 1 is the first one.
    Reconnect(u32),
}

/// A wait of a job: for what, and for how long.
///
/// `Display` is short enough for a progress line: `operating time: 58 s left`, `retry 5 in 8 s`,
/// `connection lost: retry 5 in 8 s`, `rate limit`.
///
/// ```no_run
/// # fn example(progress: brimful::Progress) {
/// if let Some(waiting) = progress.waiting {
///     println!("{}: {waiting}", waiting.method());
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    method: Arc<str>,
    reason: WaitReason,
    since: Instant,
    until: Option<Instant>,
}

impl Waiting {
    fn new(method: &str, reason: WaitReason, until: Option<Instant>) -> Self {
        Self {
            method: method.into(),
            reason,
            since: Instant::now(),
            until,
        }
    }

    /// A wait that begins now, for programs that show waits and test how. `left`: how long it is going to be.
    pub fn beginning(method: &str, reason: WaitReason, left: Option<Duration>) -> Self {
        let until = left.and_then(|left| Instant::now().checked_add(left));
        Self::new(method, reason, until)
    }

    /// The method that waits; `batch` where the portal charges batches themselves.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What is waited for.
    pub fn reason(&self) -> WaitReason {
        self.reason
    }

    /// For how long it has been waited.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// How long the wait is going to be from now on, where that is known.
    pub fn left(&self) -> Option<Duration> {
        self.until
            .map(|at| at.saturating_duration_since(Instant::now()))
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.left().map(in_words);
        match (self.reason, left) {
            (WaitReason::Retry(retry), Some(left)) => write!(f, "retry {retry} in {left}"),
            (WaitReason::Retry(retry), None) => write!(f, "retry {retry}"),
            (WaitReason::Reconnect(retry), Some(left)) => {
                write!(f, "connection lost: retry {retry} in {left}")
            }
            (WaitReason::Reconnect(retry), None) => write!(f, "connection lost: retry {retry}"),
            (WaitReason::OperatingTime, Some(left)) => write!(f, "operating time: {left} left"),
            (WaitReason::OperatingTime, None) => f.write_str("operating time"),
            (WaitReason::RateLimit, _) => f.write_str("rate limit"),
            (WaitReason::AccessToken, _) => f.write_str("new access token"),
        }
    }
}

/// A duration in whole seconds, rounded up: `58 s`, `9 min 40 s`, `1 h 5 min`.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    let two = |more: u64, unit: &str, less: u64, small: &str| match less {
        0 => format!("{more} {unit}"),
        _ => format!("{more} {unit} {less} {small}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

/// The moment after a wait, however long it is.
pub(crate) fn from_now(wait: Duration) -> Instant {
    const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now + THIRTY_YEARS)
}

/// The waits that were logged and are not over. Shared by all clones of a client: what is waited for together is logged
/// once.
#[derive(Debug, Default)]
pub(crate) struct WaitLog {
    until: Mutex<HashMap<(Box<str>, &'static str), Instant>>,
}

impl WaitLog {
    /// Logs that `method` waits until `until` because its operating time is used up.
    pub(crate) fn operating(&self, method: &str, until: Instant) {
        let wait = until.saturating_duration_since(Instant::now());
        if wait >= LOGGED_OPERATING && self.is_first(method, "operating time", until) {
            let seconds = wait.as_secs_f64().ceil() as u64;
            warn!(
                target: WAIT_LOG,
                method,
                seconds,
                reason = "operating time",
                "{method} has used up its operating time: waiting {}, then trying again",
                in_words(wait)
            );
        }
    }

    /// Logs that a call of `method` failed with `error` and is tried again after `wait`.
    pub(crate) fn retry(&self, method: &str, retry: u32, wait: Duration, error: &dyn fmt::Display) {
        if wait >= LOGGED_RETRY && self.is_first(method, "retry", from_now(wait)) {
            let seconds = wait.as_secs_f64().ceil() as u64;
            warn!(
                target: WAIT_LOG,
                method,
                seconds,
                reason = "retry",
                "{error}: retry {retry} in {}",
                in_words(wait)
            );
        }
    }

    /// Whether no wait of this kind was logged that is not over yet.
    fn is_first(&self, method: &str, reason: &'static str, until: Instant) -> bool {
        let now = Instant::now();
        let mut logged = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        logged.retain(|_, until| *until > now);
        let key = (method.into(), reason);
        if logged.contains_key(&key) {
            return false;
        }
        logged.insert(key, until);
        true
    }
}

type Listener = Box<dyn Fn(Option<&Waiting>) + Send + Sync>;

/// The waits of one job, for its progress. A clone is the same; one without a listener shows nothing.
#[derive(Clone, Default)]
pub(crate) struct WaitBoard(Option<Arc<Board>>);

struct Board {
    waits: Mutex<Waits>,
    listener: Listener,
}

#[derive(Default)]
struct Waits {
    begun: u64,
    /// In the order in which they began.
    open: BTreeMap<u64, Waiting>,
}

/// A wait that is shown until this is dropped.
pub(crate) struct ShownWait(Option<(Arc<Board>, u64)>);

impl WaitBoard {
    /// A board whose changes `listener` is told of, under a lock: it must not wait, nor show a wait itself.
    pub(crate) fn new(listener: impl Fn(Option<&Waiting>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Board {
            waits: Mutex::default(),
            listener: Box::new(listener),
        })))
    }

    /// Shows a wait that has begun.
    pub(crate) fn show(
        &self,
        method: &str,
        reason: WaitReason,
        until: Option<Instant>,
    ) -> ShownWait {
        ShownWait(self.0.as_ref().map(|board| {
            let mut waits = board.waits();
            waits.begun += 1;
            let id = waits.begun;
            waits.open.insert(id, Waiting::new(method, reason, until));
            (board.listener)(waits.shown());
            drop(waits);
            (Arc::clone(board), id)
        }))
    }

    /// What is waited for now.
    pub(crate) fn shown(&self) -> Option<Waiting> {
        self.0.as_ref()?.waits().shown().cloned()
    }
}

impl Board {
    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waits {
    /// The one of several waits that says the most: a rate limit is met by every busy list.
    fn shown(&self) -> Option<&Waiting> {
        self.open.values().max_by_key(|waiting| {
            let weight = match waiting.reason {
                WaitReason::RateLimit => 0,
                WaitReason::AccessToken => 1,
                WaitReason::Retry(_) | WaitReason::Reconnect(_) => 2,
                WaitReason::OperatingTime => 3,
            };
            (weight, waiting.until)
        })
    }
}

impl Drop for ShownWait {
    fn drop(&mut self) {
        if let Some((board, id)) = self.0.take() {
            let mut waits = board.waits();
            waits.open.remove(&id);
            (board.listener)(waits.shown());
        }
    }
}

impl fmt::Debug for WaitBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitBoard").field(&self.shown()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_seconds_and_no_more_than_two_units() {
        let said =
            [0.2, 58.0, 60.0, 131.4, 3600.0, 3900.0].map(|s| in_words(Duration::from_secs_f64(s)));
        assert_eq!(
            said,
            ["1 s", "58 s", "1 min", "2 min 12 s", "1 h", "1 h 5 min"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_waits_the_one_is_shown_that_says_the_most() {
        let last = Arc::new(Mutex::new(None));
        let told = Arc::clone(&last);
        let board = WaitBoard::new(move |waiting| *told.lock().unwrap() = waiting.cloned());
        let shown = || last.lock().unwrap().as_ref().map(ToString::to_string);
        let soon = Instant::now() + Duration::from_secs(8);
        let _limit = board.show("crm.deal.list", WaitReason::RateLimit, None);
        assert_eq!(shown().as_deref(), Some("rate limit"));
        let retry = board.show("crm.deal.list", WaitReason::Retry(5), Some(soon));
        assert_eq!(shown().as_deref(), Some("retry 5 in 8 s"));
        let operating = board.show("crm.deal.list", WaitReason::OperatingTime, Some(soon));
        assert_eq!(shown().as_deref(), Some("operating time: 8 s left"));
        drop(operating);
        drop(retry);
        assert_eq!(shown().as_deref(), Some("rate limit"));
    }
}
