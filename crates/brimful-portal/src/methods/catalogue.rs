//! What is done with the catalogue beside writing its records: documents of stores by the dozen, the prices of a product at
//! once.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::writer;
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::records::{self, RecordTable};
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::params::missing;

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("catalog", "catalog.catalog.isoffers", is_offers),
        write!("catalog", "catalog.document.conductlist", settle::<true>),
        write!("catalog", "catalog.document.cancellist", settle::<false>),
        write!("catalog", "catalog.document.deletelist", delete_documents),
        write!("catalog", "catalog.price.modify", modify_prices),
        write!("catalog", "catalog.productproperty.add", write_property),
        write!("catalog", "catalog.productproperty.update", write_property),
        write!(
            "catalog",
            "catalog.productpropertysection.set",
            set_section_settings
        ),
    ]
    .into_iter()
}

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "0", text)
}

fn place(kind: &str) -> Result<usize, MethodError> {
    records::place(kind).ok_or_else(errors::method_not_found)
}

fn text(row: &Map<String, Json>, name: &str) -> String {
    row.get(name)
        .cloned()
        .map(Value::from)
        .unwrap_or_default()
        .to_text()
}

/// `catalog.catalog.isOffers(id)`: whether a catalogue has the variations of another.
fn is_offers(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.text("id");
    if id.is_empty() {
        return Err(missing("id"));
    }
    let table = &state.records[place("catalog.catalog")?];
    let row = table.rows().map(|(_, row)| row);
    let row = { row }.find(|row| text(row, "id") == id || text(row, "iblockId") == id);
    let row = row.ok_or_else(|| refused("catalog does not exist."))?;
    let of = text(row, "productIblockId");
    Ok(Output::value(&Value::Bool(!matches!(
        of.as_str(),
        "" | "0"
    ))))
}

/// The documents that a call names; all have to be there.
fn documents(table: &RecordTable, call: &Call<'_>, why: &str) -> Result<Vec<u64>, MethodError> {
    let ids = call.params.get("documentIds").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| missing("documentIds"))?;
    let known = |id: &Value| {
        let id = u64::try_from(id.to_int()).ok();
        id.filter(|id| table.get(*id).is_some())
    };
    let ids: Option<Vec<u64>> = ids.values().map(known).collect();
    ids.ok_or_else(|| refused(&format!("{why}: Document not found")))
}

/// `catalog.document.conductList(documentIds)` and `.cancelList`
fn settle<const CONDUCT: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let table = &mut state.records[place("catalog.document")?];
    let why = if CONDUCT {
        "Document conducting error"
    } else {
        "Error canceling the document"
    };
    for id in documents(table, call, why)? {
        let status = Json::from(if CONDUCT { "Y" } else { "C" });
        table.update(id, &Array::new(), writer(call));
        table.set(id, &[("status", status)]);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `catalog.document.deleteList(documentIds)`: those that are conducted stay.
fn delete_documents(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = &mut state.records[place("catalog.document")?];
    let ids = documents(table, call, "An error occurred while deleting document")?;
    let conducted = |id: &&u64| {
        table
            .get(**id)
            .is_some_and(|row| text(row, "status") == "Y")
    };
    if let Some(id) = ids.iter().find(conducted) {
        let title = table
            .get(*id)
            .map(|row| text(row, "title"))
            .unwrap_or_default();
        let text = format!("You cannot delete document \"{title}\" as it is processed");
        return Err(refused(&text));
    }
    for id in ids {
        table.delete(id);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `catalog.productProperty.add` and `.update`: a property with the values of a directory has all settings of its type.
fn write_property(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = call.params.get("fields").and_then(Value::as_array);
    let settings = fields.and_then(|fields| {
        let kind = fields.get("userType").map(Value::to_text);
        let given = fields.get("userTypeSettings")?.as_array()?;
        (kind.as_deref() == Some("directory")).then(|| given.clone())
    });
    if let (Some(mut settings), Some(mut fields)) = (settings, fields.cloned()) {
        for (name, usual) in [
            ("group", Value::from("N")),
            ("multiple", Value::from("N")),
            ("size", Value::Int(1)),
            ("width", Value::Int(0)),
        ] {
            if settings.get(name).is_none() {
                settings.insert(name, usual);
            }
        }
        fields.insert("userTypeSettings", settings);
        call.params.insert("fields", fields);
    }
    super::records::write(state, call)
}

/// `catalog.productPropertySection.set`: the settings name the catalogue of the property.
fn set_section_settings(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const KIND: &str = "catalog.productpropertysection";
    let output = super::records::write(state, call)?;
    let property = call.text("propertyId");
    let properties = state.record_table("catalog.productproperty");
    let row = properties.and_then(|table| table.get(property.trim().parse().ok()?));
    let block = row.map_or_else(|| "0".to_owned(), |row| text(row, "iblockId"));
    let table = &mut state.records[place(KIND)?];
    let (Some(id), Some((_, method))) = (table.find(&[property], &[]), records::find(&call.method))
    else {
        return Ok(output);
    };
    table.set(id, &[("iblockId", Json::from(block))]);
    Ok(super::records::one(table, id, method.answer))
}

/// Refuses prices without an amount, a currency or a type, and two of one type.
fn check_prices(prices: &Array) -> Result<(), MethodError> {
    let kind = |price: &Value| price.get("catalogGroupId").map_or(0, Value::to_int);
    let mut seen = Vec::new();
    for price in prices.values() {
        for name in ["price", "currency"] {
            if price
                .get(name)
                .is_none_or(|value| value.to_text().is_empty())
            {
                return Err(refused(&format!("Required fields: {name}")));
            }
        }
        if kind(price) <= 0 {
            return Err(refused(
                "Validate price error. Catalog price group is wrong",
            ));
        }
        if seen.contains(&kind(price)) {
            let text = "Validate price error. Catalog product is allowed to have only a single price without ranges \
                        in each price group.";
            return Err(refused(text));
        }
        seen.push(kind(price));
    }
    Ok(())
}

/// `catalog.price.modify(fields)`: a product has these prices and no others; one of each type.
fn modify_prices(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let product = call
        .params
        .get("fields")
        .and_then(|fields| fields.get("product"));
    let product = product.cloned().ok_or_else(|| missing("fields"))?;
    let id = product.get("id").map_or(0, Value::to_int);
    let prices = product.get("prices").and_then(Value::as_array).cloned();
    let Some(prices) = prices.filter(|_| id > 0) else {
        return Err(refused("Required fields: product.id, product.prices"));
    };
    check_prices(&prices)?;
    let by = writer(call);
    let table = &mut state.records[place("catalog.price")?];
    let of_product: Vec<u64> = table
        .rows()
        .filter(|(_, row)| text(row, "productId") == id.to_string())
        .map(|(number, _)| number)
        .collect();
    let mut kept = Vec::new();
    for price in prices.values().filter_map(Value::as_array) {
        let mut given = price.clone();
        given.remove("id");
        given.insert("productId", id);
        let group = price
            .get("catalogGroupId")
            .map(Value::to_text)
            .unwrap_or_default();
        let known = of_product.iter().find(|number| {
            table
                .get(**number)
                .is_some_and(|row| text(row, "catalogGroupId") == group)
        });
        kept.push(match known {
            Some(number) => {
                table.update(*number, &given, by);
                *number
            }
            None => table.add(&given, by),
        });
    }
    for number in of_product
        .into_iter()
        .filter(|number| !kept.contains(number))
    {
        table.delete(number);
    }
    let rows = kept
        .into_iter()
        .filter_map(|number| table.get(number).cloned());
    let rows = rows.map(|row| Value::from(Json::Object(row)));
    let answer = Array::from_iter([("prices", rows.collect::<Value>())]);
    Ok(Output::value(&Value::Array(answer)))
}
