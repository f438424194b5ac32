//! What the next request asks for: which stretches are read on, and by how many commands each.

use brimful_protocol::batch::MAX_COMMANDS;

use super::density::ENOUGH;
use super::pages::{Direction, NO_END, Restart};
use super::stretch::{Stretch, StretchState};
use super::{KeysetMode, KeysetWalk, LastPage, Reading, Restarts, TailState, directions};
use crate::list::strategy::{ListCommand, ReadAhead};

/// A new stretch is worth a request of its own from this many pages on.
const SMALLEST_STRETCH: f64 = 10.0;
/// Pages of a stretch in full requests: each border between stretches costs about half a page.
const REQUESTS_OF_A_STRETCH: usize = 2;
/// Pages of a stretch at the least.
const PAGES_OF_A_STRETCH: usize = 8;
/// Stretches that are open at once at the most.
const MAX_OPEN: usize = 2000;

/// Where so many of the IDs are in use, full pages lie as far apart as they have rows.
pub(super) const DENSE_RATE: f64 = 0.97;

/// Pages that don't refer to each other overlap by so many standard deviations of where their rows end: what lies between
/// two that don't meet takes a page of its own.
const STEP_SIGMAS: f64 = 2.0;

/// A list is near its end where so many requests read all that is left, including those on their way.
const REQUESTS_NEAR_THE_END: usize = 7;

/// A list is counted as a whole where no more pages and windows of it have been read: that is cheap.
const FEW_PAGES: usize = 100;

/// Whether a chain is given too few commands rather than too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caution {
    Sparing,
    Generous,
}

/// Whether nothing new is likely to come of a stretch: its rows are here, and wait for a proof.
fn is_read_already(stretch: &Stretch) -> bool {
    match &stretch.state {
        StretchState::Window(readings) => !readings.is_unread(),
        StretchState::Counted { .. } => true,
        _ => false,
    }
}

/// A request that is being put together.
#[derive(Debug, Default)]
pub(super) struct RequestPlan {
    pub(super) readings: Vec<Reading>,
    /// Commands of the readings.
    pub(super) len: usize,
}

impl RequestPlan {
    pub(super) fn push(&mut self, reading: Reading) {
        self.len += reading.commands();
        self.readings.push(reading);
    }
}

impl KeysetWalk {
    /// How many commands a chain is likely to need. A command too many is lost, one too few is made up for in a later
    /// request: that costs nothing while there are other stretches to fill it, but a request of its own at the end.
    pub(super) fn pages_wanted(&self, stretch: &Stretch, caution: Caution) -> usize {
        if !self.pages.counts() {
            // No page refers to another: they lie side by side, at a distance that their rows are likely to cover.
            return match self.restarts {
                Restarts::Refused => 1,
                Restarts::Taken => {
                    let step = self.step(stretch.from, stretch.to);
                    ((stretch.to - stretch.from).div_ceil(step)) as usize
                }
            };
        }
        let full = self.full as u64;
        // There cannot be more rows than IDs.
        let most = (stretch.to - stretch.from).div_ceil(full);
        let forecast = self.density.forecast(stretch.from, stretch.to);
        let doubt = forecast.sigma + 0.03 * forecast.rows * (1.0 - forecast.rate);
        let rows = match caution {
            Caution::Sparing => forecast.rows - doubt,
            Caution::Generous => forecast.rows + 0.25 * doubt,
        };
        let pages = (rows / full as f64).ceil();
        // After several chains that met hidden rows at once, the next one feels its way.
        let most = if self.chains_without_rows > 1 {
            most.min(4)
        } else {
            most
        };
        (pages as u64).clamp(1, most.max(1)) as usize
    }

    /// Cuts the part behind what is in flight off the last unread stretch, as a stretch of its own, and says where it
    /// is. Of a request of `room` commands `left` are left for it.
    pub(super) fn split_ahead(&mut self, left: usize, room: usize) -> Option<usize> {
        if self.way != KeysetMode::Lanes || self.by_windows {
            return None;
        }
        let in_flight = self.stretches.iter().filter(|s| s.in_flight).count();
        let last = self.stretches.iter().rposition(|s| !s.is_proven())?;
        let stretch = &mut self.stretches[last];
        let chained = matches!(stretch.state, StretchState::Unread { by_windows: false });
        if !stretch.in_flight || !chained || in_flight > 2 * self.chains_read {
            return None;
        }
        let full = self.full as f64;
        let pages = (REQUESTS_OF_A_STRETCH * room.max(1)).max(PAGES_OF_A_STRETCH);
        let from = self.density.reach(stretch.from, pages as f64 * full);
        let worth = SMALLEST_STRETCH.min(left as f64) * full;
        if from >= stretch.to || self.density.forecast(from, stretch.to).rows < worth {
            return None;
        }
        let ahead = Stretch::new(from, stretch.to, StretchState::Unread { by_windows: false });
        stretch.to = from;
        self.stretches.insert(last + 1, ahead);
        Some(last + 1)
    }

    /// Fills a request with what is to be read next.
    pub(super) fn fill(&mut self, draft: &mut RequestPlan, room: usize, ahead: ReadAhead) {
        // Rows that wait for the bound to be confirmed cannot make room by being handed out.
        let front = self.stretches.iter().position(|s| !s.is_proven());
        let mut at = 0;
        while draft.len < room {
            let Some(stretch) = self.stretches.get(at) else {
                // What is left of the request reads further ahead, if there is anything to read there.
                let left = room - draft.len;
                let worthwhile = draft.len == 0 || left as f64 >= SMALLEST_STRETCH;
                if ahead == ReadAhead::Allowed
                    && worthwhile
                    && let Some(new) = self.split_ahead(left, room)
                {
                    at = new;
                    continue;
                }
                break;
            };
            // Under memory pressure only what is in front is read on, and what has been read is proven.
            let allowed =
                ahead == ReadAhead::Allowed || Some(at) == front || is_read_already(stretch);
            if stretch.in_flight || stretch.is_proven() || !allowed {
                at += 1;
                continue;
            }
            match &stretch.state {
                StretchState::Proven { .. } => at += 1,
                StretchState::Unread { by_windows } if *by_windows || self.by_windows => {
                    let is_too_much = self.stretches.len() >= MAX_OPEN && Some(at) != front;
                    if is_too_much || !self.cut_window(at) {
                        at += 1;
                    }
                }
                StretchState::Unread { .. } => {
                    let from = stretch.from;
                    let wanted = self.pages_wanted(stretch, Caution::Sparing);
                    let commands = wanted.min(room - draft.len);
                    let restart = self.restart(from, stretch.to);
                    draft.push(Reading::Chain {
                        from,
                        commands,
                        restart,
                    });
                    self.stretches[at].in_flight = true;
                    at += 1;
                }
                StretchState::Window(_) if self.wants_check(stretch) => {
                    // Under memory pressure nothing joins it.
                    at = self.plan_check(draft, at, ahead == ReadAhead::Full);
                }
                StretchState::Window(_) if self.awaits_checks(stretch) => at += 1,
                StretchState::Window(readings) => {
                    let direction = readings.next_direction();
                    let from = stretch.from;
                    if readings.is_unread() && draft.len + 1 < room && self.wants_probe() {
                        self.windows.probes += 1;
                        draft.push(Reading::BothEnds { from });
                    } else {
                        draft.push(Reading::Window { from, direction });
                    }
                    self.stretches[at].in_flight = true;
                    at += 1;
                }
                StretchState::Block(_) => {
                    self.plan_block(draft, at, room);
                    at += usize::from(self.stretches[at].in_flight);
                }
                StretchState::Counted { .. } => at = self.plan_count(draft, at, false),
            }
        }
    }

    /// Gives what is left of a request to its chains: what they are likely to need in the end.
    pub(super) fn lengthen_chains(&self, draft: &mut RequestPlan, room: usize) {
        for reading in &mut draft.readings {
            let left = room - draft.len.min(room);
            if let Reading::Chain { from, commands, .. } = reading
                && let Some(stretch) = self.stretch_from(*from)
            {
                let more = self
                    .pages_wanted(stretch, Caution::Generous)
                    .saturating_sub(*commands)
                    .min(left);
                *commands += more;
                draft.len += more;
            }
        }
    }

    /// How many IDs lie between the beginnings of two pages in `(from, to]` of which neither refers to the other: so many
    /// that the first is likely to reach the second.
    fn step(&self, from: u64, to: u64) -> u64 {
        let full = self.full as f64;
        let forecast = self.density.forecast(from, to);
        let rate = forecast.rate.clamp(1e-12, 1.0);
        let chance = ((1.0 - rate) * (1.0 / full + 1.0 / ENOUGH)).sqrt();
        let doubt = (STEP_SIGMAS * chance).min(0.5);
        // A page between IDs that nobody has is no number that a portal could not read.
        let most = ((NO_END - from) / MAX_COMMANDS as u64).max(1);
        ((full / rate * (1.0 - doubt)) as u64)
            .max(self.full as u64)
            .min(most)
    }

    /// Where the pages of a chain through `(from, to]` begin after a short one.
    fn restart(&self, from: u64, to: u64) -> Restart {
        if !self.pages.counts() && self.restarts == Restarts::Taken {
            return Restart::Fixed(self.step(from, to));
        }
        if self.restarts == Restarts::Refused || !self.counts.believed {
            Restart::Nowhere
        } else if self.pages.counts_at_once() {
            if self.density.has_no_gaps {
                Restart::Fixed(self.full as u64)
            } else {
                Restart::Nowhere
            }
        } else if to < NO_END - (1 << 20) && self.density.forecast(from, to).rate >= DENSE_RATE {
            Restart::Every(self.full as u64)
        } else {
            Restart::AtRow(self.full * 5 / 6)
        }
    }

    /// The commands of a request.
    pub(super) fn commands(&self, readings: &[Reading]) -> Vec<ListCommand> {
        let mut list = Vec::new();
        for reading in readings {
            let chain = |above, commands, place, restart| {
                self.pages
                    .chain(above, commands, self.full, &self.row_id, place, restart)
            };
            match *reading {
                Reading::Chain {
                    from,
                    commands,
                    restart,
                } => {
                    list.extend(chain(from, commands, list.len(), restart));
                }
                Reading::Tail { commands } => {
                    let restart = Restart::Nowhere;
                    list.extend(chain(self.tail_from, commands, list.len(), restart));
                }
                Reading::AboveHorizon {
                    direction,
                    is_from_both_ends,
                } => {
                    let page = |direction| self.pages.counted(self.horizon, NO_END, direction);
                    list.extend(directions(direction, is_from_both_ends).map(page));
                }
                Reading::Window { from, direction } => {
                    let to = self.stretch_from(from).map_or(from, |stretch| stretch.to);
                    list.push(self.pages.counted(from, to, direction));
                }
                Reading::BothEnds { from } => {
                    let to = self.stretch_from(from).map_or(from, |stretch| stretch.to);
                    list.push(self.pages.counted(from, to, Direction::Descending));
                    list.push(self.pages.counted(from, to, Direction::Ascending));
                }
                Reading::Block { from, pages } => {
                    if let Some(stretch) = self.stretch_from(from)
                        && let StretchState::Block(block) = &stretch.state
                    {
                        let pages = block.pages_left(self.full).take(pages);
                        let page = |(direction, place)| {
                            self.pages.counted_at(from, stretch.to, direction, place)
                        };
                        list.extend(pages.map(page));
                    }
                }
                Reading::Rest { from, .. } => {
                    list.push(self.pages.counted(from, NO_END, Direction::Descending));
                }
                Reading::Count { from, to } => {
                    list.push(self.pages.counted(from, to, Direction::Descending));
                }
                Reading::Check { from, to } => {
                    let (_, known) = self.control_and_known(from, to);
                    list.push(self.pages.counted_besides(from, to, &known));
                }
            }
        }
        list
    }

    /// Asks for the rows above the horizon, once all below it is read or in this request.
    pub(super) fn fill_tail(&mut self, draft: &mut RequestPlan, room: usize) {
        let left = room - draft.len.min(room);
        if self.tail != TailState::Wanted || left == 0 {
            return;
        }
        let ends_here = draft.readings.iter().all(|reading| match *reading {
            Reading::Chain { from, commands, .. } => self
                .stretch_from(from)
                .is_none_or(|stretch| commands >= self.pages_wanted(stretch, Caution::Generous)),
            Reading::Block { from, pages } => pages >= self.pages_left_of_block(from),
            _ => true,
        });
        let is_last_request = ends_here && self.reads_all_that_is_left();
        if !is_last_request && (draft.len == 0 || !self.may_look_before_the_end(room)) {
            return;
        }
        // Usually nothing is there: the first look is one page, counted, and only what is full is followed up.
        let few = self.full_pages <= FEW_PAGES && self.windows.read() <= FEW_PAGES as u64;
        let counts_rest = is_last_request && few && self.counts.believed;
        let rest = self.rest.filter(|_| counts_rest);
        let reading = if self.tail_from > self.horizon {
            self.tail_requests += 1;
            // A look at whether there is more takes one page. Where no page may refer to another, it is unknown where
            // the second one begins.
            let commands = if self.is_last_page_full() && self.pages.counts() {
                left
            } else {
                1
            };
            Reading::Tail { commands }
        } else if let Some((from, before)) = rest {
            self.rest = None;
            Reading::Rest { from, before }
        } else if self.counts.believed || !self.pages.counts() && !self.is_last_page_full() {
            let direction = match self.above_horizon.counted {
                None => Direction::Ascending,
                Some(_) => Direction::Descending,
            };
            // Where the last page of the start was short, one page that shows nothing is not enough.
            let is_from_both_ends = !self.is_last_page_full() && left > 1;
            Reading::AboveHorizon {
                direction,
                is_from_both_ends,
            }
        } else {
            Reading::Tail { commands: 1 }
        };
        draft.push(reading);
        self.tail = TailState::InFlight;
    }

    fn is_last_page_full(&self) -> bool {
        self.above_horizon.last_page == LastPage::Full
    }

    /// Has the whole list counted as soon as it is known that rows are hidden: that spares the counts of its parts.
    pub(super) fn plan_whole_count(&mut self, draft: &mut RequestPlan, room: usize) {
        if !self.by_windows
            || self.way == KeysetMode::Windows
            || !self.counts.believed
            || self.tail != TailState::Wanted
            || draft.len == 0
        {
            return;
        }
        let Some((from, before)) = self.rest else {
            return;
        };
        if draft.len >= room {
            let Some(last) = draft.readings.pop() else {
                return;
            };
            draft.len -= last.commands();
            self.release(last);
        }
        self.rest = None;
        draft.push(Reading::Rest { from, before });
        self.tail = TailState::InFlight;
    }

    /// Where hidden rows have been met and this request reads all that is left, what it has room for saves another one:
    /// windows and blocks are read from both ends at once.
    pub(super) fn read_from_both_ends(&self, draft: &mut RequestPlan, room: usize) {
        // Those that show nothing wait for a count, whatever else is read.
        let is_read = |stretch: &Stretch| {
            self.is_read_or_counted(stretch)
                || matches!(stretch.state, StretchState::Counted { .. }) && stretch.rows() == 0
        };
        let may_be_compared = self.counts.believed || !self.pages.counts();
        if !self.reads_all_but(is_read) || !may_be_compared || self.way == KeysetMode::Windows {
            return;
        }
        for reading in &mut draft.readings {
            if let Reading::Block { from, pages } = reading {
                let more = self.pages_left_of_block(*from).saturating_sub(*pages);
                if draft.len + more <= room {
                    *pages += more;
                    draft.len += more;
                }
                continue;
            }
            if let Reading::Window { from, .. } = *reading
                && draft.len < room
                && let Some(stretch) = self.stretch_from(from)
                && matches!(&stretch.state, StretchState::Window(readings) if readings.is_unread())
            {
                *reading = Reading::BothEnds { from };
                draft.len += 1;
            }
        }
    }

    /// Whether nothing is left to be read or counted once the request that is being put together has come back.
    fn reads_all_that_is_left(&self) -> bool {
        self.reads_all_but(|stretch| self.is_read_or_counted(stretch))
    }

    /// Whether every other stretch is on its way, in the request that is being put together.
    fn reads_all_but(&self, is_read: impl Fn(&Stretch) -> bool) -> bool {
        self.requests.is_empty() && self.is_all_read_or_in_flight(is_read)
    }

    /// Whether the look at the rows above the horizon may ride in a request near the end of the list, in room that would be
    /// left over. A request that carries nothing but that look is spared so. Shorter lists are counted as a whole in their
    /// last request.
    fn may_look_before_the_end(&self, room: usize) -> bool {
        if !self.is_last_page_full() || self.tail_from > self.horizon || !self.counts.believed {
            return false;
        }
        let is_read = |stretch: &Stretch| self.is_read_or_counted(stretch);
        let unread = self.stretches.iter().filter(|stretch| !is_read(stretch));
        let pages: usize = unread
            .map(|stretch| self.pages_wanted(stretch, Caution::Generous))
            .sum();
        let are_many = self.full_pages + pages > FEW_PAGES;
        are_many && pages <= REQUESTS_NEAR_THE_END * room && self.is_all_read_or_in_flight(is_read)
    }

    /// Whether every other stretch is on its way, in whatever request.
    fn is_all_read_or_in_flight(&self, is_read: impl Fn(&Stretch) -> bool) -> bool {
        let mut stretches = self.stretches.iter();
        stretches.all(|stretch| stretch.in_flight || is_read(stretch))
    }

    fn is_read_or_counted(&self, stretch: &Stretch) -> bool {
        match stretch.state {
            StretchState::Proven { .. } => true,
            StretchState::Counted { .. } => self.whole_count.is_some(),
            _ => false,
        }
    }
}
