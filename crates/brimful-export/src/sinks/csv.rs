//! CSV as in RFC 4180: lines end with CR LF, and what needs quotes has them.

use std::io::Write;

use super::chunks::Chunks;
use super::{DecodedRow, FileOptions, Headers, RowSink, header};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;

/// By this Excel knows that a file is Unicode.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(crate) struct CsvSink {
    writer: csv::Writer<Chunks>,
    chunks: Chunks,
    headers: Headers,
    excel: bool,
    text: String,
}

impl CsvSink {
    pub(crate) fn new(delimiter: u8, options: &FileOptions) -> Self {
        let chunks = Chunks::default();
        let writer = csv::WriterBuilder::new()
            .delimiter(options.delimiter.unwrap_or(delimiter))
            .terminator(csv::Terminator::CRLF)
            .has_headers(false)
            .buffer_capacity(1 << 16)
            .from_writer(chunks.clone());
        Self {
            writer,
            chunks,
            headers: options.headers,
            excel: options.excel,
            text: String::new(),
        }
    }
}

fn failed(error: csv::Error) -> ExportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ExportError::Io(error),
        other => ExportError::Format {
            format: "CSV",
            message: format!("{other:?}"),
        },
    }
}

impl RowSink for CsvSink {
    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        if self.excel {
            self.chunks.write_all(BYTE_ORDER_MARK)?;
        }
        let names = schema.columns.iter();
        let names = names.map(|column| header(column, self.headers));
        self.writer.write_record(names).map_err(failed)
    }

    fn row(
        &mut self,
        _: &Schema,
        row: &DecodedRow<'_, '_>,
        _: &mut Misfits,
    ) -> Result<(), ExportError> {
        for cell in row.cells {
            let text = match cell {
                Cell::Text(text) => text.as_ref(),
                other => {
                    self.text.clear();
                    other.write_text(&mut self.text);
                    self.text.as_str()
                }
            };
            self.writer.write_field(text).map_err(failed)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(failed)
    }

    fn end_page(&mut self, _: &mut Misfits, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.writer.flush()?;
        self.chunks.drain(out);
        Ok(())
    }

    fn finish(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        self.writer.flush()?;
        Ok(self.chunks.drain_to(out)?)
    }
}
