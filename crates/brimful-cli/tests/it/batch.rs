//! Batches of named commands.

use std::io::Write as _;
use std::process::Stdio;

use brimful_portal::{Faults, PortalConfig};
use serde_json::{Map, Value, json};

use crate::support::{Workspace, assert_transcript, portal, rows, stderr, stdout};

fn config() -> PortalConfig {
    PortalConfig::unlimited()
        .rows("crm.lead", 20)
        .rows("user", 3)
}

#[test]
fn every_command_has_its_outcome_by_its_name_and_in_its_order() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{
          "z": "crm.lead.list?select[]=ID&filter[%3C%3DID]=2",
          "none": {"method": "crm.lead.get", "params": {"id": 777}},
          "first": ["crm.lead.get", {"id": "$result[z][0][ID]"}],
          "lost": {"method": "crm.lead.get", "params": {"id": "$result[none][ID]"}}
        }"#,
    );
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    let outcomes: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap(),
                row["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("z", "done"),
            ("none", "failed"),
            ("first", "done"),
            ("lost", "not_run")
        ]
    );
    assert_eq!(rows[0]["result"], json!([{"ID": "1"}, {"ID": "2"}]));
    assert_eq!(rows[1]["error_description"], "Not found");
    assert_eq!(rows[2]["result"]["ID"], "1");
}

#[test]
fn with_halt_nothing_runs_after_a_failure() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"a": "crm.lead.get?id=777", "b": "crm.lead.add?fields[TITLE]=x"}"#,
    );
    let output = workspace.run(&[
        "batch",
        "batch.json",
        "--halt",
        "-o",
        "out.jsonl",
        "--portal",
        &portal.url(),
    ]);
    assert_transcript!(output, @r#"
    exit code 3
    --- stderr
    2 commands in 1 request, N s: 0 done, 1 failed, 1 not run
    "#);
    assert_eq!(
        workspace.rows("out.jsonl")[1],
        json!({"name": "b", "outcome": "not_run", "reason": "a command before it is not done"})
    );
}

#[test]
fn any_number_of_commands_goes_out_over_several_requests() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let commands: Map<String, Value> = (0..230)
        .map(|n| {
            (
                format!("c{n}"),
                format!("crm.lead.add?fields[TITLE]=n{n}").into(),
            )
        })
        .collect();
    let text = Value::Object(commands).to_string();
    let mut child = workspace
        .command(&["batch", "-", "--portal", &portal.url(), "--limit", "off"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!(rows.len(), 230);
    assert_eq!(
        (&rows[229]["name"], &rows[229]["result"]),
        (&json!("c229"), &json!(250))
    );
    assert_eq!(portal.server.portal().stats().requests, 5);
}

#[test]
fn a_reference_across_requests_is_refused_before_anything_is_sent() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let mut commands: Map<String, Value> = (0..50)
        .map(|n| (format!("c{n}"), "user.current".into()))
        .collect();
    commands.insert("late".to_owned(), "user.get?ID=$result[c0][ID]".into());
    workspace.write("batch.json", &Value::Object(commands).to_string());
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("\"late\" refers to \"c0\", which goes out in an earlier request"),
        "{}",
        stderr(&output)
    );
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[test]
fn a_lost_answer_is_unknown_and_not_a_repetition() {
    let faults = Faults::parse("reset-after:times=1").unwrap();
    let (workspace, portal) = (Workspace::new(), portal(config().faults(faults)));
    let commands: Map<String, Value> = (0..60)
        .map(|n| {
            (
                format!("c{n}"),
                format!("crm.lead.add?fields[TITLE]=n{n}").into(),
            )
        })
        .collect();
    workspace.write("batch.json", &Value::Object(commands).to_string());
    let output = workspace.run(&[
        "batch",
        "batch.json",
        "--portal",
        &portal.url(),
        "--limit",
        "off",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!(rows[0]["outcome"], "unknown");
    assert_eq!(rows[59]["outcome"], "done");
}

#[test]
fn what_is_no_batch_is_said_with_its_name() {
    let workspace = Workspace::new();
    workspace.write("batch.json", r#"{"a": {"methd": "user.current"}}"#);
    let output = workspace.run(&["batch", "batch.json", "--portal", "demo"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: batch.json is not a batch: the command "a" has no method
    "#);
}

#[cfg(target_os = "linux")]
#[test]
fn outcomes_that_cannot_be_written_are_no_sign_that_nothing_ran() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"new": ["crm.lead.add", {"fields": {"TITLE": "x"}}]}"#,
    );
    let url = portal.url();
    let output = workspace.run(&["batch", "batch.json", "-o", "/dev/full", "--portal", &url]);
    assert_transcript!(output, @r#"
    exit code 3
    --- stderr
    error: could not write /dev/full: No space left on device (os error 28); the commands were called: 1 done
    "#);
}
