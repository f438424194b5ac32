//! OAuth 2.0: an application that calls for a user, and refreshes its tokens as they expire.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use super::address::Address;
use super::bearer::{RenewedToken, TokenAge, TokenSource};
use super::token_server::{TokenGrant, TokenServer};
use super::{AppCredentials, Secret, StoreError, TokenFailure, TokenStore, Tokens};
use crate::error::{Error, ErrorKind, Execution};

/// An application with tokens of a portal, and the store that each new pair goes to before it is used.
///
/// ```no_run
/// # async fn example() -> Result<(), brimful::Error> {
/// use brimful::{AppCredentials, Client, FileTokenStore, OAuth};
///
/// let app = AppCredentials::new("local.64b7e3", "s3cr3t");
/// let oauth = OAuth::load(app, FileTokenStore::new("tokens.json")).await?;
/// let client = Client::builder(oauth).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OAuth {
    pub(crate) app: AppCredentials,
    pub(crate) tokens: Tokens,
    pub(crate) store: Arc<dyn TokenStore>,
}

impl OAuth {
    /// The tokens that the store has.
    ///
    /// # Errors
    /// The store has none, or cannot be read.
    pub async fn load(app: AppCredentials, store: impl TokenStore) -> Result<Self, Error> {
        let loaded = store
            .load()
            .await
            .map_err(|error| unusable("loaded", error))?;
        let tokens = loaded.ok_or_else(|| {
            Error::config("there are no tokens yet: a user has to let the application in")
        })?;
        Ok(Self {
            app,
            tokens,
            store: Arc::new(store),
        })
    }

    /// New tokens, of an exchange or an installation. They are stored first, in the place of any that are there.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn begin(
        app: AppCredentials,
        tokens: Tokens,
        store: impl TokenStore,
    ) -> Result<Self, Error> {
        store
            .save(&tokens)
            .await
            .map_err(|error| unusable("stored", error))?;
        Ok(Self {
            app,
            tokens,
            store: Arc::new(store),
        })
    }

    /// The tokens it began with.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

fn unusable(what: &str, error: StoreError) -> Error {
    Error::new(
        ErrorKind::Io,
        Execution::NotRun,
        format!("the tokens could not be {what}: {error}"),
    )
    .with_source(error)
}

/// Refreshes tokens.
#[derive(Debug, Clone)]
pub(crate) struct Refresher {
    server: Arc<TokenServer>,
    store: Arc<dyn TokenStore>,
    kept: Arc<Mutex<KeptTokens>>,
    /// Where the session calls methods; a refresh tells the portal's address of today.
    address: Arc<RwLock<Address>>,
}

#[derive(Debug)]
struct KeptTokens {
    tokens: Tokens,
    /// A pair that could not be stored is not used, and not lost either.
    stored: bool,
}

/// When somebody else has used up the refresh token, what it got is in the store soon after.
const LOOK_AGAIN: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(1),
];

impl Refresher {
    pub(crate) fn new(
        server: TokenServer,
        tokens: Tokens,
        store: Arc<dyn TokenStore>,
        address: Arc<RwLock<Address>>,
    ) -> Self {
        let kept = KeptTokens {
            tokens,
            stored: true,
        };
        Self {
            server: Arc::new(server),
            store,
            kept: Arc::new(Mutex::new(kept)),
            address,
        }
    }

    async fn refresh(&self, refused: Option<&Secret>) -> Result<RenewedToken, TokenFailure> {
        let mut kept = self.kept.lock().await;
        if kept.stored {
            if let Some(tokens) = self.of_another(&kept.tokens, refused).await? {
                return Ok(self.adopt(&mut kept, tokens));
            }
            let next = {
                let told = kept.tokens.server_endpoint.as_deref();
                self.server
                    .ask(
                        told,
                        &kept.tokens.portal,
                        TokenGrant::Refresh(&kept.tokens.refresh),
                    )
                    .await
            };
            let next = match next {
                Ok(next) => next,
                Err(failure) if failure.kind == ErrorKind::Auth => {
                    return self.after_refusal(&mut kept, refused, failure).await;
                }
                Err(failure) => return Err(failure),
            };
            kept.tokens = kept.tokens.followed_by(next);
            kept.stored = false;
        }
        self.save(&mut kept).await.map_err(|error| {
            TokenFailure::new(
                ErrorKind::Io,
                format!("the new tokens could not be stored, so they are not used yet: {error}"),
            )
            .caused_by(error)
        })?;
        debug!(portal = %kept.tokens.portal, "the tokens were refreshed");
        self.settle(&kept.tokens);
        Ok(RenewedToken {
            token: kept.tokens.access.clone(),
            age: TokenAge::New,
        })
    }

    /// Another process may have been faster: then the store has, or gets, what it was given.
    async fn after_refusal(
        &self,
        kept: &mut KeptTokens,
        refused: Option<&Secret>,
        failure: TokenFailure,
    ) -> Result<RenewedToken, TokenFailure> {
        for wait in LOOK_AGAIN {
            tokio::time::sleep(wait).await;
            if let Some(tokens) = self.of_another(&kept.tokens, refused).await? {
                return Ok(self.adopt(kept, tokens));
            }
        }
        Err(failure)
    }

    /// What is in the store, if it is neither ours nor what was refused.
    async fn of_another(
        &self,
        ours: &Tokens,
        refused: Option<&Secret>,
    ) -> Result<Option<Tokens>, TokenFailure> {
        let stored = self.store.load().await.map_err(|error| {
            // A store that cannot be read will hardly be written, and then the refresh token would be used up.
            TokenFailure::new(
                ErrorKind::Io,
                format!("the tokens could not be loaded: {error}"),
            )
            .caused_by(error)
        })?;
        Ok(stored.filter(|stored| {
            stored.refresh != ours.refresh
                && refused.is_none_or(|refused| stored.access != *refused)
        }))
    }

    fn adopt(&self, kept: &mut KeptTokens, tokens: Tokens) -> RenewedToken {
        debug!(portal = %tokens.portal, "the tokens that another process has stored are taken up");
        kept.tokens = tokens;
        self.settle(&kept.tokens);
        RenewedToken {
            token: kept.tokens.access.clone(),
            age: TokenAge::Unknown,
        }
    }

    /// The portal is where the tokens say.
    fn settle(&self, tokens: &Tokens) {
        let mut address = self.address.write().unwrap_or_else(PoisonError::into_inner);
        if let Address::Portal(now) = &*address
            && let Some(to) = now.renamed(tokens.portal.url().as_str())
        {
            *address = Address::Portal(to);
        }
    }

    async fn save(&self, kept: &mut KeptTokens) -> Result<(), StoreError> {
        self.store.save(&kept.tokens).await?;
        kept.stored = true;
        Ok(())
    }

    /// Remembers where the portal has moved to.
    pub(crate) fn moved(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            let mut kept = this.kept.lock().await;
            let now = this
                .address
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let Address::Portal(now) = now else { return };
            if kept.tokens.portal == now {
                return;
            }
            kept.tokens.portal = now;
            if let Err(error) = this.save(&mut kept).await {
                warn!(%error, "where the portal has moved to could not be stored");
            }
        });
    }
}

impl TokenSource for Refresher {
    fn renew(&self, refused: Option<Secret>) -> BoxFuture<'_, Result<RenewedToken, TokenFailure>> {
        async move { self.refresh(refused.as_ref()).await }.boxed()
    }
}
