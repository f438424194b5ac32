use std::time::Duration;

use brimful::Limit;
use brimful_portal::{Costs, Fault, Generation, OperatingLimit, PortalConfig, RateLimit};
use tokio::time::Instant;

use crate::support::{builder, client, ids, portal};

/// 81 requests against a bucket of 50 that leaks 2 a second: (81 − 50) / 2 = 15.5 s is the ideal.
async fn job_of_81_requests(latency: Duration, seed: u64) {
    let config = PortalConfig::new()
        .seed(seed)
        .rows("crm.lead", 200_000)
        .latency(latency.mul_f64(0.75))
        .jitter(latency.mul_f64(0.5));
    let portal = portal(config);
    let started = Instant::now();
    let (rows, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    let took = started.elapsed().as_secs_f64();
    let stats = portal.stats();
    assert_eq!(rows.len(), 200_000);
    assert_eq!(stats.refusals(), 0, "latency {latency:?}, seed {seed}");
    let ideal = (report.requests as f64 - 50.0) / 2.0;
    let round_trip = latency.as_secs_f64() * 1.25;
    assert!(
        took <= ideal + 1.5 + round_trip,
        "latency {latency:?}, seed {seed}: {took:.2} s for {} requests, ideal {ideal:.2} s",
        report.requests
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_of_81_requests_ends_within_a_second_and_a_half_of_the_ideal_without_a_refusal() {
    for latency in [5, 50, 300] {
        for seed in 0..20 {
            job_of_81_requests(Duration::from_millis(latency), seed).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_commands_do_not_slow_the_list_down() {
    // A full batch takes a second on the portal: one at a time would take 80 s.
    let costs = Costs {
        call: Duration::from_millis(20),
        ..Costs::default()
    };
    let config = PortalConfig::new()
        .rows("crm.lead", 200_000)
        .costs(costs)
        .latency(Duration::from_millis(30));
    let portal = portal(config.operating_limit(None));
    let started = Instant::now();
    let (rows, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    let took = started.elapsed().as_secs_f64();
    assert_eq!(rows.len(), 200_000);
    assert_eq!(portal.stats().refusals(), 0);
    let ideal = 15.5;
    assert!(
        took <= ideal + 3.5,
        "{took:.2} s, {} requests",
        report.requests
    );
}

#[tokio::test(start_paused = true)]
async fn an_enterprise_portal_is_used_at_its_own_limit() {
    let config = PortalConfig::new()
        .rows("crm.lead", 1_000_000)
        .rate_limit(RateLimit::ENTERPRISE)
        .latency(Duration::from_millis(40))
        .jitter(Duration::from_millis(20));
    let portal = portal(config);
    let client = builder(&portal).limit(Limit::ENTERPRISE).build().unwrap();
    let started = Instant::now();
    let (rows, report) = ids(client.list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    let took = started.elapsed().as_secs_f64();
    assert_eq!(rows.len(), 1_000_000);
    assert_eq!(portal.stats().refusals(), 0);
    let ideal = (report.requests as f64 - 250.0) / 5.0;
    assert!(
        took <= ideal + 1.6,
        "{took:.2} s, {} requests, ideal {ideal:.2}",
        report.requests
    );
}

#[tokio::test(start_paused = true)]
async fn sixty_lists_on_one_client_are_all_whole_and_share_one_limit() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 5_000)
            .latency(Duration::from_millis(20)),
    );
    let client = client(&portal);
    let lists: Vec<_> = (0..60)
        .map(|_| {
            let list = client.list("crm.lead.list").select(["ID"]);
            tokio::spawn(ids(list))
        })
        .collect();
    for list in lists {
        let (rows, _) = list.await.unwrap().unwrap();
        assert_eq!(rows.len(), 5_000);
    }
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_portal_whose_address_others_use_too_is_met_with_patience() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 20_000)
            .latency(Duration::from_millis(20)),
    );
    for _ in 0..5 {
        portal.faults().push(Fault::QueryLimit);
    }
    let (rows, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    assert_eq!(rows.len(), 20_000);
    assert_eq!(report.retries, 5);
    assert_eq!(portal.stats().refusals(), 0, "none but those five");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_crosses_the_operating_limit_ends_exact() {
    // 60,000 rows at 0.5 s a page are 600 s of operating time: more than the portal allows in ten minutes.
    let costs = Costs {
        call: Duration::from_millis(500),
        ..Costs::default()
    };
    for generation in [Generation::Expiring, Generation::Banning] {
        let limit = OperatingLimit {
            seconds: 480.0,
            generation,
        };
        let portal = portal(
            PortalConfig::new()
                .rows("crm.lead", 60_000)
                .costs(costs)
                .operating_limit(limit),
        );
        let (rows, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        assert_eq!(rows, (1..=60_000).collect::<Vec<_>>());
        assert!(portal.stats().refused_by_operating > 0, "the limit was met");
        assert!(report.waited_for_operating > Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_calls_the_same_client_between_pages_is_not_locked_out() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 20_000)
            .latency(Duration::from_millis(20)),
    );
    let client = client(&portal);
    let mut pages = client.list("crm.lead.list").select(["ID"]).pages().unwrap();
    let reading = async {
        let mut rows = 0;
        while let Some(page) = pages.next_page().await.unwrap() {
            rows += page.len();
            client
                .call("user.current", serde_json::json!({}))
                .await
                .unwrap();
        }
        rows
    };
    let rows = tokio::time::timeout(Duration::from_secs(3600), reading)
        .await
        .expect("the list holds the gate while it waits for its reader");
    assert_eq!(rows, 20_000);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_nobody_reads_on_does_not_hold_the_gate() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 50_000)
            .latency(Duration::from_millis(20)),
    );
    let client = client(&portal);
    for _ in 0..48 {
        client
            .call("user.current", serde_json::json!({}))
            .await
            .unwrap();
    }
    let mut pages = client.list("crm.lead.list").select(["ID"]).pages().unwrap();
    pages.next_page().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let call = client.call("user.current", serde_json::json!({}));
    tokio::time::timeout(Duration::from_secs(60), call)
        .await
        .expect("the call waits for a list that stands still")
        .unwrap();
    drop(pages);
}
