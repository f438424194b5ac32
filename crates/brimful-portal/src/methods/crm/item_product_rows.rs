//! `crm.item.productrow.*`: single rows of what is sold with a lead, a deal, a quote, an invoice or an item.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::product_rows::{self, Prices};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{DEAL, LEAD, PRODUCT_ROW, QUOTE};
use crate::data::fixtures::{collection, filter, php};
use crate::data::list::paging::Paging;
use crate::data::list::plan;
use crate::data::records;
use crate::data::schema::Class;

/// A field of a row.
struct RowField {
    name: &'static str,
    /// What `crm.*.productrows` calls it.
    older: &'static str,
    /// The `type` in field metadata.
    type_name: &'static str,
    title: &'static str,
    /// What a call may do with it.
    writing: Writing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Free,
    /// It is needed, and can be changed.
    Needed,
    /// It is needed when the row is added, and never changes.
    Owner,
    /// The portal alone writes it.
    ReadOnly,
    /// It is not among the described fields.
    Undescribed,
}

const fn field(
    name: &'static str,
    older: &'static str,
    type_name: &'static str,
    title: &'static str,
    writing: Writing,
) -> RowField {
    RowField {
        name,
        older,
        type_name,
        title,
        writing,
    }
}

const FIELDS: [RowField; 23] = [
    field("id", "ID", "integer", "ID", Writing::ReadOnly),
    field("ownerId", "OWNER_ID", "integer", "Owner ID", Writing::Owner),
    field(
        "ownerType",
        "OWNER_TYPE",
        "string",
        "Owner Type",
        Writing::Owner,
    ),
    field(
        "productId",
        "PRODUCT_ID",
        "integer",
        "Product",
        Writing::Needed,
    ),
    field(
        "productName",
        "PRODUCT_NAME",
        "string",
        "Product Name",
        Writing::Free,
    ),
    field("price", "PRICE", "double", "Price", Writing::Free),
    field(
        "priceAccount",
        "PRICE_ACCOUNT",
        "double",
        "PRICE_ACCOUNT",
        Writing::Undescribed,
    ),
    field(
        "priceExclusive",
        "PRICE_EXCLUSIVE",
        "double",
        "Discounted price excluding tax",
        Writing::ReadOnly,
    ),
    field(
        "priceNetto",
        "PRICE_NETTO",
        "double",
        "PRICE_NETTO",
        Writing::ReadOnly,
    ),
    field(
        "priceBrutto",
        "PRICE_BRUTTO",
        "double",
        "PRICE_BRUTTO",
        Writing::ReadOnly,
    ),
    field("quantity", "QUANTITY", "double", "Quantity", Writing::Free),
    field(
        "discountTypeId",
        "DISCOUNT_TYPE_ID",
        "integer",
        "Discount Type",
        Writing::Free,
    ),
    field(
        "discountRate",
        "DISCOUNT_RATE",
        "double",
        "Discount Amount",
        Writing::Free,
    ),
    field(
        "discountSum",
        "DISCOUNT_SUM",
        "double",
        "Discount Total",
        Writing::Free,
    ),
    field("taxRate", "TAX_RATE", "double", "Tax", Writing::Free),
    field(
        "taxIncluded",
        "TAX_INCLUDED",
        "char",
        "Tax included in price",
        Writing::Free,
    ),
    field(
        "customized",
        "CUSTOMIZED",
        "char",
        "Modified",
        Writing::Free,
    ),
    field(
        "measureCode",
        "MEASURE_CODE",
        "integer",
        "Unit of Measure Code",
        Writing::Free,
    ),
    field(
        "measureName",
        "MEASURE_NAME",
        "string",
        "Unit of Measure",
        Writing::Free,
    ),
    field("sort", "SORT", "integer", "Sorting", Writing::Free),
    field("xmlId", "XML_ID", "string", "XML_ID", Writing::Undescribed),
    field("type", "TYPE", "integer", "TYPE", Writing::ReadOnly),
    field(
        "storeId",
        "STORE_ID",
        "integer",
        "STORE_ID",
        Writing::ReadOnly,
    ),
];

/// `entityTypeId` of the invoices.
const INVOICE: i64 = 31;

/// The lowest `entityTypeId` of smart processes.
const FIRST_SMART: i64 = 128;

fn missing(param: &str) -> MethodError {
    let text = format!("Could not find value for parameter {{{param}}}");
    MethodError::new(400, "100", text)
}

fn not_found() -> MethodError {
    MethodError::new(400, "NOT_FOUND", "Item not found")
}

/// A record that has rows.
struct Owner {
    entity: usize,
    /// The short name of its type.
    letters: String,
    id: u64,
}

/// The entity with this short name: `L`, `D`, `Q`, `SI`, or `T` and the `entityTypeId` in hexadecimal digits.
fn entity_of(state: &PortalData, letters: &str) -> Option<usize> {
    let upper = letters.to_ascii_uppercase();
    match upper.as_str() {
        "L" => Some(LEAD),
        "D" => Some(DEAL),
        "Q" => Some(QUOTE),
        "SI" => state.by_type(INVOICE).map(|table| table.entity),
        _ => {
            let number = i64::from_str_radix(upper.strip_prefix('T')?, 16).ok()?;
            let table = (number >= FIRST_SMART).then(|| state.by_type(number))??;
            Some(table.entity)
        }
    }
}

/// The record that `ownerType` and `ownerId` name.
fn owner(state: &PortalData, named: &Array) -> Result<Owner, MethodError> {
    let text = |name: &str| {
        let value = named.get_ignoring_case(name).map(Value::to_text);
        value.filter(|text| !text.trim().is_empty())
    };
    let id = text("ownerId").ok_or_else(|| missing("ownerId"))?;
    let letters = text("ownerType").ok_or_else(|| missing("ownerType"))?;
    let entity = entity_of(state, letters.trim()).ok_or_else(|| {
        let text = "Working with this type of objects is not supported";
        MethodError::new(400, "ENTITY_TYPE_NOT_SUPPORTED", text)
    })?;
    let id = id.trim().parse().ok();
    let id = id.filter(|&id| state.table(entity).contains(id));
    let id = id.ok_or_else(|| MethodError::new(400, "OWNER_NOT_FOUND", "Owner was not found"))?;
    let letters = letters.trim().to_ascii_uppercase();
    Ok(Owner {
        entity,
        letters,
        id,
    })
}

/// The row that a call names.
fn named(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id");
    let id = id.filter(|id| !id.to_text().trim().is_empty());
    let id = id.ok_or_else(|| missing("id"))?.to_text();
    let id = id.trim().parse().ok();
    id.filter(|&id| state.table(PRODUCT_ROW).contains(id))
        .ok_or_else(not_found)
}

/// A row as these methods show it.
fn shown(state: &PortalData, id: u64) -> Map<String, Json> {
    let table = state.table(PRODUCT_ROW);
    let row = table.row(id);
    let value = |field: &RowField| {
        let cell = table
            .schema
            .legacy(field.older)
            .map(|at| (at, row.cell(at)));
        let Some((at, cell)) = cell else {
            return Json::Null;
        };
        let is_number = matches!(
            table.schema.get(at).kind.class(),
            Class::Integer | Class::Number
        );
        match cell {
            Cell::Null | Cell::Stored(Value::Null) => Json::Null,
            cell if field.type_name == "integer" => cell.to_int().map_or(Json::Null, Json::from),
            cell if field.type_name == "double" || is_number => {
                cell.to_float().map_or(Json::Null, |number| {
                    // PHP writes 1.0 as 1.
                    if number.fract() == 0.0 && number.abs() < 1e15 {
                        Json::from(number as i64)
                    } else {
                        Json::from(number)
                    }
                })
            }
            cell => cell.to_text().map_or(Json::Null, Json::from),
        }
    };
    let mut map: Map<String, Json> = FIELDS
        .iter()
        .map(|field| (field.name.to_owned(), value(field)))
        .collect();
    if map.get("xmlId").is_some_and(Json::is_null) {
        map.insert("xmlId".to_owned(), Json::from(""));
    }
    map
}

fn answer(state: &PortalData, id: u64) -> Output {
    let row = Json::Object(shown(state, id));
    Output::value(&Value::from(json!({ "productRow": row })))
}

fn all(state: &PortalData, owner: &Owner) -> Output {
    let ids = product_rows::of_owner(state, &owner.letters, owner.id);
    let rows: Vec<Json> = ids
        .into_iter()
        .map(|id| Json::Object(shown(state, id)))
        .collect();
    Output::value(&Value::from(json!({ "productRows": rows })))
}

/// What a call gives of a row, under the names of `crm.*.productrows`, with what the product says of it.
fn older(state: &PortalData, given: &Array) -> Array {
    let mut row = Array::new();
    for field in &FIELDS {
        let is_written = matches!(field.writing, Writing::Free | Writing::Needed);
        if let Some(value) = given.get_ignoring_case(field.name).filter(|_| is_written) {
            row.insert(field.older, value.clone());
        }
    }
    let is_named = row
        .get("PRODUCT_NAME")
        .is_some_and(|name| !name.to_text().is_empty());
    let product = row.get("PRODUCT_ID").map_or(0, Value::to_int);
    if !is_named
        && let Ok(product @ 1..) = u64::try_from(product)
        && let Some(name) = product_name(state, product)
    {
        row.insert("PRODUCT_NAME", name);
    }
    row
}

/// The name of a product, wherever it was added.
fn product_name(state: &PortalData, product: u64) -> Option<String> {
    let kinds = [("crm.product", "NAME"), ("catalog.product", "name")];
    kinds.into_iter().find_map(|(kind, field)| {
        let table = &state.records[records::place(kind)?];
        let name = table.get(product)?.get(field);
        Some(collection::text(name)).filter(|name| !name.is_empty())
    })
}

/// Sums up what a record sells.
fn sum_up(state: &mut PortalData, owner: &Owner) {
    let table = state.table(PRODUCT_ROW);
    let number = |id: u64, name: &str| {
        let at = table.schema.legacy(name)?;
        table.row(id).cell(at).to_float()
    };
    let ids = product_rows::of_owner(state, &owner.letters, owner.id);
    let prices = ids
        .into_iter()
        .map(|id| number(id, "PRICE").unwrap_or(0.0) * number(id, "QUANTITY").unwrap_or(1.0));
    let sum = prices.sum();
    product_rows::sum_up(state, owner.entity, owner.id, sum);
}

/// `crm.item.productrow.fields`
pub(crate) fn fields(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let described = FIELDS
        .iter()
        .filter(|field| field.writing != Writing::Undescribed);
    let described: Map<String, Json> = described
        .map(|field| {
            let about = json!({
                "type": field.type_name,
                "isRequired": matches!(field.writing, Writing::Needed | Writing::Owner),
                "isReadOnly": field.writing == Writing::ReadOnly,
                "isImmutable": field.writing == Writing::Owner,
                "isMultiple": false,
                "isDynamic": false,
                "title": field.title,
            });
            (field.name.to_owned(), about)
        })
        .collect();
    Ok(Output::value(&Value::from(json!({ "fields": described }))))
}

/// `crm.item.productrow.list`: of one record, which the filter has to name.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let filter = call
        .params
        .get_ignoring_case("filter")
        .and_then(Value::as_array);
    let filter = filter.ok_or_else(|| missing("filter"))?.clone();
    let mut named = Array::new();
    for name in ["ownerId", "ownerType"] {
        let value = filter
            .get_ignoring_case(&format!("={name}"))
            .or_else(|| filter.get_ignoring_case(name));
        named.insert(name, value.cloned().unwrap_or_default());
    }
    let owner = match owner(state, &named) {
        Ok(owner) => owner,
        Err(refused) if refused.code == "OWNER_NOT_FOUND" => {
            return Err(MethodError::new(400, "ACCESS_DENIED", "Access denied"));
        }
        Err(refused) => return Err(refused),
    };
    let known = |name: &str| {
        let mut fields = FIELDS.iter();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(field.name.to_owned())
    };
    let tests = filter::tests(Some(&filter), known);
    let ids = product_rows::of_owner(state, &owner.letters, owner.id);
    let rows = ids.into_iter().map(|id| (id, shown(state, id)));
    let mut rows: Vec<(u64, Map<String, Json>)> = rows
        .filter(|(_, row)| {
            let of_owner = |test: &&filter::Test| !test.is_of("ownerType");
            tests.iter().filter(of_owner).all(|test| test.holds(row))
        })
        .collect();
    let order = call.legacy_array("order").cloned().unwrap_or_default();
    for (name, way) in order.iter().collect::<Vec<_>>().into_iter().rev() {
        let Some(name) = known(&name.to_text()) else {
            continue;
        };
        let down = way
            .to_text()
            .trim()
            .to_ascii_lowercase()
            .starts_with("desc");
        rows.sort_by(|(_, one), (_, other)| {
            let ordering = collection::compare(one.get(&name), other.get(&name));
            if down { ordering.reverse() } else { ordering }
        });
    }
    let ids: Vec<u64> = rows.iter().map(|(id, _)| *id).collect();
    let page = Paging::Controller.page(ids.as_slice(), call.start(), call);
    let output = plan::list(Some("productRows"), &page.ids, |out, id| {
        php::write_map(out, &shown(state, id), |_| true);
    });
    Ok(page.with_pagination_fields(output))
}

/// `crm.item.productrow.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    Ok(answer(state, id))
}

/// `crm.item.productrow.getAvailableForPayment`: the rows that no payment has yet. Payments have no rows of records here,
/// so these are all.
pub(crate) fn available(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let owner = owner(state, &call.params)?;
    Ok(all(state, &owner))
}

/// `crm.item.productrow.add`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array);
    let given = given.ok_or_else(|| missing("fields"))?;
    let owner = owner(state, given)?;
    let row = older(state, given);
    let prices = prices_of(&row)?;
    let id = product_rows::insert(state, &owner.letters, owner.id, &row, &prices);
    sum_up(state, &owner);
    Ok(answer(state, id))
}

/// The prices of a row.
fn prices_of(row: &Array) -> Result<Prices, MethodError> {
    Prices::of(row).map_err(|why| MethodError::new(400, "ERROR_CORE", format!("{why}<br>")))
}

/// `crm.item.productrow.set`: the rows of a record are these from now on.
pub(crate) fn set(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let owner = owner(state, &call.params)?;
    let given = call
        .params
        .get_ignoring_case("productRows")
        .and_then(Value::as_array);
    let given = given.ok_or_else(|| missing("productRows"))?;
    let mut rows = Vec::new();
    for given in given.values().filter_map(Value::as_array) {
        let row = older(state, given);
        let prices = prices_of(&row)?;
        rows.push((row, prices));
    }
    for gone in product_rows::of_owner(state, &owner.letters, owner.id) {
        state.table_mut(PRODUCT_ROW).delete(gone);
    }
    for (row, prices) in &rows {
        product_rows::insert(state, &owner.letters, owner.id, row, prices);
    }
    sum_up(state, &owner);
    Ok(all(state, &owner))
}

/// `crm.item.productrow.update`: the prices are calculated again.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let given = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array);
    let given = given.ok_or_else(|| missing("fields"))?;
    let before = shown(state, id);
    let by_percentage = before.get("discountTypeId").and_then(Json::as_i64) != Some(1);
    let mut row = Array::new();
    for field in &FIELDS {
        let is_written = matches!(field.writing, Writing::Free | Writing::Needed);
        let is_worked_out = match field.name {
            "discountRate" => !by_percentage,
            "discountSum" => by_percentage,
            _ => false,
        };
        let value = before.get(field.name).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|_| is_written && !is_worked_out) {
            row.insert(field.older, Value::from(value.clone()));
        }
    }
    for (name, value) in older(state, given).iter() {
        row.insert(name.clone(), value.clone());
    }
    let prices = prices_of(&row)?;
    let values = product_rows::written(state.table(PRODUCT_ROW), &row, &prices);
    state.table_mut(PRODUCT_ROW).update(id, values);
    if let Some(owner) = owner_of(state, &before) {
        sum_up(state, &owner);
    }
    Ok(answer(state, id))
}

/// `crm.item.productrow.delete`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let owner = owner_of(state, &shown(state, id));
    state.table_mut(PRODUCT_ROW).delete(id);
    if let Some(owner) = owner {
        sum_up(state, &owner);
    }
    Ok(Output::value(&Value::Null))
}

/// The record that a row belongs to.
fn owner_of(state: &PortalData, row: &Map<String, Json>) -> Option<Owner> {
    let named = ["ownerId", "ownerType"].map(|name| {
        let value = row.get(name).cloned().unwrap_or_default();
        (name, Value::from(value))
    });
    owner(state, &Array::from_iter(named)).ok()
}
