//! The ways to walk a list, for callers that know better than the catalogue, and what becomes of rows that appear above the
//! highest ID of the start.

use std::fmt;
use std::str::FromStr;

/// How a list is walked.
///
/// ```no_run
/// # fn example(client: brimful::Client) {
/// use brimful::Walk;
///
/// let by_its_own_order = client.list("crm.lead.list").walk(Walk::Pages);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Walk {
    /// As the catalogue says and the first reply shows: by ID where the method filters and sorts by ID, by its own kind
    /// of pages otherwise.
    #[default]
    Auto,
    /// By ID, in several stretches at once, each a chain of pages that refer to each other inside a batch.
    Lanes,
    /// By ID, in one such chain: one request after the other.
    Chain,
    /// By ID, in windows that hold no more rows than a page; no page refers to another.
    Windows,
    /// By the place of the pages, in parallel where the list is counted; the place is said as the method wants it:
    /// `start`, `NAV_PARAMS`, `LIMIT` and `OFFSET`, or the `pagination` of REST 3.0.
    Pages,
    /// By `next`, one page after the other, whatever the list says of its length.
    Next,
    /// By pages with `NAV_PARAMS`, for methods with positional parameters that the catalogue does not know.
    NavParams,
    /// By pages with `LIMIT` and `OFFSET`, likewise.
    LimitOffset,
    /// By the cursor that each page gives for the next one: messages, notifications, a `tail` of REST 3.0.
    Cursor,
    /// By one call, whose rows are the list.
    Whole,
}

impl Walk {
    /// All ways, in the order of their descriptions.
    pub const ALL: [Self; 10] = [
        Self::Auto,
        Self::Lanes,
        Self::Chain,
        Self::Windows,
        Self::Pages,
        Self::Next,
        Self::NavParams,
        Self::LimitOffset,
        Self::Cursor,
        Self::Whole,
    ];

    /// The name for command lines and configuration files: `auto`, `nav-params`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lanes => "lanes",
            Self::Chain => "chain",
            Self::Windows => "windows",
            Self::Pages => "pages",
            Self::Next => "next",
            Self::NavParams => "nav-params",
            Self::LimitOffset => "limit-offset",
            Self::Cursor => "cursor",
            Self::Whole => "whole",
        }
    }
}

impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no [`Walk`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a way to walk a list: use auto, lanes, chain, windows, pages, next, nav-params, limit-offset, cursor or whole"
)]
pub struct UnknownWalk(String);

impl FromStr for Walk {
    type Err = UnknownWalk;

    fn from_str(text: &str) -> Result<Self, UnknownWalk> {
        let mut all = Self::ALL.into_iter();
        all.find(|walk| walk.name() == text)
            .ok_or_else(|| UnknownWalk(text.to_owned()))
    }
}

/// Whether rows above the highest ID of the start are read, near the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tail {
    /// They are read too, until a short page: the list is complete as of its last requests, in the last of which there is
    /// room to look.
    #[default]
    Sweep,
    /// They are left out: the list is complete as of its start.
    Leave,
}

/// The tail is read by so many requests at most: a portal that inserts faster than we read does not hold us for ever.
pub(crate) const TAIL_REQUESTS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_read_from_the_name_that_it_is_shown_by() {
        for walk in Walk::ALL {
            assert_eq!(walk.to_string().parse(), Ok(walk));
        }
        assert!("sideways".parse::<Walk>().is_err());
    }
}
