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
    /// When the portal last refused a request that slowed the rate down.
    refused: Option<Instant>,
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
                refused: None,
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
    /// counter is where the portal says it is, and slots come more slowly for a while. Requests that were on their way
    /// together tell of one and the same excess: those sent before the last refusal slow nothing down again.
    pub(crate) fn refused(&self, sent: Instant) {
        if let Some(mut model) = self.model() {
            let now = Instant::now();
            model.advance(now);
            model.level = model.limit.burst;
            if model.refused.is_some_and(|at| sent <= at) {
                return;
            }
            model.refused = Some(now);
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
            Duration::try_from_secs_f64(over / self.rate).unwrap_or(Duration::MAX)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use tokio::runtime::Builder;

    use super::*;

    fn gate(burst: f64, per_second: f64) -> Arc<Gate> {
        Arc::new(Gate::new(Some(Limit { burst, per_second })))
    }

    async fn sent_at(gate: &Arc<Gate>) -> Instant {
        gate.slot().await.spend();
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_then_slots_come_at_the_portals_rate() {
        let gate = gate(50.0, 2.0);
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..60 {
            at.push(sent_at(&gate).await - start);
        }
        let burst = at.iter().filter(|at| at.is_zero()).count();
        assert_eq!(burst, 48, "50 less the slots kept back");
        for pair in at[burst + 1..].windows(2) {
            let gap = pair[1].abs_diff(pair[0]);
            assert!(gap.abs_diff(Duration::from_millis(500)) < Duration::from_millis(3));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_are_served_first_come_first_served() {
        let gate = gate(5.0, 2.0);
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiters = Vec::new();
        for i in 0..20 {
            let (gate, served) = (Arc::clone(&gate), Arc::clone(&served));
            waiters.push(tokio::spawn(async move {
                gate.slot().await.spend();
                served.lock().unwrap().push(i);
            }));
            tokio::task::yield_now().await;
        }
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(*served.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_gives_its_place_to_the_next() {
        let gate = gate(4.0, 1.0);
        while gate.room().unwrap().1 >= 1.0 {
            gate.slot().await.spend();
        }
        let start = Instant::now();
        let impatient: Vec<_> = (0..10)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.slot().await.spend() })
            })
            .collect();
        tokio::task::yield_now().await;
        let patient = {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { sent_at(&gate).await })
        };
        tokio::task::yield_now().await;
        for waiter in &impatient {
            waiter.abort();
        }
        let waited = patient.await.unwrap() - start;
        assert!(
            waited <= Duration::from_millis(1002),
            "{waited:?}: not behind those who left"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_is_not_used_goes_back() {
        let gate = gate(10.0, 1.0);
        let before = gate.room().unwrap().1;
        drop(gate.slot().await);
        assert!((gate.room().unwrap().1 - before).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_slots_come_more_slowly_and_recover() {
        let gate = gate(50.0, 2.0);
        gate.refused(Instant::now());
        let (rate, room) = gate.room().unwrap();
        assert!((rate - 1.6).abs() < 1e-9, "lowered by a fifth");
        assert!(
            room.abs() < 1e-9,
            "the counter is where the portal says it is"
        );
        for _ in 0..100 {
            gate.accepted();
        }
        assert!((gate.room().unwrap().0 - 2.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let gate = Arc::new(Gate::new(None));
        let start = Instant::now();
        for _ in 0..1000 {
            gate.slot().await.spend();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_next_to_nothing_is_a_long_wait_and_no_panic() {
        let gate = gate(1.0, 1e-30);
        gate.slot().await.spend();
        let second = tokio::time::timeout(Duration::from_secs(60), gate.slot()).await;
        assert!(second.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_requests_that_went_out_together_slow_the_rate_once() {
        let gate = gate(50.0, 2.0);
        let sent = Instant::now();
        for _ in 0..10 {
            gate.refused(sent);
        }
        assert!((gate.room().unwrap().0 - 1.6).abs() < 1e-9);
    }

    /// The portal's counter, with the arrivals in their order: how high it came.
    fn highest(mut arrivals: Vec<f64>, per_second: f64) -> f64 {
        arrivals.sort_by(f64::total_cmp);
        let (mut level, mut last, mut highest) = (0.0_f64, 0.0, 0.0_f64);
        for at in arrivals {
            level = (level - (at - last) * per_second).max(0.0) + 1.0;
            last = at;
            highest = highest.max(level);
        }
        highest
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(24), ..ProptestConfig::default() })]

        #[test]
        fn a_lone_client_is_never_refused_and_no_slot_is_wasted(
            // A bucket that is not emptied within the time that requests may overtake each other by.
            (per_second, burst) in (1u32..8).prop_flat_map(|y| (Just(y), 2 * y + 3..100)),
            gaps in proptest::collection::vec(prop_oneof![4 => Just(0u64), 1 => 0u64..3_000], 1..250),
            transit in proptest::collection::vec(0u64..700, 250),
        ) {
            let (x, y) = (f64::from(burst), f64::from(per_second));
            let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let (asked, sent) = runtime.block_on(async {
                let gate = gate(x, y);
                let start = Instant::now();
                let mut waiters = Vec::new();
                let mut asked = Vec::new();
                for gap in &gaps {
                    if *gap > 0 {
                        tokio::time::sleep(Duration::from_millis(*gap)).await;
                    }
                    asked.push(start.elapsed().as_secs_f64());
                    let gate = Arc::clone(&gate);
                    waiters.push(tokio::spawn(async move { sent_at(&gate).await }));
                }
                let mut sent = Vec::new();
                for waiter in waiters {
                    sent.push((waiter.await.unwrap() - start).as_secs_f64());
                }
                (asked, sent)
            });
            let arrivals = sent.iter().zip(&transit).map(|(at, transit)| at + *transit as f64 / 1000.0).collect();
            prop_assert!(highest(arrivals, y) <= x + 1e-6, "the portal's counter ran over");

            // The counter as it would be if every slot were taken as early as the ceiling allows.
            let reserve = (y * TRANSIT_SPREAD.as_secs_f64()).clamp(1.0, (x / 2.0).max(1.0));
            let ceiling = (x - reserve).max(1.0);
            let (mut level, mut last) = (0.0_f64, 0.0_f64);
            for (asked, sent) in asked.iter().zip(&sent) {
                let now = asked.max(last);
                level = (level - (now - last) * y).max(0.0);
                let earliest = now + ((level + 1.0 - ceiling) / y).max(0.0);
                prop_assert!(*sent <= earliest + 0.005, "a slot at {earliest:.3} was given at {sent:.3}");
                level = (level - (earliest - now) * y).max(0.0) + 1.0;
                last = earliest;
            }
        }
    }
}
