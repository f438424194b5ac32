//! Lists that lie: pages without rows that there are, wrong counts, places that are ignored, wrong operating time.

use super::*;
use crate::context::faults::{Fault, Faults};
use crate::context::limits::OperatingLimit;

fn faulty(faults: &str) -> Portal {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("lead", 230);
    portal(config.faults(Faults::parse(faults).unwrap()))
}

async fn leads(portal: &Portal, params: Json) -> Json {
    call(portal, "crm.lead.list", params).await.json()
}

fn count(heard: &Json) -> usize {
    heard["result"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_empty_page_has_the_next_and_the_total_of_a_full_one() {
    let portal = faulty("empty-page:times=1");
    let first = leads(&portal, json!({})).await;
    assert_eq!(
        (&first["result"], &first["next"], &first["total"]),
        (&json!([]), &json!(50), &json!(230))
    );
    assert_eq!(count(&leads(&portal, json!({})).await), 50);
    assert_eq!(portal.stats().faults, 1);
}

#[tokio::test]
async fn a_fault_of_lists_leaves_other_calls_alone_and_does_not_count_them() {
    let portal = faulty("empty-page:every=2");
    for empty in [false, true, false, true] {
        let echo = call(&portal, "test.echo", json!({ "a": 1 })).await.result();
        assert_eq!(echo, json!({ "a": 1 }));
        let lead = call(&portal, "crm.lead.get", json!({ "id": 1 }))
            .await
            .result();
        assert_eq!(lead["ID"], json!("1"));
        assert_eq!(
            leads(&portal, json!({})).await["result"] == json!([]),
            empty
        );
    }
}

#[tokio::test]
async fn in_a_batch_single_commands_are_hit() {
    let portal = faulty("empty-page:every=3");
    let commands: serde_json::Map<String, Json> = (0..7)
        .map(|at| (format!("c{at}"), json!("crm.lead.list?start=-1")))
        .collect();
    let result = call(&portal, "batch", json!({ "cmd": commands }))
        .await
        .result();
    let empty: Vec<usize> = (0..7)
        .filter(|at| result["result"][format!("c{at}")] == json!([]))
        .collect();
    assert_eq!(empty, [2, 5]);
    assert_eq!(result["result_error"], json!([]));
}

#[tokio::test]
async fn a_fault_on_batch_hits_commands_and_no_single_call() {
    let portal = faulty("empty-page on=batch");
    assert_eq!(count(&leads(&portal, json!({})).await), 50);
    let commands = json!({ "cmd": { "a": "crm.lead.list" } });
    let result = call(&portal, "batch", commands).await.result();
    assert_eq!(result["result"]["a"], json!([]));
    assert_eq!(result["result_next"]["a"], json!(50));
    let portal = faulty("empty-page on=crm.deal.list");
    assert_eq!(count(&leads(&portal, json!({})).await), 50);
}

#[tokio::test]
async fn commands_of_a_batch_of_rest_3_are_hit_too() {
    let config = PortalConfig::unlimited().rows("task", 60);
    let portal = portal(config.faults(Faults::parse("empty-page:every=2").unwrap()));
    let item = json!({ "method": "tasks.task.list", "query": { "select": ["id"] } });
    let body = json!([item, item]);
    let uri = "/rest/api/1/demo/batch";
    let result = post(&portal, uri, "application/json", &body.to_string())
        .await
        .result();
    assert_eq!(result[0]["items"].as_array().unwrap().len(), 50);
    assert_eq!(result[1]["items"], json!([]));
}

#[tokio::test]
async fn a_short_page_lacks_a_random_number_of_rows_and_keeps_some() {
    let lengths = async |seed: u64| {
        let portal = faulty(&format!("short-page; seed={seed}"));
        let mut lengths = Vec::new();
        for _ in 0..20 {
            lengths.push(count(&leads(&portal, json!({})).await));
        }
        lengths
    };
    let seven = lengths(7).await;
    assert!(
        seven.iter().all(|length| (1..50).contains(length)),
        "{seven:?}"
    );
    assert!(seven.windows(2).any(|pair| pair[0] != pair[1]), "{seven:?}");
    assert_eq!(seven, lengths(7).await, "the same seed is the same chance");
    assert_ne!(seven, lengths(8).await);
}

#[tokio::test]
async fn the_rows_of_a_short_page_are_whole_and_in_order() {
    let portal = faulty("short-page");
    let full = faulty("");
    let full = leads(&full, json!({})).await["result"].clone();
    let short = leads(&portal, json!({})).await["result"].clone();
    let mut rest = full.as_array().unwrap().iter();
    for row in short.as_array().unwrap() {
        assert!(rest.any(|full| full == row), "{row}");
    }
}

#[tokio::test]
async fn a_short_total_is_less_than_there_is_while_next_is_there() {
    let heard = leads(&faulty("short-total"), json!({ "start": 100 })).await;
    assert_eq!(
        (&heard["next"], &heard["total"]),
        (&json!(150), &json!(115))
    );
    let heard = leads(&faulty("short-total=50"), json!({})).await;
    assert_eq!((&heard["next"], &heard["total"]), (&json!(50), &json!(50)));
    assert_eq!(count(&heard), 50);
}

#[tokio::test]
async fn an_endless_list_names_a_next_on_its_last_page() {
    let heard = leads(&faulty("endless-next"), json!({ "start": 200 })).await;
    assert_eq!((count(&heard), &heard["next"]), (30, &json!(250)));
}

#[tokio::test]
async fn a_list_that_ignores_start_returns_its_first_page() {
    let portal = faulty("ignore-start on=crm.lead.list");
    let first = leads(&portal, json!({})).await;
    let other = leads(&portal, json!({ "start": 100 })).await;
    assert_eq!(first["result"], other["result"]);
    let uncounted = leads(&portal, json!({ "start": -1 })).await;
    assert_eq!(uncounted["total"], json!(0));
}

#[tokio::test]
async fn faults_of_calls_wait_in_a_queue_until_a_call_can_take_them() {
    let portal = faulty("");
    portal.faults().push(Fault::EmptyPage);
    portal.faults().push(Fault::ShortTotal(Some(1)));
    call(&portal, "test.echo", json!({})).await;
    assert_eq!(count(&leads(&portal, json!({})).await), 0);
    assert_eq!(leads(&portal, json!({})).await["total"], json!(1));
    assert_eq!(leads(&portal, json!({})).await["total"], json!(230));
}

#[tokio::test]
async fn operating_time_and_its_reset_may_be_wrong() {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .operating_limit(OperatingLimit::default())
        .faults(Faults::parse("operating=470s, operating-reset=1h").unwrap());
    let portal = portal(config);
    let time = call(&portal, "test.echo", json!({})).await.json()["time"].clone();
    assert_eq!(time["operating"].as_f64(), Some(470.0));
    let ahead = time["operating_reset_at"].as_f64().unwrap() - NOON;
    assert!((3_599.0..3_601.0).contains(&ahead), "{ahead}");
}
