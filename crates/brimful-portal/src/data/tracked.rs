//! A value that remembers whether it was changed, so that what is stored on disk follows.

use std::ops::{Deref, DerefMut};

/// A value. Code that borrows it to change it counts as having changed it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracked<T> {
    value: T,
    is_changed: bool,
}

impl<T> Tracked<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value,
            is_changed: false,
        }
    }

    /// Whether the value was changed since the last time.
    pub(crate) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.is_changed = true;
        &mut self.value
    }
}
