//! The record of a run beside its partial file: which list the rows are of, so that only the same command resumes it, and
//! checksums of what was written, so that a file that a disk has damaged is not taken for a whole one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use brimful::KnownHidden;
use brimful_export::Crc;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::OutputError;
use super::atomic;
use super::partial::named;

/// What is known of hidden rows is written no more often than this: each time takes as long as a disk needs.
const HIDDEN_EVERY: Duration = Duration::from_secs(1);

/// The checksum (CRC-32) of the first bytes of a partial file. Each is a line behind the record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Checksum {
    bytes: u64,
    crc32: u32,
}

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
    hidden: Option<HiddenBefore>,
    #[serde(skip)]
    checksums: Vec<Checksum>,
}

/// Rows that the portal counts and does not show, up to an ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HiddenBefore {
    /// The last row that was in the partial file when this was written.
    last_id: u64,
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
            checksums: Vec::new(),
        }
    }

    /// What is known of hidden rows before the row with the ID `last_id`, the last one in the partial file.
    pub(crate) fn hidden_before(&self, last_id: u64) -> Option<HiddenBefore> {
        self.hidden
            .filter(|hidden| hidden.last_id == last_id && hidden.up_to >= last_id)
    }

    /// The record beside a partial file; `None` if there is none that can be read.
    pub(crate) fn read(partial: &Path) -> Option<Self> {
        let found = std::fs::read(place(partial)).ok()?;
        let mut lines = found.split(|byte| *byte == b'\n');
        let mut record: Self = serde_json::from_slice(lines.next()?).ok()?;
        // A killed run may leave half a line at the end.
        let checksums = lines.map_while(|line| serde_json::from_slice(line).ok());
        record.checksums = checksums.collect();
        Some(record)
    }

    /// How many bytes of a partial file are as the run wrote them, if what is behind them is not; `None` if nothing is
    /// wrong with it. A power cut may leave zeros where rows were, and somebody may have added something.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn damaged_after(&self, partial: &Path) -> io::Result<Option<u64>> {
        let mut file = File::open(partial)?;
        let mut checksums = self.checksums.iter().copied().peekable();
        let knows_the_end = checksums.peek().is_some();
        let (mut crc, mut sound) = (Crc::new(), 0);
        let mut block = vec![0; 1 << 16];
        let mut read = 0_u64;
        loop {
            let room = block.len() as u64;
            let next = checksums
                .peek()
                .map_or(room, |next| next.bytes.saturating_sub(read));
            let Some(block) = block.get_mut(..next.min(room) as usize) else {
                return Ok(None);
            };
            let bytes = if block.is_empty() {
                0
            } else {
                file.read(block)?
            };
            let block = block.get(..bytes).unwrap_or_default();
            if checksums.peek().is_none() && bytes > 0 {
                if knows_the_end {
                    return Ok(Some(read));
                }
                if let Some(zero) = block.iter().position(|byte| *byte == 0) {
                    // No row has such a byte.
                    return Ok(Some(read + zero as u64));
                }
            }
            crc.update(block);
            read += bytes as u64;
            match checksums.peek() {
                Some(next) if next.bytes == read => {
                    if next.crc32 != crc.sum() {
                        return Ok(Some(sound));
                    }
                    sound = read;
                    checksums.next();
                }
                // A run that is killed may have noted the checksum of rows that it did not write any more.
                Some(_) if bytes == 0 => return Ok((read > sound).then_some(sound)),
                None if bytes == 0 => return Ok(None),
                _ => {}
            }
        }
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
    hidden_written_at: Option<Instant>,
    /// The record as it is open to take checksums.
    file: Option<File>,
    crc: Crc,
    bytes: u64,
}

impl RecordFile {
    /// Beside the partial file at `partial`, whose last row has the ID `last_id` and ends at `bytes`. Nothing is written
    /// before there are rows.
    ///
    /// # Errors
    /// The rows that are kept cannot be read.
    pub(super) fn new(
        partial: &Path,
        mut record: RunRecord,
        last_id: Option<u64>,
        bytes: u64,
    ) -> Result<Self, OutputError> {
        record.checksums.retain(|known| known.bytes <= bytes);
        let mut crc = Crc::new();
        if bytes > 0 {
            let mut kept = File::open(partial)
                .map_err(|error| named(partial, error))?
                .take(bytes);
            let mut block = vec![0; 1 << 16];
            loop {
                let read = kept
                    .read(&mut block)
                    .map_err(|error| named(partial, error))?;
                if read == 0 {
                    break;
                }
                crc.update(block.get(..read).unwrap_or_default());
            }
            if record
                .checksums
                .last()
                .is_none_or(|last| last.bytes < bytes)
            {
                let crc32 = crc.sum();
                record.checksums.push(Checksum { bytes, crc32 });
            }
        }
        let hidden_before = match last_id {
            Some(last_id) => record.hidden_before(last_id).map(|hidden| hidden.rows),
            None => Some(0),
        };
        Ok(Self {
            path: place(partial),
            record,
            last_id,
            hidden_before,
            unwritten: None,
            hidden_written_at: None,
            file: None,
            crc,
            bytes,
        })
    }

    /// Takes down what is known of hidden rows up to the last row, which is in the partial file.
    pub(super) fn note_hidden(&mut self, known: KnownHidden) -> Result<(), OutputError> {
        let (Some(before), Some(last_id)) = (self.hidden_before, self.last_id) else {
            return Ok(());
        };
        self.unwritten = Some(HiddenBefore {
            last_id,
            up_to: known.up_to,
            rows: before.saturating_add(known.rows),
        });
        let written_at = self.hidden_written_at;
        if written_at.is_none_or(|at| at.elapsed() >= HIDDEN_EVERY) {
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
        self.hidden_written_at = Some(Instant::now());
        self.write()
    }

    /// A block is about to be written to the end of the partial file. What is behind the last block that was told of is
    /// not of this run.
    pub(super) fn about_to_write(&mut self, block: &[u8]) -> Result<(), OutputError> {
        self.crc.update(block);
        self.bytes += block.len() as u64;
        let checksum = Checksum {
            bytes: self.bytes,
            crc32: self.crc.sum(),
        };
        self.record.checksums.push(checksum);
        let Some(file) = &mut self.file else {
            return self.write();
        };
        let appended = serde_json::to_vec(&checksum).map_err(io::Error::from);
        let appended = appended.and_then(|line| file.write_all(&[b"\n", line.as_slice()].concat()));
        appended.map_err(|error| named(&self.path, error))
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

    fn write(&mut self) -> Result<(), OutputError> {
        let write = || {
            let mut text = serde_json::to_vec(&self.record)?;
            for checksum in &self.record.checksums {
                text.push(b'\n');
                text.extend(serde_json::to_vec(checksum)?);
            }
            let mut file = atomic::create_merged(&self.path)?;
            // Its own errors name a path that users know nothing of.
            file.as_file_mut().write_all(&text)?;
            atomic::put_in_place(file, &self.path)
        };
        let written = write().map_err(|error: io::Error| named(&self.path, error));
        self.file = Some(written?);
        Ok(())
    }

    /// The run has left nothing that could be resumed.
    pub(super) fn remove(&self) {
        // A record without a partial file is passed over.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(atomic::merged_path(&self.path));
    }
}

/// The record of the partial file at `partial`.
pub(crate) fn place(partial: &Path) -> PathBuf {
    let mut name = partial.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    partial.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn open(partial: &Path, record: RunRecord, bytes: u64) -> RecordFile {
        RecordFile::new(partial, record, None, bytes).unwrap()
    }

    #[test]
    fn a_partial_file_is_sound_up_to_the_last_checksum_before_what_was_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("rows.jsonl.partial");
        let block = |byte: u8| [byte].repeat(300 << 10);
        let list = || RunRecord::new(json!({"method": "x.list"}));
        // It is written by two runs.
        let mut file = open(&partial, list(), 0);
        std::fs::write(&partial, [block(b'a'), block(b'b')].concat()).unwrap();
        file.about_to_write(&block(b'a')).unwrap();
        file.about_to_write(&block(b'b')).unwrap();
        drop(file);
        let kept = 2 * (300 << 10);
        let mut file = open(&partial, RunRecord::read(&partial).unwrap(), kept);
        let all = [block(b'a'), block(b'b'), block(b'c'), b"d".repeat(100)].concat();
        std::fs::write(&partial, &all).unwrap();
        file.about_to_write(&block(b'c')).unwrap();
        file.about_to_write(&b"d".repeat(100)).unwrap();
        let record = RunRecord::read(&partial).unwrap();
        let damaged = |place: usize, byte: u8| {
            let mut bytes = all.clone();
            bytes[place] = byte;
            std::fs::write(&partial, bytes).unwrap();
            record.damaged_after(&partial).unwrap()
        };
        assert_eq!(damaged(5, b'a'), None);
        assert_eq!(damaged(5, 0), Some(0));
        assert_eq!(damaged(310 << 10, b'x'), Some(300 << 10));
        assert_eq!(damaged(610 << 10, b'x'), Some(600 << 10));
        assert_eq!(damaged((900 << 10) + 50, b'x'), Some(900 << 10));
        std::fs::write(&partial, &all[..500_000]).unwrap();
        assert_eq!(record.damaged_after(&partial).unwrap(), Some(300 << 10));
        // Where nothing is known of the file, it is only known that no row has zeros.
        assert_eq!(list().damaged_after(&partial).unwrap(), None);
        std::fs::write(&partial, b"abc\0").unwrap();
        assert_eq!(list().damaged_after(&partial).unwrap(), Some(3));
        // It is longer than it was written, or as long as before the last block.
        std::fs::write(&partial, [&all[..], b"{}\n"].concat()).unwrap();
        let whole = Some(all.len() as u64);
        assert_eq!(record.damaged_after(&partial).unwrap(), whole);
        std::fs::write(&partial, &all[..900 << 10]).unwrap();
        assert_eq!(record.damaged_after(&partial).unwrap(), None);
    }

    #[test]
    fn hidden_rows_are_known_up_to_the_last_row_that_was_written_and_added_up_over_runs() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("rows.jsonl.partial");
        let open = |record, last_id| RecordFile::new(&partial, record, last_id, 0).unwrap();
        let read = || RunRecord::read(&partial).unwrap();
        let mut file = open(RunRecord::new(json!({"method": "x.list"})), None);
        file.note([Some(1), Some(5)].into_iter()).unwrap();
        file.note_hidden(KnownHidden::new(9, 4)).unwrap();
        let before = read().hidden_before(5).unwrap();
        assert_eq!((before.up_to, before.rows), (9, 4));
        assert_eq!(read().hidden_before(1), None, "a row was lost");
        assert_eq!(read().hidden_before(6), None, "a row came behind it");
        let mut file = open(read(), Some(5));
        file.note([Some(12)].into_iter()).unwrap();
        file.note_hidden(KnownHidden::new(14, 2)).unwrap();
        assert_eq!(read().hidden_before(12).unwrap().rows, 6);
        // What was not known once is never known again.
        let mut file = open(read(), Some(13));
        file.note([Some(20)].into_iter()).unwrap();
        file.note_hidden(KnownHidden::new(21, 2)).unwrap();
        assert_eq!(read().hidden_before(20), None);
    }

    #[test]
    fn a_record_tells_rows_that_are_not_in_the_order_of_their_ids() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("rows.jsonl.partial");
        let mut file = open(&partial, RunRecord::new(json!({"method": "x.list"})), 0);
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
