//! The last requests as JSON: what was asked, with which parameters, and what came of it. Secrets are cut out.

use brimful_protocol::batch::parse_command;
use brimful_protocol::{Array, Key, Value, json, query};
use serde_json::{Map, Value as Json, json};

use crate::bodies::request_body;
use crate::calls::journal;
use crate::context::moment;
use crate::context::request_log::{CommandOutcomes, LoggedRequest};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Parameters whose values are secrets, in lower case.
const SECRETS: [&str; 12] = [
    "auth",
    "access_token",
    "refresh_token",
    "application_token",
    "client_secret",
    "ap",
    "sessid",
    "token",
    "password",
    "confirm_password",
    "secret",
    "api_key",
];

/// A path without the code of a webhook.
pub(crate) fn without_secrets(path: &str) -> String {
    journal::without_code(path)
}

/// A request as JSON.
pub(super) fn described(request: &LoggedRequest) -> Json {
    let path = request.uri.path();
    // The OAuth server's `code` is exchanged for tokens.
    let is_oauth = request.method.starts_with("oauth.");
    let mut params = params(request);
    let commands = is_batch(&request.method)
        .then(|| commands(&mut params, request))
        .flatten();
    hide(&mut params, is_oauth);
    let mut shown = Map::new();
    shown.insert("number".to_owned(), json!(request.number));
    shown.insert("time".to_owned(), json!(moment::text(request.at as i64)));
    shown.insert("peer".to_owned(), json!(request.peer));
    shown.insert("http_method".to_owned(), json!(request.verb.as_str()));
    shown.insert("path".to_owned(), json!(without_secrets(path)));
    shown.insert("method".to_owned(), json!(request.method));
    if request.body.is_none() {
        let why = "the body was too long to be kept";
        shown.insert("params_missing".to_owned(), json!(why));
    }
    shown.insert("params".to_owned(), object(&params));
    if let Some(commands) = commands {
        shown.insert("commands".to_owned(), Json::Array(commands));
    }
    shown.insert("status".to_owned(), json!(request.status));
    if let Some(error) = request.error.as_ref().and_then(|body| error(body)) {
        shown.insert("error".to_owned(), error);
    }
    let milliseconds = (request.took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    shown.insert("milliseconds".to_owned(), json!(milliseconds));
    Json::Object(shown)
}

fn is_batch(method: &str) -> bool {
    method.eq_ignore_ascii_case("batch")
}

/// The parameters of the address and of the body.
fn params(request: &LoggedRequest) -> Array {
    let in_query = query::decode(request.uri.query().unwrap_or_default().as_bytes());
    let media_type = request.media_type.as_ref();
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let body = request.body.as_deref().unwrap_or_default();
    // A body that cannot be read is none of the parameters that the method got.
    let in_body = request_body::parse(media_type.unwrap_or_default(), body).unwrap_or_default();
    request_body::merge(in_query, in_body)
}

/// The commands of a batch, which are taken out of its parameters.
fn commands(params: &mut Array, request: &LoggedRequest) -> Option<Vec<Json>> {
    let outcomes = request.commands.as_ref();
    if params.is_list() {
        // REST 3.0: a list of calls.
        let calls = std::mem::take(params);
        return Some(calls.values().map(call_of_list).collect());
    }
    let cmd = ["cmd", "CMD", "Cmd"]
        .iter()
        .find_map(|name| params.remove(name))?;
    let Value::Array(cmd) = cmd else {
        return Some(Vec::new());
    };
    let described = cmd.iter().enumerate();
    Some(
        described
            .map(|(place, (label, command))| command_of_batch(place, label, command, outcomes))
            .collect(),
    )
}

fn call_of_list(call: &Value) -> Json {
    let method = call.get("method").map(Value::to_text).unwrap_or_default();
    let mut params = match call.get("query") {
        Some(Value::Array(params)) => params.clone(),
        _ => Array::new(),
    };
    hide(&mut params, false);
    let label = call.get("as").map(Value::to_text);
    json!({ "label": label, "method": method, "params": object(&params) })
}

fn command_of_batch(
    place: usize,
    label: &Key,
    command: &Value,
    outcomes: Option<&CommandOutcomes>,
) -> Json {
    let text = command.to_text();
    let (method, mut params) = parse_command(&text);
    hide(&mut params, false);
    let label = label.to_text();
    let status = match outcomes {
        None => Json::Null,
        Some(outcomes) if place >= outcomes.seen => json!("not run"),
        Some(outcomes) => {
            let failed = outcomes.failed.iter().find(|(failed, _)| *failed == label);
            json!(failed.map_or("ok", |_| "failed"))
        }
    };
    let mut shown = json!({
        "label": label,
        "method": method.unwrap_or_default(),
        "params": object(&params),
        "status": status,
    });
    let failed = outcomes.and_then(|outcomes| {
        let mut failed = outcomes.failed.iter();
        failed.find(|(failed, _)| *failed == label)
    });
    if let Some((_, code)) = failed {
        shown["error"] = json!(code);
    }
    shown
}

/// Puts stars in the place of secrets, however deep they are.
fn hide(params: &mut Array, is_oauth: bool) {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRETS.contains(&name.as_str()) || (is_oauth && name == "code")
    };
    let hidden = params.iter().map(|(key, value)| {
        let value = match value {
            _ if is_secret(&key.to_text()) => HIDDEN.into(),
            Value::Array(inside) => {
                let mut inside = inside.clone();
                hide(&mut inside, is_oauth);
                Value::Array(inside)
            }
            other => other.clone(),
        };
        (key.clone(), value)
    });
    *params = hidden.collect();
}

/// Parameters as JSON; none at all are an empty object.
fn object(params: &Array) -> Json {
    if params.is_empty() {
        return json!({});
    }
    serde_json::from_str(&json::to_string(&Value::Array(params.clone()))).unwrap_or_default()
}

/// The code of an error.
fn error(body: &[u8]) -> Option<Json> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    Some(error.get("code").unwrap_or(error).clone())
}
