//! `pagination`: `limit`, and `page` or `offset`.

use brimful_protocol::{Array, Value, json};

use super::error;
use crate::method::MethodError;

/// How many rows come if nobody says.
const USUAL: u64 = 50;
/// How many come at most; more are not refused but not given either.
const MOST: u64 = 1000;

/// Which rows of a list come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pagination {
    pub(super) limit: u64,
    pub(super) offset: u64,
}

impl Pagination {
    /// What `pagination` says. A page counts from 1 and makes an offset beside it count for nothing.
    pub(super) fn parse(pagination: Option<&Value>) -> Result<Self, MethodError> {
        let empty = Array::new();
        let said = match pagination {
            None | Some(Value::Null) => &empty,
            Some(Value::Array(said)) => said,
            Some(other) => return Err(error::invalid_pagination(&json::to_string(other))),
        };
        let limit = limit(said.get("limit"))?;
        let page = number("page", said.get("page"))?;
        let offset = number("offset", said.get("offset"))?;
        let offset = match page {
            Some(0) => return Err(wrong("page", said.get("page"))),
            Some(page) => (page - 1).saturating_mul(limit),
            None => offset.unwrap_or(0),
        };
        Ok(Self { limit, offset })
    }
}

/// A limit of rows.
pub(super) fn limit(said: Option<&Value>) -> Result<u64, MethodError> {
    match number("limit", said)? {
        Some(0) => Err(wrong("limit", said)),
        Some(limit) => Ok(limit.min(MOST)),
        None => Ok(USUAL),
    }
}

fn number(name: &str, said: Option<&Value>) -> Result<Option<u64>, MethodError> {
    let number = match said {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        Some(Value::Text(digits)) => digits.parse().ok(),
        Some(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(name, said))
}

fn wrong(name: &str, said: Option<&Value>) -> MethodError {
    let said = Array::from_iter([(name, said.cloned().unwrap_or_default())]);
    error::invalid_pagination(&json::to_string(&Value::Array(said)))
}
