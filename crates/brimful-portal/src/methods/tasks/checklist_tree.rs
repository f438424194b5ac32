//! The checklists of a task as a task shows them after a change: its items by their IDs, and the tree that they make.

use brimful_protocol::{Array, Value};

use super::checklist::items;
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::CHECKLIST;

/// An item of a checklist.
struct Item {
    id: u64,
    parent: u64,
    title: String,
    creator: i64,
    sort: i64,
    is_complete: bool,
    is_important: bool,
    toggled_by: Option<i64>,
    toggled_date: Option<String>,
}

/// What a task has of its checklists, by the keys of its answer.
pub(super) fn shown(state: &PortalData, task: u64, caller: u64) -> [(&'static str, Value); 4] {
    let items = read(state, task);
    let by_id: Array = items
        .iter()
        .map(|item| (item.id as i64, described(item, task)))
        .collect();
    let mut last_node = 0;
    let tree = node(&items, None, (task, caller), "", &mut last_node);
    [
        ("checklist", Value::Array(by_id)),
        ("newCommentsCount", Value::Int(0)),
        ("checkListTree", Value::Array(tree)),
        ("checkListCanAdd", Value::Bool(true)),
    ]
}

fn read(state: &PortalData, task: u64) -> Vec<Item> {
    let table = state.table(CHECKLIST);
    let item = |id: u64| {
        let row = table.row(id);
        let cell = |name: &str| table.schema.legacy(name).map(|at| row.cell(at));
        let number = |name: &str| cell(name).and_then(Cell::to_int);
        let text = |name: &str| cell(name).and_then(Cell::to_text);
        let flag = |name: &str| text(name).is_some_and(|flag| flag == "Y");
        Item {
            id,
            parent: number("PARENT_ID").map_or(0, i64::unsigned_abs),
            title: text("TITLE").unwrap_or_default(),
            creator: number("CREATED_BY").unwrap_or(0),
            sort: number("SORT_INDEX").unwrap_or(0),
            is_complete: flag("IS_COMPLETE"),
            is_important: flag("IS_IMPORTANT"),
            toggled_by: number("TOGGLED_BY"),
            toggled_date: text("TOGGLED_DATE"),
        }
    };
    let mut items: Vec<Item> = items(state, task, None).into_iter().map(item).collect();
    items.sort_by_key(|item| (item.sort, item.id));
    items
}

/// What may be done with an item.
fn actions() -> Array {
    ["modify", "remove", "toggle", "add", "addAccomplice"]
        .into_iter()
        .map(|action| (action, true))
        .collect()
}

fn described(item: &Item, task: u64) -> Array {
    let flag = |flag: bool| if flag { "Y" } else { "N" };
    let mut row = Array::new();
    row.insert("id", item.id.to_string());
    row.insert("taskId", task.to_string());
    row.insert("createdBy", item.creator.to_string());
    // A checklist itself has the number 0 here, and an item a text.
    let parent = match item.parent {
        0 => Value::Int(0),
        parent => Value::Text(parent.to_string()),
    };
    row.insert("parentId", parent);
    row.insert("title", item.title.as_str());
    row.insert("sortIndex", item.sort.to_string());
    row.insert("isComplete", flag(item.is_complete));
    row.insert("isImportant", flag(item.is_important));
    let toggled_by = item.toggled_by.map(|user| user.to_string());
    row.insert("toggledBy", toggled_by.map_or(Value::Null, Value::Text));
    let toggled = item.toggled_date.clone();
    row.insert("toggledDate", toggled.map_or(Value::Null, Value::Text));
    row.insert("ufChecklistFiles", false);
    row.insert("members", Array::new());
    row.insert("attachments", Array::new());
    row.insert("entityId", task.to_string());
    row.insert("action", actions());
    row
}

/// A node of the tree with all below it: an item, or the root, which is not an item. `place` is the number that an item
/// shows, such as `1.2`; `last_node` is the number of the node before it.
fn node(
    items: &[Item],
    item: Option<&Item>,
    (task, caller): (u64, u64),
    place: &str,
    last_node: &mut i64,
) -> Array {
    let number = *last_node;
    let below = items.iter().filter(|one| match item {
        Some(item) => one.parent == item.id && one.id != item.id,
        None => one.parent == 0,
    });
    let below: Vec<&Item> = below.collect();
    let done = below.iter().filter(|one| one.is_complete).count();
    let mut descendants = Vec::with_capacity(below.len());
    for (index, one) in below.into_iter().enumerate() {
        *last_node += 1;
        // Checklists have no number; their items are counted within them.
        let place = match item {
            None => String::new(),
            Some(_) if place.is_empty() => format!("{}", index + 1),
            Some(_) => format!("{place}.{}", index + 1),
        };
        descendants.push(node(items, Some(one), (task, caller), &place, last_node));
    }
    let mut row = Array::new();
    row.insert("nodeId", number);
    let mut fields = node_fields(item, task, caller);
    fields.insert("displaySortIndex", place);
    fields.insert("completedCount", done as i64);
    row.insert("fields", fields);
    row.insert("action", item.map_or_else(Array::new, |_| actions()));
    let descendants: Value = descendants.into_iter().map(Value::Array).collect();
    row.insert("descendants", descendants);
    row
}

/// The fields of a node, in the order in which they are shown.
fn node_fields(item: Option<&Item>, task: u64, caller: u64) -> Array {
    let or_null = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
    let mut fields = Array::new();
    fields.insert("id", or_null(item.map(|item| item.id as i64)));
    fields.insert("copiedId", Value::Null);
    fields.insert("entityId", or_null(item.map(|_| task as i64)));
    fields.insert("userId", caller as i64);
    fields.insert("createdBy", or_null(item.map(|item| item.creator)));
    fields.insert("parentId", or_null(item.map(|item| item.parent as i64)));
    fields.insert("title", item.map_or("", |item| item.title.as_str()));
    fields.insert("sortIndex", or_null(item.map(|item| item.sort)));
    fields.insert("displaySortIndex", "");
    fields.insert("isComplete", item.is_some_and(|item| item.is_complete));
    fields.insert("isImportant", item.is_some_and(|item| item.is_important));
    fields.insert("completedCount", 0);
    fields.insert("members", Array::new());
    fields.insert("attachments", Array::new());
    fields.insert("nodeId", Value::Null);
    fields
}
