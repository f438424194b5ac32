//! Moments of tasks: a date, a time and the zone that they are told in.
//!
//! A portal reads a time without a zone by a clock of its own, which may differ from the writer's, and says nothing.
//! So a [`Moment`] always has its zone, and a text without one is refused.

use std::fmt;
use std::str::FromStr;

use brimful_protocol::calendar::{civil, days};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY: i64 = 86_400;
/// The most that a clock is ahead of UTC or behind it, in minutes.
const FURTHEST: i16 = 14 * 60;
/// The years 1 to 9999 in every zone, in Unix seconds.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_510_400..=253_402_214_399;

/// A moment, and the zone that it is told in. It is ordered by when it is, wherever it is told.
///
/// ```
/// use brimful::tasks::Moment;
///
/// let moment: Moment = "2026-12-01T00:00:00+03:00".parse().unwrap();
/// assert_eq!(moment.to_string(), "2026-12-01T00:00:00+03:00");
/// assert_eq!(moment, "2026-11-30T21:00:00Z".parse().unwrap());
/// let why = "2026-12-01T00:00:00".parse::<Moment>().unwrap_err();
/// assert!(why.to_string().contains("no zone"), "{why}");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    unix: i64,
    zone: Zone,
}

/// How far a clock is ahead of UTC.
///
/// ```
/// use brimful::tasks::{Moment, Zone};
///
/// let zone: Zone = "+03:00".parse().unwrap();
/// assert_eq!(zone.midnight("2026-12-01").unwrap(), "2026-12-01T00:00:00+03:00".parse::<Moment>().unwrap());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Zone {
    minutes: i16,
}

/// Why a text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentError {
    /// It says neither the zone nor an offset.
    #[error(
        "the time {0:?} has no zone: the portal would read it by a clock of its own; write the offset too, as in \
         2026-12-01T10:00:00+03:00, or Z for UTC"
    )]
    NoZone(String),
    /// It is a date alone.
    #[error(
        "{0:?} is a date: it begins at another moment in each zone; write the moment, as in 2026-12-01T00:00:00+03:00, \
         or take the midnight of a zone"
    )]
    OnlyDate(String),
    /// It is nothing of the kind.
    #[error("{0:?} is not a moment: one looks like 2026-12-01T10:00:00+03:00")]
    Unreadable(String),
    /// It is not an offset.
    #[error("{0:?} is not a zone: one looks like +03:00, or Z")]
    NoOffset(String),
    /// It is an offset that no zone has, in minutes.
    #[error("{0} minutes are not an offset of a zone: write one from -840 to 840")]
    TooFar(i16),
    /// It is outside of the years that a portal knows, in Unix seconds.
    #[error(
        "{0} seconds since 1970 are outside of the years 1 to 9999: is it a time in milliseconds?"
    )]
    OutOfRange(i64),
}

impl Zone {
    /// Greenwich.
    pub const UTC: Self = Self { minutes: 0 };

    /// So many minutes ahead of UTC (east of Greenwich), from -840 to 840.
    ///
    /// # Errors
    /// More than 14 hours: no clock is so far from UTC.
    pub fn from_minutes(minutes: i16) -> Result<Self, MomentError> {
        if minutes.unsigned_abs() > FURTHEST.unsigned_abs() {
            return Err(MomentError::TooFar(minutes));
        }
        Ok(Self { minutes })
    }

    /// The beginning of a date, such as `2026-12-01`, in this zone.
    ///
    /// # Errors
    /// The text is not a date.
    pub fn midnight(self, date: &str) -> Result<Moment, MomentError> {
        let text = date.trim();
        let mut cursor = Cursor(text);
        match cursor.date() {
            Some(day) if cursor.0.is_empty() => Ok(Moment {
                unix: day * DAY - self.seconds(),
                zone: self,
            }),
            _ => Err(MomentError::Unreadable(text.to_owned())),
        }
    }

    /// The moment that a clock of this zone shows: a date, or a date and a time without a zone of its own.
    ///
    /// # Errors
    /// The text is nothing of the kind.
    pub fn at(self, text: &str) -> Result<Moment, MomentError> {
        let text = text.trim();
        match text.parse::<Moment>() {
            Err(MomentError::OnlyDate(_)) => self.midnight(text),
            Err(MomentError::NoZone(_)) => format!("{text}{self}").parse(),
            Ok(_) | Err(_) => Err(MomentError::Unreadable(text.to_owned())),
        }
    }

    fn seconds(self) -> i64 {
        i64::from(self.minutes) * 60
    }
}

impl Moment {
    /// A moment in UTC, from Unix seconds of the years 1 to 9999.
    ///
    /// # Errors
    /// Another year.
    pub fn from_unix(seconds: i64) -> Result<Self, MomentError> {
        if !YEARS.contains(&seconds) {
            return Err(MomentError::OutOfRange(seconds));
        }
        Ok(Self {
            unix: seconds,
            zone: Zone::UTC,
        })
    }

    /// The same moment, told in another zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Seconds since 1970 in UTC.
    pub fn unix(self) -> i64 {
        self.unix
    }

    /// The zone that it is told in.
    pub fn zone(self) -> Zone {
        self.zone
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.unix == other.unix
    }
}

impl Eq for Moment {}

impl std::hash::Hash for Moment {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.unix.hash(state);
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.unix.cmp(&other.unix)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.unix + self.zone.seconds();
        let (year, month, day) = civil(local.div_euclid(DAY));
        let second = local.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            self.zone
        )
    }
}

impl FromStr for Zone {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        Cursor(text.trim())
            .zone()
            .ok_or_else(|| MomentError::NoOffset(text.to_owned()))
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let text = text.trim();
        let unreadable = || MomentError::Unreadable(text.to_owned());
        let mut cursor = Cursor(text);
        let day = cursor.date().ok_or_else(unreadable)?;
        if cursor.0.is_empty() {
            return Err(MomentError::OnlyDate(text.to_owned()));
        }
        let second = cursor.time().ok_or_else(unreadable)?;
        if cursor.0.is_empty() {
            return Err(MomentError::NoZone(text.to_owned()));
        }
        let zone = cursor.zone().ok_or_else(unreadable)?;
        Ok(Self {
            unix: day * DAY + second - zone.seconds(),
            zone,
        })
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
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<Moment> for serde_json::Value {
    fn from(moment: Moment) -> Self {
        Self::String(moment.to_string())
    }
}

/// What is left of a text to read.
struct Cursor<'t>(&'t str);

impl Cursor<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let text = self.0.get(..digits)?;
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[digits..];
        text.parse().ok()
    }

    fn one(&mut self, of: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|c| of.contains(c))?;
        self.0 = &self.0[found.len_utf8()..];
        Some(found)
    }

    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        self.one(&['-'])?;
        let month = self.number(2)?;
        self.one(&['-'])?;
        let day = self.number(2)?;
        if year == 0 {
            return None;
        }
        days(year, month, day)
    }

    /// The seconds of the day.
    fn time(&mut self) -> Option<i64> {
        self.one(&['T', 't', ' '])?;
        let hour = self.number(2)?;
        self.one(&[':'])?;
        let minute = self.number(2)?;
        let second = match self.one(&[':']) {
            Some(_) => self.number(2)?,
            None => 0,
        };
        if self.one(&['.', ',']).is_some() {
            let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            self.0 = &self.0[digits..];
        }
        (hour <= 23 && minute <= 59 && second <= 59).then_some(hour * 3600 + minute * 60 + second)
    }

    /// The zone, and nothing after it.
    fn zone(&mut self) -> Option<Zone> {
        if self.0.eq_ignore_ascii_case("z") {
            return Some(Zone::UTC);
        }
        let sign = match self.one(&['+', '-'])? {
            '-' => -1,
            _ => 1,
        };
        let hours = self.number(2)?;
        if !self.0.is_empty() {
            // +0300 is as good as +03:00.
            let _ = self.one(&[':']);
        }
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.number(2)?
        };
        let offset = hours * 60 + minutes;
        let sound = self.0.is_empty() && minutes <= 59 && offset <= i64::from(FURTHEST);
        sound.then_some(Zone {
            minutes: (sign * offset) as i16,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Result<Moment, MomentError> {
        text.parse()
    }

    #[test]
    fn a_moment_has_its_zone_and_is_compared_by_when_it_is() {
        for text in [
            "2026-12-01T00:00:00+03:00",
            "2026-11-30T21:00:00Z",
            "2026-11-30T21:00:00.123+00:00",
            "2026-11-30 16:00-0500",
            "2026-12-01T02:30+0530",
        ] {
            assert_eq!(moment(text).unwrap().unix(), 1_796_072_400, "{text}");
        }
        assert!(
            moment("2026-12-01T00:00:00+03:00").unwrap()
                < moment("2026-12-01T00:00:00+02:00").unwrap()
        );
    }

    #[test]
    fn a_moment_is_written_as_it_was_told() {
        for text in [
            "2026-12-01T00:00:00+03:00",
            "2024-02-29T23:59:59-11:30",
            "1969-12-31T23:00:00+00:00",
        ] {
            assert_eq!(moment(text).unwrap().to_string(), text);
        }
        assert_eq!(
            moment("2026-12-01T00:00:00Z").unwrap().to_string(),
            "2026-12-01T00:00:00+00:00"
        );
    }

    #[test]
    fn a_time_without_a_zone_is_refused_and_so_is_a_date() {
        assert!(matches!(
            moment("2026-12-01T10:00:00"),
            Err(MomentError::NoZone(_))
        ));
        assert!(matches!(
            moment("2026-12-01"),
            Err(MomentError::OnlyDate(_))
        ));
        for text in [
            "",
            "tomorrow",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-12-01T24:00:00Z",
            "2026-12-01T00:00:00+15:00",
            "2026-12-01T00:00:00+03:00x",
            "0000-01-01T00:00:00Z",
            "2026-12-01T00:00:00 MSK",
        ] {
            assert!(
                matches!(moment(text), Err(MomentError::Unreadable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn an_offset_or_a_year_that_no_portal_knows_is_refused_and_not_moved() {
        assert_eq!(Zone::from_minutes(-330).unwrap().to_string(), "-05:30");
        assert_eq!(Zone::from_minutes(840).unwrap().to_string(), "+14:00");
        for minutes in [841, -841, i16::MAX, i16::MIN] {
            assert_eq!(
                Zone::from_minutes(minutes),
                Err(MomentError::TooFar(minutes))
            );
        }
        assert_eq!(
            Moment::from_unix(0).unwrap().to_string(),
            "1970-01-01T00:00:00+00:00"
        );
        for seconds in [1_796_072_400_000, i64::MAX, i64::MIN] {
            assert_eq!(
                Moment::from_unix(seconds),
                Err(MomentError::OutOfRange(seconds))
            );
        }
    }

    #[test]
    fn a_date_begins_at_the_midnight_of_a_zone() {
        let zone: Zone = "-05:00".parse().unwrap();
        assert_eq!(
            zone.midnight("2026-12-01").unwrap().to_string(),
            "2026-12-01T00:00:00-05:00"
        );
        assert!(zone.midnight("2026-12-01T00:00:00").is_err());
        assert_eq!(
            zone.at("2026-12-01 10:30").unwrap().to_string(),
            "2026-12-01T10:30:00-05:00"
        );
        assert_eq!(zone.at("2026-12-01"), zone.midnight("2026-12-01"));
        assert!(zone.at("2026-12-01T00:00:00Z").is_err());
        for text in ["", "3", "+3", "UTC", "+03:00:00", "+03:60"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }
}
