//! Rows that a portal lists for one record at a time: product rows, comments, checklists, history.

use brimful_export::sync::verify;
use brimful_portal::{Fault, FaultRule};

use super::histories::{Chance, faults};
use super::*;

const OF_TASKS: [&str; 3] = ["checklists", "taskcomments", "taskhistory"];

impl Bench {
    async fn add_product_row(&self, deal: u64, price: u64) -> u64 {
        let fields = json!({"ownerId": deal, "ownerType": "D", "productName": "Phone", "price": price, "quantity": 1});
        let added = self
            .call("crm.item.productrow.add", json!({"fields": fields}))
            .await;
        added["productRow"]["id"].as_u64().unwrap()
    }

    async fn add_comment(&self, deal: u64, text: &str) -> u64 {
        let fields = json!({"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": text});
        let added = self
            .call("crm.timeline.comment.add", json!({"fields": fields}))
            .await;
        added.as_u64().unwrap()
    }

    async fn add_item(&self, task: u64, title: &str) -> u64 {
        let added = self
            .call(
                "task.checklistitem.add",
                json!([task, {"TITLE": title, "PARENT_ID": 0}]),
            )
            .await;
        added.as_u64().unwrap()
    }

    async fn add_task_comment(&self, task: u64, text: &str) -> u64 {
        let added = self
            .call(
                "task.commentitem.add",
                json!([task, {"POST_MESSAGE": text}]),
            )
            .await;
        added.as_u64().unwrap()
    }

    /// Compares the live rows of entities with the portal's, all of them.
    async fn assert_verified(&self, entities: &[&str]) {
        let run = self.run(&self.store(), entities);
        for (name, verification) in verify(&run, usize::MAX).await.unwrap() {
            let verification = verification.unwrap();
            assert!(verification.is_equal(), "{name}: {verification:?}");
        }
    }

    /// Compares live rows with what the portal answers to calls for one record each.
    async fn assert_product_rows(&self, deals: &[u64]) {
        let mut expected = Vec::new();
        for deal in deals {
            let filter = json!({"=ownerType": "D", "=ownerId": deal});
            let list = self.client.list("crm.item.productrow.list").filter(filter);
            let rows: Vec<Value> = list.collect().await.unwrap();
            for row in rows {
                expected.push(vec![
                    row["id"].to_string(),
                    row["ownerId"].to_string(),
                    row["price"].to_string(),
                ]);
            }
        }
        expected.sort_by_key(|row| row[0].parse::<u64>().unwrap());
        let sql = "SELECT id, ownerId, CAST(price AS INTEGER) FROM crm_item_productrow_2 WHERE _deleted_at IS NULL ORDER BY id";
        assert_eq!(self.rows(sql), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn product_rows_come_fifty_deals_a_request_and_then_those_of_changed_deals_alone() {
    let bench = Bench::new(
        PortalConfig::new()
            .rows("deal", 1_000)
            .rows("productrow", 0),
    );
    for deal in [3, 3, 500, 999] {
        bench.add_product_row(deal, 100 + deal).await;
    }
    // More than a page.
    for n in 0..120 {
        bench.add_product_row(7, 1_000 + n).await;
    }
    let report = bench.sync_all(&["crm.item.productrow:2"]).await;
    let first = report.entities[0].1.as_ref().unwrap();
    assert_eq!((first.read, first.written, first.rows), (124, 124, 124));
    // Twenty for the lists, and a few for the fields, the deals and the further pages.
    assert!(report.requests <= 27, "{}", report.requests);
    bench.assert_product_rows(&[3, 7, 500, 999]).await;
    bench.assert_verified(&["crm.item.productrow:2"]).await;
    pass(60).await;

    let added = bench.add_product_row(800, 5).await;
    let title = json!({"id": 800, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", title).await;
    let report = bench.sync_all(&["crm.item.productrow:2"]).await;
    let second = report.entities[0].1.as_ref().unwrap();
    assert!(!second.is_full);
    assert_eq!((second.written, second.rows), (1, 125));
    // Those of the changed deals, two hundred deals in turn with the further pages of one, and whether deals are still there.
    assert!(report.requests <= 13, "{}", report.requests);
    let owner = format!("SELECT ownerId FROM crm_item_productrow_2 WHERE id = {added}");
    assert_eq!(bench.value(&owner), "800");
}

#[tokio::test(start_paused = true)]
async fn rows_of_records_that_are_deleted_are_marked_with_their_record_and_without_it() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 90).rows("productrow", 0));
    let mut rows = Vec::new();
    for deal in 1..=90 {
        rows.push(bench.add_product_row(deal, deal).await);
    }
    bench.sync("crm.item.productrow:2").await.unwrap();
    pass(60).await;
    bench.call("crm.deal.delete", json!({"id": 5})).await;
    bench
        .call("crm.item.productrow.delete", json!({"id": rows[9]}))
        .await;
    let report = bench.sync("crm.item.productrow:2").await.unwrap();
    assert_eq!((report.deleted, report.rows), (2, 88));
    let columns = "SELECT name, type FROM pragma_table_info('crm_item_productrow_2') WHERE name LIKE 'owner%'";
    assert_eq!(
        bench.rows(columns),
        [["ownerId", "INTEGER"], ["ownerType", "TEXT"]]
    );
    let gone = "SELECT ownerId FROM crm_item_productrow_2 WHERE _deleted_at IS NOT NULL ORDER BY 1";
    assert_eq!(bench.rows(gone), [["5"], ["10"]]);
    let report = bench.sync("crm.item.productrow:2").await.unwrap();
    assert_eq!((report.deleted, report.written), (0, 0));
    bench.assert_verified(&["crm.item.productrow:2"]).await;
}

#[tokio::test(start_paused = true)]
async fn comments_of_the_timeline_are_kept_with_the_record_that_they_belong_to() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60));
    let first = bench.add_comment(7, "it's a start").await;
    let second = bench.add_comment(8, "другой").await;
    bench.sync("crm.timeline.comment:2").await.unwrap();
    let sql = "SELECT ID, ENTITY_ID, COMMENT FROM crm_timeline_comment_2 WHERE _deleted_at IS NULL ORDER BY ID";
    let expected = |rows: &[(u64, &str, &str)]| -> Vec<Vec<String>> {
        let row = |(id, deal, text): &(u64, &str, &str)| {
            vec![id.to_string(), (*deal).to_owned(), (*text).to_owned()]
        };
        rows.iter().map(row).collect()
    };
    assert_eq!(
        bench.rows(sql),
        expected(&[(first, "7", "it's a start"), (second, "8", "другой")])
    );
    pass(60).await;
    let third = bench.add_comment(9, "new").await;
    let change =
        json!({"id": first, "ownerTypeId": 2, "ownerId": 7, "fields": {"COMMENT": "changed"}});
    bench.call("crm.timeline.comment.update", change).await;
    let delete = json!({"id": second, "ownerTypeId": 2, "ownerId": 8});
    bench.call("crm.timeline.comment.delete", delete).await;
    let report = bench
        .sync_with("crm.timeline.comment:2", accepting())
        .await
        .unwrap();
    assert_eq!((report.deleted, report.rows), (1, 2));
    assert_eq!(
        bench.rows(sql),
        expected(&[(first, "7", "changed"), (third, "9", "new")])
    );
    bench.assert_verified(&["crm.timeline.comment:2"]).await;
}

#[tokio::test(start_paused = true)]
async fn checklists_comments_and_history_of_tasks_are_kept_with_their_task() {
    let bench = Bench::new(PortalConfig::new().rows("task", 30).rows("checklist", 40));
    let item = bench.add_item(4, "first").await;
    let comment = bench.add_task_comment(5, "seen").await;
    let title = json!({"taskId": 6, "fields": {"TITLE": "changed"}});
    bench.call("tasks.task.update", title).await;
    bench.sync_all(&OF_TASKS).await;
    bench.assert_verified(&OF_TASKS).await;
    let of_item = format!("SELECT TASK_ID, TITLE FROM task_checklistitem WHERE ID = {item}");
    assert_eq!(bench.rows(&of_item), [["4", "first"]]);
    let of_comment = format!("SELECT TASK_ID FROM task_commentitem WHERE ID = {comment}");
    assert_eq!(bench.value(&of_comment), "5");
    let fields = "SELECT field FROM tasks_task_history WHERE taskId = 6";
    assert_eq!(bench.rows(fields), [["TITLE"]]);
    pass(60).await;

    bench
        .call("task.checklistitem.complete", json!([4, item]))
        .await;
    bench
        .call("task.commentitem.delete", json!([5, comment]))
        .await;
    bench.add_task_comment(9, "more").await;
    let report = bench
        .run(&bench.store(), &OF_TASKS)
        .options(accepting())
        .run()
        .await
        .unwrap();
    for (name, result) in &report.entities {
        assert!(result.is_ok(), "{name}: {result:?}");
    }
    bench.assert_verified(&OF_TASKS).await;
    let of_item = format!("SELECT IS_COMPLETE FROM task_checklistitem WHERE ID = {item}");
    assert_eq!(bench.value(&of_item), "1");
    let of_comment =
        format!("SELECT _deleted_at IS NULL FROM task_commentitem WHERE ID = {comment}");
    assert_eq!(bench.value(&of_comment), "0");
}

#[tokio::test(start_paused = true)]
async fn lists_of_records_that_are_empty_by_mistake_delete_nothing() {
    let bench = Bench::new(PortalConfig::new().rows("task", 30).rows("checklist", 90));
    bench.sync("checklists").await.unwrap();
    for n in 1..9 {
        bench.portal.faults().clear();
        let rule = FaultRule::every(n, Fault::EmptyPage).on("task.checklistitem.getlist");
        bench.portal.faults().add(rule.times(25));
        // It may fail, and must not believe.
        let _ = bench.sync("checklists").await;
        let gone = "SELECT count(*) FROM task_checklistitem WHERE _deleted_at IS NOT NULL";
        assert_eq!(bench.value(gone), "0", "every {n}th list");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_all_refused_are_an_error_and_no_empty_table() {
    let refusal = json!({"error": "ACCESS_DENIED", "error_description": "Access denied."});
    let config = PortalConfig::new().rows("task", 30);
    let bench = Bench::new(config.reply("task.checklistitem.getlist", refusal));
    let error = bench.sync("checklists").await.unwrap_err();
    assert!(error.to_string().contains("ACCESS_DENIED"), "{error}");
}

/// Changes rows of some records.
async fn change(bench: &Bench, chance: &mut Chance, rows: &mut Vec<u64>, deals: &mut Vec<u64>) {
    for _ in 0..chance.below(10) {
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        let deal = deals[chance.below(deals.len() as u64) as usize];
        let price = chance.below(1_000);
        let place = chance.below(rows.len().max(1) as u64) as usize;
        match chance.below(6) {
            0 | 1 => rows.push(bench.add_product_row(deal, price).await),
            2 if rows.len() > 3 => {
                let id = rows.swap_remove(place);
                bench
                    .call("crm.item.productrow.delete", json!({"id": id}))
                    .await;
            }
            3 if deals.len() > 20 && chance.below(3) == 0 => {
                deals.retain(|other| *other != deal);
                let filter = json!({"filter": {"=ownerType": "D", "=ownerId": deal}});
                let listed = bench.call("crm.item.productrow.list", filter).await;
                let gone: Vec<u64> = listed["productRows"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|row| row["id"].as_u64())
                    .collect();
                rows.retain(|id| !gone.contains(id));
                bench.call("crm.deal.delete", json!({"id": deal})).await;
            }
            _ if !rows.is_empty() => {
                let fields = json!({"id": rows[place], "fields": {"price": price}});
                bench.call("crm.item.productrow.update", fields).await;
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_product_rows_the_store_equals_the_portal() {
    for seed in 300..330 {
        let mut chance = Chance(seed);
        let config = PortalConfig::new()
            .rows("deal", 40 + chance.below(120))
            .rows("productrow", 0)
            .seed(seed)
            .latency(Duration::from_millis(150));
        let bench = Bench::new(config);
        let mut deals: Vec<u64> = (1..=40).collect();
        let mut rows = Vec::new();
        for _ in 0..chance.below(120) {
            let deal = deals[chance.below(40) as usize];
            rows.push(bench.add_product_row(deal, chance.below(1_000)).await);
        }
        let run = bench
            .run(&bench.store(), &["crm.item.productrow:2"])
            .options(accepting());
        for _ in 0..6 {
            bench.portal.faults().clear();
            if let Some(fault) = faults(&mut chance) {
                let rule = FaultRule::every(2 + chance.below(5), fault)
                    .on("crm.item.productrow.list")
                    .times(1 + chance.below(4));
                bench.portal.faults().add(rule);
            }
            let cut = (chance.below(2) == 0).then(|| Duration::from_millis(chance.below(1_500)));
            let sync = async {
                match cut {
                    // The process ends in the middle of whatever it does.
                    Some(cut) => drop(tokio::time::timeout(cut, run.run()).await),
                    None => drop(run.run().await),
                }
            };
            tokio::join!(sync, change(&bench, &mut chance, &mut rows, &mut deals));
            if chance.below(2) == 0 {
                pass(chance.below(90)).await;
            }
        }
        bench.portal.faults().clear();
        let mut report = run.run().await;
        // A run that was cut lets go of the store a moment later.
        while let Err(SyncError::Locked { .. }) = report {
            tokio::task::yield_now().await;
            report = run.run().await;
        }
        report.unwrap().entities.remove(0).1.unwrap();
        bench.assert_product_rows(&deals).await;
        bench.assert_verified(&["crm.item.productrow:2"]).await;
    }
}
