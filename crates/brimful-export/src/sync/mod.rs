//! Keeps tables of a store equal to lists of a portal: what has changed comes in, what is deleted is marked.
//!
//! `entities` says what can be kept in sync and how its changes are found, `state` how far an entity is and what is read
//! next, `comparison` which rows are gone, `parents` whose rows are listed for one record at a time: none of them does I/O.
//! `portal` asks the portal, `table` the store, and `run` leads an entity through a run with them. `beginning` has the
//! lists of all entities begin together. `sql` is what databases with transactions do for a table, `clickhouse` what
//! ClickHouse does, `dataset` what folders of Parquet files do. `lock` keeps two runs out of one store; `status` and
//! `verify` look at it.

mod beginning;
#[cfg(feature = "clickhouse")]
mod clickhouse;
mod comparison;
#[cfg(feature = "parquet")]
mod dataset;
mod entities;
mod in_thread;
mod lock;
mod parents;
mod portal;
mod row_id;
mod run;
mod sql;
mod state;
mod status;
mod table;
mod verify;

use std::sync::Arc;

use brimful::{Client, Error};
use futures_util::{StreamExt, stream};

pub use entities::{ChangeCursor, EntityDescription, SyncEntity, entities};
use state::RunTime;
pub use state::{Cursor, Loaded, PortalTime};
pub use status::{TableStatus, status};
pub use verify::{GoneBecause, RowDifference, TableVerification, verify};

use crate::error::ExportError;
use crate::sinks::owner::portal_name;
use crate::store::Store;
use beginning::BegunRead;
use lock::StoreLock;
use table::TableAccess;

/// Entities that are read at the same time.
const ENTITIES_AT_ONCE: usize = 4;
/// The same where the portal has no limit: two use the processors as well as four, and each of them takes more memory than
/// where pages come slowly.
const UNLIMITED_ENTITIES_AT_ONCE: usize = 2;

/// Why an entity, or a whole run, was not brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// What was asked for cannot be done.
    #[error("{0}")]
    Usage(String),
    /// The name is neither an entity nor the method of a list.
    #[error("{name} is neither an entity nor the method of a list{}", did_you_mean(*.near))]
    UnknownEntity {
        /// The name.
        name: String,
        /// The method whose name is nearest to it.
        near: Option<&'static str>,
    },
    /// The table of an entity holds rows that are not its own. A table of another name can take them.
    #[error("{message}")]
    UnfitTable {
        /// The entity.
        entity: String,
        /// Whose rows they are, and what can be done about them in the store.
        message: String,
    },
    /// The rows of a table are of a portal of another name.
    #[error(
        "the table {table} holds rows of the portal {theirs}, and {ours} is another one by its name; rows of two portals \
         belong in stores of their own; to replace those that are there, empty the table: {empty}"
    )]
    OtherPortal {
        /// The table.
        table: String,
        /// The portal that its rows are of.
        theirs: String,
        /// The portal of this run.
        ours: String,
        /// The statement that empties the table.
        empty: String,
    },
    /// The portal, or the way to it.
    #[error("{0}")]
    Portal(#[from] Box<Error>),
    /// The conditions or the choice of fields of an entity do not fit the fields that the portal has.
    #[error("{error}")]
    UnfitNames {
        /// Which of the two.
        setting: NarrowedBy,
        /// What does not fit, with the nearest names.
        error: Box<Error>,
    },
    /// The store, or what it holds.
    #[error("{0}")]
    Store(#[from] ExportError),
    /// Another run has the store.
    #[error("{store}: another sync is running there ({holder}); wait until it has ended")]
    Locked {
        /// The store, without its password.
        store: String,
        /// What is known of the other run.
        holder: String,
    },
    /// The store could not be told for a while that this run goes on, so another one may have begun.
    #[error(
        "{store}: this run could not renew its lease of the database and has stopped, as another sync may be running there; \
         run it again"
    )]
    LostLease {
        /// The store, without its password.
        store: String,
    },
    /// More rows are gone at once than are believed to be deleted.
    #[error(
        "{gone} of {live} rows of {table} are gone from the portal at once, so none was taken for deleted; if they are \
         deleted, the next run has to accept deletes"
    )]
    TooManyGone {
        /// The table.
        table: String,
        /// Rows that the portal no longer has.
        gone: u64,
        /// Rows that the store has.
        live: u64,
    },
    /// More records that have rows in a table are gone at once than are believed to be deleted.
    #[error(
        "{gone} of {asked} records that {table} has rows of are gone from the portal at once, so no row of theirs was taken \
         for deleted; if they are deleted, the next run has to accept deletes"
    )]
    TooManyParentsGone {
        /// The table.
        table: String,
        /// Records that the portal no longer has.
        gone: u64,
        /// Records that the portal was asked for.
        asked: u64,
    },
    /// What is stored of how far a table is cannot be read: it was edited, or a newer version has written it.
    #[error(
        "{store}: the state of {table} is unreadable: {why}; run brimful sync once more: it reads the table in full and \
         stores the state again"
    )]
    UnreadableState {
        /// The store, without its password.
        store: String,
        /// The table.
        table: String,
        /// What is wrong with it.
        why: String,
    },
    /// A portal of another kind, or one that does not work as it should.
    #[error("{0}")]
    UnusablePortal(String),
    /// The runtime has shut down, or a thread has panicked.
    #[error("the run was broken off")]
    BrokenOff,
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

impl From<Error> for SyncError {
    fn from(error: Error) -> Self {
        Self::Portal(Box::new(error))
    }
}

/// By what an entity is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NarrowedBy {
    /// Conditions that its rows meet.
    Filter,
    /// The fields that are kept.
    Select,
}

/// What becomes of rows that the portal no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deletes {
    /// They stay, and `_deleted_at` says since when they are gone.
    #[default]
    Soft,
    /// They are deleted in the store too.
    Hard,
    /// They stay as they are, and the portal is not asked.
    Off,
}

/// How a run is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncOptions {
    /// What becomes of rows that the portal no longer has.
    pub deletes: Deletes,
    /// Believe that rows are deleted however many there are.
    pub accept_deletes: bool,
    /// Store what people call the codes of fields too: a table of labels and a view for each table.
    pub labels: bool,
    /// Rows of a portal of another name are this one's: it is the same portal at another address.
    pub same_portal: bool,
}

/// What a run has done for one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EntityReport {
    /// Rows that the portal sent.
    pub read: u64,
    /// Rows of them that were new in the store or differed from what it had.
    pub written: u64,
    /// Rows that are gone from the portal since the last run.
    pub deleted: u64,
    /// Rows that are live in the store now.
    pub rows: u64,
    /// Whether everything was read, and not only what has changed.
    pub is_full: bool,
    /// Values that did not fit their columns; `_brimful_errors` has them.
    pub misfits: u64,
    /// Rows among those that were asked for which the portal counts and does not show: rights, most of the time. Changes
    /// among them are asked for again by the next runs.
    pub hidden: u64,
    /// What of the entity is in the store, by this run and those before.
    pub loaded: Loaded,
    /// Whether files are in the folder of the table that readers take for rows of it and that are not: a warning names
    /// them, and a person has to move them.
    pub has_strange_files: bool,
}

/// What happens while a run goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum SyncEvent<'e> {
    /// An entity is begun.
    Begun {
        /// Its name.
        entity: &'e str,
        /// Whether everything is read.
        is_full: bool,
        /// The ID behind which an interrupted read is continued.
        resumed_after: Option<u64>,
    },
    /// Rows of an entity are stored.
    Stored {
        /// Its name.
        entity: &'e str,
        /// How many rows have been read so far.
        rows: u64,
    },
    /// An entity is done, or has failed.
    Ended {
        /// Its name.
        entity: &'e str,
        /// What was done for it.
        result: &'e Result<EntityReport, SyncError>,
    },
    /// Something that did not work and is done without.
    Warning {
        /// The name of the entity.
        entity: &'e str,
        /// What it was.
        text: &'e str,
    },
}

/// Is told what happens.
pub type Observer = Arc<dyn Fn(&SyncEvent<'_>) + Send + Sync>;

type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A run: entities of a portal, and the store that is brought up to date with them.
pub struct SyncRun {
    client: Client,
    portal: String,
    store: Store,
    entities: Vec<SyncEntity>,
    options: SyncOptions,
    observer: Observer,
    clock: Clock,
}

impl std::fmt::Debug for SyncRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncRun")
            .field("store", &self.store)
            .field("entities", &self.entities)
            .finish_non_exhaustive()
    }
}

/// What a run has done for all entities.
#[derive(Debug)]
#[non_exhaustive]
pub struct SyncReport {
    /// The entities in the order in which they were given, each with what was done for it.
    pub entities: Vec<(String, Result<EntityReport, SyncError>)>,
    /// Requests that were sent to the portal.
    pub requests: u64,
}

impl SyncRun {
    /// A run of `entities` into `store`. The store keeps the name of the portal, so that rows of two portals don't meet in
    /// one table.
    pub fn new(client: Client, store: Store, entities: Vec<SyncEntity>) -> Self {
        Self {
            portal: portal_name(&client.portal()),
            client,
            store,
            entities,
            options: SyncOptions::default(),
            observer: Arc::new(|_| {}),
            clock: Arc::new(|| jiff::Timestamp::now().as_second()),
        }
    }

    /// The clock of this machine in Unix seconds, in the place of the system's. By it a run finds out that the portal's
    /// clock was ahead in an earlier run.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How the run is done.
    #[must_use]
    pub fn options(mut self, options: SyncOptions) -> Self {
        self.options = options;
        self
    }

    /// The name that the store keeps for the portal, where its address is not the same from run to run.
    #[must_use]
    pub fn portal(mut self, name: impl Into<String>) -> Self {
        self.portal = name.into();
        self
    }

    /// Calls `observer` with everything that happens.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&SyncEvent<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Brings the store up to date. The failure of an entity does not stop the others: the report has it.
    ///
    /// # Errors
    /// Nothing could be done: the store cannot be reached or another run has it, two entities want one table, or the portal
    /// does not answer at all.
    pub async fn run(&self) -> Result<SyncReport, SyncError> {
        self.check_tables()?;
        let tables = self.entities.iter().map(|entity| entity.table.clone());
        let lock = lock::acquire(&self.store, tables.collect()).await?;
        let lock = Arc::new(lock);
        let requests = self.client.stats().requests;
        let described = portal::describe_all(&self.client, &self.entities).await?;
        let now = RunTime {
            portal: described.now,
            ahead: described.now.unix().saturating_sub((self.clock)()),
        };
        let (order, failed) = self.order(&described);
        let mut results = self.tell_failed(failed, now, &lock).await;
        let mut begun = self.begin_reads(&order, &described, now, &lock).await;
        let described = Arc::new(described);
        let runs = order.into_iter().filter_map(|place| {
            let entity = self.entities.get(place)?;
            let begun = begun.remove(&place);
            let described = Arc::clone(&described);
            let lock = &lock;
            Some(async move {
                let result = match described.of(place) {
                    Ok(fields) => Box::pin(self.run_entity(entity, fields, begun, now, lock)).await,
                    Err(error) => Err(error),
                };
                self.tell_end(entity, &result);
                (place, result)
            })
        });
        let at_once = match self.client.limits().snapshot().limit {
            Some(_) => ENTITIES_AT_ONCE,
            None => UNLIMITED_ENTITIES_AT_ONCE,
        };
        let done: Vec<_> = stream::iter(runs).buffer_unordered(at_once).collect().await;
        results.extend(done);
        results.sort_by_key(|(place, _)| *place);
        if let Some(lock) = Arc::into_inner(lock) {
            // Releasing a store may take an answer of its server.
            in_thread::blocking(move || {
                lock.release();
                Ok(())
            })
            .await?;
        }
        let names = self.entities.iter().map(|entity| entity.name.clone());
        Ok(SyncReport {
            entities: names
                .zip(results.into_iter().map(|(_, result)| result))
                .collect(),
            requests: self.client.stats().requests - requests,
        })
    }

    /// No two entities may go to one table.
    fn check_tables(&self) -> Result<(), SyncError> {
        for (place, entity) in self.entities.iter().enumerate() {
            let mut before = self.entities.iter().take(place);
            if let Some(other) = before.find(|other| other.table == entity.table) {
                return Err(SyncError::Usage(format!(
                    "{} and {} both go to the table {}: leave one of them out",
                    other.name, entity.name, entity.table
                )));
            }
        }
        Ok(())
    }

    /// The places of the entities in the order in which they are read: small lists are done soon, and others refer to them.
    /// And of those that cannot be read, each with the reason.
    fn order(&self, described: &portal::Described) -> (Vec<usize>, Vec<(usize, SyncError)>) {
        let (mut order, mut failed) = (Vec::new(), Vec::new());
        for place in 0..self.entities.len() {
            match described.check(place) {
                Ok(()) => order.push(place),
                Err(error) => failed.push((place, error)),
            }
        }
        order.sort_by_key(|place| {
            let entity = self.entities.get(*place);
            !entity.is_some_and(|entity| entity.is_dictionary)
        });
        (order, failed)
    }

    /// Tells of the entities that cannot be read, before the others are, and keeps why. Gives their results.
    async fn tell_failed(
        &self,
        failed: Vec<(usize, SyncError)>,
        now: RunTime,
        lock: &Arc<StoreLock>,
    ) -> Vec<(usize, Result<EntityReport, SyncError>)> {
        let mut results = Vec::new();
        for (place, error) in failed {
            let Some(entity) = self.entities.get(place) else {
                continue;
            };
            run::record_failure(self, entity, self.access(lock), now, &error).await;
            let result = Err(error);
            self.tell_end(entity, &result);
            results.push((place, result));
        }
        results
    }

    fn tell_end(&self, entity: &SyncEntity, result: &Result<EntityReport, SyncError>) {
        (self.observer)(&SyncEvent::Ended {
            entity: &entity.name,
            result,
        });
    }

    /// As what the tables of the run are opened.
    fn access(&self, lock: &Arc<StoreLock>) -> TableAccess {
        TableAccess {
            portal: self.portal.clone(),
            same_portal: self.options.same_portal,
            lock: Some(Arc::clone(lock)),
        }
    }

    async fn run_entity(
        &self,
        entity: &SyncEntity,
        fields: brimful::Fields,
        begun: Option<BegunRead>,
        now: RunTime,
        lock: &Arc<StoreLock>,
    ) -> Result<EntityReport, SyncError> {
        let mut run = match run::EntityRun::open(self, entity, fields, now, lock).await {
            Ok(run) => run,
            Err(error) => {
                run::record_failure(self, entity, self.access(lock), now, &error).await;
                return Err(error);
            }
        };
        run.begun = begun;
        let result = run.run().await;
        if let Err(error) = &result {
            run.record_failure(self, error).await;
        }
        result
    }
}
