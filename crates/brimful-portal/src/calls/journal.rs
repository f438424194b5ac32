//! The event log: what is changed through the portal is entered there, above the entries that are generated.

use std::net::IpAddr;

use brimful_protocol::{Array, Value, json};
use bytes::Bytes;
use http::Request;
use http::header::USER_AGENT;

use crate::context::moment;
use crate::context::{Call, Output};
use crate::data::PortalData;
use crate::data::entities::EVENT_LOG;
use crate::data::table::Record;

/// Where a request came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    address: String,
    agent: String,
    path: String,
}

impl Origin {
    pub(crate) fn of(request: &Request<Bytes>, peer: IpAddr) -> Self {
        let agent = request.headers().get(USER_AGENT);
        Self {
            address: peer.to_string(),
            agent: agent
                .and_then(|agent| agent.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            path: without_code(request.uri().path()),
        }
    }
}

/// The path without the code of a webhook: administrators read the log, and the code is not theirs.
pub(crate) fn without_code(path: &str) -> String {
    // Slashes side by side are one, so that none of them moves the code to another place.
    let inside = path.split('/').skip(1).filter(|piece| !piece.is_empty());
    let mut pieces: Vec<&str> = std::iter::once("").chain(inside).collect();
    if path.len() > 1 && path.ends_with('/') {
        pieces.push("");
    }
    let code = if pieces.get(2) == Some(&"api") { 4 } else { 3 };
    if pieces.len() > code + 1 {
        pieces[code] = "***";
    }
    pieces.join("/")
}

/// Enters a change that `method` has made.
pub(crate) fn enter(
    state: &mut PortalData,
    method: &str,
    call: &Call<'_>,
    output: &Output,
    origin: &Origin,
) {
    let names = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array)
        .map(|fields| fields.iter().map(|(key, _)| key.to_text()).collect());
    let mut description = Array::new();
    description.insert("method", method);
    description.insert("fields", names.unwrap_or(Value::Array(Array::new())));
    let module = method.split('.').next().unwrap_or_default();
    let table = state.table(EVENT_LOG);
    let mut record = Record::default();
    for (name, value) in [
        ("TIMESTAMP_X", moment::text(call.seconds()).into()),
        ("SEVERITY", "INFO".into()),
        (
            "AUDIT_TYPE_ID",
            method.replace('.', "_").to_ascii_uppercase().into(),
        ),
        ("MODULE_ID", module.into()),
        ("ITEM_ID", changed(call, output)),
        ("REMOTE_ADDR", origin.address.as_str().into()),
        ("USER_AGENT", origin.agent.as_str().into()),
        ("REQUEST_URI", origin.path.as_str().into()),
        ("SITE_ID", "s1".into()),
        ("USER_ID", Value::Int(call.user as i64)),
        (
            "DESCRIPTION",
            json::to_string(&Value::Array(description)).into(),
        ),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    state.enter(record);
}

/// The ID of what was changed: the one that the call names, or else the one that it returns.
fn changed(call: &Call<'_>, output: &Output) -> Value {
    let named = ["id", "taskId"]
        .iter()
        .find_map(|name| call.params.get_ignoring_case(name));
    let returned = || match output.to_value() {
        Value::Array(result) => {
            let inside = ["item", "task"]
                .iter()
                .find_map(|key| result.get(key)?.get("id"));
            inside.or_else(|| result.get("id"))
        }
        id @ Value::Int(_) => Some(id),
        _ => None,
    };
    match named.or_else(returned) {
        None | Some(Value::Null | Value::Array(_)) => Value::Null,
        Some(id) => Value::Text(id.to_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_webhook_is_not_entered() {
        for (path, entered) in [
            (
                "/rest/1/s3cret/crm.lead.add.json",
                "/rest/1/***/crm.lead.add.json",
            ),
            (
                "/rest/api/1/s3cret/tasks.task.add/",
                "/rest/api/1/***/tasks.task.add/",
            ),
            ("/rest/crm.lead.add", "/rest/crm.lead.add"),
            ("//rest//1/s3cret//crm.lead.add", "/rest/1/***/crm.lead.add"),
            ("/rest/api/tasks.task.add", "/rest/api/tasks.task.add"),
        ] {
            assert_eq!(without_code(path), entered);
        }
    }
}
