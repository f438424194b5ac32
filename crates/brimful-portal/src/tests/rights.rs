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

#[tokio::test(start_paused = true)]
async fn records_of_others_are_neither_read_nor_changed() {
    let portal = departments(Rights::Department);
    let title = json!({"TITLE": "x"});
    let of_item = |id: u64| json!({"entityTypeId": 1, "id": id, "fields": {"title": "x"}});
    let comment =
        |id: u64| json!({"fields": {"ENTITY_ID": id, "ENTITY_TYPE": "lead", "COMMENT": "x"}});
    for (method, of_other, of_own, code, text) in [
        (
            "crm.lead.get",
            json!({"id": 3}),
            json!({"id": 2}),
            "",
            "Access denied.",
        ),
        (
            "crm.lead.update",
            json!({"id": 3, "fields": title}),
            json!({"id": 2, "fields": title}),
            "",
            "Access denied.",
        ),
        (
            "crm.item.get",
            of_item(3),
            of_item(2),
            "ACCESS_DENIED",
            "permission to view",
        ),
        (
            "crm.item.update",
            of_item(3),
            of_item(2),
            "ACCESS_DENIED",
            "Access denied",
        ),
        (
            "crm.lead.contact.items.get",
            json!({"id": 3}),
            json!({"id": 2}),
            "",
            "Access denied.",
        ),
        (
            "crm.lead.productrows.get",
            json!({"id": 3}),
            json!({"id": 2}),
            "",
            "Access denied.",
        ),
        (
            "crm.timeline.comment.add",
            comment(3),
            comment(2),
            "ACCESS_DENIED",
            "Access denied.",
        ),
        (
            "tasks.task.update",
            json!({"taskId": 4, "fields": title}),
            json!({"taskId": 3, "fields": title}),
            "0",
            "not allowed",
        ),
        (
            "tasks.task.start",
            json!({"taskId": 4}),
            json!({"taskId": 3}),
            "0",
            "not allowed",
        ),
        (
            "tasks.task.delete",
            json!({"taskId": 4}),
            json!({"taskId": 3}),
            "1048582",
            "No access",
        ),
        (
            "crm.item.delete",
            of_item(3),
            of_item(1),
            "ACCESS_DENIED",
            "Access denied",
        ),
        (
            "crm.lead.delete",
            json!({"id": 3}),
            json!({"id": 2}),
            "",
            "Access denied.",
        ),
    ] {
        let refused = call(&portal, method, of_other).await;
        assert_eq!(refused.status, 400, "{method}");
        let refused = refused.json();
        assert_eq!(refused["error"], code, "{method}");
        let said = refused["error_description"].as_str().unwrap();
        assert!(said.contains(text), "{method}: {said}");
        assert_eq!(call(&portal, method, of_own).await.status, 200, "{method}");
    }
    let uri = "/rest/3/three/crm.lead.get";
    let kept = post(&portal, uri, "application/json", "{\"id\": 3}").await;
    assert_eq!(kept.result()["TITLE"], "c");
}

#[tokio::test(start_paused = true)]
async fn methods_of_administrators_are_refused_to_others_alone_and_in_batches() {
    let portal = departments(Rights::Own);
    for (method, params, status, code) in [
        ("user.add", json!({"EMAIL": "a@b.ru"}), 400, "ERROR_CORE"),
        ("crm.lead.userfield.add", json!({}), 400, ""),
        ("catalog.vat.list", json!({}), 400, "200040300010"),
        ("sale.order.list", json!({}), 400, "200040300010"),
    ] {
        let refused = call(&portal, method, params).await;
        assert_eq!(refused.status, status, "{method}");
        assert_eq!(refused.json()["error"], code, "{method}");
        let inside = batch(&portal, json!({"a": method})).await;
        assert_eq!(inside["result_error"]["a"]["error"], code, "{method}");
        let uri = format!("/rest/3/three/{method}");
        let all = post(&portal, &uri, "application/json", "{}").await;
        let said = all.json()["error_description"].to_string().to_lowercase();
        let is_refused = ["access", "rights", "permission"]
            .iter()
            .any(|word| said.contains(word));
        assert!(!is_refused, "an administrator may: {method}: {said}");
    }
}
