//! The thread that writes: what it is ordered to put goes to its place, in blocks, and beside it into the journal from
//! which an interrupted run is resumed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use brimful::Page;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::content::Content;
use super::error::{OutputError, lost};
use super::partial::{Leftover, PartialFile, named, target_name};
use super::run_record::{RecordFile, RunRecord};
use super::{Destination, Order, PAGES, Piece, Written, WrittenRows, named_file};
use crate::json_text;
use crate::stdout;

/// Bytes that are gathered before they are written.
const BLOCK: usize = 1 << 20;
/// Rows wait no longer than this for more of them before a store has them: what a killed run has got is not lost.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// The same while no rows come.
const STORE_WHEN_IDLE: Duration = Duration::from_millis(200);
/// Rows that are taken at once out of what an interrupted run has left.
const REPLAYED: u64 = 500;

/// The rows of a run in another format, as lines of JSON: from them it is resumed.
#[derive(Debug)]
struct Journal {
    partial: PartialFile,
    /// Rows that are not written yet.
    block: Vec<u8>,
    bytes: u64,
    replay: WrittenRows,
}

/// The end of the way.
#[derive(Debug)]
pub(super) struct Sink {
    place: Place,
    journal: Option<Journal>,
    record: Option<RecordFile>,
    /// When a store was last told to keep what it was given.
    stored_at: Instant,
    /// Rows that are not written yet.
    block: Vec<u8>,
    /// What the rows are made into.
    pub(super) content: Content,
    /// Rows taken, and the ID of the last one.
    rows: (u64, Option<u64>),
    /// The same, and bytes, as far as they are written.
    written: (u64, Option<u64>),
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Stdout,
    /// A device or a pipe: it is written as it stands. A pipe is opened by the writer, for it waits for a reader.
    Special {
        file: Option<File>,
        path: PathBuf,
    },
    File(PartialFile),
    /// The content writes to it by itself.
    Store,
}

impl Sink {
    fn new(place: Place) -> Self {
        Self {
            place,
            journal: None,
            record: None,
            stored_at: Instant::now(),
            block: Vec::with_capacity(BLOCK + BLOCK / 4),
            content: Content::default(),
            rows: (0, None),
            written: (0, None),
            bytes: 0,
        }
    }

    pub(super) fn open(destination: &Destination) -> Result<Self, OutputError> {
        Ok(Self::new(match destination {
            Destination::Stdout => {
                stdout::check_open().map_err(OutputError::of_stdout)?;
                Place::Stdout
            }
            Destination::File(path) => match named_file(path)? {
                Some(found) if !found.is_file() => Place::Special {
                    file: if waits_for_reader(&found) {
                        None
                    } else {
                        Some(open_special(path)?)
                    },
                    path: path.clone(),
                },
                _ => Place::File(PartialFile::open(path, Leftover::Refuse)?),
            },
        }))
    }

    /// Whether what is written may wait for somebody to read it.
    pub(super) fn has_reader(&self) -> bool {
        matches!(self.place, Place::Stdout | Place::Special { .. })
    }

    /// Rows that go to a store.
    pub(super) fn to_store(content: Content) -> Self {
        let mut sink = Self::new(Place::Store);
        sink.content = content;
        sink
    }

    /// See [`super::Output::resumable`].
    pub(super) fn resumable(
        mut partial: PartialFile,
        keep: WrittenRows,
        record: RunRecord,
        content: Content,
    ) -> Result<Self, OutputError> {
        partial.end_at(keep.bytes)?;
        if keep.bytes == 0 {
            partial.forget_content();
        }
        let record = RecordFile::new(partial.path(), record, keep.last_id, keep.bytes)?;
        let mut sink = if content.is_raw() {
            let mut sink = Self::new(Place::File(partial));
            sink.bytes = keep.bytes;
            sink
        } else {
            let mut sink = Self::new(Place::File(PartialFile::converted(partial.target())?));
            sink.journal = Some(Journal {
                partial,
                block: Vec::with_capacity(BLOCK),
                bytes: keep.bytes,
                replay: keep,
            });
            sink
        };
        sink.record = Some(record);
        sink.content = content;
        Ok(sink)
    }

    /// Does what is ordered until there is no more.
    pub(super) fn take(mut self, orders: mpsc::Receiver<Order>) -> Result<Self, OutputError> {
        match self.take_all(orders) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.cut(error)),
        }
    }

    fn take_all(&mut self, mut orders: mpsc::Receiver<Order>) -> Result<(), OutputError> {
        if let Place::Special { file, path } = &mut self.place
            && file.is_none()
        {
            *file = Some(open_special(path)?);
        }
        self.replay()?;
        let mut ready = Vec::with_capacity(PAGES);
        let mut is_whole = false;
        while orders.blocking_recv_many(&mut ready, PAGES) > 0 {
            for order in ready.drain(..) {
                match order {
                    Order::Put(piece) => {
                        self.put(&piece)?;
                        let gathered = self.journal.as_ref().map_or(0, |kept| kept.block.len());
                        if self.block.len().max(gathered) >= BLOCK {
                            self.flush()?;
                        }
                    }
                    Order::Probe(told) => {
                        self.flush()?;
                        self.probe()?;
                        // If nobody waits for it any more, nobody needs it.
                        let _ = told.send(());
                    }
                    Order::End => is_whole = true,
                }
            }
            // Somebody may be reading along, and a run may be killed: what is there is passed on before the writer waits.
            let is_idle = orders.is_empty();
            if let Place::Store = self.place {
                let patience = if is_idle {
                    STORE_WHEN_IDLE
                } else {
                    STORE_EVERY
                };
                if self.stored_at.elapsed() >= patience {
                    self.store()?;
                }
            } else if is_idle && (self.content.is_lines() || self.journal.is_some()) {
                self.flush()?;
            }
        }
        // What has arrived of a list is a file that can be opened too, unless its rows are kept otherwise.
        if is_whole || (self.rows.0 > 0 && self.journal.is_none()) {
            self.end_content(is_whole)?;
        }
        self.flush()?;
        match &mut self.record {
            Some(record) if !is_whole => record.write_hidden(),
            _ => Ok(()),
        }
    }

    /// Has the store keep what it was given.
    fn store(&mut self) -> Result<(), OutputError> {
        self.stored_at = Instant::now();
        let Some(rows) = &mut self.content.rows else {
            return Ok(());
        };
        if let Err(source) = rows.pause() {
            return Err(OutputError::of_rows(self.name(), source));
        }
        Ok(())
    }

    /// Takes the rows that an interrupted run has left into the file, page by page as that run did.
    fn replay(&mut self) -> Result<(), OutputError> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        let (path, replay) = (journal.partial.path().to_owned(), journal.replay);
        if replay.bytes == 0 {
            return Ok(());
        }
        let unreadable = |error: io::Error| named(&path, error);
        let file = File::open(&path).map_err(unreadable)?;
        let mut lines = BufReader::with_capacity(1 << 16, io::Read::take(file, replay.bytes));
        let mut left = replay.first_page;
        loop {
            let mut rows = Vec::new();
            while (rows.len() as u64) < left {
                let mut line = String::new();
                if lines.read_line(&mut line).map_err(unreadable)? == 0 {
                    break;
                }
                line.truncate(line.trim_end().len());
                rows.push((None, line));
            }
            if rows.is_empty() {
                return Ok(());
            }
            let page: Page = rows.into_iter().collect();
            if let Err(source) = self.content.write_page(&page, &mut self.block) {
                return Err(OutputError::of_rows(self.name(), source));
            }
            if self.block.len() >= BLOCK {
                self.flush()?;
            }
            left = REPLAYED;
        }
    }

    /// Writes what the format has at its end.
    fn end_content(&mut self, is_whole: bool) -> Result<(), OutputError> {
        if let Some(mut rows) = self.content.rows.take() {
            let ended = if is_whole {
                let finished = rows.finish(&mut Blocks(self));
                finished.and_then(|()| self.content.end_table(&mut rows))
            } else {
                rows.leave(&mut Blocks(self))
            };
            self.content.rows = Some(rows);
            let ended = ended.and_then(|()| self.content.gather_misfits());
            ended.map_err(|source| OutputError::of_rows(self.name(), source))?;
        }
        self.flush()?;
        match self.content.end_compression() {
            None => {}
            Some(Ok(rest)) => {
                self.write(&rest)?;
                self.bytes += rest.len() as u64;
            }
            Some(Err(source)) => {
                let name = self.name();
                return Err(OutputError::Io { name, source });
            }
        }
        Ok(())
    }

    /// The name of the destination, for messages.
    fn name(&self) -> String {
        match &self.place {
            Place::Stdout => "to standard output".to_owned(),
            Place::Special { path, .. } => path.display().to_string(),
            Place::File(partial) => target_name(partial.target()),
            Place::Store => self.content.store_name().to_owned(),
        }
    }

    fn put(&mut self, piece: &Piece) -> Result<(), OutputError> {
        match piece {
            Piece::Page(page) => {
                if let Some(record) = &mut self.record {
                    record.note(page.ids())?;
                }
                if let Some(journal) = &mut self.journal {
                    json_text::write_lines(&mut journal.block, page);
                }
                if let Err(source) = self.content.write_page(page, &mut self.block) {
                    return Err(OutputError::of_rows(self.name(), source));
                }
                let last_id = page.ids().next_back().flatten();
                self.rows = (self.rows.0 + page.len() as u64, last_id.or(self.rows.1));
            }
            Piece::Lines(lines, count) => {
                self.block.extend_from_slice(lines);
                self.rows.0 += count;
            }
            Piece::KnownHidden(known) => {
                if self.record.is_some() {
                    // What is known of rows is written behind them.
                    self.flush()?;
                }
                if let Some(record) = &mut self.record {
                    record.note_hidden(*known)?;
                }
            }
        }
        Ok(())
    }

    /// Rows that were handed over, and could not all be written.
    fn cut(mut self, error: OutputError) -> OutputError {
        if let Some(journal) = self.journal.take() {
            return self.cut_journal(journal, error);
        }
        let misfits = self.content.leave_misfits();
        if let Some(stored) = self.content.stored() {
            self.written = stored;
        }
        // The first part of a Parquet file or of a workbook is none.
        let bytes = if self.content.is_lines() {
            self.bytes
        } else {
            0
        };
        let left = match self.place {
            Place::File(partial) => partial.cut(bytes).map(|name| Written {
                misfits,
                ..Written::file(name, bytes)
            }),
            Place::Store if self.written.0 > 0 => Some(Written {
                name: self.content.store_name().to_owned(),
                bytes: None,
                misfits: None,
                misfits_by_field: Vec::new(),
                columns: None,
            }),
            Place::Stdout | Place::Special { .. } | Place::Store => None,
        };
        if let (None, Some(record)) = (&left, &self.record) {
            record.remove();
        }
        OutputError::Short {
            error: Box::new(error),
            rows: self.written.0,
            last_id: self.written.1,
            left,
        }
    }

    /// The same, where the rows are kept as lines of JSON: the file is made of them again when the run is resumed.
    fn cut_journal(mut self, journal: Journal, error: OutputError) -> OutputError {
        self.content.drop_misfits();
        if let Place::File(file) = self.place {
            file.discard();
        }
        let left = journal.partial.cut(journal.bytes);
        if let (None, Some(record)) = (&left, &self.record) {
            record.remove();
        }
        OutputError::Short {
            error: Box::new(error),
            rows: self.written.0,
            last_id: self.written.1,
            left: left.map(|name| Written::file(name, journal.bytes)),
        }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        if let Some(journal) = self.journal.as_mut().filter(|kept| !kept.block.is_empty()) {
            if let Some(record) = &mut self.record {
                record.about_to_write(&journal.block)?;
            }
            journal.partial.append(&journal.block)?;
            journal.bytes += journal.block.len() as u64;
            journal.block.clear();
            self.written = self.rows;
        }
        if let Place::Store = self.place {
            self.written = self.content.stored().unwrap_or(self.rows);
            return Ok(());
        }
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        if let (None, Some(record)) = (&self.journal, &mut self.record) {
            record.about_to_write(&block)?;
        }
        self.write_compressed(&block)?;
        if self.journal.is_none() {
            self.written = self.rows;
        }
        self.block = block;
        self.block.clear();
        Ok(())
    }

    /// Finds out whether more can be written.
    fn probe(&mut self) -> Result<(), OutputError> {
        match &self.place {
            Place::Stdout => stdout::probe().map_err(OutputError::of_stdout),
            Place::Special { file, path } => stdout::probe_file(file.as_ref().ok_or_else(lost)?)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => OutputError::Closed,
                    _ => named(path, error),
                }),
            Place::File(_) | Place::Store => Ok(()),
        }
    }

    /// Writes a block of the file, compressed where the file is.
    fn write_compressed(&mut self, block: &[u8]) -> Result<(), OutputError> {
        match self.content.compress(block) {
            None => {
                self.write(block)?;
                self.bytes += block.len() as u64;
            }
            Some(Ok(compressed)) => {
                self.write(&compressed)?;
                self.bytes += compressed.len() as u64;
            }
            Some(Err(source)) => {
                let name = self.name();
                return Err(OutputError::Io { name, source });
            }
        }
        Ok(())
    }

    fn write(&mut self, block: &[u8]) -> Result<(), OutputError> {
        match &mut self.place {
            Place::Store => Ok(()),
            Place::Stdout => {
                let mut out = io::stdout().lock();
                if self.bytes == 0 && block.len() >= BLOCK {
                    stdout::enlarge_pipe(&out, BLOCK);
                }
                let written = out.write_all(block).and_then(|()| out.flush());
                written.map_err(OutputError::of_stdout)
            }
            Place::Special { file, path } => {
                let mut file = file.as_ref().ok_or_else(lost)?;
                file.write_all(block).map_err(|error| named(path, error))
            }
            Place::File(partial) => partial.append(block),
        }
    }

    pub(super) fn complete(mut self) -> Result<Written, OutputError> {
        // The values that did not fit are there before the file that lacks them.
        let misfits = self.content.complete_misfits()?;
        let misfits_by_field = self.content.misfits_by_field();
        let columns = self.content.column_count();
        let (name, bytes) = match self.place {
            Place::Stdout => ("standard output".to_owned(), Some(self.bytes)),
            Place::Special { path, .. } => (path.display().to_string(), Some(self.bytes)),
            Place::File(partial) => (partial.complete()?, Some(self.bytes)),
            Place::Store => (self.content.store_name().to_owned(), None),
        };
        if let Some(journal) = self.journal {
            journal.partial.discard();
        }
        if let Some(record) = self.record {
            record.remove();
        }
        Ok(Written {
            name,
            bytes,
            misfits,
            misfits_by_field,
            columns,
        })
    }

    pub(super) fn leave(mut self) -> Result<Option<Written>, OutputError> {
        if let Some(journal) = self.journal.take() {
            self.content.drop_misfits();
            if let Place::File(file) = self.place {
                file.discard();
            }
            let left = journal.partial.leave()?;
            if let (None, Some(record)) = (&left, &self.record) {
                record.remove();
            }
            return Ok(left.map(|name| Written::file(name, journal.bytes)));
        }
        let misfits = self.content.leave_misfits();
        let (name, bytes) = match self.place {
            Place::Stdout | Place::Special { .. } => return Ok(None),
            Place::File(partial) => (partial.leave()?, Some(self.bytes)),
            Place::Store => {
                let name = self.content.store_name().to_owned();
                ((self.rows.0 > 0).then_some(name), None)
            }
        };
        if let (None, Some(record)) = (&name, &self.record) {
            record.remove();
        }
        Ok(name.map(|name| Written {
            name,
            bytes,
            misfits,
            misfits_by_field: Vec::new(),
            columns: None,
        }))
    }
}

/// Writes the end of a file block by block.
struct Blocks<'a>(&'a mut Sink);

impl Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.block.extend_from_slice(bytes);
        if self.0.block.len() >= BLOCK {
            self.0.flush().map_err(|error| match error {
                OutputError::Io { source, .. } => source,
                other => io::Error::other(other.to_string()),
            })?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open_special(path: &Path) -> Result<File, OutputError> {
    OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| named(path, error))
}

/// Whether opening it for writing takes until somebody reads.
#[cfg(unix)]
fn waits_for_reader(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn waits_for_reader(_: &std::fs::Metadata) -> bool {
    false
}
