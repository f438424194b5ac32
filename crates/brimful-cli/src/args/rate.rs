//! A rate limit on the command line: `50,2`, `off`, or the name of a tariff.

use std::fmt;
use std::str::FromStr;

use clap::Args;

/// What a portal allows.
#[derive(Debug, Args)]
pub(crate) struct RateOption {
    /// What the portal allows: requests at once and requests a second, or the name of a tariff; see export
    #[arg(long = "limit", value_name = "X,Y|TARIFF|off", default_value = "50,2")]
    pub(crate) rate: RateArg,
}

/// What `--limit` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RateArg {
    /// There is no limit.
    Off,
    /// So many requests at once, and so many more a second.
    Rate {
        /// X: how many requests may come at once.
        burst: f64,
        /// Y: how many more may come every second.
        per_second: f64,
    },
}

impl RateArg {
    /// That of an ordinary portal.
    pub(crate) const STANDARD: Self = Self::Rate {
        burst: brimful::Limit::STANDARD.burst,
        per_second: brimful::Limit::STANDARD.per_second,
    };

    fn of(limit: brimful::Limit) -> Self {
        Self::Rate {
            burst: limit.burst,
            per_second: limit.per_second,
        }
    }

    /// For the client's gate.
    pub(crate) fn for_client(self) -> Option<brimful::Limit> {
        match self {
            Self::Off => None,
            Self::Rate { burst, per_second } => Some(brimful::Limit { burst, per_second }),
        }
    }
}

impl FromStr for RateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "off" => return Ok(Self::Off),
            "standard" => return Ok(Self::of(brimful::Limit::STANDARD)),
            "enterprise" => return Ok(Self::of(brimful::Limit::ENTERPRISE)),
            _ => {}
        }
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let (burst, per_second) = text
            .split_once(',')
            .and_then(|(burst, per_second)| Some((number(burst)?, number(per_second)?)))
            .ok_or("a limit is two numbers, such as 50,2, or standard, enterprise, off")?;
        if burst < 1.0 || per_second <= 0.0 {
            return Err(
                "a limit lets at least 1 request through at once and more than 0 a second"
                    .to_owned(),
            );
        }
        Ok(Self::Rate { burst, per_second })
    }
}

impl fmt::Display for RateArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("no limit"),
            Self::Rate { burst, per_second } => {
                write!(f, "{burst} requests at once, {per_second} a second")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_two_numbers_or_off() {
        assert_eq!("off".parse(), Ok(RateArg::Off));
        assert_eq!(
            "250, 5".parse(),
            Ok(RateArg::Rate {
                burst: 250.0,
                per_second: 5.0
            })
        );
    }

    #[test]
    fn a_limit_may_be_that_of_a_tariff() {
        assert_eq!("standard".parse::<RateArg>(), "50,2".parse());
        assert_eq!("Enterprise".parse::<RateArg>(), "250,5".parse());
    }

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused() {
        for text in ["", "50", "0,2", "50,0", "50,-1", "inf,2", "a,b"] {
            assert!(text.parse::<RateArg>().is_err(), "{text}");
        }
    }
}
