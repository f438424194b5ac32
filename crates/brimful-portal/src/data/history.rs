//! What became of tasks, change by change.

use std::collections::BTreeMap;

use brimful_protocol::Value;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) id: u64,
    /// Unix seconds.
    pub(crate) at: i64,
    pub(crate) user: u64,
    /// The field, or what happened.
    pub(crate) field: String,
    pub(crate) from: Value,
    pub(crate) to: Value,
}

/// The changes of all tasks.
#[derive(Debug, Default)]
pub(crate) struct History {
    by_task: BTreeMap<u64, Vec<Change>>,
    last: u64,
}

impl History {
    /// The changes of a task, oldest first.
    pub(crate) fn of(&self, task: u64) -> &[Change] {
        self.by_task.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Writes a change down; its own ID is given here.
    pub(crate) fn note(&mut self, task: u64, change: Change) {
        self.last += 1;
        let change = Change {
            id: self.last,
            ..change
        };
        self.by_task.entry(task).or_default().push(change);
    }
}
