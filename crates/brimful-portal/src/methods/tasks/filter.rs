//! Filters of `tasks.task.list`: upper-case names with prefixes, nested groups, and names that stand for several fields.

use brimful_protocol::{Array, Key, Value};

use super::status::StatusFields;
use crate::context::moment;
use crate::context::{Call, MethodError};
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::list::filter_key::{Family, FilterKey, KeyOperation};
use crate::data::list::pattern::Pattern;
use crate::data::list::query::{Direction, Sort};
use crate::data::schema::{Class, ID, Kind, Schema};

/// Who reads, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) user: u64,
    pub(super) now: i64,
}

impl Reader {
    pub(super) fn of(call: &Call<'_>) -> Self {
        Self {
            user: call.user,
            now: call.seconds(),
        }
    }
}

fn key_of(text: &str) -> FilterKey<'_> {
    FilterKey::parse(text, Family::Tasks)
}

/// The condition that `filter` states. What is not understood is ignored.
pub(super) fn condition(schema: &Schema, filter: &Array, reader: Reader) -> Condition {
    // Only groups may be alternatives; the whole filter never is.
    Condition::All(conditions(schema, filter, reader).0)
}

/// The condition of a group; `None`: it is passed over, as any that says nothing, and one of alternatives where one of
/// them says nothing (the server's `taskfilterbuilder.php`).
fn group(schema: &Schema, filter: &Array, reader: Reader) -> Option<Condition> {
    let (conditions, passed_over) = conditions(schema, filter, reader);
    let any = filter
        .get("::LOGIC")
        .is_some_and(|logic| logic.to_text().eq_ignore_ascii_case("or"));
    match (any, conditions.is_empty()) {
        (_, true) => None,
        (true, false) if passed_over => None,
        (true, false) => Some(Condition::Any(conditions)),
        (false, false) => Some(Condition::All(conditions)),
    }
}

/// What the entries state, and whether one of them states nothing.
fn conditions(schema: &Schema, filter: &Array, reader: Reader) -> (Vec<Condition>, bool) {
    let changed = filter
        .iter()
        .any(|(key, _)| key_of(&key.to_text()).name == "CHANGED_DATE");
    let one = |(key, value): (&Key, &Value)| {
        let text = key.to_text();
        if matches!(key, Key::Int(_)) || text.starts_with("::SUBFILTER") {
            return group(schema, value.as_array()?, reader);
        }
        let key = key_of(&text);
        let test = FilterEntry {
            schema,
            reader,
            operation: key.operation,
            is_bare: key.is_bare,
            name: key.name,
            value,
        };
        if key.negative
            && let Some(condition) = test.contrary()
        {
            return Some(condition);
        }
        let condition = test.condition()?;
        Some(if key.negative {
            condition.not()
        } else {
            condition
        })
    };
    let mut all = Vec::new();
    let mut passed_over = false;
    for (key, value) in filter.iter() {
        let text = key.to_text();
        if text == "::LOGIC" || (changed && key_of(&text).name == "ACTIVITY_DATE") {
            continue;
        }
        match one((key, value)) {
            Some(condition) => all.push(condition),
            None => passed_over = true,
        }
    }
    (all, passed_over)
}

/// One entry of a filter.
#[derive(Clone, Copy)]
struct FilterEntry<'t> {
    schema: &'t Schema,
    reader: Reader,
    operation: KeyOperation,
    is_bare: bool,
    name: &'t str,
    value: &'t Value,
}

impl FilterEntry<'_> {
    fn condition(&self) -> Option<Condition> {
        let yes = || self.value.to_text() == "Y";
        match self.name {
            "STATUS" => self.status(),
            "REAL_STATUS" => self.field("STATUS"),
            "MEMBER" => self.people(&["CREATED_BY", "RESPONSIBLE_ID", "ACCOMPLICES", "AUDITORS"]),
            "DOER" => self.people(&["RESPONSIBLE_ID", "ACCOMPLICES"]),
            "ACCOMPLICE" => self.people(&["ACCOMPLICES"]),
            "AUDITOR" => self.people(&["AUDITORS"]),
            "ROLE" => self.role(),
            "TAG" => self.tag(),
            // A task that is under way counts as looked at.
            "VIEWED" => {
                let unseen = self.clockwork()?.not_looked_at();
                Some(if self.value.is_truthy() {
                    unseen.not()
                } else {
                    unseen
                })
            }
            "ONLY_ROOT_TASKS" if yes() => Some(Condition::empty(self.at("PARENT_ID")?)),
            "WO_DEADLINE" if yes() => Some(Condition::empty(self.at("DEADLINE")?)),
            "SEARCH_INDEX" | "FULL_SEARCH_INDEX" => {
                let words = Predicate::Matches(Pattern::words(&self.value.to_text()));
                Some(
                    Condition::test(self.at("TITLE")?, words.clone())
                        .or(Condition::test(self.at("DESCRIPTION")?, words)),
                )
            }
            "TITLE" if self.is_bare => {
                let part = Pattern::contains(&self.value.to_text());
                Some(Condition::test(self.at("TITLE")?, Predicate::Matches(part)))
            }
            "CHANGED_DATE" | "ACTIVITY_DATE" => {
                let changed = self.at(self.name)?;
                let created = self.field("CREATED_DATE")?;
                Some(
                    self.field(self.name)?
                        .or(Condition::empty(changed).and(created)),
                )
            }
            name => match name.strip_suffix("_TS") {
                Some(date) => self.field(date),
                None => self.field(name),
            },
        }
    }

    /// All of these tags (the server's `taskfilterbuilder.php`). A comma is a part of a tag as any other letter.
    fn tag(&self) -> Option<Condition> {
        let at = self.at("TAGS")?;
        let tags: Vec<String> = match self.value {
            Value::Array(tags) => tags.values().map(Value::to_text).collect(),
            one => vec![one.to_text()],
        };
        let tags: Vec<Condition> = tags
            .iter()
            .map(|tag| tag.trim().to_lowercase())
            .filter(|tag| !tag.is_empty())
            .map(|tag| Condition::equal(at, Operand::Text(tag)))
            .collect();
        (!tags.is_empty()).then_some(Condition::All(tags))
    }

    /// What the prefix `!` makes of a name where that is not the contrary: it is passed over before some, and helpers and
    /// onlookers are asked for others than these (the server's `taskfilterbuilder.php`).
    fn contrary(&self) -> Option<Condition> {
        match self.name {
            "MEMBER" | "DOER" | "TAG" => self.condition(),
            "ACCOMPLICE" => self.others("ACCOMPLICES"),
            "AUDITOR" => self.others("AUDITORS"),
            _ => None,
        }
    }

    fn others(&self, field: &str) -> Option<Condition> {
        let people = self.named();
        Some(Condition::test(self.at(field)?, Predicate::NoneOf(people)))
    }

    fn clockwork(&self) -> Option<StatusFields> {
        StatusFields::new(self.schema, self.reader)
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.schema.legacy(name)
    }

    /// The test on the field `name`.
    fn field(&self, name: &str) -> Option<Condition> {
        let at = self.at(name)?;
        let kind = self.schema.get(at).kind;
        let relation = match self.operation {
            KeyOperation::Relation(relation) => relation,
            KeyOperation::In | KeyOperation::Like => Relation::Equal,
            KeyOperation::Between => return self.between(at, kind),
            KeyOperation::Contains | KeyOperation::Words if kind.class() != Class::Text => {
                Relation::Equal
            }
            KeyOperation::Contains => {
                let part = Pattern::contains(&self.value.to_text());
                return Some(Condition::test(at, Predicate::Matches(part)));
            }
            KeyOperation::Words => {
                let words = Pattern::words(&self.value.to_text());
                return Some(Condition::test(at, Predicate::Matches(words)));
            }
        };
        match self.value {
            Value::Array(values) if values.is_empty() => None,
            Value::Array(values) if relation == Relation::Equal => {
                let operands: Option<Vec<Operand>> = values
                    .values()
                    .map(|value| self.operand(kind, value))
                    .collect();
                Some(match operands {
                    Some(operands) => Condition::test(at, Predicate::OneOf(operands)),
                    None => Condition::Any(
                        values
                            .values()
                            .map(|value| self.one(at, kind, relation, value))
                            .collect(),
                    ),
                })
            }
            one => Some(self.one(at, kind, relation, one)),
        }
    }

    fn one(&self, at: usize, kind: Kind, relation: Relation, value: &Value) -> Condition {
        match self.operand(kind, value) {
            None => Condition::empty(at),
            Some(Operand::Int(0)) if relation == Relation::Equal && at != ID => {
                Condition::equal(at, Operand::Int(0)).or(Condition::empty(at))
            }
            Some(operand) => Condition::compare(at, relation, operand),
        }
    }

    /// What a value is to a field: an array is 1 to a number. `None`: the lack of a value.
    fn operand(&self, kind: Kind, value: &Value) -> Option<Operand> {
        let empty = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Text(text) => text.is_empty(),
            _ => false,
        };
        if empty {
            return None;
        }
        Some(match kind.class() {
            Class::Integer => Operand::Int(value.to_float() as i64),
            Class::Number => Operand::Number(value.to_float()),
            Class::Time => Operand::Time(match value {
                Value::Int(seconds) => *seconds,
                other if self.name.ends_with("_TS") => other.to_int(),
                other => moment::parse(&other.to_text(), self.reader.now)?,
            }),
            Class::Text => Operand::Text(value.to_text().to_lowercase()),
        })
    }

    fn between(&self, at: usize, kind: Kind) -> Option<Condition> {
        let Value::Array(ends) = self.value else {
            return None;
        };
        let mut ends = ends.values();
        let low = self.operand(kind, ends.next()?)?;
        let high = self.operand(kind, ends.next()?)?;
        let from = Condition::compare(at, Relation::GreaterOrEqual, low);
        Some(from.and(Condition::compare(at, Relation::LessOrEqual, high)))
    }

    /// Some of these fields name one of these people.
    fn people(&self, fields: &[&str]) -> Option<Condition> {
        Some(self.anybody(fields, &self.named()))
    }

    fn named(&self) -> Vec<Operand> {
        match self.value {
            Value::Array(people) => people
                .values()
                .map(|id| Operand::Int(id.to_int()))
                .collect(),
            one => vec![Operand::Int(one.to_int())],
        }
    }

    fn anybody(&self, fields: &[&str], people: &[Operand]) -> Condition {
        let places = fields.iter().filter_map(|name| self.at(name));
        Condition::Any(
            places
                .map(|at| Condition::test(at, Predicate::OneOf(people.to_vec())))
                .collect(),
        )
    }

    /// What the reader has to do with the task.
    fn role(&self) -> Option<Condition> {
        let roles = match self.value {
            Value::Array(roles) => roles.values().map(Value::to_text).collect(),
            one => vec![one.to_text()],
        };
        let fields: Vec<&str> = roles
            .iter()
            .filter_map(|role| match role.as_str() {
                "R" | "RESPONSIBLE" => Some("RESPONSIBLE_ID"),
                "A" | "ACCOMPLICE" => Some("ACCOMPLICES"),
                "U" | "AUDITOR" => Some("AUDITORS"),
                "O" | "ORIGINATOR" => Some("CREATED_BY"),
                _ => None,
            })
            .collect();
        let reader = [Operand::Int(self.reader.user as i64)];
        (!fields.is_empty()).then(|| self.anybody(&fields, &reader))
    }

    fn status(&self) -> Option<Condition> {
        let clockwork = self.clockwork()?;
        let wanted: Vec<i64> = match self.value {
            Value::Array(values) if values.is_empty() => return None,
            Value::Array(values) => values.values().map(Value::to_int).collect(),
            one => vec![one.to_int()],
        };
        let first = wanted.first().copied()?;
        Some(match self.operation {
            KeyOperation::Relation(Relation::Less) => clockwork.any(|status| status < first),
            KeyOperation::Relation(Relation::LessOrEqual) => {
                clockwork.any(|status| status <= first)
            }
            KeyOperation::Relation(Relation::Greater) => clockwork.any(|status| status > first),
            KeyOperation::Relation(Relation::GreaterOrEqual) => {
                clockwork.any(|status| status >= first)
            }
            KeyOperation::Between => {
                let last = wanted.get(1).copied()?;
                clockwork.any(|status| (first..=last).contains(&status))
            }
            _ => clockwork.any(|status| wanted.contains(&status)),
        })
    }
}

/// What tasks can be sorted by, and the field that it is.
const SORTABLE: &[(&str, &str)] = &[
    ("ID", "ID"),
    ("TITLE", "TITLE"),
    ("TIME_SPENT_IN_LOGS", "TIME_SPENT_IN_LOGS"),
    ("DATE_START", "DATE_START"),
    ("CREATED_DATE", "CREATED_DATE"),
    ("CHANGED_DATE", "CHANGED_DATE"),
    ("CLOSED_DATE", "CLOSED_DATE"),
    ("ACTIVITY_DATE", "ACTIVITY_DATE"),
    ("START_DATE_PLAN", "START_DATE_PLAN"),
    ("END_DATE_PLAN", "END_DATE_PLAN"),
    ("DEADLINE", "DEADLINE"),
    ("STATUS", "STATUS"),
    ("REAL_STATUS", "STATUS"),
    ("STATUS_COMPLETE", "STATUS"),
    ("PRIORITY", "PRIORITY"),
    ("MARK", "MARK"),
    ("CREATED_BY", "CREATED_BY"),
    ("CREATED_BY_LAST_NAME", "CREATED_BY"),
    ("RESPONSIBLE_ID", "RESPONSIBLE_ID"),
    ("RESPONSIBLE_LAST_NAME", "RESPONSIBLE_ID"),
    ("GROUP_ID", "GROUP_ID"),
    ("TIME_ESTIMATE", "TIME_ESTIMATE"),
    ("ALLOW_CHANGE_DEADLINE", "ALLOW_CHANGE_DEADLINE"),
    ("ALLOW_TIME_TRACKING", "ALLOW_TIME_TRACKING"),
    ("MATCH_WORK_TIME", "MATCH_WORK_TIME"),
    ("FAVORITE", "FAVORITE"),
    ("SORTING", "SORTING"),
];

/// The order that `order` states; newest first if it states none.
pub(super) fn order(schema: &Schema, order: &Array) -> Result<Vec<Sort>, MethodError> {
    if order.is_empty() {
        return Ok(vec![Sort {
            field: ID,
            direction: Direction::Descending,
        }]);
    }
    let sort = |(key, direction): (&Key, &Value)| {
        let name = key.to_text();
        let sortable = SORTABLE.iter().find(|(sortable, _)| *sortable == name);
        let Some(field) = sortable.and_then(|(_, field)| schema.legacy(field)) else {
            return Err(MethodError::new(
                400,
                "0",
                format!("Invalid field in order: {name}"),
            ));
        };
        let descending = direction.to_text().to_ascii_lowercase().starts_with("desc");
        Ok(Sort {
            field,
            direction: if descending {
                Direction::Descending
            } else {
                Direction::Ascending
            },
        })
    };
    order.iter().map(sort).collect()
}
