//! Deliveries of records of the CRM (`crm.item.delivery.*`): shipments of the orders that are bound to them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::refused;
use super::params::missing;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::fixtures::filter;
use crate::data::records::RecordTable;
use crate::methods::method::{Handler, Method, read};

const SHIPMENTS: &str = "sale.shipment";
const ORDERS_OF_RECORDS: &str = "crm.orderentity";

/// What is shown of a shipment.
const SHOWN: [&str; 8] = [
    "id",
    "accountNumber",
    "deducted",
    "dateDeducted",
    "deliveryId",
    "priceDelivery",
    "currency",
    "deliveryName",
];

/// The methods.
pub(crate) fn methods() -> [Method; 2] {
    [
        read!("crm", "crm.item.delivery.get", get),
        read!("crm", "crm.item.delivery.list", list),
    ]
}

fn number(row: &Map<String, Json>, name: &str) -> i64 {
    let value = row.get(name).cloned().map(Value::from);
    value.map_or(0, |value| value.to_int())
}

fn shown(row: &Map<String, Json>) -> Array {
    let value = |name: &'static str| {
        let value = row.get(name).cloned().map(Value::from);
        (name, value.unwrap_or_default())
    };
    SHOWN.into_iter().map(value).collect()
}

/// `crm.item.delivery.get(id)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("id")?.to_int();
    let id = u64::try_from(id).unwrap_or(0);
    let row = state
        .record_table(SHIPMENTS)
        .and_then(|table| table.get(id));
    let row = row.ok_or_else(|| refused("0", "Delivery not found"))?;
    Ok(Output::value(&Value::Array(shown(row))))
}

/// `crm.item.delivery.list(entityId, entityTypeId, filter, order)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let owner = [("entityId", "ownerId"), ("entityTypeId", "ownerTypeId")];
    for (param, _) in owner {
        if call.text(param).is_empty() {
            return Err(missing(param));
        }
    }
    let is_of_owner = |row: &&Map<String, Json>| {
        let mut fields = owner.iter();
        fields.all(|(param, field)| number(row, field).to_string() == call.text(param))
    };
    let bindings = state.record_table(ORDERS_OF_RECORDS);
    let bindings = bindings.into_iter().flat_map(RecordTable::rows);
    let bound = bindings.map(|(_, row)| row).filter(is_of_owner);
    let orders: Vec<i64> = bound.map(|row| number(row, "orderId")).collect();
    let Some(shipments) = state.record_table(SHIPMENTS) else {
        return Ok(Output::value(&Value::Array(Array::new())));
    };
    let tests: Vec<filter::Test> = filter::tests(call.legacy_array("filter"), |name| {
        shipments.field_name(name)
    });
    let order = call.legacy_array("order").into_iter().flat_map(Array::iter);
    let order: Vec<(String, bool)> = order
        .filter_map(|(name, way)| {
            let is_down = way.to_text().to_ascii_lowercase().starts_with("desc");
            Some((shipments.field_name(&name.to_text())?, is_down))
        })
        .collect();
    let ids = shipments.ids(&tests, &order).into_iter();
    let rows = ids.filter_map(|id| shipments.get(id));
    let rows = rows.filter(|row| orders.contains(&number(row, "orderId")));
    Ok(Output::value(&rows.map(shown).collect::<Value>()))
}
