//! Rows cut out of the replies to batches of list calls.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use brimful_protocol::rows::{
    BatchOfLists, Page, PageOutcome, Place, RowsError, read_batch, read_lists,
};
use brimful_protocol::{EnvelopeError, KnownCode};
use bytes::Bytes;

const PLAIN: Place<'_> = Place {
    key: None,
    id: Some("ID"),
};

fn under(key: &str) -> Place<'_> {
    Place {
        key: Some(key),
        id: Some("id"),
    }
}

fn body(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn ids(page: &Page) -> Vec<Option<u64>> {
    page.ids().collect()
}

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn batch(text: &str, names: &[&str], place: Place<'_>) -> BatchOfLists {
    read_batch(&body(text), &labels(names), place).unwrap()
}

/// A batch reply whose `result` is made of these five parts.
fn parts(result: &str, error: &str, total: &str, next: &str, time: &str) -> String {
    format!(
        r#"{{"result":{{"result":{result},"result_error":{error},"result_total":{total},"result_next":{next},"result_time":{time}}},"time":{{"operating":0.5}}}}"#
    )
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Page(Vec<Option<u64>>, Option<u64>, Option<u64>),
    Error(String),
    NotRun,
}

fn outcomes(batch: &BatchOfLists) -> Vec<Outcome> {
    let outcome = |outcome: &PageOutcome| match outcome {
        PageOutcome::Page {
            page, next, total, ..
        } => Outcome::Page(ids(page), *next, *total),
        PageOutcome::Error(error) => Outcome::Error(error.to_string()),
        PageOutcome::NotRun => Outcome::NotRun,
    };
    batch.outcomes.iter().map(outcome).collect()
}

mod a_batch {
    use super::*;

    #[test]
    fn has_one_outcome_for_each_label_in_the_order_asked() {
        let reply = parts(
            r#"{"b":[{"ID":2}],"a":[{"ID":1}]}"#,
            r#"{"c":{"error":"","error_description":"Not found."}}"#,
            r#"{"b":0,"a":"2513"}"#,
            r#"{"a":50}"#,
            r#"{"b":{"operating":2},"a":{"operating":1}}"#,
        );
        let reply = batch(&reply, &["a", "b", "c", "d"], PLAIN);
        assert_eq!(
            outcomes(&reply),
            [
                Outcome::Page(vec![Some(1)], Some(50), Some(2513)),
                Outcome::Page(vec![Some(2)], None, Some(0)),
                Outcome::Error("Not found.".to_owned()),
                Outcome::NotRun,
            ]
        );
        let operating: Vec<_> = reply
            .times
            .iter()
            .map(|time| time.as_ref().and_then(|t| t.operating))
            .collect();
        assert_eq!(operating, [Some(1.0), Some(2.0), None, None]);
        assert_eq!(reply.time.unwrap().operating, Some(0.5));
    }

    #[test]
    fn may_have_lists_for_maps_where_labels_count_from_0() {
        let reply = parts(
            r#"[[{"ID":1}],[{"ID":2}]]"#,
            "[]",
            "[5,6]",
            "[50]",
            r#"[{"operating":1},{"operating":2}]"#,
        );
        let reply = batch(&reply, &["0", "1"], PLAIN);
        assert_eq!(
            outcomes(&reply),
            [
                Outcome::Page(vec![Some(1)], Some(50), Some(5)),
                Outcome::Page(vec![Some(2)], None, Some(6))
            ]
        );
        assert_eq!(reply.times[1].as_ref().unwrap().operating, Some(2.0));
    }

    #[test]
    fn mixes_lists_and_maps_when_the_first_command_failed() {
        let reply = parts(
            r#"{"1":[{"ID":2}]}"#,
            r#"[{"error":"NOT_FOUND"}]"#,
            r#"{"1":7}"#,
            "[]",
            "[]",
        );
        let reply = batch(&reply, &["0", "1"], PLAIN);
        assert_eq!(
            outcomes(&reply),
            [
                Outcome::Error("NOT_FOUND".to_owned()),
                Outcome::Page(vec![Some(2)], None, Some(7))
            ]
        );
    }

    #[test]
    fn loses_nothing_where_a_later_part_is_an_empty_list() {
        let reply = parts(r#"[[{"ID":1}]]"#, "[]", "[5]", "[50]", "[]");
        assert_eq!(
            outcomes(&batch(&reply, &["0"], PLAIN)),
            [Outcome::Page(vec![Some(1)], Some(50), Some(5))]
        );
    }

    #[test]
    fn does_not_take_one_label_for_another() {
        let reply = parts(r#"[[{"ID":1}],[{"ID":2}]]"#, "[]", "[]", "[]", "[]");
        let not_run = outcomes(&batch(&reply, &["00", "+1", "", "x"], PLAIN));
        assert!(
            not_run.iter().all(|outcome| *outcome == Outcome::NotRun),
            "{not_run:?}"
        );
        let reply = parts(r#"{"a":[{"ID":1}]}"#, "[]", "[]", "[]", "[]");
        assert_eq!(outcomes(&batch(&reply, &["A"], PLAIN)), [Outcome::NotRun]);
    }

    #[test]
    fn leaves_out_what_nobody_asked_for() {
        let reply = parts(
            r#"{"x":[{"ID":9}],"a":[{"ID":1}],"y":5}"#,
            r#"{"z":{"error":"X"}}"#,
            r#"{"x":1}"#,
            "[]",
            "[]",
        );
        assert_eq!(
            outcomes(&batch(&reply, &["a"], PLAIN)),
            [Outcome::Page(vec![Some(1)], None, None)]
        );
    }

    #[test]
    fn may_have_labels_with_escapes() {
        let reply = parts(
            r#"{"\u043b\/\"1":[{"ID":1}]}"#,
            "[]",
            r#"{"\u043b\/\"1":5}"#,
            "[]",
            "[]",
        );
        assert_eq!(
            outcomes(&batch(&reply, &["л/\"1"], PLAIN)),
            [Outcome::Page(vec![Some(1)], None, Some(5))]
        );
    }

    #[test]
    fn has_rows_under_a_key_too() {
        let result = r#"{"a":{"items":[{"id":1},{"id":2}]},"b":{"items":[]},"c":[],"d":{"items":{"5":{"id":5}}}}"#;
        let reply = batch(
            &parts(result, "[]", "[]", "[]", "[]"),
            &["a", "b", "c", "d"],
            under("items"),
        );
        assert_eq!(
            outcomes(&reply),
            [
                Outcome::Page(vec![Some(1), Some(2)], None, None),
                Outcome::Page(vec![], None, None),
                Outcome::Page(vec![], None, None),
                Outcome::Page(vec![Some(5)], None, None),
            ]
        );
    }

    #[test]
    fn without_commands_is_five_empty_lists() {
        let reply = batch(&parts("[]", "[]", "[]", "[]", "[]"), &["a"], PLAIN);
        assert_eq!(outcomes(&reply), [Outcome::NotRun]);
        assert!(
            batch(&parts("[]", "[]", "[]", "[]", "[]"), &[], PLAIN)
                .outcomes
                .is_empty()
        );
    }

    #[test]
    fn believes_an_error_more_than_a_result() {
        let errors = r#"{"a":{"error":"X"},"b":"broken","c":[],"d":null}"#;
        let reply = batch(
            &parts(
                r#"{"a":null,"b":false,"c":[],"d":[]}"#,
                errors,
                "[]",
                "[]",
                "[]",
            ),
            &["a", "b", "c", "d"],
            PLAIN,
        );
        let outcomes = outcomes(&reply);
        assert_eq!(
            outcomes[..2],
            [
                Outcome::Error("X".to_owned()),
                Outcome::Error("broken".to_owned())
            ]
        );
        assert!(
            matches!(outcomes[2..], [Outcome::Error(_), Outcome::Page(..)]),
            "an error that is null is none"
        );
    }

    #[test]
    fn with_a_result_that_is_not_a_list_fails_and_names_the_command() {
        for (result, what) in [
            ("5", "a number"),
            ("null", "null"),
            (r#"{"a":5}"#, "an object without a list"),
        ] {
            let reply = parts(
                &format!(r#"{{"p0":[],"p1":{result}}}"#),
                "[]",
                "[]",
                "[]",
                "[]",
            );
            let error = read_batch(&body(&reply), &labels(&["p0", "p1"]), PLAIN).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("a result without rows: command p1: {what}")
            );
        }
    }

    #[test]
    fn may_have_odd_parts() {
        for odd in ["null", "false", "0", "-1.5", "\"\""] {
            let reply = parts(r#"{"a":[{"ID":1}]}"#, odd, odd, odd, odd);
            assert_eq!(
                outcomes(&batch(&reply, &["a"], PLAIN)),
                [Outcome::Page(vec![Some(1)], None, None)],
                "{odd}"
            );
        }
        let reply = parts(
            r#"{"a":[{"ID":1}]}"#,
            "[]",
            r#"{"a":[1]}"#,
            r#"{"a":"x"}"#,
            r#"{"a":5}"#,
        );
        assert_eq!(
            outcomes(&batch(&reply, &["a"], PLAIN)),
            [Outcome::Page(vec![Some(1)], None, None)]
        );
    }

    #[test]
    fn may_lack_parts_but_not_all_of_them() {
        let reply = r#"{"result":{"result":{"a":[{"ID":1}]}}}"#;
        assert_eq!(
            outcomes(&batch(reply, &["a"], PLAIN)),
            [Outcome::Page(vec![Some(1)], None, None)]
        );
        for other in [
            r#"{"result":[{"ID":1}]}"#,
            r#"{"result":{"items":[]}}"#,
            r#"{"result":null}"#,
            r#"{"result":[]}"#,
        ] {
            let error = read_batch(&body(other), &labels(&["a"]), PLAIN).unwrap_err();
            assert!(matches!(error, RowsError::NoRows(_)), "{other}: {error}");
        }
    }

    #[test]
    fn may_fail_as_a_whole() {
        let refused = body(
            r#"{"error":"expired_token","error_description":"The access token provided has expired."}"#,
        );
        let error = read_batch(&refused, &labels(&["a"]), PLAIN).unwrap_err();
        assert!(
            matches!(error, RowsError::Api(error) if error.code.known() == KnownCode::ExpiredToken)
        );
        let html = body("<html><title>504</title>");
        assert!(matches!(
            read_batch(&html, &[], PLAIN),
            Err(RowsError::Envelope(EnvelopeError::Html(_)))
        ));
    }

    #[test]
    fn that_breaks_off_anywhere_is_not_a_batch() {
        let whole = parts(
            r#"{"a":[{"ID":"1","T":"я"}],"b":[]}"#,
            r#"{"c":{"error":"X"}}"#,
            r#"{"a":1}"#,
            "[]",
            r#"{"a":{"start":1}}"#,
        );
        for end in 1..whole.len() {
            let cut = Bytes::copy_from_slice(&whole.as_bytes()[..end]);
            let error = read_batch(&cut, &labels(&["a", "b", "c"]), PLAIN).unwrap_err();
            assert!(
                matches!(error, RowsError::Envelope(EnvelopeError::Truncated(n)) if n == end),
                "{end}: {error}"
            );
        }
    }
}

#[test]
fn the_lists_of_a_batch_of_rest_3_come_in_the_order_of_its_calls() {
    let text = r#"{"result":[{"items":[{"id":1},{"id":2}]},{"items":[]},{"items":[{"id":7}]}],"time":{"operating":0.5}}"#;
    let batch = read_lists(&body(text), 3, under("items")).unwrap();
    let page = |ids: &[u64]| Outcome::Page(ids.iter().copied().map(Some).collect(), None, None);
    assert_eq!(outcomes(&batch), [page(&[1, 2]), page(&[]), page(&[7])]);
    assert_eq!(batch.time.unwrap().operating, Some(0.5));
    assert_eq!(batch.times.len(), 3);
}

#[test]
fn a_batch_of_rest_3_with_other_results_than_were_asked_for_is_an_error() {
    for (text, what) in [
        (
            r#"{"result":[{"items":[]}],"time":{}}"#,
            "1 results for 2 calls",
        ),
        (
            r#"{"result":[{"items":[]},{"items":7}]}"#,
            "call 1: a number",
        ),
        (r#"{"result":{"items":[]}}"#, "cannot be walked"),
    ] {
        let error = read_lists(&body(text), 2, under("items")).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let text = r#"{"error":{"code":"BITRIX_REST_V3_EXCEPTION_RATELIMITEXCEPTION","message":"no"}}"#;
    let error = read_lists(&body(text), 2, under("items")).unwrap_err();
    assert!(
        matches!(&error, RowsError::Api(error) if error.code.known() == KnownCode::OperationTimeLimit)
    );
    let half = r#"{"result":[{"items":[{"id":1}"#;
    assert!(matches!(
        read_lists(&body(half), 1, under("items")),
        Err(RowsError::Envelope(_))
    ));
}
