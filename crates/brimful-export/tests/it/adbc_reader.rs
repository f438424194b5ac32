//! Reads databases by their drivers of ADBC, as any other program does.

use std::path::Path;

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::ManagedDriver;
use arrow_array::Array;
use arrow_array::cast::AsArray;

/// A driver, and the option that names the file of a database to it.
pub(crate) struct AdbcDriver<'p> {
    pub(crate) library: &'p Path,
    pub(crate) entrypoint: Option<&'static [u8]>,
    pub(crate) file_option: &'static str,
}

impl<'p> AdbcDriver<'p> {
    /// The driver in the library of DuckDB.
    pub(crate) fn duckdb(library: &'p Path) -> Self {
        Self {
            library,
            entrypoint: Some(b"duckdb_adbc_init"),
            file_option: "path",
        }
    }

    /// The rows of a query; what is null or no text is `None`.
    pub(crate) fn rows(&self, file: &Path, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut driver = ManagedDriver::load_dynamic_from_filename(
            self.library,
            self.entrypoint,
            AdbcVersion::V100,
        )
        .unwrap();
        let file = OptionValue::from(file.to_str().unwrap());
        let options = [(OptionDatabase::from(self.file_option), file)];
        let database = driver.new_database_with_opts(options).unwrap();
        let mut connection = database.new_connection().unwrap();
        let mut statement = connection.new_statement().unwrap();
        statement.set_sql_query(sql).unwrap();
        let mut rows = Vec::new();
        for batch in statement.execute().unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|column| {
                    let texts = column.as_string_opt::<i32>()?;
                    (!texts.is_null(row)).then(|| texts.value(row).to_owned())
                });
                rows.push(cells.collect());
            }
        }
        rows
    }
}
