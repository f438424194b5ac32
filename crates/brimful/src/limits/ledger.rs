//! The ledger: the operating time of each method, as the portal tells it, and the calls that are held back for it.
//!
//! A portal sums the time it spends in a method over ten minutes and refuses the method above a limit, or bans it for
//! five minutes (Bitrix24 REST documentation, "Limits": 480 s in ten minutes). It reports the sum with each reply, so the last report counts and nothing
//! is added to it but what is expected of the calls on their way. Who is charged for a batch differs between portals:
//! the method `batch`, its commands, or both. Whatever is reported is kept under its own name, and what is never
//! reported never holds anything back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brimful_protocol::Time;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use super::MethodLimit;
use crate::waits::{WaitBoard, WaitLog, WaitReason};

/// How far back the portal's sum reaches: no wait for it can be longer.
const WINDOW: Duration = Duration::from_secs(600);
/// By how much a reset may lie behind the window, for the rounding of two times.
const ROUNDING: Duration = Duration::from_secs(5);
/// When a call finds out how the sum stands, where the portal has refused the method or names a reset that cannot be: the
/// first one after so long, the next ones after so much longer. A reset far ahead may be wrong.
const PROBES: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(240),
];

/// The first wait for a method that was refused before it ever reported, and how long the waits may grow: the window
/// of the portal's sum is ten minutes.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The reset time is in whole seconds.
const MARGIN: Duration = Duration::from_secs(1);
/// Calls on their way may take so many times as long as calls did before. Beyond that, calls of the method go one after
/// the other, so that each knows the sum before it.
const CAREFUL: f64 = 1.25;
/// Seconds that are left unused, but no more than this share of the limit: the sum is told when a call ends, and others
/// may use the method too.
const SPARE: f64 = 5.0;
const SPARE_SHARE: f64 = 0.01;
/// A request that may ask for less is sent with this share of its calls, rather than waiting for a reset.
const WORTHWHILE: f64 = 0.1;
/// A request that finds out how the sum stands has this share of its calls: the others wait for it.
const PROBE: f64 = 0.2;
/// What is believed of a limit that was learned and met again anyway.
const LOWERED: f64 = 0.9;

#[derive(Debug)]
pub(crate) struct Ledger {
    entries: Mutex<HashMap<Box<str>, MethodEntry>>,
    limit: Duration,
    /// Something was told or came back.
    changed: Notify,
}

#[derive(Debug, Default)]
struct MethodEntry {
    /// The sum that was last told. `None` after a reset: the next call finds out.
    operating: Option<f64>,
    resets: Option<Instant>,
    /// The reset that was told lies further ahead than the sum reaches back.
    reset_is_absurd: bool,
    /// Since when the sum has been nearly used up.
    hold: Option<Hold>,
    /// Seconds that a call adds, as seen from report to report. Before the second report it is known to be no more.
    cost: f64,
    cost_is_guess: bool,
    /// The highest sum at which a call was not refused.
    allowed: f64,
    /// The portal's limit, where it showed to be lower than the client's.
    limit: Option<f64>,
    /// Calls that came back since the last report of another sum.
    settled: u32,
    /// Calls on their way.
    calls: u32,
    requests: u32,
    refusals: u32,
    blocked_until: Option<Instant>,
}

/// Calls of a method are held back because its sum is nearly used up.
#[derive(Debug)]
struct Hold {
    since: Instant,
    /// The sum it began with. It ends with a smaller one.
    operating: f64,
    /// When a call finds out how the sum stands, if the reset cannot be believed.
    probe: Instant,
    probes: usize,
}

/// A call that was held back for longer than it is tried.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HeldBack {
    pub(crate) method: Box<str>,
    pub(crate) waited: Duration,
}

/// Whether a request may go out with fewer calls than it is admitted with; see [`Ledger::room`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CallCount {
    #[default]
    Fixed,
    AtMost,
}

/// What a request is going to call: methods, and how often each.
pub(crate) type Calls = Arc<[(Box<str>, u32)]>;

/// Calls on their way. Dropped when they have come back.
#[derive(Debug)]
pub(crate) struct Charge {
    ledger: Arc<Ledger>,
    calls: Calls,
}

enum Admission {
    Go,
    /// The sum is nearly used up until then.
    Until(Instant),
    /// Another call is on its way that will tell how the sum stands.
    AfterOthers,
}

/// How a wait is told of.
pub(crate) struct WaitReporters<'a> {
    pub(crate) log: &'a WaitLog,
    pub(crate) board: &'a WaitBoard,
}

impl Ledger {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            entries: Mutex::default(),
            limit,
            changed: Notify::new(),
        }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits until `calls` may be made, or until `give_up`: a method whose operating time is nearly used up waits for
    /// its reset, without holding anything that other methods need. `is_final`: a wait that ends after `give_up` is not
    /// begun, since nothing is called any more then.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        calls: &Calls,
        count: CallCount,
        give_up: Option<Instant>,
        is_final: bool,
        reporters: &WaitReporters<'_>,
    ) -> Result<Charge, HeldBack> {
        let asked = Instant::now();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that nothing is missed between the look and the wait.
            changed.as_mut().enable();
            let (method, verdict) = self.look(calls, count);
            let until = match verdict {
                Admission::Go => {
                    return Ok(Charge {
                        ledger: Arc::clone(self),
                        calls: Arc::clone(calls),
                    });
                }
                Admission::Until(at) => Some(at),
                Admission::AfterOthers => None,
            };
            // A wait that ends too late is not begun.
            if is_final && until > give_up && give_up.is_some() {
                return Err(HeldBack {
                    method: method.into(),
                    waited: asked.elapsed(),
                });
            }
            let _shown = until.map(|at| {
                debug!(?calls, wait = ?at.saturating_duration_since(Instant::now()), "waiting for operating time");
                reporters.log.operating(method, at);
                reporters
                    .board
                    .show(method, WaitReason::OperatingTime, Some(at))
            });
            tokio::select! {
                () = sleep_until(until) => {}
                () = changed => {}
                () = sleep_until(give_up) => {
                    return Err(HeldBack {
                        method: method.into(),
                        waited: asked.elapsed(),
                    });
                }
            }
        }
    }

    /// Whether `calls` may be made, and the method that stands in the way if not.
    fn look<'a>(&self, calls: &'a Calls, fixed: CallCount) -> (&'a str, Admission) {
        let now = Instant::now();
        let limit = self.limit.as_secs_f64();
        let mut entries = self.entries();
        for (method, count) in &**calls {
            if let Some(entry) = entries.get_mut(method) {
                match entry.look(now, limit, *count, fixed) {
                    Admission::Go => {}
                    not_yet => return (method, not_yet),
                }
            }
        }
        for (method, count) in &**calls {
            let entry = entries.entry(method.clone()).or_default();
            entry.calls += count;
            entry.requests += 1;
            if let Some(hold) = entry.hold.as_mut().filter(|hold| hold.probe <= now) {
                // This call finds out.
                hold.probes += 1;
                let next = PROBES.get(hold.probes).or(PROBES.last());
                hold.probe = now + next.copied().unwrap_or(WINDOW);
            }
        }
        ("", Admission::Go)
    }

    /// Whether so many calls of `method` would be admitted at once.
    pub(crate) fn is_open_for(&self, method: &str, calls: u32) -> bool {
        let (now, limit) = (Instant::now(), self.limit.as_secs_f64());
        let mut entries = self.entries();
        let verdict = entries
            .get_mut(method)
            .map(|entry| entry.look(now, limit, calls, CallCount::Fixed));
        matches!(verdict, None | Some(Admission::Go))
    }

    /// How many calls of `method` a request may hold that was admitted with `count` of them: one at the least.
    pub(crate) fn room(&self, method: &str, count: u32) -> usize {
        let limit = self.limit.as_secs_f64();
        let entries = self.entries();
        let Some(entry) = entries.get(method) else {
            return usize::MAX;
        };
        if entry.cost == 0.0 || entry.cost_is_guess {
            return usize::MAX;
        }
        let Some(operating) = entry.operating else {
            // It finds out how the sum stands, and others wait for it.
            return (PROBE * f64::from(count)).ceil() as usize;
        };
        let others = CAREFUL * entry.cost * f64::from(entry.calls.saturating_sub(count));
        let left = entry.budget(limit) - operating - entry.untold() - others;
        ((left / entry.cost) as usize).max(1)
    }

    /// Notes what a reply says of `method`, of which it answers so many calls.
    pub(crate) fn note(&self, method: &str, time: &Time, calls: u32) {
        // The portal's clock is not ours: only the distance between two of its own times is used.
        let left = match (time.operating_reset_at, time.finish.or(time.start)) {
            (Some(reset), Some(now)) => Some(reset - now),
            _ => None,
        };
        let furthest = (WINDOW + ROUNDING).as_secs_f64();
        let is_absurd = left.is_some_and(|left| left > furthest);
        let resets = left
            .filter(|left| (0.0..=furthest).contains(left))
            .map(|left| Instant::now() + Duration::from_secs_f64(left) + MARGIN);
        {
            let mut entries = self.entries();
            let entry = match entries.get_mut(method) {
                Some(entry) => entry,
                None => entries.entry(method.into()).or_default(),
            };
            entry.refusals = 0;
            if resets.is_some() || is_absurd {
                entry.resets = resets;
                entry.reset_is_absurd = is_absurd;
            }
            if let Some(operating) = time.operating.filter(|seconds| seconds.is_finite()) {
                entry.settled += calls;
                entry.told(operating, calls);
            }
        }
        self.changed.notify_waiters();
    }

    /// `method` was refused for its operating time: how long until it may be tried again. Until then its calls are
    /// held back.
    pub(crate) fn refused(&self, method: &str) -> Duration {
        let now = Instant::now();
        let mut entries = self.entries();
        let entry = entries.entry(method.into()).or_default();
        // Refused together: one and the same wait.
        if let Some(until) = entry.blocked_until.filter(|until| *until > now) {
            return until - now;
        }
        entry.refusals = entry.refusals.saturating_add(1);
        entry.hold = None;
        let known = entry
            .resets
            .map(|at| at.saturating_duration_since(now))
            .filter(|wait| !wait.is_zero());
        // A reset that did not help was only the first part of the sum to expire: the next try comes later.
        let grown = FIRST_WAIT
            .mul_f64(1.5f64.powi(entry.refusals.min(16) as i32 - 1))
            .min(LONGEST_WAIT);
        let probe = PROBES.get(entry.refusals as usize - 1).unwrap_or(&WINDOW);
        let wait = known.map_or(grown, |known| known.min(*probe)).max(MARGIN);
        entry.blocked_until = Some(now + wait);
        if let Some(operating) = entry.operating.take() {
            // It was refused with so much, and was not with what it had when the last call ran: the portal allows less
            // than was thought.
            let believed = entry.limit.unwrap_or(self.limit.as_secs_f64());
            let met = if entry.allowed < believed && entry.allowed > entry.cost {
                entry.allowed
            } else {
                operating.min(LOWERED * believed)
            };
            entry.limit = Some(met.max(SPARE).max(entry.cost));
        }
        wait
    }

    pub(crate) fn standing(&self) -> Vec<MethodLimit> {
        let now = Instant::now();
        let ahead = |at: Option<Instant>| at.filter(|at| *at > now).map(|at| at - now);
        let mut methods: Vec<MethodLimit> = self
            .entries()
            .iter()
            .filter(|(_, entry)| {
                entry.resets.is_some() || entry.reset_is_absurd || entry.blocked_until.is_some()
            })
            .map(|(method, entry)| MethodLimit {
                method: method.to_string(),
                operating: seconds(entry.operating.unwrap_or(0.0)),
                pending: seconds(entry.cost * f64::from(entry.calls)),
                resets_in: ahead(entry.resets),
                blocked_for: ahead(entry.blocked_until),
            })
            .collect();
        methods.sort_by(|a, b| a.method.cmp(&b.method));
        methods
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Box<str>, MethodEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what a portal says or is expected to say: negative or beyond all bounds is none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

impl MethodEntry {
    /// Seconds of the limit that are used.
    fn budget(&self, limit: f64) -> f64 {
        let limit = self.limit.map_or(limit, |met| met.min(limit));
        limit - SPARE.min(SPARE_SHARE * limit)
    }

    fn look(&mut self, now: Instant, limit: f64, count: u32, fixed: CallCount) -> Admission {
        if let Some(until) = self.blocked_until {
            if until > now {
                return Admission::Until(until);
            }
            self.blocked_until = None;
            self.operating = None;
        }
        if self.operating.is_some() && self.resets.is_some_and(|at| at <= now) {
            // Part of the sum is forgotten by now, and how much the next reply will tell.
            self.operating = None;
        }
        let Some(operating) = self.operating else {
            // Known to be charged once, and not known how it stands: one call finds out for all.
            return if self.cost > 0.0 && !self.cost_is_guess && self.requests > 0 {
                Admission::AfterOthers
            } else {
                Admission::Go
            };
        };
        let left = self.budget(limit) - operating - self.untold();
        let own = self.cost * f64::from(count);
        let others = self.cost * f64::from(self.calls);
        if CAREFUL * (own + others) <= left {
            return Admission::Go;
        }
        // A smaller request that fits beside the others, or a call that finds out what calls cost.
        let least = match fixed {
            CallCount::Fixed => own,
            CallCount::AtMost => (WORTHWHILE * own).max(self.cost),
        };
        if fixed == CallCount::AtMost && !self.cost_is_guess && CAREFUL * others + least <= left {
            return Admission::Go;
        }
        if self.requests > 0 {
            return Admission::AfterOthers;
        }
        if least <= left || self.cost_is_guess && left > 0.0 {
            return Admission::Go;
        }
        match self.held_until(now, operating) {
            Some(at) if at > now => Admission::Until(at),
            _ => Admission::Go,
        }
    }

    /// Until when a call waits that finds the sum nearly used up. A sum that has not fallen in all the time that it
    /// reaches back is not believed any more: then calls go one after the other until the portal refuses one.
    fn held_until(&mut self, now: Instant, operating: f64) -> Option<Instant> {
        let resets = self.resets;
        if resets.is_none() && !self.reset_is_absurd {
            return None;
        }
        let hold = self.hold.get_or_insert_with(|| Hold {
            since: now,
            operating,
            probe: now + PROBES[0],
            probes: 0,
        });
        let longest = hold.since + WINDOW + MARGIN;
        Some(resets.unwrap_or(hold.probe).min(longest))
    }

    /// The sum that a reply tells, with what so many calls of its own have added to it.
    fn told(&mut self, operating: f64, calls: u32) {
        if self
            .hold
            .as_ref()
            .is_some_and(|hold| operating < hold.operating)
        {
            self.hold = None;
        }
        match self.operating {
            // Told by a reply that was on its way together with the one that told more: its own calls come on top.
            Some(before) if operating <= before && self.requests > 0 => {}
            before => {
                if let Some(before) = before
                    && operating > before
                    && self.settled > 0
                {
                    let sample = (operating - before) / f64::from(self.settled);
                    self.cost = if self.cost == 0.0 || self.cost_is_guess {
                        sample
                    } else {
                        self.cost + 0.3 * (sample - self.cost)
                    };
                    self.cost_is_guess = false;
                } else if self.cost == 0.0 && operating > 0.0 && calls > 0 {
                    self.cost = operating / f64::from(calls);
                    self.cost_is_guess = true;
                }
                if before != Some(operating) {
                    self.settled = 0;
                }
                self.operating = Some(operating);
            }
        }
        if !self.cost_is_guess {
            // The last of its calls found as much as the others had used.
            let found = operating - self.cost * f64::from(calls);
            self.allowed = self.allowed.max(found);
        }
    }

    /// Seconds that calls have used which came back since the sum was told: no reply may have told of them yet.
    fn untold(&self) -> f64 {
        if self.cost_is_guess {
            0.0
        } else {
            self.cost * f64::from(self.settled)
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Charge {
    /// The request goes out with so many calls of `method`, where it was admitted with more.
    pub(crate) fn lower(&mut self, method: &str, calls: u32) {
        let too_many = |(charged, count): &&(Box<str>, u32)| **charged == *method && *count > calls;
        let Some((_, count)) = self.calls.iter().find(too_many) else {
            return;
        };
        if let Some(entry) = self.ledger.entries().get_mut(method) {
            entry.calls = entry.calls.saturating_sub(count - calls);
        }
        let lowered = |(charged, count): &(Box<str>, u32)| {
            let count = if **charged == *method { calls } else { *count };
            (charged.clone(), count)
        };
        self.calls = self.calls.iter().map(lowered).collect();
        self.ledger.changed.notify_waiters();
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        {
            let mut entries = self.ledger.entries();
            for (method, count) in &*self.calls {
                if let Some(entry) = entries.get_mut(method) {
                    entry.calls = entry.calls.saturating_sub(*count);
                    entry.requests = entry.requests.saturating_sub(1);
                }
            }
        }
        self.ledger.changed.notify_waiters();
    }
}
