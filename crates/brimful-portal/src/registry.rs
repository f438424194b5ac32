//! Which methods a portal has: those of [`crate::methods`] and `batch`, and what its shelf serves; in tests further ones.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::method::Method;
use crate::methods;
use crate::rest3::{self, Endpoint};
use crate::shelf::{Door, Shelf};

/// The name under which the batch is counted.
pub(crate) const BATCH: &str = "batch";

/// What a name stands for.
#[derive(Clone, Copy)]
pub(crate) enum Target<'r> {
    Batch,
    Method(&'r Method),
}

/// The methods of a portal.
#[derive(Default)]
pub(crate) struct Registry {
    further: &'static [Method],
    served: HashMap<&'static str, Method>,
    endpoints: HashMap<&'static str, Endpoint>,
}

impl Registry {
    /// A registry that has `further` methods.
    #[cfg(test)]
    pub(crate) fn with(further: &'static [Method]) -> Self {
        Self {
            further,
            ..Self::default()
        }
    }

    /// With what a shelf serves. What was given for a method comes before its model; the methods beside a list that was
    /// given come after theirs.
    pub(crate) fn and_served(mut self, shelf: &Shelf) -> Self {
        for served in shelf.methods() {
            let name = kept(&served.name);
            match served.door {
                Door::Rest if served.given || methods::find(name).is_none() => {
                    self.served.insert(name, served.method(name));
                }
                Door::Rest3 if served.given || rest3::find(name).is_none() => {
                    let endpoint = rest3::served(served.method(name));
                    self.endpoints.insert(name, endpoint);
                }
                Door::Rest | Door::Rest3 => {}
            }
        }
        self
    }

    /// Looks `name` up in lower case.
    pub(crate) fn find(&self, name: &str) -> Option<Target<'_>> {
        let name = name.to_ascii_lowercase();
        if name == BATCH {
            return Some(Target::Batch);
        }
        if let Some(method) = self.further.iter().find(|method| method.name == name) {
            return Some(Target::Method(method));
        }
        let method = self.served.get(&*name).or_else(|| methods::find(&name));
        method.map(Target::Method)
    }

    /// Looks a method of REST 3.0 up by its name in lower case.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name).or_else(|| rest3::find(name))
    }
}

/// A name that lives as long as the program, as those of modelled methods do. Every name is kept once, however many
/// portals serve it.
fn kept(name: &str) -> &'static str {
    static NAMES: OnceLock<Mutex<HashSet<&'static str>>> = OnceLock::new();
    let names = NAMES.get_or_init(Mutex::default);
    let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&name) = names.get(name) {
        return name;
    }
    let name: &'static str = name.to_owned().leak();
    names.insert(name);
    name
}
