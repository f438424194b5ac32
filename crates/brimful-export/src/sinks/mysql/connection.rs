//! The connection to MySQL and MariaDB: TLS, passwords, the lock of a table, and what is done when the connection is lost.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, LocalInfileHandler, Opts, OptsBuilder, SslOpts};
use parking_lot::Mutex;

use super::super::password_files::{self, Login};
use super::super::reconnecting::Reconnects;
use super::super::tls::{TlsMode, TlsOptions};
use super::super::{is_being_written, was_taken_over};
use super::MysqlSink;
use crate::error::ExportError;

/// The bytes that the next LOAD DATA reads.
pub(super) type Stream = Arc<Mutex<Vec<u8>>>;

/// The password of the environment, or of the file that the clients of MySQL read too.
fn known_password(opts: &Opts) -> Option<String> {
    if let Ok(password) = std::env::var("MYSQL_PWD") {
        return Some(password);
    }
    let host = opts.get_ip_or_hostname();
    password_files::of_mysql(&Login {
        host: &host,
        port: opts.get_tcp_port(),
        database: opts.get_db_name().unwrap_or_default(),
        user: opts.get_user().unwrap_or_default(),
    })
}

/// Connects. Numbers and dates that do not fit are errors, and names are quoted in the usual way.
fn connect(options: &Opts, stream: &Stream) -> mysql::Result<Conn> {
    let mut connection = Conn::new(options.clone())?;
    let stream = Arc::clone(stream);
    connection.set_local_infile_handler(Some(LocalInfileHandler::new(move |_, server| {
        server.write_all(&stream.lock())
    })));
    connection.query_drop("SET NAMES utf8mb4")?;
    connection.query_drop("SET SESSION sql_mode = 'STRICT_ALL_TABLES'")?;
    Ok(connection)
}

/// TLS as the driver is told of it; `None` is none.
fn ssl_options(tls: &TlsOptions) -> Option<SslOpts> {
    let options = SslOpts::default().with_root_cert_path(tls.authorities.clone());
    match tls.mode {
        TlsMode::Disable => None,
        TlsMode::Prefer | TlsMode::Require => Some(
            options
                .with_root_cert_path(None::<std::path::PathBuf>)
                .with_danger_accept_invalid_certs(true),
        ),
        TlsMode::VerifyCa => Some(options.with_danger_skip_domain_validation(true)),
        TlsMode::VerifyFull => Some(options),
    }
}

/// A connection, and what makes it again.
pub(super) struct Session {
    pub(super) connection: Conn,
    pub(super) options: Opts,
    pub(super) stream: Stream,
}

impl Session {
    /// Connects to the server of an address. `store` is the address as messages show it.
    pub(super) fn open(url: &str, store: &str) -> Result<Self, ExportError> {
        let failed = |message: String| ExportError::Store {
            store: store.to_owned(),
            message,
        };
        let (url, tls) = TlsOptions::take_from(url).map_err(failed)?;
        tls.check().map_err(failed)?;
        // MariaDB and MySQL speak the same.
        let url = url.replacen("mariadb://", "mysql://", 1);
        let opts = Opts::from_url(&url)
            .map_err(|_| failed("this is not the address of a database".to_owned()))?;
        if opts.get_db_name().is_none_or(str::is_empty) {
            return Err(failed(
                "the address names no database: write it as mysql://USER@HOST/DATABASE".to_owned(),
            ));
        }
        let mut builder = OptsBuilder::from_opts(opts.clone()).prefer_socket(false);
        if opts.get_pass().is_none_or(str::is_empty)
            && let Some(password) = known_password(&opts)
        {
            builder = builder.pass(Some(password));
        }
        let mut opts = Opts::from(builder.ssl_opts(ssl_options(&tls)));
        let stream = Stream::default();
        let connection = match connect(&opts, &stream) {
            Err(mysql::Error::DriverError(mysql::DriverError::TlsNotSupported))
                if tls.mode == TlsMode::Prefer =>
            {
                opts = OptsBuilder::from_opts(opts)
                    .ssl_opts(None::<SslOpts>)
                    .into();
                connect(&opts, &stream)
            }
            connected => connected,
        };
        let connection = connection.map_err(|error| {
            let (message, store) = (tls.explain(said(&error)), store.to_owned());
            if is_out_of_reach(&error) {
                ExportError::Unreachable { store, message }
            } else {
                failed(message)
            }
        })?;
        Ok(Self {
            connection,
            options: opts,
            stream,
        })
    }
}

impl MysqlSink {
    /// Has the table for this run, as long as its connection lasts. A server may notice only a moment later that a run has
    /// ended, so it waits for a while.
    pub(super) fn lock_table(&mut self) -> Result<(), ExportError> {
        if self.try_lock().map_err(|error| self.failed(said(&error)))? {
            self.has_lock = true;
            return Ok(());
        }
        Err(self.failed(is_being_written(&self.state.table)))
    }

    /// False if another run has the table.
    fn try_lock(&mut self) -> mysql::Result<bool> {
        let granted: Option<Option<u8>> = self.connection.exec_first(
            "SELECT GET_LOCK(CONCAT('brimful ', MD5(CONCAT(DATABASE(), '.', ?))), 2)",
            (&self.state.table,),
        )?;
        Ok(granted == Some(Some(1)))
    }
}

impl Reconnects for MysqlSink {
    fn connection_is_lost(&mut self) -> bool {
        self.connection.query_drop("DO 0").is_err()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it waits in the thread of the writer, which has no runtime"
    )]
    fn reconnect(
        &mut self,
        waits: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<bool, ExportError> {
        for wait in waits {
            std::thread::sleep(*wait);
            let Ok(connection) = connect(&self.options, &self.stream) else {
                continue;
            };
            self.connection = connection;
            if self.has_lock {
                match self.try_lock() {
                    Ok(true) => {}
                    Ok(false) => return Err(self.failed(was_taken_over(&self.state.table))),
                    Err(_) => continue,
                }
            }
            if self.stage.is_empty() || self.connection.query_drop(&self.stage).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A value of a query, which the server writes as text.
pub(super) fn text_of(value: mysql::Value) -> Option<String> {
    match value {
        mysql::Value::NULL => None,
        mysql::Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        mysql::Value::Int(value) => Some(value.to_string()),
        mysql::Value::UInt(value) => Some(value.to_string()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

/// Whether the server was not reached, or is about to end.
fn is_out_of_reach(error: &mysql::Error) -> bool {
    const SHUTDOWN_IN_PROGRESS: u16 = 1053;
    match error {
        mysql::Error::IoError(_) => true,
        mysql::Error::MySqlError(error) => error.code == SHUTDOWN_IN_PROGRESS,
        mysql::Error::DriverError(error) => matches!(
            error,
            mysql::DriverError::CouldNotConnect(_) | mysql::DriverError::ConnectTimeout
        ),
        _ => false,
    }
}

/// What the server said, or why it could not be reached.
pub(super) fn said(error: &mysql::Error) -> String {
    match error {
        // The server does not let clients send rows by themselves.
        mysql::Error::MySqlError(error) if matches!(error.code, 1148 | 3948 | 4166) => format!(
            "{}: rows are sent with LOAD DATA LOCAL, so an administrator has to allow it: SET GLOBAL local_infile = 1",
            error.message
        ),
        mysql::Error::MySqlError(error) => error.message.clone(),
        mysql::Error::IoError(error) => error.to_string(),
        // By itself it is shown as a value of the program.
        mysql::Error::CodecError(error) => format!("the connection has ended: {error}"),
        mysql::Error::DriverError(mysql::DriverError::TlsNotSupported) => {
            "the server does not support TLS".to_owned()
        }
        mysql::Error::DriverError(error) => error.to_string(),
        other => other.to_string(),
    }
}
