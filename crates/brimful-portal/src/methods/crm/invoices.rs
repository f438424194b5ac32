//! `crm.invoice.*`: invoices before those of smart processes. The amount of one is that of its rows, and whether it is paid
//! follows from its status.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::statuses;
use crate::context::{Call, MethodError, Output, errors, moment};
use crate::data::PortalData;
use crate::data::entities::{STATUS, USER};
use crate::data::records::{self, table::Writer};
use crate::methods::disk::OWN_ADDRESS;
use crate::methods::params::legacy_error;

const KIND: &str = "crm.invoice";
const RECURRING: &str = "crm.invoice.recurring";

/// The dictionary with the statuses of invoices.
const STATUSES: &str = "INVOICE_STATUS";

/// The status of an invoice that is paid.
const PAID: &str = "P";

fn place(kind: &str) -> Result<usize, MethodError> {
    records::place(kind).ok_or_else(errors::method_not_found)
}

/// The invoice that a call names.
fn named(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.text("id").parse().ok().filter(|&id: &u64| id > 0);
    let id = id.ok_or_else(|| legacy_error("ID is not defined or invalid."))?;
    let known = state.records[place(KIND)?].get(id).map(|_| id);
    known.ok_or_else(|| legacy_error("Not found"))
}

fn given(call: &Call<'_>) -> Result<Array, MethodError> {
    let fields = call.legacy_array("fields").cloned();
    fields.ok_or_else(|| legacy_error("Parameter 'fields' must be array."))
}

/// `crm.invoice.add`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = given(call)?;
    for name in ["ORDER_TOPIC", "PERSON_TYPE_ID", "PAY_SYSTEM_ID"] {
        if fields
            .get(name)
            .is_none_or(|value| value.to_text().trim().is_empty())
        {
            return Err(legacy_error(&format!("The field {name} is required.")));
        }
    }
    let place = place(KIND)?;
    let id = state.records[place].add(&fields, writer(call));
    follow(state, call, place, id);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `crm.invoice.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let fields = given(call)?;
    let place = place(KIND)?;
    state.records[place].update(id, &fields, writer(call));
    follow(state, call, place, id);
    Ok(Output::value(&Value::Bool(true)))
}

fn writer(call: &Call<'_>) -> Writer {
    Writer {
        user: call.user,
        now: call.seconds(),
    }
}

/// Writes what follows from the rows, the status and the responsible user of an invoice.
fn follow(state: &mut PortalData, call: &Call<'_>, place: usize, id: u64) {
    let Some(row) = state.records[place].get(id).cloned() else {
        return;
    };
    let number = |row: &Value, name: &str| row.get(name).map_or(0.0, Value::to_float);
    let products = row.get("PRODUCT_ROWS").cloned().map(Value::from);
    let products = products.as_ref().and_then(Value::as_array);
    let products = products.into_iter().flat_map(Array::values);
    let price: f64 = products
        .map(|product| number(product, "PRICE") * number(product, "QUANTITY"))
        .sum();
    let status = row
        .get("STATUS_ID")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let is_paid = status == PAID;
    let was_paid = row.get("PAYED").and_then(Json::as_str) == Some("Y");
    let mut values = vec![
        ("PRICE", Json::from(format!("{price:.2}"))),
        ("PAYED", Json::from(if is_paid { "Y" } else { "N" })),
    ];
    if is_paid && !was_paid {
        values.push(("DATE_PAYED", Json::from(moment::text(call.seconds()))));
        values.push(("EMP_PAYED_ID", Json::from(call.user.to_string())));
    }
    let users = state.table(USER);
    let responsible = row.get("RESPONSIBLE_ID").cloned().map(Value::from);
    let user = responsible.and_then(|id| users.get(u64::try_from(id.to_int()).ok()?));
    for (ours, theirs) in [
        ("RESPONSIBLE_NAME", "NAME"),
        ("RESPONSIBLE_LAST_NAME", "LAST_NAME"),
        ("RESPONSIBLE_SECOND_NAME", "SECOND_NAME"),
        ("RESPONSIBLE_EMAIL", "EMAIL"),
        ("RESPONSIBLE_LOGIN", "EMAIL"),
        ("RESPONSIBLE_WORK_POSITION", "WORK_POSITION"),
    ] {
        let text = user.as_ref().and_then(|user| {
            let at = users.schema.legacy(theirs)?;
            user.cell(at).to_text()
        });
        values.push((ours, text.map_or(Json::Null, Json::from)));
    }
    state.records[place].set(id, &values);
}

/// `crm.invoice.getexternallink(id)`
pub(crate) fn link(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let code = crate::data::hash::mix(id);
    let link = format!("{OWN_ADDRESS}/pub/invoice/{id}/{code:x}/");
    Ok(Output::value(&link.into()))
}

/// `crm.invoice.recurring.expose(id)`: an invoice as the template is.
pub(crate) fn expose(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.text("id").parse().ok().filter(|&id: &u64| id > 0);
    let id = id.ok_or_else(|| legacy_error("ID is not defined or invalid."))?;
    let (templates, invoices) = (place(RECURRING)?, place(KIND)?);
    let template = state.records[templates].get(id).cloned();
    let template = template.ok_or_else(|| legacy_error("Not found"))?;
    let of = template.get("INVOICE_ID").cloned().map(Value::from);
    let of = u64::try_from(of.map_or(0, |of| of.to_int())).unwrap_or(0);
    let invoice = state.records[invoices].get(of).cloned();
    let invoice = invoice.ok_or_else(|| legacy_error("Not found"))?;
    let Value::Array(fields) = Value::from(Json::Object(invoice)) else {
        return Err(legacy_error("Not found"));
    };
    let mut fields = fields;
    for own in ["ACCOUNT_NUMBER", "DATE_INSERT", "STATUS_ID"] {
        fields.remove(own);
    }
    let added = state.records[invoices].add(&fields, writer(call));
    follow(state, call, invoices, added);
    let count = template.get("COUNTER_REPEAT").cloned().map(Value::from);
    let count = count.map_or(0, |count| count.to_int()) + 1;
    let table = &mut state.records[templates];
    table.update(id, &Array::new(), writer(call));
    let now = Json::from(moment::text(call.seconds()));
    let values = [
        ("COUNTER_REPEAT", Json::from(count.to_string())),
        ("LAST_EXECUTION", now),
    ];
    table.set(id, &values);
    let answer = Array::from_iter([("INVOICE_ID", added as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// Narrows a call of `crm.invoice.status.*` to the dictionary of invoices.
fn of_invoices(call: &mut Call<'_>, param: &str) {
    let mut given = call.legacy_array(param).cloned().unwrap_or_default();
    given.insert("ENTITY_ID", STATUSES);
    call.params.insert(param, given);
}

/// `crm.invoice.status.list`
pub(crate) fn list_statuses(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    of_invoices(call, "filter");
    statuses::list(state, call)
}

/// `crm.invoice.status.add`
pub(crate) fn add_status(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    of_invoices(call, "fields");
    statuses::add(state, call)
}

/// Refuses an entry of another dictionary.
fn check_status(state: &PortalData, call: &Call<'_>) -> Result<(), MethodError> {
    let table = state.table(STATUS);
    let id = super::legacy::existing(table, call)?;
    let at = table.schema.legacy("ENTITY_ID");
    let of = at.and_then(|at| table.row(id).cell(at).to_text());
    if of.as_deref() == Some(STATUSES) {
        return Ok(());
    }
    Err(legacy_error("Not found"))
}

/// `crm.invoice.status.get`
pub(crate) fn status(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_status(state, call)?;
    super::legacy::get::<STATUS>(state, call)
}

/// `crm.invoice.status.update`
pub(crate) fn update_status(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_status(state, call)?;
    statuses::update(state, call)
}

/// `crm.invoice.status.delete`
pub(crate) fn delete_status(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_status(state, call)?;
    statuses::delete(state, call)
}

/// `crm.requisite.preset.field.availabletoadd(preset)`: the fields of requisites that a preset has not.
pub(crate) fn fields_for_preset(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let preset = call
        .params
        .get_ignoring_case("preset")
        .and_then(|preset| preset.get("ID"));
    let preset = preset.map(Value::to_text).unwrap_or_default();
    let presets = &state.records[place("crm.requisite.preset")?];
    if presets.find(std::slice::from_ref(&preset), &[]).is_none() {
        let text = format!("The Preset with ID '{preset}' is not found");
        return Err(legacy_error(&text));
    }
    let of_preset = |row: &&Map<String, Json>| {
        let of = row.get("PRESET_ID").cloned().map(Value::from);
        of.is_some_and(|of| of.to_text() == preset)
    };
    let known = state.records[place("crm.requisite.preset.field")?].rows();
    let known = known.map(|(_, row)| row).filter(of_preset);
    let known: Vec<String> = known
        .filter_map(|row| Some(row.get("FIELD_NAME")?.as_str()?.to_owned()))
        .collect();
    let all = records::fields("crm.requisite")
        .iter()
        .map(|field| field.name);
    let free = all.filter(|name| name.starts_with("RQ_") && !known.iter().any(|one| one == name));
    Ok(Output::value(&free.collect::<Value>()))
}

/// `crm.requisite.add(fields)`: the template has to be there.
pub(crate) fn add_requisite(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let fields = call.legacy_array("fields");
    let preset = fields.and_then(|fields| fields.get("PRESET_ID"));
    let id = preset.and_then(|preset| u64::try_from(preset.to_int()).ok());
    let presets = &state.records[place("crm.requisite.preset")?];
    if preset.is_some() && id.is_none_or(|id| presets.get(id).is_none()) {
        return Err(legacy_error("PRESET_ID is not defined or invalid."));
    }
    crate::methods::records::write(state, call)
}
