//! The keyset walker: reads a list in the order of its IDs, each row once, and believes no short page alone.
//!
//! The span of IDs up to the highest one of the start is cut into **stretches**. A stretch is read by a *chain*: pages
//! that each begin at the last ID of the page before them, by reference inside a batch. Pages of a chain have a lower
//! bound and no upper one, so each of them is full as long as there are rows at all, and **a full page proves itself**:
//! it shows every row between its bound and its last ID. A chain has read its stretch when it has passed the end of it.
//! Several stretches are read at once where several requests are wanted in flight; rows leave in the order of their IDs.
//!
//! **A short page is only a claim.** The rights of a user may take rows out of a page after it was cut, and portals
//! answer with an empty page now and then that ought not to be. What a short page covers is read again *by windows*:
//! narrow ranges of IDs with both bounds, each asked for with the portal's count of its rows.
//!
//! - As many rows as are counted: believed once the count of a run of such windows, asked for in another request, is
//!   the sum of theirs.
//! - Fewer rows than are counted: read again from the other end. When two readings agree, the rows that are counted
//!   and not shown are *hidden*; the report has their number.
//! - More rows than a page has room for: cut into narrower windows.
//!
//! Lists whose pages are short all the time are read by windows as a whole. Two strategies of the same list differ in
//! nothing but how stretches are cut: see [`KeysetMode`].
//!
//! Proof: stretches never overlap and leave no gap, rows of a stretch are handed out once and only when it is proven.
//! So a row that is there throughout comes exactly once; one that is deleted meanwhile may or may not; one above the
//! first highest ID comes once or not at all.

mod beginning;
mod blocks;
mod chains;
mod checks;
mod counts;
pub(crate) mod density;
mod ends;
pub(crate) mod pages;
mod requests;
mod stretch;
mod windows;

use std::collections::{HashMap, VecDeque};

use brimful_protocol::ApiError;
use brimful_protocol::rows::{Page, PageOutcome};

use self::checks::Exclusions;
use self::density::Density;
use self::ends::{FirstAndLast, ascending_to};
use self::pages::{Direction, KeysetPages, NO_END, Restart};
use self::requests::RequestPlan;
use self::stretch::{Stretch, StretchState};
use super::report::{KnownHidden, Proof, RangeDifference, Verification};
use super::strategy::{
    Extent, ListCommand, MOST_COMMANDS_OF_A_BEGINNING, NextAction, PageMeta, ReadAhead,
    StallCounter, Strategy, StrategyError, Ticket,
};
use super::walk::Tail;

/// How a list is cut into stretches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeysetMode {
    /// Chains, as many side by side as are wanted in flight.
    Lanes,
    /// One chain: each request begins where the one before it ended.
    Chain,
    /// Windows: no page refers to another.
    Windows,
}

#[derive(Debug)]
pub(crate) struct KeysetWalk {
    pages: KeysetPages,
    way: KeysetMode,
    /// Pages of this list are short for reasons of their own, or the caller wants it: everything is read by windows.
    by_windows: bool,
    /// Every stretch is counted, also those that prove themselves.
    verify: bool,
    first_and_last: Option<FirstAndLast>,
    /// What is still to be read or handed out, in the order of the IDs.
    stretches: VecDeque<Stretch>,
    tail: TailState,
    /// Rows above this ID are the tail's.
    tail_from: u64,
    tail_requests: u32,
    above_horizon: AboveHorizon,
    /// How many rows are counted in the whole list.
    whole_count: Option<u64>,
    /// Up to this ID reaches what the whole count is held against: the horizon, or the end of a list whose highest ID
    /// nobody has seen.
    whole_to: u64,
    /// The list may fit in one more request: then its rest is counted in it. The rest begins after this ID, with so many
    /// rows before it.
    rest: Option<(u64, u64)>,
    density: Density,
    requests: HashMap<Ticket, Vec<Reading>>,
    issued: Ticket,
    /// The spelling of the ID in a row, as the first page shows it.
    row_id: String,
    /// Rows of a full page, as the portal serves it.
    full: usize,
    /// The ID before the lowest one.
    first: u64,
    /// The highest ID of the start: up to here the list is read as it was when the walk began.
    horizon: u64,
    handed_to: u64,
    handed_rows: u64,
    buffered: usize,
    stalls: StallCounter,
    /// A page above a lower bound has come and lay above it. Until then nothing is handed out: a method that ignores
    /// the bound can still be walked in another way.
    confirmed: bool,
    /// Chains that came back. Stretches are opened no faster than the density becomes known: twice as many as were read.
    chains_read: usize,
    /// Chains in a row of which the first page showed nothing.
    chains_without_rows: u32,
    missing_references: MissingReferences,
    restarts: Restarts,
    exclusions: Exclusions,
    /// The portal's error of a command of the request whose outcomes are being taken.
    failed: Option<ApiError>,
    /// Rows that were counted at the start.
    start_count: Option<u64>,
    full_pages: usize,
    short_pages: usize,
    windows: windows::Tally,
    /// Stretches to be cut once all outcomes of a request were taken.
    splits: Vec<windows::Split>,
    verification: Verification,
    /// Of a list of one page that is verified: rows that its first request counted and did not show.
    hidden_at_start: u64,
    /// Those of [`KeysetWalk::hidden`] that are above the highest row shown.
    hidden_above: u64,
    counts: Counts,
    /// No row can come into the list up to this ID: it was given to a row before.
    given_to: u64,
    /// Blocks that moved, or whose pages were not those of their places.
    blocks_given_up: u32,
    /// Windows without an end that were full.
    endless: u32,
    hidden: u64,
}

/// What the portal's counts are worth.
#[derive(Debug)]
struct Counts {
    believed: bool,
    /// No count of a run of stretches has contradicted those of its parts.
    add_up: bool,
    /// Nothing but a count could say that the list is empty, and none came.
    needed_and_missing: bool,
    /// Counts that were lower than what the page showed.
    too_low: u32,
    /// Counts in a row that cannot be right.
    bad: u32,
    /// Counts of runs of stretches that were those of their parts, and others.
    confirmed_runs: u32,
    /// Windows of which two readings agreed that rows are counted and not shown.
    hidden_agreed: u32,
    contradicted_runs: u32,
}

/// Whether the method takes two lower bounds at once, so that pages of chains begin somewhere of use if the page before
/// them is short; see [`Restart`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Restarts {
    /// As far as is known.
    Taken,
    Refused,
}

/// What the method makes of a bound that refers to a row which is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingReferences {
    Unknown,
    /// A page has shown rows all the same.
    PassedOver,
}

/// What is known of the rows above the horizon.
#[derive(Debug, Default)]
struct AboveHorizon {
    last_page: LastPage,
    /// How often nothing was shown there.
    looks: u32,
    /// Rows that were counted there when none was shown, and how many of them are hidden.
    counted: Option<u64>,
    hidden: u64,
    /// Nothing was shown there in a request after the first one.
    shows_nothing: bool,
}

/// What the last page of the list, from the highest ID on, says of the rows above the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum LastPage {
    /// It showed no row.
    #[default]
    Empty,
    /// It showed one row, so it is unknown whether it was sorted.
    OneRow,
    /// It was short: a reading from above that may have left rows out.
    Short,
    /// It was full, or all of the list: no row of the start lies above the horizon.
    Full,
}

impl AboveHorizon {
    /// A page from there has come without a row, and so many are counted.
    fn shows_no_row(&mut self, counted: Option<u64>) {
        self.looks += 1;
        let before = std::mem::replace(&mut self.counted, counted);
        self.hidden = match (before, counted) {
            (Some(before), Some(counted)) => before.min(counted),
            // The last page of the start was a reading from the other end.
            (None, Some(counted)) if self.last_page != LastPage::Empty => counted,
            _ => 0,
        };
    }
}

/// How far the rows above the horizon have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TailState {
    /// They are not wanted, or they were read.
    Done,
    Wanted,
    InFlight,
}

/// The part of a request that reads one stretch. A stretch is known by where it begins: they never overlap, and none
/// moves while a request for it is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Chain {
        from: u64,
        commands: usize,
        restart: Restart,
    },
    Window {
        from: u64,
        direction: Direction,
    },
    /// The next pages of a block.
    Block {
        from: u64,
        pages: usize,
    },
    /// The count of the rows of a run of stretches.
    Count {
        from: u64,
        to: u64,
    },
    /// The rows of a run of windows that are counted and were not shown.
    Check {
        from: u64,
        to: u64,
    },
    /// A window, read from both ends at once.
    BothEnds {
        from: u64,
    },
    /// The last page of the rows after `from`, with their count. `before`: rows up to `from`.
    Rest {
        from: u64,
        before: u64,
    },
    /// The rows above the horizon, counted and from either end or from both.
    AboveHorizon {
        direction: Direction,
        is_from_both_ends: bool,
    },
    /// The rows above those that were read behind the horizon.
    Tail {
        commands: usize,
    },
}

impl Reading {
    fn commands(self) -> usize {
        match self {
            Self::Chain { commands, .. } | Self::Tail { commands } => commands,
            Self::Block { pages, .. } => pages,
            Self::Window { .. } | Self::Count { .. } | Self::Check { .. } | Self::Rest { .. } => 1,
            Self::AboveHorizon {
                is_from_both_ends, ..
            } => 1 + usize::from(is_from_both_ends),
            Self::BothEnds { .. } => 2,
        }
    }
}

impl KeysetWalk {
    pub(crate) fn new(pages: KeysetPages, way: KeysetMode, tail: Tail) -> Self {
        let above = pages.bounds.above;
        let wants_tail = tail == Tail::Sweep && pages.bounds.up_to.is_none();
        let counts = Counts {
            believed: pages.counts(),
            add_up: true,
            needed_and_missing: false,
            too_low: 0,
            bad: 0,
            confirmed_runs: 0,
            hidden_agreed: 0,
            contradicted_runs: 0,
        };
        let exclusions = if pages.takes_exclusions() {
            Exclusions::Taken { failed: 0 }
        } else {
            Exclusions::Refused
        };
        Self {
            row_id: pages.keyset.row.to_owned(),
            full: pages.full,
            pages,
            way,
            by_windows: way == KeysetMode::Windows,
            verify: false,
            first_and_last: Some(FirstAndLast::default()),
            stretches: VecDeque::new(),
            tail: if wants_tail {
                TailState::Wanted
            } else {
                TailState::Done
            },
            tail_from: above,
            tail_requests: 0,
            above_horizon: AboveHorizon::default(),
            whole_count: None,
            whole_to: above,
            rest: None,
            density: Density::default(),
            requests: HashMap::new(),
            issued: Ticket::default(),
            first: above,
            horizon: above,
            handed_to: above,
            handed_rows: 0,
            buffered: 0,
            stalls: StallCounter::default(),
            confirmed: false,
            chains_read: 0,
            chains_without_rows: 0,
            missing_references: MissingReferences::Unknown,
            restarts: Restarts::Taken,
            exclusions,
            failed: None,
            start_count: None,
            full_pages: 0,
            short_pages: 0,
            windows: windows::Tally::default(),
            splits: Vec::new(),
            verification: Verification::default(),
            hidden_at_start: 0,
            hidden_above: 0,
            counts,
            given_to: above,
            blocks_given_up: 0,
            endless: 0,
            hidden: 0,
        }
    }

    /// Has the portal count every stretch before its rows are handed out.
    pub(crate) fn verified(mut self) -> Self {
        self.verify = true;
        self
    }

    fn reach_horizon(&mut self, horizon: u64) {
        self.horizon = horizon;
        self.whole_to = horizon;
        self.tail_from = horizon;
    }

    /// Adds a page that proves itself at the end.
    fn push_proven(&mut self, to: u64, page: Page) {
        let from = self.stretches.back().map_or(self.first, |last| last.to);
        if let Some(stretch) = self.proven(from, to, VecDeque::from([page])) {
            self.stretches.push_back(stretch);
        }
    }

    /// A stretch whose pages prove themselves; `None` where it is empty.
    fn proven(&mut self, from: u64, to: u64, mut pages: VecDeque<Page>) -> Option<Stretch> {
        pages.retain(|page| !page.is_empty());
        if to <= from || (pages.is_empty() && !self.verify) {
            return None;
        }
        let rows: usize = pages.iter().map(Page::len).sum();
        let state = if self.verify {
            StretchState::Counted {
                counted: rows as u64,
            }
        } else {
            StretchState::Proven { hidden: 0 }
        };
        let mut stretch = Stretch::new(from, to, state);
        stretch.pages = pages;
        self.buffered += stretch.bytes();
        Some(stretch)
    }

    /// Where the stretch that begins at `from` is. Its request is no longer in flight.
    fn land(&mut self, from: u64) -> Option<usize> {
        let at = self
            .stretches
            .partition_point(|stretch| stretch.from < from);
        let stretch = self.stretches.get_mut(at)?;
        if stretch.from != from || !stretch.in_flight {
            return None;
        }
        stretch.in_flight = false;
        Some(at)
    }

    fn landed(&mut self, from: u64) -> Result<usize, StrategyError> {
        self.land(from)
            .ok_or_else(|| StrategyError::Misbehaves("a reply belongs to no stretch".to_owned()))
    }

    /// Replaces the stretch at `at` by others.
    fn replace(&mut self, at: usize, others: impl IntoIterator<Item = Stretch>) {
        self.stretches.remove(at);
        for (i, stretch) in others.into_iter().filter(|s| s.from < s.to).enumerate() {
            self.stretches.insert(at + i, stretch);
        }
    }

    /// The IDs of a page, which must lie in `(above, up_to]` and ascend.
    fn ids_of(
        &mut self,
        page: &Page,
        above: u64,
        up_to: u64,
    ) -> Result<Option<(u64, u64)>, StrategyError> {
        let ids = ascending_to(page, above, up_to).map_err(|why| {
            self.misbehaves(format!(
                "{why}: the method ignores the filter by ID or the order, or serves a page again"
            ))
        })?;
        self.confirmed |= above > 0 || up_to < NO_END;
        Ok(ids)
    }

    /// The page of an outcome, or what to do before it is asked for again. A command that failed for good is kept until
    /// the other outcomes of its request were taken.
    fn page_of(
        &mut self,
        outcome: Option<PageOutcome>,
    ) -> Result<Result<(Page, PageMeta), NextAction>, StrategyError> {
        match self.stalls.page(outcome.unwrap_or(PageOutcome::NotRun)) {
            Err(StrategyError::Api(error)) => {
                self.failed.get_or_insert(error);
                Ok(Err(NextAction::GoOn))
            }
            page => page,
        }
    }

    /// The method does not do what a walk by ID needs.
    fn misbehaves(&self, why: String) -> StrategyError {
        if self.confirmed {
            StrategyError::Misbehaves(why)
        } else {
            StrategyError::WrongStrategy(why)
        }
    }

    fn end_of_list(&self) -> u64 {
        self.pages.bounds.up_to.unwrap_or(NO_END)
    }

    fn stretch_from(&self, from: u64) -> Option<&Stretch> {
        let at = self
            .stretches
            .partition_point(|stretch| stretch.from < from);
        self.stretches
            .get(at)
            .filter(|stretch| stretch.from == from)
    }

    /// Takes a reading out of flight, as if it had not been sent.
    fn release(&mut self, reading: Reading) {
        match reading {
            Reading::Chain { from, .. }
            | Reading::Window { from, .. }
            | Reading::Block { from, .. }
            | Reading::BothEnds { from } => {
                self.land(from);
            }
            Reading::Rest { from, before } => {
                self.rest = Some((from, before));
                self.tail = TailState::Wanted;
            }
            Reading::Count { from, to } | Reading::Check { from, to } => {
                for stretch in &mut self.stretches {
                    if stretch.from >= from && stretch.to <= to {
                        stretch.in_flight = false;
                    }
                }
            }
            Reading::AboveHorizon { .. } | Reading::Tail { .. } => self.tail = TailState::Wanted,
        }
    }

    fn is_read(&self) -> bool {
        self.first_and_last.is_none() && self.tail == TailState::Done && self.requests.is_empty()
    }
}

/// From which end the rows above the horizon are read.
fn directions(direction: Direction, is_from_both_ends: bool) -> impl Iterator<Item = Direction> {
    let other = is_from_both_ends.then(|| direction.other());
    std::iter::once(direction).chain(other)
}

/// The first and last ID of a page in the order of its IDs.
fn first_and_last(page: Option<&Page>) -> Option<(u64, u64)> {
    let mut ids = page?.ids().flatten();
    let first = ids.next()?;
    Some((first, ids.next_back().unwrap_or(first)))
}

impl Strategy for KeysetWalk {
    fn name(&self) -> &'static str {
        match self.way {
            KeysetMode::Windows => "ID windows",
            _ if self.by_windows => "ID windows",
            KeysetMode::Lanes => "ID lanes",
            KeysetMode::Chain => "chain by ID",
        }
    }

    fn begin(&mut self, place: usize) -> Option<(Ticket, Vec<ListCommand>)> {
        let ends = self.first_and_last.as_mut()?;
        let commands = ends.next(MOST_COMMANDS_OF_A_BEGINNING, place, &self.pages)?;
        let ticket = self.issued.draw();
        self.requests.insert(ticket, Vec::new());
        Some((ticket, commands))
    }

    fn next(&mut self, room: usize, ahead: ReadAhead) -> Option<(Ticket, Vec<ListCommand>)> {
        if let Some(ends) = &mut self.first_and_last {
            let commands = ends.next(room, 0, &self.pages)?;
            let ticket = self.issued.draw();
            self.requests.insert(ticket, Vec::new());
            return Some((ticket, commands));
        }
        let mut draft = RequestPlan::default();
        self.fill(&mut draft, room, ahead);
        self.fill_with_awaiting_windows(&mut draft, room);
        // A run of windows is counted once it is long; at the end, whatever its length.
        if draft.len == 0 && self.requests.is_empty() {
            let run = self
                .stretches
                .iter()
                .position(|s| matches!(s.state, StretchState::Counted { .. }));
            let mut at = run.unwrap_or(self.stretches.len());
            while at < self.stretches.len() && draft.len < room {
                at = self.plan_count(&mut draft, at, true);
            }
        }
        self.plan_last_checks(&mut draft, room);
        self.plan_whole_count(&mut draft, room);
        self.plan_last_counts(&mut draft, room);
        self.lengthen_chains(&mut draft, room);
        self.fill_tail(&mut draft, room);
        self.read_from_both_ends(&mut draft, room);
        let RequestPlan { readings, len } = draft;
        // Requests are dearer than time: what is left of several stretches shares one, as soon as the next reply is in.
        // Where pages are short, what comes back has to be read again, and shares it too.
        let enough = if self.by_windows && self.way != KeysetMode::Windows {
            room
        } else {
            room / 2
        };
        let meagre = len < enough && !self.requests.is_empty();
        if len == 0 || meagre {
            for reading in readings {
                self.release(reading);
            }
            return None;
        }
        let commands = self.commands(&readings);
        let ticket = self.issued.draw();
        self.requests.insert(ticket, readings);
        Some((ticket, commands))
    }

    fn accept(
        &mut self,
        ticket: Ticket,
        outcomes: Vec<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let readings = self.requests.remove(&ticket).unwrap_or_default();
        if let Some(ends) = self.first_and_last.take() {
            return self.accept_ends(ends, outcomes);
        }
        let mut then = NextAction::GoOn;
        let mut outcomes = outcomes.into_iter();
        for reading in readings {
            let mut own = outcomes.by_ref().take(reading.commands());
            let next = match reading {
                Reading::Chain { from, restart, .. } => {
                    self.accept_chain(from, restart, &mut own)?
                }
                Reading::Window { from, direction } => {
                    self.accept_window(from, direction, own.next())?
                }
                Reading::BothEnds { from } => self.accept_both_ends(from, &mut own)?,
                Reading::Block { from, .. } => self.accept_block(from, &mut own)?,
                Reading::Count { from, to } => self.accept_count(from, to, own.next())?,
                Reading::Check { from, to } => self.accept_check(from, to, own.next())?,
                Reading::Rest { from, before } => self.accept_rest(from, before, own.next())?,
                Reading::AboveHorizon {
                    direction,
                    is_from_both_ends,
                } => {
                    let directions = directions(direction, is_from_both_ends);
                    self.accept_above_horizon(directions, &mut own)?
                }
                Reading::Tail { .. } => self.accept_tail(&mut own)?,
            };
            own.for_each(drop);
            if next != NextAction::GoOn {
                then = next;
            }
        }
        self.cut_splits();
        self.unite_empty_windows();
        self.confirm_by_whole_count();
        self.doubt_newest_end();
        // What the other commands brought is kept, so that it is handed out before the error is.
        match self.failed.take() {
            Some(error) => Err(StrategyError::Api(error)),
            None => Ok(then),
        }
    }

    fn give_back(&mut self, ticket: Ticket) {
        if let Some(ends) = &mut self.first_and_last {
            ends.give_back();
        }
        for reading in self.requests.remove(&ticket).unwrap_or_default() {
            self.release(reading);
        }
    }

    fn pop(&mut self) -> Option<Page> {
        if !self.confirmed {
            return None;
        }
        loop {
            let front = self.stretches.front_mut()?;
            let StretchState::Proven { hidden } = front.state else {
                return None;
            };
            if let Some(page) = front.pages.pop_front() {
                self.buffered -= page.bytes();
                self.handed_rows += page.len() as u64;
                if let Some(id) = page.ids().next_back().flatten() {
                    self.handed_to = id;
                }
                return Some(page);
            }
            self.hidden += hidden;
            self.stretches.pop_front();
        }
    }

    fn is_done(&self) -> bool {
        self.stretches.is_empty() && self.is_read()
    }

    fn buffered(&self) -> usize {
        self.buffered
    }

    fn is_frugal_alone(&self) -> bool {
        let near = self.stretches.front().map_or(self.horizon, |s| s.from);
        !self.is_read() && self.density.forecast(near, near.saturating_add(1)).rate < 1.0
    }

    fn extent(&self) -> Extent {
        let complete_to = self.is_done().then(|| self.tail_from.max(self.handed_to));
        Extent::of_ids(self.first, self.handed_to, self.horizon, complete_to)
    }

    fn proof(&self) -> Proof {
        if self.counts.needed_and_missing {
            return Proof::None;
        }
        let complete_to = self.extent().complete_to;
        Proof::by_id(complete_to, self.handed_to, self.pages.bounds.above)
    }

    fn reached(&self) -> Option<u64> {
        Some(self.handed_to)
    }

    fn hidden(&self) -> u64 {
        self.hidden.max(self.hidden_at_start)
    }

    fn known_hidden(&self) -> Option<KnownHidden> {
        let front = self.stretches.front().filter(|_| self.confirmed)?;
        // Those above the horizon lie above what is confirmed.
        let below = self.hidden.saturating_sub(self.hidden_above);
        Some(KnownHidden::new(front.from, below))
    }

    fn verification(&self) -> Option<&Verification> {
        self.verify.then_some(&self.verification)
    }
}
