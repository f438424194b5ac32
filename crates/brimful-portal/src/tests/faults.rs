//! Faults to order.

use std::time::Duration;

use super::*;
use crate::faults::{Fault, FaultRule, When};

async fn with(fault: Fault) -> (Portal, Reply) {
    let portal = plain();
    portal.faults().push(fault);
    let request = Request::get("/rest/1/demo/test.work")
        .body(Bytes::new())
        .unwrap();
    let reply = portal.handle(request, HERE).await;
    (portal, reply)
}

#[tokio::test(start_paused = true)]
async fn a_fault_before_the_work_keeps_it_from_being_done_and_one_after_does_not() {
    for (before, after) in [
        (
            Fault::Status(500, When::BeforeWork),
            Fault::Status(502, When::AfterWork),
        ),
        (Fault::Html(When::BeforeWork), Fault::Html(When::AfterWork)),
        (
            Fault::Empty(When::BeforeWork),
            Fault::Empty(When::AfterWork),
        ),
        (
            Fault::Reset(When::BeforeWork),
            Fault::Reset(When::AfterWork),
        ),
        (Fault::QueryLimit, Fault::Truncated),
        (Fault::OperatingLimit, Fault::HalfBody),
        (Fault::ExpiredToken, Fault::Delay(Duration::from_secs(1))),
    ] {
        let (portal, _) = with(before.clone()).await;
        assert_eq!(
            (portal.stats().calls("test.work"), portal.stats().faults),
            (0, 1),
            "{before:?}"
        );
        let (portal, _) = with(after.clone()).await;
        assert_eq!(
            (portal.stats().calls("test.work"), portal.stats().faults),
            (1, 1),
            "{after:?}"
        );
        assert_eq!(
            portal.stats().refusals(),
            0,
            "a fault is no refusal of the portal's own"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_looks_as_it_does_in_the_wild() {
    for (fault, status, start) in [
        (
            Fault::QueryLimit,
            503,
            r#"{"error":"QUERY_LIMIT_EXCEEDED","#,
        ),
        (
            Fault::OperatingLimit,
            429,
            r#"{"error":"OPERATION_TIME_LIMIT","#,
        ),
        (Fault::ExpiredToken, 401, r#"{"error":"expired_token","#),
        (Fault::Status(502, When::AfterWork), 502, "<html>"),
        (Fault::Html(When::BeforeWork), 200, "<html>"),
        (Fault::HalfBody, 200, r#"{"result":true,"#),
    ] {
        let heard = Heard::of(with(fault.clone()).await.1);
        assert_eq!(heard.status, status, "{fault:?}");
        assert!(heard.body.starts_with(start), "{fault:?}: {}", heard.body);
    }
    let heard = Heard::of(with(Fault::Empty(When::AfterWork)).await.1);
    assert_eq!((heard.status, heard.body.as_str()), (200, ""));
    assert!(serde_json::from_str::<Json>(&Heard::of(with(Fault::HalfBody).await.1).body).is_err());
    assert!(matches!(
        with(Fault::Reset(When::AfterWork)).await.1,
        Reply::Reset
    ));
    let Reply::Truncated { response, length } = with(Fault::Truncated).await.1 else {
        panic!("a truncated reply")
    };
    assert_eq!(response.body().len() as u64, length / 2);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_only_a_delay() {
    let began = tokio::time::Instant::now();
    let (_, reply) = with(Fault::Delay(Duration::from_secs(3))).await;
    assert_eq!(
        (Heard::of(reply).status, began.elapsed().as_secs()),
        (200, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn rules_choose_requests_by_number_and_method() {
    let portal = plain();
    portal
        .faults()
        .add(FaultRule::every(3, Fault::Status(500, When::BeforeWork)).on("test.echo"));
    let mut statuses = Vec::new();
    for method in [
        "test.echo",
        "test.work",
        "TEST.ECHO",
        "test.echo.json",
        "test.echo",
        "test.echo",
        "test.echo",
    ] {
        statuses.push(call(&portal, method, json!({})).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 500, 200, 200, 500]);
    portal.faults().clear();
    assert_eq!(call(&portal, "test.echo", json!({})).await.status, 200);
}
