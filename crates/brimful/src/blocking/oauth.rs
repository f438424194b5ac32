//! An application's tokens, before there is a client: [`crate::OAuth`] for programs that are not asynchronous.
//!
//! ```no_run
//! use brimful::blocking::{self, Client};
//! use brimful::{AppCredentials, FileTokenStore};
//!
//! # fn example() -> Result<(), brimful::Error> {
//! let app = AppCredentials::new("local.64b7e3", "s3cr3t");
//! let oauth = blocking::oauth::load(app, FileTokenStore::new("tokens.json"))?;
//! let client = Client::new(oauth)?;
//! # Ok(())
//! # }
//! ```

use super::runtime::Runtime;
use crate::{AppCredentials, Authorization, Error, OAuth, TokenStore, Tokens};

/// See [`OAuth::load`].
///
/// # Errors
/// As for [`OAuth::load`].
pub fn load(app: AppCredentials, store: impl TokenStore) -> Result<OAuth, Error> {
    Runtime::new()?.wait(OAuth::load(app, store))
}

/// See [`OAuth::begin`].
///
/// # Errors
/// As for [`OAuth::begin`].
pub fn begin(app: AppCredentials, tokens: Tokens, store: impl TokenStore) -> Result<OAuth, Error> {
    Runtime::new()?.wait(OAuth::begin(app, tokens, store))
}

/// See [`AppCredentials::exchange`].
///
/// # Errors
/// As for [`AppCredentials::exchange`].
pub fn exchange(app: &AppCredentials, answer: &Authorization) -> Result<Tokens, Error> {
    Runtime::new()?.wait(app.exchange(answer))
}
