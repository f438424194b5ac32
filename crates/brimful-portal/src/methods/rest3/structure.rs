//! The structure of a company (`humanresources.*`): departments and teams, who belongs to them, and with which role.
//!
//! Nodes are records (`data/records/rest3.rs`). Each has its members among its fields.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::page::Pagination;
use super::params::{id, under};
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::records::{self, table::Writer};
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::records as described_records;

const NODES: &str = "humanresources.node";

/// The roles in departments and in teams, heads first.
const OF_DEPARTMENTS: [&str; 3] = ["MEMBER_HEAD", "MEMBER_DEPUTY_HEAD", "MEMBER_EMPLOYEE"];
const OF_TEAMS: [&str; 3] = [
    "MEMBER_TEAM_HEAD",
    "MEMBER_TEAM_DEPUTY_HEAD",
    "MEMBER_TEAM_EMPLOYEE",
];

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("humanresources", "humanresources.node.add", add),
        read!("humanresources", "humanresources.node.children", children),
        read!("humanresources", "humanresources.node.count", count),
        read!("humanresources", "humanresources.node.list", list),
        read!("humanresources", "humanresources.node.search", search),
        write!(
            "humanresources",
            "humanresources.node.member.add",
            put_members::<false>
        ),
        write!(
            "humanresources",
            "humanresources.node.member.move",
            put_members::<true>
        ),
        write!(
            "humanresources",
            "humanresources.node.member.set",
            set_members
        ),
        write!(
            "humanresources",
            "humanresources.node.member.remove",
            remove_members
        ),
        read!(
            "humanresources",
            "humanresources.employee.count",
            count_employees
        ),
        read!(
            "humanresources",
            "humanresources.employee.multidepartment",
            employees_of_several
        ),
        read!(
            "humanresources",
            "humanresources.employee.search",
            find_employees
        ),
        read!(
            "humanresources",
            "humanresources.employee.subordinates",
            subordinates
        ),
    ]
    .into_iter()
}

/// A user with a role in a node.
#[derive(Clone, PartialEq, Eq)]
struct Member {
    user: u64,
    role: String,
}

fn place() -> Result<usize, MethodError> {
    records::place(NODES).ok_or_else(errors::method_not_found)
}

/// All nodes by their numbers.
fn nodes(state: &PortalData) -> Vec<(u64, &Map<String, Json>)> {
    let table = state.record_table(NODES);
    table
        .into_iter()
        .flat_map(records::RecordTable::rows)
        .collect()
}

fn text(row: &Map<String, Json>, name: &str) -> String {
    let value = row.get(name).cloned().map(Value::from);
    value.unwrap_or_default().to_text()
}

fn is_team(node: &Map<String, Json>) -> bool {
    text(node, "type") == "TEAM"
}

fn members(node: &Map<String, Json>) -> Vec<Member> {
    let listed = node.get("members").and_then(Json::as_array);
    let member = |row: &Json| {
        Some(Member {
            user: row.get("userId")?.as_u64()?,
            role: row.get("role")?.as_str()?.to_owned(),
        })
    };
    listed.into_iter().flatten().filter_map(member).collect()
}

/// A user as the structure shows them.
fn employee(state: &PortalData, user: u64) -> Map<String, Json> {
    let table = state.table(USER);
    let row = table.row(user);
    let text = |name: &str| {
        let at = table.schema.legacy(name);
        at.and_then(|at| row.cell(at).to_text()).unwrap_or_default()
    };
    let name = [text("NAME"), text("LAST_NAME")].join(" ");
    let avatar = text("PERSONAL_PHOTO");
    let avatar = (!avatar.is_empty()).then_some(avatar);
    [
        ("userId", Json::from(user)),
        ("name", name.trim().into()),
        ("workPosition", text("WORK_POSITION").into()),
        ("avatar", avatar.into()),
        ("url", format!("/company/personal/user/{user}/").into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Gives a node these members and no others.
fn keep_members(
    state: &mut PortalData,
    call: &Call<'_>,
    node: u64,
    members: &[Member],
) -> Result<(), MethodError> {
    let rows = members.iter().map(|member| {
        let mut row = employee(state, member.user);
        row.insert("role".to_owned(), Json::from(member.role.as_str()));
        Json::Object(row)
    });
    let rows = Json::Array(rows.collect());
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    let table = &mut state.records[place()?];
    table.update(node, &Array::new(), writer);
    let count = Json::from(members.len());
    table.set(node, &[("members", rows), ("userCount", count)]);
    Ok(())
}

/// The node that a call names by a parameter.
fn node<'s>(
    state: &'s PortalData,
    call: &Call<'_>,
) -> Result<(u64, &'s Map<String, Json>), MethodError> {
    let given = call.params.get("nodeId").filter(|id| **id != Value::Null);
    let given = given.ok_or_else(|| required("nodeId"))?;
    let id = u64::try_from(given.to_int()).unwrap_or(0);
    let row = state.records[place()?].get(id);
    Ok((
        id,
        row.ok_or_else(|| error::entity_not_found(&id.to_string()))?,
    ))
}

fn required(name: &str) -> MethodError {
    error::validation([(name, format!("Parameter \"{name}\" is required."))])
}

fn no_users() -> MethodError {
    let text = "Parameter \"userIds\" is required and must be a non-empty array.";
    error::validation([("userIds", text.to_owned())])
}

/// The users of a list, without those who are not there.
fn users(state: &PortalData, list: Option<&Value>) -> Result<Vec<u64>, MethodError> {
    let list = list
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty());
    let ids = list.ok_or_else(no_users)?.values().map(Value::to_int);
    let ids = ids.filter_map(|id| u64::try_from(id).ok());
    let mut users: Vec<u64> = ids.filter(|&id| state.table(USER).contains(id)).collect();
    // A user who is named twice is one member.
    let mut named = HashSet::new();
    users.retain(|id| named.insert(*id));
    Ok(users)
}

fn roles(node: &Map<String, Json>) -> &'static [&'static str; 3] {
    if is_team(node) {
        &OF_TEAMS
    } else {
        &OF_DEPARTMENTS
    }
}

/// The members that roles with lists of users name.
fn of_roles(
    state: &PortalData,
    lists: &Array,
    roles: &[&str; 3],
) -> Result<Vec<Member>, MethodError> {
    let given: Vec<String> = lists.iter().map(|(role, _)| role.to_text()).collect();
    let unknown = given.iter().filter(|role| !roles.contains(&role.as_str()));
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if !unknown.is_empty() {
        let text = format!(
            "Invalid roles: {}. Allowed: {}.",
            unknown.join(", "),
            roles.join(", ")
        );
        return Err(error::validation([("userIds", text)]));
    }
    let mut members = Vec::new();
    for role in roles {
        let Some(list) = lists.get(role) else {
            continue;
        };
        for user in users(state, Some(list))? {
            let role = (*role).to_owned();
            members.push(Member { user, role });
        }
    }
    Ok(members)
}

/// `humanresources.node.add(type, name, parentId, userIds)`: the node, with its members.
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = match call.params.get("fields") {
        Some(Value::Array(fields)) => fields.clone(),
        _ => call.params.clone(),
    };
    let kind = fields.get("type").map(Value::to_text).unwrap_or_default();
    if !matches!(kind.as_str(), "" | "DEPARTMENT" | "TEAM") {
        let text = "An invalid value for the structure element type was provided";
        return Err(error::validation([("type", text.to_owned())]));
    }
    let is_empty = |value: &Value| value.to_text().trim().is_empty();
    if fields.get("name").is_none_or(is_empty) {
        return Err(error::required("name"));
    }
    let roles = if kind == "TEAM" {
        &OF_TEAMS
    } else {
        &OF_DEPARTMENTS
    };
    let members = match fields.get("userIds") {
        Some(Value::Array(lists)) => of_roles(state, lists, roles)?,
        _ => Vec::new(),
    };
    call.params = Array::from_iter([("fields", fields)]);
    let added = described_records::write(state, call)?;
    let added = added.to_value();
    let number = added.get("id").map_or(0, Value::to_int);
    let number = u64::try_from(number).unwrap_or(0);
    let code = Json::from(format!("DR{number}"));
    state.records[place()?].set(number, &[("accessCode", code)]);
    if !members.is_empty() {
        keep_members(state, call, number, &members)?;
    }
    let row = state.records[place()?].get(number).cloned();
    Ok(Output::value(&Value::from(Json::Object(
        row.unwrap_or_default(),
    ))))
}

/// The type of nodes that a call names.
fn wanted_type(call: &Call<'_>) -> Result<String, MethodError> {
    let kind = match call.params.get("type") {
        None | Some(Value::Null) => return Err(error::required("type")),
        Some(kind) => kind.to_text(),
    };
    if matches!(kind.as_str(), "DEPARTMENT" | "TEAM") {
        return Ok(kind);
    }
    let text = "An invalid value for the structure element type was provided";
    Err(error::validation([("type", text.to_owned())]))
}

/// `humanresources.node.list(type, select, pagination)`. Loaded nodes may have no type.
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if !state.records[place()?].is_loaded || call.params.get("type").is_some() {
        wanted_type(call)?;
    }
    described_records::read(state, call)
}

/// `humanresources.node.search(type, name)`: nodes whose names have this in them.
fn search(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let kind = wanted_type(call)?;
    let name = match call.params.get("name") {
        None | Some(Value::Null) => return Err(error::required("name")),
        Some(Value::Text(name)) => name.to_lowercase(),
        Some(_) => return Err(error::wrong_type("name", "string")),
    };
    let found = nodes(state).into_iter().map(|(_, row)| row);
    let found = found.filter(|row| {
        text(row, "type") == kind && text(row, "name").to_lowercase().contains(&name)
    });
    let page = Pagination::parse(call.params.get("pagination"))?;
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let items = found.skip(offset).take(limit).map(|row| {
        let shown = row.iter().filter(|(name, _)| *name != "members");
        let shown = shown.map(|(name, value)| (name.clone(), value.clone()));
        Value::from(Json::Object(shown.collect()))
    });
    Ok(Output::value(&under("items", items.collect::<Value>())))
}

/// `humanresources.node.children(id, select)`: the nodes right below a node.
fn children(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let parent = id(call)?.to_string();
    let wanted = selected(call)?;
    let below = nodes(state).into_iter().map(|(_, row)| row);
    let below = below.filter(|row| text(row, "parentId") == parent);
    let rows = below.map(|row| {
        let shown = row.iter().filter(|(name, _)| {
            let is_usual = wanted.is_empty() && *name != "members";
            is_usual || wanted.iter().any(|wanted| wanted == *name)
        });
        let shown = shown.map(|(name, value)| (name.clone(), value.clone()));
        Value::from(Json::Object(shown.collect()))
    });
    Ok(Output::value(&under("items", rows.collect::<Value>())))
}

/// The fields that a call selects; none if it says nothing.
fn selected(call: &Call<'_>) -> Result<Vec<String>, MethodError> {
    match call.params.get("select") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => Ok(names.values().map(Value::to_text).collect()),
        Some(other) => Err(error::invalid_select(&brimful_protocol::json::to_string(
            other,
        ))),
    }
}

/// `humanresources.node.count`
fn count(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let nodes = nodes(state);
    let teams = nodes.iter().filter(|(_, row)| is_team(row)).count();
    let mut answer = Array::from_iter([("departments", (nodes.len() - teams) as i64)]);
    answer.insert("teams", teams as i64);
    Ok(Output::value(&Value::Array(answer)))
}

fn succeeded() -> Output {
    Output::value(&under("success", true))
}

/// `humanresources.node.member.add(nodeId, userIds, role)` and `.move`, which takes the users out of all other nodes of
/// the same type.
fn put_members<const MOVE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (at, row) = node(state, call)?;
    let roles = roles(row);
    let of_teams = is_team(row);
    let mut listed = members(row);
    let users = users(state, call.params.get("userIds"))?;
    let role = match call.params.get("role").map(Value::to_text) {
        Some(role) if roles.contains(&role.as_str()) => role,
        Some(role) if !role.is_empty() => {
            let text = format!("Invalid role {role}. Allowed: {}.", roles.join(", "));
            return Err(error::validation([("role", text)]));
        }
        _ if MOVE => roles[2].to_owned(),
        _ => return Err(required("role")),
    };
    if MOVE {
        let others = nodes(state).into_iter();
        let others = others.filter(|(id, row)| *id != at && is_team(row) == of_teams);
        let others: Vec<(u64, Vec<Member>)> = others.map(|(id, row)| (id, members(row))).collect();
        for (id, mut theirs) in others {
            let before = theirs.len();
            theirs.retain(|member| !users.contains(&member.user));
            if theirs.len() < before {
                keep_members(state, call, id, &theirs)?;
            }
        }
    }
    listed.retain(|member| !users.contains(&member.user));
    listed.extend(users.into_iter().map(|user| Member {
        user,
        role: role.clone(),
    }));
    keep_members(state, call, at, &listed)?;
    Ok(succeeded())
}

/// `humanresources.node.member.set(nodeId, userIds)`: lists of users by their roles.
fn set_members(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (at, row) = node(state, call)?;
    let roles = roles(row);
    let lists = call.params.get("userIds").and_then(Value::as_array);
    let lists = lists.filter(|lists| !lists.is_empty());
    let listed = of_roles(state, lists.ok_or_else(no_users)?, roles)?;
    keep_members(state, call, at, &listed)?;
    Ok(succeeded())
}

/// `humanresources.node.member.remove(nodeId, userIds)`: who was removed, and who was not a member.
fn remove_members(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (at, row) = node(state, call)?;
    let mut listed = members(row);
    let given = call.params.get("userIds").and_then(Value::as_array);
    let given = given
        .filter(|given| !given.is_empty())
        .ok_or_else(no_users)?;
    let (mut removed, mut failed) = (Array::new(), Array::new());
    for user in given.values().map(Value::to_int) {
        let before = listed.len();
        listed.retain(|member| i64::try_from(member.user) != Ok(user));
        if listed.len() < before {
            removed.push(user);
        } else {
            let mut row = Array::from_iter([("userId", user)]);
            row.insert("reason", "Not found in this node");
            failed.push(row);
        }
    }
    keep_members(state, call, at, &listed)?;
    let answer = Array::from_iter([("removed", removed), ("failed", failed)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `humanresources.employee.count`: everybody who works at the company is in its structure.
fn count_employees(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let total = state.table(USER).count(1, u64::MAX);
    Ok(Output::value(&under("total", total as i64)))
}

/// The nodes of every member, departments or teams.
fn nodes_of_members(state: &PortalData, teams: bool) -> BTreeMap<u64, Vec<Value>> {
    let mut of_members: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for (id, row) in nodes(state) {
        if is_team(row) != teams {
            continue;
        }
        for member in members(row) {
            let mut node = Array::from_iter([("id", id as i64)]);
            node.insert("name", text(row, "name"));
            let nodes = of_members.entry(member.user).or_default();
            nodes.push(Value::Array(node));
        }
    }
    of_members
}

/// `humanresources.employee.multidepartment`: who belongs to several departments.
fn employees_of_several(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let of_members = nodes_of_members(state, false).into_iter();
    let several = of_members.filter(|(_, nodes)| nodes.len() > 1);
    let rows: Vec<Value> = several
        .map(|(user, nodes)| {
            let shown = employee(state, user);
            let mut row = Array::from_iter([("userId", user as i64)]);
            row.insert("name", text(&shown, "name"));
            row.insert("workPosition", text(&shown, "workPosition"));
            row.insert("departments", nodes.into_iter().collect::<Value>());
            Value::Array(row)
        })
        .collect();
    let total = rows.len() as i64;
    let mut answer = Array::from_iter([("employees", rows.into_iter().collect::<Value>())]);
    answer.insert("total", total);
    Ok(Output::value(&Value::Array(answer)))
}

/// `humanresources.employee.search(name, nodeId, select)`
fn find_employees(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    /// So many come at the most.
    const MOST: usize = 50;
    let wanted = call.text("name").trim().to_lowercase();
    if wanted.is_empty() {
        return Err(required("name"));
    }
    let selected = selected(call)?;
    let within = match call.params.get("nodeId") {
        None | Some(Value::Null) => None,
        Some(_) => Some(members(node(state, call)?.1)),
    };
    let is_within = |user: u64| {
        let within = within.as_ref();
        within.is_none_or(|members| members.iter().any(|member| member.user == user))
    };
    let [departments, teams] = [false, true].map(|teams| nodes_of_members(state, teams));
    let ids = state
        .table(USER)
        .ids(1, u64::MAX)
        .filter(|&user| is_within(user));
    let found = ids.filter_map(|user| {
        let mut row = employee(state, user);
        let is_it = text(&row, "name").to_lowercase().contains(&wanted);
        for (name, of_members) in [("departments", &departments), ("teams", &teams)] {
            let nodes = of_members.get(&user).into_iter().flatten();
            let nodes = nodes.map(|node| {
                serde_json::json!({
                    "id": node.get("id").map_or(0, Value::to_int),
                    "name": node.get("name").map(Value::to_text).unwrap_or_default(),
                })
            });
            row.insert(name.to_owned(), nodes.collect());
        }
        if !selected.is_empty() {
            row.retain(|name, _| selected.iter().any(|selected| selected == name));
        }
        is_it.then(|| Value::from(Json::Object(row)))
    });
    let items: Value = found.take(MOST).collect();
    Ok(Output::value(&under("items", items)))
}

/// `humanresources.employee.subordinates(id)`: how many work below a user, by the departments that the user heads.
fn subordinates(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = id(call)?;
    if user == 0 {
        let text = "Parameter \"id\" is required and must be a positive integer.";
        return Err(error::validation([("id", text.to_owned())]));
    }
    let of_department = |(id, row): (u64, &Map<String, Json>)| {
        let members = members(row);
        let role = &members.iter().find(|member| member.user == user)?.role;
        let role = match role.as_str() {
            "MEMBER_HEAD" => "HEAD",
            "MEMBER_DEPUTY_HEAD" => "DEPUTY_HEAD",
            _ => return None,
        };
        let mut shown = Array::from_iter([("nodeId", id as i64)]);
        shown.insert("name", text(row, "name"));
        shown.insert("role", role);
        shown.insert("subordinatesCount", members.len() as i64 - 1);
        Some(Value::Array(shown))
    };
    let departments = nodes(state).into_iter().filter_map(of_department);
    let mut answer = Array::from_iter([("userId", user as i64)]);
    answer.insert("departments", departments.collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}
