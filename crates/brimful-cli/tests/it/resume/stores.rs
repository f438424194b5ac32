//! Exports to stores that are killed and resumed.

use serde_json::Value;

use super::{check_rows, check_rows_after, kill_when_stored, number, unique};
use crate::support::{Running, Workspace};

#[cfg(feature = "sqlite")]
#[test]
fn a_killed_export_to_sqlite_lacks_no_row_and_is_marked_as_finished() {
    const TO: [&str; 2] = ["--to", "sqlite:portal.db"];
    let first = |workspace: &Workspace, portal: &Running| {
        let has_rows = || {
            // The file may not be there, or have no table yet.
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let path = workspace.path("portal.db");
            let database = rusqlite::Connection::open_with_flags(path, flags);
            let count = database.and_then(|database| {
                let sql = "SELECT count(*) FROM crm_deal";
                database.query_row(sql, [], |row| row.get::<_, i64>(0))
            });
            count.is_ok_and(|count| count > 0)
        };
        kill_when_stored(workspace, portal, &TO, has_rows);
    };
    let said = check_rows_after(first, &TO, 8, |workspace| {
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        let (stored, finished): (u64, bool) = database
            .query_row("SELECT rows, finished FROM _brimful_state", [], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
            })
            .unwrap();
        let mut select = database.prepare("SELECT id, title FROM crm_deal").unwrap();
        let found = select.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)));
        let found = unique(found.unwrap().map(Result::unwrap));
        assert_eq!((stored, finished), (found.len() as u64, true));
        found
    });
    assert!(said.contains("resuming after ID "), "{said}");
}

/// Against the server in `BRIMFUL_TEST_POSTGRES`, which `./test` starts for it.
#[cfg(feature = "postgres")]
#[test]
fn a_killed_export_to_postgresql_lacks_no_row() {
    let Ok(url) = std::env::var("BRIMFUL_TEST_POSTGRES") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (client, connection) = runtime
        .block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls))
        .unwrap();
    runtime.spawn(connection);
    let query = |sql: &str| runtime.block_on(client.simple_query(sql)).unwrap();
    query("DROP TABLE IF EXISTS killed");
    check_rows(&["--to", &url, "--table", "killed"], 9, |_| {
        let found = query("SELECT id, title FROM killed").into_iter();
        unique(found.filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some((
                row.get(0).unwrap().parse().unwrap(),
                row.get(1).unwrap().to_owned(),
            )),
            _ => None,
        }))
    });
}

/// Against the server in `BRIMFUL_TEST_MYSQL`, which `./test` starts for it.
#[cfg(feature = "mysql")]
#[test]
fn a_killed_export_to_mysql_lacks_no_row() {
    use mysql::prelude::Queryable;
    let Ok(url) = std::env::var("BRIMFUL_TEST_MYSQL") else {
        return;
    };
    let mut server = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
    server.query_drop("DROP TABLE IF EXISTS killed").unwrap();
    check_rows(&["--to", &url, "--table", "killed"], 10, |_| {
        let found: Vec<(u64, String)> = server.query("SELECT id, title FROM killed").unwrap();
        unique(found.into_iter())
    });
}

/// Against the server in `BRIMFUL_TEST_CLICKHOUSE`, which `./test` starts for it.
#[cfg(feature = "clickhouse")]
#[test]
fn a_killed_export_to_clickhouse_lacks_no_row() {
    let Ok(url) = std::env::var("BRIMFUL_TEST_CLICKHOUSE") else {
        return;
    };
    let (login, host) = url
        .strip_prefix("clickhouse://")
        .and_then(|url| url.split_once('@'))
        .unwrap();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let host = host.split('/').next().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = brimful::HttpOptions::reqwest_builder().unwrap();
    let client = client.pool_max_idle_per_host(0).build().unwrap();
    let query = |sql: &str| {
        let request = client
            .post(format!("http://{host}/"))
            .header("X-ClickHouse-User", user)
            .header("X-ClickHouse-Key", password.replace("%20", " "))
            .body(sql.to_owned());
        runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() })
    };
    query("DROP TABLE IF EXISTS killed");
    check_rows(&["--to", &url, "--table", "killed"], 11, |_| {
        let found = query("SELECT ID, TITLE FROM killed FINAL FORMAT JSONCompactEachRow");
        // An old server knows only the whole document.
        let found = if found.starts_with('[') {
            found
        } else {
            query("SELECT ID, TITLE FROM killed FINAL FORMAT JSONCompact")
        };
        let rows: Vec<(Value, String)> = match serde_json::from_str::<Value>(&found) {
            Ok(whole) if whole.get("data").is_some() => {
                serde_json::from_value(whole["data"].clone()).unwrap()
            }
            _ => found
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        };
        unique(rows.into_iter().map(|(id, title)| (number(&id), title)))
    });
}

/// With the library in `BRIMFUL_DUCKDB_LIBRARY`, which `./test` gets for it.
#[cfg(feature = "adbc")]
#[test]
fn a_killed_export_to_duckdb_lacks_no_row() {
    const TO: [&str; 2] = ["--to", "duckdb:portal.duckdb"];
    if std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").is_none() {
        return;
    }
    let first = |workspace: &Workspace, portal: &Running| {
        // An empty table takes a few blocks, and thousands of rows in the log far more.
        let size = |name: &str| std::fs::metadata(workspace.path(name)).map_or(0, |of| of.len());
        let has_rows = || size("portal.duckdb") + size("portal.duckdb.wal") > 100_000;
        kill_when_stored(workspace, portal, &TO, has_rows);
    };
    let said = check_rows_after(first, &TO, 12, |workspace| {
        let query = |sql: &str| crate::support::duckdb(&workspace.path("portal.duckdb"), sql);
        let state = query("SELECT rows || ' ' || finished FROM _brimful_state");
        let rows = query("SELECT \"ID\" || ' ' || \"TITLE\" FROM crm_deal");
        assert_eq!(state, [format!("{} 1", rows.len())]);
        unique(rows.iter().map(|row| {
            let (id, title) = row.split_once(' ').unwrap();
            (id.parse().unwrap(), title.to_owned())
        }))
    });
    assert!(said.contains("resuming after ID "), "{said}");
}
