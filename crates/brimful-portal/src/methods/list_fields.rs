//! `lists.field.*`: the fields that a universal list has; `lists.get.iblock.type.id`, and what is refused of new elements.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("lists", "lists.get.iblock.type.id", type_of_list),
        read!("lists", "lists.element.get.file.url", file_urls),
        read!("lists", "lists.field.get", get),
        write!("lists", "lists.field.add", add),
        write!("lists", "lists.element.add", add_element),
        write!("lists", "lists.field.update", update),
        write!("lists", "lists.field.delete", delete),
    ]
    .into_iter()
}

/// How the fields of a list are kept among the preferences of the portal.
fn name_of(list: u64) -> String {
    format!("lists.field.{list}")
}

pub(super) fn missing(name: &str) -> MethodError {
    let text = format!("Required parameter `{name}` is missing");
    MethodError::new(400, "ERROR_REQUIRED_PARAMETERS_MISSING", text)
}

fn no_list() -> MethodError {
    MethodError::new(400, "ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
}

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "ERROR_SAVE_FIELD", text)
}

/// `lists.element.add`: refuses a second element of a list with the same code.
pub(crate) fn add_element(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let of_list = list(state, call)?;
    for name in ["IBLOCK_TYPE_ID", "ELEMENT_CODE"] {
        if call.text(name).trim().is_empty() {
            return Err(missing(name));
        }
    }
    let fields = call.params.get_ignoring_case("FIELDS");
    let fields = fields.ok_or_else(|| missing("FIELDS"))?;
    if fields.as_array().is_none_or(Array::is_empty) {
        let text = "The element has no fields";
        return Err(MethodError::new(400, "ERROR_ADD_ELEMENT", text));
    }
    let code = call.text("ELEMENT_CODE");
    let elements = state.record_table("lists.element");
    let is_it = |(_, row): (u64, &serde_json::Map<String, serde_json::Value>)| {
        let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
        text("CODE") == Some(&*code) && text("IBLOCK_ID") == Some(&*of_list.to_string())
    };
    if elements.is_some_and(|elements| elements.rows().any(is_it)) {
        let text = "Element already exists";
        return Err(MethodError::new(400, "ERROR_ELEMENT_ALREADY_EXISTS", text));
    }
    super::records::write(state, call)
}

/// The list that a call names by its ID or its code.
fn list(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let (id, code) = (call.text("IBLOCK_ID"), call.text("IBLOCK_CODE"));
    if id.is_empty() && code.is_empty() {
        return Err(missing("IBLOCK_ID"));
    }
    let place = records::place("lists").ok_or_else(no_list)?;
    let table = &state.records[place];
    if !id.is_empty() {
        return table.find(&[id], &[]).ok_or_else(no_list);
    }
    let all = table.ids(&[], &[]);
    let has_code = |id: &u64| {
        let row = table.get(*id);
        row.and_then(|row| row.get("CODE")?.as_str()) == Some(code.as_str())
    };
    all.into_iter().find(has_code).ok_or_else(no_list)
}

fn fields_of(state: &PortalData, list: u64) -> Array {
    let kept = state.preferences.get(&None);
    let kept = kept
        .and_then(|kept| kept.get(&name_of(list)))
        .and_then(Value::as_array);
    kept.cloned().unwrap_or_else(|| {
        let given = Array::from_iter([("NAME", "Название"), ("IS_REQUIRED", "Y")]);
        Array::from_iter([("NAME", described("NAME", "NAME", &given, None))])
    })
}

fn keep(state: &mut PortalData, list: u64, fields: Array) {
    let kept = state.preferences.entry(None).or_default();
    kept.insert(name_of(list).as_str(), fields);
}

fn flag(value: Option<&Value>) -> &'static str {
    match value.map(Value::to_text).as_deref() {
        Some("Y" | "1" | "true") => "Y",
        _ => "N",
    }
}

/// A field as `lists.field.get` shows it.
fn described(id: &str, kind: &str, given: &Array, number: Option<u64>) -> Array {
    let text = |name: &str| given.get_ignoring_case(name).map(Value::to_text);
    let or_null = |name: &str| given.get_ignoring_case(name).cloned().unwrap_or_default();
    let mut row = Array::new();
    row.insert("FIELD_ID", id);
    let sort = given.get_ignoring_case("SORT").map_or(10, Value::to_int);
    row.insert("SORT", sort);
    row.insert("NAME", text("NAME").unwrap_or_default());
    row.insert("IS_REQUIRED", flag(given.get_ignoring_case("IS_REQUIRED")));
    row.insert("MULTIPLE", flag(given.get_ignoring_case("MULTIPLE")));
    row.insert("DEFAULT_VALUE", or_null("DEFAULT_VALUE"));
    row.insert("TYPE", kind);
    if let Some(number) = number {
        let (base, user_type) = kind.split_once(':').unwrap_or((kind, ""));
        row.insert("PROPERTY_TYPE", base);
        row.insert(
            "PROPERTY_USER_TYPE",
            if user_type.is_empty() {
                Value::Bool(false)
            } else {
                user_type.into()
            },
        );
        row.insert("CODE", text("CODE").unwrap_or_default());
        row.insert("ID", number.to_string());
        row.insert("LINK_IBLOCK_ID", or_null("LINK_IBLOCK_ID"));
        row.insert(
            "ROW_COUNT",
            text("ROW_COUNT").unwrap_or_else(|| "1".to_owned()),
        );
        row.insert(
            "COL_COUNT",
            text("COL_COUNT").unwrap_or_else(|| "30".to_owned()),
        );
        row.insert("USER_TYPE_SETTINGS", or_null("USER_TYPE_SETTINGS"));
    }
    let mut settings = Array::new();
    for (name, usual) in [
        ("SHOW_ADD_FORM", "Y"),
        ("SHOW_EDIT_FORM", "Y"),
        ("ADD_READ_ONLY_FIELD", "N"),
        ("EDIT_READ_ONLY_FIELD", "N"),
        ("SHOW_FIELD_PREVIEW", "N"),
    ] {
        let given = given
            .get_ignoring_case("SETTINGS")
            .and_then(|all| all.get(name));
        settings.insert(name, given.map_or_else(|| usual.to_owned(), Value::to_text));
    }
    row.insert("SETTINGS", settings);
    if let (Some(number), Some(Value::Array(values))) = (number, given.get_ignoring_case("LIST")) {
        let values = values.values().enumerate().map(|(place, value)| {
            let text = value
                .get("VALUE")
                .map_or_else(|| value.to_text(), Value::to_text);
            ((number * 100 + place as u64 + 1).to_string(), text)
        });
        let mut shown = Array::new();
        for (id, text) in values {
            shown.insert(id.as_str(), text);
        }
        row.insert("DISPLAY_VALUES_FORM", shown);
    }
    row
}

/// `lists.field.add`: `PROPERTY_` and a number, or the name of a field that every portal knows.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    /// Types that begin so are those of values that elements have beside their own fields.
    const OF_PROPERTIES: [&str; 6] = ["S", "N", "L", "F", "G", "E"];
    let list = list(state, call)?;
    let given = call
        .params
        .get_ignoring_case("FIELDS")
        .and_then(Value::as_array);
    let given = given.cloned().ok_or_else(|| missing("FIELDS"))?;
    let text = |name: &str| {
        given
            .get_ignoring_case(name)
            .map(Value::to_text)
            .unwrap_or_default()
    };
    let (name, kind) = (text("NAME"), text("TYPE"));
    if name.is_empty() || kind.is_empty() {
        return Err(missing(if name.is_empty() { "NAME" } else { "TYPE" }));
    }
    let mut fields = fields_of(state, list);
    let base = kind.split_once(':').map_or(kind.as_str(), |(base, _)| base);
    let (id, number) = if OF_PROPERTIES.contains(&base) {
        let code = text("CODE");
        if code.is_empty() {
            return Err(refused("Please fill the code fields"));
        }
        let has_code = |field: &Value| field.get("CODE").is_some_and(|of| of.to_text() == code);
        if fields.values().any(has_code) {
            return Err(refused("Property already exists"));
        }
        let kept = state.preferences.entry(None).or_default();
        let last = kept.get("lists.field").map_or(0, Value::to_int);
        let number = last.unsigned_abs() + 2;
        kept.insert("lists.field", number as i64);
        (format!("PROPERTY_{number}"), Some(number))
    } else {
        (kind.clone(), None)
    };
    fields.insert(id.as_str(), described(&id, &kind, &given, number));
    keep(state, list, fields);
    Ok(Output::value(&Value::Text(id)))
}

/// `lists.field.get`: all by their IDs, or one by its type.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let list = list(state, call)?;
    let fields = fields_of(state, list);
    let id = call.text("FIELD_ID");
    if id.is_empty() {
        return Ok(Output::value(&Value::Array(fields)));
    }
    let mut one = Array::new();
    if let Some(field) = fields.get(&id) {
        let kind = field.get("TYPE").map(Value::to_text).unwrap_or_default();
        one.insert(kind.as_str(), field.clone());
    }
    Ok(Output::value(&Value::Array(one)))
}

/// `lists.field.update`: the type and the ID stay.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let list = list(state, call)?;
    let id = call.text("FIELD_ID");
    if id.is_empty() {
        return Err(missing("FIELD_ID"));
    }
    let given = call
        .params
        .get_ignoring_case("FIELDS")
        .and_then(Value::as_array);
    let given = given.ok_or_else(|| missing("FIELDS"))?;
    let mut fields = fields_of(state, list);
    let known = fields.get(&id).and_then(Value::as_array);
    let mut known = known
        .cloned()
        .ok_or_else(|| refused("Error saving the field"))?;
    for (name, value) in given.iter() {
        let name = name.to_text();
        if !matches!(name.as_str(), "TYPE" | "ID" | "FIELD_ID") {
            known.insert(name.as_str(), value.clone());
        }
    }
    let kind = known.get("TYPE").map(Value::to_text).unwrap_or_default();
    let number = id
        .strip_prefix("PROPERTY_")
        .and_then(|number| number.parse().ok());
    fields.insert(id.as_str(), described(&id, &kind, &known, number));
    keep(state, list, fields);
    Ok(Output::value(&Value::Bool(true)))
}

/// `lists.field.delete`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let list = list(state, call)?;
    let id = call.text("FIELD_ID");
    if id.is_empty() {
        return Err(missing("FIELD_ID"));
    }
    let mut fields = fields_of(state, list);
    fields.remove(&id);
    keep(state, list, fields);
    Ok(Output::value(&Value::Bool(true)))
}

/// `lists.get.iblock.type.id`
pub(crate) fn type_of_list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let list = list(state, call)?;
    let row = records::place("lists").and_then(|place| state.records[place].get(list));
    let kind = row.and_then(|row| row.get("IBLOCK_TYPE_ID")).cloned();
    Ok(Output::value(
        &kind.map_or_else(|| "lists".into(), Value::from),
    ))
}

/// `lists.element.get.file.url(IBLOCK_ID, ELEMENT_ID, FIELD_ID)`: the addresses of the files that an element has in a
/// property.
pub(crate) fn file_urls(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let list = list(state, call)?;
    let [id, code, field] = ["ELEMENT_ID", "ELEMENT_CODE", "FIELD_ID"].map(|name| call.text(name));
    if id.is_empty() && code.is_empty() {
        return Err(missing("ELEMENT_ID"));
    }
    if field.is_empty() {
        return Err(missing("FIELD_ID"));
    }
    let table = state.record_table("lists.element");
    let is_it = |(number, row): &(u64, &serde_json::Map<String, serde_json::Value>)| {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("");
        let is_named = number.to_string() == id || (id.is_empty() && text("CODE") == code);
        text("IBLOCK_ID") == list.to_string() && is_named
    };
    let mut rows = table.into_iter().flat_map(records::RecordTable::rows);
    let (number, row) = rows
        .find(is_it)
        .ok_or_else(|| MethodError::new(400, "ERROR_ELEMENT_NOT_FOUND", "Element not found"))?;
    let name = format!("PROPERTY_{field}");
    let files = row.get(&name).and_then(|files| files.as_object());
    let url = |(file, _): (&String, &serde_json::Value)| {
        format!("/company/lists/{list}/file/0/{number}/{name}/{file}/?ncc=y&download=y")
    };
    Ok(Output::value(
        &files.into_iter().flatten().map(url).collect::<Value>(),
    ))
}
