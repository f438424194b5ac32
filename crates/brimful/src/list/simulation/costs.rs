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
fn hidden_rows(rows: usize) -> [(&'static str, Vec<usize>); 8] {
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
        ("one in 97, not the first", (60..rows).step_by(97).collect()),
        ("one in 10", (0..rows).step_by(10).collect()),
        ("one in 3", (0..rows).step_by(3).collect()),
    ]
}

#[test]
fn hidden_rows_cost_at_most_half_as_many_requests_again_at_every_size() {
    let mut dear = Vec::new();
    for rows in [
        60, 130, 230, 500, 1_000, 2_500, 3_000, 6_000, 7_000, 10_000, 20_000,
    ] {
        for (density, in_flight) in [(1.0, 1), (1.0, 4), (0.5, 1), (0.5, 4)] {
            let ids = sparse(rows, density, 7);
            let clean = cost(&mut Model::new(ids.clone(), 1), in_flight);
            let mut line = format!(
                "{rows} {density} {in_flight}: {}/{}",
                clean.requests, clean.commands
            );
            for (kind, places) in hidden_rows(rows) {
                let mut model = Model::new(ids.clone(), 1);
                model.hidden = places.iter().map(|place| ids[*place]).collect();
                let seen = model
                    .ids
                    .difference(&model.hidden)
                    .copied()
                    .collect::<Vec<_>>();
                let found = cost(&mut model, in_flight);
                assert_eq!(found.ids, seen, "{rows} rows, {kind}");
                assert_eq!(found.hidden, places.len() as u64, "{rows} rows, {kind}");
                let most = (3 * clean.requests).div_ceil(2);
                write!(line, "  {}/{}", found.requests, found.commands).unwrap();
                if found.requests > most {
                    line += "!";
                    dear.push(format!(
                        "{rows} rows ({density}), {kind} hidden: {} requests, {} for a clean list",
                        found.requests, clean.requests
                    ));
                }
            }
            println!("{line}");
        }
    }
    assert!(dear.is_empty(), "{}", dear.join("\n"));
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

#[test]
fn sparse() {
    for density in [0.7, 0.5, 0.2, 0.05] {
        for size in [1_000, 2_500, 7_000, 7_531, 20_000] {
            let mut line = format!("{density} {size}: ");
            for seed in 0..8 {
                let w = cost(&mut Model::new(super::sparse(size, density, seed), 1), 4);
                write!(line, " {}/{}", w.requests, w.commands).unwrap();
            }
            println!("{line}");
        }
    }
}
