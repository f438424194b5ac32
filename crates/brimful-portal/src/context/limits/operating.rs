//! The operating limiter: how long the handlers of each method have worked for each application or webhook within ten
//! minutes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::context::MethodName;

/// The limit of operating time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingLimit {
    /// What a method may use within ten minutes; above it the method is blocked.
    pub time: Duration,
    /// Which server it is.
    pub generation: LimiterGeneration,
}

/// The two kinds of operating limiter that are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimiterGeneration {
    /// Up to rest 26.250: `batch` itself is not counted, and a method is blocked until enough of its minutes expire.
    Expiring,
    /// About rest 26.500, and what is measured in the cloud: `batch` counts as a method with half its time, and a
    /// method that used too much is banned for 300 seconds and then has its whole budget again.
    #[default]
    Banning,
}

impl Default for OperatingLimit {
    /// 480 seconds, as documented, on the newer server.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(480),
            generation: LimiterGeneration::default(),
        }
    }
}

/// How long work counts, from the first call of its bucket on, unless the portal is told otherwise: ten minutes.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);
/// A window has so many buckets: minutes, in one of ten minutes.
const BUCKETS: f64 = 10.0;
/// The share of a window that a method is banned for: 300 seconds, in one of ten minutes.
const BAN: f64 = 0.5;
/// Work of one method in one request that is not longer than this is not counted at all.
const FLOOR: f64 = 0.1;
/// What `batch` itself weighs on the newer server.
const BATCH_WEIGHT: f64 = 0.5;
/// More ledgers than this, and those that have expired are forgotten.
const MANY: usize = 4096;

/// Who is charged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
    /// An application, by its `client_id`.
    Client(Arc<str>),
    /// A webhook, by its place in the configuration.
    Webhook(usize),
    /// Nobody: commands in batches of webhooks, of all webhooks of the portal together. A quirk of the server, which
    /// does not hand the webhook's ID down to the commands.
    Nobody,
}

/// The ledgers of all callers and methods.
#[derive(Debug)]
pub(crate) struct Operating {
    limit: Option<OperatingLimit>,
    /// How long work counts, in seconds.
    window: f64,
    ledgers: HashMap<(Entity, MethodName), Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    buckets: VecDeque<Bucket>,
    banned_until: Option<f64>,
}

#[derive(Debug)]
struct Bucket {
    minute: i64,
    first: f64,
    sum: f64,
}

/// What one request has used so far. It reaches the ledgers when the request is done.
#[derive(Debug, Default)]
pub(crate) struct RequestUsage {
    spent: Vec<Spent>,
}

#[derive(Debug)]
struct Spent {
    entity: Entity,
    method: MethodName,
    first: f64,
    sum: f64,
}

/// What `time` says about operating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Report {
    pub(crate) reset_at: i64,
    pub(crate) operating: f64,
}

impl Operating {
    pub(crate) fn new(limit: Option<OperatingLimit>, window: Duration) -> Self {
        Self {
            limit,
            window: window.as_secs_f64(),
            ledgers: HashMap::new(),
        }
    }

    /// Whether `method` may run for `entity` at `now`. The call that crosses the limit runs to its end; the next one
    /// is blocked.
    pub(crate) fn admit(&mut self, entity: &Entity, method: &MethodName, now: f64) -> bool {
        let Some(limit) = self.limit else { return true };
        let Some(ledger) = self.ledgers.get_mut(&(entity.clone(), method.clone())) else {
            return true;
        };
        if ledger.banned_until.is_some_and(|until| until > now) {
            return false;
        }
        ledger.banned_until = None;
        ledger.expire(now, self.window);
        if ledger.sum() <= limit.time.as_secs_f64() {
            return true;
        }
        if limit.generation == LimiterGeneration::Banning {
            ledger.buckets.clear();
            ledger.banned_until = Some(now + BAN * self.window);
        }
        false
    }

    pub(crate) fn limit(&self) -> Option<OperatingLimit> {
        self.limit
    }

    /// What every caller has used of every method, and until when the method is banned, sorted.
    pub(crate) fn used(&mut self, now: f64) -> Vec<(Entity, MethodName, f64, Option<f64>)> {
        let used = self.ledgers.iter_mut().map(|((entity, method), ledger)| {
            ledger.expire(now, self.window);
            let banned = ledger.banned_until.filter(|until| *until > now);
            (entity.clone(), method.clone(), ledger.sum(), banned)
        });
        let mut used: Vec<_> = used
            .filter(|(_, _, sum, banned)| *sum > 0.0 || banned.is_some())
            .collect();
        used.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
        used
    }

    /// What `batch` itself weighs; 0 where it is not counted.
    pub(crate) fn batch_weight(&self) -> f64 {
        match self.limit {
            Some(OperatingLimit {
                generation: LimiterGeneration::Banning,
                ..
            }) => BATCH_WEIGHT,
            _ => 0.0,
        }
    }

    /// The ledger and what the request itself has used, as `time` shows them.
    pub(crate) fn report(
        &mut self,
        meter: &RequestUsage,
        entity: &Entity,
        method: &MethodName,
        now: f64,
    ) -> Option<Report> {
        self.limit?;
        let own = meter
            .spent
            .iter()
            .find(|spent| spent.method == *method && spent.entity == *entity);
        let first = own.map_or(now, |own| own.first);
        let counted = own.map_or(0.0, |own| if own.sum > FLOOR { own.sum } else { 0.0 });
        let Some(ledger) = self.ledgers.get_mut(&(entity.clone(), method.clone())) else {
            return Some(Report {
                reset_at: (first + self.window) as i64,
                operating: counted,
            });
        };
        ledger.expire(now, self.window);
        let banned = ledger.banned_until.filter(|until| *until > now);
        let oldest = ledger.buckets.front().map_or(first, |bucket| bucket.first);
        Some(Report {
            reset_at: banned.unwrap_or(oldest + self.window) as i64,
            operating: ledger.sum() + counted,
        })
    }

    /// Enters a finished request.
    pub(crate) fn enter(&mut self, meter: RequestUsage, now: f64) {
        if self.limit.is_none() {
            return;
        }
        if self.ledgers.len() > MANY {
            self.ledgers.retain(|_, ledger| {
                ledger.expire(now, self.window);
                !ledger.buckets.is_empty() || ledger.banned_until.is_some_and(|until| until > now)
            });
        }
        for spent in meter.spent.into_iter().filter(|spent| spent.sum > FLOOR) {
            self.ledgers
                .entry((spent.entity, spent.method))
                .or_default()
                .add(spent.first, spent.sum, self.window / BUCKETS);
        }
    }
}

impl Ledger {
    fn add(&mut self, first: f64, sum: f64, bucket: f64) {
        let minute = (first / bucket).floor() as i64;
        if let Some(bucket) = self
            .buckets
            .iter_mut()
            .find(|bucket| bucket.minute == minute)
        {
            bucket.sum += sum;
            bucket.first = bucket.first.min(first);
        } else {
            let after = self
                .buckets
                .iter()
                .take_while(|bucket| bucket.minute < minute)
                .count();
            self.buckets.insert(after, Bucket { minute, first, sum });
        }
    }

    fn expire(&mut self, now: f64, window: f64) {
        self.buckets.retain(|bucket| bucket.first + window > now);
    }

    fn sum(&self) -> f64 {
        self.buckets.iter().map(|bucket| bucket.sum).sum()
    }
}

impl RequestUsage {
    /// Adds a finished call that began at `first` and took `time`, of which `weight` counts.
    pub(crate) fn add(
        &mut self,
        entity: &Entity,
        method: &MethodName,
        first: f64,
        time: Duration,
        weight: f64,
    ) {
        let sum = time.as_secs_f64() * weight;
        match self
            .spent
            .iter_mut()
            .find(|spent| spent.method == *method && spent.entity == *entity)
        {
            Some(spent) => spent.sum += sum,
            None => self.spent.push(Spent {
                entity: entity.clone(),
                method: method.clone(),
                first,
                sum,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "a paused clock is exact")]

    use super::*;

    const LIST: MethodName = std::borrow::Cow::Borrowed("crm.lead.list");
    const HOOK: Entity = Entity::Webhook(0);

    fn limiter(generation: LimiterGeneration) -> Operating {
        Operating::new(
            Some(OperatingLimit {
                time: Duration::from_secs(480),
                generation,
            }),
            WINDOW,
        )
    }

    fn work(limiter: &mut Operating, at: f64, seconds: f64) {
        let mut meter = RequestUsage::default();
        meter.add(&HOOK, &LIST, at, Duration::from_secs_f64(seconds), 1.0);
        limiter.enter(meter, at + seconds);
    }

    fn shown(limiter: &mut Operating, now: f64) -> Report {
        limiter
            .report(&RequestUsage::default(), &HOOK, &LIST, now)
            .unwrap()
    }

    #[test]
    fn a_tenth_of_a_second_of_work_is_not_counted() {
        let mut limiter = limiter(LimiterGeneration::Expiring);
        for i in 0..10_000 {
            work(&mut limiter, f64::from(i) * 0.01, 0.1);
        }
        assert_eq!(
            shown(&mut limiter, 100.0),
            Report {
                reset_at: 700,
                operating: 0.0
            }
        );
        work(&mut limiter, 100.0, 0.11);
        assert_eq!(
            shown(&mut limiter, 101.0),
            Report {
                reset_at: 700,
                operating: 0.11
            }
        );
    }

    #[test]
    fn the_floor_is_of_all_calls_of_a_method_in_a_request_together() {
        let mut limiter = limiter(LimiterGeneration::Expiring);
        let mut meter = RequestUsage::default();
        for i in 0..3 {
            meter.add(&HOOK, &LIST, f64::from(i), Duration::from_millis(50), 1.0);
        }
        assert_eq!(
            limiter.report(&meter, &HOOK, &LIST, 3.0).unwrap().operating,
            0.05 + 0.05 + 0.05
        );
        limiter.enter(meter, 3.0);
        assert!(shown(&mut limiter, 3.0).operating > 0.1);
    }

    #[test]
    fn the_call_that_crosses_the_limit_runs_and_the_next_is_blocked() {
        let mut limiter = limiter(LimiterGeneration::Expiring);
        work(&mut limiter, 0.0, 480.0);
        assert!(
            limiter.admit(&HOOK, &LIST, 481.0),
            "480 of 480 seconds are not above the limit"
        );
        work(&mut limiter, 481.0, 1.0);
        assert!(!limiter.admit(&HOOK, &LIST, 490.0));
        assert!(
            limiter.admit(&HOOK, &"crm.deal.list".into(), 490.0),
            "every method has a budget of its own"
        );
        assert!(
            limiter.admit(&Entity::Nobody, &LIST, 490.0),
            "and every caller"
        );
    }

    #[test]
    fn the_older_limiter_blocks_until_enough_minutes_have_expired() {
        let mut limiter = limiter(LimiterGeneration::Expiring);
        for minute in 0..9 {
            work(&mut limiter, f64::from(minute) * 60.0 + 5.0, 55.0);
        }
        assert!(!limiter.admit(&HOOK, &LIST, 604.0));
        assert_eq!(
            shown(&mut limiter, 604.0),
            Report {
                reset_at: 605,
                operating: 495.0
            }
        );
        assert!(limiter.admit(&HOOK, &LIST, 605.0));
        assert_eq!(
            shown(&mut limiter, 605.0),
            Report {
                reset_at: 665,
                operating: 440.0
            }
        );
    }

    #[test]
    fn the_newer_limiter_bans_for_300_seconds_and_then_gives_the_whole_budget_back() {
        let mut limiter = limiter(LimiterGeneration::Banning);
        work(&mut limiter, 0.0, 500.0);
        assert!(!limiter.admit(&HOOK, &LIST, 510.0));
        assert_eq!(
            shown(&mut limiter, 600.0),
            Report {
                reset_at: 810,
                operating: 0.0
            }
        );
        assert!(!limiter.admit(&HOOK, &LIST, 809.9));
        assert!(limiter.admit(&HOOK, &LIST, 810.0));
        assert_eq!(shown(&mut limiter, 810.0).operating, 0.0);
    }

    #[test]
    fn nothing_is_shown_or_blocked_where_the_limiter_is_off() {
        let mut limiter = Operating::new(None, WINDOW);
        work(&mut limiter, 0.0, 5000.0);
        assert!(limiter.admit(&HOOK, &LIST, 5000.0));
        assert_eq!(
            limiter.report(&RequestUsage::default(), &HOOK, &LIST, 5000.0),
            None
        );
    }
}
