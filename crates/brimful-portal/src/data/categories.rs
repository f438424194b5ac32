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

    /// All funnels.
    pub(super) fn rows(&self) -> &[Array] {
        &self.rows
    }

    /// Has these funnels and no others.
    pub(super) fn restore(&mut self, rows: Vec<Array>) {
        self.rows = rows;
    }

    /// Has these funnels of an entity and no others.
    pub(crate) fn replace(&mut self, entity_type: i64, rows: Vec<Array>) {
        self.rows.retain(|row| !is_of(row, entity_type));
        self.rows.extend(rows);
    }

    /// The highest ID that a funnel has.
    pub(crate) fn last(&self) -> i64 {
        let ids = self.rows.iter().filter_map(|row| row.get("id"));
        ids.map(Value::to_int).max().unwrap_or(0)
    }

    /// The funnels of an entity that were given; rows that do not say whose they are belong to deals.
    pub(crate) fn of(&self, entity_type: i64) -> Vec<Array> {
        let rows = self.rows.iter().filter(|row| is_of(row, entity_type));
        rows.cloned().collect()
    }
}

fn is_of(row: &Array, entity_type: i64) -> bool {
    const DEALS: i64 = 2;
    row.get("entityTypeId").map_or(DEALS, Value::to_int) == entity_type
}
