//! Entities whose first requests are shared, and what comes of reads that have begun so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use brimful::{Request, Response, Transport, TransportError};
use futures_util::future::BoxFuture;

use super::*;

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
    // The fields of all, what has changed or was active in all, asked for twice, and the counts of each.
    assert_eq!(report.requests, 1 + 4 + 10);
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
