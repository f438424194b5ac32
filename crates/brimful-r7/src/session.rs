//! A session with one portal: waits for the rate limit, adds the credential, sends the request, reads the answer, and
//! retries as [`brimful::Retry`] allows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use brimful::client_parts::{Failure, RetryContext, RetryDecision};
use brimful::protocol::query::escaped;
use brimful::{Effect, Error, ErrorKind, Execution, Request, Retry, Secret, Transport};
use brimful_r7_protocol::{Envelope, FORM, form};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use tracing::debug;

use crate::address::Address;
use crate::credential::{Credential, Kind};
use crate::outcome::{self, AttemptOutcome, BodyError};
use crate::window::Window;

/// Everything that the clones of a client share.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) address: Address,
    pub(super) credential: Option<Credential>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) window: Arc<Window>,
    pub(super) retry: Retry,
    pub(super) random: Mutex<fastrand::Rng>,
    /// The portal has answered at least once.
    pub(super) reached: AtomicBool,
    pub(super) requests: AtomicU64,
    /// The token for a password. The lock is held while one is requested, so that it is requested once.
    pub(super) token: tokio::sync::Mutex<Option<Token>>,
}

/// A token for a password, and how many there were before it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    secret: Secret,
    serial: u64,
}

/// One request as the session sends it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// From `/api/2.0/` on, with the query.
    pub(super) path: String,
    pub(super) body: Option<(String, Bytes)>,
    pub(super) effect: Effect,
    /// When its answer is no longer waited for.
    pub(super) deadline: Option<Instant>,
}

impl Call {
    /// What errors call it. The query and the code of a second factor are left out: they may be secrets.
    fn label(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api/2.0/").unwrap_or(path);
        let path = if path.starts_with("authentication") {
            "authentication"
        } else {
            path
        };
        format!("{} {path}", self.method)
    }
}

impl Session {
    /// Sends a request, retries it where that is allowed, and reads the answer's body with `read`. At its deadline the
    /// error says whether it was sent.
    pub(super) async fn run<T>(
        &self,
        call: &Call,
        read: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> Result<T, Error> {
        let may_have_run = AtomicBool::new(false);
        let running = self.run_on(call, &may_have_run, read);
        let Some(deadline) = call.deadline else {
            return running.await;
        };
        // What is begun after it would be sent and given up at once.
        if deadline > Instant::now()
            && let Ok(result) = tokio::time::timeout_at(deadline, running).await
        {
            return result;
        }
        let ran = if may_have_run.load(Ordering::Relaxed) {
            Execution::Unknown
        } else {
            Execution::NotRun
        };
        let why = "the deadline of the job passed before the request was answered";
        Err(Error::new(ErrorKind::Deadline, ran, why).at(&self.address, &call.label()))
    }

    /// `may_have_run` says at any time whether the portal may have done, or be doing, what the request asks for.
    async fn run_on<T>(
        &self,
        call: &Call,
        may_have_run: &AtomicBool,
        read: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> Result<T, Error> {
        let mut stale = None;
        loop {
            let token = self.token(stale).await?;
            let shown = token.as_ref().map(|token| &token.secret);
            match self.send(call, shown, may_have_run, &read).await {
                Ok(value) => return Ok(value),
                // The token has expired: get another one, once.
                Err(error) => match (&token, stale) {
                    (Some(token), None) if error.kind() == ErrorKind::Auth => {
                        debug!("another token is needed");
                        stale = Some(token.serial);
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    /// The token for a password, from the portal if there is none yet or the one numbered `stale` is refused.
    async fn token(&self, stale: Option<u64>) -> Result<Option<Token>, Error> {
        let Some(Credential(Kind::Password {
            user,
            password,
            code,
        })) = &self.credential
        else {
            return Ok(None);
        };
        let mut held = self.token.lock().await;
        let serial = match &*held {
            Some(token) if Some(token.serial) != stale => return Ok(Some(token.clone())),
            Some(token) => token.serial + 1,
            None => 0,
        };
        let path = match code {
            Some(code) => format!("/api/2.0/authentication/{}", escaped(code.expose())),
            None => "/api/2.0/authentication".to_owned(),
        };
        let fields =
            form::encode(&json!({ "userName": user.expose(), "password": password.expose() }))
                .map_err(|error| Error::config(error.to_string()))?;
        let call = Call {
            method: Method::POST,
            path,
            body: Some((FORM.to_owned(), fields.into())),
            // To request a second token does no harm.
            effect: Effect::Read,
            // That of the request which needs the token ends the wait.
            deadline: None,
        };
        let of_login = AtomicBool::new(false);
        let answered = self.send(&call, None, &of_login, read_login).await;
        let secret = answered.map_err(|error| {
            let failed = error.api_error().is_some_and(|said| {
                said.description.starts_with("User authentication failed")
                    || said.description.starts_with("Login Fail")
            });
            if failed {
                error.of_kind(ErrorKind::Auth, Execution::NotRun)
            } else {
                error
            }
        })?;
        let token = Token { secret, serial };
        *held = Some(token.clone());
        Ok(Some(token))
    }

    async fn send<T>(
        &self,
        call: &Call,
        token: Option<&Secret>,
        may_have_run: &AtomicBool,
        read: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> Result<T, Error> {
        let label = call.label();
        let at = |error: Error, attempts| error.at(&self.address, &label).attempts(attempts);
        let request = self.request(call, token).map_err(|error| at(error, 1))?;
        let mut retries = RetryContext::new(self.retry, call.effect);
        loop {
            let mut slot = self.window.slot().await;
            slot.mark_sent();
            let ran_before = may_have_run.swap(true, Ordering::Relaxed);
            retries.begin_attempt();
            let outcome = self.attempt(&request, &label, &read).await;
            drop(slot);
            let attempts = retries.attempts();
            let (error, failure) = match outcome {
                AttemptOutcome::Done(value) => return Ok(value),
                AttemptOutcome::RateLimited(error, wait) => {
                    self.window.close(wait);
                    (error, Failure::AskedToWait(wait))
                }
                AttemptOutcome::Unauthorized(error) | AttemptOutcome::Refused(error) => {
                    (error, Failure::Final)
                }
                AttemptOutcome::NoAnswer(error) => {
                    let ran = error.execution();
                    let first_contact = !self.reached.load(Ordering::Relaxed);
                    (error, Failure::NoAnswer { ran, first_contact })
                }
            };
            let ran = ran_before || error.execution() != Execution::NotRun;
            may_have_run.store(ran, Ordering::Relaxed);
            let RetryDecision::RetryAfter(wait) = retries.after(failure, self.jitter()) else {
                return Err(at(error, attempts));
            };
            debug!(request = label, attempt = attempts, ?wait, %error, "retrying");
            tokio::time::sleep(wait).await;
        }
    }

    fn request(&self, call: &Call, token: Option<&Secret>) -> Result<Request, Error> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(credential) = &self.credential {
            credential.add_to(&mut headers, token)?;
        }
        let body = match &call.body {
            None => Bytes::new(),
            Some((content_type, body)) => {
                let content_type = HeaderValue::from_str(content_type).map_err(|_| {
                    Error::config("the content type of the body is not valid in a header")
                })?;
                headers.insert(CONTENT_TYPE, content_type);
                body.clone()
            }
        };
        Ok(Request {
            method: call.method.clone(),
            url: self.address.to(&call.path)?,
            headers,
            body,
        })
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        label: &str,
        read: impl Fn(&Bytes) -> Result<T, BodyError>,
    ) -> AttemptOutcome<T> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        match self.transport.send(request.clone()).await {
            Ok(response) => {
                debug!(
                    request = label,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    took = ?sent.elapsed(),
                );
                let outcome = outcome::of_response(&response, read);
                if !matches!(outcome, AttemptOutcome::NoAnswer(_)) {
                    self.reached.store(true, Ordering::Relaxed);
                }
                outcome
            }
            Err(failure) => outcome::of_failure(failure),
        }
    }

    /// A number in `0..1`.
    fn jitter(&self) -> f64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.f64()
    }
}

/// The token in the answer to a login.
fn read_login(body: &Bytes) -> Result<Secret, BodyError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Login {
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        tfa: bool,
        #[serde(default)]
        sms: bool,
    }
    let envelope = Envelope::parse(body).map_err(BodyError::Envelope)?;
    if let Some(problem) = envelope.problem() {
        return Err(BodyError::Problem {
            status: envelope.status_code,
            problem,
        });
    }
    let response = envelope.response.map_or("null", |response| response.get());
    let login: Login = serde_json::from_str(response)
        .map_err(|_| BodyError::Shape("an answer to the login that has no token".to_owned()))?;
    match login.token.filter(|token| !token.is_empty()) {
        Some(token) => Ok(token.into()),
        None if login.sms => Err(BodyError::Shape(
            "the code of a second factor by SMS, and asks for it with the login".to_owned(),
        )),
        None if login.tfa => Err(BodyError::Shape(
            "a question for the code of a second factor: give it with the password".to_owned(),
        )),
        None => Err(BodyError::Shape(
            "an answer to the login that has no token".to_owned(),
        )),
    }
}
