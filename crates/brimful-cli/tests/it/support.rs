//! The program in a folder of its own, portals that work, and servers that misbehave.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use brimful_portal::{Portal, PortalConfig, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A webhook code that no other text contains.
pub(crate) const CODE: &str = "s3cr3tc0de42";

/// An empty folder to run the program in.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The program, with nothing from the environment but what it needs to run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brimful"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("BRIMFUL_PORTAL")
            .env_remove("BRIMFUL_LOG")
            .env_remove("BRIMFUL_CLIENT_ID")
            .env_remove("BRIMFUL_CLIENT_SECRET")
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env_remove("BRIMFUL_R7_PORTAL")
            .env_remove("BRIMFUL_R7_TOKEN")
            .env_remove("BRIMFUL_R7_USER")
            .env_remove("BRIMFUL_R7_PASSWORD")
            .env_remove("BRIMFUL_R7_CODE")
            .env_remove("COLUMNS")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The rows of a file.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        rows(&std::fs::read_to_string(self.path(name)).unwrap())
    }

    /// The names of all files there are.
    pub(crate) fn files(&self) -> Vec<String> {
        files(self.folder.path())
    }
}

/// The words of a command line. A word with spaces stands in single quotes.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    words.collect()
}

/// The texts in the one column of a query to a file of DuckDB.
#[cfg(feature = "adbc")]
pub(crate) fn duckdb(file: &Path, sql: &str) -> Vec<String> {
    use adbc_core::options::{AdbcVersion, OptionDatabase};
    use adbc_core::{Connection, Database, Driver, Statement};
    use arrow_array::cast::AsArray;

    let library = std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").unwrap();
    let mut driver = adbc_driver_manager::ManagedDriver::load_dynamic_from_filename(
        library,
        Some(b"duckdb_adbc_init"),
        AdbcVersion::V100,
    )
    .unwrap();
    let options = [(OptionDatabase::from("path"), file.to_str().unwrap().into())];
    let database = driver.new_database_with_opts(options).unwrap();
    let mut connection = database.new_connection().unwrap();
    let mut statement = connection.new_statement().unwrap();
    statement.set_sql_query(sql).unwrap();
    let mut found = Vec::new();
    for batch in statement.execute().unwrap() {
        let batch = batch.unwrap();
        let texts = batch.column(0).as_string::<i32>();
        found.extend(texts.iter().map(|text| text.unwrap().to_owned()));
    }
    found
}

pub(crate) fn rows(text: &str) -> Vec<Value> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line has no end"
    );
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The numbers in the `ID`s of rows.
pub(crate) fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter()
        .map(|row| row["ID"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// How a run ended and what it said, as a snapshot holds it.
pub(crate) fn transcript(output: &Output) -> String {
    let mut transcript = format!("exit code {}\n", output.status.code().unwrap_or(-1));
    for (name, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8_lossy(text);
        if !text.is_empty() {
            write!(transcript, "--- {name}\n{text}").unwrap();
        }
    }
    transcript
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A snapshot without what differs from run to run: ports and times.
macro_rules! assert_transcript {
    ($output:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
            (r"\d+(\.\d+)? s\b", "N s"),
        ]}, {
            insta::assert_snapshot!($crate::support::transcript(&$output), @$expected)
        })
    };
}
pub(crate) use assert_transcript;

/// A portal on a socket.
pub(crate) struct Running {
    pub(crate) server: Server,
    _runtime: tokio::runtime::Runtime,
}

impl Running {
    pub(crate) fn url(&self) -> String {
        self.server.webhook_url()
    }
}

/// Starts a portal.
pub(crate) fn portal(config: PortalConfig) -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let portal = Portal::new(config).unwrap();
    let server = runtime.block_on(portal.bind("127.0.0.1:0")).unwrap();
    Running {
        server,
        _runtime: runtime,
    }
}

/// A request that a server got.
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// Answers every request with what `answer` makes of it: the whole response, or less. Serves until the test ends.
pub(crate) fn server(answer: impl Fn(&Received) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &answer);
        }
    });
    format!("http://{address}/rest/1/{CODE}/")
}

/// One connection, one request: the response says that the connection closes.
fn serve(mut stream: TcpStream, answer: &impl Fn(&Received) -> Vec<u8>) {
    let Some(received) = receive(&mut stream) else {
        return;
    };
    // A client that hung up does not want the answer.
    let _ = stream.write_all(&answer(&received));
}

fn receive(stream: &mut TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

/// A whole response.
pub(crate) fn response(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn json_response(body: &Value) -> Vec<u8> {
    response(
        "200 OK",
        "application/json; charset=utf-8",
        &body.to_string(),
    )
}

/// The reply to a batch that has the same answer for all of its commands.
pub(crate) fn same_for_all(received: &Received, rows: &Value, total: u64) -> Vec<u8> {
    let labels: Vec<String> = received.body["cmd"]
        .as_object()
        .map(|commands| commands.keys().cloned().collect())
        .unwrap_or_default();
    let each = |value: Value| -> Value {
        labels
            .iter()
            .map(|label| (label.clone(), value.clone()))
            .collect()
    };
    json_response(&json!({
        "result": {
            "result": each(rows.clone()),
            "result_error": [],
            "result_total": each(json!(total)),
            "result_next": each(json!(50)),
            "result_time": [],
        },
        "time": {"start": 1, "finish": 1.5},
    }))
}
