//! Rows that exist and are counted, but that access rights take out of a page after the page was cut.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::context::spec::SpecError;

/// Rows that callers may not see although lists count them.
///
/// Real portals check the rights of some lists only after they have cut a page: the page then has fewer than 50 rows,
/// while `next` and `total` stay as they were. A `get` of such a row is refused with "access denied". Other methods are
/// not affected.
///
/// # The language
///
/// `100-399, 5; deal:10-19,30-; sale.shipment.list:7`
///
/// IDs and ranges of IDs, both ends included, separated by commas; a range without an end is open. A name before a colon
/// holds up to the next name or the next semicolon: an entity (as in [`crate::PortalConfig::rows`]) or a method whose
/// rows were loaded. Without a name, a range is hidden in every list.
///
/// ```
/// use brimful_portal::{HiddenRows, PortalConfig};
/// let config = PortalConfig::new().rows("deal", 1000).hide(HiddenRows::parse("deal:100-399")?);
/// # Ok::<(), brimful_portal::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HiddenRows {
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The entity or the method; every list if there is none.
    pub(crate) of: Option<String>,
    pub(crate) ids: RangeInclusive<u64>,
}

impl HiddenRows {
    /// No hidden row.
    pub fn none() -> Self {
        Self::default()
    }

    /// The rows that a specification names, see [`HiddenRows`].
    pub fn parse(spec: &str) -> Result<Self, SpecError> {
        let mut rules = Vec::new();
        for group in spec.split([';', '\n']) {
            let mut of = None;
            for part in group.split([',', ' ', '\t']).map(str::trim) {
                let range = match part.rsplit_once(':') {
                    None => part,
                    Some((name, range)) if !name.is_empty() => {
                        of = Some(name.to_owned());
                        range
                    }
                    Some(_) => return Err(wrong(part)),
                };
                if range.is_empty() && (part.is_empty() || of.is_some()) {
                    continue;
                }
                let ids = ids(range).ok_or_else(|| wrong(part))?;
                rules.push(Rule {
                    of: of.clone(),
                    ids,
                });
            }
        }
        Ok(Self { rules })
    }
}

fn wrong(part: &str) -> SpecError {
    SpecError::new(
        part,
        "not a range of IDs: write 5, 100-399, 100- or deal:100-399",
    )
}

fn ids(range: &str) -> Option<RangeInclusive<u64>> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (first, last) = match range.split_once('-') {
        None => (number(range)?, number(range)?),
        Some((first, "")) => (number(first)?, u64::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    (first <= last).then_some(first..=last)
}

/// As [`HiddenRows::parse`] reads it.
impl fmt::Display for HiddenRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut of = &None;
        for (place, rule) in self.rules.iter().enumerate() {
            if place > 0 {
                f.write_str(if rule.of == *of { "," } else { "; " })?;
            }
            if let Some(name) = rule.of.as_ref().filter(|_| rule.of != *of) {
                write!(f, "{name}:")?;
            }
            of = &rule.of;
            match (*rule.ids.start(), *rule.ids.end()) {
                (first, u64::MAX) => write!(f, "{first}-")?,
                (first, last) if first == last => write!(f, "{first}")?,
                (first, last) => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for HiddenRows {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        Self::parse(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_written_again() {
        for (spec, canonical) in [
            ("", ""),
            ("5", "5"),
            ("100-399,5", "100-399,5"),
            ("crm.deal:100-399", "crm.deal:100-399"),
            ("deal:1-2, 7-; 9", "deal:1-2,7-; 9"),
            ("5 7\nlead: 3", "5,7; lead:3"),
        ] {
            let rows = HiddenRows::parse(spec).unwrap();
            assert_eq!(rows.to_string(), canonical, "{spec}");
            assert_eq!(HiddenRows::parse(canonical), Ok(rows), "{spec}");
        }
    }

    #[test]
    fn what_is_not_a_range_of_ids_is_refused() {
        for spec in [
            "x",
            "-5",
            "9-5",
            "5--7",
            "deal:x",
            ":5",
            "1-x",
            "99999999999999999999",
        ] {
            let error = HiddenRows::parse(spec).unwrap_err();
            assert_eq!(error.part(), spec);
            assert!(error.to_string().contains("not a range of IDs"), "{error}");
        }
    }
}
