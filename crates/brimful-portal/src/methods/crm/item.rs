//! `crm.item.*`: one family for all record types, with camel-case names and typed values.

use brimful_protocol::{Array, Value, json};

use super::store;
use super::value_checks;
use super::{fields, item_filter, links};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::LEAD;
use crate::data::list::paging::Paging;
use crate::data::list::plan::{Plan, list as write_list};
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;
use crate::data::schema::{ID, Kind, Schema};
use crate::data::table::{Row, Table};
use crate::methods::params::{missing, strings};
use crate::methods::tasks::array_or_nothing;

/// What of an item is written: its fields, and `fm` with its phones and the like.
struct ItemPlan<'t> {
    plan: Plan<'t>,
    table: &'t Table,
    /// The places of the multifields, if they are asked for.
    fm: Option<Vec<usize>>,
}

impl<'t> ItemPlan<'t> {
    /// The plan for a `select`; unknown names are dropped, and none at all is `*`.
    fn new(table: &'t Table, select: &[&str], original: bool) -> Self {
        let schema = &table.schema;
        let standard = |schema: &'t Schema| {
            let all = schema.fields().iter().enumerate();
            all.filter(|(_, field)| field.kind != Kind::Multifield)
                .map(|(at, _)| at)
        };
        let mut chosen = Vec::new();
        let mut fm = false;
        for name in select {
            match *name {
                "*" => {
                    chosen.extend(standard(schema));
                    fm = true;
                }
                "UF_*" | "uf*" | "uf_*" => {
                    chosen.extend(standard(schema).filter(|&at| schema.get(at).is_user_field()));
                }
                "fm" | "FM" => fm = true,
                name => chosen.extend(
                    schema
                        .item(name)
                        .filter(|&at| schema.get(at).kind != Kind::Multifield),
                ),
            }
        }
        if chosen.is_empty() && !fm {
            chosen.extend(standard(schema));
            fm = true;
        }
        if !chosen.contains(&ID) {
            chosen.insert(0, ID);
        }
        let plan = Plan::new(table, Shape::Item, chosen);
        let plan = if original {
            plan.with_original_user_fields()
        } else {
            plan
        };
        let multifields = || -> Vec<usize> {
            let all = schema.fields().iter().enumerate();
            all.filter(|(_, field)| field.kind == Kind::Multifield)
                .map(|(at, _)| at)
                .collect()
        };
        let fm = fm.then(multifields).filter(|fields| !fields.is_empty());
        Self { plan, table, fm }
    }

    fn write(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        self.plan.write_open(out, row);
        if let Some(fields) = &self.fm {
            out.extend_from_slice(b",\"fm\":[");
            let start = out.len();
            for &at in fields {
                let cell = row.cell(at);
                if cell.is_empty() {
                    continue;
                }
                if out.len() > start {
                    out.push(b',');
                }
                // The lists of the fields become one.
                let open = out.len();
                Shape::Item.write(out, self.table.schema.get(at), cell);
                out.remove(open);
                out.pop();
            }
            out.push(b']');
        }
        out.push(b'}');
    }
}

/// The table that a call means by `entityTypeId`.
pub(crate) fn table<'s>(state: &'s PortalData, call: &Call<'_>) -> Result<&'s Table, MethodError> {
    /// Invoices of the older kind and requisites have methods of their own.
    const OTHERWISE: [(i64, &str); 2] = [(5, "INVOICE"), (8, "REQUISITE")];
    let entity_type = call.required("entityTypeId")?.to_int();
    state.by_type(entity_type).ok_or_else(|| {
        let other = OTHERWISE.iter().find(|(id, _)| *id == entity_type);
        match other {
            Some((_, name)) => MethodError::new(
                400,
                "ENTITY_TYPE_NOT_SUPPORTED",
                format!("Entity type {name} is not supported"),
            ),
            None => MethodError::new(400, "NOT_FOUND", "Smart process not found"),
        }
    })
}

/// The item that a call names, which the caller may see.
fn existing(state: &PortalData, table: &Table, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = u64::try_from(call.required("id")?.to_int()).unwrap_or(0);
    if !table.contains(id) {
        return Err(not_found());
    }
    if !call.may_see_record(state, table, id) {
        let text = if call.method == "crm.item.get" {
            "You do not have permission to view this item"
        } else {
            "Access denied"
        };
        return Err(MethodError::new(400, "ACCESS_DENIED", text));
    }
    Ok(id)
}

pub(crate) fn not_found() -> MethodError {
    MethodError::new(400, "NOT_FOUND", "Element not found")
}

fn original_names(call: &Call<'_>) -> bool {
    call.params
        .get("useOriginalUfNames")
        .is_some_and(|value| matches!(value.to_text().as_str(), "Y" | "1"))
}

fn array<'c>(call: &'c Call<'_>, name: &str) -> std::borrow::Cow<'c, Array> {
    match call.params.get(name) {
        Some(Value::Array(array)) => std::borrow::Cow::Borrowed(array),
        _ => std::borrow::Cow::Owned(Array::new()),
    }
}

pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state, call)?;
    for name in ["filter", "order", "select"] {
        array_or_nothing(call, name)?;
    }
    let filter = item_filter::condition(&table.schema, &array(call, "filter"), call.seconds())?
        .and(call.sees_records(state, table));
    let order = item_filter::order(&table.schema, &array(call, "order"))?;
    let select = strings(call.params.get("select"))
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let select: Vec<&str> = select.iter().map(String::as_str).collect();
    let plan = ItemPlan::new(table, &select, original_names(call));
    let start = call.start();
    let page = Paging::Controller.page(&Query::new(table, filter, order), start, call);
    let output = write_list(Some("items"), &page.ids, |out, id| {
        plan.write(out, &table.row(id));
    });
    Ok(page.with_pagination_fields(output))
}

fn item(table: &Table, id: u64, original: bool) -> Output {
    let mut out = br#"{"item":"#.to_vec();
    ItemPlan::new(table, &[], original).write(&mut out, &table.row(id));
    if table.entity == LEAD {
        add_lead_fields(&mut out, br#"{"item":"#.len(), table, &table.row(id));
    }
    out.push(b'}');
    Output::json(out)
}

/// Adds what a lead that is read alone has beside its fields, to the object that begins in `out` at `start`.
fn add_lead_fields(out: &mut Vec<u8>, start: usize, table: &Table, row: &Row<'_>) {
    let Ok(Value::Array(mut lead)) = serde_json::from_slice(&out[start..]) else {
        return;
    };
    let text = |name: &str| {
        let at = table.schema.item(name);
        let text = at.and_then(|at| row.cell(at).to_text());
        text.unwrap_or_default()
    };
    let words = [
        "id",
        "title",
        "lastName",
        "name",
        "secondName",
        "companyTitle",
    ]
    .map(text);
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let communications = lead.get("fm").and_then(Value::as_array).cloned();
    let communications = communications.unwrap_or_default();
    let first = |kind: &str, of: &str| {
        let has = |one: &&Value, key: &str, value: &str| {
            value.is_empty() || one.get(key).map(Value::to_text).as_deref() == Some(value)
        };
        let mut all = communications.values();
        let found = all.find(|one| has(one, "typeId", kind) && has(one, "valueType", of));
        found.and_then(|one| one.get("value")).map(Value::to_text)
    };
    let mut further: Vec<(&str, Value)> = vec![
        ("webformId", 0.into()),
        ("searchContent", Value::Text(words.join(" "))),
    ];
    for name in [
        "dateCreateShort",
        "dateModifyShort",
        "isConvert",
        "statusDescription",
        "productId",
        "shortName",
        "login",
        "skype",
        "icq",
    ] {
        further.push((name, Value::Null));
    }
    for (name, kind, of) in [
        ("phoneMobile", "PHONE", "MOBILE"),
        ("phoneWork", "PHONE", "WORK"),
        ("phoneMailing", "PHONE", "MAILING"),
        ("emailHome", "EMAIL", "HOME"),
        ("emailWork", "EMAIL", "WORK"),
        ("emailMailing", "EMAIL", "MAILING"),
        ("imol", "IM", "IMOL"),
        ("email", "EMAIL", ""),
        ("phone", "PHONE", ""),
    ] {
        further.push((name, Value::Text(first(kind, of).unwrap_or_default())));
    }
    for (name, value) in further {
        if lead.get(name).is_none() {
            lead.insert(name, value);
        }
    }
    out.truncate(start);
    json::write(out, &Value::Array(lead));
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state, call)?;
    let id = existing(state, table, call)?;
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    Ok(item(table, id, original_names(call)))
}

pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (entity, id) = insert(state, call)?;
    Ok(item(state.table(entity), id, original_names(call)))
}

/// `crm.item.import`: an add that answers with the ID alone.
pub(crate) fn import(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (_, id) = insert(state, call)?;
    Ok(Output::json(
        format!("{{\"item\":{{\"id\":{id}}}}}").into_bytes(),
    ))
}

/// `crm.item.batchImport`: up to 20 adds.
pub(crate) fn batch_import(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const MOST: usize = 20;
    let entity = table(state, call)?.entity;
    let Value::Array(data) = call.required("data")?.clone() else {
        return Err(missing("data"));
    };
    if data.len() > MOST {
        let text = format!("Maximum number of items is {MOST}");
        return Err(MethodError::new(400, "CRM_ITEM_IMPORT_MAX_ITEMS", text));
    }
    let mut out = br#"{"items":["#.to_vec();
    for (i, fields) in data.values().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let Value::Array(fields) = fields else {
            out.extend_from_slice(b"{\"error\":\"100\",\"error_description\":\"Invalid fields\"}");
            continue;
        };
        let values = values(state.table(entity), fields);
        if let Err(refused) = value_checks::check_item(state, entity, &values, call.seconds()) {
            let mut row = Array::from_iter([("error", refused.code)]);
            row.insert("error_description", refused.description);
            json::write(&mut out, &Value::Array(row));
            continue;
        }
        let id = store::add(state, entity, values, super::legacy::author(call));
        out.extend_from_slice(b"{\"item\":{\"id\":");
        json::write_int(&mut out, id as i64);
        out.extend_from_slice(b"}}");
    }
    out.extend_from_slice(b"]}");
    Ok(Output::json(out))
}

fn insert(state: &mut PortalData, call: &Call<'_>) -> Result<(usize, u64), MethodError> {
    let table = table(state, call)?;
    let entity = table.entity;
    let values = written(table, call)?;
    value_checks::check_item(state, entity, &values, call.seconds())?;
    Ok((
        entity,
        store::add(state, entity, values, super::legacy::author(call)),
    ))
}

pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state, call)?;
    let entity = table.entity;
    let id = existing(state, table, call)?;
    let values = written(table, call)?;
    value_checks::check_item(state, entity, &values, call.seconds())?;
    store::update(state, entity, id, values, super::legacy::author(call));
    Ok(item(state.table(entity), id, original_names(call)))
}

pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state, call)?;
    let entity = table.entity;
    let id = existing(state, table, call)?;
    links::unlink(state, entity, id);
    state.delete_row(entity, id);
    Ok(Output::json(b"[]".to_vec()))
}

pub(crate) fn fields(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = table(state, call)?;
    let fields = fields::items(&table.schema, original_names(call));
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "fields", fields,
    )]))))
}

fn written(table: &Table, call: &Call<'_>) -> Result<Vec<(usize, Value)>, MethodError> {
    let Value::Array(fields) = call.required("fields")? else {
        return Err(missing("fields"));
    };
    Ok(values(table, fields))
}

/// What is written: unknown and read-only fields are dropped, `fm` becomes the fields of its types.
fn values(table: &Table, fields: &Array) -> Vec<(usize, Value)> {
    let schema = &table.schema;
    let mut values = Vec::new();
    for (key, value) in fields.iter() {
        let name = key.to_text();
        if name.eq_ignore_ascii_case("fm") {
            values.extend(multifields(schema, value));
        } else if let Some(field) = schema.item(&name)
            && !schema.get(field).traits.read_only
        {
            values.push((field, value.clone()));
        }
    }
    values
}

/// `fm` is a list of `{id, typeId, valueType, value}`, or a map of such lists by type.
fn multifields(schema: &Schema, fm: &Value) -> Vec<(usize, Value)> {
    let Value::Array(fm) = fm else {
        return Vec::new();
    };
    let mut by_type: Vec<(usize, Array)> = Vec::new();
    let mut put = |type_id: &str, entry: &Array| {
        let Some(field) = schema
            .item(type_id)
            .filter(|&at| schema.get(at).kind == Kind::Multifield)
        else {
            return;
        };
        let mut legacy = Array::new();
        for (name, key) in [
            ("id", "ID"),
            ("valueType", "VALUE_TYPE"),
            ("value", "VALUE"),
            ("delete", "DELETE"),
        ] {
            if let Some(value) = entry.get(name).or_else(|| entry.get(key)) {
                legacy.insert(key, value.to_text());
            }
        }
        match by_type.iter_mut().find(|(at, _)| *at == field) {
            Some((_, entries)) => entries.push(legacy),
            None => by_type.push((field, [(0, legacy)].into_iter().collect())),
        }
    };
    for (key, entry) in fm.iter() {
        let Value::Array(entry) = entry else { continue };
        match entry.get("typeId").or_else(|| entry.get("TYPE_ID")) {
            Some(type_id) => put(&type_id.to_text(), entry),
            None => entry
                .values()
                .filter_map(Value::as_array)
                .for_each(|one| put(&key.to_text(), one)),
        }
    }
    by_type
        .into_iter()
        .map(|(field, entries)| (field, Value::Array(entries)))
        .collect()
}
