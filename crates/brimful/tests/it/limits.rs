use std::time::Duration;

use brimful::{Batch, Client, ErrorKind, Limit, Priority};
use brimful_portal::{
    Costs, Fault, LimiterGeneration, OperatingLimit, Portal, PortalConfig, RateLimit,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

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
    let ideal = (81.0 - 50.0) / 2.0;
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
async fn a_list_of_200_000_rows_keeps_next_to_no_slots_back_where_requests_are_fast() {
    for seed in 0..20 {
        let config = PortalConfig::new()
            .seed(seed)
            .rows("crm.lead", 200_000)
            .latency(Duration::from_millis(80))
            .jitter(Duration::from_millis(40));
        let portal = portal(config);
        let started = Instant::now();
        let list = client(&portal).list("crm.lead.list").select(["ID"]);
        let (rows, report) = ids(list).await.unwrap();
        let took = started.elapsed().as_secs_f64();
        let requests = report.requests;
        assert_eq!(rows.len(), 200_000);
        assert_eq!(portal.stats().refusals(), 0, "seed {seed}");
        let ideal = (requests as f64 - 50.0) / 2.0;
        assert!(
            took <= ideal + 0.5,
            "{took:.2} s for {requests} requests, seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_slow_commands_ends_within_three_seconds_and_a_half_of_the_ideal() {
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
async fn a_million_rows_of_an_enterprise_portal_end_within_a_second_and_a_half_of_the_ideal() {
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
    // One request for a first look, and 400 of 2,500 rows.
    let ideal = (401.0 - 250.0) / 5.0;
    assert!(
        took <= ideal + 1.5,
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

/// A reply of 2,500 rows with all their fields has 3 MB, and takes 3 s here. With four at a time, 100,000 rows would take
/// 30 s and more, although the portal lets all of them through at once.
#[tokio::test(start_paused = true)]
async fn large_rows_do_not_keep_a_list_from_the_requests_that_the_limit_allows() {
    let costs = Costs {
        call: Duration::from_millis(60),
        ..Costs::default()
    };
    let config = PortalConfig::new()
        .rows("crm.lead", 100_000)
        .latency(Duration::from_millis(80))
        .costs(costs);
    let portal = portal(config);
    let started = Instant::now();
    let (rows, report) = ids(client(&portal).list("crm.lead.list")).await.unwrap();
    let took = started.elapsed().as_secs_f64();
    assert_eq!(rows.len(), 100_000);
    assert!(took < 24.0, "{took:.1} s for {} requests", report.requests);
}

/// Eight lists at once: together they may take as long as their requests take one after another, and not the sum of
/// what each would wait.
#[tokio::test(start_paused = true)]
async fn eight_lists_of_different_sizes_end_within_a_second_of_the_limit_for_all_their_requests() {
    let lists = [
        ("lead", "crm.lead.list", 120_000),
        ("deal", "crm.deal.list", 90_000),
        ("contact", "crm.contact.list", 70_000),
        ("company", "crm.company.list", 40_000),
        ("activity", "crm.activity.list", 20_000),
        ("quote", "crm.quote.list", 7_000),
        ("task", "tasks.task.list", 2_500),
        ("user", "user.get", 40),
    ];
    for (seed, latency) in (0..4).zip([5, 50, 100, 300]) {
        let latency = Duration::from_millis(latency);
        let mut config = PortalConfig::new()
            .seed(seed)
            .latency(latency.mul_f64(0.75))
            .jitter(latency.mul_f64(0.5));
        for (entity, _, rows) in lists {
            config = config.rows(entity, rows);
        }
        let portal = portal(config);
        let client = client(&portal);
        let started = Instant::now();
        let reading = lists.map(|(_, method, rows)| {
            let list = client.list(method);
            // `user.get` has no `select`.
            let list = if rows > 100 {
                list.select(["ID"])
            } else {
                list
            };
            let list = tokio::spawn(ids(list));
            async move { (method, rows, list.await.unwrap()) }
        });
        for (method, rows, read) in futures_util::future::join_all(reading).await {
            let (found, _) = read.unwrap();
            assert_eq!(found.len() as u64, rows, "{method}");
        }
        let took = started.elapsed().as_secs_f64();
        let stats = portal.stats();
        assert_eq!(stats.refusals(), 0, "latency {latency:?}, seed {seed}");
        let requests = client.stats().requests;
        // What each list needs, and one more each.
        let least: u64 = lists.iter().map(|(_, _, rows)| rows.div_ceil(2_500)).sum();
        assert!(requests <= least + 8, "{requests} requests for {least}");
        let ideal = (requests as f64 - 50.0) / 2.0;
        let round_trip = latency.as_secs_f64() * 1.25;
        assert!(
            took <= ideal + 1.0 + round_trip,
            "latency {latency:?}, seed {seed}: {took:.2} s for {requests} requests, ideal {ideal:.2} s"
        );
    }
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

/// 60,000 rows at 0.5 s a page are 600 s of operating time: more than the portal allows in ten minutes.
fn longer_than_the_operating_limit(generation: LimiterGeneration) -> PortalConfig {
    let costs = Costs {
        call: Duration::from_millis(500),
        ..Costs::default()
    };
    PortalConfig::new()
        .rows("crm.lead", 60_000)
        .costs(costs)
        .operating_limit(OperatingLimit {
            time: Duration::from_secs(480),
            generation,
        })
}

#[tokio::test(start_paused = true)]
async fn a_list_longer_than_the_operating_limit_slows_down_before_it_and_ends_exact() {
    for generation in [LimiterGeneration::Expiring, LimiterGeneration::Banning] {
        let portal = portal(longer_than_the_operating_limit(generation));
        let (rows, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        assert_eq!(rows, (1..=60_000).collect::<Vec<_>>());
        assert_eq!(portal.stats().refused_by_operating, 0);
        assert!(report.waited_for_operating > Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_crosses_the_operating_limit_unawares_ends_exact() {
    for generation in [LimiterGeneration::Expiring, LimiterGeneration::Banning] {
        let portal = portal(longer_than_the_operating_limit(generation));
        // The client believes that the portal allows more than it does.
        let client = builder(&portal).operating_limit(Duration::from_secs(6000));
        let list = client.build().unwrap().list("crm.lead.list");
        let (rows, report) = ids(list.select(["ID"])).await.unwrap();
        assert_eq!(rows, (1..=60_000).collect::<Vec<_>>());
        assert!(portal.stats().refused_by_operating > 0, "the limit was met");
        assert!(report.waited_for_operating > Duration::ZERO);
    }
}

/// 50,000 rows at 0.05 s a page are 50 s of operating time, of which the portal allows 24 s in 30 s: the third window
/// begins after 60 s. Its clock begins so many tenths after a whole second.
fn portal_that_allows_24_seconds_in_30(generation: LimiterGeneration, tenths: u32) -> Portal {
    let costs = Costs {
        call: Duration::from_millis(50),
        ..Costs::default()
    };
    let config = PortalConfig::new()
        .rows("crm.lead", 50_000)
        .costs(costs)
        .latency(Duration::from_millis(50))
        .operating_window(Duration::from_secs(30))
        .starts_at_unix(1_790_000_000.0 + f64::from(tenths) / 10.0)
        .operating_limit(OperatingLimit {
            time: Duration::from_secs(24),
            generation,
        });
    portal(config)
}

/// Both generations, each at ten fractions of a second: resets are told in whole ones.
fn at_each_tenth_of_a_second() -> impl Iterator<Item = (LimiterGeneration, u32)> {
    [LimiterGeneration::Expiring, LimiterGeneration::Banning]
        .into_iter()
        .flat_map(|generation| (0..10).map(move |tenths| (generation, tenths)))
}

#[tokio::test(start_paused = true)]
async fn a_list_that_crosses_a_known_operating_limit_waits_for_its_windows_and_is_never_refused() {
    for (generation, tenths) in at_each_tenth_of_a_second() {
        let portal = portal_that_allows_24_seconds_in_30(generation, tenths);
        let client = builder(&portal).operating_limit(Duration::from_secs(24));
        let list = client.build().unwrap().list("crm.lead.list");
        let started = Instant::now();
        let (rows, _) = ids(list.select(["ID"])).await.unwrap();
        let took = started.elapsed().as_secs_f64();
        assert_eq!(rows, (1..=50_000).collect::<Vec<_>>());
        assert_eq!(portal.stats().refused_by_operating, 0);
        // From eight tenths on, the first requests fall into two of the portal's intervals and are given back in two parts.
        let most = if tenths < 8 { 66.0 } else { 67.0 };
        assert!(took <= most, "{generation:?}, {tenths} tenths: {took:.1} s");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operating_limit_lower_than_believed_is_learned_from_a_wave_of_refusals_and_half_a_request()
 {
    for (generation, tenths) in at_each_tenth_of_a_second() {
        let portal = portal_that_allows_24_seconds_in_30(generation, tenths);
        let list = client(&portal).list("crm.lead.list").select(["ID"]);
        let started = Instant::now();
        let mut pages = list.pages().unwrap();
        let mut rows = 0;
        let mut after_the_first_window = None;
        while let Some(page) = pages.next_page().await.unwrap() {
            rows += page.len();
            if started.elapsed() > Duration::from_secs(32) {
                after_the_first_window.get_or_insert(portal.stats().refused_by_operating);
            }
        }
        let took = started.elapsed().as_secs_f64();
        let refused = portal.stats().refused_by_operating;
        // Those of requests that were on their way together.
        let learned_from = after_the_first_window.unwrap();
        assert!(learned_from > 0, "{generation:?}");
        // Which call of the first window was the last that ran is known to within a request: the next window may tell.
        assert!(
            refused <= learned_from + 25,
            "{generation:?}: {refused} refused, {learned_from} in the first window"
        );
        assert_eq!(rows, 50_000);
        assert!(took <= 75.0, "{generation:?}, {tenths} tenths: {took:.1} s");
    }
}

#[tokio::test(start_paused = true)]
async fn other_methods_go_on_while_one_waits_for_its_operating_time() {
    let portal =
        portal(longer_than_the_operating_limit(LimiterGeneration::Expiring).rows("crm.deal", 10));
    let client = client(&portal);
    let mut pages = client.list("crm.lead.list").select(["ID"]).pages().unwrap();
    let mut rows = 0;
    while client
        .limits()
        .snapshot()
        .methods
        .iter()
        .all(|m| m.blocked_for.is_none() && m.operating < Duration::from_secs(380))
    {
        rows += pages
            .next_page()
            .await
            .unwrap()
            .expect("held back before the end")
            .len();
    }
    let reading = tokio::spawn(async move {
        while let Some(page) = pages.next_page().await.unwrap() {
            rows += page.len();
        }
        rows
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    for _ in 0..20 {
        let asked = Instant::now();
        client
            .call("crm.deal.get", serde_json::json!({"id": 1}))
            .await
            .unwrap();
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
    }
    assert_eq!(reading.await.unwrap(), 60_000);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_how_the_limits_stand() {
    let costs = Costs {
        call: Duration::from_millis(500),
        ..Costs::default()
    };
    let portal = portal(PortalConfig::new().rows("crm.lead", 500).costs(costs));
    let client = client(&portal);
    ids(client.list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    let snapshot = client.limits().snapshot();
    assert_eq!(snapshot.limit, Some(Limit::STANDARD));
    assert_eq!((snapshot.rate, snapshot.refusals), (Some(2.0), 0));
    assert_eq!((snapshot.in_flight, snapshot.waiting), (0, 0));
    let leads = snapshot
        .methods
        .iter()
        .find(|m| m.method == "crm.lead.list")
        .unwrap();
    assert!(leads.operating > Duration::from_secs(4), "{leads:?}");
    assert!(leads.resets_in.unwrap() > Duration::from_secs(500));
    let _gently = client.slow(3);
    assert_eq!(client.limits().snapshot().most_in_flight, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_request_holds_no_more_commands_than_it_is_told() {
    let config = PortalConfig::unlimited().rows("lead", 3_000);
    let portal = portal(config);
    let client = builder(&portal).limit(None).batch_size(20).build().unwrap();
    let leads = client
        .list("crm.lead.list")
        .collect::<Value>()
        .await
        .unwrap();
    assert_eq!(leads.len(), 3_000);
    let lists = portal.stats();
    assert!(lists.calls("batch") * 20 >= lists.commands, "{lists:?}");

    let items = (1..=45).map(|id| json!({"id": id}));
    let outcomes = client.call_each("crm.lead.get", items).collect().await;
    assert!(outcomes.iter().all(|outcome| outcome.done().is_some()));
    assert_eq!(portal.stats().calls("batch") - lists.calls("batch"), 3);

    let found = client.get_by_id("crm.lead.get", 1..=45_u64).collect().await;
    assert_eq!(found.unwrap().len(), 45);
    assert_eq!(portal.stats().calls("batch") - lists.calls("batch"), 6);

    let mut batch = Batch::new();
    let first = batch
        .add("first", "crm.lead.get", json!({"id": 1}))
        .unwrap();
    for n in 0..44 {
        let id = first.result().field("ID").unwrap();
        batch
            .add(format!("c{n}"), "crm.lead.get", json!({"id": id}))
            .unwrap();
    }
    let reply = client.batch(batch).await.unwrap();
    assert!(reply.iter().all(|(_, outcome)| outcome.done().is_some()));
    assert_eq!(portal.stats().calls("batch") - lists.calls("batch"), 9);

    for size in [0, 51] {
        let refused = builder(&portal).batch_size(size).build().unwrap_err();
        assert!(refused.to_string().contains("1 to 50"), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn slowed_down_the_requests_go_one_by_one_and_after_an_error_too_the_guard_is_lifted() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 100_000)
            .latency(Duration::from_millis(200)),
    );
    let client = client(&portal);
    let gently = client.slow(1);
    let (rows, _) = ids(client.list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    assert_eq!(rows.len(), 100_000);
    assert_eq!(portal.stats().peak_in_flight, 1);
    drop(gently);
    assert_eq!(client.limits().snapshot().most_in_flight, None);
}

#[tokio::test(start_paused = true)]
async fn two_clients_of_one_portal_share_its_rate() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 100_000)
            .latency(Duration::from_millis(20)),
    );
    let one = client(&portal);
    let other = builder(&portal).limits(one.limits()).build().unwrap();
    let (a, b) = tokio::join!(
        ids(one.list("crm.lead.list").select(["ID"])),
        ids(other.list("crm.lead.list").select(["ID"])),
    );
    assert_eq!((a.unwrap().0.len(), b.unwrap().0.len()), (100_000, 100_000));
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_high_priority_overtakes_a_long_job() {
    let portal = portal(
        PortalConfig::new()
            .rows("crm.lead", 500_000)
            .latency(Duration::from_millis(20)),
    );
    let client = client(&portal);
    let export = tokio::spawn(ids(client.list("crm.lead.list").select(["ID"])));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let urgent = client.with_priority(Priority::High);
    for _ in 0..10 {
        let asked = Instant::now();
        urgent
            .call("user.current", serde_json::json!({}))
            .await
            .unwrap();
        assert!(
            asked.elapsed() < Duration::from_millis(600),
            "{:?}",
            asked.elapsed()
        );
    }
    assert_eq!(export.await.unwrap().unwrap().0.len(), 500_000);
    assert_eq!(portal.stats().refusals(), 0);
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

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_asks_after_holds_nobody_up() {
    let portal = portal(PortalConfig::new().latency(Duration::from_millis(50)));
    let client = client(&portal);
    let calls = (0..200).map(|_| client.call("user.current", json!({})));
    let mut calls = stream::iter(calls).buffered(10);
    let reading = async {
        while let Some(reply) = calls.next().await {
            reply.unwrap();
            client.call("user.current", json!({})).await.unwrap();
        }
    };
    timeout(Duration::from_secs(3600), reading)
        .await
        .expect("it hangs");
    assert_eq!(portal.stats().refusals(), 0);
}

#[test]
fn limits_that_would_be_passed_over_and_a_limit_of_no_time_are_refused() {
    let client = || Client::builder(crate::support::WEBHOOK);
    let shared = client().build().unwrap().limits();
    for (builder, named) in [
        (
            client().limits(shared.clone()).limit(Limit::ENTERPRISE),
            "limit()",
        ),
        (client().limit(None).limits(shared.clone()), "limit()"),
        (
            client()
                .limits(shared.clone())
                .operating_limit(Duration::from_secs(60)),
            "operating_limit()",
        ),
        (client().operating_limit(Duration::ZERO), "zero"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(named), "{error}");
    }
    assert!(client().limits(shared).build().is_ok());
}
