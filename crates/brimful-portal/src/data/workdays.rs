//! The working days of users. Moments are Unix seconds.

/// A day that was begun.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Workday {
    pub(crate) start: i64,
    pub(crate) finish: Option<i64>,
    /// Since when it is interrupted.
    paused_at: Option<i64>,
    /// How long it was interrupted before.
    paused_for: i64,
}

impl Workday {
    pub(crate) fn begun(now: i64) -> Self {
        Self {
            start: now,
            finish: None,
            paused_at: None,
            paused_for: 0,
        }
    }

    /// The word for it in `timeman.*`.
    pub(crate) fn status(&self) -> &'static str {
        match (self.finish, self.paused_at) {
            (Some(_), _) => "CLOSED",
            (None, Some(_)) => "PAUSED",
            (None, None) => "OPENED",
        }
    }

    /// Goes on with a day that is interrupted or over; the time between counts as interrupted.
    pub(crate) fn go_on(&mut self, now: i64) {
        self.paused_for = self.paused(now);
        (self.finish, self.paused_at) = (None, None);
    }

    pub(crate) fn pause(&mut self, now: i64) {
        if self.finish.is_none() {
            self.paused_at.get_or_insert(now);
        }
    }

    pub(crate) fn close(&mut self, now: i64) {
        if self.finish.is_none() {
            self.paused_for = self.paused(now);
            self.paused_at = None;
            self.finish = Some(now);
        }
    }

    /// Seconds without work so far.
    pub(crate) fn paused(&self, now: i64) -> i64 {
        let since = self.paused_at.or(self.finish);
        self.paused_for + since.map_or(0, |since| (now - since).max(0))
    }

    /// Seconds of work; none before the day is over.
    pub(crate) fn worked(&self) -> i64 {
        self.finish
            .map_or(0, |finish| (finish - self.start - self.paused_for).max(0))
    }
}
