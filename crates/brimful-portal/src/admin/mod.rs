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
//! | `GET /_portal/stats` | what was asked so far |
//! | `GET /_portal/events` | the last events that were posted to handlers, and what became of them |
//! | `DELETE /_portal/events` | forgets them |
//! | `GET /_portal/apps` | the applications |
//! | `PUT` or `POST /_portal/apps` | `{"install": "ID", "user": 1}` or `{"uninstall": "ID", "clean": true}` |

mod apps;
mod guard;
mod requests;

pub(crate) use requests::without_secrets;

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method as Verb, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

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
}

/// The answer to a request for one of these endpoints; nothing if it is for another.
pub(crate) async fn answer(
    backend: &Backend,
    request: &Request<Bytes>,
    peer: IpAddr,
) -> Option<Response<Bytes>> {
    let path = request.uri().path().strip_prefix("/_portal/")?;
    let own_host = backend.context.address.bound_host();
    let token = backend.context.settings.admin_token.as_deref();
    let admitted = guard::check(request, peer, own_host, token)
        .and_then(|()| endpoint(path.trim_end_matches('/')));
    let answer = match admitted {
        Ok(endpoint) => enter(backend, endpoint, request).await,
        Err(refusal) => Err(refusal),
    };
    Some(answer.map_or_else(
        |refusal| refused(&refusal),
        |shown| respond(StatusCode::OK, &shown),
    ))
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
        _ => {
            let why = "there are /_portal/faults, /_portal/churn, /_portal/hide, /_portal/requests, /_portal/stats, /_portal/events and /_portal/apps";
            Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", why))
        }
    }
}

async fn enter(
    backend: &Backend,
    endpoint: AdminEndpoint,
    request: &Request<Bytes>,
) -> Result<Json, Refusal> {
    match (endpoint, request.method()) {
        (_, &Verb::GET | &Verb::HEAD) => {}
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
    Ok(show(backend, endpoint))
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
