//! What became of tasks, change by change.

use std::collections::{BTreeMap, VecDeque};

use brimful_protocol::Value;

/// So many changes of a task are held; the oldest go.
const MOST: usize = 1_000;

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
    by_task: BTreeMap<u64, VecDeque<Change>>,
    last: u64,
}

impl History {
    /// The changes of a task, oldest first.
    pub(crate) fn of(&self, task: u64) -> impl Iterator<Item = &Change> {
        self.by_task.get(&task).into_iter().flatten()
    }

    /// Forgets the changes of a task.
    pub(crate) fn forget(&mut self, task: u64) {
        self.by_task.remove(&task);
    }

    /// How many changes are held.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.by_task.values().map(VecDeque::len).sum()
    }

    /// Writes a change down; its own ID is given here.
    pub(crate) fn note(&mut self, task: u64, change: Change) {
        self.last += 1;
        let change = Change {
            id: self.last,
            ..change
        };
        let changes = self.by_task.entry(task).or_default();
        changes.push_back(change);
        if changes.len() > MOST {
            changes.pop_front();
        }
    }
}
