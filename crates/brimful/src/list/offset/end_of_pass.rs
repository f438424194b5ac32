//! The end of a pass, and the places behind it where rows may be that nothing told of.

use std::collections::{BTreeSet, VecDeque};

use super::{OffsetPages, SHORTEST_PAGE, Searched};
use crate::list::strategy::PageMeta;

impl OffsetPages {
    /// Places behind the last page at `start`, where rows may be that nothing told of: behind a page that rights have
    /// made short, and behind the rows of a page whose size is not known.
    pub(super) fn probes(&self, start: u64, end: u64) -> Vec<u64> {
        let page = self.page_size.max(1);
        let mut probes = vec![start.saturating_add(page)];
        if !self.sized {
            probes.push(start.saturating_add(page.saturating_mul(2)));
            if !probes.contains(&end) && end > start {
                probes.push(end);
            }
        }
        probes
    }

    /// The page at `start` is the last one, unless rows are found behind it.
    pub(super) fn end(&mut self, start: u64, meta: &PageMeta) {
        let reach = start.saturating_add(self.page_size);
        let ends_on_page =
            |total| total == self.pass.last.end || (self.sized && total > start && total <= reach);
        let counted = self.pass.last.total.is_some_and(ends_on_page);
        let is_told = meta.paging.more.is_some() || counted;
        self.pass.is_end_told = is_told;
        self.pass.probing = true;
        self.pass.probes = if self.readings.count() < 2 {
            VecDeque::new()
        } else if is_told {
            self.probe_of_page_size().into_iter().collect()
        } else {
            let mut probes = self.probes(start, self.pass.last.end);
            probes.extend(self.probe_of_page_size());
            probes.into()
        };
        self.pass.next_offset = self.pass.probes.pop_front();
        if !self.course.is_serial() {
            self.wanted.clear();
            self.rest = 0..0;
        }
    }

    /// Asks between the pages before a list is believed none of whose pages was as long as the `next` of the widest one
    /// says, or as pages are where none is named: rights may have taken rows out of each of them, or rows were skipped.
    /// Pages that begin as far apart as the longest one reaches leave none out.
    pub(super) fn ask_between(&mut self) -> bool {
        let is_doubtful = self.pass.widest > self.longest;
        // A page that comes empty once is not believed.
        if !is_doubtful || self.asked_between >= 2 {
            return false;
        }
        self.asked_between += 1;
        let stride = self.longest.max(SHORTEST_PAGE) as usize;
        let asked: BTreeSet<u64> = self.pass.offsets.iter().copied().collect();
        self.pass.between = (0..self.pass.last.end)
            .step_by(stride)
            .filter(|place| !asked.contains(place))
            .collect();
        self.pass.probing = true;
        self.pass.probes = self.pass.between.iter().copied().collect();
        self.pass.next_offset = self.pass.probes.pop_front();
        if let Some(next) = self.pass.next_offset {
            self.wanted = [next].into();
            self.wanted.extend(&self.pass.probes);
        }
        self.pass.next_offset.is_some()
    }

    /// Asks behind the end once more before two passes are believed where nothing tells how long the list is: a page behind
    /// it may have come empty by mistake, and then both passes end there.
    pub(super) fn look_behind(&mut self) -> bool {
        if self.looked_behind > 0 || self.pass.is_end_told || self.readings.count() > 2 {
            return false;
        }
        self.looked_behind += 1;
        let end = self.pass.last.end;
        let last = self.pass.offsets.iter().rev().take(2);
        let places = last.flat_map(|start| self.probes(*start, end));
        let places = places.chain(self.probe_of_page_size());
        let places: BTreeSet<u64> = places.filter(|place| *place >= end).collect();
        self.pass.between = places.into_iter().collect();
        self.pass.searched = Searched::Behind;
        self.pass.probing = true;
        self.pass.probes = self.pass.between.iter().copied().collect();
        self.wanted = self.pass.probes.clone();
        self.pass.next_offset = self.pass.probes.pop_front();
        self.pass.next_offset.is_some()
    }

    /// A first page that is short may have rows taken out of it, or be as long as all pages are: then the second one
    /// begins behind its rows.
    pub(super) fn probe_of_page_size(&self) -> Option<u64> {
        let rows = self.pass.first_page.len() as u64;
        let is_short = rows > 0 && rows < self.page_size;
        let doubtful = !self.sized && !self.position.is_by_row() && is_short;
        (doubtful && self.pass.last.end > rows).then_some(rows)
    }
}
