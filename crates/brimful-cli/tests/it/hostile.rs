//! What was found by trying to do harm with the program: nothing unmeant is done, and the fate of every write is told.

use std::io::Read;
use std::process::{Output, Stdio};
use std::time::Duration;

use brimful_portal::{Fault, FaultTiming, PortalConfig};

use crate::support::{
    CODE, Running, Workspace, portal, response, rows, server, stderr, stdout, words,
};

fn leads() -> Running {
    portal(PortalConfig::unlimited().rows("crm.lead", 60))
}

fn run(workspace: &Workspace, portal: &Running, args: &[&str]) -> Output {
    workspace
        .command(args)
        .env("BRIMFUL_PORTAL", portal.url())
        .output()
        .unwrap()
}

#[test]
fn an_address_with_a_user_is_refused_before_anything_is_sent() {
    let (workspace, portal) = (Workspace::new(), leads());
    workspace.write(
        "two.jsonl",
        "{\"fields\":{\"TITLE\":\"a\"}}\n{\"fields\":{\"TITLE\":\"b\"}}\n",
    );
    let url = portal.url().replace("://", "://user:pw1pw2pw3@");
    for args in [
        &["call", "crm.lead.add", "--param", "fields[TITLE]=x"][..],
        &[
            "call",
            "crm.lead.add",
            "--each",
            "two.jsonl",
            "-o",
            "up.out",
        ],
    ] {
        let output = workspace.run(&[args, &["--portal", &url]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("has a user name before its host"), "{said}");
        assert!(!said.contains("pw1pw2pw3"), "{said}");
    }
    assert_eq!(portal.server.portal().stats().requests, 0);
    assert!(!workspace.path("up.out").exists());
}

#[test]
fn what_is_not_an_id_is_refused_unless_it_is_to_be_sent_unchecked() {
    let (workspace, portal) = (Workspace::new(), leads());
    workspace.write("each.jsonl", "{\"id\":[40,41]}\n{\"id\":true}\n");
    workspace.write("batch.json", r#"{"a":["crm.lead.delete",{"id":[50,51]}]}"#);
    for args in [
        &["call", "crm.lead.delete", "--param", "id=[6,7]"][..],
        &["call", "crm.lead.delete", "--param", "id=9,10"],
        &["call", "crm.item.list", "--param", "entityTypeId[]=2"],
        &[
            "export",
            "crm.item.list",
            "--param",
            "entityTypeId=2,3",
            "-o",
            "x.jsonl",
        ],
        &["batch", "batch.json"],
    ] {
        let output = run(&workspace, &portal, args);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("a whole number such as 42"),
            "{}",
            stderr(&output)
        );
    }
    let output = run(
        &workspace,
        &portal,
        &[
            "call",
            "crm.lead.delete",
            "--each",
            "each.jsonl",
            "-o",
            "o.jsonl",
        ],
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        workspace
            .rows("o.jsonl")
            .iter()
            .all(|row| row["outcome"] == "not_run")
    );
    let output = run(&workspace, &portal, &["get", "crm.lead.get", "01", "2"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let lines = rows(&stdout(&output));
    assert_eq!(
        (&lines[0]["outcome"], &lines[1]["outcome"]),
        (&"not_run".into(), &"done".into())
    );
    let unchecked = [
        "call",
        "crm.lead.delete",
        "--param",
        "id=[6,7]",
        "--no-check",
    ];
    let output = run(&workspace, &portal, &unchecked);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_lost_answer_to_a_write_is_told_by_every_command() {
    let (workspace, portal) = (Workspace::new(), leads());
    workspace.write(
        "b.json",
        r#"{"a":["crm.lead.add",{"fields":{"TITLE":"x"}}]}"#,
    );
    for fault in [
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Html(FaultTiming::AfterWork),
    ] {
        for args in [
            &["call", "crm.lead.add", "--param", "fields[TITLE]=x"][..],
            &["tasks", "add", "--title", "x", "--responsible", "1"],
            &["batch", "b.json"],
        ] {
            portal.server.portal().faults().push(fault.clone());
            let output = run(&workspace, &portal, args);
            let said = format!("{}{}", stdout(&output), stderr(&output));
            assert_eq!(output.status.code(), Some(3), "{fault:?} {args:?}: {said}");
            assert!(
                said.contains("may have run") || said.contains("\"outcome\":\"unknown\""),
                "{args:?}: {said}"
            );
        }
    }
}

/// Ends a command by a signal while the portal works on what it sent.
#[cfg(unix)]
fn interrupted_at_work(
    workspace: &Workspace,
    portal: &Running,
    args: &[&str],
    signals: &[&str],
) -> Output {
    let before = portal.server.portal().stats().requests;
    let child = workspace
        .command(args)
        .env("BRIMFUL_PORTAL", portal.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stats = || portal.server.portal().stats();
    while stats().requests == before && stats().in_flight == 0 {
        std::thread::yield_now();
    }
    for signal in signals {
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, id.as_str()])
            .status();
        assert!(sent.unwrap().success());
    }
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_signal_during_a_write_says_that_it_may_have_run() {
    let workspace = Workspace::new();
    for (args, signal, code) in [
        (
            &["call", "crm.lead.add", "--param", "fields[TITLE]=x"][..],
            "-INT",
            130,
        ),
        (
            &[
                "call",
                "crm.lead.add",
                "--param",
                "fields[TITLE]=x",
                "-o",
                "o.json",
            ],
            "-TERM",
            143,
        ),
        (
            &["tasks", "add", "--title", "x", "--responsible", "1"],
            "-HUP",
            129,
        ),
    ] {
        let portal = portal(PortalConfig::unlimited().latency(Duration::from_secs(600)));
        let output = interrupted_at_work(&workspace, &portal, args, &[signal]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains("may have run"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_an_error_that_says_what_ran() {
    let (workspace, portal) = (Workspace::new(), leads());
    let command = workspace.command(&[]);
    let program = command.get_program().to_str().unwrap().to_owned();
    let script = format!(
        "ulimit -f 0; {program} call crm.lead.add --param 'fields[TITLE]=x' -o fz.json 2>&1 | cat"
    );
    let mut child = std::process::Command::new("bash")
        .args(["-c", &format!("{script}; exit ${{PIPESTATUS[0]}}")])
        .current_dir(workspace.path("."))
        .env("BRIMFUL_PORTAL", portal.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let status = child.wait().unwrap();
    // Nothing was sent, or the reply is told.
    match status.code() {
        Some(1) => assert_eq!(portal.server.portal().stats().requests, 0, "{said}"),
        Some(3) => assert!(
            said.contains("was called") && said.contains("\"result\""),
            "{said}"
        ),
        other => panic!("{other:?}: {said}"),
    }
}

/// Parameters of two lists that a portal would pass over, and the hint to paste for each.
const PASSED_OVER: [(&str, &str); 21] = [
    (
        "crm.deal.list --param STAGE_ID=WON",
        "--filter STAGE_ID=WON",
    ),
    ("crm.deal.list --param ID=[1,2]", "--filter @ID=1,2"),
    ("crm.deal.list --param limit=10", "--top 10"),
    (
        "crm.deal.list --param offset=10",
        "start says where it begins",
    ),
    ("crm.deal.list --param nosuch=1", "no parameter nosuch"),
    (
        "crm.deal.list --param entityTypeId=2",
        "no parameter entityTypeId",
    ),
    ("crm.deal.list --param auth=x", "auth does not reach"),
    ("crm.deal.list --param order[id]=DESC", "did you mean ID?"),
    (
        "crm.deal.list --param filter[@STAGE_ID]=NEW,WON",
        "[\"NEW\",\"WON\"]",
    ),
    (
        "crm.deal.list --filter >DATE_CREATE=1700000000",
        "2023-11-14T22:13:20+00:00",
    ),
    ("crm.deal.list --select UF_CRM_*", "did you mean UF_*?"),
    ("crm.deal.list --select ''", "--select ID,TITLE"),
    ("crm.deal.list --select 'ID TITLE'", "--select ID,TITLE"),
    ("department.get --filter NAME=Sales", "--param NAME=Sales"),
    ("department.get --filter @ID=1,2", "--param 'ID=[1,2]'"),
    ("department.get --filter >ID=1", "equality alone"),
    ("department.get --param >ID=1", "equality alone"),
    ("department.get --param FILTER[>ID]=1", "equality alone"),
    ("department.get --param name=x", "did you mean NAME?"),
    ("department.get --param ID=2,3", "ID"),
    ("department.get --param PARENT=abc", "PARENT"),
];

/// The same of other commands, and what is said of each.
const PASSED_OVER_BY_OTHERS: [(&str, &str); 7] = [
    ("tasks list --crm X_1", "X_1"),
    ("tasks list --group abc", "invalid value 'abc' for '--group"),
    (
        r#"call crm.deal.list --json {"filter":{"ID":true}}"#,
        "ID is true",
    ),
    (
        "call crm.deal.list --param STAGE_ID=WON",
        "has no parameter STAGE_ID",
    ),
    (
        "call crm.deal.delete --param id=1 --param token=x",
        "token does not reach crm.deal.delete",
    ),
    (
        "get crm.deal.get --from crm.deal.list --from-param STAGE_ID=WON -o -",
        "has no parameter STAGE_ID",
    ),
    ("export leads -o -", "did you mean crm.lead.list?"),
];

#[test]
fn what_a_list_would_pass_over_ends_with_the_line_to_paste_and_asks_for_no_rows() {
    let (workspace, portal) = (
        Workspace::new(),
        crate::support::portal(
            PortalConfig::unlimited()
                .rows("deal", 60)
                .rows("department", 5)
                .rows("task", 10)
                .rows("user", 10),
        ),
    );
    let lists = PASSED_OVER.map(|(list, hint)| (format!("export {list} -o -"), hint));
    let others = PASSED_OVER_BY_OTHERS.map(|(command, message)| (command.to_owned(), message));
    for (command, message) in lists.into_iter().chain(others) {
        let output = run(&workspace, &portal, &words(&command));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains(message), "{command}: {said}");
        assert!(output.stdout.is_empty(), "{command}");
    }
    // Unchecked it is sent, and the hints work.
    for (command, count) in [
        (
            "export crm.deal.list -o - --param STAGE_ID=WON --no-check",
            60,
        ),
        ("export department.get -o - --param ID=[1,2]", 2),
    ] {
        let output = run(&workspace, &portal, &words(command));
        assert_eq!(rows(&stdout(&output)).len(), count, "{command}");
    }
}

#[test]
fn columns_are_asked_for_beside_what_is_selected() {
    let (workspace, portal) = (Workspace::new(), leads());
    let args = [
        "export",
        "crm.lead.list",
        "--select",
        "ID",
        "--columns",
        "TITLE",
        "-o",
        "q.csv",
    ];
    let output = run(&workspace, &portal, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("q.csv")).unwrap();
    let titles: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(titles.len(), 60);
    assert!(titles.iter().all(|title| title.len() > 2), "{titles:?}");
}

#[test]
fn a_report_takes_the_place_of_reports_alone() {
    let (workspace, portal) = (Workspace::new(), leads());
    workspace.write("notes.html", "<!doctype html>\n<p>mine");
    workspace.write("notes.json", r#"{"version": 1}"#);
    workspace.write("empty.html", "");
    let export = |report: &str| {
        let args = ["export", "crm.lead.list", "-o", "-", "--report", report];
        run(&workspace, &portal, &args)
    };
    for name in ["notes.html", "notes.json"] {
        let before = std::fs::read(workspace.path(name)).unwrap();
        let output = export(name);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("it is not a report of an earlier run"),
            "{said}"
        );
        assert_eq!(std::fs::read(workspace.path(name)).unwrap(), before);
    }
    for name in ["empty.html", "run.html", "run.html", "run.json", "run.json"] {
        let output = export(name);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
}

#[test]
fn a_report_has_no_secret_and_no_endless_text_of_an_error() {
    let workspace = Workspace::new();
    let words = format!("{CODE} {}", "x".repeat(3_000_000));
    let body = serde_json::json!({"error": "ERROR", "error_description": words}).to_string();
    let portal = server(move |_| response("400 Bad Request", "application/json", &body));
    for name in ["run.html", "run.json"] {
        let args = [
            "export",
            "crm.lead.list",
            "-o",
            "rows.jsonl",
            "--report",
            name,
        ];
        let output = workspace.run(&[&args[..], &["--portal", &portal]].concat());
        assert_ne!(output.status.code(), Some(0));
        let report = std::fs::read_to_string(workspace.path(name)).unwrap();
        assert!(!report.contains(CODE), "{name}");
        assert!(report.len() < 200_000, "{name} has {} bytes", report.len());
    }
}

#[cfg(unix)]
#[test]
fn a_standard_input_that_is_closed_is_not_taken_for_an_empty_one() {
    let (workspace, portal) = (Workspace::new(), leads());
    for command in [
        "call crm.lead.add --each - -o out.jsonl",
        "get crm.lead.get --ids - -o out.jsonl",
    ] {
        let output = redirected(&workspace, &portal, command, "<&-");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("standard input is closed"), "{said}");
    }
    for command in ["call crm.lead.list", "--help"] {
        let output = redirected(&workspace, &portal, command, "> /dev/full");
        assert_ne!(output.status.code(), Some(0), "{command}");
    }
    let before = portal.server.portal().stats().requests;
    let output = redirected(&workspace, &portal, "call crm.lead.list", ">&-");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(portal.server.portal().stats().requests, before);
}

/// Runs the program in a shell, with its streams redirected.
#[cfg(unix)]
fn redirected(workspace: &Workspace, portal: &Running, command: &str, to: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_brimful");
    std::process::Command::new("sh")
        .args(["-c", &format!("{program} {command} {to}")])
        .current_dir(workspace.path("."))
        .env("BRIMFUL_PORTAL", portal.url())
        .output()
        .unwrap()
}

#[cfg(feature = "sync")]
#[test]
fn an_export_does_not_end_a_sync_and_does_not_write_over_the_rows_of_another_list() {
    let workspace = Workspace::new();
    let portal = portal(
        PortalConfig::unlimited()
            .rows("crm.deal", 60)
            .rows("crm.lead", 60),
    );
    let other = crate::support::portal(PortalConfig::unlimited().rows("crm.deal", 60));
    let done = |output: &Output| assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    for store in ["sqlite:kept.db"] {
        done(&run(
            &workspace,
            &portal,
            &["sync", "crm.deal", "--to", store],
        ));
        for (of, args) in [
            (&portal, &["crm.deal.list", "--filter", "ID=7"][..]),
            (&portal, &["crm.lead.list", "--table", "crm_deal"]),
            (&other, &["crm.deal.list"]),
        ] {
            let output = run(
                &workspace,
                of,
                &[&["export"][..], args, &["--to", store]].concat(),
            );
            let said = stderr(&output);
            assert_ne!(output.status.code(), Some(0), "{args:?}");
            assert!(
                said.contains("hint: to write the rows to another table: --table NAME"),
                "{said}"
            );
        }
        done(&run(&workspace, &portal, &["status", "--to", store]));
        done(&run(
            &workspace,
            &portal,
            &["sync", "crm.deal", "--to", store],
        ));
    }
    let stores = [
        ("sqlite:mix.db", true),
        ("parquet:lake", cfg!(feature = "parquet")),
    ];
    for (store, _) in stores.iter().filter(|(_, is_built)| *is_built) {
        done(&run(
            &workspace,
            &portal,
            &["export", "crm.deal.list", "--to", store],
        ));
        let mixed = [
            "export",
            "crm.lead.list",
            "--table",
            "crm_deal",
            "--to",
            store,
        ];
        let output = run(&workspace, &portal, &mixed);
        assert_ne!(output.status.code(), Some(0), "{store}");
        let said = stderr(&output);
        assert!(said.contains("holds rows of crm.deal.list"), "{said}");
        let output = run(
            &workspace,
            &other,
            &["export", "crm.deal.list", "--to", store],
        );
        assert_ne!(output.status.code(), Some(0), "{store}");
    }
}

/// A portal with groups of these names that passes conditions over.
fn groups_unfiltered(names: &[&str]) -> Running {
    let rows: Vec<serde_json::Value> = names
        .iter()
        .zip(1..)
        .map(|(name, id)| serde_json::json!({"ID": id.to_string(), "NAME": name}))
        .collect();
    portal(PortalConfig::unlimited().reply(
        "sonet_group.get",
        serde_json::json!({"result": rows, "total": rows.len()}),
    ))
}

/// Exports the groups that meet a condition.
fn export_groups(workspace: &Workspace, portal: &Running, condition: &str) -> Output {
    let command = format!("export sonet_group.get -o - --walk pages --filter {condition}");
    run(workspace, portal, &words(&command))
}

#[test]
fn conditions_that_a_portal_passes_over_are_noticed_by_the_rows_where_no_fields_are_named() {
    let workspace = Workspace::new();
    let portal = groups_unfiltered(&["Sales", "Lease"]);
    let refusals: [(&str, &[&str]); 2] = [
        (
            "NAME=Sales",
            &[r#"a row came with NAME "Lease", so the portal passes the condition over"#],
        ),
        (
            "NAMES=1",
            &[
                "the filter has NAMES, and no row came with it",
                "did you mean NAME?",
                "hint: with --no-check",
            ],
        ),
    ];
    for (condition, messages) in refusals {
        let output = export_groups(&workspace, &portal, condition);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for message in messages {
            assert!(said.contains(message), "{said}");
        }
        assert!(output.stdout.is_empty());
        let from = format!(
            "get sonet_group.user.get --from sonet_group.get --filter {condition} -o members.jsonl"
        );
        let output = run(&workspace, &portal, &words(&from));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the portal passes"), "{said}");
        assert!(!workspace.path("members.jsonl").exists(), "{condition}");
    }
    let output = export_groups(&workspace, &portal, "NAME=Sales --no-check");
    assert_eq!(rows(&stdout(&output)).len(), 2, "{}", stderr(&output));
    let output = export_groups(&workspace, &portal, "UF_SCORE=1");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let warning = "warning: no row of sonet_group.get has UF_SCORE";
    assert!(said.contains(warning), "{said}");
}

#[test]
fn a_condition_that_the_rows_meet_in_another_case_is_not_warned_of() {
    let output = export_groups(
        &Workspace::new(),
        &groups_unfiltered(&["Sales"]),
        "NAME=sales",
    );
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn a_proxy_setting_that_is_none_is_refused_by_its_name_and_a_dead_one_is_named() {
    let workspace = Workspace::new();
    let portal = "https://portal.example/rest/1/abcdefgh1234/";
    let run = |name: &str, value: &str| {
        workspace
            .command(&["call", "user.current", "--portal", portal])
            .env(name, value)
            .output()
            .unwrap()
    };
    for (name, value, why) in [
        ("HTTPS_PROXY", "junk://u:pa55word@x", "junk://"),
        ("https_proxy", "not an address", "not an address of a proxy"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", "socks5://"),
    ] {
        let output = run(name, value);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && said.contains(why), "{said}");
        assert!(said.contains("take the variable out"), "{said}");
        assert!(!said.contains("pa55word"), "{said}");
    }
    let output = run("HTTPS_PROXY", "http://u:pa55word@127.0.0.1:1");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("through the proxy http://127.0.0.1:1: Connection refused"),
        "{said}"
    );
    assert!(said.contains("hint: check HTTPS_PROXY"), "{said}");
    assert!(!said.contains("pa55word"), "{said}");
}

#[test]
fn a_file_of_certificates_that_has_none_is_named() {
    let workspace = Workspace::new();
    workspace.write("empty.pem", "");
    workspace.write(
        "key.pem",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    let run = |portal: &str, file: &str| {
        workspace
            .command(&["call", "user.current", "--portal", portal])
            .env("SSL_CERT_FILE", file)
            .output()
            .unwrap()
    };
    for (file, why) in [
        (
            "missing.pem",
            "missing.pem, which cannot be read: No such file",
        ),
        ("empty.pem", "empty.pem, in which there is no certificate"),
        ("key.pem", "key.pem, in which there is no certificate"),
        (".", "., which cannot be read"),
        ("", "SSL_CERT_FILE is set and names no file"),
    ] {
        let output = run("https://127.0.0.1:1/rest/1/abcdefgh1234/", file);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{file}: {said}");
        assert!(
            said.contains("SSL_CERT_FILE") && said.contains(why),
            "{said}"
        );
    }
    // Where no certificate is shown none is needed.
    let leads = leads();
    let output = run(&leads.url(), "missing.pem");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_name_that_a_list_passes_over_is_refused_in_a_call_and_in_a_batch_as_in_an_export() {
    let (workspace, portal) = (Workspace::new(), leads());
    let names = "the filter has STATUS, which is not a field (did you mean STATUS_ID?)";
    let json = r#"{"filter":{"STATUS":"NEW"}}"#;
    workspace.write(
        "batch.json",
        &format!(r#"{{"a":["crm.lead.list",{json}]}}"#),
    );
    let add = r#"{"add":"crm.lead.add?fields[TITLE]=x","a":"crm.lead.list?filter[STATUS]=NEW"}"#;
    workspace.write("writes.json", add);
    for args in [
        &["call", "crm.lead.list", "--json", json][..],
        &["call", "crm.lead.list", "--json", json, "-o", "out.json"],
        &["batch", "batch.json"],
        &["batch", "writes.json"],
        &["export", "crm.lead.list", "--json", json, "-o", "-"],
    ] {
        let output = run(&workspace, &portal, args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(names), "{args:?}: {said}");
        assert!(
            said.contains("brimful fields crm.lead.list"),
            "{args:?}: {said}"
        );
        assert_eq!(stdout(&output), "", "{args:?}");
    }
    assert_eq!(workspace.files(), ["batch.json", "writes.json"]);
    assert_eq!(portal.server.portal().stats().calls("crm.lead.add"), 0);
    for args in [
        &["call", "crm.lead.list", "--json", json, "--no-check"][..],
        &["batch", "batch.json", "--no-check"],
        &[
            "call",
            "crm.lead.list",
            "--json",
            r#"{"filter":{"STATUS_ID":"NEW"}}"#,
        ],
    ] {
        let output = run(&workspace, &portal, args);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn what_a_list_cannot_be_asked_for_is_refused_in_whatever_way_it_is_asked() {
    let (workspace, portal) = (Workspace::new(), leads());
    for (list, json, why) in [
        (
            "crm.lead.list",
            r#"{"filter":{"STATUS_ID":[]}}"#,
            "STATUS_ID",
        ),
        ("crm.lead.list", r#"{"filter":{"%TITLE":{}}}"#, "%TITLE"),
        ("crm.lead.list", r#"{"filter":{"TITLE":null}}"#, "TITLE"),
        (
            "crm.lead.list",
            r#"{"filter":{">=DATE_CREATE":"1/5/2024"}}"#,
            "2024-01-05 or 2024-05-01",
        ),
        (
            "crm.lead.list",
            r#"{"filter":{">OPPORTUNITY":"1,000"}}"#,
            "1000 or 1.0",
        ),
        (
            "crm.lead.list",
            r#"{"filter":{">=DATE_CREATE":false}}"#,
            "false",
        ),
        (
            "crm.status.list",
            r#"{"select":["ID"]}"#,
            "parameter select",
        ),
    ] {
        workspace.write(
            "batch.json",
            &format!(r#"{{"a":{{"method":"{list}","params":{json}}}}}"#),
        );
        workspace.write("each.jsonl", &format!("{json}\n"));
        for (args, code) in [
            (&["call", list, "--json", json][..], 2),
            (&["export", list, "--json", json, "-o", "-"], 2),
            (&["batch", "batch.json", "-o", "-"], 2),
            (&["call", list, "--each", "each.jsonl", "-o", "-"], 3),
        ] {
            let output = run(&workspace, &portal, args);
            let said = format!("{}{}", stderr(&output), stdout(&output));
            assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
            assert!(said.contains(why), "{args:?}: {said}");
        }
    }
    let counted = portal.server.portal().stats();
    assert_eq!(counted.calls("crm.status.list"), 0);
}
