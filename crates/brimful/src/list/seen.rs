//! The IDs that a walk has seen, in little memory: two bytes each where they are sparse, a bit each where they are dense.

use std::collections::HashMap;

/// A set of IDs, in blocks of 65,536.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<u64, Block>);

/// The IDs of a block, by their low 16 bits.
#[derive(Debug)]
enum Block {
    /// In order.
    Few(Vec<u16>),
    Many(Box<[u64; WORDS]>),
}

const WORDS: usize = 1 << 10;
/// From so many on, a bit for every possible ID takes less.
const MANY: usize = 4 * WORDS;

impl Seen {
    /// Adds an ID; `false` if it was there.
    pub(crate) fn insert(&mut self, id: u64) -> bool {
        let low = (id & 0xffff) as u16;
        let block = self
            .0
            .entry(id >> 16)
            .or_insert_with(|| Block::Few(Vec::new()));
        match block {
            Block::Few(ids) => match ids.binary_search(&low) {
                Ok(_) => false,
                Err(at) => {
                    ids.insert(at, low);
                    if ids.len() > MANY {
                        let mut bits = Box::new([0; WORDS]);
                        for &low in &*ids {
                            set(&mut bits, low);
                        }
                        *block = Block::Many(bits);
                    }
                    true
                }
            },
            Block::Many(bits) => set(bits, low),
        }
    }

    /// Bytes that the IDs take, without the map around the blocks.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let of_block = |block: &Block| match block {
            Block::Few(ids) => ids.capacity() * 2,
            Block::Many(_) => WORDS * 8,
        };
        self.0.values().map(of_block).sum()
    }
}

/// Sets a bit; `false` if it was set.
fn set(bits: &mut [u64; WORDS], low: u16) -> bool {
    let (word, bit) = (usize::from(low >> 6), 1u64 << (low & 63));
    let new = bits[word] & bit == 0;
    bits[word] |= bit;
    new
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_id_is_new_once() {
        let mut random = fastrand::Rng::with_seed(1);
        let (mut seen, mut truth) = (Seen::default(), HashSet::new());
        for _ in 0..300_000 {
            let id = match random.u8(..4) {
                0 => random.u64(..100_000),
                1 => random.u64(..10_000_000),
                2 => u64::MAX - random.u64(..1000),
                _ => random.u64(..),
            };
            assert_eq!(seen.insert(id), truth.insert(id), "{id}");
        }
    }

    #[test]
    fn ten_million_ids_without_gaps_take_little_more_than_a_megabyte() {
        let mut seen = Seen::default();
        for id in 1..=10_000_000 {
            seen.insert(id);
        }
        assert!(seen.bytes() < 1_300_000, "{}", seen.bytes());
    }

    #[test]
    fn a_million_ids_among_a_hundred_million_take_no_more_than_four_bytes_each() {
        let mut seen = Seen::default();
        for id in 0..1_000_000 {
            seen.insert(id * 100);
        }
        assert!(seen.bytes() < 4_000_000, "{}", seen.bytes());
    }
}
