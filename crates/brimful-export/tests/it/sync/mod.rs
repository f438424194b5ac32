//! Tables that are kept in sync with a portal: the emulator in this process, on a clock that is paused.

mod begun_reads;
mod children;
#[cfg(feature = "clickhouse")]
mod clickhouse;
#[cfg(feature = "clickhouse")]
mod clickhouse_faults;
#[cfg(feature = "parquet")]
mod datasets;
#[cfg(feature = "adbc")]
mod duckdb;
mod faults;
mod hidden;
mod histories;
mod labels;
mod loaded;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod lost_connections;
mod owners;
mod runs;
mod stores;
mod titles;
mod undated;

use std::time::Duration;

use brimful::{Client, ServiceTransport};
use brimful_export::sync::{
    Deletes, EntityReport, SyncEntity, SyncError, SyncOptions, SyncReport, SyncRun,
};
use brimful_export::{Plan, Store, StoreOptions};
use brimful_portal::{Portal, PortalConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

const WEBHOOK: &str = "https://portal.test/rest/1/demo/";
/// When the clocks of the portals here begin, in Unix seconds.
const BEGIN: f64 = 1_795_000_000.0;

/// A portal, and a client of it.
struct Bench {
    portal: Portal,
    client: Client,
    folder: TempDir,
}

impl Bench {
    fn new(config: PortalConfig) -> Self {
        let portal = Portal::new(config.starts_at_unix(BEGIN).rate_limit(None)).unwrap();
        let client = Client::builder(WEBHOOK)
            .transport(ServiceTransport::new(portal.clone()))
            .limit(None)
            .seed(1)
            .build()
            .unwrap();
        Self {
            portal,
            client,
            folder: TempDir::new().unwrap(),
        }
    }

    /// A store of its own.
    fn store(&self) -> Store {
        Store::Sqlite(self.folder.path().join("portal.db"))
    }

    fn run(&self, store: &Store, entities: &[&str]) -> SyncRun {
        let entities = entities
            .iter()
            .map(|name| name.parse::<SyncEntity>().unwrap());
        SyncRun::new(self.client.clone(), store.clone(), entities.collect())
    }

    /// Runs a sync of one entity.
    async fn sync(&self, entity: &str) -> Result<EntityReport, SyncError> {
        self.sync_with(entity, SyncOptions::default()).await
    }

    async fn sync_with(
        &self,
        entity: &str,
        options: SyncOptions,
    ) -> Result<EntityReport, SyncError> {
        let run = self.run(&self.store(), &[entity]).options(options);
        let mut report = run.run().await?;
        report.entities.remove(0).1
    }

    async fn sync_all(&self, entities: &[&str]) -> SyncReport {
        self.run(&self.store(), entities).run().await.unwrap()
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let reply = self.client.call(method, params).await.unwrap();
        reply.result().unwrap()
    }

    /// Calls a method that only applications may call, with the token `t0ken`.
    async fn call_as_application(&self, method: &str, params: Value) -> Value {
        let client = Client::builder("https://portal.test")
            .token_with(async || Ok::<_, std::io::Error>("t0ken"))
            .transport(ServiceTransport::new(self.portal.clone()))
            .build()
            .unwrap();
        client.call(method, params).await.unwrap().result().unwrap()
    }

    async fn add_deal(&self, title: &str) -> u64 {
        let added = self
            .call("crm.deal.add", json!({"fields": {"TITLE": title}}))
            .await;
        added.as_u64().unwrap()
    }

    /// Rows of a query of the store, as texts.
    fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        rows_of(&self.store(), sql)
    }

    /// The only value of a query of the store.
    fn value(&self, sql: &str) -> String {
        self.rows(sql).remove(0).remove(0)
    }

    /// Compares the live rows of a table with an export of the list as it is now.
    async fn assert_equal(&self, entity: &str) {
        let (table, expected) = self.export_beside(entity).await;
        let columns: Vec<String> = rows_of(
            &expected,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )
        .into_iter()
        .map(|mut row| format!("\"{}\"", row.remove(0)))
        .collect();
        let columns = columns.join(", ");
        let of_portal = rows_of(
            &expected,
            &format!("SELECT {columns} FROM {table} ORDER BY 1"),
        );
        let of_store = self.rows(&format!(
            "SELECT {columns} FROM {table} WHERE _deleted_at IS NULL ORDER BY 1"
        ));
        for (store, portal) in of_store.iter().zip(&of_portal) {
            assert_eq!(store, portal, "a row of {table}");
        }
        assert_eq!(of_store.len(), of_portal.len(), "rows of {table}");
    }

    /// Exports the list of an entity into another store.
    async fn export_beside(&self, name: &str) -> (String, Store) {
        let store = Store::Sqlite(self.folder.path().join("expected.db"));
        let table = export(&self.client, name, &store).await;
        (table, store)
    }
}

/// Exports the list of an entity as it is now, into a table that is emptied before.
async fn export(client: &Client, name: &str, store: &Store) -> String {
    let entity: SyncEntity = name.parse().unwrap();
    let fields = Plan::fields_of_list(
        client,
        &entity.method,
        &Value::Object(entity.params.clone()),
    )
    .await
    .unwrap_or_default();
    let plan = Plan {
        fields,
        ..Plan::of_list(&entity.method)
    };
    let mut pages = client
        .list(&entity.method)
        .params(entity.params.clone())
        .pages()
        .unwrap();
    let mut all = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        all.push(page);
    }
    let options = StoreOptions {
        table: entity.table.clone(),
        ..StoreOptions::default()
    };
    if let Store::Sqlite(path) = store {
        let _ = std::fs::remove_file(path);
    }
    let store = store.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut writer = store.open(options, plan).unwrap();
        for page in &all {
            writer.write_page(page, &mut Vec::new()).unwrap();
        }
        writer.finish(&mut std::io::sink()).unwrap();
    });
    written.await.unwrap();
    entity.table
}

fn rows_of(store: &Store, sql: &str) -> Vec<Vec<String>> {
    let Store::Sqlite(path) = store else {
        panic!("not a file");
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns)
            .map(|place| {
                use rusqlite::types::ValueRef;
                Ok(match row.get_ref(place)? {
                    ValueRef::Null => "NULL".to_owned(),
                    ValueRef::Integer(value) => value.to_string(),
                    ValueRef::Real(value) => value.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        String::from_utf8_lossy(text).into_owned()
                    }
                })
            })
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Lets the portal's time pass.
async fn pass(minutes: u64) {
    tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
}

fn accepting() -> SyncOptions {
    SyncOptions {
        accept_deletes: true,
        ..SyncOptions::default()
    }
}

/// Changes the store by hand.
fn change_by_hand(bench: &Bench, sql: &str) {
    let Store::Sqlite(path) = bench.store() else {
        panic!("not a file");
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}
