//! The methods of all kinds of records, as their descriptions say.

use brimful_protocol::{Array, Value, json};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::fixtures::filter::{self, Operation, Test};
use crate::data::fixtures::php;
use crate::data::list::paging::{Page, Paging};
use crate::data::list::plan;
use crate::data::list::query::Work;
use crate::data::records::table::Writer;
use crate::data::records::{
    self, Answer, RecordField, RecordMethod, RecordPaging, RecordTable, RecordVerb, Refusal,
};
use crate::methods::method::{Handler, Method};
use crate::methods::params::strings;

/// The methods of all kinds.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    records::kinds().iter().flat_map(|kind| {
        kind.methods.iter().map(|method| Method {
            name: method.name,
            scope: kind.scope,
            handler: match method.verb {
                RecordVerb::Fields | RecordVerb::List | RecordVerb::Get => Handler::Read(read),
                RecordVerb::Add | RecordVerb::Update | RecordVerb::Delete => Handler::Write(write),
            },
        })
    })
}

fn read(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (place, method) = records::find(call.method).ok_or_else(errors::method_not_found)?;
    let table = &state.records[place];
    match method.verb {
        RecordVerb::Fields => Ok(described(table, method)),
        RecordVerb::Get => {
            let id = named(table, method, call)?;
            charge(call, 1);
            Ok(one(table, id, method.answer))
        }
        _ => list(table, method, call),
    }
}

fn write(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (place, method) = records::find(call.method).ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[place];
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    charge(call, 1);
    let id = match method.verb {
        RecordVerb::Add => {
            let mut given = given(method, call)?;
            let within = within(table, call)?;
            for name in table.kind.within {
                if let Some(value) = call.params.get_ignoring_case(name) {
                    given.insert(*name, value.clone());
                }
            }
            for field in table.fields {
                let value = given.get_ignoring_case(field.name);
                if field.required && value.is_none_or(is_empty) {
                    return Err(refusal(table.kind.required, field.name));
                }
            }
            let key = table.kind.key.iter();
            let key = key.map(|name| given.get_ignoring_case(name).map(Value::to_text));
            if table.kind.key != [table.kind.id]
                && let Some(key) = key.collect::<Option<Vec<String>>>()
                && table.find(&key, &within).is_some()
            {
                return Err(refusal(table.kind.taken, &key.join(", ")));
            }
            table.add(&given, writer)
        }
        RecordVerb::Update => {
            let id = named(table, method, call)?;
            let given = given(method, call)?;
            for field in table.fields {
                let value = given.get_ignoring_case(field.name);
                if field.required && value.is_some_and(is_empty) {
                    return Err(refusal(table.kind.required, field.name));
                }
            }
            table.update(id, &given, writer);
            id
        }
        _ => {
            let id = named(table, method, call)?;
            table.delete(id);
            id
        }
    };
    Ok(one(table, id, method.answer))
}

fn charge(call: &mut Call<'_>, rows: u64) {
    Work {
        rows,
        ..Work::default()
    }
    .charge(call);
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn refusal(refusal: Refusal, about: &str) -> MethodError {
    MethodError::new(400, refusal.code, refusal.text.replace("{}", about))
}

/// The fields that a call gives.
fn given(method: &RecordMethod, call: &Call<'_>) -> Result<Array, MethodError> {
    if method.fields.is_empty() {
        return Ok(call.params.clone());
    }
    let fields = call.params.get_ignoring_case(method.fields);
    match fields.and_then(Value::as_array) {
        Some(fields) => Ok(fields.clone()),
        None => Err(crate::methods::params::missing(method.fields)),
    }
}

/// The tests that a call narrows the records by, beside its filter.
fn within(table: &RecordTable, call: &Call<'_>) -> Result<Vec<Test>, MethodError> {
    let test = |name: &&'static str| match call.params.get_ignoring_case(name) {
        Some(value) if !is_empty(value) => {
            Ok(Test::new((*name).to_owned(), Operation::OneOf, value))
        }
        _ => Err(refusal(table.kind.required, name)),
    };
    table.kind.within.iter().map(test).collect()
}

/// The number of the record that a call names.
fn named(table: &RecordTable, method: &RecordMethod, call: &Call<'_>) -> Result<u64, MethodError> {
    let kind = table.kind;
    let named: Vec<(&str, Option<&Value>)> = match kind.key {
        [_] => vec![(method.id, call.params.get_ignoring_case(method.id))],
        several => {
            let fields = call.params.get_ignoring_case(method.fields);
            let fields = fields.and_then(Value::as_array).unwrap_or(&call.params);
            let value = |name: &&'static str| (*name, fields.get_ignoring_case(name));
            several.iter().map(value).collect()
        }
    };
    let mut key = Vec::with_capacity(named.len());
    for (name, value) in named {
        match value {
            Some(value) if !is_empty(value) => key.push(value.to_text()),
            _ => return Err(refusal(kind.unnamed, name)),
        }
    }
    let within = within(table, call)?;
    table
        .find(&key, &within)
        .ok_or_else(|| refusal(kind.not_found, &key.join(", ")))
}

fn list(
    table: &RecordTable,
    method: &RecordMethod,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let given = call.legacy_array("filter");
    for name in method.filter_by {
        let value = given.and_then(|filter| {
            let has = |(key, _): &(&brimful_protocol::Key, &Value)| {
                key.to_text()
                    .trim_start_matches(['=', '@'])
                    .eq_ignore_ascii_case(name)
            };
            filter.iter().find(has).map(|(_, value)| value)
        });
        if value.is_none_or(is_empty) {
            return Err(refusal(table.kind.required, name));
        }
    }
    let mut tests = within(table, call)?;
    tests.extend(filter::tests(given, |name| table.field_name(name)));
    let ids = table.ids(&tests, &order(table, call));
    let page = match method.paging {
        RecordPaging::Older => Paging::Legacy.page(ids.as_slice(), call.start(), call),
        RecordPaging::Controller => Paging::Controller.page(ids.as_slice(), call.start(), call),
        RecordPaging::Counted | RecordPaging::Whole => {
            charge(call, ids.len() as u64);
            let counted = method.paging == RecordPaging::Counted;
            Page {
                next: None,
                total: counted.then_some(ids.len() as u64),
                ids,
            }
        }
    };
    let select = select(table, call);
    let is_wanted = |name: &str| select.is_empty() || select.iter().any(|one| one == name);
    let key = match method.answer {
        Answer::Under(key) => Some(key),
        _ => None,
    };
    let output = plan::list(key, &page.ids, |out, id| {
        if let Some(row) = table.get(id) {
            php::write_map(out, row, is_wanted);
        }
    });
    Ok(page.lift(output))
}

fn order(table: &RecordTable, call: &Call<'_>) -> Vec<(String, bool)> {
    let order = call.legacy_array("order");
    let order = order.into_iter().flat_map(Array::iter);
    let sort = |(name, way): (&brimful_protocol::Key, &Value)| {
        let down = way
            .to_text()
            .trim()
            .to_ascii_lowercase()
            .starts_with("desc");
        Some((table.field_name(&name.to_text())?, down))
    };
    order.filter_map(sort).collect()
}

/// The fields that a `select` names, and the ID; none if it wants all.
fn select(table: &RecordTable, call: &Call<'_>) -> Vec<String> {
    let names = strings(call.legacy("select"));
    if names.contains(&"*") {
        return Vec::new();
    }
    let known = names.iter().filter_map(|name| table.field_name(name));
    let mut names: Vec<String> = known.collect();
    if !names.is_empty() {
        names.push(table.kind.id.to_owned());
    }
    names
}

/// What a method says of one record.
fn one(table: &RecordTable, id: u64, answer: Answer) -> Output {
    let empty = Map::new();
    let row = table.get(id).unwrap_or(&empty);
    let number = || row.get(table.kind.id).cloned().unwrap_or(Json::from(id));
    let as_number = || Value::Int(id as i64);
    match answer {
        Answer::Id => Output::value(&as_number()),
        Answer::IdUnder(key) => Output::value(&Value::from(serde_json::json!({ key: number() }))),
        Answer::True => Output::value(&Value::Bool(true)),
        Answer::Null => Output::value(&Value::Null),
        Answer::Rows => {
            let mut out = Vec::new();
            php::write_map(&mut out, row, |_| true);
            Output::json(out)
        }
        Answer::Under(key) => {
            let mut out = vec![b'{'];
            json::write_string(&mut out, key);
            out.push(b':');
            php::write_map(&mut out, row, |_| true);
            out.push(b'}');
            Output::json(out)
        }
    }
}

/// What is known of the fields.
fn described(table: &RecordTable, method: &RecordMethod) -> Output {
    let fields: Array = table
        .fields
        .iter()
        .map(|field| (field.name, describe(field)))
        .collect();
    Output::value(&match method.answer {
        Answer::Under(key) => Value::Array(Array::from_iter([(key, fields)])),
        _ => Value::Array(fields),
    })
}

fn describe(field: &RecordField) -> Array {
    let mut map = Array::new();
    map.insert("type", field.type_name);
    for (name, flag) in [
        ("isRequired", field.required),
        ("isReadOnly", field.read_only),
        ("isImmutable", field.immutable),
        ("isMultiple", field.multiple),
        ("isDynamic", false),
    ] {
        map.insert(name, flag);
    }
    map.insert("title", field.title);
    map
}
