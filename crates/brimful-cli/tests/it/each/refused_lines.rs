//! Lines that are not calls, and runs that are refused before anything is sent.

use std::fmt::Write as _;

use brimful_portal::PortalConfig;
use serde_json::json;

use super::{add, assert_exact, count, created, lines, titles};
use crate::support::{Workspace, assert_transcript, portal, rows, stderr, stdout};

#[test]
fn a_call_that_fails_is_an_outcome_and_touches_no_other() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("crm.lead", 3)),
    );
    workspace.write("ids.jsonl", "{\"id\":2}\n{\"id\":77}\n{\"id\":3}\n");
    let args = [
        "call",
        "crm.lead.delete",
        "--each",
        "ids.jsonl",
        "-o",
        "-",
        "--portal",
        &portal.url(),
    ];
    let output = workspace.run(&args);
    assert_transcript!(output, @r#"
    exit code 3
    --- stdout
    {"line":1,"call":"4c9f481f9a362b77","outcome":"done","result":true}
    {"line":2,"call":"952460b3236eb7af","outcome":"failed","error":"","error_description":"Not found"}
    {"line":3,"call":"4ca34c1f9a3a1b1a","outcome":"done","result":true}
    --- stderr
    3 calls in N s: 2 done, 1 failed; standard output (235 B)
    1 request, 0 retries
    "#);
}

#[test]
fn a_line_that_is_not_a_call_stops_the_run_before_it() {
    for (line, what) in [
        ("{\"fields\":", "is not JSON"),
        ("7", "is not an object of parameters"),
        ("[1]", "has parameters by position"),
    ] {
        let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
        workspace.write(
            "leads.jsonl",
            &format!("{}{line}\n{}", titles(1..=70), titles(72..=200)),
        );
        let url = portal.url();
        let output = workspace.run(&add(&url, &["--param", "params[A]=N"]));
        assert_eq!(output.status.code(), Some(3));
        let said = stderr(&output);
        assert!(
            said.contains(&format!("line 71 of leads.jsonl {what}")),
            "{said}"
        );
        assert!(
            said.contains("kept: 70 calls in out.jsonl.partial: 70 done"),
            "{said}"
        );
        assert_eq!(
            lines(&workspace.rows("out.jsonl.partial")),
            (1..=70).collect::<Vec<u64>>()
        );
        assert_eq!(created(&workspace, &portal).len(), 70);

        workspace.write("leads.jsonl", &titles(1..=200));
        let output = workspace.run(&add(&url, &["--param", "params[A]=N", "--resume"]));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(
            stderr(&output).starts_with("130 calls in "),
            "{}",
            stderr(&output)
        );
        let outcomes = workspace.rows("out.jsonl");
        assert_eq!(lines(&outcomes), (1..=200).collect::<Vec<u64>>());
        assert_exact(&outcomes, &created(&workspace, &portal));
    }
}

#[test]
fn a_first_line_that_is_not_a_call_is_wrong_usage_and_leaves_nothing() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", "TITLE;SOURCE\n");
    let url = portal.url();
    let output = workspace.run(&add(&url, &[]));
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: line 1 of leads.jsonl is not JSON: expected value
    hint: every line is a JSON object with the parameters of one call
    "#);
    assert_eq!(workspace.files(), ["leads.jsonl"]);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[test]
fn outcomes_that_are_there_are_not_written_over() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(1..=60));
    let url = portal.url();
    assert!(workspace.run(&add(&url, &[])).status.success());
    let again = workspace.run(&add(&url, &[]));
    assert_transcript!(again, @r#"
    exit code 2
    --- stderr
    error: out.jsonl has the outcomes of an earlier run
    hint: --resume calls the lines that are not done yet; remove it to call all lines again
    "#);
    let resumed = workspace.run(&add(&url, &["--resume"]));
    assert!(
        stderr(&resumed).starts_with("0 calls in "),
        "{}",
        stderr(&resumed)
    );
    assert!(resumed.status.success());
    assert_eq!(created(&workspace, &portal).values().sum::<usize>(), 60);
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);
}

#[test]
fn lines_that_have_changed_places_are_not_called() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(1..=60));
    let url = portal.url();
    assert!(workspace.run(&add(&url, &[])).status.success());
    // A line was put before the others.
    workspace.write("leads.jsonl", &titles(0..=60));
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output)
            .contains("line 1 of leads.jsonl is not the call that there is an outcome of"),
        "{}",
        stderr(&output)
    );
    // Lines were taken away.
    workspace.write("leads.jsonl", &titles(1..=50));
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("has an outcome of line 51"),
        "{}",
        stderr(&output)
    );
    assert_eq!(workspace.rows("out.jsonl").len(), 60);
    assert_eq!(created(&workspace, &portal).values().sum::<usize>(), 60);
}

#[test]
fn what_cannot_be_is_said_before_anything_is_sent() {
    let workspace = Workspace::new();
    workspace.write("leads.jsonl", &titles(1..=2));
    workspace.write("notes.txt", "buy milk\n");
    let portal = "http://127.0.0.1:1/rest/1/s3cr3tc0de42/";
    for (args, what) in [
        (vec!["--resume", "-o", "-"], "--resume continues a file"),
        (vec!["-o", "out.jsonl", "--retry-unknown"], "--resume"),
        (vec![], "--output"),
        (vec!["-o", "out.jsonl", "--json", "[1]"], "by position"),
        (vec!["-o", "notes.txt", "--resume"], "line 1 of"),
        (vec!["-o", "out.jsonl", "--result"], "cannot be used with"),
        (
            vec!["-o", "none.jsonl", "--each", "none"],
            "cannot be used multiple times",
        ),
    ] {
        let mut all = vec![
            "call",
            "crm.lead.add",
            "--each",
            "leads.jsonl",
            "--portal",
            portal,
        ];
        all.extend(&args);
        let output = workspace.run(&all);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(what),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(
        std::fs::read_to_string(workspace.path("notes.txt")).unwrap(),
        "buy milk\n"
    );
}

#[test]
fn a_line_that_would_lose_something_is_refused_by_name() {
    for (line, what) in [
        (
            r#"{"fields":{"TITLE":"a","TITLE":"b"}}"#,
            "has \"TITLE\" twice",
        ),
        (
            r#"{"fields":{"N":12345678901234567890123}}"#,
            "the number 12345678901234567890123",
        ),
    ] {
        let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
        workspace.write("leads.jsonl", line);
        let output = workspace.run(&add(&portal.url(), &[]));
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(
            said.contains("line 1 of leads.jsonl") && said.contains(what),
            "{said}"
        );
        assert_eq!(portal.server.portal().stats().requests, 0);
    }
}

#[test]
fn a_line_that_the_server_finds_too_large_is_not_run_and_the_others_are() {
    let config = PortalConfig::unlimited().body_limit(200_000);
    let (workspace, portal) = (Workspace::new(), portal(config));
    let mut items = String::new();
    for n in 1..=50 {
        let size = if n == 7 { 300_000 } else { 30_000 };
        let fields = json!({"TITLE": format!("n{n}"), "COMMENTS": "x".repeat(size)});
        writeln!(items, "{}", json!({ "fields": fields })).unwrap();
    }
    workspace.write("leads.jsonl", &items);
    let output = workspace.run(&add(&portal.url(), &[]));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(
        (count(&outcomes, "done"), count(&outcomes, "not_run")),
        (49, 1)
    );
    let reason = outcomes[6]["reason"].as_str().unwrap();
    assert!(
        reason.contains("the server takes no request of 3000"),
        "{reason}"
    );
    let created = created(&workspace, &portal);
    assert_eq!(created.len(), 49);
    assert!(created.values().all(|times| *times == 1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_that_never_ends_is_an_error_that_names_it() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.add",
        "--each",
        "/dev/zero",
        "-o",
        "-",
        "--portal",
        &url,
    ];
    let output = workspace.run(&args);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not read line 1 of /dev/zero: a line is longer than 64 MiB
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[test]
fn a_line_of_a_list_with_a_name_that_no_field_has_is_not_run_unless_names_are_not_checked() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("crm.deal", 60)),
    );
    let lines = [
        json!({"filter": {"stage_id": "WON"}}),
        json!({"filter": {"ID": 7}, "select": ["ID"]}),
        json!({"filter": {"ID": 7}, "select": ["titel"]}),
        json!({"filter": {"ID": 7}, "order": {"DATE_CREATED": "ASC"}}),
    ];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    workspace.write("lists.jsonl", &lines.join("\n"));
    let args = [
        "call",
        "crm.deal.list",
        "--each",
        "lists.jsonl",
        "-o",
        "-",
        "--portal",
    ];
    let url = portal.url();
    let output = workspace.run(&[&args[..], &[&url]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let outcomes = rows(&stdout(&output));
    let said: Vec<&str> = outcomes
        .iter()
        .map(|outcome| outcome["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["not_run", "done", "not_run", "not_run"]);
    for (line, near) in [(0, "STAGE_ID"), (2, "TITLE"), (3, "DATE_CREATE")] {
        let why = outcomes[line].to_string();
        assert!(why.contains(&format!("did you mean {near}?")), "{why}");
    }
    // The fields ride in the request of the lines.
    assert_eq!(portal.server.portal().stats().requests, 1);
    let output = workspace.run(&[&args[..], &[&url, "--no-check"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(count(&rows(&stdout(&output)), "done"), 4);
}
