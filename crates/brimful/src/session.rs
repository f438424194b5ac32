//! A session with one portal: takes a slot, makes an attempt, reads the answer, and repeats as [`crate::retry`] allows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brimful_protocol::rows::RowsError;
use brimful_protocol::{ApiError, Envelope, EnvelopeError, KnownCode};
use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;
use tracing::debug;

use crate::effect::Effect;
use crate::error::{DidItRun, Error, ErrorKind};
use crate::gate::{Gate, Slot};
use crate::ledger::Ledger;
use crate::retry::{self, RetryPolicy};
use crate::transport::{Request, Response, Transport, TransportErrorKind};
use crate::webhook::Webhook;

/// Everything that the clones of a client share.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) webhook: Webhook,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) ledger: Ledger,
    pub(crate) policy: RetryPolicy,
    pub(crate) random: Mutex<fastrand::Rng>,
    /// The portal has answered properly at least once.
    pub(crate) reached: AtomicBool,
    pub(crate) requests: AtomicU64,
}

/// A call as the session sends it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// What errors call it: a list is sent as `batch`, but it is the list's method that failed.
    pub(crate) subject: String,
    pub(crate) effect: Effect,
    pub(crate) body: Bytes,
}

/// What a call took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effort {
    /// Requests sent.
    pub(crate) requests: u32,
    /// How long slots were waited for.
    pub(crate) waited: Duration,
    /// How long the last attempt took, from sending to the end of the body.
    pub(crate) took: Duration,
}

/// What became of one attempt.
enum Became<T> {
    Done(T),
    /// Refused before it ran, because of the rate or of the method's operating time.
    OverRate(Error),
    OverTime(Error),
    /// No proper answer; the error says whether it may have run.
    Lost(Error),
    /// An answer that would be the same next time.
    Refused(Error),
}

impl Session {
    /// Sends a call until it is answered or may not be repeated. `read` makes the result of a sound answer.
    pub(crate) async fn run<T>(
        &self,
        call: &Call,
        mut slot: Option<Slot>,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
    ) -> (Result<T, Error>, Effort) {
        let mut effort = Effort::default();
        let started = Instant::now();
        let mut failures = 0;
        let result = loop {
            let slot = if let Some(slot) = slot.take() {
                slot
            } else {
                let asked = Instant::now();
                let slot = self.gate.slot().await;
                effort.waited += asked.elapsed();
                slot
            };
            slot.spend();
            let sent = Instant::now();
            effort.requests += 1;
            let (error, wait) = match self.attempt(call, &read, &mut effort.took).await {
                Became::Done(value) => break Ok(value),
                Became::OverRate(error) => {
                    self.gate.refused(sent);
                    // With the gate the next slot is the wait; without one (no limit was expected) it is a delay.
                    let delay = self.delay(effort.requests);
                    (
                        error,
                        if self.gate.room().is_some() {
                            Duration::ZERO
                        } else {
                            delay
                        },
                    )
                }
                Became::OverTime(error) => (error, self.ledger.refused(&call.method)),
                Became::Refused(error) => break Err(error),
                Became::Lost(error) => {
                    failures += 1;
                    let most = if self.reached.load(Ordering::Relaxed) {
                        self.policy.attempts
                    } else {
                        self.policy.first_contact_attempts
                    };
                    if failures >= most || !retry::may_repeat(call.effect, error.did_it_run()) {
                        break Err(error);
                    }
                    (error, self.delay(failures))
                }
            };
            if started.elapsed() + wait > self.policy.patience {
                break Err(error);
            }
            debug!(method = call.subject, attempt = effort.requests, ?wait, %error, "trying again");
            tokio::time::sleep(wait).await;
        };
        (
            result.map_err(|error| error.attempts(effort.requests)),
            effort,
        )
    }

    async fn attempt<T>(
        &self,
        call: &Call,
        read: impl Fn(&Bytes) -> Result<T, RowsError>,
        took: &mut Duration,
    ) -> Became<T> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            url: self.webhook.method_url(&call.method),
            content_type: "application/json",
            body: call.body.clone(),
        };
        let sent = Instant::now();
        let sending = self.transport.send(request).await;
        *took = sent.elapsed();
        let became = match sending {
            Ok(response) => {
                debug!(
                    method = call.subject,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    ?took
                );
                judge(&response, read)
            }
            Err(failure) => {
                let ran = if failure.kind.was_sent() {
                    DidItRun::Unknown
                } else {
                    DidItRun::No
                };
                let message = match (failure.kind, &failure.source) {
                    (TransportErrorKind::TooLarge, _) | (_, None) => failure.kind.to_string(),
                    (kind, Some(source)) => format!("{kind}: {}", innermost(source.as_ref())),
                };
                let too_large = failure.kind == TransportErrorKind::TooLarge;
                let error = Error::new(ErrorKind::Transport, ran, message).with_source(failure);
                // The next answer would be as large.
                if too_large {
                    Became::Refused(error)
                } else {
                    Became::Lost(error)
                }
            }
        };
        match became {
            Became::Done(value) => {
                self.reached.store(true, Ordering::Relaxed);
                self.gate.accepted();
                Became::Done(value)
            }
            Became::OverRate(error) => Became::OverRate(error.at(&self.webhook, &call.subject)),
            Became::OverTime(error) => Became::OverTime(error.at(&self.webhook, &call.subject)),
            Became::Lost(error) => Became::Lost(error.at(&self.webhook, &call.subject)),
            Became::Refused(error) => Became::Refused(error.at(&self.webhook, &call.subject)),
        }
    }

    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let jitter = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .f64();
        self.policy.delay(failures, jitter)
    }
}

/// Reads an answer. The code in the body decides before the status does: portals differ in their statuses.
fn judge<T>(response: &Response, read: impl Fn(&Bytes) -> Result<T, RowsError>) -> Became<T> {
    let status = response.status;
    if status.is_redirection() {
        return Became::Refused(moved(response));
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
        _ => Became::Refused(error),
    }
}

fn moved(response: &Response) -> Error {
    let location = response
        .headers
        .get(http::header::LOCATION)
        .and_then(|value| value.to_str().ok());
    let host = location
        .and_then(|to| url::Url::parse(to).ok())
        .and_then(|to| to.host_str().map(str::to_owned));
    let status = response.status;
    Error::new(
        ErrorKind::Config,
        DidItRun::No,
        host.map_or_else(
            || format!("the portal answered {status} without saying where it has moved to"),
            |host| format!("the portal has moved to {host}: use that address"),
        ),
    )
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
