//! Parameters survive the way over the wire, but for what PHP loses; nothing that comes can make the reader fall over.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deterministic;

use brimful_protocol::{Array, Value, batch, json, query};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

/// Text of all kinds, with everything that means something in a query.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::string::string_regex("[ -~]{0,12}").unwrap(),
        proptest::string::string_regex("[а-яё😀\u{200b}\r\n\t&=+%#?]{0,8}").unwrap(),
        any::<String>(),
    ]
}

/// Keys below the first level: anything that brackets can hold. PHP ends a name at NUL and a key at `]`, and an empty
/// or blank key is not a key but "append".
fn inner_key() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::string::string_regex("[!<>=%@~]{0,3}[A-Za-z_.: а-я]{1,10}").unwrap(),
        proptest::string::string_regex("-?[0-9]{1,4}").unwrap(),
        text(),
    ]
    .prop_map(|key| key.replace([']', '\0'], ""))
    .prop_filter("an empty or blank key means append", |key| {
        !matches!(
            key.as_bytes(),
            [] | [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C]
        )
    })
}

/// Keys of the first level, with the brackets that PHP would take for an index left out.
fn outer_key() -> impl Strategy<Value = String> {
    text()
        .prop_map(|key| key.replace(['[', '\0'], ""))
        .prop_filter("a name of blanks is no name", |key| {
            !key.trim_start_matches(' ').is_empty()
        })
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        proptest::num::f64::NORMAL.prop_map(Json::from),
        text().prop_map(Json::from),
    ]
}

fn tree() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::vec((inner_key(), inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn params() -> impl Strategy<Value = Json> {
    proptest::collection::vec((outer_key(), tree()), 0..5)
        .prop_map(|entries| Json::Object(entries.into_iter().collect::<Map<_, _>>()))
}

/// What PHP makes of `params`: null and empty vanish, scalars become strings, an array is a map of its indexes.
fn expected(params: &Json) -> Array {
    let mut array = Array::new();
    for (name, value) in entries(params) {
        let name: String = name
            .trim_start_matches(' ')
            .chars()
            .map(|c| if matches!(c, ' ' | '.') { '_' } else { c })
            .collect();
        put(&mut array, &name, value);
    }
    array
}

fn entries(json: &Json) -> Vec<(String, &Json)> {
    match json {
        Json::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, value)| (i.to_string(), value))
            .collect(),
        _ => Vec::new(),
    }
}

fn put(into: &mut Array, key: &str, value: &Json) {
    let scalar = match value {
        Json::Null => return,
        Json::Bool(b) => if *b { "1" } else { "0" }.to_owned(),
        Json::Number(n) if n.is_f64() => json::float_text(n.as_f64().unwrap()),
        Json::Number(n) => n.to_string(),
        Json::String(s) => s.clone(),
        nested => {
            // Two names may become one: then the entries of both are in it, or the later one alone.
            let mut inside = into
                .get(key)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let before = inside.len();
            for (key, value) in entries(nested) {
                put(&mut inside, &key, value);
            }
            if inside.len() > before || has_leaf(nested) {
                into.insert(key, inside);
            }
            return;
        }
    };
    into.insert(key, scalar);
}

fn has_leaf(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Array(_) | Json::Object(_) => entries(json).iter().any(|(_, value)| has_leaf(value)),
        _ => true,
    }
}

fn shown(array: Array) -> String {
    json::to_string(&Value::Array(array))
}

proptest! {
    #![proptest_config(deterministic::cases(512))]

    #[test]
    fn what_is_encoded_is_decoded_again(params in params()) {
        let decoded = query::decode(query::encode(&params).as_bytes());
        prop_assert_eq!(shown(decoded), shown(expected(&params)));
    }

    #[test]
    fn a_command_carries_the_same_parameters_as_a_query(params in params()) {
        let command = batch::command("crm.lead.list", &params);
        let (path, decoded) = batch::parse_command(&command);
        prop_assert_eq!(path.as_deref(), Some("crm.lead.list"));
        prop_assert_eq!(shown(decoded), shown(expected(&params)));
    }

    #[test]
    fn a_batch_in_a_form_carries_its_commands_unharmed(params in params()) {
        let command = batch::command("crm.lead.list", &params);
        let form = query::encode(&serde_json::json!({"halt": 0, "cmd": {"a": command}}));
        let decoded = query::decode(form.as_bytes());
        prop_assert_eq!(decoded.get("cmd").unwrap().get("a").unwrap().as_str(), Some(command.as_str()));
    }

    #[test]
    fn any_text_survives_escaping(text in any::<String>()) {
        prop_assert_eq!(query::unescaped(query::escaped(&text).as_bytes()), text.as_bytes());
    }

    #[test]
    fn decoding_never_fails(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        query::decode(&bytes);
    }

    #[test]
    fn decoding_what_looks_like_a_query_never_fails(query in "[ab\\[\\].=&+% 0-9$\\x00-]{0,60}") {
        let written = shown(query::decode(query.as_bytes()));
        prop_assert!(serde_json::from_str::<Json>(&written).is_ok());
    }

    #[test]
    fn taking_a_command_apart_never_fails(command in any::<String>()) {
        batch::parse_command(&command);
    }
}

#[test]
fn the_queries_of_the_browser_library_are_understood() {
    // Empty pairs, literal brackets, %20 for a space, scalars before arrays: what the portal's own client sends.
    let body = b"sessid=abc&start=0&&filter[%3EID]=100&filter[STATUS_ID][0]=NEW&filter[STATUS_ID][1]=IN%20PROCESS\
        &order[ID]=ASC&select[0]=ID&select[1]=UF_*&select[2]=~!()'";
    let decoded = shown(query::decode(body));
    let expected = r#"{"sessid":"abc","start":"0",
        "filter":{"\u003EID":"100","STATUS_ID":["NEW","IN PROCESS"]},
        "order":{"ID":"ASC"},"select":["ID","UF_*","~!()\u0027"]}"#;
    assert_eq!(
        decoded,
        expected
            .split_whitespace()
            .collect::<Vec<_>>()
            .join("")
            .replace("INPROCESS", "IN PROCESS")
    );
}

#[test]
fn the_batches_of_the_browser_library_are_understood() {
    let body = b"halt=0&cmd[leads]=crm.lead.list%3F%26filter%5B%253EID%5D%3D5%26select%5B0%5D%3DID&cmd[me]=user.current%3F";
    let params = query::decode(body);
    let command = |label: &str| {
        params
            .get("cmd")
            .unwrap()
            .get(label)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (method, leads) = batch::parse_command(&command("leads"));
    assert_eq!(method.as_deref(), Some("crm.lead.list"));
    assert_eq!(
        shown(leads),
        r#"{"filter":{"\u003EID":"5"},"select":["ID"]}"#
    );
    let (method, me) = batch::parse_command(&command("me"));
    assert_eq!((method.as_deref(), me.len()), (Some("user.current"), 0));
}

#[test]
fn a_gap_in_an_array_stays_a_gap() {
    // The browser library drops null items but keeps the numbers of the others.
    assert_eq!(
        shown(query::decode(b"a[0]=x&a[2]=z")),
        r#"{"a":{"0":"x","2":"z"}}"#
    );
    assert_eq!(
        query::encode(&serde_json::json!({"a": ["x", null, "z"]})),
        "a%5B0%5D=x&a%5B2%5D=z"
    );
}

#[test]
fn a_value_with_an_equals_sign_is_cut_at_the_first_one() {
    assert_eq!(shown(query::decode(b"a=b=c&d")), r#"{"a":"b=c","d":""}"#);
}

#[test]
fn parameters_that_are_neither_object_nor_array_are_none() {
    for nothing in [
        serde_json::json!(null),
        serde_json::json!("x"),
        serde_json::json!(5),
    ] {
        assert_eq!(query::encode(&nothing), "");
    }
}
