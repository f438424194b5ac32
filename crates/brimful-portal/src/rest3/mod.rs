//! REST 3.0: the methods under `/rest/api/`.
//!
//! It shares the portal's data, credentials, limits and clock with the older REST, and none of its conventions: bodies
//! are JSON or refused, parameters in the query count for nothing, errors have a form of their own, lists are filtered by
//! triples and paged by `pagination`. The order of its checks is: JSON, method, credentials, operating time, scope.

mod batch;
mod body;
mod idempotency;
mod reference;

use std::net::IpAddr;

use brimful_protocol::{Array, Value, json};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

pub(crate) use idempotency::Replays;

use crate::bodies::envelope;
use crate::bodies::envelope::{Body, Format};
use crate::bodies::request;
use crate::calls::Backend;
use crate::calls::callers::Caller;
use crate::calls::executor::{Executor, Outcome};
use crate::calls::timing::Timing;
use crate::context::faults::Fault;
use crate::context::reply::Reply;
use crate::context::{Context, MethodError};
use crate::methods::method::Handler;
use crate::methods::registry::BATCH;
use crate::methods::rest3::{Endpoint, ResultWrapping, error};
use idempotency::IdempotencyKey;

/// Answers a request for `method`.
pub(crate) async fn answer(
    backend: &Backend,
    replays: &Replays,
    request: &Request<Bytes>,
    method: &str,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Response<Bytes> {
    match call(backend, replays, request, method, webhook, peer).await {
        Ok(response) => response,
        Err(error) => response(&error),
    }
}

/// The reply to a fault that has a form of its own here.
pub(crate) fn instead(fault: &Fault) -> Option<Reply> {
    let error = match fault {
        Fault::OperatingLimit => error::rate_limit(),
        Fault::ExpiredToken => error::unauthorised(),
        _ => return None,
    };
    Some(response(&error).into())
}

async fn call(
    backend: &Backend,
    replays: &Replays,
    request: &Request<Bytes>,
    method: &str,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Result<Response<Bytes>, MethodError> {
    let mut params = body::read(request)?;
    let name = method.to_ascii_lowercase();
    let endpoint = match name.as_str() {
        name if name == BATCH => None,
        name => Some(backend.registry.endpoint(name).ok_or_else(|| {
            backend.context.say_if_unmodelled(name);
            error::method_not_found(method)
        })?),
    };
    let presented = request::presented(request, webhook, &mut params.credentials());
    let caller = backend
        .admit(&presented, request, peer)
        .map_err(|_| error::unauthorised())?;
    let params = params.into_body();
    match endpoint {
        None => many(backend, &caller, params).await,
        Some(endpoint) => one(backend, replays, &caller, request, endpoint, params).await,
    }
}

/// A call of a single method.
async fn one(
    backend: &Backend,
    replays: &Replays,
    caller: &Caller,
    request: &Request<Bytes>,
    endpoint: &Endpoint,
    params: Array,
) -> Result<Response<Bytes>, MethodError> {
    let mut executor = Executor::new(backend, caller);
    executor
        .permit_time(&caller.entity, &endpoint.method.name)
        .map_err(|_| error::rate_limit())?;
    endpoint.permit(&caller.scopes)?;
    let key = match endpoint.method.handler {
        Handler::Write(_) => IdempotencyKey::of(request, caller, &endpoint.method.name)?,
        // A call that changes nothing may run as often as it likes.
        Handler::Read(_) => None,
    };
    let now = backend.context.clock.elapsed();
    if let Some(key) = &key
        && let Some(body) = replays.find(key, &params, now)?
    {
        return Ok(key.replayed(body));
    }
    let sent = key.as_ref().map(|_| params.clone());
    let (outcome, timing) = executor.run(&endpoint.method, params, &caller.entity).await;
    let over = executor.is_over();
    executor.finish();
    let body = match outcome {
        Outcome::Failed(_) if over => return Ok(envelope::cut_off(&backend.context)),
        Outcome::Failed(error) => return Err(error),
        Outcome::ErrorAsData(error) => json::to_string(&error.into()).into_bytes(),
        Outcome::Done(output) => match endpoint.wrapping {
            ResultWrapping::Bare => output.json,
            ResultWrapping::Result => enveloped(&backend.context, &output.json, &timing),
        },
    };
    let body = Bytes::from(body);
    let mut response = envelope::body(Format::Json, StatusCode::OK, body.to_vec());
    envelope::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
    if let (Some(key), Some(sent)) = (key, sent) {
        key.confirm(&mut response);
        replays.keep(key, sent, body, backend.context.clock.elapsed());
    }
    // Nobody hears the reply, but the work is done: who asks again with the key is told so.
    if over {
        return Ok(envelope::cut_off(&backend.context));
    }
    Ok(response)
}

/// A batch.
async fn many(
    backend: &Backend,
    caller: &Caller,
    body: Array,
) -> Result<Response<Bytes>, MethodError> {
    let mut executor = Executor::new(backend, caller);
    executor
        .permit_time(&caller.entity, &BATCH)
        .map_err(|_| error::rate_limit())?;
    let items = batch::parse(backend, &body)?;
    backend.context.counters.call(&BATCH);
    let start = executor.now();
    let results = batch::run(backend, caller, &mut executor, items).await;
    let timing = executor.charge_batch(start, &caller.entity, &BATCH);
    let over = executor.is_over();
    executor.finish();
    if over {
        return Ok(envelope::cut_off(&backend.context));
    }
    let body = enveloped(&backend.context, &results?, &timing);
    let mut response = envelope::body(Format::Json, StatusCode::OK, body);
    envelope::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
    Ok(response)
}

fn enveloped(context: &Context, result: &[u8], timing: &Timing) -> Vec<u8> {
    let mut body = Body::open(result.len());
    body.result().extend_from_slice(result);
    body.close(context, None, None, timing)
}

/// The reply that tells an error.
fn response(error: &MethodError) -> Response<Bytes> {
    let mut inner = Array::with_capacity(3);
    inner.insert("code", error.code.as_str());
    inner.insert("message", error.description.as_str());
    for (key, value) in error.extra.iter() {
        inner.insert(key.clone(), value.clone());
    }
    let outer = Array::from_iter([("error", inner)]);
    let json = json::to_string(&Value::Array(outer)).into_bytes();
    envelope::body(Format::Json, envelope::status(error.status), json)
}
