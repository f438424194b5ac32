//! Short lists that are not rows of a table: dictionaries, funnels.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::list::PAGE;
use crate::data::list::condition::Relation;
use crate::data::list::filter_key::{Family, FilterKey, KeyOperation};
use crate::data::list::pattern::Pattern;
use crate::data::list::plan::list_of_places;

/// A page of a short list that was filtered already, in the order of its ID, paged as controllers page.
pub(crate) fn page_of(
    key: &'static str,
    rows: Vec<Array>,
    id: &str,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let total = rows.len() as u64;
    let start = call.start();
    let offset = u64::try_from(start).unwrap_or(0) / PAGE * PAGE;
    let mut rows = sorted(rows, id, call.params.get("order").and_then(Value::as_array));
    let rows: Vec<Array> = rows
        .drain(..)
        .skip(offset as usize)
        .take(PAGE as usize)
        .collect();
    let end = offset + rows.len() as u64;
    let mut output = written(Some(key), &rows);
    if start != -1 {
        output.total = Some(total as i64);
        output.next = (end < total && !rows.is_empty()).then_some(end as i64);
    }
    Ok(output)
}

pub(super) fn chosen(rows: Vec<Array>, filter: Option<&Array>) -> Vec<Array> {
    let Some(filter) = filter else { return rows };
    let admits = |row: &Array| {
        filter.iter().all(|(key, value)| {
            let key = key.to_text();
            let key = FilterKey::parse(&key, Family::Items);
            row.get(key.name)
                .is_none_or(|field| passes(field, &key, value))
        })
    };
    rows.into_iter().filter(admits).collect()
}

/// Whether a value passes one condition of a filter.
pub(super) fn passes(field: &Value, key: &FilterKey<'_>, value: &Value) -> bool {
    let ordering = || field.to_float().total_cmp(&value.to_float());
    let text = || field.to_text().to_lowercase();
    let matches = |pattern: Pattern| pattern.matches(&text());
    let passes = match key.operation {
        KeyOperation::Relation(Relation::Less) => ordering().is_lt(),
        KeyOperation::Relation(Relation::LessOrEqual) => ordering().is_le(),
        KeyOperation::Relation(Relation::Greater) => ordering().is_gt(),
        KeyOperation::Relation(Relation::GreaterOrEqual) => ordering().is_ge(),
        KeyOperation::Contains => matches(Pattern::contains(&value.to_text())),
        KeyOperation::Like => matches(Pattern::like(&value.to_text())),
        KeyOperation::Relation(Relation::Equal)
        | KeyOperation::In
        | KeyOperation::Words
        | KeyOperation::Between => match value {
            Value::Array(values) => values
                .values()
                .any(|value| value.to_text() == field.to_text()),
            one => one.to_text() == field.to_text(),
        },
    };
    passes != key.negative
}

fn sorted(mut rows: Vec<Array>, id: &str, order: Option<&Array>) -> Vec<Array> {
    let descending = |name: &str| {
        order
            .and_then(|order| order.get_ignoring_case(name))
            .is_some_and(|way| way.to_text().eq_ignore_ascii_case("desc"))
    };
    if descending(id) {
        rows.reverse();
    }
    rows
}

pub(crate) fn written(key: Option<&'static str>, rows: &[Array]) -> Output {
    let places: Vec<u64> = (0..rows.len() as u64).collect();
    list_of_places(key, &places, |out, place| {
        if let Some(row) = rows.get(place as usize) {
            brimful_protocol::json::write(out, &Value::Array(row.clone()));
        }
    })
}

/// The types that every portal has: their numbers, names and codes.
const OWNER_TYPES: [(i64, &str, &str, &str); 10] = [
    (1, "Лид", "L", "LEAD"),
    (2, "Сделка", "D", "DEAL"),
    (3, "Контакт", "C", "CONTACT"),
    (4, "Компания", "CO", "COMPANY"),
    (5, "Счет (старая версия)", "I", "INVOICE"),
    (31, "Счет", "SI", "SMART_INVOICE"),
    (7, "Предложение", "Q", "QUOTE"),
    (8, "Реквизиты", "RQ", "REQUISITE"),
    (36, "Документ", "DO", "SMART_DOCUMENT"),
    (39, "Документ компании", "SBD", "SMART_B2E_DOC"),
];

/// The name of a type that every portal has; empty if it is another.
pub(super) fn owner_title(entity_type: i64) -> &'static str {
    let known = OWNER_TYPES.iter().find(|(id, ..)| *id == entity_type);
    known.map_or("", |(_, name, ..)| name)
}

/// `crm.enum.ownertype`
pub(crate) fn owner_types(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let row = |id: i64, name: String, short: String, code: String| {
        let mut row = Array::new();
        row.insert("ID", id);
        row.insert("NAME", name);
        row.insert("SYMBOL_CODE", code);
        row.insert("SYMBOL_CODE_SHORT", short);
        row
    };
    let mut rows: Vec<Array> = OWNER_TYPES
        .into_iter()
        .map(|(id, name, short, code)| row(id, name.to_owned(), short.to_owned(), code.to_owned()))
        .collect();
    let processes = state
        .smart()
        .iter()
        .filter(|table| table.entity_type >= 128);
    rows.extend(processes.map(|table| {
        let id = table.entity_type;
        row(
            i64::from(id),
            super::types::title(state, id),
            format!("T{id:x}"),
            format!("DYNAMIC_{id}"),
        )
    }));
    Ok(written(None, &rows))
}
