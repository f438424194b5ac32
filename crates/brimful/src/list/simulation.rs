//! The lanes against a modelled portal, by the thousand lists: no network, no clock, requests answered in any order.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use brimful_protocol::catalogue;
use brimful_protocol::rows::{BatchOfLists, Place, read_batch};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value};

use super::bounds::Bounds;
use super::keyset::{KeysetPages, Names};
use super::lanes::{Lanes, Width};
use super::strategy::{Ahead, ListCommand, Strategy, Ticket, label};
use super::tail::Tail;

/// A portal that holds IDs and answers pages of them as a legacy list does.
struct Model {
    ids: BTreeSet<u64>,
    random: fastrand::Rng,
    /// Rows of a full page.
    page: usize,
    commands: usize,
    requests: usize,
}

impl Model {
    fn new(ids: impl IntoIterator<Item = u64>, seed: u64) -> Self {
        Self {
            ids: ids.into_iter().collect(),
            random: fastrand::Rng::with_seed(seed),
            page: 50,
            commands: 0,
            requests: 0,
        }
    }

    fn answer(&mut self, commands: &[ListCommand]) -> BatchOfLists {
        self.requests += 1;
        self.commands += commands.len();
        assert!(commands.len() <= 50, "a batch has at most 50 commands");
        let mut pages: Vec<Vec<u64>> = Vec::new();
        for command in commands {
            let filter = &command.params["filter"];
            let above = match &filter[">ID"] {
                Value::Null => 0,
                Value::Number(n) => n.as_u64().unwrap(),
                Value::String(reference) => dereference(reference, &pages),
                other => panic!("{other} is no ID"),
            };
            let up_to = filter["<=ID"].as_u64().unwrap_or(u64::MAX);
            assert_eq!(command.params["start"], -1, "no page is counted");
            let page = if command.params["order"]["ID"] == "DESC" {
                self.ids
                    .range(above + 1..=up_to)
                    .rev()
                    .take(self.page)
                    .copied()
                    .collect()
            } else if above >= up_to {
                Vec::new()
            } else {
                self.ids
                    .range(above + 1..=up_to)
                    .take(self.page)
                    .copied()
                    .collect()
            };
            pages.push(page);
        }
        let mut body = String::from(r#"{"result":{"result":{"#);
        for (place, page) in pages.iter().enumerate() {
            let rows: Vec<String> = page
                .iter()
                .map(|id| format!(r#"{{"ID":"{id}"}}"#))
                .collect();
            let comma = if place == 0 { "" } else { "," };
            write!(body, r#"{comma}"p{place}":[{}]"#, rows.join(",")).unwrap();
        }
        body.push_str("}}}");
        let labels: Vec<String> = (0..commands.len()).map(label).collect();
        read_batch(
            &body.into(),
            &labels,
            Place {
                key: None,
                id: Some("ID"),
            },
        )
        .unwrap()
    }
}

/// What a legacy list makes of `$result[pN][49][ID]`: where the page is too short, the page itself, cast to 1 or 0.
fn dereference(reference: &str, pages: &[Vec<u64>]) -> u64 {
    let page = reference
        .strip_prefix("$result[p")
        .and_then(|r| r.strip_suffix("][49][ID]"))
        .unwrap();
    let page = &pages[page.parse::<usize>().unwrap()];
    page.get(49).copied().unwrap_or(u64::from(!page.is_empty()))
}

struct Walked {
    ids: Vec<u64>,
    commands: usize,
    requests: usize,
}

/// Walks the whole list with up to `in_flight` requests, answered in random order; `churn` changes the portal before
/// each answer.
fn walk(
    model: &mut Model,
    bounds: Bounds,
    in_flight: usize,
    mut churn: impl FnMut(&mut Model),
) -> Walked {
    let keyset = catalogue::find("crm.lead.list").unwrap().keyset.unwrap();
    let pages = KeysetPages::new(keyset, Names::default(), Map::new(), bounds);
    let mut lanes = Lanes::new(pages, Width::Many, Tail::Sweep);
    let mut flights: Vec<(Ticket, Vec<ListCommand>)> = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..1_000_000 {
        while let Some(page) = lanes.pop() {
            ids.extend(page.ids().map(Option::unwrap));
        }
        if lanes.is_done() {
            assert_eq!(lanes.buffered(), 0);
            return Walked {
                ids,
                commands: model.commands,
                requests: model.requests,
            };
        }
        while flights.len() < in_flight {
            let Some(flight) = lanes.next(50, Ahead::Allowed) else {
                break;
            };
            flights.push(flight);
        }
        assert!(
            !flights.is_empty(),
            "nothing in flight and nothing to send, but not done"
        );
        let landed = if model.random.bool() {
            0
        } else {
            model.random.usize(..flights.len())
        };
        let (ticket, commands) = flights.remove(landed);
        churn(model);
        let answer = model.answer(&commands);
        lanes.accept(ticket, answer.outcomes).unwrap();
    }
    panic!("the walk does not end");
}

fn quiet(_: &mut Model) {}

fn sparse(rows: usize, density: f64, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (1..)
        .filter(|_| random.f64() < density)
        .take(rows)
        .collect()
}

/// Dense stretches of a few hundred to a few thousand IDs, with gaps up to a hundred times as long between them.
fn clustered(rows: usize, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ids = Vec::new();
    let mut id = 1;
    while ids.len() < rows {
        for _ in 0..random.usize(200..4000) {
            ids.push(id);
            id += random.u64(1..=2);
        }
        id += random.u64(1..100_000);
    }
    ids.truncate(rows);
    ids
}

#[test]
fn a_dense_list_takes_hardly_more_requests_than_its_rows_fill() {
    for rows in [51, 2_500, 2_501, 10_000, 50_000, 200_000] {
        for in_flight in [1, 2, 4, 16] {
            let mut model = Model::new(1..=rows, 1);
            let walked = walk(&mut model, Bounds::default(), in_flight, quiet);
            assert_eq!(walked.ids, (1..=rows).collect::<Vec<_>>());
            let most = 1.05 * rows as f64 / 2500.0 + 3.0;
            assert!(
                walked.requests as f64 <= most,
                "{rows} rows, {in_flight} in flight: {} requests",
                walked.requests
            );
        }
    }
}

#[test]
fn from_100_000_rows_on_commands_are_within_two_percent_of_the_fewest_at_any_density() {
    for density in [1.0, 0.7, 0.5, 0.2, 0.05, 0.01] {
        for in_flight in [1, 2, 4, 16] {
            for seed in 0..3 {
                let ids = sparse(100_000, density, seed);
                let mut model = Model::new(ids.clone(), 1);
                let walked = walk(&mut model, Bounds::default(), in_flight, quiet);
                assert_eq!(walked.ids, ids);
                let ratio = walked.commands as f64 / 2000.0;
                assert!(
                    ratio <= 1.02,
                    "density {density}, {in_flight} in flight: {ratio:.4}"
                );
            }
        }
    }
}

#[test]
fn clustered_ids_cost_little_more() {
    for seed in 0..5 {
        for in_flight in [1, 2, 4, 16] {
            let ids = clustered(200_000, seed);
            let mut model = Model::new(ids.clone(), seed);
            let walked = walk(&mut model, Bounds::default(), in_flight, quiet);
            assert_eq!(walked.ids, ids);
            let ratio = walked.commands as f64 / 4000.0;
            assert!(
                ratio <= 1.15,
                "seed {seed}, {in_flight} in flight: {ratio:.4}"
            );
        }
    }
}

#[test]
fn rows_above_the_horizon_are_swept_up_at_the_end() {
    let mut model = Model::new(1..=5_000, 1);
    let mut asked = 0;
    let walked = walk(&mut model, Bounds::default(), 1, |model| {
        asked += 1;
        if asked == 2 {
            model.ids.extend(5_001..=5_120);
        }
    });
    assert_eq!(walked.ids, (1..=5_120).collect::<Vec<_>>());
}

#[test]
fn a_portal_that_inserts_faster_than_we_read_does_not_hold_us() {
    let mut model = Model::new(1..=500, 1);
    let walked = walk(&mut model, Bounds::default(), 1, |model| {
        let next = model.ids.last().unwrap() + 1;
        model.ids.extend(next..next + 3_000);
    });
    assert!(
        walked.ids.windows(2).all(|w| w[0] + 1 == w[1]),
        "what was read has no hole"
    );
}

#[test]
fn a_short_first_page_is_not_believed_when_the_last_page_lies_beyond_it() {
    for (rows, page) in [(41, 40), (90, 40), (130, 40), (500, 40), (3_000, 49)] {
        let mut model = Model::new(1..=rows, 1);
        model.page = page;
        let walked = walk(&mut model, Bounds::default(), 4, quiet);
        assert_eq!(walked.ids, (1..=rows).collect::<Vec<_>>(), "{rows} rows");
    }
}

#[test]
fn the_callers_bounds_hold() {
    let ids = sparse(20_000, 0.5, 3);
    let mut model = Model::new(ids.clone(), 1);
    let bounds = Bounds {
        above: 1_000,
        up_to: Some(30_000),
    };
    let walked = walk(&mut model, bounds, 4, quiet);
    assert_eq!(
        walked.ids,
        ids.into_iter()
            .filter(|id| (1_001..=30_000).contains(id))
            .collect::<Vec<_>>()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, rng_seed: RngSeed::Fixed(24), ..ProptestConfig::default() })]

    #[test]
    fn every_row_that_is_there_throughout_comes_exactly_once_and_in_order(
        stretches in proptest::collection::vec((1u64..5_000, 1usize..1_500, 1u64..50), 1..12),
        in_flight in 1usize..12,
        seed in any::<u64>(),
        churn in 0usize..60,
    ) {
        let mut ids = Vec::new();
        let mut id = 0;
        let mut random = fastrand::Rng::with_seed(seed);
        for (gap, rows, step) in stretches {
            id += gap;
            for _ in 0..rows {
                ids.push(id);
                id += random.u64(1..=step);
            }
        }
        let all: BTreeSet<u64> = ids.iter().copied().collect();
        let mut model = Model::new(ids, seed);
        let mut lasting = all.clone();
        let walked = walk(&mut model, Bounds::default(), in_flight, |model| {
            for _ in 0..churn {
                if model.random.bool() {
                    let next = model.ids.last().copied().unwrap_or(0) + model.random.u64(1..20);
                    model.ids.insert(next);
                } else {
                    let from = model.random.u64(..=*all.last().unwrap());
                    if let Some(&gone) = model.ids.range(from..).next() {
                        model.ids.remove(&gone);
                        lasting.remove(&gone);
                    }
                }
            }
        });
        prop_assert!(walked.ids.windows(2).all(|w| w[0] < w[1]), "in order, each once");
        let came: BTreeSet<u64> = walked.ids.into_iter().collect();
        prop_assert!(lasting.is_subset(&came), "missing {:?}", lasting.difference(&came).take(5).collect::<Vec<_>>());
    }
}
