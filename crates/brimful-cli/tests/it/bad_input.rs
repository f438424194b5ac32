//! Whatever is wrong is named in one line, with portal, method and what arrived, and the exit code says which kind it
//! is.

use serde_json::{Value, json};

use crate::support::{Desk, Received, assert_story, json_response, response, same_for_all, server};

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
    assert_story!(output, @"");
}

#[test]
fn an_address_without_a_code() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/");
    assert_story!(output, @"");
}

#[test]
fn an_address_with_a_method_in_it() {
    let (_, output) = export("https://example.bitrix24.ru/rest/1/s3cr3tc0de42/crm.lead.list.json");
    assert_story!(output, @"");
}

#[test]
fn no_portal_at_all() {
    let output = Desk::new().run(&["export", "crm.lead.list", "-o", "leads.jsonl"]);
    assert_story!(output, @"");
}

#[test]
fn an_address_in_the_place_of_the_method() {
    let output = Desk::new().run(&[
        "export",
        "https://example.bitrix24.ru/rest/1/s3cr3tc0de42/",
        "-o",
        "leads.jsonl",
    ]);
    assert_story!(output, @"");
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
    assert_story!(output, @"");
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
    assert_story!(output, @"");
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
    assert_story!(output, @"");
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
    assert_story!(output, @"");
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
    assert_story!(output, @"");
}

#[test]
fn a_portal_that_nobody_answers_for() {
    // Port 1 of this machine is nobody's.
    let (desk, output) = export("http://127.0.0.1:1/rest/1/s3cr3tc0de42/");
    assert_story!(output, @"");
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
    assert_story!(output, @"");
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_answers_nothing() {
    let portal = server(|_| response("200 OK", "application/json", ""));
    let (desk, output) = export(&portal);
    assert_story!(output, @"");
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
    assert_story!(output, @"");
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_breaks_the_connection() {
    let portal = server(|_| Vec::new());
    let (desk, output) = export(&portal);
    assert_story!(output, @"");
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
    assert_story!(output, @"");
    assert!(desk.files().is_empty());
}

#[test]
fn a_portal_that_has_moved() {
    let portal = server(|_| {
        b"HTTP/1.1 302 Found\r\nLocation: https://new.bitrix24.ru/rest/1/s3cr3tc0de42/batch\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
    });
    let (_, output) = export(&portal);
    assert_story!(output, @"");
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
    assert_story!(output, @"");
}

#[test]
fn a_result_that_is_no_list() {
    let portal = server(|received: &Received| same_for_all(received, &json!("OK"), 1));
    let (desk, output) = export(&portal);
    assert_story!(output, @"");
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
    assert_story!(output, @"");
    assert_eq!(desk.files(), ["leads.jsonl.partial"]);
}
