//! An operation that was started: Python waits for it, or is called when it is done.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use brimful::{Error, Execution, Outcome, Page, ParameterProblem};
use brimful_export::ExportError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use tokio::task::AbortHandle;

use crate::frames::{Batch, Frame};
use crate::list::report_to_python;
use crate::program::{ExportFailure, Exported};
use crate::{rows, runtime};

/// How often a waiting thread looks for signals, such as Ctrl-C.
const SIGNALS: Duration = Duration::from_millis(50);

/// What an operation gives.
pub(crate) enum Output {
    Nothing,
    /// Bytes, such as a JSON text.
    Bytes(Vec<u8>),
    /// Some rows of a list, to become dictionaries.
    Rows(Vec<Page>),
    /// HTTP status and body.
    Raw(u16, Vec<u8>),
    /// Of each command: what it is known by, and its outcome.
    Outcomes(Vec<(Option<String>, Outcome)>),
    /// Some rows of a list.
    Batch(RecordBatch),
    /// All rows of a list.
    Frame(SchemaRef, Vec<RecordBatch>),
    /// What was written.
    Exported(Box<Exported>),
    /// Something that is made when Python takes it.
    Object(MakeObject),
}

/// Makes an object of Python.
type MakeObject = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

impl Output {
    /// What `make` makes when Python takes it.
    pub(crate) fn object<F, T>(make: F) -> Self
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, T>> + Send + 'static,
    {
        Self::Object(Box::new(move |py| Ok(make(py)?.into_any().unbind())))
    }

    /// Outcomes; nothing if there are none.
    pub(crate) fn outcomes(outcomes: Vec<(Option<String>, Outcome)>) -> Self {
        if outcomes.is_empty() {
            Self::Nothing
        } else {
            Self::Outcomes(outcomes)
        }
    }
}

/// Why an operation failed.
pub(crate) enum Failed {
    Client(Error),
    /// The rows make no columns, or not the ones that are wanted.
    Columns(ExportError),
    Export(ExportFailure),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<ExportError> for Failed {
    fn from(error: ExportError) -> Self {
        Self::Columns(error)
    }
}

impl From<ExportFailure> for Failed {
    fn from(failure: ExportFailure) -> Self {
        Self::Export(failure)
    }
}

struct State {
    done: Option<Result<Output, Failed>>,
    /// To be called when it is done.
    callback: Option<Py<PyAny>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// An operation on its way.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Pending {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Pending {
    /// Starts `work` on the runtime.
    pub(crate) fn start<F>(work: F) -> PyResult<Self>
    where
        F: Future<Output = Result<Output, Failed>> + Send + 'static,
    {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                done: None,
                callback: None,
            }),
            changed: Condvar::new(),
        });
        let done = Arc::clone(&shared);
        let task = runtime::shared()?.spawn(async move {
            let output = work.await;
            let callback = {
                let mut state = done.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.done = Some(output);
                done.changed.notify_all();
                state.callback.take()
            };
            if let Some(callback) = callback {
                call(&callback);
            }
        });
        Ok(Self {
            shared,
            task: task.abort_handle(),
        })
    }
}

/// Calls back into Python. An interpreter that is ending is not called any more.
fn call(callback: &Py<PyAny>) {
    Python::try_attach(|py| {
        // The loop that it wakes may be closed by now: then nobody waits.
        let _ = callback.call0(py);
    });
}

#[pymethods]
impl Pending {
    /// Waits until it is done and gives what it gave. Ctrl-C ends it at once.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        to_python(py, self.finished(py)?)
    }

    /// Has `callback` called, on another thread, when it is done.
    fn on_done(&self, callback: Py<PyAny>) {
        let mut state = self.lock();
        if state.done.is_none() {
            state.callback = Some(callback);
            return;
        }
        drop(state);
        call(&callback);
    }

    /// What it gave, once it is done.
    fn take(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let done = self.lock().done.take();
        match done {
            Some(done) => to_python(py, done.map_err(|failed| failure(py, failed))?),
            None => Err(PyRuntimeError::new_err(
                "it is not done, or was taken before",
            )),
        }
    }

    /// Ends it.
    fn cancel(&self) {
        self.task.abort();
    }
}

impl Pending {
    /// Waits until it is done, with the interpreter free. Ctrl-C ends it at once.
    pub(crate) fn finished(&self, py: Python<'_>) -> PyResult<Output> {
        loop {
            let done = py.detach(|| {
                let state = self.lock();
                let (mut state, _) = self
                    .shared
                    .changed
                    .wait_timeout_while(state, SIGNALS, |state| state.done.is_none())
                    .unwrap_or_else(PoisonError::into_inner);
                state.done.take()
            });
            if let Some(done) = done {
                return done.map_err(|failed| failure(py, failed));
            }
            if let Err(interrupted) = py.check_signals() {
                self.task.abort();
                return Err(interrupted);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_python(py: Python<'_>, output: Output) -> PyResult<Py<PyAny>> {
    Ok(match output {
        Output::Nothing => py.None(),
        Output::Bytes(bytes) => PyBytes::new(py, &bytes).into_any().unbind(),
        Output::Rows(pages) => rows::to_python(py, &pages)?.into_any().unbind(),
        Output::Raw(status, body) => (status, PyBytes::new(py, &body))
            .into_pyobject(py)?
            .into_any()
            .unbind(),
        Output::Outcomes(outcomes) => {
            let list = PyList::empty(py);
            for (name, outcome) in outcomes {
                list.append(outcome_to_python(py, name, &outcome)?)?;
            }
            list.into_any().unbind()
        }
        Output::Batch(batch) => Bound::new(py, Batch(batch))?.into_any().unbind(),
        Output::Frame(schema, batches) => Bound::new(py, Frame::new(schema, batches))?
            .into_any()
            .unbind(),
        Output::Object(make) => make(py)?,
        Output::Exported(exported) => {
            let facts = PyDict::new(py);
            facts.set_item("rows", exported.rows)?;
            facts.set_item("name", &exported.name)?;
            facts.set_item("bytes", exported.bytes)?;
            let (count, place) = exported.misfits.clone().unzip();
            facts.set_item("misfits", count.unwrap_or(0))?;
            facts.set_item("misfits_in", place)?;
            let report = exported.report.as_ref();
            let report = report.map(|report| report_to_python(py, report));
            facts.set_item("report", report.transpose()?)?;
            facts.into_any().unbind()
        }
    })
}

/// `(name, "done", result as JSON)`, or `(name, "failed" | "not_run" | "unknown", error)`.
fn outcome_to_python<'py>(
    py: Python<'py>,
    name: Option<String>,
    outcome: &Outcome,
) -> PyResult<Bound<'py, PyTuple>> {
    if let Some(result) = outcome.done() {
        let result = PyBytes::new(py, result.get().as_bytes());
        return (name, "done", result).into_pyobject(py);
    }
    let error = match outcome.result::<serde_json::Value>() {
        Ok(_) => Error::config("the outcome has no result"),
        Err(error) => error,
    };
    let what = match outcome {
        Outcome::NotRun(_) => "not_run",
        Outcome::Unknown(_) => "unknown",
        _ => "failed",
    };
    (name, what, exception(py, &error).into_value(py)).into_pyobject(py)
}

/// The exception of what failed.
fn failure(py: Python<'_>, failed: Failed) -> PyErr {
    match failed {
        Failed::Client(error) => exception(py, &error),
        Failed::Columns(error) => of_kind(py, "Config", &error.to_string()),
        Failed::Export(failure) => match &failure.error {
            Some(error) => exception_saying(py, error, &failure.message),
            None if failure.is_incomplete => of_kind(py, "Incomplete", &failure.message),
            None if failure.is_usage => of_kind(py, "Config", &failure.message),
            None => of_kind(py, "Output", &failure.message),
        },
    }
}

/// The exception of an error that is not the client's.
fn of_kind(py: Python<'_>, kind: &str, message: &str) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let facts = PyDict::new(py);
        facts.set_item("kind", kind)?;
        let errors = py.import("brimful.errors")?;
        let made = errors.call_method1("_from_native", (message, facts))?;
        Ok(PyErr::from_value(made))
    };
    made().unwrap_or_else(|failed| failed)
}

/// The exception of an error, made by `brimful.errors`.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    exception_saying(py, error, &error.to_string())
}

fn exception_saying(py: Python<'_>, error: &Error, message: &str) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let facts = PyDict::new(py);
        facts.set_item("kind", format!("{:?}", error.kind()))?;
        let ran = match error.execution() {
            Execution::Ran => "ran",
            Execution::NotRun => "not_run",
            Execution::Unknown => "unknown",
        };
        facts.set_item("execution", ran)?;
        facts.set_item("method", error.method())?;
        facts.set_item("command", error.command())?;
        if let Some(api) = error.api_error() {
            facts.set_item("code", api.code.to_string())?;
            facts.set_item("description", &api.description)?;
        }
        if let Some(report) = error.report() {
            facts.set_item("report", report_to_python(py, report)?)?;
        }
        if let Some((status, body)) = error.answer() {
            facts.set_item("status", status.as_u16())?;
            facts.set_item("body", PyBytes::new(py, body))?;
        }
        let problems = error.problems().iter().filter_map(problem);
        facts.set_item("problems", problems.collect::<Vec<_>>())?;
        let errors = py.import("brimful.errors")?;
        let made = errors.call_method1("_from_native", (message, facts))?;
        Ok(PyErr::from_value(made))
    };
    made().unwrap_or_else(|failed| failed)
}

/// What is wrong with a parameter: of which kind it is, and its name.
fn problem(problem: &ParameterProblem) -> Option<(&'static str, &str)> {
    match problem {
        ParameterProblem::UnknownInFilter(name) => Some(("unknown_in_filter", name)),
        ParameterProblem::PassedOver(name) => Some(("passed_over", name)),
        ParameterProblem::SelectPassedOver(name) => Some(("select_passed_over", name)),
        ParameterProblem::BooleanForLetter(name) => Some(("boolean_for_letter", name)),
        _ => None,
    }
}
