//! The one place that decides whether a call is sent again: from what the call does and how the attempt ended.
//!
//! | the attempt was | read | write |
//! |---|---|---|
//! | refused before it ran (503 limit, 429) | again | again |
//! | never sent (no connection) | again | again |
//! | unknown (timeout, reset, 5xx, half a reply, HTML) | again | error: unknown whether it ran |
//! | unknown (a whole reply that begins as JSON and is none) | again, twice | error: unknown whether it ran |
//! | answered | done, or the portal's error | done, or the portal's error |
//!
//! A write is treated as a read where it is sure to be done once only: with an `Idempotency-Key` of REST 3.0, or where
//! the caller says so.

use std::time::Duration;

use tokio::time::Instant;

use crate::effect::Effect;
use crate::error::Execution;

/// A call may have its token renewed so often: one that another process has stored may have expired too.
const MOST_TOKEN_RENEWALS: u32 = 2;
/// A call is sent on to another address so often.
const MOST_REDIRECTS: u32 = 2;
/// A link to a file may lead on so often: from the portal to where its files are.
const MOST_FILE_REDIRECTS: u32 = 5;
/// Commands of a batch that came back without having run are sent again so often.
const MOST_COMMAND_RETRIES: u32 = 20;
/// An answer that begins as JSON, is none and was not cut short, is asked for again so often: it is made of what the portal
/// has, a text in another encoding perhaps, and that stays.
const MOST_BROKEN_ANSWERS: u32 = 2;
/// A result in pages that do not fit together is read again so often.
const MOST_REREADS: u32 = 3;
/// An answer that only asks to wait is followed by another attempt so often, however short the waits are.
const MOST_WAITS_ASKED_FOR: u32 = 199;
/// A request that came to nothing after so long was cut for its length: it is not sent again as it is.
pub(crate) const CUT_AFTER: Duration = Duration::from_secs(10);

/// How often and how long a call is tried.
///
/// ```
/// use std::time::Duration;
/// let patient = brimful::Retry::default().attempts(30).deadline(Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    pub(crate) attempts: u32,
    pub(crate) first_contact_attempts: u32,
    pub(crate) base_delay: Duration,
    pub(crate) max_delay: Duration,
    pub(crate) deadline: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 14,
            first_contact_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(15),
            // Longer than the ten minutes after which any operating limit is over.
            deadline: Duration::from_secs(20 * 60),
        }
    }
}

impl Retry {
    /// No call is repeated that came to nothing. What the portal refused unrun is still sent when it may be: after the
    /// wait that a limit asks for, or with a new token.
    #[must_use]
    pub fn never() -> Self {
        Self {
            attempts: 1,
            first_contact_attempts: 1,
            ..Self::default()
        }
    }

    /// Attempts that may end without a proper answer (14 unless said otherwise). Refusals for a limit do not count:
    /// the portal has only asked to wait. Before the portal has ever answered properly it is tried at most three times,
    /// so that a wrong address says so soon.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self.first_contact_attempts = self.first_contact_attempts.min(self.attempts);
        self
    }

    /// The delay after the first attempt without an answer (250 ms), which doubles from there, and the longest one
    /// (15 s). Half of each delay is jitter.
    #[must_use]
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.base_delay = first;
        self.max_delay = longest.max(first);
        self
    }

    /// How long one call is tried in all, waits for limits between its attempts included (20 minutes).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The delay after the `failures`-th attempt without an answer; `jitter` is in `0..1`.
    pub(crate) fn delay(&self, failures: u32, jitter: f64) -> Duration {
        let full = self
            .base_delay
            .saturating_mul(1 << failures.saturating_sub(1).min(16))
            .min(self.max_delay);
        full.mul_f64(0.5 + 0.5 * jitter)
    }
}

/// Whether a call that has failed so far may be sent again.
pub(crate) fn may_repeat(effect: Effect, ran: Execution) -> bool {
    match ran {
        Execution::NotRun => true,
        Execution::Unknown => effect == Effect::Read,
        Execution::Ran => false,
    }
}

/// Why an attempt did not succeed, as far as it matters for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Refused before it ran, because of the portal's rate limit. `gated`: the next slot of the gate is the wait.
    RateLimited {
        /// The portal's rate is kept by a gate.
        gated: bool,
    },
    /// Refused before it ran, by an answer that says how long to wait.
    AskedToWait(Duration),
    /// Refused before it ran, because the method has used up its operating time: for so long.
    OperatingTimeUsedUp(Duration),
    /// No proper answer came; `ran` says whether the call may have run. Before its first contact the portal is tried
    /// less often, so that a wrong address is said soon.
    NoAnswer {
        /// Whether the call may have run.
        ran: Execution,
        /// The portal has not answered anything yet.
        first_contact: bool,
    },
    /// An answer came whole, began as JSON and was none; `ran` says whether the call may have run.
    BrokenAnswer {
        /// Whether the call may have run.
        ran: Execution,
    },
    /// The access token was refused, so the call did not run.
    TokenRefused,
    /// The portal, or the file, is somewhere else.
    Redirected,
    /// A command came back without having run, in a batch that was answered.
    CommandNotRun,
    /// The pages of one result do not fit together.
    Inconsistent,
    /// The next answer would be the same.
    Final,
}

/// What is done after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// It is tried again after this time.
    RetryAfter(Duration),
    /// It is not tried again.
    GiveUp,
}

/// The attempts at one thing: a call, a file, a pair of tokens, the commands of a batch.
#[derive(Debug)]
pub struct RetryContext {
    policy: Retry,
    effect: Effect,
    most_redirects: u32,
    began: Option<Instant>,
    attempts: u32,
    failures: u32,
    renewals: u32,
    redirects: u32,
    command_retries: u32,
    broken_answers: u32,
    rereads: u32,
    waits_asked_for: u32,
}

impl RetryContext {
    /// For a call that does this to the portal's data.
    pub fn new(policy: Retry, effect: Effect) -> Self {
        Self {
            policy,
            effect,
            most_redirects: MOST_REDIRECTS,
            began: None,
            attempts: 0,
            failures: 0,
            renewals: 0,
            redirects: 0,
            command_retries: 0,
            broken_answers: 0,
            rereads: 0,
            waits_asked_for: 0,
        }
    }

    /// For a file.
    pub(crate) fn of_file(policy: Retry) -> Self {
        Self {
            most_redirects: MOST_FILE_REDIRECTS,
            ..Self::new(policy, Effect::Read)
        }
    }

    /// For tokens. Asking with the same grant again does no harm, so there is always a second time.
    pub(crate) fn of_tokens(policy: Retry) -> Self {
        let attempts = policy.attempts.max(2);
        Self::new(Retry { attempts, ..policy }, Effect::Read)
    }

    /// An attempt is sent. The wait for its first turn is no trying: where many calls are made at once it may be long.
    pub fn begin_attempt(&mut self) {
        self.began.get_or_insert_with(Instant::now);
        self.attempts += 1;
    }

    /// Something new came: what failed before it does not count any more.
    pub(crate) fn succeeded(&mut self) {
        *self = Self {
            most_redirects: self.most_redirects,
            ..Self::new(self.policy, self.effect)
        };
    }

    /// Attempts so far.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When trying ends; `None` if that is further away than time goes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.began?.checked_add(self.policy.deadline)
    }

    /// How long it has been tried.
    pub(crate) fn tried(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |at| at.elapsed())
    }

    /// Decides what is done after a failed attempt; `jitter` is in `0..1`.
    pub fn after(&mut self, failure: Failure, jitter: f64) -> RetryDecision {
        let count = |counter: &mut u32, most: u32| {
            *counter += 1;
            *counter <= most
        };
        let (allowed, wait) = match failure {
            Failure::RateLimited { gated: true } => (true, Duration::ZERO),
            Failure::RateLimited { gated: false } => {
                (true, self.policy.delay(self.attempts, jitter))
            }
            Failure::OperatingTimeUsedUp(wait) => (true, wait),
            Failure::AskedToWait(wait) => {
                (count(&mut self.waits_asked_for, MOST_WAITS_ASKED_FOR), wait)
            }
            Failure::NoAnswer { ran, first_contact } => {
                let attempts = if first_contact {
                    self.policy.first_contact_attempts
                } else {
                    self.policy.attempts
                };
                let allowed = count(&mut self.failures, attempts.saturating_sub(1))
                    && may_repeat(self.effect, ran);
                (allowed, self.policy.delay(self.failures, jitter))
            }
            Failure::BrokenAnswer { ran } => {
                let allowed = count(&mut self.broken_answers, MOST_BROKEN_ANSWERS)
                    && self.attempts < self.policy.attempts
                    && may_repeat(self.effect, ran);
                (allowed, self.policy.delay(self.broken_answers, jitter))
            }
            Failure::TokenRefused => (
                count(&mut self.renewals, MOST_TOKEN_RENEWALS),
                Duration::ZERO,
            ),
            Failure::Redirected => (
                count(&mut self.redirects, self.most_redirects),
                Duration::ZERO,
            ),
            Failure::CommandNotRun => (
                count(&mut self.command_retries, MOST_COMMAND_RETRIES),
                self.policy.delay(self.command_retries, jitter),
            ),
            Failure::Inconsistent => (count(&mut self.rereads, MOST_REREADS), Duration::ZERO),
            Failure::Final => (false, Duration::ZERO),
        };
        if allowed && self.tried().saturating_add(wait) <= self.policy.deadline {
            RetryDecision::RetryAfter(wait)
        } else {
            RetryDecision::GiveUp
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_ANSWER: Failure = Failure::NoAnswer {
        ran: Execution::Unknown,
        first_contact: false,
    };

    fn retries_until_it_gives_up(mut context: RetryContext, failure: Failure) -> u32 {
        let mut retries = 0;
        loop {
            context.begin_attempt();
            match context.after(failure, 1.0) {
                RetryDecision::RetryAfter(_) => retries += 1,
                RetryDecision::GiveUp => return retries,
            }
        }
    }

    #[test]
    fn each_kind_of_failure_is_retried_as_often_as_it_may_pass() {
        let read = || RetryContext::new(Retry::default(), Effect::Read);
        for (failure, retries) in [
            (NO_ANSWER, 13),
            (
                Failure::NoAnswer {
                    ran: Execution::Unknown,
                    first_contact: true,
                },
                2,
            ),
            (
                Failure::BrokenAnswer {
                    ran: Execution::Unknown,
                },
                2,
            ),
            (Failure::TokenRefused, 2),
            (Failure::Redirected, 2),
            (Failure::CommandNotRun, 20),
            (Failure::Inconsistent, 3),
            (Failure::AskedToWait(Duration::ZERO), 199),
            (Failure::Final, 0),
        ] {
            assert_eq!(
                retries_until_it_gives_up(read(), failure),
                retries,
                "{failure:?}"
            );
        }
        let file = RetryContext::of_file(Retry::default());
        assert_eq!(retries_until_it_gives_up(file, Failure::Redirected), 5);
        let tokens = RetryContext::of_tokens(Retry::never());
        assert_eq!(retries_until_it_gives_up(tokens, NO_ANSWER), 1);
    }

    #[test]
    fn a_write_with_an_unknown_outcome_is_not_retried_and_one_that_did_not_run_is() {
        let write = || RetryContext::new(Retry::default(), Effect::Write);
        assert_eq!(retries_until_it_gives_up(write(), NO_ANSWER), 0);
        let not_run = Failure::NoAnswer {
            ran: Execution::NotRun,
            first_contact: false,
        };
        assert_eq!(retries_until_it_gives_up(write(), not_run), 13);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_limits_are_bounded_by_the_deadline_alone() {
        let policy = Retry::default().deadline(Duration::from_secs(600));
        let mut context = RetryContext::new(policy, Effect::Write);
        let mut retries = 0;
        context.begin_attempt();
        let wait = Failure::OperatingTimeUsedUp(Duration::from_secs(10));
        while let RetryDecision::RetryAfter(wait) = context.after(wait, 1.0) {
            tokio::time::sleep(wait).await;
            context.begin_attempt();
            retries += 1;
        }
        assert_eq!(retries, 60);
        assert_eq!(context.tried(), Duration::from_secs(600));
    }

    #[test]
    fn what_failed_before_something_new_came_does_not_count() {
        let mut context = RetryContext::of_file(Retry::default());
        for _ in 0..13 {
            context.begin_attempt();
            assert_ne!(context.after(NO_ANSWER, 1.0), RetryDecision::GiveUp);
        }
        context.succeeded();
        assert_eq!(retries_until_it_gives_up(context, NO_ANSWER), 13);
    }
}
