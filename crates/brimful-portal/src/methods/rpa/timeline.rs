//! `rpa.timeline.*` and `rpa.comment.*`: what happened to an element, and comments on it.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Value as Json, json};

use super::{Row, fields, item_name, named, needed, not_found, nothing, people, process, under};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::list::paging::Paging;
use crate::data::records::rpa::{ITEMS, TIMELINE};
use crate::methods::chats::refused;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, row, rows, text};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("rpa", "rpa.timeline.add", add),
        write!("rpa", "rpa.timeline.update", update),
        write!("rpa", "rpa.timeline.updateisfixed", fix),
        write!("rpa", "rpa.timeline.delete", delete),
        read!("rpa", "rpa.timeline.listforitem", list),
        write!("rpa", "rpa.comment.add", add_comment),
        write!("rpa", "rpa.comment.update", update_comment),
        write!("rpa", "rpa.comment.delete", delete_comment),
    ]
    .into_iter()
}

const COMMENT: &str = "comment";

/// Writes what the caller has done with an element.
pub(super) fn note(
    state: &mut PortalData,
    call: &Call<'_>,
    (process, item): (u64, u64),
    action: &str,
    mut data: Array,
) {
    let name = row(state, ITEMS, item).map(item_name).unwrap_or_default();
    data.insert("item", Array::from_iter([("name", name)]));
    data.insert("scope", "rest");
    let mut entry = of_element(process, item);
    entry.insert("action", action);
    entry.insert("data", data);
    record_rows::add(state, call, TIMELINE, &entry);
}

fn of_element(process: u64, item: u64) -> Array {
    Array::from_iter([("typeId", process as i64), ("itemId", item as i64)])
}

/// The element that a call names by `typeId` and `itemId`.
fn element(state: &PortalData, call: &Call<'_>) -> Result<(u64, u64), MethodError> {
    let process = process(state, call)?;
    let id = needed(call, "itemId")?;
    let item = row(state, ITEMS, id).filter(|item| number(item, "typeId") == process);
    item.map(|_| (process, id)).ok_or_else(not_found)
}

/// An entry as lists show it.
fn shown(state: &PortalData, id: u64, entry: &Row) -> Array {
    let mut shown = Array::from_iter([("id", id as i64)]);
    for name in [
        "typeId",
        "itemId",
        "createdTime",
        "userId",
        "title",
        "description",
        "action",
        "isFixed",
        "data",
    ] {
        let value = entry.get(name).cloned().map(Value::from);
        shown.insert(name, value.unwrap_or_default());
    }
    let created = moment::parse(&text(entry, "createdTime"), 0).unwrap_or(0);
    shown.insert("createdTimestamp", created * 1000);
    let description = text(entry, "description");
    if text(entry, "action") == COMMENT {
        shown.insert("htmlDescription", description.as_str());
        shown.insert("textDescription", description);
    }
    shown.insert("users", people(state, [number(entry, "userId")]));
    shown
}

fn answer(state: &PortalData, name: &str, id: u64) -> Output {
    let entry = row(state, TIMELINE, id).map(|entry| shown(state, id, entry));
    under(name, entry.unwrap_or_default())
}

/// What a call writes into an entry: its title and its description.
fn written(fields: &Array) -> Array {
    let value = |name: &'static str| Some((name, fields.get(name)?.clone()));
    let written = ["title", "description"].map(value);
    written.into_iter().flatten().collect()
}

/// `rpa.timeline.add(typeId, itemId, fields)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (process, item) = element(state, call)?;
    let mut entry = written(&fields(call)?);
    entry.insert("typeId", process as i64);
    entry.insert("itemId", item as i64);
    entry.insert("action", false);
    entry.insert("data", Array::from_iter([("scope", "rest")]));
    let id = record_rows::add(state, call, TIMELINE, &entry);
    Ok(answer(state, "timeline", id))
}

/// `rpa.timeline.update(id, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, TIMELINE)?;
    let entry = written(&fields(call)?);
    record_rows::update(state, call, TIMELINE, id, &entry);
    Ok(answer(state, "timeline", id))
}

/// `rpa.timeline.updateIsFixed(id, isFixed)`
fn fix(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, TIMELINE)?;
    let is_fixed = call.required("isFixed")?.to_text();
    let is_fixed = Json::from(matches!(is_fixed.as_str(), "Y" | "1" | "true"));
    record_rows::set(state, call, TIMELINE, id, &[("isFixed", is_fixed)]);
    Ok(under("timeline", Array::from_iter([("id", id as i64)])))
}

/// `rpa.timeline.delete(id)`
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, TIMELINE)?;
    record_rows::delete(state, TIMELINE, id);
    Ok(nothing())
}

/// `rpa.timeline.listForItem(typeId, itemId, start)`: the newest first.
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (_, item) = element(state, call)?;
    let entries = rows(state, TIMELINE).filter(|(_, entry)| number(entry, "itemId") == item);
    let mut ids: Vec<u64> = entries.map(|(id, _)| id).collect();
    ids.reverse();
    let page = Paging::Controller.page(ids.as_slice(), call.start(), call);
    let entries = page.ids.iter().filter_map(|id| {
        let entry = row(state, TIMELINE, *id)?;
        Some(shown(state, *id, entry))
    });
    let output = under("timeline", entries.collect::<Value>());
    Ok(page.with_pagination_fields(output))
}

/// The numbers of the files of a comment: those that it has already, and new ones.
fn files(state: &PortalData, fields: &Array, earlier: &[u64]) -> Vec<u64> {
    let given = fields.get("files").and_then(Value::as_array);
    let mut last = rows(state, TIMELINE)
        .flat_map(|(_, entry)| files_of(entry))
        .max()
        .unwrap_or(0);
    let given = given.into_iter().flat_map(Array::values);
    let file = |file: &Value| {
        let id = file.as_array().and_then(|file| file.get("id"));
        let id = id.and_then(|id| u64::try_from(id.to_int()).ok());
        if let Some(id) = id {
            return earlier.contains(&id).then_some(id);
        }
        last += 1;
        Some(last)
    };
    given.filter_map(file).collect()
}

fn files_of(entry: &Row) -> Vec<u64> {
    let files = entry
        .get("data")
        .and_then(|data| data.get("files")?.as_array());
    let files = files.into_iter().flatten();
    files.filter_map(Json::as_u64).collect()
}

/// `rpa.comment.add(typeId, itemId, fields)`
fn add_comment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (process, item) = element(state, call)?;
    let fields = fields(call)?;
    let mut comment = written(&fields);
    if comment
        .get("description")
        .is_none_or(|text| !text.is_truthy())
    {
        return Err(refused("0", "Required fields: description"));
    }
    comment.insert("title", "Comment");
    comment.insert("typeId", process as i64);
    comment.insert("itemId", item as i64);
    comment.insert("action", COMMENT);
    let files = json!({ "files": files(state, &fields, &[]) });
    comment.insert("data", Value::from(files));
    let id = record_rows::add(state, call, TIMELINE, &comment);
    Ok(answer(state, "comment", id))
}

/// The comment that a call names, which has to be the caller's.
fn own_comment<'s>(state: &'s PortalData, call: &Call<'_>) -> Result<(u64, &'s Row), MethodError> {
    let (id, comment) = named(state, call, TIMELINE)?;
    if text(comment, "action") != COMMENT {
        return Err(not_found());
    }
    if number(comment, "userId") != call.user {
        return Err(refused("ACCESS_DENIED", "Access denied"));
    }
    Ok((id, comment))
}

/// `rpa.comment.update(id, fields)`
fn update_comment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, comment) = own_comment(state, call)?;
    let earlier = files_of(comment);
    let fields = fields(call)?;
    if fields.get("files").is_some() {
        let files = json!({ "files": files(state, &fields, &earlier) });
        record_rows::set(state, call, TIMELINE, id, &[("data", files)]);
    }
    record_rows::update(state, call, TIMELINE, id, &written(&fields));
    Ok(answer(state, "comment", id))
}

/// `rpa.comment.delete(id)`
fn delete_comment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = own_comment(state, call)?;
    record_rows::delete(state, TIMELINE, id);
    Ok(nothing())
}
