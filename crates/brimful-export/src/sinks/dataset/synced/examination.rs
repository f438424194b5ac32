//! Whether the files of a table are those that the last sync left there, and what is said of those that are not.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{PartRecord, RowKey, checksum};
use super::{STATE, SyncedDataset, UnusablePart, part_name, part_of_name};
use crate::error::ExportError;

impl SyncedDataset {
    /// Compares the files of the table with what is known of them: a person, a backup or a broken disk may have taken
    /// some away or put others there.
    pub(super) fn compare_files(&mut self, pending: &BTreeSet<u64>) -> Result<(), ExportError> {
        let mut stamps: BTreeMap<u64, String> = BTreeMap::new();
        for object in self.list()? {
            match part_of_name(&object.name) {
                Some(part) => {
                    stamps.insert(part, object.stamp);
                }
                None if is_read_as_rows(&object.name) => self.strangers.push(format!(
                    "{0}/{1} is not of the sync, and readers take its rows for rows of the table: move it out of the folder",
                    self.state.table, object.name
                )),
                None => {}
            }
        }
        let known: Vec<(u64, String)> = self
            .record
            .parts
            .iter()
            .map(|(part, known)| (*part, known.stamp.clone()))
            .collect();
        for (part, stamp) in known {
            match stamps.remove(&part) {
                _ if pending.contains(&part) => {}
                None => self.look_into(part, Some(String::new()))?,
                // An earlier version noted no stamps.
                Some(found) if stamp.is_empty() => self.note_stamp(part, found),
                Some(found) if found == stamp => {}
                Some(found) => self.look_into_changed(part, found)?,
            }
        }
        for (part, stamp) in stamps {
            if !pending.contains(&part) {
                self.look_into(part, Some(stamp))?;
            }
        }
        Ok(())
    }

    /// Whether a file that has another stamp has other content too.
    fn look_into_changed(&mut self, part: u64, stamp: String) -> Result<(), ExportError> {
        let known = self.record.parts.get(&part);
        let known = known.and_then(|known| known.checksum);
        let bytes = self.get(&part_name(part))?.unwrap_or_default();
        if known == Some(checksum(&bytes)) {
            self.note_stamp(part, stamp);
            return Ok(());
        }
        drop(bytes);
        self.look_into(part, Some(stamp))
    }

    pub(super) fn note_stamp(&mut self, part: u64, stamp: String) {
        if let Some(known) = self.record.parts.get_mut(&part) {
            known.stamp = stamp;
        }
    }

    /// Files without a record of theirs: nothing tells whose rows they have.
    pub(super) fn refuse_strangers(&self) -> Result<(), ExportError> {
        let found = self.list()?;
        match found.iter().find(|object| is_read_as_rows(&object.name)) {
            Some(object) => {
                let why = format!(
                    "the folder {} has {} and no {STATE}, so nothing tells whose rows these are; move the folder away",
                    self.state.table, object.name
                );
                Err(self.failed(why).because_of_table())
            }
            None => Ok(()),
        }
    }

    /// What files of the table have lost or gained against what is known of them, for people: reading all rows mends it.
    /// `None` if they are as they were left.
    pub(crate) fn damage(&self) -> Option<String> {
        (!self.damage.is_empty()).then(|| self.damage.join("; "))
    }

    /// What files are there whose rows are not of the table, for people; `None` without such. They stay until a person
    /// takes them away, or rows of the table come that belong in their place.
    pub(crate) fn strangers(&self) -> Option<String> {
        let copies = self.unusable.values();
        let copies = copies.filter_map(|part| part.is_copy.as_ref());
        let all: Vec<&str> = self
            .strangers
            .iter()
            .chain(copies)
            .map(String::as_str)
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Reads which IDs a part has, and notes what is wrong with it. Without a `stamp` a run that was killed was writing it.
    pub(super) fn look_into(
        &mut self,
        part: u64,
        stamp: Option<String>,
    ) -> Result<(), ExportError> {
        let is_of_a_whole_run = stamp.is_some();
        let known = self.record.parts.remove(&part);
        let file = format!("{}/{}", self.state.table, part_name(part));
        let rows = known.as_ref().map_or(0, PartRecord::rows);
        let deleted = known.as_ref().map_or(0, |known| known.deleted.len());
        let Some(bytes) = self.get(&part_name(part))? else {
            if known.is_some() {
                let lost = lost_marks(deleted);
                let damage = format!("{file} is gone, and {rows} rows with it{lost}");
                self.damage.push(damage);
            }
            return Ok(());
        };
        // Where the file is kept if another one has to take its place.
        let aside = format!("_part-{part:06}-{:08x}.aside", checksum(&bytes));
        let old = match self.rows_of(part, bytes) {
            Ok(old) => old,
            Err(error @ ExportError::Format { .. }) => {
                let lost = match rows {
                    0 => String::new(),
                    rows => format!(", and {rows} rows are lost with it{}", lost_marks(deleted)),
                };
                self.damage.push(format!(
                    "{file} cannot be read{lost}: {error}; a sync keeps it as {aside} and writes another one"
                ));
                let unreadable = UnusablePart {
                    aside,
                    is_copy: None,
                };
                self.unusable.insert(part, unreadable);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(other) = old.foreign_key(part) {
            if rows > 0 {
                let lost = lost_marks(deleted);
                self.damage.push(format!(
                    "{file} is not the file that the last sync wrote, which had {rows} rows{lost}"
                ));
            }
            let is_copy = Some(format!(
                "{file} has the row {}, which belongs into {}, so it is a copy of another file: move it out of the folder (a \
                 sync that has rows for its place renames it to {aside})",
                other.clone().into_text(),
                part_name(other.part())
            ));
            self.unusable.insert(part, UnusablePart { aside, is_copy });
            return Ok(());
        }
        let mut found = PartRecord {
            columns: old.columns,
            checksum: Some(old.checksum),
            stamp: stamp.unwrap_or_default(),
            ..PartRecord::default()
        };
        let keys = old.keys.iter().map(|(key, _)| key);
        let keys: BTreeMap<&RowKey, Option<i64>> = keys.zip(old.deleted).collect();
        for (key, deleted) in &keys {
            match deleted {
                None => found.live.push(key),
                Some(_) => found.deleted.push(key),
            }
        }
        if is_of_a_whole_run {
            self.note_strange_file(&file, known.as_ref(), &keys);
        }
        self.record.parts.insert(part, found);
        Ok(())
    }

    /// Notes that a file with these keys is not the one that the last sync wrote, if it wrote one.
    fn note_strange_file(
        &mut self,
        file: &str,
        known: Option<&PartRecord>,
        keys: &BTreeMap<&RowKey, Option<i64>>,
    ) {
        match known {
            Some(known) => {
                let lost = known.deleted.keys().filter(|key| !keys.contains_key(key));
                let lost = match lost.count() as u64 {
                    0 => String::new(),
                    lost => format!(", and lacks {lost} of its rows{}", lost_marks(lost)),
                };
                self.damage.push(format!(
                    "{file} is not the file that the last sync wrote{lost}"
                ));
            }
            None if keys.is_empty() => {}
            None => self.damage.push(format!(
                "{file} is not of the sync, and {} rows of it are taken for rows of the table",
                keys.len()
            )),
        }
    }
}

/// What is said of rows that are lost for good with a file, after what happened to the file: no read brings those back
/// that the portal no longer has.
fn lost_marks(deleted: u64) -> String {
    match deleted {
        0 => String::new(),
        1 => " (1 of them marked as deleted, which does not come back)".to_owned(),
        _ => format!(" ({deleted} of them marked as deleted, which do not come back)"),
    }
}

/// Whether readers of the folder take the file for rows of the table.
fn is_read_as_rows(name: &str) -> bool {
    name.ends_with(".parquet") && !name.starts_with('_')
}
