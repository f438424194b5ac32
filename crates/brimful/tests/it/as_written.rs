//! Values arrive as they were written, alone, in a batch and for each item, or are refused by name.

use std::sync::{Arc, Mutex};

use brimful::{Batch, ErrorKind, NotRun, Outcome};
use brimful_portal::PortalConfig;
use brimful_protocol::batch::parse_command;
use brimful_protocol::json as php_json;
use serde_json::{Map, Value, json};

use crate::support::{portal, scripted, unlimited};

/// What a portal was called with: one entry for each call, whether it came alone or in a batch.
type Received = Arc<Mutex<Vec<Value>>>;

/// A portal that notes the parameters of every call, read as PHP reads them.
fn listening(received: &Received) -> brimful::Client {
    let received = Arc::clone(received);
    scripted(move |_, body| {
        let mut received = received.lock().unwrap();
        let Some(commands) = body["cmd"].as_object() else {
            received.push(body.clone());
            return Ok((200, r#"{"result":1}"#.to_owned()));
        };
        let mut results = Map::new();
        for (label, command) in commands {
            let (_, params) = parse_command(command.as_str().unwrap());
            received.push(serde_json::from_str(&php_json::to_string(&params.into())).unwrap());
            results.insert(label.clone(), json!(1));
        }
        Ok((200, json!({"result": {"result": results}}).to_string()))
    })
    .limit(None)
    .build()
    .unwrap()
}

/// A value as PHP sees it behind a query string: scalars are texts.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Bool(yes) => u8::from(*yes).to_string().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), as_text(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn odd_values() -> Vec<Value> {
    let many: Vec<Value> = (0..1_200).map(|n| json!(n)).collect();
    let mut deep = json!("bottom");
    for _ in 0..70 {
        deep = json!({ "a": deep });
    }
    vec![
        json!(0),
        json!(-7),
        json!(9_007_199_254_740_993_i64),
        json!(1.5),
        json!("007"),
        json!("1.10"),
        json!(""),
        json!(" blanks around "),
        json!("a&b=c+d%20#e?f"),
        json!("line\nbreak\ttab"),
        json!("Ёлка 🎄 \u{202e}"),
        json!("quote\" and \\ and '"),
        json!("[brackets]"),
        json!("$5 and $name"),
        json!(true),
        json!(false),
        json!(null),
        json!([]),
        json!({}),
        json!([1, "2", [3]]),
        json!({"x": {"y": [1, 2]}, "empty": ""}),
        json!({"x": null}),
        json!({"a]b": 1}),
        json!({"a[b": 1}),
        json!({"": 1}),
        json!({"a.b c": 1}),
        json!(["file.txt", "aGVsbG8+/w=="]),
        json!({"fileData": ["file.txt", "A".repeat(100_000)]}),
        json!(many),
        deep,
        json!("the $total due"),
        json!("$result[nobody][ID]"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_value_of_an_item_arrives_as_that_of_a_call() {
    for value in odd_values() {
        let params = json!({"id": 1, "fields": {"UF_CRM_X": value}});
        let received = Received::default();
        let client = listening(&received);
        client.call("crm.lead.update", &params).await.unwrap();
        let two = [params.clone(), params.clone()];
        let outcomes = client.call_each("crm.lead.update", two).collect().await;
        assert!(
            outcomes.iter().all(|item| item.done().is_some()),
            "{outcomes:?}"
        );
        let received = received.lock().unwrap();
        assert_eq!(received[0], params);
        for got in &received[1..] {
            assert!(
                *got == params || *got == as_text(&params),
                "{got} for {params}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_in_a_batch_arrives_or_is_refused_by_name() {
    for value in odd_values() {
        let params = json!({"id": 1, "fields": {"UF_CRM_X": value}});
        let received = Received::default();
        let client = listening(&received);
        let mut batch = Batch::new();
        batch.add("before", "user.current", json!({})).unwrap();
        let added = batch.add("odd", "crm.lead.update", params.clone());
        let refused = match added {
            Ok(_) => match client.batch(batch).await {
                Ok(reply) => {
                    assert!(
                        reply.iter().all(|(_, outcome)| outcome.done().is_some()),
                        "{params}"
                    );
                    None
                }
                Err(error) => Some(error),
            },
            Err(error) => Some(error),
        };
        let received = received.lock().unwrap();
        match refused {
            None => {
                let got = received.last().unwrap();
                assert!(
                    *got == params || *got == as_text(&params),
                    "{got} for {params}"
                );
            }
            Some(error) => {
                assert!(received.is_empty());
                assert_eq!(error.kind(), ErrorKind::Config);
                let said = error.to_string();
                assert!(
                    ["UF_CRM_X", "$total", "nobody"]
                        .iter()
                        .any(|name| said.contains(name)),
                    "{said}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_parameters_that_a_query_alters_travel_in_a_body_of_their_own() {
    for name in ["a.b", "a b", " a", "a[", "a]b"] {
        let params = json!({"id": 1, name: 2});
        let received = Received::default();
        let items = [params.clone(), params.clone()];
        listening(&received)
            .call_each("crm.x.update", items)
            .collect()
            .await;
        assert_eq!(*received.lock().unwrap(), [params.clone(), params]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_php_would_round_is_refused_by_name() {
    let received = Received::default();
    let client = listening(&received);
    let params = json!({"fields": {"UF_CRM_X": 9_223_372_036_854_775_808_u64}});
    let error = client.call("crm.lead.add", &params).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("fields[UF_CRM_X]") && said.contains("9223372036854775808"),
        "{said}"
    );
    let outcomes = client.call_each("crm.lead.add", [params]).collect().await;
    assert!(
        matches!(outcomes[0].outcome, Outcome::NotRun(NotRun::Refused(_))),
        "{outcomes:?}"
    );
    assert!(received.lock().unwrap().is_empty());
}

/// A portal behind a server that takes no body of more than `limit` bytes, and says so in HTML.
fn behind_a_limit(limit: usize, received: &Received) -> brimful::Client {
    let received = Arc::clone(received);
    scripted(move |_, body| {
        if body.to_string().len() > limit {
            return Ok((413, "<html>413 Request Entity Too Large</html>".to_owned()));
        }
        let mut received = received.lock().unwrap();
        let Some(commands) = body["cmd"].as_object() else {
            received.push(body.clone());
            return Ok((200, r#"{"result":1}"#.to_owned()));
        };
        let results: Map<String, Value> = commands
            .keys()
            .map(|label| (label.clone(), json!(1)))
            .collect();
        received.extend(commands.values().cloned());
        Ok((200, json!({"result": {"result": results}}).to_string()))
    })
    .limit(None)
    .build()
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_server_finds_too_large_is_split() {
    let item = |n: usize, size: usize| json!({"fields": {"TITLE": format!("n{n}"), "COMMENTS": "x".repeat(size)}});
    let received = Received::default();
    let client = behind_a_limit(1 << 20, &received);
    let mut items: Vec<Value> = (0..120).map(|n| item(n, 100_000)).collect();
    items[60] = item(60, 2_000_000);
    let outcomes = client
        .call_each("crm.lead.add", items.clone())
        .collect()
        .await;
    for (n, item) in outcomes.iter().enumerate() {
        assert_eq!(item.index, n);
        match &item.outcome {
            Outcome::Done(_) => assert_ne!(n, 60),
            Outcome::NotRun(NotRun::TooLarge(why)) => {
                assert_eq!(n, 60);
                assert!(
                    why.to_string().contains("takes no request of 2000"),
                    "{why}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received.lock().unwrap().len(), 119, "nothing twice");

    let received = Received::default();
    let client = behind_a_limit(1 << 20, &received);
    let mut batch = Batch::new();
    for (n, params) in items.into_iter().enumerate() {
        batch.add(format!("c{n}"), "crm.lead.add", params).unwrap();
    }
    let reply = client.batch(batch).await.unwrap();
    for (n, (_, outcome)) in reply.iter().enumerate() {
        assert_eq!(outcome.done().is_some(), n != 60, "{n}: {outcome:?}");
    }
    assert!(matches!(
        reply.get("c60"),
        Some(Outcome::NotRun(NotRun::TooLarge(_)))
    ));
}

#[tokio::test(start_paused = true)]
async fn requests_stay_below_what_a_server_takes_by_itself() {
    let largest = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&largest);
    let client = scripted(move |_, body| {
        let mut largest = noted.lock().unwrap();
        *largest = body.to_string().len().max(*largest);
        let commands = body["cmd"].as_object().into_iter().flatten();
        let results: Map<String, Value> = commands
            .map(|(label, _)| (label.clone(), json!(1)))
            .collect();
        Ok((200, json!({"result": {"result": results}}).to_string()))
    });
    let client = client.limit(None).build().unwrap();
    let items = (0..50).map(|_| json!({"fields": {"COMMENTS": "ё".repeat(100_000)}}));
    let outcomes = client.call_each("crm.lead.add", items).collect().await;
    assert!(outcomes.iter().all(|item| item.done().is_some()));
    assert!(*largest.lock().unwrap() < 5 << 20);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_of_a_list_says_that_there_are_more_rows() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 120));
    let client = unlimited(&portal);
    let items = [
        json!({"filter": {">ID": 0}}),
        json!({"filter": {"<=ID": 20}}),
        json!({"filter": null}),
    ];
    let outcomes = client.call_each("crm.lead.list", items).collect().await;
    let paging: Vec<_> = outcomes
        .iter()
        .map(|item| (item.index, item.total, item.next))
        .collect();
    assert_eq!(
        paging,
        [
            (0, Some(120), Some(50)),
            (1, Some(20), None),
            (2, Some(120), Some(50))
        ]
    );
}
