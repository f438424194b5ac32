//! Addresses, bodies, credentials, envelopes, limits.

use std::time::Duration;

use super::*;
use crate::context::faults::Fault;
use crate::context::limits::{OperatingLimit, RateLimit};
use crate::context::settings::{AccessToken, Costs, Webhook};

#[tokio::test(start_paused = true)]
async fn a_result_is_an_envelope_with_time_and_neither_total_nor_next() {
    let heard = v3(
        &tasks(),
        "tasks.task.list",
        json!({"pagination": {"limit": 2}}),
    )
    .await;
    assert_eq!(heard.status, 200);
    assert_eq!(
        heard.header("content-type"),
        "application/json; charset=utf-8"
    );
    let json = heard.json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["result", "time"]);
    assert_eq!(json["result"], json!({"items": [{"id": 1}, {"id": 2}]}));
    assert_eq!(json["time"]["start"], 1_772_348_400);
}

#[tokio::test(start_paused = true)]
async fn a_slash_at_the_end_and_the_case_of_the_method_change_nothing_and_an_extension_is_none() {
    let portal = tasks();
    assert_eq!(v3(&portal, "tasks.task.list/", json!({})).await.status, 200);
    assert_eq!(v3(&portal, "Tasks.Task.List", json!({})).await.status, 200);
    let heard = v3(&portal, "tasks.task.list.json", json!({})).await;
    assert_eq!(error(&heard), (404, "METHODNOTFOUND".to_owned()));
    let heard = v3(&portal, "crm.lead.list", json!({})).await;
    assert_eq!(error(&heard), (404, "METHODNOTFOUND".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_method_is_404_before_the_credentials_are_looked_at() {
    let heard = get(&tasks(), "/rest/api/1/wrong/no.such").await;
    assert_eq!(error(&heard), (404, "METHODNOTFOUND".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn only_json_is_a_body_and_broken_json_is_an_error() {
    let portal = tasks();
    let uri = "/rest/api/1/demo/tasks.task.list";
    for (media_type, body) in [
        ("application/json", "{"),
        ("application/json", "12"),
        ("application/json", "null"),
        ("application/x-www-form-urlencoded", "select[]=title"),
        ("multipart/form-data; boundary=a", "--a--"),
        ("text/plain", "{}"),
    ] {
        let heard = post(&portal, uri, media_type, body).await;
        assert_eq!(
            error(&heard),
            (400, "INVALIDJSON".to_owned()),
            "{media_type} {body}"
        );
    }
    for media_type in [
        "application/json; charset=utf-8",
        "application/vnd.api+json",
    ] {
        assert_eq!(post(&portal, uri, media_type, "{}").await.status, 200);
    }
    let deep = "[".repeat(100_000);
    let heard = post(&portal, uri, "application/json", &deep).await;
    assert_eq!(error(&heard), (400, "INVALIDJSON".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn parameters_in_the_query_are_none_and_a_get_is_for_methods_without_any() {
    let portal = tasks();
    let heard = get(&portal, "/rest/api/1/demo/tasks.task.get?id=1").await;
    assert_eq!(complained_of(&heard), "id");
    let uri = "/rest/api/1/demo/tasks.task.list?pagination[limit]=1&select[]=title";
    let heard = post(&portal, uri, "application/json", "{}").await;
    assert_eq!(heard.result()["items"].as_array().unwrap().len(), 4);
    let heard = get(&portal, "/rest/api/1/demo/rest.scope.list").await;
    assert_eq!(heard.status, 200);
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_with_the_credentials_is_access_denied_with_401() {
    let config = with_tasks()
        .token(AccessToken::new("over", "app.1", 1).lifetime(Duration::ZERO))
        .token(AccessToken::new("t0ken", "app.1", 1));
    let portal = portal(config);
    for (uri, body) in [
        ("/rest/api/tasks.task.list", "{}"),
        ("/rest/api/1/wrong/tasks.task.list", "{}"),
        ("/rest/api/tasks.task.list", r#"{"auth":"nobody"}"#),
        ("/rest/api/tasks.task.list", r#"{"auth":"over"}"#),
    ] {
        let heard = post(&portal, uri, "application/json", body).await;
        assert_eq!(
            heard.json(),
            json!({"error": {"code": format!("{PREFIX}ACCESSDENIEDEXCEPTION"), "message": "Access denied"}})
        );
        assert_eq!(heard.status, 401, "{uri} {body}");
    }
    for (uri, body) in [
        ("/rest/api/tasks.task.list", r#"{"auth":"t0ken"}"#),
        ("/rest/api/tasks.task.list?auth=t0ken", "{}"),
        ("/rest/api/batch?auth=t0ken", "[]"),
    ] {
        let heard = post(&portal, uri, "application/json", body).await;
        assert_eq!(heard.status, 200, "{}", heard.body);
        assert_eq!(heard.header("x-bitrix-rest-application"), "app.1");
    }
    let bearer = Request::post("/rest/api/tasks.task.list")
        .header(header::AUTHORIZATION, "Bearer t0ken")
        .body(Bytes::new());
    let heard = Heard::of(portal.handle(bearer.unwrap(), HERE).await);
    assert_eq!(heard.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_scope_is_a_module_a_controller_or_a_method() {
    for (scope, expected) in [
        ("tasks", 200),
        ("tasks.task", 200),
        ("tasks.task.list", 200),
        ("task", 403),
        ("tasks.task.get", 403),
    ] {
        let portal = portal(with_tasks().webhook(Webhook::new(1, "narrow").scopes([scope])));
        let heard = post(
            &portal,
            "/rest/api/1/narrow/tasks.task.list",
            "application/json",
            "{}",
        )
        .await;
        assert_eq!(heard.status, expected, "{scope}");
        if expected == 403 {
            assert_eq!(error(&heard).1, "INSUFFICIENTSCOPE");
        }
        let free = get(&portal, "/rest/api/1/narrow/rest.scope.list").await;
        assert_eq!(free.status, 200, "everybody may ask for the scopes");
    }
}

#[tokio::test(start_paused = true)]
async fn the_bucket_counts_requests_of_both_versions() {
    let portal = portal(with_tasks().rate_limit(RateLimit::new(2.0, 1.0)));
    assert_eq!(v3(&portal, "tasks.task.list", json!({})).await.status, 200);
    assert_eq!(call(&portal, "test.echo", json!({})).await.status, 200);
    let heard = v3(&portal, "tasks.task.list", json!({})).await;
    assert_eq!(
        (heard.status, heard.json()["error"].as_str()),
        (503, Some("QUERY_LIMIT_EXCEEDED"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_method_beyond_its_operating_time_is_429() {
    let costs = Costs {
        call: Duration::from_secs(50),
        ..Costs::default()
    };
    let limit = OperatingLimit {
        time: Duration::from_secs(100),
        ..OperatingLimit::default()
    };
    let portal = portal(with_tasks().costs(costs).operating_limit(limit));
    for operating in [50, 100, 150] {
        let heard = v3(&portal, "tasks.task.list", json!({})).await;
        assert_eq!(heard.json()["time"]["operating"], operating);
    }
    let heard = v3(&portal, "tasks.task.list", json!({})).await;
    assert_eq!(error(&heard), (429, "RATELIMIT".to_owned()));
    assert_eq!(
        v3(&portal, "tasks.task.get", json!({"id": 1})).await.status,
        200,
        "each method for itself"
    );
    assert_eq!(portal.stats().refused_by_operating, 1);
}

#[tokio::test(start_paused = true)]
async fn faults_have_the_form_of_the_version() {
    let portal = tasks();
    for (fault, expected) in [
        (Fault::OperatingLimit, (429, "RATELIMIT")),
        (Fault::ExpiredToken, (401, "ACCESSDENIED")),
    ] {
        portal.faults().push(fault);
        let heard = v3(&portal, "tasks.task.list", json!({})).await;
        assert_eq!(error(&heard), (expected.0, expected.1.to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_the_wall_is_cut_off() {
    let costs = Costs {
        call: Duration::from_secs(61),
        ..Costs::default()
    };
    let portal = portal(with_tasks().costs(costs));
    let heard = v3(&portal, "tasks.task.list", json!({})).await;
    assert_eq!(heard.status, 504);
}

#[tokio::test(start_paused = true)]
async fn no_request_however_strange_is_a_500() {
    const PIECES: [&str; 30] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"id\"",
        "\"title\"",
        "1",
        "-1",
        "null",
        "true",
        "\"\"",
        "\"select\"",
        "\"filter\"",
        "\"order\"",
        "\"pagination\"",
        "\"cursor\"",
        "\"fields\"",
        "\"limit\"",
        "\"logic\"",
        "\"or\"",
        "\"conditions\"",
        "\">\"",
        "\"in\"",
        "\"between\"",
        "\"$ref\"",
        "\"a.b\"",
        "\"method\"",
        "\"query\"",
    ];
    const METHODS: [&str; 8] = [
        "tasks.task.list",
        "tasks.task.get",
        "tasks.task.add",
        "tasks.task.update",
        "main.eventlog.tail",
        "main.eventlog.list",
        "tasks.task.field.list",
        "batch",
    ];
    let portal = tasks();
    let mut chance = fastrand::Rng::with_seed(3);
    for i in 0..4000 {
        let pieces: String = (0..chance.usize(..12))
            .map(|_| PIECES[chance.usize(..PIECES.len())])
            .collect();
        // Half of them are made to parse.
        let body = if chance.bool() {
            pieces
        } else {
            let name = PIECES[chance.usize(13..19)];
            let value = PIECES[chance.usize(6..PIECES.len())];
            let other = PIECES[chance.usize(6..PIECES.len())];
            format!(
                "{{{name}:[[{value},{other}],{{\"logic\":{value},\"conditions\":[{other}]}}],\"id\":1}}"
            )
        };
        let heard = post(
            &portal,
            &format!("/rest/api/1/demo/{}", METHODS[i % METHODS.len()]),
            "application/json",
            &body,
        )
        .await;
        assert!(
            matches!(heard.status, 200..500),
            "{body}: {} {}",
            heard.status,
            heard.body
        );
    }
}

#[tokio::test]
async fn collections_of_notes_are_added_changed_and_deleted() {
    let portal = tasks();
    let made = v3(
        &portal,
        "note.collection.add",
        json!({ "fields": { "name": "One" } }),
    )
    .await;
    assert_eq!(made.result()["item"]["name"], "One", "{}", made.body);
    let changed = json!({ "id": 1, "fields": { "name": "Two" } });
    let changed = v3(&portal, "note.collection.update", changed).await;
    assert_eq!(changed.result()["item"]["name"], "Two");
    let deleted = v3(&portal, "note.collection.delete", json!({ "id": 1 })).await;
    assert_eq!(deleted.result(), json!({ "result": true }));
    let gone = v3(&portal, "note.collection.get", json!({ "id": 1 })).await;
    assert_eq!(error(&gone), (400, "ENTITYNOTFOUND".to_owned()));
}

#[tokio::test]
async fn departments_of_the_structure_are_listed_by_a_filter_of_triples_and_pages() {
    let portal = tasks();
    for name in ["One", "Two", "Three"] {
        let fields = json!({ "fields": { "name": name } });
        v3(&portal, "humanresources.node.add", fields).await;
    }
    let some = json!({ "type": "DEPARTMENT", "filter": [["name", "!=", "Two"]], "pagination": { "limit": 1, "offset": 1 } });
    assert_eq!(ids(&portal, "humanresources.node.list", some).await, [3]);
}

#[tokio::test]
async fn records_of_rest3_say_which_field_a_request_lacks() {
    let portal = tasks();
    for (method, body, field) in [
        ("note.collection.get", json!({}), "id"),
        ("note.collection.add", json!({}), "fields"),
        ("note.collection.add", json!({ "fields": {} }), "name"),
        ("note.document.delete", json!({}), "id"),
        ("humanresources.node.get", json!({}), "id"),
    ] {
        let refused = v3(&portal, method, body).await;
        assert_eq!(
            error(&refused),
            (400, "VALIDATION_REQUESTVALIDATION".to_owned())
        );
        let wrong = refused.json()["error"]["validation"].clone();
        let text = format!("Required field `{field}` is not specified");
        assert_eq!(
            wrong,
            json!([{ "message": text, "field": field }]),
            "{method}"
        );
    }
    let gone = v3(&portal, "note.document.get", json!({ "id": 9 })).await;
    assert_eq!(
        gone.json()["error"]["message"],
        "Record with ID = `9` not found"
    );
}
