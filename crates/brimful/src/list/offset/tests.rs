//! Lists by pages against scripted answers.

use std::collections::HashSet;

use brimful_protocol::rows::{BatchOfLists, Place, read_batch};
use serde_json::{Map, Value, json};

use super::*;
use crate::list::strategy::label;

/// What a portal answers to one `start`: IDs, `next` and `total`.
type Answer = (Vec<u64>, Option<u64>, Option<u64>);

fn batch(answers: &[Answer]) -> BatchOfLists {
    let mut parts = [Map::new(), Map::new(), Map::new()];
    for (place, (ids, next, total)) in answers.iter().enumerate() {
        let rows: Vec<Value> = ids.iter().map(|id| json!({"ID": id.to_string()})).collect();
        parts[0].insert(label(place), json!(rows));
        if let Some(next) = next {
            parts[1].insert(label(place), json!(next));
        }
        if let Some(total) = total {
            parts[2].insert(label(place), json!(total));
        }
    }
    let [result, next, total] = parts;
    let body = json!({"result": {"result": result, "result_next": next, "result_total": total}});
    let labels: Vec<String> = (0..answers.len()).map(label).collect();
    let place = Place {
        key: None,
        id: Some("ID"),
    };
    read_batch(&body.to_string().into(), &labels, place).unwrap()
}

/// Walks a list of which `answer` gives the pages, `room` commands a request; the IDs in the order they came.
fn walk(room: usize, answer: impl FnMut(u64) -> Answer) -> Result<Vec<u64>, StrategyError> {
    walk_and_name(room, answer).map(|(ids, _)| ids)
}

/// The same, and how the list was read.
fn walk_and_name(
    room: usize,
    mut answer: impl FnMut(u64) -> Answer,
) -> Result<(Vec<u64>, &'static str), StrategyError> {
    let mut pages = OffsetPages::new(
        Position::Start(Map::new()),
        Order::Parallel,
        FirstPageAgain::IsTheList,
    );
    let mut ids = Vec::new();
    for _ in 0..2_000 {
        while let Some(page) = pages.pop() {
            ids.extend(page.ids().map(Option::unwrap));
        }
        if pages.is_done() {
            assert_eq!(pages.buffered(), 0);
            return Ok((ids, pages.name()));
        }
        let (ticket, commands) = pages.next(room, ReadAhead::Allowed).expect("a command");
        let answers: Vec<Answer> = commands
            .iter()
            .map(|command| answer(command.params["start"].as_u64().unwrap()))
            .collect();
        pages.accept(ticket, batch(&answers).outcomes)?;
    }
    panic!("the walk does not end");
}

/// A page of `all` as a controller serves it.
fn slice(all: &[u64], start: u64) -> Vec<u64> {
    all.iter().skip(start as usize).take(50).copied().collect()
}

#[test]
fn a_count_beyond_reason_is_an_error_and_costs_no_memory() {
    for total in [1_000_000_000_000_000, u64::MAX] {
        let all: Vec<u64> = (1..=130).collect();
        let walked = walk(50, |start| {
            let next = (start + 50 < 130).then_some(start + 50);
            (slice(&all, start), next, Some(total))
        });
        assert!(
            matches!(walked, Err(StrategyError::Misbehaves(_))),
            "{walked:?}"
        );
    }
}

#[test]
fn a_count_beyond_reason_over_an_empty_page_is_an_error() {
    let walked = walk(50, |_| (Vec::new(), None, Some(1_000_000)));
    assert!(
        matches!(walked, Err(StrategyError::Misbehaves(_))),
        "{walked:?}"
    );
}

#[test]
fn places_beyond_reason_end_the_list_one_way_or_the_other() {
    let beyond = [50, u64::MAX - 1, u64::MAX];
    for (next, total) in beyond.iter().flat_map(|n| beyond.map(|t| (*n, t))) {
        for counted in [Some(total), None] {
            let all: Vec<u64> = (1..=130).collect();
            let walked = walk(50, |start| (slice(&all, start), Some(next), counted));
            let is_whole = walked.as_ref().is_ok_and(|ids| *ids == all);
            assert!(
                is_whole || matches!(walked, Err(StrategyError::Misbehaves(_))),
                "{next}, {counted:?}: {walked:?}"
            );
        }
    }
}

/// Pages shorter than usual are known by the `next` of the first one. Where that one comes empty, they are known by the
/// others.
#[test]
fn rows_between_the_places_of_pages_are_read_where_an_empty_first_page_hid_how_long_pages_are() {
    for (length, is_one_hidden) in [(10, true), (20, true), (25, true), (40, false), (20, false)] {
        for empty in [0, length as u64] {
            let hidden = u64::from(is_one_hidden);
            let all: Vec<u64> = (1 + hidden..=230).collect();
            let mut asked = 0;
            let walked = walk(50, |start| {
                let total = Some(230);
                asked += u64::from(start == empty);
                if start == empty && asked == 1 {
                    return (Vec::new(), None, total);
                }
                let cut: Vec<u64> = (1..=230).skip(start as usize).take(length).collect();
                let next = start + length as u64;
                let shown = cut.into_iter().filter(|id| *id > hidden).collect();
                (shown, (next < 230).then_some(next), total)
            });
            let mut ids = walked.unwrap();
            ids.sort_unstable();
            assert_eq!(
                ids, all,
                "pages of {length}, {hidden} hidden, empty at {empty}"
            );
        }
    }
}

/// Places between those of the pages are asked for where each page has a hidden row, and a portal rounds them down to the
/// page that they lie in, whose `next` is nearer than a page then.
#[test]
fn the_next_of_a_place_between_pages_does_not_say_how_long_pages_are() {
    let is_hidden = |id: u64| id % 50 == 10;
    let mut are_asked_between = false;
    let walked = walk_and_name(1, |start| {
        are_asked_between |= start % 50 != 0;
        let first = start / 50 * 50;
        let shown = (first + 1..=130.min(first + 50)).filter(|id| !is_hidden(*id));
        let next = (first + 50 < 130).then_some(first + 50);
        // The last page counts nothing, so that its end is no evidence.
        (shown.collect(), next, next.map(|_| 130))
    });
    assert!(are_asked_between);
    let (ids, name) = walked.unwrap();
    let all: Vec<u64> = (1..=130).filter(|id| !is_hidden(*id)).collect();
    assert_eq!((ids, name), (all, "counted pages"));
}

#[test]
fn a_list_with_neither_total_nor_next_is_read_to_its_end() {
    for rows in [0, 49, 50, 51, 100, 120] {
        let all: Vec<u64> = (1..=rows).collect();
        let ids = walk(50, |start| (slice(&all, start), None, None)).unwrap();
        assert_eq!(ids, all);
    }
}

#[test]
fn a_list_that_is_not_paged_at_all_comes_once() {
    for rows in [1, 50, 100, 120] {
        let all: Vec<u64> = (1..=rows).collect();
        let ids = walk(50, |_| (all.clone(), None, None)).unwrap();
        assert_eq!(ids, all);
    }
}

/// Reads a list one command a request, and says what is proved of it.
fn proof_of(again: FirstPageAgain, answer: impl Fn(u64) -> Answer) -> Proof {
    let mut pages = OffsetPages::new(Position::Start(Map::new()), Order::Parallel, again);
    while !pages.is_done() {
        while pages.pop().is_some() {}
        let Some((ticket, commands)) = pages.next(1, ReadAhead::Allowed) else {
            break;
        };
        let start = commands[0].params["start"].as_u64().unwrap();
        pages
            .accept(ticket, batch(&[answer(start)]).outcomes)
            .unwrap();
    }
    pages.proof()
}

#[test]
fn a_short_page_is_no_proof_where_nothing_tells_that_it_is_all() {
    let all: Vec<u64> = (1..=30).collect();
    let again = FirstPageAgain::IsAnError;
    let ignores_places = |_| (all.clone(), None, None);
    assert_eq!(proof_of(again, ignores_places), Proof::None);
    assert_eq!(proof_of(again, |_| (Vec::new(), None, None)), Proof::None);
    // The catalogue knows of a method that it has no pages.
    let is_the_list = FirstPageAgain::IsTheList;
    assert_eq!(proof_of(is_the_list, ignores_places), Proof::OneReply);
    // Behind the rows comes nothing, so the method takes the place of a page.
    let takes_places = |start| (slice(&all, start), None, None);
    assert_eq!(proof_of(again, takes_places), Proof::EqualPasses(30));
    let counts = |_| (all.clone(), None, Some(30));
    assert_eq!(proof_of(again, counts), Proof::Counted(30));
}

#[test]
fn rows_deleted_all_the_time_hide_no_other_in_silence() {
    let mut whole = 0;
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rows: Vec<u64> = (1..=400).collect();
        let room = random.usize(1..4);
        let pace = random.f64() * 0.6;
        let walked = walk(room, |start| {
            if random.f64() < pace && rows.len() > 10 {
                let gone = random.usize(..rows.len());
                rows.remove(gone);
            }
            let start = if start < rows.len() as u64 { start } else { 0 };
            let page = slice(&rows, start);
            let next = start + page.len() as u64;
            let total = rows.len() as u64;
            (page, (next < total).then_some(next), Some(total))
        });
        if let Ok(ids) = walked {
            whole += 1;
            let came: HashSet<u64> = ids.into_iter().collect();
            let lost: Vec<_> = rows
                .iter()
                .filter(|id| **id <= 400 && !came.contains(id))
                .collect();
            assert!(lost.is_empty(), "seed {seed}: {lost:?}");
        }
    }
    assert!(whole > 100, "{whole} of 300 lists came whole");
}

#[test]
fn a_portal_that_shows_no_row_and_answers_every_place_alike_is_not_taken_for_one_whose_rows_are_hidden()
 {
    for next in [Some(50), None] {
        let walked = walk(50, |_| (Vec::new(), next, Some(110)));
        assert!(
            matches!(walked, Err(StrategyError::Misbehaves(_))),
            "{walked:?}"
        );
    }
    let walked = walk(50, |start| {
        (Vec::new(), (start < 100).then_some(start + 50), Some(110))
    });
    assert_eq!(
        walked,
        Ok(Vec::new()),
        "each place has an answer of its own"
    );
}

/// Walks a list one command a request; the requests that it took and how it ended.
fn requests(mut answer: impl FnMut(u64, u64) -> Answer) -> (u64, Result<Vec<u64>, StrategyError>) {
    let mut commands = 0;
    let walked = walk(1, |start| {
        commands += 1;
        answer(commands, start)
    });
    (commands, walked)
}

#[test]
fn an_uncounted_list_that_grows_as_fast_as_it_is_read_ends_with_an_error_soon() {
    for (rows, added) in [(3, 50), (600, 60), (60, 200), (200, 20)] {
        let (commands, walked) = requests(|commands, start| {
            let all: Vec<u64> = (1..=rows + commands * added).collect();
            (slice(&all, start), None, None)
        });
        match walked {
            Err(StrategyError::Misbehaves(why)) => {
                assert!(why.contains("grows faster than it is read"), "{why}");
            }
            // What grows more slowly than it is read comes to its end.
            walked => assert!(added < 50, "{added}: {walked:?}"),
        }
        assert!(commands < 500, "{added}: {commands} commands");
    }
}

fn in_order(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

/// A page that came empty by mistake ended the first pass early. The second one reaches much farther, and nothing was added.
#[test]
fn an_uncounted_list_whose_first_reading_ended_too_early_is_read_whole() {
    for (next, ended_at) in [(true, 100), (false, 100), (true, 1_000)] {
        let all: Vec<u64> = (1..=5_230).collect();
        let mut is_spoilt = false;
        let (_, walked) = requests(|_, start| {
            if start == ended_at && !is_spoilt {
                is_spoilt = true;
                return (Vec::new(), None, None);
            }
            let next = (next && start + 50 < 5_230).then_some(start + 50);
            (slice(&all, start), next, None)
        });
        assert!(in_order(walked.unwrap()) == all, "{next}, {ended_at}");
    }
}

/// Both times the first page is not counted: the portal counts the same rows on all others.
#[test]
fn a_counted_list_whose_first_reading_ended_too_early_is_not_said_to_grow() {
    let all: Vec<u64> = (1..=5_230).collect();
    let (mut first, mut third) = (0, 0);
    let (_, walked) = requests(|_, start| {
        first += u32::from(start == 0);
        third += u32::from(start == 100);
        let next = (start + 50 < 5_230).then_some(start + 50);
        match start {
            0 => (slice(&all, start), next, None),
            100 if third == 1 => (Vec::new(), None, None),
            _ => (slice(&all, start), next, Some(5_230)),
        }
    });
    assert!(first > 1 && third > 1);
    assert!(in_order(walked.unwrap()) == all);
}

#[test]
fn an_uncounted_list_of_many_pages_that_rests_is_read_whole_and_its_end_is_looked_for_in_few_commands()
 {
    for next in [false, true] {
        let all: Vec<u64> = (1..=9_990).collect();
        let (commands, walked) = requests(|_, start| {
            let next = (next && start + 50 < 9_990).then_some(start + 50);
            (slice(&all, start), next, None)
        });
        assert_eq!(walked, Ok(all));
        // Two passes of 200 pages, places behind the last page, and five places far off.
        assert!(commands <= 412, "{commands} commands");
    }
}

#[test]
fn more_than_a_thousand_hidden_neighbours_do_not_end_a_list_that_is_counted() {
    for hidden in [1..=1_500, 1_001..=2_600, 501..=3_000] {
        let walked = walk(50, |start| {
            let page = (start + 1..=start + 50).filter(|id| *id <= 3_000 && !hidden.contains(id));
            let next = (start + 50 < 3_000).then_some(start + 50);
            (page.collect(), next, Some(3_000))
        });
        let shown: Vec<u64> = (1..=3_000).filter(|id| !hidden.contains(id)).collect();
        assert_eq!(walked, Ok(shown), "{hidden:?}");
    }
}

#[test]
fn a_next_that_skips_rows_is_not_believed_where_no_page_is_as_long_as_it_says() {
    for (page, next) in [(20, 50), (20, 21), (10, 60), (49, 50), (7, 40)] {
        for total in [Some(300), None] {
            let walked = walk(50, |start| {
                let ids = (start + 1..=start + page).filter(|id| *id <= 300);
                (
                    ids.collect(),
                    (start + next < 300).then_some(start + next),
                    total,
                )
            });
            let Err(StrategyError::Misbehaves(why)) = &walked else {
                panic!("{page}, {next}, {total:?}: {walked:?}");
            };
            assert!(why.contains("there are rows between"), "{why}");
        }
    }
}

/// Nothing says how long pages are, and no page shows all of its rows: the list comes whole, or it ends with an error.
#[test]
fn short_pages_without_a_next_lose_no_row_in_silence_where_each_has_hidden_ones() {
    let (mut whole, mut refused) = (0, 0);
    let lists = [(500, 49), (500, 45), (500, 41), (130, 49), (2_600, 49)];
    for ((rows, length), seed) in lists
        .into_iter()
        .flat_map(|list| (0..30).map(move |n| (list, n)))
    {
        let mut random = fastrand::Rng::with_seed(seed);
        let hidden: HashSet<u64> = (1..=rows).filter(|_| random.u8(..10) < 3).collect();
        let (is_counted, is_rounded) = (random.bool(), random.bool());
        let walked = walk(50, |start| {
            let place = if is_rounded {
                start / length * length
            } else {
                start
            };
            let page = (place + 1..=place + length).filter(|id| *id <= rows);
            let page = page.filter(|id| !hidden.contains(id)).collect();
            (page, None, Some(rows).filter(|_| is_counted))
        });
        let Ok(mut ids) = walked else {
            refused += 1;
            continue;
        };
        whole += 1;
        ids.sort_unstable();
        let shown: Vec<u64> = (1..=rows).filter(|id| !hidden.contains(id)).collect();
        assert_eq!(
            ids, shown,
            "{rows} rows, pages of {length}, seed {seed}, {is_counted}, {is_rounded}"
        );
    }
    // Where places are rounded down to pages, none of fewer than 2,400 rows is skipped.
    assert!(
        whole >= 25 && refused >= 25,
        "{whole} whole, {refused} refused"
    );
}

#[test]
fn a_row_that_comes_while_places_between_the_pages_are_asked_for_is_read_in_another_pass() {
    let mut list: Vec<u64> = (1..=300).collect();
    let mut has_come = false;
    let walked = walk(50, |start| {
        if start % 50 != 0 && !has_come {
            has_come = true;
            list.insert(60, 1_000);
        }
        let page = slice(&list, start);
        // A row of each page is not shown, so that no page is as long as its `next` says.
        let shown = page.into_iter().filter(|id| id % 50 != 25).collect();
        let next = (start + 50 < list.len() as u64).then_some(start + 50);
        (shown, next, None)
    });
    let mut ids = walked.unwrap();
    ids.sort_unstable();
    let mut shown: Vec<u64> = (1..=300).filter(|id| id % 50 != 25).collect();
    shown.push(1_000);
    assert!(has_come);
    assert_eq!(ids, shown);
}

#[test]
fn an_error_from_a_place_far_behind_the_end_is_no_error_of_the_list() {
    let mut pages = OffsetPages::new(
        Position::Start(Map::new()),
        Order::Parallel,
        FirstPageAgain::IsTheList,
    );
    let all: Vec<u64> = (1..=1_500).collect();
    let mut ids = Vec::new();
    let mut refused = false;
    while !pages.is_done() {
        ids.extend(
            std::iter::from_fn(|| pages.pop())
                .flat_map(|page| page.ids().map(Option::unwrap).collect::<Vec<_>>()),
        );
        let Some((ticket, commands)) = pages.next(50, ReadAhead::Allowed) else {
            break;
        };
        let starts = commands
            .iter()
            .map(|command| command.params["start"].as_u64().unwrap());
        let starts: Vec<u64> = starts.collect();
        let answers: Vec<Answer> = starts
            .iter()
            .map(|&start| {
                (
                    slice(&all, start),
                    (start + 50 < 1_500).then_some(start + 50),
                    None,
                )
            })
            .collect();
        let mut outcomes = batch(&answers).outcomes;
        for (start, outcome) in starts.iter().zip(&mut outcomes) {
            if *start > 1_900 {
                refused = true;
                *outcome = PageOutcome::Error(brimful_protocol::ApiError::new(
                    "ERROR_CORE",
                    "Wrong offset",
                ));
            }
        }
        pages.accept(ticket, outcomes).unwrap();
    }
    while let Some(page) = pages.pop() {
        ids.extend(page.ids().map(Option::unwrap));
    }
    assert!(refused);
    assert_eq!(ids, all);
}

#[test]
fn a_list_of_one_full_page_behind_which_nothing_comes_at_all_is_read_once() {
    let all: Vec<u64> = (1..=50).collect();
    let (commands, walked) = requests(|_, start| {
        let total = (start == 0).then_some(50);
        (slice(&all, start), None, total)
    });
    assert_eq!((commands, walked), (2, Ok(all)));
}
