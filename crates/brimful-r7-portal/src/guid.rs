//! GUIDs of generated things: the number is in them, so that nothing has to be remembered.

use brimful_portal::extension::samples;

/// The GUID of the thing with this number (below 2⁴⁸).
pub(super) fn of(key: u64, number: u64) -> String {
    let spread = samples::mix(key ^ samples::mix(number));
    let tail = (number ^ samples::mix(key)) & TAIL;
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{tail:012x}",
        spread >> 32,
        spread >> 16 & 0xffff,
        spread >> 4 & 0xfff,
        samples::mix(spread) & 0xfff,
    )
}

const TAIL: u64 = (1 << 48) - 1;

/// The number in a GUID, if it is one of these.
pub(super) fn number(key: u64, guid: &str) -> Option<u64> {
    let tail = guid.get(24..)?;
    let number = (u64::from_str_radix(tail, 16).ok()? ^ samples::mix(key)) & TAIL;
    of(key, number).eq_ignore_ascii_case(guid).then_some(number)
}

/// Whether a text is a GUID at all.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_gives_its_number_back_and_another_one_gives_none() {
        for number_in in [0, 1, 7, 10_000, TAIL] {
            let guid = of(42, number_in);
            assert!(is_guid(&guid), "{guid}");
            assert_eq!(number(42, &guid), Some(number_in));
            assert_eq!(number(43, &guid), None);
        }
        assert_eq!(number(42, "293bb997-28d8-4be0-8547-6eb50add1f3c"), None);
        assert_eq!(number(42, "é"), None);
    }
}
