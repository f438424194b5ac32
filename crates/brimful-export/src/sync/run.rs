//! A run of one entity: what has changed is read and stored, what is gone is found.

mod children;

use std::collections::HashSet;
use std::sync::Arc;

use brimful::{BegunList, Client, Fields, List, Page};
use serde_json::Value;

use super::beginning::{BegunRead, active_list_of, list_of};
use super::comparison::{self, Difference, IdRange, RangeFinding};
use super::entities::{ActivityFields, SyncEntity};
use super::in_thread::{InThread, blocking};
use super::lock::StoreLock;
use super::row_id::row_id;
use super::state::{Cursor, Reading, RunTime};
use super::table::{Coverage, CoveredRows, SyncTable, TableAccess};
use super::{Deletes, EntityReport, Observer, SyncError, SyncEvent, SyncOptions, SyncRun, portal};
use crate::labels::describe;
use crate::schema::Plan;
use crate::store::Store;

/// Rows that go into one transaction. While they are written nothing waits for the portal, so a store that has one writer
/// at a time serves several entities.
const ROWS_AT_ONCE: usize = 2_500;
/// Rows that the store lacks and that are read by their IDs. More of them are read with all others.
const LACKING_AT_ONCE: usize = 2_500;
/// How often rows that the store lacks are asked for, if they do not come.
const READINGS_OF_LACKING: usize = 3;
/// Rows that were taken for deleted and are asked for again in each run: as many as one request can ask for.
const DELETED_AT_ONCE: usize = 2_500;

pub(crate) struct EntityRun {
    client: Client,
    entity: SyncEntity,
    options: SyncOptions,
    observer: Observer,
    table: InThread<SyncTable>,
    now: RunTime,
    /// As what the table is opened.
    access: TableAccess,
    report: EntityReport,
    /// The field with the time of the last activity, where the rows have one.
    activity: Option<ActivityFields>,
    /// The first read, where it has begun together with those of other entities.
    pub(crate) begun: Option<BegunRead>,
    /// The IDs of all rows, where the run has read everything from the beginning.
    seen: Option<HashSet<String>>,
    /// The record and the ID of each row that the store had when the run began, ascending, where rows are listed for one
    /// record at a time.
    children: Vec<(u64, u64)>,
    /// What the lists of records have shown so far.
    lists: children::ListsRead,
}

/// Keeps in the store what an entity has failed with, by a connection of its own: rows that the store refused would be
/// refused again. That this may fail too is no news, as the store may be gone, or the table be somebody else's.
pub(crate) async fn record_failure(
    run: &SyncRun,
    entity: &SyncEntity,
    access: TableAccess,
    now: RunTime,
    error: &SyncError,
) {
    let (text, store, entity) = (error.to_string(), run.store.clone(), entity.clone());
    let recorded = blocking(move || {
        let plan = Plan::of_list(&entity.method);
        let mut table = SyncTable::open(&store, &entity, &access, plan)?;
        table.state.failed = Some((text, now.portal));
        table.commit()
    });
    let _ = recorded.await;
}

impl EntityRun {
    /// Connects to the store, and looks up how far the entity is.
    pub(crate) async fn open(
        run: &SyncRun,
        entity: &SyncEntity,
        fields: Fields,
        now: RunTime,
        lock: &Arc<StoreLock>,
    ) -> Result<Self, SyncError> {
        let mut plan = Plan {
            fields,
            // The next run knows them, and reads everything for them.
            waits_for_new_fields: true,
            ..Plan::of_list(&entity.method)
        };
        if run.options.labels && !plan.fields.is_empty() && entity.parents.is_none() {
            let params = Value::Object(entity.params.clone());
            let described = describe(&run.client, &entity.method, &params, &[], true).await?;
            for doubt in &described.doubts {
                (run.observer)(&SyncEvent::Warning {
                    entity: &entity.name,
                    text: doubt,
                });
            }
            plan.labels = described.labels;
        }
        let activity = entity.activity(&plan.fields);
        let access = run.access(lock);
        let (store, of_store, opened_by) = (run.store.clone(), entity.clone(), access.clone());
        let labels = run.options.labels;
        let table = blocking(move || open_table(&store, &of_store, &opened_by, plan, labels));
        let table = table.await?;
        if let Some(damage) = &table.trouble.damage {
            (run.observer)(&SyncEvent::Warning {
                entity: &entity.name,
                text: &format!("{damage}; what the portal has of it comes with this run"),
            });
        }
        Ok(Self {
            client: run.client.job(),
            entity: entity.clone(),
            options: run.options,
            observer: Arc::clone(&run.observer),
            table: InThread::new(table),
            now,
            access,
            report: EntityReport::default(),
            activity,
            begun: None,
            seen: None,
            children: Vec::new(),
            lists: children::ListsRead::default(),
        })
    }

    pub(crate) async fn run(&mut self) -> Result<EntityReport, SyncError> {
        let had_rows = self.table.call(|table| Ok(table.exists)).await?;
        let was_resumed = self.read(had_rows).await?;
        if was_resumed {
            // What has changed since the interrupted run began, in the rows that it had stored.
            let was_full = self.report.is_full;
            self.read(true).await?;
            self.report.is_full = was_full;
        }
        if let Some(parents) = self.entity.parents.clone() {
            self.settle_children(&parents).await?;
        } else if self.options.deletes != Deletes::Off && had_rows {
            self.find_deleted().await?;
        }
        let now = self.now.portal;
        let keeps_deleted = self.options.deletes == Deletes::Off;
        let (rows, misfits, written, strangers, loaded) = self
            .table
            .call(move |table| {
                let rows = table.count()?;
                table.state.rows = rows;
                table.state.is_settled = true;
                table.state.keeps_deleted = keeps_deleted;
                table.state.succeeded = Some(now);
                table.state.failed = None;
                table.commit()?;
                let strangers = table.strangers()?;
                let (misfits, written) = (table.misfits(), table.written());
                Ok((rows, misfits, written, strangers, table.state.loaded))
            })
            .await?;
        if let Some(strangers) = &strangers {
            (self.observer)(&SyncEvent::Warning {
                entity: &self.entity.name,
                text: strangers,
            });
        }
        self.report.has_strange_files = strangers.is_some();
        self.report.written = written;
        self.report.rows = rows;
        self.report.misfits = misfits;
        self.report.loaded = loaded;
        Ok(self.report)
    }

    /// Keeps what came, and what the run has failed with.
    pub(crate) async fn record_failure(mut self, run: &SyncRun, error: &SyncError) {
        // The next run goes on there.
        let _ = self.table.call(SyncTable::flush).await;
        // A database lets only one connection write at a time.
        drop(self.table);
        record_failure(run, &self.entity, self.access, self.now, error).await;
    }

    /// Reads what has changed since the cursor, or everything, and stores it. Returns whether it resumed a read that was
    /// interrupted.
    async fn read(&mut self, had_rows: bool) -> Result<bool, SyncError> {
        if let Some(parents) = self.entity.parents.clone() {
            return self.read_children(&parents).await;
        }
        let (kind, now) = (self.entity.cursor, self.now);
        let by_id = self.entity.keyset().is_some();
        let reading: Reading = self
            .table
            .call(move |table| Ok(table.state.begin_read(kind, now, by_id)))
            .await?;
        let is_resumed = reading.after > 0 && !matches!(reading.since, Some(Cursor::Id(_)));
        self.report.is_full = reading.since.is_none();
        if had_rows && reading.since.is_none() && !is_resumed && !self.entity.is_counted() {
            self.seen = Some(HashSet::new());
        }
        (self.observer)(&SyncEvent::Begun {
            entity: &self.entity.name,
            is_full: reading.since.is_none(),
            resumed_after: is_resumed.then_some(reading.after),
        });
        let begun = self.begun.take();
        let (changed, active) = match begun.and_then(|begun| begun.lists_for(&reading)) {
            Some(lists) => (Some(lists.changed), lists.active),
            None => (None, None),
        };
        let mut pages = match changed {
            Some(list) => list.pages()?,
            None => list_of(&self.client, &self.entity, &reading).pages()?,
        };
        let mut chunk: Vec<Page> = Vec::new();
        let mut rows = 0;
        let ended = loop {
            match pages.next_page().await {
                Ok(Some(page)) => {
                    rows += page.len();
                    chunk.push(page);
                    if rows >= ROWS_AT_ONCE {
                        self.store(std::mem::take(&mut chunk), by_id).await?;
                        rows = 0;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // What came before an error is right, and need not come again.
        self.store(chunk, by_id).await?;
        ended?;
        self.report.hidden = pages.report().map_or(0, |report| report.hidden);
        self.read_active(&reading, active).await?;
        self.finish_read(&reading).await?;
        Ok(is_resumed)
    }

    /// Reads and stores rows that something has happened to which does not date their last change: a comment, a call, a
    /// mail. They come in addition, so the read goes on where it was, however far these have come.
    async fn read_active(
        &mut self,
        reading: &Reading,
        begun: Option<BegunList>,
    ) -> Result<(), SyncError> {
        let pages = match begun {
            Some(list) => Some(list.pages()?),
            None => active_list_of(&self.client, &self.entity, self.activity, reading)
                .map(List::pages)
                .transpose()?,
        };
        let Some(mut pages) = pages else {
            return Ok(());
        };
        let mut has_rows = false;
        loop {
            match pages.next_page().await {
                Ok(Some(page)) => {
                    has_rows = true;
                    self.store(vec![page], false).await?;
                }
                Ok(None) => {
                    let hidden = pages.report().map_or(0, |report| report.hidden);
                    let are_others = self.activity.is_none_or(|fields| fields.is_beside_changed);
                    self.report.hidden = if are_others {
                        self.report.hidden + hidden
                    } else {
                        self.report.hidden.max(hidden)
                    };
                    return Ok(());
                }
                // Not every portal can find its rows by this time.
                Err(error) if !has_rows && portal::is_refusal(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The read is done: the cursor moves, and it is written down what was loaded.
    async fn finish_read(&mut self, reading: &Reading) -> Result<(), SyncError> {
        let (kind, to) = (self.entity.cursor, reading.started);
        let (from, read, is_full) = (reading.since, self.report.read, self.report.is_full);
        let lacks_changes = self.report.hidden > 0;
        self.table
            .call(move |table| {
                if !table.exists {
                    table.open_table()?;
                }
                let highest = table.highest_id()?;
                if is_full {
                    table.make_indexes()?;
                }
                if lacks_changes && table.state.finish_read_in_place() {
                    return Ok(());
                }
                table.state.finish_read(kind, highest);
                table.cover(&Coverage {
                    what: if is_full {
                        CoveredRows::All
                    } else {
                        CoveredRows::Changed
                    },
                    ids: (highest > 0 && is_full).then_some((1, highest)),
                    from: match from {
                        Some(Cursor::Time(time)) => Some(time),
                        _ => None,
                    },
                    to,
                    rows: read,
                })
            })
            .await
    }

    /// Stores rows, and how far the entity is with them.
    async fn store(&mut self, pages: Vec<Page>, by_id: bool) -> Result<(), SyncError> {
        if pages.is_empty() {
            return Ok(());
        }
        if let Some(seen) = &mut self.seen {
            let field = self.entity.id_field();
            let rows = pages.iter().flat_map(Page::iter);
            seen.extend(rows.filter_map(|row| row_id(&row, field)));
        }
        let rows: usize = pages.iter().map(Page::len).sum();
        self.table
            .call(move |table| {
                if by_id && let Some(last) = pages.iter().flat_map(Page::ids).flatten().max() {
                    table.state.advance(last);
                }
                table.write(&pages)
            })
            .await?;
        self.report.read += rows as u64;
        (self.observer)(&SyncEvent::Stored {
            entity: &self.entity.name,
            rows: self.report.read,
        });
        Ok(())
    }

    /// Finds the rows that the portal no longer has, and marks or deletes them.
    async fn find_deleted(&mut self) -> Result<(), SyncError> {
        let seen = self.seen.take();
        let gone: Vec<String> = match seen {
            Some(seen) => self.gone_of_seen(seen).await?,
            None if self.entity.keyset().is_some() => self.gone_by_ranges().await?,
            // The next full read shows it.
            None => return Ok(()),
        };
        self.delete_believed(gone).await?;
        if self.options.deletes == Deletes::Hard {
            self.delete_marked().await?;
        }
        Ok(())
    }

    /// Deletes rows that earlier runs have marked. Those that came back have lost their mark by now.
    async fn delete_marked(&mut self) -> Result<(), SyncError> {
        let now = self.now.portal;
        self.table
            .call(move |table| {
                let marked = table.deleted_ids(DELETED_AT_ONCE)?;
                if marked.is_empty() {
                    return Ok(());
                }
                let marked: Vec<String> = marked.iter().map(u64::to_string).collect();
                table.delete(&marked, Deletes::Hard, now)
            })
            .await
    }

    /// Marks or deletes rows that are gone, unless they are too many to be believed.
    async fn delete_believed(&mut self, gone: Vec<String>) -> Result<(), SyncError> {
        let deletes = self.options.deletes;
        let (live, now) = (self.table.call(SyncTable::count).await?, self.now.portal);
        if !self.options.accept_deletes && !comparison::is_believable(gone.len() as u64, live) {
            if gone.is_empty() {
                return Ok(());
            }
            return Err(SyncError::TooManyGone {
                table: self.entity.table.clone(),
                gone: gone.len() as u64,
                live,
            });
        }
        self.report.deleted = gone.len() as u64;
        self.table
            .call(move |table| {
                if !gone.is_empty() {
                    table.delete(&gone, deletes, now)?;
                }
                table.cover(&Coverage {
                    what: CoveredRows::Deleted,
                    ids: None,
                    from: None,
                    to: now,
                    rows: gone.len() as u64,
                })
            })
            .await
    }

    /// Rows of the store that were not among all rows of the portal. They must be missing a second time.
    async fn gone_of_seen(&mut self, seen: HashSet<String>) -> Result<Vec<String>, SyncError> {
        let ids: Vec<String> = self.table.call(SyncTable::ids).await?;
        let gone: Vec<String> = ids.into_iter().filter(|id| !seen.contains(id)).collect();
        drop(seen);
        if gone.is_empty() {
            return Ok(gone);
        }
        let params = self.entity.id_params(&[]);
        let field = self.entity.id_field();
        let mut again = HashSet::new();
        let mut pages = self
            .client
            .list(&self.entity.method)
            .params(params)
            .pages()?;
        while let Some(page) = pages.next_page().await? {
            again.extend(page.iter().filter_map(|row| row_id(&row, field)));
        }
        Ok(gone.into_iter().filter(|id| !again.contains(id)).collect())
    }

    /// Compares the IDs of the store with the portal's: by counts as far as possible, and by the IDs where counts differ.
    /// Rows that the store lacks are read and stored.
    async fn gone_by_ranges(&mut self) -> Result<Vec<String>, SyncError> {
        self.read_restored().await?;
        let mut ids: Vec<u64> = self.table.call(SyncTable::ids).await?;
        // Those of a column of texts come in the order of texts.
        ids.sort_unstable();
        // The second of two equal ones would look like one that the portal does not have.
        ids.dedup();
        let Difference { mut gone, lacking } = self.difference(&ids).await?;
        if lacking.len() > LACKING_AT_ONCE {
            self.read_everything().await?;
        } else if !lacking.is_empty() {
            self.read_lacking(&lacking).await?;
        }
        let live = ids.len() as u64;
        // Too many of them are asked for anyway, if one request can: a count may have told of them by mistake.
        let is_asked = gone.len() <= DELETED_AT_ONCE
            || self.options.accept_deletes
            || comparison::is_believable(gone.len() as u64, live);
        if !gone.is_empty() && is_asked {
            // No row is deleted on the word of one reading.
            let there = portal::still_there(&self.client, &self.entity, &gone).await?;
            gone.retain(|id| !there.contains(id));
        }
        Ok(gone.iter().map(u64::to_string).collect())
    }

    /// How the IDs of the store differ from the portal's.
    async fn difference(&mut self, ids: &[u64]) -> Result<Difference, SyncError> {
        let mut difference = Difference::default();
        let mut to_read = Vec::new();
        if self.entity.is_counted() {
            let next_turn = |table: &mut SyncTable| Ok(table.state.next_comparison());
            let turn = self.table.call(next_turn).await?;
            let mut ranges = comparison::first_ranges(ids, turn);
            ranges.push(IdRange::above(ids));
            while !ranges.is_empty() {
                let found = portal::count_ranges(&self.client, &self.entity, &ranges, ids).await?;
                let mut differing = Vec::new();
                for finding in found {
                    match finding {
                        RangeFinding::Same => {}
                        RangeFinding::Compared(more) => difference.extend(more),
                        RangeFinding::Differs(range) => differing.push(range),
                    }
                }
                let next = comparison::narrow(&differing, ids);
                to_read.extend(next.read);
                ranges = next.count;
            }
        } else {
            to_read.push(IdRange::everything(ids));
        }
        for range in comparison::joined(to_read) {
            let theirs = portal::ids_within(&self.client, &self.entity, range).await?;
            difference.extend(Difference::within(range, ids, &theirs));
        }
        Ok(difference)
    }

    /// Reads rows that were taken for deleted and are there again. Where as many rows are gone as have come back, the
    /// counts would not tell.
    async fn read_restored(&mut self) -> Result<(), SyncError> {
        let read = |table: &mut SyncTable| table.deleted_ids(DELETED_AT_ONCE);
        let deleted = self.table.call(read).await?;
        if deleted.is_empty() {
            return Ok(());
        }
        let restored = portal::still_there(&self.client, &self.entity, &deleted).await?;
        self.read_lacking(&restored).await
    }

    /// Reads all rows, whenever they have changed.
    async fn read_everything(&mut self) -> Result<(), SyncError> {
        self.table
            .call(|table| {
                table.state.read_all_again();
                Ok(())
            })
            .await?;
        self.read(true).await.map(drop)
    }

    /// Reads rows that the portal has and the store does not, although nothing says that they have changed: they may have
    /// been hidden from the user until now.
    async fn read_lacking(&mut self, ids: &[u64]) -> Result<(), SyncError> {
        let field = self.entity.id_field();
        let mut wanted: Vec<String> = ids.iter().map(u64::to_string).collect();
        // The portal has just shown that it has them, so a page without them is not believed alone.
        for _ in 0..READINGS_OF_LACKING {
            let found = portal::rows_by_ids(&self.client, &self.entity, &wanted).await?;
            let rows = found.iter().flat_map(Page::iter);
            let came: HashSet<String> = rows.filter_map(|row| row_id(&row, field)).collect();
            self.store(found, false).await?;
            wanted.retain(|id| !came.contains(id));
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// Opens the table of an entity for the fields that its list has now.
fn open_table(
    store: &Store,
    entity: &SyncEntity,
    access: &TableAccess,
    mut plan: Plan,
    labels: bool,
) -> Result<SyncTable, SyncError> {
    let mut table = SyncTable::open_when_reachable(store, entity, access, &plan)?;
    table
        .state
        .meet_fields(plan.fields.keys().map(String::as_str));
    let titles = plan.fields.iter();
    let titles = titles.map(|(name, field)| (name.as_str(), field.title.as_deref()));
    let are_renamed = table.state.meet_titles(titles);
    let portal_has = |field: &&String| plan.fields.is_empty() || plan.fields.contains_key(*field);
    let known = table
        .state
        .columns
        .iter()
        .filter(portal_has)
        .chain(&table.state.untyped)
        .cloned()
        .collect();
    table.keep_labels(&mut plan.labels)?;
    table.meet(Plan { known, ..plan });
    if (labels || are_renamed) && table.exists && !table.state.columns.is_empty() {
        table.open_table()?;
    }
    Ok(table)
}
