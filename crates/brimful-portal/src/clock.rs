//! The portal's clock: one seam for time, so that a test can pause it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Unix time that moves with tokio's clock: it stands still where a test pauses that.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    base: f64,
    skew: Skew,
    began: Instant,
    zone: i32,
}

/// By how many seconds a clock is fast, for now. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skew(Arc<AtomicU64>);

impl Skew {
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
            skew: Skew::default(),
            began: Instant::now(),
            zone,
        }
    }

    /// The same clock, `skew` more off.
    pub(crate) fn with_skew(mut self, skew: &Skew) -> Self {
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
        let local = unix.floor() as i64 + i64::from(self.zone);
        let (year, month, day) = civil(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        let sign = if self.zone < 0 { '-' } else { '+' };
        let zone = self.zone.unsigned_abs() / 60;
        let mut text = String::with_capacity(25);
        let _ = write!(
            text,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            zone / 60,
            zone % 60,
        );
        text
    }
}

/// The date of the day `days` after 1970-01-01, by the usual count of days from March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
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
        let skew = Skew::default();
        let clock = clock.with_skew(&skew);
        skew.set(-60.0);
        assert_eq!(clock.unix(Instant::now()), 946.5);
    }
}
