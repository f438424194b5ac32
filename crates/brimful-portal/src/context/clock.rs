//! The portal's clock: one seam for time, so that a test can pause it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::context::moment;

/// Unix time that moves with tokio's clock: it stands still where a test pauses that.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    base: f64,
    skew: ClockSkew,
    began: Instant,
    zone: i32,
}

/// By how many seconds a clock is fast, for now. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClockSkew(Arc<AtomicU64>);

impl ClockSkew {
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, seconds: f64) {
        self.0.store(seconds.to_bits(), Ordering::Relaxed);
    }
}

impl Clock {
    /// A clock that shows `base` now, or the time of day where that is `None`, `skew` seconds off.
    pub(crate) fn new(base: Option<f64>, skew: f64, zone: i32) -> Self {
        let of_day = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0.0, |since| since.as_secs_f64())
        };
        Self {
            base: base.unwrap_or_else(of_day) + skew,
            skew: ClockSkew::default(),
            began: Instant::now(),
            zone,
        }
    }

    /// The same clock, `skew` more off.
    pub(crate) fn with_skew(mut self, skew: &ClockSkew) -> Self {
        self.skew = skew.clone();
        self
    }

    /// Unix seconds at `instant`.
    pub(crate) fn unix(&self, instant: Instant) -> f64 {
        self.base + self.skew.get() + instant.saturating_duration_since(self.began).as_secs_f64()
    }

    /// The time since the portal began: finer than Unix seconds, for the limiters.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// `unix` as ISO 8601 in the portal's zone: `2026-03-01T09:30:00+03:00`.
    pub(crate) fn iso(&self, unix: f64) -> String {
        let text = moment::iso_in(i64::from(self.zone), unix.floor() as i64);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The portal's zone, in seconds east of Greenwich.
    pub(crate) fn zone(&self) -> i32 {
        self.zone
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "a paused clock is exact")]

    use super::*;

    #[test]
    fn dates_are_iso_8601_in_the_zone_of_the_server() {
        let moscow = Clock::new(Some(0.0), 0.0, 3 * 3600);
        assert_eq!(moscow.iso(1_709_164_799.9), "2024-02-29T02:59:59+03:00");
        let newfoundland = Clock::new(Some(0.0), 0.0, -12_600);
        assert_eq!(newfoundland.iso(0.0), "1969-12-31T20:30:00-03:30");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_moves_with_tokio_and_only_with_it() {
        let clock = Clock::new(Some(1000.0), 5.0, 0);
        assert_eq!(clock.unix(Instant::now()), 1005.0);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.unix(Instant::now()), 1006.5);
        assert_eq!(clock.elapsed(), Duration::from_millis(1500));
        let skew = ClockSkew::default();
        let clock = clock.with_skew(&skew);
        skew.set(-60.0);
        assert_eq!(clock.unix(Instant::now()), 946.5);
    }
}
