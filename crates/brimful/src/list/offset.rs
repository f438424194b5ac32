//! Counted pages by `start`, for lists that cannot be walked by ID.
//!
//! The first page says how many rows there are; the others are asked for in parallel. Offsets shift when rows are
//! inserted or deleted meanwhile, so rows are told apart by ID, `total` is watched, and where the count is not met the
//! list is read once more: what was missed is added, and what cannot be repaired is an error, never a short list.

use std::collections::HashMap;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Range;

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value, json};

use super::strategy::{
    Ahead, Extent, ListCommand, MAX_STALLS, Strategy, Stuck, Then, Ticket, passing,
};

/// How often the list is read again to make up for rows that shifted between pages.
const REPAIRS: u32 = 3;
/// Rows of a full page where the portal does not say.
const PAGE: usize = 50;
/// After so many pages without a new row the list is at its end, whatever its count says.
const IDLE_PAGES: u64 = 20;

#[derive(Debug)]
pub(crate) struct OffsetPages {
    params: Map<String, Value>,
    /// Offsets to ask for, in order.
    wanted: VecDeque<u64>,
    /// And after them, by the page: a count may be any number, so it is not spelt out.
    rest: Range<u64>,
    flights: HashMap<Ticket, Flight>,
    issued: u64,
    /// Pages that came before their turn, by offset.
    waiting: BTreeMap<u64, Page>,
    ready: VecDeque<Page>,
    /// The offset of the page whose turn it is.
    turn: u64,
    page_size: u64,
    total: Option<u64>,
    course: Course,
    seen: HashSet<u64>,
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
    stalls: u32,
    finished: bool,
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
    pub(crate) fn new(params: Map<String, Value>) -> Self {
        Self {
            params,
            wanted: VecDeque::from([0]),
            rest: 0..0,
            flights: HashMap::new(),
            issued: 0,
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            turn: 0,
            page_size: 50,
            total: None,
            course: Course::Unknown,
            seen: HashSet::new(),
            rows: 0,
            nameless: false,
            pass: Pass::default(),
            reached: 0,
            idle: 0,
            first: None,
            repairs: 0,
            buffered: 0,
            stalls: 0,
            finished: false,
        }
    }

    fn take(
        &mut self,
        start: u64,
        mut page: Page,
        next: Option<u64>,
        total: Option<u64>,
    ) -> Result<(), Stuck> {
        self.stalls = 0;
        if self.course == Course::Unknown {
            self.course = Course::Counted;
            self.total = total;
            // Some lists without a count send 0 for it.
            let counted = total.filter(|total| *total >= page.len() as u64 && *total > 0);
            let came = if page.is_empty() { PAGE } else { page.len() };
            self.page_size = next.unwrap_or(came as u64).max(1);
            match (counted, next) {
                (Some(total), _) if total > page.len() as u64 => {
                    self.rest = self.page_size..total;
                }
                (None, Some(_)) => self.course = Course::ByNext,
                (None, None) if is_full(&page) => {
                    self.course = Course::Blind;
                    self.wanted.push_back(self.page_size);
                    self.first = Some(page.clone());
                }
                _ => {}
            }
        } else if self.course == Course::Blind {
            if self.first.as_ref().is_some_and(|first| same(first, &page)) {
                page = Page::default();
            } else if is_full(&page) {
                self.wanted
                    .push_back(start.saturating_add(page.len() as u64));
            }
        } else if let (Some(before), Some(now)) = (self.total, total)
            && before != now
        {
            self.pass.shifted = true;
            self.total = Some(now);
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
                Course::ByNext | Course::Blind => self.wanted.front().copied().unwrap_or(u64::MAX),
                Course::Unknown | Course::Counted => before.saturating_add(self.page_size),
            };
            self.buffered -= page.bytes();
            self.release(page, before)?;
        }
        Ok(())
    }

    /// Hands a page on, without the rows that were handed on before.
    fn release(&mut self, mut page: Page, start: u64) -> Result<(), Stuck> {
        let came = page.len();
        if page.ids().any(|id| id.is_none()) {
            self.nameless = true;
        } else {
            page.retain_ids(|id| id.is_some_and(|id| self.seen.insert(id)));
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
        let missing =
            self.total.is_some_and(|total| self.rows < total) && self.course != Course::ByNext;
        let moved = self.pass.shifted && !self.nameless && self.repairs == 0;
        let doubtful = self.course != Course::Blind && (self.pass.fell || moved);
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
            Course::Blind => "pages",
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
            .map(|start| {
                let mut params = self.params.clone();
                params.insert("start".to_owned(), json!(start));
                ListCommand {
                    params: Value::Object(params),
                }
            })
            .collect();
        self.issued += 1;
        let counted = self.pass.highest;
        let flight = Flight { starts, counted };
        self.flights.insert(Ticket(self.issued), flight);
        Some((Ticket(self.issued), commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let mut then = Then::GoOn;
        let (starts, mut counted) = match self.flights.remove(&ticket) {
            Some(flight) => (flight.starts, flight.counted),
            None => return Ok(then),
        };
        let mut again = Vec::new();
        for (start, outcome) in starts.into_iter().zip(outcomes) {
            match outcome {
                PageOutcome::Page { page, next, total } => {
                    // Replies overtake each other; these two counts were made in this order.
                    self.pass.fell |= total.is_some() && total < counted;
                    counted = counted.max(total);
                    self.pass.highest = self.pass.highest.max(counted);
                    self.take(start, page, next, total)?;
                }
                PageOutcome::Error(error) => {
                    let Some(passing) = passing(&error) else {
                        return Err(Stuck::Api(error));
                    };
                    self.stalls += u32::from(passing == Then::WaitShortly);
                    if self.stalls >= MAX_STALLS {
                        return Err(Stuck::Api(error));
                    }
                    then = passing;
                    again.push(start);
                }
                PageOutcome::NotRun => {
                    self.stalls += 1;
                    if self.stalls >= MAX_STALLS {
                        return Err(Stuck::Misbehaves(
                            "the portal's reply has no result for a page of the list".to_owned(),
                        ));
                    }
                    then = Then::WaitShortly;
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
}

#[cfg(test)]
mod tests {
    use brimful_protocol::rows::{BatchOfLists, Place, read_batch};
    use serde_json::json;

    use super::super::strategy::label;
    use super::*;

    /// What a portal answers to one `start`: IDs, `next` and `total`.
    type Answer = (Vec<u64>, Option<u64>, Option<u64>);

    fn batch(answers: &[Answer]) -> BatchOfLists {
        let mut parts = [Map::new(), Map::new(), Map::new()];
        for (place, (ids, next, total)) in answers.iter().enumerate() {
            let rows: Vec<Value> = ids.iter().map(|id| json!({"ID": id.to_string()})).collect();
            parts[0].insert(label(place), json!(rows));
            if let Some(next) = next {
                parts[1].insert(label(place), json!(next));
            }
            if let Some(total) = total {
                parts[2].insert(label(place), json!(total));
            }
        }
        let [result, next, total] = parts;
        let body =
            json!({"result": {"result": result, "result_next": next, "result_total": total}});
        let labels: Vec<String> = (0..answers.len()).map(label).collect();
        let place = Place {
            key: None,
            id: Some("ID"),
        };
        read_batch(&body.to_string().into(), &labels, place).unwrap()
    }

    /// Walks a list of which `answer` gives the pages, `room` commands a request; the IDs in the order they came.
    fn walk(room: usize, mut answer: impl FnMut(u64) -> Answer) -> Result<Vec<u64>, Stuck> {
        let mut pages = OffsetPages::new(Map::new());
        let mut ids = Vec::new();
        for _ in 0..2_000 {
            while let Some(page) = pages.pop() {
                ids.extend(page.ids().map(Option::unwrap));
            }
            if pages.is_done() {
                assert_eq!(pages.buffered(), 0);
                return Ok(ids);
            }
            let (ticket, commands) = pages.next(room, Ahead::Allowed).expect("a command");
            let answers: Vec<Answer> = commands
                .iter()
                .map(|command| answer(command.params["start"].as_u64().unwrap()))
                .collect();
            pages.accept(ticket, batch(&answers).outcomes)?;
        }
        panic!("the walk does not end");
    }

    /// A page of `all` as a controller serves it.
    fn slice(all: &[u64], start: u64) -> Vec<u64> {
        all.iter().skip(start as usize).take(50).copied().collect()
    }

    #[test]
    fn a_count_beyond_reason_is_an_error_and_costs_no_memory() {
        for total in [1_000_000_000_000_000, u64::MAX] {
            let all: Vec<u64> = (1..=130).collect();
            let walked = walk(50, |start| {
                let next = (start + 50 < 130).then_some(start + 50);
                (slice(&all, start), next, Some(total))
            });
            assert!(matches!(walked, Err(Stuck::Misbehaves(_))), "{walked:?}");
        }
    }

    #[test]
    fn a_count_beyond_reason_over_an_empty_page_is_an_error() {
        let walked = walk(50, |_| (Vec::new(), None, Some(1_000_000)));
        assert!(matches!(walked, Err(Stuck::Misbehaves(_))), "{walked:?}");
    }

    #[test]
    fn a_list_with_neither_total_nor_next_is_read_to_its_end() {
        for rows in [0, 49, 50, 51, 100, 120] {
            let all: Vec<u64> = (1..=rows).collect();
            let ids = walk(50, |start| (slice(&all, start), None, None)).unwrap();
            assert_eq!(ids, all);
        }
    }

    #[test]
    fn a_list_that_is_not_paged_at_all_comes_once() {
        for rows in [1, 50, 100, 120] {
            let all: Vec<u64> = (1..=rows).collect();
            let ids = walk(50, |_| (all.clone(), None, None)).unwrap();
            assert_eq!(ids, all);
        }
    }

    #[test]
    fn rows_deleted_all_the_time_hide_no_other_in_silence() {
        let mut whole = 0;
        for seed in 0..300 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut rows: Vec<u64> = (1..=400).collect();
            let room = random.usize(1..4);
            let pace = random.f64() * 0.6;
            let walked = walk(room, |start| {
                if random.f64() < pace && rows.len() > 10 {
                    let gone = random.usize(..rows.len());
                    rows.remove(gone);
                }
                let start = if start < rows.len() as u64 { start } else { 0 };
                let page = slice(&rows, start);
                let next = start + page.len() as u64;
                let total = rows.len() as u64;
                (page, (next < total).then_some(next), Some(total))
            });
            if let Ok(ids) = walked {
                whole += 1;
                let came: HashSet<u64> = ids.into_iter().collect();
                let lost: Vec<_> = rows
                    .iter()
                    .filter(|id| **id <= 400 && !came.contains(id))
                    .collect();
                assert!(lost.is_empty(), "seed {seed}: {lost:?}");
            }
        }
        assert!(whole > 100, "{whole} of 300 lists came whole");
    }
}
