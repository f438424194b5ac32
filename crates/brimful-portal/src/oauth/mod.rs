//! The OAuth server: the page where a user lets an application in, and the tokens that the application gets.
//!
//! On a real portal the page is the portal's and the tokens are given out by a server of their own. Here both are under
//! one address, which replies name wherever they name the server, so that a client which takes the server from them
//! comes back here.

mod app;
mod install;
mod page;
mod store;
mod token;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Method as Verb, Request, Response};

pub use app::App;
pub use install::InstallError;
use store::Store;

use crate::auth::Caller;
use crate::config::{PortalConfig, Scopes, Statuses};
use crate::method::MethodError;
use crate::portal::Core;
use crate::{methods, respond, rest3};

/// How long a code can be exchanged for tokens.
const CODE_TTL: Duration = Duration::from_secs(30);
/// How long a token can be refreshed.
const REFRESH_TTL: Duration = Duration::from_secs(180 * 24 * 3600);

/// Which of the server's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/oauth/authorize/`
    Authorize,
    /// `/oauth/token/`
    Token,
}

impl Door {
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

/// The applications, and what they were given.
#[derive(Debug)]
pub(crate) struct Server {
    apps: Vec<App>,
    token_ttl: Duration,
    /// The address as configured.
    address: Option<String>,
    /// The address that a socket was bound to.
    bound: OnceLock<String>,
    member_id: String,
    store: Mutex<Store>,
}

impl Server {
    pub(crate) fn new(config: &PortalConfig, seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x6f61_7574_6832);
        Self {
            apps: config.apps.clone(),
            token_ttl: config.token_ttl,
            address: config.address.clone(),
            bound: OnceLock::new(),
            member_id: format!("{:032x}", chance.u128(..)),
            store: Mutex::new(Store::new(chance)),
        }
    }

    /// Whom a token lets in; `None` if the server did not give it out.
    pub(crate) fn admit(
        &self,
        token: &str,
        now: Duration,
        statuses: Statuses,
    ) -> Option<Result<Caller, MethodError>> {
        let store = self.store();
        let access = store.access(token)?;
        Some(if access.is_over(now) {
            Err(respond::expired_token(statuses))
        } else {
            let grant = &access.grant;
            Ok(Caller::application(
                &grant.client_id,
                grant.user,
                grant.scopes.clone(),
            ))
        })
    }

    /// Remembers the address of a socket that the portal listens on.
    pub(crate) fn bound_to(&self, address: String) {
        // The first one is the portal's.
        let _ = self.bound.set(address);
    }

    /// Scheme and host of the portal as a request knows it.
    pub(crate) fn origin(&self, request: &Request<Bytes>) -> String {
        self.address(Some(request)).0
    }

    /// What only this portal would write under a text.
    pub(crate) fn signature(&self, text: &str) -> String {
        install::application_token(&self.member_id, text)
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of the portal as this request knows it.
    fn address(&self, request: Option<&Request<Bytes>>) -> Address {
        let asked = request.and_then(|request| {
            let uri = request.uri();
            let host = request.headers().get(HOST);
            let host = host
                .and_then(|host| host.to_str().ok())
                .or_else(|| uri.authority().map(http::uri::Authority::as_str))
                .filter(|host| !host.is_empty())?;
            // Over HTTP/1.1 an address says nothing of TLS.
            let bound = self.bound.get().and_then(|bound| bound.split_once("://"));
            let scheme = uri.scheme_str().or(bound.map(|(scheme, _)| scheme));
            Some(format!("{}://{host}", scheme.unwrap_or("http")))
        });
        let base = self
            .address
            .clone()
            .or(asked)
            .or_else(|| self.bound.get().cloned())
            .unwrap_or_else(|| "http://127.0.0.1".to_owned());
        Address(base.trim_end_matches('/').to_owned())
    }
}

/// The address of the portal: `https://portal.test`.
struct Address(String);

impl Address {
    /// Where methods are called.
    fn endpoint(&self) -> String {
        format!("{}/rest/", self.0)
    }

    /// Without the scheme.
    fn domain(&self) -> &str {
        self.0
            .split_once("://")
            .map_or(self.0.as_str(), |(_, domain)| domain)
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
pub(crate) fn answer(core: &Core, request: &Request<Bytes>, door: Door) -> Response<Bytes> {
    match door {
        Door::Authorize => page::answer(core, request),
        Door::Token if matches!(*request.method(), Verb::GET | Verb::POST | Verb::HEAD) => {
            token::answer(core, request)
        }
        Door::Token => respond::html(http::StatusCode::METHOD_NOT_ALLOWED),
    }
}
