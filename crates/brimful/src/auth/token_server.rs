//! The OAuth server: codes and refresh tokens are exchanged for pairs of tokens.
//!
//! A refresh token is good for one refresh. If the answer to it is lost, nobody knows whether it was used up; asking
//! again with the same token does no harm and tells: the server gives the next pair, or says `invalid_grant`.

use std::fmt;
use std::sync::Arc;

use brimful_protocol::{Array, Envelope, EnvelopeError, ErrorCode, KnownCode, Value, query};
use http::StatusCode;
use tokio::time::Instant;
use tracing::debug;

use super::{AppCredentials, Failure, Secret, Tokens};
use crate::error::ErrorKind;
use crate::retry::Retry;
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
pub(crate) enum Grant<'a> {
    Code(&'a Secret),
    Refresh(&'a Secret),
}

/// What became of one attempt.
enum Became {
    Given(Box<Tokens>),
    /// It did not run.
    Later(Failure),
    /// Nobody knows whether it ran.
    Lost(Failure),
    Refused(Failure),
}

impl Grant<'_> {
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

impl fmt::Display for Grant<'_> {
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
        grant: Grant<'_>,
    ) -> Result<Tokens, Failure> {
        let url = self
            .app
            .token_url(told)
            .map_err(|why| Failure::new(ErrorKind::Config, why))?;
        let (grant_type, name) = grant.names();
        let form: String = [
            ("grant_type", grant_type),
            ("client_id", &self.app.client_id),
            ("client_secret", self.app.client_secret.expose()),
            (name, grant.secret().expose()),
        ]
        .map(|(name, value)| format!("{name}={}", query::escaped(value)))
        .join("&");
        let began = Instant::now();
        let mut attempts = 0;
        let mut lost = false;
        loop {
            attempts += 1;
            let request = Request::post_form(url.clone(), form.clone());
            let became = match self.transport.send(request).await {
                Ok(response) => self.judge(&response, &grant),
                Err(error) => {
                    let sent = error.kind.was_sent();
                    let failure = Failure::new(
                        ErrorKind::Transport,
                        format!("the token server did not answer: {}", error.description()),
                    )
                    .caused_by(error);
                    if sent {
                        Became::Lost(failure)
                    } else {
                        Became::Later(failure)
                    }
                }
            };
            let failure = match became {
                Became::Given(tokens) => return Ok(*tokens),
                Became::Refused(failure) if lost && failure.kind == ErrorKind::Auth => {
                    return Err(failure.because(&format!(
                        "an answer was lost before, so the {grant} may have been used up by that: \
                         the user has to let the application in again"
                    )));
                }
                Became::Refused(failure) => return Err(failure),
                Became::Lost(failure) => {
                    lost = true;
                    failure
                }
                Became::Later(failure) => failure,
            };
            // Asking with the same token again does no harm, so there is always a second time.
            if attempts >= self.retry.attempts.max(2) {
                let failure = if lost {
                    failure.because(&format!("nobody knows whether the {grant} was used up"))
                } else {
                    failure
                };
                let tried = in_words(began.elapsed());
                return Err(failure.because(&format!("after {attempts} attempts within {tried}")));
            }
            let wait = self.retry.delay(attempts, 1.0);
            debug!(attempt = attempts, ?wait, %failure, "asking the token server again");
            self.wait_log
                .retry("the token server", attempts, wait, &failure);
            tokio::time::sleep(wait).await;
        }
    }

    fn judge(&self, response: &Response, grant: &Grant<'_>) -> Became {
        let status = response.status;
        let answered = |what: &dyn fmt::Display| {
            Failure::new(
                ErrorKind::Decode,
                format!("the token server answered {status} with {what}"),
            )
        };
        let error = match Envelope::parse(&response.body) {
            Ok(Envelope {
                error: Some(error), ..
            }) => Some(error),
            Ok(_) | Err(EnvelopeError::NoResult(_)) => None,
            Err(error) => {
                return match status {
                    StatusCode::TOO_MANY_REQUESTS => Became::Later(answered(&error)),
                    // Half an answer, or a page in the place of one.
                    _ if status.is_success()
                        || status.is_server_error()
                        || status == StatusCode::REQUEST_TIMEOUT =>
                    {
                        Became::Lost(answered(&error))
                    }
                    _ => Became::Refused(answered(&error)),
                };
            }
        };
        match error {
            Some(error) => {
                let text = self.without_secrets(&error.to_string(), grant);
                let kind = match kind_of(&error.code) {
                    ErrorKind::QueryLimit => {
                        let failure = Failure::new(ErrorKind::QueryLimit, answer(&text));
                        return Became::Later(failure);
                    }
                    kind => kind,
                };
                let failure = Failure::new(kind, answer(&text));
                if status.is_server_error() {
                    Became::Lost(failure)
                } else {
                    Became::Refused(failure)
                }
            }
            None if status.is_success() => {
                let fields = serde_json::from_slice(&response.body).map(fields);
                match Tokens::read(&fields.unwrap_or_default()) {
                    Ok(tokens) => Became::Given(Box::new(tokens)),
                    // Sound JSON, which will be the same next time.
                    Err(error) => {
                        Became::Refused(answered(&format!("JSON that holds no tokens: {error}")))
                    }
                }
            }
            None => Became::Refused(answered(&"JSON that is no error")),
        }
    }

    /// A server that repeats what it was sent must not have it shown.
    fn without_secrets(&self, text: &str, grant: &Grant<'_>) -> String {
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

fn answer(text: &str) -> String {
    format!("the token server answered: {text}")
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
