//! What other people's portals did to lists, and the test that holds each:
//!
//! | what the portal does | test |
//! |---|---|
//! | one page of one batch arrives empty, once, without an error | `short_pages::a_page_of_a_batch_that_arrives_empty_once_costs_no_row`, and with some rows left `…::a_page_that_loses_some_rows_once_costs_no_row` |
//! | rights take one row out of a page of 230 rows, so that it has 49 | `short_pages::one_row_that_rights_take_out_of_a_page_hides_no_other` |
//! | rights take 300 neighbours out of 3,000 | `short_pages::neighbours_that_are_not_shown_are_counted_and_the_others_come`, by every way of walking `three_hundred_hidden_neighbours_…` |
//! | one row in 97 of 20,000 tasks is hidden | `short_pages::tasks_of_which_one_in_97_is_hidden_take_at_most_half_as_many_requests_again` |
//! | IDs are texts, and as many rows are added as deleted | `by_place::rows_whose_ids_are_texts_are_all_there_…` |
//! | a list by place, and as many rows are added as deleted | `by_place::rows_in_an_order_of_the_callers_…`, `by_place::rows_of_a_method_that_nobody_knows_…`, `by_place::rows_that_are_read_by_pages_…` |
//! | `total` is smaller than the number of rows, and `next` is there | `by_place::a_total_that_is_smaller_than_what_there_is_cuts_nothing`, `by_place::a_full_page_is_not_the_last_one_for_its_total` |
//! | empty pages name a `next` | `by_place::empty_pages_that_name_a_next_one_end_with_an_error_and_soon` |
//! | the method ignores the place while a row is added | `by_place::a_method_that_ignores_the_place_while_a_row_is_added_…` |
//! | the list grows faster than it is read | `by_place::a_list_that_grows_faster_than_it_is_read_ends_with_an_error_and_soon` |
//! | rights are applied after paging, at random | `of_550_lists_with_rows_hidden_at_random_none_lacks_a_row_…`, and 200,000 histories in the library's own simulation |
//! | a hidden row in a list by place | `one_hidden_row_of_a_list_by_place_…` |
//! | `operating` is near the limit, and the reset an hour ahead | `waits::a_reset_an_hour_ahead_is_not_believed_…`, `a_list_near_its_operating_limit_…` |
//! | a permanent 503 or 429 | `waits::a_portal_that_is_down_…`, `waits::a_portal_that_always_refuses_for_its_rate_…`, `waits::a_method_that_stays_refused_…`, `a_list_on_a_portal_that_is_down_…` |

use std::time::Duration;

use brimful::{ErrorKind, List, Proof, Walk};
use brimful_portal::{HiddenRows, Portal, PortalConfig};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ids, portal, scripted, unlimited};

fn hiding(rows: u64, hidden: &[u64]) -> Portal {
    let hidden: Vec<String> = hidden.iter().map(u64::to_string).collect();
    portal(
        PortalConfig::unlimited()
            .rows("crm.lead", rows)
            .hide(HiddenRows::parse(&hidden.join(",")).unwrap()),
    )
}

fn leads(portal: &Portal) -> List {
    unlimited(portal).list("crm.lead.list").select(["ID"])
}

fn in_order_of_titles(portal: &Portal) -> List {
    leads(portal).param("order", json!({"TITLE": "DESC"}))
}

#[tokio::test(start_paused = true)]
async fn three_hundred_hidden_neighbours_of_three_thousand_rows_hide_no_other_by_any_way_of_walking()
 {
    let hidden: Vec<u64> = (1_000..1_300).collect();
    let portal = hiding(3_000, &hidden);
    for walk in [
        Walk::Auto,
        Walk::Lanes,
        Walk::Chain,
        Walk::Windows,
        Walk::Pages,
        Walk::Next,
    ] {
        let (mut came, report) = ids(leads(&portal).walk(walk)).await.unwrap();
        came.sort_unstable();
        let shown: Vec<u64> = (1..1_000).chain(1_300..=3_000).collect();
        assert_eq!(came, shown, "{walk:?}");
        assert_eq!(report.hidden, 300, "{walk:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_550_lists_with_rows_hidden_at_random_none_lacks_a_row_and_each_says_how_many_are_hidden()
 {
    for seed in 0..550 {
        let mut random = fastrand::Rng::with_seed(seed);
        let rows = random.u64(1..700);
        let every = random.u64(2..60);
        let from = random.u64(1..=rows);
        let to = (from + random.u64(..150)).min(rows);
        let is_hidden = |id: &u64| match seed % 3 {
            0 => random.u64(..every) == 0,
            1 => (from..=to).contains(id),
            _ => (from..=to).contains(id) || random.u64(..every) == 0,
        };
        let (hidden, shown): (Vec<u64>, Vec<u64>) = (1..=rows).partition(is_hidden);
        let portal = hiding(rows, &hidden);
        // By place nothing is known of a list that shows no row at all.
        let by_place = (!shown.is_empty()).then(|| in_order_of_titles(&portal));
        for list in [leads(&portal)].into_iter().chain(by_place) {
            let (mut came, report) = ids(list).await.unwrap();
            came.sort_unstable();
            assert_eq!(came, shown, "seed {seed}");
            assert_eq!(report.hidden, hidden.len() as u64, "seed {seed}");
            assert_ne!(report.proof, Proof::None, "seed {seed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_hidden_row_of_a_list_by_place_costs_at_most_half_as_many_requests_again() {
    for rows in [40, 130, 2_500, 7_000, 20_000] {
        let portal = hiding(rows, &[]);
        let (_, clean) = ids(in_order_of_titles(&portal)).await.unwrap();
        let hidden = rows / 2;
        let portal = hiding(rows, &[hidden]);
        for list in [
            in_order_of_titles(&portal),
            leads(&portal).walk(Walk::Pages),
        ] {
            let (mut came, report) = ids(list).await.unwrap();
            came.sort_unstable();
            let shown: Vec<u64> = (1..=rows).filter(|id| *id != hidden).collect();
            assert_eq!(came, shown);
            assert_eq!(
                (report.hidden, report.proof),
                (1, Proof::NothingBeside(rows - 1))
            );
            assert!(
                report.requests <= (3 * clean.requests).div_ceil(2),
                "{rows} rows: {} requests, {} for a clean list",
                report.requests,
                clean.requests
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hidden_rows_of_a_list_by_place_with_bounds_of_the_id_are_counted_within_them() {
    let portal = hiding(1_000, &[5, 300, 301, 700, 990]);
    let list = in_order_of_titles(&portal).param("filter", json!({">ID": 100, "<=ID": 900}));
    let (mut came, report) = ids(list).await.unwrap();
    came.sort_unstable();
    let shown: Vec<u64> = (101..=900)
        .filter(|id| ![300, 301, 700].contains(id))
        .collect();
    assert_eq!((came, report.hidden), (shown, 3));
}

#[tokio::test(start_paused = true)]
async fn a_list_near_its_operating_limit_with_a_reset_an_hour_ahead_ends_at_its_deadline() {
    let start = Instant::now();
    let client = scripted(move |_, body| {
        let now = 1_700_000_000.0 + start.elapsed().as_secs_f64();
        let time = json!({
            "start": now, "finish": now, "operating": 479.0, "operating_reset_at": now + 3_600.0,
        });
        let (mut result, mut times) = (json!({}), json!({}));
        for (label, command) in body["cmd"].as_object().unwrap() {
            let mut page: Vec<Value> = if command.as_str().unwrap().contains("DESC") {
                (19_951..=20_000)
                    .map(|id| json!({"ID": id.to_string()}))
                    .collect()
            } else {
                (1..=50).map(|id| json!({"ID": id.to_string()})).collect()
            };
            if command.as_str().unwrap().contains("DESC") {
                page.reverse();
            }
            result[label] = json!(page);
            times[label] = time.clone();
        }
        let parts = json!({"result": result, "result_time": times});
        Ok((200, json!({"result": parts, "time": time}).to_string()))
    });
    let client = client.build().unwrap();
    let list = client
        .with_deadline(Duration::from_secs(30))
        .list("crm.lead.list");
    let error = ids(list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert!(start.elapsed() <= Duration::from_secs(31), "{error}");
    assert!(error.report().is_some(), "what came is kept");
}

#[tokio::test(start_paused = true)]
async fn a_list_on_a_portal_that_is_down_or_refuses_all_ends_at_its_deadline_or_within_20_minutes()
{
    let rate = r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#;
    let time = r#"{"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked"}"#;
    for (status, body, said) in [
        (503, "<html><title>Down</title>", "503"),
        (503, rate, "QUERY_LIMIT_EXCEEDED"),
        (429, time, "OPERATION_TIME_LIMIT"),
    ] {
        let client = scripted(move |n, _| {
            // It has answered once, so that this is the portal's address.
            if n == 0 {
                Ok((200, r#"{"result":[]}"#.to_owned()))
            } else {
                Ok((status, body.to_owned()))
            }
        });
        let client = client.build().unwrap();
        client.call("crm.lead.get", json!({"id": 1})).await.unwrap();
        let start = Instant::now();
        let list = client
            .with_deadline(Duration::from_secs(30))
            .list("crm.lead.list");
        let error = ids(list).await.unwrap_err();
        assert!(
            start.elapsed() <= Duration::from_secs(31),
            "{said}: {error}"
        );
        assert!(error.to_string().contains("deadline"), "{error}");
        // Without a deadline it is tried for 20 minutes at the most.
        let start = Instant::now();
        let error = ids(client.list("crm.lead.list")).await.unwrap_err();
        assert!(
            start.elapsed() <= Duration::from_secs(21 * 60),
            "{said}: {error}"
        );
        let words = error.to_string();
        assert!(
            words.contains(said) && words.contains("attempts within"),
            "{words}"
        );
    }
}
