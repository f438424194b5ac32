//! The file of a login: an application and its tokens, which only their owner can read.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use brimful::{AppCredentials, BoxFuture, PortalAddress, StoreError, TokenStore, Tokens};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::output::atomic::{create_secret, is_special, put_in_place, resolve_links};
use crate::{env_vars, redact};

/// An application as it is kept beside its tokens, which it is needed for to refresh them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The server that gives out tokens, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_server: Option<String>,
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct KeptLogin {
    #[serde(flatten)]
    app: App,
    #[serde(flatten)]
    tokens: Tokens,
}

/// The file of a login.
#[derive(Clone)]
pub(crate) struct LoginFile {
    path: PathBuf,
    app: App,
    /// Whether its folder is made if it isn't there: the usual one is, and none that a user has named.
    may_make_folder: bool,
}

impl App {
    pub(crate) fn credentials(&self) -> AppCredentials {
        let app = AppCredentials::new(self.client_id.as_str(), self.client_secret.as_str());
        match &self.token_server {
            Some(server) => app.token_server(server.as_str()),
            None => app,
        }
    }
}

impl std::fmt::Debug for LoginFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoginFile({})", self.path.display())
    }
}

/// Where the login of a portal is kept if nobody says otherwise.
pub(crate) fn usual(portal: &PortalAddress) -> Result<PathBuf, Failure> {
    let variable = |name| env_vars::read(name).map(PathBuf::from);
    let folder = if cfg!(windows) {
        variable("APPDATA")
    } else {
        let configured = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        configured.or_else(|| variable("HOME").map(|home| home.join(".config")))
    };
    let folder = folder.ok_or_else(|| {
        Failure::usage("there is no home folder to keep tokens in")
            .hint("--token-file says where they are to be")
    })?;
    let name = portal.host().replace(
        |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'),
        "_",
    );
    Ok(folder.join("brimful").join(format!("{name}.json")))
}

impl LoginFile {
    pub(crate) fn new(path: PathBuf, app: App) -> Self {
        redact::remember_secret(&app.client_secret);
        Self {
            path,
            app,
            may_make_folder: false,
        }
    }

    /// Makes the folder of the file if it isn't there.
    pub(crate) fn make_folder(mut self, may: bool) -> Self {
        self.may_make_folder = may;
        self
    }

    /// The login that is kept at `path`, if there is one.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, Failure> {
        let kept = read(path).map_err(|error| {
            Failure::usage(format!("{error}")).hint("brimful login makes a new one")
        })?;
        Ok(kept.map(|kept| Self::new(path.to_owned(), kept.app)))
    }

    /// Whether tokens can be kept there, which is better known before there are any.
    pub(crate) fn try_out(&self) -> io::Result<()> {
        let path = resolve_links(&self.path);
        let failed = |error| unwritten(&path, &error);
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        replaceable(&path)?;
        create_private(&path, self.may_make_folder)
            .map(drop)
            .map_err(failed)
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether others than its owner can read the file. Those that are written here they cannot; copies may be another
/// matter.
#[cfg(unix)]
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|found| found.mode() & 0o077 != 0)
}

/// Here the folder says who can read what is in it.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_: &Path) -> bool {
    false
}

impl TokenStore for LoginFile {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        Box::pin(async {
            let path = self.path.clone();
            let kept = tokio::task::spawn_blocking(move || read(&path)).await??;
            Ok(kept.map(|kept| kept.tokens))
        })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let (path, app, tokens) = (self.path.clone(), self.app.clone(), tokens.clone());
            remember(&tokens);
            let json = serde_json::to_vec_pretty(&KeptLogin { app, tokens })?;
            let may_make_folder = self.may_make_folder;
            tokio::task::spawn_blocking(move || write(&path, &json, may_make_folder)).await??;
            Ok(())
        })
    }
}

fn remember(tokens: &Tokens) {
    redact::remember_secret(tokens.access.expose());
    redact::remember_secret(tokens.refresh.expose());
}

/// No file of a login has more bytes.
const LARGEST: u64 = 1 << 20;

fn read(path: &Path) -> io::Result<Option<KeptLogin>> {
    let name = path.display();
    if is_special(path) {
        return Err(io::Error::other(format!("{name} is not a file")));
    }
    let mut text = Vec::new();
    let found = fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    match found {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(io::Error::new(
                error.kind(),
                format!("{name} could not be read: {error}"),
            ));
        }
    }
    // The parser's own message may have a token in it.
    let kept: KeptLogin = serde_json::from_slice(&text)
        .map_err(|_| io::Error::other(format!("{name} is not a file of a login")))?;
    remember(&kept.tokens);
    Ok(Some(kept))
}

/// There is never half a file, and never one that others can read. What a link leads to is replaced, and not the link.
fn write(path: &Path, json: &[u8], may_make_folder: bool) -> io::Result<()> {
    let path = resolve_links(path);
    replaceable(&path)?;
    let written = create_private(&path, may_make_folder).and_then(|mut file| {
        file.write_all(json)?;
        put_in_place(file, &path)
    });
    written.map(drop).map_err(|error| unwritten(&path, &error))
}

/// Refuses to put tokens in the place of what is not a file of a login: a device, or a text of the user's.
fn replaceable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() || found.len() > 0 => {}
        // Why nothing can be written there is said by who tries to.
        _ => return Ok(()),
    }
    read(path)
        .map(drop)
        .map_err(|error| io::Error::other(format!("{error}, and is not replaced by one")))
}

fn unwritten(path: &Path, error: &io::Error) -> io::Error {
    let text = format!("{} could not be written: {error}", path.display());
    io::Error::new(error.kind(), text)
}

/// An empty file beside `path` that others cannot read, in a folder that they cannot look into.
fn create_private(path: &Path, may_make_folder: bool) -> io::Result<NamedTempFile> {
    if let Some(folder) = path.parent().filter(|_| may_make_folder) {
        make_private(folder)?;
    }
    create_secret(path)
}

/// Makes a folder that only its owner can look into, unless it is there.
fn make_private(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
