//! What lists by the places of their pages cost where the user may not see every row.

use std::collections::BTreeSet;

use super::{Exclusions, Manners, Portal, Proof, walk};
use crate::list::simulation::costs::rows_by_size;

/// The requests that a list takes of which the rows at `places` are hidden, and how it was proved.
fn cost(manners: Manners, places: &BTreeSet<usize>) -> (usize, Proof) {
    let mut portal = Portal::new(manners, 1);
    // An order of the caller's has nothing to do with that of the IDs.
    fastrand::Rng::with_seed(7).shuffle(&mut portal.rows);
    for (place, row) in portal.rows.iter_mut().enumerate() {
        row.hidden = places.contains(&place);
    }
    let mut shown: Vec<u64> = portal
        .rows
        .iter()
        .filter(|row| !row.hidden)
        .map(|row| row.key)
        .collect();
    let walked = walk(&mut portal).unwrap();
    let mut came = walked.keys;
    came.sort_unstable();
    shown.sort_unstable();
    assert_eq!(came, shown);
    assert_eq!(walked.hidden, places.len() as u64);
    (portal.requests, walked.proof)
}

#[test]
fn hidden_rows_of_a_list_by_place_cost_at_most_half_as_many_requests_again_at_every_size() {
    let mut dear = Vec::new();
    for rows in [
        40, 60, 130, 230, 500, 1_000, 2_500, 3_000, 7_000, 10_000, 20_000,
    ] {
        let many = if rows > 1_200 { 300 } else { rows / 4 };
        let middle = rows / 2;
        let kinds: [(&str, BTreeSet<usize>); 6] = [
            ("one in the middle", [middle].into()),
            (
                "neighbours in the middle",
                (middle..middle + many).collect(),
            ),
            ("the last", (rows - many..rows).collect()),
            ("the first", (0..many).collect()),
            ("one in 97", (0..rows).step_by(97).collect()),
            ("one in 10", (0..rows).step_by(10).collect()),
        ];
        for in_flight in [1, 4] {
            let manners = Manners::of_a_quiet_list(rows, in_flight);
            let (clean, _) = cost(manners, &BTreeSet::new());
            for (kind, places) in &kinds {
                let (requests, proof) = cost(manners, places);
                let shown = (rows - places.len()) as u64;
                assert_eq!(
                    proof,
                    Proof::NothingBeside(shown),
                    "{rows} rows, {kind} hidden"
                );
                if requests > (3 * clean).div_ceil(2) {
                    dear.push(format!(
                        "{rows} rows, {kind} hidden: {requests} requests, {clean} for a clean list"
                    ));
                }
            }
        }
    }
    assert!(dear.is_empty(), "{dear:#?}");
}

#[test]
fn a_method_that_does_not_take_a_list_of_unwanted_ids_is_read_in_three_passes_and_one_request_more()
{
    for exclusions in [
        Exclusions::Ignored,
        Exclusions::Refused,
        Exclusions::MatchNothing,
    ] {
        let manners = Manners::of_a_quiet_list(2_500, 1);
        let hidden = [1_234].into();
        let by_passes = Manners {
            is_filtered_by_id: false,
            ..manners
        };
        let (three_passes, proof) = cost(by_passes, &hidden);
        assert_eq!(proof, Proof::EqualPasses(2_499));
        let manners = Manners {
            exclusions,
            ..manners
        };
        let (requests, proof) = cost(manners, &hidden);
        assert_eq!(proof, Proof::EqualPasses(2_499), "{exclusions:?}");
        let most = three_passes
            + if exclusions == Exclusions::Refused {
                1
            } else {
                3
            };
        assert!(
            requests <= most,
            "{exclusions:?}: {requests}, {three_passes}"
        );
    }
}

/// A row that came into a page which had been read, while the row at the end of that page is hidden and is counted again on
/// the next one: nothing but the rows themselves tells that one is missing.
#[test]
fn a_row_that_moves_while_the_place_of_a_hidden_one_is_counted_twice_comes_all_the_same() {
    let mut moved = 0;
    for seed in 0..300 {
        let manners = Manners {
            lacking: (seed % 3) as usize,
            ..Manners::of_a_quiet_list(430, 1)
        };
        let manners = manners.with_one_move(seed);
        let mut portal = Portal::new(manners, seed);
        for (place, row) in portal.rows.iter_mut().enumerate() {
            row.hidden = place % 10 == 9;
        }
        let walked = walk(&mut portal).unwrap();
        let mut came = walked.keys;
        came.sort_unstable();
        let shown: Vec<u64> = (0..430).filter(|key| key % 10 != 9).collect();
        assert_eq!(came, shown, "seed {seed}");
        moved += usize::from(matches!(walked.proof, Proof::NothingBeside(_)));
    }
    assert!(moved >= 290, "{moved} of 300 were read once");
}

/// The requests of lists in an order of the caller's of which rows are hidden, four in flight.
pub(in crate::list::simulation) fn table_of_hidden_rows() -> Vec<String> {
    let sizes = [40, 60, 130, 230, 500, 1_000, 2_500, 7_000, 20_000];
    let measured = sizes.map(|rows| {
        let many = if rows > 1_200 { 300 } else { rows / 4 };
        let middle = rows / 2;
        let kinds: [BTreeSet<usize>; 5] = [
            BTreeSet::new(),
            [middle].into(),
            (middle..middle + many).collect(),
            (0..rows).step_by(97).collect(),
            (0..rows).step_by(10).collect(),
        ];
        let manners = Manners::of_a_quiet_list(rows, 4);
        (
            rows,
            kinds.iter().map(|places| cost(manners, places).0).collect(),
        )
    });
    rows_by_size(measured.into())
}
