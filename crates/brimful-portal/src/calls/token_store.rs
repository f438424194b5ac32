//! What the OAuth server has given out: codes, access tokens, refresh tokens.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use serde_json::{Value as Json, json};

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
    is_changed: bool,
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
            is_changed: false,
        }
    }

    /// A code to be exchanged for tokens.
    pub(crate) fn issue_code(&mut self, grant: Grant, now: Duration) -> String {
        self.is_changed = true;
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
        self.is_changed = true;
        take(&mut self.codes, code, client_id, now)
    }

    /// Takes a refresh token back: the next pair has another.
    pub(crate) fn take_refresh(
        &mut self,
        token: &str,
        client_id: &str,
        now: Duration,
    ) -> Option<Grant> {
        self.is_changed = true;
        take(&mut self.refresh, token, client_id, now)
    }

    /// A pair of tokens.
    pub(crate) fn issue_pair(&mut self, grant: &Grant, ttl: Duration, now: Duration) -> Pair {
        self.is_changed = true;
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
        self.is_changed = true;
        for issued in [&mut self.codes, &mut self.access, &mut self.refresh] {
            issued.retain(|_, one| one.grant.client_id != client_id);
        }
        self.for_events.retain(|(of, _), _| of != client_id);
    }

    /// What an access token stands for.
    pub(crate) fn access(&self, token: &str) -> Option<&Issued> {
        self.access.get(token)
    }

    /// How many access tokens of an application are valid.
    pub(crate) fn live(&self, client_id: &str, now: Duration) -> usize {
        let own = self.access.values();
        own.filter(|issued| issued.grant.client_id == client_id && !issued.is_over(now))
            .count()
    }

    /// Whether anything was given out or taken back since the last time.
    pub(crate) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// All of it as JSON, for a portal that began at `began`, in Unix seconds.
    pub(crate) fn stored(&self, began: f64) -> Json {
        let kind = |issued: &HashMap<String, Issued>| -> Json {
            let issued = issued.iter().map(|(secret, one)| {
                let scopes = match &one.grant.scopes {
                    Scopes::All => Json::Null,
                    Scopes::Only(scopes) => json!(scopes),
                };
                let until = began + one.until.as_secs_f64();
                json!([secret, one.grant.client_id, one.grant.user, scopes, until])
            });
            issued.collect()
        };
        json!({
            "chance": self.chance.get_seed().to_string(),
            "codes": kind(&self.codes),
            "access": kind(&self.access),
            "refresh": kind(&self.refresh),
        })
    }

    /// Has what [`TokenStore::stored`] wrote and nothing else.
    pub(crate) fn restore(&mut self, stored: &Json, began: f64) {
        type Entry = (String, String, u64, Option<BTreeSet<String>>, f64);
        let kind = |name: &str| {
            let entries: Vec<Entry> =
                serde_json::from_value(stored[name].clone()).unwrap_or_default();
            let issued = entries
                .into_iter()
                .map(|(secret, client_id, user, scopes, until)| {
                    let grant = Grant {
                        client_id,
                        user,
                        scopes: scopes.map_or(Scopes::All, Scopes::Only),
                    };
                    let until = Duration::try_from_secs_f64(until - began).unwrap_or_default();
                    (secret, Issued { grant, until })
                });
            issued.collect()
        };
        (self.codes, self.access, self.refresh) = (kind("codes"), kind("access"), kind("refresh"));
        self.for_events.clear();
        // What is given out from now on must differ from all that was given out before.
        if let Some(seed) = stored["chance"].as_str().and_then(|seed| seed.parse().ok()) {
            self.chance.seed(seed);
        }
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
