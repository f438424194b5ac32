//! Whole lists by batches of pages.

use std::collections::HashSet;

use brimful::ErrorKind;
use brimful_portal::{Fault, FaultRule, FaultTiming};
use brimful_r7::{Client, Filter, Item, List};
use brimful_r7_portal::R7Config;
use serde_json::{Value, json};

use super::{builder, client, office, portal_of};

async fn ids(list: List) -> (Vec<String>, brimful_r7::ListReport) {
    let mut pages = list.pages().unwrap();
    let mut ids = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        ids.extend(page.iter().map(|row| {
            let row: Value = row.parse().unwrap();
            row["id"].to_string()
        }));
    }
    (ids, pages.report().clone())
}

fn distinct(ids: &[String]) -> usize {
    ids.iter().collect::<HashSet<_>>().len()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_people_come_in_four_requests() {
    let portal = office(10_000);
    let client = client(&portal);
    let (ids, report) = ids(client.list("people/filter").fields(["displayName"])).await;
    assert_eq!((ids.len(), distinct(&ids)), (10_000, 10_000));
    assert_eq!((report.rows, report.total), (10_000, Some(10_000)));
    assert_eq!(portal.stats().requests, 4);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_page_is_one_request() {
    for rows in [0, 1, 999, 1000] {
        let portal = portal_of(R7Config::unlimited().rows("contact", rows));
        let (ids, _) = ids(client(&portal).list("crm/contact/filter")).await;
        assert_eq!((ids.len() as u64, portal.stats().requests), (rows, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn every_list_comes_whole_whatever_the_size_of_its_pages() {
    let portal = portal_of(R7Config::unlimited().people(700).rows("task", 333));
    let client = client(&portal);
    for (path, rows) in [("people/filter", 700), ("project/task/filter", 333)] {
        for size in [1000, 100, 99, 7] {
            let (ids, _) = ids(client.list(path).page_size(size)).await;
            assert_eq!(
                (ids.len(), distinct(&ids)),
                (rows, rows),
                "{path} by {size}"
            );
        }
    }
    let active = ids(client.list("people").page_size(100)).await.0.len();
    let gone = ids(client.list("people/status/terminated")).await.0.len();
    assert_eq!(active + gone, 700);
    assert!(gone > 0);
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_gives_smaller_pages_than_asked_for_is_followed() {
    let portal = portal_of(R7Config::unlimited().people(260).largest_page(25));
    let (ids, _) = ids(client(&portal).list("people/filter")).await;
    assert_eq!((ids.len(), distinct(&ids)), (260, 260));
}

#[tokio::test(start_paused = true)]
async fn a_list_is_filtered_sorted_and_cut_to_its_fields() {
    let portal = office(400);
    let client = client(&portal);
    let rows: Vec<Value> = client
        .list("people/filter")
        .filter(Filter::starts_with("firstName", "Анна").or("Ольга"))
        .sort_by(["lastName", "firstName"])
        .descending()
        .fields(["firstName", "lastName"])
        .page_size(10)
        .pages()
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert!(!rows.is_empty());
    let names: Vec<(String, String)> = rows
        .iter()
        .map(|row| {
            let name = |key: &str| row[key].as_str().unwrap().to_lowercase();
            (name("lastName"), name("firstName"))
        })
        .collect();
    assert!(names.is_sorted_by(|a, b| a >= b), "{names:?}");
    assert!(
        names
            .iter()
            .all(|(_, first)| first == "анна" || first == "ольга")
    );
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "firstName", "lastName"]);
    let found: Vec<Value> = client
        .list("people/filter")
        .filter(Filter::search("ким"))
        .pages()
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert!(
        found
            .iter()
            .all(|row| row["displayName"].as_str().unwrap().contains("Ким"))
    );
}

#[tokio::test(start_paused = true)]
async fn parameters_that_the_portal_would_misread_are_refused_before_anything_is_sent() {
    let portal = office(1);
    let client = client(&portal);
    for list in [
        client.list("people").filter(Filter::equals("title", "a,b")),
        client.list("people").filter(Filter::search("a").or("b")),
        client.list("people").param("COUNT", 5),
        client.list("people").param("x", json!([1])),
    ] {
        assert_eq!(list.pages().unwrap_err().kind(), ErrorKind::Config);
    }
    assert_eq!(portal.stats().requests, 0);
}

async fn delete(client: &Client, id: &str) {
    client
        .send(Item::delete("crm/contact/{id}").path("id", id))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn rows_deleted_during_the_walk_do_not_hide_other_rows() {
    let portal = portal_of(R7Config::unlimited().rows("contact", 300));
    let client = client(&portal);
    let list = client
        .list("crm/contact/filter")
        .sort_by(["id"])
        .page_size(20)
        .pages_per_request(2);
    let mut pages = list.pages().unwrap();
    let mut came = HashSet::new();
    let mut gone = 1;
    while let Some(page) = pages.next_page().await.unwrap() {
        for row in page.iter() {
            assert!(came.insert(row.id.unwrap()), "twice: {row:?}");
        }
        if gone < 30 {
            delete(&client, &gone.to_string()).await;
            gone += 1;
        }
    }
    assert!(
        (30..=300).all(|id| came.contains(&id)),
        "one that was there throughout is missing"
    );
    assert!(pages.report().steps_back > 0);
}

#[tokio::test(start_paused = true)]
async fn rows_inserted_during_the_walk_do_not_repeat_other_rows() {
    let portal = portal_of(R7Config::unlimited().rows("contact", 200));
    let client = client(&portal);
    // The newest first: every new row pushes the others on.
    let mut pages = client
        .list("crm/contact/filter")
        .page_size(20)
        .pages_per_request(2)
        .pages()
        .unwrap();
    let mut came = HashSet::new();
    let mut new = 0;
    while let Some(page) = pages.next_page().await.unwrap() {
        for row in page.iter() {
            assert!(came.insert(row.id.unwrap()), "twice: {row:?}");
        }
        if new < 10 {
            let company = Item::post("crm/contact/company").form(json!({"companyName": "Contoso"}));
            client.send(company).await.unwrap();
            new += 1;
        }
    }
    assert!((1..=200).all(|id| came.contains(&id)));
    assert!(pages.report().repeated > 0);
}

#[tokio::test(start_paused = true)]
async fn faults_of_all_kinds_cost_requests_and_no_rows() {
    let portal = office(3_000);
    for (seed, fault) in (1..).zip([
        Fault::QueryLimit,
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Reset(FaultTiming::BeforeWork),
        Fault::Truncated,
        Fault::HalfBody,
        Fault::Html(FaultTiming::BeforeWork),
    ]) {
        portal.faults().add(FaultRule::chance(0.08, seed, fault));
    }
    let list = client(&portal)
        .list("people/filter")
        .page_size(100)
        .concurrent_requests(4);
    let (ids, _) = ids(list).await;
    assert_eq!((ids.len(), distinct(&ids)), (3_000, 3_000));
    assert!(portal.stats().faults > 0);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_an_error_and_not_a_short_list() {
    let portal = office(3_000);
    let client = builder(&portal).build().unwrap();
    let mut pages = client.list("people/filter").page_size(100).pages().unwrap();
    assert!(pages.next_page().await.unwrap().is_some());
    portal
        .faults()
        .add(FaultRule::every(1, Fault::ExpiredToken));
    let error = loop {
        match pages.next_page().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the list ended without an error"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(
        pages.next_page().await.unwrap().is_none(),
        "after an error there is no more"
    );
}

#[tokio::test(start_paused = true)]
async fn rows_deleted_from_a_list_that_no_longer_says_its_length_do_not_hide_other_rows() {
    // Lists of people say how many there are only while there are more than a page.
    let portal = portal_of(R7Config::unlimited().people(60));
    let client = client(&portal);
    let (all, _) = ids(client.list("people")).await;
    assert!(all.len() > 50, "more than a page");
    let list = client.list("people").page_size(50);
    let mut pages = list.pages().unwrap();
    let mut came = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        let is_first = came.is_empty();
        came.extend(page.iter().map(|row| {
            let row: Value = row.parse().unwrap();
            row["id"].as_str().unwrap().to_owned()
        }));
        if is_first {
            for id in &came[1..16] {
                client
                    .send(Item::delete("people/{id}").path("id", id.as_str()))
                    .await
                    .unwrap();
            }
        }
    }
    assert_eq!(distinct(&came), came.len(), "none came twice");
    assert_eq!(came.len(), all.len(), "none is missing");
    assert!(pages.report().steps_back > 0);
}
