//! A call for every line of a file: each is made once or said to be unknown, and nothing that was sent is forgotten.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Output, Stdio};

use brimful_portal::{Fault, FaultRule, Faults, PortalConfig, RateLimit};
use serde_json::{Value, json};

use crate::support::{Running, Workspace, assert_transcript, portal, rows, stderr, stdout};

fn titles(lines: std::ops::RangeInclusive<usize>) -> String {
    lines.fold(String::new(), |mut text, n| {
        writeln!(text, "{}", json!({"fields": {"TITLE": format!("n{n}")}})).unwrap();
        text
    })
}

fn add<'a>(portal: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![
        "call",
        "crm.lead.add",
        "--portal",
        portal,
        "--limit",
        "off",
        "--each",
        "leads.jsonl",
        "-o",
        "out.jsonl",
    ];
    args.extend(more);
    args
}

/// How often each title is in the portal.
fn created(workspace: &Workspace, portal: &Running) -> HashMap<String, usize> {
    portal.server.portal().faults().clear();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--limit",
        "off",
        "--select",
        "TITLE",
        "-o",
        "-",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut created = HashMap::new();
    for row in rows(&stdout(&output)) {
        let title = row["TITLE"].as_str().unwrap().to_owned();
        *created.entry(title).or_default() += 1;
    }
    created
}

/// Every line that is done was done once, one that is unknown once at the most, all others not at all.
fn assert_exact(outcomes: &[Value], created: &HashMap<String, usize>) {
    for outcome in outcomes {
        let title = format!("n{}", outcome["line"]);
        let times = created.get(&title).copied().unwrap_or(0);
        let may = match outcome["outcome"].as_str().unwrap() {
            "done" => 1..=1,
            "unknown" => 0..=1,
            _ => 0..=0,
        };
        assert!(may.contains(&times), "{times} times: {outcome}");
    }
}

fn count(outcomes: &[Value], kind: &str) -> usize {
    let of_kind = outcomes.iter().filter(|outcome| outcome["outcome"] == kind);
    of_kind.count()
}

fn lines(outcomes: &[Value]) -> Vec<u64> {
    outcomes
        .iter()
        .map(|outcome| outcome["line"].as_u64().unwrap())
        .collect()
}

#[test]
fn every_line_has_its_outcome_in_the_order_of_the_lines() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let mut items = titles(1..=120);
    // Lines without anything in them count, and call nothing.
    items.push_str("\n  \n{\"fields\":{\"TITLE\":\"n123\"}}");
    workspace.write("leads.jsonl", &items);
    let url = portal.url();
    let output = workspace.run(&add(&url, &["--param", "fields[SOURCE_ID]=WEB"]));
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    121 calls in N s: 121 done; out.jsonl (8.1 kB)
    3 requests, 0 retries
    "#);
    let outcomes = workspace.rows("out.jsonl");
    let expected: Vec<u64> = (1..=120).chain([123]).collect();
    assert_eq!(lines(&outcomes), expected);
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);
    let id = outcomes[0]["result"].as_u64().unwrap().to_string();
    let output = workspace.run(&["get", "crm.lead.get", &id, "--result", "--portal", &url]);
    assert_eq!(rows(&stdout(&output))[0]["SOURCE_ID"], "WEB");
}

/// Five requests in a hundred fail, in every way that a portal can fail.
#[test]
fn twenty_thousand_writes_are_done_once_each_or_said_to_be_unknown() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    portal
        .server
        .portal()
        .faults()
        .set(
            "503:0.5%, 429:0.5%, 500-before:0.5%, 502-after:0.5%, reset-before:0.5%, \
             reset-after:0.5%, truncated:0.5%, half-body:0.5%, html-after:0.5%, empty-before:0.5%; seed=14",
        )
        .unwrap();
    workspace.write("leads.jsonl", &titles(1..=20_000));
    let url = portal.url();
    let output = workspace.run(&add(&url, &[]));
    assert!(portal.server.portal().stats().requests >= 400);
    let partial = workspace.files().contains(&"out.jsonl.partial".to_owned());
    let outcomes = workspace.rows(if partial {
        "out.jsonl.partial"
    } else {
        "out.jsonl"
    });
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert!(count(&outcomes, "unknown") > 0, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));

    // What is not done is done now; what may have been done is left alone.
    let before = count(&outcomes, "unknown");
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--retry-unknown"),
        "{}",
        stderr(&output)
    );
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(lines(&outcomes), (1..=20_000).collect::<Vec<u64>>());
    assert_eq!(count(&outcomes, "unknown"), before);
    assert_eq!(count(&outcomes, "done"), 20_000 - before);
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);

    let output = workspace.run(&add(&url, &["--resume", "--retry-unknown"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(count(&workspace.rows("out.jsonl"), "done"), 20_000);
}

/// A weather that loses answers after the work: a write is not repeated, a call that may be is.
#[test]
fn only_what_may_be_repeated_is_repeated_when_nobody_knows_whether_it_ran() {
    for fault in ["reset-after", "502-after", "truncated", "html-after"] {
        let workspace = Workspace::new();
        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = portal(PortalConfig::unlimited().faults(faults));
        workspace.write("leads.jsonl", &titles(1..=150));
        let url = portal.url();
        let output = workspace.run(&add(&url, &[]));
        assert_eq!(
            output.status.code(),
            Some(3),
            "{fault}: {}",
            stderr(&output)
        );
        let outcomes = workspace.rows("out.jsonl");
        assert_eq!(count(&outcomes, "unknown"), 50, "{fault}");
        assert_eq!(count(&outcomes, "done"), 100, "{fault}");
        let unknown = outcomes.iter().find(|o| o["outcome"] == "unknown").unwrap();
        assert!(
            unknown["reason"].as_str().unwrap().contains("crm.lead.add")
                || unknown["reason"].as_str().unwrap().contains("batch"),
            "{unknown}"
        );

        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = crate::support::portal(PortalConfig::unlimited().faults(faults));
        let url = portal.url();
        std::fs::remove_file(workspace.path("out.jsonl")).unwrap();
        let output = workspace.run(&add(&url, &["--idempotent"]));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{fault}: {}",
            stderr(&output)
        );
        assert_eq!(
            created(&workspace, &portal).values().sum::<usize>(),
            200,
            "{fault}"
        );
    }
}

/// A weather that refuses before the work: nothing of it is seen in the outcomes.
#[test]
fn what_was_refused_is_sent_again_until_it_is_done() {
    for fault in ["503", "429", "reset-before", "500-before"] {
        let workspace = Workspace::new();
        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = portal(PortalConfig::unlimited().faults(faults));
        workspace.write("leads.jsonl", &titles(1..=200));
        let url = portal.url();
        let output = workspace.run(&add(&url, &[]));
        let outcomes = workspace.rows("out.jsonl");
        assert_exact(&outcomes, &created(&workspace, &portal));
        if fault == "503" || fault == "429" {
            assert_eq!(
                output.status.code(),
                Some(0),
                "{fault}: {}",
                stderr(&output)
            );
            assert_eq!(count(&outcomes, "done"), 200);
        } else {
            // Nobody can tell this from the same after the work.
            assert_eq!(
                output.status.code(),
                Some(3),
                "{fault}: {}",
                stderr(&output)
            );
        }
    }
}

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
fn a_line_that_is_no_call_stops_the_run_before_it() {
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
fn a_first_line_that_is_no_call_is_wrong_usage_and_leaves_nothing() {
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
fn a_portal_that_takes_no_calls_is_not_asked_again_and_again() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited());
    workspace.write("leads.jsonl", &titles(1..=20_000));
    let wrong = portal.url().replace("/demo/", "/wrongwrong/");
    let output = workspace.run(&add(&wrong, &[]));
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.contains("crm.lead.add: line 1: the portal answered: "),
        "{said}"
    );
    assert!(said.contains("no more lines were called"), "{said}");
    assert!(portal.server.portal().stats().requests <= 20);
    // The lines that were not tried are called when all is well.
    let url = portal.url();
    let output = workspace.run(&add(&url, &["--resume", "-q"]));
    assert!(output.status.success(), "{}", stderr(&output));
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(count(&outcomes, "done"), 20_000);
    assert_exact(&outcomes, &created(&workspace, &portal));
}

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
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).starts_with("warning: standard output was closed after "));
}

#[test]
fn the_portals_rate_is_kept() {
    let config = PortalConfig::new().rate_limit(RateLimit::new(5.0, 20.0));
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write("leads.jsonl", &titles(1..=1_000));
    let url = portal.url();
    let mut args = add(&url, &[]);
    let at = args.iter().position(|arg| *arg == "off").unwrap();
    args[at] = "5,20";
    let output = workspace.run(&args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(portal.server.portal().stats().refused_by_rate, 0);
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
fn one_page_of_a_list_says_so_for_its_line() {
    let config = PortalConfig::unlimited().rows("crm.lead", 120);
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write(
        "lines.jsonl",
        "{\"filter\":{\"<=ID\":20}}\n{\"filter\":{\">ID\":0}}\n{\"filter\":null}\n",
    );
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.list",
        "--each",
        "lines.jsonl",
        "-o",
        "-",
        "--portal",
        &url,
    ];
    let output = workspace.run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!((&rows[0]["total"], rows[0].get("next")), (&json!(20), None));
    for row in &rows[1..] {
        assert_eq!((&row["total"], &row["next"]), (&json!(120), &json!(50)));
    }
    let said = stderr(&output);
    assert!(
        said.contains("2 results are one page of several each"),
        "{said}"
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
