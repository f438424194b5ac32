//! The emulator as a program of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::support::{Desk, assert_story, ids, stderr};

/// A running emulator; it ends with the test.
struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    fn start(desk: &Desk, args: &[&str]) -> Self {
        let mut child = desk
            .command(&[&["portal", "--port", "0"], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            child,
            url: url.trim_end().to_owned(),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_address_is_the_first_line_and_has_the_real_port() {
    let desk = Desk::new();
    let emulator = Emulator::start(
        &desk,
        &["--user", "7", "--code", "abc", "--rows", "crm.deal=10"],
    );
    assert!(
        emulator.url.starts_with("http://127.0.0.1:"),
        "{}",
        emulator.url
    );
    assert!(emulator.url.ends_with("/rest/7/abc/"), "{}", emulator.url);
    assert!(!emulator.url.contains(":0/"), "{}", emulator.url);
}

#[test]
fn loaded_rows_come_out_as_they_went_in() {
    let desk = Desk::new();
    desk.write(
        "in.jsonl",
        "{\"ID\":\"161\",\"TITLE\":\"b\"}\n\n{\"ID\":\"7\",\"TITLE\":\"a\"}\n{\"ID\":\"35929\",\"TITLE\":\"c\"}\n",
    );
    let emulator = Emulator::start(&desk, &["--load", "crm.lead=in.jsonl"]);
    let output = desk.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &emulator.url,
        "--select",
        "ID,TITLE",
        "-o",
        "out.jsonl",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = desk.rows("out.jsonl");
    assert_eq!(ids(&rows), [7, 161, 35929]);
    assert_eq!(rows[2]["TITLE"], "c");
}

#[cfg(unix)]
#[test]
fn at_its_end_it_says_what_it_was_asked() {
    let desk = Desk::new();
    let mut emulator = Emulator::start(&desk, &["--rows", "crm.deal=120", "--limit", "off"]);
    desk.run(&[
        "export",
        "crm.deal.list",
        "--portal",
        &emulator.url,
        "-o",
        "out.jsonl",
    ]);
    let killed = std::process::Command::new("kill")
        .args(["-INT", &emulator.child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(emulator.child.wait().unwrap().success());
    let mut said = String::new();
    emulator
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("requests, "), "{said}");
    assert!(said.contains("0 refusals for the rate"), "{said}");
}

#[test]
fn an_entity_that_there_is_not() {
    let output = Desk::new().run(&["portal", "--port", "0", "--rows", "crm.unicorn=5"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: no entity \"crm.unicorn\": there are lead, "),
        "{said}"
    );
}

#[test]
fn a_line_that_is_no_row() {
    let desk = Desk::new();
    desk.write("in.jsonl", "{\"ID\":\"1\"}\n[1]\n");
    let output = desk.run(&["portal", "--port", "0", "--load", "crm.lead=in.jsonl"]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: line 2 of in.jsonl is no JSON object: invalid type: sequence, expected a map
    hint: every line holds one row, as an export writes it
    "#);
}

#[test]
fn a_duration_without_a_unit() {
    let output = Desk::new().run(&["portal", "--port", "0", "--latency", "50"]);
    assert_story!(output, @r#"
    exit code 2
    --- stderr
    error: invalid value '50' for '--latency <TIME>': the unit is missing: us, ms or s

    For more information, try '--help'.
    "#);
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Desk::new().run(&["portal", "--port", &port, "--rows", "crm.deal=1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: could not listen on 127.0.0.1:"));
}

#[test]
fn with_tls_a_client_that_trusts_the_authority_is_served_and_another_is_not() {
    let desk = Desk::new();
    let emulator = Emulator::start(
        &desk,
        &[
            "--tls",
            "--tls-ca",
            "ca.pem",
            "--rows",
            "crm.lead=120",
            "--limit",
            "off",
        ],
    );
    assert!(
        emulator.url.starts_with("https://localhost:"),
        "{}",
        emulator.url
    );
    let export = [
        "export",
        "crm.lead.list",
        "--portal",
        &emulator.url,
        "-o",
        "out.jsonl",
    ];
    let refused = desk.run(&export);
    assert!(!refused.status.success(), "{}", stderr(&refused));
    let output = desk
        .command(&export)
        .env("SSL_CERT_FILE", desk.path("ca.pem"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(desk.rows("out.jsonl").len(), 120);
}

#[test]
fn rows_behind_any_list_method_and_recorded_replies_can_be_loaded() {
    let desk = Desk::new();
    let orders: Vec<String> = (1..=120)
        .map(|id| format!("{{\"id\":{id},\"price\":{}.5}}", id * 10))
        .collect();
    desk.write("orders.jsonl", &orders.join("\n"));
    desk.write(
        "fields.json",
        r#"{"result":{"fields":{"id":{"type":"integer"}}},"time":{}}"#,
    );
    let emulator = Emulator::start(
        &desk,
        &[
            "--load",
            "sale.order.list=orders.jsonl",
            "--reply",
            "sale.order.getFields=fields.json",
            "--limit",
            "off",
        ],
    );
    let portal = ["--portal", &emulator.url];
    let export = ["export", "sale.order.list", "-o", "out.jsonl"];
    let exported = desk.run(&[&export[..], &portal].concat());
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert_eq!(desk.rows("out.jsonl").len(), 120);
    let called = desk.run(&[&["call", "sale.order.getFields"][..], &portal].concat());
    assert!(called.status.success(), "{}", stderr(&called));
    assert!(String::from_utf8_lossy(&called.stdout).contains("\"integer\""));
    let missing = desk.run(&[&["call", "sale.payment.list"][..], &portal].concat());
    assert!(!missing.status.success());
}
