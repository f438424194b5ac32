//! The parameters of a request: those of its query and those of its body, their names in any case.

use brimful_r7_protocol::{Moment, form};
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value as Json};

use crate::api_failure::ApiFailure;

/// The media type of a body, in lower case and without its parameters.
pub(super) fn media_type(request: &Request<Bytes>) -> String {
    let header = request.headers().get(CONTENT_TYPE);
    let text = header.and_then(|value| value.to_str().ok());
    media_type_of(text.unwrap_or_default())
}

pub(super) fn media_type_of(content_type: &str) -> String {
    let first = content_type.split(';').next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

/// The parameters in the query of a request.
pub(super) fn of_query(request: &Request<Bytes>) -> Json {
    form::decode(request.uri().query().unwrap_or_default().as_bytes())
}

/// The parameters in a body.
pub(super) fn of_body(media_type: &str, body: &[u8]) -> Result<Json, ApiFailure> {
    if body.is_empty() {
        return Ok(Json::Object(Map::new()));
    }
    if media_type == "application/json" || media_type == "text/json" {
        return serde_json::from_slice(body)
            .map_err(|error| ApiFailure::argument(format!("Unexpected JSON: {error}")));
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

/// A member as text; an empty one counts as absent.
pub(super) fn text(params: &Json, name: &str) -> Option<String> {
    match get(params, name)? {
        Json::String(text) => Some(text.clone()),
        Json::Null | Json::Object(_) => None,
        Json::Array(items) => Some(items.iter().map(scalar).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
    .filter(|text| !text.is_empty())
}

/// A scalar as the text that it is compared by.
pub(super) fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A member that is a list of texts: separated by commas, or the items of an array.
pub(super) fn list(params: &Json, name: &str) -> Vec<String> {
    let items: Vec<String> = match get(params, name) {
        Some(Json::Array(items)) => items.iter().map(scalar).collect(),
        Some(value) => scalar(value).split(',').map(str::to_owned).collect(),
        None => Vec::new(),
    };
    items
        .into_iter()
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// A member that `read` makes something of; what it makes nothing of is an error.
fn read<T>(
    params: &Json,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiFailure> {
    text(params, name)
        .map(|text| read(text.trim()).ok_or_else(|| ApiFailure::conversion(name, &text)))
        .transpose()
}

/// A member that is a whole number.
pub(super) fn number(params: &Json, name: &str) -> Result<Option<i64>, ApiFailure> {
    read(params, name, |text| text.parse().ok())
}

/// A member that is a date, in Unix seconds.
pub(super) fn date(params: &Json, name: &str) -> Result<Option<i64>, ApiFailure> {
    read(params, name, |text| {
        Some(text.parse::<Moment>().ok()?.unix())
    })
}

/// A member that is a truth value.
pub(super) fn flag(params: &Json, name: &str) -> Result<Option<bool>, ApiFailure> {
    read(params, name, |text| {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    })
}

/// A member that is one of the names, or its number.
pub(super) fn one_of(
    params: &Json,
    name: &str,
    values: &[(&str, i64)],
) -> Result<Option<i64>, ApiFailure> {
    read(params, name, |text| {
        let value = values
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, value)| *value);
        value.or_else(|| text.parse().ok())
    })
}
