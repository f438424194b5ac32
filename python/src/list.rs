//! Lists on their way: pages for Python, and the account at the end.

use std::sync::{Arc, Mutex, PoisonError};

use brimful::{ListReport, Page, Pages, Tail, Verification};
use brimful_export::ColumnChoice;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::frames::{Frames, Wanted};
use crate::pending::{Failed, Output, Pending};

/// Rows are handed to Python when there are about so many bytes of them.
const CHUNK: usize = 1 << 20;

/// How a list is read. Python passes all of it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ListSettings {
    walk: Option<String>,
    resume_after: Option<u64>,
    verify: bool,
    check_names: bool,
    tail: bool,
}

impl ListSettings {
    pub(crate) fn apply(&self, mut list: brimful::List) -> PyResult<brimful::List> {
        list = list.check_names(self.check_names);
        if let Some(walk) = &self.walk {
            let walk = walk.parse().map_err(|error: brimful::list::UnknownWalk| {
                PyValueError::new_err(error.to_string())
            })?;
            list = list.walk(walk);
        }
        if let Some(id) = self.resume_after {
            list = list.resume_after(id);
        }
        if self.verify {
            list = list.verify();
        }
        if !self.tail {
            list = list.tail(Tail::Leave);
        }
        Ok(list)
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
    is_rest3: bool,
    rows: Arc<AsyncMutex<Reading>>,
    facts: Facts,
}

impl List {
    /// Nothing is asked for before its first row is.
    pub(crate) fn new(
        client: brimful::Client,
        list: brimful::List,
        method: String,
        params: Value,
        settings: ListSettings,
        is_rest3: bool,
    ) -> PyResult<Self> {
        let list = settings.apply(list.params(params.clone()))?;
        Ok(Self {
            client,
            method,
            params,
            is_rest3,
            rows: Arc::new(AsyncMutex::new(Reading(Some(Rows::NotBegun(list))))),
            facts: Facts::default(),
        })
    }
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
    fn frames(&self, columns: Vec<String>, strings: bool, labels: bool) -> PyResult<Frames> {
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
            is_rest3: self.is_rest3,
            columns,
            strings,
            labels,
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
    made.set_item("as_of", report.as_of)?;
    made.set_item("verification", report.verification.as_ref().map(counted))?;
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

/// Ranges that were counted, and those whose count differed: the ID before it, the last one, the count, the rows that had
/// come.
type Counted = (u64, Vec<(u64, u64, Option<u64>, u64)>);

fn counted(verification: &Verification) -> Counted {
    let differences = verification.differences.iter();
    let differences =
        differences.map(|range| (range.after, range.up_to, range.counted, range.came));
    (verification.ranges, differences.collect())
}
