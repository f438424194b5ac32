use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use brimful::rest3::{Batch, Filter};
use brimful::{Client, ErrorKind, Execution, FieldKind};
use brimful_portal::{Fault, FaultTiming, Portal, PortalConfig};
use serde_json::{Value, json};

use crate::support::{assert_faults_played, builder, portal, scripted};

fn tasks() -> Portal {
    portal(PortalConfig::unlimited().rows("tasks.task", 300))
}

fn client(portal: &Portal) -> Client {
    builder(portal).limit(None).build().unwrap()
}

async fn ids(client: &Client, params: Value) -> Vec<u64> {
    let reply = client
        .rest3()
        .call("tasks.task.list", params)
        .await
        .unwrap();
    let rows: Vec<Value> = reply.items().unwrap();
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_filter_of_conditions_and_groups_is_understood() {
    let client = client(&tasks());
    let filter = Filter::new()
        .and("id", ">", 10)
        .group(
            Filter::any()
                .or("id", "<", 13)
                .or("id", "in", json!([20, 21])),
        );
    let params = json!({"filter": filter, "order": {"id": "ASC"}});
    assert_eq!(ids(&client, params).await, [11, 12, 20, 21]);
    let negative = Filter::any().or("id", ">", 3).negative();
    let params = json!({"filter": negative, "order": {"id": "ASC"}});
    assert_eq!(ids(&client, params).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_repeated_and_done_once() {
    let portal = tasks();
    let client = client(&portal);
    ids(&client, json!({})).await;
    portal.faults().push(Fault::Reset(FaultTiming::AfterWork));
    let fields = json!({"fields": {"title": "Once", "creatorId": 1, "responsibleId": 1}});
    let reply = client.rest3().call("tasks.task.add", fields).await.unwrap();
    let task: Value = reply.item().unwrap();
    assert_eq!(task["id"], 301);
    let all = json!({"pagination": {"limit": 1000}});
    assert_eq!(ids(&client, all).await.len(), 301);
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_callers_is_answered_from_the_first_time_and_refused_for_something_else() {
    let client = client(&tasks());
    let rest3 = client.rest3();
    let fields =
        |title: &str| json!({"fields": {"title": title, "creatorId": 1, "responsibleId": 1}});
    let method = "tasks.task.add";
    let one = rest3
        .call_with_idempotency_key(method, fields("a"), "import-7")
        .await
        .unwrap();
    let again = rest3
        .call_with_idempotency_key(method, fields("a"), "import-7")
        .await
        .unwrap();
    assert_eq!(one.raw().get(), again.raw().get());
    let error = rest3
        .call_with_idempotency_key(method, fields("b"), "import-7")
        .await
        .unwrap_err();
    assert_eq!(error.answer().unwrap().0.as_u16(), 422, "{error}");
    let bad = rest3
        .call_with_idempotency_key(method, fields("c"), "ключ")
        .await
        .unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn a_batch_refers_to_values_and_columns_of_earlier_results() {
    let client = client(&tasks());
    let mut batch = Batch::new();
    let listed = batch
        .add(
            "listed",
            "tasks.task.list",
            json!({"filter": [["id", "in", [5, 6]]], "order": {"id": "ASC"}}),
        )
        .unwrap();
    batch
        .add(
            "column",
            "tasks.task.list",
            json!({"filter": [["id", "in", listed.column("id")]], "order": {"id": "ASC"}}),
        )
        .unwrap();
    batch
        .add(
            "one",
            "tasks.task.get",
            json!({"id": listed.reference("0.id"), "select": ["id", "title"]}),
        )
        .unwrap();
    let reply = client.rest3().batch(batch).await.unwrap();
    let column: Value = reply.result("column").unwrap();
    assert_eq!(column["items"], json!([{"id": 5}, {"id": 6}]));
    let one: Value = reply.result("one").unwrap();
    assert_eq!(one["item"]["id"], 5);
}

#[tokio::test(start_paused = true)]
async fn a_write_of_a_rest_3_batch_whose_reference_finds_nothing_is_not_sent() {
    for (items, reference) in [
        (json!([]), "rows.0.id"),
        (json!([{"id": null}]), "rows.0.id"),
        (json!([{"id": 5}]), "rows.0.parentId"),
        (json!([{"id": 5}]), "rows.1.id"),
    ] {
        let methods = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::clone(&methods);
        let result = items.clone();
        let client = scripted(move |_, body| {
            let calls = body.as_array().unwrap();
            let names = calls.iter().map(|call| call["method"].clone());
            sent.lock().unwrap().extend(names);
            let results: Vec<Value> = calls.iter().map(|_| json!({"items": result})).collect();
            Ok((200, json!({"result": results}).to_string()))
        })
        .build()
        .unwrap();
        let mut batch = Batch::new();
        batch.add("rows", "tasks.task.list", json!({})).unwrap();
        let query = json!({"id": {"$ref": reference}, "fields": {"title": "x"}});
        batch.add("change", "tasks.task.update", query).unwrap();
        let reply = client.rest3().batch(batch).await.unwrap();
        assert_eq!(reply.result::<Value>("rows").unwrap()["items"], items);
        let error = reply.result::<Value>("change").unwrap_err();
        assert_eq!(reply.stopped().unwrap().to_string(), error.to_string());
        assert_eq!(error.kind(), ErrorKind::EmptyReference);
        let said = error.to_string();
        assert!(said.contains("tasks.task.update was not run"), "{said}");
        assert!(said.contains(reference), "{said}");
        assert_eq!(error.execution(), Execution::NotRun, "{said}");
        assert_eq!(*methods.lock().unwrap(), [json!("tasks.task.list")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_a_rest_3_batch_goes_out_with_the_value_that_it_refers_to() {
    let portal = tasks();
    let client = client(&portal);
    let mut batch = Batch::new();
    let query = json!({"filter": [["id", "in", [5, 6]]], "order": {"id": "ASC"}});
    let rows = batch.add("rows", "tasks.task.list", query).unwrap();
    let query = json!({"id": rows.reference("1.id"), "fields": {"title": "changed"}});
    batch.add("change", "tasks.task.update", query).unwrap();
    let query = json!({"id": rows.reference("1.id"), "select": ["id", "title"]});
    let seen = batch.add("seen", "tasks.task.get", query).unwrap();
    let reply = client.rest3().batch(batch).await.unwrap();
    assert_eq!(reply.iter().filter(|(_, raw)| raw.is_some()).count(), 3);
    let seen: Value = reply.result(&seen).unwrap();
    assert_eq!(seen["item"], json!({"id": 6, "title": "changed"}));
    let mut batch = Batch::new();
    let query = json!({"filter": [["id", "=", 99_999]]});
    let rows = batch.add("rows", "tasks.task.list", query).unwrap();
    let query = json!({"id": 5, "fields": {"title": "x", "auditorIds": rows.column("id")}});
    batch.add("change", "tasks.task.update", query).unwrap();
    let reply = client.rest3().batch(batch).await.unwrap();
    let error = reply.stopped().unwrap();
    assert!(error.to_string().contains("finds no rows"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_rest_3_batch_that_fails_in_a_later_request_keeps_the_ids_of_what_it_has_added() {
    let portal = tasks();
    let client = client(&portal);
    let mut batch = Batch::new();
    let fields = json!({"title": "x", "creatorId": 1, "responsibleId": 1});
    let added = batch
        .add("added", "tasks.task.add", json!({"fields": fields}))
        .unwrap();
    let query = json!({"id": added.reference("id"), "fields": {"noSuchField": 1}});
    batch.add("change", "tasks.task.update", query).unwrap();
    let query = json!({"id": added.reference("id"), "fields": {"title": "y"}});
    batch
        .add("same request", "tasks.task.update", query)
        .unwrap();
    let reply = client.rest3().batch(batch).await.unwrap();
    let task: Value = reply.result(&added).unwrap();
    assert!(task["item"]["id"].is_u64(), "{task}");
    let stopped = reply.stopped().unwrap();
    assert!(stopped.api_error().is_some(), "{stopped}");
    for label in ["change", "same request"] {
        let error = reply.result::<Value>(label).unwrap_err();
        assert_eq!(error.to_string(), stopped.to_string());
    }
    assert_eq!(
        reply.result::<Value>("other").unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_rest_3_batch_did_not_get_to_says_what_ended_it() {
    let portal = tasks();
    let client = client(&portal);
    let mut batch = Batch::new();
    let rows = json!({"filter": [["id", "=", 99_999]]});
    let rows = batch.add("rows", "tasks.task.list", rows).unwrap();
    let query = json!({"id": rows.reference("0.id"), "fields": {"title": "y"}});
    batch.add("change", "tasks.task.update", query).unwrap();
    batch
        .add("after", "tasks.task.get", json!({"id": 1}))
        .unwrap();
    let reply = client.rest3().batch(batch).await.unwrap();
    let error = reply.result::<Value>("after").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Halted, "{error}");
    assert_eq!(error.execution(), Execution::NotRun, "{error}");
    assert_eq!(error.method(), Some("tasks.task.get"));
    assert!(error.to_string().contains("finds nothing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_is_the_error_of_the_whole_batch() {
    let client = client(&tasks());
    let mut batch = Batch::new();
    batch.add("a", "tasks.task.list", json!({})).unwrap();
    batch
        .add("b", "tasks.task.get", json!({"id": 99_999}))
        .unwrap();
    let error = client.rest3().batch(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let mut batch = Batch::new();
    batch.add("a", "tasks.task.list", json!({})).unwrap();
    for (alias, method, query) in [
        ("a", "tasks.task.list", json!({})),
        ("", "tasks.task.list", json!({})),
        ("x.y", "tasks.task.list", json!({})),
        ("b", "batch", json!({})),
        ("b", "tasks.task.list", json!([])),
    ] {
        assert!(batch.add(alias, method, query).is_err(), "{alias} {method}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_method_and_a_broken_rule_say_which() {
    let client = client(&tasks());
    let error = client
        .rest3()
        .call("tasks.task.lisst", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MethodNotFound);
    let params = json!({"filter": [["id", ">", "x"]]});
    let error = client
        .rest3()
        .call("tasks.task.list", params)
        .await
        .unwrap_err();
    assert!(!error.api_error().unwrap().validation.is_empty(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_portal_tells_its_methods() {
    let openapi = client(&tasks()).rest3().openapi().await.unwrap();
    assert!(openapi.operations.contains_key("tasks.task.list"));
    assert!(openapi.document["components"].is_object());
}

#[tokio::test(start_paused = true)]
async fn fields_have_one_schema_wherever_they_come_from() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("crm.deal", 1)
            .rows("tasks.task", 1),
    );
    let client = client(&portal);
    let deals = client.fields("crm.deal.list", json!({})).await.unwrap();
    assert_eq!(deals["ID"].kind, FieldKind::Integer);
    assert!(deals["ID"].is_read_only);
    assert_eq!(deals["OPPORTUNITY"].kind, FieldKind::Double);
    assert_eq!(deals["STAGE_ID"].kind, FieldKind::Status);
    assert!(deals["STAGE_ID"].status_type.is_some());
    let items = client
        .fields("crm.item", json!({"entityTypeId": 2}))
        .await
        .unwrap();
    assert_eq!(items["stageId"].kind, FieldKind::Status);
    assert_eq!(items["stageId"].upper_name.as_deref(), Some("STAGE_ID"));
    let tasks = client.fields("tasks.task", json!({})).await.unwrap();
    assert_eq!(tasks["responsibleId"].name, "RESPONSIBLE_ID");
    assert!(
        tasks["status"]
            .choices
            .iter()
            .any(|choice| choice.id == "2")
    );
    let users = client.fields("user", json!({})).await.unwrap();
    assert!(users["EMAIL"].title.is_some());
    let rest3 = client.rest3().fields("tasks.task.list").await.unwrap();
    assert_eq!(rest3["id"].kind, FieldKind::Integer);
}

#[tokio::test(start_paused = true)]
async fn a_rest_3_batch_that_a_limit_stopped_halfway_is_not_sent_again() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let client = scripted(move |n, _| {
        count.fetch_add(1, Ordering::SeqCst);
        if n == 0 {
            Ok((429, r#"{"error":{"code":"BITRIX_REST_V3_EXCEPTION_RATELIMITEXCEPTION","message":"limit"}}"#.to_owned()))
        } else {
            Ok((200, r#"{"result":[{"id":1},{"id":2}]}"#.to_owned()))
        }
    })
    .build()
    .unwrap();
    let mut batch = Batch::new();
    for alias in ["a", "b"] {
        batch
            .add(alias, "tasks.task.add", json!({"fields": {"title": "x"}}))
            .unwrap();
    }
    let error = client.rest3().batch(batch).await.unwrap_err();
    assert_eq!(sent.load(Ordering::SeqCst), 1);
    assert_eq!(error.execution(), Execution::Unknown, "{error}");
}
