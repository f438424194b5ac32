//! Which methods a portal has: those of [`crate::methods`] and `batch`, and what its fixtures serve; in tests further ones.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::context::MethodName;
use crate::data::fixtures::{Api, Fixtures, Served};
use crate::methods;
use crate::methods::method::{Handler, Method};
use crate::methods::refused_callers::{self, CallerRefusal};
use crate::methods::rest3;
use crate::methods::rest3::Endpoint;

/// The name under which the batch is counted.
pub(crate) static BATCH: MethodName = Cow::Borrowed("batch");

/// What a name stands for.
#[derive(Clone, Copy)]
pub(crate) enum CallTarget<'r> {
    Batch,
    Method(&'r Method),
}

/// The methods of a portal.
#[derive(Default)]
pub(crate) struct Registry {
    further: &'static [Method],
    served: HashMap<String, Method>,
    endpoints: HashMap<String, Endpoint>,
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

    /// With what the fixtures serve. What was given for a method comes before its model; the methods beside a list that was
    /// given come after theirs.
    pub(crate) fn and_served(mut self, fixtures: &Fixtures) -> Self {
        for served in fixtures.methods() {
            let name = served.name.clone();
            match served.api {
                Api::Rest if served.given || methods::find(&name).is_none() => {
                    let method = method(&served, name.clone());
                    self.served.insert(name, method);
                }
                Api::Rest3 if served.given || rest3::find(&name).is_none() => {
                    let endpoint = rest3::served(method(&served, name.clone()));
                    self.endpoints.insert(name, endpoint);
                }
                Api::Rest | Api::Rest3 => {}
            }
        }
        self
    }

    /// Looks `name` up in lower case.
    pub(crate) fn find(&self, name: &str) -> Option<CallTarget<'_>> {
        let name = name.to_ascii_lowercase();
        if name == BATCH {
            return Some(CallTarget::Batch);
        }
        if let Some(method) = self.further.iter().find(|method| method.name == name) {
            return Some(CallTarget::Method(method));
        }
        let method = self.served.get(&name).or_else(|| methods::find(&name));
        method.map(CallTarget::Method)
    }

    /// What a webhook is told that calls `name`, in lower case, if only applications may. A reply that was given for a
    /// method is served to all.
    pub(crate) fn webhook_refusal(&self, name: &str) -> Option<CallerRefusal> {
        if self.served.contains_key(name) {
            return None;
        }
        refused_callers::refusal_of_webhooks(name)
    }

    /// What a user who is not an administrator is told that calls `name`, in lower case, if only administrators may. A
    /// reply that was given for a method is served to all.
    pub(crate) fn user_refusal(&self, name: &str) -> Option<CallerRefusal> {
        if self.served.contains_key(name) {
            return None;
        }
        refused_callers::refusal_of_users(name)
    }

    /// Looks a method of REST 3.0 up by its name in lower case.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name).or_else(|| rest3::find(name))
    }
}

/// A method of the fixtures.
fn method(served: &Served, name: String) -> Method {
    let handler = match (served.api, served.writes) {
        (Api::Rest, false) => Handler::Read(super::fixtures::rest::read),
        (Api::Rest, true) => Handler::Write(super::fixtures::rest::write),
        (Api::Rest3, false) => Handler::Read(super::fixtures::rest3::read),
        (Api::Rest3, true) => Handler::Write(super::fixtures::rest3::write),
    };
    Method {
        name: Cow::Owned(name),
        scope: served.scope,
        handler,
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
