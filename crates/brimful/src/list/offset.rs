//! Pages by their place in the list, for lists that cannot be walked by ID.
//!
//! The first page says how many rows there are; the others are asked for in parallel. Offsets shift when rows are
//! inserted or deleted meanwhile, so rows are told apart by ID, `total` is watched, and where the count is not met the
//! list is read once more: what was missed is added, and what cannot be repaired is an error, never a short list.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use brimful_protocol::rows::{Page, PageOutcome};

use super::position::Position;
use super::report::Proof;
use super::seen::Seen;
use super::strategy::{Ahead, Beside, Extent, ListCommand, Stalls, Strategy, Stuck, Then, Ticket};

/// How often the list is read again to make up for rows that shifted between pages.
const REPAIRS: u32 = 3;
/// Rows of a full page where the portal does not say.
const PAGE: usize = 50;
/// After so many pages without a new row the list is at its end, whatever its count says.
const IDLE_PAGES: u64 = 20;

#[derive(Debug)]
pub(crate) struct OffsetPages {
    position: Position,
    order: Order,
    again: Again,
    /// Offsets to ask for, in order.
    wanted: VecDeque<u64>,
    /// And after them, by the page: a count may be any number, so it is not spelt out.
    rest: Range<u64>,
    flights: HashMap<Ticket, Flight>,
    issued: Ticket,
    /// Pages that came before their turn, by offset.
    waiting: BTreeMap<u64, Page>,
    ready: VecDeque<Page>,
    /// The offset of the page whose turn it is.
    turn: u64,
    page_size: u64,
    total: Option<u64>,
    course: Course,
    seen: Seen,
    /// Rows handed out or ready to be.
    rows: u64,
    /// Rows without an ID cannot be told apart.
    nameless: bool,
    pass: Pass,
    /// The end of the last page that brought something new, and how many pages in turn brought nothing.
    reached: u64,
    idle: u64,
    /// The first page, where only its coming again says that the list has no other.
    first: Option<Page>,
    repairs: u32,
    buffered: usize,
    stalls: Stalls,
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
pub(crate) enum Again {
    /// The method returns everything at once.
    ThatIsAll,
    /// It does not take the place of a page, so nobody knows what follows.
    Stuck,
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

/// What one reading of the list, from its start to its end, showed of changes meanwhile.
#[derive(Debug, Default)]
struct Pass {
    /// The count changed, or a row came twice.
    shifted: bool,
    /// The highest count that came, and whether it fell: then rows may have been skipped.
    highest: Option<u64>,
    fell: bool,
}

/// A request on its way.
#[derive(Debug)]
struct Flight {
    starts: Vec<u64>,
    /// The highest count that was known when it was sent.
    counted: Option<u64>,
}

impl OffsetPages {
    pub(crate) fn new(position: Position, order: Order, again: Again) -> Self {
        Self {
            page_size: position.page(),
            position,
            order,
            again,
            wanted: VecDeque::from([0]),
            rest: 0..0,
            flights: HashMap::new(),
            issued: Ticket::default(),
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            turn: 0,
            total: None,
            course: Course::Unknown,
            seen: Seen::default(),
            rows: 0,
            nameless: false,
            pass: Pass::default(),
            reached: 0,
            idle: 0,
            first: None,
            repairs: 0,
            buffered: 0,
            stalls: Stalls::default(),
            finished: false,
        }
    }

    fn take(&mut self, start: u64, mut page: Page, beside: &Beside) -> Result<(), Stuck> {
        let (next, total) = (beside.next, beside.total);
        if page.is_empty() && beside.onward.more == Some(true) {
            return Err(Stuck::Misbehaves(
                "the portal says that there are more rows and sends none".to_owned(),
            ));
        }
        match self.course {
            Course::Unknown => self.set_out(&page, beside)?,
            Course::Blind | Course::Onward => {
                if self.first.as_ref().is_some_and(|first| same(first, &page)) {
                    // A longer one is no page: the method returns everything at once.
                    if self.again == Again::Stuck && page.len() as u64 == self.position.page() {
                        return Err(Stuck::Misbehaves(format!(
                            "behind {start} rows comes the first page again: if they are all there are, read the list by one call"
                        )));
                    }
                    page = Page::default();
                } else if self.goes_on(&page, beside) {
                    self.wanted
                        .push_back(start.saturating_add(page.len() as u64));
                }
            }
            Course::Counted | Course::ByNext => {
                if let (Some(before), Some(now)) = (self.total, total)
                    && before != now
                {
                    self.pass.shifted = true;
                    self.total = Some(now);
                }
            }
        }
        if self.course == Course::ByNext
            && let Some(next) = next
        {
            if next <= start {
                return Err(Stuck::Misbehaves(format!(
                    "after start {start} the portal names start {next} as the next page"
                )));
            }
            self.wanted.push_back(next);
        }
        self.buffered += page.bytes();
        self.waiting.insert(start, page);
        while let Some(page) = self.waiting.remove(&self.turn) {
            let before = self.turn;
            self.turn = match self.course {
                Course::ByNext | Course::Blind | Course::Onward => {
                    self.wanted.front().copied().unwrap_or(u64::MAX)
                }
                Course::Unknown | Course::Counted => before.saturating_add(self.page_size),
            };
            self.buffered -= page.bytes();
            self.release(page, before)?;
        }
        Ok(())
    }

    /// The first page says how to go on.
    fn set_out(&mut self, page: &Page, beside: &Beside) -> Result<(), Stuck> {
        let (next, total) = (beside.next, beside.total);
        self.course = Course::Counted;
        self.total = total;
        // Some lists without a count send 0 for it.
        let counted = total.filter(|total| *total >= page.len() as u64 && *total > 0);
        let came = if page.is_empty() { PAGE } else { page.len() };
        // Elsewhere offsets are rounded down to whole pages, so a short page does not make the next one begin earlier.
        let least = if self.position.is_by_row() { 1 } else { PAGE };
        self.page_size = next.unwrap_or(came.max(least) as u64).max(1);
        match (counted, next) {
            (_, Some(_)) if self.order == Order::ByNext => self.course = Course::ByNext,
            (Some(total), _) if total > page.len() as u64 => {
                self.rest = self.page_size..total;
            }
            (None, Some(_)) => self.course = Course::ByNext,
            (None, None) if self.position.is_by_row() || beside.onward.more == Some(true) => {
                self.course = Course::Onward;
                if self.goes_on(page, beside) {
                    self.wanted.push_back(page.len() as u64);
                    self.first = Some(page.clone());
                }
            }
            (None, None) if is_full(page) => {
                self.course = Course::Blind;
                self.wanted.push_back(self.page_size);
                self.first = Some(page.clone());
            }
            _ => {}
        }
        if beside.onward.cursor.is_some() && beside.onward.more != Some(false) {
            return Err(Stuck::Misbehaves(
                "the portal names a cursor for the rows that follow: walk the list by its cursor"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether other rows may follow, where neither a count nor `next` says so.
    fn goes_on(&self, page: &Page, beside: &Beside) -> bool {
        match (self.course, beside.onward.more) {
            (_, Some(more)) => more,
            (Course::Onward, None) => !page.is_empty(),
            (_, None) => is_full(page),
        }
    }

    /// Hands a page on, without the rows that were handed on before.
    fn release(&mut self, mut page: Page, start: u64) -> Result<(), Stuck> {
        let came = page.len();
        if page.ids().any(|id| id.is_none()) {
            self.nameless = true;
        } else {
            let seen = &mut self.seen;
            page.retain_ids(|id| id.is_some_and(|id| seen.insert(id)));
        }
        if page.len() < came {
            self.pass.shifted = true;
            if page.is_empty() && self.course == Course::ByNext && self.repairs == 0 {
                return Err(Stuck::Misbehaves(format!(
                    "the page at start {start} has only rows that came before: the list does not advance"
                )));
            }
        }
        self.rows += page.len() as u64;
        if page.is_empty() {
            self.idle += 1;
            if self.idle >= IDLE_PAGES && self.repairs == 0 {
                self.rest = 0..0;
            }
        } else {
            self.idle = 0;
            self.reached = self.reached.max(start.saturating_add(self.page_size));
            self.buffered += page.bytes();
            self.ready.push_back(page);
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

    /// Every page asked for has come: is that the whole list?
    fn settle(&mut self) -> Result<(), Stuck> {
        let missing = self.total.is_some_and(|total| self.rows < total);
        let moved = self.pass.shifted && !self.nameless && self.repairs == 0;
        let guessed = matches!(self.course, Course::Blind | Course::Onward);
        let doubtful = !guessed && (self.pass.fell || moved);
        if !(missing || doubtful) {
            self.finished = true;
            return Ok(());
        }
        if self.nameless || self.repairs >= REPAIRS {
            let total = self.total.unwrap_or_default();
            return Err(Stuck::Misbehaves(format!(
                "the portal counts {total} rows and {} different ones came: its pages repeat, or the list changed while it was read by offset",
                self.rows
            )));
        }
        self.repairs += 1;
        self.pass = Pass::default();
        self.turn = 0;
        if self.course == Course::ByNext {
            self.wanted.push_back(0);
        } else {
            let total = self.total.unwrap_or_default().max(1);
            let slack = self.page_size.saturating_mul(IDLE_PAGES);
            self.rest = 0..total.min(self.reached.saturating_add(slack));
        }
        Ok(())
    }
}

/// Whether a page may have another one after it.
fn is_full(page: &Page) -> bool {
    !page.is_empty() && page.len().is_multiple_of(PAGE)
}

/// Whether two pages have the same rows: by their IDs, or as they came where they have none.
fn same(one: &Page, other: &Page) -> bool {
    if one.ids().all(|id| id.is_some()) {
        one.ids().eq(other.ids())
    } else {
        one.raw().eq(other.raw())
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

    fn next(&mut self, room: usize, ahead: Ahead) -> Option<(Ticket, Vec<ListCommand>)> {
        let most = if ahead == Ahead::Full && !self.flights.is_empty() {
            0
        } else {
            room
        };
        let mut starts: Vec<u64> = Vec::new();
        while starts.len() < most
            && let Some(start) = self.next_start()
        {
            starts.push(start);
        }
        if starts.is_empty() {
            return None;
        }
        let commands = starts
            .iter()
            .map(|start| self.position.command(*start))
            .collect();
        let ticket = self.issued.draw();
        let counted = self.pass.highest;
        self.flights.insert(ticket, Flight { starts, counted });
        Some((ticket, commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let mut then = Then::GoOn;
        let (starts, mut counted) = match self.flights.remove(&ticket) {
            Some(flight) => (flight.starts, flight.counted),
            None => return Ok(then),
        };
        let mut again = Vec::new();
        for (start, outcome) in starts.into_iter().zip(outcomes) {
            match self.stalls.page(outcome)? {
                Ok((page, beside)) => {
                    // Replies overtake each other; these two counts were made in this order.
                    self.pass.fell |= beside.total.is_some() && beside.total < counted;
                    counted = counted.max(beside.total);
                    self.pass.highest = self.pass.highest.max(counted);
                    self.take(start, page, &beside)?;
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
        if self.wanted.is_empty() && self.rest.is_empty() && self.flights.is_empty() {
            self.settle()?;
        }
        Ok(then)
    }

    fn give_back(&mut self, ticket: Ticket) {
        if let Some(flight) = self.flights.remove(&ticket) {
            for start in flight.starts.into_iter().rev() {
                self.wanted.push_front(start);
            }
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
        match self.total {
            Some(total)
                if self.finished
                    && self.rows == total
                    && total > 0
                    && !self.nameless
                    && !self.pass.shifted =>
            {
                Proof::Counted(total)
            }
            _ => Proof::None,
        }
    }
}

#[cfg(test)]
mod tests;
