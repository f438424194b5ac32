//! What lists by ID cost in requests and commands: whole ones, and those of which the user may not see every row.

use super::*;
use crate::list::walk::Tail;

struct Cost {
    requests: usize,
    commands: usize,
    hidden: u64,
    ids: Vec<u64>,
}

fn cost(model: &mut Model, in_flight: usize) -> Cost {
    let mut walk = KeysetWalk::new(
        pages_of("crm.lead.list", Bounds::default()),
        KeysetMode::Lanes,
        Tail::Sweep,
    );
    let Walked {
        ids,
        commands,
        requests,
    } = walk_with(&mut walk, 50, model, in_flight, quiet).unwrap();
    Cost {
        requests,
        commands,
        hidden: walk.hidden(),
        ids,
    }
}

/// Rows by their place in the list that the user may not see.
fn hidden_rows(rows: usize) -> [(&'static str, Vec<usize>); 7] {
    let many = if rows > 1_200 { 300 } else { rows / 4 };
    let middle = rows / 2;
    [
        ("one in the middle", vec![middle]),
        (
            "neighbours in the middle",
            (middle..middle + many).collect(),
        ),
        ("the newest", (rows - many..rows).collect()),
        ("the oldest", (0..many).collect()),
        ("one in 97", (0..rows).step_by(97).collect()),
        ("one in 10", (0..rows).step_by(10).collect()),
        ("one in 3", (0..rows).step_by(3).collect()),
    ]
}

/// Walks a list of which some rows are hidden: the requests, and those of the same list with all its rows.
fn cost_of_hidden(ids: &[u64], kind: &str, places: &[usize], in_flight: usize) -> (usize, usize) {
    let clean = cost(&mut Model::new(ids.iter().copied(), 1), in_flight);
    let mut model = Model::new(ids.iter().copied(), 1);
    model.hidden = places.iter().map(|place| ids[*place]).collect();
    let shown: Vec<u64> = model.ids.difference(&model.hidden).copied().collect();
    let found = cost(&mut model, in_flight);
    let rows = ids.len();
    assert_eq!(found.ids, shown, "{rows} rows, {kind} hidden");
    assert_eq!(
        found.hidden,
        places.len() as u64,
        "{rows} rows, {kind} hidden"
    );
    (found.requests, clean.requests)
}

const SIZES: [usize; 12] = [
    60, 100, 130, 230, 500, 1_000, 2_500, 3_000, 6_000, 7_000, 10_000, 20_000,
];

#[test]
fn hidden_rows_cost_at_most_half_as_many_requests_again_at_every_size() {
    for rows in SIZES {
        let ids: Vec<u64> = (1..=rows as u64).collect();
        for in_flight in [1, 4] {
            for (kind, places) in hidden_rows(rows) {
                let (requests, clean) = cost_of_hidden(&ids, kind, &places, in_flight);
                let most = (3 * clean).div_ceil(2);
                assert!(
                    requests <= most,
                    "{rows} rows, {kind} hidden: {requests} requests, {clean} for a clean list"
                );
            }
        }
    }
}

/// Rows that are scattered and met late are the worst: the first request that reads the middle ends at the first of them.
#[test]
fn hidden_rows_among_ids_with_gaps_and_those_met_late_cost_at_most_three_requests_more_or_half_as_many_again()
 {
    for rows in SIZES {
        for density in [1.0, 0.5] {
            let ids = sparse(rows, density, 7);
            let late = ("one in 97, met late", (60..rows).step_by(97).collect());
            for (kind, places) in hidden_rows(rows).into_iter().chain([late]) {
                let (requests, clean) = cost_of_hidden(&ids, kind, &places, 4);
                let most = (clean + 3).max((3 * clean).div_ceil(2));
                assert!(
                    requests <= most,
                    "{rows} rows, {kind} hidden: {requests} requests, {clean} for a clean list"
                );
            }
        }
    }
}

#[test]
fn gaps_between_ids_cost_little() {
    for seed in 0..8 {
        for density in [0.5, 0.05] {
            let found = cost(&mut Model::new(sparse(7_531, density, seed), 1), 4);
            assert_eq!(found.ids.len(), 7_531);
            let costs = (found.requests, found.commands);
            assert!(costs.0 <= 5 && costs.1 <= 154, "{costs:?} at {density}");
        }
    }
}

#[test]
fn hidden_rows_of_a_list_of_one_page_are_counted_in_its_one_request() {
    for (rows, hidden) in [(45, 15), (49, 1), (2, 1), (30, 29)] {
        let mut model = Model::new(1..=rows, 1);
        model.hidden = (1..=hidden).collect();
        let found = cost(&mut model, 1);
        assert_eq!(found.ids, (hidden + 1..=rows).collect::<Vec<_>>());
        assert_eq!(found.hidden, hidden);
        // A single row is asked for once more.
        let is_single = rows - hidden == 1;
        assert_eq!(found.requests, if is_single { 2 } else { 1 }, "{rows} rows");
    }
}

#[test]
fn a_list_takes_no_request_that_carries_nothing() {
    for (rows, most) in [
        (1, 1),
        (3, 1),
        (50, 1),
        (51, 1),
        (100, 1),
        (101, 2),
        (1_000, 2),
        (2_500, 2),
        (7_000, 4),
        (20_000, 9),
    ] {
        let found = cost(&mut Model::new(1..=rows, 1), 1);
        assert_eq!(found.ids.len() as u64, rows);
        assert!(
            found.requests <= most,
            "{rows} rows: {} requests",
            found.requests
        );
        let commands = if rows <= 50 {
            3
        } else {
            rows as usize / 50 + 3
        };
        assert!(
            found.commands <= commands,
            "{rows} rows: {} commands",
            found.commands
        );
    }
}

fn trace(ids: &[u64], places: &[usize], in_flight: usize) {
    let mut model = Model::new(ids.iter().copied(), 1);
    model.hidden = places.iter().map(|p| ids[*p]).collect();
    let mut walk = KeysetWalk::new(
        pages_of("crm.lead.list", Bounds::default()),
        KeysetMode::Lanes,
        Tail::Sweep,
    );
    let mut flights: Vec<(Ticket, Vec<ListCommand>)> = Vec::new();
    let mut n = 0;
    loop {
        while walk.pop().is_some() {}
        if walk.is_done() {
            break;
        }
        while flights.len() < in_flight {
            let Some(flight) = walk.next(50, ReadAhead::Allowed) else {
                break;
            };
            n += 1;
            let mut kinds: std::collections::BTreeMap<String, usize> = Default::default();
            for r in walk.readings_of(flight.0) {
                let s = format!("{r:?}");
                let k = s.split_whitespace().next().unwrap().to_owned();
                *kinds.entry(k).or_default() += 1;
                if s.starts_with("Chain") || s.starts_with("Rest") || s.starts_with("Above") || s.starts_with("Count") || s.starts_with("Tail") {
                    *kinds.entry(s).or_default() += 1;
                }
            }
            eprintln!("  request {n}: {} commands {kinds:?}", flight.1.len());
            flights.push(flight);
        }
        let landed = if model.random.bool() { 0 } else { model.random.usize(..flights.len()) };
        let (ticket, commands) = flights.remove(landed);
        let answer = model.answer(&commands);
        walk.accept(ticket, answer.outcomes).unwrap();
    }
    eprintln!("  {n} requests, {} commands", model.commands);
}

#[test]
fn explore() {
    let trace_wanted = std::env::var("TRACE").is_ok();
    let mut bad = 0;
    let mut all = 0;
    for rows in SIZES {
        for density in [1.0, 0.9, 0.5, 0.2, 0.05] {
            for seed in [7, 8] {
                let ids = sparse(rows, density, seed);
                let mut kinds: Vec<(String, Vec<usize>)> = hidden_rows(rows)
                    .into_iter()
                    .map(|(k, p)| (k.to_owned(), p))
                    .collect();
                for every in [20, 40, 97, 200, 500] {
                    for from in [0, 60, rows / 2] {
                        let places: Vec<usize> = (from..rows).step_by(every).collect();
                        kinds.push((format!("one in {every} from {from}"), places));
                    }
                    let mut random = fastrand::Rng::with_seed(seed);
                    let places = (60.min(rows)..rows).filter(|_| random.usize(..every) == 0).collect();
                    kinds.push((format!("random one in {every}"), places));
                }
                for (kind, places) in kinds {
                    for in_flight in [1, 4] {
                        all += 1;
                        let (requests, clean) = cost_of_hidden(&ids, &kind, &places, in_flight);
                        let most = (3 * clean).div_ceil(2);
                        if requests > most {
                            bad += 1;
                            eprintln!("{rows} rows density {density} seed {seed}, {kind}, {in_flight}: {requests} for {clean}");
                            if trace_wanted {
                                trace(&ids, &places, in_flight);
                            }
                        }
                    }
                }
            }
        }
    }
    panic!("{bad} of {all}");
}
