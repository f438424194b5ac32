//! Lists of tasks that are interrupted and resumed.

use brimful_portal::{Fault, FaultRule, HiddenRows, PortalConfig};

use super::number;
use crate::support::{Running, Workspace, portal, stderr};

/// Lists the tasks of a portal by the older REST.
fn list_tasks(workspace: &Workspace, portal: &Running, more: &[&str]) -> std::process::Output {
    let args = [
        "tasks", "list", "--rest", "2", "--select", "ID,TITLE", "--portal",
    ];
    workspace.run(&[&args[..], &[&portal.url()], more].concat())
}

#[test]
fn an_interrupted_list_of_tasks_is_resumed_by_the_same_command_and_by_no_other() {
    let workspace = Workspace::new();
    let hidden = HiddenRows::parse("tasks.task:100-110,15000").unwrap();
    let portal = portal(PortalConfig::unlimited().rows("task", 20_000).hide(hidden));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let cut = list_tasks(&workspace, &portal, &["-o", "t.jsonl"]);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    assert!(
        stderr(&cut).contains("-o t.jsonl --resume"),
        "{}",
        stderr(&cut)
    );
    assert_eq!(
        workspace.files(),
        ["t.jsonl.partial", "t.jsonl.partial.json"]
    );
    let kept = workspace.rows("t.jsonl.partial").len();
    assert!((1..19_988).contains(&kept), "{kept}");

    for (other, code) in [
        (&["--responsible", "1"][..], 1),
        (&["--responsible", "1", "--resume"], 1),
        (&["--top", "19000"], 1),
        (&["--order", "deadline"], 1),
    ] {
        let refused = list_tasks(&workspace, &portal, &[&["-o", "t.jsonl"], other].concat());
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{other:?}: {said}");
        assert!(said.contains("has the rows of another run"), "{said}");
        assert_eq!(workspace.rows("t.jsonl.partial").len(), kept);
    }

    let rest = list_tasks(&workspace, &portal, &["-o", "t.jsonl"]);
    let said = stderr(&rest);
    assert!(rest.status.success(), "{said}");
    assert!(said.contains("resuming after ID "), "{said}");
    assert!(
        said.contains(&format!("({} of them from before)", commas(kept))),
        "{said}"
    );
    assert!(
        said.contains("12 tasks are counted but not shown"),
        "{said}"
    );
    assert_eq!(workspace.files(), ["t.jsonl"]);
    let ids: Vec<u64> = workspace
        .rows("t.jsonl")
        .iter()
        .map(|row| number(&row["id"]))
        .collect();
    let shown = (1..=20_000).filter(|id| !(100..=110).contains(id) && *id != 15_000);
    assert!(ids == shown.collect::<Vec<u64>>(), "{} tasks", ids.len());

    let nothing = list_tasks(&workspace, &portal, &["-o", "u.jsonl", "--resume", "only"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", stderr(&nothing));
}

/// A number below a million as a summary writes it.
fn commas(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}

#[test]
fn the_first_tasks_are_as_many_as_were_asked_for_when_they_are_resumed() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("task", 20_000));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(4, Fault::ExpiredToken).times(1));
    let top = ["-o", "t.jsonl", "--top", "15000"];
    let cut = list_tasks(&workspace, &portal, &top);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    let rest = list_tasks(&workspace, &portal, &top);
    assert!(rest.status.success(), "{}", stderr(&rest));
    assert_eq!(workspace.rows("t.jsonl").len(), 15_000);
}

#[test]
fn tasks_in_an_order_of_their_own_cannot_be_resumed_and_it_is_said_how_to_start_again() {
    let workspace = Workspace::new();
    let portal = portal(PortalConfig::unlimited().rows("task", 3_000));
    let faults = portal.server.portal().faults();
    faults.add(FaultRule::every(2, Fault::ExpiredToken).times(1));
    let by_title = ["-o", "t.jsonl", "--order", "title"];
    let cut = list_tasks(&workspace, &portal, &by_title);
    assert_eq!(cut.status.code(), Some(3), "{}", stderr(&cut));
    assert!(
        stderr(&cut).contains("rm t.jsonl.partial"),
        "{}",
        stderr(&cut)
    );
    let again = list_tasks(&workspace, &portal, &by_title);
    assert_eq!(again.status.code(), Some(2), "{}", stderr(&again));
    assert!(
        stderr(&again).contains("it is not read by ID"),
        "{}",
        stderr(&again)
    );
    let from_the_start = [&by_title[..], &["--resume", "never"]].concat();
    let whole = list_tasks(&workspace, &portal, &from_the_start);
    assert!(whole.status.success(), "{}", stderr(&whole));
    assert_eq!(workspace.rows("t.jsonl").len(), 3_000);
}
