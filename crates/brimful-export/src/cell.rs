//! Values as columns hold them.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::{Date, DateTime};

/// Digits behind the point of a decimal column.
pub const DECIMAL_SCALE: u32 = 4;
/// Digits of a decimal column.
pub const DECIMAL_PRECISION: u32 = 20;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// An exact amount.
    Decimal(Decimal),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A day.
    Date(Date),
    /// A moment.
    DateTime(Moment),
    /// A text.
    Text(Cow<'a, str>),
    /// Several values of one type.
    List(Vec<Self>),
    /// Phones, mails and their like.
    Multifield(Vec<MultiValue>),
}

/// An exact decimal with [`DECIMAL_SCALE`] digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal(pub i128);

impl Decimal {
    /// Reads `-12345.6700`. Fails if it is not such a number, or has more digits than a column holds.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if fraction.len() > DECIMAL_SCALE as usize
            || whole.len() > (DECIMAL_PRECISION - DECIMAL_SCALE) as usize
        {
            return None;
        }
        // Each of the two fits 64 bits, which are several times as fast as 128.
        let number = |digits: &str| {
            let digits = digits.bytes();
            digits.fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'))
        };
        let scale = |digits| 10_i64.pow(digits);
        let behind = number(fraction) * scale(DECIMAL_SCALE - fraction.len() as u32);
        let value =
            i128::from(number(whole)) * i128::from(scale(DECIMAL_SCALE)) + i128::from(behind);
        Some(Self(if negative { -value } else { value }))
    }

    /// Reads an amount as portals nearly always write it: few digits, at most four of them behind the point, and its
    /// currency behind a line. `None` does not mean that it is not an amount.
    #[inline]
    pub(crate) fn parse_usual(text: &[u8]) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            text => (false, text),
        };
        let (mut value, mut digits, mut behind) = (0_i64, 0_u32, None);
        for b in text {
            match b {
                b'0'..=b'9' => {
                    value = value * 10 + i64::from(b - b'0');
                    digits += 1;
                    if let Some(behind) = &mut behind {
                        *behind += 1;
                    }
                    if digits > 14 || behind.is_some_and(|behind| behind > DECIMAL_SCALE) {
                        return None;
                    }
                }
                b'.' if behind.is_none() => behind = Some(0),
                b'|' => break,
                _ => return None,
            }
        }
        if digits == 0 {
            return None;
        }
        // At most 14 digits and four zeros: 64 bits hold them.
        value *= 10_i64.pow(DECIMAL_SCALE - behind.unwrap_or(0));
        Some(Self(i128::from(if negative { -value } else { value })))
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Whether its digits are few enough for a floating-point number to have been one exactly.
    #[cfg(feature = "sqlite")]
    pub(crate) fn fits_f64(self) -> bool {
        self.0.unsigned_abs() < 1 << 53
    }

    /// The nearest floating-point number of an amount that [fits](Self::fits_f64): both numbers of the division are
    /// exact, so that its result is the nearest one.
    #[cfg(feature = "sqlite")]
    pub(crate) fn quotient(self) -> f64 {
        self.0 as f64 / 10_f64.powi(DECIMAL_SCALE as i32)
    }

    /// Whether so many digits are enough for it.
    #[cfg(any(feature = "sqlite", feature = "xlsx"))]
    pub(crate) fn fits_digits(self, digits: u32) -> bool {
        let value = self.0.unsigned_abs();
        value < 10_u128.pow(digits)
            || value.to_string().trim_end_matches('0').len() <= digits as usize
    }
}

impl Decimal {
    fn write_text(self, out: &mut String) {
        use fmt::Write;
        if self.0 < 0 {
            out.push('-');
        }
        let scale = 10_u128.pow(DECIMAL_SCALE);
        let value = self.0.unsigned_abs();
        // 64 bits are several times as fast as 128. Writing to a string does not fail.
        let (whole, fraction) = match u64::try_from(value) {
            Ok(value) => {
                let scale = scale as u64;
                let _ = write!(out, "{}", value / scale);
                (None, value % scale)
            }
            Err(_) => (Some(value / scale), (value % scale) as u64),
        };
        if let Some(whole) = whole {
            let _ = write!(out, "{whole}");
        }
        out.push('.');
        two_digits(fraction / 100, out);
        if fraction % 100 != 0 {
            two_digits(fraction % 100, out);
            if fraction % 10 == 0 {
                out.pop();
            }
        }
    }
}

impl fmt::Display for Decimal {
    /// At least two digits behind the point: `100.00`, `0.1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_text(&mut text);
        f.write_str(&text)
    }
}

/// Appends a number below 100 as two digits.
fn two_digits(number: u64, out: &mut String) {
    out.push(char::from(b'0' + (number / 10 % 10) as u8));
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// Appends a day: `2026-01-31`.
fn write_date(date: Date, out: &mut String) {
    use fmt::Write;
    let Ok(year) = u64::try_from(date.year()) else {
        // Before the year 0. Writing to a string does not fail.
        let _ = write!(out, "{date}");
        return;
    };
    two_digits(year / 100, out);
    two_digits(year % 100, out);
    out.push('-');
    two_digits(u64::from(date.month().unsigned_abs()), out);
    out.push('-');
    two_digits(u64::from(date.day().unsigned_abs()), out);
}

/// A moment, with the offset from UTC in which the portal wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The date and time on the portal's clock.
    pub civil: DateTime,
    /// Seconds that the portal's clock is ahead of UTC.
    pub offset_seconds: i32,
}

/// Days from 1970-01-01 to `date`.
#[cfg(feature = "arrow")]
pub(crate) fn days_since_epoch(date: Date) -> i32 {
    (Date::constant(1970, 1, 1).duration_until(date).as_secs() / 86_400) as i32
}

impl Moment {
    /// Microseconds since 1970-01-01 00:00 UTC.
    pub fn micros(&self) -> i64 {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let elapsed = epoch.duration_until(self.civil);
        // Years -9999 to 9999 are far within the range.
        (elapsed.as_secs() - i64::from(self.offset_seconds)) * 1_000_000
            + i64::from(elapsed.subsec_micros())
    }
}

impl Moment {
    fn write_text(&self, out: &mut String) {
        use fmt::Write;
        let time = self.civil.time();
        if time.subsec_nanosecond() == 0 {
            write_date(self.civil.date(), out);
            for (before, number) in [
                ('T', time.hour()),
                (':', time.minute()),
                (':', time.second()),
            ] {
                out.push(before);
                two_digits(u64::from(number.unsigned_abs()), out);
            }
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "{}", self.civil);
        }
        out.push(if self.offset_seconds < 0 { '-' } else { '+' });
        let minutes = u64::from(self.offset_seconds.unsigned_abs() / 60);
        two_digits(minutes / 60, out);
        out.push(':');
        two_digits(minutes % 60, out);
    }
}

impl fmt::Display for Moment {
    /// `2026-01-01T10:00:00+03:00`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_text(&mut text);
        f.write_str(&text)
    }
}

/// One phone, mail or site of a multifield.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
pub struct MultiValue {
    /// The ID of the value.
    #[serde(
        alias = "ID",
        default,
        deserialize_with = "brimful::protocol::scalar::integer"
    )]
    pub id: Option<i64>,
    /// The phone, the address.
    #[serde(
        alias = "VALUE",
        default,
        deserialize_with = "brimful::protocol::scalar::text"
    )]
    pub value: Option<String>,
    /// Its kind: `WORK`, `MOBILE`.
    #[serde(
        alias = "VALUE_TYPE",
        alias = "valueType",
        default,
        deserialize_with = "brimful::protocol::scalar::text"
    )]
    pub value_type: Option<String>,
    /// Which multifield it belongs to: `PHONE`, `EMAIL`.
    #[serde(
        alias = "TYPE_ID",
        alias = "typeId",
        default,
        deserialize_with = "brimful::protocol::scalar::text"
    )]
    pub type_id: Option<String>,
}

impl Cell<'_> {
    /// Appends the value as text, as a CSV file has it: nothing for NULL, JSON for lists.
    pub fn write_text(&self, out: &mut String) {
        use fmt::Write;
        // Writing to a string does not fail.
        let _ = match self {
            Self::Null => Ok(()),
            Self::Int(value) => write!(out, "{value}"),
            Self::Decimal(value) => {
                value.write_text(out);
                Ok(())
            }
            Self::Float(value) => write!(out, "{value}"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Date(value) => {
                write_date(*value, out);
                Ok(())
            }
            Self::DateTime(value) => {
                value.write_text(out);
                Ok(())
            }
            Self::Text(value) => {
                out.push_str(value);
                Ok(())
            }
            Self::List(_) | Self::Multifield(_) => write!(out, "{}", self.to_json()),
        };
    }

    /// Whether a text of it has a NUL character, which many databases have none of.
    #[cfg(any(feature = "adbc", feature = "postgres"))]
    pub(crate) fn has_nul(&self) -> bool {
        match self {
            Self::Text(text) => text.contains('\0'),
            Self::List(items) => items.iter().any(Self::has_nul),
            Self::Multifield(values) => values.iter().any(|value| {
                let texts = [&value.value, &value.value_type, &value.type_id];
                texts.into_iter().flatten().any(|text| text.contains('\0'))
            }),
            _ => false,
        }
    }

    /// Whether it has a moment between two seconds, which columns of whole seconds don't keep.
    #[cfg(any(feature = "clickhouse", feature = "mysql"))]
    pub(crate) fn has_part_of_second(&self) -> bool {
        match self {
            Self::DateTime(moment) => moment.civil.time().subsec_nanosecond() != 0,
            Self::List(items) => items.iter().any(Self::has_part_of_second),
            _ => false,
        }
    }

    /// The value as JSON. Amounts, days and moments are strings.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::{Value, json};
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => json!(value),
            Self::Float(value) => json!(value),
            Self::Bool(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Decimal(_) | Self::Date(_) | Self::DateTime(_) => {
                let mut text = String::new();
                self.write_text(&mut text);
                Value::String(text)
            }
            Self::List(items) => items.iter().map(Cell::to_json).collect(),
            Self::Multifield(values) => values
                .iter()
                .map(|value| {
                    json!({"ID": value.id, "VALUE": value.value, "VALUE_TYPE": value.value_type,
                        "TYPE_ID": value.type_id})
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, shown) in [
            ("100.00", "100.00"),
            ("-0.5", "-0.50"),
            ("0.1234", "0.1234"),
            ("12345.6700", "12345.67"),
            ("9999999999999999.9999", "9999999999999999.9999"),
            (".5", "0.50"),
            ("7", "7.00"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn amounts_that_a_column_cannot_hold_exactly_are_refused() {
        for text in [
            "0.12345",
            "10000000000000000",
            "1e5",
            "1,5",
            "",
            ".",
            "abc",
            "--1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_moments_are_written_as_their_own_types_write_them() {
        for (year, month, day) in [
            (-1, 1, 2),
            (0, 1, 1),
            (987, 12, 31),
            (2026, 2, 28),
            (9999, 9, 9),
        ] {
            let date = jiff::civil::date(year, month, day);
            let mut text = String::new();
            Cell::Date(date).write_text(&mut text);
            assert_eq!(text, date.to_string());
            for nanoseconds in [0, 5_000_000] {
                let civil = date.at(23, 5, 59, nanoseconds);
                let moment = Moment {
                    civil,
                    offset_seconds: -9_000,
                };
                assert_eq!(moment.to_string(), format!("{civil}-02:30"));
            }
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn an_amount_is_the_floating_point_number_that_its_text_is() {
        for amount in [0, 1, -1_234, 100_001, 999_999_999_999_999, -(1 << 53) + 1] {
            let amount = Decimal(amount);
            assert!(amount.fits_f64());
            assert_eq!(
                amount.quotient().to_bits(),
                amount.to_f64().to_bits(),
                "{amount}"
            );
        }
        assert!(!Decimal(1 << 53).fits_f64());
    }

    #[test]
    fn moments_are_counted_in_utc() {
        let moment = Moment {
            civil: jiff::civil::date(1970, 1, 1).at(3, 0, 1, 0),
            offset_seconds: 3 * 3600,
        };
        assert_eq!(moment.micros(), 1_000_000);
        assert_eq!(moment.to_string(), "1970-01-01T03:00:01+03:00");
    }
}
