//! The client, and what it calls.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brimful::protocol::catalogue::{self, Shape};
use brimful::{
    Batch, Error, Field, Fields, ItemId, LimitsSnapshot, OnError, Priority, References, SlowGuard,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::files::{self, FileRequest};
use crate::list::{List, ListSettings};
use crate::outcomes::{Each, Found, Listed, ListedOutcomes};
use crate::pending::{Output, Pending, exception};
use crate::rest3::Rest3;
use crate::settings::{Settings, seconds};
use crate::{program, runtime};

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

/// A client, and how it is made: a process that was forked off makes its own, since connections and their threads do not
/// come along.
pub(crate) struct SharedClient {
    make: Box<dyn Fn() -> Result<brimful::Client, Error> + Send + Sync>,
    made: Mutex<MadeClient>,
}

struct MadeClient {
    process: u32,
    /// None once it is closed.
    client: Option<brimful::Client>,
}

impl SharedClient {
    fn new(
        make: impl Fn() -> Result<brimful::Client, Error> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, Error> {
        let client = within_runtime(&make)?;
        Ok(Arc::new(Self {
            make: Box::new(make),
            made: Mutex::new(MadeClient {
                process: process::id(),
                client: Some(client),
            }),
        }))
    }

    /// The client of this process. It may have to be made, so the interpreter must be free meanwhile.
    pub(crate) fn client(&self) -> Result<brimful::Client, Error> {
        let mut made = self.lock();
        let Some(client) = &made.client else {
            return Err(Error::config("the client is closed: make a new one"));
        };
        let here = process::id();
        if made.process == here {
            return Ok(client.clone());
        }
        let client = within_runtime(&self.make)?;
        let own = MadeClient {
            process: here,
            client: Some(client.clone()),
        };
        // Its connections are those of the parent process: there is nothing here to end.
        std::mem::forget(std::mem::replace(&mut *made, own));
        Ok(client)
    }

    /// A client over this one, with which it shares connections and limits.
    fn derived(
        self: &Arc<Self>,
        change: impl Fn(&brimful::Client) -> brimful::Client + Send + Sync + 'static,
    ) -> Result<Arc<Self>, Error> {
        let parent = Arc::clone(self);
        Self::new(move || Ok(change(&parent.client()?)))
    }

    fn close(&self) {
        let mut made = self.lock();
        let client = made.client.take();
        if made.process != process::id() {
            std::mem::forget(client);
        }
    }

    fn lock(&self) -> MutexGuard<'_, MadeClient> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn within_runtime(
    make: impl Fn() -> Result<brimful::Client, Error>,
) -> Result<brimful::Client, Error> {
    let runtime = runtime::shared().map_err(|error| Error::config(error.to_string()))?;
    let _runtime = runtime.enter();
    make()
}

/// The client of this process.
pub(crate) fn client_of(py: Python<'_>, shared: &SharedClient) -> PyResult<brimful::Client> {
    py.detach(|| shared.client())
        .map_err(|error| exception(py, &error))
}

/// A client of one portal.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Client {
    shared: Arc<SharedClient>,
    guards: Mutex<Vec<(u64, SlowGuard)>>,
}

/// JSON parameters, made by Python.
pub(crate) fn value(json: &str) -> PyResult<Value> {
    serde_json::from_str(json)
        .map_err(|error| PyValueError::new_err(format!("the parameters are not JSON: {error}")))
}

#[pymethods]
impl Client {
    #[new]
    fn new(py: Python<'_>, settings: Settings) -> PyResult<Self> {
        let recipe = settings.recipe(py)?;
        Self::made(py, || SharedClient::new(move || recipe.client()))
    }

    /// The portal, without its secret.
    fn portal(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.client(py)?.portal())
    }

    /// Ends it: what is on its way comes, and nothing is called any more.
    fn close(&self, py: Python<'_>) {
        self.guards().clear();
        py.detach(|| self.shared.close());
    }

    /// The same client, whose calls and lists end when so many seconds have passed from now.
    fn with_deadline(&self, py: Python<'_>, within: f64) -> PyResult<Self> {
        let within = seconds("seconds", Some(within))?.unwrap_or_default();
        let end = Instant::now().checked_add(within);
        Self::made(py, || {
            self.shared.derived(move |client| match end {
                Some(end) => client.with_deadline(end.saturating_duration_since(Instant::now())),
                // Further away than time goes is never.
                None => client.clone(),
            })
        })
    }

    /// The same client, whose calls wait with another priority, as one job.
    fn with_priority(&self, py: Python<'_>, priority: &str) -> PyResult<Self> {
        let priority = match priority {
            "high" => Priority::High,
            "normal" => Priority::Normal,
            "low" => Priority::Low,
            other => {
                return Err(PyValueError::new_err(format!(
                    r#"priority is {other:?}: it is "low", "normal" or "high""#
                )));
            }
        };
        Self::made(py, || {
            self.shared
                .derived(move |client| client.with_priority(priority))
        })
    }

    /// The same client as a job of its own.
    fn job(&self, py: Python<'_>) -> PyResult<Self> {
        Self::made(py, || self.shared.derived(brimful::Client::job))
    }

    /// The same portal by REST 3.0.
    fn rest3(&self) -> Rest3 {
        Rest3(Arc::clone(&self.shared))
    }

    /// One call: `result` as JSON.
    #[pyo3(signature = (method, params, *, idempotent=false))]
    fn call(
        &self,
        py: Python<'_>,
        method: String,
        params: &str,
        idempotent: bool,
    ) -> PyResult<Pending> {
        let (client, params) = (self.client(py)?, value(params)?);
        Pending::start(async move {
            let reply = if idempotent {
                client.call_idempotent(&method, params).await?
            } else {
                client.call(&method, params).await?
            };
            Ok(Output::Bytes(reply.raw().get().as_bytes().to_vec()))
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

    /// The fields of an entity, as JSON.
    fn fields(&self, py: Python<'_>, entity: String, params: &str) -> PyResult<Pending> {
        let (client, params) = (self.client(py)?, value(params)?);
        Pending::start(async move {
            let fields = client.fields(&entity, params).await?;
            Ok(Output::Bytes(fields_to_json(&fields)))
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
        let client = self.client(py)?;
        let list = client.list(&method);
        List::new(client, list, method, value(params)?, settings, false)
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
    #[pyo3(signature = (method, items, *, idempotent=false, check_names=false))]
    fn call_each(
        &self,
        py: Python<'_>,
        method: String,
        items: Vec<String>,
        idempotent: bool,
        check_names: bool,
    ) -> PyResult<Each> {
        let items = items
            .iter()
            .map(|item| value(item))
            .collect::<PyResult<Vec<_>>>()?;
        let mut each = self
            .client(py)?
            .call_each(method, items)
            .check_names(check_names);
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

    /// A call for each ID of a list, while the list is read. `methods` are that of the list and that of the calls,
    /// `params` what each of them takes.
    #[pyo3(signature = (methods, params, settings, *, id_field=None))]
    fn list_and_get(
        &self,
        py: Python<'_>,
        methods: (String, String),
        params: (String, String),
        settings: ListSettings,
        id_field: Option<String>,
    ) -> PyResult<Listed> {
        let mut get = self.client(py)?.list_and_get(methods.0, methods.1);
        let mut failed = None;
        let of_list = value(&params.0)?;
        get = get.list(|mut list| {
            for (name, value) in of_list.as_object().into_iter().flatten() {
                list = list.param(name, value);
            }
            match settings.apply(list.clone()) {
                Ok(set) => set,
                Err(error) => {
                    failed = Some(error);
                    list
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        for (name, value) in value(&params.1)?.as_object().into_iter().flatten() {
            get = get.param(name, value);
        }
        if let Some(field) = id_field {
            get = get.id_field(field);
        }
        let _runtime = runtime::shared()?.enter();
        let found = get.stream().map_err(|error| exception(py, &error))?;
        Ok(Listed(Arc::new(AsyncMutex::new(ListedOutcomes {
            found,
            failed: None,
        }))))
    }

    /// Commands as `(label, method, parameters)` in as few requests as they fit into.
    #[pyo3(signature = (commands, *, halt=false, references_by_portal=false))]
    fn batch(
        &self,
        py: Python<'_>,
        commands: Vec<(String, String, String)>,
        halt: bool,
        references_by_portal: bool,
    ) -> PyResult<Pending> {
        let on_error = if halt {
            OnError::Halt
        } else {
            OnError::Continue
        };
        let mut batch = Batch::new().on_error(on_error);
        if references_by_portal {
            batch = batch.references(References::Portal);
        }
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

    /// Fetches a file to a path.
    fn download(&self, py: Python<'_>, request: FileRequest, path: PathBuf) -> PyResult<Pending> {
        files::fetch(self.client(py)?, request, path)
    }

    /// Asks for a file, whose pieces are read one by one.
    fn open_file(&self, py: Python<'_>, request: FileRequest) -> PyResult<Pending> {
        files::open(self.client(py)?, request)
    }

    /// Has at most so many requests in flight from now on, until the number that this gives is given back.
    fn slow(&self, py: Python<'_>, requests: usize) -> PyResult<u64> {
        let client = self.client(py)?;
        let mut guards = self.guards();
        let name = guards.last().map_or(0, |(name, _)| name + 1);
        guards.push((name, client.slow(requests)));
        Ok(name)
    }

    fn end_slow(&self, name: u64) {
        self.guards().retain(|(other, _)| *other != name);
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

    /// The portal's limits now, by name; times in seconds.
    fn limits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        limits_to_python(py, self.client(py)?.limits().snapshot())
    }
}

impl Client {
    fn made(
        py: Python<'_>,
        make: impl FnOnce() -> Result<Arc<SharedClient>, Error> + Send,
    ) -> PyResult<Self> {
        let shared = py.detach(make).map_err(|error| exception(py, &error))?;
        Ok(Self {
            shared,
            guards: Mutex::default(),
        })
    }

    fn client(&self, py: Python<'_>) -> PyResult<brimful::Client> {
        client_of(py, &self.shared)
    }

    pub(crate) fn shared(&self) -> Arc<SharedClient> {
        Arc::clone(&self.shared)
    }

    fn guards(&self) -> MutexGuard<'_, Vec<(u64, SlowGuard)>> {
        self.guards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limits_to_python(py: Python<'_>, now: LimitsSnapshot) -> PyResult<Bound<'_, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("burst", now.limit.map(|limit| limit.burst))?;
    facts.set_item("per_second", now.limit.map(|limit| limit.per_second))?;
    facts.set_item("rate", now.rate)?;
    facts.set_item("free", now.free)?;
    facts.set_item("waiting", now.waiting)?;
    facts.set_item("in_flight", now.in_flight)?;
    facts.set_item("most_in_flight", now.most_in_flight)?;
    facts.set_item("refusals", now.refusals)?;
    facts.set_item("operating_limit", now.operating_time.as_secs_f64())?;
    let methods = PyDict::new(py);
    for method in now.methods {
        let times = (
            method.operating.as_secs_f64(),
            method.pending.as_secs_f64(),
            method.resets_in.map(|time| time.as_secs_f64()),
            method.blocked_for.map(|time| time.as_secs_f64()),
        );
        methods.set_item(method.method, times)?;
    }
    facts.set_item("methods", methods)?;
    Ok(facts)
}

/// Fields as a JSON object, under the names that rows have them under.
pub(crate) fn fields_to_json(fields: &Fields) -> Vec<u8> {
    let named = fields.iter();
    let whole: serde_json::Map<String, Value> = named
        .map(|(name, field)| (name.clone(), field_to_json(field)))
        .collect();
    Value::Object(whole).to_string().into_bytes()
}

fn field_to_json(field: &Field) -> Value {
    let choices = field.choices.iter();
    let choices: Vec<_> = choices
        .map(|choice| json!([choice.id, choice.value]))
        .collect();
    json!({
        "name": field.name,
        "upper_name": field.upper_name,
        "title": field.title,
        "kind": format!("{:?}", field.kind).to_lowercase(),
        "type_name": field.type_name,
        "is_required": field.is_required,
        "is_read_only": field.is_read_only,
        "is_immutable": field.is_immutable,
        "is_multiple": field.is_multiple,
        "is_dynamic": field.is_dynamic,
        "is_deprecated": field.is_deprecated,
        "status_type": field.status_type,
        "choices": choices,
        "properties": field.properties,
    })
}
