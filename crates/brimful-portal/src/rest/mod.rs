//! The older REST API: the methods under `/rest/`.

mod batch;
mod download;
mod upload;

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::bodies::envelope::{self, Body, Format};
use crate::bodies::request;
use crate::calls::Backend;
use crate::calls::executor::{Executor, Outcome};
use crate::calls::links::{DOWNLOAD, Links, UPLOAD};
use crate::calls::timing::Timing;
use crate::context::{MethodError, Output, errors};
use crate::methods::registry::{BATCH, CallTarget};

/// Answers a request for `method`.
pub(crate) async fn answer(
    backend: &Backend,
    request: &Request<Bytes>,
    method: &str,
    format: Format,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Response<Bytes> {
    match call(backend, request, method, format, webhook, peer).await {
        Ok(response) => response,
        Err(error) => envelope::error(format, &error),
    }
}

/// Checks in the portal's order (is there such a method, may this caller, has it time left) and runs the method.
async fn call(
    backend: &Backend,
    request: &Request<Bytes>,
    method: &str,
    format: Format,
    webhook: Option<(String, String)>,
    peer: IpAddr,
) -> Result<Response<Bytes>, MethodError> {
    if method.eq_ignore_ascii_case(DOWNLOAD) {
        return download::answer(backend, request, webhook, peer);
    }
    let (method, (params, presented, connector)) = if method.eq_ignore_ascii_case(UPLOAD) {
        let (method, params, presented) = upload::call(backend, request, webhook)?;
        (method, (params, presented, None))
    } else {
        (method, request::parameters(request, webhook)?)
    };
    let target = find(backend, method)?;
    let mut caller = backend.admit(&presented, request, peer)?;
    caller.connector = connector;
    caller.links = Links::of(&backend.context, method, request, &presented);
    let mut executor = Executor::new(backend, &caller);
    let start = executor.now();
    let mut outcomes = None;
    let (body, timing) = match target {
        CallTarget::Batch => {
            executor.permit_time(&caller.entity, &BATCH)?;
            backend.context.counters.call(&BATCH);
            let results = match batch::run(backend, &caller, &mut executor, params).await {
                Ok(results) => results,
                Err(error) => {
                    executor.finish();
                    return Err(error);
                }
            };
            let timing = executor.charge_batch(start, &caller.entity, &BATCH);
            outcomes = Some(results.outcomes());
            (batch_body(backend, &results, &timing), timing)
        }
        CallTarget::Method(method) => {
            executor.permit(method, &caller.entity)?;
            let (outcome, timing) = executor.run(method, params, &caller.entity).await;
            match outcome {
                Outcome::Done(Output {
                    file: Some(file), ..
                }) => return ended(backend, executor, Ok(download::attachment(file))),
                Outcome::Done(output) => (method_body(backend, output, &timing), timing),
                Outcome::ErrorAsData(error) => {
                    let mut body = Vec::new();
                    brimful_protocol::json::write(&mut body, &error.into());
                    (body, timing)
                }
                Outcome::Failed(error) => return ended(backend, executor, Err(error)),
            }
        }
    };
    let mut response = envelope::body(format, StatusCode::OK, body);
    if let Some(outcomes) = outcomes {
        response.extensions_mut().insert(outcomes);
    }
    envelope::add_cloud_headers(response.headers_mut(), caller.client_id.as_deref(), &timing);
    ended(backend, executor, Ok(response))
}

/// Closes the accounts of a request. One that has taken longer than the portal lets it is cut off.
fn ended(
    backend: &Backend,
    executor: Executor<'_>,
    answer: Result<Response<Bytes>, MethodError>,
) -> Result<Response<Bytes>, MethodError> {
    let over = executor.is_over();
    executor.finish();
    if over {
        return Ok(envelope::cut_off(&backend.context));
    }
    answer
}

/// The method or batch of a name.
fn find<'b>(backend: &'b Backend, method: &str) -> Result<CallTarget<'b>, MethodError> {
    backend.registry.find(method).ok_or_else(|| {
        backend.context.say_if_unmodelled(method);
        errors::method_not_found()
    })
}

fn batch_body(backend: &Backend, results: &batch::Results, timing: &Timing) -> Vec<u8> {
    let mut body = Body::open(results.size());
    results.write(body.result());
    body.close(&backend.context, None, None, timing)
}

fn method_body(backend: &Backend, output: Output, timing: &Timing) -> Vec<u8> {
    let output = output.lifted();
    let mut body = Body::open(output.json.len());
    body.result().extend_from_slice(&output.json);
    body.close(&backend.context, output.next, output.total, timing)
}
