//! Who calls: logins, tokens, and what a request presents.

use std::collections::BTreeMap;
use std::time::Duration;

use brimful_portal::extension::samples;
use brimful_r7_protocol::{basic, form};
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, COOKIE};

use crate::api_failure::ApiFailure;
use crate::config::{Login, R7Config};
use crate::params;

/// The name of the token in a query, a form and a cookie.
const KEY: &str = "asc_auth_key";

/// The token and the password that everybody knows.
const DEMO: &str = "demo";

/// After so many wrong passwords in a row the user has to wait.
const ATTEMPTS: u32 = 5;
const WAIT: Duration = Duration::from_secs(60);

/// Who may come in.
#[derive(Debug)]
pub(super) struct Access {
    logins: Vec<Login>,
    tokens: BTreeMap<String, Token>,
    code: Option<String>,
    demo_is_local: bool,
    ttl: Duration,
    failures: BTreeMap<String, (u32, Duration)>,
    seed: u64,
    given: u64,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    person: u64,
    expires: Option<Duration>,
}

/// What a login comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LoginOutcome {
    /// A token, and how long it holds.
    Token { token: String, ttl: Duration },
    /// A code from an application has to follow.
    SecondFactor,
}

impl Access {
    pub(super) fn new(config: &R7Config, seed: u64) -> Self {
        let known = config.tokens.iter().map(|(token, person)| {
            let token = token.clone();
            let person = *person;
            (
                token,
                Token {
                    person,
                    expires: None,
                },
            )
        });
        Self {
            logins: config.logins.clone(),
            tokens: known.collect(),
            code: config.code.clone(),
            demo_is_local: config.demo_is_local,
            ttl: config.token_ttl,
            failures: BTreeMap::new(),
            seed,
            given: 0,
        }
    }

    /// The person who sends a request: by its token in query, form, cookie or header, by Basic, or by Bearer.
    /// `is_local` says whether a program on this machine sends it.
    pub(super) fn caller(
        &self,
        request: &Request<Bytes>,
        is_local: bool,
        now: Duration,
    ) -> Option<u64> {
        let token = |token: &str| {
            if token == DEMO && self.demo_is_local && !is_local {
                return None;
            }
            let found = self.tokens.get(token)?;
            let holds = found.expires.is_none_or(|at| now < at);
            holds.then_some(found.person)
        };
        let query = params::of_query(request);
        let in_query = params::text(&query, KEY);
        let in_form = || {
            let is_form = params::media_type(request).starts_with("application/x-www-form");
            let form = is_form.then(|| form::decode(request.body()))?;
            params::text(&form, KEY)
        };
        let key = in_query
            .or_else(in_form)
            .or_else(|| cookie(request, KEY).map(str::to_owned));
        if let Some(person) = key.as_deref().and_then(token) {
            return Some(person);
        }
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?.trim();
        if let Some(person) = token(header) {
            return Some(person);
        }
        let (scheme, rest) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("basic") {
            let (user, password) = basic::decode(rest)?;
            // As the server splits it, a password with a colon is none.
            return (!password.contains(':'))
                .then(|| self.find(&user, &password, is_local))
                .flatten();
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            return token(rest.trim());
        }
        None
    }

    fn find(&self, user: &str, password: &str, is_local: bool) -> Option<u64> {
        if password == DEMO && self.demo_is_local && !is_local {
            return None;
        }
        self.logins
            .iter()
            .find(|login| login.user.eq_ignore_ascii_case(user) && login.password == password)
            .map(|login| login.person)
    }

    /// `POST authentication`: bad credentials are no 401 but an exception.
    pub(super) fn log_in(
        &mut self,
        user: &str,
        password: &str,
        code: Option<&str>,
        is_local: bool,
        now: Duration,
    ) -> Result<LoginOutcome, ApiFailure> {
        let name = user.to_lowercase();
        let (failed, last) = self.failures.get(&name).copied().unwrap_or_default();
        if failed >= ATTEMPTS && now.saturating_sub(last) < WAIT {
            return Err(ApiFailure::unexpected("Login Fail. Too many attempts"));
        }
        let right_code = match (&self.code, code) {
            (Some(wanted), Some(code)) => wanted == code,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        let Some(person) = self.find(user, password, is_local).filter(|_| right_code) else {
            self.failures.insert(name, (failed + 1, now));
            return Err(ApiFailure::unexpected("User authentication failed"));
        };
        self.failures.remove(&name);
        if self.code.is_some() && code.is_none() {
            return Ok(LoginOutcome::SecondFactor);
        }
        self.given += 1;
        let half = |n: u64| samples::mix(self.seed ^ samples::mix(self.given * 2 + n));
        let token = format!("{:016x}{:016x}", half(0), half(1));
        self.tokens.insert(
            token.clone(),
            Token {
                person,
                expires: Some(now.saturating_add(self.ttl)),
            },
        );
        Ok(LoginOutcome::Token {
            token,
            ttl: self.ttl,
        })
    }
}

/// The value of a cookie.
pub(super) fn cookie<'r>(request: &'r Request<Bytes>, name: &str) -> Option<&'r str> {
    request
        .headers()
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|one| {
            let (key, value) = one.split_once('=')?;
            (key.trim() == name).then(|| value.trim())
        })
}
