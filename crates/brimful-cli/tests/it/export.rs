//! Lists on disk and in pipes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Output, Stdio};

use brimful_portal::{Fault, FaultRule, FaultTiming, HiddenRows, PortalConfig};
use serde_json::{Value, json};

use crate::support::{
    Workspace, assert_transcript, ids, json_response, portal, rows, same_for_all, server, stderr,
    stdout,
};

fn leads(rows: u64) -> PortalConfig {
    PortalConfig::unlimited().sparse_rows("crm.lead", rows, 0.3)
}

#[test]
fn a_whole_list_is_in_the_file_in_the_order_of_its_ids() {
    let (workspace, portal) = (Workspace::new(), portal(leads(7_000)));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--select",
        "TITLE",
        "-o",
        "leads.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = workspace.rows("leads.jsonl");
    let ids = ids(&rows);
    assert_eq!(ids.len(), 7_000);
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(workspace.files(), ["leads.jsonl"]);
}

#[test]
fn the_end_says_what_happened() {
    let rows = (1..=120).map(|n| row(n * 3)).collect();
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().load("crm.lead", rows)),
    );
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--select",
        "ID,TITLE",
        "-o",
        "leads.jsonl",
    ]);
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    120 leads in N s: leads.jsonl (3.6 kB)
    2 requests, 5 commands, 0 retries; ID lanes, complete to ID 360 (proved by ID)
    "#);
}

#[test]
fn the_end_says_how_many_rows_are_counted_and_not_shown() {
    let hidden = HiddenRows::parse("crm.lead:100-111").unwrap();
    let rows = (1..=230).map(row).collect();
    let (workspace, portal) = (
        Workspace::new(),
        portal(
            PortalConfig::unlimited()
                .load("crm.lead", rows)
                .hide(hidden),
        ),
    );
    let args = ["export", "crm.lead.list", "--portal", &portal.url()];
    let output = workspace.run(&[&args[..], &["--select", "ID", "-o", "leads.jsonl"]].concat());
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    218 leads in N s: leads.jsonl (2.7 kB)
    3 requests, 10 commands, 0 retries; ID windows, complete to ID 230 (proved by ID)
    12 leads are counted but not shown to this user (rights?)
    "#);
}

#[test]
fn the_end_of_a_verified_list_says_how_many_ranges_were_counted() {
    let rows = (1..=230).map(row).collect();
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().load("crm.lead", rows)),
    );
    let args = [
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--verify",
    ];
    let output = workspace.run(&[&args[..], &["--select", "ID", "-o", "leads.jsonl"]].concat());
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    230 leads in N s: leads.jsonl (2.9 kB)
    3 requests, 9 commands, 0 retries; ID lanes, complete to ID 230 (proved by ID)
    verified: 2 ranges of IDs have as many rows as the portal counts
    "#);
}

#[test]
fn the_end_of_a_sorted_list_says_what_proves_it() {
    let rows = (1..=230).map(row).collect();
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().load("crm.lead", rows)),
    );
    let args = ["export", "crm.lead.list", "--portal", &portal.url()];
    let order = [
        "--param",
        "order[TITLE]=ASC",
        "--select",
        "ID",
        "-o",
        "leads.jsonl",
    ];
    let output = workspace.run(&[&args[..], &order].concat());
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    warning: sorting by TITLE needs offset pages, so this list can't be resumed. Leave the order out and sort the file afterwards, such as with jq -s 'sort_by(.TITLE)[]'
    230 leads in N s: leads.jsonl (2.9 kB)
    2 requests, 6 commands, 0 retries; counted pages, as many rows as the portal counts
    "#);
    let filter = ["--filter", "!TITLE=none"];
    let output = workspace.run(&[&args[..], &order, &filter].concat());
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    warning: sorting by TITLE needs offset pages, and with a filter the list is read twice to prove that it is whole. Leave the order out and sort the file afterwards, such as with jq -s 'sort_by(.TITLE)[]'
    230 leads in N s: leads.jsonl (2.9 kB)
    3 requests, 10 commands, 0 retries; counted pages, proved by equal passes
    "#);
}

fn row(id: u64) -> serde_json::Map<String, Value> {
    let row = json!({"ID": id.to_string(), "TITLE": format!("№ {id}")});
    row.as_object().cloned().unwrap_or_default()
}

#[test]
fn a_quiet_run_says_nothing() {
    let (workspace, portal) = (Workspace::new(), portal(leads(60)));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "leads.jsonl",
        "-q",
    ]);
    assert_transcript!(output, @r#"
    exit code 0
    "#);
    assert_eq!(workspace.rows("leads.jsonl").len(), 60);
}

#[test]
fn a_dash_is_standard_output_and_has_nothing_but_rows() {
    let (workspace, portal) = (Workspace::new(), portal(leads(120)));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "-",
    ]);
    assert!(output.status.success());
    assert_eq!(rows(&stdout(&output)).len(), 120);
    assert!(stderr(&output).starts_with("120 leads in "));
    assert!(workspace.files().is_empty());
}

#[test]
fn the_portal_may_come_from_the_environment() {
    let (workspace, portal) = (Workspace::new(), portal(leads(60)));
    let output = workspace
        .command(&["export", "crm.lead.list", "-o", "leads.jsonl"])
        .env("BRIMFUL_PORTAL", portal.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("leads.jsonl").len(), 60);
}

#[test]
fn no_proxy_is_asked_for_a_portal_on_this_machine() {
    let (workspace, portal) = (Workspace::new(), portal(leads(60)));
    let output = workspace
        .command(&["export", "crm.lead.list", "-o", "leads.jsonl"])
        .env("BRIMFUL_PORTAL", portal.url())
        .envs(
            ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
                .map(|name| (name, "http://127.0.0.1:1")),
        )
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_demo_is_a_portal_too() {
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "--limit",
        "off",
        "--select",
        "ID",
        "--filter",
        ">ID=100",
        "--filter",
        "<=ID=400",
        "-o",
        "leads.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let ids = ids(&workspace.rows("leads.jsonl"));
    assert!(ids.iter().all(|id| (101..=400).contains(id)));
    assert!(ids.len() > 100, "{}", ids.len());
}

#[test]
fn a_reader_who_has_had_enough_ends_the_program_quietly() {
    let (workspace, portal) = (Workspace::new(), portal(leads(20_000)));
    let mut child = workspace
        .command(&[
            "export",
            "crm.lead.list",
            "--portal",
            &portal.url(),
            "-o",
            "-",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    {
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
    }
    assert!(line.starts_with("{\"ID\""));
    let status = child.wait().unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn a_row_with_line_breaks_is_one_line_in_the_file() {
    let portal = server(|received| {
        let reply = same_for_all(received, &json!([{"ID": "7", "TITLE": "a b"}]), 1);
        let text = String::from_utf8(reply).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let value: Value = serde_json::from_str(body).unwrap();
        crate::support::response(
            "200 OK",
            "application/json",
            &serde_json::to_string_pretty(&value).unwrap(),
        )
    });
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal,
        "-o",
        "leads.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(workspace.path("leads.jsonl")).unwrap(),
        "{\"ID\":\"7\",\"TITLE\":\"a b\"}\n"
    );
}

#[test]
fn a_list_that_breaks_off_is_incomplete_and_its_rows_are_kept_under_another_name() {
    let (workspace, portal) = (Workspace::new(), portal(leads(20_000)));
    portal
        .server
        .portal()
        .faults()
        .add(FaultRule::every(3, Fault::ExpiredToken).times(1));
    workspace.write("leads.jsonl", "an earlier export\n");
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--select",
        "ID",
        "-o",
        "leads.jsonl",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(
        workspace.files(),
        [
            "leads.jsonl",
            "leads.jsonl.partial",
            "leads.jsonl.partial.json"
        ]
    );
    assert_eq!(
        std::fs::read_to_string(workspace.path("leads.jsonl")).unwrap(),
        "an earlier export\n"
    );
    let kept = ids(&workspace.rows("leads.jsonl.partial"));
    let said = stderr(&output);
    assert!(said.contains("expired_token"), "{said}");
    assert!(
        said.contains("in leads.jsonl.partial, the last with ID "),
        "{said}"
    );
    let last = kept.last().unwrap();
    assert!(
        said.contains(&format!("the last with ID {last}\n")),
        "{said}"
    );
    assert!(
        said.contains(
            "brimful export crm.lead.list --portal \"$BRIMFUL_PORTAL\" --select ID -o leads.jsonl --resume"
        ),
        "{said}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_named_before_anything_is_asked_for() {
    let (workspace, portal) = (Workspace::new(), portal(leads(60)));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "nowhere/leads.jsonl",
    ]);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not write nowhere/leads.jsonl: No such file or directory (os error 2)
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[test]
fn an_empty_list_is_an_empty_file() {
    let portal = server(|received| same_for_all(received, &json!([]), 0));
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal,
        "-o",
        "leads.jsonl",
    ]);
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    0 leads in N s: leads.jsonl (0 B)
    2 requests, 5 commands, 0 retries; ID lanes, complete: no rows (proved by ID)
    "#);
    assert_eq!(std::fs::read(workspace.path("leads.jsonl")).unwrap(), b"");
}

#[test]
fn what_the_command_line_says_reaches_the_portal() {
    let portal = server(|received| {
        let command = received.body["cmd"]["p0"].as_str().unwrap_or_default();
        if command.starts_with("crm.item.list?") {
            let items = json!({"items": [{"id": 1, "title": command}]});
            same_for_all(received, &items, 1)
        } else {
            json_response(&json!({"result": {}}))
        }
    });
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.item.list",
        "--portal",
        &portal,
        "-o",
        "-",
        "-q",
        "--json",
        r#"{"filter":{"stageId":"NEW"},"useOriginalUfNames":"Y"}"#,
        "--param",
        "entityTypeId=128",
        "--select",
        "title",
        "--filter",
        "@categoryId=1,2",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let sent = stdout(&output);
    for part in [
        "entityTypeId=128",
        "useOriginalUfNames=Y",
        "filter%5BstageId%5D=NEW",
        "filter%5B%40categoryId%5D%5B1%5D=2",
        "select%5B0%5D=id&select%5B1%5D=title",
    ] {
        assert!(sent.contains(part), "{part} is not in {sent}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_export_keeps_what_arrived() {
    // Two requests at once and then one in a thousand seconds: the list has begun and will not end by itself.
    let (workspace, portal) = (Workspace::new(), portal(leads(20_000)));
    let child = workspace
        .command(&[
            "export",
            "crm.lead.list",
            "--portal",
            &portal.url(),
            "--limit",
            "3,0.001",
            "-o",
            "leads.jsonl",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let partial = workspace.path("leads.jsonl.partial");
    let answered = || portal.server.portal().stats();
    while answered().requests < 2 || answered().in_flight > 0 || !partial.exists() {
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("crm.lead.list: interrupted"));
    assert!(!workspace.path("leads.jsonl").exists());
}

/// Sends Ctrl-C, and says how the program ended.
#[cfg(unix)]
fn interrupt(child: Child) -> Output {
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_whole_list_that_nobody_reads_can_be_interrupted() {
    let (workspace, portal) = (Workspace::new(), portal(leads(1_000)));
    // A pipe that stays open, and that nobody reads from.
    let (_reader, writer) = std::io::pipe().unwrap();
    let args = [
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "-",
    ];
    let child = workspace
        .command(&args)
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let answered = || portal.server.portal().stats();
    while answered().requests < 2 || answered().in_flight > 0 {
        std::thread::yield_now();
    }
    let output = interrupt(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_reader_can_be_interrupted() {
    let (workspace, portal) = (Workspace::new(), portal(leads(1_000)));
    let made = std::process::Command::new("mkfifo")
        .arg(workspace.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let args = [
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "pipe",
    ];
    let child = workspace
        .command(&args)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while portal.server.portal().stats().requests < 1 {
        std::thread::yield_now();
    }
    let output = interrupt(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_the_rows_that_are_whole_are_kept() {
    let (workspace, portal) = (Workspace::new(), portal(leads(20_000)));
    // A limit on the size of files, in kibibytes, ends them as a full disk does.
    let script = format!(
        "ulimit -f 2560; exec {} export crm.lead.list --portal {} -o leads.jsonl",
        env!("CARGO_BIN_EXE_brimful"),
        portal.url()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(workspace.path("."))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(
        workspace.files(),
        ["leads.jsonl.partial", "leads.jsonl.partial.json"]
    );
    let last = ids(&workspace.rows("leads.jsonl.partial")).pop().unwrap();
    let said = stderr(&output).replace(',', "");
    assert!(said.contains(&format!("the last with ID {last}")), "{said}");
}

#[test]
fn a_name_that_is_a_folders_is_refused_before_anything_is_asked_for() {
    let (workspace, portal) = (Workspace::new(), portal(leads(60)));
    let args = [
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "-o",
        "x/",
    ];
    let output = workspace.run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(portal.server.portal().stats().requests, 0);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_method_that_ignores_the_filter_by_id_is_to_be_read_by_pages() {
    let full: Vec<Value> = (1..=50).map(|id| json!({"ID": id.to_string()})).collect();
    let last: Vec<Value> = (951..=1000)
        .rev()
        .map(|id| json!({"ID": id.to_string()}))
        .collect();
    let portal = server(move |received| {
        let command = received.body["cmd"]["p1"].as_str().unwrap_or_default();
        if command.contains("DESC") {
            json_response(
                &json!({"result": {"result": {"p0": full, "p1": last}, "result_error": []}}),
            )
        } else {
            same_for_all(received, &json!(full), 1000)
        }
    });
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal,
        "--walk",
        "lanes",
        "-o",
        "leads.jsonl",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("hint: --walk pages"), "{said}");
    assert!(!said.contains("--filter"), "{said}");
}

/// The lines of standard error, each of which is a JSON object.
fn events(output: &Output) -> Vec<Value> {
    let said = stderr(output);
    let lines = said.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter();
    names
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

#[test]
fn a_log_for_programs_has_an_event_a_line_from_the_start_to_the_end() {
    let (workspace, portal) = (Workspace::new(), portal(leads(7_000)));
    let args = |name| {
        [
            "export",
            "crm.lead.list",
            "--portal",
            portal.url().leak(),
            "--log",
            "json",
            "-o",
            name,
        ]
    };
    let output = workspace.run(&args("leads.csv"));
    assert!(output.status.success(), "{}", stderr(&output));
    let told = events(&output);
    assert_eq!(names(&told), ["start", "summary", "end"]);
    assert_eq!(told[0]["command"], json!("export"));
    let summary = &told[1];
    assert_eq!(summary["rows"], json!(7_000));
    assert_eq!(summary["complete"], json!(true));
    assert_eq!(summary["output"], json!("leads.csv"));
    assert!(summary["columns"].as_u64().unwrap() > 10, "{summary}");
    assert_eq!(told[2]["exit"], json!(0));
    assert!(told.iter().all(|event| {
        let time = event["time"].as_str().unwrap();
        time.len() == "2026-01-01T00:00:00.000Z".len() && time.ends_with('Z')
    }));

    let output = workspace.run(&args("no/such/folder/leads.csv"));
    let told = events(&output);
    assert_eq!(names(&told), ["start", "error", "end"]);
    assert_eq!(told[1]["exit"], told[2]["exit"]);
}

#[test]
fn a_log_for_programs_has_the_waits_with_their_reasons() {
    let (workspace, portal) = (Workspace::new(), portal(leads(7_000)));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(1, Fault::Reset(FaultTiming::BeforeWork)).times(2));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--log",
        "json",
        "-o",
        "leads.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = events(&output);
    let waits: Vec<&Value> = told
        .iter()
        .filter(|event| event["event"] == "wait")
        .collect();
    assert!(
        waits.iter().any(|wait| {
            wait["reason"] == "connection lost"
                && wait["retry"].is_u64()
                && wait["seconds"].is_number()
        }),
        "{told:?}"
    );
}
