//! Parquet and Arrow IPC files: columns of Arrow, compressed with Zstandard, with the titles of fields in the metadata.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{DataType, FieldRef, Schema as ArrowSchema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::batches::{BATCH, BatchTarget, of_arrow};
use super::chunks::Chunks;
use crate::error::ExportError;

/// Rows of a row group.
const ROW_GROUP: usize = 15 * BATCH;
/// A column whose values repeat so little that its dictionary is longer does without one.
const DICTIONARY_BYTES: usize = 1 << 18;

/// A file of Parquet or Arrow IPC that batches are written to.
pub(super) struct ArrowFile {
    is_parquet: bool,
    writer: Option<Writer>,
    chunks: Chunks,
}

enum Writer {
    Parquet(Box<ArrowWriter<Chunks>>),
    Ipc(Box<FileWriter<Chunks>>),
}

impl ArrowFile {
    pub(super) fn new(is_parquet: bool) -> Self {
        Self {
            is_parquet,
            writer: None,
            chunks: Chunks::default(),
        }
    }
}

/// How Parquet files with the columns of `schema` are written.
pub(super) fn parquet_properties(schema: &ArrowSchema) -> WriterProperties {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES);
    let is_by_difference = |field: &&FieldRef| {
        let kind = field.data_type();
        matches!(
            kind,
            DataType::Int64 | DataType::Date32 | DataType::Timestamp(..)
        )
    };
    // Rows are in the order of their IDs, so the least and the greatest text of a page tell a reader nothing, and to find
    // them every text is compared twice.
    let texts = schema
        .fields()
        .iter()
        .filter(|field| *field.data_type() == DataType::Utf8);
    let properties = texts.fold(properties, |properties, field| {
        let column = ColumnPath::new(vec![field.name().clone()]);
        properties.set_column_statistics_enabled(column, EnabledStatistics::None)
    });
    let columns = schema.fields().iter().filter(is_by_difference);
    columns
        .map(|field| ColumnPath::new(vec![field.name().clone()]))
        .fold(properties, |properties, column| {
            // IDs and times hardly repeat, so a dictionary of them is as long as the column.
            properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED)
        })
        .build()
}

pub(super) fn of_parquet(error: ParquetError) -> ExportError {
    ExportError::format("Parquet", error)
}

impl BatchTarget for ArrowFile {
    fn begin(&mut self, schema: SchemaRef) -> Result<(), ExportError> {
        let chunks = self.chunks.clone();
        self.writer = Some(if self.is_parquet {
            let properties = Some(parquet_properties(&schema));
            let writer = ArrowWriter::try_new(chunks, schema, properties);
            Writer::Parquet(Box::new(writer.map_err(of_parquet)?))
        } else {
            let options = IpcWriteOptions::default()
                .try_with_compression(Some(CompressionType::ZSTD))
                .map_err(of_arrow)?;
            let writer = FileWriter::try_new_with_options(chunks, &schema, options);
            Writer::Ipc(Box::new(writer.map_err(of_arrow)?))
        });
        Ok(())
    }

    fn write(&mut self, batch: RecordBatch) -> Result<(), ExportError> {
        match &mut self.writer {
            Some(Writer::Parquet(writer)) => writer.write(&batch).map_err(of_parquet),
            Some(Writer::Ipc(writer)) => writer.write(&batch).map_err(of_arrow),
            None => Ok(()),
        }
    }

    fn end_page(&mut self, out: &mut Vec<u8>) {
        self.chunks.drain(out);
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), ExportError> {
        match self.writer.take() {
            Some(Writer::Parquet(writer)) => drop(writer.close().map_err(of_parquet)?),
            Some(Writer::Ipc(mut writer)) => writer.finish().map_err(of_arrow)?,
            None => {}
        }
        Ok(self.chunks.drain_to(out)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    #[test]
    fn ids_and_times_are_written_as_differences_without_a_dictionary_and_read_back_as_they_were() {
        let extremes = vec![Some(i64::MIN), None, Some(i64::MAX), Some(-1), Some(0)];
        let days = vec![Some(i32::MIN), Some(i32::MAX), None, Some(20_000), Some(0)];
        let columns: [(&str, ArrayRef); 4] = [
            ("A.ID", Arc::new(Int64Array::from(extremes.clone()))),
            (
                "TIME",
                Arc::new(TimestampMicrosecondArray::from(extremes).with_timezone("UTC")),
            ),
            ("DAY", Arc::new(Date32Array::from(days))),
            (
                "TITLE",
                Arc::new(StringArray::from(vec!["a", "a", "b", "", "Ж"])),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = Some(parquet_properties(&batch.schema()));
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties).unwrap();
        writer.write(&batch).unwrap();
        let file = Bytes::from(writer.into_inner().unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let encodings: Vec<(bool, bool)> = reader.metadata().row_groups()[0]
            .columns()
            .iter()
            .map(|column| {
                let mut encodings = column.encodings();
                let by_difference =
                    encodings.any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED);
                (by_difference, column.dictionary_page_offset().is_some())
            })
            .collect();
        let [by_difference, by_dictionary] = [(true, false), (false, true)];
        let expected = [by_difference, by_difference, by_difference, by_dictionary];
        assert_eq!(encodings, expected);
        let row_group = &reader.metadata().row_groups()[0];
        let least_and_greatest = row_group.columns().iter().map(|column| {
            let known = column.statistics();
            known.is_some_and(|known| known.min_bytes_opt().is_some())
        });
        assert!(least_and_greatest.eq([true, true, true, false]));
        let read: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [batch]);
    }
}
