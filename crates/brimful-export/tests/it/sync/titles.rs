//! The titles of fields that have changed, in every store that keeps titles.

use super::*;
use crate::databases::{mysql, postgres};

/// Syncs deals twice, between which the title of their field TITLE has changed, and asks for that title each time.
async fn assert_title_follows(
    store: impl Fn(&Bench) -> Store,
    title_of: impl Fn(&Bench) -> String,
) {
    let titled = |title: &str| {
        let fields =
            json!({"ID": {}, "DATE_MODIFY": {}, "TITLE": {"type": "string", "title": title}});
        let fields = fields.as_object().unwrap().clone();
        Bench::new(PortalConfig::new().rows("deal", 20).fields("deal", fields))
    };
    let (first, second) = (titled("It's \\ first"), titled("Second"));
    let store = store(&first);
    for (bench, title) in [(&first, "It's \\ first"), (&second, "Second")] {
        let run = bench.run(&store, &["crm.deal"]).run().await;
        let report = run.unwrap().entities.remove(0).1.unwrap();
        assert_eq!(report.is_full, title == "It's \\ first");
        assert_eq!(title_of(&first), title);
    }
}

#[tokio::test(start_paused = true)]
async fn a_title_that_has_changed_is_in_the_table_of_titles_of_sqlite() {
    let title =
        "SELECT title FROM _brimful_titles WHERE \"table\" = 'crm_deal' AND \"column\" = 'TITLE'";
    assert_title_follows(Bench::store, |bench| bench.value(title)).await;
}

#[tokio::test(start_paused = true)]
async fn a_title_that_has_changed_is_the_comment_of_its_column_in_postgresql_and_mysql() {
    let of_postgres = "SELECT col_description('crm_deal'::regclass, attnum) FROM pg_attribute WHERE attrelid = \
                       'crm_deal'::regclass AND attname = 'title'";
    let of_mysql = "SELECT column_comment FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = \
                    'crm_deal' AND column_name = 'TITLE'";
    for (database, title) in [
        (postgres("sync_titles"), of_postgres),
        (mysql("sync_titles"), of_mysql),
    ] {
        let Some(database) = database else { continue };
        let store = |_: &Bench| database.store.clone();
        assert_title_follows(store, |_| database.ask(title).remove(0)).await;
    }
}

#[cfg(feature = "clickhouse")]
#[tokio::test(start_paused = true)]
async fn a_title_that_has_changed_is_the_comment_of_its_column_in_clickhouse() {
    use super::clickhouse::{answer, database, server};
    let Some(url) = server() else { return };
    let title = "SELECT comment FROM system.columns WHERE database = currentDatabase() AND table = 'crm_deal' AND name = \
                 'TITLE' FORMAT TabSeparatedRaw";
    let store = |_: &Bench| database(&url, "sync_titles");
    assert_title_follows(store, |_| answer(&url, "sync_titles", title)).await;
}

#[cfg(feature = "parquet")]
#[tokio::test(start_paused = true)]
async fn a_title_that_has_changed_is_in_files_of_parquet_that_are_written_again() {
    use super::datasets::{batches, dataset, folder_of};
    let fields = |title: &str| {
        let fields =
            json!({"ID": {}, "DATE_MODIFY": {}, "TITLE": {"type": "string", "title": title}});
        fields.as_object().unwrap().clone()
    };
    let titled = |title: &str| {
        Bench::new(
            PortalConfig::new()
                .rows("deal", 20)
                .fields("deal", fields(title)),
        )
    };
    let (first, second) = (titled("First"), titled("Second"));
    let (store, folder) = (dataset(&first), folder_of(&first));
    let title = || {
        let batches = batches(&folder, "crm_deal");
        let schema = batches[0].schema();
        schema.field_with_name("TITLE").unwrap().metadata()["title"].clone()
    };
    let synced = async |bench: &Bench| {
        let run = bench.run(&store, &["crm.deal"]).run().await;
        run.unwrap().entities.remove(0).1.unwrap()
    };
    synced(&first).await;
    assert_eq!(title(), "First");
    let change = json!({"id": 7, "fields": {"TITLE": "changed"}});
    second.call("crm.deal.update", change).await;
    assert_eq!(synced(&second).await.written, 1);
    assert_eq!(title(), "Second");
}
