//! What is loaded of a table, and when: it tells what has no rows from what was not loaded.

use brimful_export::sync::{Loaded, status};

use super::*;
use crate::databases::{mysql, postgres};

/// Syncs two entities twice. `ask` gives the first value of a query.
async fn assert_loaded_is_told(bench: &Bench, store: &Store, ask: impl Fn(&str) -> String) {
    let entities = ["crm.deal", "currencies"];
    let report = bench.run(store, &entities).run().await.unwrap();
    let first = report.entities[0].1.as_ref().unwrap().loaded;
    assert_eq!((first.ids, first.deletes), (Some((1, 20)), None));
    pass(60).await;
    let report = bench.run(store, &entities).run().await.unwrap();
    let second = report.entities[0].1.as_ref().unwrap().loaded;
    assert_eq!((second.ids, second.in_full), (first.ids, first.in_full));
    assert!(second.changes > first.changes && second.deletes == second.changes);
    let tables = status(store).await.unwrap();
    let of_table = |name: &str| -> Loaded {
        let mut tables = tables.iter();
        tables.find(|table| table.table == name).unwrap().loaded
    };
    assert_eq!(of_table("crm_deal"), second);
    assert!(of_table("crm_currency").in_full.is_some());
    let of_deals = |what: &str| {
        let table = if matches!(store, Store::Mysql(_) | Store::Clickhouse(_)) {
            "`table`"
        } else {
            "\"table\""
        };
        ask(&format!(
            "SELECT {what} FROM _brimful_loaded WHERE {table} = 'crm_deal'"
        ))
    };
    assert_eq!(of_deals("id_to"), "20");
    let is_later = "CASE WHEN changes_until > in_full_at AND deletes_until = changes_until THEN 'later' ELSE '' END";
    assert_eq!(of_deals(is_later), "later");
}

fn bench() -> Bench {
    Bench::new(PortalConfig::new().rows("deal", 20))
}

#[tokio::test(start_paused = true)]
async fn sqlite_tells_what_is_loaded_and_when() {
    let bench = bench();
    let store = bench.store();
    assert_loaded_is_told(&bench, &store, |sql| bench.value(sql)).await;
}

#[tokio::test(start_paused = true)]
async fn servers_tell_what_is_loaded_and_when() {
    let databases = [postgres("sync_loaded"), mysql("sync_loaded")];
    for database in databases.into_iter().flatten() {
        let ask = |sql: &str| database.ask(sql).remove(0);
        assert_loaded_is_told(&bench(), &database.store, ask).await;
    }
}

#[cfg(feature = "clickhouse")]
#[tokio::test(start_paused = true)]
async fn clickhouse_tells_what_is_loaded_and_when() {
    use super::clickhouse::{answer, database, server};
    let Some(url) = server() else { return };
    let store = database(&url, "sync_loaded");
    assert_loaded_is_told(&bench(), &store, |sql| answer(&url, "sync_loaded", sql)).await;
}

#[cfg(feature = "adbc")]
#[tokio::test(start_paused = true)]
async fn duckdb_tells_what_is_loaded_and_when() {
    use super::duckdb::{duckdb, has_library, rows};
    if !has_library() {
        return;
    }
    let bench = bench();
    let store = duckdb(&bench);
    assert_loaded_is_told(&bench, &store, |sql| rows(&bench, sql).remove(0).remove(0)).await;
}
