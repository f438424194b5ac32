//! Pages by their place in the list, for lists that cannot be walked by ID.
//!
//! The first page says how many rows there are; the others are asked for in parallel. Places shift when rows are added
//! or deleted meanwhile, and a shift hides a row without a trace where as many were added as deleted. So the list is
//! read again until it is proved that no row is missing; what is proved in which case is argued in `readings`. Rows are
//! handed out when they come for the first time.
//!
//! - A list of one page that counts its rows takes one request. So does each page of a longer one whose rows have
//!   ascending IDs and which has no conditions: its newest row is asked for before the first page, and tells which rows
//!   were there when that page was counted. Any other list takes a second pass: twice the commands, in full batches (one
//!   more request for every 2,500 rows).
//! - `total` says how many pages to ask for at once. It never ends a list: that does a page that is short, names no
//!   `next` and is counted as the last one, or, where nothing is counted, is followed by nothing.
//! - What cannot be proved in [`PASSES`] passes is an error, never a short list. So is a list that has nothing new on
//!   [`IDLE_PAGES`] pages in a row, and one that grows faster than it is read.

mod readings;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use brimful_protocol::rows::{Identity, Page, PageOutcome};

use self::readings::{LastPage, ListReadings, PageTally, identities};
use super::position::Position;
use super::report::Proof;
use super::strategy::{
    Extent, ListCommand, NextAction, PageMeta, ReadAhead, StallCounter, Strategy, StrategyError,
    Ticket,
};

/// How often the list is read at the most.
const PASSES: usize = 6;
/// Rows of a full page where the portal does not say.
const PAGE: u64 = 50;
/// A full page has so many rows at the least.
const SHORTEST_PAGE: u64 = 5;
/// More rows than these no page has, unless they are shown.
const LONGEST_PAGE: u64 = 1000;
/// So many pages in a row without a new row end the list, whatever the portal says of more.
const IDLE_PAGES: u64 = 20;
/// A list is read so many pages beyond the rows that were counted when its pass began.
const GROWTH_PAGES: u64 = 20;
/// And to so many pages where nothing was counted.
const MOST_PAGES: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct OffsetPages {
    position: Position,
    order: Order,
    again: FirstPageAgain,
    /// Asks for the newest row, before the first page.
    newest: Option<ListCommand>,
    course: Course,
    /// Places to ask for, in order.
    wanted: VecDeque<u64>,
    /// And after them, by the page: a count may be any number, so it is not spelt out.
    rest: Range<u64>,
    flights: HashMap<Ticket, Flight>,
    issued: Ticket,
    /// Pages that came before their turn, by place.
    waiting: BTreeMap<u64, Waiting>,
    ready: VecDeque<Page>,
    buffered: usize,
    page_size: u64,
    /// Rows of the longest page that came.
    longest: u64,
    most_pages: u64,
    /// The first page named a `next`, so its size is that of all pages.
    sized: bool,
    total: Option<u64>,
    /// A count was smaller than what had come: it is not believed.
    total_is_wrong: bool,
    /// Rows handed out or ready to be.
    rows: u64,
    /// Replies in a row that say in so many words that there are no rows.
    empty_replies: u32,
    /// Rows that the portal counts and does not show.
    hidden: u64,
    readings: ListReadings,
    /// What stood beside the rows of the first page.
    first_beside: Option<(Option<u64>, Option<bool>)>,
    /// Whether something else stood beside those of another page; `None`: no other page was asked for.
    besides_differ: Option<bool>,
    pass: CurrentPass,
    /// The places of the pages of the last pass that was not shorter than the one before.
    offsets: Vec<u64>,
    stalls: StallCounter,
    proof: Proof,
    finished: bool,
}

/// In which order pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// In parallel, where the list is counted.
    Parallel,
    /// One after the other, as each names the next.
    ByNext,
}

/// What it means that the first page of a list, with neither count nor `next`, comes again in the place of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPageAgain {
    /// The method returns everything at once.
    IsTheList,
    /// It does not take the place of a page, so nobody knows what follows.
    IsAnError,
}

/// What the first page says of the way to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Unknown,
    /// All pages are known from the count, or there is only one.
    Counted,
    /// `next` is followed page by page, because the list does not say how long it is.
    ByNext,
    /// A full page with neither count nor `next`: the page after it says whether there are more.
    Blind,
    /// Rows are asked for from behind those that came, until none come or the list says that there are no more.
    Onward,
}

impl Course {
    /// Whether one request is on its way at a time, because a page says where the next one begins.
    fn is_serial(self) -> bool {
        matches!(self, Self::ByNext | Self::Blind | Self::Onward)
    }
}

/// The reading of the list that is under way.
#[derive(Debug, Default)]
struct CurrentPass {
    /// The place whose turn it is; `None`: the pass is at its end.
    next_offset: Option<u64>,
    /// The highest place that was asked for, or is to be.
    asked_to: u64,
    /// Rows that were counted when it began, or came in the pass before.
    counted: u64,
    /// Pages in a row that brought hardly a new row.
    idle: u64,
    first_page: Vec<Identity>,
    offsets: Vec<u64>,
    last: LastPage,
    /// The last page named a place where more rows follow.
    names_more: bool,
    /// The portal says in words of its own that the last page is the last one.
    is_end_told: bool,
    /// Places behind the end, where rows may be that nothing told of.
    probes: VecDeque<u64>,
    probing: bool,
}

/// A request on its way.
#[derive(Debug)]
struct Flight {
    /// The newest row is asked for before the pages.
    asks_for_newest: bool,
    starts: Vec<u64>,
    /// No other request was on its way at any time.
    alone: bool,
}

#[derive(Debug)]
struct Waiting {
    page: Page,
    meta: PageMeta,
    alone: bool,
}

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    To(u64),
    End,
    /// It is the first page again: its place lies behind the end.
    Behind,
}

impl OffsetPages {
    pub(crate) fn new(position: Position, order: Order, again: FirstPageAgain) -> Self {
        let mut pages = Self {
            page_size: position.page(),
            longest: 0,
            most_pages: MOST_PAGES,
            position,
            order,
            again,
            newest: None,
            course: Course::Unknown,
            wanted: VecDeque::new(),
            rest: 0..0,
            flights: HashMap::new(),
            issued: Ticket::default(),
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            buffered: 0,
            sized: false,
            total: None,
            total_is_wrong: false,
            rows: 0,
            empty_replies: 0,
            hidden: 0,
            readings: ListReadings::default(),
            first_beside: None,
            besides_differ: None,
            pass: CurrentPass::default(),
            offsets: Vec::new(),
            stalls: StallCounter::default(),
            proof: Proof::None,
            finished: false,
        };
        pages.begin();
        pages
    }

    /// Asks for the newest row before the first page of the first pass. Only for a list whose rows are given ascending
    /// IDs, and to which no row comes in any other way than by being added.
    pub(crate) fn newest(mut self, newest: Option<ListCommand>) -> Self {
        self.newest = newest;
        self
    }

    /// Reads so many pages at the most where nothing is counted.
    #[cfg(test)]
    pub(crate) fn most_pages(mut self, pages: u64) -> Self {
        self.most_pages = pages;
        self
    }

    /// Begins a pass, which asks for the same places as the one before.
    fn begin(&mut self) {
        let before = std::mem::take(&mut self.pass);
        if before.offsets.len() >= self.offsets.len() {
            self.offsets = before.offsets;
        }
        self.readings.begin();
        self.wanted = self.offsets.iter().copied().collect();
        if self.wanted.is_empty() {
            self.wanted.push_back(0);
        }
        let asked_to = self.wanted.back().copied().unwrap_or(0);
        self.rest = 0..0;
        self.pass = CurrentPass {
            next_offset: Some(0),
            asked_to,
            counted: before.last.end,
            ..CurrentPass::default()
        };
        if self.course.is_serial() && !before.is_end_told {
            let probes = self.probes(asked_to, before.last.end);
            self.wanted.extend(probes);
        }
    }

    /// Places behind the last page at `start`, where rows may be that nothing told of: behind a page that rights have
    /// made short, and behind the rows of a page whose size is not known.
    fn probes(&self, start: u64, end: u64) -> Vec<u64> {
        let page = self.page_size.max(1);
        let mut probes = vec![start.saturating_add(page)];
        if !self.sized {
            probes.push(start.saturating_add(page.saturating_mul(2)));
            if !probes.contains(&end) && end > start {
                probes.push(end);
            }
        }
        probes
    }

    /// The first page of all says how to go on.
    fn set_out(&mut self, page: &Page, meta: &PageMeta) -> Result<(), StrategyError> {
        if meta.onward.cursor.is_some() && meta.onward.more != Some(false) {
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
            Some(next) => next.max(1),
            None if came == 0 => self.position.page(),
            None => came.max(least),
        };
        // Of a page of which hardly a row is shown nobody knows how large pages are.
        let is_odd = by_row && meta.next.is_none() && came * 4 < self.position.page();
        self.course = match (counted, meta.next) {
            (_, Some(_)) if self.order == Order::ByNext => Course::ByNext,
            (true, _) if is_odd => Course::Onward,
            (true, _) => Course::Counted,
            (false, Some(_)) => Course::ByNext,
            (false, None) if meta.total.is_some_and(|total| total > 0) => Course::Counted,
            (false, None) if by_row || meta.onward.more == Some(true) => Course::Onward,
            (false, None) => Course::Blind,
        };
        Ok(())
    }

    /// What follows the page at `start`.
    fn step(&self, start: u64, page: &Page, rows: &[Identity], meta: &PageMeta) -> Step {
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
        if let Some(more) = meta.onward.more {
            return if more { Step::To(after) } else { Step::End };
        }
        if let Some(next) = meta.next.filter(|next| *next > start) {
            return match self.course {
                Course::Counted => Step::To(after),
                _ => Step::To(next),
            };
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
            _ if self.course == Course::Onward => came > 0,
            _ => full,
        };
        if is_more { Step::To(after) } else { Step::End }
    }

    /// Whether a row has not come in this pass, as far as it can be told: rows without an ID may be equal.
    fn is_new(&self, row: &Identity) -> bool {
        matches!(row, Identity::Content(_)) || !self.readings.has_come(*row)
    }

    /// Whether a page begins as the first one of this pass did, and has little else.
    fn is_first_again(&self, rows: &[Identity]) -> bool {
        let first = &self.pass.first_page;
        // A row may have been added before them, or deleted.
        let mut begins = rows
            .iter()
            .take(2)
            .flat_map(|row| first.iter().take(2).map(move |first| row == first));
        begins.any(|same| same)
            && rows.iter().filter(|row| first.contains(row)).count() * 2 >= rows.len()
    }

    /// Takes the page whose turn it is.
    fn take(&mut self, start: u64, waiting: Waiting) -> Result<(), StrategyError> {
        let Waiting { page, meta, alone } = waiting;
        if self.course == Course::Unknown {
            self.set_out(&page, &meta)?;
        }
        let total = meta.total.filter(|total| *total > 0);
        if total.is_some() {
            self.total = total;
        }
        let said = (meta.next, meta.onward.more);
        let first_said = *self.first_beside.get_or_insert(said);
        // A page that says nothing at all is no answer of its own.
        if start > 0 && (meta.total.is_some() || said != (None, None)) {
            let differ = self.besides_differ.get_or_insert(false);
            *differ |= said != first_said;
        }
        if page.is_empty() && meta.total == Some(0) && meta.next.is_none() {
            self.empty_replies += 1;
        } else {
            self.empty_replies = 0;
        }
        let rows = identities(&page);
        self.longest = self.longest.max(rows.len() as u64);
        let step = self.step(start, &page, &rows, &meta);
        if self.pass.probing {
            let is_last_again = rows.iter().all(|row| self.pass.last.rows.contains(row));
            let is_new = rows.iter().any(|row| self.is_new(row)) && !is_last_again;
            if step == Step::Behind || !is_new {
                self.pass.next_offset = self.pass.probes.pop_front();
                return Ok(());
            }
            if Some(start) == self.probe_of_page_size() {
                return Err(StrategyError::Misbehaves(format!(
                    "its pages are shorter than {} rows, and it does not name the place of the next one",
                    self.page_size
                )));
            }
            self.pass.probing = false;
            self.check_bounds(start, 0, start, total)?;
        }
        let came = page.len() as u64;
        let seen_to = start.saturating_add(came);
        let names_more = meta.next.is_some_and(|next| next > start);
        if step != Step::Behind
            && let Some(total) = total
        {
            self.total_is_wrong |= total < seen_to || (total == seen_to && names_more);
        }
        if step == Step::Behind {
            self.check_first_again(start, came, total, meta.next)?;
            self.pass.offsets.push(start);
            if rows.iter().any(|row| !self.readings.has_come(*row)) {
                self.hand_out(page, &rows, start, None, false);
            }
            self.pass.last = LastPage {
                rows: Vec::new(),
                end: start,
                total: total.filter(|_| !self.total_is_wrong),
                behind_all: alone,
                is_doubtful: self.pass.names_more,
            };
            self.end(start, &meta);
            return Ok(());
        }
        let first = start == 0;
        if first {
            self.pass.first_page.clone_from(&rows);
            self.pass.counted = self.pass.counted.max(total.unwrap_or(0));
        } else if self.pass.counted == 0 {
            self.pass.counted = total.unwrap_or(0);
        }
        let counted = total.filter(|_| !self.total_is_wrong);
        let brought = self.hand_out(page, &rows, start, counted, first && alone);
        self.pass.offsets.push(start);
        // A page of a method that does not take its place may have a row that was just added.
        if brought.new_in_pass * 10 <= brought.twice {
            self.pass.idle += 1;
        } else {
            self.pass.idle = 0;
        }
        match step {
            Step::To(next) if next.saturating_sub(start) > came.max(LONGEST_PAGE) => {
                return Err(StrategyError::Misbehaves(format!(
                    "after start {start}, with {came} rows, the portal names start {next} as the next page: nobody knows the rows between"
                )));
            }
            Step::To(next) => {
                self.check_bounds(start, came, next, total)?;
                let nominal = if self.position.is_by_row() {
                    self.position.page()
                } else {
                    PAGE
                };
                if next.saturating_sub(start) < nominal {
                    self.readings.note_overlap();
                }
                self.pass.next_offset = Some(next);
                self.pass.names_more = names_more;
                if next > self.pass.asked_to && !self.course.is_serial() {
                    let to = total.unwrap_or(0).max(next.saturating_add(1));
                    self.rest = next..to;
                    // The last place of the range.
                    let pages = to.saturating_sub(1).saturating_sub(next) / self.page_size.max(1);
                    self.pass.asked_to = next.saturating_add(pages.saturating_mul(self.page_size));
                }
            }
            Step::End | Step::Behind => {
                self.pass.last = LastPage {
                    rows,
                    end: seen_to,
                    total: total.filter(|_| !self.total_is_wrong),
                    behind_all: alone,
                    is_doubtful: came == 0 && self.pass.names_more,
                };
                self.end(start, &meta);
            }
        }
        Ok(())
    }

    /// Hands the rows of a page out that had not come.
    fn hand_out(
        &mut self,
        mut page: Page,
        rows: &[Identity],
        start: u64,
        total: Option<u64>,
        first: bool,
    ) -> PageTally {
        let brought = self.readings.take(&mut page, rows, start, total, first);
        self.rows += page.len() as u64;
        if !page.is_empty() {
            self.buffered += page.bytes();
            self.ready.push_back(page);
        }
        brought
    }

    /// The page at `start` is the last one, unless rows are found behind it.
    fn end(&mut self, start: u64, meta: &PageMeta) {
        let counted = self.pass.last.total == Some(self.pass.last.end);
        let is_told = meta.onward.more.is_some() || counted;
        self.pass.is_end_told = is_told;
        self.pass.probing = true;
        self.pass.probes = if self.readings.count() < 2 {
            VecDeque::new()
        } else if is_told {
            self.probe_of_page_size().into_iter().collect()
        } else {
            let mut probes = self.probes(start, self.pass.last.end);
            probes.extend(self.probe_of_page_size());
            probes.into()
        };
        self.pass.next_offset = self.pass.probes.pop_front();
        if !self.course.is_serial() {
            self.wanted.clear();
            self.rest = 0..0;
        }
    }

    /// A first page that is short may have rows taken out of it, or be as long as all pages are: then the second one
    /// begins behind its rows.
    fn probe_of_page_size(&self) -> Option<u64> {
        let rows = self.pass.first_page.len() as u64;
        let is_short = rows > 0 && rows < self.page_size;
        let doubtful = !self.sized && !self.position.is_by_row() && is_short;
        (doubtful && self.pass.last.end > rows).then_some(rows)
    }

    /// The first page again, in place of the one at `start`.
    fn check_first_again(
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
        if let Some(total) = total.filter(|total| *total > start) {
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
    fn check_places_are_taken(&self) -> Result<(), StrategyError> {
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
    fn check_bounds(
        &self,
        start: u64,
        came: u64,
        next: u64,
        total: Option<u64>,
    ) -> Result<(), StrategyError> {
        if self.pass.idle >= IDLE_PAGES {
            return Err(StrategyError::Misbehaves(format!(
                "{IDLE_PAGES} pages in a row up to start {start} have no new row, and the portal says that more follow"
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
        if self.pass.offsets.len() as u64 >= self.most_pages && total.is_none() {
            return Err(StrategyError::Misbehaves(format!(
                "it has not ended after {} pages and the portal does not say how long it is: it may grow faster than it is read",
                self.most_pages
            )));
        }
        Ok(())
    }

    /// Takes the pages whose turn has come.
    fn advance(&mut self) -> Result<(), StrategyError> {
        while let Some(next) = self.pass.next_offset
            && let Some(waiting) = self.waiting.remove(&next)
        {
            self.buffered -= waiting.page.bytes();
            self.take(next, waiting)?;
        }
        if self.course.is_serial() || self.pass.next_offset.is_none() {
            // What else came was asked for on a guess that was wrong.
            self.buffered -= self
                .waiting
                .values()
                .map(|waiting| waiting.page.bytes())
                .sum::<usize>();
            self.waiting.clear();
        }
        match self.pass.next_offset {
            None => {
                self.wanted.clear();
                self.rest = 0..0;
            }
            Some(next) if self.course.is_serial() || self.pass.probing => {
                while self.wanted.front().is_some_and(|front| *front != next) {
                    self.wanted.pop_front();
                }
                if self.wanted.is_empty() {
                    self.wanted.push_back(next);
                    self.wanted.extend(&self.pass.probes);
                }
            }
            Some(next) => {
                let nothing = self.wanted.is_empty() && self.rest.is_empty();
                if nothing && self.flights.is_empty() {
                    self.wanted.push_back(next);
                }
            }
        }
        Ok(())
    }

    fn next_start(&mut self) -> Option<u64> {
        self.wanted.pop_front().or_else(|| {
            let start = self.rest.next()?;
            self.rest.start = start.saturating_add(self.page_size);
            Some(start)
        })
    }

    /// Commands that are left to send in this pass, as far as is known.
    fn left(&self) -> u64 {
        let rest = self.rest.end.saturating_sub(self.rest.start);
        self.wanted.len() as u64 + rest.div_ceil(self.page_size.max(1))
    }

    /// The pass is at its end: is the list whole?
    fn settle(&mut self) -> Result<(), StrategyError> {
        self.readings.finish(self.pass.last.clone());
        if self.rows == 0 && self.empty_replies >= 2 {
            self.proof = Proof::Counted(0);
            self.finished = true;
            return Ok(());
        }
        if self.readings.are_proof() {
            self.check_places_are_taken()?;
            for page in self.readings.release() {
                self.rows += page.len() as u64;
                self.buffered += page.bytes();
                self.ready.push_back(page);
            }
            self.proof = if self.readings.is_one_pass() {
                Proof::Counted(self.rows)
            } else {
                self.hidden = self.readings.hidden();
                Proof::EqualPasses(self.rows)
            };
            self.finished = true;
            return Ok(());
        }
        if self.readings.count() >= PASSES {
            return Err(StrategyError::Misbehaves(format!(
                "it was read {PASSES} times by the places of its pages, and no two passes agree; of the last one: {}. It changes while it is read: try again at a quieter time, or in the order of its IDs",
                self.readings.difference()
            )));
        }
        self.begin();
        Ok(())
    }
}

impl Strategy for OffsetPages {
    fn name(&self) -> &'static str {
        match self.course {
            Course::ByNext => "pages by next",
            Course::Blind | Course::Onward => "pages",
            Course::Unknown | Course::Counted => "counted pages",
        }
    }

    fn next(&mut self, room: usize, ahead: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)> {
        let alone = self.flights.is_empty();
        // The first page of a pass comes before all others, and the last one behind all others.
        let first_is_due = self.pass.offsets.is_empty();
        let is_last = self.left() <= room as u64;
        let waits = self.course.is_serial() || first_is_due || is_last || ahead == ReadAhead::Full;
        if !alone && waits {
            return None;
        }
        let mut starts: Vec<u64> = Vec::new();
        // Before the first pass it has to come: of a row that is newer than the first page nobody knows when it came.
        if first_is_due && (room < 2 || self.readings.count() > 1) {
            self.newest = None;
        }
        let newest = self.newest.clone().filter(|_| first_is_due);
        let room = room - usize::from(newest.is_some());
        while starts.len() < room
            && let Some(start) = self.next_start()
        {
            starts.push(start);
        }
        if starts.is_empty() {
            return None;
        }
        for flight in self.flights.values_mut() {
            flight.alone = false;
        }
        let asks_for_newest = newest.is_some();
        let pages = starts.iter().map(|start| self.position.command(*start));
        let commands = newest.into_iter().chain(pages).collect();
        let ticket = self.issued.draw();
        let flight = Flight {
            asks_for_newest,
            starts,
            alone,
        };
        self.flights.insert(ticket, flight);
        Some((ticket, commands))
    }

    fn accept(
        &mut self,
        ticket: Ticket,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let mut then = NextAction::GoOn;
        let Some(Flight {
            asks_for_newest,
            starts,
            alone,
        }) = self.flights.remove(&ticket)
        else {
            return Ok(then);
        };
        let mut again = Vec::new();
        let mut outcomes = outcomes.into_iter();
        if asks_for_newest {
            // Without it the list is read twice, so its command is not sent a second time.
            self.newest = None;
            if let Some(PageOutcome::Page { page, .. }) = outcomes.next() {
                self.readings.note_newest(page.ids().flatten().max());
            }
        }
        for (start, outcome) in starts.into_iter().zip(outcomes) {
            // What is asked for again is read behind the pages that came, so these are asked for again too.
            if alone && !again.is_empty() {
                again.push(start);
                continue;
            }
            match self.stalls.page(outcome)? {
                Ok((page, meta)) => {
                    self.buffered += page.bytes();
                    let waiting = Waiting { page, meta, alone };
                    if let Some(other) = self.waiting.insert(start, waiting) {
                        self.buffered -= other.page.bytes();
                    }
                }
                Err(wait) => {
                    then = wait;
                    again.push(start);
                }
            }
        }
        for start in again.into_iter().rev() {
            self.wanted.push_front(start);
        }
        self.advance()?;
        if self.pass.next_offset.is_none() && self.flights.is_empty() {
            self.settle()?;
        }
        Ok(then)
    }

    fn give_back(&mut self, ticket: Ticket) {
        let Some(flight) = self.flights.remove(&ticket) else {
            return;
        };
        // Behind the end nothing more is asked for, but the end of a pass is noticed when a reply comes.
        let asked = if self.pass.next_offset.is_some() {
            flight.starts.len()
        } else {
            usize::from(self.flights.is_empty())
        };
        for start in flight.starts.into_iter().take(asked).rev() {
            self.wanted.push_front(start);
        }
    }

    fn pop(&mut self) -> Option<Page> {
        let page = self.ready.pop_front()?;
        self.buffered -= page.bytes();
        Some(page)
    }

    fn is_done(&self) -> bool {
        self.finished && self.ready.is_empty()
    }

    fn buffered(&self) -> usize {
        self.buffered
    }

    fn extent(&self) -> Extent {
        let done = match self.total {
            _ if self.finished => 1.0,
            Some(total) if total > 0 => (self.rows as f64 / total as f64).min(1.0),
            _ => 0.0,
        };
        Extent {
            done,
            complete_to: None,
        }
    }

    fn proof(&self) -> Proof {
        self.proof
    }

    fn hidden(&self) -> u64 {
        self.hidden
    }
}

#[cfg(test)]
mod tests;
