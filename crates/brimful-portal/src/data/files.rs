//! The files on the disk of the portal: one folder, as every user sees the shared one.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The only folder there is.
pub(crate) const ROOT: u64 = 1;

/// The ID of the first file that is put there. It hides what was generated under the same ID.
const FIRST: u64 = ROOT + 1;

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    pub(crate) name: String,
    pub(crate) content: Bytes,
    pub(crate) author: u64,
    /// Unix seconds.
    pub(crate) created: i64,
}

/// All files, by their IDs.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<u64, StoredFile>);

impl Files {
    pub(crate) fn add(&mut self, file: StoredFile) -> u64 {
        let id = self.0.last_key_value().map_or(FIRST, |(id, _)| *id + 1);
        self.0.insert(id, file);
        id
    }

    pub(crate) fn get(&self, id: u64) -> Option<&StoredFile> {
        self.0.get(&id)
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.0.values().any(|file| file.name == name)
    }
}
