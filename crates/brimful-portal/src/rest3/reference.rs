//! `{"$ref": "alias.path"}` and `{"$refArray": "alias.field"}`: what later items of a batch take from earlier ones.
//!
//! Only what is under `item` or `items` can be referred to, and the path goes on from there; IDs and `true` that other
//! methods return cannot.

use brimful_protocol::reference::MOST_BROUGHT_IN;
use brimful_protocol::{Array, Value};

use crate::context::MethodError;
use crate::methods::rest3::error;

/// What the items so far have returned, by alias.
#[derive(Debug, Default)]
pub(super) struct Context(Array);

impl Context {
    /// Keeps what an item returned.
    pub(super) fn keep(&mut self, alias: &str, result: &Value) {
        if let Some(value) = result.get("item").or_else(|| result.get("items")) {
            self.0.insert(alias, value.clone());
        }
    }

    /// `value` with what its references refer to.
    pub(super) fn resolve(&self, value: &Value) -> Result<Value, MethodError> {
        let mut left = MOST_BROUGHT_IN;
        self.resolve_within(value, &mut left)
    }

    fn resolve_within(&self, value: &Value, left: &mut usize) -> Result<Value, MethodError> {
        let Value::Array(array) = value else {
            return Ok(value.clone());
        };
        let given = |key: &str| array.get(key).filter(|value| **value != Value::Null);
        if let Some(path) = given("$ref") {
            let found = self.walk(text(path)?)?;
            take(left, found.weight())?;
            return Ok(found.clone());
        }
        if let Some(path) = given("$refArray") {
            let found = self.pluck(text(path)?)?;
            take(left, found.weight())?;
            return Ok(found);
        }
        let mut resolved = Array::with_capacity(array.len());
        for (key, value) in array.iter() {
            resolved.insert(key.clone(), self.resolve_within(value, left)?);
        }
        Ok(Value::Array(resolved))
    }

    fn walk(&self, path: &str) -> Result<&Value, MethodError> {
        let missing = || error::invalid_select(&format!("Path '{path}' not found in context"));
        let mut steps = path.split('.');
        let alias = steps.next().unwrap_or_default();
        let mut at = self.0.get(alias).ok_or_else(missing)?;
        for step in steps {
            at = at.get(step).ok_or_else(missing)?;
        }
        if *at == Value::Null {
            return Err(missing());
        }
        Ok(at)
    }

    fn pluck(&self, path: &str) -> Result<Value, MethodError> {
        let Some((rows, field)) = path.rsplit_once('.') else {
            return Err(error::invalid_select(
                "Invalid $refArray format - expected 'path.to.array.field'",
            ));
        };
        let Value::Array(rows) = self.walk(rows)? else {
            let text = format!("Path '{rows}' must point to an array or iterable");
            return Err(error::invalid_select(&text));
        };
        let value = |row: &Value| {
            row.get(field)
                .filter(|value| **value != Value::Null)
                .cloned()
                .ok_or_else(|| {
                    error::invalid_select(&format!("Field '{field}' not found in items"))
                })
        };
        let values: Result<Vec<Value>, MethodError> = rows.values().map(value).collect();
        Ok(values?.into_iter().collect())
    }
}

/// What references bring in is taken from what they may.
fn take(left: &mut usize, weight: usize) -> Result<(), MethodError> {
    *left = left.checked_sub(weight).ok_or_else(error::too_large)?;
    Ok(())
}

fn text(path: &Value) -> Result<&str, MethodError> {
    path.as_str()
        .ok_or_else(|| error::invalid_select("Invalid reference value - expected string"))
}
