//! The method `batch` of REST 3.0: a list of calls, one after the other, until the first that fails.
//!
//! Nobody is charged for the calls in it one by one; the batch is charged as a whole.

use std::collections::HashSet;

use brimful_protocol::{Array, Key, Value, json};

use super::reference::Context;
use crate::bodies::MOST_RETURNED;
use crate::calls::Backend;
use crate::calls::callers::Caller;
use crate::calls::executor::{Executor, Outcome};
use crate::context::{MethodError, Output};
use crate::methods::rest3::{Endpoint, error};

/// A call in a batch.
pub(super) struct Item<'b> {
    endpoint: &'b Endpoint,
    query: &'b Array,
    alias: String,
}

/// Reads the body of a batch. All methods are looked up before anything runs.
pub(super) fn parse<'b>(
    backend: &'b Backend,
    body: &'b Array,
) -> Result<Vec<Item<'b>>, MethodError> {
    let refused = || error::invalid_select(&json::to_string(&Value::Array(body.clone())));
    if !body.is_list() {
        return Err(refused());
    }
    let mut items: Vec<Item<'_>> = Vec::with_capacity(body.len());
    let mut aliases = HashSet::new();
    for (index, item) in body.iter() {
        let (Some(Value::Text(method)), Some(Value::Array(query))) =
            (item.get("method"), item.get("query"))
        else {
            return Err(error::invalid_select(&json::to_string(item)));
        };
        let alias = alias(item, index);
        if !aliases.insert(alias.clone()) {
            return Err(error::invalid_select(&alias));
        }
        let endpoint = backend
            .registry
            .endpoint(&method.to_ascii_lowercase())
            .ok_or_else(|| {
                backend.context.say_if_unmodelled(method);
                error::method_not_found(method)
            })?;
        items.push(Item {
            endpoint,
            query,
            alias,
        });
    }
    Ok(items)
}

fn alias(item: &Value, index: &Key) -> String {
    match item.get("as") {
        None | Some(Value::Null) => index.to_text(),
        Some(alias) => alias.to_text(),
    }
}

/// Runs the calls: the JSON of what they returned, or the first error.
pub(super) async fn run(
    backend: &Backend,
    caller: &Caller,
    executor: &mut Executor<'_>,
    items: Vec<Item<'_>>,
) -> Result<Vec<u8>, MethodError> {
    executor.begin_batch();
    let mut context = Context::default();
    let mut results = vec![b'['];
    for (index, item) in items.into_iter().enumerate() {
        backend.context.counters.count(|stats| stats.commands += 1);
        let query = match context.resolve(&Value::Array(item.query.clone()))? {
            Value::Array(query) => query,
            _ => Array::new(),
        };
        item.endpoint.permit(&caller.scopes)?;
        let (outcome, ..) = executor.perform(&item.endpoint.method, query).await;
        let output = match outcome {
            Outcome::Done(output) => output,
            Outcome::Failed(error) => return Err(error),
            Outcome::ErrorAsData(error) => Output::value(&Value::Array(error)),
        };
        if index > 0 {
            results.push(b',');
        }
        results.extend_from_slice(&output.json);
        context.keep(&item.alias, output.to_value());
        if results.len() > MOST_RETURNED {
            return Err(error::too_large());
        }
        if executor.is_over() {
            break;
        }
    }
    results.push(b']');
    Ok(results)
}
