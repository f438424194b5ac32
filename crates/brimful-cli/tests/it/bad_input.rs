//! Whatever is wrong is named in one line, with portal, method and what arrived, and the exit code says which kind it
//! is.

use brimful_portal::PortalConfig;
use serde_json::{Value, json};

use crate::support::{
    Desk, Received, assert_story, json_response, portal, response, same_for_all, server, stderr,
};

fn export(portal: &str) -> (Desk, std::process::Output) {
    let desk = Desk::new();
    let output = desk.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        portal,
        "-o",
        "leads.jsonl",
    ]);
    (desk, output)
}

#[test]
fn an_address_without_a_scheme() {
    let (_, output) = export("example.bitrix24.ru/rest/1/s3cr3tc0de42/");
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address has no scheme: write https://example.bitrix24.ru/rest/…
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn an_address_without_a_code() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/");
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address (https://example.bitrix24.ru) has no webhook code; it looks like https://portal.bitrix24.ru/rest/1/code/
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn an_address_with_a_method_in_it() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/s3cr3tc0de42/crm.lead.list.json");
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: the portal's address already has a method in it: leave out "crm.lead.list.json" and give it as the method
    hint: the address of a webhook is made in the portal, under Developer resources, Inbound webhook
    "#);
}

#[test]
fn no_portal_at_all() {
    let output = Desk::new().run(&["export", "crm.lead.list", "-o", "leads.jsonl"]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: no portal is given
    hint: give the address of a webhook with --portal or in BRIMFUL_PORTAL; --portal demo is one to try it on
    "#);
}

#[test]
fn an_address_in_the_place_of_the_method() {
    let output = Desk::new().run(&[
        "export",
        "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
        "-o",
        "leads.jsonl",
    ]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value 'https://example.bitrix24.ru/rest/1/…/' for '<METHOD>': that is an address: give the method first, such as crm.lead.list, and the address with --portal

    For more information, try '--help'.
    "#);
}

#[test]
fn a_filter_with_its_sign_behind_the_field() {
    let output = Desk::new().run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "-o",
        "-",
        "--filter",
        "ID>=100",
    ]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value 'ID>=100' for '--filter <CONDITION>': the sign stands before the field: write it as '>=ID=100'

    For more information, try '--help'.
    "#);
}

#[test]
fn the_same_condition_twice() {
    let output = Desk::new().run(&[
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
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: --filter has STATUS_ID twice, and a filter holds it once
    hint: for one of several values: --filter '@STATUS_ID=A,B'
    "#);
}

#[test]
fn parameters_that_are_no_json() {
    let output = Desk::new().run(&[
        "call",
        "crm.lead.get",
        "--portal",
        "demo",
        "--json",
        "{id: 1}",
    ]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: --json is not JSON: key must be a string at line 1 column 2
    "#);
}

#[test]
fn a_list_that_is_to_begin_in_the_middle() {
    let output = Desk::new().run(&[
        "export",
        "crm.lead.list",
        "--portal",
        "demo",
        "-o",
        "-",
        "--param",
        "start=50",
    ]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    demo portal at 127.0.0.1:PORT: 152,340 leads and more; 50 requests at once, 2 a second
    error: a whole list has no start: leave it out, or call the method once
    "#);
}

#[test]
fn a_method_that_the_catalogue_does_not_have_is_sent_all_the_same() {
    let portal = server(|_| {
        response(
            "404 Not Found",
            "application/json",
            r#"{"error":"ERROR_METHOD_NOT_FOUND","error_description":"Method not found!"}"#,
        )
    });
    let output = Desk::new().run(&["call", "crm.leed.list", "--portal", &portal]);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    warning: the catalogue has no method crm.leed.list, did you mean crm.lead.list? It is sent all the same
    error: crm.leed.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: ERROR_METHOD_NOT_FOUND: Method not found!
    hint: did you mean crm.lead.list?
    "#);
}

#[test]
fn a_portal_that_nobody_answers_for() {
    // Port 1 of this machine is nobody's.
    let (desk, output) = export("http://127.0.0.1:1/rest/1/s3cr3tc0de42/");
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: could not connect: Connection refused (os error 111) (after 3 attempts)
    hint: is the address right, and can this machine reach the portal? -v shows what the network said
    "#);
    assert!(desk.files().is_empty());
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
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent an HTML page instead of JSON: Sign in (after 3 attempts)
    hint: this is not how a Bitrix24 portal answers: is the address right, is a proxy in between?
    "#);
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_answers_nothing() {
    let portal = server(|_| response("200 OK", "application/json", ""));
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent an empty body (after 3 attempts)
    hint: this is not how a Bitrix24 portal answers: is the address right, is a proxy in between?
    "#);
    assert!(desk.files().is_empty());
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
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent JSON that breaks off after 27 bytes (after 3 attempts)
    hint: this is not how a Bitrix24 portal answers: is the address right, is a proxy in between?
    "#);
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_breaks_the_connection() {
    let portal = server(|_| Vec::new());
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the connection broke: connection closed before message completed (after 3 attempts)
    hint: is the address right, and can this machine reach the portal? -v shows what the network said
    "#);
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_answers_an_error_with_status_200() {
    let portal = server(|_| {
        json_response(
            &json!({"error": "ACCESS_DENIED", "error_description": "REST is available only on commercial plans."}),
        )
    });
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: ACCESS_DENIED: REST is available only on commercial plans.
    hint: the webhook's user may not do this, or the portal's plan has no REST API
    "#);
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_has_moved_without_saying_where() {
    let portal = server(|_| {
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    });
    let (_, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered 302 Found without saying where it has moved to
    "#);
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
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal answered: INVALID_CREDENTIALS: Invalid request credentials
    hint: the portal does not know this webhook: check its user and code, or make a new one
    "#);
}

#[test]
fn a_result_that_is_no_list() {
    let portal = server(|received: &Received| same_for_all(received, &json!("OK"), 1));
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 1
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the portal sent a result without rows: command p0: a string
    hint: this is not how a Bitrix24 portal answers: is the address right, is a proxy in between?
    "#);
    assert!(desk.files().is_empty());
}

/// Fifty rows, whatever was asked for.
fn first_page() -> Value {
    (1..=50).map(|id| json!({"ID": id.to_string()})).collect()
}

#[test]
fn a_list_that_stops_advancing() {
    let portal = server(|received| same_for_all(received, &first_page(), 1000));
    let (desk, output) = export(&portal);
    assert_story!(output, @r#"
    exit code 3
    --- stderr
    error: crm.lead.list at http://127.0.0.1:PORT/rest/1/…/: the list cannot be read to its end: the portal counts 1000 rows, and behind 50 of them comes the first page again: it does not take the place of a page
    kept: 50 leads in leads.jsonl.partial, the last with ID 50
    "#);
    assert_eq!(desk.files(), ["leads.jsonl.partial"]);
}

/// Editors and shells of Windows write it before text.
const MARK: &str = "\u{feff}";

#[test]
fn a_byte_order_mark_before_the_input_is_no_part_of_it() {
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 9)
        .rows("user", 1);
    let (desk, portal) = (Desk::new(), portal(config));
    desk.write("ids.txt", &format!("{MARK}7\r\n\r\n8\r\n"));
    desk.write("calls.jsonl", &format!("{MARK}{{\"id\": 7}}\r\n"));
    desk.write("batch.json", &format!("{MARK}{{\"me\": \"user.current\"}}"));
    desk.write("params.json", &format!("{MARK}{{\"id\": 7}}"));
    for args in [
        &["get", "crm.lead.get", "--ids", "ids.txt"][..],
        &["call", "crm.lead.get", "--each", "calls.jsonl", "-o", "-"],
        &["batch", "batch.json"],
        &["call", "crm.lead.get", "--json", "@params.json"],
    ] {
        let url = portal.url();
        let output = desk.run(&[args, &["--portal", &url]].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn standard_input_that_is_to_be_read_twice() {
    let desk = Desk::new();
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
        let output = desk.run(&[args, &portal].concat());
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            stderr(&output),
            "error: standard input is to be read twice: by --json too\n\
             hint: --json @FILE reads the parameters from a file\n"
        );
    }
    assert!(desk.files().is_empty());
}

#[test]
fn a_file_that_is_read_is_not_written_over() {
    let (desk, portal) = (
        Desk::new(),
        portal(PortalConfig::unlimited().rows("crm.lead", 9)),
    );
    desk.write("ids.txt", "7\n");
    desk.write("calls.jsonl", "{\"id\": 7}\n");
    desk.write("batch.json", "{\"me\": \"user.current\"}");
    desk.write("left.jsonl.partial", "7\n");
    let call = ["call", "crm.lead.get", "--each", "calls.jsonl", "-o"];
    let before = desk.files();
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
    ] {
        let url = portal.url();
        let output = desk.run(&[args, &["--portal", &url]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.contains(" is read, so it cannot be written to\nhint: -o names another file"),
            "{said}"
        );
    }
    assert_eq!(desk.files(), before);
    assert_eq!(desk.rows("calls.jsonl"), [json!({"id": 7})]);
    assert_eq!(portal.server.portal().stats().requests, 0);
}
