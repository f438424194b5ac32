//! Windows: a list walked in ID order by stretches of IDs that hold no more rows than a page, each asked for by itself.
//!
//! No page refers to another, so they need no batch and no order of execution: REST 3.0 is walked by them, one request
//! each, and lists whose pages cannot be chained. Where IDs are dense a window is as wide as a page is long and cannot
//! overflow; where they are sparse it is as wide as the density foretells, and what does not fit is asked for again
//! from the last ID that came.

use std::collections::{HashMap, VecDeque};

use brimful_protocol::rows::{Page, PageOutcome};

use super::density::{Density, ENOUGH};
use super::ends::{Ends, ascending};
use super::keyset::KeysetPages;
use super::report::Proof;
use super::strategy::{Ahead, Extent, ListCommand, Stalls, Strategy, Stuck, Then, Ticket};
use super::tail::{TAIL_REQUESTS, Tail};

/// Windows that are open at once at the most; they hold rows that wait for their turn.
const MOST_OPEN: usize = 2000;

#[derive(Debug)]
pub(crate) struct Windows {
    pages: KeysetPages,
    tail: Tail,
    phase: Phase,
    ends: Ends,
    /// In the order of their IDs; behind the last one lies the frontier.
    open: VecDeque<Window>,
    /// Everything up to here is in a window.
    frontier: u64,
    /// The last page that came at the start, and where its rows begin.
    last: Option<(u64, Page)>,
    density: Density,
    flights: HashMap<Ticket, Vec<Asked>>,
    issued: Ticket,
    /// Windows that are asked for now.
    flying: usize,
    /// Rows of a full page, as the portal serves it.
    full: usize,
    /// Pages are short for reasons of their own: only an empty one ends a window.
    ragged: bool,
    first: u64,
    horizon: u64,
    handed_to: u64,
    buffered: usize,
    stalls: Stalls,
    /// Windows in a row that came without a row.
    barren: u32,
    tail_requests: u32,
    /// A page above a lower bound has come and lay above it; until then nothing is handed out.
    confirmed: bool,
    complete_to: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ends,
    Walk,
    Tail,
}

/// The rows with IDs in `(cursor, end]`.
#[derive(Debug)]
struct Window {
    cursor: u64,
    end: u64,
    pages: VecDeque<Page>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Flying,
    Done,
}

/// A window as it was asked for: windows never overlap, and are not cut once they are out.
#[derive(Debug, Clone, Copy)]
struct Asked {
    cursor: u64,
    end: u64,
}

impl Windows {
    pub(crate) fn new(pages: KeysetPages, tail: Tail) -> Self {
        let above = pages.bounds.above;
        Self {
            full: pages.full,
            pages,
            tail,
            phase: Phase::Ends,
            ends: Ends::default(),
            open: VecDeque::new(),
            frontier: above,
            last: None,
            density: Density::default(),
            flights: HashMap::new(),
            issued: Ticket::default(),
            flying: 0,
            ragged: false,
            first: above,
            horizon: above,
            handed_to: above,
            buffered: 0,
            stalls: Stalls::default(),
            barren: 0,
            tail_requests: 0,
            confirmed: false,
            complete_to: None,
        }
    }

    fn accept_ends(&mut self, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let shown = match self.ends.accept(outcomes, &self.pages, &mut self.stalls)? {
            Ok(shown) => shown,
            Err(then) => return Ok(then),
        };
        self.phase = Phase::Walk;
        let bounds = self.pages.bounds;
        let gap = shown.gap();
        let Some((lowest, first_to)) = shown.first_ids else {
            self.complete_to = Some(bounds.up_to.unwrap_or(bounds.above));
            return Ok(Then::GoOn);
        };
        self.first = lowest.saturating_sub(1);
        self.horizon = shown.horizon;
        self.frontier = first_to;
        self.density.note(self.first, first_to, shown.first.len());
        let whole = shown.horizon == first_to && shown.first.len() < self.pages.full;
        if shown.ragged {
            // A page of 50 where more were asked for is as long as this method's pages get. Any other number of rows
            // says that some were taken out of it.
            self.full = shown.first.len();
            self.ragged = !self.full.is_multiple_of(50);
        }
        self.push_read(first_to, shown.first);
        if whole {
            self.confirmed = true;
            self.complete_to = Some(first_to);
            return Ok(Then::GoOn);
        }
        match gap {
            Some((from, to)) if from < to => self.last = Some((to, shown.last)),
            _ => {
                self.frontier = shown.horizon;
                self.push_read(shown.horizon, shown.last);
                self.confirmed = !self.open_tail();
            }
        }
        Ok(Then::GoOn)
    }

    /// A window that has been read to its end.
    fn push_read(&mut self, to: u64, page: Page) {
        if page.is_empty() {
            return;
        }
        self.buffered += page.bytes();
        self.open.push_back(Window {
            cursor: to,
            end: to,
            pages: VecDeque::from([page]),
            state: State::Done,
        });
    }

    /// Opens the window above the horizon, if it is wanted.
    fn open_tail(&mut self) -> bool {
        let wanted = self.tail == Tail::Sweep && self.pages.bounds.up_to.is_none();
        if wanted {
            self.phase = Phase::Tail;
            self.open.push_back(Window {
                cursor: self.horizon,
                end: u64::MAX,
                pages: VecDeque::new(),
                state: State::Idle,
            });
        }
        wanted
    }

    /// Opens the window behind the last one; `false` if the horizon is reached.
    fn cut(&mut self) -> bool {
        let Some((to, _)) = &self.last else {
            return false;
        };
        let to = *to;
        if self.frontier >= to {
            if let Some((_, page)) = self.last.take() {
                self.frontier = self.horizon;
                self.push_read(self.horizon, page);
            }
            return false;
        }
        let end = self.frontier.saturating_add(self.width()).min(to);
        self.open.push_back(Window {
            cursor: self.frontier,
            end,
            pages: VecDeque::new(),
            state: State::Idle,
        });
        self.frontier = end;
        true
    }

    /// How wide a window may be to hold about a page.
    fn width(&self) -> u64 {
        let full = self.full as f64;
        let rate = self.rate();
        // Room for what chance adds, to the rows themselves and to what is known of them: few windows are to overflow.
        let chance = (full * (1.0 - rate) * (1.0 + full / ENOUGH)).sqrt();
        let rows = if self.flying == 0 {
            // What does not fit into a window that is alone is left to the next one.
            1.5 * full
        } else {
            (full - 1.8 * chance).max(1.0)
        };
        // In a gap nothing is learned of the rows behind it but that they are far.
        let stretched = rows / rate * f64::from(1u32 << self.barren.min(20));
        (stretched as u64).max(self.full as u64)
    }

    /// Rows per ID behind the frontier, as far as is known.
    fn rate(&self) -> f64 {
        self.density
            .forecast(self.frontier, self.frontier.saturating_add(1))
            .rate
            .clamp(1e-12, 1.0)
    }

    fn at(&self, asked: Asked) -> Option<usize> {
        // They are in order.
        let at = self.open.partition_point(|window| window.end < asked.end);
        let window = self.open.get(at)?;
        (window.state == State::Flying && window.end == asked.end && window.cursor == asked.cursor)
            .then_some(at)
    }

    fn accept_page(&mut self, asked: Asked, page: Page) -> Result<(), Stuck> {
        let at = self
            .at(asked)
            .ok_or_else(|| Stuck::Misbehaves("a reply belongs to no window".to_owned()))?;
        let ids = ascending(&page, asked.cursor).and_then(|ids| match ids {
            Some((_, last)) if last > asked.end => Err(format!(
                "ID {last} came where none above {} was asked for",
                asked.end
            )),
            ids => Ok(ids),
        });
        let ids = ids.map_err(|why| {
            let why = format!("{why}: the method ignores the filter by ID or the order");
            if self.confirmed {
                Stuck::Misbehaves(why)
            } else {
                Stuck::WrongStrategy(why)
            }
        })?;
        self.confirmed = true;
        let rows = page.len();
        let window = &mut self.open[at];
        window.state = State::Idle;
        if let Some((_, last)) = ids {
            window.cursor = last;
            self.buffered += page.bytes();
            window.pages.push_back(page);
        }
        let ended = match ids {
            None => true,
            Some((_, last)) => last >= asked.end || (rows < self.full && !self.ragged),
        };
        let endless = self.phase == Phase::Tail && self.tail_requests >= TAIL_REQUESTS;
        let to = if ended { asked.end } else { window.cursor };
        // What the last window has no room for is that of the next one.
        let hands_over = !ended && self.phase == Phase::Walk && self.frontier == asked.end;
        if hands_over {
            window.end = to;
            self.frontier = to;
        }
        if ended || endless || hands_over {
            window.state = State::Done;
        }
        if to < u64::MAX {
            self.density.note(asked.cursor, to, rows);
        }
        self.barren = if rows == 0 { self.barren + 1 } else { 0 };
        Ok(())
    }

    fn finish_walk(&mut self) {
        if self.complete_to.is_some() {
            return;
        }
        if self.phase == Phase::Tail {
            self.complete_to = Some(self.handed_to.max(self.horizon));
        } else if self.phase == Phase::Walk && self.last.is_none() && !self.open_tail() {
            self.complete_to = Some(self.horizon);
        }
    }
}

impl Strategy for Windows {
    fn name(&self) -> &'static str {
        "ID windows"
    }

    fn next(&mut self, room: usize, ahead: Ahead) -> Option<(Ticket, Vec<ListCommand>)> {
        if self.phase == Phase::Ends {
            let commands = self.ends.next(room, &self.pages)?;
            let ticket = self.issued.draw();
            self.flights.insert(ticket, Vec::new());
            return Some((ticket, commands));
        }
        // Rows that wait for the bound to be confirmed cannot make room by being handed out.
        let front = if self.confirmed {
            0
        } else {
            let done = |window: &&Window| window.state == State::Done;
            self.open.iter().take_while(done).count()
        };
        let mut asked = Vec::new();
        let mut at = 0;
        while asked.len() < room {
            if at == self.open.len() {
                let open_up = ahead == Ahead::Allowed || at == front;
                if !open_up || at >= MOST_OPEN || !self.cut() {
                    break;
                }
            }
            let Some(window) = self.open.get_mut(at) else {
                break;
            };
            // Under memory pressure only the window in front is read on.
            if window.state == State::Idle && (ahead == Ahead::Allowed || at == front) {
                window.state = State::Flying;
                self.flying += 1;
                asked.push(Asked {
                    cursor: window.cursor,
                    end: window.end,
                });
            }
            at += 1;
        }
        if asked.is_empty() {
            return None;
        }
        if self.phase == Phase::Tail {
            self.tail_requests += 1;
        }
        let commands = asked
            .iter()
            .map(|asked| {
                let up_to = (asked.end < u64::MAX).then_some(asked.end);
                self.pages.after(asked.cursor, up_to)
            })
            .collect();
        let ticket = self.issued.draw();
        self.flights.insert(ticket, asked);
        Some((ticket, commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let asked = self.flights.remove(&ticket).unwrap_or_default();
        self.flying -= asked.len();
        if self.phase == Phase::Ends {
            return self.accept_ends(outcomes);
        }
        let mut then = Then::GoOn;
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            match self.stalls.page(outcome)? {
                Ok((page, _)) => self.accept_page(asked, page)?,
                Err(wait) => {
                    then = wait;
                    if let Some(at) = self.at(asked) {
                        self.open[at].state = State::Idle;
                    }
                }
            }
        }
        Ok(then)
    }

    fn give_back(&mut self, ticket: Ticket) {
        if self.phase == Phase::Ends {
            self.ends.give_back();
        }
        let asked = self.flights.remove(&ticket).unwrap_or_default();
        self.flying -= asked.len();
        for asked in asked {
            if let Some(at) = self.at(asked) {
                self.open[at].state = State::Idle;
            }
        }
    }

    fn pop(&mut self) -> Option<Page> {
        if !self.confirmed {
            return None;
        }
        loop {
            if self.open.is_empty() && !self.cut() {
                self.finish_walk();
            }
            let front = self.open.front_mut()?;
            if let Some(page) = front.pages.pop_front() {
                self.buffered -= page.bytes();
                if let Some(id) = page.ids().next_back().flatten() {
                    self.handed_to = id;
                }
                return Some(page);
            }
            if front.state != State::Done {
                return None;
            }
            self.open.pop_front();
        }
    }

    fn is_done(&self) -> bool {
        self.open.is_empty() && self.complete_to.is_some()
    }

    fn buffered(&self) -> usize {
        self.buffered
    }

    fn is_frugal_alone(&self) -> bool {
        self.phase == Phase::Walk && self.rate() < 1.0
    }

    fn extent(&self) -> Extent {
        Extent::of_ids(self.first, self.handed_to, self.horizon, self.complete_to)
    }

    fn proof(&self) -> Proof {
        Proof::by_id(self.complete_to, self.handed_to, self.pages.bounds.above)
    }

    fn reached(&self) -> Option<u64> {
        Some(self.handed_to)
    }
}
