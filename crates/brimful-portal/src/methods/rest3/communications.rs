//! `humanresources.node.communication.*`: the chats, channels and collabs of departments and teams.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::params::{id, under};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::CHAT;
use crate::data::records::rest3::COMMUNICATIONS;
use crate::methods::chats::{ChatDetails, members, word};
use crate::methods::messages::new_chat;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, numbers, rows, text};

const NODES: &str = "humanresources.node";
const GROUPS: &str = "sonet_group";

/// The types, and the keys under which lists of them stand.
const TYPES: [(&str, &str, &str); 3] = [
    ("CHANNEL", "channels", "channelsNoAccess"),
    ("CHAT", "chats", "chatsNoAccess"),
    ("COLLAB", "collabs", "collabsNoAccess"),
];

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!(
            "humanresources",
            "humanresources.node.communication.list",
            list
        ),
        write!(
            "humanresources",
            "humanresources.node.communication.edit",
            edit
        ),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

fn node_not_found(id: u64) -> MethodError {
    let text = format!("Object with identifier {id} not found.");
    error::validation([("nodeId", text)])
}

/// A chat, a channel or a collab as a list shows it; `None` where the user has no access to it.
fn shown(state: &PortalData, call: &Call<'_>, row: &Row) -> Option<Value> {
    let of = number(row, "communicationId");
    let kind = text(row, "type");
    let original = row.get("originalNodeId").cloned().map(Value::from);
    let mut item = Array::new();
    if kind == "COLLAB" {
        let group = record_rows::row(state, GROUPS, of)?;
        item.insert("avatar", Value::Null);
        item.insert("title", text(group, "NAME"));
    } else {
        let chat = state.table(CHAT).get(of)?;
        let user = i64::try_from(call.user).unwrap_or(0);
        if !members(state, of).contains(&user) {
            return None;
        }
        let details = ChatDetails::of(state, of);
        item.insert("avatar", details.avatar());
        item.insert("color", details.color());
        item.insert("isExtranet", false);
        item.insert("title", word(&chat, "TITLE"));
    }
    let subtitle = match kind.as_str() {
        "CHAT" => "Private chat",
        "CHANNEL" => "Private channel",
        _ => "Collab",
    };
    item.insert("dialogId", format!("chat{of}"));
    item.insert("hasAccess", true);
    item.insert("id", of as i64);
    item.insert("originalNodeId", original.unwrap_or_default());
    item.insert("subtitle", subtitle);
    item.insert("type", kind);
    Some(Value::Array(item))
}

/// `humanresources.node.communication.list(id)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let node = id(call)?;
    if record_rows::row(state, NODES, node).is_none() {
        let text = format!("Object with identifier {node} not found");
        return Err(error::validation([("id", text)]));
    }
    let mut answer = Array::new();
    for (kind, key, hidden_key) in TYPES {
        let of_node = rows(state, COMMUNICATIONS)
            .filter(|(_, row)| number(row, "nodeId") == node && text(row, "type") == kind);
        let items: Vec<Option<Value>> = of_node.map(|(_, row)| shown(state, call, row)).collect();
        let hidden = items.iter().filter(|item| item.is_none()).count();
        answer.insert(key, items.into_iter().flatten().collect::<Value>());
        answer.insert(hidden_key, hidden as i64);
    }
    Ok(Output::value(&Value::Array(answer)))
}

/// All nodes below one, however deep.
fn below(state: &PortalData, node: u64) -> Vec<u64> {
    let mut found = vec![node];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        let children = rows(state, NODES).filter(|(_, row)| number(row, "parentId") == parent);
        let children: Vec<u64> = children.map(|(id, _)| id).collect();
        // A circle has no end.
        let new = children.into_iter().filter(|id| !found.contains(id));
        let new: Vec<u64> = new.collect();
        found.extend(new);
        at += 1;
    }
    found.split_off(1)
}

/// `humanresources.node.communication.edit(nodeId, communicationType, ids, removeIds, createDefault, withChildren)`
fn edit(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let required =
        |name: &str| error::validation([(name, format!("Parameter \"{name}\" is required."))]);
    let is_given = |name: &str| call.params.get(name).is_some_and(Value::is_truthy);
    if !is_given("nodeId") {
        return Err(required("nodeId"));
    }
    if !is_given("communicationType") {
        return Err(required("communicationType"));
    }
    let kind = call.text("communicationType");
    if TYPES.iter().all(|(name, ..)| *name != kind) {
        let text = "Invalid \"communicationType\" value. Allowed: CHAT, CHANNEL, COLLAB.";
        return Err(error::validation([("communicationType", text.to_owned())]));
    }
    let node = record_rows::given_number(call, "nodeId");
    let name = record_rows::row(state, NODES, node).map(|row| text(row, "name"));
    let name = name.ok_or_else(|| node_not_found(node))?;
    let mut added = numbers(call.params.get("ids"));
    let removed = numbers(call.params.get("removeIds"));
    added.retain(|id| match kind.as_str() {
        "COLLAB" => record_rows::row(state, GROUPS, *id).is_some(),
        _ => state.table(CHAT).contains(*id),
    });
    let (with_children, create_default) = (is_given("withChildren"), is_given("createDefault"));
    if create_default {
        added.push(if kind == "COLLAB" {
            let group = Array::from_iter([("NAME", name)]);
            record_rows::add(state, call, GROUPS, &group)
        } else {
            new_chat(state, call, &name, "")
        });
    }
    let children = if with_children {
        below(state, node)
    } else {
        Vec::new()
    };
    for at in std::iter::once(node).chain(children) {
        record_rows::delete_where(state, COMMUNICATIONS, |row| {
            let of = number(row, "communicationId");
            let is_changed = removed.contains(&of) || added.contains(&of);
            number(row, "nodeId") == at && text(row, "type") == kind && is_changed
        });
        for of in &added {
            let mut given = Array::from_iter([("nodeId", at as i64)]);
            given.insert("type", kind.as_str());
            given.insert("communicationId", *of as i64);
            if at != node {
                given.insert("originalNodeId", node as i64);
            }
            record_rows::add(state, call, COMMUNICATIONS, &given);
        }
    }
    Ok(Output::value(&under("success", true)))
}
