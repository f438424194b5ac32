//! A stretch of IDs, the rows that were read of it, and what these readings prove.

use std::collections::{BTreeSet, VecDeque};

use brimful_protocol::rows::Page;

use super::blocks::BlockReadings;
use super::pages::Direction;

/// After so many readings that contradict each other a stretch is given up.
const MAX_READINGS: u32 = 9;
/// So often a window is read in a list that is verified, before rows that are counted in it are taken for hidden ones.
const READINGS_TO_VERIFY: u32 = 4;
/// From so many readings on, pages that never agree are taken for pages that had no room for all rows.
const ENDS_DIFFER: u32 = 5;

/// The IDs in `(from, to]`.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The rows that were read, in the order of their IDs.
    pub(crate) pages: VecDeque<Page>,
    pub(crate) state: StretchState,
    /// A request that asks for it is on its way.
    pub(crate) in_flight: bool,
}

#[derive(Debug)]
pub(crate) enum StretchState {
    /// Nothing has been read. `by_windows`: pages are short here, so no page may begin where the one before it ended.
    Unread { by_windows: bool },
    /// Read as one page, until the readings prove something.
    Window(WindowReadings),
    /// More rows than a page holds, read by the places of their pages.
    Block(BlockReadings),
    /// The page has as many rows as it counts, or as many as chance explains; the count of a longer stretch confirms it.
    Counted { counted: u64 },
    /// Every row that the portal shows of it is here.
    Proven { hidden: u64 },
}

/// What the pages of a window have shown so far.
#[derive(Debug, Default)]
pub(crate) struct WindowReadings {
    count: u32,
    /// From which end the last one was.
    last: Option<Direction>,
    /// The rows that the last one from either end showed.
    ascending: Option<Vec<u64>>,
    descending: Option<Vec<u64>>,
    /// How many rows all of them have shown.
    shown: u64,
    /// Rows that were counted with the last one.
    counted: Option<u64>,
    /// The fewest rows that one of the pages left out of those that were counted with it.
    fewest_left_out: Option<u64>,
    /// The last one was not asked for with a count.
    is_page_of_chain: bool,
    /// A check of what the page left out said nothing: the window is read again.
    check_failed: bool,
    cut: WindowCut,
}

/// How a window came to have the IDs that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WindowCut {
    /// It is likely to have the rows of about a page.
    #[default]
    Page,
    /// It is part of a window that had too many rows.
    Part,
    /// It is to have the rows of many pages.
    Wide,
    /// It is unknown whether it has a row, and it may have many.
    Range,
}

/// What a reading of a window comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The page has as many rows as are counted.
    AsCounted(u64),
    /// The readings agree. So many rows are counted and not shown.
    Settled {
        hidden: u64,
    },
    /// A full page: it shows every row up to this ID.
    ProvenUpTo(u64),
    /// A full page from the other end: it shows every row from this ID on.
    ProvenFrom(u64),
    /// There may be more rows than a page holds, and what is shown of them does not meet.
    Split {
        counted: Option<u64>,
    },
    ReadAgain,
    /// The readings keep contradicting each other.
    Unstable,
}

impl Stretch {
    pub(crate) fn new(from: u64, to: u64, state: StretchState) -> Self {
        Self {
            from,
            to,
            pages: VecDeque::new(),
            state,
            in_flight: false,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.pages.iter().map(Page::len).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.pages.iter().map(Page::bytes).sum()
    }

    /// Whether nothing of it has been read.
    pub(crate) fn is_unread(&self) -> bool {
        match &self.state {
            StretchState::Unread { .. } => true,
            StretchState::Window(readings) => readings.is_unread(),
            _ => false,
        }
    }

    pub(crate) fn is_proven(&self) -> bool {
        matches!(self.state, StretchState::Proven { .. })
    }

    pub(crate) fn ids(&self) -> Vec<u64> {
        self.pages.iter().flat_map(Page::ids).flatten().collect()
    }

    /// Adds the rows of another reading that were not there yet.
    pub(crate) fn add(&mut self, page: Page) {
        if self.pages.is_empty() {
            if !page.is_empty() {
                self.pages.push_back(page);
            }
            return;
        }
        let known: BTreeSet<u64> = self.ids().into_iter().collect();
        if page.ids().flatten().all(|id| known.contains(&id)) {
            return;
        }
        let mut rows: Vec<(Option<u64>, String)> = self
            .pages
            .iter()
            .chain([&page])
            .flat_map(Page::iter)
            .map(|row| (row.id, row.json.to_owned()))
            .collect();
        rows.sort_by_key(|(id, _)| *id);
        rows.dedup_by_key(|(id, _)| *id);
        self.pages = VecDeque::from([Page::from_iter(rows)]);
    }

    /// Takes a page of the whole stretch, whose rows ascend, and says what is proven now. `counted` is the number of
    /// rows that the portal counts in the stretch, `full` that of a full page. `may_be_confirmed`: there is a count of
    /// the whole list that shows whether this one is right.
    pub(crate) fn read(
        &mut self,
        page: Page,
        direction: Direction,
        counted: Option<u64>,
        full: usize,
        may_be_confirmed: bool,
    ) -> Verdict {
        let ids: Vec<u64> = page.ids().flatten().collect();
        let shown = ids.len();
        let before: BTreeSet<u64> = self.ids().into_iter().collect();
        let nothing_new = ids.iter().all(|id| before.contains(id));
        let span = self.to - self.from;
        if shown >= full {
            self.pages = VecDeque::from([page]);
            return match direction {
                Direction::Ascending => Verdict::ProvenUpTo(ids[shown - 1]),
                Direction::Descending => Verdict::ProvenFrom(ids[0]),
            };
        }
        self.add(page);
        let all = self.rows() as u64;
        let StretchState::Window(readings) = &mut self.state else {
            return Verdict::ReadAgain;
        };
        // More rows than are counted: rows were deleted meanwhile, or this is no count.
        let counted = counted.filter(|counted| *counted >= all || nothing_new);
        let agrees = readings.add(direction, ids, all, counted);
        // Whether rows may be left out because the page had no more room.
        let cut = counted.map_or(span > full as u64, |counted| counted > full as u64);
        if readings.count == 1 {
            return match counted {
                // A portal that counts to a limit counts no more than a short page shows, and in so wide a range rows between
                // are easily missed.
                Some(counted) if counted == shown as u64 && readings.cut == WindowCut::Range => {
                    Verdict::ReadAgain
                }
                Some(counted) if counted == shown as u64 => Verdict::AsCounted(counted),
                Some(_) if cut => Verdict::Split { counted },
                _ => Verdict::ReadAgain,
            };
        }
        // It is unknown whether rows that came before and not now are among those that are counted.
        if counted == Some(all) && all == shown as u64 && (all > 0 || agrees) {
            return Verdict::Settled { hidden: 0 };
        }
        if counted.is_some() && cut {
            return Verdict::Split { counted };
        }
        if agrees {
            let hidden = counted.map_or(0, |counted| counted.saturating_sub(shown as u64));
            // Empty from both ends: what is counted may lie between rows that are not shown, if the count is too low.
            if hidden > 0 && all == 0 && span > full as u64 {
                return if may_be_confirmed {
                    Verdict::AsCounted(hidden)
                } else {
                    Verdict::Split { counted: None }
                };
            }
            return Verdict::Settled { hidden };
        }
        // The two ends keep showing different rows: there are more than a page holds, whatever is counted.
        match readings.count {
            MAX_READINGS.. => Verdict::Unstable,
            ENDS_DIFFER.. if span > 1 => Verdict::Split { counted: None },
            _ => Verdict::ReadAgain,
        }
    }
}

impl WindowReadings {
    /// One reading, made already.
    pub(crate) fn one(direction: Direction, ids: Vec<u64>) -> Self {
        let mut readings = Self::default();
        let all = ids.len() as u64;
        readings.add(direction, ids, all, None);
        readings.is_page_of_chain = true;
        readings
    }

    /// One reading with its count.
    pub(crate) fn one_counted(direction: Direction, ids: Vec<u64>, counted: u64) -> Self {
        let mut readings = Self::default();
        let all = ids.len() as u64;
        readings.add(direction, ids, all, Some(counted));
        readings
    }

    /// The whole window is to be read again, not only what was left out.
    pub(crate) fn forgo_check(&mut self) {
        self.check_failed = true;
    }

    /// Whether it was read as often as a list that is verified wants it, where rows are counted and not shown.
    pub(crate) fn are_enough_to_verify(&self) -> bool {
        self.count >= READINGS_TO_VERIFY
    }

    /// Whether the only page that came shows rows and leaves some out of those that are counted, although it had room for
    /// `full`: then it does to read what was left out once more.
    pub(crate) fn may_be_checked(&self, full: usize) -> bool {
        let is_short = |counted| self.shown < counted && counted <= full as u64;
        self.is_first()
            && !self.check_failed
            && self.shown > 0
            && self.counted.is_some_and(is_short)
    }

    /// None yet, of a part of a window that had too many rows.
    pub(crate) fn of_part() -> Self {
        Self {
            cut: WindowCut::Part,
            ..Self::default()
        }
    }

    /// None yet, of a window that is made to have the rows of many pages.
    pub(crate) fn wide() -> Self {
        Self {
            cut: WindowCut::Wide,
            ..Self::default()
        }
    }

    /// None yet, of a range in which rows may lie anywhere; the first one is to be from the highest ID on.
    pub(crate) fn of_range() -> Self {
        Self {
            cut: WindowCut::Range,
            ..Self::from_above()
        }
    }

    pub(crate) fn is_wide(&self) -> bool {
        self.cut == WindowCut::Wide
    }

    /// Whether narrower windows are of no use, after one page of too many rows: a few are too many by chance, but not twice.
    pub(crate) fn may_be_block(&self, counted: u64, full: usize) -> bool {
        self.is_first() && (self.cut == WindowCut::Part || counted * 4 > full as u64 * 5)
    }

    /// None yet, and the first one is to be from the highest ID on.
    pub(crate) fn from_above() -> Self {
        Self {
            last: Some(Direction::Ascending),
            ..Self::default()
        }
    }

    /// Rows that were counted with the last reading.
    pub(crate) fn counted(&self) -> Option<u64> {
        self.counted
    }

    /// Whether nothing but one page has been read.
    pub(crate) fn is_first(&self) -> bool {
        self.count == 1
    }

    /// From which end the only page came that has been read, if it showed nothing and nothing was counted with it.
    pub(super) fn read_once_as_empty(&self) -> Option<Direction> {
        let is_empty = self.is_first() && self.shown == 0 && self.counted == Some(0);
        self.last.filter(|_| is_empty)
    }

    /// Whether nothing has been read yet.
    pub(crate) fn is_unread(&self) -> bool {
        self.count == 0
    }

    /// From which end to read next: from the other one.
    pub(crate) fn next_direction(&self) -> Direction {
        self.last.map_or(Direction::Ascending, Direction::other)
    }

    /// Takes a reading, and says whether it bears out those before it: it shows every row that one of them has shown and
    /// no other, and so did the last one from the other end. `all` is how many rows have been shown by now, with this
    /// reading.
    ///
    /// Some of them may have been deleted meanwhile. Then the page leaves out no more of the rows that are counted than
    /// one of the others has; where nothing is counted, it is the same as the last one from the other end.
    fn add(&mut self, direction: Direction, ids: Vec<u64>, all: u64, counted: Option<u64>) -> bool {
        let shown = ids.len() as u64;
        let left_out = counted.map(|counted| counted.saturating_sub(shown));
        let (same, other) = match direction {
            Direction::Ascending => (&mut self.ascending, &self.descending),
            Direction::Descending => (&mut self.descending, &self.ascending),
        };
        let is_bounded = match (left_out, self.fewest_left_out) {
            (Some(left_out), Some(fewest)) => left_out <= fewest,
            (None, _) => other.as_ref() == Some(&ids),
            (Some(_), None) => false,
        };
        // Nothing shown is a weak claim: the count has to be the one before it, and without a count it takes three readings, or one
        // beside the page of a chain. A chain has no upper bound, so where rows come after the window, its empty page says
        // that some are hidden and not that there are none.
        let is_nothing_again = match counted {
            Some(0) => self.counted == counted,
            Some(_) => self.counted == counted || self.is_page_of_chain,
            None => self.count >= 2 || self.is_page_of_chain,
        };
        let bears_out = |other: &Vec<u64>| {
            let other: BTreeSet<&u64> = other.iter().collect();
            ids.iter().all(|id| other.contains(id)) && ids.len() * 2 >= other.len()
        };
        let agrees = other.as_ref().is_some_and(bears_out)
            && all == self.shown
            && (shown == all || is_bounded && shown * 2 >= all)
            && (all > 0 || is_nothing_again);
        *same = Some(ids);
        self.count += 1;
        self.last = Some(direction);
        self.counted = counted;
        self.is_page_of_chain = false;
        self.fewest_left_out = match (left_out, self.fewest_left_out) {
            (Some(left_out), Some(fewest)) => Some(left_out.min(fewest)),
            (left_out, fewest) => left_out.or(fewest),
        };
        self.shown = all;
        agrees
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the IDs from 551 to 600 of a list that goes on behind them, one page after the other from the other end each
    /// time; none shows a row.
    fn read_empty(mut stretch: Stretch, counts: &[u64]) -> Vec<Verdict> {
        let read = |counted: &u64| {
            let StretchState::Window(readings) = &stretch.state else {
                panic!("{stretch:?}");
            };
            let direction = readings.next_direction();
            stretch.read(Page::default(), direction, Some(*counted), 50, false)
        };
        counts.iter().map(read).collect()
    }

    #[test]
    fn an_empty_page_of_a_chain_and_another_one_that_counts_nothing_prove_no_range_empty() {
        let stretch = || Stretch::new(550, 600, StretchState::Window(WindowReadings::default()));
        let stretch_of_chain = || Stretch {
            state: StretchState::Window(WindowReadings::one(Direction::Ascending, Vec::new())),
            ..stretch()
        };
        let settled = |hidden| Verdict::Settled { hidden };
        assert_eq!(
            read_empty(stretch_of_chain(), &[0, 0]),
            [Verdict::ReadAgain, settled(0)]
        );
        // Rows that are hidden come in neither page, and are counted.
        assert_eq!(read_empty(stretch_of_chain(), &[50]), [settled(50)]);
        assert_eq!(
            read_empty(stretch(), &[0, 0]),
            [Verdict::AsCounted(0), settled(0)]
        );
    }
}
