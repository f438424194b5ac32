//! The result on disk or on standard output. A file appears under its name only when it is complete: until then it is
//! `NAME.partial` beside it.
//!
//! Pages are written by a thread of their own, so that a slow disk or a reader that has stopped reading holds up
//! neither the requests nor Ctrl-C.

pub(crate) mod partial;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;

use brimful::Page;
use tokio::sync::{mpsc, oneshot};

use crate::json_text;
use partial::{Partial, named};

/// Bytes that are gathered before they are written.
const BLOCK: usize = 1 << 20;
/// Pages that may wait for the writer. Each may hold the body of a whole reply, so they are few.
const PAGES: usize = 32;

/// Where the rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `-`
    Stdout,
    /// A file.
    File(PathBuf),
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Stdout),
            "" => Err("it has no name; - is standard output".to_owned()),
            path => Ok(Self::File(path.into())),
        }
    }
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// Whoever read standard output has had enough.
    #[error("standard output was closed")]
    Closed,
    /// Somebody else is writing the same file.
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    /// A file that could not be written to its end. The rows that are in it are whole.
    #[error("{error}")]
    Short {
        error: Box<Self>,
        rows: u64,
        last_id: Option<u64>,
        left: Written,
    },
    /// Anything else that the system says.
    #[error("could not write {name}: {source}")]
    Io {
        name: String,
        #[source]
        source: io::Error,
    },
}

/// What is there in the end.
#[derive(Debug)]
pub(crate) struct Written {
    /// The name under which it is.
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// What is handed to the writer at a time.
#[derive(Debug)]
enum Piece {
    Page(Page),
    /// So many lines, each with its end.
    Lines(Vec<u8>, u64),
}

/// Rows on their way out.
#[derive(Debug)]
pub(crate) struct Output {
    pages: mpsc::Sender<Piece>,
    ended: oneshot::Receiver<Result<Sink, OutputError>>,
}

impl Output {
    /// Opens the destination. What cannot be written is better known before anything is asked for.
    pub(crate) fn open(destination: &Destination) -> Result<Self, OutputError> {
        let sink = Sink::open(destination)?;
        let (pages, incoming) = mpsc::channel(PAGES);
        let (tell, ended) = oneshot::channel();
        thread::spawn(move || {
            // If nobody waits for it any more, nobody needs it.
            let _ = tell.send(sink.take(incoming));
        });
        Ok(Self { pages, ended })
    }

    /// Hands a page to the writer. Waits while it has too many.
    pub(crate) async fn write(&mut self, page: Page) -> Result<(), OutputError> {
        self.hand_over(Piece::Page(page)).await
    }

    /// Hands `count` lines to the writer, each with its end. Waits while it has too much.
    pub(crate) async fn write_lines(
        &mut self,
        lines: Vec<u8>,
        count: u64,
    ) -> Result<(), OutputError> {
        self.hand_over(Piece::Lines(lines, count)).await
    }

    async fn hand_over(&mut self, piece: Piece) -> Result<(), OutputError> {
        if self.pages.send(piece).await.is_ok() {
            return Ok(());
        }
        match (&mut self.ended).await {
            Ok(Err(error)) => Err(error),
            // The writer only stops taking pages when it has failed.
            Ok(Ok(_)) | Err(_) => Err(lost()),
        }
    }

    /// All rows are there: the file gets its name.
    pub(crate) async fn finish(self) -> Result<Written, OutputError> {
        self.close().await?.complete()
    }

    /// There will be no more rows. What arrived stays in the partial file, if anything did.
    pub(crate) async fn abandon(self) -> Result<Option<Written>, OutputError> {
        self.close().await?.leave()
    }

    async fn close(self) -> Result<Sink, OutputError> {
        let Self { pages, ended } = self;
        drop(pages);
        ended.await.unwrap_or_else(|_| Err(lost()))
    }
}

fn lost() -> OutputError {
    OutputError::Io {
        name: "the output".to_owned(),
        source: io::Error::other("its writer is gone"),
    }
}

/// The end of the way.
#[derive(Debug)]
struct Sink {
    place: Place,
    /// Rows that are not written yet.
    block: Vec<u8>,
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
    File(Partial),
}

impl Sink {
    fn open(destination: &Destination) -> Result<Self, OutputError> {
        let place = match destination {
            Destination::Stdout => Place::Stdout,
            Destination::File(path) => match named_file(path)? {
                Some(found) if !found.is_file() => Place::Special {
                    file: if waits_for_reader(&found) {
                        None
                    } else {
                        Some(open_special(path)?)
                    },
                    path: path.clone(),
                },
                _ => Place::File(Partial::open(path)?),
            },
        };
        Ok(Self {
            place,
            block: Vec::with_capacity(BLOCK + BLOCK / 4),
            rows: (0, None),
            written: (0, None),
            bytes: 0,
        })
    }

    /// Writes pages until there are no more.
    fn take(mut self, pages: mpsc::Receiver<Piece>) -> Result<Self, OutputError> {
        match self.take_all(pages) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.cut(error)),
        }
    }

    fn take_all(&mut self, mut pages: mpsc::Receiver<Piece>) -> Result<(), OutputError> {
        if let Place::Special { file, path } = &mut self.place
            && file.is_none()
        {
            *file = Some(open_special(path)?);
        }
        let mut ready = Vec::with_capacity(PAGES);
        while pages.blocking_recv_many(&mut ready, PAGES) > 0 {
            for piece in ready.drain(..) {
                self.put(&piece);
                if self.block.len() >= BLOCK {
                    self.flush()?;
                }
            }
            // Somebody may be reading along: what is there is passed on before the writer waits.
            if pages.is_empty() && !matches!(self.place, Place::File(_)) {
                self.flush()?;
            }
        }
        self.flush()
    }

    fn put(&mut self, piece: &Piece) {
        match piece {
            Piece::Page(page) => {
                for row in page.raw() {
                    json_text::write_line(&mut self.block, row);
                }
                let last_id = page.ids().next_back().flatten();
                self.rows = (self.rows.0 + page.len() as u64, last_id.or(self.rows.1));
            }
            Piece::Lines(lines, count) => {
                self.block.extend_from_slice(lines);
                self.rows.0 += count;
            }
        }
    }

    /// What is left of a file when writing fails: the rows that are whole.
    fn cut(self, error: OutputError) -> OutputError {
        let Place::File(partial) = self.place else {
            return error;
        };
        let Some(name) = partial.cut(self.bytes) else {
            return error;
        };
        OutputError::Short {
            error: Box::new(error),
            rows: self.written.0,
            last_id: self.written.1,
            left: Written {
                name,
                bytes: self.bytes,
            },
        }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        let block = &self.block;
        if block.is_empty() {
            return Ok(());
        }
        match &mut self.place {
            Place::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(block)
                    .and_then(|()| out.flush())
                    .map_err(|error| {
                        if error.kind() == io::ErrorKind::BrokenPipe {
                            OutputError::Closed
                        } else {
                            OutputError::Io {
                                name: "to standard output".to_owned(),
                                source: error,
                            }
                        }
                    })?;
            }
            Place::Special { file, path } => {
                let mut file = file.as_ref().ok_or_else(lost)?;
                file.write_all(block).map_err(|error| named(path, error))?;
            }
            Place::File(partial) => partial.append(block)?,
        }
        self.bytes += self.block.len() as u64;
        self.written = self.rows;
        self.block.clear();
        Ok(())
    }

    fn complete(self) -> Result<Written, OutputError> {
        let name = match self.place {
            Place::Stdout => "standard output".to_owned(),
            Place::Special { path, .. } => path.display().to_string(),
            Place::File(partial) => partial.complete()?,
        };
        Ok(Written {
            name,
            bytes: self.bytes,
        })
    }

    fn leave(self) -> Result<Option<Written>, OutputError> {
        let bytes = self.bytes;
        Ok(match self.place {
            Place::Stdout | Place::Special { .. } => None,
            Place::File(partial) => partial.leave()?.map(|name| Written { name, bytes }),
        })
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

    fn page(rows: &str) -> Page {
        let body = format!("{{\"result\":{rows}}}").into_bytes().into();
        read_list(&body, RowsPlace::default()).unwrap().page
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
            .write(page(r#"[{"ID":"1"},{"ID":"2"}]"#))
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
            .write(page("[{\n  \"ID\": \"1\",\n  \"T\": \"a b\"\n}]"))
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
        output.write(page(r#"[{"ID":"1"}]"#)).await.unwrap();
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
    async fn what_an_earlier_run_kept_stays_until_rows_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        std::fs::write(&partial, "old rows\n").unwrap();
        let output = Output::open(&Destination::File(whole.clone())).unwrap();
        output.abandon().await.unwrap();
        assert_eq!(std::fs::read_to_string(&partial).unwrap(), "old rows\n");
        let mut output = Output::open(&Destination::File(whole)).unwrap();
        output.write(page(r#"[{"ID":"1"}]"#)).await.unwrap();
        output.abandon().await.unwrap();
        assert_eq!(
            std::fs::read_to_string(&partial).unwrap(),
            "{\"ID\":\"1\"}\n"
        );
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
