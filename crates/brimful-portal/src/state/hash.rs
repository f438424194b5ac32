//! The hash that generated rows are made from.

/// Spreads every bit of `x` over the result.
pub const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The hash of one field of a row: one multiplication, since a row has a dozen of them.
pub(crate) const fn field(row: u64, salt: u64) -> u64 {
    let x = (row ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 32)
}

/// A number below `n`, from the upper half of a hash.
pub const fn below(hash: u64, n: u64) -> u64 {
    ((hash >> 32) * n) >> 32
}

/// The salt of a name.
pub fn salt(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        mix(hash ^ u64::from(byte)).wrapping_add(0x9e37_79b9_7f4a_7c15)
    })
}
