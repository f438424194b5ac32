//! Reads the JSON of a field as the value of a column.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use serde_json::value::RawValue;

use crate::cell::{Cell, Decimal, Moment, MultiValue};
use crate::row::read_fields;
use crate::schema::{Column, ColumnType, Dictionary, ScalarType, Source};

/// Why a value does not fit its column.
pub(crate) type Reason = &'static str;

/// Reads a field's JSON as the value of a column into `cell`, which is NULL before that and stays so if it does not fit:
/// why is what comes back, to be recorded.
#[inline]
pub(crate) fn read<'a>(column: &Column, json: &'a str, cell: &mut Cell<'a>) -> Option<Reason> {
    match read_cell(column, json, cell) {
        Ok(()) => left_over(column, json),
        // The other columns of the field fail for the same reason.
        Err(reason) => matches!(column.source, Source::Value).then_some(reason),
    }
}

/// Values are made where they stay: to hand them on costs a twentieth of a Parquet export.
#[inline]
fn read_cell<'a>(column: &Column, json: &'a str, cell: &mut Cell<'a>) -> Result<(), Reason> {
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
fn left_over(column: &Column, json: &str) -> Option<Reason> {
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
        ScalarType::Boolean => match usual_boolean(json) {
            Some(value) => *cell = Cell::Bool(value),
            None => return read_unusual(kind, json, cell),
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
pub(crate) fn usual_integer(json: &str) -> Option<i64> {
    let digits = unquoted(json);
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0_i64;
    for b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit >= 10 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// An amount as portals nearly always write it.
#[inline]
#[cfg(feature = "arrow")]
pub(crate) fn usual_decimal(json: &str) -> Option<i128> {
    Decimal::parse_usual(unquoted(json)).map(|amount| amount.0)
}

/// A boolean as portals nearly always write it.
#[inline]
pub(crate) fn usual_boolean(json: &str) -> Option<bool> {
    match json.as_bytes() {
        br#""Y""# => Some(true),
        br#""N""# => Some(false),
        _ => None,
    }
}

/// A moment as portals nearly always write it, in microseconds since 1970-01-01 00:00 UTC.
#[inline]
#[cfg(feature = "arrow")]
pub(crate) fn usual_micros(json: &str) -> Option<i64> {
    UsualMoment::read(unquoted(json)).map(|moment| moment.micros())
}

fn usual_moment(text: &[u8]) -> Option<Moment> {
    let moment = UsualMoment::read(text)?;
    let part = |number: u32| i8::try_from(number).ok();
    let year = i16::try_from(moment.year).ok()?;
    let date = Date::new(year, part(moment.month)?, part(moment.day)?).ok()?;
    let [hour, minute, second] = [moment.hour, moment.minute, moment.second];
    let time = Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?;
    Some(Moment {
        civil: date.to_datetime(time),
        offset_seconds: moment.offset_seconds,
    })
}

/// The numbers of `2026-01-31T10:00:00+03:00`, as portals nearly always write moments.
struct UsualMoment {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    offset_seconds: i32,
}

impl UsualMoment {
    /// Reads it, if there was such a moment.
    #[inline]
    fn read(text: &[u8]) -> Option<Self> {
        let text: &[u8; 25] = text.try_into().ok()?;
        let ([date, time, rest], [last]) = text.as_chunks::<8>() else {
            return None;
        };
        let mut rest = *rest;
        let sign = match std::mem::replace(&mut rest[3], b'+') {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let date = numbers(*date, *b"0000-00-")?;
        let time = numbers(*time, *b"00T00:00")?;
        let rest = numbers(rest, *b":00+00:0")?;
        let last = last.wrapping_sub(b'0');
        let offset = rest[4] * 60 + rest[7] + u32::from(last);
        let moment = Self {
            year: date[0] * 100 + date[2],
            month: date[5],
            day: time[0],
            hour: time[3],
            minute: time[6],
            second: rest[1],
            offset_seconds: sign * offset as i32 * 60,
        };
        let is_one = last < 10
            && offset <= 18 * 60
            && moment.has_day()
            && moment.hour < 24
            && moment.minute < 60
            && moment.second < 60;
        is_one.then_some(moment)
    }

    /// Whether its day is in the calendar.
    #[inline]
    fn has_day(&self) -> bool {
        const DAYS: [u32; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let leap_day = u32::from(self.month == 2 && is_leap);
        let days = DAYS
            .get(self.month as usize)
            .map_or(0, |days| days + leap_day);
        self.year > 0 && (1..=days).contains(&self.day)
    }

    /// Microseconds since 1970-01-01 00:00 UTC.
    #[inline]
    #[cfg(feature = "arrow")]
    fn micros(&self) -> i64 {
        /// Days from the first of March of the year 0 to 1970-01-01.
        const EPOCH: i64 = 719_468;
        // Years begin in March here, so that the day of a leap year is the last one.
        let year = self.year - u32::from(self.month <= 2);
        let month = (self.month + 9) % 12;
        let days_before = year * 365 + year / 4 - year / 100 + year / 400;
        let days = days_before + (153 * month + 2) / 5 + self.day - 1;
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        let seconds = (i64::from(days) - EPOCH) * 86_400 + i64::from(seconds);
        (seconds - i64::from(self.offset_seconds)) * 1_000_000
    }
}

/// Of each two bytes beside each other the number that they are, where `text` has digits wherever `pattern` has `0`, and
/// the same bytes everywhere else. All eight are compared at once.
#[inline]
fn numbers(text: [u8; 8], pattern: [u8; 8]) -> Option<[u32; 8]> {
    const HIGHEST_BITS: u64 = 0x8080_8080_8080_8080;
    // What reaches the highest bit of a byte if it is added to more than the byte may be.
    let to_highest = pattern.map(|b| if b == b'0' { 0x76 } else { 0x7F });
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(pattern);
    let reached = digits.wrapping_add(u64::from_le_bytes(to_highest)) | digits;
    if reached & HIGHEST_BITS != 0 {
        return None;
    }
    let pairs = digits * 10 + (digits >> 8);
    Some(pairs.to_le_bytes().map(u32::from))
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
                "2024-02-29T00:00:00+00:00|1900-02-29T00:00:00+00:00|2000-02-29T00:00:00+00:00|2026-13-01T00:00:00+00:00",
            ),
            (
                DateTime,
                "2026-00-01T00:00:00+00:00|2026-01-00T00:00:00+00:00|2026-01-01T00:60:00+00:00|2026-01-01T00:00:00+17:60",
            ),
            (
                DateTime,
                "2026-01-0:T00:00:00+00:00|2026-01-01T00:00:00+00:0:|2026-01-01t00:00:00+00:00|2026-01-01T00:00:00+00:0/",
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
                #[cfg(feature = "arrow")]
                if let Some(micros) = usual_micros(text) {
                    assert_eq!(moment(text).map(|moment| moment.micros()), Some(micros));
                }
            }
        }
        let amount = r#""100.00|RUB""#;
        let mut unusual = Cell::Null;
        read_unusual(Decimal, amount, &mut unusual).unwrap();
        assert_eq!(scalar(Decimal, amount), Ok(unusual));
    }

    #[test]
    fn usual_moments_of_all_centuries_are_read_as_any_other_moment_is() {
        for day in 0..146_097 {
            let date = jiff::civil::date(1, 1, 1) + jiff::ToSpan::days(7 + 5 * day);
            let (hour, minute) = (day % 24, day % 60);
            let sign = if day % 2 == 0 { '+' } else { '-' };
            let text = format!("{date}T{hour:02}:{minute:02}:59{sign}{:02}:30", day % 18);
            let usual = usual_moment(text.as_bytes());
            assert!(usual.is_some(), "{text}");
            assert_eq!(usual, moment(&text), "{text}");
            #[cfg(feature = "arrow")]
            assert_eq!(
                usual_micros(&text),
                moment(&text).map(|m| m.micros()),
                "{text}"
            );
        }
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
