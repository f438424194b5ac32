//! The settings of a client as Python gives them, and the client that is made of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use brimful::{Cache, Checks, Error, HttpOptions, Limit, Retry};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::client::{Client, SharedClient};
use crate::oauth::OAuth;

/// The settings by their names. Python passes all of them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are settings of their own, by name"
)]
pub(crate) struct Settings {
    address: Option<String>,
    oauth: Option<Py<OAuth>>,
    token: Option<Py<PyAny>>,
    limits_of: Option<Py<Client>>,
    burst: Option<f64>,
    per_second: Option<f64>,
    operating_limit: Option<f64>,
    attempts: Option<u32>,
    give_up_after: Option<f64>,
    batch_size: usize,
    check_parameters: bool,
    cache: Vec<(String, f64, u64)>,
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    user_agent: Option<String>,
    proxy: Option<String>,
    use_proxy: bool,
    verify_certificates: bool,
    ca_file: Option<PathBuf>,
    http1_only: bool,
    max_reply: Option<usize>,
}

/// Everything that clients are made of: the first one, and another in each process that is forked off.
pub(crate) struct ClientRecipe {
    credential: Credential,
    limits: LimitsSource,
    retry: Retry,
    batch_size: usize,
    checks: Checks,
    cache: Vec<(String, Duration, u64)>,
    http: HttpOptions,
}

enum Credential {
    Webhook(String),
    /// The address of a portal, and the function that gives tokens for it.
    Token(String, Arc<Py<PyAny>>),
    OAuth(OAuth),
}

enum LimitsSource {
    Own {
        rate: Option<Limit>,
        operating: Option<Duration>,
    },
    Of(Arc<SharedClient>),
}

impl Settings {
    /// Checks what can be checked before there is a client.
    pub(crate) fn recipe(self, py: Python<'_>) -> PyResult<ClientRecipe> {
        let mut retry = Retry::default();
        if let Some(attempts) = self.attempts {
            retry = retry.attempts(attempts);
        }
        if let Some(time) = seconds("give_up_after", self.give_up_after)? {
            retry = retry.deadline(time);
        }
        let checks = if self.check_parameters {
            Checks::On
        } else {
            Checks::Off
        };
        let cache = self.cache.iter().map(|(method, time, replies)| {
            let time = seconds("cache", Some(*time))?.unwrap_or_default();
            Ok((method.clone(), time, *replies))
        });
        Ok(ClientRecipe {
            retry,
            batch_size: self.batch_size,
            checks,
            cache: cache.collect::<PyResult<_>>()?,
            http: self.http()?,
            limits: match &self.limits_of {
                Some(client) => LimitsSource::Of(client.get().shared()),
                None => LimitsSource::Own {
                    rate: self
                        .burst
                        .zip(self.per_second)
                        .map(|(burst, per_second)| Limit { burst, per_second }),
                    operating: seconds("operating_limit", self.operating_limit)?,
                },
            },
            credential: self.credential(py)?,
        })
    }

    fn http(&self) -> PyResult<HttpOptions> {
        let mut http = HttpOptions::new();
        if let Some(time) = seconds("timeout", self.timeout)? {
            http = http.timeout(time);
        }
        if let Some(time) = seconds("connect_timeout", self.connect_timeout)? {
            http = http.connect_timeout(time);
        }
        if let Some(agent) = &self.user_agent {
            http = http.user_agent(agent);
        }
        if let Some(proxy) = &self.proxy {
            http = http.proxy(proxy.as_str());
        }
        if !self.use_proxy {
            http = http.no_proxy();
        }
        if !self.verify_certificates {
            http = http.danger_accept_invalid_certs();
        }
        if let Some(path) = &self.ca_file {
            http = http.ca_file(path);
        }
        if self.http1_only {
            http = http.http1_only();
        }
        if let Some(bytes) = self.max_reply {
            http = http.max_reply(bytes);
        }
        Ok(http)
    }

    fn credential(self, py: Python<'_>) -> PyResult<Credential> {
        match (self.address, self.token, self.oauth) {
            (Some(address), None, None) => Ok(Credential::Webhook(address)),
            (Some(address), Some(token), None) => Ok(Credential::Token(address, Arc::new(token))),
            (None, None, Some(oauth)) => Ok(Credential::OAuth(oauth.get().copy(py))),
            _ => Err(PyValueError::new_err(
                "a client has a webhook, the address of a portal and token, or oauth alone",
            )),
        }
    }
}

impl ClientRecipe {
    /// Makes a client. It may call Python, on other threads, so the interpreter must be free meanwhile.
    pub(crate) fn client(&self) -> Result<brimful::Client, Error> {
        let mut builder = match &self.credential {
            Credential::Webhook(address) => brimful::Client::builder(address),
            Credential::Token(address, ask) => {
                let ask = Arc::clone(ask);
                brimful::Client::builder(address).token_with(move || {
                    let ask = Arc::clone(&ask);
                    async move { ask_for_token(ask).await }
                })
            }
            Credential::OAuth(oauth) => brimful::Client::builder(oauth.load()?),
        };
        builder = builder
            .retry(self.retry)
            .batch_size(self.batch_size)
            .checks(self.checks)
            .http(self.http.clone());
        builder = match &self.limits {
            LimitsSource::Own { rate, operating } => {
                let builder = builder.limit(*rate);
                match operating {
                    Some(time) => builder.operating_limit(*time),
                    None => builder,
                }
            }
            LimitsSource::Of(other) => builder.limits(other.client()?.limits()),
        };
        if !self.cache.is_empty() {
            let mut cache = Cache::new();
            for (method, time, replies) in &self.cache {
                cache = cache.method(method, *time, *replies);
            }
            builder = builder.cache(cache);
        }
        builder.build()
    }
}

/// A time in seconds.
pub(crate) fn seconds(name: &str, seconds: Option<f64>) -> PyResult<Option<Duration>> {
    let time = seconds.map(|seconds| {
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            PyValueError::new_err(format!("{name} is {seconds}, not a time in seconds"))
        })
    });
    time.transpose()
}

/// Asks Python for a token, on a thread that may block.
async fn ask_for_token(ask: Arc<Py<PyAny>>) -> Result<String, String> {
    let asked = tokio::task::spawn_blocking(move || {
        Python::try_attach(|py| -> PyResult<String> { ask.call0(py)?.extract(py) })
    });
    match asked.await {
        Ok(Some(token)) => token.map_err(|error| error.to_string()),
        Ok(None) => Err("the interpreter is ending".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
