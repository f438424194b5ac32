//! The client, and what it reads and calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brimful::protocol::catalogue::{self, Shape};
use brimful::{Batch, HttpOptions, ItemId, Limit, OnError, Pages, Retry, SlowGuard};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::pending::{Output, Pending, exception};
use crate::runtime;

/// Rows are handed to Python in texts of about so many bytes.
const CHUNK: usize = 1 << 20;
/// Outcomes are handed to Python so many at a time.
const OUTCOMES: usize = 500;

/// Whether a method is known to return rows in pages, under one name or none.
#[pyfunction]
pub(crate) fn returns_rows(method: &str) -> bool {
    catalogue::find(method.trim())
        .is_some_and(|known| known.list && matches!(known.shape, Shape::List | Shape::Wrapped))
}

/// A client of one portal.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Client {
    client: brimful::Client,
    guards: Mutex<Vec<(u64, SlowGuard)>>,
}

/// JSON parameters, made by Python.
fn value(json: &str) -> PyResult<Value> {
    serde_json::from_str(json)
        .map_err(|error| PyValueError::new_err(format!("the parameters are no JSON: {error}")))
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (
        address, *, burst=None, per_second=None, operating_limit=None, attempts=None, batch_size=50,
        verify_certificates=true, timeout=None, token=None
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the settings of a client, by name"
    )]
    fn new(
        py: Python<'_>,
        address: &str,
        burst: Option<f64>,
        per_second: Option<f64>,
        operating_limit: Option<f64>,
        attempts: Option<u32>,
        batch_size: usize,
        verify_certificates: bool,
        timeout: Option<f64>,
        token: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let seconds = |seconds: f64, what: &str| {
            Duration::try_from_secs_f64(seconds).map_err(|_| {
                PyValueError::new_err(format!("{what} is {seconds}, not a time in seconds"))
            })
        };
        let mut builder = brimful::Client::builder(address).batch_size(batch_size);
        builder = match (burst, per_second) {
            (Some(burst), Some(per_second)) => builder.limit(Limit { burst, per_second }),
            _ => builder.limit(None),
        };
        if let Some(limit) = operating_limit {
            builder = builder.operating_time_limit(seconds(limit, "operating_limit")?);
        }
        if let Some(attempts) = attempts {
            builder = builder.retry(Retry::default().attempts(attempts));
        }
        let mut http = HttpOptions::new();
        if let Some(timeout) = timeout {
            http = http.timeout(seconds(timeout, "timeout")?);
        }
        if !verify_certificates {
            http = http.danger_accept_invalid_certs();
        }
        builder = builder.http(http);
        if let Some(ask) = token {
            let ask = Arc::new(ask);
            builder = builder.token_with(move || {
                let ask = Arc::clone(&ask);
                async move { ask_for_token(ask).await }
            });
        }
        let _runtime = runtime::shared()?.enter();
        let client = builder.build().map_err(|error| exception(py, &error))?;
        Ok(Self {
            client,
            guards: Mutex::default(),
        })
    }

    /// The portal, without its secret.
    fn portal(&self) -> String {
        self.client.portal()
    }

    /// One call: `result` as JSON.
    fn call(&self, method: String, params: &str) -> PyResult<Pending> {
        let (client, params) = (self.client.clone(), value(params)?);
        Pending::start(async move {
            let reply = client.call(&method, params).await?;
            Ok(Output::Json(reply.raw().get().as_bytes().to_vec()))
        })
    }

    /// One call: the status and the whole body, whatever they are.
    fn call_raw(&self, method: String, params: &str) -> PyResult<Pending> {
        let (client, params) = (self.client.clone(), value(params)?);
        Pending::start(async move {
            let reply = client.call_raw(&method, params).await?;
            Ok(Output::Raw(reply.status.as_u16(), reply.body.to_vec()))
        })
    }

    /// A whole list.
    #[pyo3(signature = (method, params, *, walk=None, resume_after=None, verify=false))]
    fn list(
        &self,
        py: Python<'_>,
        method: String,
        params: &str,
        walk: Option<&str>,
        resume_after: Option<u64>,
        verify: bool,
    ) -> PyResult<List> {
        let mut list = self.client.list(method).params(value(params)?);
        if let Some(walk) = walk {
            let walk = walk.parse().map_err(|error: brimful::list::UnknownWalk| {
                PyValueError::new_err(error.to_string())
            })?;
            list = list.walk(walk);
        }
        if let Some(id) = resume_after {
            list = list.resume_after(id);
        }
        if verify {
            list = list.verify();
        }
        let _runtime = runtime::shared()?.enter();
        let pages = list.pages().map_err(|error| exception(py, &error))?;
        Ok(List {
            pages: Arc::new(AsyncMutex::new(Some(pages))),
            facts: Arc::default(),
        })
    }

    /// A call for each item, any number of them.
    #[pyo3(signature = (method, items, *, idempotent=false))]
    fn call_each(&self, method: String, items: Vec<String>, idempotent: bool) -> PyResult<Each> {
        let items = items
            .iter()
            .map(|item| value(item))
            .collect::<PyResult<Vec<_>>>()?;
        let mut each = self.client.call_each(method, items);
        if idempotent {
            each = each.idempotent();
        }
        let _runtime = runtime::shared()?.enter();
        Ok(Each(Arc::new(AsyncMutex::new(each.outcomes()))))
    }

    /// A call for each ID.
    #[pyo3(signature = (method, ids, params, *, id_field=None))]
    fn get_by_id(
        &self,
        py: Python<'_>,
        method: String,
        ids: Vec<String>,
        params: &str,
        id_field: Option<String>,
    ) -> PyResult<Found> {
        let ids: Vec<ItemId> = ids.into_iter().map(ItemId::from).collect();
        let mut get = self.client.get_by_id(method, ids).params(value(params)?);
        if let Some(field) = id_field {
            get = get.id_field(field);
        }
        let _runtime = runtime::shared()?.enter();
        let found = get.stream().map_err(|error| exception(py, &error))?;
        Ok(Found(Arc::new(AsyncMutex::new(found))))
    }

    /// Commands as `(label, method, parameters)` in as few requests as they fit into.
    #[pyo3(signature = (commands, *, halt=false))]
    fn batch(
        &self,
        py: Python<'_>,
        commands: Vec<(String, String, String)>,
        halt: bool,
    ) -> PyResult<Pending> {
        let on_error = if halt {
            OnError::Halt
        } else {
            OnError::Continue
        };
        let mut batch = Batch::new().on_error(on_error);
        for (label, method, params) in commands {
            let params = value(&params)?;
            batch
                .add(label, method, params)
                .map_err(|error| exception(py, &error))?;
        }
        let client = self.client.clone();
        Pending::start(async move {
            let reply = client.batch(batch).await?;
            let labels: Vec<String> = reply.iter().map(|(label, _)| label.to_owned()).collect();
            let labels = labels.into_iter().map(Some);
            Ok(Output::Outcomes(
                labels.zip(reply.into_outcomes()).collect(),
            ))
        })
    }

    /// Has at most so many requests in flight from now on, until the number that this gives is given back.
    fn slow(&self, requests: usize) -> u64 {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let name = guards.last().map_or(0, |(name, _)| name + 1);
        guards.push((name, self.client.slow(requests)));
        name
    }

    fn end_slow(&self, name: u64) {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.retain(|(other, _)| *other != name);
    }

    /// What was sent so far, by name.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.client.stats();
        let facts = PyDict::new(py);
        facts.set_item("requests", stats.requests)?;
        facts.set_item("repeats", stats.repeats)?;
        facts.set_item("refusals", stats.refusals)?;
        facts.set_item("lost", stats.lost)?;
        facts.set_item("bytes_sent", stats.bytes_sent)?;
        facts.set_item("bytes_received", stats.bytes_received)?;
        Ok(facts)
    }
}

/// Asks Python for a token, on a thread that may block.
async fn ask_for_token(ask: Arc<Py<PyAny>>) -> Result<String, String> {
    let asked = tokio::task::spawn_blocking(move || {
        Python::try_attach(|py| -> PyResult<String> { ask.call0(py)?.extract(py) })
    });
    match asked.await {
        Ok(Some(token)) => token.map_err(|error| error.to_string()),
        Ok(None) => Err("the interpreter is ending".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is known of a list by now.
#[derive(Default)]
struct ListFacts {
    rows: u64,
    done: f64,
    report: Option<brimful::ListReport>,
}

/// The rows of a list on their way.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct List {
    pages: Arc<AsyncMutex<Option<Pages>>>,
    facts: Arc<Mutex<ListFacts>>,
}

#[pymethods]
impl List {
    /// The next rows as a JSON array; nothing after the last.
    fn next_rows(&self) -> PyResult<Pending> {
        let (pages, facts) = (Arc::clone(&self.pages), Arc::clone(&self.facts));
        Pending::start(async move {
            let mut pages = pages.lock().await;
            let Some(reading) = &mut *pages else {
                return Ok(Output::Nothing);
            };
            let mut text = vec![b'['];
            let mut rows = 0;
            while let Some(page) = reading.next_page().await? {
                for row in page.iter() {
                    if rows > 0 {
                        text.push(b',');
                    }
                    text.extend_from_slice(row.json.as_bytes());
                    rows += 1;
                }
                if text.len() >= CHUNK {
                    break;
                }
            }
            let mut facts = facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.rows += rows;
            facts.done = reading.progress().extent.done;
            facts.report = reading.report().cloned();
            if rows == 0 {
                *pages = None;
                return Ok(Output::Nothing);
            }
            text.push(b']');
            Ok(Output::Json(text))
        })
    }

    /// Rows handed out, and the share of the list that they are, from 0 to 1.
    fn progress(&self) -> (u64, f64) {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        (facts.rows, facts.done)
    }

    /// The account, once the list is complete.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(report) = &facts.report else {
            return Ok(None);
        };
        let made = PyDict::new(py);
        made.set_item("rows", report.rows)?;
        made.set_item("requests", report.requests)?;
        made.set_item("commands", report.commands)?;
        made.set_item("retries", report.retries)?;
        made.set_item("waited_for_limit", report.waited_for_limit.as_secs_f64())?;
        made.set_item(
            "waited_for_operating",
            report.waited_for_operating.as_secs_f64(),
        )?;
        made.set_item("elapsed", report.elapsed.as_secs_f64())?;
        made.set_item("strategy", report.strategy)?;
        made.set_item("complete_to", report.complete_to)?;
        made.set_item("proof", proof(report.proof))?;
        made.set_item("hidden", report.hidden)?;
        made.set_item(
            "resume_after",
            report.resume.as_ref().map(|resume| resume.after),
        )?;
        Ok(Some(made))
    }

    /// Stops reading.
    fn close(&self) {
        if let Ok(mut pages) = self.pages.try_lock() {
            *pages = None;
        }
    }
}

fn proof(proof: brimful::Proof) -> &'static str {
    match proof {
        brimful::Proof::UpTo(_) => "by ID",
        brimful::Proof::Counted(_) => "counted",
        brimful::Proof::OneReply => "one reply",
        brimful::Proof::EqualPasses(_) => "equal passes",
        _ => "none",
    }
}

/// The outcomes of many calls on their way, in the order of the items.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Each(Arc<AsyncMutex<brimful::Outcomes>>);

#[pymethods]
impl Each {
    /// The next outcomes; nothing after the last.
    fn next_outcomes(&self) -> PyResult<Pending> {
        let each = Arc::clone(&self.0);
        Pending::start(async move {
            let mut each = each.lock().await;
            let mut outcomes = Vec::new();
            while outcomes.len() < OUTCOMES {
                // What has come is not held back for what is on its way.
                let next = if outcomes.is_empty() {
                    each.next().await
                } else {
                    match futures_util::FutureExt::now_or_never(each.next()) {
                        Some(next) => next,
                        None => break,
                    }
                };
                let Some(item) = next else { break };
                outcomes.push((Some(item.index.to_string()), item.outcome));
            }
            Ok(if outcomes.is_empty() {
                Output::Nothing
            } else {
                Output::Outcomes(outcomes)
            })
        })
    }
}

/// What comes for many IDs, in their order.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Found(Arc<AsyncMutex<brimful::IdOutcomes>>);

#[pymethods]
impl Found {
    /// The next outcomes, each under its ID; nothing after the last.
    fn next_outcomes(&self) -> PyResult<Pending> {
        let found = Arc::clone(&self.0);
        Pending::start(async move {
            let mut found = found.lock().await;
            let mut outcomes = Vec::new();
            while outcomes.len() < OUTCOMES {
                let next = if outcomes.is_empty() {
                    found.next().await
                } else {
                    match futures_util::FutureExt::now_or_never(found.next()) {
                        Some(next) => next,
                        None => break,
                    }
                };
                let Some(one) = next else { break };
                outcomes.push((Some(one.id.to_string()), one.outcome));
            }
            Ok(if outcomes.is_empty() {
                Output::Nothing
            } else {
                Output::Outcomes(outcomes)
            })
        })
    }
}
