//! Handles a page in its turn: hands its rows out, notes its count, and chooses what to ask for next.

use brimful_protocol::rows::{Identity, Page};

use super::course::{Course, Step};
use super::readings::{LastPage, identities};
use super::{OffsetPages, PAGE, Waiting};
use crate::list::strategy::{PageMeta, StrategyError};

/// So many rows that were seen between the pages are looked for among those that came.
const MOST_SEEN_BETWEEN: usize = 1_000;

/// A page whose turn has come.
#[derive(Debug)]
struct TakenPage {
    start: u64,
    page: Page,
    /// Who the rows of the page are.
    rows: Vec<Identity>,
    /// How many rows it has.
    came: u64,
    meta: PageMeta,
    /// Rows that are counted, where any are.
    total: Option<u64>,
    /// The portal names a place behind this one.
    names_more: bool,
    /// No other request was on its way at any time.
    alone: bool,
}

impl TakenPage {
    /// The place behind its last row.
    fn seen_to(&self) -> u64 {
        self.start.saturating_add(self.came)
    }
}

impl OffsetPages {
    /// Takes the page whose turn it is.
    pub(super) fn take(&mut self, start: u64, waiting: Waiting) -> Result<(), StrategyError> {
        let Waiting { page, meta, alone } = waiting;
        if self.course == Course::Unknown {
            self.set_out(&page, &meta)?;
        }
        self.note_what_is_said(start, &page, &meta);
        // Places between those of the pages, and behind the end, are no places of pages.
        if !self.pass.probing {
            self.note_nearer_next(start, &meta);
        }
        let rows = identities(&page);
        self.longest = self.longest.max(rows.len() as u64);
        let step = self.step(start, &page, &rows, &meta);
        let mut taken = TakenPage {
            start,
            came: page.len() as u64,
            total: meta.total.filter(|total| *total > 0),
            names_more: meta.next.is_some_and(|next| next > start),
            page,
            rows,
            meta,
            alone,
        };
        self.note_effect_of_place(start, &taken.rows);
        if self.pass.between.binary_search(&start).is_ok() {
            self.take_between(&taken);
            return Ok(());
        }
        if self.pass.probing {
            if self.is_probe_without_new_rows(&taken, step) {
                self.take_empty_probe(taken);
                return Ok(());
            }
            if Some(start) == self.probe_of_page_size() {
                return Err(StrategyError::Misbehaves(format!(
                    "its pages are shorter than {} rows, and it does not name the place of the next one",
                    self.page_size
                )));
            }
            self.pass.probing = false;
            self.check_bounds(start, 0, start, taken.total)?;
        }
        self.note_distance(start);
        match step {
            Step::Behind => self.take_behind(taken),
            Step::To(next) => {
                self.check_total(&taken);
                self.take_rows(&mut taken);
                self.go_to(next, &taken)
            }
            Step::End => {
                self.check_total(&taken);
                self.take_end(taken);
                Ok(())
            }
        }
    }

    /// Notes what stands beside the rows of a page: the count, and whether more follow.
    fn note_what_is_said(&mut self, start: u64, page: &Page, meta: &PageMeta) {
        if let Some(total) = meta.total.filter(|total| *total > 0) {
            self.total = Some(total);
        }
        let said = (meta.next, meta.paging.more);
        self.place_effect.is_more_named |= meta.next.is_some_and(|next| next > start);
        // A page that says nothing at all is no answer of its own.
        if meta.total.is_some() || said != (None, None) {
            let first_said = *self.first_beside.get_or_insert(said);
            if start > 0 {
                let differ = self.besides_differ.get_or_insert(false);
                *differ |= said != first_said;
            }
        }
        if page.is_empty() && meta.total == Some(0) && meta.next.is_none() {
            self.empty_replies += 1;
        } else {
            self.empty_replies = 0;
        }
    }

    /// Notes whether a page behind the first one is another one than that.
    fn note_effect_of_place(&mut self, start: u64, rows: &[Identity]) {
        if start == 0 || self.pass.first_page.is_empty() {
            return;
        }
        // A place on the first page may be rounded down to its beginning.
        let is_behind = self.position.is_by_row() || start >= PAGE;
        let is_repeated = self.is_first_again(rows);
        let effect = &mut self.place_effect;
        effect.empty += u32::from(rows.is_empty());
        effect.repeated += u32::from(is_repeated && is_behind);
        effect.others += u32::from(!rows.is_empty() && !is_repeated);
    }

    /// Where a page names a place nearer than the next one that is asked for, pages are shorter than was believed: from
    /// here on each page says where the next one begins.
    fn note_nearer_next(&mut self, start: u64, meta: &PageMeta) {
        let reach = meta.next.and_then(|next| next.checked_sub(start));
        if let Some(reach) = reach.filter(|reach| (1..self.page_size).contains(reach))
            && self.course == Course::Counted
        {
            self.course = Course::ByNext;
            self.page_size = reach;
            self.sized = true;
            self.wanted.clear();
            self.rest = 0..0;
        }
    }

    /// Takes a page from a place between those of the pages, where no new row may be.
    fn take_between(&mut self, taken: &TakenPage) {
        if self.has_new_rows(&taken.rows) {
            self.pass.rows_between = Some(taken.start);
            let room = MOST_SEEN_BETWEEN.saturating_sub(self.seen_between.len());
            let rows = taken.rows.iter().take(room);
            self.seen_between
                .extend(rows.map(|row| (taken.start, *row)));
        }
        self.pass.next_offset = self.pass.probes.pop_front();
    }

    /// Whether a page from behind the end shows no row that had not come.
    fn is_probe_without_new_rows(&self, taken: &TakenPage, step: Step) -> bool {
        let mut rows = taken.rows.iter();
        let is_last_again = rows.all(|row| self.pass.last.rows.contains(row));
        let is_new = taken.rows.iter().any(|row| self.is_new(row)) && !is_last_again;
        step == Step::Behind || !is_new
    }

    /// Takes a page that shows nothing new, and goes on to the next place behind the end.
    fn take_empty_probe(&mut self, taken: TakenPage) {
        // Where the first page comes again with other rows, one of the two lacked some: the passes differ.
        if self.has_new_rows(&taken.rows) {
            self.hand_out(taken.page, &taken.rows, taken.start, None, false);
        }
        self.pass.next_offset = self.pass.probes.pop_front();
    }

    /// Does not believe a count that what has come contradicts.
    fn check_total(&mut self, taken: &TakenPage) {
        let Some(total) = taken.total else {
            return;
        };
        let seen_to = taken.seen_to();
        // A page without rows does not show that there are any before it.
        let is_shown = taken.came > 0 && total < seen_to;
        self.total_is_wrong |= is_shown || (total == seen_to && taken.names_more);
    }

    /// Takes a page that lies behind the end of the list: the one before it was the last.
    fn take_behind(&mut self, taken: TakenPage) -> Result<(), StrategyError> {
        let (start, total) = (taken.start, taken.total);
        self.check_first_again(start, taken.came, total, taken.meta.next)?;
        self.pass.offsets.push(start);
        if self.has_new_rows(&taken.rows) {
            self.hand_out(taken.page, &taken.rows, start, None, false);
        }
        self.pass.last = LastPage {
            rows: Vec::new(),
            end: start,
            total: total.filter(|_| !self.total_is_wrong),
            counts_more: self.counts_more(total, start),
            behind_all: taken.alone,
            is_doubtful: self.pass.names_more,
        };
        self.end(start, &taken.meta);
        Ok(())
    }

    /// Hands the rows of a page of the list out, and notes how many of them are new.
    fn take_rows(&mut self, taken: &mut TakenPage) {
        let page = std::mem::take(&mut taken.page);
        let (start, came, rows) = (taken.start, taken.came, &taken.rows);
        let (total, alone) = (taken.total, taken.alone);
        let first = start == 0;
        if first {
            self.pass.first_page.clone_from(rows);
        }
        self.pass.counted = self.pass.counted.or(total);
        let counted = total.filter(|_| !self.total_is_wrong);
        let brought = self.hand_out(page, rows, start, counted, first && alone);
        self.pass.offsets.push(start);
        let is_in_place = !first && came > 0 && !self.is_first_again(rows);
        self.pass.in_place += u64::from(is_in_place);
        // A page of a method that does not take its place may have a row that was just added.
        if brought.new_in_pass * 10 <= brought.twice {
            self.pass.idle += 1;
            self.pass.idle_with_rows += u64::from(came > 0);
        } else {
            (self.pass.idle, self.pass.idle_with_rows) = (0, 0);
        }
    }

    /// Goes on from a page to the one at `next`.
    fn go_to(&mut self, next: u64, from: &TakenPage) -> Result<(), StrategyError> {
        let (start, total, named) = (from.start, from.total, from.meta.next);
        self.note_reach(start, from.came, next, named);
        self.check_bounds(start, from.came, next, total)?;
        if named.is_some_and(|named| named > next) {
            // It was named farther off than the page reaches: what lies between is asked for too.
            self.readings.note_overlap_from_now_on();
        }
        if next.saturating_sub(start) < self.nominal_page() {
            self.readings.note_overlap_in_this_pass();
        }
        self.pass.next_offset = Some(next);
        self.pass.names_more = from.names_more;
        if next > self.pass.asked_to && !self.course.is_serial() {
            let to = total.unwrap_or(0).max(next.saturating_add(1));
            self.rest = next..to;
            // The last place of the range.
            let pages = to.saturating_sub(1).saturating_sub(next) / self.page_size.max(1);
            self.pass.asked_to = next.saturating_add(pages.saturating_mul(self.page_size));
        }
        Ok(())
    }

    /// Takes the last page of the list.
    fn take_end(&mut self, mut taken: TakenPage) {
        self.take_rows(&mut taken);
        let (start, seen_to, meta) = (taken.start, taken.seen_to(), &taken.meta);
        // Behind its end a method may answer with nothing at all: then the count of the page before it has to agree with
        // the place.
        let is_silent = taken.came == 0 && meta.total.is_none() && meta.next.is_none();
        let stays = self.total.filter(|total| is_silent && *total == start);
        let total = taken.total.or(stays);
        self.pass.last = LastPage {
            end: seen_to,
            total: total.filter(|_| !self.total_is_wrong),
            counts_more: self.counts_more(total, seen_to),
            behind_all: taken.alone,
            is_doubtful: taken.came == 0 && self.pass.names_more,
            rows: taken.rows,
        };
        self.end(start, &taken.meta);
    }

    fn has_new_rows(&self, rows: &[Identity]) -> bool {
        rows.iter().any(|row| !self.readings.has_come(*row))
    }
}
