//! Which IDs of a generated entity exist.
//!
//! Deleted rows leave holes in the IDs of a real portal, more of them in some years than in others. Here existence is
//! decided by hash, 64 IDs at a time, with a density of its own for every region of 4,096 IDs, so that ten million rows
//! are counted in milliseconds and kept in a few kilobytes.

use super::hash::mix;

const BLOCK: u64 = 64;
const REGION: u64 = 64 * BLOCK;
/// Densities are kept in this many parts.
const PARTS: u32 = 1024;
/// At most this share of the IDs is missing; above it, counting would take too long.
pub(super) const SPARSEST: f64 = 0.99;

/// The IDs that exist: exactly `rows` of them from 1 to `last`.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExistingIds {
    key: u64,
    rows: u64,
    last: u64,
    /// The share of missing IDs, in parts.
    gaps: u32,
    /// How many IDs exist below each region.
    ranks: Vec<u64>,
}

impl ExistingIds {
    /// `gaps` is the share of missing IDs, from 0 to [`SPARSEST`].
    pub(crate) fn new(key: u64, rows: u64, gaps: f64) -> Self {
        let gaps = (gaps * f64::from(PARTS)).round() as u32;
        let mut presence = Self {
            key,
            rows,
            last: rows,
            gaps,
            ranks: Vec::new(),
        };
        if gaps > 0 && rows > 0 {
            presence.count();
        }
        presence
    }

    /// Finds the ID at which the count is reached.
    fn count(&mut self) {
        self.last = u64::MAX;
        let mut below = 0;
        let mut region = 0;
        loop {
            self.ranks.push(below);
            let density = self.density(region);
            for block in region * (REGION / BLOCK)..(region + 1) * (REGION / BLOCK) {
                let mask = self.draw(block, density);
                let here = u64::from(mask.count_ones());
                if below + here >= self.rows {
                    let bit = nth_bit(mask, self.rows - below - 1);
                    self.last = block * BLOCK + bit + 1;
                    return;
                }
                below += here;
            }
            region += 1;
        }
    }

    /// How many IDs exist.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The highest ID; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        if id == 0 || id > self.last {
            return false;
        }
        self.gaps == 0 || self.mask((id - 1) / BLOCK) >> ((id - 1) % BLOCK) & 1 == 1
    }

    /// How many IDs exist from 1 to `id`.
    pub(crate) fn rank(&self, id: u64) -> u64 {
        let id = id.min(self.last);
        if self.gaps == 0 || id == 0 {
            return id;
        }
        let region = id / REGION;
        let first = region * (REGION / BLOCK);
        let below = self
            .ranks
            .get(region as usize)
            .copied()
            .unwrap_or(self.rows);
        let whole: u32 = (first..id / BLOCK)
            .map(|block| self.mask(block).count_ones())
            .sum();
        let rest = id % BLOCK;
        let part = if rest == 0 {
            0
        } else {
            (self.mask(id / BLOCK) & ((1 << rest) - 1)).count_ones()
        };
        below + u64::from(whole) + u64::from(part)
    }

    /// The lowest ID that exists, from `id` on.
    pub(crate) fn at_or_above(&self, id: u64) -> Option<u64> {
        self.ids(id.max(1), self.last).next()
    }

    /// The IDs from `low` to `high`, to be taken from either end.
    pub(crate) fn ids(&self, low: u64, high: u64) -> ExistingIdsInRange<'_> {
        ExistingIdsInRange {
            presence: self,
            low: low.max(1),
            high: high.min(self.last),
            block: u64::MAX,
            mask: 0,
        }
    }

    fn density(&self, region: u64) -> u32 {
        let swing = self.gaps.min(PARTS - self.gaps) / 2;
        let shift = (mix(self.key ^ !region) >> 40) as u32 % (2 * swing + 1);
        PARTS - (self.gaps + shift - swing)
    }

    /// The existing IDs of a block, one bit each.
    fn mask(&self, block: u64) -> u64 {
        if block > (self.last.saturating_sub(1)) / BLOCK {
            return 0;
        }
        let mask = self.draw(block, self.density(block / (REGION / BLOCK)));
        let rest = self.last - block * BLOCK;
        if rest < BLOCK {
            mask & ((1 << rest) - 1)
        } else {
            mask
        }
    }

    /// 64 draws at once: each bit of the density halves the distance to it.
    fn draw(&self, block: u64, density: u32) -> u64 {
        if density >= PARTS {
            return u64::MAX;
        }
        let seed = mix(self
            .key
            .wrapping_add(block.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut mask = 0;
        let mut word = seed;
        for bit in density.trailing_zeros()..PARTS.trailing_zeros() {
            word = (word ^ (word >> 29))
                .wrapping_mul(0xbf58_476d_1ce4_e5b9)
                .wrapping_add(seed);
            let random = word ^ (word >> 32);
            mask = if density >> bit & 1 == 1 {
                mask | random
            } else {
                mask & random
            };
        }
        mask
    }
}

fn nth_bit(mut mask: u64, n: u64) -> u64 {
    for _ in 0..n {
        mask &= mask.wrapping_sub(1);
    }
    u64::from(mask.trailing_zeros())
}

/// Existing IDs in a range; remembers the block it stands in.
#[derive(Debug, Clone)]
pub(crate) struct ExistingIdsInRange<'p> {
    presence: &'p ExistingIds,
    low: u64,
    high: u64,
    block: u64,
    mask: u64,
}

impl ExistingIdsInRange<'_> {
    fn enter(&mut self, block: u64) -> u64 {
        if self.block != block {
            self.block = block;
            self.mask = self.presence.mask(block);
        }
        self.mask
    }
}

impl Iterator for ExistingIdsInRange<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.low <= self.high {
            if self.presence.gaps == 0 {
                self.low += 1;
                return Some(self.low - 1);
            }
            let at = self.low - 1;
            let left = self.enter(at / BLOCK) >> (at % BLOCK);
            if left == 0 {
                self.low = (at / BLOCK + 1) * BLOCK + 1;
                continue;
            }
            let id = self.low + u64::from(left.trailing_zeros());
            self.low = id + 1;
            return (id <= self.high).then_some(id);
        }
        None
    }
}

impl DoubleEndedIterator for ExistingIdsInRange<'_> {
    fn next_back(&mut self) -> Option<u64> {
        while self.low <= self.high {
            if self.presence.gaps == 0 {
                self.high -= 1;
                return Some(self.high + 1);
            }
            let at = self.high - 1;
            let left = self.enter(at / BLOCK) << (BLOCK - 1 - at % BLOCK);
            if left == 0 {
                self.high = at / BLOCK * BLOCK;
                continue;
            }
            let id = self.high - u64::from(left.leading_zeros());
            self.high = id - 1;
            return (id >= self.low).then_some(id);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_rows_asked_for_exist() {
        for (rows, gaps) in [
            (0, 0.5),
            (1, 0.9),
            (50, 0.0),
            (777, 0.3),
            (20_000, 0.5),
            (3_000, 0.97),
        ] {
            let presence = ExistingIds::new(7, rows, gaps);
            let ids: Vec<u64> = presence.ids(0, u64::MAX).collect();
            assert_eq!(ids.len() as u64, rows);
            assert_eq!(ids.last().copied().unwrap_or(0), presence.last());
            assert!(ids.iter().all(|&id| presence.contains(id)));
        }
    }

    #[test]
    fn the_rank_of_an_id_counts_the_ids_up_to_it() {
        let presence = ExistingIds::new(1, 9_000, 0.4);
        let mut counted = 0;
        for id in 0..presence.last() + 100 {
            counted += u64::from(presence.contains(id));
            assert_eq!(presence.rank(id), counted, "{id}");
        }
    }

    #[test]
    fn both_ends_see_the_same_ids() {
        let presence = ExistingIds::new(3, 5_000, 0.6);
        for (low, high) in [
            (1, u64::MAX),
            (64, 64),
            (65, 4_097),
            (1_000, 999),
            (4_096, 8_193),
        ] {
            let up: Vec<u64> = presence.ids(low, high).collect();
            let mut down: Vec<u64> = presence.ids(low, high).rev().collect();
            down.reverse();
            assert_eq!(up, down);
            assert!(up.iter().all(|id| (low..=high).contains(id)));
        }
    }

    #[test]
    fn the_share_of_gaps_is_met_and_the_density_varies() {
        let presence = ExistingIds::new(5, 1_000_000, 0.5);
        let share = 1.0 - 1_000_000.0 / presence.last() as f64;
        assert!((0.48..0.52).contains(&share), "{share}");
        let densities: Vec<u64> = (0..100)
            .map(|region| presence.rank((region + 1) * REGION) - presence.rank(region * REGION))
            .collect();
        assert!(
            densities.iter().max() > densities.iter().min().map(|least| least * 3 / 2).as_ref()
        );
    }

    #[test]
    fn ten_million_rows_cost_kilobytes() {
        let presence = ExistingIds::new(9, 10_000_000, 0.5);
        assert!(presence.ranks.len() < 6_000);
        assert!(ExistingIds::new(9, 10_000_000, 0.0).ranks.is_empty());
    }
}
