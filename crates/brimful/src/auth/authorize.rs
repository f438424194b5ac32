//! Where a user lets an application in, and what comes back.

use std::fmt;

use brimful_protocol::{Value, query};
use url::Url;

use super::address::is_loopback;
use super::{PortalAddress, Secret};
use crate::error::{Error, ErrorKind, Execution};

/// The address that a user of the portal opens to let an application in, and the `state` that proves that what comes
/// back belongs to it.
///
/// ```
/// use brimful::AppCredentials;
///
/// let authorize = AppCredentials::new("local.64b7e3", "s3cr3t").authorize("https://example.bitrix24.ru")?;
/// assert!(authorize.url().starts_with("https://example.bitrix24.ru/oauth/authorize/?client_id=local.64b7e3"));
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Authorize {
    url: Url,
    client_id: String,
    state: Secret,
    portal: PortalAddress,
}

/// What a user comes back with: a code to exchange for tokens.
///
/// ```no_run
/// # async fn example() -> Result<(), brimful::Error> {
/// use brimful::AppCredentials;
///
/// let app = AppCredentials::new("local.64b7e3", "s3cr3t");
/// let authorize = app.authorize("https://example.bitrix24.ru")?;
/// // The browser comes back with this behind the `?` of its address.
/// let came_back = "code=c0de&state=…&domain=example.bitrix24.ru";
/// let authorization = authorize.answer(came_back)?;
/// let tokens = app.exchange(&authorization).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Authorization {
    /// The code. It lives 30 seconds and is good for one exchange.
    pub code: Secret,
    /// The portal that was asked.
    pub portal: PortalAddress,
    /// The portal's own ID.
    pub member_id: Option<String>,
    /// What the application may do.
    pub scope: Vec<String>,
    /// The host of the OAuth server.
    pub server_domain: Option<String>,
}

impl Authorize {
    pub(crate) fn new(portal: PortalAddress, client_id: &str) -> Result<Self, Error> {
        Ok(Self::with_state(portal, client_id, random_state()?))
    }

    fn with_state(portal: PortalAddress, client_id: &str, state: Secret) -> Self {
        let mut url = portal.page("/oauth/authorize/");
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("state", state.expose());
        Self {
            url,
            client_id: client_id.to_owned(),
            state,
            portal,
        }
    }

    /// The address to open. After that the portal sends the user to the handler of the application's settings.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The random `state` in it.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The same request in another process, which kept only the `state`.
    #[must_use]
    pub fn resume(self, state: impl Into<Secret>) -> Self {
        Self::with_state(self.portal, &self.client_id, state.into())
    }

    /// Reads the query of the address that the user came back to (`code=…&state=…`).
    ///
    /// # Errors
    /// It has another `state`, so somebody else may have made it, or no code.
    pub fn answer(&self, query: &str) -> Result<Authorization, Error> {
        let params = query::decode(query.trim_start_matches('?').as_bytes());
        let text = |name: &str| {
            let value = params.get(name).map(Value::to_text);
            value.filter(|text| !text.is_empty())
        };
        let refuse = |why: &str| Err(Error::new(ErrorKind::Auth, Execution::NotRun, why));
        if !text("state").is_some_and(|state| self.state.matches(&state)) {
            return refuse(
                "the answer has not the state that was asked with: it may be somebody else's",
            );
        }
        if let Some(error) = text("error") {
            let why = text("error_description").unwrap_or_default();
            return refuse(&format!(
                "the portal did not let the application in: {error} {why}"
            ));
        }
        let Some(code) = text("code") else {
            return refuse("there is no code in the answer");
        };
        Ok(Authorization {
            code: code.into(),
            portal: self.portal.clone(),
            member_id: text("member_id"),
            scope: text("scope")
                .unwrap_or_default()
                .split(',')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            server_domain: text("server_domain"),
        })
    }
}

impl Authorization {
    /// The address of the OAuth server, as far as it was told.
    pub(crate) fn server(&self) -> Option<String> {
        let domain = self.server_domain.as_deref()?;
        let secure = Url::parse(&format!("https://{domain}")).ok()?;
        // A portal on this machine may speak http.
        let scheme = if is_loopback(&secure) {
            self.portal.url().scheme()
        } else {
            "https"
        };
        Some(format!("{scheme}://{domain}"))
    }
}

impl fmt::Display for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url())
    }
}

/// 32 letters and digits that nobody can guess.
fn random_state() -> Result<Secret, Error> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 16];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| Error::config("the system gives no random numbers"))?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorize() -> Authorize {
        Authorize::new("portal.test".parse().unwrap(), "app.1").unwrap()
    }

    #[test]
    fn the_address_has_the_client_and_a_state_that_differs_each_time() {
        let (one, two) = (authorize(), authorize());
        let start = "https://portal.test/oauth/authorize/?client_id=app.1&state=";
        assert!(one.url().starts_with(start), "{one}");
        assert_eq!(one.state().expose().len(), 32);
        assert_ne!(one.state(), two.state());
    }

    #[test]
    fn what_comes_back_is_read_if_it_has_the_state() {
        let authorize = authorize();
        let state = authorize.state().expose();
        let answer = authorize
            .answer(&format!(
                "?code=c0de&state={state}&domain=portal.test&member_id=m&scope=crm%2Cuser&server_domain=oauth.bitrix.info"
            ))
            .unwrap();
        assert!(answer.code.matches("c0de"));
        assert_eq!(answer.scope, ["crm", "user"]);
        assert_eq!(answer.server().unwrap(), "https://oauth.bitrix.info");
    }

    #[test]
    fn an_answer_of_somebody_else_is_refused() {
        let authorize = authorize();
        for query in ["code=c0de", "code=c0de&state=", "code=c0de&state=x"] {
            let error = authorize.answer(query).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Auth);
            assert!(!error.to_string().contains("c0de"), "{error}");
        }
        let query = format!("state={}", authorize.state().expose());
        assert!(
            authorize
                .answer(&query)
                .unwrap_err()
                .to_string()
                .contains("no code")
        );
    }
}
