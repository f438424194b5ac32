//! Dates as the portal writes and reads them, in its zone.
//!
//! The zone is that of the portal whose call this thread carries out, see [`in_zone`]: handlers run from their start to
//! their end on one thread, and dates are written and read in dozens of places inside them.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

const DAY: i64 = 86_400;
/// Moscow's: the zone of a portal for which nothing else is set.
pub(crate) const USUAL_ZONE: i32 = 3 * 3600;

thread_local! {
    static ZONE: Cell<i32> = const { Cell::new(USUAL_ZONE) };
}

/// Does `work` in a zone, given in seconds east of Greenwich.
pub(crate) fn in_zone<T>(zone: i32, work: impl FnOnce() -> T) -> T {
    struct Restore(i32);
    impl Drop for Restore {
        fn drop(&mut self) {
            ZONE.set(self.0);
        }
    }
    let _restore = Restore(ZONE.replace(zone));
    work()
}

pub(crate) fn zone() -> i64 {
    i64::from(ZONE.get())
}

/// What a clock shows that is `zone` seconds east of Greenwich.
fn local(seconds: i64, zone: i64) -> DateTime {
    let local = seconds.saturating_add(zone);
    let end = if local < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Offset::UTC.to_datetime(Timestamp::from_second(local).unwrap_or(end))
}

/// `2024-08-30T14:29:00+03:00`
pub(crate) fn iso(seconds: i64) -> [u8; 25] {
    iso_in(zone(), seconds)
}

/// [`iso`] in a zone, given in seconds east of Greenwich.
pub(crate) fn iso_in(zone: i64, seconds: i64) -> [u8; 25] {
    let local = local(seconds, zone);
    let year = local.year().clamp(0, 9999).unsigned_abs();
    let mut text = *b"0000-00-00T00:00:00+00:00";
    let mut two = |at: usize, n: u8| {
        text[at] = b'0' + n / 10 % 10;
        text[at + 1] = b'0' + n % 10;
    };
    two(0, (year / 100) as u8);
    two(2, (year % 100) as u8);
    two(5, local.month().unsigned_abs());
    two(8, local.day().unsigned_abs());
    two(11, local.hour().unsigned_abs());
    two(14, local.minute().unsigned_abs());
    two(17, local.second().unsigned_abs());
    let minutes = zone.unsigned_abs() / 60;
    two(20, (minutes / 60) as u8);
    two(23, (minutes % 60) as u8);
    if zone < 0 {
        text[19] = b'-';
    }
    text
}

/// [`iso`] as a string.
pub(crate) fn text(seconds: i64) -> String {
    String::from_utf8_lossy(&iso(seconds)).into_owned()
}

/// `30.08.2024 14:29:00`, as a portal in Russian shows it to people.
pub(crate) fn russian(seconds: i64) -> String {
    local(seconds, zone())
        .strftime("%d.%m.%Y %H:%M:%S")
        .to_string()
}

/// `Fri Aug 30 2024 14:29:00`
pub(crate) fn in_words(seconds: i64) -> String {
    local(seconds, zone())
        .strftime("%a %b %d %Y %H:%M:%S")
        .to_string()
}

/// `20240830T112900Z`, in Greenwich.
pub(crate) fn compact(seconds: i64) -> String {
    local(seconds, 0).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Midnight of the portal's day that `seconds` falls in.
pub(crate) fn midnight(seconds: i64) -> i64 {
    (seconds.saturating_add(zone()))
        .div_euclid(DAY)
        .saturating_mul(DAY)
        .saturating_sub(zone())
}

/// Midnight in Greenwich of a day. A day that its month does not have is one of the next month, as for PHP.
fn day_start(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = i16::try_from(year).ok()?;
    let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
    let first = Offset::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()?;
    Some(first.as_second() + (day - 1) * DAY)
}

/// Reads a date as leniently as PHP's `strtotime` reads those that clients send; without a zone it is the portal's.
pub(crate) fn parse(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    if let Some(unix) = text.strip_prefix('@') {
        return unix.parse().ok();
    }
    // What begins with a digit is a date, and dates are what most texts are.
    let begins = text.bytes().next();
    if begins.is_some_and(|first| first.is_ascii_digit()) {
        return absolute(text).or_else(|| relative(text, now));
    }
    relative(text, now).or_else(|| absolute(text))
}

fn relative(text: &str, now: i64) -> Option<i64> {
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" | "midnight" => return Some(midnight(now)),
        "yesterday" => return Some(midnight(now) - DAY),
        "tomorrow" => return Some(midnight(now) + DAY),
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    let (text, backwards) = match lower.strip_suffix(" ago") {
        Some(text) => (text, -1),
        None => (lower.as_str(), 1),
    };
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-backwards, &text[1..]),
        b'+' => (backwards, &text[1..]),
        _ => (backwards, text),
    };
    let digits = rest
        .trim_start()
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let rest = rest.trim_start();
    let amount: i64 = rest[..digits].parse().ok()?;
    let unit = rest[digits..].trim();
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" | "sec" => 1,
        "minute" | "min" => 60,
        "hour" => 3600,
        "day" => DAY,
        "week" => 7 * DAY,
        "month" => 30 * DAY,
        "year" => 365 * DAY,
        _ => return None,
    };
    Some(now.saturating_add(sign * amount.saturating_mul(seconds)))
}

fn absolute(text: &str) -> Option<i64> {
    let mut reader = DateReader(text);
    let first = reader.number()?;
    let separator = reader.any(&['-', '.', '/'])?;
    let second = reader.number()?;
    reader.any(&[separator])?;
    let third = reader.number()?;
    let (year, month, day) = match separator {
        '-' if first > 31 => (first, second, third),
        '/' => (third, first, second),
        _ => (third, second, first),
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let mut seconds = day_start(year, month, day)?;
    if reader.0.is_empty() {
        return Some(seconds - zone());
    }
    reader.any(&['T', 't', ' '])?;
    reader.0 = reader.0.trim_start();
    let hour = reader.number()?;
    reader.any(&[':'])?;
    let minute = reader.number()?;
    let second = if reader.any(&[':']).is_some() {
        reader.number()?
    } else {
        0
    };
    if reader.any(&['.', ',']).is_some() {
        reader.number()?;
    }
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    seconds += hour * 3600 + minute * 60 + second;
    Some(seconds - reader.zone()?)
}

/// The rest of a date that is being read.
struct DateReader<'t>(&'t str);

impl DateReader<'_> {
    fn number(&mut self) -> Option<i64> {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.0[..end.min(9)].parse().ok()?;
        self.0 = &self.0[end..];
        Some(number)
    }

    fn any(&mut self, of: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|c| of.contains(c))?;
        self.0 = &self.0[found.len_utf8()..];
        Some(found)
    }

    /// The offset at the end of the text; a `+` that came through a query as a space counts as one.
    fn zone(&mut self) -> Option<i64> {
        let rest = self.0.trim_end();
        if rest.is_empty() {
            return Some(zone());
        }
        if rest.trim().eq_ignore_ascii_case("z") || rest.trim().eq_ignore_ascii_case("utc") {
            return Some(0);
        }
        let sign = match self.any(&['+', '-', ' '])? {
            '-' => -1,
            _ => 1,
        };
        let digits: String = self.0.chars().filter(char::is_ascii_digit).collect();
        if self.0.chars().any(|c| !c.is_ascii_digit() && c != ':') || digits.len() > 4 {
            return None;
        }
        let (hours, minutes) = digits.split_at(digits.len().min(2));
        Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().unwrap_or(0) * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_the_portals_zone() {
        assert_eq!(text(0), "1970-01-01T03:00:00+03:00");
        assert_eq!(text(1_725_017_340), "2024-08-30T14:29:00+03:00");
        assert_eq!(text(1_709_164_800), "2024-02-29T03:00:00+03:00");
    }

    #[test]
    fn a_portal_in_another_zone_writes_and_reads_its_own_time() {
        in_zone(-12_600, || {
            assert_eq!(text(0), "1969-12-31T20:30:00-03:30");
            assert_eq!(parse("1969-12-31 20:30", 1), Some(0));
            assert_eq!(parse("1969-12-31T23:30:00+03:00", 1), Some(-12_600));
            assert_eq!(parse("today", 0), Some(12_600 - DAY));
        });
        assert_eq!(text(0), "1970-01-01T03:00:00+03:00");
    }

    #[test]
    fn a_zone_ends_with_its_work_even_if_that_panics() {
        let work = std::panic::catch_unwind(|| in_zone(0, || panic!("on purpose")));
        assert!(work.is_err());
        assert_eq!(text(0), "1970-01-01T03:00:00+03:00");
    }

    #[test]
    fn a_day_that_its_month_does_not_have_is_one_of_the_next() {
        assert_eq!(parse("2023-02-31", 0), parse("2023-03-03", 0));
    }

    #[test]
    fn moments_beyond_all_calendars_are_written_all_the_same() {
        assert!(text(i64::MAX).starts_with("9999-12-3"));
        assert!(text(i64::MIN).starts_with("0000-"));
    }

    #[test]
    fn dates_are_read_as_leniently_as_strtotime() {
        let moment = 1_725_017_340;
        for spelling in [
            "2024-08-30T14:29:00+03:00",
            "2024-08-30T11:29:00Z",
            "2024-08-30 14:29:00",
            "2024-08-30 14:29",
            "30.08.2024 14:29:00",
            "08/30/2024 14:29",
            "2024-08-30T14:29:00.000+0300",
            "2024-08-30T14:29:00 03:00",
            "2024-08-30T06:29:00-05:00",
            "@1725017340",
        ] {
            assert_eq!(parse(spelling, 0), Some(moment), "{spelling}");
        }
        assert_eq!(parse("2024-08-30", 0), Some(midnight(moment)));
        assert_eq!(parse("today", moment), Some(midnight(moment)));
        assert_eq!(parse("-1 day", moment), Some(moment - DAY));
        assert_eq!(parse("2 Weeks ago", moment), Some(moment - 14 * DAY));
        assert_eq!(parse("1 day", moment), Some(moment + DAY));
        for nonsense in [
            "",
            "soon",
            "2024-13-01",
            "2024-08-30Tnoon",
            "1.1",
            "+",
            "- days",
        ] {
            assert_eq!(parse(nonsense, 0), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seconds in (-2_000_000_000..4_000_000_000).step_by(86_399 * 13) {
            assert_eq!(parse(&text(seconds), 0), Some(seconds));
        }
    }
}
