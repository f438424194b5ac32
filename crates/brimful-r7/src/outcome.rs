//! What an answer means: whether the request ran, and what kind of error it is.

use std::time::Duration;

use brimful::protocol::ApiError;
use brimful::{Error, ErrorKind, Execution, Response, TransportError};
use brimful_r7_protocol::{Envelope, EnvelopeError, PageError, Problem};
use bytes::Bytes;
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};

/// The outcome of one attempt.
#[derive(Debug)]
pub(super) enum AttemptOutcome<T> {
    Done(T),
    /// Too many requests; the portal asks to wait.
    RateLimited(Error, Duration),
    /// The portal does not accept the credential.
    Unauthorized(Error),
    /// No proper answer; the error says whether the request may have run.
    NoAnswer(Error),
    /// An answer that would be the same next time.
    Refused(Error),
}

/// Why the body of a 2xx is not what was asked for.
#[derive(Debug)]
pub(super) enum BodyError {
    Envelope(EnvelopeError),
    Problem {
        status: u16,
        problem: Problem,
    },
    /// A sound answer of another shape.
    Shape(String),
}

impl From<PageError> for BodyError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Envelope(error) => Self::Envelope(error),
            PageError::Problem { status, problem } => Self::Problem { status, problem },
            other => Self::Shape(other.to_string()),
        }
    }
}

/// Reads an answer. `read` makes the result of a sound one.
pub(super) fn of_response<T>(
    response: &Response,
    read: impl Fn(&Bytes) -> Result<T, BodyError>,
) -> AttemptOutcome<T> {
    let status = response.status;
    if status.is_redirection() {
        return AttemptOutcome::Refused(moved(response));
    }
    if let Some(wait) = asks_to_wait(response) {
        let message = format!(
            "the portal answered {status} and asks to wait {} s",
            wait.as_secs()
        );
        let error = Error::new(ErrorKind::QueryLimit, Execution::NotRun, message);
        return AttemptOutcome::RateLimited(error, wait);
    }
    if status == StatusCode::UNAUTHORIZED {
        return AttemptOutcome::Unauthorized(unauthorized());
    }
    if status.is_success() {
        return match read(&response.body) {
            Ok(value) => AttemptOutcome::Done(value),
            Err(BodyError::Problem { status, problem }) => {
                AttemptOutcome::Refused(refusal(status, &problem))
            }
            Err(BodyError::Shape(what)) => AttemptOutcome::Refused(Error::new(
                ErrorKind::Decode,
                Execution::Ran,
                format!("the portal sent {what}"),
            )),
            Err(BodyError::Envelope(error)) => AttemptOutcome::NoAnswer(Error::new(
                ErrorKind::Decode,
                Execution::Unknown,
                format!("the portal sent {error}"),
            )),
        };
    }
    match Envelope::parse(&response.body).map(|envelope| envelope.problem()) {
        Ok(Some(problem)) if status == StatusCode::SERVICE_UNAVAILABLE => {
            // The portal is being moved: it says so before the method is called.
            AttemptOutcome::NoAnswer(refusal(status.as_u16(), &problem))
        }
        Ok(Some(problem)) => AttemptOutcome::Refused(refusal(status.as_u16(), &problem)),
        Ok(None) => unreadable(status, "an answer that is not an error"),
        Err(error) => unreadable(status, &error.to_string()),
    }
}

fn unreadable<T>(status: StatusCode, what: &str) -> AttemptOutcome<T> {
    let message = format!("the portal answered {status} with {what}");
    let no_answer = |kind, ran| AttemptOutcome::NoAnswer(Error::new(kind, ran, message.clone()));
    match status {
        StatusCode::TOO_MANY_REQUESTS => no_answer(ErrorKind::QueryLimit, Execution::NotRun),
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            no_answer(ErrorKind::Decode, Execution::Unknown)
        }
        // A server in front of the portal answered: the portal may have the request.
        _ => AttemptOutcome::Refused(Error::new(ErrorKind::Decode, Execution::Unknown, message)),
    }
}

/// `Retry-After` in seconds, with a status that asks to wait.
fn asks_to_wait(response: &Response) -> Option<Duration> {
    let waits = [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if !waits.contains(&response.status) {
        return None;
    }
    let after = response.headers.get(RETRY_AFTER)?.to_str().ok()?;
    after.trim().parse().ok().map(Duration::from_secs)
}

/// There is no answer.
pub(super) fn of_failure<T>(failure: TransportError) -> AttemptOutcome<T> {
    let is_lasting = failure.kind.is_lasting();
    let error = failure.into_error();
    if is_lasting {
        AttemptOutcome::Refused(error)
    } else {
        AttemptOutcome::NoAnswer(error)
    }
}

pub(super) fn unauthorized() -> Error {
    let message = "the portal answered 401: it does not accept the token or password";
    Error::new(ErrorKind::Auth, Execution::NotRun, message)
}

/// An error that the portal answered with, of a request or of an item of a batch.
pub(super) fn refusal(status: u16, problem: &Problem) -> Error {
    let message = problem.message.trim();
    let (kind, ran) = match status {
        // Before the method is called: the tariff is not paid, the portal is being moved.
        402 => (ErrorKind::AccessDenied, Execution::NotRun),
        503 => (ErrorKind::Api, Execution::NotRun),
        401 => (ErrorKind::Auth, Execution::NotRun),
        403 => (ErrorKind::AccessDenied, Execution::Ran),
        404 if message.eq_ignore_ascii_case("method not found") => {
            (ErrorKind::MethodNotFound, Execution::NotRun)
        }
        404 => (ErrorKind::NotFound, Execution::Ran),
        400..=499 => (ErrorKind::Api, Execution::Ran),
        _ if message.eq_ignore_ascii_case("no batch specified") => {
            (ErrorKind::Config, Execution::NotRun)
        }
        // Anything that a method did not expect: it may have run in part.
        _ => (ErrorKind::Api, Execution::Unknown),
    };
    let said = if message.is_empty() {
        "nothing more"
    } else {
        message
    };
    Error::new(kind, ran, format!("the portal answered {status}: {said}"))
        .with_api(ApiError::new(&status.to_string(), message))
}

fn moved(response: &Response) -> Error {
    let location = response.headers.get(LOCATION);
    let host = location
        .and_then(|to| url::Url::parse(to.to_str().ok()?).ok())
        .and_then(|to| to.host_str().map(str::to_owned));
    let message = match host {
        Some(host) => format!("the portal moved to {host}: use that address"),
        None => format!(
            "the portal answered {} without saying where it moved",
            response.status
        ),
    };
    Error::new(ErrorKind::Config, Execution::NotRun, message)
}
