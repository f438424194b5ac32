//! Rows that are counted and did not come: they are hidden, or the list moved while it was read.
//!
//! A pass in which fewer rows came than are counted does not say which of the two it was. Two more passes would, at three
//! times the commands. Where the method takes conditions on the ID, it is asked instead for the rows that are not among
//! those that came (`filter[!@ID]`), range by range of IDs. A row that is there throughout lies in one of the ranges,
//! wherever the list's order has moved it to, so it is shown there unless it came before or is hidden. Only a range of
//! several pages can lack it: if a hidden row before it goes while another one comes behind it, between two of the pages,
//! and the same happens again in the other direction.
//!
//! - Each range is read from both ends, so that a row would have to be left out three times, with the pass, to be taken
//!   for a hidden one.
//! - The lowest and the highest row that is known in a range are asked for too. A reading that lacks one of them is no
//!   answer, and neither is one that shows a row that was excluded: such a method does not take the condition.
//! - A row that is shown and had not come is handed out, and its range is read again.
//! - If the portal counts more rows beside those that came than it counted in the pass, its counts say nothing.
//!
//! Whatever does not fit ends this, and the list is read in passes.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use brimful_protocol::batch::MAX_COMMANDS;
use brimful_protocol::rows::{Page, PageOutcome};

use super::readings::identities;
use super::{OffsetPages, RequestInFlight};
use crate::list::keyset::pages::{Direction, KeysetPages, NO_END};
use crate::list::report::Proof;
use crate::list::strategy::{ListCommand, NextAction, PageMeta, Ticket};

/// So many known rows are excluded by a command at the most: each of their IDs is part of the request.
const MOST_KNOWN: usize = 400;
/// So often a range is read again for a reading that is no answer, and for rows that had not come.
const MOST_ATTEMPTS: u32 = 1;
const MOST_ROUNDS: u32 = 4;
/// So many rows more than in the pass may be counted in a range, as some may be added meanwhile.
const MOST_ADDED: u64 = 1_000;

/// The search for rows that did not come.
#[derive(Debug)]
pub(super) struct RowsBeside {
    ranges: Vec<IdRange>,
    wanted: VecDeque<Question>,
    /// Questions on their way.
    open: usize,
    /// Rows from the place of one page to that of the next one: as many as the longest page had.
    stride: u64,
    /// Pages may be longer than that, and places rounded down to whole pages.
    is_stride_short: bool,
    /// Rows that may be counted beside those that came.
    at_most: u64,
    is_refused: bool,
}

/// A page to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    range: usize,
    direction: Direction,
    place: u64,
}

/// IDs above `above` and up to `up_to`, of which each row that came is in `known`, in order.
#[derive(Debug)]
struct IdRange {
    above: u64,
    up_to: u64,
    known: Vec<u64>,
    /// Rows that had not come and were shown since the range was asked for.
    found: Vec<u64>,
    round: u32,
    attempts: u32,
    upwards: RangeReading,
    downwards: RangeReading,
    hidden: u64,
}

/// What the pages from one end of a range have shown.
#[derive(Debug, Default)]
struct RangeReading {
    total: Option<u64>,
    /// All pages that begin before this place are asked for.
    asked_to: u64,
    /// Pages that are to come.
    left: usize,
    /// Whether the lowest and the highest known row are shown.
    shows_ends: [bool; 2],
    shows_new: bool,
    is_no_answer: bool,
}

impl RowsBeside {
    /// Asks for the rows beside `known`, which are in order, of a list that counts `hidden` rows more. Its longest page had
    /// `longest` rows, and pages have `page` rows as far as is known.
    pub(super) fn new(known: &[u64], hidden: u64, longest: u64, page: u64) -> Self {
        let stride = longest.min(page).max(1);
        let mut above = 0;
        let chunks = known.len().div_ceil(MOST_KNOWN);
        let ranges = known.chunks(MOST_KNOWN).enumerate().map(|(at, known)| {
            let last = known.last().copied().unwrap_or(0);
            let up_to = if at + 1 == chunks { NO_END } else { last };
            let from = std::mem::replace(&mut above, up_to);
            IdRange {
                above: from,
                up_to,
                known: known.to_vec(),
                found: Vec::new(),
                round: 0,
                attempts: 0,
                upwards: RangeReading::default(),
                downwards: RangeReading::default(),
                hidden: 0,
            }
        });
        let mut beside = Self {
            ranges: ranges.collect(),
            wanted: VecDeque::new(),
            open: 0,
            stride,
            is_stride_short: stride < page,
            at_most: hidden,
            is_refused: false,
        };
        let pages = beside.pages_at_once();
        for range in 0..beside.ranges.len() {
            beside.ask(range, pages);
        }
        beside
    }

    /// How many pages of a range are asked for from each end before it is known how many there are: as many as it may take
    /// where the requests have room, so that no request is needed for the others alone.
    fn pages_at_once(&self) -> u64 {
        let readings = 2 * self.ranges.len() as u64;
        let requests = readings.div_ceil(MAX_COMMANDS as u64);
        let room = (requests * MAX_COMMANDS as u64) / readings.max(1);
        let strides = (self.stride, self.is_stride_short);
        let at_most = Self::end_of_pages(self.at_most.saturating_add(2), strides);
        at_most.div_ceil(self.stride).min(room).max(1)
    }

    /// Behind which place no page of a range begins that counts `total` rows.
    fn end_of_pages(total: u64, (stride, is_short): (u64, bool)) -> u64 {
        // The first page begins where it was asked for, however places are rounded.
        let is_one_page = total <= stride;
        let more = if is_short && !is_one_page { stride } else { 0 };
        total.saturating_add(more)
    }

    /// Reads a range from both ends, `pages` of each at first.
    fn ask(&mut self, at: usize, pages: u64) {
        let range = &mut self.ranges[at];
        range.round += 1;
        range.known.append(&mut range.found);
        range.known.sort_unstable();
        range.known.dedup();
        for direction in [Direction::Ascending, Direction::Descending] {
            let reading = range.reading(direction);
            *reading = RangeReading::default();
            let places = reading.ask_up_to(pages.saturating_mul(self.stride), self.stride);
            self.wanted.extend(places.map(|place| Question {
                range: at,
                direction,
                place,
            }));
        }
    }

    /// The next page to ask for.
    pub(super) fn next(&mut self, pages: &KeysetPages) -> Option<(Question, ListCommand)> {
        if self.is_refused {
            return None;
        }
        let question = self.wanted.pop_front()?;
        self.open += 1;
        let range = &self.ranges[question.range];
        let inner = 1..range.known.len().saturating_sub(1).max(1);
        let command = pages.beside(
            range.above,
            range.up_to,
            question.direction,
            question.place,
            range.known.get(inner).unwrap_or_default(),
        );
        Some((question, command))
    }

    /// Takes a question back that was not answered.
    pub(super) fn give_back(&mut self, question: Question) {
        self.open = self.open.saturating_sub(1);
        self.wanted.push_front(question);
    }

    /// The method does not answer such questions.
    pub(super) fn refuse(&mut self) {
        self.open = self.open.saturating_sub(1);
        self.is_refused = true;
    }

    /// Whether there is nothing left to ask.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0 && (self.is_refused || self.wanted.is_empty())
    }

    /// The rows that are counted and not shown, if it is proved that no other row did not come.
    pub(super) fn proven_hidden(&self) -> Option<u64> {
        let hidden: u64 = self.ranges.iter().map(|range| range.hidden).sum();
        (!self.is_refused && hidden <= self.at_most).then_some(hidden)
    }

    /// Takes a page, and leaves in it the rows that had not come.
    pub(super) fn accept(&mut self, question: Question, page: &mut Page, meta: &PageMeta) {
        self.open = self.open.saturating_sub(1);
        let strides @ (stride, _) = (self.stride, self.is_stride_short);
        let Some(range) = self.ranges.get_mut(question.range) else {
            return;
        };
        let (lowest, highest) = range.ends();
        let ids: Vec<Option<u64>> = page.ids().collect();
        let inside = range.inside();
        let is_foreign = |id: &Option<u64>| id.is_none_or(|id| !inside.contains(&id));
        // A row of no range may have come already: what the method shows is not what it was asked for.
        if ids.iter().any(is_foreign) {
            page.retain_ids(|_| false);
            self.is_refused = true;
            return;
        }
        let known = &range.known;
        page.retain_ids(|id| id.is_some_and(|id| known.binary_search(&id).is_err()));
        let shows_known = ids
            .iter()
            .flatten()
            .any(|id| *id != lowest && *id != highest && known.binary_search(id).is_ok());
        let new: Vec<u64> = page.ids().flatten().collect();
        let reading = range.reading(question.direction);
        reading.left = reading.left.saturating_sub(1);
        for (end, is_shown) in [lowest, highest].into_iter().zip(&mut reading.shows_ends) {
            *is_shown |= ids.contains(&Some(end));
        }
        reading.shows_new |= !new.is_empty();
        // No page that came short shows what was excluded.
        self.is_refused |= shows_known;
        let most = self.at_most.saturating_add(MOST_ADDED);
        let counted = meta.total.filter(|total| *total <= most);
        let total = *reading.total.get_or_insert(counted.unwrap_or(0));
        reading.is_no_answer |= counted != Some(total);
        let places = reading.ask_up_to(Self::end_of_pages(total, strides), stride);
        self.wanted
            .extend(places.map(|place| Question { place, ..question }));
        // A count that ends before the rows do is none.
        let names_more = meta.next.filter(|next| *next > question.place);
        reading.is_no_answer |= names_more.is_some_and(|next| reading.total <= Some(next));
        range.found.extend(new);
        self.judge(question.range);
    }

    /// Judges a range of which all pages have come.
    fn judge(&mut self, at: usize) {
        let range = &mut self.ranges[at];
        let (up, down) = (&range.upwards, &range.downwards);
        if up.left + down.left > 0 {
            return;
        }
        let shows_new = up.shows_new || down.shows_new;
        let is_answer = up.is_answer() && down.is_answer() && up.total == down.total;
        if is_answer && !shows_new {
            let ends = if range.known.len() > 1 { 2 } else { 1 };
            range.hidden = up.total.unwrap_or(0).saturating_sub(ends);
            return;
        }
        let is_nothing = |reading: &RangeReading| reading.shows_ends == [false; 2];
        if is_nothing(up) && is_nothing(down) {
            self.is_refused = true;
            return;
        }
        range.attempts += u32::from(!is_answer);
        if range.attempts > MOST_ATTEMPTS || range.round > MOST_ROUNDS {
            self.is_refused = true;
            return;
        }
        self.ask(at, 1);
    }
}

impl IdRange {
    fn reading(&mut self, direction: Direction) -> &mut RangeReading {
        match direction {
            Direction::Ascending => &mut self.upwards,
            Direction::Descending => &mut self.downwards,
        }
    }

    /// The lowest and the highest known row.
    fn ends(&self) -> (u64, u64) {
        let first = self.known.first().copied().unwrap_or(0);
        (first, self.known.last().copied().unwrap_or(first))
    }

    /// The IDs of the range. The first one has no lower bound.
    fn inside(&self) -> RangeInclusive<u64> {
        let from = if self.above == 0 { 0 } else { self.above + 1 };
        from..=self.up_to
    }
}

impl RangeReading {
    /// The places of the pages to `end` that are not asked for yet.
    fn ask_up_to(&mut self, end: u64, stride: u64) -> impl Iterator<Item = u64> + use<> {
        let from = self.asked_to;
        let pages = end.saturating_sub(from).div_ceil(stride);
        self.asked_to = from + pages * stride;
        self.left += pages as usize;
        (0..pages).map(move |page| from + page * stride)
    }

    fn is_answer(&self) -> bool {
        !self.is_no_answer
            && self.shows_ends == [true; 2]
            && self.total.is_some_and(|total| total > 0)
    }
}

impl OffsetPages {
    /// Asks for the rows beside those that came, after the first pass, if more are counted.
    pub(super) fn ask_beside(&mut self) -> bool {
        let hidden = self.readings.hidden();
        // It is unknown how far a page reaches that shows hardly a row.
        let is_sure_of_pages = self.longest * 2 >= self.page_size;
        if self.by_id.is_none() || self.readings.count() != 1 || hidden == 0 || !is_sure_of_pages {
            return false;
        }
        let known = self.readings.ids_of_first_pass();
        let Some(known) = known.filter(|known| known.last().is_some_and(|id| *id < NO_END)) else {
            return false;
        };
        self.beside = Some(RowsBeside::new(
            &known,
            hidden,
            self.longest,
            self.page_size,
        ));
        true
    }

    /// Takes the replies to questions about rows beside those that came.
    pub(super) fn accept_beside(
        &mut self,
        questions: Vec<Question>,
        outcomes: Vec<PageOutcome>,
    ) -> NextAction {
        let mut then = NextAction::GoOn;
        let Some(mut beside) = self.beside.take() else {
            return then;
        };
        let mut outcomes = outcomes.into_iter();
        for question in questions {
            match outcomes.next().map(|outcome| self.stalls.page(outcome)) {
                Some(Ok(Ok((mut page, meta)))) => {
                    beside.accept(question, &mut page, &meta);
                    let rows = identities(&page);
                    if !rows.is_empty() {
                        self.hand_out(page, &rows, self.pass.last.end, None, false);
                    }
                }
                Some(Ok(Err(wait))) => {
                    then = wait;
                    beside.give_back(question);
                }
                // If it isn't the condition that failed, the next pass says so.
                Some(Err(_)) | None => beside.refuse(),
            }
        }
        if !beside.is_over() {
            self.beside = Some(beside);
        } else if let Some(hidden) = beside.proven_hidden() {
            self.hidden = hidden;
            self.proof = Proof::NothingBeside(self.rows);
            self.finished = true;
        } else {
            self.read_again();
        }
        then
    }

    /// Reads the list in passes: the method does not tell which rows did not come.
    pub(super) fn read_again(&mut self) {
        (self.beside, self.by_id) = (None, None);
        self.begin();
    }

    /// The next request for rows beside those that came.
    pub(super) fn next_beside(&mut self, room: usize) -> Option<(Ticket, Vec<ListCommand>)> {
        let (beside, pages) = (self.beside.as_mut()?, self.by_id.as_ref()?);
        let asked = std::iter::from_fn(|| beside.next(pages)).take(room);
        let (questions, commands): (Vec<Question>, Vec<ListCommand>) = asked.unzip();
        if questions.is_empty() {
            return None;
        }
        let ticket = self.issued.draw();
        let flight = RequestInFlight {
            asks_for_newest: false,
            starts: Vec::new(),
            far: None,
            beside: questions,
            alone: false,
        };
        self.flights.insert(ticket, flight);
        Some((ticket, commands))
    }
}
