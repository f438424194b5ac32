//! What the pages of a chain prove: full ones themselves, a short one nothing.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use brimful_protocol::rows::{Page, PageOutcome};

use super::counts::counted_or_proven;
use super::pages::{Direction, NO_END, Restart};
use super::stretch::{Stretch, StretchState, WindowReadings};
use super::{
    AboveHorizon, KeysetWalk, LastPage, MissingReferences, Restarts, TailState, first_and_last,
};
use crate::list::strategy::{NextAction, StrategyError};
use crate::list::walk::TAIL_REQUESTS;

/// So many pages are read by windows where a page is short: they fit into one request.
pub(super) const FEW_PAGES: usize = 40;
/// So many short pages of chains, or one before so many full ones, and one among so many full ones, and the list is read
/// by windows as a whole.
const SHORT_PAGES: usize = 2;
const FULL_PAGES_AT_FIRST: usize = 8;
const FULL_PAGES_A_SHORT_ONE: usize = 20;
/// Where nothing else shows that the newest row is known, nothing has to be shown above it so often.
const LOOKS: u32 = 3;
/// Counts of rows that are not shown there are asked for so often at the most.
const MOST_LOOKS: u32 = 10;
/// The same where IDs have gaps and a chain goes on behind a short page: windows of such lists hold fewer rows than pages.
const FULL_PAGES_A_SHORT_ONE_AMONG_GAPS: usize = 4;

/// The pages of a chain, in the order of the IDs above which they begin.
#[derive(Debug, Default)]
struct ChainPages {
    /// Full pages: the ID above which each begins, its last ID, and the page.
    full: Vec<(u64, u64, Page)>,
    /// Short pages and the ID above which each begins.
    short: Vec<(u64, Page)>,
    /// The IDs above which pages begin that came without a row and whose command refers to a row that is not there.
    refer_to_nothing: Vec<u64>,
    /// Where the page after the last one would begin, if the last one is short.
    next_from: Option<u64>,
}

impl ChainPages {
    fn sort(&mut self) {
        self.full.sort_by_key(|(above, _, _)| *above);
        self.short.sort_by_key(|(above, _)| *above);
    }
}

impl KeysetWalk {
    pub(super) fn accept_chain(
        &mut self,
        from: u64,
        restart: Restart,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let at = self.landed(from)?;
        let to = self.stretches[at].to;
        let limit = self.end_of_use(at);
        let (chain, then) = self.pages_of_chain(from, restart, outcomes)?;
        self.chains_read += 1;
        self.note_chain_without_rows(from, &chain);
        let ChainPages {
            full,
            short,
            refer_to_nothing,
            next_from,
        } = chain;
        let says_nothing = self.says_nothing(refer_to_nothing);
        let short_pages = short.iter().filter(|(above, _)| *above < to).count();
        let mut parts = Vec::new();
        let mut short = VecDeque::from(short);
        let mut read = from;
        // Pages that meet say together how densely IDs lie.
        let mut run = (from, 0);
        for (above, last, mut page) in full {
            let lower = above.max(read);
            // What lies behind a gap beyond the end is another stretch's.
            if last <= read || lower >= limit || lower > read && lower >= to {
                continue;
            }
            if lower > read {
                self.push_unproven(&mut parts, &mut short, &says_nothing, read..lower);
                self.density.note(run.0, read, run.1);
                run = (lower, 0);
            }
            let upper = last.min(limit);
            page.retain_ids(|id| id.is_some_and(|id| lower < id && id <= upper));
            run.1 += page.len();
            parts.extend(self.proven(lower, upper, VecDeque::from([page])));
            read = upper;
        }
        self.density.note(run.0, read, run.1);
        if read > to {
            let next = &mut self.stretches[at + 1];
            next.from = read;
            if next.from >= next.to {
                self.stretches.remove(at + 1);
            }
        }
        self.note_short_pages(short_pages, restart);
        if read < to {
            self.push_rest_of_chain(&mut parts, short, &says_nothing, read..to, next_from);
        }
        self.replace(at, parts);
        Ok(then)
    }

    /// The last ID up to which the rows are kept that a chain of the stretch at `at` shows. What it reads beyond its own
    /// end is of use where nobody else reads it.
    fn end_of_use(&self, at: usize) -> u64 {
        let next = self.stretches.get(at + 1).filter(|next| {
            let is_unread = match &next.state {
                StretchState::Unread { by_windows } => !by_windows,
                StretchState::Window(readings) => readings.is_unread(),
                _ => false,
            };
            is_unread && !next.in_flight
        });
        next.map_or(self.stretches[at].to, |next| next.to)
    }

    /// Which of the empty pages whose commands refer to nothing, each known by the ID above which it begins, say nothing of
    /// the rows there: all, unless the portal is known to show rows where a reference finds nothing.
    fn says_nothing(&self, refer_to_nothing: Vec<u64>) -> BTreeSet<u64> {
        if self.missing_references == MissingReferences::PassedOver {
            return BTreeSet::new();
        }
        BTreeSet::from_iter(refer_to_nothing)
    }

    /// Counts the chains in a row whose first page, above `from`, has come without rows.
    fn note_chain_without_rows(&mut self, from: u64, chain: &ChainPages) {
        let begins_without_rows = chain
            .short
            .first()
            .is_some_and(|(above, page)| *above == from && page.is_empty());
        if begins_without_rows {
            self.chains_without_rows += 1;
        } else if !chain.full.is_empty() {
            self.chains_without_rows = 0;
        }
    }

    /// Counts the short pages of a chain. Where too many pages are short, the list is read by windows from then on.
    fn note_short_pages(&mut self, short_pages: usize, restart: Restart) {
        self.short_pages += short_pages;
        // Only a count tells windows from gaps.
        let full_pages = match restart {
            Restart::AtRow(_) => FULL_PAGES_A_SHORT_ONE_AMONG_GAPS,
            _ => FULL_PAGES_A_SHORT_ONE,
        };
        self.by_windows |= self.counts.believed
            && (self.short_pages >= SHORT_PAGES || self.full_pages < FULL_PAGES_AT_FIRST)
            && self.short_pages * full_pages > self.full_pages;
    }

    /// Adds what a chain has not proven behind its last full page: the IDs in `rest`, with the short pages that came of
    /// them. The page after the last one would have begun above `next_from`.
    fn push_rest_of_chain(
        &mut self,
        parts: &mut Vec<Stretch>,
        mut short: VecDeque<(u64, Page)>,
        says_nothing: &BTreeSet<u64>,
        rest: Range<u64>,
        next_from: Option<u64>,
    ) {
        let (read, to) = (rest.start, rest.end);
        let unread =
            |from, to, by_windows| Stretch::new(from, to, StretchState::Unread { by_windows });
        short.retain(|(above, _)| (read..to).contains(above));
        let next_from = next_from.filter(|next| (read..to).contains(next));
        if let Some(end) = next_from {
            self.push_unproven(parts, &mut short, says_nothing, read..end);
            parts.push(unread(end, to, false));
        } else if let Some((above, page)) = short.pop_back() {
            self.push_unproven(parts, &mut short, says_nothing, read..above);
            let mut shown_to = above;
            if let Some((_, last)) = first_and_last(Some(&page)) {
                shown_to = last.min(to);
                parts.push(self.once_read(above, shown_to, Direction::Ascending, page));
            }
            let end = self.doubtful_end(above, shown_to, to);
            parts.push(unread(shown_to, end, true));
            parts.push(unread(end, to, false));
        } else {
            parts.push(unread(read, to, false));
        }
    }

    /// Takes the pages of a chain, each with the ID above which it begins, as long as that is known.
    fn pages_of_chain(
        &mut self,
        from: u64,
        restart: Restart,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<(ChainPages, NextAction), StrategyError> {
        let mut chain = ChainPages::default();
        let mut above = from;
        let mut refers_to_nothing = false;
        for place in 1.. {
            let Some(outcome) = outcomes.next() else {
                break;
            };
            let page = match self.page_of(Some(outcome))? {
                Ok((page, _)) => page,
                Err(wait) => {
                    chain.sort();
                    return Ok((chain, wait));
                }
            };
            let ids = match self.ids_of(&page, above, self.end_of_list()) {
                Ok(ids) => ids,
                // The method does not take two lower bounds at once.
                Err(_) if place > 1 && restart != Restart::Nowhere => {
                    self.restarts = Restarts::Refused;
                    chain.next_from = None;
                    break;
                }
                Err(error) => return Err(error),
            };
            if refers_to_nothing && page.is_empty() {
                chain.refer_to_nothing.push(above);
            } else if refers_to_nothing {
                self.missing_references = MissingReferences::PassedOver;
            }
            refers_to_nothing =
                page.len() < self.full && matches!(restart, Restart::Every(_) | Restart::AtRow(_));
            let restart_from = match restart {
                Restart::Nowhere => None,
                Restart::Every(step) | Restart::Fixed(step) => {
                    Some(from.saturating_add(step.saturating_mul(place)))
                }
                Restart::AtRow(row) => page.ids().nth(row).flatten().map(|id| id - 1),
            };
            if page.len() < self.full {
                chain.short.push((above, page));
                chain.next_from = restart_from;
                match restart_from {
                    Some(next) => above = next,
                    None => break,
                }
                continue;
            }
            let Some((_, last)) = ids else {
                break;
            };
            self.full_pages += 1;
            let as_long = page.len() == self.full;
            self.full = page.len();
            chain.full.push((above, last, page));
            chain.next_from = None;
            // The page after a longer one began at a row that was not its last.
            if !as_long {
                break;
            }
            above = match restart {
                Restart::Every(_) => last.max(restart_from.unwrap_or(last)),
                Restart::Fixed(_) => restart_from.unwrap_or(last),
                Restart::Nowhere | Restart::AtRow(_) => last,
            };
        }
        chain.sort();
        Ok((chain, NextAction::GoOn))
    }

    /// Adds the IDs of `unproven`, but for the first: short pages that begin there have been read once, each up to where
    /// the next one begins, unless what shows nothing there says nothing.
    fn push_unproven(
        &mut self,
        parts: &mut Vec<Stretch>,
        short: &mut VecDeque<(u64, Page)>,
        says_nothing: &BTreeSet<u64>,
        unproven: Range<u64>,
    ) {
        let (mut read, to) = (unproven.start, unproven.end);
        while short.front().is_some_and(|(above, _)| *above < to) {
            let Some((above, page)) = short.pop_front() else {
                break;
            };
            let next = short.front().map_or(to, |(above, _)| to.min(*above));
            // Its place may have been read since, or be read again from the same ID.
            if above < read || next <= above || says_nothing.contains(&above) {
                continue;
            }
            let by_windows = false;
            if read < above {
                parts.push(Stretch::new(
                    read,
                    above,
                    StretchState::Unread { by_windows },
                ));
            }
            parts.push(self.once_read(above, next, Direction::Ascending, page));
            read = next;
        }
        if read < to {
            let by_windows = false;
            parts.push(Stretch::new(read, to, StretchState::Unread { by_windows }));
        }
    }

    /// A stretch that one short page has shown, read in `direction`, to be read again.
    pub(super) fn once_read(
        &mut self,
        from: u64,
        to: u64,
        direction: Direction,
        mut page: Page,
    ) -> Stretch {
        page.retain_ids(|id| id.is_some_and(|id| (from + 1..=to).contains(&id)));
        let readings = WindowReadings::one(direction, page.ids().flatten().collect());
        let mut window = Stretch::new(from, to, StretchState::Window(readings));
        self.buffered += page.bytes();
        if !page.is_empty() {
            window.pages.push_back(page);
        }
        window
    }

    /// Up to where to read by windows behind a short page above `from` that showed rows up to `shown_to`: all of the
    /// stretch where that is not much, else what a few pages cover. Where rows are counted, a chain that meets hidden
    /// rows again costs more than windows do.
    fn doubtful_end(&self, from: u64, shown_to: u64, to: u64) -> u64 {
        let is_empty = shown_to == from;
        let pages = match (self.counts.believed, is_empty) {
            // A chain that meets hidden rows is lost, so each one in a row comes much later.
            (true, true) => 10 << (2 * self.chains_without_rows.saturating_sub(1)).min(10),
            (true, false) | (false, true) => 2,
            (false, false) => return shown_to,
        };
        let rows = self.density.forecast(shown_to, to).rows;
        let few = if self.counts.believed { FEW_PAGES } else { 5 };
        if rows <= (few * self.full) as f64 {
            return to;
        }
        self.density
            .reach(shown_to, (pages * self.full) as f64)
            .saturating_add(self.windows.barren_stretch(self.full))
            .min(to)
    }

    pub(super) fn accept_tail(
        &mut self,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        self.tail = TailState::Wanted;
        for outcome in outcomes {
            let page = match self.page_of(Some(outcome))? {
                Ok((page, _)) => page,
                Err(wait) => return Ok(wait),
            };
            let ids = self.ids_of(&page, self.tail_from, NO_END)?;
            let Some((_, last)) = ids else {
                self.above_horizon.looks += 1;
                if self.stretches.iter().all(Stretch::is_proven) && self.is_newest_end_known(0) {
                    self.tail = TailState::Done;
                }
                return Ok(NextAction::GoOn);
            };
            let may_go_on = page.len() == self.full;
            self.take_tail(page, last, Direction::Ascending);
            if !may_go_on {
                break;
            }
        }
        if self.tail_requests >= TAIL_REQUESTS {
            // Rows keep coming. The list is complete up to what was read, and the report says up to where.
            self.tail = TailState::Done;
        }
        Ok(NextAction::GoOn)
    }

    /// Takes a page of rows from behind the horizon up to the ID `last`. A short one ends the tail.
    fn take_tail(&mut self, page: Page, last: u64, direction: Direction) {
        let from = std::mem::replace(&mut self.tail_from, last);
        if page.len() < self.full {
            let window = self.once_read(from, last, direction, page);
            self.stretches.push_back(window);
            self.tail = TailState::Done;
        } else {
            self.full = page.len();
            let stretch = self.proven(from, last, VecDeque::from([page]));
            self.stretches.extend(stretch);
        }
    }

    /// A page above the horizon has come from one end or from both.
    pub(super) fn accept_above_horizon(
        &mut self,
        directions: impl Iterator<Item = Direction>,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        self.tail = TailState::Wanted;
        let (horizon, full) = (self.horizon, self.full as u64);
        let mut shown: Option<(u64, Direction, Page)> = None;
        for direction in directions {
            let (mut page, meta) = match self.page_of(outcomes.next())? {
                Ok(read) => read,
                Err(wait) => return Ok(wait),
            };
            if direction == Direction::Descending {
                page.reverse();
            }
            // The last page of the start had room for the horizon and all rows above it.
            let is_too_many = meta.total.is_some_and(|total| total >= full);
            if is_too_many && self.above_horizon.last_page == LastPage::OneRow {
                return Err(self.misbehaves(format!(
                    "{} rows are counted above ID {horizon}, which came as the highest one: the method ignores the order",
                    meta.total.unwrap_or_default()
                )));
            }
            match self.ids_of(&page, horizon, NO_END)? {
                Some((_, last)) if shown.as_ref().is_none_or(|(highest, ..)| last > *highest) => {
                    shown = Some((last, direction, page));
                }
                Some(_) => {}
                // Too many are no count.
                None => {
                    let counted = meta.total.filter(|total| *total > 0 && !is_too_many);
                    self.above_horizon.shows_no_row(counted);
                }
            }
        }
        match shown {
            Some((last, Direction::Ascending, page)) => {
                self.take_tail(page, last, Direction::Ascending);
            }
            Some((last, Direction::Descending, _)) => {
                // Rows that are not shown lie before them: all of it is read as a window.
                let window = StretchState::Window(WindowReadings::default());
                self.stretches
                    .push_back(Stretch::new(horizon, last, window));
                self.tail_from = last;
                self.tail = TailState::Done;
            }
            None => self.settle_newest_end(),
        }
        Ok(NextAction::GoOn)
    }

    /// No row is shown above the horizon: that is the end of the list if it is known well enough.
    fn settle_newest_end(&mut self) {
        let AboveHorizon {
            counted,
            hidden,
            looks,
            last_page,
            ..
        } = self.above_horizon;
        let is_settled =
            hidden > 0 && (last_page == LastPage::Full || looks >= 2) || counted.is_none();
        let is_read = |stretch: &Stretch| counted_or_proven(stretch).is_some();
        // Nothing is counted above the last page of the start, which was full: whatever is still on its way lies below.
        let is_end_of_start = last_page == LastPage::Full && counted.is_none() && hidden == 0;
        if (is_settled || looks >= MOST_LOOKS)
            && (is_end_of_start || self.stretches.iter().all(is_read))
            && self.is_newest_end_known(hidden)
        {
            // The end may be looked at again.
            self.hidden = self.hidden.saturating_sub(self.hidden_above) + hidden;
            self.hidden_above = hidden;
            self.tail = TailState::Done;
        }
    }

    /// The last page of the rest of the list has come, with the count of the rest. It is a look at the rows above the
    /// horizon too, and the count shows whether all rows came.
    pub(super) fn accept_rest(
        &mut self,
        from: u64,
        before: u64,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        self.tail = TailState::Wanted;
        let (mut page, meta) = match self.page_of(outcome)? {
            Ok(read) => read,
            Err(wait) => {
                self.rest = Some((from, before));
                return Ok(wait);
            }
        };
        page.reverse();
        let Some((lowest, highest)) = self.ids_of(&page, from, NO_END)? else {
            return Ok(NextAction::GoOn);
        };
        if highest > self.horizon {
            // All of them, if the page reaches down to those that are known.
            if lowest <= self.horizon {
                page.retain_ids(|id| id.is_some_and(|id| id > self.horizon));
                self.take_tail(page, highest, Direction::Descending);
            }
            return Ok(NextAction::GoOn);
        }
        self.whole_count = meta
            .total
            .filter(|total| *total >= page.len() as u64)
            .map(|total| before + total);
        self.above_horizon.shows_nothing = true;
        if page.len() >= self.full {
            self.above_horizon.last_page = LastPage::Full;
        }
        // Rows may have been deleted meanwhile: then no more are counted than are known.
        let is_more = self
            .whole_count
            .is_some_and(|total| self.rows_so_far().is_none_or(|rows| rows < total));
        let is_read = self.stretches.iter().all(Stretch::is_proven);
        if is_read && !is_more && page.len() >= self.full {
            self.tail = TailState::Done;
            // Pages without a bound have shown all of it.
            self.confirmed = true;
        }
        Ok(NextAction::GoOn)
    }

    /// Whether the rows of the start are known not to go on above the horizon: the last page was full, as many rows came
    /// or are hidden as were counted then (`hidden` of them above the horizon), or nothing was shown there several times.
    fn is_newest_end_known(&self, hidden: u64) -> bool {
        // A portal that counts to a limit counts too few.
        let is_whole = |counted| {
            self.rows_so_far().is_some_and(|rows| {
                let rows = rows + hidden;
                rows == counted || rows > counted && self.tail_from > self.horizon
            })
        };
        self.above_horizon.last_page == LastPage::Full
            || self.above_horizon.looks >= LOOKS
            || self.start_count.is_some_and(is_whole)
    }

    /// Looks at the rows above the horizon again if fewer came and are hidden than were counted at the start.
    pub(super) fn doubt_newest_end(&mut self) {
        let has_end = self.whole_to < NO_END;
        if self.tail == TailState::Done
            && has_end
            && self.requests.is_empty()
            && self.tail_requests < TAIL_REQUESTS
            && self.rows_so_far().is_some()
            && !self.is_newest_end_known(0)
        {
            self.tail = TailState::Wanted;
        }
    }

    /// The rows of the list as it was counted that came or are counted; `None` while some are still to be read.
    fn rows_so_far(&self) -> Option<u64> {
        let below = self.stretches.iter().filter(|s| s.from < self.whole_to);
        let counted: Option<u64> = below.map(counted_or_proven).sum();
        Some(self.handed_rows + self.hidden + counted?)
    }

    /// Where all that is left has been read in other requests than the one that counted the whole list, as many rows
    /// show that each of them is there.
    pub(super) fn confirm_by_whole_count(&mut self) {
        let Some(total) = self.whole_count else {
            return;
        };
        let tail_is_read = match self.tail {
            TailState::Done => true,
            TailState::Wanted => self.above_horizon.shows_nothing,
            TailState::InFlight => false,
        };
        if !self.requests.is_empty() || !tail_is_read {
            return;
        }
        let Some(rows) = self.rows_so_far() else {
            return;
        };
        // A portal that counts up to a limit only counts no less in the whole than in a part.
        let is_part = |stretch: &Stretch| counted_or_proven(stretch).is_none_or(|n| n < total);
        let is_unlimited = self
            .stretches
            .iter()
            .filter(|stretch| stretch.rows() == 0)
            .all(is_part);
        if rows != total || !is_unlimited {
            if self.tail == TailState::Done {
                self.whole_count = None;
            }
            return;
        }
        self.tail = TailState::Done;
        self.confirmed = true;
        let to = self.whole_to;
        for stretch in self.stretches.iter_mut().filter(|s| s.from < to) {
            if let StretchState::Counted { counted } = stretch.state {
                let hidden = counted.saturating_sub(stretch.rows() as u64);
                stretch.state = StretchState::Proven { hidden };
            }
        }
    }
}
