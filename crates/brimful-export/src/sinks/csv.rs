//! CSV as in RFC 4180: lines end with CR LF, and what needs quotes has them.

use std::borrow::Cow;
use std::io::Write;

use super::chunks::Chunks;
use super::{DecodedRow, FileOptions, Headers, RowSink, headers_of};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;

/// By this Excel knows that a file is Unicode.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a text begins with that a spreadsheet runs as a formula. Some read the wide forms as the others.
const BEGINNINGS_OF_FORMULAS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text as a spreadsheet shows it, and does not run it: behind an apostrophe where it would be a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(BEGINNINGS_OF_FORMULAS) && !is_negative_number(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a text is `-12` or `-12.5`, which a spreadsheet takes for what it is.
fn is_negative_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix('-') else {
        return false;
    };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    [whole, fraction]
        .iter()
        .all(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

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
        let names = headers_of(schema, self.headers).into_iter();
        let names = names.map(|name| {
            if self.excel {
                harmless(&name).into_owned()
            } else {
                name
            }
        });
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
                Cell::Text(text) if self.excel => {
                    let text = harmless(text);
                    self.writer.write_field(text.as_bytes()).map_err(failed)?;
                    continue;
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_spreadsheet_would_run_stands_behind_an_apostrophe() {
        for text in [
            "=1+1",
            "=HYPERLINK(\"http://x\")",
            "+7 900 123-45-67",
            "-1+cmd|' /C calc'!A0",
            "-",
            "-1-1",
            "-1.2.3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
        ] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in [
            "", "1=1", "a", "'=1", " =1", "-5", "-12.50", "-0,5", "№ 1", "e-mail",
        ] {
            assert_eq!(harmless(text), text);
        }
    }
}
