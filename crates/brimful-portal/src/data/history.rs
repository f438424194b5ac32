//! The history of tasks, change by change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    /// The tasks whose history has changed.
    changed: BTreeSet<u64>,
}

impl History {
    /// The changes of a task, oldest first.
    pub(crate) fn of(&self, task: u64) -> impl Iterator<Item = &Change> {
        self.by_task.get(&task).into_iter().flatten()
    }

    /// Forgets the changes of a task.
    pub(crate) fn forget(&mut self, task: u64) {
        if self.by_task.remove(&task).is_some() {
            self.changed.insert(task);
        }
    }

    /// The tasks that have a history.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = u64> {
        self.by_task.keys().copied()
    }

    /// The tasks whose history has changed since the last time.
    pub(crate) fn take_changed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// The highest ID ever given.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn set_last(&mut self, last: u64) {
        self.last = last;
    }

    pub(crate) fn restore(&mut self, task: u64, changes: VecDeque<Change>) {
        self.by_task.insert(task, changes);
    }

    /// How many changes are held.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.by_task.values().map(VecDeque::len).sum()
    }

    /// Writes a change down; its own ID is given here.
    pub(crate) fn note(&mut self, task: u64, change: Change) {
        self.last += 1;
        self.changed.insert(task);
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
