//! What files hold: those of the drive, whose folders and files are rows of [`DISK_OBJECT`], version by version, and
//! those that records have, such as photos of contacts and pictures of products.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

/// Bytes that are held. When more come, the oldest content is forgotten: its file is there without it.
const MOST_BYTES: usize = 512 << 20;

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

/// A file of a record: the kind of record that describes the file, and its ID.
pub(crate) type RecordFile = (&'static str, u64);

/// Whose content it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Version(u64),
    Record(RecordFile),
}

/// What was changed since somebody asked.
#[derive(Debug, Default)]
pub(crate) struct ChangedFiles {
    /// Files of the drive.
    pub(crate) current: BTreeSet<u64>,
    pub(crate) versions: BTreeSet<u64>,
    pub(crate) of_records: BTreeSet<RecordFile>,
}

/// What all files hold and have held.
#[derive(Debug)]
pub(crate) struct Files {
    current: BTreeMap<u64, StoredFile>,
    versions: BTreeMap<u64, FileVersion>,
    last_version: u64,
    of_records: BTreeMap<RecordFile, StoredFile>,
    /// Who holds content, the oldest first. A file of the drive shares that of its last version.
    holders: VecDeque<Holder>,
    /// The bytes of all holders.
    held: usize,
    most: usize,
    changed: ChangedFiles,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            current: BTreeMap::new(),
            versions: BTreeMap::new(),
            last_version: 0,
            of_records: BTreeMap::new(),
            holders: VecDeque::new(),
            held: 0,
            most: MOST_BYTES,
            changed: ChangedFiles::default(),
        }
    }
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
        self.changed.current.insert(file);
        self.changed.versions.insert(self.last_version);
        self.hold(Holder::Version(self.last_version), &stored);
        self.current.insert(file, stored.clone());
        let version = FileVersion {
            file,
            number,
            stored,
        };
        self.versions.insert(self.last_version, version);
        number
    }

    /// The file of a record, with what it holds.
    pub(crate) fn of_record(&self, file: RecordFile) -> Option<&StoredFile> {
        self.of_records.get(&file)
    }

    /// Stores what the file of a record holds.
    pub(crate) fn put_of_record(&mut self, file: RecordFile, stored: StoredFile) {
        self.forget_of_record(file);
        self.changed.of_records.insert(file);
        self.hold(Holder::Record(file), &stored);
        self.of_records.insert(file, stored);
    }

    /// Forgets what the file of a record holds.
    pub(crate) fn forget_of_record(&mut self, file: RecordFile) {
        if self.of_records.contains_key(&file) {
            self.release(Holder::Record(file));
        }
    }

    /// Counts what is about to be kept, and forgets the oldest content for it. The new content stays, however large.
    fn hold(&mut self, holder: Holder, stored: &StoredFile) {
        let size = stored.content.len();
        while self.held + size > self.most
            && let Some(&oldest) = self.holders.front()
        {
            self.release(oldest);
        }
        self.held += size;
        self.holders.push_back(holder);
    }

    /// Forgets what somebody holds.
    fn release(&mut self, holder: Holder) {
        self.holders.retain(|one| *one != holder);
        let stored = match holder {
            Holder::Record(file) => {
                self.changed.of_records.insert(file);
                self.of_records.remove(&file)
            }
            Holder::Version(id) => {
                let version = self.versions.remove(&id);
                self.changed.versions.insert(id);
                if let Some(version) = &version
                    && !self.versions.values().any(|one| one.file == version.file)
                {
                    // It was the last one, which the file shares.
                    self.current.remove(&version.file);
                    self.changed.current.insert(version.file);
                }
                version.map(|version| version.stored)
            }
        };
        self.held -= stored.map_or(0, |stored| stored.content.len());
    }

    pub(crate) fn rename(&mut self, file: u64, name: &str) {
        if let Some(stored) = self.current.get_mut(&file) {
            name.clone_into(&mut stored.name);
            self.changed.current.insert(file);
        }
    }

    /// Forgets what a file holds and has held.
    pub(crate) fn forget(&mut self, file: u64) {
        let versions = self.versions(file).into_iter();
        let versions: Vec<u64> = versions.map(|(id, _)| id).collect();
        for version in versions {
            self.release(Holder::Version(version));
        }
        if self.current.remove(&file).is_some() {
            self.changed.current.insert(file);
        }
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

    /// What all files of records hold.
    pub(crate) fn all_of_records(&self) -> impl Iterator<Item = (RecordFile, &StoredFile)> {
        self.of_records.iter().map(|(file, stored)| (*file, stored))
    }

    /// What was changed since the last time.
    pub(crate) fn take_changed(&mut self) -> ChangedFiles {
        std::mem::take(&mut self.changed)
    }

    /// Has these files and versions and no others.
    pub(super) fn restore(
        &mut self,
        stored: Vec<RestoredFile>,
        of_records: Vec<(RecordFile, StoredFile)>,
        last_version: u64,
    ) {
        *self = Self::default();
        self.last_version = last_version;
        let mut holders = Vec::new();
        for (id, version, stored) in stored {
            match version {
                None => {
                    self.current.insert(id, stored);
                }
                Some((file, number)) => {
                    self.held += stored.content.len();
                    holders.push((stored.created, Holder::Version(id)));
                    let version = FileVersion {
                        file,
                        number,
                        stored,
                    };
                    self.versions.insert(id, version);
                }
            }
        }
        for (file, stored) in of_records {
            self.held += stored.content.len();
            holders.push((stored.created, Holder::Record(file)));
            self.of_records.insert(file, stored);
        }
        holders.sort_by_key(|(created, _)| *created);
        self.holders = holders.into_iter().map(|(_, holder)| holder).collect();
        self.share_contents();
    }

    /// Has files of the drive share the content of their last version again.
    fn share_contents(&mut self) {
        for version in self.versions.values() {
            if let Some(current) = self.current.get_mut(&version.file)
                && current.content == version.stored.content
            {
                current.content = version.stored.content.clone();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: usize, created: i64) -> StoredFile {
        StoredFile {
            name: "a.txt".to_owned(),
            content: vec![b'a'; size].into(),
            author: 1,
            created,
        }
    }

    fn holding_at_most(most: usize) -> Files {
        Files {
            most,
            ..Files::default()
        }
    }

    const PHOTO: RecordFile = ("crm.file", 7);

    #[test]
    fn the_oldest_content_is_forgotten_when_there_is_too_much() {
        let mut files = holding_at_most(100);
        files.put(1, file(40, 1));
        files.put_of_record(PHOTO, file(40, 2));
        files.put(2, file(40, 3));
        assert!(files.get(1).is_none());
        assert!(files.versions(1).is_empty());
        assert!(files.of_record(PHOTO).is_some() && files.get(2).is_some());
        assert_eq!(files.held, 80);
        files.put(3, file(200, 4));
        assert!(files.of_record(PHOTO).is_none() && files.get(2).is_none());
        assert_eq!(files.get(3).map(|stored| stored.content.len()), Some(200));
        assert_eq!(files.held, 200);
    }

    #[test]
    fn an_old_version_is_forgotten_before_what_its_file_holds_now() {
        let mut files = holding_at_most(100);
        files.put(1, file(40, 1));
        files.put(1, file(40, 2));
        files.put(2, file(40, 3));
        assert_eq!(files.versions(1).len(), 1);
        assert!(files.get(1).is_some());
    }

    #[test]
    fn what_is_deleted_or_replaced_makes_room() {
        let mut files = holding_at_most(100);
        files.put(1, file(40, 1));
        files.put_of_record(PHOTO, file(40, 2));
        files.put_of_record(PHOTO, file(50, 3));
        assert_eq!(files.held, 90);
        files.forget(1);
        files.forget_of_record(PHOTO);
        assert_eq!((files.held, files.holders.len()), (0, 0));
        let changed = files.take_changed();
        assert!(changed.current.contains(&1) && changed.of_records.contains(&PHOTO));
    }

    #[test]
    fn what_comes_back_from_a_file_of_data_is_as_old_as_it_was() {
        let mut files = Files::default();
        let stored = vec![(1, None, file(40, 5)), (1, Some((1, 1)), file(40, 5))];
        files.restore(stored, vec![(PHOTO, file(40, 2))], 1);
        files.most = 100;
        files.put(2, file(40, 6));
        assert!(files.of_record(PHOTO).is_none());
        assert!(files.get(1).is_some() && files.get(2).is_some());
    }
}
