//! The gate: a slot in time for every request, so that the portal's counter never runs over.
//!
//! A portal counts requests per source address: one more for each, Y fewer per second, and above X it refuses (Bitrix24
//! REST documentation, "Limits": a leaky bucket). The gate keeps the same counter and grants a slot only when the counter has room. Only the waiter in
//! front waits for the counter; the others wait for their turn, so nobody wakes for nothing, and a waiter that gives up
//! simply leaves the queue.
//!
//! The queue is in order of priority; within a priority the jobs take turns (start-time fair queueing: a job that asks
//! for a hundred slots at once stands in the queue with one of them between any two of another job); within a job first
//! come is first served.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Limit, Priority};

/// Requests reach the portal later than they were sent, some more than others, and so closer together than they were
/// sent. As many slots as the portal's counter falls in this time are kept back, until replies show that requests are
/// faster.
const TRANSIT_SPREAD: Duration = Duration::from_millis(750);
/// The same at the least, whatever replies show.
const LEAST_TRANSIT_SPREAD: Duration = Duration::from_millis(60);
/// A new connection is opened by so many round trips before its first request goes out; and no round trip takes longer
/// than the fastest reply took.
const ROUND_TRIPS_OF_A_CONNECTION: u32 = 2;

/// What a 503 does to the rate, and what each success gives back of it.
const SLOWDOWN: f64 = 0.8;
const RECOVERY: f64 = 1.01;

/// The gate of one portal, shared by all clones of a client.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<GateState>,
}

#[derive(Debug)]
struct GateState {
    /// `None`: the portal has no limit.
    model: Option<CounterModel>,
    queue: BTreeMap<QueuePlace, Arc<Notify>>,
    /// Tells places apart that are equal otherwise.
    arrivals: u64,
    /// The turn of the last slot that was granted.
    turn: u64,
    in_flight: usize,
    /// How many requests may be in flight, for every caller who asked for fewer, and how many asked for each.
    slow: BTreeMap<usize, usize>,
    refusals: u64,
}

/// Where a waiter stands: the smallest place is in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct QueuePlace {
    priority: Priority,
    turn: u64,
    arrival: u64,
}

/// What asks for slots as one job.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rank {
    pub(crate) priority: Priority,
    /// The turn that the job's next slot may have.
    next_turn: Arc<AtomicU64>,
}

/// The client's copy of the portal's counter.
#[derive(Debug)]
struct CounterModel {
    limit: Limit,
    /// Y as it is believed now.
    rate: f64,
    /// Slots kept back for what requests overtake each other by.
    reserve: f64,
    /// Slots kept back besides; grows when the portal refuses.
    caution: f64,
    /// The fastest reply so far.
    fastest: Option<Duration>,
    level: f64,
    at: Instant,
    /// When the portal last refused a request that slowed the rate down.
    refused: Option<Instant>,
}

/// The right to send one request now, and its place among those in flight until it is dropped. Dropped before it was
/// spent, it goes back.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
    spent: bool,
}

/// How the gate stands; see [`crate::LimitsSnapshot`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct GateStatus {
    pub(crate) limit: Option<Limit>,
    pub(crate) rate: Option<f64>,
    pub(crate) free: Option<f64>,
    pub(crate) waiting: usize,
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: Option<usize>,
    pub(crate) refusals: u64,
}

impl Rank {
    pub(crate) fn of(priority: Priority) -> Self {
        Self {
            priority,
            next_turn: Arc::default(),
        }
    }
}

enum Step {
    Granted,
    /// In front, but the counter has no room for so long.
    Wait(Duration),
    Behind,
}

impl Gate {
    pub(crate) fn new(limit: Option<Limit>) -> Self {
        let model = limit.map(|limit| {
            let reserve = (limit.per_second * TRANSIT_SPREAD.as_secs_f64())
                .clamp(1.0, (limit.burst / 2.0).max(1.0));
            CounterModel {
                limit,
                rate: limit.per_second,
                reserve,
                caution: 0.0,
                fastest: None,
                level: 0.0,
                at: Instant::now(),
                refused: None,
            }
        });
        Self {
            state: Mutex::new(GateState {
                model,
                queue: BTreeMap::new(),
                arrivals: 0,
                turn: 0,
                in_flight: 0,
                slow: BTreeMap::new(),
                refusals: 0,
            }),
        }
    }

    /// Waits for a slot. Dropping the future gives the place in the queue up.
    pub(crate) async fn slot(self: &Arc<Self>, rank: &Rank) -> Slot {
        let waiter = self.enter(rank);
        loop {
            match self.step(waiter.place) {
                Step::Granted => {
                    return Slot {
                        gate: Arc::clone(self),
                        spent: false,
                    };
                }
                Step::Wait(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = waiter.woken.notified() => {}
                    }
                }
                Step::Behind => waiter.woken.notified().await,
            }
        }
    }

    fn enter<'a>(&'a self, rank: &'a Rank) -> Waiter<'a> {
        let woken = Arc::new(Notify::new());
        let mut state = self.state();
        let turn = rank.next_turn.load(Ordering::Relaxed).max(state.turn);
        rank.next_turn.store(turn + 1, Ordering::Relaxed);
        state.arrivals += 1;
        let place = QueuePlace {
            priority: rank.priority,
            turn,
            arrival: state.arrivals,
        };
        state.queue.insert(place, Arc::clone(&woken));
        Waiter {
            gate: self,
            rank,
            place,
            woken,
        }
    }

    fn step(&self, place: QueuePlace) -> Step {
        let mut state = self.state();
        let full = state.most_in_flight().is_some_and(|n| state.in_flight >= n);
        if full || state.queue.first_key_value().map(|(first, _)| *first) != Some(place) {
            return Step::Behind;
        }
        let now = Instant::now();
        if let Some(model) = &mut state.model {
            let wait = model.wait(now);
            if !wait.is_zero() {
                return Step::Wait(wait);
            }
            model.level += 1.0;
        }
        state.queue.remove(&place);
        state.turn = state.turn.max(place.turn);
        state.in_flight += 1;
        state.wake_first();
        Step::Granted
    }

    /// The portal refused a request for too many: somebody else uses the address too, or the model is wrong. The
    /// counter is where the portal says it is, and slots come more slowly for a while. Requests that were on their way
    /// together tell of one and the same excess: those sent before the last refusal slow nothing down again.
    pub(crate) fn refused(&self, sent: Instant) {
        let mut state = self.state();
        state.refusals += 1;
        let Some(model) = &mut state.model else {
            return;
        };
        let now = Instant::now();
        model.advance(now);
        model.level = model.limit.burst;
        if model.refused.is_some_and(|at| sent <= at) {
            return;
        }
        model.refused = Some(now);
        model.rate = (model.rate * SLOWDOWN).max(model.limit.per_second / 8.0);
        model.caution = (model.caution + 0.5).min(model.limit.burst / 4.0);
    }

    /// The portal took a request.
    pub(crate) fn accepted(&self) {
        if let Some(model) = &mut self.state().model
            && model.rate < model.limit.per_second
        {
            model.advance(Instant::now());
            model.rate = (model.rate * RECOVERY).min(model.limit.per_second);
        }
    }

    /// A reply came after so long: over an open connection no request needed longer than the fastest to reach the portal.
    pub(crate) fn answered(&self, took: Duration) {
        let mut state = self.state();
        let Some(model) = &mut state.model else {
            return;
        };
        if model.fastest.is_some_and(|fastest| fastest <= took) {
            return;
        }
        model.fastest = Some(took);
        let spread = took
            .saturating_mul(ROUND_TRIPS_OF_A_CONNECTION)
            .clamp(LEAST_TRANSIT_SPREAD, TRANSIT_SPREAD);
        model.reserve = (model.limit.per_second * spread.as_secs_f64()).min(model.reserve);
        state.wake_first();
    }

    /// The rate of slots in the long run, and how many could be had at once now; `None` without a limit.
    pub(crate) fn room(&self) -> Option<(f64, f64)> {
        let mut state = self.state();
        let model = state.model.as_mut()?;
        model.advance(Instant::now());
        Some((model.rate, (model.ceiling() - model.level).max(0.0)))
    }

    /// How long the first in the queue has to wait for a slot; `None` without a limit.
    pub(crate) fn next_slot(&self) -> Option<Duration> {
        let mut state = self.state();
        let model = state.model.as_mut()?;
        Some(model.wait(Instant::now()))
    }

    /// From now on at most `most` requests are in flight, until [`Gate::hasten`] takes it back.
    pub(crate) fn slow(&self, most: usize) {
        *self.state().slow.entry(most).or_default() += 1;
    }

    pub(crate) fn lift_in_flight_limit(&self, most: usize) {
        let mut state = self.state();
        if let Some(count) = state.slow.get_mut(&most) {
            *count -= 1;
            if *count == 0 {
                state.slow.remove(&most);
            }
        }
        state.wake_first();
    }

    /// How many requests may be in flight, where somebody asked for a limit to that.
    pub(crate) fn most_in_flight(&self) -> Option<usize> {
        self.state().most_in_flight()
    }

    pub(crate) fn standing(&self) -> GateStatus {
        let room = self.room();
        let state = self.state();
        GateStatus {
            limit: state.model.as_ref().map(|model| model.limit),
            rate: room.map(|(rate, _)| rate),
            free: room.map(|(_, free)| free),
            waiting: state.queue.len(),
            in_flight: state.in_flight,
            most_in_flight: state.most_in_flight(),
            refusals: state.refusals,
        }
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GateState {
    fn most_in_flight(&self) -> Option<usize> {
        self.slow.first_key_value().map(|(most, _)| *most)
    }

    fn wake_first(&self) {
        if let Some((_, woken)) = self.queue.first_key_value() {
            woken.notify_one();
        }
    }
}

impl CounterModel {
    fn advance(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level - elapsed * self.rate).max(0.0);
        self.at = now;
    }

    fn ceiling(&self) -> f64 {
        (self.limit.burst - self.reserve - self.caution).max(1.0)
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

/// A place in the queue; given up, it makes room.
struct Waiter<'a> {
    gate: &'a Gate,
    rank: &'a Rank,
    place: QueuePlace,
    woken: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if state.queue.remove(&self.place).is_some() {
            // A turn that was not used is not held against the job.
            let next = &self.rank.next_turn;
            next.store(
                next.load(Ordering::Relaxed).saturating_sub(1),
                Ordering::Relaxed,
            );
            state.wake_first();
        }
    }
}

impl Slot {
    /// The request goes out.
    pub(crate) fn spend(&mut self) {
        self.spent = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if !self.spent
            && let Some(model) = &mut state.model
        {
            model.advance(Instant::now());
            model.level = (model.level - 1.0).max(0.0);
        }
        state.wake_first();
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
        gate.slot(&Rank::default()).await.spend();
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
    async fn no_more_slots_are_kept_back_than_the_fastest_reply_shows_to_be_needed() {
        for (replies, at_once) in [
            (vec![], 48),
            (vec![90], 49),
            (vec![1100, 90, 400], 49),
            (vec![1], 49),
            (vec![1100], 48),
        ] {
            let gate = gate(50.0, 2.0);
            for reply in &replies {
                gate.answered(Duration::from_millis(*reply));
            }
            let mut granted = 0;
            while gate.next_slot() == Some(Duration::ZERO) {
                gate.slot(&Rank::default()).await.spend();
                granted += 1;
            }
            assert_eq!(granted, at_once, "replies after {replies:?} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_keeps_more_slots_back_whatever_the_fastest_reply_was() {
        let gate = gate(50.0, 2.0);
        gate.answered(Duration::from_millis(20));
        gate.refused(Instant::now());
        gate.answered(Duration::from_millis(10));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (_, room) = gate.room().unwrap();
        assert!((room - (50.0 - 0.12 - 0.5)).abs() < 1e-9, "{room}");
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_are_served_first_come_first_served() {
        let gate = gate(5.0, 2.0);
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiters = Vec::new();
        for i in 0..20 {
            let (gate, served) = (Arc::clone(&gate), Arc::clone(&served));
            waiters.push(tokio::spawn(async move {
                gate.slot(&Rank::default()).await.spend();
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
            gate.slot(&Rank::default()).await.spend();
        }
        let start = Instant::now();
        let impatient: Vec<_> = (0..10)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.slot(&Rank::default()).await.spend() })
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
        drop(gate.slot(&Rank::default()).await);
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

    /// Waiters that tell whom they belong to when they are served.
    async fn served(gate: &Arc<Gate>, asking: &[(&'static str, &Rank)]) -> Vec<&'static str> {
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiters = Vec::new();
        for (name, rank) in asking {
            let (gate, served, rank, name) = (
                Arc::clone(gate),
                Arc::clone(&served),
                (*rank).clone(),
                *name,
            );
            waiters.push(tokio::spawn(async move {
                gate.slot(&rank).await.spend();
                served.lock().unwrap().push(name);
            }));
            tokio::task::yield_now().await;
        }
        for waiter in waiters {
            waiter.await.unwrap();
        }
        Arc::try_unwrap(served).unwrap().into_inner().unwrap()
    }

    async fn drained(burst: f64, per_second: f64) -> Arc<Gate> {
        let gate = gate(burst, per_second);
        while gate.room().unwrap().1 >= 1.0 {
            gate.slot(&Rank::default()).await.spend();
        }
        gate
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_take_turns_however_much_each_asks_for() {
        let gate = drained(4.0, 1.0).await;
        let (export, report) = (Rank::default(), Rank::default());
        let asking: Vec<_> = std::iter::repeat_n(("export", &export), 6)
            .chain(std::iter::repeat_n(("report", &report), 2))
            .collect();
        let order = served(&gate, &asking).await;
        assert_eq!(
            order,
            [
                "export", "report", "export", "report", "export", "export", "export", "export"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_of_higher_priority_overtakes() {
        let gate = drained(4.0, 1.0).await;
        let (low, normal, high) = (
            Rank::of(Priority::Low),
            Rank::of(Priority::Normal),
            Rank::of(Priority::High),
        );
        let asking = [
            ("low", &low),
            ("normal", &normal),
            ("normal", &normal),
            ("high", &high),
        ];
        assert_eq!(
            served(&gate, &asking).await,
            ["high", "normal", "normal", "low"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slowed_down_no_more_requests_are_in_flight_than_were_asked_for() {
        let gate = Arc::new(Gate::new(None));
        gate.slow(2);
        let most = Arc::new(Mutex::new((0, 0)));
        let mut waiters = Vec::new();
        for _ in 0..20 {
            let (gate, most) = (Arc::clone(&gate), Arc::clone(&most));
            waiters.push(tokio::spawn(async move {
                let mut slot = gate.slot(&Rank::default()).await;
                slot.spend();
                {
                    let mut most = most.lock().unwrap();
                    most.0 += 1;
                    most.1 = most.1.max(most.0);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                most.lock().unwrap().0 -= 1;
            }));
        }
        let start = Instant::now();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(most.lock().unwrap().1, 2);
        assert_eq!(start.elapsed().as_secs(), 10);
        gate.lift_in_flight_limit(2);
        assert_eq!(gate.most_in_flight(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let gate = Arc::new(Gate::new(None));
        let start = Instant::now();
        for _ in 0..1000 {
            gate.slot(&Rank::default()).await.spend();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_next_to_nothing_is_a_long_wait_and_no_panic() {
        let gate = gate(1.0, 1e-30);
        gate.slot(&Rank::default()).await.spend();
        let second =
            tokio::time::timeout(Duration::from_secs(60), gate.slot(&Rank::default())).await;
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
