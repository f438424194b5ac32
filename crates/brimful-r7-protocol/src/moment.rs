//! The dates of R7-Office: seven digits of a second, and `Z` or an offset.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    at: Timestamp,
    offset: Offset,
}

/// A text that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a date: write 2026-03-01T10:00:00.0000000Z or 2026-03-01")]
pub struct MomentError(String);

/// The first day of .NET's calendar, in Unix seconds.
const MIN: i64 = -62_135_596_800;
const NANOSECONDS: i128 = 1_000_000_000;
/// A tick of .NET, in nanoseconds.
const TICK: i128 = 100;

impl Moment {
    /// A moment in UTC. Seconds outside the years 1 to 9999 are moved into them.
    pub fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.clamp(MIN, Timestamp::MAX.as_second());
        Self {
            at: Timestamp::from_second(seconds).unwrap_or_default(),
            offset: Offset::UTC,
        }
    }

    /// The same moment told in another offset, in minutes east of Greenwich (14 hours at most).
    #[must_use]
    pub fn in_offset(mut self, minutes: i16) -> Self {
        let minutes = i32::from(minutes).clamp(-MAX_OFFSET, MAX_OFFSET);
        self.offset = Offset::from_seconds(minutes * 60).unwrap_or(Offset::UTC);
        self
    }

    /// Whole seconds since 1970 in UTC.
    pub fn unix(self) -> i64 {
        self.at.as_nanosecond().div_euclid(NANOSECONDS) as i64
    }

    /// What is left of the second, in ten millionths.
    pub fn ticks(self) -> u32 {
        (self.at.as_nanosecond().rem_euclid(NANOSECONDS) / TICK) as u32
    }
}

/// The largest offset, in minutes.
const MAX_OFFSET: i32 = 14 * 60;

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.offset.to_datetime(self.at);
        write!(f, "{}", local.strftime("%Y-%m-%dT%H:%M:%S%.7f"))?;
        let minutes = self.offset.seconds() / 60;
        if minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(
            f,
            "{sign}{:02}:{:02}",
            minutes.abs() / 60,
            minutes.abs() % 60
        )
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
    let (date, time) = text.split_at_checked(10)?;
    if [4, 7].iter().any(|&at| date.as_bytes()[at] != b'-') || text.contains('[') {
        return None;
    }
    let time = match time.as_bytes() {
        [] => String::new(),
        [b'T' | b' ', _, _, b':', _, _, b':', ..] => time.to_owned(),
        [b'T' | b' ', _, _, b'-', _, _, b'-', ..] => {
            format!("T{}:{}:{}", &time[1..3], &time[4..6], &time[7..])
        }
        _ => return None,
    };
    let text = format!("{date}{time}");
    let pieces = Pieces::parse(&text).ok()?;
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    if offset.seconds().abs() > MAX_OFFSET * 60 {
        return None;
    }
    let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let nanoseconds = offset.to_timestamp(local).ok()?.as_nanosecond();
    let at = Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(TICK)).ok()?;
    let moment = Moment { at, offset };
    (moment.unix() >= MIN).then_some(moment)
}
