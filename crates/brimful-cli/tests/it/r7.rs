//! `brimful r7`: requests, batches and lists of R7-Office.

use std::path::Path;
use std::time::Duration;

use brimful_portal::{Fault, FaultRule, PortalConfig};
use brimful_r7_portal::R7Config;
use serde_json::{Value, json};

use crate::support::{Running, Workspace, assert_transcript, portal, rows, server, stderr, stdout};

const TOKEN: &str = "s3cr3t-r7-token";

fn portal_of(office: R7Config) -> Running {
    portal(PortalConfig::unlimited().extension(office.token(TOKEN, 1)))
}

fn office(people: u64) -> Running {
    portal_of(R7Config::unlimited().people(people))
}

/// Runs `brimful r7 …` against a portal, with a token from the environment.
fn run(workspace: &Workspace, portal: &Running, args: &[&str]) -> std::process::Output {
    let mut all = vec!["r7"];
    all.extend(args);
    workspace
        .command(&all)
        .env("BRIMFUL_R7_PORTAL", portal.server.origin())
        .env("BRIMFUL_R7_TOKEN", TOKEN)
        .output()
        .unwrap()
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/r7");
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_first_batch_of_the_documentation_runs() {
    let file = example("profile-and-groups.json");
    let output = Workspace::new().run(&["r7", "batch", &file, "--portal", "demo"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let replies = rows(&stdout(&output));
    let names: Vec<&Value> = replies.iter().map(|reply| &reply["name"]).collect();
    assert_eq!(names, ["me", "groups"]);
    let me = &replies[0]["data"]["response"];
    assert_eq!(replies[1]["data"]["response"], me["groups"]);
}

#[test]
fn the_second_batch_of_the_documentation_runs() {
    let (workspace, file) = (Workspace::new(), example("contacts.json"));
    let output = workspace.run(&["r7", "batch", &file, "--portal", "demo", "-o", "out.jsonl"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("3 items in 2 requests"),
        "{}",
        stderr(&output)
    );
    let replies = workspace.rows("out.jsonl");
    assert_eq!(replies[1]["status"], 201);
    let contacts = replies[2]["data"]["response"]["contacts"]
        .as_array()
        .unwrap();
    let skype = json!({"type": "skype", "value": "skypename"});
    let msn = json!({"type": "msn", "value": "msn_login"});
    assert!(contacts.contains(&skype) && contacts.contains(&msn));
}

#[test]
fn a_call_prints_its_reply_and_takes_parameters_where_they_belong() {
    let (workspace, portal) = (Workspace::new(), office(50));
    let output = run(
        &workspace,
        &portal,
        &[
            "call",
            "get",
            "people/filter",
            "--param",
            "count=2",
            "--result",
        ],
    );
    let people: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(people.len(), 2);
    let name = people[0]["userName"].as_str().unwrap();
    let contacts = format!("people/{name}/contacts");
    let by_form = [
        "call",
        "PUT",
        &contacts,
        "--param",
        r#"contacts=[{"Type":"skype","Value":"a"}]"#,
    ];
    let by_json = [
        "call",
        "PUT",
        &contacts,
        "--data",
        r#"{"contacts":[{"type":"msn","value":"b"}]}"#,
    ];
    for (args, kind) in [(by_form, "skype"), (by_json, "msn")] {
        let output = run(&workspace, &portal, &args);
        let reply: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(
            reply["response"]["contacts"][0]["type"],
            kind,
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_whole_list_is_in_the_file() {
    let (workspace, portal) = (Workspace::new(), office(2_345));
    let output = run(
        &workspace,
        &portal,
        &[
            "export",
            "people/filter",
            "--fields",
            "displayName,email",
            "-o",
            "people.jsonl",
        ],
    );
    assert_transcript!(output, @r"
    exit code 0
    --- stderr
    2,345 rows in N s: people.jsonl (280.2 kB)
    2 requests
    ");
    let people = workspace.rows("people.jsonl");
    assert_eq!(people.len(), 2_345);
    let keys: Vec<&String> = people[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "email", "displayName"]);
    assert_eq!(workspace.files(), ["people.jsonl"]);
}

#[test]
fn a_list_is_filtered_and_sorted() {
    let (workspace, portal) = (Workspace::new(), office(300));
    let list = [
        "export",
        "people/filter",
        "--filter",
        "firstName=Анна,Ольга",
        "--sort",
        "lastName",
    ];
    let output = run(
        &workspace,
        &portal,
        &[&list[..], &["--descending", "-o", "-"]].concat(),
    );
    let people = rows(&stdout(&output));
    assert!(people.len() > 5, "{}", stderr(&output));
    let names: Vec<String> = people
        .iter()
        .map(|row| row["lastName"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted_by(|a, b| a >= b));
}

#[test]
fn what_arrived_of_a_list_that_breaks_off_is_kept() {
    let (workspace, portal) = (Workspace::new(), office(20_000));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(1, Fault::ExpiredToken).after(1));
    let output = run(
        &workspace,
        &portal,
        &["export", "people/filter", "-o", "people.jsonl"],
    );
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("1,000 rows in people.jsonl.partial"),
        "{}",
        stderr(&output)
    );
    assert_eq!(workspace.rows("people.jsonl.partial").len(), 1_000);
}

#[test]
fn a_user_and_a_password_from_the_environment_let_in() {
    let (workspace, portal) = (Workspace::new(), office(3));
    let run = |password: &str| {
        workspace
            .command(&[
                "r7",
                "call",
                "GET",
                "people/@self",
                "--portal",
                &portal.server.origin(),
            ])
            .env("BRIMFUL_R7_USER", "demo")
            .env("BRIMFUL_R7_PASSWORD", password)
            .output()
            .unwrap()
    };
    assert!(run("demo").status.success());
    let output = run("wr0ng-passw0rd");
    assert_eq!(output.status.code(), Some(1));
    assert!(!stderr(&output).contains("wr0ng"));
    assert!(
        stderr(&output).contains("User authentication failed"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_token_is_in_no_message_and_no_log() {
    let (workspace, portal) = (Workspace::new(), office(3));
    for args in [
        &["call", "GET", "people/@self", "-vvv"][..],
        &["call", "GET", "people/nobody", "-vvv"],
        &["call", "GET", TOKEN],
        &["export", "people", "-o", "-", "-vvv"],
        &["call", "GET", "people", "--token", TOKEN, "--odd", TOKEN],
    ] {
        let output = run(&workspace, &portal, args);
        assert!(
            !stderr(&output).contains(TOKEN),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn an_item_that_failed_has_a_line_too() {
    let (workspace, portal) = (Workspace::new(), office(3));
    workspace.write(
        "batch.json",
        r#"[{"relativeUrl": "people/nobody"}, {"relativeUrl": "people/@self", "name": "me"}]"#,
    );
    let output = run(&workspace, &portal, &["batch", "batch.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("1 of 2 items failed"),
        "{}",
        stderr(&output)
    );
    let replies = rows(&stdout(&output));
    assert_eq!(
        (&replies[0]["status"], &replies[0]["did_it_run"]),
        (&json!(404), &json!("yes"))
    );
    assert_eq!(replies[1]["status"], 200);
}

#[test]
fn what_is_asked_for_wrongly_is_refused_before_anything_is_sent() {
    let (workspace, portal) = (Workspace::new(), office(3));
    workspace.write(
        "circle.json",
        r#"[{"relativeUrl": "a", "name": "a", "after": "b"}, {"relativeUrl": "b", "name": "b", "after": ["a"]}]"#,
    );
    workspace.write("odd.json", r#"[{"relativeUrl": "a", "dependsOn": "b"}]"#);
    for (args, what) in [
        (&["batch", "circle.json"][..], "a after b after a"),
        (&["batch", "odd.json"], "dependsOn"),
        (&["batch", "missing.json"], "missing.json"),
        (&["call", "PATCH", "people"], "PATCH"),
        (
            &["export", "people", "-o", "-", "--param", "count=5"],
            "count",
        ),
    ] {
        let output = run(&workspace, &portal, args);
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
    assert_eq!(portal.server.portal().stats().requests, 0);
    let output = workspace.run(&[
        "r7",
        "call",
        "GET",
        "people",
        "--portal",
        &portal.server.origin(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("BRIMFUL_R7_TOKEN"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn people_may_be_loaded_from_what_was_exported() {
    let (workspace, source) = (Workspace::new(), office(30));
    run(
        &workspace,
        &source,
        &["export", "people/filter", "-o", "people.jsonl"],
    );
    let loaded = workspace
        .rows("people.jsonl")
        .into_iter()
        .map(|row| row.as_object().unwrap().clone());
    let portal = portal_of(R7Config::unlimited().load("people", loaded.collect()));
    run(
        &workspace,
        &portal,
        &["export", "people/filter", "-o", "again.jsonl"],
    );
    assert_eq!(
        workspace.rows("people.jsonl"),
        workspace.rows("again.jsonl")
    );
}

#[test]
fn a_request_that_may_have_run_is_not_said_to_have_failed_before_anything_was_done() {
    let portal = server(|_| Vec::new());
    let (origin, _) = portal.split_once("/rest/").unwrap();
    let workspace = Workspace::new();
    let output = workspace
        .command(&["r7", "call", "DELETE", "people/1", "--portal", origin])
        .env("BRIMFUL_R7_TOKEN", TOKEN)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).ends_with(
            "hint: DELETE people/1 may have run: look in the portal before calling it again\n"
        ),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_batch_with_items_that_may_have_run_is_incomplete() {
    let portal = server(|_| Vec::new());
    let (origin, _) = portal.split_once("/rest/").unwrap();
    let workspace = Workspace::new();
    workspace.write(
        "batch.json",
        r#"[{"name":"a","method":"POST","relativeUrl":"people","body":{"email":"a@b.test"}}]"#,
    );
    let output = workspace
        .command(&["r7", "batch", "batch.json", "--portal", origin])
        .env("BRIMFUL_R7_TOKEN", TOKEN)
        .output()
        .unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("may have run") || said.contains("unknown"),
        "{said}"
    );
}

#[test]
fn every_command_ends_at_its_deadline_and_tells_of_writes() {
    let portal = portal(
        PortalConfig::unlimited()
            .latency(Duration::from_secs(600))
            .extension(R7Config::unlimited().token(TOKEN, 1).people(9)),
    );
    let workspace = Workspace::new();
    workspace.write(
        "read.json",
        r#"[{"method":"GET","relativeUrl":"people/@self"}]"#,
    );
    workspace.write(
        "write.json",
        r#"[{"method":"DELETE","relativeUrl":"people/1"}]"#,
    );
    let more = "give it more time with --deadline";
    let look = "may have run: look in the portal before calling it again";
    let look_at_items = "these may have run, so look before sending them again";
    for (args, hint) in [
        (&["export", "people/filter", "-o", "p.jsonl"][..], more),
        (&["call", "GET", "people/@self"], more),
        (&["call", "DELETE", "people/1"], look),
        (&["batch", "read.json"], more),
        (&["batch", "write.json"], look_at_items),
    ] {
        let output = run(
            &workspace,
            &portal,
            &[args, &["--deadline", "200ms"]].concat(),
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        let told = format!("{}{said}", stdout(&output));
        assert!(told.contains("the deadline of the job passed"), "{told}");
        assert!(said.contains(hint), "{args:?}: {said}");
    }
}

#[test]
fn a_list_that_its_deadline_cuts_short_keeps_the_rows_that_came() {
    let (workspace, portal) = (Workspace::new(), office(9_000));
    let args = [
        "export",
        "people/filter",
        "-o",
        "people.jsonl",
        "--rate",
        "1,600",
        "--deadline",
        "5s",
    ];
    let output = run(&workspace, &portal, &args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("rows in people.jsonl.partial"), "{said}");
    assert!(!workspace.path("people.jsonl").exists());
}

/// The path of the contacts of the user whose token it is.
fn own_contacts(workspace: &Workspace, portal: &Running) -> String {
    let output = run(
        workspace,
        portal,
        &["call", "GET", "people/@self", "--result"],
    );
    let me: Value = serde_json::from_str(&stdout(&output)).unwrap();
    format!("people/{}/contacts", me["id"].as_str().unwrap())
}

/// 120 items that write, in two requests, of which the second gets no answer for ten minutes.
#[cfg(unix)]
fn killed_in_the_second_request(workspace: &Workspace, portal: &Running, arguments: &[&str]) {
    let path = own_contacts(workspace, portal);
    let before = portal.server.portal().stats().requests;
    let items: Vec<Value> = (1..=120)
        .map(|at| {
            json!({"name": format!("i{at}"), "method": "POST", "relativeUrl": path,
                "body": {"contacts": [{"Type": "skype", "Value": format!("v{at}")}]}})
        })
        .collect();
    workspace.write("batch.json", &json!(items).to_string());
    let hangs = FaultRule::every(1, Fault::Delay(Duration::from_secs(600))).after(1);
    portal.server.portal().faults().add(hangs);
    let mut child = workspace
        .command(&["r7", "batch", "batch.json", "--at-once", "1"])
        .args(arguments)
        .env("BRIMFUL_R7_PORTAL", portal.server.origin())
        .env("BRIMFUL_R7_TOKEN", TOKEN)
        .env("TMPDIR", workspace.path("."))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while portal.server.portal().stats().requests < before + 2 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before that");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How many items have an answer, and how many may have run.
#[cfg(unix)]
fn answered_and_unknown(text: &str) -> (usize, usize) {
    let lines = rows(text);
    let unknown = lines.iter().filter(|row| row["did_it_run"] == "unknown");
    (
        lines.iter().filter(|row| row["status"].is_number()).count(),
        unknown.count(),
    )
}

#[cfg(unix)]
#[test]
fn a_batch_of_writes_that_is_killed_leaves_a_line_for_every_item_that_may_have_run() {
    let (workspace, portal) = (Workspace::new(), office(3));
    killed_in_the_second_request(&workspace, &portal, &["-o", "out.jsonl"]);
    let left = std::fs::read_to_string(workspace.path("out.jsonl.partial")).unwrap();
    assert_eq!(answered_and_unknown(&left), (100, 20), "{left}");
    let requests = portal.server.portal().stats().requests;
    let again = run(
        &workspace,
        &portal,
        &["batch", "batch.json", "-o", "out.jsonl"],
    );
    assert_transcript!(again, @r"
    exit code 2
    --- stderr
    error: out.jsonl.partial has the outcomes of a run that was interrupted: its commands may have run
    hint: look there for what has run and take it out of the batch; then remove the file: rm out.jsonl.partial
    ");
    assert_eq!(portal.server.portal().stats().requests, requests);
}

#[cfg(unix)]
#[test]
fn a_batch_of_writes_to_standard_output_that_is_killed_leaves_its_replies_in_the_temporary_folder()
{
    let (workspace, portal) = (Workspace::new(), office(3));
    killed_in_the_second_request(&workspace, &portal, &[]);
    let names = workspace.files();
    let folder = names.iter().find(|name| name.starts_with("brimful-"));
    let file = format!("{}/outcomes.jsonl.partial", folder.unwrap());
    let left = std::fs::read_to_string(workspace.path(&file)).unwrap();
    assert_eq!(answered_and_unknown(&left), (100, 20), "{left}");
}

#[test]
fn replies_of_an_earlier_batch_of_writes_are_not_replaced_and_those_of_reads_are() {
    let (workspace, portal) = (Workspace::new(), office(3));
    workspace.write("read.json", r#"[{"relativeUrl": "people/@self"}]"#);
    let path = own_contacts(&workspace, &portal);
    let write = json!([{"relativeUrl": path, "method": "POST",
        "body": {"contacts": [{"Type": "skype", "Value": "a"}]}}]);
    workspace.write("write.json", &write.to_string());
    for (file, codes) in [("read.json", [0, 0]), ("write.json", [0, 2])] {
        let out = format!("{file}l");
        for code in codes {
            let output = run(&workspace, &portal, &["batch", file, "-o", &out]);
            assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        }
        assert_eq!(workspace.rows(&out).len(), 1);
    }
    let files = ["read.json", "read.jsonl", "write.json", "write.jsonl"];
    assert_eq!(workspace.files(), files);
    assert_eq!(portal.server.portal().stats().requests, 4);
}
