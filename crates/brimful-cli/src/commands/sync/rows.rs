//! The rows that a sync has read so far, for its progress line.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use brimful_export::sync::SyncEvent;

use crate::format::counted;
use crate::pump::progress::Snapshot;

/// How many rows have been read, of which entities.
#[derive(Debug, Default)]
pub(super) struct RowsRead(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Of the entities that are being read, by portal and name.
    current: BTreeMap<(String, String), u64>,
    /// Of those that are done.
    ended: u64,
}

impl RowsRead {
    /// Takes note of what happens to an entity of a portal, which has a name where there are several.
    pub(super) fn note(&self, portal: &str, event: &SyncEvent<'_>) {
        let key = |entity: &str| (portal.to_owned(), entity.to_owned());
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            SyncEvent::Begun { entity, .. } => {
                counts.current.insert(key(entity), 0);
            }
            SyncEvent::Stored { entity, rows } => {
                counts.current.insert(key(entity), *rows);
            }
            SyncEvent::Ended { entity, .. } => {
                counts.ended += counts.current.remove(&key(entity)).unwrap_or(0);
            }
            _ => {}
        }
    }

    /// How far the sync is. How many rows there will be is not known before they are there.
    pub(super) fn snapshot(&self) -> Snapshot {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.ended + counts.current.values().sum::<u64>();
        let names: Vec<String> = counts
            .current
            .keys()
            .map(|(portal, entity)| match portal.as_str() {
                "" => entity.clone(),
                portal => format!("{entity} ({portal})"),
            })
            .collect();
        let mut label = counted(count, "rows");
        if !names.is_empty() {
            label = format!("{label}, reading {}", names.join(", "));
        }
        Snapshot {
            count,
            label,
            ..Snapshot::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use brimful_export::sync::{EntityReport, SyncError};

    use super::*;

    #[test]
    fn rows_of_an_entity_still_count_when_it_is_done() {
        let rows = RowsRead::default();
        let begun = |entity| SyncEvent::Begun {
            entity,
            is_full: true,
            resumed_after: None,
        };
        let stored = |entity, rows| SyncEvent::Stored { entity, rows };
        for event in [begun("crm.deal"), begun("users"), stored("crm.deal", 2_500)] {
            rows.note("one", &event);
        }
        rows.note("other", &stored("crm.deal", 50));
        rows.note("one", &stored("crm.deal", 4_000));
        assert_eq!(
            rows.snapshot().label,
            "4,050 rows, reading crm.deal (one), users (one), crm.deal (other)"
        );
        let result: Result<EntityReport, SyncError> = Ok(EntityReport::default());
        for portal in ["one", "other"] {
            rows.note(
                portal,
                &SyncEvent::Ended {
                    entity: "crm.deal",
                    result: &result,
                },
            );
        }
        assert_eq!(rows.snapshot().label, "4,050 rows, reading users (one)");
        assert_eq!(rows.snapshot().count, 4_050);
    }
}
