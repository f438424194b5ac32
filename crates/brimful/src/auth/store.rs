//! Where tokens are kept between runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::Tokens;

/// Why tokens could not be loaded or stored. Its text is shown, so no token may be in it.
///
/// ```
/// fn not_stored(why: &str) -> brimful::StoreError {
///     why.into()
/// }
/// assert_eq!(not_stored("the disk is full").to_string(), "the disk is full");
/// ```
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps the tokens of one portal and user.
///
/// A refresh token is good for one refresh, so the client stores each new pair before it uses it. If another process
/// shares the store, what that one has stored is taken up: before the client refreshes it loads.
///
/// ```
/// use brimful::{BoxFuture, StoreError, TokenStore, Tokens};
///
/// #[derive(Debug)]
/// struct InTheDatabase { portal: i64 }
///
/// impl TokenStore for InTheDatabase {
///     fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
///         Box::pin(async {
///             # let select = |_: i64| Some("{}".to_owned());
///             match select(self.portal) {
///                 Some(json) => Ok(Some(serde_json::from_str(&json)?)),
///                 None => Ok(None),
///             }
///         })
///     }
///
///     fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
///         Box::pin(async {
///             let json = serde_json::to_string(tokens)?;
///             # let update = |_: i64, _: String| Ok(());
///             update(self.portal, json)
///         })
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync + fmt::Debug + 'static {
    /// The tokens stored last, if there are any.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>>;

    /// Stores tokens in the place of those there are. When this is done they have to outlive the process.
    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        self.as_ref().load()
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        self.as_ref().save(tokens)
    }
}

/// Keeps tokens as long as the process lives: for tests, and for programs that ask their user every time.
///
/// ```no_run
/// # async fn example(tokens: brimful::Tokens) -> Result<(), brimful::Error> {
/// use brimful::{AppCredentials, Client, MemoryTokenStore, OAuth};
///
/// let app = AppCredentials::new("local.64b7e3", "s3cr3t");
/// let oauth = OAuth::load(app, MemoryTokenStore::new(tokens)).await?;
/// let client = Client::builder(oauth).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryTokenStore(Mutex<Option<Tokens>>);

impl MemoryTokenStore {
    /// A store that has these tokens.
    pub fn new(tokens: Tokens) -> Self {
        Self(Mutex::new(Some(tokens)))
    }
}

impl TokenStore for MemoryTokenStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        Box::pin(async {
            Ok(self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone())
        })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens.clone());
            Ok(())
        })
    }
}
