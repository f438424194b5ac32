//! The lease of a sync on a database of ClickHouse, which has no locks: one sync at a time holds it.
//!
//! There is no statement that compares and sets. A run inserts a claim and then reads all claims: it holds the lease if
//! there is no other, and withdraws if another run holds it or has a claim that comes before its own. Of two runs the one
//! whose claim is inserted later sees the other's, so never do both believe that they hold it, as long as a claim that is
//! inserted is seen by every later read. Claims expire by the server's clock, and a thread renews that of a run.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::error::ExportError;
use crate::sinks::StoreOptions;
use crate::sinks::clickhouse::literal;
use crate::sinks::clickhouse::synced::SyncedClickhouse;
use crate::sinks::writer_runtime::WriterRuntime;
use crate::store::Store;
use crate::sync::SyncError;

const TABLE: &str = "_brimful_lease";
/// Seconds after which a claim expires that is not renewed.
const EXPIRES_AFTER: u64 = 120;
/// When a claim is renewed, and when that is tried again after it has failed.
const RENEW_AFTER: Duration = Duration::from_secs(20);
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long the server may take to answer. Other statements have far longer, but a claim does not live that long.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a run that cannot renew its claim stops writing: before the claim expires, whatever answer is still awaited.
const GIVE_UP_AFTER: Duration = Duration::from_secs(90);
/// How often a run whose claim comes first looks whether the others have withdrawn, and how many times.
const LOOK_AFTER: Duration = Duration::from_millis(100);
const LOOK_TIMES: usize = 50;
/// Seconds after which what is left of a claim is deleted.
const KEPT_FOR: u64 = 86_400;

/// A claim that has not expired.
#[derive(Debug)]
struct Claim {
    run: String,
    holder: String,
    is_held: bool,
    /// When it expires, and what time it is now, in Unix seconds of the server.
    expires: u64,
    now: u64,
}

impl Claim {
    /// Reads a row of the query of claims.
    fn of_row(row: Vec<Option<String>>) -> Option<Self> {
        let row: Vec<String> = row.into_iter().flatten().collect();
        let [run, holder, is_held, expires, now] = row.try_into().ok()?;
        Some(Self {
            run,
            holder,
            is_held: is_held == "1",
            expires: expires.parse().ok()?,
            now: now.parse().ok()?,
        })
    }
}

/// The claims of all runs, and that of this one among them.
struct Claims {
    sink: SyncedClickhouse,
    store: String,
    run: String,
    holder: String,
    version: u64,
    /// When the claim of this run expires, as it was last read.
    expires: u64,
}

impl Claims {
    fn open(url: &str, store: &Store) -> Result<Self, ExportError> {
        let mut sink = SyncedClickhouse::open(url, store.to_string(), StoreOptions::default())?;
        sink.answer_within(PATIENCE);
        sink.run(&format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (run String, holder String, is_held UInt8, expires DateTime, \
             version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY run"
        ))?;
        let row = sink.rows("SELECT toString(generateUUIDv4()), toString(now())")?;
        let row: Vec<String> = row.into_iter().flatten().flatten().collect();
        let [run, since]: [String; 2] = row.try_into().unwrap_or_default();
        Ok(Self {
            holder: format!("process {}, since {since}", std::process::id()),
            store: store.to_string(),
            sink,
            run,
            version: 0,
            expires: 0,
        })
    }

    /// Inserts the claim of this run as it is from now on.
    fn insert(&mut self, is_held: bool, seconds: u64) -> Result<(), ExportError> {
        self.version += 1;
        self.sink.run(&format!(
            "INSERT INTO {TABLE} (run, holder, is_held, expires, version) SELECT {}, {}, {}, now() + {seconds}, {}",
            literal(&self.run),
            literal(&self.holder),
            u8::from(is_held),
            self.version,
        ))
    }

    /// The claims of others, and what is known of one's own.
    fn read(&self) -> Result<(Option<Claim>, Vec<Claim>), ExportError> {
        let rows = self.sink.rows(&format!(
            "SELECT run, argMax(holder, version), toString(argMax(is_held, version)), \
             toString(toUnixTimestamp(argMax(expires, version)) AS until), toString(toUnixTimestamp(now())) \
             FROM {TABLE} GROUP BY run HAVING until > toUnixTimestamp(now()) ORDER BY run"
        ))?;
        let (ours, others): (Vec<Claim>, Vec<Claim>) = rows
            .into_iter()
            .filter_map(Claim::of_row)
            .partition(|claim| claim.run == self.run);
        Ok((ours.into_iter().next(), others))
    }

    /// Takes the lease, or says which claim keeps it.
    fn take(&mut self) -> Result<Option<Claim>, ExportError> {
        let (_, others) = self.read()?;
        if let Some(held) = others.into_iter().find(|claim| claim.is_held) {
            return Ok(Some(held));
        }
        self.insert(false, EXPIRES_AFTER)?;
        let mut before = None;
        for _ in 0..LOOK_TIMES {
            let (ours, mut others) = self.read()?;
            self.expires = ours.map_or(0, |claim| claim.expires);
            if others.is_empty() {
                if self.renew()? {
                    self.forget_expired()?;
                    return Ok(None);
                }
                break;
            }
            let first = others.iter().position(|claim| claim.is_held);
            before = Some(others.swap_remove(first.unwrap_or(0)));
            if before
                .as_ref()
                .is_some_and(|claim| claim.is_held || claim.run < self.run)
            {
                break;
            }
            self.sink.sleep(LOOK_AFTER)?;
        }
        self.withdraw()?;
        if before.is_none() {
            before = self.read()?.1.into_iter().next();
        }
        let unknown = Claim {
            run: String::new(),
            holder: "nothing is known of it".to_owned(),
            is_held: false,
            expires: 0,
            now: 0,
        };
        Ok(Some(before.unwrap_or(unknown)))
    }

    /// Renews the claim. Returns whether the lease is still held: the claim had not expired before, or no other run has
    /// made one since.
    fn renew(&mut self) -> Result<bool, ExportError> {
        let expired_at = self.expires;
        self.insert(true, EXPIRES_AFTER)?;
        let (ours, others) = self.read()?;
        let Some(ours) = ours else {
            return Ok(false);
        };
        self.expires = ours.expires;
        Ok(expired_at > ours.now || others.is_empty())
    }

    fn withdraw(&mut self) -> Result<(), ExportError> {
        self.insert(false, 0)
    }

    /// Deletes what is left of the claims of earlier runs. The server does it when it has time.
    fn forget_expired(&self) -> Result<(), ExportError> {
        let old = format!(
            "expires < toDateTime({})",
            self.expires.saturating_sub(KEPT_FOR)
        );
        if self
            .sink
            .number(&format!("SELECT count() FROM {TABLE} WHERE {old}"))?
            > 0
        {
            self.sink
                .run(&format!("ALTER TABLE {TABLE} DELETE WHERE {old}"))?;
        }
        Ok(())
    }
}

/// A lease that is held, and renewed, until it is dropped.
pub(in crate::sync) struct Lease {
    store: String,
    is_lost: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

impl Lease {
    /// Takes the lease of a database.
    ///
    /// # Errors
    /// Another run has it, or the server cannot be reached.
    pub(in crate::sync) fn take(url: &str, store: &Store) -> Result<Self, SyncError> {
        let mut claims = Claims::open(url, store)?;
        if let Some(claim) = claims.take()? {
            return Err(SyncError::Locked {
                store: store.to_string(),
                holder: format!(
                    "{}; if it was killed, its lease ends in {} s",
                    claim.holder,
                    claim.expires.saturating_sub(claim.now)
                ),
            });
        }
        let (stop, stopped) = oneshot::channel();
        let is_lost = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&is_lost);
        let store = claims.store.clone();
        let runtime = WriterRuntime::on_this_thread().map_err(ExportError::from)?;
        let thread = std::thread::Builder::new().name("lease".to_owned());
        let renewing = thread
            .spawn(move || {
                // Whatever went wrong with the runtime: nothing is renewed any more.
                if renew_until(&runtime, &mut claims, stopped, &lost).is_err() {
                    lost.store(true, Ordering::Release);
                }
            })
            .map_err(ExportError::from)?;
        Ok(Self {
            store,
            is_lost,
            stop: Some(stop),
            renewing: Some(renewing),
        })
    }

    /// Whether it is still held.
    ///
    /// # Errors
    /// It is not: it could not be renewed, and another run may have it.
    pub(in crate::sync) fn check(&self) -> Result<(), SyncError> {
        if self.is_lost.load(Ordering::Acquire) {
            return Err(SyncError::LostLease {
                store: self.store.clone(),
            });
        }
        Ok(())
    }
}

/// Renews a claim until it is told to stop, and then withdraws it.
fn renew_until(
    runtime: &WriterRuntime,
    claims: &mut Claims,
    mut stopped: oneshot::Receiver<()>,
    lost: &AtomicBool,
) -> io::Result<()> {
    let (mut renewed, mut wait) = (Instant::now(), RENEW_AFTER);
    // An end without a word is one too.
    while runtime
        .wait(async { timeout(wait, &mut stopped).await })?
        .is_err()
    {
        let now = Instant::now();
        match claims.renew() {
            Ok(true) => (renewed, wait) = (now, RENEW_AFTER),
            Ok(false) => lost.store(true, Ordering::Release),
            Err(_) => wait = RETRY_AFTER,
        }
        if renewed.elapsed() >= GIVE_UP_AFTER {
            lost.store(true, Ordering::Release);
        }
        if lost.load(Ordering::Acquire) {
            break;
        }
    }
    // If that fails, it expires.
    let _ = claims.withdraw();
    Ok(())
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(renewing) = self.renewing.take() {
            // The next run in this process finds it free.
            let _ = renewing.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server that `./test` starts, and an empty database of this name.
    fn database(name: &str) -> Option<(String, Store)> {
        let url = std::env::var("BRIMFUL_TEST_CLICKHOUSE").ok()?;
        let store: Store = url.parse().unwrap();
        let sink = SyncedClickhouse::open(&url, url.clone(), StoreOptions::default()).unwrap();
        sink.run(&format!("DROP DATABASE IF EXISTS {name}"))
            .unwrap();
        sink.run(&format!("CREATE DATABASE {name}")).unwrap();
        let url = format!("{}/{name}", url.rsplit_once('/').unwrap().0);
        Some((url, store))
    }

    /// Has the time of a claim pass.
    fn expire(claims: &mut Claims) {
        claims.insert(true, 0).unwrap();
        claims.expires = 0;
    }

    #[test]
    fn of_many_runs_at_once_one_has_the_lease_and_the_next_one_after_it() {
        let Some((url, store)) = database("lease_of_many") else {
            return;
        };
        for _ in 0..3 {
            let taken: Vec<_> = std::thread::scope(|scope| {
                let take = || Lease::take(&url, &store);
                let runs: Vec<_> = (0..6).map(|_| scope.spawn(take)).collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            let refusals: Vec<String> = taken
                .iter()
                .filter_map(|result| Some(result.as_ref().err()?.to_string()))
                .collect();
            assert_eq!(refusals.len(), 5, "{refusals:?}");
            let words = "another sync is running there (process ";
            assert!(
                refusals.iter().all(|text| text.contains(words)),
                "{refusals:?}"
            );
        }
    }

    #[test]
    fn a_claim_that_has_expired_is_lost_to_another_run_and_to_nobody_else() {
        let Some((url, store)) = database("lease_that_expires") else {
            return;
        };
        let mut one = Claims::open(&url, &store).unwrap();
        let mut other = Claims::open(&url, &store).unwrap();
        assert!(one.take().unwrap().is_none());
        let kept_by = other.take().unwrap().unwrap();
        assert_eq!(
            (kept_by.run.as_str(), kept_by.is_held),
            (one.run.as_str(), true)
        );
        assert!(
            (110..=120).contains(&(kept_by.expires - kept_by.now)),
            "{kept_by:?}"
        );
        assert!(one.renew().unwrap());

        expire(&mut one);
        assert!(one.renew().unwrap());
        expire(&mut one);
        assert!(other.take().unwrap().is_none());
        assert!(!one.renew().unwrap());
        one.withdraw().unwrap();
        assert!(other.renew().unwrap());
    }

    #[test]
    fn what_is_left_of_claims_is_deleted_after_a_day() {
        let Some((url, store)) = database("lease_of_yesterday") else {
            return;
        };
        let mut claims = Claims::open(&url, &store).unwrap();
        let left = "SELECT count() FROM _brimful_lease WHERE run = 'killed'";
        claims
            .sink
            .run("INSERT INTO _brimful_lease SELECT 'killed', 'process 1', 1, now() - 90000, 1")
            .unwrap();
        assert!(claims.take().unwrap().is_none());
        while claims.sink.number(left).unwrap() > 0 {
            std::thread::yield_now();
        }
    }
}
