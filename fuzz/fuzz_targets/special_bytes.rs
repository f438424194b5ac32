//! Quotes, backslashes and control characters are found wherever they are, and nothing else is.

#![no_main]

use brimful_scan::{BLOCK, special_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut places = vec![0; text.len() + BLOCK];
    let count = special_bytes(text, &mut places);
    let one_by_one = (0_u16..)
        .zip(text)
        .filter(|(_, b)| matches!(b, b'"' | b'\\' | 0..0x20))
        .map(|(place, _)| place);
    assert!(places[..count].iter().copied().eq(one_by_one));
});
