//! Rows cut out of replies: every shape that portals send, and what is no list.

mod deterministic;

use brimful_protocol::rows::{
    self, BatchOfLists, ListReply, Page, PageOutcome, Place, RowsError, read_batch, read_list,
};
use brimful_protocol::{EnvelopeError, KnownCode};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

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

fn list(text: &str, place: Place<'_>) -> ListReply {
    read_list(&body(text), place).unwrap()
}

fn list_error(text: &str, place: Place<'_>) -> RowsError {
    read_list(&body(text), place).unwrap_err()
}

/// The page of a list whose whole `result` is `result`.
fn page(result: &str, place: Place<'_>) -> Page {
    list(&format!(r#"{{"result":{result}}}"#), place).page
}

fn no_rows(result: &str, place: Place<'_>) -> String {
    match list_error(&format!(r#"{{"result":{result}}}"#), place) {
        RowsError::NoRows(what) => what,
        other => panic!("{other}"),
    }
}

fn ids(page: &Page) -> Vec<Option<u64>> {
    page.ids().collect()
}

fn rows(page: &Page) -> Vec<&str> {
    page.iter().map(|row| row.json).collect()
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
        PageOutcome::Page { page, next, total } => Outcome::Page(ids(page), *next, *total),
        PageOutcome::Error(error) => Outcome::Error(error.to_string()),
        PageOutcome::NotRun => Outcome::NotRun,
    };
    batch.outcomes.iter().map(outcome).collect()
}

mod a_list {
    use super::*;

    #[test]
    fn is_the_result_itself_in_legacy_methods() {
        let reply = list(
            r#"{"result":[{"ID":"7","A":[1,{"ID":"1"}]},{"ID":"9"}],"next":50,"total":2513,"time":{"operating":1}}"#,
            PLAIN,
        );
        assert_eq!(
            rows(&reply.page),
            [r#"{"ID":"7","A":[1,{"ID":"1"}]}"#, r#"{"ID":"9"}"#]
        );
        assert_eq!(ids(&reply.page), [Some(7), Some(9)]);
        assert_eq!((reply.next, reply.total), (Some(50), Some(2513)));
        assert_eq!(reply.time.unwrap().operating, Some(1.0));
    }

    #[test]
    fn is_under_a_key_in_controllers() {
        assert_eq!(
            ids(&page(r#"{"tasks":[{"id":"7"},{"id":9}]}"#, under("tasks"))),
            [Some(7), Some(9)]
        );
        assert_eq!(
            ids(&page(
                r#"{"errors":[1],"items":[{"id":7}],"more":[2]}"#,
                under("items")
            )),
            [Some(7)]
        );
    }

    #[test]
    fn is_found_without_its_key_where_it_is_the_only_one() {
        let place = Place {
            key: None,
            id: Some("id"),
        };
        assert_eq!(
            ids(&page(
                r#"{"hasMore":true,"items":[{"id":7}],"n":{"a":[1]}}"#,
                place
            )),
            [Some(7)]
        );
        assert_eq!(
            ids(&page(r#"{"items":[{"id":7}]}"#, under("tasks"))),
            [Some(7)],
            "a catalogue may be wrong"
        );
        assert_eq!(
            no_rows(r#"{"a":[1],"b":[]}"#, place),
            "several lists: name the key of the rows"
        );
        assert_eq!(
            no_rows(r#"{"a":[1],"b":[2],"c":[3]}"#, under("items")),
            "several lists: name the key of the rows"
        );
    }

    #[test]
    fn may_be_an_object_keyed_by_id() {
        let templates = r#"{"templates":{"12":{"id":"12"},"5":{"id":"5"}}}"#;
        let page = page(templates, under("templates"));
        assert_eq!(ids(&page), [Some(12), Some(5)]);
        assert_eq!(rows(&page), [r#"{"id":"12"}"#, r#"{"id":"5"}"#]);
    }

    #[test]
    fn may_have_gaps_in_its_numbers_and_is_an_object_then() {
        assert_eq!(
            ids(&page(r#"{"0":{"ID":"7"},"2":{"ID":"9"}}"#, PLAIN)),
            [Some(7), Some(9)]
        );
        assert_eq!(
            ids(&page(
                r#"{"items":{"0":{"id":7},"2":{"id":9}}}"#,
                under("items")
            )),
            [Some(7), Some(9)]
        );
    }

    #[test]
    fn is_empty_as_an_empty_php_array() {
        assert!(page("[]", PLAIN).is_empty());
        assert!(
            page("[ ]", under("items")).is_empty(),
            "an empty map is [] too"
        );
        assert!(page("{}", PLAIN).is_empty());
        assert!(page(r#"{"items":[]}"#, under("items")).is_empty());
        assert!(page(r#"{"templates":[]}"#, under("templates")).is_empty());
        assert!(page(r#"{"templates":{}}"#, under("templates")).is_empty());
    }

    #[test]
    fn may_be_pretty_printed() {
        let reply = list(
            "\u{feff}\r\n{\n  \"result\" : {\n \"items\" : [ {\t\"id\" : 7 } ,\n { \"id\" : \"9\" } ]\n } ,\n \"next\" : \"50\"\n}\n",
            under("items"),
        );
        assert_eq!(rows(&reply.page), ["{\t\"id\" : 7 }", "{ \"id\" : \"9\" }"]);
        assert_eq!(
            (ids(&reply.page), reply.next),
            (vec![Some(7), Some(9)], Some(50))
        );
    }

    #[test]
    fn may_be_written_with_escapes() {
        let text = r#"{"re\u0073ult":{"\u0069tems":[{"\u0049D":"7","a\/b":"\\\"]}"}]},"a\/b":1,"tot\u0061l":"5"}"#;
        let reply = list(text, under("items"));
        assert_eq!((ids(&reply.page), reply.total), (vec![Some(7)], Some(5)));
        assert_eq!(rows(&reply.page), [r#"{"\u0049D":"7","a\/b":"\\\"]}"}"#]);
    }

    #[test]
    fn may_have_rows_that_are_no_objects() {
        let page = page(r#"["a",5,null,[1],{"ID":1}]"#, PLAIN);
        assert_eq!(rows(&page), [r#""a""#, "5", "null", "[1]", r#"{"ID":1}"#]);
        assert_eq!(ids(&page), [None, None, None, None, Some(1)]);
    }

    #[test]
    fn may_be_nested_deeply() {
        let deep = format!("[{}{}]", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(page(&deep, PLAIN).len(), 1);
    }

    #[test]
    fn counts_in_numbers_strings_or_not_at_all() {
        let reply = list(r#"{"result":[],"next":"100","total":"0"}"#, PLAIN);
        assert_eq!((reply.next, reply.total), (Some(100), Some(0)));
        let reply = list(
            r#"{"result":[],"next":null,"total":{"a":1},"time":"now"}"#,
            PLAIN,
        );
        assert_eq!((reply.next, reply.total, reply.time), (None, None, None));
    }

    #[test]
    fn of_a_key_that_comes_twice_is_the_last_one() {
        assert_eq!(
            ids(&list(r#"{"result":[{"ID":1}],"result":[{"ID":2}]}"#, PLAIN).page),
            [Some(2)]
        );
    }
}

mod no_list {
    use super::*;

    #[test]
    fn is_a_scalar() {
        let cases = [
            ("null", "null"),
            ("false", "a boolean"),
            ("true", "a boolean"),
            ("5", "a number"),
            ("-5", "a number"),
            ("\"x\"", "a string"),
        ];
        for (result, what) in cases {
            assert_eq!(no_rows(result, PLAIN), what);
            assert_eq!(
                no_rows(
                    &format!(r#"{{"items":{result},"errors":[]}}"#),
                    under("items")
                ),
                what
            );
        }
    }

    #[test]
    fn is_an_object_without_one() {
        assert_eq!(
            no_rows(r#"{"ID":"7","TITLE":"x"}"#, PLAIN),
            "an object without a list"
        );
        assert_eq!(
            no_rows(r#"{"item":{"id":7}}"#, under("items")),
            "an object without a list"
        );
        assert_eq!(
            no_rows(r#"{"5":{"id":7},"x":{"id":8}}"#, PLAIN),
            "an object without a list"
        );
        assert_eq!(
            no_rows(r#"{"5":"a","6":"b"}"#, PLAIN),
            "an object without a list"
        );
    }

    #[test]
    fn is_an_error_of_the_portal() {
        let error = list_error(
            r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#,
            PLAIN,
        );
        assert!(
            matches!(error, RowsError::Api(error) if error.code.known() == KnownCode::QueryLimitExceeded)
        );
        for empty in [
            r#"{"error":""}"#,
            r#"{"error":"0"}"#,
            r#"{"result":[{"ID":1}],"error":""}"#,
        ] {
            assert!(
                matches!(list_error(empty, PLAIN), RowsError::Api(_)),
                "{empty}"
            );
        }
        assert!(list(r#"{"result":[],"error":null}"#, PLAIN).page.is_empty());
    }

    #[test]
    fn is_what_is_no_reply() {
        let envelope = |text: &str| match list_error(text, PLAIN) {
            RowsError::Envelope(error) => error,
            other => panic!("{other}"),
        };
        assert!(matches!(envelope(""), EnvelopeError::Empty));
        assert!(
            matches!(envelope("<html><title>502 Bad Gateway</title>"), EnvelopeError::Html(t) if t == "502 Bad Gateway")
        );
        assert!(matches!(envelope("nothing"), EnvelopeError::NotJson { .. }));
        assert!(matches!(
            envelope(r#"{"result":[]} x"#),
            EnvelopeError::NotJson { .. }
        ));
        for odd in [
            "[]",
            "5",
            "{}",
            r#"{"a":1}"#,
            r#"[{"result":[]}]"#,
            r#"{"error":null}"#,
        ] {
            assert!(
                matches!(envelope(odd), EnvelopeError::NoResult(text) if text == odd),
                "{odd}"
            );
        }
    }

    #[test]
    fn is_a_body_that_breaks_off_anywhere() {
        let whole = r#"{"result":[{"ID":"1","T":"я\u0041"},{"ID":2,"n":[-1.5e3,true,null]}],"total":1,"time":{"start":1}}"#;
        for end in 1..whole.len() {
            let cut = Bytes::copy_from_slice(&whole.as_bytes()[..end]);
            let error = read_list(&cut, PLAIN).unwrap_err();
            assert!(
                matches!(error, RowsError::Envelope(EnvelopeError::Truncated(n)) if n == end),
                "{end}: {error}"
            );
        }
        assert_eq!(list(whole, PLAIN).page.len(), 2);
    }

    #[test]
    fn is_text_in_another_encoding() {
        let error =
            read_list(&Bytes::from_static(b"{\"result\":[\"\xcf\xf0\"]}"), PLAIN).unwrap_err();
        assert!(matches!(
            error,
            RowsError::Envelope(EnvelopeError::NotJson { .. })
        ));
    }
}

mod an_id {
    use super::*;

    fn id(row: &str) -> Option<u64> {
        let from_page = page(&format!("[{row}]"), PLAIN).ids().next().unwrap();
        assert_eq!(from_page, rows::row_id(row, "ID"), "both ways to it agree");
        from_page
    }

    #[test]
    fn is_a_number_or_a_string_of_digits() {
        assert_eq!(id(r#"{"ID":7}"#), Some(7));
        assert_eq!(id(r#"{"ID":"7"}"#), Some(7));
        assert_eq!(id(r#"{"ID":"007"}"#), Some(7));
        assert_eq!(id(r#"{"ID":" 7 "}"#), Some(7));
        assert_eq!(id(r#"{"ID":"\u0037"}"#), Some(7));
        assert_eq!(id(r#"{"ID":0}"#), Some(0));
        assert_eq!(
            id(r#"{"ID":"9999999999999999999"}"#),
            Some(9_999_999_999_999_999_999)
        );
        assert_eq!(id(r#"{"ID":18446744073709551615}"#), Some(u64::MAX));
    }

    #[test]
    fn is_found_in_any_case_and_at_any_place() {
        assert_eq!(id(r#"{"id":7}"#), Some(7));
        assert_eq!(id(r#"{"Id":"7","TITLE":"x"}"#), Some(7));
        assert_eq!(
            id(r#"{"TITLE":"\"ID\":\"5\"","A":{"ID":6},"B":[{"ID":8}],"ID":"7"}"#),
            Some(7)
        );
        assert_eq!(id("{ \"A\" : 1 , \"ID\" : 7 }"), Some(7));
        assert_eq!(id(r#"{"TITLE":"\\","\u0049D":7}"#), Some(7));
    }

    #[test]
    fn is_missing_where_there_is_none_or_no_number() {
        for row in [
            "{}",
            "[]",
            "null",
            "5",
            "\"ID\"",
            r#"{"IDX":5}"#,
            r#"{"XID":5}"#,
            r#"{"I":5}"#,
            r#"{"A":{"ID":5}}"#,
            r#"{"ID":null}"#,
            r#"{"ID":""}"#,
            r#"{"ID":"NEW"}"#,
            r#"{"ID":"7a"}"#,
            r#"{"ID":-7}"#,
            r#"{"ID":"-7"}"#,
            r#"{"ID":7.5}"#,
            r#"{"ID":[7]}"#,
            r#"{"ID":{"ID":7}}"#,
            r#"{"ID":true}"#,
            r#"{"ID":"99999999999999999999"}"#,
            r#"{"ID":1e3}"#,
        ] {
            assert_eq!(id(row), None, "{row}");
        }
    }

    #[test]
    fn is_the_first_of_two() {
        assert_eq!(id(r#"{"ID":7,"id":8}"#), Some(7));
    }

    #[test]
    fn is_not_looked_for_if_nobody_asks() {
        let page = page(r#"[{"ID":7}]"#, Place::default());
        assert_eq!(ids(&page), [None]);
    }

    #[test]
    fn of_what_is_no_json_is_none() {
        for row in ["", "{", r#"{"ID""#, r#"{"ID":"#, "x"] {
            assert_eq!(rows::row_id(row, "ID"), None);
        }
    }
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
    fn with_a_result_that_is_no_list_fails_and_names_the_command() {
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
    fn that_breaks_off_anywhere_is_no_batch() {
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

mod a_page {
    use super::*;

    fn three() -> Page {
        page(r#"[{"ID":1,"T":"один"},{"ID":2},{"ID":3}]"#, PLAIN)
    }

    #[test]
    fn knows_its_rows() {
        let page = three();
        assert_eq!((page.len(), page.is_empty()), (3, false));
        assert_eq!(
            page.bytes(),
            rows(&page).iter().map(|row| row.len()).sum::<usize>()
        );
        assert_eq!(
            page.raw()
                .map(|raw| std::str::from_utf8(raw).unwrap())
                .collect::<Vec<_>>(),
            rows(&page)
        );
        assert_eq!(
            format!("{page:?}"),
            r"Page { rows: 3, ids: [Some(1), Some(2), Some(3)], .. }"
        );
        assert!(Page::default().is_empty());
    }

    #[test]
    fn is_turned_round() {
        let mut page = three();
        page.reverse();
        assert_eq!(ids(&page), [Some(3), Some(2), Some(1)]);
        assert_eq!(rows(&page)[2], r#"{"ID":1,"T":"один"}"#);
        assert_eq!(page.iter().next_back().unwrap().id, Some(1));
    }

    #[test]
    fn keeps_the_ids_that_pass() {
        let mut page = three();
        page.retain_ids(|id| id != Some(2));
        assert_eq!(rows(&page), [r#"{"ID":1,"T":"один"}"#, r#"{"ID":3}"#]);
    }

    #[test]
    fn lives_on_without_the_reply_it_came_in() {
        let text = body(r#"{"result":[{"ID":1,"T":"один"},{"ID":2},{"ID":3}]}"#);
        let mut page = read_list(&text, PLAIN).unwrap().page;
        assert!(!text.is_unique(), "rows share the body");
        page.retain_ids(|id| id != Some(2));
        page.reverse();
        let copy = page.detached();
        assert_eq!((rows(&copy), ids(&copy)), (rows(&page), ids(&page)));
        assert_eq!(copy.bytes(), page.bytes());
        drop(page);
        assert!(text.is_unique(), "a copy does not");
        assert!(Page::default().detached().is_empty());
    }

    #[test]
    fn reads_a_row_as_a_type() {
        #[derive(serde::Deserialize)]
        struct Lead<'a> {
            #[serde(rename = "T")]
            title: &'a str,
        }
        let page = three();
        let first = page.iter().next().unwrap();
        assert_eq!(first.parse::<Lead<'_>>().unwrap().title, "один");
        assert!(page.iter().nth(1).unwrap().parse::<Lead<'_>>().is_err());
    }
}

fn field() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<i32>().prop_map(|i| json!(f64::from(i) / 8.0)),
        any::<String>().prop_map(Json::from),
        "[\"\\\\\\[\\]{},: я\u{1}]{0,20}".prop_map(Json::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|o| Json::Object(o.into_iter().collect())),
        ]
    })
}

/// A row with an ID somewhere in it, or without one.
fn row() -> impl Strategy<Value = Json> {
    let id = prop_oneof![
        any::<u64>().prop_map(|id| Some(json!(id))),
        any::<u64>().prop_map(|id| Some(json!(id.to_string()))),
        Just(None),
    ];
    let before = proptest::collection::vec(("[A-HJ-Z_\"\\\\я]{1,8}", field()), 0..4);
    let after = proptest::collection::vec(("[A-HJ-Z_\"\\\\я]{1,8}", field()), 0..4);
    (before, id, after).prop_map(|(before, id, after)| {
        let id = id.map(|id| ("ID".to_owned(), id));
        Json::Object(before.into_iter().chain(id).chain(after).collect())
    })
}

#[derive(Debug, Clone)]
enum Command {
    Rows(Vec<Json>, Option<u64>, Option<u64>),
    Fails(String),
    NotRun,
}

fn command() -> impl Strategy<Value = Command> {
    let count = || proptest::option::of(0u64..10_000);
    prop_oneof![
        4 => (proptest::collection::vec(row(), 0..5), count(), count()).prop_map(|(r, n, t)| Command::Rows(r, n, t)),
        1 => any::<String>().prop_map(Command::Fails),
        1 => Just(Command::NotRun),
    ]
}

/// A PHP array: a list where its keys count from 0, a map otherwise, and a list when empty.
fn php_array(entries: Vec<(String, Json)>) -> Json {
    if entries
        .iter()
        .enumerate()
        .all(|(i, (key, _))| *key == i.to_string())
    {
        return entries.into_iter().map(|(_, value)| value).collect();
    }
    Json::Object(entries.into_iter().collect())
}

/// What `serde_json` makes of the ID of a row.
fn id_of(row: &Json) -> Option<u64> {
    let id = row.get("ID")?;
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

proptest! {
    #![proptest_config(deterministic::cases(512))]

    #[test]
    fn rows_cut_out_of_a_batch_are_what_serde_json_sees(
        commands in proptest::collection::vec(command(), 0..6),
        wrapped in any::<bool>(),
        numbered in any::<bool>(),
        pretty in any::<bool>(),
    ) {
        let label = |i: usize| if numbered { i.to_string() } else { format!("p\"{i}") };
        let mut parts = [const { Vec::new() }; 4];
        for (i, command) in commands.iter().enumerate() {
            match command {
                Command::Rows(rows, next, total) => {
                    let rows = Json::from(rows.clone());
                    parts[0].push((label(i), if wrapped { json!({"items": rows}) } else { rows }));
                    parts[2].extend(total.map(|total| (label(i), json!(total))));
                    parts[3].extend(next.map(|next| (label(i), json!(next))));
                }
                Command::Fails(text) => parts[1].push((label(i), json!({"error": "", "error_description": text}))),
                Command::NotRun => {}
            }
        }
        let [result, error, total, next] = parts.map(php_array);
        let reply = json!({
            "result": {"result": result, "result_error": error, "result_total": total, "result_next": next, "result_time": []},
            "time": {"start": 1},
        });
        let text = if pretty { serde_json::to_string_pretty(&reply) } else { serde_json::to_string(&reply) }.unwrap();
        let names: Vec<String> = (0..commands.len()).map(label).collect();
        let place = Place { key: wrapped.then_some("items"), id: Some("ID") };
        let read = read_batch(&text.into(), &names, place).unwrap();
        prop_assert_eq!(read.outcomes.len(), commands.len());
        for (outcome, command) in read.outcomes.iter().zip(&commands) {
            match (outcome, command) {
                (PageOutcome::Page { page, next, total }, Command::Rows(rows, n, t)) => {
                    prop_assert_eq!((next, total), (n, t));
                    let cut: Vec<Json> = page.iter().map(|row| row.parse().unwrap()).collect();
                    prop_assert_eq!(&cut, rows);
                    prop_assert_eq!(ids(page), rows.iter().map(id_of).collect::<Vec<_>>());
                    let copy = page.detached();
                    prop_assert_eq!(copy.raw().collect::<Vec<_>>(), page.raw().collect::<Vec<_>>());
                }
                (PageOutcome::Error(error), Command::Fails(text)) => prop_assert_eq!(&error.description, text),
                (PageOutcome::NotRun, Command::NotRun) => {}
                (outcome, command) => prop_assert!(false, "{:?} for {:?}", outcome, command),
            }
        }
    }

    #[test]
    fn a_reply_is_accepted_exactly_when_serde_json_accepts_it(
        rows in r#"([\[\]{}",:\\ 0-9.eE+-]|true|false|null|"[a-z]{0,3}"|"\\[\\"/bfnrtux0-9a-f]{1,5}"|-?[0-9]{1,3}(\.[0-9]{0,2})?([eE][+-]?[0-9]?)?|"ID":|я|\u{1}){0,10}"#,
    ) {
        let text = format!(r#"{{"result":[{rows}]}}"#);
        let sound = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        match read_list(&body(&text), PLAIN) {
            Ok(_) => prop_assert!(sound),
            Err(RowsError::Envelope(EnvelopeError::NoResult(_)) | RowsError::Api(_) | RowsError::NoRows(_)) => prop_assert!(sound),
            Err(_) => prop_assert!(!sound, "{}", text),
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let body = Bytes::from(bytes);
        let _ = read_list(&body, PLAIN);
        let _ = read_batch(&body, &labels(&["a", "0"]), under("items"));
    }

    #[test]
    fn a_reply_with_one_byte_changed_does_not_either(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
        let mut bytes = parts(r#"{"a":{"items":[{"id":"1","T":"я"}]},"0":[]}"#, r#"{"c":{"error":"X"}}"#, r#"{"a":1}"#, "[]", "[]").into_bytes();
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len() - cut.saturating_sub(150).min(bytes.len()));
        let body = Bytes::from(bytes);
        let _ = read_list(&body, under("items"));
        let _ = read_batch(&body, &labels(&["a", "0"]), under("items"));
    }

    #[test]
    fn row_id_never_falls_over(row in any::<String>(), field in any::<String>()) {
        let _ = rows::row_id(&row, &field);
    }
}
