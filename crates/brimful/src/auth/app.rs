//! An application, as the OAuth server knows it.

use std::sync::Arc;

use url::Url;

use super::address::{host_of, is_loopback};
use super::authorize::{Authorization, Authorize};
use super::token_server::{TokenGrant, TokenServer};
use super::{PortalAddress, Secret, Tokens};
use crate::error::Error;
use crate::retry::Retry;
use crate::transport::{HttpOptions, HttpTransport, Transport};

/// The `client_id` and `client_secret` of an application.
///
/// ```no_run
/// # async fn example() -> Result<(), brimful::Error> {
/// use brimful::{AppCredentials, Client, FileTokenStore, OAuth};
///
/// let app = AppCredentials::new("local.64b7e3", "s3cr3t");
/// // Once: the user opens the address, lets the application in, and comes back with a code.
/// let authorize = app.authorize("https://example.bitrix24.ru")?;
/// println!("open {}", authorize.url());
/// # let query = "";
/// let tokens = app.exchange(&authorize.answer(query)?).await?;
/// let store = FileTokenStore::new("tokens.json");
/// let client = Client::builder(OAuth::begin(app, tokens, store).await?).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AppCredentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    token_server: Option<String>,
}

/// The token server of applications whose tokens name none.
const TOKEN_SERVER: &str = "https://oauth.bitrix.info/";
/// The servers of Bitrix24 are under these names. The secret goes to no other unless the caller names it: where tokens
/// come from, somebody else may have written the address in them.
const TRUSTED: [&str; 2] = ["bitrix.info", "bitrix24.tech"];

impl AppCredentials {
    /// An application by its `client_id` and `client_secret`.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            token_server: None,
        }
    }

    /// The server that gives out tokens (`https://oauth.bitrix.info`). Without this it is the one that the tokens name,
    /// if it is one of Bitrix24's or this machine itself.
    #[must_use]
    pub fn token_server(mut self, address: impl Into<String>) -> Self {
        self.token_server = Some(address.into());
        self
    }

    /// Where a user of the portal lets the application in.
    ///
    /// # Errors
    /// The address is not that of a portal.
    pub fn authorize(&self, portal: &str) -> Result<Authorize, Error> {
        let portal: PortalAddress = portal
            .parse()
            .map_err(|error: super::PortalAddressError| Error::config(error.to_string()))?;
        Authorize::new(portal, &self.client_id)
    }

    /// The tokens for a code, which lives 30 seconds and is good for one exchange.
    pub async fn exchange(&self, answer: &Authorization) -> Result<Tokens, Error> {
        self.exchange_over(
            HttpTransport::new(answer.portal.route(), HttpOptions::default())?,
            answer,
        )
        .await
    }

    /// [`AppCredentials::exchange`] by another way than plain HTTP.
    pub async fn exchange_over(
        &self,
        transport: impl Transport,
        answer: &Authorization,
    ) -> Result<Tokens, Error> {
        let server = TokenServer {
            app: self.clone(),
            transport: Arc::new(transport),
            retry: Retry::default(),
            wait_log: Arc::default(),
        };
        let told = answer.server();
        let tokens = server
            .ask(
                told.as_deref(),
                &answer.portal,
                TokenGrant::Code(&answer.code),
            )
            .await;
        tokens.map_err(|failure| failure.into_error("the code could not be exchanged for tokens"))
    }

    /// Where tokens are had, given the server that somebody has told of. One on this machine must be the portal itself:
    /// any other program could listen there.
    pub(crate) fn token_url(
        &self,
        told: Option<&str>,
        portal: &PortalAddress,
    ) -> Result<Url, String> {
        let no_url = |error| format!("the address of the token server is not a URL ({error})");
        if let Some(named) = &self.token_server {
            return Url::parse(named).map(token_path).map_err(no_url);
        }
        let Some(told) = told else {
            return Url::parse(TOKEN_SERVER).map(token_path).map_err(no_url);
        };
        let url = Url::parse(told).map_err(no_url)?;
        let host = url.host_str().unwrap_or_default();
        let is_under = |name: &&str| {
            host.strip_suffix(*name)
                .is_some_and(|left| left.is_empty() || left.ends_with('.'))
        };
        let theirs = url.scheme() == "https" && TRUSTED.iter().any(is_under);
        if theirs || is_loopback(&url) && url.origin() == portal.url().origin() {
            Ok(token_path(url))
        } else {
            Err(format!(
                "{} is named as the token server, which is neither one of Bitrix24's nor the portal itself: the secret \
                 is not sent there unless it is named as the token server of the application",
                host_of(&url)
            ))
        }
    }
}

fn token_path(mut url: Url) -> Url {
    url.set_path("/oauth/token/");
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(app: &AppCredentials, told: Option<&str>) -> Result<String, String> {
        let portal = "http://127.0.0.1:8024/rest/".parse().unwrap();
        app.token_url(told, &portal).map(|url| url.to_string())
    }

    #[test]
    fn the_token_server_is_the_one_that_the_tokens_name() {
        let app = AppCredentials::new("id", "secret");
        assert_eq!(
            url(&app, None).unwrap(),
            "https://oauth.bitrix.info/oauth/token/"
        );
        for (told, used) in [
            (
                "https://oauth.bitrix24.tech/rest/",
                "https://oauth.bitrix24.tech/oauth/token/",
            ),
            (
                "http://127.0.0.1:8024/rest/",
                "http://127.0.0.1:8024/oauth/token/",
            ),
        ] {
            assert_eq!(url(&app, Some(told)).unwrap(), used);
        }
    }

    #[test]
    fn the_secret_goes_nowhere_that_a_forged_form_says() {
        let app = AppCredentials::new("id", "secret");
        for told in [
            "https://evil.test/rest/",
            "http://127.0.0.1:8025/rest/",
            "https://127.0.0.1:8024/rest/",
            "http://localhost:8024/rest/",
            "https://bitrix.info.evil.test/rest/",
            "https://evilbitrix.info/rest/",
            "http://oauth.bitrix.info/rest/",
            "no address",
        ] {
            assert!(url(&app, Some(told)).is_err(), "{told}");
        }
        let app = app.token_server("https://oauth.own.test");
        assert_eq!(
            url(&app, Some("https://evil.test/rest/")).unwrap(),
            "https://oauth.own.test/oauth/token/"
        );
    }
}
