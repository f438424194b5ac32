//! Empty databases for single tests, in the servers of `BRIMFUL_TEST_POSTGRES` and `BRIMFUL_TEST_MYSQL`, which `./test`
//! starts.

use std::sync::Arc;

use brimful_export::Store;

/// What becomes of the connection that a statement was sent by.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Afterwards {
    Close,
    /// It stays until the server ends it, and so do its locks.
    Stay,
}

type Ask = dyn Fn(&str, Afterwards) -> Vec<String> + Send + Sync;

/// A database of a test.
#[derive(Clone)]
pub(crate) struct TestDatabase {
    pub(crate) store: Store,
    ask: Arc<Ask>,
}

impl TestDatabase {
    /// The first values of the rows of a query, as texts.
    pub(crate) fn ask(&self, sql: &str) -> Vec<String> {
        (self.ask)(sql, Afterwards::Close)
    }

    pub(crate) fn ask_and_stay(&self, sql: &str) {
        (self.ask)(sql, Afterwards::Stay);
    }

    /// Ends all other connections to the database.
    pub(crate) fn end_connections(&self) {
        if let Store::Postgres(_) = self.store {
            self.ask(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> \
                 pg_backend_pid()",
            );
            return;
        }
        let connections = self.ask(
            "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
        );
        for connection in connections {
            self.ask(&format!("KILL {connection}"));
        }
    }
}

/// An empty database of PostgreSQL.
#[cfg(feature = "postgres")]
pub(crate) fn postgres(name: &str) -> Option<TestDatabase> {
    let url = std::env::var("BRIMFUL_TEST_POSTGRES").ok()?;
    ask_postgres(
        &url,
        &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        Afterwards::Close,
    );
    ask_postgres(&url, &format!("CREATE DATABASE {name}"), Afterwards::Close);
    let url = format!("{}/{name}", url.rsplit_once('/')?.0);
    Some(TestDatabase {
        store: url.parse().unwrap(),
        ask: Arc::new(move |sql, afterwards| ask_postgres(&url, sql, afterwards)),
    })
}

/// Asks in a thread of its own: that of the test has a runtime whose clock is paused.
#[cfg(feature = "postgres")]
fn ask_postgres(url: &str, sql: &str, afterwards: Afterwards) -> Vec<String> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (client, connection) = runtime
            .block_on(tokio_postgres::connect(url, tokio_postgres::NoTls))
            .unwrap();
        runtime.spawn(connection);
        let messages = runtime.block_on(client.simple_query(sql)).unwrap();
        let values = messages.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some(row.get(0).unwrap_or("NULL").to_owned())
            }
            _ => None,
        });
        let values = values.collect();
        if afterwards == Afterwards::Stay {
            std::mem::forget((client, runtime));
        }
        values
    };
    std::thread::scope(|scope| scope.spawn(ask).join().unwrap())
}

#[cfg(not(feature = "postgres"))]
pub(crate) fn postgres(_: &str) -> Option<TestDatabase> {
    None
}

/// An empty database of MySQL or MariaDB.
#[cfg(feature = "mysql")]
pub(crate) fn mysql(name: &str) -> Option<TestDatabase> {
    let url = std::env::var("BRIMFUL_TEST_MYSQL").ok()?;
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        ask_mysql(&url, &sql, Afterwards::Close);
    }
    let url = format!("{}/{name}", url.rsplit_once('/')?.0);
    Some(TestDatabase {
        store: url.parse().unwrap(),
        ask: Arc::new(move |sql, afterwards| ask_mysql(&url, sql, afterwards)),
    })
}

#[cfg(feature = "mysql")]
fn ask_mysql(url: &str, sql: &str, afterwards: Afterwards) -> Vec<String> {
    use mysql::prelude::Queryable;

    let mut connection = mysql::Conn::new(mysql::Opts::from_url(url).unwrap()).unwrap();
    let asked = connection.query(sql);
    // A connection that has ended by itself is none that can be killed.
    let values: Vec<Option<String>> = match asked {
        Err(_) if sql.starts_with("KILL") => Vec::new(),
        asked => asked.unwrap(),
    };
    if afterwards == Afterwards::Stay {
        std::mem::forget(connection);
    }
    let values = values.into_iter();
    values
        .map(|value| value.unwrap_or_else(|| "NULL".to_owned()))
        .collect()
}

#[cfg(not(feature = "mysql"))]
pub(crate) fn mysql(_: &str) -> Option<TestDatabase> {
    None
}
