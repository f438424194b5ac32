use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brimful::{NotRun, Outcome};
use brimful_portal::{Costs, Fault, FaultRule, FaultTiming, Portal, PortalConfig, RateLimit};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{assert_faults_played, builder, client, ids, portal, scripted, unlimited};

fn leads(rows: usize) -> impl Iterator<Item = Value> + Send + 'static {
    (0..rows).map(|n| json!({"fields": {"TITLE": format!("n{n}")}}))
}

#[tokio::test(start_paused = true)]
async fn items_may_be_borrowed() {
    let portal = portal(PortalConfig::unlimited());
    let names = ["a".to_owned(), "b".to_owned()];
    let items = names.iter().map(|name| json!({"fields": {"TITLE": name}}));
    let client = unlimited(&portal);
    let mut outcomes = client.call_each("crm.lead.add", items).outcomes();
    assert!(outcomes.next().await.unwrap().done().is_some());
    let given: Vec<Value> = leads(1).collect();
    let outcomes = client.call_each("crm.lead.add", &given).collect().await;
    assert_eq!(outcomes.len(), 1);
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
    let rows = list.collect::<Lead>().await.unwrap();
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
            .all(|item| matches!(item.outcome, Outcome::Done(_)))
    );
    assert!(
        outcomes[100..]
            .iter()
            .all(|item| matches!(item.outcome, Outcome::Failed(_)))
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
        Fault::Status(500, FaultTiming::BeforeWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Reset(FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
        Fault::Html(FaultTiming::AfterWork),
        Fault::Empty(FaultTiming::BeforeWork),
    ];
    for (nth, fault) in (0..).zip(faults) {
        portal.faults().add(FaultRule::every(100 + 7 * nth, fault));
    }
    let client = builder(&portal)
        .limit(brimful::Limit::ENTERPRISE)
        .build()
        .unwrap();
    let outcomes = client
        .call_each("crm.lead.add", leads(20_000))
        .collect()
        .await;
    assert_faults_played(&portal);
    portal.faults().clear();
    assert_eq!(outcomes.len(), 20_000);
    let created = titles(&portal).await;
    let by_id: std::collections::HashMap<u64, &String> =
        created.iter().map(|(id, title)| (*id, title)).collect();
    let distinct: HashSet<&String> = created.iter().map(|(_, title)| title).collect();
    assert_eq!(distinct.len(), created.len(), "nothing was created twice");
    let mut unknown = 0;
    for (n, outcome) in outcomes.iter().enumerate() {
        match &outcome.outcome {
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
    portal.faults().add(FaultRule::chance(
        0.4,
        5,
        Fault::Reset(FaultTiming::AfterWork),
    ));
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
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn items_blocked_by_the_operating_limit_are_called_when_it_is_over() {
    let costs = Costs {
        call: Duration::from_secs(1),
        ..Costs::default()
    };
    let portal = portal(PortalConfig::new().rows("crm.lead", 1_500).costs(costs));
    let items: Vec<Value> = (1..=1_500)
        .map(|id| json!({"id": id, "fields": {"TITLE": "x"}}))
        .collect();
    // The client believes that the portal allows more than it does.
    let client = builder(&portal).operating_limit(Duration::from_secs(6000));
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

#[tokio::test(start_paused = true)]
async fn a_reader_of_outcomes_may_call_in_between() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 5_000)
            .latency(Duration::from_millis(50)),
    );
    let client = client(&portal);
    let items = (1..=5_000).map(|id| json!({"id": id, "fields": {"TITLE": "x"}}));
    let mut outcomes = client.call_each("crm.lead.update", items).outcomes();
    let mut done = 0;
    let reading = async {
        while let Some(outcome) = outcomes.next().await {
            assert!(outcome.done().is_some());
            done += 1;
            if done % 50 == 0 {
                client.call("user.current", json!({})).await.unwrap();
            }
        }
    };
    timeout(Duration::from_secs(3600), reading)
        .await
        .expect("it hangs");
    assert_eq!(done, 5_000);
}

#[tokio::test(start_paused = true)]
async fn slowed_down_a_reader_of_outcomes_may_call_in_between() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 1_000)
            .latency(Duration::from_millis(50)),
    );
    let client = client(&portal);
    let _slow = client.slow(1);
    let items = (1..=1_000).map(|id| json!({"id": id, "fields": {"TITLE": "x"}}));
    let mut outcomes = client.call_each("crm.lead.update", items).outcomes();
    let reading = async {
        while let Some(outcome) = outcomes.next().await {
            assert!(outcome.done().is_some());
            client.call("user.current", json!({})).await.unwrap();
        }
    };
    timeout(Duration::from_secs(3600), reading)
        .await
        .expect("it hangs");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_came_while_nobody_asked_is_done() {
    // Over real HTTP the timeout of a request runs on while its future is not asked after.
    let portal = portal(PortalConfig::unlimited().latency(Duration::from_millis(50)));
    let client = unlimited(&portal);
    let items = (0..1_000).map(|n| json!({"fields": {"TITLE": format!("n{n}")}}));
    let mut outcomes = client.call_each("crm.lead.add", items).outcomes();
    outcomes.next().await.unwrap();
    let before = portal.stats().commands;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(before <= 450, "{before}");
    let snapshot = client.limits().snapshot();
    assert_eq!(snapshot.in_flight, 0, "requests wait for a reader");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_the_reply_says_nothing_of_is_not_sent_again() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let client = scripted(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok((
            200,
            r#"{"result":{"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[]}}"#.to_owned(),
        ))
    })
    .build()
    .unwrap();
    let add = json!({"fields": {"TITLE": "x"}});
    let outcomes = client.call_each("crm.lead.add", [add]).collect().await;
    assert_eq!(sent.load(Ordering::SeqCst), 1);
    assert!(
        matches!(outcomes[0].outcome, Outcome::Unknown(_)),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_limit_does_not_make_requests_smaller() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 1_000));
    let client = builder(&portal)
        .limit(brimful::Limit::new(1.0, 0.01))
        .build()
        .unwrap();
    let items = (1..=1_000).map(|id| json!({ "id": id }));
    let outcomes = client.call_each("crm.lead.get", items).collect().await;
    assert!(outcomes.iter().all(|outcome| outcome.done().is_some()));
    assert_eq!(portal.stats().requests, 20);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_cut_for_their_length_are_followed_by_smaller_ones() {
    let costs = Costs {
        call: Duration::from_secs(2),
        ..Costs::default()
    };
    let portal = portal(PortalConfig::unlimited().costs(costs).operating_limit(None));
    let outcomes = unlimited(&portal)
        .call_each("crm.lead.add", leads(1_000))
        .collect()
        .await;
    // Eight requests of fifty were on their way before the first of them was cut.
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.done().is_some(), n >= 400, "item {n}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_cut_for_their_length_are_sent_again_in_smaller_requests() {
    let costs = Costs {
        call: Duration::from_secs(2),
        ..Costs::default()
    };
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 500)
        .costs(costs)
        .operating_limit(None);
    let portal = portal(config);
    let items = (1..=500).map(|id| json!({ "id": id }));
    let client = unlimited(&portal);
    let outcomes = client.call_each("crm.lead.get", items).collect().await;
    assert!(outcomes.iter().all(|outcome| outcome.done().is_some()));
    // Eight requests of fifty were cut; what they asked for went out again in requests of about ten.
    let requests = portal.stats().requests;
    assert!((50..=70).contains(&requests), "{requests}");
}

#[tokio::test(start_paused = true)]
async fn an_item_that_cannot_be_meant_is_not_sent_and_the_others_are() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let items = [
        json!({"id": 1, "fields": ["TITLE"]}),
        json!({"id": 2, "fields": {"TITLE": "x"}}),
    ];
    let client = unlimited(&portal);
    let outcomes = client
        .call_each("crm.lead.update", items.clone())
        .collect()
        .await;
    assert!(
        matches!(outcomes[0].outcome, Outcome::NotRun(_)),
        "{outcomes:?}"
    );
    assert!(outcomes[1].done().is_some());
    assert_eq!(portal.stats().commands, 1);
    let unchecked = builder(&portal).checks(brimful::Checks::Off);
    let client = unchecked.limit(None).build().unwrap();
    client.call_each("crm.lead.update", items).collect().await;
    assert_eq!(portal.stats().commands, 3);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_gives_up_what_it_waited_for() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 5_000)
            .latency(Duration::from_millis(50)),
    );
    let client = client(&portal);
    let items = (1..=5_000).map(|id| json!({ "id": id }));
    let mut outcomes = client.call_each("crm.lead.get", items).outcomes();
    for _ in 0..2_600 {
        outcomes.next().await.unwrap();
    }
    drop(outcomes);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let limits = client.limits().snapshot();
    assert_eq!((limits.waiting, limits.in_flight), (0, 0));
}

/// Lists of which one line in three has a wrong name, and how many requests they take.
async fn refused_and_requests(portal: &Portal, lines: usize, check: bool) -> (Vec<usize>, u64) {
    let client = unlimited(portal);
    let filters = (0..lines).map(|line| {
        let name = if line % 3 == 1 {
            "stage_id"
        } else {
            "STAGE_ID"
        };
        json!({"filter": {name: "WON"}, "select": ["ID"]})
    });
    let calls = client.call_each("crm.deal.list", filters);
    let outcomes = calls.check_names(check).collect().await;
    assert_eq!(outcomes.len(), lines);
    let mut refused = Vec::new();
    for item in outcomes {
        match item.outcome {
            Outcome::Done(_) => {}
            Outcome::NotRun(why) => {
                assert!(why.to_string().contains("did you mean STAGE_ID?"), "{why}");
                assert_eq!((item.total, item.next), (None, None));
                refused.push(item.index);
            }
            other => panic!("item {}: {other:?}", item.index),
        }
    }
    (refused, client.stats().requests)
}

#[tokio::test(start_paused = true)]
async fn items_with_unknown_names_are_refused_and_the_check_takes_no_request_of_its_own() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 200));
    for lines in [1, 2, 49, 120, 500] {
        let wrong: Vec<usize> = (0..lines).filter(|line| line % 3 == 1).collect();
        let (refused, requests) = refused_and_requests(&portal, lines, true).await;
        assert_eq!(refused, wrong, "{lines} lines");
        let (passed, unchecked) = refused_and_requests(&portal, lines, false).await;
        assert_eq!(passed, [0_usize; 0]);
        // One command more, which fills a request only where the others are full.
        let most = (lines as u64 + 1).div_ceil(50);
        assert!(requests <= most, "{lines} lines: {requests}, {unchecked}");
    }
    assert!(portal.stats().calls("crm.deal.fields") >= 5);
    // What is known to be wrong isn't sent: but for the lines of the first request.
    let before = portal.stats().calls("crm.deal.list");
    let (refused, _) = refused_and_requests(&portal, 500, true).await;
    let sent = portal.stats().calls("crm.deal.list") - before;
    assert_eq!(
        sent as usize,
        500 - refused.iter().filter(|item| **item > 48).count()
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_that_travels_alone_is_checked_too() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 20));
    let client = unlimited(&portal);
    // No query string carries an empty list.
    let items = ["stage_id", "STAGE_ID"]
        .map(|name| json!({"filter": {name: "WON"}, "select": ["ID"], "order": {}}));
    let outcomes = client
        .call_each("crm.deal.list", items)
        .check_names(true)
        .collect()
        .await;
    assert!(
        matches!(&outcomes[0].outcome, Outcome::NotRun(NotRun::Refused(_))),
        "{:?}",
        outcomes[0].outcome
    );
    assert!(outcomes[1].done().is_some(), "{:?}", outcomes[1].outcome);
    assert_eq!(portal.stats().calls("crm.deal.list"), 1);
}

#[tokio::test(start_paused = true)]
async fn items_are_called_where_the_portal_does_not_name_its_fields() {
    let answer = |_: usize, body: &Value| {
        let (mut results, mut errors) = (json!({}), json!({}));
        for (label, command) in body["cmd"].as_object().unwrap() {
            if command.as_str().unwrap().starts_with("crm.deal.fields") {
                errors[label] = json!({"error": "ACCESS_DENIED", "error_description": ""});
            } else {
                results[label] = json!([]);
            }
        }
        let result = json!({
            "result": results, "result_error": errors, "result_total": {}, "result_next": {}, "result_time": {},
        });
        Ok((200, json!({ "result": result }).to_string()))
    };
    let client = scripted(answer).limit(None).build().unwrap();
    let items = (0..120).map(|_| json!({"filter": {"stage_id": "WON"}}));
    let outcomes = client
        .call_each("crm.deal.list", items)
        .check_names(true)
        .collect()
        .await;
    assert!(outcomes.iter().all(|item| item.done().is_some()));
    assert_eq!(client.stats().requests, 3);
}
