//! Files of the CRM: what fields of records, such as photos, and comments of the timeline have. A call sends the content;
//! rows have the number of the file and the addresses that it is read by.

use std::borrow::Cow;

use brimful_protocol::{Array, Value, query};
use serde_json::{Map, Value as Json, json};

use super::store::Author;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::files::StoredFile;
use crate::data::records::crm_parts::FILES;
use crate::data::records::{self, table::Writer};
use crate::data::schema::Kind;
use crate::methods::disk::decoded;
use crate::methods::method::{Handler, Method, write};
use crate::methods::records as any_records;

/// What stands before the number of a file until the link is signed for the caller.
pub(crate) const STORED_FILE: &str = "stored-file:";

const COMMENTS: &str = "crm.timeline.comment";

pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("crm", "crm.timeline.comment.add", write_comment),
        write!("crm", "crm.timeline.comment.update", write_comment),
    ]
    .into_iter()
}

/// What a file holds that has this number.
pub(crate) fn stored(state: &PortalData, id: u64) -> Option<&StoredFile> {
    state.files.of_record((FILES, id))
}

/// The name and the content that a call sends: `[name, base64]`, alone or in `fileData`.
fn sent(value: &Value) -> Option<(String, Vec<u8>)> {
    let pair = value.get("fileData").unwrap_or(value).as_array()?;
    let mut parts = pair.values();
    let (name, content) = (parts.next()?, parts.next()?);
    if parts.next().is_some() || name.as_array().is_some() {
        return None;
    }
    let content = decoded(&content.to_text())?;
    Some((name.to_text(), content))
}

/// Keeps a file; returns its number.
fn put(state: &mut PortalData, (name, content): (String, Vec<u8>), author: Author) -> Option<u64> {
    let place = records::place(FILES)?;
    let given = Array::from_iter([("name", name.clone())]);
    let writer = Writer {
        user: author.user,
        now: author.now,
    };
    let id = state.records[place].add(&given, writer);
    let stored = StoredFile {
        name,
        content: content.into(),
        author: author.user,
        created: author.now,
    };
    state.files.put_of_record((FILES, id), stored);
    Some(id)
}

/// Forgets a file that no row has any more.
fn forget(state: &mut PortalData, file: &Value) {
    let id = file.get("id").map(Value::to_int);
    let id = id.and_then(|id| u64::try_from(id).ok());
    if let (Some(place), Some(id)) = (records::place(FILES), id) {
        state.records[place].delete(id);
        state.files.forget_of_record((FILES, id));
    }
}

/// Keeps the files that a new record was given.
pub(super) fn keep(
    state: &mut PortalData,
    entity: usize,
    id: u64,
    fields: &[usize],
    author: Author,
) {
    for &at in fields {
        let table = state.table(entity);
        if table.schema.get(at).kind != Kind::File {
            continue;
        }
        let Cell::Stored(value) = table.row(id).cell(at) else {
            continue;
        };
        let value = value.clone();
        let kept = with_files(state, (entity, id, at), value, &[], author);
        state.table_mut(entity).rewrite(id, [(at, kept)]);
    }
}

/// A value that is written to a field, with the files in it kept. Others are returned as they are.
pub(super) fn written(
    state: &mut PortalData,
    (entity, id, at): (usize, u64, usize),
    value: Value,
    author: Author,
) -> Value {
    let table = state.table(entity);
    if table.schema.get(at).kind != Kind::File {
        return value;
    }
    let is_multiple = table.schema.get(at).traits.multiple;
    let known: Vec<Value> = match table.row(id).cell(at) {
        Cell::Stored(Value::Array(files)) if is_multiple => files.values().cloned().collect(),
        Cell::Stored(file @ Value::Array(_)) => vec![file.clone()],
        _ => Vec::new(),
    };
    let kept = with_files(state, (entity, id, at), value, &known, author);
    let ids: Vec<i64> = match &kept {
        Value::Array(files) if is_multiple => files.values().filter_map(id_of).collect(),
        file => id_of(file).into_iter().collect(),
    };
    for gone in known
        .iter()
        .filter(|file| id_of(file).is_some_and(|id| !ids.contains(&id)))
    {
        forget(state, gone);
    }
    kept
}

fn id_of(file: &Value) -> Option<i64> {
    file.get("id").map(Value::to_int)
}

fn with_files(
    state: &mut PortalData,
    place: (usize, u64, usize),
    value: Value,
    known: &[Value],
    author: Author,
) -> Value {
    let (entity, _, at) = place;
    if !state.table(entity).schema.get(at).traits.multiple {
        return one(state, place, value, known, author);
    }
    let Value::Array(values) = value else {
        return value;
    };
    let values: Vec<Value> = match sent(&Value::Array(values.clone())) {
        // One file in the place of a list.
        Some(_) => vec![Value::Array(values)],
        None => values.values().cloned().collect(),
    };
    let kept = values
        .into_iter()
        .map(|value| one(state, place, value, known, author));
    kept.filter(|value| *value != Value::Null).collect()
}

/// One file of a field: a new one, one that stays, or none where it is taken away.
fn one(
    state: &mut PortalData,
    place: (usize, u64, usize),
    value: Value,
    known: &[Value],
    author: Author,
) -> Value {
    if let Some(file) = sent(&value) {
        return match put(state, file, author) {
            Some(number) => Value::Array(described(state, place, number)),
            None => Value::Null,
        };
    }
    let says_yes = |name: &str| value.get(name).is_some_and(|flag| flag.to_text() == "Y");
    if says_yes("remove") || says_yes("del") {
        return Value::Null;
    }
    let id = id_of(&value).or_else(|| match &value {
        Value::Int(id) => Some(*id),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    });
    let same = known.iter().find(|file| id.is_some() && id_of(file) == id);
    same.cloned().unwrap_or(value)
}

/// The addresses of a file that a field of a record has.
fn described(state: &PortalData, (entity, id, at): (usize, u64, usize), number: u64) -> Array {
    let table = state.table(entity);
    let kind = match table.entity_type {
        1 => "lead",
        2 => "deal",
        3 => "contact",
        4 => "company",
        7 => "quote",
        _ => "item",
    };
    let name = query::escaped(&table.schema.get(at).name);
    let camel = query::escaped(&table.schema.get(at).camel);
    let of_type = table.entity_type;
    let mut file = Array::new();
    file.insert("id", number as i64);
    file.insert(
        "showUrl",
        format!(
            "/bitrix/components/bitrix/crm.{kind}.show/show_file.php?auth=&ownerId={id}&fieldName={name}&dynamic=Y&fileId={number}"
        ),
    );
    // An older method gives no address that a webhook can read.
    file.insert("downloadUrl", "");
    file.insert(
        "url",
        format!(
            "/bitrix/services/main/ajax.php?action=crm.controller.item.getFile&SITE_ID=s1&entityTypeId={of_type}&id={id}&fieldName={camel}&fileId={number}"
        ),
    );
    file.insert("urlMachine", format!("{STORED_FILE}{number}"));
    file
}

/// `crm.timeline.comment.add` and `.update`: the files of a comment are kept, and shown by their numbers.
fn write_comment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = call.params.get_ignoring_case("fields");
    let files = fields.and_then(|fields| fields.as_array()?.get_ignoring_case("FILES"));
    let files = files.and_then(Value::as_array).cloned();
    let output = any_records::write(state, call)?;
    let (Some(files), Some(place)) = (files, records::place(COMMENTS)) else {
        return Ok(output);
    };
    let number = u64::try_from(output.to_value().to_int()).unwrap_or(0);
    let author = Author {
        user: call.user,
        now: call.seconds(),
    };
    let mut shown = Map::new();
    for file in files.values().filter_map(sent) {
        let (name, size) = (file.0.clone(), file.1.len());
        if let Some(id) = put(state, file, author) {
            shown.insert(
                id.to_string(),
                file_of_comment(state, call, (id, &name, size)),
            );
        }
    }
    let table = &mut state.records[place];
    table.set(number, &[("FILES", Json::Object(shown))]);
    Ok(output)
}

/// A file of a comment, as the methods of comments show it.
fn file_of_comment(
    state: &PortalData,
    call: &Call<'_>,
    (id, name, size): (u64, &str, usize),
) -> Json {
    let users = state.table(crate::data::entities::USER);
    let text = |name: &str| {
        let row = users.get(call.user)?;
        row.cell(users.schema.legacy(name)?).to_text()
    };
    let author = ["NAME", "LAST_NAME"].map(|name| text(name).unwrap_or_default());
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_image = ["png", "jpg", "jpeg", "gif", "webp"]
        .iter()
        .any(|image| ending.eq_ignore_ascii_case(image));
    let link = format!("{STORED_FILE}{id}");
    json!({
        "id": id,
        "date": moment::text(call.seconds()),
        "type": if is_image { "image" } else { "file" },
        "name": name,
        "size": size,
        "image": if is_image { json!({ "width": 0, "height": 0 }) } else { json!(false) },
        "authorId": call.user,
        "authorName": author.join(" ").trim(),
        "urlPreview": if is_image { link.as_str() } else { "" },
        "urlShow": link.as_str(),
        "urlDownload": link.as_str(),
    })
}
