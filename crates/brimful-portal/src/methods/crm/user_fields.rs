//! `crm.{lead,deal,contact,company,quote}.userfield.*`: the fields that a portal has added to its records.

use brimful_protocol::{Array, Value};

use super::dictionary::{chosen, written};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{COMPANY, CONTACT, DEAL, ENTITIES, LEAD, QUOTE, TASK, USER};
use crate::data::schema::{Field, Kind};
use crate::data::table::Table;
use crate::methods::params::legacy_error;

/// The ID of a field that every portal has, by its place among the fields of its entity.
fn id(entity: usize, at: usize) -> i64 {
    (entity * 1_000 + at * 2 + 1) as i64
}

/// The ID of a field; one that a call has added keeps it when others are deleted.
fn id_of(table: &Table, at: usize) -> i64 {
    let given = table.schema.get(at).user_settings.as_ref();
    let given = given.and_then(|given| given.get("ID")).map(Value::to_int);
    given.unwrap_or_else(|| id(table.entity, at))
}

/// The place of the user field that a call names.
fn named(table: &Table, call: &Call<'_>) -> Result<usize, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    if id <= 0 {
        return Err(legacy_error("ID is not defined or invalid."));
    }
    let fields = table.schema.fields().iter().enumerate();
    let mut user_fields = fields.filter(|(_, field)| field.is_user_field());
    let found = user_fields.find(|(at, _)| id_of(table, *at) == id);
    found.map(|(at, _)| at).ok_or_else(|| {
        let text = format!("The entity with ID '{id}' is not found.");
        MethodError::new(400, "ERROR_NOT_FOUND", text)
    })
}

/// What stands before the names of the user fields of an entity.
fn prefix(entity: usize) -> &'static str {
    match entity {
        USER => "UF_USR_",
        TASK => "UF_",
        _ => "UF_CRM_",
    }
}

/// The types of user fields there are. Applications may add more.
const TYPES: [&str; 16] = [
    "string",
    "integer",
    "double",
    "boolean",
    "datetime",
    "date",
    "money",
    "url",
    "address",
    "enumeration",
    "file",
    "employee",
    "crm_status",
    "iblock_section",
    "iblock_element",
    "crm",
];

/// The longest name of a field, with its prefix.
const LONGEST_NAME: usize = 50;

/// The languages of a portal that labels have texts in.
const LANGUAGES: [&str; 21] = [
    "ar", "br", "de", "en", "fr", "hi", "id", "in", "it", "ja", "kz", "la", "ms", "pl", "ru", "sc",
    "tc", "th", "tr", "ua", "vn",
];

/// Texts about a field, each in all languages.
pub(super) const LABELS: [&str; 5] = [
    "EDIT_FORM_LABEL",
    "LIST_COLUMN_LABEL",
    "LIST_FILTER_LABEL",
    "ERROR_MESSAGE",
    "HELP_MESSAGE",
];

/// The type of a field; that of one that a call has added is as it was given.
pub(super) fn type_name(field: &Field) -> Value {
    let given = field.user_settings.as_ref();
    let given = given.and_then(|row| row.get("USER_TYPE_ID")).cloned();
    given.unwrap_or_else(|| field.kind.type_name().into())
}

/// The values of an enumeration that a call has added, as `*.fields` shows them.
pub(super) fn choices(field: &Field) -> Option<Value> {
    let list = field.user_settings.as_ref()?.get("LIST")?.as_array()?;
    let choices = list.values().map(|choice| {
        let text = |name: &str| choice.get(name).map(Value::to_text).unwrap_or_default();
        Array::from_iter([("ID", text("ID")), ("VALUE", text("VALUE"))])
    });
    Some(choices.collect())
}

fn describe(entity: usize, at: usize, field: &Field) -> Array {
    let flag = |flag: bool| if flag { "Y" } else { "N" };
    let mut row = Array::new();
    row.insert("ID", id(entity, at).to_string());
    let of = ENTITIES[entity].name.to_ascii_uppercase();
    let of = match entity {
        USER => of,
        TASK => "TASKS_TASK".to_owned(),
        _ => format!("CRM_{of}"),
    };
    row.insert("ENTITY_ID", of);
    row.insert("FIELD_NAME", field.name.as_ref());
    row.insert("USER_TYPE_ID", field.kind.type_name());
    row.insert("XML_ID", Value::Null);
    row.insert("SORT", "100");
    row.insert("MULTIPLE", flag(field.traits.multiple));
    row.insert("MANDATORY", flag(field.traits.required));
    row.insert("SHOW_FILTER", "E");
    row.insert("SHOW_IN_LIST", "Y");
    row.insert("EDIT_IN_LIST", "Y");
    row.insert("IS_SEARCHABLE", "N");
    row.insert("SETTINGS", Array::from_iter([("DEFAULT_VALUE", "")]));
    if entity == TASK {
        describe_task_field(&mut row, &field.name);
    }
    for (name, value) in field.user_settings.iter().flat_map(Array::iter) {
        let name = name.to_text();
        if !LABELS.contains(&name.as_str()) {
            row.insert(name.as_str(), value.clone());
        }
    }
    row
}

/// What is said of the fields that every portal's tasks have.
fn describe_task_field(row: &mut Array, name: &str) {
    let (kind, settings) = match name {
        "UF_CRM_TASK" => {
            let kinds = ["LEAD", "CONTACT", "COMPANY", "DEAL"];
            ("crm", kinds.into_iter().map(|kind| (kind, "Y")).collect())
        }
        "UF_TASK_WEBDAV_FILES" => {
            let mut settings = Array::from_iter([("IBLOCK_ID", 0), ("SECTION_ID", 0)]);
            settings.insert("UF_TO_SAVE_ALLOW_EDIT", "");
            ("disk_file", settings)
        }
        "UF_MAIL_MESSAGE" => ("mail_message", Array::new()),
        _ => return,
    };
    row.insert("USER_TYPE_ID", kind);
    row.insert("SETTINGS", settings);
    row.insert("XML_ID", "");
    row.insert("SHOW_FILTER", "N");
    if kind == "disk_file" {
        row.insert("XML_ID", "TASK_WEBDAV_FILES");
        row.insert("IS_SEARCHABLE", "Y");
    } else {
        row.insert("SHOW_IN_LIST", "N");
        row.insert("EDIT_IN_LIST", "N");
    }
}

/// `label` is the text of a label of the given name.
fn rows(table: &Table, label: impl Fn(&Field, &str) -> Value) -> Vec<Array> {
    let fields = table.schema.fields().iter().enumerate();
    let user_fields = fields.filter(|(_, field)| field.is_user_field());
    user_fields
        .map(|(at, field)| {
            let mut row = describe(table.entity, at, field);
            for name in LABELS {
                row.insert(name, label(field, name));
            }
            if let Kind::Enumeration(items) = field.kind
                && field.user_settings.is_none()
            {
                row.insert("LIST", items.iter().map(choice).collect::<Value>());
            }
            row
        })
        .collect()
}

fn choice((id, value): &(i64, &'static str)) -> Array {
    let mut choice = Array::new();
    choice.insert("ID", id.to_string());
    choice.insert("SORT", (id * 10).to_string());
    choice.insert("VALUE", *value);
    choice.insert("DEF", "N");
    choice
}

/// `crm.*.userfield.list`: all of them at once, with a `total`. Labels come if a language is asked for by `LANG`.
pub(crate) fn list<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let mut filter = call.legacy_array("filter").cloned().unwrap_or_default();
    let language = filter.remove("LANG");
    let label = |field: &Field, name: &str| match (&language, &field.user_settings) {
        (Some(language), Some(given)) => {
            let texts = given.get(name);
            let text = texts.and_then(|texts| texts.get(&language.to_text()));
            text.cloned().unwrap_or(Value::Null)
        }
        (Some(_), None) if name.ends_with("_LABEL") => field.title.as_ref().into(),
        _ => Value::Null,
    };
    let mut rows = chosen(rows(state.table(ENTITY), label), Some(&filter));
    sort(&mut rows, call.legacy_array("order"));
    let mut output = written(None, &rows);
    output.total = Some(rows.len() as i64);
    Ok(output)
}

/// Sorts by the fields that `order` names; numbers are compared as such.
pub(super) fn sort(rows: &mut [Array], order: Option<&Array>) {
    let order = order.into_iter().flat_map(Array::iter);
    let order: Vec<(String, bool)> = order
        .map(|(name, way)| {
            let way = way.to_text().trim().to_ascii_lowercase();
            (name.to_text().to_ascii_uppercase(), way.starts_with("desc"))
        })
        .collect();
    rows.sort_by(|one, other| {
        let orderings = order.iter().map(|(name, descending)| {
            let text = |row: &Array| row.get(name).map(Value::to_text).unwrap_or_default();
            let (one, other) = (text(one), text(other));
            let ordering = match (one.parse::<i64>(), other.parse::<i64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                _ => one.cmp(&other),
            };
            if *descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        orderings.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
}

/// `crm.*.userfield.get`: the labels by language.
pub(crate) fn get<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let at = named(state.table(ENTITY), call)?;
    let id = id_of(state.table(ENTITY), at);
    let label = |field: &Field, name: &str| {
        if let Some(given) = &field.user_settings {
            return given.get(name).cloned().unwrap_or(Value::Null);
        }
        if !name.ends_with("_LABEL") {
            return Value::Null;
        }
        let title = field.title.as_ref();
        Value::Array(Array::from_iter([("ru", title), ("en", title)]))
    };
    let found = rows(state.table(ENTITY), label)
        .into_iter()
        .find(|row| row.get("ID").is_some_and(|of| of.to_int() == id));
    Ok(Output::value(&Value::Array(found.unwrap_or_default())))
}

/// `crm.*.userfield.add`: a field that all records have from now on, and that is empty in all of them. Its name gets
/// `UF_CRM_` in front of it.
pub(crate) fn add<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let Some(fields) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let text = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let (name, kind) = named_and_typed(fields, prefix(ENTITY))?;
    let table = state.table_mut(ENTITY);
    if table.schema.legacy(&name).is_some() {
        return Err(legacy_error(&format!("The field {name} already exists.")));
    }
    let places = 0..table.schema.fields().len();
    let highest = places.map(|at| id_of(table, at)).max().unwrap_or(0);
    let new_id = highest + 2;
    let mut described = described(fields, &kind, new_id)?;
    described.insert("ID", new_id.to_string());
    let label = |name: &str| {
        let texts = described.get(name);
        let text = texts.and_then(|texts| texts.get("ru"));
        text.map(Value::to_text).filter(|text| !text.is_empty())
    };
    let title = label("EDIT_FORM_LABEL").or_else(|| label("LIST_COLUMN_LABEL"));
    let mut field = Field::of_user(&name, &kind, title.as_deref().unwrap_or(&name));
    field.traits.multiple = described
        .get("MULTIPLE")
        .is_some_and(|yes| yes.to_text() == "Y");
    field.traits.required = text("MANDATORY") == "Y";
    field.user_settings = Some(described);
    table.schema.push(field);
    tell(state, ENTITY, "ADD", (new_id, &name));
    Ok(Output::value(&Value::Int(new_id)))
}

/// Records the event of a field of an entity of the CRM, with its ID and its name.
fn tell(state: &mut PortalData, entity: usize, verb: &str, (id, name): (i64, &str)) {
    let of = match entity {
        LEAD => "LEAD",
        DEAL => "DEAL",
        CONTACT => "CONTACT",
        COMPANY => "COMPANY",
        QUOTE => "QUOTE",
        _ => return,
    };
    let fields = serde_json::json!({
        "ID": id.to_string(), "ENTITY_ID": format!("CRM_{of}"), "FIELD_NAME": name,
    });
    state.tell(format!("ONCRM{of}USERFIELD{verb}"), &fields);
}

/// The name and the type of a new field. The name gets `prefix` in front of it.
pub(super) fn named_and_typed(
    fields: &Array,
    prefix: &str,
) -> Result<(String, String), MethodError> {
    let text = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let given = text("FIELD_NAME").to_ascii_uppercase();
    let bare = given
        .strip_prefix(prefix)
        .or_else(|| given.strip_prefix("UF_"))
        .unwrap_or(&given);
    if bare.is_empty() {
        return Err(legacy_error("The 'FIELD_NAME' field is not found."));
    }
    let name = format!("{prefix}{bare}");
    if name.chars().count() > LONGEST_NAME {
        return Err(refused("Field name is too long (more than 50 characters)."));
    }
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if !name.chars().all(allowed) {
        return Err(refused(
            "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.",
        ));
    }
    let kind = text("USER_TYPE_ID");
    if kind.is_empty() {
        return Err(legacy_error("The 'USER_TYPE_ID' field is not found."));
    }
    if !TYPES.contains(&kind.as_str()) {
        return Err(refused("Incorrect custom type specified."));
    }
    Ok((name, kind))
}

/// `crm.*.userfield.update`: what is given, and of `SETTINGS` the settings that are given. Neither the name nor the type
/// changes.
pub(crate) fn update<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let at = named(state.table(ENTITY), call)?;
    let Some(given) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let table = state.table_mut(ENTITY);
    let id = id_of(table, at);
    let mut settings = describe(ENTITY, at, table.schema.get(at));
    for name in LABELS {
        let known = table.schema.get(at).user_settings.as_ref();
        let known = known.and_then(|known| known.get(name)).cloned();
        settings.insert(name, known.unwrap_or_default());
    }
    let settings = merged(settings, given, id)?;
    let field = table.schema.get_mut(at);
    field.traits.required = settings
        .get("MANDATORY")
        .is_some_and(|yes| yes.to_text() == "Y");
    field.user_settings = Some(settings);
    let name = state.table(ENTITY).schema.get(at).name.to_string();
    tell(state, ENTITY, "UPDATE", (id, &name));
    Ok(Output::value(&Value::Bool(true)))
}

/// What is known of a field after a change.
pub(super) fn merged(mut settings: Array, given: &Array, id: i64) -> Result<Array, MethodError> {
    let kind = settings
        .get("USER_TYPE_ID")
        .map(Value::to_text)
        .unwrap_or_default();
    let written = described(given, &kind, id)?;
    for name in [
        "XML_ID",
        "SORT",
        "MANDATORY",
        "SHOW_FILTER",
        "SHOW_IN_LIST",
        "EDIT_IN_LIST",
        "IS_SEARCHABLE",
    ]
    .into_iter()
    .chain(LABELS)
    {
        if let (Some(_), Some(value)) = (given.get(name), written.get(name)) {
            settings.insert(name, value.clone());
        }
    }
    if let Some(Value::Array(changed)) = given.get("SETTINGS") {
        let known = settings.get("SETTINGS").and_then(Value::as_array);
        let mut known = known.cloned().unwrap_or_default();
        for (name, value) in changed.iter() {
            known.insert(name.to_text().as_str(), value.clone());
        }
        settings.insert("SETTINGS", known);
    }
    if let Some(Value::Array(changed)) = given.get("LIST") {
        let known = settings.get("LIST").and_then(Value::as_array);
        let multiple = settings
            .get("MULTIPLE")
            .is_some_and(|yes| yes.to_text() == "Y");
        let list = changed_list(known, changed, multiple, id)?;
        settings.insert("LIST", list);
    }
    Ok(settings)
}

/// The values of an enumeration after a change: those that are given with their ID are changed or, with `DEL`, deleted;
/// those without are added.
fn changed_list(
    known: Option<&Array>,
    changed: &Array,
    multiple: bool,
    id: i64,
) -> Result<Value, MethodError> {
    let mut rows: Vec<Array> = Vec::new();
    for row in known.into_iter().flat_map(Array::values) {
        rows.extend(row.as_array().cloned());
    }
    // The ID of a value that is deleted is not given again.
    let highest = rows
        .iter()
        .filter_map(|row| row.get("ID"))
        .map(Value::to_int);
    let next = highest.max().map_or(id * 100, |highest| highest + 1);
    let mut added = Array::new();
    for item in changed.values() {
        let text = |name: &str| item.get(name).map(Value::to_text).unwrap_or_default();
        let of = text("ID");
        let is_it = |row: &Array| row.get("ID").is_some_and(|known| known.to_text() == of);
        match rows.iter().position(is_it) {
            Some(at) if text("DEL") == "Y" => {
                rows.remove(at);
            }
            Some(at) => {
                for name in ["VALUE", "SORT", "DEF", "XML_ID"] {
                    if let Some(value) = item.get(name) {
                        rows[at].insert(name, value.to_text());
                    }
                }
            }
            None => added.insert(added.len() as i64, item.clone()),
        }
    }
    let fields = Array::from_iter([("LIST", added)]);
    let Value::Array(mut new) = list_of(&fields, multiple, id)? else {
        return Ok(rows.into_iter().collect());
    };
    for (place, row) in (0..).zip(new.values_mut().filter_map(Value::as_array_mut)) {
        row.insert("ID", (next + place).to_string());
        rows.push(row.clone());
    }
    Ok(rows.into_iter().collect())
}

/// `crm.*.userfield.delete`: with what records have in it.
pub(crate) fn delete<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let at = named(state.table(ENTITY), call)?;
    let table = state.table_mut(ENTITY);
    let (id, name) = (id_of(table, at), table.schema.get(at).name.to_string());
    table.remove_field(at);
    tell(state, ENTITY, "DELETE", (id, &name));
    Ok(Output::value(&Value::Bool(true)))
}

pub(super) fn refused(why: &str) -> MethodError {
    MethodError::new(400, "ERROR_CORE", why)
}

/// What a call says of a new field, with defaults for what it does not say. The field has the ID `id`.
pub(super) fn described(fields: &Array, kind: &str, id: i64) -> Result<Array, MethodError> {
    let given = |name: &str| fields.get(name).filter(|value| !value.to_text().is_empty());
    let text = |name: &str| given(name).map(Value::to_text).unwrap_or_default();
    let flag = |name: &str, usual: &'static str| match text(name).as_str() {
        "Y" => "Y",
        "N" => "N",
        _ => usual,
    };
    let mut row = Array::new();
    row.insert("USER_TYPE_ID", kind);
    row.insert(
        "XML_ID",
        given("XML_ID").map_or(Value::Null, |id| id.to_text().into()),
    );
    let sort = given("SORT").map_or(0, Value::to_int);
    row.insert("SORT", (if sort > 0 { sort } else { 100 }).to_string());
    // Yes and no together make no sense.
    let multiple = if kind == "boolean" {
        "N"
    } else {
        flag("MULTIPLE", "N")
    };
    row.insert("MULTIPLE", multiple);
    row.insert("MANDATORY", flag("MANDATORY", "N"));
    // Not shown, or by the whole value, a pattern, or a part of the text.
    let filter = match text("SHOW_FILTER").as_str() {
        "I" => "I",
        "E" => "E",
        "S" => "S",
        _ => flag("SHOW_FILTER", "N"),
    };
    row.insert("SHOW_FILTER", filter);
    row.insert("SHOW_IN_LIST", flag("SHOW_IN_LIST", "N"));
    row.insert("EDIT_IN_LIST", flag("EDIT_IN_LIST", "Y"));
    row.insert("IS_SEARCHABLE", flag("IS_SEARCHABLE", "N"));
    let settings = fields.get("SETTINGS").and_then(Value::as_array);
    row.insert("SETTINGS", settings.cloned().unwrap_or_default());
    let label = text("LABEL");
    for name in LABELS {
        let texts = LANGUAGES.map(|language| {
            let text = match given(name) {
                Some(Value::Array(texts)) => texts.get(language).map(Value::to_text),
                Some(text) => Some(text.to_text()),
                None => None,
            };
            (language, text.unwrap_or_else(|| label.clone()))
        });
        row.insert(name, Array::from_iter(texts));
    }
    if kind == "enumeration" {
        row.insert("LIST", list_of(fields, multiple == "Y", id)?);
    }
    Ok(row)
}

/// The values of an enumeration, each with an ID of its own.
fn list_of(fields: &Array, multiple: bool, id: i64) -> Result<Value, MethodError> {
    let mut external: Vec<String> = Vec::new();
    let mut has_default = false;
    let mut list = Vec::new();
    let items = fields.get("LIST").and_then(Value::as_array);
    for item in items.into_iter().flat_map(Array::values) {
        let text = |name: &str| item.get(name).map(Value::to_text).unwrap_or_default();
        let value = text("VALUE");
        if value.is_empty() {
            continue;
        }
        let mut xml_id = text("XML_ID");
        if external.contains(&xml_id) {
            return Err(refused(&format!(
                "List item with XML_ID={xml_id} already exists."
            )));
        }
        if xml_id.is_empty() {
            xml_id = format!("{:032x}", (id as u64) << 16 | list.len() as u64);
        }
        external.push(xml_id.clone());
        let is_default = text("DEF") == "Y" && (multiple || !has_default);
        has_default |= is_default;
        let mut row = Array::new();
        row.insert("ID", (id * 100 + list.len() as i64).to_string());
        row.insert("SORT", text("SORT").parse::<u64>().unwrap_or(0).to_string());
        row.insert("VALUE", value);
        row.insert("DEF", if is_default { "Y" } else { "N" });
        row.insert("XML_ID", xml_id);
        list.push(row);
    }
    Ok(list.into_iter().collect())
}
