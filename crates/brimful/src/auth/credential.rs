//! What a client is built with: a webhook's address, or an application with its tokens.

use std::fmt;

use super::{OAuth, PortalAddress, PortalAddressError, TokenCallback, Webhook, WebhookError};
use crate::error::Error;
use crate::transport::Route;

/// Who calls. It is made from the address of a webhook, from [`OAuth`], or from the address of a portal alone for
/// [`ClientBuilder::token_with`](crate::ClientBuilder::token_with).
///
/// ```
/// use brimful::Client;
///
/// // An address goes in as it is: that of an incoming webhook, or with a token that of a portal.
/// let by_webhook = Client::builder("https://example.bitrix24.ru/rest/1/code/").build()?;
/// let by_token = Client::builder("https://example.bitrix24.ru")
///     .token_with(async || Ok::<_, std::io::Error>("t0ken".to_owned()))
///     .build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
pub struct Credential(CredentialKind);

enum CredentialKind {
    /// Looked at when the client is built.
    Address(String),
    OAuth(Box<OAuth>),
    Webhook(Webhook),
}

/// A credential that was looked at.
pub(crate) enum ParsedCredential {
    Webhook(Webhook),
    TokenCallback(PortalAddress, TokenCallback),
    OAuth(Box<OAuth>),
}

impl ParsedCredential {
    pub(crate) fn of(credential: Credential, token: Option<TokenCallback>) -> Result<Self, Error> {
        let config = |error: &dyn std::error::Error| Error::config(error.to_string());
        match (credential.0, token) {
            (CredentialKind::Address(address), None) => address
                .parse()
                .map(Self::Webhook)
                .map_err(|error: WebhookError| config(&error)),
            (CredentialKind::Address(address), Some(callback)) => address
                .parse()
                .map(|portal| Self::TokenCallback(portal, callback))
                .map_err(|error: PortalAddressError| config(&error)),
            (CredentialKind::Webhook(webhook), None) => Ok(Self::Webhook(webhook)),
            (CredentialKind::OAuth(oauth), None) => Ok(Self::OAuth(oauth)),
            (_, Some(_)) => Err(Error::config(
                "a webhook and an application need no function for tokens: give the portal's address alone",
            )),
        }
    }

    /// The way to the portal.
    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Webhook(webhook) => webhook.route(),
            Self::TokenCallback(portal, _) => portal.route(),
            // The server of its tokens shows a certificate, whatever the portal does.
            Self::OAuth(oauth) => Route {
                is_encrypted: true,
                ..oauth.tokens.portal.route()
            },
        }
    }
}

impl From<String> for Credential {
    fn from(address: String) -> Self {
        Self(CredentialKind::Address(address))
    }
}

impl From<&str> for Credential {
    fn from(address: &str) -> Self {
        Self(CredentialKind::Address(address.to_owned()))
    }
}

impl From<&String> for Credential {
    fn from(address: &String) -> Self {
        Self(CredentialKind::Address(address.clone()))
    }
}

impl From<Webhook> for Credential {
    fn from(webhook: Webhook) -> Self {
        Self(CredentialKind::Webhook(webhook))
    }
}

impl From<OAuth> for Credential {
    fn from(oauth: OAuth) -> Self {
        Self(CredentialKind::OAuth(Box::new(oauth)))
    }
}

/// Without what may be a secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            CredentialKind::Address(_) => f.write_str("Address(…)"),
            CredentialKind::OAuth(oauth) => oauth.fmt(f),
            CredentialKind::Webhook(webhook) => webhook.fmt(f),
        }
    }
}
