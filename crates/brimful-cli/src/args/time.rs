//! Durations on the command line: `250us`, `50ms`, `1.5s`, `15m`, `1d`, `0`; and how far clocks are off: `-90s`, `+03:00`.

use std::time::Duration;

use clap::Args;

/// When a run ends at the latest.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct DeadlineOption {
    /// End after this time with exit code 3, such as 90s, 15m or 2h; what has come is kept
    ///
    /// A wait for operating time that would last longer is not begun. The message names the command that resumes, where
    /// there is one.
    #[arg(long, value_name = "TIME", value_parser = parse_deadline)]
    pub(crate) deadline: Option<Duration>,
}

/// Reads how long something may take.
pub(crate) fn parse_deadline(text: &str) -> Result<Duration, String> {
    match parse(text) {
        Ok(Duration::ZERO) => Err("nothing can be done in no time".to_owned()),
        Err(_) if text.trim().parse::<f64>().is_ok() => {
            Err(format!("the unit is missing: {text}s, {text}m or {text}h"))
        }
        Err(_) if text.matches(['.', '-', '/']).count() == 2 => Err(
            "it is how long the run may take, such as 15m, and no date; tasks list finds tasks by their due dates with --deadline-from and --deadline-before"
                .to_owned(),
        ),
        parsed => parsed,
    }
}

/// Reads a duration with its unit.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number
        .parse()
        .map_err(|_| "a duration is a number and a unit, such as 50ms".to_owned())?;
    let seconds = match unit.trim() {
        "ns" => number * 1e-9,
        "us" | "µs" => number * 1e-6,
        "ms" => number * 1e-3,
        "s" => number,
        "min" | "m" => number * 60.0,
        "h" => number * 3_600.0,
        "d" => number * 86_400.0,
        "" if number == 0.0 => 0.0,
        "" => return Err("the unit is missing: us, ms, s, m, h or d".to_owned()),
        _ => return Err("the unit is one of ns, us, ms, s, m (or min), h, d".to_owned()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| "that is too long".to_owned())
}

/// Reads how often something begins. Without a pause a portal would be asked hundreds of times a minute.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        interval if interval < Duration::from_secs(1) => {
            Err("that is less than a second; write 15m or 1h".to_owned())
        }
        interval => Ok(interval),
    }
}

/// Reads by how much a clock is fast, or with a minus slow: in seconds.
pub(crate) fn parse_skew(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1.0, size),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    parse(size).map(|size| sign * size.as_secs_f64())
}

/// Reads a time zone, `+03:00` or `-05`: in seconds east.
pub(crate) fn parse_zone(text: &str) -> Result<i32, String> {
    let how = "a time zone is an offset, such as +03:00";
    let (sign, size) = match text.trim().split_at_checked(1) {
        Some(("+", size)) => (1, size),
        Some(("-", size)) => (-1, size),
        _ => return Err(how.to_owned()),
    };
    let (hours, minutes) = size.split_once(':').unwrap_or((size, "0"));
    let number = |text: &str, most: i32| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| digits && (0..=most).contains(number))
    };
    let (hours, minutes) = number(hours, 14).zip(number(minutes, 59)).ok_or(how)?;
    Ok(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("3us"), Ok(Duration::from_micros(3)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_number_without_a_unit_is_asked_about() {
        assert!(parse("50").is_err());
        assert!(parse("ms").is_err());
        assert!(parse("5 apples").is_err());
    }

    #[test]
    fn a_deadline_is_a_time_with_a_unit_and_more_than_none() {
        assert_eq!(parse_deadline("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_deadline("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(parse_deadline("2h"), Ok(Duration::from_secs(7_200)));
        for text in ["0", "0s", "90", "soon", "-5s"] {
            assert!(parse_deadline(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_deadline("90"),
            Err("the unit is missing: 90s, 90m or 90h".to_owned())
        );
        for date in ["01.12.2026", "2026-12-01", "12/01/2026"] {
            let said = parse_deadline(date).unwrap_err();
            assert!(said.contains("--deadline-before"), "{date}: {said}");
        }
    }

    #[test]
    fn an_interval_has_minutes_hours_or_days_and_is_never_nothing() {
        assert_eq!(parse_interval("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(parse_interval("1d"), Ok(Duration::from_secs(86_400)));
        for text in ["0s", "0", "0.5s", "20ms"] {
            let said = parse_interval(text).unwrap_err();
            assert!(said.contains("less than a second"), "{text}: {said}");
        }
        let said = parse_interval("1w").unwrap_err();
        assert!(said.contains("m (or min), h, d"), "{said}");
    }

    #[test]
    fn a_clock_is_fast_or_slow() {
        for (text, seconds) in [("+90s", 90), ("-1.5min", -90), ("2h", 7200), ("0", 0)] {
            assert_eq!(parse_skew(text), Ok(f64::from(seconds)), "{text}");
        }
        for text in ["", "-", "5", "--5s", "soon"] {
            assert!(parse_skew(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_is_an_offset() {
        for (text, seconds) in [("+03:00", 10_800), ("-05", -18_000), ("+05:30", 19_800)] {
            assert_eq!(parse_zone(text), Ok(seconds), "{text}");
        }
        for text in ["", "3", "+", "+25:00", "+3:60", "+3:-1", "Moscow", "й"] {
            assert!(parse_zone(text).is_err(), "{text}");
        }
    }
}
