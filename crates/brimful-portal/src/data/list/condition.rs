//! Conditions on rows, as all the families of filters come down to.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::pattern::Pattern;
use crate::data::cell::Cell;
use crate::data::schema::{Class, ID};
use crate::data::table::Row;

/// What rows must be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// A negation includes the rows without a value.
    Not(Box<Self>),
    Test {
        field: usize,
        predicate: Predicate,
    },
    Always,
    Never,
}

/// What a field must be like. A field with several values is, if one of them is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Predicate {
    /// There is no value.
    Empty,
    Compare(Relation, Operand),
    OneOf(Vec<Operand>),
    /// There is a value that is none of these.
    NoneOf(Vec<Operand>),
    Matches(Pattern),
}

/// How a value stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What values are compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Int(i64),
    Number(f64),
    /// A moment in Unix seconds.
    Time(i64),
    /// In lower case.
    Text(String),
}

impl Relation {
    fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl Condition {
    pub(crate) fn test(field: usize, predicate: Predicate) -> Self {
        Self::Test { field, predicate }
    }

    pub(crate) fn compare(field: usize, relation: Relation, operand: Operand) -> Self {
        Self::test(field, Predicate::Compare(relation, operand))
    }

    pub(crate) fn equal(field: usize, operand: Operand) -> Self {
        Self::compare(field, Relation::Equal, operand)
    }

    pub(crate) fn empty(field: usize) -> Self {
        Self::test(field, Predicate::Empty)
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::Any(vec![self, other])
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self::All(vec![self, other])
    }

    /// Whether `row` is like that. `scratch` is room for texts.
    pub(crate) fn holds(&self, row: &Row<'_>, scratch: &mut String) -> bool {
        match self {
            Self::All(all) => all.iter().all(|condition| condition.holds(row, scratch)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(row, scratch)),
            Self::Not(inner) => !inner.holds(row, scratch),
            Self::Test { field, predicate } => predicate.holds(row.cell(*field), scratch),
            Self::Always => true,
            Self::Never => false,
        }
    }

    /// Takes the bounds on the ID out of a condition: the rows that can match, and what is left to ask of them.
    pub(crate) fn split(self) -> (Span, Self) {
        let mut span = Span {
            low: 1,
            high: u64::MAX,
            only: None,
        };
        let mut rest = Vec::new();
        split_into(self, &mut span, &mut rest);
        if let Some(only) = &mut span.only {
            only.sort_unstable();
            only.dedup();
            only.retain(|id| (span.low..=span.high).contains(id));
        }
        let rest = match rest.len() {
            0 => Self::Always,
            1 => rest.remove(0),
            _ => Self::All(rest),
        };
        (span, rest)
    }
}

/// IDs that a condition leaves possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) low: u64,
    pub(crate) high: u64,
    /// The only ones, where the condition lists them; sorted, and within the bounds.
    pub(crate) only: Option<Vec<u64>>,
}

impl Span {
    fn nothing(&mut self) {
        (self.low, self.high) = (1, 0);
    }

    fn keep(&mut self, ids: Vec<u64>) {
        self.only = Some(match self.only.take() {
            Some(only) => {
                let ids: HashSet<u64> = ids.into_iter().collect();
                only.into_iter().filter(|id| ids.contains(id)).collect()
            }
            None => ids,
        });
    }
}

fn split_into(condition: Condition, span: &mut Span, rest: &mut Vec<Condition>) {
    match condition {
        Condition::All(all) => all
            .into_iter()
            .for_each(|condition| split_into(condition, span, rest)),
        Condition::Always => {}
        Condition::Never => span.nothing(),
        Condition::Test {
            field: ID,
            predicate: Predicate::Compare(relation, Operand::Int(id)),
        } => {
            let at = u64::try_from(id).unwrap_or(0);
            match relation {
                Relation::Equal => span.keep(vec![at]),
                Relation::Less if id <= 1 => span.nothing(),
                Relation::Less => span.high = span.high.min(at - 1),
                Relation::LessOrEqual if id < 1 => span.nothing(),
                Relation::LessOrEqual => span.high = span.high.min(at),
                Relation::Greater if id < 0 => {}
                Relation::Greater => span.low = span.low.max(at.saturating_add(1)),
                Relation::GreaterOrEqual => span.low = span.low.max(at),
            }
        }
        Condition::Test {
            field: ID,
            predicate: Predicate::OneOf(operands),
        } => {
            let id = |operand: &Operand| match operand {
                Operand::Int(id) => u64::try_from(*id).ok(),
                _ => None,
            };
            span.keep(operands.iter().filter_map(id).collect());
        }
        other => rest.push(other),
    }
}

impl Predicate {
    pub(crate) fn holds(&self, cell: Cell<'_>, scratch: &mut String) -> bool {
        match self {
            Self::Empty => cell.is_empty(),
            Self::Compare(relation, operand) => cell.any(|value| {
                operand
                    .stands(value, scratch)
                    .is_some_and(|ordering| relation.admits(ordering))
            }),
            Self::OneOf(operands) => cell.any(|value| {
                operands
                    .iter()
                    .any(|operand| operand.stands(value, scratch) == Some(Ordering::Equal))
            }),
            Self::NoneOf(operands) => cell.any(|value| {
                operands
                    .iter()
                    .all(|operand| operand.stands(value, scratch) != Some(Ordering::Equal))
            }),
            Self::Matches(pattern) => cell.any(|value| {
                scratch.clear();
                value.write_text(scratch) && pattern.matches(&lowercase(scratch))
            }),
        }
    }
}

impl Operand {
    /// How `value` stands to the operand; `None` if there is no value.
    fn stands(&self, value: Cell<'_>, scratch: &mut String) -> Option<Ordering> {
        match self {
            Self::Int(operand) => value.to_int().map(|value| value.cmp(operand)),
            Self::Number(operand) => value.to_float().map(|value| value.total_cmp(operand)),
            Self::Time(operand) => value.to_time().map(|value| value.cmp(operand)),
            Self::Text(operand) => match value {
                Cell::Plain(text) | Cell::Text(text) => Some(compare_text(text, operand)),
                _ => {
                    scratch.clear();
                    value
                        .write_text(scratch)
                        .then(|| compare_text(scratch, operand))
                }
            },
        }
    }
}

fn lowercase(text: &str) -> std::borrow::Cow<'_, str> {
    if text
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase())
    {
        text.into()
    } else {
        text.to_lowercase().into()
    }
}

/// Compares without regard to case, as the portal's database does. `lower` is in lower case already.
fn compare_text(text: &str, lower: &str) -> Ordering {
    let (a, b) = (text.as_bytes(), lower.as_bytes());
    if let (Some(&x), Some(&y)) = (a.first(), b.first())
        && x.is_ascii()
        && y.is_ascii()
        && x.to_ascii_lowercase() != y
    {
        return x.to_ascii_lowercase().cmp(&y);
    }
    text.chars().flat_map(char::to_lowercase).cmp(lower.chars())
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) enum SortKey {
    Empty,
    Int(i64),
    Number(f64),
    Text(String),
}

impl SortKey {
    pub(crate) fn of(cell: Cell<'_>, class: Class) -> Self {
        match class {
            Class::Integer => cell.to_int().map_or(Self::Empty, Self::Int),
            Class::Number => cell.to_float().map_or(Self::Empty, Self::Number),
            Class::Time => cell.to_time().map_or(Self::Empty, Self::Int),
            Class::Text => cell
                .to_text()
                .map_or(Self::Empty, |text| Self::Text(text.to_lowercase())),
        }
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}
