//! Databases that are reached by ADBC: where their drivers are, and what they are told.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Database, Driver, LOAD_FLAG_DEFAULT};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase, ManagedDriver};
use brimful::reqwest::Url;
use parking_lot::Mutex;

use crate::error::ExportError;

/// Names the library of DuckDB.
const LIBRARY: &str = "BRIMFUL_DUCKDB_LIBRARY";
/// Has the password of a database, where its address has none.
const PASSWORD: &str = "BRIMFUL_ADBC_PASSWORD";

/// A database, and the driver that knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdbcAddress {
    /// A file of DuckDB.
    Duckdb(PathBuf),
    /// Any other: the name of the driver or its library, and options of the database.
    Driver {
        /// The name of the driver, or the path of its library.
        name: String,
        /// Options of the database, `uri` among them.
        options: Vec<(String, String)>,
    },
}

impl AdbcAddress {
    /// Reads `DRIVER?uri=…&OPTION=…`.
    pub(crate) fn parse(text: &str) -> Result<Self, ExportError> {
        let (name, query) = text.split_once('?').unwrap_or((text, ""));
        let url = Url::parse(&format!("adbc://driver/?{query}"));
        let (false, Ok(url)) = (name.is_empty(), url) else {
            return Err(ExportError::Name(
                "adbc: has no driver; write it as adbc:DRIVER?uri=ADDRESS, where DRIVER is a name such as \
                 adbc_driver_postgresql or the path of a library"
                    .to_owned(),
            ));
        };
        Ok(Self::Driver {
            name: name.to_owned(),
            options: url.query_pairs().into_owned().collect(),
        })
    }

    pub(crate) fn is_duckdb(&self) -> bool {
        match self {
            Self::Duckdb(_) => true,
            Self::Driver { name, .. } => {
                let file = Path::new(name).file_name().unwrap_or_default();
                let file = file.to_string_lossy().to_lowercase();
                file.trim_start_matches("lib").starts_with("duckdb")
            }
        }
    }

    /// Passwords that no message may have.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let Self::Driver { options, .. } = self else {
            return Vec::new();
        };
        let mut secrets: Vec<String> = std::env::var(PASSWORD).into_iter().collect();
        for (name, value) in options {
            if name.contains("password") || name.contains("token") || name.contains("secret") {
                secrets.push(value.clone());
            }
            let login = value.split_once("://").map_or("", |(_, rest)| rest);
            let login = login.rsplit_once('@').map_or("", |(login, _)| login);
            if let Some((_, password)) = login.split_once(':') {
                secrets.push(password.to_owned());
            }
            for part in value.split([' ', ';', '&', '?']) {
                if let Some((_, password)) = part.split_once("password=") {
                    secrets.push(password.to_owned());
                }
            }
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }
}

/// Loads the driver and connects.
///
/// # Errors
/// What the driver says, or how to get it.
pub(super) fn connect(address: &AdbcAddress) -> Result<(ManagedConnection, OpenDatabase), String> {
    let (connection, database) = connect_once(address)?;
    Ok((connection, OpenDatabase(Some(database))))
}

/// An instance that something has a connection to. The last one closes it before another may be opened.
pub(super) struct OpenDatabase(Option<Arc<ManagedDatabase>>);

impl Drop for OpenDatabase {
    fn drop(&mut self) {
        let _open_files = OPEN_FILES.lock();
        self.0 = None;
    }
}

fn connect_once(
    address: &AdbcAddress,
) -> Result<(ManagedConnection, Arc<ManagedDatabase>), String> {
    let AdbcAddress::Duckdb(path) = address else {
        return connect_to(open(address)?);
    };
    // Two instances of one file in a process would not see each other's locks, and damage it.
    let path = path.canonicalize().unwrap_or_else(|_| path.clone());
    let mut open_files = OPEN_FILES.lock();
    open_files.retain(|(_, database)| database.strong_count() > 0);
    let known = open_files.iter().find(|(known, _)| *known == path);
    if let Some(database) = known.and_then(|(_, database)| database.upgrade()) {
        return connect_to(database);
    }
    let database = open(address)?;
    // It is made by that where it was not there.
    let path = path.canonicalize().unwrap_or(path);
    open_files.push((path, Arc::downgrade(&database)));
    connect_to(database)
}

/// A file of DuckDB and its instance, for as long as something has a connection to it.
type OpenFile = (PathBuf, Weak<ManagedDatabase>);

/// The files of DuckDB that this process has open.
static OPEN_FILES: Mutex<Vec<OpenFile>> = Mutex::new(Vec::new());

fn connect_to(
    database: Arc<ManagedDatabase>,
) -> Result<(ManagedConnection, Arc<ManagedDatabase>), String> {
    let connection = database.new_connection().map_err(|error| error.message)?;
    Ok((connection, database))
}

fn open(address: &AdbcAddress) -> Result<Arc<ManagedDatabase>, String> {
    let (mut driver, options) = match address {
        AdbcAddress::Duckdb(path) => {
            let path = path.to_str().ok_or("its path is not UTF-8")?;
            (load_duckdb()?, vec![("path".to_owned(), path.to_owned())])
        }
        AdbcAddress::Driver { name, options } if address.is_duckdb() && !is_path(name) => {
            (load_duckdb()?, options.clone())
        }
        AdbcAddress::Driver { name, options } => (load(name, options)?, options.clone()),
    };
    let has_password = options.iter().any(|(name, _)| name == "password");
    let mut options: Vec<(OptionDatabase, OptionValue)> = options
        .into_iter()
        .filter(|(name, _)| name != "entrypoint")
        .map(|(name, value)| {
            (
                OptionDatabase::from(name.as_str()),
                OptionValue::from(value.as_str()),
            )
        })
        .collect();
    if let (Ok(password), false, false) =
        (std::env::var(PASSWORD), has_password, address.is_duckdb())
    {
        options.push((
            OptionDatabase::Password,
            OptionValue::from(password.as_str()),
        ));
    }
    let database = driver
        .new_database_with_opts(options)
        .map_err(|error| error.message)?;
    Ok(Arc::new(database))
}

fn is_path(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// Whether the program can load libraries at all.
const IS_STATIC: bool = cfg!(all(target_env = "musl", target_feature = "crt-static"));
const STATIC: &str = "this program is linked statically and cannot load drivers; one that is built for gnu instead of \
                      musl can";

fn load(name: &str, options: &[(String, String)]) -> Result<ManagedDriver, String> {
    if IS_STATIC {
        return Err(STATIC.to_owned());
    }
    let entrypoint = options.iter().find(|(name, _)| name == "entrypoint");
    let entrypoint = entrypoint.map(|(_, value)| value.as_bytes());
    let path = Path::new(name);
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = if is_path(name) {
        absolute.as_os_str()
    } else {
        name.as_ref()
    };
    // There are drivers of the older version of ADBC too.
    let load =
        |version| ManagedDriver::load_from_name(name, entrypoint, version, LOAD_FLAG_DEFAULT, None);
    load(AdbcVersion::V110)
        .or_else(|error| load(AdbcVersion::V100).map_err(|_| error))
        .map_err(|error| {
            format!(
                "the driver cannot be loaded: {}. Install it where the system looks for libraries, or write its path: \
                 adbc:/PATH/libadbc_driver_NAME.so?uri=…",
                error.message.trim_end().trim_end_matches('.')
            )
        })
}

/// Loads the library of DuckDB from where it usually is.
fn load_duckdb() -> Result<ManagedDriver, String> {
    if IS_STATIC {
        return Err(STATIC.to_owned());
    }
    let load = |path: &Path| {
        let entrypoint = Some(b"duckdb_adbc_init".as_slice());
        ManagedDriver::load_dynamic_from_filename(path, entrypoint, AdbcVersion::V110)
    };
    if let Some(path) = std::env::var_os(LIBRARY).filter(|path| !path.is_empty()) {
        return load(Path::new(&path)).map_err(|error| {
            format!(
                "{LIBRARY} names a library that cannot be loaded: {}",
                error.message
            )
        });
    }
    for path in places() {
        // One that is there and does not load is an error; a bare name is looked for by the system.
        let is_bare = path.components().count() == 1;
        if !is_bare && !path.exists() {
            continue;
        }
        match load(&path) {
            Ok(driver) => return Ok(driver),
            Err(_) if is_bare => {}
            Err(error) => {
                return Err(format!(
                    "{} cannot be loaded: {}",
                    path.display(),
                    error.message
                ));
            }
        }
    }
    Err(format!(
        "the library of DuckDB is not on this machine, or {LIBRARY} has to name it. To get it:\n  {GET}"
    ))
}

/// The file of the library.
const FILE: &str = if cfg!(windows) {
    "duckdb.dll"
} else if cfg!(target_os = "macos") {
    "libduckdb.dylib"
} else {
    "libduckdb.so"
};

/// A line that puts the library where it is found.
const GET: &str = if cfg!(windows) {
    "curl.exe -L https://github.com/duckdb/duckdb/releases/latest/download/libduckdb-windows-amd64.zip -o duckdb.zip; \
     tar -xf duckdb.zip duckdb.dll; $env:BRIMFUL_DUCKDB_LIBRARY = \"$pwd\\duckdb.dll\""
} else if cfg!(target_os = "macos") {
    "brew install duckdb"
} else if cfg!(target_arch = "aarch64") {
    "mkdir -p ~/.local/lib && curl -L https://github.com/duckdb/duckdb/releases/latest/download/libduckdb-linux-arm64.zip \
     -o /tmp/libduckdb.zip && unzip -o /tmp/libduckdb.zip libduckdb.so -d ~/.local/lib"
} else {
    "mkdir -p ~/.local/lib && curl -L https://github.com/duckdb/duckdb/releases/latest/download/libduckdb-linux-amd64.zip \
     -o /tmp/libduckdb.zip && unzip -o /tmp/libduckdb.zip libduckdb.so -d ~/.local/lib"
};

/// Where the library may be, the likeliest first.
fn places() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        folders.extend(program.parent().map(Path::to_owned));
    }
    if let Some(home) = std::env::var_os("HOME") {
        folders.push(Path::new(&home).join(".local/lib"));
    }
    folders.extend(["/usr/local/lib", "/opt/homebrew/lib", "/usr/lib"].map(PathBuf::from));
    let mut places: Vec<PathBuf> = folders.iter().map(|folder| folder.join(FILE)).collect();
    places.push(PathBuf::from(FILE));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_driver_and_options_of_the_database() {
        let text = "adbc_driver_postgresql?uri=postgresql://me:s3cret@host/db&adbc.x=a%26b";
        let address = AdbcAddress::parse(text).unwrap();
        let AdbcAddress::Driver { name, options } = &address else {
            panic!("{address:?}")
        };
        assert_eq!(name, "adbc_driver_postgresql");
        assert_eq!(options[0].1, "postgresql://me:s3cret@host/db");
        assert_eq!(options[1], ("adbc.x".to_owned(), "a&b".to_owned()));
        assert_eq!(address.secrets(), ["s3cret"]);
        assert!(AdbcAddress::parse("?uri=x").is_err());
    }

    #[test]
    fn duckdb_is_known_by_the_name_of_its_library() {
        let is_duckdb = |text: &str| AdbcAddress::parse(text).unwrap().is_duckdb();
        assert!(is_duckdb("duckdb?path=x") && is_duckdb("/usr/lib/libduckdb.so?path=x"));
        assert!(!is_duckdb("adbc_driver_sqlite?uri=x"));
    }
}
