//! DuckDB, whose library is in `BRIMFUL_DUCKDB_LIBRARY`, and SQLite by its driver of ADBC in `BRIMFUL_TEST_ADBC_SQLITE`:
//! `./test` gets both; without them there is nothing to test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use brimful_export::{RowWriter, Store};

use super::*;
use crate::adbc_reader::AdbcDriver;

struct DuckdbFile {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl DuckdbFile {
    fn new() -> Option<Self> {
        let library = std::env::var_os("BRIMFUL_DUCKDB_LIBRARY")?;
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
            library: library.into(),
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("portal.duckdb")
    }

    fn store(&self) -> Store {
        format!("duckdb:{}", self.path().display()).parse().unwrap()
    }

    /// The rows of a query, whose columns are texts, joined by `|`.
    fn rows(&self, sql: &str) -> Vec<String> {
        joined_rows(&AdbcDriver::duckdb(&self.library), &self.path(), sql)
    }

    fn execute(&self, sql: &str) {
        self.rows(sql);
    }
}

/// The rows of a query, whose columns are texts, joined by `|`.
fn joined_rows(driver: &AdbcDriver<'_>, file: &Path, sql: &str) -> Vec<String> {
    let rows = driver.rows(file, sql).into_iter();
    let texts = rows.map(|row| row.into_iter().map(Option::unwrap_or_default));
    texts.map(|row| row.collect::<Vec<_>>().join("|")).collect()
}

fn write(store: &Store, plan: Plan, page: &Page) -> RowWriter {
    let mut writer = store.open(options("crm_deal"), plan).unwrap();
    writer.write_page(page, &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    writer
}

fn page(rows: &[&str]) -> Page {
    rows.iter().map(|row| (None, (*row).to_owned())).collect()
}

#[test]
fn a_table_of_duckdb_holds_the_rows_with_their_types_and_what_does_not_fit() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(write(&file.store(), plan(), &rows()).misfits(), 1);
    }
    let columns = COLUMNS.map(|name| {
        let value = match name {
            "DATE_CREATE" => {
                "strftime(make_timestamp(epoch_us(\"DATE_CREATE\")), '%Y-%m-%dT%H:%M:%SZ')"
                    .to_owned()
            }
            "UF_CRM_1700000000007" => format!("replace(CAST(\"{name}\" AS VARCHAR), ' ', '')"),
            // As many digits as it is written with.
            "OPPORTUNITY" | "UF_CRM_1700000000008" => {
                format!("regexp_replace(CAST(\"{name}\" AS VARCHAR), '(\\.[0-9][0-9])00$', '\\1')")
            }
            name => format!("CAST(\"{name}\" AS VARCHAR)"),
        };
        format!("coalesce({value}, '')")
    });
    let found = file.rows(&format!(
        "SELECT {} FROM crm_deal ORDER BY \"ID\"",
        columns.join(", ")
    ));
    let expected: Vec<String> = expected(|_, cell| cell.to_owned())
        .iter()
        .map(|row| row.join("|"))
        .collect();
    assert_eq!(found, expected);
    let types = file.rows(
        "SELECT data_type FROM duckdb_columns() WHERE table_name = 'crm_deal' ORDER BY column_index",
    );
    let kinds = [
        "BIGINT",
        "VARCHAR",
        "DECIMAL(20,4)",
        "BOOLEAN",
        "TIMESTAMP WITH TIME ZONE",
        "DATE",
        "DOUBLE",
        "BIGINT[]",
        "DECIMAL(20,4)",
        "VARCHAR",
    ];
    assert_eq!(types, kinds);
    let misfits = file.rows("SELECT id, field, value FROM _brimful_errors");
    assert_eq!(misfits, ["9007199254740993|CLOSEDATE|\"0000-00-00\""]);
    let title = file.rows(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'crm_deal' AND column_name = 'ID'",
    );
    assert_eq!(title, ["ID"]);
}

#[test]
fn phones_are_a_list_of_structures_in_duckdb() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let row =
        r#"{"ID":"1","PHONE":[{"ID":"7","VALUE":"+7 900","VALUE_TYPE":"WORK","TYPE_ID":"PHONE"}]}"#;
    let mut writer = file
        .store()
        .open(options("crm_contact"), plan_of("crm.contact"))
        .unwrap();
    for _ in 0..2 {
        writer.write_page(&page(&[row]), &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    drop(writer);
    let found = file.rows("SELECT \"PHONE\"[1].\"VALUE\", \"PHONE__FIRST\" FROM crm_contact");
    assert_eq!(found, ["+7 900|+7 900"]);
}

#[test]
fn a_field_that_appears_later_becomes_a_column_of_duckdb_and_an_old_row_is_updated() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let store = file.store();
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    for row in [
        r#"{"ID":"1","TITLE":"a"}"#,
        r#"{"ID":"2","TITLE":"b","UF_LATE":"x"}"#,
        r#"{"ID":"1","TITLE":"c"}"#,
    ] {
        writer.write_page(&page(&[row]), &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    drop(writer);
    let select =
        "SELECT \"ID\" || \"TITLE\" || coalesce(\"UF_LATE\", '') FROM crm_deal ORDER BY \"ID\"";
    assert_eq!(file.rows(select), ["1c", "2bx"]);
    // The next run has another one.
    let more = page(&[r#"{"ID":"2","TITLE":"d","UF_LATER":"y"}"#]);
    write(&store, plan(), &more);
    let select =
        "SELECT \"ID\" || \"TITLE\" || coalesce(\"UF_LATER\", '') FROM crm_deal ORDER BY \"ID\"";
    assert_eq!(file.rows(select), ["1c", "2dy"]);
}

#[test]
fn a_row_that_comes_twice_at_once_is_there_once_as_it_came_last() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let twice = page(&[
        r#"{"ID":"1","TITLE":"a"}"#,
        r#"{"ID":"2","TITLE":"b"}"#,
        r#"{"ID":"1","TITLE":"c"}"#,
    ]);
    write(&file.store(), plan(), &twice);
    let select = "SELECT \"ID\" || \"TITLE\" FROM crm_deal ORDER BY \"ID\"";
    assert_eq!(file.rows(select), ["1c", "2b"]);
}

#[test]
fn rows_without_ids_replace_the_table_of_duckdb() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let keyless = || Plan {
        id_field: String::new(),
        ..Plan::default()
    };
    write(
        &file.store(),
        keyless(),
        &page(&[r#"{"NAME":"a"}"#, r#"{"NAME":"a"}"#]),
    );
    write(
        &file.store(),
        keyless(),
        &page(&[r#"{"NAME":"b"}"#, r#"{"NAME":"b"}"#]),
    );
    assert_eq!(file.rows("SELECT \"NAME\" FROM crm_deal"), ["b", "b"]);
}

#[test]
fn an_interrupted_run_to_duckdb_is_resumed_by_the_same_command_alone() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let store = file.store();
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), None);
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    let other = StoreOptions {
        command: "crm.deal.list with a 'filter'".to_owned(),
        drop_interrupted: true,
        ..options("crm_deal")
    };
    assert_eq!(store.open(other, plan()).unwrap().resumed(), None);
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
    assert_eq!(writer.misfits(), 1, "that of the interrupted run is kept");
    let last = page(&[r#"{"ID":"9007199254740994","TITLE":"last"}"#]);
    writer.write_page(&last, &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    drop(writer);
    let state = file.rows("SELECT rows || ' ' || finished FROM _brimful_state");
    assert_eq!(state, ["4 1"]);
    let writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), None, "it is finished");
}

#[test]
fn a_view_of_duckdb_has_the_labels_of_single_and_multiple_fields() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    let labelled = |sized: &str| {
        let dictionary = |entries: &[(&str, &str)]| {
            let entries = entries.iter();
            let entries = entries.map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
            Arc::new(entries.collect())
        };
        Plan {
            labels: [
                (
                    "TYPE_ID".to_owned(),
                    dictionary(&[("SALE", "It's a \\ sale")]),
                ),
                (
                    "UF_CRM_1700000000007".to_owned(),
                    dictionary(&[("1", "small"), ("2", sized)]),
                ),
            ]
            .into_iter()
            .collect(),
            ..plan()
        }
    };
    let rows = [
        r#"{"ID":"1","TYPE_ID":"SALE","UF_CRM_1700000000007":["2","9","1"]}"#,
        r#"{"ID":"2","TYPE_ID":"OTHER"}"#,
    ];
    let shown = || {
        file.rows(
            "SELECT coalesce(\"TYPE_ID__LABEL\", '-'), coalesce(CAST(\"UF_CRM_1700000000007__LABEL\" AS VARCHAR), '-') \
             FROM crm_deal_labeled ORDER BY \"ID\"",
        )
    };
    write(&file.store(), labelled("large"), &page(&rows));
    assert_eq!(shown(), ["It's a \\ sale|[large, NULL, small]", "-|-"]);
    // Without labels a column more: the view stays as it is.
    write(
        &file.store(),
        plan(),
        &page(&[r#"{"ID":"3","UF_LATE":"x"}"#]),
    );
    assert_eq!(shown().len(), 3);
    write(&file.store(), labelled("big"), &page(&rows));
    assert_eq!(shown()[0], "It's a \\ sale|[big, NULL, small]");
}

#[test]
fn a_column_of_another_type_in_duckdb_is_refused_with_the_statement_that_changes_it() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    file.execute("CREATE TABLE crm_deal (\"ID\" BIGINT, \"TITLE\" INTEGER)");
    let mut writer = file.store().open(options("crm_deal"), plan()).unwrap();
    let error = writer.write_page(&rows(), &mut Vec::new());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("ALTER TABLE \"crm_deal\" ALTER \"TITLE\" TYPE VARCHAR"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_a_database_is_told() {
    let Some(file) = DuckdbFile::new() else {
        return;
    };
    std::fs::write(file.path(), "this is not a database ".repeat(1_000)).unwrap();
    let error = file.store().open(options("crm_deal"), plan());
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("duckdb:") && error.contains("not a valid DuckDB database file"),
        "{error}"
    );
}

#[test]
fn a_driver_that_is_not_there_is_told_without_passwords() {
    let address = "adbc:adbc_driver_of_nobody?uri=x://me:s3cret@host/db&password=s3cret";
    let store: Store = address.parse().unwrap();
    let error = store.open(options("crm_deal"), plan());
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("adbc:adbc_driver_of_nobody: the driver cannot be loaded")
            && !error.contains("s3cret"),
        "{error}"
    );
}

/// A database whose SQL is not DuckDB's.
#[test]
fn a_driver_of_another_database_takes_the_rows_and_updates_them() {
    let Some(library) = std::env::var_os("BRIMFUL_TEST_ADBC_SQLITE") else {
        return;
    };
    let library = Path::new(&library);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adbc.db");
    let store: Store = format!("adbc:{}?uri={}", library.display(), path.display())
        .parse()
        .unwrap();
    let labelled = Plan {
        labels: [(
            "TITLE".to_owned(),
            Arc::new([("c".to_owned(), "See".to_owned())].into_iter().collect()),
        )]
        .into_iter()
        .collect(),
        ..plan()
    };
    for _ in 0..2 {
        assert_eq!(write(&store, labelled.clone(), &rows()).misfits(), 1);
    }
    write(
        &store,
        plan(),
        &page(&[r#"{"ID":"2","TITLE":"b","UF_LATE":"x"}"#]),
    );
    let driver = AdbcDriver {
        library,
        entrypoint: None,
        file_option: "uri",
    };
    let found = joined_rows(
        &driver,
        &path,
        "SELECT CAST(ID AS TEXT), TITLE, CAST(coalesce(OPPORTUNITY, '') AS TEXT), coalesce(UF_CRM_1700000000007, ''), \
         coalesce(UF_LATE, '') FROM crm_deal ORDER BY ID",
    );
    assert_eq!(
        found,
        [
            "1|a,\"b\"\r\nЖ|100.1|[1,2]|",
            "2|b|||x",
            "9007199254740993|c|-0.1234||"
        ]
    );
    let labels = "SELECT TITLE__LABEL FROM crm_deal_labeled WHERE TITLE = 'c'";
    assert_eq!(joined_rows(&driver, &path, labels), ["See"]);
    // An interrupted run is resumed there too.
    let mut writer = store.open(options("crm_lead"), plan()).unwrap();
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    let writer = store.open(options("crm_lead"), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
}
