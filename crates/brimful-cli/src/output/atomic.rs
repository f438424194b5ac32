//! Replaces a file as a whole: the new one is written beside it and takes its name when it is on the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// More links than this lead nowhere, as the system says too.
const MOST_LINKS: usize = 40;

/// A new file beside `path` that its owner alone can read. It is removed unless it is put in place.
pub(crate) fn create_secret(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".brimful-")
        .tempfile_in(folder(path))
}

/// The name of a file that is to replace `path`, which this process has locked.
pub(crate) fn merged_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".merged");
    path.with_file_name(name)
}

/// A new file at [`merged_path`] that its owner alone can read. It is removed unless it is put in place.
pub(crate) fn create_merged(path: &Path) -> io::Result<NamedTempFile> {
    let path = merged_path(path);
    // What a killed run has left is of no use.
    let _ = std::fs::remove_file(&path);
    let file = owners_alone(File::options().write(true).create_new(true)).open(&path)?;
    Ok(NamedTempFile::from_parts(
        file,
        TempPath::try_from_path(path)?,
    ))
}

/// Files that these options make can be read by their owner alone: the file that they are to replace may be private,
/// and so may the folder that they stand in for.
pub(crate) fn owners_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Gives a complete file the rights of the file at `path`, which it is about to replace, or those of any new file.
/// Not every file system can say who may read what.
pub(crate) fn give_rights(file: &File, path: &Path) {
    if let Ok(old) = std::fs::metadata(path) {
        let _ = file.set_permissions(old.permissions());
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(rights_of_new_files()));
    }
}

/// The rights that the user's `umask` leaves to a new file.
#[cfg(unix)]
fn rights_of_new_files() -> u32 {
    use std::sync::OnceLock;

    use rustix::fs::Mode;
    use rustix::process::umask;
    static RIGHTS: OnceLock<u32> = OnceLock::new();
    *RIGHTS.get_or_init(|| {
        let told =
            umask_of_status(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
        let masked = told.unwrap_or_else(|| {
            // Elsewhere it is only told when it is changed. What another thread makes meanwhile is private.
            let masked = umask(Mode::RWXG | Mode::RWXO);
            umask(masked);
            masked.as_raw_mode()
        });
        0o666 & !masked
    })
}

/// The `umask` that Linux shows in `/proc/self/status`.
#[cfg(unix)]
fn umask_of_status(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(line.trim(), 8).ok()
}

/// The file is on the disk and takes the name `path`; what was there is gone.
pub(crate) fn put_in_place(file: NamedTempFile, path: &Path) -> io::Result<File> {
    file.as_file().sync_all()?;
    let file = file.persist(path).map_err(|error| error.error)?;
    sync_folder(path);
    Ok(file)
}

/// Whether there is a device, a pipe or a socket at `path`, which is written to and never replaced.
pub(crate) fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Where a write to `path` ends up: links are followed, those that lead to nothing yet too.
pub(crate) fn resolve_links(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = std::fs::read_link(&target) else {
            break;
        };
        target = folder(&target).join(next);
    }
    match std::fs::canonicalize(folder(&target)) {
        Ok(folder) => folder.join(target.file_name().unwrap_or_default()),
        Err(_) => target,
    }
}

/// The folder of a file; that of a bare name is the current one.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A name is on the disk when its folder is. Systems that cannot sync a folder do without.
pub(crate) fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(folder(path)) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_nothing_yet_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("data/rows.jsonl", &link).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let real = folder.path().canonicalize().unwrap();
        assert_eq!(resolve_links(&link), real.join("data/rows.jsonl"));
        assert_eq!(
            resolve_links(&folder.path().join("other")),
            real.join("other")
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_umask_is_read_where_the_system_shows_it() {
        assert_eq!(
            umask_of_status("Name:\tbrimful\nUmask:\t0027\nState:\tR\n"),
            Some(0o027)
        );
        assert_eq!(umask_of_status("Name:\tbrimful\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_a_circle_come_to_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("link", &link).unwrap();
        resolve_links(&link);
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let file = create_secret(&path).unwrap();
        put_in_place(file, &path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
