//! The OAuth server: codes and refresh tokens are exchanged for pairs of tokens.
//!
//! A refresh token is good for one refresh. If the answer to it is lost, it is unknown whether the token was used up;
//! asking again with the same token does no harm and tells: the server gives the next pair, or says `invalid_grant`.

use std::fmt;
use std::sync::Arc;

use brimful_protocol::{
    ApiError, Array, Envelope, EnvelopeError, ErrorCode, KnownCode, Value, query,
};
use http::StatusCode;
use tracing::debug;

use super::{AppCredentials, PortalAddress, Secret, TokenFailure, Tokens};
use crate::error::{ErrorKind, Execution};
use crate::retry::{Failure, Retry, RetryContext, RetryDecision};
use crate::transport::{Request, Response, Transport};
use crate::waits::{WaitLog, in_words};

/// The OAuth server as one application asks it.
#[derive(Debug)]
pub(crate) struct TokenServer {
    pub(crate) app: AppCredentials,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) retry: Retry,
    pub(crate) wait_log: Arc<WaitLog>,
}

/// What tokens are given for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenGrant<'a> {
    Code(&'a Secret),
    Refresh(&'a Secret),
}

/// An attempt that brought no tokens: what it means for the next one, and why.
type FailedAttempt = (Failure, TokenFailure);

/// Asked again later: no answer came, and the request did not run.
const NOT_RUN: Failure = Failure::NoAnswer {
    ran: Execution::NotRun,
    first_contact: false,
};
/// The server could not be reached by somebody who waits for it, with an address that was just typed: a wrong one says
/// so soon.
const NOT_REACHED: Failure = Failure::NoAnswer {
    ran: Execution::NotRun,
    first_contact: true,
};
/// Asked again: no proper answer came.
const NO_ANSWER: Failure = Failure::NoAnswer {
    ran: Execution::Unknown,
    first_contact: false,
};

impl TokenGrant<'_> {
    fn secret(&self) -> &Secret {
        match self {
            Self::Code(secret) | Self::Refresh(secret) => secret,
        }
    }

    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Code(_) => ("authorization_code", "code"),
            Self::Refresh(_) => ("refresh_token", "refresh_token"),
        }
    }
}

impl fmt::Display for TokenGrant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "code",
            Self::Refresh(_) => "refresh token",
        })
    }
}

impl TokenServer {
    /// Asks the server that was told of (or the usual one) until it answers, or has been asked often enough.
    pub(crate) async fn ask(
        &self,
        told: Option<&str>,
        portal: &PortalAddress,
        grant: TokenGrant<'_>,
    ) -> Result<Tokens, TokenFailure> {
        let url = self
            .app
            .token_url(told, portal)
            .map_err(|why| TokenFailure::new(ErrorKind::Config, why))?;
        let (grant_type, name) = grant.names();
        let form: String = [
            ("grant_type", grant_type),
            ("client_id", &self.app.client_id),
            ("client_secret", self.app.client_secret.expose()),
            (name, grant.secret().expose()),
        ]
        .map(|(name, value)| format!("{name}={}", query::escaped(value)))
        .join("&");
        let mut retries = RetryContext::of_tokens(self.retry);
        let mut lost = false;
        loop {
            retries.begin_attempt();
            let request = Request::post_form(url.clone(), form.clone());
            let attempt = match self.transport.send(request).await {
                Ok(response) => self.judge(&response, &grant),
                Err(error) => {
                    let failure = match grant {
                        _ if error.kind.was_sent() => NO_ANSWER,
                        TokenGrant::Code(_) => NOT_REACHED,
                        TokenGrant::Refresh(_) => NOT_RUN,
                    };
                    let why = format!("the token server did not answer: {}", error.description());
                    let why = TokenFailure::new(ErrorKind::Transport, why).caused_by(error);
                    Err((failure, why))
                }
            };
            let (failure, why) = match attempt {
                Ok(tokens) => return Ok(tokens),
                Err(failed) => failed,
            };
            lost |= failure == NO_ANSWER;
            let RetryDecision::RetryAfter(wait) = retries.after(failure, 1.0) else {
                return Err(given_up(why, failure, lost, &grant, &retries));
            };
            let attempt = retries.attempts();
            debug!(attempt, ?wait, failure = %why, "asking the token server again");
            self.wait_log.retry("the token server", attempt, wait, &why);
            tokio::time::sleep(wait).await;
        }
    }

    fn judge(&self, response: &Response, grant: &TokenGrant<'_>) -> Result<Tokens, FailedAttempt> {
        let status = response.status;
        let answered = |what: &dyn fmt::Display| {
            TokenFailure::new(
                ErrorKind::Decode,
                format!("the token server answered {status} with {what}"),
            )
        };
        let error = match Envelope::parse(&response.body) {
            Ok(Envelope {
                error: Some(error), ..
            }) => error,
            Ok(_) | Err(EnvelopeError::NoResult(_)) if status.is_success() => {
                let fields = serde_json::from_slice(&response.body).map(fields);
                // Sound JSON, which will be the same next time.
                return Tokens::read(&fields.unwrap_or_default()).map_err(|error| {
                    let why = answered(&format!("JSON that holds no tokens: {error}"));
                    (Failure::Final, why)
                });
            }
            Ok(_) | Err(EnvelopeError::NoResult(_)) => {
                return Err((Failure::Final, answered(&"JSON that is not an error")));
            }
            Err(error) => {
                let failure = match status {
                    StatusCode::TOO_MANY_REQUESTS => NOT_RUN,
                    // Half an answer, or a page in the place of one.
                    _ if status.is_success()
                        || status.is_server_error()
                        || status == StatusCode::REQUEST_TIMEOUT =>
                    {
                        NO_ANSWER
                    }
                    _ => Failure::Final,
                };
                return Err((failure, answered(&error)));
            }
        };
        let text = self.without_secrets(&error.to_string(), grant);
        let kind = kind_of(&error.code);
        let answer = ApiError {
            description: self.without_secrets(&error.description, grant),
            validation: Vec::new(),
            code: error.code,
        };
        let failure = match kind {
            ErrorKind::QueryLimit => NOT_RUN,
            _ if status.is_server_error() => NO_ANSWER,
            _ => Failure::Final,
        };
        let why = format!("the token server answered: {text}");
        Err((failure, TokenFailure::new(kind, why).answered(answer)))
    }

    /// A server that repeats what it was sent must not have it shown.
    fn without_secrets(&self, text: &str, grant: &TokenGrant<'_>) -> String {
        let mut text = text.to_owned();
        for secret in [&self.app.client_secret, grant.secret()] {
            if !secret.is_empty() {
                text = text.replace(secret.expose(), "…");
            }
        }
        text
    }
}

fn fields(json: Value) -> Array {
    match json {
        Value::Array(fields) => fields,
        _ => Array::new(),
    }
}

/// The last failure, and what is to be said of those before it.
fn given_up(
    why: TokenFailure,
    failure: Failure,
    lost: bool,
    grant: &TokenGrant<'_>,
    retries: &RetryContext,
) -> TokenFailure {
    if failure == Failure::Final {
        return if lost && why.kind == ErrorKind::Auth {
            why.because(&format!(
                "an answer was lost before, so the {grant} may have been used up by that: \
                 the user has to let the application in again"
            ))
        } else {
            why
        };
    }
    let why = if lost {
        why.because(&format!("it is unknown whether the {grant} was used up"))
    } else {
        why
    };
    let (attempts, tried) = (retries.attempts(), in_words(retries.tried()));
    why.because(&format!("after {attempts} attempts within {tried}"))
}

fn kind_of(code: &ErrorCode) -> ErrorKind {
    match code.known() {
        KnownCode::QueryLimitExceeded | KnownCode::OperationTimeLimit => ErrorKind::QueryLimit,
        _ if *code == "invalid_client" || *code == "wrong_client" || *code == "invalid_request" => {
            ErrorKind::Config
        }
        _ if *code == "invalid_scope" || *code == "insufficient_scope" => {
            ErrorKind::InsufficientScope
        }
        _ if *code == "payment_required" => ErrorKind::AccessDenied,
        // invalid_grant, NOT_INSTALLED, bad_verification_code
        _ => ErrorKind::Auth,
    }
}
