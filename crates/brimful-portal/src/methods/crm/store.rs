//! How written values become rows, whichever family wrote them.

use brimful_protocol::{Array, Value};

use super::{links, record_files, stage_history};
use crate::context::moment;
use crate::data::list::shape::Shape;
use crate::data::schema::{Class, Field, Kind, Schema};
use crate::data::table::{Record, Table};
use crate::data::{PortalData, entities, stages};

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author {
    pub(crate) user: u64,
    pub(crate) now: i64,
}

/// Adds a row with `values`, and all that the portal itself sets.
pub(crate) fn add(
    state: &mut PortalData,
    entity: usize,
    values: Vec<(usize, Value)>,
    author: Author,
) -> u64 {
    let mut record = Record::default();
    let table = state.table(entity);
    for (name, value) in defaults(entity, table.entity_type, author) {
        if let Some(field) = table.schema.item(name) {
            record.set(field, value);
        }
    }
    let mut fields: Vec<usize> = Vec::new();
    for (field, value) in values {
        let value = normal(state, entity, None, field, &value, author.now);
        record.set(field, value);
        fields.push(field);
    }
    begin_in_funnel(state.table(entity), &mut record, &fields);
    derive(&state.table(entity).schema, &mut record);
    close(state.table(entity), None, &mut record, author.now);
    let id = state.table_mut(entity).insert(record);
    record_files::keep(state, entity, id, &fields, author);
    links::follow(state, entity, id, &fields);
    name_after_id(state, entity, id);
    stage_history::note(state, entity, id, None, author.now);
    id
}

/// Gives a row for which a call names the funnel alone the first stage of that funnel.
fn begin_in_funnel(table: &Table, record: &mut Record, given: &[usize]) {
    let (Some(stage), Some(funnel)) = (
        table.schema.item("STAGE_ID"),
        table.schema.item("CATEGORY_ID"),
    ) else {
        return;
    };
    if given.contains(&stage) || !given.contains(&funnel) {
        return;
    }
    let category = record.get(funnel).map_or(0, Value::to_int);
    let first = match table.entity {
        entities::DEAL if category == 0 => "NEW".to_owned(),
        entities::DEAL => format!("C{category}:NEW"),
        _ => format!("DT{}_{category}:NEW", table.entity_type),
    };
    record.set(stage, Value::Text(first));
}

/// Writes `values` to a row that exists.
pub(crate) fn update(
    state: &mut PortalData,
    entity: usize,
    id: u64,
    values: Vec<(usize, Value)>,
    author: Author,
) {
    let before = stage_history::stage(state, entity, id);
    let mut record = Record::default();
    let mut fields: Vec<usize> = Vec::new();
    for (field, value) in values {
        let value = normal(state, entity, Some(id), field, &value, author.now);
        let value = record_files::written(state, (entity, id, field), value, author);
        record.set(field, value);
        fields.push(field);
    }
    let funnel = funnel(state, entity, id);
    begin_in_other_funnel(state.table(entity), &mut record, &mut fields, funnel);
    let schema = &state.tables[entity].schema;
    let moved = ["STATUS_ID", "STAGE_ID"]
        .iter()
        .any(|name| schema.legacy(name).is_some_and(|at| fields.contains(&at)));
    derive(schema, &mut record);
    close(&state.tables[entity], Some(id), &mut record, author.now);
    let schema = &state.tables[entity].schema;
    let mut touched = vec![
        ("DATE_MODIFY", time(author.now)),
        ("UPDATED_TIME", time(author.now)),
    ];
    touched.push(("MODIFY_BY_ID", Value::Int(author.user as i64)));
    touched.push(("UPDATED_BY", Value::Int(author.user as i64)));
    if moved {
        touched.push(("MOVED_TIME", time(author.now)));
        touched.push(("MOVED_BY_ID", Value::Int(author.user as i64)));
        touched.push(("MOVED_BY", Value::Int(author.user as i64)));
    }
    for (name, value) in touched {
        if let Some(field) = schema.item(name) {
            record.set(field, value);
        }
    }
    links::remember(state, entity, id, &fields);
    state.table_mut(entity).update(id, record.into_values());
    links::follow(state, entity, id, &fields);
    tell_of_another_funnel(state, entity, id, funnel);
    if before.is_some() {
        stage_history::note(state, entity, id, before.as_ref(), author.now);
    }
}

/// The funnel of a deal.
fn funnel(state: &PortalData, entity: usize, id: u64) -> Option<i64> {
    let table = state.table(entity);
    let at = table.schema.legacy("CATEGORY_ID")?;
    (entity == entities::DEAL).then(|| table.row(id).cell(at).to_int().unwrap_or(0))
}

/// Gives a deal that moves to another funnel the first stage of it, where the call names none.
fn begin_in_other_funnel(
    table: &Table,
    record: &mut Record,
    given: &mut Vec<usize>,
    before: Option<i64>,
) {
    let funnel = table.schema.item("CATEGORY_ID");
    let funnel = funnel.and_then(|at| record.get(at)).map(Value::to_int);
    let stage = table.schema.item("STAGE_ID");
    if before.is_none() || funnel.is_none() || before == funnel {
        return;
    }
    begin_in_funnel(table, record, given);
    given.extend(stage.filter(|stage| !given.contains(stage)));
}

/// Says that a deal has moved to another funnel.
fn tell_of_another_funnel(state: &mut PortalData, entity: usize, id: u64, before: Option<i64>) {
    let Some(now) = funnel(state, entity, id).filter(|now| Some(*now) != before) else {
        return;
    };
    let table = state.table(entity);
    let stage = table.schema.legacy("STAGE_ID");
    let stage = stage.and_then(|at| table.row(id).cell(at).to_text());
    let fields = serde_json::json!({
        "ID": id.to_string(),
        "CATEGORY_ID": now.to_string(),
        "STAGE_ID": stage.unwrap_or_default(),
    });
    state.tell("ONCRMDEALMOVETOCATEGORY".to_owned(), &fields);
}

fn time(seconds: i64) -> Value {
    Value::Text(moment::text(seconds))
}

/// What a new row has before anything is written to it.
fn defaults(entity: usize, entity_type: u32, author: Author) -> Vec<(&'static str, Value)> {
    let user = || Value::Int(author.user as i64);
    let now = || time(author.now);
    let mut values = vec![
        ("ENTITY_TYPE_ID", Value::Int(i64::from(entity_type))),
        ("CREATED_BY", user()),
        ("UPDATED_BY", user()),
        ("MOVED_BY", user()),
        ("CREATED_TIME", now()),
        ("UPDATED_TIME", now()),
        ("MOVED_TIME", now()),
        ("LAST_ACTIVITY_TIME", now()),
        ("LAST_ACTIVITY_BY", user()),
        ("ASSIGNED_BY_ID", user()),
        ("OPENED", "Y".into()),
        ("OPPORTUNITY", Value::Int(0)),
        ("CURRENCY_ID", "RUB".into()),
        ("IS_MANUAL_OPPORTUNITY", "N".into()),
        ("HAS_PHONE", "N".into()),
        ("HAS_EMAIL", "N".into()),
        ("HAS_IMOL", "N".into()),
        ("IS_RETURN_CUSTOMER", "N".into()),
    ];
    match entity {
        entities::LEAD => values.extend([
            ("STATUS_ID", "NEW".into()),
            ("STATUS_SEMANTIC_ID", "P".into()),
        ]),
        entities::DEAL => values.extend([
            ("STAGE_ID", "NEW".into()),
            ("STAGE_SEMANTIC_ID", "P".into()),
            ("CATEGORY_ID", Value::Int(0)),
            ("TYPE_ID", "SALE".into()),
            ("CLOSED", "N".into()),
            ("IS_NEW", "Y".into()),
            ("IS_RECURRING", "N".into()),
            ("IS_REPEATED_APPROACH", "N".into()),
            ("TAX_VALUE", Value::Int(0)),
            ("BEGINDATE", time(moment::midnight(author.now))),
            ("CLOSEDATE", time(moment::midnight(author.now + 7 * 86_400))),
        ]),
        entities::QUOTE => values.extend([
            ("STATUS_ID", "DRAFT".into()),
            ("CLOSED", "N".into()),
            ("BEGINDATE", time(moment::midnight(author.now))),
            ("CLOSEDATE", time(moment::midnight(author.now + 7 * 86_400))),
        ]),
        entities::CONTACT => values.extend([("EXPORT", "Y".into()), ("TYPE_ID", "CLIENT".into())]),
        entities::COMPANY => values.extend([
            ("COMPANY_TYPE", "CUSTOMER".into()),
            ("IS_MY_COMPANY", "N".into()),
        ]),
        _ => {
            let category = entities::smart::category(entity_type);
            values.extend([
                ("XML_ID", "".into()),
                ("CATEGORY_ID", Value::Int(category)),
                (
                    "STAGE_ID",
                    Value::Text(format!("DT{entity_type}_{category}:NEW")),
                ),
                ("BEGINDATE", time(moment::midnight(author.now))),
                ("CLOSEDATE", time(moment::midnight(author.now + 7 * 86_400))),
            ]);
        }
    }
    values
}

/// Sets what follows from other fields.
fn derive(schema: &Schema, record: &mut Record) {
    let stage = ["STATUS_ID", "STAGE_ID"]
        .iter()
        .find_map(|name| record.get(schema.legacy(name)?).map(Value::to_text));
    if let Some(stage) = stage {
        let semantic = stages::semantic(&stage);
        for (name, value) in [
            ("STATUS_SEMANTIC_ID", semantic),
            ("STAGE_SEMANTIC_ID", semantic),
            ("CLOSED", if semantic == "P" { "N" } else { "Y" }),
        ] {
            if let Some(field) = schema.legacy(name) {
                record.set(field, value.into());
            }
        }
    }
    for (values, flag) in [("PHONE", "HAS_PHONE"), ("EMAIL", "HAS_EMAIL")] {
        let (Some(values), Some(flag)) = (schema.legacy(values), schema.legacy(flag)) else {
            continue;
        };
        if let Some(Value::Array(array)) = record.get(values) {
            let has = if array.is_empty() { "N" } else { "Y" };
            record.set(flag, has.into());
        }
    }
}

/// Says when a lead was closed: when it came to a final stage. One that is opened again is not closed.
fn close(table: &Table, id: Option<u64>, record: &mut Record, now: i64) {
    let (Some(at), Some(stage)) = (
        table.schema.legacy("DATE_CLOSED"),
        table.schema.legacy("STATUS_ID"),
    ) else {
        return;
    };
    let Some(stage) = record.get(stage).map(Value::to_text) else {
        return;
    };
    if stages::semantic(&stage) == "P" {
        record.set(at, Value::Null);
    } else if id.is_none_or(|id| table.row(id).cell(at).is_empty()) {
        record.set(at, time(now));
    }
}

/// Rows that were given no title are called after their ID.
fn name_after_id(state: &mut PortalData, entity: usize, id: u64) {
    let word = match entity {
        entities::LEAD => "Лид",
        entities::DEAL => "Сделка",
        entities::CONTACT | entities::COMPANY => return,
        _ => "Элемент",
    };
    let table = state.table_mut(entity);
    if let Some(title) = table.schema.legacy("TITLE")
        && table.row(id).cell(title).is_empty()
    {
        table.update(id, [(title, Value::Text(format!("{word} #{id}")))]);
    }
}

/// A written value as it is kept.
fn normal(
    state: &mut PortalData,
    entity: usize,
    id: Option<u64>,
    at: usize,
    value: &Value,
    now: i64,
) -> Value {
    let field = state.table(entity).schema.get(at).clone();
    if field.kind == Kind::Multifield {
        return multifield(state, entity, id, at, &field, value);
    }
    if field.traits.multiple && !field.kind.is_json() {
        let values = match value {
            Value::Array(array) => array.values().cloned().collect(),
            Value::Null | Value::Bool(false) => Vec::new(),
            Value::Text(text) if text.is_empty() => Vec::new(),
            one => vec![one.clone()],
        };
        return values
            .iter()
            .map(|value| scalar(field.kind, value, now))
            .collect();
    }
    scalar(field.kind, value, now)
}

fn scalar(kind: Kind, value: &Value, now: i64) -> Value {
    let empty = match value {
        Value::Null | Value::Bool(false) => !matches!(kind, Kind::Char | Kind::Boolean),
        Value::Text(text) => text.is_empty(),
        _ => false,
    };
    if empty {
        return if kind == Kind::Text {
            Value::Text(value.to_text())
        } else {
            Value::Null
        };
    }
    match (kind, kind.class()) {
        (Kind::Char, _) => if is_yes(value) { "Y" } else { "N" }.into(),
        (Kind::Boolean, _) => Value::Bool(is_yes(value)),
        (_, Class::Integer) => Value::Int(value.to_int()),
        (_, Class::Number) => Value::Float(value.to_float()),
        (kind, Class::Time) => {
            let parsed = moment::parse(&value.to_text(), now);
            let parsed = if kind == Kind::Date {
                parsed.map(moment::midnight)
            } else {
                parsed
            };
            parsed.map_or(Value::Null, time)
        }
        (kind, _) if kind.is_json() => value.clone(),
        (_, Class::Text) => match value {
            Value::Array(_) => value.clone(),
            other => Value::Text(other.to_text()),
        },
    }
}

pub(super) fn is_yes(value: &Value) -> bool {
    match value {
        Value::Text(text) => matches!(text.as_str(), "Y" | "y" | "1" | "true"),
        other => other.is_truthy(),
    }
}

/// Phones and the like: entries with an ID change or, without a value, delete that one; the others are added.
fn multifield(
    state: &mut PortalData,
    entity: usize,
    id: Option<u64>,
    at: usize,
    field: &Field,
    value: &Value,
) -> Value {
    let mut kept: Vec<Array> = match id.and_then(|id| current(state, entity, id, at, field)) {
        Some(Value::Array(entries)) => entries
            .values()
            .filter_map(Value::as_array)
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    // A text in the place of a list is passed over.
    let entries: Vec<Value> = match value {
        Value::Array(array) => array.values().cloned().collect(),
        _ => Vec::new(),
    };
    for entry in &entries {
        let text = |key: &str| entry.get(key).map(Value::to_text).unwrap_or_default();
        let (id, value) = match entry {
            Value::Text(bare) => (String::new(), bare.clone()),
            _ => (text("ID"), text("VALUE")),
        };
        let delete = value.is_empty() || text("DELETE") == "Y";
        let known = kept
            .iter()
            .position(|kept| kept.get("ID").is_some_and(|kept| kept.to_text() == id));
        match (known, delete) {
            (Some(known), true) => {
                kept.remove(known);
            }
            (Some(known), false) => {
                kept[known].insert("VALUE", value);
                if entry.get("VALUE_TYPE").is_some() {
                    kept[known].insert("VALUE_TYPE", text("VALUE_TYPE"));
                }
            }
            (None, true) => {}
            (None, false) => {
                let value_type = text("VALUE_TYPE");
                let mut new = Array::new();
                new.insert("ID", state.new_multifield().to_string());
                new.insert(
                    "VALUE_TYPE",
                    if value_type.is_empty() {
                        "WORK".to_owned()
                    } else {
                        value_type
                    },
                );
                new.insert("VALUE", value);
                new.insert("TYPE_ID", field.name.as_ref());
                kept.push(new);
            }
        }
    }
    kept.into_iter().map(Value::Array).collect()
}

/// A field of a row as a value, in the legacy spelling.
fn current(state: &PortalData, entity: usize, id: u64, at: usize, field: &Field) -> Option<Value> {
    let row = state.table(entity).get(id)?;
    let mut json = Vec::new();
    Shape::Legacy.write(&mut json, field, row.cell(at));
    serde_json::from_slice(&json).ok()
}
