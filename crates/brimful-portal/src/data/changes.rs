//! What calls do to rows, one after the other: events are made of it, and what is stored on disk.

use serde_json::{Map, Value as Json};

use super::files::ChangedFiles;
use super::table::EarlierRow;

/// A record as it was before a call changed it.
pub(crate) type EarlierRecord = Map<String, Json>;

/// What was done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowChange {
    Added,
    Updated,
    Deleted,
    /// Only how it is stored is another: nobody is told.
    Rewritten,
}

/// The rows of one table that were changed since somebody asked, by their IDs.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChangeLog(Vec<(u64, RowChange)>);

impl ChangeLog {
    pub(crate) fn note(&mut self, id: u64, change: RowChange) {
        // Most changes of a call are to the row that it changed last.
        if self.0.last() != Some(&(id, change)) {
            self.0.push((id, change));
        }
    }

    /// The changes since the last time, one for each row, in the order in which the rows were first touched. A row that
    /// was added and deleted is not among them.
    pub(crate) fn take(&mut self) -> Vec<(u64, RowChange)> {
        match std::mem::take(&mut self.0) {
            few if few.len() < 2 => few,
            many => merged(many),
        }
    }
}

/// What rows were before they were changed since somebody asked, each as it was before its first change.
#[derive(Debug, Clone)]
pub(crate) struct EarlierRows<R>(Vec<(u64, Option<R>)>);

/// Of so many rows that one call changes is kept what they were.
const MOST_EARLIER_ROWS: usize = 1_000;

impl<R> Default for EarlierRows<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R> EarlierRows<R> {
    /// Keeps what a row is now, which is about to be changed; nothing if it is not there yet.
    pub(crate) fn keep(&mut self, id: u64, row: impl FnOnce() -> Option<R>) {
        // Most changes of a call are to the row that it changed last.
        if self.0.len() < MOST_EARLIER_ROWS && self.0.last().is_none_or(|(last, _)| *last != id) {
            self.0.push((id, row()));
        }
    }

    /// The rows as they were.
    pub(crate) fn take(&mut self) -> Vec<(u64, Option<R>)> {
        std::mem::take(&mut self.0)
    }
}

fn merged(changes: Vec<(u64, RowChange)>) -> Vec<(u64, RowChange)> {
    use RowChange::{Added, Deleted, Rewritten, Updated};
    let mut places = std::collections::HashMap::with_capacity(changes.len());
    let mut rows: Vec<(u64, Option<RowChange>)> = Vec::new();
    for (id, change) in changes {
        let place = *places.entry(id).or_insert_with(|| {
            rows.push((id, None));
            rows.len() - 1
        });
        let (_, known) = &mut rows[place];
        *known = match (*known, change) {
            (Some(Added), Deleted) => None,
            (Some(Added), _) => Some(Added),
            (Some(Deleted), Added | Updated) => Some(Updated),
            (Some(known), Rewritten) => Some(known),
            (_, change) => Some(change),
        };
    }
    let changed = rows.into_iter();
    changed
        .filter_map(|(id, change)| Some((id, change?)))
        .collect()
}

/// What calls have changed since somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The place of the entity, the row, and what was done to it.
    pub(crate) rows: Vec<(usize, u64, RowChange)>,
    /// The place of the kind of records, the record, and what was done to it.
    pub(crate) records: Vec<(usize, u64, RowChange)>,
    /// The task, its comment, and what was done to that.
    pub(crate) comments: Vec<(u64, u64, RowChange)>,
    /// The tasks with another history.
    pub(crate) history: Vec<u64>,
    /// What rows of entities and records were before: the place, the row, and nothing if it was not there.
    pub(crate) earlier_rows: Vec<(usize, u64, Option<EarlierRow>)>,
    pub(crate) earlier_records: Vec<(usize, u64, Option<EarlierRecord>)>,
    /// Who is linked to others: the entity, the row, the entity of the others.
    pub(crate) links: Vec<(usize, u64, usize)>,
    pub(crate) files: ChangedFiles,
    /// The place of the collection, and the number of the row.
    pub(crate) collections: Vec<(usize, u64)>,
    /// The entities with other fields.
    pub(crate) schemas: Vec<usize>,
    /// The values that are stored as a whole.
    pub(crate) documents: Vec<&'static str>,
    /// What was left of the records that are deleted: the place of the kind, the record, and its row.
    pub(crate) gone: Vec<(usize, u64, Map<String, Json>)>,
    /// What happened that no row tells of.
    pub(crate) told: Vec<super::events::Occurrence>,
    /// What bots are told, each at its own address.
    pub(crate) bot_posts: Vec<super::bot_posts::BotPost>,
    /// Whether a phone, an e-mail or another multifield got an ID.
    pub(crate) multifields: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_changes_of_a_row_are_one() {
        use RowChange::{Added, Deleted, Updated};
        let mut log = ChangeLog::default();
        for (id, change) in [
            (1, Added),
            (2, Updated),
            (1, Updated),
            (3, Added),
            (3, Deleted),
            (2, Deleted),
            (4, Deleted),
            (4, Added),
        ] {
            log.note(id, change);
        }
        assert_eq!(log.take(), [(1, Added), (2, Deleted), (4, Updated)]);
        assert_eq!(log.take(), []);
    }
}
