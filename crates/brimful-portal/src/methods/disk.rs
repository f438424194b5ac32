//! `disk.*`: storages, and the folders and files in them.
//!
//! `DOWNLOAD_URL` and the address of public links are filled in when the call is done, by what knows who asks and by
//! which address.

mod storages;
mod table;
mod versions;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use brimful_protocol::{Array, Value, json};

use storages::storage;
use storages::{rename_storage, storage_of_application, storages};
pub(crate) use table::methods;
use versions::{restore_version, upload_version, version, versions};

use super::crm::legacy_filter;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::DISK_OBJECT;
use crate::data::files::{ROOT, SHARED_STORAGE, StoredFile};
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::paging::Paging;
use crate::data::list::plan;
use crate::data::list::query::{Query, Work};
use crate::data::records;
use crate::data::table::Row;

/// The field that holds a link to the content.
pub(crate) const DOWNLOAD_URL: &str = "DOWNLOAD_URL";

/// The field that holds where to upload a file.
pub(crate) const UPLOAD_URL: &str = "uploadUrl";

/// What stands for the portal's own address at the beginning of a text until it is known who asked, and where.
pub(crate) const OWN_ADDRESS: &str = "portal:";

/// What stands before the description of an upload until it is signed for the caller.
pub(crate) const UNSIGNED: &str = "upload:";

/// The field that holds a link to the content of a file in a chat.
pub(crate) const FILE_URL: &str = "downloadUrl";

/// What stands before the number of such a file until the link is signed for the caller.
pub(crate) const UNSIGNED_DOWNLOAD: &str = "download:";

/// What a method is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskObject {
    Folder = 0,
    File = 1,
}

const FOLDER: u8 = DiskObject::Folder as u8;
const FILE: u8 = DiskObject::File as u8;

/// Whether numbers that the portal has just given are written as numbers: it reads them as texts afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WrittenWhen {
    JustNow,
    Before,
}

fn not_found(id: &str) -> MethodError {
    let text = format!("Could not find entity with id `{id}`");
    MethodError::new(400, "ERROR_NOT_FOUND", text)
}

fn no_argument(place: usize) -> MethodError {
    let text = format!("Invalid value of parameter {{Parameter #{place}}}");
    MethodError::new(400, "ERROR_ARGUMENT", text)
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// What a call names in a parameter; `place` is that of the parameter.
fn argument<'c>(call: &'c Call<'_>, name: &str, place: usize) -> Result<&'c Value, MethodError> {
    let value = call.params.get_ignoring_case(name);
    value
        .filter(|value| !matches!(value, Value::Null) && !value.to_text().is_empty())
        .ok_or_else(|| no_argument(place))
}

fn number(value: &Value) -> u64 {
    u64::try_from(value.to_int()).unwrap_or(0)
}

fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.legacy(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

fn int(row: &Row<'_>, name: &str) -> u64 {
    let value = cell(row, name).to_int().unwrap_or(0);
    u64::try_from(value).unwrap_or(0)
}

fn text(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

fn is_folder(row: &Row<'_>) -> bool {
    row.id == ROOT || text(row, "TYPE") == "folder"
}

fn row(state: &PortalData, id: u64) -> Row<'_> {
    state.table(DISK_OBJECT).row(id)
}

/// The object of a kind that a call names in a parameter.
fn named<const KIND: u8>(
    state: &PortalData,
    call: &Call<'_>,
    name: &str,
    place: usize,
) -> Result<u64, MethodError> {
    let value = argument(call, name, place)?;
    let id = number(value);
    let is_it = |id: &u64| {
        state.table(DISK_OBJECT).contains(*id) && is_folder(&row(state, *id)) == (KIND == FOLDER)
    };
    Some(id)
        .filter(is_it)
        .ok_or_else(|| not_found(&value.to_text()))
}

fn describe(state: &PortalData, id: u64, written: WrittenWhen) -> Array {
    let of = row(state, id);
    let just_now = written == WrittenWhen::JustNow;
    let given = |number: u64| {
        if just_now {
            Value::Int(number as i64)
        } else {
            Value::Text(number.to_string())
        }
    };
    let or_null = |name: &str| match text(&of, name) {
        text if text.is_empty() => Value::Null,
        text => Value::Text(text),
    };
    let folder = is_folder(&of);
    let mut map = Array::with_capacity(18);
    map.insert("ID", given(id));
    map.insert("NAME", text(&of, "NAME"));
    map.insert("CODE", or_null("CODE"));
    map.insert(
        "STORAGE_ID",
        int(&of, "STORAGE_ID").max(SHARED_STORAGE).to_string(),
    );
    map.insert("TYPE", if folder { "folder" } else { "file" });
    if folder {
        map.insert("REAL_OBJECT_ID", given(id));
    }
    map.insert("PARENT_ID", int(&of, "PARENT_ID").to_string());
    map.insert("DELETED_TYPE", given(int(&of, "DELETED_TYPE")));
    if !folder {
        map.insert(
            "GLOBAL_CONTENT_VERSION",
            given(int(&of, "GLOBAL_CONTENT_VERSION").max(1)),
        );
        map.insert("FILE_ID", given(id * 7));
        map.insert("SIZE", int(&of, "SIZE").to_string());
    }
    map.insert("CREATE_TIME", text(&of, "CREATE_TIME"));
    map.insert("UPDATE_TIME", text(&of, "UPDATE_TIME"));
    map.insert("DELETE_TIME", or_null("DELETE_TIME"));
    map.insert("CREATED_BY", text(&of, "CREATED_BY"));
    map.insert("UPDATED_BY", text(&of, "UPDATED_BY"));
    map.insert(
        "DELETED_BY",
        if just_now {
            Value::Null
        } else {
            Value::Text(int(&of, "DELETED_BY").to_string())
        },
    );
    if !folder {
        map.insert(DOWNLOAD_URL, "");
    }
    map.insert(
        "DETAIL_URL",
        format!(
            "/docs/{}{}",
            if folder { "path" } else { "file" },
            path(state, id)
        ),
    );
    map
}

/// Where an object lies, from the root of its storage: `/Folder/Name`.
fn path(state: &PortalData, id: u64) -> String {
    let mut names = Vec::new();
    let mut at = id;
    // Generated rows say their parents themselves: a limit ends what they may have for a circle.
    while names.len() < 64 && state.table(DISK_OBJECT).contains(at) {
        let of = row(state, at);
        let parent = int(&of, "PARENT_ID");
        if at == ROOT || parent == 0 {
            break;
        }
        names.push(text(&of, "NAME"));
        at = parent;
    }
    names
        .iter()
        .rev()
        .fold(String::new(), |path, name| path + "/" + name)
}

fn answer(state: &PortalData, id: u64, written: WrittenWhen) -> Output {
    Output::value(&Value::Array(describe(state, id, written)))
}

fn update(state: &mut PortalData, id: u64, values: &[(&str, Value)]) {
    let table = state.table_mut(DISK_OBJECT);
    let fields = values.iter().filter_map(|(name, value)| {
        let field = table.schema.legacy(name)?;
        Some((field, value.clone()))
    });
    let fields: Vec<(usize, Value)> = fields.collect();
    table.update(id, fields);
}

/// Writes fields, and who wrote them when.
fn touch(state: &mut PortalData, id: u64, call: &Call<'_>, values: &[(&str, Value)]) {
    let mut values = values.to_vec();
    values.push(("UPDATE_TIME", Value::Text(moment::text(call.seconds()))));
    values.push(("UPDATED_BY", Value::Int(call.user as i64)));
    update(state, id, &values);
}

/// The objects in a folder, deleted ones too.
fn inside(state: &PortalData, folder: u64) -> Vec<u64> {
    Query::new(
        state.table(DISK_OBJECT),
        of_folder(state, folder),
        Vec::new(),
    )
    .page(0, u64::MAX)
}

fn of_folder(state: &PortalData, folder: u64) -> Condition {
    let at = state.table(DISK_OBJECT).schema.legacy("PARENT_ID");
    at.map_or(Condition::Never, |at| {
        Condition::equal(at, Operand::Int(folder as i64))
    })
}

/// Whether a folder has an object of this name that is not deleted.
fn is_taken(state: &PortalData, folder: u64, name: &str) -> bool {
    // Names of generated rows repeat themselves: they take none.
    let table = state.table(DISK_OBJECT);
    table.written().iter().any(|&id| {
        let of = row(state, id);
        int(&of, "PARENT_ID") == folder
            && int(&of, "DELETED_TYPE") == 0
            && text(&of, "NAME") == name
    })
}

fn free_name(
    state: &PortalData,
    folder: u64,
    name: String,
    what: &str,
    make_unique: bool,
) -> Result<String, MethodError> {
    if !is_taken(state, folder, &name) {
        return Ok(name);
    }
    if !make_unique {
        let text = format!("A {what} with this name already exists");
        return Err(refused("DISK_OBJ_22000", &text));
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name.as_str(), String::new()),
    };
    let numbered = (1u64..).map(|number| format!("{stem} ({number}){end}"));
    let mut free = numbered.filter(|name| !is_taken(state, folder, name));
    Ok(free.next().unwrap_or(name.clone()))
}

/// The name in `data`; without one the call is refused as `refusal` says, a code and a text.
fn name_of(call: &Call<'_>, refusal: (&str, &str)) -> Result<String, MethodError> {
    let data = call.params.get_ignoring_case("data");
    let name = data.and_then(|data| data.get("NAME")).map(Value::to_text);
    let (code, text) = refusal;
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| refused(code, text))
}

/// What `fileContent` holds: `[name, base64]`, or the base64 alone.
fn content(value: &Value) -> Result<Vec<u8>, MethodError> {
    let encoded = match value {
        Value::Array(pair) => pair.values().nth(1).map(Value::to_text),
        text => Some(text.to_text()),
    };
    encoded
        .and_then(|encoded| decoded(&encoded))
        .ok_or_else(|| refused("ERROR_COULD_NOT_SAVE_FILE", "Could not save file"))
}

/// What PHP's `base64_decode` makes of a text: it passes over letters that base64 does not have. `None` if nothing is
/// left.
pub(super) fn decoded(encoded: &str) -> Option<Vec<u8>> {
    let is_letter = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    let letters = encoded.bytes().take_while(|c| *c != b'=').filter(is_letter);
    let letters: Vec<u8> = letters.collect();
    // A letter alone holds less than a byte.
    let whole = letters.len() - usize::from(letters.len() % 4 == 1);
    let decoded = LENIENT.decode(&letters[..whole]).ok()?;
    (!decoded.is_empty()).then_some(decoded)
}

/// Base64 without padding, whose last letter may hold more than its bytes need.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn charge(call: &mut Call<'_>, rows: usize) {
    Work {
        rows: rows as u64,
        ..Work::default()
    }
    .charge(call);
}

/// `disk.folder.getchildren`
pub(crate) fn folder_children(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let folder = named::<FOLDER>(state, call, "id", 0)?;
    Ok(children(state, call, folder))
}

/// `disk.storage.getchildren`
pub(crate) fn storage_children(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (_, root) = storage(state, call)?;
    Ok(children(state, call, root))
}

/// What is in a folder and not deleted, by a true offset in `start`.
fn children(state: &PortalData, call: &mut Call<'_>, folder: u64) -> Output {
    let table = state.table(DISK_OBJECT);
    let schema = &table.schema;
    let given = call.legacy_array("filter");
    let mut filter = legacy_filter::condition(schema, given, call.seconds());
    let asks_for_deleted = given.is_some_and(|given| {
        let mut keys = given.iter().map(|(key, _)| key.to_text());
        keys.any(|key| key.to_ascii_uppercase().ends_with("DELETED_TYPE"))
    });
    if let (false, Some(at)) = (asks_for_deleted, schema.legacy("DELETED_TYPE")) {
        filter = filter.and(Condition::equal(at, Operand::Int(0)));
    }
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let start = call.start();
    let query = Query::new(table, filter.and(of_folder(state, folder)), order);
    let page = Paging::Offset.page(&query, start, call);
    let output = plan::list(None, &page.ids, |out, id| {
        json::write(out, &Value::Array(describe(state, id, WrittenWhen::Before)));
    });
    page.with_pagination_fields(output)
}

/// `disk.folder.get` and `disk.file.get`
pub(crate) fn get<const KIND: u8>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    charge(call, 1);
    Ok(answer(state, id, WrittenWhen::Before))
}

/// `disk.folder.addsubfolder(id, data)`
pub(crate) fn add_folder(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let parent = named::<FOLDER>(state, call, "id", 0)?;
    let storage = int(&row(state, parent), "STORAGE_ID").max(SHARED_STORAGE);
    add_folder_to(state, call, (storage, parent))
}

/// `disk.storage.addfolder(id, data)`
pub(crate) fn add_folder_to_storage(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let place = storage(state, call)?;
    add_folder_to(state, call, place)
}

fn add_folder_to(
    state: &mut PortalData,
    call: &mut Call<'_>,
    place: (u64, u64),
) -> Result<Output, MethodError> {
    let no_name = (
        "ERROR_ARGUMENT",
        "Invalid value of parameter {Parameter #1}",
    );
    let name = free_name(state, place.1, name_of(call, no_name)?, "folder", false)?;
    charge(call, 1);
    let id = state.add_to_drive(place, &name, (call.user, call.seconds()), None);
    Ok(answer(state, id, WrittenWhen::JustNow))
}

/// `disk.folder.uploadfile(id, data, fileContent)`
pub(crate) fn upload(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let folder = named::<FOLDER>(state, call, "id", 0)?;
    let storage = int(&row(state, folder), "STORAGE_ID").max(SHARED_STORAGE);
    if is_content_to_come(call) {
        return Ok(where_to_upload("uploadToFolder", folder));
    }
    upload_to(state, call, (storage, folder))
}

/// Whether a call has neither a name nor a content: it asks where to send the file.
fn is_content_to_come(call: &Call<'_>) -> bool {
    ["data", "fileContent"]
        .iter()
        .all(|name| call.params.get_ignoring_case(name).is_none())
}

fn where_to_upload(action: &str, id: u64) -> Output {
    let mut answer = Array::new();
    answer.insert("field", "file");
    answer.insert(UPLOAD_URL, format!("{UNSIGNED}action={action}&id={id}"));
    Output::value(&Value::Array(answer))
}

/// `disk.storage.uploadfile(id, data, fileContent)`
pub(crate) fn upload_to_storage(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let place = storage(state, call)?;
    if is_content_to_come(call) {
        return Ok(where_to_upload("uploadToFolder", place.1));
    }
    upload_to(state, call, place)
}

fn upload_to(
    state: &mut PortalData,
    call: &mut Call<'_>,
    place: (u64, u64),
) -> Result<Output, MethodError> {
    let no_name = (
        "DISK_BASE_SERVICE_22001",
        "Error: required parameter NAME (DISK_BASE_SERVICE_22001)",
    );
    let name = name_of(call, no_name)?;
    let content = content(argument(call, "fileContent", 2)?)?;
    let make_unique = call
        .params
        .get_ignoring_case("generateUniqueName")
        .is_some_and(|unique| !matches!(unique.to_text().as_str(), "" | "0" | "N" | "false"));
    let name = free_name(state, place.1, name, "file", make_unique)?;
    let stored = StoredFile {
        name: name.clone(),
        content: content.into(),
        author: call.user,
        created: call.seconds(),
    };
    charge(call, 1);
    let by = (call.user, call.seconds());
    let id = state.add_to_drive(place, &name, by, Some(stored));
    Ok(answer(state, id, WrittenWhen::JustNow))
}

/// `disk.folder.rename` and `disk.file.rename`
pub(crate) fn rename<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    let name = argument(call, "newName", 1)?.to_text();
    let of = row(state, id);
    if text(&of, "NAME") != name {
        let parent = int(&of, "PARENT_ID");
        free_name(state, parent, name.clone(), what::<KIND>(), false)?;
    }
    charge(call, 1);
    state.files.rename(id, &name);
    touch(state, id, call, &[("NAME", Value::Text(name))]);
    Ok(answer(state, id, WrittenWhen::Before))
}

const fn what<const KIND: u8>() -> &'static str {
    if KIND == FOLDER { "folder" } else { "file" }
}

/// `disk.folder.copyto` and `disk.file.copyto`: a folder with all that is in it.
pub(crate) fn copy<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    let target = named::<FOLDER>(state, call, "targetFolderId", 1)?;
    let name = text(&row(state, id), "NAME");
    free_name(state, target, name, what::<KIND>(), false)?;
    if KIND == FOLDER && is_inside(state, target, id) {
        return Err(refused("DISK_OBJ_22000", "Could not copy folder"));
    }
    charge(call, 1);
    let copied = copy_into(state, call, id, target);
    Ok(answer(state, copied, WrittenWhen::JustNow))
}

/// Whether a folder is another one, or lies in it.
fn is_inside(state: &PortalData, folder: u64, outer: u64) -> bool {
    let parent = |at: &u64| Some(int(&row(state, *at), "PARENT_ID")).filter(|&at| at > 0);
    let mut way = std::iter::successors(Some(folder), parent).take(1_000);
    way.any(|at| at == outer)
}

fn copy_into(state: &mut PortalData, call: &Call<'_>, id: u64, target: u64) -> u64 {
    let storage = int(&row(state, target), "STORAGE_ID").max(SHARED_STORAGE);
    let of = row(state, id);
    let (name, folder) = (text(&of, "NAME"), is_folder(&of));
    let by = (call.user, call.seconds());
    let stored = (!folder).then(|| {
        let stored = state.files.get(id).cloned();
        stored.unwrap_or_else(|| StoredFile {
            name: name.clone(),
            content: Vec::new().into(),
            author: call.user,
            created: call.seconds(),
        })
    });
    let copied = state.add_to_drive((storage, target), &name, by, stored);
    if folder {
        for child in inside(state, id) {
            if child != copied && int(&row(state, child), "DELETED_TYPE") == 0 {
                copy_into(state, call, child, copied);
            }
        }
    }
    copied
}

/// `disk.folder.moveto` and `disk.file.moveto`
pub(crate) fn move_to<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    let target = named::<FOLDER>(state, call, "targetFolderId", 1)?;
    if int(&row(state, id), "PARENT_ID") == 0 {
        return Err(refused("", "Could not move root folder"));
    }
    let storage = |id: u64| int(&row(state, id), "STORAGE_ID").max(SHARED_STORAGE);
    if storage(id) != storage(target) || (KIND == FOLDER && is_inside(state, target, id)) {
        return Ok(Output::value(&Value::Bool(false)));
    }
    let name = text(&row(state, id), "NAME");
    free_name(state, target, name, what::<KIND>(), false)?;
    charge(call, 1);
    let parent = Value::Int(target as i64);
    touch(state, id, call, &[("PARENT_ID", parent)]);
    let mut moved = describe(state, id, WrittenWhen::Before);
    moved.insert("PARENT_ID", target as i64);
    Ok(Output::value(&Value::Array(moved)))
}

/// `disk.folder.markdeleted` and `disk.file.markdeleted`: into the recycle bin.
pub(crate) fn mark_deleted<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const DELETED: i64 = 3;
    let id = named::<KIND>(state, call, "id", 0)?;
    refuse_root(state, id)?;
    charge(call, 1);
    let values = [
        ("DELETED_TYPE", Value::Int(DELETED)),
        ("DELETE_TIME", Value::Text(moment::text(call.seconds()))),
        ("DELETED_BY", Value::Int(call.user as i64)),
    ];
    update(state, id, &values);
    let mut deleted = describe(state, id, WrittenWhen::Before);
    deleted.insert("DELETED_TYPE", DELETED);
    Ok(Output::value(&Value::Array(deleted)))
}

fn refuse_root(state: &PortalData, id: u64) -> Result<(), MethodError> {
    if int(&row(state, id), "PARENT_ID") == 0 {
        return Err(refused("DISK_OBJ_22000", "Could not delete root folder"));
    }
    Ok(())
}

/// `disk.folder.restore` and `disk.file.restore`: out of the recycle bin.
pub(crate) fn restore<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    charge(call, 1);
    touch(state, id, call, &[("DELETED_TYPE", Value::Int(0))]);
    let mut restored = describe(state, id, WrittenWhen::Before);
    restored.insert("DELETED_TYPE", 0);
    Ok(Output::value(&Value::Array(restored)))
}

/// `disk.folder.deletetree` and `disk.file.delete`: for good.
pub(crate) fn delete<const KIND: u8>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    refuse_root(state, id)?;
    charge(call, 1);
    let mut going = vec![id];
    while let Some(id) = going.pop() {
        if is_folder(&row(state, id)) {
            going.extend(inside(state, id));
        }
        state.files.forget(id);
        state.table_mut(DISK_OBJECT).delete(id);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `disk.folder.getexternallink` and `disk.file.getexternallink`
pub(crate) fn external_link<const KIND: u8>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named::<KIND>(state, call, "id", 0)?;
    let code = crate::data::hash::mix(id) % 0xfffff;
    Ok(Output::value(&Value::Text(format!("/~{code:05x}"))))
}

/// `disk.folder.sharetouser(id, userId, taskName)`: heard, and not kept.
pub(crate) fn share(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    named::<FOLDER>(state, call, "id", 0)?;
    argument(call, "userId", 1)?;
    argument(call, "taskName", 2)?;
    Ok(Output::value(&Value::Bool(true)))
}

/// `disk.file.search(QUERY, TYPE)`
pub(crate) fn search(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const MOST: u64 = 50;
    let Some(Value::Text(query)) = call.params.get_ignoring_case("QUERY") else {
        let text = "Invalid value of parameter { Parameter #0 [ <required> $QUERY ] }.";
        return Err(refused("ERROR_ARGUMENT", text));
    };
    if !(3..=255).contains(&query.chars().count()) {
        let text = "Search query is invalid. (INVALID_QUERY).";
        return Err(refused("INVALID_QUERY", text));
    }
    let wanted = match call.text("TYPE").as_str() {
        "" | "all" => None,
        "file" => Some(false),
        "folder" => Some(true),
        _ => {
            let text = "Search result type is invalid. (INVALID_TYPE).";
            return Err(refused("INVALID_TYPE", text));
        }
    };
    let folded = query.to_lowercase();
    let mut found = Vec::new();
    let all = Query::new(state.table(DISK_OBJECT), Condition::Always, Vec::new());
    all.each(|id| {
        let of = row(state, id);
        if id != ROOT
            && wanted.is_none_or(|folder| folder == is_folder(&of))
            && int(&of, "DELETED_TYPE") == 0
            && text(&of, "NAME").to_lowercase().contains(&folded)
        {
            found.push(id);
        }
        (found.len() as u64) < MOST
    });
    charge(call, found.len());
    Ok(plan::list(None, &found, |out, id| {
        json::write(out, &Value::Array(describe(state, id, WrittenWhen::Before)));
    }))
}

/// `disk.attachedobject.get(id)`: a file that is attached to a task.
pub(crate) fn attached(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = argument(call, "id", 0)?.to_text();
    let place = records::place("disk.attachedobject");
    let table = place.map(|place| &state.records[place]);
    let attachment = table.and_then(|table| table.get(table.find(std::slice::from_ref(&id), &[])?));
    let attachment = attachment.ok_or_else(|| not_found(&id))?;
    let mut map = Array::new();
    for (name, value) in attachment {
        map.insert(name.as_str(), Value::from(value.clone()));
    }
    let file = map.get("OBJECT_ID").map_or(0, number);
    if !state.table(DISK_OBJECT).contains(file) {
        return Err(not_found(&id));
    }
    let of = row(state, file);
    map.insert(DOWNLOAD_URL, "");
    map.insert("NAME", text(&of, "NAME"));
    map.insert("SIZE", int(&of, "SIZE").to_string());
    Ok(Output::value(&Value::Array(map)))
}
