//! The code of a webhook is a password. It is in no message, no log and no help.

use std::process::Output;

use brimful_portal::{PortalConfig, Webhook};

use crate::support::{CODE, Workspace, portal, server, stderr, stdout};

fn assert_silent(output: &Output) {
    for text in [stdout(output), stderr(output)] {
        assert!(!text.contains(CODE), "the secret is in: {text}");
    }
}

#[test]
fn the_loudest_log_of_an_export_does_not_show_it() {
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 3_000)
        .webhooks([Webhook::new(1, CODE)]);
    let (workspace, portal) = (Workspace::new(), portal(config));
    assert!(portal.url().contains(CODE));
    for volume in ["-v", "-vv", "-vvv"] {
        let output = workspace.run(&[
            "export",
            "crm.lead.list",
            "--portal",
            &portal.url(),
            "-o",
            "out.jsonl",
            volume,
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("crm.lead.list"), "there is no log");
        assert_silent(&output);
    }
}

#[test]
fn the_filter_of_the_log_in_the_environment_does_not_show_it_either() {
    let portal = server(|_| Vec::new());
    let output = Workspace::new()
        .command(&[
            "call",
            "user.current",
            "--no-check",
            "--param",
            &format!("auth={CODE}"),
        ])
        .env("BRIMFUL_PORTAL", &portal)
        .env("BRIMFUL_LOG", "trace")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).len() > 1000, "there is no log");
    assert_silent(&output);
}

#[test]
fn errors_with_all_that_lies_behind_them_do_not_show_it() {
    let refused = format!("http://127.0.0.1:1/rest/1/{CODE}/");
    let output = Workspace::new().run(&["call", "user.current", "--portal", &refused, "-vvv"]);
    assert!(stderr(&output).contains("caused by: "));
    assert_silent(&output);
}

#[test]
fn wrong_usage_does_not_repeat_it() {
    let address = format!("https://example.bitrix24.ru/rest/1/{CODE}/");
    let workspace = Workspace::new();
    for args in [
        vec!["export", &address, "crm.lead.list", "-o", "-"],
        vec!["export", "crm.lead.list", &address, "-o", "-"],
        vec!["call", &address],
        vec![address.as_str()],
        vec!["call", "user.current", "--portl", &address],
        vec!["call", "user.current", "--portal", &address[8..]],
        vec![
            "call",
            "user.current",
            "--portal",
            &format!("{address}user.current"),
        ],
        vec![
            "call",
            "user.current",
            "--portal",
            &format!("{address}?auth=1"),
        ],
    ] {
        let output = workspace.run(&args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_silent(&output);
    }
}

#[test]
fn help_does_not_show_the_environment() {
    let address = format!("https://example.bitrix24.ru/rest/1/{CODE}/");
    for args in [["call", "--help"], ["export", "-h"]] {
        let output = Workspace::new()
            .command(&args)
            .env("BRIMFUL_PORTAL", &address)
            .output()
            .unwrap();
        assert!(stdout(&output).contains("BRIMFUL_PORTAL"));
        assert_silent(&output);
    }
}
