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

use brimful_protocol::Reference;
use brimful_protocol::catalogue::Keyset;
use brimful_protocol::rows::{Page, PageOutcome};
use serde_json::{Map, Value, json};

use super::bounds::Bounds;
use super::density::Density;
use super::strategy::{
    Ahead, Extent, ListCommand, MAX_STALLS, Strategy, Stuck, Then, Ticket, label, passing,
};

/// Rows of a full page.
pub(crate) const PAGE: usize = 50;
/// A new lane is worth a request of its own from this many pages on.
const SMALLEST_LANE: f64 = 10.0;
/// Rows of a lane, two full requests: each border between lanes costs about half a page.
const LANE_ROWS: f64 = 5000.0;
/// The tail above the horizon is read by so many requests at most: a portal that inserts faster than we read does not
/// hold us for ever.
const TAIL_REQUESTS: u32 = 20;

/// Whether rows above the highest ID of the start are read at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tail {
    /// They are read too, until a short page: the list is complete as of the end of the walk.
    #[default]
    Sweep,
    /// They are left out: the list is complete as of its start.
    Leave,
}

#[derive(Debug)]
pub(crate) struct Lanes {
    keyset: Keyset,
    /// The parameters of every command: `select` and the caller's own; `filter` without the bounds.
    params: Map<String, Value>,
    bounds: Bounds,
    tail: Tail,
    phase: Phase,
    open: VecDeque<Lane>,
    density: Density,
    flights: HashMap<Ticket, Vec<Segment>>,
    issued: u64,
    /// The spelling of the ID in a row, as the first page shows it.
    row_id: String,
    first: u64,
    horizon: u64,
    /// Everything up to this ID has been handed out.
    handed_to: u64,
    buffered: usize,
    stalls: u32,
    tail_requests: u32,
    complete_to: Option<u64>,
    /// Chains that came back. Lanes are opened no faster than the density becomes known: twice as many as were read.
    chains_read: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Ends,
    Walk,
    Tail,
}

/// The rows with IDs in `(cursor, end]` that are still to be read, behind pages that were read and wait.
#[derive(Debug)]
struct Lane {
    cursor: u64,
    end: u64,
    pages: VecDeque<Page>,
    state: LaneState,
    /// The portal gave a short page in the middle of a lane: its pages may be short for reasons of their own, so only
    /// an empty one ends this lane, and it is read page by page.
    short_pages: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LaneState {
    Idle,
    /// Commands for it are on their way.
    Flying,
    Done,
}

/// The part of a request that reads one lane.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// The lane is known by where it began when it was sent: lanes never overlap, and a lane's cursor does not move
    /// while it flies.
    cursor: u64,
    commands: usize,
}

impl Lane {
    fn new(cursor: u64, end: u64) -> Self {
        let state = if cursor < end {
            LaneState::Idle
        } else {
            LaneState::Done
        };
        Self {
            cursor,
            end,
            pages: VecDeque::new(),
            state,
            short_pages: false,
        }
    }
}

impl Lanes {
    pub(crate) fn new(
        keyset: Keyset,
        params: Map<String, Value>,
        bounds: Bounds,
        tail: Tail,
    ) -> Self {
        Self {
            keyset,
            params,
            bounds,
            tail,
            phase: Phase::Start,
            open: VecDeque::new(),
            density: Density::default(),
            flights: HashMap::new(),
            issued: 0,
            row_id: keyset.row.to_owned(),
            first: bounds.above,
            horizon: bounds.above,
            handed_to: bounds.above,
            buffered: 0,
            stalls: 0,
            tail_requests: 0,
            complete_to: None,
            chains_read: 0,
        }
    }

    /// One page: rows above `above` (a literal or a reference), up to `up_to`.
    fn command(&self, above: Option<Value>, up_to: Option<u64>, direction: &str) -> ListCommand {
        let mut params = self.params.clone();
        let mut filter = match params.remove("filter") {
            Some(Value::Object(filter)) => filter,
            _ => Map::new(),
        };
        if let Some(above) = above {
            filter.insert(format!(">{}", self.keyset.filter), above);
        }
        if let Some(up_to) = up_to {
            filter.insert(format!("<={}", self.keyset.filter), json!(up_to));
        }
        params.insert("order".to_owned(), json!({ self.keyset.filter: direction }));
        if !filter.is_empty() {
            params.insert("filter".to_owned(), Value::Object(filter));
        }
        params.insert("start".to_owned(), json!(-1));
        ListCommand {
            params: Value::Object(params),
        }
    }

    fn above(id: u64) -> Option<Value> {
        (id > 0).then(|| json!(id))
    }

    /// The commands of `segment` of `lane`, the first of which is at `place` in the request.
    fn chain(&self, lane: &Lane, segment: Segment, place: usize, commands: &mut Vec<ListCommand>) {
        let up_to = (lane.end < u64::MAX).then_some(lane.end);
        for i in 0..segment.commands {
            let above = if i == 0 {
                Self::above(lane.cursor)
            } else {
                let page = Reference::result(&label(place + i - 1)).and_then(|page| {
                    match self.keyset.key {
                        Some(key) => page.field(key),
                        None => Ok(page),
                    }
                });
                page.and_then(|page| page.index(PAGE - 1).field(&self.row_id))
                    .ok()
                    .map(Value::from)
            };
            commands.push(self.command(above, up_to, "ASC"));
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.issued += 1;
        Ticket(self.issued)
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
        let mut pages = Vec::with_capacity(2);
        for outcome in outcomes {
            match outcome {
                PageOutcome::Page { page, .. } => pages.push(page),
                PageOutcome::Error(error) => {
                    self.phase = Phase::Start;
                    return self.passing(&error).ok_or(Stuck::Api(error));
                }
                PageOutcome::NotRun => {
                    self.phase = Phase::Start;
                    return self.stall("the portal's reply has no result for a page of the list");
                }
            }
        }
        let [first, mut last]: [Page; 2] = pages.try_into().map_err(|_| {
            Stuck::Misbehaves("the ends of the list did not both arrive".to_owned())
        })?;
        let wrong = |why: &str| Stuck::WrongStrategy(why.to_owned());
        let first_ids = ascending(&first, self.bounds.above).map_err(|why| wrong(&why))?;
        if first.len() > PAGE {
            return Err(wrong("its first page has more than 50 rows"));
        }
        if let Some(row) = first.iter().next()
            && let Some(spelling) = spelling(row.json, self.keyset.row)
        {
            self.row_id = spelling;
        }
        self.phase = Phase::Walk;
        let Some((lowest, first_to)) = first_ids else {
            self.complete_to = Some(self.bounds.up_to.unwrap_or(self.bounds.above));
            return Ok(Then::GoOn);
        };
        self.first = lowest.saturating_sub(1);
        let whole = first.len() < PAGE;
        self.buffered += first.bytes();
        self.density.note(self.first, first_to, first.len());
        let mut front = Lane::new(first_to, first_to);
        front.pages.push_back(first);
        self.open.push_back(front);
        if whole {
            self.horizon = first_to;
            self.complete_to = Some(first_to);
            return Ok(Then::GoOn);
        }
        last.reverse();
        let last_ids = ascending(&last, self.bounds.above)
            .map_err(|_| wrong("it does not sort by ID descending"))?;
        let Some((last_from, horizon)) = last_ids.filter(|(_, horizon)| *horizon >= first_to)
        else {
            return Err(wrong("its last page lies before its first one"));
        };
        self.horizon = horizon;
        if last_from > first_to {
            self.density.note(last_from - 1, horizon, last.len());
            self.open.push_back(Lane::new(first_to, last_from - 1));
        }
        last.retain_ids(|id| id.is_some_and(|id| id > first_to));
        let mut end = Lane::new(horizon, horizon);
        self.buffered += last.bytes();
        end.pages.push_back(last);
        self.open.push_back(end);
        Ok(Then::GoOn)
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
            let mut page = match outcome {
                PageOutcome::Page { page, .. } => page,
                PageOutcome::Error(error) => {
                    self.note(from, at, rows);
                    return self.passing(&error).ok_or(Stuck::Api(error));
                }
                PageOutcome::NotRun => {
                    self.note(from, at, rows);
                    return self.stall("the portal's reply has no result for a page of the list");
                }
            };
            let phase = self.phase;
            let lane = &mut self.open[at];
            let short = page.len() < PAGE;
            let ids = ascending(&page, lane.cursor).map_err(|why| {
                Stuck::Misbehaves(format!("{why}: the method ignores the filter by ID or the order, or serves a page again"))
            })?;
            let cursor = lane.cursor;
            if let Some((_, last)) = ids {
                self.stalls = 0;
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

    fn passing(&mut self, error: &brimful_protocol::ApiError) -> Option<Then> {
        let then = passing(error)?;
        if then == Then::WaitShortly {
            self.stalls += 1;
        }
        (self.stalls < MAX_STALLS).then_some(then)
    }

    fn stall(&mut self, why: &str) -> Result<Then, Stuck> {
        self.stalls += 1;
        if self.stalls < MAX_STALLS {
            Ok(Then::WaitShortly)
        } else {
            Err(Stuck::Misbehaves(why.to_owned()))
        }
    }

    /// All lanes up to the horizon were handed out: what comes next, if anything.
    fn finish_walk(&mut self) {
        match self.phase {
            Phase::Walk if self.complete_to.is_none() => {
                if self.tail == Tail::Sweep && self.bounds.up_to.is_none() {
                    self.phase = Phase::Tail;
                    self.open.push_back(Lane::new(self.horizon, u64::MAX));
                } else {
                    self.complete_to = Some(self.horizon);
                }
            }
            Phase::Tail if self.complete_to.is_none() => {
                self.complete_to = Some(self.handed_to.max(self.horizon));
            }
            _ => {}
        }
    }
}

impl Strategy for Lanes {
    fn name(&self) -> &'static str {
        "ID lanes"
    }

    fn next(&mut self, room: usize, ahead: Ahead) -> Option<(Ticket, Vec<ListCommand>)> {
        match self.phase {
            Phase::Start => {
                self.phase = Phase::Ends;
                let above = Self::above(self.bounds.above);
                let up_to = self.bounds.up_to;
                let commands = vec![
                    self.command(above.clone(), up_to, "ASC"),
                    self.command(above, up_to, "DESC"),
                ];
                let ticket = self.ticket();
                self.flights.insert(ticket, Vec::new());
                return Some((ticket, commands));
            }
            Phase::Ends => return None,
            Phase::Walk | Phase::Tail => {}
        }
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
            if lane.state == LaneState::Idle && (ahead == Ahead::Allowed || at == 0) {
                let segment = Segment {
                    cursor: lane.cursor,
                    commands: self.pages_for(lane, room - commands.len()),
                };
                self.chain(lane, segment, commands.len(), &mut commands);
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
        let ticket = self.ticket();
        self.flights.insert(ticket, segments);
        Some((ticket, commands))
    }

    fn accept(&mut self, ticket: Ticket, outcomes: Vec<PageOutcome>) -> Result<Then, Stuck> {
        let segments = self.flights.remove(&ticket).unwrap_or_default();
        if segments.is_empty() {
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

    fn pop(&mut self) -> Option<Page> {
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
        let span = self.horizon.saturating_sub(self.first);
        let done = match (self.complete_to, span) {
            (Some(_), _) => 1.0,
            (None, 0) => 0.0,
            (None, span) => {
                (self.handed_to.saturating_sub(self.first) as f64 / span as f64).min(1.0)
            }
        };
        Extent {
            done,
            complete_to: self.complete_to,
        }
    }
}

/// The first and last ID of a page whose IDs all lie above `above` and ascend; `None` for an empty page.
fn ascending(page: &Page, above: u64) -> Result<Option<(u64, u64)>, String> {
    let mut first = None;
    let mut last = above;
    for id in page.ids() {
        let Some(id) = id else {
            return Err("a row has no ID".to_owned());
        };
        if id <= last {
            return Err(format!("after ID {last} came ID {id}"));
        }
        first.get_or_insert(id);
        last = id;
    }
    Ok(first.map(|first| (first, last)))
}

/// How a row spells the field `name`: references are case-sensitive, documentation is not.
fn spelling(row: &str, name: &str) -> Option<String> {
    let row: Map<String, Value> = serde_json::from_str(row).ok()?;
    row.keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
}
