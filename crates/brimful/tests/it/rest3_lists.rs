//! Lists of REST 3.0 in batches: few requests of many pages, exact whatever becomes of a batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brimful::{
    Client, ErrorKind, List, ListReport, Proof, Request, Response, Transport, TransportError,
    TransportErrorKind,
};
use brimful_portal::{
    Churn, ChurnAction, Costs, Fault, FaultRule, FaultTiming, Portal, PortalConfig,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{InProcess, WEBHOOK, builder, client, ids, portal, unlimited};

/// The emulator behind something that may answer in its place: it sees each request with the answer.
struct Altered<F> {
    portal: InProcess,
    alter: F,
}

impl<F> std::fmt::Debug for Altered<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Altered")
    }
}

impl<F> Transport for Altered<F>
where
    F: Fn(&Value, Response) -> Result<Response, TransportErrorKind> + Send + Sync + 'static,
{
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let asked = serde_json::from_slice(&request.body).unwrap_or_default();
            let response = self.portal.send(request).await?;
            (self.alter)(&asked, response).map_err(|kind| TransportError { kind, source: None })
        }
        .boxed()
    }
}

fn altered(
    portal: &Portal,
    alter: impl Fn(&Value, Response) -> Result<Response, TransportErrorKind> + Send + Sync + 'static,
) -> Client {
    Client::builder(WEBHOOK)
        .transport(Altered {
            portal: InProcess(portal.clone()),
            alter,
        })
        .seed(1)
        .build()
        .unwrap()
}

fn tasks(client: &Client) -> List {
    client.rest3().list("tasks.task.list").select(["title"])
}

/// The lists that a body asks for: one where it is not a batch.
fn lists(body: &Value) -> usize {
    body.as_array().map_or(1, Vec::len)
}

async fn all_tasks(client: &Client, count: usize) -> ListReport {
    let (rows, report) = ids(tasks(client)).await.unwrap();
    assert_eq!(rows.len(), count);
    assert!(rows.is_sorted_by(|a, b| a < b), "each once, in order");
    report
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_tasks_of_rest_3_take_at_most_twenty_requests() {
    for (gaps, page, most_seconds) in [
        (0.0, 20, 5.0),
        (0.1, 20, 5.0),
        (0.5, 20, 5.0),
        (0.95, 20, 5.0),
        // Slow pages are read several requests at a time: one after the other they would take 71 s and 104 s.
        (0.0, 700, 36.0),
        (0.5, 700, 50.0),
    ] {
        let costs = Costs {
            call: Duration::from_millis(page),
            ..Costs::default()
        };
        let config = PortalConfig::new()
            .sparse_rows("tasks.task", 100_000, gaps)
            .operating_limit(None)
            .costs(costs)
            .latency(Duration::from_millis(100));
        let portal = portal(config);
        let largest = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&largest);
        let client = altered(&portal, move |_, response| {
            seen.fetch_max(response.body.len(), Ordering::Relaxed);
            Ok(response)
        });
        let started = Instant::now();
        let report = all_tasks(&client, 100_000).await;
        let (requests, took) = (report.requests, started.elapsed().as_secs_f64());
        let largest = largest.load(Ordering::Relaxed);
        let what = format!(
            "{gaps} of the IDs missing, {page} ms a page: {requests} requests, {} pages, {took:.1} s, {largest} bytes",
            report.commands
        );
        assert!(requests <= 20, "{what}");
        assert!(took <= most_seconds, "{what}");
        assert!(matches!(report.proof, Proof::UpTo(_)), "{what}");
        assert_eq!(
            (portal.stats().refusals(), report.retries),
            (0, 0),
            "{what}"
        );
        assert!(largest <= 9 << 20, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_lists_of_rest_3_holds_no_more_pages_than_a_minute_has_room_for() {
    let costs = Costs {
        call: Duration::from_secs(4),
        ..Costs::default()
    };
    let config = PortalConfig::new()
        .rows("tasks.task", 30_000)
        .operating_limit(None)
        .costs(costs)
        .wall(Duration::from_secs(60));
    let portal = portal(config);
    let report = all_tasks(&client(&portal), 30_000).await;
    assert_eq!(report.retries, 0, "none is cut after a minute");
}

#[tokio::test(start_paused = true)]
async fn wide_rows_of_rest_3_make_small_batches() {
    let portal = portal(
        PortalConfig::new()
            .rows("tasks.task", 12_000)
            .operating_limit(None),
    );
    let largest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&largest);
    let wide = "x".repeat(4_000);
    let client = altered(&portal, move |_, response| {
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        let widen = |result: &mut Value| {
            for row in result["items"].as_array_mut().into_iter().flatten() {
                row["title"] = json!(wide);
            }
        };
        match &mut body["result"] {
            Value::Array(results) => results.iter_mut().for_each(widen),
            result => widen(result),
        }
        let body = body.to_string();
        seen.fetch_max(body.len(), Ordering::Relaxed);
        Ok(Response {
            body: body.into(),
            ..response
        })
    });
    all_tasks(&client, 12_000).await;
    let largest = largest.load(Ordering::Relaxed);
    assert!(largest <= 9 << 20, "{largest} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_refuses_batches_of_rest_3_is_asked_for_each_page_by_itself() {
    for (status, code) in [
        (404, "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION"),
        (403, "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION"),
        (400, "BITRIX_REST_V3_EXCEPTION_INVALIDSELECTEXCEPTION"),
    ] {
        let portal = portal(PortalConfig::unlimited().rows("tasks.task", 20_000));
        let client = altered(&portal, move |asked, response| {
            if asked.is_array() {
                let body = json!({"error": {"code": code, "message": "no"}}).to_string();
                let status = StatusCode::from_u16(status).unwrap();
                Ok(Response {
                    status,
                    body: body.into(),
                    ..response
                })
            } else {
                Ok(response)
            }
        });
        let report = all_tasks(&client, 20_000).await;
        assert_eq!(report.proof, Proof::UpTo(20_000));
        assert!(report.requests <= 24, "{code}: {}", report.requests);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_method_is_that_of_the_list_and_not_of_the_batch() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 5_000));
    let list = tasks(&unlimited(&portal)).filter(json!([["title", "=", "x"]]));
    let error = ids(list).await.unwrap_err();
    assert_eq!(error.method(), Some("tasks.task.list"), "{error}");
    assert!(error.api_error().is_some(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_portal_without_rest_3_is_asked_once() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 100));
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let client = altered(&portal, move |_, response| {
        counted.fetch_add(1, Ordering::Relaxed);
        let body = json!({"error": "INVALID_CREDENTIALS", "error_description": "Invalid request credentials"});
        let status = StatusCode::UNAUTHORIZED;
        Ok(Response {
            status,
            body: body.to_string().into(),
            ..response
        })
    });
    let error = ids(tasks(&client)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_cut_beyond_a_size_make_smaller_batches_and_no_row_comes_twice() {
    for by_portal in [false, true] {
        let portal = portal(
            PortalConfig::new()
                .rows("tasks.task", 60_000)
                .operating_limit(None),
        );
        let most = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&most);
        let client = altered(&portal, move |asked, response| {
            if response.body.len() <= 400_000 {
                seen.fetch_max(lists(asked), Ordering::Relaxed);
                Ok(response)
            } else if by_portal {
                Ok(Response {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    body: "".into(),
                    ..response
                })
            } else {
                let body = response.body.slice(..400_000);
                Ok(Response { body, ..response })
            }
        });
        let report = all_tasks(&client, 60_000).await;
        assert!(most.load(Ordering::Relaxed) > 1, "batches anyway");
        assert!(report.requests <= 30, "{} requests", report.requests);
    }
}

#[tokio::test(start_paused = true)]
async fn batches_that_a_portal_failed_over_while_it_was_down_become_large_again() {
    const DOWN_FOR: usize = 14;
    let portal = portal(
        PortalConfig::new()
            .rows("tasks.task", 200_000)
            .operating_limit(None),
    );
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let client = altered(&portal, move |_, response| {
        if (2..2 + DOWN_FOR).contains(&counted.fetch_add(1, Ordering::Relaxed)) {
            let status = StatusCode::BAD_GATEWAY;
            let body = "<html>502 Bad Gateway</html>".into();
            Ok(Response {
                status,
                body,
                ..response
            })
        } else {
            Ok(response)
        }
    });
    let report = all_tasks(&client, 200_000).await;
    let requests = report.requests as usize - DOWN_FOR;
    // One page at a time they would be 200.
    assert!(requests <= 80, "{requests} requests");
}

#[tokio::test(start_paused = true)]
async fn faults_between_batches_of_rest_3_lose_and_double_no_row() {
    // How often each fault was played.
    let mut played: HashMap<String, usize> = HashMap::new();
    for seed in 0..10 {
        let config = PortalConfig::new()
            .seed(seed)
            .sparse_rows("tasks.task", 40_000, 0.3)
            .latency(Duration::from_millis(80));
        let portal = portal(config);
        let faults = [
            (Fault::Reset(FaultTiming::AfterWork), 0.2),
            (Fault::HalfBody, 0.2),
            (Fault::Status(502, FaultTiming::BeforeWork), 0.2),
            (Fault::EmptyPage, 0.02),
            (Fault::ShortPage, 0.02),
        ];
        for (nth, (fault, chance)) in (0..).zip(faults) {
            let rule = FaultRule::chance(chance, 10 * nth + seed, fault);
            played.entry(rule.to_string()).or_default();
            portal.faults().add(rule);
        }
        let client = builder(&portal).build().unwrap();
        all_tasks(&client, 40_000).await;
        let unplayed = portal.faults().unplayed();
        for (rule, times) in &mut played {
            *times += usize::from(!unplayed.contains(rule));
        }
    }
    assert_eq!(played.len(), 5);
    assert!(played.values().all(|times| *times > 0), "{played:?}");
}

#[tokio::test(start_paused = true)]
async fn rows_that_come_and_go_between_batches_of_rest_3_hide_no_other() {
    for seed in 0..5 {
        let churn = Churn::new()
            .seed(seed)
            .with("tasks.task", ChurnAction::Insert, 20.0)
            .with("tasks.task", ChurnAction::Delete, 20.0);
        let config = PortalConfig::new()
            .sparse_rows("tasks.task", 40_000, 0.3)
            .latency(Duration::from_millis(300))
            .churn(churn);
        let portal = portal(config);
        let before = ids(tasks(&unlimited(&portal))).await.unwrap().0;
        let (rows, report) = ids(tasks(&client(&portal))).await.unwrap();
        let after: HashSet<u64> = ids(tasks(&unlimited(&portal)))
            .await
            .unwrap()
            .0
            .into_iter()
            .collect();
        assert!(rows.is_sorted_by(|a, b| a < b), "each once, in order");
        let came: HashSet<u64> = rows.into_iter().collect();
        let lasting = before.iter().filter(|id| after.contains(id));
        let missing: Vec<_> = lasting.filter(|id| !came.contains(id)).collect();
        assert_eq!(missing, Vec::<&u64>::new());
        assert!(report.requests <= 12, "{} requests", report.requests);
    }
}
