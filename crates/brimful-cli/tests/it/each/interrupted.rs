//! Runs that are killed, interrupted, or cannot write any more: nothing that was sent is forgotten.

use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Child, Output, Stdio};

use brimful_portal::{Fault, FaultRule, PortalConfig};
use serde_json::{Value, json};

use super::{add, assert_exact, count, created, lines, titles};
use crate::support::{Running, Workspace, assert_transcript, portal, stderr};

fn wait_for(portal: &Running, requests: u64, child: &mut Child) {
    while portal.server.portal().stats().requests < requests {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before that");
        std::thread::yield_now();
    }
}

#[cfg(unix)]
fn signal(child: &Child, signal: &str) {
    let killed = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

#[cfg(unix)]
fn started(workspace: &Workspace, portal: &str) -> Child {
    workspace
        .command(&add(portal, &[]))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[cfg(unix)]
fn resumed(workspace: &Workspace, portal: &Running, unknown: usize) -> Output {
    let url = portal.url();
    let output = workspace.run(&add(&url, &["--resume"]));
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(lines(&outcomes), (1..=3_000).collect::<Vec<u64>>());
    assert_eq!(count(&outcomes, "unknown"), unknown, "{}", stderr(&output));
    assert_eq!(count(&outcomes, "done"), 3_000 - unknown);
    assert_exact(&outcomes, &created(workspace, portal));
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);
    output
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_waits_for_what_is_on_its_way_and_can_be_gone_on_with() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let slow = FaultRule::every(1, Fault::Delay(std::time::Duration::from_millis(300)));
    portal.server.portal().faults().add(slow);
    workspace.write("leads.jsonl", &titles(1..=3_000));
    let mut child = started(&workspace, &portal.url());
    wait_for(&portal, 9, &mut child);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("calls in flight"), "{said}");
    assert!(said.contains("crm.lead.add: interrupted"), "{said}");
    let outcomes = workspace.rows("out.jsonl.partial");
    assert!(
        outcomes.len() >= 450 && outcomes.len() < 3_000,
        "{}",
        outcomes.len()
    );
    assert_eq!(count(&outcomes, "done"), outcomes.len());
    let output = resumed(&workspace, &portal, 0);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_leaves_what_was_on_its_way_as_unknown() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let slow = FaultRule::every(1, Fault::Delay(std::time::Duration::from_millis(100)));
    portal.server.portal().faults().add(slow);
    workspace.write("leads.jsonl", &titles(1..=3_000));
    let mut child = started(&workspace, &portal.url());
    wait_for(&portal, 20, &mut child);
    signal(&child, "-KILL");
    child.wait().unwrap();
    while portal.server.portal().stats().in_flight > 0 {
        std::thread::yield_now();
    }
    let partial = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
    let outcomes = rows_of(&partial);
    let unknown = count(&outcomes, "unknown");
    assert!(unknown > 0, "{} outcomes", outcomes.len());
    let created = created(&workspace, &portal);
    assert_exact(&outcomes, &created);
    // Nothing was sent that is not in the file.
    assert!(created.len() <= outcomes.len());
    let output = resumed(&workspace, &portal, unknown);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_run_that_goes_on_and_is_killed_can_be_gone_on_with_too() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(1..=3_000));
    let url = portal.url();
    let faults = portal.server.portal().faults();
    // A run takes seconds, so that it is killed in its middle on a machine with much to do as well.
    let late = std::time::Duration::from_millis(500);
    let mut unknown = 0;
    for requests in [15, 30, 45] {
        faults.add(FaultRule::every(1, Fault::Delay(late)));
        let mut child = workspace
            .command(&add(&url, &["--resume"]))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&portal, requests, &mut child);
        signal(&child, "-KILL");
        child.wait().unwrap();
        while portal.server.portal().stats().in_flight > 0 {
            std::thread::yield_now();
        }
        faults.clear();
        let partial = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
        let of_lines: HashMap<u64, Value> = rows_of(&partial)
            .into_iter()
            .map(|outcome| (outcome["line"].as_u64().unwrap(), outcome))
            .collect();
        let outcomes: Vec<Value> = of_lines.into_values().collect();
        unknown = count(&outcomes, "unknown");
        assert_exact(&outcomes, &created(&workspace, &portal));
    }
    resumed(&workspace, &portal, unknown);
}

/// Outcomes of a file that nobody has closed.
fn rows_of(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_forgets_nothing_that_was_sent() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(1..=3_000));
    let url = portal.url();
    // Files of this run may have 80 kB, and a write beyond that fails.
    let script = "ulimit -f 80; exec \"$0\" \"$@\"";
    let mut args = vec!["-c", script, env!("CARGO_BIN_EXE_brimful")];
    args.extend(add(&url, &[]));
    let output = std::process::Command::new("bash")
        .args(&args)
        .current_dir(workspace.path("."))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("could not write out.jsonl.partial"), "{said}");
    let outcomes = workspace.rows("out.jsonl.partial");
    let kept = format!("kept: {} calls in out.jsonl.partial: ", outcomes.len());
    assert!(said.replace(',', "").contains(&kept), "{said}");
    let unknown = count(&outcomes, "unknown");
    assert!(
        outcomes.len() > 400 && outcomes.len() < 3_000,
        "{}",
        outcomes.len()
    );
    let created = created(&workspace, &portal);
    assert_exact(&outcomes, &created);
    assert!(created.len() <= outcomes.len());
    resumed(&workspace, &portal, unknown);
}

#[test]
fn a_run_that_called_all_lines_and_cannot_end_its_file_says_where_the_outcomes_are() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let url = portal.url();
    workspace.write("leads.jsonl", &format!("{}7\n", titles(1..=2)));
    workspace.run(&add(&url, &[]));
    workspace.write("leads.jsonl", &titles(1..=4));
    // The joined outcomes have no place to go.
    std::fs::create_dir(workspace.path("out.jsonl.partial.merged")).unwrap();
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_transcript!(output, @r#"
    exit code 3
    --- stderr
    error: could not write out.jsonl.partial.merged: File exists (os error 17)
    kept: 2 calls in out.jsonl.partial: 2 done
    hint: to get the rest, put the portal's address into BRIMFUL_PORTAL and run again with: brimful call crm.lead.add --portal "$BRIMFUL_PORTAL" --limit off --each leads.jsonl -o out.jsonl --resume
    "#);
    std::fs::remove_dir(workspace.path("out.jsonl.partial.merged")).unwrap();
    assert!(workspace.run(&add(&url, &["--resume"])).status.success());
    assert_eq!(lines(&workspace.rows("out.jsonl")), [1, 2, 3, 4]);
    assert_eq!(created(&workspace, &portal).values().sum::<usize>(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_called_whose_outcome_a_device_does_not_take() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    workspace.write("leads.jsonl", &titles(1..=2));
    let url = portal.url();
    let mut args = add(&url, &[]);
    args.pop();
    args.push("/dev/full");
    let output = workspace.run(&args);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not write /dev/full: No space left on device (os error 28)
    "#);
    assert_eq!(created(&workspace, &portal).len(), 0);
}

#[test]
fn outcomes_that_cannot_be_gone_on_with_stay_as_they_were() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let url = portal.url();
    workspace.write("leads.jsonl", &titles(1..=2));
    workspace.run(&add(&url, &[]));
    std::fs::create_dir(workspace.path("out.jsonl.partial.merged")).unwrap();
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(
        workspace.files(),
        ["leads.jsonl", "out.jsonl", "out.jsonl.partial.merged"]
    );
}

#[test]
fn a_program_that_writes_lines_slowly_has_its_outcomes_meanwhile() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.add",
        "--each",
        "-",
        "-o",
        "-",
        "--portal",
        &url,
    ];
    let mut child = workspace
        .command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = child.stdin.take().unwrap();
    let mut outcomes = std::io::BufReader::new(child.stdout.take().unwrap());
    for n in 1..=3 {
        lines.write_all(titles(n..=n).as_bytes()).unwrap();
        let mut outcome = String::new();
        std::io::BufRead::read_line(&mut outcomes, &mut outcome).unwrap();
        let outcome: Value = serde_json::from_str(&outcome).unwrap();
        assert_eq!(
            (&outcome["line"], &outcome["outcome"]),
            (&json!(n), &json!("done"))
        );
    }
    drop(lines);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_had_enough_is_no_error_of_its_own() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("crm.lead", 10)),
    );
    let items: String = (0..20_000).map(|_| "{\"id\":1}\n").collect();
    workspace.write("ids.jsonl", &items);
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.get",
        "--each",
        "ids.jsonl",
        "-o",
        "-",
        "--portal",
        &url,
        "--limit",
        "off",
    ];
    let mut child = workspace
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "the reader has had enough");
    let stats = portal.server.portal().stats();
    assert!(stats.commands < 20_000, "{} calls", stats.commands);
}
