//! A session with one portal: takes a place in the window, shows the credential, makes an attempt, reads the answer, and
//! repeats as [`brimful::Retry`] allows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brimful_r7_protocol::{Envelope, FORM, form};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use tracing::debug;

use super::address::Address;
use super::credential::{Credential, Kind};
use super::verdict::{Became, Unread, judge, unanswered};
use super::window::Window;
use brimful::Effect;
use brimful::Retry;
use brimful::client_parts::{may_repeat, retry_delay, retry_limits};
use brimful::{DidItRun, Error, ErrorKind};
use brimful::{Request, Transport};

/// Everything that the clones of a client share.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) address: Address,
    pub(super) credential: Option<Credential>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) window: Arc<Window>,
    pub(super) retry: Retry,
    pub(super) random: Mutex<fastrand::Rng>,
    /// The portal has answered at least once, with whatever it had to say.
    pub(super) reached: AtomicBool,
    pub(super) requests: AtomicU64,
    /// The token that was got for a password. Who gets one holds the lock, so that nobody else does meanwhile.
    pub(super) token: tokio::sync::Mutex<Option<Token>>,
}

/// A token, and the how manieth it is.
#[derive(Clone)]
pub(super) struct Token {
    text: String,
    serial: u64,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One request as the session sends it.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) verb: Method,
    /// From `/api/2.0/` on, with the query.
    pub(super) path: String,
    pub(super) body: Option<(String, Bytes)>,
    pub(super) effect: Effect,
}

impl Exchange {
    /// What errors call it: no query and no code of a second factor, which may be secrets.
    fn subject(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api/2.0/").unwrap_or(path);
        let path = if path.starts_with("authentication") {
            "authentication"
        } else {
            path
        };
        format!("{} {path}", self.verb)
    }
}

impl Session {
    /// Sends a request until it is answered or may not be repeated. `read` makes the result of a sound answer.
    pub(super) async fn run<T>(
        &self,
        exchange: &Exchange,
        read: impl Fn(&Bytes) -> Result<T, Unread>,
    ) -> Result<T, Error> {
        let mut stale = None;
        loop {
            let token = self.token(stale).await?;
            let shown = token.as_ref().map(|token| token.text.as_str());
            match self.send(exchange, shown, &read).await {
                Ok(value) => return Ok(value),
                // The token has expired: another one, once.
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

    /// The token to show, where one has to be got; another one than `stale`.
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
            Some(code) => format!(
                "/api/2.0/authentication/{}",
                brimful::protocol::query::escaped(code)
            ),
            None => "/api/2.0/authentication".to_owned(),
        };
        let fields = form::encode(&json!({ "userName": user, "password": password }));
        let exchange = Exchange {
            verb: Method::POST,
            path,
            body: Some((FORM.to_owned(), fields.into())),
            // A second token does no harm.
            effect: Effect::Read,
        };
        let given = self.send(&exchange, None, login).await;
        let text = given.map_err(|error| {
            let failed = error.api_error().is_some_and(|said| {
                said.description.starts_with("User authentication failed")
                    || said.description.starts_with("Login Fail")
            });
            if failed {
                error.of_kind(ErrorKind::Auth, DidItRun::No)
            } else {
                error
            }
        })?;
        let token = Token { text, serial };
        *held = Some(token.clone());
        Ok(Some(token))
    }

    async fn send<T>(
        &self,
        exchange: &Exchange,
        token: Option<&str>,
        read: impl Fn(&Bytes) -> Result<T, Unread>,
    ) -> Result<T, Error> {
        let subject = exchange.subject();
        let at = |error: Error, attempts| error.at(&self.address, &subject).attempts(attempts);
        let request = self
            .request(exchange, token)
            .map_err(|error| at(error, 1))?;
        let started = Instant::now();
        let (_, deadline) = retry_limits(&self.retry, true);
        let (mut failures, mut attempts) = (0, 0);
        loop {
            let mut place = self.window.place().await;
            place.spend();
            attempts += 1;
            let became = self.attempt(&request, &subject, &read).await;
            drop(place);
            let (error, wait) = match became {
                Became::Done(value) => return Ok(value),
                Became::OverRate(error, wait) => {
                    self.window.close(wait);
                    (error, wait)
                }
                Became::Unknown(error) | Became::Refused(error) => {
                    return Err(at(error, attempts));
                }
                Became::Lost(error) => {
                    failures += 1;
                    let reached = self.reached.load(Ordering::Relaxed);
                    let (most, _) = retry_limits(&self.retry, reached);
                    if failures >= most || !may_repeat(exchange.effect, error.did_it_run()) {
                        return Err(at(error, attempts));
                    }
                    (error, self.delay(failures))
                }
            };
            // A portal that refuses for ever is asked no more than one that is silent.
            if attempts >= MOST_ATTEMPTS || started.elapsed() + wait > deadline {
                return Err(at(error, attempts));
            }
            debug!(request = subject, attempt = attempts, ?wait, %error, "trying again");
            // Where the window is closed it makes everybody wait.
            tokio::time::sleep(wait).await;
        }
    }

    fn request(&self, exchange: &Exchange, token: Option<&str>) -> Result<Request, Error> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(credential) = &self.credential {
            credential.show(&mut headers, token)?;
        }
        let body = match &exchange.body {
            None => Bytes::new(),
            Some((content_type, body)) => {
                let content_type = HeaderValue::from_str(content_type)
                    .map_err(|_| Error::config("the content type of the body is none"))?;
                headers.insert(CONTENT_TYPE, content_type);
                body.clone()
            }
        };
        Ok(Request {
            method: exchange.verb.clone(),
            url: self.address.to(&exchange.path)?,
            headers,
            body,
        })
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        subject: &str,
        read: impl Fn(&Bytes) -> Result<T, Unread>,
    ) -> Became<T> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        match self.transport.send(request.clone()).await {
            Ok(response) => {
                debug!(
                    request = subject,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    took = ?sent.elapsed(),
                );
                let became = judge(&response, read);
                if !matches!(became, Became::Lost(_)) {
                    self.reached.store(true, Ordering::Relaxed);
                }
                became
            }
            Err(failure) => unanswered(failure),
        }
    }

    fn delay(&self, failures: u32) -> Duration {
        let jitter = self
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .f64();
        retry_delay(&self.retry, failures, jitter)
    }
}

/// `Retry-After: 0` for ever must not keep a client busy for its whole deadline.
const MOST_ATTEMPTS: u32 = 200;

/// The token in the answer to a login.
fn login(body: &Bytes) -> Result<String, Unread> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        tfa: bool,
        #[serde(default)]
        sms: bool,
    }
    let envelope = Envelope::parse(body).map_err(Unread::Envelope)?;
    if let Some(problem) = envelope.problem() {
        return Err(Unread::Problem {
            status: envelope.status_code,
            problem,
        });
    }
    let response = envelope.response.map_or("null", |response| response.get());
    let given: Given = serde_json::from_str(response)
        .map_err(|_| Unread::Shape("an answer to the login that has no token".to_owned()))?;
    match given.token.filter(|token| !token.is_empty()) {
        Some(token) => Ok(token),
        None if given.sms => Err(Unread::Shape(
            "the code of a second factor by SMS, and asks for it with the login".to_owned(),
        )),
        None if given.tfa => Err(Unread::Shape(
            "a question for the code of a second factor: give it with the password".to_owned(),
        )),
        None => Err(Unread::Shape(
            "an answer to the login that has no token".to_owned(),
        )),
    }
}
