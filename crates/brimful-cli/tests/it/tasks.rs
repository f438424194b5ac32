//! `brimful tasks`, against the emulator and against a portal that is younger or older than it.

use brimful_portal::{PortalConfig, Webhook};
use serde_json::{Map, Value, json};

use crate::support::{Running, Workspace, portal, rows, stderr, stdout};

/// 2026-11-20T12:00:00+03:00
const NOON: f64 = 1_795_165_200.0;

fn some() -> PortalConfig {
    let tasks: Vec<Map<String, Value>> = serde_json::from_value(json!([
        {"ID": 1, "TITLE": "Call Ann", "STATUS": 3, "RESPONSIBLE_ID": 1, "DEADLINE": "2026-11-30T23:59:59+03:00",
         "CREATED_DATE": "2026-11-01T10:00:00+03:00", "GROUP_ID": 0, "CREATED_BY": 2, "PRIORITY": 1},
        {"ID": 2, "TITLE": "Report", "STATUS": 3, "RESPONSIBLE_ID": 1, "DEADLINE": "2026-12-01T00:00:00+03:00",
         "CREATED_DATE": "2026-11-02T10:00:00+03:00", "GROUP_ID": 7, "CREATED_BY": 2, "TAGS": ["hot", "q4"]},
        {"ID": 3, "TITLE": "Invoice", "STATUS": 5, "RESPONSIBLE_ID": 1, "DEADLINE": "2026-11-10T00:00:00+03:00",
         "CREATED_DATE": "2026-11-03T10:00:00+03:00", "GROUP_ID": 7, "CREATED_BY": 2},
        {"ID": 4, "TITLE": "Invoice 2", "STATUS": 2, "RESPONSIBLE_ID": 2, "DEADLINE": "2026-11-10T00:00:00+03:00",
         "CREATED_DATE": "2026-11-04T10:00:00+03:00", "GROUP_ID": 7, "CREATED_BY": 1},
    ]))
    .unwrap();
    PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .load("tasks.task", tasks)
}

/// The IDs that a list gives.
fn ids(workspace: &Workspace, portal: &Running, args: &[&str]) -> Vec<u64> {
    let url = portal.url();
    let mut all = vec!["tasks", "list", "--portal", url.as_str()];
    all.extend(args);
    let output = workspace.run(&all);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    rows(&stdout(&output))
        .iter()
        .map(|row| row["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn tasks_are_listed_by_what_people_ask_for() {
    let (workspace, portal) = (Workspace::new(), portal(some()));
    for (args, expected) in [
        (
            &[
                "--responsible",
                "1",
                "--status",
                "in-progress",
                "--deadline-before",
                "2026-12-01",
            ][..],
            vec![1],
        ),
        (&["--responsible", "1"], vec![1, 2, 3]),
        (
            &["--responsible", "1,2", "--status", "completed,overdue"],
            vec![3, 4],
        ),
        (&["--status", "overdue"], vec![4]),
        (&["--deadline-from", "2026-12-01"], vec![2]),
        (
            &[
                "--created-from",
                "2026-11-02",
                "--created-before",
                "2026-11-04",
            ],
            vec![2, 3],
        ),
        (&["--group", "7", "--title", "invoice"], vec![3, 4]),
        (&["--tag", "hot", "--tag", "q4"], vec![2]),
        (
            &["--member", "2", "--order", "deadline,id:desc"],
            vec![4, 3, 1, 2],
        ),
        (&["--after", "2"], vec![3, 4]),
        (&["--top", "2"], vec![1, 2]),
    ] {
        assert_eq!(ids(&workspace, &portal, args), expected, "{args:?}");
    }
}

#[test]
fn a_date_is_told_by_the_portals_clock_unless_a_zone_is_named() {
    let (workspace, portal) = (Workspace::new(), portal(some()));
    // In Kamchatka the first of December begins nine hours before it does on this portal.
    let kamchatka = [
        "--deadline-before",
        "2026-12-01",
        "--zone",
        "+12:00",
        "--status",
        "in-progress",
    ];
    assert_eq!(ids(&workspace, &portal, &kamchatka), [0_u64; 0]);
    let moment = [
        "--deadline-before",
        "2026-12-01T00:00:01+03:00",
        "--status",
        "in-progress",
    ];
    assert_eq!(ids(&workspace, &portal, &moment), [1, 2]);
    let url = portal.url();
    let output = workspace.run(&[
        "tasks",
        "list",
        "--portal",
        &url,
        "--deadline-before",
        "tomorrow",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("2026-12-01T10:00:00+03:00"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn rows_are_the_same_whichever_rest_they_came_by() {
    let workspace = Workspace::new();
    let both = portal(PortalConfig::unlimited().rows("tasks.task", 1_200));
    let older = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 1_200)
            .webhooks([Webhook::new(1, "demo").scopes(["task"])]),
    );
    let list = |portal: &Running, file: &str| {
        let output = workspace.run(&["tasks", "list", "--portal", &portal.url(), "-o", file]);
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let by_three = list(&both, "three.jsonl");
    assert!(by_three.contains("by REST 3.0"), "{by_three}");
    let by_two = list(&older, "two.jsonl");
    assert!(
        by_two.contains("read by REST 2, because the portal offers no tasks by REST 3.0"),
        "{by_two}"
    );
    assert_eq!(workspace.rows("three.jsonl").len(), 1_200);
    assert_eq!(workspace.rows("three.jsonl"), workspace.rows("two.jsonl"));
}

#[test]
fn a_task_is_made_and_shown() {
    let (workspace, portal) = (Workspace::new(), portal(some()));
    let url = portal.url();
    let output = workspace.run(&[
        "tasks",
        "add",
        "--portal",
        &url,
        "--title",
        "Write",
        "--responsible",
        "3",
        "--deadline",
        "2026-12-01T18:00",
        "--priority",
        "high",
        "--tag",
        "q4",
        "--user-field",
        "UF_AUTO_101=north",
    ]);
    assert_eq!(stdout(&output), "5\n", "{}", stderr(&output));
    let output = workspace.run(&["tasks", "get", "5", "1", "--portal", &url]);
    let shown = rows(&stdout(&output));
    assert_eq!(shown[0]["title"], "Write");
    assert_eq!(shown[0]["deadline"], "2026-12-01T18:00:00+03:00");
    assert_eq!(
        (&shown[0]["priority"], &shown[0]["ufAuto101"]),
        (&json!("2"), &json!("north"))
    );
    assert_eq!(shown[1]["id"], "1");
    let output = workspace.run(&["tasks", "get", "99", "--portal", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("task 99"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_meant_is_wrong_usage() {
    let workspace = Workspace::new();
    for (args, why) in [
        (
            &["--select", "CREATED_BY_USER.NAME"][..],
            "not a field of a task",
        ),
        (&["--order", "description"], "cannot be sorted by"),
        (&["--status", "done"], "a status is pending"),
        (&["--user-field", "TITLE=x"], "not a field of a task"),
        (&["--zone", "Moscow"], "not a zone"),
    ] {
        let mut all = vec!["tasks", "list", "--portal", "demo"];
        all.extend(args);
        let output = workspace.run(&all);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    let portal = portal(some());
    let output = workspace.run(&[
        "tasks",
        "list",
        "--portal",
        &portal.url(),
        "--rest",
        "3",
        "--status",
        "overdue",
    ]);
    assert!(
        stderr(&output).contains("cannot be listed so by REST 3.0"),
        "{}",
        stderr(&output)
    );
}
