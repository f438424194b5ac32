//! From page to page: what the first page says of the way to the others, and what follows each page.

use brimful_protocol::rows::{Identity, Page};

use super::{OffsetPages, Order, PAGE, SHORTEST_PAGE};
use crate::list::strategy::{PageMeta, StrategyError};

/// What the first page says of the way to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    Unknown,
    /// All pages are known from the count, or there is only one.
    Counted,
    /// `next` is followed page by page, because the list does not say how long it is.
    ByNext,
    /// A full page with neither count nor `next`: the page after it says whether there are more.
    Blind,
    /// Rows are asked for from behind those that came, until none come or the list says that there are no more.
    BehindTheRows,
}

impl Course {
    /// Whether one request is on its way at a time, because a page says where the next one begins.
    pub(super) fn is_serial(self) -> bool {
        matches!(self, Self::ByNext | Self::Blind | Self::BehindTheRows)
    }
}

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    To(u64),
    End,
    /// It is the first page again: its place lies behind the end.
    Behind,
}

impl OffsetPages {
    /// The first page of all says how to go on.
    pub(super) fn set_out(&mut self, page: &Page, meta: &PageMeta) -> Result<(), StrategyError> {
        if meta.paging.cursor.is_some() && meta.paging.more != Some(false) {
            return Err(StrategyError::Misbehaves(
                "the portal names a cursor for the rows that follow: walk the list by its cursor"
                    .to_owned(),
            ));
        }
        let came = page.len() as u64;
        let by_row = self.position.is_by_row();
        let counted = meta.total.is_some_and(|total| total > came);
        // Elsewhere offsets are rounded down to whole pages, so a short page does not make the next one begin earlier.
        let least = if by_row { 1 } else { PAGE };
        self.sized = meta.next.is_some();
        self.page_size = match meta.next {
            Some(next) => next.clamp(1, came.max(self.nominal_page())),
            None if came == 0 => self.position.page(),
            None => came.max(least),
        };
        // A page of which hardly a row is shown does not tell how large pages are.
        let is_odd = by_row && meta.next.is_none() && came * 4 < self.position.page();
        self.course = match (counted, meta.next) {
            (_, Some(_)) if self.order == Order::ByNext => Course::ByNext,
            (true, _) if is_odd => Course::BehindTheRows,
            (true, _) => Course::Counted,
            (false, Some(_)) => Course::ByNext,
            (false, None) if meta.total.is_some_and(|total| total > 0) => Course::Counted,
            (false, None) if by_row || meta.paging.more == Some(true) => Course::BehindTheRows,
            (false, None) => Course::Blind,
        };
        Ok(())
    }

    /// What follows the page at `start`.
    pub(super) fn step(&self, start: u64, page: &Page, rows: &[Identity], meta: &PageMeta) -> Step {
        let came = page.len() as u64;
        let by_row = self.position.is_by_row();
        let ahead = match self.course {
            Course::Counted => self.page_size,
            _ if by_row && came > 0 => came,
            // Rights may have taken all rows out of it, and the portal may serve fewer than it is asked for.
            _ if by_row && self.longest > 0 => self.longest,
            _ if by_row => SHORTEST_PAGE,
            _ => self.page_size,
        };
        let after = start.saturating_add(ahead.max(1));
        if let Some(more) = meta.paging.more {
            return if more { Step::To(after) } else { Step::End };
        }
        if let Some(next) = meta.next.filter(|next| *next > start) {
            // The rows between this page and a place farther off than it reaches would be skipped.
            let reach = self.page_length.unwrap_or_else(|| self.nominal_page());
            let next = if self.course == Course::Counted {
                after
            } else {
                next.min(start.saturating_add(came.max(reach)))
            };
            return Step::To(next);
        }
        let told = meta.total.is_some_and(|total| total > start);
        if start > 0 && came > 0 && !told && !rows.iter().any(|row| self.is_new(row)) {
            return Step::Behind;
        }
        if start > 0 && self.is_first_again(rows) {
            return Step::Behind;
        }
        let whole_page =
            came.is_multiple_of(PAGE) || self.sized || (by_row && came >= self.position.page());
        let full = came > 0 && came >= ahead && whole_page;
        // How many rows a method returns at the most is not known where it is told a number.
        let may_be_cut = |total: u64| {
            let is_last = start > 0 && total == start.saturating_add(came);
            came > 0 && (!is_last || came >= self.page_size)
        };
        // A reply without the count that others have says nothing of the end.
        let is_more = match meta.total.or(self.total) {
            // Where other pages name a `next`, none is a claim of its own that agrees with the count.
            Some(total) if total == after && self.sized => false,
            Some(total) if total > 0 => total > after || full || (by_row && may_be_cut(total)),
            _ if self.course == Course::BehindTheRows => came > 0,
            _ => full,
        };
        if is_more { Step::To(after) } else { Step::End }
    }

    /// Notes how far the page at `start` reaches, and how far off the next one lies.
    pub(super) fn note_reach(&mut self, start: u64, came: u64, next: u64, named: Option<u64>) {
        if came > 0 && named == Some(start.saturating_add(came)) {
            self.page_length = Some(self.page_length.unwrap_or(0).max(came));
        }
        if self.sized {
            self.pass.widest = self.pass.widest.max(next.saturating_sub(start));
        }
    }

    /// Notes how far the page at `start` lies behind the one before it, where nothing says how long pages are.
    pub(super) fn note_distance(&mut self, start: u64) {
        if self.sized || self.position.is_by_row() {
            return;
        }
        if let Some(before) = self.pass.offsets.last() {
            self.pass.widest = self.pass.widest.max(start.saturating_sub(*before));
        }
    }

    /// Whether a row has not come in this pass, as far as it can be told: rows without an ID may be equal.
    pub(super) fn is_new(&self, row: &Identity) -> bool {
        matches!(row, Identity::Content(_)) || !self.readings.has_come(*row)
    }

    /// Whether a page begins as the first one of this pass did, and has little else.
    pub(super) fn is_first_again(&self, rows: &[Identity]) -> bool {
        let first = &self.pass.first_page;
        // A row may have been added before them, or deleted.
        let mut begins = rows
            .iter()
            .take(2)
            .flat_map(|row| first.iter().take(2).map(move |first| row == first));
        begins.any(|same| same)
            && rows.iter().filter(|row| first.contains(row)).count() * 2 >= rows.len()
    }
}
