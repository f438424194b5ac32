//! What is resumed, and what is not: options, other lists, damaged files.

use brimful_portal::{Fault, FaultRule, PortalConfig};
use serde_json::json;

use super::again;
use crate::support::{Running, Workspace, portal, stderr};

/// A portal with 20,000 leads, and what an interrupted export of them has left.
fn interrupted(workspace: &Workspace, name: &str) -> Running {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    portal
        .server
        .portal()
        .faults()
        .add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let output = workspace.run(&[
        "export",
        "crm.lead.list",
        "--select",
        "ID,TITLE",
        "--portal",
        &portal.url(),
        "-o",
        name,
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    portal
}

#[test]
fn rows_of_another_list_are_not_resumed_and_not_overwritten() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let kept = std::fs::read(workspace.path("leads.csv.partial")).unwrap();
    let output = again(
        &workspace,
        &portal,
        &["--filter", ">ID=100", "-o", "leads.csv"],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("rows of another run (crm.lead.list")
            && stderr(&output).contains("--resume never"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read(workspace.path("leads.csv.partial")).unwrap(),
        kept
    );
}

#[test]
fn what_a_disk_has_damaged_of_an_interrupted_export_is_read_again() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [Harm; 4] = [
        |rows| {
            let middle = rows.len() / 2;
            rows[middle..middle + 8_192].fill(0);
        },
        |rows| {
            // Fifty whole lines.
            let middle = rows.len() / 2;
            let mut ends = (middle..).filter(|place| rows[*place] == b'\n');
            let (from, to) = (ends.next().unwrap(), ends.nth(49).unwrap());
            rows.drain(from..to);
        },
        |rows| *rows.last_mut().unwrap() = b'}',
        // Somebody's own line.
        |rows| rows.extend(b"{\"ID\":\"19999\",\"TITLE\":\"fake\"}\n"),
    ];
    let names = ["leads.jsonl", "leads.csv", "leads.parquet"];
    let is_built = |name: &&str| cfg!(feature = "parquet") || !name.ends_with(".parquet");
    for name in names.into_iter().filter(is_built) {
        for harm in harms {
            let workspace = Workspace::new();
            let portal = interrupted(&workspace, name);
            let partial = workspace.path(&format!("{name}.partial"));
            let mut rows = std::fs::read(&partial).unwrap();
            harm(&mut rows);
            std::fs::write(&partial, rows).unwrap();
            let output = again(&workspace, &portal, &["-o", name]);
            let said = stderr(&output);
            assert!(output.status.success(), "{said}");
            assert!(said.contains("is damaged"), "{said}");
            let whole = format!("whole-{name}");
            let output = again(&workspace, &portal, &["-o", &whole]);
            assert!(output.status.success(), "{}", stderr(&output));
            let of = |name: &str| std::fs::read(workspace.path(name)).unwrap();
            assert!(of(name) == of(&whole), "{name}: {said}");
        }
    }
}

#[test]
fn resume_never_drops_what_is_left_and_says_so() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--resume", "never"],
    );
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("starting again: "), "{said}");
    assert!(!said.contains("from before"), "{said}");
    assert_eq!(workspace.files(), ["leads.csv"]);
}

#[test]
fn resume_only_refuses_to_start_from_the_beginning() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--resume", "only"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("nothing to resume: no leads.csv.partial"),
        "{}",
        stderr(&output)
    );
    assert!(workspace.files().is_empty());
    if cfg!(feature = "sqlite") {
        let output = again(
            &workspace,
            &portal,
            &["--to", "sqlite:a.db", "--resume", "only"],
        );
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("nothing to resume"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn other_columns_may_be_chosen_when_an_export_to_csv_is_resumed() {
    let workspace = Workspace::new();
    let portal = interrupted(&workspace, "leads.csv");
    let output = again(
        &workspace,
        &portal,
        &["-o", "leads.csv", "--columns", "TITLE=Name,ID"],
    );
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("resuming after ID "), "{said}");
    let text = std::fs::read_to_string(workspace.path("leads.csv")).unwrap();
    assert!(text.starts_with("Name,ID\r\n"), "{text}");
    assert_eq!(text.lines().count(), 20_001);
}

#[test]
fn the_rows_of_an_interrupted_export_are_lines_of_json_whatever_the_format() {
    let workspace = Workspace::new();
    interrupted(&workspace, "leads.csv");
    assert_eq!(
        workspace.files(),
        ["leads.csv.partial", "leads.csv.partial.json"]
    );
    let kept = workspace.rows("leads.csv.partial");
    assert_eq!(kept[0]["ID"], json!("1"));
}

#[test]
fn the_first_rows_are_as_many_as_were_asked_for_when_they_are_resumed() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    portal
        .server
        .portal()
        .faults()
        .add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let top = ["-o", "leads.csv", "--top", "15000"];
    let output = again(&workspace, &portal, &top);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let output = again(&workspace, &portal, &top);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(workspace.path("leads.csv")).unwrap();
    assert_eq!(text.lines().count(), 15_001);
}
