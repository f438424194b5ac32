//! The wire of R7-Office as its documentation and its published code say it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deterministic;

use brimful_r7_protocol::{
    Envelope, EnvelopeError, Item, Moment, PageError, basic, form, json, read_items, read_page,
    read_replies,
};
use bytes::Bytes;
use deterministic::cases;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_form_of_the_documentation_is_written_and_read() {
    let params = json!({"contacts": [{"Type": "skype", "Value": "skypename"}, {"Type": "msn", "Value": "msn_login"}]});
    let text = "contacts[0].Type=skype&contacts[0].Value=skypename&contacts[1].Type=msn&contacts[1].Value=msn_login";
    assert_eq!(form::encode(&params).unwrap(), text);
    assert_eq!(form::decode(text.as_bytes()), params);
}

#[test]
fn what_a_form_cannot_carry_is_an_error_and_not_left_out() {
    assert_eq!(form::encode(&json!({})).unwrap(), "");
    for (params, said) in [
        (json!({"a": null}), "form field a is null"),
        (json!({"a": {"b": []}}), "form field a.b is an empty list"),
        (json!({"a": [1, {}]}), "form field a[1] is an empty object"),
        (json!({"": 1}), "is a value without a name"),
        (json!("x"), "is a value without a name"),
    ] {
        let error = form::encode(&params).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn forms_are_read_in_all_spellings() {
    for (text, params) in [
        ("", json!({})),
        ("a", json!({"a": ""})),
        ("a=1&a=2", json!({"a": "1,2"})),
        ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
        ("a[1]=x&a[0]=y", json!({"a": ["y", "x"]})),
        ("a[b][c].d=1", json!({"a": {"b": {"c": {"d": "1"}}}})),
        (
            "[0][relativeUrl]=x&[0].method=y",
            json!([{"relativeUrl": "x", "method": "y"}]),
        ),
        ("a%5B0%5D=%D1%8F+b", json!({"a": ["я b"]})),
        ("=1&&[=2&a[=3&.=4&a.=5", json!({})),
    ] {
        assert_eq!(form::decode(text.as_bytes()), params, "{text}");
    }
}

#[test]
fn a_name_of_a_thousand_levels_is_dropped_and_no_crash() {
    for level in ["[a]", "[]", ".a"] {
        let text = format!("a{}=1&b=2", level.repeat(1_000));
        assert_eq!(form::decode(text.as_bytes()), json!({"b": "2"}));
    }
}

#[test]
fn the_reply_of_the_documentation_is_read_twice() {
    let body = r#"{"count": 1, "startIndex": 0, "status": 0, "statusCode": 200, "response": [{"status": 200,
        "headers": {"x-AspNet-Version": "2.0.50727", "content-Type": "application/json; charset=UTF-8"},
        "data": "{\"count\": 1, \"status\": 0, \"statusCode\": 200, \"response\": {\"id\": \"293bb997\"}}"}]}"#;
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let replies = read_replies(envelope.response.unwrap().get()).unwrap();
    let reply = replies[0].as_ref().unwrap();
    assert_eq!(
        reply.header("Content-Type"),
        Some("application/json; charset=UTF-8")
    );
    let data = reply.data.as_deref().unwrap();
    let inner = Envelope::parse(data.as_bytes()).unwrap();
    assert_eq!((inner.count, inner.start_index, inner.total), (1, 0, None));
    assert_eq!(inner.response.unwrap().get(), r#"{"id": "293bb997"}"#);
}

#[test]
fn an_error_is_known_by_its_presence() {
    let error = |body: &str| {
        Envelope::parse(body.as_bytes())
            .unwrap()
            .problem()
            .map(|problem| problem.message)
    };
    assert_eq!(
        error(r#"{"status":0,"error":{"message":"no batch specified","hresult":-1,"data":{}}}"#)
            .unwrap(),
        "no batch specified"
    );
    let once =
        r#"{"status":1,"statusCode":500,"error":{"message":"broken","hresult":1,"data":{}}}"#;
    assert_eq!(error(&format!("{once}{once}")).unwrap(), "broken");
    assert_eq!(
        error(r#"{"status":1,"statusCode":400}"#).unwrap(),
        "status 1"
    );
    assert_eq!(
        error(r#"{"status":0,"statusCode":200,"response":null}"#),
        None
    );
}

#[test]
fn what_is_not_an_envelope_says_what_it_is() {
    let parse = |body: &str| Envelope::parse(body.as_bytes()).map(|_| ()).unwrap_err();
    assert!(matches!(parse(" "), EnvelopeError::Empty));
    assert!(matches!(parse("<html>"), EnvelopeError::Html));
    assert!(matches!(parse("Unauthorized"), EnvelopeError::NotJson(_)));
    assert!(matches!(
        parse(r#"{"status":0,"response":[{"#),
        EnvelopeError::Truncated(_)
    ));
    assert!(matches!(parse("{}"), EnvelopeError::NoReply(_)));
    assert!(matches!(
        parse(r#"{"count":"many"}"#),
        EnvelopeError::NoReply(_)
    ));
}

#[test]
fn a_page_is_cut_out_of_the_body_it_came_in() {
    let body: Bytes =
        r#"{"count":2,"startIndex":4,"nextIndex":7,"total":9,"status":0,"statusCode":200,
        "response":[ {"id": "a", "n": [1, 2]} ,{"id":5}]}"#
            .into();
    let page = read_page(&body).unwrap();
    assert_eq!(
        (page.start_index, page.more, page.total),
        (4, true, Some(9))
    );
    let rows: Vec<_> = page.page.iter().map(|row| (row.id, row.json)).collect();
    assert_eq!(
        rows,
        [
            (None, r#"{"id": "a", "n": [1, 2]}"#),
            (Some(5), r#"{"id":5}"#)
        ]
    );
    let one = r#"{"status":0,"statusCode":200,"response":{"id":5}}"#;
    assert!(matches!(read_page(&one.into()), Err(PageError::NoRows)));
    let error = r#"{"status":1,"statusCode":404,"error":{"message":"no"}}"#;
    assert!(matches!(
        read_page(&error.into()),
        Err(PageError::Problem { status: 404, .. })
    ));
}

#[test]
fn items_are_read_in_any_case_and_written_in_one() {
    let items = read_items(
        r#"[{"RelativeUrl":"a","NAME":"n","Order":"3","headers":[],"RelativeMethod":"x"},{"order":2.0}]"#,
    );
    assert!(items.is_err(), "2.0 is no whole number");
    let items = read_items(
        r#"[{"RelativeUrl":"a","NAME":"n","Order":"3","headers":[],"RelativeMethod":"x"}]"#,
    )
    .unwrap();
    let item = Item {
        name: Some("n".to_owned()),
        relative_url: Some("a".to_owned()),
        order: 3,
        ..Item::default()
    };
    assert_eq!(items.len(), 1);
    assert_eq!(items[0], item);
    assert_eq!(
        serde_json::to_string(&item).unwrap(),
        r#"{"name":"n","relativeUrl":"a","order":3}"#
    );
    assert!(
        read_items(r#"[{"body":{"a":1}}]"#).is_err(),
        "a body is a string"
    );
}

#[test]
fn strings_are_escaped_as_the_server_escapes_them() {
    let text = "a/b \"c\" \\ \n\t\u{1} я 😀 \u{fffe}";
    assert_eq!(
        json::to_string(&json!(text)),
        r#""a\/b \"c\" \\ \u000a\u0009\u0001 я \ud83d\ude00 \ufffe""#
    );
}

#[test]
fn dates_are_read_in_all_documented_spellings() {
    for (text, unix, written) in [
        (
            "1974-05-16T05:00:00.0000000+05:00",
            137_894_400,
            "1974-05-16T05:00:00.0000000+05:00",
        ),
        (
            "2026-03-01T10-00-00.1234567Z",
            1_772_359_200,
            "2026-03-01T10:00:00.1234567Z",
        ),
        (
            "2026-03-01T10:00:00",
            1_772_359_200,
            "2026-03-01T10:00:00.0000000Z",
        ),
        (
            "2026-03-01T10:00:00.5-03:30",
            1_772_371_800,
            "2026-03-01T10:00:00.5000000-03:30",
        ),
        ("2026-03-01", 1_772_323_200, "2026-03-01T00:00:00.0000000Z"),
    ] {
        let moment: Moment = text.parse().unwrap();
        assert_eq!(
            (moment.unix(), moment.to_string().as_str()),
            (unix, written),
            "{text}"
        );
    }
    for text in [
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "2026-03-01T25:00:00",
        "2026-03-01T10:00-00",
        "2026-03-01T10:00:00+99:00",
        "2026-03-01Z",
        "é026-03-01",
    ] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
}

#[test]
fn basic_credentials_have_one_colon() {
    assert_eq!(
        basic::decode("YW5uYTpzZWNyZXQ="),
        Some(("anna".to_owned(), "secret".to_owned()))
    );
    assert_eq!(basic::decode("YW5uYQ=="), None);
    assert_eq!(basic::decode("!"), None);
}

fn params() -> impl Strategy<Value = Value> {
    let leaf = "[\\PC]{0,8}".prop_map(Value::String);
    let name = "[a-zA-Z][a-zA-Z_ &=%é]{0,5}";
    let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
            proptest::collection::btree_map(name, inner, 1..4).prop_map(|map| Value::Object(
                map.into_iter()
                    .map(|(k, v)| (k.trim().to_owned(), v))
                    .collect()
            )),
        ]
    });
    proptest::collection::btree_map("[a-z]{1,4}", tree, 1..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_form_that_is_written_is_read_back(params in params()) {
        prop_assert_eq!(form::decode(form::encode(&params).unwrap().as_bytes()), params);
    }

    #[test]
    fn no_form_and_no_body_is_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "[\\[\\].=&a0%]{0,40}") {
        form::decode(&bytes);
        form::decode(text.as_bytes());
        let _ = Envelope::parse(&bytes);
        let _ = text.parse::<Moment>();
        let _ = basic::decode(&text);
    }

    #[test]
    fn escaped_json_reads_as_what_it_was(text in "[\\PC\\x00-\\x1f😀/\\\\\"]{0,30}") {
        let value = json!({"a": [text]});
        prop_assert_eq!(serde_json::from_str::<Value>(&json::to_string(&value)).unwrap(), value);
    }

    #[test]
    fn a_moment_that_is_written_is_read_back(unix in -60_000_000_000_i64..250_000_000_000, offset in -840_i16..=840) {
        let moment = Moment::from_unix(unix).in_offset(offset);
        prop_assert_eq!(moment.to_string().parse::<Moment>().unwrap(), moment);
    }

    #[test]
    fn basic_credentials_are_read_back(user in "[^:]{0,12}", password in "[\\PC]{0,12}") {
        prop_assert_eq!(basic::decode(&basic::encode(&user, &password)), Some((user, password)));
    }
}
