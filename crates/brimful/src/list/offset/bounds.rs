//! What a portal may not do: rows that are asked for without end, places that are not taken.

use super::FirstPageAgain;
use super::{GROWTH_PAGES, HIDDEN_PAGES, IDLE_PAGES, OffsetPages};
use crate::list::strategy::StrategyError;

impl OffsetPages {
    /// The first page again, in place of the one at `start`.
    pub(super) fn check_first_again(
        &self,
        start: u64,
        came: u64,
        total: Option<u64>,
        next: Option<u64>,
    ) -> Result<(), StrategyError> {
        let one_page = total.is_none()
            && !self.sized
            && self.again == FirstPageAgain::IsAnError
            && self.pass.offsets.len() == 1
            && came == self.position.page();
        // Where other pages came in their places, this one lies behind the end, and rows are counted and not shown.
        let is_behind = self.pass.in_place > 0;
        let came_before = self.pass.idle_with_rows > 0;
        let is_counted = |total: &u64| !is_behind && (*total > start || came_before);
        if let Some(total) = total.filter(is_counted) {
            return Err(StrategyError::Misbehaves(format!(
                "the portal counts {total} rows, and behind {start} of them comes the first page again: it does not take the place of a page"
            )));
        }
        if one_page || next.is_some_and(|next| next >= start) {
            return Err(StrategyError::Misbehaves(format!(
                "behind {start} rows comes the first page again: if they are all there are, read the list by one call"
            )));
        }
        Ok(())
    }

    /// Where no page shows a row, only what stands beside the rows tells whether the portal takes the place of a page.
    pub(super) fn check_places_are_taken(&self) -> Result<(), StrategyError> {
        let names_next = matches!(self.first_beside, Some((Some(_), _)));
        let says_rows = self.total.is_some() || names_next;
        if self.rows == 0 && says_rows && self.besides_differ == Some(false) {
            return Err(StrategyError::Misbehaves(
                "the portal says that there are rows, shows none, and answers each place of a page alike: it may not take the place of a page"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Nothing is asked for without end.
    pub(super) fn check_bounds(
        &mut self,
        start: u64,
        came: u64,
        next: u64,
        total: Option<u64>,
    ) -> Result<(), StrategyError> {
        // Of hidden rows the count says how many there may be, once the portal is known to take the place of a page.
        let is_counted = total.is_some_and(|total| total > start) && !self.total_is_wrong;
        let is_hidden = is_counted && self.pass.idle_with_rows == 0;
        let takes_places = self.pass.in_place > 0 || self.besides_differ == Some(true);
        let most_idle = if is_hidden && takes_places {
            HIDDEN_PAGES
        } else {
            IDLE_PAGES
        };
        if self.pass.idle >= most_idle {
            return Err(StrategyError::Misbehaves(format!(
                "{most_idle} pages in a row up to start {start} have no new row, and none of them ends the list"
            )));
        }
        let slack = self.page_size.max(1).saturating_mul(GROWTH_PAGES);
        // A count that is smaller than what came says nothing.
        let total = total.filter(|total| *total >= start.saturating_add(came));
        match total {
            Some(total) => self.check_counted_growth(total, next, slack)?,
            None => self.check_uncounted_growth(start, next, slack)?,
        }
        if self.pass.offsets.len() as u64 >= self.most_pages && total.is_none() {
            return Err(StrategyError::Misbehaves(format!(
                "it has not ended after {} pages and the portal does not say how long it is: it may grow faster than it is read",
                self.most_pages
            )));
        }
        Ok(())
    }

    /// A list whose count rises as fast as it is read has no end.
    fn check_counted_growth(&self, total: u64, next: u64, slack: u64) -> Result<(), StrategyError> {
        let Some(counted) = self.pass.counted else {
            return Ok(());
        };
        if total > counted && next > counted.saturating_add(slack) {
            return Err(StrategyError::Misbehaves(format!(
                "the list grows faster than it is read: {counted} rows were counted when it was begun, and more follow behind {next}"
            )));
        }
        Ok(())
    }

    /// The pass before may have ended too early, at a page that came empty by mistake. So only a place far off tells a list
    /// that grows from one that is longer than it seemed.
    fn check_uncounted_growth(
        &mut self,
        start: u64,
        next: u64,
        slack: u64,
    ) -> Result<(), StrategyError> {
        let known = self.pass.end_before.max(self.pass.counted.unwrap_or(0));
        if start > known.saturating_add(slack) {
            self.end_search.begin(start);
        }
        let end = self.end_search.ends_before();
        let Some(end) = end.filter(|end| next > end.saturating_add(slack)) else {
            return Ok(());
        };
        // Behind its end a list may begin again, and some methods take no place at all: then the same rows come again.
        let why = if self.readings.rows_of_pass() > end {
            format!(
                "the list grows faster than it is read: it ended before row {end} while the rows before that were read, and more follow behind {next}"
            )
        } else {
            format!(
                "at start {end} it shows no row that has not come, and its pages go on behind {next}: it may begin again behind its end, take no place of a page, or grow faster than it is read"
            )
        };
        Err(StrategyError::Misbehaves(why))
    }
}
