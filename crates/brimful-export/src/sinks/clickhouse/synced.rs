//! A table of ClickHouse that is kept in sync with a list.
//!
//! There are no transactions and no updates: a changed row, and one that is marked as deleted, is a new version of it, and
//! `FINAL` shows the last one. Rows wait in a table beside the real one until the server has told those that differ. They
//! are written first, then the marks, then the values that did not fit, then what was loaded, and last how far the table
//! is: a run that is killed has stored too little of that, and the next one reads the same rows again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{ClickhouseSink, VERSION, literal, misfit_lines, quoted};
use crate::column_names::ColumnNames;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, Schema};
use crate::sinks::run_state::RunState;
use crate::sinks::table_plan::quoted_names;
use crate::sinks::{DELETED_AT, DecodedRow, StoreOptions, StoreSink};

/// Rows that wait before they are sent: every INSERT makes a part, and many small ones are slow to merge.
const ROWS_AT_ONCE: u64 = 20_000;
/// And bytes of rows: some have texts of hundreds of kilobytes.
const BYTES_AT_ONCE: usize = 32 << 20;
/// What the names of tables begin with in which rows wait.
const STAGE: &str = "_brimful_stage_";
/// A day in versions, which are nanoseconds.
const DAY: u64 = 86_400_000_000_000;
/// IDs that go into one condition.
const IDS_AT_ONCE: usize = 1_000;
/// How often it is asked whether a deletion is done, and how many times.
const ASK_AFTER: Duration = Duration::from_millis(50);
const ASK_TIMES: usize = 12_000;

/// What is stored behind rows.
#[derive(Debug)]
pub(crate) struct BesideRows {
    pub(crate) command: String,
    /// The state of the sync as JSON.
    pub(crate) sync: String,
    /// Live rows at the end of the last run.
    pub(crate) rows: u64,
    /// The ID up to which an interrupted read has come.
    pub(crate) last_id: Option<u64>,
    pub(crate) coverage: Option<CoverageRow>,
    pub(crate) gone: Option<GoneIds>,
}

/// A row of `_brimful_coverage`. Times are Unix seconds.
#[derive(Debug)]
pub(crate) struct CoverageRow {
    pub(crate) what: &'static str,
    pub(crate) entity: String,
    pub(crate) ids: Option<(u64, u64)>,
    pub(crate) from: Option<i64>,
    pub(crate) to: i64,
    pub(crate) rows: u64,
}

/// Rows that are gone.
#[derive(Debug)]
pub(crate) struct GoneIds {
    pub(crate) ids: Vec<String>,
    /// Since when, in Unix seconds.
    pub(crate) at: i64,
    /// Whether they are deleted in the table too.
    pub(crate) are_deleted: bool,
}

pub(crate) struct SyncedClickhouse {
    inner: ClickhouseSink,
    /// The table in which rows wait, in quotes. No other run has one of its name.
    stage: String,
    /// The columns of the rows that come, in quotes, and those that are lists.
    columns: Vec<(String, bool)>,
    key: String,
    waiting: u64,
    gone: Vec<GoneIds>,
    coverage: Vec<CoverageRow>,
    beside: Option<BesideRows>,
    misfits: Misfits,
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

/// Whether a table in which rows wait is left of a run that was killed. `now` is a version.
fn is_left(stage: &str, tables: &[String], now: u64) -> bool {
    let named = stage
        .strip_prefix(STAGE)
        .and_then(|name| name.rsplit_once('_'));
    named.is_some_and(|(table, version)| {
        let is_ours = tables.iter().any(|ours| ours == table);
        let is_old = |version: u64| version.saturating_add(DAY) < now;
        version
            .parse()
            .is_ok_and(|version| is_ours || is_old(version))
    })
}

impl SyncedClickhouse {
    pub(crate) fn open(
        url: &str,
        store: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let mut inner = ClickhouseSink::open(url, store, options)?;
        // In nanoseconds, so that versions do not run ahead of the clock: what a killed run has sent may still arrive.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(0));
        inner.version = inner.version.max(now);
        // Rows that a run has sent before it was killed have versions that nothing else tells.
        let table = inner.state.table.clone();
        let has_versions = inner.columns_of(&table)?;
        if has_versions.iter().any(|(name, _)| name == VERSION) {
            let highest = inner.ask(&format!("SELECT max({VERSION}) FROM {}", quoted(&table)))?;
            let highest: u64 = highest.trim().parse().unwrap_or(0);
            inner.version = inner.version.max(highest);
        }
        if !inner.columns_of("_brimful_state")?.is_empty() {
            let highest = inner.ask(&format!(
                "SELECT max(version) FROM _brimful_state WHERE `table` = {}",
                literal(&table)
            ))?;
            let highest: u64 = highest.trim().parse().unwrap_or(0);
            inner.version = inner.version.max(highest);
        }
        Ok(Self {
            stage: quoted(&format!("{STAGE}{table}_{}", inner.version)),
            inner,
            columns: Vec::new(),
            key: String::new(),
            waiting: 0,
            gone: Vec::new(),
            coverage: Vec::new(),
            beside: None,
            misfits: Misfits::default(),
        })
    }

    pub(crate) fn table(&self) -> &str {
        &self.inner.state.table
    }

    fn quoted_table(&self) -> String {
        quoted(self.table())
    }

    fn of_table(&self) -> String {
        format!("`table` = {}", literal(self.table()))
    }

    /// The rows of a query, each value as a text.
    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, ExportError> {
        let answer = self.inner.ask(&format!("{sql} FORMAT JSONCompact"))?;
        let answer: Value = serde_json::from_str(&answer)?;
        let rows = answer.get("data").and_then(Value::as_array);
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let rows = rows.into_iter().flatten().filter_map(Value::as_array);
        Ok(rows.map(|row| row.iter().map(text).collect()).collect())
    }

    /// The only value of a query, as a number.
    pub(crate) fn number(&self, sql: &str) -> Result<u64, ExportError> {
        Ok(self.inner.ask(sql)?.trim().parse().unwrap_or(0))
    }

    /// The names of the columns of a table.
    pub(crate) fn columns_of(&self, table: &str) -> Result<Vec<String>, ExportError> {
        let columns = self.inner.columns_of(table)?;
        Ok(columns.into_iter().map(|(name, _)| name).collect())
    }

    /// Runs a statement. It is sent again when the connection is lost, so it has to be one that may run twice.
    pub(crate) fn run(&self, sql: &str) -> Result<(), ExportError> {
        self.inner.ask(sql).map(drop)
    }

    /// How long the server may take to answer, where it is not as long as for rows.
    pub(crate) fn answer_within(&mut self, patience: Duration) {
        self.inner.server.patience = patience;
    }

    /// Waits for some time.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), ExportError> {
        Ok(self.inner.runtime.sleep(time)?)
    }

    /// Makes the tables of what is known, or adds what earlier versions lack.
    pub(crate) fn prepare(&self) -> Result<(), ExportError> {
        self.inner.make_own_tables()?;
        self.run(
            "CREATE TABLE IF NOT EXISTS _brimful_coverage (`table` String, what String, entity String, \
             id_from Nullable(UInt64), id_to Nullable(UInt64), time_from Nullable(DateTime('UTC')), \
             time_to Nullable(DateTime('UTC')), rows UInt64, version UInt64, at DateTime DEFAULT now()) \
             ENGINE = ReplacingMergeTree(version) ORDER BY (`table`, what)",
        )?;
        if self.columns_of("_brimful_loaded")?.is_empty() {
            // Not everyone who may make tables may make views, and a sync can do without.
            let _ = self.run(
                "CREATE VIEW IF NOT EXISTS _brimful_loaded AS SELECT `table`, entity, \
                 max(if(what = 'rows', id_from, NULL)) AS id_from, max(if(what = 'rows', id_to, NULL)) AS id_to, \
                 max(if(what = 'rows', time_to, NULL)) AS in_full_at, \
                 max(if(what IN ('rows', 'changes'), time_to, NULL)) AS changes_until, \
                 max(if(what = 'deletes', time_to, NULL)) AS deletes_until \
                 FROM _brimful_coverage FINAL GROUP BY `table`, entity",
            );
        }
        let columns = self.columns_of("_brimful_state")?;
        if columns.iter().any(|column| column == "sync") {
            return Ok(());
        }
        self.inner
            .add_column("_brimful_state", "sync", "sync Nullable(String)")
    }

    /// Drops the tables in which rows wait of runs that were killed: those of these tables, and all that are older than a day.
    /// A run into other tables may be under way.
    pub(crate) fn drop_stages(&self, tables: &[String]) -> Result<(), ExportError> {
        let found = self.rows(&format!(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {})",
            literal(STAGE)
        ))?;
        for name in found.into_iter().filter_map(|row| row.into_iter().next()?) {
            if is_left(&name, tables, self.inner.version) {
                self.run(&format!("DROP TABLE IF EXISTS {}", quoted(&name)))?;
            }
        }
        Ok(())
    }

    /// Takes what is to be stored with the rows that wait.
    pub(crate) fn put_beside(&mut self, mut beside: BesideRows) {
        self.gone.extend(beside.gone.take());
        self.coverage.extend(beside.coverage.take());
        self.beside = Some(beside);
    }

    /// Forgets the values that did not fit of these rows; `without_id`: and those of rows without an ID.
    pub(crate) fn forget_errors(
        &mut self,
        ids: &[String],
        without_id: bool,
    ) -> Result<(), ExportError> {
        let forgotten: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        self.misfits.0.retain(|misfit| {
            misfit
                .id_text()
                .map_or(!without_id, |id| !forgotten.contains(id.as_str()))
        });
        let found = self.rows(&format!(
            "SELECT DISTINCT id FROM _brimful_errors WHERE {}",
            self.of_table()
        ))?;
        let found = found.into_iter().filter_map(|row| row.into_iter().next()?);
        let recorded: Vec<String> = found
            .filter(|id| {
                if id.is_empty() {
                    without_id
                } else {
                    forgotten.contains(id.as_str())
                }
            })
            .collect();
        for ids in recorded.chunks(IDS_AT_ONCE) {
            let ids: Vec<String> = ids.iter().map(|id| literal(id)).collect();
            let condition = format!("{} AND id IN ({})", self.of_table(), ids.join(", "));
            self.delete("_brimful_errors", &condition)?;
        }
        Ok(())
    }

    /// Deletes rows of a table, and waits until that is done: the server does it beside other work. What others delete is
    /// not waited for.
    fn delete(&self, table: &str, condition: &str) -> Result<(), ExportError> {
        // Old servers don't say which of the deletions is this one, so it has a mark that is always true.
        let mark = format!("{}_{}", self.stage.trim_matches('`'), self.inner.version);
        self.run(&format!(
            "ALTER TABLE {} DELETE WHERE ({condition}) AND {} != ''",
            quoted(table),
            literal(&mark)
        ))?;
        for _ in 0..ASK_TIMES {
            let left = self.number(&format!(
                "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = {} AND NOT is_done \
                 AND position(command, {}) > 0",
                literal(table),
                literal(&mark)
            ))?;
            if left == 0 {
                return Ok(());
            }
            self.inner.runtime.sleep(ASK_AFTER)?;
        }
        Err(self.inner.failed(format!(
            "the server has not deleted rows of {table} in ten minutes; system.mutations says why"
        )))
    }

    /// What people call the codes, as stored: field, code and label.
    pub(crate) fn labels(&self) -> Result<Vec<[String; 3]>, ExportError> {
        let table = format!("{}_labels", self.table());
        if self.columns_of(&table)?.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(&format!(
            "SELECT field, code, label FROM {}",
            quoted(&table)
        ))?;
        let labels = rows.into_iter().filter_map(|row| {
            let label: Vec<String> = row.into_iter().flatten().collect();
            label.try_into().ok()
        });
        Ok(labels.collect())
    }

    /// How many rows are live.
    pub(crate) fn count(&mut self) -> Result<u64, ExportError> {
        self.flush()?;
        let table = self.quoted_table();
        self.number(&format!(
            "SELECT count() FROM {table} FINAL WHERE isNull({DELETED_AT})"
        ))
    }

    /// Hands over the lines of a query of columns that are numbers or plain texts.
    pub(crate) fn lines(
        &mut self,
        sql: &str,
        take: &mut dyn FnMut(&str),
    ) -> Result<(), ExportError> {
        self.flush()?;
        let answer = self.inner.ask(&format!("{sql} FORMAT TabSeparatedRaw"))?;
        answer.lines().for_each(take);
        Ok(())
    }

    /// The condition on IDs of the column with this name.
    fn has_ids(&self, key: &str, ids: &[String]) -> Result<String, ExportError> {
        let columns = self.inner.columns_of(self.table())?;
        let is_number = columns
            .iter()
            .any(|(name, kind)| quoted(name) == key && kind == "Int64");
        let ids: Vec<String> = ids
            .iter()
            .map(|id| match id.parse::<i64>() {
                Ok(number) if is_number => number.to_string(),
                _ => literal(id),
            })
            .collect();
        Ok(format!("{key} IN ({})", ids.join(", ")))
    }

    /// Stores all that waits, in the order in which it may be lost. What could not be stored goes on waiting, and what comes
    /// behind it too: a state without its rows would have the next run begin behind them.
    pub(crate) fn flush(&mut self) -> Result<(), ExportError> {
        self.write_rows()?;
        self.write_gone()?;
        self.write_misfits()?;
        self.write_coverage()?;
        self.write_state()?;
        self.inner.state.commit();
        Ok(())
    }

    fn write_misfits(&mut self) -> Result<(), ExportError> {
        if self.misfits.0.is_empty() {
            return Ok(());
        }
        let run = self.next_version();
        let lines = misfit_lines(self.table(), run, &self.misfits);
        let insert = "INSERT INTO _brimful_errors (`table`, id, field, value, reason, run) FORMAT TabSeparated";
        self.inner.send(insert, Some(&lines), true)?;
        self.misfits.0.clear();
        Ok(())
    }

    fn write_coverage(&mut self) -> Result<(), ExportError> {
        let version = self.next_version();
        let time = |time: i64| format!("toDateTime({time}, 'UTC')");
        // Of two with the same version the one that was written last counts.
        for coverage in &self.coverage {
            self.run(&format!(
                "INSERT INTO _brimful_coverage (`table`, what, entity, id_from, id_to, time_from, time_to, rows, version) \
                 VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {version})",
                literal(self.table()),
                literal(coverage.what),
                literal(&coverage.entity),
                or_null(coverage.ids.map(|(from, _)| from)),
                or_null(coverage.ids.map(|(_, to)| to)),
                or_null(coverage.from.map(time)),
                time(coverage.to),
                coverage.rows,
            ))?;
        }
        self.coverage.clear();
        Ok(())
    }

    fn write_state(&mut self) -> Result<(), ExportError> {
        let version = self.next_version();
        let Some(beside) = &self.beside else {
            return Ok(());
        };
        self.run(&format!(
            "INSERT INTO _brimful_state (`table`, command, rows, last_id, finished, run, version, sync) VALUES \
             ({}, {}, {}, {}, {}, 0, {version}, {})",
            literal(self.table()),
            literal(&beside.command),
            beside.rows,
            or_null(beside.last_id),
            u8::from(beside.last_id.is_none()),
            literal(&beside.sync),
        ))?;
        self.beside = None;
        Ok(())
    }

    /// Says whose rows the table will have, before the first of them: a run that is killed between its rows and its state
    /// would leave rows that nobody is known to have written.
    fn claim(&mut self) -> Result<(), ExportError> {
        let known = format!(
            "SELECT count() FROM _brimful_state WHERE {}",
            self.of_table()
        );
        if self.number(&known)? > 0 {
            return Ok(());
        }
        let (table, command) = (literal(self.table()), literal(&self.inner.state.command));
        let version = self.next_version();
        self.run(&format!(
            "INSERT INTO _brimful_state (`table`, command, rows, finished, run, version, sync) VALUES \
             ({table}, {command}, 0, 0, 0, {version}, '{{}}')"
        ))
    }

    fn next_version(&mut self) -> u64 {
        self.inner.version += 1;
        self.inner.version
    }

    /// Writes the rows that wait and that are new or differ.
    fn write_rows(&mut self) -> Result<(), ExportError> {
        if self.inner.rows.is_empty() {
            return Ok(());
        }
        let (table, stage, key) = (self.quoted_table(), self.stage.clone(), self.key.clone());
        // An interrupted attempt may have left rows in the stage.
        self.make_stage()?;
        let rows = self.inner.rows.bytes();
        self.inner.send(&self.inner.insert, Some(rows), true)?;
        // One number for all values of a row: tuples of many columns are slow, and NULLs cannot be compared.
        let mut values = String::new();
        for (name, is_list) in &self.columns {
            // Writing to a string does not fail.
            let _ = match is_list {
                true => write!(values, ", toString({name})"),
                false => write!(values, ", ifNull(toString({name}), ''), isNull({name})"),
            };
        }
        let print = format!("cityHash64({})", values.trim_start_matches(", "));
        // A row may come twice, and only what came last is what the table is to have.
        let differs = format!(
            "({key}, {VERSION}) IN (SELECT {key}, max({VERSION}) FROM {stage} GROUP BY {key}) AND ({key}, {print}) NOT IN \
             (SELECT {key}, {print} FROM {table} FINAL WHERE {key} IN (SELECT {key} FROM {stage}) AND isNull({DELETED_AT}))"
        );
        let written = self.number(&format!(
            "SELECT uniqExact({key}) FROM {stage} WHERE {differs}"
        ))?;
        if written > 0 {
            let arriving: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
            // Columns of fields that the portal no longer has keep what they had.
            let kept: Vec<String> = self
                .columns_of(self.table())?
                .into_iter()
                .filter(|name| name != VERSION && name != DELETED_AT)
                .map(|name| quoted(&name))
                .filter(|name| !arriving.contains(&name.as_str()))
                .collect();
            let arriving = arriving.join(", ");
            let differing = format!("SELECT {arriving}, {VERSION} FROM {stage} WHERE {differs}");
            let statement = if kept.is_empty() {
                format!("INSERT INTO {table} ({arriving}, {VERSION}) {differing}")
            } else {
                let kept = kept.join(", ");
                format!(
                    "INSERT INTO {table} ({arriving}, {VERSION}, {kept}) SELECT {arriving}, {VERSION}, {kept} FROM ({differing}) \
                     ANY LEFT JOIN (SELECT {key}, {kept} FROM {table} FINAL WHERE {key} IN (SELECT {key} FROM {stage})) \
                     USING {key}"
                )
            };
            self.run(&statement)?;
        }
        self.inner.state.count_written(written);
        self.inner.rows.take();
        self.waiting = 0;
        self.run(&format!("DROP TABLE IF EXISTS {stage}"))
    }

    /// Makes the table in which rows wait, empty.
    fn make_stage(&self) -> Result<(), ExportError> {
        let (table, stage) = (self.quoted_table(), &self.stage);
        self.run(&format!("DROP TABLE IF EXISTS {stage}"))?;
        self.run(&format!(
            "CREATE TABLE IF NOT EXISTS {stage} AS {table} ENGINE = Memory"
        ))
    }

    /// Marks rows as deleted, or deletes them where that is wanted.
    fn write_gone(&mut self) -> Result<(), ExportError> {
        if self.gone.is_empty() {
            return Ok(());
        }
        let version = self.next_version();
        let (table, key) = (self.quoted_table(), &self.key);
        let columns = self.columns_of(self.table())?;
        let others: Vec<String> = columns
            .iter()
            .filter(|name| *name != VERSION && *name != DELETED_AT)
            .map(|name| quoted(name))
            .collect();
        let others = others.join(", ");
        for gone in &self.gone {
            for ids in gone.ids.chunks(IDS_AT_ONCE) {
                let has_ids = self.has_ids(key, ids)?;
                if gone.are_deleted {
                    // Without a mark before: a run that is killed in between would leave rows that no later one looks for.
                    self.delete(self.table(), &has_ids)?;
                    continue;
                }
                self.run(&format!(
                    "INSERT INTO {table} ({others}, {VERSION}, {DELETED_AT}) SELECT {others}, {version}, \
                     toDateTime({}, 'UTC') FROM {table} FINAL WHERE {has_ids} AND isNull({DELETED_AT})",
                    gone.at
                ))?;
            }
        }
        self.gone.clear();
        Ok(())
    }

    /// Takes the column of the IDs, where no row has come that tells it.
    pub(crate) fn take_key(&mut self, id_field: &str) {
        if self.key.is_empty() {
            self.key = quoted(id_field);
        }
    }
}

impl StoreSink for SyncedClickhouse {
    fn names(&self) -> ColumnNames {
        StoreSink::names(&self.inner)
    }

    fn state(&self) -> &RunState {
        &self.inner.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.inner.state
    }

    fn synced_clickhouse(&mut self) -> Option<&mut SyncedClickhouse> {
        Some(self)
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.write_rows()?;
        let Some(key) = schema.key else {
            // The caller refuses such a table.
            return Ok(());
        };
        self.claim()?;
        let plan = self.inner.make_table(schema)?;
        self.inner.store_labels(schema, &plan)?;
        let names = quoted_names(schema, quoted);
        self.key.clone_from(&names[key]);
        self.inner.insert = format!(
            "INSERT INTO {} ({}, {VERSION}) FORMAT TabSeparated",
            self.stage,
            names.join(", ")
        );
        let are_lists = schema.columns.iter();
        let are_lists = are_lists.map(|column| matches!(column.kind, ColumnType::List(_)));
        self.columns = names.into_iter().zip(are_lists).collect();
        self.inner.began = true;
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        // Of rows with the same ID the last one counts.
        self.inner.run = self.next_version();
        self.waiting += 1;
        StoreSink::row(&mut self.inner, schema, row, misfits)
    }

    fn is_due(&self) -> bool {
        false
    }

    fn store(&mut self, misfits: &mut Misfits, _: bool) -> Result<(), ExportError> {
        self.inner.state.misfits += misfits.0.len() as u64;
        self.misfits.0.append(&mut misfits.0);
        let must = self.waiting == 0 || !self.gone.is_empty() || !self.coverage.is_empty();
        let are_many = self.waiting >= ROWS_AT_ONCE || self.inner.rows.len() >= BYTES_AT_ONCE;
        if must || are_many {
            self.flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use brimful::Page;

    use super::*;
    use crate::schema::Plan;
    use crate::sinks::run_state::SyncWrites;
    use crate::writer::RowWriter;

    #[test]
    fn rows_that_wait_for_a_run_into_other_tables_are_left_alone_for_a_day() {
        let now = 1_795_000_000_000_000_000;
        let stage = |table: &str, version: u64| format!("{STAGE}{table}_{version}");
        let is_left = |name: &str| is_left(name, &["crm_deal".to_owned()], now);
        assert!(is_left(&stage("crm_deal", now - 1)));
        assert!(!is_left(&stage("crm_lead", now - 1)));
        assert!(!is_left(&stage("my_crm_deal", now - DAY)));
        assert!(is_left(&stage("crm_lead", now - DAY - 1)));
        assert!(!is_left("_brimful_stage_of_somebody_else"));
    }

    #[test]
    fn of_several_versions_of_a_row_that_are_written_at_once_the_last_one_counts() {
        let Ok(url) = std::env::var("BRIMFUL_TEST_CLICKHOUSE") else {
            return;
        };
        let options = StoreOptions {
            table: "synced_versions".to_owned(),
            command: r#"{"portal":"p","sync":"crm.deal","method":"crm.deal.list"}"#.to_owned(),
            resume: false,
            ..StoreOptions::default()
        };
        let mut sink = SyncedClickhouse::open(&url, url.clone(), options).unwrap();
        sink.state_mut().sync = Some(SyncWrites::default());
        sink.prepare().unwrap();
        sink.run("DROP TABLE IF EXISTS synced_versions").unwrap();
        let mut writer = RowWriter::new(Box::new(sink), Plan::of_list("crm.deal.list"));
        let mut write = |titles: &[&str]| {
            let rows = titles
                .iter()
                .map(|title| (Some(1), format!(r#"{{"ID":"1","TITLE":"{title}"}}"#)));
            let page: Page = rows.collect();
            writer.write_page(&page, &mut Vec::new()).unwrap();
            let sink = writer.store().unwrap().synced_clickhouse().unwrap();
            sink.flush().unwrap();
            let stored = sink
                .rows("SELECT TITLE FROM synced_versions FINAL")
                .unwrap();
            let title = stored[0][0].clone().unwrap();
            (title, sink.state().sync.as_ref().unwrap().written)
        };
        assert_eq!(write(&["B"]), ("B".to_owned(), 1));
        assert_eq!(write(&["A", "B"]), ("B".to_owned(), 1));
        assert_eq!(write(&["B", "A", "C"]), ("C".to_owned(), 2));
    }
}
