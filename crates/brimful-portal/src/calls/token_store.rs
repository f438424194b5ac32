//! What the OAuth server has given out: codes, access tokens, refresh tokens.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use crate::context::settings::Scopes;

/// How long a code can be exchanged for tokens.
const CODE_TTL: Duration = Duration::from_secs(30);
/// How long a token can be refreshed.
const REFRESH_TTL: Duration = Duration::from_secs(180 * 24 * 3600);

/// Who lets whom do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) user: u64,
    pub(crate) scopes: Scopes,
}

/// Something that was given out and is valid for a time.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) grant: Grant,
    until: Duration,
}

/// A pair of tokens.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// All that was given out and can still matter.
pub(crate) struct TokenStore {
    chance: fastrand::Rng,
    codes: HashMap<String, Issued>,
    access: HashMap<String, Issued>,
    refresh: HashMap<String, Issued>,
    /// The pair that events carry, by application and user.
    for_events: HashMap<(String, u64), Pair>,
}

/// More than this of a kind, and those that are over are dropped.
const MANY: usize = 4096;
/// An access token that is over is known for so long: its caller is told so, and not that it was never given out.
const REMEMBERED: Duration = REFRESH_TTL;

impl Issued {
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now >= self.until
    }
}

impl TokenStore {
    pub(crate) fn new(chance: fastrand::Rng) -> Self {
        Self {
            chance,
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            for_events: HashMap::new(),
        }
    }

    /// A code to be exchanged for tokens.
    pub(crate) fn issue_code(&mut self, grant: Grant, now: Duration) -> String {
        drop_over(&mut self.codes, now);
        let code = self.secret();
        let until = now.saturating_add(CODE_TTL);
        self.codes.insert(code.clone(), Issued { grant, until });
        code
    }

    /// Takes a code back, whatever comes of it: it is good for one exchange.
    pub(crate) fn take_code(
        &mut self,
        code: &str,
        client_id: &str,
        now: Duration,
    ) -> Option<Grant> {
        take(&mut self.codes, code, client_id, now)
    }

    /// Takes a refresh token back: the next pair has another.
    pub(crate) fn take_refresh(
        &mut self,
        token: &str,
        client_id: &str,
        now: Duration,
    ) -> Option<Grant> {
        take(&mut self.refresh, token, client_id, now)
    }

    /// A pair of tokens.
    pub(crate) fn issue_pair(&mut self, grant: &Grant, ttl: Duration, now: Duration) -> Pair {
        if self.access.len() >= MANY {
            self.access
                .retain(|_, issued| !issued.is_over(now.saturating_sub(REMEMBERED)));
        }
        drop_over(&mut self.refresh, now);
        let pair = Pair {
            access: self.secret(),
            refresh: self.secret(),
        };
        let issued = |ttl| Issued {
            grant: grant.clone(),
            until: now.saturating_add(ttl),
        };
        self.access.insert(pair.access.clone(), issued(ttl));
        self.refresh
            .insert(pair.refresh.clone(), issued(REFRESH_TTL));
        pair
    }

    /// A pair that is given to a handler with an event, and how long its access token is valid. The same pair goes with
    /// many events: a new one comes when half of its time is over.
    pub(crate) fn pair_for_events(
        &mut self,
        grant: &Grant,
        ttl: Duration,
        now: Duration,
    ) -> (Pair, Duration) {
        let key = (grant.client_id.clone(), grant.user);
        if let Some(pair) = self.for_events.get(&key)
            && self.refresh.contains_key(&pair.refresh)
            && let Some(issued) = self.access.get(&pair.access)
        {
            let left = issued.until.saturating_sub(now);
            if left > ttl / 2 {
                return (pair.clone(), left);
            }
        }
        let pair = self.issue_pair(grant, ttl, now);
        self.for_events.insert(key, pair.clone());
        (pair, ttl)
    }

    /// Takes back all that an application was given.
    pub(crate) fn revoke(&mut self, client_id: &str) {
        for issued in [&mut self.codes, &mut self.access, &mut self.refresh] {
            issued.retain(|_, one| one.grant.client_id != client_id);
        }
        self.for_events.retain(|(of, _), _| of != client_id);
    }

    /// What an access token stands for.
    pub(crate) fn access(&self, token: &str) -> Option<&Issued> {
        self.access.get(token)
    }

    /// 32 letters and digits.
    fn secret(&mut self) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..32)
            .map(|_| LETTERS[self.chance.usize(..LETTERS.len())] as char)
            .collect()
    }
}

/// What only its own application may take; another's attempt leaves it where it is.
fn take(
    issued: &mut HashMap<String, Issued>,
    secret: &str,
    client_id: &str,
    now: Duration,
) -> Option<Grant> {
    if issued.get(secret)?.grant.client_id != client_id {
        return None;
    }
    let taken = issued.remove(secret)?;
    (!taken.is_over(now)).then_some(taken.grant)
}

fn drop_over(issued: &mut HashMap<String, Issued>, now: Duration) {
    if issued.len() >= MANY {
        issued.retain(|_, one| !one.is_over(now));
    }
}

/// How much there is, and none of it.
impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStore")
            .field("codes", &self.codes.len())
            .field("access", &self.access.len())
            .field("refresh", &self.refresh.len())
            .finish_non_exhaustive()
    }
}
