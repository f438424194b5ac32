//! `disk.storage.*`: the storages, each with its root folder.

use brimful_protocol::Value;
use serde_json::{Map, Value as Json};

use super::{argument, not_found, number, refused};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::{self, RecordTable};

/// The table of the storages.
fn storage_table(state: &PortalData) -> Option<&RecordTable> {
    state.record_table("disk.storage")
}

/// The storage that a call names, and its root folder.
pub(super) fn storage(state: &PortalData, call: &Call<'_>) -> Result<(u64, u64), MethodError> {
    let id = argument(call, "id", 0)?;
    let row = storage_table(state).and_then(|table| table.get(number(id)));
    let root = row.and_then(|row| row.get("ROOT_OBJECT_ID")?.as_str()?.parse().ok());
    let root = root.ok_or_else(|| not_found(&id.to_text()))?;
    Ok((number(id), root))
}

/// `disk.storage.getlist`: the caller's is made when it is first looked for.
pub(crate) fn storages(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = call.user;
    let name = format!("Диск пользователя {user}");
    // Storages that were given are all that there are.
    if storage_table(state).is_some_and(|table| !table.is_loaded) {
        ensure_storage(state, call, "user", &user.to_string(), &name);
    }
    crate::methods::records::read(state, call)
}

/// `disk.storage.getforapp`
pub(crate) fn storage_of_application(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = ensure_storage(state, call, "restapp", "1", "Диск приложения");
    let row = storage_table(state).and_then(|table| table.get(id));
    let row = row.cloned().map(Json::Object).unwrap_or_default();
    Ok(Output::value(&Value::from(row)))
}

/// `disk.storage.rename`: only an application renames its own.
pub(crate) fn rename_storage(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (id, _) = storage(state, call)?;
    let name = argument(call, "newName", 1)?.to_text();
    let place = records::place("disk.storage");
    let row = place.and_then(|place| state.records[place].get(id).cloned());
    let (Some(place), Some(mut row)) = (place, row) else {
        return Err(not_found(&id.to_string()));
    };
    if row.get("ENTITY_TYPE").and_then(Json::as_str) != Some("restapp") {
        return Err(refused("", "Access denied (invalid type of storage)"));
    }
    row.insert("NAME".to_owned(), Json::from(name));
    state.records[place].load(vec![row.clone()]);
    Ok(Output::value(&Value::from(Json::Object(row))))
}

/// The storage of a user or an application, made if there is none.
fn ensure_storage(
    state: &mut PortalData,
    call: &Call<'_>,
    owner: &str,
    owner_id: &str,
    name: &str,
) -> u64 {
    let is_it = |row: &Map<String, Json>| {
        let text = |name: &str| row.get(name).and_then(Json::as_str);
        text("ENTITY_TYPE") == Some(owner) && text("ENTITY_ID") == Some(owner_id)
    };
    let table = storage_table(state);
    let ids = table.map(|table| table.ids(&[], &[])).unwrap_or_default();
    let found = ids
        .iter()
        .find(|&&id| table.and_then(|table| table.get(id)).is_some_and(is_it));
    if let Some(id) = found {
        return *id;
    }
    let id = ids.iter().max().copied().unwrap_or(0) + 1;
    let by = (call.user, call.seconds());
    let root = state.add_to_drive((id, 0), name, by, None);
    let row = serde_json::json!({
        "ID": id.to_string(), "NAME": name, "CODE": null, "MODULE_ID": "disk", "ENTITY_TYPE": owner,
        "ENTITY_ID": owner_id, "ROOT_OBJECT_ID": root.to_string(),
    });
    if let (Some(place), Json::Object(row)) = (records::place("disk.storage"), row) {
        state.records[place].load(vec![row]);
    }
    id
}
