//! Tokens that the caller has from somewhere else, as the `token_func` of `fast_bitrix24` has them.

use std::error::Error as StdError;
use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::bearer::{RenewedToken, TokenAge, TokenSource};
use super::{Secret, TokenFailure};
use crate::error::ErrorKind;

type TokenFuture = BoxFuture<'static, Result<Secret, Box<dyn StdError + Send + Sync>>>;

/// A function that gives access tokens.
pub(crate) struct TokenCallback(Box<dyn Fn() -> TokenFuture + Send + Sync>);

impl TokenCallback {
    pub(crate) fn new<F, R, T, E>(ask: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Secret>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Box::new(move || {
            let asked = ask();
            async move { asked.await.map(Into::into).map_err(Into::into) }.boxed()
        }))
    }
}

impl TokenSource for TokenCallback {
    fn renew(&self, refused: Option<Secret>) -> BoxFuture<'_, Result<RenewedToken, TokenFailure>> {
        // The first one may come from a file or a cache, where it has lain for as long as the program did not run.
        let age = match refused {
            None => TokenAge::Unknown,
            Some(_) => TokenAge::New,
        };
        async move {
            match (self.0)().await {
                Ok(token) => Ok(RenewedToken { token, age }),
                Err(error) => {
                    let message = format!("the function that gives tokens failed: {error}");
                    Err(TokenFailure::new(ErrorKind::Auth, message).caused_by(error))
                }
            }
        }
        .boxed()
    }
}

impl fmt::Debug for TokenCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
