//! Items by their IDs.

use std::time::Duration;

use brimful::{ErrorKind, ItemId, Outcome};
use brimful_portal::{Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::support::{assert_faults_played, builder, client, portal, scripted, unlimited};

#[tokio::test(start_paused = true)]
async fn results_are_found_by_id_and_come_in_the_order_of_the_ids() {
    for count in [1u64, 49, 50, 51, 101, 1_001] {
        let portal = portal(PortalConfig::unlimited().rows("crm.deal", count));
        let given: Vec<u64> = (1..=count).rev().collect();
        let deals = unlimited(&portal)
            .get_by_id("crm.deal.get", given.clone())
            .collect()
            .await
            .unwrap();
        assert_eq!(deals.len() as u64, count);
        let order: Vec<u64> = deals
            .iter()
            .map(|(id, _)| id.as_str().parse().unwrap())
            .collect();
        assert_eq!(order, given);
        for id in given {
            let deal: Value = deals.result(id).unwrap();
            assert_eq!(deal["ID"], id.to_string());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_given_twice_is_asked_for_once() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 100));
    let given: Vec<ItemId> = (0..500u64).map(|n| ItemId::from(n % 100 + 1)).collect();
    let before = portal.stats().commands;
    let deals = unlimited(&portal)
        .get_by_id("crm.deal.get", given.clone())
        .collect()
        .await
        .unwrap();
    assert_eq!(portal.stats().commands - before, 100);
    assert_eq!(deals.len(), 100);
    let order: Vec<ItemId> = deals.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(order, given, "by the place in which each was given");
    assert!(deals.get("7").is_some() && deals.get(7).is_some());
}

#[tokio::test(start_paused = true)]
async fn ids_may_be_borrowed() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 60));
    let given: Vec<u64> = vec![5, 7];
    let client = unlimited(&portal);
    let mut found = client.get_by_id("crm.deal.get", &given).stream().unwrap();
    let first = found.next().await.unwrap();
    assert_eq!(first.id, ItemId::from(5));
    let texts = String::from("5 7");
    let deals = client
        .get_by_id("crm.deal.get", texts.split(' '))
        .collect()
        .await
        .unwrap();
    assert_eq!(deals.len(), given.len());
}

#[tokio::test(start_paused = true)]
async fn the_error_of_an_id_an_item_or_a_command_names_the_method() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 2));
    let client = unlimited(&portal);
    let mut found = client.get_by_id("crm.deal.get", [1, 777]).stream().unwrap();
    let there = found.next().await.unwrap();
    let error = there.result::<u32>().unwrap_err().to_string();
    assert!(error.contains("crm.deal.get for 1"), "{error}");
    let gone = found.next().await.unwrap();
    let error = gone.result::<Value>().unwrap_err();
    assert_eq!(error.method(), Some("crm.deal.get"));
    assert_eq!(error.command(), Some("777"));
    let items = client.call_each("crm.deal.get", [json!({"id": 777})]);
    let outcomes = items.collect().await;
    let error = outcomes[0].result::<Value>().unwrap_err();
    assert!(error.to_string().starts_with("crm.deal.get: "), "{error}");
    let reply = client.call("crm.deal.get", json!({"id": 1})).await.unwrap();
    let error = reply.item::<Value>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(
        error.to_string().contains("the result of crm.deal.get"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_not_there_is_its_own_outcome() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 60));
    let deals = unlimited(&portal)
        .get_by_id("crm.deal.get", ["5", "777", "x"])
        .collect()
        .await
        .unwrap();
    assert!(matches!(deals.get(5), Some(Outcome::Done(_))));
    assert!(matches!(deals.get(777), Some(Outcome::Failed(_))));
    // A portal would say so too of this one, and take another record for "7x".
    assert!(matches!(deals.get("x"), Some(Outcome::NotRun(_))));
    assert!(deals.get(6).is_none());
    assert_eq!(
        deals.result::<Value>(6).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test(start_paused = true)]
async fn the_parameter_for_the_id_is_known_or_named() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 70)
            .rows("crm.deal", 70),
    );
    let client = unlimited(&portal);
    let tasks = client
        .get_by_id("tasks.task.get", 1..=70)
        .collect()
        .await
        .unwrap();
    assert_eq!(tasks.result::<Value>(33).unwrap()["task"]["id"], "33");
    let items = client
        .get_by_id("crm.item.get", 1..=70)
        .param("entityTypeId", 2)
        .collect()
        .await
        .unwrap();
    assert_eq!(items.result::<Value>(33).unwrap()["item"]["id"], 33);
    let lists = client
        .get_by_id("crm.deal.list", [33])
        .id_field("filter[ID]")
        .params(json!({"select": ["ID"]}))
        .collect()
        .await
        .unwrap();
    assert_eq!(lists.result::<Value>(33).unwrap()[0]["ID"], "33");
}

#[tokio::test(start_paused = true)]
async fn a_result_of_several_pages_comes_whole() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("crm.deal", 330)
            .rows("user", 3),
    );
    let client = unlimited(&portal);
    let found = client
        .get_by_id("crm.deal.list", [50, 120, 330, 400])
        .id_field("filter[<=ID]")
        .params(json!({"select": ["ID"], "order": {"ID": "ASC"}}))
        .collect()
        .await
        .unwrap();
    for (id, count) in [(50, 50), (120, 120), (330, 330), (400, 330)] {
        let rows: Vec<Value> = found.result(id).unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row["ID"].as_str().unwrap()).collect();
        let expected: Vec<String> = (1..=count).map(|id: u64| id.to_string()).collect();
        assert_eq!(ids, expected);
    }
    let items = client
        .get_by_id("crm.item.list", [2])
        .id_field("entityTypeId")
        .params(json!({"select": ["id"]}))
        .collect()
        .await
        .unwrap();
    let items: Value = items.result(2).unwrap();
    assert_eq!(items["items"].as_array().unwrap().len(), 330);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_loses_replies_loses_no_item() {
    let portal = portal(PortalConfig::new().rows("crm.deal", 3_200));
    for (seed, fault) in [
        Fault::QueryLimit,
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Html(FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::BeforeWork),
    ]
    .into_iter()
    .enumerate()
    {
        portal
            .faults()
            .add(FaultRule::chance(0.1, seed as u64, fault));
    }
    let found = client(&portal).get_by_id("crm.deal.get", 1..=3_200);
    let deals = found.collect().await.unwrap();
    for id in 1..=3_200 {
        assert_eq!(deals.result::<Value>(id).unwrap()["ID"], id.to_string());
    }
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn items_can_be_streamed() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 330));
    let mut found = unlimited(&portal)
        .get_by_id("crm.deal.get", (1..=330).chain(1..=330))
        .stream()
        .unwrap();
    let mut expected = 1..=330;
    while let Some(found) = found.next().await {
        assert_eq!(found.id, ItemId::from(expected.next().unwrap()));
        assert!(found.outcome.done().is_some());
    }
    assert!(expected.next().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_items_of_a_list_are_fetched_in_its_order() {
    let portal = portal(
        PortalConfig::unlimited()
            .sparse_rows("crm.deal", 1_234, 0.4)
            .rows("tasks.task", 120),
    );
    let client = unlimited(&portal);
    let (deals, report) = client
        .list_and_get("crm.deal.list", "crm.deal.get")
        .collect_with_report()
        .await
        .unwrap();
    assert_eq!((deals.len(), report.rows), (1_234, 1_234));
    let ids: Vec<u64> = deals
        .iter()
        .map(|(id, _)| id.as_str().parse().unwrap())
        .collect();
    assert!(ids.is_sorted());
    for (id, outcome) in deals.iter() {
        let deal: Value = serde_json::from_str(outcome.done().unwrap().get()).unwrap();
        assert_eq!(deal["ID"], id.as_str());
    }
    let mut tasks = client
        .list_and_get("tasks.task.list", "tasks.task.get")
        .filter(json!({">ID": 100}))
        .stream()
        .unwrap();
    let mut count = 0;
    while let Some(task) = tasks.next().await {
        assert!(task.unwrap().outcome.done().is_some());
        count += 1;
    }
    assert_eq!(count, 20);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_ends_its_items_with_an_error() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 5_000));
    portal
        .faults()
        .add(FaultRule::every(1, Fault::Status(502, FaultTiming::BeforeWork)).after(2));
    let result = unlimited(&portal)
        .list_and_get("crm.deal.list", "crm.deal.get")
        .collect_with_report()
        .await;
    assert!(result.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fetched_by_id_is_refused_by_name() {
    let portal = portal(PortalConfig::unlimited());
    let client = unlimited(&portal);
    for (params, says) in [(json!([1]), "an object"), (json!({"START": 50}), "start")] {
        let error = client
            .get_by_id("crm.deal.get", [1])
            .params(params)
            .collect()
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = client
        .get_by_id("crm.deal.get", [1])
        .id_field("[]")
        .collect()
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_items_by_id_may_call_in_between() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 5_000)
            .latency(Duration::from_millis(50)),
    );
    let client = client(&portal);
    let mut found = client
        .get_by_id("crm.lead.get", 1..=5_000)
        .stream()
        .unwrap();
    let mut done = 0;
    let reading = async {
        while let Some(found) = found.next().await {
            assert!(found.outcome.done().is_some());
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
async fn a_result_whose_rows_move_between_its_pages_is_read_again() {
    // A hundred rows from the highest ID down; behind the first page somebody adds another one, so that the second page
    // begins with the last row of the first, and is as long as it was to be.
    let client = scripted(|n, body| {
        let command = body["cmd"].as_object().unwrap().values().next().unwrap();
        let start: u64 = match command.as_str().unwrap().split_once("start=") {
            Some((_, start)) => start.parse().unwrap(),
            None => 0,
        };
        let total = if n == 0 { 100 } else { 101 };
        let from: u64 = total - start;
        let rows: Vec<Value> = (from.saturating_sub(49).max(1)..=from)
            .rev()
            .map(|id| json!({ "ID": id.to_string() }))
            .collect();
        let mut result = json!({
            "result": {"i0": rows}, "result_error": [], "result_total": {"i0": total}, "result_next": [],
        });
        if start + 50 < total {
            result["result_next"] = json!({ "i0": start + 50 });
        }
        // Several pages in a request are answered under their own names.
        let labels = body["cmd"].as_object().unwrap();
        if labels.len() > 1 {
            for (at, label) in labels.keys().enumerate() {
                let from = 101 - 50 * (at as u64 + 1);
                let rows: Vec<Value> = (from.saturating_sub(49).max(1)..=from)
                    .rev()
                    .map(|id| json!({ "ID": id.to_string() }))
                    .collect();
                result["result"][label] = json!(rows);
                result["result_total"][label] = json!(101);
            }
        }
        Ok((200, json!({ "result": result }).to_string()))
    })
    .build()
    .unwrap();
    let found = client
        .get_by_id("crm.activity.list", [7])
        .id_field("filter[OWNER_ID]")
        .collect()
        .await
        .unwrap();
    let rows: Vec<Value> = found.result(7).unwrap();
    let ids: Vec<u64> = rows
        .iter()
        .map(|row| row["ID"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids, (1..=101).rev().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn parameters_that_cannot_be_meant_are_refused_before_the_first_call() {
    let portal = portal(PortalConfig::unlimited());
    let error = unlimited(&portal)
        .get_by_id("tasks.task.get", [1])
        .params(json!({"select": "ID"}))
        .collect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("select of tasks.task.get"),
        "{error}"
    );
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn items_of_a_list_are_fetched_in_requests_of_the_clients_batch_size_in_parallel() {
    let config = PortalConfig::unlimited()
        .rows("lead", 16)
        .latency(Duration::from_secs(1));
    let portal = portal(config);
    let client = builder(&portal).limit(None).batch_size(2).build().unwrap();
    let started = Instant::now();
    let found = client
        .list_and_get("crm.lead.list", "crm.lead.get")
        .collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 16);
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?} for eight requests that may be sent at the same time",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_goes_into_the_parameter_that_the_method_takes_it_by() {
    for (method, place) in [
        ("crm.deal.get", "id"),
        ("tasks.task.get", "taskId"),
        ("lists.element.get", "ELEMENT_ID"),
        ("calendar.event.getbyid", "id"),
        ("department.get", "ID"),
        ("sonet_group.get", "FILTER[ID]"),
        ("voximplant.statistic.get", "FILTER[ID]"),
        ("crm.company.list", "filter[ID]"),
        ("crm.item.list", "filter[id]"),
        ("landing.site.getList", "params[filter][ID]"),
    ] {
        let wanted = format!("{method}?{}", brimful_protocol::query::escaped(place));
        let wanted = format!("{wanted}=7");
        let client = scripted(move |_, body| {
            let sent = &body["cmd"]["i0"];
            assert_eq!(*sent, json!(wanted));
            let body = json!({"result": {"result": {"i0": [{"ID": 7}]}, "result_error": []}});
            Ok((200, body.to_string()))
        })
        .build()
        .unwrap();
        let got = client.get_by_id(method, [7]).collect().await.unwrap();
        assert!(got.get(7).unwrap().done().is_some(), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_is_not_known_to_take_an_id_is_refused_and_the_way_out_named() {
    let client = scripted(|_, _| panic!("nothing is sent")).build().unwrap();
    for method in ["user.search", "disk.file.search", "calendar.event.get"] {
        let refused = client.get_by_id(method, [7]).collect().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        let said = refused.to_string();
        assert!(said.contains("Name the parameter that takes it"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_by_id_calls_nothing_that_writes() {
    let client = scripted(|_, _| panic!("nothing is sent")).build().unwrap();
    for method in ["crm.deal.delete", "im.notify.read.list", "my.rows.collect"] {
        let refused = client.get_by_id(method, [7]).collect().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(
            refused.to_string().contains("a fetch by ID only reads"),
            "{refused}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn items_of_a_list_that_a_deadline_ends_come_in_order_up_to_there() {
    let config = PortalConfig::unlimited().rows("crm.lead", 5_000);
    let portal = portal(config.latency(Duration::from_secs(1)));
    let client = unlimited(&portal).with_deadline(Duration::from_millis(4_500));
    let started = Instant::now();
    let mut found = client
        .list_and_get("crm.lead.list", "crm.lead.get")
        .stream()
        .unwrap();
    let mut done: Vec<ItemId> = Vec::new();
    let mut late = Vec::new();
    while let Some(found) = found.next().await {
        match found {
            Ok(found) if late.is_empty() && found.done().is_some() => done.push(found.id),
            Ok(found) => late.push(found.result::<Value>().unwrap_err().to_string()),
            Err(error) => {
                late.push(error.to_string());
                break;
            }
        }
    }
    assert!(!late.is_empty());
    assert!(
        late.iter().all(|why| why.contains("deadline")),
        "{}",
        late[0]
    );
    assert!((1..5_000).contains(&done.len()), "{}", done.len());
    let first: Vec<ItemId> = (1..=done.len() as u64).map(ItemId::from).collect();
    assert_eq!(done, first);
    assert!(started.elapsed() < Duration::from_secs(10));
}
