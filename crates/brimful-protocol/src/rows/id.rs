//! The ID of a row.

use serde::Deserialize;

use super::cursor::{Broken, Cursor};
use crate::scalar;

/// The ID of a row, from the field `field` in any case of its letters: a number or a string of digits.
pub fn row_id(row: &str, field: &str) -> Option<u64> {
    let mut cursor = Cursor::new(row);
    skip_row(&mut cursor, Some(field)).unwrap_or_default()
}

/// Steps over a row and picks its ID up on the way.
#[inline]
pub(super) fn skip_row(
    cursor: &mut Cursor<'_>,
    field: Option<&str>,
) -> Result<Option<u64>, Broken> {
    let (Some(field), b'{') = (field, cursor.peek()?) else {
        cursor.skip()?;
        return Ok(None);
    };
    let mut id = None;
    let mut found = false;
    cursor.object(|cursor, key| {
        if !found && key.is_ignoring_case(field) {
            found = true;
            id = id_of(cursor.value()?);
            return Ok(());
        }
        cursor.skip()
    })?;
    Ok(id)
}

fn id_of(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct OptionalId(#[serde(deserialize_with = "scalar::optional_id")] Option<u64>);

    let bare = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json);
    // Nineteen digits always fit.
    if (1..20).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit()) {
        return Some(bare.bytes().fold(0, |id, b| id * 10 + u64::from(b - b'0')));
    }
    serde_json::from_str::<OptionalId>(json).ok()?.0
}
