//! Lists that begin together: what each brings is what it would bring by itself, in fewer requests.

use std::time::Duration;

use brimful::{BegunList, Client, Error, ErrorKind, List, ListReport, Proof};
use brimful_portal::{Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{assert_faults_played, ids, ids_page_by_page, portal, scripted, unlimited};

const METHODS: [&str; 5] = [
    "crm.lead.list",
    "crm.deal.list",
    "crm.contact.list",
    "crm.company.list",
    "crm.quote.list",
];

/// Lists of what has changed since a time that has not come yet.
fn unchanged(client: &Client) -> Vec<List> {
    let since = json!({">DATE_MODIFY": "2090-01-01T00:00:00+03:00"});
    let lists = METHODS.map(|method| client.list(method).filter(since.clone()));
    lists.into()
}

/// The IDs of a list that has begun.
async fn rest(list: Result<BegunList, Error>) -> Result<(Vec<u64>, ListReport), Error> {
    let mut pages = list?.pages()?;
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        found.extend(page.ids().flatten());
    }
    Ok((found, pages.report().unwrap().clone()))
}

fn some_rows() -> PortalConfig {
    PortalConfig::unlimited()
        .rows("crm.lead", 120)
        .rows("crm.deal", 7_000)
        .rows("crm.contact", 1)
        .rows("crm.company", 49)
        .rows("crm.quote", 50)
}

#[tokio::test(start_paused = true)]
async fn lists_without_rows_take_two_requests_together() {
    let portal = portal(some_rows());
    let client = unlimited(&portal);
    let mut requests = 0;
    for list in client.begin_lists(unchanged(&client)).await {
        let (rows, report) = rest(list).await.unwrap();
        assert_eq!((rows.len(), report.proof), (0, Proof::UpTo(0)));
        requests += report.requests;
    }
    assert_eq!((requests, client.stats().requests), (2, 2));
    assert_eq!(portal.stats().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn lists_of_any_length_have_all_their_rows_and_their_proof() {
    let portal = portal(some_rows());
    let client = unlimited(&portal);
    let lists = METHODS.map(|method| client.list(method).select(["ID"]));
    let begun = client.begin_lists(lists).await;
    for (method, list) in METHODS.into_iter().zip(begun) {
        let (rows, report) = rest(list).await.unwrap();
        assert_eq!(rows, ids_page_by_page(&portal, method).await, "{method}");
        let alone = ids(client.list(method).select(["ID"])).await.unwrap().1;
        assert_eq!(report.proof, alone.proof, "{method}");
        assert_eq!(report.strategy, alone.strategy, "{method}");
        assert!(report.requests <= alone.requests, "{method}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_lies_once_is_not_believed_of_a_list_that_began_with_others() {
    for fault in [Fault::EmptyPage, Fault::ShortPage] {
        // Page after page, up to the last one.
        for n in 0.. {
            let portal = portal(some_rows().rows("crm.deal", 130));
            let client = unlimited(&portal);
            let mut expected = Vec::new();
            for method in METHODS {
                expected.push(ids_page_by_page(&portal, method).await);
            }
            portal
                .faults()
                .add(FaultRule::every(1, fault.clone()).after(n).times(1));
            let lists = METHODS.map(|method| client.list(method).select(["ID"]));
            let begun = client.begin_lists(lists).await;
            for ((method, list), expected) in METHODS.into_iter().zip(begun).zip(expected) {
                let (rows, _) = rest(list).await.unwrap();
                assert_eq!(rows, expected, "{method}, {fault:?} {n}");
            }
            if !portal.faults().unplayed().is_empty() {
                assert!(n >= 12, "the lists have {n} pages for {fault:?}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_a_list_leaves_the_lists_that_began_with_it_alone() {
    let portal = portal(some_rows());
    let client = unlimited(&portal);
    let mut lists = unchanged(&client);
    lists.insert(2, client.list("crm.item.list").param("entityTypeId", 999));
    lists.insert(0, client.list("crm.lead.list").param("start", 50));
    let results: Vec<_> = client.begin_lists(lists).await;
    for (place, list) in results.into_iter().enumerate() {
        let result = rest(list).await;
        match place {
            0 => assert_eq!(result.unwrap_err().kind(), ErrorKind::Config),
            3 => assert!(result.unwrap_err().api_error().is_some()),
            _ => assert_eq!(result.unwrap().0, [0_u64; 0], "{place}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lists_begin_each_by_itself_where_their_request_comes_to_nothing() {
    let portal = portal(some_rows());
    let client = unlimited(&portal);
    // Cut for its length: it is not sent again as it is.
    let long = Fault::Delay(Duration::from_secs(59));
    portal.faults().add(FaultRule::every(1, long).times(1));
    let cut = Fault::Status(504, FaultTiming::AfterWork);
    portal.faults().add(FaultRule::every(1, cut).times(1));
    let lists = METHODS.map(|method| client.list(method).select(["ID"]));
    let begun = client.begin_lists(lists).await;
    for (method, list) in METHODS.into_iter().zip(begun) {
        let (rows, _) = rest(list).await.unwrap();
        assert_eq!(rows, ids_page_by_page(&portal, method).await, "{method}");
    }
    assert_faults_played(&portal);
}

/// A client of a portal whose lists are empty; `odd` says what else comes of a method in the request with this number: a
/// result, or an error with this code.
fn empty_but(
    odd: impl Fn(usize, &str) -> Option<Result<Value, &'static str>> + Send + Sync + 'static,
) -> Client {
    let answer = move |n: usize, body: &Value| {
        let (mut results, mut errors, mut totals) = (json!({}), json!({}), json!({}));
        for (label, command) in body["cmd"].as_object().unwrap() {
            let method = command.as_str().unwrap().split('?').next().unwrap();
            match odd(n, method) {
                None => {
                    results[label] = json!([]);
                    totals[label] = json!(0);
                }
                Some(Ok(result)) => results[label] = result,
                Some(Err(code)) => errors[label] = json!({"error": code, "error_description": ""}),
            }
        }
        let result = json!({
            "result": results, "result_error": errors, "result_total": totals, "result_next": {}, "result_time": {},
        });
        Ok((200, json!({ "result": result }).to_string()))
    };
    scripted(answer).limit(None).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_method_has_no_operating_time_holds_no_other_up() {
    let refused = |n, method: &str| {
        (n == 0 && method == "crm.deal.list").then_some(Err("OPERATION_TIME_LIMIT"))
    };
    let client = empty_but(refused);
    let started = Instant::now();
    let begun = client.begin_lists(unchanged(&client)).await;
    // From now on the client knows that the method is refused.
    let again = client.begin_lists(unchanged(&client)).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{started:?}");
    for (method, list) in METHODS
        .into_iter()
        .cycle()
        .zip(begun.into_iter().chain(again))
    {
        let began = Instant::now();
        let (rows, report) = rest(list).await.unwrap();
        assert_eq!((rows.len(), report.proof), (0, Proof::UpTo(0)));
        let waited = began.elapsed() >= Duration::from_secs(1);
        assert!(!waited || method == "crm.deal.list", "{method}");
    }
    assert!(started.elapsed() >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_list_of_another_portal_begins_there() {
    let (here, there) = (portal(some_rows()), portal(some_rows().rows("crm.lead", 3)));
    let (client, other) = (unlimited(&here), unlimited(&there));
    let lists = [
        client.list("crm.contact.list"),
        other.list("crm.lead.list"),
        client.list("crm.company.list"),
    ];
    let mut rows = Vec::new();
    for list in client.begin_lists(lists).await {
        rows.push(rest(list).await.unwrap().0.len());
    }
    assert_eq!(rows, [1, 3, 49]);
}

#[tokio::test(start_paused = true)]
async fn fifty_commands_at_most_share_a_request() {
    let portal = portal(some_rows());
    let client = unlimited(&portal);
    let lists: Vec<List> = (0..4).flat_map(|_| unchanged(&client)).collect();
    assert_eq!(lists.len(), 20);
    for list in client.begin_lists(lists).await {
        assert_eq!(rest(list).await.unwrap().0, [0_u64; 0]);
    }
    // Sixteen lists with three commands each and four; then two commands of each.
    assert_eq!(client.stats().requests, 3);
}

#[tokio::test(start_paused = true)]
async fn results_that_are_not_a_list_fail_their_own_list_alone() {
    let client = empty_but(|_, method| (method == "crm.deal.list").then(|| Ok(json!("none"))));
    let begun = client.begin_lists(unchanged(&client)).await;
    for (method, list) in METHODS.into_iter().zip(begun) {
        let result = rest(list).await;
        assert_eq!(
            result.is_err(),
            method == "crm.deal.list",
            "{method}: {result:?}"
        );
    }
}
