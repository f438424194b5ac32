//! Batches of named commands.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use brimful_portal::{Fault, FaultRule, FaultTiming, Faults, PortalConfig};
use serde_json::{Map, Value, json};

use crate::support::{Running, Workspace, assert_transcript, portal, rows, stderr, stdout};

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
        json!({"name": "b", "outcome": "not_run", "reason": "the command \"a\" before it is not done, and the batch halts there"})
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
fn a_reference_across_requests_is_replaced_by_its_value() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let mut commands: Map<String, Value> = (0..50)
        .map(|n| (format!("c{n}"), "user.current".into()))
        .collect();
    commands.insert("late".to_owned(), "user.get?ID=$result[c0][ID]".into());
    workspace.write("batch.json", &Value::Object(commands).to_string());
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(rows(&stdout(&output))[50]["result"][0]["ID"], "1");
    assert_eq!(portal.server.portal().stats().requests, 2);
}

/// Ann has no company; Company 1 is the first record, and nobody's.
fn ann() -> PortalConfig {
    let row = |row: Value| row.as_object().cloned().unwrap();
    PortalConfig::unlimited()
        .load(
            "crm.contact",
            vec![row(json!({"ID": "1", "NAME": "Ann", "COMPANY_ID": null}))],
        )
        .load(
            "crm.company",
            vec![row(
                json!({"ID": "1", "TITLE": "Company 1", "COMMENTS": "old"}),
            )],
        )
}

const VIP: &str = r#"{
    "who": ["crm.contact.get", {"id": 1}],
    "vip": ["crm.company.update", {"id": "$result[who][COMPANY_ID]", "fields": {"COMMENTS": "VIP"}}],
    "same": ["crm.company.get", {"id": 1}]
}"#;

#[test]
fn a_write_whose_reference_finds_nothing_is_not_run() {
    let (workspace, portal) = (Workspace::new(), portal(ann()));
    workspace.write("batch.json", VIP);
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!(
        rows[1],
        json!({"name": "vip", "outcome": "not_run", "reason": "$result[who][COMPANY_ID] is null"})
    );
    assert_eq!(rows[2]["result"]["COMMENTS"], "old");
}

#[test]
fn references_that_are_left_to_the_portal_are_marked_where_it_found_nothing() {
    let (workspace, portal) = (Workspace::new(), portal(ann()));
    workspace.write("batch.json", VIP);
    let url = portal.url();
    let args = [
        "batch",
        "batch.json",
        "--portal-references",
        "--portal",
        &url,
    ];
    let output = workspace.run(&args);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("vip (crm.company.update) has written: $result[who][COMPANY_ID] is null"),
        "{said}"
    );
    let rows = rows(&stdout(&output));
    assert_eq!(
        rows[1],
        json!({"name": "vip", "outcome": "unknown", "reason": "$result[who][COMPANY_ID] is null, so the portal ran it with something else"})
    );
    assert_eq!(
        rows[2]["result"]["COMMENTS"], "VIP",
        "what the portal does by itself"
    );
    assert_eq!(portal.server.portal().stats().requests, 1);
}

#[test]
fn a_read_whose_reference_finds_nothing_is_failed() {
    let (workspace, portal) = (Workspace::new(), portal(ann()));
    workspace.write(
        "batch.json",
        r#"{"who": "crm.contact.get?id=1", "read": "crm.company.get?id=$result[who][COMPANY_ID]"}"#,
    );
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let read = &rows(&stdout(&output))[1];
    assert_eq!(read["outcome"], "failed");
    let reason = read["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("$result[who][COMPANY_ID] is null"),
        "{reason}"
    );
    assert_eq!(read.get("result"), None);
}

#[test]
fn one_page_of_a_list_says_so() {
    let config = PortalConfig::unlimited().rows("crm.lead", 120);
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write(
        "batch.json",
        r#"{"some": "crm.lead.list?filter[%3C%3DID]=20", "many": "crm.lead.list?filter[>ID]=0"}"#,
    );
    let output = workspace.run(&["batch", "batch.json", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!((&rows[0]["total"], rows[0].get("next")), (&json!(20), None));
    assert_eq!(
        (&rows[1]["total"], &rows[1]["next"]),
        (&json!(120), &json!(50))
    );
    let said = stderr(&output);
    assert!(
        said.contains("1 result is one page of several")
            && said.contains("brimful export crm.lead.list reads all rows"),
        "{said}"
    );
}

#[test]
fn a_batch_that_would_lose_something_is_refused_by_name() {
    let workspace = Workspace::new();
    for (text, what) in [
        (
            r#"{"a": ["crm.lead.add", {"fields": {"X": 1, "X": 2}}]}"#,
            "it has \"X\" twice",
        ),
        (
            r#"{"a": "user.current", "a": "user.get"}"#,
            "it has \"a\" twice",
        ),
        (
            r#"["user.current", {"n": 12345678901234567890123}]"#,
            "the number 12345678901234567890123",
        ),
        (
            r#"{"a": ["crm.lead.update", {"id": 1, "fields": {"X": null}}]}"#,
            "null as fields[X]",
        ),
    ] {
        workspace.write("batch.json", text);
        let output = workspace.run(&["batch", "batch.json", "--portal", "demo"]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            stderr(&output).contains(what),
            "{text}: {}",
            stderr(&output)
        );
    }
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
fn what_is_not_a_batch_is_said_with_its_name() {
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
fn a_batch_that_writes_is_not_sent_where_its_outcomes_cannot_be_written() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"new": ["crm.lead.add", {"fields": {"TITLE": "x"}}]}"#,
    );
    let url = portal.url();
    let output = workspace.run(&["batch", "batch.json", "-o", "/dev/full", "--portal", &url]);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not write /dev/full: No space left on device (os error 28)
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

/// Runs the batch where no file may be longer than so many kilobytes.
#[cfg(unix)]
fn with_short_files(workspace: &Workspace, url: &str, kilobytes: u32) -> std::process::Output {
    let script = format!("ulimit -f {kilobytes}; exec \"$0\" batch batch.json -o out.jsonl");
    std::process::Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_brimful")])
        .current_dir(workspace.path("."))
        .env("BRIMFUL_PORTAL", url)
        .env("TMPDIR", workspace.path("."))
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_batch_of_writes_that_cannot_be_recorded_is_not_sent() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"new": ["crm.lead.add", {"fields": {"TITLE": "x"}}]}"#,
    );
    let output = with_short_files(&workspace, &portal.url(), 0);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: what is about to be sent could not be recorded: could not write out.jsonl.partial: File too large (os error 27)
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
    assert_eq!(workspace.files(), ["batch.json"]);
}

#[cfg(unix)]
#[test]
fn outcomes_that_cannot_be_written_are_no_sign_that_nothing_ran() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"new": ["crm.lead.add", {"fields": {"TITLE": "x"}}], "all": "crm.lead.list"}"#,
    );
    let output = with_short_files(&workspace, &portal.url(), 1);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the commands were called: 2 done"), "{said}");
    assert!(
        said.contains("could not be saved") && said.contains("\"outcome\":\"done\""),
        "{said}"
    );
    // What was recorded before they were sent is still there.
    let recorded = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
    assert!(recorded.contains("\"name\":\"new\""), "{recorded}");
}

/// 120 leads in three requests, of which the one with this number gets no answer for ten minutes.
#[cfg(unix)]
fn killed_in_a_request(workspace: &Workspace, portal: &Running, number: u64, arguments: &[&str]) {
    let commands: Map<String, Value> = (1..=120)
        .map(|at| {
            let lead = json!(["crm.lead.add", {"fields": {"TITLE": format!("lead {at}")}}]);
            (format!("c{at}"), lead)
        })
        .collect();
    workspace.write("batch.json", &json!(commands).to_string());
    let hangs = FaultRule::every(1, Fault::Delay(Duration::from_secs(600))).after(number - 1);
    portal.server.portal().faults().add(hangs);
    let mut child = workspace
        .command(&["batch", "batch.json"])
        .args(arguments)
        .env("BRIMFUL_PORTAL", portal.url())
        .env("TMPDIR", workspace.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while portal.server.portal().stats().requests < number {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before that");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
fn done_and_unknown(text: &str) -> (usize, usize) {
    let outcomes = rows(text);
    let count = |what: &str| outcomes.iter().filter(|row| row["outcome"] == what).count();
    (count("done"), count("unknown"))
}

#[cfg(unix)]
#[test]
fn a_batch_of_writes_that_is_killed_leaves_a_line_for_every_command_that_may_have_run() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    killed_in_a_request(&workspace, &portal, 2, &["-o", "out.jsonl"]);
    let left = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
    assert_eq!(done_and_unknown(&left), (50, 50), "{left}");
    let requests = portal.server.portal().stats().requests;
    let url = portal.url();
    let again = workspace.run(&["batch", "batch.json", "-o", "out.jsonl", "--portal", &url]);
    assert_transcript!(again, @r#"
    exit code 2
    --- stderr
    error: out.jsonl.partial has the outcomes of a run that was interrupted: its commands may have run
    hint: look there for what has run and take it out of the batch; then remove the file: rm out.jsonl.partial
    "#);
    assert_eq!(portal.server.portal().stats().requests, requests);
}

#[cfg(unix)]
#[test]
fn commands_whose_answer_was_lost_keep_their_lines_when_a_later_request_is_killed() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let lost = Fault::Reset(FaultTiming::AfterWork);
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(1, lost).after(1).times(1));
    killed_in_a_request(&workspace, &portal, 3, &["-o", "out.jsonl"]);
    let left = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
    assert_eq!(done_and_unknown(&left), (50, 70), "{left}");
}

#[cfg(unix)]
#[test]
fn a_batch_of_writes_to_standard_output_that_is_killed_leaves_its_outcomes_in_the_temporary_folder()
{
    let (workspace, portal) = (Workspace::new(), portal(config()));
    killed_in_a_request(&workspace, &portal, 2, &[]);
    let names = workspace.files();
    let folder = names.iter().find(|name| name.starts_with("brimful-"));
    let file = format!("{}/outcomes.jsonl.partial", folder.unwrap());
    let left = std::fs::read_to_string(workspace.path(&file)).unwrap();
    assert_eq!(done_and_unknown(&left), (50, 50), "{left}");
}

#[test]
fn a_batch_that_ends_leaves_nothing_but_its_outcomes_in_the_order_of_its_commands() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    workspace.write(
        "batch.json",
        r#"{"a": ["crm.lead.add", {"fields": {"TITLE": "a"}}],
            "b": ["crm.lead.update", {"id": "$result[a]", "fields": {"TITLE": "b"}}],
            "c": ["crm.contact.add", {"fields": {"NAME": "c"}}]}"#,
    );
    let url = portal.url();
    for arguments in [&["-o", "out.jsonl"][..], &[]] {
        let output = workspace
            .command(&["batch", "batch.json", "--portal", &url])
            .args(arguments)
            .env("TMPDIR", workspace.path("."))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = match arguments {
            [] => stdout(&output),
            _ => std::fs::read_to_string(workspace.path("out.jsonl")).unwrap(),
        };
        let names: Vec<Value> = rows(&text).iter().map(|row| row["name"].clone()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(workspace.files(), ["batch.json", "out.jsonl"]);
    }
}

#[test]
fn a_batch_ends_at_its_deadline_and_tells_of_the_writes_on_their_way() {
    let hangs = portal(PortalConfig::unlimited().latency(Duration::from_secs(600)));
    let workspace = Workspace::new();
    workspace.write(
        "b.json",
        r#"{"made": "crm.lead.add?fields[TITLE]=a", "me": "user.current",
            "next": "crm.lead.update?id=$result[made]&fields[TITLE]=b"}"#,
    );
    let output = workspace
        .command(&["batch", "b.json", "--deadline", "300ms"])
        .env("BRIMFUL_PORTAL", hangs.url())
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("give it more time with --deadline"), "{said}");
    let outcomes: Vec<String> = rows(&stdout(&output))
        .iter()
        .map(|row| format!("{} {}", row["name"], row["outcome"]))
        .collect();
    assert_eq!(
        outcomes,
        [
            r#""made" "unknown""#,
            r#""me" "unknown""#,
            r#""next" "not_run""#
        ]
    );
}

#[test]
fn outcomes_of_an_earlier_batch_of_writes_are_not_replaced_and_those_of_reads_are() {
    let (workspace, portal) = (Workspace::new(), portal(config()));
    let url = portal.url();
    workspace.write("read.json", r#"{"me": "user.current"}"#);
    workspace.write("write.json", r#"{"a": "crm.lead.add?fields[TITLE]=a"}"#);
    let run = |file: &str, out: &str| workspace.run(&["batch", file, "-o", out, "--portal", &url]);
    for _ in 0..2 {
        let output = run("read.json", "read.jsonl");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(run("write.json", "my out.jsonl").status.code(), Some(0));
    let before = std::fs::read_to_string(workspace.path("my out.jsonl")).unwrap();
    assert_transcript!(run("write.json", "my out.jsonl"), @r"
    exit code 2
    --- stderr
    error: my out.jsonl has the outcomes of an earlier run
    hint: name another file with -o; to run all commands again, remove it first: rm 'my out.jsonl'
    ");
    let after = std::fs::read_to_string(workspace.path("my out.jsonl")).unwrap();
    assert_eq!(before, after);
    assert_eq!(portal.server.portal().stats().requests, 3);
    // An empty file has no outcomes.
    workspace.write("empty.jsonl", "");
    assert_eq!(run("write.json", "empty.jsonl").status.code(), Some(0));
}
