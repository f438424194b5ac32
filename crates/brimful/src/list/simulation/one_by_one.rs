//! Lists that are gone through one page after the other, by a cursor or by their place.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::list::cursor::{CursorPages, Family};
use crate::list::offset::{FirstPageAgain, OffsetPages, Order};
use crate::list::position::Position;
use crate::list::report::Proof;
use crate::list::strategy::Strategy;

/// Walks a list that `answer` answers, a page at a time.
fn walk(
    strategy: &mut dyn Strategy,
    mut answer: impl FnMut(&Value) -> Value,
) -> Result<Vec<u64>, StrategyError> {
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        while let Some(page) = strategy.pop() {
            ids.extend(page.ids().map(|id| id.unwrap_or(0)));
        }
        if strategy.is_done() {
            return Ok(ids);
        }
        let (ticket, commands) = strategy.next(1, ReadAhead::Allowed).expect("a command");
        let body = json!({"result": {"result": {"p0": answer(&commands[0].params)}}}).to_string();
        let place = Place {
            key: None,
            id: Some("id"),
        };
        let read = read_batch(&body.into(), &[label(0)], place).unwrap();
        strategy.accept(ticket, read.outcomes)?;
    }
    panic!("the walk does not end");
}

fn rows(ids: impl IntoIterator<Item = u64>) -> Value {
    ids.into_iter().map(|id| json!({ "id": id })).collect()
}

fn messages() -> CursorPages {
    CursorPages::new(Family::BelowId, Map::new(), 0)
}

fn by_next_cursor() -> CursorPages {
    CursorPages::new(Family::AfterCursor, Map::new(), 0)
}

fn limited() -> OffsetPages {
    let position = Position::LimitOffset {
        params: Map::new(),
        within: None,
        limit: ("LIMIT".to_owned(), 50),
        offset: "OFFSET".to_owned(),
    };
    OffsetPages::new(position, Order::Parallel, FirstPageAgain::IsAnError)
}

/// The page below `LAST_ID` of messages with these IDs.
fn page_below(ids: &BTreeSet<u64>, params: &Value) -> Vec<u64> {
    let below = params["LAST_ID"].as_u64().unwrap_or(u64::MAX);
    ids.range(..below).rev().take(50).copied().collect()
}

#[test]
fn messages_come_from_the_last_to_the_first_however_a_page_is_sorted() {
    for count in [0, 1, 49, 50, 51, 170] {
        let ids: BTreeSet<u64> = (1..=count).collect();
        let mut pages = messages();
        let came = walk(&mut pages, |params| {
            let mut page = page_below(&ids, params);
            page.reverse();
            json!({"messages": rows(page), "chat_id": 7})
        });
        assert_eq!(came.unwrap(), (1..=count).rev().collect::<Vec<_>>());
        if count > 0 {
            assert_eq!(
                (pages.proof(), pages.reached()),
                (Proof::UpTo(count), Some(count))
            );
        }
    }
}

#[test]
fn messages_up_to_the_one_that_is_resumed_after_are_left_out() {
    let ids: BTreeSet<u64> = (1..=170).map(|id| id * 3).collect();
    let mut pages = CursorPages::new(Family::BelowId, Map::new(), 300);
    let mut requests = 0;
    let came = walk(&mut pages, |params| {
        requests += 1;
        json!({"messages": rows(page_below(&ids, params))})
    });
    assert_eq!(
        came.unwrap(),
        (101..=170).rev().map(|id| id * 3).collect::<Vec<_>>()
    );
    assert_eq!((pages.proof(), requests), (Proof::UpTo(510), 2));
}

#[test]
fn messages_that_break_off_are_complete_up_to_none() {
    let ids: BTreeSet<u64> = (1..=170).collect();
    let mut pages = messages();
    let stuck = walk(&mut pages, |params| match params["LAST_ID"].as_u64() {
        None => rows(page_below(&ids, params)),
        Some(_) => rows(100..150),
    });
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
    assert_eq!((pages.proof(), pages.reached()), (Proof::None, None));
}

#[test]
fn a_page_that_is_empty_once_does_not_end_a_walk_by_cursor() {
    for empty in 0..4 {
        let ids: BTreeSet<u64> = (1..=150).collect();
        let mut asked = 0;
        let mut came = walk(&mut messages(), |params| {
            asked += 1;
            if asked == empty + 1 {
                return rows([]);
            }
            rows(page_below(&ids, params))
        })
        .unwrap();
        came.reverse();
        assert_eq!(came, (1..=150).collect::<Vec<_>>(), "the page {empty}");
        let mut asked = 0;
        let came = walk(&mut by_next_cursor(), |params| {
            asked += 1;
            let after = params["pagination"]["afterCursor"].as_u64().unwrap_or(0);
            if asked == empty + 1 {
                return json!({"items": [], "nextCursor": null});
            }
            let page: Vec<u64> = (after + 1..=150).take(50).collect();
            let next = page.last().filter(|id| **id < 150).copied();
            json!({"items": rows(page), "nextCursor": next})
        });
        assert_eq!(
            came.unwrap(),
            (1..=150).collect::<Vec<_>>(),
            "the page {empty}"
        );
    }
}

#[test]
fn cursors_that_go_round_and_pages_without_rows_end_with_an_error() {
    let mut asked = 0;
    let stuck = walk(&mut by_next_cursor(), |_| {
        asked += 1;
        json!({"items": rows([asked]), "nextCursor": asked % 3})
    });
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
    for more in [Value::Null, json!(true)] {
        let mut asked = 0;
        let stuck = walk(&mut by_next_cursor(), |_| {
            asked += 1;
            json!({"items": [], "nextCursor": asked, "hasMore": more})
        });
        let is_bounded = matches!(stuck, Ok(_) | Err(StrategyError::Misbehaves(_))) && asked <= 21;
        assert!(is_bounded, "{stuck:?} after {asked}");
    }
    let mut asked = 0;
    let stuck = walk(&mut by_next_cursor(), |_| {
        asked += 1;
        json!({"items": [{"name": "x"}], "nextCursor": asked})
    });
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
}

#[test]
fn a_cursor_that_does_not_advance_is_an_error() {
    let stuck = walk(&mut messages(), |_| rows(50..=99)).unwrap_err();
    assert!(matches!(stuck, StrategyError::Misbehaves(_)), "{stuck:?}");
    let stuck = walk(
        &mut by_next_cursor(),
        |_| json!({"items": rows(1..=50), "nextCursor": 7}),
    );
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
    let mut new = 0;
    let stuck = walk(&mut by_next_cursor(), |_| {
        new += 1;
        json!({"items": rows([new]), "nextCursor": 7})
    });
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
}

#[test]
fn a_cursor_in_the_result_is_followed_until_there_is_none() {
    for last in [Value::Null, json!({"position": 9, "id": 120})] {
        let came = walk(&mut by_next_cursor(), |params| {
            let after = params["pagination"]["afterCursor"]["id"]
                .as_u64()
                .unwrap_or(0);
            let page: Vec<u64> = (after + 1..=120).take(50).collect();
            let next = match page.last() {
                Some(id) if *id < 120 => json!({"position": 1, "id": id}),
                _ => last.clone(),
            };
            json!({"items": rows(page), "nextCursor": next})
        });
        assert_eq!(came.unwrap(), (1..=120).collect::<Vec<_>>());
    }
}

#[test]
fn a_full_page_that_does_not_say_how_to_go_on_is_not_taken_for_the_list() {
    let stuck = walk(&mut by_next_cursor(), |_| json!({"items": rows(1..=50)}));
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
    let stuck = walk(&mut limited(), |params| {
        let offset = params["OFFSET"].as_u64().unwrap();
        json!({"items": rows(offset + 1..=offset), "hasMore": true})
    });
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
}

#[test]
fn notifications_go_back_from_the_last_one_by_its_id_and_type() {
    let all: Vec<u64> = (1..=120).rev().collect();
    let mut pages = CursorPages::new(Family::LastId, Map::new(), 0);
    let came = walk(&mut pages, |params| {
        let before = params["LAST_ID"].as_u64().unwrap_or(u64::MAX);
        if before < u64::MAX {
            assert_eq!(params["LAST_TYPE"], 3);
        }
        let page = all.iter().filter(|id| **id < before).take(50);
        page.map(|id| json!({"id": id, "notify_type": 3})).collect()
    });
    assert_eq!(came.unwrap(), all);
}

#[test]
fn limit_and_offset_go_on_from_the_rows_that_came() {
    for count in [0, 1, 19, 20, 50, 51, 120] {
        // The portal gives no more than 20 rows, whatever it is asked for.
        let came = walk(&mut limited(), |params| {
            let offset = params["OFFSET"].as_u64().unwrap();
            rows((offset + 1..=count).take(20))
        });
        assert_eq!(came.unwrap(), (1..=count).collect::<Vec<_>>());
        let came = walk(&mut limited(), |params| {
            let offset = params["OFFSET"].as_u64().unwrap();
            json!({"items": rows((offset + 1..=count).take(50)), "hasMore": offset + 50 < count})
        });
        assert_eq!(came.unwrap(), (1..=count).collect::<Vec<_>>());
    }
}

#[test]
fn a_full_first_page_that_comes_again_is_no_list() {
    let stuck = walk(&mut limited(), |_| rows(1..=50));
    assert!(
        matches!(stuck, Err(StrategyError::Misbehaves(_))),
        "{stuck:?}"
    );
    let came = walk(&mut limited(), |_| rows(1..=12));
    assert_eq!(came.unwrap(), (1..=12).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, rng_seed: RngSeed::Fixed(26), ..ProptestConfig::default() })]

    #[test]
    fn a_tail_has_every_row_that_is_there_throughout_exactly_once(
        stretches in proptest::collection::vec((1u64..5_000, 1usize..1_500, 1u64..50), 0..6),
        seed in any::<u64>(),
        churn in 0usize..30,
    ) {
        let ids = stretched(stretches, &mut fastrand::Rng::with_seed(seed));
        let mut lasting: BTreeSet<u64> = ids.iter().copied().collect();
        let highest = ids.last().copied().unwrap_or(0);
        let mut model = Model::of_rest_3(ids, seed);
        let field = "id".to_owned();
        let mut tail = CursorPages::new(Family::Tail { field }, Map::new(), 0);
        let came = walk(&mut tail, |params| {
            change(&mut model, churn, highest, &mut lasting);
            let cursor = &params["cursor"];
            rows(model.rows(&Range {
                above: cursor["value"].as_u64().unwrap(),
                up_to: u64::MAX,
                down: false,
                limit: cursor["limit"].as_u64().unwrap() as usize,
                place: 0,
                counted: false,
                excluded: BTreeSet::new(),
            }))
        }).unwrap();
        prop_assert_eq!(is_exact(&came, &lasting), Ok(()));
    }
}
