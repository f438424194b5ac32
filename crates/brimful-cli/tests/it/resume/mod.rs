//! Exports that are killed (SIGKILL) at random moments and run again by the same command, while the portal plays
//! faults.

mod choices;
mod files;
mod hidden_rows;
mod stores;
mod tasks;

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Stdio};

use brimful_portal::{Churn, ChurnAction, Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::Value;

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
