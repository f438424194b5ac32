//! What all stores do in the same way.

use brimful_export::Store;

use super::*;

#[test]
fn values_that_a_store_cannot_hold_are_recorded_and_the_others_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    if cfg!(feature = "sqlite") {
        let path = folder.path().join("awkward.db");
        stores.push((format!("sqlite:{}", path.display()), 3));
    }
    if cfg!(feature = "adbc") && std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").is_some() {
        let path = folder.path().join("awkward.duckdb");
        stores.push((format!("duckdb:{}", path.display()), 3));
    }
    // A NUL is too much for PostgreSQL, and a moment after 9999 for MySQL and ClickHouse.
    for (variable, is, misfits) in [
        ("BRIMFUL_TEST_POSTGRES", cfg!(feature = "postgres"), 4),
        ("BRIMFUL_TEST_MYSQL", cfg!(feature = "mysql"), 4),
        ("BRIMFUL_TEST_CLICKHOUSE", cfg!(feature = "clickhouse"), 4),
    ] {
        if let (true, Ok(url)) = (is, std::env::var(variable)) {
            stores.push((url, misfits));
        }
    }
    for (url, misfits) in stores {
        let store: Store = url.parse().unwrap();
        let options = StoreOptions {
            resume: false,
            ..options("contract_awkward")
        };
        let mut writer = store.open(options, plan_of_awkward_rows()).unwrap();
        writer.write_page(&awkward_rows(), &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        assert_eq!(writer.misfits(), misfits, "{store}");
        assert_eq!(writer.stored(), Some((6, Some(6))), "{store}");
    }
}
