//! Tests of rows that were given: equality, order and a few patterns, on the names that the rows have. Names that no row
//! has are dropped in silence, as older lists do; what controllers say to them is not documented for most.

use std::cmp::Ordering;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::collection::{Collection, compare, text, to_json};

/// A test of one field.
#[derive(Debug)]
pub(super) struct Test {
    key: String,
    operation: Operation,
    wanted: Vec<Json>,
}

/// What is asked of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    OneOf,
    NoneOf,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    ContainsNot,
    Between,
}

const PREFIXES: &[(&str, Operation)] = &[
    ("!=%", Operation::ContainsNot),
    ("!%=", Operation::ContainsNot),
    ("!%", Operation::ContainsNot),
    ("!=", Operation::NoneOf),
    ("!@", Operation::NoneOf),
    ("!", Operation::NoneOf),
    ("><", Operation::Between),
    (">=", Operation::GreaterOrEqual),
    ("<=", Operation::LessOrEqual),
    (">", Operation::Greater),
    ("<", Operation::Less),
    ("=%", Operation::Contains),
    ("%=", Operation::Contains),
    ("%", Operation::Contains),
    ("?", Operation::Contains),
    ("@", Operation::OneOf),
    ("=", Operation::OneOf),
];

/// The tests that a filter of prefixed names states.
pub(super) fn tests(filter: Option<&Array>, of: &Collection) -> Vec<Test> {
    let test = |(key, value): (&brimful_protocol::Key, &Value)| {
        let text = key.to_text();
        let known = PREFIXES
            .iter()
            .find_map(|&(prefix, operation)| Some((text.strip_prefix(prefix)?, operation)));
        let (name, operation) = known.unwrap_or((&text, Operation::OneOf));
        Test::new(of, name, operation, value)
    };
    filter
        .into_iter()
        .flat_map(Array::iter)
        .filter_map(test)
        .collect()
}

impl Test {
    /// The test of a field that some row has; `None` if none has it.
    pub(super) fn new(
        of: &Collection,
        name: &str,
        operation: Operation,
        value: &Value,
    ) -> Option<Self> {
        use Operation::{Between, NoneOf, OneOf};
        let wanted = match (operation, value) {
            (OneOf | NoneOf | Between, Value::Array(values)) => {
                values.values().map(to_json).collect()
            }
            // An array is the number 1 to a comparison, or 0 if it is empty: a reference that dangles.
            (_, Value::Array(_)) => vec![Json::from(value.to_int())],
            (_, one) => vec![to_json(one)],
        };
        Some(Self {
            key: of.key(name)?.to_owned(),
            operation,
            wanted,
        })
    }

    pub(super) fn holds(&self, row: &Map<String, Json>) -> bool {
        let value = row.get(&self.key);
        let ordering = || compare(value, self.wanted.first());
        let any = || self.wanted.iter().any(|wanted| equals(value, wanted));
        let contains = || {
            let pattern = text(self.wanted.first()).to_lowercase();
            text(value)
                .to_lowercase()
                .contains(pattern.trim_matches('%'))
        };
        match self.operation {
            Operation::OneOf => any(),
            Operation::NoneOf => !any(),
            Operation::Less => ordering() == Ordering::Less,
            Operation::LessOrEqual => ordering() != Ordering::Greater,
            Operation::Greater => ordering() == Ordering::Greater,
            Operation::GreaterOrEqual => ordering() != Ordering::Less,
            Operation::Contains => contains(),
            Operation::ContainsNot => !contains(),
            Operation::Between => {
                ordering() != Ordering::Less
                    && compare(value, self.wanted.get(1)) != Ordering::Greater
            }
        }
    }
}

/// A field with several values equals what one of them does.
fn equals(value: Option<&Json>, wanted: &Json) -> bool {
    match value {
        Some(Json::Array(values)) => values.iter().any(|value| equals(Some(value), wanted)),
        value => compare(value, Some(wanted)) == Ordering::Equal,
    }
}
