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

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// How many of its digits mean something.
    #[cfg(any(feature = "sqlite", feature = "xlsx"))]
    pub(crate) fn significant_digits(self) -> usize {
        self.0
            .unsigned_abs()
            .to_string()
            .trim_end_matches('0')
            .len()
    }
}

impl fmt::Display for Decimal {
    /// At least two digits behind the point: `100.00`, `0.1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u128.pow(DECIMAL_SCALE);
        let (sign, value) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let fraction = format!("{:04}", value % scale);
        let shown = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{}.{}", value / scale, &fraction[..shown])
    }
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
        let elapsed = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).duration_until(self.civil);
        let micros = elapsed.as_micros() - i128::from(self.offset_seconds) * 1_000_000;
        // Years 1 to 9999 are far within the range.
        i64::try_from(micros).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Moment {
    /// `2026-01-01T10:00:00+03:00`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.unsigned_abs() / 60;
        write!(
            f,
            "{}{sign}{:02}:{:02}",
            self.civil,
            minutes / 60,
            minutes % 60
        )
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
            Self::Decimal(value) => write!(out, "{value}"),
            Self::Float(value) => write!(out, "{value}"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Date(value) => write!(out, "{value}"),
            Self::DateTime(value) => write!(out, "{value}"),
            Self::Text(value) => {
                out.push_str(value);
                Ok(())
            }
            Self::List(_) | Self::Multifield(_) => write!(out, "{}", self.to_json()),
        };
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
    fn moments_are_counted_in_utc() {
        let moment = Moment {
            civil: jiff::civil::date(1970, 1, 1).at(3, 0, 1, 0),
            offset_seconds: 3 * 3600,
        };
        assert_eq!(moment.micros(), 1_000_000);
        assert_eq!(moment.to_string(), "1970-01-01T03:00:01+03:00");
    }
}
