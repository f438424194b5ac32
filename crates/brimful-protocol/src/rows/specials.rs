//! Finds the bytes that matter inside JSON strings: quotes, backslashes and control characters.
//!
//! Strings are nearly all of a reply. A loop over each one ends where the processor can't foresee it, so the places of
//! these bytes are noted for a stretch of text at a time, 64 bytes in one step, and strings are stepped over from place
//! to place.

use brimful_scan::{BLOCK, special_bytes};

/// Stands behind the last place that was noted, so often that four places can be read at once.
const END: u16 = u16::MAX;
const ENDS: usize = 4;

/// How many places are noted at most for a text of many rows. The more, the seldomer is a stretch begun; all of them
/// stay in the nearest cache.
pub(super) const MANY: usize = 4096 + BLOCK + ENDS;

/// How many places are noted at most for one row: so few that there is little to prepare.
pub(super) const FEW: usize = 512 + BLOCK + ENDS;

/// The places of the special bytes of a text, noted a stretch at a time.
pub(super) struct Specials<const PLACES: usize> {
    /// Relative to `base` and in order, then [`END`].
    places: [u16; PLACES],
    /// The first of `places` that was not passed.
    next: usize,
    base: usize,
    /// Where the next stretch begins.
    searched: usize,
}

impl<const PLACES: usize> Specials<PLACES> {
    /// How many bytes are searched at a time. All of them may be special.
    const STRETCH: usize = (PLACES - ENDS) / BLOCK * BLOCK - BLOCK;

    pub(super) fn new() -> Self {
        Self {
            places: [END; PLACES],
            next: 0,
            base: 0,
            searched: 0,
        }
    }

    /// The first special byte of `text` from `at` on, or the end of `text`. Neither `text` may change between calls nor
    /// `at` go back.
    #[inline]
    pub(super) fn seek(&mut self, text: &[u8], at: usize) -> usize {
        loop {
            let place = self.places[self.next];
            if place == END {
                if self.searched.max(at) >= text.len() {
                    return text.len();
                }
                self.search(text, at);
                continue;
            }
            let place = self.base + usize::from(place);
            if place >= at {
                return place;
            }
            self.next += 1;
        }
    }

    /// What the places of [`Self::next_four`] are counted from.
    #[inline]
    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// The next four special bytes, from the one that was last found, if as many are noted.
    #[inline]
    pub(super) fn next_four(&self) -> Option<[usize; 4]> {
        let four: &[u16; 4] = self.places.get(self.next..)?.first_chunk()?;
        (four[3] != END).then(|| four.map(usize::from))
    }

    /// Passes the next special bytes, which were among those of [`Self::next_four`].
    #[inline]
    pub(super) fn pass(&mut self, count: usize) {
        self.next += count;
    }

    /// Notes the special bytes of the next stretch that reaches beyond `at`.
    #[inline(never)]
    fn search(&mut self, text: &[u8], at: usize) {
        self.base = self.searched.max(at);
        let rest = &text[self.base..];
        let stretch = &rest[..rest.len().min(Self::STRETCH)];
        let count = special_bytes(stretch, &mut self.places);
        self.places[count..count + ENDS].fill(END);
        self.next = 0;
        self.searched = self.base + stretch.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_special_bytes_of_a_text_are_found_in_order_however_long_it_is() {
        let mut random = 7_u32;
        for length in (0..200).chain([1023, 1024, 1025, 5000]) {
            for one_in in [1, 2, 9, 300] {
                let text: Vec<u8> = (0..length)
                    .map(|_| {
                        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        if (random >> 8).is_multiple_of(one_in) {
                            b'"'
                        } else {
                            b'x'
                        }
                    })
                    .collect();
                let mut specials = Specials::<FEW>::new();
                let mut found = Vec::new();
                let mut at = 0;
                loop {
                    at = specials.seek(&text, at);
                    if at == text.len() {
                        break;
                    }
                    found.push(at);
                    at += 1;
                }
                let expected: Vec<usize> = (0..length).filter(|&i| text[i] == b'"').collect();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn what_lies_before_the_place_asked_for_is_passed_over() {
        let text = [b'"'; 10_000];
        for step in [1, 3, 64, 1000, 1024, 4000] {
            let mut specials = Specials::<FEW>::new();
            for at in (0..text.len()).step_by(step) {
                assert_eq!(specials.seek(&text, at), at);
            }
            assert_eq!(specials.seek(&text, text.len()), text.len());
        }
    }
}
