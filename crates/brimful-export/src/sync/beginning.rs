//! Begins the reads of a run's entities together: what their lists ask first goes out in requests that they share.

use std::collections::HashMap;
use std::sync::Arc;

use brimful::{BegunList, Client, Fields, List};
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::entities::{ActivityFields, ChangeCursor, SyncEntity};
use super::in_thread::blocking;
use super::lock::StoreLock;
use super::portal::Described;
use super::state::{Cursor, Reading, RunTime};
use super::table::SyncTable;
use super::{ENTITIES_AT_ONCE, SyncError, SyncRun};
use crate::schema::Plan;

/// A read whose lists have begun. Nothing of it is stored yet.
pub(crate) struct BegunRead {
    since: Option<Cursor>,
    after: u64,
    lists: BegunLists,
}

/// The lists of a read.
pub(crate) struct BegunLists {
    /// The rows that have changed, or all.
    pub(super) changed: BegunList,
    /// Rows that have not changed and that something has happened to, where the entity has a time of that.
    pub(super) active: Option<BegunList>,
}

impl BegunRead {
    /// The lists, if they bring what `reading` is to bring.
    pub(super) fn lists_for(self, reading: &Reading) -> Option<BegunLists> {
        let is_the_same = (self.since, self.after) == (reading.since, reading.after);
        is_the_same.then_some(self.lists)
    }
}

/// The list of the rows that a read is to bring.
pub(super) fn list_of(client: &Client, entity: &SyncEntity, reading: &Reading) -> List {
    let mut conditions = Vec::new();
    if let (Some(Cursor::Time(time)), ChangeCursor::Time { filter, .. }) =
        (reading.since, entity.cursor)
    {
        conditions.push((format!(">={filter}"), json!(time.to_string())));
    }
    let list = client
        .list(&entity.method)
        .params(entity.params_with(&conditions))
        .check_names(entity.is_narrowed());
    if reading.after > 0 {
        list.resume_after(reading.after)
    } else {
        list
    }
}

/// The list of the rows that something has happened to since the cursor: without those that have changed since then, which
/// come anyway, where the list can leave them out. Where everything is read, they are among all rows.
pub(super) fn active_list_of(
    client: &Client,
    entity: &SyncEntity,
    activity: Option<ActivityFields>,
    reading: &Reading,
) -> Option<List> {
    let (Some(Cursor::Time(time)), ChangeCursor::Time { filter, .. }) =
        (reading.since, entity.cursor)
    else {
        return None;
    };
    let (activity, time) = (activity?, json!(time.to_string()));
    let mut conditions = vec![(format!(">={}", activity.filter), time.clone())];
    if activity.is_beside_changed {
        conditions.push((format!("<{filter}"), time));
    }
    let list = client
        .list(&entity.method)
        .params(entity.params_with(&conditions))
        .check_names(entity.is_narrowed());
    Some(list)
}

impl SyncRun {
    /// Begins the reads of the entities in these places that are listed by ID. An entity whose table cannot be opened has
    /// none here, and says why in its own run.
    pub(super) async fn begin_reads(
        &self,
        places: &[usize],
        described: &Described,
        now: RunTime,
        lock: &Arc<StoreLock>,
    ) -> HashMap<usize, BegunRead> {
        let shared: Vec<(usize, &SyncEntity, Fields)> = places
            .iter()
            .filter_map(|place| {
                let entity = self.entities.get(*place)?;
                let fields = described.of(*place).ok()?;
                entity.keyset().map(|_| (*place, entity, fields))
            })
            .collect();
        let has_lists_to_share = match shared.as_slice() {
            [] => false,
            [(_, entity, fields)] => entity.activity(fields).is_some(),
            _ => true,
        };
        if !has_lists_to_share {
            return HashMap::new();
        }
        let readings = shared
            .into_iter()
            .map(|(place, entity, fields)| async move {
                let activity = entity.activity(&fields);
                let reading = self.look_up_reading(entity, fields, now, lock).await;
                Some((place, entity, activity, reading.ok()?))
            });
        let readings: Vec<_> = stream::iter(readings)
            .buffered(ENTITIES_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let lists = readings.iter().flat_map(|(_, entity, activity, reading)| {
            let client = self.client.job();
            let active = active_list_of(&client, entity, *activity, reading);
            std::iter::once(list_of(&client, entity, reading)).chain(active)
        });
        let lists: Vec<List> = lists.collect();
        if lists.len() < 2 {
            return HashMap::new();
        }
        let mut lists = self.client.begin_lists(lists).await.into_iter();
        let begun = readings
            .into_iter()
            .filter_map(|(place, entity, activity, reading)| {
                let changed = lists.next()?;
                let has_active = active_list_of(&self.client, entity, activity, &reading).is_some();
                // One that could not begin is read when it is its turn.
                let active = if has_active { lists.next()?.ok() } else { None };
                let (since, after) = (reading.since, reading.after);
                let changed = changed.ok()?;
                let lists = BegunLists { changed, active };
                Some((
                    place,
                    BegunRead {
                        since,
                        after,
                        lists,
                    },
                ))
            });
        begun.collect()
    }

    /// What the read of an entity that comes next is to bring, by what the store says now. The table is closed again: a
    /// store takes few connections at a time, and most entities wait for their turn.
    async fn look_up_reading(
        &self,
        entity: &SyncEntity,
        fields: Fields,
        now: RunTime,
        lock: &Arc<StoreLock>,
    ) -> Result<Reading, SyncError> {
        let (store, entity, access) = (self.store.clone(), entity.clone(), self.access(lock));
        blocking(move || {
            let plan = Plan::of_list(&entity.method);
            let mut table = SyncTable::open(&store, &entity, &access, plan)?;
            let state = &mut table.state;
            state.meet_fields(fields.keys().map(String::as_str));
            Ok(state.begin_read(entity.cursor, now, entity.keyset().is_some()))
        })
        .await
    }
}
