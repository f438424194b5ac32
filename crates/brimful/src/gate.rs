//! The gate: a slot in time for every request, so that the portal's counter never runs over.
//!
//! A portal counts requests per source address: one more for each, Y fewer per second, and above X it refuses (facts:
//! leaky bucket). The gate keeps the same counter and grants a slot only when the counter has room. Waiters are served
//! first come, first served: the one in front waits for the counter, the others for their turn, so nobody wakes for
//! nothing, and a waiter that gives up simply leaves the queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The rate that a portal allows: a counter up to X, that falls by Y a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// X: how high the counter may stand.
    pub burst: f64,
    /// Y: by how much it falls in a second.
    pub per_second: f64,
}

impl Limit {
    /// All tariffs but Enterprise: 50 and 2 a second.
    pub const STANDARD: Self = Self {
        burst: 50.0,
        per_second: 2.0,
    };
    /// Enterprise: 250 and 5 a second.
    pub const ENTERPRISE: Self = Self {
        burst: 250.0,
        per_second: 5.0,
    };
}

/// Requests reach the portal later than they were sent, some more than others, and so closer together than they were
/// sent. As many slots as the portal's counter falls in this time are kept back.
const TRANSIT_SPREAD: Duration = Duration::from_millis(750);

/// What a 503 does to the rate, and what each success gives back of it.
const SLOWDOWN: f64 = 0.8;
const RECOVERY: f64 = 1.01;

/// The gate of one portal, shared by all clones of a client.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Held by the waiter in front. Tokio's mutex is fair.
    turn: tokio::sync::Mutex<()>,
    /// `None`: the portal has no limit.
    model: Option<Mutex<Model>>,
    /// Tells the waiter in front that the counter changed.
    changed: Notify,
}

/// The client's copy of the portal's counter.
#[derive(Debug)]
struct Model {
    limit: Limit,
    /// Y as it is believed now.
    rate: f64,
    /// Slots kept back; grows when the portal refuses.
    reserve: f64,
    level: f64,
    at: Instant,
}

/// The right to send one request now. Dropped unused, it goes back.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
    used: bool,
}

impl Gate {
    pub(crate) fn new(limit: Option<Limit>) -> Self {
        let model = limit.map(|limit| {
            let reserve = (limit.per_second * TRANSIT_SPREAD.as_secs_f64())
                .clamp(1.0, (limit.burst / 2.0).max(1.0));
            Mutex::new(Model {
                limit,
                rate: limit.per_second,
                reserve,
                level: 0.0,
                at: Instant::now(),
            })
        });
        Self {
            turn: tokio::sync::Mutex::new(()),
            model,
            changed: Notify::new(),
        }
    }

    /// Waits for a slot. Dropping the future gives the place in the queue up.
    pub(crate) async fn slot(self: &Arc<Self>) -> Slot {
        if self.model.is_some() {
            let _turn = self.turn.lock().await;
            loop {
                let changed = self.changed.notified();
                let Some(wait) = self.take() else { break };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = changed => {}
                }
            }
        }
        Slot {
            gate: Arc::clone(self),
            used: false,
        }
    }

    /// Takes a slot, or says how long until there is one.
    fn take(&self) -> Option<Duration> {
        let mut model = self.model()?;
        let now = Instant::now();
        let wait = model.wait(now);
        if wait.is_zero() {
            model.level += 1.0;
            None
        } else {
            Some(wait)
        }
    }

    /// The portal refused a request for too many: somebody else uses the address too, or the model is wrong. The
    /// counter is where the portal says it is, and slots come more slowly for a while.
    pub(crate) fn refused(&self) {
        if let Some(mut model) = self.model() {
            model.advance(Instant::now());
            model.level = model.limit.burst;
            model.rate = (model.rate * SLOWDOWN).max(model.limit.per_second / 8.0);
            model.reserve = (model.reserve + 0.5).min(model.limit.burst / 4.0).max(1.0);
        }
    }

    /// The portal took a request.
    pub(crate) fn accepted(&self) {
        if let Some(mut model) = self.model()
            && model.rate < model.limit.per_second
        {
            model.advance(Instant::now());
            model.rate = (model.rate * RECOVERY).min(model.limit.per_second);
        }
    }

    /// The rate of slots in the long run, and how many could be had at once now; `None` without a limit.
    pub(crate) fn room(&self) -> Option<(f64, f64)> {
        let mut model = self.model()?;
        model.advance(Instant::now());
        Some((model.rate, (model.ceiling() - model.level).max(0.0)))
    }

    fn model(&self) -> Option<MutexGuard<'_, Model>> {
        self.model
            .as_ref()
            .map(|model| model.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give_back(&self) {
        if let Some(mut model) = self.model() {
            model.advance(Instant::now());
            model.level = (model.level - 1.0).max(0.0);
        }
        self.changed.notify_waiters();
    }
}

impl Model {
    fn advance(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level - elapsed * self.rate).max(0.0);
        self.at = now;
    }

    fn ceiling(&self) -> f64 {
        (self.limit.burst - self.reserve).max(1.0)
    }

    fn wait(&mut self, now: Instant) -> Duration {
        self.advance(now);
        let over = self.level + 1.0 - self.ceiling();
        // Less than a nanosecond over is a rounding error, and would be slept for nothing.
        if over <= 1e-9 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(over / self.rate)
        }
    }
}

impl Slot {
    /// The request goes out.
    pub(crate) fn spend(mut self) {
        self.used = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.used {
            self.gate.give_back();
        }
    }
}
