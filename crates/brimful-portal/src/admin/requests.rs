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
    if let Some(text) = request.error.as_ref().and_then(|body| description(body)) {
        shown.insert("error_description".to_owned(), text);
    }
    if let Some(reply) = &request.reply {
        let text = without(&String::from_utf8_lossy(reply), &secrets(request));
        let reply = match serde_json::from_str::<Json>(&text) {
            Ok(reply) => reply,
            Err(_) => Json::String(text),
        };
        if let Some(operating) = reply["time"]["operating"].as_f64() {
            shown.insert("operating".to_owned(), json!(operating));
        }
        shown.insert("reply".to_owned(), reply);
        if request.is_reply_cut {
            shown.insert("reply_cut".to_owned(), json!(true));
        }
    }
    let milliseconds = (request.took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    shown.insert("milliseconds".to_owned(), json!(milliseconds));
    Json::Object(shown)
}

/// A request as a line for a shell. `host` is where the portal is called; secrets are in it only if `with_secrets` says
/// so.
pub(super) fn as_curl(request: &LoggedRequest, host: &str, with_secrets: bool) -> String {
    let path = request.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let mut line = vec!["curl".to_owned()];
    if request.verb != http::Method::GET && request.verb != http::Method::POST {
        line.push(format!("-X {}", request.verb));
    }
    line.push(quoted(&format!("{host}{path}")));
    let media_type = request.media_type.as_ref();
    if let Some(media_type) = media_type.and_then(|media_type| media_type.to_str().ok()) {
        line.push(format!(
            "-H {}",
            quoted(&format!("Content-Type: {media_type}"))
        ));
    }
    let body = request.body.as_deref().unwrap_or_default();
    if !body.is_empty() {
        line.push(format!(
            "--data-binary {}",
            quoted(&String::from_utf8_lossy(body))
        ));
    } else if request.verb == http::Method::POST {
        line.push("-X POST".to_owned());
    }
    let line = line.join(" ");
    if with_secrets {
        line
    } else {
        without(&line, &secrets(request))
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What of a request is a secret: the code of a webhook, and the values of parameters that are.
fn secrets(request: &LoggedRequest) -> Vec<String> {
    let mut secrets = Vec::new();
    let path = request.uri.path();
    let pieces = path.split('/').filter(|piece| !piece.is_empty());
    let pieces: Vec<&str> = pieces.collect();
    let code = if pieces.get(1) == Some(&"api") { 3 } else { 2 };
    if pieces.first() == Some(&"rest") && pieces.len() > code + 1 {
        secrets.push(pieces[code].to_owned());
    }
    collect_secrets(
        &params(request),
        request.method.starts_with("oauth."),
        &mut secrets,
    );
    secrets.retain(|secret| !secret.is_empty());
    // A secret may be part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

fn collect_secrets(params: &Array, is_oauth: bool, secrets: &mut Vec<String>) {
    for (key, value) in params.iter() {
        match value {
            Value::Array(inside) => collect_secrets(inside, is_oauth, secrets),
            value if is_secret(&key.to_text(), is_oauth) => {
                let text = value.to_text();
                secrets.push(query::escaped(&text));
                secrets.push(text);
            }
            _ => {}
        }
    }
}

fn without(text: &str, secrets: &[String]) -> String {
    let hide = |text: String, secret: &String| text.replace(secret.as_str(), HIDDEN);
    secrets.iter().fold(text.to_owned(), hide)
}

fn is_secret(name: &str, is_oauth: bool) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.contains(&name.as_str()) || (is_oauth && name == "code")
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
    // A body that cannot be read is not among the parameters that the method got.
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
    let hidden = params.iter().map(|(key, value)| {
        let value = match value {
            _ if is_secret(&key.to_text(), is_oauth) => HIDDEN.into(),
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

/// What an error says.
fn description(body: &[u8]) -> Option<Json> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let message = body["error"].get("message");
    message.or_else(|| body.get("error_description")).cloned()
}

/// The code of an error.
fn error(body: &[u8]) -> Option<Json> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    Some(error.get("code").unwrap_or(error).clone())
}
