//! Syncs rows that are listed for one record at a time, such as the product rows of a deal: those of the records that have
//! changed are read again.

use std::collections::HashSet;

use brimful::{Error, Page};

use super::EntityRun;
use crate::sync::comparison::is_believable;
use crate::sync::parents::{Parents, children_not_shown, children_of, parents_of};
use crate::sync::portal;
use crate::sync::state::{Cursor, Reading};
use crate::sync::{Deletes, SyncError, SyncEvent};

/// Records whose rows are read before they are stored: ten requests.
const PARENTS_AT_ONCE: usize = 500;
/// Pages of records whose rows are read again in each run, in turn, although nothing says that they have changed: not
/// every change of a row dates its record.
const PAGES_IN_TURN: usize = 4;
/// Records that are asked for in each run, in turn, to find those that were deleted: as many as one request asks for.
const ASKED_FOR_AT_ONCE: usize = 2_500;

/// What the lists of records have shown in a run.
#[derive(Default)]
pub(super) struct ListsRead {
    asked: usize,
    /// Records whose list was refused, and the first refusal.
    refused: Vec<u64>,
    refusal: Option<Error>,
    /// Rows of the store, as pairs of a record and an ID, that a complete list did not show.
    lacking: Vec<(u64, u64)>,
    /// Records whose list was not complete.
    incomplete: Vec<u64>,
    /// Records that the store has rows of and that a list of all records did not have; `None` without such a list.
    unlisted: Option<Vec<u64>>,
}

impl ListsRead {
    /// Why no list was shown at all, if so.
    fn refusal_of_all(&self) -> Option<&Error> {
        self.refusal
            .as_ref()
            .filter(|_| self.refused.len() == self.asked)
    }
}

/// Sorts numbers, and leaves each once.
fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

impl EntityRun {
    /// Reads the rows of the records that have changed since the cursor, or of all, and stores them. Returns whether it
    /// resumed a read that was interrupted.
    pub(super) async fn read_children(&mut self, parents: &Parents) -> Result<bool, SyncError> {
        let (kind, now, field) = (self.entity.cursor, self.now, parents.field());
        let reading: Reading = self
            .table
            .call(move |table| Ok(table.state.begin_read(kind, now, true)))
            .await?;
        self.children = self.table.call(move |table| table.children(field)).await?;
        self.report.is_full = reading.since.is_none();
        (self.observer)(&SyncEvent::Begun {
            entity: &self.entity.name,
            is_full: reading.since.is_none(),
            resumed_after: (reading.after > 0).then_some(reading.after),
        });
        let since = match reading.since {
            Some(Cursor::Time(time)) => Some(time),
            _ => None,
        };
        let mut ids =
            portal::parents_changed_since(&self.client, parents, since, reading.after).await?;
        if since.is_none() && reading.after == 0 {
            let mut unlisted = parents_of(&self.children);
            unlisted.retain(|parent| ids.binary_search(parent).is_err());
            self.lists.unlisted = Some(unlisted);
        }
        ids.extend(self.unread().await?);
        let ids = sorted(ids);
        for ids in ids.chunks(PARENTS_AT_ONCE) {
            self.read_rows_of(parents, ids, true).await?;
        }
        if !self.report.is_full {
            self.read_in_turn(parents, &ids).await?;
        }
        if let Some(refusal) = self.lists.refusal_of_all().cloned() {
            // Lists of deleted records are refused too: a right is missing only if some of the records are there.
            let refused = &self.lists.refused;
            let there = portal::still_there(&self.client, &parents.list, refused).await?;
            if !there.is_empty() {
                return Err(refusal.into());
            }
        }
        self.finish_read(&reading).await?;
        Ok(reading.after > 0)
    }

    async fn unread(&mut self) -> Result<Vec<u64>, SyncError> {
        let unread = self.table.call(|table| Ok(table.state.unread.clone()));
        unread.await
    }

    /// Reads the rows of records and stores them. Records that did not show all their rows are noted with the rows:
    /// [`Self::settle_children`] reads them a second time.
    async fn read_rows_of(
        &mut self,
        parents: &Parents,
        ids: &[u64],
        advances: bool,
    ) -> Result<(), SyncError> {
        let found = portal::rows_of_parents(&self.client, &self.entity, parents, ids).await?;
        self.lists.asked += ids.len();
        self.lists.refused.extend(&found.refused);
        self.lists.refusal = self.lists.refusal.take().or(found.refusal);
        if let Some(refusal) = self.lists.refusal_of_all()
            && self.lists.asked >= PARENTS_AT_ONCE
        {
            // A right is missing: the cursor stays before these records.
            return Err(refusal.clone().into());
        }
        let (page, shown) = found.rows.into_page();
        // What has been shown meanwhile is there.
        self.lists
            .lacking
            .retain(|pair| shown.binary_search(pair).is_err());
        let mut unread: Vec<u64> = found.refused;
        unread.extend(&found.incomplete);
        if self.options.deletes != Deletes::Off {
            let is_complete = |parent: &&u64| !unread.contains(parent);
            let complete: Vec<u64> = ids.iter().filter(is_complete).copied().collect();
            let lacking = children_not_shown(&complete, &self.children, &shown);
            unread.extend(parents_of(&lacking));
            self.lists.lacking.extend(lacking);
        }
        self.lists.incomplete.extend(found.incomplete);
        let advances = advances && self.lists.refusal_of_all().is_none();
        let last = ids.last().copied().filter(|_| advances);
        self.report.read += page.len() as u64;
        let asked = ids.to_vec();
        self.table
            .call(move |table| {
                if let Some(last) = last {
                    table.state.advance(last);
                }
                table.state.note_lists(&asked, unread);
                if page.is_empty() {
                    table.commit()
                } else {
                    table.write(&[page])
                }
            })
            .await?;
        (self.observer)(&SyncEvent::Stored {
            entity: &self.entity.name,
            rows: self.report.read,
        });
        Ok(())
    }

    /// Reads the rows of some more records than those that were `read`, which ascend.
    async fn read_in_turn(&mut self, parents: &Parents, read: &[u64]) -> Result<(), SyncError> {
        let after = self.table.call(|table| Ok(table.state.reread_up_to));
        let after = after.await?;
        let mut ids = portal::parents_behind(&self.client, parents, after, PAGES_IN_TURN).await?;
        if ids.is_empty() && after > 0 {
            // Behind the last record the turn begins again. A page that is short is not yet the last one.
            ids = portal::parents_behind(&self.client, parents, 0, PAGES_IN_TURN).await?;
        }
        let last = ids.last().copied().unwrap_or(0);
        ids.retain(|parent| read.binary_search(parent).is_err());
        self.read_rows_of(parents, &ids, false).await?;
        let turn = self.table.call(move |table| {
            table.state.reread_up_to = last;
            Ok(())
        });
        turn.await
    }

    /// Finds records that were deleted, reads the rows of those a second time that did not show all, and marks or deletes
    /// the rows that were absent twice.
    pub(super) async fn settle_children(&mut self, parents: &Parents) -> Result<(), SyncError> {
        let (absent, asked_up_to) = self.absent_parents(parents).await?;
        let lacking: HashSet<(u64, u64)> = self.lists.lacking.drain(..).collect();
        let mut again = std::mem::take(&mut self.lists.incomplete);
        again.extend(lacking.iter().map(|(parent, _)| *parent));
        again.retain(|parent| absent.binary_search(parent).is_err());
        let again = sorted(again);
        let found = portal::rows_of_parents(&self.client, &self.entity, parents, &again).await?;
        let unread = sorted([found.incomplete, found.refused].concat());
        let (page, shown) = found.rows.into_page();
        let stored = self.store_read_again(page, parents.field()).await?;
        if self.options.deletes != Deletes::Off {
            let of_absent = absent
                .iter()
                .flat_map(|parent| children_of(&stored, *parent));
            let mut gone: Vec<String> = of_absent.map(|id| id.to_string()).collect();
            let mut complete = again.clone();
            complete.retain(|parent| unread.binary_search(parent).is_err());
            let lacks_again = children_not_shown(&complete, &stored, &shown);
            let lacks_twice = lacks_again.iter().filter(|pair| lacking.contains(pair));
            gone.extend(lacks_twice.map(|(_, id)| id.to_string()));
            self.delete_believed(gone).await?;
        }
        let settled = sorted([again, absent].concat());
        let note = self.table.call(move |table| {
            table.state.asked_up_to = asked_up_to;
            table.state.note_lists(&settled, unread);
            Ok(table.state.unread.len())
        });
        let unread = note.await?;
        let refusal = self.lists.refusal.take().or(found.refusal);
        self.warn_of_unread(unread, refusal);
        Ok(())
    }

    /// Stores rows of records that were read a second time. Returns the record and the ID of each row of the table.
    async fn store_read_again(
        &mut self,
        page: Page,
        field: &'static str,
    ) -> Result<Vec<(u64, u64)>, SyncError> {
        self.report.read += page.len() as u64;
        let stored = self.table.call(move |table| {
            if !page.is_empty() {
                table.write(&[page])?;
            }
            table.children(field)
        });
        stored.await
    }

    /// Says that so many records did not show all their rows, and why, where the portal has said it.
    fn warn_of_unread(&self, unread: usize, refusal: Option<Error>) {
        if unread == 0 {
            return;
        }
        let why = refusal.map_or(String::new(), |why| format!(": {why}"));
        (self.observer)(&SyncEvent::Warning {
            entity: &self.entity.name,
            text: &format!(
                "{unread} records did not show all their rows, which stay as they are and are read again with the next \
                 run{why}"
            ),
        });
    }

    /// Records that the portal does not have when it is asked for them twice: of those that gave rise to doubt, and of
    /// some of all, in turn. Returns the last of these too.
    async fn absent_parents(&mut self, parents: &Parents) -> Result<(Vec<u64>, u64), SyncError> {
        let mut asked = self.unread().await?;
        let known = parents_of(&self.children);
        let up_to = self.table.call(|table| Ok(table.state.asked_up_to));
        let mut up_to = up_to.await?;
        if self.options.deletes != Deletes::Off {
            // Where all is to be accepted, it is not accepted in slices.
            let most = if self.options.accept_deletes {
                known.len()
            } else {
                ASKED_FOR_AT_ONCE
            };
            let from = known.partition_point(|parent| *parent <= up_to);
            let turn = known.iter().cycle().skip(from).take(known.len().min(most));
            let turn: Vec<u64> = turn.copied().collect();
            up_to = turn.last().copied().unwrap_or(0);
            asked.extend(turn);
            asked.extend(self.lists.unlisted.iter().flatten());
        }
        let mut absent = sorted(asked);
        let has_rows = |parent: &&u64| known.binary_search(parent).is_ok();
        let asked_with_rows = match self.lists.unlisted {
            Some(_) => known.len(),
            None => absent.iter().filter(has_rows).count(),
        } as u64;
        // No record is gone on the word of one reading.
        for _ in 0..2 {
            let there = portal::still_there(&self.client, &parents.list, &absent).await?;
            let there: HashSet<u64> = there.into_iter().collect();
            absent.retain(|parent| !there.contains(parent));
        }
        let gone = absent.iter().filter(has_rows).count() as u64;
        // Few rows may go with many records, so their own number is judged.
        let is_too_much = gone > 0 && !is_believable(gone, asked_with_rows);
        if is_too_much && self.options.deletes != Deletes::Off && !self.options.accept_deletes {
            return Err(SyncError::TooManyParentsGone {
                table: self.entity.table.clone(),
                gone,
                asked: asked_with_rows,
            });
        }
        Ok((absent, up_to))
    }
}
