//! The bucket and the operating limiter as callers meet them.

#![expect(clippy::float_cmp, reason = "a paused clock is exact")]

use std::time::Duration;

use tokio::time::{advance, sleep};

use super::*;
use crate::context::limits::{LimiterGeneration, OperatingLimit, RateLimit};
use crate::context::settings::{AccessToken, Webhook};

const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

async fn statuses(portal: &Portal, peer: IpAddr, requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        let request = Request::get("/rest/1/demo/test.echo")
            .body(Bytes::new())
            .unwrap();
        statuses.push(Heard::of(portal.handle(request, peer).await).status);
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn the_request_above_the_brim_is_refused_and_two_a_second_leak_out() {
    let portal = portal(PortalConfig::new());
    assert_eq!(statuses(&portal, HERE, 50).await, [200; 50]);
    let heard = get(&portal, "/rest/1/demo/test.echo").await;
    assert_eq!(heard.status, 503);
    assert_eq!(
        heard.body,
        r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#
    );
    advance(Duration::from_secs(3)).await;
    assert_eq!(
        statuses(&portal, HERE, 7).await,
        [200, 200, 200, 200, 200, 200, 503]
    );
    assert_eq!(
        (portal.stats().requests, portal.stats().refused_by_rate),
        (58, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_in_front_of_everything_and_has_one_counter_for_each_address() {
    let portal = portal(PortalConfig::new().rate_limit(RateLimit::new(3.0, 1.0)));
    for uri in ["/rest/no.such", "/rest/1/wrong/test.echo", "/"] {
        assert_ne!(get(&portal, uri).await.status, 503);
    }
    assert_eq!(get(&portal, "/rest/no.such").await.status, 503);
    assert_eq!(statuses(&portal, THERE, 4).await, [200, 200, 200, 503]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_request() {
    let portal = portal(PortalConfig::new().rate_limit(RateLimit::new(1.0, 1.0)));
    let parts = batch(&portal, json!(vec!["test.echo"; 50])).await;
    assert_eq!(parts["result"].as_array().unwrap().len(), 50);
    assert_eq!(statuses(&portal, HERE, 1).await, [503]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_to_the_leak_is_never_refused_whatever_the_latency() {
    let portal = portal(
        PortalConfig::new()
            .latency(Duration::from_millis(80))
            .jitter(Duration::from_millis(300)),
    );
    statuses(&portal, HERE, 49).await;
    for _ in 0..200 {
        let portal = portal.clone();
        tokio::spawn(async move { statuses(&portal, HERE, 1).await });
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(
        (portal.stats().refusals(), portal.stats().requests),
        (0, 249)
    );
}

fn limited(generation: LimiterGeneration) -> Portal {
    let config = PortalConfig::new()
        .rate_limit(None)
        .starts_at_unix(600_000.0)
        .operating_limit(OperatingLimit {
            time: Duration::from_secs(100),
            generation,
        })
        .webhook(Webhook::new(2, "other"))
        .token(AccessToken::new("t0ken", "app.1", 1));
    portal(config)
}

async fn work(portal: &Portal, seconds: f64) -> Heard {
    call(portal, "test.work", json!({ "seconds": seconds })).await
}

fn operating(time: &Json) -> (f64, f64) {
    (
        time["operating"].as_f64().unwrap(),
        time["operating_reset_at"].as_f64().unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn operating_shows_the_stored_and_the_own_seconds_and_cheap_calls_show_none() {
    let portal = limited(LimiterGeneration::Expiring);
    for _ in 0..100 {
        let heard = work(&portal, 0.1).await;
        assert_eq!(heard.json()["time"]["operating"], 0);
    }
    let (first, reset) = operating(&work(&portal, 2.0).await.json()["time"]);
    assert_eq!((first, reset), (2.0, 600_610.0));
    assert_eq!(
        operating(&work(&portal, 3.0).await.json()["time"]),
        (5.0, 600_610.0)
    );
    assert_eq!(
        call(&portal, "test.other", json!({})).await.json()["time"]["operating"],
        0,
        "each method for itself"
    );
    let unlimited = work(&plain(), 1.0).await.json();
    assert!(unlimited["time"].get("operating").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_method_beyond_its_time_is_blocked_until_its_minutes_expire() {
    let portal = limited(LimiterGeneration::Expiring);
    work(&portal, 55.0).await;
    work(&portal, 55.0).await;
    let blocked = work(&portal, 1.0).await;
    assert_eq!(blocked.status, 429);
    assert_eq!(
        blocked.json(),
        json!({"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."})
    );
    assert_eq!(call(&portal, "test.other", json!({})).await.status, 200);
    assert_eq!(
        get(&portal, "/rest/2/other/test.work").await.status,
        200,
        "another webhook has its own budget"
    );
    advance(Duration::from_secs(489)).await;
    assert_eq!(
        work(&portal, 0.0).await.status,
        429,
        "599 s after the first call"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(work(&portal, 0.0).await.status, 200);
    assert_eq!(portal.stats().refused_by_operating, 2);
}

#[tokio::test(start_paused = true)]
async fn the_newer_limiter_bans_for_five_minutes() {
    let portal = limited(LimiterGeneration::Banning);
    work(&portal, 55.0).await;
    work(&portal, 55.0).await;
    assert_eq!(work(&portal, 0.0).await.status, 429);
    advance(Duration::from_secs(299)).await;
    assert_eq!(work(&portal, 0.0).await.status, 429);
    advance(Duration::from_secs(1)).await;
    assert_eq!(operating(&work(&portal, 1.0).await.json()["time"]).0, 1.0);
}

#[tokio::test(start_paused = true)]
async fn in_a_batch_the_limit_is_an_error_of_the_command() {
    for generation in [LimiterGeneration::Expiring, LimiterGeneration::Banning] {
        let portal = limited(generation);
        let slow = command("test.work", json!({"seconds": 55}));
        batch(&portal, json!([slow])).await;
        batch(&portal, json!([slow])).await;
        let heard = call(
            &portal,
            "batch",
            json!({"cmd": {"a": slow, "b": "test.other"}}),
        )
        .await;
        assert_eq!(heard.status, 200);
        assert_eq!(
            heard.result()["result_error"]["a"]["error"],
            "OPERATION_TIME_LIMIT"
        );
        assert_eq!(heard.result()["result"], json!({"b": true}));
    }
}

#[tokio::test(start_paused = true)]
async fn commands_of_webhooks_are_charged_to_nobody_and_those_of_applications_to_the_application() {
    let portal = limited(LimiterGeneration::Expiring);
    let slow = command("test.work", json!({"seconds": 10}));
    let parts = batch(&portal, json!({"a": slow, "b": slow})).await;
    assert_eq!(operating(&parts["result_time"]["b"]).0, 20.0);
    assert_eq!(
        work(&portal, 1.0).await.json()["time"]["operating"],
        1,
        "direct calls have a ledger of their own"
    );
    let body = json!({ "cmd": [slow] }).to_string();
    let other = post(&portal, "/rest/2/other/batch", "application/json", &body)
        .await
        .result();
    assert_eq!(
        other["result_time"][0]["operating"], 30,
        "and all webhooks share the other one"
    );
    post(&portal, "/rest/batch?auth=t0ken", "application/json", &body).await;
    let direct = get(&portal, "/rest/test.work?auth=t0ken&seconds=5")
        .await
        .json();
    assert_eq!(direct["time"]["operating"], 15);
}

#[tokio::test(start_paused = true)]
async fn the_newer_limiter_charges_half_of_a_batch_to_batch_itself() {
    let slow = command("test.work", json!({"seconds": 30}));
    let older = limited(LimiterGeneration::Expiring);
    let newer = limited(LimiterGeneration::Banning);
    for round in 1..=7 {
        let shown = |heard: Heard| heard.json()["time"]["operating"].as_f64().unwrap();
        let commands = json!({"cmd": [if round % 2 == 0 { slow.replace("work", "other") } else { slow.clone() }, slow]});
        assert_eq!(shown(call(&older, "batch", commands.clone()).await), 0.0);
        let heard = call(&newer, "batch", commands).await;
        if round <= 3 {
            assert!((shown(heard) - 30.0 * f64::from(round)).abs() < 1e-6);
        } else if round == 4 {
            assert!(
                shown(heard) > 100.0,
                "the batch that crosses the limit runs"
            );
        } else {
            assert_eq!(
                (heard.status, heard.json()["error"].as_str()),
                (429, Some("OPERATION_TIME_LIMIT"))
            );
        }
    }
}
