//! What lists by ID cost in requests and commands: whole ones, and those of which the user may not see every row.

use super::*;
use crate::list::walk::Tail;

struct Cost {
    requests: usize,
    commands: usize,
    hidden: u64,
    ids: Vec<u64>,
}

const LEADS: &str = "crm.lead.list";
/// Its rows are `items`: it refuses references to rows that are not there.
const ITEMS: &str = "crm.item.list";

fn cost(method: &str, model: &mut Model, in_flight: usize) -> Cost {
    let pages = pages_of(method, Bounds::default());
    let walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
    cost_of(walk, model, in_flight)
}

fn cost_of(mut walk: KeysetWalk, model: &mut Model, in_flight: usize) -> Cost {
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
fn cost_of_hidden(
    method: &str,
    ids: &[u64],
    kind: &str,
    places: &[usize],
    in_flight: usize,
) -> (usize, usize) {
    let clean = cost(method, &mut Model::new(ids.iter().copied(), 1), in_flight);
    let mut model = Model::new(ids.iter().copied(), 1);
    model.hidden = places.iter().map(|place| ids[*place]).collect();
    let shown: Vec<u64> = model.ids.difference(&model.hidden).copied().collect();
    let found = cost(method, &mut model, in_flight);
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
        let late = [97, 20].map(|every| ("some, met late", (60..rows).step_by(every).collect()));
        for (method, in_flight) in [(LEADS, 1), (LEADS, 4), (ITEMS, 1), (ITEMS, 4)] {
            for (kind, places) in hidden_rows(rows).into_iter().chain(late.clone()) {
                let (requests, clean) = cost_of_hidden(method, &ids, kind, &places, in_flight);
                let most = (3 * clean).div_ceil(2);
                assert!(
                    requests <= most,
                    "{rows} rows of {method}, {kind} hidden: {requests} requests, {clean} for a clean list"
                );
            }
        }
    }
}

/// A list of which rows are hidden, drawn at random: its IDs, and the places of its hidden rows.
fn drawn(seed: u64, density: f64) -> (Vec<u64>, Vec<usize>, String) {
    let mut random = fastrand::Rng::with_seed(seed);
    let rows = match random.u8(..4) {
        0 => random.usize(60..1_000),
        1 => random.usize(1_000..3_000),
        2 => random.usize(3_000..9_000),
        _ => random.usize(9_000..20_000),
    };
    let every = random.usize(20..=500);
    let from = [0, 60, random.usize(..rows)][random.usize(..3)];
    let (kind, places): (_, Vec<usize>) = match random.u8(..4) {
        0 => {
            let many = random.usize(1..=300).min((rows - from) / 2);
            ("neighbours", (from..from + many).collect())
        }
        1 => ("one in so many", (from..rows).step_by(every).collect()),
        _ => {
            let is_hidden = |_: &usize| random.usize(..every) == 0;
            let places = (from..rows).filter(is_hidden).collect();
            ("one in about so many", places)
        }
    };
    let kind = format!("{kind} ({every}) from {from}");
    (sparse(rows, density, seed), places, kind)
}

/// Lists of random sizes and random hidden rows that cost more than half as many requests again, of those drawn.
fn dear_ones(seeds: std::ops::Range<u64>, densities: &[f64]) -> (Vec<String>, usize) {
    let (mut dear, mut all) = (Vec::new(), 0);
    for seed in seeds {
        let density = densities[seed as usize % densities.len()];
        let (ids, places, kind) = drawn(seed, density);
        for in_flight in [1, 4] {
            let (requests, clean) = cost_of_hidden(LEADS, &ids, &kind, &places, in_flight);
            let most = (3 * clean).div_ceil(2);
            all += 1;
            if requests > most {
                let rows = ids.len();
                dear.push(format!(
                    "seed {seed}: {rows} rows, density {density}, {kind}, {in_flight} in flight: {requests} requests, {clean} for a clean list"
                ));
            }
            let at_most = (clean + 3).max(most + 1);
            assert!(requests <= at_most, "{dear:?}");
        }
    }
    (dear, all)
}

#[test]
fn hidden_rows_of_any_drawn_list_without_gaps_cost_at_most_half_as_many_requests_again() {
    let (dear, all) = dear_ones(0..1_000, &[1.0]);
    assert!(dear.is_empty(), "{} of {all}: {dear:#?}", dear.len());
}

/// A list that fills its last request to the brim when it is clean may take one more: at most one in fifty does.
#[test]
fn hidden_rows_among_ids_with_gaps_cost_hardly_ever_more_than_half_as_many_requests_again() {
    let (dear, all) = dear_ones(1_000..2_500, &[0.95, 0.7, 0.5, 0.2, 0.05]);
    assert!(dear.len() * 50 <= all, "{} of {all}: {dear:#?}", dear.len());
}

/// Walks a list of 20,000 rows, six requests at once while the memory has room for more; the requests that it takes.
fn requests_in_little_memory(method: &str, hidden: BTreeSet<u64>) -> usize {
    let mut model = Model::new(1..=20_000, 1);
    model.hidden = hidden;
    let pages = pages_of(method, Bounds::default());
    let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
    // The rows of four full requests.
    let memory = 4 * 2_500 * r#"{"ID":"9000"}"#.len();
    let mut rows = 0;
    while !walk.is_done() {
        let mut flights = Vec::new();
        let (most, ahead) = if walk.buffered() < memory {
            (6, ReadAhead::Allowed)
        } else {
            (1, ReadAhead::Full)
        };
        while flights.len() < most {
            let Some(flight) = walk.next(50, ahead) else {
                break;
            };
            flights.push(flight);
        }
        assert!(!flights.is_empty());
        for (ticket, commands) in flights {
            let answer = model.answer(&commands);
            walk.accept(ticket, answer.outcomes).unwrap();
        }
        while let Some(page) = walk.pop() {
            rows += page.len();
        }
    }
    assert_eq!(rows, 20_000 - model.hidden.len());
    model.requests
}

/// Rows that wait for the check of their range must not keep the checks of the ranges behind it waiting.
#[test]
fn hidden_rows_cost_at_most_half_as_many_requests_again_where_read_rows_fill_the_memory() {
    for method in [LEADS, ITEMS, "tasks.task.list"] {
        let clean = requests_in_little_memory(method, BTreeSet::new());
        for every in [10, 20, 97, 300] {
            let hidden = (1..=20_000).step_by(every).collect();
            let requests = requests_in_little_memory(method, hidden);
            assert!(
                requests <= (3 * clean).div_ceil(2),
                "one in {every} of {method}: {requests} requests, {clean} for a clean list"
            );
        }
    }
}

#[test]
fn gaps_between_ids_cost_little() {
    for seed in 0..8 {
        for density in [0.5, 0.05] {
            let found = cost(LEADS, &mut Model::new(sparse(7_531, density, seed), 1), 4);
            assert_eq!(found.ids.len(), 7_531);
            let costs = (found.requests, found.commands);
            assert!(costs.0 <= 5 && costs.1 <= 154, "{costs:?} at {density}");
        }
    }
}

#[test]
fn hidden_rows_of_a_list_of_one_page_are_counted_in_its_one_request() {
    let lists = [(45, 15), (49, 1), (2, 1), (30, 29)];
    for ((rows, hidden), method) in lists
        .into_iter()
        .flat_map(|list| [(list, LEADS), (list, ITEMS)])
    {
        let mut model = Model::new(1..=rows, 1);
        model.hidden = (1..=hidden).collect();
        let found = cost(method, &mut model, 1);
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
        (10_000, 5),
        (20_000, 9),
    ] {
        for in_flight in [1, 4, 6] {
            let found = cost(LEADS, &mut Model::new(1..=rows, 1), in_flight);
            assert_eq!(found.ids.len() as u64, rows);
            assert!(
                found.requests <= most,
                "{rows} rows, {in_flight} in flight: {} requests",
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
}

/// Stretches of up to 200 IDs side by side, with gaps of some 100 million between them.
fn far_clusters(rows: usize, seed: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let stretches = (0..rows / 50)
        .map(|_| (random.u64(1..200_000_000), random.usize(1..200), 1))
        .collect();
    let mut ids = stretched(stretches, &mut random);
    ids.truncate(rows);
    ids
}

/// Each hidden row has to be part of two pages, or it is unknown whether the one page without it was short by mistake.
/// So a list takes at least two commands for every 50 hidden rows.
#[test]
fn a_list_of_which_most_rows_are_hidden_takes_at_most_twice_the_requests_of_two_readings_and_ten() {
    for rows in [3_000, 10_000, 20_000] {
        let lists = [
            ("no gaps", (1..=rows as u64).collect()),
            (
                "every second ID",
                (1..=rows as u64).map(|id| 2 * id).collect(),
            ),
            ("one ID in 20", sparse(rows, 0.05, 7)),
            ("clusters", far_clusters(rows, 7)),
        ];
        for (gaps, ids) in lists {
            for (kind, places) in [
                ("all", (0..rows).collect()),
                ("all but one", (1..rows).collect::<Vec<usize>>()),
                ("the upper half", (rows / 2..rows).collect()),
                ("the lower half", (0..rows / 2).collect()),
            ] {
                let what = format!("{rows} rows, {gaps}, {kind} hidden");
                let (requests, clean) = cost_of_hidden(LEADS, &ids, &what, &places, 1);
                let pages = (rows + places.len()).div_ceil(50);
                let most = (2 * pages).div_ceil(50) + 10;
                assert!(
                    requests <= most,
                    "{what}: {requests} requests, {clean} for a clean list"
                );
            }
        }
    }
}

/// Walks lists of leads of which no row is shown but those in `shown`: as they are, with conditions, and verified.
fn costs_of_mostly_hidden(ids: &[u64], shown: &[u64]) -> [usize; 3] {
    let pages = |has_conditions| {
        let keyset = catalogue::find(LEADS).unwrap().keyset.unwrap();
        let pages = KeysetPages::new(keyset, Names::default(), Map::new(), Bounds::default());
        if has_conditions {
            pages
        } else {
            pages.of_all_rows()
        }
    };
    let walk =
        |has_conditions| KeysetWalk::new(pages(has_conditions), KeysetMode::Lanes, Tail::Sweep);
    [walk(false), walk(true), walk(false).verified()].map(|walk| {
        let mut model = Model::new(ids.iter().copied(), 1);
        model.hidden = ids.iter().copied().collect();
        model.hidden.retain(|id| !shown.contains(id));
        let found = cost_of(walk, &mut model, 1);
        assert_eq!(found.ids, shown);
        assert_eq!(found.hidden, (ids.len() - shown.len()) as u64);
        found.requests
    })
}

/// Where the rows lie is found out by narrower and narrower ranges of IDs: with all that a request holds.
#[test]
fn hidden_rows_in_clusters_far_from_each_other_are_found_by_full_requests() {
    for seed in 0..12 {
        let ids = far_clusters(1_000, seed);
        for shown in [vec![], vec![ids[700]], vec![ids[3], ids[500], ids[999]]] {
            let [all, with_conditions, verified] = costs_of_mostly_hidden(&ids, &shown);
            let what = format!("seed {seed}, {} shown", shown.len());
            assert!(all <= 8, "{what}: {all} requests");
            assert!(with_conditions <= 20, "{what}: {with_conditions} requests");
            assert!(verified <= 18, "{what}: {verified} requests");
        }
    }
}

#[test]
fn a_few_hidden_rows_with_ids_near_the_highest_number_are_found_in_few_requests() {
    for (rows, gap) in [(1, 1), (2, 13), (49, 1), (49, 13), (100, 700), (1_000, 13)] {
        let ids: Vec<u64> = (1..=rows)
            .map(|row| i64::MAX as u64 - 10_000 - (rows - row) * gap)
            .collect();
        for requests in costs_of_mostly_hidden(&ids, &[]) {
            let most = 30 + 2 * rows as usize / 50;
            assert!(
                requests <= most,
                "{rows} rows, {gap} apart: {requests} requests"
            );
        }
    }
}

#[test]
fn a_method_that_ignores_the_filter_and_shows_no_row_is_not_asked_for_narrower_ranges_without_end()
{
    for rows in [1, 2, 30, 49, 60, 1_000] {
        for (tail, room) in [(Tail::Sweep, 50), (Tail::Leave, 50), (Tail::Sweep, 1)] {
            let mut model = Model::new(1..=rows, 1);
            model.hidden = (1..=rows).collect();
            model.ignores = Ignored::Filter;
            let pages = pages_of("sonet_group.get", Bounds::default());
            let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, tail);
            let end = walk_with(&mut walk, room, &mut model, 1, quiet).map(|walked| walked.ids);
            let Err(StrategyError::Misbehaves(why)) = end else {
                panic!("{rows} rows: {end:?}");
            };
            let is_right = why.contains("counts rows and shows none")
                || why == format!("{rows} rows are counted under the ID 1");
            assert!(is_right, "{why}");
            let most = (1_100 + 4 * rows as usize).div_ceil(room) + 10;
            let requests = model.requests;
            assert!(requests <= most, "{rows} rows, {room}: {requests} requests");
        }
    }
}

/// Rows of a table, each with the size of its list; neighbours whose other cells are equal become one.
pub(super) fn rows_by_size(measured: Vec<(usize, Vec<usize>)>) -> Vec<String> {
    let mut merged: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for (rows, requests) in measured {
        match merged.last_mut() {
            Some((_, last, same)) if *same == requests => *last = rows,
            _ => merged.push((rows, rows, requests)),
        }
    }
    let row = |(first, last, requests): (usize, usize, Vec<usize>)| {
        let sizes = if first == last {
            with_commas(first)
        } else {
            format!("{} to {}", with_commas(first), with_commas(last))
        };
        let cells: Vec<String> = requests.iter().map(usize::to_string).collect();
        format!("| {sizes} | {} |", cells.join(" | "))
    };
    merged.into_iter().map(row).collect()
}

fn with_commas(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}

/// The requests of lists of leads of which rows are hidden, four in flight.
pub(super) fn table_of_hidden_rows() -> Vec<String> {
    let sizes = [
        60, 130, 230, 500, 1_000, 2_500, 3_000, 6_000, 7_000, 10_000, 20_000,
    ];
    let measured = sizes.map(|rows| {
        let ids: Vec<u64> = (1..=rows as u64).collect();
        let late = [97, 20].map(|every| ("some, met late", (60..rows).step_by(every).collect()));
        let mut requests = vec![cost_of_hidden(LEADS, &ids, "none", &[], 4).1];
        for (kind, places) in hidden_rows(rows).into_iter().chain(late) {
            requests.push(cost_of_hidden(LEADS, &ids, kind, &places, 4).0);
        }
        (rows, requests)
    });
    rows_by_size(measured.into())
}

/// The requests of lists of leads of which no row is shown, one in flight, by how far their IDs lie apart.
pub(super) fn table_of_blocks() -> Vec<String> {
    let measured = [3_000, 10_000, 20_000].map(|rows| {
        let dense: Vec<u64> = (1..=rows as u64).collect();
        let every_second = dense.iter().map(|id| 2 * id).collect();
        let places: Vec<usize> = (0..rows).collect();
        let lists = [dense, every_second, sparse(rows, 0.05, 7)];
        let costs = lists.map(|ids| cost_of_hidden(LEADS, &ids, "all", &places, 1));
        let mut requests: Vec<usize> = costs.iter().map(|(requests, _)| *requests).collect();
        requests.push(costs[0].1);
        (rows, requests)
    });
    rows_by_size(measured.into())
}

/// The oldest rows are usually those of somebody who has left, and IDs of a portal that was moved begin anywhere.
#[test]
fn hidden_oldest_rows_behind_a_long_gap_cost_at_most_half_as_many_requests_again() {
    for first in [12_346, 100_001, 1_000_001, 2_000_001, 5_000_001] {
        for rows in [1_000, 1_500, 3_000, 7_000, 20_000] {
            for in_flight in [1, 4, 6] {
                let ids: Vec<u64> = (first..first + rows).collect();
                let oldest: Vec<usize> = (0..rows as usize / 10).collect();
                let (found, clean) = cost_of_hidden(LEADS, &ids, "the oldest", &oldest, in_flight);
                assert!(
                    found <= (clean * 3).div_ceil(2),
                    "{rows} rows from {first}, {in_flight} in flight: {found} requests for {clean}"
                );
            }
        }
    }
}

/// Where neither end is shown, it is unknown where the IDs lie: lists of up to a request may take two more.
#[test]
fn hidden_rows_at_both_ends_cost_at_most_half_as_many_requests_again_from_three_requests_on() {
    let firsts = [1, 1, 1, 1, 1, 1, 1, 12_346, 1_000_001];
    let sizes = [
        230, 1_000, 2_500, 3_000, 7_000, 12_000, 20_000, 7_000, 7_000,
    ];
    for (rows, first) in sizes.into_iter().zip(firsts) {
        for in_flight in [1, 4] {
            let ids: Vec<u64> = (first..first + rows as u64).collect();
            for many in [51, rows / 40, rows / 10] {
                let hidden = (0..many).chain(rows - many..rows);
                let hidden: Vec<usize> = hidden.collect();
                let kind = format!("{many} at either end");
                let (found, clean) = cost_of_hidden(LEADS, &ids, &kind, &hidden, in_flight);
                // Where the IDs begin far from 1, they are searched for.
                let search = if first > 1 { 5 } else { 0 };
                let most = (clean * 3).div_ceil(2).max(4) + search;
                assert!(
                    found <= most,
                    "{rows} rows from {first}, {kind}, {in_flight} in flight: {found} requests for {clean}"
                );
            }
        }
    }
}

/// Pages of REST 3.0 have no counts: what a short page shows is read from the other end in the same request.
#[test]
fn hidden_rows_of_rest_3_cost_at_most_three_requests_more() {
    let method = "main.eventlog.list";
    let walk = |model: &mut Model| {
        let pages = pages_of(method, Bounds::default());
        let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
        let walked = walk_with(&mut walk, 20, model, 1, quiet).unwrap();
        (walked.ids, walked.requests)
    };
    for rows in [1_500, 3_000, 7_000, 20_000] {
        for (density, has_no_gaps) in [(1.0, true), (0.7, false), (0.1, false)] {
            let ids = sparse(rows, density, 5);
            let (_, clean) = walk(&mut Model::of_rest_3(ids.iter().copied(), 1));
            for (kind, places) in hidden_rows(rows) {
                let mut model = Model::of_rest_3(ids.iter().copied(), 1);
                model.hidden = places.iter().map(|place| ids[*place]).collect();
                let shown: Vec<u64> = model.ids.difference(&model.hidden).copied().collect();
                let (came, requests) = walk(&mut model);
                assert_eq!(came, shown, "{rows} rows, {kind} hidden");
                let most = clean + if has_no_gaps && rows < 20_000 { 2 } else { 3 };
                assert!(
                    requests <= most,
                    "{rows} rows, density {density}, {kind} hidden: {requests} requests for {clean}"
                );
            }
        }
    }
}

/// Where nothing is counted, no wide range is taken for empty because the page at either end of it shows nothing.
#[test]
fn rows_between_two_blocks_of_hidden_rows_of_rest_3_come_and_few_wait() {
    let mut model = Model::of_rest_3(1..=100_000, 1);
    model.hidden = (1..=1_000).chain(62_001..=65_000).collect();
    let pages = pages_of("main.eventlog.list", Bounds::default());
    let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
    let walked = walk_with(&mut walk, 20, &mut model, 1, quiet).unwrap();
    let shown: Vec<u64> = model.ids.difference(&model.hidden).copied().collect();
    assert!(
        walked.ids == shown,
        "{} of {} rows",
        walked.ids.len(),
        shown.len()
    );
    assert!(walked.requests <= 20, "{} requests", walked.requests);
}

/// A look that rides in a request before the last one may find rows, and may be lost with its request.
#[test]
fn an_early_look_above_the_newest_row_takes_what_came_and_is_made_again_if_it_is_lost() {
    for (lost, seed) in [(0.0, 1), (0.2, 2), (0.5, 3)] {
        let mut model = Model::new(1..=20_000, seed);
        model.lost = lost;
        let mut came = 0;
        let grow = |model: &mut Model| {
            if came < 3 && model.requests >= 2 {
                came += 1;
                model.ids.insert(20_000 + came);
            }
        };
        let pages = pages_of(LEADS, Bounds::default());
        let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
        let walked = walk_with(&mut walk, 50, &mut model, 4, grow).unwrap();
        let last = *walked.ids.last().unwrap();
        assert!(last > 20_000, "{lost} of the requests lost: up to {last}");
        assert_eq!(walked.ids, (1..=last).collect::<Vec<_>>());
    }
}

/// A portal that counts more rows than a range has IDs is not asked for that range without end.
#[test]
fn a_range_that_counts_more_rows_than_it_has_ids_is_asked_for_a_few_times() {
    let mut model = Model::new(1..=60, 1);
    model.hidden = (1..=60).collect();
    model.ignores = Ignored::Filter;
    let pages = pages_of("sonet_group.get", Bounds::default());
    let mut walk = KeysetWalk::new(pages, KeysetMode::Lanes, Tail::Sweep);
    assert!(walk_with(&mut walk, 50, &mut model, 1, quiet).is_err());
    assert!(model.requests <= 40, "{} requests", model.requests);
}
