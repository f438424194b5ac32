//! A file that appears under its name only when it is complete: until then it is `NAME.partial` beside it, and belongs
//! to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::output::OutputError;

/// A file that is not complete.
#[derive(Debug)]
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
    /// The name it is to have.
    target: PathBuf,
    /// What an earlier run left is kept until there is something to put in its place.
    emptied: bool,
    fresh: bool,
}

impl Partial {
    /// Takes possession of the partial file beside `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, OutputError> {
        let (target, partial) = places(path);
        let there = std::fs::symlink_metadata(&partial);
        if there.as_ref().is_ok_and(|there| !there.is_file()) {
            let what = io::Error::other("it is there already, and is no file");
            return Err(named(&partial, what));
        }
        let fresh = there.is_err();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(|error| named(path, error))?;
        // A file system without locks is no reason not to write.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(OutputError::Busy(partial));
        }
        // Between opening and locking another run may have ended: then this is the file that it completed.
        if !is_at(&file, &partial) {
            return Err(OutputError::Busy(partial));
        }
        Ok(Self {
            file,
            path: partial,
            target,
            emptied: false,
            fresh,
        })
    }

    /// Where it is until it is complete.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name it is to have.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// What an earlier run left stays: it is gone on with.
    pub(crate) fn keep(&mut self) {
        self.emptied = true;
    }

    /// Writes `block` at a place of its own.
    pub(crate) fn write_at(&mut self, place: u64, block: &[u8]) -> Result<(), OutputError> {
        self.empty()?;
        self.file
            .seek(SeekFrom::Start(place))
            .and_then(|_| self.file.write_all(block))
            .map_err(|error| named(&self.path, error))
    }

    /// Nothing is behind the first `bytes`.
    pub(crate) fn end_at(&mut self, bytes: u64) -> Result<(), OutputError> {
        self.empty()?;
        self.file
            .set_len(bytes)
            .map_err(|error| named(&self.path, error))
    }

    /// What was written is on the disk.
    pub(crate) fn sync(&self) -> Result<(), OutputError> {
        self.file
            .sync_data()
            .map_err(|error| named(&self.path, error))
    }

    /// Another file, at `path` beside it, takes its place.
    pub(crate) fn replace(&mut self, file: File, path: &Path) -> Result<(), OutputError> {
        file.sync_all().map_err(|error| named(path, error))?;
        // It is ours from the moment that it has the name.
        let _ = file.try_lock();
        std::fs::rename(path, &self.path).map_err(|error| named(&self.path, error))?;
        self.file = file;
        self.emptied = true;
        sync_folder(&self.path);
        Ok(())
    }

    /// Adds to the end.
    pub(crate) fn append(&mut self, block: &[u8]) -> Result<(), OutputError> {
        self.empty()?;
        self.file
            .write_all(block)
            .map_err(|error| named(&self.path, error))
    }

    fn empty(&mut self) -> Result<(), OutputError> {
        if !self.emptied {
            self.file
                .set_len(0)
                .map_err(|error| named(&self.path, error))?;
            self.emptied = true;
        }
        Ok(())
    }

    /// The rows are on the disk before the name says so.
    pub(crate) fn complete(mut self) -> Result<String, OutputError> {
        self.empty()?;
        let target = &self.target;
        self.file
            .sync_all()
            .map_err(|error| named(&self.path, error))?;
        if let Ok(old) = std::fs::metadata(target) {
            // Whoever might read the old file may read the new one. Not every file system can say so.
            let _ = self.file.set_permissions(old.permissions());
        }
        std::fs::rename(&self.path, target).map_err(|error| named(target, error))?;
        sync_folder(target);
        Ok(target_name(target))
    }

    /// After a write that failed: the first `bytes` stay, and no file without any.
    pub(crate) fn cut(self, bytes: u64) -> Option<String> {
        if bytes > 0 {
            // If this fails too, half a row is at its end, and it is still no whole file.
            let _ = self.file.set_len(bytes);
            return Some(target_name(&self.path));
        }
        if self.fresh || self.emptied {
            // An empty file that cannot be removed does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
        None
    }

    pub(crate) fn leave(self) -> Result<Option<String>, OutputError> {
        if self.emptied {
            self.file
                .sync_all()
                .map_err(|error| named(&self.path, error))?;
            return Ok(Some(target_name(&self.path)));
        }
        if self.fresh {
            // An empty file that cannot be removed does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
        Ok(None)
    }
}

/// Where the file at `path` is when it is complete, and until then.
pub(crate) fn places(path: &Path) -> (PathBuf, PathBuf) {
    // Through a symbolic link the file behind it is replaced, not the link.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = target.with_file_name(name);
    (target, partial)
}

/// Whether `file` is what is at `path` now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Here a file that is open cannot be renamed by another process.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// The path as one would type it from here.
pub(crate) fn target_name(path: &Path) -> String {
    let here = std::env::current_dir()
        .ok()
        .and_then(|here| here.canonicalize().ok());
    here.and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A name is on the disk when its folder is. Systems that cannot sync a folder do without.
pub(crate) fn sync_folder(path: &Path) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}

pub(crate) fn named(path: &Path, source: io::Error) -> OutputError {
    OutputError::Io {
        name: target_name(path),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir) -> (PathBuf, PathBuf) {
        (
            folder.path().join("rows.jsonl"),
            folder.path().join("rows.jsonl.partial"),
        )
    }

    #[test]
    fn two_runs_do_not_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, _) = file(&folder);
        let first = Partial::open(&whole).unwrap();
        assert!(matches!(Partial::open(&whole), Err(OutputError::Busy(_))));
        drop(first);
        assert!(Partial::open(&whole).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_another_run_completed_meanwhile_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let open = File::create(&partial).unwrap();
        assert!(is_at(&open, &partial));
        std::fs::rename(&partial, &whole).unwrap();
        assert!(!is_at(&open, &partial));
        File::create(&partial).unwrap();
        assert!(!is_at(&open, &partial));
    }

    #[cfg(unix)]
    #[test]
    fn a_partial_file_that_is_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let other = folder.path().join("other");
        std::fs::write(&other, "not ours").unwrap();
        std::os::unix::fs::symlink(&other, &partial).unwrap();
        assert!(Partial::open(&whole).is_err());
        assert_eq!(std::fs::read_to_string(other).unwrap(), "not ours");
    }
}
