//! The methods of all kinds of records, as their descriptions say.

use std::borrow::Cow;

use brimful_protocol::{Array, Value, json};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output, errors, moment};
use crate::data::PortalData;
use crate::data::fixtures::filter::{self, Test, TestOperation};
use crate::data::fixtures::php;
use crate::data::list::paging::{Page, Paging, Slice};
use crate::data::list::plan;
use crate::data::list::query::Work;
use crate::data::records::table::Writer;
use crate::data::records::{
    self, Answer, RecordField, RecordMethod, RecordPaging, RecordTable, RecordVerb, Refusal,
};
use crate::methods::method::{Handler, Method};
use crate::methods::owners;
use crate::methods::params::strings;
use crate::methods::rest3::error as rest3_error;

/// The methods of all kinds.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    of_kinds(false)
}

/// The methods of all kinds in REST 3.0.
pub(crate) fn rest3_methods() -> impl Iterator<Item = Method> {
    of_kinds(true)
}

fn of_kinds(rest3: bool) -> impl Iterator<Item = Method> {
    let kinds = records::kinds()
        .iter()
        .filter(move |kind| kind.rest3 == rest3);
    kinds.flat_map(|kind| {
        kind.methods.iter().map(|method| Method {
            name: Cow::Borrowed(method.name),
            scope: kind.scope,
            handler: match method.verb {
                RecordVerb::Fields | RecordVerb::List | RecordVerb::Get | RecordVerb::GetOrList => {
                    Handler::Read(read)
                }
                RecordVerb::Add
                | RecordVerb::Put
                | RecordVerb::Update
                | RecordVerb::Delete
                | RecordVerb::DeleteMatching => Handler::Write(write),
            },
        })
    })
}

pub(crate) fn read(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (place, method) = records::find(&call.method).ok_or_else(errors::method_not_found)?;
    let table = &state.records[place];
    // Rows that were loaded are listed as they are.
    if !(table.is_loaded && method.verb == RecordVerb::List) {
        check_params(method, call)?;
    }
    if method.verb == RecordVerb::Fields {
        let needed = call.params.get_ignoring_case(method.needs);
        if !method.needs.is_empty() && needed.is_none_or(is_empty) {
            return Err(refusal(records::MISSING_PARAMETER, method.needs, call));
        }
        let asked = needed.map(Value::to_text).unwrap_or_default();
        return Ok(described(table, method, &asked));
    }
    let within = within(state, table, call)?;
    match method.verb {
        RecordVerb::GetOrList
            if call
                .params
                .get_ignoring_case(method.id)
                .is_none_or(is_empty) =>
        {
            list(table, method, within, call)
        }
        RecordVerb::Get | RecordVerb::GetOrList => {
            let id = match named(table, method, &within, call) {
                Ok(id) => id,
                Err(refused) if method.reply_if_missing.is_empty() => return Err(refused),
                Err(refused) => {
                    let is_named = key(table, method, call).is_ok();
                    let json = || Output::json(method.reply_if_missing.as_bytes().to_vec());
                    return if is_named { Ok(json()) } else { Err(refused) };
                }
            };
            charge(call, 1);
            Ok(one(table, id, method.answer))
        }
        _ => list(table, method, within, call),
    }
}

pub(crate) fn write(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (place, method) = records::find(&call.method).ok_or_else(errors::method_not_found)?;
    check_params(method, call)?;
    let within = within(state, &state.records[place], call)?;
    if matches!(method.verb, RecordVerb::Add | RecordVerb::Put) {
        check_references(state, &state.records[place], method, call)?;
    }
    let table = &mut state.records[place];
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    charge(call, 1);
    let id = match method.verb {
        RecordVerb::Add => add(table, method, &within, call, writer)?,
        RecordVerb::Put => put(table, method, &within, call, writer)?,
        RecordVerb::Update => update(table, method, &within, call, writer)?,
        RecordVerb::DeleteMatching => {
            let mut tests = within;
            tests.extend(narrowed(method, call));
            let ids = table.ids(&tests, &[]);
            for id in &ids {
                delete(state, place, *id);
            }
            let count = Array::from_iter([("count", ids.len() as i64)]);
            return Ok(Output::value(&Value::Array(count)));
        }
        _ => {
            let id = named(table, method, &within, call)?;
            delete(state, place, id);
            id
        }
    };
    Ok(one(&state.records[place], id, method.answer))
}

fn add(
    table: &mut RecordTable,
    method: &RecordMethod,
    within: &[Test],
    call: &Call<'_>,
    writer: Writer,
) -> Result<u64, MethodError> {
    let mut given = given(table, method, call)?;
    for name in table.kind.parent_fields {
        let param = table.param(name);
        if let Some(value) = call.params.get_ignoring_case(param) {
            let value = match value {
                Value::Array(named) if named.len() == 1 => named.values().next(),
                value => Some(value),
            };
            given.insert(param, value.cloned().unwrap_or_default());
        }
    }
    check_required(table, &given, call)?;
    if table.kind.key != [table.kind.id] {
        let key = table.key_of(&given, writer);
        if table.find(&key, within).is_some() {
            return Err(refusal(table.kind.taken, &key.join(", "), call));
        }
    }
    Ok(table.add(&given, writer))
}

/// Updates the record that has the key, or adds it.
fn put(
    table: &mut RecordTable,
    method: &RecordMethod,
    within: &[Test],
    call: &Call<'_>,
    writer: Writer,
) -> Result<u64, MethodError> {
    let given = given(table, method, call)?;
    check_required(table, &given, call)?;
    Ok(match table.find(&table.key_of(&given, writer), within) {
        Some(id) => {
            table.update(id, &given, writer);
            id
        }
        None => table.add(&given, writer),
    })
}

fn update(
    table: &mut RecordTable,
    method: &RecordMethod,
    within: &[Test],
    call: &Call<'_>,
    writer: Writer,
) -> Result<u64, MethodError> {
    let id = named(table, method, within, call)?;
    let given = if method.is_action {
        Array::new()
    } else {
        given(table, method, call)?
    };
    for field in table.fields {
        let value = given.get_ignoring_case(field.param);
        if field.required && value.is_some_and(is_empty) {
            return Err(refusal(lacking(table, field.param), field.param, call));
        }
    }
    table.update(id, &given, writer);
    let sets = method.sets.iter().map(|(name, json)| {
        let value = serde_json::from_str(json).unwrap_or_default();
        (*name, value)
    });
    table.set(id, &sets.collect::<Vec<(&str, Json)>>());
    Ok(id)
}

/// Refuses a record without a field that each of its kind has.
fn check_required(table: &RecordTable, given: &Array, call: &Call<'_>) -> Result<(), MethodError> {
    for field in table.fields {
        let value = given.get_ignoring_case(field.param);
        if field.required && value.is_none_or(is_empty) {
            let usual = lacking(table, field.param);
            return Err(unnamed(table, usual, field.param, call));
        }
    }
    Ok(())
}

/// Refuses a new record that names what is not there: its owner, or a value of a field that has few.
fn check_references(
    state: &PortalData,
    table: &RecordTable,
    method: &RecordMethod,
    call: &Call<'_>,
) -> Result<(), MethodError> {
    let kind = table.kind;
    if kind.owner.is_none() && kind.choices.is_empty() {
        return Ok(());
    }
    let given = given(table, method, call)?;
    for (field, values, refused) in kind.choices {
        let value = given.get_ignoring_case(field);
        if let Some(value) = value.filter(|value| !is_empty(value))
            && !values.contains(&&*value.to_text())
        {
            return Err(refusal(*refused, field, call));
        }
    }
    match &kind.owner {
        Some(rule) => owners::check(state, rule, &given, call),
        None => Ok(()),
    }
}

/// Refuses a call without a parameter that the method needs beside the record.
fn check_params(method: &RecordMethod, call: &Call<'_>) -> Result<(), MethodError> {
    for (param, missing) in method.params {
        if call.params.get_ignoring_case(param).is_none_or(is_empty) {
            return Err(refusal(*missing, param, call));
        }
    }
    Ok(())
}

/// Deletes a record and all that belongs to it.
fn delete(state: &mut PortalData, place: usize, id: u64) {
    let table = &mut state.records[place];
    let kind = table.kind;
    let [key] = kind.key else {
        table.delete(id);
        return;
    };
    let called = table.get(id).and_then(|row| row.get(*key)).cloned();
    table.delete(id);
    let Some(called) = called else { return };
    let called = Value::from(called);
    for parts in &mut state.records {
        let is_part = parts
            .kind
            .parent
            .is_some_and(|(whole, _)| whole == kind.name);
        let Some(within) = parts.kind.parent_fields.first().filter(|_| is_part) else {
            continue;
        };
        let of_it = Test::new((*within).to_owned(), TestOperation::OneOf, &called);
        for part in parts.ids(&[of_it], &[]) {
            parts.delete(part);
        }
    }
}

/// So many rows come of a list that takes `limit` where nothing is said, and never more.
const MOST_AT_ONCE: u64 = 500;

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

pub(super) fn refusal(refusal: Refusal, about: &str, call: &Call<'_>) -> MethodError {
    let text = refusal.text.replace("{method}", &call.method);
    let code = refusal.code.replace("{}", about);
    MethodError::new(400, &code, text.replace("{}", about))
}

/// How a call is refused that does not name `param`. REST 3.0 has one way for all kinds.
fn unnamed(table: &RecordTable, usual: Refusal, param: &str, call: &Call<'_>) -> MethodError {
    if table.kind.rest3 {
        return rest3_error::required(param);
    }
    refusal(usual, param, call)
}

/// How a call without a field is refused.
fn lacking(table: &RecordTable, param: &str) -> Refusal {
    let own = table
        .kind
        .refusals_by_field
        .iter()
        .find(|(field, _)| *field == param);
    own.map_or(table.kind.required, |(_, refusal)| *refusal)
}

/// The fields that a call gives.
fn given(
    table: &RecordTable,
    method: &RecordMethod,
    call: &Call<'_>,
) -> Result<Array, MethodError> {
    if method.fields.is_empty() {
        let mut fields = call.params.clone();
        for (seconds, field) in table.kind.unix_time_params {
            if let Some(seconds) = call.params.get_ignoring_case(seconds)
                && call.params.get_ignoring_case(field).is_none_or(is_empty)
            {
                fields.insert(*field, moment::russian(seconds.to_int()));
            }
        }
        return Ok(fields);
    }
    let fields = call.params.get_ignoring_case(method.fields);
    let fields = fields.and_then(Value::as_array);
    let mut fields = fields.cloned().ok_or_else(|| {
        let usual = table.kind.no_fields.unwrap_or(records::MISSING_PARAMETER);
        unnamed(table, usual, method.fields, call)
    })?;
    for name in table.kind.outer_fields {
        let param = table.param(name);
        if let Some(value) = call.params.get_ignoring_case(param) {
            fields.insert(param, value.clone());
        }
    }
    Ok(fields)
}

/// The tests that a call narrows the records by, beside its filter.
fn within(
    state: &PortalData,
    table: &RecordTable,
    call: &Call<'_>,
) -> Result<Vec<Test>, MethodError> {
    let kind = table.kind;
    let mut tests = Vec::new();
    for name in kind.parent_fields {
        let value = call.params.get_ignoring_case(table.param(name));
        // Some are named by an object, `{"ID": 1}`.
        let value = match value {
            Some(Value::Array(named)) if named.len() == 1 => named.values().next(),
            value => value,
        };
        let value = match value.filter(|value| !is_empty(value)) {
            Some(value) => value,
            None if table.is_loaded => continue,
            None => return Err(refusal(kind.required, table.param(name), call)),
        };
        let test = Test::new((*name).to_owned(), TestOperation::OneOf, value).or_absent();
        if let (Some((parent, missing)), true) = (kind.parent, tests.is_empty())
            && let Some(place) = records::place(parent)
            && state.records[place].find(&[value.to_text()], &[]).is_none()
            // Rows that were loaded say by themselves what they belong to.
            && table.ids(std::slice::from_ref(&test), &[]).is_empty()
        {
            return Err(refusal(missing, &value.to_text(), call));
        }
        tests.push(test);
    }
    Ok(tests)
}

/// The tests of the parameters that narrow a list where they are given.
fn narrowed(method: &RecordMethod, call: &Call<'_>) -> Vec<Test> {
    let test = |(param, field): &(&str, &str)| {
        let value = call.params.get_ignoring_case(param)?;
        let is_given = !is_empty(value);
        is_given.then(|| Test::new((*field).to_owned(), TestOperation::OneOf, value))
    };
    method.narrowed_by.iter().filter_map(test).collect()
}

/// The number of the record that a call names.
fn named(
    table: &RecordTable,
    method: &RecordMethod,
    within: &[Test],
    call: &Call<'_>,
) -> Result<u64, MethodError> {
    let key = key(table, method, call)?;
    table.find(&key, within).ok_or_else(|| {
        if table.kind.rest3 {
            return rest3_error::entity_not_found(&key.join(", "));
        }
        let missing = method.not_found.unwrap_or(table.kind.not_found);
        refusal(missing, &key.join(", "), call)
    })
}

/// What a call calls a record.
fn key(
    table: &RecordTable,
    method: &RecordMethod,
    call: &Call<'_>,
) -> Result<Vec<String>, MethodError> {
    let kind = table.kind;
    let named: Vec<(Cow<'_, str>, Option<&Value>)> = match kind.key {
        [_] => {
            let fields = call.params.get_ignoring_case(method.fields);
            let within = fields.and_then(Value::as_array);
            let named = call.params.get_ignoring_case(method.id);
            let named = named.or_else(|| within?.get_ignoring_case(method.id));
            vec![(Cow::Borrowed(method.id), named)]
        }
        several => {
            let fields = call.params.get_ignoring_case(method.fields);
            let fields = fields.and_then(Value::as_array).unwrap_or(&call.params);
            let value = |name: &&'static str| {
                let spelled = camel(name);
                match table.written(fields, name) {
                    Some(value) => (Cow::Borrowed(*name), Some(value)),
                    None if method.fields.is_empty() => {
                        let value = fields.get_ignoring_case(&spelled);
                        (Cow::Owned(spelled), value)
                    }
                    None => (Cow::Borrowed(*name), None),
                }
            };
            several.iter().map(value).collect()
        }
    };
    let mut key = Vec::with_capacity(named.len());
    for (name, value) in named {
        match value {
            Some(value) if !is_empty(value) => key.push(value.to_text()),
            _ => return Err(unnamed(table, kind.unnamed, &name, call)),
        }
    }
    Ok(key)
}

/// `ENTITY_TYPE_ID` as `entityTypeId`, as parameters of newer methods are spelled.
fn camel(name: &str) -> String {
    if name.contains(|letter: char| letter.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let mut words = name.split('_').map(str::to_ascii_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |mut name, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        name.push_str(&head.to_ascii_uppercase());
        name.push_str(tail);
        name
    })
}

fn list(
    table: &RecordTable,
    method: &RecordMethod,
    mut tests: Vec<Test>,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    if let Some(Value::Array(nested)) = call.params.get_ignoring_case(method.nested) {
        call.params = nested.clone();
    }
    if table.kind.rest3 {
        with_triples(&mut call.params);
    }
    if table.kind.refuses_unknown_names {
        check_names(table, method, call)?;
    }
    check_required_filters(table, method, call)?;
    tests.extend(narrowed(method, call));
    let given = call.legacy_array("filter");
    tests.extend(filter::tests(given, |name| table.field_name(name)));
    let ids = table.ids(&tests, &order(table, method, call));
    let page = page_of(ids, method.paging, call);
    if let Answer::Values(field) = method.answer {
        let values = page.ids.iter().filter_map(|id| table.get(*id)?.get(field));
        let values: Value = values.cloned().map(Value::from).collect();
        return Ok(page.with_pagination_fields(Output::value(&values)));
    }
    let select = select(table, call);
    let is_wanted = |name: &str| {
        (select.is_empty() || select.iter().any(|one| one == name)) && table.lists(name)
    };
    if let Answer::ById(key) = method.answer {
        let mut by_id = Map::new();
        for id in &page.ids {
            let row = table.get(*id).cloned().unwrap_or_default();
            let shown = row.into_iter().filter(|(name, _)| is_wanted(name));
            by_id.insert(id.to_string(), Json::Object(shown.collect()));
        }
        let mut all = Json::Object(by_id);
        if !key.is_empty() {
            all = serde_json::json!({ key: all });
        }
        return Ok(page.with_pagination_fields(Output::value(&Value::from(all))));
    }
    let key = match method.answer {
        Answer::Under(key) => Some(key),
        _ => None,
    };
    let output = plan::list(key, &page.ids, |out, id| {
        if let Some(row) = table.get(id) {
            php::write_map(out, row, is_wanted);
        }
    });
    Ok(page.with_pagination_fields(output))
}

/// Refuses a list without a condition that the method asks for.
fn check_required_filters(
    table: &RecordTable,
    method: &RecordMethod,
    call: &Call<'_>,
) -> Result<(), MethodError> {
    let given = call.legacy_array("filter");
    for name in method.required_filters {
        let value = given.and_then(|filter| {
            let has = |(key, _): &(&brimful_protocol::Key, &Value)| {
                key.to_text()
                    .trim_start_matches(['=', '@'])
                    .eq_ignore_ascii_case(name)
            };
            filter.iter().find(has).map(|(_, value)| value)
        });
        if value.is_none_or(is_empty) && !table.is_loaded {
            return Err(refusal(table.kind.required, name, call));
        }
    }
    Ok(())
}

/// The page of the records that a call asks for.
fn page_of(ids: Vec<u64>, paging: RecordPaging, call: &mut Call<'_>) -> Page {
    match paging {
        RecordPaging::Older => Paging::Legacy.page(ids.as_slice(), call.start(), call),
        RecordPaging::Controller => Paging::Controller.page(ids.as_slice(), call.start(), call),
        RecordPaging::Offset => Paging::Offset.page(ids.as_slice(), call.start(), call),
        RecordPaging::LimitOffset => Page {
            next: None,
            total: None,
            ids: Slice::of_limit(&call.params, MOST_AT_ONCE).page(ids.as_slice(), call),
        },
        RecordPaging::Counted | RecordPaging::Whole => {
            charge(call, ids.len() as u64);
            let counted = paging == RecordPaging::Counted;
            Page {
                next: None,
                total: counted.then_some(ids.len() as u64),
                ids,
            }
        }
    }
}

/// Refuses a filter or an order by a field that the records don't have.
fn check_names(
    table: &RecordTable,
    method: &RecordMethod,
    call: &Call<'_>,
) -> Result<(), MethodError> {
    for (what, param) in [("filter", "filter"), ("order", method.order)] {
        let given = call.legacy_array(param).into_iter().flat_map(Array::iter);
        for (name, _) in given {
            let name = name.to_text();
            let field = name.trim_start_matches(['!', '<', '>', '=', '%', '@']);
            if table.field_name(field).is_none() {
                let text = format!("Invalid {what}: field '{field}' is not allowed in {what}");
                return Err(MethodError::new(400, "INVALID_ARG_VALUE", text));
            }
        }
    }
    Ok(())
}

/// Puts a filter of REST 3.0, `[["id", "=", 1]]`, into the form of the older one, and takes what is paged by out of
/// `pagination`.
fn with_triples(params: &mut Array) {
    if let Some(Value::Array(triples)) = params.get_ignoring_case("filter") {
        let mut filter = Array::new();
        for triple in triples.values().filter_map(Value::as_array) {
            let parts: Vec<&Value> = triple.values().collect();
            let (name, sign, value) = match parts.as_slice() {
                [name, value] => (name, "=".to_owned(), value),
                [name, sign, value] => (name, sign.to_text(), value),
                _ => continue,
            };
            let sign = if sign == "in" { "@".to_owned() } else { sign };
            filter.insert(
                format!("{sign}{}", name.to_text()).as_str(),
                (*value).clone(),
            );
        }
        params.insert("filter", filter);
    }
    if let Some(Value::Array(pagination)) = params.get_ignoring_case("pagination") {
        for (name, value) in pagination.clone().iter() {
            params.insert(name.clone(), value.clone());
        }
    }
}

fn order(table: &RecordTable, method: &RecordMethod, call: &Call<'_>) -> Vec<(String, bool)> {
    // A field in one parameter and the direction in another.
    if let Some(Value::Text(field)) = call.params.get_ignoring_case("sort") {
        let way = call.params.get_ignoring_case("order").map(Value::to_text);
        let down = way.is_some_and(|way| way.trim().eq_ignore_ascii_case("desc"));
        return table
            .field_name(field)
            .map(|name| (name, down))
            .into_iter()
            .collect();
    }
    let order = call.legacy_array(method.order);
    let order = order.into_iter().flat_map(Array::iter);
    let sort = |(name, way): (&brimful_protocol::Key, &Value)| {
        let down = way
            .to_text()
            .trim()
            .to_ascii_lowercase()
            .starts_with("desc");
        Some((table.field_name(&name.to_text())?, down))
    };
    let order: Vec<(String, bool)> = order.filter_map(sort).collect();
    if order.is_empty() && method.newest_first {
        return vec![(table.kind.id.to_owned(), true)];
    }
    order
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
pub(super) fn one(table: &RecordTable, id: u64, answer: Answer) -> Output {
    let empty = Map::new();
    let row = table.get(id).unwrap_or(&empty);
    let number = || row.get(table.kind.id).cloned().unwrap_or(Json::from(id));
    let as_number = || Value::Int(id as i64);
    match answer {
        Answer::Id => Output::value(&as_number()),
        Answer::IdUnder(key) => Output::value(&Value::from(serde_json::json!({ key: number() }))),
        Answer::IdTextUnder(key) => {
            Output::value(&Value::from(serde_json::json!({ key: id.to_string() })))
        }
        Answer::Value(field) => {
            Output::value(&row.get(field).cloned().map(Value::from).unwrap_or_default())
        }
        Answer::Constant(json) => Output::json(json.as_bytes().to_vec()),
        Answer::Template(json) => Output::json(filled(json, row).into_bytes()),
        Answer::True => Output::value(&Value::Bool(true)),
        Answer::Null => Output::value(&Value::Null),
        Answer::Nothing => Output::value(&Value::Array(Array::new())),
        Answer::Count => Output::value(&Value::Array(Array::from_iter([("count", 1)]))),
        Answer::ValueUnder(key, field) => {
            let value = row.get(field).cloned().unwrap_or_default();
            Output::value(&Value::from(serde_json::json!({ key: value })))
        }
        Answer::UnderWith(key, beside) => {
            let mut out = vec![b'{'];
            json::write_string(&mut out, key);
            out.push(b':');
            php::write_map(&mut out, row, |name| table.shows(name));
            out.push(b',');
            out.extend_from_slice(beside.as_bytes());
            out.push(b'}');
            Output::json(out)
        }
        Answer::Rows | Answer::Values(_) | Answer::ById(_) | Answer::Types(_) => {
            let mut out = Vec::new();
            php::write_map(&mut out, row, |name| table.shows(name));
            Output::json(out)
        }
        Answer::Under(key) => {
            let mut out = vec![b'{'];
            json::write_string(&mut out, key);
            out.push(b':');
            php::write_map(&mut out, row, |name| table.shows(name));
            out.push(b'}');
            Output::json(out)
        }
    }
}

/// A template with the values of a record. Within quotation marks stands the inside of a text.
fn filled(template: &str, row: &Map<String, Json>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after
            .split_once('}')
            .and_then(|(name, after)| Some((row.get(name)?, after)));
        let Some((value, after)) = named else {
            out.push('{');
            rest = after;
            continue;
        };
        match value {
            Json::String(text) => {
                let quoted = Json::from(text.as_str()).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            }
            other => out.push_str(&other.to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What is known of the fields.
fn described(table: &RecordTable, method: &RecordMethod, asked: &str) -> Output {
    let is_of_another = |field: &RecordField| {
        let mut special = method.described_for.iter();
        special.any(|(name, of)| *name == field.name && !of.eq_ignore_ascii_case(asked))
    };
    if let Answer::Types(key) = method.answer {
        let writable = table.fields.iter();
        let writable = writable.filter(|field| !field.hidden && !field.read_only);
        let types = writable.map(|field| {
            let kind = Array::from_iter([("type", field.type_name)]);
            (field.name, kind)
        });
        let types: Array = types.collect();
        return Output::value(&Value::Array(Array::from_iter([(key, types)])));
    }
    let fields: Array = table
        .fields
        .iter()
        .filter(|field| !field.hidden && !field.undescribed && !is_of_another(field))
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
    ] {
        map.insert(name, flag);
    }
    // Newer controllers say no more.
    if !field.title.is_empty() {
        map.insert("isMultiple", field.multiple);
        map.insert("isDynamic", false);
        if field.type_name == "crm_status" {
            let dictionary = Value::Text(format!("{}_CO", field.name));
            map.insert("statusType", [dictionary].into_iter().collect::<Value>());
        }
        map.insert("title", field.title);
    }
    map
}
