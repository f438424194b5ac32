//! What the pages of a chain prove: full ones themselves, a short one nothing.

use std::collections::VecDeque;

use brimful_protocol::rows::{Page, PageOutcome};

use super::pages::NO_END;
use super::stretch::{Readings, Stretch, StretchState};
use super::{KeysetWalk, TailState, first_and_last};
use crate::list::strategy::{Stuck, Then};
use crate::list::tail::TAIL_REQUESTS;

/// So many short pages of chains, and one among so many full ones, and the list is read by windows as a whole.
const SHORT_PAGES: usize = 3;
const FULL_PAGES_A_SHORT_ONE: usize = 20;

impl KeysetWalk {
    pub(super) fn accept_chain(
        &mut self,
        from: u64,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<Then, Stuck> {
        let at = self.landed(from)?;
        let to = self.stretches[at].to;
        // What a chain reads beyond its end is of use where nobody else reads it.
        let next = self.stretches.get(at + 1).filter(|next| {
            matches!(next.state, StretchState::Unread { by_windows: false }) && !next.in_flight
        });
        let limit = next.map_or(to, |next| next.to);
        let mut then = Then::GoOn;
        let mut cursor = from;
        let mut rows = 0;
        let mut pages = VecDeque::new();
        let mut short = None;
        for outcome in outcomes {
            let mut page = match self.stalls.page(outcome)? {
                Ok((page, _)) => page,
                Err(wait) => {
                    then = wait;
                    break;
                }
            };
            let ids = self.ids_of(&page, cursor, self.end_of_list())?;
            if page.len() < self.full {
                short = Some(page);
                break;
            }
            let Some((_, last)) = ids else {
                break;
            };
            self.full_pages += 1;
            let as_long = page.len() == self.full;
            self.full = page.len();
            cursor = last;
            if last > limit {
                page.retain_ids(|id| id.is_some_and(|id| id <= limit));
            }
            rows += page.len();
            pages.push_back(page);
            // The page after a longer one began at a row that was not its last.
            if cursor >= to || !as_long {
                break;
            }
        }
        self.chains_read += 1;
        let read = cursor.min(limit);
        self.density.note(from, read, rows);
        if read > to {
            let next = &mut self.stretches[at + 1];
            next.from = read;
            if next.from >= next.to {
                self.stretches.remove(at + 1);
            }
        }
        let mut parts: Vec<Stretch> = self.proven(from, read, pages).into_iter().collect();
        if read < to {
            let unread =
                |from, to, by_windows| Stretch::new(from, to, StretchState::Unread { by_windows });
            match short {
                None => parts.push(unread(read, to, false)),
                Some(page) => {
                    self.short_pages += 1;
                    // Only a count tells windows from gaps.
                    self.by_windows |= self.counts.believed
                        && self.short_pages >= SHORT_PAGES
                        && self.short_pages * FULL_PAGES_A_SHORT_ONE > self.full_pages;
                    let end = if let Some((_, last)) = first_and_last(Some(&page)) {
                        let end = last.min(to);
                        parts.push(self.once_read(read, end, page));
                        end
                    } else {
                        let end = self.doubtful_end(read, to);
                        parts.push(unread(read, end, true));
                        end
                    };
                    parts.push(unread(end, to, false));
                }
            }
        }
        self.replace(at, parts);
        Ok(then)
    }

    /// A stretch that one short page has shown, to be read again.
    pub(super) fn once_read(&mut self, from: u64, to: u64, mut page: Page) -> Stretch {
        page.retain_ids(|id| id.is_some_and(|id| id <= to));
        let ids = page.ids().flatten().collect();
        let mut window = Stretch::new(from, to, StretchState::Window(Readings::one(ids)));
        self.buffered += page.bytes();
        if !page.is_empty() {
            window.pages.push_back(page);
        }
        window
    }

    /// Up to where to read by windows behind a short page above `from`: all of the stretch where that is not much, else
    /// what about two pages cover.
    pub(super) fn doubtful_end(&self, from: u64, to: u64) -> u64 {
        let rows = self.density.forecast(from, to).rows;
        if rows <= (5 * self.full) as f64 {
            return to;
        }
        self.density
            .reach(from, (2 * self.full) as f64)
            .saturating_add(self.windows.barren_stretch(self.full))
            .min(to)
    }

    pub(super) fn accept_tail(
        &mut self,
        outcomes: &mut dyn Iterator<Item = PageOutcome>,
    ) -> Result<Then, Stuck> {
        self.tail = TailState::Wanted;
        for outcome in outcomes {
            let page = match self.stalls.page(outcome)? {
                Ok((page, _)) => page,
                Err(wait) => return Ok(wait),
            };
            let from = self.tail_from;
            let ids = self.ids_of(&page, from, NO_END)?;
            let Some((_, last)) = ids else {
                if self.stretches.iter().all(Stretch::is_proven) {
                    self.tail = TailState::Done;
                }
                return Ok(Then::GoOn);
            };
            self.tail_from = last;
            let short = page.len() < self.full;
            let as_long = page.len() == self.full;
            if short {
                let window = self.once_read(from, last, page);
                self.stretches.push_back(window);
                self.tail = TailState::Done;
                return Ok(Then::GoOn);
            }
            self.full = page.len();
            let stretch = self.proven(from, last, VecDeque::from([page]));
            self.stretches.extend(stretch);
            if !as_long {
                break;
            }
        }
        if self.tail_requests >= TAIL_REQUESTS {
            // Rows keep coming. The list is complete up to what was read, and the report says up to where.
            self.tail = TailState::Done;
        }
        Ok(Then::GoOn)
    }
}
