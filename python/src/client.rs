//! The client, and what it reads and calls.

use std::ffi::OsString;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brimful::protocol::catalogue::{self, Shape};
use brimful::{
    Batch, HttpOptions, ItemId, Limit, ListReport, OnError, Page, Pages, Retry, SlowGuard,
};
use brimful_export::ColumnChoice;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::frames::{Frames, Wanted};
use crate::pending::{Failed, Output, Pending, exception};
use crate::{program, runtime};

/// Rows are handed to Python when there are about so many bytes of them.
const CHUNK: usize = 1 << 20;
/// Outcomes are handed to Python so many at a time.
const OUTCOMES: usize = 500;

/// Whether a method is known to return rows in pages, under one name or none.
#[pyfunction]
pub(crate) fn returns_rows(method: &str) -> bool {
    catalogue::find(method.trim())
        .is_some_and(|known| known.list && matches!(known.shape, Shape::List | Shape::Wrapped))
}

/// Whether a method takes the parameter, as far as the catalogue knows the method.
#[pyfunction]
pub(crate) fn takes_parameter(method: &str, name: &str) -> bool {
    catalogue::find(method.trim()).is_none_or(|known| known.parameter(name.trim()).is_some())
}

/// A client of one portal.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Client {
    make: Box<dyn Fn() -> Result<brimful::Client, brimful::Error> + Send + Sync>,
    /// The client of a process. One that was forked off makes its own: connections and their threads do not come along.
    made: Mutex<(u32, brimful::Client)>,
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
        let operating_limit = operating_limit
            .map(|limit| seconds(limit, "operating_limit"))
            .transpose()?;
        let mut http = HttpOptions::new();
        if let Some(timeout) = timeout {
            http = http.timeout(seconds(timeout, "timeout")?);
        }
        if !verify_certificates {
            http = http.danger_accept_invalid_certs();
        }
        let limit = burst
            .zip(per_second)
            .map(|(burst, per_second)| Limit { burst, per_second });
        let address = address.to_owned();
        let token = token.map(Arc::new);
        let make = move || {
            let mut builder = brimful::Client::builder(address.as_str())
                .batch_size(batch_size)
                .limit(limit)
                .http(http.clone());
            if let Some(limit) = operating_limit {
                builder = builder.operating_limit(limit);
            }
            if let Some(attempts) = attempts {
                builder = builder.retry(Retry::default().attempts(attempts));
            }
            if let Some(ask) = token.clone() {
                builder = builder.token_with(move || {
                    let ask = Arc::clone(&ask);
                    async move { ask_for_token(ask).await }
                });
            }
            builder.build()
        };
        let _runtime = runtime::shared()?.enter();
        let client = make().map_err(|error| exception(py, &error))?;
        Ok(Self {
            make: Box::new(make),
            made: Mutex::new((process::id(), client)),
            guards: Mutex::default(),
        })
    }

    /// The portal, without its secret.
    fn portal(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.client(py)?.portal())
    }

    /// One call: `result` as JSON.
    fn call(&self, py: Python<'_>, method: String, params: &str) -> PyResult<Pending> {
        let (client, params) = (self.client(py)?, value(params)?);
        Pending::start(async move {
            let reply = client.call(&method, params).await?;
            Ok(Output::Json(reply.raw().get().as_bytes().to_vec()))
        })
    }

    /// One call: the status and the whole body, whatever they are.
    fn call_raw(&self, py: Python<'_>, method: String, params: &str) -> PyResult<Pending> {
        let (client, params) = (self.client(py)?, value(params)?);
        Pending::start(async move {
            let reply = client.call_raw(&method, params).await?;
            Ok(Output::Raw(reply.status.as_u16(), reply.body.to_vec()))
        })
    }

    /// A whole list. Nothing is asked for before its first row is.
    #[pyo3(signature = (method, params, *, walk=None, resume_after=None, verify=false, check_names=true))]
    #[expect(clippy::too_many_arguments, reason = "the settings of a list, by name")]
    fn list(
        &self,
        py: Python<'_>,
        method: String,
        params: &str,
        walk: Option<&str>,
        resume_after: Option<u64>,
        verify: bool,
        check_names: bool,
    ) -> PyResult<List> {
        let params = value(params)?;
        let client = self.client(py)?;
        let mut list = client.list(&method).params(params.clone());
        list = list.check_names(check_names);
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
        Ok(List {
            client,
            method,
            params,
            rows: Arc::new(AsyncMutex::new(Reading(Some(Rows::NotBegun(list))))),
            facts: Facts::default(),
        })
    }

    /// Exports a list with the arguments of `brimful export`.
    fn export(&self, py: Python<'_>, arguments: Vec<OsString>) -> PyResult<Pending> {
        let client = self.client(py)?;
        Pending::start(async move {
            let exported = program::export(client, arguments).await?;
            Ok(Output::Exported(Box::new(exported)))
        })
    }

    /// A call for each item, any number of them.
    #[pyo3(signature = (method, items, *, idempotent=false))]
    fn call_each(
        &self,
        py: Python<'_>,
        method: String,
        items: Vec<String>,
        idempotent: bool,
    ) -> PyResult<Each> {
        let items = items
            .iter()
            .map(|item| value(item))
            .collect::<PyResult<Vec<_>>>()?;
        let mut each = self.client(py)?.call_each(method, items);
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
        let mut get = self
            .client(py)?
            .get_by_id(method, ids)
            .params(value(params)?);
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
        let client = self.client(py)?;
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
    fn slow(&self, py: Python<'_>, requests: usize) -> PyResult<u64> {
        let client = self.client(py)?;
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let name = guards.last().map_or(0, |(name, _)| name + 1);
        guards.push((name, client.slow(requests)));
        Ok(name)
    }

    fn end_slow(&self, name: u64) {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.retain(|(other, _)| *other != name);
    }

    /// What was sent so far, by name.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.client(py)?.stats();
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

impl Client {
    /// The client of this process.
    fn client(&self, py: Python<'_>) -> PyResult<brimful::Client> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let here = process::id();
        if made.0 != here {
            let _runtime = runtime::shared()?.enter();
            let client = (self.make)().map_err(|error| exception(py, &error))?;
            let (_, parents) = std::mem::replace(&mut *made, (here, client));
            // Its connections are those of the parent process: there is nothing here to end.
            std::mem::forget(parents);
        }
        Ok(made.1.clone())
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
    done: Option<f64>,
    report: Option<ListReport>,
}

/// The same, told while the list is read.
#[derive(Clone, Default)]
pub(crate) struct Facts(Arc<Mutex<ListFacts>>);

impl Facts {
    fn lock(&self) -> std::sync::MutexGuard<'_, ListFacts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list that is read from its first row to its last; nothing after that.
pub(crate) struct Reading(Option<Rows>);

enum Rows {
    NotBegun(brimful::List),
    Begun(Pages),
}

impl Reading {
    /// The next page; nothing after the last.
    pub(crate) async fn next_page(&mut self, facts: &Facts) -> Result<Option<Page>, Failed> {
        let mut pages = match self.0.take() {
            Some(Rows::NotBegun(list)) => list.pages()?,
            Some(Rows::Begun(pages)) => pages,
            None => return Ok(None),
        };
        let page = pages.next_page().await?;
        let mut facts = facts.lock();
        facts.done = pages.progress().extent.done;
        facts.report = pages.report().cloned();
        if let Some(page) = &page {
            facts.rows += page.len() as u64;
            self.0 = Some(Rows::Begun(pages));
        }
        Ok(page)
    }
}

/// A list, and its rows on their way.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct List {
    client: brimful::Client,
    method: String,
    params: Value,
    rows: Arc<AsyncMutex<Reading>>,
    facts: Facts,
}

#[pymethods]
impl List {
    /// The next rows as a list of dictionaries; nothing after the last.
    fn next_rows(&self) -> PyResult<Pending> {
        let (rows, facts) = (Arc::clone(&self.rows), self.facts.clone());
        Pending::start(async move {
            let mut rows = rows.lock().await;
            let (mut pages, mut bytes) = (Vec::new(), 0);
            while bytes < CHUNK
                && let Some(page) = rows.next_page(&facts).await?
            {
                bytes += page.bytes();
                pages.push(page);
            }
            Ok(if bytes == 0 {
                Output::Nothing
            } else {
                Output::Rows(pages)
            })
        })
    }

    /// The rows as record batches of Arrow. The list has no other rows after that.
    fn frames(&self, columns: Vec<String>, strings: bool) -> PyResult<Frames> {
        let columns = columns.iter().map(|column| column.parse());
        let columns: Result<Vec<ColumnChoice>, String> = columns.collect();
        let columns = columns.map_err(PyValueError::new_err)?;
        let taken = self.rows.try_lock().ok().and_then(|mut rows| rows.0.take());
        let Some(Rows::NotBegun(mut list)) = taken else {
            return Err(PyValueError::new_err(
                "the rows of this list have been read: make a new list for a dataframe",
            ));
        };
        let mut params = self.params.clone();
        if params.get("select").is_none() {
            let fields = ColumnChoice::fields_to_select(&self.method, &[], &columns);
            if !fields.is_empty() {
                params["select"] = fields.clone().into();
                list = list.select(fields);
            }
        }
        let wanted = Wanted {
            client: self.client.clone(),
            method: self.method.clone(),
            params,
            columns,
            strings,
        };
        let rows = Reading(Some(Rows::NotBegun(list)));
        Ok(Frames::new(wanted, rows, self.facts.clone()))
    }

    /// Rows handed out, and the share of the list that they are, from 0 to 1; nothing while it cannot be told.
    fn progress(&self) -> (u64, Option<f64>) {
        let facts = self.facts.lock();
        (facts.rows, facts.done)
    }

    /// The account, once the list is complete.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let facts = self.facts.lock();
        let report = facts.report.as_ref();
        report
            .map(|report| report_to_python(py, report))
            .transpose()
    }

    /// Stops reading.
    fn close(&self) {
        if let Ok(mut rows) = self.rows.try_lock() {
            rows.0 = None;
        }
    }
}

/// The account of a list, by name.
pub(crate) fn report_to_python<'py>(
    py: Python<'py>,
    report: &ListReport,
) -> PyResult<Bound<'py, PyDict>> {
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
    Ok(made)
}

fn proof(proof: brimful::Proof) -> &'static str {
    match proof {
        brimful::Proof::UpTo(_) => "by ID",
        brimful::Proof::Counted(_) => "counted",
        brimful::Proof::NothingBeside(_) => "nothing beside",
        brimful::Proof::OneReply => "one reply",
        brimful::Proof::EqualPasses(_) => "equal passes",
        _ => "none",
    }
}

/// The outcomes of many calls on their way, in the order of the items.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Each(Arc<AsyncMutex<brimful::Outcomes<'static>>>);

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
pub(crate) struct Found(Arc<AsyncMutex<brimful::IdOutcomes<'static>>>);

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
