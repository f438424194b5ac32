//! The three ways in which lists are paged by `start`.

use crate::data::list::PAGE;
use brimful_protocol::{Array, Value};

use crate::context::{Call, Output};
use crate::data::list::query::{Query, Work};

/// Rows that can be counted and cut into pages.
pub(crate) trait PageableRows {
    /// How many there are.
    fn count(&self) -> u64;
    /// The IDs of `limit` of them after the first `offset`.
    fn page(&self, offset: u64, limit: u64) -> Vec<u64>;
}

impl PageableRows for Query<'_> {
    fn count(&self) -> u64 {
        Query::count(self)
    }

    fn page(&self, offset: u64, limit: u64) -> Vec<u64> {
        Query::page(self, offset, limit)
    }
}

impl PageableRows for [u64] {
    fn count(&self) -> u64 {
        self.len() as u64
    }

    fn page(&self, offset: u64, limit: u64) -> Vec<u64> {
        let at = |place: u64| usize::try_from(place).map_or(self.len(), |at| at.min(self.len()));
        self[at(offset)..at(offset.saturating_add(limit))].to_vec()
    }
}

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
    pub(crate) fn with_pagination_fields(&self, mut output: Output) -> Output {
        output.next = self.next.map(|next| next as i64);
        output.total = self.total.map(|total| total as i64);
        output
    }
}

impl Paging {
    /// The page at `start`, charged to the call.
    pub(crate) fn page<R: PageableRows + ?Sized>(
        self,
        query: &R,
        start: i64,
        call: &mut Call<'_>,
    ) -> Page {
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

/// A page that the caller names itself: so many rows after so many others. There is no counting by `start` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) offset: u64,
    pub(crate) limit: u64,
}

impl Slice {
    /// `NAV_PARAMS: {nPageSize, iNumPage}` of older task methods: pages of at most 50 rows, counted from 1. `None` if
    /// nothing is said.
    pub(crate) fn of_nav_params(params: Option<&Value>) -> Option<Self> {
        let nav = params?
            .as_array()?
            .get_ignoring_case("NAV_PARAMS")?
            .as_array()?;
        let number = |name: &str| {
            let number = nav.get_ignoring_case(name).map(Value::to_int);
            number
                .and_then(|n| u64::try_from(n).ok())
                .filter(|&n| n > 0)
        };
        let limit = number("nPageSize").unwrap_or(PAGE).min(PAGE);
        let page = number("iNumPage").unwrap_or(1);
        Some(Self {
            offset: (page - 1).saturating_mul(limit),
            limit,
        })
    }

    /// `LIMIT` and `OFFSET`, in any case of their letters; `most` rows if nothing is said, and never more.
    pub(crate) fn of_limit(params: &Array, most: u64) -> Self {
        let number = |name: &str| {
            let number = params.get_ignoring_case(name).map(Value::to_int);
            number.and_then(|n| u64::try_from(n).ok())
        };
        Self {
            offset: number("offset").unwrap_or(0),
            limit: number("limit").filter(|&n| n > 0).unwrap_or(most).min(most),
        }
    }

    /// The page that `NAV_PARAMS` name, counted. The server's navigation takes page 1 for a page past the end; it is the
    /// one behind `start`, and of `NAV_PARAMS` that is not documented.
    pub(crate) fn counted<R: PageableRows + ?Sized>(
        mut self,
        rows: &R,
        call: &mut Call<'_>,
    ) -> Page {
        let total = rows.count();
        if self.offset >= total {
            self.offset = 0;
        }
        Work {
            counted: total,
            ..Work::default()
        }
        .charge(call);
        Page {
            ids: self.page(rows, call),
            next: None,
            total: Some(total),
        }
    }

    /// These rows, charged to the call.
    pub(crate) fn page<R: PageableRows + ?Sized>(self, rows: &R, call: &mut Call<'_>) -> Vec<u64> {
        let ids = rows.page(self.offset, self.limit);
        Work {
            rows: ids.len() as u64,
            skipped: self.offset,
            ..Work::default()
        }
        .charge(call);
        ids
    }
}
