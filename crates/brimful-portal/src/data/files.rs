//! The drive: folders and files are rows of [`DISK_OBJECT`], and here is what the files hold, version by version.

use std::collections::{BTreeMap, BTreeSet};

use brimful_protocol::Value;
use bytes::Bytes;

use super::PortalData;
use super::entities::DISK_OBJECT;
use super::table::Record;
use crate::context::moment;

/// The folder that every portal has: the root of the shared drive.
pub(crate) const ROOT: u64 = 1;

/// The storage of [`ROOT`].
pub(crate) const SHARED_STORAGE: u64 = 1;

/// What a file holds.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    pub(crate) name: String,
    pub(crate) content: Bytes,
    pub(crate) author: u64,
    /// Unix seconds.
    pub(crate) created: i64,
}

/// What a file held at some time.
#[derive(Debug, Clone)]
pub(crate) struct FileVersion {
    pub(crate) file: u64,
    /// 1 for the first version of a file.
    pub(crate) number: u64,
    pub(crate) stored: StoredFile,
}

/// A file or a version of one that comes back: the ID; of a version its file and its number there; what it holds.
pub(super) type RestoredFile = (u64, Option<(u64, u64)>, StoredFile);

/// What all files hold and have held.
#[derive(Debug, Default)]
pub(crate) struct Files {
    current: BTreeMap<u64, StoredFile>,
    versions: BTreeMap<u64, FileVersion>,
    last_version: u64,
    /// The files and the versions that were changed since somebody asked.
    changed: (BTreeSet<u64>, BTreeSet<u64>),
}

impl Files {
    pub(crate) fn get(&self, id: u64) -> Option<&StoredFile> {
        self.current.get(&id)
    }

    pub(crate) fn version(&self, id: u64) -> Option<&FileVersion> {
        self.versions.get(&id)
    }

    /// The versions of a file, the newest first.
    pub(crate) fn versions(&self, file: u64) -> Vec<(u64, &FileVersion)> {
        let of_file = self.versions.iter().rev();
        let of_file = of_file.filter(|(_, version)| version.file == file);
        of_file.map(|(id, version)| (*id, version)).collect()
    }

    /// Stores what a file holds from now on, as its next version; returns the number of the version.
    pub(crate) fn put(&mut self, file: u64, stored: StoredFile) -> u64 {
        let number = self
            .versions(file)
            .first()
            .map_or(0, |(_, last)| last.number)
            + 1;
        self.last_version += 1;
        self.changed.0.insert(file);
        self.changed.1.insert(self.last_version);
        self.current.insert(file, stored.clone());
        let version = FileVersion {
            file,
            number,
            stored,
        };
        self.versions.insert(self.last_version, version);
        number
    }

    pub(crate) fn rename(&mut self, file: u64, name: &str) {
        if let Some(stored) = self.current.get_mut(&file) {
            name.clone_into(&mut stored.name);
            self.changed.0.insert(file);
        }
    }

    /// Forgets what a file holds and has held.
    pub(crate) fn forget(&mut self, file: u64) {
        if self.current.remove(&file).is_some() {
            self.changed.0.insert(file);
        }
        let going = self
            .versions
            .iter()
            .filter(|(_, version)| version.file == file);
        self.changed.1.extend(going.map(|(id, _)| *id));
        self.versions.retain(|_, version| version.file != file);
    }
}

impl Files {
    /// What all files hold.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u64, &StoredFile)> {
        self.current.iter().map(|(id, stored)| (*id, stored))
    }

    /// What all files have held.
    pub(crate) fn all_versions(&self) -> impl Iterator<Item = (u64, &FileVersion)> {
        self.versions.iter().map(|(id, version)| (*id, version))
    }

    pub(crate) fn last_version(&self) -> u64 {
        self.last_version
    }

    /// The files and the versions that were changed since the last time.
    pub(crate) fn take_changed(&mut self) -> (Vec<u64>, Vec<u64>) {
        let (files, versions) = std::mem::take(&mut self.changed);
        (files.into_iter().collect(), versions.into_iter().collect())
    }

    /// Has these files and versions and no others.
    pub(super) fn restore(&mut self, stored: Vec<RestoredFile>, last_version: u64) {
        *self = Self::default();
        self.last_version = last_version;
        for (id, version, stored) in stored {
            match version {
                None => {
                    self.current.insert(id, stored);
                }
                Some((file, number)) => {
                    let version = FileVersion {
                        file,
                        number,
                        stored,
                    };
                    self.versions.insert(id, version);
                }
            }
        }
    }
}

impl PortalData {
    /// Gives the shared drive its root folder, where no row is it.
    pub(super) fn begin_drive(&mut self) {
        if self.table(DISK_OBJECT).contains(ROOT) {
            return;
        }
        let created = moment::text(0);
        let record = self.disk_record(&[
            ("NAME", Value::from("Общий диск")),
            ("STORAGE_ID", Value::Int(SHARED_STORAGE as i64)),
            ("TYPE", Value::from("folder")),
            ("PARENT_ID", Value::Int(0)),
            ("DELETED_TYPE", Value::Int(0)),
            ("CREATE_TIME", Value::Text(created.clone())),
            ("UPDATE_TIME", Value::Text(created)),
            ("CREATED_BY", Value::Int(1)),
            ("UPDATED_BY", Value::Int(1)),
        ]);
        self.table_mut(DISK_OBJECT).put(ROOT, record);
    }

    /// Adds a folder, or a file if `stored` is what it holds.
    pub(crate) fn add_to_drive(
        &mut self,
        (storage, folder): (u64, u64),
        name: &str,
        (author, now): (u64, i64),
        stored: Option<StoredFile>,
    ) -> u64 {
        let written = moment::text(now);
        let size = stored.as_ref().map_or(0, |stored| stored.content.len());
        let kind = if stored.is_some() { "file" } else { "folder" };
        let record = self.disk_record(&[
            ("NAME", Value::from(name)),
            ("STORAGE_ID", Value::Int(storage as i64)),
            ("TYPE", Value::from(kind)),
            ("PARENT_ID", Value::Int(folder as i64)),
            ("DELETED_TYPE", Value::Int(0)),
            ("GLOBAL_CONTENT_VERSION", Value::Int(1)),
            ("SIZE", Value::Int(size as i64)),
            ("CREATE_TIME", Value::Text(written.clone())),
            ("UPDATE_TIME", Value::Text(written)),
            ("CREATED_BY", Value::Int(author as i64)),
            ("UPDATED_BY", Value::Int(author as i64)),
        ]);
        let id = self.table_mut(DISK_OBJECT).insert(record);
        if let Some(stored) = stored {
            self.files.put(id, stored);
        }
        id
    }

    /// A record of a folder or a file.
    fn disk_record(&self, values: &[(&str, Value)]) -> Record {
        let schema = &self.table(DISK_OBJECT).schema;
        let mut record = Record::default();
        for (name, value) in values {
            if let Some(field) = schema.legacy(name) {
                record.set(field, value.clone());
            }
        }
        record
    }
}
