//! Which rows of a list have come already: pages by index bring some twice when others insert.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The IDs of rows, 16 bytes each.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<u128>);

impl Seen {
    /// Whether a row comes for the first time. One without an ID always does.
    pub(super) fn is_new(&mut self, row: &str) -> bool {
        #[derive(Deserialize)]
        struct WithId<'a> {
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
        }
        match serde_json::from_str::<WithId<'_>>(row) {
            Ok(WithId { id: Some(id) }) => self.0.insert(key(id.get().trim_matches('"'))),
            _ => true,
        }
    }
}

/// Numbers and GUIDs are themselves; anything else is a hash of 128 bits.
fn key(id: &str) -> u128 {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32
        && let Ok(guid) = u128::from_str_radix(&digits, 16)
    {
        return guid;
    }
    if let Ok(number) = id.parse::<u64>() {
        return u128::from(number);
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        id.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_new_once_and_one_without_an_id_always() {
        let mut seen = Seen::default();
        for row in [
            r#"{"id":7}"#,
            r#"{"title":"a","id":"293bb997-28d8-4be0-8547-6eb50add1f3c"}"#,
            r#"{"id":"anna.kim"}"#,
        ] {
            assert!(seen.is_new(row), "{row}");
            assert!(!seen.is_new(row), "{row}");
        }
        assert!(seen.is_new(r#"{"title":"a"}"#));
        assert!(seen.is_new(r#"{"title":"a"}"#));
    }
}
