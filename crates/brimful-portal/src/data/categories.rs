//! The funnels that a portal was given. Those that every portal has follow from its stages.

use brimful_protocol::{Array, Value};

/// Funnels, each as `crm.category.list` shows it. Two entities may have one with the same ID.
#[derive(Debug, Default)]
pub(crate) struct Categories {
    rows: Vec<Array>,
}

impl Categories {
    pub(super) fn load(&mut self, rows: impl IntoIterator<Item = Array>) {
        self.rows.extend(rows);
    }

    /// The funnels of an entity that were given; rows that do not say whose they are belong to deals.
    pub(crate) fn of(&self, entity_type: i64) -> Vec<Array> {
        const DEALS: i64 = 2;
        let is_of =
            |row: &&Array| row.get("entityTypeId").map_or(DEALS, Value::to_int) == entity_type;
        self.rows.iter().filter(is_of).cloned().collect()
    }
}
