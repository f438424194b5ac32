//! A session with one portal: takes a slot, makes an attempt, reads the answer, and repeats as [`crate::retry`] allows.

mod answer;
mod permit;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brimful_protocol::rows::RowsError;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span};

use crate::auth::{Api, Auth, Pass};
#[cfg(feature = "cache")]
use crate::cache::Cache;
use crate::check::Checks;
use crate::effect::{self, Effect};
use crate::error::{Error, ErrorKind, Execution};
use crate::limits::{CallCount, Calls, Gate, Ledger, Rank};
use crate::request_id::{REQUEST_ID, RequestNames};
use crate::retry::{self, Failure, Retry, RetryContext, RetryDecision};
use crate::spawn::spawn;
use crate::stats::Counters;
use crate::transport::{Request, Streaming, Transport, TransportError};
use crate::waits::{WaitBoard, WaitLog, WaitReason, from_now};

pub(crate) use permit::{NoPermit, Permit};

use answer::{FailedAttempt, SMALLEST_TOO_LARGE, judge, too_large, unanswered};

/// Everything that the clones of a client share.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) auth: Auth,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) retry: Retry,
    pub(crate) checks: Checks,
    /// Commands in a request at the most.
    pub(crate) batch_size: usize,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<Cache>,
    pub(crate) random: Mutex<fastrand::Rng>,
    /// The portal has answered at least once, with whatever it had to say.
    pub(crate) reached: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) names: RequestNames,
    pub(crate) wait_log: Arc<WaitLog>,
}

/// A call as the session sends it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) api: Api,
    pub(crate) method: String,
    /// What errors call it: a list is sent as `batch`, but it is the list's method that failed.
    pub(crate) subject: String,
    pub(crate) effect: Effect,
    /// What may be charged for operating time.
    pub(crate) charges: Calls,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) options: CallOptions,
    /// It could ask for less: an attempt that comes to nothing after [`retry::CUT_AFTER`] is not made again as it is.
    pub(crate) can_be_split: bool,
    /// It could ask for less: after so many attempts without a proper answer it is not made again as it is.
    pub(crate) attempts_unanswered: Option<u32>,
    /// It writes in steps, and a refusal of one says nothing of those before it.
    pub(crate) in_steps: bool,
}

/// On whose behalf a call is made: its job, its deadline, and where its waits are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) rank: Rank,
    /// When the whole job is to be over.
    pub(crate) deadline: Option<Instant>,
    /// Where waits of the job are shown.
    pub(crate) waits: WaitBoard,
    /// Whether its requests may go out with fewer calls than they are admitted with.
    pub(crate) call_count: CallCount,
}

impl Call {
    /// A call of one method with JSON parameters.
    pub(crate) fn new(
        method: &str,
        effect: Effect,
        body: impl Into<Bytes>,
        options: &CallOptions,
    ) -> Self {
        Self {
            api: Api::Rest,
            method: method.to_owned(),
            subject: method.to_owned(),
            effect,
            charges: Arc::new([(method.into(), 1)]),
            body: body.into(),
            headers: HeaderMap::new(),
            options: options.clone(),
            can_be_split: false,
            attempts_unanswered: None,
            in_steps: false,
        }
    }

    /// Whether it changes anything, whatever it may be repeated as.
    fn writes(&self) -> bool {
        self.charges
            .iter()
            .any(|(method, _)| effect::writes(method))
    }

    /// Whether the last attempt took so long that the call should ask for less.
    pub(crate) fn is_cut(&self, effort: &Effort) -> bool {
        self.can_be_split && effort.was_cut() && retry::may_repeat(self.effect, Execution::Unknown)
    }
}

/// What a call took: requests, waits, and what is known of its attempts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effort {
    /// Requests sent.
    pub(crate) requests: u32,
    /// How long slots were waited for.
    pub(crate) waited: Duration,
    /// How long operating time was waited for.
    pub(crate) held_back: Duration,
    /// How long the last attempt took, from sending to the end of the body.
    pub(crate) took: Duration,
    /// When the first request was sent.
    first: Option<Instant>,
    /// What is known of the attempts so far, one that is on its way included.
    ran: Option<Execution>,
    /// An attempt at a write may have run, however those after it ended.
    ran_before: bool,
}

impl Effort {
    /// Whether the last attempt came to nothing after so long that it was cut for its length.
    pub(crate) fn was_cut(&self) -> bool {
        self.took >= retry::CUT_AFTER && self.ran == Some(Execution::Unknown)
    }

    fn begin_attempt(&mut self, sent: Instant) {
        self.first.get_or_insert(sent);
        self.requests += 1;
        self.ran = Some(Execution::Unknown);
    }

    /// What a failed attempt says of the call.
    fn note(&mut self, ran: Execution, writes: bool) {
        self.ran = Some(ran);
        self.ran_before |= ran == Execution::Unknown && writes;
    }
}

impl Session {
    /// Runs a call as a task of its own: see [`spawn`].
    pub(crate) async fn run_spawned<T: Send + 'static>(
        self: &Arc<Self>,
        call: Call,
        read: impl Fn(&Bytes) -> Result<T, RowsError> + Send + Sync + 'static,
    ) -> (Result<T, Error>, Effort) {
        let session = Arc::clone(self);
        let subject = call.subject.clone();
        let running = spawn(async move { session.run(&call, None, read).await });
        running.await.unwrap_or_else(|| {
            let error = Error::new(
                ErrorKind::Transport,
                Execution::Unknown,
                "the runtime was shut down while the call was on its way",
            );
            (Err(error.at(&self.auth, &subject)), Effort::default())
        })
    }

    /// Sends a call until it is answered or may not be repeated. `read` makes the result of a sound answer.
    pub(crate) async fn run<T>(
        &self,
        call: &Call,
        permit: Option<Permit>,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
    ) -> (Result<T, Error>, Effort) {
        let mut effort = Effort::default();
        // Forgotten before, so that nobody is told what is being changed; and after, for what was read meanwhile.
        #[cfg(feature = "cache")]
        let _changes = self
            .cache
            .as_ref()
            .map(|cache| cache.changes(&call.charges));
        let running = self.run_on(call, permit, read, &mut effort);
        let result = match call.options.deadline {
            None => running.await,
            Some(at) => match tokio::time::timeout_at(at, running).await {
                Ok(result) => result,
                Err(_) => Err(self.late(&call.subject, effort.ran.unwrap_or(Execution::NotRun))),
            },
        };
        let result = result.map_err(|error| {
            let tried = effort.first.map_or(Duration::ZERO, |at| at.elapsed());
            let error = error.attempts(effort.requests).within(tried);
            if effort.ran_before && error.execution() == Execution::NotRun {
                error
                    .may_have_run()
                    .and_also("an attempt before the last one may have done it")
            } else {
                error
            }
        });
        (result, effort)
    }

    /// The deadline of the job has passed.
    pub(crate) fn late(&self, subject: &str, ran: Execution) -> Error {
        Error::new(
            ErrorKind::Deadline,
            ran,
            "the deadline of the job passed before the call was answered",
        )
        .at(&self.auth, subject)
    }

    async fn run_on<T>(
        &self,
        call: &Call,
        mut permit: Option<Permit>,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
        effort: &mut Effort,
    ) -> Result<T, Error> {
        let mut retries = RetryContext::new(self.retry, call.effect);
        let mut last_error = None;
        loop {
            let permit = match (permit.take(), last_error.take()) {
                (Some(permit), _) => permit,
                (None, None) => self.permit(&call.charges, &call.options, effort).await,
                (None, Some(error)) => {
                    // The wait for the next turn is a part of trying.
                    let permit = self.permit(&call.charges, &call.options, effort);
                    before(retries.deadline(), permit).await.ok_or(error)?
                }
            };
            let (pass, in_flight) = permit
                .used()
                .map_err(|refused| refused.into_error().at(&self.auth, &call.subject))?;
            let sent = Instant::now();
            retries.begin_attempt();
            effort.begin_attempt(sent);
            self.counters.sent(call.body.len(), effort.requests > 1);
            let span = debug_span!("request", method = call.subject, attempt = effort.requests);
            let attempt = self.attempt(call, &pass, &read, &mut effort.took);
            let failed = match attempt.instrument(span).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            drop(in_flight);
            let failure = self.learn(call, sent, &failed, effort);
            let RetryDecision::RetryAfter(wait) = retries.after(failure, self.jitter()) else {
                return Err(failed.error);
            };
            let error = self.recover(&pass, failed).await?;
            let attempt = effort.requests;
            debug!(method = call.subject, attempt, ?wait, %error, "trying again");
            let options = &call.options;
            // A wait that ends too late is not begun.
            if options
                .deadline
                .is_some_and(|deadline| deadline < from_now(wait))
            {
                let ran = effort.ran.unwrap_or(Execution::NotRun);
                return Err(self.late(&call.subject, ran).with_source(error));
            }
            if let Failure::OperatingTimeUsedUp(wait) = failure {
                effort.held_back += wait;
            }
            self.wait_before_retry(options, &call.subject, attempt, failure, wait, &error)
                .await;
            last_error = Some(error);
        }
    }

    /// Tells gate, ledger and counters of a failed attempt, and completes what is known of the failure.
    fn learn(
        &self,
        call: &Call,
        sent: Instant,
        failed: &FailedAttempt,
        effort: &mut Effort,
    ) -> Failure {
        effort.note(failed.error.execution(), call.writes());
        match failed.failure {
            Failure::RateLimited { .. } => {
                self.counters.refused();
                self.gate.refused(sent);
                // With the gate the next slot is the wait; without one (no limit was expected) it is a delay.
                let gated = self.gate.room().is_some();
                Failure::RateLimited { gated }
            }
            Failure::OperatingTimeUsedUp(_) => {
                self.counters.refused();
                Failure::OperatingTimeUsedUp(self.ledger.refused(&call.method))
            }
            Failure::NoAnswer { ran, .. } => {
                self.counters.lost();
                let first_contact = !self.reached.load(Ordering::Relaxed);
                let most = call
                    .attempts_unanswered
                    .filter(|_| ran == Execution::Unknown);
                if call.is_cut(effort) || most.is_some_and(|most| effort.requests >= most) {
                    Failure::Final
                } else {
                    Failure::NoAnswer { ran, first_contact }
                }
            }
            Failure::BrokenAnswer { .. } => {
                self.counters.lost();
                failed.failure
            }
            other => other,
        }
    }

    /// Removes what was in the way of an attempt, where that can be done: gets another token than the refused one, goes
    /// where the portal has moved to. Returns the error of the attempt.
    async fn recover(&self, pass: &Pass, failed: FailedAttempt) -> Result<Error, Error> {
        let error = failed.error;
        if let Some(redirect) = failed.redirect {
            self.auth.move_to(&redirect.from, &redirect.to);
        }
        if failed.failure != Failure::TokenRefused {
            return Ok(error);
        }
        if pass.header.is_none() {
            return Err(error);
        }
        match self.auth.renew(pass).await {
            Ok(()) => Ok(error),
            Err(why) => {
                Err(error.and_then_failed(why.into_error("no new token could be obtained")))
            }
        }
    }

    /// Waits before a retry, and says so where it takes long.
    pub(crate) async fn wait_before_retry(
        &self,
        options: &CallOptions,
        subject: &str,
        retry: u32,
        failure: Failure,
        wait: Duration,
        error: &Error,
    ) {
        let until = from_now(wait);
        let _shown = match failure {
            Failure::OperatingTimeUsedUp(_) => {
                self.wait_log.operating(subject, until);
                Some((WaitReason::OperatingTime, until))
            }
            // The wait is that for the next slot.
            Failure::RateLimited { gated: true } => {
                let slot = self.gate.next_slot().unwrap_or_default();
                self.wait_log.retry(subject, retry, slot, error);
                None
            }
            _ => {
                self.wait_log.retry(subject, retry, wait, error);
                let reason = if error.kind() == ErrorKind::Transport {
                    WaitReason::Reconnect(retry)
                } else {
                    WaitReason::Retry(retry)
                };
                (!wait.is_zero()).then_some((reason, until))
            }
        }
        .map(|(reason, until)| options.waits.show(subject, reason, Some(until)));
        tokio::time::sleep_until(until).await;
    }

    async fn attempt<T>(
        &self,
        call: &Call,
        pass: &Pass,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
        took: &mut Duration,
    ) -> Result<T, FailedAttempt> {
        let id = self.names.next();
        let url = self.auth.url(call.api, &call.method);
        let mut request = Request::post_json(url.clone(), call.body.clone());
        request.headers.extend(call.headers.clone());
        if let Some(token) = &pass.header {
            request.headers.insert(AUTHORIZATION, token.clone());
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            request.headers.insert(REQUEST_ID, id);
        }
        let sent = Instant::now();
        let sending = self.transport.send(request).await;
        *took = sent.elapsed();
        let answer = match sending {
            Ok(response) => {
                self.counters.received(response.body.len());
                debug!(
                    method = call.subject,
                    request_id = id,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    ?took
                );
                let too_much = response.status == StatusCode::PAYLOAD_TOO_LARGE
                    && call.body.len() > SMALLEST_TOO_LARGE;
                let judged = if too_much {
                    Err(too_large(call.body.len()))
                } else {
                    judge(&response, &url, read)
                };
                judged.map_err(|failed| {
                    let error = failed.error.answered(response.status, response.body);
                    FailedAttempt { error, ..failed }
                })
            }
            Err(failure) => Err(unanswered(failure)),
        };
        let answer = answer.map_err(|failed| {
            if call.in_steps {
                failed.of_steps()
            } else {
                failed
            }
        });
        match answer {
            Ok(value) => {
                self.auth.accepted(pass);
                self.reached.store(true, Ordering::Relaxed);
                self.gate.accepted();
                self.gate.answered(*took);
                Ok(value)
            }
            Err(failed) => {
                let by_the_portal = matches!(
                    failed.failure,
                    Failure::RateLimited { .. }
                        | Failure::OperatingTimeUsedUp(_)
                        | Failure::TokenRefused
                );
                if by_the_portal {
                    self.reached.store(true, Ordering::Relaxed);
                }
                let error = failed.error.at(&self.auth, &call.subject).request_id(id);
                Err(FailedAttempt { error, ..failed })
            }
        }
    }

    /// A text that no other call has: 128 random bits.
    pub(crate) fn unique(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:032x}", random.u128(..))
    }

    /// One attempt at something large.
    pub(crate) async fn open(&self, mut request: Request) -> Result<Streaming, TransportError> {
        let id = self.names.next();
        self.counters.sent(request.body.len(), false);
        if let Ok(id) = HeaderValue::from_str(&id) {
            request.headers.insert(REQUEST_ID, id);
        }
        let answer = self.transport.open(request).await;
        if let Ok(answer) = &answer {
            debug!(
                request_id = id,
                status = answer.status.as_u16(),
                "a file is asked for"
            );
        }
        answer
    }

    /// A delay before the `failures`-th repetition of something.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        self.retry.delay(failures, self.jitter())
    }

    /// A number in `0..1`.
    pub(crate) fn jitter(&self) -> f64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.f64()
    }
}

/// What `work` comes to by `deadline`.
async fn before<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(at) => tokio::time::timeout_at(at, work).await.ok(),
        None => Some(work.await),
    }
}
