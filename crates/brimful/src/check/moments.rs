//! Moments in a filter: which texts a portal reads as the moment that was meant.
//!
//! The documentation has ISO 8601 alone. Portals read texts with PHP's `strtotime`, which knows words such as `-7 days`, and
//! takes `1/5/2026` for 5 January, whoever wrote it. What it cannot read it passes over.

use brimful_protocol::calendar;

/// What is wrong with a text in the place of a moment, and what to write instead.
pub(super) fn problem(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some([one, other]) = two_days(text) {
        return Some(format!(
            "may be two dates: write it as {one} or {other}, whichever is meant"
        ));
    }
    let right = meant(text).or_else(|| {
        let example = "2026-01-31 or 2026-01-31T18:00:00+03:00";
        (!is_moment(text)).then(|| example.to_owned())
    })?;
    Some(format!("is not a date: write it as {right}"))
}

/// The date at the beginning of a text, and what stands behind it.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find([' ', 'T', 't']).unwrap_or(text.len()))
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn numbers(date: &str, sign: char) -> Option<[u32; 3]> {
    let parts: Vec<&str> = date.split(sign).collect();
    let [first, second, third] = parts.try_into().ok()?;
    let are_short = [first, second, third]
        .iter()
        .all(|part| are_digits(part) && part.len() < 5);
    are_short.then_some(())?;
    Some([
        first.parse().ok()?,
        second.parse().ok()?,
        third.parse().ok()?,
    ])
}

fn exists(year: u32, month: u32, day: u32) -> bool {
    calendar::days(year.into(), month.into(), day.into()).is_some()
}

/// Both days of a date of which nobody can tell whether its day or its month comes first.
fn two_days(text: &str) -> Option<[String; 2]> {
    let (date, time) = split(text);
    let [one, other, year] = numbers(date, '/').or_else(|| numbers(date, '-'))?;
    let is_open = one != other && year > 31 && exists(year, one, other) && exists(year, other, one);
    is_open.then(|| {
        [(one, other), (other, one)]
            .map(|(month, day)| format!("{year:04}-{month:02}-{day:02}{time}"))
    })
}

/// What was meant by digits that a portal reads as another moment, or as none: seconds since 1970, a date without signs, a
/// year of two digits, a week.
fn meant(text: &str) -> Option<String> {
    let (date, time) = split(text);
    let day = |year: u32, month: u32, day: u32| {
        exists(year, month, day).then(|| format!("{year:04}-{month:02}-{day:02}{time}"))
    };
    if are_digits(text) {
        if text.len() == 8 {
            return day(
                text[..4].parse().ok()?,
                text[4..6].parse().ok()?,
                text[6..].parse().ok()?,
            );
        }
        // Seconds, or thousandths of them.
        let seconds: i64 = text.parse().ok()?;
        return match text.len() {
            9 | 10 => Some(in_utc(seconds)),
            12 | 13 => Some(in_utc(seconds / 1000)),
            _ => None,
        };
    }
    // To a portal it is a time of day.
    if let Some([d, m, y]) = numbers(date, '.')
        && date.rsplit('.').next().is_some_and(|year| year.len() == 2)
    {
        let century = if y < 70 { 2000 } else { 1900 };
        return day(century + y, m, d);
    }
    if let Some([d @ 13..=9999, m, y @ 32..=9999]) = numbers(date, '/') {
        return day(y, m, d);
    }
    week(text)
}

/// The first day of a week such as `2026-W05`, or the day of it that is named behind it.
fn week(text: &str) -> Option<String> {
    let (year, rest) = text.split_once(['W', 'w'])?;
    let year = year.strip_suffix('-').unwrap_or(year);
    let (week, day) = rest.split_at_checked(2)?;
    let day = day.strip_prefix('-').unwrap_or(day);
    let are_read = year.len() == 4 && are_digits(year) && are_digits(week) && day.len() < 2;
    let day: i64 = match day {
        _ if !are_read => return None,
        "" => 1,
        day => day.parse().ok().filter(|day| (1..=7).contains(day))?,
    };
    let week: i64 = week.parse().ok().filter(|week| (1..=53).contains(week))?;
    // 4 January is in the first week, which begins with a Monday. 1 January 1970 was a Thursday.
    let fourth = calendar::days(year.parse().ok()?, 1, 4)?;
    let monday = fourth - (fourth + 3).rem_euclid(7);
    let (year, month, day) = calendar::civil(monday + 7 * (week - 1) + day - 1);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A moment as portals read it.
fn in_utc(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = calendar::civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+00:00",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Whether PHP's `strtotime` makes a moment of it that can't be another one.
fn is_moment(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return are_digits(seconds.strip_prefix('-').unwrap_or(seconds));
    }
    let (date, rest) = split(text);
    if is_date(date) {
        let behind = rest.trim_start_matches([' ', 'T', 't']);
        return rest.is_empty() || is_time(behind) || are_words(behind);
    }
    are_words(text)
}

fn is_date(date: &str) -> bool {
    let of_three = ['-', '/', '.']
        .into_iter()
        .find_map(|sign| Some((sign, numbers(date, sign)?)));
    let number = |text: &str| text.parse().ok().filter(|_| are_digits(text));
    let day = match of_three {
        Some(
            ('-' | '/', [year @ 32..=9999, month, day])
            | ('-' | '.', [day, month, year @ 100..=9999])
            | ('/', [month, day, year @ 100..=9999]),
        ) => Some((year, month, day)),
        Some(_) => None,
        None => date
            .split_once('-')
            .filter(|(year, _)| year.len() == 4)
            .and_then(|(year, month)| Some((number(year)?, number(month)?, 1))),
    };
    day.is_some_and(|(year, month, day)| exists(year, month, day))
}

/// Whether a text is a time of day, with a zone or without: `18:00:00.5+03:00`.
fn is_time(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let (time, zone) = lower.split_at(lower.find(['+', '-', 'z', 'u', 'g']).unwrap_or(lower.len()));
    let time = time.trim();
    let time = time
        .strip_suffix("am")
        .or_else(|| time.strip_suffix("pm"))
        .unwrap_or(time)
        .trim();
    let (time, parts_of_second) = time.split_once('.').unwrap_or((time, "0"));
    let zone = zone
        .strip_prefix("utc")
        .or_else(|| zone.strip_prefix("gmt"))
        .unwrap_or(zone);
    let is_zone = match zone.strip_prefix(['+', '-']) {
        // The farthest zones are 14 hours ahead and 12 behind.
        Some(offset) if are_digits(offset) && offset.len() == 4 => {
            is_clock(&format!("{}:{}", &offset[..2], &offset[2..]), [14, 59, 0])
        }
        Some(offset) => is_clock(offset, [14, 59, 0]),
        None => matches!(zone, "" | "z"),
    };
    is_zone && are_digits(parts_of_second) && is_clock(time, [24, 59, 59])
}

fn is_clock(text: &str, highest: [u32; 3]) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let below = |(part, highest): (&&str, u32)| {
        are_digits(part)
            && part.len() < 3
            && part.parse().is_ok_and(|number: u32| number <= highest)
    };
    parts.len() <= highest.len() && parts.iter().zip(highest).all(below)
}

/// What a word of a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// `today`
    Day,
    /// `monday`
    Weekday,
    /// `january`
    Month,
    /// `days`
    Unit,
    /// `7`, `-7`
    Number,
    /// `last`, `first`
    Which,
    Of,
    Ago,
    /// `18:00`
    Time,
}

const DAYS: [&str; 6] = ["now", "today", "yesterday", "tomorrow", "midnight", "noon"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WEEKDAY_ENDS: [&str; 7] = ["day", "sday", "nesday", "rsday", "day", "urday", "day"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const UNITS: [&str; 9] = [
    "sec", "second", "min", "minute", "hour", "day", "week", "month", "year",
];
const WHICH: [&str; 5] = ["last", "next", "previous", "this", "first"];

impl Word {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(',');
        let is_weekday = |(short, end): (&&str, &str)| {
            text.strip_prefix(short)
                .is_some_and(|rest| rest.is_empty() || rest == end)
        };
        let is_month = |month: &&str| *month == text || text.len() == 3 && month.starts_with(text);
        let single = text.strip_suffix('s').unwrap_or(text);
        let number = text.trim_start_matches(['+', '-']);
        let ordinal = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|end| number.strip_suffix(end));
        Some(match text {
            "of" => Self::Of,
            "ago" => Self::Ago,
            _ if DAYS.contains(&text) => Self::Day,
            _ if WEEKDAYS.iter().zip(WEEKDAY_ENDS).any(is_weekday) => Self::Weekday,
            _ if MONTHS.iter().any(is_month) => Self::Month,
            _ if UNITS.contains(&single) => Self::Unit,
            _ if WHICH.contains(&text) => Self::Which,
            _ if are_digits(ordinal.unwrap_or(number)) => Self::Number,
            _ if text.contains(':') && is_time(text) => Self::Time,
            _ => return None,
        })
    }
}

/// Whether a text is a moment in words: `yesterday`, `-7 days`, `1 week ago`, `last monday`, `31 January 2026 18:00`.
fn are_words(text: &str) -> bool {
    let words: Option<Vec<Word>> = apart(&text.to_ascii_lowercase())
        .split_whitespace()
        .map(Word::of)
        .collect();
    let Some(words) = words.filter(|words| !words.is_empty()) else {
        return false;
    };
    let has_month = words.contains(&Word::Month);
    (0..).zip(&words).all(|(at, word): (usize, _)| {
        let before = at.checked_sub(1).map(|at| words[at]);
        let behind = words.get(at + 1).copied();
        match word {
            Word::Number => has_month || behind == Some(Word::Unit),
            Word::Unit => matches!(before, Some(Word::Number | Word::Which)),
            Word::Which => matches!(behind, Some(Word::Unit | Word::Weekday)),
            Word::Of => matches!(behind, Some(Word::Month | Word::Which)),
            Word::Ago => before == Some(Word::Unit),
            Word::Month => words.contains(&Word::Number) || before == Some(Word::Of),
            Word::Time => words.len() > 1,
            Word::Day | Word::Weekday => true,
        }
    })
}

/// A text with blanks between numbers and the letters behind them, and before signs: `-7days` is `-7 days`.
fn apart(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let is_ordinal = ["st", "nd", "rd", "th"]
            .iter()
            .any(|end| text[at..].starts_with(end));
        let splits = before.is_ascii_digit() && letter.is_ascii_alphabetic() && !is_ordinal;
        if splits || matches!(letter, '+' | '-') && before.is_ascii_alphabetic() {
            spaced.push(' ');
        }
        // PHP reads `+ 1 day` too.
        if !(letter == ' ' && matches!(before, '+' | '-')) {
            spaced.push(letter);
            before = letter;
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_dates_are_refused() {
        for text in [
            "вчера",
            "31/12/2026 soon",
            "2026-13-01",
            "01.13.2026",
            "2026",
            "soon",
            "someday",
            "day",
            "last",
            "ago",
            "1 ago",
            "2026-02-30",
            "2026-02-29T10:00:00",
            "31.04.2026",
            "2026-01-31T25:00:00",
            "2026-01-31 10:61",
            "2026-01-31T00:00:00+99:00",
            "2026-01-31 junk",
            "2026-01-31T",
            "2026-W54",
            "2026W05-9",
            "7",
            "1 week ago or so",
            "@soon",
            "January",
            "2026-01-31T10:00:00+03:00Z",
            "1/2/3/4",
            "31-12-26",
            "12/31/26",
        ] {
            assert!(problem(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_a_portal_reads_as_one_moment_is_taken() {
        for text in [
            "2026-01-31",
            "2026-01-31T18:00:00+03:00",
            "2026-01-31 18:00",
            "01.12.2026",
            "12/31/2026",
            "5/5/2026",
            "today",
            "-7 days",
            "+1 day",
            "1 week ago",
            "2 hours ago",
            "- 7 days",
            "-7days",
            "last monday",
            "first day of next month",
            "31 January 2026",
            "January 31, 2026 18:00",
            "31st jan 2026",
            "2026-01",
            "01.12.2026 10:00:00",
            "2024-02-29",
            "2026-01-31T10:00:00.5-03:30",
            "2026-01-31T10:00Z",
            "2026-01-31 +1 day",
            "2026-01-31 10:00 +0300",
            "@1700000000",
            "yesterday 18:00",
            "2026/01/31",
            "31-12-2026",
            "2026-01-31T10:00:00 UTC",
            "tomorrow -1 week",
            "2026-01-31 6pm",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn digits_that_a_portal_reads_as_another_moment_are_written_out() {
        for (text, right) in [
            ("1700000000", "2023-11-14T22:13:20+00:00"),
            ("1700000000000", "2023-11-14T22:13:20+00:00"),
            ("20260131", "2026-01-31"),
            ("31.12.25", "2025-12-31"),
            ("01.12.25T10:00:00", "2025-12-01T10:00:00"),
            ("31.12.85", "1985-12-31"),
            ("31/12/2026", "2026-12-31"),
            ("31/12/2026 10:00", "2026-12-31 10:00"),
            ("2024W05", "2024-01-29"),
            ("2024-W05", "2024-01-29"),
            ("2024-W05-3", "2024-01-31"),
            ("2020W53", "2020-12-28"),
        ] {
            let said = problem(text).unwrap_or_else(|| panic!("{text} passed"));
            assert!(said.ends_with(&format!("write it as {right}")), "{said}");
        }
        assert!(problem("20261331").is_some());
    }

    #[test]
    fn a_date_whose_day_may_be_its_month_is_shown_as_both() {
        for (text, one, other) in [
            ("1/5/2024", "2024-01-05", "2024-05-01"),
            ("01/05/2024 10:00", "2024-01-05 10:00", "2024-05-01 10:00"),
            ("05-01-2024", "2024-05-01", "2024-01-05"),
        ] {
            assert_eq!(
                problem(text).as_deref(),
                Some(&*format!(
                    "may be two dates: write it as {one} or {other}, whichever is meant"
                )),
            );
        }
    }
}
