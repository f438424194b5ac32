//! REST 3.0: the methods under `/rest/api/`.
//!
//! It shares the portal's data, credentials, limits and clock with the older REST, and nothing of its manners: bodies
//! are JSON or refused, parameters in the query count for nothing, errors have a form of their own, lists are filtered by
//! triples and paged by `pagination`. The order of its checks is: JSON, method, credentials, operating time, scope.

mod batch;
mod body;
mod cursor;
mod documentation;
mod dto;
mod endpoint;
pub(crate) mod error;
mod event_log;
mod fields;
mod filter;
pub(crate) mod given;
mod idempotency;
mod item;
mod order;
mod pagination;
mod params;
mod reference;
mod select;
mod served;
mod task_fields;
mod task_writing;
mod tasks;

use std::net::IpAddr;

use brimful_protocol::{Array, Value};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

pub(crate) use idempotency::Replays;

use crate::auth::Caller;
use crate::executor::{Executor, Outcome};
use crate::faults::Fault;
use crate::method::{Handler, MethodError};
use crate::portal::Core;
use crate::registry::BATCH;
use crate::reply::Reply;
use crate::request;
use crate::respond::{self, Body, Format, Timing};
use endpoint::Wrapping;
pub(crate) use endpoint::{Endpoint, find};
use idempotency::IdempotencyKey;
pub(crate) use served::endpoint as served;

/// Answers a request for `method`.
pub(crate) async fn answer(
    core: &Core,
    request: &Request<Bytes>,
    method: &str,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Response<Bytes> {
    match call(core, request, method, webhook, peer).await {
        Ok(response) => response,
        Err(error) => error::response(&error),
    }
}

/// The reply to a fault that has a form of its own here.
pub(crate) fn instead(fault: &Fault) -> Option<Reply> {
    let error = match fault {
        Fault::OperatingLimit => error::rate_limit(),
        Fault::ExpiredToken => error::unauthorised(),
        _ => return None,
    };
    Some(error::response(&error).into())
}

/// The scopes of the methods.
pub(crate) fn scopes() -> impl Iterator<Item = &'static str> {
    endpoint::ALL.iter().map(|one| one.method.scope)
}

async fn call(
    core: &Core,
    request: &Request<Bytes>,
    method: &str,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Result<Response<Bytes>, MethodError> {
    let mut params = body::read(request)?;
    let name = method.to_ascii_lowercase();
    let endpoint = match name.as_str() {
        BATCH => None,
        name => Some(
            core.registry
                .endpoint(name)
                .ok_or_else(|| error::method_not_found(method))?,
        ),
    };
    let presented = request::presented(request, webhook, &mut params.credentials());
    let caller = core
        .admit(&presented, request, peer)
        .map_err(|_| error::unauthorised())?;
    let params = params.into_body();
    match endpoint {
        None => many(core, &caller, params).await,
        Some(endpoint) => one(core, &caller, request, endpoint, params).await,
    }
}

/// A call of a single method.
async fn one(
    core: &Core,
    caller: &Caller,
    request: &Request<Bytes>,
    endpoint: &Endpoint,
    params: Array,
) -> Result<Response<Bytes>, MethodError> {
    let mut executor = Executor::new(core, caller);
    executor
        .permit_time(&caller.entity, endpoint.method.name)
        .map_err(|_| error::rate_limit())?;
    endpoint.permit(&caller.scopes)?;
    let key = match endpoint.method.handler {
        Handler::Write(_) => IdempotencyKey::of(request, caller, endpoint.method.name)?,
        // A call that changes nothing may run as often as it likes.
        Handler::Read(_) => None,
    };
    let now = core.clock.elapsed();
    if let Some(key) = &key
        && let Some(body) = core.replays.find(key, &params, now)?
    {
        return Ok(key.replayed(body));
    }
    let sent = key.as_ref().map(|_| params.clone());
    let (outcome, timing) = executor.run(&endpoint.method, params, &caller.entity).await;
    let over = executor.is_over();
    executor.finish();
    if over {
        return Ok(core.cut_off());
    }
    let body = match outcome {
        Outcome::Failed(error) => return Err(error),
        Outcome::ErrorAsData(error) => {
            brimful_protocol::json::to_string(&error.into()).into_bytes()
        }
        Outcome::Done(output) => match endpoint.wrapping {
            Wrapping::Bare => output.json,
            Wrapping::Result => enveloped(core, &output.json, &timing),
        },
    };
    let body = Bytes::from(body);
    let mut response = respond::body(Format::Json, StatusCode::OK, body.to_vec());
    respond::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
    if let (Some(key), Some(sent)) = (key, sent) {
        key.confirm(&mut response);
        core.replays.keep(key, sent, body, core.clock.elapsed());
    }
    Ok(response)
}

/// A batch.
async fn many(core: &Core, caller: &Caller, body: Array) -> Result<Response<Bytes>, MethodError> {
    let mut executor = Executor::new(core, caller);
    executor
        .permit_time(&caller.entity, BATCH)
        .map_err(|_| error::rate_limit())?;
    let items = batch::parse(core, &body)?;
    core.counters.call(BATCH);
    let start = executor.now();
    let results = batch::run(core, caller, &mut executor, items).await;
    let timing = executor.charge_batch(start, &caller.entity, BATCH);
    let over = executor.is_over();
    executor.finish();
    if over {
        return Ok(core.cut_off());
    }
    let body = enveloped(core, &results?, &timing);
    let mut response = respond::body(Format::Json, StatusCode::OK, body);
    respond::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
    Ok(response)
}

fn enveloped(core: &Core, result: &[u8], timing: &Timing) -> Vec<u8> {
    let mut body = Body::open(result.len());
    body.result().extend_from_slice(result);
    let time: Value = timing.to_value(&core.clock, core.config.time);
    body.close(None, None, &time)
}
