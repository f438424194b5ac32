//! The OAuth server: the page where a user lets an application in, and the tokens that the application gets.
//!
//! On a real portal the page is the portal's and the tokens are given out by a server of their own. Here both are under
//! one address, which replies name wherever they name the server, so that a client which takes the server from them
//! comes back here.

mod app;
mod install;
mod page;
mod token;

use std::time::Duration;

use bytes::Bytes;
use http::{Method as Verb, Request, Response};

pub use app::App;
pub use install::InstallError;
pub(crate) use install::install;

use crate::bodies::envelope;
use crate::calls::Backend;
use crate::context::settings::Scopes;
use crate::methods;
use crate::methods::rest3;

/// Which of the server's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/oauth/authorize/`
    Authorize,
    /// `/oauth/token/`
    Token,
}

impl Endpoint {
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/oauth/authorize" => Some(Self::Authorize),
            "/oauth/token" => Some(Self::Token),
            _ => None,
        }
    }

    /// The name by which faults are ordered for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authorize => "oauth.authorize",
            Self::Token => "oauth.token",
        }
    }
}

/// The applications, and how long their tokens are valid.
#[derive(Debug)]
pub(crate) struct Server {
    apps: Vec<App>,
    token_ttl: Duration,
}

impl Server {
    pub(crate) fn new(apps: Vec<App>, token_ttl: Duration) -> Self {
        Self { apps, token_ttl }
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }
}

/// Scopes as a list; all there are, if nothing is left out.
fn scope_list(scopes: &Scopes, separator: &str) -> String {
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

/// Answers a request to the server.
pub(crate) fn answer(
    server: &Server,
    backend: &Backend,
    request: &Request<Bytes>,
    endpoint: Endpoint,
) -> Response<Bytes> {
    match endpoint {
        Endpoint::Authorize => page::answer(server, backend, request),
        Endpoint::Token if matches!(*request.method(), Verb::GET | Verb::POST | Verb::HEAD) => {
            token::answer(server, backend, request)
        }
        Endpoint::Token => envelope::html(http::StatusCode::METHOD_NOT_ALLOWED),
    }
}
