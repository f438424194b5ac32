//! Named bytes in a folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::ExportError;

/// Named bytes. Errors are what is said to people. Everything may be done twice.
pub(super) trait Objects: Send {
    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), String>;

    /// `None` if there is no such name.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String>;

    /// Gives what is at `from` another name. If nothing is there it was done before.
    fn rename(&self, from: &str, to: &str) -> Result<(), String>;

    /// Removes what is there, if anything is.
    fn delete(&self, name: &str) -> Result<(), String>;

    /// What is directly in the folder; nothing if there is no folder.
    #[cfg(feature = "sync")]
    fn list(&self) -> Result<Vec<StoredObject>, String>;
}

/// A name in a folder, and a mark that changes when something else is stored under it: size and time, or size and the
/// storage's own tag.
#[cfg(feature = "sync")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredObject {
    pub(super) name: String,
    pub(super) stamp: String,
}

pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, so that one that cannot be written to is known before the first row.
    pub(super) fn make(path: PathBuf) -> Result<Self, ExportError> {
        fs::create_dir_all(&path).map_err(|error| {
            let why = format!("could not make the folder {}: {error}", path.display());
            io::Error::new(error.kind(), why)
        })?;
        Ok(Self(path))
    }

    /// The folder that is there, or is made with the first name in it.
    #[cfg(feature = "sync")]
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        let parts = name.split('/');
        parts.fold(self.0.clone(), |path, part| path.join(part))
    }

    fn make_folder_of(path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)
    }

    /// Where a name is written until it is whole.
    fn beside(path: &Path) -> PathBuf {
        path.with_extension("partial")
    }

    /// Removes the folders that the end of a file has left empty.
    fn tidy(&self, path: &Path) {
        let mut folder = path.parent();
        while let Some(empty) = folder.filter(|folder| *folder != self.0) {
            // It is not empty: others need it.
            if fs::remove_dir(empty).is_err() {
                return;
            }
            folder = empty.parent();
        }
    }
}

/// Nothing there is no failure.
fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl Objects for Folder {
    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), String> {
        let path = self.path(name);
        let beside = Self::beside(&path);
        let write = || {
            Self::make_folder_of(&path)?;
            let mut file = fs::File::create(&beside)?;
            file.write_all(&bytes)?;
            // What says that it is there comes later, and may not come before it.
            file.sync_data()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|error| format!("{}: {error}", path.display()))
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), String> {
        let (from, to) = (self.path(from), self.path(to));
        let renamed = Self::make_folder_of(&to).and_then(|()| if_there(fs::rename(&from, &to)));
        self.tidy(&from);
        renamed.map_err(|error| format!("{}: {error}", to.display()))
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        let path = self.path(name);
        let removed = if_there(fs::remove_file(&path));
        // A run that was killed while it wrote has left this one.
        let removed = removed.and(if_there(fs::remove_file(Self::beside(&path))));
        self.tidy(&path);
        removed.map_err(|error| format!("{}: {error}", path.display()))
    }

    #[cfg(feature = "sync")]
    fn list(&self) -> Result<Vec<StoredObject>, String> {
        let read = || -> io::Result<Vec<StoredObject>> {
            let entries = match fs::read_dir(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut found = Vec::new();
            for entry in entries {
                let entry = entry?;
                let about = entry.metadata()?;
                let written = about.modified().ok();
                let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                if about.is_file() {
                    found.push(StoredObject {
                        name: entry.file_name().to_string_lossy().into_owned(),
                        stamp: format!("{}-{}", about.len(), written.map_or(0, |at| at.as_nanos())),
                    });
                }
            }
            Ok(found)
        };
        read().map_err(|error| format!("{}: {error}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_has_left_of_a_name_goes_with_the_name() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::make(home.path().to_owned()).unwrap();
        let left = home.path().join("new/part-1.partial");
        fs::create_dir(home.path().join("new")).unwrap();
        fs::write(left, "half").unwrap();
        folder.delete("new/part-1.jsonl").unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
