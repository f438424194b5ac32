//! Orders with all that belongs to them, payments with what their pay system says, and properties of orders.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::record_rows::{self, number, row, rows, text};
use super::records as described_records;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, read, write};

const ORDERS: &str = "sale.order";
const PAYMENTS: &str = "sale.payment";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("sale", "sale.order.get", get),
        write!("sale", "sale.order.add", write_order),
        write!("sale", "sale.order.update", write_order),
        write!("sale", "sale.payment.add", write_payment),
        write!("sale", "sale.payment.update", write_payment),
        write!("sale", "sale.property.add", write_property),
        write!("sale", "sale.property.update", write_property),
        write!("sale", "sale.shipmentproperty.add", write_property),
        write!("sale", "sale.shipmentproperty.update", write_property),
        read!("sale", "sale.property.getfieldsbytype", fields_of_type),
        read!(
            "sale",
            "sale.shipmentproperty.getfieldsbytype",
            fields_of_type
        ),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// The rows of a kind that belong to another, without those fields of them that name it for nobody.
fn parts(state: &PortalData, kind: &str, field: &str, whole: u64) -> Vec<Row> {
    let table = state.record_table(kind);
    let parts = rows(state, kind).filter(|(_, row)| number(row, field) == whole);
    let parts = parts.map(|(_, row)| {
        let shown = row.iter();
        let shown = shown.filter(|(name, _)| table.is_some_and(|table| table.shows(name)));
        shown
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    });
    parts.collect()
}

/// The requisites of an order; none if it has no link to any.
fn requisites(state: &PortalData, order: u64) -> Json {
    const ORDER_TYPE: u64 = 14;
    let is_of_order = |row: &Row| {
        number(row, "ENTITY_TYPE_ID") == ORDER_TYPE && number(row, "ENTITY_ID") == order
    };
    match rows(state, "crm.requisite.link").find(|(_, row)| is_of_order(row)) {
        Some((_, link)) => json!({
            "bankDetailId": number(link, "BANK_DETAIL_ID"),
            "mcBankDetailId": number(link, "MC_BANK_DETAIL_ID"),
            "mcRequisiteId": number(link, "MC_REQUISITE_ID"),
            "requisiteId": number(link, "REQUISITE_ID"),
        }),
        None => json!([]),
    }
}

/// An order with its clients and requisites.
fn order(state: &PortalData, id: u64) -> Row {
    let mut order = row(state, ORDERS, id).cloned().unwrap_or_default();
    order.entry("clients").or_insert_with(|| json!([]));
    order.insert("requisiteLink".to_owned(), requisites(state, id));
    order
}

fn under(name: &str, row: &Row) -> Output {
    Output::value(&Value::from(json!({ name: row })))
}

/// `sale.order.get(id)`: with all that belongs to the order.
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let found = described_records::read(state, call)?;
    let id = found.to_value().deepest(&["order", "id"]).to_int();
    let id = u64::try_from(id).unwrap_or(0);
    let mut order = order(state, id);
    let mut items = parts(state, "sale.basketitem", "orderId", id);
    for item in &mut items {
        let properties = parts(
            state,
            "sale.basketproperties",
            "basketId",
            number(item, "id"),
        );
        item.insert("properties".to_owned(), json!(properties));
    }
    let mut shipments = parts(state, "sale.shipment", "orderId", id);
    for shipment in &mut shipments {
        let of = number(shipment, "id");
        let items = parts(state, "sale.shipmentitem", "orderDeliveryId", of);
        shipment.insert("shipmentItems".to_owned(), json!(items));
    }
    let mut values = parts(state, "sale.propertyvalue", "orderId", id);
    for value in &mut values {
        value.remove("orderId");
    }
    for (name, rows) in [
        ("basketItems", items),
        ("shipments", shipments),
        ("payments", parts(state, PAYMENTS, "orderId", id)),
        ("propertyValues", values),
        (
            "tradeBindings",
            parts(state, "sale.tradebinding", "orderId", id),
        ),
    ] {
        order.insert(name.to_owned(), json!(rows));
    }
    Ok(under("order", &order))
}

/// The number of the record that a writing method answers with.
fn written(output: &Output, name: &str) -> u64 {
    let id = output.to_value().deepest(&[name, "id"]).to_int();
    u64::try_from(id).unwrap_or(0)
}

/// `sale.order.add(fields)` and `sale.order.update(id, fields)`
fn write_order(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    Ok(under("order", &order(state, written(&output, "order"))))
}

/// `sale.payment.add(fields)` and `sale.payment.update(id, fields)`: in the currency of the order, by a pay system.
fn write_payment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let id = written(&output, "payment");
    let payment = row(state, PAYMENTS, id).cloned().unwrap_or_default();
    let mut values = vec![("priceCod", Json::from(text(&payment, "priceCod")))];
    let invoice = text(&payment, "psInvoiceId").trim().parse::<u64>();
    values.extend(invoice.map(|invoice| ("psInvoiceId", Json::from(invoice))));
    if let Some(order) = row(state, ORDERS, number(&payment, "orderId")) {
        values.push(("currency", text(order, "currency").into()));
    }
    if let Some(system) = row(state, "sale.paysystem", number(&payment, "paySystemId")) {
        values.push(("paySystemName", text(system, "NAME").into()));
        values.push(("paySystemIsCash", text(system, "IS_CASH").into()));
        values.push(("paySystemXmlId", text(system, "XML_ID").into()));
    }
    record_rows::put(state, PAYMENTS, id, &values);
    let payment = row(state, PAYMENTS, id).cloned();
    Ok(under("payment", &payment.unwrap_or_default()))
}

/// `sale.property.add`, `sale.property.update` and the same of shipments: numbers in settings are kept as texts.
fn write_property(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    let kind = call
        .method
        .rsplit_once('.')
        .map(|(kind, _)| kind.to_owned());
    let kind = kind.unwrap_or_default();
    let id = written(&output, "property");
    let mut property = row(state, &kind, id).cloned().unwrap_or_default();
    if let Some(Json::Object(settings)) = property.get_mut("settings") {
        for value in settings.values_mut().filter(|value| value.is_number()) {
            *value = Json::from(value.to_string());
        }
        let settings = Json::Object(settings.clone());
        record_rows::put(state, &kind, id, &[("settings", settings)]);
    }
    Ok(under("property", &property))
}

/// The settings of properties, by type.
const SETTINGS: [(&str, &[(&str, &str)]); 5] = [
    (
        "STRING",
        &[
            ("minlength", "integer"),
            ("maxlength", "integer"),
            ("pattern", "string"),
            ("multiline", "char"),
            ("cols", "integer"),
            ("rows", "integer"),
            ("size", "integer"),
        ],
    ),
    (
        "NUMBER",
        &[("max", "integer"), ("min", "integer"), ("step", "integer")],
    ),
    ("ENUM", &[("multielement", "char"), ("size", "integer")]),
    ("FILE", &[("maxsize", "integer"), ("accept", "string")]),
    ("DATE", &[("time", "char")]),
];

/// `sale.property.getFieldsByType(type)` and the same of shipments: with the settings that properties of the type have.
fn fields_of_type(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let described = described_records::read(state, call)?;
    let asked = call.text("type");
    let settings = SETTINGS
        .iter()
        .find(|(kind, _)| kind.eq_ignore_ascii_case(&asked));
    let fields = settings.into_iter().flat_map(|(_, settings)| *settings);
    let fields: Map<String, Json> = fields
        .map(|(name, kind)| {
            let field = json!({
                "isImmutable": false, "isReadOnly": false, "isRequired": false, "type": kind,
            });
            ((*name).to_owned(), field)
        })
        .collect();
    let mut answer = described.to_value().clone();
    if !fields.is_empty()
        && let Value::Array(answer) = &mut answer
        && let Some(Value::Array(property)) = answer.get("property").cloned().as_mut()
        && let Some(Value::Array(settings)) = property.get("settings").cloned().as_mut()
    {
        let mut described = Array::from_iter([("fields", Value::from(Json::Object(fields)))]);
        for (name, value) in settings.iter() {
            described.insert(name.clone(), value.clone());
        }
        property.insert("settings", described);
        answer.insert("property", property.clone());
    }
    Ok(Output::value(&answer))
}
