//! `crm.type.*`: the smart processes.

use std::collections::BTreeSet;

use brimful_protocol::{Array, Key, Value};

use super::dictionary::passes;
use super::item::not_found;
use super::item_filter::{invalid, wanted_direction};
use super::relations::{self, Relation};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{SMART_FIELDS, smart};
use crate::data::list::filter_key::{Family, FilterKey};
use crate::data::schema::Schema;
use crate::data::table::Table;

/// The ID of a smart process, as opposed to its `entityTypeId`.
fn type_id(table: &Table) -> i64 {
    (table.entity - crate::data::entities::SMART) as i64 + 1
}

/// What a type may have or lack, and whether those that every portal has have it.
const FLAGS: [(&str, &str); 16] = [
    ("isCategoriesEnabled", "Y"),
    ("isStagesEnabled", "Y"),
    ("isBeginCloseDatesEnabled", "Y"),
    ("isClientEnabled", "Y"),
    ("isUseInUserfieldEnabled", "Y"),
    ("isLinkWithProductsEnabled", "Y"),
    ("isMycompanyEnabled", "Y"),
    ("isDocumentsEnabled", "N"),
    ("isSourceEnabled", "Y"),
    ("isObserversEnabled", "N"),
    ("isRecyclebinEnabled", "N"),
    ("isAutomationEnabled", "N"),
    ("isBizProcEnabled", "N"),
    ("isSetOpenPermissions", "Y"),
    ("isPaymentsEnabled", "N"),
    ("isCountersEnabled", "N"),
];

fn describe(state: &PortalData, table: &Table) -> Array {
    if let Some(settings) = state.type_settings.get(&table.entity_type) {
        return settings.clone();
    }
    let title = match smart::process(table.entity_type) {
        Some(process) => process.title.to_owned(),
        None => format!("Смарт-процесс {}", table.entity_type),
    };
    let created = moment::text(1_577_826_000);
    described(table, &title, FLAGS.into_iter(), 1, &created)
}

/// What a type of records is called.
pub(super) fn title(state: &PortalData, entity_type: u32) -> String {
    let smart = state.smart().iter();
    let mut smart = smart.filter(|table| table.entity_type == entity_type);
    if let Some(table) = smart.next() {
        let title = describe(state, table).get("title").map(Value::to_text);
        return title.unwrap_or_default();
    }
    super::dictionary::owner_title(i64::from(entity_type)).to_owned()
}

fn described(
    table: &Table,
    title: &str,
    flags: impl Iterator<Item = (&'static str, &'static str)>,
    author: i64,
    created: &str,
) -> Array {
    let mut map = Array::new();
    map.insert("id", type_id(table));
    map.insert("title", title);
    map.insert("code", "");
    map.insert("createdBy", author);
    map.insert("entityTypeId", i64::from(table.entity_type));
    map.insert("customSectionId", Value::Null);
    for (name, flag) in flags {
        map.insert(name, flag);
    }
    map.insert("createdTime", created);
    map.insert("updatedTime", created);
    map.insert("updatedBy", author);
    map
}

/// `crm.type.list`: the filter knows IDs, `entityTypeId` and titles by equality and the prefixes of order.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    // Below 128 are the types that come with the product, the invoices: this list leaves them out.
    let processes = state
        .smart()
        .iter()
        .filter(|table| table.entity_type >= 128);
    let types: Vec<Array> = processes
        .map(|table| {
            let mut row = describe(state, table);
            for name in BESIDE {
                row.remove(name);
            }
            row
        })
        .collect();
    if let (Some(order), Some(known)) = (call.params.get("order"), types.first()) {
        check_order(known, order)?;
    }
    let types = match call.params.get("filter").and_then(Value::as_array) {
        None => types,
        Some(filter) => {
            let mut chosen = Vec::new();
            for row in types {
                if admits(&row, filter)? {
                    chosen.push(row);
                }
            }
            chosen
        }
    };
    super::dictionary::page_of("types", types, "id", call)
}

/// Whether a type passes a filter. Groups are nested under numbers; a name that types lack is refused.
fn admits(row: &Array, filter: &Array) -> Result<bool, MethodError> {
    let mut passed = Vec::new();
    for (key, value) in filter.iter() {
        let text = key.to_text();
        match (key, value) {
            _ if text.eq_ignore_ascii_case("logic") => {}
            (Key::Int(_), Value::Array(group)) => passed.push(admits(row, group)?),
            _ => {
                let key = FilterKey::parse(&text, Family::Items);
                let field = row.get(key.name).ok_or_else(|| {
                    invalid(format!(
                        "Invalid filter: field '{}' is not allowed in filter",
                        key.name
                    ))
                })?;
                passed.push(passes(field, &key, value));
            }
        }
    }
    let any = filter
        .get_ignoring_case("logic")
        .is_some_and(|logic| logic.to_text().eq_ignore_ascii_case("or"));
    Ok(if any && !passed.is_empty() {
        passed.contains(&true)
    } else {
        !passed.contains(&false)
    })
}

fn check_order(known: &Array, order: &Value) -> Result<(), MethodError> {
    for (key, direction) in order.as_array().into_iter().flat_map(Array::iter) {
        let name = key.to_text();
        if known.get(&name).is_none() {
            return Err(invalid(format!(
                "Invalid order: field '{name}' is not allowed in order"
            )));
        }
        wanted_direction(&name, direction)?;
    }
    Ok(())
}

/// What lists leave out of a type.
const BESIDE: [&str; 3] = ["relations", "linkedUserFields", "customSections"];

/// The user fields of other modules that may show the items of a type.
const LINKED: [&str; 3] = [
    "CALENDAR_EVENT|UF_CRM_CAL_EVENT",
    "TASKS_TASK|UF_CRM_TASK",
    "TASKS_TASK_TEMPLATE|UF_CRM_TASK",
];

/// The place of the type with this ID among the tables.
fn place(state: &PortalData, id: i64) -> Option<usize> {
    let types = state.smart().iter();
    let mut types = types.filter(|table| table.entity_type >= 128);
    let found = types.find(|table| type_id(table) == id);
    found.map(|table| table.entity)
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("id")?.to_int();
    one(state, place(state, id))
}

pub(crate) fn get_by_entity_type_id(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let entity_type = call.required("entityTypeId")?.to_int();
    let types = state.smart().iter();
    let mut types = types.filter(|table| table.entity_type >= 128);
    let found = types.find(|table| i64::from(table.entity_type) == entity_type);
    one(state, found.map(|table| table.entity))
}

fn one(state: &PortalData, place: Option<usize>) -> Result<Output, MethodError> {
    let table = state.table(place.ok_or_else(not_found)?);
    let row = described_in_full(state, table);
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "type", row,
    )]))))
}

/// A type with what lists leave out of it.
fn described_in_full(state: &PortalData, table: &Table) -> Array {
    let mut row = describe(state, table);
    if row.get("relations").is_none() {
        row.insert("relations", relations(None));
        row.insert("linkedUserFields", linked(None));
        row.insert("customSections", Array::new());
    }
    row
}

/// Shows the relations of a type at the smart processes at their other ends too.
fn show_at_other_ends(
    state: &mut PortalData,
    entity_type: u32,
    before: &BTreeSet<Relation>,
    after: &BTreeSet<Relation>,
) {
    let own = i64::from(entity_type);
    let row = state.type_settings.get(&entity_type).cloned();
    for relation in before.symmetric_difference(after) {
        let (child, parent) = *relation;
        let (other, own_side, other_side) = if child == own {
            (parent, "parent", "child")
        } else {
            (child, "child", "parent")
        };
        let is_smart = |table: &&Table| i64::from(table.entity_type) == other && other >= 128;
        let Some(table) = state.smart().iter().find(is_smart).filter(|_| other != own) else {
            continue;
        };
        let is_of = |link: &&Value, of: i64| {
            let named = link.get("entityTypeId").map(Value::to_int);
            named == Some(of)
        };
        let relations = row.as_ref().and_then(|row| row.get("relations"));
        let side = relations.and_then(|relations| relations.get(own_side)?.as_array());
        let mut side = side.into_iter().flat_map(Array::values);
        let link = side.find(|link| is_of(link, other));
        let other_type = table.entity_type;
        let mut shown = described_in_full(state, table);
        let mut both = shown.get("relations").and_then(Value::as_array).cloned();
        let theirs = both
            .as_ref()
            .and_then(|both| both.get(other_side)?.as_array());
        let theirs = theirs.into_iter().flat_map(Array::values);
        let mut theirs: Vec<Value> = theirs.filter(|link| !is_of(link, own)).cloned().collect();
        if let Some(link) = link.filter(|_| after.contains(relation)) {
            let mut link = link.as_array().cloned().unwrap_or_default();
            link.insert("entityTypeId", own);
            theirs.push(Value::Array(link));
        }
        if let Some(both) = &mut both {
            both.insert(other_side, theirs.into_iter().collect::<Value>());
        }
        shown.insert("relations", both.unwrap_or_default());
        state.type_settings.insert(other_type, shown);
    }
}

fn flag(value: &Value) -> &'static str {
    match value.to_text().as_str() {
        "" | "0" | "N" | "n" | "false" => "N",
        _ => "Y",
    }
}

/// What items of a type are linked with.
fn relations(given: Option<&Value>) -> Array {
    let side = |name: &str| -> Value {
        let links = given
            .and_then(|given| given.get(name))
            .and_then(Value::as_array);
        let links = links.into_iter().flat_map(Array::values);
        let link = |link: &Value| {
            let shown = link.get("isChildrenListEnabled").map_or("N", flag);
            let mut row = Array::new();
            row.insert(
                "entityTypeId",
                link.get("entityTypeId").map_or(0, Value::to_int),
            );
            row.insert("isChildrenListEnabled", shown);
            row.insert("isPredefined", "N");
            row
        };
        links.map(link).collect()
    };
    Array::from_iter([("parent", side("parent")), ("child", side("child"))])
}

fn linked(given: Option<&Value>) -> Array {
    let value = |name: &'static str| {
        (
            name,
            given.and_then(|given| given.get(name)).map_or("N", flag),
        )
    };
    Array::from_iter(LINKED.map(value))
}

/// `crm.type.fields`
pub(crate) fn fields(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let around = |flags: &mut Array, rows: &[(&'static str, &str, [bool; 3], &str)]| {
        for &(name, kind, [required, read_only, immutable], title) in rows {
            let mut field =
                describe_field(kind, required, read_only, immutable, title, &upper(name));
            field.insert("upperName", upper(name));
            flags.insert(name, field);
        }
    };
    let mut fields = Array::new();
    around(
        &mut fields,
        &[
            ("id", "integer", [false, true, false], "ID"),
            ("title", "string", [true, false, false], "Название"),
            ("code", "string", [false, false, false], "Символьный код"),
            ("createdBy", "user", [false, true, false], "Кем создан"),
            (
                "entityTypeId",
                "integer",
                [true, false, true],
                "Идентификатор типа",
            ),
            (
                "customSectionId",
                "integer",
                [false, false, true],
                "Цифровое рабочее место",
            ),
        ],
    );
    for (name, _) in FLAGS.iter().take(14) {
        around(&mut fields, &[(name, "boolean", [false; 3], name)]);
    }
    around(
        &mut fields,
        &[
            (
                "createdTime",
                "datetime",
                [false, true, false],
                "Дата создания",
            ),
            (
                "updatedTime",
                "datetime",
                [false, true, false],
                "Дата изменения",
            ),
            ("updatedBy", "user", [false, true, false], "Кем изменён"),
        ],
    );
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "fields", fields,
    )]))))
}

/// `entityTypeId` → `ENTITY_TYPE_ID`
pub(super) fn upper(name: &str) -> String {
    let mut upper = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}

/// A field in the words of controllers.
pub(super) fn describe_field(
    kind: &str,
    required: bool,
    read_only: bool,
    immutable: bool,
    title: &str,
    upper_name: &str,
) -> Array {
    let mut map = Array::new();
    map.insert("type", kind);
    for (name, flag) in [
        ("isRequired", required),
        ("isReadOnly", read_only),
        ("isImmutable", immutable),
        ("isMultiple", false),
        ("isDynamic", false),
    ] {
        map.insert(name, flag);
    }
    map.insert("title", title);
    map.insert("upperName", upper_name);
    map
}

/// `crm.type.add`: a smart process, with its funnel and the stages of it.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const FIRST_FREE: i64 = 1_030;
    let given = call
        .required("fields")?
        .as_array()
        .cloned()
        .unwrap_or_default();
    let title = given.get("title").map(Value::to_text).unwrap_or_default();
    if title.trim().is_empty() {
        let text = "Field 'TITLE' is required";
        return Err(MethodError::new(400, "0", text));
    }
    let is_taken = |id: i64| state.by_type(id).is_some();
    let entity_type = match given.get("entityTypeId").filter(|id| id.is_truthy()) {
        None => (FIRST_FREE..).step_by(2).find(|&id| !is_taken(id)),
        Some(id) => Some(id.to_int()),
    };
    let is_allowed = |id: &i64| {
        let in_range = (128..=192).contains(id) || (*id >= FIRST_FREE && id % 2 == 0);
        in_range && !is_taken(*id)
    };
    let entity_type = entity_type.filter(is_allowed);
    let entity_type = entity_type.and_then(|id| u32::try_from(id).ok());
    let entity_type =
        entity_type.ok_or_else(|| invalid("entityTypeId is out of allowed range".to_owned()))?;
    let place = state.tables.len();
    let schema = Schema::new(SMART_FIELDS);
    let table = state.tables[0].empty(place, entity_type, schema);
    let flags = FLAGS.into_iter().map(|(name, _)| {
        let usual = if name == "isSetOpenPermissions" {
            "Y"
        } else {
            "N"
        };
        (name, given.get(name).map_or(usual, flag))
    });
    let now = moment::text(call.seconds());
    let mut row = described(&table, &title, flags, call.user as i64, &now);
    row.insert("relations", relations(given.get("relations")));
    row.insert("linkedUserFields", linked(given.get("linkedUserFields")));
    row.insert("customSections", Array::new());
    state.tables.push(table);
    let related = relations::of(&row, i64::from(entity_type));
    state.type_settings.insert(entity_type, row);
    relations::change(state, &BTreeSet::new(), &related);
    show_at_other_ends(state, entity_type, &BTreeSet::new(), &related);
    state.begin_funnel(entity_type, smart::category(entity_type));
    tell(state, "ADD", place);
    one(state, Some(place))
}

/// Records the event of a smart process.
fn tell(state: &mut PortalData, verb: &str, place: usize) {
    let row = describe(state, state.table(place));
    let id = row.get("id").map(Value::to_text).unwrap_or_default();
    state.tell(format!("ONCRMTYPE{verb}"), &serde_json::json!({ "ID": id }));
}

/// `crm.type.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("id")?.to_int();
    let missing = || MethodError::new(400, "0", "SPA not found");
    let place = place(state, id).ok_or_else(missing)?;
    let fields = call.params.get("fields").and_then(Value::as_array);
    let given = fields.cloned().unwrap_or_default();
    let entity_type = state.table(place).entity_type;
    let mut row = describe(state, state.table(place));
    let related = relations::of(&row, i64::from(entity_type));
    for (name, value) in given.iter() {
        let name = name.to_text();
        if FLAGS.iter().any(|(flag, _)| *flag == name) {
            row.insert(name.as_str(), flag(value));
        }
    }
    if let Some(title) = given.get("title").map(Value::to_text) {
        row.insert("title", title);
    }
    if given.get("relations").is_some() || row.get("relations").is_none() {
        row.insert("relations", relations(given.get("relations")));
    }
    if given.get("linkedUserFields").is_some() || row.get("linkedUserFields").is_none() {
        row.insert("linkedUserFields", linked(given.get("linkedUserFields")));
    }
    row.insert("customSections", Array::new());
    row.insert("updatedTime", moment::text(call.seconds()));
    row.insert("updatedBy", call.user as i64);
    let related_now = relations::of(&row, i64::from(entity_type));
    state.type_settings.insert(entity_type, row);
    relations::change(state, &related, &related_now);
    show_at_other_ends(state, entity_type, &related, &related_now);
    tell(state, "UPDATE", place);
    one(state, Some(place))
}

/// `crm.type.delete`: of a smart process that has no items.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Some(id) = call.params.get("id").map(Value::to_int) else {
        return Ok(Output::value(&Value::Null));
    };
    let missing = || MethodError::new(400, "0", "Smart process not found");
    let place = place(state, id).ok_or_else(missing)?;
    let table = state.table(place);
    if table.ids(1, u64::MAX).next().is_some() {
        let text = "You cannot delete an entity type that has elements";
        return Err(MethodError::new(400, "BX_ERROR", text));
    }
    let entity_type = table.entity_type;
    tell(state, "DELETE", place);
    let row = describe(state, state.table(place));
    let related = relations::of(&row, i64::from(entity_type));
    relations::change(state, &related, &BTreeSet::new());
    show_at_other_ends(state, entity_type, &related, &BTreeSet::new());
    state.end_funnel(entity_type, smart::category(entity_type));
    state.categories.replace(i64::from(entity_type), Vec::new());
    state.type_settings.remove(&entity_type);
    // Its place stays: tables are found by their places.
    state.table_mut(place).entity_type = 0;
    Ok(Output::value(&Value::Array(Array::new())))
}
