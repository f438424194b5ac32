//! Exports that are killed (SIGKILL) at random moments and run again by the same command, while the portal plays faults.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::Duration;

use brimful_portal::{Churn, ChurnAction, Fault, FaultRule, FaultTiming, HiddenRows, PortalConfig};
use serde_json::{Value, json};

use crate::support::{Running, Workspace, portal, rows, stderr};

/// They take eight requests, so that faults are played in each run that comes to its end.
const ROWS: u64 = 18_000;
const SELECT: &str = "ID,TITLE,STAGE_ID,DATE_MODIFY";

/// How often each export is killed: `BRIMFUL_TEST_KILLS`, or 5 times.
fn kills() -> u64 {
    let given = std::env::var("BRIMFUL_TEST_KILLS").ok();
    given.and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

/// Random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A portal that answers slowly enough to be interrupted, and wrongly now and then.
fn unsteady(seed: u64, churn: Churn) -> Running {
    let running = portal(
        PortalConfig::unlimited()
            .seed(seed)
            .sparse_rows("crm.deal", ROWS, 0.2)
            .latency(std::time::Duration::from_millis(60))
            .churn(churn),
    );
    answer_wrongly(&running);
    running
}

fn answer_wrongly(portal: &Running) {
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(
        7,
        Fault::Status(502, FaultTiming::AfterWork),
    ));
    faults.add(FaultRule::every(11, Fault::Truncated));
    faults.add(FaultRule::every(13, Fault::QueryLimit));
}

/// How many wrong answers there are depends on the moments of the kills.
fn assert_answered_wrongly(portal: &Running) {
    let unplayed = portal.server.portal().faults().unplayed();
    assert!(unplayed.len() < 3, "{unplayed:?}");
}

fn start(workspace: &Workspace, portal: &Running, to: &[&str]) -> Child {
    let args = [
        "export",
        "crm.deal.list",
        "--select",
        SELECT,
        "--walk",
        "chain",
    ];
    workspace
        .command(&[&args[..], to].concat())
        .env("BRIMFUL_PORTAL", portal.url())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the export, and kills it when it has stored rows and waits for a reply that does not come.
fn kill_when_stored(
    workspace: &Workspace,
    portal: &Running,
    to: &[&str],
    has_rows: impl Fn() -> bool,
) {
    let hour = std::time::Duration::from_secs(3_600);
    let held = FaultRule::every(1, Fault::Delay(hour)).on("batch");
    let faults = portal.server.portal().faults();
    faults.add(held.after(5));
    let mut child = start(workspace, portal, to);
    while !has_rows() {
        assert_eq!(child.try_wait().unwrap(), None, "it waits for the reply");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    faults.clear();
    answer_wrongly(portal);
}

/// Runs the export, kills it at random moments and runs it again, until it comes to its end. Gives what all runs said.
fn killed_and_resumed(workspace: &Workspace, portal: &Running, to: &[&str], seed: u64) -> String {
    let mut said = String::new();
    let mut random = Random(seed);
    let answered = || portal.server.portal().stats().requests;
    for _ in 0..kills() {
        let mut child = start(workspace, portal, to);
        let until = answered() + 2 + random.below(7);
        let mut spins = random.below(20_000);
        while child.try_wait().unwrap().is_none() {
            if answered() >= until {
                if spins == 0 {
                    break;
                }
                spins -= 1;
            }
            std::thread::yield_now();
        }
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        said += &stderr(&output);
        if output.status.success() {
            return said;
        }
        assert_eq!(output.status.code(), None, "{}", stderr(&output));
        if is_finished(workspace) {
            // It was killed on its way out.
            return said;
        }
    }
    let output = start(workspace, portal, to).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    said + &stderr(&output)
}

/// Whether the export into a file of SQLite or DuckDB has come to its end. Another one would leave rows that are gone
/// meanwhile.
fn is_finished(workspace: &Workspace) -> bool {
    #[cfg(feature = "adbc")]
    if workspace.path("portal.duckdb").exists() {
        let sql = "SELECT CAST(finished AS VARCHAR) FROM _brimful_state";
        return crate::support::duckdb(&workspace.path("portal.duckdb"), sql) == ["1"];
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let path = workspace.path("portal.db");
    let database = rusqlite::Connection::open_with_flags(path, flags);
    let finished = database.and_then(|database| {
        let sql = "SELECT finished FROM _brimful_state";
        database.query_row(sql, [], |row| row.get(0))
    });
    finished.unwrap_or(false)
}

fn undisturbed(portal: &Running, name: &str) -> Vec<u8> {
    let workspace = Workspace::new();
    let output = start(&workspace, portal, &["-o", name])
        .wait_with_output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    std::fs::read(workspace.path(name)).unwrap()
}

/// Whether a killed export has the same bytes as one that nobody disturbs.
fn check_bytes(name: &str, seed: u64) {
    let portal = unsteady(seed, Churn::new());
    let workspace = Workspace::new();
    killed_and_resumed(&workspace, &portal, &["-o", name], seed);
    assert_answered_wrongly(&portal);
    let file = std::fs::read(workspace.path(name)).unwrap();
    let expected = undisturbed(&portal, name);
    let is_same = if name.contains(".csv.") {
        // How a stream is cut into blocks is up to the compressor.
        unzipped(&file) == unzipped(&expected)
    } else {
        file == expected
    };
    assert!(is_same, "{name} differs");
    assert_eq!(workspace.files(), [name], "nothing else is left");
}

fn unzipped(file: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn a_killed_export_to_json_lines_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.jsonl", 1);
}

#[test]
fn a_killed_export_to_csv_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.csv", 2);
}

#[test]
fn a_killed_export_to_a_compressed_file_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.csv.gz", 3);
}

#[cfg(feature = "parquet")]
#[test]
fn a_killed_export_to_parquet_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.parquet", 4);
}

#[cfg(feature = "parquet")]
#[test]
fn a_killed_export_to_arrow_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.arrow", 5);
}

/// ID and title of every row of the portal.
fn titles_of_portal(portal: &Running) -> BTreeMap<u64, String> {
    let text = String::from_utf8(undisturbed(portal, "deals.jsonl")).unwrap();
    unique(rows(&text).into_iter().map(|row| {
        (
            number(&row["ID"]),
            row["TITLE"].as_str().unwrap().to_owned(),
        )
    }))
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// No row is there twice.
fn unique(rows: impl Iterator<Item = (u64, String)>) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    for (id, title) in rows {
        assert_eq!(found.insert(id, title), None, "{id} came twice");
    }
    found
}

/// Whether a killed export has all rows of a portal whose rows others change, insert and delete meanwhile: none is
/// missing, none is doubled, and those that stay as they are are as they are.
#[cfg(any(
    feature = "xlsx",
    feature = "postgres",
    feature = "mysql",
    feature = "clickhouse"
))]
fn check_rows(
    to: &[&str],
    seed: u64,
    exported: impl FnOnce(&Workspace) -> BTreeMap<u64, String>,
) -> String {
    check_rows_after(|_, _| {}, to, seed, exported)
}

/// The same after `first`, which may kill the export at a certain moment.
fn check_rows_after(
    first: impl FnOnce(&Workspace, &Running),
    to: &[&str],
    seed: u64,
    exported: impl FnOnce(&Workspace) -> BTreeMap<u64, String>,
) -> String {
    let churn = Churn::new()
        .seed(seed)
        .with("crm.deal", ChurnAction::Update, 30.0)
        .with("crm.deal", ChurnAction::Insert, 10.0)
        .with("crm.deal", ChurnAction::Delete, 5.0);
    let portal = unsteady(seed, churn);
    let before = titles_of_portal(&portal);
    let workspace = Workspace::new();
    first(&workspace, &portal);
    let said = killed_and_resumed(&workspace, &portal, to, seed);
    assert_answered_wrongly(&portal);
    let after = titles_of_portal(&portal);
    let exported = exported(&workspace);
    for (id, title) in &before {
        if let Some(now) = after.get(id) {
            let exported = exported.get(id);
            assert!(exported.is_some(), "{id} is missing");
            if title == now {
                assert_eq!(exported, Some(now), "{id} differs");
            }
        }
    }
    let known = |id: &u64| before.contains_key(id) || *id > *before.keys().next_back().unwrap();
    assert!(exported.keys().all(known), "there are rows of nobody");
    said
}

#[test]
fn a_killed_export_of_rows_that_others_change_lacks_none() {
    const TO: [&str; 2] = ["-o", "deals.csv"];
    let first = |workspace: &Workspace, portal: &Running| {
        let size = |name: &str| std::fs::metadata(workspace.path(name)).map_or(0, |of| of.len());
        kill_when_stored(workspace, portal, &TO, || {
            size("deals.csv.partial") > 100_000
        });
    };
    let said = check_rows_after(first, &TO, 6, |workspace| {
        let text = std::fs::read_to_string(workspace.path("deals.csv")).unwrap();
        let cells = |line: &str| {
            let (id, rest) = line.split_once(',').unwrap();
            let title = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split("\",").next().unwrap().replace("\"\"", "\""),
                None => rest.split(',').next().unwrap().to_owned(),
            };
            (id.parse().unwrap(), title)
        };
        unique(text.lines().skip(1).map(cells))
    });
    assert!(said.contains("resuming after ID "), "{said}");
}

#[cfg(feature = "xlsx")]
#[test]
fn a_killed_export_to_excel_lacks_no_row() {
    use calamine::{Data, Reader};
    check_rows(&["-o", "deals.xlsx"], 7, |workspace| {
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook(workspace.path("deals.xlsx")).unwrap();
        let (_, sheet) = book.worksheets().remove(0);
        let row = |row: &[Data]| match row {
            [Data::Float(id), Data::String(title), ..] => (*id as u64, title.clone()),
            other => panic!("{other:?}"),
        };
        unique(sheet.rows().skip(1).map(row))
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn a_killed_export_to_sqlite_lacks_no_row_and_is_marked_as_finished() {
    const TO: [&str; 2] = ["--to", "sqlite:portal.db"];
    let first = |workspace: &Workspace, portal: &Running| {
        let has_rows = || {
            // The file may not be there, or have no table yet.
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let path = workspace.path("portal.db");
            let database = rusqlite::Connection::open_with_flags(path, flags);
            let count = database.and_then(|database| {
                let sql = "SELECT count(*) FROM crm_deal";
                database.query_row(sql, [], |row| row.get::<_, i64>(0))
            });
            count.is_ok_and(|count| count > 0)
        };
        kill_when_stored(workspace, portal, &TO, has_rows);
    };
    let said = check_rows_after(first, &TO, 8, |workspace| {
        let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
        let (stored, finished): (u64, bool) = database
            .query_row("SELECT rows, finished FROM _brimful_state", [], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
            })
            .unwrap();
        let mut select = database.prepare("SELECT id, title FROM crm_deal").unwrap();
        let found = select.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)));
        let found = unique(found.unwrap().map(Result::unwrap));
        assert_eq!((stored, finished), (found.len() as u64, true));
        found
    });
    assert!(said.contains("resuming after ID "), "{said}");
}

/// Against the server in `BRIMFUL_TEST_POSTGRES`, which `./test` starts for it.
#[cfg(feature = "postgres")]
#[test]
fn a_killed_export_to_postgresql_lacks_no_row() {
    let Ok(url) = std::env::var("BRIMFUL_TEST_POSTGRES") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (client, connection) = runtime
        .block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls))
        .unwrap();
    runtime.spawn(connection);
    let query = |sql: &str| runtime.block_on(client.simple_query(sql)).unwrap();
    query("DROP TABLE IF EXISTS killed");
    check_rows(&["--to", &url, "--table", "killed"], 9, |_| {
        let found = query("SELECT id, title FROM killed").into_iter();
        unique(found.filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some((
                row.get(0).unwrap().parse().unwrap(),
                row.get(1).unwrap().to_owned(),
            )),
            _ => None,
        }))
    });
}

/// Against the server in `BRIMFUL_TEST_MYSQL`, which `./test` starts for it.
#[cfg(feature = "mysql")]
#[test]
fn a_killed_export_to_mysql_lacks_no_row() {
    use mysql::prelude::Queryable;
    let Ok(url) = std::env::var("BRIMFUL_TEST_MYSQL") else {
        return;
    };
    let mut server = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
    server.query_drop("DROP TABLE IF EXISTS killed").unwrap();
    check_rows(&["--to", &url, "--table", "killed"], 10, |_| {
        let found: Vec<(u64, String)> = server.query("SELECT id, title FROM killed").unwrap();
        unique(found.into_iter())
    });
}

/// Against the server in `BRIMFUL_TEST_CLICKHOUSE`, which `./test` starts for it.
#[cfg(feature = "clickhouse")]
#[test]
fn a_killed_export_to_clickhouse_lacks_no_row() {
    let Ok(url) = std::env::var("BRIMFUL_TEST_CLICKHOUSE") else {
        return;
    };
    let (login, host) = url
        .strip_prefix("clickhouse://")
        .and_then(|url| url.split_once('@'))
        .unwrap();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let host = host.split('/').next().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = brimful::HttpOptions::reqwest_builder().unwrap();
    let client = client.pool_max_idle_per_host(0).build().unwrap();
    let query = |sql: &str| {
        let request = client
            .post(format!("http://{host}/"))
            .header("X-ClickHouse-User", user)
            .header("X-ClickHouse-Key", password.replace("%20", " "))
            .body(sql.to_owned());
        runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() })
    };
    query("DROP TABLE IF EXISTS killed");
    check_rows(&["--to", &url, "--table", "killed"], 11, |_| {
        let found = query("SELECT ID, TITLE FROM killed FINAL FORMAT JSONCompactEachRow");
        // An old server knows only the whole document.
        let found = if found.starts_with('[') {
            found
        } else {
            query("SELECT ID, TITLE FROM killed FINAL FORMAT JSONCompact")
        };
        let rows: Vec<(Value, String)> = match serde_json::from_str::<Value>(&found) {
            Ok(whole) if whole.get("data").is_some() => {
                serde_json::from_value(whole["data"].clone()).unwrap()
            }
            _ => found
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        };
        unique(rows.into_iter().map(|(id, title)| (number(&id), title)))
    });
}

/// With the library in `BRIMFUL_DUCKDB_LIBRARY`, which `./test` gets for it.
#[cfg(feature = "adbc")]
#[test]
fn a_killed_export_to_duckdb_lacks_no_row() {
    const TO: [&str; 2] = ["--to", "duckdb:portal.duckdb"];
    if std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").is_none() {
        return;
    }
    let first = |workspace: &Workspace, portal: &Running| {
        // An empty table takes a few blocks, and thousands of rows in the log far more.
        let size = |name: &str| std::fs::metadata(workspace.path(name)).map_or(0, |of| of.len());
        let has_rows = || size("portal.duckdb") + size("portal.duckdb.wal") > 100_000;
        kill_when_stored(workspace, portal, &TO, has_rows);
    };
    let said = check_rows_after(first, &TO, 12, |workspace| {
        let query = |sql: &str| crate::support::duckdb(&workspace.path("portal.duckdb"), sql);
        let state = query("SELECT rows || ' ' || finished FROM _brimful_state");
        let rows = query("SELECT \"ID\" || ' ' || \"TITLE\" FROM crm_deal");
        assert_eq!(state, [format!("{} 1", rows.len())]);
        unique(rows.iter().map(|row| {
            let (id, title) = row.split_once(' ').unwrap();
            (id.parse().unwrap(), title.to_owned())
        }))
    });
    assert!(said.contains("resuming after ID "), "{said}");
}

/// A portal with 20,000 leads, and what an interrupted export of them has left.
fn interrupted(workspace: &Workspace, name: &str) -> Running {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    portal
        .server
        .portal()
        .faults()
        .add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--select",
        "ID,TITLE",
        "--portal",
        &portal.url(),
        "-o",
        name,
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    portal
}

fn again(workspace: &Workspace, portal: &Running, more: &[&str]) -> std::process::Output {
    let args = [
        "export",
        "crm.lead.list",
        "--select",
        "ID,TITLE",
        "--portal",
    ];
    workspace.run(&[&args[..], &[&portal.url()], more].concat())
}

#[test]
fn rows_of_another_list_are_not_resumed_and_not_overwritten() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let kept = std::fs::read(workspace.path("leads.csv.partial")).unwrap();
    let output = again(
        &workspace,
        &portal,
        &["--filter", ">ID=100", "-o", "leads.csv"],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("rows of another run (crm.lead.list")
            && stderr(&output).contains("--resume never"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read(workspace.path("leads.csv.partial")).unwrap(),
        kept
    );
}

#[test]
fn what_a_disk_has_damaged_of_an_interrupted_export_is_read_again() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [Harm; 4] = [
        |rows| {
            let middle = rows.len() / 2;
            rows[middle..middle + 8_192].fill(0);
        },
        |rows| {
            // Fifty whole lines.
            let middle = rows.len() / 2;
            let mut ends = (middle..).filter(|place| rows[*place] == b'\n');
            let (from, to) = (ends.next().unwrap(), ends.nth(49).unwrap());
            rows.drain(from..to);
        },
        |rows| *rows.last_mut().unwrap() = b'}',
        // Somebody's own line.
        |rows| rows.extend(b"{\"ID\":\"19999\",\"TITLE\":\"fake\"}\n"),
    ];
    let names = ["leads.jsonl", "leads.csv", "leads.parquet"];
    let is_built = |name: &&str| cfg!(feature = "parquet") || !name.ends_with(".parquet");
    for name in names.into_iter().filter(is_built) {
        for harm in harms {
            let workspace = Workspace::new();
            let portal = interrupted(&workspace, name);
            let partial = workspace.path(&format!("{name}.partial"));
            let mut rows = std::fs::read(&partial).unwrap();
            harm(&mut rows);
            std::fs::write(&partial, rows).unwrap();
            let output = again(&workspace, &portal, &["-o", name]);
            let said = stderr(&output);
            assert!(output.status.success(), "{said}");
            assert!(said.contains("is damaged"), "{said}");
            let whole = format!("whole-{name}");
            let output = again(&workspace, &portal, &["-o", &whole]);
            assert!(output.status.success(), "{}", stderr(&output));
            let of = |name: &str| std::fs::read(workspace.path(name)).unwrap();
            assert!(of(name) == of(&whole), "{name}: {said}");
        }
    }
}

#[test]
fn resume_never_drops_what_is_left_and_says_so() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--resume", "never"],
    );
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("starting again: "), "{said}");
    assert!(!said.contains("from before"), "{said}");
    assert_eq!(workspace.files(), ["leads.csv"]);
}

#[test]
fn resume_only_refuses_to_start_from_the_beginning() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--resume", "only"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("nothing to resume: no leads.csv.partial"),
        "{}",
        stderr(&output)
    );
    assert!(workspace.files().is_empty());
    if cfg!(feature = "sqlite") {
        let output = again(
            &workspace,
            &portal,
            &["--to", "sqlite:a.db", "--resume", "only"],
        );
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("nothing to resume"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn other_columns_may_be_chosen_when_an_export_to_csv_is_resumed() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--columns", "TITLE=Name,ID"],
    );
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("resuming after ID "), "{said}");
    let text = std::fs::read_to_string(workspace.path("leads.csv")).unwrap();
    assert!(text.starts_with("Name,ID\r\n"), "{text}");
    assert_eq!(text.lines().count(), 20_001);
}

#[test]
fn the_rows_of_an_interrupted_export_are_lines_of_json_whatever_the_format() {
    let workspace = Workspace::new();
    interrupted(&workspace, "leads.csv");
    assert_eq!(
        workspace.files(),
        ["leads.csv.partial", "leads.csv.partial.json"]
    );
    let kept = workspace.rows("leads.csv.partial");
    assert_eq!(kept[0]["ID"], json!("1"));
}

#[test]
fn the_first_rows_are_as_many_as_were_asked_for_when_they_are_resumed() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    portal
        .server
        .portal()
        .faults()
        .add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let top = ["-o", "leads.csv", "--top", "15000"];
    let output = again(&workspace, &portal, &top);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let output = again(&workspace, &portal, &top);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("leads.csv")).unwrap();
    assert_eq!(text.lines().count(), 15_001);
}

/// A portal with 20,000 leads of which one in 97 and 300 neighbours are hidden, that answers slowly.
fn hiding() -> (Running, u64) {
    let mut hidden: Vec<u64> = (1..=20_000).step_by(97).collect();
    hidden.extend(5_000..5_300);
    hidden.sort_unstable();
    hidden.dedup();
    let spec: Vec<String> = hidden.iter().map(u64::to_string).collect();
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 20_000)
        .latency(std::time::Duration::from_millis(300))
        .hide(HiddenRows::parse(&spec.join(",")).unwrap());
    (portal(config), hidden.len() as u64)
}

#[test]
fn hidden_rows_of_a_run_whose_deadline_passed_are_part_of_the_sum_that_the_resumed_one_names() {
    let (portal, hidden) = hiding();
    for file in ["leads.jsonl", "leads.csv"] {
        let workspace = Workspace::new();
        let mut runs = 0;
        let said = loop {
            runs += 1;
            assert!(runs < 60, "it does not get on");
            let output = workspace
                .command(&["export", "crm.lead.list", "--select", "ID", "-o", file])
                // A run in which no row comes has to have more time than it had.
                .args(["--deadline", &format!("{}ms", 700 + 100 * runs)])
                .env("BRIMFUL_PORTAL", portal.url())
                .output()
                .unwrap();
            if output.status.success() {
                break stderr(&output);
            }
            assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        };
        assert!(
            runs > 1 && said.contains("of them from before"),
            "{runs}: {said}"
        );
        let sum = format!("{hidden} leads are counted but not shown to this user");
        assert!(said.contains(&sum), "{runs} runs: {said}");
        assert!(!said.contains("looked for only after"), "{said}");
    }
}

#[test]
fn a_run_resumed_after_a_kill_names_all_hidden_rows_or_says_that_some_were_not_looked_for() {
    let (portal, hidden) = hiding();
    let answered = || portal.server.portal().stats().requests;
    let mut sums = 0;
    for requests in 2..10 {
        let workspace = Workspace::new();
        let command = || {
            let mut command =
                workspace.command(&["export", "crm.lead.list", "--select", "ID", "-o", "l.jsonl"]);
            command.env("BRIMFUL_PORTAL", portal.url());
            command
        };
        let mut child = command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = answered() + requests;
        while child.try_wait().unwrap().is_none() && answered() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if workspace.path("l.jsonl").exists() {
            continue;
        }
        let output = command().output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        let sum = format!("{hidden} leads are counted but not shown to this user");
        if said.contains("looked for only after") {
            assert!(!said.contains(&sum), "{said}");
        } else {
            assert!(said.contains(&sum), "{said}");
            sums += 1;
        }
    }
    assert!(sums > 0, "the sum was never known");
}

#[cfg(unix)]
#[test]
fn a_line_that_was_added_after_a_kill_does_not_move_the_place_where_an_export_goes_on() {
    use std::io::Write;
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let hangs = FaultRule::every(1, Fault::Delay(Duration::from_secs(600))).after(3);
    portal.server.portal().faults().add(hangs);
    let export = [
        "export",
        "crm.lead.list",
        "--select",
        "ID,TITLE",
        "-o",
        "l.jsonl",
        "--portal",
    ];
    let mut child = workspace
        .command(&[&export[..], &[&portal.url()]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = workspace.path("l.jsonl.partial");
    let size = || std::fs::metadata(&partial).map_or(0, |found| found.len());
    while portal.server.portal().stats().requests < 4 || size() == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before that");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut left = std::fs::File::options()
        .append(true)
        .open(&partial)
        .unwrap();
    left.write_all(b"{\"ID\":\"19999\",\"TITLE\":\"fake\"}\n")
        .unwrap();
    portal.server.portal().faults().clear();
    let output = again(&workspace, &portal, &["-o", "l.jsonl"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("are as they were written"), "{said}");
    assert_eq!(workspace.rows("l.jsonl").len(), 20_000);
}

/// Lists the tasks of a portal by the older REST.
fn list_tasks(workspace: &Workspace, portal: &Running, more: &[&str]) -> std::process::Output {
    let args = [
        "tasks", "list", "--rest", "2", "--select", "ID,TITLE", "--portal",
    ];
    workspace.run(&[&args[..], &[&portal.url()], more].concat())
}

#[test]
fn an_interrupted_list_of_tasks_is_resumed_by_the_same_command_and_by_no_other() {
    let workspace = Workspace::new();
    let hidden = HiddenRows::parse("tasks.task:100-110,15000").unwrap();
    let portal = portal(PortalConfig::unlimited().rows("task", 20_000).hide(hidden));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let cut = list_tasks(&workspace, &portal, &["-o", "t.jsonl"]);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    assert!(
        stderr(&cut).contains("-o t.jsonl --resume"),
        "{}",
        stderr(&cut)
    );
    assert_eq!(
        workspace.files(),
        ["t.jsonl.partial", "t.jsonl.partial.json"]
    );
    let kept = workspace.rows("t.jsonl.partial").len();
    assert!((1..19_988).contains(&kept), "{kept}");

    for (other, code) in [
        (&["--responsible", "1"][..], 1),
        (&["--responsible", "1", "--resume"], 1),
        (&["--top", "19000"], 1),
        (&["--order", "deadline"], 1),
    ] {
        let refused = list_tasks(&workspace, &portal, &[&["-o", "t.jsonl"], other].concat());
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{other:?}: {said}");
        assert!(said.contains("has the rows of another run"), "{said}");
        assert_eq!(workspace.rows("t.jsonl.partial").len(), kept);
    }

    let rest = list_tasks(&workspace, &portal, &["-o", "t.jsonl"]);
    let said = stderr(&rest);
    assert!(rest.status.success(), "{said}");
    assert!(said.contains("resuming after ID "), "{said}");
    assert!(
        said.contains(&format!("({} of them from before)", commas(kept))),
        "{said}"
    );
    assert!(
        said.contains("12 tasks are counted but not shown"),
        "{said}"
    );
    assert_eq!(workspace.files(), ["t.jsonl"]);
    let ids: Vec<u64> = workspace
        .rows("t.jsonl")
        .iter()
        .map(|row| number(&row["id"]))
        .collect();
    let shown = (1..=20_000).filter(|id| !(100..=110).contains(id) && *id != 15_000);
    assert!(ids == shown.collect::<Vec<u64>>(), "{} tasks", ids.len());

    let nothing = list_tasks(&workspace, &portal, &["-o", "u.jsonl", "--resume", "only"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", stderr(&nothing));
}

/// A number below a million as a summary writes it.
fn commas(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}

#[test]
fn the_first_tasks_are_as_many_as_were_asked_for_when_they_are_resumed() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("task", 20_000));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let top = ["-o", "t.jsonl", "--top", "15000"];
    let cut = list_tasks(&workspace, &portal, &top);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    let rest = list_tasks(&workspace, &portal, &top);
    assert!(rest.status.success(), "{}", stderr(&rest));
    assert_eq!(workspace.rows("t.jsonl").len(), 15_000);
}

#[test]
fn tasks_in_an_order_of_their_own_cannot_be_resumed_and_it_is_said_how_to_start_again() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("task", 3_000));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(2, Fault::ExpiredToken).times(1));
    let by_title = ["-o", "t.jsonl", "--order", "title"];
    let cut = list_tasks(&workspace, &portal, &by_title);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    assert!(
        stderr(&cut).contains("rm t.jsonl.partial"),
        "{}",
        stderr(&cut)
    );
    let again = list_tasks(&workspace, &portal, &by_title);
    assert_eq!(again.status.code(), Some(2), "{}", stderr(&again));
    assert!(
        stderr(&again).contains("it is not read by ID"),
        "{}",
        stderr(&again)
    );
    let from_the_start = [&by_title[..], &["--resume", "never"]].concat();
    let whole = list_tasks(&workspace, &portal, &from_the_start);
    assert!(whole.status.success(), "{}", stderr(&whole));
    assert_eq!(workspace.rows("t.jsonl").len(), 3_000);
}
