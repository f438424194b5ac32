//! Rows that a portal lists for one record at a time: product rows, comments, checklists, history.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use brimful::{Request, Response, Transport, TransportError};
use brimful_export::sync::verify;
use brimful_portal::FaultRule;

use super::histories::{Chance, faults};
use super::*;

/// A call that the portal refuses, in place of another one.
const REFUSED: &str = "crm.deal.get?id=999999999";
/// A list of deals that has none.
const NO_DEALS: &str = "crm.deal.list?filter%5BID%5D=999999999";

type Rewrite = Box<dyn FnMut(&str) -> Option<&'static str> + Send>;

/// What happens to a client's requests on their way.
#[derive(Default)]
struct Detour {
    /// Says which command of a batch is sent in place of this one.
    rewrite: Option<Rewrite>,
    /// A call that somebody else makes just before the first request with this text in it.
    before: Option<(&'static str, &'static str, Value)>,
}

/// The way to a portal, with detours.
#[derive(Clone)]
struct DetourTransport {
    inner: ServiceTransport<Portal>,
    others: Client,
    detour: Arc<Mutex<Detour>>,
}

impl std::fmt::Debug for DetourTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DetourTransport")
    }
}

impl Transport for DetourTransport {
    fn send(
        &self,
        mut request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + '_>> {
        Box::pin(async move {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            let before = {
                let before = &mut self.detour.lock().unwrap().before;
                before.take_if(|(needle, ..)| text.contains(*needle))
            };
            if let Some((_, method, params)) = before {
                self.others.call(method, params).await.unwrap();
            }
            if let Some(rewrite) = &mut self.detour.lock().unwrap().rewrite
                && let Ok(mut body) = serde_json::from_str::<Value>(&text)
                && let Some(commands) = body["cmd"].as_object_mut()
            {
                for command in commands.values_mut() {
                    if let Some(other) = rewrite(command.as_str().unwrap()) {
                        *command = json!(other);
                    }
                }
                request.body = serde_json::to_vec(&body).unwrap().into();
            }
            self.inner.send(request).await
        })
    }
}

impl Bench {
    /// Has the client's requests take detours from now on.
    fn detour(&mut self) -> Arc<Mutex<Detour>> {
        let detour = Arc::default();
        let transport = DetourTransport {
            inner: ServiceTransport::new(self.portal.clone()),
            others: self.client.clone(),
            detour: Arc::clone(&detour),
        };
        self.client = Client::builder(WEBHOOK)
            .transport(transport)
            .limit(None)
            .seed(1)
            .build()
            .unwrap();
        detour
    }
}

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
    let mut bench = Bench::new(PortalConfig::new().rows("task", 30).rows("checklist", 90));
    bench.sync("checklists").await.unwrap();
    let detour = bench.detour();
    for n in 1..9 {
        let (mut lists, mut mistaken) = (0, HashSet::new());
        detour.lock().unwrap().rewrite = Some(Box::new(move |command| {
            let is_list = command.starts_with("task.checklistitem.getlist");
            lists += u32::from(is_list);
            // A run meets each mistake once.
            let is_mistaken =
                is_list && lists.is_multiple_of(n) && mistaken.insert(command.to_owned());
            is_mistaken.then_some(NO_DEALS)
        }));
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

#[tokio::test(start_paused = true)]
async fn a_deleted_record_whose_list_is_refused_holds_no_later_run_up() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 1).rows("productrow", 0));
    let detour = bench.detour();
    detour.lock().unwrap().rewrite = Some(Box::new(|command| {
        command
            .starts_with("crm.item.productrow.list")
            .then_some(REFUSED)
    }));
    bench.add_product_row(1, 1).await;
    bench.sync("crm.item.productrow:2").await.unwrap_err();
    pass(60).await;
    bench.call("crm.deal.delete", json!({"id": 1})).await;
    bench.sync("crm.item.productrow:2").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_record_that_one_list_leaves_out_loses_none_of_its_rows() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 90).rows("productrow", 0));
    let mut rows = Vec::new();
    for deal in 1..=40 {
        for price in 1..=3 {
            rows.push(bench.add_product_row(deal, price).await);
        }
    }
    bench.sync("crm.item.productrow:2").await.unwrap();
    let detour = bench.detour();
    for nth in 1..=20 {
        pass(60).await;
        let deleted = rows.remove(rows.len() - 4);
        bench
            .call("crm.item.productrow.delete", json!({"id": deleted}))
            .await;
        let mut lists = 0;
        detour.lock().unwrap().rewrite = Some(Box::new(move |command| {
            lists += u32::from(
                command.starts_with("crm.deal.list") || command.starts_with("crm.item.list"),
            );
            (lists == nth && !command.contains("productrow")).then_some(NO_DEALS)
        }));
        // It may fail, and must not believe.
        let _ = bench.sync("crm.item.productrow:2").await;
        detour.lock().unwrap().rewrite = None;
        let marked = "SELECT id FROM crm_item_productrow_2 WHERE _deleted_at IS NOT NULL";
        for id in bench.rows(marked) {
            assert!(
                !rows.contains(&id[0].parse().unwrap()),
                "{id:?} with list {nth}"
            );
        }
    }
    bench.sync("crm.item.productrow:2").await.unwrap();
    bench.assert_verified(&["crm.item.productrow:2"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_the_records_gone_is_not_believed_although_few_rows_go_with_them() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100).rows("productrow", 0));
    for deal in 1..=100 {
        for price in 0..if deal <= 10 { 1 } else { 4 } {
            bench.add_product_row(deal, price).await;
        }
    }
    bench.sync("crm.item.productrow:2").await.unwrap();
    pass(60).await;
    for deal in 1..=10 {
        bench.call("crm.deal.delete", json!({"id": deal})).await;
    }
    let marked = "SELECT count(*) FROM crm_item_productrow_2 WHERE _deleted_at IS NOT NULL";
    for _ in 0..3 {
        let error = bench.sync("crm.item.productrow:2").await.unwrap_err();
        assert!(
            error.to_string().contains("has to accept deletes"),
            "{error}"
        );
        assert_eq!(bench.value(marked), "0");
    }
    let report = bench.sync_with("crm.item.productrow:2", accepting()).await;
    assert_eq!(report.unwrap().deleted, 10);
    bench.assert_verified(&["crm.item.productrow:2"]).await;
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_all_refused_come_with_the_first_run_after_the_right_is_granted() {
    let mut bench = Bench::new(PortalConfig::new().rows("task", 3_000).rows("checklist", 0));
    for task in [1, 1_500, 2_990] {
        bench.add_item(task, "first").await;
    }
    let detour = bench.detour();
    detour.lock().unwrap().rewrite = Some(Box::new(|command| {
        command
            .starts_with("task.checklistitem.getlist")
            .then_some(REFUSED)
    }));
    for _ in 0..2 {
        bench.sync("checklists").await.unwrap_err();
    }
    detour.lock().unwrap().rewrite = None;
    bench.sync("checklists").await.unwrap();
    bench.assert_verified(&["checklists"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_rows_of_a_changed_record_come_later_if_its_list_is_refused() {
    let mut bench = Bench::new(
        PortalConfig::new()
            .rows("deal", 1_000)
            .rows("productrow", 0),
    );
    bench.add_product_row(900, 1).await;
    bench.sync("crm.item.productrow:2").await.unwrap();
    pass(60).await;
    bench.add_product_row(900, 2).await;
    let title = json!({"id": 900, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", title).await;
    let detour = bench.detour();
    detour.lock().unwrap().rewrite = Some(Box::new(|command| {
        let is_of_deal =
            command.starts_with("crm.item.productrow.list") && command.contains("=900");
        is_of_deal.then_some(REFUSED)
    }));
    bench.sync("crm.item.productrow:2").await.unwrap();
    pass(60).await;
    bench.sync("crm.item.productrow:2").await.unwrap();
    detour.lock().unwrap().rewrite = None;
    pass(60).await;
    bench.sync("crm.item.productrow:2").await.unwrap();
    bench.assert_product_rows(&[900]).await;
}

#[tokio::test(start_paused = true)]
async fn rows_are_read_again_in_turn_although_a_page_of_records_is_short() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 600));
    let comment = bench.add_comment(440, "first").await;
    bench.sync("crm.timeline.comment:2").await.unwrap();
    pass(60).await;
    let change =
        json!({"id": comment, "ownerTypeId": 2, "ownerId": 440, "fields": {"COMMENT": "changed"}});
    bench.call("crm.timeline.comment.update", change).await;
    pass(60).await;
    let detour = bench.detour();
    detour.lock().unwrap().rewrite = Some(Box::new(|command| {
        command.contains("start=150").then_some(NO_DEALS)
    }));
    for _ in 0..3 {
        bench.sync("crm.timeline.comment:2").await.unwrap();
    }
    let text = format!("SELECT COMMENT FROM crm_timeline_comment_2 WHERE ID = {comment}");
    assert_eq!(bench.value(&text), "changed");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_deleted_between_two_pages_of_a_record_hides_no_other() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 20).rows("productrow", 0));
    let mut rows = Vec::new();
    for price in 0..60 {
        rows.push(bench.add_product_row(7, price).await);
    }
    let detour = bench.detour();
    detour.lock().unwrap().before = Some((
        "start=50",
        "crm.item.productrow.delete",
        json!({"id": rows[3]}),
    ));
    bench.sync("crm.item.productrow:2").await.unwrap();
    assert!(detour.lock().unwrap().before.is_none());
    bench.sync("crm.item.productrow:2").await.unwrap();
    bench.assert_product_rows(&[7]).await;
}

#[tokio::test(start_paused = true)]
async fn verify_explains_rows_of_changed_records_alone_and_leaves_refused_records_out() {
    let mut bench = Bench::new(PortalConfig::new().rows("deal", 60).rows("productrow", 0));
    let mut rows = Vec::new();
    for deal in 1..=50 {
        rows.push(bench.add_product_row(deal, 100 + deal).await);
    }
    bench.sync("crm.item.productrow:2").await.unwrap();
    pass(60).await;
    let (lost, edited) = (rows[9].to_string(), rows[19].to_string());
    let path = bench.folder.path().join("portal.db");
    let store = rusqlite::Connection::open(path).unwrap();
    let lose = format!("DELETE FROM crm_item_productrow_2 WHERE id = {lost}");
    store.execute(&lose, []).unwrap();
    let edit = format!("UPDATE crm_item_productrow_2 SET price = 1 WHERE id = {edited}");
    store.execute(&edit, []).unwrap();
    drop(store);
    let added = bench.add_product_row(55, 5).await;
    let title = json!({"id": 55, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", title).await;
    let detour = bench.detour();
    detour.lock().unwrap().rewrite = Some(Box::new(|command| {
        let is_of_deal =
            command.starts_with("crm.item.productrow.list") && command.contains("ownerId%5D=30");
        is_of_deal.then_some(REFUSED)
    }));
    let run = bench.run(&bench.store(), &["crm.item.productrow:2"]);
    let verification = verify(&run, usize::MAX).await.unwrap().remove(0).1.unwrap();
    assert_eq!(verification.missing, [lost]);
    assert_eq!(verification.new, [added.to_string()]);
    assert_eq!(verification.gone, [] as [String; 0]);
    assert_eq!(verification.records_not_shown, 1);
    let [differing] = &verification.differing[..] else {
        panic!("{verification:?}");
    };
    assert_eq!((&differing.id, differing.changed_since), (&edited, false));
    assert!(!verification.is_explained());
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
        // A run that was cut releases the store a moment later.
        while let Err(SyncError::Locked { .. }) = report {
            tokio::task::yield_now().await;
            report = run.run().await;
        }
        report.unwrap().entities.remove(0).1.unwrap();
        bench.assert_product_rows(&deals).await;
        bench.assert_verified(&["crm.item.productrow:2"]).await;
    }
}
