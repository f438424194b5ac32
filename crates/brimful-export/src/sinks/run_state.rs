//! How far a run is whose rows go to a store: kept there in the transaction of its rows, so that an interrupted run can
//! be resumed. Of a Singer stream it is kept by the target.

#[cfg(feature = "stores")]
use super::ChangedTypes;
use super::StoreOptions;
#[cfg(any(feature = "adbc", feature = "clickhouse", feature = "mysql"))]
use crate::misfit::Misfits;

#[derive(Debug)]
pub(crate) struct RunState {
    /// The table that the rows go to.
    pub(crate) table: String,
    /// What makes one run the same as another.
    pub(crate) command: String,
    /// Whether a run of the same command is continued if it was interrupted.
    pub(crate) may_resume: bool,
    /// Whether an interrupted run of another command is dropped.
    #[cfg(feature = "stores")]
    pub(crate) drops_interrupted: bool,
    /// What becomes of columns whose fields have other types now.
    #[cfg(feature = "stores")]
    pub(crate) changed_types: ChangedTypes,
    /// The rows of the interrupted run, and the ID of the last one.
    pub(crate) resumed: Option<(u64, u64)>,
    /// Values that did not fit and are stored, those of the interrupted run among them.
    #[cfg(feature = "stores")]
    pub(crate) misfits: u64,
    /// Rows of this run, and the ID of the last one.
    taken: (u64, Option<u64>),
    /// Those of them that were sent to the store, which may not have answered yet.
    sent: (u64, Option<u64>),
    stored: (u64, Option<u64>),
    /// Rows have come in the order of their IDs, so all up to the last one are there.
    ascending: bool,
    /// Where the table is kept in sync with the portal: what that needs. `None` in an export.
    pub(crate) sync: Option<SyncWrites>,
}

/// What is written beside rows where a table is kept in sync: rows that are equal to those in the table are not written
/// again, and what is known of the table is stored with them instead of the state of an export.
#[cfg_attr(
    not(feature = "sync"),
    expect(
        dead_code,
        reason = "only databases that tables can be kept in sync in have it"
    )
)]
#[derive(Debug, Default)]
pub(crate) struct SyncWrites {
    /// Statements that are run in the transaction of the next rows, behind them.
    pub(crate) statements: Vec<String>,
    /// Rows that were new or differed.
    pub(crate) written: u64,
}

impl RunState {
    pub(crate) fn new(options: StoreOptions) -> Self {
        Self {
            table: options.table,
            command: options.command,
            may_resume: options.resume,
            #[cfg(feature = "stores")]
            drops_interrupted: options.drop_interrupted,
            #[cfg(feature = "stores")]
            changed_types: options.changed_types,
            resumed: None,
            #[cfg(feature = "stores")]
            misfits: 0,
            taken: (0, None),
            sent: (0, None),
            stored: (0, None),
            ascending: true,
            sync: None,
        }
    }

    /// Continues an interrupted run: its rows, the ID of the last one, and its values that did not fit.
    #[cfg(feature = "dialects")]
    pub(crate) fn resume(&mut self, (rows, last_id, misfits): (u64, u64, u64)) {
        self.resumed = Some((rows, last_id));
        self.misfits = misfits;
    }

    /// A row was taken.
    pub(crate) fn take(&mut self, id: Option<u64>) {
        let before = self.taken.1.or(self.resumed.map(|(_, id)| id));
        self.ascending &= id.is_some() && id > before;
        self.taken = (self.taken.0 + 1, id.or(self.taken.1));
    }

    /// Whether so many rows wait to be stored. A sync says itself when they are.
    pub(crate) fn is_due(&self, rows: u64) -> bool {
        self.sync.is_none() && self.taken.0 - self.sent.0 >= rows
    }

    /// The statements that a sync runs with the next rows.
    #[cfg(feature = "dialects")]
    pub(crate) fn take_statements(&mut self) -> Vec<String> {
        let sync = self.sync.as_mut();
        sync.map_or_else(Vec::new, |sync| std::mem::take(&mut sync.statements))
    }

    /// So many rows were new or differed.
    #[cfg(feature = "sync")]
    pub(crate) fn count_written(&mut self, rows: u64) {
        if let Some(sync) = &mut self.sync {
            sync.written += rows;
        }
    }

    /// What was taken is stored.
    pub(crate) fn commit(&mut self) {
        self.sent = self.taken;
        self.stored = self.taken;
    }

    /// What was taken is stored, and the values that did not fit with it.
    #[cfg(any(feature = "adbc", feature = "clickhouse", feature = "mysql"))]
    pub(crate) fn commit_with(&mut self, misfits: &mut Misfits) {
        self.misfits += misfits.0.len() as u64;
        misfits.0.clear();
        self.commit();
    }

    /// What was taken is on its way to the store.
    #[cfg(feature = "postgres")]
    pub(crate) fn send(&mut self) {
        self.sent = self.taken;
    }

    /// What was sent is stored.
    #[cfg(feature = "postgres")]
    pub(crate) fn commit_sent(&mut self) {
        self.stored = self.sent;
    }

    /// Rows of this run that are stored, and the ID of the last one.
    #[cfg(feature = "stores")]
    pub(crate) fn stored(&self) -> (u64, Option<u64>) {
        self.stored
    }

    /// All rows, those of the interrupted run too.
    pub(crate) fn rows(&self) -> u64 {
        self.taken.0 + self.resumed.map_or(0, |(rows, _)| rows)
    }

    /// The ID up to which all rows are taken, if that can be said.
    pub(crate) fn last_id(&self) -> Option<u64> {
        let last = self.taken.1.or(self.resumed.map(|(_, id)| id));
        last.filter(|_| self.ascending)
    }

    /// The same ID as statements have it.
    #[cfg(any(
        feature = "adbc",
        feature = "clickhouse",
        feature = "mysql",
        feature = "postgres"
    ))]
    pub(crate) fn last_id_text(&self) -> String {
        let last_id = self.last_id();
        last_id.map_or_else(|| "NULL".to_owned(), |id| id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> RunState {
        RunState::new(StoreOptions {
            table: "crm_deal".to_owned(),
            command: "crm.deal.list".to_owned(),
            resume: true,
            ..StoreOptions::default()
        })
    }

    #[test]
    fn rows_out_of_the_order_of_their_ids_cannot_be_resumed() {
        let mut state = state();
        state.take(Some(1));
        state.take(Some(2));
        assert_eq!((state.rows(), state.last_id()), (2, Some(2)));
        state.take(Some(2));
        assert_eq!(state.last_id(), None);
    }

    #[test]
    fn a_resumed_run_counts_the_rows_of_the_interrupted_one() {
        let mut state = state();
        state.resumed = Some((10, 15));
        assert_eq!((state.rows(), state.last_id()), (10, Some(15)));
        state.take(Some(16));
        assert_eq!((state.rows(), state.last_id()), (11, Some(16)));
        assert!(state.is_due(1) && !state.is_due(5_000));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn rows_that_were_sent_are_stored_when_the_store_has_said_so() {
        let mut state = state();
        state.take(Some(1));
        state.send();
        assert!(!state.is_due(1));
        state.take(Some(2));
        state.commit_sent();
        assert_eq!(state.stored(), (1, Some(1)));
        assert!(state.is_due(1));
    }
}
