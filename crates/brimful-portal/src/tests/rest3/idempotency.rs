//! `Idempotency-Key`.

use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::context::settings::Webhook;

async fn keyed(portal: &Portal, uri: &str, key: &str, body: Json) -> Heard {
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", key)
        .body(Bytes::from(body.to_string()))
        .unwrap();
    Heard::of(portal.handle(request, HERE).await)
}

const ADD: &str = "/rest/api/1/demo/tasks.task.add";

fn task(title: &str) -> Json {
    json!({"fields": {"title": title, "creatorId": 1, "responsibleId": 1}})
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_is_answered_from_what_was_kept() {
    let portal = tasks();
    let first = keyed(&portal, ADD, "key 1", task("A")).await;
    assert_eq!(
        (
            first.header("idempotency-key"),
            first.header("idempotent-replayed")
        ),
        ("key 1", "")
    );
    advance(Duration::from_secs(5)).await;
    let again = keyed(&portal, ADD, "key 1", task("A")).await;
    assert_eq!(
        (
            again.header("idempotency-key"),
            again.header("idempotent-replayed")
        ),
        ("key 1", "true")
    );
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(portal.stats().calls("tasks.task.add"), 1);
    assert_eq!(
        keyed(&portal, ADD, "key 2", task("A")).await.result()["item"]["id"],
        11,
        "another key is another call"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_with_another_body_is_422() {
    let portal = tasks();
    keyed(&portal, ADD, "k", task("A")).await;
    let heard = keyed(&portal, ADD, "k", task("B")).await;
    assert_eq!(error(&heard), (422, "IDEMPOTENCYKEYREUSED".to_owned()));
    assert_eq!(portal.stats().calls("tasks.task.add"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_kept_for_a_day() {
    let portal = tasks();
    keyed(&portal, ADD, "k", task("A")).await;
    advance(Duration::from_secs(24 * 3600 - 1)).await;
    let heard = keyed(&portal, ADD, "k", task("A")).await;
    assert_eq!(heard.header("idempotent-replayed"), "true");
    advance(Duration::from_secs(1)).await;
    let heard = keyed(&portal, ADD, "k", task("A")).await;
    assert_eq!(heard.header("idempotent-replayed"), "");
    assert_eq!(portal.stats().calls("tasks.task.add"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_credential_and_one_method() {
    let portal = portal(with_tasks().webhook(Webhook::new(1, "other")));
    keyed(&portal, ADD, "k", task("A")).await;
    let other = keyed(&portal, "/rest/api/1/other/tasks.task.add", "k", task("A")).await;
    assert_eq!(other.header("idempotent-replayed"), "");
    let uri = "/rest/api/1/demo/tasks.task.delete";
    let heard = keyed(&portal, uri, "k", json!({"id": 1})).await;
    assert_eq!(heard.status, 200);
    assert_eq!(portal.stats().calls("tasks.task.add"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_kept() {
    let portal = tasks();
    let uri = "/rest/api/1/demo/tasks.task.delete";
    for _ in 0..2 {
        let heard = keyed(&portal, uri, "k", json!({"id": 77})).await;
        assert_eq!(error(&heard).1, "ACCESSDENIED");
    }
    assert_eq!(portal.stats().calls("tasks.task.delete"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_1_to_255_printable_letters() {
    let portal = tasks();
    for key in ["", "\u{7f}", "ключ", &"k".repeat(256)] {
        let Ok(value) = http::HeaderValue::from_bytes(key.as_bytes()) else {
            continue;
        };
        let request = Request::post(ADD)
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", value)
            .body(Bytes::from(task("A").to_string()))
            .unwrap();
        let heard = Heard::of(portal.handle(request, HERE).await);
        assert_eq!(
            error(&heard),
            (400, "INVALIDIDEMPOTENCYKEY".to_owned()),
            "{key}"
        );
    }
    let longest = "k".repeat(255);
    assert_eq!(keyed(&portal, ADD, &longest, task("A")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn reads_batches_and_the_older_version_know_no_keys() {
    let portal = tasks();
    let uri = "/rest/api/1/demo/tasks.task.list";
    for limit in [1, 2] {
        let heard = keyed(&portal, uri, "k", json!({"pagination": {"limit": limit}})).await;
        assert_eq!((heard.status, heard.header("idempotency-key")), (200, ""));
    }
    let body = json!([{"method": "tasks.task.add", "query": task("A")}]);
    for _ in 0..2 {
        keyed(&portal, "/rest/api/1/demo/batch", "k", body.clone()).await;
    }
    let body = json!({"fields": {"TITLE": "A", "RESPONSIBLE_ID": 1}});
    for _ in 0..2 {
        keyed(&portal, "/rest/1/demo/tasks.task.add", "k", body.clone()).await;
    }
    assert_eq!(portal.stats().calls("tasks.task.add"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_cut_off_has_run_and_is_not_run_again() {
    let slow = crate::context::settings::Costs {
        call: Duration::from_secs(61),
        ..crate::context::settings::Costs::default()
    };
    let portal = portal(with_tasks().costs(slow));
    assert_eq!(keyed(&portal, ADD, "k", task("A")).await.status, 504);
    let again = keyed(&portal, ADD, "k", task("A")).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (200, "true")
    );
    assert_eq!(portal.stats().calls("tasks.task.add"), 1);
}
