//! The record of a run beside its partial file: which list the rows are of, so that only the same command resumes it.

use std::io::Write;
use std::path::{Path, PathBuf};

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
}

impl RunRecord {
    /// The record of a run that has no rows yet.
    pub(crate) fn new(list: Value) -> Self {
        Self {
            list,
            first_page: 0,
            ascending: true,
        }
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
}

impl RecordFile {
    /// Beside the partial file at `partial`, whose last row has the ID `last_id`. Nothing is written before there are
    /// rows.
    pub(super) fn new(partial: &Path, record: RunRecord, last_id: Option<u64>) -> Self {
        Self {
            path: place(partial),
            record,
            last_id,
        }
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
