//! Checks: what windows leave out of the rows that are counted is read once more, without the rows that they have shown.
//!
//! A window with fewer rows than are counted may have hidden rows, or its page came short. To read all of it again costs
//! as much as the first time. A check asks for the rows of several windows whose IDs are not among those that are known
//! (`filter[!@ID]`), with the count of them. No row and a count: these rows are hidden. A row: it is kept, and its window
//! is read again. A method that does not take such a condition is found out by the rows or the count, and its windows are
//! read again.
//!
//! One of the known rows is asked for too. It shows that the page is an answer and not an empty one for no reason.
//!
//! A check needs a portal that counts the rows which it hides: where it counts what it shows, hidden rows that are not
//! counted may fill the page. So a few windows are read again in full before the first check.

use std::collections::BTreeSet;
use std::ops::Range;

use brimful_protocol::rows::PageOutcome;

use super::requests::RequestPlan;
use super::stretch::{Stretch, StretchState, WindowReadings};
use super::{Direction, KeysetWalk, Reading};
use crate::list::strategy::{NextAction, StrategyError, passing};

/// A check excludes so many pages of known rows at the most: each of their IDs is part of the request.
const MOST_KNOWN_PAGES: usize = 8;
/// So many windows are read again before it is known whether the portal counts the rows that it hides.
const PROBES: usize = 6;
/// So many windows are read from both ends at once for that.
const EARLY_PROBES: u32 = 4;
/// So many of them have to agree that rows are counted and not shown.
const ENOUGH_AGREED: u32 = 2;
/// After so many checks in a row that say nothing, windows are read again instead.
const MAX_FAILED_CHECKS: u32 = 2;

/// Whether the method takes a list of IDs that are not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exclusions {
    /// As far as is known. So many checks in a row have said nothing.
    Taken {
        failed: u32,
    },
    Refused,
}

impl KeysetWalk {
    /// Whether checks may do for this list.
    fn has_checks(&self) -> bool {
        !self.verify && self.counts.believed && matches!(self.exclusions, Exclusions::Taken { .. })
    }

    /// Whether the portal is known to count the rows that it hides: two readings of a window agreed on that, twice, or as
    /// many rows are counted as there are IDs.
    fn counts_hidden_rows(&self) -> bool {
        self.counts.hidden_agreed >= ENOUGH_AGREED || self.density.has_no_gaps
    }

    /// Whether the stretch is a window that waits for the check of what it left out.
    pub(super) fn wants_check(&self, stretch: &Stretch) -> bool {
        self.has_checks() && self.counts_hidden_rows() && may_be_checked(stretch, self.full)
    }

    /// Whether the stretch is a window that may be checked instead of being read again once more is known of the portal,
    /// and enough of them are being read again to know it.
    pub(super) fn awaits_checks(&self, stretch: &Stretch) -> bool {
        if !self.has_checks() || !may_be_checked(stretch, self.full) {
            return false;
        }
        let is_probe = |stretch: &&Stretch| stretch.in_flight && may_be_checked(stretch, self.full);
        self.stretches.iter().any(is_unread)
            && self.stretches.iter().filter(is_probe).count() >= PROBES
    }

    /// Whether to read a new window from both ends at once, so that it is known early whether the portal counts the rows
    /// that it hides.
    pub(super) fn wants_probe(&self) -> bool {
        self.has_checks() && !self.counts_hidden_rows() && self.windows.probes < EARLY_PROBES
    }

    /// Reads windows again that could wait for checks, where the request has room for them.
    pub(super) fn fill_with_awaiting_windows(&mut self, draft: &mut RequestPlan, room: usize) {
        for at in 0..self.stretches.len() {
            if draft.len >= room {
                break;
            }
            let stretch = &self.stretches[at];
            if !stretch.in_flight
                && self.has_checks()
                && may_be_checked(stretch, self.full)
                && !self.counts_hidden_rows()
                && let StretchState::Window(readings) = &stretch.state
            {
                let (from, direction) = (stretch.from, readings.next_direction());
                draft.push(Reading::Window { from, direction });
                self.stretches[at].in_flight = true;
            }
        }
    }

    /// Plans the check of the run of windows that begins at `at`, if nothing more can join it; says where the run ends.
    pub(super) fn plan_check(
        &mut self,
        draft: &mut RequestPlan,
        at: usize,
        at_any_length: bool,
    ) -> usize {
        let (mut known, mut left_out) = (0, 0);
        let (mut next, mut end) = (at, at);
        let mut is_long = false;
        while let Some(stretch) = self.stretches.get(next)
            && let Some(more) =
                left_out_of(stretch, self.full).or_else(|| is_whole(stretch).then_some(0))
        {
            let rows = stretch.rows();
            // The page has room for what was left out and for the row that is known.
            is_long =
                known + rows > MOST_KNOWN_PAGES * self.full || left_out + more >= self.full as u64;
            if is_long && next > at {
                break;
            }
            known += rows;
            left_out += more;
            next += 1;
            if self.wants_check(stretch) {
                end = next;
            }
        }
        if end == at {
            return at + 1;
        }
        let may_grow = self.stretches.get(next).is_some_and(|next| {
            let by_windows = |by_windows| by_windows || self.by_windows;
            match next.state {
                StretchState::Unread { by_windows: own } => by_windows(own),
                StretchState::Window(_) => next.in_flight,
                _ => false,
            }
        });
        if !is_long && may_grow && !at_any_length {
            return next;
        }
        let from = self.stretches[at].from;
        let to = self.stretches[end - 1].to;
        for stretch in self.stretches.range_mut(at..end) {
            stretch.in_flight = true;
        }
        draft.push(Reading::Check { from, to });
        end
    }

    /// Plans the checks of all windows that wait for one, if everything has been read or is on its way.
    pub(super) fn plan_last_checks(&mut self, draft: &mut RequestPlan, room: usize) {
        if !self.requests.is_empty() || self.stretches.iter().any(is_unread) {
            return;
        }
        let mut at = 0;
        while at < self.stretches.len() && draft.len < room {
            let stretch = &self.stretches[at];
            at = if self.wants_check(stretch) && !stretch.in_flight {
                self.plan_check(draft, at, true)
            } else {
                at + 1
            };
        }
    }

    /// The IDs of the rows that are known in `(from, to]`.
    pub(super) fn known_ids(&self, from: u64, to: u64) -> Vec<u64> {
        let run = self.run(from, to);
        self.stretches.range(run).flat_map(Stretch::ids).collect()
    }

    /// The known row of a run that a check asks for, and those that it excludes.
    pub(super) fn control_and_known(&self, from: u64, to: u64) -> (Option<u64>, Vec<u64>) {
        let mut known = self.known_ids(from, to);
        (known.pop(), known)
    }

    /// Where the stretches in `(from, to]` are.
    pub(super) fn run(&self, from: u64, to: u64) -> Range<usize> {
        let start = self.stretches.partition_point(|s| s.from < from);
        let end = self.stretches.partition_point(|s| s.to <= to);
        start..end.max(start)
    }

    pub(super) fn accept_check(
        &mut self,
        from: u64,
        to: u64,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        self.release(Reading::Check { from, to });
        let run = self.run(from, to);
        if let Some(PageOutcome::Error(error)) = &outcome
            && passing(error).is_none()
        {
            // If it isn't the condition that failed, the windows say so.
            self.exclusions = Exclusions::Refused;
            self.read_windows_again(run);
            return Ok(NextAction::GoOn);
        }
        let (mut page, meta) = match self.page_of(outcome)? {
            Ok(read) => read,
            Err(wait) => return Ok(wait),
        };
        self.ids_of(&page, from, to)?;
        let (control, known) = self.control_and_known(from, to);
        let known: BTreeSet<u64> = known.into_iter().collect();
        let left_out: u64 = self
            .stretches
            .range(run.clone())
            .filter_map(|stretch| left_out_of(stretch, self.full))
            .sum();
        let shows_known = page.ids().flatten().any(|id| known.contains(&id));
        let shows_control = page.ids().flatten().any(|id| Some(id) == control);
        page.retain_ids(|id| id != control);
        let counted = meta.total.map(|total| total.saturating_sub(1));
        let is_counted = counted.is_some_and(|counted| {
            (1..=left_out).contains(&counted) && counted >= page.len() as u64
        });
        if shows_known || !shows_control || !is_counted {
            self.exclusions = match self.exclusions {
                Exclusions::Taken { failed } if !shows_known && failed < MAX_FAILED_CHECKS => {
                    Exclusions::Taken { failed: failed + 1 }
                }
                _ => Exclusions::Refused,
            };
            self.read_windows_again(run);
            return Ok(NextAction::GoOn);
        }
        self.exclusions = Exclusions::Taken { failed: 0 };
        for at in run {
            let stretch = &mut self.stretches[at];
            let mut others = page.clone();
            let (from, to) = (stretch.from, stretch.to);
            others.retain_ids(|id| id.is_some_and(|id| from < id && id <= to));
            let Some(hidden) = left_out_of(stretch, self.full) else {
                // A row has come into a stretch of which all was read.
                self.buffered -= stretch.bytes();
                stretch.add(others);
                self.buffered += stretch.bytes();
                continue;
            };
            if others.is_empty() {
                stretch.state = StretchState::Proven { hidden };
                continue;
            }
            self.buffered -= stretch.bytes();
            stretch.add(others);
            self.buffered += stretch.bytes();
            let readings = WindowReadings::one(Direction::Ascending, stretch.ids());
            stretch.state = StretchState::Window(readings);
        }
        Ok(NextAction::GoOn)
    }

    /// The windows of a run that wait for a check are read again in full.
    fn read_windows_again(&mut self, run: Range<usize>) {
        for stretch in self.stretches.range_mut(run) {
            if let StretchState::Window(readings) = &mut stretch.state {
                readings.forgo_check();
            }
        }
    }
}

fn is_unread(stretch: &Stretch) -> bool {
    matches!(stretch.state, StretchState::Unread { .. })
}

fn may_be_checked(stretch: &Stretch, full: usize) -> bool {
    matches!(&stretch.state, StretchState::Window(readings) if readings.may_be_checked(full))
}

/// Whether all that is counted in the stretch has come: it separates no windows whose check can be one.
fn is_whole(stretch: &Stretch) -> bool {
    !stretch.in_flight && matches!(stretch.state, StretchState::Proven { hidden: 0 })
}

/// Rows that are counted and not shown in a window that can be part of a check.
fn left_out_of(stretch: &Stretch, full: usize) -> Option<u64> {
    let counted = match &stretch.state {
        _ if stretch.in_flight => None,
        StretchState::Window(readings) if readings.may_be_checked(full) => readings.counted(),
        StretchState::Counted { counted } => Some(*counted),
        _ => None,
    };
    counted.map(|counted| counted.saturating_sub(stretch.rows() as u64))
}
