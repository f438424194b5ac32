//! Churn: what other people do to the rows while a client reads them.
//!
//! Nobody runs in the background: whenever the portal is about to look at its data, what has become due by its clock is
//! done first. So churn stands still where a test pauses the clock, goes on between the commands of a batch, and is the
//! same in process and on a socket.

use std::fmt;
use std::str::FromStr;

use crate::context::spec::{Entry, SpecError, entries, number};

/// What other people do to the rows, by entity.
///
/// # The language
///
/// `lead:insert=5 update=20 delete=2, deal:update=30/m; seed=7`
///
/// Each entry is an entity (as in [`crate::PortalConfig::rows`]) and how many rows of it are inserted, updated and
/// deleted a second; `/m` and `/h` make that a minute or an hour. Rows to change and delete are picked by the seed, new
/// rows come above the highest ID. Users are not deleted, as on a real portal.
///
/// ```
/// use brimful_portal::{Churn, PortalConfig};
/// let config = PortalConfig::new().rows("lead", 1000).churn(Churn::parse("lead:insert=5 delete=1; seed=7")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Churn {
    pub(crate) flows: Vec<Flow>,
    pub(crate) seed: u64,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChurnAction {
    /// A new row comes above the highest ID.
    Insert,
    /// A row that exists is changed.
    Update,
    /// A row that exists is deleted.
    Delete,
}

/// One kind of change to one entity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flow {
    pub(crate) entity: String,
    pub(crate) change: ChurnAction,
    pub(crate) per_second: f64,
}

/// More changes a second than this are not meant.
const FASTEST: f64 = 10_000.0;

impl Churn {
    /// No churn, to which [`Churn::with`] adds.
    pub fn new() -> Self {
        Self::default()
    }

    /// The churn that a specification orders, see [`Churn`].
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut churn = Self::new();
        for entry in entries(spec) {
            if entry.name == "seed" {
                churn.seed = seed(&entry)?;
            } else {
                churn.read(&entry)?;
            }
        }
        Ok(churn)
    }

    fn read(&mut self, entry: &Entry<'_>) -> Result<(), SpecError> {
        let wrong = |reason: String| SpecError::new(entry.text, reason);
        if entry.value.is_some() || entry.options.is_empty() {
            let reason =
                "an entity and its changes a second, such as lead:insert=5 update=20 delete=2";
            return Err(wrong(reason.to_owned()));
        }
        for (name, rate) in &entry.options {
            let change = ChurnAction::named(name).ok_or_else(|| {
                wrong(format!(
                    "no change \"{name}\": there are insert=5, update=20 and delete=2"
                ))
            })?;
            let per_second = per_second(rate).ok_or_else(|| {
                wrong(format!(
                    "\"{rate}\" is not a rate: 5 a second, 30/m or 100/h, at most {FASTEST} a second"
                ))
            })?;
            self.flows.push(Flow {
                entity: entry.name.to_owned(),
                change,
                per_second,
            });
        }
        Ok(())
    }

    /// So many changes a second, at most 10,000.
    #[must_use]
    pub fn with(mut self, entity: impl Into<String>, change: ChurnAction, per_second: f64) -> Self {
        let per_second = if per_second.is_finite() {
            per_second.clamp(0.0, FASTEST)
        } else {
            0.0
        };
        self.flows.push(Flow {
            entity: entity.into(),
            change,
            per_second,
        });
        self
    }

    /// The seed by which rows are picked.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.flows.iter().all(|flow| flow.per_second <= 0.0)
    }
}

fn seed(entry: &Entry<'_>) -> Result<u64, SpecError> {
    let value = entry.value.and_then(|value| value.parse().ok());
    value
        .filter(|_| entry.options.is_empty())
        .ok_or_else(|| SpecError::new(entry.text, "seed is a whole number"))
}

fn per_second(text: &str) -> Option<f64> {
    let (count, seconds) = match text.split_once('/') {
        None | Some((_, "s")) => (text.strip_suffix("/s").unwrap_or(text), 1.0),
        Some((count, "m")) => (count, 60.0),
        Some((count, "h")) => (count, 3_600.0),
        Some(_) => return None,
    };
    Some(number(count)? / seconds).filter(|rate| *rate <= FASTEST)
}

impl ChurnAction {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "insert" => Self::Insert,
            "update" => Self::Update,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// As [`Churn::parse`] reads it.
impl fmt::Display for Churn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, flow) in self.flows.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let (entity, change) = (&flow.entity, flow.change.name());
            write!(f, "{comma}{entity}:{change}={}", flow.per_second)?;
        }
        if self.seed != 0 {
            write!(f, "; seed={}", self.seed)?;
        }
        Ok(())
    }
}

impl FromStr for Churn {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        Self::parse(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn churn_is_so_many_changes_of_an_entity_a_second() {
        let churn = Churn::parse("lead:insert=5 update=30/m, 128:delete=0.5/s; seed=7").unwrap();
        let expected = Churn::new()
            .with("lead", ChurnAction::Insert, 5.0)
            .with("lead", ChurnAction::Update, 0.5)
            .with("128", ChurnAction::Delete, 0.5)
            .seed(7);
        assert_eq!(churn, expected);
        assert_eq!(
            churn.to_string(),
            "lead:insert=5, lead:update=0.5, 128:delete=0.5; seed=7"
        );
        assert_eq!(Churn::parse(&churn.to_string()), Ok(churn));
        assert!(Churn::parse("").unwrap().is_empty());
    }

    #[test]
    fn an_error_names_the_part_that_is_wrong() {
        for (spec, part, reason) in [
            ("lead", "lead", "an entity and its changes"),
            (
                "lead:insert=1, deal=5",
                "deal=5",
                "an entity and its changes",
            ),
            ("lead:add=5", "lead:add=5", "no change \"add\""),
            (
                "lead:insert=often",
                "lead:insert=often",
                "\"often\" is not a rate",
            ),
            ("lead:insert=-1", "lead:insert=-1", "is not a rate"),
            ("lead:insert=20000", "lead:insert=20000", "at most 10000"),
            ("lead:insert=5/d", "lead:insert=5/d", "is not a rate"),
            ("lead:insert=5; seed=x", "seed=x", "seed is a whole number"),
        ] {
            let error = Churn::parse(spec).unwrap_err();
            assert_eq!(error.part(), part, "{spec}");
            assert!(error.to_string().contains(reason), "{spec}: {error}");
        }
    }
}
