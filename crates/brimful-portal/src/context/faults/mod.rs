//! Faults to order: what goes wrong between a client and a portal, when a test wants it.
//!
//! Every request that the bucket lets in takes a fault from the queue or, if that is empty, that of the first rule that
//! fires. Rules that only add time do so beside each other and beside the fault.

mod fault;
mod parse;
mod rule;

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, FaultTiming};
pub use rule::FaultRule;

use crate::context::clock::ClockSkew;
use crate::context::spec;
use crate::context::spec::SpecError;
use parking_lot::{Mutex, MutexGuard};

/// The faults of a portal. A clone is the same schedule.
///
/// # The language
///
/// `503:5%, reset-after:every=7, 502-before:times=3, latency=50ms±20ms, truncated:2% on=batch; seed=42`
///
/// Entries are parted by commas or semicolons. Each is a fault and its options; the first option may follow a colon.
///
/// | fault | what comes |
/// |---|---|
/// | `503` | `QUERY_LIMIT_EXCEEDED`, although the bucket has room |
/// | `429` | `OPERATION_TIME_LIMIT` |
/// | `expired-token` (`401`) | 401 `expired_token` |
/// | `500-before`, `502-after`, any status from 400 to 599 | an HTML page before or after the work was done; `before` may be left out, except for 401, 429 and 503 |
/// | `html-before`, `html-after` | 200 with an HTML page |
/// | `empty-before`, `empty-after` | 200 with nothing |
/// | `reset-before`, `reset-after` | the connection ends without a reply, before or after the work |
/// | `truncated` (`reset-during`) | the connection ends in the middle of the reply |
/// | `half-body` | half of the reply, which says that it is whole |
/// | `slow-body=5s` | the reply comes piece by piece in so much time |
/// | `latency=50ms±20ms` | the reply comes later; adds to any other fault |
/// | `redirect=http://127.0.0.1:8025` | 302 to the same path there, on this machine; without an address to the one that was called |
///
/// These are played on single calls and on single commands of a batch, never on a batch as a whole. They are counted
/// where they change something, so `empty-page:every=7` is every seventh list that has rows.
///
/// | fault | what comes |
/// |---|---|
/// | `empty-page` | the page of a list is empty, without an error; `next` and `total` stay |
/// | `short-page` | some rows of the page are missing, a random number of them |
/// | `short-total`, `short-total=100` | `total` is half of what it should be, or at most 100; `next` stays |
/// | `endless-next` | the last page has a `next` as well |
/// | `ignore-start` | the first page comes, whichever was asked for |
/// | `operating-reset=1h` | `operating_reset_at` is an hour ahead |
/// | `operating=470s` | `operating` is 470 |
///
/// | option | on which requests |
/// |---|---|
/// | none | on every one |
/// | `5%` | with this chance |
/// | `every=7` | on the seventh, the fourteenth… |
/// | `times=3` | at most three times |
/// | `after=10` | not on the first ten |
/// | `on=batch`, `on=crm.lead.*`, <code>on=batch&#124;profile</code> | on those for these methods; others are not counted; for faults of single calls `batch` is any command of a batch |
///
/// `skew=+90s` is an entry of its own and puts the portal's clock wrong; `seed=42` makes chance repeatable (0 if it is
/// not given).
///
/// ```
/// use brimful_portal::{Faults, PortalConfig};
/// let config = PortalConfig::new().faults(Faults::parse("503:5%, slow-body=2s on=batch; seed=42")?);
/// # Ok::<(), brimful_portal::SpecError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    schedule: Arc<Mutex<Schedule>>,
    skew: ClockSkew,
}

#[derive(Debug, Clone, Default)]
struct Schedule {
    queue: VecDeque<Fault>,
    /// Those that calls and commands take, not requests.
    call_queue: VecDeque<Fault>,
    rules: Vec<FaultRule>,
    rng: fastrand::Rng,
    seed: u64,
}

/// What becomes of a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RequestFaults {
    /// The time that it takes longer.
    pub(crate) delay: Duration,
    /// What else goes wrong.
    pub(crate) fault: Option<Fault>,
    /// Whether anything was played.
    pub(crate) played: bool,
}

/// A rule and how often it has been asked and has fired.
pub(crate) struct RuleUsage {
    pub(crate) rule: String,
    pub(crate) seen: u64,
    pub(crate) played: u64,
}

impl Faults {
    /// The faults that a specification orders, see [`Faults`].
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let faults = Self::default();
        faults.set(spec)?;
        Ok(faults)
    }

    /// Takes back all faults and orders those of a specification. If that is wrong, nothing changes.
    pub fn set(&self, spec: &str) -> Result<(), SpecError> {
        let parsed = parse::parse(spec)?;
        let mut schedule = self.schedule();
        *schedule = Schedule {
            rules: parsed.rules,
            rng: fastrand::Rng::with_seed(parsed.seed),
            seed: parsed.seed,
            ..Schedule::default()
        };
        self.skew.set(parsed.skew);
        Ok(())
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock()
    }

    /// Puts a fault at the end of the queue: each request takes one. Faults of single calls have a queue of their own:
    /// each call or command that the first of them changes takes it.
    pub fn push(&self, fault: Fault) {
        let mut schedule = self.schedule();
        if fault.is_of_call() {
            schedule.call_queue.push_back(fault);
        } else {
            schedule.queue.push_back(fault);
        }
    }

    /// Adds a rule, asked after those before it.
    pub fn add(&self, rule: FaultRule) {
        self.schedule().rules.push(rule);
    }

    /// Takes all faults back that have not been played, and puts the clock right.
    pub fn clear(&self) {
        *self.schedule() = Schedule::default();
        self.skew.set(0.0);
    }

    /// The faults that were never played since they were ordered: those still in the queues, and rules that have not fired.
    ///
    /// ```
    /// use brimful_portal::{Fault, FaultRule, Faults};
    /// let faults = Faults::default();
    /// faults.push(Fault::QueryLimit);
    /// faults.add(FaultRule::every(3, Fault::Truncated));
    /// assert_eq!(faults.unplayed(), ["503", "truncated every=3"]);
    /// ```
    pub fn unplayed(&self) -> Vec<String> {
        let schedule = self.schedule();
        let queued = schedule.queue.iter().chain(&schedule.call_queue);
        let rules = schedule.rules.iter().filter(|rule| rule.played == 0);
        queued
            .map(ToString::to_string)
            .chain(rules.map(ToString::to_string))
            .collect()
    }

    /// The same orders, to be played separately from these.
    pub(crate) fn copy(&self) -> Self {
        let skew = ClockSkew::default();
        skew.set(self.skew.get());
        Self {
            schedule: Arc::new(Mutex::new(self.schedule().clone())),
            skew,
        }
    }

    /// By how much the portal's clock is wrong.
    pub(crate) fn skew(&self) -> &ClockSkew {
        &self.skew
    }

    /// How many faults are in the queue, and the account of each rule.
    pub(crate) fn account(&self) -> (usize, Vec<RuleUsage>) {
        let schedule = self.schedule();
        let rules = schedule.rules.iter().map(|rule| RuleUsage {
            rule: rule.to_string(),
            seen: rule.seen,
            played: rule.played,
        });
        let queued = schedule.queue.len() + schedule.call_queue.len();
        (queued, rules.collect())
    }

    /// What becomes of a request for `method`.
    pub(crate) fn draw(&self, method: &str) -> RequestFaults {
        let schedule = &mut *self.schedule();
        let mut drawn = RequestFaults::default();
        if let Some(fault) = schedule.queue.pop_front() {
            drawn.played = true;
            match rule::delay(&fault, &mut schedule.rng) {
                Some(delay) => drawn.delay = delay,
                None => drawn.fault = Some(fault),
            }
        }
        for rule in &mut schedule.rules {
            if rule.fault.is_of_call() {
                continue;
            }
            let only_time = matches!(rule.fault, Fault::Delay(_) | Fault::Latency { .. });
            if (only_time || !drawn.played_out()) && rule.fires(method) {
                drawn.played = true;
                match rule.delay() {
                    Some(delay) => drawn.delay = drawn.delay.saturating_add(delay),
                    None => drawn.fault = Some(rule.fault.clone()),
                }
            }
        }
        drawn
    }

    /// The faults of a call of `method`, alone or in a batch, among those that `applies` says change something; and
    /// the chance by which each does.
    pub(crate) fn draw_for_call(
        &self,
        method: &str,
        in_batch: bool,
        applies: impl Fn(&Fault) -> bool,
    ) -> Vec<(Fault, fastrand::Rng)> {
        let schedule = &mut *self.schedule();
        let mut drawn = Vec::new();
        if schedule.call_queue.front().is_some_and(&applies)
            && let Some(fault) = schedule.call_queue.pop_front()
        {
            drawn.push((fault, schedule.rng.fork()));
        }
        let names = [method, "batch"];
        let names = if in_batch { &names[..] } else { &names[..1] };
        for rule in &mut schedule.rules {
            if rule.fault.is_of_call() && applies(&rule.fault) && rule.fires_for(names) {
                drawn.push((rule.fault.clone(), rule.fork()));
            }
        }
        drawn
    }
}

impl RequestFaults {
    /// Whether there is a fault already, so that no further rule is asked.
    fn played_out(&self) -> bool {
        self.fault.is_some()
    }
}

/// The rules, as [`Faults::parse`] reads them; faults in the queue are not among them.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schedule = self.schedule();
        for (i, rule) in schedule.rules.iter().enumerate() {
            write!(f, "{}{rule}", if i == 0 { "" } else { ", " })?;
        }
        let skew = self.skew.get();
        if skew != 0.0 {
            let size = Duration::try_from_secs_f64(skew.abs()).unwrap_or_default();
            let sign = if skew < 0.0 { '-' } else { '+' };
            write!(f, "; skew={sign}{}", spec::spelled(size))?;
        }
        if schedule.seed != 0 {
            write!(f, "; seed={}", schedule.seed)?;
        }
        Ok(())
    }
}

impl FromStr for Faults {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        Self::parse(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(faults: &Faults, methods: &[&str]) -> Vec<bool> {
        methods
            .iter()
            .map(|method| faults.draw(method).played)
            .collect()
    }

    #[test]
    fn the_queue_comes_before_the_rules() {
        let faults = Faults::default();
        faults.add(FaultRule::every(1, Fault::QueryLimit));
        faults.push(Fault::Truncated);
        assert_eq!(faults.draw("batch").fault, Some(Fault::Truncated));
        assert_eq!(faults.draw("batch").fault, Some(Fault::QueryLimit));
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

    #[test]
    fn a_specification_played_twice_is_the_same_and_one_with_another_seed_is_not() {
        let draws = |spec: &str| -> Vec<RequestFaults> {
            let faults = Faults::parse(spec).unwrap();
            (0..500).map(|_| faults.draw("batch")).collect()
        };
        let spec = "503:10%, 500:10%, latency=50ms±20ms:30%";
        assert_eq!(draws(spec), draws(spec));
        assert_ne!(draws(spec), draws(&format!("{spec}; seed=1")));
    }

    #[test]
    fn latency_adds_to_latency_and_to_any_fault_and_stays_within_its_bounds() {
        let faults = Faults::parse("latency=50ms±20ms, latency=1s every=2, 503 every=4").unwrap();
        for request in 1..=100 {
            let drawn = faults.draw("profile");
            let more = Duration::from_secs(u64::from(request % 2 == 0));
            let rest = drawn.delay.checked_sub(more).unwrap();
            assert!((30..=70).contains(&rest.as_millis()), "{rest:?}");
            assert_eq!(drawn.fault.is_some(), request % 4 == 0);
        }
    }

    #[test]
    fn the_first_rule_that_fires_is_the_fault_and_those_behind_it_are_not_asked() {
        let faults = Faults::parse("503 every=2, 500 every=2").unwrap();
        let drawn: Vec<_> = (0..5).map(|_| faults.draw("batch").fault).collect();
        let internal = Some(Fault::Status(500, FaultTiming::BeforeWork));
        let limit = Some(Fault::QueryLimit);
        assert_eq!(drawn, [None, limit.clone(), internal, limit, None]);
    }

    #[test]
    fn methods_may_be_several_or_begin_alike() {
        let faults = Faults::parse("503 on=crm.lead.*|batch").unwrap();
        let requests = [
            "crm.lead.list",
            "CRM.LEAD.ADD",
            "crm.deal.list",
            "batch",
            "crm.lead",
            "é",
        ];
        assert_eq!(
            drawn(&faults, &requests),
            [true, true, false, true, false, false]
        );
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let faults = Faults::parse("503 every=3; skew=+90s; seed=7").unwrap();
        faults.push(Fault::HalfBody);
        assert!(faults.set("500, nonsense").is_err());
        assert_eq!(faults.to_string(), "503 every=3; skew=+90s; seed=7");
        assert_eq!(faults.draw("batch").fault, Some(Fault::HalfBody));
        faults.clear();
        assert_eq!(faults.to_string(), "");
    }
}
