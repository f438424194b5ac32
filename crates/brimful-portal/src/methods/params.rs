//! How methods read their parameters.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError};

impl Call<'_> {
    /// A parameter of a legacy method: `filter`, `FILTER`, `Filter`, `arFilter` and the like.
    pub(crate) fn legacy(&self, name: &str) -> Option<&Value> {
        self.params
            .get_ignoring_case(name)
            .or_else(|| self.params.get_ignoring_case(&format!("ar{name}")))
    }

    /// A legacy parameter that is an array; anything else counts as absent.
    pub(crate) fn legacy_array(&self, name: &str) -> Option<&Array> {
        self.legacy(name).and_then(Value::as_array)
    }

    /// A parameter of a controller, which must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&Value, MethodError> {
        self.params
            .get(name)
            .filter(|value| **value != Value::Null)
            .ok_or_else(|| missing(name))
    }

    /// The parameter `start` as the portal casts it.
    pub(crate) fn start(&self) -> i64 {
        self.params.get("start").map_or(0, Value::to_int)
    }

    /// The text of a parameter in any case of its letters; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        let value = self.params.get_ignoring_case(name);
        value.map(Value::to_text).unwrap_or_default()
    }

    /// The clock in whole seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.now as i64
    }
}

/// The strings of a list, or one bare string.
pub(crate) fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Text(one)) => vec![one.as_str()],
        Some(Value::Array(array)) => array.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The error of a controller that lacks a parameter.
pub(crate) fn missing(name: &str) -> MethodError {
    MethodError::new(
        400,
        "100",
        format!("Could not find value for parameter {{{name}}}"),
    )
}

/// The error of legacy methods: it has no code.
pub(crate) fn legacy_error(description: &str) -> MethodError {
    MethodError::new(400, "", description)
}
