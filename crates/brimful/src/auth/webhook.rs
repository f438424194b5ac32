//! The address of a portal. The code of a webhook is a password that stands in the path, so the address never shows it.

use std::fmt;
use std::str::FromStr;

use brimful_protocol::catalogue;
use url::Url;

use super::Api;
use super::address::{bare, host_of, route, with_origin_of};
use crate::transport::Route;

/// The address of an incoming webhook: `https://portal/rest/1/code/`.
///
/// `Display` and `Debug` show `https://portal/rest/1/…/`: the code is a secret.
///
/// ```
/// let webhook: brimful::Webhook = "https://example.bitrix24.ru/rest/1/abcdefgh/".parse().unwrap();
/// assert_eq!(webhook.to_string(), "https://example.bitrix24.ru/rest/1/…/");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Ends in a slash; methods are joined to it.
    base: Url,
    /// The same for REST 3.0: `/rest/api/1/code/`.
    base3: Url,
    user: String,
}

/// Why a text is not the address of a webhook. The text itself is not repeated: it may hold the secret.
///
/// ```
/// use brimful::Webhook;
///
/// let error = "https://example.bitrix24.ru/".parse::<Webhook>().unwrap_err();
/// println!("{error}");
/// ```
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no `https://` before the host.
    #[error("the portal's address has no scheme: write https://{0}")]
    NoScheme(String),
    /// There is a blank in it.
    #[error(
        "there is a blank in the portal's address; it looks like https://portal.bitrix24.ru/rest/1/code/"
    )]
    Blank,
    /// It does not parse as a URL.
    #[error(
        "the portal's address is not a URL ({0}); it looks like https://portal.bitrix24.ru/rest/1/code/"
    )]
    NotUrl(url::ParseError),
    /// A scheme other than http and https.
    #[error("the portal's address starts with {0}:, not with https:")]
    Scheme(String),
    /// The path is not `/rest/user/code/`.
    #[error(
        "the portal's address ({0}) has no webhook code; it looks like https://portal.bitrix24.ru/rest/1/code/"
    )]
    NoCode(String),
    /// A method follows the code.
    #[error(
        "the portal's address already has a method in it: leave out {0:?} and give it as the method"
    )]
    Method(String),
    /// Something else follows the code.
    #[error(
        "the portal's address does not end at the webhook code; it looks like https://portal.bitrix24.ru/rest/1/code/"
    )]
    Longer,
    /// There is a user before the host: `https://user:password@portal/`.
    #[error(
        "the portal's address has a user name before its host, which a webhook has no use for: leave out everything up to the @"
    )]
    User,
    /// There is a `?` or a `#` in it.
    #[error("the portal's address ends at the webhook code: leave out what follows the {0}")]
    Tail(char),
}

impl Webhook {
    /// The address of `method`, secret included.
    pub(crate) fn method_url(&self, api: Api, method: &str) -> Url {
        let mut url = match api {
            Api::Rest => self.base.clone(),
            Api::Rest3 => self.base3.clone(),
        };
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(method);
        }
        url
    }

    /// The same webhook at the scheme, host and port of `to`.
    pub(crate) fn moved_to(&self, to: &Url) -> Self {
        Self {
            base: with_origin_of(&self.base, to),
            base3: with_origin_of(&self.base3, to),
            user: self.user.clone(),
        }
    }

    /// The way to the portal.
    pub(crate) fn route(&self) -> Route {
        route(&self.base)
    }

    /// The address, secret included.
    pub(crate) fn url(&self) -> &Url {
        &self.base
    }

    /// The portal's host, and its port if it is not the usual one.
    pub fn host(&self) -> String {
        host_of(&self.base)
    }

    /// The user (a number or a login) whom the webhook belongs to.
    pub fn user(&self) -> &str {
        &self.user
    }
}

impl FromStr for Webhook {
    type Err = WebhookError;

    fn from_str(text: &str) -> Result<Self, WebhookError> {
        // As browsers read them: what stands behind one may be the code, which must not be taken for a host.
        let text = &bare(text).replace('\\', "/");
        if text.contains(char::is_whitespace) {
            return Err(WebhookError::Blank);
        }
        let lower = text.get(..6).unwrap_or_default().to_ascii_lowercase();
        if !text.contains("://") && !lower.starts_with("http:/") && lower != "https:" {
            let host: String = text
                .split('/')
                .next()
                .unwrap_or_default()
                .chars()
                .take(60)
                .collect();
            return Err(WebhookError::NoScheme(format!("{host}/rest/…")));
        }
        let url = Url::parse(text).map_err(WebhookError::NotUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebhookError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::User);
        }
        if url.query().is_some() {
            return Err(WebhookError::Tail('?'));
        }
        if url.fragment().is_some() {
            return Err(WebhookError::Tail('#'));
        }
        let segments: Vec<&str> = url
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|s| !s.is_empty())
            .collect();
        let no_code = || WebhookError::NoCode(format!("{}://{}", url.scheme(), host_of(&url)));
        let rest = segments
            .iter()
            .position(|s| *s == "rest")
            .ok_or_else(no_code)?;
        let (user, code) = match segments[rest + 1..] {
            [user, code] if !looks_like_method(code) => (user, code),
            // Only what is a method for certain is repeated: in its place may stand the code.
            [_, _, method] if is_method(method) => {
                return Err(WebhookError::Method(method.to_owned()));
            }
            [_, _, _, ..] => return Err(WebhookError::Longer),
            _ => return Err(no_code()),
        };
        let root = segments[..=rest].join("/");
        let (path, path3) = (
            format!("/{root}/{user}/{code}/"),
            format!("/{root}/api/{user}/{code}/"),
        );
        let user = user.to_owned();
        let mut base = url.clone();
        base.set_path(&path);
        let mut base3 = url.clone();
        base3.set_path(&path3);
        Ok(Self { base, base3, user })
    }
}

/// A webhook code has no dots; `crm.lead.list` in its place means that the code was left out.
fn looks_like_method(segment: &str) -> bool {
    segment.contains('.')
}

fn is_method(segment: &str) -> bool {
    let name = segment
        .strip_suffix(".json")
        .or(segment.strip_suffix(".xml"))
        .unwrap_or(segment);
    looks_like_method(name) || catalogue::find(name).is_some()
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.base.scheme(), self.host())?;
        let segments: Vec<&str> = self
            .base
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|s| !s.is_empty())
            .collect();
        for segment in &segments[..segments.len().saturating_sub(1)] {
            write!(f, "/{segment}")?;
        }
        f.write_str("/…/")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_in_every_form_that_means_the_same() {
        for (text, url) in [
            (
                "https://portal.test/rest/1/code/",
                "https://portal.test/rest/1/code/",
            ),
            (
                "https://portal.test/rest/1/code",
                "https://portal.test/rest/1/code/",
            ),
            (
                "https://portal.test//rest/1//code//",
                "https://portal.test/rest/1/code/",
            ),
            (
                "HTTPS://Portal.TEST/rest/1/CoDe/",
                "https://portal.test/rest/1/CoDe/",
            ),
            (
                "https:/portal.test/rest/1/code/",
                "https://portal.test/rest/1/code/",
            ),
            (
                " https://portal.test/rest/1/code/\n",
                "https://portal.test/rest/1/code/",
            ),
            (
                "\u{feff}https://portal.test/rest/1/code/\u{200b}",
                "https://portal.test/rest/1/code/",
            ),
            (
                r"https:\\portal.test\rest\1\code",
                "https://portal.test/rest/1/code/",
            ),
            (
                "\"https://portal.test/rest/1/code/\"",
                "https://portal.test/rest/1/code/",
            ),
            (
                "' https://portal.test/rest/1/code/ '",
                "https://portal.test/rest/1/code/",
            ),
            (
                "<https://portal.test/rest/1/code/>",
                "https://portal.test/rest/1/code/",
            ),
            (
                "«https://portal.test/rest/1/code/»",
                "https://portal.test/rest/1/code/",
            ),
            (
                "https://portal.test:443/rest/1/code/",
                "https://portal.test/rest/1/code/",
            ),
            (
                "https://portal.test:8443/rest/1/code/",
                "https://portal.test:8443/rest/1/code/",
            ),
            ("http://[::1]:80/rest/1/code/", "http://[::1]/rest/1/code/"),
            (
                "https://портал.рф/rest/1/code/",
                "https://xn--80awhdgm.xn--p1ai/rest/1/code/",
            ),
            (
                "https://portal.test/sub/rest/ivan/code/",
                "https://portal.test/sub/rest/ivan/code/",
            ),
        ] {
            let webhook: Webhook = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(webhook.url().as_str(), url, "{text}");
        }
    }

    #[test]
    fn an_address_in_another_form_is_refused_with_what_is_wrong() {
        for (text, said) in [
            (
                "portal.test/rest/1/code/",
                "no scheme: write https://portal.test/rest/…",
            ),
            (
                "https://portal.test/rest/1/code/crm.lead.list",
                "leave out \"crm.lead.list\"",
            ),
            (
                "https://portal.test/rest/1/code/crm.lead.list.json",
                "leave out \"crm.lead.list.json\"",
            ),
            (
                "https://portal.test/rest/1/code/profile.json",
                "leave out \"profile.json\"",
            ),
            (
                "https://portal.test/rest/1/code/profile",
                "leave out \"profile\"",
            ),
            (
                "https://ivan:pass@portal.test/rest/1/code/",
                "leave out everything up to the @",
            ),
            (
                "https://ivan@portal.test/rest/1/code/",
                "has a user name before its host",
            ),
            (
                "https://:pass@portal.test/rest/1/code/",
                "has a user name before its host",
            ),
            (
                "https://portal.test/rest/1/code/?start=0",
                "leave out what follows the ?",
            ),
            (
                "https://portal.test/rest/1/code/#x",
                "leave out what follows the #",
            ),
            ("https://portal.test/rest/1/co de/", "there is a blank"),
            ("https://portal.test/rest/1/", "no webhook code"),
            ("https://portal.test/rest/crm.lead.list", "no webhook code"),
            ("https://portal.test", "no webhook code"),
            ("ftp://portal.test/rest/1/code/", "starts with ftp:"),
            ("https://", "is not a URL"),
        ] {
            let error = text.parse::<Webhook>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn no_refusal_shows_the_code() {
        for address in [
            "https://portal.test/rest/api/1/s3cr3tc0de/",
            "https://portal.test/rest/1/s3cr3tc0de/crm.lead.list",
            "https://portal.test/rest/x/1/s3cr3tc0de/",
            "https://portal.test/rest/1/s3cr3tc0de/?auth=1",
            "portal.test/rest/1/s3cr3tc0de/",
        ] {
            let error = address.parse::<Webhook>().unwrap_err().to_string();
            assert!(!error.contains("s3cr3tc0de"), "{address}: {error}");
        }
    }
}
