//! What calls have made and unmade takes no memory.

use super::*;
use crate::data::MOST_ENTERED;

fn entries(portal: &Portal) -> usize {
    portal.backend().data.read().entries()
}

/// A batch of fifty commands.
async fn fifty(portal: &Portal, command: impl Fn(u64) -> String) -> Vec<Json> {
    let commands: Vec<String> = (0..50).map(command).collect();
    let parts = batch(portal, json!(commands)).await;
    assert_eq!(parts["result_error"], json!([]));
    parts["result"].as_array().unwrap().clone()
}

fn id_of(added: &Json) -> u64 {
    let task = added["task"]["id"].as_str();
    let task = task.and_then(|id| id.parse().ok());
    task.or_else(|| added.as_u64()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rows_that_were_added_and_deleted_leave_nothing_but_a_bounded_log() {
    let portal = Portal::new(PortalConfig::unlimited().rows("lead", 100)).unwrap();
    let before = entries(&portal);
    let mut held = Vec::new();
    for _ in 0..2 {
        for _ in 0..MOST_ENTERED / 50 {
            let added = fifty(&portal, |_| {
                command(
                    "crm.lead.add",
                    json!({ "fields": { "TITLE": "a", "PHONE": [{ "VALUE": "1" }] } }),
                )
            })
            .await;
            let ids: Vec<u64> = added.iter().map(id_of).collect();
            fifty(&portal, |at| {
                command("crm.lead.delete", json!({ "id": ids[at as usize] }))
            })
            .await;
        }
        held.push(entries(&portal));
    }
    assert_eq!(held[0], held[1]);
    // An entry of the log is a record, an ID among the rows that were written, and a place in their order.
    // Leads that were made are in the history of stages as well.
    assert_eq!(held[1], before + 2 * 3 * MOST_ENTERED);
}

#[tokio::test(start_paused = true)]
async fn one_row_that_is_changed_again_and_again_takes_no_more_memory() {
    let portal = Portal::new(PortalConfig::unlimited().rows("lead", 1).rows("task", 1)).unwrap();
    let mut held = Vec::new();
    for _ in 0..2 {
        for round in 0..MOST_ENTERED / 100 {
            fifty(&portal, |at| {
                let title = format!("title {round} {at}");
                command(
                    "crm.lead.update",
                    json!({ "id": 1, "fields": { "TITLE": title } }),
                )
            })
            .await;
            fifty(&portal, |at| {
                let title = format!("title {round} {at}");
                command(
                    "tasks.task.update",
                    json!({ "taskId": 1, "fields": { "TITLE": title } }),
                )
            })
            .await;
        }
        held.push(entries(&portal));
    }
    assert_eq!(held[0], held[1]);
}

#[tokio::test(start_paused = true)]
async fn with_a_task_go_its_checklists_comments_hours_and_history() {
    let portal = plain();
    let before = entries(&portal);
    let fields = json!({ "fields": { "TITLE": "a", "RESPONSIBLE_ID": 1 } });
    let task = id_of(&call(&portal, "tasks.task.add", fields).await.result());
    let with = entries(&portal);
    for (method, params) in [
        ("task.checklistitem.add", json!([task, { "TITLE": "item" }])),
        (
            "task.commentitem.add",
            json!([task, { "POST_MESSAGE": "words" }]),
        ),
        (
            "task.elapseditem.add",
            json!([task, { "SECONDS": 60, "COMMENT_TEXT": "t" }]),
        ),
    ] {
        let heard = call(&portal, method, params).await;
        assert_eq!(heard.status, 200, "{method}: {}", heard.body);
    }
    assert!(entries(&portal) > with + 6);
    call(&portal, "tasks.task.delete", json!({ "taskId": task })).await;
    let log = 3 * 5;
    assert_eq!(entries(&portal), before + log);
}

#[tokio::test(start_paused = true)]
async fn with_a_deal_go_its_contacts_and_what_was_sold() {
    let portal = portal(PortalConfig::unlimited().rows("contact", 5));
    let before = entries(&portal);
    let fields = json!({ "fields": { "TITLE": "a" } });
    let deal = id_of(&call(&portal, "crm.deal.add", fields).await.result());
    let rows = json!({ "id": deal, "rows": [{ "PRODUCT_NAME": "p", "PRICE": 1 }] });
    call(&portal, "crm.deal.productrows.set", rows).await;
    let items = json!({ "id": deal, "items": [{ "CONTACT_ID": 2 }] });
    call(&portal, "crm.deal.contact.items.set", items).await;
    call(&portal, "crm.deal.delete", json!({ "id": deal })).await;
    let (log, stage) = (3 * 4, 3);
    assert_eq!(entries(&portal), before + log + stage);
}
