//! The result on disk or on standard output. A file appears under its name only when it is complete: until then it is
//! `NAME.partial` beside it.
//!
//! Rows are written by a thread of their own, so that a slow disk or a reader that has stopped reading holds up neither
//! the requests nor Ctrl-C.

pub(crate) mod atomic;
pub(crate) mod content;
mod error;
pub(crate) mod outcome_log;
pub(crate) mod partial;
pub(crate) mod rescue;
pub(crate) mod run_record;
mod sink;

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;

use brimful::{KnownHidden, Page};
use tokio::sync::{mpsc, oneshot};

use crate::format;
use content::Content;
pub(crate) use error::OutputError;
use error::lost;
pub(crate) use partial::Leftover;
use partial::{PartialFile, named};
use run_record::RunRecord;
use sink::Sink;

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
            name if name.trim().is_empty() => Err(NO_NAME.to_owned()),
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
        if text.trim().is_empty() {
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
    /// What is known of hidden rows up to the last row of the pages before.
    KnownHidden(KnownHidden),
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
    has_reader: bool,
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
        Self::start(Sink::to_store(content))
    }

    /// A run whose rows are kept as lines of JSON in `partial` until it is complete, so that it can be resumed. In other
    /// formats the file is written beside them, at once: `keep` rows and bytes of `partial` are taken into it first.
    pub(crate) fn resumable(
        partial: PartialFile,
        keep: WrittenRows,
        record: RunRecord,
        content: Content,
    ) -> Result<Self, OutputError> {
        Ok(Self::start(Sink::resumable(
            partial, keep, record, content,
        )?))
    }

    fn start(sink: Sink) -> Self {
        let (orders, incoming) = mpsc::channel(PAGES);
        let (tell, ended) = oneshot::channel();
        let has_reader = sink.has_reader();
        thread::spawn(move || {
            // If nobody waits for it any more, nobody needs it.
            let _ = tell.send(sink.take(incoming));
        });
        Self {
            orders,
            ended: Some(ended),
            has_reader,
        }
    }

    /// Whether what is written may wait for somebody to read it.
    pub(crate) fn has_reader(&self) -> bool {
        self.has_reader
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

/// What an interrupted run has left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WrittenRows {
    /// Where the last whole row ends.
    pub(crate) bytes: u64,
    /// The rows of the first page, of which the columns were made.
    pub(crate) first_page: u64,
    pub(crate) last_id: Option<u64>,
}

/// What is at `path`, if there is something that can be written, or something new can be made there.
pub(crate) fn named_file(path: &Path) -> Result<Option<std::fs::Metadata>, OutputError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(named(path, io::ErrorKind::IsADirectory.into())),
        // `leads/` is not a name of a file.
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
        let keep = WrittenRows {
            bytes: 11,
            first_page: 1,
            last_id: Some(1),
        };
        let record = RunRecord::new(serde_json::Value::Null);
        let mut output = Output::resumable(left, keep, record, Content::default()).unwrap();
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
