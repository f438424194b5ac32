//! Where the plain part of a JSON string ends: strings are nearly all of a reply, so this is what reading one costs.

/// Most keys and values end within one block, so that the branch is foreseen; measured, 8 and 32 are slower.
const BLOCK: usize = 16;

/// The next quote, backslash or control character from `at` on, or the end of `bytes`.
#[inline]
pub(super) fn end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let special = specials(block);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += BLOCK;
    }
    while bytes.get(at).is_some_and(|&b| !is_special(b)) {
        at += 1;
    }
    at
}

fn is_special(b: u8) -> bool {
    matches!(b, b'"' | b'\\' | 0..0x20)
}

/// One bit for each byte of the block. The lowest bit that is set is right, and only that one: above it a borrow may
/// have set some that should not be.
#[inline]
fn specials(block: &[u8; BLOCK]) -> u32 {
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |mask, word| {
        (mask << 8) | specials_of_eight(u64::from_le_bytes(*word))
    })
}

/// The same for eight bytes in one register. A quote (0x22) and the control characters (below 0x20) are found together:
/// with bit 1 turned over they are exactly the bytes below 0x21. Bytes over 0x7F are letters of other alphabets.
#[inline]
fn specials_of_eight(word: u64) -> u32 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    const BACKSLASH: u64 = 0x5C * ONES;
    // Moves the lowest bit of byte i to bit 56 + i.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let quote_or_control = (word ^ (0x02 * ONES)).wrapping_sub(0x21 * ONES);
    let backslash = (word ^ BACKSLASH).wrapping_sub(ONES);
    let special = (quote_or_control | backslash) & !word & HIGH;
    ((special >> 7).wrapping_mul(GATHER) >> 56) as u32
}

#[cfg(test)]
mod tests {
    use super::{end, is_special};

    #[test]
    fn every_byte_is_found_at_every_place_if_it_is_special_and_not_otherwise() {
        for b in 0..=u8::MAX {
            for place in 0..80 {
                for filler in [b'x', b' ', b'#', b'[', 0x7F, 0xD0, 0xFF] {
                    let mut text = [filler; 80];
                    text[place] = b;
                    assert_eq!(
                        end(&text, 0),
                        if is_special(b) { place } else { 80 },
                        "{b:#x} at {place}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_first_of_several_counts() {
        assert_eq!(end(br#"abc"def\ghi"#, 0), 3);
        assert_eq!(end(br#"abc"def\ghi"#, 4), 7);
        for first in 0..64 {
            let mut text = [b'"'; 64];
            text[..first].fill(b'!');
            assert_eq!(end(&text, 0), first);
        }
    }
}
