//! The dates of R7-Office: seven digits of a second, and `Z` or an offset.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use brimful_protocol::calendar::{civil, days};

const DAY: i64 = 86_400;
/// Ticks of .NET in a second.
const TICKS: u32 = 10_000_000;

/// A moment, and the offset that it is told in.
///
/// Written with seven digits of a second and `Z` or `+hh:mm`. Read like that, with hyphens for the colons of the time,
/// without the fraction, or as a date alone; without an offset it is UTC.
///
/// ```
/// use brimful_r7_protocol::Moment;
/// let moment: Moment = "2007-10-09T05-00-00.0000000+05:00".parse().unwrap();
/// assert_eq!(moment.to_string(), "2007-10-09T05:00:00.0000000+05:00");
/// assert_eq!(moment.unix(), 1_191_888_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    unix: i64,
    ticks: u32,
    /// Minutes east of Greenwich.
    offset: i16,
}

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no date: it looks like 2026-03-01T10:00:00.0000000Z, or like 2026-03-01")]
pub struct MomentError(String);

impl Moment {
    /// A moment in UTC.
    pub fn from_unix(seconds: i64) -> Self {
        Self {
            unix: seconds.clamp(MIN, MAX),
            ticks: 0,
            offset: 0,
        }
    }

    /// The same moment told in another offset, in minutes east of Greenwich (14 hours at most).
    #[must_use]
    pub fn in_offset(mut self, minutes: i16) -> Self {
        self.offset = minutes.clamp(-14 * 60, 14 * 60);
        self
    }

    /// Whole seconds since 1970 in UTC.
    pub fn unix(self) -> i64 {
        self.unix
    }

    /// What is left of the second, in ten millionths.
    pub fn ticks(self) -> u32 {
        self.ticks
    }
}

/// The years 1 and 9999, as far as dates of .NET go.
const MIN: i64 = -62_135_596_800 + DAY;
const MAX: i64 = 253_402_300_799 - DAY;

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |moment: &Self| (moment.unix, moment.ticks, moment.offset);
        key(self).cmp(&key(other))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.unix + i64::from(self.offset) * 60;
        let (year, month, day) = civil(local.div_euclid(DAY));
        let second = local.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:07}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            self.ticks
        )?;
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        read(text.trim()).ok_or_else(|| MomentError(text.to_owned()))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

fn read(text: &str) -> Option<Moment> {
    let mut cursor = Cursor(text);
    let year = cursor.number(4)?;
    cursor.one('-')?;
    let month = cursor.number(2)?;
    cursor.one('-')?;
    let day = cursor.number(2)?;
    let date = days(year, month, day)?;
    let (mut second, mut ticks, mut offset) = (0, 0, 0);
    if !cursor.0.is_empty() {
        cursor.one('T').or_else(|| cursor.one(' '))?;
        let hour = cursor.number(2)?;
        let colon = cursor.one(':').or_else(|| cursor.one('-'))?;
        let minute = cursor.number(2)?;
        cursor.one(colon)?;
        let of_minute = cursor.number(2)?;
        if hour > 23 || minute > 59 || of_minute > 59 {
            return None;
        }
        second = hour * 3600 + minute * 60 + of_minute;
        if cursor.one('.').is_some() {
            ticks = cursor.fraction()?;
        }
        offset = cursor.offset()?;
    }
    let unix = date * DAY + second - i64::from(offset) * 60;
    (MIN..=MAX).contains(&unix).then_some(Moment {
        unix,
        ticks,
        offset,
    })
}

struct Cursor<'t>(&'t str);

impl Cursor<'_> {
    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let text = self.0.get(..digits)?;
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[digits..];
        text.parse().ok()
    }

    fn one(&mut self, c: char) -> Option<char> {
        self.0 = self.0.strip_prefix(c)?;
        Some(c)
    }

    fn fraction(&mut self) -> Option<u32> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let text = &self.0[..digits];
        if digits == 0 {
            return None;
        }
        self.0 = &self.0[digits..];
        // Digits beyond the seventh are finer than a tick.
        let text = &text[..digits.min(7)];
        let value: u32 = text.parse().ok()?;
        Some((value * 10_u32.pow(7 - text.len() as u32)).min(TICKS - 1))
    }

    fn offset(&mut self) -> Option<i16> {
        let minutes = match self.0 {
            "" | "Z" | "z" => return Some(0),
            _ => {
                let sign = match self.one('+').or_else(|| self.one('-'))? {
                    '-' => -1,
                    _ => 1,
                };
                let hours = self.number(2)?;
                self.one(':')?;
                let minutes = self.number(2)?;
                sign * (hours * 60 + minutes)
            }
        };
        (self.0.is_empty() && minutes.abs() <= 14 * 60).then_some(minutes as i16)
    }
}
