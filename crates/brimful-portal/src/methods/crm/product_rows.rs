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
use crate::data::table::{Record, Row};
use crate::methods::params::legacy_error;

const fn letter(owner: usize) -> &'static str {
    match owner {
        LEAD => "L",
        DEAL => "D",
        _ => "Q",
    }
}

fn of(state: &PortalData, owner: usize, id: u64) -> Vec<u64> {
    let table = state.table(PRODUCT_ROW);
    let (Some(owner_id), Some(owner_type)) = (
        table.schema.legacy("OWNER_ID"),
        table.schema.legacy("OWNER_TYPE"),
    ) else {
        return Vec::new();
    };
    let kind = Operand::Text(letter(owner).to_lowercase());
    let condition =
        Condition::equal(owner_id, Operand::Int(id as i64)).and(Condition::equal(owner_type, kind));
    Query::new(table, condition, Vec::new()).page(0, u64::MAX)
}

pub(crate) fn get<const OWNER: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = legacy::existing(state.table(OWNER), call)?;
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
    let id = legacy::existing(state.table(OWNER), call)?;
    let Some(rows) = call.legacy_array("rows") else {
        return Err(legacy_error("The parameter 'rows' must be array."));
    };
    for gone in of(state, OWNER, id) {
        state.table_mut(PRODUCT_ROW).delete(gone);
    }
    let table = state.table_mut(PRODUCT_ROW);
    for row in rows.values().filter_map(Value::as_array) {
        let mut record = Record::default();
        for (name, value) in [
            ("OWNER_ID", Value::Int(id as i64)),
            ("OWNER_TYPE", letter(OWNER).into()),
            ("QUANTITY", Value::Int(1)),
            ("CUSTOMIZED", "Y".into()),
            ("TYPE", Value::Int(1)),
        ] {
            if let Some(field) = table.schema.legacy(name) {
                record.set(field, value);
            }
        }
        for (key, value) in row.iter() {
            let name = key.to_text();
            if matches!(name.as_str(), "ID" | "OWNER_ID" | "OWNER_TYPE") {
                continue;
            }
            if let Some(field) = table.schema.legacy(&name) {
                record.set(field, value.clone());
            }
        }
        table.insert(record);
    }
    Ok(Output::value(&Value::Bool(true)))
}
