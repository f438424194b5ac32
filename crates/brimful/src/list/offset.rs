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
//! - Where fewer rows come than are counted, and the method takes conditions on the ID, the rows beside those that came are
//!   asked for (`beside`). They are hidden, or the list is read again.
//! - `total` says how many pages to ask for at once. It never ends a list: that does a page that is short, names no
//!   `next` and is counted as the last one, or, where nothing is counted, is followed by nothing.
//! - What cannot be proved in [`PASSES`] passes is an error, never a short list. So is a list that has nothing new on
//!   [`IDLE_PAGES`] pages in a row, and one that grows faster than it is read.

mod beside;
mod bounds;
mod course;
mod end_of_pass;
mod far;
mod readings;
mod taking;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use brimful_protocol::rows::{Identity, Page, PageOutcome};

use self::beside::{Question, RowsBeside};
use self::course::Course;
use self::far::EndSearch;
use self::readings::{LastPage, ListReadings, PageTally, identities};
use super::keyset::pages::KeysetPages;
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
/// So many pages in a row without a new row end the list, whatever the portal says of more.
const IDLE_PAGES: u64 = 20;
/// And so many that have no row at all where they are counted: rights may take neighbours out of many pages.
const HIDDEN_PAGES: u64 = 1_000;
/// A list is read so many pages beyond the rows that were counted when its pass began. Where nothing is counted, its end
/// is looked for from so many pages on.
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
    /// The same list by ID, where the method takes conditions on it.
    by_id: Option<KeysetPages>,
    /// The search for rows that are counted and did not come.
    beside: Option<RowsBeside>,
    course: Course,
    /// Places to ask for, in order.
    wanted: VecDeque<u64>,
    /// And after them, by the page: a count may be any number, so it is not spelt out.
    rest: Range<u64>,
    flights: HashMap<Ticket, RequestInFlight>,
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
    /// Rows that were seen between the places of the pages or behind them all, each with its place.
    seen_between: Vec<(u64, Identity)>,
    /// Replies in a row that say in so many words that there are no rows.
    empty_replies: u32,
    /// Rows that the portal counts and does not show.
    hidden: u64,
    readings: ListReadings,
    /// What stood beside the rows of the first page that had anything there.
    first_beside: Option<(Option<u64>, Option<bool>)>,
    /// Whether something else stood beside those of another page; `None`: no other page was asked for.
    besides_differ: Option<bool>,
    place_effect: PlaceEffect,
    end_search: EndSearch,
    /// Rows of a page that had as many as lie before the `next` that it named.
    page_length: Option<u64>,
    /// How often places between those of the pages were asked for.
    asked_between: u32,
    /// How often places behind the end were asked for once more before two passes were believed.
    looked_behind: u32,
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
    /// It does not take the place of a page, so it is unknown what follows.
    IsAnError,
}

/// The reading of the list that is under way.
#[derive(Debug, Default)]
struct CurrentPass {
    /// The place whose turn it is; `None`: the pass is at its end.
    next_offset: Option<u64>,
    /// The highest place that was asked for, or is to be.
    asked_to: u64,
    /// Rows that the first of its pages counted that counts any.
    counted: Option<u64>,
    /// Rows before the end of the pass before.
    end_before: u64,
    /// Pages in a row that brought hardly a new row.
    idle: u64,
    /// Of these, those that had rows.
    idle_with_rows: u64,
    /// Pages with rows behind the first one that were not the first one again.
    in_place: u64,
    /// Rows from the place of a page to that of the one after it, at the most.
    widest: u64,
    /// Places between those of the pages, or behind them all, in order, where no row may be that had not come.
    between: Vec<u64>,
    searched: Searched,
    /// One of these places where there was such a row.
    rows_between: Option<u64>,
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

/// Where the places of [`CurrentPass::between`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Searched {
    #[default]
    BetweenPages,
    /// Behind the last page.
    Behind,
}

/// What pages behind the first one have shown of whether the method takes the place of a page.
#[derive(Debug, Default)]
struct PlaceEffect {
    /// Pages with rows that were not the first page again.
    others: u32,
    /// Pages without a row, behind a first one with rows.
    empty: u32,
    /// The first page again.
    repeated: u32,
    /// A page named a place where more rows follow.
    is_more_named: bool,
}

impl PlaceEffect {
    /// A single empty page may have come so by mistake.
    fn is_shown(&self) -> bool {
        self.others > 0 || (self.empty > 1 && self.repeated == 0)
    }
}

/// A request on its way.
#[derive(Debug)]
struct RequestInFlight {
    /// The newest row is asked for before the pages.
    asks_for_newest: bool,
    starts: Vec<u64>,
    /// A place that may lie behind the end of the list, which is asked for after the pages.
    far: Option<u64>,
    /// It asks for rows beside those that came, and for no page by its place.
    beside: Vec<Question>,
    /// No other request was on its way at any time.
    alone: bool,
}

#[derive(Debug)]
struct Waiting {
    page: Page,
    meta: PageMeta,
    alone: bool,
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
            by_id: None,
            beside: None,
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
            seen_between: Vec::new(),
            empty_replies: 0,
            hidden: 0,
            readings: ListReadings::default(),
            first_beside: None,
            besides_differ: None,
            place_effect: PlaceEffect::default(),
            end_search: EndSearch::default(),
            page_length: None,
            asked_between: 0,
            looked_behind: 0,
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

    /// Asks by ID for rows that are counted and did not come. Only for a list that the method filters and sorts by ID.
    pub(crate) fn by_id(mut self, pages: Option<KeysetPages>) -> Self {
        self.by_id = pages.filter(KeysetPages::takes_exclusions);
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
        self.end_search = EndSearch::default();
        self.wanted = self.offsets.iter().copied().collect();
        if self.wanted.is_empty() {
            self.wanted.push_back(0);
        }
        let asked_to = self.wanted.back().copied().unwrap_or(0);
        self.rest = 0..0;
        self.pass = CurrentPass {
            next_offset: Some(0),
            asked_to,
            end_before: before.last.end,
            ..CurrentPass::default()
        };
        if self.course.is_serial() && !before.is_end_told {
            let probes = self.probes(asked_to, before.last.end);
            self.wanted.extend(probes);
        }
    }

    /// Rows of a page, as far as the method lets that be known beforehand.
    fn nominal_page(&self) -> u64 {
        if self.position.is_by_row() {
            self.position.page()
        } else {
            PAGE
        }
    }

    /// The rows that the last page counts, or those before it where it counts none, if they are more than `end`.
    fn counts_more(&self, total: Option<u64>, end: u64) -> Option<u64> {
        let counted = total.or(self.total).filter(|_| !self.total_is_wrong);
        counted.filter(|counted| *counted > end)
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
        if self.rows == 0 && self.empty_replies >= 2 && !self.place_effect.is_more_named {
            self.proof = Proof::Counted(0);
            self.finished = true;
            return Ok(());
        }
        if self.pass.rows_between.is_some() && self.pass.searched == Searched::Behind {
            self.begin();
            return Ok(());
        }
        if let Some(start) = self.pass.rows_between {
            // One that came or changed meanwhile is in the next pass; one that `next` skips is between its pages again.
            if self.asked_between >= 2 || self.readings.count() >= PASSES {
                return Err(self.rows_between(start));
            }
            self.begin();
            return Ok(());
        }
        if self.readings.are_proof() {
            let is_counted = self.total.is_some() && !self.total_is_wrong;
            if (!self.readings.are_counted() && self.ask_between())
                || (!is_counted && self.look_behind())
            {
                return Ok(());
            }
            if let Some(start) = self.rows_that_never_came() {
                return Err(self.rows_between(start));
            }
            self.check_places_are_taken()?;
            for page in self.readings.release() {
                self.rows += page.len() as u64;
                self.buffered += page.bytes();
                self.ready.push_back(page);
            }
            self.proof = self.proof_of_readings();
            self.finished = true;
            return Ok(());
        }
        if self.ask_beside() {
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

impl OffsetPages {
    /// Between the places of the pages there are rows, at `start`.
    fn rows_between(&self, start: u64) -> StrategyError {
        StrategyError::Misbehaves(if self.sized {
            format!(
                "it names a place for the next page that lies farther off than the page reaches, and at start {start} there are rows between them"
            )
        } else {
            format!(
                "its pages are shorter than {} rows, it does not name the place of the next one, and at start {start} there are rows between them",
                self.page_size
            )
        })
    }

    /// Where a row was seen between the pages that came in none of them. It may have gone since; or the place was empty by
    /// mistake when it was asked for again.
    fn rows_that_never_came(&self) -> Option<u64> {
        let mut seen = self.seen_between.iter();
        seen.find(|(_, row)| !self.readings.has_ever_come(*row))
            .map(|(start, _)| *start)
    }

    /// What the readings prove, once they agree.
    fn proof_of_readings(&mut self) -> Proof {
        if self.readings.has_equal_rows() {
            // One may go and another one come without a trace.
            self.hidden = self.readings.hidden();
            return Proof::None;
        }
        if self.readings.is_one_pass() {
            return Proof::Counted(self.rows);
        }
        self.hidden = self.readings.hidden();
        if self.is_length_told() || self.place_effect.is_shown() {
            return Proof::EqualPasses(self.rows);
        }
        // A method that takes no place of a page would answer every pass with the same part of the list.
        match self.again {
            FirstPageAgain::IsTheList => Proof::OneReply,
            FirstPageAgain::IsAnError => Proof::None,
        }
    }

    /// Whether the portal has said how long the list is, or whether more follows a page.
    fn is_length_told(&self) -> bool {
        let is_counted = self.total.is_some() && !self.total_is_wrong;
        let says_more = self
            .first_beside
            .is_some_and(|(next, more)| next.is_some() || more.is_some());
        is_counted || says_more || self.besides_differ == Some(true)
    }
}

impl Strategy for OffsetPages {
    fn name(&self) -> &'static str {
        match self.course {
            Course::ByNext => "pages by next",
            Course::Blind | Course::BehindTheRows => "pages",
            Course::Unknown | Course::Counted => "counted pages",
        }
    }

    fn next(&mut self, room: usize, ahead: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)> {
        match &self.beside {
            // It was refused, and what was still on its way came to nothing.
            Some(beside) if beside.is_over() => self.read_again(),
            Some(_) => return self.next_beside(room),
            None => {}
        }
        let alone = self.flights.is_empty();
        // The first page of a pass comes before all others, and the last one behind all others.
        let first_is_due = self.pass.offsets.is_empty();
        let is_last = self.left() <= room as u64;
        let waits = self.course.is_serial() || first_is_due || is_last || ahead == ReadAhead::Full;
        if !alone && waits {
            return None;
        }
        let mut starts: Vec<u64> = Vec::new();
        // Before the first pass it has to come: it is unknown when a row came that is newer than the first page.
        if first_is_due && (room < 2 || self.readings.count() > 1) {
            self.newest = None;
        }
        let newest = self.newest.clone().filter(|_| first_is_due);
        let room = room - usize::from(newest.is_some());
        let far = self.end_search.take();
        let room = room - usize::from(far.is_some());
        while starts.len() < room
            && let Some(start) = self.next_start()
        {
            starts.push(start);
        }
        if starts.is_empty() && far.is_none() {
            return None;
        }
        for flight in self.flights.values_mut() {
            flight.alone = false;
        }
        let asks_for_newest = newest.is_some();
        let places = starts.iter().copied().chain(far);
        let pages = places.map(|start| self.position.command(start));
        let commands = newest.into_iter().chain(pages).collect();
        let ticket = self.issued.draw();
        let flight = RequestInFlight {
            asks_for_newest,
            starts,
            far,
            beside: Vec::new(),
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
        let Some(RequestInFlight {
            asks_for_newest,
            starts,
            far,
            beside,
            alone,
        }) = self.flights.remove(&ticket)
        else {
            return Ok(then);
        };
        if !beside.is_empty() {
            return Ok(self.accept_beside(beside, outcomes));
        }
        let mut again = Vec::new();
        let mut outcomes = outcomes.into_iter();
        if asks_for_newest {
            // Without it the list is read twice, so its command is not sent a second time.
            self.newest = None;
            if let Some(PageOutcome::Page { page, .. }) = outcomes.next() {
                self.readings.note_newest(page.ids().flatten().max());
            }
        }
        let far = far.and_then(|place| Some((place, outcomes.next_back()?)));
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
        if let Some((place, outcome)) = far {
            match self.stalls.page(outcome) {
                Ok(Ok((page, meta))) => self.take_far(place, &identities(&page), &meta),
                Ok(Err(wait)) => {
                    then = wait;
                    self.end_search.ask_again(place);
                }
                // Some portals refuse places far behind the end, which says nothing of the rows.
                Err(_) => {}
            }
        }
        if self.pass.next_offset.is_none() && self.flights.is_empty() {
            self.settle()?;
        }
        Ok(then)
    }

    fn give_back(&mut self, ticket: Ticket) {
        let Some(flight) = self.flights.remove(&ticket) else {
            return;
        };
        if let Some(place) = flight.far {
            self.end_search.ask_again(place);
        }
        if let Some(beside) = &mut self.beside {
            for question in flight.beside.into_iter().rev() {
                beside.give_back(question);
            }
            return;
        }
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
            _ if self.finished => Some(1.0),
            Some(total) if total > 0 => Some((self.rows as f64 / total as f64).min(1.0)),
            _ => None,
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
