//! The limits of a portal on the command line: the rate (`50,2`, `off`, or the name of a tariff) and the operating time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

/// The rate limit of the portal.
#[derive(Debug, Args)]
pub(crate) struct RateOption {
    /// The portal's rate limit: a burst of X requests and Y more per second, or the name of a tariff
    ///
    /// standard is 50,2 and holds for all cloud tariffs but enterprise, which has 250,5. A self-hosted portal has no
    /// limit: off. The portal demo gets the same limit.
    #[arg(
        long,
        value_name = "X,Y|TARIFF|off",
        default_value = "50,2",
        alias = "limit"
    )]
    pub(crate) rate: RateArg,
    /// The operating time that a method may use in ten minutes, in seconds: 480 if not given
    ///
    /// Self-hosted portals set their own (load_limiter_second_limit). Without this option a lower limit is learned from
    /// the portal's first refusal.
    #[arg(long, value_name = "SECONDS", value_parser = operating_seconds)]
    pub(crate) operating_limit: Option<Duration>,
}

impl RateOption {
    /// Both limits.
    pub(crate) fn limits(&self) -> PortalLimits {
        PortalLimits {
            rate: self.rate,
            operating: self.operating_limit,
        }
    }
}

/// Reads seconds of operating time.
pub(crate) fn operating_seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).trim();
    number
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|limit| !limit.is_zero())
        .ok_or_else(|| "an operating limit is a number of seconds above 0, such as 480".to_owned())
}

/// The limits of a portal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PortalLimits {
    pub(crate) rate: RateArg,
    /// The operating time that a method may use; `None`: as portals usually have it.
    pub(crate) operating: Option<Duration>,
}

impl From<RateArg> for PortalLimits {
    fn from(rate: RateArg) -> Self {
        Self {
            rate,
            operating: None,
        }
    }
}

/// A rate limit on the command line.
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

    /// As the client takes it.
    pub(crate) fn limit(self) -> Option<brimful::Limit> {
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
            .ok_or_else(|| match text.parse::<u64>() {
                Ok(rows) => format!(
                    "a rate limit is two numbers, such as 50,2; for the first {rows} rows use --top {rows}"
                ),
                Err(_) => "a rate limit is two numbers, such as 50,2, or standard, enterprise, off".to_owned(),
            })?;
        if burst < 1.0 || per_second <= 0.0 {
            return Err(
                "a rate limit lets at least 1 request through at once and more than 0 a second"
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
                let is_one = (burst - 1.0).abs() < f64::EPSILON;
                let requests = if is_one { "request" } else { "requests" };
                write!(f, "{burst} {requests} at once, {per_second} a second")
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
    fn an_operating_limit_is_a_number_of_seconds_above_zero() {
        for text in ["24", "24s", "24.0"] {
            assert_eq!(
                operating_seconds(text),
                Ok(Duration::from_secs(24)),
                "{text}"
            );
        }
        for text in ["", "0", "-1", "inf", "a", "1e400"] {
            assert!(operating_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused() {
        for text in ["", "50", "0,2", "50,0", "50,-1", "inf,2", "a,b"] {
            assert!(text.parse::<RateArg>().is_err(), "{text}");
        }
    }
}
