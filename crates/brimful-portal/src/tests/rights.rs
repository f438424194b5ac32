//! Users who do not see everything.

use super::*;
use crate::context::settings::Rights;
use crate::context::settings::Webhook;

/// Users 1 and 2 share a department, 3 is elsewhere; each is responsible for one of three leads.
fn departments(rights: Rights) -> Portal {
    let users = json!([
        {"ID": 1, "NAME": "A", "UF_DEPARTMENT": [1, 7]},
        {"ID": 2, "NAME": "B", "UF_DEPARTMENT": [7]},
        {"ID": 3, "NAME": "C", "UF_DEPARTMENT": [2]}
    ]);
    let leads = json!([
        {"ID": 1, "TITLE": "a", "ASSIGNED_BY_ID": 1},
        {"ID": 2, "TITLE": "b", "ASSIGNED_BY_ID": 2},
        {"ID": 3, "TITLE": "c", "ASSIGNED_BY_ID": 3}
    ]);
    let tasks = json!([
        {"ID": 1, "TITLE": "a", "CREATED_BY": 1, "RESPONSIBLE_ID": 3},
        {"ID": 2, "TITLE": "b", "CREATED_BY": 3, "RESPONSIBLE_ID": 2},
        {"ID": 3, "TITLE": "c", "CREATED_BY": 3, "RESPONSIBLE_ID": 3, "AUDITORS": [1]},
        {"ID": 4, "TITLE": "d", "CREATED_BY": 3, "RESPONSIBLE_ID": 3}
    ]);
    let rows = |rows: Json| serde_json::from_value(rows).unwrap();
    let config = PortalConfig::unlimited()
        .load("user", rows(users))
        .load("lead", rows(leads))
        .load("task", rows(tasks))
        .webhook(Webhook::new(3, "three"))
        .user_rights(1, rights);
    portal(config)
}

fn seen(rows: &Json) -> Vec<u64> {
    let id = |row: &Json| {
        let id = row.get("ID").or_else(|| row.get("id")).unwrap();
        id.as_u64()
            .or_else(|| id.as_str()?.parse().ok())
            .expect("an ID")
    };
    rows.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test(start_paused = true)]
async fn lists_of_the_crm_have_the_rows_that_the_user_may_see_and_count_no_others() {
    for (rights, expected) in [
        (Rights::All, vec![1, 2, 3]),
        (Rights::Department, vec![1, 2]),
        (Rights::Own, vec![1]),
    ] {
        let portal = departments(rights);
        let legacy = call(&portal, "crm.lead.list", json!({"order": {"ID": "ASC"}})).await;
        assert_eq!(seen(&legacy.result()), expected, "{rights:?}");
        assert_eq!(legacy.json()["total"], expected.len());
        let items = call(
            &portal,
            "crm.item.list",
            json!({"entityTypeId": 1, "order": {"id": "ASC"}}),
        )
        .await;
        assert_eq!(seen(&items.result()["items"]), expected, "{rights:?}");
        let parts = batch(&portal, json!(["crm.lead.list?order[ID]=ASC"])).await;
        assert_eq!(seen(&parts["result"][0]), expected, "{rights:?}");
        let own = post(
            &portal,
            "/rest/3/three/crm.lead.list",
            "application/json",
            "{}",
        )
        .await;
        assert_eq!(
            own.result().as_array().unwrap().len(),
            3,
            "rights are a user's own"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_are_seen_by_those_who_have_to_do_with_them() {
    for (rights, expected) in [
        (Rights::All, vec![1, 2, 3, 4]),
        (Rights::Department, vec![1, 2, 3]),
        (Rights::Own, vec![1, 3]),
    ] {
        let portal = departments(rights);
        let older = call(&portal, "tasks.task.list", json!({"order": {"ID": "asc"}})).await;
        assert_eq!(seen(&older.result()["tasks"]), expected, "{rights:?}");
        let uri = "/rest/api/1/demo/tasks.task.list";
        let newer = post(&portal, uri, "application/json", "{}").await;
        assert_eq!(seen(&newer.result()["items"]), expected, "{rights:?}");
        let uri = "/rest/api/1/demo/tasks.task.get";
        for id in 1..=4_u64 {
            let heard = post(
                &portal,
                uri,
                "application/json",
                &json!({"id": id}).to_string(),
            )
            .await;
            let status = if expected.contains(&id) { 200 } else { 403 };
            assert_eq!(heard.status, status, "{rights:?} {id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_administrator_is_who_sees_everything() {
    for (rights, admin) in [(Rights::All, true), (Rights::Department, false)] {
        let portal = departments(rights);
        assert_eq!(call(&portal, "user.admin", json!({})).await.result(), admin);
        assert_eq!(
            call(&portal, "profile", json!({})).await.result()["ADMIN"],
            admin
        );
    }
}
