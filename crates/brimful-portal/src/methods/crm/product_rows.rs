//! `crm.{lead,deal,quote}.productrows.*`: what is sold with a record, all at once. `crm.productrow.list` has the rows of
//! all records in pages.

use brimful_protocol::{Array, Value};

use super::legacy;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{DEAL, LEAD, PRODUCT_ROW};
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::query::{Query, Work};
use crate::data::schema::Class;
use crate::data::table::{Record, Row, Table};
use crate::methods::params::legacy_error;

const fn letter(owner: usize) -> &'static str {
    match owner {
        LEAD => "L",
        DEAL => "D",
        _ => "Q",
    }
}

fn of(state: &PortalData, owner: usize, id: u64) -> Vec<u64> {
    of_owner(state, letter(owner), id)
}

/// The rows of a record, by the short name of its type.
pub(super) fn of_owner(state: &PortalData, owner: &str, id: u64) -> Vec<u64> {
    let table = state.table(PRODUCT_ROW);
    let (Some(owner_id), Some(owner_type)) = (
        table.schema.legacy("OWNER_ID"),
        table.schema.legacy("OWNER_TYPE"),
    ) else {
        return Vec::new();
    };
    let kind = Operand::Text(owner.to_lowercase());
    let condition =
        Condition::equal(owner_id, Operand::Int(id as i64)).and(Condition::equal(owner_type, kind));
    Query::new(table, condition, Vec::new()).page(0, u64::MAX)
}

pub(crate) fn get<const OWNER: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = legacy::existing(state.table(OWNER), call)?;
    call.check_record(state, state.table(OWNER), id)?;
    let ids = of(state, OWNER, id);
    Work {
        rows: ids.len() as u64,
        ..Work::default()
    }
    .charge(call);
    let table = state.table(PRODUCT_ROW);
    let rows = ids.into_iter().map(|id| describe(&table.row(id)));
    Ok(Output::value(&rows.collect::<Value>()))
}

/// Numbers are numbers here, but for the IDs of the row and of its owner and the price in the currency of reports.
fn describe(row: &Row<'_>) -> Array {
    const TEXTS: [&str; 3] = ["ID", "OWNER_ID", "PRICE_ACCOUNT"];
    let fields = row.table.schema.fields().iter().enumerate();
    fields
        .map(|(at, field)| {
            let cell = row.cell(at);
            let class = field.kind.class();
            let is_number = !TEXTS.contains(&field.name.as_ref())
                && matches!(class, Class::Integer | Class::Number);
            let value = match cell {
                Cell::Null | Cell::Stored(Value::Null) => Value::Null,
                Cell::Stored(array @ Value::Array(_)) => array.clone(),
                cell if is_number && class == Class::Integer => {
                    cell.to_int().map_or(Value::Null, Value::Int)
                }
                cell if is_number => cell.to_float().map_or(Value::Null, Value::Float),
                cell => cell.to_text().map_or(Value::Null, Value::Text),
            };
            (field.name.as_ref(), value)
        })
        .collect()
}

/// The rows of a record are these from now on.
pub(crate) fn set<const OWNER: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    if id <= 0 {
        return Err(legacy_error("The parameter id is invalid or not defined."));
    }
    let id = legacy::existing(state.table(OWNER), call)?;
    call.check_record(state, state.table(OWNER), id)?;
    let Some(rows) = call.legacy_array("rows") else {
        return Err(legacy_error("The parameter 'rows' must be array."));
    };
    let rows: Vec<Array> = rows.values().filter_map(Value::as_array).cloned().collect();
    let mut sum = 0.0;
    let mut prices = Vec::new();
    for row in &rows {
        let price = Prices::of(row).map_err(|why| legacy_error(&why))?;
        sum += price.final_price * price.quantity;
        prices.push(price);
    }
    for gone in of(state, OWNER, id) {
        state.table_mut(PRODUCT_ROW).delete(gone);
    }
    for (row, price) in rows.iter().zip(prices) {
        insert(state, letter(OWNER), id, row, &price);
    }
    sum_up(state, OWNER, id, sum);
    Ok(Output::value(&Value::Bool(true)))
}

/// Adds a row to a record.
pub(super) fn insert(
    state: &mut PortalData,
    owner: &str,
    id: u64,
    row: &Array,
    price: &Prices,
) -> u64 {
    let table = state.table_mut(PRODUCT_ROW);
    let mut record = Record::default();
    for (name, value) in [
        ("OWNER_ID", Value::Int(id as i64)),
        ("OWNER_TYPE", owner.into()),
        ("PRODUCT_ID", Value::Int(0)),
        ("TAX_INCLUDED", "N".into()),
        ("CUSTOMIZED", "Y".into()),
        ("MEASURE_CODE", Value::Int(796)),
        ("MEASURE_NAME", "шт".into()),
        ("SORT", Value::Int(0)),
        ("TYPE", Value::Int(1)),
        ("STORE_ID", Value::Int(0)),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    for (field, value) in written(table, row, price) {
        record.set(field, value);
    }
    let number = table.insert(record);
    if text(row, "PRODUCT_NAME").is_empty() {
        let names = ["PRODUCT_NAME", "ORIGINAL_PRODUCT_NAME"];
        let names = names.map(|name| table.schema.legacy(name));
        let called = names.into_iter().flatten();
        let called: Vec<(usize, Value)> = called
            .map(|at| (at, Value::Text(format!("[{number}]"))))
            .collect();
        table.update(number, called);
    }
    number
}

/// What a row gets: its prices, and what is given of the rest.
pub(super) fn written(table: &Table, row: &Array, price: &Prices) -> Vec<(usize, Value)> {
    let name = text(row, "PRODUCT_NAME");
    let worked_out = [
        ("PRODUCT_NAME", name.as_str().into()),
        ("ORIGINAL_PRODUCT_NAME", name.as_str().into()),
        ("QUANTITY", Value::Float(price.quantity)),
        ("PRICE", Value::Float(price.final_price)),
        ("PRICE_EXCLUSIVE", Value::Float(price.exclusive)),
        ("PRICE_NETTO", Value::Float(price.netto)),
        ("PRICE_BRUTTO", Value::Float(price.brutto)),
        (
            "PRICE_ACCOUNT",
            Value::Text(format!("{:.2}", price.final_price)),
        ),
        ("DISCOUNT_TYPE_ID", Value::Int(price.discount_type)),
        ("DISCOUNT_RATE", Value::Float(price.discount_rate)),
        ("DISCOUNT_SUM", Value::Float(price.discount_sum)),
    ];
    let mut values: Vec<(usize, Value)> = worked_out
        .into_iter()
        .filter_map(|(name, value)| Some((table.schema.legacy(name)?, value)))
        .collect();
    for (key, value) in row.iter() {
        let name = key.to_text();
        // Where nothing is said, and where the price was worked out, the defaults stay.
        let worked_out = name.starts_with("PRICE") || name.starts_with("DISCOUNT");
        if matches!(name.as_str(), "ID" | "OWNER_ID" | "OWNER_TYPE")
            || worked_out
            || value.to_text().is_empty()
        {
            continue;
        }
        if let Some(field) = table.schema.legacy(&name) {
            values.push((field, value.clone()));
        }
    }
    values
}

/// The amount of a record is that of its rows, unless it is set by hand.
pub(super) fn sum_up(state: &mut PortalData, owner: usize, id: u64, sum: f64) {
    let table = state.table_mut(owner);
    let by_hand = table.schema.legacy("IS_MANUAL_OPPORTUNITY");
    let by_hand = by_hand.and_then(|at| table.row(id).cell(at).to_text());
    if by_hand.as_deref() == Some("Y") {
        return;
    }
    if let Some(at) = table.schema.legacy("OPPORTUNITY") {
        table.update(id, [(at, Value::Float(rounded(sum)))]);
    }
}

fn text(row: &Array, name: &str) -> String {
    row.get(name).map(Value::to_text).unwrap_or_default()
}

/// To hundredths.
fn rounded(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}

/// What a row costs, with and without discount and tax.
pub(super) struct Prices {
    pub(super) quantity: f64,
    /// With discount and tax.
    pub(super) final_price: f64,
    /// With discount, without tax.
    exclusive: f64,
    /// Without either.
    netto: f64,
    /// Without discount, with tax.
    brutto: f64,
    /// 1 for an amount, 2 for a percentage.
    discount_type: i64,
    discount_rate: f64,
    discount_sum: f64,
}

impl Prices {
    /// Works the prices out from the final one; a price that the row says stays as it is.
    ///
    /// # Errors
    /// What a discount lacks.
    pub(super) fn of(row: &Array) -> Result<Self, String> {
        let given = |name: &str| {
            let value = row.get(name).filter(|value| !value.to_text().is_empty());
            value.map(Value::to_float)
        };
        let is_given = |name: &str| given(name).is_some();
        let discount_type = given("DISCOUNT_TYPE_ID").map_or(2, |kind| kind as i64);
        let refuse = |why: &str| Err(why.to_owned());
        if is_given("DISCOUNT_TYPE_ID") {
            if discount_type == 2 && !is_given("DISCOUNT_RATE") {
                return refuse(
                    "Discount Rate (DISCOUNT_RATE) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined",
                );
            }
            if discount_type == 1 && !is_given("DISCOUNT_SUM") {
                return refuse(
                    "Discount Sum (DISCOUNT_SUM) is required if Monetary Discount Type (DISCOUNT_TYPE_ID) is defined",
                );
            }
            let is_whole = given("DISCOUNT_RATE").is_some_and(|rate| rate >= 100.0);
            if discount_type == 2 && is_whole && !is_given("DISCOUNT_SUM") {
                return refuse(
                    "Discount Sum (DISCOUNT_SUM) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined and Discount Rate (DISCOUNT_RATE) is 100%",
                );
            }
        }
        let tax = 1.0 + given("TAX_RATE").unwrap_or(0.0) / 100.0;
        let final_price = given("PRICE").unwrap_or(0.0);
        let exclusive = given("PRICE_EXCLUSIVE").unwrap_or_else(|| rounded(final_price / tax));
        let rate = given("DISCOUNT_RATE").unwrap_or(0.0);
        let discount_sum = given("DISCOUNT_SUM").unwrap_or_else(|| {
            if rate < 100.0 {
                rounded(exclusive * rate / (100.0 - rate))
            } else {
                0.0
            }
        });
        let netto = given("PRICE_NETTO").unwrap_or_else(|| rounded(exclusive + discount_sum));
        Ok(Self {
            quantity: given("QUANTITY").unwrap_or(1.0),
            final_price,
            exclusive,
            netto,
            brutto: given("PRICE_BRUTTO").unwrap_or_else(|| rounded(netto * tax)),
            discount_type,
            discount_rate: if is_given("DISCOUNT_RATE") || netto == 0.0 {
                rate
            } else {
                rounded(discount_sum / netto * 100.0)
            },
            discount_sum,
        })
    }
}
