use std::collections::HashSet;

use brimful::Outcome;
use brimful_portal::{Costs, Fault, FaultRule, PortalConfig, RateLimit, When};
use serde_json::{Value, json};

use crate::support::{builder, ids, portal, unlimited};

fn leads(rows: usize) -> impl Iterator<Item = Value> + Send + 'static {
    (0..rows).map(|n| json!({"fields": {"TITLE": format!("n{n}")}}))
}

async fn titles(portal: &brimful_portal::Portal) -> Vec<(u64, String)> {
    #[derive(serde::Deserialize)]
    struct Lead {
        #[serde(rename = "ID", deserialize_with = "brimful::protocol::scalar::id")]
        id: u64,
        #[serde(rename = "TITLE")]
        title: String,
    }
    let list = unlimited(portal)
        .list("crm.lead.list")
        .select(["ID", "TITLE"]);
    let (rows, _) = list.collect::<Lead>().await.unwrap();
    rows.into_iter().map(|lead| (lead.id, lead.title)).collect()
}

#[tokio::test(start_paused = true)]
async fn outcomes_come_in_the_order_of_the_items_whatever_their_number() {
    for items in [0, 1, 49, 50, 51, 99, 101, 2_001] {
        let portal = portal(PortalConfig::unlimited());
        let outcomes = unlimited(&portal)
            .call_each("crm.lead.add", leads(items))
            .collect()
            .await;
        assert_eq!(outcomes.len(), items);
        let created = titles(&portal).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            let id: u64 = serde_json::from_str(outcome.done().unwrap().get()).unwrap();
            assert!(
                created.contains(&(id, format!("n{n}"))),
                "item {n} of {items} is not lead {id}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_one_item_is_its_outcome_and_touches_no_other() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 100));
    let items: Vec<Value> = (1..=120).map(|id| json!({ "id": id })).collect();
    let outcomes = unlimited(&portal)
        .call_each("crm.lead.get", items)
        .collect()
        .await;
    assert!(
        outcomes[..100]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done(_)))
    );
    assert!(
        outcomes[100..]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Failed(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_null_that_clears_a_field_arrives() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let client = unlimited(&portal);
    let items = vec![
        json!({"id": 3, "fields": {"COMMENTS": "kept"}}),
        json!({"id": 4, "fields": {"COMMENTS": "gone"}}),
    ];
    client.call_each("crm.lead.update", items).collect().await;
    let items = vec![json!({"id": 4, "fields": {"COMMENTS": null}})];
    let outcomes = client.call_each("crm.lead.update", items).collect().await;
    assert!(outcomes[0].done().is_some());
    let comment = async |id: u64| {
        let reply = client
            .call("crm.lead.get", json!({ "id": id }))
            .await
            .unwrap();
        reply.result::<Value>().unwrap()["COMMENTS"].clone()
    };
    assert_eq!(comment(3).await, "kept");
    assert_ne!(comment(4).await, "gone");
}

/// Twenty thousand writes over a line where one request in twenty fails, in every way that a portal can fail.
#[tokio::test(start_paused = true)]
async fn twenty_thousand_writes_are_done_once_each_or_said_to_be_unknown() {
    let portal = portal(
        PortalConfig::new()
            .rate_limit(RateLimit::ENTERPRISE)
            .operating_limit(None),
    );
    let faults = [
        Fault::QueryLimit,
        Fault::OperatingLimit,
        Fault::Status(500, When::BeforeWork),
        Fault::Status(502, When::AfterWork),
        Fault::Reset(When::BeforeWork),
        Fault::Reset(When::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
        Fault::Html(When::AfterWork),
        Fault::Empty(When::BeforeWork),
    ];
    for (seed, fault) in faults.into_iter().enumerate() {
        portal
            .faults()
            .add(FaultRule::chance(0.005, seed as u64, fault));
    }
    let client = builder(&portal)
        .limit(brimful::Limit::ENTERPRISE)
        .build()
        .unwrap();
    let outcomes = client
        .call_each("crm.lead.add", leads(20_000))
        .collect()
        .await;
    portal.faults().clear();
    assert_eq!(outcomes.len(), 20_000);
    let created = titles(&portal).await;
    let by_id: std::collections::HashMap<u64, &String> =
        created.iter().map(|(id, title)| (*id, title)).collect();
    let distinct: HashSet<&String> = created.iter().map(|(_, title)| title).collect();
    assert_eq!(distinct.len(), created.len(), "nothing was created twice");
    let mut unknown = 0;
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Done(id) => {
                let id: u64 = serde_json::from_str(id.get()).unwrap();
                assert_eq!(
                    *by_id[&id],
                    format!("n{n}"),
                    "item {n} has the ID of another"
                );
            }
            Outcome::Unknown(_) => unknown += 1,
            other => panic!("item {n}: {other:?}"),
        }
    }
    assert!(unknown > 0 && unknown < 2_000, "{unknown} unknown");
    assert!(created.len() >= 20_000 - unknown);
    assert_eq!(portal.stats().refused_by_rate, 0);
}

#[tokio::test(start_paused = true)]
async fn reads_and_idempotent_writes_are_repeated_until_they_are_answered() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 500));
    let client = unlimited(&portal);
    client.call("user.current", json!({})).await.unwrap();
    portal
        .faults()
        .add(FaultRule::chance(0.4, 5, Fault::Reset(When::AfterWork)));
    let items: Vec<Value> = (1..=500).map(|id| json!({ "id": id })).collect();
    let outcomes = client.call_each("crm.lead.get", items).collect().await;
    assert!(outcomes.iter().all(|outcome| outcome.done().is_some()));
    let items: Vec<Value> = (1..=500)
        .map(|id| json!({"id": id, "fields": {"TITLE": "same"}}))
        .collect();
    let outcomes = client
        .call_each("crm.lead.update", items)
        .idempotent()
        .collect()
        .await;
    assert!(outcomes.iter().all(|outcome| outcome.done().is_some()));
}

#[tokio::test(start_paused = true)]
async fn items_blocked_by_the_operating_limit_are_called_when_it_is_over() {
    let costs = Costs {
        call: std::time::Duration::from_secs(1),
        ..Costs::default()
    };
    let portal = portal(PortalConfig::new().rows("crm.lead", 1_500).costs(costs));
    let items: Vec<Value> = (1..=1_500)
        .map(|id| json!({"id": id, "fields": {"TITLE": "x"}}))
        .collect();
    // The client believes that the portal allows more than it does.
    let client = builder(&portal).operating_time_limit(std::time::Duration::from_secs(6000));
    let outcomes = client
        .build()
        .unwrap()
        .call_each("crm.lead.update", items)
        .collect()
        .await;
    assert!(
        outcomes.iter().all(|outcome| outcome.done().is_some()),
        "every one was updated"
    );
    assert!(portal.stats().refused_by_operating > 0, "the limit was met");
    let (rows, _) = ids(unlimited(&portal)
        .list("crm.lead.list")
        .filter(json!({"TITLE": "x"})))
    .await
    .unwrap();
    assert_eq!(rows.len(), 1_500);
}
