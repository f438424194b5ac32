//! Lists without a keyset, against a portal that does everything to them: what ends as whole is whole.

pub(super) mod costs;
mod manners;
mod portal;

use std::collections::{BTreeMap, BTreeSet};

use brimful_protocol::catalogue;
use serde_json::{Map, json};

use self::manners::{IdManner, Manners, PagingManner, TotalManner};
use self::portal::Portal;
use super::{Exclusions, seeds};
use crate::list::keyset::pages::{Bounds, KeysetPages, Names};
use crate::list::offset::{FirstPageAgain, OffsetPages};
use crate::list::position::Position;
use crate::list::report::Proof;
use crate::list::strategy::{ListCommand, ReadAhead, Strategy, StrategyError, Ticket};

struct Walked {
    keys: Vec<u64>,
    proof: Proof,
    hidden: u64,
}

fn strategy(manners: Manners) -> OffsetPages {
    let position = match manners.paging {
        PagingManner::LimitOffset { .. } => Position::LimitOffset {
            params: Map::new(),
            within: None,
            limit: ("LIMIT".to_owned(), 50),
            offset: "OFFSET".to_owned(),
        },
        _ => Position::Start(Map::new()),
    };
    let newest = ListCommand {
        params: json!({"newest": true}),
    };
    let keyset = catalogue::find("crm.lead.list").unwrap().keyset.unwrap();
    let by_id = KeysetPages::new(keyset, Names::default(), Map::new(), Bounds::default());
    OffsetPages::new(position, manners.order, FirstPageAgain::IsAnError)
        .by_id(Some(by_id).filter(|_| manners.is_filtered_by_id))
        .newest(Some(newest).filter(|_| manners.asks_for_newest))
        .most_pages(500)
}

fn keys(json: &str) -> u64 {
    let at = json.rfind(r#""k":"#).unwrap() + 4;
    json[at..json.len() - 1].parse().unwrap()
}

/// Reads the list of a portal to its end.
fn walk(portal: &mut Portal) -> Result<Walked, StrategyError> {
    let manners = portal.manners;
    let mut pages = strategy(manners);
    let mut came = Vec::new();
    let mut flights: Vec<(Ticket, Vec<ListCommand>)> = Vec::new();
    // Six times its pages, with all that is asked for in vain.
    for _ in 0..10_000 {
        while let Some(page) = pages.pop() {
            assert!(!page.is_empty(), "a page without rows is handed out");
            came.extend(page.iter().map(|row| keys(row.json)));
        }
        if pages.is_done() {
            assert_eq!(pages.buffered(), 0);
            return Ok(Walked {
                keys: came,
                proof: pages.proof(),
                hidden: pages.hidden(),
            });
        }
        while flights.len() < manners.in_flight {
            let room = if manners.room_varies {
                portal.random.usize(1..=manners.room)
            } else {
                manners.room
            };
            let Some(flight) = pages.next(room, ReadAhead::Allowed) else {
                break;
            };
            assert!(flight.1.len() <= room);
            flights.push(flight);
        }
        assert!(!flights.is_empty(), "nothing to wait for, and not done");
        let landed = portal.random.usize(..flights.len());
        let (ticket, commands) = flights.remove(landed);
        if portal.random.u32(..100) < manners.lost {
            pages.give_back(ticket);
            continue;
        }
        let answers = portal.answers(&commands);
        pages.accept(ticket, answers.outcomes)?;
    }
    panic!("the walk does not end: {manners:?}");
}

/// Whether each row that is there throughout came once, and none came twice.
fn is_exact(portal: &Portal, came: &[u64]) -> Result<(), String> {
    let count = |keys: &mut dyn Iterator<Item = u64>| {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
        counts
    };
    let hidden: BTreeSet<u64> = portal
        .rows
        .iter()
        .filter(|row| row.hidden)
        .map(|row| row.key)
        .collect();
    let shown = portal.lasting.difference(&hidden);
    let lasting = count(&mut shown.map(|key| portal.shown_as(*key)));
    let ever = count(&mut (0..portal.next_key).map(|key| portal.shown_as(key)));
    let came = count(&mut came.iter().copied());
    for (key, most) in &came {
        if ever.get(key).is_none_or(|ever| most > ever) {
            return Err(format!("{key} came {most} times"));
        }
    }
    for (key, least) in &lasting {
        let times = came.get(key).copied().unwrap_or(0);
        if times < *least {
            return Err(format!(
                "{key} came {times} times, and was there {least} times"
            ));
        }
    }
    Ok(())
}

/// How histories ended.
#[derive(Debug, Default)]
struct Ends {
    /// How many there were of clean ones, of those that come to rest and of the others, and how many of each ended as
    /// whole.
    clean: (usize, usize),
    restful: (usize, usize),
    other: (usize, usize),
    /// Of the whole ones, by what they were proved.
    counted: usize,
    /// The portal was asked for rows beside those that came.
    nothing_beside: usize,
    equal_passes: usize,
    /// The same, where rows are counted and not shown.
    equal_passes_with_hidden: usize,
    /// Nothing was proved.
    no_proof: usize,
    /// With a row missing or doubled, and not a word of it.
    wrong: Vec<String>,
    /// Refused, since the list grew faster than it was read.
    grew: usize,
    /// Proved by a count that may be an upper bound which the list has passed, so that nobody can tell.
    counted_past_a_bound: usize,
}

impl Ends {
    fn add(&mut self, walked: &Walked) {
        let hides = walked.hidden > 0;
        *match walked.proof {
            Proof::NothingBeside(_) => &mut self.nothing_beside,
            Proof::Counted(_) => &mut self.counted,
            Proof::EqualPasses(_) if hides => &mut self.equal_passes_with_hidden,
            Proof::EqualPasses(_) => &mut self.equal_passes,
            _ => &mut self.no_proof,
        } += 1;
    }
}

fn run(seeds: std::ops::Range<u64>) -> Ends {
    let mut ends = Ends::default();
    for seed in seeds {
        let manners = Manners::draw(&mut fastrand::Rng::with_seed(seed));
        let mut portal = Portal::new(manners, seed);
        let walked = walk(&mut portal);
        let end = match (manners.is_clean(), manners.is_restful()) {
            (true, _) => &mut ends.clean,
            (false, true) => &mut ends.restful,
            (false, false) => &mut ends.other,
        };
        end.0 += 1;
        end.1 += usize::from(walked.is_ok());
        match walked {
            Ok(walked) => {
                ends.add(&walked);
                if walked.proof == Proof::None {
                    let is_open = manners.ids == IdManner::Equal || !manners.tells_length();
                    assert!(is_open, "seed {seed}: {manners:?}");
                    continue;
                }
                // Nothing tells a list that passes by the highest number that the portal counts to from one that stays
                // there: rows that are deleted are among those that came.
                let passed_bound = portal.counts == [true; 2];
                if passed_bound
                    && matches!(walked.proof, Proof::Counted(_) | Proof::NothingBeside(_))
                {
                    ends.counted_past_a_bound += 1;
                    continue;
                }
                if let Err(why) = is_exact(&portal, &walked.keys) {
                    let proof = walked.proof;
                    ends.wrong
                        .push(format!("seed {seed}: {why}, {proof:?}, {manners:?}"));
                    continue;
                }
                let hidden = portal.rows.iter().filter(|row| row.hidden).count();
                assert!(
                    !manners.tells_hidden()
                        || walked.hidden == (hidden + manners.counted_too_many) as u64,
                    "seed {seed}: {} hidden, {manners:?}",
                    walked.hidden
                );
            }
            Err(StrategyError::Misbehaves(why)) => {
                // What the list is said to have had was passed.
                let had = why.split(' ').find_map(|word| word.parse::<usize>().ok());
                let has_grown = had.is_some_and(|had| portal.most_rows > had);
                assert!(
                    has_grown || !why.contains("grows"),
                    "seed {seed}: {why}, {manners:?}"
                );
                ends.grew += usize::from(why.contains("grows"));
            }
            Err(stuck) => panic!("seed {seed}: {stuck:?}"),
        }
    }
    ends
}

fn check(range: std::ops::Range<u64>) {
    let ends = run(seeds(range));
    assert!(
        ends.wrong.is_empty(),
        "{}:\n{}",
        ends.wrong.len(),
        ends.wrong[..ends.wrong.len().min(20)].join("\n")
    );
    let is_at_least = |(lists, whole): (usize, usize), percent: usize| {
        assert!(
            whole * 100 >= lists * percent,
            "{whole} of {lists} lists came whole, not {percent} in 100"
        );
    };
    // Where a portal lies about its counts or has equal rows, six passes may not be proof.
    is_at_least(ends.clean, 91);
    is_at_least(ends.restful, 88);
    // A list that never comes to rest can be proved by luck alone; one that ignores the place of a page never, nor one
    // whose `next` skips rows.
    is_at_least(ends.other, 56);
    // A walk that refuses all, or proves nothing, would lose no row either. Each end is met, and those that leave something
    // open are rare.
    let all = ends.clean.0 + ends.restful.0 + ends.other.0;
    for (what, lists, least, most) in [
        ("counted", ends.counted, 130, 1_000),
        ("nothing beside", ends.nothing_beside, 8, 1_000),
        ("by equal passes", ends.equal_passes, 450, 1_000),
        (
            "by equal passes, with hidden rows",
            ends.equal_passes_with_hidden,
            50,
            1_000,
        ),
        ("without a proof", ends.no_proof, 1, 60),
        ("counted past a bound", ends.counted_past_a_bound, 0, 1),
        ("growing faster than they are read", ends.grew, 5, 40),
    ] {
        assert!(
            (least * all..=most * all).contains(&(lists * 1_000)),
            "{what}: {lists} of {all}, which is not {least} to {most} in a thousand: {ends:?}"
        );
    }
}

#[test]
fn a_clean_list_with_ascending_ids_and_right_counts_is_read_once() {
    let mut read = 0;
    for seed in 0..30_000 {
        let manners = Manners::draw(&mut fastrand::Rng::with_seed(seed));
        let counted = manners.total == TotalManner::Right && manners.names_next;
        let told_apart = manners.asks_for_newest
            && manners.hidden + manners.hidden_first as u32 == 0
            && manners.room > 1
            && !manners.room_varies;
        if manners.rows == 0
            || !manners.is_clean()
            || !counted
            || !told_apart
            || manners.failing + manners.lost > 0
        {
            continue;
        }
        let mut portal = Portal::new(manners, seed);
        let walked = walk(&mut portal).unwrap();
        assert!(
            matches!(walked.proof, Proof::Counted(_)),
            "seed {seed}: {manners:?}"
        );
        let pages = manners.rows.div_ceil(manners.page).max(1);
        // The newest row, and a page behind the last one where pages are asked for on a guess.
        assert!(
            portal.commands <= pages + 2,
            "seed {seed}: {} commands for {pages} pages, {manners:?}",
            portal.commands
        );
        read += 1;
    }
    assert!(read > 100, "{read} lists");
}

#[test]
fn no_list_without_a_keyset_ends_as_whole_with_a_row_missing_or_doubled() {
    check(0..25_000);
}

#[test]
fn nor_does_one_of_the_next_25_000() {
    check(25_000..50_000);
}

#[test]
fn nor_does_one_of_the_third_25_000() {
    check(50_000..75_000);
}

#[test]
fn nor_does_one_of_the_last_25_000() {
    check(75_000..100_000);
}

/// Histories that lost a row without a word: a page behind a short first one came empty once; rows that were seen between
/// the pages were not there when they were looked for again; a count of nothing stood beside a `next`.
#[test]
fn histories_that_once_lost_a_row_do_not() {
    for seed in [1_048_603, 1_022_518, 1_081_112] {
        let ends = run(seed..seed + 1);
        assert!(ends.wrong.is_empty(), "{:?}", ends.wrong);
    }
}
