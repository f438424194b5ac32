//! The values of a column, of rows that a part has and of rows that wait to be merged into it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, TimeUnit};
use arrow_select::interleave::interleave;

use super::{Place, Row};

/// Where the values of a column are: in the part as it was, or in the rows that wait.
pub(super) struct ColumnValues {
    /// The arrays of the part, then those of the rows that wait, then one that is NULL.
    arrays: Vec<ArrayRef>,
    old: usize,
    has_old: bool,
    has_new: bool,
}

impl ColumnValues {
    pub(super) fn of(field: &Field, old: &[RecordBatch], new: &[RecordBatch]) -> Self {
        let none = new_null_array(field.data_type(), 1);
        let column = |batch: &RecordBatch| {
            let found = batch.column_by_name(field.name()).map(Arc::clone);
            found.filter(|found| found.data_type() == field.data_type())
        };
        let has = |batches: &[RecordBatch]| batches.iter().any(|batch| column(batch).is_some());
        let (has_old, has_new) = (has(old), has(new));
        let arrays = old.iter().chain(new).map(column);
        let mut arrays: Vec<ArrayRef> = arrays
            .map(|found| found.unwrap_or_else(|| Arc::clone(&none)))
            .collect();
        arrays.push(none);
        Self {
            arrays,
            old: old.len(),
            has_old,
            has_new,
        }
    }

    /// Whether a row that waits has the value of a row of the part. A field that the portal no longer has stays as it is.
    pub(super) fn is_same(&self, old: Place, new: Place) -> bool {
        if !self.has_new {
            return true;
        }
        let (new, new_row) = (&self.arrays[self.old + new.0], new.1);
        if !self.has_old {
            return new.is_null(new_row);
        }
        is_same_value(&self.arrays[old.0], old.1, new, new_row)
    }

    /// The values of rows.
    pub(super) fn take(&self, rows: &[&Row]) -> Result<ArrayRef, arrow_schema::ArrowError> {
        let null = (self.arrays.len() - 1, 0);
        let places: Vec<Place> = rows
            .iter()
            .map(|row| match (row.old, row.new) {
                (_, Some((batch, row))) if self.has_new => (self.old + batch, row),
                (Some(place), _) if self.has_old => place,
                _ => null,
            })
            .collect();
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(AsRef::as_ref).collect();
        interleave(&arrays, &places)
    }
}

/// Whether two values are equal.
fn is_same_value(a: &ArrayRef, row_a: usize, b: &ArrayRef, row_b: usize) -> bool {
    if a.is_null(row_a) || b.is_null(row_b) {
        return a.is_null(row_a) == b.is_null(row_b);
    }
    macro_rules! primitive {
        ($kind:ty) => {
            a.as_primitive::<$kind>().value(row_a) == b.as_primitive::<$kind>().value(row_b)
        };
    }
    match a.data_type() {
        DataType::Utf8 => a.as_string::<i32>().value(row_a) == b.as_string::<i32>().value(row_b),
        DataType::Boolean => a.as_boolean().value(row_a) == b.as_boolean().value(row_b),
        DataType::Int64 => primitive!(Int64Type),
        DataType::Decimal128(..) => primitive!(Decimal128Type),
        DataType::Date32 => primitive!(Date32Type),
        DataType::Timestamp(TimeUnit::Microsecond, _) => primitive!(TimestampMicrosecondType),
        DataType::Float64 => {
            let bits =
                |array: &ArrayRef, row| array.as_primitive::<Float64Type>().value(row).to_bits();
            bits(a, row_a) == bits(b, row_b)
        }
        _ => a.slice(row_a, 1).to_data() == b.slice(row_b, 1).to_data(),
    }
}
