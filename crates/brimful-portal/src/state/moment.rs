//! Dates as a portal in Moscow time writes and reads them.

/// The portal's offset from UTC, in seconds.
const ZONE: i64 = 3 * 3600;
const DAY: i64 = 86_400;

/// A year, month and day.
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097) as u32;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        i64::from(yoe) + era * 400 + i64::from(month <= 2),
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// `2024-08-30T14:29:00+03:00`
pub(crate) fn iso(seconds: i64) -> [u8; 25] {
    let local = seconds.saturating_add(ZONE);
    let (year, month, day) = civil(local.div_euclid(DAY));
    // Lists are full of dates, and small numbers are the quicker to divide.
    let time = local.rem_euclid(DAY) as u32;
    let year = year.clamp(0, 9999) as u32;
    let mut text = *b"0000-00-00T00:00:00+03:00";
    let mut two = |at: usize, n: u32| {
        text[at] = b'0' + (n / 10 % 10) as u8;
        text[at + 1] = b'0' + (n % 10) as u8;
    };
    two(0, year / 100);
    two(2, year % 100);
    two(5, month);
    two(8, day);
    two(11, time / 3600);
    two(14, time / 60 % 60);
    two(17, time % 60);
    text
}

/// [`iso`] as a string.
pub(crate) fn text(seconds: i64) -> String {
    String::from_utf8_lossy(&iso(seconds)).into_owned()
}

/// Midnight of the portal's day that `seconds` falls in.
pub(crate) fn midnight(seconds: i64) -> i64 {
    (seconds.saturating_add(ZONE))
        .div_euclid(DAY)
        .saturating_mul(DAY)
        .saturating_sub(ZONE)
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
        return absolute(text);
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
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => return None,
    };
    let digits = rest
        .trim_start()
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    let rest = rest.trim_start();
    let amount: i64 = rest[..digits].parse().ok()?;
    let unit = rest[digits..].trim().to_ascii_lowercase();
    let seconds = match unit.strip_suffix('s').unwrap_or(&unit) {
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
    let mut cursor = Cursor(text);
    let first = cursor.number()?;
    let separator = cursor.any(&['-', '.', '/'])?;
    let second = cursor.number()?;
    cursor.any(&[separator])?;
    let third = cursor.number()?;
    let (year, month, day) = match separator {
        '-' if first > 31 => (first, second, third),
        '/' => (third, first, second),
        _ => (third, second, first),
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let mut seconds = days(year, month, day) * DAY;
    if cursor.0.is_empty() {
        return Some(seconds - ZONE);
    }
    cursor.any(&['T', 't', ' '])?;
    cursor.0 = cursor.0.trim_start();
    let hour = cursor.number()?;
    cursor.any(&[':'])?;
    let minute = cursor.number()?;
    let second = if cursor.any(&[':']).is_some() {
        cursor.number()?
    } else {
        0
    };
    if cursor.any(&['.', ',']).is_some() {
        cursor.number()?;
    }
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    seconds += hour * 3600 + minute * 60 + second;
    Some(seconds - cursor.zone()?)
}

struct Cursor<'t>(&'t str);

impl Cursor<'_> {
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
            return Some(ZONE);
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
