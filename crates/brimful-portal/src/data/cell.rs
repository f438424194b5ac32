//! One field of one row, as far as it has to be known: generated fields are a few numbers until somebody writes them.

use std::fmt::Write as _;

use brimful_protocol::{Value, json};

use crate::context::moment;

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    /// A decimal with two places.
    Cents(i64),
    Flag(bool),
    /// A moment in Unix seconds.
    Time(i64),
    /// Text that JSON needs no escapes for.
    Plain(&'a str),
    Text(&'a str),
    ComposedText(ComposedText),
    SeveralValues(SeveralValues),
    /// A value that was written by a call or loaded.
    Stored(&'a Value),
}

/// Text made of parts. The static parts need no escapes in JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ComposedText {
    Title {
        what: &'static str,
        whom: &'static str,
        number: u64,
    },
    Email {
        first: &'static str,
        last: &'static str,
        number: u64,
    },
    Phone(u64),
    Money {
        cents: i64,
        currency: &'static str,
    },
    Guid(u64, u64),
}

/// Several generated values in one field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SeveralValues {
    /// Those of `words` whose bit is set.
    Words {
        words: &'static [&'static str],
        chosen: u32,
    },
    /// `count` numbers below `below`, from 1 on, derived from `hash`.
    Numbers { hash: u64, count: u32, below: u64 },
    /// The phones of a CRM record.
    Phones { id: u64, hash: u64, count: u32 },
    /// The e-mail of a CRM record.
    Emails {
        id: u64,
        first: &'static str,
        last: &'static str,
    },
}

impl ComposedText {
    /// Writes the text to `out`, and nothing that JSON would escape.
    pub(crate) fn render(self, out: &mut impl Sink) {
        match self {
            Self::Title { what, whom, number } => {
                out.text(what);
                out.text(whom);
                out.text(" №");
                out.number(number);
            }
            Self::Email {
                first,
                last,
                number,
            } => {
                out.text(first);
                out.text(".");
                out.text(last);
                out.number(number);
                out.text("@example.com");
            }
            Self::Phone(number) => {
                out.text("+79");
                out.number(100_000_000 + number % 900_000_000);
            }
            Self::Money { cents, currency } => {
                out.number((cents / 100).unsigned_abs());
                if cents % 100 != 0 {
                    out.text(".");
                    out.text(if cents % 100 < 10 { "0" } else { "" });
                    out.number((cents % 100).unsigned_abs());
                }
                out.text("|");
                out.text(currency);
            }
            Self::Guid(a, b) => {
                let guid = format!(
                    "{{{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}}}",
                    a >> 32,
                    a >> 16 & 0xffff,
                    a & 0xfff,
                    b >> 48 & 0x3fff | 0x8000,
                    b & 0xffff_ffff_ffff
                );
                out.text(&guid);
            }
        }
    }
}

impl SeveralValues {
    /// The values one by one, until `visit` says that it has seen enough.
    pub(crate) fn any(self, mut visit: impl FnMut(Cell<'static>) -> bool) -> bool {
        match self {
            Self::Words { words, chosen } => words
                .iter()
                .enumerate()
                .any(|(i, word)| chosen >> (i % 32) & 1 == 1 && visit(Cell::Plain(word))),
            Self::Numbers { hash, count, below } => {
                Self::numbers(hash, count, below).any(|n| visit(Cell::Int(n)))
            }
            Self::Phones { hash, count, .. } => {
                (0..u64::from(count)).any(|i| visit(Cell::ComposedText(Self::phone(hash, i))))
            }
            Self::Emails { id, first, last } => visit(Cell::ComposedText(ComposedText::Email {
                first,
                last,
                number: id,
            })),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        !self.any(|_| true)
    }

    pub(crate) fn phone(hash: u64, i: u64) -> ComposedText {
        ComposedText::Phone((hash >> 20).wrapping_add(i * 7_919))
    }

    fn numbers(hash: u64, count: u32, below: u64) -> impl Iterator<Item = i64> {
        let start = super::hash::below(hash, below.max(1));
        (0..u64::from(count)).map(move |i| ((start + i * 3) % below.max(1) + 1) as i64)
    }
}

/// Where text is written.
pub(crate) trait Sink {
    fn text(&mut self, text: &str);
    fn number(&mut self, number: u64);
}

impl Sink for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn number(&mut self, number: u64) {
        let _ = write!(self, "{number}");
    }
}

impl Sink for Vec<u8> {
    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        json::write_int(self, number as i64);
    }
}

impl Cell<'_> {
    /// Whether there is no value: null, an empty string, an empty list.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Plain(text) | Self::Text(text) => text.is_empty(),
            Self::SeveralValues(many) => many.is_empty(),
            Self::Stored(value) => match value {
                Value::Null => true,
                Value::Text(text) => text.is_empty(),
                Value::Array(array) => array.is_empty(),
                _ => false,
            },
            _ => false,
        }
    }

    /// The integer, if there is a value.
    pub(crate) fn to_int(self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(i),
            Self::Cents(cents) => Some(cents / 100),
            Self::Flag(flag) => Some(i64::from(flag)),
            Self::Time(seconds) => Some(seconds),
            Self::Stored(value) if !self.is_empty() => Some(value.to_int()),
            Self::Plain(text) | Self::Text(text) if !text.is_empty() => {
                Some(Value::from(text).to_int())
            }
            Self::ComposedText(_) => self.to_text().map(|text| Value::from(text).to_int()),
            _ => None,
        }
    }

    /// The number, if there is a value.
    pub(crate) fn to_float(self) -> Option<f64> {
        match self {
            Self::Cents(cents) => Some(cents as f64 / 100.0),
            Self::Stored(value) if !self.is_empty() => Some(value.to_float()),
            Self::Plain(text) | Self::Text(text) if !text.is_empty() => {
                Some(Value::from(text).to_float())
            }
            Self::ComposedText(_) => self.to_text().map(|text| Value::from(text).to_float()),
            other => other.to_int().map(|i| i as f64),
        }
    }

    /// The moment, if there is a value that is one.
    pub(crate) fn to_time(self) -> Option<i64> {
        match self {
            Self::Time(seconds) => Some(seconds),
            Self::Stored(Value::Text(text)) => moment::parse(text, 0),
            Self::Stored(Value::Int(seconds)) => Some(*seconds),
            _ => None,
        }
    }

    /// Writes the text of a single value to `out`; says whether there was any.
    pub(crate) fn write_text(self, out: &mut String) -> bool {
        match self {
            Self::Null | Self::SeveralValues(_) | Self::Stored(Value::Null | Value::Array(_)) => {
                return false;
            }
            Self::Int(i) => {
                let _ = write!(out, "{i}");
            }
            Self::Cents(cents) => {
                let sign = if cents < 0 { "-" } else { "" };
                let _ = write!(
                    out,
                    "{sign}{}.{:02}",
                    (cents / 100).abs(),
                    (cents % 100).abs()
                );
            }
            Self::Flag(flag) => out.push(if flag { 'Y' } else { 'N' }),
            Self::Time(seconds) => out.push_str(&moment::text(seconds)),
            Self::Plain(text) | Self::Text(text) => out.push_str(text),
            Self::ComposedText(made) => made.render(out),
            Self::Stored(Value::Bool(flag)) => out.push(if *flag { 'Y' } else { 'N' }),
            Self::Stored(Value::Text(text)) => out.push_str(text),
            Self::Stored(value) => out.push_str(&value.to_text()),
        }
        true
    }

    pub(crate) fn to_text(self) -> Option<String> {
        let mut text = String::new();
        self.write_text(&mut text).then_some(text)
    }

    /// The values of the field one by one, until `visit` says that it has seen enough; none if it is empty.
    pub(crate) fn any(self, mut visit: impl FnMut(Cell<'_>) -> bool) -> bool {
        match self {
            Self::Null | Self::Stored(Value::Null) => false,
            Self::SeveralValues(many) => many.any(visit),
            Self::Stored(Value::Array(array)) => {
                array.values().any(|item| match item.get("VALUE") {
                    Some(value) => visit(Cell::Stored(value)),
                    None => visit(Cell::Stored(item)),
                })
            }
            one => visit(one),
        }
    }
}
