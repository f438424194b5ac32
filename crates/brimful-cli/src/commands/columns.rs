//! Rows as columns: the options of `brimful export` that say in which format, with which columns and where.

use std::path::{Path, PathBuf};

use brimful::Client;
use brimful_export::{
    ChangedTypes, ColumnChoice, Description, ExportError, FileFormat, FileKind, FileOptions,
    Headers, PartitionBy, Plan, RowWriter, Store, StoreOptions, Types, describe,
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::resume::{self, FileRun, ResumeArg, Started};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{self, counted};
use crate::input;
use crate::output::atomic::is_special;
use crate::output::content::{Content, is_of_misfits, misfits_beside};
use crate::output::{Destination, Output};
use crate::output::{partial, run_record};

/// What the columns of a file or table are.
#[derive(Debug, Args)]
pub(crate) struct ColumnArgs {
    /// Write the rows in this format, whatever the name of the file says
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatArg>,
    /// Write the rows into a table of this database, such as sqlite:portal.db, or into Parquet files: parquet:FOLDER or
    /// s3://BUCKET/PREFIX/
    #[arg(long, value_name = "STORE")]
    pub(crate) to: Option<String>,
    /// Have rows of a time in folders of their own: a column that is a date, and :year, :month or :day
    #[arg(long, value_name = "COLUMN:EVERY", requires = "to")]
    pub(crate) partition_by: Option<PartitionBy>,
    /// Call the table so; without it, it is named after the entity, such as crm_deal
    #[arg(long, value_name = "NAME", value_parser = table)]
    pub(crate) table: Option<String>,
    /// What to do where a field has another type than its column in a table: stop, or make the column one of texts and
    /// keep its values
    #[arg(long, value_name = "WHAT", value_enum, requires = "to")]
    pub(crate) changed_types: Option<ChangedTypesArg>,
    /// Make no indexes of the dates and links of a table, so that a large export ends sooner
    #[arg(long, requires = "to")]
    pub(crate) no_indexes: bool,
    /// Write these columns in this order, with commas between them; FIELD=NAME gives one another name
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Vec<ColumnChoice>,
    /// Take types from the portal's fields, or text for all columns
    #[arg(long, value_enum, default_value_t = TypesArg::Portal)]
    pub(crate) types: TypesArg,
    /// Add what people call stages, statuses, users, list values and other codes: columns such as STAGE_ID__LABEL in
    /// files, a table of labels and a view in databases
    #[arg(long)]
    pub(crate) labels: bool,
    /// Show names of fields in the header, or the titles that people see
    #[arg(long, value_enum, default_value_t = HeadersArg::Names)]
    pub(crate) headers: HeadersArg,
    /// Put this character between the values of a CSV file
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub(crate) delimiter: Option<u8>,
    /// Begin with the state in this file, which a Singer target has printed: an interrupted run is resumed
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Begin a CSV file with the mark by which Excel knows that it is Unicode
    #[arg(long)]
    pub(crate) excel: bool,
}

/// The formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// JSON Lines: every row is a line, as the portal wrote it
    Jsonl,
    /// CSV as in RFC 4180
    Csv,
    /// CSV with tabs
    Tsv,
    /// An Excel workbook
    Xlsx,
    /// Apache Parquet
    Parquet,
    /// An Arrow IPC file
    Arrow,
    /// Messages of Singer on standard output: SCHEMA, RECORD and STATE, for a target such as target-jsonl
    Singer,
}

impl From<FormatArg> for FileFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Jsonl => Self::JsonLines,
            FormatArg::Csv => Self::Csv,
            FormatArg::Tsv => Self::Tsv,
            FormatArg::Xlsx => Self::Xlsx,
            FormatArg::Parquet => Self::Parquet,
            FormatArg::Arrow => Self::Arrow,
            FormatArg::Singer => Self::Singer,
        }
    }
}

/// Whether columns have types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypesArg {
    /// The types of the portal's fields
    Portal,
    /// Text; the portal is not asked for its fields
    Strings,
}

/// What becomes of columns whose fields have other types now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangedTypesArg {
    /// End with an error that names them
    Stop,
    /// Make them columns of texts
    Text,
}

/// What the header of a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HeadersArg {
    /// Names of fields, such as DATE_CREATE
    Names,
    /// Titles, in the portal's language
    Titles,
}

/// The name of a table.
fn table(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a table has a name, such as deals".to_owned());
    }
    Ok(text.to_owned())
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [b'"' | b'\r' | b'\n'] => Err("it has a meaning of its own in CSV".to_owned()),
        [one] if one.is_ascii() => Ok(*one),
        _ if text == "\\t" => Ok(b'\t'),
        _ => Err("a delimiter is one ASCII character, such as ;".to_owned()),
    }
}

/// The most bytes of the file of a Singer target.
const LARGEST_STATE: u64 = 64 << 20;

/// Where rows go, and in which format.
#[derive(Debug)]
pub(super) enum ExportTarget {
    File(Destination, FileKind),
    Store(Store),
}

impl ExportTarget {
    /// The files that a run into it writes.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File(Destination::File(path), _) => {
                let (file, partial) = partial::places(path);
                let (misfits, record) = (misfits_beside(&file), run_record::place(&partial));
                vec![file, partial, misfits, record]
            }
            Self::File(Destination::Stdout, _) => Vec::new(),
            Self::Store(store) => store.file().map(PathBuf::from).into_iter().collect(),
        }
    }

    /// What the command line names.
    pub(super) fn of(output: Option<&Destination>, args: &ColumnArgs) -> Result<Self, Failure> {
        let format = args.format.map(FileFormat::from);
        if let Some(store) = &args.to {
            return store_of(store, args).map(Self::Store);
        }
        let is_singer = args.format == Some(FormatArg::Singer);
        if args.table.is_some() && !is_singer {
            return Err(Failure::usage("--table is for stores, and --to names none"));
        }
        if args.state.is_some() && !is_singer {
            return Err(Failure::usage("--state is for --format singer alone"));
        }
        let of_stores = [
            (args.partition_by.is_some(), "--partition-by"),
            (args.no_indexes, "--no-indexes"),
            (args.changed_types.is_some(), "--changed-types"),
        ];
        if let Some(option) = first_given(&of_stores) {
            return Err(Failure::usage(format!(
                "{option} is for stores, and --to names none"
            )));
        }
        let destination = destination_of(output, is_singer)?;
        if is_singer && args.headers == HeadersArg::Titles {
            return Err(Failure::usage(
                "--headers has no meaning in Singer messages: titles are in the SCHEMA anyway",
            ));
        }
        let path = match &destination {
            // A device has no ending, and a pipe may have one.
            Destination::File(path) if !is_special(path) || path.extension().is_some() => {
                path.clone()
            }
            _ => PathBuf::from("rows"),
        };
        let kind = FileKind::of(&path, format).map_err(|error| usage(&error))?;
        args.check_options_of(kind.format)?;
        Ok(Self::File(destination, kind))
    }

    /// Refuses `--resume` where nothing is left that could be resumed.
    pub(super) fn check_resume(&self, mode: Option<ResumeArg>) -> Result<(), Failure> {
        let is_file = match self {
            // The STATE says where it continues.
            Self::File(_, kind) if kind.format == FileFormat::Singer => true,
            Self::File(Destination::File(path), _) => !is_special(path),
            Self::File(Destination::Stdout, _) => false,
            Self::Store(_) => true,
        };
        match mode {
            Some(ResumeArg::Auto | ResumeArg::Only) if !is_file => Err(Failure::usage(
                "--resume continues a file, and -o names none",
            )),
            _ => Ok(()),
        }
    }

    /// Whether rows stay as they are.
    fn is_json_lines(&self) -> bool {
        match self {
            Self::File(_, kind) => kind.format == FileFormat::JsonLines,
            Self::Store(_) => false,
        }
    }

    /// Opens the output of a run.
    pub(super) async fn open(&self, run: &Run<'_>, plan: Plan) -> Result<Started, Failure> {
        let table = match &run.args.table {
            Some(table) => table.clone(),
            None => table_name(run.method, run.params),
        };
        match self {
            Self::Store(store) => open_store(store, table, run, plan).await,
            Self::File(destination, kind) => self.open_file(destination, *kind, &table, run, plan),
        }
    }

    /// Opens a file, or what goes to standard output.
    fn open_file(
        &self,
        destination: &Destination,
        kind: FileKind,
        table: &str,
        run: &Run<'_>,
        plan: Plan,
    ) -> Result<Started, Failure> {
        let path = resume::ordinary_file(destination);
        let (content, before) = self.content(kind, path, table, run, plan)?;
        let Some(path) = path else {
            if before.is_none() && run.mode == Some(ResumeArg::Only) {
                let why = "there is nothing to resume: the state is not that of an interrupted run of this command";
                return Err(Failure::usage(why).hint("leave --resume only out"));
            }
            let note = before.map(|(_, id)| format!("resuming after ID {id}"));
            return Ok(Started {
                output: Output::open_with(destination, content)?,
                before,
                hidden_before: None,
                note,
            });
        };
        FileRun {
            path,
            list: run.list(),
            mode: run.mode,
            by_id: run.by_id,
            is_json_lines: self.is_json_lines() && kind.compression.is_none(),
            id_field: Plan::id_field_of_list(run.method),
            noun: run.noun,
        }
        .open(content)
    }

    /// What is written to a file, and what an interrupted run had written of it.
    fn content(
        &self,
        kind: FileKind,
        path: Option<&PathBuf>,
        table: &str,
        run: &Run<'_>,
        plan: Plan,
    ) -> Result<(Content, Option<(u64, u64)>), Failure> {
        let mut before = None;
        let content = if self.is_json_lines() {
            Content::lines(kind)
        } else {
            let options = FileOptions {
                delimiter: run.args.delimiter,
                excel: run.args.excel,
                headers: match run.args.headers {
                    HeadersArg::Names => Headers::Names,
                    HeadersArg::Titles => Headers::Titles,
                },
                table: table.to_owned(),
                command: run.command(),
                state: run.args.singer_state()?,
                resume: run.by_id && run.mode != Some(ResumeArg::Never),
            };
            let misfits = misfits_beside(path.map_or(Path::new(table), PathBuf::as_path));
            if !is_of_misfits(&misfits) {
                return Err(not_of_misfits(&partial::target_name(&misfits)));
            }
            let rows =
                RowWriter::to_file(kind.format, &options, plan).map_err(|error| usage(&error))?;
            before = rows.resumed();
            Content::columns(kind, rows, &misfits)
        };
        let content =
            content.map_err(|error| Failure::failed(format!("could not start: {error}")))?;
        Ok((content, before))
    }
}

/// A file of the user's own is where values go that do not fit their columns.
fn not_of_misfits(name: &str) -> Failure {
    let word = format::shell_word(name);
    Failure::usage(format!(
        "{name} is where values go that do not fit their columns, and it is there already with something else in it"
    ))
    .hint(format!(
        "name another file with -o, or give that one another name: mv {word} {}",
        format::shell_word(&format!("{name}.own"))
    ))
}

/// The store of `--to`. Options of files are refused.
fn store_of(name: &str, args: &ColumnArgs) -> Result<Store, Failure> {
    let of_files = [
        (args.format.is_some(), "--format"),
        (args.headers == HeadersArg::Titles, "--headers"),
        (args.excel, "--excel"),
        (args.delimiter.is_some(), "--delimiter"),
    ];
    if let Some(option) = first_given(&of_files) {
        return Err(Failure::usage(format!(
            "{option} is for files, and --to names a store"
        )));
    }
    let store: Store = name.parse().map_err(|error| usage(&error))?;
    if args.changed_types == Some(ChangedTypesArg::Text) && store.replaces_its_rows() {
        return Err(Failure::usage(format!(
            "--changed-types is for databases: each run into {store} replaces all files, so no type is left of the run before"
        ))
        .hint("leave --changed-types out"));
    }
    match &args.partition_by {
        Some(by) => store.partitioned(by.clone()).map_err(|error| usage(&error)),
        None => Ok(store),
    }
}

/// The file of `-o`, or standard output. Messages of Singer go there without it.
fn destination_of(output: Option<&Destination>, is_singer: bool) -> Result<Destination, Failure> {
    match output {
        Some(Destination::File(path)) if is_singer && !is_special(path) => Err(Failure::usage(
            "--format singer writes messages to standard output, and -o names a file",
        )
        .hint("leave -o out, and give the messages to a target: | target-jsonl")),
        Some(destination) => Ok(destination.clone()),
        None if is_singer => Ok(Destination::Stdout),
        None => Err(Failure::usage("-o and --to are both missing")
            .hint("name a file: -o rows.csv; or - for standard output")),
    }
}

/// The first of the options that is given.
fn first_given<'a>(options: &[(bool, &'a str)]) -> Option<&'a str> {
    let mut given = options.iter().filter(|(is_given, _)| *is_given);
    given.next().map(|(_, option)| *option)
}

/// Opens a table of a store, which may be a server.
async fn open_store(
    store: &Store,
    table: String,
    run: &Run<'_>,
    plan: Plan,
) -> Result<Started, Failure> {
    let name = format!("{store}, table {table}");
    let (store, table) = store
        .clone()
        .with_table(table)
        .map_err(|error| usage(&error))?;
    let options = StoreOptions {
        table,
        command: run.command(),
        resume: run.by_id && run.mode != Some(ResumeArg::Never),
        drop_interrupted: run.mode == Some(ResumeArg::Never),
        changed_types: match run.args.changed_types {
            Some(ChangedTypesArg::Text) => ChangedTypes::Text,
            Some(ChangedTypesArg::Stop) | None => ChangedTypes::Stop,
        },
    };
    // It waits for a server.
    let opened = spawn_blocking(move || store.open(options, plan)).await;
    let rows = match opened {
        Ok(opened) => opened.map_err(|error| not_opened(&error))?,
        Err(_) => return Err(Failure::failed(format!("{name}: could not connect"))),
    };
    let before = rows.resumed();
    if before.is_none() && run.mode == Some(ResumeArg::Only) {
        return Err(Failure::usage(format!(
            "there is nothing to resume in {name}: no run of this command was interrupted"
        ))
        .hint("leave --resume only out"));
    }
    let note = before.map(|(rows, id)| {
        let rows = counted(rows, run.noun);
        format!("resuming after ID {id}: {rows} are in {name}")
    });
    Ok(Started {
        output: Output::to_store(Content::store(name, rows, !run.args.no_indexes)),
        before,
        hidden_before: None,
        note,
    })
}

/// The store could not be opened for a run.
fn not_opened(error: &ExportError) -> Failure {
    let failure = Failure::of_export(Exit::Failed, error);
    match error {
        ExportError::InterruptedRun { .. } => failure.hint(format!(
            "or give it up: {}",
            resume::command_hint(&["--resume", "never"])
        )),
        _ => failure,
    }
}

/// What makes one run the same as another.
pub(super) struct Run<'a> {
    pub(super) args: &'a ColumnArgs,
    /// The portal without its secret.
    pub(super) portal: &'a str,
    pub(super) method: &'a str,
    pub(super) params: &'a Value,
    pub(super) top: Option<u64>,
    pub(super) mode: Option<ResumeArg>,
    /// Whether the list can be read from an ID on.
    pub(super) by_id: bool,
    /// What its rows are called.
    pub(super) noun: &'a str,
}

impl Run<'_> {
    /// The list that the rows are of. Columns are made of the same rows again.
    fn list(&self) -> Value {
        json!({
            "portal": self.portal,
            "method": self.method.to_ascii_lowercase(),
            "params": self.params,
            "top": self.top,
        })
    }

    /// The list and the columns: rows in a store cannot be made again.
    fn command(&self) -> String {
        let columns: Vec<String> = self
            .args
            .columns
            .iter()
            .map(|choice| format!("{choice:?}"))
            .collect();
        let mut command = self.list();
        command["columns"] = json!(columns);
        command["types"] = json!(format!("{:?}", self.args.types));
        command["labels"] = json!(self.args.labels);
        command.to_string()
    }
}

fn usage(error: &ExportError) -> Failure {
    Failure::of_export(Exit::Usage, error)
}

impl ColumnArgs {
    /// Refuses options that mean nothing in files of a format.
    fn check_options_of(&self, format: FileFormat) -> Result<(), Failure> {
        let of_columns = [
            (!self.columns.is_empty(), "--columns"),
            (self.types == TypesArg::Strings, "--types"),
            (self.headers == HeadersArg::Titles, "--headers"),
            (self.labels, "--labels"),
        ];
        if format == FileFormat::JsonLines
            && let Some(option) = first_given(&of_columns)
        {
            return Err(Failure::usage(format!(
                "JSON Lines have rows as the portal wrote them, so {option} has no meaning there"
            ))
            .hint("name the file .csv, .xlsx or .parquet"));
        }
        if matches!(format, FileFormat::Parquet | FileFormat::Arrow)
            && self.headers == HeadersArg::Titles
        {
            return Err(Failure::usage(
                "--headers is for CSV and Excel files: columns of Parquet and Arrow have the names of fields, and their titles \
                 are in the metadata anyway",
            )
            .hint("leave --headers out; --columns FIELD=NAME gives a column another name"));
        }
        let of_csv = [
            (self.excel, "--excel"),
            (self.delimiter.is_some(), "--delimiter"),
        ];
        match first_given(&of_csv) {
            Some(option) if !matches!(format, FileFormat::Csv | FileFormat::Tsv) => {
                Err(Failure::usage(format!("{option} is for CSV files alone")))
            }
            _ => Ok(()),
        }
    }

    /// The last state that a Singer target has printed, as it is in the file of `--state`. A file that is not there yet
    /// has none.
    fn singer_state(&self) -> Result<Value, Failure> {
        let Some(path) = &self.state else {
            return Ok(Value::Null);
        };
        let read =
            std::fs::File::open(path).and_then(|file| input::read_text_up_to(file, LARGEST_STATE));
        let text = match read {
            Ok((_, read)) if read > LARGEST_STATE => {
                return Err(Failure::usage(format!(
                    "{} is larger than {} MiB, so it is not a state",
                    path.display(),
                    LARGEST_STATE >> 20
                )));
            }
            Ok((text, _)) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
            Err(error) => {
                return Err(Failure::failed(format!(
                    "could not read the state {}: {error}",
                    path.display()
                )));
            }
        };
        // One document, or the lines that a target has printed one after the other.
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        let whole = serde_json::from_str(&text);
        let state = whole.or_else(|_| serde_json::from_str(last.unwrap_or("null")));
        let state: Value = state.map_err(|error| {
            Failure::usage(format!("the state {} is not JSON: {error}", path.display()))
                .hint("give the file that the target's standard output was written to")
        })?;
        // The whole message is as good as its value.
        Ok(match state {
            Value::Object(mut message) if message.get("type") == Some(&json!("STATE")) => {
                message.remove("value").unwrap_or_default()
            }
            state => state,
        })
    }

    /// The fields to ask for: those that were selected, or those that the columns are made of.
    pub(super) fn selected(&self, method: &str, select: &[String]) -> Vec<String> {
        ColumnChoice::fields_to_select(method, select, &self.columns)
    }

    /// What is known of the list before its first row. Asks the portal for the fields, if types are wanted, and for what
    /// people call their codes, if that is.
    pub(super) async fn plan(
        &self,
        target: &ExportTarget,
        client: &Client,
        method: &str,
        params: &Value,
        select: &[String],
    ) -> Result<Planned, Failure> {
        if target.is_json_lines() {
            return Ok(Planned::default());
        }
        let types = match self.types {
            TypesArg::Portal => Types::Portal,
            TypesArg::Strings => Types::Strings,
        };
        let titles = self.headers == HeadersArg::Titles;
        let labels = self.labels || self.columns.iter().any(ColumnChoice::is_label);
        let description = if types == Types::Portal || titles || labels {
            let asked = describe(client, method, params, select, labels).await;
            asked.map_err(|error| {
                Failure::of(&error).and_hint("--types strings does without the portal's fields")
            })?
        } else {
            Description::default()
        };
        let plan = Plan {
            fields: description.fields,
            select: select.to_vec(),
            types,
            columns: self.columns.clone(),
            labels: description.labels,
            ..Plan::of_list(method)
        };
        plan.check().map_err(|error| {
            usage(&error).hint(format!("brimful fields {} shows the fields", plan.entity))
        })?;
        Ok(Planned {
            plan,
            checked_by: description.checked_by,
            doubts: description.doubts,
        })
    }
}

/// What is known of a list before its first row.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The portal's description of the fields, by which the list checks names.
    pub(super) checked_by: Option<Value>,
    /// What could not be found out.
    pub(super) doubts: Vec<String>,
}

/// The table or sheet of a list: `crm_deal`, `crm_item_128`.
fn table_name(method: &str, params: &Value) -> String {
    let type_id = params.as_object().and_then(|params| {
        let mut params = params.iter();
        params.find(|(name, _)| name.eq_ignore_ascii_case("entityTypeId"))
    });
    let type_id = type_id.map(|(_, id)| id.to_string());
    Plan::table_of_list(method, type_id.as_deref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tables_are_named_after_their_entities() {
        assert_eq!(table_name("crm.deal.list", &json!({})), "crm_deal");
        assert_eq!(table_name("user.get", &json!({})), "users");
        assert_eq!(
            table_name("crm.item.list", &json!({"entityTypeId": 128})),
            "crm_item_128"
        );
    }

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("\\t"), Ok(b'\t'));
        for text in ["", ";;", "\"", "ж"] {
            assert!(delimiter(text).is_err(), "{text}");
        }
    }
}
