//! Who calls: what of a credential goes into the address and the headers of a request.

mod webhook;

use std::fmt;

use url::Url;

pub use webhook::{Webhook, WebhookError};

use crate::transport::Route;

/// The two interfaces of a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Api {
    /// `/rest/…`.
    Rest,
    /// `/rest/api/…`: REST 3.0.
    Rest3,
}

/// A credential of one portal.
#[derive(Debug)]
pub(crate) enum Auth {
    Webhook(Webhook),
}

impl Auth {
    /// The address of `method`, secrets included.
    pub(crate) fn url(&self, api: Api, method: &str) -> Url {
        match self {
            Self::Webhook(webhook) => webhook.method_url(api, method),
        }
    }

    /// The way to the portal.
    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Webhook(webhook) => webhook.route(),
        }
    }
}

/// The portal, without secrets.
impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(webhook) => webhook.fmt(f),
        }
    }
}
