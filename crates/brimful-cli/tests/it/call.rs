//! Single calls.

use brimful_portal::PortalConfig;
use serde_json::{Value, json};

use crate::support::{Workspace, assert_transcript, json_response, portal, server, stderr, stdout};

#[test]
fn the_reply_is_printed_as_it_came() {
    let body = json!({"result": {"ID": "1", "NAME": "Анна \u{0}"}, "time": {"start": 1}});
    let portal = server({
        let body = body.clone();
        move |_| json_response(&body)
    });
    let output = Workspace::new().run(&["call", "user.current", "--portal", &portal]);
    assert_eq!(stdout(&output), format!("{body}\n"));
}

#[test]
fn the_result_can_be_had_alone() {
    let portal = server(|_| json_response(&json!({"result": [1, 2], "total": 2})));
    let output = Workspace::new().run(&["call", "methods", "--result", "--portal", &portal]);
    assert_eq!(stdout(&output), "[1,2]\n");
}

#[test]
fn parameters_arrive_with_their_types() {
    let portal = server(|received| {
        json_response(
            &json!({"result": {"path": received.path.rsplit('/').next(), "body": received.body}}),
        )
    });
    let workspace = Workspace::new();
    workspace.write("lead.json", r#"{"fields": {"TITLE": "x"}}"#);
    let output = workspace.run(&[
        "call",
        "crm.lead.add",
        "--portal",
        &portal,
        "--result",
        "--json",
        "@lead.json",
        "--param",
        "fields[OPPORTUNITY]=12.5",
        "--param",
        "fields[PHONE][][VALUE]=+7 900",
        "--param",
        "params[REGISTER_SONET_EVENT]=N",
    ]);
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        result,
        json!({
            "path": "crm.lead.add",
            "body": {
                "fields": {"TITLE": "x", "OPPORTUNITY": 12.5, "PHONE": [{"VALUE": "+7 900"}]},
                "params": {"REGISTER_SONET_EVENT": "N"},
            },
        })
    );
}

#[test]
fn the_portals_refusal_is_an_error_with_what_it_said() {
    let portal = portal(PortalConfig::new());
    let output = Workspace::new().run(&[
        "call",
        "crm.lead.get",
        "--param",
        "id=777",
        "--portal",
        &portal.url(),
    ]);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.get at http://127.0.0.1:PORT/rest/1/…/: the portal answered: Not found
    "#);
}

#[test]
fn a_write_whose_answer_was_lost_is_not_repeated() {
    let portal = server(|_| Vec::new());
    let output = Workspace::new().run(&[
        "call",
        "crm.lead.add",
        "--param",
        "fields[TITLE]=x",
        "--portal",
        &portal,
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).ends_with(
            "hint: crm.lead.add may have run: look in the portal before calling it again\n"
        ),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("attempts"), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_is_not_sent_where_its_reply_cannot_be_written() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.add",
        "--param",
        "fields[TITLE]=x",
        "--portal",
        &url,
    ];
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = workspace.command(&args).stdout(full).output().unwrap();
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: could not write to standard output: No space left on device (os error 28)
    "#);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

/// The pipe takes a part of the reply, and then its reader goes.
#[cfg(unix)]
#[test]
fn a_reply_that_cannot_be_written_is_no_sign_that_nothing_ran() {
    let workspace = Workspace::new();
    let long = "x".repeat(1 << 20);
    let reply = format!("{{\"result\":{{\"ID\":1,\"TEXT\":\"{long}\"}}}}");
    let reply = serde_json::from_str(&reply).unwrap();
    let portal = portal(PortalConfig::unlimited().reply("crm.lead.add", reply));
    let url = portal.url();
    let mut child = workspace
        .command(&["call", "crm.lead.add", "--portal", &url])
        .env("TMPDIR", workspace.path("."))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = child.stdout.take().unwrap();
    std::io::Read::read_exact(&mut reader, &mut [0; 100]).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("crm.lead.add was called, but its reply could not be written"),
        "{said}"
    );
    let files = workspace.files();
    assert_eq!(files.len(), 1, "{said}");
    assert!(
        said.contains(&format!("the reply in {}", files[0])),
        "{said}"
    );
    let kept = std::fs::read_to_string(workspace.path(&files[0])).unwrap();
    assert!(kept.contains(&long));
}

#[test]
fn a_file_that_is_named_where_json_or_a_file_is_expected_is_named_right_in_the_hint() {
    let workspace = Workspace::new();
    workspace.write("p.json", r#"{"id": 1}"#);
    for (args, hint) in [
        (
            &["call", "crm.lead.get", "--json", "p.json"][..],
            "to read the file, write --json @p.json",
        ),
        (
            &["call", "crm.lead.get", "--json", "no such.json"],
            "to read the file, write --json '@no such.json'",
        ),
        (
            &["call", "crm.lead.get", "--json", "{id: 1}"],
            r#"--json takes JSON, such as '{"id": 1}', or @FILE or - to read it from there"#,
        ),
        (
            &["batch", "@p.json"],
            "the file is named without an @ here: p.json",
        ),
        (
            &["batch", r#"{"me": "profile"}"#],
            "the name of a file is expected here; - reads from standard input",
        ),
        (
            &["call", "crm.lead.get", "--each", "@p.json", "-o", "-"],
            "the file is named without an @ here: p.json",
        ),
        (
            &["get", "crm.lead.get", "--ids", "@p.json"],
            "the file is named without an @ here: p.json",
        ),
        (
            &[
                "r7",
                "call",
                "POST",
                "people",
                "--data",
                "p.json",
                "--token",
                "t0k3n-t0k3n",
            ],
            "to read the file, write --data @p.json",
        ),
    ] {
        let output = workspace.run(&[args, &["--portal", "demo"]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.contains(&format!("hint: {hint}\n")),
            "{args:?}: {said}"
        );
    }
}
