//! Whatever a batch depends on, no item runs before what it is after.

use std::collections::BTreeMap;
use std::time::Duration;

use brimful_portal::{Fault, FaultRule, FaultTiming, PortalConfig};
use brimful_r7::{Item, reply_of};
use brimful_r7_portal::R7Config;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

use super::{builder, portal};

/// An item, by what it comes after and whose value it takes: each is an index below its own, in a shuffled order.
#[derive(Debug, Clone)]
struct Graph {
    edges: Vec<Vec<(usize, bool)>>,
    shuffle: Vec<usize>,
    concurrent_requests: usize,
    items_per_request: usize,
}

fn graph() -> impl Strategy<Value = Graph> {
    (1usize..24)
        .prop_flat_map(|size| {
            let edges: Vec<_> = (0..size)
                .map(|item| {
                    let edge = (0..item.max(1), any::<bool>());
                    proptest::collection::vec(edge, 0..if item == 0 { 1 } else { 4 })
                })
                .collect();
            let shuffle = Just((0..size).collect::<Vec<_>>()).prop_shuffle();
            (edges, shuffle, 1usize..6, 1usize..9)
        })
        .prop_map(
            |(edges, shuffle, concurrent_requests, items_per_request)| Graph {
                edges,
                shuffle,
                concurrent_requests,
                items_per_request,
            },
        )
}

/// Adds a task for each item; their IDs tell in which order they were added.
fn item(graph: &Graph, at: usize) -> Item {
    let mut item = Item::post("project/1/task")
        .name(format!("n{at}"))
        .form(json!({"title": format!("n{at}")}));
    for &(other, value) in &graph.edges[at] {
        item = if value {
            item.set(
                "/description",
                reply_of(format!("n{other}")).pointer("/response/id"),
            )
        } else {
            item.after(format!("n{other}"))
        };
    }
    item
}

async fn run(graph: &Graph, faults: bool) -> Result<(), TestCaseError> {
    let portal = portal(
        PortalConfig::unlimited()
            .extension(R7Config::unlimited().rows("project", 1))
            .latency(Duration::from_millis(20))
            .jitter(Duration::from_millis(200)),
    );
    if faults {
        // The reply is lost, or nothing ran.
        portal.faults().add(FaultRule::chance(
            0.2,
            7,
            Fault::Reset(FaultTiming::AfterWork),
        ));
        portal.faults().add(FaultRule::chance(
            0.2,
            8,
            Fault::Status(502, FaultTiming::BeforeWork),
        ));
    }
    let client = builder(&portal).build().unwrap();
    let replies = client
        .batch()
        .concurrent_requests(graph.concurrent_requests)
        .items_per_request(graph.items_per_request)
        .items(graph.shuffle.iter().map(|&at| item(graph, at)))
        .send()
        .await
        .unwrap();
    portal.faults().clear();
    let tasks: Vec<serde_json::Value> = client
        .list("project/task/filter")
        .pages()
        .unwrap()
        .collect()
        .await
        .unwrap();
    let mut ran: BTreeMap<String, u64> = BTreeMap::new();
    for task in &tasks {
        let before = ran.insert(
            task["title"].as_str().unwrap().to_owned(),
            task["id"].as_u64().unwrap(),
        );
        prop_assert!(before.is_none(), "{} ran twice", task["title"]);
    }
    for (at, edges) in graph.edges.iter().enumerate() {
        let id = ran.get(&format!("n{at}"));
        for (other, value) in edges {
            let before = ran.get(&format!("n{other}"));
            if let (Some(id), Some(before)) = (id, before) {
                prop_assert!(before < id, "n{at} ran before n{other}");
            }
            prop_assert!(
                !value || id.is_none() || before.is_some(),
                "n{at} ran without n{other}"
            );
        }
    }
    for (name, outcome) in replies.iter() {
        match outcome {
            Ok(reply) => prop_assert_eq!(reply.pointer("/response/title").unwrap(), name),
            Err(error) if error.execution() == brimful::Execution::NotRun => {
                prop_assert!(!ran.contains_key(name), "{} ran, and {}", name, error);
            }
            Err(_) => prop_assert!(faults),
        }
    }
    prop_assert!(faults || ran.len() == graph.edges.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

    #[test]
    fn no_item_runs_before_what_it_is_after(graph in graph(), faults in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(&graph, faults))?;
    }
}
