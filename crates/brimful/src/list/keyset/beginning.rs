//! How the walk begins: what the pages from both ends of the list have shown is kept, and what lies between them is to be
//! read.

use brimful_protocol::rows::{Page, PageOutcome};

use super::ends::{FirstAndLast, FullEnds, ShortEnds, Shown, spelling};
use super::pages::{Direction, NO_END};
use super::stretch::{Stretch, StretchState, WindowReadings};
use super::windows::RANGE_GROWTH;
use super::{KeysetMode, KeysetWalk, LastPage, TailState, chains, first_and_last};
use crate::list::strategy::{NextAction, StrategyError};

/// Where nobody has seen the oldest rows and the list is not counted yet, so many pages below the newest one are read at
/// once: they leave room in the request for the ranges below them.
const PAGES_BELOW_THE_LAST: usize = 35;

/// Cuts the IDs in `(from, to]` into ranges that become wider and wider from the upper end on, the lowest range first. The
/// uppermost is [`RANGE_GROWTH`] times `width` wide.
fn growing_ranges_below(from: u64, to: u64, mut width: u64) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    let mut end = to;
    while end > from {
        width = width.max(1).saturating_mul(RANGE_GROWTH);
        let start = end.saturating_sub(width).max(from);
        ranges.push((start, end));
        end = start;
    }
    ranges.reverse();
    ranges
}

impl KeysetWalk {
    pub(super) fn accept_ends(
        &mut self,
        mut ends: FirstAndLast,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let reads_on = self.tail == TailState::Wanted;
        let shown = match ends.accept(outcomes, &self.pages, &mut self.stalls, reads_on)? {
            Ok(shown) => shown,
            Err(then) => {
                self.first_and_last = Some(ends);
                return Ok(then);
            }
        };
        match shown {
            Shown::Whole {
                page,
                hidden,
                is_proven,
            } => {
                self.counts.needed_and_missing = !is_proven;
                self.tail = TailState::Done;
                self.above_horizon.last_page = LastPage::Full;
                self.confirmed = true;
                // The ranges that are counted to verify the list have those between its rows once more.
                if self.verify {
                    self.hidden_at_start = hidden;
                } else {
                    self.hidden += hidden;
                }
                if let Some((lowest, highest)) = first_and_last(Some(&page)) {
                    self.first = lowest - 1;
                    self.given_to = highest;
                    self.reach_horizon(highest);
                    self.push_proven(highest, page);
                } else {
                    let bounds = self.pages.bounds;
                    self.reach_horizon(bounds.up_to.unwrap_or(bounds.above));
                }
            }
            Shown::Full(ends) => self.begin_between(ends),
            Shown::Short(ends) => self.begin_short_ends(ends),
        }
        Ok(NextAction::GoOn)
    }

    /// A page at an end of the list is short. What both pages have shown is read once more, and what lies between them.
    fn begin_short_ends(&mut self, ends: ShortEnds) {
        let ShortEnds {
            first,
            last,
            lowest,
            highest,
            counted,
            is_first_full,
            spans,
            page_size,
            counts_are_wrong,
            is_order_unknown,
        } = ends;
        self.counts.believed &= !counts_are_wrong;
        self.above_horizon.last_page = if last.is_empty() {
            LastPage::Empty
        } else if is_order_unknown {
            LastPage::OneRow
        } else {
            LastPage::Short
        };
        self.learn_page_size(page_size);
        self.by_windows = self.way == KeysetMode::Windows || !is_first_full;
        self.start_count = counted.filter(|_| self.counts.believed);
        let bounds = self.pages.bounds;
        self.first = lowest.map_or(bounds.above, |lowest| lowest - 1);
        if self.counts.believed && !self.verify {
            self.whole_count = counted;
            self.rest = Some((bounds.above, 0)).filter(|_| counted.is_none());
        }
        self.density.has_no_gaps =
            highest.is_some_and(|highest| counted >= Some(highest.saturating_sub(self.first)));
        match (counted, highest) {
            (Some(counted), Some(highest)) => {
                self.note_counted(lowest, highest, counted as usize, &last);
            }
            // Each page was cut from as many rows as a page has, or from all that there are.
            _ => {
                for (from, to) in spans {
                    self.density
                        .note(from, to, self.full.min((to - from) as usize));
                }
            }
        }
        let mut from = bounds.above;
        let left = counted.map(|counted| counted.saturating_sub(first.len() as u64));
        if is_first_full {
            from = self.keep_first(first);
        } else if let Some((_, to)) = first_and_last(Some(&first)) {
            let window = self.once_read(from, to, Direction::Ascending, first);
            self.stretches.push_back(window);
            from = to;
        }
        self.given_to = self.given_to.max(highest.unwrap_or(0));
        let to = highest.map(|highest| highest.max(from));
        let to = to.or(bounds.up_to).unwrap_or(NO_END);
        // The last page has shown what lies between its rows.
        let last_from = first_and_last(Some(&last)).map_or(to, |(lowest, _)| from.max(lowest - 1));
        let left_behind = left.filter(|_| from > bounds.above);
        self.begin_short(from, last_from, to, left_behind);
        if last_from < to {
            self.reach_horizon(to);
            let window = self.once_read(last_from, to, Direction::Descending, last);
            self.stretches.push_back(window);
        }
        // Bounds of the caller's may leave no room for an ID.
        if self.stretches.is_empty() {
            self.tail = TailState::Done;
        }
        // Nothing is left to be asked for with a bound.
        self.confirmed |=
            self.tail == TailState::Done && self.stretches.iter().all(Stretch::is_proven);
    }

    /// Learns from the count of the whole list and its last page how densely IDs lie. Where nobody has seen the oldest rows,
    /// there may be a long gap before them, so the newest ones are noted apart.
    fn note_counted(&mut self, lowest: Option<u64>, highest: u64, counted: usize, last: &Page) {
        let mut border = (highest, 0);
        if let (None, Some((from, _))) = (lowest, first_and_last(Some(last))) {
            border = (from - 1, last.len());
            self.density.note(border.0, highest, last.len());
        }
        let (to, rows) = (border.0, counted.saturating_sub(border.1));
        self.density.note(self.first, to, rows);
    }

    /// The rows in `(from, to]` of a list whose pages are short at an end are to be read; its highest ID is `horizon`.
    /// `left`: so many more rows are counted than the first page showed.
    fn begin_short(&mut self, from: u64, to: u64, horizon: u64, left: Option<u64>) {
        let few = (chains::FEW_PAGES * self.full) as f64;
        let rows = match left {
            Some(left) if to == NO_END => left as f64,
            _ => self.density.forecast(from, to).rows,
        };
        let by_windows = self.by_windows || self.counts.believed && rows <= few;
        let unread = |from, to| Stretch::new(from, to, StretchState::Unread { by_windows });
        // A portal that keeps growing is not run after: the page from above shows how far the IDs go.
        let window =
            |from, to| Stretch::new(from, to, StretchState::Window(WindowReadings::from_above()));
        // Without a bound there is none to ignore.
        self.confirmed = from == 0 && to == NO_END;
        if to < NO_END {
            self.reach_horizon(horizon);
            // Without counts, nothing shown in a wide range proves nothing.
            let is_lowest_unseen = from == self.pages.bounds.above && self.counts.believed;
            let low = if is_lowest_unseen {
                let few = (PAGES_BELOW_THE_LAST * self.full) as u64;
                let rows = self.start_count.unwrap_or(few);
                self.start_of_last_rows(from, to, rows)
            } else {
                None
            };
            let low = low.unwrap_or(from);
            for (from, to) in growing_ranges_below(from, low, to - low) {
                let range = StretchState::Window(WindowReadings::of_range());
                self.stretches.push_back(Stretch::new(from, to, range));
            }
            if low < to {
                self.stretches.push_back(unread(low, to));
            }
            return;
        }
        self.tail = TailState::Done;
        self.whole_to = NO_END;
        // Where no row is shown at the end, the count foretells how far the IDs go.
        let foretold = match left {
            Some(left) => self.density.reach(from, left as f64),
            _ => from,
        };
        if foretold > from && foretold < to {
            self.horizon = foretold;
            self.stretches.push_back(unread(from, foretold));
            self.stretches.push_back(window(foretold, to));
        } else {
            self.stretches.push_back(window(from, to));
            // One page would not do.
            let counted = self
                .start_count
                .filter(|counted| *counted > self.full as u64);
            if counted.is_some() && to - from > 1 {
                self.confirmed = false;
                self.divide(self.stretches.len() - 1, counted, 2);
            }
        }
    }

    /// Keeps a full first page, which proves itself, and says up to which ID.
    fn keep_first(&mut self, first: Page) -> u64 {
        self.learn_spelling(&first);
        let to = first_and_last(Some(&first)).map_or(self.first, |(_, last)| last);
        self.density.note(self.first, to, first.len());
        self.push_proven(to, first);
        to
    }

    fn learn_spelling(&mut self, page: &Page) {
        if let Some(row) = page.iter().next()
            && let Some(spelling) = spelling(row.json, self.pages.keyset.row)
        {
            self.row_id = spelling;
        }
    }

    /// What lies between two full pages is to be read.
    fn begin_between(&mut self, ends: FullEnds) {
        let FullEnds {
            first,
            first_ids: (lowest, first_to),
            last,
            last_from,
            horizon,
            full,
            counted,
        } = ends;
        self.learn_spelling(&first);
        self.full = full;
        self.first = lowest.saturating_sub(1);
        self.density.has_no_gaps = counted >= Some(horizon.saturating_sub(self.first));
        self.density.note(self.first, first_to, first.len());
        if last_from > first_to {
            self.density.note(last_from - 1, horizon, last.len());
        }
        self.given_to = horizon;
        self.reach_horizon(horizon);
        self.above_horizon.last_page = LastPage::Full;
        let before = first.len() as u64;
        self.push_proven(first_to, first);
        if last_from > first_to + 1 {
            let unread = StretchState::Unread { by_windows: false };
            self.stretches
                .push_back(Stretch::new(first_to, last_from - 1, unread));
            if self.counts.believed && !self.verify {
                self.rest = Some((first_to, before));
            }
        } else {
            // Nothing lies between: both pages came at once, and they are the list.
            self.tail = TailState::Done;
            self.confirmed = true;
        }
        self.push_proven(horizon, last);
    }

    /// The portal names the place behind a full page, where more rows follow.
    pub(super) fn learn_page_size(&mut self, next: Option<u64>) {
        if let Some(next) = next.and_then(|next| usize::try_from(next).ok())
            && (1..self.full).contains(&next)
        {
            self.full = next;
        }
    }
}
