//! Versions of files: what they held before, and how they go back to it.

use brimful_protocol::{Array, Value, json};

use super::{
    DOWNLOAD_URL, FILE, WrittenWhen, argument, charge, content, describe, named, not_found, number,
    refused, row, text, touch,
};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::files::{FileVersion, StoredFile};
use crate::data::list::plan;

/// `disk.file.uploadversion(id, fileContent)`
pub(crate) fn upload_version(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<FILE>(state, call, "id", 0)?;
    let content = content(argument(call, "fileContent", 1)?)
        .map_err(|_| refused("DISK_FILE_22002", "Could not save file"))?;
    let stored = StoredFile {
        name: text(&row(state, id), "NAME"),
        content: content.into(),
        author: call.user,
        created: call.seconds(),
    };
    Ok(next_version(state, call, id, stored))
}

fn next_version(state: &mut PortalData, call: &Call<'_>, id: u64, stored: StoredFile) -> Output {
    let size = stored.content.len() as i64;
    let number = state.files.put(id, stored) as i64;
    let values = [
        ("GLOBAL_CONTENT_VERSION", Value::Int(number)),
        ("SIZE", Value::Int(size)),
    ];
    touch(state, id, call, &values);
    let mut file = describe(state, id, WrittenWhen::Before);
    file.insert("GLOBAL_CONTENT_VERSION", number);
    Output::value(&Value::Array(file))
}

/// `disk.file.restorefromversion(id, versionId)`: the content of a version once more, as the next version.
pub(crate) fn restore_version(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<FILE>(state, call, "id", 0)?;
    let version = argument(call, "versionId", 1)?;
    let found = state.files.version(number(version)).cloned();
    let found = found.ok_or_else(|| not_found(&version.to_text()))?;
    if found.file != id {
        let text = "Cannot restore version from another file";
        return Err(refused("DISK_FILE_22004", text));
    }
    let stored = StoredFile {
        author: call.user,
        created: call.seconds(),
        ..found.stored
    };
    Ok(next_version(state, call, id, stored))
}

/// `disk.file.getversions(id)`: the newest first.
pub(crate) fn versions(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named::<FILE>(state, call, "id", 0)?;
    let versions = state.files.versions(id);
    charge(call, versions.len());
    let ids: Vec<u64> = versions.iter().map(|(id, _)| *id).collect();
    let mut output = plan::list(None, &ids, |out, id| {
        if let Some(version) = state.files.version(id) {
            json::write(out, &Value::Array(describe_version(id, version)));
        }
    });
    output.total = Some(ids.len() as i64);
    Ok(output)
}

/// `disk.version.get(id)`
pub(crate) fn version(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = argument(call, "id", 0)?;
    let found = state.files.version(number(id));
    let found = found.ok_or_else(|| not_found(&id.to_text()))?;
    let row = describe_version(number(id), found);
    Ok(Output::value(&Value::Array(row)))
}

fn describe_version(id: u64, version: &FileVersion) -> Array {
    let stored = &version.stored;
    let mut row = Array::with_capacity(8);
    row.insert("ID", id.to_string());
    row.insert("OBJECT_ID", version.file.to_string());
    row.insert("SIZE", stored.content.len().to_string());
    row.insert("NAME", stored.name.as_str());
    row.insert("GLOBAL_CONTENT_VERSION", version.number.to_string());
    row.insert("CREATE_TIME", moment::text(stored.created));
    row.insert("CREATED_BY", stored.author.to_string());
    row.insert(DOWNLOAD_URL, "");
    row
}
