//! The commands of a batch, taken from what came of them.

use brimful_protocol::batch::parse_command;
use brimful_protocol::json;
use serde_json::{Map, Value as Json};

use crate::catalogue;
use crate::folder::Recording;
use crate::page::Counts;
use crate::setting::Row;
use crate::single::Command;

/// A command that failed: its label, and the call that fails like this.
pub(crate) struct FailedCommand {
    pub(crate) label: String,
    pub(crate) command: String,
}

/// What a batch was made of.
pub(crate) struct Commands<'r> {
    pub(crate) done: Vec<Command<'r>>,
    pub(crate) failed: Vec<FailedCommand>,
}

/// The entries of a PHP array by their keys.
fn entries(array: Option<&Json>) -> Vec<(String, &Json)> {
    match array {
        Some(Json::Array(list)) => {
            let entries = list.iter().enumerate();
            entries
                .map(|(key, value)| (key.to_string(), value))
                .collect()
        }
        Some(Json::Object(map)) => map
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        _ => Vec::new(),
    }
}

/// The commands behind the result of a batch.
pub(crate) fn commands<'r>(
    recording: &Recording,
    result: &'r Json,
    modelled: &[String],
) -> Result<Commands<'r>, String> {
    let cmd = recording
        .request
        .as_ref()
        .and_then(|asked| asked.params.get("cmd"));
    let count = |part: &str, label: &str| {
        let found = entries(result.get(part))
            .into_iter()
            .find(|(key, _)| key == label);
        found.and_then(|(_, count)| count.as_i64())
    };
    let mut done = Vec::new();
    for (label, result_of) in entries(result.get("result")) {
        let counts = Counts {
            next: count("result_next", &label),
            total: count("result_total", &label),
        };
        let asked = cmd.and_then(|cmd| cmd.get(&label)?.as_str()).map(read);
        let (method, given) = if let Some(asked) = asked {
            asked
        } else {
            let method = catalogue::named(&recording.name, modelled)
                .map(str::to_owned)
                .or_else(|| catalogue::shaped(result_of, counts.total.is_some()).map(str::to_owned))
                .ok_or_else(|| format!("the method of command {label}"))?;
            (method, Map::new())
        };
        done.push(Command {
            method,
            place: 0,
            label: Some(label),
            given,
            result: result_of,
            counts,
        });
    }
    let mut failed = Vec::new();
    for (label, error) in entries(result.get("result_error")) {
        let command = match cmd.and_then(|cmd| cmd.get(&label)?.as_str()) {
            Some(command) => command.to_owned(),
            None => failing(error).ok_or_else(|| format!("how command {label} fails"))?,
        };
        failed.push(FailedCommand { label, command });
    }
    Ok(Commands { done, failed })
}

/// A call that fails with this error on a portal where nothing was loaded for it.
fn failing(error: &Json) -> Option<String> {
    let text = |key: &str| error.get(key).and_then(Json::as_str);
    Some(match (text("error")?, text("error_description")?) {
        ("", "ID is not defined or invalid.") => "crm.lead.get?ID=0".to_owned(),
        ("", "Not found") => format!("crm.lead.get?ID={}", i64::MAX),
        ("ERROR_METHOD_NOT_FOUND", _) => "no.such.method".to_owned(),
        ("ERROR_BATCH_METHOD_NOT_ALLOWED", _) => "batch".to_owned(),
        _ => return None,
    })
}

/// The method and the parameters of a command.
fn read(command: &str) -> (String, Row) {
    let (method, params) = parse_command(command);
    let params = json::to_string(&params.into());
    let params = serde_json::from_str(&params).unwrap_or_default();
    (method.unwrap_or_default(), params)
}
