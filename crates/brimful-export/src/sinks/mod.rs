//! Where decoded rows go: the writers of file formats, and stores.

#[cfg(feature = "adbc")]
pub(crate) mod adbc;
#[cfg(feature = "parquet")]
mod arrow;
#[cfg(feature = "arrow")]
pub(crate) mod batches;
#[cfg(feature = "xlsx")]
pub(crate) mod caught_panics;
mod chunks;
#[cfg(feature = "clickhouse")]
pub(crate) mod clickhouse;
mod csv;
#[cfg(feature = "parquet")]
pub(crate) mod dataset;
#[cfg(feature = "sync")]
mod dialect;
#[cfg(feature = "dialects")]
pub(crate) mod indexes;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod new_rows;
#[cfg(feature = "stores")]
pub(crate) mod owner;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod password_files;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod reconnecting;
pub(crate) mod run_state;
mod singer;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "dialects")]
mod statements;
#[cfg(any(feature = "clickhouse", feature = "mysql", feature = "postgres"))]
mod tab_separated;
#[cfg(any(
    feature = "adbc",
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
mod table_plan;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod tls;
#[cfg(any(feature = "clickhouse", feature = "postgres", feature = "s3"))]
pub(crate) mod writer_runtime;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::collections::HashMap;
use std::io::Write;
#[cfg(any(feature = "s3", feature = "sync"))]
use std::time::Duration;

use crate::cell::Cell;
use crate::column_names::ColumnNames;
use crate::error::ExportError;
use crate::format::FileFormat;
use crate::misfit::Misfits;
#[cfg(feature = "arrow")]
use crate::picked::{PickedRows, Unfit};
use crate::schema::{Column, Schema};
#[cfg(feature = "sync")]
pub(crate) use dialect::Dialect;
#[cfg(feature = "stores")]
use run_state::RunState;

/// What the header of a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Headers {
    /// The names of the fields.
    #[default]
    Names,
    /// What people call them, where the portal says so.
    Titles,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// What stands between the values of a CSV file; its usual one if `None`.
    pub delimiter: Option<u8>,
    /// Begin a CSV file with the mark by which Excel knows that it is Unicode.
    pub excel: bool,
    /// What the header of CSV and Excel files shows.
    pub headers: Headers,
    /// The name of the entity, such as `crm_deal`: the sheet of a workbook is called so.
    pub table: String,
    /// What makes one run the same as another: kept in the STATE messages of Singer.
    pub command: String,
    /// The value of the last STATE message of an earlier run; null if there is none.
    pub state: serde_json::Value,
    /// Continue the run of the same command that the STATE message says was interrupted.
    pub resume: bool,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            excel: false,
            headers: Headers::Names,
            table: "rows".to_owned(),
            command: String::new(),
            state: serde_json::Value::Null,
            resume: false,
        }
    }
}

/// What becomes of a column of a table whose field has another type now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangedTypes {
    /// The run ends with an error that names the column.
    #[default]
    Stop,
    /// The column is made one of texts, with the values that it has, and this run writes texts to it.
    Text,
}

/// How a run writes to a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreOptions {
    /// The table, which is made if it is not there.
    pub table: String,
    /// What makes one run the same as another: the list with its parameters, and the columns. It is kept in the store
    /// until the run is finished.
    pub command: String,
    /// Continue a run of the same command that was interrupted, if there is one.
    pub resume: bool,
    /// Begin although a run of another command was interrupted, which then cannot be resumed.
    pub drop_interrupted: bool,
    /// What becomes of columns whose fields have other types now.
    pub changed_types: ChangedTypes,
}

/// A row, read.
pub(crate) struct DecodedRow<'r, 'a> {
    /// The JSON of its ID.
    #[cfg_attr(
        not(any(
            feature = "adbc",
            feature = "clickhouse",
            feature = "sync",
            feature = "xlsx"
        )),
        expect(dead_code, reason = "only these have values that they cannot hold")
    )]
    pub(crate) id: Option<&'a str>,
    /// A value for each column.
    pub(crate) cells: &'r [Cell<'a>],
    /// The JSON of the field of each column.
    #[cfg_attr(
        not(any(
            feature = "adbc",
            feature = "clickhouse",
            feature = "sync",
            feature = "xlsx"
        )),
        expect(dead_code, reason = "only these have values that they cannot hold")
    )]
    pub(crate) raw: &'r [Option<&'a str>],
}

impl DecodedRow<'_, '_> {
    /// The ID by which a store finds it.
    pub(crate) fn key(&self, schema: &Schema) -> Option<u64> {
        match &self.cells[schema.key?] {
            Cell::Int(id) => u64::try_from(*id).ok(),
            _ => None,
        }
    }

    /// Records that the value of a column does not fit, for a reason that the column's type does not tell.
    #[cfg(any(
        feature = "adbc",
        feature = "clickhouse",
        feature = "sync",
        feature = "xlsx"
    ))]
    pub(crate) fn does_not_fit(
        &self,
        schema: &Schema,
        column: usize,
        reason: &'static str,
        misfits: &mut Misfits,
    ) {
        if let Some(json) = self.raw[column] {
            let field = &schema.fields[schema.columns[column].field];
            misfits.add(self.id, field, json, reason);
        }
    }
}

/// Takes decoded rows.
pub(crate) trait RowSink: Send {
    /// Takes the columns: before the first row, and again whenever there are new ones. `misfits` are of the rows before: a
    /// sink that stores those rows now stores them as well.
    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError>;

    /// Takes columns for texts whose types have changed, where that is asked for: before [`Self::begin`] takes the same
    /// columns. Gives the names of those that it makes columns of texts.
    fn settle_types(&mut self, _: &mut Schema) -> Result<Vec<String>, ExportError> {
        Ok(Vec::new())
    }

    /// Whether it is a table: rows are found by their ID there, and columns may be added between rows.
    fn is_store(&self) -> bool {
        false
    }

    /// Whether labels are in a table of their own, and not in columns.
    fn has_label_tables(&self) -> bool {
        self.is_store()
    }

    /// What the names of columns have to be.
    fn names(&self) -> ColumnNames {
        ColumnNames::default()
    }

    /// Whether columns may be added between rows.
    fn takes_new_columns(&self) -> bool {
        self.is_store()
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError>;

    /// The same sink, if it takes the values of a column one after the other.
    #[cfg(feature = "arrow")]
    fn by_column(&mut self) -> Option<&mut dyn ColumnSink> {
        None
    }

    /// A page is over. A file appends what is ready of it to `out`; a store takes the misfits away.
    fn end_page(&mut self, misfits: &mut Misfits, out: &mut Vec<u8>) -> Result<(), ExportError>;

    /// There are no more rows.
    fn finish(&mut self, misfits: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError>;

    /// The rows have not all come, and no more will come in this run: a file is ended anyway, so that it can be
    /// opened.
    fn leave(&mut self, misfits: &mut Misfits, out: &mut dyn Write) -> Result<(), ExportError> {
        self.finish(misfits, out)
    }

    /// There are more rows, but not now: a store stores what it has, and the run can be resumed.
    fn pause(&mut self, _: &mut Misfits) -> Result<(), ExportError> {
        Ok(())
    }

    /// How many rows the interrupted run has left that is resumed, and the ID of the last one.
    fn resumed(&self) -> Option<(u64, u64)> {
        None
    }

    /// How many rows a store has for certain, and the ID of the last of them.
    fn stored_rows(&self) -> Option<(u64, Option<u64>)> {
        None
    }

    /// Misfits that a store has taken away.
    fn stored_misfits(&self) -> u64 {
        0
    }

    /// The database, if it is one.
    #[cfg(feature = "sync")]
    fn as_store(&mut self) -> Option<&mut dyn StoreSink> {
        None
    }
}

/// Why a run may not write to a table that another one writes to.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn is_being_written(table: &str) -> String {
    format!("another export is writing the table {table} there; wait until it has ended")
}

/// Why a run that has lost its connection, and the lock of its table with it, may not go on.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn was_taken_over(table: &str) -> String {
    format!(
        "the connection was lost, and another export has begun to write the table {table} there; wait until it has ended, \
         and run this one again"
    )
}

/// Why a moment between two seconds goes to a column of whole seconds without its fraction.
#[cfg(any(feature = "clickhouse", feature = "mysql"))]
pub(crate) const WHOLE_SECONDS: &str =
    "the column has whole seconds, so it is there without its fraction";

/// Takes rows column by column, straight from their JSON: one type after the other, and no value is kept between.
#[cfg(feature = "arrow")]
pub(crate) trait ColumnSink {
    /// How many rows can be taken at once.
    fn rows_left(&self) -> usize;

    /// Takes at most as many rows. Values that do not fit are added to `unfit`.
    fn rows<'a>(
        &mut self,
        schema: &Schema,
        rows: &PickedRows<'a>,
        unfit: &mut Vec<Unfit<'a>>,
    ) -> Result<(), ExportError>;
}

/// How long a server that has gone away is waited for, from one attempt to the next.
#[cfg(any(feature = "s3", feature = "sync"))]
pub(crate) const RECONNECT_AFTER: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// The column that says since when a row is no longer in the portal.
#[cfg(feature = "sync")]
pub(crate) const DELETED_AT: &str = "_deleted_at";

/// Takes a row of a query, as texts.
#[cfg(feature = "sync")]
pub(crate) type TakeRow<'t> = dyn FnMut(&[Option<String>]) + 't;

/// A database. Rows wait in it until they are stored, together with the values that did not fit and how far the run is.
#[cfg(feature = "stores")]
pub(crate) trait StoreSink: Send {
    /// How far the run is.
    fn state(&self) -> &RunState;

    /// The same, to be changed.
    #[cfg_attr(
        not(feature = "sync"),
        expect(
            dead_code,
            reason = "only tables that are kept in sync have it changed from outside"
        )
    )]
    fn state_mut(&mut self) -> &mut RunState;

    /// Whether labels are in a table of their own, and not in columns.
    fn has_label_tables(&self) -> bool {
        true
    }

    /// What the names of columns have to be.
    fn names(&self) -> ColumnNames {
        ColumnNames::OF_DATABASES
    }

    /// The table that is kept in sync, where it is in a folder of Parquet files.
    #[cfg(all(feature = "parquet", feature = "sync"))]
    fn synced_dataset(&mut self) -> Option<&mut dataset::synced::SyncedDataset> {
        None
    }

    /// The table that is kept in sync, where it is in ClickHouse.
    #[cfg(feature = "clickhouse")]
    fn synced_clickhouse(&mut self) -> Option<&mut clickhouse::synced::SyncedClickhouse> {
        None
    }

    /// How its SQL differs, where tables can be kept in sync in it.
    #[cfg(feature = "sync")]
    fn dialect(&self) -> Option<Dialect> {
        None
    }

    /// Runs statements that stand for themselves, or a query, and hands each of its rows over. Stores with a dialect
    /// have it. If the connection to a server is lost meanwhile, it is made again and the text is sent once more: so
    /// statements are such that doing them twice does no harm, and a query has an order, as the rows that it has handed
    /// over already are passed over.
    #[cfg(feature = "sync")]
    fn query(&mut self, _: &str, _: &mut TakeRow<'_>) -> Result<(), ExportError> {
        Err(ExportError::Name(
            "tables cannot be kept in sync in this store".to_owned(),
        ))
    }

    /// The places of the columns whose type in the store is not the one that they would be made with.
    fn columns_of_other_types(&mut self, _: &Schema) -> Result<Vec<usize>, ExportError> {
        Ok(Vec::new())
    }

    /// Makes the table, or adds the columns that it lacks: before the first row, and again whenever there are new ones.
    /// The rows that wait are stored before that, together with `misfits`, which are of them.
    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError>;

    /// Takes a row. It waits until it is stored.
    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError>;

    /// Whether so much waits that it is to be stored now.
    fn is_due(&self) -> bool;

    /// Stores what waits in one transaction, and takes the misfits away. `finished`: there are no more rows.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError>;

    /// Waits until what was sent is stored, where rows are read while the store takes those before.
    fn settle(&mut self) -> Result<(), ExportError> {
        Ok(())
    }
}

#[cfg(feature = "stores")]
impl<S: StoreSink + 'static> RowSink for S {
    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        StoreSink::begin(self, schema, misfits)
    }

    fn settle_types(&mut self, schema: &mut Schema) -> Result<Vec<String>, ExportError> {
        if self.state().changed_types == ChangedTypes::Stop {
            return Ok(Vec::new());
        }
        for place in self.columns_of_other_types(schema)? {
            // Rows are found by the key, so it stays.
            if Some(place) != schema.key {
                schema.columns[place].take_as_text();
            }
        }
        // Those that are texts in the store already are left alone.
        let left = self.columns_of_other_types(schema)?.into_iter();
        let left = left.filter(|place| Some(*place) != schema.key);
        Ok(left
            .map(|place| schema.columns[place].name.clone())
            .collect())
    }

    fn is_store(&self) -> bool {
        true
    }

    fn has_label_tables(&self) -> bool {
        StoreSink::has_label_tables(self)
    }

    fn names(&self) -> ColumnNames {
        StoreSink::names(self)
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        StoreSink::row(self, schema, row, misfits)
    }

    fn end_page(&mut self, misfits: &mut Misfits, _: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.is_due() {
            self.store(misfits, false)?;
        }
        Ok(())
    }

    fn finish(&mut self, misfits: &mut Misfits, _: &mut dyn Write) -> Result<(), ExportError> {
        self.store(misfits, true)
    }

    fn leave(&mut self, misfits: &mut Misfits, _: &mut dyn Write) -> Result<(), ExportError> {
        self.store(misfits, false)?;
        self.settle()
    }

    fn pause(&mut self, misfits: &mut Misfits) -> Result<(), ExportError> {
        self.store(misfits, false)?;
        self.settle()
    }

    fn resumed(&self) -> Option<(u64, u64)> {
        self.state().resumed
    }

    fn stored_rows(&self) -> Option<(u64, Option<u64>)> {
        Some(self.state().stored())
    }

    fn stored_misfits(&self) -> u64 {
        self.state().misfits
    }

    #[cfg(feature = "sync")]
    fn as_store(&mut self) -> Option<&mut dyn StoreSink> {
        Some(self)
    }
}

/// The writer of a format.
pub(crate) fn of_file(
    format: FileFormat,
    options: &FileOptions,
) -> Result<Box<dyn RowSink>, ExportError> {
    Ok(match format {
        FileFormat::Csv => Box::new(csv::CsvSink::new(b',', options)),
        FileFormat::Tsv => Box::new(csv::CsvSink::new(b'\t', options)),
        FileFormat::JsonLines => {
            return Err(ExportError::Name(
                "JSON Lines have rows as they are, and no columns".to_owned(),
            ));
        }
        FileFormat::Singer => Box::new(singer::SingerSink::new(options)),
        #[cfg(feature = "xlsx")]
        FileFormat::Xlsx => Box::new(xlsx::XlsxSink::new(options)),
        #[cfg(feature = "parquet")]
        FileFormat::Parquet | FileFormat::Arrow => Box::new(batches::BatchSink::new(
            arrow::ArrowFile::new(format == FileFormat::Parquet),
        )),
        #[cfg(not(all(feature = "xlsx", feature = "parquet")))]
        other => {
            return Err(ExportError::Name(format!(
                "this build cannot write {} files",
                other.name()
            )));
        }
    })
}

/// The columns of a store whose codes have labels, each with its codes and labels in their order.
#[cfg(any(feature = "adbc", feature = "clickhouse", feature = "sync"))]
pub(crate) fn labelled(schema: &Schema) -> Vec<(&Column, Vec<(&str, &str)>)> {
    let columns = schema.columns.iter();
    columns
        .filter_map(|column| {
            let labels = column.labels.as_ref()?.iter();
            let mut labels: Vec<_> = labels
                .map(|(code, label)| (code.as_str(), label.as_str()))
                .collect();
            labels.sort_unstable();
            Some((column, labels))
        })
        .collect()
}

/// The name of the column with the labels of another one, in a view that has all columns of the schema.
#[cfg(any(
    feature = "adbc",
    feature = "clickhouse",
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite"
))]
pub(crate) fn label_name(names: &ColumnNames, schema: &Schema, column: &Column) -> String {
    let columns = schema.columns.iter();
    let taken = columns.map(|column| names.compared(&column.name)).collect();
    names.unique(&format!("{}{}", column.name, crate::schema::LABEL), &taken)
}

/// The headers of the columns. A title that several fields have is followed by the name of its column.
pub(crate) fn headers_of(schema: &Schema, headers: Headers) -> Vec<String> {
    let shown = |column: &Column| match headers {
        Headers::Titles => column.title.clone().unwrap_or_else(|| column.name.clone()),
        Headers::Names => column.name.clone(),
    };
    let mut times: HashMap<String, usize> = HashMap::new();
    for column in &schema.columns {
        *times.entry(shown(column)).or_default() += 1;
    }
    let columns = schema.columns.iter();
    columns
        .map(|column| match shown(column) {
            title if times.get(&title).is_some_and(|times| *times > 1) => {
                format!("{title} ({})", column.name)
            }
            title => title,
        })
        .collect()
}
