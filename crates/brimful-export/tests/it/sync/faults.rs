//! What runs do when something is wrong: with pages, clocks, tables, or another run.

use brimful_portal::{Fault, FaultRule};

use super::*;

#[tokio::test(start_paused = true)]
async fn more_rows_gone_than_a_twentieth_are_not_believed_until_they_are_accepted() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 200));
    bench.sync("crm.deal").await.unwrap();
    for id in 1..=11 {
        bench.call("crm.deal.delete", json!({"id": id})).await;
    }
    let error = bench.sync("crm.deal").await.unwrap_err();
    assert!(
        matches!(
            error,
            SyncError::TooManyGone {
                gone: 11,
                live: 200,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("has to accept deletes"));
    assert_eq!(
        bench.value("SELECT count(*) FROM crm_deal WHERE _deleted_at IS NOT NULL"),
        "0"
    );
    let report = bench.sync_with("crm.deal", accepting()).await.unwrap();
    assert_eq!((report.deleted, report.rows), (11, 189));
}

#[tokio::test(start_paused = true)]
async fn empty_and_short_pages_without_an_error_delete_nothing() {
    for fault in [Fault::EmptyPage, Fault::ShortPage] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 600).rows("user", 60));
        bench.sync_all(&["crm.deal", "users", "statuses"]).await;
        for n in 1..12 {
            bench.portal.faults().clear();
            bench
                .portal
                .faults()
                .add(FaultRule::every(n, fault.clone()));
            // It may fail, and must not believe.
            let report = bench
                .run(&bench.store(), &["crm.deal", "users", "statuses"])
                .run()
                .await;
            drop(report);
            for table in ["crm_deal", "users", "crm_status"] {
                let gone = format!("SELECT count(*) FROM {table} WHERE _deleted_at IS NOT NULL");
                assert_eq!(bench.value(&gone), "0", "{table}, every {n}th page");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_an_entity_stops_no_other() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 120).rows("lead", 130));
    let report = bench
        .run(&bench.store(), &["crm.item:999", "crm.deal", "crm.lead"])
        .run()
        .await
        .unwrap();
    let results: Vec<bool> = report
        .entities
        .iter()
        .map(|(_, result)| result.is_ok())
        .collect();
    assert_eq!(results, [false, true, true], "{report:?}");
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_resumes_a_read_brings_what_changed_between_the_two_runs() {
    let bench = Bench::new(
        PortalConfig::new()
            .rows("deal", 12_000)
            .latency(Duration::from_millis(200)),
    );
    let run = bench.run(&bench.store(), &["crm.deal"]);
    // It is cut when some of its rows are stored.
    let mut cut = Duration::ZERO;
    let stored = "SELECT count(*) FROM sqlite_master WHERE name = 'crm_deal'";
    while bench.folder.path().read_dir().unwrap().count() == 0 || bench.value(stored) == "0" {
        cut += Duration::from_millis(100);
        drop(tokio::time::timeout(cut, run.run()).await);
    }
    bench
        .call(
            "crm.deal.update",
            json!({"id": 1, "fields": {"TITLE": "changed"}}),
        )
        .await;
    pass(20).await;
    let report = loop {
        match run.run().await {
            // The run that was cut releases the store a moment later.
            Err(SyncError::Locked { .. }) => tokio::task::yield_now().await,
            ended => break ended.unwrap(),
        }
    };
    let report = report.entities[0].1.as_ref().unwrap();
    assert!(report.is_full && report.read < 12_000, "{report:?}");
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn two_runs_into_one_store_do_not_run_at_once() {
    let bench = Bench::new(
        PortalConfig::new()
            .rows("deal", 3_000)
            .latency(Duration::from_millis(200)),
    );
    let store = bench.store();
    let (first, second) = (
        bench.run(&store, &["crm.deal"]),
        bench.run(&store, &["crm.deal"]),
    );
    let (first, second) = tokio::join!(first.run(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        second.run().await
    });
    assert!(first.is_ok());
    let error = second.unwrap_err();
    assert!(matches!(error, SyncError::Locked { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    bench.sync("crm.deal").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_changed_after_a_run_with_a_clock_that_was_ahead_is_not_lost() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100));
    bench.portal.faults().set("skew=+3h").unwrap();
    bench.sync("crm.deal").await.unwrap();
    bench.portal.faults().set("skew=+0s").unwrap();
    pass(10).await;
    let fields = json!({"TITLE": "changed"});
    bench
        .call("crm.deal.update", json!({"id": 7, "fields": fields}))
        .await;
    pass(20).await;
    bench.sync("crm.deal").await.unwrap();
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_of_a_run_whose_rows_the_store_refused() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    bench.sync("crm.deal").await.unwrap();
    change_by_hand(&bench, "CREATE UNIQUE INDEX one_title ON crm_deal (TITLE)");
    pass(60).await;
    for id in [7, 8] {
        let fields = json!({"TITLE": "the same"});
        bench
            .call("crm.deal.update", json!({"id": id, "fields": fields}))
            .await;
    }
    let refused = bench.sync("crm.deal").await.unwrap_err().to_string();
    assert!(refused.contains("UNIQUE"), "{refused}");
    let tables = brimful_export::sync::status(&bench.store()).await.unwrap();
    let (text, _) = tables[0].failed.as_ref().expect("the failure is recorded");
    assert!(text.contains("UNIQUE"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_column_that_was_dropped_or_renamed_by_hand_is_filled_again() {
    for change in ["DROP COLUMN TITLE", "RENAME COLUMN TITLE TO mine"] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 200));
        bench.sync("crm.deal").await.unwrap();
        pass(60).await;
        change_by_hand(&bench, &format!("ALTER TABLE crm_deal {change}"));
        let report = bench.sync("crm.deal").await.unwrap();
        assert!(report.is_full, "{change}");
        bench.assert_equal("crm.deal").await;
        pass(60).await;
        assert!(!bench.sync("crm.deal").await.unwrap().is_full, "{change}");
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_file_of_sqlite_is_locked_by_whatever_name_it_is_reached() {
    let config = PortalConfig::new().rows("deal", 3_000);
    let bench = Bench::new(config.latency(Duration::from_millis(200)));
    let at = |name: &str| bench.folder.path().join(name);
    std::os::unix::fs::symlink("portal.db", at("link.db")).unwrap();
    std::os::unix::fs::symlink(at("link.db"), at("link2.db")).unwrap();
    // The first run makes the file, the second one finds it.
    for _ in 0..2 {
        let (first, others) = (bench.run(&bench.store(), &["crm.deal"]), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            for name in ["link.db", "link2.db"] {
                let other = bench.run(&Store::Sqlite(at(name)), &["crm.deal"]);
                let refused = other.run().await.unwrap_err();
                assert!(matches!(refused, SyncError::Locked { .. }), "{refused}");
            }
        });
        let (first, ()) = tokio::join!(first.run(), others);
        assert!(first.unwrap().entities[0].1.is_ok());
    }
    std::fs::hard_link(at("portal.db"), at("hard.db")).unwrap();
    let refused = bench.run(&bench.store(), &["crm.deal"]).run().await;
    let refused = refused.unwrap_err().to_string();
    let (_, remedy) = refused.rsplit_once("Give it one: ").expect(&refused);
    let done = std::process::Command::new("sh")
        .args(["-c", remedy])
        .status();
    assert!(done.unwrap().success());
    bench.sync("crm.deal").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_gone_is_found_although_another_one_has_come_back_unseen() {
    for (back, gone) in [(77, 12_000), (300, 301), (19_998, 19_999)] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 20_000));
        bench.sync("crm.deal").await.unwrap();
        pass(60).await;
        change_by_hand(&bench, &format!("DELETE FROM crm_deal WHERE ID = {back}"));
        bench.call("crm.deal.delete", json!({"id": gone})).await;
        let mut runs = 0;
        let options = SyncOptions {
            deletes: Deletes::Hard,
            ..SyncOptions::default()
        };
        loop {
            runs += 1;
            let report = bench.sync_with("crm.deal", options).await.unwrap();
            if report.deleted == 1 {
                break;
            }
            assert!(runs < 10, "{back} came back, and {gone} is gone");
            pass(60).await;
        }
        bench.assert_equal("crm.deal").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_while_a_clock_was_ahead_is_not_lost_when_that_has_been_passed() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100));
    let start = tokio::time::Instant::now();
    // The clock of the machine is wrong all the time.
    let clock = move || 5_000 + start.elapsed().as_secs() as i64;
    let run = bench.run(&bench.store(), &["crm.deal"]).clock(clock);
    let sync = || async { run.run().await.unwrap().entities.remove(0).1.unwrap() };
    bench.portal.faults().set("skew=+3h").unwrap();
    sync().await;
    bench.portal.faults().set("skew=+0s").unwrap();
    pass(10).await;
    let fields = json!({"TITLE": "changed"});
    bench
        .call("crm.deal.update", json!({"id": 7, "fields": fields}))
        .await;
    pass(240).await;
    assert!(sync().await.is_full);
    bench.assert_equal("crm.deal").await;
    pass(60).await;
    assert!(!sync().await.is_full);
}

#[tokio::test(start_paused = true)]
async fn labels_stay_where_a_dictionary_is_empty_once() {
    use std::sync::{Arc, Mutex};
    for (fault, field) in [
        ("empty-page:on=crm.status.list", "STAGE_ID"),
        ("empty-page:on=crm.currency.list", "CURRENCY_ID"),
    ] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 60));
        let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&warnings);
        let run = bench
            .run(&bench.store(), &["crm.deal"])
            .options(SyncOptions {
                labels: true,
                ..SyncOptions::default()
            })
            .observe(move |event| {
                if let brimful_export::sync::SyncEvent::Warning { text, .. } = event {
                    heard.lock().unwrap().push((*text).to_owned());
                }
            });
        let labels = || bench.rows("SELECT * FROM crm_deal_labels ORDER BY field, code");
        let sync = || async { run.run().await.unwrap().entities.remove(0).1.unwrap() };
        sync().await;
        let before = labels();
        assert!(before.iter().any(|label| label[0] == field));
        assert!(warnings.lock().unwrap().is_empty(), "{warnings:?}");
        bench.portal.faults().set(fault).unwrap();
        sync().await;
        assert_eq!(labels(), before, "{fault}");
        let labelled =
            format!("SELECT count(*) FROM crm_deal_labeled WHERE {field}__LABEL IS NOT NULL");
        assert_eq!(bench.value(&labelled), "60", "{fault}");
        let warnings = warnings.lock().unwrap();
        assert!(
            warnings.iter().any(|text| text.contains(field)),
            "{warnings:?}"
        );
    }
}
