//! `socialnetwork.api.workgroup.*`: the workgroups of `sonet_group.*` as newer methods show them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::fixtures::filter;
use crate::data::list::paging::Paging;
use crate::data::list::plan;
use crate::data::records::{self, RecordTable, table::Writer};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("sonet_group", "sonet_group.user.get", list_members),
        read!("sonet_group", "sonet_group.user.groups", own_groups),
        write!("sonet_group", "sonet_group.user.add", add_members),
        write!("sonet_group", "sonet_group.user.invite", add_members),
        write!("sonet_group", "sonet_group.user.update", change_role),
        write!("sonet_group", "sonet_group.user.delete", delete_members),
        write!("sonet_group", "sonet_group.user.request", ask_to_join),
        write!("sonet_group", "sonet_group.setowner", set_owner),
        read!("sonet_group", "sonet_group.feature.access", feature_access),
        read!("socialnetwork", "socialnetwork.api.workgroup.list", list),
        read!("socialnetwork", "socialnetwork.api.workgroup.get", get),
    ]
    .into_iter()
}

fn table(state: &PortalData) -> Option<&RecordTable> {
    state.record_table("sonet_group")
}

/// `socialnetwork.api.workgroup.list`
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state).ok_or_else(crate::context::errors::method_not_found)?;
    let tests = filter::tests(call.legacy_array("filter"), |name| table.field_name(name));
    let ids = table.ids(&tests, &[]);
    let page = Paging::Controller.page(ids.as_slice(), call.start(), call);
    let output = plan::list(Some("workgroups"), &page.ids, |out, id| {
        let empty = Map::new();
        let row = table.get(id).unwrap_or(&empty);
        let text = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default();
        let is_project = text("PROJECT") == "Y";
        let about = Array::from_iter([("role", ""), ("initiatedByType", "")]);
        let mut map = Array::new();
        map.insert("id", id.to_string());
        map.insert("name", text("NAME"));
        map.insert("type", if is_project { "project" } else { "group" });
        map.insert("imageId", Value::Null);
        map.insert("avatarType", Value::Null);
        map.insert("avatar", "");
        map.insert("additionalData", about);
        map.insert("dialogId", "");
        brimful_protocol::json::write(out, &Value::Array(map));
    });
    Ok(page.with_pagination_fields(output))
}

/// `socialnetwork.api.workgroup.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    /// Fields that are numbers here.
    const NUMBERS: [&str; 4] = ["ID", "SUBJECT_ID", "OWNER_ID", "NUMBER_OF_MEMBERS"];
    let params = call.params.get_ignoring_case("params");
    let id = params
        .and_then(|params| params.get("groupId"))
        .map(Value::to_text);
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| {
        let text = "No value for the workgroup ID was provided.";
        MethodError::new(400, "SONET_CONTROLLER_WORKGROUP_EMPTY", text)
    })?;
    let row = table(state).and_then(|table| table.get(table.find(&[id], &[])?));
    let row = row.ok_or_else(|| {
        let text = "Workgroup not found.";
        MethodError::new(400, "SONET_CONTROLLER_WORKGROUP_NOT_FOUND", text)
    })?;
    let mut map = Array::new();
    for (name, value) in row {
        let value = Value::from(value.clone());
        if NUMBERS.contains(&name.as_str()) {
            map.insert(name.as_str(), value.to_int());
        } else {
            map.insert(name.as_str(), value);
        }
    }
    let group = map.get("ID").map_or(0, Value::to_int).unsigned_abs();
    show_members(state, &mut map, group);
    show_settings(&mut map);
    Ok(Output::value(&Value::Array(map)))
}

/// Adds who belongs to a group, by their roles.
fn show_members(state: &PortalData, map: &mut Array, group: u64) {
    let owner = map.get("OWNER_ID").map_or(0, Value::to_int);
    let others = members(state, group);
    let of = |role: &str| -> Vec<i64> {
        let others = others.iter().filter(|(_, _, has)| has == role);
        others.map(|(_, user, _)| *user as i64).collect()
    };
    let list = |users: &[i64]| users.iter().copied().collect::<Value>();
    let (ordinary, moderators) = (of(MEMBER), of(MODERATOR));
    let mut all = vec![owner];
    all.extend(&ordinary);
    all.extend(&moderators);
    // As a portal in Russian counts: 1 член, 2 члена, 5 членов.
    let plural = match (all.len() % 10, all.len() % 100) {
        (_, 11..=14) => 2,
        (1, _) => 0,
        (2..=4, _) => 1,
        _ => 2,
    };
    map.insert("NUMBER_OF_MEMBERS", all.len() as i64);
    map.insert("NUMBER_OF_MODERATORS", moderators.len() as i64 + 1);
    map.insert("MEMBERS", list(&all));
    map.insert("ORDINARY_MEMBERS", list(&ordinary));
    map.insert("INVITED_MEMBERS", list(&of(REQUEST)));
    map.insert("MODERATOR_MEMBERS", list(&moderators));
    map.insert("NUMBER_OF_MEMBERS_PLURAL", plural);
}

/// Adds what is set of a group, where its row doesn't say it.
fn show_settings(map: &mut Array) {
    let text = |map: &Array, name: &str| map.get(name).map(Value::to_text).unwrap_or_default();
    let keywords = text(map, "KEYWORDS");
    let tags = keywords.split(',').map(str::trim);
    let mut tags: Vec<&str> = tags.filter(|tag| !tag.is_empty()).collect();
    tags.sort_unstable();
    let mut index = vec![text(map, "NAME"), text(map, "DESCRIPTION")];
    for tag in &tags {
        index.push(format!("{tag} #{tag}"));
    }
    index.retain(|part| !part.is_empty());
    let site = match text(map, "SITE_ID") {
        site if site.is_empty() => "s1".to_owned(),
        site => site,
    };
    let is_project = text(map, "PROJECT") == "Y";
    for (name, value) in [
        ("IMAGE_ID", Value::Int(0)),
        ("AVATAR_TYPE", "folder".into()),
        ("PROJECT_DATE_START", Value::Null),
        ("PROJECT_DATE_FINISH", Value::Null),
        ("SEARCH_INDEX", index.join(" ").into()),
        ("LANDING", "N".into()),
        ("SCRUM_OWNER_ID", Value::Int(0)),
        ("SCRUM_SPRINT_DURATION", Value::Int(0)),
        ("SCRUM_TASK_RESPONSIBLE", "".into()),
        (
            "TYPE",
            (if is_project { "project" } else { "group" }).into(),
        ),
        ("CHAT_ID", Value::Int(0)),
        ("DIALOG_ID", "".into()),
        ("SITE_IDS", [site].into_iter().collect()),
        ("TAGS", tags.into_iter().collect()),
        ("DEPARTMENTS", Value::Array(Array::new())),
    ] {
        if map.get(name).is_none() {
            map.insert(name, value);
        }
    }
}

const MEMBERS: &str = "sonet_group.user";

/// The letters of roles.
const OWNER: &str = "A";
const MODERATOR: &str = "E";
const MEMBER: &str = "K";
const REQUEST: &str = "Z";

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "", text)
}

/// The group that a call names, and the ID of its owner.
fn named(state: &PortalData, call: &Call<'_>, param: &str) -> Result<(u64, u64), MethodError> {
    let wrong = match &*call.method {
        "sonet_group.user.get" | "sonet_group.feature.access" => "Wrong socialnetwork group ID",
        "sonet_group.setowner" => "Invalid workgroup/project ID",
        _ => "Wrong group ID",
    };
    let id = call.text(param);
    let id = Some(id).filter(|id| id.trim().parse::<u64>().is_ok_and(|id| id > 0));
    let id = id.ok_or_else(|| refused(wrong))?;
    let table = table(state).ok_or_else(errors::method_not_found)?;
    let found = table.find(&[id], &[]);
    let found = found.ok_or_else(|| refused("Socialnetwork group not found"))?;
    let owner = table.get(found).and_then(|row| row.get("OWNER_ID"));
    let owner = owner
        .cloned()
        .map_or(0, |owner| Value::from(owner).to_int());
    Ok((found, u64::try_from(owner).unwrap_or(0)))
}

/// The members of a group that are not its owner: the number of the record, the user, the role.
fn members(state: &PortalData, group: u64) -> Vec<(u64, u64, String)> {
    let Some(table) = state.record_table(MEMBERS) else {
        return Vec::new();
    };
    let of = |(number, row): (u64, &Map<String, Json>)| {
        let int = |name: &str| {
            row.get(name)
                .cloned()
                .map_or(0, |id| Value::from(id).to_int())
        };
        let role = row.get("ROLE").and_then(Json::as_str).unwrap_or_default();
        (int("GROUP_ID") == group as i64)
            .then(|| (number, int("USER_ID").unsigned_abs(), role.to_owned()))
    };
    table.rows().filter_map(of).collect()
}

/// The users that a call names, one or many, as far as they exist.
fn users(state: &PortalData, call: &Call<'_>) -> Result<Vec<u64>, MethodError> {
    let given = call.params.get_ignoring_case("USER_ID");
    let ids: Vec<i64> = match given {
        Some(Value::Array(ids)) => ids.values().map(Value::to_int).collect(),
        Some(id) => vec![id.to_int()],
        None => Vec::new(),
    };
    let known = ids.into_iter().filter_map(|id| {
        let id = u64::try_from(id).ok()?;
        state.table(USER).contains(id).then_some(id)
    });
    let known: Vec<u64> = known.collect();
    if known.is_empty() {
        return Err(refused("Wrong user IDs"));
    }
    Ok(known)
}

fn put_member(state: &mut PortalData, call: &Call<'_>, group: u64, user: u64, role: &str) {
    let known = members(state, group);
    let known = known.into_iter().find(|(_, member, _)| *member == user);
    let Some(place) = records::place(MEMBERS) else {
        return;
    };
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    let given = Array::from_iter([
        ("GROUP_ID", Value::Int(group as i64)),
        ("USER_ID", Value::Int(user as i64)),
        ("ROLE", role.into()),
    ]);
    let table = &mut state.records[place];
    match known {
        Some((number, _, _)) => {
            table.update(number, &given, writer);
        }
        None => {
            table.add(&given, writer);
        }
    }
}

fn texts(users: &[u64]) -> Output {
    let texts: Value = users.iter().map(ToString::to_string).collect();
    Output::value(&texts)
}

/// `sonet_group.user.get(ID)`: the owner first.
pub(crate) fn list_members(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (group, owner) = named(state, call, "ID")?;
    let mut all = vec![(owner, OWNER.to_owned())];
    let others = members(state, group).into_iter();
    all.extend(others.map(|(_, user, role)| (user, role)));
    let rows: Value = all
        .into_iter()
        .map(|(user, role)| Array::from_iter([("USER_ID", user.to_string()), ("ROLE", role)]))
        .collect();
    Ok(Output::value(&rows))
}

/// `sonet_group.user.add` and `sonet_group.user.invite`: who is there already is left out.
pub(crate) fn add_members(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, owner) = named(state, call, "GROUP_ID")?;
    let role = if call.method.ends_with("invite") {
        REQUEST
    } else {
        MEMBER
    };
    let known = members(state, group);
    let is_new = |user: &u64| {
        *user != owner
            && !known
                .iter()
                .any(|(_, member, of)| member == user && of != REQUEST)
    };
    let new: Vec<u64> = users(state, call)?.into_iter().filter(is_new).collect();
    for user in &new {
        put_member(state, call, group, *user, role);
    }
    Ok(texts(&new))
}

/// `sonet_group.user.update(GROUP_ID, USER_ID, ROLE)`
pub(crate) fn change_role(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, _) = named(state, call, "GROUP_ID")?;
    let role = call.text("ROLE").to_ascii_uppercase();
    if ![MODERATOR, MEMBER].contains(&role.as_str()) {
        return Err(refused("Incorrect role code"));
    }
    let known = members(state, group);
    let is_member = |user: &u64| known.iter().any(|(_, member, _)| member == user);
    let changed: Vec<u64> = users(state, call)?.into_iter().filter(is_member).collect();
    for user in &changed {
        put_member(state, call, group, *user, &role);
    }
    Ok(texts(&changed))
}

/// `sonet_group.user.delete(GROUP_ID, USER_ID)`
pub(crate) fn delete_members(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, _) = named(state, call, "GROUP_ID")?;
    let users = users(state, call)?;
    let place = records::place(MEMBERS).ok_or_else(errors::method_not_found)?;
    let mut deleted = Vec::new();
    for (number, user, _) in members(state, group) {
        if users.contains(&user) {
            state.records[place].delete(number);
            deleted.push(user);
        }
    }
    Ok(texts(&deleted))
}

/// `sonet_group.user.request(GROUP_ID)`: who calls wants to be a member.
pub(crate) fn ask_to_join(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, owner) = named(state, call, "GROUP_ID")?;
    let user = call.user;
    let is_there = members(state, group)
        .iter()
        .any(|(_, member, role)| *member == user && role != REQUEST);
    if user == owner || is_there {
        return Err(refused("Cannot request to join group"));
    }
    put_member(state, call, group, user, REQUEST);
    Ok(Output::value(&Value::Bool(true)))
}

/// `sonet_group.user.groups`: the groups of who calls.
pub(crate) fn own_groups(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state).ok_or_else(errors::method_not_found)?;
    let role = |group: u64, row: &Map<String, Json>| {
        let owner = row
            .get("OWNER_ID")
            .cloned()
            .map(|id| Value::from(id).to_int());
        if owner == Some(call.user as i64) {
            return Some(OWNER.to_owned());
        }
        let mut members = members(state, group).into_iter();
        members
            .find(|(_, user, _)| *user == call.user)
            .map(|(_, _, role)| role)
    };
    let describe = |(group, row): (u64, &Map<String, Json>)| {
        let name = row.get("NAME").and_then(Json::as_str).unwrap_or_default();
        let mut map = Array::new();
        map.insert("GROUP_ID", group.to_string());
        map.insert("GROUP_NAME", name);
        map.insert("ROLE", role(group, row)?);
        map.insert("GROUP_IMAGE_ID", Value::Null);
        map.insert("GROUP_IMAGE", "");
        Some(map)
    };
    let groups: Value = table.rows().filter_map(describe).collect();
    Ok(Output::value(&groups))
}

/// `sonet_group.setowner(GROUP_ID, USER_ID)`: the owner before stays as a moderator.
pub(crate) fn set_owner(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, before) = named(state, call, "GROUP_ID")?;
    let user = users(state, call).map_err(|_| refused("Invalid user ID"))?[0];
    if user != before {
        let place = records::place("sonet_group").ok_or_else(errors::method_not_found)?;
        let writer = Writer {
            user: call.user,
            now: call.seconds(),
        };
        let owner = Array::from_iter([("OWNER_ID", user as i64)]);
        state.records[place].update(group, &owner, writer);
        let member = members(state, group).into_iter();
        let member = member.filter(|(_, member, _)| *member == user);
        let numbers: Vec<u64> = member.map(|(number, _, _)| number).collect();
        for number in numbers {
            if let Some(place) = records::place(MEMBERS) {
                state.records[place].delete(number);
            }
        }
        put_member(state, call, group, before, MODERATOR);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `sonet_group.feature.access(GROUP_ID, FEATURE, OPERATION)`: members may use all features here.
pub(crate) fn feature_access(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (group, owner) = named(state, call, "GROUP_ID")?;
    for (param, text) in [
        ("FEATURE", "Wrong feature"),
        ("OPERATION", "Wrong operation"),
    ] {
        if call.text(param).is_empty() {
            return Err(refused(text));
        }
    }
    let is_member = members(state, group)
        .iter()
        .any(|(_, user, role)| *user == call.user && role != REQUEST);
    Ok(Output::value(&Value::Bool(owner == call.user || is_member)))
}
