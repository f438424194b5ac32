//! The event log and its tail.

use super::*;
use crate::context::settings::Rights;

/// A portal with so many generated entries.
fn with_entries(entries: u64) -> Portal {
    portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .rows("eventlog", entries),
    )
}

async fn tail(portal: &Portal, body: Json) -> Vec<u64> {
    ids(portal, "main.eventlog.tail", body).await
}

#[tokio::test(start_paused = true)]
async fn an_old_portal_has_entries_and_they_have_types() {
    let heard = v3(
        &portal(PortalConfig::unlimited()),
        "main.eventlog.list",
        json!({"pagination": {"limit": 1000}}),
    )
    .await;
    let items = heard.result()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 100);
    for item in items.as_array().unwrap() {
        assert_eq!(item.as_object().unwrap().len(), 13);
        assert!(item["id"].is_u64() && item["userId"].is_u64() && item["guestId"].is_null());
        assert!(item["itemId"].is_string() && item["timestampX"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn changes_of_both_versions_are_entered_and_reads_and_failures_are_not() {
    let portal = tasks();
    let before = ids(
        &portal,
        "main.eventlog.list",
        json!({"order": {"id": "DESC"}, "pagination": {"limit": 1}}),
    )
    .await[0];
    call(&portal, "crm.lead.add", json!({"fields": {"TITLE": "A"}})).await;
    call(
        &portal,
        "crm.lead.update",
        json!({"id": 1, "fields": {"NAME": "B"}}),
    )
    .await;
    call(&portal, "crm.lead.list", json!({})).await;
    call(&portal, "crm.lead.delete", json!({"id": 77})).await;
    batch(
        &portal,
        json!(["tasks.task.add?fields[TITLE]=C&fields[RESPONSIBLE_ID]=1"]),
    )
    .await;
    v3(&portal, "tasks.task.delete", json!({"id": 1})).await;
    v3(&portal, "tasks.task.delete", json!({"id": 1})).await;
    let heard = v3(
        &portal,
        "main.eventlog.tail",
        json!({"select": ["id", "auditTypeId", "itemId", "moduleId", "userId", "requestUri", "remoteAddr", "timestampX", "description"],
               "cursor": {"field": "id", "value": before}}),
    )
    .await;
    let items = heard.result()["items"].clone();
    let seen: Vec<(&str, &str)> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["auditTypeId"].as_str().unwrap(),
                item["itemId"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("CRM_LEAD_ADD", "1"),
            ("CRM_LEAD_UPDATE", "1"),
            ("TASKS_TASK_ADD", "10"),
            ("TASKS_TASK_DELETE", "1")
        ]
    );
    assert_eq!(
        items[0],
        json!({"id": before + 1, "auditTypeId": "CRM_LEAD_ADD", "itemId": "1", "moduleId": "crm", "userId": 1,
               "requestUri": "/rest/1/***/crm.lead.add", "remoteAddr": "127.0.0.1",
               "timestampX": "2026-03-01T10:00:00+03:00",
               "description": r#"{"method":"crm.lead.add","fields":["TITLE"]}"#})
    );
}

#[tokio::test(start_paused = true)]
async fn a_tail_goes_strictly_beyond_its_cursor_in_the_cursors_direction() {
    let portal = with_entries(200);
    assert_eq!(
        tail(&portal, json!({})).await,
        (1..=50).collect::<Vec<_>>(),
        "without a cursor it begins at the first entry"
    );
    assert_eq!(
        tail(&portal, json!({"cursor": {"field": "id", "value": 198}})).await,
        [199, 200]
    );
    assert_eq!(
        tail(
            &portal,
            json!({"cursor": {"field": "id", "value": 3, "order": "DESC"}})
        )
        .await,
        [2, 1]
    );
    assert_eq!(
        tail(
            &portal,
            json!({"cursor": {"field": "id", "value": 10, "limit": 2}})
        )
        .await,
        [11, 12]
    );
    assert_eq!(
        tail(
            &portal,
            json!({"cursor": {"field": "id", "value": 0, "limit": 5000}})
        )
        .await
        .len(),
        200
    );
    let heard = v3(&portal, "main.eventlog.get", json!({"id": 100})).await;
    let moment = heard.result()["item"]["timestampX"].clone();
    let beyond = tail(
        &portal,
        json!({"cursor": {"field": "timestampX", "value": moment, "limit": 1}}),
    )
    .await;
    assert_eq!(beyond, [101]);
}

#[tokio::test(start_paused = true)]
async fn a_tail_by_pages_meets_every_entry_once_while_others_are_entered() {
    let portal = with_entries(300);
    let (mut last, mut seen) = (0, Vec::new());
    for round in 0.. {
        let body = json!({"select": ["id"], "cursor": {"field": "id", "value": last, "limit": 70}});
        let page = tail(&portal, body).await;
        let Some(&end) = page.last() else { break };
        last = end;
        seen.extend(page);
        if round < 3 {
            call(&portal, "crm.lead.add", json!({"fields": {"TITLE": "A"}})).await;
        }
    }
    assert_eq!(seen, (1..=303).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_names_its_field_and_its_value_and_its_field_is_not_in_the_filter() {
    let portal = with_entries(10);
    let refused = async |body: Json| v3(&portal, "main.eventlog.tail", body).await;
    let heard = refused(json!({"cursor": {"value": 1}})).await;
    assert_eq!(complained_of(&heard), "cursor.field");
    let heard = refused(json!({"cursor": {"field": "id"}})).await;
    assert_eq!(complained_of(&heard), "cursor.value");
    let heard = refused(json!({"cursor": {"field": "id", "value": "1"}})).await;
    assert_eq!(complained_of(&heard), "id");
    let heard = refused(json!({"cursor": {"field": "severity", "value": "INFO"}})).await;
    assert_eq!(complained_of(&heard), "severity");
    for (body, class) in [
        (
            json!({"cursor": {"field": "no", "value": 1}}),
            "UNKNOWNDTOPROPERTY",
        ),
        (
            json!({"cursor": {"field": "id", "value": 1, "order": "up"}}),
            "INVALIDORDER",
        ),
        (
            json!({"cursor": {"field": "id", "value": 1, "limit": 0}}),
            "INVALIDPAGINATION",
        ),
    ] {
        assert_eq!(error(&refused(body).await).1, class);
    }
    let body = json!({"filter": [{"logic": "or", "conditions": [["id", ">", 3]]}], "cursor": {"field": "id", "value": 1}});
    let heard = refused(body).await;
    assert_eq!(error(&heard), (400, "INVALIDFILTER".to_owned()));
    assert_eq!(
        heard.json()["error"]["message"],
        "Unable to recognize filter expression `Cursor field id cannot be used at filter.`"
    );
}

#[tokio::test(start_paused = true)]
async fn entries_are_filtered_by_what_field_list_says_is_filterable() {
    let portal = with_entries(500);
    let all = v3(
        &portal,
        "main.eventlog.list",
        json!({"pagination": {"limit": 1000}}),
    )
    .await
    .result()["items"]
        .clone();
    let expected = |test: &dyn Fn(&Json) -> bool| -> Vec<u64> {
        let all = all.as_array().unwrap().iter();
        all.filter(|item| test(item))
            .map(|item| item["id"].as_u64().unwrap())
            .collect()
    };
    let listed = async |filter: Json| {
        let body = json!({"filter": filter, "pagination": {"limit": 1000}});
        ids(&portal, "main.eventlog.list", body).await
    };
    assert_eq!(
        listed(json!([
            ["userId", "in", [1, 3]],
            ["auditTypeId", "USER_AUTHORIZE"]
        ]))
        .await,
        expected(&|item| matches!(item["userId"].as_u64(), Some(1 | 3))
            && item["auditTypeId"] == "USER_AUTHORIZE")
    );
    assert_eq!(
        listed(json!([
            ["timestampX", ">=", "2022-01-01T00:00:00+03:00"],
            ["timestampX", "<", "2023-01-01T00:00:00+03:00"]
        ]))
        .await,
        expected(&|item| item["timestampX"].as_str().unwrap().starts_with("2022-"))
    );
    assert_eq!(listed(json!([["guestId", "=", null]])).await.len(), 500);
    assert_eq!(listed(json!([["guestId", "!=", null]])).await, [0_u64; 0]);
    let heard = v3(
        &portal,
        "main.eventlog.list",
        json!({"filter": [["severity", "INFO"]]}),
    )
    .await;
    assert_eq!(complained_of(&heard), "severity");
}

#[tokio::test(start_paused = true)]
async fn the_log_is_for_administrators() {
    let portal = portal(PortalConfig::unlimited().user_rights(1, Rights::Own));
    for method in [
        "main.eventlog.list",
        "main.eventlog.tail",
        "main.eventlog.get",
    ] {
        let heard = v3(&portal, method, json!({"id": 1})).await;
        assert_eq!(error(&heard), (403, "ACCESSDENIED".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn one_entry_is_had_by_its_id() {
    let portal = with_entries(5);
    let heard = v3(
        &portal,
        "main.eventlog.get",
        json!({"id": 3, "select": ["moduleId", "id"]}),
    )
    .await;
    assert_eq!(
        heard.result(),
        json!({"item": {"moduleId": "main", "id": 3}})
    );
    let heard = v3(&portal, "main.eventlog.get", json!({"id": 6})).await;
    assert_eq!(error(&heard), (400, "ENTITYNOTFOUND".to_owned()));
}
