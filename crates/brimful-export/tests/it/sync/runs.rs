//! What single runs do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use brimful::{ErrorKind, Request, Response, Transport, TransportError};
use brimful_portal::{AccessToken, Fault, FaultRule};
use futures_util::future::BoxFuture;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_first_run_stores_every_row_and_the_next_one_writes_nothing() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 3_000));
    let first = bench.sync("crm.deal").await.unwrap();
    assert_eq!(
        (first.read, first.written, first.is_full),
        (3_000, 3_000, true)
    );
    bench.assert_equal("crm.deal").await;
    pass(60).await;
    let second = bench.sync("crm.deal").await.unwrap();
    assert_eq!((second.read, second.written, second.is_full), (0, 0, false));
    assert_eq!(second.rows, 3_000);
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_comes_and_nothing_else_is_written() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 500));
    bench.sync("crm.deal").await.unwrap();
    pass(60).await;
    let added = bench.add_deal("new").await;
    bench
        .call(
            "crm.deal.update",
            json!({"id": 7, "fields": {"TITLE": "changed"}}),
        )
        .await;
    let second = bench.sync("crm.deal").await.unwrap();
    assert_eq!((second.read, second.written), (2, 2));
    bench.assert_equal("crm.deal").await;
    assert_eq!(
        bench.value(&format!("SELECT TITLE FROM crm_deal WHERE ID = {added}")),
        "new"
    );
    // Within the overlap both come again, and are equal to what is there.
    let third = bench.sync("crm.deal").await.unwrap();
    assert_eq!((third.read, third.written), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn deleted_rows_are_marked_and_only_their_mark_is_touched() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 500));
    bench.sync("crm.deal").await.unwrap();
    let before = bench.rows("SELECT * FROM crm_deal WHERE ID = 9");
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    pass(60).await;
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!((report.deleted, report.rows), (1, 499));
    let after = bench.rows("SELECT * FROM crm_deal WHERE ID = 9");
    assert_eq!(before[0][1..], after[0][1..]);
    assert_eq!(
        (before[0][0].as_str(), &after[0][0][..10]),
        ("NULL", "2026-11-18")
    );
    bench.assert_equal("crm.deal").await;
    // It is not found deleted again.
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!(report.deleted, 0);
}

#[tokio::test(start_paused = true)]
async fn deletes_may_be_carried_out_or_left_alone() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 500));
    bench.sync("crm.deal").await.unwrap();
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    let with = |deletes| SyncOptions {
        deletes,
        ..SyncOptions::default()
    };
    let report = bench
        .sync_with("crm.deal", with(Deletes::Off))
        .await
        .unwrap();
    assert_eq!((report.deleted, report.rows), (0, 500));
    let report = bench
        .sync_with("crm.deal", with(Deletes::Hard))
        .await
        .unwrap();
    assert_eq!((report.deleted, report.rows), (1, 499));
    assert_eq!(bench.value("SELECT count(*) FROM crm_deal"), "499");
}

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
async fn a_row_that_comes_back_is_no_longer_marked() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 300));
    bench.sync("crm.deal").await.unwrap();
    rusqlite::Connection::open(bench.folder.path().join("portal.db"))
        .unwrap()
        .execute(
            "UPDATE crm_deal SET _deleted_at = '2026-01-01' WHERE ID IN (3, 299)",
            [],
        )
        .unwrap();
    // Nothing says that they have changed: the counts show it.
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!(report.rows, 300, "{report:?}");
    bench.assert_equal("crm.deal").await;
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
            for table in ["crm_deal", "user", "crm_status"] {
                let gone = format!("SELECT count(*) FROM {table} WHERE _deleted_at IS NOT NULL");
                assert_eq!(bench.value(&gone), "0", "{table}, every {n}th page");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_user_field_becomes_a_column_and_is_filled_for_old_rows() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 120));
    bench.sync("crm.deal").await.unwrap();
    bench
        .call(
            "crm.deal.userfield.add",
            json!({"fields": {"FIELD_NAME": "LOCAL_NUMBER", "USER_TYPE_ID": "integer"}}),
        )
        .await;
    bench
        .call(
            "crm.deal.update",
            json!({"id": 5, "fields": {"UF_CRM_LOCAL_NUMBER": 77}}),
        )
        .await;
    pass(60).await;
    let report = bench.sync("crm.deal").await.unwrap();
    assert!(report.is_full, "{report:?}");
    assert_eq!(
        bench.value("SELECT UF_CRM_LOCAL_NUMBER FROM crm_deal WHERE ID = 5"),
        "77"
    );
    bench.assert_equal("crm.deal").await;
    let next = bench.sync("crm.deal").await.unwrap();
    assert!(!next.is_full);
}

#[tokio::test(start_paused = true)]
async fn a_user_field_that_is_added_while_a_run_reads_gets_its_type_with_the_next_run() {
    let config = PortalConfig::new()
        .rows("deal", 120)
        .latency(Duration::from_millis(200));
    let bench = Bench::new(config);
    let run = bench.run(&bench.store(), &["crm.deal"]);
    // The fields are asked for first, then the rows are read.
    let (report, ()) = tokio::join!(run.run(), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let field = json!({"fields": {"FIELD_NAME": "LOCAL_NUMBER", "USER_TYPE_ID": "integer"}});
        let change = json!({"id": 119, "fields": {"UF_CRM_LOCAL_NUMBER": 77}});
        // Both take effect at once.
        let added = bench.call("crm.deal.userfield.add", field);
        let changed = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            bench.call("crm.deal.update", change).await
        };
        tokio::join!(added, changed);
    });
    report.unwrap().entities.remove(0).1.unwrap();
    pass(60).await;
    let report = bench.sync("crm.deal").await.unwrap();
    assert!(report.is_full, "{report:?}");
    let kind = "SELECT type FROM pragma_table_info('crm_deal') WHERE name = 'UF_CRM_LOCAL_NUMBER'";
    assert_eq!(bench.value(kind), "INTEGER");
    let value = "SELECT UF_CRM_LOCAL_NUMBER FROM crm_deal WHERE ID = 119";
    assert_eq!(bench.value(value), "77");
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn a_user_field_that_the_portal_never_describes_is_recorded_and_becomes_a_column_with_the_next_run()
 {
    let described = json!({
        "ID": {"type": "integer", "title": "ID"},
        "TITLE": {"type": "string", "title": "Name"},
        "DATE_MODIFY": {"type": "datetime", "title": "Modified"},
    });
    let row = |id: u64| {
        let mut row = json!({"ID": id.to_string(), "TITLE": "a"});
        if id == 5 {
            row["UF_CRM_N"] = json!("v");
        }
        row.as_object().unwrap().clone()
    };
    for rows in [5, 130] {
        let rows = (1..=rows).map(row).collect();
        let bench = Bench::new(
            PortalConfig::new()
                .load("deal", rows)
                .reply("crm.deal.fields", described.clone()),
        );
        bench.sync("crm.deal").await.unwrap();
        let errors = "SELECT id, field, value FROM _brimful_errors";
        assert_eq!(bench.rows(errors), [["5", "UF_CRM_N", "\"v\""]]);
        pass(60).await;
        let second = bench.sync("crm.deal").await.unwrap();
        assert!(second.is_full, "{second:?}");
        let values = "SELECT ID, UF_CRM_N FROM crm_deal WHERE UF_CRM_N IS NOT NULL";
        assert_eq!(bench.rows(values), [["5", "v"]]);
        assert_eq!(bench.rows(errors).len(), 0);
        pass(60).await;
        let change = json!({"id": 5, "fields": {"TITLE": "b"}});
        bench.call("crm.deal.update", change).await;
        let third = bench.sync("crm.deal").await.unwrap();
        assert!(!third.is_full, "{third:?}");
        assert_eq!(bench.rows(values), [["5", "v"]]);
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
            // The run that was cut lets go of the store a moment later.
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
async fn tables_of_one_portal_do_not_take_rows_of_another() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 120));
    bench.sync("crm.deal").await.unwrap();
    let run = bench
        .run(&bench.store(), &["crm.deal"])
        .portal("other.bitrix24.ru");
    let report = run.run().await.unwrap();
    let error = report.entities[0].1.as_ref().unwrap_err().to_string();
    assert!(error.contains("rows of the portal portal.test"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_entity_that_the_emulator_has_is_stored_and_stays_as_it_is() {
    let names = [
        "crm.deal",
        "crm.lead",
        "crm.contact",
        "crm.company",
        "crm.quote",
        "crm.item:31",
        "crm.productrow",
        "crm.activity",
        "crm.stagehistory:2",
        "tasks",
        "elapsed",
        "calls",
        "users",
        "departments",
        "statuses",
        "categories:2",
        "currencies",
        "crm.type",
        "crm.deal.userfield",
        "workgroups",
        "crm.requisite.list",
    ];
    let mut config = PortalConfig::new();
    for entity in [
        "deal",
        "lead",
        "contact",
        "company",
        "quote",
        "productrow",
        "activity",
        "task",
        "user",
    ] {
        config = config.rows(entity, 70);
    }
    let token = AccessToken::new("t0ken", "app", 1);
    let bench = Bench::new(config.rows("31", 70).token(token));
    bench
        .call(
            "crm.deal.update",
            json!({"id": 5, "fields": {"STAGE_ID": "WON"}}),
        )
        .await;
    bench
        .call(
            "task.elapseditem.add",
            json!([5, {"SECONDS": 60, "COMMENT_TEXT": "done"}]),
        )
        .await;
    let call = json!({"USER_ID": 1, "PHONE_NUMBER": "+79000000000", "TYPE": 1});
    let call = bench
        .call_as_application("telephony.externalcall.register", call)
        .await;
    let end = json!({"CALL_ID": call["CALL_ID"], "USER_ID": 1, "DURATION": 30});
    bench
        .call_as_application("telephony.externalcall.finish", end)
        .await;
    let report = bench.sync_all(&names).await;
    let mut without_rows = Vec::new();
    for (name, result) in &report.entities {
        match result {
            // Where the portal names no fields either, there is nothing to make a table of.
            Ok(report) if report.rows == 0 => without_rows.push(name.clone()),
            Ok(_) => bench.assert_equal(name).await,
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(without_rows.len() < 6, "{without_rows:?}");
    pass(60).await;
    let report = bench.sync_all(&names).await;
    for (name, result) in &report.entities {
        let report = result.as_ref().unwrap();
        assert_eq!((report.written, report.deleted), (0, 0), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn labels_are_a_table_and_a_view_beside_the_rows() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60));
    let options = SyncOptions {
        labels: true,
        ..SyncOptions::default()
    };
    for _ in 0..2 {
        bench.sync_with("crm.deal", options).await.unwrap();
        let labelled =
            bench.value("SELECT count(*) FROM crm_deal_labeled WHERE STAGE_ID__LABEL IS NOT NULL");
        assert_eq!(labelled, "60");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_loaded_is_told_from_what_was_not() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60));
    bench.sync("crm.deal").await.unwrap();
    let covered = bench.rows(
        "SELECT \"table\", what, id_from, time_from, \"rows\" FROM _brimful_coverage ORDER BY what",
    );
    assert_eq!(covered, [["crm_deal", "rows", "1", "NULL", "60"]]);
    pass(10).await;
    bench.sync("crm.deal").await.unwrap();
    let covered = bench.rows("SELECT what FROM _brimful_coverage ORDER BY what");
    assert_eq!(covered, [["changes"], ["deletes"], ["rows"]]);
}

#[tokio::test(start_paused = true)]
async fn values_that_do_not_fit_are_recorded_until_they_do() {
    let rows: Vec<_> = [
        r#"{"ID": "1", "TITLE": "a", "OPPORTUNITY": "lots"}"#,
        r#"{"ID": "2", "TITLE": "b"}"#,
    ]
    .iter()
    .map(|row| serde_json::from_str(row).unwrap())
    .collect();
    let bench = Bench::new(PortalConfig::new().load("deal", rows));
    let report = bench.sync("crm.deal").await.unwrap();
    let recorded = "SELECT count(*) FROM _brimful_errors";
    assert!(report.misfits > 0, "a value does not fit");
    assert_eq!(bench.value(recorded), report.misfits.to_string());
    bench
        .call(
            "crm.deal.update",
            json!({"id": 1, "fields": {"OPPORTUNITY": 5}}),
        )
        .await;
    bench.sync("crm.deal").await.unwrap();
    assert_eq!(bench.value(recorded), "0");
}

#[tokio::test(start_paused = true)]
async fn conditions_and_fields_that_the_list_does_not_know_are_refused_before_a_row_is_stored() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    let deals = || "crm.deal".parse::<SyncEntity>().unwrap();
    let filter = |conditions: Value| deals().with_filter(conditions.as_object().unwrap().clone());
    for entity in [
        filter(json!({"NOSUCH": 1})).unwrap(),
        filter(json!({">=DATE_CREATE": "31.12.25"})).unwrap(),
        filter(json!({"OPPORTUNITY": "1 000"})).unwrap(),
        deals().with_select(vec!["NOSUCH".to_owned()]).unwrap(),
    ] {
        let run = SyncRun::new(bench.client.clone(), bench.store(), vec![entity]);
        let (_, result) = run.run().await.unwrap().entities.remove(0);
        let error = result.unwrap_err();
        assert!(
            matches!(&error, SyncError::Portal(error) if error.kind() == ErrorKind::Config),
            "{error:?}"
        );
        let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'crm_deal'";
        assert_eq!(bench.value(tables), "0");
    }
    let entity = filter(json!({"STAGE_ID": "NEW"})).unwrap();
    let run = SyncRun::new(bench.client.clone(), bench.store(), vec![entity]);
    assert!(run.run().await.unwrap().entities.remove(0).1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn rows_that_the_store_lacks_above_its_highest_id_come_although_they_have_not_changed() {
    for lost in ["ID > 150", "ID > 20", "TRUE"] {
        for rows in [200, 4_000] {
            let bench = Bench::new(PortalConfig::new().rows("deal", rows));
            bench.sync("crm.deal").await.unwrap();
            pass(60).await;
            change_by_hand(&bench, &format!("DELETE FROM crm_deal WHERE {lost}"));
            let report = bench.sync("crm.deal").await.unwrap();
            assert_eq!(report.rows, rows, "{lost} of {rows}");
            bench.assert_equal("crm.deal").await;
        }
    }
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

#[tokio::test(start_paused = true)]
async fn as_many_rows_may_be_gone_as_have_come_back() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 4_000));
    bench.sync("crm.deal").await.unwrap();
    // One was taken for deleted and has come back as it was, with its old time of change.
    change_by_hand(
        &bench,
        "UPDATE crm_deal SET _deleted_at = '2026-01-01T00:00:00Z' WHERE ID = 1000",
    );
    bench.call("crm.deal.delete", json!({"id": 1_001})).await;
    pass(60).await;
    bench.sync("crm.deal").await.unwrap();
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn sqlite_refuses_a_field_that_has_become_another_type_with_a_statement_that_helps() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 200));
    bench.sync("crm.deal").await.unwrap();
    change_by_hand(
        &bench,
        "ALTER TABLE crm_deal RENAME COLUMN TITLE TO t; ALTER TABLE crm_deal ADD COLUMN TITLE INTEGER",
    );
    bench.add_deal("007").await;
    let refused = bench.sync("crm.deal").await.unwrap_err().to_string();
    let (_, remedy) = refused.rsplit_once("change it: ").expect(&refused);
    change_by_hand(&bench, remedy);
    let report = bench.sync("crm.deal").await.unwrap();
    assert!(report.is_full);
    bench.assert_equal("crm.deal").await;
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

/// Entities by ID of the emulator, with so many rows each.
fn entities_by_id(rows: u64) -> (PortalConfig, [&'static str; 10]) {
    let mut config = PortalConfig::new();
    for entity in [
        "deal", "lead", "contact", "company", "quote", "activity", "task",
    ] {
        config = config.rows(entity, rows);
    }
    let entities = [
        "crm.deal",
        "crm.lead",
        "crm.contact",
        "crm.company",
        "crm.quote",
        "activities",
        "tasks",
        "crm.item:1",
        "crm.item:3",
        "crm.item:4",
    ];
    (config, entities)
}

#[tokio::test(start_paused = true)]
async fn entities_without_a_change_share_the_requests_that_show_it() {
    let (config, entities) = entities_by_id(300);
    let bench = Bench::new(config);
    bench.sync_all(&entities).await;
    pass(60).await;
    let report = bench.sync_all(&entities).await;
    for (name, result) in &report.entities {
        let result = result.as_ref().unwrap();
        assert_eq!((result.read, result.written), (0, 0), "{name}");
        assert!(!result.is_full && result.rows == 300, "{name}: {result:?}");
    }
    // The fields of all, what has changed in all, asked for twice, and the counts of each.
    assert_eq!(report.requests, 1 + 2 + 10);
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_in_some_of_many_entities_comes_whole() {
    let (config, entities) = entities_by_id(300);
    let bench = Bench::new(config);
    bench.sync_all(&entities).await;
    pass(60).await;
    // None, one, some, a page and more than two pages of rows have changed.
    let changed = [("deal", 1), ("contact", 3), ("company", 50), ("lead", 130)];
    for (kind, rows) in changed {
        for id in 1..=rows {
            let change = json!({"id": id, "fields": {"COMMENTS": "changed"}});
            bench.call(&format!("crm.{kind}.update"), change).await;
        }
    }
    bench.call("crm.quote.delete", json!({"id": 7})).await;
    let report = bench.sync_all(&entities).await;
    for (name, result) in &report.entities {
        let result = result.as_ref().unwrap();
        let kind = name.trim_start_matches("crm.");
        let changed = changed.iter().find(|(changed, _)| *changed == kind);
        let rows = changed.map_or(0, |(_, rows)| *rows);
        if name.contains(':') {
            continue;
        }
        assert_eq!((result.read, result.written), (rows, rows), "{name}");
        assert_eq!(result.deleted, u64::from(kind == "quote"), "{name}");
        bench.assert_equal(name).await;
    }
}

/// The way to a portal that answers one request whose body has `mark` as if there were no rows and none were counted.
#[derive(Debug)]
struct EmptyOnce {
    portal: ServiceTransport<Portal>,
    mark: &'static str,
    is_played: Arc<AtomicBool>,
}

impl EmptyOnce {
    fn spoil(body: &[u8]) -> Vec<u8> {
        let mut reply: Value = serde_json::from_slice(body).unwrap();
        let result = &mut reply["result"];
        for (part, nothing) in [("result", json!([])), ("result_total", json!(0))] {
            // Commands that are called 0, 1, … are answered with an array.
            let values: Vec<&mut Value> = match &mut result[part] {
                Value::Object(by_label) => by_label.values_mut().collect(),
                Value::Array(values) => values.iter_mut().collect(),
                other => panic!("{other}"),
            };
            for value in values {
                value.clone_from(&nothing);
            }
        }
        reply.to_string().into_bytes()
    }
}

impl Transport for EmptyOnce {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        Box::pin(async move {
            let mut response = self.portal.send(request).await?;
            if body.contains(self.mark) && !self.is_played.swap(true, Ordering::SeqCst) {
                response.body = Self::spoil(&response.body).into();
            }
            Ok(response)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_came_back_unseen_comes_although_the_page_with_it_is_empty_once() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 120));
    bench.sync("crm.deal").await.unwrap();
    change_by_hand(&bench, "DELETE FROM crm_deal WHERE ID = 23");
    pass(60).await;
    let is_played = Arc::new(AtomicBool::new(false));
    bench.client = Client::builder(WEBHOOK)
        .transport(EmptyOnce {
            portal: ServiceTransport::new(bench.portal.clone()),
            // The row is asked for by its ID.
            mark: "filter%5BID%5D%5B0%5D=23",
            is_played: Arc::clone(&is_played),
        })
        .limit(None)
        .build()
        .unwrap();
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!((report.rows, report.deleted), (120, 0), "{report:?}");
    assert!(is_played.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_field_with_a_name_that_the_store_needs_is_synced_and_read_in_full_once() {
    let fields = json!({
        "ID": {"type": "integer"},
        "DATE_MODIFY": {"type": "datetime"},
        "_deleted_at": {"type": "string"},
        "Date_Modify": {"type": "string"},
    });
    let row = json!({"ID": "1", "_deleted_at": "a", "Date_Modify": "b"});
    let bench = Bench::new(
        PortalConfig::new()
            .load("deal", vec![row.as_object().unwrap().clone()])
            .reply("crm.deal.fields", fields),
    );
    for is_full in [true, false] {
        let report = bench.sync("crm.deal").await.unwrap();
        assert_eq!((report.is_full, report.rows), (is_full, 1));
        pass(60).await;
    }
    let names = "SELECT name FROM pragma_table_info('crm_deal') WHERE name GLOB '_deleted_at_*' \
                 OR name GLOB 'Date_Modify_*' ORDER BY name DESC";
    let names = bench.rows(names).concat();
    assert_eq!(names.len(), 2, "{names:?}");
    let values = format!("SELECT \"{}\", \"{}\" FROM crm_deal", names[0], names[1]);
    assert_eq!(bench.rows(&values), [["a", "b"]]);
}
