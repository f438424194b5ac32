//! Counts of runs of stretches: what was read in several requests is held against the portal's count of all of it.

use std::collections::BTreeSet;
use std::ops::Range;

use brimful_protocol::rows::PageOutcome;

use super::requests::RequestPlan;
use super::stretch::{Stretch, StretchState, WindowReadings};
use super::{Direction, KeysetWalk, RangeDifference, Reading};
use crate::list::strategy::{NextAction, StrategyError};

/// Pages of rows that are counted together to confirm the pages.
const COUNTED_PAGES: u64 = 48;
/// In a verified list longer runs are counted: as many pages as a request has.
const VERIFIED_PAGES: u64 = 50;
/// A count that cannot be right is asked for again so often.
const MAX_BAD_COUNTS: u32 = 3;
/// Differences that a report names.
const MAX_DIFFERENCES: usize = 100;
/// So many counts of runs of stretches may contradict those of their parts, beside two for every one that bears them out.
const MAX_CONTRADICTED: u32 = 40;

/// The count of a run of stretches, beside what was counted in each of them.
struct RunCount {
    /// The sum of what was counted in each.
    sum: u64,
    /// The count of the run, if the portal counts.
    total: Option<u64>,
    /// There are rows that no stretch has shown or counted.
    has_more: bool,
    /// The count can be right: it is not far below the sum.
    is_plausible: bool,
}

impl KeysetWalk {
    /// Plans the count of the run of counted stretches that begins at `at`, if nothing more can join it; says where the
    /// run ends.
    pub(super) fn plan_count(
        &mut self,
        draft: &mut RequestPlan,
        at: usize,
        at_any_length: bool,
    ) -> usize {
        let most = if self.verify && !self.by_windows {
            VERIFIED_PAGES
        } else {
            COUNTED_PAGES
        } * self.full as u64;
        let from = self.stretches[at].from;
        let (mut end, mut sum) = (at, 0);
        let mut next = at;
        while sum < most
            && let Some(stretch) = self.stretches.get(next)
            && let Some(counted) = counted_or_proven(stretch)
        {
            sum += counted;
            next += 1;
            if !stretch.is_proven() {
                end = next;
            }
        }
        if end == at {
            return at + 1;
        }
        // What is read by a chain does not join it.
        let may_grow = self
            .stretches
            .get(next)
            .is_some_and(|next| match &next.state {
                StretchState::Unread { by_windows } => {
                    *by_windows || self.by_windows || self.verify
                }
                _ => true,
            });
        if sum < most && may_grow && !at_any_length {
            return next;
        }
        let end = self.end_that_adds_up(at, end);
        // By itself it would say nothing new; the count of the whole list does.
        if self.repeats_a_count(at..end) && self.whole_count.is_some() && !at_any_length {
            return next;
        }
        let to = self.stretches[end - 1].to;
        for stretch in self.stretches.range_mut(at..end) {
            stretch.in_flight = true;
        }
        draft.push(Reading::Count { from, to });
        end
    }

    /// The end of a run of stretches to be counted. The count of a single one that shows nothing repeats what was counted
    /// before; together with others it shows that it is no upper limit of the portal's.
    fn end_that_adds_up(&self, start: usize, end: usize) -> usize {
        let is_empty = end == start + 1 && self.stretches[start].rows() == 0;
        if !is_empty && !self.repeats_a_count(start..end) {
            return end;
        }
        let known = |next: &Stretch| counted_or_proven(next).filter(|_| next.is_proven());
        let mut next = self.stretches.range(end..).map(known);
        let empty = next
            .clone()
            .take_while(|counted| *counted == Some(0))
            .count();
        match next.nth(empty).flatten() {
            Some(_) => end + empty + 1,
            None => end,
        }
    }

    /// Whether the rows of a run of stretches are all in one of them, which shows none: its count is that one's again.
    fn repeats_a_count(&self, run: Range<usize>) -> bool {
        let is_counted = |stretch: &&Stretch| counted_or_proven(stretch) > Some(0);
        let mut counted = self.stretches.range(run).filter(is_counted);
        counted.next().is_some_and(|one| one.rows() == 0) && counted.next().is_none()
    }

    /// Plans the counts of what is read, if nothing more can join it: together with windows that are read again in this
    /// request.
    pub(super) fn plan_last_counts(&mut self, draft: &mut RequestPlan, room: usize) {
        let is_last = self.stretches.iter().all(|stretch| match &stretch.state {
            StretchState::Unread { .. } => false,
            StretchState::Window(readings) => readings.counted().is_some(),
            StretchState::Block(_) => stretch.in_flight,
            StretchState::Counted { .. } | StretchState::Proven { .. } => true,
        });
        // A reading in another request could end after the count that it is part of.
        // The count of the whole list spares them.
        if !is_last || !self.requests.is_empty() || self.whole_count.is_some() {
            return;
        }
        let most = COUNTED_PAGES * self.full as u64;
        let mut at = 0;
        while at < self.stretches.len() && draft.len < room {
            let is_open = |stretch: &Stretch| {
                matches!(stretch.state, StretchState::Counted { .. }) && !stretch.in_flight
            };
            let Some(start) = (at..self.stretches.len()).find(|at| is_open(&self.stretches[*at]))
            else {
                break;
            };
            let (mut end, mut sum) = (start, 0);
            for (at, stretch) in self.stretches.iter().enumerate().skip(start) {
                let is_counted = matches!(stretch.state, StretchState::Counted { .. });
                if sum >= most || (is_counted && stretch.in_flight) {
                    break;
                }
                sum += counted_so_far(stretch).unwrap_or(0);
                if is_counted {
                    end = at + 1;
                }
            }
            let end = self.end_that_adds_up(start, end);
            let from = self.stretches[start].from;
            let to = self.stretches[end - 1].to;
            for stretch in self.stretches.range_mut(start..end) {
                stretch.in_flight = true;
            }
            draft.push(Reading::Count { from, to });
            at = end;
        }
    }

    /// The count of a run of stretches has come.
    pub(super) fn accept_count(
        &mut self,
        from: u64,
        to: u64,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        self.release(Reading::Count { from, to });
        let (mut page, meta) = match self.page_of(outcome)? {
            Ok(read) => read,
            Err(wait) => return Ok(wait),
        };
        page.reverse();
        self.ids_of(&page, from, to)?;
        let run = self.run(from, to);
        // Counts that were believed when they came have turned out to be none: pages alone prove rows now.
        if !self.counts.believed && !self.verify {
            for at in run {
                let stretch = &mut self.stretches[at];
                if matches!(stretch.state, StretchState::Counted { .. }) {
                    let readings = WindowReadings::one(Direction::Ascending, stretch.ids());
                    stretch.state = StretchState::Window(readings);
                }
            }
            return Ok(NextAction::GoOn);
        }
        let sum: u64 = self
            .stretches
            .range(run.clone())
            .filter_map(counted_so_far)
            .sum();
        let counted = meta.total.filter(|total| *total >= page.len() as u64);
        let known: BTreeSet<u64> = self.known_ids(from, to).into_iter().collect();
        let shows_others = page.ids().flatten().any(|id| !known.contains(&id));
        // Fewer rows than before: some were deleted meanwhile. Far fewer, or no count, ought not to be.
        let good = counted.is_some_and(|counted| counted * 2 >= sum);
        if !good && !shows_others && self.counts.bad < MAX_BAD_COUNTS {
            self.counts.bad += 1;
            return Ok(NextAction::GoOn);
        }
        self.counts.bad = 0;
        if counted.is_none() && self.verify {
            return Err(StrategyError::Misbehaves(
                "the portal does not count the rows of this list, so it cannot be verified"
                    .to_owned(),
            ));
        }
        self.note_range(RangeDifference {
            after: from,
            up_to: to,
            counted,
            came: sum,
        });
        let has_more = shows_others || counted.is_some_and(|counted| counted > sum);
        self.bound_contradictions(has_more)?;
        let count = RunCount {
            sum,
            total: counted,
            has_more,
            is_plausible: good,
        };
        for at in run {
            self.settle_counted(at, &count);
        }
        Ok(NextAction::GoOn)
    }

    /// Notes that a range was counted once more, and the difference if there is one.
    pub(super) fn note_range(&mut self, range: RangeDifference) {
        self.verification.ranges += 1;
        let differs = range.counted != Some(range.came);
        if differs && self.verification.differences.len() < MAX_DIFFERENCES {
            self.verification.differences.push(range);
        }
    }

    /// Decides what the count of a run says of the stretch at `at`, if its rows were counted: it is proven or read again.
    fn settle_counted(&mut self, at: usize, run: &RunCount) {
        let stretch = &mut self.stretches[at];
        let StretchState::Counted { counted } = stretch.state else {
            return;
        };
        let rows = stretch.rows();
        let is_additive = run.total == Some(run.sum) && counted < run.sum;
        let is_wide = stretch.to - stretch.from > self.full as u64;
        if rows == 0 && counted > 0 && is_wide && !is_additive {
            // The count may be too low, so it is looked for what lies between rows that are not shown.
            self.whole_count = None;
            self.counts.add_up = false;
            stretch.state = StretchState::Window(WindowReadings::default());
        } else if !run.has_more && (run.is_plausible || rows >= self.full) {
            stretch.state = StretchState::Proven {
                hidden: counted.saturating_sub(rows as u64),
            };
        } else if rows >= self.full {
            // A chain read it. By windows it is read again.
            self.buffered -= stretch.bytes();
            stretch.pages.clear();
            stretch.state = StretchState::Unread { by_windows: true };
        } else {
            let readings = WindowReadings::one(Direction::Ascending, stretch.ids());
            stretch.state = StretchState::Window(readings);
        }
    }

    /// Nothing is asked for without end: where counts change at random, those of a run and of its parts never agree.
    fn bound_contradictions(&mut self, contradicts: bool) -> Result<(), StrategyError> {
        let counts = &mut self.counts;
        if !contradicts {
            counts.confirmed_runs += 1;
            return Ok(());
        }
        counts.contradicted_runs += 1;
        if counts.contradicted_runs <= MAX_CONTRADICTED + 2 * counts.confirmed_runs {
            return Ok(());
        }
        Err(StrategyError::Misbehaves(
            "the portal keeps counting more rows than it counts in the parts of the same range"
                .to_owned(),
        ))
    }
}

/// Rows that are counted in a stretch, if it need not be read any more.
pub(super) fn counted_or_proven(stretch: &Stretch) -> Option<u64> {
    match stretch.state {
        StretchState::Counted { counted } if !stretch.in_flight => Some(counted),
        StretchState::Proven { hidden } => Some(stretch.rows() as u64 + hidden),
        _ => None,
    }
}

/// The same, and the rows that were counted in a window with its last reading.
fn counted_so_far(stretch: &Stretch) -> Option<u64> {
    match &stretch.state {
        StretchState::Counted { counted } => Some(*counted),
        StretchState::Window(readings) => readings.counted(),
        StretchState::Block(block) => Some(block.counted()),
        _ => counted_or_proven(stretch),
    }
}
