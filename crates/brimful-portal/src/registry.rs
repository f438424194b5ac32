//! Which methods a portal has: those of [`crate::methods`] and `batch`; in tests further ones.

use crate::method::Method;
use crate::methods;

/// The name under which the batch is counted.
pub(crate) const BATCH: &str = "batch";

/// What a name stands for.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Batch,
    Method(&'static Method),
}

/// The methods of a portal.
#[derive(Clone, Copy, Default)]
pub(crate) struct Registry {
    further: &'static [Method],
}

impl Registry {
    /// A registry that has `further` methods.
    #[cfg(test)]
    pub(crate) fn with(further: &'static [Method]) -> Self {
        Self { further }
    }

    /// Looks `name` up in lower case.
    pub(crate) fn find(&self, name: &str) -> Option<Target> {
        let name = name.to_ascii_lowercase();
        if name == BATCH {
            return Some(Target::Batch);
        }
        if let Some(method) = self.further.iter().find(|method| method.name == name) {
            return Some(Target::Method(method));
        }
        methods::find(&name).map(Target::Method)
    }
}
