//! The ID of an item as a caller has it: an integer or a text.

use std::fmt;

/// The ID of an item. Any integer or text makes one; the number 7 and the text `"7"` are the same ID, as they are for a
/// portal.
///
/// ```
/// use brimful::ItemId;
/// assert_eq!(ItemId::from(7), ItemId::from("7"));
/// assert_eq!(ItemId::from("chat42").as_str(), "chat42");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(Box<str>);

impl ItemId {
    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// IDs of the caller's, wherever they come from.
pub(super) fn boxed<'i, I>(ids: I) -> Box<dyn Iterator<Item = ItemId> + Send + 'i>
where
    I: Iterator<Item: Into<ItemId>> + Send + 'i,
{
    Box::new(ids.map(Into::into))
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ItemId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for ItemId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&String> for ItemId {
    fn from(id: &String) -> Self {
        Self(id.as_str().into())
    }
}

impl From<&Self> for ItemId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for ItemId {
            fn from(id: $integer) -> Self {
                Self(id.to_string().into())
            }
        }

        impl From<&$integer> for ItemId {
            fn from(id: &$integer) -> Self {
                Self(id.to_string().into())
            }
        }
    )*};
}

from_integers!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);
