//! Who calls, and how a request shows it. A credential is never shown.

use std::fmt;

use brimful_r7_protocol::basic;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};

use brimful::Error;

/// What lets a client in, in one of the ways that the server knows.
#[derive(Clone)]
pub struct Credential(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    /// A token is got for it when the first request is made, and again when it has expired.
    Password {
        user: String,
        password: String,
        code: Option<String>,
    },
    Token(String),
    Basic {
        user: String,
        password: String,
    },
    Bearer(String),
    Cookie(String),
}

impl Credential {
    /// A user and a password, for which the client gets a token by `authentication`, and another one when it expires.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Kind::Password {
            user: user.into(),
            password: password.into(),
            code: None,
        })
    }

    /// The code of the second factor, where the portal asks for one. It holds for one login.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        if let Kind::Password { code: own, .. } = &mut self.0 {
            *own = Some(code.into());
        }
        self
    }

    /// A token as `authentication` gives it, sent alone in the header `Authorization`.
    pub fn token(token: impl Into<String>) -> Self {
        Self(Kind::Token(token.into()))
    }

    /// A user and a password in every request; the server refuses a password with a colon in it.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Kind::Basic {
            user: user.into(),
            password: password.into(),
        })
    }

    /// A token after `Bearer`.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Kind::Bearer(token.into()))
    }

    /// A token in the cookie `asc_auth_key`, as browsers send it.
    pub fn cookie(token: impl Into<String>) -> Self {
        Self(Kind::Cookie(token.into()))
    }

    /// Puts the credential into the headers of a request; `token` is the one that was got for a password.
    pub(super) fn show(&self, headers: &mut HeaderMap, token: Option<&str>) -> Result<(), Error> {
        let (name, text) = match &self.0 {
            Kind::Password { .. } => match token {
                Some(token) => (AUTHORIZATION, token.to_owned()),
                None => return Ok(()),
            },
            Kind::Token(token) => (AUTHORIZATION, token.clone()),
            Kind::Basic { user, password } => {
                if user.contains(':') || password.contains(':') {
                    return Err(Error::config(
                        "Basic takes no user or password with a colon in it: log in by password instead",
                    ));
                }
                (
                    AUTHORIZATION,
                    format!("Basic {}", basic::encode(user, password)),
                )
            }
            Kind::Bearer(token) => (AUTHORIZATION, format!("Bearer {token}")),
            Kind::Cookie(token) => (COOKIE, format!("asc_auth_key={token}")),
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::config("the token has characters that no header may hold"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Password { .. } => "Credential::password(…)",
            Kind::Token(_) => "Credential::token(…)",
            Kind::Basic { .. } => "Credential::basic(…)",
            Kind::Bearer(_) => "Credential::bearer(…)",
            Kind::Cookie(_) => "Credential::cookie(…)",
        })
    }
}
