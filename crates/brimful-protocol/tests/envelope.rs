//! The reply envelope: success, failure, and everything that is neither.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deterministic;

use brimful_protocol::batch::BatchReply;
use brimful_protocol::{ApiError, Envelope, EnvelopeError, KnownCode};
use proptest::prelude::*;

fn reply(body: &str) -> Envelope<'_> {
    Envelope::parse(body.as_bytes()).unwrap()
}

fn error(body: &str) -> ApiError {
    reply(body).error.expect("an error")
}

fn refusal(body: &[u8]) -> EnvelopeError {
    Envelope::parse(body).unwrap_err()
}

fn result<'a>(reply: &Envelope<'a>) -> &'a str {
    reply.result.expect("a result").get()
}

mod success {
    use super::*;

    #[test]
    fn has_a_result_and_says_where_the_next_page_is() {
        let reply = reply(
            r#"{"result":[{"ID":"1"}],"next":50,"total":2513,"time":{"start":1,"operating":0.5}}"#,
        );
        assert_eq!(result(&reply), r#"[{"ID":"1"}]"#);
        assert_eq!((reply.next, reply.total), (Some(50), Some(2513)));
        assert_eq!(reply.time.unwrap().operating, Some(0.5));
        assert!(reply.error.is_none());
    }

    #[test]
    fn lends_the_result_out_of_the_body() {
        let body = br#"{"result": { "a" : [ 1, 2 ] } }"#.to_vec();
        let reply = Envelope::parse(&body).unwrap();
        let raw = result(&reply);
        assert_eq!(raw, r#"{ "a" : [ 1, 2 ] }"#);
        assert!(body.as_ptr_range().contains(&raw.as_ptr()));
    }

    #[test]
    fn may_have_any_result_null_and_false_included() {
        for any in [
            "null", "false", "true", "0", "\"\"", "[]", "{}", "-1.5e3", "\"text\"",
        ] {
            let body = format!(r#"{{"result":{any},"time":{{}}}}"#);
            assert_eq!(result(&reply(&body)), any);
        }
    }

    #[test]
    fn counts_in_numbers_strings_or_not_at_all() {
        let counts = |next: &str, total: &str| {
            let body = format!(r#"{{"result":[],"next":{next},"total":{total}}}"#);
            let reply = reply(&body);
            (reply.next, reply.total)
        };
        assert_eq!(counts("50", "0"), (Some(50), Some(0)));
        assert_eq!(counts("\"50\"", "\"2513\""), (Some(50), Some(2513)));
        assert_eq!(counts("100.0", "1"), (Some(100), Some(1)));
        for odd in [
            "null",
            "false",
            "\"\"",
            "\"many\"",
            "-1",
            "[]",
            "{\"a\":1}",
            "1.5",
        ] {
            assert_eq!(counts(odd, odd), (None, None), "{odd}");
        }
    }

    #[test]
    fn may_be_written_with_blanks_escapes_and_a_byte_order_mark() {
        let body = "\u{feff}{\n  \"r\\u0065sult\" : [ ] ,\r\n\t\"tot\\u0061l\" : \"7\" }\n";
        let reply = reply(body);
        assert_eq!((result(&reply), reply.total), ("[ ]", Some(7)));
    }

    #[test]
    fn of_a_key_that_comes_twice_has_the_last_one() {
        let reply = reply(r#"{"result":1,"total":5,"result":2,"total":6}"#);
        assert_eq!((result(&reply), reply.total), ("2", Some(6)));
    }

    #[test]
    fn may_say_other_things_too() {
        let reply = reply(r#"{"a\/b":1,"signature":"x","result":[],"next":null,"error":null}"#);
        assert_eq!(result(&reply), "[]");
        assert!(reply.error.is_none(), "an error that is null is none");
    }

    #[test]
    fn may_have_a_key_called_error_inside_its_result() {
        assert!(reply(r#"{"result":{"error":"x"}}"#).error.is_none());
    }
}

mod time {
    use super::*;

    fn time(json: &str) -> Option<brimful_protocol::Time> {
        reply(&format!(r#"{{"result":[],"time":{json}}}"#)).time
    }

    #[test]
    fn starts_in_whole_seconds_on_newer_portals_and_in_fractions_on_older_ones() {
        assert_eq!(
            time(r#"{"start":1772709309,"finish":1772709309.52}"#)
                .unwrap()
                .start,
            Some(1_772_709_309.0)
        );
        assert_eq!(
            time(r#"{"start":1772709309.25}"#).unwrap().start,
            Some(1_772_709_309.25)
        );
        assert_eq!(
            time(r#"{"start":"1772709309.25"}"#).unwrap().start,
            Some(1_772_709_309.25)
        );
    }

    #[test]
    fn has_all_its_fields() {
        let time = time(
            r#"{"start":1,"finish":2.5,"duration":1.5,"processing":0,"date_start":"2026-03-05T14:15:09+03:00",
            "date_finish":"2026-03-05T14:15:10+03:00","operating_reset_at":1772709909,"operating":1.25}"#,
        )
        .unwrap();
        assert_eq!(
            (time.finish, time.duration, time.processing),
            (Some(2.5), Some(1.5), Some(0.0))
        );
        assert_eq!(
            time.date_start.as_deref(),
            Some("2026-03-05T14:15:09+03:00")
        );
        assert_eq!(
            time.date_finish.as_deref(),
            Some("2026-03-05T14:15:10+03:00")
        );
        assert_eq!(
            (time.operating_reset_at, time.operating),
            (Some(1_772_709_909.0), Some(1.25))
        );
    }

    #[test]
    fn may_lack_any_of_them() {
        let time = time("{}").unwrap();
        assert_eq!(time, brimful_protocol::Time::default());
    }

    #[test]
    fn costs_no_result_when_it_is_odd() {
        for odd in ["null", "false", "5", "\"now\"", r#"{"start":{"a":1}}"#] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }
}

mod failure {
    use super::*;

    #[test]
    fn has_a_code_and_a_text() {
        let error =
            error(r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#);
        assert_eq!(error.code.as_str(), "QUERY_LIMIT_EXCEEDED");
        assert_eq!(error.to_string(), "QUERY_LIMIT_EXCEEDED: Too many requests");
    }

    #[test]
    fn is_known_by_its_key_even_if_the_code_is_empty_or_zero() {
        for code in ["", "0", "100"] {
            let body = format!(r#"{{"error":"{code}","error_description":"no"}}"#);
            assert_eq!(error(&body).code, code);
        }
        assert_eq!(
            error(r#"{"error":""}"#).to_string(),
            "an error without code or text"
        );
        assert_eq!(
            error(r#"{"error":"","error_description":"Not found."}"#).to_string(),
            "Not found."
        );
        assert_eq!(
            error(r#"{"error":"insufficient_scope","error_description":""}"#).to_string(),
            "insufficient_scope"
        );
    }

    #[test]
    fn may_have_a_number_for_a_code() {
        assert_eq!(error(r#"{"error":0}"#).code, "0");
        assert_eq!(
            error(r#"{"error":100,"error_description":"Could not find value"}"#).code,
            "100"
        );
        assert_eq!(error(r#"{"error":false}"#).code, "false");
    }

    #[test]
    fn of_rest_3_says_which_fields_were_wrong() {
        let error = error(
            r#"{"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION","message":"Invalid","validation":
            [{"field":"title","message":"is empty"},{"message":"odd"},"text"]}}"#,
        );
        assert_eq!(error.code, "BITRIX_REST_V3_EXCEPTION_VALIDATION");
        assert_eq!(error.validation, ["title: is empty", ": odd", "text"]);
        assert_eq!(
            error.to_string(),
            "BITRIX_REST_V3_EXCEPTION_VALIDATION: Invalid; title: is empty; : odd; text"
        );
    }

    #[test]
    fn of_rest_3_need_not_name_fields() {
        let error = error(
            r#"{"error":{"code":"BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION","message":"Denied","validation":null}}"#,
        );
        assert_eq!(error.code.known(), KnownCode::AccessDenied);
        assert!(error.validation.is_empty());
    }

    #[test]
    fn may_be_worded_oddly_and_loses_nothing() {
        assert_eq!(
            error(r#"{"error":"X","error_description":["a","b"]}"#).description,
            r#"["a","b"]"#
        );
        assert_eq!(
            error(r#"{"error":"X","error_description":null}"#).description,
            ""
        );
        assert_eq!(error(r#"{"error":["X"]}"#).code, r#"["X"]"#);
        assert_eq!(
            error(r#"{"error":{},"error_description":"text"}"#).description,
            "text"
        );
        assert_eq!(
            error(r#"{"error":{"code":5,"message":{"a":1}}}"#).to_string(),
            r#"5: {"a":1}"#
        );
    }

    #[test]
    fn may_come_with_more_keys_and_with_200() {
        let body = r#"{"error":"ERROR_ARGUMENT","error_description":"bad","argument":"ID","result":[1],"total":1}"#;
        let reply = reply(body);
        assert!(reply.result.is_none(), "beside an error there is no result");
        assert_eq!(reply.error.unwrap().code, "error_argument");
    }

    #[test]
    fn is_an_error_to_rust_too() {
        let error: Box<dyn std::error::Error> = Box::new(ApiError::new("X", "text"));
        assert_eq!(error.to_string(), "X: text");
    }
}

mod refusals {
    use super::*;

    #[test]
    fn of_an_empty_body() {
        for body in [&b""[..], b"  \r\n", b"\xef\xbb\xbf"] {
            assert!(matches!(refusal(body), EnvelopeError::Empty));
        }
    }

    #[test]
    fn of_a_page_for_people_name_its_title() {
        let page = b"\n<!DOCTYPE html><html><head><TITLE> 504 Gateway Time-out </TITLE></head>";
        assert_eq!(
            refusal(page).to_string(),
            "an HTML page instead of JSON: 504 Gateway Time-out"
        );
        assert!(
            matches!(refusal(b"<b>Fatal error</b>: Allowed memory"), EnvelopeError::Html(text) if text.contains("memory"))
        );
        assert!(
            matches!(
                refusal(b"<html><title>\xc2\xf5\xee\xe4</title>"),
                EnvelopeError::Html(_)
            ),
            "Windows-1251"
        );
        assert!(
            matches!(refusal("<title>İ</title>ẞ".as_bytes()), EnvelopeError::Html(title) if title == "İ")
        );
    }

    #[test]
    fn of_a_body_that_breaks_off_say_so_wherever_it_does() {
        let whole = "{\"result\":[{\"ID\":\"1\",\"T\":\"я\\u0041\",\"n\":[-1.5e3,true,null]}],\"total\":1,\"time\":{}}";
        for end in 1..whole.len() {
            let cut = &whole.as_bytes()[..end];
            assert!(
                matches!(refusal(cut), EnvelopeError::Truncated(n) if n == end),
                "{end}: {:?}",
                refusal(cut)
            );
        }
    }

    #[test]
    fn of_a_byte_that_is_in_no_character_show_what_stands_before_it() {
        let mut body = br#"{"result":[{"ID":"88","TITLE":"ab"#.to_vec();
        body.extend(b"\xff\xfe\"}]}");
        let text = refusal(&body).to_string();
        assert!(
            text.contains(r#"byte 33 of it is in no character of UTF-8, behind …{"result":[{"ID":"88","TITLE":"ab"#),
            "{text}"
        );
    }

    #[test]
    fn of_what_is_not_json_show_how_it_begins() {
        let text = refusal(b"Bitrix is down\nfor maintenance").to_string();
        assert!(
            text.starts_with("a body that is not JSON")
                && text.ends_with("Bitrix is down for maintenance"),
            "{text}"
        );
        assert!(matches!(
            refusal(br#"{"result":1} <b>Warning</b>"#),
            EnvelopeError::NotJson { .. }
        ));
        assert!(matches!(
            refusal(b"{\"result\":\"\xff\"}"),
            EnvelopeError::NotJson { .. }
        ));
    }

    #[test]
    fn of_json_that_is_not_a_reply_name_it() {
        for body in [
            r#"{"a":1}"#,
            "{}",
            r#"{"error":null}"#,
            "[]",
            "[1,2,3]",
            "5",
            "null",
            "\"text\"",
            r#"[{"result":1}]"#,
        ] {
            assert!(
                matches!(refusal(body.as_bytes()), EnvelopeError::NoResult(text) if text == body),
                "{body}"
            );
        }
    }

    #[test]
    fn show_a_short_piece_of_a_long_body_only() {
        let body = format!(r#"{{"a":"{}"}}"#, "я".repeat(10_000));
        let text = refusal(body.as_bytes()).to_string();
        assert!(text.chars().count() < 200 && text.ends_with('…'), "{text}");
    }
}

mod batches {
    use super::*;

    fn batch(json: &str) -> BatchReply<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn are_keyed_by_label_in_the_order_of_the_portal() {
        let reply = batch(
            r#"{"result":{"b":[1],"a":{"x":1},"n":null},"result_error":{"c":{"error":"","error_description":"no"}},
            "result_total":{"b":"7"},"result_next":{"b":50},"result_time":{"b":{"operating":1}}}"#,
        );
        assert_eq!(reply.result.keys().collect::<Vec<_>>(), ["b", "a", "n"]);
        assert_eq!(
            (reply.result["b"].get(), reply.result["n"].get()),
            ("[1]", "null")
        );
        assert_eq!(reply.result_error["c"], ApiError::new("", "no"));
        assert_eq!(
            (reply.result_total["b"].get(), reply.result_next["b"].get()),
            ("\"7\"", "50")
        );
        assert_eq!(reply.result_time["b"].operating, Some(1.0));
    }

    #[test]
    fn are_lists_where_the_labels_count_from_0() {
        let reply = batch(
            r#"{"result":{"1":5},"result_error":[{"error":"X"}],"result_total":[],"result_next":[],"result_time":[]}"#,
        );
        assert_eq!(reply.result["1"].get(), "5");
        assert_eq!(reply.result_error["0"].code, "x");
        assert!(reply.result_total.is_empty() && reply.result_time.is_empty());
    }

    #[test]
    fn survive_parts_of_an_odd_shape() {
        let reply = batch(
            r#"{"result":[1],"result_error":{"a":null,"b":"text","c":{"error":{"code":"V3","message":"m"}},"d":[]},
            "result_total":0,"result_next":false,"result_time":{"a":{"start":[1]},"b":{"start":1},"c":null}}"#,
        );
        assert_eq!(
            reply.result_error.keys().collect::<Vec<_>>(),
            ["b", "c", "d"]
        );
        assert_eq!(reply.result_error["b"].code, "text");
        assert_eq!(reply.result_error["c"].to_string(), "V3: m");
        assert_eq!(reply.result_time.keys().collect::<Vec<_>>(), ["b"]);
        for scalar in ["null", "true", "1", "-1", "1.5", "\"\""] {
            let json =
                format!(r#"{{"result":{scalar},"result_error":{scalar},"result_time":{scalar}}}"#);
            assert!(batch(&json).result.is_empty(), "{scalar}");
        }
    }

    #[test]
    fn without_commands_have_five_empty_lists() {
        let reply = batch(
            r#"{"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[]}"#,
        );
        assert!(reply.result.is_empty() && reply.result_error.is_empty());
    }
}

proptest! {
    #![proptest_config(deterministic::cases(512))]

    #[test]
    fn no_bytes_make_the_reader_fall_over(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::parse(&body);
    }

    #[test]
    fn nothing_that_looks_like_a_reply_does_either(body in r#"[{}\[\]",:\\/ 0-9.eE+-]{0,20}|\{("(result|error|next|total|time|error_description)":([0-9]{1,3}|"[a-z\\]{0,3}"|null|\[\]|\{\}|[\[{]),?){0,4}\}?"#) {
        if let Ok(reply) = Envelope::parse(body.as_bytes()) {
            prop_assert!(reply.result.is_some() != reply.error.is_some());
        }
    }
}
