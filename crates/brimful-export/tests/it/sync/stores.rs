//! The same on servers: those in `BRIMFUL_TEST_POSTGRES`, `BRIMFUL_TEST_MYSQL` and `BRIMFUL_TEST_CLICKHOUSE`, which
//! `./test` starts; without one there is nothing to test there.

use brimful_export::sync::{Cursor, GoneBecause, status, verify};

use super::*;

/// The stores that there are, each with a database or schema that is emptied before.
fn servers() -> Vec<Store> {
    let mut stores = Vec::new();
    if cfg!(feature = "postgres")
        && let Ok(url) = std::env::var("BRIMFUL_TEST_POSTGRES")
    {
        stores.push(url.parse().unwrap());
    }
    if cfg!(feature = "mysql")
        && let Ok(url) = std::env::var("BRIMFUL_TEST_MYSQL")
    {
        stores.push(url.parse().unwrap());
    }
    if cfg!(feature = "clickhouse")
        && let Ok(url) = std::env::var("BRIMFUL_TEST_CLICKHOUSE")
    {
        stores.push(url.parse().unwrap());
    }
    stores
}

/// A portal name that no other run has, so that tables of earlier runs are not taken for one's own.
async fn empty(bench: &Bench, store: &Store, table: &str) {
    let page: brimful::Page = [(Some(1), r#"{"ID": "1"}"#.to_owned())]
        .into_iter()
        .collect();
    let (store, table) = (store.clone(), table.to_owned());
    let _ = bench;
    let emptied = tokio::task::spawn_blocking(move || {
        // An export of another command makes a sync begin from the beginning, and soft deletes find what is too much.
        let options = StoreOptions {
            table,
            command: "test".to_owned(),
            resume: false,
            ..StoreOptions::default()
        };
        let plan = Plan {
            id_field: "ID".to_owned(),
            ..Plan::default()
        };
        let mut writer = store.open(options, plan).unwrap();
        writer.write_page(&page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
    });
    emptied.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_first_run_of_several_entities_into_an_empty_schema_makes_all_their_tables() {
    let Ok(url) = std::env::var("BRIMFUL_TEST_POSTGRES") else {
        return;
    };
    let bench = Bench::new(PortalConfig::new().rows("deal", 5).rows("lead", 5));
    for run in 0..5 {
        let schema = format!("fresh_{}_{run}", std::process::id());
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
        let entities = [
            "crm.deal",
            "crm.lead",
            "crm.contact",
            "crm.company",
            "users",
        ];
        let report = bench.run(&url.parse().unwrap(), &entities).run().await;
        for (name, result) in report.unwrap().entities {
            assert!(result.is_ok(), "{name}: {result:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn servers_hold_what_the_portal_has_after_changes_and_interruptions() {
    for store in servers() {
        let bench = Bench::new(
            PortalConfig::new()
                .rows("deal", 700)
                .rows("task", 60)
                .rows("checklist", 150)
                .latency(Duration::from_millis(100)),
        );
        empty(&bench, &store, "crm_deal").await;
        let run = bench
            .run(&store, &["crm.deal", "checklists", "currencies", "users"])
            .options(accepting());
        for round in 0..6_u64 {
            let cut = Duration::from_millis(300 * round);
            drop(tokio::time::timeout(cut, run.run()).await);
            for id in round * 10 + 1..round * 10 + 6 {
                bench
                    .call(
                        "crm.deal.update",
                        json!({"id": id, "fields": {"TITLE": format!("it's \\ {round}")}}),
                    )
                    .await;
            }
            bench
                .call("crm.deal.delete", json!({"id": round + 600}))
                .await;
            bench.add_deal("new").await;
            let item = json!({"TITLE": format!("item {round}"), "PARENT_ID": 0});
            bench
                .call("task.checklistitem.add", json!([round + 1, item]))
                .await;
            pass(20).await;
        }
        // A run that was cut releases the lock when its connection is closed.
        let mut report = run.run().await;
        while let Err(SyncError::Locked { .. }) = report {
            tokio::task::yield_now().await;
            report = run.run().await;
        }
        for (name, result) in report.unwrap().entities {
            assert!(result.is_ok(), "{store} {name}: {result:?}");
        }
        for (name, verification) in verify(&run, usize::MAX).await.unwrap() {
            let verification = verification.unwrap();
            assert!(verification.is_equal(), "{store} {name}: {verification:?}");
            assert_eq!(
                verification.compared, verification.in_portal,
                "{store} {name}"
            );
        }
        let report = run.run().await.unwrap();
        for (name, result) in &report.entities {
            let report = result.as_ref().unwrap();
            assert_eq!((report.written, report.deleted), (0, 0), "{store} {name}");
        }
        let tables = status(&store).await.unwrap();
        let deals = tables
            .iter()
            .find(|table| table.table == "crm_deal")
            .unwrap();
        assert_eq!((deals.rows, deals.failed.as_ref()), (700, None), "{store}");
        assert!(matches!(deals.cursor, Some(Cursor::Time(_))), "{store}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_missing_rows_are_verified_in_few_requests() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 6_000));
    let run = bench.run(&bench.store(), &["crm.deal"]);
    run.run().await.unwrap();
    rusqlite::Connection::open(bench.folder.path().join("portal.db"))
        .unwrap()
        .execute("DELETE FROM crm_deal WHERE ID > 500", [])
        .unwrap();
    let before = bench.client.stats().requests;
    let verification = verify(&run, 100).await.unwrap().remove(0).1.unwrap();
    let requests = bench.client.stats().requests - before;
    assert_eq!(verification.missing.len(), 5_500);
    assert!(verification.differing.is_empty(), "{verification:?}");
    // The fields, three for the IDs, and three for the rows.
    assert!(requests <= 8, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn verify_says_what_differs_and_what_the_next_run_brings() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 200));
    let run = bench.run(&bench.store(), &["crm.deal"]);
    run.run().await.unwrap();
    let verified = || async { verify(&run, 1_000).await.unwrap().remove(0).1.unwrap() };
    let verification = verified().await;
    assert!(verification.is_equal(), "{verification:?}");
    assert_eq!((verification.in_store, verification.compared), (200, 200));
    pass(10).await;
    bench
        .call(
            "crm.deal.update",
            json!({"id": 7, "fields": {"TITLE": "changed"}}),
        )
        .await;
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    let added = bench.add_deal("new").await;
    let verification = verified().await;
    assert!(
        !verification.is_equal() && verification.is_explained(),
        "{verification:?}"
    );
    assert_eq!(verification.gone, ["9"]);
    assert_eq!(verification.new, [added.to_string()]);
    let differing = &verification.differing[0];
    assert_eq!(
        (differing.id.as_str(), differing.changed_since),
        ("7", true)
    );
    assert!(
        differing.columns.contains(&"TITLE".to_owned()),
        "{differing:?}"
    );
    run.run().await.unwrap();
    assert!(verified().await.is_equal());
    // What no sync can have done is not explained.
    rusqlite::Connection::open(bench.folder.path().join("portal.db"))
        .unwrap()
        .execute_batch(
            "UPDATE crm_deal SET TITLE = 'x' WHERE ID = 50; DELETE FROM crm_deal WHERE ID = 60",
        )
        .unwrap();
    let verification = verified().await;
    assert!(!verification.is_explained(), "{verification:?}");
    assert_eq!(verification.missing, ["60"]);
    assert_eq!(verification.differing[0].columns, ["TITLE"]);
    let left = "SELECT count(*) FROM sqlite_master WHERE name LIKE '_brimful_verify%'";
    assert_eq!(bench.value(left), "0");
}

#[tokio::test(start_paused = true)]
async fn verify_tells_rows_of_others_and_those_that_a_sync_has_left_from_rows_that_are_gone_since()
{
    let bench = Bench::new(PortalConfig::new().rows("deal", 200));
    let run = bench.run(&bench.store(), &["crm.deal"]);
    let verified = || async { verify(&run, 1_000).await.unwrap().remove(0).1.unwrap() };
    let by_hand = |sql: &str| {
        let file = bench.folder.path().join("portal.db");
        let database = rusqlite::Connection::open(file).unwrap();
        database.execute_batch(sql).unwrap();
    };
    run.run().await.unwrap();
    by_hand("INSERT INTO crm_deal (ID, TITLE) VALUES (7777, 'bogus')");
    let verification = verified().await;
    assert!(!verification.is_explained(), "{verification:?}");
    assert_eq!(
        (verification.added_by_others, verification.gone),
        (1, vec!["7777".to_owned()])
    );
    run.run().await.unwrap();
    assert!(verified().await.is_equal());
    // Those that were left on purpose.
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    let off = SyncOptions {
        deletes: Deletes::Off,
        ..SyncOptions::default()
    };
    let keeping = bench.run(&bench.store(), &["crm.deal"]).options(off);
    keeping.run().await.unwrap();
    let verification = verified().await;
    assert!(verification.is_explained(), "{verification:?}");
    assert_eq!(verification.gone_because, GoneBecause::Kept);
    // Those that the last sync did not believe.
    for id in 100..=150 {
        bench.call("crm.deal.delete", json!({"id": id})).await;
    }
    assert!(run.run().await.unwrap().entities[0].1.is_err());
    let verification = verified().await;
    assert!(!verification.is_explained(), "{verification:?}");
    assert!(
        matches!(&verification.gone_because, GoneBecause::FailedSync(error) if error.contains("has to accept deletes")),
        "{verification:?}"
    );
    let options = accepting();
    let accepting = bench.run(&bench.store(), &["crm.deal"]).options(options);
    accepting.run().await.unwrap();
    assert!(verified().await.is_equal());
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_store_tells_what_a_run_failed_with() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100));
    bench.sync("crm.deal").await.unwrap();
    for id in 1..=50 {
        bench.call("crm.deal.delete", json!({"id": id})).await;
    }
    pass(10).await;
    bench.sync("crm.deal").await.unwrap_err();
    let tables = status(&bench.store()).await.unwrap();
    let (error, at) = tables[0].failed.clone().unwrap();
    assert!(error.contains("has to accept deletes"), "{error}");
    assert!(tables[0].succeeded.unwrap() < at);
    assert_eq!(
        (tables[0].portal.as_str(), tables[0].rows),
        ("portal.test", 100)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_without_changes_over_ten_entities_takes_few_requests() {
    let kinds = [
        "deal", "lead", "contact", "company", "quote", "task", "user",
    ];
    let config = kinds.iter().fold(PortalConfig::new(), |config, kind| {
        config.rows(*kind, 3_000)
    });
    let bench = Bench::new(config);
    let names = [
        "crm.deal",
        "crm.lead",
        "crm.contact",
        "crm.company",
        "crm.quote",
        "tasks",
        "statuses",
        "currencies",
        "departments",
        "crm.activity",
    ];
    bench.sync_all(&names).await;
    pass(60).await;
    let report = bench.sync_all(&names).await;
    assert!(report.requests <= 25, "{}", report.requests);
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_of_many_rows_takes_few_requests() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20_000));
    bench.sync("crm.deal").await.unwrap();
    pass(60).await;
    for place in 0..200 {
        bench
            .call(
                "crm.deal.update",
                json!({"id": place * 97 + 1, "fields": {"TITLE": "changed"}}),
            )
            .await;
    }
    let run = bench.run(&bench.store(), &["crm.deal"]);
    let report = run.run().await.unwrap();
    assert_eq!(report.entities[0].1.as_ref().unwrap().written, 200);
    // One for the fields, one for the count of deletes; the rest reads the rows.
    assert!(report.requests <= 5 + 2, "{}", report.requests);
}
