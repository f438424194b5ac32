use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{Batch, Client, ErrorKind, Execution, OnError, Outcome, TransportErrorKind};
use brimful_portal::{Fault, FaultTiming, PortalConfig};
use serde_json::{Value, json};

use crate::support::{client, portal, scripted};

fn leads() -> PortalConfig {
    PortalConfig::new().rows("crm.lead", 100)
}

#[tokio::test(start_paused = true)]
async fn a_call_returns_the_result_as_it_came() {
    let portal = portal(leads());
    let reply = client(&portal)
        .call("crm.lead.get", json!({"id": 7}))
        .await
        .unwrap();
    let lead: Value = reply.result().unwrap();
    assert_eq!(lead["ID"], "7");
    assert!(reply.time().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_portal_keeps_its_code_and_its_text() {
    let portal = portal(leads());
    let client = client(&portal);
    let error = client
        .call("crm.lead.get", json!({"id": 100_000}))
        .await
        .unwrap_err();
    assert_eq!(error.execution(), Execution::Ran);
    assert_eq!(error.api_error().unwrap().code, "");
    assert!(error.to_string().contains("Not found"), "{error}");
    let error = client.call("crm.leed.get", json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MethodNotFound);
    assert_eq!(
        portal.stats().requests,
        2,
        "what was answered is not asked again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_sent_again_and_done_once() {
    let portal = portal(leads());
    let client = client(&portal);
    portal.faults().push(Fault::QueryLimit);
    portal.faults().push(Fault::OperatingLimit);
    client
        .call("crm.lead.add", json!({"fields": {"TITLE": "one"}}))
        .await
        .unwrap();
    assert_eq!(portal.stats().calls("crm.lead.add"), 1);
    assert_eq!(portal.stats().requests, 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_not_sent_again() {
    for fault in [
        Fault::Status(500, FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
        Fault::Html(FaultTiming::AfterWork),
        Fault::Empty(FaultTiming::BeforeWork),
    ] {
        let portal = portal(leads());
        let client = client(&portal);
        client.call("user.current", json!({})).await.unwrap();
        portal.faults().push(fault.clone());
        let error = client
            .call("crm.lead.add", json!({"fields": {"TITLE": "one"}}))
            .await
            .unwrap_err();
        assert_eq!(error.execution(), Execution::Unknown, "{fault:?}: {error}");
        assert!(portal.stats().calls("crm.lead.add") <= 1, "{fault:?}");
        assert_eq!(portal.stats().requests, 2, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_answer_is_lost_is_sent_again() {
    for fault in [
        Fault::Status(500, FaultTiming::AfterWork),
        Fault::Reset(FaultTiming::BeforeWork),
        Fault::HalfBody,
    ] {
        let portal = portal(leads());
        portal.faults().push(fault);
        client(&portal)
            .call("crm.lead.get", json!({"id": 7}))
            .await
            .unwrap();
        assert_eq!(portal.stats().requests, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_webhook_code_is_an_error_at_once() {
    let portal = portal(leads());
    let client = brimful::Client::builder("https://portal.test/rest/1/wrong/")
        .transport(crate::support::InProcess(portal.clone()))
        .build()
        .unwrap();
    let error = client.call("user.current", json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_run_once_is_not_said_not_to_have_run() {
    let client = scripted(|n, _| {
        Err(if n == 0 {
            TransportErrorKind::Broken
        } else {
            TransportErrorKind::Connect
        })
    })
    .build()
    .unwrap();
    let add = json!({"fields": {"TITLE": "x"}});
    let error = client
        .call_idempotent("crm.lead.add", add.clone())
        .await
        .unwrap_err();
    assert_eq!(error.execution(), Execution::Unknown, "{error}");
    let client = scripted(|n, _| {
        Err(if n == 0 {
            TransportErrorKind::Broken
        } else {
            TransportErrorKind::Connect
        })
    })
    .build()
    .unwrap();
    let outcomes = client
        .call_each("crm.lead.add", [add])
        .idempotent()
        .collect()
        .await;
    assert!(
        matches!(outcomes[0].outcome, Outcome::Unknown(_)),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nor_is_it_where_the_deadline_passes_while_it_waits_to_be_repeated() {
    let client = scripted(|n, _| {
        if n == 0 {
            Err(TransportErrorKind::Broken)
        } else {
            Ok((
                503,
                r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#
                    .to_owned(),
            ))
        }
    })
    .build()
    .unwrap()
    .with_deadline(Duration::from_secs(10));
    let error = client
        .call_idempotent("crm.lead.add", json!({"fields": {}}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(error.execution(), Execution::Unknown, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_long_for_its_turn_is_repeated_like_any_other() {
    let failed = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&failed);
    let client = scripted(move |n, _| {
        if n == 3_100 {
            seen.lock().unwrap().push(n);
            Err(TransportErrorKind::Broken)
        } else {
            Ok((200, r#"{"result":true}"#.to_owned()))
        }
    })
    .build()
    .unwrap();
    let calls = (0..3_200).map(|_| client.call("user.current", json!({})));
    let replies = futures_util::future::join_all(calls).await;
    assert_eq!(failed.lock().unwrap().len(), 1);
    for reply in replies {
        reply.unwrap();
    }
}

#[test]
fn futures_are_send() {
    fn send<T: Send>(_: &T) {}
    let client = scripted(|_, _| Err(TransportErrorKind::Connect))
        .build()
        .unwrap();
    send(&client.call("x", json!({})));
    send(&client.call_raw("x", json!({})));
    send(&client.batch(Batch::new()));
    send(&client.call_each("x", [json!({})]).collect());
    send(&client.get_by_id("x", [1]).collect());
    send(&client.list("x").collect_with_report::<Value>());
    send(&client.list_and_get("x", "y").collect_with_report());
    send(&client.download("x").bytes());
    send(&client.download("x").to_file("x"));
    send(&client.call_method("x", json!({})));
    send(&client.call_batch([("a", "b", json!({}))], OnError::Halt));
    send(&client.fields("crm.lead", json!({})));
    send(&client.rest3().call("x", json!({})));
    send(&client.rest3().openapi());
}

#[test]
fn a_list_outside_of_a_runtime_is_an_error_and_not_a_panic() {
    let client = Client::builder(crate::support::WEBHOOK).build().unwrap();
    let error = client.list("crm.lead.list").pages().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
    assert!(client.list("crm.lead.list").rows::<Value>().is_err());
}
