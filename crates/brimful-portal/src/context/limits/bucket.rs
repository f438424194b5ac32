//! The leaky bucket in front of a cloud portal: one for each source address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// The request-rate limit: a counter that every HTTP request raises by one and that falls by `leak` a second. A request
/// that would take it above `capacity` is refused with 503 `QUERY_LIMIT_EXCEEDED`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// How far the counter may rise.
    pub capacity: f64,
    /// By how much it falls in a second.
    pub leak: f64,
    /// What a refused request does to the counter: nobody says, so both readings can be had.
    pub refused: RefusedRequests,
}

/// What a refused request does to the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefusedRequests {
    /// Nothing.
    #[default]
    NotCounted,
    /// It counts like any other, up to `capacity`: who keeps knocking is not let in.
    Counted,
}

impl RateLimit {
    /// Every tariff but Enterprise: 50 at once, 2 a second.
    pub const STANDARD: Self = Self::new(50.0, 2.0);
    /// Enterprise: 250 at once, 5 a second.
    pub const ENTERPRISE: Self = Self::new(250.0, 5.0);

    /// A limit of its own kind.
    pub const fn new(capacity: f64, leak: f64) -> Self {
        Self {
            capacity,
            leak,
            refused: RefusedRequests::NotCounted,
        }
    }

    /// The other reading: refused requests count as well.
    #[must_use]
    pub const fn counting_refused(mut self) -> Self {
        self.refused = RefusedRequests::Counted;
        self
    }
}

/// Sums of many small leaks are not exact; a request that is due to the microsecond is let in.
const TOLERANCE: f64 = 1e-6;

/// More addresses than this, and those whose bucket has run empty are forgotten.
const MANY: usize = 4096;

/// The buckets of all addresses.
#[derive(Debug)]
pub(crate) struct Buckets {
    limit: Option<RateLimit>,
    levels: HashMap<IpAddr, Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    level: f64,
    at: Duration,
}

impl Buckets {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            levels: HashMap::new(),
        }
    }

    pub(crate) fn limit(&self) -> Option<RateLimit> {
        self.limit
    }

    /// How full the bucket of each address is at the time `now`.
    pub(crate) fn levels(&self, now: Duration) -> impl Iterator<Item = (IpAddr, f64)> {
        let limit = self.limit.into_iter();
        limit.flat_map(move |limit| {
            let levels = self.levels.iter();
            levels.map(move |(peer, level)| (*peer, level.at_time(now, limit)))
        })
    }

    /// Whether a request from `peer` is let in at the time `now`.
    pub(crate) fn admit(&mut self, peer: IpAddr, now: Duration) -> bool {
        let Some(limit) = self.limit else { return true };
        if self.levels.len() > MANY {
            self.levels
                .retain(|_, level| level.at_time(now, limit) > 0.0);
        }
        let bucket = self.levels.entry(peer).or_insert(Level {
            level: 0.0,
            at: now,
        });
        let level = bucket.at_time(now, limit);
        let admitted = level + 1.0 <= limit.capacity + TOLERANCE;
        let raised = match (admitted, limit.refused) {
            (true, _) => level + 1.0,
            (false, RefusedRequests::Counted) => (level + 1.0).min(limit.capacity.max(level)),
            (false, RefusedRequests::NotCounted) => level,
        };
        *bucket = Level {
            level: raised,
            at: now,
        };
        admitted
    }
}

impl Level {
    fn at_time(self, now: Duration, limit: RateLimit) -> f64 {
        (self.level - limit.leak * now.saturating_sub(self.at).as_secs_f64()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn admitted(buckets: &mut Buckets, peer: IpAddr, at: f64, requests: usize) -> usize {
        (0..requests)
            .filter(|_| buckets.admit(peer, Duration::from_secs_f64(at)))
            .count()
    }

    #[test]
    fn fifty_requests_at_once_are_let_in_and_two_a_second_after_that() {
        let mut buckets = Buckets::new(Some(RateLimit::STANDARD));
        assert_eq!(admitted(&mut buckets, HERE, 0.0, 60), 50);
        assert_eq!(admitted(&mut buckets, HERE, 0.49, 1), 0);
        assert_eq!(admitted(&mut buckets, HERE, 0.5, 2), 1);
        assert_eq!(admitted(&mut buckets, HERE, 10.5, 60), 20);
    }

    #[test]
    fn requests_that_keep_to_the_leak_are_never_refused() {
        let mut buckets = Buckets::new(Some(RateLimit::new(50.0, 1.7)));
        assert_eq!(admitted(&mut buckets, HERE, 0.0, 50), 50);
        let refused = (1..=5000)
            .filter(|i| !buckets.admit(HERE, Duration::from_secs_f64(f64::from(*i) / 1.7)))
            .count();
        assert_eq!(refused, 0);
    }

    #[test]
    fn every_address_has_a_bucket_of_its_own() {
        let mut buckets = Buckets::new(Some(RateLimit::STANDARD));
        assert_eq!(admitted(&mut buckets, HERE, 0.0, 60), 50);
        assert_eq!(admitted(&mut buckets, THERE, 0.0, 60), 50);
    }

    #[test]
    fn refused_requests_fill_the_bucket_only_where_that_is_asked_for() {
        let mut buckets = Buckets::new(Some(RateLimit::new(10.0, 1.0).counting_refused()));
        assert_eq!(admitted(&mut buckets, HERE, 0.0, 20), 10);
        assert_eq!(
            admitted(&mut buckets, HERE, 0.9, 1),
            0,
            "the refusal at 0.9 puts the counter back to the brim"
        );
        assert_eq!(admitted(&mut buckets, HERE, 1.8, 1), 0);
        assert_eq!(admitted(&mut buckets, HERE, 2.8, 1), 1);
    }

    #[test]
    fn addresses_whose_bucket_is_empty_are_forgotten() {
        let mut buckets = Buckets::new(Some(RateLimit::STANDARD));
        for i in 0..=MANY as u32 {
            buckets.admit(IpAddr::V4(i.into()), Duration::ZERO);
        }
        buckets.admit(HERE, Duration::from_secs(1));
        assert_eq!(buckets.levels.len(), 1);
    }
}
