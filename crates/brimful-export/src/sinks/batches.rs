//! Rows as record batches of Arrow, with the titles of fields in the metadata.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    PrimitiveBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, SchemaRef, TimeUnit};
use brimful::protocol::rows::FieldValue;
use parking_lot::Mutex;

use super::{ColumnSink, DecodedRow, RowSink};
use crate::cell::{Cell, DECIMAL_PRECISION, DECIMAL_SCALE, MultiValue, days_since_epoch};
use crate::decode;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::picked::{PickedRows, Place, Unfit};
use crate::schema::{ColumnType, ScalarType, Schema, Source};

/// Rows of a batch.
pub(super) const BATCH: usize = 8_192;

pub(super) fn of_arrow(error: ArrowError) -> ExportError {
    ExportError::format("Arrow", error)
}

/// Collects rows until they are a batch.
pub(super) struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new(&Schema::default())
    }
}

impl BatchBuilder {
    pub(super) fn new(schema: &Schema) -> Self {
        let columns = &schema.columns;
        Self {
            schema: Arc::new(arrow_schema(schema)),
            columns: columns
                .iter()
                .map(|column| ColumnBuilder::new(column.kind))
                .collect(),
            rows: 0,
        }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows that are not in a batch yet.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows more make it a batch.
    pub(super) fn rows_left(&self) -> usize {
        BATCH.saturating_sub(self.rows)
    }

    /// Appends rows whose values are not read yet, column by column.
    pub(super) fn append_rows<'a>(
        &mut self,
        schema: &Schema,
        rows: &PickedRows<'a>,
        unfit: &mut Vec<Unfit<'a>>,
    ) {
        for (place, (builder, column)) in self.columns.iter_mut().zip(&schema.columns).enumerate() {
            let read = |row: usize, json: &'a str| {
                let mut cell = Cell::Null;
                if let Some(reason) = decode::read(column, json, &mut cell) {
                    let place = Place::Column(place);
                    unfit.push(Unfit {
                        row,
                        place,
                        json,
                        reason,
                    });
                }
                cell
            };
            let values = rows.column(column.field);
            match builder {
                ColumnBuilder::Scalars(scalars) if matches!(column.source, Source::Value) => {
                    scalars.append_all(values, read);
                }
                builder => for_each_cell(values, read, |cell| builder.append(&cell)),
            }
        }
        self.rows += rows.len();
    }

    pub(super) fn append(&mut self, cells: &[Cell<'_>]) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.append(cell);
        }
        self.rows += 1;
    }

    /// The rows since the last batch; `None` if there are none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, ExportError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let rows = std::mem::take(&mut self.rows);
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map(Some)
            .map_err(of_arrow)
    }
}

/// Batches that are ready, on their way out of a [`BatchSink`].
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadyBatches(Arc<Mutex<Ready>>);

#[derive(Debug, Default)]
struct Ready {
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
}

impl ReadyBatches {
    pub(crate) fn schema(&self) -> Option<SchemaRef> {
        self.0.lock().schema.clone()
    }

    pub(crate) fn take(&self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.0.lock().batches)
    }
}

/// Where batches go.
pub(crate) trait BatchTarget: Send {
    /// Takes the schema, before the first batch.
    fn begin(&mut self, schema: SchemaRef) -> Result<(), ExportError>;

    /// Takes a batch.
    fn write(&mut self, batch: RecordBatch) -> Result<(), ExportError>;

    /// Appends what is ready of a file to `out`.
    fn end_page(&mut self, _: &mut Vec<u8>) {}

    /// There are no more batches: a file writes its end.
    fn finish(&mut self, _: &mut dyn Write) -> Result<(), ExportError> {
        Ok(())
    }
}

/// Collects rows, and passes them on whenever they are a batch.
pub(crate) struct BatchSink<T> {
    batch: BatchBuilder,
    target: T,
}

impl<T: BatchTarget> BatchSink<T> {
    pub(crate) fn new(target: T) -> Self {
        Self {
            batch: BatchBuilder::default(),
            target,
        }
    }

    fn write_batch(&mut self) -> Result<(), ExportError> {
        match self.batch.take()? {
            Some(batch) => self.target.write(batch),
            None => Ok(()),
        }
    }
}

impl<T: BatchTarget> RowSink for BatchSink<T> {
    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        self.batch = BatchBuilder::new(schema);
        self.target.begin(self.batch.schema())
    }

    fn row(
        &mut self,
        _: &Schema,
        row: &DecodedRow<'_, '_>,
        _: &mut Misfits,
    ) -> Result<(), ExportError> {
        self.batch.append(row.cells);
        if self.batch.rows_left() == 0 {
            self.write_batch()?;
        }
        Ok(())
    }

    fn by_column(&mut self) -> Option<&mut dyn ColumnSink> {
        Some(self)
    }

    fn end_page(&mut self, _: &mut Misfits, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.target.end_page(out);
        Ok(())
    }

    fn finish(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        self.write_batch()?;
        self.target.finish(out)
    }
}

impl<T: BatchTarget> ColumnSink for BatchSink<T> {
    fn rows_left(&self) -> usize {
        self.batch.rows_left()
    }

    fn rows<'a>(
        &mut self,
        schema: &Schema,
        rows: &PickedRows<'a>,
        unfit: &mut Vec<Unfit<'a>>,
    ) -> Result<(), ExportError> {
        self.batch.append_rows(schema, rows, unfit);
        if self.batch.rows_left() == 0 {
            self.write_batch()?;
        }
        Ok(())
    }
}

/// Batches for the program that reads the list.
impl BatchTarget for ReadyBatches {
    fn begin(&mut self, schema: SchemaRef) -> Result<(), ExportError> {
        self.0.lock().schema = Some(schema);
        Ok(())
    }

    fn write(&mut self, batch: RecordBatch) -> Result<(), ExportError> {
        self.0.lock().batches.push(batch);
        Ok(())
    }
}

/// The schema as Arrow has it.
fn arrow_schema(schema: &Schema) -> arrow_schema::Schema {
    let fields = schema.columns.iter().map(|column| {
        let field = Field::new(&column.name, data_type(column.kind), true);
        match &column.title {
            Some(title) => {
                field.with_metadata(HashMap::from([("title".to_owned(), title.clone())]))
            }
            None => field,
        }
    });
    arrow_schema::Schema::new(fields.collect::<Vec<_>>())
}

fn scalar_type(kind: ScalarType) -> DataType {
    match kind {
        ScalarType::Int64 => DataType::Int64,
        ScalarType::Decimal => DataType::Decimal128(DECIMAL_PRECISION as u8, DECIMAL_SCALE as i8),
        ScalarType::Float64 => DataType::Float64,
        ScalarType::Boolean => DataType::Boolean,
        ScalarType::Date => DataType::Date32,
        ScalarType::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ScalarType::Text => DataType::Utf8,
    }
}

fn multi_fields() -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Fields::from(vec![
        Field::new("ID", DataType::Int64, true),
        text("VALUE"),
        text("VALUE_TYPE"),
        text("TYPE_ID"),
    ])
}

/// The items of lists.
fn item(kind: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", kind, true))
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Scalar(kind) => scalar_type(kind),
        ColumnType::List(kind) => DataType::List(item(scalar_type(kind))),
        ColumnType::Multifield => DataType::List(item(DataType::Struct(multi_fields()))),
        ColumnType::Any => DataType::Utf8,
    }
}

/// Values of one type that are not an array yet.
enum Scalars {
    Int(Int64Builder),
    Decimal(Decimal128Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    DateTime(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Scalars {
    fn new(kind: ScalarType) -> Self {
        match kind {
            ScalarType::Int64 => Self::Int(Int64Builder::new()),
            ScalarType::Decimal => {
                Self::Decimal(Decimal128Builder::new().with_data_type(scalar_type(kind)))
            }
            ScalarType::Float64 => Self::Float(Float64Builder::new()),
            ScalarType::Boolean => Self::Bool(BooleanBuilder::new()),
            ScalarType::Date => Self::Date(Date32Builder::new()),
            ScalarType::DateTime => {
                Self::DateTime(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            ScalarType::Text => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a value; one of another type is NULL.
    fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Int(to), Cell::Int(value)) => to.append_value(*value),
            (Self::Decimal(to), Cell::Decimal(value)) => to.append_value(value.0),
            (Self::Float(to), Cell::Float(value)) => to.append_value(*value),
            (Self::Bool(to), Cell::Bool(value)) => to.append_value(*value),
            (Self::Date(to), Cell::Date(value)) => to.append_value(days_since_epoch(*value)),
            (Self::DateTime(to), Cell::DateTime(value)) => to.append_value(value.micros()),
            (Self::Text(to), Cell::Text(value)) => to.append_value(value),
            (Self::Int(to), _) => to.append_null(),
            (Self::Decimal(to), _) => to.append_null(),
            (Self::Float(to), _) => to.append_null(),
            (Self::Bool(to), _) => to.append_null(),
            (Self::Date(to), _) => to.append_null(),
            (Self::DateTime(to), _) => to.append_null(),
            (Self::Text(to), _) => to.append_null(),
        }
    }

    /// Appends a value of each row; those that are not spelt as usual are read by `read`.
    fn append_all<'a>(
        &mut self,
        values: impl Iterator<Item = Option<FieldValue<'a>>>,
        mut read: impl FnMut(usize, &'a str) -> Cell<'a>,
    ) {
        match self {
            Self::Int(to) => {
                let mut unusual = |row, json: &'a str| match read(row, json) {
                    Cell::Int(value) => Some(value),
                    _ => None,
                };
                let values = usual_or(values, decode::usual_integer, &mut unusual);
                values.for_each(|value| to.append_option(value));
            }
            Self::Decimal(to) => {
                let mut unusual = |row, json: &'a str| match read(row, json) {
                    Cell::Decimal(value) => Some(value.0),
                    _ => None,
                };
                let values = usual_or(values, decode::usual_decimal, &mut unusual);
                values.for_each(|value| to.append_option(value));
            }
            Self::DateTime(to) => {
                let mut unusual = |row, json: &'a str| match read(row, json) {
                    Cell::DateTime(value) => Some(value.micros()),
                    _ => None,
                };
                let values = usual_or(values, decode::usual_micros, &mut unusual);
                values.for_each(|value| to.append_option(value));
            }
            Self::Bool(to) => {
                let mut unusual = |row, json: &'a str| match read(row, json) {
                    Cell::Bool(value) => Some(value),
                    _ => None,
                };
                let values = usual_or(values, decode::usual_boolean, &mut unusual);
                values.for_each(|value| to.append_option(value));
            }
            Self::Text(to) => {
                for (row, value) in values.enumerate() {
                    let plain = value.and_then(FieldValue::plain_text);
                    match (plain, value) {
                        (Some(text), _) if !text.is_empty() => to.append_value(text),
                        (None, Some(value)) if value.json() != NULL => {
                            match read(row, value.json()) {
                                Cell::Text(text) => to.append_value(text),
                                _ => to.append_null(),
                            }
                        }
                        _ => to.append_null(),
                    }
                }
            }
            Self::Float(_) | Self::Date(_) => {
                for_each_cell(values, read, |cell| self.append(&cell));
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(values) => finish_numbers(values),
            Self::Decimal(values) => finish_numbers(values),
            Self::Float(values) => finish_numbers(values),
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Date(values) => finish_numbers(values),
            Self::DateTime(values) => finish_numbers(values),
            Self::Text(values) => {
                // The next batch is as long, or nearly: room that grows is copied each time.
                let bytes = values.values_slice().len() * 17 / 16;
                let next = StringBuilder::with_capacity(values.len(), bytes);
                Arc::new(std::mem::replace(values, next).finish())
            }
        }
    }
}

/// Nothing, in JSON.
const NULL: &str = "null";

/// The value of each row: by `usual`, and by `unusual` where it is spelt in another way.
#[inline]
fn usual_or<'a, T>(
    values: impl Iterator<Item = Option<FieldValue<'a>>>,
    usual: impl Fn(&'a str) -> Option<T>,
    unusual: &mut impl FnMut(usize, &'a str) -> Option<T>,
) -> impl Iterator<Item = Option<T>> {
    values.enumerate().map(move |(row, value)| {
        let json = value?.json();
        match usual(json) {
            None if json != NULL => unusual(row, json),
            value => value,
        }
    })
}

/// Gives `take` the value of each row.
fn for_each_cell<'a>(
    values: impl Iterator<Item = Option<FieldValue<'a>>>,
    mut read: impl FnMut(usize, &'a str) -> Cell<'a>,
    mut take: impl FnMut(Cell<'a>),
) {
    for (row, value) in values.enumerate() {
        take(value.map_or(Cell::Null, |value| read(row, value.json())));
    }
}

/// Makes an array of numbers, and room for as many as it has.
fn finish_numbers<T: ArrowPrimitiveType>(values: &mut PrimitiveBuilder<T>) -> ArrayRef {
    let array = values.finish();
    let next = PrimitiveBuilder::with_capacity(array.len());
    *values = next.with_data_type(array.data_type().clone());
    Arc::new(array)
}

/// Where lists begin and end.
struct Lists {
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Lists {
    fn new() -> Self {
        Self {
            offsets: vec![0],
            nulls: NullBufferBuilder::new(BATCH),
        }
    }

    fn append(&mut self, items: Option<usize>) {
        let last = self.offsets.last().copied().unwrap_or(0);
        self.offsets.push(last + items.unwrap_or(0) as i32);
        self.nulls.append(items.is_some());
    }

    fn finish(&mut self, values: ArrayRef) -> ArrayRef {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        Arc::new(ListArray::new(
            item(values.data_type().clone()),
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            values,
            self.nulls.finish(),
        ))
    }
}

struct MultiBuilder {
    id: Int64Builder,
    value: StringBuilder,
    value_type: StringBuilder,
    type_id: StringBuilder,
}

impl MultiBuilder {
    fn append(&mut self, value: &MultiValue) {
        self.id.append_option(value.id);
        self.value.append_option(value.value.as_deref());
        self.value_type.append_option(value.value_type.as_deref());
        self.type_id.append_option(value.type_id.as_deref());
    }

    fn finish(&mut self) -> ArrayRef {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.value_type.finish()),
            Arc::new(self.type_id.finish()),
        ];
        Arc::new(StructArray::new(multi_fields(), arrays, None))
    }
}

enum ColumnBuilder {
    Scalars(Scalars),
    Lists(Lists, Scalars),
    Multi(Lists, Box<MultiBuilder>),
}

impl ColumnBuilder {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Scalar(kind) => Self::Scalars(Scalars::new(kind)),
            ColumnType::Any => Self::Scalars(Scalars::new(ScalarType::Text)),
            ColumnType::List(kind) => Self::Lists(Lists::new(), Scalars::new(kind)),
            ColumnType::Multifield => Self::Multi(
                Lists::new(),
                Box::new(MultiBuilder {
                    id: Int64Builder::new(),
                    value: StringBuilder::new(),
                    value_type: StringBuilder::new(),
                    type_id: StringBuilder::new(),
                }),
            ),
        }
    }

    fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Scalars(values), cell) => values.append(cell),
            (Self::Lists(lists, values), Cell::List(items)) => {
                for item in items {
                    values.append(item);
                }
                lists.append(Some(items.len()));
            }
            (Self::Multi(lists, values), Cell::Multifield(items)) => {
                for item in items {
                    values.append(item);
                }
                lists.append(Some(items.len()));
            }
            (Self::Lists(lists, _) | Self::Multi(lists, _), _) => lists.append(None),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Scalars(values) => values.finish(),
            Self::Lists(lists, values) => lists.finish(values.finish()),
            Self::Multi(lists, values) => lists.finish(values.finish()),
        }
    }
}
