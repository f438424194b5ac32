//! The admin endpoints.

use http::Method as Verb;

use super::*;

async fn send(portal: &Portal, verb: Verb, path: &str, body: &str) -> Heard {
    let request = Request::builder().method(verb).uri(path);
    let request = request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    Heard::of(portal.handle(request, HERE).await)
}

#[tokio::test]
async fn faults_are_shown_ordered_and_taken_back() {
    let portal = plain();
    let faults = "/_portal/faults";
    let none = json!({ "spec": "", "rules": [], "queued": 0 });
    assert_eq!(send(&portal, Verb::GET, faults, "").await.json(), none);
    let spec = "503 on=test.work every=2, half-body 5%; seed=42";
    let ordered = send(&portal, Verb::PUT, faults, spec).await;
    assert_eq!(
        (ordered.status, &ordered.json()["spec"]),
        (
            200,
            &json!("503 every=2 on=test.work, half-body 5%; seed=42")
        )
    );
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(call(&portal, "test.work", json!({})).await.status);
    }
    assert_eq!(statuses, [200, 503, 200, 503]);
    let rule = send(&portal, Verb::GET, faults, "").await.json()["rules"][0].clone();
    assert_eq!(
        rule,
        json!({ "rule": "503 every=2 on=test.work", "seen": 4, "played": 2 })
    );
    assert_eq!(send(&portal, Verb::DELETE, faults, "").await.json(), none);
    assert_eq!(call(&portal, "test.work", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_specification_may_be_json() {
    let portal = plain();
    for body in [r#"{"spec": "429"}"#, r#""429""#] {
        let heard = post(
            &portal,
            "/_portal/faults",
            "application/json; charset=utf-8",
            body,
        )
        .await;
        assert_eq!(
            (heard.status, &heard.json()["spec"]),
            (200, &json!("429")),
            "{body}"
        );
    }
    let heard = post(&portal, "/_portal/faults", "application/json", "{").await;
    assert_eq!(heard.status, 400);
}

#[tokio::test]
async fn a_wrong_specification_is_refused_and_nothing_changes() {
    let portal = plain();
    send(&portal, Verb::PUT, "/_portal/faults", "429").await;
    let refused = send(&portal, Verb::PUT, "/_portal/faults", "503, oops").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &json!("INVALID_SPEC"))
    );
    let description = refused.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        description.starts_with("\"oops\": no fault \"oops\""),
        "{description}"
    );
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/faults", "").await.json()["spec"],
        "429"
    );
    let churn = send(&portal, Verb::PUT, "/_portal/churn", "invoice:insert=1").await;
    assert_eq!(churn.status, 400);
}

#[tokio::test]
async fn stats_are_shown_and_these_doors_are_not_in_them() {
    let portal = plain();
    call(&portal, "test.work", json!({})).await;
    send(&portal, Verb::GET, "/_portal/faults", "").await;
    let stats = send(&portal, Verb::GET, "/_portal/stats", "").await.json();
    assert_eq!(
        (&stats["requests"], &stats["methods"]["test.work"]),
        (&json!(1), &json!(1))
    );
    let refused = send(&portal, Verb::DELETE, "/_portal/stats", "").await;
    assert_eq!(
        (refused.status, refused.header("allow").is_empty()),
        (405, false)
    );
    assert_eq!(
        send(&portal, Verb::GET, "/_portal/else", "").await.status,
        404
    );
}

#[tokio::test]
async fn churn_is_ordered_while_the_portal_runs() {
    let portal = plain();
    let heard = send(
        &portal,
        Verb::POST,
        "/_portal/churn",
        "lead:insert=5; seed=1",
    )
    .await;
    assert_eq!(heard.json()["spec"], "lead:insert=5; seed=1");
    assert_eq!(
        send(&portal, Verb::DELETE, "/_portal/churn", "")
            .await
            .json()["spec"],
        ""
    );
}

#[tokio::test]
async fn only_callers_on_this_machine_are_let_in() {
    let portal = plain();
    for (peer, status) in [
        ("127.0.0.1", 200),
        ("127.8.8.8", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.1", 403),
        ("::ffff:10.0.0.1", 403),
    ] {
        let request = Request::get("/_portal/stats").body(Bytes::new()).unwrap();
        let heard = Heard::of(portal.handle(request, peer.parse().unwrap()).await);
        assert_eq!(heard.status, status, "{peer}");
    }
}
