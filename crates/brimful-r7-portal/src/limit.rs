//! The request-rate limit of R7-Office: so many requests of an address and an account in any stretch of time.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use brimful_r7_protocol::RateLimit;

/// More callers than this, and those who have been silent are forgotten.
const MANY: usize = 4096;

/// When everybody came, as far back as the limit looks.
#[derive(Debug)]
pub(super) struct Window {
    limit: Option<RateLimit>,
    came: HashMap<(IpAddr, u64), VecDeque<Duration>>,
}

impl Window {
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            came: HashMap::new(),
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
        let gone = |at: &Duration| now.saturating_sub(*at) >= limit.within;
        if self.came.len() > MANY {
            self.came
                .retain(|_, came| came.back().is_some_and(|last| !gone(last)));
        }
        let came = self.came.entry((peer, account)).or_default();
        while came.front().is_some_and(gone) {
            came.pop_front();
        }
        if came.len() < limit.requests {
            came.push_back(now);
            return Ok(());
        }
        let first = came.front().copied().unwrap_or(now);
        Err(limit.within.saturating_sub(now.saturating_sub(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn five_hundred_come_in_within_any_ten_seconds_and_the_next_hears_when_to_come_again() {
        let mut window = Window::new(Some(RateLimit::DOCUMENTED));
        let at = |seconds| Duration::from_secs(seconds);
        assert!((0..499).all(|_| window.admit(HERE, 1, at(0)).is_ok()));
        assert_eq!(window.admit(HERE, 1, at(3)), Ok(()));
        assert_eq!(window.admit(HERE, 1, at(3)), Err(at(7)));
        assert_eq!(window.admit(HERE, 2, at(3)), Ok(()), "another account");
        assert!((0..499).all(|_| window.admit(HERE, 1, at(10)).is_ok()));
        assert_eq!(window.admit(HERE, 1, at(10)), Err(at(3)));
    }
}
