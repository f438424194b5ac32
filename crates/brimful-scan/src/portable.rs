//! For any processor: eight bytes in one register.

use super::{BLOCK, for_each_block, note_bits, room};

pub(super) fn special_bytes(text: &[u8], places: &mut [u16]) -> usize {
    let mut noted = 0;
    for_each_block(text, |block, offset| {
        noted += note_bits(bits(block), offset, room(places, noted));
    });
    noted
}

/// One bit for each byte of the block, the first byte's the lowest: whether it is special.
fn bits(block: &[u8; BLOCK]) -> u64 {
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
