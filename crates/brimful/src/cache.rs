//! An optional cache of replies, for what is asked for again and again and seldom changes: statuses, fields, users.
//!
//! A reply is kept under its method and its parameters, whatever their order. Callers who ask for the same thing at the
//! same time share one call. Every write of the same entity, by this client and its clones, forgets what was kept of it;
//! what others change is seen when the time to live is over.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

use crate::effect::{self, Effect};
use crate::error::{Error, ErrorKind};
use crate::limits::Calls;
use crate::reply::Reply;

/// Which replies are kept, and for how long.
///
/// ```
/// use std::time::Duration;
/// use brimful::Cache;
///
/// let cache = Cache::new()
///     .method("crm.status.list", Duration::from_secs(3600), 100)
///     .method("user.get", Duration::from_secs(300), 1_000);
/// let client = brimful::Client::builder("https://example.bitrix24.ru/rest/1/code/")
///     .cache(cache)
///     .build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Default)]
pub struct Cache {
    methods: HashMap<String, CachedMethod>,
    /// A method that writes, which was asked to be kept.
    refused: Option<String>,
    /// How often each entity was written: a reply of another generation is never found again.
    generations: Mutex<HashMap<String, u64>>,
}

struct CachedMethod {
    time_to_live: Duration,
    /// Each with the time until which it is kept; `None` is for ever.
    replies: moka::future::Cache<Key, (Option<Instant>, Reply)>,
}

/// The generation of the entity, and the parameters in one order.
type Key = (u64, String);

impl Cache {
    /// Keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps up to `replies` replies of `method`, each for `time_to_live`. A method that writes is refused when the client
    /// is built.
    #[must_use]
    pub fn method(
        mut self,
        method: impl Into<String>,
        time_to_live: Duration,
        replies: u64,
    ) -> Self {
        let method = method.into().to_ascii_lowercase();
        if effect::of(&method) == Effect::Read {
            let replies = moka::future::Cache::new(replies);
            self.methods.insert(
                method,
                CachedMethod {
                    time_to_live,
                    replies,
                },
            );
        } else {
            self.refused.get_or_insert(method);
        }
        self
    }

    /// Whether everything that it is to keep can be kept.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.refused {
            None => Ok(()),
            Some(method) => Err(Error::config(format!(
                "the replies of {method} cannot be cached: by its name it writes. Cache methods that read"
            ))),
        }
    }

    /// The reply to a call of a method that is kept: from the cache, or made by `call` once for all who ask.
    pub(crate) fn reply<'a, F>(
        &'a self,
        method: &str,
        params: &Value,
        call: impl Fn() -> F + Send + Sync + 'a,
    ) -> Option<BoxFuture<'a, Result<Reply, Error>>>
    where
        F: Future<Output = Result<Reply, Error>> + Send + 'a,
    {
        let kept = self.methods.get(&method.to_ascii_lowercase())?;
        let key = (self.generation(&entity(method)), canonical(params));
        Some(
            async move {
                if let Some((until, reply)) = kept.replies.get(&key).await {
                    if until.is_none_or(|until| until > Instant::now()) {
                        return Ok(reply);
                    }
                    kept.replies.invalidate(&key).await;
                }
                loop {
                    let called = AtomicBool::new(false);
                    let made = kept
                        .replies
                        .try_get_with(key.clone(), async {
                            called.store(true, Ordering::Relaxed);
                            let reply = call().await?;
                            Ok::<_, Error>((Instant::now().checked_add(kept.time_to_live), reply))
                        })
                        .await;
                    match made {
                        Ok((_, reply)) => return Ok(reply),
                        // It was the deadline of the one caller that made the call for all.
                        Err(error)
                            if error.kind() == ErrorKind::Deadline
                                && !called.load(Ordering::Relaxed) => {}
                        Err(error) => return Err(Error::clone(&error)),
                    }
                }
            }
            .boxed(),
        )
    }

    /// What `calls` write is forgotten now, and once more when the guard is dropped.
    pub(crate) fn changes(&self, calls: &Calls) -> Changes<'_> {
        let entities: Vec<String> = calls
            .iter()
            .filter(|(method, _)| effect::writes(method))
            .flat_map(|(method, _)| touched(&entity(method)))
            .collect();
        self.forget(&entities);
        Changes {
            cache: self,
            entities,
        }
    }

    fn forget(&self, entities: &[String]) {
        let mut generations = self.generations();
        for entity in entities {
            *generations.entry(entity.clone()).or_default() += 1;
        }
    }

    fn generation(&self, entity: &str) -> u64 {
        self.generations().get(entity).copied().unwrap_or(0)
    }

    fn generations(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("methods", &self.methods.keys())
            .finish_non_exhaustive()
    }
}

/// A write that is under way.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    cache: &'a Cache,
    entities: Vec<String>,
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        self.cache.forget(&self.entities);
    }
}

/// What a method is about: `crm.lead` of `crm.lead.contact.add`, `user` of `user.get`.
fn entity(method: &str) -> String {
    let method = method.to_ascii_lowercase();
    let parts: Vec<&str> = method.split('.').collect();
    match parts.as_slice() {
        // The old and the new names of the same thing.
        ["task" | "tasks", ..] => "tasks".to_owned(),
        [one, two, _, ..] => format!("{one}.{two}"),
        [one, ..] => (*one).to_owned(),
        [] => String::new(),
    }
}

/// The entities that a write of one changes: `crm.item` is another way to leads, deals and the others.
fn touched(written: &str) -> Vec<String> {
    const ITEMS: [&str; 5] = [
        "crm.lead",
        "crm.deal",
        "crm.contact",
        "crm.company",
        "crm.quote",
    ];
    let mut touched = vec![written.to_owned()];
    if written == "crm.item" {
        touched.extend(ITEMS.map(str::to_owned));
    } else if ITEMS.contains(&written) {
        touched.push("crm.item".to_owned());
    }
    touched
}

/// The parameters as a text that does not depend on the order of their names.
fn canonical(params: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.clone(), sorted(value)))
                        .collect(),
                )
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    sorted(params).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_names_does_not_matter_and_that_of_lists_does() {
        let one = json!({"filter": {"a": 1, "b": [2, 1]}, "select": ["ID", "TITLE"]});
        let other = json!({"select": ["ID", "TITLE"], "filter": {"b": [2, 1], "a": 1}});
        assert_eq!(canonical(&one), canonical(&other));
        assert_ne!(
            canonical(&one),
            canonical(&json!({"select": ["TITLE", "ID"], "filter": {"a": 1, "b": [2, 1]}}))
        );
    }

    #[test]
    fn a_method_is_about_its_entity() {
        for (method, expected) in [
            ("crm.lead.list", "crm.lead"),
            ("crm.lead.contact.add", "crm.lead"),
            ("user.get", "user"),
            ("scope", "scope"),
            ("tasks.task.list", "tasks"),
            ("task.elapseditem.add", "tasks"),
        ] {
            assert_eq!(entity(method), expected, "{method}");
        }
    }
}
