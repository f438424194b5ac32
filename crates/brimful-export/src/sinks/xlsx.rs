//! Excel workbooks: real numbers and dates, a frozen header with filters, and as many sheets as the rows need.

use std::io::Write;

use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{Color, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::caught_panics::with_temporary_files;
use super::{DecodedRow, FileOptions, Headers, RowSink, headers_of};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;

/// Rows of a sheet, the header among them.
const SHEET_ROWS: u32 = 1_048_576;
/// Columns of a sheet.
const SHEET_COLUMNS: usize = 16_384;
/// Characters of a cell, as Excel counts them: in UTF-16.
const CELL_CHARACTERS: usize = 32_767;
/// Digits of a number that Excel keeps.
const EXACT_DIGITS: u32 = 15;
/// The widest that a column is made by what is in it.
const MAX_WIDTH: usize = 60;

pub(crate) struct XlsxSink {
    workbook: Workbook,
    headers: Headers,
    name: String,
    sheets: usize,
    sheet_rows: u32,
    /// The next row.
    next: u32,
    /// Characters of the widest value of each column so far.
    widths: Vec<usize>,
    formats: Formats,
    text: String,
}

struct Formats {
    header: Format,
    date: Format,
    datetime: Format,
    amount: Format,
}

impl XlsxSink {
    pub(crate) fn new(options: &FileOptions) -> Self {
        Self::with_sheets_of(SHEET_ROWS, options)
    }

    fn with_sheets_of(sheet_rows: u32, options: &FileOptions) -> Self {
        Self {
            workbook: Workbook::new(),
            headers: options.headers,
            name: options.table.clone(),
            sheets: 0,
            sheet_rows,
            next: 0,
            widths: Vec::new(),
            formats: Formats {
                header: Format::new()
                    .set_bold()
                    .set_background_color(Color::RGB(0x00E8_EEF4)),
                date: Format::new().set_num_format("yyyy-mm-dd"),
                datetime: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
                amount: Format::new().set_num_format("#,##0.00##"),
            },
            text: String::new(),
        }
    }

    fn sheet(&mut self) -> Result<&mut Worksheet, ExportError> {
        self.workbook
            .worksheet_from_index(self.sheets.saturating_sub(1))
            .map_err(failed)
    }

    fn begin_sheet(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.sheets += 1;
        let suffix = if self.sheets > 1 {
            format!(" ({})", self.sheets)
        } else {
            String::new()
        };
        let name = sheet_name(&self.name, &suffix);
        let sheet = self
            .workbook
            .add_worksheet_with_constant_memory()
            .map_err(failed)?;
        sheet.set_name(name).map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        self.widths.resize(schema.columns.len(), 0);
        for (place, title) in headers_of(schema, self.headers).iter().enumerate() {
            let title: String = title.chars().take(CELL_CHARACTERS / 2).collect();
            self.widths[place] = self.widths[place].max(title.chars().count() + 3);
            sheet
                .write_string_with_format(0, place as u16, title, &self.formats.header)
                .map_err(failed)?;
        }
        self.next = 1;
        Ok(())
    }

    fn end_sheet(&mut self) -> Result<(), ExportError> {
        let (last, widths) = (self.next.saturating_sub(1), self.widths.clone());
        let sheet = self.sheet()?;
        let Some(last_column) = widths.len().checked_sub(1) else {
            return Ok(());
        };
        sheet
            .autofilter(0, 0, last, last_column as u16)
            .map_err(failed)?;
        for (place, width) in widths.into_iter().enumerate() {
            let width = (width + 1).clamp(8, MAX_WIDTH) as f64;
            sheet
                .set_column_width(place as u16, width)
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: XlsxError) -> ExportError {
    ExportError::format("Excel", error)
}

/// A name that Excel takes: at most 31 characters, and some it does not like.
fn sheet_name(name: &str, suffix: &str) -> String {
    let clean = name
        .chars()
        .map(|c| if "[]:*?/\\'".contains(c) { '_' } else { c });
    let mut name: String = clean.take(31 - suffix.len()).collect();
    if name.is_empty() {
        "rows".clone_into(&mut name);
    }
    name + suffix
}

/// A day in Excel's calendar.
fn excel_date(date: Date) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::from_ymd(date.year() as u16, date.month() as u8, date.day() as u8)
}

/// A moment in Excel's calendar, which knows no zones.
fn excel_moment(moment: DateTime) -> Result<ExcelDateTime, XlsxError> {
    excel_date(moment.date())?.and_hms(
        moment.hour() as u16,
        moment.minute() as u8,
        f64::from(moment.second()),
    )
}

/// As much of a text as a cell holds.
fn cut(text: &str) -> &str {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > CELL_CHARACTERS {
            return &text[..at];
        }
    }
    text
}

impl RowSink for XlsxSink {
    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        if schema.columns.len() > SHEET_COLUMNS {
            return Err(ExportError::TooManyColumns {
                place: "Excel".to_owned(),
                message: format!("there are more columns than the {SHEET_COLUMNS} of a sheet"),
            });
        }
        with_temporary_files(|| self.begin_sheet(schema))
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        with_temporary_files(|| self.write_row(schema, row, misfits))
    }

    fn end_page(&mut self, _: &mut Misfits, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn finish(&mut self, _: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        // A workbook is written back and forth, and the output only forth.
        let mut file = with_temporary_files(|| {
            self.end_sheet()?;
            let temporary = |source| ExportError::TemporaryFile {
                folder: std::env::temp_dir(),
                source,
            };
            let mut file = tempfile::tempfile().map_err(temporary)?;
            self.workbook.save_to_writer(&mut file).map_err(failed)?;
            std::io::Seek::rewind(&mut file).map_err(temporary)?;
            Ok(file)
        })?;
        std::io::copy(&mut file, out)?;
        Ok(())
    }
}

impl XlsxSink {
    fn write_row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        if self.next >= self.sheet_rows {
            self.end_sheet()?;
            self.begin_sheet(schema)?;
        }
        let next = self.next;
        let mut text = std::mem::take(&mut self.text);
        let sheet = self
            .workbook
            .worksheet_from_index(self.sheets.saturating_sub(1))
            .map_err(failed)?;
        for (place, cell) in row.cells.iter().enumerate() {
            let column = place as u16;
            let mut width = 10;
            let written = match cell {
                Cell::Null => continue,
                Cell::Bool(value) => sheet.write_boolean(next, column, *value),
                Cell::Float(value) => sheet.write_number(next, column, *value),
                // Excel would round a longer number.
                Cell::Int(value) if value.unsigned_abs() < 10_u64.pow(EXACT_DIGITS) => {
                    sheet.write_number(next, column, *value as f64)
                }
                Cell::Decimal(amount) if amount.fits_digits(EXACT_DIGITS) => {
                    width = 14;
                    let format = &self.formats.amount;
                    sheet.write_number_with_format(next, column, amount.to_f64(), format)
                }
                // Excel's calendar begins in 1900.
                Cell::Date(date) if date.year() >= 1900 => {
                    let date = excel_date(*date).map_err(failed)?;
                    sheet.write_datetime_with_format(next, column, date, &self.formats.date)
                }
                // Excel knows no zones: it is the time on the portal's clock.
                Cell::DateTime(moment) if moment.civil.year() >= 1900 => {
                    width = 19;
                    let moment = excel_moment(moment.civil).map_err(failed)?;
                    sheet.write_datetime_with_format(next, column, moment, &self.formats.datetime)
                }
                other => {
                    text.clear();
                    other.write_text(&mut text);
                    let fits = cut(&text);
                    if fits.len() < text.len() {
                        let reason =
                            "a cell of Excel has at most 32,767 characters; the rest is here";
                        row.does_not_fit(schema, place, reason, misfits);
                    }
                    width = fits.chars().take(MAX_WIDTH).count();
                    sheet.write_string(next, column, fits)
                }
            };
            written.map_err(failed)?;
            self.widths[place] = self.widths[place].max(width);
        }
        self.text = text;
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_excel_counts_its_last_character() {
        assert_eq!(cut("short"), "short");
        let emoji = "😀".repeat(20_000);
        assert_eq!(cut(&emoji).chars().count(), 16_383);
    }

    #[test]
    fn sheets_have_names_that_excel_takes() {
        assert_eq!(sheet_name("crm_deal", ""), "crm_deal");
        let name = sheet_name(&"a/b".repeat(20), " (2)");
        assert_eq!(name.chars().count(), 31);
        assert!(name.ends_with(" (2)") && !name.contains('/'), "{name}");
    }

    #[test]
    fn rows_go_on_in_another_sheet_when_one_is_full() {
        let options = FileOptions::default();
        let plan = crate::Plan {
            id_field: "ID".to_owned(),
            ..crate::Plan::default()
        };
        let sink = XlsxSink::with_sheets_of(3, &options);
        let mut writer = crate::RowWriter::new(Box::new(sink), plan);
        let rows = (1..=5).map(|id| (Some(id), format!("{{\"ID\":\"{id}\"}}")));
        let mut file = Vec::new();
        writer.write_page(&rows.collect(), &mut file).unwrap();
        writer.finish(&mut file).unwrap();
        let mut workbook: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(file)).unwrap();
        let heights: Vec<usize> = calamine::Reader::worksheets(&mut workbook)
            .iter()
            .map(|(_, range)| range.height())
            .collect();
        assert_eq!(heights, [3, 3, 2]);
    }
}
