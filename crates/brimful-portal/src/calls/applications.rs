//! The applications that the portal knows, and how long their tokens are valid.

use std::time::Duration;

use crate::context::app::App;
use crate::context::settings::Scopes;
use crate::methods;
use crate::methods::rest3;

/// The applications, and how long their tokens are valid.
#[derive(Debug)]
pub(crate) struct Applications {
    apps: Vec<App>,
    pub(crate) token_ttl: Duration,
}

impl Applications {
    pub(crate) fn new(apps: Vec<App>, token_ttl: Duration) -> Self {
        Self { apps, token_ttl }
    }

    /// The application with this ID.
    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    /// All applications, in the order in which they were configured.
    pub(crate) fn all(&self) -> &[App] {
        &self.apps
    }
}

/// Scopes as a list; all there are, if nothing is left out.
pub(crate) fn scope_list(scopes: &Scopes, separator: &str) -> String {
    let named: Vec<&str> = match scopes {
        Scopes::Only(scopes) => scopes.iter().map(String::as_str).collect(),
        Scopes::All => {
            let older = methods::all().iter().map(|method| method.scope);
            let mut all: Vec<&str> = older.chain(rest3::scopes()).collect();
            all.retain(|scope| !scope.is_empty());
            all.sort_unstable();
            all.dedup();
            all
        }
    };
    named.join(separator)
}
