use brimful::{ErrorKind, OnError};
use brimful_portal::{Fault, PortalConfig};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::support::{assert_faults_played, client, portal, scripted};

fn leads() -> PortalConfig {
    PortalConfig::new().rows("crm.lead", 120)
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_until_there_are_no_more() {
    let portal = portal(leads());
    let params = json!({"select": ["ID"], "order": {"ID": "ASC"}});
    let mut page = client(&portal).call_method("crm.lead.list", params).await;
    assert!(page.error().is_none());
    assert_eq!(page.total(), Some(120));
    assert!(page.time().is_some());
    let mut ids: Vec<u64> = Vec::new();
    let mut pages = 0;
    loop {
        let rows = page.data().as_array().unwrap();
        ids.extend(
            rows.iter()
                .map(|row| row["ID"].as_str().unwrap().parse::<u64>().unwrap()),
        );
        pages += 1;
        assert_eq!(page.more(), pages < 3);
        assert_eq!(page.has_more(), page.more());
        match page.next().await {
            Some(next) => page = next,
            None => break,
        }
    }
    assert_eq!(ids, (1..=120).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_start_of_the_callers_own_does_not_serve_the_same_page_for_ever() {
    let portal = portal(leads());
    let params = json!({"select": ["ID"], "order": {"ID": "ASC"}, "start": 0});
    let first = client(&portal).call_method("crm.lead.list", params).await;
    let second = first.next().await.unwrap();
    assert_eq!(second.data()[0]["ID"], "51");
}

#[tokio::test(start_paused = true)]
async fn an_error_has_the_portals_words_and_no_data() {
    let portal = portal(leads());
    let result = client(&portal)
        .call_method("crm.lead.get", json!({"id": 99_999}))
        .await;
    assert_eq!(result.error_description(), Some("Not found"));
    assert_eq!(
        result.error().unwrap().api_error().unwrap().code.as_str(),
        ""
    );
    assert_eq!(result.data(), &Value::Null);
    assert_eq!(result.status(), Some(StatusCode::BAD_REQUEST));
    assert!(!result.more());
    assert!(result.next().await.is_none());
    assert!(result.into_data::<Value>().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_a_result_for_each_name() {
    let portal = portal(leads());
    let results = client(&portal)
        .call_batch(
            [
                ("lead_1", "crm.lead.get", json!({"id": 1})),
                ("lead_x", "crm.lead.get", json!({"id": 99_999})),
                (
                    "leads",
                    "crm.lead.list",
                    json!({"filter": {">ID": 0}, "order": {"ID": "ASC"}}),
                ),
            ],
            OnError::Continue,
        )
        .await
        .unwrap();
    let data = results.data();
    assert_eq!(data["lead_1"]["ID"], "1");
    assert_eq!(data["leads"].as_array().unwrap().len(), 50);
    assert!(data.get("lead_x").is_none());
    assert_eq!(results.error().unwrap().command(), Some("lead_x"));
    let leads = results.get("leads").unwrap();
    assert_eq!(leads.total(), Some(120));
    let next = leads.next().await.unwrap();
    assert_eq!(next.data()[0]["ID"], "51", "by the method itself");
}

#[tokio::test(start_paused = true)]
async fn commands_after_a_halt_have_no_result_at_all() {
    let portal = portal(leads());
    let results = client(&portal)
        .call_batch(
            [
                ("x", "crm.lead.get", json!({"id": 99_999})),
                ("y", "crm.lead.get", json!({"id": 1})),
            ],
            OnError::Halt,
        )
        .await
        .unwrap();
    assert!(results.get("x").unwrap().error().is_some());
    assert!(results.get("y").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_second_request_fails_has_an_error_for_each_command_that_was_not_run() {
    let client = scripted(|n, body| {
        if n > 0 {
            return Ok((403, r#"{"error":"INVALID_CREDENTIALS"}"#.to_owned()));
        }
        let labels = body["cmd"].as_object().unwrap().keys();
        let results: Map<String, Value> = labels.map(|label| (label.clone(), json!(1))).collect();
        Ok((200, json!({"result": {"result": results}}).to_string()))
    })
    .limit(None)
    .build()
    .unwrap();
    let labels: Vec<String> = (0..75).map(|n| format!("c{n}")).collect();
    let commands = labels
        .iter()
        .map(|label| (label.as_str(), "crm.lead.add", json!({"fields": {}})));
    let results = client
        .call_batch(commands, OnError::Continue)
        .await
        .unwrap();
    assert_eq!(results.iter().count(), 75);
    assert!(results.get("c49").unwrap().error().is_none());
    for label in ["c50", "c74"] {
        assert!(results.get(label).unwrap().error().is_some(), "{label}");
    }
    assert_eq!(results.error().unwrap().kind(), ErrorKind::Auth);
    assert_eq!(results.stopped().unwrap().kind(), ErrorKind::Auth);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_cannot_be_read_is_an_error_and_not_null() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let client = scripted(move |_, _| Ok((200, format!(r#"{{"result":{deep}}}"#))))
        .build()
        .unwrap();
    let result = client.call_method("app.info", json!({})).await;
    let error = result.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("app.info"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_raw_call_returns_the_envelope_whatever_it_says() {
    let portal = portal(leads());
    let client = client(&portal);
    let raw = client
        .call_raw("crm.lead.get", json!({"id": 99_999}))
        .await
        .unwrap();
    assert_eq!(raw.status, StatusCode::BAD_REQUEST);
    let envelope: Value = serde_json::from_slice(&raw.body).unwrap();
    assert_eq!(
        envelope,
        json!({"error": "", "error_description": "Not found"})
    );
    portal.faults().push(Fault::QueryLimit);
    let raw = client
        .call_raw("crm.lead.get", json!({"id": 1}))
        .await
        .unwrap();
    assert_eq!(
        raw.status,
        StatusCode::OK,
        "a refusal for the limit is not the last word"
    );
    let envelope: Value = serde_json::from_slice(&raw.body).unwrap();
    assert_eq!(envelope["result"]["ID"], "1");
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_call_keeps_the_body_it_came_with() {
    let portal = portal(leads());
    let error = client(&portal)
        .call("crm.lead.get", json!({"id": 99_999}))
        .await
        .unwrap_err();
    let (status, body) = error.answer().unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.starts_with(b"{\"error\""));
}
