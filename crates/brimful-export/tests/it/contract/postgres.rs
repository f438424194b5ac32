//! PostgreSQL: the server in `BRIMFUL_TEST_POSTGRES`, which `./test` starts; without one there is nothing to test.

use std::collections::HashMap;
use std::sync::Arc;

use brimful_export::{RowWriter, Store};

use super::*;

struct Server {
    store: Store,
    client: tokio_postgres::Client,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    fn find() -> Option<Self> {
        let url = std::env::var("BRIMFUL_TEST_POSTGRES").ok()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (client, connection) = runtime
            .block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls))
            .unwrap();
        runtime.spawn(connection);
        Some(Self {
            store: url.parse().unwrap(),
            client,
            runtime,
        })
    }

    fn execute(&self, sql: &str) {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .unwrap();
    }

    /// The one value that a query has, as text.
    fn text(&self, sql: &str) -> Option<String> {
        let rows = self.runtime.block_on(self.client.query(sql, &[])).unwrap();
        rows.first().and_then(|row| row.get(0))
    }

    fn write(&self, table: &str, page: &Page) -> RowWriter {
        let mut writer = self.store.open(options(table), plan()).unwrap();
        writer.write_page(page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        writer
    }
}

#[test]
fn a_table_of_postgresql_holds_the_rows_and_what_does_not_fit() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_rows");
    for _ in 0..2 {
        assert_eq!(server.write("contract_rows", &rows()).misfits(), 1);
    }
    let columns = COLUMNS.map(|name| match name {
        "DATE_CREATE" => {
            "to_char(date_create AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')".to_owned()
        }
        "UF_CRM_1700000000007" => "array_to_json(uf_crm_1700000000007)::text".to_owned(),
        name => format!("{name}::text"),
    });
    let sql = format!(
        "SELECT {} FROM contract_rows ORDER BY id",
        columns.join(", ")
    );
    let found = server
        .runtime
        .block_on(server.client.query(&sql, &[]))
        .unwrap();
    let found: Vec<Vec<String>> = found
        .iter()
        .map(|row| {
            (0..10)
                .map(|place| row.get::<_, Option<String>>(place).unwrap_or_default())
                .collect()
        })
        .collect();
    assert_eq!(found, expected(|_, cell| cell.to_owned()));
    let misfit = server.text(
        "SELECT concat_ws(' ', count(*), min(id), min(field), min(value)) FROM _brimful_errors WHERE \"table\" = 'contract_rows'",
    );
    assert_eq!(
        misfit.unwrap(),
        "1 9007199254740993 CLOSEDATE \"0000-00-00\""
    );
    let title = server.text("SELECT col_description('contract_rows'::regclass, 1)");
    assert!(title.is_some());
}

#[test]
fn a_text_with_a_nul_is_recorded_and_not_stored() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_nul");
    let rows = [
        (Some(1), "{\"ID\":\"1\",\"TITLE\":\"a\\u0000b\"}".to_owned()),
        (
            Some(2),
            "{\"ID\":\"2\",\"TITLE\":\"a\\\\N\\tb\\n\"}".to_owned(),
        ),
    ];
    let writer = server.write("contract_nul", &rows.into_iter().collect());
    assert_eq!(writer.misfits(), 1);
    assert_eq!(
        server.text("SELECT title FROM contract_nul WHERE id = 1"),
        None
    );
    let kept = server.text("SELECT title FROM contract_nul WHERE id = 2");
    assert_eq!(kept.as_deref(), Some("a\\N\tb\n"));
}

#[test]
fn a_field_that_appears_later_becomes_a_column_of_postgresql() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_new");
    let mut writer = server.store.open(options("contract_new"), plan()).unwrap();
    for row in [
        r#"{"ID":"1"}"#,
        r#"{"ID":"2","UF_LATE":"x"}"#,
        r#"{"ID":"1"}"#,
    ] {
        let page = [(None, row.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    let late = server
        .text("SELECT string_agg(id || coalesce(uf_late, ''), ' ' ORDER BY id) FROM contract_new");
    assert_eq!(late.as_deref(), Some("1 2x"));
}

#[test]
fn an_interrupted_run_to_postgresql_is_resumed() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_resume");
    let table = "contract_resume";
    let mut writer = server.store.open(options(table), plan()).unwrap();
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    let writer = server.store.open(options(table), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
    assert_eq!(writer.misfits(), 1);
    drop(writer);
    server.write(table, &rows());
    let writer = server.store.open(options(table), plan()).unwrap();
    assert_eq!(writer.resumed(), None, "it is finished");
}

#[test]
fn a_connection_that_the_server_ends_is_made_again_and_no_row_is_lost() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_lost");
    let mut writer = server.store.open(options("contract_lost"), plan()).unwrap();
    let page = |id: u64| -> Page {
        [(Some(id), format!("{{\"ID\":\"{id}\"}}"))]
            .into_iter()
            .collect()
    };
    writer.write_page(&page(1), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    writer.write_page(&page(2), &mut Vec::new()).unwrap();
    end_connections(&server, "contract_lost");
    writer.finish(&mut std::io::sink()).unwrap();
    let found = server.text("SELECT string_agg(id::text, ' ' ORDER BY id) FROM contract_lost");
    assert_eq!(found.as_deref(), Some("1 2"));
}

#[test]
fn rows_that_somebody_else_has_inserted_meanwhile_are_updated() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_others");
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
    server.execute("INSERT INTO contract_others (id, title) VALUES (4, 'theirs')");
    writer.write_page(&page(&[3, 4]), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    // In another order, and one of them twice.
    writer
        .write_page(&page(&[6, 5, 6]), &mut Vec::new())
        .unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    let found =
        server.text("SELECT string_agg(id::text || title, ' ' ORDER BY id) FROM contract_others");
    assert_eq!(found.as_deref(), Some("10 21 30 41 51 62"));
}

#[test]
fn first_runs_that_begin_at_once_all_find_the_tables_that_they_share() {
    let Some(server) = Server::find() else { return };
    let url = std::env::var("BRIMFUL_TEST_POSTGRES").unwrap();
    for round in 0..3 {
        let database = format!("contract_at_once_{round}");
        server.execute(&format!("DROP DATABASE IF EXISTS {database}"));
        server.execute(&format!("CREATE DATABASE {database}"));
        let (address, _) = url.rsplit_once('/').unwrap();
        let store: Store = format!("{address}/{database}").parse().unwrap();
        let plan = plan();
        std::thread::scope(|scope| {
            for table in ["a", "b", "c", "d"] {
                let (store, plan) = (&store, plan.clone());
                scope.spawn(move || {
                    let mut writer = store.open(options(table), plan).unwrap();
                    writer.write_page(&rows(), &mut Vec::new()).unwrap();
                    writer.finish(&mut std::io::sink()).unwrap();
                });
            }
        });
        server.execute(&format!("DROP DATABASE {database} WITH (FORCE)"));
    }
}

#[test]
fn a_column_of_another_type_is_refused_with_the_statement_that_changes_it() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_type; CREATE TABLE contract_type (id bigint PRIMARY KEY, title integer)");
    let mut writer = server.store.open(options("contract_type"), plan()).unwrap();
    let error = writer
        .write_page(&rows(), &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ALTER TABLE \"contract_type\" ALTER \"title\" TYPE text"),
        "{error}"
    );
}

#[test]
fn a_view_of_postgresql_has_the_labels_and_stays_when_the_export_is_repeated() {
    let Some(server) = Server::find() else { return };
    server.execute(
        "DROP VIEW IF EXISTS contract_labels_labeled CASCADE; DROP TABLE IF EXISTS contract_labels, contract_labels_labels",
    );
    let dictionary = |entries: &[(&str, &str)]| {
        let entries = entries.iter();
        let entries = entries.map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
        Arc::new(entries.collect())
    };
    let labelled = |sized: &str| Plan {
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
    };
    let write = |plan: Plan| {
        let mut writer = server.store.open(options("contract_labels"), plan).unwrap();
        let row = r#"{"ID":"1","TYPE_ID":"SALE","UF_CRM_1700000000007":["2","9","1"]}"#;
        let page = [(Some(1), row.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
    };
    let shown = || {
        server
            .text("SELECT type_id__label || uf_crm_1700000000007__label::text FROM contract_labels_labeled")
            .unwrap()
    };
    write(labelled("large"));
    assert_eq!(shown(), "It's a \\ sale{large,NULL,small}");
    server.execute("CREATE VIEW contract_labels_report AS SELECT id FROM contract_labels_labeled");
    write(labelled("big"));
    assert_eq!(shown(), "It's a \\ sale{big,NULL,small}");
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let store: Store = "postgres://me:s3cret@127.0.0.1:9/db".parse().unwrap();
    let error = store
        .open(options("crm_deal"), plan())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("postgres://me@127.0.0.1:9/db: ") && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn names_that_postgresql_cannot_have_are_changed_the_same_way_in_every_run() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_names");
    let (table, long) = ("contract_names", "n".repeat(70));
    let names = [
        format!("UF_{long}a"),
        format!("UF_{long}b"),
        "\u{422}\u{418}\u{41f}".repeat(30),
        "Title".to_owned(),
        "xmin".to_owned(),
        "ctid".to_owned(),
        "_deleted_at".to_owned(),
        String::new(),
        "a\0b".to_owned(),
    ];
    let mut row = json!({"ID": "1", "TITLE": "t"});
    for name in &names {
        row[name] = json!(format!("value of {name}").replace('\0', ""));
    }
    let page: Page = [(Some(1), row.to_string())].into_iter().collect();
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute \
                   WHERE attrelid = 'contract_names'::regclass AND attnum > 0";
    server.write(table, &page);
    let first = server.text(columns).unwrap();
    // The second run finds them.
    assert_eq!(server.write(table, &page).misfits(), 0);
    assert_eq!(server.text(columns).unwrap(), first);
    assert_eq!(first.split(' ').count(), 2 + names.len());
    assert!(first.split(' ').all(|name| name.len() <= 63), "{first}");
    let stored = server
        .text("SELECT to_jsonb(t)::text FROM contract_names t")
        .unwrap();
    for name in &names {
        let value = format!("\"value of {name}\"").replace('\0', "");
        assert!(stored.contains(&value), "{name}: {stored}");
    }
}

#[test]
fn the_label_of_a_field_with_the_longest_name_has_a_column_of_its_own() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_long_label CASCADE");
    let name = format!("UF_{}", "n".repeat(60));
    let labels = HashMap::from([("7".to_owned(), "seven".to_owned())]);
    let plan = Plan {
        labels: HashMap::from([(name.clone(), Arc::new(labels))]),
        ..plan()
    };
    let row = json!({"ID": "1", name: "7"}).to_string();
    let page: Page = [(Some(1), row)].into_iter().collect();
    let table = options("contract_long_label");
    let mut writer = server.store.open(table, plan).unwrap();
    writer.write_page(&page, &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    let stored = server.text("SELECT to_jsonb(t)::text FROM contract_long_label_labeled t");
    assert!(stored.unwrap().contains("\"seven\""));
}

#[test]
fn dates_and_links_of_a_table_of_postgresql_get_one_index_each() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_indexes");
    for _ in 0..2 {
        server
            .write("contract_indexes", &rows())
            .make_indexes()
            .unwrap();
    }
    let found = server.text(
        "SELECT string_agg(a.attname, ' ' ORDER BY a.attname) FROM pg_index i JOIN pg_attribute a \
         ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = 'contract_indexes'::regclass",
    );
    assert_eq!(found.unwrap(), "closedate date_create id");
}

#[test]
fn a_second_export_into_a_table_of_postgresql_is_refused_while_the_first_one_writes() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_two");
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
    assert_eq!(server.write("contract_two", &rows()).misfits(), 1);
}

/// Ends the connections of exports whose last statement names a table.
fn end_connections(server: &Server, table: &str) {
    server.execute(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'brimful' AND query LIKE '%{table}%'"
    ));
}

#[test]
fn an_export_to_postgresql_locks_its_table_again_when_its_connection_is_made_again() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_relock");
    let table = "contract_relock";
    let mut first = server.store.open(options(table), plan()).unwrap();
    first.write_page(&rows(), &mut Vec::new()).unwrap();
    end_connections(&server, table);
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
fn an_export_to_postgresql_fails_when_another_one_has_its_table_after_a_lost_connection() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_taken");
    let table = "contract_taken";
    let mut first = server.store.open(options(table), plan()).unwrap();
    first.write_page(&rows(), &mut Vec::new()).unwrap();
    end_connections(&server, table);
    let mut second = server.store.open(options(table), plan()).unwrap();
    second.write_page(&rows(), &mut Vec::new()).unwrap();
    let error = first.finish(&mut std::io::sink()).unwrap_err().to_string();
    assert!(
        error.contains("another export has begun to write the table contract_taken"),
        "{error}"
    );
    second.finish(&mut std::io::sink()).unwrap();
    let found = server.text("SELECT count(*)::text FROM contract_taken");
    assert_eq!(found.as_deref(), Some("3"));
}

#[test]
fn a_column_called_as_a_word_of_sql_needs_no_quotes_in_postgresql() {
    let Some(server) = Server::find() else { return };
    server.execute("DROP TABLE IF EXISTS contract_words");
    let row = (
        Some(1),
        r#"{"ID":"1","ORDER":"first","USER":"7"}"#.to_owned(),
    );
    server.write("contract_words", &[row].into_iter().collect());
    let found = server.text("SELECT order_ || ' ' || user_ FROM contract_words");
    assert_eq!(found.unwrap(), "first 7");
}
