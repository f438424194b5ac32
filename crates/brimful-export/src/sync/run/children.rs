//! Rows that are listed for one record at a time: those of the records that have changed are read again.

use super::EntityRun;
use crate::sync::parents::{Parents, children_of, parents_in_doubt};
use crate::sync::portal::{self, ShownRows};
use crate::sync::state::{Cursor, Reading};
use crate::sync::{Deletes, SyncError, SyncEvent};

/// Records whose rows are read before they are stored: ten requests.
const PARENTS_AT_ONCE: usize = 500;
/// Pages of records whose rows are read again in each run, in turn, although nothing says that they have changed: not
/// every change of a row dates its record.
const PAGES_IN_TURN: usize = 4;
/// Records that are asked for in each run, in turn, to find those that were deleted: as many as one request asks for.
const ASKED_FOR_AT_ONCE: usize = 2_500;

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
        let ids =
            portal::parents_changed_since(&self.client, parents, since, reading.after).await?;
        if since.is_none() && reading.after == 0 {
            let mut others: Vec<u64> = self.children.iter().map(|(parent, _)| *parent).collect();
            others.retain(|parent| ids.binary_search(parent).is_err());
            let note = self.table.call(move |table| {
                table.state.doubt(others);
                Ok(())
            });
            note.await?;
        }
        for ids in ids.chunks(PARENTS_AT_ONCE) {
            self.read_rows_of(parents, ids, true).await?;
        }
        self.finish_read(&reading).await?;
        Ok(reading.after > 0)
    }

    /// Reads the rows of records and stores them. Records that did not show all rows that the store has of them are noted
    /// with the rows, and read a second time.
    async fn read_rows_of(
        &mut self,
        parents: &Parents,
        ids: &[u64],
        advances: bool,
    ) -> Result<(), SyncError> {
        let found = portal::rows_of_parents(&self.client, &self.entity, parents, ids).await?;
        let ShownRows {
            rows, incomplete, ..
        } = found;
        let (page, shown) = rows.into_page();
        let mut doubtful = parents_in_doubt(ids, &self.children, &shown);
        doubtful.extend(incomplete);
        let last = ids.last().copied().filter(|_| advances);
        self.report.read += page.len() as u64;
        self.table
            .call(move |table| {
                if let Some(last) = last {
                    table.state.advance(last);
                }
                table.state.doubt(doubtful);
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

    /// Reads the rows of some more records in turn, finds records that were deleted, and marks or deletes the rows that
    /// two readings have not shown.
    pub(super) async fn settle_children(&mut self, parents: &Parents) -> Result<(), SyncError> {
        if !self.report.is_full {
            self.read_in_turn(parents).await?;
        }
        let doubtful = self.table.call(|table| Ok(table.state.doubtful.clone()));
        let mut doubtful = doubtful.await?;
        if self.options.deletes != Deletes::Off {
            doubtful.extend(self.parents_that_are_gone(parents).await?);
        }
        doubtful.sort_unstable();
        doubtful.dedup();
        let gone = self.read_second_time(parents, &doubtful).await?;
        if self.options.deletes == Deletes::Off {
            let settle = self.table.call(|table| {
                table.state.doubtful.clear();
                Ok(())
            });
            return settle.await;
        }
        self.delete_believed(gone).await
    }

    async fn read_in_turn(&mut self, parents: &Parents) -> Result<(), SyncError> {
        let after = self.table.call(|table| Ok(table.state.reread_up_to));
        let after = after.await?;
        let ids = portal::parents_behind(&self.client, parents, after, PAGES_IN_TURN).await?;
        self.read_rows_of(parents, &ids, false).await?;
        // Behind the last record the turn begins again.
        let are_all = ids.len() < PAGES_IN_TURN * portal::IDS_OF_A_PAGE;
        let last = ids.last().copied().filter(|_| !are_all).unwrap_or(0);
        let turn = self.table.call(move |table| {
            table.state.reread_up_to = last;
            Ok(())
        });
        turn.await
    }

    /// Records that the store has rows of, some of them in turn, and that the portal no longer has.
    async fn parents_that_are_gone(&mut self, parents: &Parents) -> Result<Vec<u64>, SyncError> {
        let after = self.table.call(|table| Ok(table.state.asked_up_to)).await?;
        let mut asked: Vec<u64> = self.children.iter().map(|(parent, _)| *parent).collect();
        asked.dedup();
        asked.retain(|parent| *parent > after);
        let are_all = asked.len() <= ASKED_FOR_AT_ONCE;
        asked.truncate(ASKED_FOR_AT_ONCE);
        // Behind the last record the turn begins again.
        let last = asked.last().copied().filter(|_| !are_all).unwrap_or(0);
        let there = portal::still_there(&self.client, &parents.list, &asked).await?;
        asked.retain(|parent| !there.contains(parent));
        let turn = self.table.call(move |table| {
            table.state.asked_up_to = last;
            Ok(())
        });
        turn.await?;
        Ok(asked)
    }

    /// Reads the rows of records a second time. Returns the IDs of the rows that the store has and that were not shown.
    async fn read_second_time(
        &mut self,
        parents: &Parents,
        doubtful: &[u64],
    ) -> Result<Vec<String>, SyncError> {
        if doubtful.is_empty() {
            return Ok(Vec::new());
        }
        let mut there = portal::still_there(&self.client, &parents.list, doubtful).await?;
        there.sort_unstable();
        let found = portal::rows_of_parents(&self.client, &self.entity, parents, &there).await?;
        let ShownRows {
            rows,
            incomplete,
            refused,
        } = found;
        let (page, shown) = rows.into_page();
        self.report.read += page.len() as u64;
        let field = parents.field();
        let stored = self.table.call(move |table| {
            if !page.is_empty() {
                table.write(&[page])?;
            }
            table.children(field)
        });
        let stored = stored.await?;
        if let Some((error, count)) = refused {
            if stored.is_empty() && count == there.len() as u64 {
                // Not one list was ever shown.
                return Err(error.into());
            }
            (self.observer)(&SyncEvent::Warning {
                entity: &self.entity.name,
                text: &format!(
                    "the rows of {count} records are not shown, and stay as they are: {error}"
                ),
            });
        }
        let mut gone = Vec::new();
        for parent in doubtful {
            if incomplete.binary_search(parent).is_ok() {
                continue;
            }
            let ids = children_of(&stored, *parent);
            let missing = ids.filter(|id| shown.binary_search(&(*parent, *id)).is_err());
            gone.extend(missing.map(|id| id.to_string()));
        }
        Ok(gone)
    }
}
