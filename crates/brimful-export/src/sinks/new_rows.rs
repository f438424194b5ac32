//! Whether rows can go straight into a table: none of them is in it already, so none has to be updated.

use super::run_state::RunState;
use crate::schema::{ColumnType, ScalarType, Schema};

/// What is known of the IDs of the rows that wait to be stored.
#[derive(Debug)]
pub(crate) struct NewRows {
    /// The highest ID of the table and of the rows taken; `None` where rows may be there already.
    highest: Option<u64>,
    /// Whether the rows that wait have IDs above all others, each above the one before.
    are_new: bool,
}

impl NewRows {
    /// Of a table about which nothing is known yet.
    pub(crate) fn unknown() -> Self {
        Self::above(None)
    }

    /// Of a table with this highest ID.
    pub(crate) fn above(highest: Option<u64>) -> Self {
        Self {
            highest,
            are_new: true,
        }
    }

    /// A row with this ID waits too.
    pub(crate) fn take(&mut self, id: Option<u64>) {
        self.are_new &= id.is_some() && id > self.highest;
        self.highest = self.highest.max(id.filter(|_| self.highest.is_some()));
    }

    /// The rows that waited are stored or on their way; others come.
    pub(crate) fn begin_again(&mut self) {
        self.are_new = true;
    }

    /// Somebody else has put rows with these IDs there meanwhile.
    #[cfg(feature = "mysql")]
    pub(crate) fn are_there_already(&mut self) {
        self.are_new = false;
    }

    /// Whether no row that waits is in the table.
    pub(crate) fn are_certain(&self) -> bool {
        self.are_new && self.highest.is_some()
    }
}

/// The place of the column with the IDs, where their order tells which rows are new: not where IDs are not numbers, and
/// not where a sync compares rows before.
pub(crate) fn ascending_key(schema: &Schema, state: &RunState) -> Option<usize> {
    let key = schema.key.filter(|_| state.sync.is_none())?;
    let is_number = schema.columns[key].kind == ColumnType::Scalar(ScalarType::Int64);
    is_number.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_certain_to_be_new_while_their_ids_ascend_above_those_of_the_table() {
        let mut rows = NewRows::above(Some(10));
        rows.take(Some(11));
        rows.take(Some(12));
        assert!(rows.are_certain());
        rows.take(Some(12));
        assert!(!rows.are_certain());
        rows.begin_again();
        rows.take(Some(13));
        assert!(rows.are_certain());
        rows.take(None);
        assert!(!rows.are_certain());
    }

    #[test]
    fn rows_of_a_table_whose_highest_id_is_unknown_may_be_there_already() {
        let mut rows = NewRows::unknown();
        rows.take(Some(1));
        assert!(!rows.are_certain());
    }
}
