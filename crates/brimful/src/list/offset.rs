//! Counted pages by `start`, for lists that cannot be walked by ID.
//!
//! The first page says how many rows there are; the others are asked for in parallel. Offsets shift when rows are
//! inserted or deleted meanwhile, so rows are told apart by ID, `total` is watched, and where the count is not met the
//! list is read once more: what was missed is added, and what cannot be repaired is an error, never a short list.

use std::collections::HashMap;
use std::collections::{BTreeMap, HashSet, VecDeque};

use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value, json};

use super::strategy::{
    Ahead, Extent, ListCommand, MAX_STALLS, Strategy, Stuck, Then, Ticket, passing,
};

/// How often the list is read again to make up for rows that shifted between pages.
const REPAIRS: u32 = 3;

#[derive(Debug)]
pub(crate) struct OffsetPages {
    params: Map<String, Value>,
    /// Offsets to ask for, in order.
    wanted: VecDeque<u64>,
    flights: HashMap<Ticket, Vec<u64>>,
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
    shifted: bool,
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
}

impl OffsetPages {
    pub(crate) fn new(params: Map<String, Value>) -> Self {
        Self {
            params,
            wanted: VecDeque::from([0]),
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
            shifted: false,
            repairs: 0,
            buffered: 0,
            stalls: 0,
            finished: false,
        }
    }

    fn take(
        &mut self,
        start: u64,
        page: Page,
        next: Option<u64>,
        total: Option<u64>,
    ) -> Result<(), Stuck> {
        self.stalls = 0;
        if self.course == Course::Unknown {
            self.course = Course::Counted;
            self.total = total;
            // Some lists without a count send 0 for it.
            let counted = total.filter(|total| *total >= page.len() as u64 && *total > 0);
            self.page_size = next.unwrap_or(page.len() as u64).max(1);
            match (counted, next) {
                (Some(total), _) if total > page.len() as u64 => {
                    let first = next.unwrap_or(page.len() as u64);
                    self.wanted
                        .extend((first..total).step_by(self.page_size as usize));
                }
                (None, Some(_)) => self.course = Course::ByNext,
                _ => {}
            }
        } else if let (Some(before), Some(now)) = (self.total, total)
            && before != now
        {
            self.shifted = true;
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
            self.turn = if self.course == Course::ByNext {
                self.wanted.front().copied().unwrap_or(u64::MAX)
            } else {
                before + self.page_size
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
            self.shifted = true;
            if page.is_empty() && self.course == Course::ByNext && self.repairs == 0 {
                return Err(Stuck::Misbehaves(format!(
                    "the page at start {start} has only rows that came before: the list does not advance"
                )));
            }
        }
        self.rows += page.len() as u64;
        if !page.is_empty() {
            self.buffered += page.bytes();
            self.ready.push_back(page);
        }
        Ok(())
    }

    /// Every page asked for has come: is that the whole list?
    fn settle(&mut self) -> Result<(), Stuck> {
        let missing =
            self.total.is_some_and(|total| self.rows < total) && self.course != Course::ByNext;
        let doubtful = self.shifted && !self.nameless && self.repairs == 0;
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
        self.shifted = false;
        self.turn = 0;
        if self.course == Course::ByNext {
            self.wanted.push_back(0);
        } else {
            let total = self.total.unwrap_or_default().max(1);
            self.wanted
                .extend((0..total).step_by(self.page_size as usize));
        }
        Ok(())
    }
}

impl Strategy for OffsetPages {
    fn name(&self) -> &'static str {
        if self.course == Course::ByNext {
            "pages by next"
        } else {
            "counted pages"
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
            && let Some(start) = self.wanted.pop_front()
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
        self.flights.insert(Ticket(self.issued), starts);
        Some((Ticket(self.issued), commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let mut then = Then::GoOn;
        let starts = self.flights.remove(&ticket).unwrap_or_default();
        let mut again = Vec::new();
        for (start, outcome) in starts.into_iter().zip(outcomes) {
            match outcome {
                PageOutcome::Page { page, next, total } => self.take(start, page, next, total)?,
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
        if self.wanted.is_empty() && self.flights.is_empty() {
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
