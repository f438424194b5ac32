//! What a portal was given it serves as the catalogue says that the method answers.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::net::{IpAddr, Ipv4Addr};

use brimful_portal::{Portal, PortalConfig};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Map, Value as Json, json};

fn rows(ids: impl Iterator<Item = u64>, row: impl Fn(u64) -> Json) -> Vec<Map<String, Json>> {
    ids.map(|id| row(id).as_object().unwrap().clone()).collect()
}

fn portal(config: PortalConfig) -> Portal {
    Portal::new(config).unwrap()
}

fn items() -> PortalConfig {
    let row =
        |id| json!({ "id": id, "price": id * 2, "statusId": if id % 2 == 0 { "F" } else { "N" } });
    PortalConfig::unlimited().load_rows_of("crm.type.list", rows(1..=120, row))
}

/// The same rows behind a list that the catalogue does not know.
fn visits() -> PortalConfig {
    let row =
        |id| json!({ "id": id, "price": id * 2, "statusId": if id % 2 == 0 { "F" } else { "N" } });
    PortalConfig::unlimited().load_rows_of("market.visit.list", rows(1..=120, row))
}

async fn ask(portal: &Portal, method: &str, params: Json) -> (u16, Json) {
    let address = match method.strip_prefix("api/") {
        Some(method) => format!("/rest/api/1/demo/{method}"),
        None => format!("/rest/1/demo/{method}"),
    };
    let request = Request::post(address)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(params.to_string()))
        .unwrap();
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let response = portal.handle(request, here).await.response().unwrap();
    let body = serde_json::from_slice(response.body()).unwrap();
    (response.status().as_u16(), body)
}

async fn result(portal: &Portal, method: &str, params: Json) -> Json {
    let (status, body) = ask(portal, method, params).await;
    assert_eq!(status, 200, "{method}: {body}");
    body["result"].clone()
}

fn ids(rows: &Json) -> Vec<u64> {
    let id = |row: &Json| {
        row.get("id")
            .or_else(|| row.get("ID"))
            .unwrap()
            .as_u64()
            .unwrap()
    };
    rows.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_reply_is_served_as_it_was_given_with_or_without_its_time() {
    let file = json!({ "ID": "7", "DOWNLOAD_URL": "https://there.test/7" });
    let config = PortalConfig::unlimited()
        .reply("event.bind", json!({ "result": true }))
        .reply(
            "app.option.get",
            json!({ "result": { "a": 1 }, "total": 3 }),
        )
        .reply("app.option.set", json!({ "result": 1, "other": 2 }))
        .reply("disk.file.get", json!({ "result": file }));
    let portal = Portal::new(config).unwrap();
    for (method, result, total) in [
        ("event.bind", json!(true), json!(null)),
        ("app.option.get", json!({ "a": 1 }), json!(3)),
        (
            "app.option.set",
            json!({ "result": 1, "other": 2 }),
            json!(null),
        ),
        ("disk.file.get", file, json!(null)),
    ] {
        let (_, reply) = ask(&portal, method, json!({})).await;
        assert_eq!(
            (&reply["result"], &reply["total"]),
            (&result, &total),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_list_of_workgroups_takes_another_page_for_granted_behind_a_full_one() {
    for (rows, next) in [(49, json!(null)), (50, json!(50)), (51, json!(50))] {
        let rows = self::rows(1..=rows, |id| json!({ "id": id }));
        let list = "socialnetwork.api.workgroup.list";
        let config = PortalConfig::unlimited().load_rows_of(list, rows);
        let portal = Portal::new(config).unwrap();
        let (_, reply) = ask(&portal, list, json!({})).await;
        assert_eq!(reply["next"], next, "{reply}");
    }
}

#[tokio::test]
async fn a_controller_wraps_its_rows_and_ends_with_an_empty_page() {
    let portal = portal(items());
    let (_, first) = ask(&portal, "crm.type.list", json!({})).await;
    assert_eq!((&first["next"], &first["total"]), (&json!(50), &json!(120)));
    assert_eq!(ids(&first["result"]["types"]), (1..=50).collect::<Vec<_>>());
    let (_, last) = ask(&portal, "crm.type.list", json!({ "start": 100 })).await;
    assert_eq!((last.get("next"), &last["total"]), (None, &json!(120)));
    let (_, past) = ask(&portal, "crm.type.list", json!({ "start": 150 })).await;
    assert_eq!(
        (&past["result"], &past["total"]),
        (&json!({ "types": [] }), &json!(120))
    );
    let (_, uncounted) = ask(&portal, "crm.type.list", json!({ "start": -1 })).await;
    assert_eq!(
        (uncounted.get("next"), uncounted.get("total")),
        (None, None)
    );
}

#[tokio::test]
async fn an_older_list_serves_its_first_page_again_past_the_end() {
    let row = |id| json!({ "ID": id });
    let config = PortalConfig::unlimited().load_rows_of("crm.requisite.list", rows(1..=60, row));
    let portal = portal(config);
    let (_, past) = ask(&portal, "crm.requisite.list", json!({ "start": 500 })).await;
    assert_eq!(ids(&past["result"])[0], 1);
    let (_, uncounted) = ask(&portal, "crm.requisite.list", json!({ "start": -1 })).await;
    assert_eq!(uncounted["total"], 0);
}

#[tokio::test]
async fn lists_without_start_are_paged_in_their_own_way_or_come_whole() {
    let row = |id| json!({ "ID": id });
    let config = PortalConfig::unlimited()
        .load_rows_of("landing.site.getList", rows(1..=80, row))
        .load_rows_of("userconsent.agreement.list", rows(1..=80, row));
    let portal = portal(config);
    let (_, page) = ask(
        &portal,
        "landing.site.getList",
        json!({ "LIMIT": 30, "OFFSET": 60 }),
    )
    .await;
    assert_eq!(ids(&page["result"]), (61..=80).collect::<Vec<_>>());
    assert_eq!(page.get("total"), None);
    let all = result(
        &portal,
        "userconsent.agreement.list",
        json!({ "start": 50 }),
    )
    .await;
    assert_eq!(ids(&all).len(), 80);
}

#[tokio::test]
async fn rows_are_filtered_sorted_and_cut() {
    let portal = portal(items());
    let params = json!({
        "filter": { ">id": 10, "<=id": 20, "statusId": "F", "noSuchField": 1 },
        "order": { "id": "DESC" },
        "select": ["price"],
    });
    let result = result(&portal, "crm.type.list", params).await;
    assert_eq!(ids(&result["types"]), [20, 18, 16, 14, 12]);
    assert_eq!(result["types"][0], json!({ "id": 20, "price": 40 }));
}

#[tokio::test]
async fn the_methods_beside_a_list_work_on_its_rows() {
    let portal = portal(visits());
    let item = result(&portal, "market.visit.get", json!({ "id": 7 })).await;
    assert_eq!(item, json!({ "id": 7, "price": 14, "statusId": "N" }));
    let new = json!({ "fields": { "price": 5 } });
    let added = result(&portal, "market.visit.add", new).await;
    assert_eq!(added, 121);
    let change = json!({ "id": 121, "fields": { "price": 6 } });
    result(&portal, "market.visit.update", change).await;
    let updated = result(&portal, "market.visit.get", json!({ "id": 121 })).await;
    assert_eq!(updated["price"], 6);
    assert_eq!(
        result(&portal, "market.visit.delete", json!({ "id": 1 })).await,
        true
    );
    let (status, error) = ask(&portal, "market.visit.get", json!({ "id": 1 })).await;
    assert_eq!((status, &error["error"]), (400, &json!("")));
    let (_, all) = ask(&portal, "market.visit.list", json!({})).await;
    assert_eq!(all["total"], 120);
}

#[tokio::test]
async fn what_is_neither_modelled_nor_given_is_not_there() {
    let portal = portal(visits());
    for method in [
        "market.visit.getFields",
        "user.userfield.file.get",
        "api/market.visit.list",
    ] {
        assert_eq!(ask(&portal, method, json!({})).await.0, 404, "{method}");
    }
    let names = result(&portal, "methods", json!({})).await;
    let names = names.as_array().unwrap();
    assert!(names.contains(&json!("market.visit.get")));
    assert!(!names.contains(&json!("market.visit.getfields")));
}

#[tokio::test]
async fn a_recorded_result_is_served_as_it_is_but_for_next_and_total() {
    let recorded = json!({ "items": [{ "at": {}, "of": [] }], "total": 7, "next": 50 });
    let whole = json!({ "result": [1, 2], "total": 2, "time": { "start": 1 } });
    let config = PortalConfig::unlimited()
        .reply("sale.cashbox.handler.list", recorded)
        .reply("crm.lead.fields", whole);
    let portal = portal(config);
    let (_, reply) = ask(&portal, "sale.cashbox.handler.list", json!({})).await;
    assert_eq!(
        reply["result"],
        json!({ "items": [{ "at": {}, "of": [] }] })
    );
    assert_eq!((&reply["next"], &reply["total"]), (&json!(50), &json!(7)));
    // What was given comes before what is modelled.
    let (_, reply) = ask(&portal, "crm.lead.fields", json!({})).await;
    assert_eq!(
        (&reply["result"], &reply["total"]),
        (&json!([1, 2]), &json!(2))
    );
}

#[tokio::test]
async fn given_methods_are_commands_of_a_batch_and_can_be_referred_to() {
    let portal = portal(items());
    let params = json!({ "cmd": {
        "first": "crm.type.list?order[id]=ASC&start=-1",
        "next": "crm.type.list?order[id]=ASC&filter[%3Eid]=$result[first][types][49][id]&start=-1",
    } });
    let result = result(&portal, "batch", params).await;
    assert_eq!(
        ids(&result["result"]["next"]["types"]),
        (51..=100).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn rest_3_serves_what_it_alone_has() {
    let row = |id| json!({ "id": id, "callId": id, "email": format!("box{id}@example.com") });
    let config = PortalConfig::unlimited()
        .load_rows_of("api/market.call.list", rows(1..=120, row))
        .reply("humanresources.employee.count", json!({ "total": 12 }));
    let portal = portal(config);
    let params = json!({
        "filter": [["id", ">", 100]],
        "order": { "id": "DESC" },
        "pagination": { "limit": 5 },
        "select": ["id"],
    });
    let page = result(&portal, "api/market.call.list", params).await;
    assert_eq!(ids(&page["items"]), [120, 119, 118, 117, 116]);
    assert_eq!(page["items"][0], json!({ "id": 120 }));
    let one = result(&portal, "api/market.call.get", json!({ "id": 3 })).await;
    assert_eq!(one["item"]["email"], "box3@example.com");
    let (_, count) = ask(&portal, "api/humanresources.employee.count", json!({})).await;
    assert_eq!(
        (&count["result"], count.get("total")),
        (&json!({ "total": 12 }), None)
    );
    let unknown = json!({ "filter": [["color", "red"]] });
    assert_eq!(ask(&portal, "api/market.call.list", unknown).await.0, 400);
    assert_eq!(ask(&portal, "market.call.list", json!({})).await.0, 404);
}

#[tokio::test]
async fn rows_of_a_modelled_list_are_rows_of_its_entity() {
    let row = |id| json!({ "ID": id, "TITLE": format!("Lead {id}") });
    let config = PortalConfig::unlimited().load_rows_of("crm.lead.list", rows(1..=3, row));
    let portal = portal(config);
    let found = result(
        &portal,
        "crm.lead.list",
        json!({ "filter": { "%TITLE": "lead 2" } }),
    )
    .await;
    assert_eq!(found[0]["ID"], "2");
    assert_eq!(
        result(&portal, "crm.lead.get", json!({ "ID": 3 })).await["TITLE"],
        "Lead 3"
    );
}

#[tokio::test]
async fn an_entity_has_the_fields_that_it_was_given() {
    let fields = json!({
        "ID": {},
        "TITLE": {},
        "UF_CRM_HEIGHT": { "type": "double", "title": "Height", "settings": { "PRECISION": 2 } },
    });
    let row = |id| json!({ "ID": id, "UF_CRM_HEIGHT": "1.50" });
    let config = PortalConfig::unlimited()
        .fields("lead", fields.as_object().unwrap().clone())
        .load("lead", rows(1..=2, row));
    let portal = portal(config);
    let lead = result(&portal, "crm.lead.get", json!({ "ID": 1 })).await;
    assert_eq!(
        lead,
        json!({ "ID": "1", "TITLE": null, "UF_CRM_HEIGHT": "1.50" })
    );
    let described = result(&portal, "crm.lead.fields", json!({})).await;
    assert_eq!(described["UF_CRM_HEIGHT"]["settings"]["PRECISION"], 2);
}
