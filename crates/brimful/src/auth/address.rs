//! Where a portal is: a webhook's address, or that of the portal alone where a token says who calls.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::{Api, Webhook};
use crate::transport::Route;

/// The address of a portal's REST interface, without any secret: `https://portal.bitrix24.ru/rest/`.
///
/// ```
/// let portal: brimful::PortalAddress = "portal.bitrix24.ru".parse()?;
/// assert_eq!(portal.to_string(), "https://portal.bitrix24.ru/rest/");
/// # Ok::<(), brimful::PortalAddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PortalAddress(Url);

/// Why a text is not the address of a portal. The text itself is not repeated: a webhook's has a secret in it.
///
/// ```
/// use brimful::PortalAddress;
///
/// let error = "ftp://example.bitrix24.ru".parse::<PortalAddress>().unwrap_err();
/// println!("{error}");
/// ```
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortalAddressError {
    /// It does not parse as a URL.
    #[error("the portal's address is not a URL ({0}); it looks like https://portal.bitrix24.ru")]
    NotUrl(url::ParseError),
    /// A scheme other than http and https.
    #[error("the portal's address starts with {0}:, not with https:")]
    Scheme(String),
    /// There is a user, a query or a fragment in it.
    #[error(
        "the portal's address has more in it than a host; it looks like https://portal.bitrix24.ru"
    )]
    More,
    /// A webhook's address, or something else behind `/rest/`.
    #[error(
        "the portal's address goes on after the host; with a token it looks like https://portal.bitrix24.ru"
    )]
    Longer,
}

impl PortalAddress {
    /// The portal's host, and its port if it is not the usual one.
    pub fn host(&self) -> String {
        host_of(&self.0)
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Another address of the same portal, without `/rest/`.
    pub(crate) fn page(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The way to it.
    pub(crate) fn route(&self) -> Route {
        route(&self.0)
    }

    /// The address that a reply names, if it may take the place of this one: it may not lead from https to http.
    pub(crate) fn renamed(&self, to: &str) -> Option<Self> {
        let to: Self = to.parse().ok()?;
        (to.is_https() || !self.is_https()).then_some(to)
    }
}

impl FromStr for PortalAddress {
    type Err = PortalAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = &bare(text).replace('\\', "/");
        let mut url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        }
        .map_err(PortalAddressError::NotUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PortalAddressError::Scheme(url.scheme().to_owned()));
        }
        let user = !url.username().is_empty() || url.password().is_some();
        if user || url.query().is_some() || url.fragment().is_some() {
            return Err(PortalAddressError::More);
        }
        let pieces: Vec<&str> = url.path().split('/').filter(|s| !s.is_empty()).collect();
        let path = match pieces.as_slice() {
            [] => "/rest/".to_owned(),
            // A self-hosted portal may have its interface further down.
            [above @ .., "rest"] if !above.contains(&"rest") => format!("/{}/", pieces.join("/")),
            _ => return Err(PortalAddressError::Longer),
        };
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for PortalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PortalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortalAddress({self})")
    }
}

/// An address without what comes along when it is copied: blanks, invisible characters, quotes around it.
pub(super) fn bare(text: &str) -> &str {
    let invisible =
        |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}');
    let quotes = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('<', '>'),
        ('«', '»'),
        ('“', '”'),
    ];
    let text = text.trim_matches(invisible);
    quotes
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
        .map_or(text, |inside| inside.trim_matches(invisible))
}

/// Either of the two.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Webhook(Webhook),
    Portal(PortalAddress),
}

impl Address {
    /// The address of `method`, secrets included.
    pub(crate) fn method_url(&self, api: Api, method: &str) -> Url {
        match self {
            Self::Webhook(webhook) => webhook.method_url(api, method),
            Self::Portal(PortalAddress(base)) => {
                let mut url = base.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty();
                    if api == Api::Rest3 {
                        path.push("api");
                    }
                    path.push(method);
                }
                url
            }
        }
    }

    /// What stands before the host and after it is the same; `to` gives the scheme, the host and the port.
    pub(crate) fn moved_to(&self, to: &Url) -> Self {
        match self {
            Self::Webhook(webhook) => Self::Webhook(webhook.moved_to(to)),
            Self::Portal(PortalAddress(base)) => {
                Self::Portal(PortalAddress(with_origin_of(base, to)))
            }
        }
    }

    /// Scheme, host and port, and `/` behind them.
    pub(crate) fn origin(&self) -> Url {
        let mut origin = match self {
            Self::Webhook(webhook) => webhook.url().clone(),
            Self::Portal(PortalAddress(base)) => base.clone(),
        };
        origin.set_path("/");
        origin
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(webhook) => webhook.fmt(f),
            Self::Portal(portal) => portal.fmt(f),
        }
    }
}

/// `url` at the scheme, host and port of `to`.
pub(crate) fn with_origin_of(url: &Url, to: &Url) -> Url {
    let mut moved = to.clone();
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved.set_fragment(None);
    let _ = moved.set_username("");
    let _ = moved.set_password(None);
    moved
}

/// The host, and the port if it is not the usual one.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The way to a host.
pub fn route(url: &Url) -> Route {
    Route {
        is_direct: is_loopback(url),
        is_encrypted: url.scheme() == "https",
    }
}

/// Whether it is this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether a secret that was meant for `from` may be sent to `to`: not in the clear, unless it was before, and then not
/// from this machine to another.
pub(crate) fn may_follow(from: &Url, to: &Url) -> bool {
    match to.scheme() {
        "https" => true,
        "http" => from.scheme() == "http" && (!is_loopback(from) || is_loopback(to)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_portal_is_named_by_its_host_or_by_its_endpoint() {
        for (text, address) in [
            ("portal.test", "https://portal.test/rest/"),
            ("https://portal.test", "https://portal.test/rest/"),
            (
                "https://portal.test:8443/rest/",
                "https://portal.test:8443/rest/",
            ),
            ("http://127.0.0.1:80/sub/rest", "http://127.0.0.1/sub/rest/"),
        ] {
            let parsed: PortalAddress = text.parse().unwrap();
            assert_eq!(parsed.to_string(), address);
        }
    }

    #[test]
    fn no_refusal_shows_what_may_be_a_secret() {
        for text in [
            "https://portal.test/rest/1/s3cr3tc0de/",
            "https://u:s3cr3tc0de@portal.test/",
            "https://portal.test/?auth=s3cr3tc0de",
            "ftp://portal.test/s3cr3tc0de",
            "https:///s3cr3tc0de:x",
        ] {
            let error = text.parse::<PortalAddress>().unwrap_err().to_string();
            assert!(!error.contains("s3cr3tc0de"), "{text}: {error}");
        }
    }

    #[test]
    fn a_secret_follows_to_https_and_never_further_into_the_clear() {
        for (from, to, may) in [
            ("https://a.test", "https://b.test", true),
            ("http://a.test", "https://b.test", true),
            ("http://a.test", "http://b.test", true),
            ("http://127.0.0.1", "http://127.0.0.1:81", true),
            ("http://127.0.0.1", "http://b.test", false),
            ("https://a.test", "http://b.test", false),
            ("https://a.test", "http://a.test", false),
            ("https://a.test", "ftp://a.test", false),
        ] {
            assert_eq!(may_follow(&url(from), &url(to)), may, "{from} to {to}");
        }
    }
}
