//! PHP's values: casts, truth, keys, and the order of arrays.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use brimful_protocol::{Array, Key, Value, json};

fn text(s: &str) -> Value {
    Value::from(s)
}

fn array(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[test]
fn truth_is_php_s() {
    let truthy = [
        Value::from(true),
        Value::Int(-1),
        Value::Float(0.1),
        Value::Float(f64::NAN),
        text("false"),
        text("N"),
        text("0.0"),
        text(" "),
        text("00"),
        array("[null]"),
    ];
    let falsy = [
        Value::Null,
        Value::from(false),
        Value::Int(0),
        Value::Float(0.0),
        Value::Float(-0.0),
        text(""),
        text("0"),
        array("[]"),
        array("{}"),
    ];
    for value in truthy {
        assert!(value.is_truthy(), "{value:?}");
    }
    for value in falsy {
        assert!(!value.is_truthy(), "{value:?}");
    }
}

#[test]
fn the_int_cast_of_a_string_takes_the_number_in_front() {
    // Run through PHP 8.2.
    let cases = [
        ("1e5", 100_000),
        ("1e1000", 0),
        ("-1e1000", 0),
        (" 12", 12),
        ("\u{b}12", 12),
        ("0x1A", 0),
        ("1.", 1),
        (".5", 0),
        ("-", 0),
        (".", 0),
        ("e5", 0),
        ("+5", 5),
        ("-.5e1", -5),
        ("1e-1", 0),
        ("1e", 1),
        ("1e+", 1),
        ("1.9", 1),
        ("12abc", 12),
        ("1_000", 1),
        ("\u{a0}5", 0),
        ("", 0),
        ("9223372036854775808", i64::MAX),
        ("-9223372036854775809", i64::MIN),
        ("9.9e18", i64::MAX),
    ];
    for (string, int) in cases {
        assert_eq!(text(string).to_int(), int, "{string:?}");
    }
}

#[test]
fn the_int_cast_of_a_float_wraps_round() {
    let cases = [
        (1.9, 1),
        (-1.9, -1),
        (1e19, -8_446_744_073_709_551_616),
        (-1e19, 8_446_744_073_709_551_616),
        (9.3e18, -9_146_744_073_709_551_616),
        (9_223_372_036_854_775_808.0, i64::MIN),
        (-9_223_372_036_854_775_808.0, i64::MIN),
        (1e300, 0),
        (f64::NAN, 0),
        (f64::INFINITY, 0),
        (f64::NEG_INFINITY, 0),
    ];
    for (float, int) in cases {
        assert_eq!(Value::Float(float).to_int(), int, "{float}");
    }
}

#[test]
fn casts_of_the_others() {
    assert_eq!(
        (
            Value::Null.to_int(),
            Value::from(true).to_int(),
            Value::from(false).to_int()
        ),
        (0, 1, 0)
    );
    assert_eq!(
        (array("[5,6]").to_int(), array("[]").to_int()),
        (1, 0),
        "what a dangling reference becomes"
    );
    let floats = [
        ("1.5x", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("x", 0.0),
        (" -2.50", -2.5),
        ("20000.00", 20000.0),
    ];
    for (string, float) in floats {
        assert!(
            (text(string).to_float() - float).abs() < f64::EPSILON,
            "{string}"
        );
    }
    assert!((array("[1]").to_float() - 1.0).abs() < f64::EPSILON);
    assert!(text("1e1000").to_float().is_infinite());
    let texts = [
        (Value::Null, ""),
        (Value::from(false), ""),
        (Value::from(true), "1"),
        (Value::Int(-5), "-5"),
        (Value::Float(100_000.0), "100000"),
        (text("x"), "x"),
        (array("[]"), "Array"),
    ];
    for (value, expected) in texts {
        assert_eq!(value.to_text(), expected);
    }
}

#[test]
fn a_string_that_spells_an_integer_is_that_key() {
    for (spelling, int) in [
        ("0", 0),
        ("12", 12),
        ("-5", -5),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(Key::new(spelling), Key::Int(int));
        assert_eq!(Key::new(spelling).to_text(), spelling);
    }
    for spelling in [
        "",
        "01",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "-",
        "--1",
        "9223372036854775808",
        "٣",
    ] {
        assert_eq!(Key::new(spelling), Key::Text(spelling.into()));
    }
}

#[test]
fn appending_takes_the_next_index() {
    let mut array = Array::new();
    array.push("a");
    array.insert("x", "b");
    array.insert("5", "c");
    array.push("d");
    assert_eq!(
        json::to_string(&array.clone().into()),
        r#"{"0":"a","x":"b","5":"c","6":"d"}"#
    );
    array.remove("6");
    array.push("e");
    assert!(array.get("7").is_some(), "an index is not given twice");
}

#[test]
fn behind_the_last_index_nothing_is_appended() {
    let mut array = Array::new();
    array.insert(i64::MAX, "last");
    array.push("lost");
    assert_eq!(
        json::to_string(&array.into()),
        r#"{"9223372036854775807":"last"}"#
    );
}

#[test]
fn a_key_keeps_its_place_when_it_is_written_again() {
    let written = array(r#"{"a":1,"b":2,"a":3}"#);
    assert_eq!(json::to_string(&written), r#"{"a":3,"b":2}"#);
}

#[test]
fn removing_keeps_the_order_of_the_others() {
    let mut value = array(r#"{"a":1,"b":2,"c":3}"#);
    assert_eq!(
        value.as_array_mut().unwrap().remove("a"),
        Some(Value::Int(1))
    );
    assert_eq!(json::to_string(&value), r#"{"b":2,"c":3}"#);
}

#[test]
fn arrays_are_equal_with_their_order() {
    assert_eq!(array(r#"{"a":1,"b":2}"#), array(r#"{"a":1,"b":2}"#));
    assert_ne!(array(r#"{"a":1,"b":2}"#), array(r#"{"b":2,"a":1}"#));
    assert_ne!(array("[1]"), array("[1,2]"));
    assert_eq!(array(r#"{"0":1}"#), array("[1]"), "a list is a map from 0");
    let mut shrunk = Array::new();
    shrunk.push(1);
    shrunk.push(2);
    shrunk.remove("1");
    assert_eq!(Value::from(shrunk), array("[1]"), "what is gone is gone");
}

#[test]
fn keys_are_found_in_any_case_if_asked() {
    let value = array(r#"{"Filter":1,"FILTER":2}"#);
    let array = value.as_array().unwrap();
    assert_eq!(array.get("filter"), None);
    assert_eq!(
        array.get_ignoring_case("filter"),
        Some(&Value::Int(1)),
        "the first"
    );
    assert_eq!(
        array.get_ignoring_case("FILTER"),
        Some(&Value::Int(2)),
        "but best the one that is meant"
    );
    assert_eq!(array.get_ignoring_case("order"), None);
}

#[test]
fn the_deepest_value_is_kept() {
    let value = array(r#"{"a":[{"ID":"12"},null],"n":5,"s":"xyz"}"#);
    let deepest = |path: &[&str]| json::to_string(&value.deepest(path));
    assert_eq!(deepest(&["a", "0", "ID"]), r#""12""#);
    assert_eq!(deepest(&["a", "1", "ID"]), r#"[{"ID":"12"},null]"#);
    assert_eq!(deepest(&["a", "7"]), r#"[{"ID":"12"},null]"#);
    assert_eq!(deepest(&["n", "x"]), "5");
    assert_eq!(deepest(&["s", "1"]), r#""y""#);
    assert_eq!(deepest(&["s", "1", "0", "0"]), r#""y""#);
    assert_eq!(deepest(&["s", "9"]), r#""xyz""#);
    assert_eq!(value.deepest::<&str>(&[]), value);
    assert_eq!(Value::Null.deepest(&["a"]), Value::Null);
}

#[test]
fn json_becomes_php() {
    assert_eq!(
        array("12345678901234567890"),
        Value::Float(12_345_678_901_234_567_890.0)
    );
    assert_eq!(array("-9223372036854775808"), Value::Int(i64::MIN));
    assert_eq!(array("1.0"), Value::Float(1.0));
    assert_eq!(array(r#""\u0439\n""#), text("й\n"));
    let same = r#"{"a":[1,-2,1.5,true,null,"x",[]],"7":{"b":12345678901234567890}}"#;
    let through_json: Value = serde_json::from_str::<serde_json::Value>(same)
        .unwrap()
        .into();
    assert_eq!(through_json, array(same));
}
