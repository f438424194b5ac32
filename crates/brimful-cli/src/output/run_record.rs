//! The record of a run beside its partial file: which list the rows are of, so that only the same command resumes it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use brimful::KnownHidden;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OutputError;
use super::atomic;
use super::partial::named;

/// What is known of the rows in a partial file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    /// The portal, the method and the parameters of the list.
    pub(crate) list: Value,
    /// The rows of the first page, of which the columns were made.
    #[serde(default)]
    pub(crate) first_page: u64,
    /// Whether the rows have come in the order of their IDs.
    #[serde(default)]
    pub(crate) ascending: bool,
    /// What is known of rows that are counted and not shown, up to a row of the partial file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hidden: Option<HiddenBefore>,
}

/// Rows that the portal counts and does not show, up to an ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HiddenBefore {
    /// The last row that was in the partial file when this was written.
    pub(crate) last_id: u64,
    /// No row that is shown lies above that one and up to this ID.
    pub(crate) up_to: u64,
    pub(crate) rows: u64,
}

impl RunRecord {
    /// The record of a run that has no rows yet.
    pub(crate) fn new(list: Value) -> Self {
        Self {
            list,
            first_page: 0,
            ascending: true,
            hidden: None,
        }
    }

    /// What is known of hidden rows before the row with the ID `last_id`, the last one in the partial file.
    pub(crate) fn hidden_before(&self, last_id: u64) -> Option<HiddenBefore> {
        self.hidden
            .filter(|hidden| hidden.last_id == last_id && hidden.up_to >= last_id)
    }

    /// The record beside a partial file; `None` if there is none that can be read.
    pub(crate) fn read(partial: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(place(partial)).ok()?).ok()
    }
}

/// The file of the record of a run that is under way.
#[derive(Debug)]
pub(super) struct RecordFile {
    path: PathBuf,
    record: RunRecord,
    last_id: Option<u64>,
    /// Rows that are hidden before those of this run; `None`: that is not known.
    hidden_before: Option<u64>,
    /// What is known of hidden rows and is not in the file yet.
    unwritten: Option<HiddenBefore>,
    written_at: Option<Instant>,
}

/// What is known of hidden rows is written no more often than this: each time takes as long as a disk needs.
const EVERY: Duration = Duration::from_secs(1);

impl RecordFile {
    /// Beside the partial file at `partial`, whose last row has the ID `last_id`. Nothing is written before there are
    /// rows.
    pub(super) fn new(partial: &Path, record: RunRecord, last_id: Option<u64>) -> Self {
        let hidden_before = match last_id {
            Some(last_id) => record.hidden_before(last_id).map(|hidden| hidden.rows),
            None => Some(0),
        };
        Self {
            path: place(partial),
            record,
            last_id,
            hidden_before,
            unwritten: None,
            written_at: None,
        }
    }

    /// Takes down what is known of hidden rows up to the last row, which is in the partial file.
    pub(super) fn note_hidden(&mut self, known: KnownHidden) -> Result<(), OutputError> {
        let (Some(before), Some(last_id)) = (self.hidden_before, self.last_id) else {
            return Ok(());
        };
        self.unwritten = Some(HiddenBefore {
            last_id,
            up_to: known.up_to,
            rows: before + known.rows,
        });
        if self.written_at.is_none_or(|at| at.elapsed() >= EVERY) {
            self.write_hidden()?;
        }
        Ok(())
    }

    /// Writes what is known of hidden rows, if it is not in the file yet.
    pub(super) fn write_hidden(&mut self) -> Result<(), OutputError> {
        let Some(hidden) = self.unwritten.take() else {
            return Ok(());
        };
        self.record.hidden = Some(hidden);
        self.written_at = Some(Instant::now());
        self.write()
    }

    /// Takes down what a page says, before any of its rows is in the partial file.
    pub(super) fn note(
        &mut self,
        ids: impl Iterator<Item = Option<u64>>,
    ) -> Result<(), OutputError> {
        let (mut rows, mut ascending) = (0, self.record.ascending);
        for id in ids {
            rows += 1;
            ascending &= id.is_some() && id > self.last_id;
            self.last_id = id;
        }
        if rows == 0 || (self.record.first_page > 0 && ascending == self.record.ascending) {
            return Ok(());
        }
        if self.record.first_page == 0 {
            self.record.first_page = rows;
        }
        self.record.ascending = ascending;
        self.write()
    }

    fn write(&self) -> Result<(), OutputError> {
        let text = serde_json::to_vec(&self.record).unwrap_or_default();
        let write = || {
            let mut file = atomic::create_merged(&self.path)?;
            // Its own errors name a path that users know nothing of.
            file.as_file_mut().write_all(&text)?;
            atomic::put_in_place(file, &self.path)
        };
        write().map(drop).map_err(|error| named(&self.path, error))
    }

    /// The run has left nothing that could be resumed.
    pub(super) fn remove(&self) {
        // A record without a partial file is passed over.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(atomic::merged_path(&self.path));
    }
}

/// The record of the partial file at `partial`.
fn place(partial: &Path) -> PathBuf {
    let mut name = partial.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    partial.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_rows_are_known_up_to_the_last_row_that_was_written_and_added_up_over_runs() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("rows.jsonl.partial");
        let list = RunRecord::new(json!({"method": "x.list"}));
        let mut file = RecordFile::new(&partial, list, None);
        file.note([Some(1), Some(5)].into_iter()).unwrap();
        let known = |up_to, rows| KnownHidden::new(up_to, rows);
        file.note_hidden(known(9, 4)).unwrap();
        let record = RunRecord::read(&partial).unwrap();
        let before = record.hidden_before(5).unwrap();
        assert_eq!((before.up_to, before.rows), (9, 4));
        assert_eq!(record.hidden_before(1), None, "a row was lost");
        assert_eq!(record.hidden_before(6), None, "a row came behind it");
        let mut file = RecordFile::new(&partial, record, Some(5));
        file.note([Some(12)].into_iter()).unwrap();
        file.note_hidden(known(14, 2)).unwrap();
        let record = RunRecord::read(&partial).unwrap();
        assert_eq!(record.hidden_before(12).unwrap().rows, 6);
        // What was not known once is never known again.
        let mut file = RecordFile::new(&partial, record, Some(13));
        file.note([Some(20)].into_iter()).unwrap();
        file.note_hidden(known(21, 2)).unwrap();
        let record = RunRecord::read(&partial).unwrap();
        assert_eq!(record.hidden_before(20), None);
    }

    #[test]
    fn a_record_tells_rows_that_are_not_in_the_order_of_their_ids() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("rows.jsonl.partial");
        let mut file = RecordFile::new(&partial, RunRecord::new(json!({"method": "x.list"})), None);
        assert_eq!(RunRecord::read(&partial), None);
        file.note([Some(1), Some(2)].into_iter()).unwrap();
        file.note([Some(5)].into_iter()).unwrap();
        let record = RunRecord::read(&partial).unwrap();
        assert_eq!((record.first_page, record.ascending), (2, true));
        file.note([Some(4)].into_iter()).unwrap();
        assert!(!RunRecord::read(&partial).unwrap().ascending);
        file.remove();
        assert_eq!(RunRecord::read(&partial), None);
    }
}
