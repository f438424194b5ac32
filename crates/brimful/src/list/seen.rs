//! The rows that a walk has seen, in little memory: of an ID that is a number two bytes where they are sparse and a bit
//! where they are dense, of any other a hash of it.

use std::collections::HashMap;

use brimful_protocol::rows::Identity;

/// The rows of a list that was read several times, each with the last pass in which it came.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    /// Of each pass.
    numbers: Vec<Seen>,
    others: HashMap<Key, u8>,
}

/// An identity that is no number. Two halves take less room in a map than one `u128`, which is aligned to 16 bytes.
type Key = (u64, u64);

/// When a row had come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// Never.
    New,
    /// In an earlier pass, and this is the last of those.
    Again { last: usize },
    /// In this pass.
    Twice,
}

impl Sightings {
    /// The last pass in which a row came.
    pub(crate) fn last_pass(&self, identity: Identity) -> Option<usize> {
        match identity {
            Identity::Number(id) => self.numbers.iter().rposition(|seen| seen.contains(id)),
            other => self.others.get(&key(other)).map(|last| usize::from(*last)),
        }
    }

    /// Notes that a row came in the pass `pass`. Passes are counted from 0 and never go back.
    pub(crate) fn see(&mut self, identity: Identity, pass: usize) -> Sighting {
        if let Identity::Number(id) = identity {
            while self.numbers.len() <= pass {
                self.numbers.push(Seen::default());
            }
            if !self.numbers[pass].insert(id) {
                return Sighting::Twice;
            }
            let mut earlier = (0..pass).rev();
            let last = earlier.find(|earlier| self.numbers[*earlier].contains(id));
            return last.map_or(Sighting::New, |last| Sighting::Again { last });
        }
        let pass = u8::try_from(pass).unwrap_or(u8::MAX);
        match self.others.insert(key(identity), pass) {
            None => Sighting::New,
            Some(last) if last == pass => Sighting::Twice,
            Some(last) => Sighting::Again {
                last: usize::from(last),
            },
        }
    }
}

impl Sightings {
    /// The IDs of all rows that came in the pass `pass`, in order, if all rows have IDs that are numbers.
    pub(crate) fn numbers(&self, pass: usize) -> Option<Vec<u64>> {
        let seen = self.numbers.get(pass)?;
        self.others.is_empty().then(|| seen.ids())
    }
}

fn key(identity: Identity) -> Key {
    let halves = |hash: u128| ((hash >> 64) as u64, hash as u64);
    match identity {
        Identity::Number(id) => (0, id),
        Identity::Text(hash) => halves(hash),
        // Rows without an ID are never taken for rows with one.
        Identity::Content(hash) => halves(!hash),
    }
}

/// A set of IDs, in blocks of 65,536.
#[derive(Debug, Default)]
struct Seen(HashMap<u64, Block>);

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
    fn insert(&mut self, id: u64) -> bool {
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

    fn contains(&self, id: u64) -> bool {
        let low = (id & 0xffff) as u16;
        match self.0.get(&(id >> 16)) {
            None => false,
            Some(Block::Few(ids)) => ids.binary_search(&low).is_ok(),
            Some(Block::Many(bits)) => bits[usize::from(low >> 6)] & (1 << (low & 63)) != 0,
        }
    }

    /// All IDs, in order.
    fn ids(&self) -> Vec<u64> {
        let mut blocks: Vec<(&u64, &Block)> = self.0.iter().collect();
        blocks.sort_unstable_by_key(|(high, _)| **high);
        let mut ids = Vec::new();
        for (high, block) in blocks {
            let first = *high << 16;
            match block {
                Block::Few(lows) => ids.extend(lows.iter().map(|low| first | u64::from(*low))),
                Block::Many(bits) => {
                    for (at, word) in bits.iter().enumerate() {
                        let set = (0..64).filter(|bit| word & (1 << bit) != 0);
                        ids.extend(set.map(|bit| first | (at as u64) << 6 | bit));
                    }
                }
            }
        }
        ids
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
            assert_eq!(seen.contains(id), truth.contains(&id), "{id}");
            assert_eq!(seen.insert(id), truth.insert(id), "{id}");
            assert!(seen.contains(id));
        }
    }

    #[test]
    fn all_ids_come_back_in_order() {
        let mut random = fastrand::Rng::with_seed(2);
        let (mut seen, mut truth) = (Seen::default(), std::collections::BTreeSet::new());
        for _ in 0..50_000 {
            let id = if random.bool() {
                random.u64(..100_000)
            } else {
                random.u64(..)
            };
            seen.insert(id);
            truth.insert(id);
        }
        assert_eq!(seen.ids(), truth.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_row_is_new_once_and_then_known_from_its_last_pass() {
        let mut sightings = Sightings::default();
        for row in [
            Identity::Number(7),
            Identity::Text(7),
            Identity::Content(7),
            Identity::Text(u128::MAX),
        ] {
            assert_eq!(sightings.see(row, 0), Sighting::New);
            assert_eq!(sightings.see(row, 0), Sighting::Twice);
            assert_eq!(sightings.see(row, 1), Sighting::Again { last: 0 });
            assert_eq!(sightings.see(row, 3), Sighting::Again { last: 1 });
            assert_eq!(sightings.see(row, 3), Sighting::Twice);
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
