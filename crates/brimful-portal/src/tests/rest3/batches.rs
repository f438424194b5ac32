//! Batches of REST 3.0.

use std::time::Duration;

use super::*;
use crate::context::limits::{LimiterGeneration, OperatingLimit};
use crate::context::settings::{Costs, Webhook};

#[tokio::test(start_paused = true)]
async fn results_are_a_list_in_the_order_of_the_items() {
    let heard = v3(
        &tasks(),
        "batch",
        json!([
            {"method": "tasks.task.get", "query": {"id": 1, "select": ["title"]}},
            {"method": "tasks.task.list", "query": {"pagination": {"limit": 2}}, "as": "list", "parallel": true},
            {"method": "tasks.task.update", "query": {"id": 1, "fields": {"title": "A"}}}
        ]),
    )
    .await;
    let json = heard.json();
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(
        json["result"],
        json!([{"item": {"id": 1, "title": "Call Ann"}}, {"items": [{"id": 1}, {"id": 2}]}, {"result": true}])
    );
    assert_eq!(v3(&tasks(), "batch", json!([])).await.result(), json!([]));
}

#[tokio::test(start_paused = true)]
async fn later_items_take_values_and_columns_from_earlier_ones() {
    let portal = tasks();
    let heard = v3(
        &portal,
        "batch",
        json!([
            {"method": "tasks.task.get", "query": {"id": 5}, "as": "first"},
            {"method": "tasks.task.get", "query": {"id": 9, "select": ["parentId"]}},
            {"method": "tasks.task.update", "query": {"id": {"$ref": "first.id"}, "fields": {"title": "Updated"}}},
            {"method": "tasks.task.list", "as": "list",
             "query": {"filter": [["id", "in", [1, {"$ref": "1.parentId"}]]], "select": ["title"]}},
            {"method": "tasks.task.list", "query": {"filter": [["id", {"$refArray": "list.id"}]]}},
            {"method": "tasks.task.get", "query": {"id": {"$ref": "list.0.id"}, "select": ["title"]}}
        ]),
    )
    .await;
    let result = heard.result();
    assert_eq!(
        result[3],
        json!({"items": [{"id": 1, "title": "Call Ann"}, {"id": 5, "title": "Updated"}]})
    );
    assert_eq!(result[4], json!({"items": [{"id": 1}, {"id": 5}]}));
    assert_eq!(result[5], json!({"item": {"id": 1, "title": "Call Ann"}}));
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_leads_nowhere_is_an_error() {
    let portal = tasks();
    for query in [
        json!({"id": {"$ref": "first.no"}}),
        json!({"id": {"$ref": "first.deadline.x"}}),
        json!({"id": {"$ref": "nobody.id"}}),
        json!({"id": {"$ref": "first.item.id"}}),
        json!({"id": {"$ref": "done.result"}}),
        json!({"id": {"$ref": 5}}),
        json!({"id": {"$refArray": "list"}}),
        json!({"id": {"$refArray": "list.title"}}),
        json!({"id": {"$refArray": "first.id.x"}}),
        json!({"id": {"$refArray": ["list.id"]}}),
    ] {
        let heard = v3(
            &portal,
            "batch",
            json!([
                {"method": "tasks.task.get", "query": {"id": 1}, "as": "first"},
                {"method": "tasks.task.list", "query": {}, "as": "list"},
                {"method": "tasks.task.update", "query": {"id": 1, "fields": {}}, "as": "done"},
                {"method": "tasks.task.get", "query": query}
            ]),
        )
        .await;
        assert_eq!(error(&heard), (400, "INVALIDSELECT".to_owned()), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_item_that_fails_is_the_whole_reply_and_what_ran_before_it_stays_done() {
    let portal = tasks();
    let heard = v3(
        &portal,
        "batch",
        json!([
            {"method": "tasks.task.delete", "query": {"id": 1}},
            {"method": "tasks.task.get", "query": {"id": 77}},
            {"method": "tasks.task.delete", "query": {"id": 2}}
        ]),
    )
    .await;
    assert_eq!(error(&heard), (400, "ENTITYNOTFOUND".to_owned()));
    assert_eq!(ids(&portal, "tasks.task.list", json!({})).await, [2, 5, 9]);
    assert_eq!(portal.stats().calls("tasks.task.delete"), 1);
}

#[tokio::test(start_paused = true)]
async fn all_methods_are_looked_up_before_anything_runs() {
    let portal = tasks();
    for method in ["no.such", "crm.lead.list", "batch"] {
        let heard = v3(
            &portal,
            "batch",
            json!([
                {"method": "tasks.task.delete", "query": {"id": 1}},
                {"method": method, "query": {}}
            ]),
        )
        .await;
        assert_eq!(
            error(&heard),
            (404, "METHODNOTFOUND".to_owned()),
            "{method}"
        );
    }
    assert_eq!(portal.stats().calls("tasks.task.delete"), 0);
}

#[tokio::test(start_paused = true)]
async fn items_have_a_method_and_a_query_and_the_older_form_is_refused() {
    let portal = tasks();
    for body in [
        json!({"cmd": {"a": "tasks.task.list"}}),
        json!([{"method": "tasks.task.list"}]),
        json!([{"query": {}}]),
        json!(["tasks.task.list"]),
        json!([{"method": 5, "query": {}}]),
        json!([{"method": "tasks.task.list", "query": {}, "as": "a"},
               {"method": "tasks.task.list", "query": {}, "as": "a"}]),
    ] {
        let heard = v3(&portal, "batch", body.clone()).await;
        assert_eq!(error(&heard), (400, "INVALIDSELECT".to_owned()), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_item_needs_its_scope() {
    let portal = portal(with_tasks().webhook(Webhook::new(1, "narrow").scopes(["main"])));
    let body = json!([{"method": "tasks.task.list", "query": {}}]).to_string();
    let heard = post(
        &portal,
        "/rest/api/1/narrow/batch",
        "application/json",
        &body,
    )
    .await;
    assert_eq!(error(&heard), (403, "INSUFFICIENTSCOPE".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_charged_as_a_whole_by_the_newer_limiter_and_not_at_all_by_the_older() {
    let costs = Costs {
        call: Duration::from_secs(10),
        ..Costs::default()
    };
    for (generation, operating) in [
        (LimiterGeneration::Banning, 10),
        (LimiterGeneration::Expiring, 0),
    ] {
        let limit = OperatingLimit {
            time: Duration::from_secs(100),
            generation,
        };
        let portal = portal(with_tasks().costs(costs).operating_limit(limit));
        let item = json!({"method": "tasks.task.list", "query": {}});
        let heard = v3(&portal, "batch", json!([item, item])).await;
        assert_eq!(heard.json()["time"]["operating"], operating);
        let single = v3(&portal, "tasks.task.list", json!({})).await;
        assert_eq!(single.json()["time"]["operating"], 10);
    }
}
