//! The result on disk or on standard output. A file appears under its name only when it is complete: until then it is
//! `NAME.partial` beside it.
//!
//! Rows are written by a thread of their own, so that a slow disk or a reader that has stopped reading holds up neither
//! the requests nor Ctrl-C.

pub(crate) mod atomic;
pub(crate) mod content;
pub(crate) mod partial;
pub(crate) mod rescue;
pub(crate) mod run_record;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use brimful::Page;
use brimful_export::ExportError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::format;
use crate::stdout;
use content::Content;
pub(crate) use partial::Leftover;
use partial::{PartialFile, named, target_name};
use run_record::{RecordFile, RunRecord};

use crate::json_text;

/// Bytes that are gathered before they are written.
const BLOCK: usize = 1 << 20;
/// Rows wait no longer than this for more of them before a store has them: what a killed run has got is not lost.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// The same while no rows come.
const STORE_WHEN_IDLE: Duration = Duration::from_millis(200);
/// Rows that are taken at once out of what an interrupted run has left.
const REPLAYED: u64 = 500;
/// Pages that may wait for the writer. Each may hold the body of a whole reply, so they are few.
const PAGES: usize = 32;

/// Names that promise another format than JSON Lines.
const OTHER_FORMATS: [(&str, &str); 12] = [
    ("csv", "CSV"),
    ("tsv", "TSV"),
    ("xls", "an Excel workbook"),
    ("xlsx", "an Excel workbook"),
    ("ods", "a spreadsheet"),
    ("parquet", "Parquet"),
    ("xml", "XML"),
    ("db", "a database"),
    ("sqlite", "a database"),
    ("gz", "a compressed file"),
    ("zst", "a compressed file"),
    ("zip", "a compressed file"),
];

/// Where the rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `-`
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Destination {
    /// A destination in any format.
    pub(crate) fn in_any_format(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Stdout),
            "" => Err(NO_NAME.to_owned()),
            name => Ok(Self::File(PathBuf::from(name))),
        }
    }
}

const NO_NAME: &str = "it has no name; - is standard output";

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        if text.is_empty() {
            return Err(NO_NAME.to_owned());
        }
        let path = PathBuf::from(text);
        // Only `export` has other formats.
        let extension = path.extension().and_then(|extension| extension.to_str());
        let other = OTHER_FORMATS.iter().find(|(name, _)| {
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case(name))
        });
        match other {
            Some((_, format)) => Err(format!(
                "the name promises {format}, and only JSON Lines are written: name it {}",
                path.with_extension("jsonl").display()
            )),
            None => Ok(Self::File(path)),
        }
    }
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// The reader of standard output has had enough.
    #[error("standard output was closed")]
    Closed,
    /// Another process is writing the same file.
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    /// An interrupted run has left rows in the partial file.
    #[error("{0} has the rows of an interrupted run, and they are not overwritten")]
    Leftover(String),
    /// Not all rows could be written. Those that were are whole.
    #[error("{error}")]
    Short {
        error: Box<Self>,
        rows: u64,
        last_id: Option<u64>,
        /// The file that they are in.
        left: Option<Written>,
    },
    /// The format or the store does not take the rows.
    #[error("could not write {name}: {source}")]
    Rows {
        name: String,
        #[source]
        source: ExportError,
    },
    /// Anything else that the system says.
    #[error("could not write {name}: {source}")]
    Io {
        name: String,
        #[source]
        source: io::Error,
    },
}

impl OutputError {
    /// Whether the reader of standard output has had enough, which is not a failure.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Short { error, .. } => error.is_closed(),
            _ => false,
        }
    }
}

impl OutputError {
    /// What standard output says to a write. A reader that has gone is no failure.
    pub(crate) fn of_stdout(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io {
                name: "to standard output".to_owned(),
                source,
            },
        }
    }

    fn of_rows(name: String, source: ExportError) -> Self {
        match source {
            ExportError::Io(source) => Self::Io { name, source },
            source => Self::Rows { name, source },
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let failure = Self::failed(error.to_string());
        match error {
            OutputError::Busy(_) => {
                failure.hint("wait for the other run, or write to another file")
            }
            OutputError::Leftover(name) => failure.hint(format!(
                "move it away, or remove it to start again: rm {}",
                format::shell_word(&name)
            )),
            OutputError::Io { source, .. } if stdout::is_closed_error(&source) => {
                failure.hint(stdout::CLOSED_HINT)
            }
            _ => failure,
        }
    }
}

/// What is there in the end.
#[derive(Debug)]
pub(crate) struct Written {
    /// The name under which it is.
    pub(crate) name: String,
    /// Its size; `None` for what is in a store.
    pub(crate) bytes: Option<u64>,
    /// Values that did not fit their columns, and where they are.
    pub(crate) misfits: Option<(u64, String)>,
    /// Fields whose values did not fit, why, and how many.
    pub(crate) misfits_by_field: Vec<(String, &'static str, u64)>,
    /// How many columns it has, where it has columns.
    pub(crate) columns: Option<usize>,
}

impl Written {
    /// A file without columns.
    pub(crate) fn file(name: String, bytes: u64) -> Self {
        Self {
            name,
            bytes: Some(bytes),
            misfits: None,
            misfits_by_field: Vec::new(),
            columns: None,
        }
    }

    /// The name with the size, where it has one: `leads.jsonl (3.6 kB)`.
    pub(crate) fn description(&self) -> String {
        match self.bytes {
            Some(bytes) => format!("{} ({})", self.name, format::bytes(bytes)),
            None => self.name.clone(),
        }
    }
}

/// What is handed to the writer at a time.
#[derive(Debug)]
pub(crate) enum Piece {
    Page(Page),
    /// So many lines, each with its end.
    Lines(Vec<u8>, u64),
}

#[derive(Debug)]
enum Order {
    Put(Piece),
    /// Find out whether anything can be written, and say so when it is known.
    Probe(oneshot::Sender<()>),
    /// There are no more rows, and none is missing.
    End,
}

/// Rows on their way out.
#[derive(Debug)]
pub(crate) struct Output {
    orders: mpsc::Sender<Order>,
    /// What the writer ends with; `None` when it was told.
    ended: Option<oneshot::Receiver<Result<Sink, OutputError>>>,
}

impl Output {
    /// Opens the destination, before anything is asked for: what cannot be written is better known then.
    pub(crate) fn open(destination: &Destination) -> Result<Self, OutputError> {
        Self::open_with(destination, Content::default())
    }

    /// The same, for rows in another format than JSON Lines.
    pub(crate) fn open_with(
        destination: &Destination,
        content: Content,
    ) -> Result<Self, OutputError> {
        let mut sink = Sink::open(destination)?;
        sink.content = content;
        Ok(Self::start(sink))
    }

    /// Rows that go to a store.
    pub(crate) fn to_store(content: Content) -> Self {
        let mut sink = Sink::new(Place::Store);
        sink.content = content;
        Self::start(sink)
    }

    /// Goes on behind the first `bytes` of what an interrupted run has left.
    pub(crate) fn resume(partial: PartialFile, bytes: u64) -> Result<Self, OutputError> {
        let mut sink = Sink::new(Place::File(partial));
        if let Place::File(partial) = &mut sink.place {
            partial.end_at(bytes)?;
        }
        sink.bytes = bytes;
        Ok(Self::start(sink))
    }

    /// A run whose rows are kept as lines of JSON in `partial` until it is complete, so that it can be resumed. In other
    /// formats the file is written beside them, at once: `keep` rows and bytes of `partial` are taken into it first.
    pub(crate) fn resumable(
        mut partial: PartialFile,
        keep: Kept,
        record: RunRecord,
        content: Content,
    ) -> Result<Self, OutputError> {
        partial.end_at(keep.bytes)?;
        if keep.bytes == 0 {
            partial.forget_content();
        }
        let record = RecordFile::new(partial.path(), record, keep.last_id);
        let mut sink = if content.is_raw() {
            let mut sink = Sink::new(Place::File(partial));
            sink.bytes = keep.bytes;
            sink
        } else {
            let mut sink = Sink::new(Place::File(PartialFile::converted(partial.target())?));
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
        Ok(Self::start(sink))
    }

    fn start(sink: Sink) -> Self {
        let (orders, incoming) = mpsc::channel(PAGES);
        let (tell, ended) = oneshot::channel();
        thread::spawn(move || {
            // If nobody waits for it any more, nobody needs it.
            let _ = tell.send(sink.take(incoming));
        });
        Self {
            orders,
            ended: Some(ended),
        }
    }

    /// Hands rows to the writer. Waits while it has too many.
    pub(crate) async fn write(&mut self, piece: Piece) -> Result<(), OutputError> {
        self.order(Order::Put(piece)).await
    }

    /// Fails where nothing could be written now: what is about to be sent would be forgotten.
    pub(crate) async fn ready(self) -> Result<Self, OutputError> {
        if self.prober().is_writable().await {
            return Ok(self);
        }
        self.finish().await.and(Err(lost()))
    }

    /// Finds out between rows whether more of them can be written.
    pub(crate) fn prober(&self) -> Prober {
        Prober(self.orders.clone())
    }

    async fn order(&mut self, order: Order) -> Result<(), OutputError> {
        match self.orders.send(order).await {
            Ok(()) => Ok(()),
            // The writer only stops taking orders when it has failed.
            Err(_) => self.end().await.and(Err(lost())),
        }
    }

    /// All rows are there: the file gets its name. No [`Prober`] may be left.
    pub(crate) async fn finish(mut self) -> Result<Written, OutputError> {
        self.order(Order::End).await?;
        self.close().await?.complete()
    }

    /// There will be no more rows. What arrived stays in the partial file, if anything did.
    pub(crate) async fn abandon(self) -> Result<Option<Written>, OutputError> {
        self.close().await?.leave()
    }

    async fn close(mut self) -> Result<Sink, OutputError> {
        // Without its sender the writer comes to its end.
        self.orders = mpsc::channel(1).0;
        self.end().await
    }

    async fn end(&mut self) -> Result<Sink, OutputError> {
        match self.ended.take() {
            Some(ended) => ended.await.unwrap_or_else(|_| Err(lost())),
            None => Err(lost()),
        }
    }
}

/// Finds out whether an [`Output`] can be written.
#[derive(Debug, Clone)]
pub(crate) struct Prober(mpsc::Sender<Order>);

impl Prober {
    /// Waits until all that was handed over is written, and finds out whether more can be. If not, [`Output::finish`]
    /// says why.
    pub(crate) async fn is_writable(&self) -> bool {
        let (told, known) = oneshot::channel();
        self.0.send(Order::Probe(told)).await.is_ok() && known.await.is_ok()
    }
}

fn lost() -> OutputError {
    OutputError::Io {
        name: "the output".to_owned(),
        source: io::Error::other("its writer has ended"),
    }
}

/// What an interrupted run has left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kept {
    /// Where the last whole row ends.
    pub(crate) bytes: u64,
    /// The rows of the first page, of which the columns were made.
    pub(crate) first_page: u64,
    pub(crate) last_id: Option<u64>,
}

/// The rows of a run in another format, as lines of JSON: from them it is resumed.
#[derive(Debug)]
struct Journal {
    partial: PartialFile,
    /// Rows that are not written yet.
    block: Vec<u8>,
    bytes: u64,
    replay: Kept,
}

/// The end of the way.
#[derive(Debug)]
struct Sink {
    place: Place,
    journal: Option<Journal>,
    record: Option<RecordFile>,
    /// When a store was last told to keep what it was given.
    stored_at: Instant,
    /// Rows that are not written yet.
    block: Vec<u8>,
    /// What the rows are made into.
    content: Content,
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

    fn open(destination: &Destination) -> Result<Self, OutputError> {
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

    /// Does what is ordered until there is no more.
    fn take(mut self, orders: mpsc::Receiver<Order>) -> Result<Self, OutputError> {
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
        self.flush()
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
                rows.finish(&mut Blocks(self))
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
                    for row in page.raw() {
                        json_text::write_line(&mut journal.block, row);
                    }
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

    fn complete(mut self) -> Result<Written, OutputError> {
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

    fn leave(mut self) -> Result<Option<Written>, OutputError> {
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

/// What is at `path`, if there is something that can be written, or something new can be made there.
pub(crate) fn named_file(path: &Path) -> Result<Option<std::fs::Metadata>, OutputError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(named(path, io::ErrorKind::IsADirectory.into())),
        // `leads/` is no name of a file.
        Err(error) if path.to_string_lossy().ends_with(std::path::is_separator) => {
            Err(named(path, error))
        }
        found => Ok(found.ok()),
    }
}

#[cfg(test)]
mod tests {
    use brimful_protocol::rows::{Place as RowsPlace, read_list};

    use super::*;

    fn row_page(rows: &str) -> Piece {
        let body = format!("{{\"result\":{rows}}}").into_bytes().into();
        Piece::Page(read_list(&body, RowsPlace::default()).unwrap().page)
    }

    fn file(folder: &tempfile::TempDir) -> (PathBuf, PathBuf) {
        (
            folder.path().join("rows.jsonl"),
            folder.path().join("rows.jsonl.partial"),
        )
    }

    #[tokio::test]
    async fn a_file_has_its_name_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let mut output = Output::open(&Destination::File(whole.clone())).unwrap();
        output
            .write(row_page(r#"[{"ID":"1"},{"ID":"2"}]"#))
            .await
            .unwrap();
        assert!(partial.exists() && !whole.exists());
        output.finish().await.unwrap();
        assert!(!partial.exists());
        assert_eq!(
            std::fs::read_to_string(whole).unwrap(),
            "{\"ID\":\"1\"}\n{\"ID\":\"2\"}\n"
        );
    }

    #[tokio::test]
    async fn a_row_is_one_line_even_if_the_portal_breaks_it() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, _) = file(&folder);
        let mut output = Output::open(&Destination::File(whole.clone())).unwrap();
        output
            .write(row_page("[{\n  \"ID\": \"1\",\n  \"T\": \"a b\"\n}]"))
            .await
            .unwrap();
        output.finish().await.unwrap();
        assert_eq!(
            std::fs::read_to_string(whole).unwrap(),
            "{\"ID\":\"1\",\"T\":\"a b\"}\n"
        );
    }

    #[tokio::test]
    async fn what_arrived_is_kept_when_the_rest_does_not_come() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let mut output = Output::open(&Destination::File(whole.clone())).unwrap();
        output.write(row_page(r#"[{"ID":"1"}]"#)).await.unwrap();
        let left = output.abandon().await.unwrap().unwrap();
        assert!(left.name.ends_with("rows.jsonl.partial"));
        assert!(partial.exists() && !whole.exists());
    }

    #[tokio::test]
    async fn nothing_is_left_where_nothing_arrived() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let output = Output::open(&Destination::File(whole.clone())).unwrap();
        assert!(output.abandon().await.unwrap().is_none());
        assert!(!partial.exists() && !whole.exists());
    }

    #[tokio::test]
    async fn what_an_interrupted_run_has_left_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        std::fs::write(&partial, "old rows\n").unwrap();
        let opened = Output::open(&Destination::File(whole));
        assert!(matches!(opened, Err(OutputError::Leftover(_))));
        assert_eq!(std::fs::read_to_string(&partial).unwrap(), "old rows\n");
    }

    #[tokio::test]
    async fn a_resumed_file_goes_on_behind_its_last_whole_row() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        std::fs::write(&partial, "{\"ID\":\"1\"}\n{\"ID\"").unwrap();
        let left = PartialFile::open(&whole, Leftover::Keep).unwrap();
        let mut output = Output::resume(left, 11).unwrap();
        output.write(row_page(r#"[{"ID":"2"}]"#)).await.unwrap();
        output.finish().await.unwrap();
        assert_eq!(
            std::fs::read_to_string(whole).unwrap(),
            "{\"ID\":\"1\"}\n{\"ID\":\"2\"}\n"
        );
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn an_output_that_has_failed_can_be_left() {
        let mut output = Output::open(&Destination::File("/dev/full".into())).unwrap();
        while output.write(row_page(r#"[{"ID":"1"}]"#)).await.is_ok() {}
        assert!(output.write(row_page(r#"[{"ID":"1"}]"#)).await.is_err());
        assert!(output.abandon().await.is_err());
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_device_that_takes_nothing_is_found_out_before_anything_is_written() {
        let output = Output::open(&Destination::File("/dev/full".into())).unwrap();
        assert!(!output.prober().is_writable().await);
        assert!(output.finish().await.is_err());
    }

    #[test]
    fn a_name_that_promises_another_format_is_refused() {
        for name in ["rows.csv", "rows.XLSX", "rows.jsonl.gz"] {
            assert!(name.parse::<Destination>().is_err(), "{name}");
        }
        for name in ["-", "rows.jsonl", "rows.json", "rows", "a.csv/rows"] {
            assert!(name.parse::<Destination>().is_ok(), "{name}");
        }
    }

    #[tokio::test]
    async fn an_empty_list_makes_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, _) = file(&folder);
        Output::open(&Destination::File(whole.clone()))
            .unwrap()
            .finish()
            .await
            .unwrap();
        assert_eq!(std::fs::read_to_string(whole).unwrap(), "");
    }
}
