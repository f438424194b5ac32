//! The little language in which faults and churn are ordered: entries with a name, perhaps a value, and options.
//!
//! ```text
//! 503:5%, latency=50ms±20ms, truncated:2% on=batch; seed=42
//! ```
//!
//! Entries are parted by commas or semicolons, options by spaces; the first option may follow a colon.

use std::time::Duration;

/// What is wrong with a specification: the part, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{part}\": {reason}")]
pub struct SpecError {
    part: String,
    reason: String,
}

impl SpecError {
    pub(crate) fn new(part: &str, reason: impl Into<String>) -> Self {
        Self {
            part: part.to_owned(),
            reason: reason.into(),
        }
    }

    /// The part that is wrong, as it was written.
    pub fn part(&self) -> &str {
        &self.part
    }
}

/// One entry, split into its parts and not yet understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'s> {
    /// The entry as it was written.
    pub(crate) text: &'s str,
    pub(crate) name: &'s str,
    pub(crate) value: Option<&'s str>,
    /// `every=7` as (`every`, `7`), `5%` as (`%`, `5`), anything else as (itself, nothing).
    pub(crate) options: Vec<(&'s str, &'s str)>,
}

/// The entries of a specification, without empty ones.
pub(crate) fn entries(spec: &str) -> impl Iterator<Item = Entry<'_>> {
    spec.split([',', ';', '\n'])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(entry)
}

fn entry(text: &str) -> Entry<'_> {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let (head, option) = split_option(first);
    let (name, value) = match head.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (head, None),
    };
    let options = option.into_iter().chain(words).map(option_of).collect();
    Entry {
        text,
        name,
        value,
        options,
    }
}

/// A value may hold colons itself, as an address does: there, an option begins at a colon only if it looks like one.
fn split_option(first: &str) -> (&str, Option<&str>) {
    let in_name = |at: usize| !first[..at].contains('=');
    let found = first.match_indices(':').map(|(at, _)| at).find(|&at| {
        let rest = &first[at + 1..];
        in_name(at)
            || (rest.ends_with('%') && !rest.contains(':'))
            || rest.split_once('=').is_some_and(|(key, _)| is_word(key))
    });
    match found {
        Some(at) => (
            &first[..at],
            Some(&first[at + 1..]).filter(|rest| !rest.is_empty()),
        ),
        None => (first, None),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn option_of(word: &str) -> (&str, &str) {
    match (word.split_once('='), word.strip_suffix('%')) {
        (Some(option), _) => option,
        (None, Some(percent)) => ("%", percent),
        (None, None) => (word, ""),
    }
}

/// `50ms`, `1.5s`, `2m`, `1h`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = number(&text[..text.len() - unit.len()])?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// A number from 0 on.
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|n: &f64| digits && n.is_finite())
}

/// The shortest spelling of a duration that [`duration`] reads back.
pub(crate) fn spelled(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1_000.0;
    if duration.subsec_nanos() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_parted_by_commas_and_options_by_spaces_or_a_colon() {
        let entries: Vec<Entry<'_>> =
            entries("503:5%, reset-after every=7 times=2;; slow-body ,seed=42").collect();
        let parts: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name, entry.value, entry.options.as_slice()))
            .collect();
        assert_eq!(
            parts,
            [
                ("503", None, &[("%", "5")][..]),
                ("reset-after", None, &[("every", "7"), ("times", "2")]),
                ("slow-body", None, &[]),
                ("seed", Some("42"), &[]),
            ]
        );
    }

    #[test]
    fn a_value_may_hold_colons() {
        for (text, value, options) in [
            (
                "redirect=https://new.test:8443",
                "https://new.test:8443",
                vec![],
            ),
            (
                "redirect=https://new.test:5%",
                "https://new.test",
                vec![("%", "5")],
            ),
            (
                "redirect=https://new.test:1:every=2",
                "https://new.test:1",
                vec![("every", "2")],
            ),
            ("latency=1s:50%", "1s", vec![("%", "50")]),
        ] {
            let entry = entry(text);
            assert_eq!(
                (entry.value, entry.options),
                (Some(value), options),
                "{text}"
            );
        }
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, millis) in [
            ("50ms", 50),
            ("1.5s", 1_500),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            let duration = duration(text).unwrap();
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(
                super::duration(&spelled(duration)),
                Some(duration),
                "{text}"
            );
        }
        for text in [
            "5", "ms", "-1s", "1e3s", "infs", "NaNs", "1..2s", "5 s", "9e999s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
