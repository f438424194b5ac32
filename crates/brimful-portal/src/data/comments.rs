//! Comments on tasks.

use std::collections::BTreeMap;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: u64,
    /// Unix seconds.
    pub(crate) posted: i64,
    pub(crate) message: String,
}

/// The comments of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    by_task: BTreeMap<u64, Vec<Comment>>,
    last: u64,
}

impl Comments {
    /// The comments on a task, oldest first.
    pub(crate) fn of(&self, task: u64) -> &[Comment] {
        self.by_task.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Adds a comment to a task and gives its ID.
    pub(crate) fn add(&mut self, task: u64, author: u64, posted: i64, message: String) -> u64 {
        self.last += 1;
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
        self.by_task.remove(&task);
    }

    /// How many comments are held.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.by_task.values().map(Vec::len).sum()
    }

    /// A comment on a task, to be changed.
    pub(crate) fn find(&mut self, task: u64, id: u64) -> Option<&mut Comment> {
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
        comments.len() < before
    }
}
