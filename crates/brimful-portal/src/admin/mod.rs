//! Admin endpoints beside the REST API: what goes wrong and what was asked, for tests that run in
//! another process. Only callers on this machine are let in, those that have the token, and no page of another site
//! ([`guard`]).
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_portal/faults` | shows the faults: the specification, and how often each rule was asked and fired |
//! | `PUT` or `POST /_portal/faults` | orders the faults of the specification in the body: JSON, `{"spec": "503:5%"}` or `"503:5%"` |
//! | `DELETE /_portal/faults` | takes all faults back |
//! | the same of `/_portal/churn` | what other people do to the rows |
//! | the same of `/_portal/hide` | the rows that lists count and do not show |
//! | `GET /_portal/requests` | the last requests, with their parameters and what came of them |
//! | `DELETE /_portal/requests` | forgets them |
//! | `GET /_portal/` | a page that shows all of this |
//! | `GET /_portal/stream` | requests and events as they come, as server-sent events |
//! | `GET /_portal/curl?number=5` | a request as a line for a shell, its secrets hidden unless `&secret=1` |
//! | `GET /_portal/limits` | the bucket of each address, the operating time of each method |
//! | `GET /_portal/entities`, `GET /_portal/rows?entity=deal&start=0` | the entities and their rows |
//! | `GET /_portal/changes?entity=deal&id=5` | the last changes of rows: when, who, by which method, which fields |
//! | `DELETE /_portal/changes` | forgets them |
//! | `GET /_portal/webhooks` | the webhooks, without their codes |
//! | `GET /_portal/stats` | what was asked so far |
//! | `GET /_portal/events` | the last events that were posted to handlers, and their outcomes |
//! | `DELETE /_portal/events` | forgets them |
//! | `GET /_portal/apps` | the applications |
//! | `PUT` or `POST /_portal/apps` | `{"install": "ID", "user": 1}` or `{"uninstall": "ID", "clean": true}` |
//! | `GET /_portal/health` | whether the portal is well, and how many rows it has |
//! | `GET /_portal/snapshot` | all data; with `?format=sqlite` as a file |
//! | `POST /_portal/load` | takes a snapshot in the place of all data |
//! | `POST /_portal/reset` | puts the data back to what they were at the start |

mod apps;
mod data;
mod guard;
mod inspector;
mod requests;
mod rows;
mod stream;

pub(crate) use requests::without_secrets;

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method as Verb, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::bodies::envelope;
use crate::calls::Backend;
use crate::context::churn::Churn;
use crate::context::hidden_rows::HiddenRows;

/// The longest specification that is read.
const LONGEST: usize = 64 << 10;

/// What is refused.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    description: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            code,
            description: description.into(),
        }
    }

    fn wrong(description: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_SPEC",
            description.to_string(),
        )
    }
}

/// An endpoint of the portal's own.
#[derive(Clone, Copy)]
enum AdminEndpoint {
    Faults,
    Churn,
    Hide,
    Requests,
    Stats,
    Events,
    Apps,
    Health,
    Snapshot,
    Load,
    Reset,
    Stream,
    Limits,
    Entities,
    Rows,
    Changes,
    Webhooks,
    Curl,
}

/// The answer to a request for one of these endpoints; nothing if it is for another.
pub(crate) async fn answer(
    backend: &Backend,
    request: &Request<Bytes>,
    peer: IpAddr,
) -> Option<Response<Bytes>> {
    let path = request.uri().path();
    if path == "/_portal" {
        return Some(envelope::redirect("/_portal/"));
    }
    let path = path.strip_prefix("/_portal/")?;
    let own_host = backend.context.address.bound_host();
    let token = backend.context.settings.admin_token.as_deref();
    let checked = guard::check(request, peer, own_host, token);
    // The page itself says nothing of the portal: it is what asks for the token.
    if (checked.is_ok() || token.is_some())
        && matches!(*request.method(), Verb::GET | Verb::HEAD)
        && let Some(file) = inspector::file(path)
    {
        return Some(file);
    }
    let admitted = checked.and_then(|()| endpoint(path.trim_end_matches('/')));
    let answer = match admitted {
        Ok(endpoint) => enter(backend, endpoint, request).await,
        Err(refusal) => Err(refusal),
    };
    Some(answer.unwrap_or_else(|refusal| refused(&refusal)))
}

fn endpoint(name: &str) -> Result<AdminEndpoint, Refusal> {
    match name {
        "faults" => Ok(AdminEndpoint::Faults),
        "churn" => Ok(AdminEndpoint::Churn),
        "hide" => Ok(AdminEndpoint::Hide),
        "requests" => Ok(AdminEndpoint::Requests),
        "stats" => Ok(AdminEndpoint::Stats),
        "events" => Ok(AdminEndpoint::Events),
        "apps" => Ok(AdminEndpoint::Apps),
        "health" => Ok(AdminEndpoint::Health),
        "snapshot" => Ok(AdminEndpoint::Snapshot),
        "load" => Ok(AdminEndpoint::Load),
        "reset" => Ok(AdminEndpoint::Reset),
        "stream" => Ok(AdminEndpoint::Stream),
        "limits" => Ok(AdminEndpoint::Limits),
        "entities" => Ok(AdminEndpoint::Entities),
        "rows" => Ok(AdminEndpoint::Rows),
        "changes" => Ok(AdminEndpoint::Changes),
        "webhooks" => Ok(AdminEndpoint::Webhooks),
        "curl" => Ok(AdminEndpoint::Curl),
        _ => {
            let why = "there are /_portal/faults, /_portal/churn, /_portal/hide, /_portal/requests, /_portal/stats, /_portal/events, /_portal/apps, /_portal/health, /_portal/snapshot, /_portal/load, /_portal/reset, /_portal/stream, /_portal/limits, /_portal/entities, /_portal/rows, /_portal/changes, /_portal/webhooks and /_portal/curl";
            Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", why))
        }
    }
}

async fn enter(
    backend: &Backend,
    endpoint: AdminEndpoint,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Refusal> {
    match (endpoint, request.method()) {
        (AdminEndpoint::Stream, &Verb::GET) => return Ok(stream::response(backend)),
        (AdminEndpoint::Rows, &Verb::GET) => {
            return Ok(respond(StatusCode::OK, &rows::page(backend, request)?));
        }
        (AdminEndpoint::Changes, &Verb::GET) => {
            return Ok(respond(StatusCode::OK, &rows::changes(backend, request)?));
        }
        (AdminEndpoint::Curl, &Verb::GET) => {
            return Ok(respond(StatusCode::OK, &curl(backend, request)?));
        }
        (AdminEndpoint::Snapshot, &Verb::GET) => return data::snapshot(backend, request),
        (AdminEndpoint::Load, &Verb::PUT | &Verb::POST) => data::load(backend, request)?,
        (AdminEndpoint::Reset, &Verb::PUT | &Verb::POST) => data::reset(backend)?,
        (
            AdminEndpoint::Faults
            | AdminEndpoint::Churn
            | AdminEndpoint::Hide
            | AdminEndpoint::Requests
            | AdminEndpoint::Stats
            | AdminEndpoint::Events
            | AdminEndpoint::Apps
            | AdminEndpoint::Limits
            | AdminEndpoint::Entities
            | AdminEndpoint::Webhooks
            | AdminEndpoint::Health,
            &Verb::GET | &Verb::HEAD,
        ) => {}
        (AdminEndpoint::Faults, &Verb::PUT | &Verb::POST) => {
            backend
                .context
                .faults
                .set(&spec(request)?)
                .map_err(Refusal::wrong)?;
        }
        (AdminEndpoint::Faults, &Verb::DELETE) => backend.context.faults.clear(),
        (AdminEndpoint::Churn, &Verb::PUT | &Verb::POST) => {
            let churn = Churn::parse(&spec(request)?).map_err(Refusal::wrong)?;
            backend.set_churn(churn).map_err(Refusal::wrong)?;
        }
        (AdminEndpoint::Churn, &Verb::DELETE) => {
            backend.set_churn(Churn::new()).map_err(Refusal::wrong)?;
        }
        (AdminEndpoint::Hide, &Verb::PUT | &Verb::POST) => {
            let rows = HiddenRows::parse(&spec(request)?).map_err(Refusal::wrong)?;
            backend.hide(rows).map_err(Refusal::wrong)?;
        }
        (AdminEndpoint::Hide, &Verb::DELETE) => {
            backend.hide(HiddenRows::none()).map_err(Refusal::wrong)?;
        }
        (AdminEndpoint::Requests, &Verb::DELETE) => backend.context.requests.clear(),
        (AdminEndpoint::Changes, &Verb::DELETE) => backend.context.row_history.clear(),
        (AdminEndpoint::Events, &Verb::DELETE) => backend.events.sender.log.clear(),
        (AdminEndpoint::Apps, &Verb::PUT | &Verb::POST) => apps::change(backend, request).await?,
        _ => {
            let why = format!("{} is not for this address", request.method());
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                why,
            ));
        }
    }
    Ok(respond(StatusCode::OK, &show(backend, endpoint)))
}

/// The request with a number as a line for a shell: `?number=5`, and `&secret=1` to have its secrets in it.
fn curl(backend: &Backend, request: &Request<Bytes>) -> Result<Json, Refusal> {
    let number = rows::param(request, "number").and_then(|number| number.parse().ok());
    let logged = number.and_then(|number| backend.context.requests.find(number));
    let logged = logged.ok_or_else(|| {
        let why = "there is no such request any more";
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", why)
    })?;
    let host = backend.context.address.origin(request);
    let with_secrets = rows::param(request, "secret").is_some_and(|secret| secret == "1");
    Ok(json!({ "curl": requests::as_curl(&logged, &host, with_secrets) }))
}

/// The specification in a body.
fn spec(request: &Request<Bytes>) -> Result<String, Refusal> {
    if request.body().len() > LONGEST {
        return Err(Refusal::wrong("the specification is too long"));
    }
    let text = std::str::from_utf8(request.body())
        .map_err(|_| Refusal::wrong("the specification is not UTF-8"))?;
    let spec = serde_json::from_str::<Json>(text)
        .ok()
        .and_then(|json| match json {
            Json::String(spec) => Some(spec),
            json => json["spec"].as_str().map(str::to_owned),
        });
    spec.ok_or_else(|| Refusal::wrong("a JSON body is {\"spec\": \"503:5%\"}"))
}

fn show(backend: &Backend, endpoint: AdminEndpoint) -> Json {
    match endpoint {
        AdminEndpoint::Faults => {
            let (queued, rules) = backend.context.faults.account();
            let rules: Vec<Json> = rules
                .into_iter()
                .map(|one| json!({ "rule": one.rule, "seen": one.seen, "played": one.played }))
                .collect();
            json!({ "spec": backend.context.faults.to_string(), "rules": rules, "queued": queued })
        }
        AdminEndpoint::Churn => json!({ "spec": backend.current_churn().to_string() }),
        AdminEndpoint::Hide => json!({ "spec": backend.hidden().to_string() }),
        AdminEndpoint::Requests => {
            let requests = backend.context.requests.requests();
            requests.iter().map(requests::described).collect()
        }
        AdminEndpoint::Events => {
            serde_json::to_value(backend.events.sender.log.deliveries()).unwrap_or_default()
        }
        AdminEndpoint::Apps => apps::described(backend),
        AdminEndpoint::Limits => rows::limits(backend),
        AdminEndpoint::Entities => rows::entities(backend),
        AdminEndpoint::Webhooks => rows::webhooks(backend),
        AdminEndpoint::Stream
        | AdminEndpoint::Rows
        | AdminEndpoint::Changes
        | AdminEndpoint::Curl
        | AdminEndpoint::Health
        | AdminEndpoint::Snapshot
        | AdminEndpoint::Load
        | AdminEndpoint::Reset => data::health(backend),
        AdminEndpoint::Stats => {
            serde_json::to_value(backend.context.counters.snapshot()).unwrap_or_default()
        }
    }
}

fn refused(refusal: &Refusal) -> Response<Bytes> {
    let shown = json!({ "error": refusal.code, "error_description": refusal.description });
    let mut response = respond(refusal.status, &shown);
    if refusal.status == StatusCode::METHOD_NOT_ALLOWED {
        let verbs = HeaderValue::from_static("GET, PUT, POST, DELETE");
        response.headers_mut().insert(ALLOW, verbs);
    }
    response
}

fn respond(status: StatusCode, shown: &Json) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{shown}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
