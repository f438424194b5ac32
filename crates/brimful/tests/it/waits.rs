//! Waits are bounded, and each long one is named.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{AppCredentials, Client, Error, ErrorKind, Limit, OAuth, Retry, WaitReason, Waiting};
use brimful_portal::{
    App, Costs, Fault, FaultRule, FaultTiming, LimiterGeneration, OperatingLimit, PortalConfig,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::line::Line;
use crate::log::CapturedLog;
use crate::support::{assert_faults_played, builder, ids, portal, scripted};

/// A reply that says how much operating time is used, and in how many seconds the first part of it expires.
fn used(operating: f64, resets_in: f64) -> (u16, String) {
    let now = 1_700_000_000.0;
    let time = json!({
        "start": now, "finish": now, "operating": operating, "operating_reset_at": now + resets_in,
    });
    (200, json!({"result": [], "time": time}).to_string())
}

async fn call(client: &Client) -> Result<(), Error> {
    client.call("crm.lead.get", json!({"id": 1})).await?;
    Ok(())
}

/// The seconds at which ten calls, one after the other, were answered by a portal that always says the same.
async fn answered_at(operating: f64, resets_in: f64) -> Vec<u64> {
    let client = scripted(move |_, _| Ok(used(operating, resets_in)))
        .build()
        .unwrap();
    let start = Instant::now();
    let mut at = Vec::new();
    for _ in 0..10 {
        call(&client).await.unwrap();
        at.push(start.elapsed().as_secs());
    }
    at
}

#[tokio::test(start_paused = true)]
async fn a_reset_an_hour_ahead_is_not_believed_and_found_out_by_one_call_after_a_minute() {
    let at = answered_at(479.0, 3600.0).await;
    assert!(
        (60..=61).contains(&at[1]),
        "the first call finds out after a minute: {at:?}"
    );
    assert!(
        (180..=182).contains(&at[2]),
        "the next one after two minutes more: {at:?}"
    );
    assert!(
        at[9] <= 602,
        "and ten minutes are all that is waited: {at:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_never_comes_closer_is_waited_for_ten_minutes_in_all() {
    let at = answered_at(479.0, 590.0).await;
    assert!(at[1] >= 590, "a reset that can be is believed: {at:?}");
    assert!(at[9] <= 605, "once: {at:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_in_the_past_or_at_no_time_at_all_is_not_waited_for() {
    for resets_in in [-3600.0, 0.0, 1e300, f64::MAX] {
        let at = answered_at(479.0, resets_in).await;
        assert!(at[9] <= 602, "{resets_in}: {at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_held_back_together_send_one_that_finds_out() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let client = scripted(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(used(479.0, 3600.0))
    })
    .build()
    .unwrap();
    call(&client).await.unwrap();
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(sent.load(Ordering::SeqCst), 2, "one of five");
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_operating_time_ends_at_the_deadline_of_the_retry_policy() {
    let client = scripted(|_, _| Ok(used(479.0, 500.0)))
        .retry(Retry::default().deadline(Duration::from_secs(30)))
        .build()
        .unwrap();
    call(&client).await.unwrap();
    let start = Instant::now();
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OperationTimeLimit, "{error}");
    assert_eq!(start.elapsed().as_secs(), 30);
    let text = error.to_string();
    assert!(
        text.contains("crm.lead.get") && text.contains("30 s"),
        "{text}"
    );
    assert_eq!(error.execution(), brimful::Execution::NotRun);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_operating_time_that_would_outlast_the_deadline_of_the_job_is_not_begun() {
    let client = scripted(|_, _| Ok(used(479.0, 500.0))).build().unwrap();
    call(&client).await.unwrap();
    let start = Instant::now();
    let error = call(&client.with_deadline(Duration::from_secs(45)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert_eq!(start.elapsed().as_secs(), 0);
    let text = error.to_string();
    assert!(
        text.contains("operating time") && text.contains("deadline"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_does_not_wait_for_longer_than_its_deadline_leaves() {
    let refused = json!({"error": "OPERATION_TIME_LIMIT", "error_description": "blocked"});
    let client = scripted(move |_, _| Ok((429, refused.to_string())))
        .build()
        .unwrap();
    let start = Instant::now();
    let error = call(&client.with_deadline(Duration::from_secs(45)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    let waited = start.elapsed().as_secs();
    assert!(waited < 45, "a wait of a minute is not begun: {waited}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_method_stays_refused_ends_at_the_deadline_of_the_retry_policy() {
    let refused = r#"{"result":{"result":[],"result_error":{"i0":{"error":"OPERATION_TIME_LIMIT","error_description":"blocked"}},"result_total":[],"result_next":[],"result_time":[]}}"#;
    let client = scripted(move |_, _| Ok((200, refused.to_owned())))
        .retry(Retry::default().deadline(Duration::from_secs(600)))
        .build()
        .unwrap();
    let start = Instant::now();
    let outcomes = client
        .call_each("crm.lead.get", [json!({"id": 1})])
        .collect()
        .await;
    assert!(outcomes[0].done().is_none());
    assert!(
        start.elapsed() <= Duration::from_secs(720),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_operating_time_is_said_once_with_its_method_and_seconds() {
    let (told, _listening) = CapturedLog::warnings();
    let client = scripted(|_, _| Ok(used(479.0, 58.0))).build().unwrap();
    call(&client).await.unwrap();
    let calls = (0..5).map(|_| call(&client));
    for result in join_all(calls).await {
        result.unwrap();
    }
    let text = told.text();
    let said = "crm.lead.get has used up its operating time: waiting 59 s, then trying again";
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert!(text.contains("brimful::wait"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_a_list_says_what_it_waits_for() {
    let costs = Costs {
        call: Duration::from_secs(1),
        ..Costs::default()
    };
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 20_000)
        .costs(costs)
        .operating_limit(OperatingLimit {
            time: Duration::from_secs(60),
            generation: LimiterGeneration::Expiring,
        });
    let portal = portal(config);
    let list = builder(&portal)
        .limit(None)
        .operating_limit(Duration::from_secs(60))
        .build()
        .unwrap()
        .list("crm.lead.list")
        .select(["ID"]);
    let mut pages = list.pages().unwrap();
    let progress = pages.watch();
    let reading = tokio::spawn(async move {
        while pages.next_page().await.unwrap().is_some() {}
        pages.progress()
    });
    tokio::time::sleep(Duration::from_secs(200)).await;
    let waiting = progress.borrow().waiting.clone().unwrap();
    assert_eq!(waiting.reason(), WaitReason::OperatingTime);
    assert_eq!(waiting.method(), "crm.lead.list");
    assert!(
        waiting.left().unwrap() > Duration::from_secs(60),
        "{waiting:?}"
    );
    assert_eq!(reading.await.unwrap().waiting, None);
}

/// What a list waits for, half a minute after every request began to fail.
async fn waiting_when_all_fails(fault: Fault) -> Waiting {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let mut pages = builder(&portal)
        .limit(None)
        .build()
        .unwrap()
        .list("crm.lead.list")
        .pages()
        .unwrap();
    pages.next_page().await.unwrap();
    portal.faults().add(FaultRule::every(1, fault));
    let progress = pages.watch();
    let reading = tokio::spawn(async move {
        loop {
            if let Err(error) = pages.next_page().await {
                return error;
            }
        }
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    let waiting = progress.borrow().waiting.clone().unwrap();
    reading.abort();
    waiting
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_a_list_says_that_it_retries() {
    let waiting = waiting_when_all_fails(Fault::Status(503, FaultTiming::BeforeWork)).await;
    let WaitReason::Retry(retry) = waiting.reason() else {
        panic!("{waiting:?}");
    };
    assert!((4..14).contains(&retry), "{waiting:?}");
    assert_eq!(
        waiting.to_string(),
        format!(
            "retry {retry} in {} s",
            waiting.left().unwrap().as_secs_f64().ceil()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_a_list_says_that_the_connection_was_lost() {
    let waiting = waiting_when_all_fails(Fault::Reset(FaultTiming::BeforeWork)).await;
    let WaitReason::Reconnect(retry) = waiting.reason() else {
        panic!("{waiting:?}");
    };
    assert_eq!(
        waiting.to_string(),
        format!(
            "connection lost: retry {retry} in {} s",
            waiting.left().unwrap().as_secs_f64().ceil()
        )
    );
}

/// The lines about waits, and the error, of ten calls at once against a portal that always answers so.
async fn said_of(
    status: u16,
    body: &'static str,
    limit: Option<Limit>,
) -> (String, Error, Duration) {
    let (told, _listening) = CapturedLog::warnings();
    let client = scripted(move |n, _| {
        // It has answered once, so that this is the portal's address.
        if n == 0 {
            Ok((200, r#"{"result":[]}"#.to_owned()))
        } else {
            Ok((status, body.to_owned()))
        }
    })
    .limit(limit)
    .build()
    .unwrap();
    call(&client).await.unwrap();
    let start = Instant::now();
    let errors = join_all((0..10).map(|_| call(&client))).await;
    let took = start.elapsed();
    let error = errors.into_iter().next_back().unwrap().unwrap_err();
    (told.text(), error, took)
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_is_down_is_said_to_be_retried_once_per_wait_and_the_error_says_how_long() {
    let (text, error, took) = said_of(503, "<html><title>Down</title>", None).await;
    let lines = text.lines().count();
    assert!((6..=14).contains(&lines), "{lines}: {text}");
    assert!(text.contains("crm.lead.get"), "{text}");
    assert!(text.contains(": retry 6 in "), "{text}");
    assert!(text.contains("503"), "{text}");
    let error = error.to_string();
    assert!(
        error.contains("after 14 attempts within 1 min"),
        "{error} {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_always_refuses_for_its_rate_is_no_silence() {
    let refused = r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#;
    for limit in [None, Some(Limit::STANDARD)] {
        let (text, error, took) = said_of(503, refused, limit).await;
        assert_eq!(error.kind(), ErrorKind::QueryLimit, "{error}");
        assert!(took <= Duration::from_secs(21 * 60), "{took:?}");
        let lines = text.lines().count() as u64;
        assert!(
            (took.as_secs() / 120..=took.as_secs() / 3).contains(&lines),
            "{limit:?}: {lines} lines in {took:?}: {text}"
        );
        assert!(text.contains("QUERY_LIMIT_EXCEEDED"), "{text}");
        let error = error.to_string();
        assert!(error.contains("attempts within"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_stays_refused_for_its_operating_time_is_no_silence() {
    let refused = r#"{"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked"}"#;
    let (text, error, took) = said_of(429, refused, None).await;
    assert_eq!(error.kind(), ErrorKind::OperationTimeLimit, "{error}");
    assert!(took <= Duration::from_secs(20 * 60), "{took:?}");
    let lines = text.matches("has used up its operating time").count();
    assert!((8..=20).contains(&lines), "{lines}: {text}");
    let error = error.to_string();
    assert!(error.contains("attempts within"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_server_that_is_down_is_no_silence() {
    const PORTAL: &str = "https://portal.test";
    let (told, _listening) = CapturedLog::warnings();
    let app = App::new("app.1", "s3cret", "https://app.test/in").signed_in_as(1);
    let portal = portal(PortalConfig::new().address(PORTAL).app(app));
    let tokens = crate::oauth::tokens(&portal).await;
    let store = brimful::MemoryTokenStore::new(tokens);
    let app = AppCredentials::new("app.1", "s3cret").token_server(PORTAL);
    let client = Client::builder(OAuth::load(app, store).await.unwrap())
        .transport(Line::to(PORTAL, &portal))
        .build()
        .unwrap();
    tokio::time::advance(Duration::from_secs(3_700)).await;
    let down = Fault::Status(503, FaultTiming::BeforeWork);
    portal
        .faults()
        .add(FaultRule::every(1, down).on("oauth.token"));
    let errors = join_all((0..10).map(|_| client.call("user.current", json!({})))).await;
    let error = errors.into_iter().next().unwrap().unwrap_err();
    let text = told.text();
    let lines = text.lines().count();
    assert!((5..=14).contains(&lines), "{lines}: {text}");
    assert!(text.contains("the token server answered 503"), "{text}");
    assert!(text.contains(": retry 6 in "), "{text}");
    let error = error.to_string();
    assert!(error.contains("14 attempts within 2 min"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn short_waits_are_not_said() {
    let (told, _listening) = CapturedLog::warnings();
    let portal = portal(PortalConfig::new().rows("crm.lead", 1_000));
    for _ in 0..2 {
        portal
            .faults()
            .push(Fault::Status(502, FaultTiming::BeforeWork));
    }
    let client = builder(&portal).build().unwrap();
    let (rows, _) = ids(client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows.len(), 1_000);
    assert_eq!(told.text(), "");
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_does_not_come_is_said_to_be_asked_for_again() {
    let (told, _listening) = CapturedLog::warnings();
    let asked = Arc::new(Mutex::new(Vec::<Value>::new()));
    let notes = Arc::clone(&asked);
    let client = scripted(move |_, body| {
        notes.lock().unwrap().push(body.clone());
        Ok((503, String::new()))
    })
    .build()
    .unwrap();
    let error = client
        .download("https://portal.test/file")
        .bytes()
        .await
        .unwrap_err();
    let text = told.text();
    assert!(text.contains("download"), "{text}");
    assert!(text.contains(": retry 6 in "), "{text}");
    let error = error.to_string();
    assert!(error.contains("after 14 attempts within"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 14);
}

/// How long a list takes on a portal that names a reset in ten minutes and refuses the method for `seconds`.
async fn list_refused_for(seconds: u64) -> Duration {
    let start = Instant::now();
    let refusing = Arc::new(Mutex::new(None));
    let client = scripted(move |_, body| {
        let mut refused_from = refusing.lock().unwrap();
        let now = 1_700_000_000.0 + start.elapsed().as_secs_f64();
        let time = json!({
            "start": now, "finish": now, "operating": 100.0, "operating_reset_at": now + 600.0,
        });
        let commands = body["cmd"].as_object().unwrap();
        let is_first = commands.contains_key("p1") && refused_from.is_none();
        let since = *refused_from.get_or_insert_with(Instant::now);
        let (mut result, mut error, mut times) = (json!({}), json!({}), json!({}));
        for (label, command) in commands {
            if is_first || since.elapsed() >= Duration::from_secs(seconds) {
                let command = command.as_str().unwrap();
                let above = command.contains("%3EID");
                let is_last = command.contains("DESC");
                let rows = match (above, is_last) {
                    (_, true) => 101..151,
                    (true, false) => 51..101,
                    (false, false) => 1..51,
                };
                let mut rows: Vec<Value> = rows.map(|id| json!({"ID": id.to_string()})).collect();
                if is_last {
                    rows.reverse();
                }
                result[label] = json!(rows);
                times[label] = time.clone();
            } else {
                error[label] = json!({"error": "OPERATION_TIME_LIMIT", "error_description": "x"});
            }
        }
        let parts = json!({"result": result, "result_error": error, "result_time": times});
        Ok((200, json!({"result": parts, "time": time}).to_string()))
    })
    .build()
    .unwrap();
    let (rows, _) = ids(client.list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, (1..=150).collect::<Vec<_>>());
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_method_that_is_refused_until_a_reset_far_ahead_is_tried_in_between() {
    for (seconds, tried_at) in [(5, 60), (100, 180), (200, 420), (500, 600)] {
        let took = list_refused_for(seconds).await.as_secs();
        assert!(
            (tried_at..=tried_at + 3).contains(&took),
            "refused for {seconds} s: {took} s"
        );
    }
}
