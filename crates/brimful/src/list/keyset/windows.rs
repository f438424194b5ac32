//! Windows: what a stretch is read by where pages are short for reasons of their own.

use std::collections::VecDeque;

use brimful_protocol::rows::{Page, PageOutcome};

use super::blocks::MOST_PAGES_OF_A_BLOCK;
use super::density::ENOUGH;
use super::requests::DENSE_RATE;
use super::stretch::{Stretch, StretchState, Verdict, WindowReadings};
use super::{Direction, KeysetWalk, NO_END, RangeDifference};
use crate::list::strategy::{NextAction, StrategyError};

/// So many full pages behind the last ID that is known end the list: it may grow faster than it is read.
const MAX_ENDLESS: u32 = 100;
/// After so many pages of windows in a row that are counted and show nothing, the windows are as wide as so many pages.
const FRUITLESS: u64 = 16;
const PAGES_OF_A_BLOCK: u64 = 20;
/// So many of these are read at once.
const OPEN_BLOCKS: usize = 4;
/// So many pages of rows and fewer are read by narrower windows.
const FEW_WINDOWS_LEFT: usize = 30;
/// More windows for each page of what is left are not cut without looking where its rows lie.
const MOST_WINDOWS_OF_A_PAGE: u64 = 4;
/// A stretch is cut into so many windows at once at the most.
const MAX_PIECES: u64 = 32;
/// Where it is unknown where the rows of a stretch lie, all stretches together are cut into so many windows: they fill
/// a request from both ends. Each of them is cut into so many at the least.
const PIECES_OF_A_REQUEST: u64 = 24;
const FEWEST_PIECES: u64 = 3;
/// That is so from so many IDs for each row on.
const SPARSE: u64 = 64;
/// A stretch without an end is cut where its rows are foretold to end, if that is not more than such a part of it.
const FAR_WITHOUT_END: u64 = 64;
/// Where it is unknown how far IDs go, each range is so many times as wide as the one before it.
pub(super) const RANGE_GROWTH: u64 = 16;
/// After so many counts that are lower than what the page shows, the portal does not count.
const MAX_LOW_COUNTS: u32 = 2;
/// So many windows with rows may lie above the highest ID that was foretold, beside four for every page of rows that were
/// counted at the start.
const MAX_BEYOND: u64 = 200;
/// So many windows in a row may be counted and show nothing, beside one for every 20 rows that are counted in them: a block
/// of hidden rows has about a page of them in a window. Windows between them in which none is counted say nothing.
const MAX_FRUITLESS: u64 = 500;
/// The windows for counted rows go no further than two for each row of the list, as it was counted at the start, or than
/// this where it was not.
const MOST_FRUITLESS_OF_A_ROW: u64 = 2;
const MOST_FRUITLESS: u64 = 100_000;

/// What the windows of a list have been like.
#[derive(Debug, Default)]
pub(super) struct Tally {
    read: u64,
    /// Windows in a row that came without a row.
    barren: u32,
    /// Windows in a row that are counted and show nothing, and the sum of their counts.
    fruitless: u64,
    fruitless_counted: u64,
    /// Windows that were read from both ends at once to know whether hidden rows are counted.
    pub(super) probes: u32,
    /// Windows with rows above the highest ID that was foretold, where none was shown at the start.
    beyond: u64,
}

impl Tally {
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// IDs to skip further where several windows in a row were empty.
    pub(super) fn barren_stretch(&self, full: usize) -> u64 {
        match self.barren {
            0 => 0,
            barren => (full as u64) << barren.min(40),
        }
    }

    /// Nothing is asked for without end: where a portal counts a row wherever it is asked, none is ever found.
    fn check_bounds(
        &mut self,
        shown: usize,
        counted: Option<u64>,
        whole_count: Option<u64>,
    ) -> Result<(), StrategyError> {
        if shown > 0 {
            (self.fruitless, self.fruitless_counted) = (0, 0);
        }
        let counted = counted.unwrap_or(0);
        if shown > 0 || counted == 0 {
            return Ok(());
        }
        self.fruitless += 1;
        self.fruitless_counted = self.fruitless_counted.saturating_add(counted);
        // Where each range counts all rows, the sum of the counts says nothing.
        let most = whole_count.map_or(MOST_FRUITLESS, |whole| {
            whole.saturating_mul(MOST_FRUITLESS_OF_A_ROW)
        });
        let for_counted = (self.fruitless_counted / 20).min(most);
        if self.fruitless <= MAX_FRUITLESS + for_counted {
            return Ok(());
        }
        Err(StrategyError::Misbehaves(format!(
            "in {} ranges of IDs one after the other the portal counts rows and shows none",
            self.fruitless
        )))
    }
}

impl KeysetWalk {
    /// Cuts a window off the front of the stretch at `at`; says whether there is one to be read now.
    pub(super) fn cut_window(&mut self, at: usize) -> bool {
        let (from, to) = (self.stretches[at].from, self.stretches[at].to);
        // One window that overflows costs a short list another request, and a long one a command.
        let few = (FEW_WINDOWS_LEFT * self.full) as f64;
        let sigmas = if self.density.forecast(from, to).rows <= few {
            2.7
        } else {
            1.8
        };
        let mut width = width(&self.density, &self.windows, self.full, from, sigmas);
        // Among rows that are not shown, pages of a block hold more of them than windows do.
        let mut readings = WindowReadings::default();
        if !self.density.has_no_gaps
            && self.windows.fruitless >= FRUITLESS
            && self.may_be_block(PAGES_OF_A_BLOCK * self.full as u64)
        {
            // Behind a few of them rows may be shown again, and are read faster without.
            let is_wide = |stretch: &&Stretch| match &stretch.state {
                StretchState::Window(readings) => readings.is_wide(),
                StretchState::Block(_) => true,
                _ => false,
            };
            if self.stretches.iter().filter(is_wide).count() >= OPEN_BLOCKS {
                return false;
            }
            width = width.saturating_mul(PAGES_OF_A_BLOCK);
            readings = WindowReadings::wide();
        }
        let end = from.saturating_add(width).min(to);
        let window = Stretch::new(from, end, StretchState::Window(readings));
        if end == to {
            self.stretches[at] = window;
        } else {
            self.stretches[at].from = end;
            self.stretches.insert(at, window);
        }
        true
    }

    pub(super) fn accept_window(
        &mut self,
        from: u64,
        direction: Direction,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let at = self.landed(from)?;
        let to = self.stretches[at].to;
        let (mut page, meta) = match self.page_of(outcome)? {
            Ok(read) => read,
            Err(wait) => return Ok(wait),
        };
        if direction == Direction::Descending {
            page.reverse();
        }
        self.ids_of(&page, from, to)?;
        self.learn_page_size(meta.next);
        let shown = page.len();
        // A count below what is shown is no count, and after several of them none is believed.
        self.counts.too_low += u32::from(meta.total.is_some_and(|total| total < shown as u64));
        self.counts.believed &= self.counts.too_low < MAX_LOW_COUNTS;
        let counted = meta
            .total
            .filter(|total| self.counts.believed && *total >= shown as u64);
        self.windows.read += 1;
        let whole_count = self.start_count.max(self.whole_count);
        self.windows.check_bounds(shown, counted, whole_count)?;
        self.bound_growth(from, shown)?;
        // That nothing lies behind the last ID says nothing of the gaps before it.
        if to < NO_END {
            self.windows.barren = if counted.unwrap_or(shown as u64) == 0 {
                self.windows.barren + 1
            } else {
                0
            };
        }
        let full = self.full;
        let stretch = &mut self.stretches[at];
        self.buffered -= stretch.bytes();
        let mut verdict = stretch.read(page, direction, counted, full, self.counts.add_up);
        self.buffered += stretch.bytes();
        // Of rows that were deleted meanwhile as many may be counted less as this page left out.
        if verdict == Verdict::AsCounted(0) {
            verdict = Verdict::ReadAgain;
        }
        let missing = counted.map(|counted| counted - shown as u64);
        match verdict {
            Verdict::ProvenUpTo(last) => self.density.note(from, last, shown),
            Verdict::ProvenFrom(low) if to < NO_END => self.density.note(low - 1, to, shown),
            Verdict::AsCounted(_) | Verdict::ReadAgain | Verdict::Split { .. } if to < NO_END => {
                let rows = counted.unwrap_or(shown as u64) as usize;
                self.density.note(from, to, rows);
            }
            _ => {}
        }
        if shown > 0 || counted.is_some_and(|counted| counted > 1) {
            self.given_to = self.given_to.max(from);
        }
        self.settle_window(at, direction, shown, missing, verdict)?;
        Ok(NextAction::GoOn)
    }

    /// Both readings of a window have come in one reply. What it shows less than is counted is for the count of another
    /// request to confirm.
    pub(super) fn accept_both_ends(
        &mut self,
        from: u64,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let (first, second) = (outcomes.next(), outcomes.next());
        let then = self.accept_window(from, Direction::Descending, first)?;
        let at = self.stretches.partition_point(|s| s.from < from);
        let stretch = self.stretches.get_mut(at).filter(|s| s.from == from);
        let Some(stretch) = stretch else {
            return Ok(then);
        };
        if matches!(stretch.state, StretchState::Block(_)) {
            return self.accept_other_end_of_block(at, second);
        }
        if stretch.is_unread() && then == NextAction::GoOn {
            return self.accept_ascending_page_of_rest(at, second);
        }
        // What the second page shows counts even if the first one had as many rows as are counted.
        if let StretchState::Counted { counted } = stretch.state {
            let ids = stretch.ids();
            let readings = WindowReadings::one_counted(Direction::Descending, ids, counted);
            stretch.state = StretchState::Window(readings);
        }
        if !matches!(&stretch.state, StretchState::Window(readings) if readings.is_first()) {
            return Ok(then);
        }
        stretch.in_flight = true;
        let then = self.accept_window(from, Direction::Ascending, second)?;
        if let Some(stretch) = self.stretches.get_mut(at)
            && let StretchState::Proven { hidden } = stretch.state
            && stretch.from == from
            && self.pages.counts()
        {
            let counted = stretch.rows() as u64 + hidden;
            stretch.state = StretchState::Counted { counted };
        }
        Ok(then)
    }

    /// A full page from the other end has come together with one from this end, which proves itself too. The stretch at `at`
    /// is what is left between them.
    fn accept_ascending_page_of_rest(
        &mut self,
        at: usize,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let mut page = match self.page_of(outcome)? {
            Ok((page, _)) => page,
            Err(wait) => return Ok(wait),
        };
        let (from, to) = (self.stretches[at].from, self.stretches[at].to);
        let Some((_, last)) = self.ids_of(&page, from, NO_END)? else {
            return Ok(NextAction::GoOn);
        };
        if page.len() < self.full {
            return Ok(NextAction::GoOn);
        }
        let upper = last.min(to);
        page.retain_ids(|id| id.is_some_and(|id| id <= upper));
        self.density.note(from, upper, page.len());
        self.stretches[at].from = upper;
        for split in self.splits.iter_mut().filter(|split| split.from == from) {
            split.from = upper;
        }
        let proven = self.proven(from, upper, VecDeque::from([page]));
        if let Some(proven) = proven {
            self.stretches.insert(at, proven);
        }
        self.stretches.retain(|stretch| stretch.from < stretch.to);
        Ok(NextAction::GoOn)
    }

    fn settle_window(
        &mut self,
        at: usize,
        direction: Direction,
        shown: usize,
        missing: Option<u64>,
        verdict: Verdict,
    ) -> Result<(), StrategyError> {
        let (from, to) = (self.stretches[at].from, self.stretches[at].to);
        match verdict {
            Verdict::AsCounted(counted) => {
                self.stretches[at].state = StretchState::Counted { counted };
            }
            // A list that is to be verified is read from either end once more where rows are counted and not shown.
            Verdict::Settled { hidden } if hidden > 0 && self.reads_again_to_verify(at) => {}
            Verdict::Settled { hidden } => {
                if self.verify {
                    let shown = self.stretches[at].rows() as u64;
                    self.note_range(RangeDifference {
                        after: from,
                        up_to: to,
                        counted: Some(shown + hidden),
                        came: shown,
                    });
                }
                self.counts.hidden_agreed += u32::from(hidden > 0 && shown > 0);
                self.stretches[at].state = StretchState::Proven { hidden };
            }
            Verdict::ReadAgain => {}
            Verdict::ProvenUpTo(last) => {
                self.endless += u32::from(to == NO_END);
                if self.endless > MAX_ENDLESS {
                    return Err(no_end(u64::from(self.endless)));
                }
                self.keep_proven(at, from, last, to);
                let rest = self.stretches.partition_point(|s| s.from < last);
                if last < to && to - last > 1 {
                    self.read_rest(rest, missing)?;
                }
            }
            Verdict::ProvenFrom(low) => {
                self.keep_proven(at, low - 1, to, to);
                if low - 1 > from + 1 {
                    self.read_rest(at, missing)?;
                }
            }
            Verdict::Split {
                counted: Some(counted),
            } if shown == 0 && self.cut_without_gaps(at, counted) => {}
            Verdict::Split { counted } => {
                let may_be_block = |counted: &u64| match &self.stretches[at].state {
                    StretchState::Window(readings) => {
                        readings.may_be_block(*counted, self.full) && self.may_be_block(*counted)
                    }
                    _ => false,
                };
                match counted.filter(may_be_block) {
                    Some(counted) => self.begin_block(at, counted, direction),
                    None => self.split(at, counted)?,
                }
            }
            Verdict::Unstable => {
                return Err(StrategyError::Misbehaves(format!(
                    "the rows with IDs from {} to {to} are different ones whenever they are read",
                    from + 1
                )));
            }
        }
        Ok(())
    }

    fn reads_again_to_verify(&self, at: usize) -> bool {
        self.verify
            && matches!(&self.stretches[at].state, StretchState::Window(readings) if !readings.are_enough_to_verify())
    }

    /// Of a window, a full page has come. Where more than a page is left, page by page would take for ever.
    fn read_rest(&mut self, at: usize, left: Option<u64>) -> Result<(), StrategyError> {
        let (from, to) = (self.stretches[at].from, self.stretches[at].to);
        let left = left.filter(|left| *left > self.full as u64);
        if let Some(left) = left
            && let Some(low) = self.start_of_last_rows(from, to, left)
        {
            let parts = [
                Stretch::new(from, low, StretchState::Window(WindowReadings::of_range())),
                Stretch::new(low, to, StretchState::Unread { by_windows: true }),
            ];
            self.replace(at, parts);
            return Ok(());
        }
        if let Some(left) = left
            && self.cut_without_gaps(at, left)
        {
            return Ok(());
        }
        let foretold = self.density.forecast(from, to).rows / left.unwrap_or(1) as f64;
        // Windows of about a page do where the IDs are as dense as is known, and where they begin: before the first of them
        // there may be nothing for a long way.
        let windows = (to - from) / width(&self.density, &self.windows, self.full, from, 1.8);
        let are_few = left.is_some_and(|left| {
            windows <= MOST_WINDOWS_OF_A_PAGE * left.div_ceil(self.full as u64)
        });
        if are_few && to < NO_END && (0.5..2.0).contains(&foretold) {
            self.stretches[at].state = StretchState::Unread { by_windows: true };
            return Ok(());
        }
        match left {
            Some(left) if !self.begin_unread_block(at, left) => self.split(at, Some(left)),
            _ => Ok(()),
        }
    }

    /// Cuts the stretch at `at`, of which no row has been shown, into windows of as many IDs as a page has rows, if nearly all
    /// its IDs are in use: then none of them has more rows than a page.
    fn cut_without_gaps(&mut self, at: usize, rows: u64) -> bool {
        let stretch = &self.stretches[at];
        let (from, to) = (stretch.from, stretch.to);
        let (span, full) = (to - from, self.full.max(1) as u64);
        // More rows than IDs are no count of this range.
        let has_no_gaps = rows <= span && rows as f64 >= DENSE_RATE * span as f64;
        let is_wide = span > full && rows <= MOST_PAGES_OF_A_BLOCK * full;
        if !has_no_gaps || !is_wide || !stretch.pages.is_empty() {
            return false;
        }
        let window = |from| {
            let to = to.min(from + full);
            Stretch::new(from, to, StretchState::Window(WindowReadings::of_part()))
        };
        let parts: Vec<Stretch> = (from..to).step_by(full as usize).map(window).collect();
        self.replace(at, parts);
        true
    }

    /// The ID above which the `rows` rows in `(from, to]` lie, if they are as dense as the rows with higher IDs and a long gap
    /// comes before them.
    pub(super) fn start_of_last_rows(&self, from: u64, to: u64, rows: u64) -> Option<u64> {
        let is_behind_a_gap =
            |low: &u64| (from + 1..to).contains(low) && to - low <= (to - from) / 2;
        let low = self.density.reach_down(to, rows as f64);
        low.filter(|_| to < NO_END).filter(is_behind_a_gap)
    }

    /// Of the stretch at `at`, the rows in `(from, to]` prove themselves; the rest of it is to be read.
    fn keep_proven(&mut self, at: usize, from: u64, to: u64, end: u64) {
        let start = self.stretches[at].from;
        let pages = std::mem::take(&mut self.stretches[at].pages);
        self.buffered -= pages.iter().map(Page::bytes).sum::<usize>();
        let mut proven = self.proven(from, to, pages);
        if let Some(proven) = &mut proven {
            proven.state = StretchState::Proven { hidden: 0 };
        }
        let window =
            |from, to| Stretch::new(from, to, StretchState::Window(WindowReadings::default()));
        let parts = [Some(window(start, from)), proven, Some(window(to, end))];
        self.replace(at, parts.into_iter().flatten());
    }

    /// Cuts a stretch that has more rows than a page into narrower windows.
    pub(super) fn split(&mut self, at: usize, counted: Option<u64>) -> Result<(), StrategyError> {
        let (from, to) = (self.stretches[at].from, self.stretches[at].to);
        if to - from < 2 {
            return Err(StrategyError::Misbehaves(format!(
                "{} rows are counted under the ID {to}",
                counted.unwrap_or_default()
            )));
        }
        self.splits.push(Split { from, counted });
        Ok(())
    }

    /// Cuts the stretches that the outcomes of a request have shown to have too many rows.
    pub(super) fn cut_splits(&mut self) {
        let mut splits = std::mem::take(&mut self.splits);
        // Both readings of a window that is read from both ends may have asked for one.
        splits.dedup_by_key(|split| split.from);
        let least = (PIECES_OF_A_REQUEST / splits.len().max(1) as u64).max(FEWEST_PIECES);
        for Split { from, counted } in splits {
            let at = self.stretches.partition_point(|s| s.from < from);
            let Some(stretch) = self.stretches.get(at).filter(|s| s.from == from) else {
                continue;
            };
            let rows = counted.unwrap_or(self.full as u64).max(1);
            let is_sparse = (stretch.to - stretch.from) / rows >= SPARSE;
            self.divide(at, counted, if is_sparse { least } else { 2 });
        }
    }

    /// Makes one window of those side by side that were read once and are empty as far as is known: they are read again
    /// together.
    pub(super) fn unite_empty_windows(&mut self) {
        let read_as_empty = |stretch: &Stretch| match &stretch.state {
            StretchState::Window(readings) if !stretch.in_flight => readings.read_once_as_empty(),
            _ => None,
        };
        let mut united: VecDeque<Stretch> = VecDeque::with_capacity(self.stretches.len());
        for stretch in self.stretches.drain(..) {
            let direction = read_as_empty(&stretch);
            match united.back_mut() {
                Some(before) if direction.is_some() && read_as_empty(before) == direction => {
                    before.to = stretch.to;
                }
                _ => united.push_back(stretch),
            }
        }
        self.stretches = united;
    }

    /// Cuts a stretch of several IDs into `least` windows or more.
    pub(super) fn divide(&mut self, at: usize, counted: Option<u64>, least: u64) {
        let stretch = &mut self.stretches[at];
        let (from, to) = (stretch.from, stretch.to);
        self.buffered -= stretch.bytes();
        let window =
            |from, to| Stretch::new(from, to, StretchState::Window(WindowReadings::of_part()));
        let span = to - from;
        let mut parts = Vec::new();
        // It is unknown how far the IDs go: as far as their density foretells, or else much farther.
        let foretold = self.width_without_end(from, counted);
        let page = (self.full as u64 * 4 / 5).max(1);
        let cut = |end: u64, pieces: u64, piece: u64| {
            from + (u128::from(end - from) * u128::from(piece) / u128::from(pieces)) as u64
        };
        if to == NO_END && foretold < span / FAR_WITHOUT_END {
            let pieces = counted.map_or(1, |counted| counted.div_ceil(page));
            let pieces = pieces.clamp(1, PIECES_OF_A_REQUEST).min(foretold);
            let end = from + foretold;
            let piece = |piece| window(cut(end, pieces, piece), cut(end, pieces, piece + 1));
            parts.extend((0..pieces).map(piece));
            let (mut start, mut width) = (end, foretold.saturating_mul(RANGE_GROWTH));
            while start < to {
                let end = start.saturating_add(width).min(to);
                let range = StretchState::Window(WindowReadings::of_range());
                parts.push(Stretch::new(start, end, range));
                (start, width) = (end, width.saturating_mul(RANGE_GROWTH));
            }
        } else {
            let pieces = counted.map_or(4, |counted| counted.div_ceil(page));
            let pieces = pieces.max(least).min(MAX_PIECES).min(span);
            let piece = |piece| window(cut(to, pieces, piece), cut(to, pieces, piece + 1));
            parts.extend((0..pieces).map(piece));
        }
        self.replace(at, parts);
    }

    /// How many IDs after `from` are likely to have all rows of a stretch without an end.
    fn width_without_end(&self, from: u64, counted: Option<u64>) -> u64 {
        let rate = self
            .density
            .forecast(from, from.saturating_add(1))
            .rate
            .max(1e-19);
        let rows = counted.unwrap_or(self.full as u64) as f64;
        ((1.5 * rows / rate) as u64)
            .saturating_add(self.full as u64)
            .max(1)
    }
}

/// A stretch to be cut into narrower windows, and how many rows are counted in it.
#[derive(Debug)]
pub(super) struct Split {
    from: u64,
    counted: Option<u64>,
}

/// Rows go on above the IDs that were seen. It is unknown whether they were there from the start.
fn no_end(pages: u64) -> StrategyError {
    StrategyError::Misbehaves(format!(
        "its newest rows were not shown at first, and {pages} pages above the last ID that was known have not come to its end: it may grow faster than it is read"
    ))
}

impl KeysetWalk {
    /// A list whose highest ID nobody has seen may grow as fast as it is read.
    fn bound_growth(&mut self, from: u64, shown: usize) -> Result<(), StrategyError> {
        if self.whole_to < NO_END || from < self.horizon || shown == 0 {
            return Ok(());
        }
        self.windows.beyond += 1;
        let counted = self.start_count.unwrap_or(0);
        if self.windows.beyond <= MAX_BEYOND + 4 * counted.div_ceil(self.full as u64) {
            return Ok(());
        }
        Err(no_end(self.windows.beyond))
    }
}

/// How wide a window may be to hold about a page, with room for so many standard deviations.
fn width(density: &super::Density, tally: &Tally, full: usize, from: u64, sigmas: f64) -> u64 {
    let page = full as f64;
    let rate = density
        .forecast(from, from.saturating_add(1))
        .rate
        .clamp(1e-19, 1.0);
    // Room for what chance adds, to the rows themselves and to what is known of them: few windows are to overflow.
    let chance = (page * (1.0 - rate) * (1.0 + page / ENOUGH)).sqrt();
    let rows = (page - sigmas * chance).max(1.0);
    // In a gap nothing is learned of the rows behind it but that they are far.
    let stretched = rows / rate * 2f64.powi(tally.barren.min(64).cast_signed());
    (stretched as u64).max(full as u64)
}
