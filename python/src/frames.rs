//! Lists as record batches of Arrow: collected, one by one, or as a stream that another library pulls.
//!
//! Batches go out through the PyCapsule interface of Arrow, so pyarrow, polars, pandas and DuckDB take them without
//! copying, and none of them is needed here.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::ffi::FFI_ArrowArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, SchemaRef};
use brimful::{Client, Error, ErrorKind, Fields};
use brimful_export::{
    ColumnChoice, Description, ExportError, Misfit, Plan, RecordBatches, Types, describe,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::list::{Facts, Reading};
use crate::pending::{Failed, Output, Pending};

/// Values that do not fit are kept up to this number; those after it are counted.
const KEPT_MISFITS: usize = 10_000;

/// What the rows become, said before the first one is there.
pub(crate) struct Wanted {
    pub(crate) client: Client,
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) is_rest3: bool,
    pub(crate) columns: Vec<ColumnChoice>,
    pub(crate) strings: bool,
    /// Whether codes have columns with what people call them.
    pub(crate) labels: bool,
}

/// What the rows become, and the fields that have no labels although they have codes.
struct Planned {
    plan: Plan,
    doubts: Vec<String>,
}

impl Wanted {
    /// Asks the portal for the types.
    async fn plan(&self) -> Result<Planned, Failed> {
        let selected = self.params.get("select").and_then(Value::as_array);
        let selected = selected.into_iter().flatten().filter_map(Value::as_str);
        let select: Vec<String> = selected.map(str::to_owned).collect();
        let mut described = Description::default();
        if self.labels || self.columns.iter().any(ColumnChoice::is_label) {
            described = describe(&self.client, &self.method, &self.params, &select, true).await?;
        } else if !self.strings {
            described.fields = self.fields().await?;
        }
        let plan = Plan {
            fields: described.fields,
            labels: described.labels,
            select,
            types: if self.strings {
                Types::Strings
            } else {
                Types::Portal
            },
            columns: self.columns.clone(),
            ..Plan::of_list(&self.method)
        };
        plan.check()?;
        Ok(Planned {
            plan,
            doubts: described.doubts,
        })
    }

    async fn fields(&self) -> Result<Fields, Error> {
        if self.is_rest3 {
            return match self.client.rest3().fields(&self.method).await {
                Err(error) if error.kind() == ErrorKind::MethodNotFound => Ok(Fields::default()),
                answered => answered,
            };
        }
        Plan::fields_of_list(&self.client, &self.method, &self.params).await
    }
}

/// The rows of a list on their way into batches.
struct Source {
    wanted: Wanted,
    rows: Reading,
    facts: Facts,
    batches: Option<RecordBatches>,
    ready: std::vec::IntoIter<RecordBatch>,
    over: bool,
    /// Whether somebody has got rows: nobody else gets all of them.
    began: bool,
    misfits: Arc<Mutex<Misfits>>,
}

#[derive(Default)]
struct Misfits {
    kept: Vec<Misfit>,
    count: u64,
    /// Fields that have no labels although they have codes, and why.
    doubts: Vec<String>,
}

impl Misfits {
    fn add(&mut self, found: Vec<Misfit>) {
        self.count += found.len() as u64;
        let room = KEPT_MISFITS.saturating_sub(self.kept.len());
        self.kept.extend(found.into_iter().take(room));
    }
}

impl Source {
    /// The next batch; `None` after the last.
    async fn next(&mut self) -> Result<Option<RecordBatch>, Failed> {
        self.began = true;
        loop {
            if let Some(batch) = self.ready.next() {
                return Ok(Some(batch));
            }
            if self.over {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    /// Refuses to hand out the rest of the rows for all of them.
    fn check_not_begun(&self) -> Result<(), Failed> {
        if self.began {
            return Err(ExportError::Columns(
                "the rows of this list have been read: make a new list".to_owned(),
            )
            .into());
        }
        Ok(())
    }

    /// Reads until there is something new.
    async fn read(&mut self) -> Result<(), Failed> {
        if self.batches.is_none() {
            let Planned { plan, doubts } = self.wanted.plan().await?;
            self.batches = Some(RecordBatches::new(plan));
            let mut told = self.misfits.lock().unwrap_or_else(PoisonError::into_inner);
            told.doubts = doubts;
        }
        let Some(batches) = &mut self.batches else {
            return Ok(());
        };
        let page = self.rows.next_page(&self.facts).await?;
        match page {
            Some(page) => batches.write_page(&page)?,
            None => {
                batches.finish()?;
                self.over = true;
            }
        }
        let misfits = batches.take_misfits();
        if !misfits.is_empty() {
            let mut told = self.misfits.lock().unwrap_or_else(PoisonError::into_inner);
            told.add(misfits);
        }
        self.ready = batches.take().into_iter();
        Ok(())
    }

    /// The columns. Reads until they are known.
    async fn schema(&mut self) -> Result<SchemaRef, Failed> {
        loop {
            if let Some(schema) = self.batches.as_ref().and_then(RecordBatches::schema) {
                return Ok(schema);
            }
            if self.over {
                return Err(ExportError::Columns("the list has no columns".to_owned()).into());
            }
            self.read_on().await?;
        }
    }

    /// Reads, and keeps what is ready.
    async fn read_on(&mut self) -> Result<(), Failed> {
        let mut ready: Vec<RecordBatch> = self.ready.by_ref().collect();
        self.read().await?;
        ready.extend(self.ready.by_ref());
        self.ready = ready.into_iter();
        Ok(())
    }
}

/// The record batches of a list on their way.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Frames {
    source: Arc<AsyncMutex<Source>>,
    misfits: Arc<Mutex<Misfits>>,
}

impl Frames {
    pub(crate) fn new(wanted: Wanted, rows: Reading, facts: Facts) -> Self {
        let misfits = Arc::<Mutex<Misfits>>::default();
        Self {
            source: Arc::new(AsyncMutex::new(Source {
                wanted,
                rows,
                facts,
                batches: None,
                ready: Vec::new().into_iter(),
                over: false,
                began: false,
                misfits: Arc::clone(&misfits),
            })),
            misfits,
        }
    }
}

#[pymethods]
impl Frames {
    /// The next batch; nothing after the last.
    fn next_batch(&self) -> PyResult<Pending> {
        let source = Arc::clone(&self.source);
        Pending::start(async move {
            let batch = source.lock().await.next().await?;
            Ok(batch.map_or(Output::Nothing, Output::Batch))
        })
    }

    /// All batches.
    fn collect(&self) -> PyResult<Pending> {
        let source = Arc::clone(&self.source);
        Pending::start(async move {
            let mut source = source.lock().await;
            source.check_not_begun()?;
            let mut batches = Vec::new();
            while let Some(batch) = source.next().await? {
                batches.push(batch);
            }
            Ok(Output::Frame(source.schema().await?, batches))
        })
    }

    /// A stream that reads the list while it is pulled.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A schema is a wish, and columns have the types of the portal.
        drop(requested_schema);
        let schema = self.schema(py, true)?;
        stream(
            py,
            Box::new(Pulled {
                source: Arc::clone(&self.source),
                schema,
            }),
        )
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema(py, false)?)
    }

    /// Fields that have no labels although they have codes, and why.
    fn doubts(&self) -> Vec<String> {
        let misfits = self.misfits.lock().unwrap_or_else(PoisonError::into_inner);
        misfits.doubts.clone()
    }

    /// How many values did not fit, and those that are kept, as JSON objects.
    fn misfits(&self) -> (u64, Vec<String>) {
        let misfits = self.misfits.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = misfits.kept.iter().map(|misfit| {
            let mut line = Vec::new();
            misfit.write_line(&mut line);
            String::from_utf8_lossy(&line).into_owned()
        });
        (misfits.count, lines.collect())
    }
}

impl Frames {
    /// The columns; with `for_rows` only while all rows are still to come.
    fn schema(&self, py: Python<'_>, for_rows: bool) -> PyResult<SchemaRef> {
        let source = Arc::clone(&self.source);
        let pending = Pending::start(async move {
            let mut source = source.lock().await;
            if for_rows {
                source.check_not_begun()?;
            }
            let schema = source.schema().await?;
            Ok(Output::Frame(schema, Vec::new()))
        })?;
        match pending.finished(py)? {
            Output::Frame(schema, _) => Ok(schema),
            _ => Err(PyRuntimeError::new_err("there is no schema")),
        }
    }
}

/// Reads the list when it is pulled, on whichever thread that is.
struct Pulled {
    source: Arc<AsyncMutex<Source>>,
    schema: SchemaRef,
}

impl Pulled {
    fn pull(&self) -> PyResult<Option<RecordBatch>> {
        let source = Arc::clone(&self.source);
        let pending = Pending::start(async move {
            let batch = source.lock().await.next().await?;
            Ok(batch.map_or(Output::Nothing, Output::Batch))
        })?;
        // The library that pulls may hold the interpreter, which tokens and Ctrl-C need meanwhile.
        let output = Python::try_attach(|py| pending.finished(py))
            .ok_or_else(|| PyRuntimeError::new_err("the interpreter is ending"))??;
        Ok(match output {
            Output::Batch(batch) => Some(batch),
            _ => None,
        })
    }
}

impl Iterator for Pulled {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pull()
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))
            .transpose()
    }
}

impl RecordBatchReader for Pulled {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Batches that are all there.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Frame {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Frame {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl Frame {
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let batches: Vec<_> = self.batches.iter().cloned().map(Ok).collect();
        let schema = Arc::clone(&self.schema);
        stream(py, Box::new(RecordBatchIterator::new(batches, schema)))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }
}

/// Some rows.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct Batch(pub(crate) RecordBatch);

#[pymethods]
impl Batch {
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        drop(requested_schema);
        let rows = StructArray::from(self.0.clone());
        let array = FFI_ArrowArray::new(&rows.to_data());
        let schema = schema_capsule(py, &self.0.schema())?;
        let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
        PyTuple::new(py, [schema, array])
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.0.schema())
    }
}

fn stream<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}

fn schema_capsule<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema.as_ref())
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}
