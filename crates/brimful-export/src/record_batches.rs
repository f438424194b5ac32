//! Rows as record batches of Arrow, for programs that read lists as dataframes.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use brimful::Page;

use crate::error::ExportError;
use crate::misfit::Misfit;
use crate::schema::Plan;
use crate::sinks::batches::{BatchSink, ReadyBatches};
use crate::writer::RowWriter;

/// Makes record batches of 8,192 rows of pages. Memory holds the rows that are not a batch yet, and the batches until
/// they are taken.
///
/// ```
/// use brimful::Page;
/// use brimful_export::{Plan, RecordBatches};
///
/// let plan = Plan {
///     id_field: "ID".to_owned(),
///     ..Plan::default()
/// };
/// let mut batches = RecordBatches::new(plan);
/// let page: Page = [(Some(7), r#"{"ID":"7","TITLE":"Repair"}"#.to_owned())]
///     .into_iter()
///     .collect();
/// batches.write_page(&page)?;
/// batches.finish()?;
/// let made = batches.take();
/// assert_eq!((made.len(), made[0].num_rows(), made[0].num_columns()), (1, 1, 2));
/// # Ok::<(), brimful_export::ExportError>(())
/// ```
#[derive(Debug)]
pub struct RecordBatches {
    rows: RowWriter,
    ready: ReadyBatches,
}

impl RecordBatches {
    /// Starts with what is known of the list.
    pub fn new(plan: Plan) -> Self {
        let ready = ReadyBatches::default();
        let sink = Box::new(BatchSink::new(ready.clone()));
        Self {
            rows: RowWriter::new(sink, plan),
            ready,
        }
    }

    /// Takes the rows of a page.
    ///
    /// # Errors
    /// A row is not an object, or the columns that were chosen are not there.
    pub fn write_page(&mut self, page: &Page) -> Result<(), ExportError> {
        self.rows.write_page(page, &mut Vec::new())
    }

    /// There are no more rows: the last ones become a batch.
    ///
    /// # Errors
    /// The columns that were chosen are not there.
    pub fn finish(&mut self) -> Result<(), ExportError> {
        self.rows.finish(&mut std::io::sink())
    }

    /// The batches since the last call.
    pub fn take(&mut self) -> Vec<RecordBatch> {
        self.ready.take()
    }

    /// The columns, from the first page or the end on.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.ready.schema()
    }

    /// The values that did not fit their columns since the last call.
    pub fn take_misfits(&mut self) -> Vec<Misfit> {
        self.rows.take_misfits()
    }
}
