//! Faults as text.

use std::time::Duration;

use super::fault::{Fault, FaultTiming};
use super::rule::FaultRule;
use crate::context::spec::{Entry, SpecError, duration, entries, number};

/// What a specification says.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    pub(super) rules: Vec<FaultRule>,
    pub(super) skew: f64,
    pub(super) seed: u64,
}

const NAMES: &str = "503, 429, expired-token, 500-before, 500-after and so on, html-before, html-after, empty-before, \
                     empty-after, reset-before, reset-during, reset-after, truncated, half-body, slow-body=5s, \
                     latency=50ms±20ms, redirect=http://127.0.0.1:8025, empty-page, short-page, short-total=100, endless-next, \
                     ignore-start, operating-reset=1h, operating=470s, skew=+90s, seed=42";

/// How long a slow body takes if nothing else is said.
const SLOW: Duration = Duration::from_secs(5);

pub(super) fn parse(spec: &str) -> Result<Parsed, SpecError> {
    let mut parsed = Parsed::default();
    for entry in entries(spec) {
        match entry.name {
            "seed" => parsed.seed = alone(&entry, |value| value.parse().ok(), "a whole number")?,
            "skew" => parsed.skew = alone(&entry, skew, "a time such as +90s or -2h")?,
            _ => parsed.rules.push(rule(&entry)?),
        }
    }
    for (i, rule) in parsed.rules.iter_mut().enumerate() {
        // The same seed must not make two rules fire together.
        let seed = parsed.seed ^ (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        *rule = rule.clone().seeded(seed);
    }
    Ok(parsed)
}

/// An entry that is a value and nothing else.
fn alone<T>(
    entry: &Entry<'_>,
    read: impl Fn(&str) -> Option<T>,
    what: &str,
) -> Result<T, SpecError> {
    let value = entry.value.and_then(read);
    let wrong = || SpecError::new(entry.text, format!("{} is {what}", entry.name));
    value.filter(|_| entry.options.is_empty()).ok_or_else(wrong)
}

fn skew(text: &str) -> Option<f64> {
    let (sign, time) = match text.strip_prefix('-') {
        Some(time) => (-1.0, time),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    duration(time).map(|time| sign * time.as_secs_f64())
}

fn rule(entry: &Entry<'_>) -> Result<FaultRule, SpecError> {
    let fault = fault(entry)?;
    let mut every = None;
    let mut chance = None;
    for (key, value) in &entry.options {
        match *key {
            "%" => chance = Some(percent(entry, value)?),
            "every" => every = Some(count(entry, value)?.max(1)),
            _ => {}
        }
    }
    let mut rule = match (every, chance) {
        (Some(_), Some(_)) => {
            let reason = "either every so many requests or with a chance, not both";
            return Err(SpecError::new(entry.text, reason));
        }
        (None, Some(chance)) => FaultRule::chance(chance, 0, fault),
        (every, None) => FaultRule::every(every.unwrap_or(1), fault),
    };
    for (key, value) in &entry.options {
        rule = match *key {
            "%" | "every" => rule,
            "times" => rule.times(count(entry, value)?),
            "after" => rule.after(count(entry, value)?),
            "on" if !value.is_empty() && value.split('|').all(is_method) => {
                value.split('|').fold(rule, FaultRule::on)
            }
            "on" => {
                let reason = "on is followed by a method, such as on=batch, on=crm.lead.* or on=batch|profile";
                return Err(SpecError::new(entry.text, reason));
            }
            other => {
                let reason = format!(
                    "no option \"{other}\": there are 5%, every=7, times=3, after=10 and on=batch"
                );
                return Err(SpecError::new(entry.text, reason));
            }
        };
    }
    Ok(rule)
}

/// Whether an address is one of this machine.
fn is_loopback(address: &str) -> bool {
    let Ok(address) = address.parse::<http::Uri>() else {
        return false;
    };
    // Names and passwords before the host would let one pass for the other.
    let authority = address.authority().map(http::uri::Authority::as_str);
    let host = address.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback());
    is_here && authority.is_some_and(|authority| !authority.contains('@'))
}

fn is_method(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = name
        .strip_suffix('*')
        .map_or(name, |start| if start.is_empty() { "*" } else { start });
    name == "*" || (!name.is_empty() && name.chars().all(letters))
}

fn percent(entry: &Entry<'_>, text: &str) -> Result<f64, SpecError> {
    number(text)
        .filter(|percent| *percent <= 100.0)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| SpecError::new(entry.text, "a chance is from 0% to 100%"))
}

fn count(entry: &Entry<'_>, text: &str) -> Result<u64, SpecError> {
    text.parse()
        .map_err(|_| SpecError::new(entry.text, format!("\"{text}\" is not a whole number")))
}

fn fault(entry: &Entry<'_>) -> Result<Fault, SpecError> {
    let wrong = |reason: &str| SpecError::new(entry.text, reason);
    match (entry.name, entry.value) {
        ("latency", None) => Err(wrong(
            "latency needs a time: latency=50ms or latency=50ms±20ms",
        )),
        ("latency", Some(value)) => latency(entry, value),
        ("slow-body", None) => Ok(Fault::SlowBody(SLOW)),
        ("slow-body", Some(value)) => Ok(Fault::SlowBody(time(entry, value)?)),
        ("short-total", None) => Ok(Fault::ShortTotal(None)),
        ("short-total", Some(total)) => Ok(Fault::ShortTotal(Some(count(entry, total)?))),
        ("operating-reset" | "operating", None) => {
            Err(wrong(&format!("{0} needs a time: {0}=1h", entry.name)))
        }
        ("operating-reset", Some(ahead)) => Ok(Fault::OperatingReset(time(entry, ahead)?)),
        ("operating", Some(spent)) => Ok(Fault::OperatingTime(time(entry, spent)?)),
        ("redirect", None) => Ok(Fault::Redirect(None)),
        ("redirect", Some(address)) => redirect(entry, address),
        (_, Some(_)) => Err(wrong(&format!("\"{}\" takes no value", entry.name))),
        (_, None) => fault_without_value(entry),
    }
}

fn time(entry: &Entry<'_>, text: &str) -> Result<Duration, SpecError> {
    duration(text).ok_or_else(|| {
        let reason = format!("\"{text}\" is not a time such as 50ms, 1.5s or 2m");
        SpecError::new(entry.text, reason)
    })
}

/// `50ms`, or `50ms±20ms`.
fn latency(entry: &Entry<'_>, value: &str) -> Result<Fault, SpecError> {
    match value.split_once('±').or_else(|| value.split_once("+-")) {
        None => Ok(Fault::Delay(time(entry, value)?)),
        Some((about, within)) => Ok(Fault::Latency {
            about: time(entry, about)?,
            within: time(entry, within)?,
        }),
    }
}

/// A redirect to an address of this machine: callers send their requests after it, secrets and all.
fn redirect(entry: &Entry<'_>, address: &str) -> Result<Fault, SpecError> {
    let known = ["http://", "https://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    let visible = address.bytes().all(|byte| byte.is_ascii_graphic());
    if !known || !visible {
        return Err(SpecError::new(
            entry.text,
            "redirect leads to an address such as http://127.0.0.1:8025",
        ));
    }
    if !is_loopback(address) {
        return Err(SpecError::new(
            entry.text,
            "a redirect stays on this machine, such as redirect=http://127.0.0.1:8025; --moved-to URL leads anywhere",
        ));
    }
    Ok(Fault::Redirect(Some(address.to_owned())))
}

/// A fault that its name says all of: `html`, or `html-after` for one after the work.
fn fault_without_value(entry: &Entry<'_>) -> Result<Fault, SpecError> {
    let (base, when) = match entry.name.rsplit_once('-') {
        Some((base, "before")) => (base, Some(FaultTiming::BeforeWork)),
        Some((base, "after")) => (base, Some(FaultTiming::AfterWork)),
        _ => (entry.name, None),
    };
    let or_before = when.unwrap_or(FaultTiming::BeforeWork);
    Ok(match (base, when) {
        ("503" | "query-limit", None) => Fault::QueryLimit,
        ("429" | "operating-limit", None) => Fault::OperatingLimit,
        ("401" | "expired-token", None) => Fault::ExpiredToken,
        ("html", _) => Fault::Html(or_before),
        ("empty", _) => Fault::Empty(or_before),
        ("reset", _) => Fault::Reset(or_before),
        ("truncated" | "reset-during", None) => Fault::Truncated,
        ("half-body", None) => Fault::HalfBody,
        ("empty-page", None) => Fault::EmptyPage,
        ("short-page", None) => Fault::ShortPage,
        ("endless-next", None) => Fault::EndlessNext,
        ("ignore-start", None) => Fault::IgnoreStart,
        (status, _) => {
            let Ok(status @ 400..=599) = status.parse() else {
                let reason = format!("no fault \"{}\": there are {NAMES}", entry.name);
                return Err(SpecError::new(entry.text, reason));
            };
            Fault::Status(status, or_before)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(spec: &str) -> String {
        let parsed = parse(spec).unwrap_or_else(|error| panic!("{spec}: {error}"));
        let rules: Vec<String> = parsed.rules.iter().map(ToString::to_string).collect();
        rules.join(", ")
    }

    #[test]
    fn every_fault_has_a_name() {
        for (spec, canonical) in [
            ("503", "503"),
            ("query-limit", "503"),
            ("429:times=1", "429 times=1"),
            ("401", "expired-token"),
            ("500", "500-before"),
            ("502-after", "502-after"),
            ("503-before", "503-before"),
            ("html", "html-before"),
            ("html-after", "html-after"),
            ("empty-after", "empty-after"),
            ("reset", "reset-before"),
            ("reset-during", "truncated"),
            ("reset-after:every=7", "reset-after every=7"),
            ("half-body", "half-body"),
            ("slow-body", "slow-body=5s"),
            ("slow-body=1500ms", "slow-body=1500ms"),
            ("latency=2s:0.5%", "latency=2s 0.5%"),
            ("latency=50ms±20ms", "latency=50ms±20ms"),
            ("latency=50ms+-20ms", "latency=50ms±20ms"),
            ("redirect", "redirect"),
            (
                "redirect=https://localhost:8443:1%",
                "redirect=https://localhost:8443 1%",
            ),
            ("truncated:2% on=batch", "truncated 2% on=batch"),
            ("empty-page:times=1", "empty-page times=1"),
            ("short-page:5% on=crm.lead.*", "short-page 5% on=crm.lead.*"),
            ("short-total", "short-total"),
            ("short-total=100:every=2", "short-total=100 every=2"),
            ("endless-next", "endless-next"),
            ("ignore-start", "ignore-start"),
            ("operating-reset=1h", "operating-reset=3600s"),
            ("operating=470s", "operating=470s"),
            (
                "503 on=crm.lead.*|batch times=3 after=10",
                "503 times=3 after=10 on=crm.lead.*|batch",
            ),
        ] {
            assert_eq!(spelled(spec), canonical, "{spec}");
            assert_eq!(
                spelled(canonical),
                canonical,
                "what is written is read again"
            );
        }
    }

    #[test]
    fn seed_and_skew_are_of_the_whole() {
        let parsed = parse("503:5%; skew=-1.5m; seed=42").unwrap();
        assert_eq!((parsed.rules.len(), parsed.seed), (1, 42));
        assert!((parsed.skew + 90.0).abs() < 1e-9);
        assert!(parse(" ,; \n").unwrap().rules.is_empty());
    }

    #[test]
    fn an_error_names_the_part_that_is_wrong() {
        for (spec, part, reason) in [
            ("503:5%, 50", "50", "no fault \"50\""),
            ("503:5", "503:5", "no option \"5\""),
            ("503:150%", "503:150%", "0% to 100%"),
            ("503:-5%", "503:-5%", "0% to 100%"),
            ("503 every=x", "503 every=x", "\"x\" is not a whole number"),
            ("503 5% every=2", "503 5% every=2", "not both"),
            ("reset-behind", "reset-behind", "no fault"),
            ("latency", "latency", "needs a time"),
            ("latency=5", "latency=5", "\"5\" is not a time"),
            ("latency=5ms±", "latency=5ms±", "\"\" is not a time"),
            ("slow-body=soon", "slow-body=soon", "\"soon\" is not a time"),
            ("503=1", "503=1", "takes no value"),
            ("short-total=x", "short-total=x", "not a whole number"),
            ("operating-reset", "operating-reset", "needs a time"),
            ("empty-page=1", "empty-page=1", "takes no value"),
            (
                "redirect=localhost",
                "redirect=localhost",
                "http://127.0.0.1:8025",
            ),
            (
                "redirect=https://new.test",
                "redirect=https://new.test",
                "stays on this machine",
            ),
            (
                "redirect=http://127.0.0.1@new.test/",
                "redirect=http://127.0.0.1@new.test/",
                "stays on this machine",
            ),
            (
                "redirect=http://127.0.0.1.new.test",
                "redirect=http://127.0.0.1.new.test",
                "stays on this machine",
            ),
            ("429, seed=x", "seed=x", "seed is a whole number"),
            ("skew=5", "skew=5", "skew is a time"),
            ("skew=5s on=batch", "skew=5s on=batch", "skew is a time"),
            ("503 on=", "503 on=", "followed by a method"),
            ("503 on=a b", "503 on=a b", "no option \"b\""),
            ("600", "600", "no fault"),
            ("±", "±", "no fault"),
        ] {
            let error = parse(spec).unwrap_err();
            assert_eq!(error.part(), part, "{spec}");
            assert!(error.to_string().contains(reason), "{spec}: {error}");
        }
    }

    #[test]
    fn whatever_is_written_is_read_or_refused() {
        let mut rng = fastrand::Rng::with_seed(7);
        let words = [
            "503",
            "latency",
            "=",
            "±",
            ":",
            "%",
            " ",
            ",",
            ";",
            "every=",
            "on=",
            "9",
            "1e9",
            "s",
            "ms",
            "-",
            "skew",
            "é",
            "redirect",
            "http://",
            "|",
            "*",
            "999999999999999999999",
            "after",
        ];
        for _ in 0..20_000 {
            let spec: String = (0..rng.usize(0..8))
                .filter_map(|_| rng.choice(words))
                .collect();
            let _ = parse(&spec);
            let _ = crate::context::churn::Churn::parse(&spec);
        }
    }
}
