//! What an answer means: whether the work was done, and what kind of error it is.

use std::time::Duration;

use brimful::protocol::ApiError;
use brimful_r7_protocol::{Envelope, EnvelopeError, PageError, Problem};
use bytes::Bytes;
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};

use brimful::client_parts::innermost;
use brimful::{DidItRun, Error, ErrorKind};
use brimful::{Response, TransportError, TransportErrorKind};

/// What became of one attempt.
#[derive(Debug)]
pub(super) enum Became<T> {
    Done(T),
    /// Too many requests; the portal asks to wait.
    OverRate(Error, Duration),
    /// The portal does not know who calls.
    Unknown(Error),
    /// No proper answer; the error says whether it may have run.
    Lost(Error),
    /// An answer that would be the same next time.
    Refused(Error),
}

/// Why the body of a 2xx is not what was asked for.
#[derive(Debug)]
pub(super) enum Unread {
    Envelope(EnvelopeError),
    Problem {
        status: u16,
        problem: Problem,
    },
    /// A sound answer of another shape.
    Shape(String),
}

impl From<PageError> for Unread {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Envelope(error) => Self::Envelope(error),
            PageError::Problem { status, problem } => Self::Problem { status, problem },
            other => Self::Shape(other.to_string()),
        }
    }
}

/// Reads an answer. `read` makes the result of a sound one.
pub(super) fn judge<T>(
    response: &Response,
    read: impl Fn(&Bytes) -> Result<T, Unread>,
) -> Became<T> {
    let status = response.status;
    if status.is_redirection() {
        return Became::Refused(moved(response));
    }
    if let Some(wait) = asks_to_wait(response) {
        let message = format!(
            "the portal answered {status} and asks to wait {} s",
            wait.as_secs()
        );
        let error = Error::new(ErrorKind::QueryLimit, DidItRun::No, message);
        return Became::OverRate(error, wait);
    }
    if status == StatusCode::UNAUTHORIZED {
        return Became::Unknown(unauthorized());
    }
    if status.is_success() {
        return match read(&response.body) {
            Ok(value) => Became::Done(value),
            Err(Unread::Problem { status, problem }) => Became::Refused(refusal(status, &problem)),
            Err(Unread::Shape(what)) => Became::Refused(Error::new(
                ErrorKind::Decode,
                DidItRun::Yes,
                format!("the portal sent {what}"),
            )),
            Err(Unread::Envelope(error)) => Became::Lost(Error::new(
                ErrorKind::Decode,
                DidItRun::Unknown,
                format!("the portal sent {error}"),
            )),
        };
    }
    match Envelope::parse(&response.body).map(|envelope| envelope.problem()) {
        Ok(Some(problem)) if status == StatusCode::SERVICE_UNAVAILABLE => {
            // The portal is being moved: it says so before the method is called.
            Became::Lost(refusal(status.as_u16(), &problem))
        }
        Ok(Some(problem)) => Became::Refused(refusal(status.as_u16(), &problem)),
        Ok(None) => unreadable(status, "an answer that is no error"),
        Err(error) => unreadable(status, &error.to_string()),
    }
}

fn unreadable<T>(status: StatusCode, what: &str) -> Became<T> {
    let message = format!("the portal answered {status} with {what}");
    let lost = |kind, ran| Became::Lost(Error::new(kind, ran, message.clone()));
    match status {
        StatusCode::TOO_MANY_REQUESTS => lost(ErrorKind::QueryLimit, DidItRun::No),
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            lost(ErrorKind::Decode, DidItRun::Unknown)
        }
        // Something in front of the portal answered: nobody knows what stands behind it.
        _ => Became::Refused(Error::new(ErrorKind::Decode, DidItRun::Unknown, message)),
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
pub(super) fn unanswered<T>(failure: TransportError) -> Became<T> {
    let ran = if failure.kind.was_sent() {
        DidItRun::Unknown
    } else {
        DidItRun::No
    };
    let too_large = failure.kind == TransportErrorKind::TooLarge;
    let message = match &failure.source {
        Some(source) if !too_large => format!("{}: {}", failure.kind, innermost(source.as_ref())),
        _ => failure.kind.to_string(),
    };
    let error = Error::new(ErrorKind::Transport, ran, message).with_source(failure);
    if too_large {
        // The next answer would be as large.
        Became::Refused(error)
    } else {
        Became::Lost(error)
    }
}

pub(super) fn unauthorized() -> Error {
    let message = "the portal answered 401: it does not accept the token or password";
    Error::new(ErrorKind::Auth, DidItRun::No, message)
}

/// An error that the portal answered with, of a request or of an item of a batch.
pub(super) fn refusal(status: u16, problem: &Problem) -> Error {
    let message = problem.message.trim();
    let (kind, ran) = match status {
        // Before the method is called: the tariff is not paid, the portal is being moved.
        402 => (ErrorKind::AccessDenied, DidItRun::No),
        503 => (ErrorKind::Api, DidItRun::No),
        401 => (ErrorKind::Auth, DidItRun::No),
        403 => (ErrorKind::AccessDenied, DidItRun::Yes),
        404 if message.eq_ignore_ascii_case("method not found") => {
            (ErrorKind::MethodNotFound, DidItRun::No)
        }
        404 => (ErrorKind::NotFound, DidItRun::Yes),
        400..=499 => (ErrorKind::Api, DidItRun::Yes),
        _ if message.eq_ignore_ascii_case("no batch specified") => {
            (ErrorKind::Config, DidItRun::No)
        }
        // Anything that a method did not expect: nobody knows how far it had come.
        _ => (ErrorKind::Api, DidItRun::Unknown),
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
        Some(host) => format!("the portal has moved to {host}: use that address"),
        None => format!(
            "the portal answered {} without saying where it has moved to",
            response.status
        ),
    };
    Error::new(ErrorKind::Config, DidItRun::No, message)
}
