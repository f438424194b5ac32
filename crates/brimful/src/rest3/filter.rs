//! Filters of REST 3.0: conditions as lists of three, joined by `and` or `or`, in groups.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A filter: conditions that all hold, or of which one does.
///
/// ```
/// use brimful::rest3::Filter;
/// use serde_json::json;
///
/// let filter = Filter::new()
///     .and("id", ">", 100)
///     .and("status", "in", json!([2, 3]))
///     .group(Filter::any().or("creatorId", "=", 1).or("responsibleId", "=", 1));
/// assert_eq!(
///     serde_json::to_value(&filter).unwrap(),
///     json!([
///         ["id", ">", 100],
///         ["status", "in", [2, 3]],
///         {"logic": "or", "conditions": [["creatorId", "=", 1], ["responsibleId", "=", 1]]},
///     ])
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    logic: Logic,
    negative: bool,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Logic {
    #[default]
    And,
    Or,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Field(String, String, Value),
    Group(Filter),
}

impl Filter {
    /// Conditions that all hold.
    pub fn new() -> Self {
        Self::default()
    }

    /// Conditions of which one holds.
    pub fn any() -> Self {
        Self {
            logic: Logic::Or,
            ..Self::default()
        }
    }

    /// The rows that this filter does not let through.
    #[must_use]
    pub fn negative(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// One more condition: a field, an operator (`=`, `!=`, `>`, `>=`, `<`, `<=`, `in`, `between`) and a value.
    #[must_use]
    pub fn and(
        mut self,
        field: impl Into<String>,
        operator: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        let condition = Condition::Field(field.into(), operator.into(), value.into());
        self.conditions.push(condition);
        self
    }

    /// The same, in a filter of which one condition holds.
    #[must_use]
    pub fn or(
        self,
        field: impl Into<String>,
        operator: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        self.and(field, operator, value)
    }

    /// A group as one more condition.
    #[must_use]
    pub fn group(mut self, group: Self) -> Self {
        self.conditions.push(Condition::Group(group));
        self
    }

    fn list(self) -> Value {
        let conditions = self
            .conditions
            .into_iter()
            .map(|condition| match condition {
                Condition::Field(field, operator, value) => json!([field, operator, value]),
                Condition::Group(group) => group.into_group(),
            });
        Value::Array(conditions.collect())
    }

    fn into_group(self) -> Value {
        let logic = match self.logic {
            Logic::And => "and",
            Logic::Or => "or",
        };
        let mut group = json!({ "logic": logic });
        if self.negative {
            group["negative"] = Value::Bool(true);
        }
        group["conditions"] = self.list();
        group
    }
}

impl From<Filter> for Value {
    fn from(filter: Filter) -> Self {
        if filter.logic == Logic::And && !filter.negative {
            filter.list()
        } else {
            filter.into_group()
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(serializer)
    }
}
