//! For processors of Intel and AMD.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_xor_si128, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_xor_si256, _mm512_add_epi16, _mm512_castsi512_si256,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_maskz_compress_epi8, _mm512_set1_epi8, _mm512_set1_epi16,
};
use std::mem;

use super::{BLOCK, for_each_block, note_bits, room};

#[inline]
pub(super) fn special_bytes(text: &[u8], places: &mut [u16]) -> usize {
    // What the processor has is found out once, and read from memory afterwards.
    if is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi2")
        && has_bit_counts()
    {
        // SAFETY: the processor has the instructions that the function is built with.
        unsafe { with_avx512(text, places) }
    } else if is_x86_feature_detected!("avx2") && has_bit_counts() {
        // SAFETY: the processor has the instructions that the function is built with.
        unsafe { with_avx2(text, places) }
    } else {
        // SAFETY: all processors of this kind have the instructions.
        unsafe { with_sse2(text, places) }
    }
}

#[inline]
pub(super) fn has_bit_counts() -> bool {
    is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
}

/// The places come out of the processor in order, 32 at a time, without a look at each bit.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
pub(super) fn with_avx512(text: &[u8], places: &mut [u16]) -> usize {
    let numbers = from_bytes(std::array::from_fn(|number| number as u8));
    let mut noted = 0;
    for_each_block(text, |block, offset| {
        let bytes = from_bytes(*block);
        let specials = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20))
            | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'"' as i8))
            | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8));
        let found = specials.count_ones() as usize;
        let offset = _mm512_set1_epi16(offset as i16);
        let numbers = _mm512_maskz_compress_epi8(specials, numbers);
        let (first, second) = room(places, noted).split_at_mut(BLOCK / 2);
        let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(numbers));
        first.copy_from_slice(&to_places(_mm512_add_epi16(low, offset)));
        if found > BLOCK / 2 {
            let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(numbers));
            second.copy_from_slice(&to_places(_mm512_add_epi16(high, offset)));
        }
        noted += found;
    });
    noted
}

#[inline]
#[target_feature(enable = "avx512f")]
fn from_bytes(bytes: [u8; 64]) -> __m512i {
    // SAFETY: both are 64 bytes, and any bytes are a vector.
    unsafe { mem::transmute::<[u8; 64], __m512i>(bytes) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn to_places(vector: __m512i) -> [u16; 32] {
    // SAFETY: both are 64 bytes, and any bytes are numbers.
    unsafe { mem::transmute::<__m512i, [u16; 32]>(vector) }
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
pub(super) fn with_avx2(text: &[u8], places: &mut [u16]) -> usize {
    let mut noted = 0;
    for_each_block(text, |block, offset| {
        // SAFETY: both are 64 bytes, and any bytes are vectors.
        let [first, second] = unsafe { mem::transmute::<[u8; BLOCK], [__m256i; 2]>(*block) };
        let specials = u64::from(bits_avx2(first)) | u64::from(bits_avx2(second)) << 32;
        noted += note_bits(specials, offset, room(places, noted));
    });
    noted
}

#[inline]
#[target_feature(enable = "avx2")]
fn bits_avx2(bytes: __m256i) -> u32 {
    // With bit 1 turned over, the quote (0x22) and the control characters are the bytes up to 0x20.
    let turned = _mm256_xor_si256(bytes, _mm256_set1_epi8(0x02));
    let lower = _mm256_min_epu8(turned, _mm256_set1_epi8(0x20));
    let quote_or_control = _mm256_cmpeq_epi8(lower, turned);
    let backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'\\' as i8));
    _mm256_movemask_epi8(_mm256_or_si256(quote_or_control, backslash)) as u32
}

#[target_feature(enable = "sse2")]
pub(super) fn with_sse2(text: &[u8], places: &mut [u16]) -> usize {
    let mut noted = 0;
    for_each_block(text, |block, offset| {
        // SAFETY: both are 64 bytes, and any bytes are vectors.
        let vectors = unsafe { mem::transmute::<[u8; BLOCK], [__m128i; 4]>(*block) };
        let specials = vectors
            .iter()
            .rev()
            .fold(0, |bits, bytes| bits << 16 | u64::from(bits_sse2(*bytes)));
        noted += note_bits(specials, offset, room(places, noted));
    });
    noted
}

#[inline]
#[target_feature(enable = "sse2")]
fn bits_sse2(bytes: __m128i) -> u16 {
    let turned = _mm_xor_si128(bytes, _mm_set1_epi8(0x02));
    let lower = _mm_min_epu8(turned, _mm_set1_epi8(0x20));
    let quote_or_control = _mm_cmpeq_epi8(lower, turned);
    let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
    _mm_movemask_epi8(_mm_or_si128(quote_or_control, backslash)) as u16
}
