//! `crm.deal.recurring.fields`, `.add` and `.expose`: a template is a deal of its own, and so is what is made of it.

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::DEAL;
use crate::data::fixtures::collection::text;
use crate::data::records::{self, table::Writer};
use crate::data::schema::Class;
use crate::data::table::Record;
use crate::methods::params::legacy_error;

const KIND: &str = "crm.deal.recurring";

/// A new deal as another one is.
fn copy(state: &mut PortalData, deal: u64, is_template: bool) -> u64 {
    let table = state.table(DEAL);
    let row = table.row(deal);
    let mut record = Record::default();
    for (at, field) in table.schema.fields().iter().enumerate().skip(1) {
        let value = match row.cell(at) {
            Cell::Null => continue,
            Cell::Stored(value) => value.clone(),
            cell => match field.kind.class() {
                Class::Integer => cell.to_int().map_or(Value::Null, Value::Int),
                Class::Number => cell.to_float().map_or(Value::Null, Value::Float),
                _ => cell.to_text().map_or(Value::Null, Value::Text),
            },
        };
        record.set(at, value);
    }
    if let Some(at) = table.schema.legacy("IS_RECURRING") {
        record.set(at, if is_template { "Y" } else { "N" }.into());
    }
    state.table_mut(DEAL).insert(record)
}

/// What `PARAMS` has: the name, the type and the title of each.
const PARAMETERS: [(&str, &str, &str); 9] = [
    ("MODE", "string", "Repetition mode"),
    (
        "SINGLE_BEFORE_START_DATE_VALUE",
        "integer",
        "Offset before the calculation date",
    ),
    (
        "SINGLE_BEFORE_START_DATE_TYPE",
        "string",
        "Type of offset before the calculation date",
    ),
    ("MULTIPLE_TYPE", "string", "Type of repetition"),
    ("MULTIPLE_INTERVAL", "integer", "Repetition interval"),
    (
        "OFFSET_BEGINDATE_TYPE",
        "string",
        "Type of offset for the start date in the new deal",
    ),
    (
        "OFFSET_BEGINDATE_VALUE",
        "integer",
        "Offset for the start date in the new deal",
    ),
    (
        "OFFSET_CLOSEDATE_TYPE",
        "string",
        "Type of offset for the completion date in the new deal",
    ),
    (
        "OFFSET_CLOSEDATE_VALUE",
        "integer",
        "Offset for the completion date in the new deal",
    ),
];

/// `crm.deal.recurring.fields`: with what the parameters are.
pub(crate) fn fields(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = crate::methods::records::read(state, call)?;
    let Value::Array(mut fields) = output.to_value().clone() else {
        return Ok(output);
    };
    let definition = PARAMETERS.map(|(name, kind, title)| {
        let mut field = Array::from_iter([("type", kind)]);
        for flag in [
            "isRequired",
            "isReadOnly",
            "isImmutable",
            "isMultiple",
            "isDynamic",
        ] {
            field.insert(flag, false);
        }
        field.insert("title", title);
        (name, field)
    });
    if let Some(Value::Array(params)) = fields.get("PARAMS").cloned() {
        let mut params = params;
        params.insert("definition", Array::from_iter(definition));
        fields.insert("PARAMS", params);
    }
    Ok(Output::value(&Value::Array(fields)))
}

/// The parameters that are given, and what the others are if nobody says otherwise.
fn with_all_parameters(given: Option<&Value>) -> Array {
    let given = given.and_then(Value::as_array);
    let mut all = given.cloned().unwrap_or_default();
    for (name, kind, _) in &PARAMETERS[1..] {
        if all.get(name).is_none() {
            let usual = if *kind == "integer" {
                Value::Int(0)
            } else {
                Value::Null
            };
            all.insert(*name, usual);
        }
    }
    all
}

fn writer(call: &Call<'_>) -> Writer {
    Writer {
        user: call.user,
        now: call.seconds(),
    }
}

/// `crm.deal.recurring.add`: the template is made of the deal that is named.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Some(fields) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let mut fields = fields.clone();
    let named = fields.get_ignoring_case("DEAL_ID").map_or(0, Value::to_int);
    let deal = u64::try_from(named).ok().filter(|&id| id > 0);
    let deal = deal.ok_or_else(|| legacy_error("Deal id is empty"))?;
    if !state.table(DEAL).contains(deal) {
        return Err(legacy_error("Deal is not found"));
    }
    let place = records::place(KIND).ok_or_else(errors::method_not_found)?;
    let template = copy(state, deal, true);
    fields.insert("DEAL_ID", template as i64);
    let params = with_all_parameters(fields.get_ignoring_case("PARAMS"));
    fields.insert("PARAMS", params);
    let table = &mut state.records[place];
    let id = table.add(&fields, writer(call));
    table.set(id, &[("BASED_ID", Json::from(deal.to_string()))]);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `crm.deal.recurring.expose`: a deal as the template is.
pub(crate) fn expose(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| legacy_error("id is not defined or invalid."))?;
    let place = records::place(KIND).ok_or_else(errors::method_not_found)?;
    let row = state.records[place].get(id);
    let template = row.and_then(|row| text(row.get("DEAL_ID")).parse().ok());
    let template = template.filter(|&deal| state.table(DEAL).contains(deal));
    let template = template.ok_or_else(|| legacy_error("Recurring deal is not found"))?;
    let deal = copy(state, template, false);
    let table = &mut state.records[place];
    let count = table.get(id).map(|row| text(row.get("COUNTER_REPEAT")));
    let count = count
        .and_then(|count| count.parse::<u64>().ok())
        .unwrap_or(0);
    table.update(id, &Array::new(), writer(call));
    table.set(
        id,
        &[("COUNTER_REPEAT", Json::from((count + 1).to_string()))],
    );
    let answer = Array::from_iter([("DEAL_ID", deal as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}
