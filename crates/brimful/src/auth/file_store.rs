//! Tokens in a file that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use serde_json::error::Category;
use tracing::warn;

use super::store::StoreError;
use super::{TokenStore, Tokens};

/// Keeps tokens in a file of JSON, mode 0600.
///
/// A new pair is written to a file beside it, which then takes its name: there is never half a file. The folder has to
/// exist.
///
/// ```no_run
/// # async fn example() -> Result<(), brimful::Error> {
/// let app = brimful::AppCredentials::new("local.64b7e3", "s3cr3t");
/// let store = brimful::FileTokenStore::new("/var/lib/sync/tokens.json");
/// let client = brimful::Client::builder(brimful::OAuth::load(app, store).await?).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FileTokenStore {
    path: PathBuf,
}

/// Why a file does not hold tokens. What it does hold is not repeated.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{} could not be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} could not be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{} holds no tokens: {what}", path.display())]
    NoTokens { path: PathBuf, what: String },
    #[error("the program is shutting down")]
    ShuttingDown,
}

impl FileTokenStore {
    /// The file at a path, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl TokenStore for FileTokenStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        let path = self.path.clone();
        Box::pin(async move { Ok(blocking(move || load(&path)).await?) })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        let (path, json) = (self.path.clone(), serde_json::to_vec_pretty(tokens));
        Box::pin(async move {
            let json = json?;
            Ok(blocking(move || save(&path, &json)).await?)
        })
    }
}

/// Files are waited for by a thread of their own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(FileError::ShuttingDown))
}

fn load(path: &Path) -> Result<Option<Tokens>, FileError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(FileError::Unreadable { path, source });
        }
    };
    warn_of_readers(path);
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| FileError::NoTokens {
            path: path.to_owned(),
            what: match error.classify() {
                Category::Eof => "it breaks off".to_owned(),
                Category::Syntax => format!("it is not JSON from line {} on", error.line()),
                // The message of such an error may have a token in it.
                Category::Data | Category::Io => {
                    "something of access_token, refresh_token and client_endpoint is not as it should be".to_owned()
                }
            },
        })
}

#[cfg(unix)]
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(found) = fs::metadata(path)
        && found.permissions().mode() & 0o077 != 0
    {
        warn!(path = %path.display(), "others can read the tokens: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path) {}

fn save(path: &Path, json: &[u8]) -> Result<(), FileError> {
    // What a link leads to is replaced, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    write(&path, json).map_err(|source| FileError::Unwritable { path, source })
}

fn write(path: &Path, json: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(
        ".{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    let beside = path.with_file_name(beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let written = file
        .write_all(json)
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error is what matters; the file may be left behind.
        let _ = fs::remove_file(&beside);
    } else if let Some(Ok(folder)) = path.parent().map(File::open) {
        // The name is durable too, where folders can be synced.
        let _ = folder.sync_all();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(access: &str) -> Tokens {
        Tokens::new("https://portal.test", access, "rrr").unwrap()
    }

    #[tokio::test]
    async fn what_was_stored_is_loaded_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileTokenStore::new(folder.path().join("tokens.json"));
        assert_eq!(store.load().await.unwrap(), None);
        for access in ["one", "two"] {
            store.save(&tokens(access)).await.unwrap();
        }
        assert_eq!(store.load().await.unwrap(), Some(tokens("two")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_owner_can_read_the_file_whatever_it_was_before() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        FileTokenStore::new(&path)
            .save(&tokens("one"))
            .await
            .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (
            folder.path().join("tokens.json"),
            folder.path().join("link"),
        );
        fs::write(&path, "{}").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        FileTokenStore::new(&link)
            .save(&tokens("one"))
            .await
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(load(&path).unwrap(), Some(tokens("one")));
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_an_error_and_so_is_half_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileTokenStore::new(folder.path().join("nowhere/tokens.json"));
        let error = store.save(&tokens("one")).await.unwrap_err().to_string();
        assert!(error.contains("could not be written"), "{error}");
        let path = folder.path().join("tokens.json");
        for (text, says) in [
            (r#"{"access_token":"s3cr3t"#, "breaks off"),
            (r#"{"access_token":{"s3cr3t":1}}"#, "not as it should be"),
            (r#"{"access_token":s3cr3t}"#, "not JSON from line 1 on"),
        ] {
            fs::write(&path, text).unwrap();
            let error = FileTokenStore::new(&path)
                .load()
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(says) && !error.contains("s3cr3t"), "{error}");
        }
    }
}
