//! Credentials, and the headers that carry them.

use brimful::{Error, Secret};
use brimful_r7_protocol::basic;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};

/// A credential of one of the kinds that the server accepts. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Credential(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The client gets a token for it with the first request, and another when that has expired.
    Password {
        user: Secret,
        password: Secret,
        code: Option<Secret>,
    },
    Token(Secret),
    Basic {
        user: Secret,
        password: Secret,
    },
    Bearer(Secret),
    Cookie(Secret),
}

impl Credential {
    /// A user and a password, for which the client gets a token by `authentication`, and another one when it expires.
    pub fn password(user: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        Self(Kind::Password {
            user: user.into(),
            password: password.into(),
            code: None,
        })
    }

    /// The code of the second factor, where the portal asks for one. It holds for one login.
    #[must_use]
    pub fn code(mut self, code: impl Into<Secret>) -> Self {
        if let Kind::Password { code: own, .. } = &mut self.0 {
            *own = Some(code.into());
        }
        self
    }

    /// A token as `authentication` gives it, sent alone in the header `Authorization`.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self(Kind::Token(token.into()))
    }

    /// A user and a password in every request; the server refuses a password with a colon in it.
    pub fn basic(user: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        Self(Kind::Basic {
            user: user.into(),
            password: password.into(),
        })
    }

    /// A token after `Bearer`.
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self(Kind::Bearer(token.into()))
    }

    /// A token in the cookie `asc_auth_key`, as browsers send it.
    pub fn cookie(token: impl Into<Secret>) -> Self {
        Self(Kind::Cookie(token.into()))
    }

    /// Puts the credential into the headers of a request. `token` is the one that the server gave for a password.
    pub(super) fn add_to(
        &self,
        headers: &mut HeaderMap,
        token: Option<&Secret>,
    ) -> Result<(), Error> {
        let (name, text) = match &self.0 {
            Kind::Password { .. } => match token {
                Some(token) => (AUTHORIZATION, token.expose().to_owned()),
                None => return Ok(()),
            },
            Kind::Token(token) => (AUTHORIZATION, token.expose().to_owned()),
            Kind::Basic { user, password } => {
                let (user, password) = (user.expose(), password.expose());
                if user.contains(':') || password.contains(':') {
                    return Err(Error::config(
                        "the server refuses Basic with a colon in the user or the password: use Credential::password instead",
                    ));
                }
                (
                    AUTHORIZATION,
                    format!("Basic {}", basic::encode(user, password)),
                )
            }
            Kind::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose())),
            Kind::Cookie(token) => (COOKIE, format!("asc_auth_key={}", token.expose())),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Error::config("the token has characters that are not allowed in a header")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }
}
