//! A call for each of many items.

use std::sync::Arc;

use super::runtime::Runtime;
use crate::ItemOutcome;

/// Calls to be made, one for each item; see [`crate::Each`].
#[derive(Debug)]
#[must_use = "nothing is called before collect() or outcomes()"]
pub struct Each {
    inner: crate::Each,
    runtime: Arc<Runtime>,
}

impl Each {
    pub(super) fn new(inner: crate::Each, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// See [`crate::Each::idempotent`].
    pub fn idempotent(self) -> Self {
        Self {
            inner: self.inner.idempotent(),
            runtime: self.runtime,
        }
    }

    /// The outcomes as they come, in the order of the items.
    pub fn outcomes(self) -> Outcomes {
        let inner = self.runtime.within(|| self.inner.outcomes());
        Outcomes {
            inner,
            runtime: self.runtime,
        }
    }

    /// All outcomes, in the order of the items.
    pub fn collect(self) -> Vec<ItemOutcome> {
        self.runtime.wait(self.inner.collect())
    }
}

/// Outcomes in the order of the items.
#[derive(Debug)]
pub struct Outcomes {
    inner: crate::Outcomes,
    runtime: Arc<Runtime>,
}

impl Iterator for Outcomes {
    type Item = ItemOutcome;

    fn next(&mut self) -> Option<ItemOutcome> {
        self.runtime.wait(self.inner.next())
    }
}
