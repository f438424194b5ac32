//! The rate limiter: at most so many requests in any stretch of time.
//!
//! The documentation says 500 requests in 10 seconds, and not how they are counted. A request takes its slot in the
//! window when it is sent, and frees it that time after its **answer** has come. The server counts a request between
//! these two moments, so no stretch of 10 seconds of the server's clock can hold more than 500, wherever the stretch
//! begins and however long requests are in flight.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brimful_r7_protocol::RateLimit;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The window of one portal and account, shared by all clones of a client.
#[derive(Debug)]
pub(super) struct Window {
    limit: Option<RateLimit>,
    state: Mutex<WindowState>,
    /// The queue for slots: its holder is next, the others wait in order of arrival.
    front: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct WindowState {
    in_flight: usize,
    /// When answers came, the oldest first: their requests are still in the window.
    answered: VecDeque<Instant>,
    /// The portal has asked to wait until then.
    closed_until: Option<Instant>,
}

/// The right to send one request; its slot in the window until long after it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    window: Arc<Window>,
    sent: bool,
}

impl Window {
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            front: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits for a slot. Dropping the future gives the slot in the queue up.
    pub(super) async fn slot(self: &Arc<Self>) -> Slot {
        let _front = self.front.lock().await;
        loop {
            match self.step(Instant::now()) {
                Ok(()) => {
                    return Slot {
                        window: Arc::clone(self),
                        sent: false,
                    };
                }
                Err(Some(at)) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at) => {}
                        () = self.changed.notified() => {}
                    }
                }
                Err(None) => self.changed.notified().await,
            }
        }
    }

    /// Takes a slot, or says when there may be one; `None`: when an answer comes.
    fn step(&self, now: Instant) -> Result<(), Option<Instant>> {
        let mut state = self.state();
        if let Some(until) = state.closed_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        if let Some(limit) = self.limit {
            while state
                .answered
                .front()
                .is_some_and(|at| now.saturating_duration_since(*at) >= limit.within)
            {
                state.answered.pop_front();
            }
            if state.in_flight + state.answered.len() >= limit.requests {
                let first = state.answered.front();
                return Err(first.map(|at| *at + limit.within));
            }
        }
        state.in_flight += 1;
        Ok(())
    }

    /// The portal has asked to wait so long before the next request.
    pub(super) fn close(&self, wait: Duration) {
        let mut state = self.state();
        // A header may say anything: wait at most a day before asking again.
        let until = Instant::now() + wait.min(Duration::from_secs(86_400));
        state.closed_until = Some(state.closed_until.map_or(until, |at| at.max(until)));
    }

    fn state(&self) -> MutexGuard<'_, WindowState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The request goes out: from now on the slot is used.
    pub(super) fn mark_sent(&mut self) {
        self.sent = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.window.state();
        state.in_flight -= 1;
        if self.sent && self.window.limit.is_some() {
            state.answered.push_back(Instant::now());
        }
        drop(state);
        self.window.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn window(requests: usize, seconds: u64) -> Arc<Window> {
        let within = Duration::from_secs(seconds);
        Arc::new(Window::new(Some(RateLimit { requests, within })))
    }

    #[tokio::test(start_paused = true)]
    async fn five_hundred_go_at_once_and_the_next_waits_until_the_first_has_left_the_window() {
        let window = Arc::new(Window::new(Some(RateLimit::DOCUMENTED)));
        let start = Instant::now();
        for _ in 0..500 {
            window.slot().await.mark_sent();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        window.slot().await.mark_sent();
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_leaves_the_window_after_its_answer_and_not_after_it_was_sent() {
        let window = window(1, 10);
        let mut slow = window.slot().await;
        slow.mark_sent();
        let start = Instant::now();
        tokio::time::sleep(Duration::from_secs(7)).await;
        drop(slow);
        window.slot().await.mark_sent();
        assert_eq!(start.elapsed(), Duration::from_secs(17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_not_used_goes_back_at_once() {
        let window = window(1, 10);
        let start = Instant::now();
        drop(window.slot().await);
        window.slot().await.mark_sent();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_is_sent_while_the_portal_asks_to_wait() {
        let window = Arc::new(Window::new(None));
        let start = Instant::now();
        window.close(Duration::from_secs(3));
        window.slot().await.mark_sent();
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: RngSeed::Fixed(5), ..ProptestConfig::default() })]

        #[test]
        fn no_stretch_of_the_servers_time_holds_more_than_the_limit(
            requests in 1usize..12,
            seconds in 1u64..12,
            // How long a request is under way until it is counted, and from there until it is answered.
            ways in proptest::collection::vec((0u64..4_000, 0u64..4_000), 1..80),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let mut counted = runtime.block_on(async {
                let window = window(requests, seconds);
                let start = Instant::now();
                let sent: Vec<_> = ways
                    .iter()
                    .map(|&(there, back)| {
                        let window = Arc::clone(&window);
                        tokio::spawn(async move {
                            let mut slot = window.slot().await;
                            slot.mark_sent();
                            tokio::time::sleep(Duration::from_millis(there)).await;
                            let counted = start.elapsed();
                            tokio::time::sleep(Duration::from_millis(back)).await;
                            counted
                        })
                    })
                    .collect();
                let mut counted = Vec::new();
                for one in sent {
                    counted.push(one.await.unwrap());
                }
                counted
            });
            counted.sort();
            for (first, last) in counted.iter().zip(counted.iter().skip(requests)) {
                prop_assert!(*last >= *first + Duration::from_secs(seconds), "{first:?} to {last:?}");
            }
        }
    }
}
