//! Tasks, against the emulator.

mod blocking;
mod changes;
mod faults;
mod lists;
mod parts;

use brimful::Client;
use brimful::tasks::{Task, TaskReport};
use brimful_portal::{Portal, PortalConfig};
use serde_json::{Map, Value, json};

use crate::support::{portal, unlimited};

/// 2026-05-04T12:00:00+03:00
pub(crate) const NOON: f64 = 1_777_885_200.0;

fn rows(rows: Value) -> Vec<Map<String, Value>> {
    serde_json::from_value(rows).unwrap()
}

/// A portal with four tasks that differ in everything.
fn four() -> Portal {
    let tasks = json!([
        {"ID": 1, "TITLE": "Call Ann", "STATUS": 2, "CREATED_BY": 1, "RESPONSIBLE_ID": 2, "GROUP_ID": 0,
         "DEADLINE": "2026-01-01T10:00:00+03:00", "CREATED_DATE": "2025-01-01T10:00:00+03:00", "NOT_VIEWED": "N",
         "PRIORITY": 2, "FAVORITE": "Y"},
        {"ID": 2, "TITLE": "call bob", "STATUS": 2, "CREATED_BY": 2, "RESPONSIBLE_ID": 1, "GROUP_ID": 10,
         "DEADLINE": "2030-01-01T10:00:00+03:00", "CREATED_DATE": "2025-02-01T10:00:00+03:00", "NOT_VIEWED": "Y",
         "CHANGED_DATE": "2026-02-01T10:00:00+03:00", "TAGS": ["hot", "client"], "UF_CRM_TASK": ["D_7", "C_2"]},
        {"ID": 3, "TITLE": "Report", "STATUS": 5, "CREATED_BY": 3, "RESPONSIBLE_ID": 3, "GROUP_ID": 11,
         "DEADLINE": "2026-05-04T20:00:00+03:00", "CREATED_DATE": "2026-03-01T10:00:00+03:00", "ACCOMPLICES": [1, 4],
         "UF_AUTO_101": "north"},
        {"ID": 4, "TITLE": "Invoice", "STATUS": 3, "CREATED_BY": 3, "RESPONSIBLE_ID": 4, "GROUP_ID": 11,
         "CREATED_DATE": "2026-04-01T10:00:00+03:00", "AUDITORS": ["1"], "PARENT_ID": 3},
    ]);
    portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("user", 5)
            .load("tasks.task", rows(tasks)),
    )
}

fn client(portal: &Portal) -> Client {
    unlimited(portal)
}

fn ids(tasks: &[Task]) -> Vec<u64> {
    tasks.iter().map(|task| task.id).collect()
}

async fn listed(list: brimful::tasks::TaskList) -> (Vec<u64>, TaskReport) {
    let (tasks, report) = list.collect_with_report().await.unwrap();
    (ids(&tasks), report)
}
