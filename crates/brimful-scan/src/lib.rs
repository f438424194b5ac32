//! Finds the bytes that matter inside JSON strings: quotes, backslashes and control characters.
//!
//! Strings are nearly all of a reply, and a loop over each one ends where the processor can't foresee it. So the places
//! of these bytes are noted for a stretch of text at a time, [`BLOCK`] bytes in one step, whatever is in them.
//!
//! Each kind of processor has its own way to do that. The best is chosen when the program runs, since most programs are
//! built for processors that are older than the one they run on.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

/// How many bytes are compared in one step.
pub const BLOCK: usize = 64;

/// The most bytes that a text may have: places are counted in 16 bits.
pub const LONGEST: usize = u16::MAX as usize + 1 - BLOCK;

/// Notes the place of every quote, backslash and control character (below 0x20) of `text` in `places`, in order, and
/// returns how many there are. What stands behind these in `places` has no meaning.
///
/// ```
/// let mut places = [0; 128];
/// let count = brimful_scan::special_bytes(b"\"a\\n\"\n", &mut places);
/// assert_eq!(places[..count], [0, 2, 4, 5]);
/// ```
///
/// # Panics
/// Where `text` is longer than [`LONGEST`], or `places` has not room for all its bytes and one [`BLOCK`] more.
#[inline]
pub fn special_bytes(text: &[u8], places: &mut [u16]) -> usize {
    assert!(text.len() <= LONGEST, "a text of {} bytes", text.len());
    assert!(places.len() >= text.len() + BLOCK, "too few places");
    #[cfg(target_arch = "x86_64")]
    return x86::special_bytes(text, places);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::special_bytes(text, places);
}

/// Gives `note` each block of the text and its place, the last one filled up with blanks.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "only code that is inlined may use the instructions of its caller"
)]
fn for_each_block(text: &[u8], mut note: impl FnMut(&[u8; BLOCK], usize)) {
    let (blocks, tail) = text.as_chunks();
    for (index, block) in blocks.iter().enumerate() {
        note(block, index * BLOCK);
    }
    if !tail.is_empty() {
        let mut block = [b' '; BLOCK];
        block[..tail.len()].copy_from_slice(tail);
        note(&block, blocks.len() * BLOCK);
    }
}

/// Notes where the bits of `specials` are set, the lowest being the byte at `offset`, and returns how many are.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "only code that is inlined may use the instructions of its caller"
)]
fn note_bits(mut specials: u64, offset: usize, places: &mut [u16; BLOCK]) -> usize {
    let found = specials.count_ones() as usize;
    // More are written than were found, so that most blocks take the same branches.
    let mut written = 0;
    loop {
        for place in &mut places[written..written + 4] {
            *place = (offset as u32 + specials.trailing_zeros()) as u16;
            specials &= specials.wrapping_sub(1);
        }
        written += 4;
        if written >= found {
            return found;
        }
    }
}

/// The next places to write to. All callers have room for a block more than they have noted.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "only code that is inlined may use the instructions of its caller"
)]
fn room(places: &mut [u16], noted: usize) -> &mut [u16; BLOCK] {
    places[noted..]
        .first_chunk_mut()
        .expect("there is room for all bytes of the text and a block")
}

#[cfg(test)]
mod tests;
