//! `userfieldconfig.*`: user fields of records of the CRM, smart processes among them.

use brimful_protocol::{Array, Value};

use super::user_fields;
use crate::context::settings::Scopes;
use crate::context::{Call, MethodError, Output};
use crate::data::entities::SMART;
use crate::data::schema::Field;
use crate::data::{PortalData, hash, records};
use crate::methods::params::{legacy_error, missing};
use crate::methods::records as described_records;

const KIND: &str = "userfieldconfig";

const LANGUAGES: [&str; 2] = ["ru", "en"];

/// The texts of a field, each in every language.
const LABELS: [&str; 5] = [
    "editFormLabel",
    "listColumnLabel",
    "listFilterLabel",
    "errorMessage",
    "helpMessage",
];

/// `userfieldconfig.add(moduleId, field)`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_module(call)?;
    let Some(Value::Array(mut field)) = call.params.get("field").cloned() else {
        return Err(missing("field"));
    };
    let text = |field: &Array, name: &str| field.get(name).map(Value::to_text).unwrap_or_default();
    let [entity, name, kind] =
        ["entityId", "fieldName", "userTypeId"].map(|name| text(&field, name));
    if entity.is_empty() {
        return Err(legacy_error("The 'ENTITY_ID' field is not found."));
    }
    if name.is_empty() {
        return Err(legacy_error("The 'FIELD_NAME' field is not found."));
    }
    if kind.is_empty() {
        return Err(legacy_error("The 'USER_TYPE_ID' field is not found."));
    }
    if !is_name_of(&name, &entity) {
        return Err(legacy_error("You cannot create custom fields"));
    }
    let table = state.record_table(KIND);
    let is_it = |row: &serde_json::Map<String, serde_json::Value>| {
        let has = |key: &str, value: &str| row.get(key).and_then(|v| v.as_str()) == Some(value);
        has("entityId", &entity) && has("fieldName", &name)
    };
    let is_taken = table.is_some_and(|table| table.rows().any(|(_, row)| is_it(row)));
    let place = place(state, &entity);
    let in_schema = place.is_some_and(|at| state.table(at).schema.legacy(&name).is_some());
    if is_taken || in_schema {
        return Err(legacy_error(&format!("Field {name} already exists")));
    }
    let id = table.map_or(0, records::RecordTable::last) as i64 + 1;
    let older = user_fields::described(&upper(&field), &kind, id)?;
    complete(&mut field, &kind, id, &older);
    if let Some(place) = place {
        put_into_schema(state, place, (&name, &kind), &field, older);
    }
    call.params.insert("field", field);
    described_records::write(state, call)
}

/// `userfieldconfig.update(moduleId, id, field)`: values of an enumeration that come without a number are new ones.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_module(call)?;
    if let Some(Value::Array(field)) = call.params.get("field")
        && let Some(values) = field.get("enum").and_then(Value::as_array)
    {
        let id = call.params.get("id").map_or(0, Value::to_int);
        let mut field = field.clone();
        field.insert("enum", choices(values, id, None));
        call.params.insert("field", field);
    }
    described_records::write(state, call)
}

/// `userfieldconfig.delete(moduleId, id)`: the field and what records have in it.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_module(call)?;
    let id = call
        .params
        .get("id")
        .map_or(0, Value::to_int)
        .unsigned_abs();
    let row = records::place(KIND).and_then(|place| state.records[place].get(id).cloned());
    let output = described_records::write(state, call)?;
    let text = |name: &str| {
        let value = row.as_ref().and_then(|row| row.get(name)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    if let Some(place) = place(state, &text("entityId")) {
        let table = state.table_mut(place);
        if let Some(at) = table.schema.legacy(&text("fieldName")) {
            table.remove_field(at);
        }
    }
    Ok(output)
}

/// `userfieldconfig.get(moduleId, id)` and `userfieldconfig.list(moduleId, …)`
pub(crate) fn read(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_module(call)?;
    described_records::read(state, call)
}

/// The modules that let others configure their fields. Each is a scope too.
const MODULES: [&str; 3] = ["crm", "rpa", "catalog"];

fn check_module(call: &Call<'_>) -> Result<(), MethodError> {
    let module = call.text("moduleId");
    if module.is_empty() {
        return Err(missing("moduleId"));
    }
    if !MODULES.contains(&&*module) {
        return Err(legacy_error("No settings for UserFieldAccess"));
    }
    if let Scopes::Only(scopes) = call.scopes
        && !scopes.contains(&module)
    {
        return Err(legacy_error(&format!(
            "The current method required more scopes. ({module})"
        )));
    }
    Ok(())
}

/// Fields of leads, deals and the like begin with `UF_CRM_`, those of other types with the name of the type too.
fn is_name_of(name: &str, entity: &str) -> bool {
    let own = format!("UF_{entity}_");
    let is_numbered = entity.ends_with(|last: char| last.is_ascii_digit());
    name.starts_with(&own) || (!is_numbered && name.starts_with("UF_CRM_"))
}

/// The entity that a field is of: `CRM_DEAL`, or `CRM_3` for the third smart process.
fn place(state: &PortalData, entity: &str) -> Option<usize> {
    let of_type = |entity_type: i64| state.by_type(entity_type).map(|table| table.entity);
    match entity.strip_prefix("CRM_")? {
        "LEAD" => of_type(1),
        "DEAL" => of_type(2),
        "CONTACT" => of_type(3),
        "COMPANY" => of_type(4),
        "QUOTE" => of_type(7),
        "SMART_INVOICE" => of_type(31),
        number => {
            let place = SMART + number.parse::<usize>().ok()?.checked_sub(1)?;
            let table = state.tables.get(place)?;
            (table.entity_type != 0).then_some(place)
        }
    }
}

/// A field as `crm.*.userfield.add` takes it.
fn upper(field: &Array) -> Array {
    let names = [
        ("fieldName", "FIELD_NAME"),
        ("xmlId", "XML_ID"),
        ("sort", "SORT"),
        ("multiple", "MULTIPLE"),
        ("mandatory", "MANDATORY"),
        ("showFilter", "SHOW_FILTER"),
        ("showInList", "SHOW_IN_LIST"),
        ("editInList", "EDIT_IN_LIST"),
        ("isSearchable", "IS_SEARCHABLE"),
        ("settings", "SETTINGS"),
        ("editFormLabel", "EDIT_FORM_LABEL"),
        ("listColumnLabel", "LIST_COLUMN_LABEL"),
        ("listFilterLabel", "LIST_FILTER_LABEL"),
    ];
    let mut row: Array = names
        .into_iter()
        .filter_map(|(name, upper)| Some((upper, field.get(name)?.clone())))
        .collect();
    let values = field.get("enum").and_then(Value::as_array);
    let values = values.into_iter().flat_map(Array::values);
    let values: Value = values
        .filter_map(Value::as_array)
        .map(|value| {
            let names = [
                ("value", "VALUE"),
                ("def", "DEF"),
                ("sort", "SORT"),
                ("xmlId", "XML_ID"),
            ];
            let of = |(name, upper)| Some((upper, value.get(name)?.clone()));
            Value::Array(names.into_iter().filter_map(of).collect())
        })
        .collect();
    row.insert("LIST", values);
    row
}

/// Fills in what a call has not said of a new field.
fn complete(field: &mut Array, kind: &str, id: i64, older: &Array) {
    let is_given = |settings: &Value| settings.as_array().is_some_and(|all| !all.is_empty());
    if !field.get("settings").is_some_and(is_given) {
        field.insert("settings", settings(kind));
    }
    field.insert(
        "languageId",
        LANGUAGES
            .map(|name| (name, name))
            .into_iter()
            .collect::<Array>(),
    );
    for label in LABELS {
        let given = field.get(label).cloned().unwrap_or_default();
        let texts = LANGUAGES.map(|language| {
            let text = match &given {
                Value::Array(texts) => texts.get(language).cloned(),
                Value::Text(text) => Some(Value::Text(text.clone())),
                _ => None,
            };
            (language, text.unwrap_or_default())
        });
        field.insert(label, texts.into_iter().collect::<Array>());
    }
    if kind == "enumeration" {
        let empty = Array::new();
        let values = field.get("enum").and_then(Value::as_array);
        let values = choices(values.unwrap_or(&empty), id, older.get("LIST"));
        field.insert("enum", values);
    }
}

/// The values of an enumeration, with the numbers that `older` has for them or with their own.
fn choices(values: &Array, field: i64, older: Option<&Value>) -> Value {
    let older: Vec<&Value> = older
        .and_then(Value::as_array)
        .map(|list| list.values().collect())
        .unwrap_or_default();
    let values = values.values().filter_map(Value::as_array).enumerate();
    let row = |(place, given): (usize, &Array)| {
        let text = |name: &str| {
            given
                .get(name)
                .map(Value::to_text)
                .filter(|text| !text.is_empty())
        };
        let known = older.get(place).and_then(|row| row.get("ID"));
        let id = text("id").or_else(|| known.map(Value::to_text));
        let value = text("value").unwrap_or_default();
        let mut row = Array::new();
        row.insert(
            "id",
            id.unwrap_or_else(|| (field * 100 + place as i64 + 1).to_string()),
        );
        row.insert("userFieldId", field.to_string());
        row.insert("value", value.as_str());
        row.insert("def", text("def").unwrap_or_else(|| "N".to_owned()));
        row.insert("sort", text("sort").unwrap_or_else(|| "500".to_owned()));
        let salt = hash::salt(&format!("{field} {value}"));
        let xml_id = format!("{salt:016x}{:016x}", hash::salt(&value));
        row.insert("xmlId", text("xmlId").unwrap_or(xml_id));
        Value::Array(row)
    };
    values.map(row).collect()
}

/// The settings of a new field of a type.
fn settings(kind: &str) -> Array {
    let none = || Value::Null;
    match kind {
        "enumeration" => Array::from_iter([
            ("DISPLAY", Value::from("LIST")),
            ("LIST_HEIGHT", Value::Int(1)),
            ("CAPTION_NO_VALUE", "".into()),
            ("SHOW_NO_VALUE", "Y".into()),
        ]),
        "string" => Array::from_iter([
            ("SIZE", Value::Int(20)),
            ("ROWS", Value::Int(1)),
            ("REGEXP", "".into()),
            ("MIN_LENGTH", Value::Int(0)),
            ("MAX_LENGTH", Value::Int(0)),
            ("DEFAULT_VALUE", none()),
        ]),
        "integer" => Array::from_iter([
            ("SIZE", Value::Int(20)),
            ("MIN_VALUE", Value::Int(0)),
            ("MAX_VALUE", Value::Int(0)),
            ("DEFAULT_VALUE", none()),
        ]),
        "double" => Array::from_iter([
            ("PRECISION", Value::Int(4)),
            ("SIZE", Value::Int(20)),
            ("MIN_VALUE", Value::Int(0)),
            ("MAX_VALUE", Value::Int(0)),
            ("DEFAULT_VALUE", none()),
        ]),
        "boolean" => Array::from_iter([
            ("DEFAULT_VALUE", Value::Int(0)),
            ("DISPLAY", "CHECKBOX".into()),
        ]),
        _ => Array::new(),
    }
}

/// Gives the records of an entity the field.
fn put_into_schema(
    state: &mut PortalData,
    place: usize,
    (name, kind): (&str, &str),
    given: &Array,
    older: Array,
) {
    let title = given.get("editFormLabel").and_then(|texts| {
        let mut texts = LANGUAGES.iter().filter_map(|language| texts.get(language));
        let text = texts.find(|text| !text.to_text().is_empty())?;
        Some(text.to_text())
    });
    let mut field = Field::of_user(name, kind, title.as_deref().unwrap_or(name));
    let is = |name: &str| given.get(name).is_some_and(|flag| flag.to_text() == "Y");
    field.traits.multiple = is("multiple");
    field.traits.required = is("mandatory");
    field.user_settings = Some(older);
    state.table_mut(place).schema.push(field);
}
