//! MySQL and MariaDB: the server in `BRIMFUL_TEST_MYSQL`, which `./test` starts; without one there is nothing to test.

use std::sync::Arc;

use brimful_export::{RowWriter, Store};
use mysql::prelude::Queryable;

use super::*;

struct Server {
    store: Store,
    connection: mysql::Conn,
}

impl Server {
    fn find(table: &str) -> Option<Self> {
        let url = std::env::var("BRIMFUL_TEST_MYSQL").ok()?;
        let mut connection = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
        connection
            .query_drop(format!("DROP TABLE IF EXISTS {table}"))
            .unwrap();
        Some(Self {
            store: url.parse().unwrap(),
            connection,
        })
    }

    /// The one value that a query has, as text.
    fn text(&mut self, sql: &str) -> Option<String> {
        let found: Option<Option<String>> = self.connection.query_first(sql).unwrap();
        found.flatten()
    }

    /// Has the store in a database of its own, so that the connections to it are those of one test.
    fn use_own_database(&mut self, database: &str) {
        for statement in [
            format!("DROP DATABASE IF EXISTS {database}"),
            format!("CREATE DATABASE {database}"),
        ] {
            self.connection.query_drop(statement).unwrap();
        }
        let url = std::env::var("BRIMFUL_TEST_MYSQL").unwrap();
        let (host, _) = url.rsplit_once('/').unwrap();
        self.store = format!("{host}/{database}").parse().unwrap();
    }

    /// Ends all connections to a database.
    fn end_connections(&mut self, database: &str) {
        let others: Vec<u64> = self
            .connection
            .query(format!(
                "SELECT id FROM information_schema.processlist WHERE db = '{database}'"
            ))
            .unwrap();
        assert!(!others.is_empty());
        for other in others {
            // One of a writer that is dropped may have ended by itself.
            let _ = self.connection.query_drop(format!("KILL {other}"));
        }
    }

    fn write(&self, table: &str, plan: Plan, page: &Page) -> RowWriter {
        let mut writer = self.store.open(options(table), plan).unwrap();
        writer.write_page(page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        writer
    }
}

#[test]
fn a_table_of_mysql_holds_the_rows_and_what_does_not_fit() {
    let Some(mut server) = Server::find("contract_rows") else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(server.write("contract_rows", plan(), &rows()).misfits(), 1);
    }
    let columns = COLUMNS.map(|name| match name {
        "DATE_CREATE" => "DATE_FORMAT(DATE_CREATE, '%Y-%m-%dT%H:%i:%sZ')".to_owned(),
        name => format!("CAST({name} AS CHAR)"),
    });
    let sql = format!(
        "SELECT {} FROM contract_rows ORDER BY id",
        columns.join(", ")
    );
    let found: Vec<mysql::Row> = server.connection.query(sql).unwrap();
    let found: Vec<Vec<String>> = found
        .into_iter()
        .map(|row| {
            let cells = row.unwrap().into_iter();
            cells
                .map(|cell| mysql::from_value::<Option<String>>(cell).unwrap_or_default())
                .collect()
        })
        .collect();
    let as_stored = |place, cell: &str| match (place, cell) {
        (3, "true") => "1".to_owned(),
        (3, "false") => "0".to_owned(),
        (2 | 8, amount) if amount.contains('.') => {
            let behind = amount.split('.').nth(1).unwrap().len();
            format!("{amount}{}", "0".repeat(4 - behind))
        }
        _ => cell.to_owned(),
    };
    assert_eq!(found, expected(as_stored));
    let misfit = server.text(
        "SELECT concat_ws(' ', count(*), min(id), min(field), min(value)) FROM _brimful_errors WHERE `table` = 'contract_rows'",
    );
    assert_eq!(
        misfit.unwrap(),
        "1 9007199254740993 CLOSEDATE \"0000-00-00\""
    );
    let title = server.text(
        "SELECT column_comment FROM information_schema.columns WHERE table_name = 'contract_rows' AND column_name = 'TITLE'",
    );
    assert!(title.is_some_and(|title| !title.is_empty()));
}

#[test]
fn texts_of_all_kinds_are_the_same_in_mysql() {
    let Some(mut server) = Server::find("contract_texts") else {
        return;
    };
    let long = "я".repeat(200_000);
    let texts = ["a\0b", "a\\N\tb\n\r'\"", "😀 \\", "\\N", long.as_str()];
    let page: Page = texts
        .iter()
        .zip(1..)
        .map(|(text, id)| {
            let row = serde_json::json!({"ID": id, "TITLE": text});
            (Some(id), row.to_string())
        })
        .collect();
    assert_eq!(server.write("contract_texts", plan(), &page).misfits(), 0);
    let found: Vec<String> = server
        .connection
        .query("SELECT title FROM contract_texts ORDER BY id")
        .unwrap();
    assert_eq!(found, texts);
}

#[test]
fn a_field_that_appears_later_becomes_a_column_of_mysql_and_an_old_row_is_updated() {
    let Some(mut server) = Server::find("contract_new") else {
        return;
    };
    let mut writer = server.store.open(options("contract_new"), plan()).unwrap();
    for row in [
        r#"{"ID":"1"}"#,
        r#"{"ID":"2","UF_LATE":"x"}"#,
        r#"{"ID":"1","UF_LATE":"y"}"#,
        r#"{"ID":"3"}"#,
    ] {
        let page = [(None, row.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    let late = server.text(
        "SELECT group_concat(concat(id, coalesce(uf_late, '')) ORDER BY id SEPARATOR ' ') FROM contract_new",
    );
    assert_eq!(late.as_deref(), Some("1y 2x 3"));
}

#[test]
fn a_view_of_mysql_has_the_labels() {
    let Some(mut server) = Server::find("contract_labels") else {
        return;
    };
    let dictionary = |entries: &[(&str, &str)]| {
        let entries = entries.iter();
        let entries = entries.map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
        Arc::new(entries.collect())
    };
    let labelled = || Plan {
        labels: [
            (
                "TYPE_ID".to_owned(),
                dictionary(&[("SALE", "It's a \\ sale")]),
            ),
            (
                "UF_CRM_1700000000007".to_owned(),
                dictionary(&[("1", "small"), ("2", "large")]),
            ),
        ]
        .into_iter()
        .collect(),
        ..plan()
    };
    let row = r#"{"ID":"1","TYPE_ID":"SALE","UF_CRM_1700000000007":["2","9","1"]}"#;
    let page: Page = [(Some(1), row.to_owned())].into_iter().collect();
    for _ in 0..2 {
        server.write("contract_labels", labelled(), &page);
    }
    let shown = server.text("SELECT type_id__label FROM contract_labels_labeled");
    assert_eq!(shown.as_deref(), Some("It's a \\ sale"));
    let list = server
        .text("SELECT uf_crm_1700000000007__label FROM contract_labels_labeled")
        .unwrap();
    assert!(
        list.contains("\"small\"") && list.contains("\"large\"") && list.contains("null"),
        "{list}"
    );
}

#[test]
fn an_interrupted_run_to_mysql_is_resumed_and_a_lost_connection_is_made_again() {
    let Some(mut server) = Server::find("contract_resume") else {
        return;
    };
    server.use_own_database("brimful_lost");
    let table = "contract_resume";
    let mut writer = server.store.open(options(table), plan()).unwrap();
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    let mut writer = server.store.open(options(table), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
    assert_eq!(writer.misfits(), 1);
    let row = r#"{"ID":"9007199254740994","TITLE":"last"}"#.to_owned();
    let page: Page = [(Some(9_007_199_254_740_994), row)].into_iter().collect();
    writer.write_page(&page, &mut Vec::new()).unwrap();
    server.end_connections("brimful_lost");
    writer.finish(&mut std::io::sink()).unwrap();
    let found = server.text("SELECT count(*) FROM brimful_lost.contract_resume");
    assert_eq!(found.as_deref(), Some("4"));
    let again = StoreOptions {
        resume: true,
        ..options(table)
    };
    assert_eq!(server.store.open(again, plan()).unwrap().resumed(), None);
}

#[test]
fn rows_that_somebody_else_has_inserted_meanwhile_are_updated() {
    let Some(mut server) = Server::find("contract_others") else {
        return;
    };
    let mut writer = server
        .store
        .open(options("contract_others"), plan())
        .unwrap();
    let page = |ids: &[u64]| -> Page {
        let rows = ids.iter().enumerate().map(|(place, id)| {
            let row = format!("{{\"ID\":\"{id}\",\"TITLE\":\"{place}\"}}");
            (Some(*id), row)
        });
        rows.collect()
    };
    writer.write_page(&page(&[1, 2]), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    server
        .connection
        .query_drop("INSERT INTO contract_others (ID, TITLE) VALUES (4, 'theirs')")
        .unwrap();
    writer.write_page(&page(&[3, 4]), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    // In another order, and one of them twice.
    writer
        .write_page(&page(&[6, 5, 6]), &mut Vec::new())
        .unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    let sql =
        "SELECT GROUP_CONCAT(CONCAT(ID, TITLE) ORDER BY ID SEPARATOR ' ') FROM contract_others";
    assert_eq!(server.text(sql).as_deref(), Some("10 21 30 41 51 62"));
}

#[test]
fn a_column_of_another_type_is_refused_with_the_statement_that_changes_it() {
    let Some(mut server) = Server::find("contract_type") else {
        return;
    };
    server
        .connection
        .query_drop("CREATE TABLE contract_type (id BIGINT PRIMARY KEY, title INT)")
        .unwrap();
    let mut writer = server.store.open(options("contract_type"), plan()).unwrap();
    let error = writer
        .write_page(&rows(), &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ALTER TABLE `contract_type` MODIFY `TITLE` LONGTEXT"),
        "{error}"
    );
}

#[test]
fn a_wrong_password_and_a_server_that_is_not_there_are_told_without_the_password() {
    let mut stores = vec!["mysql://me:s3cret@127.0.0.1:9/db".to_owned()];
    if let Ok(url) = std::env::var("BRIMFUL_TEST_MYSQL") {
        let host = url.split('@').next_back().unwrap();
        stores.push(format!("mysql://me:s3cret@{host}"));
    }
    for url in stores {
        let store: Store = url.parse().unwrap();
        let error = store.open(options("crm_deal"), plan()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("mysql://me@127.0.0.1:") && !error.contains("s3cret"),
            "{error}"
        );
    }
    let store: Store = "mysql://me@127.0.0.1:9".parse().unwrap();
    let error = store.open(options("crm_deal"), plan()).unwrap_err();
    assert!(error.to_string().contains("names no database"), "{error}");
}

#[test]
fn titles_that_have_changed_are_the_comments_of_columns_in_mysql_and_change_nothing_else() {
    let Some(mut server) = Server::find("contract_titles") else {
        return;
    };
    let mut definitions = Vec::new();
    for title in ["It's \\ first", "Second"] {
        let mut plan = plan();
        for field in ["ID", "TITLE"] {
            plan.fields.get_mut(field).unwrap().title = Some(title.to_owned());
        }
        server.write("contract_titles", plan, &rows());
        let comments = server.text(
            "SELECT group_concat(column_comment SEPARATOR '|') FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = 'contract_titles' AND column_name IN ('ID', 'TITLE')",
        );
        assert_eq!(comments, Some(format!("{title}|{title}")));
        let created: Option<(String, String)> = server
            .connection
            .query_first("SHOW CREATE TABLE contract_titles")
            .unwrap();
        // The rest of the statement is the same.
        let lines = created.unwrap().1;
        let plain = lines
            .lines()
            .map(|line| line.split(" COMMENT ").next().unwrap().to_owned());
        definitions.push(plain.collect::<Vec<_>>());
    }
    assert_eq!(definitions[0], definitions[1]);
}

#[test]
fn dates_and_links_of_a_table_of_mysql_get_one_index_each() {
    let Some(mut server) = Server::find("contract_indexes") else {
        return;
    };
    for _ in 0..2 {
        let mut writer = server.write("contract_indexes", plan(), &rows());
        writer.make_indexes().unwrap();
    }
    let found = server.text(
        "SELECT GROUP_CONCAT(column_name ORDER BY column_name SEPARATOR ' ') FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name = 'contract_indexes'",
    );
    assert_eq!(found.unwrap(), "CLOSEDATE DATE_CREATE ID");
}

#[test]
fn a_second_export_into_a_table_of_mysql_is_refused_while_the_first_one_writes() {
    let Some(server) = Server::find("contract_two") else {
        return;
    };
    let mut first = server.store.open(options("contract_two"), plan()).unwrap();
    first.write_page(&rows(), &mut Vec::new()).unwrap();
    let mut second = server.store.open(options("contract_two"), plan()).unwrap();
    let error = second
        .write_page(&rows(), &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("another export is writing the table contract_two"),
        "{error}"
    );
    first.finish(&mut std::io::sink()).unwrap();
    drop(first);
    assert_eq!(server.write("contract_two", plan(), &rows()).misfits(), 1);
}

#[test]
fn an_export_to_mysql_locks_its_table_again_when_its_connection_is_made_again() {
    let Some(mut server) = Server::find("contract_relock") else {
        return;
    };
    server.use_own_database("brimful_relock");
    let table = "contract_relock";
    let mut first = server.store.open(options(table), plan()).unwrap();
    first.write_page(&rows(), &mut Vec::new()).unwrap();
    server.end_connections("brimful_relock");
    first.pause().unwrap();
    let mut second = server.store.open(options(table), plan()).unwrap();
    let error = second.write_page(&rows(), &mut Vec::new()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("another export is writing the table contract_relock"),
        "{error}"
    );
    first.finish(&mut std::io::sink()).unwrap();
}

#[test]
fn an_export_to_mysql_fails_when_another_one_has_its_table_after_a_lost_connection() {
    let Some(mut server) = Server::find("contract_taken") else {
        return;
    };
    server.use_own_database("brimful_taken");
    let table = "contract_taken";
    let mut first = server.store.open(options(table), plan()).unwrap();
    first.write_page(&rows(), &mut Vec::new()).unwrap();
    server.end_connections("brimful_taken");
    let mut second = server.store.open(options(table), plan()).unwrap();
    second.write_page(&rows(), &mut Vec::new()).unwrap();
    let error = first.finish(&mut std::io::sink()).unwrap_err().to_string();
    assert!(
        error.contains("another export has begun to write the table contract_taken"),
        "{error}"
    );
    second.finish(&mut std::io::sink()).unwrap();
    let found = server.text("SELECT CAST(count(*) AS CHAR) FROM brimful_taken.contract_taken");
    assert_eq!(found.as_deref(), Some("3"));
}

#[test]
fn a_moment_between_two_seconds_is_stored_without_its_fraction_in_mysql_and_recorded() {
    let Some(mut server) = Server::find("contract_fraction") else {
        return;
    };
    let row = (
        Some(1),
        r#"{"ID":"1","DATE_CREATE":"2026-01-02T03:04:05.75+03:00"}"#.to_owned(),
    );
    let writer = server.write("contract_fraction", plan(), &[row].into_iter().collect());
    assert_eq!(writer.misfits(), 1);
    let found = server.text("SELECT CAST(DATE_CREATE AS CHAR) FROM contract_fraction");
    assert_eq!(found.unwrap(), "2026-01-02 00:04:05");
}
