//! Items by their IDs.

use std::io::Write as _;
use std::process::Stdio;

use brimful_portal::{Faults, PortalConfig};
use serde_json::{Value, json};

use crate::support::{
    Workspace, assert_transcript, json_response, portal, rows, server, stderr, stdout,
};

fn leads(rows: u64) -> PortalConfig {
    PortalConfig::unlimited().rows("crm.lead", rows)
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

#[test]
fn every_id_has_a_line_in_the_order_given() {
    let (workspace, portal) = (Workspace::new(), portal(leads(10)));
    let output = workspace.run(&[
        "get",
        "crm.lead.get",
        "7",
        "3,99",
        "5",
        "7",
        "--portal",
        &portal.url(),
        "-o",
        "out.jsonl",
    ]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.starts_with("4 items in "), "{said}");
    assert!(said.contains(" s: 3 done, 1 failed; out.jsonl ("), "{said}");
    let rows = workspace.rows("out.jsonl");
    assert_eq!(ids(&rows), [7, 3, 99, 5]);
    assert_eq!(rows[0]["outcome"], "done");
    assert_eq!(rows[0]["result"]["ID"], "7");
    assert_eq!(
        rows[2],
        json!({"id": 99, "outcome": "failed", "error": "", "error_description": "Not found"})
    );
}

#[test]
fn a_method_that_writes_is_no_way_to_get_anything() {
    let (workspace, portal) = (Workspace::new(), portal(leads(9)));
    let output = workspace.run(&["get", "crm.lead.delete", "7", "--portal", &portal.url()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("crm.lead.delete may write"), "{said}");
    let lead = workspace.run(&["get", "crm.lead.get", "7", "--portal", &portal.url()]);
    assert_eq!(lead.status.code(), Some(0));
}

#[test]
fn ids_may_have_spaces_between_them_in_one_word_too() {
    let (workspace, portal) = (Workspace::new(), portal(leads(9)));
    let url = portal.url();
    let output = workspace.run(&["get", "crm.lead.get", "7 8,\n9", "1", "--portal", &url]);
    assert_eq!(ids(&rows(&stdout(&output))), [7, 8, 9, 1]);
}

#[test]
fn results_alone_are_as_the_portal_wrote_them() {
    let portal = server(|received| {
        let commands = received.body["cmd"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let results: Value = commands
            .keys()
            .map(|name| (name.clone(), json!({"N": 1.10, "T": "Анна"})))
            .collect();
        json_response(&json!({"result": {"result": results, "result_error": []}}))
    });
    let output = Workspace::new().run(&[
        "get",
        "crm.lead.get",
        "1",
        "--result",
        "--portal",
        &portal,
        "-q",
    ]);
    assert_eq!(stdout(&output), "{\"N\":1.1,\"T\":\"Анна\"}\n");
}

#[test]
fn a_file_that_lacks_results_does_not_look_whole() {
    let (workspace, portal) = (Workspace::new(), portal(leads(10)));
    let output = workspace.run(&[
        "get",
        "crm.lead.get",
        "7,99",
        "--result",
        "--portal",
        &portal.url(),
        "-o",
        "out.jsonl",
    ]);
    assert_transcript!(output, @r#"
    exit code 3
    --- stderr
    warning: crm.lead.get 99: the portal answered: Not found
    error: crm.lead.get: not all IDs have a result
    kept: 2 items in out.jsonl.partial: 1 done, 1 failed
    "#);
    assert_eq!(workspace.files(), ["out.jsonl.partial"]);
}

#[test]
fn ids_come_from_a_file_or_a_pipe() {
    let (workspace, portal) = (Workspace::new(), portal(leads(300)));
    let all: Vec<String> = (1..=250).map(|id: u32| id.to_string()).collect();
    workspace.write("ids.txt", &all.join("\n"));
    let url = portal.url();
    let args = |file| {
        [
            "get",
            "crm.lead.get",
            "--ids",
            file,
            "--portal",
            &url,
            "--limit",
            "off",
        ]
    };
    let output = workspace.run(&args("ids.txt"));
    assert_eq!(
        ids(&rows(&stdout(&output))),
        (1..=250).collect::<Vec<u64>>()
    );
    let mut child = workspace
        .command(&args("-"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"5\n\n 9 \n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(ids(&rows(&stdout(&output))), [5, 9]);

    workspace.write("ids.txt", "1\n{\"ID\":\"2\"}\n");
    let output = workspace.run(&args("ids.txt"));
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: line 2 of ids.txt has more in it than an ID
    hint: every line is one ID: jq -r .ID makes such lines of an export
    "#);
}

#[test]
fn the_items_of_a_list_are_fetched_as_it_is_read() {
    let (workspace, portal) = (Workspace::new(), portal(leads(700)));
    let output = workspace.run(&[
        "get",
        "crm.lead.get",
        "--from",
        "crm.lead.list",
        "--filter",
        ">ID=100",
        "--portal",
        &portal.url(),
        "--limit",
        "off",
        "--result",
        "-o",
        "out.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        crate::support::ids(&workspace.rows("out.jsonl")),
        (101..=700).collect::<Vec<u64>>()
    );
}

#[test]
fn the_parameter_for_the_id_can_be_named() {
    let config = PortalConfig::unlimited().rows("1032", 60);
    let (workspace, portal) = (Workspace::new(), portal(config));
    let output = workspace.run(&[
        "get",
        "crm.item.get",
        "--from",
        "crm.item.list",
        "--from-param",
        "entityTypeId=1032",
        "--param",
        "entityTypeId=1032",
        "--id-param",
        "id",
        "--portal",
        &portal.url(),
        "--limit",
        "off",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!(rows.len(), 60);
    assert_eq!(rows[4]["result"]["item"]["id"], 5);
}

#[test]
fn faults_of_the_network_are_not_seen_in_the_result() {
    for fault in [
        "503",
        "429",
        "500-before",
        "502-after",
        "reset-after",
        "truncated",
        "html-before",
    ] {
        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let (workspace, portal) = (Workspace::new(), portal(leads(200).faults(faults)));
        let all: Vec<String> = (1..=200).map(|id: u32| id.to_string()).collect();
        let output = workspace.run(&[
            "get",
            "crm.lead.get",
            &all.join(","),
            "--result",
            "--portal",
            &portal.url(),
            "--limit",
            "off",
            "-o",
            "out.jsonl",
        ]);
        assert!(output.status.success(), "{fault}: {}", stderr(&output));
        assert_eq!(workspace.rows("out.jsonl").len(), 200, "{fault}");
    }
}

#[test]
fn a_portal_that_is_not_there_is_an_outcome_of_every_id() {
    let output = Workspace::new().run(&[
        "get",
        "crm.lead.get",
        "1",
        "2",
        "--portal",
        "http://127.0.0.1:1/rest/1/s3cr3tc0de42/",
    ]);
    assert_eq!(output.status.code(), Some(3));
    for row in rows(&stdout(&output)) {
        assert_eq!(row["outcome"], "not_run");
    }
}

#[test]
fn without_ids_there_is_nothing_to_ask_for() {
    let output = Workspace::new().run(&["get", "crm.lead.get", "--portal", "demo"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: no ID is given
    hint: give IDs behind the method, in a file with --ids, or those of a list with --from
    "#);
}

#[test]
fn an_id_that_a_portal_would_cut_to_its_first_digits_is_refused() {
    let (workspace, portal) = (Workspace::new(), portal(leads(20)));
    for id in ["1.5", "12abc", "1e1"] {
        let output = workspace.run(&["get", "crm.lead.get", id, "--portal", &portal.url()]);
        assert_eq!(output.status.code(), Some(2), "{id}");
        let said = stderr(&output);
        assert!(
            said.contains("the portal would show the record 1"),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_method_that_is_not_known_to_take_an_id_names_the_option_that_says_where_it_goes() {
    let (workspace, portal) = (Workspace::new(), portal(leads(1)));
    for method in ["user.search", "calendar.event.get"] {
        let output = workspace.run(&["get", method, "7", "--portal", &portal.url()]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("hint: name it with --id-param"), "{said}");
    }
    assert_eq!(portal.server.portal().stats().requests, 0);
}
