//! The windows: every row once, whatever pages are like.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::list::strategy::Strategy;
use crate::list::walk::Tail;

const OLDER: &str = "crm.lead.list";
const REST_3: &str = "main.eventlog.list";

/// Lists of REST 3.0 are walked by chains of one page.
fn way_of(method: &str) -> KeysetMode {
    if method == REST_3 {
        KeysetMode::Lanes
    } else {
        KeysetMode::Windows
    }
}

fn walk(method: &str, room: usize, model: &mut Model, in_flight: usize) -> Walked {
    let mut windows = KeysetWalk::new(
        pages_of(method, Bounds::default()),
        way_of(method),
        Tail::Sweep,
    );
    walk_with(&mut windows, room, model, in_flight, quiet).unwrap()
}

#[test]
fn lists_around_a_page_are_whole() {
    for rows in [
        0, 1, 49, 50, 51, 99, 100, 101, 150, 999, 1_000, 1_001, 2_000, 2_001, 5_000,
    ] {
        for (method, room, page) in [
            (OLDER, 50, 50),
            (REST_3, 1, 1_000),
            (REST_3, 1, 50),
            (REST_3, 20, 1_000),
            (REST_3, 20, 50),
        ] {
            let mut model = Model::of_rest_3(1..=rows, 1);
            model.page = page;
            let walked = walk(method, room, &mut model, 4);
            assert_eq!(
                walked.ids,
                (1..=rows).collect::<Vec<_>>(),
                "{method}, {rows} rows"
            );
        }
    }
}

#[test]
fn a_list_of_rest_3_takes_little_more_requests_than_its_rows_fill() {
    for (rows, density, most) in [
        (100_000, 1.0, 1.05),
        (100_000, 0.5, 1.15),
        (100_000, 0.05, 1.2),
    ] {
        for in_flight in [1, 4, 16] {
            let ids = sparse(rows, density, 3);
            let mut model = Model::of_rest_3(ids.clone(), 1);
            let walked = walk(REST_3, 1, &mut model, in_flight);
            assert_eq!(walked.ids, ids);
            let ratio = walked.requests as f64 / (rows as f64 / 1000.0);
            assert!(
                ratio <= most,
                "density {density}, {in_flight} in flight: {ratio:.3}"
            );
        }
    }
}

#[test]
fn a_list_of_rest_3_in_batches_takes_few_requests_and_few_more_pages_than_its_rows_fill() {
    let lists = [
        (sparse(100_000, 1.0, 3), 1.05),
        (sparse(100_000, 0.95, 3), 1.10),
        (sparse(100_000, 0.5, 3), 1.20),
        (sparse(100_000, 0.05, 3), 1.25),
        (clustered(100_000, 2), 2.0),
    ];
    for (list, (ids, most)) in lists.into_iter().enumerate() {
        for room in [8, 12, 30] {
            for in_flight in [1, 4] {
                let mut model = Model::of_rest_3(ids.clone(), 1);
                let walked = walk(REST_3, room, &mut model, in_flight);
                assert_eq!(walked.ids, ids);
                let ratio = walked.commands as f64 / 100.0;
                assert!(
                    ratio <= most,
                    "list {list}, room {room}, {in_flight} in flight: {ratio:.3}"
                );
                let fewest = 100.0 * most / room as f64;
                let requests = walked.requests;
                assert!(
                    requests as f64 <= fewest + 3.0,
                    "list {list}, room {room}, {in_flight} in flight: {requests}"
                );
            }
        }
    }
}

#[test]
fn windows_of_pages_of_fifty_cost_less_than_half_as_much_again() {
    for density in [1.0, 0.5, 0.05] {
        let ids = sparse(100_000, density, 5);
        let mut model = Model::new(ids.clone(), 1);
        let walked = walk(OLDER, 50, &mut model, 4);
        assert_eq!(walked.ids, ids);
        let ratio = walked.commands as f64 / 2000.0;
        assert!(ratio <= 1.45, "density {density}: {ratio:.3}");
    }
}

#[test]
fn clustered_ids_are_walked_without_a_command_for_every_gap() {
    let ids = clustered(100_000, 2);
    let mut model = Model::new(ids.clone(), 2);
    let walked = walk(OLDER, 50, &mut model, 4);
    assert_eq!(walked.ids, ids);
    assert!(walked.commands < 6_000, "{}", walked.commands);
}

#[test]
fn rows_taken_out_of_pages_hide_no_other() {
    for rows in [200, 5_000] {
        let mut model = Model::new(1..=rows, 1);
        model.hidden = (1..=rows).filter(|id| id % 7 == 3).collect();
        let walked = walk(OLDER, 50, &mut model, 4);
        let seen: Vec<u64> = (1..=rows).filter(|id| id % 7 != 3).collect();
        assert_eq!(walked.ids, seen);
    }
}

#[test]
fn a_method_that_ignores_the_bounds_is_found_out_before_the_first_row() {
    let mut windows = KeysetWalk::new(
        pages_of(OLDER, Bounds::default()),
        KeysetMode::Windows,
        Tail::Sweep,
    );
    let (ticket, commands) = windows.next(50, ReadAhead::Allowed).unwrap();
    let mut model = Model::new(1..=1_000, 1);
    let ends = model.answer(&commands);
    windows.accept(ticket, ends.outcomes).unwrap();
    assert!(windows.pop().is_none(), "nothing is handed out on trust");
    let (ticket, commands) = windows.next(50, ReadAhead::Allowed).unwrap();
    let again: Vec<ModelPage> = commands
        .iter()
        .map(|_| (1..=50).collect::<Vec<u64>>().into())
        .collect();
    let stuck = windows.accept(ticket, batch(&again).outcomes).unwrap_err();
    assert!(
        matches!(stuck, StrategyError::WrongStrategy(_)),
        "{stuck:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(25), ..ProptestConfig::default() })]

    #[test]
    fn every_row_that_is_there_throughout_comes_exactly_once_and_in_order(
        stretches in proptest::collection::vec((1u64..5_000, 1usize..1_500, 1u64..50), 1..12),
        in_flight in 1usize..12,
        seed in any::<u64>(),
        churn in 0usize..60,
        room in prop_oneof![Just(50usize), 1usize..50],
        lost in prop_oneof![Just(0.0f64), 0.0f64..0.4],
        memory in prop_oneof![Just(4_000_000usize), Just(0usize)],
        page in prop_oneof![Just(1000usize), Just(50usize)],
    ) {
        let ids = stretched(stretches, &mut fastrand::Rng::with_seed(seed));
        let mut lasting: BTreeSet<u64> = ids.iter().copied().collect();
        let highest = ids.last().copied().unwrap_or(0);
        for (method, room) in [(OLDER, room), (REST_3, 1), (REST_3, room)] {
            let mut model = Model::new(ids.iter().copied(), seed);
            model.page = page;
            (model.lost, model.memory) = (lost, memory);
            let mut windows = KeysetWalk::new(pages_of(method, Bounds::default()), way_of(method), Tail::Sweep);
            let walked = walk_with(&mut windows, room, &mut model, in_flight, |model| {
                change(model, churn, highest, &mut lasting);
            }).unwrap();
            prop_assert_eq!(is_exact(&walked.ids, &lasting), Ok(()));
        }
    }
}
