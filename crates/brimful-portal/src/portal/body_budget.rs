//! The memory that the bodies of all requests may take together while they come in and are worked on: many large ones
//! at once must not take all the memory there is.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes all bodies together may take.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    taken: AtomicUsize,
    size: usize,
}

/// What one request takes of it, for as long as it lives.
#[derive(Debug)]
pub(crate) struct BodyShare<'b> {
    budget: &'b BodyBudget,
    taken: usize,
}

impl BodyBudget {
    /// A budget of so many bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            size,
        }
    }

    /// A share, of nothing yet.
    pub(crate) fn share(&self) -> BodyShare<'_> {
        BodyShare {
            budget: self,
            taken: 0,
        }
    }
}

impl BodyShare<'_> {
    /// Takes so many bytes more; says whether there was room.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
        self.taken += bytes;
        before.saturating_add(bytes) <= self.budget.size
    }

    /// Gives everything back.
    pub(crate) fn clear(&mut self) {
        self.budget.taken.fetch_sub(self.taken, Ordering::Relaxed);
        self.taken = 0;
    }
}

impl Drop for BodyShare<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_takes_the_others_lack_until_it_is_given_back() {
        let budget = BodyBudget::new(10);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.grow(6));
        assert!(!other.grow(5));
        other.clear();
        assert!(other.grow(4));
        drop(one);
        assert!(other.grow(6));
        assert!(!other.grow(1));
    }
}
