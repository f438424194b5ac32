//! The connection to PostgreSQL: TLS, passwords, the lock of a table, and what is done when the connection is lost.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::password_files::{self, Login};
use super::super::reconnecting::Reconnects;
use super::super::tls::{self, TlsMode, TlsOptions};
use super::super::writer_runtime::{WriterRuntime, with_causes};
use super::super::{is_being_written, was_taken_over};
use super::{PostgresSink, literal};
use crate::error::ExportError;

/// How often the server is asked for the lock of a table, a tenth of a second apart.
const LOCK_ATTEMPTS: u32 = 20;

/// A connection, and what makes it again.
pub(super) struct Session {
    pub(super) runtime: WriterRuntime,
    pub(super) client: Client,
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Session {
    /// Connects to the server of an address. `store` is the address as messages show it.
    pub(super) fn open(url: &str, store: &str) -> Result<Self, ExportError> {
        let failed = |message: String| ExportError::Store {
            store: store.to_owned(),
            message,
        };
        let (url, tls) = TlsOptions::take_from(url).map_err(failed)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // What it was given may have a password.
            failed(match std::error::Error::source(&error) {
                Some(cause) if cause.to_string().starts_with("unknown option") => format!(
                    "this is not an address of a database: {cause}; write it as postgres://USER@HOST:5432/DATABASE"
                ),
                _ => "this is not an address of a database; write it as postgres://USER@HOST:5432/DATABASE".to_owned(),
            })
        })?;
        config.ssl_mode(match tls.mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        if config.get_password().is_none()
            && let Some(password) = known_password(&config)
        {
            config.password(password);
        }
        config.application_name("brimful");
        let runtime = WriterRuntime::in_background()?;
        let connector = MakeRustlsConnect::new(tls::config(&tls).map_err(failed)?);
        let client = connect(&runtime, &config, &connector)?.map_err(|error| {
            let (message, store) = (tls.explain(with_remedy(said(&error))), store.to_owned());
            if is_out_of_reach(&error) {
                ExportError::Unreachable { store, message }
            } else {
                failed(message)
            }
        })?;
        Ok(Self {
            runtime,
            client,
            config,
            tls: connector,
        })
    }
}

impl PostgresSink {
    /// Has the table for this run, as long as its connection lasts. A server may notice only a moment later that a run has
    /// ended, so it is asked again for a while.
    pub(super) fn lock_table(&mut self) -> Result<(), ExportError> {
        if self.try_lock()? {
            self.has_lock = true;
            return Ok(());
        }
        Err(self.failed(is_being_written(&self.state.table)))
    }

    /// False if another run has the table.
    fn try_lock(&self) -> Result<bool, ExportError> {
        let table = literal(&self.state.table);
        let ask = format!(
            "SELECT pg_try_advisory_lock(hashtext('brimful export ' || current_schema() || '.' || {table}))"
        );
        for _ in 0..LOCK_ATTEMPTS {
            let granted = self.wait(self.client.query_typed(&ask, &[]))?;
            if granted.first().is_some_and(|row| row.get(0)) {
                return Ok(true);
            }
            self.execute("SELECT pg_sleep(0.1)")?;
        }
        Ok(false)
    }
}

impl Reconnects for PostgresSink {
    fn connection_is_lost(&mut self) -> bool {
        self.client.is_closed() || self.execute("SELECT 1").is_err() && self.client.is_closed()
    }

    fn reconnect(
        &mut self,
        waits: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<bool, ExportError> {
        for wait in waits {
            self.runtime.sleep(*wait)?;
            let Ok(client) = connect(&self.runtime, &self.config, &self.tls)? else {
                continue;
            };
            self.client = Arc::new(client);
            // A server that is about to end takes connections for a moment.
            if self.has_lock {
                match self.try_lock() {
                    Ok(true) => {}
                    Ok(false) => return Err(self.failed(was_taken_over(&self.state.table))),
                    Err(_) => continue,
                }
            }
            if self.execute(&self.stage).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What the server said, with what to do where it wants a password and there is none.
fn with_remedy(said: String) -> String {
    if said.contains("password missing") {
        return format!(
            "{said}; set PGPASSWORD, or write it into ~/.pgpass, which nobody else may read (chmod 600 ~/.pgpass)"
        );
    }
    said
}

/// The password of the environment, or of the file that psql reads too.
fn known_password(config: &Config) -> Option<String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Some(password);
    }
    let user = config.get_user()?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.as_str(),
        // So psql calls the sockets of this machine.
        _ => "localhost",
    };
    password_files::of_postgres(&Login {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().unwrap_or(user),
        user,
    })
}

fn connect(
    runtime: &WriterRuntime,
    config: &Config,
    tls: &MakeRustlsConnect,
) -> io::Result<Result<Client, tokio_postgres::Error>> {
    Ok(match runtime.wait(config.connect(tls.clone()))? {
        Ok((client, connection)) => {
            // The next statement says so if it is lost.
            drop(runtime.spawn(async move { drop(connection.await) })?);
            Ok(client)
        }
        Err(error) => Err(error),
    })
}

/// Whether the server was not reached, or is about to begin or to end.
fn is_out_of_reach(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => true,
        Some(code) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ]
        .contains(code),
    }
}

/// What the server said, or why it could not be reached.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else {
        return with_causes(error);
    };
    let mut text = database.message().to_owned();
    if let Some(detail) = database.detail() {
        let _ = write!(text, " ({detail})");
    }
    text
}
