//! `crm.lead.*`, `crm.deal.*`, `crm.contact.*`, `crm.company.*`: everything is a string, and errors have no code.

use brimful_protocol::Value;

use super::store::{self, Author};
use super::{fields, legacy_filter, links, value_checks};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::COMPANY;
use crate::data::list::paging::Paging;
use crate::data::list::plan::Plan;
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;
use crate::data::table::Table;
use crate::methods::params::{legacy_error, strings};

pub(crate) fn list<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    for name in ["order", "filter"] {
        let given = call.legacy(name);
        if given.is_some_and(|value| value.as_array().is_none() && !value.to_text().is_empty()) {
            return Err(legacy_error(&format!("Parameter '{name}' must be array.")));
        }
    }
    let table = state.table(ENTITY);
    let schema = &table.schema;
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds())
        .and(call.sees_records(state, table));
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let select = legacy_filter::select(schema, &strings(call.legacy("select")));
    let plan = Plan::new(table, Shape::Legacy, select);
    let start = call.start();
    let page = Paging::Legacy.page(&Query::new(table, filter, order), start, call);
    Ok(page.with_pagination_fields(plan.output(None, &page.ids)))
}

pub(crate) fn get<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let table = state.table(ENTITY);
    let id = existing(table, call)?;
    call.check_record(state, table, id)?;
    let row = table.row(id);
    let wanted = table.schema.fields().iter().enumerate();
    let wanted = wanted.filter(|(_, field)| !field.traits.items_only);
    let plan = Plan::new(table, Shape::Legacy, wanted.map(|(at, _)| at));
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    let mut out = Vec::with_capacity(2048);
    plan.write(&mut out, &row);
    Ok(Output::json(out))
}

pub(crate) fn add<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let values = values(state.table(ENTITY), call)?;
    if ENTITY == COMPANY {
        let title = state.table(ENTITY).schema.legacy("TITLE");
        if !values
            .iter()
            .any(|(field, value)| Some(*field) == title && !value.to_text().is_empty())
        {
            return Err(legacy_error("Не заполнено поле «Название компании»"));
        }
    }
    value_checks::check(state, ENTITY, &values)?;
    let id = store::add(state, ENTITY, values, author(call));
    Ok(Output::value(&Value::Int(id as i64)))
}

pub(crate) fn update<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let table = state.table(ENTITY);
    let id = existing(table, call)?;
    call.check_record(state, table, id)?;
    let values = values(table, call)?;
    value_checks::check(state, ENTITY, &values)?;
    store::update(state, ENTITY, id, values, author(call));
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn delete<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = existing(state.table(ENTITY), call)?;
    call.check_record(state, state.table(ENTITY), id)?;
    links::unlink(state, ENTITY, id);
    state.delete_row(ENTITY, id);
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn fields<const ENTITY: usize>(
    state: &PortalData,
    _: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let schema = &state.table(ENTITY).schema;
    let mut described = fields::legacy(schema);
    // A portal whose fields were given has no others.
    let is_given = schema
        .fields()
        .iter()
        .any(|field| field.description.is_some());
    if let Some((name, description)) = fields::linked(ENTITY).filter(|_| !is_given)
        && described.get(name).is_none()
    {
        described.insert(name, description);
    }
    Ok(Output::value(&Value::Array(described)))
}

pub(crate) fn author(call: &Call<'_>) -> Author {
    Author {
        user: call.user,
        now: call.seconds(),
    }
}

/// The ID that a call names, of a row that exists.
pub(crate) fn existing(table: &Table, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id)
        .ok()
        .filter(|&id| id > 0)
        .ok_or_else(|| legacy_error("ID is not defined or invalid."))?;
    if table.contains(id) {
        Ok(id)
    } else {
        Err(legacy_error("Not found"))
    }
}

/// What a call writes: unknown and read-only fields are dropped.
pub(crate) fn values(table: &Table, call: &Call<'_>) -> Result<Vec<(usize, Value)>, MethodError> {
    let Some(given) = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array)
    else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let params = call.params.get_ignoring_case("params");
    if params.is_some_and(|params| params.as_array().is_none() && !params.to_text().is_empty()) {
        return Err(legacy_error("Parameter 'params' must be array."));
    }
    let writable = |(key, value): (&brimful_protocol::Key, &Value)| {
        let name = key.to_text();
        let all_links = || {
            let at = table.schema.stored_name(&name)?;
            fields::is_list_of_links(table.schema.get(at)).then_some(at)
        };
        let field = table.schema.legacy(&name).or_else(all_links)?;
        (!table.schema.get(field).traits.read_only).then(|| (field, value.clone()))
    };
    Ok(given.iter().filter_map(writable).collect())
}
