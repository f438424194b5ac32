//! The vocabulary of BX.rest: `callMethod` and `callBatch`, and results that are asked for their data or their error.
//!
//! Nothing here is another way to the portal: a [`CallResult`] is the outcome of a call, error or not, in one value.

use std::fmt;

use brimful_protocol::Time;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::batch::{Batch, NotRun, OnError, Outcome};
use crate::client::Client;
use crate::error::Error;
use crate::json;

/// The outcome of a call, with the names of BX.rest.
///
/// ```no_run
/// # async fn example(client: brimful::Client) {
/// use serde_json::json;
///
/// let mut page = client.call_method("crm.lead.list", json!({"select": ["ID", "TITLE"]})).await;
/// loop {
///     if let Some(error) = page.error() {
///         eprintln!("{error}");
///         break;
///     }
///     println!("{}", page.data());
///     match page.next().await {
///         Some(next) => page = next,
///         None => break,
///     }
/// }
/// # }
/// ```
pub struct CallResult {
    client: Client,
    method: String,
    params: Value,
    answer: Result<CallAnswer, Error>,
}

/// The parts of a reply that came, alone or in a batch.
struct CallAnswer {
    data: Value,
    next: Option<u64>,
    total: Option<u64>,
    time: Option<Time>,
    status: StatusCode,
}

impl Client {
    /// `BX.rest.callMethod`: calls a method, and returns its outcome, an error too.
    pub async fn call_method(&self, method: &str, params: impl Serialize) -> CallResult {
        let (params, reply) = match json::params(method, params) {
            Ok(params) => (params.clone(), self.call(method, params).await),
            Err(error) => (Value::Null, Err(error)),
        };
        let answer = reply.and_then(|reply| {
            Ok(CallAnswer {
                data: reply.result()?,
                next: reply.next_start(),
                total: reply.total(),
                time: reply.time().cloned(),
                status: reply.status(),
            })
        });
        CallResult {
            client: self.clone(),
            method: method.to_owned(),
            params,
            answer,
        }
    }

    /// `BX.rest.callBatch`: calls any number of named methods, and returns the outcome of each. For commands that are
    /// built from earlier results see [`Batch::late`].
    ///
    /// In one thing it does better than the original: where a command refers to the result of another (`$result[…]`) and
    /// finds nothing, the original runs it with the parent of the missing value, and a write changes another record.
    /// Here such a command has an error instead; one that writes is not run. To that end a command that writes and
    /// refers to another goes out in a later request: see [`References`](crate::References).
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// use brimful::OnError;
    /// use serde_json::json;
    ///
    /// let results = client
    ///     .call_batch(
    ///         [
    ///             ("lead_1", "crm.lead.get", json!({"id": 1})),
    ///             ("leads", "crm.lead.list", json!({"filter": {">ID": 0}})),
    ///         ],
    ///         OnError::Continue,
    ///     )
    ///     .await?;
    /// println!("{}", results.data()["lead_1"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Batch::add`] and [`Client::batch`].
    pub async fn call_batch<'a, I, P>(
        &self,
        commands: I,
        on_error: OnError,
    ) -> Result<CallResults, Error>
    where
        I: IntoIterator<Item = (&'a str, &'a str, P)>,
        P: Serialize,
    {
        let mut batch = Batch::new().on_error(on_error);
        let mut calls = Vec::new();
        for (label, method, params) in commands {
            let params = json::params(method, params)?;
            batch.add(label, method, &params)?;
            calls.push((label.to_owned(), method.to_owned(), params));
        }
        let reply = self.batch(batch).await?;
        let results = calls
            .into_iter()
            .filter(|(label, ..)| {
                !matches!(reply.get(label), Some(Outcome::NotRun(NotRun::Halted(_))))
            })
            .map(|(label, method, params)| {
                let answer = reply.result::<Value>(&label).map(|data| CallAnswer {
                    data,
                    next: reply.next(&label),
                    total: reply.total(&label),
                    time: reply.time(&label).cloned(),
                    status: StatusCode::OK,
                });
                let result = CallResult {
                    client: self.clone(),
                    method,
                    params,
                    answer,
                };
                (label, result)
            })
            .collect();
        Ok(CallResults {
            results,
            stopped: reply.stopped().cloned(),
        })
    }
}

impl CallResult {
    /// The result; `null` where there is an error.
    pub fn data(&self) -> &Value {
        self.answer
            .as_ref()
            .map_or(&Value::Null, |answer| &answer.data)
    }

    /// The result as a type, or the call's error.
    ///
    /// # Errors
    /// The call failed, or its result is not of the type.
    pub fn into_data<T: DeserializeOwned>(self) -> Result<T, Error> {
        let answer = self.answer?;
        json::decode(
            &answer.data.to_string(),
            &format!("the result of {}", self.method),
        )
    }

    /// The error, if the call failed in any way.
    pub fn error(&self) -> Option<&Error> {
        self.answer.as_ref().err()
    }

    /// The text that the portal sent with its error.
    pub fn error_description(&self) -> Option<&str> {
        let error = self.error()?.api_error()?;
        Some(&error.description)
    }

    /// Whether there is a next page.
    pub fn more(&self) -> bool {
        self.answer
            .as_ref()
            .is_ok_and(|answer| answer.next.is_some())
    }

    /// The same as [`CallResult::more`].
    pub fn has_more(&self) -> bool {
        self.more()
    }

    /// How many rows match in all, where the method counts.
    pub fn total(&self) -> Option<u64> {
        self.answer.as_ref().ok()?.total
    }

    /// The portal's clock and counters.
    pub fn time(&self) -> Option<&Time> {
        self.answer.as_ref().ok()?.time.as_ref()
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match &self.answer {
            Ok(answer) => Some(answer.status),
            Err(error) => error.answer().map(|(status, _)| status),
        }
    }

    /// The next page: the same call with another `start`. `None` if there is none. A result of a batch continues with
    /// its own method, outside of the batch.
    pub async fn next(&self) -> Option<Self> {
        let start = self.answer.as_ref().ok()?.next?;
        let mut params = self.params.clone();
        match &mut params {
            Value::Object(params) => {
                params.insert("start".to_owned(), start.into());
            }
            Value::Null => params = serde_json::json!({ "start": start }),
            // Positional parameters have no `start`.
            _ => return None,
        }
        Some(self.client.call_method(&self.method, params).await)
    }
}

impl fmt::Debug for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallResult")
            .field("method", &self.method)
            .field("error", &self.error())
            .field("more", &self.more())
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

/// The outcomes of the commands of a batch, by their names. A command that was not run has an error; only those that a
/// batch with [`OnError::Halt`] did not get to are not among them.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::OnError;
/// use serde_json::json;
///
/// let commands = [("lead", "crm.lead.get", json!({"id": 7})), ("me", "user.current", json!({}))];
/// let results = client.call_batch(commands, OnError::Continue).await?;
/// for (name, result) in results.iter() {
///     println!("{name}: {}", result.data());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CallResults {
    results: indexmap::IndexMap<String, CallResult>,
    stopped: Option<Error>,
}

impl CallResults {
    /// The result of one command.
    pub fn get(&self, label: &str) -> Option<&CallResult> {
        self.results.get(label)
    }

    /// The results of those that have one, by their names.
    pub fn data(&self) -> Value {
        let done = self
            .results
            .iter()
            .filter(|(_, result)| result.error().is_none());
        let data: Map<String, Value> = done
            .map(|(label, result)| (label.clone(), result.data().clone()))
            .collect();
        Value::Object(data)
    }

    /// The first error among them, or why the batch was not run to its end.
    pub fn error(&self) -> Option<&Error> {
        let first = self.results.values().find_map(CallResult::error);
        first.or_else(|| self.stopped())
    }

    /// Why the batch was not run to its end, where a request failed as a whole.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// All of them, in the order of the commands.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CallResult)> {
        self.results
            .iter()
            .map(|(label, result)| (label.as_str(), result))
    }
}
