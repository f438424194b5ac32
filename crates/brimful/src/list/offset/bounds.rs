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
                "{most_idle} pages in a row up to start {start} have no new row, and the portal says that more follow"
            )));
        }
        let counted = self.pass.counted;
        let slack = self.page_size.max(1).saturating_mul(GROWTH_PAGES);
        // A count that is smaller than what came says nothing.
        let total = total.filter(|total| *total >= start.saturating_add(came));
        let has_grown = match total {
            Some(total) => total > counted,
            None => self.readings.count() > 1,
        };
        if counted > 0 && next > counted.saturating_add(slack) && has_grown {
            return Err(StrategyError::Misbehaves(format!(
                "the list grows faster than it is read: it had {counted} rows when it was begun, and more follow behind {next}"
            )));
        }
        if total.is_none() && self.readings.count() == 1 {
            if start > counted.saturating_add(slack) {
                self.end_search.begin(start);
            }
            if let Some(end) = self.end_search.ends_before()
                && next > end.saturating_add(slack)
            {
                return Err(StrategyError::Misbehaves(format!(
                    "the list grows faster than it is read: it ended before row {end} while its first rows were read, and more follow behind {next}"
                )));
            }
        }
        if self.pass.offsets.len() as u64 >= self.most_pages && total.is_none() {
            return Err(StrategyError::Misbehaves(format!(
                "it has not ended after {} pages and the portal does not say how long it is: it may grow faster than it is read",
                self.most_pages
            )));
        }
        Ok(())
    }
}
