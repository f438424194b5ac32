//! The portal's own doors, beside those of the REST API: what goes wrong and what was asked, for tests that run in
//! another process. Only callers on this machine are let in.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_portal/faults` | shows the faults: the specification, and how often each rule was asked and fired |
//! | `PUT` or `POST /_portal/faults` | orders the faults of the specification in the body: plain text, or JSON `{"spec": …}` |
//! | `DELETE /_portal/faults` | takes all faults back |
//! | the same of `/_portal/churn` | what other people do to the rows |
//! | the same of `/_portal/hide` | the rows that lists count and do not show |
//! | `GET /_portal/stats` | what was asked so far |

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method as Verb, Request, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::churn::Churn;
use crate::hidden_rows::HiddenRows;
use crate::portal::Core;

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

/// What stands behind a door.
#[derive(Clone, Copy)]
enum Door {
    Faults,
    Churn,
    Hide,
    Stats,
}

/// The answer to a request at one of these doors; nothing if it is at another.
pub(crate) fn answer(
    core: &Core,
    request: &Request<Bytes>,
    peer: IpAddr,
) -> Option<Response<Bytes>> {
    let path = request.uri().path().strip_prefix("/_portal/")?;
    let answer = if peer.to_canonical().is_loopback() {
        door(path.trim_end_matches('/')).and_then(|door| enter(core, door, request))
    } else {
        let why = "only callers on the portal's machine control it";
        Err(Refusal::new(StatusCode::FORBIDDEN, "ACCESS_DENIED", why))
    };
    Some(answer.map_or_else(
        |refusal| refused(&refusal),
        |shown| respond(StatusCode::OK, &shown),
    ))
}

fn door(name: &str) -> Result<Door, Refusal> {
    match name {
        "faults" => Ok(Door::Faults),
        "churn" => Ok(Door::Churn),
        "hide" => Ok(Door::Hide),
        "stats" => Ok(Door::Stats),
        _ => {
            let why = "there are /_portal/faults, /_portal/churn, /_portal/hide and /_portal/stats";
            Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", why))
        }
    }
}

fn enter(core: &Core, door: Door, request: &Request<Bytes>) -> Result<Json, Refusal> {
    match (door, request.method()) {
        (_, &Verb::GET | &Verb::HEAD) => {}
        (Door::Faults, &Verb::PUT | &Verb::POST) => {
            core.faults.set(&spec(request)?).map_err(Refusal::wrong)?;
        }
        (Door::Faults, &Verb::DELETE) => core.faults.clear(),
        (Door::Churn, &Verb::PUT | &Verb::POST) => {
            let churn = Churn::parse(&spec(request)?).map_err(Refusal::wrong)?;
            core.set_churn(churn).map_err(Refusal::wrong)?;
        }
        (Door::Churn, &Verb::DELETE) => {
            core.set_churn(Churn::new()).map_err(Refusal::wrong)?;
        }
        (Door::Hide, &Verb::PUT | &Verb::POST) => {
            let rows = HiddenRows::parse(&spec(request)?).map_err(Refusal::wrong)?;
            core.hide(rows).map_err(Refusal::wrong)?;
        }
        (Door::Hide, &Verb::DELETE) => {
            core.hide(HiddenRows::none()).map_err(Refusal::wrong)?;
        }
        _ => {
            let why = format!("{} is not for this address", request.method());
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                why,
            ));
        }
    }
    Ok(show(core, door))
}

/// The specification in a body.
fn spec(request: &Request<Bytes>) -> Result<String, Refusal> {
    if request.body().len() > LONGEST {
        return Err(Refusal::wrong("the specification is too long"));
    }
    let text = std::str::from_utf8(request.body())
        .map_err(|_| Refusal::wrong("the specification is not UTF-8"))?;
    let media_type = request.headers().get(CONTENT_TYPE);
    let is_json = media_type.is_some_and(|media_type| {
        media_type
            .as_bytes()
            .to_ascii_lowercase()
            .starts_with(b"application/json")
    });
    if !is_json {
        return Ok(text.to_owned());
    }
    let spec = serde_json::from_str::<Json>(text)
        .ok()
        .and_then(|json| match json {
            Json::String(spec) => Some(spec),
            json => json["spec"].as_str().map(str::to_owned),
        });
    spec.ok_or_else(|| Refusal::wrong("a JSON body is {\"spec\": \"503:5%\"}"))
}

fn show(core: &Core, door: Door) -> Json {
    match door {
        Door::Faults => {
            let (queued, rules) = core.faults.account();
            let rules: Vec<Json> = rules
                .into_iter()
                .map(|one| json!({ "rule": one.rule, "seen": one.seen, "played": one.played }))
                .collect();
            json!({ "spec": core.faults.to_string(), "rules": rules, "queued": queued })
        }
        Door::Churn => json!({ "spec": core.current_churn().to_string() }),
        Door::Hide => json!({ "spec": core.hidden().to_string() }),
        Door::Stats => serde_json::to_value(core.counters.snapshot()).unwrap_or_default(),
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
