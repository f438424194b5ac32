use std::time::Duration;

use brimful::rest3;
use brimful::{Batch, Cache, Client, ErrorKind};
use brimful_portal::{Fault, Portal, PortalConfig};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{builder, portal};

const AN_HOUR: Duration = Duration::from_secs(3600);

fn cached(portal: &Portal) -> Client {
    let cache = Cache::new().method("crm.lead.get", Duration::from_secs(300), 10);
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

#[test]
fn a_client_that_is_to_cache_a_method_that_writes_is_not_built() {
    let cache = Cache::new().method("crm.lead.add", AN_HOUR, 10);
    let error = builder(&leads()).cache(cache).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("crm.lead.add"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_shares_a_cached_call_keeps_his_own_deadline() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 10)
            .latency(Duration::from_secs(20)),
    );
    let cache = Cache::new().method("crm.lead.get", AN_HOUR, 10);
    let client = builder(&portal).cache(cache).build().unwrap();
    let patient = {
        let client = client.clone();
        tokio::spawn(async move { client.call("crm.lead.get", json!({"id": 1})).await })
    };
    tokio::time::sleep(Duration::from_millis(10)).await;
    let started = Instant::now();
    let hasty = client
        .with_deadline(Duration::from_secs(5))
        .call("crm.lead.get", json!({"id": 1}))
        .await;
    assert_eq!(hasty.unwrap_err().kind(), ErrorKind::Deadline);
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
    assert!(patient.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_one_is_no_error_of_another_who_shares_the_call() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 10)
            .latency(Duration::from_secs(20)),
    );
    let cache = Cache::new().method("crm.lead.get", AN_HOUR, 10);
    let client = builder(&portal).cache(cache).build().unwrap();
    let hasty = {
        let client = client.with_deadline(Duration::from_secs(5));
        tokio::spawn(async move { client.call("crm.lead.get", json!({"id": 1})).await })
    };
    tokio::time::sleep(Duration::from_millis(10)).await;
    let patient = client.call("crm.lead.get", json!({"id": 1})).await;
    assert!(hasty.await.unwrap().is_err());
    patient.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deadline_or_a_time_to_live_without_end_is_none() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let cache = Cache::new().method("crm.lead.get", Duration::MAX, 10);
    let client = builder(&portal)
        .cache(cache)
        .build()
        .unwrap()
        .with_deadline(Duration::MAX);
    for _ in 0..2 {
        client.call("crm.lead.get", json!({"id": 1})).await.unwrap();
    }
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn writes_of_a_rest_3_batch_drop_what_was_kept() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 10));
    let cache = Cache::new().method("tasks.task.get", AN_HOUR, 10);
    let client = builder(&portal).limit(None).cache(cache).build().unwrap();
    let title = async || {
        let reply = client
            .call("tasks.task.get", json!({"taskId": 3}))
            .await
            .unwrap();
        reply.item::<Value>().unwrap()["title"].clone()
    };
    title().await;
    let mut batch = rest3::Batch::new();
    batch
        .add(
            "a",
            "tasks.task.update",
            json!({"id": 3, "fields": {"title": "Changed"}}),
        )
        .unwrap();
    client.rest3().batch(batch).await.unwrap();
    assert_eq!(title().await, "Changed");
}
