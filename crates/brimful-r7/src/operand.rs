//! Values of an item: known ones, and those that another item's reply will hold.

use serde_json::Value as Json;

/// A value of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A known one.
    Value(Json),
    /// One that another item's reply holds.
    Reply(Pointer),
}

/// Where in the reply to another item of the same batch a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    pub(super) item: String,
    pub(super) pointer: String,
}

/// An item whose reply holds a value.
#[derive(Debug, Clone)]
pub struct ReplyOf(String);

/// The reply to the item of this name: `from("me").pointer("/response/id")`.
///
/// The server carries out a batch without looking into its replies, so the item that takes the value goes out in a later
/// request than the one that gives it.
pub fn from(item: impl Into<String>) -> ReplyOf {
    ReplyOf(item.into())
}

impl ReplyOf {
    /// What is at a JSON pointer into the whole reply, the envelope included.
    pub fn pointer(self, pointer: impl Into<String>) -> Pointer {
        Pointer {
            item: self.0,
            pointer: pointer.into(),
        }
    }
}

impl From<Pointer> for Operand {
    fn from(pointer: Pointer) -> Self {
        Self::Reply(pointer)
    }
}

macro_rules! value {
    ($($of:ty),+) => {$(
        impl From<$of> for Operand {
            fn from(value: $of) -> Self {
                Self::Value(value.into())
            }
        }
    )+};
}

value!(Json, &str, String, bool, i32, u32, i64, u64);
