//! The three ways in which lists are paged by `start`.

use crate::list::PAGE;
use crate::list::query::{Query, Work};
use crate::method::{Call, Output};

/// A family of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    /// Legacy lists: `start` is rounded down to a page, past the end comes the first page again, and any negative start
    /// means no count, with `total` 0.
    Legacy,
    /// Controllers: past the end comes an empty page with the true total; only -1 means no count, and then there is
    /// neither `total` nor `next`.
    Controller,
    /// `user.get` and the like: a true offset, and no `total` with an empty page.
    Offset,
}

/// One page of IDs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) ids: Vec<u64>,
    pub(crate) next: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl Page {
    /// Puts `next` and `total` beside the result.
    pub(crate) fn lift(&self, mut output: Output) -> Output {
        output.next = self.next;
        output.total = self.total;
        output
    }
}

impl Paging {
    /// The page at `start`, charged to the call.
    pub(crate) fn page(self, query: &Query<'_>, start: i64, call: &mut Call<'_>) -> Page {
        let counted = match self {
            Self::Legacy => start >= 0,
            Self::Controller => start != -1,
            Self::Offset => true,
        };
        if !counted {
            let ids = query.page(0, PAGE);
            Work {
                rows: ids.len() as u64,
                ..Work::default()
            }
            .charge(call);
            return Page {
                ids,
                next: None,
                total: (self == Self::Legacy).then_some(0),
            };
        }
        let total = query.count();
        let start = u64::try_from(start).unwrap_or(0);
        let offset = match self {
            Self::Legacy if start / PAGE * PAGE >= total => 0,
            Self::Legacy | Self::Controller => start / PAGE * PAGE,
            Self::Offset => start,
        };
        let ids = if offset < total {
            query.page(offset, PAGE)
        } else {
            Vec::new()
        };
        let end = offset.saturating_add(ids.len() as u64);
        Work {
            rows: ids.len() as u64,
            counted: total,
            skipped: offset.min(total),
        }
        .charge(call);
        Page {
            next: (end < total && !ids.is_empty()).then_some(end),
            total: (self != Self::Offset || !ids.is_empty()).then_some(total),
            ids,
        }
    }
}
