//! Comments on tasks.

use std::collections::BTreeMap;

use super::changes::{ChangeLog, RowChange};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: u64,
    /// Unix seconds.
    pub(crate) posted: i64,
    pub(crate) message: String,
}

/// Comments are messages of a forum, and the first message of a topic is the portal's own.
const FIRST_MESSAGE: u64 = 1;

/// The comments of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    by_task: BTreeMap<u64, Vec<Comment>>,
    last: u64,
    /// What calls have done to comments, and the task of each.
    changes: ChangeLog,
    changed_in: BTreeMap<u64, u64>,
}

impl Comments {
    /// The comments on a task, oldest first.
    pub(crate) fn of(&self, task: u64) -> &[Comment] {
        self.by_task.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Adds a comment to a task and gives its ID.
    pub(crate) fn add(&mut self, task: u64, author: u64, posted: i64, message: String) -> u64 {
        self.last = self.last.max(FIRST_MESSAGE) + 1;
        self.note(task, self.last, RowChange::Added);
        self.by_task.entry(task).or_default().push(Comment {
            id: self.last,
            author,
            posted,
            message,
        });
        self.last
    }

    /// Forgets the comments on a task.
    pub(crate) fn forget(&mut self, task: u64) {
        for comment in self.by_task.remove(&task).unwrap_or_default() {
            self.note(task, comment.id, RowChange::Deleted);
        }
    }

    /// How many comments are held.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.by_task.values().map(Vec::len).sum()
    }

    /// A comment on a task, to be changed.
    pub(crate) fn find(&mut self, task: u64, id: u64) -> Option<&mut Comment> {
        let is_there = self.of(task).iter().any(|comment| comment.id == id);
        if is_there {
            self.note(task, id, RowChange::Updated);
        }
        let comments = self.by_task.get_mut(&task)?;
        comments.iter_mut().find(|comment| comment.id == id)
    }

    /// Deletes a comment; whether it was there.
    pub(crate) fn delete(&mut self, task: u64, id: u64) -> bool {
        let Some(comments) = self.by_task.get_mut(&task) else {
            return false;
        };
        let before = comments.len();
        comments.retain(|comment| comment.id != id);
        let was_there = comments.len() < before;
        if was_there {
            self.note(task, id, RowChange::Deleted);
        }
        was_there
    }

    /// All comments and their tasks.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u64, &Comment)> {
        let tasks = self.by_task.iter();
        tasks.flat_map(|(task, comments)| comments.iter().map(|comment| (*task, comment)))
    }

    /// The highest ID ever given.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn set_last(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// Puts a comment with its ID.
    pub(crate) fn restore(&mut self, task: u64, comment: Comment) {
        self.last = self.last.max(comment.id);
        self.by_task.entry(task).or_default().push(comment);
    }

    fn note(&mut self, task: u64, id: u64, change: RowChange) {
        self.changed_in.insert(id, task);
        self.changes.note(id, change);
    }

    /// What calls have done to comments since the last time: the task, the comment, the change.
    pub(crate) fn take_changes(&mut self) -> Vec<(u64, u64, RowChange)> {
        let tasks = std::mem::take(&mut self.changed_in);
        let changes = self.changes.take().into_iter();
        changes
            .map(|(id, change)| (tasks.get(&id).copied().unwrap_or(0), id, change))
            .collect()
    }
}
