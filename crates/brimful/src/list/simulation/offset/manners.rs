//! What a portal does to a list that is read by the places of its pages, drawn at random.

use crate::list::offset::Order;
use crate::list::simulation::Exclusions;

/// What the portal does. Every field is drawn at random.
#[expect(clippy::struct_excessive_bools, reason = "each is a manner of its own")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    pub(super) rows: usize,
    pub(super) page: usize,
    pub(super) paging: PagingManner,
    pub(super) total: TotalManner,
    /// `next` is named where more rows follow.
    pub(super) names_next: bool,
    pub(super) ids: IdManner,
    /// Of 100 rows so many are taken out of pages after they were cut.
    pub(super) hidden: u32,
    /// So many rows at the start of the list are taken out too.
    pub(super) hidden_first: usize,
    /// Of 100 commands so many are followed by a change.
    pub(super) changes: u32,
    /// Which change comes.
    pub(super) change: ChangeManner,
    /// After so many commands nothing changes any more.
    pub(super) quiet_from: usize,
    /// Rows that are added to the end with every command.
    pub(super) growth: usize,
    /// Before which command a page comes empty or cut short.
    pub(super) hiccups: [usize; 2],
    /// A page that came empty or short has its `total` and its `next`.
    pub(super) hiccup_tells: bool,
    /// The same row of the last page is left out so often, whenever it is asked for.
    pub(super) lacking: usize,
    /// `next` lies so many rows too far.
    pub(super) next_skips: usize,
    /// So many rows are counted that nobody is ever shown, not even as a gap in a page.
    pub(super) counted_too_many: usize,
    /// The place of a page is ignored.
    pub(super) ignores_start: bool,
    /// Pages without rows name a `next`.
    pub(super) next_for_ever: bool,
    /// Of 100 commands so many fail and are to be sent again.
    pub(super) failing: u32,
    /// The newest row is asked for before the list is read.
    pub(super) asks_for_newest: bool,
    /// The method takes conditions on the ID, and the walk knows it.
    pub(super) is_filtered_by_id: bool,
    pub(super) exclusions: Exclusions,
    /// Of 100 requests so many are lost.
    pub(super) lost: u32,
    pub(super) room: usize,
    /// Each request has room for another number of commands.
    pub(super) room_varies: bool,
    pub(super) in_flight: usize,
    pub(super) order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PagingManner {
    /// `start` is rounded down to pages, and behind the end comes the first one.
    Legacy,
    /// `start` is rounded down to pages, and behind the end comes nothing.
    Controller,
    /// `start` is the place of a row.
    TrueOffset,
    /// `LIMIT` and `OFFSET`, with `hasMore` or without.
    LimitOffset { has_more: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TotalManner {
    Right,
    None,
    /// Those that are not hidden.
    Shown,
    /// The rows of the page.
    OfThePage,
    Capped(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdManner {
    Numbers,
    Huge,
    Negative,
    Texts,
    Mixed,
    /// None, and the rows are different.
    None,
    /// None, and three rows each are equal.
    Equal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeManner {
    Any,
    /// As many rows are added as deleted.
    Equal,
    /// Rows are moved to another place.
    Moves,
    /// Rows are added at the front, deleted at the back.
    Feed,
}

impl PagingManner {
    fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u8(..6) {
            0 | 1 => Self::Legacy,
            2 | 3 => Self::Controller,
            4 => Self::TrueOffset,
            _ => Self::LimitOffset {
                has_more: random.bool(),
            },
        }
    }
}

impl TotalManner {
    fn draw(random: &mut fastrand::Rng, rows: usize) -> Self {
        match random.u8(..10) {
            0..=4 => Self::Right,
            5 | 6 => Self::None,
            7 => Self::Shown,
            8 => Self::OfThePage,
            // A list that changes may pass by its cap, and then nothing but the rows tells of it.
            _ if random.bool() => Self::Capped(rows.saturating_sub(random.usize(..4)).max(1)),
            _ => Self::Capped(random.usize(1..=rows.max(1))),
        }
    }
}

impl IdManner {
    fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u8(..8) {
            0 | 1 => Self::Numbers,
            2 => Self::Huge,
            3 => Self::Negative,
            4 => Self::Texts,
            5 => Self::Mixed,
            6 => Self::None,
            _ => Self::Equal,
        }
    }
}

impl ChangeManner {
    fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u8(..6) {
            0 | 1 => Self::Any,
            2 | 3 => Self::Equal,
            4 => Self::Moves,
            _ => Self::Feed,
        }
    }
}

/// By how many rows `next` lies too far. A portal whose `next` skips rows that its pages don't show loses them, unless
/// somebody asks between.
fn draw_skips(random: &mut fastrand::Rng, names_next: bool) -> usize {
    match random.u8(..30) {
        0 if names_next => [7, 25, 50, 150, 5_000][random.usize(..5)],
        _ => 0,
    }
}

/// After how many commands nothing changes any more.
fn draw_quiet_from(random: &mut fastrand::Rng) -> usize {
    match random.u8(..3) {
        0 => usize::MAX,
        _ => random.usize(1..60),
    }
}

/// The command before which a page comes empty or short; none is that late in most portals.
fn draw_hiccup(random: &mut fastrand::Rng) -> usize {
    match random.u8(..8) {
        0 => random.usize(..20),
        _ => usize::MAX,
    }
}

impl Manners {
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        let small = random.u8(..4) > 0;
        let rows = random.usize(..if small { 60 } else { 400 });
        let paging = PagingManner::draw(random);
        let by_row = matches!(paging, PagingManner::LimitOffset { .. });
        let total = TotalManner::draw(random, rows);
        // Where `next` is not named, pages of older lists have 50 rows.
        let names_next = !by_row && random.u8(..8) > 0;
        let next_skips = draw_skips(random, names_next);
        let page = match next_skips {
            0 if !names_next && !by_row => 50,
            1.. if random.bool() => 50,
            _ => random.usize(5..=if small { 12 } else { 50 }),
        };
        let hiccups = [draw_hiccup(random), draw_hiccup(random)];
        let changing = random.bool();
        let ignores_start = random.u8(..40) == 0;
        let hidden = match random.u8(..6) {
            0 => random.u32(1..30),
            _ => 0,
        };
        // Where nothing says that there are rows, a page of hidden ones cannot be told from no rows.
        let has_more = matches!(paging, PagingManner::LimitOffset { has_more: true });
        let is_told = names_next || has_more || total != TotalManner::None;
        let hidden_first = match random.u8(..12) {
            0 if is_told => random.usize(1..=3 * page),
            _ => 0,
        };
        let ids = IdManner::draw(random);
        let manners = Self {
            rows,
            page,
            paging,
            total,
            names_next,
            ids,
            hidden,
            hidden_first,
            changes: if changing { random.u32(1..60) } else { 0 },
            change: ChangeManner::draw(random),
            quiet_from: draw_quiet_from(random),
            growth: match random.u8(..40) {
                0 => random.usize(1..=page * 2),
                _ => 0,
            },
            hiccups,
            hiccup_tells: random.bool(),
            lacking: 0,
            next_skips,
            counted_too_many: 0,
            ignores_start,
            next_for_ever: names_next && random.u8(..40) == 0,
            failing: if random.u8(..8) == 0 { 10 } else { 0 },
            // Only these IDs are given in ascending order.
            asks_for_newest: ids == IdManner::Numbers && random.u8(..4) > 0,
            is_filtered_by_id: false,
            exclusions: Exclusions::Taken,
            lost: if random.u8(..8) == 0 { 20 } else { 0 },
            room: if random.bool() {
                50
            } else {
                random.usize(1..10)
            },
            room_varies: random.bool(),
            in_flight: random.usize(1..5),
            order: if random.u8(..4) == 0 {
                Order::ByNext
            } else {
                Order::Parallel
            },
        };
        manners.made_readable().draw_more(random)
    }

    /// The same portal, which leaves something by which a list can be told from a part of it.
    fn made_readable(mut self) -> Self {
        let hides = self.hidden > 0 || self.hidden_first > 0;
        let counts = self.total != TotalManner::None;
        // A list of which nothing says that there is more than its first page is that page.
        if !self.names_next && (self.ignores_start || hides && counts) {
            self.total = TotalManner::Right;
        }
        let few_rows = 2 * self.page;
        match self.total {
            TotalManner::Right => {}
            // A page that came short and counts its own rows is a list.
            TotalManner::OfThePage if !self.names_next || self.rows <= few_rows => {
                self.hiccups = [usize::MAX; 2];
            }
            // So is one that counts no further.
            TotalManner::Capped(most) if most <= few_rows => self.hiccups = [usize::MAX; 2],
            // The same page may come empty in two passes.
            _ => self.hiccups[1] = usize::MAX,
        }
        self
    }

    /// A list of the CRM in the order that the caller wants, on a portal that does nothing wrong.
    pub(super) fn of_a_quiet_list(rows: usize, in_flight: usize) -> Self {
        Self {
            rows,
            page: 50,
            paging: PagingManner::Controller,
            total: TotalManner::Right,
            names_next: true,
            ids: IdManner::Numbers,
            hidden: 0,
            hidden_first: 0,
            changes: 0,
            change: ChangeManner::Any,
            quiet_from: 0,
            growth: 0,
            hiccups: [usize::MAX; 2],
            hiccup_tells: true,
            lacking: 0,
            next_skips: 0,
            counted_too_many: 0,
            ignores_start: false,
            next_for_ever: false,
            failing: 0,
            asks_for_newest: true,
            is_filtered_by_id: true,
            exclusions: Exclusions::Taken,
            lost: 0,
            room: 50,
            room_varies: false,
            in_flight,
            order: Order::Parallel,
        }
    }

    /// Rows are moved to another place while the first pages are read, and then the list rests; one command a request.
    pub(super) fn with_one_move(self, seed: u64) -> Self {
        Self {
            changes: 50,
            change: ChangeManner::Moves,
            quiet_from: 2 + seed as usize % 8,
            room: 2,
            ..self
        }
    }

    pub(super) fn draw_more(self, random: &mut fastrand::Rng) -> Self {
        // Nothing but a count tells of a row that the last page lacks twice.
        let lacking = match random.u8(..12) {
            0 if self.total == TotalManner::Right => random.usize(1..=2),
            _ => 0,
        };
        // A page that lacks the same row three times is believed, and the row is among those that are not shown.
        let hiccups = self.hiccups.iter().filter(|at| **at < usize::MAX).count();
        let lacking = lacking.min(2 - hiccups);
        let counted_too_many = match random.u8(..30) {
            0 if self.total == TotalManner::Right => random.usize(1..=2 * self.page),
            _ => 0,
        };
        let is_filtered_by_id = self.ids == IdManner::Numbers
            && !matches!(self.paging, PagingManner::LimitOffset { .. })
            && random.u8(..8) > 0;
        let exclusions = match random.u8(..12) {
            0 => Exclusions::Ignored,
            1 => Exclusions::Refused,
            2 => Exclusions::MatchNothing,
            _ => Exclusions::Taken,
        };
        Self {
            lacking,
            counted_too_many,
            is_filtered_by_id,
            exclusions,
            ..self
        }
    }

    /// Nothing stays in the way for ever: what changes comes to rest while the list is read.
    pub(super) fn is_restful(&self) -> bool {
        let rests = self.changes == 0 || self.quiet_from <= 2 * self.rows.div_ceil(self.page);
        let names_places = self.next_skips == 0 && self.counted_too_many == 0;
        rests && self.growth == 0 && !self.ignores_start && !self.next_for_ever && names_places
    }

    /// Whether the portal tells in every pass how long the list is, or takes the place of a page where nothing is behind it.
    pub(super) fn tells_length(&self) -> bool {
        let has_more = matches!(self.paging, PagingManner::LimitOffset { has_more: true });
        // A list of one page has no `next`.
        let is_next_named = self.names_next && self.rows > self.page;
        let is_counted = self.total == TotalManner::Right;
        let takes_places = self.paging != PagingManner::Legacy && !self.ignores_start;
        let shows_rows = self.hidden + self.hidden_first as u32 == 0 && self.rows > 0;
        self.is_still() && (has_more || is_next_named || is_counted || takes_places && shows_rows)
    }

    /// Nothing changes, and no page comes short by mistake.
    fn is_still(&self) -> bool {
        self.changes == 0
            && self.growth == 0
            && self.lacking == 0
            && self.hiccups == [usize::MAX; 2]
    }

    /// Whether the end of the list has to say how many rows are counted and not shown.
    pub(super) fn tells_hidden(&self) -> bool {
        // A first page that arrives empty may come again in another place, which looks like more rows than are counted.
        let has_ids = !matches!(self.ids, IdManner::None | IdManner::Equal | IdManner::Mixed);
        let is_told = self.total == TotalManner::Right && has_ids;
        // A place that is no page's own says another number of rows before the end than there are.
        let is_own = self.next_skips == 0 || self.page == 50;
        self.is_still() && is_told && is_own && !self.ignores_start && !self.next_for_ever
    }

    /// Nothing makes it hard to read.
    pub(super) fn is_clean(&self) -> bool {
        self.is_still()
            && !self.ignores_start
            && !self.next_for_ever
            && self.next_skips == 0
            && self.counted_too_many == 0
    }
}
