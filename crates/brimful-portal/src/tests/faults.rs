//! Faults to order.

use std::time::Duration;

use super::*;
use crate::context::faults::{Fault, FaultRule, FaultTiming, Faults};

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
            Fault::Status(500, FaultTiming::BeforeWork),
            Fault::Status(502, FaultTiming::AfterWork),
        ),
        (
            Fault::Html(FaultTiming::BeforeWork),
            Fault::Html(FaultTiming::AfterWork),
        ),
        (
            Fault::Empty(FaultTiming::BeforeWork),
            Fault::Empty(FaultTiming::AfterWork),
        ),
        (
            Fault::Reset(FaultTiming::BeforeWork),
            Fault::Reset(FaultTiming::AfterWork),
        ),
        (Fault::QueryLimit, Fault::Truncated),
        (Fault::OperatingLimit, Fault::HalfBody),
        (Fault::ExpiredToken, Fault::Delay(Duration::from_secs(1))),
        (
            Fault::Redirect(None),
            Fault::SlowBody(Duration::from_secs(1)),
        ),
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
        (Fault::Status(502, FaultTiming::AfterWork), 502, "<html>"),
        (Fault::Html(FaultTiming::BeforeWork), 200, "<html>"),
        (Fault::HalfBody, 200, r#"{"result":true,"#),
    ] {
        let heard = Heard::of(with(fault.clone()).await.1);
        assert_eq!(heard.status, status, "{fault:?}");
        assert!(heard.body.starts_with(start), "{fault:?}: {}", heard.body);
    }
    let heard = Heard::of(with(Fault::Empty(FaultTiming::AfterWork)).await.1);
    assert_eq!((heard.status, heard.body.as_str()), (200, ""));
    assert!(serde_json::from_str::<Json>(&Heard::of(with(Fault::HalfBody).await.1).body).is_err());
    assert!(matches!(
        with(Fault::Reset(FaultTiming::AfterWork)).await.1,
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
        .add(FaultRule::every(3, Fault::Status(500, FaultTiming::BeforeWork)).on("test.echo"));
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

fn ordered(spec: &str) -> Portal {
    let config = PortalConfig::unlimited().starts_at_unix(NOON);
    portal(config.faults(Faults::parse(spec).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_portal_begins_with_the_faults_of_its_configuration_and_plays_them_apart() {
    let faults = Faults::parse("503 times=1").unwrap();
    let config = PortalConfig::unlimited().faults(faults.clone());
    let (one, other) = (portal(config.clone()), portal(config));
    for portal in [&one, &other] {
        assert_eq!(call(portal, "test.work", json!({})).await.status, 503);
        assert_eq!(call(portal, "test.work", json!({})).await.status, 200);
    }
    assert_eq!(faults.to_string(), "503 times=1");
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_its_time_after_the_work() {
    let portal = ordered("slow-body=3s");
    let began = tokio::time::Instant::now();
    let heard = call(&portal, "test.work", json!({})).await;
    assert_eq!((heard.status, began.elapsed().as_secs()), (200, 3));
    assert_eq!(
        heard.json()["time"]["duration"],
        0.75,
        "the portal knows nothing of it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_redirect_leads_to_the_same_path_elsewhere() {
    let portal = ordered("redirect=https://localhost:8443/ times=1, redirect");
    let uri = "/rest/1/demo/test.work?a=1";
    let heard = get(&portal, uri).await;
    assert_eq!(
        (heard.status, heard.header("location")),
        (302, "https://localhost:8443/rest/1/demo/test.work?a=1")
    );
    let request = Request::post(uri)
        .header("host", "127.0.0.1:8024")
        .body(Bytes::new())
        .unwrap();
    let heard = Heard::of(portal.handle(request, HERE).await);
    assert_eq!(
        heard.header("location"),
        "//127.0.0.1:8024/rest/1/demo/test.work?a=1"
    );
    assert_eq!(portal.stats().calls("test.work"), 0);
}

#[tokio::test(start_paused = true)]
async fn skew_puts_the_clock_wrong_until_it_is_taken_back() {
    let portal = ordered("skew=-1h");
    let date =
        async || call(&portal, "test.work", json!({})).await.json()["time"]["date_start"].clone();
    assert_eq!(date().await, "2026-03-01T09:00:00+03:00");
    portal.faults().set("skew=+90s").unwrap();
    assert_eq!(date().await, "2026-03-01T10:01:30+03:00");
    portal.faults().clear();
    assert_eq!(date().await, "2026-03-01T10:00:00+03:00");
}

#[tokio::test(start_paused = true)]
async fn limits_survive_a_clock_that_jumps() {
    let portal = portal(PortalConfig::new().starts_at_unix(NOON));
    for spec in ["skew=-24h", "skew=+8000h", ""] {
        portal.faults().set(spec).unwrap();
        assert_eq!(
            call(&portal, "test.work", json!({})).await.status,
            200,
            "{spec}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_the_same_with_the_same_seed() {
    let run = async |spec: &str| {
        let portal = ordered(spec);
        let began = tokio::time::Instant::now();
        let mut statuses = Vec::new();
        for _ in 0..200 {
            statuses.push((
                call(&portal, "test.work", json!({})).await.status,
                began.elapsed(),
            ));
        }
        statuses
    };
    let spec = "503:10%, 502-after:10%, latency=50ms±20ms; seed=42";
    assert_eq!(run(spec).await, run(spec).await);
    assert_ne!(
        run(spec).await,
        run("503:10%, 502-after:10%, latency=50ms±20ms; seed=43").await
    );
}
