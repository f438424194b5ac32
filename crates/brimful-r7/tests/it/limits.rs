//! The limit of 500 requests in 10 seconds.

use std::time::Duration;

use brimful::{ErrorKind, Execution};
use brimful_portal::{Fault, PortalConfig};
use brimful_r7::{Item, RateLimit};
use brimful_r7_portal::R7Config;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{builder, client, office, portal};

#[tokio::test(start_paused = true)]
async fn twelve_hundred_requests_take_twenty_seconds_and_none_is_refused() {
    let portal = portal(
        PortalConfig::new()
            .extension(R7Config::new().people(10))
            .latency(Duration::from_millis(50))
            .jitter(Duration::from_millis(500)),
    );
    let client = client(&portal);
    let start = Instant::now();
    let replies = join_all((0..1200).map(|_| client.get("people/@self"))).await;
    assert!(replies.iter().all(Result::is_ok));
    let stats = portal.stats();
    assert_eq!((stats.requests, stats.refused_by_rate), (1200, 0));
    let took = start.elapsed().as_secs_f64();
    assert!((20.0..22.5).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_waits_as_long_as_the_portal_asks() {
    let limit = RateLimit {
        requests: 5,
        within: Duration::from_secs(30),
    };
    let portal = portal(PortalConfig::new().extension(R7Config::new().people(10).limit(limit)));
    let client = builder(&portal).limit(None).build().unwrap();
    for _ in 0..5 {
        client.get("people/@self").await.unwrap();
    }
    let start = Instant::now();
    assert!(client.get("people/@self").await.is_ok());
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(portal.stats().refused_by_rate, 1, "it knocked once");
}

#[tokio::test(start_paused = true)]
async fn while_the_portal_asks_to_wait_all_clones_wait() {
    let portal = office(10);
    let client = client(&portal);
    portal.faults().push(Fault::QueryLimit);
    let start = Instant::now();
    assert!(client.get("people/@self").await.is_ok());
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(portal.stats().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_lets_nothing_through_is_refused() {
    let portal = office(1);
    let none = RateLimit {
        requests: 0,
        within: Duration::from_secs(1),
    };
    assert!(builder(&portal).limit(none).build().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_slot_until_the_deadline_was_not_sent() {
    let limit = RateLimit {
        requests: 1,
        within: Duration::from_secs(600),
    };
    let portal = office(10);
    let client = builder(&portal).limit(limit).build().unwrap();
    client.get("people/@self").await.unwrap();
    let hurried = client.with_deadline(Duration::from_secs(5));
    let start = Instant::now();
    let late = hurried.send(Item::delete("people/1")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(
        (late.kind(), late.execution()),
        (ErrorKind::Deadline, Execution::NotRun),
        "{late}"
    );
    // Nothing is begun after it either.
    let late = hurried.send(Item::delete("people/1")).await.unwrap_err();
    assert_eq!(late.execution(), Execution::NotRun, "{late}");
    assert_eq!(portal.stats().requests, 1);
    let replies = hurried.batch().item(Item::delete("people/1").name("gone"));
    let replies = replies.send().await.unwrap();
    assert_eq!(replies.unknown().count(), 0, "{replies:?}");
    assert!(!replies.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_until_the_deadline_may_have_run() {
    let portal = portal(
        PortalConfig::unlimited()
            .latency(Duration::from_secs(600))
            .extension(R7Config::unlimited().people(9)),
    );
    let client = client(&portal).with_deadline(Duration::from_secs(5));
    let start = Instant::now();
    let late = client.send(Item::delete("people/1")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(
        (late.kind(), late.execution()),
        (ErrorKind::Deadline, Execution::Unknown),
        "{late}"
    );
}
