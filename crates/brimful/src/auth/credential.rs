//! What a client is built with: a webhook's address, or an application with its tokens.

use std::fmt;

use super::{OAuth, Webhook};

/// Who calls. It is made from the address of a webhook, from [`OAuth`], or from the address of a portal alone for
/// [`ClientBuilder::token_with`](crate::ClientBuilder::token_with).
pub struct Credential(pub(crate) Kind);

pub(crate) enum Kind {
    /// Looked at when the client is built.
    Address(String),
    OAuth(Box<OAuth>),
    Webhook(Webhook),
}

impl From<String> for Credential {
    fn from(address: String) -> Self {
        Self(Kind::Address(address))
    }
}

impl From<&str> for Credential {
    fn from(address: &str) -> Self {
        Self(Kind::Address(address.to_owned()))
    }
}

impl From<&String> for Credential {
    fn from(address: &String) -> Self {
        Self(Kind::Address(address.clone()))
    }
}

impl From<Webhook> for Credential {
    fn from(webhook: Webhook) -> Self {
        Self(Kind::Webhook(webhook))
    }
}

impl From<OAuth> for Credential {
    fn from(oauth: OAuth) -> Self {
        Self(Kind::OAuth(Box::new(oauth)))
    }
}

/// Without what may be a secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Address(_) => f.write_str("Address(…)"),
            Kind::OAuth(oauth) => oauth.fmt(f),
            Kind::Webhook(webhook) => webhook.fmt(f),
        }
    }
}
