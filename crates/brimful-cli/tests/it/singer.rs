//! Singer messages on standard output, from which an interrupted run is resumed.

use std::process::{Output, Stdio};

use brimful_portal::{Fault, FaultRule, PortalConfig};
use serde_json::{Value, json};

use crate::support::{Running, Workspace, portal, stderr, stdout};

fn deals(rows: u64) -> Running {
    portal(PortalConfig::unlimited().rows("crm.deal", rows))
}

fn export(workspace: &Workspace, portal: &Running, more: &[&str]) -> Output {
    let args = ["export", "crm.deal.list", "--portal", &portal.url()];
    let columns = ["--select", "ID,TITLE,OPPORTUNITY,DATE_CREATE,CLOSED"];
    workspace.run(&[&args[..], &columns, &["--format", "singer"], more].concat())
}

/// The messages of a type.
fn messages(output: &Output, kind: &str) -> Vec<Value> {
    let text = stdout(output);
    let messages = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.filter(|message| message["type"] == kind).collect()
}

fn ids(output: &Output) -> Vec<u64> {
    let records = messages(output, "RECORD");
    let ids = records.iter().map(|message| &message["record"]["ID"]);
    ids.map(|id| id.as_u64().unwrap()).collect()
}

#[test]
fn a_stream_has_its_schema_first_then_every_row_with_types_and_a_state_at_the_end() {
    let (workspace, portal) = (Workspace::new(), deals(7_000));
    let output = export(&workspace, &portal, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let first: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
    assert_eq!(first["type"], json!("SCHEMA"));
    assert_eq!(first["stream"], json!("crm_deal"));
    assert_eq!(first["key_properties"], json!(["ID"]));
    let kind = |name: &str| first["schema"]["properties"][name]["type"].clone();
    assert_eq!(kind("ID"), json!(["null", "integer"]));
    assert_eq!(kind("CLOSED"), json!(["null", "boolean"]));
    assert_eq!(
        first["schema"]["properties"]["DATE_CREATE"]["format"],
        json!("date-time")
    );
    assert_eq!(
        first["schema"]["properties"]["OPPORTUNITY"]["format"],
        json!("singer.decimal")
    );
    let found = ids(&output);
    assert_eq!(found.len(), 7_000);
    assert!(found.is_sorted_by(|a, b| a < b));
    let states = messages(&output, "STATE");
    assert!(states.len() > 3, "{states:?}");
    let last: Value = serde_json::from_str(stdout(&output).lines().last().unwrap()).unwrap();
    let bookmark = &last["value"]["bookmarks"]["crm_deal"];
    assert_eq!(bookmark["last_id"], Value::Null);
    assert_eq!(bookmark["rows"], json!(7_000));
    assert!(workspace.files().is_empty());
}

#[test]
fn an_interrupted_stream_is_resumed_with_its_last_state_and_keeps_those_of_others() {
    let (workspace, portal) = (Workspace::new(), deals(20_000));
    let state = |text: &str| std::fs::write(workspace.path("state.jsonl"), text).unwrap();
    state(r#"{"bookmarks":{"crm_lead":{"last_id":7}}}"#);
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let more = ["--state", "state.jsonl"];
    let cut = export(&workspace, &portal, &more);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    assert!(stderr(&cut).contains("--state FILE"), "{}", stderr(&cut));
    let states = messages(&cut, "STATE");
    let last = &states[states.len() - 1]["value"];
    assert_eq!(last["bookmarks"]["crm_lead"]["last_id"], json!(7));
    // As targets print them, one after the other.
    state(&format!("{}\n{last}\n\n", states[0]["value"]));
    let rest = export(&workspace, &portal, &more);
    assert!(rest.status.success(), "{}", stderr(&rest));
    assert!(
        stderr(&rest).starts_with("resuming after ID "),
        "{}",
        stderr(&rest)
    );
    let found = [ids(&cut), ids(&rest)].concat();
    assert_eq!(found.len(), 20_000);
    assert!(found.is_sorted_by(|a, b| a < b));

    // The state is that of another list, so this one is read from its start.
    let filter = ["--filter", "<=ID=100", "--state", "state.jsonl"];
    let other = export(&workspace, &portal, &filter);
    assert_eq!(ids(&other).first(), Some(&1));
}

#[test]
fn a_state_that_is_none_is_refused_and_one_that_is_not_there_is_a_first_run() {
    let (workspace, portal) = (Workspace::new(), deals(60));
    std::fs::write(workspace.path("state.json"), "not JSON\n").unwrap();
    let output = export(&workspace, &portal, &["--state", "state.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("the state state.json is not JSON"),
        "{}",
        stderr(&output)
    );
    let output = export(&workspace, &portal, &["--state", "none.json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(ids(&output).len(), 60);
    let output = export(&workspace, &portal, &["-o", "deals.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("standard output"),
        "{}",
        stderr(&output)
    );
}

/// The target in `BRIMFUL_TEST_SINGER_TARGET`, target-jsonl, which `./test` installs; without it there is nothing to test.
#[test]
fn a_target_that_is_not_ours_takes_the_stream_and_prints_its_last_state() {
    let Ok(target) = std::env::var("BRIMFUL_TEST_SINGER_TARGET") else {
        return;
    };
    let (workspace, portal) = (Workspace::new(), deals(3_000));
    let output = export(&workspace, &portal, &["--labels"]);
    assert!(output.status.success(), "{}", stderr(&output));
    std::fs::write(workspace.path("messages"), &output.stdout).unwrap();
    std::fs::write(
        workspace.path("config.json"),
        r#"{"do_timestamp_file":false}"#,
    )
    .unwrap();
    let stored = std::process::Command::new(target)
        .args(["--config", "config.json"])
        .current_dir(workspace.path("."))
        .stdin(Stdio::from(
            std::fs::File::open(workspace.path("messages")).unwrap(),
        ))
        .output()
        .unwrap();
    assert!(stored.status.success(), "{}", stderr(&stored));
    let rows = workspace.rows("crm_deal.jsonl");
    assert_eq!(rows.len(), 3_000);
    assert!(rows[0]["OPPORTUNITY"].is_string() && rows[0]["DATE_CREATE"].is_string());
    let state: Value = serde_json::from_str(stdout(&stored).lines().last().unwrap()).unwrap();
    assert_eq!(state["bookmarks"]["crm_deal"]["rows"], json!(3_000));
}
