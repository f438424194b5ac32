//! Figures as people read them: `152,340`, `7.1 s`, `48.2 MB`.

use std::time::Duration;

/// `152,340`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `2 rows`: the noun is given in its plural.
pub(crate) fn counted(n: u64, plural: &str) -> String {
    if n == 1 {
        let singular = plural.strip_suffix("ies").map_or_else(
            || plural.strip_suffix('s').unwrap_or(plural).to_owned(),
            |stem| format!("{stem}y"),
        );
        format!("1 {singular}")
    } else {
        format!("{} {plural}", count(n))
    }
}

/// `0.42 s`, `7.1 s`, `2 min 5 s`, `1 h 3 min`
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = seconds.round() as u64;
    if seconds < 0.995 {
        format!("{seconds:.2} s")
    } else if seconds < 99.95 {
        format!("{seconds:.1} s")
    } else if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole % 3600 / 60)
    }
}

/// Seconds with milliseconds, as a number for programs.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// `812 B`, `48.2 MB`, in powers of a thousand.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1000.0;
    let mut unit = 0;
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// A word as a POSIX shell takes it back: quoted where it has to be.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 7, 999, 1000, 152_340, 10_000_000].map(count);
        assert_eq!(shown, ["0", "7", "999", "1,000", "152,340", "10,000,000"]);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "leads"), "1 lead");
        assert_eq!(counted(1, "companies"), "1 company");
        assert_eq!(counted(0, "retries"), "0 retries");
        assert_eq!(counted(1, "retries"), "1 retry");
    }

    #[test]
    fn durations_have_the_digits_that_matter() {
        let shown = [0.004, 0.42, 0.996, 7.12, 99.9, 125.2, 3600.0, 3790.0]
            .map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(
            shown,
            [
                "0.00 s",
                "0.42 s",
                "1.0 s",
                "7.1 s",
                "99.9 s",
                "2 min 5 s",
                "1 h 0 min",
                "1 h 3 min"
            ]
        );
    }

    #[test]
    fn sizes_are_in_powers_of_a_thousand() {
        let shown = [812, 1000, 48_190_000, 999_960, 3_100_000_000].map(bytes);
        assert_eq!(shown, ["812 B", "1.0 kB", "48.2 MB", "1.0 MB", "3.1 GB"]);
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_change_it() {
        let shown = ["leads.jsonl", ">ID=5", "it's", ""].map(shell_word);
        assert_eq!(shown, ["leads.jsonl", "'>ID=5'", r"'it'\''s'", "''"]);
    }
}
