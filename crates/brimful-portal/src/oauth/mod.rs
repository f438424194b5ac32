//! The OAuth server: the page where a user lets an application in, and the tokens that the application gets.
//!
//! On a real portal the page is the portal's and the tokens are given out by a server of their own. Here both are under
//! one address, which replies name wherever they name the server, so that a client which takes the server from them
//! comes back here.

mod page;
mod token;

use bytes::Bytes;
use http::{Method as Verb, Request, Response};

use crate::bodies::envelope;
use crate::calls::Backend;
use crate::calls::applications::{Applications, scope_list};
use crate::context::app::App;

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

/// Answers a request to the server.
pub(crate) fn answer(
    backend: &Backend,
    request: &Request<Bytes>,
    endpoint: Endpoint,
) -> Response<Bytes> {
    let server = &backend.applications;
    match endpoint {
        Endpoint::Authorize => page::answer(server, backend, request),
        Endpoint::Token if matches!(*request.method(), Verb::GET | Verb::POST | Verb::HEAD) => {
            token::answer(server, backend, request)
        }
        Endpoint::Token => envelope::html(http::StatusCode::METHOD_NOT_ALLOWED),
    }
}
