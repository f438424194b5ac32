//! Faults to order: what goes wrong between a client and a portal, when a test wants it.
//!
//! A fault is drawn once for every request that the bucket lets in: from the queue first, then by the first rule that
//! fires.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::config::Statuses;
use crate::reply::Reply;
use crate::respond;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// 503 `QUERY_LIMIT_EXCEEDED`, although the bucket has room: somebody else shares the address.
    QueryLimit,
    /// 429 `OPERATION_TIME_LIMIT`.
    OperatingLimit,
    /// 401 `expired_token`.
    ExpiredToken,
    /// It takes this much longer, and then all is well.
    Delay(Duration),
    /// A status with an HTML page: 500, 502, 504.
    Status(u16, When),
    /// 200 with an HTML page.
    Html(When),
    /// 200 with an empty body.
    Empty(When),
    /// The connection is reset.
    Reset(When),
    /// After the work the body breaks off in the middle and the connection is closed.
    Truncated,
    /// After the work the body is half of what it should be, and says so: broken JSON in a whole response.
    HalfBody,
}

/// Whether the request was carried out before it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing ran.
    BeforeWork,
    /// All ran, only the reply is lost.
    AfterWork,
}

/// A standing order for faults.
#[derive(Debug, Clone)]
pub struct FaultRule {
    fault: Fault,
    trigger: Trigger,
    method: Option<String>,
    left: Option<u64>,
    seen: u64,
}

#[derive(Debug, Clone)]
enum Trigger {
    Every(u64),
    Chance(f64, fastrand::Rng),
}

/// The faults of a portal. A clone is the same schedule.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Schedule>>);

#[derive(Debug, Default)]
struct Schedule {
    queue: VecDeque<Fault>,
    rules: Vec<FaultRule>,
}

impl FaultRule {
    /// On every `n`-th request; every one for 0 and 1.
    pub fn every(n: u64, fault: Fault) -> Self {
        Self {
            fault,
            trigger: Trigger::Every(n.max(1)),
            method: None,
            left: None,
            seen: 0,
        }
    }

    /// On each request with this probability, by the seed.
    pub fn chance(probability: f64, seed: u64, fault: Fault) -> Self {
        let trigger = Trigger::Chance(probability, fastrand::Rng::with_seed(seed));
        Self {
            fault,
            trigger,
            method: None,
            left: None,
            seen: 0,
        }
    }

    /// Only on requests for this method (a batch is `batch`); others are not counted either.
    #[must_use]
    pub fn on(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// At most so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.left = Some(times);
        self
    }

    fn fires(&mut self, method: &str) -> bool {
        if self.left == Some(0)
            || self
                .method
                .as_deref()
                .is_some_and(|only| !only.eq_ignore_ascii_case(method))
        {
            return false;
        }
        self.seen += 1;
        let fires = match &mut self.trigger {
            Trigger::Every(n) => self.seen.is_multiple_of(*n),
            Trigger::Chance(probability, rng) => rng.f64() < *probability,
        };
        if fires && let Some(left) = &mut self.left {
            *left -= 1;
        }
        fires
    }
}

impl Faults {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a fault at the end of the queue: each request takes one.
    pub fn push(&self, fault: Fault) {
        self.schedule().queue.push_back(fault);
    }

    /// Adds a rule, asked after those before it.
    pub fn add(&self, rule: FaultRule) {
        self.schedule().rules.push(rule);
    }

    /// Takes all faults back that have not been played.
    pub fn clear(&self) {
        *self.schedule() = Schedule::default();
    }

    /// The fault of a request for `method`, if it has one.
    pub(crate) fn draw(&self, method: &str) -> Option<Fault> {
        let mut schedule = self.schedule();
        if let Some(fault) = schedule.queue.pop_front() {
            return Some(fault);
        }
        schedule
            .rules
            .iter_mut()
            .find_map(|rule| rule.fires(method).then(|| rule.fault.clone()))
    }
}

impl Fault {
    /// The reply that comes instead of any work.
    pub(crate) fn instead(&self, statuses: Statuses) -> Option<Reply> {
        let response = match self {
            Self::QueryLimit => respond::query_limit(),
            Self::OperatingLimit => respond::json_error(&respond::operation_time_limit()),
            Self::ExpiredToken => respond::json_error(&respond::expired_token(statuses)),
            Self::Status(status, When::BeforeWork) => page(*status),
            Self::Html(When::BeforeWork) => page(200),
            Self::Empty(When::BeforeWork) => Response::new(Bytes::new()),
            Self::Reset(When::BeforeWork) => return Some(Reply::Reset),
            _ => return None,
        };
        Some(response.into())
    }

    /// What becomes of the reply to work that was done.
    pub(crate) fn spoil(&self, response: Response<Bytes>) -> Reply {
        match self {
            Self::Status(status, When::AfterWork) => page(*status).into(),
            Self::Html(When::AfterWork) => page(200).into(),
            Self::Empty(When::AfterWork) => response.map(|_| Bytes::new()).into(),
            Self::Reset(When::AfterWork) => Reply::Reset,
            Self::Truncated => {
                let length = response.body().len() as u64;
                Reply::Truncated {
                    response: response.map(|body| half(&body)),
                    length,
                }
            }
            Self::HalfBody => response.map(|body| half(&body)).into(),
            _ => response.into(),
        }
    }
}

fn page(status: u16) -> Response<Bytes> {
    respond::html(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(faults: &Faults, methods: &[&str]) -> Vec<bool> {
        methods
            .iter()
            .map(|method| faults.draw(method).is_some())
            .collect()
    }

    #[test]
    fn the_queue_comes_before_the_rules() {
        let faults = Faults::default();
        faults.add(FaultRule::every(1, Fault::QueryLimit));
        faults.push(Fault::Truncated);
        assert_eq!(faults.draw("batch"), Some(Fault::Truncated));
        assert_eq!(faults.draw("batch"), Some(Fault::QueryLimit));
    }

    #[test]
    fn a_rule_fires_on_every_nth_request_for_its_method() {
        let faults = Faults::default();
        faults.add(FaultRule::every(2, Fault::QueryLimit).on("batch").times(2));
        let requests = [
            "batch", "profile", "Batch", "batch", "batch", "batch", "batch",
        ];
        assert_eq!(
            drawn(&faults, &requests),
            [false, false, true, false, true, false, false]
        );
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let draws = |seed| {
            let faults = Faults::default();
            faults.add(FaultRule::chance(0.3, seed, Fault::QueryLimit));
            drawn(&faults, &["batch"; 1000])
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let hits = draws(7).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&hits), "{hits}");
    }
}
