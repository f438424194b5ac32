//! `crm.status.*`: the entries of dictionaries, all at once. `entity.items` and the stages of `crm.dealcategory` show
//! them in three fields, with `SORT` as a number (observed; `crm.status.list` has a string there, as documented).

use brimful_protocol::{Array, Value};

use super::{legacy, legacy_filter};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::STATUS;
use crate::data::list::plan::Plan;
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;
use crate::data::table::{Record, Row, Table};
use crate::methods::params::legacy_error;

/// `crm.status.list`
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let schema = &table.schema;
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds());
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let ids = Query::new(table, filter, order).page(0, u64::MAX);
    charge(ids.len(), call);
    let mut output = Plan::new(table, Shape::Legacy, 0..schema.fields().len()).output(None, &ids);
    output.total = Some(ids.len() as i64);
    Ok(output)
}

/// `crm.status.fields`
pub(crate) fn fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut map = super::fields::legacy(&state.table(STATUS).schema);
    let extra = super::fields::plain("crm_status_extra", "Дополнительные поля");
    map.insert("EXTRA", extra);
    Ok(Output::value(&Value::Array(map)))
}

/// `crm.status.entity.items`
pub(crate) fn items(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dictionary = call.params.get_ignoring_case("entityId");
    let dictionary = dictionary.map(Value::to_text).unwrap_or_default();
    if dictionary.is_empty() {
        return Err(legacy_error(
            "The parameter entityId is not defined or invalid.",
        ));
    }
    Ok(of(state, &dictionary, call))
}

/// `crm.status.entity.types`: the dictionaries that have entries.
pub(crate) fn types(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let mut seen: Vec<String> = Vec::new();
    for id in table.ids(1, u64::MAX) {
        let dictionary = text(&table.row(id), "ENTITY_ID");
        if !seen.contains(&dictionary) {
            seen.push(dictionary);
        }
    }
    let rows = seen.into_iter().map(|dictionary| {
        let mut row = Array::new();
        row.insert("ID", dictionary.as_str());
        row.insert("NAME", title(&dictionary));
        if let Some(funnel) = dictionary.strip_prefix("DEAL_STAGE_") {
            row.insert("PARENT_ID", "DEAL_STAGE");
            row.insert("CATEGORY_ID", funnel);
        }
        row
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

fn title(dictionary: &str) -> &str {
    match dictionary {
        "STATUS" => "Стадии лида",
        "SOURCE" => "Источники",
        "DEAL_TYPE" => "Типы сделки",
        stages if stages.starts_with("DEAL_STAGE") => "Стадии сделки",
        other => other,
    }
}

/// Whether a dictionary whose name begins with `dictionary` has the entry.
pub(super) fn has(state: &PortalData, dictionary: &str, entry: &str) -> bool {
    let table = state.table(STATUS);
    table.ids(1, u64::MAX).any(|id| {
        let row = table.row(id);
        text(&row, "STATUS_ID") == entry && text(&row, "ENTITY_ID").starts_with(dictionary)
    })
}

/// The entries of a dictionary in their order, in three fields.
pub(super) fn of(state: &PortalData, dictionary: &str, call: &mut Call<'_>) -> Output {
    let table = state.table(STATUS);
    let mut ids: Vec<u64> = table
        .ids(1, u64::MAX)
        .filter(|&id| text(&table.row(id), "ENTITY_ID") == dictionary)
        .collect();
    ids.sort_by_key(|&id| sort(&table.row(id)));
    charge(ids.len(), call);
    let rows: Vec<Array> = ids
        .into_iter()
        .map(|id| {
            let row = table.row(id);
            let mut entry = Array::new();
            entry.insert("NAME", text(&row, "NAME"));
            entry.insert("SORT", sort(&row));
            entry.insert("STATUS_ID", text(&row, "STATUS_ID"));
            entry
        })
        .collect();
    super::dictionary::written(None, &rows)
}

fn charge(rows: usize, call: &mut Call<'_>) {
    Work {
        rows: rows as u64,
        ..Work::default()
    }
    .charge(call);
}

fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.legacy(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

fn text(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

fn sort(row: &Row<'_>) -> i64 {
    cell(row, "SORT").to_int().unwrap_or(0)
}

/// `crm.status.add`: an entry needs its dictionary, its ID and its name, and no other may have that ID there.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let values = legacy::values(table, call)?;
    let given = |name: &str| {
        let field = table.schema.legacy(name);
        let value = values.iter().find(|(at, _)| Some(*at) == field);
        value.map(|(_, value)| value.to_text()).unwrap_or_default()
    };
    for name in ["ENTITY_ID", "STATUS_ID", "NAME"] {
        if given(name).is_empty() {
            return Err(legacy_error(&format!("The field {name} is required.")));
        }
    }
    let taken = |id: u64| {
        let row = table.row(id);
        text(&row, "ENTITY_ID") == given("ENTITY_ID")
            && text(&row, "STATUS_ID") == given("STATUS_ID")
    };
    if table.ids(1, u64::MAX).any(taken) {
        return Err(legacy_error("CRM Status already exists"));
    }
    let name = given("NAME");
    let mut record = Record::default();
    for (name, value) in [
        ("NAME_INIT", name.as_str()),
        ("SYSTEM", "N"),
        ("SORT", "10"),
    ] {
        set(table, &mut record, name, value);
    }
    for (field, value) in values {
        record.set(field, value);
    }
    let id = state.table_mut(STATUS).insert(record);
    Ok(Output::value(&Value::Int(id as i64)))
}

fn set(table: &Table, record: &mut Record, name: &str, value: &str) {
    if let Some(field) = table.schema.legacy(name) {
        record.set(field, value.into());
    }
}

/// `crm.status.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(STATUS);
    let id = legacy::existing(table, call)?;
    let values = legacy::values(table, call)?;
    table.update(id, values);
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.status.delete`: what came with the portal is only deleted by force.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(STATUS);
    let id = legacy::existing(table, call)?;
    let forced = call
        .legacy_array("params")
        .and_then(|params| params.get_ignoring_case("FORCED"))
        .is_some_and(|forced| forced.to_text() == "Y");
    if text(&table.row(id), "SYSTEM") == "Y" && !forced {
        let why = "CRM System Status can be deleted only if parameter FORCED is specified and equal to \"Y\".";
        return Err(legacy_error(why));
    }
    table.delete(id);
    Ok(Output::value(&Value::Bool(true)))
}
