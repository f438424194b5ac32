//! The access token at hand, and how it is renewed: once for everybody who waits for it, and not in a circle.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::time::Instant;

use super::{Secret, TokenFailure};
use crate::error::ErrorKind;

/// A token that the portal refuses so soon after it was renewed, and has never accepted, is not renewed again: the fault
/// is not its age.
const FRESH: Duration = Duration::from_secs(60);

/// Where tokens come from.
pub(crate) trait TokenSource: Send + Sync + fmt::Debug {
    /// Another token than `refused`, or a first one.
    fn renew(&self, refused: Option<Secret>) -> BoxFuture<'_, Result<RenewedToken, TokenFailure>>;
}

/// A token from its source.
#[derive(Debug)]
pub(crate) struct RenewedToken {
    pub(crate) token: Secret,
    pub(crate) age: TokenAge,
}

/// How old a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenAge {
    /// It was given out for this renewal.
    New,
    /// It was there: it may have expired long ago.
    Unknown,
}

/// The token at hand. A clone is the same.
#[derive(Debug, Clone)]
pub(crate) struct Bearer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Box<dyn TokenSource>,
    held: Mutex<HeldToken>,
    /// Held while a token is being renewed.
    renewing: Arc<tokio::sync::Mutex<()>>,
    /// Rounds of renewal that have ended.
    rounds: AtomicU64,
}

#[derive(Debug)]
struct HeldToken {
    token: Option<Token>,
    /// The last round that failed, and why.
    failed: Option<(u64, TokenFailure)>,
    generation: u64,
}

#[derive(Debug)]
struct Token {
    secret: Secret,
    header: HeaderValue,
    renewed: Option<Instant>,
    state: TokenState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenState {
    Untried,
    Accepted,
    Refused,
}

/// Leave to call: with the token at hand, or without any where a credential needs none.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) header: Option<HeaderValue>,
    generation: u64,
}

impl Pass {
    /// For a webhook, whose address says it all.
    pub(crate) const FREE: Self = Self {
        header: None,
        generation: 0,
    };
}

impl Bearer {
    /// A source, and the token that it has already.
    pub(crate) fn new(
        source: impl TokenSource + 'static,
        first: Option<Secret>,
    ) -> Result<Self, TokenFailure> {
        let token = first
            .filter(|secret| !secret.is_empty())
            .map(|secret| Token::new(secret, TokenAge::Unknown))
            .transpose()?;
        Ok(Self(Arc::new(Inner {
            source: Box::new(source),
            held: Mutex::new(HeldToken {
                token,
                failed: None,
                generation: 1,
            }),
            renewing: Arc::default(),
            rounds: AtomicU64::new(0),
        })))
    }

    /// The token at hand; `None` while there is none, because it was refused or never had.
    pub(crate) fn at_hand(&self) -> Option<Pass> {
        let held = self.0.held();
        let token = held.token.as_ref()?;
        (token.state != TokenState::Refused).then(|| Pass {
            header: Some(token.header.clone()),
            generation: held.generation,
        })
    }

    /// The token at hand, waited for if need be.
    pub(crate) async fn pass(&self) -> Result<Pass, TokenFailure> {
        loop {
            if let Some(pass) = self.at_hand() {
                return Ok(pass);
            }
            self.round().await?;
        }
    }

    /// The portal has accepted the token.
    pub(crate) fn accepted(&self, pass: &Pass) {
        let mut held = self.0.held();
        if held.generation == pass.generation
            && let Some(token) = &mut held.token
            && token.state == TokenState::Untried
        {
            token.state = TokenState::Accepted;
        }
    }

    /// The portal has refused the token: gets another one, unless that was done since the token was taken.
    pub(crate) async fn renew(&self, pass: &Pass) -> Result<(), TokenFailure> {
        {
            let mut held = self.0.held();
            if held.generation != pass.generation {
                return Ok(());
            }
            if let Some(token) = &mut held.token {
                let fresh = token.renewed.is_some_and(|at| at.elapsed() < FRESH);
                if fresh && token.state == TokenState::Untried {
                    return Err(TokenFailure::new(
                        ErrorKind::Auth,
                        "this one had just been renewed",
                    ));
                }
                token.state = TokenState::Refused;
            }
        }
        self.round().await
    }

    /// Takes part in a round of renewal. It is a task of its own: a caller that no longer waits must not take with it a
    /// pair of tokens that is on its way.
    async fn round(&self) -> Result<(), TokenFailure> {
        let (inner, seen) = (Arc::clone(&self.0), self.0.rounds.load(Ordering::SeqCst));
        let round = tokio::spawn(async move { inner.round(seen).await });
        round.await.unwrap_or_else(|error| {
            Err(TokenFailure::new(
                ErrorKind::Auth,
                if error.is_panic() {
                    "what should have given a token panicked"
                } else {
                    "the program is shutting down"
                },
            ))
        })
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, HeldToken> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One round, if none has ended since `seen` had.
    async fn round(&self, seen: u64) -> Result<(), TokenFailure> {
        let _renewing = self.renewing.lock().await;
        let refused = {
            let held = self.held();
            match (&held.token, &held.failed) {
                (Some(token), _) if token.state != TokenState::Refused => return Ok(()),
                (_, Some((round, failure))) if *round > seen => return Err(failure.clone()),
                (token, _) => token.as_ref().map(|token| token.secret.clone()),
            }
        };
        let renewed = self.source.renew(refused).await;
        let mut held = self.held();
        let round = self.rounds.fetch_add(1, Ordering::SeqCst) + 1;
        match renewed.and_then(|renewed| Token::new(renewed.token, renewed.age)) {
            Ok(token) => {
                held.token = Some(token);
                held.failed = None;
                held.generation += 1;
                Ok(())
            }
            Err(failure) => {
                held.failed = Some((round, failure.clone()));
                Err(failure)
            }
        }
    }
}

impl Token {
    fn new(secret: Secret, age: TokenAge) -> Result<Self, TokenFailure> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", secret.expose()))
            .ok()
            .filter(|_| !secret.is_empty())
            .ok_or_else(|| {
                TokenFailure::new(
                    ErrorKind::Auth,
                    "the token is empty, or no text that a header can hold",
                )
            })?;
        header.set_sensitive(true);
        Ok(Self {
            secret,
            header,
            renewed: (age == TokenAge::New).then(Instant::now),
            state: TokenState::Untried,
        })
    }
}
