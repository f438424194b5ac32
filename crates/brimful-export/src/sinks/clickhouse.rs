//! Rows in a table of ClickHouse over HTTP: a `ReplacingMergeTree` that keeps the row of the last run for each ID.
//!
//! There are no transactions. The rows are sent first, then the values that did not fit, then how far the run is: what is
//! sent again after a run was killed replaces what is there.

mod server;
pub(crate) mod synced;

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use serde_json::Value;

use server::{Refusal, Server, address};

use super::owner::{self, StoredRun, WrittenList};
use super::run_state::RunState;
use super::tab_separated::{NULL, TabSeparated, escape, write_cell};
use super::table_plan::{
    TablePlan, TypeConflict, holds_other_rows, lacking_deleted_at, of_other_types, quoted_names,
    with_columns,
};
use super::writer_runtime::WriterRuntime;
use super::{
    DELETED_AT, DecodedRow, RECONNECT_AFTER, StoreOptions, StoreSink, WHOLE_SECONDS, label_name,
    labelled,
};
use crate::cell::{Cell, Moment};
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// Rows that are sent at once, unless they are long: every INSERT makes a part, and many small ones are slow to merge.
const ROWS_AT_ONCE: u64 = 100_000;
/// Bytes that are sent at once, and are kept until then.
const BYTES_AT_ONCE: usize = 16 << 20;
/// Tells an old row from a new one with the same ID.
const VERSION: &str = "_brimful_version";
/// The type of the column that says since when a row is no longer in the portal.
const DELETED_AT_TYPE: &str = "Nullable(DateTime('UTC'))";
/// The first version with `Bool`, `Date32` and `DateTime64` from 1900 to 2299.
const WIDE_DATES_SINCE: (u32, u32) = (22, 8);
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) const NAMES: ColumnNames = ColumnNames {
    // Each column has a file of its name, in which a byte beyond letters and digits takes three. Systems have names of 255
    // bytes, and the server answers 503 to the first rows where one is longer.
    longest: Some(Longest::Bytes(75)),
    in_any_case: false,
    reserved: &[DELETED_AT, VERSION],
    ..ColumnNames::OF_DATABASES
};

pub(crate) struct ClickhouseSink {
    runtime: WriterRuntime,
    server: Server,
    store: String,
    state: RunState,
    rows: TabSeparated,
    insert: String,
    /// What each column takes, in their order.
    kinds: Vec<Kind>,
    has_wide_dates: bool,
    has_key: bool,
    /// The version of the rows of this run.
    run: u64,
    /// The version of what is said next of how far it is.
    version: u64,
    began: bool,
}

/// What a column takes that not all columns of its type do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `Date` and `DateTime`: from 1970 on, for about 135 years.
    Narrow,
    /// `Date32` and `DateTime64`: the years 1900 to 2299.
    Wide,
    /// `Bool`, or what has no such difference.
    Other,
    /// 1 and 0.
    UInt8,
}

impl ClickhouseSink {
    pub(crate) fn open(
        url: &str,
        store: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let failed = |message: String| ExportError::Store {
            store: store.clone(),
            message,
        };
        let (url, user, password) = address(url).map_err(failed)?;
        let builder = brimful::HttpOptions::reqwest_builder();
        let builder = builder.map_err(|error| failed(error.to_string()))?;
        // The server closes a connection after a few seconds without a request, and what was lost with one cannot always
        // be sent again.
        let client = builder.pool_max_idle_per_host(0).build();
        let client = client.map_err(|error| failed(error.to_string()))?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let run = now.map_or(1, |now| now.as_millis() as u64);
        let mut sink = Self {
            runtime: WriterRuntime::on_this_thread()?,
            server: Server {
                client,
                url,
                user,
                password,
                patience: PATIENCE,
                has_answered: false,
            },
            store,
            state: RunState::new(options),
            rows: TabSeparated::default(),
            insert: String::new(),
            kinds: Vec::new(),
            has_wide_dates: false,
            has_key: true,
            run,
            version: run,
            began: false,
        };
        let version = sink.ask("SELECT version()")?;
        sink.server.has_answered = true;
        let mut numbers = version.trim().split('.').map(|n| n.parse().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        sink.has_wide_dates = version >= WIDE_DATES_SINCE;
        let list = WrittenList::of_command(&sink.state.command);
        if !list.is_some_and(|list| list.is_sync) {
            sink.find_earlier()?;
        }
        Ok(sink)
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.store.clone(),
            message: message.into(),
        }
    }

    fn wait(&self, sql: &str, data: Option<Vec<u8>>) -> Result<String, Refusal> {
        let waited = self.runtime.wait(self.server.execute(sql, data));
        waited.unwrap_or_else(|error| Err(Refusal::Said(error.to_string())))
    }

    /// Has a statement carried out that may be carried out twice. A server that has gone away is waited for.
    fn ask(&self, sql: &str) -> Result<String, ExportError> {
        self.send(sql, None, true)
    }

    fn send(&self, sql: &str, data: Option<&[u8]>, again: bool) -> Result<String, ExportError> {
        // A server that was never there is not waited for.
        let waits = if self.server.has_answered {
            &RECONNECT_AFTER[..]
        } else {
            &[]
        };
        let mut waits = waits.iter().filter(|_| again);
        loop {
            match (self.wait(sql, data.map(<[u8]>::to_vec)), waits.next()) {
                (Ok(answer), _) => return Ok(answer),
                (Err(Refusal::NoAnswer(_)), Some(wait)) => self.runtime.sleep(*wait)?,
                (Err(Refusal::NoAnswer(error)), None) => {
                    return Err(self.failed(format!("no answer: {error}")));
                }
                (Err(Refusal::Said(error)), _) => return Err(self.failed(error)),
            }
        }
    }

    /// Looks for the last run: the versions of this one are higher, and one of the same command that was interrupted is
    /// resumed.
    fn find_earlier(&mut self) -> Result<(), ExportError> {
        if self.columns_of("_brimful_state")?.is_empty() {
            return Ok(());
        }
        let table = literal(&self.state.table);
        let found = self.ask(&format!(
            "SELECT command = {}, finished, rows, ifNull(last_id, 0), run, version FROM _brimful_state \
             WHERE `table` = {table} ORDER BY version DESC LIMIT 1 FORMAT TabSeparated",
            literal(&self.state.command)
        ))?;
        let has_table = !self.columns_of(&self.state.table)?.is_empty();
        let stored = self.ask(&format!(
            "SELECT command FROM _brimful_state WHERE `table` = {table} ORDER BY version DESC LIMIT 1 \
             FORMAT TabSeparatedRaw"
        ))?;
        let drop = format!("drop it: DROP TABLE {}", quoted(&self.state.table));
        let problem = owner::problem(&self.state.table, &stored, &self.state.command, &drop);
        if let Some(message) = problem.filter(|_| has_table) {
            return Err(self.failed(message).because_of_table());
        }
        let numbers: Vec<u64> = found
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        let [is_same, finished, rows, last_id, run, version] = numbers[..] else {
            return Ok(());
        };
        if has_table {
            let stored = StoredRun {
                command: stored.trim_end_matches('\n').to_owned(),
                rows,
                can_be_resumed: finished == 0 && last_id > 0,
            };
            owner::check_interrupted(&self.state, &stored, &self.store)?;
        }
        self.run = self.run.max(version + 1);
        self.version = self.run;
        let may = self.state.may_resume && is_same == 1 && finished == 0 && last_id > 0;
        if may && has_table {
            self.run = run;
            self.state.resumed = Some((rows, last_id));
            let misfits = self.ask(&format!(
                "SELECT count() FROM _brimful_errors FINAL WHERE `table` = {table} AND run = {run}"
            ))?;
            self.state.misfits = misfits.trim().parse().unwrap_or(0);
        }
        Ok(())
    }

    /// Takes down how far the run is.
    fn store_state(&mut self, finished: bool) -> Result<(), ExportError> {
        let last_id = self.state.last_id_text();
        self.version += 1;
        self.ask(&format!(
            "INSERT INTO _brimful_state (`table`, command, rows, last_id, finished, run, version) VALUES \
             ({}, {}, {}, {last_id}, {}, {}, {})",
            literal(&self.state.table),
            literal(&self.state.command),
            self.state.rows(),
            u8::from(finished),
            self.run,
            self.version,
        ))
        .map(drop)
    }

    /// The columns of a table that rows can have values for, and their types, by name; empty if there is no table.
    fn columns_of(&self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        self.columns_that(table, "default_kind IN ('', 'DEFAULT')")
    }

    /// The columns of a table that the server computes and takes no values for.
    fn computed_columns_of(&self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        self.columns_that(table, "default_kind NOT IN ('', 'DEFAULT')")
    }

    fn columns_that(
        &self,
        table: &str,
        condition: &str,
    ) -> Result<Vec<(String, String)>, ExportError> {
        let found = self.ask(&format!(
            "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {} AND {condition} \
             FORMAT TabSeparatedRaw",
            literal(table)
        ))?;
        let lines = found.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect())
    }

    /// The declared type of a column, and what a column that is there already may be.
    fn type_name(&self, kind: ColumnType) -> (String, Vec<&'static str>) {
        let scalar = |kind| {
            let known = known_types(kind);
            let wide = self.has_wide_dates && known.len() > 1;
            (known[usize::from(wide)], known)
        };
        match kind {
            ColumnType::Scalar(kind) => {
                let (name, known) = scalar(kind);
                (format!("Nullable({name})"), known.to_vec())
            }
            ColumnType::Any | ColumnType::Multifield => {
                ("Nullable(String)".to_owned(), vec!["String"])
            }
            ColumnType::List(kind) => {
                let (name, known) = scalar(kind);
                (format!("Array(Nullable({name}))"), known.to_vec())
            }
        }
    }

    /// The type that a column is made with, and what it may be in a table that is there.
    fn declared(&self, schema: &Schema, place: usize) -> (String, Vec<&'static str>) {
        let (kind, known) = self.type_name(schema.columns[place].kind);
        // What rows are found by cannot be NULL.
        let is_key = Some(place) == schema.key;
        (if is_key { bare(&kind) } else { kind }, known)
    }

    /// Compares the column at a place of the schema with its type in the store.
    fn compare(&self, schema: &Schema, place: usize, found: &str) -> Result<(), TypeConflict> {
        let (wanted, known) = self.declared(schema, place);
        let is_list = matches!(schema.columns[place].kind, ColumnType::List(_));
        if known.contains(&bare(found).as_str()) && found.starts_with("Array(") == is_list {
            return Ok(());
        }
        let (table, name) = (
            quoted(&self.state.table),
            quoted(&schema.columns[place].name),
        );
        let remedy = format!("ALTER TABLE {table} MODIFY COLUMN {name} {wanted}");
        Err(TypeConflict { wanted, remedy })
    }

    /// Makes the table, or adds the columns that it lacks, and notes how the values of each are written.
    fn make_table(&mut self, schema: &Schema) -> Result<TablePlan, ExportError> {
        let existing = self.columns_of(&self.state.table)?;
        self.check_no_field_is_computed(schema)?;
        let names = quoted_names(schema, quoted);
        let mut kinds: Vec<Kind> = (0..names.len())
            .map(|place| kind_of(&bare(&self.declared(schema, place).0)))
            .collect();
        let plan = TablePlan::new(schema, &self.state, &existing, is_name, |place, found| {
            self.compare(schema, place, found)?;
            kinds[place] = kind_of(&bare(found));
            Ok(())
        });
        let plan = plan.map_err(|problem| problem.of(&self.store))?;
        let definitions: Vec<String> = (0..names.len())
            .map(|place| format!("{} {}", names[place], self.declared(schema, place).0))
            .collect();
        match &plan {
            TablePlan::Create => self.create_table(schema, definitions, &names)?,
            TablePlan::Change { added, to_text } => {
                self.add_columns(schema, &existing, added, &definitions)?;
                self.make_text(to_text, &definitions)?;
            }
        }
        self.retitle(schema)?;
        self.kinds = kinds;
        Ok(plan)
    }

    /// Makes columns of texts, with the values that they have.
    fn make_text(&self, places: &[usize], definitions: &[String]) -> Result<(), ExportError> {
        let table = quoted(&self.state.table);
        for place in places {
            let column = &definitions[*place];
            let changed = self.ask(&format!("ALTER TABLE {table} MODIFY COLUMN {column}"));
            changed.map_err(|error| match error {
                ExportError::Store { store, message } => ExportError::OtherTypes {
                    store,
                    message: format!(
                        "the server does not make {column} of the column of the table {table}: {message}"
                    ),
                },
                other => other,
            })?;
        }
        Ok(())
    }

    /// Makes the view of labels of an earlier run again, where this one has no labels and has changed the table: with the
    /// columns at these places, which it has not.
    fn renew_view(&self, schema: &Schema, plan: &TablePlan) -> Result<(), ExportError> {
        let (added, to_text) = plan.changes();
        let name = format!("{}_labeled", self.state.table);
        let is_changed = !(added.is_empty() && to_text.is_empty());
        if !is_changed || self.columns_that(&name, "1")?.is_empty() {
            return Ok(());
        }
        let view = quoted(&name);
        let definition = self.ask(&format!("SHOW CREATE TABLE {view} FORMAT TabSeparatedRaw"))?;
        let is_ours = definition.contains(&format!("{}_labels", self.state.table));
        let added = added
            .iter()
            .map(|place| quoted(&schema.columns[*place].name));
        let added: Vec<String> = added.collect();
        let query = with_columns(&definition, &added);
        let Some(query) = query.filter(|_| is_ours) else {
            return Ok(());
        };
        self.ask(&format!("DROP TABLE IF EXISTS {view}"))?;
        self.ask(&format!("CREATE VIEW {view} AS {query}"))
            .map(drop)
    }

    /// Gives columns the titles that their fields have now, as comments.
    fn retitle(&self, schema: &Schema) -> Result<(), ExportError> {
        let table = &self.state.table;
        let found = self.ask(&format!(
            "SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = {} FORMAT JSONCompact",
            literal(table)
        ))?;
        let found: Value = serde_json::from_str(&found)?;
        let has_comment = |name: &str, comment: &str| {
            let mut columns = found["data"].as_array().into_iter().flatten();
            columns.any(|column| column[0] == name && column[1] == comment)
        };
        let columns = schema.columns.iter().filter_map(|column| {
            let title = column.title.as_ref()?;
            (!has_comment(&column.name, title))
                .then(|| format!("COMMENT COLUMN {} {}", quoted(&column.name), literal(title)))
        });
        let columns: Vec<String> = columns.collect();
        if columns.is_empty() {
            return Ok(());
        }
        let columns = columns.join(", ");
        self.ask(&format!("ALTER TABLE {} {columns}", quoted(table)))
            .map(drop)
    }

    /// Makes the table with these columns and those that the store has of every row.
    fn create_table(
        &self,
        schema: &Schema,
        mut columns: Vec<String>,
        names: &[String],
    ) -> Result<(), ExportError> {
        columns.push(format!("{VERSION} UInt64"));
        columns.extend(lacking_deleted_at(&self.state, &[], DELETED_AT_TYPE));
        let engine = match schema.key {
            Some(key) => format!("ReplacingMergeTree({VERSION}) ORDER BY {}", names[key]),
            None => "MergeTree ORDER BY tuple()".to_owned(),
        };
        self.ask(&format!(
            "CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = {engine}",
            quoted(&self.state.table),
            columns.join(", ")
        ))
        .map(drop)
    }

    /// Adds the columns at these places to a table that is there.
    fn add_columns(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
        places: &[usize],
        definitions: &[String],
    ) -> Result<(), ExportError> {
        if !existing.iter().any(|(name, _)| name == VERSION) {
            let why = holds_other_rows(&self.state.table, VERSION);
            return Err(self.failed(why).because_of_table());
        }
        for place in places {
            let name = &schema.columns[*place].name;
            self.add_column(&self.state.table, name, &definitions[*place])?;
        }
        match lacking_deleted_at(&self.state, existing, DELETED_AT_TYPE) {
            Some(column) => self.add_column(&self.state.table, DELETED_AT, &column),
            None => Ok(()),
        }
    }

    /// Adds a column that may be there already: another run may have added it meanwhile, and an answer may have been lost.
    /// Old servers know no `IF NOT EXISTS` here.
    fn add_column(&self, table: &str, name: &str, definition: &str) -> Result<(), ExportError> {
        let added = self.ask(&format!(
            "ALTER TABLE {} ADD COLUMN {definition}",
            quoted(table)
        ));
        let Err(error) = added else {
            return Ok(());
        };
        let columns = self.columns_of(table)?;
        let is_there = columns.iter().any(|(column, _)| column == name);
        if is_there { Ok(()) } else { Err(error) }
    }

    /// Refuses a table that computes a column which rows have values for.
    fn check_no_field_is_computed(&self, schema: &Schema) -> Result<(), ExportError> {
        let computed = self.computed_columns_of(&self.state.table)?;
        let is_field = |name: &String| schema.columns.iter().any(|column| column.name == *name);
        let Some((name, _)) = computed.iter().find(|(name, _)| is_field(name)) else {
            return Ok(());
        };
        let (table, column) = (quoted(&self.state.table), quoted(name));
        let why = format!(
            "the table {table} computes its column {column} (MATERIALIZED or ALIAS), and the rows have a field of that \
             name; drop the column and add yours by another name: ALTER TABLE {table} DROP COLUMN {column}"
        );
        Err(self.failed(why).because_of_table())
    }

    /// Begins a run that does not resume another one: what is left of earlier runs is cleared.
    fn clear(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.store_state(false)?;
        // The server does it when it has time; those of this run are told by its number.
        self.ask(&format!(
            "ALTER TABLE _brimful_errors DELETE WHERE `table` = {} AND run < {}",
            literal(&self.state.table),
            self.run
        ))?;
        if schema.key.is_none() {
            // Without IDs nothing tells a row of this run from one of an earlier run.
            self.ask(&format!("TRUNCATE TABLE {}", quoted(&self.state.table)))?;
        }
        Ok(())
    }

    /// Stores what people call the codes in a table of its own, and makes a view of the rows with both.
    fn store_labels(&self, schema: &Schema, plan: &TablePlan) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return self.renew_view(schema, plan);
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = quoted(&format!("{}_labeled", self.state.table));
        self.ask(&format!(
            "CREATE TABLE IF NOT EXISTS {labels} (field String, code String, label String) \
             ENGINE = ReplacingMergeTree ORDER BY (field, code)"
        ))?;
        self.ask(&format!("TRUNCATE TABLE {labels}"))?;
        let mut lines = TabSeparated::default();
        let mut select = "SELECT *".to_owned();
        for (column, entries) in &labelled {
            for (code, label) in entries {
                for text in [column.name.as_str(), code, label] {
                    lines.text(text);
                }
                lines.end_line();
            }
            // An array of no code is refused, and none is what nothing is called.
            let all = |what: &str| {
                format!(
                    "arrayPushBack((SELECT groupArray({what}) FROM (SELECT {what} FROM {labels} WHERE field = {} \
                     ORDER BY code)), '')",
                    literal(&column.name)
                )
            };
            let label_of = |code: &str| {
                format!(
                    "nullIf(transform(ifNull(toString({code}), ''), {}, {}, ''), '')",
                    all("code"),
                    all("label")
                )
            };
            let name = quoted(&column.name);
            let label = quoted(&label_name(&NAMES, schema, column));
            // Writing to a string does not fail.
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    select,
                    ", arrayMap(c -> {}, {name}) AS {label}",
                    label_of("c")
                ),
                _ => write!(select, ", {} AS {label}", label_of(&name)),
            };
        }
        if !lines.is_empty() {
            let insert = format!("INSERT INTO {labels} FORMAT TabSeparated");
            self.send(&insert, Some(&lines.take()), true)?;
        }
        self.ask(&format!("DROP TABLE IF EXISTS {view}"))?;
        let table = quoted(&self.state.table);
        let last = if self.has_key { " FINAL" } else { "" };
        self.ask(&format!(
            "CREATE VIEW {view} AS {select} FROM {table}{last}"
        ))
        .map(drop)
    }

    /// Makes the tables that say what does not fit and how far a run is.
    fn make_own_tables(&self) -> Result<(), ExportError> {
        self.ask(
            "CREATE TABLE IF NOT EXISTS _brimful_errors (`table` String, id String, field String, value String, \
             reason String, run UInt64, at DateTime DEFAULT now()) \
             ENGINE = ReplacingMergeTree(run) ORDER BY (`table`, field, id, value)",
        )?;
        self.ask(
            "CREATE TABLE IF NOT EXISTS _brimful_state (`table` String, command String, rows UInt64, \
             last_id Nullable(UInt64), finished UInt8, run UInt64, version UInt64, at DateTime DEFAULT now()) \
             ENGINE = ReplacingMergeTree(version) ORDER BY `table`",
        )
        .map(drop)
    }
}

/// The types that hold values of a kind: as all servers have them, and as newer ones do.
fn known_types(kind: ScalarType) -> &'static [&'static str] {
    match kind {
        ScalarType::Int64 => &["Int64"],
        ScalarType::Decimal => &["Decimal(20, 4)"],
        ScalarType::Float64 => &["Float64"],
        ScalarType::Boolean => &["UInt8", "Bool"],
        ScalarType::Date => &["Date", "Date32"],
        ScalarType::DateTime => &["DateTime('UTC')", "DateTime64(0, 'UTC')"],
        ScalarType::Text => &["String"],
    }
}

/// Whether a name in the store is that of a column.
fn is_name(stored: &str, column: &str) -> bool {
    stored == column
}

/// The type without what makes it nullable or a list. Old servers write quotes with an escape.
fn bare(kind: &str) -> String {
    let kind = kind.replace("\\'", "'");
    let mut bare = kind.as_str();
    for wrapper in ["Array(", "Nullable(", "LowCardinality(", "Nullable("] {
        if let Some(inner) = bare.strip_prefix(wrapper) {
            bare = inner.strip_suffix(')').unwrap_or(inner);
        }
    }
    bare.to_owned()
}

fn kind_of(bare: &str) -> Kind {
    match bare {
        "Date" | "DateTime('UTC')" => Kind::Narrow,
        "Date32" | "DateTime64(0, 'UTC')" => Kind::Wide,
        "UInt8" => Kind::UInt8,
        _ => Kind::Other,
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = String::new();
    quote(text, &mut literal);
    literal
}

/// Appends a text in quotes.
fn quote(text: &str, out: &mut String) {
    out.push('\'');
    for (place, part) in text.split('\'').enumerate() {
        if place > 0 {
            out.push_str("\\'");
        }
        escape(part, out);
    }
    out.push('\'');
}

/// A moment in UTC.
fn in_utc(moment: &Moment) -> Option<DateTime> {
    let offset = jiff::SignedDuration::from_secs(moment.offset_seconds.into());
    moment.civil.checked_sub(offset).ok()
}

impl Kind {
    /// Whether a column of it has days of a year.
    fn has(self, year: i16) -> bool {
        match self {
            Self::Narrow => (1970..=2105).contains(&year),
            Self::Wide => (1900..=2299).contains(&year),
            Self::Other | Self::UInt8 => true,
        }
    }

    /// Appends a value; false if the column does not take it.
    fn write(self, cell: &Cell<'_>, out: &mut String) -> bool {
        // Writing to a string does not fail.
        match cell {
            Cell::Bool(value) if self == Self::UInt8 => out.push(if *value { '1' } else { '0' }),
            Cell::Date(date) => {
                if !self.has(date.year()) {
                    return false;
                }
                let _ = write!(out, "{date}");
            }
            Cell::DateTime(moment) => {
                let Some(utc) = in_utc(moment).filter(|utc| self.has(utc.year())) else {
                    return false;
                };
                let (day, time) = (utc.date(), utc.time());
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                let _ = write!(out, "{day} {hour:02}:{minute:02}:{second:02}");
            }
            Cell::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    match item {
                        Cell::Null => out.push_str("NULL"),
                        Cell::Text(text) => quote(text, out),
                        item => {
                            let is_quoted = matches!(item, Cell::Date(_) | Cell::DateTime(_));
                            let mark = if is_quoted { "'" } else { "" };
                            out.push_str(mark);
                            if !self.write(item, out) {
                                return false;
                            }
                            out.push_str(mark);
                        }
                    }
                }
                out.push(']');
            }
            other => write_cell(other, out),
        }
        true
    }
}

impl StoreSink for ClickhouseSink {
    fn names(&self) -> ColumnNames {
        NAMES
    }

    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn columns_of_other_types(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        let existing = self.columns_of(&self.state.table)?;
        Ok(of_other_types(
            schema,
            &existing,
            is_name,
            |place, found| self.compare(schema, place, found),
        ))
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.has_key = schema.key.is_some();
        let plan = self.make_table(schema)?;
        self.make_own_tables()?;
        if !self.began && self.state.resumed.is_none() {
            self.clear(schema)?;
        }
        self.store_labels(schema, &plan)?;
        self.insert = format!(
            "INSERT INTO {} ({}, {VERSION}) FORMAT TabSeparated",
            quoted(&self.state.table),
            quoted_names(schema, quoted).join(", ")
        );
        self.began = true;
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        for (place, cell) in row.cells.iter().enumerate() {
            let is_list = matches!(schema.columns[place].kind, ColumnType::List(_));
            let kind = self.kinds[place];
            if cell.has_part_of_second() {
                row.does_not_fit(schema, place, WHOLE_SECONDS, misfits);
            }
            // There is no NULL among lists.
            let null = if is_list { "[]" } else { NULL };
            self.rows.value(|out| {
                let start = out.len();
                if let Cell::Null = cell {
                    out.push_str(null);
                } else if !kind.write(cell, out) {
                    let reason = match kind {
                        Kind::Wide => "in ClickHouse there are the years 1900 to 2299 alone",
                        _ => "in this column there are the years 1970 to 2105 alone",
                    };
                    row.does_not_fit(schema, place, reason, misfits);
                    out.truncate(start);
                    out.push_str(null);
                }
            });
        }
        self.rows.text(&self.run.to_string());
        self.rows.end_line();
        self.state.take(row.key(schema));
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.state.is_due(ROWS_AT_ONCE) || self.rows.len() >= BYTES_AT_ONCE
    }

    /// Sends what is kept: the rows, the values that did not fit, and how far the run is.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        if self.rows.is_empty() && misfits.0.is_empty() && !finished {
            return Ok(());
        }
        if !self.rows.is_empty() {
            let rows = self.rows.take();
            // Rows that have no ID would be there twice.
            self.send(&self.insert, Some(&rows), self.has_key)?;
        }
        if !misfits.0.is_empty() {
            let lines = misfit_lines(&self.state.table, self.run, misfits);
            let insert = "INSERT INTO _brimful_errors (`table`, id, field, value, reason, run) FORMAT TabSeparated";
            self.send(insert, Some(&lines), true)?;
        }
        self.store_state(finished)?;
        self.state.commit_with(misfits);
        Ok(())
    }
}

/// The values that did not fit, as the server reads them.
fn misfit_lines(table: &str, run: u64, misfits: &Misfits) -> Vec<u8> {
    let mut lines = TabSeparated::default();
    for misfit in &misfits.0 {
        let id = misfit.id.as_ref().map_or("", |id| id.get());
        let id = id.trim_matches('"');
        for text in [table, id, &misfit.field, misfit.value.get(), misfit.reason] {
            lines.text(text);
        }
        lines.text(&run.to_string());
        lines.end_line();
    }
    lines.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_without_what_is_around_them() {
        assert_eq!(
            bare("Array(Nullable(DateTime(\\'UTC\\')))"),
            "DateTime('UTC')"
        );
        assert_eq!(bare("Nullable(Decimal(20, 4))"), "Decimal(20, 4)");
        assert_eq!(bare("LowCardinality(Nullable(String))"), "String");
    }

    #[test]
    fn a_list_is_written_with_quotes_where_its_items_need_them() {
        let list = Cell::List(vec![
            Cell::Text("it's\ta".into()),
            Cell::Null,
            Cell::Text("b".into()),
        ]);
        let mut out = String::new();
        assert!(Kind::Other.write(&list, &mut out));
        assert_eq!(out, "['it\\'s\\ta',NULL,'b']");
    }
}
