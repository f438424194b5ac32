//! The lanes: as few commands as rows need, and every row once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::list::walk::Tail;

/// Walks the whole list by lanes.
fn walk(
    model: &mut Model,
    bounds: Bounds,
    in_flight: usize,
    churn: impl FnMut(&mut Model),
) -> Walked {
    let mut lanes = KeysetWalk::new(
        pages_of("crm.lead.list", bounds),
        KeysetMode::Lanes,
        Tail::Sweep,
    );
    walk_with(&mut lanes, 50, model, in_flight, churn).unwrap()
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
        room in prop_oneof![Just(50usize), 1usize..50],
        lost in prop_oneof![Just(0.0f64), 0.0f64..0.4],
        memory in prop_oneof![Just(4_000_000usize), Just(0usize)],
    ) {
        let ids = stretched(stretches, &mut fastrand::Rng::with_seed(seed));
        let mut lasting: BTreeSet<u64> = ids.iter().copied().collect();
        let highest = ids.last().copied().unwrap_or(0);
        for way in [KeysetMode::Lanes, KeysetMode::Chain] {
            let mut model = Model::new(ids.iter().copied(), seed);
            (model.lost, model.memory) = (lost, memory);
            let mut lanes = KeysetWalk::new(pages_of("crm.lead.list", Bounds::default()), way, Tail::Sweep);
            let walked = walk_with(&mut lanes, room, &mut model, in_flight, |model| {
                change(model, churn, highest, &mut lasting);
            }).unwrap();
            prop_assert_eq!(is_exact(&walked.ids, &lasting), Ok(()));
        }
    }
}
