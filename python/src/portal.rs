//! The portal emulator for tests: on a free port of this machine, until it is closed.

use std::sync::{Mutex, PoisonError};

use brimful_portal::{App, PortalConfig, RateLimit, Server};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::runtime;

/// Where a user is sent back to. A test reads what is in the address, and nothing listens there.
const HANDLER: &str = "http://127.0.0.1:9/";

/// A portal that a test talks to.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct TestPortal(Mutex<Option<Server>>);

#[pymethods]
impl TestPortal {
    /// `rows`: how many rows to make up, by entity. `load`: rows of the caller's as JSON, by entity. `replies`: replies as
    /// JSON, by method. `rate_limit`: requests at once, and requests a second after them; `None` is no limit. `seed`: the
    /// same one makes the same rows and faults. `apps`: the secret of each application, by its ID; `user` lets them in.
    #[new]
    #[pyo3(signature = (
        *, rows=Vec::new(), load=Vec::new(), replies=Vec::new(), rate_limit=None, seed=None, apps=Vec::new(), user=1
    ))]
    fn new(
        rows: Vec<(String, u64)>,
        load: Vec<(String, String)>,
        replies: Vec<(String, String)>,
        rate_limit: Option<(f64, f64)>,
        seed: Option<u64>,
        apps: Vec<(String, String)>,
        user: u64,
    ) -> PyResult<Self> {
        let mut config = match rate_limit {
            Some((burst, per_second))
                if !(burst >= 1.0 && per_second > 0.0 && (burst + per_second).is_finite()) =>
            {
                return Err(PyValueError::new_err(
                    "rate is (burst, per_second): at least 1 request at once, and more than 0 a second",
                ));
            }
            Some((burst, per_second)) => PortalConfig::new().rate_limit(RateLimit {
                capacity: burst,
                leak: per_second,
                ..RateLimit::STANDARD
            }),
            None => PortalConfig::unlimited(),
        };
        if let Some(seed) = seed {
            config = config.seed(seed);
        }
        for (entity, count) in rows {
            config = config.rows(entity, count);
        }
        for (entity, rows) in load {
            let rows: Vec<Map<String, Value>> = serde_json::from_str(&rows).map_err(|error| {
                PyValueError::new_err(format!(
                    "the rows of {entity} must be a list of dicts: {error}"
                ))
            })?;
            config = config.load_by_name(entity, rows.into());
        }
        for (method, reply) in replies {
            let reply: Value = serde_json::from_str(&reply).map_err(|error| {
                PyValueError::new_err(format!("the reply of {method} must be JSON: {error}"))
            })?;
            config = config.reply(method, reply);
        }
        for (id, secret) in apps {
            config = config.app(App::new(id, secret, HANDLER).signed_in_as(user));
        }
        let server = runtime::shared()?
            .block_on(config.start())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self(Mutex::new(Some(server))))
    }

    /// The address of its webhook.
    fn webhook(&self) -> PyResult<String> {
        self.with_server(|server| Ok(server.webhook_url()))
    }

    /// From now on these faults happen: `503:5%`, `reset-after on=crm.lead.add`.
    fn set_faults(&self, spec: &str) -> PyResult<()> {
        self.with_server(|server| {
            let set = server.portal().faults().set(spec);
            set.map_err(|error| PyValueError::new_err(error.to_string()))
        })
    }

    /// What it has been asked for: requests, commands, and how often each method ran.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.with_server(|server| Ok(server.portal().stats()))?;
        let counts = PyDict::new(py);
        counts.set_item("requests", stats.requests)?;
        counts.set_item("commands", stats.commands)?;
        counts.set_item(
            "refused",
            stats.refused_by_rate + stats.refused_by_operating,
        )?;
        counts.set_item("methods", stats.methods)?;
        Ok(counts)
    }

    /// Stops the portal and gives its port back.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl TestPortal {
    fn with_server<T>(&self, action: impl FnOnce(&Server) -> PyResult<T>) -> PyResult<T> {
        let server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*server {
            Some(server) => action(server),
            None => Err(PyRuntimeError::new_err(
                "the portal is closed: start a new one",
            )),
        }
    }
}
