//! What single runs do.

use brimful::ErrorKind;

use brimful_portal::AccessToken;

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
            matches!(&error, SyncError::UnfitNames { error, .. } if error.kind() == ErrorKind::Config),
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

#[tokio::test(start_paused = true)]
async fn a_list_without_rows_has_a_table_and_its_first_row_brings_the_columns() {
    let empty = PortalConfig::new()
        .reply("voximplant.statistic.get", json!([]))
        .reply("sonet_group.get", json!([]));
    let bench = Bench::new(empty);
    let report = bench.sync_all(&["calls", "workgroups"]).await;
    for (name, result) in &report.entities {
        assert_eq!(result.as_ref().unwrap().rows, 0, "{name}");
    }
    for table in ["voximplant_statistic", "sonet_group"] {
        let count = format!("SELECT count(ID) FROM {table} WHERE _deleted_at IS NULL");
        assert_eq!(bench.value(&count), "0");
    }
    bench.sync_all(&["calls", "workgroups"]).await;
    // The first call and the first group.
    let call = json!([{"ID": "7", "CALL_DURATION": "30", "PHONE_NUMBER": "+70000000000"}]);
    let group = json!([{"ID": "3", "NAME": "Group"}]);
    let filled = Bench::new(
        PortalConfig::new()
            .reply("voximplant.statistic.get", call)
            .reply("sonet_group.get", group),
    );
    let store = bench.store();
    let run = filled.run(&store, &["calls", "workgroups"]);
    for (name, result) in run.run().await.unwrap().entities {
        assert_eq!(result.unwrap().rows, 1, "{name}");
    }
    let columns = "SELECT ID || CALL_DURATION || PHONE_NUMBER FROM voximplant_statistic";
    assert_eq!(bench.value(columns), "730+70000000000");
    assert_eq!(bench.value("SELECT NAME FROM sonet_group"), "Group");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_the_portal_does_not_have_is_told_before_anything_is_read() {
    use brimful_export::sync::{NarrowedBy, SyncEvent};

    let bench = Bench::new(PortalConfig::new().rows("deal", 50).rows("lead", 50));
    let fields = vec!["TITLE".to_owned(), "OPORTUNITY".to_owned()];
    let deals: SyncEntity = "crm.deal".parse().unwrap();
    let filter = json!({">=DATE_CREATED": "2026-01-01"});
    let leads: SyncEntity = "crm.lead".parse().unwrap();
    let entities = vec![
        "users".parse().unwrap(),
        deals.with_select(fields).unwrap(),
        leads
            .with_filter(filter.as_object().unwrap().clone())
            .unwrap(),
    ];
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let noted = std::sync::Arc::clone(&told);
    let run = SyncRun::new(bench.client.clone(), bench.store(), entities);
    let run = run.observe(move |event| {
        let line = match event {
            SyncEvent::Begun { entity, .. } => format!("begun {entity}"),
            SyncEvent::Ended { entity, result } => format!("ended {entity} {}", result.is_ok()),
            _ => return,
        };
        noted.lock().unwrap().push(line);
    });
    let entities = run.run().await.unwrap().entities;
    assert!(entities[0].1.is_ok());
    for (place, setting, wrong) in [
        (1, NarrowedBy::Select, "did you mean OPPORTUNITY"),
        (2, NarrowedBy::Filter, "did you mean DATE_CREATE"),
    ] {
        let error = entities[place].1.as_ref().unwrap_err();
        assert!(
            matches!(error, SyncError::UnfitNames { setting: found, .. } if *found == setting),
            "{error:?}"
        );
        assert!(error.to_string().contains(wrong), "{error}");
    }
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "ended crm.deal false",
            "ended crm.lead false",
            "begun users",
            "ended users true"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_field_that_was_chosen_and_is_gone_from_the_portal_does_not_stop_verify() {
    let with = |names: &[&str]| {
        let fields = names
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "string"})));
        let fields = fields.chain([("ID".to_owned(), json!({"type": "integer"}))]);
        let dated = [("DATE_MODIFY".to_owned(), json!({"type": "datetime"}))];
        let fields = fields.chain(dated).collect();
        Bench::new(PortalConfig::new().rows("deal", 20).fields("deal", fields))
    };
    let (before, after) = (with(&["TITLE", "COMMENTS"]), with(&["TITLE"]));
    let run = |bench: &Bench| {
        let deals: SyncEntity = "crm.deal".parse().unwrap();
        let chosen = ["TITLE", "COMMENTS", "DATE_MODIFY"].map(str::to_owned);
        let deals = deals.with_select(chosen.into()).unwrap();
        SyncRun::new(bench.client.clone(), before.store(), vec![deals])
    };
    run(&before).run().await.unwrap();
    let verified = brimful_export::sync::verify(&run(&after), 20)
        .await
        .unwrap();
    let verification = verified.into_iter().next().unwrap().1.unwrap();
    assert_eq!((verification.in_portal, verification.compared), (20, 20));
    // But a run is to be told of it.
    let result = run(&after).run().await.unwrap().entities.remove(0).1;
    assert!(
        matches!(result, Err(SyncError::UnfitNames { .. })),
        "{result:?}"
    );
}
