use std::time::Duration;

use brimful::{Batch, Cache, Client};
use brimful_portal::{Fault, Portal, PortalConfig};
use serde_json::{Value, json};

use crate::support::{builder, portal};

fn cached(portal: &Portal) -> Client {
    let cache = Cache::new()
        .method("crm.lead.get", Duration::from_secs(300), 10)
        .method("crm.lead.add", Duration::from_secs(300), 10);
    builder(portal).cache(cache).build().unwrap()
}

fn leads() -> Portal {
    portal(
        PortalConfig::new()
            .rows("crm.lead", 100)
            .latency(Duration::from_millis(50)),
    )
}

async fn title(client: &Client, id: u64) -> String {
    let reply = client
        .call("crm.lead.get", json!({ "id": id }))
        .await
        .unwrap();
    reply.result::<Value>().unwrap()["TITLE"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_not_asked_for_again_until_its_time_is_over() {
    let portal = leads();
    let client = cached(&portal);
    let first = title(&client, 7).await;
    assert_eq!(title(&client.clone(), 7).await, first);
    assert_eq!(portal.stats().requests, 1);
    title(&client, 8).await;
    assert_eq!(
        portal.stats().requests,
        2,
        "other parameters are another reply"
    );
    tokio::time::advance(Duration::from_secs(301)).await;
    title(&client, 7).await;
    assert_eq!(portal.stats().requests, 3);
}

#[tokio::test(start_paused = true)]
async fn those_who_ask_at_the_same_time_share_a_call() {
    let portal = leads();
    let client = cached(&portal);
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { title(&client, 7).await })
        })
        .collect();
    for asked in asking {
        asked.await.unwrap();
    }
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_of_the_entity_is_seen_at_once_by_whatever_method() {
    let portal = leads();
    let client = cached(&portal);
    let update = |title: &str| json!({"id": 7, "fields": {"TITLE": title}});
    title(&client, 7).await;
    client.call("crm.lead.update", update("one")).await.unwrap();
    assert_eq!(title(&client, 7).await, "one");
    let mut batch = Batch::new();
    batch
        .add("write", "crm.lead.update", update("two"))
        .unwrap();
    client.batch(batch).await.unwrap();
    assert_eq!(title(&client, 7).await, "two");
    client
        .call_each("crm.lead.update", vec![update("three")])
        .collect()
        .await;
    assert_eq!(title(&client, 7).await, "three");
    let item = json!({"entityTypeId": 1, "id": 7, "fields": {"title": "four"}});
    client.call("crm.item.update", item).await.unwrap();
    assert_eq!(title(&client, 7).await, "four");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_kept_and_a_write_never() {
    let portal = leads();
    let client = cached(&portal);
    portal.faults().push(Fault::ExpiredToken);
    assert!(client.call("crm.lead.get", json!({"id": 7})).await.is_err());
    title(&client, 7).await;
    let add = json!({"fields": {"TITLE": "new"}});
    let one: u64 = client
        .call("crm.lead.add", add.clone())
        .await
        .unwrap()
        .result()
        .unwrap();
    let other: u64 = client
        .call("crm.lead.add", add)
        .await
        .unwrap()
        .result()
        .unwrap();
    assert_ne!(one, other);
}
