//! The parameters of a request: those of its query and those of its body, their names in any case.

use brimful_r7_protocol::form;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value as Json};

use super::failure::Failure;

/// The media type of a body, in lower case and without its parameters.
pub(super) fn media_type(request: &Request<Bytes>) -> String {
    let header = request.headers().get(CONTENT_TYPE);
    let text = header.and_then(|value| value.to_str().ok());
    kind(text.unwrap_or_default())
}

pub(super) fn kind(content_type: &str) -> String {
    let first = content_type.split(';').next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

/// The parameters in a body.
pub(super) fn of_body(media_type: &str, body: &[u8]) -> Result<Json, Failure> {
    if body.is_empty() {
        return Ok(Json::Object(Map::new()));
    }
    if media_type == "application/json" || media_type == "text/json" {
        return serde_json::from_slice(body)
            .map_err(|error| Failure::argument(format!("Unexpected JSON: {error}")));
    }
    Ok(form::decode(body))
}

/// The member `name` of an object, in any case of its letters.
pub(super) fn get<'j>(params: &'j Json, name: &str) -> Option<&'j Json> {
    let members = params.as_object()?;
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A member as text; an empty one is none.
pub(super) fn text(params: &Json, name: &str) -> Option<String> {
    match get(params, name)? {
        Json::String(text) => Some(text.clone()),
        Json::Null | Json::Object(_) => None,
        Json::Array(items) => Some(items.iter().map(plain).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
    .filter(|text| !text.is_empty())
}

/// A scalar as the text that it is compared by.
pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A member that is several texts: separated by commas, or several items.
pub(super) fn several(params: &Json, name: &str) -> Vec<String> {
    let items: Vec<String> = match get(params, name) {
        Some(Json::Array(items)) => items.iter().map(plain).collect(),
        Some(value) => plain(value).split(',').map(str::to_owned).collect(),
        None => Vec::new(),
    };
    items
        .into_iter()
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// A member that is a whole number.
pub(super) fn number(params: &Json, name: &str) -> Result<Option<i64>, Failure> {
    let Some(text) = text(params, name) else {
        return Ok(None);
    };
    match text.trim().parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Failure::conversion(name, &text)),
    }
}

/// A member that is a truth value.
pub(super) fn flag(params: &Json, name: &str) -> Result<Option<bool>, Failure> {
    let Some(text) = text(params, name) else {
        return Ok(None);
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => Err(Failure::conversion(name, &text)),
    }
}

/// A member that is one of the names, or its number.
pub(super) fn one_of(
    params: &Json,
    name: &str,
    values: &[(&str, i64)],
) -> Result<Option<i64>, Failure> {
    let Some(text) = text(params, name) else {
        return Ok(None);
    };
    let found = values
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
        .map(|(_, value)| *value);
    match found.or_else(|| text.trim().parse().ok()) {
        Some(value) => Ok(Some(value)),
        None => Err(Failure::conversion(name, &text)),
    }
}
