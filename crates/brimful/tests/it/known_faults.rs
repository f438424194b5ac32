//! What clients of this API are known to do wrong, one test for each fault. Some have a test elsewhere:
//!
//! | fault | test |
//! |---|---|
//! | a list of more than sixty requests dies of the limit | `limits::a_job_of_81_requests_…` |
//! | concurrent lists end short | `limits::sixty_lists_on_one_client_…` |
//! | results come in the order of arrival; n mod 50 == 1 spoils them | `each::outcomes_come_in_the_order_…`, `by_id::results_are_found_by_id_…` |
//! | writes are doubled by retries | `each::twenty_thousand_writes_…`, `calls::a_write_whose_answer_is_lost_…` |
//! | rows deleted meanwhile hide others | `lists::rows_deleted_between_counted_pages_…` |
//! | a list ends short at the operating limit | `limits::a_list_that_crosses_the_operating_limit_…` |
//! | one method at its limit holds up all others | `limits::other_methods_go_on_…` |
//! | `slow` stays for ever after an error | `limits::slowed_down_…` |
//! | one command that fails loses the results of the others | `batches::commands_whose_request_failed_…` |
//! | a command refused inside a batch is not sent again | `batches::a_command_refused_inside_a_batch_…` |
//! | an item's list of more than a page is cut | `by_id::a_result_of_several_pages_comes_whole` |
//! | an answer in HTML ends the program | `misbehaviour::a_portal_that_answers_html_…` |
//! | a token that is always refused is refreshed for ever | `oauth::a_token_that_is_always_refused_…` |
//! | a token function that fails once blocks all later calls | `oauth::a_function_that_fails_once_…` |
//! | late refusals refresh again; processes refresh against each other | `oauth::a_late_refusal_…`, `oauth::what_another_process_has_stored_…` |
//! | a loop that is running, threads | `blocking::inside_another_runtime_too`, `blocking::threads_share_one_client` |
//! | the caller's own HTTP client turns errors into results | `http_options::a_client_of_the_callers_own_…` |
//! | a cursor that stands still, page 1 again | `misbehaviour::a_list_that_serves_the_same_page_again_…` |
//! | rows without the ID are dropped | `misbehaviour::rows_without_an_id_…` |

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{ErrorKind, Outcome};
use brimful_portal::{Churn, ChurnAction, Fault, PortalConfig};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::line::Line;
use crate::support::{WEBHOOK, builder, client, ids, portal, unlimited};

const PORTAL: &str = "https://portal.test";

fn rows(rows: impl IntoIterator<Item = Value>) -> Vec<Map<String, Value>> {
    rows.into_iter()
        .map(|row| row.as_object().unwrap().clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn five_thousand_items_by_id_stay_within_the_limit() {
    let portal = portal(
        PortalConfig::new()
            .rows("lead", 5_000)
            .latency(Duration::from_millis(40)),
    );
    let started = Instant::now();
    let found = client(&portal)
        .get_by_id("crm.lead.get", 1..=5_000_u64)
        .collect()
        .await
        .unwrap();
    assert!(found.iter().all(|(_, outcome)| outcome.done().is_some()));
    assert_eq!(portal.stats().refusals(), 0);
    // A hundred requests: fifty at once, fifty at two a second.
    assert!(started.elapsed() < Duration::from_secs(27));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_refusals_does_not_end_the_work() {
    let portal = portal(PortalConfig::new().rows("lead", 10_000));
    for _ in 0..25 {
        portal.faults().push(Fault::QueryLimit);
    }
    let (rows, report) = ids(client(&portal).list("crm.lead.list")).await.unwrap();
    assert_eq!((rows.len(), report.retries), (10_000, 25));
}

#[tokio::test(start_paused = true)]
async fn room_that_has_come_free_is_used_at_once() {
    let portal = portal(PortalConfig::new());
    let client = client(&portal);
    let calls = |n: usize| {
        let client = client.clone();
        let calls = (0..n).map(move |_| {
            let client = client.clone();
            async move { client.call("user.current", json!({})).await.unwrap() }
        });
        futures_util::future::join_all(calls)
    };
    calls(50).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let started = Instant::now();
    calls(20).await;
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn lists_side_by_side_are_whole_while_slowed_down() {
    let portal = portal(PortalConfig::new().rows("lead", 20_000));
    let client = client(&portal);
    let _slow = client.slow(1);
    let lists = (0..4).map(|_| ids(client.list("crm.lead.list").select(["ID"])));
    for list in futures_util::future::join_all(lists).await {
        assert_eq!(list.unwrap().0.len(), 20_000);
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_look_alike_are_all_returned() {
    let same = (1..=1_234).map(|id| json!({"ID": id, "NAME": "Anna"}));
    let portal = portal(PortalConfig::unlimited().load("contact", rows(same)));
    let names = unlimited(&portal)
        .list("crm.contact.list")
        .select(["NAME"])
        .collect::<Value>()
        .await
        .unwrap();
    assert_eq!(names.len(), 1_234);
    assert!(names.iter().all(|row| row["NAME"] == "Anna"));
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_the_same_order_every_time() {
    for seed in 0..5 {
        let config = PortalConfig::unlimited()
            .seed(seed)
            .sparse_rows("lead", 1_234, 0.5)
            .jitter(Duration::from_millis(500));
        let (ids, _) = ids(unlimited(&portal(config)).list("crm.lead.list"))
            .await
            .unwrap();
        assert!(ids.is_sorted() && ids.len() == 1_234);
    }
}

#[tokio::test(start_paused = true)]
async fn new_rows_at_the_end_and_the_deletion_of_the_last_end_no_list_wrongly() {
    // Ends that run away, and an end that is gone when it is reached.
    let churn = Churn::new()
        .seed(3)
        .with("lead", ChurnAction::Insert, 10.0)
        .with("lead", ChurnAction::Delete, 10.0);
    let config = PortalConfig::new()
        .rows("lead", 12_000)
        .latency(Duration::from_millis(200))
        .churn(churn);
    let listed = ids(client(&portal(config)).list("crm.lead.list").select(["ID"]));
    let (ids, _) = tokio::time::timeout(Duration::from_secs(600), listed)
        .await
        .expect("the list does not end")
        .unwrap();
    let distinct: HashSet<&u64> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert!(ids.last() > Some(&12_000), "rows that came meanwhile too");
}

#[tokio::test(start_paused = true)]
async fn a_filter_by_id_of_the_callers_is_a_bound_and_no_end_of_the_walk() {
    let portal = portal(PortalConfig::unlimited().rows("lead", 5_000));
    let filters = [
        (json!({">ID": 100, "<=ID": 4_000}), 3_900),
        (json!({">=ID": 4_990}), 11),
        (json!({"@ID": [7, 4_000, 12]}), 3),
        (json!({"!ID": 7}), 4_999),
        (json!({"ID": 7}), 1),
    ];
    for (filter, count) in filters {
        let list = unlimited(&portal)
            .list("crm.lead.list")
            .filter(filter.clone());
        let (ids, _) = ids(list).await.unwrap();
        assert_eq!(ids.len(), count, "{filter}");
        assert!(ids.is_sorted());
    }
}

#[tokio::test(start_paused = true)]
async fn keys_with_signs_and_lists_in_a_filter_survive_every_page() {
    let leads = (1..=300).map(|id| json!({"ID": id, "TITLE": format!("100% of №{id} & more")}));
    let portal = portal(PortalConfig::unlimited().load("lead", rows(leads)));
    let list = || unlimited(&portal).list("crm.lead.list");
    let filters = [
        (json!({"%TITLE": "100% of"}), 300),
        (json!({"%TITLE": "& more"}), 300),
        (
            json!({"=TITLE": ["100% of №7 & more", "100% of №8 & more"]}),
            2,
        ),
        (json!({"@TITLE": ["100% of №7 & more"], "!%TITLE": "№8"}), 1),
    ];
    for (filter, count) in filters {
        let (ids, _) = ids(list().filter(filter.clone())).await.unwrap();
        assert_eq!(ids.len(), count, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_requests_of_a_list_have_one_filter() {
    let portal = portal(PortalConfig::unlimited().rows("lead", 2_000));
    let line = Line::to(PORTAL, &portal);
    let client = brimful::Client::builder(WEBHOOK)
        .transport(line.clone())
        .limit(None)
        .build()
        .unwrap();
    let list = client
        .list("crm.lead.list")
        .select(["ID"])
        .filter(json!({"HAS_PHONE": true, "OPENED": "Y"}));
    ids(list).await.unwrap();
    let mut filters = HashSet::new();
    for request in line.noted() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for command in body["cmd"].as_object().unwrap().values() {
            let (_, query) = command.as_str().unwrap().split_once('?').unwrap();
            let own = url::form_urlencoded::parse(query.as_bytes())
                .filter(|(name, _)| name.contains("HAS_PHONE") || name.contains("OPENED"))
                .map(|(name, value)| format!("{name}={value}"));
            filters.insert(own.collect::<Vec<_>>().join("&"));
        }
    }
    assert_eq!(filters.len(), 1, "{filters:?}");
}

#[tokio::test(start_paused = true)]
async fn items_are_sent_as_they_are_and_nothing_is_added() {
    let portal = portal(PortalConfig::unlimited().rows("task", 3));
    let line = Line::to(PORTAL, &portal);
    let client = brimful::Client::builder(WEBHOOK)
        .transport(line.clone())
        .build()
        .unwrap();
    let items = [json!({"taskId": 1, "fields": {"TITLE": "a"}})];
    client.call_each("tasks.task.update", items).collect().await;
    let body: Value = serde_json::from_slice(&line.noted()[0].body).unwrap();
    let command = body["cmd"].as_object().unwrap().values().next().unwrap();
    let query = command.as_str().unwrap().split_once('?').unwrap().1;
    let names: Vec<String> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["taskId", "fields[TITLE]"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_returns_the_whole_result_whatever_its_shape() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("lead", 200)
            .reply("sale.status.list", json!([{"ID": 1}, {"ID": 2}]))
            .reply("user.option.get", json!({"ID": "5"}))
            .reply(
                "app.option.get",
                json!({"result": {"deep": [1]}, "total": "x"}),
            ),
    );
    let client = unlimited(&portal);
    let call = async |method: &str| {
        let reply = client.call(method, json!({})).await.unwrap();
        reply.result::<Value>().unwrap()
    };
    assert_eq!(
        call("sale.status.list").await,
        json!([{"ID": 1}, {"ID": 2}])
    );
    assert_eq!(call("user.option.get").await, json!({"ID": "5"}));
    let option = call("app.option.get").await;
    assert_eq!(option["result"], json!({"deep": [1]}));
    assert_eq!(call("crm.lead.list").await.as_array().unwrap().len(), 50);
    // Of the same shape alone, among many, and in a batch.
    let alone = client.call_each("sale.status.list", [json!({})]);
    let done = alone.collect().await;
    assert_eq!(done[0].done().unwrap().get(), r#"[{"ID":1},{"ID":2}]"#);
}

#[tokio::test(start_paused = true)]
async fn ids_from_zero_on_do_not_turn_the_results_into_a_list_of_others() {
    let portal = portal(PortalConfig::unlimited().rows("lead", 60));
    let found = unlimited(&portal)
        .get_by_id("crm.lead.get", 0..=55_u64)
        .collect()
        .await
        .unwrap();
    assert!(matches!(found.get(0), Some(Outcome::Failed(_))));
    for id in 1..=55_u64 {
        assert_eq!(found.result::<Value>(id).unwrap()["ID"], id.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_total_is_read_to_its_end() {
    let rows = (1..=230).map(|id| json!({"TYPE_ID": id, "ENTITY_ID": 1, "COUNTRY": "Belarus"}));
    let addresses: Vec<Value> = rows.collect();
    let pages: Arc<Mutex<Vec<u64>>> = Arc::default();
    let portal = Addresses(addresses, Arc::clone(&pages));
    let client = brimful::Client::builder(WEBHOOK)
        .transport(portal)
        .limit(None)
        .build()
        .unwrap();
    let found = client
        .list("crm.address.list")
        .walk(brimful::Walk::Next)
        .collect::<Value>()
        .await
        .unwrap();
    assert_eq!(found.len(), 230);
    let pages = pages.lock().unwrap();
    assert_eq!(pages[..5], [0, 50, 100, 150, 200]);
    let once_more = "it is read once more, with two looks behind its end, of which one may come empty by mistake";
    assert_eq!(pages[5..], [0, 50, 100, 150, 200, 250, 250], "{once_more}");
}

/// A portal whose list says where the next page begins, and not how many rows there are.
#[derive(Debug)]
struct Addresses(Vec<Value>, Arc<Mutex<Vec<u64>>>);

impl brimful::Transport for Addresses {
    fn send(
        &self,
        request: brimful::Request,
    ) -> brimful::BoxFuture<'_, Result<brimful::Response, brimful::TransportError>> {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let start_of = |params: &str| {
            let mut params = url::form_urlencoded::parse(params.as_bytes());
            params
                .find(|(name, _)| name == "start")
                .map_or(0, |(_, start)| start.parse().unwrap())
        };
        let page = |start: u64| {
            self.1.lock().unwrap().push(start);
            let rows = self.0.iter().skip(start as usize).take(50);
            let rows: Vec<&Value> = rows.collect();
            let next = start + 50;
            (json!(rows), (next < self.0.len() as u64).then_some(next))
        };
        let answer = match body["cmd"].as_object() {
            None => {
                let (rows, next) = page(body["start"].as_u64().unwrap_or(0));
                match next {
                    Some(next) => json!({"result": rows, "next": next}),
                    None => json!({"result": rows}),
                }
            }
            Some(commands) => {
                let (mut results, mut nexts) = (Map::new(), Map::new());
                for (label, command) in commands {
                    let query = command.as_str().unwrap().split_once('?').unwrap().1;
                    let (rows, next) = page(start_of(query));
                    results.insert(label.clone(), rows);
                    nexts.extend(next.map(|next| (label.clone(), json!(next))));
                }
                json!({"result": {"result": results, "result_next": nexts, "result_error": []}})
            }
        };
        Box::pin(async move {
            Ok(brimful::Response {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: answer.to_string().into(),
            })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_refusal_are_kept_whatever_the_status() {
    let portal = portal(PortalConfig::unlimited().rows("lead", 1));
    let refused = unlimited(&portal)
        .call("crm.lead.get", json!({"id": 9}))
        .await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.api_error().unwrap().description, "Not found");
    let (status, body) = error.answer().unwrap();
    assert_eq!(status.as_u16(), 400);
    assert!(body.starts_with(b"{"));
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_support_has_blocked_is_not_asked_again_and_again() {
    let portal = portal(
        PortalConfig::unlimited().reply(
            "crm.lead.get",
            json!({"error": "OVERLOAD_LIMIT", "error_description": "REST API is blocked due to overload."}),
        ),
    );
    let error = unlimited(&portal)
        .call("crm.lead.get", json!({"id": 1}))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(error.execution(), brimful::Execution::NotRun);
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn rest_2_and_rest_3_share_one_limit() {
    let portal = portal(
        PortalConfig::new()
            .rows("lead", 100_000)
            .rows("task", 30_000),
    );
    let client = client(&portal);
    let leads = ids(client.list("crm.lead.list").select(["ID"]));
    let tasks = client
        .rest3()
        .list("tasks.task.list")
        .select(["id"])
        .collect_with_report::<Value>();
    let (leads, tasks) = tokio::join!(leads, tasks);
    assert_eq!(
        (leads.unwrap().0.len(), tasks.unwrap().0.len()),
        (100_000, 30_000)
    );
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_counts_no_operating_time_is_no_trouble() {
    let config = PortalConfig::new().rows("lead", 60).operating_limit(None);
    let portal = portal(config);
    let client = builder(&portal).limit(None).build().unwrap();
    assert_eq!(ids(client.list("crm.lead.list")).await.unwrap().0.len(), 60);
    assert!(
        client
            .limits()
            .snapshot()
            .methods
            .iter()
            .all(|method| method.operating.is_zero())
    );
}
