//! Whatever is wrong is named in one line, with portal, method and what arrived, and the exit code says which kind it
//! is.

use brimful_portal::PortalConfig;
use serde_json::{Value, json};

use crate::support::{
    Received, Workspace, assert_transcript, json_response, portal, response, same_for_all, server,
    stderr,
};

fn export(portal: &str) -> (Workspace, std::process::Output) {
    let workspace = Workspace::new();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        portal,
        "-o",
        "leads.jsonl",
    ]);
    (workspace, output)
}

#[test]
fn an_address_without_a_scheme() {
    let (_, output) = export("example.bitrix24.ru/rest/1/s3cr3tc0de42/");
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address has no scheme: write https://example.bitrix24.ru/rest/…
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn an_address_without_a_code() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/");
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address (https://example.bitrix24.ru) has no webhook code; it looks like https://portal.bitrix24.ru/rest/1/code/
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn an_address_with_a_method_in_it() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/s3cr3tc0de42/crm.lead.list.json");
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address already has a method in it: leave out "crm.lead.list.json" and give it as the method
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn no_portal_at_all() {
    let output = Workspace::new().run(&["export", "crm.lead.list", "-o", "leads.jsonl"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: no portal is given
    hint: give the address of a webhook with --portal or in BRIMFUL_PORTAL; --portal demo is one to try it on
    "#);
}

#[test]
fn an_address_in_the_place_of_the_method() {
    let output = Workspace::new().run(&[
        "export",
        "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
        "-o",
        "leads.jsonl",
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value 'https://example.bitrix24.ru/rest/1/…/' for '<METHOD>': that is an address: give the method first, such as crm.lead.list, and the address with --portal

    For more information, try '--help'.
    "#);
}

#[test]
fn a_filter_with_its_sign_behind_the_field() {
    let output = Workspace::new().run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "-o",
        "-",
        "--filter",
        "ID>=100",
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value 'ID>=100' for '--filter <CONDITION>': the sign stands before the field: write it as '>=ID=100'

    For more information, try '--help'.
    "#);
}

#[test]
fn the_same_condition_twice() {
    let output = Workspace::new().run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "-o",
        "-",
        "--filter",
        "STATUS_ID=NEW",
        "--filter",
        "STATUS_ID=IN_PROCESS",
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: --filter has STATUS_ID twice, and a filter holds it once
    hint: for one of several values: --filter '@STATUS_ID=A,B'
    "#);
}

#[test]
fn parameters_that_are_not_json() {
    let output = Workspace::new().run(&[
        "call",
        "crm.lead.get",
        "--portal",
        "demo",
        "--json",
        "{id: 1}",
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: --json is not JSON: key must be a string at line 1 column 2
    hint: --json takes JSON, such as '{"id": 1}', or @FILE or - to read it from there
    "#);
}

#[test]
fn a_list_that_is_to_begin_in_the_middle() {
    let output = Workspace::new().run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "-o",
        "-",
        "--param",
        "start=50",
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    demo portal at 127.0.0.1:PORT: 152,340 leads and more; 50 requests at once, 2 a second
    error: a whole list has no start: leave it out, or call the method once
    "#);
}

#[test]
fn a_method_that_the_catalogue_does_not_have_is_called_anyway() {
    let portal = server(|_| {
        response(
            "404 Not Found",
            "application/json",
            r#"{"error":"ERROR_METHOD_NOT_FOUND","error_description":"Method not found!"}"#,
        )
    });
    let output = Workspace::new().run(&["call", "crm.leed.list", "--portal", &portal]);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    warning: the catalogue has no method crm.leed.list, did you mean crm.lead.list? Calling it anyway
    error: crm.leed.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: ERROR_METHOD_NOT_FOUND: Method not found!
    hint: did you mean crm.lead.list?
    "#);
}

#[test]
fn a_portal_that_nobody_answers_for() {
    // Port 1 of this machine is nobody's.
    let (workspace, output) = export("http://127.0.0.1:1/rest/1/s3cr3tc0de42/");
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: could not connect: Connection refused (os error 111) (after 3 attempts)
    hint: check the address, and whether this machine can reach the portal; -v shows what the network said
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_answers_html() {
    let portal = server(|_| {
        response(
            "200 OK",
            "text/html",
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body>…</body></html>",
        )
    });
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent an HTML page instead of JSON: Sign in (after 3 attempts)
    hint: a Bitrix24 portal answers in another way: check the address, and whether a proxy is in between
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_answers_nothing() {
    let portal = server(|_| response("200 OK", "application/json", ""));
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent an empty body (after 3 attempts)
    hint: a Bitrix24 portal answers in another way: check the address, and whether a proxy is in between
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_answers_half_a_json() {
    let portal = server(|_| {
        response(
            "200 OK",
            "application/json",
            r#"{"result":{"result":{"p0":["#,
        )
    });
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent JSON that breaks off after 27 bytes (after 3 attempts)
    hint: a Bitrix24 portal answers in another way: check the address, and whether a proxy is in between
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_breaks_the_connection() {
    let portal = server(|_| Vec::new());
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the connection broke: connection closed before message completed (after 3 attempts)
    hint: check the address, and whether this machine can reach the portal; -v shows what the network said
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_answers_an_error_with_status_200() {
    let portal = server(|_| {
        json_response(
            &json!({"error": "ACCESS_DENIED", "error_description": "REST is available only on commercial plans."}),
        )
    });
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: ACCESS_DENIED: REST is available only on commercial plans.
    hint: the webhook's user may not do this, or the portal's plan has no REST API
    "#);
    assert!(workspace.files().is_empty());
}

#[test]
fn a_portal_that_has_moved_without_saying_where() {
    let portal = server(|_| {
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    });
    let (_, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered 302 Found without saying where it has moved to
    "#);
}

#[test]
fn a_portal_that_has_moved_is_named_once() {
    let there = crate::support::portal(PortalConfig::unlimited());
    let address = there.url();
    let origin = address.split("/rest/").next().unwrap().to_owned();
    let here = crate::support::portal(PortalConfig::unlimited().moved_to(origin));
    let workspace = Workspace::new();
    let output = workspace.run(&["call", "user.current", "--result", "--portal", &here.url()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert_eq!(
        said.matches("warning: the portal has moved from 127.0.0.1:")
            .count(),
        1,
        "{said}"
    );
}

#[test]
fn a_webhook_that_the_portal_does_not_know() {
    let portal = server(|_| {
        response(
            "401 Unauthorized",
            "application/json",
            r#"{"error":"INVALID_CREDENTIALS","error_description":"Invalid request credentials"}"#,
        )
    });
    let (_, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: INVALID_CREDENTIALS: Invalid request credentials
    hint: the portal does not know this webhook: check its user and code, or make a new one
    "#);
}

#[test]
fn a_result_that_is_not_a_list() {
    let portal = server(|received: &Received| same_for_all(received, &json!("OK"), 1));
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent a result without rows: command p0: a string
    hint: a Bitrix24 portal answers in another way: check the address, and whether a proxy is in between
    "#);
    assert!(workspace.files().is_empty());
}

/// Fifty rows, whatever was asked for.
fn first_page() -> Value {
    (1..=50).map(|id| json!({"ID": id.to_string()})).collect()
}

#[test]
fn a_list_that_stops_advancing() {
    let portal = server(|received| same_for_all(received, &first_page(), 1000));
    let (workspace, output) = export(&portal);
    assert_transcript!(output, @r#"
    exit code 3
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the list cannot be read to its end: the portal counts 1000 rows, and behind 50 of them comes the first page again: it does not take the place of a page
    kept: 50 leads in leads.jsonl.partial, the last with ID 50
    "#);
    assert_eq!(
        workspace.files(),
        ["leads.jsonl.partial", "leads.jsonl.partial.json"]
    );
}

/// Editors and shells of Windows write it before text.
const MARK: &str = "\u{feff}";

#[test]
fn a_byte_order_mark_before_the_input_is_not_part_of_it() {
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 9)
        .rows("user", 1);
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write("ids.txt", &format!("{MARK}7\r\n\r\n8\r\n"));
    workspace.write("calls.jsonl", &format!("{MARK}{{\"id\": 7}}\r\n"));
    workspace.write("batch.json", &format!("{MARK}{{\"me\": \"user.current\"}}"));
    workspace.write("params.json", &format!("{MARK}{{\"id\": 7}}"));
    for args in [
        &["get", "crm.lead.get", "--ids", "ids.txt"][..],
        &["call", "crm.lead.get", "--each", "calls.jsonl", "-o", "-"],
        &["batch", "batch.json"],
        &["call", "crm.lead.get", "--json", "@params.json"],
    ] {
        let url = portal.url();
        let output = workspace.run(&[args, &["--portal", &url]].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn standard_input_that_is_to_be_read_twice() {
    let workspace = Workspace::new();
    for args in [
        &["get", "crm.lead.get", "--ids", "-"][..],
        &["call", "crm.lead.get", "--each", "-", "-o", "out.jsonl"],
    ] {
        let portal = [
            "--json",
            "-",
            "--portal",
            "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
        ];
        let output = workspace.run(&[args, &portal].concat());
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            stderr(&output),
            "error: standard input is named twice: as the file and by --json -\n\
             hint: --json @FILE reads the parameters from a file\n"
        );
    }
    assert!(workspace.files().is_empty());
}

#[test]
fn a_file_that_is_read_is_not_written_over() {
    let (workspace, portal) = (
        Workspace::new(),
        portal(PortalConfig::unlimited().rows("crm.lead", 9)),
    );
    workspace.write("ids.txt", "7\n");
    workspace.write("calls.jsonl", "{\"id\": 7}\n");
    workspace.write("batch.json", "{\"me\": \"user.current\"}");
    workspace.write("left.jsonl.partial", "7\n");
    let call = ["call", "crm.lead.get", "--each", "calls.jsonl", "-o"];
    let before = workspace.files();
    for args in [
        &["get", "crm.lead.get", "--ids", "ids.txt", "-o", "ids.txt"][..],
        &[
            "get",
            "crm.lead.get",
            "--ids",
            "left.jsonl.partial",
            "-o",
            "left.jsonl",
        ],
        &[&call[..], &["./calls.jsonl"]].concat(),
        &[&call[..], &["calls.jsonl", "--resume"]].concat(),
        &["batch", "batch.json", "-o", "batch.json"],
        &[
            "export",
            "crm.lead.list",
            "--json",
            "@batch.json",
            "-o",
            "batch.json",
        ],
        &[
            "call",
            "crm.lead.list",
            "--json",
            "@batch.json",
            "-o",
            "./batch.json",
        ],
        &[
            "get",
            "crm.lead.get",
            "--ids",
            "ids.txt",
            "--json",
            "@batch.json",
            "-o",
            "batch.json",
        ],
    ] {
        let url = portal.url();
        let output = workspace.run(&[args, &["--portal", &url]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.contains(" is both input and output\nhint: name another file with -o"),
            "{said}"
        );
    }
    assert_eq!(workspace.files(), before);
    assert_eq!(workspace.rows("calls.jsonl"), [json!({"id": 7})]);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

#[cfg(unix)]
#[test]
fn a_report_that_would_replace_what_the_run_writes_is_refused_before_anything_is_asked_for() {
    let (workspace, portal) = (Workspace::new(), portal(deals()));
    std::os::unix::fs::symlink("rows.jsonl", workspace.path("link.html")).unwrap();
    let before = workspace.files();
    let url = portal.url();
    let export = ["export", "crm.deal.list", "--portal", &url, "--top", "2"];
    for (to, report) in [
        (["-o", "rows.jsonl"], "rows.jsonl"),
        (["-o", "rows.jsonl"], "./rows.jsonl"),
        (["-o", "rows.jsonl"], "link.html"),
        (["-o", "rows.jsonl"], "rows.jsonl.partial"),
        (["-o", "rows.csv"], "rows.csv.errors.jsonl"),
        (["-o", "rows.csv"], "rows.csv.partial.json"),
        (["--to", "sqlite:portal.db"], "portal.db"),
    ] {
        let output = workspace.run(&[&export[..], &to, &["--report", report]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{to:?} {report}: {said}");
        assert!(
            said.contains("is what the run itself writes: --report would replace it"),
            "{said}"
        );
    }
    assert_eq!(workspace.files(), before);
    assert_eq!(portal.server.portal().stats().requests, 0);
}

fn deals() -> PortalConfig {
    PortalConfig::unlimited()
        .rows("deal", 200)
        .rows("department", 5)
}

/// Runs an export to `rows.jsonl`.
fn export_with(portal: &str, args: &[&str]) -> (Workspace, std::process::Output) {
    let workspace = Workspace::new();
    let all = [&["export"], args, &["--portal", portal, "-o", "rows.jsonl"]].concat();
    let output = workspace.run(&all);
    (workspace, output)
}

#[test]
fn a_field_that_the_entity_does_not_have_is_refused_before_a_row_is_written() {
    let portal = portal(deals());
    let args = [
        "crm.deal.list",
        "--select",
        "id,TITLE",
        "--filter",
        "stage_id=WON",
    ];
    let (workspace, output) = export_with(&portal.url(), &args);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: crm.deal.list: the filter has stage_id, which is not a field (did you mean STAGE_ID?); the select has id, which is not a field (did you mean ID?)
    hint: brimful fields crm.deal.list shows the fields; --no-check sends everything as it is
    "#);
    assert!(workspace.files().is_empty());
    let (workspace, output) = export_with(&portal.url(), &[&args[..], &["--no-check"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(workspace.rows("rows.jsonl").len(), 200);
}

#[test]
fn a_list_that_ids_come_from_is_checked_too() {
    let (workspace, portal) = (Workspace::new(), portal(deals()));
    let output = workspace.run(&[
        "get",
        "crm.deal.get",
        "--from",
        "crm.deal.list",
        "--filter",
        "stageId=WON",
        "--portal",
        &portal.url(),
    ]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: crm.deal.list: the filter has stageId, which is not a field (did you mean STAGE_ID?)
    hint: brimful fields crm.deal.list shows the fields; --no-check sends everything as it is
    "#);
}

#[test]
fn a_value_that_a_field_cannot_have_is_refused() {
    let portal = portal(deals());
    let args = ["crm.deal.list", "--filter", ">OPPORTUNITY=1 000 000"];
    let (_, output) = export_with(&portal.url(), &args);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: crm.deal.list: OPPORTUNITY is "1 000 000": write the number without blanks, 1000000
    hint: brimful fields crm.deal.list shows the fields; --no-check sends everything as it is
    "#);
}

#[test]
fn a_filter_of_a_list_without_one_is_shown_as_parameters() {
    let portal = portal(deals());
    let (_, output) = export_with(&portal.url(), &["department.get", "--filter", "NAME=Sales"]);
    assert_transcript!(output, @r#"
    exit code 2
    --- stderr
    error: department.get has no filter: its conditions are parameters of their own
    hint: --param NAME=Sales
    "#);
}

#[test]
fn a_filter_that_is_not_documented_is_refused_where_parameters_are_read_by_place_too() {
    let rows = json!([{"ID": "1"}]);
    let portal = server(move |received| same_for_all(received, &rows, 1));
    let args = ["task.logitem.list", "--filter", "SORT=1"];
    let (_, output) = export_with(&portal, &args);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output)
            .contains("task.logitem.list has no filter, and the portal would pass SORT over")
    );
}

#[test]
fn rows_without_their_id_are_said() {
    let rows = json!([{"TITLE": "a"}, {"TITLE": "b"}]);
    let portal = portal(deals().reply("my.own.list", rows));
    let (_, output) = export_with(&portal.url(), &["my.own.list", "--walk", "whole"]);
    assert!(
        stderr(&output).contains("2 rows came without ID"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_command_whose_deadline_passes_ends_with_exit_code_3() {
    let portal = portal(deals());
    let workspace = Workspace::new();
    workspace.write("ids.jsonl", "{\"id\":1}\n{\"id\":2}\n");
    let commands = [
        "export crm.deal.list -o deals.jsonl",
        "get crm.deal.get --from crm.deal.list -o got.jsonl",
        "call crm.deal.get --each ids.jsonl -o outcomes.jsonl",
        "tasks list -o tasks.jsonl",
        "sync crm.deal --to sqlite:portal.db",
    ];
    for command in commands {
        let url = portal.url();
        // Nothing is answered so quickly.
        let ending = ["--portal", &url, "--deadline", "1us"];
        let args: Vec<&str> = command.split(' ').chain(ending).collect();
        let output = workspace.run(&args);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{command}: {}",
            stderr(&output)
        );
        let outcomes = if command.contains("--each") {
            let rows = workspace.rows("outcomes.jsonl");
            Value::Array(rows).to_string()
        } else {
            String::new()
        };
        let said = stderr(&output) + &outcomes;
        assert!(said.contains("deadline"), "{command}: {said}");
    }
}

#[test]
fn rows_whose_ids_are_texts_or_negative_are_not_said_to_have_none() {
    let rows = json!([{"ID": "a1"}, {"ID": -7}, {"ID": "-8"}, {"ID": 9}]);
    let portal = portal(deals().reply("my.own.list", rows));
    let (_, output) = export_with(&portal.url(), &["my.own.list", "--walk", "whole"]);
    assert!(
        !stderr(&output).contains("without ID"),
        "{}",
        stderr(&output)
    );
}
