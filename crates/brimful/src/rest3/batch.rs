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
    /// Runs a batch; the results are in the order of its calls.
    ///
    /// # Errors
    /// That of the first call which failed. Calls before it have been done, those after it have not.
    pub async fn batch(&self, batch: Batch) -> Result<Vec<Box<RawValue>>, Error> {
        if batch.items.is_empty() {
            return Ok(Vec::new());
        }
        let reads = batch
            .items
            .iter()
            .all(|item| effect::of(&item.method) == Effect::Read);
        let effect = if reads { Effect::Read } else { Effect::Write };
        let body: Vec<Value> = batch
            .items
            .iter()
            .map(|item| json!({"method": item.method, "query": item.query, "as": &*item.alias}))
            .collect();
        let expected = body.len();
        let options = self.client.options();
        let mut counts: IndexMap<&str, u32> = IndexMap::from([("batch", 1)]);
        for item in &batch.items {
            *counts.entry(&item.method).or_default() += 1;
        }
        // Calls before the one that was refused have been done.
        let in_steps = batch
            .items
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
        Ok(results)
    }
}
