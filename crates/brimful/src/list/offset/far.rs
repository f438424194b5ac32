//! How long a list is that nothing counts: places far off are asked for, so that one that grows as it is read is told
//! from one that is long.

use brimful_protocol::rows::Identity;

use super::OffsetPages;
use crate::list::strategy::PageMeta;

/// So often a place has to show no row before the list is known to have ended before it.
const EMPTY_REPLIES: u32 = 2;

/// Some portals name a place for more behind every page. So many places in a row, each twice as far off as the one before,
/// show no row then before the list is known to have ended before the first of them.
const EMPTY_PLACES: u32 = 4;

/// The search for a place behind the end of a list.
#[derive(Debug, Default)]
pub(super) struct EndSearch {
    /// A place to ask for, beside the next page.
    wanted: Option<u64>,
    /// Replies without a row from the place that is asked for.
    empty_replies: u32,
    /// Places without a row that name a place for more: how many in a row, and the first of them.
    empty_places: u32,
    first_empty: Option<u64>,
    /// The list had fewer rows than this when it was asked for; `None` while that is not known.
    ends_before: Option<u64>,
    begun: bool,
}

impl EndSearch {
    /// Begins the search, `read` rows into the list.
    pub(super) fn begin(&mut self, read: u64) {
        if !self.begun {
            self.begun = true;
            self.wanted = read.checked_mul(2);
        }
    }

    /// Takes the place to ask for.
    pub(super) fn take(&mut self) -> Option<u64> {
        self.wanted.take()
    }

    /// Asks for a place again that was not answered.
    pub(super) fn ask_again(&mut self, place: u64) {
        self.wanted = Some(place);
    }

    pub(super) fn ends_before(&self) -> Option<u64> {
        self.ends_before
    }

    fn answered(&mut self, place: u64, has_rows: bool, names_more: bool) {
        if has_rows {
            (self.empty_replies, self.empty_places, self.first_empty) = (0, 0, None);
            self.wanted = place.checked_mul(2);
            return;
        }
        if names_more {
            // Rights may have taken the rows out of it.
            self.empty_places += 1;
            let first = *self.first_empty.get_or_insert(place);
            if self.empty_places < EMPTY_PLACES {
                self.wanted = place.checked_mul(2);
            } else {
                self.ends_before = Some(first);
            }
            return;
        }
        self.empty_replies += 1;
        if self.empty_replies < EMPTY_REPLIES {
            self.wanted = Some(place);
        } else {
            self.ends_before = Some(place);
        }
    }
}

impl OffsetPages {
    /// Takes the answer from the far-off place `place`.
    pub(super) fn take_far(&mut self, place: u64, rows: &[Identity], meta: &PageMeta) {
        // Behind its end a list may begin again.
        let is_new =
            rows.iter().any(|row| !self.readings.has_come(*row)) && !self.is_first_again(rows);
        let names_more =
            meta.paging.more == Some(true) || meta.next.is_some_and(|next| next > place);
        self.end_search.answered(place, is_new, names_more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_before_far_places_without_a_row_whatever_they_name() {
        let mut search = EndSearch::default();
        search.begin(1_000);
        let mut asked = Vec::new();
        while let Some(place) = search.take() {
            asked.push(place);
            search.answered(place, place < 3_000, true);
        }
        assert_eq!(asked, [2_000, 4_000, 8_000, 16_000, 32_000]);
        assert_eq!(search.ends_before(), Some(4_000));
    }

    #[test]
    fn a_place_without_a_row_that_names_no_more_is_asked_for_twice() {
        let mut search = EndSearch::default();
        search.begin(1_000);
        let asked: Vec<u64> = std::iter::from_fn(|| {
            let place = search.take()?;
            search.answered(place, false, false);
            Some(place)
        })
        .collect();
        assert_eq!(asked, [2_000, 2_000]);
        assert_eq!(search.ends_before(), Some(2_000));
    }
}
