//! `socialnetwork.api.workgroup.*`: the workgroups of `sonet_group.*` as newer methods show them.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::fixtures::filter;
use crate::data::list::paging::Paging;
use crate::data::list::plan;
use crate::data::records::{self, RecordTable};

fn table(state: &PortalData) -> Option<&RecordTable> {
    records::place("sonet_group").map(|place| &state.records[place])
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
    Ok(page.lift(output))
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
    let owner = map.get("OWNER_ID").map_or(0, Value::to_int);
    map.insert("TYPE", "group");
    map.insert("MEMBERS", [owner].into_iter().collect::<Value>());
    Ok(Output::value(&Value::Array(map)))
}
