//! What the shop does beside keeping records: payments by a payment system, receipts of cash registers.

use brimful_protocol::{Array, Value};
use serde_json::{Value as Json, json};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::records::{self, table::Writer};

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "ERROR_CHECK_FAILURE", text)
}

/// `sale.paysystem.pay.payment`: a payment by this payment system is paid from now on.
pub(crate) fn pay(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| {
        let value = call.params.get_ignoring_case(name);
        let value = value.filter(|value| value.is_truthy()).map(Value::to_int);
        value.ok_or_else(|| refused(&format!("Parameter {name} is not defined")))
    };
    let (payment, system) = (number("PAYMENT_ID")?, number("PAY_SYSTEM_ID")?);
    let systems = records::place("sale.paysystem").ok_or_else(errors::method_not_found)?;
    if state.records[systems]
        .find(&[system.to_string()], &[])
        .is_none()
    {
        return Err(refused("Pay system not found"));
    }
    let payments = records::place("sale.payment").ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[payments];
    let is_of = |id: &u64| {
        let row = table.get(*id);
        let of = row.and_then(|row| row.get("paySystemId")?.as_i64());
        of == Some(system)
    };
    let id = table.find(&[payment.to_string()], &[]).filter(is_of);
    let id = id.ok_or_else(|| refused("Payment not found"))?;
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    table.update(id, &Array::from_iter([("paid", "Y")]), writer);
    Ok(Output::value(&Value::Bool(true)))
}

/// `sale.cashbox.check.apply`: no cash register prints here, so no receipt is there.
pub(crate) fn apply_check(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.text("UUID").is_empty() {
        return Err(refused("Parameter UUID is not defined"));
    }
    Err(MethodError::new(
        400,
        "ERROR_CHECK_NOT_FOUND",
        "Check not found",
    ))
}

/// `sale.shipmentpropertyvalue.modify`: the values of a shipment, each in the place of the one that its property has.
pub(crate) fn set_shipment_values(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let missing = |name: &str| {
        let text = format!("Could not find value for parameter {{{name}}}");
        MethodError::new(400, "100", text)
    };
    let part = |whole: &Array, name: &str| {
        let part = whole.get_ignoring_case(name).and_then(Value::as_array);
        part.cloned().ok_or_else(|| missing(name))
    };
    let shipment = part(&part(&call.params, "fields")?, "shipment")?;
    let id = shipment.get_ignoring_case("id").map_or(0, Value::to_int);
    if id <= 0 {
        let text = "Required fields: fields[SHIPMENT][ID]";
        return Err(MethodError::new(400, "201040400006", text));
    }
    let given = part(&shipment, "propertyValues")?;
    let place = |kind: &str| records::place(kind).ok_or_else(errors::method_not_found);
    let shipments = &state.records[place("sale.shipment")?];
    if shipments.find(&[id.to_string()], &[]).is_none() {
        let text = "shipment is not exists";
        return Err(MethodError::new(400, "201040400007", text));
    }
    let properties = place("sale.shipmentproperty")?;
    let values = place("sale.shipmentpropertyvalue")?;
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    let mut written = Vec::new();
    for value in given.values().filter_map(Value::as_array) {
        let property = value
            .get_ignoring_case("shipmentPropsId")
            .map_or(0, Value::to_int);
        let of = state.records[properties].find(&[property.to_string()], &[]);
        let of = of.and_then(|of| state.records[properties].get(of));
        let known = |name: &str| {
            of.and_then(|row| row.get(name))
                .cloned()
                .unwrap_or_default()
        };
        let mut row = Array::new();
        row.insert("shipmentId", id);
        row.insert("shipmentPropsId", property);
        row.insert("name", Value::from(known("name")));
        row.insert("code", Value::from(known("code")));
        let text = value
            .get_ignoring_case("value")
            .cloned()
            .unwrap_or_default();
        row.insert("value", text);
        let table = &mut state.records[values];
        let is_it = |row: &serde_json::Map<String, Json>| {
            row.get("shipmentId").and_then(Json::as_i64) == Some(id)
                && row.get("shipmentPropsId").and_then(Json::as_i64) == Some(property)
        };
        let earlier = table
            .rows()
            .find(|(_, row)| is_it(row))
            .map(|(number, _)| number);
        let number = match earlier {
            Some(number) => {
                table.update(number, &row, writer);
                number
            }
            None => table.add(&row, writer),
        };
        written.push(number);
    }
    let table = &state.records[values];
    let shown = written.into_iter().filter_map(|number| {
        let row = table.get(number)?;
        let part = |name: &str| (name.to_owned(), row.get(name).cloned().unwrap_or_default());
        Some(Json::Object(
            ["code", "id", "name", "value"]
                .map(part)
                .into_iter()
                .collect(),
        ))
    });
    let shown: Vec<Json> = shown.collect();
    Ok(Output::value(&Value::from(
        json!({ "propertyValues": shown }),
    )))
}
