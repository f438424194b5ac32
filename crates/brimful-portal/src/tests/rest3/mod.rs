//! REST 3.0, sentence by sentence.

mod batches;
mod calls;
mod event_log;
mod fields;
mod idempotency;
mod lists;
mod notes;
mod smaller_families;
mod structure;
mod tasks;

use super::*;

const PREFIX: &str = "BITRIX_REST_V3_EXCEPTION_";

/// Four tasks of users that exist.
fn with_tasks() -> PortalConfig {
    let rows = json!([
        {"ID": 1, "TITLE": "Call Ann", "STATUS": 2, "CREATED_BY": 1, "RESPONSIBLE_ID": 2, "PRIORITY": 1,
         "DEADLINE": "2026-01-01T10:00:00+03:00", "CREATED_DATE": "2025-01-01T10:00:00+03:00"},
        {"ID": 2, "TITLE": "Call Bob", "STATUS": 3, "CREATED_BY": 2, "RESPONSIBLE_ID": 1, "GROUP_ID": 10,
         "PRIORITY": 2, "ACCOMPLICES": [3, 4], "UF_CRM_TASK": ["D_7"], "MARK": "P", "FAVORITE": "Y"},
        {"ID": 5, "TITLE": "Report", "STATUS": 5, "CREATED_BY": 3, "RESPONSIBLE_ID": 3,
         "DEADLINE": "2026-05-04T20:00:00+03:00"},
        {"ID": 9, "TITLE": "Invoice", "STATUS": 4, "CREATED_BY": 3, "RESPONSIBLE_ID": 4, "PARENT_ID": 5,
         "DEADLINE": "2025-05-04T20:00:00+03:00"}
    ]);
    let rows = serde_json::from_value(rows).unwrap();
    PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .load("task", rows)
}

fn tasks() -> Portal {
    portal(with_tasks())
}

/// Calls a method of REST 3.0 with the webhook.
async fn v3(portal: &Portal, method: &str, body: Json) -> Heard {
    let uri = format!("/rest/api/1/demo/{method}");
    post(portal, &uri, "application/json", &body.to_string()).await
}

/// The IDs of the items of a list.
async fn ids(portal: &Portal, method: &str, body: Json) -> Vec<u64> {
    let heard = v3(portal, method, body).await;
    let items = heard.result()["items"].clone();
    let items = items.as_array().unwrap_or_else(|| panic!("{}", heard.body));
    items
        .iter()
        .map(|item| item["id"].as_u64().unwrap())
        .collect()
}

/// The status and the class of an error, without its prefix and suffix.
fn error(heard: &Heard) -> (u16, String) {
    let code = heard.json()["error"]["code"].clone();
    let code = code.as_str().unwrap_or_else(|| panic!("{}", heard.body));
    let class = code.strip_prefix(PREFIX).unwrap_or(code);
    let class = class.strip_suffix("EXCEPTION").unwrap_or(class);
    (heard.status, class.to_owned())
}

/// The field that a validation complains of.
fn complained_of(heard: &Heard) -> String {
    assert_eq!(
        error(heard),
        (400, "VALIDATION_REQUESTVALIDATION".to_owned())
    );
    let field = heard.json()["error"]["validation"][0]["field"].clone();
    field.as_str().unwrap().to_owned()
}
