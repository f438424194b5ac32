//! Changes that the time of the last change does not tell of, and what status and verify say of an entity then.

use brimful_export::sync::{RowDifference, TableVerification, status, verify};

use super::*;

impl Bench {
    async fn verified(&self, entity: &str) -> TableVerification {
        let run = self.run(&self.store(), &[entity]);
        verify(&run, usize::MAX).await.unwrap().remove(0).1.unwrap()
    }
}

/// Runs SQL in the store.
fn change(bench: &Bench, sql: &str) {
    let store = rusqlite::Connection::open(bench.folder.path().join("portal.db")).unwrap();
    store.execute_batch(sql).unwrap();
}

/// Times before the clock of the portal begins, and after it.
const EARLIER: &str = "2026-01-02T10:00:00+03:00";
const LATER: &str = "2027-01-02T10:00:00+03:00";

#[tokio::test(start_paused = true)]
async fn a_task_with_a_later_activity_comes_although_it_has_not_changed() {
    let task = |id: u64, activity: &str| {
        let task = json!({"ID": id.to_string(), "TITLE": "as it is", "CREATED_DATE": EARLIER, "CHANGED_DATE": EARLIER,
            "ACTIVITY_DATE": activity});
        task.as_object().unwrap().clone()
    };
    let tasks = vec![task(1, EARLIER), task(2, LATER)];
    let bench = Bench::new(PortalConfig::new().load("task", tasks));
    bench.sync("tasks").await.unwrap();
    change(&bench, "UPDATE tasks_task SET title = 'stale'");
    let verification = bench.verified("tasks").await;
    let changed_since = |row: &RowDifference| (row.id.clone(), row.changed_since);
    let found: Vec<_> = verification.differing.iter().map(changed_since).collect();
    assert_eq!(found, [("1".to_owned(), false), ("2".to_owned(), true)]);
    let report = bench.sync("tasks").await.unwrap();
    assert_eq!((report.read, report.written, report.is_full), (1, 1, false));
    assert_eq!(
        bench.rows("SELECT title FROM tasks_task ORDER BY id"),
        [["stale"], ["as it is"]]
    );
}

#[tokio::test(start_paused = true)]
async fn a_deal_with_a_later_activity_comes_although_it_has_not_changed() {
    let deal = |id: u64, activity: &str| {
        let deal = json!({"ID": id.to_string(), "TITLE": "as it is", "DATE_MODIFY": EARLIER,
            "LAST_ACTIVITY_TIME": activity});
        deal.as_object().unwrap().clone()
    };
    let deals = vec![deal(1, EARLIER), deal(2, LATER)];
    let bench = Bench::new(PortalConfig::new().load("deal", deals));
    bench.sync("crm.deal").await.unwrap();
    change(&bench, "UPDATE crm_deal SET TITLE = 'stale'");
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!((report.read, report.written, report.is_full), (1, 1, false));
    assert_eq!(
        bench.rows("SELECT TITLE FROM crm_deal ORDER BY ID"),
        [["stale"], ["as it is"]]
    );
    // Where somebody's own condition is on it, it is left alone.
    let conditions = json!({"<LAST_ACTIVITY_TIME": "2028-01-01T00:00:00+03:00"});
    let entity: SyncEntity = "crm.deal".parse().unwrap();
    let entity = entity.with_filter(conditions.as_object().unwrap().clone());
    let entity = entity.unwrap().with_table("filtered").unwrap();
    let run = || SyncRun::new(bench.client.clone(), bench.store(), vec![entity.clone()]);
    for read in [2, 0] {
        let report = run().run().await.unwrap().entities.remove(0).1.unwrap();
        assert_eq!(report.read, read);
    }
}

#[tokio::test(start_paused = true)]
async fn fields_that_nothing_dates_are_named_by_verify_and_are_no_error() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    bench.sync("crm.deal").await.unwrap();
    pass(3_600).await;
    let rows =
        json!({"ownerId": 3, "ownerType": "D", "productRows": [{"productName": "a", "price": 77}]});
    bench.call("crm.item.productrow.set", rows).await;
    pass(3_600).await;
    bench.sync("crm.deal").await.unwrap();
    let verification = bench.verified("crm.deal").await;
    assert!(verification.is_explained(), "{verification:?}");
    let [row] = verification.differing.as_slice() else {
        panic!("{verification:?}")
    };
    assert_eq!((row.id.as_str(), row.is_undated), ("3", true));
    assert_eq!(row.columns, ["OPPORTUNITY"]);
    // A title has no such excuse.
    change(&bench, "UPDATE crm_deal SET TITLE = 'stale' WHERE ID = 3");
    let verification = bench.verified("crm.deal").await;
    assert!(!verification.is_explained(), "{verification:?}");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_the_portal_no_longer_has_is_not_compared() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    let field = json!({"fields": {"FIELD_NAME": "LOCAL_NUMBER", "USER_TYPE_ID": "integer"}});
    let id = bench.call("crm.deal.userfield.add", field).await;
    let values = json!({"id": 5, "fields": {"UF_CRM_LOCAL_NUMBER": 77}});
    bench.call("crm.deal.update", values).await;
    bench.sync("crm.deal").await.unwrap();
    bench
        .call("crm.deal.userfield.delete", json!({"id": id}))
        .await;
    pass(3_600).await;
    bench.sync("crm.deal").await.unwrap();
    assert_eq!(
        bench.value("SELECT UF_CRM_LOCAL_NUMBER FROM crm_deal WHERE ID = 5"),
        "77"
    );
    let verification = bench.verified("crm.deal").await;
    assert!(verification.is_equal(), "{verification:?}");
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_fails_at_its_fields_has_a_line_in_the_status() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    let report = bench.sync_all(&["crm.item:999", "crm.deal"]).await;
    assert!(report.entities[0].1.is_err());
    let tables = status(&bench.store()).await.unwrap();
    let failed: Vec<(&str, bool)> = tables
        .iter()
        .map(|table| (table.entity.as_str(), table.failed.is_some()))
        .collect();
    assert_eq!(failed, [("crm.deal", false), ("crm.item:999", true)]);
    assert_eq!((tables[1].rows, tables[1].cursor), (0, None));
}

#[tokio::test(start_paused = true)]
async fn hard_deletes_take_rows_that_earlier_runs_have_marked() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100).rows("user", 80));
    let with = |deletes| SyncOptions {
        deletes,
        ..SyncOptions::default()
    };
    bench.sync("crm.deal").await.unwrap();
    for id in [9, 10] {
        bench.call("crm.deal.delete", json!({"id": id})).await;
    }
    pass(60).await;
    let soft = bench.sync_with("crm.deal", with(Deletes::Soft)).await;
    assert_eq!(soft.unwrap().deleted, 2);
    assert_eq!(bench.value("SELECT count(*) FROM crm_deal"), "100");
    bench.call("crm.deal.delete", json!({"id": 11})).await;
    let hard = bench.sync_with("crm.deal", with(Deletes::Hard)).await;
    let hard = hard.unwrap();
    assert_eq!((hard.deleted, hard.rows), (1, 97));
    assert_eq!(bench.value("SELECT count(*) FROM crm_deal"), "97");
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn the_same_moment_in_another_zone_is_not_a_difference() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20));
    bench.sync("crm.deal").await.unwrap();
    let moved = |hours: u32| {
        format!(
            "UPDATE crm_deal SET DATE_CREATE = strftime('%Y-%m-%dT%H:%M:%S', DATE_CREATE, '+{hours} hours') || '+07:00'"
        )
    };
    change(&bench, &moved(7));
    let verification = bench.verified("crm.deal").await;
    assert!(verification.is_equal(), "{verification:?}");
    change(&bench, &moved(8));
    let verification = bench.verified("crm.deal").await;
    assert_eq!(verification.differing.len(), 20);
    assert_eq!(verification.differing[0].columns, ["DATE_CREATE"]);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_newer_than_the_last_sync_is_not_compared_until_it_has_a_column() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60));
    bench.sync("crm.deal").await.unwrap();
    let field = json!({"FIELD_NAME": "LATE", "USER_TYPE_ID": "integer"});
    bench
        .call("crm.deal.userfield.add", json!({"fields": field}))
        .await;
    let run = bench.run(&bench.store(), &["crm.deal"]);
    let verified = async || verify(&run, 100).await.unwrap().remove(0).1.unwrap();
    assert!(verified().await.is_equal());
    pass(60).await;
    // No row has a value in it yet.
    bench.sync("crm.deal").await.unwrap();
    assert!(verified().await.is_equal());
    let change = json!({"id": 5, "fields": {"UF_CRM_LATE": 7}});
    bench.call("crm.deal.update", change).await;
    pass(60).await;
    bench.sync("crm.deal").await.unwrap();
    assert!(verified().await.is_equal());
    bench.assert_equal("crm.deal").await;
}
