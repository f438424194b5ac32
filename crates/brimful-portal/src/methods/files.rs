//! `disk.*`: files that are put on the disk of the portal and fetched from there.
//!
//! `DOWNLOAD_URL` is filled in when the call is done, by what knows who asks and by which address.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brimful_protocol::{Array, Value};

use super::disk;
use super::params::missing;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::files::{ROOT, StoredFile};

/// The field that holds a link to the content.
pub(crate) const DOWNLOAD_URL: &str = "DOWNLOAD_URL";

/// `disk.file.get(id)`: a file that was put there, or one of the generated ones, which have no content.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = number(call.required("id")?);
    match state.files.get(id) {
        Some(file) => Ok(Output::value(&Value::Array(describe(id, file)))),
        None => disk::get(state, call),
    }
}

/// `disk.folder.uploadfile(id, data, fileContent)`: `fileContent` is `[name, base64]`, or the base64 alone.
pub(crate) fn upload(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let folder = number(call.required("id")?);
    if folder != ROOT {
        return Err(not_found(folder));
    }
    let content = call.required("fileContent")?;
    let encoded = match content {
        Value::Array(pair) => pair.values().nth(1).map(Value::to_text),
        text => Some(text.to_text()),
    };
    let content = encoded
        .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
        .ok_or_else(|| invalid("Invalid value of parameter {fileContent}"))?;
    let name = call
        .required("data")?
        .get("NAME")
        .map(Value::to_text)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing("data[NAME]"))?;
    if state.files.has_name(&name) {
        return Err(MethodError::new(
            400,
            "DISK_OBJ_22000",
            "Объект с таким именем уже есть.",
        ));
    }
    let file = StoredFile {
        name,
        content: content.into(),
        author: call.user,
        created: call.seconds(),
    };
    let described = file.clone();
    let id = state.files.add(file);
    Ok(Output::value(&Value::Array(describe(id, &described))))
}

fn number(value: &Value) -> u64 {
    u64::try_from(value.to_int()).unwrap_or(0)
}

fn not_found(id: u64) -> MethodError {
    MethodError::new(
        400,
        "ERROR_NOT_FOUND",
        format!("Could not find entity with id `{id}`."),
    )
}

fn invalid(what: &str) -> MethodError {
    MethodError::new(400, "ERROR_ARGUMENT", what)
}

fn describe(id: u64, file: &StoredFile) -> Array {
    let (created, author) = (moment::text(file.created), file.author.to_string());
    let mut row = Array::with_capacity(17);
    row.insert("ID", id.to_string());
    row.insert("NAME", file.name.as_str());
    row.insert("CODE", Value::Null);
    row.insert("STORAGE_ID", "1");
    row.insert("TYPE", "file");
    row.insert("PARENT_ID", ROOT.to_string());
    row.insert("DELETED_TYPE", "0");
    row.insert("GLOBAL_CONTENT_VERSION", "1");
    row.insert("FILE_ID", (id * 7).to_string());
    row.insert("SIZE", file.content.len().to_string());
    row.insert("CREATE_TIME", created.as_str());
    row.insert("UPDATE_TIME", created.as_str());
    row.insert("DELETE_TIME", Value::Null);
    row.insert("CREATED_BY", author.as_str());
    row.insert("UPDATED_BY", author.as_str());
    row.insert("DELETED_BY", "0");
    row.insert(DOWNLOAD_URL, "");
    row.insert("DETAIL_URL", "");
    row
}
