//! The R7-Office side of a portal: who calls, how often, and what runs.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brimful_portal::extension::{Extension, ExtensionConfig, ExtensionSetup, Host, error_page};
use brimful_portal::{DataError, Fault, Reply};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::access::{Access, LoginOutcome};
use crate::api;
use crate::api_failure::ApiFailure;
use crate::batch::BatchItems;
use crate::call::{Call, Output};
use crate::config::R7Config;
use crate::limit::WindowLimiter;
use crate::list::{IN_MEMORY, ListSlice, Query};
use crate::params;
use crate::reply::{self, Answer, Format};
use crate::request::{ApiRequest, call_name};
use crate::row::Row;
use crate::store::Store;

struct Server {
    config: R7Config,
    state: Mutex<ServerState>,
}

struct ServerState {
    store: Store,
    access: Access,
    window: WindowLimiter,
}

impl ExtensionConfig for R7Config {
    fn start(&self, setup: ExtensionSetup) -> Result<Box<dyn Extension>, DataError> {
        let state = ServerState {
            access: Access::new(self, setup.seed),
            window: WindowLimiter::new(self.limit),
            store: Store::new(self, setup, api::generate)?,
        };
        Ok(Box::new(Server {
            config: self.clone(),
            state: Mutex::new(state),
        }))
    }
}

impl Extension for Server {
    fn call_name(&self, path: &str) -> Option<String> {
        call_name(path)
    }

    fn refuse(
        &self,
        request: &Request<Bytes>,
        peer: IpAddr,
        elapsed: Duration,
    ) -> Option<Response<Bytes>> {
        let mut state = self.state();
        // A caller that presents a token spends its requests, even if the token is refused.
        let account = state.access.caller(request, true, elapsed).unwrap_or(0);
        match state.window.admit(peer, account, elapsed) {
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
    fn state(&self) -> MutexGuard<'_, ServerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer_request(&self, host: Host<'_>, request: &Request<Bytes>) -> Response<Bytes> {
        let Some(api_request) = ApiRequest::read(request) else {
            return Answer::failed(Format::Json, &ApiFailure::method_not_found()).respond();
        };
        if api_request.is_login() {
            return self.run(host, &api_request, None).await.respond();
        }
        let is_local = host.is_for_local_program();
        let caller = self
            .state()
            .access
            .caller(request, is_local, host.elapsed());
        let Some(caller) = caller else {
            return reply::unauthorized(request.headers().contains_key(AUTHORIZATION));
        };
        if api_request.is_batch() {
            host.count_call("r7.batch");
            return self.run_batch(host, request, &api_request, caller).await;
        }
        self.run(host, &api_request, Some(caller)).await.respond()
    }

    /// Runs the items of a batch one after the other in the order of `order`, although the documentation promises
    /// parallel ones.
    async fn run_batch(
        &self,
        host: Host<'_>,
        request: &Request<Bytes>,
        outer: &ApiRequest,
        caller: u64,
    ) -> Response<Bytes> {
        let mut items = match BatchItems::read(request, self.config.raw_batches) {
            BatchItems::Items(items) => items,
            BatchItems::Missing => return reply::no_batch(),
            BatchItems::Malformed => return error_page(StatusCode::INTERNAL_SERVER_ERROR),
        };
        items.sort_by_key(|item| item.order);
        let mut caller = Some(caller);
        let mut replies = Vec::with_capacity(items.len());
        for item in items {
            host.count_command();
            // An item is read when its turn comes: those before it have run.
            let inner = match ApiRequest::of_item(&item) {
                Ok(inner) => inner,
                Err(failure) => return reply::broken_batch(&failure),
            };
            replies.push(match inner {
                None => Json::Null,
                Some(inner) => {
                    let answer = self.run(host, &inner, caller).await;
                    if inner.is_login() {
                        caller = None;
                    }
                    answer.item(item.name)
                }
            });
        }
        let answer = match Query::read(&outer.query, self.config.largest_page) {
            Ok(query) => {
                let posted = outer.method == Method::POST;
                Answer::done(outer.format, posted, Output::List(page(&query, replies)))
            }
            Err(failure) => Answer::failed(Format::Json, &failure),
        };
        answer.respond()
    }

    /// Runs one request for its caller, in the time that it takes.
    async fn run(&self, host: Host<'_>, request: &ApiRequest, caller: Option<u64>) -> Answer {
        let now = host.unix() as i64;
        host.count_call(counted(&request.path));
        let (answer, rows) = if request.is_login() {
            (self.log_in(host, request, now), 0)
        } else {
            self.call(request, caller, now)
        };
        let costs = host.costs();
        let cost = costs.call.saturating_add(costs.row.saturating_mul(rows));
        if !cost.is_zero() {
            tokio::time::sleep(cost).await;
        }
        answer
    }

    fn call(&self, request: &ApiRequest, caller: Option<u64>, now: i64) -> (Answer, u32) {
        let mut state = self.state();
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let output = (|| {
            let person = caller.ok_or_else(ApiFailure::access_denied)?;
            let mut call = Call {
                config: &self.config,
                store: &mut state.store,
                person,
                query: request.query.clone(),
                body: params::of_body(&request.media_type, &request.body)?,
                now,
            };
            api::run(&mut call, &request.method, &path)
        })();
        match output {
            Ok(output) => {
                let rows = match &output {
                    Output::One(_) => 1,
                    Output::List(slice) => slice.rows.len() as u32,
                };
                let posted = request.method == Method::POST;
                (Answer::done(request.format, posted, output), rows)
            }
            Err(failure) => (Answer::failed(request.format, &failure), 0),
        }
    }

    /// `POST authentication` and `POST authentication/{code}`.
    fn log_in(&self, host: Host<'_>, request: &ApiRequest, now: i64) -> Answer {
        let mut state = self.state();
        let outcome = (|| {
            let code = match (request.method.as_str(), request.path.as_slice()) {
                ("POST", [_]) => None,
                ("POST", [_, code]) => Some(code.as_str()),
                _ => return Err(ApiFailure::method_not_found()),
            };
            let body = params::of_body(&request.media_type, &request.body)?;
            let user = params::text(&body, "userName").unwrap_or_default();
            let password = params::text(&body, "password").unwrap_or_default();
            let elapsed = host.elapsed();
            let is_local = host.is_for_local_program();
            state
                .access
                .log_in(&user, &password, code, is_local, elapsed)
        })();
        match outcome {
            Err(failure) => Answer::failed(request.format, &failure),
            Ok(LoginOutcome::SecondFactor) => {
                let asked = json!({ "tfa": true, "tfaKey": "JBSWY3DPEHPK3PXP" });
                Answer::done(request.format, true, Output::One(asked))
            }
            Ok(LoginOutcome::Token { token, ttl }) => {
                let until = now.saturating_add(ttl.as_secs() as i64);
                let given = json!({ "token": token, "expires": state.store.moment(until) });
                let mut answer = Answer::done(request.format, true, Output::One(given));
                answer.cookie = Some(token);
                answer
            }
        }
    }
}

/// The list of replies is a list like any other: what the outer query says of lists goes for it.
fn page(query: &Query, replies: Vec<Json>) -> ListSlice {
    let rows: Option<Vec<Row>> = replies
        .iter()
        .map(|reply| reply.as_object().cloned())
        .collect();
    if let Some(rows) = rows {
        return query.select_from(rows, IN_MEMORY);
    }
    let total = replies.len() as u64;
    let (start, count) = (query.start as usize, query.count as usize);
    ListSlice {
        rows: replies.into_iter().skip(start).take(count).collect(),
        start: query.start,
        next: 0,
        total: if total > query.count { total } else { 0 },
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
