//! Batches of REST 3.0: calls one after the other in one request, which refer to earlier results.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Rest3;
use crate::auth::Api;
use crate::check;
use crate::effect::{self, Effect};
use crate::error::{Error, ErrorKind, Execution};
use crate::json;
use crate::session::Call;

/// Calls of REST 3.0 that go out as one request, or in several where a write refers to an earlier call. The portal ends at
/// the first failure; what ran before stays done.
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
/// let reply = client.rest3().batch(batch).await?;
/// let ids: Value = reply.result(&tasks)?;
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
    /// An alias that is taken, is empty or has a dot in it; parameters that are not an object; `batch` as the method.
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

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The outcome of a batch of REST 3.0: a result for each call, up to where it stopped.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::rest3::Batch;
/// use serde_json::{Value, json};
///
/// let mut batch = Batch::new();
/// let task = batch.add("task", "tasks.task.add", json!({"fields": {"title": "Call", "creatorId": 1}}))?;
/// let id = task.reference("id");
/// batch.add("change", "tasks.task.update", json!({"id": id, "fields": {"title": "Call back"}}))?;
/// let reply = client.rest3().batch(batch).await?;
/// let added: Value = reply.result(&task)?;
/// if let Some(error) = reply.stopped() {
///     eprintln!("the task {} is there, but {error}", added["item"]["id"]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BatchReply {
    calls: IndexMap<Arc<str>, CallOutcome>,
    stopped: Option<Error>,
}

#[derive(Debug)]
struct CallOutcome {
    method: String,
    state: CallState,
}

#[derive(Debug)]
enum CallState {
    NotSent,
    /// Its request failed as a whole.
    Failed,
    Done(Box<RawValue>),
}

impl BatchReply {
    fn of(batch: &Batch) -> Self {
        let calls = batch.items.iter().map(|item| {
            let outcome = CallOutcome {
                method: item.method.clone(),
                state: CallState::NotSent,
            };
            (Arc::clone(&item.alias), outcome)
        });
        Self {
            calls: calls.collect(),
            stopped: None,
        }
    }

    /// The result of a call, as a type: an object with `item`, `items` or what else the method returns.
    ///
    /// # Errors
    /// The call has no result: the error is that of its request, or says what kept it from being sent. Or its result is
    /// not of the type.
    pub fn result<T: DeserializeOwned>(&self, label: impl AsRef<str>) -> Result<T, Error> {
        let label = label.as_ref();
        let Some(call) = self.calls.get(label) else {
            return Err(Error::config(format!(
                "the batch has no call with the alias {label:?}"
            )));
        };
        match (&call.state, &self.stopped) {
            (CallState::Done(result), _) => {
                let what = format!("the result of {} ({label:?})", call.method);
                json::decode(result.get(), &what)
            }
            (CallState::Failed, Some(error)) => Err(error.clone()),
            (CallState::NotSent, Some(error)) if error.command() == Some(label) => {
                Err(error.clone())
            }
            (CallState::NotSent, Some(error)) => {
                let message = format!("it was not run: the batch ended before it: {error}");
                Err(Error::new(ErrorKind::Halted, Execution::NotRun, message)
                    .in_method(&call.method)
                    .in_command(label)
                    .with_source(error.clone()))
            }
            (CallState::Failed | CallState::NotSent, None) => {
                Err(Error::config(format!("the call {label:?} has no result")))
            }
        }
    }

    /// The result of a call as raw JSON, if there is one.
    pub fn raw(&self, label: impl AsRef<str>) -> Option<&RawValue> {
        self.calls.get(label.as_ref())?.state.done()
    }

    /// The results with their aliases, in the order of the calls; `None` for a call without one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&RawValue>)> {
        self.calls
            .iter()
            .map(|(label, call)| (&**label, call.state.done()))
    }

    /// Why the batch was not run to its end: the error of a later request, or a reference that finds nothing. What the
    /// error says of [`execution`](Error::execution) is about that request alone: calls with a result have been done.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// Notes the outcome of a request. Gives whether the batch goes on.
    fn take(&mut self, labels: &[Arc<str>], results: Result<Vec<Box<RawValue>>, Error>) -> bool {
        match results {
            Ok(results) => {
                for (label, result) in labels.iter().zip(results) {
                    self.set(label, CallState::Done(result));
                }
                true
            }
            Err(error) => {
                for label in labels {
                    self.set(label, CallState::Failed);
                }
                self.stopped = Some(error);
                false
            }
        }
    }

    fn set(&mut self, label: &Arc<str>, state: CallState) {
        if let Some(call) = self.calls.get_mut(label) {
            call.state = state;
        }
    }

    /// The reply, or the error where nothing has been done.
    fn finish(self) -> Result<Self, Error> {
        match self.stopped {
            Some(error) if self.calls.values().all(|call| call.state.done().is_none()) => {
                Err(error)
            }
            _ => Ok(self),
        }
    }
}

impl CallState {
    fn done(&self) -> Option<&RawValue> {
        match self {
            Self::Done(result) => Some(result),
            Self::NotSent | Self::Failed => None,
        }
    }
}

impl Rest3 {
    /// Runs a batch. A call that writes and refers to an earlier one goes out in a later request, with the values in
    /// place: so it certainly does not run where there is no such value.
    ///
    /// The batch ends at the first call that fails, or whose references find nothing: no such row or field, null, or for a
    /// call that writes no row at all. Where results of earlier requests are there, they are in the reply, and
    /// [`BatchReply::stopped`] has the error.
    ///
    /// # Errors
    /// That of the first request: of its calls, those before the one that failed have been done.
    pub async fn batch(&self, batch: Batch) -> Result<BatchReply, Error> {
        let mut reply = BatchReply::of(&batch);
        let mut known = EarlierResults::default();
        let mut ready: Vec<Item> = Vec::new();
        for mut item in batch.items {
            let writes = effect::writes(&item.method);
            let refers = |ready: &Item| refers_to(&item.query, &ready.alias);
            if writes
                && ready.iter().any(refers)
                && !self
                    .request_into(&mut reply, std::mem::take(&mut ready), &mut known)
                    .await
            {
                return reply.finish();
            }
            match known.resolve(&item.query, writes) {
                Ok(query) => item.query = query,
                Err(missing) => {
                    // What is ready has no part in it, and stands before it.
                    let ready = std::mem::take(&mut ready);
                    if ready.is_empty() || self.request_into(&mut reply, ready, &mut known).await {
                        let message = format!(
                            "{} was not run: {missing}, and it refers to that",
                            item.method
                        );
                        reply.stopped = Some(
                            Error::new(ErrorKind::EmptyReference, Execution::NotRun, message)
                                .in_command(&item.alias),
                        );
                    }
                    return reply.finish();
                }
            }
            ready.push(item);
        }
        if !ready.is_empty() {
            self.request_into(&mut reply, ready, &mut known).await;
        }
        reply.finish()
    }

    /// Sends calls as one request and notes its outcome. Gives whether the batch goes on.
    async fn request_into(
        &self,
        reply: &mut BatchReply,
        items: Vec<Item>,
        known: &mut EarlierResults,
    ) -> bool {
        let labels: Vec<Arc<str>> = items.iter().map(|item| Arc::clone(&item.alias)).collect();
        let results = self.request(items, known).await;
        reply.take(&labels, results)
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
