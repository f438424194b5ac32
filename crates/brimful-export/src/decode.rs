//! Reads the JSON of a field as the value of a column.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use serde_json::value::RawValue;

use crate::cell::{Cell, Decimal, Moment, MultiValue};
use crate::row::read_fields;
use crate::schema::{Column, ColumnType, Dictionary, ScalarType, Source};

/// Why a value does not fit its column.
pub(crate) type Reason = &'static str;

/// Reads a field's JSON as the value of a column into `cell`, which is NULL before that and stays so if it does not fit.
/// Values are made where they stay: to hand them on costs a twentieth of a Parquet export.
#[inline]
pub(crate) fn read_cell<'a>(
    column: &Column,
    json: &'a str,
    cell: &mut Cell<'a>,
) -> Result<(), Reason> {
    if let (Source::Value, ColumnType::Scalar(kind)) = (&column.source, column.kind) {
        return read_scalar(kind, json, cell);
    }
    *cell = composed(column, json)?;
    Ok(())
}

/// A value that is not a plain one.
fn composed<'a>(column: &Column, json: &'a str) -> Result<Cell<'a>, Reason> {
    match &column.source {
        Source::Value => value(column.kind, json),
        Source::First => Ok(match multifield(json)?.into_iter().next() {
            Some(MultiValue {
                value: Some(value), ..
            }) => Cell::Text(Cow::Owned(value)),
            _ => Cell::Null,
        }),
        Source::Currency => {
            let Json::Text(text) = Json::of(json)? else {
                return Ok(Cell::Null);
            };
            Ok(match text.split_once('|') {
                Some((_, currency)) if !currency.is_empty() => {
                    Cell::Text(Cow::Owned(currency.to_owned()))
                }
                _ => Cell::Null,
            })
        }
        Source::Label(dictionary) => label(column.kind, json, dictionary),
    }
}

/// JSON, one level deep.
enum Json<'a> {
    /// `null`, `""`, `[]`, `{}`.
    Empty,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(&'a str),
    Map(&'a str),
}

impl<'a> Json<'a> {
    fn of(json: &'a str) -> Result<Self, Reason> {
        Ok(match json.as_bytes() {
            [] | [b'n', ..] | b"\"\"" => Self::Empty,
            [b't', ..] => Self::Bool(true),
            [b'f', ..] => Self::Bool(false),
            [b'"', inside @ .., b'"'] => {
                if has_escapes(inside) {
                    let text = serde_json::from_str(json);
                    Self::Text(Cow::Owned(text.map_err(|_| "it is not valid Unicode")?))
                } else {
                    Self::Text(Cow::Borrowed(&json[1..json.len() - 1]))
                }
            }
            [b'[', inside @ .., b']'] if inside.iter().all(u8::is_ascii_whitespace) => Self::Empty,
            [b'{', inside @ .., b'}'] if inside.iter().all(u8::is_ascii_whitespace) => Self::Empty,
            [b'[', ..] => Self::List(json),
            [b'{', ..] => Self::Map(json),
            _ => Self::Number(json),
        })
    }
}

/// Whether a text has a backslash. Most texts are short, and a search costs more to begin than they are long.
#[inline]
fn has_escapes(text: &[u8]) -> bool {
    if text.len() > 64 {
        return memchr::memchr(b'\\', text).is_some();
    }
    let found = text
        .iter()
        .fold(0, |found, b| found | u8::from(*b == b'\\'));
    found != 0
}

fn value(kind: ColumnType, json: &str) -> Result<Cell<'_>, Reason> {
    match kind {
        ColumnType::Scalar(kind) => scalar(kind, json),
        ColumnType::List(kind) => list(json, |item| scalar(kind, item).map(into_owned)),
        ColumnType::Multifield => Ok(match multifield(json)? {
            values if values.is_empty() => Cell::Null,
            values => Cell::Multifield(values),
        }),
        ColumnType::Any => Ok(match Json::of(json)? {
            Json::Empty => Cell::Null,
            Json::Text(text) => Cell::Text(text),
            _ => Cell::Text(Cow::Borrowed(json)),
        }),
    }
}

/// A list, which may come as a map or as one bare value.
fn list<'a>(
    json: &'a str,
    item: impl Fn(&str) -> Result<Cell<'a>, Reason>,
) -> Result<Cell<'a>, Reason> {
    let items: Vec<&str> = match Json::of(json)? {
        Json::Empty | Json::Bool(false) => return Ok(Cell::Null),
        Json::List(json) => {
            let items: Vec<&RawValue> =
                serde_json::from_str(json).map_err(|_| "it is not a list")?;
            items.into_iter().map(RawValue::get).collect()
        }
        Json::Map(json) => {
            let mut fields = Vec::new();
            read_fields(json, &mut fields).map_err(|_| "it is not a list")?;
            fields.into_iter().map(|(_, value)| value).collect()
        }
        _ => return Ok(Cell::List(vec![item(json)?])),
    };
    let items: Result<Vec<_>, _> = items.into_iter().map(item).collect();
    items.map(Cell::List)
}

fn into_owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Null => Cell::Null,
        Cell::Int(value) => Cell::Int(value),
        Cell::Decimal(value) => Cell::Decimal(value),
        Cell::Float(value) => Cell::Float(value),
        Cell::Bool(value) => Cell::Bool(value),
        Cell::Date(value) => Cell::Date(value),
        Cell::DateTime(value) => Cell::DateTime(value),
        Cell::Text(value) => Cell::Text(Cow::Owned(value.into_owned())),
        Cell::List(items) => Cell::List(items.into_iter().map(into_owned).collect()),
        Cell::Multifield(values) => Cell::Multifield(values),
    }
}

fn multifield(json: &str) -> Result<Vec<MultiValue>, Reason> {
    const REASON: Reason = "it is not a list of values with their kinds";
    match Json::of(json)? {
        Json::Empty | Json::Bool(false) => Ok(Vec::new()),
        Json::List(json) => serde_json::from_str(json).map_err(|_| REASON),
        _ => Err(REASON),
    }
}

/// The keys of a value of a multifield that its column has.
const KEYS_OF_VALUES: [&str; 10] = [
    "ID",
    "id",
    "VALUE",
    "value",
    "VALUE_TYPE",
    "valueType",
    "value_type",
    "TYPE_ID",
    "typeId",
    "type_id",
];

/// Why a value is recorded although it has its place in the column: a part of it has none.
pub(crate) fn left_over(column: &Column, json: &str) -> Option<Reason> {
    const REASON: Reason =
        "the column has ID, VALUE, VALUE_TYPE and TYPE_ID of it, and it has more";
    if column.kind != ColumnType::Multifield || !json.starts_with('[') {
        return None;
    }
    let values: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let mut fields = Vec::new();
    let has_more = values.into_iter().any(|value| {
        let read = read_fields(value.get(), &mut fields);
        let mut others = fields
            .iter()
            .filter(|(name, _)| !KEYS_OF_VALUES.contains(&name.as_ref()));
        read.is_ok() && others.any(|(_, json)| !matches!(Json::of(json), Ok(Json::Empty)))
    });
    has_more.then_some(REASON)
}

/// What people call the codes in a value.
fn label<'a>(kind: ColumnType, json: &'a str, labels: &Dictionary) -> Result<Cell<'a>, Reason> {
    match kind {
        ColumnType::List(_) => list(json, |code| label_of(code, labels)),
        _ => label_of(json, labels),
    }
}

fn label_of(code: &str, labels: &Dictionary) -> Result<Cell<'static>, Reason> {
    let label = match Json::of(code)? {
        Json::Text(code) => labels.get(code.as_ref()),
        Json::Number(code) => labels.get(code),
        _ => None,
    };
    Ok(label.map_or(Cell::Null, |label| Cell::Text(Cow::Owned(label.clone()))))
}

fn scalar(kind: ScalarType, json: &str) -> Result<Cell<'_>, Reason> {
    let mut cell = Cell::Null;
    read_scalar(kind, json, &mut cell)?;
    Ok(cell)
}

fn read_scalar<'a>(kind: ScalarType, json: &'a str, cell: &mut Cell<'a>) -> Result<(), Reason> {
    match kind {
        // PHP's word for nothing is `false`, where a text is meant.
        ScalarType::Text => match Json::of(json)? {
            Json::Empty | Json::Bool(false) => {}
            Json::Text(text) => *cell = Cell::Text(text),
            _ => *cell = Cell::Text(Cow::Borrowed(json)),
        },
        ScalarType::Int64 => match usual_integer(json) {
            Some(value) => *cell = Cell::Int(value),
            None => return read_unusual(kind, json, cell),
        },
        ScalarType::Decimal => match Decimal::parse_usual(unquoted(json)) {
            Some(value) => *cell = Cell::Decimal(value),
            None => return read_unusual(kind, json, cell),
        },
        ScalarType::DateTime => match usual_moment(unquoted(json)) {
            Some(value) => *cell = Cell::DateTime(value),
            None => return read_unusual(kind, json, cell),
        },
        ScalarType::Boolean => match json {
            "\"Y\"" => *cell = Cell::Bool(true),
            "\"N\"" => *cell = Cell::Bool(false),
            _ => return read_unusual(kind, json, cell),
        },
        ScalarType::Float64 | ScalarType::Date => return read_unusual(kind, json, cell),
    }
    Ok(())
}

/// What stands between the quotes of a text, with its escapes.
#[inline]
fn unquoted(json: &str) -> &[u8] {
    match json.as_bytes() {
        [b'"', inside @ .., b'"'] => inside,
        json => json,
    }
}

/// A whole number of so few digits that it fits.
#[inline]
fn usual_integer(json: &str) -> Option<i64> {
    let digits = unquoted(json);
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, b| {
        let digit = b.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + i64::from(digit))
    })
}

/// `2026-01-31T10:00:00+03:00`, as portals nearly always write moments.
fn usual_moment(text: &[u8]) -> Option<Moment> {
    let text: &[u8; 25] = text.try_into().ok()?;
    let marks = [text[4], text[7], text[10], text[13], text[16], text[22]];
    if marks != *b"--T:::" {
        return None;
    }
    let mut all_are_digits = true;
    let mut two = |place: usize| {
        let [tens, ones] = [text[place], text[place + 1]].map(|b| b.wrapping_sub(b'0'));
        all_are_digits &= tens < 10 && ones < 10;
        tens.wrapping_mul(10).wrapping_add(ones) as i8
    };
    let (century, year, month, day) = (two(0), two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let offset = i32::from(two(20)) * 60 + i32::from(two(23));
    let year = i16::from(century) * 100 + i16::from(year);
    if !all_are_digits || year == 0 || offset > 18 * 60 {
        return None;
    }
    let date = Date::new(year, month, day).ok()?;
    Some(Moment {
        civil: date.to_datetime(Time::new(hour, minute, second, 0).ok()?),
        offset_seconds: match text[19] {
            b'+' => offset * 60,
            b'-' => -offset * 60,
            _ => return None,
        },
    })
}

/// The value of a column that is not of texts, in any spelling.
fn read_unusual<'a>(kind: ScalarType, json: &'a str, cell: &mut Cell<'a>) -> Result<(), Reason> {
    let found = Json::of(json)?;
    let text = match &found {
        Json::Bool(value) if kind == ScalarType::Boolean => {
            *cell = Cell::Bool(*value);
            return Ok(());
        }
        Json::Empty | Json::Bool(false) => return Ok(()),
        Json::Number(text) => text.trim(),
        Json::Text(text) => text.trim(),
        Json::Bool(true) | Json::List(_) | Json::Map(_) => return Err(expected(kind)),
    };
    if text.is_empty() {
        return Ok(());
    }
    let value = match kind {
        ScalarType::Int64 => integer(text).map(Cell::Int),
        ScalarType::Decimal => {
            let amount = text.split_once('|').map_or(text, |(amount, _)| amount);
            if amount.is_empty() {
                return Ok(());
            }
            Decimal::parse(amount).map(Cell::Decimal)
        }
        ScalarType::Float64 => text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .map(Cell::Float),
        ScalarType::Boolean => match text {
            "Y" | "y" | "1" | "true" | "TRUE" => Some(Cell::Bool(true)),
            "N" | "n" | "0" | "false" | "FALSE" => Some(Cell::Bool(false)),
            _ => None,
        },
        ScalarType::Date => date_and_rest(text).map(|(date, _)| Cell::Date(date)),
        ScalarType::DateTime => moment(text).map(Cell::DateTime),
        ScalarType::Text => None,
    };
    *cell = value.ok_or(expected(kind))?;
    Ok(())
}

fn expected(kind: ScalarType) -> Reason {
    match kind {
        ScalarType::Int64 => "it is not a whole number",
        ScalarType::Decimal => "it is not an amount of at most 16 digits and 4 behind the point",
        ScalarType::Float64 => "it is not a number",
        ScalarType::Boolean => "it is not yes or no",
        ScalarType::Date => "it is not a date",
        ScalarType::DateTime => "it is not a date and time with an offset from UTC",
        ScalarType::Text => "it is not a text",
    }
}

/// `7`, and `7.00` too.
fn integer(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

fn digits(text: &[u8]) -> Option<i16> {
    let mut value = 0_i16;
    for b in text {
        value = value
            .checked_mul(10)?
            .checked_add(i16::from(b.checked_sub(b'0').filter(|d| *d < 10)?))?;
    }
    Some(value)
}

/// The day that a text begins with, `2026-01-31` or `31.01.2026`, and what stands behind it.
fn date_and_rest(text: &str) -> Option<(Date, &str)> {
    let (day, rest) = text.split_at_checked(10)?;
    let b = day.as_bytes();
    let (year, month, day) = if b[4] == b'-' && b[7] == b'-' {
        (&b[..4], &b[5..7], &b[8..])
    } else if b[2] == b'.' && b[5] == b'.' {
        (&b[6..], &b[3..5], &b[..2])
    } else {
        return None;
    };
    let year = digits(year).filter(|year| *year > 0)?;
    let small = |part| digits(part).and_then(|part| i8::try_from(part).ok());
    let date = Date::new(year, small(month)?, small(day)?).ok()?;
    match rest.as_bytes().first() {
        None | Some(b'T' | b' ') => Some((date, rest.get(1..).unwrap_or(""))),
        _ => None,
    }
}

/// `2026-01-31T10:00:00+03:00`
fn moment(text: &str) -> Option<Moment> {
    let (date, rest) = date_and_rest(text)?;
    let zone = rest.rfind(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let offset_seconds = match zone.as_bytes() {
        b"Z" => 0,
        [sign, hours @ .., b':', m1, m2] | [sign, hours @ .., m1, m2] if hours.len() == 2 => {
            let minutes = digits(hours)? * 60 + digits(&[*m1, *m2])?;
            if minutes > 18 * 60 {
                return None;
            }
            i32::from(minutes) * if *sign == b'-' { -60 } else { 60 }
        }
        _ => return None,
    };
    let time: Time = match time.as_bytes() {
        [h1, h2, b':', m1, m2, b':', s1, s2] => {
            let part = |a: &u8, b: &u8| digits(&[*a, *b]).and_then(|part| i8::try_from(part).ok());
            Time::new(part(h1, h2)?, part(m1, m2)?, part(s1, s2)?, 0).ok()?
        }
        _ => time.parse().ok()?,
    };
    Some(Moment {
        civil: date.to_datetime(time),
        offset_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: ScalarType, json: &str) -> Result<String, Reason> {
        scalar(kind, json).map(|cell| {
            let mut text = String::new();
            cell.write_text(&mut text);
            text
        })
    }

    #[test]
    fn the_same_value_comes_in_several_spellings() {
        use ScalarType::{Boolean, Date, DateTime, Decimal, Float64, Int64, Text};
        for (kind, json, expected) in [
            (Int64, r#""7""#, "7"),
            (Int64, "7", "7"),
            (Int64, r#""7.00""#, "7"),
            (Decimal, r#""100.00|RUB""#, "100.00"),
            (Decimal, "100.5", "100.50"),
            (Float64, r#""0.5""#, "0.5"),
            (Boolean, r#""Y""#, "true"),
            (Boolean, "false", "false"),
            (Boolean, "0", "false"),
            (Date, r#""2026-01-31T03:00:00+03:00""#, "2026-01-31"),
            (Date, r#""31.01.2026""#, "2026-01-31"),
            (
                DateTime,
                r#""2026-01-31T03:00:00+03:00""#,
                "2026-01-31T03:00:00+03:00",
            ),
            (
                DateTime,
                r#""2026-01-31T03:00:00-0330""#,
                "2026-01-31T03:00:00-03:30",
            ),
            (
                DateTime,
                r#""2026-01-31T03:00:00Z""#,
                "2026-01-31T03:00:00+00:00",
            ),
            (
                DateTime,
                r#""9999-12-31T23:59:59-12:00""#,
                "9999-12-31T23:59:59-12:00",
            ),
            (Text, r#""a\/b \u0416""#, "a/b Ж"),
            (Text, "12", "12"),
            (Text, "[1]", "[1]"),
        ] {
            assert_eq!(text(kind, json).as_deref(), Ok(expected), "{json}");
        }
    }

    #[test]
    fn usual_spellings_are_read_as_any_other_spelling_is() {
        use ScalarType::{Boolean, DateTime, Decimal, Int64};
        for (kind, texts) in [
            (
                Int64,
                "0|007|123456789012345678|1234567890123456789|9223372036854775807|-5|+5| 5",
            ),
            (
                Decimal,
                "0|.5|5.|-.5|-0|12.3400|1.00000|99999999999999.9999|9999999999999999.9999|.",
            ),
            (
                Decimal,
                "1.2.3|-|1e5|100000000000000000|0.12345|00000000000000000001.5|1,5|--1|+7.25",
            ),
            (Boolean, "Y|N|y|n|1|0|YES"),
            (
                DateTime,
                "2026-02-28T23:59:59+03:00|2026-02-29T00:00:00+00:00|0000-01-01T00:00:00+00:00",
            ),
            (
                DateTime,
                "0001-01-01T00:00:00-18:00|2026-01-01T24:00:00+00:00|2026-01-01T00:00:60+00:00",
            ),
            (
                DateTime,
                "2026-01-01T00:00:00+18:01|2026-1a-01T00:00:00+00:00|2026-01-01T00:00:00*00:00",
            ),
            (
                DateTime,
                "2026-01-01T00:0:000+00:00|2026-01-01 00:00:00+03:00|2026-01-01T00:00:00+03:0:",
            ),
        ] {
            for text in texts.split('|') {
                let json = format!("\"{text}\"");
                let mut unusual = Cell::Null;
                let read = read_unusual(kind, &json, &mut unusual);
                assert_eq!(
                    scalar(kind, &json),
                    read.map(|()| unusual),
                    "{kind:?} {text}"
                );
            }
        }
        let amount = r#""100.00|RUB""#;
        let mut unusual = Cell::Null;
        read_unusual(Decimal, amount, &mut unusual).unwrap();
        assert_eq!(scalar(Decimal, amount), Ok(unusual));
    }

    #[test]
    fn escapes_are_found_in_short_and_long_texts() {
        for length in [0, 1, 7, 63, 64, 65, 500] {
            let text = "a".repeat(length);
            assert!(!has_escapes(text.as_bytes()));
            for place in [0, length / 2, length] {
                let mut text = text.clone();
                text.insert(place, '\\');
                assert!(has_escapes(text.as_bytes()), "{length} {place}");
            }
        }
    }

    #[test]
    fn empty_is_null_in_every_type() {
        use ScalarType::{Boolean, Date, DateTime, Decimal, Float64, Int64, Text};
        for kind in [Int64, Decimal, Float64, Boolean, Date, DateTime, Text] {
            for json in ["null", r#""""#, "[]", "{}", "[ ]"] {
                assert_eq!(scalar(kind, json), Ok(Cell::Null), "{kind:?} {json}");
            }
        }
        assert_eq!(value(ColumnType::Multifield, "[]"), Ok(Cell::Null));
        assert_eq!(value(ColumnType::List(Int64), "false"), Ok(Cell::Null));
        // Where no type is known, a boolean may be meant.
        let no = Cell::Text(Cow::Borrowed("false"));
        assert_eq!(value(ColumnType::Any, "false"), Ok(no));
    }

    #[test]
    fn a_value_of_another_type_does_not_fit() {
        use ScalarType::{Boolean, Date, DateTime, Decimal, Float64, Int64, Text};
        for (kind, json) in [
            (Int64, r#""C_12""#),
            (Int64, "1.5"),
            (Int64, r#""9223372036854775808""#),
            (Int64, "[1]"),
            (Decimal, r#""0.123456""#),
            (Float64, r#""1e999""#),
            (Boolean, r#""maybe""#),
            (Date, r#""0000-00-00""#),
            (Date, r#""2026-02-30""#),
            (Date, r#""Ж1.01.2026""#),
            (DateTime, r#""2026-01-31T03:00:00""#),
            (DateTime, r#""2026-01-31T25:00:00+03:00""#),
            (DateTime, r#""0000-00-00 00:00:00""#),
            (Text, r#""\ud800""#),
        ] {
            assert!(scalar(kind, json).is_err(), "{kind:?} {json}");
        }
    }

    #[test]
    fn lists_come_as_lists_as_maps_and_as_bare_values() {
        let kind = ColumnType::List(ScalarType::Int64);
        let ints = |ints: &[i64]| Ok(Cell::List(ints.iter().map(|i| Cell::Int(*i)).collect()));
        assert_eq!(value(kind, r#"["1",2]"#), ints(&[1, 2]));
        assert_eq!(value(kind, r#"{"17":"1","18":"2"}"#), ints(&[1, 2]));
        assert_eq!(value(kind, r#""3""#), ints(&[3]));
        assert!(value(kind, r#"["1","x"]"#).is_err());
    }

    #[test]
    fn a_multifield_has_its_values_with_their_kinds() {
        let json = r#"[{"ID":"5","VALUE_TYPE":"WORK","VALUE":"+7 900","TYPE_ID":"PHONE"},{"id":6,"typeId":"PHONE","valueType":"HOME","value":"1"}]"#;
        let Ok(Cell::Multifield(values)) = value(ColumnType::Multifield, json) else {
            panic!("no multifield");
        };
        assert_eq!(values[0].id, Some(5));
        assert_eq!(values[1].value_type.as_deref(), Some("HOME"));
    }
}
