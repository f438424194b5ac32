//! What the most used Python library sends: lists with all fields, gets by ID, changes by the hundred, raw calls.

use serde_json::{Value, json};

use crate::support::{Caller, command, config, ids, rows};

fn sales() -> Caller {
    Caller::new(
        config()
            .load(
                "lead",
                rows(json!([{ "ID": 123, "TITLE": "Anon", "COMMENTS": "to be wiped" }])),
            )
            .load(
                "deal",
                rows(json!([
                    { "ID": 10, "TITLE": "Open", "CLOSED": "N", "CONTACT_ID": 31, "UF_CRM_1700000000001": "North" },
                    { "ID": 20, "TITLE": "Done", "CLOSED": "Y" },
                    { "ID": 30, "TITLE": "Also open", "CLOSED": "N" },
                ])),
            )
            .load("contact", rows(json!([{ "ID": 31, "NAME": "Ann" }])))
            .load(
                "activity",
                rows(json!([
                    { "ID": 1, "SUBJECT": "Call", "OWNER_TYPE_ID": 3, "OWNER_ID": 10 },
                    { "ID": 2, "SUBJECT": "Mail", "OWNER_TYPE_ID": 2, "OWNER_ID": 10 },
                    { "ID": 3, "SUBJECT": "Call", "OWNER_TYPE_ID": 3, "OWNER_ID": 20 },
                ])),
            )
            .load(
                "task",
                rows(json!([{ "ID": 123, "TITLE": "Talk", "CREATED_BY": 1, "RESPONSIBLE_ID": 1 }])),
            ),
    )
}

#[tokio::test]
async fn a_list_without_parameters_has_everything() {
    let heard = sales().json("crm.lead.list", json!({})).await;
    assert_eq!(ids(&heard.result()), [123]);
    assert_eq!(heard.json()["total"], 1);
}

#[tokio::test]
async fn a_list_with_a_filter_and_both_masks_has_user_fields_too() {
    let params = json!({ "select": ["*", "UF_*"], "filter": { "CLOSED": "N" } });
    let deals = sales().json("crm.deal.list", params).await.result();
    assert_eq!(ids(&deals), [10, 30]);
    assert_eq!(deals[0]["UF_CRM_1700000000001"], "North");
}

#[tokio::test]
async fn contacts_of_many_deals_are_got_by_id_in_a_batch() {
    let batch = sales()
        .batch([
            ("10", "crm.deal.contact.items.get", json!({ "ID": 10 })),
            ("20", "crm.deal.contact.items.get", json!({ "ID": 20 })),
        ])
        .await;
    assert_eq!(
        batch["result"],
        json!({ "10": [{ "CONTACT_ID": 31, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y" }], "20": [] })
    );
}

#[tokio::test]
async fn many_deals_are_renamed_in_a_batch() {
    let portal = sales();
    let rename = |id: u32, title: &str| json!({ "ID": id, "fields": { "TITLE": format!("{id} - {title}") } });
    let batch = portal
        .batch([
            ("order0", "crm.deal.update", rename(10, "Open & shut")),
            ("order1", "crm.deal.update", rename(20, "Done")),
        ])
        .await;
    assert_eq!(batch["result"], json!({ "order0": true, "order1": true }));
    let deal = portal.get("crm.deal.get?ID=10").await.result();
    assert_eq!(deal["TITLE"], "10 - Open & shut");
}

#[tokio::test]
async fn a_null_in_a_json_body_empties_a_field_and_one_for_a_field_that_is_none_is_no_error() {
    let portal = sales();
    for field in ["COMMENTS", "DESCRIPTION"] {
        let wipe = json!({ "ID": 123, "fields": { field: null } });
        assert_eq!(portal.json("crm.lead.update", wipe).await.result(), true);
    }
    let lead = portal.get("crm.lead.get?ID=123").await.result();
    assert_eq!(lead["COMMENTS"].as_str().unwrap_or_default(), "");
    assert_eq!(lead.get("DESCRIPTION"), None);
}

#[tokio::test]
async fn a_null_cannot_be_said_in_a_form() {
    let portal = sales();
    let wipe = json!({ "ID": 123, "fields": { "TITLE": "Kept", "COMMENTS": null } });
    assert_eq!(portal.form("crm.lead.update", wipe).await.result(), true);
    let lead = portal.get("crm.lead.get?ID=123").await.result();
    assert_eq!(lead["COMMENTS"], "to be wiped");
}

#[tokio::test]
async fn an_older_method_takes_a_list_of_parameters_by_their_order() {
    let portal = sales();
    let comment = json!([123, { "POST_MESSAGE": "Looks good" }]);
    let heard = portal.json("task.commentitem.add", comment).await;
    assert_eq!(heard.result(), 2, "the first message of the topic is 1");
    let list = portal
        .json("task.commentitem.getlist", json!([123]))
        .await
        .result();
    assert_eq!(list[0]["POST_MESSAGE"], "Looks good");
    let task = portal.get("tasks.task.get?taskId=123").await.result();
    assert_eq!(task["task"]["commentsCount"], "1");
    let lost = portal
        .json(
            "task.commentitem.add",
            json!([999, { "POST_MESSAGE": "?" }]),
        )
        .await;
    assert_eq!(
        (lost.status, &lost.json()["error"]),
        (400, &json!("ERROR_CORE"))
    );
}

#[tokio::test]
async fn activities_are_filtered_by_the_owner_that_a_reference_gives() {
    let params = json!({
        "halt": 0,
        "cmd": {
            "deals": "crm.deal.list",
            "activities": "crm.activity.list?filter[ENTITY_TYPE]=3&filter[ENTITY_ID]=$result[deals][0][ID]",
        }
    });
    let batch = sales().json("batch", params).await.result();
    assert_eq!(ids(&batch["result"]["deals"]), [10, 20, 30]);
    let activities = &batch["result"]["activities"];
    assert_eq!(ids(activities), [1]);
    assert_eq!(
        (&activities[0]["OWNER_TYPE_ID"], &activities[0]["OWNER_ID"]),
        (&json!("3"), &json!("10"))
    );
    assert_eq!(batch["result_total"]["activities"], 1);
}

#[tokio::test]
async fn an_activity_is_added_for_its_owner_and_got_again() {
    let portal = sales();
    let fields = json!({ "ENTITY_TYPE": 2, "ENTITY_ID": 30, "TYPE_ID": 2, "SUBJECT": "Ring back",
        "RESPONSIBLE_ID": 1, "COMMUNICATIONS": [{ "TYPE": "PHONE", "VALUE": "+74950000000" }] });
    let id = portal
        .json("crm.activity.add", json!({ "fields": fields }))
        .await
        .result();
    let activity = portal
        .json("crm.activity.get", json!({ "id": id }))
        .await
        .result();
    for (name, value) in [
        ("OWNER_TYPE_ID", "2"),
        ("OWNER_ID", "30"),
        ("SUBJECT", "Ring back"),
        ("COMPLETED", "N"),
    ] {
        assert_eq!(activity[name], value, "{name}");
    }
    let ownerless = json!({ "fields": { "SUBJECT": "Whose?" } });
    let heard = portal.json("crm.activity.add", ownerless).await;
    assert_eq!((heard.status, &heard.json()["error"]), (400, &json!("")));
}

#[tokio::test]
async fn one_lead_is_added_by_a_call_and_many_by_batches() {
    let portal = sales();
    let fields = json!({ "fields": { "TITLE": "Knock, knock" } });
    assert!(
        portal
            .json("crm.lead.add", fields.clone())
            .await
            .result()
            .is_u64()
    );
    let commands: Vec<String> = (0..50).map(|_| command("crm.lead.add", &fields)).collect();
    let batch = portal
        .json("batch", json!({ "halt": 0, "cmd": commands }))
        .await
        .result();
    let added = batch["result"].as_array().unwrap();
    assert!(added.len() == 50 && added.iter().all(Value::is_u64));
    let total = portal.get("crm.lead.list?select[]=ID").await.json()["total"].clone();
    assert_eq!(total, 52);
}

#[tokio::test]
async fn pages_are_counted_once_and_then_asked_for_by_their_start() {
    let portal = Caller::new(config().rows("lead", 230));
    let first = portal.json("crm.lead.list", json!({})).await.json();
    assert_eq!((&first["total"], &first["next"]), (&json!(230), &json!(50)));
    let page = |start: u32| json!({ "start": start });
    let batch = portal
        .batch([
            ("50", "crm.lead.list", page(50)),
            ("100", "crm.lead.list", page(100)),
            ("150", "crm.lead.list", page(150)),
            ("200", "crm.lead.list", page(200)),
        ])
        .await;
    let mut all = ids(&first["result"]);
    for label in ["50", "100", "150", "200"] {
        all.extend(ids(&batch["result"][label]));
    }
    assert_eq!(all, (1..=230).collect::<Vec<u64>>());
}
