//! The request-rate limit of R7-Office: so many requests of an address and an account in any stretch of time.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use brimful_r7_protocol::RateLimit;

/// With more callers than this, those without a recent request are forgotten.
const MAX_CALLERS: usize = 4096;

/// Counts the requests of each address and account in a sliding window.
#[derive(Debug)]
pub(super) struct WindowLimiter {
    limit: Option<RateLimit>,
    recent: HashMap<(IpAddr, u64), VecDeque<Duration>>,
}

impl WindowLimiter {
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            recent: HashMap::new(),
        }
    }

    /// Lets a request in at the time `now`, or says after how long to come again.
    pub(super) fn admit(
        &mut self,
        peer: IpAddr,
        account: u64,
        now: Duration,
    ) -> Result<(), Duration> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let is_over = |at: &Duration| now.saturating_sub(*at) >= limit.within;
        if self.recent.len() > MAX_CALLERS {
            self.recent
                .retain(|_, recent| recent.back().is_some_and(|last| !is_over(last)));
        }
        let recent = self.recent.entry((peer, account)).or_default();
        while recent.front().is_some_and(is_over) {
            recent.pop_front();
        }
        if recent.len() < limit.requests {
            recent.push_back(now);
            return Ok(());
        }
        let first = recent.front().copied().unwrap_or(now);
        Err(limit.within.saturating_sub(now.saturating_sub(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn five_hundred_come_in_within_any_ten_seconds_and_the_next_hears_when_to_come_again() {
        let mut window = WindowLimiter::new(Some(RateLimit::DOCUMENTED));
        let at = |seconds| Duration::from_secs(seconds);
        assert!((0..499).all(|_| window.admit(HERE, 1, at(0)).is_ok()));
        assert_eq!(window.admit(HERE, 1, at(3)), Ok(()));
        assert_eq!(window.admit(HERE, 1, at(3)), Err(at(7)));
        assert_eq!(window.admit(HERE, 2, at(3)), Ok(()), "another account");
        assert!((0..499).all(|_| window.admit(HERE, 1, at(10)).is_ok()));
        assert_eq!(window.admit(HERE, 1, at(10)), Err(at(3)));
    }
}
