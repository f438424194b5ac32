//! The ID of a row, and what tells a row apart from others where it has none that is a number.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use serde::Deserialize;

use super::cursor::{Broken, Cursor};
use super::specials::FEW;
use crate::scalar;

/// The spelling of the ID that is looked for where a row does not have the field that was named.
const USUAL: &str = "ID";

/// What tells a row apart from the other rows of its list.
///
/// ```
/// use brimful_protocol::rows::{Identity, Place, read_list};
/// let body = br#"{"result":[{"ID":"7"},{"ID":"D_5"},{"ID":-7},{"NAME":"x"}]}"#[..].into();
/// let page = read_list(&body, Place { key: None, id: Some("ID") }).unwrap().page;
/// let identities: Vec<Identity> = page.identities().collect();
/// assert_eq!(identities[0], Identity::Number(7));
/// assert!(matches!(identities[1], Identity::Text(_)));
/// assert_ne!(identities[1], identities[2]);
/// assert!(matches!(identities[3], Identity::Content(_)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// Its ID: a whole number from 0 to 2^64 - 1 in its usual spelling.
    Number(u64),
    /// Its ID is spelt in another way (a UUID, a negative number, `007`): 128 bits of a hash of the spelling.
    Text(u128),
    /// It has no ID: 128 bits of a hash of the whole row. Two rows with the same content have the same identity.
    Content(u128),
}

/// Where the ID of a row is, found while the row was stepped over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundId {
    /// Nowhere, or it is empty, a list or an object.
    Nowhere,
    /// It is a number in its usual spelling.
    Number(u64),
    /// It is something else, and lies here in the row.
    Spelt { start: u32, len: u32 },
    /// The row does not have the field that was named, but the usual one: that tells it apart, and is not its ID.
    Other { start: u32, len: u32 },
}

impl FoundId {
    /// The ID as a number, where it is one; `row` is the row that it was found in.
    #[inline]
    pub(super) fn number(self, row: &[u8]) -> Option<u64> {
        match self {
            Self::Number(id) => Some(id),
            Self::Spelt { start, len } => number(text(row, start, len)?),
            Self::Nowhere | Self::Other { .. } => None,
        }
    }

    /// What tells the row apart.
    #[inline]
    pub(super) fn identity(self, row: &[u8]) -> Identity {
        match self {
            Self::Number(id) => Identity::Number(id),
            Self::Spelt { start, len } | Self::Other { start, len } => {
                match text(row, start, len) {
                    Some(json) => spelling(json),
                    None => Identity::Content(hash(row)),
                }
            }
            Self::Nowhere => Identity::Content(hash(row)),
        }
    }
}

/// The ID of a row, from the field `field` in any case of its letters: a number or a string of digits.
pub fn row_id(row: &str, field: &str) -> Option<u64> {
    let mut cursor = Cursor::<FEW>::new(row);
    let (range, id) = skip_row(&mut cursor, Some(field)).ok()?;
    id.number(row.as_bytes().get(range)?)
}

/// The value of a field, as it stands in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldValue<'a> {
    json: &'a str,
    is_plain: bool,
}

impl<'a> FieldValue<'a> {
    /// A value of which nothing but its JSON is known.
    pub fn of_json(json: &'a str) -> Self {
        Self {
            json,
            is_plain: false,
        }
    }

    /// Its JSON.
    #[inline]
    pub fn json(self) -> &'a str {
        self.json
    }

    /// The string that it is, where it is one without escapes: nearly every value is.
    #[inline]
    pub fn plain_text(self) -> Option<&'a str> {
        if self.is_plain {
            self.json.get(1..self.json.len() - 1)
        } else {
            None
        }
    }
}

/// Gives `each` the name and the JSON of every field of a row, in their order. `false`: the row is not an object, or
/// has a name with escapes, and some of its fields may have been given.
///
/// ```
/// let mut fields = Vec::new();
/// let row = r#"{"ID":"7","PHONE":[]}"#;
/// assert!(brimful_protocol::rows::each_field(row, |name, json| fields.push((name, json))));
/// assert_eq!(fields, [("ID", r#""7""#), ("PHONE", "[]")]);
/// ```
#[must_use]
#[inline]
pub fn each_field<'a>(row: &'a str, mut each: impl FnMut(&'a str, &'a str)) -> bool {
    each_value(row, |name, value| each(name, value.json))
}

/// The same as [`each_field`], with what was seen of the values on the way.
///
/// ```
/// let mut texts = Vec::new();
/// let row = r#"{"ID":7,"NAME":"Ann","TITLE":"1\/2"}"#;
/// assert!(brimful_protocol::rows::each_value(row, |_, value| texts.push(value.plain_text())));
/// assert_eq!(texts, [None, Some("Ann"), None]);
/// ```
#[must_use]
#[inline]
pub fn each_value<'a>(row: &'a str, mut each: impl FnMut(&'a str, FieldValue<'a>)) -> bool {
    let mut cursor = Cursor::<FEW>::new(row);
    let mut walk = || {
        if !cursor.opens_object()? {
            return Ok(cursor.is_at_end());
        }
        loop {
            cursor.pass_usual_members([usize::MAX; 2], |name, json, is_plain| {
                let json = &row[json];
                each(&row[name], FieldValue { json, is_plain });
            });
            let name = cursor.key()?.unescaped().ok_or(Broken)?;
            let (json, is_plain) = cursor.value_and_plainness()?;
            each(name, FieldValue { json, is_plain });
            if cursor.closes(b'}')? {
                return Ok(cursor.is_at_end());
            }
        }
    };
    let walked: Result<bool, Broken> = walk();
    walked == Ok(true)
}

/// Steps over a row and picks its ID up on the way; where the row lies, and where its ID is in it.
#[inline]
pub(super) fn skip_row<const PLACES: usize>(
    cursor: &mut Cursor<'_, PLACES>,
    field: Option<&str>,
) -> Result<(Range<usize>, FoundId), Broken> {
    let mut named = None;
    let mut usual = None;
    let row = cursor.range(|cursor| {
        let (Some(field), b'{') = (field, cursor.peek()?) else {
            return cursor.skip();
        };
        let is_usual = field.eq_ignore_ascii_case(USUAL);
        if !cursor.opens_object()? {
            return Ok(());
        }
        loop {
            let looks_for_usual = !is_usual && usual.is_none();
            let length_if =
                |looked_for: bool, key: &str| if looked_for { key.len() } else { usize::MAX };
            let stop_at = [
                length_if(named.is_none(), field),
                length_if(looks_for_usual, USUAL),
            ];
            cursor.pass_usual_members(stop_at, |_, _, _| {});
            let key = cursor.key()?;
            if named.is_none() && key.is_ignoring_case(field) {
                named = Some(cursor.located()?);
            } else if looks_for_usual && key.is_ignoring_case(USUAL) {
                usual = Some(cursor.located()?);
            } else {
                cursor.skip()?;
            }
            if cursor.closes(b'}')? {
                return Ok(());
            }
        }
    })?;
    let id = match (named, usual) {
        (Some((at, json)), _) => found(json, at - row.start),
        (None, Some((at, json))) => match found(json, at - row.start) {
            FoundId::Number(_) => place(json, at - row.start, true),
            FoundId::Spelt { start, len } => FoundId::Other { start, len },
            other => other,
        },
        (None, None) => FoundId::Nowhere,
    };
    Ok((row, id))
}

/// What the ID `json` is, which lies at `at` in its row.
#[inline]
fn found(json: &str, at: usize) -> FoundId {
    let bare = bare(json);
    // Nineteen digits always fit.
    if (1..20).contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_digit())
        && (bare.len() == 1 || !bare.starts_with('0'))
    {
        return FoundId::Number(bare.bytes().fold(0, |id, b| id * 10 + u64::from(b - b'0')));
    }
    found_otherwise(json, at)
}

#[cold]
fn found_otherwise(json: &str, at: usize) -> FoundId {
    let blank = bare(json).trim().is_empty();
    if blank || matches!(json, "null" | "true" | "false") || json.starts_with(['[', '{']) {
        return FoundId::Nowhere;
    }
    match bare(json).parse::<u64>() {
        Ok(id) if id.to_string() == bare(json) => FoundId::Number(id),
        _ => place(json, at, false),
    }
}

fn place(json: &str, at: usize, other: bool) -> FoundId {
    // A body is smaller than 4 GiB, and so is all that lies in it.
    let (start, len) = (at as u32, json.len() as u32);
    if other {
        FoundId::Other { start, len }
    } else {
        FoundId::Spelt { start, len }
    }
}

/// An ID without its quotes.
#[inline]
fn bare(json: &str) -> &str {
    json.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json)
}

fn text(row: &[u8], start: u32, len: u32) -> Option<&str> {
    let (start, len) = (start as usize, len as usize);
    std::str::from_utf8(row.get(start..start.checked_add(len)?)?).ok()
}

fn spelling(json: &str) -> Identity {
    let bare = bare(json);
    match found(json, 0) {
        FoundId::Number(id) => Identity::Number(id),
        _ => Identity::Text(hash(bare.as_bytes())),
    }
}

fn number(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct OptionalId(#[serde(deserialize_with = "scalar::optional_id")] Option<u64>);

    serde_json::from_str::<OptionalId>(json).ok()?.0
}

/// 128 bits, so that rows of no list are taken for each other.
fn hash(bytes: &[u8]) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
