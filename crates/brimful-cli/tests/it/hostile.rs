//! What was found by trying to do harm with the program: nothing unmeant is done, and the fate of every write is told.

use std::io::Read;
use std::process::{Output, Stdio};
use std::time::Duration;

use brimful_portal::{Fault, PortalConfig, When};

use crate::support::{Running, Workspace, portal, rows, stderr, stdout};

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
fn what_is_no_id_is_refused_unless_it_is_to_be_sent_unchecked() {
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
            .rows("o.jsonl.partial")
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
        Fault::Reset(When::AfterWork),
        Fault::Status(502, When::AfterWork),
        Fault::Html(When::AfterWork),
    ] {
        for args in [
            &["call", "crm.lead.add", "--param", "fields[TITLE]=x"][..],
            &["tasks", "add", "x", "--responsible", "1"],
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
    while portal.server.portal().stats().requests == before {
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
    let portal = portal(PortalConfig::unlimited().latency(Duration::from_secs(600)));
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
        (&["tasks", "add", "x", "--responsible", "1"], "-HUP", 129),
    ] {
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
