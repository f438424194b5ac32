use proptest::prelude::*;

use super::*;

type Way = fn(&[u8], &mut [u16]) -> usize;

/// Every way that this processor can take, by name.
fn ways() -> Vec<(&'static str, Way)> {
    let mut ways: Vec<(&'static str, Way)> = vec![
        ("chosen", special_bytes),
        ("portable", portable::special_bytes),
    ];
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: all processors of this kind have the instructions.
        ways.push(("SSE2", |text, places| unsafe {
            x86::with_sse2(text, places)
        }));
        if is_x86_feature_detected!("avx2") && x86::has_bit_counts() {
            // SAFETY: the processor has the instructions.
            ways.push(("AVX2", |text, places| unsafe {
                x86::with_avx2(text, places)
            }));
        }
        if is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi2")
            && x86::has_bit_counts()
        {
            // SAFETY: the processor has the instructions.
            ways.push(("AVX-512", |text, places| unsafe {
                x86::with_avx512(text, places)
            }));
        }
    }
    ways
}

fn found_one_by_one(text: &[u8]) -> Vec<u16> {
    (0_u16..)
        .zip(text)
        .filter(|(_, b)| matches!(b, b'"' | b'\\' | 0..0x20))
        .map(|(place, _)| place)
        .collect()
}

fn every_way_finds_the_same(text: &[u8]) {
    let expected = found_one_by_one(text);
    for (name, way) in ways() {
        let mut places = vec![7; text.len() + BLOCK];
        let count = way(text, &mut places);
        assert_eq!(places[..count], expected, "{name} in {text:?}");
    }
}

#[test]
fn every_byte_is_found_at_every_place_if_it_is_special_and_not_otherwise() {
    for b in 0..=u8::MAX {
        for place in 0..BLOCK {
            for filler in [b'x', b' ', b'#', b'[', 0x7F, 0xD0, 0xFF, b'"', b'\\'] {
                let mut block = [filler; BLOCK];
                block[place] = b;
                every_way_finds_the_same(&block);
            }
        }
    }
}

#[test]
fn texts_of_every_length_are_searched_to_their_end() {
    for length in 0..300 {
        every_way_finds_the_same(&vec![b'"'; length]);
        every_way_finds_the_same(&vec![b'x'; length]);
    }
    every_way_finds_the_same(&vec![b'"'; LONGEST]);
}

#[test]
#[should_panic(expected = "too few places")]
fn too_few_places_are_refused() {
    special_bytes(b"\"", &mut [0; BLOCK]);
}

#[test]
#[should_panic(expected = "a text of 65473 bytes")]
fn a_text_whose_places_do_not_fit_is_refused() {
    special_bytes(&vec![b'x'; LONGEST + 1], &mut vec![0; LONGEST + 1 + BLOCK]);
}

proptest! {
    #[test]
    fn every_way_finds_the_same_in_any_bytes(text in proptest::collection::vec(any::<u8>(), 0..2000)) {
        every_way_finds_the_same(&text);
    }

    #[test]
    fn every_way_finds_the_same_in_texts_of_few_special_bytes(text in "([a-zа-я]{0,40}[\"\\\\\n]){0,60}") {
        every_way_finds_the_same(text.as_bytes());
    }
}
