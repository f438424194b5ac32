//! A place for what was answered and can't be written where it was to go: a write that has run must not be forgotten.

use std::io::{self, Write};
use std::path::PathBuf;

use tempfile::TempDir;

use super::partial::target_name;
use crate::failure::Failure;

/// A folder of the system's temporary files that its owner alone can read. It is removed unless it is kept.
pub(crate) fn folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("brimful-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

#[cfg(all(test, unix))]
#[test]
fn the_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let made = folder().unwrap();
    let mode = std::fs::metadata(made.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// Saves a text in a file that stays, and returns its name.
fn save(text: &[u8]) -> io::Result<String> {
    let mut file = tempfile::Builder::new()
        .prefix("brimful-")
        .suffix(".jsonl")
        .tempfile()?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    let (_, path): (_, PathBuf) = file.keep().map_err(|error| error.error)?;
    Ok(target_name(&path))
}

/// Says where `text` was saved. `what` is what it is, such as "the reply".
pub(crate) fn rescued(failure: Failure, what: &str, text: &[u8]) -> Failure {
    match save(text) {
        Ok(name) => failure.kept(format!("{what} in {name}")),
        // There is no other place. A part of it is better than nothing.
        Err(error) => failure.kept(format!(
            "{what}, which could not be saved ({error}): {}",
            String::from_utf8_lossy(text).trim_end()
        )),
    }
}
