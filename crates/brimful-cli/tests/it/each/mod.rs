//! A call for every line of a file: each is made once or said to be unknown, and nothing that was sent is forgotten.

use std::collections::HashMap;
use std::fmt::Write as _;

use brimful_portal::{Faults, PortalConfig, RateLimit};
use serde_json::{Value, json};

use crate::support::{Running, Workspace, assert_transcript, portal, rows, stderr, stdout};

mod interrupted;
mod refused_lines;

fn titles(lines: std::ops::RangeInclusive<usize>) -> String {
    lines.fold(String::new(), |mut text, n| {
        writeln!(text, "{}", json!({"fields": {"TITLE": format!("n{n}")}})).unwrap();
        text
    })
}

fn add<'a>(portal: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![
        "call",
        "crm.lead.add",
        "--portal",
        portal,
        "--limit",
        "off",
        "--each",
        "leads.jsonl",
        "-o",
        "out.jsonl",
    ];
    args.extend(more);
    args
}

/// How often each title is in the portal.
fn created(workspace: &Workspace, portal: &Running) -> HashMap<String, usize> {
    portal.server.portal().faults().clear();
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--portal",
        &portal.url(),
        "--limit",
        "off",
        "--select",
        "TITLE",
        "-o",
        "-",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut created = HashMap::new();
    for row in rows(&stdout(&output)) {
        let title = row["TITLE"].as_str().unwrap().to_owned();
        *created.entry(title).or_default() += 1;
    }
    created
}

/// Every line that is done was done once, one that is unknown once at the most, all others not at all.
fn assert_exact(outcomes: &[Value], created: &HashMap<String, usize>) {
    for outcome in outcomes {
        let title = format!("n{}", outcome["line"]);
        let times = created.get(&title).copied().unwrap_or(0);
        let may = match outcome["outcome"].as_str().unwrap() {
            "done" => 1..=1,
            "unknown" => 0..=1,
            _ => 0..=0,
        };
        assert!(may.contains(&times), "{times} times: {outcome}");
    }
}

fn count(outcomes: &[Value], kind: &str) -> usize {
    let of_kind = outcomes.iter().filter(|outcome| outcome["outcome"] == kind);
    of_kind.count()
}

fn lines(outcomes: &[Value]) -> Vec<u64> {
    outcomes
        .iter()
        .map(|outcome| outcome["line"].as_u64().unwrap())
        .collect()
}

#[test]
fn every_line_has_its_outcome_in_the_order_of_the_lines() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    let mut items = titles(1..=120);
    // Lines without anything in them count, and call nothing.
    items.push_str("\n  \n{\"fields\":{\"TITLE\":\"n123\"}}");
    workspace.write("leads.jsonl", &items);
    let url = portal.url();
    let output = workspace.run(&add(&url, &["--param", "fields[SOURCE_ID]=WEB"]));
    assert_transcript!(output, @r#"
    exit code 0
    --- stderr
    121 calls in N s: 121 done; out.jsonl (8.1 kB)
    3 requests, 0 retries
    "#);
    let outcomes = workspace.rows("out.jsonl");
    let expected: Vec<u64> = (1..=120).chain([123]).collect();
    assert_eq!(lines(&outcomes), expected);
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);
    let id = outcomes[0]["result"].as_u64().unwrap().to_string();
    let output = workspace.run(&["get", "crm.lead.get", &id, "--result", "--portal", &url]);
    assert_eq!(rows(&stdout(&output))[0]["SOURCE_ID"], "WEB");
}

/// Eight requests in a hundred fail, in every way that a portal can fail.
#[test]
fn twenty_thousand_writes_are_done_once_each_or_said_to_be_unknown() {
    let (workspace, portal) = (Workspace::new(), portal(PortalConfig::unlimited()));
    portal
        .server
        .portal()
        .faults()
        .set(
            "503:every=100, 429:every=107, 500-before:every=114, 502-after:every=121, reset-before:every=128, \
             reset-after:every=135, truncated:every=142, half-body:every=149, html-after:every=156, empty-before:every=163",
        )
        .unwrap();
    workspace.write("leads.jsonl", &titles(1..=20_000));
    let url = portal.url();
    let output = workspace.run(&add(&url, &[]));
    assert!(portal.server.portal().stats().requests >= 400);
    assert_eq!(portal.server.portal().faults().unplayed(), [""; 0]);
    let partial = workspace.files().contains(&"out.jsonl.partial".to_owned());
    let outcomes = workspace.rows(if partial {
        "out.jsonl.partial"
    } else {
        "out.jsonl"
    });
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert!(count(&outcomes, "unknown") > 0, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));

    // What is not done is done now; what may have been done is left alone.
    let before = count(&outcomes, "unknown");
    let output = workspace.run(&add(&url, &["--resume"]));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--retry-unknown"),
        "{}",
        stderr(&output)
    );
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(lines(&outcomes), (1..=20_000).collect::<Vec<u64>>());
    assert_eq!(count(&outcomes, "unknown"), before);
    assert_eq!(count(&outcomes, "done"), 20_000 - before);
    assert_exact(&outcomes, &created(&workspace, &portal));
    assert_eq!(workspace.files(), ["leads.jsonl", "out.jsonl"]);

    let output = workspace.run(&add(&url, &["--resume", "--retry-unknown"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(count(&workspace.rows("out.jsonl"), "done"), 20_000);
}

/// Answers are lost after the work: a write is not repeated, a call that may be is.
#[test]
fn only_what_may_be_repeated_is_repeated_when_nobody_knows_whether_it_ran() {
    for fault in ["reset-after", "502-after", "truncated", "html-after"] {
        let workspace = Workspace::new();
        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = portal(PortalConfig::unlimited().faults(faults));
        workspace.write("leads.jsonl", &titles(1..=150));
        let url = portal.url();
        let output = workspace.run(&add(&url, &[]));
        assert_eq!(
            output.status.code(),
            Some(3),
            "{fault}: {}",
            stderr(&output)
        );
        let outcomes = workspace.rows("out.jsonl");
        assert_eq!(count(&outcomes, "unknown"), 50, "{fault}");
        assert_eq!(count(&outcomes, "done"), 100, "{fault}");
        let unknown = outcomes.iter().find(|o| o["outcome"] == "unknown").unwrap();
        assert!(
            unknown["reason"].as_str().unwrap().contains("crm.lead.add")
                || unknown["reason"].as_str().unwrap().contains("batch"),
            "{unknown}"
        );

        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = crate::support::portal(PortalConfig::unlimited().faults(faults));
        let url = portal.url();
        std::fs::remove_file(workspace.path("out.jsonl")).unwrap();
        let output = workspace.run(&add(&url, &["--idempotent"]));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{fault}: {}",
            stderr(&output)
        );
        assert_eq!(
            created(&workspace, &portal).values().sum::<usize>(),
            200,
            "{fault}"
        );
    }
}

/// Calls are refused before the work: nothing of it is seen in the outcomes.
#[test]
fn what_was_refused_is_sent_again_until_it_is_done() {
    for fault in ["503", "429", "reset-before", "500-before"] {
        let workspace = Workspace::new();
        let faults = Faults::parse(&format!("{fault}:times=1 after=1")).unwrap();
        let portal = portal(PortalConfig::unlimited().faults(faults));
        workspace.write("leads.jsonl", &titles(1..=200));
        let url = portal.url();
        let output = workspace.run(&add(&url, &[]));
        let outcomes = workspace.rows("out.jsonl");
        assert_exact(&outcomes, &created(&workspace, &portal));
        if fault == "503" || fault == "429" {
            assert_eq!(
                output.status.code(),
                Some(0),
                "{fault}: {}",
                stderr(&output)
            );
            assert_eq!(count(&outcomes, "done"), 200);
        } else {
            // Nobody can tell this from the same after the work.
            assert_eq!(
                output.status.code(),
                Some(3),
                "{fault}: {}",
                stderr(&output)
            );
        }
    }
}

#[test]
fn a_portal_that_takes_no_calls_is_not_asked_again_and_again() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited());
    workspace.write("leads.jsonl", &titles(1..=20_000));
    let wrong = portal.url().replace("/demo/", "/wrongwrong/");
    let output = workspace.run(&add(&wrong, &[]));
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.contains("crm.lead.add: line 1: the portal answered: "),
        "{said}"
    );
    assert!(said.contains("no more lines were called"), "{said}");
    assert!(portal.server.portal().stats().requests <= 20);
    // The lines that were not tried are called when all is well.
    let url = portal.url();
    let output = workspace.run(&add(&url, &["--resume", "-q"]));
    assert!(output.status.success(), "{}", stderr(&output));
    let outcomes = workspace.rows("out.jsonl");
    assert_eq!(count(&outcomes, "done"), 20_000);
    assert_exact(&outcomes, &created(&workspace, &portal));
}

#[test]
fn the_portals_rate_is_kept() {
    let config = PortalConfig::new().rate_limit(RateLimit::new(5.0, 20.0));
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write("leads.jsonl", &titles(1..=1_000));
    let url = portal.url();
    let mut args = add(&url, &[]);
    let at = args.iter().position(|arg| *arg == "off").unwrap();
    args[at] = "5,20";
    let output = workspace.run(&args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(portal.server.portal().stats().refused_by_rate, 0);
}

#[test]
fn one_page_of_a_list_says_so_for_its_line() {
    let config = PortalConfig::unlimited().rows("crm.lead", 120);
    let (workspace, portal) = (Workspace::new(), portal(config));
    workspace.write(
        "lines.jsonl",
        "{\"filter\":{\"<=ID\":20}}\n{\"filter\":{\">ID\":0}}\n{\"filter\":null}\n",
    );
    let url = portal.url();
    let args = [
        "call",
        "crm.lead.list",
        "--each",
        "lines.jsonl",
        "-o",
        "-",
        "--portal",
        &url,
    ];
    let output = workspace.run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = rows(&stdout(&output));
    assert_eq!((&rows[0]["total"], rows[0].get("next")), (&json!(20), None));
    for row in &rows[1..] {
        assert_eq!((&row["total"], &row["next"]), (&json!(120), &json!(50)));
    }
    let said = stderr(&output);
    assert!(
        said.contains("2 results are one page of several each"),
        "{said}"
    );
}
