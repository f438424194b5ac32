//! There is no file in a build without SQLite.

use crate::data::stored::StoredRow;

/// What no portal of this build has.
#[derive(Debug)]
pub(crate) enum DataFile {}

impl DataFile {
    pub(crate) fn write(&self, _: Vec<StoredRow>) {
        match *self {}
    }

    pub(crate) fn replace(&self, _: Vec<StoredRow>) {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "the file of other builds waits here")]
    pub(crate) async fn durable(&self) -> Result<(), String> {
        match *self {}
    }
}
