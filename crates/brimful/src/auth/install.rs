//! `ONAPPINSTALL`: the event by which an application hears that it was installed, with its first tokens.

use brimful_protocol::{Value, query};

use super::{Secret, Tokens};
use crate::error::{Error, ErrorKind, Execution};

/// What the event `ONAPPINSTALL` tells.
///
/// ```
/// let form = b"event=ONAPPINSTALL&data[VERSION]=1&auth[access_token]=a&auth[refresh_token]=r&auth[expires_in]=3600\
///     &auth[client_endpoint]=https://portal.test/rest/&auth[server_endpoint]=https://oauth.bitrix.info/rest/\
///     &auth[member_id]=m&auth[application_token]=t";
/// let installation = brimful::Installation::parse(form)?;
/// assert_eq!(installation.tokens.portal.to_string(), "https://portal.test/rest/");
/// // Kept, and compared with that of every later event.
/// assert!(installation.application_token.matches("t"));
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Installation {
    /// The first tokens.
    pub tokens: Tokens,
    /// What all further events of this portal carry: see [`Secret::matches`].
    pub application_token: Secret,
    /// The version of the application that was installed.
    pub version: Option<String>,
}

impl Installation {
    /// Reads the form that the portal posts to the application's handler.
    ///
    /// Anybody can post such a form. The tokens in it are good for what the portal in it allows, and the client sends
    /// the application's secret to servers of Bitrix24 alone (see
    /// [`AppCredentials::token_server`](crate::AppCredentials::token_server)).
    ///
    /// # Errors
    /// It is another event, or has no tokens.
    pub fn parse(form: &[u8]) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::new(
                ErrorKind::Decode,
                Execution::NotRun,
                format!("this is not a form of ONAPPINSTALL: {why}"),
            )
        };
        let params = query::decode(form);
        let event = params.get("event").map(Value::to_text).unwrap_or_default();
        if !event.eq_ignore_ascii_case("ONAPPINSTALL") {
            return Err(refuse("its event is another"));
        }
        let auth = params
            .get("auth")
            .and_then(Value::as_array)
            .ok_or_else(|| refuse("there is no auth in it"))?;
        let tokens = Tokens::read(auth).map_err(|error| refuse(&error.to_string()))?;
        let application_token = auth
            .get("application_token")
            .map(Value::to_text)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| refuse("there is no application_token in it"))?;
        let version = params.get("data").and_then(|data| data.get("VERSION"));
        Ok(Self {
            tokens,
            application_token: application_token.into(),
            version: version.map(Value::to_text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_refused_without_showing_what_is_in_them() {
        for form in [
            "",
            "event=ONCRMLEADADD&auth[application_token]=s3cr3t",
            "event=ONAPPINSTALL&auth=s3cr3t",
            "event=ONAPPINSTALL&auth[access_token]=s3cr3t",
            "event=ONAPPINSTALL&auth[access_token]=s3cr3t&auth[refresh_token]=s3cr3t&auth[client_endpoint]=https://a.test/rest/1/s3cr3t/",
            "event=ONAPPINSTALL&auth[access_token]=s3cr3t&auth[refresh_token]=s3cr3t&auth[client_endpoint]=https://a.test/rest/",
        ] {
            let error = Installation::parse(form.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
        }
    }
}
