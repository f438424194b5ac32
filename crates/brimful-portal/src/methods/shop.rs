//! What the shop does beside keeping records: payments by a payment system, receipts of cash registers.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::disk::OWN_ADDRESS;
use super::record_rows;
use crate::context::{Call, MethodError, Output, errors, moment};
use crate::data::fixtures::collection::to_json;
use crate::data::records::{self, RecordTable, table::Writer};
use crate::data::{PortalData, hash};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("sale", "sale.paysystem.settings.get", pay_system_settings),
        read!(
            "sale",
            "sale.paysystem.settings.payment.get",
            pay_system_settings
        ),
        write!("sale", "sale.delivery.add", add_delivery),
        write!(
            "sale",
            "sale.shipmentpropertyvalue.modify",
            set_shipment_values
        ),
        write!("sale", "sale.paysystem.pay.payment", pay),
        write!("pay_system", "sale.paysystem.pay.invoice", pay_invoice),
        write!("sale", "sale.propertyvalue.modify", set_order_values),
        read!(
            "salescenter",
            "salescenter.payment.getpublicurl",
            payment_url
        ),
        read!("sale", "sale.cashbox.check.apply", apply_check),
    ]
    .into_iter()
}

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
        let row = shipment_value(&state.records[properties], id, value);
        written.push(put_shipment_value(&mut state.records[values], &row, writer));
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

/// The value of a property of a shipment, with the name and the code of the property.
fn shipment_value(properties: &RecordTable, shipment: i64, given: &Array) -> Array {
    let property = given
        .get_ignoring_case("shipmentPropsId")
        .map_or(0, Value::to_int);
    let of = properties.find(&[property.to_string()], &[]);
    let of = of.and_then(|of| properties.get(of));
    let known = |name: &str| {
        of.and_then(|row| row.get(name))
            .cloned()
            .unwrap_or_default()
    };
    let text = given.get_ignoring_case("value").cloned();
    let mut row = Array::new();
    row.insert("shipmentId", shipment);
    row.insert("shipmentPropsId", property);
    row.insert("name", Value::from(known("name")));
    row.insert("code", Value::from(known("code")));
    row.insert("value", text.unwrap_or_default());
    row
}

/// Writes the value in the place of the one that the shipment has of the property, or adds it. Returns its number.
fn put_shipment_value(values: &mut RecordTable, row: &Array, writer: Writer) -> u64 {
    let key =
        ["shipmentId", "shipmentPropsId"].map(|name| (name, row.get(name).map(Value::to_int)));
    let is_it = |kept: &Map<String, Json>| {
        let is_same = |(name, id): (&str, Option<i64>)| kept.get(name).and_then(Json::as_i64) == id;
        key.into_iter().all(is_same)
    };
    let earlier = values.rows().find(|(_, kept)| is_it(kept));
    match earlier.map(|(number, _)| number) {
        Some(number) => {
            values.update(number, row, writer);
            number
        }
        None => values.add(row, writer),
    }
}

fn find<'s>(state: &'s PortalData, kind: &str, key: &str) -> Option<(u64, &'s Map<String, Json>)> {
    let table = state.record_table(kind)?;
    let id = table.find(&[key.to_owned()], &[])?;
    Some((id, table.get(id)?))
}

/// The record of a kind whose field has this text.
fn with_text<'s>(
    state: &'s PortalData,
    kind: &str,
    field: &str,
    text: &str,
) -> Option<&'s Map<String, Json>> {
    let table = state.record_table(kind)?;
    let has = |row: &Map<String, Json>| row.get(field).and_then(Json::as_str) == Some(text);
    table.rows().map(|(_, row)| row).find(|row| has(row))
}

/// `sale.paysystem.settings.get` and `sale.paysystem.settings.payment.get`: what the handler has by default, then what was
/// written.
pub(crate) fn pay_system_settings(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let of_payment = call.method.contains("payment");
    let system = if of_payment { "PAY_SYSTEM_ID" } else { "ID" };
    let needed: &[&str] = if of_payment {
        &["PAYMENT_ID", "PAY_SYSTEM_ID"]
    } else {
        &["ID"]
    };
    for name in needed {
        if call.text(name).is_empty() {
            return Err(refused(&format!("Parameter {name} is not defined")));
        }
    }
    let row = find(state, "sale.paysystem", &call.text(system)).map(|(_, row)| row);
    let row = row.ok_or_else(|| refused("Pay system not found"))?;
    if of_payment {
        let payment = find(state, "sale.payment", &call.text("PAYMENT_ID"));
        let of = payment.and_then(|(_, payment)| payment.get("paySystemId")?.as_i64());
        if of.map(|id| id.to_string()) != Some(call.text("PAY_SYSTEM_ID")) {
            return Err(refused("Payment not found"));
        }
    }
    let mut settings = Map::new();
    let handler = row.get("BX_REST_HANDLER").and_then(Json::as_str);
    let handler = handler.and_then(|code| with_text(state, "sale.paysystem.handler", "CODE", code));
    let codes = handler.and_then(|handler| handler.get("SETTINGS")?.get("CODES")?.as_object());
    for (code, described) in codes.into_iter().flatten() {
        let value = described.pointer("/DEFAULT/PROVIDER_VALUE");
        settings.insert(code.clone(), value.cloned().unwrap_or(Json::Null));
    }
    if let Some(Json::Object(written)) = row.get("SETTINGS") {
        settings.extend(written.clone());
    }
    Ok(Output::value(&Value::from(Json::Object(settings))))
}

/// `sale.delivery.add`: a service, and one more for each profile of its handler.
pub(crate) fn add_delivery(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let output = crate::methods::records::write(state, call)?;
    let code = call.text("REST_CODE");
    let handler = with_text(state, "sale.delivery.handler", "CODE", &code);
    let profiles: Vec<Json> = match handler.and_then(|handler| handler.get("PROFILES")) {
        Some(Json::Array(profiles)) => profiles.clone(),
        Some(Json::Object(profiles)) => profiles.values().cloned().collect(),
        _ => Vec::new(),
    };
    let place = records::place("sale.delivery").ok_or_else(errors::method_not_found)?;
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    let table = &mut state.records[place];
    let parent = table.last();
    let mut added = Vec::new();
    for profile in profiles {
        let text = |name: &str| profile.get(name).and_then(Json::as_str).unwrap_or_default();
        let mut given = call.params.clone();
        given.insert("NAME", text("NAME"));
        given.insert("DESCRIPTION", text("DESCRIPTION"));
        given.remove("LOGOTYPE");
        let id = table.add(&given, writer);
        table.set(
            id,
            &[("PARENT_ID", json!(parent)), ("LOGOTYPE", Json::Null)],
        );
        let row = table.get(id).cloned().unwrap_or_default();
        let shown = row.into_iter().filter(|(name, _)| table.shows(name));
        added.push(Json::Object(shown.collect()));
    }
    let mut answer = output.to_value().clone();
    if let Value::Array(answer) = &mut answer {
        answer.insert("profiles", Value::from(Json::Array(added)));
    }
    Ok(Output::value(&answer))
}

/// `sale.paysystem.pay.invoice`: an older invoice is paid from now on.
pub(crate) fn pay_invoice(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let invoice = call.text("INVOICE_ID");
    if invoice.is_empty() {
        return Err(refused("Parameter INVOICE_ID is not defined"));
    }
    let (system, handler) = (call.text("PAY_SYSTEM_ID"), call.text("BX_REST_HANDLER"));
    let found = match (system.as_str(), handler.as_str()) {
        ("", "") => {
            let text = "Parameter BX_REST_HANDLER or PAY_SYSTEM_ID is not defined";
            return Err(refused(text));
        }
        ("", handler) => with_text(state, "sale.paysystem", "BX_REST_HANDLER", handler),
        (system, _) => find(state, "sale.paysystem", system).map(|(_, row)| row),
    };
    if found.is_none() {
        let text = "Pay system not found";
        return Err(match system.as_str() {
            "" => refused(text),
            _ => MethodError::new(400, "ERROR_PROCESS_REQUEST_RESULT", text),
        });
    }
    let id = find(state, "crm.invoice", &invoice).map(|(id, _)| id);
    let id = id.ok_or_else(|| {
        MethodError::new(400, "ERROR_INTERNAL_INVOICE_NOT_FOUND", "Invoice not found")
    })?;
    let paid = [
        ("PAYED", Json::from("Y")),
        ("STATUS_ID", Json::from("P")),
        ("DATE_PAYED", Json::from(moment::text(call.seconds()))),
        ("EMP_PAYED_ID", Json::from(call.user.to_string())),
    ];
    record_rows::set(state, call, "crm.invoice", id, &paid);
    Ok(Output::value(&Value::Bool(true)))
}

/// `sale.propertyvalue.modify`: the values of an order, all of them. Those that the call doesn't give are deleted.
pub(crate) fn set_order_values(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const VALUES: &str = "sale.propertyvalue";
    const SHOWN: [&str; 6] = [
        "code",
        "id",
        "name",
        "orderPropsId",
        "orderPropsXmlId",
        "value",
    ];
    let failed = |text: &str| MethodError::new(400, "0", text);
    let fields = call.required("fields")?.as_array();
    let order = fields.and_then(|fields| fields.get_ignoring_case("order")?.as_array());
    let order = order.ok_or_else(|| failed("Required fields: fields[ORDER]"))?;
    let id = order.get_ignoring_case("id").map_or(0, Value::to_int);
    let given = order.get_ignoring_case("propertyValues");
    let given = given.and_then(Value::as_array).cloned();
    let given = match (id, given) {
        (0, _) => return Err(failed("Required fields: fields[ORDER][ID]")),
        (_, None) => return Err(failed("Required fields: fields[ORDER][PROPERTYVALUES]")),
        (_, Some(given)) => given,
    };
    if find(state, "sale.order", &id.to_string()).is_none() {
        return Err(failed("order is not exists"));
    }
    let mut kept = Vec::new();
    for value in given.values().filter_map(Value::as_array) {
        let Some(row) = order_value(state, id, value) else {
            continue;
        };
        let property = row.get("orderPropsId").map_or(0, Value::to_int).to_string();
        let same = |row: &Map<String, Json>| {
            record_rows::text(row, "orderId") == id.to_string()
                && record_rows::text(row, "orderPropsId") == property
        };
        let earlier = record_rows::rows(state, VALUES).find(|(_, row)| same(row));
        kept.push(match earlier.map(|(number, _)| number) {
            Some(number) => {
                let value = row.get("value").cloned().unwrap_or_default();
                let value = [("value", to_json(&value))];
                record_rows::set(state, call, VALUES, number, &value);
                number
            }
            None => record_rows::add(state, call, VALUES, &row),
        });
    }
    record_rows::delete_where(state, VALUES, |row| {
        let is_kept = kept.contains(&record_rows::number(row, "id"));
        record_rows::text(row, "orderId") == id.to_string() && !is_kept
    });
    let shown = kept.iter().filter_map(|number| {
        let row = record_rows::row(state, VALUES, *number)?;
        let part = |name: &str| (name.to_owned(), row.get(name).cloned().unwrap_or_default());
        Some(Json::Object(SHOWN.map(part).into_iter().collect()))
    });
    let shown: Vec<Json> = shown.collect();
    Ok(Output::value(&Value::from(
        json!({ "propertyValues": shown }),
    )))
}

/// The value of a property of an order; `None` if there is no such property.
fn order_value(state: &PortalData, order: i64, given: &Array) -> Option<Array> {
    let property = given.get_ignoring_case("orderPropsId")?.to_int();
    let (_, of) = find(state, "sale.property", &property.to_string())?;
    let known = |name: &str| of.get(name).cloned().map(Value::from).unwrap_or_default();
    let mut row = Array::new();
    row.insert("orderId", order);
    row.insert("orderPropsId", property);
    row.insert("name", known("name"));
    row.insert("code", known("code"));
    let value = given.get_ignoring_case("value").cloned();
    row.insert("value", value.unwrap_or_default());
    Some(row)
}

/// A picture without a point in it. No code is drawn: it stands for that of a link.
const NO_PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// `salescenter.payment.getPublicUrl`: where a payment is paid.
pub(crate) fn payment_url(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("id")?.to_text();
    let payment = find(state, "sale.payment", &id);
    let (id, payment) =
        payment.ok_or_else(|| MethodError::new(400, "200640400001", "payment is not exists"))?;
    let order = record_rows::text(payment, "orderId");
    let code = hash::mix(state.seed() ^ hash::salt("payment") ^ id);
    let access = format!("{code:016x}{:016x}", hash::mix(code));
    let url = format!("{OWN_ADDRESS}/pub/payment/?orderId={order}&access={access}&paymentId={id}");
    let short = format!("{OWN_ADDRESS}/~{:06x}", code >> 40);
    Ok(Output::value(&Value::from(json!({
        "payment": { "url": url, "shortUrl": short, "qr": NO_PICTURE }
    }))))
}
