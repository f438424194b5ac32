//! Who calls: what of a credential goes into the address and the headers of a request, and how it is renewed.
//!
//! A webhook's secret stands in its address. An application has an access token, which expires: [`bearer`] holds it and
//! renews it for everybody at once, [`oauth`] refreshes it, [`callback`] asks the caller's own function.

mod address;
mod app;
mod authorize;
mod bearer;
mod callback;
mod credential;
mod file_store;
mod install;
mod oauth;
mod store;
mod token_failure;
mod token_server;
mod tokens;
mod webhook;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tracing::warn;
use url::Url;

pub use address::{PortalAddress, PortalAddressError, route};
pub use app::AppCredentials;
pub use authorize::{Authorization, Authorize};
pub use credential::Credential;
pub use file_store::FileTokenStore;
pub use install::Installation;
pub use oauth::OAuth;
pub use store::{MemoryTokenStore, StoreError, TokenStore};
pub use tokens::{Tokens, TokensError};
pub use webhook::{Webhook, WebhookError};

use address::Address;
pub(crate) use address::{host_of, may_follow};
pub(crate) use bearer::Pass;
pub(crate) use callback::TokenCallback;
pub(crate) use credential::ParsedCredential;
pub(crate) use token_failure::TokenFailure;

use crate::error::Error;
use crate::retry::Retry;
use crate::secret::Secret;
use crate::transport::Transport;
use crate::waits::WaitLog;
use bearer::Bearer;
use oauth::Refresher;
use token_server::TokenServer;

/// The target of the log line that a portal has moved to another address: `brimful::moved`. It is a warning, and comes
/// once for each move.
///
/// ```
/// // A filter for `tracing_subscriber::filter::Targets` that lets this line through, and nothing else.
/// let filter = format!("{}=warn", brimful::MOVED_LOG);
/// assert_eq!(filter, "brimful::moved=warn");
/// ```
pub const MOVED_LOG: &str = "brimful::moved";

/// The two interfaces of a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Api {
    /// `/rest/…`.
    Rest,
    /// `/rest/api/…`: REST 3.0.
    Rest3,
}

/// A credential of one portal, and where that is.
#[derive(Debug)]
pub(crate) struct Auth {
    address: Arc<RwLock<Address>>,
    bearer: Option<Bearer>,
    refresher: Option<Refresher>,
}

impl Auth {
    /// Who calls, over `transport` where tokens have to be refreshed.
    pub(crate) fn new(
        credential: ParsedCredential,
        transport: &Arc<dyn Transport>,
        retry: Retry,
        wait_log: &Arc<WaitLog>,
    ) -> Result<Self, Error> {
        let useless = |failure: TokenFailure| failure.into_error("the access token cannot be used");
        let at = |address| Arc::new(RwLock::new(address));
        Ok(match credential {
            ParsedCredential::Webhook(webhook) => Self {
                address: at(Address::Webhook(webhook)),
                bearer: None,
                refresher: None,
            },
            ParsedCredential::TokenCallback(portal, callback) => Self {
                address: at(Address::Portal(portal)),
                bearer: Some(Bearer::new(callback, None).map_err(useless)?),
                refresher: None,
            },
            ParsedCredential::OAuth(oauth) => {
                let OAuth { app, tokens, store } = *oauth;
                let address = at(Address::Portal(tokens.portal.clone()));
                let first = tokens.access.clone();
                let server = TokenServer {
                    app,
                    transport: Arc::clone(transport),
                    retry,
                    wait_log: Arc::clone(wait_log),
                };
                let refresher = Refresher::new(server, tokens, store, Arc::clone(&address));
                Self {
                    address,
                    bearer: Some(Bearer::new(refresher.clone(), Some(first)).map_err(useless)?),
                    refresher: Some(refresher),
                }
            }
        })
    }

    fn address(&self) -> Address {
        self.address
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The address of `method`, secrets included.
    pub(crate) fn url(&self, api: Api, method: &str) -> Url {
        self.address().method_url(api, method)
    }

    /// Scheme, host and port of the portal, and `/` behind them.
    pub(crate) fn origin(&self) -> Url {
        self.address().origin()
    }

    /// Leave to call, waited for while a token is renewed.
    pub(crate) async fn pass(&self) -> Result<Pass, TokenFailure> {
        match &self.bearer {
            None => Ok(Pass::FREE),
            Some(bearer) => bearer.pass().await,
        }
    }

    /// Leave to call, if there is no waiting for it.
    pub(crate) fn pass_at_hand(&self) -> Option<Pass> {
        match &self.bearer {
            None => Some(Pass::FREE),
            Some(bearer) => bearer.at_hand(),
        }
    }

    /// The portal has accepted what it was sent.
    pub(crate) fn accepted(&self, pass: &Pass) {
        if let Some(bearer) = &self.bearer {
            bearer.accepted(pass);
        }
    }

    /// The portal has refused a token: gets another one, once for everybody who was refused.
    pub(crate) async fn renew(&self, pass: &Pass) -> Result<(), TokenFailure> {
        match &self.bearer {
            None => Ok(()),
            Some(bearer) => bearer.renew(pass).await,
        }
    }

    /// The portal has moved from `from` to `to`, and is called there from now on. What was said of an address that is
    /// no longer the portal's does not count.
    pub(crate) fn move_to(&self, from: &Url, to: &Url) {
        {
            let mut address = self.address.write().unwrap_or_else(PoisonError::into_inner);
            if address.origin().origin() != from.origin() {
                return;
            }
            *address = address.moved_to(to);
        }
        let (from, to) = (host_of(from), host_of(to));
        warn!(
            target: MOVED_LOG,
            "the portal has moved from {from} to {to} and is called there from now on: change the address that you give"
        );
        if let Some(refresher) = &self.refresher {
            refresher.moved();
        }
    }
}

/// The portal, without secrets.
impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}
