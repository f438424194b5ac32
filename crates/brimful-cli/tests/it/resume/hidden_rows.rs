//! What a resumed export says of hidden rows, and of lines that somebody has added.

use std::process::Stdio;
use std::time::Duration;

use brimful_portal::{Fault, FaultRule, HiddenRows, PortalConfig};

use super::again;
use crate::support::{Running, Workspace, portal, stderr};

/// A portal with 20,000 leads of which one in 97 and 300 neighbours are hidden, that answers slowly.
fn hiding() -> (Running, u64) {
    let mut hidden: Vec<u64> = (1..=20_000).step_by(97).collect();
    hidden.extend(5_000..5_300);
    hidden.sort_unstable();
    hidden.dedup();
    let spec: Vec<String> = hidden.iter().map(u64::to_string).collect();
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 20_000)
        .latency(std::time::Duration::from_millis(300))
        .hide(HiddenRows::parse(&spec.join(",")).unwrap());
    (portal(config), hidden.len() as u64)
}

#[test]
fn hidden_rows_of_a_run_whose_deadline_passed_are_part_of_the_sum_that_the_resumed_one_names() {
    let (portal, hidden) = hiding();
    for file in ["leads.jsonl", "leads.csv"] {
        let workspace = Workspace::new();
        let mut runs = 0;
        let said = loop {
            runs += 1;
            assert!(runs < 60, "it does not get on");
            let output = workspace
                .command(&["export", "crm.lead.list", "--select", "ID", "-o", file])
                // A run in which no row comes has to have more time than it had.
                .args(["--deadline", &format!("{}ms", 700 + 100 * runs)])
                .env("BRIMFUL_PORTAL", portal.url())
                .output()
                .unwrap();
            if output.status.success() {
                break stderr(&output);
            }
            assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        };
        assert!(
            runs > 1 && said.contains("of them from before"),
            "{runs}: {said}"
        );
        let sum = format!("{hidden} leads are counted but not shown to this user");
        assert!(said.contains(&sum), "{runs} runs: {said}");
        assert!(!said.contains("looked for only after"), "{said}");
    }
}

#[test]
fn a_run_resumed_after_a_kill_names_all_hidden_rows_or_says_that_some_were_not_looked_for() {
    let (portal, hidden) = hiding();
    let answered = || portal.server.portal().stats().requests;
    let mut sums = 0;
    for requests in 2..10 {
        let workspace = Workspace::new();
        let command = || {
            let mut command =
                workspace.command(&["export", "crm.lead.list", "--select", "ID", "-o", "l.jsonl"]);
            command.env("BRIMFUL_PORTAL", portal.url());
            command
        };
        let mut child = command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = answered() + requests;
        while child.try_wait().unwrap().is_none() && answered() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if workspace.path("l.jsonl").exists() {
            continue;
        }
        let output = command().output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        let sum = format!("{hidden} leads are counted but not shown to this user");
        if said.contains("looked for only after") {
            assert!(!said.contains(&sum), "{said}");
        } else {
            assert!(said.contains(&sum), "{said}");
            sums += 1;
        }
    }
    assert!(sums > 0, "the sum was never known");
}

#[cfg(unix)]
#[test]
fn a_line_that_was_added_after_a_kill_does_not_move_the_place_where_an_export_goes_on() {
    use std::io::Write;
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let hangs = FaultRule::every(1, Fault::Delay(Duration::from_secs(600))).after(3);
    portal.server.portal().faults().add(hangs);
    let export = [
        "export",
        "crm.lead.list",
        "--select",
        "ID,TITLE",
        "-o",
        "l.jsonl",
        "--portal",
    ];
    let mut child = workspace
        .command(&[&export[..], &[&portal.url()]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = workspace.path("l.jsonl.partial");
    let size = || std::fs::metadata(&partial).map_or(0, |found| found.len());
    while portal.server.portal().stats().requests < 4 || size() == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before that");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut left = std::fs::File::options()
        .append(true)
        .open(&partial)
        .unwrap();
    left.write_all(b"{\"ID\":\"19999\",\"TITLE\":\"fake\"}\n")
        .unwrap();
    portal.server.portal().faults().clear();
    let output = again(&workspace, &portal, &["-o", "l.jsonl"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("are as they were written"), "{said}");
    assert_eq!(workspace.rows("l.jsonl").len(), 20_000);
}
