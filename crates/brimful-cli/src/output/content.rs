//! What rows are made into on their way out: lines of JSON as they are, or columns in a format or store; compressed or
//! not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use brimful::Page;
use brimful_export::{Compressor, ExportError, FileKind, RowWriter};
use serde_json::{Map, Value};
use tracing::warn;

use super::partial::PartialFile;
use super::{Leftover, OutputError};
use crate::json_text;
use crate::logging::OWN_WARNINGS;

/// What rows are made into. By default they stay lines of JSON.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Makes columns of them.
    pub(super) rows: Option<RowWriter>,
    compressor: Option<Compressor>,
    /// The first part of the file is of no use: it is compressed, or has no lines.
    has_no_lines: bool,
    /// Where values go that do not fit their columns.
    misfits: Option<MisfitFile>,
    /// The store, for messages.
    store: Option<String>,
    /// The table gets indexes when it is whole.
    has_indexes: bool,
}

/// The file of values that do not fit. It is there only if there are any.
#[derive(Debug)]
struct MisfitFile {
    path: PathBuf,
    file: Option<PartialFile>,
    count: u64,
}

impl Content {
    /// Rows as lines of JSON in a compressed file, or as they are.
    pub(crate) fn lines(kind: FileKind) -> io::Result<Self> {
        Ok(Self {
            compressor: kind.compression.map(Compressor::new).transpose()?,
            has_no_lines: kind.compression.is_some(),
            ..Self::default()
        })
    }

    /// Rows as columns; values that do not fit go to the file at `misfits`.
    pub(crate) fn columns(kind: FileKind, rows: RowWriter, misfits: &Path) -> io::Result<Self> {
        Ok(Self {
            rows: Some(rows),
            has_no_lines: kind.compression.is_some() || !kind.format.is_text(),
            misfits: Some(MisfitFile {
                path: misfits.to_owned(),
                file: None,
                count: 0,
            }),
            ..Self::lines(kind)?
        })
    }

    /// Rows in a store, which has a table of its own for values that do not fit.
    pub(crate) fn store(name: String, rows: RowWriter, has_indexes: bool) -> Self {
        Self {
            rows: Some(rows),
            store: Some(name),
            has_indexes,
            ..Self::default()
        }
    }

    /// What a table gets when all its rows are there.
    pub(super) fn end_table(&self, rows: &mut RowWriter) -> Result<(), ExportError> {
        if self.has_indexes {
            rows.make_indexes()?;
        }
        Ok(())
    }

    /// Whether the first part of it is of use: each row is a line.
    pub(super) fn is_lines(&self) -> bool {
        !self.has_no_lines
    }

    /// Whether the rows are written as they are: an interrupted file can be resumed.
    pub(super) fn is_raw(&self) -> bool {
        self.rows.is_none() && self.compressor.is_none()
    }

    /// The rows will be made into columns again, and the values that do not fit be found again.
    pub(super) fn drop_misfits(&mut self) {
        if let Some(file) = self.misfits.take().and_then(|place| place.file) {
            file.discard();
        }
    }

    /// Fields whose values did not fit, why, and how many.
    pub(super) fn misfits_by_field(&self) -> Vec<(String, &'static str, u64)> {
        let rows = self.rows.as_ref();
        rows.map_or_else(Vec::new, RowWriter::misfits_by_field)
    }

    /// How many columns there are.
    pub(super) fn column_count(&self) -> Option<usize> {
        Some(self.rows.as_ref()?.schema()?.columns.len())
    }

    pub(super) fn store_name(&self) -> &str {
        self.store.as_deref().unwrap_or("the store")
    }

    /// How many rows a store has for certain, and the ID of the last one, where it tells.
    pub(super) fn stored(&self) -> Option<(u64, Option<u64>)> {
        self.rows.as_ref()?.stored()
    }

    /// Appends the rows of a page to `out`, or has the store take them.
    pub(super) fn write_page(&mut self, page: &Page, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match &mut self.rows {
            None => {
                json_text::write_lines(out, page);
                Ok(())
            }
            Some(rows) => {
                rows.write_page(page, out)?;
                let made_text = rows.take_columns_made_text();
                if !made_text.is_empty() {
                    warn!(
                        target: OWN_WARNINGS,
                        "the types of these fields have changed, so their columns have texts now: {}",
                        made_text.join(", ")
                    );
                }
                self.gather_misfits()
            }
        }
    }

    /// Compresses a part of the file; `None` if it is not compressed.
    pub(super) fn compress(&mut self, block: &[u8]) -> Option<io::Result<Vec<u8>>> {
        Some(self.compressor.as_mut()?.write(block))
    }

    /// The end of a compressed file.
    pub(super) fn end_compression(&mut self) -> Option<io::Result<Vec<u8>>> {
        Some(self.compressor.take()?.finish())
    }

    /// Writes down the values that did not fit since the last call.
    pub(super) fn gather_misfits(&mut self) -> Result<(), ExportError> {
        let (Some(rows), Some(place)) = (&mut self.rows, &mut self.misfits) else {
            return Ok(());
        };
        let found = rows.take_misfits();
        if found.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for misfit in &found {
            misfit.write_line(&mut lines);
        }
        place.count += found.len() as u64;
        place
            .append(&lines)
            .map_err(|error| ExportError::Io(io::Error::other(error.to_string())))
    }

    /// All rows are written: the file of values that did not fit gets its name, and one of an earlier run goes.
    pub(super) fn complete_misfits(&mut self) -> Result<Option<(u64, String)>, OutputError> {
        if let (Some(name), Some(rows)) = (&self.store, &self.rows) {
            let count = rows.misfits();
            let place = format!("_brimful_errors in {name}");
            return Ok((count > 0).then_some((count, place)));
        }
        let Some(place) = self.misfits.take() else {
            return Ok(None);
        };
        if let Some(file) = place.file {
            return Ok(Some((place.count, file.complete()?)));
        }
        // It would say of this file what was true of another.
        if let Err(error) = std::fs::remove_file(&place.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(
                target: OWN_WARNINGS,
                "{} is of an earlier run and could not be removed: {error}; every value of this run fits its column",
                place.path.display()
            );
        }
        Ok(None)
    }

    /// The rows have not all come: the values that did not fit stay beside them.
    pub(super) fn leave_misfits(&mut self) -> Option<(u64, String)> {
        let place = self.misfits.take()?;
        let file = place.file?;
        let path = file.path().display().to_string();
        let name = file.leave().unwrap_or_else(|error| {
            warn!(target: OWN_WARNINGS, "{path} may lack values that did not fit: {error}");
            Some(path)
        });
        Some((place.count, name?))
    }
}

impl MisfitFile {
    fn append(&mut self, lines: &[u8]) -> Result<(), OutputError> {
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let mut file = PartialFile::open(&self.path, Leftover::Keep)?;
            // The rows of an interrupted run are gone, and so is what was said of them.
            file.end_at(0)?;
            self.file.insert(file)
        };
        file.append(lines)
    }
}

/// The file of values that do not fit, beside the file at `path`.
pub(crate) fn misfits_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".errors.jsonl");
    path.with_file_name(name)
}

/// The members of the line of a value that did not fit.
const MISFIT_MEMBERS: [&str; 4] = ["id", "field", "value", "reason"];
/// A longer line is not of a value that did not fit, or of one that is too long to read.
const LONGEST_MISFIT: u64 = 64 << 20;

/// Whether the values that do not fit may take the place of what is at `path`: there is nothing, or those of an earlier
/// run. They have lines of their own kind.
pub(crate) fn is_of_misfits(path: &Path) -> bool {
    // Nothing takes the place of a folder.
    if path.is_dir() {
        return true;
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return error.kind() == io::ErrorKind::NotFound,
    };
    let mut line = Vec::new();
    if BufReader::new(file.take(LONGEST_MISFIT))
        .read_until(b'\n', &mut line)
        .is_err()
    {
        return false;
    }
    if line.is_empty() {
        return true;
    }
    let members: Option<Map<String, Value>> = serde_json::from_slice(&line).ok();
    members.is_some_and(|members| members.keys().eq(MISFIT_MEMBERS))
}
