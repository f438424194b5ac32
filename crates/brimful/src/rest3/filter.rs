//! Filters of REST 3.0: conditions as lists of three, joined by `and` or `or`, in groups.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::json::to_value;

/// A filter: conditions that all hold, or of which one does. An operator that REST 3.0 does not have, or a value that JSON
/// does not have (NaN), is the error of the call that the filter is given to.
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
    /// A value that cannot be written is the reason why.
    Field(String, String, Result<Value, String>),
    Group(Filter),
}

/// The operators of REST 3.0 (Bitrix24 REST documentation, "REST 3.0").
const OPERATORS: [&str; 8] = ["=", "!=", ">", ">=", "<", "<=", "in", "between"];

fn unknown_operator(field: &str, operator: &str) -> String {
    format!(
        "the condition on {field} has the operator {operator:?}, which REST 3.0 does not have: write one of {}",
        OPERATORS.join(", ")
    )
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

    /// The rows that this filter does not let through: what was said so far is negated, what is said later is not. Of a
    /// filter that says nothing yet, all conditions are negated that follow.
    #[must_use]
    pub fn negative(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// What was said so far, **and** this: a field, an operator (`=`, `!=`, `>`, `>=`, `<`, `<=`, `in`, `between`) and a
    /// value. Behind an `or`, what was said so far becomes a group.
    ///
    /// ```
    /// use brimful::rest3::Filter;
    /// use serde_json::json;
    ///
    /// let mine_or_yours = Filter::new().and("creatorId", "=", 1).or("creatorId", "=", 2);
    /// assert_eq!(
    ///     serde_json::to_value(mine_or_yours).unwrap(),
    ///     json!({"logic": "or", "conditions": [["creatorId", "=", 1], ["creatorId", "=", 2]]})
    /// );
    /// ```
    #[must_use]
    pub fn and(
        self,
        field: impl Into<String>,
        operator: impl Into<String>,
        value: impl Serialize,
    ) -> Self {
        self.joined_by(Logic::And, field.into(), operator.into(), value)
    }

    /// What was said so far, **or** this. Behind several conditions joined by `and`, they become a group.
    #[must_use]
    pub fn or(
        self,
        field: impl Into<String>,
        operator: impl Into<String>,
        value: impl Serialize,
    ) -> Self {
        self.joined_by(Logic::Or, field.into(), operator.into(), value)
    }

    fn joined_by(
        self,
        logic: Logic,
        field: String,
        operator: String,
        value: impl Serialize,
    ) -> Self {
        let value =
            to_value(value, &format!("the value of {field}")).map_err(|error| error.to_string());
        let is_known = OPERATORS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&operator));
        let value = if is_known {
            value
        } else {
            Err(unknown_operator(&field, &operator))
        };
        let mut whole = self.open_to(logic);
        whole
            .conditions
            .push(Condition::Field(field, operator, value));
        whole
    }

    /// A filter to which conditions can be joined by `logic`, with what was said so far as a group where it has to be one.
    fn open_to(self, logic: Logic) -> Self {
        let is_closed = match self.conditions.len() {
            0 => false,
            1 => self.negative,
            _ => self.negative || self.logic != logic,
        };
        if is_closed {
            Self {
                logic,
                negative: false,
                conditions: vec![Condition::Group(self)],
            }
        } else {
            Self { logic, ..self }
        }
    }

    /// A group as one more condition, joined like those before it.
    #[must_use]
    pub fn group(self, group: Self) -> Self {
        let logic = self.logic;
        let mut whole = self.open_to(logic);
        whole.conditions.push(Condition::Group(group));
        whole
    }

    fn list(&self) -> Result<Value, String> {
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Field(field, operator, value) => {
                Ok(json!([field, operator, value.clone()?]))
            }
            Condition::Group(group) => group.group_value(),
        });
        conditions.collect()
    }

    fn group_value(&self) -> Result<Value, String> {
        let logic = match self.logic {
            Logic::And => "and",
            Logic::Or => "or",
        };
        let mut group = json!({ "logic": logic });
        if self.negative {
            group["negative"] = Value::Bool(true);
        }
        group["conditions"] = self.list()?;
        Ok(group)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = if self.logic == Logic::And && !self.negative {
            self.list()
        } else {
            self.group_value()
        };
        value.map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(filter: Filter) -> Value {
        serde_json::to_value(filter).unwrap()
    }

    #[test]
    fn a_number_that_json_does_not_have_is_refused_by_its_field() {
        let filter = Filter::new().and("id", ">", 1).or("sum", "<", f64::NAN);
        let error = serde_json::to_value(filter).unwrap_err().to_string();
        assert!(error.contains("the value of sum"), "{error}");
    }

    #[test]
    fn or_means_or_and_and_means_and_wherever_they_stand() {
        let (a, b, c) = (
            json!(["a", "=", 1]),
            json!(["b", "=", 2]),
            json!(["c", "=", 3]),
        );
        let ab = Filter::new().and("a", "=", 1).and("b", "=", 2);
        assert_eq!(
            value(ab.or("c", "=", 3)),
            json!({"logic": "or", "conditions": [{"logic": "and", "conditions": [a, b]}, c]})
        );
        let either = Filter::new().or("a", "=", 1).or("b", "=", 2);
        assert_eq!(
            value(either.clone()),
            json!({"logic": "or", "conditions": [a, b]})
        );
        assert_eq!(
            value(either.and("c", "=", 3)),
            json!([{"logic": "or", "conditions": [a, b]}, c])
        );
    }

    #[test]
    fn a_condition_after_negative_is_not_negated() {
        let not_a = || Filter::new().and("a", "=", 1).negative();
        let negated = json!({"logic": "and", "negative": true, "conditions": [["a", "=", 1]]});
        assert_eq!(
            value(not_a().and("b", "=", 2)),
            json!([negated, ["b", "=", 2]])
        );
        let group = Filter::any().or("b", "=", 2).or("c", "=", 3);
        assert_eq!(
            value(not_a().group(group)),
            json!([
                negated,
                {"logic": "or", "conditions": [["b", "=", 2], ["c", "=", 3]]},
            ])
        );
        let neither = Filter::any().or("a", "=", 1).or("b", "=", 2).negative();
        assert_eq!(
            value(neither.or("c", "=", 3)),
            json!({"logic": "or", "conditions": [
                {"logic": "or", "negative": true, "conditions": [["a", "=", 1], ["b", "=", 2]]},
                ["c", "=", 3],
            ]})
        );
        assert_eq!(
            value(Filter::new().negative().and("a", "=", 1)),
            negated,
            "nothing was said before it"
        );
    }

    #[test]
    fn an_operator_that_rest_3_does_not_have_is_refused_with_those_that_it_has() {
        for operator in ["==", "", "><", "like"] {
            let filter = Filter::new().and("id", operator, 1);
            let error = serde_json::to_value(filter).unwrap_err().to_string();
            assert!(error.contains(&format!("{operator:?}")), "{error}");
            assert!(
                error.contains("on id") && error.contains("between"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_negative_filter_stays_negative_when_something_is_joined_to_it() {
        let not_a = Filter::new().and("a", "=", 1).negative();
        assert_eq!(
            value(not_a.or("b", "=", 2)),
            json!({"logic": "or", "conditions": [
                {"logic": "and", "negative": true, "conditions": [["a", "=", 1]]},
                ["b", "=", 2],
            ]})
        );
    }
}
