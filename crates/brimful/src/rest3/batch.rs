//! Batches of REST 3.0: calls one after the other in one request, which refer to earlier results.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Rest3;
use crate::auth::Api;
use crate::check;
use crate::effect::{self, Effect};
use crate::error::{Error, ErrorKind, Execution};
use crate::json;
use crate::session::Call;

/// Calls of REST 3.0 that go out as one request. The portal ends at the first failure, and its error is that of the whole
/// batch; what ran before stays done.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::rest3::Batch;
/// use serde_json::{Value, json};
///
/// let mut batch = Batch::new();
/// let tasks = batch.add("tasks", "tasks.task.list", json!({"select": ["id"]}))?;
/// batch.add(
///     "same",
///     "tasks.task.list",
///     json!({"filter": [["id", "in", tasks.column("id")]], "select": ["id", "title"]}),
/// )?;
/// let results = client.rest3().batch(batch).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Batch {
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    alias: Arc<str>,
    method: String,
    query: Value,
}

/// The name of a call in a batch of REST 3.0.
#[derive(Debug, Clone)]
pub struct Label(Arc<str>);

impl Label {
    /// A reference to a value in the call's `item` or `items`: `task.reference("id")`, `tasks.reference("0.id")`.
    pub fn reference(&self, path: &str) -> Value {
        json!({ "$ref": format!("{}.{path}", self.0) })
    }

    /// A reference to a field of all rows of the call's `items`: `tasks.column("id")`.
    pub fn column(&self, field: &str) -> Value {
        json!({ "$refArray": format!("{}.{field}", self.0) })
    }
}

impl Batch {
    /// No calls yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a call under an alias, by which later calls refer to its result.
    ///
    /// # Errors
    /// An alias that is taken, is empty or has a dot in it; parameters that are no object; `batch` as the method.
    pub fn add(
        &mut self,
        alias: impl Into<String>,
        method: impl Into<String>,
        query: impl Serialize,
    ) -> Result<Label, Error> {
        let (alias, method) = (alias.into(), method.into());
        check::name(&method)?;
        let query = json::params(&method, query)?;
        if method.eq_ignore_ascii_case("batch") {
            return Err(Error::config(
                "batch cannot be a call of a batch: portals refuse it",
            ));
        }
        if alias.is_empty() || alias.contains('.') {
            return Err(Error::config(format!(
                "the alias {alias:?} of a call is empty or has a dot in it: no reference could name it"
            )));
        }
        if self.items.iter().any(|item| *item.alias == alias) {
            return Err(Error::config(format!(
                "two calls of the batch have the alias {alias:?}"
            )));
        }
        if !query.is_object() {
            return Err(Error::config(format!(
                "the parameters of {method} are {query}: in a batch they are an object"
            )));
        }
        let alias: Arc<str> = alias.into();
        self.items.push(Item {
            alias: Arc::clone(&alias),
            method,
            query,
        });
        Ok(Label(alias))
    }
}

impl Rest3 {
    /// Runs a batch; the results are in the order of its calls. A call that writes and refers to an earlier one goes out
    /// in a later request, with the values in place: so it certainly does not run where there is no such value.
    ///
    /// # Errors
    /// That of the first call which failed, or whose references find nothing: no such row or field, null, or for a call
    /// that writes no row at all. Calls before it have been done, those after it have not.
    pub async fn batch(&self, batch: Batch) -> Result<Vec<Box<RawValue>>, Error> {
        let mut results = Vec::with_capacity(batch.items.len());
        let mut known = EarlierResults::default();
        let mut ready: Vec<Item> = Vec::new();
        let mut has_written = false;
        for mut item in batch.items {
            let writes = effect::writes(&item.method);
            let refers = |ready: &Item| refers_to(&item.query, &ready.alias);
            if writes && ready.iter().any(refers) {
                has_written |= ready.iter().any(|item| effect::writes(&item.method));
                results.extend(self.request(std::mem::take(&mut ready), &mut known).await?);
            }
            item.query = known.resolve(&item.query, writes).map_err(|missing| {
                let error = Error::config(format!(
                    "{} was not run: {missing}, and it refers to that",
                    item.method
                ))
                .in_command(&item.alias);
                if has_written {
                    error.may_have_run()
                } else {
                    error
                }
            })?;
            ready.push(item);
        }
        if !ready.is_empty() {
            results.extend(self.request(ready, &mut known).await?);
        }
        Ok(results)
    }

    /// Sends calls as one request.
    async fn request(
        &self,
        items: Vec<Item>,
        known: &mut EarlierResults,
    ) -> Result<Vec<Box<RawValue>>, Error> {
        let reads = items
            .iter()
            .all(|item| effect::of(&item.method) == Effect::Read);
        let effect = if reads { Effect::Read } else { Effect::Write };
        let body: Vec<Value> = items
            .iter()
            .map(|item| json!({"method": item.method, "query": item.query, "as": &*item.alias}))
            .collect();
        let expected = body.len();
        let options = self.client.options();
        let mut counts: IndexMap<&str, u32> = IndexMap::from([("batch", 1)]);
        for item in &items {
            *counts.entry(&item.method).or_default() += 1;
        }
        // Calls before the one that was refused have been done.
        let in_steps = items
            .iter()
            .rev()
            .skip(1)
            .any(|item| effect::writes(&item.method));
        let call = Call {
            api: Api::Rest3,
            charges: counts.iter().map(|(m, n)| ((*m).into(), *n)).collect(),
            in_steps,
            ..Call::new("batch", effect, Value::Array(body).to_string(), options)
        };
        let results: Vec<Box<RawValue>> = self.run(call, None).await?.result()?;
        if results.len() != expected {
            let message = format!(
                "the portal answered a batch of {expected} calls with {} results",
                results.len()
            );
            return Err(Error::new(ErrorKind::Decode, Execution::Ran, message));
        }
        for (item, result) in items.into_iter().zip(&results) {
            known.keep(item.alias, result);
        }
        Ok(results)
    }
}

/// Whether a value has a reference to the result of a call.
fn refers_to(value: &Value, alias: &str) -> bool {
    if let Some((path, _)) = reference(value) {
        return path.split('.').next() == Some(alias);
    }
    match value {
        Value::Array(items) => items.iter().any(|item| refers_to(item, alias)),
        Value::Object(fields) => fields.values().any(|item| refers_to(item, alias)),
        _ => false,
    }
}

/// The path of a reference, and whether it takes a field of all rows.
fn reference(value: &Value) -> Option<(&str, bool)> {
    let fields = value.as_object()?;
    let path = |name: &str| fields.get(name).and_then(Value::as_str);
    path("$ref")
        .map(|path| (path, false))
        .or_else(|| path("$refArray").map(|path| (path, true)))
}

/// What calls of earlier requests have returned under `item` or `items`, by alias.
#[derive(Debug, Default)]
struct EarlierResults(IndexMap<Arc<str>, Value>);

impl EarlierResults {
    fn keep(&mut self, alias: Arc<str>, result: &RawValue) {
        let mut result: Value = serde_json::from_str(result.get()).unwrap_or_default();
        let item = ["item", "items"]
            .into_iter()
            .find_map(|name| result.get_mut(name).map(Value::take));
        self.0.insert(alias, item.unwrap_or_default());
    }

    /// `value` with what its references to earlier requests stand for, or what they do not find. References within the
    /// request are left to the portal.
    fn resolve(&self, value: &Value, writes: bool) -> Result<Value, String> {
        if let Some((path, is_column)) = reference(value) {
            let alias = path.split('.').next().unwrap_or_default();
            if !self.0.contains_key(alias) {
                return Ok(value.clone());
            }
            return if is_column {
                self.column(path, writes)
            } else {
                self.walk(path).cloned()
            };
        }
        Ok(match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.resolve(item, writes))
                .collect::<Result<Vec<Value>, String>>()?
                .into(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, item)| Ok((name.clone(), self.resolve(item, writes)?)))
                .collect::<Result<serde_json::Map<String, Value>, String>>()?
                .into(),
            other => other.clone(),
        })
    }

    fn walk(&self, path: &str) -> Result<&Value, String> {
        let mut steps = path.split('.');
        let alias = steps.next().unwrap_or_default();
        self.0
            .get(alias)
            .and_then(|found| steps.try_fold(found, step_into))
            .filter(|found| !found.is_null())
            .ok_or_else(|| format!("{path} finds nothing"))
    }

    fn column(&self, path: &str, writes: bool) -> Result<Value, String> {
        let (rows, field) = path
            .rsplit_once('.')
            .ok_or_else(|| format!("{path} names no field"))?;
        let Value::Array(rows) = self.walk(rows)? else {
            return Err(format!("{rows} is not a list"));
        };
        if rows.is_empty() && writes {
            return Err(format!("{path} finds no rows"));
        }
        let value = |row: &Value| row.get(field).filter(|value| !value.is_null()).cloned();
        rows.iter()
            .map(value)
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array)
            .ok_or_else(|| format!("{path} is missing in a row"))
    }
}

fn step_into<'v>(at: &'v Value, step: &str) -> Option<&'v Value> {
    match at {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    }
}
