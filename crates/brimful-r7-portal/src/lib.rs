//! R7-Office beside Bitrix24: `/api/2.0/…` as the ONLYOFFICE Community Server answers it, its batches, people, groups,
//! projects and CRM, with a request-rate limit of its own.
//!
//! Where the documentation and the server's published code disagree, the code is followed; [`R7Config`] has switches for
//! readings that tests may want the other way.

mod access;
mod api;
mod batch;
mod config;
mod crm;
mod failure;
mod group;
mod guid;
mod limit;
mod list;
mod params;
mod people;
mod project;
mod reply;
mod store;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brimful_portal::extension::{Extension, ExtensionConfig, ExtensionSetup, Host};
use brimful_portal::{DataError, Fault, Reply};
use brimful_protocol::query;
use brimful_r7_protocol::form;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{Method as Verb, Request, Response};
use serde_json::{Value as Json, json};

use access::{Access, Entry};
use api::{Call, Output};
pub use brimful_r7_protocol::RateLimit;
pub use config::R7Config;
use failure::Failure;
use limit::Window;
use reply::{Answer, Format};
use store::Store;

/// The R7-Office side of a portal.
struct Server {
    config: R7Config,
    inner: Mutex<Inner>,
}

struct Inner {
    store: Store,
    access: Access,
    window: Window,
}

/// One request, alone or as an item of a batch.
struct Sub {
    verb: Verb,
    path: Vec<String>,
    query: Json,
    media_type: String,
    body: Bytes,
    format: Format,
}

impl Sub {
    fn is_login(&self) -> bool {
        self.path
            .first()
            .is_some_and(|first| first == "authentication")
    }
}

/// The path behind `/api/2.0/`.
fn inner(path: &str) -> Option<String> {
    let root = path.get(..9)?;
    root.eq_ignore_ascii_case("/api/2.0/")
        .then(|| path[9..].to_owned())
}

/// The pieces of a path, without the format at its end.
fn pieces(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/');
    let path = FORMATS
        .iter()
        .find_map(|format| path.strip_suffix(format))
        .unwrap_or(path);
    let decoded = |piece: &str| {
        let piece = query::unescaped(piece.replace('+', "%2B").as_bytes());
        String::from_utf8_lossy(&piece).into_owned()
    };
    path.split('/').map(decoded).collect()
}

const FORMATS: [&str; 3] = [".json", ".xml", ".tml"];

/// XML comes only where the path asks for it and the request itself is no JSON.
fn format(path: &str, media_type: &str) -> Format {
    let xml = [".xml", ".tml"].iter().any(|format| path.ends_with(format));
    if xml && media_type != "application/json" {
        Format::Xml
    } else {
        Format::Json
    }
}

impl ExtensionConfig for R7Config {
    fn start(&self, setup: ExtensionSetup) -> Result<Box<dyn Extension>, DataError> {
        let inner = Inner {
            access: Access::new(self, setup.seed),
            window: Window::new(self.limit),
            store: Store::new(self, setup)?,
        };
        Ok(Box::new(Server {
            config: self.clone(),
            inner: Mutex::new(inner),
        }))
    }
}

impl Extension for Server {
    /// `r7.people.filter`
    fn call_name(&self, path: &str) -> Option<String> {
        inner(path).map(|inner| format!("r7.{}", pieces(&inner).join(".")))
    }

    fn refuse(
        &self,
        request: &Request<Bytes>,
        peer: IpAddr,
        elapsed: Duration,
    ) -> Option<Response<Bytes>> {
        let mut inner = self.inner();
        let account = inner.access.caller(request, elapsed).unwrap_or(0);
        match inner.window.admit(peer, account, elapsed) {
            Ok(()) => None,
            Err(wait) => Some(reply::too_many(
                wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
            )),
        }
    }

    fn fault_reply(&self, fault: &Fault) -> Option<Reply> {
        Some(match fault {
            Fault::QueryLimit | Fault::OperatingLimit => reply::too_many(1).into(),
            Fault::ExpiredToken => reply::unauthorized(true).into(),
            _ => return None,
        })
    }

    fn answer<'a>(
        &'a self,
        host: Host<'a>,
        request: &'a Request<Bytes>,
    ) -> BoxFuture<'a, Response<Bytes>> {
        self.answer_request(host, request).boxed()
    }
}

impl Server {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply to a request for R7-Office.
    async fn answer_request(&self, host: Host<'_>, request: &Request<Bytes>) -> Response<Bytes> {
        let Some(path) = inner(request.uri().path()) else {
            return Answer::failed(Format::Json, &Failure::method_not_found()).respond();
        };
        let media_type = params::media_type(request);
        let sub = Sub {
            verb: request.method().clone(),
            path: pieces(&path),
            query: form::decode(request.uri().query().unwrap_or_default().as_bytes()),
            format: format(&path, &media_type),
            media_type,
            body: request.body().clone(),
        };
        if sub.is_login() {
            return self.carry_out(host, &sub, None).await.respond();
        }
        let person = self.inner().access.caller(request, host.elapsed());
        let Some(person) = person else {
            return reply::unauthorized(request.headers().contains_key(AUTHORIZATION));
        };
        let is_batch = matches!(sub.path.as_slice(), [only] if only == "batch");
        if is_batch && matches!(sub.verb, Verb::POST | Verb::GET) {
            host.count_call("r7.batch");
            return batch::run(host, self, request, person).await;
        }
        self.carry_out(host, &sub, Some(person)).await.respond()
    }

    /// Carries one request out, for the person whom the security context holds, in the time that it takes.
    async fn carry_out(&self, host: Host<'_>, sub: &Sub, context: Option<u64>) -> Answer {
        let now = host.unix() as i64;
        host.count_call(counted(&sub.path));
        let (answer, rows) = if sub.is_login() {
            (self.log_in(host, sub, now), 0)
        } else {
            self.call(sub, context, now)
        };
        let costs = host.costs();
        let cost = costs.call.saturating_add(costs.row.saturating_mul(rows));
        if !cost.is_zero() {
            tokio::time::sleep(cost).await;
        }
        answer
    }

    fn call(&self, sub: &Sub, context: Option<u64>, now: i64) -> (Answer, u32) {
        let mut inner = self.inner();
        let path: Vec<&str> = sub.path.iter().map(String::as_str).collect();
        let output = (|| {
            let person = context.ok_or_else(Failure::access_denied)?;
            let mut call = Call {
                config: &self.config,
                store: &mut inner.store,
                person,
                query: sub.query.clone(),
                body: params::of_body(&sub.media_type, &sub.body)?,
                now,
            };
            api::run(&mut call, &sub.verb, &path)
        })();
        match output {
            Ok(output) => {
                let rows = match &output {
                    Output::One(_) => 1,
                    Output::List(listed) => listed.rows.len() as u32,
                };
                let posted = sub.verb == Verb::POST;
                (Answer::done(sub.format, posted, output), rows)
            }
            Err(failure) => (Answer::failed(sub.format, &failure), 0),
        }
    }

    /// `POST authentication` and `POST authentication/{code}`.
    fn log_in(&self, host: Host<'_>, sub: &Sub, now: i64) -> Answer {
        let mut inner = self.inner();
        let entered = (|| {
            let code = match (sub.verb.as_str(), sub.path.as_slice()) {
                ("POST", [_]) => None,
                ("POST", [_, code]) => Some(code.as_str()),
                _ => return Err(Failure::method_not_found()),
            };
            let body = params::of_body(&sub.media_type, &sub.body)?;
            let user = params::text(&body, "userName").unwrap_or_default();
            let password = params::text(&body, "password").unwrap_or_default();
            let elapsed = host.elapsed();
            inner.access.log_in(&user, &password, code, elapsed)
        })();
        match entered {
            Err(failure) => Answer::failed(sub.format, &failure),
            Ok(Entry::SecondFactor) => {
                let asked = json!({ "tfa": true, "tfaKey": "JBSWY3DPEHPK3PXP" });
                Answer::done(sub.format, true, Output::One(asked))
            }
            Ok(Entry::Token { token, ttl }) => {
                let until = now.saturating_add(ttl.as_secs() as i64);
                let given = json!({ "token": token, "expires": inner.store.moment(until) });
                let mut answer = Answer::done(sub.format, true, Output::One(given));
                answer.cookie = Some(token);
                answer
            }
        }
    }
}

/// The name under which a call is counted.
fn counted(path: &[String]) -> &'static str {
    match path.first().map(String::as_str) {
        Some("people") => "r7.people",
        Some("group") => "r7.group",
        Some("crm") => "r7.crm",
        Some("project") => "r7.project",
        Some("authentication") => "r7.authentication",
        _ => "r7",
    }
}
