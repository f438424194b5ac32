//! Lenient scalars: one value, many spellings.

use brimful_protocol::scalar;
use serde::Deserialize;

/// Reads `json` as a field of a row through one of the readers.
macro_rules! reader {
    ($name:ident, $type:ty, $with:literal) => {
        fn $name(json: &str) -> Option<$type> {
            #[derive(Deserialize)]
            struct Row {
                #[serde(deserialize_with = $with)]
                field: $type,
            }
            let row: Result<Row, _> = serde_json::from_str(&format!(r#"{{"field":{json}}}"#));
            row.ok().map(|row| row.field)
        }
    };
}

reader!(id, u64, "scalar::id");
reader!(optional_id, Option<u64>, "scalar::optional_id");
reader!(integer, Option<i64>, "scalar::integer");
reader!(number, Option<f64>, "scalar::number");
reader!(flag, Option<bool>, "scalar::flag");
reader!(text, Option<String>, "scalar::text");
reader!(numbers, Vec<i64>, "scalar::list");
reader!(floats, Vec<f64>, "scalar::list");
reader!(texts, Vec<String>, "scalar::list");
reader!(object, Option<Point>, "scalar::optional");

#[derive(Debug, PartialEq, Deserialize)]
struct Point {
    x: i64,
}

/// Every spelling of "nothing" that portals use.
const EMPTY: [&str; 5] = ["null", "\"\"", "false", "[]", "{}"];

#[test]
fn empty_has_five_spellings() {
    for empty in EMPTY {
        assert_eq!(optional_id(empty), Some(None), "{empty}");
        assert_eq!(integer(empty), Some(None), "{empty}");
        assert_eq!(number(empty), Some(None), "{empty}");
        assert_eq!(text(empty), Some(None), "{empty}");
        assert_eq!(object(empty), Some(None), "{empty}");
        assert_eq!(numbers(empty), Some(vec![]), "{empty}");
        assert_eq!(id(empty), None, "{empty}");
        let no = if empty == "false" { Some(false) } else { None };
        assert_eq!(flag(empty), Some(no), "{empty}");
    }
}

#[test]
fn a_missing_field_is_empty_with_a_default() {
    #[derive(Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "scalar::integer")]
        field: Option<i64>,
    }
    assert_eq!(serde_json::from_str::<Row>("{}").unwrap().field, None);
}

#[test]
fn an_id_is_a_number_or_digits() {
    for (json, expected) in [
        ("7", 7),
        ("\"7\"", 7),
        ("\" 7 \"", 7),
        ("7.0", 7),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(id(json), Some(expected));
        assert_eq!(optional_id(json), Some(Some(expected)));
    }
    for json in ["-7", "\"-7\"", "7.5", "\"x\"", "true", "[7]", "{\"a\":7}"] {
        assert_eq!(optional_id(json), None, "{json}");
    }
}

#[test]
fn an_integer_is_a_number_or_digits_within_its_range() {
    let same = [
        ("-5", -5),
        ("\"-5\"", -5),
        ("5.0", 5),
        ("true", 1),
        ("\" 5 \"", 5),
        ("-1e3", -1000),
    ];
    for (json, expected) in same {
        assert_eq!(integer(json), Some(Some(expected)), "{json}");
    }
    for json in [
        "5.5",
        "\"5.5\"",
        "\"x\"",
        "9223372036854775808",
        "\"9223372036854775808\"",
        "1e300",
        "-1e300",
        "[5]",
    ] {
        assert_eq!(integer(json), None, "{json}");
    }
}

#[test]
fn a_number_is_a_number_or_its_spelling() {
    let same = [
        ("1.5", 1.5),
        ("\"20000.00\"", 20000.0),
        ("-5", -5.0),
        ("18446744073709551615", 1.844_674_407_370_955_2e19),
        ("true", 1.0),
    ];
    for (json, expected) in same {
        assert_eq!(number(json), Some(Some(expected)), "{json}");
    }
    for json in [
        "\"NaN\"",
        "\"inf\"",
        "\"-infinity\"",
        "\"1e999\"",
        "\"1,5\"",
        "\"1 000\"",
        "[1]",
        "\"123.45|USD\"",
    ] {
        assert_eq!(number(json), None, "{json}");
    }
}

#[test]
fn a_flag_is_y_1_or_true() {
    for json in [
        "\"Y\"", "\"y\"", "\"1\"", "1", "true", "\"true\"", "\"TRUE\"", "2", "1.0",
    ] {
        assert_eq!(flag(json), Some(Some(true)), "{json}");
    }
    for json in ["\"N\"", "\"n\"", "\"0\"", "0", "false", "\"false\"", "0.0"] {
        assert_eq!(flag(json), Some(Some(false)), "{json}");
    }
    for json in ["\"yes\"", "\"2\"", "[1]"] {
        assert_eq!(flag(json), None, "{json}");
    }
}

#[test]
fn a_text_may_be_a_number() {
    let same = [
        ("\"x\"", "x"),
        ("5", "5"),
        ("-5", "-5"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("18446744073709551615", "18446744073709551615"),
    ];
    for (json, expected) in same {
        assert_eq!(text(json), Some(Some(expected.to_owned())), "{json}");
    }
    assert_eq!(text("\"\\u0439\""), Some(Some("й".to_owned())));
    assert_eq!(text("[1]"), None);
    assert_eq!(text("{\"a\":1}"), None);
}

#[test]
fn a_list_may_be_a_map_or_one_bare_value() {
    assert_eq!(numbers("[1,2]"), Some(vec![1, 2]));
    assert_eq!(
        numbers(r#"["1",-2]"#),
        Some(vec![1, -2]),
        "lists of IDs come as strings"
    );
    assert_eq!(numbers(r#"{"0":1,"2":"3"}"#), Some(vec![1, 3]));
    assert_eq!(numbers("5"), Some(vec![5]));
    assert_eq!(numbers("-5"), Some(vec![-5]));
    assert_eq!(numbers("\"5\""), Some(vec![5]));
    assert_eq!(floats("1.5"), Some(vec![1.5]));
    assert_eq!(floats("[1.5,2,\"3\"]"), Some(vec![1.5, 2.0, 3.0]));
    assert_eq!(
        texts(r#"["a",5,true,""]"#),
        Some(["a", "5", "true", ""].map(str::to_owned).to_vec())
    );
    assert_eq!(texts("true"), Some(vec!["true".to_owned()]));
    for json in [
        "[\"x\"]",
        "\"x\"",
        "[[1]]",
        "[null]",
        "true",
        "1.5",
        "[{\"a\":1}]",
    ] {
        assert_eq!(numbers(json), None, "{json}");
    }
}

#[test]
fn a_list_may_have_items_that_are_objects() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Phone {
        #[serde(rename = "VALUE")]
        value: String,
    }
    impl std::str::FromStr for Phone {
        type Err = std::convert::Infallible;
        fn from_str(value: &str) -> Result<Self, Self::Err> {
            Ok(Self {
                value: value.to_owned(),
            })
        }
    }
    #[derive(Deserialize)]
    struct Row {
        #[serde(deserialize_with = "scalar::list")]
        phones: Vec<Phone>,
    }
    let row: Row = serde_json::from_str(r#"{"phones":[{"ID":"1","VALUE":"+7"},"+8"]}"#).unwrap();
    assert_eq!(
        row.phones
            .iter()
            .map(|phone| phone.value.as_str())
            .collect::<Vec<_>>(),
        ["+7", "+8"]
    );
}

#[test]
fn an_object_is_read_where_it_is_not_empty() {
    assert_eq!(object(r#"{"x":5}"#), Some(Some(Point { x: 5 })));
    assert_eq!(object(r#"{"y":5}"#), None);
    assert_eq!(object("5"), None);
}

#[test]
fn an_error_shows_a_number_as_it_is_written() {
    #[derive(Debug, Deserialize)]
    struct Row {
        #[expect(dead_code, reason = "only its error is of interest")]
        #[serde(deserialize_with = "scalar::integer")]
        field: Option<i64>,
    }
    let error = serde_json::from_str::<Row>(r#"{"field":1.5}"#).unwrap_err();
    assert!(
        error.to_string().starts_with("1.5 is not an integer"),
        "{error}"
    );
}

#[test]
fn an_error_shows_a_short_piece_of_the_value_and_what_was_meant() {
    #[derive(Debug, Deserialize)]
    struct Row {
        #[expect(dead_code, reason = "only its error is of interest")]
        #[serde(deserialize_with = "scalar::id")]
        field: u64,
    }
    let json = format!(r#"{{"field":"{}"}}"#, "я".repeat(500));
    let error = serde_json::from_str::<Row>(&json).unwrap_err().to_string();
    assert!(
        error.contains("is not an ID") && error.chars().count() < 120,
        "{error}"
    );
}
