//! `note.file.*`: files that belong to a document of a knowledge base. No method reads what a file holds, so only what it is
//! is kept.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::params::under;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::rest3::NOTE_FILES;
use crate::methods::disk::decoded;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows;

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("note", "note.file.add", add),
        read!("note", "note.file.get", get),
    ]
    .into_iter()
}

/// The types of files that are taken: what a name ends with, the type of its content, and what it is in a text.
const TYPES: [(&str, &str, &str); 19] = [
    ("png", "image/png", "image"),
    ("jpg", "image/jpeg", "image"),
    ("jpeg", "image/jpeg", "image"),
    ("gif", "image/gif", "image"),
    ("webp", "image/webp", "image"),
    ("svg", "image/svg+xml", "image"),
    ("pdf", "application/pdf", "file"),
    ("txt", "text/plain", "file"),
    ("md", "text/markdown", "file"),
    ("csv", "text/csv", "file"),
    ("doc", "application/msword", "file"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "file",
    ),
    ("xls", "application/vnd.ms-excel", "file"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "file",
    ),
    ("ppt", "application/vnd.ms-powerpoint", "file"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "file",
    ),
    ("mp4", "video/mp4", "video"),
    ("webm", "video/webm", "video"),
    ("mov", "video/quicktime", "video"),
];

/// The most bytes that a file has.
const LARGEST: usize = 25 * 1024 * 1024;

fn given_id(call: &Call<'_>, name: &str) -> Result<u64, MethodError> {
    match call.params.get(name) {
        None | Some(Value::Null) => Err(error::required(name)),
        Some(Value::Int(id)) => Ok(u64::try_from(*id).unwrap_or(0)),
        Some(_) => Err(error::wrong_type(name, "int")),
    }
}

fn given_text<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c str, MethodError> {
    match call.params.get(name) {
        None | Some(Value::Null) => Err(error::required(name)),
        Some(Value::Text(text)) => Ok(text),
        Some(_) => Err(error::wrong_type(name, "string")),
    }
}

fn document(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = given_id(call, "documentId")?;
    let is_there = record_rows::row(state, "note.document", id).is_some();
    is_there
        .then_some(id)
        .ok_or_else(|| error::entity_not_found(&id.to_string()))
}

/// `note.file.add(documentId, fileName, fileContent)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let document_id = given_id(call, "documentId")?;
    let name = given_text(call, "fileName")?.to_owned();
    let encoded = given_text(call, "fileContent")?;
    document(state, call)?;
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    let known = TYPES
        .iter()
        .find(|known| Some(known.0) == ending.as_deref());
    let Some((_, mime, asset)) = known else {
        let text = "File type is not allowed";
        return Err(MethodError::new(400, "NOTE_FILE_TYPE_NOT_ALLOWED", text));
    };
    let is_base64 = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '+' | '/' | '=')
            || letter.is_whitespace()
    };
    let content = encoded
        .chars()
        .all(is_base64)
        .then(|| decoded(encoded))
        .flatten();
    let content = content
        .ok_or_else(|| error::validation([("fileContent", "invalid base64 payload".to_owned())]))?;
    if content.len() > LARGEST {
        let text = "File is too large";
        return Err(MethodError::new(400, "NOTE_FILE_TOO_LARGE", text));
    }
    let size = content.len();
    let mut given = Array::from_iter([("documentId", document_id as i64)]);
    given.insert("name", name.as_str());
    given.insert("size", size as i64);
    given.insert("mimeType", *mime);
    given.insert("assetType", *asset);
    let id = record_rows::add(state, call, NOTE_FILES, &given);
    let markdown = Json::from(format!("[[{asset} fileId={id}]]"));
    record_rows::set(state, call, NOTE_FILES, id, &[("assetMarkdown", markdown)]);
    Ok(shown(record_rows::row(state, NOTE_FILES, id)))
}

fn shown(row: Option<&Map<String, Json>>) -> Output {
    let row = row.cloned().unwrap_or_default();
    Output::value(&under("item", Value::from(Json::Object(row))))
}

/// `note.file.get(id, documentId)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = given_id(call, "id")?;
    let document = document(state, call)?;
    let file = record_rows::row(state, NOTE_FILES, id);
    let file = file.filter(|file| record_rows::number(file, "documentId") == document);
    let file = file.ok_or_else(|| error::entity_not_found(&id.to_string()))?;
    Ok(shown(Some(file)))
}
