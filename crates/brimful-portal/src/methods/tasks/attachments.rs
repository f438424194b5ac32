//! Files of tasks: a file of the disk is attached by a record of its own, whose ID `UF_TASK_WEBDAV_FILES` has.

use brimful_protocol::{Array, Value};

use super::existing;
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::entities::{DISK_OBJECT, TASK};
use crate::data::files::SHARED_STORAGE;
use crate::data::records::{self, table::Writer};
use crate::methods::disk;
use crate::methods::params::missing;

const FILES: &str = "UF_TASK_WEBDAV_FILES";
const ATTACHMENT: &str = "disk.attachedobject";

/// Attaches the files that fields of a task name as `n5`, and keeps the attachments that they name by their IDs. Files that
/// are not there are passed over.
pub(super) fn attach_named(state: &mut PortalData, call: &Call<'_>, task: u64, fields: &Array) {
    let Some(named) = fields.get_ignoring_case(FILES) else {
        return;
    };
    let named: Vec<String> = match named {
        Value::Array(named) => named.values().map(Value::to_text).collect(),
        single => vec![single.to_text()],
    };
    let mut attached = Vec::new();
    for name in named {
        let file = name.strip_prefix(['n', 'N']).and_then(|id| id.parse().ok());
        match file {
            Some(file) if state.table(DISK_OBJECT).contains(file) => {
                attached.extend(attach(state, call, task, file));
            }
            Some(_) => {}
            None => attached.extend(name.parse::<u64>().ok().filter(|id| *id > 0)),
        }
    }
    set(state, task, &attached);
}

/// Makes the record that attaches a file to a task.
fn attach(state: &mut PortalData, call: &Call<'_>, task: u64, file: u64) -> Option<u64> {
    let place = records::place(ATTACHMENT)?;
    let given = Array::from_iter([("OBJECT_ID", file as i64), ("ENTITY_ID", task as i64)]);
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    Some(state.records[place].add(&given, writer))
}

pub(super) fn attached_to(state: &PortalData, task: u64) -> Vec<u64> {
    let table = state.table(TASK);
    let Some(field) = table.schema.legacy(FILES) else {
        return Vec::new();
    };
    let mut attached = Vec::new();
    table.row(task).cell(field).any(|id| {
        let id = id.to_int().and_then(|id| u64::try_from(id).ok());
        attached.extend(id);
        false
    });
    attached
}

fn set(state: &mut PortalData, task: u64, attached: &[u64]) {
    let table = state.table_mut(TASK);
    if let Some(field) = table.schema.legacy(FILES) {
        let ids: Value = attached.iter().map(|id| *id as i64).collect();
        table.update(task, [(field, ids)]);
    }
}

/// `tasks.task.files.attach(taskId, fileId)`
pub(crate) fn attach_file(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let task = existing(state, call)?;
    let file = call.params.get_ignoring_case("fileId");
    let file = file.filter(|file| !file.to_text().is_empty());
    let file = file.ok_or_else(|| missing("fileId"))?;
    let number: u64 = file.to_text().trim().parse().map_err(|_| {
        let text = format!(
            "Invalid value {{{}}} to match with parameter {{fileId}}. Should be value of type int.",
            file.to_text()
        );
        MethodError::new(400, "100", text)
    })?;
    if !state.table(DISK_OBJECT).contains(number) {
        return Err(MethodError::new(400, "ERROR_CORE", "File not found<br>"));
    }
    let attachment = attach(state, call, task, number).ok_or_else(errors::method_not_found)?;
    let mut attached = attached_to(state, task);
    attached.push(attachment);
    set(state, task, &attached);
    let answer = Array::from_iter([("attachmentId", attachment as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// What is said of an attachment: its file, as comments say it of theirs.
pub(super) fn describe(state: &PortalData, attachment: u64) -> Array {
    let table = state.record_table(ATTACHMENT);
    let row = table.and_then(|table| table.get(attachment));
    let file = row.and_then(|row| row.get("OBJECT_ID")).cloned();
    let file = file.map_or(0, |file| Value::from(file).to_int());
    let files = state.table(DISK_OBJECT);
    let of = u64::try_from(file).ok().and_then(|file| files.get(file));
    let text = |name: &str| {
        let at = files.schema.legacy(name)?;
        of.as_ref()?.cell(at).to_text()
    };
    let mut about = Array::new();
    about.insert("ATTACHMENT_ID", attachment.to_string());
    about.insert("NAME", text("NAME").unwrap_or_default());
    about.insert("SIZE", text("SIZE").unwrap_or_default());
    about.insert("FILE_ID", file.to_string());
    about
}

/// Puts a file, `{NAME, CONTENT}`, into the shared storage and attaches it to a task: the ID of the attachment.
pub(super) fn attach_content(
    state: &mut PortalData,
    call: &mut Call<'_>,
    task: u64,
    file: &Array,
) -> Result<u64, MethodError> {
    let text = |name: &str| file.get_ignoring_case(name).cloned().unwrap_or_default();
    let mut params = Array::new();
    params.insert("id", SHARED_STORAGE as i64);
    params.insert("data", Array::from_iter([("NAME", text("NAME"))]));
    params.insert("fileContent", text("CONTENT"));
    params.insert("generateUniqueName", true);
    call.params = params;
    let stored = disk::upload_to_storage(state, call)?;
    let file = u64::try_from(stored.deepest(&["ID"]).to_int()).unwrap_or(0);
    let attachment = attach(state, call, task, file).ok_or_else(errors::method_not_found)?;
    let mut attached = attached_to(state, task);
    attached.push(attachment);
    set(state, task, &attached);
    Ok(attachment)
}

/// Takes an attachment from a task; whether it was there.
pub(super) fn detach(state: &mut PortalData, task: u64, attachment: u64) -> bool {
    let mut attached = attached_to(state, task);
    let before = attached.len();
    attached.retain(|one| *one != attachment);
    if attached.len() == before {
        return false;
    }
    set(state, task, &attached);
    if let Some(place) = records::place(ATTACHMENT) {
        state.records[place].delete(attachment);
    }
    true
}
