//! Rows cut out of the replies to list calls: every shape that portals send, and what is not a list.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use brimful_protocol::rows::{self, ListReply, Page, Place, RowsError, read_list};
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
    fn may_have_rows_that_are_not_objects() {
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
    fn is_what_is_not_a_reply() {
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
    fn is_one_with_more_than_blanks_behind_it() {
        for behind in ["\0", "\0\0{\"result\":[]}", "\u{1}", "x", "}", "\u{b}"] {
            let text = format!("{{\"result\":[]}} \n{behind}");
            let error = list_error(&text, PLAIN);
            assert!(
                matches!(error, RowsError::Envelope(EnvelopeError::NotJson { .. })),
                "{behind:?}: {error}"
            );
        }
        assert!(list("{\"result\":[]} \r\n\t", PLAIN).page.is_empty());
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
        assert_eq!(id(r#"{"ID":7.0}"#), Some(7));
        assert_eq!(id(r#"{"ID":1e3}"#), Some(1_000));
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
    fn of_what_is_not_json_is_none() {
        for row in ["", "{", r#"{"ID""#, r#"{"ID":"#, "x"] {
            assert_eq!(rows::row_id(row, "ID"), None);
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

mod beside_the_rows {
    use super::*;

    fn paging(result: &str) -> (Option<String>, Option<bool>) {
        let paging = list(&format!(r#"{{"result":{result}}}"#), under("items")).paging;
        (
            paging.cursor.map(|cursor| cursor.get().to_owned()),
            paging.more,
        )
    }

    #[test]
    fn a_cursor_and_has_more_are_read_as_they_come() {
        assert_eq!(
            paging(r#"{"items":[],"nextCursor":{"position":100,"id":1}}"#),
            (Some(r#"{"position":100,"id":1}"#.to_owned()), None)
        );
        assert_eq!(
            paging(r#"{"hasMore":true,"nextOffset":2002,"items":[]}"#),
            (Some("2002".to_owned()), Some(true))
        );
        assert_eq!(
            paging(r#"{"items":[],"hasMore":"N","nextCursor":null}"#),
            (None, Some(false))
        );
        assert_eq!(paging(r#"{"items":[]}"#), (None, None));
    }

    #[test]
    fn the_one_list_is_found_beside_them() {
        let page = page(
            r#"{"hasMore":false,"events":[{"ID":1}],"nextOffset":2}"#,
            PLAIN,
        );
        assert_eq!(page.len(), 1);
    }
}

mod an_identity {
    use super::*;
    use brimful_protocol::rows::Identity;
    use std::collections::HashSet;

    fn identities(result: &str, id: &str) -> Vec<Identity> {
        let place = Place {
            key: None,
            id: Some(id),
        };
        page(result, place).identities().collect()
    }

    #[test]
    fn tells_ids_of_any_kind_apart() {
        let result = r#"[{"ID":7},{"ID":"007"},{"ID":-7},{"ID":"D_5"},{"ID":"D_6"},{"ID":18446744073709551615},
            {"ID":"18446744073709551616"},{"ID":"18446744073709551617"},{"ID":"550e8400-e29b-41d4-a716-446655440000"},
            {"ID":null,"A":1},{"A":1},{"A":2},{"ID":[7]},{"ID":"","A":3},7,"7",null]"#;
        let found = identities(result, "ID");
        let different: HashSet<Identity> = found.iter().copied().collect();
        assert_eq!(different.len(), found.len(), "{found:?}");
        assert_eq!(found[0], Identity::Number(7));
        assert_eq!(found[5], Identity::Number(u64::MAX));
        assert!(
            found[9..]
                .iter()
                .all(|id| matches!(id, Identity::Content(_)))
        );
    }

    #[test]
    fn is_the_same_for_a_number_and_its_digits_and_for_a_row_that_changes() {
        let found = identities(
            r#"[{"ID":7,"A":1},{"ID":"7","A":2},{"id":-7,"A":1},{"Id":"-7","A":2},{"ID":"x","A":1},{"ID":"x"}]"#,
            "ID",
        );
        assert_eq!(found[0], found[1]);
        assert_eq!(found[2], found[3]);
        assert_eq!(found[4], found[5]);
    }

    #[test]
    fn is_the_usual_id_where_the_row_does_not_have_the_one_that_was_named() {
        let rows =
            r#"[{"A":1,"id":7},{"A":2,"Id":"7"},{"taskId":"7","ID":9},{"ID":9,"taskId":"7"}]"#;
        assert_eq!(identities(rows, "taskId"), [Identity::Number(7); 4],);
        let place = Place {
            key: None,
            id: Some("taskId"),
        };
        assert_eq!(
            ids(&page(rows, place)),
            [None, None, Some(7), Some(7)],
            "it is not an ID of the list"
        );
    }

    #[test]
    fn stays_when_the_rows_are_copied_out_of_their_body() {
        let rows = r#"[{"A":1,"ID":"D_5"},{"B":"x","ID":-3},{"C":1},{"ID":5}]"#;
        let page = page(rows, PLAIN);
        let copied = page.detached();
        assert!(page.identities().eq(copied.identities()));
        assert_eq!(copied.len(), 4);
    }
}

mod rows_by_their_ids {
    use super::*;

    #[test]
    fn are_found_under_a_name_that_nobody_knows() {
        let found = page(
            r#"{"templates":{"2":{"id":"2"},"30":{"id":"30"}},"summary":{"count":2}}"#,
            PLAIN,
        );
        assert_eq!(ids(&found), [Some(2), Some(30)]);
        assert!(page(r#"{"templates":[]}"#, PLAIN).is_empty());
    }

    #[test]
    fn are_not_guessed_where_there_are_two_or_other_things_among_them() {
        assert_eq!(
            no_rows(r#"{"a":{"2":{"id":2}},"b":{"3":{"id":3}}}"#, PLAIN),
            "several lists: name the key of the rows"
        );
        for result in [
            r#"{"item":{"ID":"5"}}"#,
            r#"{"item":{"5":1}}"#,
            r#"{"item":{"5":{"ID":1},"x":{"ID":2}}}"#,
        ] {
            assert_eq!(
                no_rows(result, PLAIN),
                "an object without a list",
                "{result}"
            );
        }
    }

    #[test]
    fn give_way_to_a_list() {
        let found = page(r#"{"users":{"1":{"id":1}},"tasks":[{"id":7}]}"#, PLAIN);
        assert_eq!(ids(&found), [Some(7)]);
    }
}
