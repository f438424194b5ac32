//! ID lanes: a list walked in ID order by chains of pages, several stretches at once, each row asked for once.
//!
//! The list's span of IDs is cut into lanes `(cursor, end]`. A lane is read by a chain of commands in one batch: the
//! first page starts at the lane's cursor, each further one at the last ID of the page before it, by reference. The
//! rule of the short page: in a chain, the first page with fewer than 50 rows ends the lane, and whatever later
//! commands of the chain returned is dropped unseen (a reference into a short page dangles, and legacy lists then
//! serve page 1 again). Rows leave in ID order; every existing row lies in exactly one lane, and within a lane each
//! page starts at the last ID that really came, so a row that exists throughout is returned exactly once.
//!
//! One lane in flight costs nothing over a serial walk: the open lane at the front is simply continued. More lanes are
//! split off ahead of it only while more requests are wanted in flight, at the place that the density of IDs foretells,
//! rather too far than too near; what lies between is read by the front lane afterwards.

use std::collections::{HashMap, VecDeque};

use brimful_protocol::rows::{Page, PageOutcome};

use super::density::Density;
use super::ends::{Ends, ascending, spelling};
use super::keyset::KeysetPages;
use super::lane::{Lane, LaneState, Segment};
use super::report::Proof;
use super::strategy::{Ahead, Extent, ListCommand, Stalls, Strategy, Stuck, Then, Ticket};
use super::tail::{TAIL_REQUESTS, Tail};

/// Rows of a full page.
pub(crate) const PAGE: usize = 50;
/// A new lane is worth a request of its own from this many pages on.
const SMALLEST_LANE: f64 = 10.0;
/// Rows of a lane, two full requests: each border between lanes costs about half a page.
const LANE_ROWS: f64 = 5000.0;
/// How many lanes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// As many as are wanted in flight.
    Many,
    /// One: each request begins where the one before it ended.
    One,
}

#[derive(Debug)]
pub(crate) struct Lanes {
    pages: KeysetPages,
    width: Width,
    tail: Tail,
    phase: Phase,
    ends: Ends,
    open: VecDeque<Lane>,
    density: Density,
    flights: HashMap<Ticket, Vec<Segment>>,
    issued: Ticket,
    /// The spelling of the ID in a row, as the first page shows it.
    row_id: String,
    first: u64,
    horizon: u64,
    /// Everything up to this ID has been handed out.
    handed_to: u64,
    buffered: usize,
    stalls: Stalls,
    tail_requests: u32,
    complete_to: Option<u64>,
    /// A page above a lower bound has come and lay above it. Until then nothing is handed out: a method that ignores
    /// the bound can still be walked in another way.
    confirmed: bool,
    /// Pages of this list are short for reasons of their own: [`Lane::short_pages`] from the start.
    short_pages: bool,
    /// Chains that came back. Lanes are opened no faster than the density becomes known: twice as many as were read.
    chains_read: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ends,
    Walk,
    Tail,
}

impl Lanes {
    pub(crate) fn new(pages: KeysetPages, width: Width, tail: Tail) -> Self {
        let above = pages.bounds.above;
        Self {
            row_id: pages.keyset.row.to_owned(),
            pages,
            width,
            tail,
            phase: Phase::Ends,
            ends: Ends::default(),
            open: VecDeque::new(),
            density: Density::default(),
            flights: HashMap::new(),
            issued: Ticket::default(),
            first: above,
            horizon: above,
            handed_to: above,
            buffered: 0,
            stalls: Stalls::default(),
            tail_requests: 0,
            complete_to: None,
            confirmed: false,
            short_pages: false,
            chains_read: 0,
        }
    }

    /// How many commands to give a lane of which `room` are left.
    fn pages_for(&self, lane: &Lane, room: usize) -> usize {
        if lane.short_pages {
            return 1;
        }
        if self.phase == Phase::Tail {
            // Usually nothing is there: the first look is one page, and only what is full is followed up.
            return if self.tail_requests == 0 { 1 } else { room };
        }
        // There cannot be more rows than IDs.
        let most = (lane.end - lane.cursor).div_ceil(PAGE as u64);
        let forecast = self.density.forecast(lane.cursor, lane.end);
        // A command too many is lost, one too few is made up for in a later request: that costs nothing while there
        // are other lanes to fill it, but a request of its own at the end.
        let alone = self
            .open
            .iter()
            .filter(|lane| lane.state != LaneState::Done)
            .count()
            == 1;
        let doubt = forecast.sigma + 0.03 * forecast.rows * (1.0 - forecast.rate);
        let rows = if alone {
            forecast.rows + 0.25 * doubt
        } else {
            forecast.rows - doubt
        };
        let pages = (rows / PAGE as f64).ceil();
        (pages as u64).clamp(1, most.max(1)).min(room as u64) as usize
    }

    /// Cuts the part behind what is in flight off the last lane, as a lane of its own, and says where it is. `room` is
    /// how many commands the request has left for it.
    fn split(&mut self, room: usize) -> Option<usize> {
        if self.width == Width::One {
            return None;
        }
        let flying = self
            .open
            .iter()
            .filter(|lane| lane.state == LaneState::Flying)
            .count();
        let last = self
            .open
            .iter()
            .rposition(|lane| lane.state != LaneState::Done)?;
        let lane = &mut self.open[last];
        if lane.state != LaneState::Flying
            || lane.short_pages
            || self.phase != Phase::Walk
            || flying > 2 * self.chains_read
        {
            return None;
        }
        let from = self.density.reach(lane.cursor, LANE_ROWS);
        let worth = SMALLEST_LANE.min(room as f64) * PAGE as f64;
        if from >= lane.end || self.density.forecast(from, lane.end).rows < worth {
            return None;
        }
        let ahead = Lane::new(from, lane.end);
        lane.end = from;
        self.open.insert(last + 1, ahead);
        Some(last + 1)
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
        if let Some(row) = shown.first.iter().next()
            && let Some(spelling) = spelling(row.json, self.pages.keyset.row)
        {
            self.row_id = spelling;
        }
        self.first = lowest.saturating_sub(1);
        self.short_pages = shown.ragged;
        self.horizon = shown.horizon;
        self.density.note(self.first, first_to, shown.first.len());
        let whole = shown.horizon == first_to && shown.first.len() < PAGE;
        self.push_read(first_to, shown.first);
        if whole {
            self.complete_to = Some(first_to);
            self.confirmed = true;
            return Ok(Then::GoOn);
        }
        if let Some((from, to)) = gap {
            self.density.note(to, shown.horizon, shown.last.len());
            let mut middle = Lane::new(from, to);
            middle.short_pages = self.short_pages;
            self.open.push_back(middle);
        }
        self.push_read(shown.horizon, shown.last);
        if gap.is_none_or(|(from, to)| from >= to) {
            // Nothing lies between: the tail is what tells whether the bound holds.
            self.confirmed = !self.open_tail();
        }
        Ok(Then::GoOn)
    }

    /// A lane that has been read to its end.
    fn push_read(&mut self, to: u64, page: Page) {
        if page.is_empty() {
            return;
        }
        let mut lane = Lane::new(to, to);
        self.buffered += page.bytes();
        lane.pages.push_back(page);
        self.open.push_back(lane);
    }

    /// The lane of `segment` flies no more; where it is.
    fn land(&mut self, segment: Segment) -> Option<usize> {
        let at = self
            .open
            .iter()
            .position(|lane| lane.state == LaneState::Flying && lane.cursor == segment.cursor)?;
        self.open[at].state = LaneState::Idle;
        Some(at)
    }

    fn accept_segment(
        &mut self,
        segment: Segment,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<Then, Stuck> {
        let at = self
            .land(segment)
            .ok_or_else(|| Stuck::Misbehaves("a reply belongs to no lane".to_owned()))?;
        let from = self.open[at].cursor;
        let mut rows = 0;
        for outcome in &mut *outcomes {
            let mut page = match self.stalls.page(outcome)? {
                Ok((page, _)) => page,
                Err(then) => {
                    self.note(from, at, rows);
                    return Ok(then);
                }
            };
            let phase = self.phase;
            let lane = &mut self.open[at];
            let short = page.len() < PAGE;
            let ids = ascending(&page, lane.cursor).and_then(|ids| match ids {
                Some((_, last)) if last > segment.up_to => Err(format!(
                    "ID {last} came where none above {} was asked for",
                    segment.up_to
                )),
                ids => Ok(ids),
            });
            let ids = ids.map_err(|why| {
                let why = format!("{why}: the method ignores the filter by ID or the order, or serves a page again");
                if self.confirmed {
                    Stuck::Misbehaves(why)
                } else {
                    Stuck::WrongStrategy(why)
                }
            })?;
            self.confirmed = true;
            let cursor = lane.cursor;
            if let Some((_, last)) = ids {
                if last > lane.end {
                    page.retain_ids(|id| id.is_some_and(|id| id <= lane.end));
                }
                rows += page.len();
                lane.cursor = last.min(lane.end);
                self.buffered += page.bytes();
                if !page.is_empty() {
                    lane.pages.push_back(page);
                }
            }
            if lane.cursor >= lane.end {
                lane.state = LaneState::Done;
                break;
            }
            if ids.is_none() || (short && !lane.short_pages) {
                // A page that is short where many more rows were to be expected is not believed: one more page after
                // it says whether this is a gap in the IDs, or pages that are short for reasons of their own.
                let missing = self.density.forecast(lane.cursor.max(cursor), lane.end);
                let early =
                    phase == Phase::Walk && missing.rows > 2.0 * PAGE as f64 + missing.sigma;
                if ids.is_some() && early {
                    lane.short_pages = true;
                } else {
                    lane.state = LaneState::Done;
                }
                break;
            }
            if lane.short_pages {
                // It went on after a short page.
                break;
            }
        }
        self.note(from, at, rows);
        self.chains_read += 1;
        if self.phase == Phase::Tail && self.tail_requests >= TAIL_REQUESTS {
            // Rows keep coming. The list is complete up to what was read, and the report says up to where.
            self.open[at].state = LaneState::Done;
        }
        Ok(Then::GoOn)
    }

    /// Tells the density what was read of the lane at `at`.
    fn note(&mut self, from: u64, at: usize, rows: usize) {
        let lane = &self.open[at];
        let to = if lane.state == LaneState::Done {
            lane.end
        } else {
            lane.cursor
        };
        if to < u64::MAX {
            self.density.note(from, to, rows);
        }
    }

    /// All lanes up to the horizon were handed out: what comes next, if anything.
    fn finish_walk(&mut self) {
        if self.complete_to.is_some() {
            return;
        }
        if self.phase == Phase::Tail {
            self.complete_to = Some(self.handed_to.max(self.horizon));
        } else if self.phase == Phase::Walk && !self.open_tail() {
            self.complete_to = Some(self.horizon);
        }
    }
}

impl Lanes {
    /// Opens the lane above the horizon, if it is wanted.
    fn open_tail(&mut self) -> bool {
        let wanted = self.tail == Tail::Sweep && self.pages.bounds.up_to.is_none();
        if wanted {
            self.phase = Phase::Tail;
            let mut tail = Lane::new(self.horizon, u64::MAX);
            tail.short_pages = self.short_pages;
            self.open.push_back(tail);
        }
        wanted
    }
}

impl Strategy for Lanes {
    fn name(&self) -> &'static str {
        match self.width {
            Width::Many => "ID lanes",
            Width::One => "chain by ID",
        }
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
            let done = |lane: &&Lane| lane.state == LaneState::Done;
            self.open.iter().take_while(done).count()
        };
        let mut commands = Vec::new();
        let mut segments = Vec::new();
        let mut at = 0;
        while commands.len() < room {
            let Some(lane) = self.open.get(at) else {
                // What is left of the request reads further ahead, if there is anything to read there.
                let left = room - commands.len();
                let worthwhile = commands.is_empty() || left as f64 >= SMALLEST_LANE;
                match if ahead == Ahead::Allowed && worthwhile {
                    self.split(left)
                } else {
                    None
                } {
                    Some(new) => at = new,
                    None => break,
                }
                continue;
            };
            // Under memory pressure only the lane in front is read on.
            if lane.state == LaneState::Idle && (ahead == Ahead::Allowed || at == front) {
                let segment = Segment {
                    cursor: lane.cursor,
                    up_to: lane.end,
                    commands: self.pages_for(lane, room - commands.len()),
                };
                let chain = self.pages.chain(segment, &self.row_id, commands.len());
                commands.extend(chain);
                self.open[at].state = LaneState::Flying;
                segments.push(segment);
            }
            at += 1;
        }
        // Requests are dearer than time: what is left of several lanes shares one, as soon as the next reply is in.
        let meagre = commands.len() < room / 2 && !self.flights.is_empty();
        if commands.is_empty() || meagre {
            for segment in segments {
                self.land(segment);
            }
            return None;
        }
        if self.phase == Phase::Tail {
            self.tail_requests += 1;
        }
        let ticket = self.issued.draw();
        self.flights.insert(ticket, segments);
        Some((ticket, commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let segments = self.flights.remove(&ticket).unwrap_or_default();
        if self.phase == Phase::Ends {
            return self.accept_ends(outcomes);
        }
        let mut then = Then::GoOn;
        let mut outcomes = outcomes.into_iter();
        for segment in segments {
            let mut own = outcomes.by_ref().take(segment.commands);
            let next = self.accept_segment(segment, &mut own)?;
            own.for_each(drop);
            if next != Then::GoOn {
                then = next;
            }
        }
        Ok(then)
    }

    fn give_back(&mut self, ticket: Ticket) {
        if self.phase == Phase::Ends {
            self.ends.give_back();
        }
        for segment in self.flights.remove(&ticket).unwrap_or_default() {
            self.land(segment);
        }
    }

    fn pop(&mut self) -> Option<Page> {
        if !self.confirmed {
            return None;
        }
        loop {
            let front = self.open.front_mut()?;
            if let Some(page) = front.pages.pop_front() {
                self.buffered -= page.bytes();
                if let Some(id) = page.ids().next_back().flatten() {
                    self.handed_to = id;
                }
                return Some(page);
            }
            if front.state != LaneState::Done {
                return None;
            }
            self.open.pop_front();
            if self.open.is_empty() {
                self.finish_walk();
            }
        }
    }

    fn is_done(&self) -> bool {
        self.open.is_empty() && self.complete_to.is_some()
    }

    fn buffered(&self) -> usize {
        self.buffered
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
