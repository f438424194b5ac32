//! The methods of REST 3.0.

use std::sync::Arc;

use brimful::Execution;
use brimful::rest3::{Batch, BatchReply};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use serde_json::Value;

use crate::client::{SharedClient, client_of, fields_to_json, value};
use crate::list::{List, ListSettings};
use crate::pending::{Output, Pending, exception};

/// A portal by REST 3.0.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Rest3(pub(crate) Arc<SharedClient>);

#[pymethods]
impl Rest3 {
    /// One call: `result` as JSON.
    #[pyo3(signature = (method, params, *, idempotency_key=None))]
    fn call(
        &self,
        py: Python<'_>,
        method: String,
        params: &str,
        idempotency_key: Option<String>,
    ) -> PyResult<Pending> {
        let (rest3, params) = (client_of(py, &self.0)?.rest3(), value(params)?);
        Pending::start(async move {
            let reply = match idempotency_key {
                Some(key) => {
                    rest3
                        .call_with_idempotency_key(&method, params, &key)
                        .await?
                }
                None => rest3.call(&method, params).await?,
            };
            Ok(Output::Bytes(reply.raw().get().as_bytes().to_vec()))
        })
    }

    /// A whole list. Nothing is asked for before its first row is.
    fn list(
        &self,
        py: Python<'_>,
        method: String,
        params: &str,
        settings: ListSettings,
    ) -> PyResult<List> {
        let client = client_of(py, &self.0)?;
        let list = client.rest3().list(&method);
        List::new(client, list, method, value(params)?, settings, true)
    }

    /// Calls as `(label, method, parameters)`: an outcome for each.
    fn batch(&self, py: Python<'_>, commands: Vec<(String, String, String)>) -> PyResult<Pending> {
        let mut batch = Batch::new();
        for (label, method, params) in commands {
            batch
                .add(label, method, value(&params)?)
                .map_err(|error| exception(py, &error))?;
        }
        let rest3 = client_of(py, &self.0)?.rest3();
        Pending::start(async move {
            let reply = rest3.batch(batch).await?;
            Ok(Output::object(move |py| outcomes(py, &reply)))
        })
    }

    /// The fields of an entity, as JSON.
    fn fields(&self, py: Python<'_>, entity: String) -> PyResult<Pending> {
        let rest3 = client_of(py, &self.0)?.rest3();
        Pending::start(async move {
            let fields = rest3.fields(&entity).await?;
            Ok(Output::Bytes(fields_to_json(&fields)))
        })
    }

    /// The methods that the portal has, as JSON.
    fn openapi(&self, py: Python<'_>) -> PyResult<Pending> {
        let rest3 = client_of(py, &self.0)?.rest3();
        Pending::start(async move {
            let api = rest3.openapi().await?;
            Ok(Output::Bytes(api.document.to_string().into_bytes()))
        })
    }
}

/// The outcome of each call, in the shape of other batches.
fn outcomes<'py>(py: Python<'py>, reply: &BatchReply) -> PyResult<Bound<'py, PyList>> {
    let made = PyList::empty(py);
    for (label, result) in reply.iter() {
        if let Some(result) = result {
            made.append((label, "done", PyBytes::new(py, result.get().as_bytes())))?;
        } else if let Err(error) = reply.result::<Value>(label) {
            let what = match error.execution() {
                Execution::Ran => "failed",
                Execution::NotRun => "not_run",
                Execution::Unknown => "unknown",
            };
            made.append((label, what, exception(py, &error).into_value(py)))?;
        }
    }
    Ok(made)
}
