//! A file that appears under its name only when it is complete: until then it is `NAME.partial` beside it, and belongs
//! to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::OutputError;
use super::atomic::{self, give_rights, owners_alone, resolve_links, sync_folder};

/// What to do with the rows that an interrupted run has left in the partial file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Nothing is written over them.
    Refuse,
    /// They stay, and the new rows come behind them.
    Keep,
}

/// A file that is not complete.
#[derive(Debug)]
pub(crate) struct PartialFile {
    file: File,
    path: PathBuf,
    /// The name it is to have.
    target: PathBuf,
    /// Whether there is anything in it that is worth keeping.
    has_content: bool,
}

impl PartialFile {
    /// Takes possession of the partial file beside `path`.
    pub(crate) fn open(path: &Path, leftover: Leftover) -> Result<Self, OutputError> {
        let (target, partial) = places(path);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true);
        let file = match owners_alone(options.clone().create_new(true)).open(&partial) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                check_ours(&partial).map_err(|error| named(&partial, error))?;
                options
                    .open(&partial)
                    .map_err(|error| named(&partial, error))?
            }
            Err(error) => return Err(named(path, error)),
        };
        // A file system without locks is no reason not to write.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(OutputError::Busy(partial));
        }
        // Between opening and locking another run may have ended: then this is the file that it completed.
        if !is_at(&file, &partial) {
            return Err(OutputError::Busy(partial));
        }
        let has_content = file.metadata().is_ok_and(|found| found.len() > 0);
        if has_content && leftover == Leftover::Refuse {
            return Err(OutputError::Leftover(target_name(&partial)));
        }
        Ok(Self {
            file,
            path: partial,
            target,
            has_content,
        })
    }

    /// The file that is made of the rows in another partial file and is to have the name `target`. What a killed run has
    /// left of it is of no use.
    pub(crate) fn converted(target: &Path) -> Result<Self, OutputError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        // NAME.new may well be a file of the user's own.
        name.push(".partial.new");
        let path = target.with_file_name(name);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(named(&path, error));
        }
        let file = owners_alone(OpenOptions::new().write(true).create_new(true))
            .open(&path)
            .map_err(|error| named(&path, error))?;
        Ok(Self {
            file,
            path,
            target: target.to_owned(),
            has_content: false,
        })
    }

    /// Nothing of it is needed any more.
    pub(crate) fn discard(self) {
        // What cannot be removed does no harm: it is a partial file.
        let _ = std::fs::remove_file(&self.path);
    }

    /// What was in it is cut off.
    pub(crate) fn forget_content(&mut self) {
        self.has_content = false;
    }

    /// Where it is until it is complete.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name it is to have.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Writes `block` at a place of its own.
    pub(crate) fn write_at(&mut self, place: u64, block: &[u8]) -> Result<(), OutputError> {
        self.has_content = true;
        self.file
            .seek(SeekFrom::Start(place))
            .and_then(|_| self.file.write_all(block))
            .map_err(|error| named(&self.path, error))
    }

    /// Nothing is behind the first `bytes`, and the next block comes there.
    pub(crate) fn end_at(&mut self, bytes: u64) -> Result<(), OutputError> {
        self.file
            .set_len(bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(bytes)))
            .map(drop)
            .map_err(|error| named(&self.path, error))
    }

    /// What was written is on the disk.
    pub(crate) fn sync(&self) -> Result<(), OutputError> {
        self.file
            .sync_data()
            .map_err(|error| named(&self.path, error))
    }

    /// Another file, made by [`atomic::create_merged`], takes its place.
    pub(crate) fn replace(&mut self, file: NamedTempFile) -> Result<(), OutputError> {
        // It is ours from the moment that it has the name.
        let _ = file.as_file().try_lock();
        self.file =
            atomic::put_in_place(file, &self.path).map_err(|error| named(&self.path, error))?;
        self.has_content = true;
        Ok(())
    }

    /// Adds to the end.
    pub(crate) fn append(&mut self, block: &[u8]) -> Result<(), OutputError> {
        self.has_content = true;
        self.file
            .write_all(block)
            .map_err(|error| named(&self.path, error))
    }

    /// The rows are on the disk before the name says so.
    pub(crate) fn complete(self) -> Result<String, OutputError> {
        let target = &self.target;
        self.file
            .sync_all()
            .map_err(|error| named(&self.path, error))?;
        give_rights(&self.file, target);
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
        // An empty file that cannot be removed does no harm.
        let _ = std::fs::remove_file(&self.path);
        None
    }

    /// What arrived stays, if anything did.
    pub(crate) fn leave(self) -> Result<Option<String>, OutputError> {
        if self.has_content {
            self.file
                .sync_all()
                .map_err(|error| named(&self.path, error))?;
            return Ok(Some(target_name(&self.path)));
        }
        // An empty file that cannot be removed does no harm.
        let _ = std::fs::remove_file(&self.path);
        Ok(None)
    }
}

/// Where the file at `path` is when it is complete, and until then.
pub(crate) fn places(path: &Path) -> (PathBuf, PathBuf) {
    // Through a symbolic link the file behind it is replaced, not the link.
    let target = resolve_links(path);
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = target.with_file_name(name);
    (target, partial)
}

/// A file that another user has put there keeps that user's name and rights, so it isn't written to.
fn check_ours(partial: &Path) -> io::Result<()> {
    let found = std::fs::symlink_metadata(partial)?;
    if !found.is_file() {
        return Err(io::Error::other("it is there already, and is not a file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other(
                "it is there already, and belongs to another user",
            ));
        }
    }
    Ok(())
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

    fn open(path: &Path) -> Result<PartialFile, OutputError> {
        PartialFile::open(path, Leftover::Refuse)
    }

    #[test]
    fn two_runs_do_not_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, _) = file(&folder);
        let first = open(&whole).unwrap();
        assert!(matches!(open(&whole), Err(OutputError::Busy(_))));
        drop(first);
        assert!(open(&whole).is_ok());
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
        assert!(open(&whole).is_err());
        assert_eq!(std::fs::read_to_string(other).unwrap(), "not ours");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_nothing_yet_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, _) = file(&folder);
        std::os::unix::fs::symlink("behind.jsonl", &whole).unwrap();
        let mut partial = open(&whole).unwrap();
        partial.append(b"{}\n").unwrap();
        partial.complete().unwrap();
        assert!(std::fs::symlink_metadata(&whole).unwrap().is_symlink());
        let behind = folder.path().join("behind.jsonl");
        assert_eq!(std::fs::read_to_string(behind).unwrap(), "{}\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owners_alone_until_it_is_complete_and_replaces_one_with_the_rights_of_that() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        for rights in [mode(&plain), 0o640, 0o600] {
            let mut rows = open(&whole).unwrap();
            rows.append(b"{}\n").unwrap();
            assert_eq!(mode(&partial), 0o600);
            let mut merged = atomic::create_merged(&partial).unwrap();
            merged.write_all(b"{}\n").unwrap();
            assert_eq!(mode(&atomic::merged_path(&partial)), 0o600);
            rows.replace(merged).unwrap();
            assert_eq!(mode(&partial), 0o600);
            rows.complete().unwrap();
            assert_eq!(mode(&whole), rights);
            let next = if rights == 0o640 { 0o600 } else { 0o640 };
            std::fs::set_permissions(&whole, std::fs::Permissions::from_mode(next)).unwrap();
        }
        let converted = PartialFile::converted(&whole).unwrap();
        assert_eq!(mode(converted.path()), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_partial_file_of_another_user_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, partial) = file(&folder);
        std::fs::write(&partial, "").unwrap();
        // Only the system's administrator can give files away.
        if std::os::unix::fs::chown(&partial, Some(65_534), None).is_err() {
            return;
        }
        let error = open(&whole).unwrap_err();
        assert!(error.to_string().contains("another user"), "{error}");
        assert!(PartialFile::open(&whole, Leftover::Keep).is_err());
    }
}
