//! Scenarios: what a made-up company does while the portal runs, as a specification orders it.

use std::fmt;
use std::str::FromStr;

use crate::context::spec::{Entry, SpecError, entries, number};

/// A company whose work goes on while the portal runs: leads come in, are called and become deals, deals move through
/// their stages, tasks are done.
///
/// # The language
///
/// `sales:language=en pace=60 days=30; seed=7`
///
/// `language` is `ru` (the default) or `en`. `pace` says how many times faster than in life the company works from the
/// start of the portal on: 60, the default, makes an hour of its work a minute. `days` says how far back its history goes
/// (30, at most 365). The seed makes it another company.
///
/// What is due happens before the portal looks at its data, and as time passes where somebody waits for
/// [`crate::Portal::keep_living`].
///
/// ```
/// use brimful_portal::{PortalConfig, Scenario};
/// let scenario = Scenario::parse("sales:language=en pace=600; seed=7")?;
/// let config = PortalConfig::new().rows("user", 5).scenario(scenario);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub(crate) language: Language,
    /// Seconds of the company's time in a second of the portal's.
    pub(crate) pace: f64,
    pub(crate) days: u32,
    pub(crate) seed: u64,
}

/// In which language a company writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Russian,
    English,
}

/// Nobody can follow a company that is faster.
const FASTEST: f64 = 100_000.0;

impl Scenario {
    /// The scenario that a specification orders, see [`Scenario`].
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut scenario = Self {
            language: Language::Russian,
            pace: 60.0,
            days: 30,
            seed: 0,
        };
        let mut is_named = false;
        for entry in entries(spec) {
            match entry.name {
                "seed" => {
                    let seed = entry.value.and_then(|value| value.parse().ok());
                    scenario.seed =
                        seed.ok_or_else(|| SpecError::new(entry.text, "seed is a whole number"))?;
                }
                "sales" => {
                    is_named = true;
                    scenario.read(&entry)?;
                }
                _ => {
                    return Err(SpecError::new(
                        entry.text,
                        "there is one scenario: sales, such as sales:language=en pace=60",
                    ));
                }
            }
        }
        if !is_named {
            return Err(SpecError::new(spec, "name the scenario: sales"));
        }
        Ok(scenario)
    }

    fn read(&mut self, entry: &Entry<'_>) -> Result<(), SpecError> {
        for (name, value) in &entry.options {
            let wrong = |reason: &str| SpecError::new(entry.text, reason);
            match *name {
                "language" => {
                    self.language = match *value {
                        "ru" => Language::Russian,
                        "en" => Language::English,
                        _ => return Err(wrong("language is ru or en")),
                    };
                }
                "pace" => {
                    let pace = number(value).filter(|pace| *pace > 0.0 && *pace <= FASTEST);
                    self.pace = pace.ok_or_else(|| wrong("pace is a number up to 100000"))?;
                }
                "days" => {
                    let days = value.parse().ok().filter(|days| *days <= 365);
                    self.days = days.ok_or_else(|| wrong("days is a number up to 365"))?;
                }
                _ => return Err(wrong("there are language=en, pace=60 and days=30")),
            }
        }
        Ok(())
    }
}

/// As [`Scenario::parse`] reads it.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let language = match self.language {
            Language::Russian => "ru",
            Language::English => "en",
        };
        let (pace, days, seed) = (self.pace, self.days, self.seed);
        write!(
            f,
            "sales:language={language} pace={pace} days={days}; seed={seed}"
        )
    }
}

impl FromStr for Scenario {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        Self::parse(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_and_written_alike() {
        let scenario = Scenario::parse("sales:language=en pace=600 days=7; seed=3").unwrap();
        assert_eq!(scenario.language, Language::English);
        assert_eq!((scenario.days, scenario.seed), (7, 3));
        assert_eq!(Scenario::parse(&scenario.to_string()), Ok(scenario));
        assert_eq!(
            Scenario::parse("sales").unwrap().to_string(),
            "sales:language=ru pace=60 days=30; seed=0"
        );
    }

    #[test]
    fn an_error_names_what_is_wrong() {
        for (spec, reason) in [
            ("", "name the scenario"),
            ("support", "there is one scenario"),
            ("sales:pace=0", "pace is a number"),
            ("sales:language=fr", "language is ru or en"),
            ("sales:days=4000", "days is a number"),
            ("sales:speed=1", "there are language=en"),
            ("sales; seed=x", "seed is a whole number"),
        ] {
            let error = Scenario::parse(spec).unwrap_err().to_string();
            assert!(error.contains(reason), "{spec}: {error}");
        }
    }
}
