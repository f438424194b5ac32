//! What a value is held against in a filter.

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::json;

/// A condition on a field's value. A value alone is [`Is`](Condition::Is), an array is [`OneOf`](Condition::OneOf).
///
/// ```
/// use brimful::tasks::{Filter, Condition};
///
/// let filter = Filter::new().id(Condition::Above(100)).group_id([5, 7]).responsible(1);
/// assert_eq!(filter.to_json().unwrap().to_string(), r#"{">ID":100,"GROUP_ID":[5,7],"RESPONSIBLE_ID":1}"#);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition<T> {
    /// The value.
    Is(T),
    /// Any other value, or none.
    IsNot(T),
    /// Greater, or later.
    Above(T),
    /// Not smaller.
    AtLeast(T),
    /// Smaller, or earlier.
    Below(T),
    /// Not greater.
    AtMost(T),
    /// Both ends are in.
    Between(T, T),
    /// A value, and it is not between.
    NotBetween(T, T),
    /// One of several values.
    OneOf(Vec<T>),
    /// None of these values.
    NoneOf(Vec<T>),
    /// There is no value.
    Empty,
    /// There is one.
    Filled,
}

impl<T> From<T> for Condition<T> {
    fn from(value: T) -> Self {
        Self::Is(value)
    }
}

impl<T, const N: usize> From<[T; N]> for Condition<T> {
    fn from(values: [T; N]) -> Self {
        Self::OneOf(values.into())
    }
}

impl<T> From<Vec<T>> for Condition<T> {
    fn from(values: Vec<T>) -> Self {
        Self::OneOf(values)
    }
}

/// A condition as filters write it: a prefix and a value.
pub(super) enum WrittenCondition {
    One(&'static str, Value),
    /// Both hold.
    Both([(&'static str, Value); 2]),
    /// One of both holds.
    Either([(&'static str, Value); 2]),
}

impl<T: Serialize> Condition<T> {
    /// The same with the values as JSON. `what` is named in the error.
    pub(super) fn into_json(self, what: &str) -> Result<Condition<Value>, Error> {
        let one = |value: T| json::to_value(value, what);
        let list = |values: Vec<T>| values.into_iter().map(one).collect::<Result<_, Error>>();
        Ok(match self {
            Self::Is(value) => Condition::Is(one(value)?),
            Self::IsNot(value) => Condition::IsNot(one(value)?),
            Self::Above(value) => Condition::Above(one(value)?),
            Self::AtLeast(value) => Condition::AtLeast(one(value)?),
            Self::Below(value) => Condition::Below(one(value)?),
            Self::AtMost(value) => Condition::AtMost(one(value)?),
            Self::Between(low, high) => Condition::Between(one(low)?, one(high)?),
            Self::NotBetween(low, high) => Condition::NotBetween(one(low)?, one(high)?),
            Self::OneOf(values) => Condition::OneOf(list(values)?),
            Self::NoneOf(values) => Condition::NoneOf(list(values)?),
            Self::Empty => Condition::Empty,
            Self::Filled => Condition::Filled,
        })
    }
}

impl<T: Into<Value>> Condition<T> {
    /// `equal` is the prefix of equality: none, or `=` where a portal takes none for something else.
    ///
    /// Ranges are two conditions: not every portal knows `><`.
    pub(super) fn written(self, equal: &'static str) -> WrittenCondition {
        let list = |values: Vec<T>| Value::Array(values.into_iter().map(Into::into).collect());
        match self {
            Self::Is(value) => WrittenCondition::One(equal, value.into()),
            Self::IsNot(value) => WrittenCondition::One("!", value.into()),
            Self::Above(value) => WrittenCondition::One(">", value.into()),
            Self::AtLeast(value) => WrittenCondition::One(">=", value.into()),
            Self::Below(value) => WrittenCondition::One("<", value.into()),
            Self::AtMost(value) => WrittenCondition::One("<=", value.into()),
            Self::Between(low, high) => {
                WrittenCondition::Both([(">=", low.into()), ("<=", high.into())])
            }
            Self::NotBetween(low, high) => {
                WrittenCondition::Either([("<", low.into()), (">", high.into())])
            }
            Self::OneOf(values) => WrittenCondition::One(equal, list(values)),
            Self::NoneOf(values) => WrittenCondition::One("!", list(values)),
            Self::Empty => WrittenCondition::One("", Value::from("")),
            Self::Filled => WrittenCondition::One("!", Value::from("")),
        }
    }

    /// The same for a number of REST 3.0, as conditions that all hold; nothing where they could not say it.
    pub(super) fn rest3(self) -> Option<Vec<(&'static str, Value)>> {
        Some(match self {
            Self::Is(value) => vec![("=", value.into())],
            Self::IsNot(value) => vec![("!=", value.into())],
            Self::Above(value) => vec![(">", value.into())],
            Self::AtLeast(value) => vec![(">=", value.into())],
            Self::Below(value) => vec![("<", value.into())],
            Self::AtMost(value) => vec![("<=", value.into())],
            Self::Between(low, high) => vec![(">=", low.into()), ("<=", high.into())],
            Self::OneOf(values) if !values.is_empty() => {
                let values = values.into_iter().map(Into::into).collect();
                vec![("in", Value::Array(values))]
            }
            _ => return None,
        })
    }
}
