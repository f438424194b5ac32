//! Blocks: ranges of IDs with more rows than a page holds of which a page is short, read by the places of their pages.
//!
//! Where rows are not shown, it is unknown where their IDs lie, and narrower windows find many ranges without a row.
//! The places of the pages need no IDs: page 0, 50, 100, … of a range show all of it, as long as nothing moves. Two
//! things make sure of that. The upper end of a block was given to a row before, so no row can come into it, and a row
//! that goes lowers the count that stands beside each page. Where a page counts other than the ones before it, or names
//! another next place than expected, the block is cut into windows instead.
//!
//! A block is read twice, from either end. It is proven if both passes show the same rows.

use std::collections::BTreeSet;

use brimful_protocol::rows::{Page, PageOutcome};

use super::requests::RequestPlan;
use super::stretch::{Stretch, StretchState};
use super::{Direction, KeysetWalk, Reading};
use crate::list::strategy::{NextAction, PageMeta, StrategyError};

/// Pages of a block at the most: places far off are dear for a portal.
pub(super) const MOST_PAGES_OF_A_BLOCK: u64 = 100;
/// The top of a list, into which rows may come, is cut into so many windows at the least: that finds out soon how far its
/// IDs go.
const NARROWEST_TOP: u64 = 24;
/// After so many blocks that moved, or whose pages were not those of their places, a list is read without.
const MAX_GIVEN_UP: u32 = 4;

/// What the pages of a block have shown so far.
#[derive(Debug)]
pub(crate) struct BlockReadings {
    /// Rows that each page counts.
    counted: u64,
    /// From which end the first pass begins.
    first: Direction,
    /// Rows before which the next page of either pass begins.
    places: [u64; 2],
    /// The IDs that either pass has shown.
    shown: [BTreeSet<u64>; 2],
}

impl BlockReadings {
    /// A block of which nothing has been read.
    fn unread(counted: u64) -> Self {
        Self {
            counted,
            first: Direction::Ascending,
            places: [0, 0],
            shown: [BTreeSet::new(), BTreeSet::new()],
        }
    }

    /// A block of which the first page from one end has come.
    fn new(counted: u64, first: Direction, ids: Vec<u64>, full: u64) -> Self {
        Self {
            counted,
            first,
            places: [full, 0],
            shown: [ids.into_iter().collect(), BTreeSet::new()],
        }
    }

    pub(super) fn counted(&self) -> u64 {
        self.counted
    }

    /// Which pass is being read: the second one after the first.
    fn pass(&self) -> usize {
        usize::from(self.places[0] >= self.counted)
    }

    /// The pages that are still to be read: from which end each, and after how many rows it begins.
    pub(super) fn pages_left(&self, full: usize) -> impl Iterator<Item = (Direction, u64)> + use<> {
        let (places, counted) = (self.places, self.counted);
        let directions = [self.first, self.first.other()];
        (0..2).flat_map(move |pass| {
            let pages = (places[pass]..counted).step_by(full.max(1));
            pages.map(move |place| (directions[pass], place))
        })
    }

    /// How many pages are left of the pass that is being read.
    fn pages_of_pass(&self, full: usize) -> usize {
        let left = self.counted.saturating_sub(self.places[self.pass()]);
        left.div_ceil(full.max(1) as u64) as usize
    }

    /// Takes the next page, and says whether it is one that nothing has moved.
    fn take(&mut self, page: &Page, meta: &PageMeta, full: u64) -> bool {
        let pass = self.pass();
        let end = self.places[pass] + full;
        let next = (end < self.counted).then_some(end);
        if meta.total != Some(self.counted) || meta.next != next || page.len() as u64 > full {
            return false;
        }
        self.places[pass] = end;
        let is_known = |id: u64| pass == 0 || self.shown[0].contains(&id);
        let mut ids = page.ids().flatten();
        if !ids.all(is_known) {
            return false;
        }
        let before = self.shown[pass].len();
        self.shown[pass].extend(page.ids().flatten());
        // More rows than are counted: this is no count.
        let shown = self.shown[pass].len();
        shown == before + page.len() && shown as u64 <= self.counted
    }
}

impl KeysetWalk {
    /// Whether a range with so many rows may be read as a block, once it is known that no row can come into it.
    pub(super) fn may_be_block(&self, counted: u64) -> bool {
        let full = self.full as u64;
        self.pages.has_all_rows()
            && self.counts.believed
            && self.counts.add_up
            && self.blocks_given_up < MAX_GIVEN_UP
            && counted > full
            && counted <= MOST_PAGES_OF_A_BLOCK * full
    }

    /// Makes a block of the unread window at `at`, if it may be one.
    pub(super) fn begin_unread_block(&mut self, at: usize, counted: u64) -> bool {
        let may_be = self.may_be_block(counted);
        if may_be {
            self.stretches[at].state = StretchState::Block(BlockReadings::unread(counted));
        }
        may_be
    }

    /// Takes the first page of the second pass, which has come together with that of the first one.
    pub(super) fn accept_other_end_of_block(
        &mut self,
        at: usize,
        outcome: Option<PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let (page, meta) = match self.page_of(outcome)? {
            Ok(read) => read,
            Err(wait) => return Ok(wait),
        };
        let full = self.full as u64;
        if let StretchState::Block(block) = &mut self.stretches[at].state
            && meta.total == Some(block.counted)
            && meta.next == Some(full)
        {
            block.places[1] = full;
            block.shown[1] = page.ids().flatten().collect();
        }
        Ok(NextAction::GoOn)
    }

    /// Makes a block of the window at `at`, of which one page has come from `direction`.
    pub(super) fn begin_block(&mut self, at: usize, counted: u64, direction: Direction) {
        let full = self.full as u64;
        let stretch = &mut self.stretches[at];
        let block = BlockReadings::new(counted, direction, stretch.ids(), full);
        stretch.state = StretchState::Block(block);
    }

    /// Plans the next pages of the block at `at`. One into which rows may come is cut into windows.
    pub(super) fn plan_block(&mut self, draft: &mut RequestPlan, at: usize, room: usize) {
        let stretch = &self.stretches[at];
        let StretchState::Block(block) = &stretch.state else {
            return;
        };
        if stretch.to > self.given_to && stretch.to - stretch.from > 1 {
            let counted = block.counted;
            self.divide(at, Some(counted), NARROWEST_TOP);
            return;
        }
        let from = stretch.from;
        let pages = block.pages_of_pass(self.full);
        let pages = pages.min(room.saturating_sub(draft.len));
        draft.push(Reading::Block { from, pages });
        self.stretches[at].in_flight = true;
    }

    /// Pages of a block that are still to be read; none if there is no block at `from`.
    pub(super) fn pages_left_of_block(&self, from: u64) -> usize {
        match self.stretch_from(from).map(|stretch| &stretch.state) {
            Some(StretchState::Block(block)) => block.pages_left(self.full).count(),
            _ => 0,
        }
    }

    pub(super) fn accept_block(
        &mut self,
        from: u64,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<NextAction, StrategyError> {
        let at = self.landed(from)?;
        let to = self.stretches[at].to;
        let full = self.full as u64;
        for outcome in outcomes {
            let (mut page, meta) = match self.page_of(Some(outcome))? {
                Ok(read) => read,
                Err(wait) => return Ok(wait),
            };
            let StretchState::Block(block) = &self.stretches[at].state else {
                return Ok(NextAction::GoOn);
            };
            let pass = block.pass();
            let direction = [block.first, block.first.other()][pass];
            if direction == Direction::Descending {
                page.reverse();
            }
            self.ids_of(&page, from, to)?;
            let stretch = &mut self.stretches[at];
            let StretchState::Block(block) = &mut stretch.state else {
                return Ok(NextAction::GoOn);
            };
            if !block.take(&page, &meta, full) || !is_beyond(stretch, &page, direction, pass) {
                return self.give_up_block(at);
            }
            if pass == 0 && !page.is_empty() {
                self.buffered += page.bytes();
                match direction {
                    Direction::Ascending => stretch.pages.push_back(page),
                    Direction::Descending => stretch.pages.push_front(page),
                }
            }
        }
        self.settle_block(at)
    }

    /// Says what the pages of a block prove, if all of a pass has come.
    fn settle_block(&mut self, at: usize) -> Result<NextAction, StrategyError> {
        let stretch = &mut self.stretches[at];
        let StretchState::Block(block) = &stretch.state else {
            return Ok(NextAction::GoOn);
        };
        let (from, to, counted) = (stretch.from, stretch.to, block.counted);
        let first = block.shown[0].len() as u64;
        let are_equal = block.shown[0] == block.shown[1];
        let is_read = |pass: usize| block.places[pass] >= counted;
        if !is_read(0) {
            return Ok(NextAction::GoOn);
        }
        if is_read(1) && are_equal {
            self.counts.hidden_agreed += u32::from(first > 0 && first < counted);
            // Where nothing is shown, a count of more than this range has to bear it out: one that is too low ends before the
            // rows that are shown.
            stretch.state = if first == 0 || self.verify {
                StretchState::Counted { counted }
            } else {
                StretchState::Proven {
                    hidden: counted - first,
                }
            };
            self.density.note(from, to, counted as usize);
        } else if is_read(1) {
            return self.give_up_block(at);
        }
        Ok(NextAction::GoOn)
    }

    /// Something in the block has moved, or its pages are not those of their places: it is read by windows.
    fn give_up_block(&mut self, at: usize) -> Result<NextAction, StrategyError> {
        self.blocks_given_up += 1;
        let counted = match &self.stretches[at].state {
            StretchState::Block(block) => Some(block.counted),
            _ => None,
        };
        self.split(at, counted)?;
        Ok(NextAction::GoOn)
    }
}

/// Whether the page lies behind those that the first pass has shown: else a row has moved.
fn is_beyond(stretch: &Stretch, page: &Page, direction: Direction, pass: usize) -> bool {
    if pass > 0 {
        return true;
    }
    let mut ids = page.ids().flatten();
    match direction {
        Direction::Ascending => {
            let before = stretch.pages.back().and_then(|page| page.ids().last());
            ids.next().is_none_or(|id| Some(Some(id)) > before)
        }
        Direction::Descending => {
            let before = stretch.pages.front().and_then(|page| page.ids().next());
            let lowest = before.flatten();
            ids.last()
                .is_none_or(|id| lowest.is_none_or(|lowest| id < lowest))
        }
    }
}
