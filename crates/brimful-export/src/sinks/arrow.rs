//! Parquet and Arrow IPC files: columns of Arrow, compressed with Zstandard, with the titles of fields in the metadata.

use std::io::Write;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::batches::{BATCH, BatchBuilder, of_arrow};
use super::chunks::Chunks;
use super::{DecodedRow, RowSink};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;

/// Rows of a row group.
const ROW_GROUP: usize = 15 * BATCH;

pub(crate) struct ArrowSink {
    is_parquet: bool,
    writer: Option<Writer>,
    chunks: Chunks,
    batch: BatchBuilder,
}

enum Writer {
    Parquet(Box<ArrowWriter<Chunks>>),
    Ipc(Box<FileWriter<Chunks>>),
}

impl ArrowSink {
    pub(crate) fn new(is_parquet: bool) -> Self {
        Self {
            is_parquet,
            writer: None,
            chunks: Chunks::default(),
            batch: BatchBuilder::default(),
        }
    }

    fn write_batch(&mut self) -> Result<(), ExportError> {
        let Some(batch) = self.batch.take()? else {
            return Ok(());
        };
        match &mut self.writer {
            Some(Writer::Parquet(writer)) => writer.write(&batch).map_err(of_parquet),
            Some(Writer::Ipc(writer)) => writer.write(&batch).map_err(of_arrow),
            None => Ok(()),
        }
    }
}

/// How Parquet files are written.
pub(super) fn parquet_properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build()
}

pub(super) fn of_parquet(error: ParquetError) -> ExportError {
    ExportError::format("Parquet", error)
}

impl RowSink for ArrowSink {
    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        self.batch = BatchBuilder::new(schema);
        let schema = self.batch.schema();
        let chunks = self.chunks.clone();
        self.writer = Some(if self.is_parquet {
            let writer = ArrowWriter::try_new(chunks, schema, Some(parquet_properties()));
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

    fn row(
        &mut self,
        _: &Schema,
        row: &DecodedRow<'_, '_>,
        _: &mut Misfits,
    ) -> Result<(), ExportError> {
        self.batch.append(row.cells);
        if self.batch.rows() >= BATCH {
            self.write_batch()?;
        }
        Ok(())
    }

    fn end_page(&mut self, _: &mut Misfits, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.chunks.drain(out);
        Ok(())
    }

    fn finish(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        self.write_batch()?;
        match self.writer.take() {
            Some(Writer::Parquet(writer)) => drop(writer.close().map_err(of_parquet)?),
            Some(Writer::Ipc(mut writer)) => writer.finish().map_err(of_arrow)?,
            None => {}
        }
        Ok(self.chunks.drain_to(out)?)
    }
}
