//! A session with one portal: takes a slot, makes an attempt, reads the answer, and repeats as [`crate::retry`] allows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use brimful_protocol::rows::RowsError;
use brimful_protocol::{ApiError, Envelope, EnvelopeError, KnownCode};
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span};
use url::Url;

use crate::apart::apart;
use crate::auth::{Api, Auth, Failure, Pass, host_of, may_follow};
use crate::cache::Cache;
use crate::check::Checks;
use crate::effect::{self, Effect};
use crate::error::{DidItRun, Error, ErrorKind};
use crate::gate::{Gate, Rank, Slot};
use crate::ledger::{Calls, Charge, HeldBack, Ledger, Telling};
use crate::request_id::{REQUEST_ID, RequestNames};
use crate::retry::{self, Retry};
use crate::stats::Counters;
use crate::transport::{
    Request, Response, Streaming, Transport, TransportError, TransportErrorKind,
};
use crate::waits::{Shown, WaitBoard, WaitLog, WaitReason, in_words};

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
    pub(crate) cache: Option<Cache>,
    pub(crate) random: Mutex<fastrand::Rng>,
    /// The portal has answered at least once, with whatever it had to say.
    pub(crate) reached: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) names: RequestNames,
    pub(crate) wait_log: Arc<WaitLog>,
}

/// How often one call may have its token renewed: one that another process has stored may have expired too.
const MOST_RENEWALS: u32 = 2;
/// How often one call may be sent on to another address.
const MOST_MOVES: u32 = 2;

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
    pub(crate) scope: Scope,
    /// An attempt that comes to nothing after this long is not made again as it is: it asks for too much at once.
    pub(crate) cut_after: Option<Duration>,
    /// It writes in steps, and a refusal of one says nothing of those before it.
    pub(crate) in_steps: bool,
}

/// On whose behalf a call is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) rank: Rank,
    /// When the whole job is to be over.
    pub(crate) deadline: Option<Instant>,
    /// Where waits of the job are shown.
    pub(crate) waits: WaitBoard,
}

impl Call {
    /// A call of one method with JSON parameters.
    pub(crate) fn new(method: &str, effect: Effect, body: impl Into<Bytes>, scope: &Scope) -> Self {
        Self {
            api: Api::Rest,
            method: method.to_owned(),
            subject: method.to_owned(),
            effect,
            charges: Arc::new([(method.into(), 1)]),
            body: body.into(),
            headers: HeaderMap::new(),
            scope: scope.clone(),
            cut_after: None,
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
        self.cut_after.is_some_and(|after| effort.took >= after)
            && effort.ran == Some(DidItRun::Unknown)
            && retry::may_repeat(self.effect, DidItRun::Unknown)
    }
}

/// Leave to send one request.
#[derive(Debug)]
pub(crate) struct Permit {
    granted: Result<Granted, NoPermit>,
}

#[derive(Debug)]
struct Granted {
    pass: Pass,
    slot: Slot,
    /// Told to the ledger as long as it lives.
    charge: Charge,
}

/// Why a request may not be sent at all.
#[derive(Debug)]
pub(crate) enum NoPermit {
    NoToken(Failure),
    /// It was held back for its operating time until the deadline.
    HeldBack(HeldBack, Deadline),
}

/// The deadline that a wait ended at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    Job,
    Retry,
}

impl NoPermit {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::NoToken(failure) => failure.into_error("there is no access token"),
            Self::HeldBack(HeldBack { method, waited }, deadline) => {
                let waited = in_words(waited);
                let (kind, message) = match deadline {
                    Deadline::Job => (
                        ErrorKind::Deadline,
                        format!(
                            "the deadline of the job passed while {method} waited {waited} for its operating time"
                        ),
                    ),
                    Deadline::Retry => (
                        ErrorKind::OperationTimeLimit,
                        format!(
                            "{method} has used up its operating time, and waited {waited} for it: longer than a call is tried"
                        ),
                    ),
                };
                Error::new(kind, DidItRun::No, message)
            }
        }
    }
}

/// What a call took.
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
    ran: Option<DidItRun>,
    /// An attempt at a write may have run, whatever became of those after it.
    ran_before: bool,
}

/// What became of one attempt.
enum Became<T> {
    Done(T),
    /// Refused before it ran, because of the rate or of the method's operating time.
    OverRate(Error),
    OverTime(Error),
    /// No proper answer; the error says whether it may have run.
    Lost(Error),
    /// The portal did not accept the token: the call did not run.
    TokenRefused(Error),
    /// The portal is somewhere else: the call did not run.
    Moved(Move, Error),
    /// An answer that would be the same next time.
    Refused(Error),
}

/// From which address to which a portal has moved.
struct Move {
    from: Url,
    to: Url,
}

impl<T> Became<T> {
    fn map_error(self, change: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Done(value) => Self::Done(value),
            Self::OverRate(error) => Self::OverRate(change(error)),
            Self::OverTime(error) => Self::OverTime(change(error)),
            Self::Lost(error) => Self::Lost(change(error)),
            Self::TokenRefused(error) => Self::TokenRefused(change(error)),
            Self::Moved(to, error) => Self::Moved(to, change(error)),
            Self::Refused(error) => Self::Refused(change(error)),
        }
    }
}

impl<T> Became<T> {
    /// The same of a call in steps, of which those before the refused one have been done: it is not made again. Whether
    /// there is such a method, and who calls, is asked before the first step.
    fn of_steps(self) -> Self {
        match self {
            Self::OverTime(error) => Self::Refused(error.may_have_run()),
            Self::Refused(error) if error.kind() == ErrorKind::InsufficientScope => {
                Self::Refused(error.may_have_run())
            }
            other => other,
        }
    }
}

/// A request on its way: its place among those in flight, and its charge in the ledger.
#[derive(Debug)]
pub(crate) struct InFlight {
    _slot: Slot,
    _charge: Charge,
}

impl Permit {
    /// What lets the request in, which goes out now. It is in flight until the second part is dropped.
    pub(crate) fn used(self) -> Result<(Pass, InFlight), NoPermit> {
        let Granted {
            pass,
            mut slot,
            charge,
        } = self.granted?;
        slot.spend();
        let in_flight = InFlight {
            _slot: slot,
            _charge: charge,
        };
        Ok((pass, in_flight))
    }
}

impl Session {
    /// Waits until the operating time of what is called and the portal's rate allow a request. Nothing is held while
    /// operating time is waited for.
    pub(crate) async fn permit(
        &self,
        charges: &Calls,
        scope: &Scope,
        effort: &mut Effort,
    ) -> Permit {
        let granted = self.grant(charges, scope, effort).await;
        Permit { granted }
    }

    async fn grant(
        &self,
        charges: &Calls,
        scope: &Scope,
        effort: &mut Effort,
    ) -> Result<Granted, NoPermit> {
        let subject = charges.last().map_or("", |(method, _)| method);
        loop {
            let pass = self.auth.pass();
            let pass = shown_if_pending(pass, || {
                scope.waits.show(subject, WaitReason::AccessToken, None)
            });
            pass.await.map_err(NoPermit::NoToken)?;
            let asked = Instant::now();
            let charge = self.admit(charges, scope).await;
            let admitted = Instant::now();
            effort.held_back += admitted - asked;
            let charge = charge?;
            let slot = self.gate.slot(&scope.rank);
            let slot = shown_if_pending(slot, || {
                scope.waits.show(subject, WaitReason::RateLimit, None)
            });
            let slot = slot.await;
            effort.waited += admitted.elapsed();
            // A token that was refused meanwhile is being renewed: the slot goes back, since slots that are kept until
            // then would be used all at once, which is not what the gate has counted with.
            if let Some(pass) = self.auth.pass_at_hand() {
                return Ok(Granted { pass, slot, charge });
            }
        }
    }

    /// Waits for operating time, no longer than the job has and than a call is tried.
    async fn admit(&self, charges: &Calls, scope: &Scope) -> Result<Charge, NoPermit> {
        let of_retry = Instant::now().checked_add(self.retry.deadline);
        let (give_up, deadline) = match (scope.deadline, of_retry) {
            (Some(job), Some(retry)) if retry < job => (Some(retry), Deadline::Retry),
            (Some(job), _) => (Some(job), Deadline::Job),
            (None, retry) => (retry, Deadline::Retry),
        };
        let telling = Telling {
            log: &self.wait_log,
            board: &scope.waits,
        };
        self.ledger
            .admit(charges, give_up, &telling)
            .await
            .map_err(|held_back| NoPermit::HeldBack(held_back, deadline))
    }

    /// Waits before a retry, and says so where it takes long.
    pub(crate) async fn wait_for_retry(
        &self,
        scope: &Scope,
        subject: &str,
        retry: u32,
        wait: Duration,
        error: &Error,
    ) {
        self.wait_log.retry(subject, retry, wait, error);
        let until = Instant::now().checked_add(wait);
        let _shown =
            (!wait.is_zero()).then(|| scope.waits.show(subject, WaitReason::Retry(retry), until));
        tokio::time::sleep(wait).await;
    }

    /// Waits until the operating time of `method` is said to be available again.
    pub(crate) async fn wait_for_operating_time(
        &self,
        scope: &Scope,
        method: &str,
        wait: Duration,
    ) {
        let until = Instant::now() + wait;
        self.wait_log.operating(method, until);
        let _shown = scope
            .waits
            .show(method, WaitReason::OperatingTime, Some(until));
        tokio::time::sleep_until(until).await;
    }

    /// The same as [`Session::run`], as a task of its own: see [`apart`].
    pub(crate) async fn run_apart<T: Send + 'static>(
        self: &Arc<Self>,
        call: Call,
        read: impl Fn(&Bytes) -> Result<T, RowsError> + Send + Sync + 'static,
    ) -> (Result<T, Error>, Effort) {
        let session = Arc::clone(self);
        let subject = call.subject.clone();
        let running = apart(async move { session.run(&call, None, read).await });
        running.await.unwrap_or_else(|| {
            let error = Error::new(
                ErrorKind::Transport,
                DidItRun::Unknown,
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
        let _changes = self
            .cache
            .as_ref()
            .map(|cache| cache.changes(&call.charges));
        let running = self.run_on(call, permit, read, &mut effort);
        let result = match call.scope.deadline {
            None => running.await,
            Some(at) => match tokio::time::timeout_at(at, running).await {
                Ok(result) => result,
                Err(_) => Err(self.late(&call.subject, effort.ran.unwrap_or(DidItRun::No))),
            },
        };
        let result = result.map_err(|error| {
            let tried = effort.first.map_or(Duration::ZERO, |at| at.elapsed());
            let error = error.attempts(effort.requests).within(tried);
            if effort.ran_before && error.did_it_run() == DidItRun::No {
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
    pub(crate) fn late(&self, subject: &str, ran: DidItRun) -> Error {
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
        let mut failures = 0;
        let mut last_error = None;
        let (mut renewals, mut moves) = (0, 0);
        loop {
            let permit = if let Some(permit) = permit.take() {
                permit
            } else {
                let give_up = effort
                    .first
                    .and_then(|first| first.checked_add(self.retry.deadline));
                let permit = self.permit(&call.charges, &call.scope, effort);
                match (before(give_up, permit).await, last_error.take()) {
                    (Some(permit), _) => permit,
                    (None, Some(error)) => return Err(error),
                    (None, None) => continue,
                }
            };
            let (pass, in_flight) = permit
                .used()
                .map_err(|refused| refused.into_error().at(&self.auth, &call.subject))?;
            let sent = Instant::now();
            // The wait for its first turn is no trying: where many calls are made at once it may be long.
            let first = *effort.first.get_or_insert(sent);
            effort.requests += 1;
            effort.ran = Some(DidItRun::Unknown);
            self.counters.sent(call.body.len(), effort.requests > 1);
            let span = debug_span!("request", method = call.subject, attempt = effort.requests);
            let became = self
                .attempt(call, &pass, &read, &mut effort.took)
                .instrument(span)
                .await;
            drop(in_flight);
            match &became {
                Became::OverRate(_) | Became::OverTime(_) => self.counters.refused(),
                Became::Lost(_) => self.counters.lost(),
                Became::Done(_)
                | Became::Refused(_)
                | Became::TokenRefused(_)
                | Became::Moved(..) => {}
            }
            let (error, wait) = match became {
                Became::Done(value) => return Ok(value),
                Became::OverRate(error) => {
                    self.gate.refused(sent);
                    // With the gate the next slot is the wait; without one (no limit was expected) it is a delay.
                    let delay = self.delay(effort.requests);
                    let wait = match self.gate.next_slot() {
                        Some(slot) => {
                            let subject = &call.subject;
                            self.wait_log.retry(subject, effort.requests, slot, &error);
                            Duration::ZERO
                        }
                        None => delay,
                    };
                    (error, wait)
                }
                Became::OverTime(error) => {
                    let wait = self.ledger.refused(&call.method);
                    effort.held_back += wait;
                    (error, wait)
                }
                Became::Refused(error) => return Err(error),
                // The method did not run, whatever it does: the same call is made once more.
                Became::TokenRefused(error) => {
                    effort.ran = Some(DidItRun::No);
                    renewals += 1;
                    if pass.header.is_none() || renewals > MOST_RENEWALS {
                        return Err(error);
                    }
                    if let Err(failure) = self.auth.renew(&pass).await {
                        let renewing = failure.into_error("no new token was to be had");
                        return Err(error.and_then_failed(renewing));
                    }
                    (error, Duration::ZERO)
                }
                Became::Moved(to, error) => {
                    moves += 1;
                    if moves > MOST_MOVES {
                        return Err(error);
                    }
                    self.auth.move_to(&to.from, &to.to);
                    (error, Duration::ZERO)
                }
                Became::Lost(error) => {
                    failures += 1;
                    let most = if self.reached.load(Ordering::Relaxed) {
                        self.retry.attempts
                    } else {
                        self.retry.first_contact_attempts
                    };
                    let repeatable = retry::may_repeat(call.effect, error.did_it_run());
                    effort.ran = Some(error.did_it_run());
                    if failures >= most || !repeatable || call.is_cut(effort) {
                        return Err(error);
                    }
                    (error, self.delay(failures))
                }
            };
            effort.ran = Some(error.did_it_run());
            effort.ran_before |= error.did_it_run() == DidItRun::Unknown && call.writes();
            if first.elapsed().saturating_add(wait) > self.retry.deadline {
                return Err(error);
            }
            debug!(method = call.subject, attempt = effort.requests, ?wait, %error, "trying again");
            if error.kind() == ErrorKind::OperationTimeLimit {
                self.wait_for_operating_time(&call.scope, &call.method, wait)
                    .await;
            } else {
                self.wait_for_retry(&call.scope, &call.subject, effort.requests, wait, &error)
                    .await;
            }
            last_error = Some(error);
        }
    }

    async fn attempt<T>(
        &self,
        call: &Call,
        pass: &Pass,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
        took: &mut Duration,
    ) -> Became<T> {
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
        let became = match sending {
            Ok(response) => {
                self.counters.received(response.body.len());
                debug!(
                    method = call.subject,
                    request_id = id,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    ?took
                );
                judge(&response, &url, read)
                    .map_error(|error| error.answered(response.status, response.body))
            }
            Err(failure) => {
                let ran = if failure.kind.was_sent() {
                    DidItRun::Unknown
                } else {
                    DidItRun::No
                };
                let too_large = failure.kind == TransportErrorKind::TooLarge;
                let error = Error::new(ErrorKind::Transport, ran, failure.description())
                    .with_source(failure);
                // The next answer would be as large.
                if too_large {
                    Became::Refused(error)
                } else {
                    Became::Lost(error)
                }
            }
        };
        let became = if call.in_steps {
            became.of_steps()
        } else {
            became
        };
        match &became {
            Became::Done(_) => {
                self.auth.accepted(pass);
                self.reached.store(true, Ordering::Relaxed);
                self.gate.accepted();
            }
            Became::OverRate(_) | Became::OverTime(_) => {
                self.reached.store(true, Ordering::Relaxed);
            }
            Became::TokenRefused(_) => self.reached.store(true, Ordering::Relaxed),
            Became::Lost(_) | Became::Refused(_) | Became::Moved(..) => {}
        }
        became.map_error(|error| error.at(&self.auth, &call.subject).request_id(id))
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

    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let jitter = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .f64();
        self.retry.delay(failures, jitter)
    }
}

/// Reads an answer. The code in the body decides before the status does: portals differ in their statuses.
fn judge<T>(
    response: &Response,
    sent_to: &Url,
    read: impl Fn(&Bytes) -> Result<T, RowsError>,
) -> Became<T> {
    let status = response.status;
    if status.is_redirection() {
        return moved(response, sent_to);
    }
    if status.is_success() {
        return match read(&response.body) {
            Ok(value) => Became::Done(value),
            Err(RowsError::Api(error)) => refusal(error, status),
            // A sound answer of another kind will not be another one next time.
            Err(
                error @ (RowsError::NoRows(_) | RowsError::Envelope(EnvelopeError::NoResult(_))),
            ) => Became::Refused(Error::new(
                ErrorKind::Decode,
                DidItRun::Yes,
                format!("the portal sent {error}"),
            )),
            Err(error) => Became::Lost(Error::new(
                ErrorKind::Decode,
                DidItRun::Unknown,
                format!("the portal sent {error}"),
            )),
        };
    }
    match Envelope::parse(&response.body) {
        Ok(Envelope {
            error: Some(error), ..
        }) => refusal(error, status),
        Ok(_) => unreadable(status, "JSON that is no error"),
        Err(error) => unreadable(status, &error.to_string()),
    }
}

fn unreadable<T>(status: StatusCode, what: &str) -> Became<T> {
    let message = format!("the portal answered {status} with {what}");
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            // The operating limit says so in JSON, and lasts minutes. This is somebody in front of the portal.
            Became::Lost(Error::new(ErrorKind::QueryLimit, DidItRun::No, message))
        }
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Became::Lost(Error::new(ErrorKind::Decode, DidItRun::Unknown, message))
        }
        // Something before the portal answered, or the portal's server: nobody knows what stands behind it.
        _ => Became::Refused(Error::new(ErrorKind::Decode, DidItRun::Unknown, message)),
    }
}

/// The portal said no.
fn refusal<T>(error: ApiError, status: StatusCode) -> Became<T> {
    let known = error.code.known();
    let error = Error::api(error);
    match known {
        KnownCode::QueryLimitExceeded => Became::OverRate(error),
        KnownCode::OperationTimeLimit => Became::OverTime(error),
        // A front end that lost the script behind it answers in JSON too.
        KnownCode::Internal => Became::Lost(error),
        KnownCode::Other if status.is_server_error() => Became::Lost(error.may_have_run()),
        KnownCode::ExpiredToken => Became::TokenRefused(error),
        KnownCode::Auth if error.has_code("invalid_token") => Became::TokenRefused(error),
        // REST 3.0 says so of whatever is wrong with a credential, and 403 of what a user may not do.
        KnownCode::AccessDenied
            if status == StatusCode::UNAUTHORIZED
                && error.has_code("BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION") =>
        {
            Became::TokenRefused(error.was_not_let_in())
        }
        _ => Became::Refused(error),
    }
}

/// A portal that was renamed sends to the same path at its new host. The client goes there with all that it has, so the
/// way must not lead into the clear, and a redirect to anywhere else (a login form) is not followed.
fn moved<T>(response: &Response, sent_to: &Url) -> Became<T> {
    let status = response.status;
    let location = response.headers.get(LOCATION);
    let to = location
        .and_then(|to| to.to_str().ok())
        .and_then(|to| sent_to.join(to).ok());
    let error = |message| Error::new(ErrorKind::Config, DidItRun::No, message);
    let Some(to) = to.filter(Url::has_host) else {
        return Became::Refused(error(format!(
            "the portal answered {status} without saying where it has moved to"
        )));
    };
    let host = host_of(&to);
    let trimmed = |url: &Url| url.path().trim_end_matches('/').to_owned();
    if trimmed(&to) != trimmed(sent_to) || to.origin() == sent_to.origin() {
        return Became::Refused(error(format!(
            "the portal answered {status}, to another page of {host}: it does not answer there as a REST interface does"
        )));
    }
    if !may_follow(sent_to, &to) {
        return Became::Refused(error(format!(
            "the portal has moved to {host} by plain {}, where no secret is sent: use its https address",
            to.scheme()
        )));
    }
    let error = error(format!("the portal has moved to {host}: use that address"));
    let from = sent_to.clone();
    Became::Moved(Move { from, to }, error)
}

/// What `work` comes to by `deadline`.
async fn before<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(at) => tokio::time::timeout_at(at, work).await.ok(),
        None => Some(work.await),
    }
}

/// Waits for `work`, and shows so if it is not ready at once.
async fn shown_if_pending<T>(work: impl Future<Output = T>, show: impl FnOnce() -> Shown) -> T {
    tokio::pin!(work);
    if let Poll::Ready(done) = futures_util::poll!(&mut work) {
        return done;
    }
    let _shown = show();
    work.await
}
