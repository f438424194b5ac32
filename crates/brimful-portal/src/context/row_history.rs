//! The last changes of rows, for `/_portal/changes`: who changed which fields of which row, by which method.

use std::borrow::Cow;
use std::collections::VecDeque;

use parking_lot::Mutex;
use serde_json::Value as Json;

/// So many changes are kept.
const MOST: usize = 10_000;
/// So many bytes of names and values are kept together.
const MOST_BYTES: usize = 16 << 20;
/// A longer value is kept as the beginning of its text.
const LONGEST_VALUE: usize = 1 << 10;

/// A field of a row before and after a change; a field that was not there is null.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct FieldChange {
    pub(crate) field: Cow<'static, str>,
    pub(crate) from: Json,
    pub(crate) to: Json,
}

impl FieldChange {
    /// A change of a field, with long values cut.
    pub(crate) fn new(field: Cow<'static, str>, from: Json, to: Json) -> Self {
        let (from, to) = (cut(from), cut(to));
        Self { field, from, to }
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.field.len() + bytes(&self.from) + bytes(&self.to)
    }
}

/// What was done to a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowDifference {
    /// The name of the entity or of the kind of records.
    pub(crate) entity: Cow<'static, str>,
    pub(crate) id: u64,
    /// `added`, `updated` or `deleted`.
    pub(crate) change: &'static str,
    pub(crate) fields: Vec<FieldChange>,
}

/// Who changes rows, by which method, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangeCause<'c> {
    /// The method, or the option of the portal that changes rows.
    pub(crate) method: &'c Cow<'static, str>,
    pub(crate) user: u64,
    /// Unix seconds by the portal's clock.
    pub(crate) at: f64,
}

/// A change of a row that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptChange {
    /// Counted from 1.
    pub(crate) number: u64,
    /// Unix seconds by the portal's clock.
    pub(crate) at: f64,
    /// The method, or the option of the portal that changes rows.
    pub(crate) method: Cow<'static, str>,
    pub(crate) user: u64,
    pub(crate) row: RowDifference,
}

impl KeptChange {
    fn bytes(&self) -> usize {
        let fields = self.row.fields.iter().map(FieldChange::bytes);
        size_of::<Self>() + self.method.len() + fields.sum::<usize>()
    }
}

/// The last changes of rows.
#[derive(Debug, Default)]
pub(crate) struct RowHistory(Mutex<KeptHistory>);

#[derive(Debug, Default)]
struct KeptHistory {
    changes: VecDeque<KeptChange>,
    bytes: usize,
    entered: u64,
}

impl RowHistory {
    /// Keeps what was done to rows; the oldest changes go.
    pub(crate) fn enter(&self, rows: Vec<RowDifference>, cause: &ChangeCause<'_>) {
        let kept = &mut *self.0.lock();
        for row in rows {
            kept.entered += 1;
            let change = KeptChange {
                number: kept.entered,
                at: cause.at,
                method: cause.method.clone(),
                user: cause.user,
                row,
            };
            kept.bytes += change.bytes();
            kept.changes.push_back(change);
            while kept.changes.len() > MOST || kept.bytes > MOST_BYTES {
                let Some(oldest) = kept.changes.pop_front() else {
                    break;
                };
                kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
            }
        }
    }

    /// The newest changes that pass, the newest first.
    pub(crate) fn newest(
        &self,
        most: usize,
        passes: impl Fn(&KeptChange) -> bool,
    ) -> Vec<KeptChange> {
        let kept = self.0.lock();
        let newest = kept.changes.iter().rev().filter(|change| passes(change));
        newest.take(most).cloned().collect()
    }

    /// Forgets all changes; numbers go on.
    pub(crate) fn clear(&self) {
        let kept = &mut *self.0.lock();
        kept.changes.clear();
        kept.bytes = 0;
    }
}

/// A value, or the beginning of its text where it is long.
fn cut(value: Json) -> Json {
    if bytes(&value) <= LONGEST_VALUE {
        return value;
    }
    let text = match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    let beginning = text.chars().take(LONGEST_VALUE / 4);
    Json::String(beginning.chain(['…']).collect())
}

/// About how many bytes of memory a value takes.
fn bytes(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(values) => values.iter().map(|one| 32 + bytes(one)).sum(),
        Json::Object(values) => values
            .iter()
            .map(|(name, one)| 64 + name.len() + bytes(one))
            .sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(id: u64, to: Json) -> Vec<RowDifference> {
        vec![RowDifference {
            entity: "deal".into(),
            id,
            change: "updated",
            fields: vec![FieldChange::new("TITLE".into(), Json::Null, to)],
        }]
    }

    #[test]
    fn neither_many_changes_nor_long_values_take_more_memory_than_the_history_may_have() {
        let history = RowHistory::default();
        let method = "crm.deal.update".into();
        let cause = ChangeCause {
            method: &method,
            user: 1,
            at: 0.0,
        };
        let enter = |rows| history.enter(rows, &cause);
        for id in 0..3 * MOST as u64 {
            enter(change(id, json!("x")));
        }
        let newest = history.newest(usize::MAX, |_| true);
        assert_eq!((newest.len(), newest[0].number), (MOST, 3 * MOST as u64));
        enter(change(1, json!("ж".repeat(1 << 20))));
        let long = history.newest(1, |_| true);
        let kept = long[0].row.fields[0].to.as_str().unwrap();
        assert!(kept.len() <= LONGEST_VALUE && kept.ends_with('…'));
        for id in 0..MOST as u64 {
            let fields = std::iter::repeat_n("x".repeat(LONGEST_VALUE), 100);
            let fields = fields.map(|to| FieldChange::new("A".into(), Json::Null, json!(to)));
            let mut row = change(id, Json::Null);
            row[0].fields = fields.collect();
            enter(row);
        }
        assert!(history.0.lock().bytes <= MOST_BYTES);
        assert!(history.newest(usize::MAX, |_| true).len() < MOST);
        history.clear();
        assert_eq!(history.newest(1, |_| true), []);
    }
}
