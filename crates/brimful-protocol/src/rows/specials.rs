//! Finds the bytes that matter inside JSON strings: quotes, backslashes and control characters.
//!
//! Strings are nearly all of a reply. A loop over each one ends where the processor can't foresee it, so the places of
//! these bytes are noted for a stretch of text at a time, 64 bytes in one step, and strings are stepped over from place
//! to place.

/// How many bytes are compared in one step.
const BLOCK: usize = 64;

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
        let (blocks, tail) = stretch.as_chunks();
        let mut count = 0;
        for (i, block) in blocks.iter().enumerate() {
            self.note(block, i * BLOCK, &mut count);
        }
        if !tail.is_empty() {
            let mut block = [b' '; BLOCK];
            block[..tail.len()].copy_from_slice(tail);
            self.note(&block, blocks.len() * BLOCK, &mut count);
        }
        self.places[count..count + ENDS].fill(END);
        self.next = 0;
        self.searched = self.base + stretch.len();
    }

    #[inline]
    fn note(&mut self, block: &[u8; BLOCK], offset: usize, count: &mut usize) {
        let mut specials = bits(block);
        let found = specials.count_ones() as usize;
        let Some(places) = self.places[*count..].first_chunk_mut::<BLOCK>() else {
            return;
        };
        // More are written than were found, so that most blocks take the same branches.
        let mut written = 0;
        loop {
            for place in &mut places[written..written + 4] {
                *place = (offset as u32 + specials.trailing_zeros()) as u16;
                specials &= specials.wrapping_sub(1);
            }
            written += 4;
            if written >= found {
                break;
            }
        }
        *count += found;
    }
}

/// One bit for each byte of the block, the first byte's the lowest: whether it is special.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
fn bits(block: &[u8; BLOCK]) -> u64 {
    use safe_arch::{
        bitor_m128i, bitxor_m128i, cmp_eq_mask_i8_m128i, m128i, min_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };
    let (sixteens, _) = block.as_chunks::<16>();
    sixteens.iter().rev().fold(0, |bits, bytes| {
        let bytes = m128i::from(*bytes);
        // With bit 1 turned over, the quote (0x22) and the control characters are the bytes up to 0x20.
        let turned = bitxor_m128i(bytes, set_splat_i8_m128i(0x02));
        let lower = min_u8_m128i(turned, set_splat_i8_m128i(0x20));
        let quote_or_control = cmp_eq_mask_i8_m128i(lower, turned);
        let backslash = cmp_eq_mask_i8_m128i(bytes, set_splat_i8_m128i(b'\\' as i8));
        let special = move_mask_i8_m128i(bitor_m128i(quote_or_control, backslash));
        (bits << 16) | u64::from(special as u16)
    })
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
fn bits(block: &[u8; BLOCK]) -> u64 {
    portable_bits(block)
}

/// The same for any processor, eight bytes in one register.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
fn portable_bits(block: &[u8; BLOCK]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7F * ONES;
    // Moves the lowest bit of byte i to bit 56 + i.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        let word = u64::from_le_bytes(*word);
        let turned = word ^ (0x02 * ONES);
        // The highest bit of a byte is set by the sum where its other bits reach a bound; no sum runs over.
        let above_space = (turned & LOW) + 0x5F * ONES;
        let other_than_backslash = ((word ^ (u64::from(b'\\') * ONES)) & LOW) + LOW;
        let special = !((above_space & other_than_backslash) | word) & !LOW;
        (bits << 8) | ((special >> 7).wrapping_mul(GATHER) >> 56)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_special(b: u8) -> bool {
        matches!(b, b'"' | b'\\' | 0..0x20)
    }

    #[test]
    fn every_byte_is_found_at_every_place_if_it_is_special_and_not_otherwise() {
        for b in 0..=u8::MAX {
            for place in 0..BLOCK {
                for filler in [b'x', b' ', b'#', b'[', 0x7F, 0xD0, 0xFF, b'"', b'\\'] {
                    let mut block = [filler; BLOCK];
                    block[place] = b;
                    let expected = block
                        .iter()
                        .rev()
                        .fold(0, |bits, &b| (bits << 1) | u64::from(is_special(b)));
                    assert_eq!(bits(&block), expected, "{b:#x} at {place}");
                    assert_eq!(portable_bits(&block), expected, "{b:#x} at {place}");
                }
            }
        }
    }

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
