//! Rows that rights take out of a page after it was cut.

use http::Method as Verb;

use super::*;
use crate::context::hidden_rows::HiddenRows;
use crate::data::DataError;

fn hiding(spec: &str) -> Portal {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("lead", 230)
        .rows("task", 120)
        .rows("128", 60)
        .rows("eventlog", 60)
        .load_rows_of("sale.shipment.list", shipments());
    portal(config.hide(HiddenRows::parse(spec).unwrap()))
}

fn shipments() -> Vec<serde_json::Map<String, Json>> {
    let row = |id: u64| json!({ "id": id, "price": 100 });
    let rows = (1..=60).map(|id| row(id).as_object().cloned());
    rows.flatten().collect()
}

/// Calls a method; one of REST 3.0 if its name begins with `api/`.
async fn ask(portal: &Portal, method: &str, params: Json) -> Heard {
    match method.strip_prefix("api/") {
        None => call(portal, method, params).await,
        Some(name) => {
            let uri = format!("/rest/api/1/demo/{name}");
            post(portal, &uri, "application/json", &params.to_string()).await
        }
    }
}

fn ids(rows: &Json) -> Vec<u64> {
    let id = |row: &Json| match row.get("ID").unwrap_or(&row["id"]) {
        Json::String(id) => id.parse().unwrap(),
        id => id.as_u64().unwrap(),
    };
    rows.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_hidden_row_is_counted_and_leaves_a_short_page_with_the_same_next() {
    let portal = hiding("lead:10,40-45");
    let heard = call(&portal, "crm.lead.list", json!({})).await.json();
    assert_eq!((&heard["next"], &heard["total"]), (&json!(50), &json!(230)));
    let expected: Vec<u64> = (1..=50)
        .filter(|id| *id != 10 && !(40..=45).contains(id))
        .collect();
    assert_eq!(ids(&heard["result"]), expected);
    let next = call(&portal, "crm.lead.list", json!({ "start": 50 }))
        .await
        .json();
    assert_eq!(ids(&next["result"]), (51..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_are_hidden_where_the_id_is_not_selected_too() {
    let portal = hiding("128:1-30");
    let params = json!({ "entityTypeId": 128, "select": ["title"], "start": -1 });
    let heard = call(&portal, "crm.item.list", params).await.json();
    assert_eq!(
        ids(&heard["result"]["items"]),
        (31..=50).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn every_family_of_lists_hides_rows() {
    let portal = hiding("1-20");
    for (method, params, rows) in [
        ("crm.lead.list", json!({}), "/result"),
        (
            "crm.item.list",
            json!({ "entityTypeId": 1 }),
            "/result/items",
        ),
        (
            "tasks.task.list",
            json!({ "order": { "ID": "asc" } }),
            "/result/tasks",
        ),
        (
            "task.item.list",
            json!({ "ORDER": { "ID": "asc" } }),
            "/result",
        ),
        ("sale.shipment.list", json!({}), "/result/shipments"),
        (
            "api/tasks.task.list",
            json!({ "select": ["title"], "order": { "id": "ASC" } }),
            "/result/items",
        ),
        (
            "api/main.eventlog.list",
            json!({ "order": { "id": "ASC" } }),
            "/result/items",
        ),
    ] {
        let heard = ask(&portal, method, params).await.json();
        let rows = heard
            .pointer(rows)
            .unwrap_or_else(|| panic!("{method}: {heard}"));
        assert_eq!(rows.as_array().unwrap().len(), 30, "{method}");
    }
}

#[tokio::test]
async fn ranges_of_an_entity_hide_rows_of_no_other() {
    let portal = hiding("crm.deal:1-50; sale.shipment.list:1-10");
    let leads = call(&portal, "crm.lead.list", json!({})).await.result();
    assert_eq!(ids(&leads).len(), 50);
    let orders = call(&portal, "sale.shipment.list", json!({}))
        .await
        .result();
    assert_eq!(ids(&orders["shipments"]), (11..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reference_to_a_hidden_row_dangles() {
    let portal = hiding("lead:1");
    let commands = json!({ "cmd": {
        "a": "crm.lead.list?order[ID]=ASC&start=-1",
        "b": "test.echo?last=$result[a][49][ID]&before=$result[a][48][ID]",
    }});
    let result = call(&portal, "batch", commands).await.result();
    assert_eq!(ids(&result["result"]["a"]).len(), 49);
    assert_eq!(result["result"]["b"]["before"], json!("50"));
    assert_ne!(result["result"]["b"]["last"], json!("50"));
}

#[tokio::test]
async fn a_hidden_row_cannot_be_got() {
    let portal = hiding("lead:7; task:7; 128:7; eventlog:7");
    for (method, params, code) in [
        ("crm.lead.get", json!({ "id": 7 }), ""),
        (
            "crm.item.get",
            json!({ "entityTypeId": 128, "id": 7 }),
            "ACCESS_DENIED",
        ),
    ] {
        let heard = ask(&portal, method, params).await;
        assert_eq!(
            (heard.status, &heard.json()["error"]),
            (400, &json!(code)),
            "{method}"
        );
    }
    let task = ask(&portal, "tasks.task.get", json!({ "taskId": 7 })).await;
    assert_eq!((task.status, task.result()), (200, json!([])));
    for method in ["api/tasks.task.get", "api/main.eventlog.get"] {
        let heard = ask(&portal, method, json!({ "id": 7 })).await;
        let code = json!("BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION");
        assert_eq!(
            (heard.status, &heard.json()["error"]["code"]),
            (403, &code),
            "{method}"
        );
    }
    let other = call(&portal, "crm.lead.get", json!({ "id": 8 })).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn an_entity_that_is_not_there_cannot_be_hidden() {
    let config = PortalConfig::unlimited().hide(HiddenRows::parse("leed:1").unwrap());
    let error = Portal::new(config).unwrap_err();
    assert_eq!(error, DataError::UnknownEntity("leed".to_owned()));
}

#[tokio::test]
async fn rows_are_hidden_and_shown_while_the_portal_runs() {
    let portal = hiding("");
    let send = async |verb: Verb, body: &'static str| {
        let request = Request::builder()
            .method(verb)
            .uri("/_portal/hide")
            .header(header::CONTENT_TYPE, "application/json");
        let body = json!(body).to_string();
        let request = request.body(Bytes::from(body)).unwrap();
        Heard::of(portal.handle(request, HERE).await)
    };
    let count = async || ids(&call(&portal, "crm.lead.list", json!({})).await.result()).len();
    assert_eq!(send(Verb::GET, "").await.json(), json!({ "spec": "" }));
    assert_eq!(count().await, 50);
    assert_eq!(
        send(Verb::PUT, "lead:1-9").await.json(),
        json!({ "spec": "lead:1-9" })
    );
    assert_eq!(count().await, 41);
    for wrong in ["lead:9-1", "leed:1"] {
        assert_eq!(send(Verb::PUT, wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(count().await, 41, "a wrong specification changes nothing");
    assert_eq!(send(Verb::DELETE, "").await.json(), json!({ "spec": "" }));
    assert_eq!(count().await, 50);
    portal.hide(HiddenRows::parse("lead:50").unwrap()).unwrap();
    assert_eq!(count().await, 49);
}
