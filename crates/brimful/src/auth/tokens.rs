//! What the OAuth server gives out: a pair of tokens, and where they are good for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use brimful_protocol::{Array, Value};
use serde::{Deserialize, Serialize};

use super::{PortalAddress, PortalAddressError, Secret};

/// The tokens of one user of one portal for one application.
///
/// `Debug` does not show the tokens. Serialised they are in clear: what stores them has to keep them to itself.
///
/// ```
/// use brimful::Tokens;
///
/// let tokens = Tokens::new("https://example.bitrix24.ru", "4cc355", "r3fr35h")?;
/// assert!(!format!("{tokens:?}").contains("r3fr35h"));
/// # Ok::<(), brimful::PortalAddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "StoredTokens", try_from = "StoredTokens")]
#[non_exhaustive]
pub struct Tokens {
    /// Goes with every call. It is valid for an hour.
    pub access: Secret,
    /// Gets the next pair. It is valid for 180 days, and for one refresh.
    pub refresh: Secret,
    /// Where methods are called (`client_endpoint`).
    pub portal: PortalAddress,
    /// When the access token expires, in Unix seconds.
    pub expires: Option<u64>,
    /// The REST interface of the OAuth server, whose `/oauth/token/` gives the next pair.
    pub server_endpoint: Option<String>,
    /// The portal's own ID, which a rename leaves as it is.
    pub member_id: Option<String>,
    /// The user for whom the application calls.
    pub user_id: Option<u64>,
    /// What the application may do: `crm`, `task`, …
    pub scope: Vec<String>,
    /// The application's status: `F` free, `D` demo, `T` trial, `P` paid, `L` local.
    pub status: Option<String>,
}

/// Why a reply or a form holds no tokens. What it does hold is not repeated.
///
/// ```
/// let error = "{}".parse::<serde_json::Value>().and_then(serde_json::from_value::<brimful::Tokens>);
/// assert!(error.is_err(), "they have an access token at least");
/// ```
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokensError {
    /// Something that has to be there is not.
    #[error("there is no {0} in it")]
    Missing(&'static str),
    /// The portal's address is none.
    #[error("{0}")]
    Address(#[from] PortalAddressError),
}

impl Tokens {
    /// The tokens of the portal at an address (`https://portal.bitrix24.ru`), had from somewhere else.
    pub fn new(
        portal: &str,
        access: impl Into<Secret>,
        refresh: impl Into<Secret>,
    ) -> Result<Self, PortalAddressError> {
        Ok(Self {
            access: access.into(),
            refresh: refresh.into(),
            portal: portal.parse()?,
            expires: None,
            server_endpoint: None,
            member_id: None,
            user_id: None,
            scope: Vec::new(),
            status: None,
        })
    }

    /// The tokens in a reply of the OAuth server or in the `auth` of an event.
    pub(crate) fn read(fields: &Array) -> Result<Self, TokensError> {
        let text = |name: &'static str| {
            let value = fields.get(name).map(Value::to_text);
            value.filter(|text| !text.is_empty())
        };
        let needed = |name| text(name).ok_or(TokensError::Missing(name));
        let number = |name| text(name)?.parse::<u64>().ok();
        let (access, refresh) = (needed("access_token")?, needed("refresh_token")?);
        let portal = match text("client_endpoint") {
            Some(endpoint) => endpoint.parse()?,
            // In a reply `domain` is that of the OAuth server, in an event that of the portal, which says its endpoint too.
            None => return Err(TokensError::Missing("client_endpoint")),
        };
        let scope = text("scope").unwrap_or_default();
        Ok(Self {
            access: access.into(),
            refresh: refresh.into(),
            portal,
            expires: number("expires")
                .or_else(|| Some(now().saturating_add(number("expires_in")?))),
            server_endpoint: text("server_endpoint"),
            member_id: text("member_id"),
            user_id: number("user_id"),
            scope: scope
                .split([',', ' '])
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            status: text("status"),
        })
    }

    /// The next pair, with what its reply leaves out, and without what it may not change.
    pub(crate) fn followed_by(&self, mut next: Self) -> Self {
        if !next.portal.is_https() && self.portal.is_https() {
            next.portal = self.portal.clone();
        }
        next.server_endpoint = next
            .server_endpoint
            .or_else(|| self.server_endpoint.clone());
        next.member_id = next.member_id.or_else(|| self.member_id.clone());
        next.user_id = next.user_id.or(self.user_id);
        next.status = next.status.or_else(|| self.status.clone());
        if next.scope.is_empty() {
            next.scope.clone_from(&self.scope);
        }
        next
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}

/// Tokens as they are stored, under the names that the OAuth server has for them.
#[derive(Clone, Serialize, Deserialize)]
struct StoredTokens {
    access_token: String,
    refresh_token: String,
    client_endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl From<Tokens> for StoredTokens {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.expose().to_owned(),
            client_endpoint: tokens.portal.to_string(),
            expires: tokens.expires,
            server_endpoint: tokens.server_endpoint,
            member_id: tokens.member_id,
            user_id: tokens.user_id,
            scope: tokens.scope.join(","),
            status: tokens.status,
        }
    }
}

impl TryFrom<StoredTokens> for Tokens {
    type Error = PortalAddressError;

    fn try_from(stored: StoredTokens) -> Result<Self, Self::Error> {
        Ok(Self {
            access: stored.access_token.into(),
            refresh: stored.refresh_token.into(),
            portal: stored.client_endpoint.parse()?,
            expires: stored.expires,
            server_endpoint: stored.server_endpoint,
            member_id: stored.member_id,
            user_id: stored.user_id,
            scope: stored
                .scope
                .split(',')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            status: stored.status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(form: &str) -> Array {
        brimful_protocol::query::decode(form.as_bytes())
    }

    const REPLY: &str = "access_token=aaa&refresh_token=rrr&client_endpoint=https://portal.test/rest/\
        &server_endpoint=https://oauth.bitrix.info/rest/&domain=oauth.bitrix.info&member_id=m1&expires=1772348400\
        &expires_in=3600&scope=crm,task&status=L&user_id=7";

    #[test]
    fn a_reply_is_read_whole() {
        let tokens = Tokens::read(&fields(REPLY)).unwrap();
        assert!(tokens.access.matches("aaa") && tokens.refresh.matches("rrr"));
        assert_eq!(tokens.portal.to_string(), "https://portal.test/rest/");
        assert_eq!(
            (tokens.expires, tokens.user_id),
            (Some(1_772_348_400), Some(7))
        );
        assert_eq!(tokens.scope, ["crm", "task"]);
    }

    #[test]
    fn what_is_stored_comes_back_and_debugging_shows_no_token() {
        let tokens = Tokens::read(&fields(REPLY)).unwrap();
        let text = serde_json::to_string(&tokens).unwrap();
        assert_eq!(serde_json::from_str::<Tokens>(&text).unwrap(), tokens);
        let shown = format!("{tokens:?}");
        assert!(!shown.contains("aaa") && !shown.contains("rrr"), "{shown}");
    }

    #[test]
    fn tokens_that_are_not_there_are_missed_by_name() {
        let missing = |form: &str| Tokens::read(&fields(form)).unwrap_err();
        assert_eq!(
            missing("access_token=a"),
            TokensError::Missing("refresh_token")
        );
        assert_eq!(
            missing("access_token=a&refresh_token=r"),
            TokensError::Missing("client_endpoint")
        );
    }

    #[test]
    fn the_next_pair_does_not_lead_from_https_to_http() {
        let tokens = Tokens::read(&fields(REPLY)).unwrap();
        let next = Tokens::new("http://portal.test", "a2", "r2").unwrap();
        let next = tokens.followed_by(next);
        assert!(next.portal.is_https() && next.access.matches("a2"));
        assert_eq!(next.user_id, Some(7));
    }
}
