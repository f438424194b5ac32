//! The filters of tasks: the portal answers what a reading of the specification, written for this test alone, says of
//! every task, one after the other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod naive;
mod random;
mod task;

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{Portal, PortalConfig};
use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use task::Task;

const TASKS: usize = 10_000;
const FILTERS: usize = 2_000;
const PAGE: usize = 50;

async fn ask(portal: &Portal, params: &Value) -> Value {
    let request = http::Request::post("/rest/1/demo/tasks.task.list")
        .header("content-type", "application/json")
        .body(Bytes::from(params.to_string()))
        .unwrap();
    let reply = portal
        .handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST))
        .await;
    let response = reply.response().expect("a whole response");
    serde_json::from_slice(response.body()).unwrap()
}

/// The page that the specification gives: rows, `total` and `next`.
fn expected(tasks: &[Task], params: &Value) -> (Vec<u64>, Option<u64>, Option<u64>) {
    let lets_through = naive::read(&params["filter"]);
    let mut found: Vec<&Task> = tasks.iter().filter(|task| lets_through(task)).collect();
    let order = params["order"].as_object().unwrap();
    found.sort_by(|a, b| {
        let mut keys = order.iter().map(|(name, way)| {
            let ordering = naive::compare(name, a, b);
            if way == "DESC" {
                ordering.reverse()
            } else {
                ordering
            }
        });
        keys.find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    let ids: Vec<u64> = found.iter().map(|task| task.id).collect();
    let start = params["start"].as_i64().unwrap();
    if start == -1 {
        return (ids.into_iter().take(PAGE).collect(), None, None);
    }
    let offset = usize::try_from(start).unwrap_or(0) / PAGE * PAGE;
    let page: Vec<u64> = ids.iter().skip(offset).take(PAGE).copied().collect();
    let behind = offset + page.len();
    let next = (behind < ids.len() && !page.is_empty()).then_some(behind as u64);
    (page, Some(ids.len() as u64), next)
}

/// Asks the portal for a page by each of so many filters.
async fn try_filters(seed: u64) {
    let given = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = given("BRIMFUL_SEED").unwrap_or(24) + seed;
    let filters = given("BRIMFUL_CASES").map_or(FILTERS / PARTS, |cases| cases as usize);
    let mut rng = Rng::with_seed(seed);
    let tasks = task::some(&mut rng, TASKS);
    let rows: Vec<Map<String, Value>> = tasks.iter().map(Task::row).collect();
    let config = PortalConfig::unlimited()
        .starts_at_unix(task::NOW as f64)
        .load("tasks.task", rows);
    let portal = Portal::new(config).unwrap();
    let mut some = 0;
    for _ in 0..filters {
        let params = json!({
            "filter": random::filter(&mut rng),
            "order": random::order(&mut rng),
            "start": random::start(&mut rng),
            "select": ["ID"],
        });
        let reply = ask(&portal, &params).await;
        let ids: Vec<u64> = reply["result"]["tasks"]
            .as_array()
            .unwrap_or_else(|| panic!("{params}: {reply}"))
            .iter()
            .map(|row| row["id"].as_str().unwrap().parse().unwrap())
            .collect();
        let answer = (ids, reply["total"].as_u64(), reply["next"].as_u64());
        let (page, total, next) = expected(&tasks, &params);
        some += usize::from(!page.is_empty() && total.is_none_or(|total| total < TASKS as u64));
        assert_eq!(answer, (page, total, next), "seed {seed}: {params}");
    }
    // Filters that let nothing or everything through say little.
    assert!(
        some * 2 > filters,
        "only {some} of {filters} filters told tasks apart"
    );
}

/// Parts of the filters, to be tried side by side.
macro_rules! parts {
    ($($name:ident = $seed:literal;)+) => {
        const PARTS: usize = [$($seed),+].len();
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                try_filters($seed).await;
            }
        )+
    };
}

parts! {
    the_answer_is_that_of_the_specification_for_any_filter = 0;
    the_answer_is_that_of_the_specification_for_any_other_filter = 1;
    the_answer_is_that_of_the_specification_for_a_third_lot_of_filters = 2;
    the_answer_is_that_of_the_specification_for_a_fourth_lot_of_filters = 3;
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_row_is_the_one_that_a_filter_finds_it_by() {
    let mut rng = Rng::with_seed(7);
    let tasks = task::some(&mut rng, 500);
    let config = PortalConfig::unlimited()
        .starts_at_unix(task::NOW as f64)
        .load("tasks.task", tasks.iter().map(Task::row).collect());
    let portal = Portal::new(config).unwrap();
    for start in (0..500).step_by(50) {
        let params = json!({"order": {"ID": "ASC"}, "select": ["STATUS"], "start": start});
        let reply = ask(&portal, &params).await;
        for row in reply["result"]["tasks"].as_array().unwrap() {
            let id: u64 = row["id"].as_str().unwrap().parse().unwrap();
            let task = tasks.iter().find(|task| task.id == id).unwrap();
            assert_eq!(
                row["subStatus"],
                naive::sub_status(task).to_string(),
                "{task:?}"
            );
            assert_eq!(row["status"], task.status.to_string());
        }
    }
}
