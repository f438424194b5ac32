//! The IDs that new rows get.

/// The largest ID there can be.
pub(crate) const LARGEST: u64 = i64::MAX as u64;

/// The ID of a new row: above the highest one ever used, or the highest free one where there is none above. A portal that
/// was given a row with the largest ID takes new rows anyway.
pub(crate) fn new_id(last: u64, is_used: impl Fn(u64) -> bool) -> u64 {
    if last < LARGEST {
        return last + 1;
    }
    let mut below = (1..=LARGEST).rev();
    below.find(|&id| !is_used(id)).unwrap_or(LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_above_the_last_one_or_the_highest_free_one_below_the_largest() {
        assert_eq!(new_id(0, |_| false), 1);
        assert_eq!(new_id(LARGEST - 1, |_| false), LARGEST);
        assert_eq!(new_id(LARGEST, |id| id > LARGEST - 3), LARGEST - 3);
        assert_eq!(new_id(u64::MAX, |id| id == LARGEST), LARGEST - 1);
    }
}
