//! Portals that answer anything but what they should: scripted, since the emulator is too well-behaved for this.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{
    Client, ErrorKind, Request, Response, Transport, TransportError, TransportErrorKind, Walk,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};

use crate::support::{WEBHOOK, ids};

/// Answers with what it was given, the last answer for ever.
#[derive(Debug, Clone)]
struct Scripted(Arc<Mutex<VecDeque<(u16, String)>>>);

impl Scripted {
    fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        Self(Arc::new(Mutex::new(
            answers
                .into_iter()
                .map(|(status, body)| (status, body.to_owned()))
                .collect(),
        )))
    }

    fn client(self) -> Client {
        Client::builder(WEBHOOK)
            .transport(self)
            .seed(1)
            .build()
            .unwrap()
    }
}

impl Transport for Scripted {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let mut answers = self.0.lock().unwrap();
        let (status, body) = if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers.front().unwrap().clone()
        };
        async move {
            Ok(Response {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: body.into(),
            })
        }
        .boxed()
    }
}

fn page(ids: impl IntoIterator<Item = u64>) -> String {
    let rows: Vec<String> = ids
        .into_iter()
        .map(|id| format!(r#"{{"ID":"{id}"}}"#))
        .collect();
    format!("[{}]", rows.join(","))
}

fn batch(pages: &[String]) -> String {
    let pages: Vec<String> = pages
        .iter()
        .enumerate()
        .map(|(i, page)| format!(r#""p{i}":{page}"#))
        .collect();
    format!(
        r#"{{"result":{{"result":{{{}}},"result_error":[]}}}}"#,
        pages.join(",")
    )
}

async fn list_error(portal: Scripted) -> brimful::Error {
    ids(portal.client().list("crm.lead.list"))
        .await
        .unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_answers_html_is_named_with_what_it_sent() {
    let error = list_error(Scripted::new([(200, "<html><title>Log in</title>")])).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        error.to_string(),
        "crm.lead.list at https://portal.test/rest/1/…/: the portal sent an HTML page instead of JSON: Log in (after 3 attempts)"
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_or_truncated_body_is_named() {
    let error = list_error(Scripted::new([(200, "")])).await;
    assert!(
        error.to_string().contains("the portal sent an empty body"),
        "{error}"
    );
    let error = list_error(Scripted::new([(
        200,
        r#"{"result":{"result":{"p0":[{"ID":"1"#,
    )]))
    .await;
    assert!(
        error.to_string().contains("JSON that breaks off"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_with_status_200_is_an_error() {
    let error = list_error(Scripted::new([(
        200,
        r#"{"error":"ACCESS_DENIED","error_description":"no"}"#,
    )]))
    .await;
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}

/// The ends of a list of a thousand rows, and then its first page for ever.
fn serves_page_1_again() -> Scripted {
    let full = page(1..=50);
    let ends = batch(&[full.clone(), page((951..=1000).rev())]);
    let again = batch(&vec![full; 50]);
    Scripted::new([(200, &ends), (200, &again)])
}

#[tokio::test(start_paused = true)]
async fn a_list_that_serves_the_same_page_again_is_an_error_before_the_first_row() {
    let list = serves_page_1_again()
        .client()
        .list("crm.lead.list")
        .walk(Walk::Lanes);
    let error = ids(list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(
        error.to_string().contains("after ID 50 came ID 1"),
        "{error}"
    );
    assert_eq!(error.report().unwrap().rows, 0);
}

#[tokio::test(start_paused = true)]
async fn nor_is_it_a_list_by_pages_where_the_second_one_is_the_first() {
    let error = list_error(serves_page_1_again()).await;
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(
        error.to_string().contains("comes the first page again"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn rows_without_an_id_cannot_be_walked_by_id() {
    let rows = format!("[{}]", vec![r#"{"NAME":"x"}"#; 50].join(","));
    let portal = Scripted::new([(200, &batch(&[rows.clone(), rows]))]);
    let list = portal.client().list("crm.lead.list").walk(Walk::Lanes);
    let error = ids(list).await.unwrap_err();
    assert!(error.to_string().contains("a row has no ID"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_moved_portal_is_named() {
    let error = list_error(Scripted::new([(302, "")])).await;
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(error.to_string().contains("302"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_method_that_stays_blocked_is_an_error_in_the_end_and_not_a_hang() {
    let blocked = r#"{"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked due to operation time limit."}"#;
    let answer =
        format!(r#"{{"result":{{"result":[],"result_error":{{"p0":{blocked},"p1":{blocked}}}}}}}"#);
    let list = list_error(Scripted::new([(200, &answer)]));
    let error = tokio::time::timeout(Duration::from_secs(3 * 3600), list)
        .await
        .expect("the list waits for ever");
    assert_eq!(error.kind(), ErrorKind::OperationTimeLimit);
    assert_eq!(error.execution(), brimful::Execution::NotRun);
    assert!(
        error.to_string().starts_with("crm.lead.list at "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_reading_takes_rows_away_is_not_asked_for_again() {
    let portal = Scripted::new([(502, "<html>")]).client();
    let error = ids(portal.list("event.offline.get")).await.unwrap_err();
    assert!(!error.to_string().contains("attempts"), "{error}");
}

/// Every answer is longer than the client takes.
#[derive(Debug)]
struct TooLarge(Arc<Mutex<u32>>);

impl Transport for TooLarge {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        *self.0.lock().unwrap() += 1;
        async {
            Err(TransportError {
                kind: TransportErrorKind::TooLarge,
                source: None,
            })
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_not_fetched_again() {
    let sent = Arc::new(Mutex::new(0));
    let client = Client::builder(WEBHOOK)
        .transport(TooLarge(Arc::clone(&sent)))
        .build()
        .unwrap();
    let error = client
        .call("crm.lead.list", serde_json::json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(*sent.lock().unwrap(), 1, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_timed_out_on_its_way_in_is_sent_again_if_it_reads() {
    let portal = Scripted::new([
        (408, "<html><title>Request Time-out</title>"),
        (200, r#"{"result":[]}"#),
    ]);
    let reply = portal
        .client()
        .call("crm.lead.list", serde_json::json!({}))
        .await;
    assert!(reply.is_ok(), "{reply:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_proxy_does_not_say_that_a_write_ran() {
    for status in [403, 404, 408, 413] {
        let portal = Scripted::new([(status, "<html><title>Forbidden</title>")]);
        let error = portal
            .client()
            .call("crm.lead.add", serde_json::json!({}))
            .await
            .unwrap_err();
        assert_eq!(error.execution(), brimful::Execution::Unknown, "{error}");
        assert!(!error.to_string().contains("attempts"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_of_a_proxy_is_tried_again_soon_and_not_after_the_operating_time() {
    let started = tokio::time::Instant::now();
    let portal = Scripted::new([
        (429, "<html><title>Too many</title>"),
        (200, r#"{"result":[]}"#),
    ]);
    let reply = portal
        .client()
        .call("crm.lead.list", serde_json::json!({}))
        .await;
    assert!(reply.is_ok(), "{reply:?}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

/// Has rows of half a megabyte, and notes how many commands each request has.
#[derive(Debug)]
struct FatRows(Arc<Mutex<Vec<usize>>>);

impl Transport for FatRows {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let mut sizes = self.0.lock().unwrap();
        sizes.push(body["cmd"].as_object().unwrap().len());
        let answer = if sizes.len() == 1 {
            let text = "x".repeat(500_000);
            let rows = |ids: Vec<u64>| {
                let rows: Vec<String> = ids
                    .into_iter()
                    .map(|id| format!(r#"{{"ID":"{id}","COMMENTS":"{text}"}}"#))
                    .collect();
                format!("[{}]", rows.join(","))
            };
            batch(&[rows((1..=50).collect()), rows((951..=1000).rev().collect())])
        } else {
            r#"{"error":"ACCESS_DENIED","error_description":"seen enough"}"#.to_owned()
        };
        async move {
            Ok(Response {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: answer.into(),
            })
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn fat_rows_are_asked_for_in_smaller_batches() {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let client = Client::builder(WEBHOOK)
        .transport(FatRows(Arc::clone(&sizes)))
        .build()
        .unwrap();
    ids(client.list("crm.lead.list")).await.unwrap_err();
    // After two pages and a count, two pages of 25 MB are as much as a reply may have.
    assert_eq!(*sizes.lock().unwrap(), [3, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_came_whole_and_is_not_json_is_asked_for_three_times_in_all() {
    let broken = r#"{"result":{"ID":"1","TITLE":"a "word""}}"#;
    let client = Scripted::new([(200, r#"{"result":{"ID":"1"}}"#), (200, broken)]).client();
    let lead = || client.call("crm.lead.get", serde_json::json!({"id": 1}));
    lead().await.unwrap();
    let before = client.stats().requests;
    let error = lead().await.unwrap_err();
    assert!(
        error.to_string().contains("a body that is not JSON"),
        "{error}"
    );
    assert_eq!(client.stats().requests - before, 3);
}
