//! Durations on the command line: `250us`, `50ms`, `1.5s`, `0`.

use std::time::Duration;

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
        "" if number == 0.0 => 0.0,
        "" => return Err("the unit is missing: us, ms or s".to_owned()),
        _ => return Err("the unit is one of ns, us, ms, s, min".to_owned()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| "that is too long".to_owned())
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
}
