//! PHP's own words: vectors made by PHP 8.2, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use brimful_protocol::{Array, Key, Value, batch, json, query};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
struct Vectors {
    build: Vec<Build>,
    parse: Vec<Parse>,
    command: Vec<Command>,
    json: Vec<Entries>,
    string: Vec<Text>,
}

#[derive(Deserialize)]
struct Build {
    name: String,
    params: Json,
    query: String,
}

#[derive(Deserialize)]
struct Parse {
    query: String,
    params: Json,
}

#[derive(Deserialize)]
struct Command {
    #[serde(rename = "command")]
    text: String,
    path: Option<String>,
    params: Json,
}

#[derive(Deserialize)]
struct Entries {
    entries: Vec<(Json, Json)>,
    json: String,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    json: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("data/php-vectors.json")).unwrap()
}

/// JSON texts are equal with the order of their keys: `preserve_order` makes maps ordered, their text shows it.
fn same(ours: &Array, php: &Json) -> (String, String) {
    let ours: Json = serde_json::from_str(&json::to_string(&Value::Array(ours.clone()))).unwrap();
    // The empty array is `[]` to PHP, and the vectors write it as `{}`.
    let php = if php.as_object().is_some_and(serde_json::Map::is_empty) {
        Json::Array(Vec::new())
    } else {
        php.clone()
    };
    (ours.to_string(), php.to_string())
}

#[test]
fn http_build_query_is_written_as_php_writes_it() {
    for vector in vectors().build {
        assert_eq!(
            query::encode(&vector.params),
            vector.query,
            "{}",
            vector.name
        );
    }
}

#[test]
fn parse_str_is_read_as_php_reads_it() {
    for vector in vectors().parse {
        let (ours, php) = same(&query::decode(vector.query.as_bytes()), &vector.params);
        assert_eq!(ours, php, "{}", vector.query);
    }
}

#[test]
fn a_command_is_taken_apart_as_parse_url_and_parse_str_do() {
    for vector in vectors().command {
        let (path, params) = batch::parse_command(&vector.text);
        assert_eq!(path, vector.path, "{:?}", vector.text);
        let (ours, php) = same(&params, &vector.params);
        assert_eq!(ours, php, "{:?}", vector.text);
    }
}

#[test]
fn a_php_array_is_a_json_array_exactly_when_its_keys_count_from_0() {
    for vector in vectors().json {
        let key = |key: &Json| {
            key.as_str()
                .map_or_else(|| Key::Int(key.as_i64().unwrap()), Key::new)
        };
        let array: Array = vector
            .entries
            .iter()
            .map(|(k, v)| (key(k), Value::from(v.clone())))
            .collect();
        assert_eq!(json::to_string(&Value::Array(array)), vector.json);
    }
}

#[test]
fn strings_are_escaped_with_the_flags_of_the_rest_module() {
    for vector in vectors().string {
        assert_eq!(
            json::to_string(&Value::from(vector.text.as_str())),
            vector.json
        );
    }
}

#[test]
fn control_characters_and_backslashes_are_escaped_as_php_escapes_them() {
    let text = "\u{8}\u{c}\n\r\t\u{0}\u{1f}\\\u{7f}\u{2028}\u{2029}\u{2027}\u{e000}";
    let written = json::to_string(&Value::from(text));
    assert_eq!(
        written,
        "\"\\b\\f\\n\\r\\t\\u0000\\u001f\\\\\u{7f}\\u2028\\u2029\u{2027}\u{e000}\""
    );
    assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
}

#[test]
fn floats_are_written_as_json_encode_writes_them() {
    // Run through PHP 8.2 with serialize_precision = -1.
    let floats = [
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e25, "1.0e+25"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (1e17, "1.0e+17"),
        (1e18, "1.0e+18"),
        (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-5"),
        (1.5e-7, "1.5e-7"),
        (100_000.0, "100000"),
        (5e-324, "5.0e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.0 / 3.0, "0.3333333333333333"),
        (-1.5, "-1.5"),
        (f64::NAN, "0"),
        (f64::INFINITY, "0"),
    ];
    for (float, php) in floats {
        assert_eq!(json::to_string(&Value::from(float)), php);
    }
}

#[test]
fn floats_in_strings_have_fourteen_digits() {
    let floats = [
        (-0.0, "-0"),
        (1e15, "1.0E+15"),
        (123_456_789_012_345_680.0, "1.2345678901235E+17"),
        (0.00001, "1.0E-5"),
        (5e-324, "4.9406564584125E-324"),
        (0.1 + 0.2, "0.3"),
        (1.0 / 3.0, "0.33333333333333"),
        (123_456_789.0, "123456789"),
        (f64::NAN, "NAN"),
        (f64::NEG_INFINITY, "-INF"),
    ];
    for (float, php) in floats {
        assert_eq!(Value::from(float).to_text(), php);
    }
}

#[test]
fn integers_are_written_to_the_ends_of_their_range() {
    for i in [0, -1, 10, i64::MAX, i64::MIN] {
        assert_eq!(json::to_string(&Value::from(i)), i.to_string());
    }
}

#[test]
fn names_that_php_takes_apart_in_its_own_way() {
    // Run through PHP 8.2's parse_str.
    let cases = [
        ("a[][c=1", r#"{"a":["1"]}"#),
        ("a.b[c.d=1", r#"{"a_b_c_d":"1"}"#),
        ("a[b.c][d=1", r#"{"a":{"b.c":"1"}}"#),
        ("a[b[c]=1", r#"{"a":{"b[c":"1"}}"#),
        ("a[[b]]=1", r#"{"a":{"[b":"1"}}"#),
        ("a[ b]=1", r#"{"a":{" b":"1"}}"#),
        ("a[  ]=1", r#"{"a":{"  ":"1"}}"#),
        ("a[\t]=1", r#"{"a":["1"]}"#),
        ("a[b]x[c]=1", r#"{"a":{"b":"1"}}"#),
        ("a[ .b=1", r#"{"a___b":"1"}"#),
        ("[a]=1&[]=2&[=3", "[]"),
        (".[a]=1", r#"{"_":{"a":"1"}}"#),
        (".=1", r#"{"_":"1"}"#),
        ("a%20=1", r#"{"a_":"1"}"#),
        ("+a=1", r#"{"a":"1"}"#),
        ("a+b[c]=1", r#"{"a_b":{"c":"1"}}"#),
        ("a=1&a[=2", r#"{"a":"1","a_":"2"}"#),
        ("a[]]=1", r#"{"a":["1"]}"#),
        ("a[b&c]=1", r#"{"a_b":"","c]":"1"}"#),
        ("a=%u1234&b=%&c=%4", r#"{"a":"%u1234","b":"%","c":"%4"}"#),
        (
            "a[0]=1&a[]=2&a[x]=3&a[]=4",
            r#"{"a":{"0":"1","1":"2","x":"3","2":"4"}}"#,
        ),
        ("a[-5]=1&a[]=2", r#"{"a":{"-5":"1","-4":"2"}}"#),
        (
            "a[-0]=1&a[-9223372036854775808]=2",
            r#"{"a":{"-0":"1","-9223372036854775808":"2"}}"#,
        ),
        (
            "a[9223372036854775807]=1&a[]=2&a[][b]=3",
            r#"{"a":{"9223372036854775807":"1"}}"#,
        ),
        ("a%00b=1", r#"{"a":"1"}"#),
        ("a[x%00y]=1", r#"{"a_x":"1"}"#),
        ("%00=1", "[]"),
        ("a=x\0y&b=1", r#"{"a":"x"}"#),
        ("a=%C3%28", "{\"a\":\"\u{fffd}(\"}"),
        ("a[%D1]=1", "{\"a\":{\"\u{fffd}\":\"1\"}}"),
    ];
    for (query, php) in cases {
        let ours = json::to_string(&Value::Array(query::decode(query.as_bytes())));
        let ours: Json = serde_json::from_str(&ours).unwrap();
        assert_eq!(ours.to_string(), php, "{query:?}");
    }
}

#[test]
fn a_name_of_more_than_64_brackets_takes_its_variable_away() {
    let depth = |n: usize| format!("a=1&a{}=2&b=3", "[x]".repeat(n));
    let kept = query::decode(depth(64).as_bytes());
    assert!(kept.get("a").unwrap().as_array().is_some());
    let dropped = query::decode(depth(65).as_bytes());
    assert_eq!(json::to_string(&Value::Array(dropped)), r#"{"b":"3"}"#);
}

#[test]
fn commands_that_parse_url_sees_differently() {
    let path = |command: &str| batch::parse_command(command).0;
    assert_eq!(path("#x"), None);
    assert_eq!(path("?"), None);
    assert_eq!(path("a#b?c=1").as_deref(), Some("a"));
    assert!(
        batch::parse_command("a#b?c=1").1.is_empty(),
        "what follows # is no query"
    );
    assert_eq!(path("\tm?x=1").as_deref(), Some("_m"));
    assert_eq!(path(" m?x=1").as_deref(), Some(" m"));
}

#[test]
fn a_command_that_was_built_is_taken_apart_again() {
    let params = serde_json::json!({"filter": {">ID": "$result[p0][49][ID]"}, "fields": {"TITLE": "50 % & more #1+1=2?"}});
    let (path, decoded) = batch::parse_command(&batch::command("crm.lead.list", &params));
    assert_eq!(path.as_deref(), Some("crm.lead.list"));
    assert_eq!(same(&decoded, &params).0, params.to_string());
}

#[test]
fn integers_have_all_their_digits() {
    let mut numbers = vec![0, 9, 10, 99, 100, 101, 999, 1000, i64::MAX, i64::MIN];
    numbers.extend((0..63).flat_map(|bits| [1_i64 << bits, -(1 << bits), (1 << bits) - 1]));
    for number in numbers {
        let mut out = Vec::new();
        json::write_int(&mut out, number);
        assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
    }
}
