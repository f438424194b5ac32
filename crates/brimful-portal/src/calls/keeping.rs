//! The data as a whole: kept in a file through every change, put back to what they were at the start, given out and
//! taken as a snapshot.

use serde_json::{Value as Json, json};

use super::Backend;
use crate::data::hidden_ids::HiddenIds;
use crate::data::stored::StoredRow;
use crate::data::{Data, DataError, PortalData};

/// So many loaded rows are kept a second time, to go back to them.
const MOST_KEPT_TWICE: usize = 100_000;

/// Where the tokens of applications are in the store.
const TOKENS: &str = "document:tokens";
/// Where the codes of webhooks are, by the users of those that are kept.
const CODES: &str = "document:codes";

/// What a portal starts with, if it is small enough to be kept.
pub(crate) fn initial(data: &Data) -> Option<Data> {
    let loads = data.loads.iter().chain(&data.served);
    let rows: usize = loads.map(|load| load.rows.len()).sum();
    (rows <= MOST_KEPT_TWICE).then(|| data.clone())
}

/// The codes of webhooks as they are stored.
pub(crate) fn codes_row(codes: &[(u64, String)]) -> StoredRow {
    StoredRow {
        store: CODES.to_owned(),
        id: 0,
        body: Some(json!(codes).to_string()),
    }
}

/// The codes of webhooks that a file has.
pub(crate) fn codes(rows: &[StoredRow]) -> Vec<(u64, String)> {
    let found = rows.iter().find(|row| row.store == CODES);
    let body = found.and_then(|row| row.body.as_deref());
    body.and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default()
}

impl Backend {
    /// Unix seconds at which the portal began.
    fn began(&self) -> f64 {
        self.context.now() - self.context.elapsed().as_secs_f64()
    }

    /// Takes the tokens that a file has.
    pub(crate) fn restore_tokens(&self, rows: &[StoredRow]) {
        let found = rows.iter().find(|row| row.store == TOKENS);
        let body = found.and_then(|row| row.body.as_deref());
        if let Some(stored) = body.and_then(|body| serde_json::from_str::<Json>(body).ok()) {
            self.callers.issued().restore(&stored, self.began());
        }
    }

    fn tokens_row(&self) -> StoredRow {
        StoredRow {
            store: TOKENS.to_owned(),
            id: 0,
            body: Some(self.callers.issued().stored(self.began()).to_string()),
        }
    }

    /// Waits until all that was changed is on the disk, where the data are kept in a file; `false` if they can't be.
    pub(crate) async fn is_durable(&self) -> bool {
        let Some(file) = &self.file else { return true };
        if self.callers.issued().take_change() {
            file.write(vec![self.tokens_row()]);
        }
        match file.durable().await {
            Ok(()) => true,
            Err(failure) => {
                tracing::error!(
                    target: "brimful_portal::data",
                    "the data could not be written: {failure}. Nothing that is changed from now on is kept",
                );
                false
            }
        }
    }

    /// All that the portal keeps.
    pub(crate) fn snapshot(&self) -> Vec<StoredRow> {
        let mut rows = self.data.read().stored_whole();
        rows.push(self.tokens_row());
        rows.push(codes_row(&self.callers.kept_codes()));
        rows
    }

    /// Has what a snapshot has in the place of all data.
    pub(crate) fn load(&self, rows: &[StoredRow]) -> Result<(), DataError> {
        let state = PortalData::restored(rows, Vec::new())?;
        // Before the rows are there: no request may see them by a code that is about to close.
        self.callers.set_loaded(true);
        self.restore_tokens(rows);
        self.replace(state)
    }

    /// Has the data that the portal started with.
    pub(crate) fn reset(&self) -> Result<(), DataError> {
        let initial = self.initial.clone().ok_or_else(|| {
            DataError::Stored(format!(
                "more than {MOST_KEPT_TWICE} rows were loaded, and they are not kept twice: start the portal again"
            ))
        })?;
        self.replace(PortalData::new(initial)?)?;
        self.callers.set_loaded(false);
        Ok(())
    }

    fn replace(&self, mut state: PortalData) -> Result<(), DataError> {
        {
            let mut data = self.data.write();
            state.fixtures.take_replies(&mut data.fixtures);
            state.hidden = HiddenIds::new(data.hidden.spec().clone(), &state)?;
            *data = state;
            self.context.row_history.clear();
        }
        if let Some(file) = &self.file {
            // Whatever is changed meanwhile is in this snapshot or written after it.
            let data = self.data.write();
            let mut rows = data.stored_whole();
            rows.push(self.tokens_row());
            rows.push(codes_row(&self.callers.kept_codes()));
            file.replace(rows);
            drop(data);
        }
        Ok(())
    }
}
